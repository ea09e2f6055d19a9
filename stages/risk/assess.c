/* See assess.h. */
#include "risk/assess.h"

#include <math.h>
#include <stdio.h>

enum { REASONS_LIMIT = 16, VALUE_BYTES = 96 };

/* An item inside the model's domain: a row of the batch's matrix. */
typedef struct scored_item {
    size_t declaration, item;
} scored_item;

typedef struct batch_rows {
    float *values;
    scored_item *of;
    int32_t *score_ppm;
    size_t count, width;
} batch_rows;

static size_t item_total(const gl_assessing *all, size_t count)
{
    size_t total = 0;
    for (size_t d = 0; d < count; d++)
        total += all[d].decl->items.count;
    return total;
}

static void name_missing(gl_assessment *assessment, const gl_risk_inputs *inputs, gl_arena *arena)
{
    assessment->missing_inputs.count = 0;
    assessment->missing_inputs.at = GL_NEW_N(arena, gl_str, GL_RISK_INPUT_COUNT);
    for (int input = 0; input < GL_RISK_INPUT_COUNT; input++)
        if (gl_risk_input_missing(inputs, (gl_risk_input)input))
            assessment->missing_inputs.at[assessment->missing_inputs.count++] =
                gl_str_of(gl_risk_input_name((gl_risk_input)input));
}

/* Outside until an item turns out to be inside: what is missing is then the item's that lacks least. */
static void gather(const gl_risk_rules *rules, gl_assessing *one, size_t declaration, batch_rows *rows, gl_arena *arena)
{
    const gl_feature_table *table = gl_scorer_features(rules->scorer);
    const gl_declaration *decl = one->decl;
    gl_risk_inputs nearest, inputs;
    static const gl_declaration_goods_item nothing;
    gl_risk_inputs_of(decl, decl->items.count > 0 ? &decl->items.at[0] : &nothing, &nearest);
    bool scored =
        decl->family != GL_DECLARATION_FAMILY_ENTRY_SUMMARY; /* the model learnt from imports: duty and price */
    for (size_t i = 0; scored && i < decl->items.count; i++) {
        gl_risk_inputs_of(decl, &decl->items.at[i], &inputs);
        if (gl_risk_missing_count(&inputs) < gl_risk_missing_count(&nearest))
            nearest = inputs;
        if (!gl_risk_inside_domain(&inputs))
            continue;
        gl_features_compute(table, &inputs, rows->values + rows->count * rows->width);
        rows->of[rows->count++] = (scored_item){declaration, i};
    }
    one->assessment.domain = GL_ASSESSMENT_DOMAIN_OUTSIDE;
    name_missing(&one->assessment, &nearest, arena);
}

static gl_str reason_text(const gl_feature_table *table, const gl_risk_reason *reason, const gl_risk_inputs *inputs,
                          gl_arena *arena)
{
    char value[VALUE_BYTES];
    gl_buf text = gl_buf_in(arena);
    gl_feature_describe(table, reason->feature, inputs, value, sizeof value);
    gl_buf_reserve(&text, VALUE_BYTES);
    gl_buf_printf(&text, "%s %s: %s the risk", gl_feature_label(table, reason->feature), value,
                  reason->contribution < 0 ? "lowers" : "raises");
    return gl_buf_view(&text);
}

static void explain(const gl_risk_rules *rules, gl_assessment *assessment, const float *row,
                    const gl_risk_inputs *inputs, size_t top_reasons, gl_arena *arena)
{
    const gl_feature_table *table = gl_scorer_features(rules->scorer);
    gl_risk_reason reasons[REASONS_LIMIT];
    size_t count =
        gl_scorer_reasons(rules->scorer, row, reasons, top_reasons < REASONS_LIMIT ? top_reasons : REASONS_LIMIT);
    assessment->reasons.at = GL_NEW_N(arena, gl_assessment_contribution, count);
    assessment->reasons.count = count;
    for (size_t i = 0; i < count; i++)
        assessment->reasons.at[i] =
            (gl_assessment_contribution){gl_str_of(gl_feature_name(table, reasons[i].feature)), reasons[i].contribution,
                                         reason_text(table, &reasons[i], inputs, arena)};
}

