/* See ens_leaves.h. */
#include "ingest/formats/ens/ens_leaves.h"

#include <stdlib.h>

#include "ingest/formats/ens/ens_map.h"

typedef struct leaves {
    gl_ens_message message;
    const void **origins; /* nodes that something came from, in order of address */
    size_t origin_count;
    gl_buf path;
    gl_leaf_visit *visit;
    void *context;
} leaves;

static int by_address(const void *first, const void *second)
{
    uintptr_t a = (uintptr_t) * (const void *const *)first, b = (uintptr_t) * (const void *const *)second;
    return a < b ? -1 : a > b;
}

static void show(leaves *l, const gl_xml *node, const gl_ens_row *row)
{
    bool origin = bsearch(&node, l->origins, l->origin_count, sizeof node, by_address) != NULL;
    bool part = row != NULL && row->action == GL_ENS_PART && !node->refused;
    if (origin || part)
        l->visit(l->context, gl_buf_view(&l->path), GL_LEAF_TAKEN, NULL);
    else if (row != NULL && row->action == GL_ENS_LEFT)
        l->visit(l->context, gl_buf_view(&l->path), GL_LEAF_LEFT, row->note);
    else
        l->visit(l->context, gl_buf_view(&l->path), GL_LEAF_NEITHER, NULL);
}

static void walk(leaves *l, const gl_xml *node, const gl_ens_table *table)
{
    for (const gl_xml *child = node->first; child != NULL; child = child->next) {
        const gl_ens_row *row = table == NULL ? NULL : gl_ens_row_of(table, l->message, child->name);
        size_t len = l->path.len;
        gl_buf_printf(&l->path, "/%.*s", GL_STR_ARG(child->name));
        if (gl_str_trim(child->text).len > 0)
            show(l, child, row);
        walk(l, child, row == NULL ? NULL : row->inside);
        l->path.len = len;
    }
}

void gl_ens_leaves(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context)
{
    const gl_xml *root = report->root;
    leaves l = {.message = gl_str_eqz(root->name, "CC313A") ? GL_ENS_313 : GL_ENS_315,
                .origins = GL_NEW_N(arena, const void *, report->origin_count + 1),
                .origin_count = report->origin_count,
                .path = gl_buf_in(arena),
                .visit = visit,
                .context = context};
    for (size_t i = 0; i < report->origin_count; i++)
        l.origins[i] = report->origins[i].node;
    qsort(l.origins, l.origin_count, sizeof *l.origins, by_address);
    gl_buf_printf(&l.path, "%.*s", GL_STR_ARG(root->name));
    walk(&l, root, &gl_ens_root);
}
