/* Fields of a declaration by name, and their values with where each is: what rules ask about.
 *
 * "invoice_amount" and "parties.id" start at the declaration; "items.gross_mass" is that of any item, "item.gross_mass"
 * that of the item in question; "invoice_amount.currency" and "item.net_mass.unit" are the texts beside a number;
 * "sum(items.item_charge_amount)" and "count(items)" are one number. Lists give one value an element. Always holds: a
 * field that is not given has no value. Thread: any (read-only once parsed). Locks: none.
 */
#ifndef GL_INGEST_CHECKS_PATH_H
#define GL_INGEST_CHECKS_PATH_H

#include "base/yaml.h"
#include "customs/money.h"
#include "customs/rates.h"
#include "ingest/formats/report.h"

typedef struct gl_field_path gl_field_path;

typedef enum gl_value_kind {
    GL_VALUE_TEXT,
    GL_VALUE_NUMBER,
    GL_VALUE_AMOUNT,
    GL_VALUE_MEASURE,
    GL_VALUE_DAY
} gl_value_kind;

typedef struct gl_value {
    gl_value_kind kind;
    gl_str text;       /* TEXT; an enum's name; "true" or "false" */
    gl_decimal number; /* NUMBER, AMOUNT, MEASURE */
    gl_str unit;       /* AMOUNT: the currency; MEASURE: the unit */
    int32_t day;       /* DAY: since 1970 */
} gl_value;

/* What is asked about. */
typedef struct gl_checked {
    const gl_declaration *declaration;
    const gl_declaration_goods_item *item; /* NULL: no item in particular */
    const gl_rates *rates;                 /* NULL: amounts of different currencies are not compared */
    int32_t day;                           /* today */
} gl_checked;

/* `where` (may be NULL): a map of fields of the path's last list and the texts they may have. Everything in `arena`.
 * Errors (GL_FATAL): rules-invalid, with `name` and the line. */
const gl_field_path *gl_field_path_read(gl_arena *arena, const char *name, const gl_yaml *node, const gl_yaml *where,
                                        gl_err *err);
bool gl_field_path_of_item(const gl_field_path *path);
/* A sum or a count: it has no place of its own. */
bool gl_field_path_is_computed(const gl_field_path *path);
/* Of the values that it can have. */
gl_value_kind gl_field_path_kind(const gl_field_path *path);
gl_str gl_field_path_name(const gl_field_path *path);

/* Calls `each` for each value until it returns false; false when it did. */
typedef bool gl_value_fn(void *context, const gl_value *value, const gl_path *place);
bool gl_field_path_each(const gl_field_path *path, const gl_checked *checked, gl_value_fn *each, void *context);
/* Is the place below of a list? That there is one says nothing about what it holds. */
bool gl_field_path_stops_at_list(const gl_field_path *path);
/* Calls `each` once with where the value should be: the field, or the first list on the way to it. */
void gl_field_path_place(const gl_field_path *path, const gl_checked *checked,
                         void (*each)(void *context, const gl_path *place), void *context);

/* -1, 0, 1 in `*order`; false when the two cannot be compared: other kinds or units, no rate for a currency. */
bool gl_value_compare(const gl_value *a, const gl_value *b, const gl_rates *rates, int *order);
/* "167.20 EUR", in `arena`. */
const char *gl_value_text(gl_arena *arena, const gl_value *value);

#endif
