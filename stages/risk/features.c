/* See features.h. Hashes are FNV-1a 64 finished by MurmurHash3's fmix64, of which the top 24 bits are exact in a float.
 */
#include "risk/features.h"

#include "base/buf.h"
#include "customs/ids.h"
#include "customs/money.h"
#include "risk/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum kind { NUMBER, HASH, RATIO } kind;

enum { SOURCES_LIMIT = GL_RISK_INPUT_COUNT, COLUMNS = 4, TABLE_LIMIT_BYTES = 64 * 1024, CODE_DIGITS = 6 };

typedef struct feature {
    char name[GL_FEATURE_NAME_BYTES];
    char label[GL_FEATURE_LABEL_BYTES];
    kind kind;
    gl_risk_input sources[SOURCES_LIMIT];
    size_t source_count;
    uint64_t seed; /* HASH: state after the name */
} feature;

struct gl_feature_table {
    feature features[GL_FEATURE_LIMIT];
    size_t count;
    char version[sizeof "features-" + 16];
};

static const char *const input_names[GL_RISK_INPUT_COUNT + 1] = {
    "commodity_code", "dispatch_country", "origin_country", "tax_type", "tax_rate", "net_mass", "item_price", NULL};
static const char *const kind_names[] = {"number", "hash", "ratio", NULL};

static uint64_t fnv(uint64_t state, gl_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        state = (state ^ (uint8_t)bytes.ptr[i]) * UINT64_C(0x100000001b3);
    return state;
}

static uint64_t fmix64(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

/* Cuts the next field up to `separator` off the front of `*rest`; false at the end. */
static bool cut(gl_str *rest, char separator, gl_str *field)
{
    if (rest->ptr == NULL)
        return false;
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, separator, rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    *field = (gl_str){rest->ptr, len};
    *rest = end == NULL ? (gl_str){NULL, 0} : (gl_str){end + 1, rest->len - len - 1};
    return true;
}

static int index_of(gl_str name, const char *const *names)
{
    for (int i = 0; names[i] != NULL; i++)
        if (gl_str_eqz(name, names[i]))
            return i;
    return -1;
}

static bool copy_text(char *out, size_t size, gl_str text)
{
    if (text.len == 0 || text.len >= size || memchr(text.ptr, '\0', text.len) != NULL || !gl_str_is_utf8(text, NULL))
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static bool parse_sources(feature *f, gl_str list)
{
    gl_str source;
    while (cut(&list, ',', &source)) {
        int input = index_of(source, input_names);
        if (input < 0 || f->source_count == SOURCES_LIMIT)
            return false;
        f->sources[f->source_count++] = (gl_risk_input)input;
    }
    return f->source_count > 0;
}

/* Only texts are hashed, only numbers are numbers, and a ratio is of two. */
static bool sources_fit(const feature *f)
{
    if (f->kind == NUMBER && f->source_count != 1)
        return false;
    if (f->kind == RATIO && f->source_count != 2)
        return false;
    for (size_t i = 0; i < f->source_count; i++) {
        gl_risk_input input = f->sources[i];
        bool is_text = input <= GL_RISK_TAX_TYPE, is_number = !is_text || input == GL_RISK_COMMODITY_CODE;
        if (f->kind == HASH ? !is_text : !is_number)
            return false;
    }
    return true;
}

static bool parse_feature(feature *f, gl_str line)
{
    gl_str columns[COLUMNS], extra;
    for (size_t i = 0; i < COLUMNS; i++)
        if (!cut(&line, '\t', &columns[i]))
            return false;
    int found = index_of(columns[1], kind_names);
    if (cut(&line, '\t', &extra) || found < 0 || !copy_text(f->name, sizeof f->name, columns[0]) ||
        !parse_sources(f, columns[2]) || !copy_text(f->label, sizeof f->label, columns[3]))
        return false;
    f->kind = (kind)found;
    f->seed = fnv(UINT64_C(0xcbf29ce484222325), columns[0]);
    return sources_fit(f);
}

static bool is_repeated(const gl_feature_table *table, const feature *f)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->features[i].name, f->name) == 0)
            return true;
    return false;
}

