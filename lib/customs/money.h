/* Decimals: money, masses and rates as unscaled * 10^-scale, never as floating point.
 *
 * Always holds: 0 <= scale <= 18; a parsed decimal keeps the digits it was written with ("1.50" is 150, scale 2).
 */
#ifndef GL_CUSTOMS_MONEY_H
#define GL_CUSTOMS_MONEY_H

#include "base/str.h"

typedef struct gl_decimal {
    int64_t unscaled;
    int32_t scale;
} gl_decimal;

/* Digits with an optional sign and one '.', no exponent, no spaces; at most 18 digits. false: not such a number. */
bool gl_decimal_parse(gl_str text, gl_decimal *value);
/* The nearest double (correctly rounded, as strtod of the decimal text is). */
double gl_decimal_double(gl_decimal value);
/* -1, 0, 1; exact. */
int gl_decimal_compare(gl_decimal a, gl_decimal b);
/* a * b with at most `scale` decimals, half away from zero; false on overflow. */
bool gl_decimal_multiply(gl_decimal a, gl_decimal b, int32_t scale, gl_decimal *product);
bool gl_decimal_add(gl_decimal a, gl_decimal b, gl_decimal *sum);
enum { GL_DECIMAL_TEXT_BYTES = 24 };
gl_str gl_decimal_format(gl_decimal value, char text[GL_DECIMAL_TEXT_BYTES]);

#endif
