/* See topics.h.
 *
 * While the worker does not keep up, the consumer takes nothing more; when that lasts, it pauses its partitions, so
 * that the group is still served, and goes on later from its own bookkeeping (librdkafka drops what it had fetched of
 * a paused partition). Thread: as said at each part. Locks: the feed's.
 */
#include "ingest/topics.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "ingest/formats/csv/mapping.h"
#include "io/inbox.h"
#include "io/kafka.h"
#include "stage/runtime.h"

enum {
    TOPICS_RECORDS = 10000, /* held for a worker, with TOPICS_BYTES */
    TOPICS_BYTES = 32 * 1024 * 1024,
    POLL_MS = 100,
    FULL_MS = 20,
    PAUSE_AFTER_US = 1000 * 1000,
    REPORT_EVERY_US = 1000 * 1000,
    REFUSED_US = 1000 * 1000,
    HAND_OVER_MS = 5000, /* how long a rebalance waits for the worker */
    ADMIN_MS = 5000,
    CLOSE_MS = 10000,
    RETRY_MS = 1000
};

typedef struct topic_job {
    gl_job job;
    struct gl_topic_record record;
} topic_job;

/* What was last seen of a partition's end, by slot. */
typedef struct seen {
    int64_t read, end; /* offsets, control records included */
    int64_t dropped;   /* the first record that came while paused, -1: none */
    gl_series *lag;
} seen;

struct gl_topics {
    const gl_ingest *ingest;
    int worker;
    gl_feed *feed;
    pthread_t thread;
    bool stop;   /* atomic */
    bool reread; /* atomic: the consumer is to be made anew */
    pthread_mutex_t lock;
    rd_kafka_consumer_group_metadata_t *joined; /* of the last rebalance; NULL: the worker has it. Under the lock */
    /* Thread: worker. */
    bool retrying;      /* it was said that a batch comes back */
    int64_t refused_us; /* offsets were refused then, with the membership there was; 0: they were not */
    rd_kafka_consumer_group_metadata_t *membership;
    /* Thread: consumer. */
    rd_kafka_t *consumer;
    gl_inbox *inbox;
    seen *seen;
    size_t seen_count;
    bool paused, broken; /* broken: the consumer is made anew, from the committed offsets */
    int64_t full_since_us, reported_us;
    gl_series *lag_seconds, *joined_series;
};

/* ---- configuration ---- */

static bool check_topic(const gl_ingest *ingest, const gl_intake_topic *topic, gl_err *err)
{
    for (const gl_intake_topic *other = ingest->topics; other < topic; other++)
        if (strcmp(other->name, topic->name) == 0)
            return gl_fail(err, GL_FATAL, "conf-value", "intake_topics: %s is there twice", topic->name);
    if (topic->account[0] == '\0' && topic->account_header[0] == '\0')
        return gl_fail(err, GL_FATAL, "conf-value",
                       "intake_topics: %s has neither account nor account_header: whose records are they?",
                       topic->name);
    if (topic->account[0] != '\0' && gl_ingest_account(ingest, gl_str_of(topic->account)) == NULL)
        return gl_fail(err, GL_FATAL, "conf-value", "intake_topics: %s: no account \"%s\" in accounts", topic->name,
                       topic->account);
    if (topic->events && topic->format > GL_FORMAT_NDJSON)
        return gl_fail(err, GL_FATAL, "conf-value", "intake_topics: %s: events are json or ndjson", topic->name);
    return true;
}

bool gl_topics_check(const gl_ingest *ingest, gl_err *err)
{
    for (size_t i = 0; i < ingest->topic_count; i++)
        if (!check_topic(ingest, &ingest->topics[i], err))
            return false;
    return true;
}

/* ---- jobs ---- */

static void drop_job(gl_job *job)
{
    gl_job_close(job);
    rd_kafka_message_destroy(job->topic->message);
    free(job);
}

