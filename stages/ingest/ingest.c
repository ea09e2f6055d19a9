/* The ingest stage's table: an intake, so its records are messages of senders and files rather than of a topic. */
#include "ingest/ingest.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/trace.h"
#include "customs/ids.h"
#include "customs/precedent.h"
#include "ingest/doubt.h"
#include "ingest/early.h"
#include "ingest/formats/csv/mapping.h"
#include "ingest/push/streams.h"
#include "ingest/push/webhooks.h"
#include "ingest/topics.h"
#include "io/kafka.h"

static const char *const outputs[] = {
    "gl.declarations.accepted", "gl.declarations.rejected", "gl.events", "gl.intake.batches",
    GL_KAFKA_ORIGINALS,         GL_PRECEDENT_TOPIC,         NULL};
static const gl_conf_table *const conf_tables[] = {&gl_ingest_conf_table,        &gl_accounts_conf_table,
                                                   &gl_intake_topics_conf_table, &gl_kv_conf_table,
                                                   &gl_push_conf_table,          NULL};

enum {
    MESSAGES,
    DECLARATIONS,
    VIEWS_LOST,
    EVENTS,
    ERRORS,
    TOPIC_RECORDS,
    TOPICS_JOINED,
    REFUSALS,
    RULES,
    STREAMS,
    STREAM_EVENTS,
    UNREADABLE,
    WEBHOOK_REQUESTS,
    WEBHOOK_OUTCOMES,
    WEBHOOKS_FAILING,
    WEBHOOK_OLDEST,
    WEBHOOK_GAPS,
    METRIC_COUNT
};
static const gl_metric_def metric_defs[METRIC_COUNT] = {
    [MESSAGES] =
        {"gl_intake_messages_total", GL_COUNTER, "Messages and file chunks taken in and committed.", {NULL}, {0}},
    [DECLARATIONS] = {"gl_intake_declarations_total",
                      GL_COUNTER,
                      "Declarations answered, by result: accepted, rejected, duplicate, pending (accepted while the "
                      "duplicate view was "
                      "incomplete).",
                      {"result"},
                      {0}},
    [VIEWS_LOST] = {"gl_intake_early_views_lost_total",
                    GL_COUNTER,
                    "Early status entries that could not be written to Redis.",
                    {NULL},
                    {0}},
    [EVENTS] = {"gl_intake_events_total",
                GL_COUNTER,
                "Events answered, cancellations sent as declarations among them, by result: accepted, rejected.",
                {"result"},
                {0}},
    [ERRORS] =
        {"gl_intake_errors_total", GL_COUNTER, "Errors found in what was rejected, by their code.", {"code"}, {0}},
    [TOPIC_RECORDS] = {"gl_intake_topic_records_total",
                       GL_COUNTER,
                       "Records of intake topics that are settled: accepted, refused or dead letters.",
                       {NULL},
                       {0}},
    [TOPICS_JOINED] =
        {"gl_intake_topics_joined",
         GL_GAUGE,
         "1 while the worker's consumer of the intake topics is in its group; none without intake topics.",
         {"worker"},
         {0}},
    [REFUSALS] = {"gl_intake_refusals_total",
                  GL_COUNTER,
                  "Requests that were not admitted, by the code of their answer: what is wrong with the credential "
                  "(401, 403), or "
                  "too-many-requests, too-many-bytes (429).",
                  {"code"},
                  {0}},
    [RULES] = {"gl_rules_info",
               GL_GAUGE,
               "Always 1; the labels say which rules are in use: rules is intake (its code lists counted in).",
               {"rules", "version"},
               {0}},
    [STREAMS] = {"gl_outcome_streams", GL_GAUGE, "Streams of outcomes that are open.", {NULL}, {0}},
    [STREAM_EVENTS] =
        {"gl_outcome_stream_events_total", GL_COUNTER, "Outcomes written to streams, of all of them.", {NULL}, {0}},
    [UNREADABLE] = {"gl_outcomes_unreadable_total",
                    GL_COUNTER,
                    "Records of gl.notifications that could not be read, and were passed over, in each stream and "
                    "webhook.",
                    {NULL},
                    {0}},
    [WEBHOOK_REQUESTS] = {"gl_webhook_requests_total",
                          GL_COUNTER,
                          "Attempts to bring outcomes to webhooks, by result: taken, webhook-refused (an answer other "
                          "than 2xx), webhook-timeout, webhook-unreachable, webhook-forbidden (its address is not "
                          "public).",
                          {"result"},
                          {0}},
    [WEBHOOK_OUTCOMES] = {"gl_webhook_outcomes_total", GL_COUNTER, "Outcomes that webhooks took.", {NULL}, {0}},
    [WEBHOOKS_FAILING] =
        {"gl_webhooks_failing", GL_GAUGE, "Webhooks that did not take what was brought last.", {NULL}, {0}},
    [WEBHOOK_OLDEST] = {"gl_webhook_oldest_seconds",
                        GL_GAUGE,
                        "Age of the oldest outcome that a webhook did not take yet; 0 while none fails.",
                        {NULL},
                        {0}},
    [WEBHOOK_GAPS] = {"gl_webhook_gaps_total",
                      GL_COUNTER,
                      "Partitions of gl.notifications of which retention deleted records before a webhook had taken "
                      "them.",
                      {NULL},
                      {0}},
};

