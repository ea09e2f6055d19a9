/* Where a stream of outcomes stands, as the id of an event: the next offset of each partition of gl.notifications, with
 * a seal.
 *
 * Always holds: what was sealed for another account, cluster or number of partitions is not read, and with a secret
 * nothing that was not made by gl_position_write. Thread: any. Locks: none.
 */
#ifndef GL_INGEST_PUSH_POSITION_H
#define GL_INGEST_PUSH_POSITION_H

#include "base/buf.h"
#include "base/err.h"
#include "customs/hmac.h"

enum { GL_POSITION_PARTITIONS = 1000, GL_POSITION_TEXT_BYTES = 16 * 1024 };

/* `account` has no line break. */
void gl_position_seal(gl_hmac_key *seal, gl_arena *arena, gl_str secret, gl_str cluster, gl_str account);
/* Appends base64url without padding (RFC 4648): version, `count` numbers, seal. `count` is at most
 * GL_POSITION_PARTITIONS, none of `next` is negative. */
void gl_position_write(gl_buf *text, const gl_hmac_key *seal, gl_arena *arena, const int64_t *next, size_t count);
/* Error: event-id-invalid (GL_DEAD_LETTER); `next` is then undefined. */
bool gl_position_read(gl_str text, const gl_hmac_key *seal, gl_arena *arena, int64_t *next, size_t count, gl_err *err);

#endif
