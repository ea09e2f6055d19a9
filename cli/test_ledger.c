/* The balance: every way a declaration can go, and every way it can go wrong. */
#include <criterion/criterion.h>

#include "cli/ledger.h"

#define DAY  ((int64_t)86400 * 1000 * 1000)
#define FROM (20781 * DAY)
#define NOW  (FROM + DAY)

typedef struct book {
    gl_ledger *ledger;
    int64_t offset; /* of the next record, all in partition 0 */
} book;

static book book_open(void)
{
    return (book){gl_ledger_new(FROM, FROM + DAY, 30 * DAY, NOW), 0};
}

static void accept_at(book *b, uint64_t key, uint64_t digest, bool amends, int64_t at_us)
{
    gl_ledger_accept(b->ledger, &(gl_ledger_accepted){.key = key,
                                                      .submitter = GL_STR("hub-1"),
                                                      .mrn = GL_STR("26BE0000000000AAR1"),
                                                      .accepted_us = at_us,
                                                      .offset = b->offset++,
                                                      .digest = digest,
                                                      .amends = amends});
}

static void accept(book *b, uint64_t key, uint64_t digest, bool amends)
{
    accept_at(b, key, digest, amends, FROM + 1);
}

static void event_from(book *b, const char *source, uint64_t key, const char *id)
{
    gl_ledger_event_in(b->ledger, &(gl_ledger_event){.key = key,
                                                     .event_id = gl_str_of(id),
                                                     .source = gl_str_of(source),
                                                     .received_us = FROM + 2,
                                                     .offset = b->offset++});
}

static void event_in(book *b, uint64_t key, const char *id)
{
    event_from(b, "customs", key, id);
}

static void decide(book *b, uint64_t key, int32_t version, gl_ledger_outcome outcome, const char *event)
{
    gl_ledger_decide(b->ledger, &(gl_ledger_decision){.key = key,
                                                      .decided_us = FROM + 3,
                                                      .accepted_us = FROM + 1,
                                                      .version = version,
                                                      .outcome = outcome,
                                                      .by_declaration = event == NULL,
                                                      .event_source = GL_STR("customs"),
                                                      .event_id = gl_str_of(event == NULL ? "" : event),
                                                      .mrn = GL_STR("26BE0000000000AAR1"),
                                                      .submitter = GL_STR("hub-1")});
}

/* Closes the book; the line of hub-1 (or customs). Each balances in its figures. */
static const gl_ledger_line *closed(book *b, const char *who)
{
    size_t count = 0;
    gl_ledger_close(b->ledger);
    const gl_ledger_line *lines = gl_ledger_lines(b->ledger, &count), *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const gl_ledger_line *l = &lines[i];
        int64_t sum = l->superseded + l->duplicate + l->missing;
        for (int o = 0; o < GL_LEDGER_OUTCOMES; o++)
            sum += l->outcomes[o];
        cr_assert_eq(sum, l->accepted, "%.*s: %lld of %lld", GL_STR_ARG(l->submitter), (long long)sum,
                     (long long)l->accepted);
        if (gl_str_eqz(l->submitter, who))
            found = l;
    }
    cr_assert_not_null(found);
    return found;
}

Test(ledger, each_way_is_counted_and_it_balances)
{
    book b = book_open();
    accept(&b, 1, 10, false);
    accept(&b, 2, 20, false);
    accept(&b, 3, 30, false);
    accept(&b, 1, 10, false); /* a duplicate */
    accept(&b, 2, 21, true);  /* an amendment */
    accept(&b, 2, 21, true);  /* which changes nothing */
    accept(&b, 2, 20, false); /* the older version again */
    accept(&b, 3, 31, false); /* another content under the same LRN */
    accept(&b, 4, 40, false); /* held for a technical reason */
    accept(&b, 5, 50, false); /* the last: open */
    gl_ledger_reject(b.ledger, GL_STR("hub-1"), FROM + 5, false);
    gl_ledger_reject(b.ledger, GL_STR("hub-1"), FROM - 5, false);
    decide(&b, 1, 1, GL_LEDGER_RELEASED, NULL);
    decide(&b, 2, 1, GL_LEDGER_HELD, NULL);
    decide(&b, 3, 1, GL_LEDGER_REFUSED, NULL);
    decide(&b, 2, 2, GL_LEDGER_RELEASED, NULL);
    gl_ledger_state(b.ledger, 4, 0, 0, GL_LEDGER_HELD, FROM + 100, false);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->accepted, 10);
    cr_assert_eq(l->outcomes[GL_LEDGER_RELEASED], 2);
    cr_assert_eq(l->outcomes[GL_LEDGER_HELD], 1);
    cr_assert_eq(l->outcomes[GL_LEDGER_REFUSED], 2);
    cr_assert_eq(l->outcomes[GL_LEDGER_OPEN], 1);
    cr_assert_eq(l->superseded, 2);
    cr_assert_eq(l->duplicate, 2);
    cr_assert_eq(l->rejected, 1);
    cr_assert(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}

