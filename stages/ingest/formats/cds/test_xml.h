/* What the tests of the XML forms share: documents of the corpus, and whether pointers lead to where they should. */
#ifndef GL_INGEST_FORMATS_CDS_TEST_XML_H
#define GL_INGEST_FORMATS_CDS_TEST_XML_H

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "ingest/formats/test_read.h"

#define P(name) "/*[local-name()='" name "']"

/* A document of a folder's corpus; `bytes` are valid until the next call. */
static inline test_read *read_corpus_of(const char *folder, const char *name, gl_str *bytes)
{
    static char text[65536];
    char path[512];
    snprintf(path, sizeof path, "%s/stages/ingest/formats/%s/corpus/%s", GL_SOURCE_DIR, folder, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    *bytes = (gl_str){text, fread(text, 1, sizeof text, file)};
    fclose(file);
    test_read *r = read_from(GL_FORMAT_XML, "", *bytes, 0, 0);
    cr_assert_eq(r->count, 1);
    return r;
}

static inline test_read *read_corpus(const char *name, gl_str *bytes)
{
    return read_corpus_of("cds", name, bytes);
}

/* The XPath names exactly one node, whose text is `value` (NULL: any). */
static inline void resolves(xmlXPathContextPtr context, gl_str pointer, gl_str value)
{
    char path[2048];
    snprintf(path, sizeof path, "%.*s", GL_STR_ARG(pointer));
    xmlXPathObjectPtr found = xmlXPathEvalExpression((const xmlChar *)path, context);
    cr_assert(found != NULL && found->nodesetval != NULL && found->nodesetval->nodeNr == 1, "%s", path);
    xmlChar *text = xmlNodeGetContent(found->nodesetval->nodeTab[0]);
    cr_assert(value.ptr == NULL || gl_str_eqz(value, (const char *)text), "%s: %s", path, (const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(found);
}

static inline xmlXPathContextPtr xpath_open(gl_str bytes)
{
    xmlDocPtr doc = xmlReadMemory(bytes.ptr, (int)bytes.len, NULL, NULL, XML_PARSE_NONET);
    cr_assert(doc != NULL);
    return xmlXPathNewContext(doc);
}

static inline void xpath_close(xmlXPathContextPtr context)
{
    xmlDocPtr doc = context->doc;
    xmlXPathFreeContext(context);
    xmlFreeDoc(doc);
}

/* Each error's XPath names exactly one node, whose text is the value reported. */
static inline void pointers_resolve(const gl_intake *intake, gl_str bytes)
{
    xmlXPathContextPtr context = xpath_open(bytes);
    for (size_t i = 0; i < intake->error_count; i++)
        resolves(context, intake->errors[i].pointer, intake->errors[i].value);
    xpath_close(context);
}

#endif
