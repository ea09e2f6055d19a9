/* See ens_leaves.h. */
#include "ingest/formats/ens/ens_leaves.h"

#include "ingest/formats/ens/ens_map.h"

typedef struct leaves {
    gl_ens_message message;
    gl_leaves all;
} leaves;

static void show(leaves *l, const gl_xml *node, const gl_ens_row *row)
{
    bool part = row != NULL && row->action == GL_ENS_PART && !node->refused;
    if (gl_leaves_origin(&l->all, node) || part)
        gl_leaves_visit(&l->all, GL_LEAF_TAKEN, NULL);
    else if (row != NULL && row->action == GL_ENS_LEFT)
        gl_leaves_visit(&l->all, GL_LEAF_LEFT, row->note);
    else
        gl_leaves_visit(&l->all, GL_LEAF_NEITHER, NULL);
}

static void walk(leaves *l, const gl_xml *node, const gl_ens_table *table)
{
    for (const gl_xml *child = node->first; child != NULL; child = child->next) {
        const gl_ens_row *row = table == NULL ? NULL : gl_ens_row_of(table, l->message, child->name);
        size_t len = gl_leaves_enter(&l->all, "", child->name);
        if (gl_str_trim(child->text).len > 0)
            show(l, child, row);
        walk(l, child, row == NULL ? NULL : row->inside);
        l->all.path.len = len;
    }
}

void gl_ens_leaves(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context)
{
    const gl_xml *root = report->root;
    leaves l = {.message = gl_str_eqz(root->name, "CC313A") ? GL_ENS_313 : GL_ENS_315,
                .all = gl_leaves_begin(report, arena, visit, context)};
    gl_leaves_enter(&l.all, "", root->name);
    walk(&l, root, &gl_ens_root);
}