void gl_ingest_count_refusal(gl_ingest *ingest, const char *code)
{
    gl_series_add(
        gl_metrics_series(ingest->registry, &metric_defs[REFUSALS], (const char *const[GL_METRIC_LABELS]){code}), 1);
}

void gl_ingest_note_unreadable(gl_ingest *ingest, int32_t partition, int64_t offset, const gl_err *why)
{
    gl_log(GL_LOG_WARN, "outcome-unreadable", "gl.notifications [%d] %lld is passed over: %s: %s", (int)partition,
           (long long)offset, why->code, why->message);
    gl_series_add(ingest->metrics.unreadable, 1);
}

void gl_ingest_count_webhook(gl_ingest *ingest, const char *result, size_t taken)
{
    gl_series_add(gl_metrics_series(ingest->registry, &metric_defs[WEBHOOK_REQUESTS],
                                    (const char *const[GL_METRIC_LABELS]){result}),
                  1);
    gl_series_add(ingest->metrics.webhook_outcomes, taken);
}

static gl_series *result_series(gl_metrics *metrics, const gl_metric_def *def, const char *result)
{
    return gl_metrics_series(metrics, def, (const char *const[GL_METRIC_LABELS]){result});
}

void gl_ingest_count_error(gl_ingest *ingest, gl_str code)
{
    char text[64];
    snprintf(text, sizeof text, "%.*s", GL_STR_ARG(code));
    gl_series_add(
        gl_metrics_series(ingest->registry, &metric_defs[ERRORS], (const char *const[GL_METRIC_LABELS]){text}), 1);
}

