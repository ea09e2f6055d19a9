/* Any bytes as JSON: an error with a code, or a tree that yajl makes too, whose every value, cut out of the source by
 * its byte range, parses again to the same. */
#include "io/json.h"

#include "base/buf.h"
#include "io/json_quick.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES = 20000, SIZE = 1 << 20 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void same(const gl_json *a, const gl_json *b)
{
    must(a->type == b->type && a->count == b->count && gl_str_eq(a->text, b->text));
    for (size_t i = 0; i < a->count; i++) {
        must(a->type != GL_JSON_OBJECT || gl_str_eq(a->keys[i], b->keys[i]));
        same(a->items[i], b->items[i]);
    }
}

/* Ranges are inside the parent's, in order. `cuts`: how many more values to parse again. */
static void check(gl_arena *arena, gl_str source, const gl_json *node, int depth, int *cuts)
{
    must(depth <= GL_JSON_LIMIT_DEPTH + 1 && node->begin < node->end && node->end <= source.len);
    must(gl_str_is_utf8(node->text, NULL));
    size_t at = node->begin;
    for (size_t i = 0; i < node->count; i++) {
        must(node->items[i]->begin > at && node->items[i]->end < node->end);
        at = node->items[i]->end - 1;
        check(arena, source, node->items[i], depth + 1, cuts);
    }
    if ((*cuts)-- <= 0)
        return;
    gl_err err = {0};
    gl_str slice = {source.ptr + node->begin, node->end - node->begin};
    const gl_json *again = gl_json_parse(arena, slice, SIZE, NODES, &err);
    must(again != NULL && again->begin == 0 && again->end == slice.len);
    same(node, again);
}

static void same_place(const gl_json *a, const gl_json *b)
{
    must(a->begin == b->begin && a->end == b->end && a->offset == b->offset);
    for (size_t i = 0; i < a->count; i++)
        same_place(a->items[i], b->items[i]);
}

/* Both ways take the same, and make the same of it. */
static void compare(gl_arena *arena, gl_str source, const gl_json *root)
{
    gl_err err = {0};
    const gl_json *other = gl_json_parse_by_yajl(arena, source, SIZE, NODES, &err);
    must((root == NULL) == (other == NULL));
    if (root == NULL)
        return;
    same(root, other);
    same_place(root, other);
}

/* What is taken of the beginning is what the parser makes of that part alone. */
static void compare_part(gl_arena *arena, gl_str source)
{
    gl_err err = {0};
    size_t used = 0;
    const gl_json *part = gl_json_quick_part(arena, source, SIZE, NODES, &used);
    if (part == NULL)
        return;
    must(used > 0 && used <= source.len && source.ptr[used - 1] == '}');
    const gl_json *whole = gl_json_parse(arena, (gl_str){source.ptr, used}, SIZE, NODES, &err);
    must(whole != NULL);
    same(part, whole);
    same_place(part, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_err err = {0};
    int cuts = 200;
    gl_arena *arena = gl_arena_new(0);
    gl_str source = {(const char *)data, size};
    const gl_json *root = gl_json_parse(arena, source, SIZE, NODES, &err);
    if (root == NULL)
        must(err.code != NULL && err.action == GL_DEAD_LETTER && gl_str_is_utf8(gl_str_of(err.message), NULL));
    else
        check(arena, source, root, 1, &cuts);
    compare(arena, source, root);
    compare_part(arena, source);
    gl_arena_destroy(arena);
    return 0;
}
