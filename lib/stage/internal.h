/* The types that the files of lib/stage share: the process (gl_runtime) and its workers.
 *
 * Who owns what: main.c the runtime, slot, admin server and shared state; worker.c a worker and its loop; group.c the
 * consumer's side (partitions, rebalances, taking a batch); restore.c changelog to store; txn.c the producer's side;
 * deadletter.c the records of gl.<stage>.dlq. Always holds: a worker's members are touched by its own thread only, but
 * for the atomics at its end; a transaction is open only while no callback of the consumer can run, so a rebalance
 * never meets one.
 */
#ifndef GL_STAGE_INTERNAL_H
#define GL_STAGE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/http.h"
#include "io/inbox.h"
#include "io/kafka.h"
#include "io/registry.h"
#include "stage/outbox.h"
#include "stage/runtime.h"
#include "stage/stage.h"
#include "stage/state.h"

typedef struct gl_stage_conf {
    const char *instance;
    int64_t workers;
    const char *state_dir;
    bool static_membership;
    int64_t max_batch_records;
    int64_t max_batch_bytes;
    int64_t max_batch_ms;
    int64_t pace_ms;
    int64_t retry_deadline_ms;
    int64_t start_deadline_ms;
    int64_t drain_deadline_ms;
    int64_t stuck_after_ms;
    int64_t stuck_exit_ms;
} gl_stage_conf;

typedef struct gl_admin_conf {
    gl_http_conf http;
    const char *port_file;
} gl_admin_conf;

typedef struct gl_log_conf {
    int level;
} gl_log_conf;

/* Series that all workers of the process share. */
typedef struct gl_runtime_series {
    gl_series *consumed, *batches, *batch_records, *batch_seconds, *commits, *commit_seconds;
    gl_series *step_collect, *step_process, *step_produce, *step_commit, *step_apply;
    gl_series *restored_records, *restore_seconds, *bisects, *retries, *recreated, *renewed, *ready;
    gl_series *paused, *last_reload, *dropped;
    gl_series *silent; /* the one that is shown: of the step where it was at the last scrape; NULL: none yet */
} gl_runtime_series;

typedef struct gl_worker gl_worker;

enum { GL_INPUT_LIMIT = 16 };

typedef struct gl_runtime {
    const gl_stage_def *def;
    const gl_conf *conf; /* the one that the process started with; a reload is the stage's business */
    const gl_stage_conf *stage_conf;
    const gl_kafka_conf *kafka_conf;
    const gl_registry_conf *registry_conf;
    gl_registry *registry;             /* NULL: built-in ids only */
    int input_schemas[GL_INPUT_LIMIT]; /* GL_SCHEMA_... of each input; -1: none */
    _Atomic uint64_t dropped_reported;
    atomic_bool asks_registry; /* the start waits for it */
    gl_metrics *metrics;
    gl_runtime_series series;
    void *stage;
    gl_kafka_admin *admin;
    const char *cluster;
    char instance[128];
    char slot_directory[768];
    char identity[96]; /* <stage>-<slot> */
    int slot, slot_fd;
    size_t input_count, output_count;
    int32_t partitions;     /* of every input, output and the state topic */
    gl_store *shared_store; /* intake stages with state */
    gl_worker *workers;
    _Atomic size_t worker_count; /* those that run: set once, when all were made */
    gl_http *http;
    gl_http_route routes[3];
    atomic_bool serving;  /* started, and the intake too */
    atomic_bool stopping; /* finish what is begun */
    atomic_bool aborting; /* stop at once */
    atomic_bool paused;
    int wake_fd;          /* eventfd: a worker ended or failed */
    pthread_mutex_t lock; /* of failure, waiting */
    gl_err failure;       /* the first; action GL_NONE: none */
    gl_err waiting;       /* why a worker waits (GL_WAIT), the latest */
} gl_runtime;