static void open_metrics(gl_ingest *ingest)
{
    const char *const none[GL_METRIC_LABELS] = {NULL};
    ingest->metrics.messages = gl_metrics_series(ingest->registry, &metric_defs[MESSAGES], none);
    ingest->metrics.accepted = result_series(ingest->registry, &metric_defs[DECLARATIONS], "accepted");
    ingest->metrics.rejected = result_series(ingest->registry, &metric_defs[DECLARATIONS], "rejected");
    ingest->metrics.duplicates = result_series(ingest->registry, &metric_defs[DECLARATIONS], "duplicate");
    ingest->metrics.pending = result_series(ingest->registry, &metric_defs[DECLARATIONS], "pending");
    ingest->metrics.events = result_series(ingest->registry, &metric_defs[EVENTS], "accepted");
    ingest->metrics.refused_events = result_series(ingest->registry, &metric_defs[EVENTS], "rejected");
    ingest->metrics.topic_records = gl_metrics_series(ingest->registry, &metric_defs[TOPIC_RECORDS], none);
    ingest->metrics.streams = gl_metrics_series(ingest->registry, &metric_defs[STREAMS], none);
    ingest->metrics.stream_events = gl_metrics_series(ingest->registry, &metric_defs[STREAM_EVENTS], none);
    ingest->metrics.unreadable = gl_metrics_series(ingest->registry, &metric_defs[UNREADABLE], none);
    ingest->metrics.webhook_outcomes = gl_metrics_series(ingest->registry, &metric_defs[WEBHOOK_OUTCOMES], none);
    ingest->metrics.webhook_gaps = gl_metrics_series(ingest->registry, &metric_defs[WEBHOOK_GAPS], none);
    ingest->metrics.webhooks_failing = gl_metrics_series(ingest->registry, &metric_defs[WEBHOOKS_FAILING], none);
    ingest->metrics.webhook_oldest = gl_metrics_series(ingest->registry, &metric_defs[WEBHOOK_OLDEST], none);
    ingest->metrics.view_lost = gl_metrics_series(ingest->registry, &metric_defs[VIEWS_LOST], none);
}

const gl_tables *gl_ingest_tables(const gl_ingest *ingest)
{
    return __atomic_load_n(&ingest->tables, __ATOMIC_ACQUIRE);
}

static void free_tables(gl_tables *tables)
{
    while (tables != NULL) {
        gl_tables *before = tables->before;
        gl_mappings_destroy(tables->mappings);
        gl_checks_destroy(tables->checks);
        free(tables);
        tables = before;
    }
}

static bool has_profile(const gl_tables *tables, const char *profile, const char *whose, const char *name, gl_err *err)
{
    if (profile[0] == '\0' || gl_mappings_find(tables->mappings, gl_str_of(profile), err) != NULL)
        return true;
    err->action = GL_FATAL;
    return gl_fail_context(err, "%s: profile of %s", whose, name);
}

static bool has_profiles(const gl_ingest *ingest, const gl_tables *tables, gl_err *err)
{
    for (size_t i = 0; i < ingest->account_count; i++)
        if (!has_profile(tables, ingest->accounts[i].profile, "accounts", ingest->accounts[i].name, err))
            return false;
    for (size_t i = 0; i < ingest->topic_count; i++)
        if (!has_profile(tables, ingest->topics[i].profile, "intake_topics", ingest->topics[i].name, err))
            return false;
    return true;
}

static gl_tables *load_tables(const gl_ingest *ingest, const gl_ingest_conf *conf, gl_err *err)
{
    gl_tables *tables = calloc(1, sizeof *tables);
    if (tables == NULL)
        abort();
    tables->mappings = gl_mappings_load(conf->mappings, err);
    if (tables->mappings != NULL)
        tables->checks = gl_checks_load(conf->code_lists, conf->rules, conf->exchange_rates, err);
    if (tables->checks == NULL || !has_profiles(ingest, tables, err)) {
        free_tables(tables);
        return NULL;
    }
    gl_log(GL_LOG_INFO, "checks-loaded", "%zu mappings, %zu code lists, %zu rules (%s)",
           gl_mappings_count(tables->mappings), gl_code_lists_count(gl_checks_lists(tables->checks)),
           gl_checks_rule_count(tables->checks), gl_checks_version(tables->checks));
    return tables;
}

