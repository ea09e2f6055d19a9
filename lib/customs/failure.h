/* The event that a stage puts on gl.events when it gives up on an accepted declaration (DESIGN, rule 5: no silence):
 * decide makes it a technical hold, which the sender is told.
 *
 * Always holds: it is made only of a record that names its declaration, by its value or by its key; its id names stage,
 * partition and offset, so that a record that runs again makes the same event.
 */
#ifndef GL_CUSTOMS_FAILURE_H
#define GL_CUSTOMS_FAILURE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "customs/ids.h"
#include "gen/declaration.h"

typedef struct gl_failed_record {
    gl_str key, value; /* as consumed: an envelope whose first section is a declaration */
    int32_t partition;
    int64_t offset;
    int32_t partition_count; /* 0: not known */
} gl_failed_record;

/* Whose record it is. */
typedef struct gl_failed_owner {
    gl_declaration_id id;
    gl_declaration *declaration; /* in the arena, slices are the value's; NULL: only the id is known, from the key */
} gl_failed_owner;

/* false: it names nobody. The value counts when it begins (after 5 bytes of header, whatever these and the rest are)
 * with a declaration whose id is the key, or, when the key is damaged, is the id that its own submitter, LRN and family
 * give and that belongs to the record's partition. Else the key alone counts, when it has the length of an id and
 * belongs to the record's partition. Thread: any. */
bool gl_failed_owner_of(gl_arena *arena, const gl_failed_record *record, gl_failed_owner *owner);

/* A record's key is the id of its declaration. Errors: declaration-key (GL_DEAD_LETTER). Thread: any. */
bool gl_declaration_key_check(gl_str key, const gl_declaration *declaration, gl_err *err);

/* Key and value for gl.events, in `arena`. Without a declaration the only detail is known_by: key. false: the record
 * names nobody who could be told; the dead letter alone remains. Thread: any. */
bool gl_failure_event(gl_arena *arena, const char *stage, const gl_failed_record *record, const gl_err *why,
                      int64_t now_us, gl_str *key, gl_str *event);

#endif
