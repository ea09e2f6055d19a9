/* See leaves.h. */
#include "ingest/formats/leaves.h"

#include <stdlib.h>

static int by_address(const void *first, const void *second)
{
    uintptr_t a = (uintptr_t) * (const void *const *)first, b = (uintptr_t) * (const void *const *)second;
    return a < b ? -1 : a > b;
}

gl_leaves gl_leaves_begin(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context)
{
    gl_leaves leaves = {.origins = GL_NEW_N(arena, const void *, report->origin_count + 1),
                        .origin_count = report->origin_count,
                        .path = gl_buf_in(arena),
                        .visit = visit,
                        .context = context};
    for (size_t i = 0; i < report->origin_count; i++)
        leaves.origins[i] = report->origins[i].node;
    qsort(leaves.origins, leaves.origin_count, sizeof *leaves.origins, by_address);
    return leaves;
}

bool gl_leaves_origin(const gl_leaves *leaves, const void *node)
{
    return bsearch(&node, leaves->origins, leaves->origin_count, sizeof node, by_address) != NULL;
}

size_t gl_leaves_enter(gl_leaves *leaves, const char *prefix, gl_str name)
{
    size_t len = leaves->path.len;
    gl_buf_printf(&leaves->path, "%s%s%.*s", len > 0 ? "/" : "", prefix, GL_STR_ARG(name));
    return len;
}

void gl_leaves_visit(gl_leaves *leaves, gl_leaf_fate fate, const char *why)
{
    leaves->visit(leaves->context, gl_buf_view(&leaves->path), fate, why);
}
