/* The stage over an in-memory outbox, without Redis: sections, order, dead letters and failures, upstream bytes,
 * repeated texts. */
#include "classify/classify.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customs/ids.h"
#include "gen/topics.h"

enum { RECORD_LIMIT = 64, ITEM_LIMIT = 8 };

typedef struct fixture {
    gl_arena *arena;
    gl_conf *conf;
    gl_metrics *metrics;
    void *stage, *worker;
    gl_record records[RECORD_LIMIT];
    gl_batch batch;
    gl_outbox *outbox;
    const gl_outbox_entry *entries;
    size_t entry_count;
} fixture;

static fixture f;

static void open_stage(const char *more)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_kv_conf_table};
    const char *const sets[] = {"classify.model=" GL_SOURCE_DIR "/models/classify/hs6.glm",
                                "classify.vague_words=" GL_SOURCE_DIR "/models/classify/vague.txt",
                                "classify.vague_model=" GL_SOURCE_DIR "/models/classify/vague.glv",
                                "redis.url=",
                                more,
                                NULL};
    gl_err err = {0};
    f.conf = gl_conf_load(NULL, tables, 2, sets, &err);
    cr_assert_not_null(f.conf, "%s", err.message);
    gl_stage_env env = {.conf = f.conf, .metrics = f.metrics};
    cr_assert(gl_classify_stage.open(&env, &f.stage, &err), "%s", err.message);
    cr_assert(gl_classify_stage.worker_open(f.stage, &env, &f.worker, &err), "%s", err.message);
}

static void close_stage(void)
{
    gl_classify_stage.worker_close(f.worker);
    gl_classify_stage.close(f.stage);
    gl_conf_destroy(f.conf);
}

static void set_up(void)
{
    memset(&f, 0, sizeof f);
    f.arena = gl_arena_new(0);
    f.metrics = gl_metrics_new();
    f.batch = (gl_batch){f.records, 0, INT64_C(1795521600) * 1000000, f.arena, 0};
    f.outbox = gl_outbox_new(f.arena);
    open_stage(NULL);
}

static void tear_down(void)
{
    close_stage();
    gl_metrics_destroy(f.metrics);
    gl_arena_destroy(f.arena);
}

TestSuite(classify_stage, .init = set_up, .fini = tear_down);

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* A declaration with these items; a NULL description ends them, "" is an item without one. */
static gl_record *add_record(const char *lrn, const char *const descriptions[], const char *const codes[])
{
    gl_accepted in = {0};
    gl_declaration *d = &in.declaration;
    size_t count = 0;
    d->submitter = GL_STR("hub");
    d->functional_reference_id = gl_str_of(lrn);
    gl_declaration_id id = gl_declaration_id_of(d->submitter, d->functional_reference_id, GL_FAMILY_IMPORT);
    memcpy(d->declaration_id, id.bytes, sizeof d->declaration_id);
    d->mrn = GL_STR("26BE00000000000000");
    d->type_code = GL_STR("IMA");
    d->message.format = GL_STR("greenlane-json");
    d->message.channel = GL_STR("http");
    d->items.at = GL_NEW_N(f.arena, gl_declaration_goods_item, ITEM_LIMIT);
    for (; descriptions[count] != NULL; count++) {
        gl_declaration_goods_item *item = &d->items.at[count];
        item->sequence_numeric = (int32_t)count + 1;
        item->description = descriptions[count][0] == 0 ? (gl_str){NULL, 0} : gl_str_of(descriptions[count]);
        if (codes != NULL && codes[count] != NULL)
            item->commodity_code = gl_str_of(codes[count]);
    }
    d->items.count = count;
    gl_buf value = gl_buf_in(f.arena);
    gl_accepted_encode(&value, &in);
    gl_record *record = &f.records[f.batch.count];
    *record = (gl_record){.partition = 3,
                          .offset = (int64_t)f.batch.count++,
                          .key = {gl_arena_dup(f.arena, id.bytes, sizeof id.bytes), sizeof id.bytes},
                          .value = gl_buf_view(&value)};
    return record;
}

static void process(void)
{
    gl_err err = {0};
    cr_assert(gl_classify_stage.process(f.stage, f.worker, &f.batch, f.outbox, &err), "%s", err.message);
    gl_classify_stage.applied(f.stage, f.worker, &f.batch, f.outbox);
    f.entries = gl_outbox_entries(f.outbox, &f.entry_count);
}

