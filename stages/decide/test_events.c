/* Decisions for events: inspection results, officers' actions, arrivals, signals, documents, cancellations; events that
 * come too early, twice, or too late. One declaration a test, in memory. */
#include "decide/test_events.h"

TestSuite(events, .init = set_up, .fini = tear_down);

#define EVENT(type) GL_EVENT_EVENT_TYPE_##type

enum { RED_PPM = 950000, YELLOW_PPM = 750000, GREEN_PPM = 1000 };

static gl_assessed declared;

static const uint8_t *declare(int32_t score_ppm)
{
    fixture_assessed(arena, "LRN-1", &declared);
    declared.assessment.score_ppm = GL_SOME_I32(score_ppm);
    run(assessed_record(&declared));
    return declared.declaration.declaration_id;
}

/* One event with one decision; returns it. */
static const gl_decision *happens(gl_event_event_type type, const char *code, const char *const *details)
{
    size_t before = decision_count(), told = count_of('o', GL_DECIDE_OUT_NOTIFICATIONS);
    const char *event_id = gl_arena_printf(arena, "e-%d", (int)next_offset);
    now_us += 1000000;
    run(event_of(declared.declaration.declaration_id, type, event_id, code, details));
    cr_assert_eq(decision_count(), before + 1, "one decision for %s", code);
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_NOTIFICATIONS), told + 1);
    const gl_decision *decision = &last_decision()->decision;
    cr_assert(gl_str_eqz(decision->causing_event_id, event_id) && decision->event != NULL && decision->prior != NULL);
    check_replay();
    check_versions();
    return decision;
}

static void expect(const gl_decision *decision, gl_decision_outcome outcome, const char *reason)
{
    cr_assert_eq(decision->outcome, outcome, "%s", gl_decision_outcome_name(decision->outcome));
    cr_assert(decision->reasons.count > 0 && gl_str_eqz(decision->reasons.at[0].code, reason), "%.*s",
              GL_STR_ARG(decision->reasons.at[0].code));
    const gl_clearance *state = state_of(decision->declaration_id);
    cr_assert(state->version == decision->version && (int)state->outcome == (int)outcome);
    cr_assert_eq(state->hold != NULL, outcome == GL_DECISION_OUTCOME_HELD);
    gl_json *view = view_of(state);
    cr_assert(gl_str_eqz(gl_json_text(view, "outcome"), gl_decision_outcome_name(outcome)));
}

static void told(const char *code, const char *name)
{
    const gl_notification *message = last_message();
    cr_assert(gl_str_eqz(message->function_code, code) && gl_str_eqz(message->message_name, name), "%.*s",
              GL_STR_ARG(message->message_name));
}

Test(events, an_inspection_releases_or_refuses)
{
    declare(RED_PPM);
    const gl_decision *decision = happens(EVENT(INSPECTION_RESULT), "A1", NULL);
    expect(decision, GL_DECISION_OUTCOME_RELEASED, "inspection");
    cr_assert(decision->cause == GL_DECISION_CAUSE_INSPECTION && decision->version == 2 &&
              decision->lane == GL_DECISION_LANE_RED && decision->hold == NULL);
    cr_assert(gl_str_eq(last_decision()->declaration.mrn, declared.declaration.mrn), "all sections are carried");
    cr_assert(last_decision()->assessment.score_ppm.value == RED_PPM);
    told("09", "DMSCLE");
    decision = happens(EVENT(INSPECTION_RESULT), "B1", NULL);
    expect(decision, GL_DECISION_OUTCOME_RELEASED, "inspection-after-release");
}

Test(events, an_unsatisfactory_inspection_refuses_until_an_officer_overrules)
{
    declare(RED_PPM);
    expect(happens(EVENT(INSPECTION_RESULT), "Z9", NULL), GL_DECISION_OUTCOME_HELD, "inspection");
    expect(happens(EVENT(INSPECTION_RESULT), "B1", NULL), GL_DECISION_OUTCOME_REFUSED, "inspection");
    told("03", "DMSREJ");
    cr_assert(contains(last_message()->payload, "GL-INSP"));
    cr_assert(gl_str_eqz(state_of(declared.declaration.declaration_id)->refused_for, "inspection"));
    expect(happens(EVENT(INSPECTION_RESULT), "A1", NULL), GL_DECISION_OUTCOME_REFUSED, "inspection-after-refusal");
    expect(happens(EVENT(OFFICER_ACTION), "refuse", NULL), GL_DECISION_OUTCOME_REFUSED, "officer-action-after-refusal");
    expect(happens(EVENT(OFFICER_ACTION), "release", NULL), GL_DECISION_OUTCOME_RELEASED, "officer");
    told("09", "DMSCLE");
}

