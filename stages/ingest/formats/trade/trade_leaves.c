/* See trade_map.h. */
#include <stdlib.h>

#include "ingest/formats/trade/trade_map.h"

typedef struct leaves {
    const void **origins; /* nodes that a field came from, in order of address */
    size_t origin_count;
    const gl_json *document;     /* of a credential its subject, else the whole */
    const gl_trade_table *table; /* of it */
    gl_buf path;
    gl_leaf_visit *visit;
    void *context;
} leaves;

static int by_address(const void *first, const void *second)
{
    uintptr_t a = (uintptr_t) * (const void *const *)first, b = (uintptr_t) * (const void *const *)second;
    return a < b ? -1 : a > b;
}

static bool has_origin(const leaves *l, const void *node)
{
    return bsearch(&node, l->origins, l->origin_count, sizeof node, by_address) != NULL;
}

static bool is_kind(gl_str name)
{
    return gl_str_eqz(name, "type") || gl_str_eqz(name, "@type");
}

/* A text that what is around it reads. */
static bool is_part(const gl_trade_rule *rule, const gl_json *node)
{
    return rule != NULL && rule->action == GL_TRADE_PART && node->type != GL_JSON_OBJECT && node->type != GL_JSON_ARRAY;
}

/* `kind`: it says what an object is. `left`: the rule around it that leaves all of it; NULL: none. */
static void walk(leaves *l, const gl_json *node, const gl_trade_table *table, bool kind, const gl_trade_rule *left)
{
    if (node->type == GL_JSON_ARRAY) {
        for (size_t i = 0; i < node->count; i++)
            walk(l, node->items[i], table, kind, left);
        return;
    }
    if (node->type == GL_JSON_OBJECT) {
        table = node == l->document ? l->table : table;
        size_t len = l->path.len;
        for (size_t i = 0; i < node->count; i++) {
            gl_str name = node->keys[i];
            const gl_trade_rule *rule = table == NULL ? NULL : gl_trade_rule_of(table, name);
            bool leaves_it = rule != NULL && rule->action == GL_TRADE_LEFT;
            gl_buf_printf(&l->path, "%s%.*s", len > 0 ? "/" : "", GL_STR_ARG(name));
            walk(l, node->items[i],
                 rule == NULL                    ? NULL
                 : rule->action == GL_TRADE_ITEM ? gl_trade_rule_of(rule->inside, name)->inside
                                                 : rule->inside,
                 kind || (left == NULL && is_kind(name)) || is_part(rule, node->items[i]),
                 left != NULL ? left
                 : leaves_it  ? rule
                              : NULL);
            l->path.len = len;
        }
        return;
    }
    if (node->type == GL_JSON_NULL || (node->type == GL_JSON_STRING && gl_str_trim(node->text).len == 0))
        return;
    gl_leaf_fate fate = has_origin(l, node) || kind ? GL_LEAF_TAKEN : left != NULL ? GL_LEAF_LEFT : GL_LEAF_NEITHER;
    l->visit(l->context, gl_buf_view(&l->path), fate, fate == GL_LEAF_LEFT ? left->note : NULL);
}

void gl_trade_leaves(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context)
{
    leaves l = {.origins = GL_NEW_N(arena, const void *, report->origin_count + 1),
                .origin_count = report->origin_count,
                .path = gl_buf_in(arena),
                .visit = visit,
                .context = context};
    const gl_json *document, *tree = report->root;
    for (size_t i = 0; i < report->origin_count; i++)
        l.origins[i] = report->origins[i].node;
    qsort(l.origins, l.origin_count, sizeof *l.origins, by_address);
    const gl_trade_form *form = gl_trade_form_of(tree, &document);
    l.document = document;
    l.table = form == NULL ? NULL : form->table;
    walk(&l, tree, &gl_trade_table_credential, false, NULL);
}
