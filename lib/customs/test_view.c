/* The view's value format: what is written is read back, and what is not such a value is refused. */
#include <criterion/criterion.h>

#include "customs/view.h"

Test(view, keys)
{
    gl_arena *arena = gl_arena_new(0);
    cr_assert(gl_str_eqz(gl_view_key(arena, "0123456789AB"), "gl:v:0123456789AB"));
    cr_assert(gl_str_eqz(gl_view_marker_key(arena, 12), "gl:vm:12"));
    gl_arena_destroy(arena);
}

Test(view, round_trip)
{
    gl_arena *arena = gl_arena_new(0);
    uint8_t digest[32];
    for (int i = 0; i < 32; i++)
        digest[i] = (uint8_t)(i * 7);
    int64_t versions[] = {0, 1, 9, 10, 123456789, INT64_MAX};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        gl_str value = gl_view_value(arena, versions[i], digest, GL_STR("{\"mrn\":\"x y\"}"));
        gl_view_entry entry;
        cr_assert(gl_view_parse(value, &entry));
        cr_assert_eq(entry.version, versions[i]);
        cr_assert(gl_str_starts(entry.digest_hex, GL_STR("00070e15")) && entry.digest_hex.len == 64);
        cr_assert(gl_str_eqz(entry.json, "{\"mrn\":\"x y\"}"));
        for (size_t cut = 0; cut < value.len - 13; cut++)
            cr_assert(!gl_view_parse((gl_str){value.ptr, cut}, &entry), "cut at %zu", cut);
    }
    gl_arena_destroy(arena);
}

Test(view, refuses)
{
    gl_view_entry entry;
    cr_assert(!gl_view_parse(GL_STR(""), &entry));
    cr_assert(!gl_view_parse(GL_STR("x 00"), &entry));
    cr_assert(!gl_view_parse(GL_STR("1 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef {}"), &entry),
              "upper case");
    cr_assert(!gl_view_parse(GL_STR("-1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef {}"), &entry));
}

static size_t count_references(const char *json, gl_str *last)
{
    size_t at = 0, count = 0;
    for (gl_str next; (next = gl_view_next_reference(gl_str_of(json), &at)).ptr != NULL; count++)
        *last = next;
    return count;
}

Test(view, references)
{
    gl_str last = {NULL, 0};
    cr_assert_eq(count_references("{\"mrn\":\"x\",\"references\":[\"UCR:1\",\"N740:a\\\"]b\"],\"test\":false}", &last),
                 2);
    cr_assert(gl_str_eqz(last, "\"N740:a\\\"]b\""));
    cr_assert_eq(count_references("{\"mrn\":\"x\"}", &last), 0);
    cr_assert_eq(count_references("{\"mrn\":\"\\\",\\\"references\\\":[\\\"no\\\"\"}", &last), 0, "inside a text");
    cr_assert_eq(count_references("{\"mrn\":\"x\",\"references\":[\"cut", &last), 0);
    cr_assert_eq(count_references("", &last), 0);
    gl_arena *arena = gl_arena_new(0);
    gl_str one = gl_view_reference_key(arena, GL_STR("hub"), GL_STR("\"UCR:1\"")),
           other = gl_view_reference_key(arena, GL_STR("hub-2"), GL_STR("\"UCR:1\""));
    cr_assert(gl_str_starts(one, GL_STR("gl:r:")) && one.len == 37 && !gl_str_eq(one, other));
    gl_arena_destroy(arena);
}
