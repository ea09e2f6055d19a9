/* The stage over an in-memory outbox: classified records in, assessed ones out, dead letters, domain, reload. */
#include "gen/topics.h"
#include "risk/golden.h"
#include "risk/risk.h"
#include "risk/scorer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static const char golden_path[] = GL_SOURCE_DIR "/models/risk/golden.tsv";
enum { RECORDS = GL_GOLDEN_LIMIT };

typedef struct fixture {
    gl_arena *arena;
    gl_conf *conf;
    gl_metrics *metrics;
    void *stage;
    gl_golden_case cases[GL_GOLDEN_LIMIT];
    size_t case_count;
    gl_record records[RECORDS];
    gl_batch batch;
    gl_outbox *outbox;
    const gl_outbox_entry *entries;
    size_t entry_count;
    char criteria[64];
} fixture;

static fixture f;
static const gl_conf_table *const tables[] = {&gl_risk_conf_table};

static gl_conf *configure(const char *criteria)
{
    gl_err err = {0};
    char set[512];
    snprintf(set, sizeof set, "risk.criteria=%s", criteria);
    const char *const sets[] = {"risk.model=" GL_SOURCE_DIR "/models/risk", "risk.lists=" GL_SOURCE_DIR "/config/lists",
                                set, NULL};
    gl_conf *conf = gl_conf_load(NULL, tables, 1, sets, &err);
    cr_assert_not_null(conf, "%s", err.message);
    return conf;
}

static void write_criteria(const char *text)
{
    FILE *file = fopen(f.criteria, "wb");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    gl_err err = {0};
    memset(&f, 0, sizeof f);
    f.arena = gl_arena_new(0);
    f.metrics = gl_metrics_new();
    strcpy(f.criteria, "/tmp/gl-risk-XXXXXX");
    close(mkstemp(f.criteria));
    write_criteria("name: first\ncriteria:\n- {id: imports, version: 1, text: An import, lane: BLUE, rate: 1%, "
                   "severity: 1, when: {field: type_code, is: IMA}}\n");
    f.conf = configure(f.criteria);
    gl_stage_env env = {.conf = f.conf, .metrics = f.metrics};
    cr_assert(gl_risk_stage.open(&env, &f.stage, &err), "%s", err.message);
    f.case_count = gl_golden_load(f.arena, golden_path, f.cases);
    f.batch = (gl_batch){f.records, 0, INT64_C(1790000000000000), f.arena, 0};
    f.outbox = gl_outbox_new(f.arena);
}

static void tear_down(void)
{
    gl_risk_stage.close(f.stage);
    gl_metrics_destroy(f.metrics);
    gl_conf_destroy(f.conf);
    unlink(f.criteria);
    gl_arena_destroy(f.arena);
}

TestSuite(risk, .init = set_up, .fini = tear_down);

static gl_record *add_record(const gl_declaration *decl, bool degraded)
{
    gl_buf value = gl_buf_in(f.arena);
    gl_classified in = {.declaration = *decl, .classification = {.degraded = degraded}};
    memcpy(in.declaration.declaration_id, "0123456789abcdef", sizeof in.declaration.declaration_id);
    gl_classified_encode(&value, &in);
    gl_record *record = &f.records[f.batch.count++];
    *record = (gl_record){.partition = 3, .key = GL_STR("0123456789abcdef"), .value = gl_buf_view(&value)};
    return record;
}

static void process(void)
{
    gl_err err = {0};
    cr_assert(gl_risk_stage.process(f.stage, NULL, &f.batch, f.outbox, &err), "%s", err.message);
    f.entries = gl_outbox_entries(f.outbox, &f.entry_count);
}

static gl_assessed output(size_t at)
{
    gl_err err = {0};
    gl_assessed out;
    const gl_outbox_entry *entry = &f.entries[at];
    cr_assert_eq(entry->kind, 'o');
    cr_assert(gl_assessed_decode(&out, (const uint8_t *)entry->value.ptr, entry->value.len, f.arena, &err), "%s",
              err.message);
    return out;
}

Test(risk, golden_declarations_get_their_scores)
{
    for (size_t i = 0; i < f.case_count; i++)
        add_record(&f.cases[i].decl, false);
    process();
    cr_assert_eq(f.entry_count, f.case_count);
    for (size_t i = 0; i < f.case_count; i++) {
        gl_assessment a = output(i).assessment;
        size_t missing = a.missing_inputs.count;
        cr_assert_eq(a.domain == GL_ASSESSMENT_DOMAIN_INSIDE, missing <= 3, "%.*s", GL_STR_ARG(f.cases[i].name));
        cr_assert_eq(a.score_ppm.set, missing <= 3);
        if (!a.score_ppm.set) {
            cr_assert_eq(a.features.count + a.reasons.count, 0);
            continue;
        }
        cr_assert_leq(abs(a.score_ppm.value - f.cases[i].score_ppm), 1);
        cr_assert_eq(a.score_item.value, 1);
        cr_assert_eq(a.features.count, f.cases[i].feature_count);
        cr_assert_eq(a.reasons.count, 3);
    }
}

