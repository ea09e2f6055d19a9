/* See risk.h. */
#include "risk/risk.h"

#include "base/clock.h"
#include "base/log.h"
#include "customs/failure.h"
#include "gen/topics.h"
#include "risk/assess.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

static const gl_conf_entry entries[] = {
    {"model", GL_CONF_STRING, offsetof(gl_risk_conf, model), "models/risk", GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0,
     NULL, "Folder of the risk model: model.ubj and features.tsv."},
    {"criteria", GL_CONF_STRING, offsetof(gl_risk_conf, criteria), "config/criteria/default.yaml",
     GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0, NULL,
     "File of the criteria. SIGHUP reads it, the lists and the model again; when one of them is wrong, all stay as "
     "they were."},
    {"lists", GL_CONF_STRING, offsetof(gl_risk_conf, lists), "config/lists", GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0,
     NULL, "Folder of the lists that criteria name: every *.yaml in it."},
    {"top_reasons", GL_CONF_INT, offsetof(gl_risk_conf, top_reasons), "3", GL_CONF_RELOADABLE, 0, 16, NULL,
     "How many reasons are given with a score."},
};

const gl_conf_table gl_risk_conf_table = {"risk",  "Scoring and criteria.",           sizeof(gl_risk_conf), false,
                                          entries, sizeof entries / sizeof entries[0]};

enum { OUT_ASSESSED, OUT_EVENTS };
enum { SCORED, OUTSIDE, HITS, SCORES, LISTS, IN_FORCE, MODEL, RULES, METRIC_COUNT };
static const gl_metric_def metrics[METRIC_COUNT] = {
    [SCORED] = {"gl_risk_scored_total", GL_COUNTER, "Declarations that got a score.", {NULL}, {0}},
    [OUTSIDE] = {"gl_risk_outside_domain_total",
                 GL_COUNTER,
                 "Declarations that lack most of the model's inputs and got no score.",
                 {NULL},
                 {0}},
    [HITS] = {"gl_risk_hits_total", GL_COUNTER, "Hits of criteria, by the lane they ask for.", {"lane"}, {0}},
    [SCORES] = {"gl_risk_score",
                GL_HISTOGRAM,
                "Scores as shares of 1: a drift shows here first.",
                {NULL},
                {0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99}},
    [LISTS] = {"gl_risk_lists", GL_GAUGE, "Lists loaded.", {NULL}, {0}},
    [IN_FORCE] = {"gl_risk_lists_in_force", GL_GAUGE, "Lists within their validity, of those loaded.", {NULL}, {0}},
    [MODEL] = {"gl_model_info",
               GL_GAUGE,
               "Always 1; the labels say which model is in use: model is risk.",
               {"model", "version"},
               {0}},
    [RULES] = {"gl_rules_info",
               GL_GAUGE,
               "Always 1; the labels say which rules are in use: rules is criteria.",
               {"rules", "version"},
               {0}},
};

typedef struct risk_stage {
    gl_risk_rules_slot *rules;
    _Atomic int64_t top_reasons;
    _Atomic size_t in_force_count;                           /* lists, as last looked at */
    gl_metrics *registry;                                    /* NULL: none, and no series */
    gl_series *scored, *outside, *scores, *lists, *in_force; /* NULL without metrics */
    gl_series *model, *criteria;                             /* NULL until something was loaded. Thread: main */
    gl_series *hits[GL_ASSESSMENT_LANE_HINT_COUNT];
} risk_stage;

/* Returns how many are in force. */
static size_t count_lists(const risk_stage *stage, const gl_lists *lists, int64_t now_us)
{
    size_t current = 0;
    for (size_t i = 0; i < gl_lists_count(lists); i++)
        current += gl_list_in_force(gl_lists_at(lists, i), now_us);
    if (stage->lists == NULL)
        return current;
    gl_series_set(stage->lists, (double)gl_lists_count(lists));
    gl_series_set(stage->in_force, (double)current);
    return current;
}

/* A list outside its validity matches nothing: that may be meant, but never goes unsaid. */
static void report_lists(const gl_lists *lists, int64_t now_us)
{
    for (size_t i = 0; i < gl_lists_count(lists); i++) {
        const gl_list *list = gl_lists_at(lists, i);
        if (!gl_list_in_force(list, now_us))
            gl_log(GL_LOG_WARN, "list-not-in-force", "list %s is outside its validity and matches nothing",
                   gl_list_name(list));
    }
}

