/* See hmac.h. HMAC is two plain SHA-256 runs over a block of the padded key and what follows: no state is shared
 * between threads. */
#include "customs/hmac.h"

enum { MESSAGE_ON_STACK_BYTES = 256 };

void gl_hmac_key_init(gl_hmac_key *key, gl_str secret)
{
    uint8_t block[GL_HMAC_BLOCK_BYTES] = {0};
    if (secret.len > sizeof block)
        gl_sha256(secret, block);
    else if (secret.len > 0)
        memcpy(block, secret.ptr, secret.len);
    for (size_t i = 0; i < sizeof block; i++) {
        key->inner[i] = block[i] ^ 0x36;
        key->outer[i] = block[i] ^ 0x5c;
    }
}

void gl_hmac(const gl_hmac_key *key, gl_arena *arena, gl_str message, uint8_t mac[GL_SHA256_BYTES])
{
    uint8_t small[GL_HMAC_BLOCK_BYTES + MESSAGE_ON_STACK_BYTES];
    uint8_t *text =
        message.len <= MESSAGE_ON_STACK_BYTES ? small : gl_arena_alloc(arena, GL_HMAC_BLOCK_BYTES + message.len);
    memcpy(text, key->inner, GL_HMAC_BLOCK_BYTES);
    if (message.len > 0)
        memcpy(text + GL_HMAC_BLOCK_BYTES, message.ptr, message.len);
    uint8_t outer[GL_HMAC_BLOCK_BYTES + GL_SHA256_BYTES];
    memcpy(outer, key->outer, GL_HMAC_BLOCK_BYTES);
    gl_sha256((gl_str){(const char *)text, GL_HMAC_BLOCK_BYTES + message.len}, outer + GL_HMAC_BLOCK_BYTES);
    gl_sha256((gl_str){(const char *)outer, sizeof outer}, mac);
}
