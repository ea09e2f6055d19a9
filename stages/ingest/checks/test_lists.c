/* Code lists: what is in them on which day, and what is refused when they are read. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "ingest/checks/code_list.h"

static gl_arena *arena;
static gl_code_lists *lists;

static void set_up(void)
{
    arena = gl_arena_new(0);
    lists = gl_code_lists_new(arena);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(lists, .init = set_up, .fini = tear_down);

static const char SAMPLE[] = "name: countries\nsource: ISO 3166-1\nversion: 1\nfields: [party.country_code]\n"
                             "codes: \"DE FR\\n GB\"\ndated:\n  - {code: AN, until: 2010-12-31}\n"
                             "  - {code: SS, from: 2011-07-09}\ninstead: {UK: GB, AN: FR}\n";

static const gl_code_list *sample(void)
{
    gl_err err = {0};
    cr_assert(gl_code_lists_add(lists, "sample", gl_str_of(SAMPLE), &err), "%s", err.message);
    return gl_code_lists_at(lists, 0);
}

static gl_code_standing standing(const gl_code_list *list, const char *code, int year, int month, int day)
{
    return gl_code_list_look(list, gl_str_of(code), gl_date_days(year, month, day)).standing;
}

Test(lists, codes_have_their_days)
{
    const gl_code_list *list = sample();
    cr_assert_eq(list->code_count, 5);
    cr_assert_eq(standing(list, "DE", 1970, 1, 1), GL_CODE_VALID);
    cr_assert_eq(standing(list, "GB", 2026, 11, 24), GL_CODE_VALID);
    cr_assert_eq(standing(list, "AN", 2010, 12, 31), GL_CODE_VALID);
    cr_assert_eq(standing(list, "AN", 2011, 1, 1), GL_CODE_NO_LONGER);
    cr_assert_eq(standing(list, "SS", 2011, 7, 8), GL_CODE_NOT_YET);
    cr_assert_eq(standing(list, "SS", 2011, 7, 9), GL_CODE_VALID);
    const char *const others[] = {"UK", "de", "", "D", "DEU"};
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(standing(list, others[i], 2026, 1, 1), GL_CODE_UNKNOWN, "%s", others[i]);
}

Test(lists, a_mistake_says_what_is_meant)
{
    const gl_code_list *list = sample();
    cr_assert(gl_str_eqz(gl_code_list_look(list, GL_STR("UK"), 0).instead, "GB"));
    cr_assert(gl_str_eqz(gl_code_list_look(list, GL_STR("AN"), 20000).instead, "FR"));
    cr_assert_null(gl_code_list_look(list, GL_STR("XX"), 0).instead.ptr);
}

Test(lists, a_field_has_its_list)
{
    const gl_code_list *list = sample();
    const gl_field *country = gl_shape_field(&gl_shape_party, GL_STR("country_code"));
    cr_assert_eq(gl_code_lists_of(lists, country), list);
    cr_assert_null(gl_code_lists_of(lists, gl_shape_field(&gl_shape_party, GL_STR("city"))));
    cr_assert_null(gl_code_lists_of_currencies(lists));
}

static void refused(const char *yaml, const char *part)
{
    gl_err err = {0};
    cr_assert_not(gl_code_lists_add(lists, "bad.yaml", gl_str_of(yaml), &err), "%s", yaml);
    cr_assert_not_null(strstr(err.message, part), "%s: %s", yaml, err.message);
    cr_assert_eq(gl_code_lists_count(lists), 0);
    tear_down();
    set_up(); /* a field may have been taken */
}

Test(lists, mistakes_are_named)
{
    refused("name: a\nversion: 1\ncodes: A", "source");
    refused("name: a\nsource: s\nversion: 1\n", "1 to 100,000 codes");
    refused("name: a\nsource: s\nversion: 1\ncodes: A B A", "line 4: twice in the list: A");
    refused("name: a\nsource: s\nversion: 1\ncodes: A\nfields: [party.colour]", "party.colour");
    refused("name: a\nsource: s\nversion: 1\ncodes: A\nfields: [item.gross_mass]", "not a text field");
    refused("name: a\nsource: s\nversion: 1\ncodes: A\nfields: [party.city, party.city]", "another list");
    refused("name: a\nsource: s\nversion: 1\ndated: [{code: A, from: yesterday}]", "yesterday");
    refused("name: a\nsource: s\nversion: 1\ndated: [{code: A, from: 2026-01-02, until: 2026-01-01}]", "not after");
    refused("name: a\nsource: s\nversion: 1\ncodes: A\ninstead: {B: C}", "not in the list: C");
    refused("name: a\nsource: s\nversion: 1\nseverity: mild\ncodes: A", "mild");
    refused("name: a\nsource: s\nversion: 1\ncodes: A\ncolour: red", "colour");
}

/* Every list as shipped, and the currencies' against the table that is used without one. */
Test(lists, the_shipped_ones_are_read)
{
    gl_err err = {0};
    lists = gl_code_lists_load(arena, GL_SOURCE_DIR "/config/code_lists", &err);
    cr_assert_not_null(lists, "%s", err.message);
    const gl_code_list *currencies = gl_code_lists_of_currencies(lists);
    cr_assert_not_null(currencies);
    size_t known = 0;
    for (char a = 'A'; a <= 'Z'; a++)
        for (char b = 'A'; b <= 'Z'; b++)
            for (char c = 'A'; c <= 'Z'; c++) {
                char code[] = {a, b, c, 0};
                bool listed = gl_code_list_look(currencies, gl_str_of(code), 0).standing != GL_CODE_UNKNOWN;
                cr_assert_eq(listed, gl_currency_known(gl_str_of(code)), "%s", code);
                known += listed;
            }
    cr_assert_eq(known, currencies->code_count);
    cr_assert_not_null(gl_code_lists_of_units(lists));
}

Test(lists, data_sets_may_have_codes_of_their_own)
{
    gl_err err = {0};
    cr_assert(gl_code_lists_add(
        lists, "own",
        GL_STR("name: own\nsource: s\nversion: 1\nnot_for: SAD PARCEL\nwarning_for: H7\nfields: []\ncodes: A"), &err));
    const gl_code_list *list = gl_code_lists_at(lists, 0);
    cr_assert(gl_code_list_is_for(list, GL_STR("H1")) && gl_code_list_is_for(list, GL_STR("")));
    cr_assert(gl_code_list_is_for(list, GL_STR("PAR")));
    cr_assert_not(gl_code_list_is_for(list, GL_STR("SAD")) || gl_code_list_is_for(list, GL_STR("PARCEL")));
    cr_assert(gl_code_list_warns(list, GL_STR("H7")) && !gl_code_list_warns(list, GL_STR("H1")));
    cr_assert_not(
        gl_code_lists_add(lists, "bad", GL_STR("name: bad\nsource: s\nversion: 1\nnot_for: [SAD]\ncodes: A"), &err));
    cr_assert_str_eq(err.code, "code-list-invalid");
}