/* Zero-initialised. */
typedef struct gl_clock_guard {
    bool known, suspended;
    int64_t offset_us;    /* of the wall clock against the monotonic one, as trusted */
    int64_t jumped_to_us; /* suspended: the offset since jumped_at_us (monotonic) */
    int64_t jumped_at_us;
} gl_clock_guard;

/* One partition of one input. */
typedef struct gl_partition {
    bool given;  /* the group gave it to us, and it is not owned yet: its offset or its state is still to come */
    bool told;   /* given: librdkafka has it, at the end, where it waits */
    bool placed; /* told: and stands there, for something came from it. A seek before that may be undone later on */
    bool owned;
    bool must_seek; /* messages of it were dropped: read again from next_take */
    bool in_batch;
    int64_t next_take; /* offset of the next record to take into a batch; given: RD_KAFKA_OFFSET_INVALID until known */
    int64_t next_commit; /* next_take as of the last commit */
    int64_t batch_next;  /* offset to commit with the current batch */
    int64_t seen_end;    /* the partition's end as last told, control records included */
    int64_t seen_read;   /* how far it was read, control records included */
    int64_t last_timestamp_ms;
    int64_t given_us;       /* monotonic */
    uint64_t assigned_call; /* in which call it was given, or owned */
    gl_series *lag;
} gl_partition;

enum { GL_RECREATED_LIMIT = 5, GL_TAKE_CHUNK = 512 };

struct gl_worker {
    gl_runtime *runtime;
    int number;
    char name[112]; /* <stage>-<slot>-<number> */
    char transactional_id[288];
    pthread_t thread;
    void *context; /* of the stage */
    gl_arena *arena;
    gl_state *state;
    gl_outbox *outbox;
    gl_store **stores; /* by partition; NULL where not owned */
    int64_t *markers;  /* by partition: state changelog offset after the last record of this transaction, 0: none */

    rd_kafka_t *consumer;
    gl_inbox *inbox;
    rd_kafka_t *producer;
    rd_kafka_topic_t **output_topics, *state_topic, *dlq_topic;
    rd_kafka_consumer_group_metadata_t *group_metadata; /* as of the attempt's start; NULL: in no group */

    gl_partition *partitions; /* [input * runtime->partitions + partition] */
    uint64_t call;            /* counts calls that may run the rebalance callback */
    bool in_group;            /* an assignment was given, and not lost since */
    int64_t next_adopt_us;    /* when partitions that are given and not owned are looked at again */
    int adopt_tries;          /* in a row, since the last was given or taken over */
    int adopt_turn;           /* counts: whose offset is asked for first */
    bool paused;

    /* The batch: `count` records, views of as many messages (none for intake). count <= capacity. */
    gl_record *records;
    rd_kafka_message_t **messages;
    gl_err **poison; /* not NULL: this record goes to the dead letters with this error */
    size_t count, capacity, batch_bytes;
    gl_batch batch;
    int64_t batch_started_us; /* its first record was taken */
    int64_t next_batch_us;    /* before this only a full batch is processed (stage.pace) */
    bool caught_up;           /* the last poll found nothing */
    bool idle_has_more;       /* what the stage does between batches is not done */
    int64_t last_idle_us;

    bool txn_open;
    int64_t txn_begun_us;               /* the last one */
    size_t produced, delivered, stored; /* records of the open transaction: given, answered, answered as stored */
    size_t dead_letter_count;
    gl_err delivery_failure; /* the first of this transaction */
    const gl_outbox_entry *delivery_failure_entry;
    bool offsets_refused; /* by the group, for good: the last attempt failed with it */
    int attempts;         /* of this batch so far */
    int64_t first_failure_us;
    int64_t said_us; /* when the log last had what it waits for */
    gl_err err;
    int64_t fenced_us[1];                     /* when it was fenced last */
    int64_t recreated_us[GL_RECREATED_LIMIT]; /* when its clients were made again, the latest first */
    int64_t last_tick_us;
    int64_t last_timers_us;
    gl_clock_guard clock_guard;
    bool timing; /* this transaction is the timers', without records of its own */
    gl_series *lag_seconds, *assigned, *timers_suspended;
    gl_series **produced_series;
    gl_series *state_series;

