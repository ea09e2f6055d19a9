/* What the risk model sees of a goods item: the C half of training/risk/features.py.
 *
 * models/risk/features.tsv is the one table of both halves; models/risk/golden.tsv proves that they agree bit for bit.
 * Always holds: the same inputs give the same float bits on every machine (IEEE 754 doubles, one rounding to float);
 * NaN is missing; empty text and white space are missing; a text that training never saw is hashed like any other.
 * Thread: any (a table is read-only once made). Locks: none.
 */
#ifndef GL_RISK_FEATURES_H
#define GL_RISK_FEATURES_H

#include "base/err.h"
#include "base/str.h"
#include "gen/declaration.h"

typedef enum gl_risk_input {
    GL_RISK_COMMODITY_CODE,   /* first six digits of the item's declared code */
    GL_RISK_DISPATCH_COUNTRY, /* of the item, else the declaration's country of dispatch */
    GL_RISK_ORIGIN_COUNTRY,   /* of the item, else its preferential origin */
    GL_RISK_TAX_TYPE,         /* type of the item's first duty, tax or fee that has one */
    GL_RISK_TAX_RATE,         /* percent; of its first duty, tax or fee that has one */
    GL_RISK_NET_MASS,         /* kilograms; missing in any other unit */
    GL_RISK_ITEM_PRICE,       /* item charge amount in KRW, or in no named currency; missing in any other */
    GL_RISK_INPUT_COUNT,
} gl_risk_input;

typedef struct gl_risk_inputs {
    gl_str text[GL_RISK_TAX_TYPE + 1];  /* trimmed; {NULL, 0} is missing */
    double number[GL_RISK_INPUT_COUNT]; /* NaN is missing; of the texts only the commodity code has one */
} gl_risk_inputs;

enum { GL_FEATURE_LIMIT = 64, GL_FEATURE_NAME_BYTES = 32, GL_FEATURE_LABEL_BYTES = 64 };

typedef struct gl_feature_table gl_feature_table;

/* The table of `text` (lines of name, kind, inputs and label, separated by tabs). `name` is put into messages.
 * Errors (GL_FATAL): features-invalid, features-unreadable. NULL with `err`. */
gl_feature_table *gl_feature_table_parse(const char *name, gl_str text, gl_err *err);
gl_feature_table *gl_feature_table_load(const char *path, gl_err *err);
void gl_feature_table_destroy(gl_feature_table *table);

size_t gl_feature_count(const gl_feature_table *table);
const char *gl_feature_name(const gl_feature_table *table, size_t at);
/* What people read. Several features share one when they are made of the same thing. */
const char *gl_feature_label(const gl_feature_table *table, size_t at);
/* "features-" and 16 hex digits of the file's SHA-256: names the set in records. */
const char *gl_feature_table_version(const gl_feature_table *table);
/* The value behind a feature for people ("392690, A"), from the inputs; at most `size` bytes with the NUL. */
void gl_feature_describe(const gl_feature_table *table, size_t at, const gl_risk_inputs *inputs, char *out,
                         size_t size);

/* Inputs of an item. Slices point into the declaration. */
void gl_risk_inputs_of(const gl_declaration *decl, const gl_declaration_goods_item *item, gl_risk_inputs *inputs);
/* "commodity_code", "item_price", ... */
const char *gl_risk_input_name(gl_risk_input input);
bool gl_risk_input_missing(const gl_risk_inputs *inputs, gl_risk_input input);
size_t gl_risk_missing_count(const gl_risk_inputs *inputs);
/* Is a score of these inputs worth anything? Not when most of them are missing. */
bool gl_risk_inside_domain(const gl_risk_inputs *inputs);
/* Fills `row` with gl_feature_count() values. */
void gl_features_compute(const gl_feature_table *table, const gl_risk_inputs *inputs, float *row);

#endif
