/* See trade_map.h. */
#include "ingest/formats/trade/trade_map.h"

typedef struct leaves {
    gl_leaves all;
    const gl_json *document;     /* of a credential its subject, else the whole */
    const gl_trade_table *table; /* of it */
} leaves;

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
        for (size_t i = 0; i < node->count; i++) {
            gl_str name = node->keys[i];
            const gl_trade_rule *rule = table == NULL ? NULL : gl_trade_rule_of(table, name);
            bool leaves_it = rule != NULL && rule->action == GL_TRADE_LEFT;
            size_t len = gl_leaves_enter(&l->all, "", name);
            walk(l, node->items[i],
                 rule == NULL                    ? NULL
                 : rule->action == GL_TRADE_ITEM ? gl_trade_rule_of(rule->inside, name)->inside
                                                 : rule->inside,
                 kind || (left == NULL && is_kind(name)) || is_part(rule, node->items[i]),
                 left != NULL ? left
                 : leaves_it  ? rule
                              : NULL);
            l->all.path.len = len;
        }
        return;
    }
    if (node->type == GL_JSON_NULL || (node->type == GL_JSON_STRING && gl_str_trim(node->text).len == 0))
        return;
    gl_leaf_fate fate = gl_leaves_origin(&l->all, node) || kind ? GL_LEAF_TAKEN
                        : left != NULL                          ? GL_LEAF_LEFT
                                                                : GL_LEAF_NEITHER;
    gl_leaves_visit(&l->all, fate, fate == GL_LEAF_LEFT ? left->note : NULL);
}

void gl_trade_leaves(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context)
{
    leaves l = {.all = gl_leaves_begin(report, arena, visit, context)};
    const gl_json *document, *tree = report->root;
    const gl_trade_form *form = gl_trade_form_of(tree, &document);
    l.document = document;
    l.table = form == NULL ? NULL : form->table;
    walk(&l, tree, &gl_trade_table_credential, false, NULL);
}
