/* See classify.h. */
#include "classify/classify.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "classify/batch.h"
#include "classify/calibration_feed.h"
#include "classify/national_record.h"
#include "classify/precedent_feed.h"
#include "customs/failure.h"
#include "gen/topics.h"

enum { OUT_CLASSIFIED, OUT_EVENTS };
enum { CHAPTER_NUMBERS = 100 };

/* ---- configuration and metrics ---- */

static const gl_conf_entry entries[] = {
    {"model", GL_CONF_STRING, offsetof(gl_classify_conf, model), "models/classify/hs6.glm", GL_CONF_FILE, 0, 0, NULL,
     "File of the HS6 model."},
    {"vague_words", GL_CONF_STRING, offsetof(gl_classify_conf, vague_words), "models/classify/vague.txt", GL_CONF_FILE,
     0, 0, NULL, "File of the words that do not say what goods are."},
    {"vague_model", GL_CONF_STRING, offsetof(gl_classify_conf, vague_model), "models/classify/vague.glv", GL_CONF_FILE,
     0, 0, NULL, "File of the trained gate: how vague a description is that has other words."},
    {"vague_above", GL_CONF_PPM, offsetof(gl_classify_conf, vague_above_ppm), "0", 0, 0, 0, NULL,
     "What the gate must say of a description at least, for it to be VAGUE. 0: the gate's own threshold, at which it "
     "takes one in twenty good parcel texts for vague. 1: never, only vague_words count."},
    {"facts", GL_CONF_STRING, offsetof(gl_classify_conf, serve.facts), "models/classify/facts.txt", GL_CONF_FILE, 0, 0,
     NULL, "File of what decides between subheadings: the HTTP service asks back by it."},
    {"terms", GL_CONF_STRING, offsetof(gl_classify_conf, serve.terms), "models/classify/terms.gz", GL_CONF_FILE, 0, 0,
     NULL, "File of the goods lexicon's terms: the HTTP service shows the closest ones as a reason."},
    {"abstain_below", GL_CONF_PPM, offsetof(gl_classify_conf, abstain_below_ppm), "0", 0, 0, 0, NULL,
     "Confidence below which a description is not classified. 0: the model's own threshold, fitted in training."},
    {"cache_entries", GL_CONF_INT, offsetof(gl_classify_conf, cache_entries), "100000", 0, 0, 10000000, NULL,
     "Descriptions that each worker keeps in memory, 96 bytes each. 0: none."},
    {"cache_ttl", GL_CONF_DURATION, offsetof(gl_classify_conf, cache_ttl_ms), "7d", 0, 0, 0, NULL,
     "How long a result stays in Redis. 0: until Redis evicts it."},
    {"precedents_wait", GL_CONF_DURATION, offsetof(gl_classify_conf, precedents_wait_ms), "10s", 0, 0, 600000, NULL,
     "How long a start waits until officers' rulings (gl.precedents) and findings (gl.findings) are read to their end. "
     "After it classifying goes on without those that are not read yet, and records say that they are degraded."},
    {"tighten", GL_CONF_ENUM, offsetof(gl_classify_conf, tighten), "drawn", 0, 0, 0, gl_calibration_by_names,
     "Where officers' findings show that confidence is too high for a submitter and kind of text, it is multiplied by "
     "what was right of it. drawn: by findings of declarations that were drawn at random, which are not biased by why "
     "somebody looked. all: by every finding. off: it is watched only."},
    {"tighten_least", GL_CONF_INT, offsetof(gl_classify_conf, tighten_least), "30", 0, 10, 1000000, NULL,
     "Findings that there must be of a submitter and kind of text (or of all submitters) before confidence is "
     "tightened."},
    {"findings_window", GL_CONF_DURATION, offsetof(gl_classify_conf, findings_window_ms), "180d", 0, 60000,
     0x7fffffffffff, NULL, "How long a finding counts; kafka.findings_retention is to be no shorter."},
    {"listen", GL_CONF_STRING, offsetof(gl_classify_conf, serve.http.listen), NULL, 0, 0, 0, NULL,
     "Address and port of the HTTP service (docs/CLASSIFY.md); port 0 takes any free one. Empty: there is none. "
     "Without "
     "`access` whoever reaches it may ask: loopback only."},
    {"tls_certificate", GL_CONF_STRING, offsetof(gl_classify_conf, serve.http.tls_certificate), NULL,
     GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0, NULL,
     "Certificate of the service with its chain (PEM): HTTPS, TLS 1.2 or later. Empty: HTTP. SIGHUP reads the files "
     "again, for new connections; on or off needs a restart."},
    {"tls_key", GL_CONF_STRING, offsetof(gl_classify_conf, serve.http.tls_key), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE,
     0, 0, NULL, "The key (PEM) of tls_certificate."},
    {"tls_ca", GL_CONF_STRING, offsetof(gl_classify_conf, serve.http.tls_ca), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE,
     0, 0, NULL,
     "Authorities (PEM) that senders' certificates are checked against; whose subject is whose is in `access`, which "
     "must be there. Empty: certificates are not asked for."},
    {"access", GL_CONF_STRING, offsetof(gl_classify_conf, serve.access), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0,
     NULL,
     "File of those who may ask with their credentials and limits, see `submitters` below; it may be that of "
     "ingest.access. SIGHUP reads it again; it cannot be switched off without a restart."},
    {"threads", GL_CONF_INT, offsetof(gl_classify_conf, serve.http.threads), "2", 0, 1, 64, NULL,
     "Threads of the service, of a lower priority than the workers."},
    {"answer_cache_entries", GL_CONF_INT, offsetof(gl_classify_conf, serve.cache_entries), "100000", 0, 0, 10000000,
     NULL, "Descriptions that the service keeps in memory with ten candidates, 216 bytes each. 0: none."},
    {"body_limit", GL_CONF_BYTES, offsetof(gl_classify_conf, serve.http.body_limit_bytes), "1m", 0, 1024, 64 << 20,
     NULL, "Largest body of a request; a larger one is answered with 413."},
    {"connection_limit", GL_CONF_INT, offsetof(gl_classify_conf, serve.http.connection_limit), "1000", 0, 1, 100000,
     NULL, "Connections served at once."},
    {"idle_timeout", GL_CONF_DURATION, offsetof(gl_classify_conf, serve.http.idle_timeout_ms), "30s", 0, 1000, 3600000,
     NULL, "A connection on which nothing moves for this long is closed."},
    {"pending_limit", GL_CONF_BYTES, offsetof(gl_classify_conf, serve.http.pending_limit_bytes), "64m", 0, 1 << 20, 0,
     NULL, "Bodies held at once; beyond it senders get 503 with Retry-After."},
};

