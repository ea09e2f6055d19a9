/* The producer's side of a worker: one transaction per batch with outputs, state changes, dead letters and offsets.
 *
 * Payloads are not copied: they stay in the batch's arena (or in the consumed message) until the transaction has ended,
 * when every delivery report has been served. librdkafka's errors are branched on by what to do: the same call again,
 * abort, or end (see gl_kafka_fail).
 * Thread: worker. Locks: none.
 */
#include "stage/internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum { CALL_MS = 30000, RECORD_OVERHEAD_BYTES = 128 };

/* ---- clients ---- */

static size_t bytes_of(const gl_outbox_entry *entry)
{
    return entry->key.len + entry->value.len;
}

/* The first failure counts; of records refused together with their request, the largest. */
static void note_failure(gl_worker *worker, const gl_outbox_entry *entry, const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return; /* by our own abort */
    gl_err err;
    gl_kafka_fail_code(&err, message->err, rd_kafka_topic_name(message->rkt));
    bool first = worker->delivery_failure.action == GL_NONE;
    bool larger = !first && err.action == GL_DEAD_LETTER && worker->delivery_failure.action == GL_DEAD_LETTER &&
                  bytes_of(entry) > bytes_of(worker->delivery_failure_entry);
    if (!first && !larger)
        return;
    worker->delivery_failure = err;
    worker->delivery_failure_entry = entry;
}

/* Called while the producer is polled, flushed or committed, so on the worker's thread. */
static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    gl_worker *worker = opaque;
    const gl_outbox_entry *entry =
        message->_private; /* of the outbox, which stands still while a transaction is open */
    worker->delivered++;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_failure(worker, entry, message);
        return;
    }
    worker->stored++;
    if (entry->kind == 's' && worker->markers[message->partition] <= message->offset)
        worker->markers[message->partition] = message->offset + 1;
}

/* Handles made now: the first record to a topic without one waits for metadata up to a second (librdkafka issue 5032).
 */
static bool open_topics(gl_worker *worker, gl_err *err)
{
    const gl_runtime *runtime = worker->runtime;
    char dlq[128];
    snprintf(dlq, sizeof dlq, "gl.%s.dlq", runtime->def->name);
    bool good = true;
    for (size_t i = 0; i < runtime->output_count; i++) {
        worker->output_topics[i] = rd_kafka_topic_new(worker->producer, runtime->def->outputs[i], NULL);
        good = good && worker->output_topics[i] != NULL;
    }
    if (runtime->def->state_topic != NULL) {
        worker->state_topic = rd_kafka_topic_new(worker->producer, runtime->def->state_topic, NULL);
        good = good && worker->state_topic != NULL;
    }
    worker->dlq_topic = rd_kafka_topic_new(worker->producer, dlq, NULL);
    if (!good || worker->dlq_topic == NULL)
        return gl_kafka_fail_code(err, rd_kafka_last_error(), "cannot use a topic");
    return true;
}

/* Tried again until it is done, time is over, or `given_up` is set. */
static bool init_transactions(gl_worker *worker, const atomic_bool *given_up, gl_err *err)
{
    int64_t end = gl_mono_us() + worker->runtime->stage_conf->start_deadline_ms * 1000;
    for (;;) {
        gl_worker_step(worker, "init-transactions");
        rd_kafka_error_t *error = rd_kafka_init_transactions(worker->producer, 5000);
        if (error == NULL)
            return true;
        gl_kafka_fail(err, error, worker->transactional_id);
        if (err->action != GL_RETRY || gl_mono_us() > end || atomic_load(given_up))
            return false;
        gl_log_err(GL_LOG_WARN, err);
    }
}

static bool open_producer(gl_worker *worker, const atomic_bool *given_up, gl_err *err)
{
    char timeout[24];
    snprintf(timeout, sizeof timeout, "%lld", (long long)worker->runtime->kafka_conf->transaction_timeout_ms);
    const char *const settings[] = {"transactional.id", worker->transactional_id, "transaction.timeout.ms", timeout,
                                    NULL};
    gl_kafka_client client = {.name = worker->name, .settings = settings, .opaque = worker, .delivered = delivered};
    worker->producer = gl_kafka_producer_new(worker->runtime->kafka_conf, &client, err);
    return worker->producer != NULL && open_topics(worker, err) && init_transactions(worker, given_up, err);
}

