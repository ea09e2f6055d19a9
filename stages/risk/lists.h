/* Lists that criteria look things up in: parties, countries, code prefixes, words. One YAML file each (config/lists).
 *
 * Always holds: the version names the file's bytes; a list outside its validity matches nothing; what is compared is
 * normalised the same way on both sides, so that "ACME-Trading Co." is found as "acme trading co". Thread: any
 * (read-only once loaded). Locks: none.
 */
#ifndef GL_RISK_LISTS_H
#define GL_RISK_LISTS_H

#include "base/err.h"
#include "base/str.h"

typedef enum gl_list_kind {
    GL_LIST_EXACT,  /* the whole value: letters and digits only, ASCII case ignored */
    GL_LIST_PREFIX, /* the value starts with an entry; compared the same way; at most 32 characters */
    GL_LIST_WORDS,  /* an entry's words stand in the text next to each other (customs/text.h) */
} gl_list_kind;

typedef struct gl_list gl_list;
typedef struct gl_lists gl_lists;

enum { GL_LISTS_LIMIT = 64, GL_LIST_LIMIT_BYTES = 4 * 1024 * 1024, GL_LIST_ENTRY_BYTES = 256 };

gl_lists *gl_lists_new(void);
void gl_lists_destroy(gl_lists *lists);
/* Adds the list that `yaml` describes. `name` is put into messages. Errors (GL_FATAL): list-invalid, yaml-...; nothing
 * is added then. */
bool gl_lists_add(gl_lists *lists, const char *name, gl_str yaml, gl_err *err);
/* Every *.yaml of a directory, in the order of their names. NULL with `err`; also file-unreadable, file-size. */
gl_lists *gl_lists_load(const char *directory, gl_err *err);

size_t gl_lists_count(const gl_lists *lists);
const gl_list *gl_lists_at(const gl_lists *lists, size_t at);
/* NULL when there is none of that name; `nearest` (may be NULL) then gets the nearest name, or NULL. */
const gl_list *gl_lists_find(const gl_lists *lists, gl_str name, const char **nearest);

const char *gl_list_name(const gl_list *list);
/* 16 hex digits of the file's SHA-256. */
const char *gl_list_version(const gl_list *list);
gl_list_kind gl_list_kind_of(const gl_list *list);
size_t gl_list_entry_count(const gl_list *list);
/* From its first day to the end of its last, UTC. */
bool gl_list_in_force(const gl_list *list, int64_t now_us);
/* The entry that `value` matches, as the file has it; {NULL, 0} when none. Validity is the caller's question. */
gl_str gl_list_match(const gl_list *list, gl_str value);

#endif
