/* What is wrong with one declaration, and where in its source each canonical field came from.
 *
 * A reader notes the origin of every field it sets: the address of the field and a node of the source (an XML element
 * or attribute, a JSON value, a cell). Whoever finds an error later (validation) names the field; the report turns it
 * into a pointer that resolves in the source and the value found there. Always holds: at most GL_REPORT_LIMIT errors;
 * the last one says when more were left out; pointers, values and texts live in the arena of the declaration. Thread:
 * as the reader's.
 */
#ifndef GL_INGEST_FORMATS_REPORT_H
#define GL_INGEST_FORMATS_REPORT_H

#include "base/arena.h"
#include "gen/rejection.h"
#include "ingest/formats/canonical.h"

enum { GL_REPORT_LIMIT = 100, GL_REPORT_VALUE_BYTES = 1024 };
/* An INT that was given and could not be read: reported already. */
#define GL_FIELD_INT_BAD INT32_MIN

/* Where the walk through a canonical record is: a field, the field around it, and so on. */
typedef struct gl_path {
    const struct gl_path *parent; /* NULL: the declaration */
    const char *name;             /* field's name; NULL: an element of the list that `parent` names */
    const void *slot;             /* the field's address, or gl_record_slot of the element; NULL: has none */
} gl_path;

/* How a format points into its source. */
typedef struct gl_locator {
    gl_str (*pointer)(const void *source, gl_arena *arena, const void *node);
    gl_str (*value)(const void *source, gl_arena *arena, const void *node); /* {NULL, 0}: it has no text of its own */
    /* May be NULL. The node of a field that was not given but has a fixed place (a cell); NULL: none. */
    const void *(*place)(const void *source, gl_str field);
} gl_locator;

typedef struct gl_origin {
    const void *slot, *node;
} gl_origin;

typedef struct gl_report {
    gl_arena *arena; /* of the declaration */
    const gl_locator *locator;
    const void *source;
    const void *root; /* node of the whole declaration */
    gl_rejection_validation_error *errors;
    size_t error_count, error_capacity;
    bool rejected;
    gl_arena *keep; /* the reader's: `origins` outlives a declaration */
    gl_origin *origins;
    size_t origin_count, origin_capacity;
} gl_report;

enum { GL_REPORT_HINTS = 10 };
/* Is it worth looking for the nearest known name? Only for the first errors: a message of nothing but unknown names
 * must not cost more than one of known ones. */
static inline bool gl_report_wants_hint(const gl_report *report)
{
    return report->error_count < GL_REPORT_HINTS;
}

/* One problem. `code` is a string literal; texts that are NULL are absent. */
typedef struct gl_problem {
    const char *code;
    bool warning;
    const char *allowed, *hint;
    gl_str value; /* instead of the one at the node, when it has a pointer */
} gl_problem;

void gl_report_begin(gl_report *report, gl_arena *arena, const gl_locator *locator, const void *source,
                     const void *root);
void gl_report_origin_grow(gl_report *report);

static inline void gl_report_origin(gl_report *report, const void *slot, const void *node)
{
    if (report->origin_count == report->origin_capacity)
        gl_report_origin_grow(report);
    report->origins[report->origin_count++] = (gl_origin){slot, node};
}

/* An error at a node of the source, of the field at `path` (may be NULL). */
void gl_report_at(gl_report *report, const void *node, const gl_path *path, const gl_problem *problem,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
/* An error of the field at `path`: the node is where it came from, else the nearest one around it. */
void gl_report_field(gl_report *report, const gl_path *path, const gl_problem *problem, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* An error with a ready-made pointer. */
void gl_report_raw(gl_report *report, gl_str pointer, const gl_problem *problem, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The first character of a value and how many there are: what names a person is not repeated. */
gl_str gl_report_masked(gl_arena *arena, gl_str value);
/* Was the field at `slot` set from the source (or by the mapping's constants)? */
bool gl_report_given(const gl_report *report, const void *slot);
/* "items.origin_country_id", in the arena; empty for the declaration itself. */
gl_str gl_path_text(gl_arena *arena, const gl_path *path);

/* The slot of a whole record (or list element): not its own address, which is also its first field's. */
static inline const void *gl_record_slot(const void *record)
{
    return (const char *)record + 1;
}

/* Appends a zeroed element of `bytes` that came from `node`; origins in elements that move, move along. */
void *gl_list_append(gl_report *report, gl_list *list, size_t bytes, const void *node);

/* What a list of records is sorted by. */
typedef gl_str gl_list_key(const void *record);
/* Sorts the list by that text; what has the same stays in its order, and origins in elements move along. `first`: the
 * slot of an origin that was noted before those of the elements; NULL: the first of all. */
void gl_list_sort(gl_report *report, gl_list *list, size_t bytes, gl_list_key *key, const void *first);

/* Sets the field of `record` from text, by its kind (not RECORD, LIST, BOOL); amounts get no currency, measures the
 * unit "KGM". Empty text sets nothing. false: an error was reported. */
bool gl_field_set_text(gl_report *report, const gl_field *field, void *record, gl_str text, const void *node,
                       const gl_path *path);
/* A decimal number with '.': reports invalid-number or out-of-range. */
bool gl_report_decimal(gl_report *report, gl_str text, const void *node, const gl_path *path, int64_t *unscaled,
                       int32_t *scale);

#endif