bool gl_txn_open(gl_worker *worker, gl_err *err)
{
    return open_producer(worker, &worker->runtime->stopping, err);
}

static void close_topic(rd_kafka_topic_t **topic)
{
    if (*topic != NULL)
        rd_kafka_topic_destroy(*topic);
    *topic = NULL;
}

void gl_txn_close(gl_worker *worker)
{
    for (size_t i = 0; i < worker->runtime->output_count; i++)
        close_topic(&worker->output_topics[i]);
    close_topic(&worker->state_topic);
    close_topic(&worker->dlq_topic);
    if (worker->producer != NULL) {
        rd_kafka_purge(worker->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(worker->producer,
                       1000); /* the delivery reports of what was purged: payloads must not outlive the arena */
        rd_kafka_destroy(worker->producer);
    }
    worker->producer = NULL;
    worker->txn_open = false;
}

/* ---- producing ---- */

int64_t gl_txn_limit_bytes(const gl_worker *worker, const gl_outbox_entry *entry)
{
    const gl_kafka_conf *conf = worker->runtime->kafka_conf;
    return (entry->kind == 'd' ? conf->dlq_message_limit_bytes : conf->message_limit_bytes) - RECORD_OVERHEAD_BYTES;
}

/* One record with headers, which librdkafka takes only on success. */
static rd_kafka_resp_err_t produce_with_headers(gl_worker *worker, rd_kafka_topic_t *topic, int32_t partition,
                                                gl_str key, gl_str value, void *opaque, rd_kafka_headers_t *headers)
{
    /* the tags without librdkafka's macros, which are GNU expressions; not produceva: it frees headers twice (issue
     * 4628) */
    return rd_kafka_producev(worker->producer, RD_KAFKA_VTYPE_RKT, topic, RD_KAFKA_VTYPE_PARTITION, partition,
                             RD_KAFKA_VTYPE_VALUE, (void *)value.ptr, value.len, RD_KAFKA_VTYPE_KEY, (void *)key.ptr,
                             key.len, RD_KAFKA_VTYPE_MSGFLAGS, 0, RD_KAFKA_VTYPE_OPAQUE, opaque, RD_KAFKA_VTYPE_HEADERS,
                             headers, RD_KAFKA_VTYPE_END);
}

static rd_kafka_headers_t *trace_headers(const gl_record *cause)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
    rd_kafka_header_add(headers, "traceparent", -1, cause->traceparent.ptr, (ssize_t)cause->traceparent.len);
    if (cause->tracestate.len > 0)
        rd_kafka_header_add(headers, "tracestate", -1, cause->tracestate.ptr, (ssize_t)cause->tracestate.len);
    return headers;
}

static rd_kafka_topic_t *topic_of(const gl_worker *worker, const gl_outbox_entry *entry)
{
    return entry->kind == 'o'   ? worker->output_topics[entry->output]
           : entry->kind == 's' ? worker->state_topic
                                : worker->dlq_topic;
}