/* Of rules that were just loaded. Thread: main. */
static void report_rules(risk_stage *stage, const gl_risk_rules *rules)
{
    int64_t now_us = gl_wall_us();
    report_lists(rules->lists, now_us);
    stage->in_force_count = count_lists(stage, rules->lists, now_us);
    if (stage->registry == NULL)
        return;
    const char *const model[GL_METRIC_LABELS] = {"risk", gl_scorer_version(rules->scorer)};
    const char *const criteria[GL_METRIC_LABELS] = {"criteria", gl_criteria_version(rules->criteria)};
    stage->model = gl_metrics_info(stage->registry, &metrics[MODEL], model, stage->model);
    stage->criteria = gl_metrics_info(stage->registry, &metrics[RULES], criteria, stage->criteria);
}

static gl_risk_rules *load_rules(const gl_conf *conf, gl_err *err)
{
    const gl_risk_conf *risk = gl_conf_section(conf, "risk");
    gl_risk_rules *rules = gl_risk_rules_load(risk->model, risk->lists, risk->criteria, err);
    if (rules != NULL)
        gl_log(GL_LOG_INFO, "rules-loaded", "model %s, criteria %s (%zu), %zu lists", gl_scorer_version(rules->scorer),
               gl_criteria_version(rules->criteria), gl_criteria_count(rules->criteria), gl_lists_count(rules->lists));
    return rules;
}

static void make_series(risk_stage *stage, gl_metrics *registry)
{
    static const char *const none[GL_METRIC_LABELS] = {NULL};
    stage->registry = registry;
    if (registry == NULL)
        return;
    stage->scored = gl_metrics_series(registry, &metrics[SCORED], none);
    stage->outside = gl_metrics_series(registry, &metrics[OUTSIDE], none);
    stage->scores = gl_metrics_series(registry, &metrics[SCORES], none);
    stage->lists = gl_metrics_series(registry, &metrics[LISTS], none);
    stage->in_force = gl_metrics_series(registry, &metrics[IN_FORCE], none);
    for (int lane = 0; lane < GL_ASSESSMENT_LANE_HINT_COUNT; lane++) {
        const char *const labels[GL_METRIC_LABELS] = {gl_assessment_lane_hint_name((gl_assessment_lane_hint)lane)};
        stage->hits[lane] = gl_metrics_series(registry, &metrics[HITS], labels);
    }
}

static bool risk_open(const gl_stage_env *env, void **out, gl_err *err)
{
    const gl_risk_conf *conf = gl_conf_section(env->conf, "risk");
    gl_risk_rules *rules = load_rules(env->conf, err);
    if (rules == NULL)
        return false;
    risk_stage *stage = calloc(1, sizeof *stage);
    if (stage == NULL)
        abort();
    stage->top_reasons = conf->top_reasons;
    make_series(stage, env->metrics);
    report_rules(stage, rules);
    stage->rules = gl_risk_rules_slot_new(rules);
    *out = stage;
    return true;
}

static void risk_close(void *context)
{
    risk_stage *stage = context;
    if (stage == NULL)
        return;
    gl_risk_rules_slot_destroy(stage->rules);
    free(stage);
}

static bool risk_reload(void *context, const gl_conf *conf, gl_err *err)
{
    risk_stage *stage = context;
    const gl_risk_conf *risk = gl_conf_section(conf, "risk");
    gl_risk_rules *rules = load_rules(conf, err);
    if (rules == NULL)
        return false;
    report_rules(stage, rules);
    stage->top_reasons = risk->top_reasons;
    gl_risk_rules_swap(stage->rules, rules);
    return true;
}

/* What is decoded of a batch: `all[i]` and `in[i]` belong to records[i] of the batch. */
typedef struct decoded {
    gl_classified *in;
    gl_assessing *all;
    const gl_record **records;
    size_t count;
} decoded;

/* No silence: decide turns the event into a technical hold. */
static void put_failure(gl_outbox *outbox, const gl_batch *batch, const gl_record *record, const gl_err *why)
{
    gl_failed_record failed = {record->key, record->value, record->partition, record->offset, batch->partition_count};
    gl_str key, event;
    if (gl_failure_event(batch->arena, gl_risk_stage.name, &failed, why, batch->now_us, &key, &event))
        gl_outbox_put(outbox, record, OUT_EVENTS, key, event);
}

