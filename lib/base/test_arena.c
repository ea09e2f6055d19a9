/* Arenas: alignment, reuse after a reset, and that a batch in its stride allocates no more. */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdalign.h>
#include <string.h>

Test(arena, gives_aligned_memory_that_does_not_overlap)
{
    gl_arena *arena = gl_arena_new(128);
    unsigned char *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = gl_arena_alloc(arena, i);
        cr_assert_eq((uintptr_t)blocks[i] % alignof(max_align_t), 0u);
        memset(blocks[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert_eq(blocks[i][j], i);
    gl_arena_destroy(arena);
}

Test(arena, calloc_is_zero_also_after_a_reset)
{
    gl_arena *arena = gl_arena_new(0);
    memset(gl_arena_alloc(arena, 4096), 0xFF, 4096);
    gl_arena_reset(arena);
    const unsigned char *zero = gl_arena_calloc(arena, 64, 64);
    for (size_t i = 0; i < 4096; i++)
        cr_assert_eq(zero[i], 0);
    gl_arena_destroy(arena);
}

Test(arena, does_not_grow_once_it_has_seen_the_largest_batch)
{
    gl_arena *arena = gl_arena_new(1024);
    uint64_t grown = 0;
    for (int batch = 0; batch < 50; batch++) {
        gl_arena_reset(arena);
        cr_assert_eq(gl_arena_used_bytes(arena), 0u);
        for (size_t size = 1; size < 5000; size += 97)
            gl_arena_alloc(arena, size);
        cr_assert_leq(gl_arena_used_bytes(arena), gl_arena_reserved_bytes(arena));
        if (batch == 0)
            grown = gl_arena_grow_count(arena);
        cr_assert_eq(gl_arena_grow_count(arena), grown);
    }
    gl_arena_destroy(arena);
}

Test(arena, copies_and_formats)
{
    gl_arena *arena = gl_arena_new(16);
    cr_assert_str_eq(gl_arena_strndup(arena, "abcdef", 3), "abc");
    cr_assert_str_eq(gl_arena_strndup(arena, NULL, 0), "");
    cr_assert_str_eq(gl_arena_printf(arena, "%d-%s", 42, "x"), "42-x");
    cr_assert_eq(memcmp(gl_arena_dup(arena, "a\0b", 3), "a\0b", 3), 0);
    cr_assert(gl_arena_dup(arena, NULL, 0) != NULL);
    int *many = GL_NEW_N(arena, int, 1000);
    cr_assert_eq(many[999], 0);
    gl_arena_destroy(arena);
}

Test(arena, destroys_nothing)
{
    gl_arena_destroy(NULL);
}

Test(arena, an_impossible_count_aborts, .signal = SIGABRT)
{
    gl_arena_calloc(gl_arena_new(0), SIZE_MAX / 2, 16);
}
