/* The thread that follows gl.findings, against librdkafka's mock cluster: from the beginning to the end and on; records
 * that cannot be read, and withdrawn ones; what the metrics and the stage's record make of it. Its own main(), so that
 * ThreadSanitizer can run it. */
#include "classify/calibration_feed.h"

#include "base/log.h"
#include "classify/test_cluster.h"

enum { WORDS = 2, KIND = 1 };

static const gl_metric_def defs[] = {{"t_findings", GL_GAUGE, "f", {NULL}, {0}},
                                     {"t_claimed", GL_GAUGE, "c", {NULL}, {0}},
                                     {"t_right", GL_GAUGE, "r", {NULL}, {0}},
                                     {"t_factor", GL_GAUGE, "f", {NULL}, {0}},
                                     {"t_submitters", GL_GAUGE, "s", {NULL}, {0}},
                                     {"t_complete", GL_GAUGE, "c", {NULL}, {0}},
                                     {"t_delay_seconds", GL_HISTOGRAM, "d", {NULL}, {1}},
                                     {"t_unreadable_total", GL_COUNTER, "u", {NULL}, {0}}};

/* The version of the model that the stage opens. */
static char version[128];

/* A record of item `number`; `right` -1: withdrawn. */
static void find(test_cluster *c, int number, const char *submitter, int right)
{
    gl_finding finding = {.submitter = gl_str_of(submitter),
                          .words = WORDS,
                          .model_version = gl_str_of(version),
                          .claimed_ppm = 900000,
                          .right = right == 1,
                          .found_at = gl_wall_us() - 1000000,
                          .decided_at = gl_wall_us()};
    uint8_t id[16] = {(uint8_t)number}, key[GL_FINDING_KEY_BYTES];
    gl_buf value = {0};
    gl_finding_key(id, 1, key);
    gl_schema_begin(&value, GL_SCHEMA_FINDING_ENVELOPE);
    gl_finding_encode(&value, &finding);
    test_cluster_produce(c, (gl_str){(const char *)key, sizeof key},
                         right < 0 ? (gl_str){NULL, 0} : gl_buf_view(&value));
    gl_buf_free(&value);
}

static int32_t factor(const gl_calibration *calibration, const char *submitter)
{
    return gl_calibration_of(calibration, gl_str_of(submitter), WORDS).factor_ppm;
}

static void it_reads_to_the_end_and_on(void)
{
    static const char *const none[GL_METRIC_LABELS] = {NULL};
    test_cluster c;
    gl_metrics *metrics = gl_metrics_new();
    gl_series *s[sizeof defs / sizeof defs[0]];
    for (size_t i = 0; i < sizeof defs / sizeof defs[0]; i++)
        s[i] = gl_metrics_series(metrics, &defs[i], none);
    gl_calibration_series series = {.complete = s[5], .delay = s[6], .unreadable = s[7]};
    series.kinds[KIND].findings = s[0];
    series.kinds[KIND].claimed = s[1];
    series.kinds[KIND].right = s[2];
    series.kinds[KIND].factor = s[3];
    series.kinds[KIND].submitters = s[4];
    gl_calibration_conf terms = {.by = GL_CALIBRATION_ALL, .least = 10, .window_us = INT64_C(3600000000)};
    gl_calibration *calibration = gl_calibration_new(&terms, version, gl_wall_us(), 3600000);

    test_cluster_open(&c, GL_FINDING_TOPIC, true);
    for (int i = 0; i < 10; i++)
        find(&c, i, "hub", i < 3);
    test_cluster_produce(&c, GL_STR("k"), GL_STR("no value of ours"));
    find(&c, 9, "hub", 0); /* the same again */
    gl_calibration_feed *feed =
        gl_calibration_feed_start(test_cluster_conf(&c, test_cluster_brokers(&c)), calibration, &series);
    CHECK(gl_calibration_feed_wait(feed, 30000) && factor(calibration, "hub") == 333333);
    CHECK(gl_series_value(s[0]) == 10 && gl_series_value(s[5]) == 1 && gl_series_count(s[7]) == 1);
    CHECK(gl_series_value(s[1]) > 0.899 && gl_series_value(s[1]) < 0.901 && gl_series_value(s[2]) == 0.3);
    CHECK(gl_series_value(s[3]) == 1 && gl_series_value(s[4]) == 1 && gl_series_count(s[6]) == 0);
    find(&c, 0, "hub", -1); /* withdrawn: too few are left */
    CHECK_WITHIN(10, factor(calibration, "hub") == 0);
    find(&c, 20, "hub", 0);
    CHECK_WITHIN(10, factor(calibration, "hub") == 222222);
    CHECK_WITHIN(10, gl_series_value(s[0]) == 10);
    CHECK(gl_series_count(s[6]) == 1);
    gl_calibration_feed_stop(feed);
    gl_calibration_destroy(calibration);
    gl_metrics_destroy(metrics);
    test_cluster_close(&c);
}

