/* The event that a stage puts on gl.events when it gives up on an accepted declaration (DESIGN, rule 5: no silence):
 * decide makes it a technical hold, which the sender is told.
 *
 * Always holds: it is made only of a record whose key is the id of the declaration section that its value begins with;
 * its id names stage, partition and offset, so that a record that runs again makes the same event.
 */
#ifndef GL_CUSTOMS_FAILURE_H
#define GL_CUSTOMS_FAILURE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "gen/declaration.h"

typedef struct gl_failed_record {
    gl_str key, value; /* as consumed: an envelope whose first section is a declaration */
    int32_t partition;
    int64_t offset;
} gl_failed_record;

/* The declaration that a value begins with, after its 5 bytes of header, whatever these and the rest are: false unless
 * it can be read and `key` is its id. Slices are the value's. Thread: any. */
bool gl_failed_declaration(gl_arena *arena, gl_str key, gl_str value, gl_declaration *declaration);

/* A record's key is the id of its declaration. Errors: declaration-key (GL_DEAD_LETTER). Thread: any. */
bool gl_declaration_key_check(gl_str key, const gl_declaration *declaration, gl_err *err);

/* The value for gl.events (its key is the record's), in `arena`. false: no declaration can be read from the record, so
 * nobody can be told; the dead letter alone remains. Thread: any. */
bool gl_failure_event(gl_arena *arena, const char *stage, const gl_failed_record *record, const gl_err *why,
                      int64_t now_us, gl_str *event);

#endif