/* The new ones are in force for what is read from now on; what reads by old ones may go on. */
static void use_tables(gl_ingest *ingest, gl_tables *tables)
{
    static const int64_t GRACE_US = INT64_C(3600) * 1000000;
    int64_t now_us = gl_mono_us();
    const char *const version[GL_METRIC_LABELS] = {"intake", gl_checks_version(tables->checks)};
    if (ingest->registry != NULL)
        ingest->rules_info = gl_metrics_info(ingest->registry, &metric_defs[RULES], version, ingest->rules_info);
    tables->before = ingest->tables; /* this thread alone changes it */
    if (tables->before != NULL)
        tables->before->replaced_us = now_us;
    __atomic_store_n(&ingest->tables, tables, __ATOMIC_RELEASE);
    for (gl_tables *t = tables->before; t != NULL; t = t->before)
        if (t->before != NULL && now_us - t->before->replaced_us > GRACE_US) {
            free_tables(t->before);
            t->before = NULL;
        }
}

static bool check_account(const gl_ingest *ingest, const gl_account *account, gl_err *err)
{
    size_t len = strlen(account->name);
    if (len == 0 || len > GL_INGEST_LIMIT_NAME_BYTES || strpbrk(account->name, "\r\n") != NULL)
        return gl_fail(err, GL_FATAL, "conf-value", "accounts: \"%s\" is not a name of 1 to %d bytes on one line",
                       account->name, GL_INGEST_LIMIT_NAME_BYTES);
    if (gl_ingest_account(ingest, gl_str_of(account->name)) != account)
        return gl_fail(err, GL_FATAL, "conf-value", "accounts: \"%s\" is there twice", account->name);
    for (const gl_account *other = ingest->accounts; other < account; other++)
        if (account->directory[0] != '\0' && strcmp(other->directory, account->directory) == 0)
            return gl_fail(err, GL_FATAL, "conf-value", "accounts: %s and %s watch the same directory", other->name,
                           account->name);
    return true;
}

static bool check_conf(gl_ingest *ingest, gl_err *err)
{
    const char *country = ingest->conf.country;
    if (strlen(country) != 2 || country[0] < 'A' || country[0] > 'Z' || country[1] < 'A' || country[1] > 'Z')
        return gl_fail(err, GL_FATAL, "conf-value", "ingest.country: \"%s\" is not two capital letters", country);
    if (gl_ingest_account(ingest, gl_str_of(ingest->conf.http_account)) == NULL)
        return gl_fail(err, GL_FATAL, "conf-value", "ingest.http_account: no account \"%s\" in accounts",
                       ingest->conf.http_account);
    for (size_t i = 0; i < ingest->account_count; i++)
        if (!check_account(ingest, &ingest->accounts[i], err))
            return false;
    return gl_topics_check(ingest, err);
}

/* Requests that no worker has taken: senders are told before nobody is left to tell them. */
static void refuse_queued(gl_ingest *ingest)
{
    gl_err err;
    gl_fail(&err, GL_RETRY, "stopping", "this instance is stopping; send it again");
    gl_job_queue_close(ingest->queue);
    for (gl_job *job = gl_job_queue_take(ingest->queue, 0, 0); job != NULL;
         job = gl_job_queue_take(ingest->queue, 0, 0))
        gl_service_settle(job, false, &err);
}

static void ingest_close(void *stage)
{
    gl_ingest *ingest = stage;
    if (ingest == NULL)
        return;
    refuse_queued(ingest);
    gl_service_stop(ingest);
    gl_kv_destroy(ingest->view_kv);
    gl_job_queue_destroy(ingest->queue);
    gl_doubt_destroy(ingest->doubt);
    free_tables(ingest->tables);
    gl_access_release(ingest->access);
    pthread_mutex_destroy(&ingest->access_lock);
    pthread_mutex_destroy(&ingest->view_lock);
    free(ingest);
}

static bool load_access(gl_ingest *ingest, gl_err *err)
{
    if (ingest->conf.access[0] == '\0')
        return true;
    ingest->access = gl_senders_load(ingest->conf.access, ingest->accounts, ingest->account_count, err);
    return ingest->access != NULL;
}

/* Files that the configuration names. Certificates are looked at only to find a submitter: without submitters they
 * would be asked for, and whoever has none would be let in. */