const gl_conf_table gl_classify_conf_table = {
    "classify", "HS codes of goods descriptions.", sizeof(gl_classify_conf), false,
    entries,    sizeof entries / sizeof entries[0]};

enum {
    ITEMS,
    AGREEMENT,
    ANSWERS,
    VERDICTS,
    HITS,
    MISSES,
    CONFIDENCE,
    CHAPTERS,
    CHAPTER_MIX,
    MODEL,
    RULED_TEXTS,
    RULED_ITEMS,
    RULINGS_READ,
    RULINGS_DELAY,
    RULINGS_UNREADABLE,
    FINDINGS,
    FINDINGS_CLAIMED,
    FINDINGS_RIGHT,
    FACTOR,
    TIGHTENED_SUBMITTERS,
    TIGHTENED_ITEMS,
    FINDINGS_READ,
    FINDINGS_DELAY,
    FINDINGS_UNREADABLE,
    NATIONAL,
    TARIFFS,
    SERVED = TARIFFS + GL_TARIFFS_METRIC_COUNT,
    METRIC_COUNT = SERVED + GL_SERVE_METRIC_COUNT
};
static const gl_metric_def metrics[METRIC_COUNT] = {
    [ITEMS] = {"gl_classify_items_total",
               GL_COUNTER,
               "Items, by what came of their description. The share abstained shows a drift of the descriptions.",
               {"status"},
               {0}},
    [AGREEMENT] = {"gl_classify_agreement_total",
                   GL_COUNTER,
                   "Items, by how far the declared code agrees with the best candidate.",
                   {"agreement"},
                   {0}},
    [ANSWERS] = {"gl_classify_answers_total",
                 GL_COUNTER,
                 "Items, by the digits of the code that is answered: 6, 4, 2, or 0 when not even a chapter is sure.",
                 {"digits"},
                 {0}},
    [VERDICTS] = {"gl_classify_verdicts_total",
                  GL_COUNTER,
                  "Items, by what the answer says of the declared code.",
                  {"verdict"},
                  {0}},
    [HITS] = {"gl_classify_cache_hits_total",
              GL_COUNTER,
              "Descriptions found, in the worker's cache or in Redis.",
              {"cache"},
              {0}},
    [MISSES] =
        {"gl_classify_cache_misses_total", GL_COUNTER, "Distinct descriptions that had to be computed.", {NULL}, {0}},
    [CONFIDENCE] = {"gl_classify_confidence",
                    GL_HISTOGRAM,
                    "Confidence of the best candidate, as shares of 1.",
                    {NULL},
                    {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95}},
    [CHAPTERS] = {"gl_classify_chapters_total",
                  GL_COUNTER,
                  "Items, by the likeliest chapter of their description, of the chapters that the model has.",
                  {"chapter"},
                  {0}},
    [CHAPTER_MIX] = {"gl_classify_chapter_mix",
                     GL_GAUGE,
                     "Share of a chapter in the labelled rows that the model learnt from: what the mix of "
                     "gl_classify_chapters_total is held against.",
                     {"chapter"},
                     {0}},
    [MODEL] = {"gl_model_info",
               GL_GAUGE,
               "Always 1; the labels say which model is in use: model is hs6.",
               {"model", "version"},
               {0}},
    [RULED_TEXTS] = {"gl_classify_precedents", GL_GAUGE, "Texts that an officer's ruling stands for.", {NULL}, {0}},
    [RULED_ITEMS] =
        {"gl_classify_precedent_items_total", GL_COUNTER, "Items that were answered by a ruling.", {NULL}, {0}},
    [RULINGS_READ] =
        {"gl_classify_precedents_complete",
         GL_GAUGE,
         "1 once gl.precedents was read to its end since the start; 0: records say that they are degraded.",
         {NULL},
         {0}},
    [RULINGS_DELAY] = {"gl_classify_precedent_delay_seconds",
                       GL_HISTOGRAM,
                       "From a ruling's receipt by ingest until it stands here.",
                       {NULL},
                       {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60}},
    [RULINGS_UNREADABLE] = {"gl_classify_precedents_unreadable_total",
                            GL_COUNTER,
                            "Records of gl.precedents that could not be read, and were passed over.",
                            {NULL},
                            {0}},
    [FINDINGS] = {"gl_classify_findings",
                  GL_GAUGE,
                  "Findings of officers within classify.findings_window that confidence is held against, of all "
                  "submitters, by the words of the text.",
                  {"words"},
                  {0}},
    [FINDINGS_CLAIMED] =
        {"gl_classify_findings_claimed",
         GL_GAUGE,
         "Mean confidence, before any tightening, that the model had in its likeliest subheading where "
         "officers found the code, as a share of 1.",
         {"words"},
         {0}},
    [FINDINGS_RIGHT] = {"gl_classify_findings_right", GL_GAUGE, "Share of these that was right.", {"words"}, {0}},
    [FACTOR] = {"gl_classify_tightening",
                GL_GAUGE,
                "What confidence is multiplied by, for submitters whose own findings say nothing else; 1: nothing.",
                {"words"},
                {0}},
    [TIGHTENED_SUBMITTERS] = {"gl_classify_tightened_submitters",
                              GL_GAUGE,
                              "Submitters with findings whose confidence is tightened.",
                              {"words"},
                              {0}},
    [TIGHTENED_ITEMS] =
        {"gl_classify_tightened_items_total", GL_COUNTER, "Items whose confidence was tightened.", {NULL}, {0}},
    [FINDINGS_READ] = {"gl_classify_findings_complete",
                       GL_GAUGE,
                       "1 once gl.findings was read to its end since the start; 0: nothing is tightened yet.",
                       {NULL},
                       {0}},
    [FINDINGS_DELAY] = {"gl_classify_finding_delay_seconds",
                        GL_HISTOGRAM,
                        "From a finding's decision until it counts here.",
                        {NULL},
                        {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60}},
    [FINDINGS_UNREADABLE] = {"gl_classify_findings_unreadable_total",
                             GL_COUNTER,
                             "Records of gl.findings that could not be read, and were passed over.",
                             {NULL},
                             {0}},
    [NATIONAL] = {"gl_classify_national_items_total",
                  GL_COUNTER,
                  "Items of imports, while a tariff is loaded for some country, by what the tariff of theirs says: "
                  "answered (a national code is sure), open (none is), unknown-subheading (it has no line of the "
                  "likeliest subheading), no-tariff (none holds for the declaration).",
                  {"result"},
                  {0}},
    [TARIFFS +
        GL_TARIFFS_INFO] = {"gl_classify_tariff_info",
                            GL_GAUGE,
                            "Always 1; the labels say which tariffs are loaded: name, version, and the day from which "
                            "it holds (empty: always).",
                            {"tariff", "version", "valid_from"},
                            {0}},
    [TARIFFS + GL_TARIFFS_LINES] = {"gl_classify_tariff_lines",
                                    GL_GAUGE,
                                    "Lines of a loaded tariff that can be declared.",
                                    {"tariff", "valid_from"},
                                    {0}},
    [SERVED +
        GL_SERVE_REPLIES] = {"gl_classify_replies_total",
                             GL_COUNTER,
                             "Descriptions answered over HTTP, by result: cached, computed, ruled (by an officer), "
                             "refused (vague, not a text, too long: no model was asked).",
                             {"result"},
                             {0}},
    [SERVED + GL_SERVE_REFUSALS] = {"gl_classify_refusals_total",
                                    GL_COUNTER,
                                    "Requests over HTTP that were not admitted, by the code of their answer: what is "
                                    "wrong with the credential (401, 403), or too-many-requests, too-many-bytes (429).",
                                    {"code"},
                                    {0}},
};