static bool parse_lines(gl_feature_table *table, const char *name, gl_str text, gl_err *err)
{
    gl_str line;
    for (int number = 1; cut(&text, '\n', &line); number++) {
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        feature *f = &table->features[table->count];
        if (table->count == GL_FEATURE_LIMIT)
            return gl_fail(err, GL_FATAL, "features-invalid", "%s: line %d: more than %d features", name, number,
                           GL_FEATURE_LIMIT);
        *f = (feature){0};
        if (!parse_feature(f, line) || is_repeated(table, f))
            return gl_fail(err, GL_FATAL, "features-invalid",
                           "%s: line %d: expected a new name, kind (number, hash, ratio), inputs that fit and label",
                           name, number);
        table->count++;
    }
    return table->count > 0 || gl_fail(err, GL_FATAL, "features-invalid", "%s: no feature", name);
}

gl_feature_table *gl_feature_table_parse(const char *name, gl_str text, gl_err *err)
{
    gl_feature_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        abort();
    if (text.len > TABLE_LIMIT_BYTES) {
        gl_fail(err, GL_FATAL, "features-invalid", "%s: larger than %d bytes", name, TABLE_LIMIT_BYTES);
    } else if (parse_lines(table, name, text, err)) {
        gl_risk_name_version("features-", text, table->version, sizeof table->version);
        return table;
    }
    gl_feature_table_destroy(table);
    return NULL;
}

gl_feature_table *gl_feature_table_load(const char *path, gl_err *err)
{
    gl_buf text = {0};
    gl_feature_table *table = NULL;
    if (gl_risk_read_file(path, TABLE_LIMIT_BYTES, &text, err))
        table = gl_feature_table_parse(path, gl_buf_view(&text), err);
    gl_buf_free(&text);
    return table;
}

void gl_feature_table_destroy(gl_feature_table *table)
{
    free(table);
}

size_t gl_feature_count(const gl_feature_table *table)
{
    return table->count;
}

const char *gl_feature_name(const gl_feature_table *table, size_t at)
{
    return table->features[at].name;
}

const char *gl_feature_label(const gl_feature_table *table, size_t at)
{
    return table->features[at].label;
}

const char *gl_feature_table_version(const gl_feature_table *table)
{
    return table->version;
}

static gl_str present_text(gl_str text)
{
    gl_str trimmed = gl_str_trim(text);
    return trimmed.len == 0 ? (gl_str){NULL, 0} : trimmed;
}

static gl_str first_text(gl_str first, gl_str otherwise)
{
    gl_str text = present_text(first);
    return text.len > 0 ? text : present_text(otherwise);
}

static gl_str code_of(gl_str declared)
{
    gl_str code = gl_str_trim(declared);
    if (code.len < CODE_DIGITS)
        return (gl_str){NULL, 0};
    code.len = CODE_DIGITS;
    for (size_t i = 0; i < CODE_DIGITS; i++)
        if (code.ptr[i] < '0' || code.ptr[i] > '9')
            return (gl_str){NULL, 0};
    return code;
}

static double code_number(gl_str code)
{
    uint64_t value;
    return gl_str_to_u64(code, 999999, &value) ? (double)value : NAN;
}

/* A scale that no writer of ours makes would index out of the powers of ten: the number is missing then. */
static double decimal_number(int64_t unscaled, int32_t scale)
{
    return scale < 0 || scale > 18 ? NAN : gl_decimal_double((gl_decimal){unscaled, scale});
}

static double mass_of(const gl_declaration_measure *mass)
{
    if (mass == NULL || !(mass->unit_code.len == 0 || gl_str_eqz(mass->unit_code, "KGM")))
        return NAN;
    return decimal_number(mass->unscaled, mass->scale);
}

static double price_of(const gl_declaration_amount *price)
{
    if (price == NULL || !(price->currency_code.len == 0 || gl_str_eqz(price->currency_code, "KRW")))
        return NAN;
    return decimal_number(price->unscaled, price->scale);
}

static void read_taxes(const gl_declaration_goods_item *item, gl_risk_inputs *inputs)
{
    bool have_rate = false;
    for (size_t i = 0; i < item->duty_tax_fees.count; i++) {
        const gl_declaration_duty_tax_fee *fee = &item->duty_tax_fees.at[i];
        if (inputs->text[GL_RISK_TAX_TYPE].len == 0)
            inputs->text[GL_RISK_TAX_TYPE] = present_text(fee->type_code);
        if (!have_rate && fee->tax_rate_percent != NULL) {
            inputs->number[GL_RISK_TAX_RATE] =
                decimal_number(fee->tax_rate_percent->unscaled, fee->tax_rate_percent->scale);
            have_rate = true;
        }
    }
}

