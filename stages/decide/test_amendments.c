/* New versions of a declaration, and old ones that come late; events on technical holds; clearances that an earlier
 * version of decide wrote. */
#include "customs/failure.h"
#include "decide/clearance.h"
#include "decide/test_events.h"
#include "io/avro.h"

TestSuite(amendments, .init = set_up, .fini = tear_down);

#define EVENT(type) GL_EVENT_EVENT_TYPE_##type

enum { RED_PPM = 950000, YELLOW_PPM = 750000, GREEN_PPM = 1000 };

/* Version `content` of the declaration; 0: the original. */
static gl_assessed version_of(int content, int32_t score_ppm)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    assessed.assessment.score_ppm = GL_SOME_I32(score_ppm);
    assessed.declaration.content_digest[0] ^= (uint8_t)content;
    assessed.declaration.accepted_at += content * INT64_C(10000000);
    assessed.declaration.function_code = content == 0 ? GL_STR("9") : GL_STR("4");
    if (content > 0)
        assessed.declaration.mrn = GL_STR("27BEPROVISIONALR5");
    return assessed;
}

static gl_assessed sent(int content, int32_t score_ppm)
{
    gl_assessed assessed = version_of(content, score_ppm);
    now_us += 1000000;
    run(assessed_record(&assessed));
    return assessed;
}

static const gl_decision *expect_last(size_t count, gl_decision_cause cause, gl_decision_outcome outcome)
{
    cr_assert_eq(decision_count(), count, "%zu decisions", decision_count());
    const gl_decision *decision = &last_decision()->decision;
    cr_assert(decision->cause == cause && decision->outcome == outcome, "%s %s",
              gl_decision_cause_name(decision->cause), gl_decision_outcome_name(decision->outcome));
    check_replay();
    check_versions();
    return decision;
}

static bool has_reason(const gl_decision *decision, const char *id)
{
    for (size_t i = 0; i < decision->reasons.count; i++)
        if (gl_str_eqz(decision->reasons.at[i].id, id))
            return true;
    return false;
}

