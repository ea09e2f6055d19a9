/* A bump allocator: what one batch needs, given back all at once.
 *
 * Always holds: used_bytes <= reserved_bytes; memory from an arena is valid until the next reset; a reset keeps the
 * blocks, so a worker in its stride calls malloc no more. Allocation never returns NULL: out of memory aborts the
 * process (every stage can be killed at any moment and loses nothing).
 * Thread: one arena belongs to one thread. Locks: none.
 */
#ifndef GL_BASE_ARENA_H
#define GL_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct gl_arena gl_arena;

/* `block_bytes`: the size of the first block (0: 64 KiB). */
gl_arena *gl_arena_new(size_t block_bytes);
void gl_arena_destroy(gl_arena *arena);
void gl_arena_reset(gl_arena *arena);

/* Uninitialised memory, aligned for any type. `size` 0 gives a valid pointer. */
void *gl_arena_alloc(gl_arena *arena, size_t size);
/* Zeroed memory for `count` elements of `size` bytes. */
void *gl_arena_calloc(gl_arena *arena, size_t count, size_t size);
void *gl_arena_dup(gl_arena *arena, const void *data, size_t size);
/* Copies and adds a NUL. */
char *gl_arena_strndup(gl_arena *arena, const char *text, size_t len);
char *gl_arena_printf(gl_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

size_t gl_arena_used_bytes(const gl_arena *arena);
size_t gl_arena_reserved_bytes(const gl_arena *arena);
/* How many times malloc was called since the arena was made: flat when the hot path does not allocate. */
uint64_t gl_arena_grow_count(const gl_arena *arena);

#define GL_NEW(arena, type)          ((type *)gl_arena_calloc((arena), 1, sizeof(type)))
#define GL_NEW_N(arena, type, count) ((type *)gl_arena_calloc((arena), (count), sizeof(type)))

#endif