static gl_classification output(size_t at)
{
    gl_classified out;
    gl_err err = {0};
    const gl_outbox_entry *entry = &f.entries[at];
    cr_assert(at < f.entry_count && entry->kind == 'o' && entry->output == 0, "entry %zu", at);
    cr_assert(gl_classified_decode(&out, (const uint8_t *)entry->value.ptr, entry->value.len, f.arena, &err), "%s",
              err.message);
    cr_expect_eq(out.classification.classified_at, f.batch.now_us);
    cr_expect(!out.classification.degraded);
    return out.classification;
}

static gl_classification_item_classification only_item(const char *description, const char *code)
{
    const char *const descriptions[] = {description, NULL}, *const codes[] = {code, NULL};
    size_t before = f.entry_count;
    f.batch.count = 0;
    add_record("only", descriptions, codes);
    process();
    gl_classification section = output(before);
    cr_assert_eq(section.items.count, 1);
    return section.items.at[0];
}

Test(classify_stage, each_kind_of_description)
{
    gl_classification_item_classification item = only_item("stainless steel cutlery set", NULL);
    cr_expect_eq(item.candidates.count, 3);
    cr_expect(item.candidates.at[0].confidence_ppm >= item.candidates.at[1].confidence_ppm);
    item = only_item("Spare parts", "847330");
    cr_expect_eq(item.status, GL_CLASSIFICATION_STATUS_VAGUE);
    cr_expect(gl_str_eqz(item.reason, "vague-term"));
    cr_expect_eq(item.candidates.count, 0);
    cr_expect_eq(item.agreement, GL_CLASSIFICATION_AGREEMENT_NOT_COMPARED);
    cr_expect(gl_str_eqz(item.declared_hs6, "847330"));
    item = only_item("0190 / 22", NULL);
    cr_expect_eq(item.status, GL_CLASSIFICATION_STATUS_VAGUE);
    cr_expect(gl_str_eqz(item.reason, "not-text"));
    item = only_item("", "61091000");
    cr_expect_eq(item.status, GL_CLASSIFICATION_STATUS_NO_DESCRIPTION);
    cr_expect(gl_str_eqz(item.reason, "no-description"));
    cr_expect(gl_str_eqz(item.declared_hs6, "610910"));
    item = only_item("  \n", NULL);
    cr_expect_eq(item.status, GL_CLASSIFICATION_STATUS_NO_DESCRIPTION);
    item = only_item("\xe7\x8e\xa9\xe5\x85\xb7", "950300");
    cr_expect_eq(item.status, GL_CLASSIFICATION_STATUS_ABSTAINED);
    cr_expect(gl_str_eqz(item.reason, "low-confidence"));
    cr_expect_eq(item.candidates.count, 0);
}

/* Beside each item stands how deep its answer is, and what that says of the declared code. */
static void expect_metric(const char *line)
{
    gl_buf text = gl_buf_in(f.arena);
    gl_metrics_render(f.metrics, &text);
    gl_buf_byte(&text, 0);
    cr_expect_not_null(strstr((const char *)gl_buf_view(&text).ptr, line), "%s", line);
}

Test(classify_stage, likely_chapters_are_counted_beside_those_of_training)
{
    only_item("mens cotton t-shirt", NULL);
    only_item("ladies cotton t-shirt knitted", NULL);
    only_item("gift", NULL);
    expect_metric("gl_classify_chapters_total{chapter=\"61\"} 2\n");
    expect_metric("gl_classify_chapters_total{chapter=\"84\"} 0\n");
    expect_metric("gl_classify_chapter_mix{chapter=\"61\"} 0.");
}

Test(classify_stage, each_item_has_its_answer)
{
    const char *const goods[] = {"jigsaw puzzle for children", "jigsaw puzzle for children", "gift", "", NULL},
                      *const codes[] = {"9503007000", "610910", "610910", NULL};
    add_record("answers", goods, codes);
    process();
    gl_classification section = output(0);
    cr_assert_eq(section.answers.count, section.items.count);
    const gl_classification_item_answer *at = section.answers.at;
    cr_expect(gl_str_eqz(at[0].answer_code, "950300") && gl_str_eqz(at[1].answer_code, "950300"));
    cr_expect_eq(at[0].answer_confidence_ppm.value, section.items.at[0].candidates.at[0].confidence_ppm);
    cr_expect(at[0].declared_confidence_ppm.set &&
              at[0].declared_confidence_ppm.value == at[0].answer_confidence_ppm.value);
    cr_expect_eq(at[0].verdict, GL_CLASSIFICATION_VERDICT_CONSISTENT);
    cr_expect(at[1].declared_confidence_ppm.set && at[1].declared_confidence_ppm.value < 50000);
    cr_expect_eq(at[1].verdict, GL_CLASSIFICATION_VERDICT_CONTRADICTORY);
    for (size_t i = 2; i < 4; i++)
        cr_expect(at[i].answer_code.ptr == NULL && !at[i].answer_confidence_ppm.set &&
                  !at[i].declared_confidence_ppm.set && at[i].verdict == GL_CLASSIFICATION_VERDICT_NOT_COMPARED);
}

