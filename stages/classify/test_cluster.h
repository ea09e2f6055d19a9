/* What the tests of the feeds share: librdkafka's mock cluster with one topic, and what the stage, opened with its
 * brokers, says of two items. */
#ifndef CLASSIFY_TEST_CLUSTER_H
#define CLASSIFY_TEST_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "base/test_check.h"
#include "classify/classify.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "io/envelope.h"
#include "io/kafka.h"

typedef struct test_cluster {
    const char *topic;
    rd_kafka_t *owner, *producer;
    rd_kafka_mock_cluster_t *mock;
    gl_conf *conf;
} test_cluster;

static inline rd_kafka_t *test_producer(const char *brokers)
{
    char why[256];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    if (brokers != NULL)
        rd_kafka_conf_set(settings, "bootstrap.servers", brokers, why, sizeof why);
    rd_kafka_t *made = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    if (made == NULL)
        abort();
    return made;
}

/* Of a client of `brokers`. */
static inline const gl_kafka_conf *test_cluster_conf(test_cluster *c, const char *brokers)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    char set[256];
    gl_err err = {0};
    snprintf(set, sizeof set, "kafka.brokers=%s", brokers);
    c->conf = gl_conf_load(NULL, tables, 1, (const char *const[]){set, NULL}, &err);
    if (c->conf == NULL)
        abort();
    return gl_conf_section(c->conf, gl_kafka_conf_table.section);
}

static inline const char *test_cluster_brokers(const test_cluster *c)
{
    return rd_kafka_mock_cluster_bootstraps(c->mock);
}

static inline void test_cluster_open(test_cluster *c, const char *topic, bool with_topic)
{
    *c = (test_cluster){.topic = topic, .owner = test_producer(NULL)};
    c->mock = rd_kafka_mock_cluster_new(c->owner, 1);
    if (with_topic)
        rd_kafka_mock_topic_create(c->mock, topic, 1, 1);
    c->producer = test_producer(test_cluster_brokers(c));
}

/* `value` {NULL, 0}: a tombstone. */
static inline void test_cluster_produce(test_cluster *c, gl_str key, gl_str value)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(c->producer, c->topic, NULL);
    CHECK(rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)value.ptr, value.len, key.ptr, key.len,
                           NULL) == 0);
    CHECK(rd_kafka_flush(c->producer, 30000) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_destroy(topic);
}

static inline void test_cluster_close(test_cluster *c)
{
    gl_conf_destroy(c->conf);
    if (c->producer != NULL)
        rd_kafka_destroy(c->producer);
    if (c->mock != NULL)
        rd_kafka_mock_cluster_destroy(c->mock);
    if (c->owner != NULL)
        rd_kafka_destroy(c->owner);
}

/* ---- the stage ---- */

static inline gl_record test_record(gl_arena *arena, const char *first, const char *second)
{
    gl_accepted in = {0};
    gl_declaration *d = &in.declaration;
    gl_buf value = gl_buf_in(arena);
    d->submitter = GL_STR("hub");
    d->functional_reference_id = GL_STR("L-1");
    gl_declaration_id id = gl_declaration_id_of(d->submitter, d->functional_reference_id, GL_FAMILY_IMPORT);
    memcpy(d->declaration_id, id.bytes, sizeof d->declaration_id);
    d->mrn = GL_STR("26BE00000000000000");
    d->type_code = GL_STR("IMA");
    d->message.format = GL_STR("greenlane-json");
    d->message.channel = GL_STR("http");
    d->items.count = 2;
    d->items.at = GL_NEW_N(arena, gl_declaration_goods_item, d->items.count);
    d->items.at[0].description = gl_str_of(first);
    d->items.at[1].description = gl_str_of(second);
    d->items.at[1].commodity_code = GL_STR("9405420031");
    gl_accepted_encode(&value, &in);
    return (gl_record){.key = {gl_arena_dup(arena, id.bytes, sizeof id.bytes), sizeof id.bytes},
                       .value = gl_buf_view(&value)};
}

/* What the stage, opened with these brokers, says of two items; in `arena`. */
static inline gl_classification test_classified(const char *brokers, const char *set, gl_arena *arena,
                                                const char *first, const char *second)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_kv_conf_table, &gl_kafka_conf_table};
    char at[256];
    const char *const sets[] = {"classify.model=" GL_SOURCE_DIR "/models/classify/hs6.glm",
                                "classify.vague_words=" GL_SOURCE_DIR "/models/classify/vague.txt",
                                "classify.vague_model=" GL_SOURCE_DIR "/models/classify/vague.glv",
                                "redis.url=",
                                at,
                                set,
                                NULL};
    gl_err err = {0};
    snprintf(at, sizeof at, "kafka.brokers=%s", brokers);
    gl_conf *conf = gl_conf_load(NULL, tables, 3, sets, &err);
    gl_stage_env env = {.conf = conf, .metrics = gl_metrics_new()};
    gl_record record = test_record(arena, first, second);
    gl_batch batch = {&record, 1, INT64_C(1795521600) * 1000000, arena, 0};
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_classified out = {0};
    void *stage = NULL, *worker = NULL;
    size_t count = 0;
    CHECK(conf != NULL && gl_classify_stage.open(&env, &stage, &err) &&
          gl_classify_stage.worker_open(stage, &env, &worker, &err) &&
          gl_classify_stage.process(stage, worker, &batch, outbox, &err));
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    CHECK(count == 1 &&
          gl_classified_decode(&out, (const uint8_t *)entries[0].value.ptr, entries[0].value.len, arena, &err));
    gl_classify_stage.worker_close(worker);
    gl_classify_stage.close(stage);
    gl_metrics_destroy(env.metrics);
    gl_conf_destroy(conf);
    return out.classification;
}

#endif
