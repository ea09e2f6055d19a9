/* What officers found of items' codes: a record on gl.findings for each item that the model had claimed something of,
 * with the decision of its event; none of a repetition, of a test, of what nobody claimed. */
#include "customs/finding.h"
#include "decide/findings.h"
#include "decide/test_events.h"

TestSuite(findings, .init = set_up, .fini = tear_down);

#define EVENT(type)  GL_EVENT_EVENT_TYPE_##type
#define DETAILS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { ITEMS = 4, RED_PPM = 950000 };

static gl_assessed declared;

/* Of item `index`: the likeliest subheading, and what was answered (NULL: nothing). */
static void say(size_t index, gl_classification_status status, const char *hs6, int32_t ppm, const char *answer)
{
    gl_classification *c = &declared.classification;
    gl_classification_item_classification *item = &c->items.at[index];
    item->sequence_numeric = declared.declaration.items.at[index].sequence_numeric;
    item->status = status;
    item->reason = GL_STR("confident");
    item->agreement = GL_CLASSIFICATION_AGREEMENT_NOT_COMPARED;
    item->candidates.at = GL_NEW(arena, gl_classification_candidate);
    item->candidates.count = hs6 != NULL;
    if (hs6 != NULL)
        *item->candidates.at = (gl_classification_candidate){gl_str_of(hs6), ppm};
    c->answers.at[index] = (gl_classification_item_answer){.verdict = GL_CLASSIFICATION_VERDICT_NOT_COMPARED};
    if (answer == NULL)
        return;
    c->answers.at[index].answer_code = gl_str_of(answer);
    c->answers.at[index].answer_confidence_ppm = GL_SOME_I32(ppm + 50000);
}

/* Items 1 to 3 and 7: a subheading, a heading, a vague text, nothing that is sure. */
static void make(bool test)
{
    static const int32_t numbers[ITEMS] = {1, 2, 3, 7};
    static const char *const descriptions[ITEMS] = {"Women's cotton T-shirt, knitted", "Shoe", "Gift", "2 x LED lamp"};
    fixture_assessed(arena, "LRN-1", &declared);
    gl_declaration *d = &declared.declaration;
    d->test_indicator = test;
    d->items.at = GL_NEW_N(arena, gl_declaration_goods_item, ITEMS);
    declared.classification.items.at = GL_NEW_N(arena, gl_classification_item_classification, ITEMS);
    declared.classification.answers.at = GL_NEW_N(arena, gl_classification_item_answer, ITEMS);
    d->items.count = declared.classification.items.count = declared.classification.answers.count = ITEMS;
    for (size_t i = 0; i < ITEMS; i++) {
        d->items.at[i].sequence_numeric = numbers[i];
        d->items.at[i].description = gl_str_of(descriptions[i]);
        d->items.at[i].commodity_code = i == 1 ? GL_STR("6404199000") : GL_STR("610910");
    }
    declared.classification.model_version = GL_STR("hs6-1.55bdff22+f4c12ea8");
    say(0, GL_CLASSIFICATION_STATUS_CLASSIFIED, "610910", 900000, "610910");
    say(1, GL_CLASSIFICATION_STATUS_ABSTAINED, "640411", 500000, "6404");
    say(2, GL_CLASSIFICATION_STATUS_VAGUE, "950300", 400000, NULL);
    say(3, GL_CLASSIFICATION_STATUS_ABSTAINED, "940542", 300000, NULL);
    declared.assessment.score_ppm = GL_SOME_I32(RED_PPM);
}

static void declare(void)
{
    make(false);
    run(assessed_record(&declared));
}

static size_t put_count(void)
{
    return count_of('o', GL_DECIDE_OUT_FINDINGS);
}

