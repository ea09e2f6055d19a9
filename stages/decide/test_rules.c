/* The decision, table-driven: lanes, what keeps a release back, eligibility, draws, replay. */
#include <criterion/criterion.h>

#include "decide/test_fixture.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(rules, .init = set_up, .fini = tear_down);

static gl_decide_policy *policy_of(const char *decide, const char *rest)
{
    gl_err err = {0};
    gl_decide_policy *policy = fixture_policy(decide, rest, &err);
    cr_assert(policy != NULL, "%s: %s", err.code, err.message);
    return policy;
}

static gl_decision compute(const gl_decide_policy *policy, const gl_assessed *assessed)
{
    gl_decide_input input = {.declaration = &assessed->declaration,
                             .classification = &assessed->classification,
                             .assessment = &assessed->assessment,
                             .now_us = FIXTURE_NOW_US};
    gl_decision decision;
    gl_err err = {0};
    cr_assert(gl_decide_compute(policy, &input, arena, &decision, &err), "%s", err.message);
    return decision;
}

static bool has_reason(const gl_decision *decision, const char *code, const char *id)
{
    for (size_t i = 0; i < decision->reasons.count; i++)
        if (gl_str_eqz(decision->reasons.at[i].code, code) && gl_str_eqz(decision->reasons.at[i].id, id))
            return true;
    return false;
}

typedef struct lane_case {
    const char *offices;
    int32_t score_ppm; /* -1: outside the domain */
    int hit_lane;      /* -1: no hit */
    int32_t hit_rate_ppm;
    bool degraded, test;
    gl_decision_lane lane;
    gl_decision_outcome outcome, intended;
    const char *hold;        /* NULL: none */
    const char *reason, *id; /* one that must be there */
} lane_case;

#define ANY      "offices:\n  - {id: \"*\", min_random_rate: 0%"
#define END      "}\n"
#define RELEASED GL_DECISION_OUTCOME_RELEASED
#define HELD     GL_DECISION_OUTCOME_HELD
#define RED      GL_DECISION_LANE_RED
#define YELLOW   GL_DECISION_LANE_YELLOW
#define BLUE     GL_DECISION_LANE_BLUE
#define GREEN    GL_DECISION_LANE_GREEN

