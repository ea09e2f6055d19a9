/* See xml_tree.h. */
#include "ingest/formats/cds/xml_tree.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <stdio.h>

#include "base/buf.h"

typedef struct builder {
    gl_arena *arena;
    gl_xml *root, *open;
    int depth;
    size_t nodes;
    xmlParserCtxtPtr parser;
    gl_xml_problem *problem;
} builder;

/* The first problem is the one that counts. */
static void stop(builder *b, const char *code, const char *text)
{
    if (b->problem->code == NULL) {
        b->problem->code = code;
        snprintf(b->problem->text, sizeof b->problem->text, "%s", text);
        b->problem->line = xmlSAX2GetLineNumber(b->parser);
        b->problem->column = xmlSAX2GetColumnNumber(b->parser);
    }
    xmlStopParser(b->parser);
}

static gl_str copy(builder *b, const xmlChar *text, size_t len)
{
    return (gl_str){gl_arena_strndup(b->arena, (const char *)text, len), len};
}

static gl_xml *new_node(builder *b, const xmlChar *name)
{
    size_t len = strlen((const char *)name);
    if (++b->nodes > GL_XML_LIMIT_NODES) {
        stop(b, "too-large", "the document has more than 65536 elements and attributes");
        return NULL;
    }
    if (len > GL_XML_LIMIT_NAME_BYTES) {
        stop(b, "too-large", "a name has more than 128 bytes");
        return NULL;
    }
    gl_xml *node = GL_NEW(b->arena, gl_xml);
    node->name = copy(b, name, len);
    node->text = GL_STR("");
    node->parent = b->open;
    return node;
}

/* `attributes`: five pointers each (name, prefix, URI, value, end of value). */
static void add_attributes(builder *b, gl_xml *element, int count, const xmlChar **attributes)
{
    for (int i = 0; i < count; i++) {
        const xmlChar **a = attributes + 5 * i;
        gl_xml *node = new_node(b, a[0]);
        if (node == NULL)
            return;
        node->attribute = true;
        node->parent = element;
        node->text = copy(b, a[3], (size_t)(a[4] - a[3]));
        if (a[2] != NULL)
            node->uri = copy(b, a[2], strlen((const char *)a[2]));
        node->next = element->attributes;
        element->attributes = node;
    }
}

static void start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **namespace_pairs, int attribute_count, int defaulted,
                          const xmlChar **attributes)
{
    builder *b = context;
    (void)prefix, (void)namespaces, (void)namespace_pairs, (void)defaulted;
    if (b->problem->code != NULL)
        return;
    if (++b->depth > GL_XML_LIMIT_DEPTH) {
        stop(b, "too-deep", "elements are nested more than 32 deep");
        return;
    }
    gl_xml *node = new_node(b, name);
    if (node == NULL)
        return;
    if (uri != NULL)
        node->uri = copy(b, uri, strlen((const char *)uri));
    if (b->open == NULL)
        b->root = node;
    else if (b->open->first == NULL)
        b->open->first = node;
    else
        b->open->last->next = node;
    if (b->open != NULL)
        b->open->last = node;
    add_attributes(b, node, attribute_count, attributes);
    b->open = node;
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    builder *b = context;
    (void)name, (void)prefix, (void)uri;
    if (b->problem->code != NULL || b->open == NULL)
        return;
    b->depth--;
    b->open = b->open->parent;
}

static void characters(void *context, const xmlChar *text, int len)
{
    builder *b = context;
    if (b->problem->code != NULL || b->open == NULL || len <= 0)
        return;
    gl_xml *node = b->open;
    size_t more = (size_t)len;
    if (node->text.len + more > node->text_capacity) {
        size_t capacity = (node->text.len + more) * (node->text.len == 0 ? 1 : 2);
        char *fresh = gl_arena_alloc(b->arena, capacity);
        memcpy(fresh, node->text.ptr, node->text.len);
        node->text.ptr = fresh;
        node->text_capacity = capacity;
    }
    /* The buffer is this function's own allocation above. */
    memcpy((char *)(uintptr_t)node->text.ptr + node->text.len, text, more);
    node->text.len += more;
}

