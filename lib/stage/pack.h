/* Values of a store made smaller: zstd with a dictionary of what a stage's values usually say.
 *
 * A packed value is a byte that says how, then the value as it is or a zstd frame with the value's size. Always holds:
 * what was packed with a dictionary is unpacked with the same one (the store records its id); a value that does not
 * become smaller is kept as it is. Thread: one at a time. Locks: none.
 */
#ifndef GL_STAGE_PACK_H
#define GL_STAGE_PACK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct gl_pack gl_pack;

/* `dictionary`: as `zstd --train` writes it; copied. {NULL, 0}: every value is kept as it is. */
gl_pack *gl_pack_new(gl_str dictionary);
/* NULL is allowed. */
void gl_pack_free(gl_pack *pack);
/* The dictionary's own; 0: none. */
int64_t gl_pack_id(const gl_pack *pack);
/* The packed value in two parts, valid until the next call and as long as `value` is. */
void gl_pack_value(gl_pack *pack, gl_str value, uint8_t *how, gl_str *packed);
/* In `arena`, or in `stored` itself when it was kept as it is. Errors: state-io (GL_FATAL), the bytes are not what
 * gl_pack_value made. */
bool gl_unpack_value(gl_pack *pack, gl_arena *arena, gl_str stored, gl_str *value, gl_err *err);

#endif