Test(events, officers_hold_reroute_and_refuse)
{
    declare(YELLOW_PPM);
    const gl_decision *decision =
        happens(EVENT(OFFICER_ACTION), "hold", (const char *[]){"until", "2026-12-01T00:00:00Z", NULL});
    expect(decision, GL_DECISION_OUTCOME_HELD, "officer");
    cr_assert(gl_str_eqz(decision->hold->reason_code, "officer-hold") && decision->hold->required.count == 1);
    char text[GL_TIME_TEXT_BYTES];
    cr_assert(gl_str_eqz(gl_time_format(decision->hold->until.value, text), "2026-12-01T00:00:00.000000Z"));
    told("06", "DMSDOC");
    decision = happens(EVENT(OFFICER_ACTION), "reroute", (const char *[]){"lane", "RED", NULL});
    expect(decision, GL_DECISION_OUTCOME_HELD, "officer");
    cr_assert(decision->lane == GL_DECISION_LANE_RED && gl_str_eqz(decision->hold->reason_code, "examination"));
    told("05", "DMSCTL");
    expect(happens(EVENT(OFFICER_ACTION), "reroute", (const char *[]){"lane", "PINK", NULL}), GL_DECISION_OUTCOME_HELD,
           "officer");
    expect(happens(EVENT(OFFICER_ACTION), "dance", NULL), GL_DECISION_OUTCOME_HELD, "officer");
    decision = happens(EVENT(OFFICER_ACTION), "reroute", (const char *[]){"lane", "GREEN", NULL});
    expect(decision, GL_DECISION_OUTCOME_RELEASED, "officer");
    cr_assert_eq(decision->lane, GL_DECISION_LANE_GREEN);
    expect(happens(EVENT(OFFICER_ACTION), "refuse", NULL), GL_DECISION_OUTCOME_RELEASED,
           "officer-action-after-release");
}

Test(events, what_only_tells_changes_nothing_and_is_decided_all_the_same)
{
    declare(RED_PPM);
    const gl_clearance before = *state_of(declared.declaration.declaration_id);
    const gl_decision *decision = happens(EVENT(ARRIVAL), "", NULL);
    expect(decision, GL_DECISION_OUTCOME_HELD, "arrival");
    cr_assert_eq(decision->cause, GL_DECISION_CAUSE_ARRIVAL);
    decision = happens(EVENT(SIGNAL), "density", NULL);
    expect(decision, GL_DECISION_OUTCOME_HELD, "signal");
    cr_assert_eq(decision->cause, GL_DECISION_CAUSE_SIGNAL);
    told("05", "DMSCTL");
    cr_assert(!contains(last_message()->payload, "ignal"), "the sender is not told of signals");
    const gl_clearance *after = state_of(declared.declaration.declaration_id);
    cr_assert(after->hold->until.value == before.hold->until.value && after->lane == before.lane);
}

Test(events, a_cancellation_ends_an_open_clearance_only)
{
    declare(YELLOW_PPM);
    expect(happens(EVENT(CANCELLATION), "", NULL), GL_DECISION_OUTCOME_REFUSED, "cancelled");
    told("10", "DMSINV");
    cr_assert(contains(last_message()->payload, "<CancellationDateTime>"));
    cr_assert(gl_str_eqz(state_of(declared.declaration.declaration_id)->refused_for, "cancelled"));
    expect(happens(EVENT(OFFICER_ACTION), "release", NULL), GL_DECISION_OUTCOME_REFUSED,
           "officer-action-after-cancellation");
    cr_assert(gl_str_eqz(state_of(declared.declaration.declaration_id)->refused_for, "cancelled"));
}

Test(events, a_cancellation_after_release_is_denied)
{
    declare(GREEN_PPM);
    expect(happens(EVENT(CANCELLATION), "", NULL), GL_DECISION_OUTCOME_RELEASED, "cancellation-after-release");
    told("11", "DMSREQ");
    cr_assert(contains(last_message()->payload, "<NameCode>41</NameCode>"));
}

