/* Isolating records that spoil their batch. */
#include <criterion/criterion.h>

#include "stage/internal.h"

enum { RECORDS = 1000 };

static gl_arena *arena;
static gl_record records[RECORDS];
static bool bad[RECORDS];
static int calls, hooks;
static gl_action bad_action;

static void set_up(void)
{
    arena = gl_arena_new(0);
    calls = hooks = 0;
    bad_action = GL_DEAD_LETTER;
    for (int i = 0; i < RECORDS; i++) {
        bad[i] = false;
        records[i] = (gl_record){.offset = i, .key = gl_str_of(gl_arena_printf(arena, "%04d", i))};
    }
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(bisect, .init = set_up, .fini = tear_down);

/* Each record's output tells how many came before it, through the state: a write that was not taken back would show. */
static bool process(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    (void)stage;
    (void)worker;
    calls++;
    for (size_t i = 0; i < batch->count; i++) {
        const gl_record *record = &batch->records[i];
        gl_str before;
        uint64_t count = 0;
        if (!gl_state_get(gl_outbox_state_view(outbox), 0, GL_STR("count"), &before, err))
            return false;
        gl_str_to_u64(before, UINT64_MAX - 1, &count);
        gl_outbox_put(outbox, record, 0, record->key, gl_str_of(gl_arena_printf(arena, "%d", (int)count)));
        gl_outbox_state(outbox, record, GL_STR("count"), gl_str_of(gl_arena_printf(arena, "%d", (int)count + 1)));
        if (bad[record->offset])
            return gl_fail(err, bad_action, "test-bad", "record %d", (int)record->offset);
    }
    return true;
}

static void dead_lettered(void *stage, void *worker, const gl_batch *batch, const gl_record *record, const gl_err *err,
                          gl_outbox *outbox)
{
    cr_assert(record >= batch->records && record < batch->records + batch->count);
    (void)stage;
    (void)worker;
    hooks++;
    cr_assert(bad[record->offset] || gl_str_eqz(gl_str_of(err->code), "test-poison"));
    gl_outbox_put(outbox, record, 1, record->key, GL_STR("failed"));
}

static bool run(gl_outbox *outbox, gl_err *const *poison, gl_err *err)
{
    gl_process_call call = {.process = process, .dead_lettered = dead_lettered};
    gl_batch batch = {.records = records, .count = RECORDS, .arena = arena};
    return gl_process_bisect(&call, &batch, poison, outbox, err);
}

/* Every good record once and in order, with the right count before it; every bad one once as a dead letter. */
static void check(gl_outbox *outbox, int expected_bad)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    int good = 0, dead = 0, failed = 0;
    int64_t last = -1;
    for (size_t i = 0; i < count; i++) {
        const gl_outbox_entry *entry = &entries[i];
        if (entry->kind == 'd') {
            dead++;
            cr_assert_gt(entry->cause->offset, last);
            last = entry->cause->offset;
        } else if (entry->kind == 'o' && entry->output == 1) {
            failed++;
        } else if (entry->kind == 'o') {
            cr_assert_gt(entry->cause->offset, last);
            last = entry->cause->offset;
            cr_assert(gl_str_eqz(entry->value, gl_arena_printf(arena, "%d", good)), "record %d", (int)last);
            good++;
        }
    }
    cr_assert_eq(dead, expected_bad);
    cr_assert_eq(failed, expected_bad);
    cr_assert_eq(hooks, expected_bad);
    cr_assert_eq(good, RECORDS - expected_bad);
}

Test(bisect, a_good_batch_is_one_call)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_err err;
    cr_assert(run(outbox, NULL, &err));
    cr_assert_eq(calls, 1);
    check(outbox, 0);
}

Test(bisect, one_bad_record_takes_about_twice_the_logarithm)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_err err;
    bad[617] = true;
    cr_assert(run(outbox, NULL, &err));
    cr_assert_leq(calls, 1 + 2 * 10);
    check(outbox, 1);
}

Test(bisect, first_last_and_neighbours)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_err err;
    bad[0] = bad[1] = bad[500] = bad[RECORDS - 1] = true;
    cr_assert(run(outbox, NULL, &err));
    check(outbox, 4);
}

Test(bisect, all_bad)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_err err;
    memset(bad, 1, sizeof bad);
    cr_assert(run(outbox, NULL, &err));
    check(outbox, RECORDS);
}

Test(bisect, another_action_leaves_the_outbox_as_it_was)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_err err;
    size_t count;
    gl_str value;
    bad[617] = true;
    bad_action = GL_RETRY;
    cr_assert_not(run(outbox, NULL, &err));
    cr_assert_eq(err.action, GL_RETRY);
    cr_assert_eq(calls, 1);
    gl_outbox_entries(outbox, &count);
    cr_assert_eq(count, 0);
    cr_assert(gl_state_get(gl_outbox_state_view(outbox), 0, GL_STR("count"), &value, &err));
    cr_assert_null(value.ptr);
}

Test(bisect, poison_that_is_known_is_left_out)
{
    static gl_err *poison[RECORDS];
    gl_err why, err;
    gl_fail(&why, GL_DEAD_LETTER, "test-poison", "refused by the broker");
    poison[3] = poison[4] = poison[RECORDS - 1] = &why;
    gl_outbox *outbox = gl_outbox_new(arena);
    cr_assert(run(outbox, poison, &err));
    cr_assert_eq(calls, 2);
    check(outbox, 3);
}

static bool silent(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    (void)stage;
    (void)worker;
    (void)batch;
    (void)outbox;
    (void)err;
    return false;
}

Test(bisect, a_failure_without_a_reason_is_fatal)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_process_call call = {.process = silent};
    gl_batch batch = {.records = records, .count = 2, .arena = arena};
    gl_err err;
    cr_assert_not(gl_process_bisect(&call, &batch, NULL, outbox, &err));
    cr_assert_eq(err.action, GL_FATAL);
    cr_assert_str_eq(err.code, "stage-error");
}