static const lane_case CASES[] = {
    {ANY END, 499999, -1, 0, false, false, GREEN, RELEASED, RELEASED, NULL, "score", "below"},
    {ANY END, 500000, -1, 0, false, false, BLUE, RELEASED, RELEASED, NULL, "policy", "post-clearance"},
    {ANY END, 699999, -1, 0, false, false, BLUE, RELEASED, RELEASED, NULL, "score", "blue"},
    {ANY END, 700000, -1, 0, false, false, YELLOW, HELD, HELD, "documents", "score", "yellow"},
    {ANY END, 900000, -1, 0, false, false, RED, HELD, HELD, "examination", "score", "red"},
    {ANY END, 1000000, -1, 0, false, false, RED, HELD, HELD, "examination", "score", "red"},
    {ANY END, 0, -1, 0, false, false, GREEN, RELEASED, RELEASED, NULL, "score", "below"},
    {ANY ", red: 10%, yellow: 5%, blue: 0%" END, 99999, -1, 0, false, false, YELLOW, HELD, HELD, "documents", "score",
     "yellow"},
    {ANY "}\n  - {id: BE343000, min_random_rate: 0%, red: 10%, yellow: 10%, blue: 10%" END, 100000, -1, 0, false, false,
     RED, HELD, HELD, "examination", "score", "red"},
    {ANY "}\n  - {id: OTHER, min_random_rate: 0%, red: 10%, yellow: 10%, blue: 10%" END, 100000, -1, 0, false, false,
     GREEN, RELEASED, RELEASED, NULL, "score", "below"},
    {ANY END, -1, -1, 0, false, false, GREEN, RELEASED, RELEASED, NULL, "score", "unscored"},
    {ANY ", unscored_lane: YELLOW" END, -1, -1, 0, false, false, YELLOW, HELD, HELD, "documents", "score", "unscored"},
    {ANY END, -1, GL_ASSESSMENT_LANE_HINT_RED, 1000000, false, false, RED, HELD, HELD, "examination", "criterion",
     "C1"},
    {ANY END, 1, GL_ASSESSMENT_LANE_HINT_BLUE, 1000000, false, false, BLUE, RELEASED, RELEASED, NULL, "criterion",
     "C1"},
    {ANY END, 1, GL_ASSESSMENT_LANE_HINT_RED, 0, false, false, GREEN, RELEASED, RELEASED, NULL, "score", "below"},
    {ANY END, 950000, GL_ASSESSMENT_LANE_HINT_BLUE, 1000000, false, false, RED, HELD, HELD, "examination", "criterion",
     "C1"},
    {ANY ", degraded_lane: BLUE" END, 1, -1, 0, true, false, BLUE, RELEASED, RELEASED, NULL, "policy", "degraded"},
    {ANY ", degraded_lane: BLUE" END, 1, -1, 0, false, false, GREEN, RELEASED, RELEASED, NULL, "score", "below"},
    {ANY ", stopped: true" END, 1, -1, 0, false, false, GREEN, HELD, RELEASED, "office-stopped", "policy",
     "office-stopped"},
    {ANY ", stopped: true" END, 950000, -1, 0, false, false, RED, HELD, HELD, "examination", "score", "red"},
    {ANY ", shadow: true" END, 600000, -1, 0, false, false, BLUE, HELD, RELEASED, "shadow", "policy", "shadow"},
    {ANY ", shadow: true, stopped: true" END, 1, -1, 0, false, false, GREEN, HELD, RELEASED, "office-stopped", "policy",
     "office-stopped"},
    {ANY END, 1, -1, 0, false, true, GREEN, HELD, RELEASED, "test-declaration", "policy", "test-declaration"},
    {ANY END, 950000, -1, 0, false, true, RED, HELD, HELD, "test-declaration", "score", "red"},
    {ANY ", stopped: true, shadow: true" END, 1, -1, 0, false, true, GREEN, HELD, RELEASED, "test-declaration",
     "policy", "test-declaration"},
    {"offices:\n  - {id: \"*\", min_random_rate: 100%}\n", 1, -1, 0, false, false, RED, HELD, HELD, "examination",
     "random", "random"},
    {"offices:\n  - {id: \"*\", min_random_rate: 100%, random_lane: BLUE}\n", 1, -1, 0, false, false, BLUE, RELEASED,
     RELEASED, NULL, "random", "random"},
};

Test(rules, lanes_and_outcomes)
{
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const lane_case *c = &CASES[i];
        gl_decide_policy *policy = policy_of("", gl_arena_printf(arena, "%s%s", c->offices, FIXTURE_SEED));
        gl_assessed assessed;
        fixture_assessed(arena, "L1", &assessed);
        assessed.assessment.score_ppm = c->score_ppm < 0 ? (gl_opt_i32){0} : GL_SOME_I32(c->score_ppm);
        assessed.classification.degraded = c->degraded;
        assessed.declaration.test_indicator = c->test;
        if (c->hit_lane >= 0)
            fixture_hit(arena, &assessed.assessment, "C1", (gl_assessment_lane_hint)c->hit_lane, c->hit_rate_ppm);
        gl_decision d = compute(policy, &assessed);
        cr_assert_eq(d.lane, c->lane, "case %zu: lane %s", i, gl_decision_lane_name(d.lane));
        cr_assert_eq(d.outcome, c->outcome, "case %zu: outcome %s", i, gl_decision_outcome_name(d.outcome));
        cr_assert_eq(d.intended_outcome, c->intended, "case %zu: intended %s", i,
                     gl_decision_outcome_name(d.intended_outcome));
        cr_assert_eq(d.hold != NULL, c->hold != NULL, "case %zu: hold", i);
        if (d.hold != NULL) {
            cr_assert(gl_str_eqz(d.hold->reason_code, c->hold), "case %zu: %.*s", i, GL_STR_ARG(d.hold->reason_code));
            cr_assert(d.hold->place.len > 0 && d.hold->text.len > 0);
        }
        cr_assert(has_reason(&d, c->reason, c->id), "case %zu: no reason %s %s", i, c->reason, c->id);
        cr_assert_eq(d.degraded, c->degraded);
        cr_assert(d.policy_version.len == 16 && gl_str_eqz(d.seed_epoch, "test") && d.version == 1 &&
                  d.prior_version == 0);
        gl_decide_policy_unref(policy);
    }
}

