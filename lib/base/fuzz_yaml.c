/* Any bytes as YAML: a tree whose every node can be walked, or an error with a code. */
#include "base/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const gl_yaml *node, int depth)
{
    size_t nodes = 1;
    if (depth > GL_YAML_LIMIT_DEPTH || node->line < 1)
        abort();
    if (node->type == GL_YAML_SCALAR && node->text.ptr[node->text.len] != '\0')
        abort();
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == GL_YAML_MAP && gl_yaml_get(node, node->keys[i].ptr) == NULL)
            abort();
        nodes += walk(node->items[i], depth + 1);
    }
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const allowed[] = {"name", "timeout_ms", NULL};
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    const gl_yaml *root = gl_yaml_parse(arena, "fuzz", (gl_str){(const char *)data, size}, &err);
    if (root == NULL ? err.code == NULL || err.action != GL_FATAL : walk(root, 1) > GL_YAML_LIMIT_NODES)
        abort();
    if (root != NULL)
        gl_yaml_only(root, "fuzz", allowed, &err);
    gl_arena_destroy(arena);
    return 0;
}
