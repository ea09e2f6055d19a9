/* See topic_reader.h. */
#include "cli/topic_reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "io/kafka.h"

enum { METADATA_TIMEOUT_MS = 10000 };

struct gl_topic_reader {
    rd_kafka_t *consumer;
    rd_kafka_message_t *message; /* the record handed out */
    bool follow;
    bool *ended; /* by partition */
    int32_t partitions, open_count, ended_count;
};

/* The defaults, so that KAFKA_SECURITY and the like hold, with these brokers. */
static gl_conf *load(const char *brokers, gl_err *err)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    char set[1024];
    snprintf(set, sizeof set, "kafka.brokers=%s", brokers);
    gl_conf *conf = gl_conf_load(NULL, tables, 1, (const char *const[]){set, NULL}, err);
    if (conf == NULL || gl_kafka_check(gl_conf_section(conf, "kafka"), err))
        return conf;
    gl_conf_destroy(conf);
    return NULL;
}

static rd_kafka_t *make_consumer(const gl_conf *conf, gl_err *err)
{
    static const char *const settings[] = {
        "group.id", "greenlane-cli", "enable.partition.eof", "true", "fetch.wait.max.ms", "50", "log_level", "0",
        NULL}; /* what matters comes as an error */
    const gl_kafka_client client = {.name = "cli", .settings = settings};
    return gl_kafka_consumer_new(gl_conf_section(conf, "kafka"), &client, err);
}

static int32_t count_partitions(rd_kafka_t *consumer, const gl_conf *conf, const char *topic, gl_err *err)
{
    const gl_kafka_conf *kafka = gl_conf_section(conf, "kafka");
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer, topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer, 0, handle, &metadata, METADATA_TIMEOUT_MS);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (!gl_kafka_is_refused(kafka, err))
            gl_fail(err, GL_RETRY, "kafka-unavailable", "brokers %s: %s", kafka->brokers, rd_kafka_err2str(code));
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
    gl_conf *conf = load(brokers, err);
    reader->consumer = conf == NULL ? NULL : make_consumer(conf, err);
    if (reader->consumer != NULL)
        reader->partitions = count_partitions(reader->consumer, conf, topic, err);
    gl_conf_destroy(conf);
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

bool gl_topic_read_all(const char *brokers, const char *topic,
                       bool (*take)(void *context, const gl_topic_record *record, gl_arena *arena, gl_err *err),
                       void *context, gl_err *err)
{
    enum { PATIENCE_MS = 10000 };
    gl_topic_record record;
    gl_topic_reader *reader = gl_topic_reader_open(brokers, topic, 0, false, err);
    if (reader == NULL)
        return false;
    gl_arena *arena = gl_arena_new(0);
    bool good = true;
    while (good && gl_topic_reader_next(reader, PATIENCE_MS, &record, err)) {
        gl_arena_reset(arena);
        good = take(context, &record, arena, err) ||
               gl_fail_context(err, "%s offset %lld", topic, (long long)record.offset);
    }
    gl_arena_destroy(arena);
    gl_topic_reader_close(reader);
    return good && err->code == NULL;
}