static rd_kafka_resp_err_t produce_once(gl_worker *worker, const gl_outbox_entry *entry)
{
    void *opaque = (void *)entry;
    rd_kafka_topic_t *topic = topic_of(worker, entry);
    rd_kafka_headers_t *headers = NULL;
    gl_str value = entry->value;
    int32_t partition =
        entry->kind == 'd' && worker->runtime->input_count == 0 ? RD_KAFKA_PARTITION_UA : entry->partition;
#if GL_MUTANT == 14 /* partition out is not partition in */
    if (entry->kind == 'o' && worker->runtime->input_count > 0)
        partition = (entry->partition + (int32_t)(entry->cause->offset & 1)) % worker->runtime->partitions;
#endif
    if (entry->kind == 'd')
        headers = gl_dead_letter_headers(worker, entry, &value);
    else if (entry->kind == 'o' && entry->cause != NULL && entry->cause->traceparent.len > 0)
        headers = trace_headers(entry->cause);
    if (headers == NULL) {
        int failed =
            rd_kafka_produce(topic, partition, 0, (void *)value.ptr, value.len, entry->key.ptr, entry->key.len, opaque);
        return failed == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
    }
    rd_kafka_resp_err_t code = produce_with_headers(worker, topic, partition, entry->key, value, opaque, headers);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

/* A full queue empties itself while it is polled. */
static bool produce(gl_worker *worker, const gl_outbox_entry *entry)
{
    int64_t end = gl_mono_us() + worker->runtime->kafka_conf->transaction_timeout_ms * 1000;
    rd_kafka_resp_err_t code = produce_once(worker, entry);
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && gl_mono_us() < end && !atomic_load(&worker->runtime->aborting)) {
        gl_inbox_rest(worker->producer, 10);
        code = produce_once(worker, entry);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        worker->produced++;
        return true;
    }
    gl_kafka_fail_code(&worker->err, code, rd_kafka_topic_name(topic_of(worker, entry)));
    worker->delivery_failure = worker->err;
    worker->delivery_failure_entry = entry;
    if (worker->err.action == GL_FATAL &&
        rd_kafka_fatal_error(worker->producer, NULL, 0) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        code == RD_KAFKA_RESP_ERR__STATE) /* the transaction failed under us: the commit or the abort will say why */
        worker->err.action = GL_ABORT_TXN;
    return false;
}

bool gl_txn_produce(gl_worker *worker)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(worker->outbox, &count);
    rd_kafka_error_t *error = rd_kafka_begin_transaction(worker->producer);
    if (error != NULL)
        return gl_kafka_fail(&worker->err, error, "beginning a transaction");
    worker->txn_open = true;
    worker->txn_begun_us = gl_mono_us();
    worker->produced = worker->delivered = worker->stored = worker->dead_letter_count = 0;
    worker->delivery_failure = (gl_err){0};
    memset(worker->markers, 0, (size_t)worker->runtime->partitions * sizeof *worker->markers);
    for (size_t i = 0; i < count; i++)
        if (!produce(worker, &entries[i]))
            return false;
    gl_point_reached(GL_POINT_PRODUCED);
    return true;
}

/* ---- ending ---- */

/* Retriable errors: the same call with the same arguments; it resumes where it was. */
static bool again(gl_worker *worker, rd_kafka_error_t *error, const char *what, int64_t end_us)
{
    gl_kafka_fail(&worker->err, error, what);
    if (worker->err.action != GL_RETRY)
        return false;
    if (gl_mono_us() > end_us || atomic_load(&worker->runtime->aborting)) {
        worker->err.action = GL_FATAL; /* whether it happened is unknown: a new start will find out */
        return gl_fail_context(&worker->err, "no answer in time");
    }
    gl_worker_step(worker, what);
    gl_log_err(GL_LOG_WARN, &worker->err);
    gl_inbox_rest(worker->producer, 20);
    return true;
}

static rd_kafka_topic_partition_list_t *offsets_of(const gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    if (worker->timing)
        return gl_standing_offsets(worker);
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(8);
    for (size_t input = 0; input < runtime->input_count; input++)
        for (int32_t p = 0; p < runtime->partitions; p++) {
            const gl_partition *at = &worker->partitions[input * (size_t)runtime->partitions + (size_t)p];
            if (at->in_batch)
                rd_kafka_topic_partition_list_add(offsets, runtime->def->inputs[input], p)->offset = at->batch_next;
        }
    return offsets;
}