/* The declaration's score is that of the row `best`. */
static void keep_score(const gl_risk_rules *rules, gl_assessing *one, const batch_rows *rows, size_t best,
                       size_t top_reasons, gl_arena *arena)
{
    const gl_declaration_goods_item *item = &one->decl->items.at[rows->of[best].item];
    float *row = rows->values + best * rows->width;
    gl_risk_inputs inputs;
    gl_risk_inputs_of(one->decl, item, &inputs);
    one->assessment.domain = GL_ASSESSMENT_DOMAIN_INSIDE;
    one->assessment.score_ppm = GL_SOME_I32(rows->score_ppm[best]);
    one->assessment.score_item = GL_SOME_I32(item->sequence_numeric);
    one->assessment.features.at = row;
    one->assessment.features.count = rows->width;
    name_missing(&one->assessment, &inputs, arena);
    explain(rules, &one->assessment, row, &inputs, top_reasons, arena);
}

/* Rows stand in the declarations' order: each run of one declaration is looked through for its highest. */
static void keep_scores(const gl_risk_rules *rules, gl_assessing *all, const batch_rows *rows, size_t top_reasons,
                        gl_arena *arena)
{
    for (size_t i = 0; i < rows->count;) {
        size_t best = i, declaration = rows->of[i].declaration;
        for (; i < rows->count && rows->of[i].declaration == declaration; i++)
            if (rows->score_ppm[i] > rows->score_ppm[best])
                best = i;
        keep_score(rules, &all[declaration], rows, best, top_reasons, arena);
    }
}

static void name_versions(const gl_risk_rules *rules, gl_assessment *assessment, gl_arena *arena)
{
    size_t count = gl_lists_count(rules->lists);
    assessment->model_version = gl_str_of(gl_scorer_version(rules->scorer));
    assessment->evaluator = gl_str_of(gl_scorer_evaluator(rules->scorer));
    assessment->feature_set_version = gl_str_of(gl_feature_table_version(gl_scorer_features(rules->scorer)));
    assessment->rule_set_version = gl_str_of(gl_criteria_version(rules->criteria));
    assessment->list_versions.at = GL_NEW_N(arena, gl_assessment_list_version, count);
    assessment->list_versions.count = count;
    for (size_t i = 0; i < count; i++) {
        const gl_list *list = gl_lists_at(rules->lists, i);
        assessment->list_versions.at[i] =
            (gl_assessment_list_version){gl_str_of(gl_list_name(list)), gl_str_of(gl_list_version(list))};
    }
}

static void apply_criteria(const gl_risk_rules *rules, gl_assessing *one, int64_t now_us, gl_arena *arena)
{
    gl_subject subject = {one->decl, one->classification, now_us};
    one->assessment.hits.count = gl_criteria_evaluate(rules->criteria, &subject, arena, &one->assessment.hits.at);
    one->assessment.degraded =
        gl_criteria_use_classification(rules->criteria) && one->classification != NULL && one->classification->degraded;
}

bool gl_assess(const gl_risk_rules *rules, gl_assessing *all, size_t count, size_t top_reasons, int64_t now_us,
               gl_arena *arena, gl_err *err)
{
    size_t total = item_total(all, count);
    batch_rows rows = {.width = gl_feature_count(gl_scorer_features(rules->scorer))};
    gl_assessment common = {.assessed_at = now_us};
    name_versions(rules, &common, arena);
    rows.values = gl_arena_alloc(arena, total * rows.width * sizeof *rows.values);
    rows.of = gl_arena_alloc(arena, total * sizeof *rows.of);
    rows.score_ppm = gl_arena_alloc(arena, total * sizeof *rows.score_ppm);
    for (size_t d = 0; d < count; d++) {
        all[d].assessment = common;
        gather(rules, &all[d], d, &rows, arena);
    }
    if (!gl_scorer_score(rules->scorer, rows.values, rows.count, rows.score_ppm, NULL, err))
        return false;
    keep_scores(rules, all, &rows, top_reasons, arena);
    for (size_t d = 0; d < count; d++)
        apply_criteria(rules, &all[d], now_us, arena);
    return true;
}