static gl_str header_of(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    if (headers == NULL || name[0] == '\0' ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR || value == NULL)
        return (gl_str){NULL, 0};
    return (gl_str){value, size};
}

/* Whose record it is: the account that the header names, else the topic's. NULL: nobody's that is configured. */
static const gl_account *account_of(const gl_ingest *ingest, const gl_intake_topic *topic,
                                    const rd_kafka_headers_t *headers)
{
    gl_str name = header_of(headers, topic->account_header);
    return gl_ingest_account(ingest, name.ptr != NULL ? name : gl_str_of(topic->account));
}

static gl_format format_of(const gl_intake_topic *topic, gl_str bytes)
{
    return topic->format != GL_FORMAT_UNKNOWN ? (gl_format)topic->format : gl_format_detect(bytes);
}

/* The job owns the message. */
static gl_job *make_job(const gl_topics *topics, const gl_intake_topic *topic, rd_kafka_message_t *message)
{
    topic_job *made = calloc(1, sizeof *made);
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_timestamp_type_t type;
    if (made == NULL)
        abort();
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        headers = NULL;
    gl_str bytes = {message->payload == NULL ? "" : message->payload, message->len};
    made->record = (struct gl_topic_record){
        .topic = topic,
        .place = {.offset = message->offset, .timestamp_ms = rd_kafka_message_timestamp(message, &type)},
        .partition = message->partition,
        .key = {message->key, message->key_len},
        .traceparent = header_of(headers, "traceparent"),
        .tracestate = header_of(headers, "tracestate"),
        .message = message,
        .headers = headers};
    made->job = (gl_job){.account = account_of(topics->ingest, topic, headers),
                         .format = format_of(topic, bytes),
                         .events = topic->events,
                         .profile = gl_str_of(topic->profile),
                         .bytes = bytes,
                         .limit_bytes = (size_t)topics->ingest->conf.http.body_limit_bytes,
                         .received_us = gl_wall_us(),
                         .topic = &made->record};
    return &made->job;
}

static bool has_joined_anew(gl_topics *topics)
{
    pthread_mutex_lock(&topics->lock);
    bool anew = topics->joined != NULL;
    pthread_mutex_unlock(&topics->lock);
    return anew;
}

/* What was refused once would be again, and hold up the rest of its batch: until there is a new membership, or a while
 * has passed. */
gl_job *gl_topics_take(gl_topics *topics)
{
    if (topics->refused_us != 0) {
        if (gl_mono_us() - topics->refused_us < REFUSED_US && !has_joined_anew(topics))
            return NULL;
        topics->refused_us = 0;
    }
    return gl_feed_take(topics->feed);
}

void gl_topics_settle(gl_topics *topics, gl_job *job, bool committed, const gl_err *err)
{
    if (!committed && !topics->retrying)
        gl_log(GL_LOG_WARN, "topic-retry", "records of %s are taken again: %s", job->topic->topic->name, err->message);
    topics->retrying = !committed;
    gl_job_close(job); /* what waits is held as it came */
    gl_feed_settle(topics->feed, job, committed);
}

void gl_topics_give_back(gl_topics *topics, gl_job *job)
{
    topics->refused_us = gl_mono_us();
    gl_job_close(job);
    gl_feed_settle(topics->feed, job, false);
}

/* The newest there is; what an older one sends is refused. */
static void take_membership(gl_topics *topics)
{
    pthread_mutex_lock(&topics->lock);
    if (topics->joined != NULL) {
        if (topics->membership != NULL)
            rd_kafka_consumer_group_metadata_destroy(topics->membership);
        topics->membership = topics->joined;
        topics->joined = NULL;
    }
    pthread_mutex_unlock(&topics->lock);
}

/* The membership first, then whether the partitions are ours: those that are taken away after that go to others in a
 * later generation than the membership's. The records of a partition are in order. */
