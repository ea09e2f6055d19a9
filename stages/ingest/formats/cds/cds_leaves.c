/* See cds_leaves.h. */
#include "ingest/formats/cds/cds_leaves.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

typedef struct leaves {
    const gl_cds_form *form;
    gl_leaves all;
} leaves;

typedef struct fate {
    gl_leaf_fate is;
    const char *why;
} fate;

/* Is the number that an element carries its place among its siblings of that name? */
static bool is_place(const gl_xml *number)
{
    const gl_xml *element = number->parent;
    uint64_t value = 0, place = 0;
    for (const gl_xml *sibling = element->parent == NULL ? element : element->parent->first; sibling != NULL;
         sibling = sibling->next) {
        place += gl_str_eq(sibling->name, element->name);
        if (sibling == element)
            break;
    }
    return gl_str_to_u64(gl_str_trim(number->text), UINT32_MAX, &value) && value == place;
}

static fate fate_of(const leaves *l, const gl_cds_rule *rule, const gl_xml *node)
{
    if (gl_leaves_origin(&l->all, node) || (rule != NULL && rule->action == GL_CDS_PART))
        return (fate){GL_LEAF_TAKEN, NULL};
    if (rule == NULL)
        return (fate){GL_LEAF_NEITHER, NULL};
    if (rule->action == GL_CDS_ORDER && is_place(node))
        return (fate){GL_LEAF_TAKEN, NULL};
    if (rule->action == GL_CDS_ORDER)
        return (fate){GL_LEAF_LEFT, "the order is kept, not the numbers that do not follow it"};
    if ((rule->action == GL_CDS_SKIP || rule->action == GL_CDS_CUSTOM) && rule->note != NULL)
        return (fate){GL_LEAF_LEFT, rule->note};
    return (fate){GL_LEAF_NEITHER, NULL};
}

/* Units are of fields, the code of a time's format of the time; what stands at an element that is left is left. */
static fate fate_of_attribute(const leaves *l, const gl_xml *attribute, fate owner)
{
    bool time = gl_str_eqz(attribute->name, "formatCode") && gl_str_eqz(attribute->parent->name, "DateTimeString");
    if (gl_leaves_origin(&l->all, attribute) || (time && owner.is == GL_LEAF_TAKEN))
        return (fate){GL_LEAF_TAKEN, NULL};
    if (gl_str_eqz(attribute->uri, XSI))
        return (fate){GL_LEAF_LEFT, "of XML Schema, as namespaces are of XML; nothing is fetched"};
    return owner.is == GL_LEAF_LEFT ? owner : (fate){GL_LEAF_NEITHER, NULL};
}

static void show(leaves *l, const gl_xml *node, fate found)
{
    size_t len = gl_leaves_enter(&l->all, node->attribute ? "@" : "", node->name);
    gl_leaves_visit(&l->all, found.is, found.why);
    l->all.path.len = len;
}

/* `left`: the rule around it that leaves all of it; NULL: none. */
static void walk(leaves *l, const gl_xml *node, const gl_cds_table *table, const gl_cds_rule *left)
{
    const gl_cds_rule *rule = left;
    if (rule == NULL && table != NULL)
        rule = gl_cds_rule_of(gl_cds_over(l->form, table), table, node->name);
    fate own = fate_of(l, rule, node);
    bool text = gl_str_trim(node->text).len > 0;
    if (text && node->first != NULL) /* between elements */
        show(l, node, left != NULL ? own : (fate){GL_LEAF_NEITHER, NULL});
    else if (text)
        show(l, node, own);
    size_t len = gl_leaves_enter(&l->all, "", node->name);
    for (const gl_xml *a = node->attributes; a != NULL; a = a->next)
        show(l, a, fate_of_attribute(l, a, own));
    bool skip = rule != NULL && rule->action == GL_CDS_SKIP;
    for (const gl_xml *child = node->first; child != NULL; child = child->next)
        walk(l, child, rule == NULL ? NULL : rule->inside, skip ? rule : NULL);
    l->all.path.len = len;
}

void gl_cds_leaves(const gl_report *report, const gl_cds_form *form, gl_arena *arena, gl_leaf_visit *visit,
                   void *context)
{
    leaves l = {form, gl_leaves_begin(report, arena, visit, context)};
    const gl_xml *root = report->root;
    while (root->parent != NULL)
        root = root->parent;
    walk(&l, root, form->whole, NULL);
}