static void refuse_dtd(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    stop(context, "dtd-refused", "a document type declaration is not allowed (no entities, no external files)");
}

/* Only the five of XML itself exist; libxml2 knows those without asking. */
static xmlEntityPtr no_entity(void *context, const xmlChar *name)
{
    (void)context, (void)name;
    return NULL;
}

static void note_error(void *context, xmlErrorPtr error)
{
    builder *b = context;
    if (b->problem->code != NULL || error->level < XML_ERR_ERROR)
        return;
    /* libxml2 gives bytes that are not UTF-8 the code of a character that is not allowed; only the text tells. */
    bool encoding = error->code == XML_ERR_INVALID_ENCODING || error->code == XML_ERR_UNKNOWN_ENCODING ||
                    error->code == XML_ERR_UNSUPPORTED_ENCODING || error->code == XML_I18N_CONV_FAILED ||
                    (error->message != NULL && strncmp(error->message, "Input is not proper UTF-8", 25) == 0);
    size_t len = error->message == NULL ? 0 : strcspn(error->message, "\n");
    b->problem->code = encoding ? "encoding" : "not-well-formed";
    snprintf(b->problem->text, sizeof b->problem->text, "%.*s", len > 180 ? 180 : (int)len,
             len == 0 ? "" : error->message);
    b->problem->line = error->line;
    b->problem->column = error->int2;
    xmlStopParser(b->parser);
}

/* Errors of the decoder belong to no parser and would be printed; the parser reports what follows from them. */
static void swallow_error(void *context, xmlErrorPtr error)
{
    (void)context, (void)error;
}

static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    xmlInitParser();
}

gl_xml *gl_xml_parse(gl_arena *arena, gl_str bytes, gl_xml_problem *problem)
{
    pthread_once(&prepared, prepare);
    *problem = (gl_xml_problem){0};
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
                             .startElementNs = start_element,
                             .endElementNs = end_element,
                             .characters = characters,
                             .ignorableWhitespace = characters,
                             .cdataBlock = characters,
                             .internalSubset = refuse_dtd,
                             .externalSubset = refuse_dtd,
                             .getEntity = no_entity,
                             .getParameterEntity = no_entity,
                             .serror = note_error};
    xmlParserCtxtPtr parser = bytes.len > INT32_MAX ? NULL : xmlCreateMemoryParserCtxt(bytes.ptr, (int)bytes.len);
    if (parser == NULL) {
        problem->code = "not-well-formed";
        snprintf(problem->text, sizeof problem->text, "the document is empty or too large");
        return NULL;
    }
    builder b = {.arena = arena, .parser = parser, .problem = problem};
    *parser->sax = handler;
    parser->userData = &b;
    xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOCDATA);
    *parser->sax = handler; /* the options replace handlers */
    parser->userData = &b;
    xmlStructuredErrorFunc before = xmlStructuredError; /* of this thread */
    void *before_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, swallow_error);
    xmlParseDocument(parser);
    xmlSetStructuredErrorFunc(before_context, before);
    if (problem->code == NULL && (!parser->wellFormed || b.root == NULL)) {
        problem->code = "not-well-formed";
        snprintf(problem->text, sizeof problem->text, "the document is not well-formed");
    }
    if (parser->myDoc != NULL) {
        xmlFreeDoc(parser->myDoc);
        parser->myDoc = NULL;
    }
    xmlFreeParserCtxt(parser);
    return problem->code == NULL ? b.root : NULL;
}

gl_xml *gl_xml_child(const gl_xml *node, const char *name)
{
    for (gl_xml *child = node->first; child != NULL; child = child->next)
        if (gl_str_eqz(child->name, name))
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
