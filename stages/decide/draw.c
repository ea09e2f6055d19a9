/* See draw.h. */
#include "decide/draw.h"

enum { MESSAGE_ON_STACK_BYTES = 256 };

__extension__ typedef unsigned __int128 wide;

uint64_t gl_draw_value(const gl_hmac_key *key, gl_arena *arena, const uint8_t id[GL_DECLARATION_ID_BYTES],
                       gl_str criterion)
{
    char small[MESSAGE_ON_STACK_BYTES];
    size_t size = GL_DECLARATION_ID_BYTES + criterion.len;
    char *message = size <= sizeof small ? small : gl_arena_alloc(arena, size);
    memcpy(message, id, GL_DECLARATION_ID_BYTES);
    if (criterion.len > 0)
        memcpy(message + GL_DECLARATION_ID_BYTES, criterion.ptr, criterion.len);
    uint8_t mac[GL_SHA256_BYTES];
    gl_hmac(key, arena, (gl_str){message, size}, mac);
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | mac[i];
    return value;
}

int32_t gl_draw_ppm(uint64_t value)
{
    return (int32_t)((wide)value * GL_PPM >> 64);
}
