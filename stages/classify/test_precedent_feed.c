/* The thread that follows gl.precedents, against librdkafka's mock cluster: from the beginning to the end and on;
 * records that cannot be read, erased ones, a topic that comes later, brokers that are not there; and what the stage
 * makes of it. Its own main(), so that ThreadSanitizer can run it. */
#include "classify/precedent_feed.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/test_check.h"
#include "classify/classify.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "io/envelope.h"

static const gl_metric_def defs[] = {{"t_texts", GL_GAUGE, "t", {NULL}, {0}},
                                     {"t_complete", GL_GAUGE, "c", {NULL}, {0}},
                                     {"t_delay_seconds", GL_HISTOGRAM, "d", {NULL}, {1}},
                                     {"t_unreadable_total", GL_COUNTER, "u", {NULL}, {0}}};

typedef struct cluster {
    rd_kafka_t *owner, *producer;
    rd_kafka_mock_cluster_t *mock;
    gl_conf *conf;
    gl_metrics *metrics;
    gl_precedents *precedents;
    gl_precedent_series series;
    gl_precedent_feed *feed;
} cluster;

static rd_kafka_t *producer_of(const char *brokers)
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

static const gl_kafka_conf *conf_of(cluster *c, const char *brokers)
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

static void start(cluster *c, const char *brokers)
{
    static const char *const none[GL_METRIC_LABELS] = {NULL};
    c->metrics = gl_metrics_new();
    c->series = (gl_precedent_series){
        gl_metrics_series(c->metrics, &defs[0], none), gl_metrics_series(c->metrics, &defs[1], none),
        gl_metrics_series(c->metrics, &defs[2], none), gl_metrics_series(c->metrics, &defs[3], none)};
    c->precedents = gl_precedents_new(3600000);
    c->feed = gl_precedent_feed_start(conf_of(c, brokers), c->precedents, &c->series);
}

static void stop(cluster *c)
{
    gl_precedent_feed_stop(c->feed);
    gl_precedents_destroy(c->precedents);
    gl_metrics_destroy(c->metrics);
    gl_conf_destroy(c->conf);
    if (c->producer != NULL)
        rd_kafka_destroy(c->producer);
    if (c->mock != NULL)
        rd_kafka_mock_cluster_destroy(c->mock);
    if (c->owner != NULL)
        rd_kafka_destroy(c->owner);
}

static void open_mock(cluster *c, bool with_topic)
{
    *c = (cluster){.owner = producer_of(NULL)};
    c->mock = rd_kafka_mock_cluster_new(c->owner, 1);
    if (with_topic)
        rd_kafka_mock_topic_create(c->mock, GL_PRECEDENT_TOPIC, 1, 1);
    c->producer = producer_of(rd_kafka_mock_cluster_bootstraps(c->mock));
}

static void produce(cluster *c, gl_str key, gl_str value)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(c->producer, GL_PRECEDENT_TOPIC, NULL);
    CHECK(rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)value.ptr, value.len, key.ptr, key.len,
                           NULL) == 0);
    CHECK(rd_kafka_flush(c->producer, 30000) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_destroy(topic);
}

static gl_precedent ruling(const char *words, const char *code, int64_t made_at, const char *event_id)
{
    return (gl_precedent){.words = gl_str_of(words),
                          .description = gl_str_of(words),
                          .code = gl_str_of(code),
                          .made_at = made_at,
                          .received_at = gl_wall_us(),
                          .event_id = gl_str_of(event_id),
                          .account = GL_STR("customs"),
                          .actor = GL_STR("officer 7"),
                          .reason = GL_STR("because")};
}

static void rule(cluster *c, const char *words, const char *code, int64_t made_at, const char *event_id)
{
    gl_precedent made = ruling(words, code, made_at, event_id);
    uint8_t key[GL_PRECEDENT_KEY_BYTES];
    gl_buf value = {0};
    gl_precedent_key(&made, key);
    gl_schema_begin(&value, GL_SCHEMA_PRECEDENT_ENVELOPE);
    gl_precedent_encode(&value, &made);
    produce(c, (gl_str){(const char *)key, sizeof key}, gl_buf_view(&value));
    gl_buf_free(&value);
}

static bool stands(const cluster *c, const char *words, const char *code)
{
    const gl_precedent *found = gl_precedents_find(c->precedents, gl_str_of(words));
    return code == NULL ? found == NULL : found != NULL && gl_str_eqz(found->code, code);
}

