/* HMAC-SHA256 (RFC 2104). Thread: any. Locks: none. */
#ifndef GL_CUSTOMS_HMAC_H
#define GL_CUSTOMS_HMAC_H

#include "base/arena.h"
#include "customs/ids.h"

enum { GL_HMAC_BLOCK_BYTES = 64 };

/* The two padded key blocks. */
typedef struct gl_hmac_key {
    uint8_t inner[GL_HMAC_BLOCK_BYTES], outer[GL_HMAC_BLOCK_BYTES];
} gl_hmac_key;

void gl_hmac_key_init(gl_hmac_key *key, gl_str secret);
/* `arena` holds a copy of a message of more than 256 bytes. */
void gl_hmac(const gl_hmac_key *key, gl_arena *arena, gl_str message, uint8_t mac[GL_SHA256_BYTES]);

#endif
