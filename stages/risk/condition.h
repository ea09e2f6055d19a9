/* Conditions of criteria, compiled: what criteria.c reads and condition.c asks of a declaration.
 *
 * Always holds: a condition asks only what its field's kind can answer; a field without a value makes a comparison
 * false ("not" of it true).
 */
#ifndef GL_RISK_CONDITION_H
#define GL_RISK_CONDITION_H

#include "base/yaml.h"
#include "risk/fields.h"
#include "risk/lists.h"

typedef enum gl_condition_op {
    GL_OP_ALL,
    GL_OP_ANY,
    GL_OP_NOT,
    GL_OP_IS,
    GL_OP_STARTS,
    GL_OP_IN,
    GL_OP_ABOVE,
    GL_OP_BELOW,
    GL_OP_MISSING,
} gl_condition_op;

/* A bound; of an amount or a price, in one currency ("none": the source names none). */
typedef struct gl_bound {
    gl_str currency;
    gl_decimal value;
} gl_bound;

typedef struct gl_condition {
    gl_condition_op op;
    struct gl_condition **parts; /* ALL, ANY: at least one; NOT: one */
    const gl_field *field;       /* the others */
    gl_str *texts;               /* IS, STARTS */
    const gl_list *list;         /* IN */
    gl_bound *bounds;            /* ABOVE, BELOW */
    bool missing;                /* MISSING: asked for or against */
    size_t count;                /* of parts, texts or bounds */
} gl_condition;

/* What is read from, into and with. */
typedef struct gl_condition_reader {
    const char *name; /* of the file, for messages */
    gl_arena *arena;
    const gl_lists *lists;
    bool of_item, of_classification; /* a field of that sort was read */
} gl_condition_reader;

/* NULL with `err` (criteria-invalid, yaml-unknown-key: GL_FATAL). */
gl_condition *gl_condition_read(gl_condition_reader *reader, const gl_yaml *node, int depth, gl_err *err);

/* The first value that made a condition true. */
typedef struct gl_match {
    gl_fact fact;
    const gl_list *list; /* that it is in, or NULL */
    gl_field_kind kind;
    bool found;
} gl_match;

/* `item`: index, when the reader met fields of items. `match` keeps the first value that counted. */
bool gl_condition_holds(const gl_condition *condition, const gl_subject *subject, size_t item, gl_match *match);

#endif