static bool ingest_check(const gl_conf *conf, gl_err *err)
{
    const gl_ingest_conf *own = gl_conf_section(conf, "ingest");
    if (own->http.tls_ca[0] != '\0' && own->access[0] == '\0')
        return gl_fail(err, GL_FATAL, "conf-value",
                       "ingest.tls_ca needs ingest.access: without it no certificate is required, and every sender "
                       "may name any account");
    if (!gl_http_check(&own->http, err))
        return gl_fail_context(err, "ingest");
    size_t count = 0;
    const gl_account *accounts = gl_conf_list(conf, "accounts", &count);
    if (!gl_webhooks_check(gl_conf_section(conf, "push"), accounts, count, err))
        return false;
    gl_access *access = own->access[0] == '\0' ? NULL : gl_senders_load(own->access, NULL, 0, err);
    bool good = own->access[0] == '\0' || access != NULL;
    gl_access_release(access);
    return good;
}

/* Submitters and certificates; both or none are replaced. Roles (`accounts`) need a restart. */
static bool reload_access(gl_ingest *ingest, const gl_ingest_conf *fresh, gl_access **access, gl_err *err)
{
    *access = NULL;
    if (ingest->access != NULL && fresh->access[0] == '\0')
        return gl_fail(err, GL_FATAL, "conf-value", "ingest.access cannot be switched off without a restart");
    if (fresh->access[0] != '\0')
        *access = gl_senders_load(fresh->access, ingest->accounts, ingest->account_count, err);
    return fresh->access[0] == '\0' || *access != NULL;
}

static void use_access(gl_ingest *ingest, gl_access *access)
{
    gl_access *old = ingest->access; /* this thread alone changes it */
    if (access == NULL)
        return;
    gl_access_follow(access, old);
    pthread_mutex_lock(&ingest->access_lock);
    ingest->access = access;
    pthread_mutex_unlock(&ingest->access_lock);
    gl_access_release(old);
    if (ingest->streams != NULL)
        gl_streams_end(ingest->streams, false); /* they come back, and show their credentials again */
}

/* All of it, or nothing. */
static bool ingest_reload(void *stage, const gl_conf *conf, gl_err *err)
{
    gl_ingest *ingest = stage;
    const gl_ingest_conf *fresh = gl_conf_section(conf, "ingest");
    gl_access *access;
    if (!reload_access(ingest, fresh, &access, err))
        return false;
    gl_tables *tables = load_tables(ingest, fresh, err);
    if (tables == NULL || (ingest->http != NULL && !gl_http_renew(ingest->http, &fresh->http, err))) {
        free_tables(tables);
        gl_access_release(access);
        return gl_fail_context(err, "ingest");
    }
    use_tables(ingest, tables);
    use_access(ingest, access);
    return true;
}

static bool ingest_open(const gl_stage_env *env, void **stage, gl_err *err)
{
    static const gl_account fallback = {
        .name = "default", .directory = "", .profile = "", .webhook_url = "", .webhook_secret = ""};
    gl_ingest *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL)
        abort();
    pthread_mutex_init(&ingest->view_lock, NULL);
    pthread_mutex_init(&ingest->access_lock, NULL);
    ingest->conf = *(const gl_ingest_conf *)gl_conf_section(env->conf, "ingest");
    ingest->kv_conf = gl_conf_section(env->conf, "redis");
    ingest->accounts = gl_conf_list(env->conf, "accounts", &ingest->account_count);
    if (ingest->account_count == 0) {
        ingest->accounts = &fallback;
        ingest->account_count = 1;
    }
    ingest->topics = gl_conf_list(env->conf, "intake_topics", &ingest->topic_count);
    ingest->kafka_conf = gl_conf_section(env->conf, "kafka");
    ingest->push_conf = gl_conf_section(env->conf, "push");
    ingest->partition_count = env->partition_count;
    ingest->registry = env->metrics;
    ingest->queue = gl_job_queue_new();
    ingest->doubt = gl_doubt_new(ingest->partition_count, ingest->conf.view_settle_ms, gl_mono_us());
    open_metrics(ingest);
    gl_tables *tables = load_tables(ingest, &ingest->conf, err);
    if (tables != NULL)
        use_tables(ingest, tables);
    if (tables == NULL || !check_conf(ingest, err) || !load_access(ingest, err)) {
        ingest_close(ingest);
        return false;
    }
    *stage = ingest;
    return true;
}

