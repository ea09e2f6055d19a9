/* The life of an entry summary: assessment complete, referrals and their answers, do not load. One a test, in memory.
 */
#include "decide/test_events.h"

#define EVENT(type) GL_EVENT_EVENT_TYPE_##type
#define SECOND      INT64_C(1000000)

static void set_up_entry(void)
{
    set_up_with("  do_not_load: bomb-in-a-box other\n", FIXTURE_OFFICE FIXTURE_SEED);
}

TestSuite(entry, .init = set_up_entry, .fini = tear_down);

static gl_assessed summary;

/* Hits of `criterion` (NULL: none) with the lane. It claims C07, which an entry summary cannot. */
static const uint8_t *declare(const char *criterion, gl_assessment_lane_hint lane)
{
    fixture_assessed(arena, "ENS-1", &summary);
    gl_declaration *d = &summary.declaration;
    d->family = GL_DECLARATION_FAMILY_ENTRY_SUMMARY;
    gl_declaration_id id = gl_declaration_id_of(d->submitter, d->functional_reference_id, GL_FAMILY_ENTRY_SUMMARY);
    memcpy(d->declaration_id, id.bytes, sizeof d->declaration_id);
    char *mrn = gl_arena_alloc(arena, GL_MRN_CHARS + 1);
    gl_mrn_make(id.bytes, FIXTURE_NOW_US, "GB", GL_FAMILY_ENTRY_SUMMARY, mrn);
    d->mrn = gl_str_of(mrn);
    d->type_code = d->data_set = GL_STR("ENS");
    d->ucr = GL_STR("U-1");
    d->entry_summary = GL_NEW(arena, gl_declaration_entry_summary);
    d->entry_summary->first_entry_office_id = GL_STR("GB000060");
    d->entry_summary->expected_arrival_at = GL_SOME_I64(FIXTURE_NOW_US + 3600 * SECOND);
    fixture_procedures(arena, d, "C07", NULL);
    summary.assessment.score_ppm = GL_SOME_I32(999999); /* counts for nothing */
    if (criterion != NULL)
        fixture_hit(arena, &summary.assessment, criterion, lane, 1000000);
    run(assessed_record(&summary));
    check_replay();
    return d->declaration_id;
}

static const gl_decision *happens(gl_event_event_type type, const char *code, const char *const *details)
{
    now_us += SECOND;
    run(event_of(summary.declaration.declaration_id, type, gl_arena_printf(arena, "e-%d", (int)next_offset), code,
                 details));
    check_replay();
    check_versions();
    return &last_decision()->decision;
}

/* What was decided last, and what the sender was told. */
static void expect(gl_decision_outcome outcome, const char *hold, const char *message)
{
    const gl_decision *decision = &last_decision()->decision;
    cr_assert_eq(decision->outcome, outcome, "%s", gl_decision_outcome_name(decision->outcome));
    cr_assert_eq(decision->hold != NULL, hold != NULL);
    cr_assert(hold == NULL || gl_str_eqz(decision->hold->reason_code, hold), "%.*s",
              GL_STR_ARG(decision->hold->reason_code));
    cr_assert(gl_str_eqz(last_message()->message_name, message), "%.*s", GL_STR_ARG(last_message()->message_name));
}

Test(entry, nothing_against_it_completes_the_assessment)
{
    declare(NULL, GL_ASSESSMENT_LANE_HINT_RED);
    expect(GL_DECISION_OUTCOME_RELEASED, NULL, "IE3N03");
    const gl_decision *decision = &last_decision()->decision;
    cr_assert_eq(decision->eligibility.count, 0, "no relief from duty");
    cr_assert_eq(decision->lane, GL_DECISION_LANE_GREEN);
    cr_assert(gl_str_eqz(decision->office, "GB000060"), "where it enters first");
    cr_assert(gl_str_eqz(last_message()->function_code, "09"));
}

Test(entry, a_referral_for_information_is_answered_by_documents)
{
    declare("few-particulars", GL_ASSESSMENT_LANE_HINT_YELLOW);
    expect(GL_DECISION_OUTCOME_HELD, "referral-rfi", "IE3Q02");
    const gl_decision_hold *hold = last_decision()->decision.hold;
    cr_assert_eq(hold->required.count, 1);
    cr_assert_eq(hold->until.value, FIXTURE_NOW_US + 3600 * SECOND, "before it arrives");
    cr_assert(contains(last_message()->payload, "referral-rfi"));
    cr_assert(!contains(last_message()->payload, "few-particulars"), "what selected it is not told");
    happens(EVENT(ARRIVAL), "arrived", NULL);
    expect(GL_DECISION_OUTCOME_HELD, "referral-rfi", "IE3Q02");
    static const char *const all[] = {"document", "all", NULL};
    happens(EVENT(DOCUMENT), "invoice", all);
    expect(GL_DECISION_OUTCOME_RELEASED, NULL, "IE3N03");
}

