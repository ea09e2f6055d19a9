/* CSV mappings: which column is which canonical field, from config/mappings/<profile>.yaml (docs/FORMATS.md).
 *
 * Always holds: a loaded mapping is complete and right: every field exists, no column is named twice, every constant
 * can be set. It never changes and may be shared. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_CSV_MAPPING_H
#define GL_INGEST_FORMATS_CSV_MAPPING_H

#include "ingest/formats/canonical.h"
#include "ingest/formats/reader.h"

enum { GL_MAPPING_LIMIT_COLUMNS = 256, GL_MAPPING_LIMIT_STEPS = 4, GL_MAPPING_LIMIT_TARGETS = 8 };

/* One step from a record to one inside it. */
typedef struct gl_step {
    const gl_field *field; /* RECORD or LIST */
    int key;               /* LIST keyed by an enum (a party's role, a document's kind): its value; else -1 */
    gl_str code;  /* with `key`: the party's role code or document's type code, or {NULL, 0}; attributes: the type */
    size_t index; /* LIST without key: which element, from 0 */
} gl_step;

/* A canonical field and the way to it. */
typedef struct gl_target {
    gl_str name;       /* as the mapping writes it: "parties.IMPORTER.id" */
    gl_str field_path; /* as errors name it: "parties.id" */
    bool item;         /* from the row's item, else from the declaration */
    gl_step steps[GL_MAPPING_LIMIT_STEPS];
    size_t step_count;
    const gl_field *field; /* what is set; an AMOUNT or MEASURE with `part`: its currency or unit */
    bool part;
} gl_target;

typedef struct gl_column {
    gl_str name;
    gl_target *targets;
    size_t target_count;
    bool required, optional, upper, decimal_comma;
    gl_str fallback;    /* for an empty cell, or {NULL, 0} */
    gl_str unit;        /* currency or unit constant, or {NULL, 0} */
    char split;         /* 0: not a list */
    gl_str date_format; /* "DD.MM.YYYY"; {NULL, 0}: ISO 8601 */
    gl_str *from, *to;  /* values replaced */
    size_t value_count;
} gl_column;

typedef struct gl_constant {
    gl_target target;
    gl_str value;
} gl_constant;

typedef struct gl_mapping {
    gl_str name, profile; /* "kcs", "kcs@1" */
    char delimiter;
    gl_str sheet; /* of a workbook; {NULL, 0}: the first one */
    bool latin1, group;
    gl_column *columns;
    size_t column_count;
    gl_constant *constants;
    size_t constant_count;
    gl_str *ignored;
    size_t ignored_count;
    gl_str lrn[8]; /* columns of the LRN */
    size_t lrn_count;
    gl_str lrn_separator;
} gl_mapping;

/* Parses the text of a mapping. NULL and `err` (GL_FATAL: mapping-..., yaml-...) when it is wrong; messages name file
 * and line. */
gl_mapping *gl_mapping_parse(gl_arena *arena, const char *name, gl_str text, gl_err *err);
/* Errors (GL_DEAD_LETTER): intake-profile-required, intake-profile-unknown (naming those that exist). */
const gl_mapping *gl_mappings_find(const gl_mappings *mappings, gl_str profile, gl_err *err);

#endif