static void happens(gl_event_event_type type, const char *event_id, const char *const *details)
{
    size_t before = decision_count();
    now_us += 1000000;
    run(event_of(declared.declaration.declaration_id, type, event_id,
                 type == EVENT(OFFICER_ACTION) ? "refuse"
                 : type == EVENT(SIGNAL)       ? "x"
                                               : "B1",
                 details));
    cr_assert_eq(decision_count(), before + 1);
    check_replay();
}

/* The record `back` before the last one: of this item; NULL: a tombstone. */
static const gl_finding *put(size_t back, int32_t item)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count), *found = NULL;
    uint8_t key[GL_FINDING_KEY_BYTES];
    while (found == NULL && count-- > 0)
        if (entries[count].kind == 'o' && entries[count].output == GL_DECIDE_OUT_FINDINGS && back-- == 0)
            found = &entries[count];
    cr_assert(found != NULL && found->partition == 0);
    gl_finding_key(declared.declaration.declaration_id, item, key);
    cr_assert(found->key.len == sizeof key && memcmp(found->key.ptr, key, sizeof key) == 0, "not of item %d", item);
    if (found->value.ptr == NULL)
        return NULL;
    gl_finding_envelope *envelope = GL_NEW(arena, gl_finding_envelope);
    gl_err err = {0};
    cr_assert(gl_finding_envelope_decode(envelope, (const uint8_t *)found->value.ptr, found->value.len, arena, &err));
    return &envelope->finding;
}

/* How many findings the last decision's note says made no record. */
static unsigned unused(void)
{
    return last_of('o', GL_DECIDE_OUT_DECISIONS)->note / GL_DECIDE_NOTE_UNUSED;
}

Test(findings, a_code_is_held_against_what_was_claimed)
{
    declare();
    happens(EVENT(INSPECTION_RESULT), "e-1", DETAILS("found.1", "6109909090", "found.2", "6404199000"));
    cr_assert_eq(put_count(), 2);
    const gl_finding *first = put(1, 1), *second = put(0, 2);
    cr_assert(!first->right && first->claimed_ppm == 900000 && first->words == 5 && first->answer_digits == 6 &&
              first->answer_confidence_ppm == 950000 && !first->answer_right);
    cr_assert(!second->right && second->claimed_ppm == 500000 && second->words == 1 && second->answer_digits == 4 &&
              second->answer_right);
    cr_assert(gl_str_eqz(first->submitter, "hub") && gl_str_eqz(first->model_version, "hs6-1.55bdff22+f4c12ea8"));
    cr_assert(first->found_at == now_us - 60000000 && first->decided_at == now_us && first->version == 2);
    cr_assert(!first->drawn && unused() == 0);
}

Test(findings, as_declared_is_of_every_item_without_its_own)
{
    declare();
    happens(EVENT(OFFICER_ACTION), "e-1", DETAILS("found", "as-declared", "found.7", "9405420031"));
    cr_assert_eq(put_count(), 3, "of the vague text nothing was claimed");
    cr_assert(put(2, 1)->right && put(2, 1)->answer_right);
    cr_assert(!put(1, 2)->right && put(1, 2)->answer_right);
    const gl_finding *last = put(0, 7);
    cr_assert(last->right && last->answer_digits == 0 && !last->answer_right && last->answer_confidence_ppm == 0);
    cr_assert(last->words == 4 && unused() == 0);
}

Test(findings, a_repetition_puts_nothing_and_a_correction_replaces)
{
    declare();
    happens(EVENT(INSPECTION_RESULT), "e-1", DETAILS("found.1", "950300"));
    run(event_of(declared.declaration.declaration_id, EVENT(INSPECTION_RESULT), "e-1", "B1",
                 DETAILS("found.1", "950300")));
    cr_assert_eq(put_count(), 1);
    happens(EVENT(INSPECTION_RESULT), "e-2", DETAILS("found.1", "as-declared"));
    cr_assert(put_count() == 2 && put(0, 1)->right && put(0, 1)->version == 3);
    happens(EVENT(INSPECTION_RESULT), "e-3", DETAILS("found.1", "unknown"));
    cr_assert(put_count() == 3 && put(0, 1) == NULL, "withdrawn");
}

