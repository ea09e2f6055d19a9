/* The ingest stage: its parts share these structures. */
#ifndef GL_INGEST_INGEST_H
#define GL_INGEST_INGEST_H

#include <pthread.h>

#include "ingest/jobs.h"
#include "stage/stage.h"

extern const gl_stage_def gl_ingest_stage;

enum { GL_INGEST_OUT_ACCEPTED, GL_INGEST_OUT_REJECTED };
/* Most declarations in one HTTP message. */
enum { GL_INGEST_LIMIT_DECLARATIONS = 20000 };

typedef struct gl_ingest_metrics {
    gl_series *accepted, *rejected, *duplicates, *pending, *messages, *view_lost;
} gl_ingest_metrics;

typedef struct gl_ingest {
    gl_ingest_conf conf;
    const gl_account *accounts;
    size_t account_count;
    const gl_kv_conf *kv_conf;
    int32_t partition_count;
    gl_mappings *mappings;
    gl_job_queue *queue;
    gl_http *http;
    gl_metrics *registry;
    gl_ingest_metrics metrics;
    pthread_mutex_t view_lock; /* guards view_kv */
    gl_kv *view_kv;            /* of the HTTP threads */
    int64_t view_lost_ms;      /* atomic: wall clock of the last early entry that could not be written */
} gl_ingest;

typedef struct gl_ingest_worker {
    int number;
    gl_kv *kv;
    struct gl_watch *watch; /* worker 0 with watched directories, else NULL */
} gl_ingest_worker;

/* process.c */
bool gl_ingest_process(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err);
void gl_ingest_applied(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox);
/* NULL when no account has this name. */
const gl_account *gl_ingest_account(const gl_ingest *ingest, gl_str name);

/* answer.c: {"results":[...],"accepted":n,"rejected":n} or one result object a line. */
void gl_answer_json(gl_buf *buf, const gl_answer *answer);
void gl_answers_json(gl_buf *buf, const gl_job *job);
int gl_answers_status(const gl_job *job);

/* service.c */
bool gl_service_start(gl_ingest *ingest, gl_err *err);
void gl_service_stop(gl_ingest *ingest);
/* Answers the request of a job that is settled, and frees the job. */
void gl_service_settle(gl_job *job, bool committed, const gl_err *err);

/* watch.c: the watched directories, worker 0 only. */
typedef struct gl_watch gl_watch;
gl_watch *gl_watch_new(const gl_ingest *ingest);
void gl_watch_destroy(gl_watch *watch);
/* The next chunk of a file that is ready, or NULL. */
gl_job *gl_watch_take(gl_watch *watch);
void gl_watch_settle(gl_watch *watch, gl_job *job, bool committed, const gl_err *err);
/* Where the chunk begins, and whether it was committed before (then only its answers are made again). `mrn_us`: when.
 */
void gl_watch_chunk(gl_job *job, gl_state *state, gl_arena *arena, size_t *offset, int64_t *position, bool *answer_only,
                    int64_t *mrn_us);
/* The chunk's progress as a change of state. */
void gl_watch_progress(gl_job *job, const gl_record *record, gl_outbox *outbox, const gl_batch *batch, int64_t accepted,
                       int64_t rejected);
bool gl_watch_has_work(const gl_watch *watch);

#endif