static bool watches_any(const gl_ingest *ingest)
{
    for (size_t i = 0; i < ingest->account_count; i++)
        if (ingest->accounts[i].directory[0] != '\0')
            return true;
    return false;
}

static bool ingest_worker_open(void *stage, const gl_stage_env *env, void **worker, gl_err *err)
{
    (void)err;
    gl_ingest *ingest = stage;
    gl_ingest_worker *own = calloc(1, sizeof *own);
    if (own == NULL)
        abort();
    own->number = env->worker;
    own->kv = gl_kv_new(ingest->kv_conf, env->metrics);
    own->early = gl_early_new(ingest, own->kv);
    ingest->partition_count = env->partition_count;
    if (env->worker == 0 && watches_any(ingest))
        own->watch = gl_watch_new(ingest);
    own->topics = gl_topics_new(ingest, env->worker, &metric_defs[TOPICS_JOINED]);
    *worker = own;
    return true;
}

static void ingest_worker_close(void *worker)
{
    gl_ingest_worker *own = worker;
    if (own == NULL)
        return;
    gl_watch_destroy(own->watch);
    gl_topics_destroy(own->topics);
    gl_early_destroy(own->early);
    gl_kv_destroy(own->kv);
    free(own);
}

static void take_trace(gl_record *record, gl_str traceparent, gl_str tracestate)
{
    record->traceparent = gl_traceparent(traceparent);
    if (record->traceparent.len > 0)
        record->tracestate = gl_tracestate(tracestate);
}

/* Returns the bytes that it takes. Unpacked before the batch is full, so that a batch holds what is configured, and one
 * message more. */
static int64_t add_record(gl_batch *batch, gl_job *job)
{
    gl_job_open(job);
    gl_record *record = &batch->records[batch->count++];
    *record = (gl_record){.token = job, .timestamp_ms = job->received_us / 1000, .value = job->bytes};
    if (job->request != NULL)
        take_trace(record, gl_http_header(job->request, "traceparent"), gl_http_header(job->request, "tracestate"));
    size_t bytes = job->bytes.len + job->message->unpacked.len;
    if (job->topic == NULL)
        return (int64_t)bytes;
    record->topic = job->topic->topic->name;
    record->headers = job->topic->headers;
    record->partition = job->topic->partition;
    record->offset = job->topic->place.offset;
    record->timestamp_ms = job->topic->place.timestamp_ms;
    record->key = job->topic->key;
    take_trace(record, job->topic->traceparent, job->topic->tracestate);
    return (int64_t)bytes;
}

/* Takes what is there, up to `limit` messages and `batch_bytes`; waits only for the first. Requests and topics take
 * turns, so that neither holds up the other. */