Test(ledger, what_others_overtook_is_missing)
{
    book b = book_open();
    accept(&b, 1, 10, false);
    accept(&b, 2, 20, false);
    accept(&b, 3, 30, false);
    decide(&b, 2, 1, GL_LEDGER_RELEASED, NULL);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->missing, 1);
    cr_assert_eq(l->outcomes[GL_LEDGER_OPEN], 1, "the third may still come");
    cr_assert_eq(l->differences[GL_LEDGER_MISSING], 1);
    char mrn[GL_MRN_CHARS + 1];
    uint8_t id[16] = {0, 0, 0, 0, 0, 0, 0, 4};
    gl_mrn_make(id, FROM, "BE", GL_FAMILY_IMPORT, mrn);
    cr_assert_str_eq(l->examples[0].mrn, mrn);
    cr_assert_eq(gl_ledger_key(id), 1);
    cr_assert_not(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}

Test(ledger, doubled_skipped_extra_and_unknown_decisions_are_found)
{
    book b = book_open();
    for (uint64_t key = 1; key <= 4; key++)
        accept(&b, key, key, false);
    decide(&b, 1, 1, GL_LEDGER_RELEASED, NULL);
    decide(&b, 1, 1, GL_LEDGER_RELEASED, NULL); /* doubled: by version, and one more than was accepted */
    decide(&b, 2, 2, GL_LEDGER_RELEASED, NULL); /* the first is gone */
    decide(&b, 3, 1, GL_LEDGER_HELD, NULL);
    decide(&b, 3, 2, GL_LEDGER_RELEASED, NULL); /* for what? */
    decide(&b, 4, 1, GL_LEDGER_RELEASED, NULL);
    decide(&b, 9, 1, GL_LEDGER_RELEASED, NULL);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->differences[GL_LEDGER_VERSIONS], 2);
    cr_assert_eq(l->differences[GL_LEDGER_EXTRA], 2);
    cr_assert_eq(l->differences[GL_LEDGER_UNKNOWN], 1);
    cr_assert_eq(l->example_count, 5);
    gl_ledger_destroy(b.ledger);
}

Test(ledger, the_state_must_agree_with_the_decisions)
{
    book b = book_open();
    accept(&b, 1, 10, false);
    accept(&b, 2, 20, false);
    accept(&b, 3, 30, false);
    decide(&b, 1, 1, GL_LEDGER_HELD, NULL);
    decide(&b, 2, 1, GL_LEDGER_HELD, NULL);
    decide(&b, 3, 1, GL_LEDGER_HELD, NULL);
    gl_ledger_state(b.ledger, 1, FROM + 3, 1, GL_LEDGER_RELEASED, 0, false);
    gl_ledger_state(b.ledger, 1, FROM + 3, 1, GL_LEDGER_HELD, 0, false); /* the latest counts */
    gl_ledger_state(b.ledger, 2, FROM + 4, 2, GL_LEDGER_HELD, 0, false);
    gl_ledger_state(b.ledger, 3, NOW + 1, 2, GL_LEDGER_HELD, 0, false); /* decided while we read */
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->differences[GL_LEDGER_STATE], 1);
    gl_ledger_destroy(b.ledger);
}