typedef struct classify_stage {
    gl_classifier *classifier;
    gl_serve *serve; /* NULL: no HTTP service */
    gl_tariffs_slot *tariffs;
    gl_precedents *precedents;       /* NULL: no brokers (tests, the command line) */
    gl_calibration *calibration;     /* NULL likewise */
    pthread_mutex_t feed_lock;       /* guards the feeds */
    gl_precedent_feed *feed;         /* of the rulings; NULL until the first worker starts it */
    gl_calibration_feed *findings;   /* likewise */
    const gl_kafka_conf *kafka_conf; /* NULL likewise */
    gl_classify_conf conf;
    const gl_kv_conf *kv_conf; /* NULL: the configuration has no Redis */
    gl_series *items[GL_CLASSIFICATION_STATUS_COUNT], *agreement[GL_CLASSIFICATION_AGREEMENT_COUNT],
        *answers[GL_HS_CODE_DIGITS / 2 + 1], *verdicts[GL_CLASSIFICATION_VERDICT_COUNT]; /* NULL without metrics */
    gl_series *cache_hits, *kv_hits, *misses, *confidence, *ruled_items, *tightened_items;
    gl_series *chapters[CHAPTER_NUMBERS];     /* by the chapter's number; NULL for one that the model does not have */
    gl_series *national[GL_NATIONAL_RESULTS]; /* NULL likewise */
    gl_precedent_series rulings;
    gl_calibration_series found;
} classify_stage;

