/* See precedent_feed.h. */
#include "classify/precedent_feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/topics.h"
#include "io/avro.h"
#include "io/inbox.h"

enum { TAKEN = 100, POLL_MS = 100, QUESTION_MS = 3000, PAUSE_MS = 500, LOOK_MS = 20, SCHEMA_MS = 50, CLOSE_MS = 5000 };

struct gl_precedent_feed {
    const gl_kafka_conf *conf;
    gl_precedents *precedents;
    gl_precedent_series series;
    pthread_t thread;
    atomic_bool stopping;
    rd_kafka_t *consumer; /* the thread's, as what follows */
    gl_inbox *inbox;
    gl_arena *arena; /* of one record */
    bool told;       /* that something is wrong, until it is not any more */
};

static bool is_stopping(const gl_precedent_feed *feed)
{
    return atomic_load_explicit(&feed->stopping, memory_order_relaxed);
}

static void pause_for(const gl_precedent_feed *feed, int ms)
{
    for (int64_t end = gl_mono_us() + (int64_t)ms * 1000; gl_mono_us() < end && !is_stopping(feed);)
        gl_sleep_ms(LOOK_MS);
}

/* Once, until it works again. */
static void tell(gl_precedent_feed *feed, const gl_err *err)
{
    gl_log_err(feed->told ? GL_LOG_DEBUG : GL_LOG_WARN, err);
    feed->told = true;
}

static void show_count(const gl_precedent_feed *feed)
{
    if (feed->series.texts != NULL)
        gl_series_set(feed->series.texts, (double)gl_precedents_count(feed->precedents));
}

static void complete(gl_precedent_feed *feed)
{
    feed->told = false;
    if (gl_precedents_is_complete(feed->precedents))
        return;
    gl_precedents_complete(feed->precedents);
    show_count(feed);
    if (feed->series.complete != NULL)
        gl_series_set(feed->series.complete, 1);
    gl_log(GL_LOG_INFO, "precedents-read", "%zu texts have a ruling", gl_precedents_count(feed->precedents));
}

/* ---- records ---- */

static void note_unreadable(const gl_precedent_feed *feed, const rd_kafka_message_t *message, gl_err *err)
{
    gl_fail_context(err, "%s offset %lld", GL_PRECEDENT_TOPIC, (long long)message->offset);
    gl_log_err(GL_LOG_ERROR, err);
    if (feed->series.unreadable != NULL)
        gl_series_add(feed->series.unreadable, 1);
}

/* Waits for a schema that the registry has not told yet. */
static bool decode(const gl_precedent_feed *feed, gl_str value, gl_precedent_envelope *envelope, gl_err *err)
{
    for (;;) {
        *err = (gl_err){0};
        gl_arena_reset(feed->arena);
        if (gl_avro_fallback_prepare(GL_SCHEMA_PRECEDENT_ENVELOPE, value, err) &&
            gl_precedent_envelope_decode(envelope, (const uint8_t *)value.ptr, value.len, feed->arena, err))
            return true;
        if (err->action != GL_RETRY || is_stopping(feed))
            return false;
        pause_for(feed, SCHEMA_MS);
    }
}

static void take_record(const gl_precedent_feed *feed, const rd_kafka_message_t *message)
{
    gl_str key = {message->key, message->key_len}, value = {message->payload, message->len};
    gl_precedent_envelope envelope;
    gl_err err = {0};

    if (message->payload == NULL) {
        gl_precedents_remove(feed->precedents, key);
        return;
    }
    if (!decode(feed, value, &envelope, &err) || !gl_precedents_put(feed->precedents, &envelope.precedent, &err)) {
        if (err.action != GL_RETRY)
            note_unreadable(feed, message, &err);
        return;
    }
    if (gl_precedents_is_complete(feed->precedents) && feed->series.delay != NULL)
        gl_series_observe(feed->series.delay, (double)(gl_wall_us() - envelope.precedent.received_at) / 1e6);
}

/* ---- the consumer ---- */

/* Is the topic there? With kafka.create_topics it is ingest that makes it. */
static bool exists(gl_precedent_feed *feed, gl_err *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(feed->consumer, GL_PRECEDENT_TOPIC, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(feed->consumer, 0, topic, &metadata, QUESTION_MS);

    rd_kafka_topic_destroy(topic);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        rd_kafka_metadata_destroy(metadata);
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        complete(feed); /* so nothing was ruled */
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, GL_PRECEDENT_TOPIC);
}

static bool begin(const gl_precedent_feed *feed, gl_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, GL_PRECEDENT_TOPIC, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t code = rd_kafka_assign(feed->consumer, list);

    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, "reading " GL_PRECEDENT_TOPIC);
}