Test(rules, deadlines_and_places)
{
    gl_decide_policy *policy = policy_of("", "offices:\n  - {id: \"*\", min_random_rate: 0%, examination_within: 2h, "
                                             "documents_within: 3d, examination_place: Hall 7}\n" FIXTURE_SEED);
    gl_assessed assessed;
    fixture_assessed(arena, "L1", &assessed);
    assessed.assessment.score_ppm = GL_SOME_I32(950000);
    gl_decision red = compute(policy, &assessed);
    cr_assert(red.hold->until.set && red.hold->until.value == FIXTURE_NOW_US + INT64_C(7200000000));
    cr_assert(gl_str_eqz(red.hold->place, "Hall 7"));
    cr_assert_eq(red.hold->required.count, 0);
    assessed.assessment.score_ppm = GL_SOME_I32(750000);
    gl_decision yellow = compute(policy, &assessed);
    cr_assert_eq(yellow.hold->until.value, FIXTURE_NOW_US + INT64_C(3) * 86400 * 1000000);
    cr_assert_eq(yellow.hold->required.count, 1);
    gl_decide_policy_unref(policy);
}

/* -- Eligibility
 * --------------------------------------------------------------------------------------------------------- */

typedef struct claim_case {
    const char *a, *b;
    int64_t unscaled;
    int32_t scale;
    const char *currency;
    const char *exporter, *importer; /* ids, NULL: none */
    const char *ioss;                /* NULL: no fiscal reference */
    bool eligible_a, eligible_b;
} claim_case;

static const claim_case CLAIMS[] = {
    {"C07", NULL, 15000, 2, "EUR", NULL, NULL, NULL, true, false},
    {"C07", NULL, 15001, 2, "EUR", NULL, NULL, NULL, false, false},
    {"C07", NULL, 17441, 2, "USD", NULL, NULL, NULL, true, false},  /* 149.9926 */
    {"C07", NULL, 17442, 2, "USD", NULL, NULL, NULL, false, false}, /* 150.0012 */
    {"C07", NULL, 26690, 0, "JPY", NULL, NULL, NULL, true, false},  /* 149.9978 */
    {"C07", NULL, 1, 0, "XXX", NULL, NULL, NULL, false, false},
    {"C07", NULL, 1, 0, "", NULL, NULL, NULL, false, false},
    {"C07", NULL, INT64_MAX, 0, "USD", NULL, NULL, NULL, false, false},
    {"C07", NULL, 1, 99, "USD", NULL, NULL, NULL, false, false},
    {"C07", NULL, 1, -1, "USD", NULL, NULL, NULL, false, false},
    {"C08", NULL, 4500, 2, "EUR", NULL, NULL, NULL, true, false},
    {"C08", NULL, 4501, 2, "EUR", NULL, NULL, NULL, false, false},
    {"C08", NULL, 4500, 2, "EUR", "CN9134587", NULL, NULL, false, false},
    {"C08", NULL, 4500, 2, "EUR", NULL, "BE0403019261", NULL, false, false},
    {"C08", NULL, 4500, 2, "EUR", NULL, NULL, "IM1234567890", false, false},
    {"F48", NULL, 4500, 2, "EUR", NULL, NULL, "IM1234567890", true, false},
    {"F48", NULL, 4500, 2, "EUR", NULL, NULL, "IM123456789", false, false},
    {"F48", NULL, 4500, 2, "EUR", NULL, NULL, "IM12345678X0", false, false},
    {"F48", NULL, 4500, 2, "EUR", NULL, NULL, "im1234567890", false, false},
    {"F48", NULL, 4500, 2, "EUR", NULL, NULL, NULL, false, false},
    {"C07", "F48", 15000, 2, "EUR", NULL, NULL, "IM1234567890", true, true},
    {"C07", "F48", 15100, 2, "EUR", NULL, NULL, "IM1234567890", false, true},
    {"F48", "C07", 15000, 2, "EUR", NULL, NULL, NULL, true, false},
};