bool gl_topics_offsets(gl_topics *topics, const gl_batch *batch, gl_intake_offsets *offsets, gl_err *err)
{
    take_membership(topics);
    rd_kafka_topic_partition_list_t *next = rd_kafka_topic_partition_list_new(8);
    for (size_t i = 0; i < batch->count; i++) {
        const struct gl_topic_record *record = ((const gl_job *)batch->records[i].token)->topic;
        if (record == NULL)
            continue;
        if (topics->membership == NULL || !gl_feed_is_ours(topics->feed, &record->place)) {
            rd_kafka_topic_partition_list_destroy(next);
            return gl_fail(err, GL_ABORT_TXN, "kafka-stale-generation", "%s [%" PRId32 "] was taken away meanwhile",
                           record->topic->name, record->partition);
        }
        rd_kafka_topic_partition_t *at =
            rd_kafka_topic_partition_list_find(next, record->topic->name, record->partition);
        if (at == NULL)
            at = rd_kafka_topic_partition_list_add(next, record->topic->name, record->partition);
        at->offset = record->place.offset + 1;
    }
    *offsets = (gl_intake_offsets){next, topics->membership};
    return true;
}

void gl_topics_reread(gl_topics *topics)
{
    gl_feed_clear(topics->feed);
    __atomic_store_n(&topics->reread, true, __ATOMIC_RELEASE);
}

/* ---- the rest: thread consumer ---- */

static int topic_of(const gl_topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->ingest->topic_count; i++)
        if (strcmp(topics->ingest->topics[i].name, name) == 0)
            return (int)i;
    return -1;
}

static bool must_stop(const gl_topics *topics)
{
    return __atomic_load_n(&topics->stop, __ATOMIC_ACQUIRE);
}

static const gl_metric_def *runtime_metric(const char *name)
{
    for (size_t i = 0; i < gl_runtime_metric_count; i++)
        if (strcmp(gl_runtime_metric_defs[i].name, name) == 0)
            return &gl_runtime_metric_defs[i];
    abort(); /* a name that lib/stage does not have */
}

/* SIZE_MAX: not a partition that we have. */
static size_t slot_of(const gl_topics *topics, const char *topic, int32_t partition)
{
    return gl_feed_slot(topics->feed, topic_of(topics, topic), partition);
}

static seen *seen_of(gl_topics *topics, size_t slot)
{
    if (slot >= topics->seen_count) {
        topics->seen = realloc(topics->seen, (slot + 1) * sizeof *topics->seen);
        if (topics->seen == NULL)
            abort();
        memset(topics->seen + topics->seen_count, 0, (slot + 1 - topics->seen_count) * sizeof *topics->seen);
        topics->seen_count = slot + 1;
    }
    return &topics->seen[slot];
}

/* Where the consumer stands is not known any more. Takes the error; NULL: there is none. */
static void check_error(gl_topics *topics, rd_kafka_error_t *error, const char *what)
{
    gl_err err;
    if (error == NULL)
        return;
    gl_kafka_fail(&err, error, what);
    gl_log_err(GL_LOG_WARN, &err);
    topics->broken = true;
}

/* The same for what is said of single partitions. */
static void check_partitions(gl_topics *topics, const rd_kafka_topic_partition_list_t *list, const char *what)
{
    gl_err err;
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        gl_kafka_fail_code(&err, list->elems[i].err, list->elems[i].topic);
        gl_fail_context(&err, "%s", what);
        gl_log_err(GL_LOG_WARN, &err);
        topics->broken = true;
    }
}

/* ---- rebalances ---- */

static void note_membership(gl_topics *topics)
{
    rd_kafka_consumer_group_metadata_t *joined = gl_kafka_membership(topics->consumer);
    if (joined == NULL)
        return;
    pthread_mutex_lock(&topics->lock);
    if (topics->joined != NULL)
        rd_kafka_consumer_group_metadata_destroy(topics->joined);
    topics->joined = joined;
    pthread_mutex_unlock(&topics->lock);
}