/* False: the consumer is to be made anew. */
static bool take_event(gl_precedent_feed *feed, const rd_kafka_message_t *message)
{
    rd_kafka_resp_err_t code = message->err;
    gl_err err = {0};

    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        complete(feed);
        return true;
    }
    gl_kafka_fail_code(&err, code, "reading " GL_PRECEDENT_TOPIC);
    tell(feed, &err);
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        gl_precedents_clear(feed->precedents); /* the topic was made again */
        return begin(feed, &err);
    }
    return err.action != GL_FATAL;
}

static bool take(gl_precedent_feed *feed, rd_kafka_message_t *message)
{
    bool good = true;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        take_record(feed, message);
    else
        good = take_event(feed, message);
    rd_kafka_message_destroy(message);
    return good;
}

static void follow(gl_precedent_feed *feed)
{
    rd_kafka_message_t *messages[TAKEN];
    for (bool good = true; good && !is_stopping(feed);) {
        ssize_t count = gl_inbox_take(feed->inbox, messages, TAKEN, POLL_MS);
        for (ssize_t i = 0; i < count; i++)
            good = take(feed, messages[i]) && good;
        if (count > 0)
            show_count(feed);
    }
}

static bool open_consumer(gl_precedent_feed *feed, gl_err *err)
{
    /* The group is never joined or committed to; librdkafka wants its name. */
    static const char *const settings[] = {"group.id",
                                           "gl.classify.precedents",
                                           "auto.offset.reset",
                                           "error",
                                           "enable.partition.eof",
                                           "true",
                                           "fetch.wait.max.ms",
                                           "100",
                                           "queued.max.messages.kbytes",
                                           "4096",
                                           NULL};
    gl_kafka_client client = {.name = "precedents", .settings = settings};
    feed->consumer = gl_kafka_consumer_new(feed->conf, &client, err);
    feed->inbox = feed->consumer == NULL ? NULL : gl_inbox_new(feed->consumer);
    return feed->consumer != NULL;
}

static void close_consumer(gl_precedent_feed *feed)
{
    gl_inbox_destroy(feed->inbox);
    feed->inbox = NULL;
    if (feed->consumer != NULL && !gl_kafka_consumer_close(feed->consumer, CLOSE_MS))
        gl_log(GL_LOG_WARN, "consumer-close", "the consumer of %s did not close in time", GL_PRECEDENT_TOPIC);
    feed->consumer = NULL;
}

static void *run(void *context)
{
    gl_precedent_feed *feed = context;
    while (!is_stopping(feed)) {
        gl_err err = {0};
        bool open = open_consumer(feed, &err);
        while (open && !exists(feed, &err) && err.action == GL_RETRY && !is_stopping(feed)) {
            if (!gl_precedents_is_complete(feed->precedents))
                tell(feed, &err);
            pause_for(feed, PAUSE_MS);
            err = (gl_err){0};
        }
        if (open && err.code == NULL && begin(feed, &err))
            follow(feed);
        if (err.code != NULL && !is_stopping(feed))
            tell(feed, &err);
        close_consumer(feed);
        pause_for(feed, PAUSE_MS);
    }
    return NULL;
}

/* ---- life cycle ---- */

gl_precedent_feed *gl_precedent_feed_start(const gl_kafka_conf *conf, gl_precedents *precedents,
                                           const gl_precedent_series *series)
{
    gl_precedent_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL)
        abort();
    feed->conf = conf;
    feed->precedents = precedents;
    feed->series = *series;
    feed->arena = gl_arena_new(0);
    if (pthread_create(&feed->thread, NULL, run, feed) != 0)
        abort();
    return feed;
}

bool gl_precedent_feed_wait(const gl_precedent_feed *feed, int64_t wait_ms)
{
    int64_t end = gl_mono_us() + wait_ms * 1000;

    while (!gl_precedents_is_complete(feed->precedents) && gl_mono_us() < end)
        gl_sleep_ms(LOOK_MS);
    if (gl_precedents_is_complete(feed->precedents))
        return true;
    gl_log(GL_LOG_WARN, "precedents-unread",
           "%s could not be read to its end within %lld ms: what is classified until it is says that it is degraded",
           GL_PRECEDENT_TOPIC, (long long)wait_ms);
    return false;
}

void gl_precedent_feed_stop(gl_precedent_feed *feed)
{
    if (feed == NULL)
        return;
    atomic_store_explicit(&feed->stopping, true, memory_order_relaxed);
    pthread_join(feed->thread, NULL);
    gl_arena_destroy(feed->arena);
    free(feed);
}
