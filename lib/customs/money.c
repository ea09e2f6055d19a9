/* See money.h. Intermediate results are 128 bits wide: 19 digits times 10^18 is below 2^127, so alignment never
 * overflows. */
#include "customs/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef __int128 wide;

enum { SCALE_LIMIT = 18, DIGITS_LIMIT = 18 };
#define EXACT_DOUBLE_LIMIT ((int64_t)1 << 53)

static wide power10(int32_t exponent)
{
    wide power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

static bool narrow(wide value, int64_t *out)
{
    if (value > INT64_MAX || value < INT64_MIN)
        return false;
    *out = (int64_t)value;
    return true;
}

bool gl_decimal_parse(gl_str text, gl_decimal *value)
{
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    bool negative = at == 1 && text.ptr[0] == '-', point = false;
    int64_t unscaled = 0;
    int32_t scale = 0, digits = 0;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > DIGITS_LIMIT)
            return false;
        unscaled = unscaled * 10 + (c - '0');
        scale += point;
    }
    if (digits == 0)
        return false;
    *value = (gl_decimal){negative ? -unscaled : unscaled, scale};
    return true;
}

double gl_decimal_double(gl_decimal value)
{
    static const double powers[SCALE_LIMIT + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                                   1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    /* Both operands are exact doubles here, and IEEE division rounds once: the nearest double. */
    if (value.unscaled > -EXACT_DOUBLE_LIMIT && value.unscaled < EXACT_DOUBLE_LIMIT)
        return (double)value.unscaled / powers[value.scale];
    char text[40]; /* an exponent instead of a point: no locale can change what strtod reads */
    snprintf(text, sizeof text, "%" PRId64 "e-%" PRId32, value.unscaled, value.scale);
    return strtod(text, NULL);
}

int gl_decimal_compare(gl_decimal a, gl_decimal b)
{
    wide left = a.unscaled * power10(b.scale > a.scale ? b.scale - a.scale : 0);
    wide right = b.unscaled * power10(a.scale > b.scale ? a.scale - b.scale : 0);
    return (left > right) - (left < right);
}

bool gl_decimal_multiply(gl_decimal a, gl_decimal b, int32_t scale, gl_decimal *product)
{
    wide exact = (wide)a.unscaled * b.unscaled;
    int32_t exact_scale = a.scale + b.scale;
    int32_t limit = scale < 0 ? 0 : scale > SCALE_LIMIT ? SCALE_LIMIT : scale;
    if (exact_scale > limit) {
        wide divisor = power10(exact_scale - limit), quotient = exact / divisor, rest = exact % divisor;
        if (rest < 0)
            rest = -rest;
        if (rest >= divisor - rest)
            quotient += exact < 0 ? -1 : 1;
        exact = quotient;
        exact_scale = limit;
    }
    product->scale = exact_scale;
    return narrow(exact, &product->unscaled);
}

bool gl_decimal_add(gl_decimal a, gl_decimal b, gl_decimal *sum)
{
    int32_t scale = a.scale > b.scale ? a.scale : b.scale;
    sum->scale = scale;
    return narrow(a.unscaled * power10(scale - a.scale) + b.unscaled * power10(scale - b.scale), &sum->unscaled);
}

gl_str gl_decimal_format(gl_decimal value, char text[GL_DECIMAL_TEXT_BYTES])
{
    uint64_t magnitude = value.unscaled < 0 ? 0 - (uint64_t)value.unscaled : (uint64_t)value.unscaled;
    char *at = text + GL_DECIMAL_TEXT_BYTES;
    for (int32_t place = 0; magnitude > 0 || place <= value.scale; place++) {
        if (place == value.scale && place > 0)
            *--at = '.';
        *--at = (char)('0' + magnitude % 10);
        magnitude /= 10;
    }
    if (value.unscaled < 0)
        *--at = '-';
    return (gl_str){at, (size_t)(text + GL_DECIMAL_TEXT_BYTES - at)};
}