static void take_partitions(gl_topics *topics, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        int topic = topic_of(topics, list->elems[i].topic);
        if (topic < 0)
            continue;
        char number[16];
        snprintf(number, sizeof number, "%d", list->elems[i].partition);
        const char *const labels[GL_METRIC_LABELS] = {list->elems[i].topic, number};
        size_t slot = gl_feed_assign(topics->feed, topic, list->elems[i].partition);
        *seen_of(topics, slot) = (seen){
            .read = -1,
            .end = -1,
            .dropped = -1,
            .lag = gl_metrics_series(topics->ingest->registry, runtime_metric("gl_consumer_lag_records"), labels)};
    }
    check_error(topics, rd_kafka_incremental_assign(topics->consumer, list), "taking partitions of intake topics");
    if (topics->paused)
        rd_kafka_pause_partitions(topics->consumer, list);
}

static void ask_to_leave(gl_topics *topics, const rd_kafka_topic_partition_list_t *list, int64_t end_us)
{
    for (int i = 0; i < list->cnt; i++) {
        size_t slot = slot_of(topics, list->elems[i].topic, list->elems[i].partition);
        if (slot != SIZE_MAX)
            gl_feed_leave(topics->feed, slot, end_us);
    }
}

/* The worker may hold records of them: what it commits within HAND_OVER_MS need not be taken again by the next owner.
 */
static void leave_partitions(gl_topics *topics, rd_kafka_topic_partition_list_t *list, bool lost)
{
    int64_t end_us = gl_mono_us() + (lost ? 0 : (int64_t)HAND_OVER_MS * 1000);
    ask_to_leave(topics, list, 0); /* nothing more is taken of any, then each is waited for */
    ask_to_leave(topics, list, end_us);
    for (int i = 0; i < list->cnt; i++) {
        size_t slot = slot_of(topics, list->elems[i].topic, list->elems[i].partition);
        if (slot == SIZE_MAX)
            continue;
        gl_feed_revoke(topics->feed, slot);
        if (seen_of(topics, slot)->lag != NULL)
            gl_series_remove(topics->seen[slot].lag);
        topics->seen[slot] = (seen){0};
    }
    check_error(topics, rd_kafka_incremental_unassign(topics->consumer, list), "leaving partitions of intake topics");
}

static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    gl_topics *topics = opaque;
    bool assigned = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    bool lost = !assigned && rd_kafka_assignment_lost(rk) != 0;
    if (!lost)
        note_membership(topics);
    if (assigned)
        take_partitions(topics, list);
    else
        leave_partitions(topics, list, lost);
    gl_series_set(topics->joined_series, lost ? 0 : 1);
    gl_log(GL_LOG_INFO, "topics-rebalance", "intake topics: %s %d partitions",
           assigned ? "assigned"
           : lost   ? "lost"
                    : "revoked",
           list->cnt);
}

/* ---- taking ---- */

static void note_end(gl_topics *topics, const rd_kafka_message_t *message)
{
    size_t slot = slot_of(topics, rd_kafka_topic_name(message->rkt), message->partition);
    if (slot == SIZE_MAX)
        return;
    seen_of(topics, slot)->read = message->offset;
    seen_of(topics, slot)->end = message->offset;
}