static void without_brokers_it_goes_on_trying(void)
{
    test_cluster c = {.conf = NULL};
    gl_calibration_conf terms = {.by = GL_CALIBRATION_ALL, .least = 10, .window_us = 1};
    gl_calibration *calibration = gl_calibration_new(&terms, version, gl_wall_us(), 0);
    gl_calibration_feed *feed = gl_calibration_feed_start(test_cluster_conf(&c, "127.0.0.1:1"), calibration,
                                                          &(gl_calibration_series){.complete = NULL});
    CHECK(!gl_calibration_feed_wait(feed, 100) && !gl_calibration_is_complete(calibration));
    gl_calibration_feed_stop(feed);
    gl_calibration_destroy(calibration);
    test_cluster_close(&c);
}

/* ---- the stage ---- */

/* Everything that is said of the first item but what may be tightened is as before. */
static void the_record_says_what_was_claimed(void)
{
    test_cluster c;
    gl_arena *arena = gl_arena_new(0);
    test_cluster_open(&c, GL_FINDING_TOPIC, true);
    const char *brokers = test_cluster_brokers(&c);
    gl_classification before = test_classified(brokers, "classify.tighten=all", arena, "ceramic mug", "   ");
    for (int i = 0; i < 30; i++)
        find(&c, i, "hub", i < 3);
    gl_classification drawn = test_classified(brokers, "classify.precedents_wait=1m", arena, "ceramic mug", "   ");
    gl_classification said = test_classified(brokers, "classify.tighten=all", arena, "ceramic mug", "   ");
    CHECK(before.tightened.count == 0 && drawn.tightened.count == 0 && said.tightened.count == 1 && !said.degraded);
    CHECK(drawn.items.at[0].candidates.at[0].confidence_ppm == before.items.at[0].candidates.at[0].confidence_ppm);
    const gl_classification_item_tightening *how = said.tightened.at;
    int32_t claimed = before.items.at[0].candidates.at[0].confidence_ppm;
    CHECK(how->item == 0 && how->factor_ppm == 111111 && how->findings == 30 && how->claimed_ppm == claimed);
    CHECK(how->own);
    CHECK(gl_str_eq(how->claimed_code, before.answers.at[0].answer_code) &&
          how->claimed_code_ppm.value == before.answers.at[0].answer_confidence_ppm.value);
    CHECK(said.items.at[0].candidates.at[0].confidence_ppm == (int32_t)((int64_t)claimed * 111111 / 1000000));
    CHECK(said.items.at[0].status == GL_CLASSIFICATION_STATUS_ABSTAINED && said.answers.at[0].answer_code.len == 0);
    gl_classification off = test_classified(brokers, "classify.tighten=off", arena, "ceramic mug", "   ");
    CHECK(off.tightened.count == 0 && !off.degraded);
    test_cluster_close(&c);
    gl_arena_destroy(arena);
}

static void findings_are_kept_as_long_as_they_count(void)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_tariff_conf_table, &gl_kafka_conf_table};
    static const char *const kept[] = {"100d", "180d"};
    for (int i = 0; i < 2; i++) {
        char set[64];
        const char *const sets[] = {"kafka.brokers=127.0.0.1:1", set, NULL};
        gl_err err = {0};
        snprintf(set, sizeof set, "kafka.findings_retention=%s", kept[i]);
        gl_conf *conf = gl_conf_load(NULL, tables, 3, sets, &err);
        CHECK(conf != NULL && gl_classify_stage.check(conf, &err) == (i == 1));
        CHECK(i == 1 || strstr(err.message, "findings_window") != NULL);
        gl_conf_destroy(conf);
    }
}

int main(void)
{
    gl_err err = {0};
    gl_log_init("test", (gl_log_level)(GL_LOG_ERROR + 1));
    gl_hs_model *model = gl_hs_model_open(GL_SOURCE_DIR "/models/classify/hs6.glm", &err);
    if (model == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    snprintf(version, sizeof version, "%s+another list of words", gl_hs_model_version(model));
    gl_hs_model_destroy(model);
    it_reads_to_the_end_and_on();
    without_brokers_it_goes_on_trying();
    the_record_says_what_was_claimed();
    findings_are_kept_as_long_as_they_count();
    return check_result();
}
