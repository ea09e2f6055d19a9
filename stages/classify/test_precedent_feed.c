/* The thread that follows gl.precedents, against librdkafka's mock cluster: from the beginning to the end and on;
 * records that cannot be read, erased ones, a topic that comes later, brokers that are not there; and what the stage
 * makes of it. Its own main(), so that ThreadSanitizer can run it. */
#include "classify/precedent_feed.h"

#include "base/log.h"
#include "classify/test_cluster.h"

static const gl_metric_def defs[] = {{"t_texts", GL_GAUGE, "t", {NULL}, {0}},
                                     {"t_complete", GL_GAUGE, "c", {NULL}, {0}},
                                     {"t_delay_seconds", GL_HISTOGRAM, "d", {NULL}, {1}},
                                     {"t_unreadable_total", GL_COUNTER, "u", {NULL}, {0}}};

typedef struct cluster {
    test_cluster kafka;
    gl_metrics *metrics;
    gl_precedents *precedents;
    gl_precedent_series series;
    gl_precedent_feed *feed;
} cluster;

static void start(cluster *c, const char *brokers)
{
    static const char *const none[GL_METRIC_LABELS] = {NULL};
    c->metrics = gl_metrics_new();
    c->series = (gl_precedent_series){
        gl_metrics_series(c->metrics, &defs[0], none), gl_metrics_series(c->metrics, &defs[1], none),
        gl_metrics_series(c->metrics, &defs[2], none), gl_metrics_series(c->metrics, &defs[3], none)};
    c->precedents = gl_precedents_new(3600000);
    c->feed = gl_precedent_feed_start(test_cluster_conf(&c->kafka, brokers), c->precedents, &c->series);
}

static void stop(cluster *c)
{
    gl_precedent_feed_stop(c->feed);
    gl_precedents_destroy(c->precedents);
    gl_metrics_destroy(c->metrics);
    test_cluster_close(&c->kafka);
}

static void open_mock(cluster *c, bool with_topic)
{
    *c = (cluster){.metrics = NULL};
    test_cluster_open(&c->kafka, GL_PRECEDENT_TOPIC, with_topic);
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
    test_cluster_produce(&c->kafka, (gl_str){(const char *)key, sizeof key}, gl_buf_view(&value));
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
    test_cluster_produce(&c.kafka, GL_STR("k"), GL_STR("no value of ours"));
    rule(&c, "lamp", "94", 1, "no code");
    rule(&c, "glass lamp", "940542", 1, "b");
    start(&c, test_cluster_brokers(&c.kafka));
    CHECK(gl_precedent_feed_wait(c.feed, 30000));
    CHECK(stands(&c, "shirt cotton", "610910") && stands(&c, "lamp glass", "940542") && stands(&c, "lamp", NULL));
    CHECK(gl_series_count(c.series.unreadable) == 2 && gl_series_value(c.series.complete) == 1);
    CHECK(gl_series_value(c.series.texts) == 2 && gl_series_count(c.series.delay) == 0);
    rule(&c, "cotton shirt", "", 2, "c");
    CHECK_WITHIN(10, stands(&c, "cotton shirt", NULL));
    gl_precedent second = ruling("cotton shirt", "", 2, "c");
    gl_precedent_key(&second, key);
    test_cluster_produce(&c.kafka, (gl_str){(const char *)key, sizeof key}, (gl_str){NULL, 0});
    CHECK_WITHIN(10, stands(&c, "cotton shirt", "610910"));
    CHECK(gl_series_count(c.series.delay) == 1);
    CHECK_WITHIN(10, gl_series_value(c.series.texts) == 2);
    stop(&c);
}

static void a_topic_that_comes_later_had_no_rulings(void)
{
    cluster c;
    open_mock(&c, false);
    start(&c, test_cluster_brokers(&c.kafka));
    CHECK(gl_precedent_feed_wait(c.feed, 30000) && gl_precedents_count(c.precedents) == 0);
    rd_kafka_mock_topic_create(c.kafka.mock, GL_PRECEDENT_TOPIC, 1, 1);
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

static void the_record_says_which_ruling(void)
{
    cluster c;
    gl_arena *arena = gl_arena_new(0);
    open_mock(&c, true);
    rule(&c, "glass lamp", "9405420031", 7, "R-1");
    const char *brokers = test_cluster_brokers(&c.kafka);
    gl_classification said =
        test_classified(brokers, "classify.precedents_wait=1m", arena, "ceramic mug", "Lamp, GLASS");
    CHECK(!said.degraded && said.precedents.count == 1 && said.items.count == 2);
    const gl_classification_item_precedent *by = said.precedents.at;
    CHECK(by->item == 1 && by->made_at == 7 && gl_str_eqz(by->code, "9405420031") && gl_str_eqz(by->event_id, "R-1") &&
          gl_str_eqz(by->account, "customs"));
    CHECK(gl_str_eqz(said.items.at[1].reason, "precedent") && !gl_str_eqz(said.items.at[0].reason, "precedent"));
    CHECK(gl_str_eqz(said.answers.at[1].answer_code, "940542") &&
          said.answers.at[1].verdict == GL_CLASSIFICATION_VERDICT_CONSISTENT);
    test_cluster_close(&c.kafka);
    gl_arena_destroy(arena);
}

static void the_record_says_that_rulings_are_not_known(void)
{
    gl_arena *arena = gl_arena_new(0);
    gl_classification said =
        test_classified("127.0.0.1:1", "classify.precedents_wait=0", arena, "ceramic mug", "glass lamp");
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