static decoded decode(const gl_batch *batch, gl_outbox *outbox)
{
    decoded d = {GL_NEW_N(batch->arena, gl_classified, batch->count),
                 GL_NEW_N(batch->arena, gl_assessing, batch->count),
                 GL_NEW_N(batch->arena, const gl_record *, batch->count), 0};
    for (size_t i = 0; i < batch->count; i++) {
        const gl_record *record = &batch->records[i];
        gl_classified *in = &d.in[d.count];
        gl_err err = {0};
        if (!gl_classified_decode(in, (const uint8_t *)record->value.ptr, record->value.len, batch->arena, &err) ||
            !gl_declaration_key_check(record->key, &in->declaration, &err)) {
            gl_outbox_dead_letter(outbox, record, &err);
            put_failure(outbox, batch, record, &err);
            continue;
        }
        d.all[d.count].decl = &in->declaration;
        d.all[d.count].classification = &in->classification;
        d.records[d.count++] = record;
    }
    return d;
}

static void count_assessment(const risk_stage *stage, const gl_assessment *assessment)
{
    if (stage->scored == NULL)
        return;
    gl_series_add(assessment->score_ppm.set ? stage->scored : stage->outside, 1);
    if (assessment->score_ppm.set)
        gl_series_observe(stage->scores, assessment->score_ppm.value / (double)GL_SCORE_MAX_PPM);
    for (size_t i = 0; i < assessment->hits.count; i++)
        gl_series_add(stage->hits[assessment->hits.at[i].lane], 1);
}

static void put(gl_outbox *outbox, const gl_batch *batch, const gl_record *record, const gl_classified *in,
                const gl_assessment *assessment)
{
    gl_buf value = gl_buf_in(batch->arena);
    gl_buf_reserve(&value, record->value.len + 1024);
    gl_assessed_follow(&value, in);
    gl_assessment_encode(&value, assessment);
    gl_outbox_put(outbox, record, OUT_ASSESSED, record->key, gl_buf_view(&value));
}

static bool risk_process(void *context, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    risk_stage *stage = context;
    (void)worker;
    const gl_risk_rules *rules = gl_risk_rules_take(stage->rules);
    decoded d = decode(batch, outbox);
    bool ok = gl_assess(rules, d.all, d.count, (size_t)stage->top_reasons, batch->now_us, batch->arena, err);
    for (size_t i = 0; ok && i < d.count; i++) {
        put(outbox, batch, d.records[i], &d.in[i], &d.all[i].assessment);
        count_assessment(stage, &d.all[i].assessment);
    }
    gl_risk_rules_give(stage->rules, rules); /* what was put is encoded: it holds nothing of the rules */
    return ok;
}

/* A list that ends today is out of force without a reload. */
static bool risk_idle(void *context, void *worker, gl_state *state, const int32_t *partitions, size_t count,
                      int64_t now_us)
{
    risk_stage *stage = context;
    (void)worker;
    (void)state;
    (void)partitions;
    (void)count;
    const gl_risk_rules *rules = gl_risk_rules_take(stage->rules);
    size_t current = count_lists(stage, rules->lists, now_us);
    if (current < atomic_exchange(&stage->in_force_count, current))
        report_lists(rules->lists, now_us);
    gl_risk_rules_give(stage->rules, rules);
    return false;
}

static void risk_dead_lettered(void *context, void *worker, const gl_batch *batch, const gl_record *record,
                               const gl_err *err, gl_outbox *outbox)
{
    (void)context;
    (void)worker;
    put_failure(outbox, batch, record, err);
}

static const char *const inputs[] = {"gl.declarations.classified", NULL};
static const char *const outputs[] = {"gl.declarations.assessed", "gl.events", NULL};
static const gl_conf_table *const tables[] = {&gl_risk_conf_table, NULL};

const gl_stage_def gl_risk_stage = {
    .name = "risk",
    .inputs = inputs,
    .outputs = outputs,
    .conf_tables = tables,
    .metrics = metrics,
    .metric_count = METRIC_COUNT,
    .open = risk_open,
    .close = risk_close,
    .reload = risk_reload,
    .process = risk_process,
    .dead_lettered = risk_dead_lettered,
    .idle = risk_idle,
};
