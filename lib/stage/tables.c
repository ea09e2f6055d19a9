/* The configuration sections and metrics that every daemon has. See runtime.h. */
#include "stage/internal.h"

#define ROW(type_, field, name_, kind, text, low, high, flags_, words)                                                 \
    {                                                                                                                  \
        .name = (name_), .type = (kind), .offset = offsetof(type_, field), .initial = (text), .flags = (flags_),       \
        .min = (low), .max = (high), .help = (words)                                                                   \
    }
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const gl_conf_entry log_entries[] = {
    {.name = "level",
     .type = GL_CONF_ENUM,
     .offset = offsetof(gl_log_conf, level),
     .initial = "info",
     .flags = GL_CONF_RELOADABLE,
     .names = levels,
     .help = "The least level that is logged."},
};
static const gl_conf_table log_table = {"log",
                                        "What is logged: one JSON object a line, to standard error.",
                                        sizeof(gl_log_conf),
                                        false,
                                        log_entries,
                                        sizeof log_entries / sizeof log_entries[0]};

#define ADMIN(field, name_, kind, text, low, high, words)                                                              \
    ROW(gl_admin_conf, field, name_, kind, text, low, high, 0, words)
static const gl_conf_entry admin_entries[] = {
    ADMIN(http.listen, "listen", GL_CONF_STRING, "127.0.0.1:0", 0, 0,
          "Where /metrics, /healthz and /readyz are served: address:port. Port 0: any free one, which is logged."),
    ADMIN(port_file, "port_file", GL_CONF_STRING, NULL, 0, 0,
          "A file that the port is written to once the server listens."),
    ADMIN(http.body_limit_bytes, "body_limit", GL_CONF_BYTES, "4k", 0, 1 << 20, "Largest request body."),
    ADMIN(http.connection_limit, "connections", GL_CONF_INT, "64", 1, 10000, "Most connections at once."),
    ADMIN(http.idle_timeout_ms, "idle_timeout", GL_CONF_DURATION, "30s", 1000, 3600000,
          "Idle connections are closed after this."),
    ADMIN(http.threads, "threads", GL_CONF_INT, "1", 1, 16, "Threads that serve."),
    ADMIN(http.pending_limit_bytes, "pending_limit", GL_CONF_BYTES, "1m", 1024, 1 << 30,
          "Most bytes of request bodies held at once."),
};
static const gl_conf_table admin_table = {"admin",
                                          "The daemon's own HTTP server.",
                                          sizeof(gl_admin_conf),
                                          false,
                                          admin_entries,
                                          sizeof admin_entries / sizeof admin_entries[0]};

#define STAGE(field, name_, kind, text, low, high, words)                                                              \
    ROW(gl_stage_conf, field, name_, kind, text, low, high, 0, words)
static const gl_conf_entry stage_entries[] = {
    STAGE(instance, "instance", GL_CONF_STRING, NULL, 0, 0,
          "Name of this installation, the same after a restart and different from every other one; it is part of the "
          "transactional ids. "
          "Empty: the host's name and a digest of state_dir."),
    STAGE(workers, "workers", GL_CONF_INT, "1", 1, 256,
          "Workers (threads with a consumer and a producer each) of this process."),
    STAGE(state_dir, "state_dir", GL_CONF_STRING, "${GREENLANE_STATE:-run/state}", 0, 0,
          "Where local state is kept, under <stage>/<slot>. It is a copy of changelog topics and may be deleted while "
          "the daemon is down."),
    STAGE(static_membership, "static_membership", GL_CONF_BOOL, "false", 0, 0,
          "Keep a worker's partitions for it while it restarts within kafka.session_timeout, instead of giving them to "
          "others."),
    STAGE(max_batch_records, "max_batch_records", GL_CONF_INT, "5000", 1, 100000, "Most records of one transaction."),
    STAGE(max_batch_bytes, "max_batch_bytes", GL_CONF_BYTES, "16m", 1024, 1 << 30,
          "A batch is full when it has this many bytes of input."),
    STAGE(max_batch_ms, "max_batch_time", GL_CONF_DURATION, "100ms", 1, 10 * SECOND,
          "Longest that a batch is filled while records keep coming. It is processed at once when there are no more."),
    STAGE(pace_ms, "pace", GL_CONF_DURATION, "25ms", 0, SECOND,
          "Least time between the starts of two batches that are not full. A record that comes after a pause does not "
          "wait; a trickle is grouped, since a transaction costs milliseconds of CPU."),
    STAGE(retry_deadline_ms, "retry_deadline", GL_CONF_DURATION, "2m", SECOND, HOUR,
          "How long a batch is tried again while something that it needs is unavailable; then the process ends with an "
          "error."),
    STAGE(start_deadline_ms, "start_deadline", GL_CONF_DURATION, "2m", SECOND, HOUR,
          "How long a start waits for brokers and topics."),
    STAGE(drain_deadline_ms, "drain_deadline", GL_CONF_DURATION, "15s", 100, HOUR,
          "How long SIGTERM lets a batch finish before it is aborted."),
    STAGE(stuck_after_ms, "stuck_after", GL_CONF_DURATION, "60s", SECOND, HOUR,
          "A worker without progress for this long makes /healthz fail."),
    STAGE(stuck_exit_ms, "stuck_exit", GL_CONF_DURATION, "5m", SECOND, 24 * HOUR,
          "A worker without progress for this long ends the process, so that another takes over."),
};
static const gl_conf_table stage_table = {
    "stage",       "Workers, batches and local state.",           sizeof(gl_stage_conf), false,
    stage_entries, sizeof stage_entries / sizeof stage_entries[0]};