Test(entry, a_referral_for_screening_is_answered_by_its_result)
{
    declare("unknown-shipper", GL_ASSESSMENT_LANE_HINT_RED);
    expect(GL_DECISION_OUTCOME_HELD, "referral-rfs", "IE3Q03");
    cr_assert(gl_str_eqz(last_message()->function_code, "05"));
    happens(EVENT(INSPECTION_RESULT), "A1", NULL);
    expect(GL_DECISION_OUTCOME_RELEASED, NULL, "IE3N03");
}

Test(entry, a_screening_that_finds_something_forbids_loading)
{
    const uint8_t *id = declare("unknown-shipper", GL_ASSESSMENT_LANE_HINT_RED);
    happens(EVENT(INSPECTION_RESULT), "B1", NULL);
    expect(GL_DECISION_OUTCOME_REFUSED, NULL, "IE3Q01");
    cr_assert(gl_str_eqz(state_of(id)->refused_for, "inspection"));
}

Test(entry, an_officer_gives_a_referral_another_lane)
{
    static const char *const red[] = {"lane", "RED", NULL};
    declare("few-particulars", GL_ASSESSMENT_LANE_HINT_YELLOW);
    happens(EVENT(OFFICER_ACTION), "reroute", red);
    expect(GL_DECISION_OUTCOME_HELD, "referral-rfs", "IE3Q03");
    happens(EVENT(OFFICER_ACTION), "hold", NULL);
    expect(GL_DECISION_OUTCOME_HELD, "officer-hold", "IE3N02");
    happens(EVENT(OFFICER_ACTION), "refuse", NULL);
    expect(GL_DECISION_OUTCOME_REFUSED, NULL, "IE3Q01");
    happens(EVENT(OFFICER_ACTION), "release", NULL);
    expect(GL_DECISION_OUTCOME_RELEASED, NULL, "IE3N03");
}

Test(entry, what_must_not_be_loaded_ends_there)
{
    const uint8_t *id = declare("bomb-in-a-box", GL_ASSESSMENT_LANE_HINT_RED);
    expect(GL_DECISION_OUTCOME_REFUSED, NULL, "IE3Q01");
    cr_assert(gl_str_eqz(state_of(id)->refused_for, "do-not-load"));
    cr_assert(contains(last_message()->payload, "GL-DNL"));
    cr_assert_eq(last_decision()->decision.lane, GL_DECISION_LANE_RED);
    happens(EVENT(INSPECTION_RESULT), "A1", NULL);
    expect(GL_DECISION_OUTCOME_REFUSED, NULL, "IE3Q01");
    happens(EVENT(OFFICER_ACTION), "release", NULL);
    expect(GL_DECISION_OUTCOME_REFUSED, NULL, "IE3Q01");
}

Test(entry, a_criterion_forbids_loading_of_entry_summaries_only)
{
    fixture_assessed(arena, "LRN-1", &summary);
    fixture_hit(arena, &summary.assessment, "bomb-in-a-box", GL_ASSESSMENT_LANE_HINT_RED, 1000000);
    run(assessed_record(&summary));
    expect(GL_DECISION_OUTCOME_HELD, "examination", "DMSCTL");
}

Test(entry, a_test_is_nothing_but_a_test)
{
    fixture_assessed(arena, "ENS-2", &summary);
    summary.declaration.family = GL_DECLARATION_FAMILY_ENTRY_SUMMARY;
    summary.declaration.test_indicator = true;
    fixture_hit(arena, &summary.assessment, "other", GL_ASSESSMENT_LANE_HINT_RED, 1000000);
    run(assessed_record(&summary));
    const gl_decision *decision = &last_decision()->decision;
    cr_assert(decision->outcome == GL_DECISION_OUTCOME_HELD &&
              decision->intended_outcome == GL_DECISION_OUTCOME_REFUSED);
}

Test(entry, a_referral_without_an_answer_is_overdue)
{
    declare("unknown-shipper", GL_ASSESSMENT_LANE_HINT_RED);
    now_us += 3601 * SECOND;
    fire();
    expect(GL_DECISION_OUTCOME_HELD, "referral-rfs", "IE3Q03");
    cr_assert_eq(last_decision()->decision.cause, GL_DECISION_CAUSE_TIMER);
    check_replay();
}

Test(entry, a_cancelled_one_is_invalidated)
{
    declare("few-particulars", GL_ASSESSMENT_LANE_HINT_YELLOW);
    happens(EVENT(CANCELLATION), "cancelled", NULL);
    expect(GL_DECISION_OUTCOME_REFUSED, NULL, "IE3R07");
    happens(EVENT(CANCELLATION), "cancelled", NULL);
    expect(GL_DECISION_OUTCOME_REFUSED, NULL, "IE3N99");
}

Test(entry, one_without_time_until_arrival_has_the_offices)
{
    fixture_assessed(arena, "ENS-3", &summary);
    summary.declaration.family = GL_DECLARATION_FAMILY_ENTRY_SUMMARY;
    fixture_hit(arena, &summary.assessment, "few", GL_ASSESSMENT_LANE_HINT_YELLOW, 1000000);
    run(assessed_record(&summary));
    cr_assert_eq(last_decision()->decision.hold->until.value, FIXTURE_NOW_US + 10 * 86400 * SECOND);
}