static void it_reads_to_the_end_and_on(void)
{
    cluster c;
    uint8_t key[GL_PRECEDENT_KEY_BYTES];
    open_mock(&c, true);
    rule(&c, "cotton shirt", "610910", 1, "a");
    produce(&c, GL_STR("k"), GL_STR("no value of ours"));
    rule(&c, "lamp", "94", 1, "no code");
    rule(&c, "glass lamp", "940542", 1, "b");
    start(&c, rd_kafka_mock_cluster_bootstraps(c.mock));
    CHECK(gl_precedent_feed_wait(c.feed, 30000));
    CHECK(stands(&c, "shirt cotton", "610910") && stands(&c, "lamp glass", "940542") && stands(&c, "lamp", NULL));
    CHECK(gl_series_count(c.series.unreadable) == 2 && gl_series_value(c.series.complete) == 1);
    CHECK(gl_series_value(c.series.texts) == 2 && gl_series_count(c.series.delay) == 0);
    rule(&c, "cotton shirt", "", 2, "c");
    CHECK_WITHIN(10, stands(&c, "cotton shirt", NULL));
    gl_precedent second = ruling("cotton shirt", "", 2, "c");
    gl_precedent_key(&second, key);
    produce(&c, (gl_str){(const char *)key, sizeof key}, (gl_str){NULL, 0});
    CHECK_WITHIN(10, stands(&c, "cotton shirt", "610910"));
    CHECK(gl_series_count(c.series.delay) == 1);
    CHECK_WITHIN(10, gl_series_value(c.series.texts) == 2);
    stop(&c);
}

static void a_topic_that_comes_later_had_no_rulings(void)
{
    cluster c;
    open_mock(&c, false);
    start(&c, rd_kafka_mock_cluster_bootstraps(c.mock));
    CHECK(gl_precedent_feed_wait(c.feed, 30000) && gl_precedents_count(c.precedents) == 0);
    rd_kafka_mock_topic_create(c.mock, GL_PRECEDENT_TOPIC, 1, 1);
    rule(&c, "cotton shirt", "610910", 1, "a");
    CHECK_WITHIN(20, stands(&c, "cotton shirt", "610910"));
    stop(&c);
}

static void without_brokers_it_goes_on_trying(void)
{
    cluster c = {0};
    start(&c, "127.0.0.1:1");
    CHECK(!gl_precedent_feed_wait(c.feed, 100) && !gl_precedents_is_complete(c.precedents));
    CHECK(gl_series_value(c.series.complete) == 0);
    stop(&c);
}

/* ---- the stage ---- */

static gl_record record_of(gl_arena *arena, const char *first, const char *second)
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
static gl_classification classified(const char *brokers, const char *wait, gl_arena *arena, const char *first,
                                    const char *second)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_kv_conf_table, &gl_kafka_conf_table};
    char at[256];
    const char *const sets[] = {"classify.model=" GL_SOURCE_DIR "/models/classify/hs6.glm",
                                "classify.vague_words=" GL_SOURCE_DIR "/models/classify/vague.txt",
                                "classify.vague_model=" GL_SOURCE_DIR "/models/classify/vague.glv",
                                "redis.url=",
                                at,
                                wait,
                                NULL};
    gl_err err = {0};
    snprintf(at, sizeof at, "kafka.brokers=%s", brokers);
    gl_conf *conf = gl_conf_load(NULL, tables, 3, sets, &err);
    gl_stage_env env = {.conf = conf, .metrics = gl_metrics_new()};
    gl_record record = record_of(arena, first, second);
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

static void the_record_says_which_ruling(void)
{
    cluster c;
    gl_arena *arena = gl_arena_new(0);
    open_mock(&c, true);
    rule(&c, "glass lamp", "9405420031", 7, "R-1");
    const char *brokers = rd_kafka_mock_cluster_bootstraps(c.mock);
    gl_classification said = classified(brokers, "classify.precedents_wait=1m", arena, "ceramic mug", "Lamp, GLASS");
    CHECK(!said.degraded && said.precedents.count == 1 && said.items.count == 2);
    const gl_classification_item_precedent *by = said.precedents.at;
    CHECK(by->item == 1 && by->made_at == 7 && gl_str_eqz(by->code, "9405420031") && gl_str_eqz(by->event_id, "R-1") &&
          gl_str_eqz(by->account, "customs"));
    CHECK(gl_str_eqz(said.items.at[1].reason, "precedent") && !gl_str_eqz(said.items.at[0].reason, "precedent"));
    CHECK(gl_str_eqz(said.answers.at[1].answer_code, "940542") &&
          said.answers.at[1].verdict == GL_CLASSIFICATION_VERDICT_CONSISTENT);
    rd_kafka_destroy(c.producer);
    rd_kafka_mock_cluster_destroy(c.mock);
    rd_kafka_destroy(c.owner);
    gl_arena_destroy(arena);
}

static void the_record_says_that_rulings_are_not_known(void)
{
    gl_arena *arena = gl_arena_new(0);
    gl_classification said =
        classified("127.0.0.1:1", "classify.precedents_wait=0", arena, "ceramic mug", "glass lamp");
    CHECK(said.degraded && said.precedents.count == 0 && said.items.count == 2 &&
          said.items.at[0].candidates.count > 0);
    gl_arena_destroy(arena);
}

int main(void)
{
    gl_log_init("test", (gl_log_level)(GL_LOG_ERROR + 1));
    it_reads_to_the_end_and_on();
    a_topic_that_comes_later_had_no_rulings();
    without_brokers_it_goes_on_trying();
    the_record_says_which_ruling();
    the_record_says_that_rulings_are_not_known();
    return check_result();
}