Test(events, documents_release_once_all_are_there)
{
    declare(YELLOW_PPM);
    const char *asked = "Invoice, transport document and proof of payment";
    expect(happens(EVENT(DOCUMENT), "N380", NULL), GL_DECISION_OUTCOME_HELD, "document");
    expect(happens(EVENT(DOCUMENT), "N380", (const char *[]){"document", asked, NULL}), GL_DECISION_OUTCOME_RELEASED,
           "document");
}

Test(events, documents_one_by_one)
{
    fixture_assessed(arena, "LRN-1", &declared);
    fixture_procedures(arena, &declared.declaration, "C07", "F48");
    declared.declaration.items.at[0].item_charge_amount->unscaled = 99999900;
    run(assessed_record(&declared));
    const gl_decision *decision = &last_decision()->decision;
    cr_assert(decision->lane == GL_DECISION_LANE_YELLOW && decision->hold->required.count == 2, "%zu",
              decision->hold->required.count);
    const char *second =
        gl_arena_strndup(arena, decision->hold->required.at[1].ptr, decision->hold->required.at[1].len);
    decision = happens(EVENT(DOCUMENT), "1", (const char *[]){"document", second, NULL});
    expect(decision, GL_DECISION_OUTCOME_HELD, "document");
    cr_assert(decision->hold->required.count == 1 && decision->hold->until.set);
    expect(happens(EVENT(DOCUMENT), "1", (const char *[]){"document", second, NULL}), GL_DECISION_OUTCOME_HELD,
           "document");
    expect(happens(EVENT(DOCUMENT), "2", (const char *[]){"document", "all", NULL}), GL_DECISION_OUTCOME_RELEASED,
           "document");
}

/* -- What keeps a release back
 * ------------------------------------------------------------------------------------------- */

Test(events, nothing_releases_a_test_declaration)
{
    fixture_assessed(arena, "LRN-1", &declared);
    declared.declaration.test_indicator = true;
    declared.assessment.score_ppm = GL_SOME_I32(RED_PPM);
    run(assessed_record(&declared));
    const gl_decision *decision = happens(EVENT(INSPECTION_RESULT), "A1", NULL);
    cr_assert(decision->outcome == GL_DECISION_OUTCOME_HELD &&
              decision->intended_outcome == GL_DECISION_OUTCOME_RELEASED);
    decision = happens(EVENT(OFFICER_ACTION), "release", NULL);
    cr_assert(decision->outcome == GL_DECISION_OUTCOME_HELD &&
              gl_str_eqz(decision->hold->reason_code, "test-declaration"));
    decision = happens(EVENT(OFFICER_ACTION), "reroute", (const char *[]){"lane", "GREEN", NULL});
    cr_assert_eq(decision->outcome, GL_DECISION_OUTCOME_HELD);
    decision = happens(EVENT(DOCUMENT), "x", (const char *[]){"document", "all", NULL});
    cr_assert_eq(decision->outcome, GL_DECISION_OUTCOME_HELD);
}

static void set_up_stopped(void)
{
    tear_down(); /* of the suite */
    set_up_with("", "offices:\n  - {id: \"*\", min_random_rate: 0, stopped: true}\n" FIXTURE_SEED);
}

static void set_up_shadow(void)
{
    tear_down();
    set_up_with("  shadow: true\n", FIXTURE_OFFICE FIXTURE_SEED);
}

static void only_an_officer_releases(const char *reason)
{
    declare(RED_PPM);
    const gl_decision *decision = happens(EVENT(INSPECTION_RESULT), "A2", NULL);
    cr_assert(decision->outcome == GL_DECISION_OUTCOME_HELD &&
              decision->intended_outcome == GL_DECISION_OUTCOME_RELEASED &&
              gl_str_eqz(decision->hold->reason_code, reason));
    decision = happens(EVENT(OFFICER_ACTION), "reroute", (const char *[]){"lane", "BLUE", NULL});
    cr_assert_eq(decision->outcome, GL_DECISION_OUTCOME_HELD, "a lane is no explicit release");
    expect(happens(EVENT(OFFICER_ACTION), "release", NULL), GL_DECISION_OUTCOME_RELEASED, "officer");
}

Test(events, a_stop_is_passed_by_an_officer_only, .init = set_up_stopped)
{
    only_an_officer_releases("office-stopped");
}

