/* The end of closed clearances: when they go, what stays, and what comes after. In memory. */
#include "decide/test_events.h"

TestSuite(expiry, .init = set_up, .fini = tear_down);

#define EVENT(type) GL_EVENT_EVENT_TYPE_##type
#define DAY_US      (INT64_C(86400) * 1000000)

enum { RED_PPM = 950000, GREEN_PPM = 1000, DAYS = 30 };

static gl_assessed made(const char *lrn, int32_t score_ppm)
{
    gl_assessed assessed;
    fixture_assessed(arena, lrn, &assessed);
    assessed.assessment.score_ppm = GL_SOME_I32(score_ppm);
    return assessed;
}

static const uint8_t *declare(const char *lrn, int32_t score_ppm)
{
    gl_assessed assessed = made(lrn, score_ppm);
    run(assessed_record(&assessed));
    return gl_arena_dup(arena, assessed.declaration.declaration_id, GL_DECLARATION_ID_BYTES);
}

/* Is anything? */
static bool is_listed(void)
{
    gl_str key, value;
    gl_err err;
    cr_assert(gl_state_first(gl_outbox_state_view(outbox), 0, GL_STR("closed:"), &key, &value, &err));
    return key.ptr != NULL;
}

static size_t removed_count(void)
{
    size_t count, found = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = 0; i < count; i++)
        found +=
            entries[i].kind == 's' && entries[i].key.len == GL_DECLARATION_ID_BYTES && entries[i].value.ptr == NULL;
    return found;
}

Test(expiry, a_closed_clearance_goes_when_the_window_is_over)
{
    const uint8_t *id = declare("LRN-1", GREEN_PPM);
    cr_assert(state_of(id) != NULL && is_listed());
    now_us += DAYS * DAY_US;
    fire();
    declare("LRN-1", GREEN_PPM);
    cr_assert(decision_count() == 1 && state_of(id)->duplicate_count == 1, "within the window");
    now_us += 1;
    fire();
    cr_assert(state_of(id) == NULL && !is_listed());
    fire();
    cr_assert_eq(removed_count(), 1, "once");
    declare("LRN-1", GREEN_PPM);
    const gl_decision *decision = &last_decision()->decision;
    cr_assert(decision_count() == 2 && decision->version == 1 && decision->prior == NULL, "a new declaration");
    now_us += DAYS * DAY_US + 1;
    fire();
    cr_assert_null(state_of(id), "and so on");
}

Test(expiry, an_open_clearance_stays_and_sending_it_again_does_not_end_its_hold)
{
    const uint8_t *id = declare("LRN-1", RED_PPM);
    cr_assert(!is_listed());
    now_us += 2 * DAYS * DAY_US;
    fire();
    cr_assert(decision_count() == 2 && state_of(id)->outcome == GL_CLEARANCE_OUTCOME_HELD, "overdue");
    now_us += 2 * DAYS * DAY_US;
    fire();
    declare("LRN-1", RED_PPM);
    cr_assert(decision_count() == 2 && state_of(id)->duplicate_count == 1);
    run(event_of(id, EVENT(INSPECTION_RESULT), "e-1", "A1", NULL));
    cr_assert_eq(state_of(id)->outcome, GL_CLEARANCE_OUTCOME_RELEASED);
    now_us += DAYS * DAY_US + 1;
    fire();
    cr_assert_null(state_of(id));
}

Test(expiry, the_window_counts_from_the_last_decision)
{
    const uint8_t *id = declare("LRN-1", GREEN_PPM), *other = declare("LRN-2", GREEN_PPM);
    now_us += 20 * DAY_US;
    run(event_of(id, EVENT(ARRIVAL), "e-1", "", NULL));
    cr_assert_eq(decision_count(), 3);
    now_us += 11 * DAY_US;
    fire();
    cr_assert(state_of(id) != NULL && state_of(other) == NULL);
    declare("LRN-1", GREEN_PPM);
    cr_assert_eq(decision_count(), 3, "a duplicate");
    now_us += 20 * DAY_US;
    fire();
    cr_assert_null(state_of(id));
}

Test(expiry, a_refused_one_can_be_released_within_the_window)
{
    const uint8_t *id = declare("LRN-1", RED_PPM);
    run(event_of(id, EVENT(OFFICER_ACTION), "e-1", "refuse", NULL));
    now_us += 29 * DAY_US;
    run(event_of(id, EVENT(OFFICER_ACTION), "e-2", "release", NULL));
    cr_assert_eq(state_of(id)->outcome, GL_CLEARANCE_OUTCOME_RELEASED);
    now_us += 2 * DAY_US;
    fire();
    cr_assert(state_of(id) != NULL && state_of(id)->body.len > 0, "what it was made from is kept as long");
    now_us += 29 * DAY_US;
    fire();
    cr_assert_null(state_of(id));
}

