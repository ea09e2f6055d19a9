/* Code lists: which codes a field may hold, from when and until when. One YAML file each (config/code_lists).
 *
 * A list names the canonical fields that it is about ("item.origin_country_id": record and field as docs/FORMATS.md has
 * them; "amount.currency" and "measure.unit" for all amounts and measures). Always holds: a field has one list at most;
 * codes are compared as they are. Thread: any (read-only once loaded). Locks: none.
 */
#ifndef GL_INGEST_CHECKS_CODE_LIST_H
#define GL_INGEST_CHECKS_CODE_LIST_H

#include "base/arena.h"
#include "base/err.h"
#include "ingest/formats/canonical.h"

typedef struct gl_code_lists gl_code_lists;

typedef struct gl_code_list {
    gl_str name, source, version;
    bool warning; /* what a code that is not in it is; else an error */
    gl_str not_for,
        warning_for; /* data sets, parted by spaces, whose codes are others; whose other codes are warnings */
    size_t code_count;
    uint8_t digest[32]; /* SHA-256 of the file */
    struct gl_code_slot *slots;
    size_t slot_count;
} gl_code_list;

typedef enum gl_code_standing { GL_CODE_VALID, GL_CODE_UNKNOWN, GL_CODE_NOT_YET, GL_CODE_NO_LONGER } gl_code_standing;

typedef struct gl_code_answer {
    gl_code_standing standing;
    int32_t from, until; /* days since 1970, INT32_MIN and INT32_MAX when open */
    gl_str instead;      /* the code that is meant, or {NULL, 0} */
} gl_code_answer;

enum { GL_CODE_LISTS_LIMIT = 64, GL_CODE_BYTES = 64 };

/* Lists and everything they hold live in `arena`. */
gl_code_lists *gl_code_lists_new(gl_arena *arena);
/* Adds the list that `yaml` describes; `name` is put into messages. Errors (GL_FATAL): code-list-invalid, yaml-... */
bool gl_code_lists_add(gl_code_lists *lists, const char *name, gl_str yaml, gl_err *err);
/* Every *.yaml of a directory. Errors: the same, and file-unreadable (GL_FATAL). */
gl_code_lists *gl_code_lists_load(gl_arena *arena, const char *directory, gl_err *err);
size_t gl_code_lists_count(const gl_code_lists *lists);
const gl_code_list *gl_code_lists_at(const gl_code_lists *lists, size_t at);
/* NULL when there is none of that name; `nearest` (may be NULL) then gets the nearest name, or NULL. */
const gl_code_list *gl_code_lists_find(const gl_code_lists *lists, gl_str name, const char **nearest);

/* The list that a field's codes are looked up in, or NULL. */
const gl_code_list *gl_code_lists_of(const gl_code_lists *lists, const gl_field *field);
const gl_code_list *gl_code_lists_of_currencies(const gl_code_lists *lists);
const gl_code_list *gl_code_lists_of_units(const gl_code_lists *lists);
/* Is the list for declarations of this data set? */
bool gl_code_list_is_for(const gl_code_list *list, gl_str data_set);
/* Is a code that is not in it a warning there? */
bool gl_code_list_warns(const gl_code_list *list, gl_str data_set);
/* Is the code valid on that day (days since 1970)? */
gl_code_answer gl_code_list_look(const gl_code_list *list, gl_str code, int32_t day);

#endif