const gl_conf_table *const gl_runtime_conf_tables[] = {
    &log_table, &admin_table, &stage_table, &gl_kafka_conf_table, &gl_registry_conf_table, NULL};

/* ---- metrics ---- */

#define SECONDS                                                                                                        \
    {                                                                                                                  \
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 0                                      \
    }

const gl_metric_def gl_runtime_metric_defs[] = {
    {"gl_build_info", GL_GAUGE, "Always 1; the labels say what runs.", {"stage", "version", "librdkafka"}, {0}},
    {"gl_ready", GL_GAUGE, "1 while /readyz answers 200.", {NULL}, {0}},
    {"gl_paused", GL_GAUGE, "1 while paused with SIGUSR1.", {NULL}, {0}},
    {"gl_worker_silent_seconds",
     GL_GAUGE,
     "Longest time that a worker has been at one step, and which; what /healthz looks at.",
     {"step"},
     {0}},
    {"gl_records_consumed_total", GL_COUNTER, "Records taken in, of committed batches.", {NULL}, {0}},
    {"gl_records_produced_total", GL_COUNTER, "Records of committed transactions.", {"topic"}, {0}},
    {"gl_records_dead_lettered_total", GL_COUNTER, "Records put into the dead-letter topic.", {"code"}, {0}},
    {"gl_records_lost_total",
     GL_COUNTER,
     "Records that retention deleted before they were processed (offsets, markers included).",
     {"topic"},
     {0}},
    {"gl_batches_total", GL_COUNTER, "Batches committed.", {NULL}, {0}},
    {"gl_batch_records",
     GL_HISTOGRAM,
     "Records of a batch.",
     {NULL},
     {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 0}},
    {"gl_batch_seconds", GL_HISTOGRAM, "From a batch's first record to its commit.", {NULL}, SECONDS},
    {"gl_stage_seconds",
     GL_HISTOGRAM,
     "Time of a step of a batch: collect, process, produce, commit, apply.",
     {"step"},
     SECONDS},
    {"gl_batch_bisects_total", GL_COUNTER, "Times a batch was split to isolate a record.", {NULL}, {0}},
    {"gl_batch_retries_total", GL_COUNTER, "Times a batch was tried again.", {NULL}, {0}},
    {"gl_txn_commits_total", GL_COUNTER, "Transactions committed.", {NULL}, {0}},
    {"gl_txn_aborts_total", GL_COUNTER, "Transactions aborted.", {"reason"}, {0}},
    {"gl_txn_commit_seconds", GL_HISTOGRAM, "Time to send the offsets and commit.", {NULL}, SECONDS},
    {"gl_workers_recreated_total",
     GL_COUNTER,
     "Times a worker's clients were made again: it was fenced, or its producer failed.",
     {NULL},
     {0}},
    {"gl_producers_renewed_total",
     GL_COUNTER,
     "Times a worker's producer was made anew after an abort that left records of unknown fate; usual in a rebalance.",
     {NULL},
     {0}},
    {"gl_consumer_lag_records",
     GL_GAUGE,
     "Records between what was processed and the end of an owned partition.",
     {"topic", "partition"},
     {0}},
    {"gl_consumer_lag_seconds",
     GL_GAUGE,
     "Age of the oldest record of the batch in hand, or of the last one processed where more wait; 0 when none does.",
     {"worker"},
     {0}},
    {"gl_timers_suspended", GL_GAUGE, "1 while deadlines wait because the wall clock jumped.", {"worker"}, {0}},
    {"gl_rebalances_total", GL_COUNTER, "Changes of the assignment: assign, revoke, lost.", {"kind"}, {0}},
    {"gl_assigned_partitions", GL_GAUGE, "Partitions owned, of all inputs.", {"worker"}, {0}},
    {"gl_state_restored_records_total", GL_COUNTER, "Records read from the changelog to restore state.", {NULL}, {0}},
    {"gl_state_restore_seconds", GL_HISTOGRAM, "Time to restore the state of an assignment.", {NULL}, SECONDS},
    {"gl_state_wipes_total", GL_COUNTER, "Local states thrown away, to be restored from the beginning.", {NULL}, {0}},
    {"gl_state_bytes", GL_GAUGE, "Local state in use.", {"worker"}, {0}},
    {"gl_schema_dropped_values_total",
     GL_COUNTER,
     "Values of a newer schema whose unknown fields were left out: no schema with them is registered for the next "
     "topic.",
     {NULL},
     {0}},
    {"gl_config_last_reload_successful",
     GL_GAUGE,
     "0 after a reload that was refused, else 1: the configuration in use is the one in the file.",
     {NULL},
     {0}},
    {"gl_config_reload_success_total", GL_COUNTER, "Reloads that were applied.", {NULL}, {0}},
    {"gl_config_reload_failed_total",
     GL_COUNTER,
     "Reloads that were refused; the old configuration stayed.",
     {NULL},
     {0}},
};
const size_t gl_runtime_metric_count = sizeof gl_runtime_metric_defs / sizeof gl_runtime_metric_defs[0];