typedef struct classify_worker {
    gl_hs_scratch *scratch;
    gl_text_cache *cache;
    gl_arena *item;        /* for the ranking of one item's national codes */
    gl_kv *kv;             /* NULL: no Redis */
    gl_str *keys, *values; /* for Redis after the commit; in the batch's arena */
    size_t count;
} classify_worker;

static size_t chapter_number(const char *code)
{
    return (size_t)(code[0] - '0') * 10 + (size_t)(code[1] - '0');
}

/* What was seen of each chapter, and what share the model expects. */
static void make_chapter_series(classify_stage *stage, gl_metrics *registry)
{
    const gl_hs_model *model = gl_classifier_model(stage->classifier);

    for (size_t i = 0; i < gl_hs_model_chapters(model); i++) {
        char code[3];
        float share = gl_hs_model_chapter(model, i, code);
        const char *const labels[GL_METRIC_LABELS] = {code};
        stage->chapters[chapter_number(code)] = gl_metrics_series(registry, &metrics[CHAPTERS], labels);
        gl_series_set(gl_metrics_series(registry, &metrics[CHAPTER_MIX], labels), (double)share);
    }
}

static void make_finding_series(classify_stage *stage, gl_metrics *registry)
{
    static const char *const none[GL_METRIC_LABELS] = {NULL};

    for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++) {
        const char *const labels[GL_METRIC_LABELS] = {gl_calibration_kind_names[k]};
        stage->found.kinds[k].findings = gl_metrics_series(registry, &metrics[FINDINGS], labels);
        stage->found.kinds[k].claimed = gl_metrics_series(registry, &metrics[FINDINGS_CLAIMED], labels);
        stage->found.kinds[k].right = gl_metrics_series(registry, &metrics[FINDINGS_RIGHT], labels);
        stage->found.kinds[k].factor = gl_metrics_series(registry, &metrics[FACTOR], labels);
        stage->found.kinds[k].submitters = gl_metrics_series(registry, &metrics[TIGHTENED_SUBMITTERS], labels);
    }
    stage->found.complete = gl_metrics_series(registry, &metrics[FINDINGS_READ], none);
    stage->found.delay = gl_metrics_series(registry, &metrics[FINDINGS_DELAY], none);
    stage->found.unreadable = gl_metrics_series(registry, &metrics[FINDINGS_UNREADABLE], none);
    stage->tightened_items = gl_metrics_series(registry, &metrics[TIGHTENED_ITEMS], none);
}

static void make_series(classify_stage *stage, gl_metrics *registry)
{
    static const char *const none[GL_METRIC_LABELS] = {NULL}, *const local[GL_METRIC_LABELS] = {"worker"},
                             *const redis[GL_METRIC_LABELS] = {"redis"};
    if (registry == NULL)
        return;
    for (int i = 0; i < GL_CLASSIFICATION_STATUS_COUNT; i++) {
        const char *const labels[GL_METRIC_LABELS] = {gl_classification_status_name((gl_classification_status)i)};
        stage->items[i] = gl_metrics_series(registry, &metrics[ITEMS], labels);
    }
    for (int i = 0; i < GL_CLASSIFICATION_AGREEMENT_COUNT; i++) {
        const char *const labels[GL_METRIC_LABELS] = {gl_classification_agreement_name((gl_classification_agreement)i)};
        stage->agreement[i] = gl_metrics_series(registry, &metrics[AGREEMENT], labels);
    }
    for (int i = 0; i <= GL_HS_CODE_DIGITS / 2; i++) {
        const char digits[2] = {(char)('0' + 2 * i), 0}, *const labels[GL_METRIC_LABELS] = {digits};
        stage->answers[i] = gl_metrics_series(registry, &metrics[ANSWERS], labels);
    }
    for (int i = 0; i < GL_CLASSIFICATION_VERDICT_COUNT; i++) {
        const char *const labels[GL_METRIC_LABELS] = {gl_classification_verdict_name((gl_classification_verdict)i)};
        stage->verdicts[i] = gl_metrics_series(registry, &metrics[VERDICTS], labels);
    }
    for (int i = 0; i < GL_NATIONAL_RESULTS; i++) {
        static const char *const results[GL_NATIONAL_RESULTS] = {[GL_NATIONAL_ANSWERED] = "answered",
                                                                 [GL_NATIONAL_OPEN] = "open",
                                                                 [GL_NATIONAL_UNKNOWN_SUBHEADING] =
                                                                     "unknown-subheading",
                                                                 [GL_NATIONAL_NO_TARIFF] = "no-tariff"};
        const char *const labels[GL_METRIC_LABELS] = {results[i]};
        stage->national[i] = gl_metrics_series(registry, &metrics[NATIONAL], labels);
    }
    stage->cache_hits = gl_metrics_series(registry, &metrics[HITS], local);
    stage->kv_hits = gl_metrics_series(registry, &metrics[HITS], redis);
    stage->misses = gl_metrics_series(registry, &metrics[MISSES], none);
    stage->confidence = gl_metrics_series(registry, &metrics[CONFIDENCE], none);
    stage->ruled_items = gl_metrics_series(registry, &metrics[RULED_ITEMS], none);
    stage->rulings =
        (gl_precedent_series){.texts = gl_metrics_series(registry, &metrics[RULED_TEXTS], none),
                              .complete = gl_metrics_series(registry, &metrics[RULINGS_READ], none),
                              .delay = gl_metrics_series(registry, &metrics[RULINGS_DELAY], none),
                              .unreadable = gl_metrics_series(registry, &metrics[RULINGS_UNREADABLE], none)};
    make_finding_series(stage, registry);
    make_chapter_series(stage, registry);
    const char *const model[GL_METRIC_LABELS] = {"hs6", gl_classifier_version(stage->classifier)};
    gl_metrics_info(registry, &metrics[MODEL], model, NULL);
}