Test(amendments, an_amendment_of_an_open_clearance_is_decided_by_its_own_content)
{
    gl_assessed original = sent(0, YELLOW_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    gl_assessed amended = sent(1, GREEN_PPM);
    expect_last(2, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_RELEASED);
    const gl_clearance *state = state_of(id);
    cr_assert(memcmp(state->digest, amended.declaration.content_digest, GL_SHA256_BYTES) == 0 &&
              gl_str_eq(state->mrn, original.declaration.mrn) &&
              state->content_at.value == amended.declaration.accepted_at);
    cr_assert(contains(last_message()->payload, "amendment") &&
              gl_str_eq(last_message()->mrn, original.declaration.mrn));
    gl_json *timeline = gl_json_get(view_of(state), "timeline");
    cr_assert(timeline->count == 6 && gl_str_eqz(gl_json_text(timeline->items[4], "event"), "amended"));
    cr_assert(gl_str_eq(gl_json_text(view_of(state), "mrn"), original.declaration.mrn));
    sent(1, GREEN_PPM);
    cr_assert(decision_count() == 2 && state_of(id)->duplicate_count == 1, "the same amendment is a duplicate");
    run(event_of(id, EVENT(ARRIVAL), "e-1", "", NULL));
    cr_assert(
        memcmp(last_decision()->declaration.content_digest, amended.declaration.content_digest, GL_SHA256_BYTES) == 0,
        "what stands is carried");
}

Test(amendments, a_closed_clearance_keeps_its_outcome)
{
    sent(0, GREEN_PPM);
    const gl_decision *decision;
    sent(1, RED_PPM);
    decision = expect_last(2, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_RELEASED);
    cr_assert(has_reason(decision, "amendment-after-release") && decision->lane == GL_DECISION_LANE_GREEN);
    cr_assert(gl_str_eqz(last_message()->message_name, "DMSREQ") && contains(last_message()->payload, "<NameCode>41<"));
}

Test(amendments, a_cancelled_one_is_not_revived)
{
    gl_assessed original = sent(0, YELLOW_PPM);
    run(event_of(original.declaration.declaration_id, EVENT(CANCELLATION), "e-1", "", NULL));
    sent(1, GREEN_PPM);
    cr_assert(has_reason(expect_last(3, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_REFUSED),
                         "amendment-after-cancellation"));
    cr_assert(gl_str_eqz(state_of(original.declaration.declaration_id)->refused_for, "cancelled"));
}

Test(amendments, an_amendment_ends_no_examination)
{
    gl_assessed original = sent(0, RED_PPM);
    sent(1, GREEN_PPM);
    const gl_decision *decision = expect_last(2, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_HELD);
    cr_assert(decision->lane == GL_DECISION_LANE_RED && has_reason(decision, "examination-goes-on"));
    run(event_of(original.declaration.declaration_id, EVENT(OFFICER_ACTION), "e-1", "hold",
                 (const char *[]){"until", "2027-01-01T00:00:00Z", NULL}));
    int64_t until_us = state_of(original.declaration.declaration_id)->hold->until.value;
    sent(2, GREEN_PPM);
    decision = expect_last(4, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_HELD);
    cr_assert(gl_str_eqz(decision->hold->reason_code, "officer-hold") && decision->hold->until.value == until_us);
}

Test(amendments, an_older_version_that_comes_late_is_superseded)
{
    gl_assessed original = sent(0, YELLOW_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    sent(1, YELLOW_PPM);
    sent(2, YELLOW_PPM);
    int64_t revision = gl_status_revision(state_of(id));
    sent(0, YELLOW_PPM);
    sent(1, YELLOW_PPM);
    expect_last(3, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_HELD);
    const gl_clearance *state = state_of(id);
    cr_assert(state->superseded_count == 2 && state->version == 3 && gl_status_revision(state) == revision + 2);
    cr_assert(contains(last_message()->payload, "superseded") && gl_str_eqz(last_message()->message_name, "DMSDOC") &&
              last_message()->decision_version == 3);
    gl_assessed back = version_of(1, YELLOW_PPM); /* the content of version 1 again, as a new amendment */
    back.declaration.accepted_at += INT64_C(3600) * 1000000;
    run(assessed_record(&back));
    expect_last(4, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_HELD);
}

Test(amendments, without_an_original_it_is_the_declaration)
{
    gl_assessed amended = sent(1, GREEN_PPM);
    const gl_decision *decision = expect_last(1, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_RELEASED);
    cr_assert(decision->version == 1 && has_reason(decision, "amendment-without-original"));
    cr_assert(gl_str_eqz(
        gl_json_text(gl_json_get(view_of(state_of(amended.declaration.declaration_id)), "timeline")->items[0], "event"),
        "amended"));
}

/* -- Technical holds
 * ---------------------------------------------------------------------------------------------------- */

static void failed(const gl_assessed *assessed)
{
    gl_record at = assessed_record(assessed);
    gl_failed_record record = {at.key, at.value, 0, at.offset, 4};
    gl_err why;
    gl_str key, event;
    gl_fail(&why, GL_DEAD_LETTER, "model-refused", "the model cannot read it");
    cr_assert(gl_failure_event(arena, "risk", &record, &why, now_us, &key, &event));
    run(record_of(GL_DECIDE_IN_EVENTS, assessed->declaration.declaration_id, event));
}

Test(amendments, an_amendment_replaces_a_technical_hold_and_the_original_is_superseded)
{
    gl_assessed original = version_of(0, YELLOW_PPM);
    failed(&original);
    sent(1, GREEN_PPM);
    expect_last(1, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_RELEASED);
    sent(0, YELLOW_PPM);
    expect_last(1, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_RELEASED);
    cr_assert_eq(state_of(original.declaration.declaration_id)->superseded_count, 1);
}

Test(amendments, an_amendment_that_fails_is_told_and_decided_when_redriven)
{
    gl_assessed original = sent(0, YELLOW_PPM), first = version_of(1, YELLOW_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    failed(&first);
    cr_assert(contains(last_message()->payload, "technical-failure") && last_message()->decision_version == 0);
    cr_assert(state_of(id)->version == 1 && state_of(id)->failed_digests.len == 8, "what was decided stands");
    sent(1, GREEN_PPM);
    expect_last(2, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_RELEASED);
    cr_assert_eq(state_of(id)->failed_digests.len, 0);
    size_t told = count_of('o', GL_DECIDE_OUT_NOTIFICATIONS);
    failed(&first);
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_NOTIFICATIONS), told, "it stands: nothing failed");
}

Test(amendments, a_failed_amendment_is_superseded_by_a_later_one)
{
    gl_assessed original = sent(0, YELLOW_PPM), first = version_of(1, YELLOW_PPM);
    failed(&first);
    sent(2, YELLOW_PPM);
    sent(1, GREEN_PPM); /* redriven */
    expect_last(2, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_HELD);
    cr_assert_eq(state_of(original.declaration.declaration_id)->superseded_count, 1);
    gl_assessed third = version_of(3, YELLOW_PPM), fourth = version_of(4, YELLOW_PPM);
    run(assessed_record(&fourth));
    failed(&third); /* its event came after the newer one */
    run(assessed_record(&third));
    expect_last(3, GL_DECISION_CAUSE_AMENDMENT, GL_DECISION_OUTCOME_HELD);
    cr_assert_eq(state_of(original.declaration.declaration_id)->superseded_count, 2);
}

Test(amendments, events_wait_for_a_technical_hold_to_end)
{
    gl_assessed original = version_of(0, RED_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    failed(&original);
    run(event_of(id, EVENT(OFFICER_ACTION), "e-1", "release", NULL));
    run(event_of(id, EVENT(INSPECTION_RESULT), "e-2", "A1", NULL));
    cr_assert_eq(decision_count(), 0, "what was never assessed is not released");
    sent(0, RED_PPM);
    expect_last(3, GL_DECISION_CAUSE_INSPECTION, GL_DECISION_OUTCOME_RELEASED);
}

Test(amendments, a_cancellation_does_not_wait_and_the_declaration_is_decided_all_the_same)
{
    gl_assessed original = version_of(0, GREEN_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    failed(&original);
    run(event_of(id, EVENT(CANCELLATION), "e-1", "", NULL));
    const gl_decision *decision = expect_last(1, GL_DECISION_CAUSE_CANCELLATION, GL_DECISION_OUTCOME_REFUSED);
    cr_assert(decision->degraded && gl_str_eq(last_decision()->declaration.mrn, original.declaration.mrn));
    cr_assert(gl_str_eqz(last_message()->message_name, "DMSINV"));
    run(event_of(id, EVENT(ARRIVAL), "e-2", "", NULL));
    cr_assert_eq(decision_count(), 1, "it waits for the declaration");
    sent(0, GREEN_PPM);
    decision = &last_decision()->decision;
    cr_assert(decision->version == 3 && decision->cause == GL_DECISION_CAUSE_ARRIVAL &&
              decision->outcome == GL_DECISION_OUTCOME_REFUSED);
    check_versions();
    cr_assert(!state_of(id)->undecided && state_of(id)->body.len > 0);
    sent(0, GREEN_PPM);
    cr_assert(decision_count() == 3 && state_of(id)->duplicate_count == 1);
}

/* Its record may be sent again from the dead letters at any time. */
Test(amendments, what_was_refused_before_it_was_assessed_is_refused_after_the_window_too)
{
    gl_assessed original = version_of(0, GREEN_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    failed(&original);
    run(event_of(id, EVENT(OFFICER_ACTION), "e-1", "refuse", NULL));
    expect_last(1, GL_DECISION_CAUSE_OVERRIDE, GL_DECISION_OUTCOME_REFUSED);
    now_us += INT64_C(60) * 86400 * 1000000;
    fire();
    cr_assert(state_of(id) != NULL && state_of(id)->undecided);
    sent(0, GREEN_PPM);
    expect_last(2, GL_DECISION_CAUSE_ACCEPTANCE, GL_DECISION_OUTCOME_REFUSED);
    now_us += INT64_C(31) * 86400 * 1000000;
    fire();
    cr_assert_null(state_of(id), "decided, it goes as others do");
}

Test(amendments, an_officers_hold_on_a_technical_hold_goes_on)
{
    gl_assessed original = version_of(0, GREEN_PPM);
    failed(&original);
    run(event_of(original.declaration.declaration_id, EVENT(OFFICER_ACTION), "e-1", "hold", NULL));
    sent(0, GREEN_PPM);
    const gl_decision *decision = expect_last(2, GL_DECISION_CAUSE_ACCEPTANCE, GL_DECISION_OUTCOME_HELD);
    cr_assert(gl_str_eqz(decision->hold->reason_code, "officer-hold"));
}

Test(amendments, a_technical_hold_is_overdue_once_and_still_waits_for_its_declaration)
{
    gl_assessed original = version_of(0, GREEN_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    failed(&original);
    now_us = state_of(id)->hold->until.value - 1;
    fire();
    cr_assert(decision_count() == 0 && state_of(id)->version == 0);
    now_us += 1;
    fire();
    fire();
    const gl_decision *decision = expect_last(1, GL_DECISION_CAUSE_TIMER, GL_DECISION_OUTCOME_HELD);
    cr_assert(decision->degraded && gl_str_eqz(decision->hold->reason_code, "technical-failure"));
    cr_assert(gl_str_eqz(decision->reasons.at[0].code, "overdue") && contains(last_message()->payload, "overdue"));
    cr_assert(gl_str_eq(last_decision()->declaration.mrn, original.declaration.mrn));
    cr_assert(state_of(id)->undecided);
    failed(&original);
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_NOTIFICATIONS), 2, "the hold's and the time limit's");
    run(event_of(id, EVENT(INSPECTION_RESULT), "e-1", "A1", NULL));
    cr_assert_eq(decision_count(), 1, "it waits for the declaration");
    sent(0, GREEN_PPM);
    decision = &last_decision()->decision;
    cr_assert(decision->version == 3 && decision->cause == GL_DECISION_CAUSE_INSPECTION &&
              decision->outcome == GL_DECISION_OUTCOME_RELEASED);
    cr_assert(!state_of(id)->undecided && state_of(id)->body.len > 0);
    check_versions();
    check_replay();
}

Test(amendments, a_technical_hold_that_was_replaced_in_time_is_not_overdue)
{
    gl_assessed original = version_of(0, GREEN_PPM);
    failed(&original);
    now_us += 1000000;
    sent(0, GREEN_PPM);
    now_us += INT64_C(48) * 3600 * 1000000;
    fire();
    cr_assert_eq(decision_count(), 1);
}

/* -- What version 0.1 wrote (schema id 1009): no body, no hold
 * ---------------------------------------------------------------------------------------- */

static void age(const uint8_t *id)
{
    gl_clearance old = *state_of(id);
    old.body = old.event_hashes = old.refused_for = old.earlier_digests = old.failed_digests = GL_STR("");
    old.intended_outcome = (gl_clearance_opt_outcome){0};
    old.hold = NULL;
    old.content_at = (gl_opt_i64){0};
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, 1009);
    gl_clearance_encode(&buf, &old);
    /* Empty text and lists, nulls, a count of 0 and false are one byte each: what the schema grew by. */
    buf.len -= 11;
    gl_record cause = {.key = {(const char *)id, GL_DECLARATION_ID_BYTES}};
    gl_outbox_state(outbox, gl_arena_dup(arena, &cause, sizeof cause), cause.key, gl_buf_view(&buf));
    cr_assert(state_of(id)->body.len == 0 && state_of(id)->hold == NULL && state_of(id)->version == old.version);
}

Test(amendments, a_clearance_of_an_earlier_version_is_decided_on)
{
    gl_assessed original = sent(0, RED_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    age(id);
    run(event_of(id, EVENT(ARRIVAL), "e-1", "", NULL));
    const gl_decision *decision = expect_last(2, GL_DECISION_CAUSE_ARRIVAL, GL_DECISION_OUTCOME_HELD);
    cr_assert(decision->hold != NULL && gl_str_eqz(decision->hold->reason_code, "examination") &&
              decision->hold->until.set && decision->degraded);
    cr_assert(gl_str_eq(last_decision()->declaration.mrn, original.declaration.mrn) &&
              gl_str_eqz(decision->office, "BE343000"));
    run(event_of(id, EVENT(INSPECTION_RESULT), "e-2", "A1", NULL));
    expect_last(3, GL_DECISION_CAUSE_INSPECTION, GL_DECISION_OUTCOME_RELEASED);
    age(id);
    sent(0, RED_PPM);
    cr_assert(decision_count() == 3 && state_of(id)->duplicate_count == 1);
}

/* As a later version left it, which was rolled back: decided on without the content, which is kept as it is. */
Test(amendments, a_clearance_with_content_of_a_later_version_is_decided_on)
{
    gl_assessed original = sent(0, RED_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    gl_clearance newer = *state_of(id);
    gl_buf body = gl_buf_in(arena);
    gl_envelope_begin(&body, GL_SCHEMA_ID_ASSESSED + 1000);
    gl_buf_bytes(&body, newer.body.ptr + 5, newer.body.len - 5);
    gl_buf_text(&body, "what it added");
    newer.body = gl_buf_view(&body);
    gl_record cause = {.key = {(const char *)id, GL_DECLARATION_ID_BYTES}};
    gl_outbox_state(outbox, gl_arena_dup(arena, &cause, sizeof cause), cause.key, gl_status_value(arena, &newer));
    run(event_of(id, EVENT(INSPECTION_RESULT), "e-1", "A1", NULL));
    const gl_decision *decision = expect_last(2, GL_DECISION_CAUSE_INSPECTION, GL_DECISION_OUTCOME_RELEASED);
    cr_assert(decision->degraded && gl_str_eq(last_decision()->declaration.mrn, original.declaration.mrn));
    cr_assert(gl_str_eq(state_of(id)->body, gl_buf_view(&body)));
}

/* -- With a schema registry
 * ---------------------------------------------------------------------------------------- */

static bool tell_nothing(void *context, uint32_t schema_id, gl_str *json, gl_err *err)
{
    (void)schema_id;
    (void)json;
    return gl_fail(err, GL_DEAD_LETTER, context, "nobody can tell");
}

/* What processing this says, when the registry says `code` of every schema. */
static gl_err refusal_of(gl_record record, char *code)
{
    gl_batch batch = {.records = &record, .count = 1, .now_us = now_us, .arena = arena};
    gl_err err = {0};
    gl_avro_fallback_install(tell_nothing, NULL, code);
    cr_assert(!gl_decide_process(policy, &batch, outbox, &err));
    gl_avro_fallback_install(NULL, NULL, NULL);
    return err;
}

static void put_state(const uint8_t *id, gl_str value)
{
    gl_record cause = {.key = {(const char *)id, GL_DECLARATION_ID_BYTES}};
    gl_outbox_state(outbox, gl_arena_dup(arena, &cause, sizeof cause), cause.key, value);
}

Test(amendments, a_state_whose_schema_the_registry_does_not_tell_is_waited_for)
{
    static char unavailable[] = "schema-unavailable", unknown[] = "envelope-schema-unknown";
    gl_assessed original = sent(0, RED_PPM);
    const uint8_t *id = original.declaration.declaration_id;
    gl_clearance *state = state_of(id);
    gl_record event = event_of(id, EVENT(INSPECTION_RESULT), "e-1", "A1", NULL);
    gl_str whole = gl_status_value(arena, state);
    gl_buf foreign = gl_buf_in(arena);
    gl_envelope_begin(&foreign, 77);
    gl_buf_bytes(&foreign, whole.ptr + 5, whole.len - 5);
    put_state(id, gl_buf_view(&foreign));
    gl_err err = refusal_of(event, unavailable);
    cr_assert(err.action == GL_WAIT && strcmp(err.code, unavailable) == 0, "%s", err.message);
    err = refusal_of(event, unknown);
    cr_assert(err.action == GL_WAIT && strcmp(err.code, unknown) == 0, "%s", err.message);
    gl_buf body = gl_buf_in(arena);
    gl_envelope_begin(&body, 78);
    gl_buf_bytes(&body, state->body.ptr + 5, state->body.len - 5);
    state->body = gl_buf_view(&body);
    put_state(id, gl_status_value(arena, state));
    err = refusal_of(event, unavailable);
    cr_assert(err.action == GL_WAIT, "%s", err.message);
    cr_assert_eq(decision_count(), 1);
}

Test(amendments, a_state_that_cannot_be_read_is_fatal)
{
    static char unavailable[] = "schema-unavailable";
    gl_assessed original = sent(0, RED_PPM);
    put_state(original.declaration.declaration_id, GL_STR("nothing that can be read"));
    gl_err err =
        refusal_of(event_of(original.declaration.declaration_id, EVENT(ARRIVAL), "e-1", "", NULL), unavailable);
    cr_assert(err.action == GL_FATAL, "%s", err.message);
}

Test(amendments, a_test_declaration_of_an_earlier_version_is_still_a_test)
{
    gl_assessed original = version_of(0, RED_PPM);
    original.declaration.test_indicator = true;
    run(assessed_record(&original));
    age(original.declaration.declaration_id);
    run(event_of(original.declaration.declaration_id, EVENT(OFFICER_ACTION), "e-1", "release", NULL));
    expect_last(2, GL_DECISION_CAUSE_OVERRIDE, GL_DECISION_OUTCOME_HELD);
}
