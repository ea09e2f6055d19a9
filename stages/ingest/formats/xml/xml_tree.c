/* See xml_tree.h. */
#include "ingest/formats/xml/xml_tree.h"

#include "base/buf.h"

typedef struct builder {
    gl_arena *arena;
    gl_xml *root, *open;
    size_t nodes;
    gl_xml_walk *walk;
} builder;

static gl_str copy(builder *b, gl_str text)
{
    return (gl_str){text.ptr == NULL ? NULL : gl_arena_strndup(b->arena, text.ptr, text.len), text.len};
}

static gl_xml *new_node(builder *b, gl_str name)
{
    if (++b->nodes > GL_XML_LIMIT_NODES) {
        gl_xml_stop(b->walk, "too-large", "the document has more than 65536 elements and attributes");
        return NULL;
    }
    if (name.len > GL_XML_LIMIT_NAME_BYTES) {
        gl_xml_stop(b->walk, "too-large", "a name has more than 128 bytes");
        return NULL;
    }
    gl_xml *node = GL_NEW(b->arena, gl_xml);
    node->name = copy(b, name);
    node->text = GL_STR("");
    node->parent = b->open;
    return node;
}

static void add_attributes(builder *b, gl_xml *element, const gl_xml_tag *tag)
{
    for (size_t i = 0; i < tag->attribute_count; i++) {
        gl_str name, uri, value = gl_xml_attribute_at(tag, i, &name, &uri);
        gl_xml *node = new_node(b, name);
        if (node == NULL)
            return;
        node->attribute = true;
        node->parent = element;
        node->text = copy(b, value);
        node->uri = copy(b, uri);
        node->next = element->attributes;
        element->attributes = node;
    }
}

static void start_element(gl_xml_walk *walk, void *context, const gl_xml_tag *tag)
{
    builder *b = context;
    b->walk = walk;
    gl_xml *node = new_node(b, tag->name);
    if (node == NULL)
        return;
    node->uri = copy(b, tag->uri);
    if (b->open == NULL)
        b->root = node;
    else if (b->open->first == NULL)
        b->open->first = node;
    else
        b->open->last->next = node;
    if (b->open != NULL)
        b->open->last = node;
    add_attributes(b, node, tag);
    b->open = node;
}

static void end_element(gl_xml_walk *walk, void *context)
{
    builder *b = context;
    (void)walk;
    b->open = b->open->parent;
}

static void characters(gl_xml_walk *walk, void *context, gl_str text)
{
    builder *b = context;
    gl_xml *node = b->open;
    (void)walk;
    if (node->text.len + text.len > node->text_capacity) {
        size_t capacity = (node->text.len + text.len) * (node->text.len == 0 ? 1 : 2);
        char *fresh = gl_arena_alloc(b->arena, capacity);
        memcpy(fresh, node->text.ptr, node->text.len);
        node->text.ptr = fresh;
        node->text_capacity = capacity;
    }
    /* The buffer is this function's own allocation above. */
    memcpy((char *)(uintptr_t)node->text.ptr + node->text.len, text.ptr, text.len);
    node->text.len += text.len;
}

gl_xml *gl_xml_parse(gl_arena *arena, gl_str bytes, gl_xml_problem *problem)
{
    static const gl_xml_handler handler = {start_element, end_element, characters};
    builder b = {.arena = arena};
    return gl_xml_walk_document(bytes, &handler, &b, problem) ? b.root : NULL;
}

gl_xml *gl_xml_child(const gl_xml *node, const char *name)
{
    gl_str wanted = gl_str_of(name);
    for (gl_xml *child = node->first; child != NULL; child = child->next)
        if (gl_str_eq(child->name, wanted))
            return child;
    return NULL;
}

gl_str gl_xml_child_text(const gl_xml *node, const char *name)
{
    const gl_xml *child = gl_xml_child(node, name);
    return child == NULL ? (gl_str){NULL, 0} : gl_str_trim(child->text);
}

static void append_step(gl_buf *path, const gl_xml *node)
{
    gl_buf_printf(path, "/%s*[local-name()='%.*s']", node->attribute ? "@" : "", GL_STR_ARG(node->name));
    if (node->attribute || node->parent == NULL)
        return;
    size_t before = 0, all = 0;
    for (const gl_xml *sibling = node->parent->first; sibling != NULL; sibling = sibling->next) {
        if (!gl_str_eq(sibling->name, node->name))
            continue;
        all++;
        if (sibling == node)
            before = all;
    }
    if (all > 1)
        gl_buf_printf(path, "[%zu]", before);
}

gl_str gl_xml_path(gl_arena *arena, const gl_xml *node)
{
    const gl_xml *chain[GL_XML_LIMIT_DEPTH + 2];
    size_t depth = 0;
    for (; node != NULL && depth < sizeof chain / sizeof *chain; node = node->parent)
        chain[depth++] = node;
    gl_buf path = gl_buf_in(arena);
    while (depth > 0)
        append_step(&path, chain[--depth]);
    return gl_buf_view(&path);
}