/* ---- life cycle ---- */

gl_classifier *gl_classifier_of_conf(const gl_classify_conf *conf, gl_err *err)
{
    gl_classifier *classifier = gl_classifier_open(conf->model, conf->vague_words, conf->abstain_below_ppm, err);

    if (classifier == NULL || gl_classifier_use_gate(classifier, conf->vague_model, conf->vague_above_ppm, err))
        return classifier;
    gl_classifier_destroy(classifier);
    return NULL;
}

static void classify_close(void *context)
{
    classify_stage *stage = context;
    if (stage == NULL)
        return;
    gl_serve_stop(stage->serve);
    gl_tariffs_slot_destroy(stage->tariffs);
    gl_precedent_feed_stop(stage->feed);
    gl_calibration_feed_stop(stage->findings);
    gl_classifier_destroy(stage->classifier);
    gl_precedents_destroy(stage->precedents);
    gl_calibration_destroy(stage->calibration);
    pthread_mutex_destroy(&stage->feed_lock);
    free(stage);
}

static bool start_service(classify_stage *stage, const gl_stage_env *env, gl_err *err)
{
    gl_serve_conf conf = stage->conf.serve;

    if (conf.http.listen[0] == '\0')
        return true;
    conf.tariffs = stage->tariffs;
    stage->serve = gl_serve_start(&conf, stage->classifier, env->metrics, &metrics[SERVED], err);
    return stage->serve != NULL;
}

/* What comes from topics into memory. */
static void use_topics(classify_stage *stage)
{
    const gl_classify_conf *conf = &stage->conf;
    gl_calibration_conf terms = {.by = (gl_calibration_by)conf->tighten,
                                 .least = conf->tighten_least,
                                 .window_us = conf->findings_window_ms * 1000};

    stage->precedents = gl_precedents_new(conf->precedents_wait_ms);
    stage->calibration =
        gl_calibration_new(&terms, gl_classifier_version(stage->classifier), gl_wall_us(), conf->precedents_wait_ms);
    gl_classifier_use(stage->classifier, stage->precedents);
    if (terms.by != GL_CALIBRATION_OFF)
        gl_classifier_calibrate(stage->classifier, stage->calibration);
}

static bool load_tariffs(classify_stage *stage, const gl_stage_env *env, gl_err *err)
{
    gl_tariffs *tariffs = gl_tariffs_of_conf(env->conf, err);

    if (tariffs != NULL)
        stage->tariffs = gl_tariffs_slot_new(tariffs, env->metrics, &metrics[TARIFFS]);
    return tariffs != NULL;
}

static bool classify_open(const gl_stage_env *env, void **out, gl_err *err)
{
    const gl_classify_conf *conf = gl_conf_section(env->conf, gl_classify_conf_table.section);
    const gl_kv_conf *kv_conf = gl_conf_section(env->conf, gl_kv_conf_table.section);
    gl_classifier *classifier = gl_classifier_of_conf(conf, err);

    if (classifier == NULL)
        return false;
    classify_stage *stage = calloc(1, sizeof *stage);
    if (stage == NULL)
        abort();
    stage->classifier = classifier;
    stage->conf = *conf;
    stage->kv_conf = kv_conf != NULL && kv_conf->url[0] != '\0' ? kv_conf : NULL;
    pthread_mutex_init(&stage->feed_lock, NULL);
    make_series(stage, env->metrics);
    stage->kafka_conf = gl_conf_section(env->conf, gl_kafka_conf_table.section);
    if (stage->kafka_conf != NULL)
        use_topics(stage);
    if (!load_tariffs(stage, env, err) || !start_service(stage, env, err)) {
        classify_close(stage);
        return false;
    }
    gl_log(GL_LOG_INFO, "model-loaded", "model %s, abstains below %d ppm", gl_classifier_version(classifier),
           (int)gl_classifier_abstain_ppm(classifier));
    *out = stage;
    return true;
}

int gl_classify_port(const void *context)
{
    const classify_stage *stage = context;
    return stage->serve == NULL ? 0 : gl_serve_port(stage->serve);
}

/* Findings that count are to be there still after a restart. */
static bool check_window(const gl_conf *conf, const gl_classify_conf *own, gl_err *err)
{
    const gl_kafka_conf *kafka = gl_conf_section(conf, gl_kafka_conf_table.section);
    if (kafka == NULL || kafka->findings_retention_ms >= own->findings_window_ms)
        return true;
    return gl_fail(err, GL_FATAL, "conf-value",
                   "kafka.findings_retention is shorter than classify.findings_window: findings would count until a "
                   "restart, and not after it");
}

static bool classify_check(const gl_conf *conf, gl_err *err)
{
    const gl_classify_conf *own = gl_conf_section(conf, gl_classify_conf_table.section);

    if (!check_window(conf, own, err))
        return false;
    gl_tariffs *tariffs = gl_tariffs_of_conf(conf, err);

    gl_tariffs_release(tariffs);
    return tariffs != NULL && (own->serve.http.listen[0] == '\0' || gl_serve_check(&own->serve, err));
}

