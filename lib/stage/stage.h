/* The stage runtime: what every daemon is, but for the functions that a stage supplies.
 *
 * A worker is one thread with one consumer (or one intake), one transactional producer and one arena. Its loop: poll a
 * batch, process it (pure: records in, outbox out), then in ONE Kafka transaction produce outputs, state changelog and
 * dead letters and send the offsets, commit, then apply state locally and update views. See docs/ARCHITECTURE.md.
 *
 * A stage never sees Kafka. It implements gl_stage_def; main.c is `return gl_stage_main(&def, argc, argv);`. The same
 * functions run in unit tests and in the command line over an in-memory outbox (gl_outbox_new).
 */
#ifndef GL_STAGE_STAGE_H
#define GL_STAGE_STAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/str.h"
#include "io/kv.h"

/* One record of a batch. Slices are valid until the batch ends. */
typedef struct gl_record {
    int input; /* index into def->inputs */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* of the record */
    gl_str key, value;
    /* W3C trace context: headers, or empty; copied to what is produced for this record. No tracestate without a
     * traceparent. */
    gl_str traceparent, tracestate;
    void *token;         /* intake only: the source's own */
    const char *topic;   /* intake only: where it was consumed, with partition and offset; NULL: from no topic */
    const void *headers; /* intake only: of the record as consumed (rd_kafka_headers_t), or NULL */
} gl_record;

typedef struct gl_batch {
    gl_record *records;
    size_t count;
    int64_t now_us;          /* wall clock, read once per batch */
    gl_arena *arena;         /* reset when the batch ends */
    int32_t partition_count; /* of the inputs; 0: not known (tests, the command line) */
} gl_batch;

/* Local state of a partition: read through the batch's own writes, then the store. */
typedef struct gl_state gl_state;
/* {NULL, 0} when there is none. Valid until the batch ends. Errors: state-io (GL_FATAL). */
bool gl_state_get(gl_state *state, int32_t partition, gl_str key, gl_str *value, gl_err *err);
/* The first entry whose key starts with `prefix` (batch writes included). */
bool gl_state_first(gl_state *state, int32_t partition, gl_str prefix, gl_str *key, gl_str *value, gl_err *err);
/* For what was read of the state and cannot be decoded: no record is to blame. GL_WAIT where only the schema registry
 * can say how (its schema is not known, or the registry is away): the state is there, and a new start would be no
 * further. Else GL_FATAL. Returns false. */
bool gl_state_unreadable(gl_err *err, const char *what);
/* Walks committed entries from the key after `after` ({NULL,0}: the first); false from `each` ends the walk. Values
 * are valid until the batch ends and as long as `arena`, which grows with each. For rebuilding views. */
bool gl_state_walk(gl_state *state, gl_arena *arena, int32_t partition, gl_str after,
                   bool (*each)(void *context, gl_str key, gl_str value), void *context, gl_err *err);

/* What a batch produces. Slices must live until the batch ends (allocate in batch->arena). */
typedef struct gl_outbox gl_outbox;
/* An outbox of its own, for tests and the command line: keeps what is put, in order; state is in memory. */
gl_outbox *gl_outbox_new(gl_arena *arena);
/* To def->outputs[output], for `cause` (partition out = partition in; its trace context is carried). */
void gl_outbox_put(gl_outbox *outbox, const gl_record *cause, int output, gl_str key, gl_str value);
/* To an explicit partition: only ingest, which alone hashes keys, uses it. -1: by the key's murmur2 hash. */
void gl_outbox_put_to(gl_outbox *outbox, const gl_record *cause, int output, int32_t partition, gl_str key,
                      gl_str value);
/* A change of state in the partition of `cause`: a record on def->state_topic. value {NULL, 0}: a tombstone. */
void gl_outbox_state(gl_outbox *outbox, const gl_record *cause, gl_str key, gl_str value);
/* Marks what was put last with a number of the stage's own, which `applied` finds there: what is known while processing
 * need not be decoded again to be counted. */
void gl_outbox_note(gl_outbox *outbox, unsigned note);
/* The record can never be processed: to gl.<stage>.dlq as consumed, the error in headers. */
void gl_outbox_dead_letter(gl_outbox *outbox, const gl_record *record, const gl_err *err);
gl_state *gl_outbox_state_view(gl_outbox *outbox);
/* What was put, for tests: kind 'o' output, 's' state, 'd' dead letter. */
typedef struct gl_outbox_entry {
    char kind;
    int output;
    int32_t partition;
    const gl_record *cause;
    unsigned note; /* gl_outbox_note, else 0 */
    gl_str key, value;
    gl_err err; /* 'd' */
} gl_outbox_entry;
const gl_outbox_entry *gl_outbox_entries(const gl_outbox *outbox, size_t *count);

/* Where the group of an intake's topics goes on once the batch is committed. */
typedef struct gl_intake_offsets {
    struct rd_kafka_topic_partition_list_s *next;           /* after the last record of each partition; the caller's */
    const struct rd_kafka_consumer_group_metadata_s *group; /* the intake's, at least until the attempt ends */
} gl_intake_offsets;

typedef struct gl_stage_env {
    const gl_conf *conf;
    gl_metrics *metrics;
    int worker;              /* worker_open: its number, from 0 */
    const char *identity;    /* worker_open: stable name of this slot, for example classify-0 */
    int32_t partition_count; /* of the topics; 0 in tests and the command line until known */
    const char *instance;    /* of the process: for logs */
} gl_stage_env;