Test(events, shadow_mode_is_passed_by_an_officer_only, .init = set_up_shadow)
{
    only_an_officer_releases("shadow");
}

/* -- Repeated, early, late
 * ---------------------------------------------------------------------------------------------- */

Test(events, a_repeated_event_has_no_second_effect)
{
    const uint8_t *id = declare(RED_PPM);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 64; i++)
            run(event_of(id, EVENT(ARRIVAL), gl_arena_printf(arena, "arrival-%d", i), "", NULL));
    cr_assert_eq(decision_count(), 65);
    cr_assert_eq(state_of(id)->event_hashes.len, 64 * 8);
    run(event_of(id, EVENT(ARRIVAL), "one more", "", NULL));
    cr_assert_eq(state_of(id)->event_hashes.len, 64 * 8, "bounded");
    gl_json *timeline = gl_json_get(view_of(state_of(id)), "timeline");
    cr_assert(timeline->count <= 32 && timeline->count >= 30, "%zu", timeline->count);
    cr_assert(gl_str_eqz(gl_json_text(timeline->items[0], "event"), "accepted") &&
              gl_str_eqz(gl_json_text(timeline->items[timeline->count - 1], "event"), "decided"));
    cr_assert_eq(gl_json_get(view_of(state_of(id)), "reasons")->count, 20);
    check_versions();
}

Test(events, an_owner_cannot_take_an_officers_event_id_first)
{
    const uint8_t *id = declare(RED_PPM);
    run(event_from("hub", id, EVENT(DOCUMENT), "e-1", "", NULL));
    cr_assert_eq(last_decision()->decision.outcome, GL_DECISION_OUTCOME_HELD);
    run(event_from("customs", id, EVENT(OFFICER_ACTION), "e-1", "refuse", NULL));
    cr_assert_eq(last_decision()->decision.outcome, GL_DECISION_OUTCOME_REFUSED);
    cr_assert_eq(decision_count(), 3);
    run(event_from("customs", id, EVENT(OFFICER_ACTION), "e-1", "release", NULL));
    run(event_from("hub", id, EVENT(DOCUMENT), "e-1", "", NULL));
    cr_assert_eq(decision_count(), 3, "each repeated");
    run(event_from("hubc", id, EVENT(ARRIVAL), "ustoms", "", NULL)); /* no two pairs are one text */
    run(event_from("hub", id, EVENT(ARRIVAL), "customs", "", NULL));
    cr_assert_eq(decision_count(), 5);
    check_versions();
}

Test(events, an_event_that_an_earlier_version_kept_is_known_by_its_id)
{
    const uint8_t *id = declare(RED_PPM);
    gl_clearance old = *state_of(id);
    uint8_t hash[GL_SHA256_BYTES];
    gl_sha256(GL_STR("e-1"), hash);
    old.event_hashes = (gl_str){gl_arena_dup(arena, hash, 8), 8};
    gl_record cause = event_of(id, EVENT(ARRIVAL), "e-1", "", NULL);
    gl_outbox_state(outbox, &cause, cause.key, gl_status_value(arena, &old));
    run(cause);
    cr_assert_eq(decision_count(), 1);
    run(event_of(id, EVENT(ARRIVAL), "e-2", "", NULL));
    run(event_of(id, EVENT(ARRIVAL), "e-1", "", NULL));
    cr_assert_eq(decision_count(), 2, "the list goes on");
}

