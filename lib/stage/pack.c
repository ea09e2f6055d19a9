/* See pack.h. */
#include "stage/pack.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum {
    KEPT = 0,
    SQUEEZED = 1,
    LEAST_BYTES = 96,     /* smaller ones are not worth a frame */
    MOST_BYTES = 1 << 20, /* a changelog record is no larger */
    LEVEL = 1             /* with a trained dictionary level 3 saves 1 % more */
};

struct gl_pack {
    ZSTD_CCtx *packing;
    ZSTD_DCtx *unpacking;
    ZSTD_CDict *to;
    ZSTD_DDict *from;
    int64_t id;
    uint8_t *room; /* the last packed value */
    size_t room_bytes;
};

static void *checked(void *made)
{
    if (made == NULL)
        abort();
    return made;
}

gl_pack *gl_pack_new(gl_str dictionary)
{
    gl_pack *pack = checked(calloc(1, sizeof *pack));
    if (dictionary.len == 0)
        return pack;
    pack->id = ZSTD_getDictID_fromDict(dictionary.ptr, dictionary.len);
    pack->packing = checked(ZSTD_createCCtx());
    pack->unpacking = checked(ZSTD_createDCtx());
    pack->to = checked(ZSTD_createCDict(dictionary.ptr, dictionary.len, LEVEL));
    pack->from = checked(ZSTD_createDDict(dictionary.ptr, dictionary.len));
    return pack;
}

void gl_pack_free(gl_pack *pack)
{
    if (pack == NULL)
        return;
    ZSTD_freeCCtx(pack->packing);
    ZSTD_freeDCtx(pack->unpacking);
    ZSTD_freeCDict(pack->to);
    ZSTD_freeDDict(pack->from);
    free(pack->room);
    free(pack);
}

int64_t gl_pack_id(const gl_pack *pack)
{
    return pack->id;
}

static void make_room(gl_pack *pack, size_t need)
{
    if (need <= pack->room_bytes)
        return;
    free(pack->room);
    pack->room = checked(malloc(need));
    pack->room_bytes = need;
}

void gl_pack_value(gl_pack *pack, gl_str value, uint8_t *how, gl_str *packed)
{
    *how = KEPT;
    *packed = value;
    if (pack->to == NULL || value.len < LEAST_BYTES || value.len > MOST_BYTES)
        return;
    make_room(pack, ZSTD_compressBound(value.len));
    size_t bytes =
        ZSTD_compress_usingCDict(pack->packing, pack->room, pack->room_bytes, value.ptr, value.len, pack->to);
    if (ZSTD_isError(bytes) || bytes >= value.len)
        return;
    *how = SQUEEZED;
    *packed = (gl_str){(const char *)pack->room, bytes};
}

static bool damaged(gl_err *err, const char *what)
{
    return gl_fail(err, GL_FATAL, "state-io", "a value of the local state is damaged: %s", what);
}

static bool unsqueeze(gl_pack *pack, gl_arena *arena, gl_str frame, gl_str *value, gl_err *err)
{
    if (pack->from == NULL)
        return damaged(err, "it was packed with a dictionary");
    unsigned long long size = ZSTD_getFrameContentSize(frame.ptr, frame.len);
    if (size == 0 || size > MOST_BYTES) /* the errors are the two largest numbers */
        return damaged(err, "its size is not known, or beyond what was packed");
    char *room = gl_arena_alloc(arena, (size_t)size);
    size_t bytes = ZSTD_decompress_usingDDict(pack->unpacking, room, (size_t)size, frame.ptr, frame.len, pack->from);
    if (ZSTD_isError(bytes))
        return damaged(err, ZSTD_getErrorName(bytes));
    *value = (gl_str){room, bytes};
    return true;
}

bool gl_unpack_value(gl_pack *pack, gl_arena *arena, gl_str stored, gl_str *value, gl_err *err)
{
    *value = (gl_str){NULL, 0};
    if (stored.len == 0)
        return damaged(err, "it is empty");
    gl_str rest = {stored.ptr + 1, stored.len - 1};
    if (stored.ptr[0] == SQUEEZED)
        return unsqueeze(pack, arena, rest, value, err);
    if (stored.ptr[0] != KEPT)
        return damaged(err, "packed in a way that is not known");
    *value = rest;
    return true;
}
