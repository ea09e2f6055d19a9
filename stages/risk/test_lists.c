/* Lists: what matches, what is in force, what is refused. */
#include "base/buf.h"
#include "base/clock.h"
#include "risk/lists.h"

#include <criterion/criterion.h>
#include <stdio.h>

static gl_lists *with(const char *yaml)
{
    gl_err err = {0};
    gl_lists *lists = gl_lists_new();
    cr_assert(gl_lists_add(lists, "test.yaml", gl_str_of(yaml), &err), "%s", err.message);
    return lists;
}

static bool matches(const gl_lists *lists, const char *value)
{
    return gl_list_match(gl_lists_at(lists, 0), gl_str_of(value)).len > 0;
}

Test(lists, exact_ignores_case_spaces_and_punctuation)
{
    gl_lists *lists = with("{name: a, kind: exact, entries: [ACME-Trading Co., Société X, GB-123]}");
    cr_assert(matches(lists, "acme trading co"));
    cr_assert(matches(lists, "A.C.M.E. TRADING CO"));
    cr_assert(matches(lists, "société x"));
    cr_assert(matches(lists, "GB 123"));
    cr_assert_not(matches(lists, "acme trading company"));
    cr_assert_not(matches(lists, "acme trading c"));
    cr_assert_not(matches(lists, ""));
    cr_assert_not(matches(lists, " -. "));
    cr_assert(gl_str_eqz(gl_list_match(gl_lists_at(lists, 0), GL_STR("gb123")), "GB-123"));
    gl_lists_destroy(lists);
}

Test(lists, prefixes_match_the_front_only)
{
    gl_lists *lists = with("{name: a, kind: prefix, entries: ['9301', '9705.10', '44']}");
    cr_assert(matches(lists, "9301"));
    cr_assert(matches(lists, "9301100000"));
    cr_assert(matches(lists, "970510"));
    cr_assert(matches(lists, "440799"));
    cr_assert_not(matches(lists, "9302"));
    cr_assert_not(matches(lists, "9705"));
    cr_assert_not(matches(lists, "1944"));
    cr_assert_not(matches(lists, "4"));
    gl_lists_destroy(lists);
}

Test(lists, a_value_of_any_length_has_a_front)
{
    gl_lists *lists = with("{name: a, kind: prefix, entries: ['9301']}");
    char value[1000];
    memset(value, '1', sizeof value);
    memcpy(value, "9301", 4);
    cr_assert_gt(gl_list_match(gl_lists_at(lists, 0), (gl_str){value, sizeof value}).len, 0);
    gl_lists_destroy(lists);
}

Test(lists, words_stand_next_to_each_other)
{
    gl_lists *lists = with("{name: a, kind: words, entries: [louis vuitton, Hermès, nike]}");
    cr_assert(matches(lists, "Bag LOUIS-VUITTON brown"));
    cr_assert(matches(lists, "scarf hermes"));
    cr_assert(matches(lists, "NIKE"));
    cr_assert_not(matches(lists, "louis the vuitton"));
    cr_assert_not(matches(lists, "nikes"));
    cr_assert_not(matches(lists, "louis"));
    cr_assert_not(matches(lists, ""));
    gl_lists_destroy(lists);
}

Test(lists, validity_is_from_the_first_day_to_the_end_of_the_last)
{
    gl_lists *lists = with("{name: a, kind: exact, valid_from: 2026-03-01, valid_until: 2026-03-31, entries: [x]}");
    const gl_list *list = gl_lists_at(lists, 0);
    int64_t first, last;
    cr_assert(gl_time_parse(GL_STR("2026-03-01T00:00:00Z"), &first));
    cr_assert(gl_time_parse(GL_STR("2026-03-31T23:59:59.999999Z"), &last));
    cr_assert(gl_list_in_force(list, first));
    cr_assert_not(gl_list_in_force(list, first - 1));
    cr_assert(gl_list_in_force(list, last));
    cr_assert_not(gl_list_in_force(list, last + 1));
    gl_lists_destroy(lists);
}

Test(lists, found_by_name_with_the_nearest_otherwise)
{
    gl_lists *lists = with("{name: watch-countries, kind: exact, entries: [x, X, 'y']}");
    const char *near = NULL;
    cr_assert_eq(gl_list_entry_count(gl_lists_at(lists, 0)), 2);
    cr_assert_not_null(gl_lists_find(lists, GL_STR("watch-countries"), &near));
    cr_assert_null(gl_lists_find(lists, GL_STR("watch-contries"), &near));
    cr_assert_str_eq(near, "watch-countries");
    cr_assert_null(gl_lists_find(lists, GL_STR("zebra"), &near));
    cr_assert_null(near);
    gl_lists_destroy(lists);
}

