/* The outbox and the batch's overlay, as unit tests of the stages use them: in memory. */
#include <criterion/criterion.h>

#include "stage/outbox.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(outbox, .init = set_up, .fini = tear_down);

static gl_str get(gl_outbox *outbox, int32_t partition, const char *key)
{
    gl_str value;
    gl_err err = {0};
    cr_assert(gl_state_get(gl_outbox_state_view(outbox), partition, gl_str_of(key), &value, &err));
    return value;
}

static gl_str first(gl_outbox *outbox, int32_t partition, const char *prefix)
{
    gl_str key, value;
    gl_err err = {0};
    cr_assert(gl_state_first(gl_outbox_state_view(outbox), partition, gl_str_of(prefix), &key, &value, &err));
    return key;
}

Test(outbox, keeps_what_is_put_in_order)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_record record = {.partition = 3, .key = GL_STR("k"), .value = GL_STR("v")};
    gl_err err;
    gl_fail(&err, GL_DEAD_LETTER, "bad-record", "because");
    gl_outbox_put(outbox, &record, 1, GL_STR("a"), GL_STR("A"));
    gl_outbox_put_to(outbox, &record, 0, -1, GL_STR("b"), GL_STR("B"));
    gl_outbox_state(outbox, &record, GL_STR("s"), GL_STR("S"));
    gl_outbox_dead_letter(outbox, &record, &err);
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    cr_assert_eq(count, 4);
    cr_assert_eq(entries[0].kind, 'o');
    cr_assert_eq(entries[0].output, 1);
    cr_assert_eq(entries[0].partition, 3);
    cr_assert_eq(entries[1].partition, -1);
    cr_assert_eq(entries[2].kind, 's');
    cr_assert_eq(entries[3].kind, 'd');
    cr_assert_str_eq(entries[3].err.code, "bad-record");
    cr_assert(gl_str_eqz(entries[3].value, "v"));
    cr_assert_eq(entries[3].cause, &record);
}

Test(outbox, state_is_read_through_own_writes_by_partition)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_record one = {.partition = 1}, two = {.partition = 20};
    gl_outbox_state(outbox, &one, GL_STR("key"), GL_STR("old"));
    gl_outbox_state(outbox, &one, GL_STR("key"), GL_STR("new"));
    gl_outbox_state(outbox, &two, GL_STR("key"), GL_STR("other"));
    cr_assert(gl_str_eqz(get(outbox, 1, "key"), "new"));
    cr_assert(gl_str_eqz(get(outbox, 20, "key"), "other"));
    cr_assert_null(get(outbox, 0, "key").ptr);
    gl_outbox_state(outbox, &one, GL_STR("key"), (gl_str){NULL, 0});
    cr_assert_null(get(outbox, 1, "key").ptr);
    gl_outbox_state(outbox, &one, GL_STR("empty"), GL_STR(""));
    cr_assert_not_null(get(outbox, 1, "empty").ptr);
    cr_assert_eq(get(outbox, 1, "empty").len, 0);
}

Test(outbox, the_first_key_of_a_prefix_skips_tombstones)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_record record = {.partition = 0};
    const char *keys[] = {"b2", "a", "b1", "c", "b3", "b"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        gl_outbox_state(outbox, &record, gl_str_of(keys[i]), GL_STR("x"));
    cr_assert(gl_str_eqz(first(outbox, 0, "b"), "b"));
    gl_outbox_state(outbox, &record, GL_STR("b"), (gl_str){NULL, 0});
    gl_outbox_state(outbox, &record, GL_STR("b1"), (gl_str){NULL, 0});
    cr_assert(gl_str_eqz(first(outbox, 0, "b"), "b2"));
    cr_assert_null(first(outbox, 0, "bb").ptr);
    cr_assert_null(first(outbox, 0, "d").ptr);
}

Test(outbox, a_rollback_takes_back_entries_and_state)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_record record = {.partition = 0};
    gl_outbox_state(outbox, &record, GL_STR("kept"), GL_STR("1"));
    gl_outbox_savepoint savepoint = gl_outbox_save(outbox);
    gl_outbox_state(outbox, &record, GL_STR("kept"), GL_STR("2"));
    gl_outbox_state(outbox, &record, GL_STR("fresh"), GL_STR("1"));
    gl_outbox_put(outbox, &record, 0, GL_STR("o"), GL_STR("o"));
    gl_outbox_rollback(outbox, savepoint);
    size_t count;
    gl_outbox_entries(outbox, &count);
    cr_assert_eq(count, 1);
    cr_assert(gl_str_eqz(get(outbox, 0, "kept"), "1"));
    cr_assert_null(get(outbox, 0, "fresh").ptr);
    cr_assert_null(first(outbox, 0, "f").ptr);
    gl_outbox_state(outbox, &record, GL_STR("fresh"), GL_STR("3"));
    cr_assert(gl_str_eqz(get(outbox, 0, "fresh"), "3"));
}

static bool concatenate(void *context, gl_str key, gl_str value)
{
    gl_buf *buf = context;
    gl_buf_str(buf, key);
    gl_buf_byte(buf, '=');
    gl_buf_str(buf, value);
    gl_buf_byte(buf, ' ');
    return buf->len < 8;
}

Test(outbox, a_walk_goes_on_after_a_key)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_record record = {.partition = 0};
    gl_outbox_state(outbox, &record, GL_STR("c"), GL_STR("3"));
    gl_outbox_state(outbox, &record, GL_STR("a"), GL_STR("1"));
    gl_outbox_state(outbox, &record, GL_STR("b"), GL_STR("2"));
    gl_err err;
    gl_buf buf = gl_buf_in(arena);
    cr_assert(gl_state_walk(gl_outbox_state_view(outbox), arena, 0, (gl_str){NULL, 0}, concatenate, &buf, &err));
    cr_assert(gl_str_eqz(gl_buf_view(&buf), "a=1 b=2 "));
    buf.len = 0;
    cr_assert(gl_state_walk(gl_outbox_state_view(outbox), arena, 0, GL_STR("b"), concatenate, &buf, &err));
    cr_assert(gl_str_eqz(gl_buf_view(&buf), "c=3 "));
}

Test(outbox, a_state_key_that_cannot_be_stored_is_reported)
{
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_record record = {.partition = 0};
    gl_err err;
    cr_assert(gl_outbox_check(outbox, &err));
    gl_outbox_state(outbox, &record, GL_STR(""), GL_STR("x"));
    cr_assert_not(gl_outbox_check(outbox, &err));
    cr_assert_str_eq(err.code, "state-key");
}

/* The overlay against a plain list that is searched from its end. */
Test(outbox, ten_thousand_random_writes_agree_with_a_list)
{
    enum { WRITES = 10000, KEYS = 700 };
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_record record = {.partition = 0};
    int latest[KEYS] = {0};
    uint32_t seed = 7;
    for (int i = 1; i <= WRITES; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t k = (seed >> 8) % KEYS;
        char *key = gl_arena_printf(arena, "%03u", k), *value = gl_arena_printf(arena, "%d", i);
        gl_outbox_state(outbox, &record, gl_str_of(key), gl_str_of(value));
        latest[k] = i;
    }
    int previous = -1;
    for (int k = KEYS - 1; k >= 0; k--) {
        char *key = gl_arena_printf(arena, "%03d", k);
        gl_str value = get(outbox, 0, key);
        cr_assert_eq(value.ptr != NULL, latest[k] != 0);
        if (latest[k] != 0)
            cr_assert(gl_str_eqz(value, gl_arena_printf(arena, "%d", latest[k])));
        previous = k;
    }
    cr_assert_eq(previous, 0);
}
