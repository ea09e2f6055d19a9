/* See topic_reader.h. */
#include "cli/topic_reader.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#include "base/clock.h"

enum { METADATA_TIMEOUT_MS = 10000 };

struct gl_topic_reader {
    rd_kafka_t *consumer;
    rd_kafka_message_t *message; /* the record handed out */
    bool follow;
    bool *ended; /* by partition */
    int32_t partitions, open_count, ended_count;
};

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, gl_err *err)
{
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    return gl_fail(err, GL_FATAL, "kafka-configuration", "%s", text);
}

static rd_kafka_t *make_consumer(const char *brokers, gl_err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256] = "";
    bool ok = set(conf, "bootstrap.servers", brokers, err) && set(conf, "group.id", "greenlane-cli", err) &&
              set(conf, "enable.auto.commit", "false", err) && set(conf, "isolation.level", "read_committed", err) &&
              set(conf, "auto.offset.reset", "earliest", err) && set(conf, "enable.partition.eof", "true", err) &&
              set(conf, "fetch.wait.max.ms", "50", err) &&
              set(conf, "log_level", "0", err) /* what matters comes as an error */;
    rd_kafka_t *consumer = ok ? rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text) : NULL;
    if (consumer == NULL) {
        if (ok)
            gl_fail(err, GL_FATAL, "kafka-configuration", "%s", text);
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

static int32_t count_partitions(rd_kafka_t *consumer, const char *brokers, const char *topic, gl_err *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer, topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer, 0, handle, &metadata, METADATA_TIMEOUT_MS);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        gl_fail(err, GL_RETRY, "kafka-unavailable", "brokers %s: %s", brokers, rd_kafka_err2str(code));
        return 0;
    }
    int32_t count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    if (count == 0)
        gl_fail(err, GL_RETRY, "kafka-topic-missing", "there is no topic %s: greenlane topics create makes it", topic);
    return count;
}

gl_topic_reader *gl_topic_reader_open(const char *brokers, const char *topic, int32_t partition, bool follow,
                                      gl_err *err)
{
    gl_topic_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        abort();
    reader->follow = follow;
    reader->consumer = make_consumer(brokers, err);
    if (reader->consumer != NULL)
        reader->partitions = count_partitions(reader->consumer, brokers, topic, err);
    if (reader->partitions == 0) {
        gl_topic_reader_close(reader);
        return NULL;
    }
    reader->ended = calloc((size_t)reader->partitions, sizeof *reader->ended);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(reader->partitions);
    for (int32_t p = 0; p < reader->partitions; p++) {
        if (partition >= 0 && p != partition)
            continue;
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
        reader->open_count++;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || reader->ended == NULL) {
        gl_fail(err, GL_RETRY, "kafka-unavailable", "%s", rd_kafka_err2str(code));
        gl_topic_reader_close(reader);
        return NULL;
    }
    return reader;
}

static void drop_message(gl_topic_reader *reader)
{
    if (reader->message != NULL)
        rd_kafka_message_destroy(reader->message);
    reader->message = NULL;
}

static void mark_end(gl_topic_reader *reader, int32_t partition, bool ended)
{
    if (reader->ended[partition] == ended)
        return;
    reader->ended[partition] = ended;
    reader->ended_count += ended ? 1 : -1;
}

bool gl_topic_reader_at_end(const gl_topic_reader *reader)
{
    return reader->ended_count == reader->open_count;
}

int32_t gl_topic_reader_partitions(const gl_topic_reader *reader)
{
    return reader->partitions;
}

bool gl_topic_reader_next(gl_topic_reader *reader, int timeout_ms, gl_topic_record *record, gl_err *err)
{
    int64_t deadline_us = gl_mono_us() + (int64_t)timeout_ms * 1000;
    *err = (gl_err){0};
    for (;;) {
        drop_message(reader);
        if (!reader->follow && gl_topic_reader_at_end(reader))
            return false;
        int64_t left_ms = (deadline_us - gl_mono_us()) / 1000;
        if (left_ms < 0) {
            if (!reader->follow)
                gl_fail(err, GL_RETRY, "kafka-timeout", "nothing was read for %d ms before the end of the topic",
                        timeout_ms);
            return false;
        }
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader->consumer, (int)left_ms + 1);
        if (m == NULL)
            continue;
        reader->message = m;
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            mark_end(reader, m->partition, true);
            if (reader->follow && gl_topic_reader_at_end(reader))
                return false;
            continue;
        }
        if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return gl_fail(err, GL_RETRY, "kafka-read", "%s", rd_kafka_message_errstr(m));
        mark_end(reader, m->partition, false);
        *record = (gl_topic_record){
            m->partition, m->offset, rd_kafka_message_timestamp(m, NULL), {m->key, m->key_len}, {m->payload, m->len}};
        return true;
    }
}

void gl_topic_reader_close(gl_topic_reader *reader)
{
    if (reader == NULL)
        return;
    drop_message(reader);
    if (reader->consumer != NULL) {
        rd_kafka_consumer_close(reader->consumer);
        rd_kafka_destroy(reader->consumer);
    }
    free(reader->ended);
    free(reader);
}
