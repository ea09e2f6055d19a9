/* See arena.h. Blocks form a list in the order of use; a reset goes back to the first and walks forward again. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct block {
    struct block *next;
    size_t capacity;
    size_t used; /* used <= capacity */
    alignas(max_align_t) unsigned char bytes[];
} block;

struct gl_arena {
    block *first;
    block *current;
    size_t block_bytes;
    uint64_t grow_count;
};

enum { DEFAULT_BLOCK_BYTES = 64 * 1024 };

static void out_of_memory(void)
{
    fputs("greenlane: out of memory\n", stderr);
    abort();
}

static block *block_new(gl_arena *arena, size_t capacity)
{
    block *fresh = malloc(sizeof *fresh + capacity);
    if (fresh == NULL)
        out_of_memory();
    fresh->next = NULL;
    fresh->capacity = capacity;
    fresh->used = 0;
    arena->grow_count++;
    return fresh;
}

gl_arena *gl_arena_new(size_t block_bytes)
{
    gl_arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        out_of_memory();
    arena->block_bytes = block_bytes == 0 ? DEFAULT_BLOCK_BYTES : block_bytes;
    arena->first = block_new(arena, arena->block_bytes);
    arena->current = arena->first;
    return arena;
}

void gl_arena_destroy(gl_arena *arena)
{
    if (arena == NULL)
        return;
    for (block *b = arena->first; b != NULL;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    free(arena);
}

void gl_arena_reset(gl_arena *arena)
{
    for (block *b = arena->first; b != NULL; b = b->next)
        b->used = 0;
    arena->current = arena->first;
}

void *gl_arena_alloc(gl_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory();
    const size_t align = alignof(max_align_t);
    size_t need = size == 0 ? align : (size + align - 1) / align * align;
    block *b = arena->current;
    while (b->capacity - b->used < need) {
        if (b->next == NULL || b->next->capacity < need) {
            size_t capacity = arena->block_bytes > need ? arena->block_bytes : need;
            block *fresh = block_new(arena, capacity);
            fresh->next = b->next;
            b->next = fresh;
        }
        b = b->next;
    }
    arena->current = b;
    void *p = b->bytes + b->used;
    b->used += need;
    return p;
}

void *gl_arena_calloc(gl_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        out_of_memory();
    void *p = gl_arena_alloc(arena, count * size);
    memset(p, 0, count * size);
    return p;
}

void *gl_arena_dup(gl_arena *arena, const void *data, size_t size)
{
    void *p = gl_arena_alloc(arena, size);
    if (size > 0)
        memcpy(p, data, size);
    return p;
}

char *gl_arena_strndup(gl_arena *arena, const char *text, size_t len)
{
    char *p = gl_arena_alloc(arena, len + 1);
    if (len > 0)
        memcpy(p, text, len);
    p[len] = '\0';
    return p;
}

char *gl_arena_printf(gl_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    char *p = gl_arena_alloc(arena, (size_t)len + 1);
    p[0] = '\0';
    vsnprintf(p, (size_t)len + 1, format, again);
    va_end(again);
    return p;
}

size_t gl_arena_used_bytes(const gl_arena *arena)
{
    size_t total = 0;
    for (const block *b = arena->first; b != NULL; b = b->next)
        total += b->used;
    return total;
}

size_t gl_arena_reserved_bytes(const gl_arena *arena)
{
    size_t total = 0;
    for (const block *b = arena->first; b != NULL; b = b->next)
        total += b->capacity;
    return total;
}

uint64_t gl_arena_grow_count(const gl_arena *arena)
{
    return arena->grow_count;
}
