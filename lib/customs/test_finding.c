/* Findings: what details of an event say, and the key of an item's record. */
#include "customs/finding.h"

#include <criterion/criterion.h>

static gl_found read_one(const char *name, const char *value)
{
    gl_found found;
    bool of_name;
    const char *wrong = gl_found_read(gl_str_of(name), gl_str_of(value), &found, &of_name);
    cr_assert(gl_found_is(gl_str_of(name)) && wrong == NULL, "%s: %s: %s", name, value, wrong);
    return found;
}

static void refuse(const char *name, const char *value, const char *allowed, bool by_name)
{
    gl_found found;
    bool of_name;
    cr_assert(gl_found_is(gl_str_of(name)));
    cr_assert_eq(gl_found_read(gl_str_of(name), gl_str_of(value), &found, &of_name), allowed, "%s: %s", name, value);
    cr_assert_eq(of_name, by_name, "%s: %s", name, value);
}

Test(finding, a_detail_says_what_was_found)
{
    gl_found found = read_one("found.3", "6109100010");
    cr_assert(found.item == 3 && found.what == GL_FOUND_CODE && gl_str_eqz(found.code, "6109100010"));
    cr_assert(read_one("found.99999", "610910").item == GL_FINDING_ITEM_MAX);
    cr_assert(read_one("found.1", "as-declared").what == GL_FOUND_AS_DECLARED);
    cr_assert(read_one("found.1", "unknown").what == GL_FOUND_UNKNOWN);
    found = read_one("found", "as-declared");
    cr_assert(found.item == 0 && found.what == GL_FOUND_AS_DECLARED);
    cr_assert(read_one("found", "unknown").what == GL_FOUND_UNKNOWN);
}

Test(finding, other_details_are_none)
{
    cr_assert(!gl_found_is(GL_STR("founded")) && !gl_found_is(GL_STR("lane")) && !gl_found_is(GL_STR("")));
    cr_assert(!gl_found_is(GL_STR("foun")) && !gl_found_is(GL_STR("Found.1")));
}

Test(finding, what_is_wrong_is_said)
{
    static const char *const names[] = {"found.",       "found.0",  "found.01", "found.x",
                                        "found.100000", "found.1 ", "found.-1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        refuse(names[i], "610910", gl_found_names, true);
    static const char *const values[] = {"", "61091", "6109.10", "61091000101", "As-Declared", "no"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        refuse("found.1", values[i], gl_found_values, false);
    refuse("found", "610910", gl_found_values_of_all, false);
}

Test(finding, a_record_is_keyed_by_declaration_and_item)
{
    uint8_t id[16] = {1, 2, 3}, one[GL_FINDING_KEY_BYTES], other[GL_FINDING_KEY_BYTES];
    gl_finding_key(id, 1, one);
    gl_finding_key(id, 258, other);
    cr_assert(memcmp(one, id, sizeof id) == 0 && memcmp(one + 16, "\0\0\0\1", 4) == 0);
    cr_assert_eq(memcmp(other + 16, "\0\0\1\2", 4), 0);
}