static bool classify_reload(void *context, const gl_conf *conf, gl_err *err)
{
    classify_stage *stage = context;
    const gl_classify_conf *fresh = gl_conf_section(conf, gl_classify_conf_table.section);
    gl_tariffs *tariffs = gl_tariffs_of_conf(conf, err);

    if (tariffs == NULL)
        return false;
    if (stage->serve != NULL && !gl_serve_reload(stage->serve, &fresh->serve, err)) {
        gl_tariffs_release(tariffs);
        return false;
    }
    gl_tariffs_slot_put(stage->tariffs, tariffs);
    return true;
}

/* The first worker starts the feeds: topics and schemas are known by then. */
static void read_topics(classify_stage *stage)
{
    if (stage->precedents == NULL)
        return;
    pthread_mutex_lock(&stage->feed_lock);
    if (stage->feed == NULL)
        stage->feed = gl_precedent_feed_start(stage->kafka_conf, stage->precedents, &stage->rulings);
    if (stage->findings == NULL)
        stage->findings = gl_calibration_feed_start(stage->kafka_conf, stage->calibration, &stage->found);
    pthread_mutex_unlock(&stage->feed_lock);
    int64_t end_us = gl_mono_us() + stage->conf.precedents_wait_ms * 1000;
    gl_precedent_feed_wait(stage->feed, stage->conf.precedents_wait_ms);
    int64_t left_us = end_us - gl_mono_us();
    gl_calibration_feed_wait(stage->findings, left_us > 0 ? left_us / 1000 : 0);
}

static bool classify_worker_open(void *context, const gl_stage_env *env, void **out, gl_err *err)
{
    classify_stage *stage = context;
    classify_worker *worker = calloc(1, sizeof *worker);

    (void)err;
    if (worker == NULL)
        abort();
    worker->scratch = gl_hs_scratch_new(gl_classifier_model(stage->classifier));
    worker->cache = gl_text_cache_new((size_t)stage->conf.cache_entries, 0);
    worker->item = gl_arena_new(0);
    if (stage->kv_conf != NULL)
        worker->kv = gl_kv_new(stage->kv_conf, env->metrics);
    read_topics(stage);
    *out = worker;
    return true;
}

static void classify_worker_close(void *context)
{
    classify_worker *worker = context;
    if (worker == NULL)
        return;
    gl_hs_scratch_destroy(worker->scratch);
    gl_text_cache_destroy(worker->cache);
    gl_arena_destroy(worker->item);
    gl_kv_destroy(worker->kv);
    free(worker);
}

/* ---- a batch ---- */

/* The records that could be decoded; decoded[i] belongs to records[i]. */
typedef struct decoded_batch {
    gl_accepted *decoded;
    const gl_record **records;
    size_t count, item_count;
} decoded_batch;

/* No silence: decide turns the event into a technical hold. */
static void put_failure(gl_outbox *outbox, const gl_batch *batch, const gl_record *record, const gl_err *why)
{
    gl_failed_record failed = {record->key, record->value, record->partition, record->offset, batch->partition_count};
    gl_str key, event;

    if (gl_failure_event(batch->arena, gl_classify_stage.name, &failed, why, batch->now_us, &key, &event))
        gl_outbox_put(outbox, record, OUT_EVENTS, key, event);
}

static decoded_batch decode_batch(const gl_batch *batch, gl_outbox *outbox)
{
    decoded_batch d = {GL_NEW_N(batch->arena, gl_accepted, batch->count),
                       GL_NEW_N(batch->arena, const gl_record *, batch->count), 0, 0};

    for (size_t i = 0; i < batch->count; i++) {
        const gl_record *record = &batch->records[i];
        gl_accepted *in = &d.decoded[d.count];
        gl_err err = {0};
        if (!gl_accepted_decode(in, (const uint8_t *)record->value.ptr, record->value.len, batch->arena, &err) ||
            !gl_declaration_key_check(record->key, &in->declaration, &err)) {
            gl_outbox_dead_letter(outbox, record, &err);
            put_failure(outbox, batch, record, &err);
            continue;
        }
        d.item_count += in->declaration.items.count;
        d.records[d.count++] = record;
    }
    return d;
}

/* The section of one item. Slices point into `text`, which lives in the arena, and into the record. */
static gl_classification_item_classification item_section(const gl_declaration_goods_item *item,
                                                          const gl_text_class *text, gl_arena *arena)
{
    gl_classification_item_classification out = {
        .sequence_numeric = item->sequence_numeric, .status = text->status, .reason = gl_str_of(text->reason)};
    int32_t rank = 0;

    if (text->result.count > 0) {
        out.candidates.at = GL_NEW_N(arena, gl_classification_candidate, text->result.count);
        out.candidates.count = text->result.count;
    }
    for (size_t i = 0; i < text->result.count; i++)
        out.candidates.at[i] = (gl_classification_candidate){{text->result.top[i].hs6, GL_HS_CODE_DIGITS},
                                                             text->result.top[i].confidence_ppm};
    out.agreement = gl_text_class_compare(text, item->commodity_code, &rank);
    if (item->commodity_code.len >= GL_HS_CODE_DIGITS)
        out.declared_hs6 = (gl_str){item->commodity_code.ptr, GL_HS_CODE_DIGITS};
    if (rank > 0)
        out.declared_rank = GL_SOME_I32(rank);
    return out;
}

