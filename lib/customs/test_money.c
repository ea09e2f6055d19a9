/* Decimals: exact where money is exact, and refused instead of wrapped where 64 bits end. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "customs/money.h"

static gl_decimal decimal(const char *text)
{
    gl_decimal value;
    cr_assert(gl_decimal_parse(gl_str_of(text), &value), "%s", text);
    return value;
}

static void assert_text(gl_decimal value, const char *expected)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    gl_str got = gl_decimal_format(value, text);
    cr_assert(gl_str_eqz(got, expected), "got %.*s, expected %s", GL_STR_ARG(got), expected);
}

Test(money, parse_keeps_the_digits)
{
    const struct {
        const char *text;
        int64_t unscaled;
        int32_t scale;
    } good[] = {{"1.50", 150, 2},
                {"-0.05", -5, 2},
                {"+7", 7, 0},
                {".5", 5, 1},
                {"5.", 5, 0},
                {"0", 0, 0},
                {"999999999999999999", INT64_C(999999999999999999), 0},
                {"0.00000000000000001", 1, 17}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        gl_decimal value = decimal(good[i].text);
        cr_assert(value.unscaled == good[i].unscaled && value.scale == good[i].scale, "%s", good[i].text);
    }
}

Test(money, parse_refuses)
{
    const char *bad[] = {"",
                         ".",
                         "-",
                         "+.",
                         "1,5",
                         "1e5",
                         " 1",
                         "1 ",
                         "1.2.3",
                         "--1",
                         "0x10",
                         "1234567890123456789",
                         "0.123456789012345678",
                         "NaN",
                         "1\xC2\xA0"};
    gl_decimal value;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!gl_decimal_parse(gl_str_of(bad[i]), &value), "%s", bad[i]);
    cr_assert(!gl_decimal_parse((gl_str){NULL, 0}, &value));
}

Test(money, format_and_parse_are_inverse)
{
    assert_text((gl_decimal){150, 2}, "1.50");
    assert_text((gl_decimal){-5, 2}, "-0.05");
    assert_text((gl_decimal){0, 0}, "0");
    assert_text((gl_decimal){0, 3}, "0.000");
    assert_text((gl_decimal){INT64_MIN, 18}, "-9.223372036854775808");
    assert_text((gl_decimal){INT64_MIN, 0}, "-9223372036854775808");
    uint64_t x = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        gl_decimal value = {(int64_t)(x % 100000000000000000u) - 50000000000000000, (int32_t)(x >> 59) % 17};
        char text[GL_DECIMAL_TEXT_BYTES];
        gl_decimal back;
        cr_assert(gl_decimal_parse(gl_decimal_format(value, text), &back));
        cr_assert(back.unscaled == value.unscaled && back.scale == value.scale);
    }
}

Test(money, doubles_are_the_nearest)
{
    uint64_t x = 1234567u;
    for (int round = 0; round < 20000; round++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        gl_decimal value = {(int64_t)(x >> (round % 40)), (int32_t)(x % 19)};
        char text[GL_DECIMAL_TEXT_BYTES], terminated[GL_DECIMAL_TEXT_BYTES + 1];
        gl_str formatted = gl_decimal_format(value, text);
        snprintf(terminated, sizeof terminated, "%.*s", GL_STR_ARG(formatted));
        double expected = strtod(terminated, NULL), got = gl_decimal_double(value);
        cr_assert(memcmp(&expected, &got, sizeof got) == 0, "%s: %.17g, not %.17g", terminated, got, expected);
    }
}

Test(money, compare)
{
    cr_assert_eq(gl_decimal_compare(decimal("150"), decimal("150.00")), 0);
    cr_assert_eq(gl_decimal_compare(decimal("150.01"), decimal("150")), 1);
    cr_assert_eq(gl_decimal_compare(decimal("-1"), decimal("0.0000001")), -1);
    cr_assert_eq(gl_decimal_compare((gl_decimal){INT64_MAX, 0}, (gl_decimal){INT64_MAX, 18}), 1);
    cr_assert_eq(gl_decimal_compare((gl_decimal){INT64_MIN, 0}, (gl_decimal){INT64_MIN, 18}), -1);
}

Test(money, multiply_rounds_half_away_from_zero)
{
    gl_decimal product;
    cr_assert(gl_decimal_multiply(decimal("0.05"), decimal("0.5"), 2, &product));
    assert_text(product, "0.03");
    cr_assert(gl_decimal_multiply(decimal("-0.05"), decimal("0.5"), 2, &product));
    assert_text(product, "-0.03");
    cr_assert(gl_decimal_multiply(decimal("0.04"), decimal("0.5"), 1, &product));
    assert_text(product, "0.0");
    cr_assert(gl_decimal_multiply(decimal("12.5"), decimal("3"), 6, &product));
    assert_text(product, "37.5");
    cr_assert(gl_decimal_multiply((gl_decimal){INT64_MAX, 18}, (gl_decimal){INT64_MAX, 18}, 2, &product));
    assert_text(product, "85.07");
    cr_assert(!gl_decimal_multiply((gl_decimal){INT64_MAX, 0}, (gl_decimal){2, 0}, 2, &product));
}

Test(money, add)
{
    gl_decimal sum;
    cr_assert(gl_decimal_add(decimal("0.1"), decimal("0.25"), &sum));
    assert_text(sum, "0.35");
    cr_assert(!gl_decimal_add((gl_decimal){INT64_MAX, 0}, decimal("1"), &sum));
    cr_assert(!gl_decimal_add((gl_decimal){INT64_MAX, 0}, (gl_decimal){1, 18}, &sum), "the aligned sum does not fit");
}