Test(risk, a_score_replays_from_its_record)
{
    gl_err err = {0};
    int32_t ppm;
    gl_scorer *scorer = gl_scorer_load(GL_SOURCE_DIR "/models/risk", &err);
    for (size_t i = 0; i < f.case_count; i++)
        add_record(&f.cases[i].decl, false);
    process();
    for (size_t i = 0; i < f.case_count; i++) {
        gl_assessment a = output(i).assessment;
        if (!a.score_ppm.set)
            continue;
        cr_assert(gl_str_eqz(a.model_version, gl_scorer_version(scorer)));
        cr_assert(gl_risk_replay_score(scorer, a.features.at, a.features.count, &ppm, &err), "%s", err.message);
        cr_assert_eq(ppm, a.score_ppm.value);
    }
    gl_scorer_destroy(scorer);
}

/* The model learnt from imports. */
Test(risk, an_entry_summary_is_not_scored)
{
    gl_declaration decl = f.cases[0].decl;
    decl.family = GL_DECLARATION_FAMILY_ENTRY_SUMMARY;
    add_record(&decl, false);
    process();
    gl_assessment a = output(0).assessment;
    cr_assert_eq(a.domain, GL_ASSESSMENT_DOMAIN_OUTSIDE);
    cr_assert_not(a.score_ppm.set);
    cr_assert_eq(a.reasons.count, 0);
}

Test(risk, upstream_bytes_are_copied_and_the_section_appended)
{
    gl_record *record = add_record(&f.cases[0].decl, false);
    process();
    gl_str in = record->value, out = f.entries[0].value;
    cr_assert_gt(out.len, in.len);
    cr_assert_eq(memcmp(in.ptr + 5, out.ptr + 5, in.len - 5), 0);
    cr_assert(gl_str_eq(f.entries[0].key, record->key));
    cr_assert_eq(f.entries[0].cause, record);
    cr_assert_eq(output(0).schema_id, GL_SCHEMA_ID_ASSESSED);
}

Test(risk, the_highest_item_is_named)
{
    gl_declaration_goods_item items[4] = {0};
    gl_declaration decl = {.items = {items, 4}};
    int32_t best = -1;
    size_t at[3] = {0, 2, 1}; /* golden cases of items 1 to 3; the fourth is outside the domain */
    for (size_t i = 0; i < 3; i++) {
        items[i] = f.cases[at[i]].decl.items.at[0];
        items[i].sequence_numeric = (int32_t)(10 + i);
        best = best < 0 || f.cases[at[i]].score_ppm > f.cases[at[best]].score_ppm ? (int32_t)i : best;
    }
    items[3].sequence_numeric = 13;
    add_record(&decl, false);
    process();
    gl_assessment a = output(0).assessment;
    cr_assert_eq(a.score_item.value, 10 + best);
    cr_assert_leq(abs(a.score_ppm.value - f.cases[at[best]].score_ppm), 1);
    cr_assert_eq(a.missing_inputs.count, 0);
}

Test(risk, lacking_most_inputs_is_outside_and_says_what_is_missing)
{
    gl_declaration_goods_item item = {
        .sequence_numeric = 1, .commodity_code = GL_STR("392690"), .origin_country_id = GL_STR("CN")};
    gl_declaration decl = {.export_country_id = GL_STR("CN"), .items = {&item, 1}}, empty = {0};
    add_record(&decl, false);
    add_record(&empty, false);
    process();
    gl_assessment a = output(0).assessment;
    static const char *const missing[] = {"tax_type", "tax_rate", "net_mass", "item_price"};
    cr_assert_eq(a.domain, GL_ASSESSMENT_DOMAIN_OUTSIDE);
    cr_assert_not(a.score_ppm.set);
    cr_assert_not(a.score_item.set);
    cr_assert_eq(a.missing_inputs.count, 4);
    for (size_t i = 0; i < 4; i++)
        cr_assert(gl_str_eqz(a.missing_inputs.at[i], missing[i]));
    cr_assert_eq(output(1).assessment.missing_inputs.count, GL_RISK_INPUT_COUNT);
}

Test(risk, what_cannot_be_decoded_is_a_dead_letter_and_the_batch_goes_on)
{
    add_record(&f.cases[0].decl, false);
    gl_record *bad = add_record(&f.cases[1].decl, false);
    bad->value.len -= 2;
    add_record(&f.cases[2].decl, false);
    gl_record *alien = add_record(&f.cases[1].decl, false);
    alien->value = GL_STR("not avro");
    process();
    size_t out = 0, dead = 0, events = 0;
    for (size_t i = 0; i < f.entry_count; i++) {
        const gl_outbox_entry *entry = &f.entries[i];
        out += entry->kind == 'o' && entry->output == 0;
        dead += entry->kind == 'd';
        if (entry->kind == 'd')
            cr_assert(entry->cause == bad || entry->cause == alien);
        if (entry->kind == 'o' && entry->output == 1) {
            cr_assert(entry->cause == bad || entry->cause == alien, "by its declaration, or by its key");
            events++;
        }
    }
    cr_assert_eq(out, 2);
    cr_assert_eq(dead, 2);
    cr_assert_eq(events, 2);
}

