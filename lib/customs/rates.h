/* Exchange rates: a dated file with the euro for one unit of each currency.
 *
 * Always holds: rates are positive decimals, one a currency; the version names the date and the content
 * ("2026-11-02/1f3a..."), so two files with the same rates have the same version.
 */
#ifndef GL_CUSTOMS_RATES_H
#define GL_CUSTOMS_RATES_H

#include "base/arena.h"
#include "base/err.h"
#include "customs/money.h"

typedef struct gl_rates gl_rates;

/* Errors (GL_FATAL): rates-date, rates-base, rates-currency, rates-value, rates-duplicate, rates-missing, yaml-... */
const gl_rates *gl_rates_parse(gl_arena *arena, const char *name, gl_str text, gl_err *err);
const gl_rates *gl_rates_load(gl_arena *arena, const char *path, gl_err *err);
gl_str gl_rates_version(const gl_rates *rates);
size_t gl_rates_count(const gl_rates *rates);
/* Euro for one unit; false when the file does not have the currency. EUR itself is always 1. */
bool gl_rates_find(const gl_rates *rates, gl_str currency, gl_decimal *euro);

#endif