Test(expiry, another_window_counts_for_what_is_closed_already)
{
    gl_err err = {0};
    const uint8_t *id = declare("LRN-1", GREEN_PPM);
    gl_decide_policy_unref(policy);
    policy = fixture_policy("  idempotency_window: 40d\n", FIXTURE_OFFICE FIXTURE_SEED, &err);
    now_us += 35 * DAY_US;
    fire();
    cr_assert(state_of(id) != NULL);
    gl_decide_policy_unref(policy);
    policy = fixture_policy("  idempotency_window: 10d\n", FIXTURE_OFFICE FIXTURE_SEED, &err);
    fire();
    cr_assert_null(state_of(id));
}

/* The runtime calls no timers while the wall clock is off; what was decided by such a clock is kept longer, or less. */
Test(expiry, a_clock_that_was_wrong)
{
    int64_t right_us = now_us;
    now_us += 2 * 3600 * INT64_C(1000000);
    const uint8_t *ahead = declare("LRN-1", GREEN_PPM);
    now_us = right_us;
    const uint8_t *id = declare("LRN-2", GREEN_PPM);
    now_us -= 2 * 3600 * INT64_C(1000000);
    fire();
    cr_assert(state_of(id) != NULL && state_of(ahead) != NULL, "it went back");
    now_us = right_us + DAYS * DAY_US + 1;
    fire();
    cr_assert(state_of(id) == NULL && state_of(ahead) != NULL);
    now_us += 2 * 3600 * INT64_C(1000000);
    fire();
    cr_assert_null(state_of(ahead));
}

enum { MANY = 5000 };

Test(expiry, the_list_is_short_and_each_look_removes_a_bounded_number)
{
    gl_record *records = GL_NEW_N(arena, gl_record, MANY);
    for (int i = 0; i < MANY; i++) {
        gl_assessed assessed = made(gl_arena_printf(arena, "LRN-%d", i), i == 0 ? RED_PPM : GREEN_PPM);
        records[i] = assessed_record(&assessed);
    }
    size_t count, listed = 0;
    run_all(records, MANY);
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind == 's' && gl_str_starts(entries[i].key, GL_STR("closed:"))) {
            listed++;
            cr_assert_leq(entries[i].value.len, 256 * GL_DECLARATION_ID_BYTES + 32);
        }
    cr_assert_eq(listed, (MANY - 1 + 255) / 256);
    now_us += DAYS * DAY_US + 1;
    size_t before = 0;
    for (int rounds = 0; before < MANY - 1; rounds++) {
        fire();
        cr_assert(removed_count() > before && removed_count() - before < 2300 && rounds < 4, "%zu", removed_count());
        before = removed_count();
    }
    cr_assert(state_of((const uint8_t *)records[0].key.ptr) != NULL && !is_listed());
}

/* What a restore reads: the latest value of each key. */
static void restore(void)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    gl_outbox *fresh = gl_outbox_new(arena);
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind == 's')
            gl_outbox_state(fresh, entries[i].cause, entries[i].key, entries[i].value);
    outbox = fresh;
}

Test(expiry, what_is_gone_stays_gone_after_a_restore_and_what_is_listed_goes)
{
    const uint8_t *id = declare("LRN-1", GREEN_PPM);
    now_us += DAY_US;
    const uint8_t *later = declare("LRN-2", GREEN_PPM);
    now_us += (DAYS - 1) * DAY_US + 1;
    fire();
    restore();
    cr_assert(state_of(id) == NULL && state_of(later) != NULL);
    declare("LRN-2", GREEN_PPM);
    cr_assert_eq(decision_count(), 0, "a duplicate");
    declare("LRN-1", GREEN_PPM);
    cr_assert(decision_count() == 1 && last_decision()->decision.version == 1);
    restore();
    now_us += DAY_US;
    fire();
    cr_assert(state_of(id) != NULL && state_of(later) == NULL);
}

Test(expiry, a_batch_that_runs_again_in_parts_lists_all)
{
    gl_assessed a = made("LRN-1", GREEN_PPM), b = made("LRN-2", GREEN_PPM);
    gl_record first[] = {assessed_record(&a)},
              second[] = {event_of(a.declaration.declaration_id, EVENT(ARRIVAL), "e-1", "", NULL), assessed_record(&b)};
    run_all(first, 1); /* as bisecting does it: the same instant, several passes */
    run_all(second, 2);
    now_us += DAYS * DAY_US + 1;
    fire();
    cr_assert(state_of(a.declaration.declaration_id) == NULL && state_of(b.declaration.declaration_id) == NULL);
}

Test(expiry, an_officers_event_after_it_is_told_that_nothing_is_kept)
{
    const uint8_t *id = declare("LRN-1", RED_PPM);
    run(event_of(id, EVENT(OFFICER_ACTION), "e-1", "refuse", NULL));
    now_us += DAYS * DAY_US + 1;
    fire();
    run(event_of(id, EVENT(OFFICER_ACTION), "e-2", "release", NULL));
    cr_assert_eq(decision_count(), 2);
    now_us += DAY_US;
    fire();
    const gl_outbox_entry *letter = last_of('d', 0);
    cr_assert_str_eq(letter->err.code, "event-orphaned");
    cr_assert(strstr(letter->err.message, "decide.idempotency_window is not kept") != NULL, "%s", letter->err.message);
}