static void check_claim(const gl_decide_policy *policy, size_t i)
{
    const claim_case *c = &CLAIMS[i];
    gl_assessed assessed;
    fixture_assessed(arena, "L1", &assessed);
    gl_declaration *declaration = &assessed.declaration;
    *declaration->items.at[0].item_charge_amount =
        (gl_declaration_amount){c->unscaled, c->scale, gl_str_of(c->currency)};
    fixture_procedures(arena, declaration, c->a, c->b);
    fixture_party(arena, declaration, GL_DECLARATION_PARTY_ROLE_EXPORTER, NULL, c->exporter);
    fixture_party(arena, declaration, GL_DECLARATION_PARTY_ROLE_IMPORTER, NULL, c->importer);
    if (c->ioss != NULL)
        fixture_party(arena, declaration, GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE, "FR5", c->ioss);
    gl_decision d = compute(policy, &assessed);
    bool both = c->b != NULL;
    cr_assert_eq(d.eligibility.count, both ? 2 : 1, "case %zu", i);
    cr_assert_eq(d.eligibility.at[0].eligible, c->eligible_a, "case %zu: %.*s", i,
                 GL_STR_ARG(d.eligibility.at[0].reason));
    if (both)
        cr_assert_eq(d.eligibility.at[1].eligible, c->eligible_b, "case %zu: %.*s", i,
                     GL_STR_ARG(d.eligibility.at[1].reason));
    bool good = c->eligible_a && (!both || c->eligible_b);
    cr_assert_eq(d.lane, good ? GREEN : YELLOW, "case %zu", i);
    cr_assert_eq(d.outcome, good ? RELEASED : HELD);
    if (!good) {
        cr_assert(gl_str_eqz(d.hold->reason_code, "eligibility") && d.hold->required.count == 1 && d.hold->until.set,
                  "case %zu", i);
        cr_assert(gl_str_starts(d.exchange_rate_version, GL_STR("2026-11-02/")));
    }
}

Test(rules, eligibility)
{
    gl_decide_policy *policy = policy_of("", FIXTURE_OFFICE FIXTURE_SEED);
    for (size_t i = 0; i < sizeof CLAIMS / sizeof *CLAIMS; i++)
        check_claim(policy, i);
    gl_decide_policy_unref(policy);
}

Test(rules, intrinsic_value_sums_items_and_falls_back_to_the_invoice)
{
    gl_decide_policy *policy = policy_of("  c07_limit: \"100\"\n", FIXTURE_OFFICE FIXTURE_SEED);
    gl_assessed assessed;
    fixture_assessed(arena, "L1", &assessed);
    gl_declaration *declaration = &assessed.declaration;
    fixture_procedures(arena, declaration, "C07", NULL);
    gl_declaration_goods_item *items = GL_NEW_N(arena, gl_declaration_goods_item, 2);
    items[0] = items[1] = declaration->items.at[0];
    gl_declaration_amount half = {5000, 2, GL_STR("EUR")}, more = {5001, 2, GL_STR("EUR")},
                          whole = {9999, 2, GL_STR("EUR")};
    items[0].item_charge_amount = items[1].item_charge_amount = &half;
    declaration->items.at = items;
    declaration->items.count = 2;
    cr_assert(compute(policy, &assessed).eligibility.at[0].eligible, "50 + 50");
    items[1].item_charge_amount = &more;
    cr_assert(!compute(policy, &assessed).eligibility.at[0].eligible, "50 + 50.01");
    items[1].item_charge_amount = NULL;
    cr_assert(!compute(policy, &assessed).eligibility.at[0].eligible, "an item without a value and no invoice");
    declaration->invoice_amount = &whole;
    cr_assert(compute(policy, &assessed).eligibility.at[0].eligible, "the invoice");
    gl_decide_policy_unref(policy);
}

Test(rules, a_failed_claim_in_red_is_examined_and_says_what_to_send)
{
    gl_decide_policy *policy = policy_of("", FIXTURE_OFFICE FIXTURE_SEED);
    gl_assessed assessed;
    fixture_assessed(arena, "L1", &assessed);
    fixture_procedures(arena, &assessed.declaration, "F48", NULL);
    assessed.assessment.score_ppm = GL_SOME_I32(990000);
    gl_decision d = compute(policy, &assessed);
    cr_assert(d.lane == RED && gl_str_eqz(d.hold->reason_code, "examination") && d.hold->required.count == 1);
    assessed.assessment.score_ppm = GL_SOME_I32(750000);
    d = compute(policy, &assessed);
    cr_assert(d.lane == YELLOW && gl_str_eqz(d.hold->reason_code, "documents") && d.hold->required.count == 2);
    gl_decide_policy_unref(policy);
}

/* -- Draws
 * ----------------------------------------------------------------------------------------------------------------- */

