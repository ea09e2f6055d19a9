/* The canonical declaration as a table: name, kind, place in memory and form of every field that a message can set.
 *
 * The table drives our JSON (in and out), the field names of CSV mappings, the targets of the WCO mapping, validation's
 * walk and the field list of docs/FORMATS.md; a test compares it with schemas/sections/declaration.avsc.
 * Always holds: `offset` and `kind` describe the generated struct (gen/declaration.h).
 * Thread: any; the tables are constant.
 */
#ifndef GL_INGEST_FORMATS_CANONICAL_H
#define GL_INGEST_FORMATS_CANONICAL_H

#include "base/buf.h"
#include "gen/declaration.h"

typedef enum gl_field_kind {
    GL_FIELD_TEXT,    /* gl_str */
    GL_FIELD_TEXTS,   /* list of gl_str */
    GL_FIELD_BOOL,    /* bool */
    GL_FIELD_INT,     /* int32_t, 0: not given */
    GL_FIELD_OPT_INT, /* gl_opt_i32 */
    GL_FIELD_DATE,    /* gl_opt_i32: days */
    GL_FIELD_INSTANT, /* gl_opt_i64: microseconds, UTC */
    GL_FIELD_ENUM,    /* an enum of the schema */
    GL_FIELD_DECIMAL, /* gl_declaration_decimal * */
    GL_FIELD_AMOUNT,  /* gl_declaration_amount * */
    GL_FIELD_MEASURE, /* gl_declaration_measure * */
    GL_FIELD_RECORD,  /* pointer to a record of `shape` */
    GL_FIELD_LIST,    /* list of records of `shape` */
} gl_field_kind;

/* What a text must look like, beyond its length. */
typedef enum gl_form {
    GL_FORM_ANY,
    GL_FORM_LRN,       /* printable */
    GL_FORM_TYPE_CODE, /* two or three capital letters */
    GL_FORM_COUNTRY,   /* two capital letters, ISO 3166 */
    GL_FORM_COMMODITY, /* 6 to 10 digits */
    GL_FORM_FORMS
} gl_form;

typedef struct gl_shape gl_shape;

typedef struct gl_field {
    const char *name;
    size_t name_len;
    gl_field_kind kind;
    size_t offset;
    int limit;                /* TEXT, TEXTS: most characters */
    gl_form form;             /* TEXT */
    bool required;            /* our JSON must give it */
    const gl_shape *shape;    /* RECORD, LIST */
    const char *const *names; /* ENUM: in the order of its values, NULL-terminated */
    const char *unit;         /* MEASURE: the unit when the source names none; NULL: then it is empty */
    const char *help;
} gl_field;

struct gl_shape {
    const char *name;
    size_t bytes;
    const gl_field *fields;
    size_t count;
};

extern const gl_shape gl_shape_declaration, gl_shape_item, gl_shape_party, gl_shape_document, gl_shape_attribute,
    gl_shape_duty_tax_fee, gl_shape_packaging, gl_shape_additional_information, gl_shape_classification,
    gl_shape_valuation_adjustment, gl_shape_transport_means, gl_shape_goods_location, gl_shape_trade_terms,
    gl_shape_entry_summary;

/* All of them, the declaration first; NULL-terminated. */
extern const gl_shape *const gl_canonical_shapes[];

/* Every list of the generated code is {T *at; size_t count;}. */
typedef struct __attribute__((may_alias)) gl_list {
    void *at;
    size_t count;
} gl_list;
/* A field that is a pointer to a record, whatever the record. */
typedef void *gl_record_pointer __attribute__((may_alias));

/* NULL when the shape has no such field. */
const gl_field *gl_shape_field(const gl_shape *shape, gl_str name);
/* The field's name that is nearest to `name`, or NULL. */
const char *gl_shape_nearest(const gl_shape *shape, gl_str name);
/* Has the field at `slot` its value of "not given"? An enum never has. */
bool gl_field_blank(const gl_field *field, const void *slot);
/* "text", "a whole number", "an amount (\"12.50 EUR\")": for messages and documentation. */
const char *gl_field_kind_text(gl_field_kind kind);
/* Index of `text` in `names`, -1 when it is none of them. */
int gl_names_index(const char *const *names, gl_str text);

/* Is it an ISO 4217 code in use (or recently so: notes linger)? */
bool gl_currency_known(gl_str code);

/* Appends the declaration as our JSON (docs/FORMATS.md): what the reader reads back to the same content. */
void gl_canonical_json(gl_buf *buf, const gl_declaration *declaration);
/* Appends the value of a field that is given, as JSON. */
void gl_canonical_value(gl_buf *buf, const gl_field *field, const void *slot);
/* The field list of docs/FORMATS.md: one Markdown table a record. */
void gl_canonical_document(gl_buf *buf);

#endif
