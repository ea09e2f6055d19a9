/* See xml_walk.h. */
#include "ingest/formats/xml/xml_walk.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct gl_xml_walk {
    const gl_xml_handler *handler;
    void *context;
    int depth;
    bool any; /* there was an element */
    xmlParserCtxtPtr parser;
    gl_xml_problem *problem;
};

void gl_xml_stop(gl_xml_walk *walk, const char *code, const char *text)
{
    if (walk->problem->code == NULL) {
        walk->problem->code = code;
        snprintf(walk->problem->text, sizeof walk->problem->text, "%s", text);
        walk->problem->line = xmlSAX2GetLineNumber(walk->parser);
        walk->problem->column = xmlSAX2GetColumnNumber(walk->parser);
    }
    xmlStopParser(walk->parser);
}

static gl_str text_of(const xmlChar *text)
{
    return text == NULL ? (gl_str){NULL, 0} : gl_str_of((const char *)text);
}

gl_str gl_xml_attribute_at(const gl_xml_tag *tag, size_t index, gl_str *name, gl_str *uri)
{
    const unsigned char **a = tag->attributes + 5 * index; /* name, prefix, URI, value, end of value */
    *name = text_of(a[0]);
    if (uri != NULL)
        *uri = text_of(a[2]);
    return (gl_str){(const char *)a[3], (size_t)(a[4] - a[3])};
}

gl_str gl_xml_attribute(const gl_xml_tag *tag, const char *name)
{
    for (size_t i = 0; i < tag->attribute_count; i++) {
        gl_str found, value = gl_xml_attribute_at(tag, i, &found, NULL);
        if (gl_str_eqz(found, name))
            return value;
    }
    return (gl_str){NULL, 0};
}

static void start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **namespace_pairs, int attribute_count, int defaulted,
                          const xmlChar **attributes)
{
    gl_xml_walk *walk = context;
    (void)prefix, (void)namespaces, (void)namespace_pairs, (void)defaulted;
    if (walk->problem->code != NULL)
        return;
    if (++walk->depth > GL_XML_LIMIT_DEPTH) {
        gl_xml_stop(walk, "too-deep", "elements are nested more than 32 deep");
        return;
    }
    walk->any = true;
    gl_xml_tag tag = {text_of(name), text_of(uri), (size_t)attribute_count, attributes};
    walk->handler->start(walk, walk->context, &tag);
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    gl_xml_walk *walk = context;
    (void)name, (void)prefix, (void)uri;
    if (walk->problem->code != NULL || walk->depth == 0)
        return;
    walk->depth--;
    walk->handler->end(walk, walk->context);
}

static void characters(void *context, const xmlChar *text, int len)
{
    gl_xml_walk *walk = context;
    if (walk->problem->code == NULL && walk->depth > 0 && len > 0)
        walk->handler->text(walk, walk->context, (gl_str){(const char *)text, (size_t)len});
}

static void refuse_dtd(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    gl_xml_stop(context, "dtd-refused", "a document type declaration is not allowed (no entities, no external files)");
}

/* Only the five of XML itself exist; libxml2 knows those without asking. */
static xmlEntityPtr no_entity(void *context, const xmlChar *name)
{
    (void)context, (void)name;
    return NULL;
}

static void note_error(void *context, xmlErrorPtr error)
{
    gl_xml_walk *walk = context;
    if (walk->problem->code != NULL || error->level < XML_ERR_ERROR)
        return;
    /* libxml2 gives bytes that are not UTF-8 the code of a character that is not allowed; only the text tells. */
    bool encoding = error->code == XML_ERR_INVALID_ENCODING || error->code == XML_ERR_UNKNOWN_ENCODING ||
                    error->code == XML_ERR_UNSUPPORTED_ENCODING || error->code == XML_I18N_CONV_FAILED ||
                    (error->message != NULL && strncmp(error->message, "Input is not proper UTF-8", 25) == 0);
    size_t len = error->message == NULL ? 0 : strcspn(error->message, "\n");
    walk->problem->code = encoding ? "encoding" : "not-well-formed";
    snprintf(walk->problem->text, sizeof walk->problem->text, "%.*s", len > 180 ? 180 : (int)len,
             len == 0 ? "" : error->message);
    walk->problem->line = error->line;
    walk->problem->column = error->int2;
    xmlStopParser(walk->parser);
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

static const xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
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

static bool begin(gl_xml_walk *walk)
{
    xmlParserCtxtPtr parser = walk->parser;
    if (parser == NULL) {
        walk->problem->code = "not-well-formed";
        snprintf(walk->problem->text, sizeof walk->problem->text, "the document is empty or too large");
        return false;
    }
    *parser->sax = sax;
    parser->userData = walk;
    /* NOENT: "&amp;" in an attribute is '&' too; there are no entities but those of XML itself. */
    xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOENT);
    *parser->sax = sax; /* the options replace handlers */
    parser->userData = walk;
    return true;
}

/* The next piece, or all of the document (last). */
static void parse(gl_xml_walk *walk, const gl_str *piece, bool last)
{
    xmlStructuredErrorFunc before = xmlStructuredError; /* of this thread */
    void *before_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, swallow_error);
    if (piece == NULL)
        xmlParseDocument(walk->parser);
    else
        xmlParseChunk(walk->parser, piece->ptr, (int)piece->len, last);
    xmlSetStructuredErrorFunc(before_context, before);
}

static bool finish(gl_xml_walk *walk)
{
    gl_xml_problem *problem = walk->problem;
    xmlParserCtxtPtr parser = walk->parser;
    if (problem->code == NULL && (!parser->wellFormed || !walk->any)) {
        problem->code = "not-well-formed";
        snprintf(problem->text, sizeof problem->text, "the document is not well-formed");
    }
    if (parser != NULL && parser->myDoc != NULL) {
        xmlFreeDoc(parser->myDoc);
        parser->myDoc = NULL;
    }
    if (parser != NULL)
        xmlFreeParserCtxt(parser);
    return problem->code == NULL;
}

bool gl_xml_walk_document(gl_str bytes, const gl_xml_handler *handler, void *context, gl_xml_problem *problem)
{
    pthread_once(&prepared, prepare);
    *problem = (gl_xml_problem){0};
    gl_xml_walk walk = {.handler = handler, .context = context, .problem = problem};
    walk.parser = bytes.len > INT32_MAX ? NULL : xmlCreateMemoryParserCtxt(bytes.ptr, (int)bytes.len);
    if (begin(&walk))
        parse(&walk, NULL, true);
    return finish(&walk);
}

gl_xml_walk *gl_xml_walk_begin(const gl_xml_handler *handler, void *context, gl_xml_problem *problem)
{
    pthread_once(&prepared, prepare);
    *problem = (gl_xml_problem){0};
    gl_xml_walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL)
        abort();
    *walk = (gl_xml_walk){.handler = handler, .context = context, .problem = problem};
    walk->parser = xmlCreatePushParserCtxt(NULL, NULL, NULL, 0, NULL);
    begin(walk);
    return walk;
}

bool gl_xml_walk_feed(gl_xml_walk *walk, gl_str piece)
{
    if (walk->problem->code == NULL)
        parse(walk, &piece, false);
    return walk->problem->code == NULL;
}

bool gl_xml_walk_end(gl_xml_walk *walk)
{
    gl_str nothing = GL_STR("");
    if (walk->problem->code == NULL)
        parse(walk, &nothing, true);
    bool good = finish(walk);
    free(walk);
    return good;
}
