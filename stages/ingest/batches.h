/* Batches: what became of the declarations of one message of several.
 *
 * Which they are is on gl.intake.batches, written in the transaction that takes them in; a batch's id says when, and so
 * where to look. What became of them is in the status view. Always holds: a batch is shown to its account, and to
 * officers; a view that is not complete is no answer. Thread: gl_batches_ask any; one of its own reads. Locks: the
 * queue's.
 */
#ifndef GL_INGEST_BATCHES_H
#define GL_INGEST_BATCHES_H

#include "ingest/pass.h"

enum { GL_BATCH_ID_BYTES = 16, GL_BATCH_ID_CHARS = 32 };

typedef struct gl_batches gl_batches;

/* Starts the thread. `ingest` is borrowed. */
gl_batches *gl_batches_start(gl_ingest *ingest);
/* Answers a request for the batch of this id, later. Takes the request. */
void gl_batches_ask(gl_batches *batches, gl_http_request *request, const gl_account *account, gl_str id);
/* Answers what is queued, and ends the thread. NULL is allowed. */
void gl_batches_stop(gl_batches *batches);

/* Writes the batch of every message of several declarations in the pass, and its id into the job. */
void gl_batches_note(gl_pass *pass);

/* "gl.intake.batches" is partitioned by the id. */
int32_t gl_batch_partition(const uint8_t id[GL_BATCH_ID_BYTES], int32_t partition_count);

#endif
