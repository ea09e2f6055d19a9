/* POST /v1/validate: messages read and judged as the intake would, of which nothing is kept.
 *
 * A thread of its own reads them, one after the other: a large message holds up neither the workers nor the HTTP
 * threads. What is said is what the message itself shows; whether an LRN was used before is not asked.
 * Always holds: a job that was put is answered exactly once, also when the intake stops. Thread: any puts.
 */
#ifndef GL_INGEST_CHECKER_H
#define GL_INGEST_CHECKER_H

#include "ingest/jobs.h"

typedef struct gl_checker gl_checker;

struct gl_ingest;
/* `ingest` must outlive it. */
gl_checker *gl_checker_start(const struct gl_ingest *ingest);
/* Takes the job, an HTTP one; false when it is stopping (the job stays the caller's). */
bool gl_checker_put(gl_checker *checker, gl_job *job);
/* Ends the thread; what waits is answered with 503, and nothing is taken any more. NULL is fine, of both. */
void gl_checker_stop(gl_checker *checker);
/* When nobody can put any more: after the HTTP server has stopped. */
void gl_checker_destroy(gl_checker *checker);

#endif
