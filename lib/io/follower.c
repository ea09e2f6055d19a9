/* See follower.h. */
#include "io/follower.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/avro.h"
#include "io/inbox.h"

enum { TAKEN = 100, POLL_MS = 100, QUESTION_MS = 3000, PAUSE_MS = 500, LOOK_MS = 20, SCHEMA_MS = 50, CLOSE_MS = 5000 };

struct gl_follower {
    const gl_kafka_conf *conf;
    const gl_follower_def *def;
    void *context;
    pthread_t thread;
    atomic_bool stopping, complete;
    rd_kafka_t *consumer; /* the thread's, as what follows */
    gl_inbox *inbox;
    gl_arena *arena; /* of one record */
    bool told;       /* that something is wrong, until it is not any more */
};

static bool is_stopping(const gl_follower *follower)
{
    return atomic_load_explicit(&follower->stopping, memory_order_relaxed);
}

static bool is_complete(const gl_follower *follower)
{
    return atomic_load_explicit(&follower->complete, memory_order_acquire);
}

static void pause_for(const gl_follower *follower, int ms)
{
    for (int64_t end = gl_mono_us() + (int64_t)ms * 1000; gl_mono_us() < end && !is_stopping(follower);)
        gl_sleep_ms(LOOK_MS);
}

/* Once, until it works again. */
static void tell(gl_follower *follower, const gl_err *err)
{
    gl_log_err(follower->told ? GL_LOG_DEBUG : GL_LOG_WARN, err);
    follower->told = true;
}

static void complete(gl_follower *follower)
{
    follower->told = false;
    if (is_complete(follower))
        return;
    follower->def->complete(follower->context);
    atomic_store_explicit(&follower->complete, true, memory_order_release);
}

/* ---- records ---- */

static void note_unreadable(const gl_follower *follower, const rd_kafka_message_t *message, gl_err *err)
{
    gl_fail_context(err, "%s offset %lld", follower->def->topic, (long long)message->offset);
    gl_log_err(GL_LOG_ERROR, err);
    if (follower->def->unreadable != NULL)
        gl_series_add(follower->def->unreadable, 1);
}

static void take_record(const gl_follower *follower, const rd_kafka_message_t *message)
{
    const gl_follower_def *def = follower->def;
    gl_str key = {message->key, message->key_len}, value = {message->payload, message->len};
    gl_err err = {0};

    if (message->payload == NULL) {
        def->remove(follower->context, key);
        return;
    }
    gl_arena_reset(follower->arena);
    while (!gl_avro_fallback_prepare(def->schema, value, &err) ||
           !def->take(follower->context, key, value, follower->arena, &err)) {
        if (err.action != GL_RETRY) {
            note_unreadable(follower, message, &err);
            return;
        }
        if (is_stopping(follower))
            return;
        pause_for(follower, SCHEMA_MS);
        err = (gl_err){0};
        gl_arena_reset(follower->arena);
    }
}

/* ---- the consumer ---- */

/* Is the topic there? With kafka.create_topics it is its writer that makes it. */
static bool exists(gl_follower *follower, gl_err *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(follower->consumer, follower->def->topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(follower->consumer, 0, topic, &metadata, QUESTION_MS);

    rd_kafka_topic_destroy(topic);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        rd_kafka_metadata_destroy(metadata);
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        complete(follower); /* so nothing is in it */
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, follower->def->topic);
}

static bool fail_reading(const gl_follower *follower, rd_kafka_resp_err_t code, gl_err *err)
{
    gl_kafka_fail_code(err, code, follower->def->topic);
    return gl_fail_context(err, "reading");
}

static bool begin(const gl_follower *follower, gl_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, follower->def->topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t code = rd_kafka_assign(follower->consumer, list);

    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || fail_reading(follower, code, err);
}

/* False: the consumer is to be made anew. */
static bool take_event(gl_follower *follower, const rd_kafka_message_t *message)
{
    rd_kafka_resp_err_t code = message->err;
    gl_err err = {0};

    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        complete(follower);
        return true;
    }
    fail_reading(follower, code, &err);
    tell(follower, &err);
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        follower->def->clear(follower->context);
        return begin(follower, &err);
    }
    return err.action != GL_FATAL;
}

static bool take(gl_follower *follower, rd_kafka_message_t *message)
{
    bool good = true;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        take_record(follower, message);
    else
        good = take_event(follower, message);
    rd_kafka_message_destroy(message);
    return good;
}

static void follow(gl_follower *follower)
{
    rd_kafka_message_t *messages[TAKEN];
    for (bool good = true; good && !is_stopping(follower);) {
        ssize_t count = gl_inbox_take(follower->inbox, messages, TAKEN, POLL_MS);
        for (ssize_t i = 0; i < count; i++)
            good = take(follower, messages[i]) && good;
        follower->def->turn(follower->context);
    }
}

static bool open_consumer(gl_follower *follower, gl_err *err)
{
    const char *const settings[] = {"group.id",
                                    follower->def->group,
                                    "auto.offset.reset",
                                    "error",
                                    "enable.partition.eof",
                                    "true",
                                    "fetch.wait.max.ms",
                                    "100",
                                    "queued.max.messages.kbytes",
                                    "4096",
                                    NULL};
    gl_kafka_client client = {.name = follower->def->client, .settings = settings};
    follower->consumer = gl_kafka_consumer_new(follower->conf, &client, err);
    follower->inbox = follower->consumer == NULL ? NULL : gl_inbox_new(follower->consumer);
    return follower->consumer != NULL;
}

static void close_consumer(gl_follower *follower)
{
    gl_inbox_destroy(follower->inbox);
    follower->inbox = NULL;
    if (follower->consumer != NULL && !gl_kafka_consumer_close(follower->consumer, CLOSE_MS))
        gl_log(GL_LOG_WARN, "consumer-close", "the consumer of %s did not close in time", follower->def->topic);
    follower->consumer = NULL;
}

static void *run(void *context)
{
    gl_follower *follower = context;
    while (!is_stopping(follower)) {
        gl_err err = {0};
        bool open = open_consumer(follower, &err);
        while (open && !exists(follower, &err) && err.action == GL_RETRY && !is_stopping(follower)) {
            if (!is_complete(follower))
                tell(follower, &err);
            pause_for(follower, PAUSE_MS);
            err = (gl_err){0};
        }
        if (open && err.code == NULL && begin(follower, &err))
            follow(follower);
        if (err.code != NULL && !is_stopping(follower))
            tell(follower, &err);
        close_consumer(follower);
        pause_for(follower, PAUSE_MS);
    }
    return NULL;
}

/* ---- life cycle ---- */

gl_follower *gl_follower_start(const gl_kafka_conf *conf, const gl_follower_def *def, void *context)
{
    gl_follower *follower = calloc(1, sizeof *follower);

    if (follower == NULL)
        abort();
    follower->conf = conf;
    follower->def = def;
    follower->context = context;
    follower->arena = gl_arena_new(0);
    if (pthread_create(&follower->thread, NULL, run, follower) != 0)
        abort();
    return follower;
}

bool gl_follower_wait(const gl_follower *follower, int64_t wait_ms)
{
    int64_t end = gl_mono_us() + wait_ms * 1000;

    while (!is_complete(follower) && gl_mono_us() < end)
        gl_sleep_ms(LOOK_MS);
    return is_complete(follower);
}

void gl_follower_stop(gl_follower *follower)
{
    if (follower == NULL)
        return;
    atomic_store_explicit(&follower->stopping, true, memory_order_relaxed);
    pthread_join(follower->thread, NULL);
    gl_arena_destroy(follower->arena);
    free(follower);
}
