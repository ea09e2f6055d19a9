/* See draw.h. HMAC is two plain SHA-256 runs over a block of the padded key and what follows: no state is shared
 * between threads. */
#include "decide/draw.h"

enum { MESSAGE_ON_STACK_BYTES = 256 };

__extension__ typedef unsigned __int128 wide;

void gl_draw_key_init(gl_draw_key *key, gl_str secret)
{
    uint8_t block[GL_DRAW_BLOCK_BYTES] = {0};
    if (secret.len > sizeof block)
        gl_sha256(secret, block);
    else if (secret.len > 0)
        memcpy(block, secret.ptr, secret.len);
    for (size_t i = 0; i < sizeof block; i++) {
        key->inner[i] = block[i] ^ 0x36;
        key->outer[i] = block[i] ^ 0x5c;
    }
}

void gl_draw_hmac(const gl_draw_key *key, gl_arena *arena, gl_str message, uint8_t mac[GL_SHA256_BYTES])
{
    uint8_t small[GL_DRAW_BLOCK_BYTES + MESSAGE_ON_STACK_BYTES];
    uint8_t *text =
        message.len <= MESSAGE_ON_STACK_BYTES ? small : gl_arena_alloc(arena, GL_DRAW_BLOCK_BYTES + message.len);
    memcpy(text, key->inner, GL_DRAW_BLOCK_BYTES);
    if (message.len > 0)
        memcpy(text + GL_DRAW_BLOCK_BYTES, message.ptr, message.len);
    uint8_t outer[GL_DRAW_BLOCK_BYTES + GL_SHA256_BYTES];
    memcpy(outer, key->outer, GL_DRAW_BLOCK_BYTES);
    gl_sha256((gl_str){(const char *)text, GL_DRAW_BLOCK_BYTES + message.len}, outer + GL_DRAW_BLOCK_BYTES);
    gl_sha256((gl_str){(const char *)outer, sizeof outer}, mac);
}

uint64_t gl_draw_value(const gl_draw_key *key, gl_arena *arena, const uint8_t id[GL_DECLARATION_ID_BYTES],
                       gl_str criterion)
{
    char small[MESSAGE_ON_STACK_BYTES];
    size_t size = GL_DECLARATION_ID_BYTES + criterion.len;
    char *message = size <= sizeof small ? small : gl_arena_alloc(arena, size);
    memcpy(message, id, GL_DECLARATION_ID_BYTES);
    if (criterion.len > 0)
        memcpy(message + GL_DECLARATION_ID_BYTES, criterion.ptr, criterion.len);
    uint8_t mac[GL_SHA256_BYTES];
    gl_draw_hmac(key, arena, (gl_str){message, size}, mac);
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | mac[i];
    return value;
}

int32_t gl_draw_ppm(uint64_t value)
{
    return (int32_t)((wide)value * GL_PPM >> 64);
}