Test(risk, a_record_that_the_runtime_gives_up_is_announced)
{
    gl_record *record = add_record(&f.cases[0].decl, false);
    gl_err why = {0};
    process();
    gl_fail(&why, GL_DEAD_LETTER, "output-too-large", "its output does not fit");
    gl_risk_stage.dead_lettered(f.stage, NULL, &f.batch, record, &why, f.outbox);
    f.entries = gl_outbox_entries(f.outbox, &f.entry_count);
    cr_assert_eq(f.entry_count, 2);
    cr_assert_eq(f.entries[1].output, 1);
    cr_assert(gl_str_eq(f.entries[1].key, record->key));
}

Test(risk, an_empty_batch_puts_nothing)
{
    process();
    cr_assert_eq(f.entry_count, 0);
}

Test(risk, reasons_are_told_in_words)
{
    add_record(&f.cases[0].decl, false);
    process();
    gl_assessment a = output(0).assessment;
    for (size_t i = 0; i < a.reasons.count; i++) {
        char *text = gl_arena_strndup(f.arena, a.reasons.at[i].text.ptr, a.reasons.at[i].text.len);
        const char *says = a.reasons.at[i].contribution < 0 ? "lowers the risk" : "raises the risk";
        cr_assert_not_null(strstr(text, says), "%s", text);
    }
}

Test(risk, hits_versions_and_degradation)
{
    gl_declaration decl = f.cases[0].decl;
    decl.type_code = GL_STR("IMA");
    add_record(&decl, true);
    process();
    gl_assessment a = output(0).assessment;
    cr_assert_eq(a.hits.count, 1);
    cr_assert(gl_str_eqz(a.hits.at[0].criterion_id, "imports"));
    cr_assert(gl_str_starts(a.rule_set_version, GL_STR("first-")));
    cr_assert_gt(a.list_versions.count, 3);
    cr_assert_eq(a.assessed_at, f.batch.now_us);
    cr_assert_not(a.degraded, "these criteria do not ask about the classification");
}

Test(risk, a_degraded_classification_degrades_criteria_that_use_it)
{
    gl_err err = {0};
    gl_conf *conf = configure(GL_SOURCE_DIR "/config/criteria/default.yaml");
    cr_assert(gl_risk_stage.reload(f.stage, conf, &err), "%s", err.message);
    add_record(&f.cases[0].decl, true);
    add_record(&f.cases[0].decl, false);
    process();
    cr_assert(output(0).assessment.degraded);
    cr_assert_not(output(1).assessment.degraded);
    gl_conf_destroy(conf);
}

Test(risk, a_failed_reload_keeps_the_old_criteria)
{
    gl_err err = {0};
    gl_declaration decl = {.type_code = GL_STR("IMA")};
    write_criteria("name: second\ncriteria:\n- {id: broken, version: 1, when: nothing}\n");
    cr_assert_not(gl_risk_stage.reload(f.stage, f.conf, &err));
    cr_assert_not_null(strstr(err.message, "line 3"), "%s", err.message);
    add_record(&decl, false);
    process();
    cr_assert(gl_str_starts(output(0).assessment.rule_set_version, GL_STR("first-")));
    cr_assert_eq(output(0).assessment.hits.count, 1);
    write_criteria("name: second\ncriteria: []\n");
    cr_assert(gl_risk_stage.reload(f.stage, f.conf, &err), "%s", err.message);
    process();
    cr_assert(gl_str_starts(output(1).assessment.rule_set_version, GL_STR("second-")));
    cr_assert_eq(output(1).assessment.hits.count, 0);
}

Test(risk, the_same_batch_gives_the_same_bytes)
{
    for (size_t i = 0; i < f.case_count; i++)
        add_record(&f.cases[i].decl, false);
    process();
    size_t once = f.entry_count;
    process();
    cr_assert_eq(f.entry_count, 2 * once);
    for (size_t i = 0; i < once; i++)
        cr_assert(gl_str_eq(f.entries[i].value, f.entries[once + i].value));
}

Test(risk, metrics_count)
{
    gl_buf text = gl_buf_in(f.arena);
    gl_declaration nothing = {.type_code = GL_STR("IMA")};
    add_record(&f.cases[0].decl, false);
    add_record(&nothing, false);
    process();
    gl_metrics_render(f.metrics, &text);
    gl_buf_byte(&text, 0);
    cr_assert_not_null(strstr((const char *)text.data, "gl_risk_scored_total 1\n"));
    cr_assert_not_null(strstr((const char *)text.data, "gl_risk_outside_domain_total 1\n"));
    cr_assert_not_null(strstr((const char *)text.data, "gl_risk_hits_total{lane=\"BLUE\"} 1\n"));
}