Test(ledger, events_have_one_decision_each)
{
    book b = book_open();
    accept(&b, 1, 10, false);
    event_in(&b, 1, "E-1");
    event_in(&b, 1, "E-1"); /* repeated */
    event_in(&b, 1, "E-2"); /* lost: the next ones are decided */
    event_in(&b, 1, "E-3"); /* twice */
    event_in(&b, 7, "E-4"); /* parked */
    event_in(&b, 8, "E-5"); /* dead */
    event_in(&b, 1, "E-6"); /* the last: open */
    decide(&b, 1, 1, GL_LEDGER_HELD, NULL);
    decide(&b, 1, 2, GL_LEDGER_HELD, "E-1");
    decide(&b, 1, 3, GL_LEDGER_HELD, "E-3");
    decide(&b, 1, 4, GL_LEDGER_RELEASED, "E-3");
    event_from(&b, "hub-1", 1, "E-1"); /* of another source: another event */
    gl_ledger_event_parked(b.ledger, 7, GL_STR("customs"), GL_STR("E-4"));
    gl_ledger_event_dead(b.ledger, 8, GL_STR("customs"), GL_STR("E-5"));
    const gl_ledger_line *l = closed(&b, "customs");
    cr_assert_eq(l->events, 7);
    cr_assert_eq(l->events_repeated, 1);
    cr_assert_eq(l->events_decided, 2);
    cr_assert_eq(l->events_parked, 1);
    cr_assert_eq(l->events_dead, 1);
    cr_assert_eq(l->events_open, 2);
    cr_assert_eq(l->differences[GL_LEDGER_EVENT_LOST], 1);
    cr_assert_eq(l->differences[GL_LEDGER_EVENT_TWICE], 1);
    size_t count;
    const gl_ledger_line *lines = gl_ledger_lines(b.ledger, &count);
    cr_assert(count == 2 && lines[1].events == 1 && lines[1].events_open == 1 && lines[1].events_repeated == 0);
    gl_ledger_destroy(b.ledger);
}

Test(ledger, other_days_and_later_ones_are_left_out)
{
    book b = book_open();
    accept_at(&b, 1, 10, false, FROM - 1);
    accept_at(&b, 1, 10, false, FROM + 1); /* today: a duplicate of yesterday's */
    accept_at(&b, 2, 20, false, NOW + 1);
    decide(&b, 1, 1, GL_LEDGER_RELEASED, NULL);
    gl_ledger_decide(b.ledger, &(gl_ledger_decision){.key = 2,
                                                     .accepted_us = NOW + 1,
                                                     .version = 1,
                                                     .outcome = GL_LEDGER_RELEASED,
                                                     .by_declaration = true,
                                                     .submitter = GL_STR("hub-1"),
                                                     .mrn = GL_STR("")});
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->accepted, 1);
    cr_assert_eq(l->duplicate, 1);
    cr_assert(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}

/* Two hours ahead: the clock of the ingest that took them in. Decided later: the topic of what is accepted was read by
 * then. */
Test(ledger, clocks_that_are_ahead_and_what_came_meanwhile_are_no_difference)
{
    enum { HOUR_US = 3600 * 1000 * 1000LL };
    int64_t now_us = FROM + DAY / 2;
    book b = {gl_ledger_new(FROM, FROM + DAY, 30 * DAY, now_us), 0};
    accept_at(&b, 1, 10, false, now_us + 2 * HOUR_US);
    accept_at(&b, 2, 20, false, FROM + 1);
    accept_at(&b, 2, 21, true, now_us + 2 * HOUR_US);
    accept_at(&b, 3, 30, false, FROM + 1);
    gl_ledger_decision decided = {.key = 1,
                                  .decided_us = now_us - 1,
                                  .version = 1,
                                  .outcome = GL_LEDGER_RELEASED,
                                  .by_declaration = true,
                                  .submitter = GL_STR("hub-1")};
    gl_ledger_decide(b.ledger, &decided);
    decided.key = 2;
    gl_ledger_decide(b.ledger, &decided);
    decided.version = 2;
    gl_ledger_decide(b.ledger, &decided);
    decided.key = 3;
    decided.version = 1;
    gl_ledger_decide(b.ledger, &decided);
    decided.version = 2; /* of an amendment that came meanwhile */
    decided.decided_us = now_us + 1;
    gl_ledger_decide(b.ledger, &decided);
    decided.key = 4; /* a declaration that did */
    decided.version = 1;
    gl_ledger_decide(b.ledger, &decided);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->accepted, 4);
    cr_assert_eq(l->superseded, 1);
    cr_assert_eq(l->outcomes[GL_LEDGER_RELEASED], 3);
    cr_assert(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}

Test(ledger, after_the_window_an_lrn_begins_anew)
{
    book b = book_open();
    accept_at(&b, 1, 10, false, FROM - 31 * DAY);
    accept_at(&b, 1, 11, false, FROM + 1);
    decide(&b, 1, 1, GL_LEDGER_RELEASED, NULL);
    decide(&b, 1, 2, GL_LEDGER_HELD, NULL);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->outcomes[GL_LEDGER_HELD], 1);
    cr_assert(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}