/* With which membership what is sent; `next` NULL: nothing is. false: worker->err. */
static bool find_offsets(gl_worker *worker, gl_intake_offsets *found)
{
    const gl_runtime *runtime = worker->runtime;
    *found = (gl_intake_offsets){NULL, NULL};
    if (gl_batch_has_offsets(worker))
        return runtime->def->offsets(runtime->stage, worker->context, &worker->batch, found, &worker->err);
    if (runtime->input_count == 0)
        return true;
    if (worker->group_metadata == NULL)
        return gl_fail(&worker->err, GL_ABORT_TXN, "kafka-stale-generation",
                       "%s is in no group any more: its partitions may be another's", worker->name);
    *found = (gl_intake_offsets){offsets_of(worker), worker->group_metadata};
    return true;
}

static bool send_offsets(gl_worker *worker, int64_t end_us)
{
    gl_intake_offsets sent;
    if (!find_offsets(worker, &sent))
        return false;
    bool good = true;
    while (sent.next != NULL) {
#if GL_MUTANT == 1 /* offsets are committed outside the transaction */
        if (worker->consumer != NULL)
            rd_kafka_commit(worker->consumer, sent.next, 0);
        rd_kafka_error_t *error = NULL;
#else
        rd_kafka_error_t *error =
            rd_kafka_send_offsets_to_transaction(worker->producer, sent.next, sent.group, CALL_MS);
#endif
        if (error == NULL)
            break;
        if (!again(worker, error, "sending offsets", end_us)) {
            good = false;
            break;
        }
    }
    if (good && sent.next != NULL)
        gl_point_reached(GL_POINT_OFFSETS);
    if (sent.next != NULL)
        rd_kafka_topic_partition_list_destroy(sent.next);
    return good;
}

bool gl_txn_commit(gl_worker *worker)
{
    int64_t end = gl_mono_us() + worker->runtime->stage_conf->retry_deadline_ms * 1000;
    if (!send_offsets(worker, end)) {
        worker->offsets_refused = worker->err.action == GL_ABORT_TXN;
        return false;
    }
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_commit_transaction(worker->producer, -1);
        if (error == NULL)
            break;
        if (!again(worker, error, "committing", end))
            return false;
    }
    worker->txn_open = false;
    if (worker->delivered != worker->produced || worker->delivery_failure.action != GL_NONE)
        return gl_fail(&worker->err, GL_FATAL, "txn-incomplete",
                       "committed with %zu delivery reports for %zu records: %s", worker->delivered, worker->produced,
                       worker->delivery_failure.message);
    gl_point_reached(GL_POINT_COMMITTED);
    return true;
}

/* A record of the aborted transaction whose answer was lost may be in the log. librdkafka 2.0.2 gives its sequence
 * number to the next record of its partition (rd_kafka_toppar_purge_queues: "advancing epoch base msgid"); the broker
 * takes that one for a repetition and stores nothing, and the commit succeeds without it. A new epoch starts the
 * numbers anew. A drain waits for it as for any batch, until its deadline. What cannot be made is taken away: the
 * worker then makes all its clients again, or ends when it is to end anyway. */
static bool renew_producer(gl_worker *worker)
{
    gl_log(GL_LOG_INFO, "producer-renewed", "%s: %zu of %zu records of the aborted transaction are known to be stored",
           worker->name, worker->stored, worker->produced);
    gl_series_add(worker->runtime->series.renewed, 1);
    gl_txn_close(worker);
    if (open_producer(worker, &worker->runtime->aborting, &worker->err))
        return true;
    gl_txn_close(worker);
    return false;
}

bool gl_txn_abort(gl_worker *worker)
{
    if (!worker->txn_open)
        return true;
    gl_err why = worker->err;
    int64_t end = gl_mono_us() + worker->runtime->stage_conf->retry_deadline_ms * 1000;
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_abort_transaction(worker->producer, -1);
        if (error == NULL)
            break;
        if (!again(worker, error, "aborting", end))
            return false;
    }
    worker->txn_open = false;
    gl_series_add(gl_runtime_series1(worker->runtime, "gl_txn_aborts_total", why.code == NULL ? "unknown" : why.code),
                  1);
    if (worker->stored != worker->produced && GL_MUTANT != 17 && !renew_producer(worker))
        return false;
    worker->err = why;
    return true;
}
