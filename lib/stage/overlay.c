/* See overlay.h. A skip list whose heights come from the key's hash: the same writes always make the same list. */
#include "stage/overlay.h"

int gl_key_compare(gl_str a, gl_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* Each level holds a quarter of the one below. */
static int levels_of(gl_str key)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * 1099511628211u;
    hash ^= hash >> 32;
    int levels = 1;
    while (levels < GL_OVERLAY_LEVELS && (hash & 3) == 0) {
        levels++;
        hash >>= 2;
    }
    return levels;
}

/* `before[level]` (may be NULL) gets the link that leads to the result. */
static gl_overlay_node *lower_bound(const gl_overlay *overlay, gl_str key, gl_overlay_node ***before)
{
    gl_overlay_node *const *links = overlay->head;
    for (int level = GL_OVERLAY_LEVELS - 1; level >= 0; level--) {
        while (links[level] != NULL && gl_key_compare(links[level]->key, key) < 0)
            links = links[level]->next;
        if (before != NULL)
            before[level] = (gl_overlay_node **)&links[level];
    }
    return links[0];
}

void gl_overlay_put(gl_overlay *overlay, gl_arena *arena, gl_overlay_version **newest, gl_str key, gl_str value)
{
    gl_overlay_node **before[GL_OVERLAY_LEVELS];
    gl_overlay_node *node = lower_bound(overlay, key, before);
    if (node == NULL || gl_key_compare(node->key, key) != 0) {
        int levels = levels_of(key);
        node = gl_arena_alloc(arena, sizeof *node + (size_t)levels * sizeof(void *));
        node->key = key;
        node->top = NULL;
        node->levels = levels;
        for (int level = 0; level < levels; level++) {
            node->next[level] = *before[level];
            *before[level] = node;
        }
    }
    gl_overlay_version *version = gl_arena_alloc(arena, sizeof *version);
    *version = (gl_overlay_version){.previous = node->top, .older = *newest, .node = node, .value = value};
    node->top = version;
    *newest = version;
}

void gl_overlay_rollback(gl_overlay_version **newest, gl_overlay_version *savepoint)
{
    while (*newest != savepoint) {
        (*newest)->node->top = (*newest)->previous;
        *newest = (*newest)->older;
    }
}

const gl_overlay_node *gl_overlay_next(const gl_overlay_node *node)
{
    do {
        node = node->next[0];
    } while (node != NULL && node->top == NULL);
    return node;
}

const gl_overlay_node *gl_overlay_seek(const gl_overlay *overlay, gl_str key)
{
    const gl_overlay_node *node = lower_bound(overlay, key, NULL);
    return node != NULL && node->top == NULL ? gl_overlay_next(node) : node;
}

const gl_overlay_node *gl_overlay_find(const gl_overlay *overlay, gl_str key)
{
    const gl_overlay_node *node = gl_overlay_seek(overlay, key);
    return node != NULL && gl_key_compare(node->key, key) == 0 ? node : NULL;
}