/* Of the subheading of a declared code, from 1; 0: it is none of the candidates, or says no subheading. */
static int32_t rank_among(const gl_classification_item_classification *item, const char *declared)
{
    for (size_t i = 0; declared != NULL && strlen(declared) >= 6 && i < item->candidates.count; i++)
        if (strncmp(item->candidates.at[i].hs6.ptr, declared, 6) == 0)
            return (int32_t)i + 1;
    return 0;
}

/* "jigsaw puzzle" is 950300 beyond doubt. */
Test(classify_stage, declared_code_against_the_best_candidate)
{
    static const struct {
        const char *code;
        gl_classification_agreement agreement;
    } cases[] = {
        {"9503007000", GL_CLASSIFICATION_AGREEMENT_SUBHEADING}, {"950300", GL_CLASSIFICATION_AGREEMENT_SUBHEADING},
        {"950399", GL_CLASSIFICATION_AGREEMENT_HEADING},        {"95049080", GL_CLASSIFICATION_AGREEMENT_CHAPTER},
        {"610910", GL_CLASSIFICATION_AGREEMENT_DIFFERS},        {"9503", GL_CLASSIFICATION_AGREEMENT_NOT_COMPARED},
        {NULL, GL_CLASSIFICATION_AGREEMENT_NOT_COMPARED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_classification_item_classification item = only_item("jigsaw puzzle for children", cases[i].code);
        cr_assert_eq(item.status, GL_CLASSIFICATION_STATUS_CLASSIFIED);
        cr_assert(gl_str_eqz(item.candidates.at[0].hs6, "950300"));
        cr_expect_eq(item.agreement, cases[i].agreement, "%zu: %s", i,
                     gl_classification_agreement_name(item.agreement));
        int32_t rank = rank_among(&item, cases[i].code);
        cr_expect(rank == (i < 2 ? 1 : rank) && rank != (i < 2 ? 0 : 1), "%zu: %d", i, rank);
        cr_expect_eq(item.declared_rank.set, rank > 0);
        cr_expect(rank == 0 || item.declared_rank.value == rank);
    }
    gl_classification_item_classification item = only_item("jigsaw puzzle for children", NULL);
    char second[7] = {0};
    memcpy(second, item.candidates.at[1].hs6.ptr, 6);
    item = only_item("jigsaw puzzle for children", second);
    cr_expect(item.declared_rank.set && item.declared_rank.value == 2);
}

Test(classify_stage, below_the_threshold_nothing_is_compared)
{
    close_stage();
    open_stage("classify.abstain_below=100%");
    gl_classification_item_classification item = only_item("jigsaw puzzle for children", "950300");
    cr_expect_eq(item.status, GL_CLASSIFICATION_STATUS_ABSTAINED);
    cr_expect_eq(item.candidates.count, 3);
    cr_expect_eq(item.agreement, GL_CLASSIFICATION_AGREEMENT_NOT_COMPARED);
    cr_expect(item.declared_rank.set && item.declared_rank.value == 1);
}

Test(classify_stage, a_batch_keeps_order_and_upstream_bytes)
{
    const char *const shoes[] = {"leather shoes for men", "", "ceramic mug", NULL},
                      *const mug[] = {"CERAMIC  mug!", NULL}, *const none[] = {NULL};
    gl_record *records[] = {add_record("a", shoes, NULL), add_record("b", none, NULL), add_record("c", mug, NULL)};
    process();
    cr_assert_eq(f.entry_count, 3);
    for (size_t i = 0; i < 3; i++) {
        const gl_outbox_entry *entry = &f.entries[i];
        gl_str body = {records[i]->value.ptr + 5, records[i]->value.len - 5};
        cr_expect_eq(entry->cause, records[i]);
        cr_expect(gl_str_eq(entry->key, records[i]->key));
        cr_expect(gl_str_starts((gl_str){entry->value.ptr + 5, entry->value.len - 5}, body));
    }
    gl_classification first = output(0), last = output(2);
    cr_assert_eq(first.items.count, 3);
    cr_expect_eq(output(1).items.count, 0);
    cr_expect_eq(first.items.at[2].sequence_numeric, 3);
    /* one text, however written: one result */
    cr_expect_eq(first.items.at[2].candidates.at[0].confidence_ppm, last.items.at[0].candidates.at[0].confidence_ppm);
    cr_expect(gl_str_eq(first.items.at[2].candidates.at[0].hs6, last.items.at[0].candidates.at[0].hs6));
}

Test(classify_stage, the_cache_changes_no_byte)
{
    const char *const goods[] = {"leather shoes for men", "plastic toy car", "qqq zzz", "ceramic mug", NULL};
    add_record("a", goods, NULL);
    process();
    process();
    cr_assert_eq(f.entry_count, 2);
    cr_expect(gl_str_eq(f.entries[0].value, f.entries[1].value), "from the cache");
    close_stage();
    open_stage("classify.cache_entries=0");
    process();
    process();
    cr_assert_eq(f.entry_count, 4);
    cr_expect(gl_str_eq(f.entries[0].value, f.entries[2].value), "in another process");
    cr_expect(gl_str_eq(f.entries[0].value, f.entries[3].value), "without a cache");
}

Test(classify_stage, what_cannot_be_decoded_is_a_dead_letter_and_the_rest_goes_on)
{
    const char *const goods[] = {"ceramic mug", NULL};
    gl_record *cut = add_record("cut", goods, NULL), *good = add_record("good", goods, NULL),
              *longer = add_record("longer", goods, NULL);
    gl_record *empty = add_record("empty", goods, NULL);
    cut->value.len -= 3;
    char *with_more = gl_arena_alloc(f.arena, good->value.len + 1);
    memcpy(with_more, good->value.ptr, good->value.len);
    with_more[good->value.len] = 7;
    longer->value = (gl_str){with_more, good->value.len + 1};
    longer->key = good->key;
    empty->value = (gl_str){NULL, 0};
    process();
    size_t dead = 0, events = 0, outputs = 0, by_key = 0;
    for (size_t i = 0; i < f.entry_count; i++) {
        const gl_outbox_entry *entry = &f.entries[i];
        dead += entry->kind == 'd';
        outputs += entry->kind == 'o' && entry->output == 0;
        if (entry->kind != 'o' || entry->output != 1)
            continue;
        gl_event_envelope event;
        gl_err err = {0};
        cr_assert(gl_event_envelope_decode(&event, (const uint8_t *)entry->value.ptr, entry->value.len, f.arena, &err),
                  "%s", err.message);
        cr_expect_eq(event.event.type, GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE);
        cr_expect(gl_str_eqz(event.event.source, "classify"));
        cr_expect_eq(memcmp(entry->key.ptr, event.event.declaration_id, GL_DECLARATION_ID_BYTES), 0);
        bool readable = event.event.details.count > 1;
        cr_expect_eq(readable, entry->cause == longer, "its declaration is readable");
        by_key += !readable && gl_str_eqz(event.event.details.at[0].value, "key");
        events++;
    }
    cr_expect_eq(dead, 3);
    cr_expect_eq(outputs, 1);
    cr_expect(events == 3 && by_key == 2);
}

Test(classify_stage, a_record_that_the_runtime_gives_up_is_announced)
{
    const char *const goods[] = {"ceramic mug", NULL};
    gl_record *record = add_record("a", goods, NULL);
    gl_err why = {0};
    process();
    gl_fail(&why, GL_DEAD_LETTER, "record-too-large", "its output does not fit");
    gl_classify_stage.dead_lettered(f.stage, f.worker, &f.batch, record, &why, f.outbox);
    f.entries = gl_outbox_entries(f.outbox, &f.entry_count);
    cr_assert_eq(f.entry_count, 2);
    cr_expect_eq(f.entries[1].output, 1);
    cr_expect(gl_str_eq(f.entries[1].key, record->key));
}

/* A stage with tariffs of a folder of its own. */
typedef struct tariff_stage {
    char folder[32], conf[64], tariff[64];
} tariff_stage;

static void reopen_with_tariff(tariff_stage *t, const char *rows)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_kv_conf_table, &gl_tariff_conf_table};
    char text[512];
    gl_err err = {0};

    close_stage();
    strcpy(t->folder, "/tmp/gl-stage-XXXXXX");
    cr_assert_not_null(mkdtemp(t->folder));
    snprintf(t->conf, sizeof t->conf, "%s/classify.yaml", t->folder);
    snprintf(t->tariff, sizeof t->tariff, "%s/tariff.csv", t->folder);
    snprintf(text, sizeof text,
             "classify: {model: %s/hs6.glm, vague_words: %s/vague.txt, vague_model: %s/vague.glv}\nredis: {url: ''}\n"
             "tariffs:\n  - {name: BE, file: tariff.csv, countries: [BE]}\n",
             GL_SOURCE_DIR "/models/classify", GL_SOURCE_DIR "/models/classify", GL_SOURCE_DIR "/models/classify");
    write_text(t->conf, text);
    write_text(t->tariff, rows);
    f.conf = gl_conf_load(t->conf, tables, 3, NULL, &err);
    cr_assert_not_null(f.conf, "%s", err.message);
    gl_stage_env env = {.conf = f.conf, .metrics = f.metrics};
    cr_assert(gl_classify_stage.open(&env, &f.stage, &err), "%s", err.message);
    cr_assert(gl_classify_stage.worker_open(f.stage, &env, &f.worker, &err), "%s", err.message);
}