static void take_event(gl_topics *topics, const rd_kafka_message_t *message)
{
    gl_err err;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_end(topics, message);
        return;
    }
    gl_kafka_fail_code(&err, message->err, rd_kafka_message_errstr(message));
    gl_log_err(GL_LOG_WARN, &err);
    topics->broken |= rd_kafka_fatal_error(topics->consumer, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* To the feed, unless it comes from a partition that is paused or no longer ours: then it is read again. */
static void take_message(gl_topics *topics, rd_kafka_message_t *message)
{
    int topic = message->rkt == NULL ? -1 : topic_of(topics, rd_kafka_topic_name(message->rkt));
    size_t slot = topic < 0 ? SIZE_MAX : gl_feed_slot(topics->feed, topic, message->partition);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        take_event(topics, message);
    else if (slot != SIZE_MAX && topics->paused && seen_of(topics, slot)->dropped < 0)
        seen_of(topics, slot)->dropped = message->offset;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || slot == SIZE_MAX || topics->paused) {
        rd_kafka_message_destroy(message);
        return;
    }
    gl_job *job = make_job(topics, &topics->ingest->topics[topic], message);
    seen *at = seen_of(topics, slot);
    bool first = false;
    at->read = message->offset + 1;
    if (!gl_feed_put(topics->feed, slot, job, &first))
        drop_job(job);
    else if (first)
        gl_job_queue_wake(topics->ingest->queue);
}

/* NULL: nothing came for a while. */
static rd_kafka_message_t *next_message(gl_topics *topics)
{
    rd_kafka_message_t *message;
    return gl_inbox_take(topics->inbox, &message, 1, POLL_MS) == 1 ? message : NULL;
}