/* A name that is not in the table is a programming error: NULL would be met by the first test. */
static const gl_metric_def *find(const char *metric)
{
    for (size_t i = 0; i < gl_runtime_metric_count; i++)
        if (strcmp(gl_runtime_metric_defs[i].name, metric) == 0)
            return &gl_runtime_metric_defs[i];
    return NULL;
}

gl_series *gl_runtime_series2(gl_runtime *runtime, const char *metric, const char *first, const char *second)
{
    const char *values[GL_METRIC_LABELS] = {first, second};
    return gl_metrics_series(runtime->metrics, find(metric), values);
}

gl_series *gl_runtime_series1(gl_runtime *runtime, const char *metric, const char *label)
{
    return gl_runtime_series2(runtime, metric, label, NULL);
}

/* Series that are there before anything happens: of a counter whose first value is 1, Prometheus sees no increase. */
static void start_at_zero(gl_runtime *runtime)
{
    static const char *const kinds[] = {"assign", "revoke", "lost"};
    for (size_t i = 0; i < runtime->input_count; i++)
        gl_runtime_series1(runtime, "gl_records_lost_total", runtime->def->inputs[i]);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && runtime->input_count > 0; i++)
        gl_runtime_series1(runtime, "gl_rebalances_total", kinds[i]);
    if (runtime->def->state_topic != NULL)
        gl_runtime_series1(runtime, "gl_state_wipes_total", NULL);
}

void gl_runtime_series_init(gl_runtime *runtime)
{
    gl_runtime_series *s = &runtime->series;
    s->consumed = gl_runtime_series1(runtime, "gl_records_consumed_total", NULL);
    s->batches = gl_runtime_series1(runtime, "gl_batches_total", NULL);
    s->batch_records = gl_runtime_series1(runtime, "gl_batch_records", NULL);
    s->batch_seconds = gl_runtime_series1(runtime, "gl_batch_seconds", NULL);
    s->commits = gl_runtime_series1(runtime, "gl_txn_commits_total", NULL);
    s->commit_seconds = gl_runtime_series1(runtime, "gl_txn_commit_seconds", NULL);
    s->step_collect = gl_runtime_series1(runtime, "gl_stage_seconds", "collect");
    s->step_process = gl_runtime_series1(runtime, "gl_stage_seconds", "process");
    s->step_produce = gl_runtime_series1(runtime, "gl_stage_seconds", "produce");
    s->step_commit = gl_runtime_series1(runtime, "gl_stage_seconds", "commit");
    s->step_apply = gl_runtime_series1(runtime, "gl_stage_seconds", "apply");
    s->restored_records = gl_runtime_series1(runtime, "gl_state_restored_records_total", NULL);
    s->restore_seconds = gl_runtime_series1(runtime, "gl_state_restore_seconds", NULL);
    s->bisects = gl_runtime_series1(runtime, "gl_batch_bisects_total", NULL);
    s->retries = gl_runtime_series1(runtime, "gl_batch_retries_total", NULL);
    s->recreated = gl_runtime_series1(runtime, "gl_workers_recreated_total", NULL);
    s->renewed = gl_runtime_series1(runtime, "gl_producers_renewed_total", NULL);
    s->ready = gl_runtime_series1(runtime, "gl_ready", NULL);
    s->dropped = gl_runtime_series1(runtime, "gl_schema_dropped_values_total", NULL);
    s->paused = gl_runtime_series1(runtime, "gl_paused", NULL);
    s->last_reload = gl_runtime_series1(runtime, "gl_config_last_reload_successful", NULL);
    gl_series_set(s->last_reload, 1);
    start_at_zero(runtime);
    const char *build[GL_METRIC_LABELS] = {runtime->def->name, GL_VERSION, rd_kafka_version_str()};
    gl_series_set(gl_metrics_series(runtime->metrics, find("gl_build_info"), build), 1);
}