/* What of an item came later (`answers` of the section). The code is a slice of `text`. */
static gl_classification_item_answer item_answer(const gl_declaration_goods_item *item, const gl_text_class *text)
{
    const gl_hs_candidate *answer = gl_text_class_answer(text);
    gl_classification_item_answer out = {.verdict = gl_text_class_verdict(text, item->commodity_code)};

    if (answer != NULL) {
        out.answer_code = (gl_str){answer->hs6, text->answer_digits};
        out.answer_confidence_ppm = GL_SOME_I32(answer->confidence_ppm);
    }
    if (text->result.has_declared)
        out.declared_confidence_ppm = GL_SOME_I32(text->result.declared_ppm);
    return out;
}

static void count_item(const classify_stage *stage, const gl_classification_item_classification *item,
                       const gl_classification_item_answer *answer, const gl_text_class *text)
{
    if (stage->confidence == NULL)
        return;
    gl_series *chapter = text->result.count > 0 ? stage->chapters[chapter_number(text->result.group[0].hs6)] : NULL;
    if (chapter != NULL)
        gl_series_add(chapter, 1);
    gl_series_add(stage->answers[answer->answer_code.len / 2], 1);
    gl_series_add(stage->verdicts[answer->verdict], 1);
    gl_series_add(stage->items[item->status], 1);
    gl_series_add(stage->agreement[item->agreement], 1);
    if (item->candidates.count > 0)
        gl_series_observe(stage->confidence, item->candidates.at[0].confidence_ppm / 1e6);
}

/* Which rulings answered items; slices of the rulings. */
static void note_precedents(gl_classification *section, const gl_text_class *texts, size_t count, gl_arena *arena)
{
    size_t ruled = 0;

    for (size_t i = 0; i < count; i++)
        ruled += texts[i].precedent != NULL;
    if (ruled == 0)
        return;
    section->precedents.at = GL_NEW_N(arena, gl_classification_item_precedent, ruled);
    for (size_t i = 0; i < count; i++) {
        const gl_precedent *by = texts[i].precedent;
        if (by != NULL)
            section->precedents.at[section->precedents.count++] =
                (gl_classification_item_precedent){.item = (int32_t)i,
                                                   .code = by->code,
                                                   .account = by->account,
                                                   .event_id = by->event_id,
                                                   .made_at = by->made_at};
    }
}

/* Which items' confidence was tightened, and what was claimed; slices of `texts`. */
static void note_tightened(gl_classification *section, const gl_text_class *texts, size_t count, gl_arena *arena)
{
    size_t tightened = 0;

    for (size_t i = 0; i < count; i++)
        tightened += gl_text_class_is_tightened(&texts[i]);
    if (tightened == 0)
        return;
    section->tightened.at = GL_NEW_N(arena, gl_classification_item_tightening, tightened);
    for (size_t i = 0; i < count; i++) {
        const gl_text_class *text = &texts[i];
        if (!gl_text_class_is_tightened(text))
            continue;
        gl_classification_item_tightening *out = &section->tightened.at[section->tightened.count++];
        *out = (gl_classification_item_tightening){.item = (int32_t)i,
                                                   .factor_ppm = text->tightening.factor_ppm,
                                                   .own = text->tightening.own,
                                                   .findings = (int32_t)text->tightening.findings,
                                                   .claimed_ppm = text->claimed_ppm};
        if (text->claimed_digits == 0)
            continue;
        out->claimed_code = (gl_str){text->claimed_answer.hs6, text->claimed_digits};
        out->claimed_code_ppm = GL_SOME_I32(text->claimed_answer.confidence_ppm);
    }
}

/* Is all known that other instances go by? */
static bool has_read_topics(const classify_stage *stage)
{
    const gl_calibration *calibration = gl_classifier_calibration(stage->classifier);
    return (stage->precedents == NULL || gl_precedents_is_complete(stage->precedents)) &&
           (calibration == NULL || gl_calibration_is_complete(calibration));
}

static void count_national(const classify_stage *stage, gl_national_result result, size_t count)
{
    if (stage->national[result] != NULL)
        gl_series_add(stage->national[result], count);
}

/* What the tariff says that holds for this declaration; nothing where none does. Slices of the tariff. */
static void note_national(const classify_stage *stage, classify_worker *worker, const gl_tariffs *tariffs,
                          gl_classification *section, const gl_declaration *declaration, const gl_text_class *texts,
                          gl_arena *arena)
{
    size_t count = declaration->items.count;
    const gl_national *national = gl_national_of_declaration(tariffs, declaration);

    if (national == NULL) {
        if (declaration->family == GL_DECLARATION_FAMILY_IMPORT && gl_tariffs_any_country(tariffs))
            count_national(stage, GL_NATIONAL_NO_TARIFF, count);
        return;
    }
    section->tariff = gl_str_of(gl_tariff_version(gl_national_tariff(national)));
    section->national.at = GL_NEW_N(arena, gl_classification_item_national, count);
    section->national.count = count;
    for (size_t i = 0; i < count; i++)
        count_national(stage,
                       gl_national_item(&section->national.at[i], national, stage->classifier,
                                        &declaration->items.at[i], &texts[i], worker->item, arena),
                       1);
}

