/* The ingest stage: its parts share these structures. */
#ifndef GL_INGEST_INGEST_H
#define GL_INGEST_INGEST_H

#include <pthread.h>

#include "ingest/checks/checks.h"
#include "ingest/jobs.h"
#include "ingest/push/conf.h"
#include "ingest/senders.h"
#include "stage/stage.h"

extern const gl_stage_def gl_ingest_stage;

enum {
    GL_INGEST_OUT_ACCEPTED,
    GL_INGEST_OUT_REJECTED,
    GL_INGEST_OUT_EVENTS,
    GL_INGEST_OUT_BATCHES,
    GL_INGEST_OUT_ORIGINALS,
    GL_INGEST_OUT_PRECEDENTS
};
/* Most declarations (or events) in one HTTP message. */
enum { GL_INGEST_LIMIT_DECLARATIONS = 20000 };
/* An encoded declaration; later stages add to it within the topics' message limit. */
enum { GL_INGEST_LIMIT_RECORD_BYTES = 512 * 1024 };
enum { GL_INGEST_LIMIT_NAME_BYTES = GL_ACCESS_LIMIT_NAME_BYTES, GL_INGEST_ROUTES = 11 };

typedef struct gl_ingest_metrics {
    gl_series *accepted, *rejected, *duplicates, *pending, *messages, *view_lost, *events, *refused_events;
    gl_series *topic_records;
    gl_series *streams, *stream_events, *unreadable;
    gl_series *webhook_outcomes, *webhooks_failing, *webhook_oldest, *webhook_gaps;
} gl_ingest_metrics;

typedef struct gl_ingest {
    gl_ingest_conf conf;
    const gl_account *accounts;
    size_t account_count;
    const gl_intake_topic *topics;
    size_t topic_count;
    const struct gl_kafka_conf *kafka_conf; /* of the intake topics' consumers; NULL in tests */
    pthread_mutex_t access_lock;            /* guards the pointer `access` */
    gl_access *access; /* NULL: senders are not authenticated. Replaced on reload; requests keep theirs */
    const gl_kv_conf *kv_conf;
    int32_t partition_count;
    struct gl_tables *tables; /* atomic: those in force; see gl_ingest_tables */
    gl_job_queue *queue;
    struct gl_checker *checker; /* while the service runs */
    struct gl_batches *batches; /* likewise */
    const gl_push_conf *push_conf;
    struct gl_streams *streams;   /* while the service runs */
    struct gl_webhooks *webhooks; /* likewise; NULL: none */
    gl_http *http;
    gl_metrics *registry;
    gl_ingest_metrics metrics;
    gl_series *rules_info;     /* thread: main */
    pthread_mutex_t view_lock; /* guards view_kv */
    gl_kv *view_kv;            /* of the HTTP threads */
    struct gl_doubt *doubt;    /* when a miss in the view proves something */
    bool stopping;             /* atomic: no new chunk of a watched file is begun */
    gl_http_route routes[GL_INGEST_ROUTES];
} gl_ingest;

/* What declarations are read by and held against. */
typedef struct gl_tables {
    gl_mappings *mappings;
    gl_checks *checks;
    struct gl_tables *before; /* replaced by a reload, and not freed yet */
    int64_t replaced_us;      /* monotonic */
} gl_tables;
/* Those in force now. What was got before a reload stays good for an hour, longer than any message takes. */
const gl_tables *gl_ingest_tables(const gl_ingest *ingest);

typedef struct gl_ingest_worker {
    int number;
    gl_kv *kv;
    struct gl_early *early;
    int64_t begun_us;         /* monotonic: when the batch was taken */
    struct gl_watch *watch;   /* worker 0 with watched directories, else NULL */
    struct gl_topics *topics; /* with intake topics, else NULL */
} gl_ingest_worker;

/* process.c */
bool gl_ingest_process(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err);
void gl_ingest_applied(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox);
/* A message that the runtime dead-letters is answered with that, not as accepted. */
void gl_ingest_dead_lettered(void *stage, void *worker, const gl_batch *batch, const gl_record *record,
                             const gl_err *err, gl_outbox *outbox);
/* Does a miss mean that there is nothing to show? `marker`: the partition's value, or {NULL, 0}. See doubt.h. */
bool gl_ingest_view_complete(const gl_ingest *ingest, int32_t partition, gl_str marker);
/* NULL when no account has this name. */
const gl_account *gl_ingest_account(const gl_ingest *ingest, gl_str name);

/* One error of something that was rejected. */
void gl_ingest_count_error(gl_ingest *ingest, gl_str code);

/* answer.c. What a submitter sees of a status view: no score, no reasons of risk, nothing of the office's policy. False
 * when the view is not one. */
bool gl_answer_view(gl_buf *buf, gl_arena *arena, gl_str view);
/* answer_status.c. What is seen of a status view (the JSON) as an interchange with one CUSRES. */
bool gl_answer_status_edifact(gl_buf *buf, gl_arena *arena, gl_str account, int64_t now_us, gl_str view);
int gl_answers_status(const gl_job *job);

/* ingest.c: a request that was not admitted, by the code of its answer. Thread: any. */
void gl_ingest_count_refusal(gl_ingest *ingest, const char *code);
/* An attempt to bring outcomes to a webhook, by its result: taken, or the code of its error. Thread: any. */
void gl_ingest_count_webhook(gl_ingest *ingest, const char *result, size_t taken);
/* A record of gl.notifications that cannot be read, and is passed over. Thread: any. */
void gl_ingest_note_unreadable(gl_ingest *ingest, int32_t partition, int64_t offset, const gl_err *why);

/* service.c */
extern const gl_str gl_service_openapi; /* docs/openapi.json */
bool gl_service_start(gl_ingest *ingest, gl_err *err);
/* The request's account, or NULL after it was refused. */
const gl_account *gl_service_account(const gl_ingest *ingest, gl_http_request *request);
/* consignments.c */
void gl_consignments_get(void *context, gl_http_request *request);
void gl_service_stop(gl_ingest *ingest);
/* Answers the request of a job that is settled, and frees the job. */
void gl_service_settle(gl_job *job, bool committed, const gl_err *err);
/* The same for a job that was only looked at, with `body` unless the message as a whole was refused. */
void gl_service_answer_check(gl_job *job, gl_str body);

/* watch.c: the watched directories, worker 0 only. */
typedef struct gl_watch gl_watch;
/* Starts a thread that looks and reads. */
gl_watch *gl_watch_new(const gl_ingest *ingest);
/* Nothing that was taken may be unsettled. */
void gl_watch_destroy(gl_watch *watch);
/* The next chunk of a file that is ready, or NULL. */
gl_job *gl_watch_take(gl_watch *watch);
void gl_watch_settle(gl_watch *watch, gl_job *job, bool committed, const gl_err *err);
typedef struct gl_chunk {
    size_t offset, end; /* byte offsets: where it begins, and what it must not go beyond */
    int64_t position;
    int64_t mrn_us; /* answer_only: when it was accepted */
} gl_chunk;
/* Where the chunk begins, and whether it was committed before (job->answer_only: then only its answers are made again).
 * Errors: state-io, and what is wrong with the state (GL_FATAL). */
bool gl_watch_chunk(gl_job *job, gl_state *state, gl_arena *arena, gl_chunk *chunk, gl_err *err);
/* The chunk's progress as a change of state. */
void gl_watch_progress(gl_job *job, const gl_record *record, gl_outbox *outbox, const gl_batch *batch, int64_t accepted,
                       int64_t rejected);

#endif