void gl_risk_inputs_of(const gl_declaration *decl, const gl_declaration_goods_item *item, gl_risk_inputs *inputs)
{
    *inputs = (gl_risk_inputs){0};
    for (size_t i = 0; i < GL_RISK_INPUT_COUNT; i++)
        inputs->number[i] = NAN;
    inputs->text[GL_RISK_COMMODITY_CODE] = code_of(item->commodity_code);
    inputs->number[GL_RISK_COMMODITY_CODE] = code_number(inputs->text[GL_RISK_COMMODITY_CODE]);
    inputs->text[GL_RISK_DISPATCH_COUNTRY] = first_text(item->dispatch_country_id, decl->export_country_id);
    inputs->text[GL_RISK_ORIGIN_COUNTRY] = first_text(item->origin_country_id, item->preferential_origin_id);
    inputs->number[GL_RISK_NET_MASS] = mass_of(item->net_mass);
    inputs->number[GL_RISK_ITEM_PRICE] = price_of(item->item_charge_amount);
    read_taxes(item, inputs);
}

const char *gl_risk_input_name(gl_risk_input input)
{
    return input_names[input];
}

bool gl_risk_input_missing(const gl_risk_inputs *inputs, gl_risk_input input)
{
    return input <= GL_RISK_TAX_TYPE ? inputs->text[input].len == 0 : isnan(inputs->number[input]) != 0;
}

size_t gl_risk_missing_count(const gl_risk_inputs *inputs)
{
    size_t count = 0;
    for (int input = 0; input < GL_RISK_INPUT_COUNT; input++)
        count += gl_risk_input_missing(inputs, (gl_risk_input)input);
    return count;
}

bool gl_risk_inside_domain(const gl_risk_inputs *inputs)
{
    return gl_risk_missing_count(inputs) * 2 <= GL_RISK_INPUT_COUNT;
}

static float hash_feature(const feature *f, const gl_risk_inputs *inputs)
{
    uint64_t state = f->seed;
    for (size_t i = 0; i < f->source_count; i++) {
        gl_str text = inputs->text[f->sources[i]];
        if (text.len == 0)
            return NAN;
        state = fnv(fnv(state, GL_STR("\x1f")), text);
    }
    return (float)(fmix64(state) >> 40);
}

static float ratio_feature(const feature *f, const gl_risk_inputs *inputs)
{
    double above = inputs->number[f->sources[0]], below = inputs->number[f->sources[1]];
    return below == 0 ? NAN : (float)(above / below);
}

void gl_features_compute(const gl_feature_table *table, const gl_risk_inputs *inputs, float *row)
{
    for (size_t i = 0; i < table->count; i++) {
        const feature *f = &table->features[i];
        if (f->kind == HASH)
            row[i] = hash_feature(f, inputs);
        else if (f->kind == RATIO)
            row[i] = ratio_feature(f, inputs);
        else
            row[i] = (float)inputs->number[f->sources[0]];
    }
}

static void describe_input(gl_risk_input input, const gl_risk_inputs *inputs, char *out, size_t size)
{
    if (gl_risk_input_missing(inputs, input))
        snprintf(out, size, "missing");
    else if (input <= GL_RISK_TAX_TYPE)
        snprintf(out, size, "%.*s", GL_STR_ARG(inputs->text[input]));
    else
        snprintf(out, size, "%.10g", inputs->number[input]);
}

void gl_feature_describe(const gl_feature_table *table, size_t at, const gl_risk_inputs *inputs, char *out, size_t size)
{
    const feature *f = &table->features[at];
    size_t used = 0;
    if (f->kind == RATIO) {
        float value = ratio_feature(f, inputs);
        snprintf(out, size, isnan(value) ? "missing" : "%.4g", (double)value);
        return;
    }
    out[0] = '\0';
    for (size_t i = 0; i < f->source_count && used + 1 < size; i++) {
        char one[48];
        describe_input(f->sources[i], inputs, one, sizeof one);
        int wrote = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", one);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}