/* Upstream bytes, then our section. `texts`: of the declaration's items. */
static void put_classified(const classify_stage *stage, classify_worker *worker, const gl_tariffs *tariffs,
                           const gl_batch *batch, gl_outbox *outbox, const gl_record *record, const gl_accepted *in,
                           const gl_text_class *texts)
{
    size_t count = in->declaration.items.count;
    gl_classification section = {.classified_at = batch->now_us,
                                 .model_version = gl_str_of(gl_classifier_version(stage->classifier)),
                                 .degraded = !has_read_topics(stage)};
    gl_buf value = gl_buf_in(batch->arena);

#if GL_VERSION_NEXT
    section.next_note = GL_STR("next");
#endif
    section.items.at = GL_NEW_N(batch->arena, gl_classification_item_classification, count);
    section.answers.at = GL_NEW_N(batch->arena, gl_classification_item_answer, count);
    section.items.count = section.answers.count = count;
    for (size_t i = 0; i < count; i++) {
        section.items.at[i] = item_section(&in->declaration.items.at[i], &texts[i], batch->arena);
        section.answers.at[i] = item_answer(&in->declaration.items.at[i], &texts[i]);
        count_item(stage, &section.items.at[i], &section.answers.at[i], &texts[i]);
    }
    note_precedents(&section, texts, count, batch->arena);
    note_tightened(&section, texts, count, batch->arena);
    note_national(stage, worker, tariffs, &section, &in->declaration, texts, batch->arena);
    gl_buf_reserve(&value, record->value.len + 64 + (section.national.count > 0 ? 256 : 160) * count);
    gl_classified_follow(&value, in);
    gl_classification_encode(&value, &section);
    gl_outbox_put(outbox, record, OUT_CLASSIFIED, record->key, gl_buf_view(&value));
}

static void resolve(const classify_stage *stage, classify_worker *worker, gl_text_batch *texts)
{
    gl_err err = {0};

    if (!gl_text_batch_resolve(texts, worker->kv, worker->scratch, &err))
        gl_log_err(GL_LOG_WARN, &err);
    gl_text_batch_news(texts, &worker->keys, &worker->values, &worker->count);
    if (stage->misses == NULL)
        return;
    gl_series_add(stage->cache_hits, texts->cache_hits);
    gl_series_add(stage->kv_hits, texts->kv_hits);
    gl_series_add(stage->misses, texts->computed);
    gl_series_add(stage->ruled_items, texts->ruled);
    gl_series_add(stage->tightened_items, texts->tightened);
}

static bool classify_process(void *context, void *worker_context, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    classify_stage *stage = context;
    classify_worker *worker = worker_context;
    gl_text_batch texts;

    (void)err;
    decoded_batch d = decode_batch(batch, outbox);
    gl_text_batch_begin(&texts, stage->classifier, worker->cache, batch->arena, d.item_count);
    for (size_t i = 0; i < d.count; i++)
        for (size_t k = 0; k < d.decoded[i].declaration.items.count; k++)
            gl_text_batch_add(&texts, d.decoded[i].declaration.submitter,
                              d.decoded[i].declaration.items.at[k].description,
                              d.decoded[i].declaration.items.at[k].commodity_code);
    resolve(stage, worker, &texts);
    gl_tariffs *tariffs = gl_tariffs_slot_get(stage->tariffs);
    const gl_text_class *text = texts.texts;
    for (size_t i = 0; i < d.count; i++) {
        put_classified(stage, worker, tariffs, batch, outbox, d.records[i], &d.decoded[i], text);
        text += d.decoded[i].declaration.items.count;
    }
    gl_tariffs_release(tariffs);
    return true;
}

/* What was computed goes to Redis for the other workers; a failure only means that they compute it too. */
static void classify_applied(void *context, void *worker_context, const gl_batch *batch, const gl_outbox *outbox)
{
    classify_stage *stage = context;
    classify_worker *worker = worker_context;
    gl_err err = {0};

    (void)batch;
    (void)outbox;
    if (worker->kv != NULL && worker->count > 0 &&
        !gl_kv_set(worker->kv, worker->keys, worker->values, worker->count, stage->conf.cache_ttl_ms, &err))
        gl_log_err(GL_LOG_WARN, &err);
    worker->count = 0;
}

/* The news for Redis may be of an attempt before, in memory that is used again by now: process makes them anew where
 * anything but poison is left. */
static void classify_dead_lettered(void *context, void *worker, const gl_batch *batch, const gl_record *record,
                                   const gl_err *err, gl_outbox *outbox)
{
    (void)context;
    ((classify_worker *)worker)->count = 0;
    put_failure(outbox, batch, record, err);
}

static const char *const inputs[] = {"gl.declarations.accepted", NULL};
static const char *const outputs[] = {"gl.declarations.classified", "gl.events", NULL};
static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_tariff_conf_table, &gl_kv_conf_table, NULL};

const gl_stage_def gl_classify_stage = {
    .name = "classify",
    .inputs = inputs,
    .outputs = outputs,
    .conf_tables = tables,
    .metrics = metrics,
    .metric_count = METRIC_COUNT,
    .check = classify_check,
    .open = classify_open,
    .close = classify_close,
    .reload = classify_reload,
    .worker_open = classify_worker_open,
    .worker_close = classify_worker_close,
    .process = classify_process,
    .dead_lettered = classify_dead_lettered,
    .applied = classify_applied,
};