Test(lists, versions_name_the_bytes)
{
    gl_lists *one = with("{name: a, kind: exact, entries: [x]}"), *two = with("{name: a, kind: exact, entries: [y]}");
    cr_assert_eq(strlen(gl_list_version(gl_lists_at(one, 0))), 16);
    cr_assert_str_neq(gl_list_version(gl_lists_at(one, 0)), gl_list_version(gl_lists_at(two, 0)));
    gl_lists_destroy(one);
    gl_lists_destroy(two);
}

Test(lists, what_is_wrong_is_refused_and_adds_nothing)
{
    static const char *const wrong[] = {
        "{name: a, kind: exact}",
        "{name: a, kind: exakt, entries: [x]}",
        "{kind: exact, entries: [x]}",
        "{name: a, kind: exact, entries: x}",
        "{name: a, kind: exact, entries: [[x]]}",
        "{name: a, kind: exact, entries: ['--']}",
        "{name: a, kind: exact, entries: [x], valid_until: soon}",
        "{name: a, kind: exact, entries: [x], valid_from: 2026-02-30}",
        "{name: a, kind: exact, entries: [x], valid_from: 2026-03-02, valid_until: 2026-02-01}",
        "{name: a, kind: words, entries: [one two three four five six seven eight nine]}",
        "{name: a, kind: prefix, entries: ['012345678901234567890123456789012']}",
        "{name: a, kind: exact, entires: [x]}",
        "[name, a]",
        "",
    };
    gl_lists *lists = gl_lists_new();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        cr_assert_not(gl_lists_add(lists, "w.yaml", gl_str_of(wrong[i]), &err), "case %zu", i);
        cr_assert_eq(err.action, GL_FATAL);
    }
    cr_assert_eq(gl_lists_count(lists), 0);
    gl_lists_destroy(lists);
}

Test(lists, unknown_keys_name_the_nearest)
{
    gl_err err = {0};
    gl_lists *lists = gl_lists_new();
    cr_assert_not(
        gl_lists_add(lists, "w.yaml", GL_STR("{name: a, kind: exact, valid_till: 2026-01-01, entries: [x]}"), &err));
    cr_assert_not_null(strstr(err.message, "valid_until"), "%s", err.message);
    gl_lists_destroy(lists);
}

Test(lists, two_of_one_name_are_refused)
{
    gl_err err = {0};
    gl_lists *lists = with("{name: a, kind: exact, entries: [x]}");
    cr_assert_not(gl_lists_add(lists, "b.yaml", GL_STR("{name: a, kind: exact, entries: [y]}"), &err));
    gl_lists_destroy(lists);
}

Test(lists, the_shipped_ones_load)
{
    gl_err err = {0};
    gl_lists *lists = gl_lists_load(GL_SOURCE_DIR "/config/lists", &err);
    cr_assert_not_null(lists, "%s", err.message);
    cr_assert_gt(gl_lists_count(lists), 3);
    cr_assert_null(gl_lists_load(GL_SOURCE_DIR "/config/no-such-folder", &err));
    cr_assert_str_eq(err.code, "file-unreadable");
    gl_lists_destroy(lists);
}

Test(lists, many_entries)
{
    gl_err err = {0};
    gl_buf yaml = {0};
    char value[16];
    gl_buf_text(&yaml, "name: many\nkind: exact\nentries:\n");
    for (int i = 0; i < 50000; i++)
        gl_buf_printf(&yaml, "- id%d\n", i);
    gl_lists *lists = gl_lists_new();
    cr_assert(gl_lists_add(lists, "many.yaml", gl_buf_view(&yaml), &err), "%s", err.message);
    cr_assert_eq(gl_list_entry_count(gl_lists_at(lists, 0)), 50000);
    for (int i = 0; i < 50000; i += 777) {
        snprintf(value, sizeof value, "ID-%d", i);
        cr_assert(matches(lists, value));
    }
    cr_assert_not(matches(lists, "id50000"));
    gl_lists_destroy(lists);
    gl_buf_free(&yaml);
}