    /* Wall clock, ms; 0: none. When the last record was made that was processed where more wait, and the oldest of the
     * batch in hand: the admin server makes the lag of them, also while the worker waits for something. */
    _Atomic int64_t lag_since_ms, batch_since_ms;
    _Atomic int64_t progress_us; /* monotonic; the watchdog's */
    _Atomic(const char *) step;
    atomic_bool ready;
    atomic_bool waiting; /* for what runtime->waiting says */
    atomic_bool ended;
};

/* ---- group.c ---- */
bool gl_group_open(gl_worker *worker, gl_err *err);
void gl_group_close(gl_worker *worker);
/* Takes records until there are none (or the batch is full): worker->count of them. Serves rebalances. false:
 * worker->err. */
bool gl_group_take(gl_worker *worker);
/* Serves rebalances while a batch is kept for another attempt: records of partitions that were taken away leave it. */
bool gl_group_serve(gl_worker *worker);
void gl_group_set_paused(gl_worker *worker, bool paused);
/* Some of what the group gave is not taken over yet. */
bool gl_group_is_waiting(const gl_worker *worker);
/* worker->records from what was taken. */
void gl_group_records(gl_worker *worker);
/* The batch is committed: its offsets are the ones to go on from; forgets the messages. */
void gl_group_committed(gl_worker *worker);
void gl_group_drop_all(gl_worker *worker);
void gl_group_report_lag(gl_worker *worker);

/* ---- restore.c ---- */
typedef struct gl_restore {
    int32_t partition;
    gl_store *store;
    int64_t next, end; /* changelog offsets: to read next; high watermark when the restore began */
} gl_restore;
/* Brings the stores up to the end of the changelog, or as far as it comes in `wait_ms` of asking and as many of reading
 * (0: no limit): a restore that is not done has `next` below `end`, and another run goes on from there; `err` says what
 * it waits for. Changes the order of `restores`. `progress` (may be NULL) is kept fresh. GL_RETRY (stopping) when the
 * process stops meanwhile. */
bool gl_restore_run(gl_runtime *runtime, const char *name, gl_restore *restores, size_t count, int wait_ms,
                    _Atomic int64_t *progress, gl_err *err);
gl_store *gl_restore_open(gl_runtime *runtime, int32_t partition, gl_err *err);

/* ---- txn.c ---- */
bool gl_txn_open(gl_worker *worker, gl_err *err);
void gl_txn_close(gl_worker *worker);
/* Begins the transaction and hands over everything in the outbox. false: worker->err. */
bool gl_txn_produce(gl_worker *worker);
/* Sends the offsets and commits. false: worker->err; then gl_txn_abort. */
bool gl_txn_commit(gl_worker *worker);
/* true: nothing of the transaction is left, the batch may be tried again. */
bool gl_txn_abort(gl_worker *worker);
/* What an output may have at most: key, value and headers. */
int64_t gl_txn_limit_bytes(const gl_worker *worker, const gl_outbox_entry *entry);

/* ---- timers.c ---- */
#define GL_CLOCK_SETTLE_US (INT64_C(10) * 60 * 1000 * 1000)
/* false: the wall clock jumped; what is due by it waits. Called about once a second. */
bool gl_clock_guard_steady(gl_clock_guard *guard, int64_t wall_us, int64_t mono_us);
/* Of the partitions owned, as committed; owned by the caller. */
rd_kafka_topic_partition_list_t *gl_standing_offsets(const gl_worker *worker);

/* ---- deadletter.c ---- */
/* The headers of a dead letter; owned by the caller until produced. `value` (in and out) becomes empty when the record
 * does not fit. */
rd_kafka_headers_t *gl_dead_letter_headers(const gl_worker *worker, const gl_outbox_entry *entry, gl_str *value);