Test(findings, what_says_nothing_of_the_model_is_counted)
{
    declare();
    happens(EVENT(INSPECTION_RESULT), "e-1", DETAILS("found.3", "950300", "found.5", "950300", "found.1", "nonsense"));
    cr_assert(put_count() == 0 && unused() == 3, "%zu put, %u unused", put_count(), unused());
    happens(EVENT(SIGNAL), "e-2", DETAILS("found.1", "950300"));
    cr_assert(put_count() == 0 && unused() == 0, "a signal finds nothing");
    happens(EVENT(INSPECTION_RESULT), "e-3", NULL);
    cr_assert(put_count() == 0 && unused() == 0);
}

Test(findings, a_ruling_is_no_claim_of_the_model)
{
    make(false);
    declared.classification.items.at[0].reason = GL_STR("precedent");
    run(assessed_record(&declared));
    happens(EVENT(INSPECTION_RESULT), "e-1", DETAILS("found.1", "950300"));
    cr_assert(put_count() == 0 && unused() == 1);
}

Test(findings, a_claim_is_that_of_before_it_was_tightened)
{
    make(false);
    gl_classification *c = &declared.classification;
    c->tightened.at = GL_NEW(arena, gl_classification_item_tightening);
    c->tightened.count = 1;
    *c->tightened.at = (gl_classification_item_tightening){
        .item = 1, .factor_ppm = 625000, .findings = 40, .claimed_ppm = 800000, .claimed_code = GL_STR("640411")};
    run(assessed_record(&declared));
    happens(EVENT(INSPECTION_RESULT), "e-1", DETAILS("found", "as-declared"));
    cr_assert(put(2, 1)->claimed_ppm == 900000 && put(1, 2)->claimed_ppm == 800000);
    cr_assert(put(1, 2)->answer_confidence_ppm == 550000, "as it was answered");
}

Test(findings, a_test_declaration_has_none)
{
    make(true);
    run(assessed_record(&declared));
    happens(EVENT(INSPECTION_RESULT), "e-1", DETAILS("found.1", "950300"));
    cr_assert(put_count() == 0 && unused() == 1);
}

Test(findings, an_earlier_version_did_not_keep_what_was_claimed)
{
    declare();
    gl_clearance old = *state_of(declared.declaration.declaration_id);
    old.body = GL_STR("");
    gl_record *cause = GL_NEW(arena, gl_record);
    cause->key = (gl_str){(const char *)declared.declaration.declaration_id, GL_DECLARATION_ID_BYTES};
    gl_outbox_state(outbox, cause, cause->key, gl_status_value(arena, &old));
    happens(EVENT(INSPECTION_RESULT), "e-1", DETAILS("found.1", "950300"));
    cr_assert(put_count() == 0 && unused() == 1);
}

/* -- Drawn or not
 * ---------------------------------------------------------------------------------------------------------------- */

static void draw_all(void)
{
    set_up_with("  idempotency_window: 30d\n", "offices:\n  - {id: \"*\", min_random_rate: 100%}\n" FIXTURE_SEED);
}

Test(findings_of_drawn_ones, say_so, .init = draw_all, .fini = tear_down)
{
    declare();
    cr_assert(state_of(declared.declaration.declaration_id)->drawn);
    happens(EVENT(SIGNAL), "e-1", NULL);
    cr_assert(state_of(declared.declaration.declaration_id)->drawn, "an event does not undo it");
    happens(EVENT(INSPECTION_RESULT), "e-2", DETAILS("found", "as-declared"));
    cr_assert(put_count() == 3 && put(2, 1)->drawn && put(0, 7)->drawn);
    happens(EVENT(INSPECTION_RESULT), "e-3", DETAILS("found.1", "950300"));
    cr_assert(put(0, 1)->drawn && !put(0, 1)->right, "found after the clearance ended, too");
}