Test(ledger, after_the_window_versions_may_begin_anew)
{
    book b = book_open();
    accept_at(&b, 1, 10, false, FROM - 31 * DAY);
    accept_at(&b, 1, 11, false, FROM + 1);
    decide(&b, 1, 1, GL_LEDGER_RELEASED, NULL);
    decide(&b, 1, 2, GL_LEDGER_RELEASED, "E-1");
    decide(&b, 1, 1, GL_LEDGER_HELD, NULL);
    gl_ledger_state(b.ledger, 1, FROM + 3, 1, GL_LEDGER_HELD, 0, false);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->outcomes[GL_LEDGER_HELD], 1);
    cr_assert(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}

static void decided_at(book *b, uint64_t key, int32_t version, gl_ledger_outcome outcome, int64_t accepted_us,
                       int64_t decided_us)
{
    gl_ledger_decide(b->ledger, &(gl_ledger_decision){.key = key,
                                                      .decided_us = decided_us,
                                                      .accepted_us = accepted_us,
                                                      .version = version,
                                                      .outcome = outcome,
                                                      .by_declaration = version == 1,
                                                      .mrn = GL_STR("26BE0000000000AAR1"),
                                                      .submitter = GL_STR("hub-1")});
}

/* decide counts from the last decision, and never forgets what is open. */
Test(ledger, what_decide_still_knows_does_not_begin_anew_after_the_window)
{
    enum { OPEN = 1, LATE, CLOSED };
    int64_t first_us = FROM - 31 * DAY;
    book b = book_open();
    for (uint64_t key = OPEN; key <= CLOSED; key++)
        accept_at(&b, key, key, false, first_us);
    accept_at(&b, OPEN, OPEN, false, FROM + 1);
    accept_at(&b, LATE, 99, false, FROM + 1);
    accept_at(&b, CLOSED, CLOSED, false, FROM + 1);
    decided_at(&b, OPEN, 1, GL_LEDGER_HELD, first_us, first_us + 1);
    decided_at(&b, LATE, 1, GL_LEDGER_HELD, first_us, first_us + 1);
    decided_at(&b, LATE, 2, GL_LEDGER_RELEASED, first_us, FROM - DAY);
    decided_at(&b, CLOSED, 1, GL_LEDGER_RELEASED, first_us, first_us + 1);
    decided_at(&b, CLOSED, 1, GL_LEDGER_RELEASED, FROM + 1, FROM + 2);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert(l->duplicate == 1 && l->outcomes[GL_LEDGER_REFUSED] == 1 && l->outcomes[GL_LEDGER_RELEASED] == 1);
    cr_assert(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}

static bool count_overdue(void *context, const gl_ledger_overdue *overdue)
{
    int *counts = context;
    counts[overdue->held]++;
    return true;
}

Test(ledger, the_sweeper_finds_what_waits)
{
    book b = book_open();
    accept_at(&b, 1, 10, false, NOW - 100);
    accept_at(&b, 2, 20, false, NOW - 2000);
    accept(&b, 3, 30, false);
    gl_ledger_decide(b.ledger, &(gl_ledger_decision){.key = 3,
                                                     .version = 1,
                                                     .outcome = GL_LEDGER_HELD,
                                                     .by_declaration = true,
                                                     .submitter = GL_STR("hub-1"),
                                                     .mrn = GL_STR(""),
                                                     .until_us = NOW - 1});
    int counts[2] = {0, 0};
    gl_ledger_overdues(b.ledger, 1000, count_overdue, counts);
    cr_assert_eq(counts[false], 1);
    cr_assert_eq(counts[true], 1);
    gl_ledger_destroy(b.ledger);
}

Test(ledger, many_keys_are_kept_apart)
{
    book b = book_open();
    for (uint64_t key = 0; key < 20000; key++)
        accept(&b, key << 20, key, false);
    for (uint64_t key = 0; key < 20000; key++)
        decide(&b, key << 20, 1, key % 2 == 0 ? GL_LEDGER_RELEASED : GL_LEDGER_HELD, NULL);
    const gl_ledger_line *l = closed(&b, "hub-1");
    cr_assert_eq(l->outcomes[GL_LEDGER_RELEASED], 10000);
    cr_assert_eq(l->outcomes[GL_LEDGER_HELD], 10000);
    cr_assert(gl_ledger_balances(b.ledger));
    gl_ledger_destroy(b.ledger);
}