Test(rules, draws_are_recorded_once_and_select_by_rate)
{
    gl_decide_policy *policy = policy_of("", "offices:\n  - {id: \"*\", min_random_rate: 1%}\n" FIXTURE_SEED);
    size_t selected = 0, random = 0, tries = 20000;
    for (size_t i = 0; i < tries; i++) {
        gl_assessed assessed;
        fixture_assessed(arena, gl_arena_printf(arena, "L%zu", i), &assessed);
        fixture_hit(arena, &assessed.assessment, "C1", GL_ASSESSMENT_LANE_HINT_YELLOW, 250000);
        fixture_hit(arena, &assessed.assessment, "C1", GL_ASSESSMENT_LANE_HINT_YELLOW, 250000);
        gl_decision d = compute(policy, &assessed);
        cr_assert_eq(d.draws.count, 2);
        const gl_decision_draw *first = &d.draws.at[0], *second = &d.draws.at[1];
        cr_assert(gl_str_eqz(first->criterion_id, "C1") && first->rate_ppm == 250000);
        cr_assert(gl_str_eqz(second->criterion_id, "random") && second->rate_ppm == 10000);
        cr_assert_eq(first->selected, first->value_ppm < 250000);
        cr_assert(first->value_ppm >= 0 && first->value_ppm < 1000000);
        selected += first->selected;
        random += second->selected;
        gl_lane expected = second->selected ? GL_LANE_RED : first->selected ? GL_LANE_YELLOW : GL_LANE_GREEN;
        cr_assert_eq((int)d.lane, (int)expected);
        gl_arena_reset(arena);
    }
    /* Six standard deviations: 0.25 +- 0.0184, 0.01 +- 0.0042. */
    cr_assert(selected > tries * 231 / 1000 && selected < tries * 269 / 1000, "%zu", selected);
    cr_assert(random > tries * 5 / 1000 && random < tries * 15 / 1000, "%zu", random);
    gl_decide_policy_unref(policy);
}

/* -- Replay
 * ---------------------------------------------------------------------------------------------------------------- */

static gl_str decided_value(const gl_assessed *assessed, const gl_decision *decision)
{
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_DECIDED);
    gl_declaration_encode(&buf, &assessed->declaration);
    gl_classification_encode(&buf, &assessed->classification);
    gl_assessment_encode(&buf, &assessed->assessment);
    gl_decision_encode(&buf, decision);
    return gl_buf_view(&buf);
}

static gl_decide_replay_result *replay(const gl_decide_policy *policy, gl_str value)
{
    gl_decide_replay_result *result = GL_NEW(arena, gl_decide_replay_result);
    gl_err err = {0};
    cr_assert(gl_decide_replay(policy, value, arena, result, &err), "%s", err.message);
    return result;
}

static bool differs(const gl_decide_replay_result *result, const char *field)
{
    for (size_t i = 0; i < result->difference_count; i++)
        if (strcmp(result->differences[i].field, field) == 0)
            return true;
    return false;
}

static gl_assessed rich(void)
{
    gl_assessed assessed;
    fixture_assessed(arena, "L1", &assessed);
    fixture_procedures(arena, &assessed.declaration, "C07", "F48");
    fixture_hit(arena, &assessed.assessment, "C1", GL_ASSESSMENT_LANE_HINT_YELLOW, 300000);
    fixture_hit(arena, &assessed.assessment, "C2", GL_ASSESSMENT_LANE_HINT_BLUE, 1000000);
    return assessed;
}

Test(rules, replay_gives_the_same_bytes)
{
    gl_decide_policy *policy = policy_of("", "offices:\n  - {id: \"*\"}\n" FIXTURE_SEED);
    gl_assessed assessed = rich();
    for (int32_t score = 0; score <= 1000000; score += 50000) {
        assessed.assessment.score_ppm = GL_SOME_I32(score);
        gl_decision d = compute(policy, &assessed);
        gl_decide_replay_result *result = replay(policy, decided_value(&assessed, &d));
        cr_assert(result->same && result->difference_count == 0);
    }
    gl_decide_policy_unref(policy);
}

