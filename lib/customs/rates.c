/* See rates.h. */
#include "customs/rates.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/yaml.h"
#include "customs/ids.h"

enum { CURRENCY_CHARS = 3, CURRENCY_LIMIT = 1000, VERSION_DIGEST_BYTES = 4 };

typedef struct rate {
    char currency[CURRENCY_CHARS];
    gl_decimal euro;
} rate;

struct gl_rates {
    rate *at; /* by currency */
    size_t count;
    gl_str version;
};

static int by_currency(const void *a, const void *b)
{
    return memcmp(((const rate *)a)->currency, ((const rate *)b)->currency, CURRENCY_CHARS);
}

static bool is_currency(gl_str text)
{
    if (text.len != CURRENCY_CHARS)
        return false;
    for (size_t i = 0; i < CURRENCY_CHARS; i++)
        if (text.ptr[i] < 'A' || text.ptr[i] > 'Z')
            return false;
    return true;
}

static bool read_rate(const char *name, gl_str key, const gl_yaml *node, rate *out, gl_err *err)
{
    if (!is_currency(key))
        return gl_fail(err, GL_FATAL, "rates-currency", "%s: line %d: \"%.*s\" is no ISO 4217 currency code", name,
                       node->line, (int)(key.len > 40 ? 40 : key.len), key.ptr);
    memcpy(out->currency, key.ptr, CURRENCY_CHARS);
    if (node->type != GL_YAML_SCALAR || !gl_decimal_parse(node->text, &out->euro) || out->euro.unscaled <= 0)
        return gl_fail(err, GL_FATAL, "rates-value",
                       "%s: line %d: the rate of %.3s must be a positive decimal number: euro for one unit", name,
                       node->line, out->currency);
    if (memcmp(out->currency, "EUR", CURRENCY_CHARS) == 0)
        return gl_fail(err, GL_FATAL, "rates-value", "%s: line %d: EUR is the base and has no rate", name, node->line);
    return true;
}

/* The date, then a digest of the sorted rates: comments and order do not change it. */
static gl_str version_of(gl_arena *arena, const gl_rates *rates, gl_str date)
{
    gl_buf content = gl_buf_in(arena);
    for (size_t i = 0; i < rates->count; i++) {
        char text[GL_DECIMAL_TEXT_BYTES];
        gl_buf_bytes(&content, rates->at[i].currency, CURRENCY_CHARS);
        gl_buf_str(&content, gl_decimal_format(rates->at[i].euro, text));
        gl_buf_byte(&content, '\n');
    }
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * VERSION_DIGEST_BYTES + 1];
    gl_sha256(gl_buf_view(&content), digest);
    gl_hex(digest, VERSION_DIGEST_BYTES, hex);
    return gl_str_of(gl_arena_printf(arena, "%.*s/%s", GL_STR_ARG(date), hex));
}

static const gl_rates *read_rates(gl_arena *arena, const char *name, const gl_yaml *root, gl_err *err)
{
    static const char *const allowed[] = {"date", "base", "rates", NULL};
    if (root == NULL || !gl_yaml_only(root, name, allowed, err))
        return NULL;
    const gl_yaml *date = gl_yaml_get(root, "date"), *base = gl_yaml_get(root, "base"),
                  *list = gl_yaml_get(root, "rates");
    int32_t days;
    if (date == NULL || date->type != GL_YAML_SCALAR || !gl_date_parse(date->text, &days)) {
        gl_fail(err, GL_FATAL, "rates-date",
                "%s: \"date\" must be the day from which the rates hold, for example 2026-11-02", name);
        return NULL;
    }
    if (base == NULL || base->type != GL_YAML_SCALAR || !gl_str_eqz(base->text, "EUR")) {
        gl_fail(err, GL_FATAL, "rates-base", "%s: \"base\" must be EUR: rates are euro for one unit of the currency",
                name);
        return NULL;
    }
    if (list == NULL || list->type != GL_YAML_MAP || list->count == 0 || list->count > CURRENCY_LIMIT) {
        gl_fail(err, GL_FATAL, "rates-missing", "%s: \"rates\" must be a map of 1 to %d currencies", name,
                CURRENCY_LIMIT);
        return NULL;
    }
    gl_rates *rates = GL_NEW(arena, gl_rates);
    rates->at = GL_NEW_N(arena, rate, list->count);
    rates->count = list->count;
    for (size_t i = 0; i < list->count; i++)
        if (!read_rate(name, list->keys[i], list->items[i], &rates->at[i], err))
            return NULL;
    qsort(rates->at, rates->count, sizeof *rates->at, by_currency);
    rates->version = version_of(arena, rates, date->text);
    return rates;
}

const gl_rates *gl_rates_parse(gl_arena *arena, const char *name, gl_str text, gl_err *err)
{
    return read_rates(arena, name, gl_yaml_parse(arena, name, text, err), err);
}

const gl_rates *gl_rates_load(gl_arena *arena, const char *path, gl_err *err)
{
    return read_rates(arena, path, gl_yaml_load(arena, path, err), err);
}

gl_str gl_rates_version(const gl_rates *rates)
{
    return rates->version;
}

size_t gl_rates_count(const gl_rates *rates)
{
    return rates->count;
}

bool gl_rates_find(const gl_rates *rates, gl_str currency, gl_decimal *euro)
{
    if (!is_currency(currency))
        return false;
    if (gl_str_eqz(currency, "EUR")) {
        *euro = (gl_decimal){1, 0};
        return true;
    }
    rate wanted;
    memcpy(wanted.currency, currency.ptr, CURRENCY_CHARS);
    const rate *found = bsearch(&wanted, rates->at, rates->count, sizeof *rates->at, by_currency);
    if (found == NULL)
        return false;
    *euro = found->euro;
    return true;
}
