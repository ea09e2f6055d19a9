/* See reader.h. */
#include "ingest/push/reader.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/avro.h"
#include "io/inbox.h"

enum { CLOSE_MS = 5000, SCHEMA_MS = 50 };

const char gl_outcome_topic[] = "gl.notifications";

struct gl_outcome_reader {
    rd_kafka_t *consumer;
    gl_inbox *inbox;
    gl_arena *arena;             /* of the record that was given out */
    rd_kafka_message_t *message; /* given out, or waiting for its schema */
    bool waiting;
};

static gl_outcome_reader *reader_new(const gl_kafka_conf *conf, const gl_kafka_client *client, gl_err *err)
{
    gl_outcome_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        abort();
    reader->arena = gl_arena_new(0);
    reader->consumer = gl_kafka_consumer_new(conf, client, err);
    if (reader->consumer != NULL) {
        reader->inbox = gl_inbox_new(reader->consumer);
        return reader;
    }
    gl_outcome_reader_close(reader);
    return NULL;
}

#define SMALL_QUEUE                                                                                                    \
    "queued.max.messages.kbytes", "1024", "queued.min.messages", "500", "fetch.message.max.bytes", "262144"

gl_outcome_reader *gl_outcome_reader_at(const gl_kafka_conf *conf, const char *name, const int64_t *next, size_t count,
                                        gl_err *err)
{
    /* The group is never joined or committed to; librdkafka wants its name. */
    static const char *const settings[] = {
        "group.id", "gl.push", "auto.offset.reset", "error", "enable.partition.eof", "true", SMALL_QUEUE, NULL};
    gl_outcome_reader *reader = reader_new(conf, &(gl_kafka_client){.name = name, .settings = settings}, err);
    if (reader == NULL)
        return NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, gl_outcome_topic, (int32_t)i)->offset = next[i];
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return reader;
    gl_kafka_fail_code(err, code, "reading outcomes");
    gl_outcome_reader_close(reader);
    return NULL;
}

gl_outcome_reader *gl_outcome_reader_join(const gl_kafka_conf *conf, const gl_kafka_client *client, const char *group,
                                          bool from_start, gl_err *err)
{
    const char *const settings[] = {"group.id",
                                    group,
                                    "partition.assignment.strategy",
                                    "cooperative-sticky",
                                    "auto.offset.reset",
                                    from_start ? "earliest" : "error",
                                    "enable.partition.eof",
                                    "true",
                                    SMALL_QUEUE,
                                    NULL};
    gl_kafka_client with = *client;
    with.settings = settings;
    gl_outcome_reader *reader = reader_new(conf, &with, err);
    if (reader == NULL)
        return NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, gl_outcome_topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(reader->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return reader;
    gl_kafka_fail_code(err, code, "subscribing to outcomes");
    gl_outcome_reader_close(reader);
    return NULL;
}

rd_kafka_t *gl_outcome_reader_consumer(gl_outcome_reader *reader)
{
    return reader->consumer;
}

static void drop_message(gl_outcome_reader *reader)
{
    if (reader->message != NULL)
        rd_kafka_message_destroy(reader->message);
    reader->message = NULL;
    reader->waiting = false;
}

void gl_outcome_reader_close(gl_outcome_reader *reader)
{
    if (reader == NULL)
        return;
    drop_message(reader);
    gl_inbox_destroy(reader->inbox);
    if (reader->consumer != NULL && !gl_kafka_consumer_close(reader->consumer, CLOSE_MS))
        gl_log(GL_LOG_WARN, "consumer-close", "a consumer of %s did not close in time", gl_outcome_topic);
    gl_arena_destroy(reader->arena);
    free(reader);
}

/* What is no message. Brokers that are away come back; librdkafka says so and goes on by itself. */
static gl_reading take_event(gl_outcome_reader *reader, gl_outcome *outcome, gl_err *err)
{
    rd_kafka_resp_err_t code = reader->message->err;
    *outcome = (gl_outcome){.partition = reader->message->partition, .offset = reader->message->offset};
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return GL_READING_END;
    gl_kafka_fail_code(err, code, rd_kafka_message_errstr(reader->message));
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return GL_READING_LOST;
    if (rd_kafka_fatal_error(reader->consumer, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR || err->action == GL_FATAL)
        return GL_READING_BROKEN;
    gl_log_err(GL_LOG_DEBUG, err);
    return GL_READING_NOTHING;
}

static gl_reading read_message(gl_outcome_reader *reader, gl_outcome *outcome, gl_err *err)
{
    const rd_kafka_message_t *message = reader->message;
    gl_notification_envelope envelope;
    gl_str value = {message->payload == NULL ? "" : message->payload, message->len};
    reader->waiting = !gl_avro_fallback_prepare(GL_SCHEMA_NOTIFICATION_ENVELOPE, value, err);
    if (reader->waiting)
        return GL_READING_NOTHING;
    *outcome = (gl_outcome){.partition = message->partition, .offset = message->offset};
    if (!gl_notification_envelope_decode(&envelope, (const uint8_t *)value.ptr, value.len, reader->arena, err)) {
        reader->waiting = strcmp(err->code, "schema-unavailable") == 0; /* the registry is away, and comes back */
        return reader->waiting ? GL_READING_NOTHING : GL_READING_UNREADABLE;
    }
    outcome->told = envelope.notification;
    return GL_READING_RECORD;
}

gl_reading gl_outcome_reader_take(gl_outcome_reader *reader, gl_outcome *outcome, int wait_ms, gl_err *err)
{
    if (reader->waiting) {
        gl_sleep_ms(wait_ms < SCHEMA_MS ? wait_ms : SCHEMA_MS);
    } else {
        drop_message(reader);
        gl_arena_reset(reader->arena);
        if (gl_inbox_take(reader->inbox, &reader->message, 1, wait_ms) != 1)
            return GL_READING_NOTHING;
        if (reader->message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return take_event(reader, outcome, err);
    }
    return read_message(reader, outcome, err);
}
