/* What criteria can ask about: named fields of a declaration and its classification, and the values a declaration has
 * for them.
 *
 * Always holds: a field that a declaration lacks has no values; a field of parties, documents or attributes has one
 * value for each that is there, with no limit, so that nothing escapes by its place in the message; each value knows
 * the canonical field it stands in. Thread: any (the table is constant). Locks: none.
 */
#ifndef GL_RISK_FIELDS_H
#define GL_RISK_FIELDS_H

#include "base/arena.h"
#include "customs/money.h"
#include "gen/classification.h"
#include "gen/declaration.h"

typedef enum gl_field_kind {
    GL_FIELD_TEXT,
    GL_FIELD_AMOUNT, /* a decimal in a currency */
    GL_FIELD_PRICE,  /* an amount per kilogram: number / divisor, never divided */
    GL_FIELD_MASS,   /* kilograms */
    GL_FIELD_NUMBER,
} gl_field_kind;

/* Where a value stands: "/items/2/parties/0/id". */
typedef struct gl_place {
    int item;          /* index, -1: of the whole declaration */
    const char *array; /* NULL: the leaf is no element of an array */
    size_t index;
    const char *leaf; /* NULL: the element itself */
} gl_place;

typedef struct gl_fact {
    gl_str text; /* TEXT */
    gl_decimal number, divisor;
    gl_str currency; /* AMOUNT, PRICE; empty when the source names none */
    gl_place place;
} gl_fact;

/* What is asked about. `classification` may be NULL. */
typedef struct gl_subject {
    const gl_declaration *decl;
    const gl_classification *classification;
    int64_t now_us;
} gl_subject;

typedef struct gl_field gl_field;

/* NULL when there is none of that name; `nearest` (may be NULL) then gets the nearest one, or NULL. `attribute.TYPE`
 * and `item.attribute.TYPE` are known for every TYPE and are made in `arena`. */
const gl_field *gl_field_find(gl_arena *arena, gl_str name, const char **nearest);
const char *gl_field_name(const gl_field *field);
gl_field_kind gl_field_kind_of(const gl_field *field);
/* Its values are an item's: asked once for each item. */
bool gl_field_of_item(const gl_field *field);
bool gl_field_of_classification(const gl_field *field);
/* The table, for documentation and tests: NULL after the last. */
const gl_field *gl_field_at(size_t at);
const char *gl_field_help(const gl_field *field);

typedef bool gl_fact_fn(void *context, const gl_fact *fact);
/* Calls `each` for every value, until it returns true; returns whether it did. `item`: index, for fields of items. */
bool gl_field_any(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context);

/* The place as a JSON pointer into the canonical declaration, in `arena`. */
gl_str gl_place_pointer(gl_arena *arena, const gl_place *place);

#endif