static rd_kafka_topic_partition_list_t *assignment(const gl_topics *topics)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    if (rd_kafka_assignment(topics->consumer, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    return list;
}

static void pause_all(gl_topics *topics)
{
    rd_kafka_topic_partition_list_t *list = assignment(topics);
    if (list == NULL)
        return;
    rd_kafka_pause_partitions(topics->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    topics->paused = true;
    gl_log(GL_LOG_INFO, "topics-paused", "intake topics wait for worker %d", topics->worker);
}

/* Where to go on: after what was put last, else at the first record that was thrown away; -1: where it is. */
static int64_t resume_offset(gl_topics *topics, const rd_kafka_topic_partition_t *at)
{
    size_t slot = slot_of(topics, at->topic, at->partition);
    if (slot == SIZE_MAX)
        return -1;
    seen *s = seen_of(topics, slot);
    int64_t next = gl_feed_next(topics->feed, slot);
    next = next < 0 ? s->dropped : next;
    s->dropped = -1;
    return next;
}

/* A partition that did not go back would go on behind what was thrown away, and that be lost: then it stays paused, and
 * the consumer is made anew. */
static void resume_all(gl_topics *topics)
{
    rd_kafka_topic_partition_list_t *list = assignment(topics);
    if (list == NULL)
        return;
    rd_kafka_resume_partitions(topics->consumer, list);
    check_partitions(topics, list, "going on with intake topics");
    for (int i = list->cnt - 1; i >= 0; i--) {
        int64_t next = resume_offset(topics, &list->elems[i]);
        if (next < 0)
            rd_kafka_topic_partition_list_del_by_idx(list, i);
        else
            list->elems[i].offset = next;
    }
    if (list->cnt > 0) { /* a time-out is 1000 times too short in 2.0.2 */
        check_error(topics, rd_kafka_seek_partitions(topics->consumer, list, -1), "going back in intake topics");
        check_partitions(topics, list, "going back in intake topics");
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (topics->broken)
        return;
    topics->paused = false;
    gl_log(GL_LOG_INFO, "topics-resumed", "intake topics go on");
}

/* Is nothing to be taken now? Then it has waited a little. */
static bool hold_back(gl_topics *topics)
{
    if (topics->paused) {
        if (gl_feed_has_room(topics->feed))
            resume_all(topics);
        return topics->broken; /* else the group is served in any case */
    }
    if (!gl_feed_is_full(topics->feed)) {
        topics->full_since_us = 0;
        return false;
    }
    int64_t now_us = gl_mono_us();
    if (topics->full_since_us == 0)
        topics->full_since_us = now_us;
    if (now_us - topics->full_since_us >= PAUSE_AFTER_US) {
        pause_all(topics);
        return false;
    }
    gl_feed_wait(topics->feed, FULL_MS);
    return true;
}

static void report_lag(gl_topics *topics)
{
    int64_t now_ms = gl_wall_us() / 1000, oldest_ms = now_ms;
    rd_kafka_topic_partition_list_t *list = assignment(topics);
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        size_t slot = slot_of(topics, at->topic, at->partition);
        int64_t low, high, last_ms = 0;
        if (slot == SIZE_MAX)
            continue;
        seen *s = seen_of(topics, slot);
        if (rd_kafka_get_watermark_offsets(topics->consumer, at->topic, at->partition, &low, &high) ==
                RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > s->end)
            s->end = high;
        int64_t lag = (s->read >= 0 && s->end > s->read ? s->end - s->read : 0) +
                      (int64_t)gl_feed_held(topics->feed, slot, &last_ms);
        gl_series_set(s->lag, (double)lag);
        if (lag > 0 && last_ms > 0 && last_ms < oldest_ms)
            oldest_ms = last_ms;
    }
    if (list != NULL)
        rd_kafka_topic_partition_list_destroy(list);
    gl_series_set(topics->lag_seconds, (double)(now_ms - oldest_ms) / 1000.0);
}

/* The membership may be of a generation whose rebalance is not served yet: that one takes nothing from us before it is.
 */
static void keep_current(gl_topics *topics)
{
    int64_t now_us = gl_mono_us();
    if (now_us - topics->reported_us < REPORT_EVERY_US)
        return;
    topics->reported_us = now_us;
    note_membership(topics);
    report_lag(topics);
}

/* ---- life ---- */

/* Missing ones are made, where daemons may make topics. */
static bool make_topics(const gl_topics *topics, gl_err *err)
{
    const gl_ingest *ingest = topics->ingest;
    if (!ingest->kafka_conf->create_topics)
        return true;
    gl_kafka_admin *admin = gl_kafka_admin_new(ingest->kafka_conf, "intake-topics", err);
    bool good = admin != NULL;
    for (size_t i = 0; good && i < ingest->topic_count; i++) {
        gl_kafka_topic topic = gl_kafka_topic_of(ingest->kafka_conf, ingest->topics[i].name, false);
        good = gl_kafka_topics_create(admin, &topic, 1, NULL, ADMIN_MS, err);
    }
    gl_kafka_admin_destroy(admin);
    return good;
}

static bool subscribe(gl_topics *topics, gl_err *err)
{
    rd_kafka_topic_partition_list_t *names = rd_kafka_topic_partition_list_new((int)topics->ingest->topic_count);
    for (size_t i = 0; i < topics->ingest->topic_count; i++)
        rd_kafka_topic_partition_list_add(names, topics->ingest->topics[i].name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(topics->consumer, names);
    rd_kafka_topic_partition_list_destroy(names);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, "subscribing to intake topics");
}

static bool open_consumer(gl_topics *topics, gl_err *err)
{
    static const char *const settings[] = {
        "group.id", "gl.ingest", "partition.assignment.strategy", "cooperative-sticky", "enable.partition.eof",
        "true",     NULL};
    char name[32];
    snprintf(name, sizeof name, "intake-topics-%d", topics->worker);
    gl_kafka_client client = {.name = name, .settings = settings, .opaque = topics, .rebalance = rebalance};
    topics->consumer = gl_kafka_consumer_new(topics->ingest->kafka_conf, &client, err);
    if (topics->consumer == NULL)
        return false;
    topics->inbox = gl_inbox_new(topics->consumer);
    return subscribe(topics, err);
}

/* Those of a consumer that could not leave in time. */
static void give_up_partitions(gl_topics *topics)
{
    for (size_t i = 0; i < topics->seen_count; i++) {
        gl_feed_revoke(topics->feed, i);
        if (topics->seen[i].lag != NULL)
            gl_series_remove(topics->seen[i].lag);
        topics->seen[i] = (seen){0};
    }
}

/* Leaving the group runs the rebalance callback, which waits for the worker. */
static void close_consumer(gl_topics *topics)
{
    if (topics->consumer == NULL)
        return;
    if (rd_kafka_unsubscribe(topics->consumer) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        int64_t end_us = gl_mono_us() + (int64_t)CLOSE_MS * 1000;
        rd_kafka_topic_partition_list_t *list = assignment(topics);
        while (list != NULL && list->cnt > 0 && gl_mono_us() < end_us) {
            rd_kafka_topic_partition_list_destroy(list);
            rd_kafka_message_t *message = next_message(topics);
            if (message != NULL)
                rd_kafka_message_destroy(message);
            list = assignment(topics);
        }
        if (list != NULL)
            rd_kafka_topic_partition_list_destroy(list);
    }
    give_up_partitions(topics); /* the messages of a consumer go before it does */
    gl_inbox_destroy(topics->inbox);
    topics->inbox = NULL;
    if (!gl_kafka_consumer_close(topics->consumer, CLOSE_MS))
        gl_log(GL_LOG_WARN, "consumer-close", "the consumer of the intake topics did not close in time");
    topics->consumer = NULL;
    gl_series_set(topics->joined_series, 0);
    topics->paused = topics->broken = false;
}

static void consume(gl_topics *topics)
{
    while (!must_stop(topics) && !topics->broken && !__atomic_load_n(&topics->reread, __ATOMIC_ACQUIRE)) {
        keep_current(topics);
        if (hold_back(topics))
            continue;
        rd_kafka_message_t *message = next_message(topics);
        if (message != NULL)
            take_message(topics, message);
    }
}

static void *topics_main(void *context)
{
    gl_topics *topics = context;
    while (!must_stop(topics)) {
        gl_err err = {0};
        __atomic_store_n(&topics->reread, false, __ATOMIC_RELEASE); /* what is taken from now on is read from there */
        if (make_topics(topics, &err) && open_consumer(topics, &err))
            consume(topics);
        close_consumer(topics);
        if (err.code != NULL)
            gl_log_err(err.action == GL_FATAL ? GL_LOG_ERROR : GL_LOG_WARN, &err);
        if (!must_stop(topics))
            gl_sleep_ms(RETRY_MS);
    }
    return NULL;
}

gl_topics *gl_topics_new(const gl_ingest *ingest, int worker, const gl_metric_def *joined)
{
    if (ingest->topic_count == 0 || ingest->kafka_conf == NULL)
        return NULL;
    gl_topics *topics = calloc(1, sizeof *topics);
    char label[16];
    if (topics == NULL)
        abort();
    topics->ingest = ingest;
    topics->worker = worker;
    pthread_mutex_init(&topics->lock, NULL);
    topics->feed = gl_feed_new(TOPICS_RECORDS, TOPICS_BYTES, drop_job);
    snprintf(label, sizeof label, "%d", worker);
    const char *const labels[GL_METRIC_LABELS] = {label};
    topics->lag_seconds = gl_metrics_series(ingest->registry, runtime_metric("gl_consumer_lag_seconds"), labels);
    topics->joined_series = gl_metrics_series(ingest->registry, joined, labels);
    if (pthread_create(&topics->thread, NULL, topics_main, topics) != 0)
        abort();
    return topics;
}

void gl_topics_destroy(gl_topics *topics)
{
    if (topics == NULL)
        return;
    __atomic_store_n(&topics->stop, true, __ATOMIC_RELEASE);
    pthread_join(topics->thread, NULL);
    gl_feed_destroy(topics->feed);
    if (topics->joined != NULL)
        rd_kafka_consumer_group_metadata_destroy(topics->joined);
    if (topics->membership != NULL)
        rd_kafka_consumer_group_metadata_destroy(topics->membership);
    pthread_mutex_destroy(&topics->lock);
    free(topics->seen);
    free(topics);
}
