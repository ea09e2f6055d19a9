/* Any text as the id of an event, and any bytes under a good seal: refused with a code, or the very text that is
 * written for what was read. */
#include <stdlib.h>

#include "ingest/push/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COUNT = 3, SEAL_BYTES = 12 };

static void read_and_write(const gl_hmac_key *seal, gl_arena *arena, gl_str text)
{
    int64_t next[COUNT];
    gl_err err = {0};
    if (!gl_position_read(text, seal, arena, next, COUNT, &err)) {
        if (err.code == NULL || err.action != GL_DEAD_LETTER)
            abort();
        return;
    }
    gl_buf again = gl_buf_in(arena);
    for (size_t i = 0; i < COUNT; i++)
        if (next[i] < 0)
            abort();
    gl_position_write(&again, seal, arena, next, COUNT);
    if (!gl_str_eq(gl_buf_view(&again), text))
        abort();
}

/* base64url of the bytes and their seal. */
static gl_str sealed(const gl_hmac_key *seal, gl_arena *arena, gl_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t mac[GL_SHA256_BYTES];
    gl_buf all = gl_buf_in(arena), text = gl_buf_in(arena);
    gl_hmac(seal, arena, bytes, mac);
    gl_buf_str(&all, bytes);
    gl_buf_bytes(&all, mac, SEAL_BYTES);
    for (size_t bit = 0; bit < all.len * 8; bit += 6) {
        unsigned value = 0;
        for (size_t i = bit; i < bit + 6; i++)
            value = value << 1 | (i < all.len * 8 ? (unsigned)all.data[i / 8] >> (7 - i % 8) & 1U : 0U);
        gl_buf_byte(&text, (uint8_t)digits[value]);
    }
    return gl_buf_view(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_hmac_key seal;
    gl_arena *arena = gl_arena_new(0);
    gl_str bytes = {(const char *)data, size};
    gl_position_seal(&seal, arena, GL_STR("key"), GL_STR("cluster"), GL_STR("hub-1"));
    read_and_write(&seal, arena, bytes);
    read_and_write(&seal, arena, sealed(&seal, arena, bytes));
    gl_arena_destroy(arena);
    return 0;
}
