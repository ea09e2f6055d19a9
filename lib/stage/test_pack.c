/* What is packed is unpacked again, and what is damaged is refused. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "stage/pack.h"

enum { DICTIONARY_LIMIT = 64 * 1024 };

static gl_str dictionary(void)
{
    static char bytes[DICTIONARY_LIMIT];
    FILE *file = fopen(GL_SOURCE_DIR "/stages/decide/clearances.dict", "rb");
    cr_assert_not_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return (gl_str){bytes, size};
}

static gl_str packed(gl_pack *pack, gl_arena *arena, gl_str value)
{
    uint8_t how;
    gl_str rest;
    gl_pack_value(pack, value, &how, &rest);
    char *stored = gl_arena_alloc(arena, rest.len + 1);
    stored[0] = (char)how;
    memcpy(stored + 1, rest.ptr, rest.len);
    return (gl_str){stored, rest.len + 1};
}

static void comes_back(gl_pack *pack, gl_arena *arena, gl_str value)
{
    gl_err err = {0};
    gl_str again;
    cr_assert(gl_unpack_value(pack, arena, packed(pack, arena, value), &again, &err), "%s", err.message);
    cr_assert(gl_str_eq(again, value), "%zu bytes", value.len);
}

static gl_str repeated(gl_arena *arena, const char *text, size_t len)
{
    char *bytes = gl_arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = text[i % strlen(text)];
    return (gl_str){bytes, len};
}

static gl_str noise(gl_arena *arena, size_t len)
{
    uint32_t state = 1;
    char *bytes = gl_arena_alloc(arena, len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
    return (gl_str){bytes, len};
}

Test(pack, every_size_comes_back_with_and_without_a_dictionary)
{
    gl_arena *arena = gl_arena_new(0);
    gl_pack *packs[] = {gl_pack_new(dictionary()), gl_pack_new((gl_str){NULL, 0})};
    const size_t sizes[] = {0, 1, 95, 96, 97, 2000, 200000, 1 << 20, (1 << 20) + 1};
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            comes_back(packs[p], arena, repeated(arena, "{\"outcome\":\"RELEASED\"} ", sizes[i]));
            comes_back(packs[p], arena, noise(arena, sizes[i]));
        }
    gl_pack_free(packs[0]);
    gl_pack_free(packs[1]);
    gl_arena_destroy(arena);
}

Test(pack, what_does_not_become_smaller_is_kept_and_never_copied)
{
    gl_arena *arena = gl_arena_new(0);
    gl_pack *pack = gl_pack_new(dictionary());
    gl_str value = noise(arena, 500), stored = packed(pack, arena, value), again;
    cr_assert_eq(stored.len, 501);
    gl_err err;
    cr_assert(gl_unpack_value(pack, arena, stored, &again, &err));
    cr_assert_eq(again.ptr, stored.ptr + 1);
    cr_assert_lt(packed(pack, arena, repeated(arena, "abc", 500)).len, 100);
    gl_pack_free(pack);
    gl_arena_destroy(arena);
}

static void refused(gl_pack *pack, gl_arena *arena, gl_str stored)
{
    gl_err err = {0};
    gl_str value;
    cr_assert_not(gl_unpack_value(pack, arena, stored, &value, &err));
    cr_assert_str_eq(err.code, "state-io");
    cr_assert_eq(err.action, GL_FATAL);
}

Test(pack, damaged_bytes_are_refused)
{
    gl_arena *arena = gl_arena_new(0);
    gl_pack *pack = gl_pack_new(dictionary()), *other = gl_pack_new((gl_str){NULL, 0});
    gl_str good = packed(pack, arena, repeated(arena, "{\"outcome\":\"HELD\"}", 2000));
    refused(pack, arena, GL_STR(""));
    refused(pack, arena, GL_STR("\x07value"));
    refused(pack, arena, GL_STR("\x01"));
    refused(pack, arena, GL_STR("\x01no frame of zstd"));
    refused(other, arena, good);
    for (size_t len = 1; len < good.len; len++)
        refused(pack, arena, (gl_str){good.ptr, len});
    gl_pack_free(pack);
    gl_pack_free(other);
    gl_arena_destroy(arena);
}