static void remove_tariff(const tariff_stage *t)
{
    unlink(t->conf);
    unlink(t->tariff);
    rmdir(t->folder);
}

Test(classify_stage, an_import_has_what_its_tariff_says)
{
    const char *const goods[] = {"jigsaw puzzle for children", "men's cotton t-shirt", "", NULL}, *const codes[] = {
                                                                                                      "9503007000",
                                                                                                      "61091000", NULL,
                                                                                                      NULL};
    tariff_stage t;

    reopen_with_tariff(&t, "code,description,rate\n95030061,Puzzles,2.5%\n950300,Toys,Free\n");
    add_record("with", goods, codes);
    process();
    gl_classification section = output(0);
    cr_expect(gl_str_starts(section.tariff, GL_STR("BE/")) && section.tariff.len == 11);
    cr_assert_eq(section.national.count, 3);
    const gl_classification_item_national *at = section.national.at;
    cr_expect(gl_str_eqz(at[0].answer_code, "95030061") && gl_str_eqz(at[0].answer_rate, "2.5%"));
    cr_expect_eq(at[0].answer_confidence_ppm.value, section.answers.at[0].answer_confidence_ppm.value);
    cr_expect(gl_str_eqz(at[0].declared_rate, "2.5%"), "the only line below the nearest one above it");
    cr_expect(at[0].duty_at_stake == NULL, "nothing is to be paid for");
    cr_expect(at[1].answer_code.ptr == NULL && at[1].declared_rate.ptr == NULL, "not in this tariff");
    cr_expect(at[2].answer_code.ptr == NULL && at[2].likely_code.ptr == NULL);
    expect_metric("gl_classify_national_items_total{result=\"answered\"} 1\n");
    expect_metric("gl_classify_national_items_total{result=\"unknown-subheading\"} 1\n");
    expect_metric("gl_classify_national_items_total{result=\"open\"} 1\n");
    expect_metric("gl_classify_national_items_total{result=\"no-tariff\"} 0\n");
    expect_metric("gl_classify_tariff_lines{tariff=\"BE\",valid_from=\"\"} 1\n");
    remove_tariff(&t);
}