Test(events, an_early_event_waits_and_is_decided_right_after_the_declaration)
{
    fixture_assessed(arena, "LRN-1", &declared);
    declared.assessment.score_ppm = GL_SOME_I32(RED_PPM);
    const uint8_t *id = declared.declaration.declaration_id;
    uint8_t stem[GL_DECLARATION_ID_BYTES] = {0};
    memcpy(stem, id, 8);
    stem[7] &= 0xFC;
    run(event_of(id, EVENT(ARRIVAL), "e-1", "", NULL));
    run(event_of(stem, EVENT(INSPECTION_RESULT), "e-2", "A1", NULL)); /* knows the MRN only */
    gl_record rest[] = {event_of(id, EVENT(SIGNAL), "e-3", "x", NULL), event_of(id, EVENT(ARRIVAL), "e-1", "", NULL),
                        assessed_record(&declared)};
    cr_assert_eq(decision_count(), 0);
    run_all(rest, 3);
    cr_assert_eq(decision_count(), 4, "acceptance, arrival, inspection, signal");
    check_versions();
    check_replay();
    cr_assert(last_decision()->decision.cause == GL_DECISION_CAUSE_SIGNAL &&
              last_decision()->decision.outcome == GL_DECISION_OUTCOME_RELEASED);
    const gl_clearance *state = state_of(id);
    cr_assert(state->version == 4 && state->outcome == GL_CLEARANCE_OUTCOME_RELEASED);
    now_us += INT64_C(3600) * 1000000;
    fire();
    cr_assert_eq(count_of('d', 0), 0, "nothing is orphaned");
    run(event_of(stem, EVENT(ARRIVAL), "e-4", "", NULL));
    cr_assert(decision_count() == 5 && state_of(id)->version == 5, "by its MRN");
    cr_assert(memcmp(last_of('o', GL_DECIDE_OUT_DECISIONS)->key.ptr, id, GL_DECLARATION_ID_BYTES) == 0);
}

Test(events, an_orphaned_event_is_a_dead_letter_as_consumed)
{
    fixture_assessed(arena, "LRN-1", &declared);
    gl_record event = event_of(declared.declaration.declaration_id, EVENT(ARRIVAL), "e-1", "", NULL);
    run(event);
    now_us += INT64_C(599) * 1000000;
    fire();
    cr_assert_eq(count_of('d', 0), 0);
    now_us += INT64_C(2) * 1000000;
    fire();
    cr_assert_eq(count_of('d', 0), 1);
    const gl_outbox_entry *entry = last_of('d', 0);
    cr_assert_str_eq(entry->err.code, "event-orphaned");
    cr_assert(gl_str_eq(entry->key, event.key) && gl_str_eq(entry->value, event.value) &&
              entry->cause->offset == event.offset && entry->cause->input == GL_DECIDE_IN_EVENTS);
    fire();
    cr_assert_eq(count_of('d', 0), 1, "once");
    run(assessed_record(&declared));
    cr_assert_eq(decision_count(), 1, "it is gone");
}

Test(events, a_hold_is_overdue_once)
{
    const uint8_t *id = declare(RED_PPM);
    const gl_clearance before = *state_of(id);
    now_us = before.hold->until.value - 1;
    fire();
    cr_assert_eq(decision_count(), 1);
    now_us += 1;
    fire();
    fire();
    cr_assert_eq(decision_count(), 2);
    const gl_decision *decision = &last_decision()->decision;
    cr_assert(decision->cause == GL_DECISION_CAUSE_TIMER && decision->causing_event_id.ptr == NULL);
    expect(decision, GL_DECISION_OUTCOME_HELD, "overdue");
    check_replay();
    check_versions();
    cr_assert(contains(last_message()->payload, "overdue"));
    expect(happens(EVENT(INSPECTION_RESULT), "A1", NULL), GL_DECISION_OUTCOME_RELEASED, "inspection");
}

Test(events, a_hold_until_a_time_that_has_passed_is_overdue_once)
{
    declare(RED_PPM);
    happens(EVENT(OFFICER_ACTION), "hold", (const char *[]){"until", "2020-01-01T00:00:00Z", NULL});
    cr_assert_eq(decision_count(), 2);
    fire();
    fire();
    cr_assert_eq(decision_count(), 3);
    cr_assert_eq(last_decision()->decision.cause, GL_DECISION_CAUSE_TIMER);
}

Test(events, a_hold_that_ended_or_moved_is_not_overdue)
{
    const uint8_t *id = declare(RED_PPM);
    int64_t first_us = state_of(id)->hold->until.value;
    happens(EVENT(OFFICER_ACTION), "hold", (const char *[]){"until", "2027-01-01T00:00:00Z", NULL});
    now_us = first_us + 1;
    fire();
    cr_assert_eq(decision_count(), 2, "moved");
    now_us = state_of(id)->hold->until.value;
    fire();
    cr_assert_eq(decision_count(), 3);
    happens(EVENT(OFFICER_ACTION), "hold", (const char *[]){"until", "2027-02-01T00:00:00Z", NULL});
    happens(EVENT(OFFICER_ACTION), "release", NULL);
    now_us += INT64_C(365) * 86400 * 1000000;
    fire();
    cr_assert_eq(decision_count(), 5, "ended");
}