Test(rules, replay_tells_what_was_changed)
{
    gl_decide_policy *policy = policy_of("", "offices:\n  - {id: \"*\"}\n" FIXTURE_SEED);
    gl_assessed assessed = rich();
    gl_decision honest = compute(policy, &assessed);

    gl_decision d = honest;
    d.lane = GREEN;
    d.outcome = RELEASED;
    d.hold = NULL;
    gl_decide_replay_result *result = replay(policy, decided_value(&assessed, &d));
    cr_assert(!result->same && result->difference_count == 3 && differs(result, "lane") && differs(result, "outcome") &&
              differs(result, "hold"));
    cr_assert(gl_str_eqz(result->differences[0].recorded, "\"GREEN\"") &&
                  gl_str_eqz(result->differences[0].computed, "\"YELLOW\""),
              "%.*s", GL_STR_ARG(result->differences[0].recorded));

    d = honest;
    d.draws.at = gl_arena_dup(arena, honest.draws.at, honest.draws.count * sizeof *honest.draws.at);
    d.draws.at[0].value_ppm = (d.draws.at[0].value_ppm + 1) % 1000000;
    result = replay(policy, decided_value(&assessed, &d));
    cr_assert(!result->same && result->difference_count == 1 && differs(result, "draws"));

    d = honest;
    d.evaluator = GL_STR("another");
    result = replay(policy, decided_value(&assessed, &d));
    cr_assert(!result->same && result->difference_count == 1 && differs(result, "evaluator"));

    assessed.assessment.score_ppm = GL_SOME_I32(999999); /* the record's other sections were changed */
    result = replay(policy, decided_value(&assessed, &honest));
    cr_assert(!result->same && differs(result, "lane") && differs(result, "reasons"));
    gl_decide_policy_unref(policy);
}

Test(rules, replay_under_another_policy_names_it)
{
    gl_decide_policy *then = policy_of("", "offices:\n  - {id: \"*\", min_random_rate: 0%}\n" FIXTURE_SEED);
    gl_decide_policy *now = policy_of("", "offices:\n  - {id: \"*\", min_random_rate: 0%, red: 95%}\n" FIXTURE_SEED);
    gl_decide_policy *without_key = policy_of("", "offices:\n  - {id: \"*\"}\n");
    gl_assessed assessed = rich();
    gl_decision d = compute(then, &assessed);
    gl_decide_replay_result *result = replay(now, decided_value(&assessed, &d));
    cr_assert(!result->same && result->difference_count == 2 && differs(result, "policy_version") &&
              differs(result, "red_threshold_ppm"));
    gl_err err = {0};
    cr_assert(!gl_decide_replay(without_key, decided_value(&assessed, &d), arena, result, &err));
    cr_assert_str_eq(err.code, "seed-unknown");
    gl_decide_policy_unref(then);
    gl_decide_policy_unref(now);
    gl_decide_policy_unref(without_key);
}

Test(rules, every_field_of_a_decision_is_compared)
{
    /* Each top-level member of the JSON of a decision must be a field of the comparison; GL_DECIDE_FIELDS is checked
     * there. */
    gl_decision d = {0};
    gl_buf buf = gl_buf_in(arena);
    gl_decision_json(&buf, &d);
    size_t members = 0;
    int depth = 0;
    for (size_t i = 0; i < buf.len; i++) {
        depth += buf.data[i] == '{' || buf.data[i] == '[';
        depth -= buf.data[i] == '}' || buf.data[i] == ']';
        members += buf.data[i] == ':' && depth == 1 && buf.data[i - 1] == '"';
    }
    cr_assert_eq(members, GL_DECIDE_FIELDS);
}

Test(rules, a_collision_is_refused)
{
    gl_decide_policy *policy = policy_of("", FIXTURE_OFFICE FIXTURE_SEED);
    gl_assessed assessed = rich();
    gl_decide_input input = {.declaration = &assessed.declaration,
                             .classification = &assessed.classification,
                             .assessment = &assessed.assessment,
                             .now_us = FIXTURE_NOW_US,
                             .collides_with = GL_STR("26BE000000000000R5")};
    gl_decision d;
    gl_err err = {0};
    cr_assert(gl_decide_compute(policy, &input, arena, &d, &err));
    cr_assert(d.outcome == GL_DECISION_OUTCOME_REFUSED && has_reason(&d, "mrn-collision", "mrn-collision") &&
              d.hold == NULL);
    gl_decide_replay_result *result = replay(policy, decided_value(&assessed, &d));
    cr_assert(result->same, "a refusal replays too");
    gl_decide_policy_unref(policy);
}