Test(classify_stage, a_reload_swaps_tariffs_whole_or_not_at_all)
{
    const char *const goods[] = {"jigsaw puzzle for children", NULL};
    tariff_stage t;
    gl_err err = {0};

    reopen_with_tariff(&t, "code,description,rate\n95030061,Puzzles,2.5%\n");
    add_record("with", goods, NULL);
    process();
    write_text(t.tariff, "code,description,rate\n9503006100,Puzzles,3%\n");
    cr_assert(gl_classify_stage.reload(f.stage, f.conf, &err), "%s", err.message);
    process();
    cr_expect(gl_str_eqz(output(0).national.at[0].answer_code, "95030061"));
    cr_expect(gl_str_eqz(output(1).national.at[0].answer_code, "9503006100"));
    cr_expect(!gl_str_eq(output(0).tariff, output(1).tariff));
    write_text(t.tariff, "code,description,rate\n95030,Puzzles,3%\n");
    cr_assert(!gl_classify_stage.reload(f.stage, f.conf, &err) && !gl_classify_stage.check(f.conf, &err));
    process();
    cr_expect(gl_str_eq(f.entries[1].value, f.entries[2].value), "the old one stays");
    remove_tariff(&t);
}

Test(classify_stage, without_a_tariff_nothing_is_said)
{
    const char *const goods[] = {"jigsaw puzzle for children", NULL}, *const codes[] = {"9503007000", NULL};
    add_record("without", goods, codes);
    process();
    cr_expect(output(0).tariff.ptr == NULL && output(0).national.count == 0);
    expect_metric("gl_classify_national_items_total{result=\"no-tariff\"} 0\n");
}
