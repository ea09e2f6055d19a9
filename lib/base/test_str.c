/* Slices: comparing, trimming, UTF-8 by RFC 3629's table, numbers. */
#include "base/str.h"

#include <criterion/criterion.h>

Test(str, compares)
{
    gl_str none = {NULL, 0};
    cr_assert(gl_str_eq(none, GL_STR("")));
    cr_assert(gl_str_eqz(GL_STR("ab"), "ab"));
    cr_assert_not(gl_str_eqz(GL_STR("ab"), "abc"));
    cr_assert_not(gl_str_eqz(GL_STR("a\0b"), "a"));
    cr_assert(gl_str_eqz(none, ""));
    cr_assert_eq(gl_str_of(NULL).len, 0u);
    cr_assert(gl_str_starts(GL_STR("abc"), GL_STR("ab")));
    cr_assert(gl_str_starts(GL_STR("abc"), none));
    cr_assert_not(gl_str_starts(GL_STR("a"), GL_STR("ab")));
}

Test(str, trims_ascii_space)
{
    cr_assert(gl_str_eqz(gl_str_trim(GL_STR(" \t\r\n\v\fa b \n")), "a b"));
    cr_assert_eq(gl_str_trim(GL_STR(" \t ")).len, 0u);
    cr_assert_eq(gl_str_trim((gl_str){NULL, 0}).len, 0u);
    /* A no-break space is not ASCII. */
    cr_assert_eq(gl_str_trim(GL_STR("\xC2\xA0")).len, 2u);
}

Test(str, accepts_well_formed_utf8)
{
    static const char *const good[] = {
        "",
        "ascii",
        "\xC2\x80",
        "\xDF\xBF",
        "\xE0\xA0\x80",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF",
        "a\xC3\xA9z",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(gl_str_is_utf8(gl_str_of(good[i]), NULL), "%zu", i);
    cr_assert(gl_str_is_utf8(GL_STR("a\0b"), NULL));
}

typedef struct bad_text {
    const char *text;
    size_t at;
} bad_text;

Test(str, refuses_what_is_not_utf8_and_says_where)
{
    static const bad_text bad[] = {
        {"ab\x80", 2},           {"\xC0\x80", 0},         {"\xC1\xBF", 0},     {"\xC3", 0},     {"x\xC3x", 1},
        {"\xE0\x9F\xBF", 0},     {"\xED\xA0\x80", 0},     {"\xED\xBF\xBF", 0}, {"\xE2\x82", 0}, {"\xF0\x8F\xBF\xBF", 0},
        {"\xF4\x90\x80\x80", 0}, {"\xF5\x80\x80\x80", 0}, {"\xF0\x9F\x98", 0}, {"\xFE", 0},     {"\xC3\xA9\xFF", 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t at = 99;
        cr_assert_not(gl_str_is_utf8(gl_str_of(bad[i].text), &at), "%zu", i);
        cr_assert_eq(at, bad[i].at, "%zu: %zu", i, at);
    }
}

Test(str, reads_numbers)
{
    uint64_t v = 7;
    cr_assert(gl_str_to_u64(GL_STR("0"), 10, &v) && v == 0);
    cr_assert(gl_str_to_u64(GL_STR("0010"), 10, &v) && v == 10);
    cr_assert(gl_str_to_u64(GL_STR("18446744073709551615"), UINT64_MAX, &v) && v == UINT64_MAX);
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(gl_str_to_u64(gl_str_of(bad[i]), UINT64_MAX, &v), "%s", bad[i]);
    cr_assert_not(gl_str_to_u64(GL_STR("11"), 10, &v));
}