typedef struct gl_stage_def {
    const char
        *name; /* "classify": also the consumer group "gl.classify" and the dead-letter topic "gl.classify.dlq" */
    const char *const *inputs;               /* topics, NULL-terminated; NULL: an intake stage with `poll` */
    const char *const *outputs;              /* topics, NULL-terminated: gl_outbox_put's index */
    const char *state_topic;                 /* compacted changelog, NULL: no state */
    const gl_str *state_dictionary;          /* optional: what values of the local copy are packed with (pack.h) */
    const gl_conf_table *const *conf_tables; /* the stage's own sections, NULL-terminated */
    const gl_metric_def *metrics;            /* the stage's own metrics, for docs/METRICS.md */
    size_t metric_count;

    /* Optional. What a start, a reload and --check-config look at beyond the tables: files that are named, values that
     * must fit each other. Errors: conf-value and the like (GL_FATAL). */
    bool (*check)(const gl_conf *conf, gl_err *err);
    /* Once per process: models, rules, lists. `*stage` is shared by the workers, read-only but for what the stage locks
     * itself. */
    bool (*open)(const gl_stage_env *env, void **stage, gl_err *err);
    void (*close)(void *stage);
    /* Optional. After SIGHUP with the new configuration: builds the new rules beside the old and swaps, or returns
     * false and keeps the old. Thread: main. */
    bool (*reload)(void *stage, const gl_conf *conf, gl_err *err);
    /* Once per worker: scratch memory, its gl_kv. */
    bool (*worker_open)(void *stage, const gl_stage_env *env, void **worker, gl_err *err);
    void (*worker_close)(void *worker);

    /* Deterministic for the same records, state and rules. May look things up in Redis once per batch. A record that is
     * wrong is put into the dead letters and the batch goes on. false: GL_RETRY (tried again with backoff until a
     * deadline), GL_DEAD_LETTER (the runtime bisects the batch until one record is left, and dead-letters it),
     * GL_FATAL. Called again for the same records after an abort. Thread: worker. */
    bool (*process)(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err);
    /* Optional. The runtime dead-letters `record` itself (isolated by bisecting, or its outputs do not fit): what else
     * has to be put for it, for example a technical failure on gl.events. Must not read what it cannot decode. Thread:
     * worker. */
    void (*dead_lettered)(void *stage, void *worker, const gl_batch *batch, const gl_record *record, const gl_err *err,
                          gl_outbox *outbox);
    /* Optional. After the commit, with what was put: update views. Never fails the batch. Thread: worker. */
    void (*applied)(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox);
    /* Optional. Between batches at least once a second: `state` for the partitions owned (`partitions`, `count`):
     * rebuild views in small steps (<= 50 ms). true: there is more to do; it is called again at once while no record
     * waits, and for about a fifth of the time while some do. */
    bool (*idle)(void *stage, void *worker, gl_state *state, const int32_t *partitions, size_t count, int64_t now_us);

    /* Optional, for stages with inputs and state. Between batches at least once a second: puts what the clock has made
     * due for the partitions owned. `batch` has no records, only now_us and the arena; causes are records of the
     * stage's own, in the arena, with the partition set (and for a dead letter all that it was consumed with). What was
     * put is committed in a transaction of its own, which carries the offsets that stand already: they move nothing,
     * but the group refuses them, and with them the transaction, from a worker that lost its partitions. `applied`
     * follows, with the empty batch. Nothing put: no transaction; something put: called again before the next second.
     * Not called while the wall clock is off (it jumped against the monotonic one). false: as `process`, but
     * GL_DEAD_LETTER is fatal, there is no record to blame. Called again after an abort. Thread: worker. */
    bool (*timers)(void *stage, void *worker, const gl_batch *batch, const int32_t *partitions, size_t count,
                   gl_outbox *outbox, gl_err *err);

    /* Intake stages only (no inputs). Fills batch->records (its array has room for `limit`) within `timeout_ms`;
     * returns how many. Whatever it took is settled exactly once. Thread: worker. */
    size_t (*poll)(void *stage, void *worker, gl_batch *batch, size_t limit, int timeout_ms);
    /* Optional, of an intake that takes records from topics (those with record->topic): what is committed for them in
     * the batch's own transaction. Asked after the outputs were produced. false: some of them are not this worker's any
     * more (GL_ABORT_TXN, kafka-stale-generation). Thread: worker. */
    bool (*offsets)(void *stage, void *worker, const gl_batch *batch, gl_intake_offsets *offsets, gl_err *err);
    /* With `offsets`. Before the batch is tried again because its offsets were refused: does the record stay in it?
     * false: the stage has taken it back. Thread: worker. */
    bool (*keeps)(void *stage, void *worker, const gl_record *record);
    /* With `offsets`. The producer was made anew and nobody knows whether the last batch was committed: what was taken
     * from topics is forgotten, and taken again from the committed offsets, which are settled by now. Thread: worker.
     */
    void (*reread)(void *stage, void *worker);
    /* After the commit (committed true, after `applied`), or when the batch was given up (false, with the reason). */
    void (*settle)(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox, bool committed,
                   const gl_err *err);
    /* Intake stages: once the runtime is ready, and before it drains (stop taking in). */
    bool (*intake_start)(void *stage, const gl_stage_env *env, gl_err *err);
    void (*intake_stop)(void *stage);
} gl_stage_def;

/* The whole of a daemon's main(): --config FILE, --set section.key=value, --check-config, --print-config, --help,
 * --version; starts the admin server, the workers, handles signals, drains. Returns the exit code. */
int gl_stage_main(const gl_stage_def *def, int argc, char **argv);

#endif
