/* What a tariff says is to be paid, read from the words of the tariff: "12.0%", "Free", "10.00% + 77.00 GBP/100kg",
 * "1¢/kg".
 *
 * Always holds: what is computed is all that the expression says; one that says more than shares of the value and
 * amounts by quantity (limits, seasons, other duties, parts of the goods) stays words. Shares are exact: whole parts
 * per million. Thread: any. Locks: none.
 */
#ifndef GL_CUSTOMS_DUTY_H
#define GL_CUSTOMS_DUTY_H

#include "customs/money.h"

enum { GL_DUTY_LIMIT_TERMS = 3, GL_DUTY_LIMIT_PPM = 20000000, GL_DUTY_CURRENCY_CHARS = 3 };

typedef enum gl_duty_kind {
    GL_DUTY_NONE,       /* no rate is given */
    GL_DUTY_AD_VALOREM, /* a share of the value; 0: free */
    GL_DUTY_SPECIFIC,   /* amounts by quantity, also beside a share of the value */
    GL_DUTY_TEXT,       /* words that are not computed */
    GL_DUTY_KINDS
} gl_duty_kind;

/* So much for each `per` of `unit`: 77.00 GBP for each 100 kg. */
typedef struct gl_duty_term {
    gl_decimal amount, per;
    char currency[GL_DUTY_CURRENCY_CHARS + 1];
    gl_str unit; /* as it is written: "kg", "hl", "each", "kg on lead content" */
} gl_duty_term;

typedef struct gl_duty {
    gl_duty_kind kind;
    int32_t ad_valorem_ppm; /* of the value; AD_VALOREM, SPECIFIC */
    gl_duty_term terms[GL_DUTY_LIMIT_TERMS];
    size_t term_count;
} gl_duty;

/* `text` is well-formed UTF-8; units are slices of it. */
gl_duty gl_duty_parse(gl_str text);
/* "ad-valorem", "specific", "text", "none". */
const char *gl_duty_kind_name(gl_duty_kind kind);

/* Goods to be paid for. */
typedef struct gl_duty_base {
    gl_decimal value;
    char currency[GL_DUTY_CURRENCY_CHARS + 1];
    bool has_mass;
    gl_decimal net_mass_kg;
} gl_duty_base;

/* Amount (a decimal, not negative) and currency (three capital letters) out of somebody's texts; false: they are not.
 */
bool gl_duty_base_read(gl_duty_base *base, gl_str amount, gl_str currency);
/* The same of an amount that was read already, also out of somebody's record: any scale. */
bool gl_duty_base_put(gl_duty_base *base, gl_decimal amount, gl_str currency);
/* Kilograms, a decimal that is not negative. */
bool gl_duty_base_weigh(gl_duty_base *base, gl_str net_mass_kg);
bool gl_duty_base_put_mass(gl_duty_base *base, gl_decimal net_mass_kg);

/* The duty in the value's currency, rounded to `scale` decimals, half away from zero. False: it cannot be told, for the
 * rate is words, or counts what is not known here (anything but mass), or is in another currency. */
bool gl_duty_compute(const gl_duty *duty, const gl_duty_base *base, int32_t scale, gl_decimal *amount);

#endif