static size_t ingest_poll(void *stage, void *worker, gl_batch *batch, size_t limit, int timeout_ms)
{
    gl_ingest *ingest = stage;
    gl_ingest_worker *own = worker;
    int64_t bytes = 0;
    batch->count = 0;
    unsigned wakes = gl_job_queue_wakes(ingest->queue);
    bool more = !__atomic_load_n(&ingest->stopping, __ATOMIC_RELAXED);
    gl_job *job = own->watch != NULL && more ? gl_watch_take(own->watch) : NULL;
    if (job != NULL)
        add_record(batch, job);
    while (batch->count < limit && bytes < ingest->conf.batch_bytes) {
        gl_job *from_topic = own->topics != NULL && more ? gl_topics_take(own->topics) : NULL;
        if (from_topic != NULL)
            bytes += add_record(batch, from_topic);
        if (batch->count == limit)
            break;
        job = gl_job_queue_take(ingest->queue, wakes, batch->count == 0 ? timeout_ms : 0);
        if (job == NULL && from_topic == NULL)
            break;
        if (job == NULL)
            continue;
        bytes += add_record(batch, job);
    }
    own->begun_us = gl_mono_us();
    batch->now_us = gl_wall_us(); /* after the wait: nothing is accepted before it was received */
    return batch->count;
}

static void ingest_settle(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox, bool committed,
                          const gl_err *err)
{
    (void)outbox;
    const gl_ingest *ingest = stage;
    gl_ingest_worker *own = worker;
    if (!committed) /* or it was, and nobody knows: then its early entries are not there */
        gl_doubt_begin(ingest->doubt, gl_mono_us());
    for (size_t i = 0; i < batch->count; i++) {
        gl_job *job = batch->records[i].token;
        if (job->file != NULL)
            gl_watch_settle(own->watch, job, committed, err);
        else if (job->topic != NULL)
            gl_topics_settle(own->topics, job, committed, err);
        else
            gl_service_settle(job, committed, err);
    }
}

static bool ingest_offsets(void *stage, void *worker, const gl_batch *batch, gl_intake_offsets *offsets, gl_err *err)
{
    (void)stage;
    gl_ingest_worker *own = worker;
    return gl_topics_offsets(own->topics, batch, offsets, err);
}

static bool ingest_keeps(void *stage, void *worker, const gl_record *record)
{
    (void)stage;
    gl_ingest_worker *own = worker;
    gl_job *job = record->token;
    if (job->topic != NULL)
        gl_topics_give_back(own->topics, job);
    return job->topic == NULL;
}

static void ingest_reread(void *stage, void *worker)
{
    (void)stage;
    gl_ingest_worker *own = worker;
    if (own->topics != NULL)
        gl_topics_reread(own->topics);
}

/* What Redis was too slow for is written when it is back, also while nothing comes in. */
static bool ingest_idle(void *stage, void *worker, gl_state *state, const int32_t *partitions, size_t count,
                        int64_t now_us)
{
    (void)stage;
    (void)state;
    (void)partitions;
    (void)count;
    (void)now_us;
    gl_ingest_worker *own = worker;
    return gl_early_retry(own->early);
}

static bool ingest_start(void *stage, const gl_stage_env *env, gl_err *err)
{
    gl_ingest *ingest = stage;
    ingest->partition_count = env->partition_count;
    return gl_service_start(ingest, err);
}

static void ingest_stop(void *stage)
{
    gl_ingest *ingest = stage;
    __atomic_store_n(&ingest->stopping, true, __ATOMIC_RELAXED);
    gl_streams_end(ingest->streams, true);
    gl_job_queue_close(ingest->queue);
}

const gl_stage_def gl_ingest_stage = {
    .name = "ingest",
    .outputs = outputs,
    .state_topic = "gl.intake.files",
    .conf_tables = conf_tables,
    .metrics = metric_defs,
    .metric_count = METRIC_COUNT,
    .check = ingest_check,
    .open = ingest_open,
    .reload = ingest_reload,
    .close = ingest_close,
    .worker_open = ingest_worker_open,
    .worker_close = ingest_worker_close,
    .process = gl_ingest_process,
    .dead_lettered = gl_ingest_dead_lettered,
    .applied = gl_ingest_applied,
    .idle = ingest_idle,
    .poll = ingest_poll,
    .offsets = ingest_offsets,
    .keeps = ingest_keeps,
    .reread = ingest_reread,
    .settle = ingest_settle,
    .intake_start = ingest_start,
    .intake_stop = ingest_stop,
};