/* ---- bisect.c ---- */
typedef struct gl_process_call {
    bool (*process)(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err);
    void (*dead_lettered)(void *stage, void *worker, const gl_batch *batch, const gl_record *record, const gl_err *err,
                          gl_outbox *outbox);
    void *stage, *worker;
    size_t splits; /* counted */
} gl_process_call;
/* Processes `batch`; records that alone fail with GL_DEAD_LETTER go to the dead letters, as do those with a poison[i]
 * (may be NULL). false: another action; the outbox is then as it was. */
bool gl_process_bisect(gl_process_call *call, const gl_batch *batch, gl_err *const *poison, gl_outbox *outbox,
                       gl_err *err);

/* ---- worker.c ---- */
/* An intake's batch with records of topics. */
bool gl_batch_has_offsets(const gl_worker *worker);
bool gl_worker_init(gl_worker *worker, gl_runtime *runtime, int number);
void gl_worker_free(gl_worker *worker);
void *gl_worker_main(void *argument);
/* Says that the worker lives, and what it does. */
void gl_worker_step(gl_worker *worker, const char *step);
/* Of a record in the batch; SIZE_MAX: it is not there (what a timer or an intake's job made), or NULL. */
size_t gl_worker_index(const gl_worker *worker, const gl_record *record);

/* ---- points.c: where tests kill the process, stop it, or hang its worker ---- */
/* GL_TEST_POINT=<point>[:<nth>][:stop|:hang] in the environment. */
typedef enum gl_point {
    GL_POINT_TIMERS, /* the timers hook put something, its transaction has not begun */
    GL_POINT_PRODUCED,
    GL_POINT_OFFSETS,
    GL_POINT_COMMITTED,
    GL_POINT_APPLIED,
    GL_POINT_COUNT
} gl_point;
bool gl_points_init(gl_err *err);
void gl_point_reached(gl_point point);

/* ---- start.c: what has to be there before the first worker ---- */
/* The lowest free slot of the state directory, locked as long as the process lives; instance and identity follow from
 * it. */
bool gl_start_slot(gl_runtime *runtime, gl_err *err);
/* Waits for a broker, makes missing topics, and compares all of the stage's with the configuration. `interrupted` ends
 * the wait (GL_RETRY, stopping). */
bool gl_start_topics(gl_runtime *runtime, bool (*interrupted)(gl_runtime *runtime), gl_err *err);
/* Intake stages: the store of partition 0, as of the end of the state topic. */
bool gl_start_shared_state(gl_runtime *runtime, gl_err *err);

/* ---- schemas.c ---- */
/* Learns the registry's ids of what this daemon writes, from it or from the disk cache. GL_RETRY: not in time. */
bool gl_schemas_start(gl_runtime *runtime, bool (*interrupted)(gl_runtime *runtime), gl_err *err);
void gl_schemas_stop(gl_runtime *runtime);
/* Is all known that decoding these records needs? GL_RETRY: being found out. Thread: worker. */
bool gl_schemas_ready(const gl_runtime *runtime, const gl_record *records, size_t count, gl_err *err);
void gl_schemas_report(gl_runtime *runtime);

/* ---- admin.c ---- */
bool gl_admin_start(gl_runtime *runtime, const gl_admin_conf *conf, gl_err *err);
void gl_admin_stop(gl_runtime *runtime);
/* Monotonic microseconds since the worker that is furthest behind said that it lives; `*step` what it does. */
int64_t gl_admin_oldest_us(const gl_runtime *runtime, const char **step, int *worker);
bool gl_admin_workers_ready(const gl_runtime *runtime);

/* ---- main.c ---- */
/* The first failure counts; wakes main, which drains the process. Thread: any. */
void gl_runtime_fail(gl_runtime *runtime, const gl_err *err);

/* ---- tables.c ---- */
void gl_runtime_series_init(gl_runtime *runtime);
gl_series *gl_runtime_series1(gl_runtime *runtime, const char *metric, const char *label);
gl_series *gl_runtime_series2(gl_runtime *runtime, const char *metric, const char *first, const char *second);

#endif
