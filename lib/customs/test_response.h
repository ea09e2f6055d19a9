/* WCO responses in a test: parsed, asked by XPath, and held against the published schemas where these are
 * (GREENLANE_DATA). */
#ifndef GL_CUSTOMS_TEST_RESPONSE_H
#define GL_CUSTOMS_TEST_RESPONSE_H

#include <criterion/criterion.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"

static inline xmlDoc *response_parse(gl_str xml)
{
    xmlDoc *doc = xmlReadMemory(xml.ptr, (int)xml.len, "message.xml", NULL, XML_PARSE_NONET);
    cr_assert(doc != NULL, "not well-formed: %.*s", GL_STR_ARG(xml));
    return doc;
}

/* The XPath's value as text; r: the responses, ds: their dates. */
static inline char *response_text(gl_arena *arena, xmlDoc *doc, const char *path)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);
    xmlXPathRegisterNs(context, BAD_CAST "r", BAD_CAST "urn:wco:datamodel:WCO:RES-DMS:2");
    xmlXPathRegisterNs(context, BAD_CAST "ds", BAD_CAST "urn:wco:datamodel:WCO:Response_DS:DMS:2");
    xmlXPathObject *found = xmlXPathEvalExpression(BAD_CAST path, context);
    xmlChar *text = found == NULL ? NULL : xmlXPathCastToString(found);
    char *kept = gl_arena_printf(arena, "%s", text == NULL ? "" : (const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    return kept;
}

/* NULL: not there. */
static inline xmlSchema *response_schema(gl_arena *arena)
{
    const char *data = getenv("GREENLANE_DATA");
    const char *root = data != NULL && data[0] != '\0' ? data : GL_SOURCE_DIR "/../shared/data";
    const char *folder = gl_arena_printf(arena, "%s/messages/cds/schemas/wco/notification", root);
    if (access(gl_arena_printf(arena, "%s/WCO_RES_2_DMS.xsd", folder), R_OK) != 0)
        return NULL;
    /* MetaData takes any element of the response's namespace; both schemas are imported by one of ours. */
    const char *both = gl_arena_printf(
        arena,
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>"
        "<xs:import namespace='urn:wco:datamodel:WCO:DocumentMetaData-DMS:2' "
        "schemaLocation='%s/DocumentMetaData_2_DMS.xsd'/>"
        "<xs:import namespace='urn:wco:datamodel:WCO:RES-DMS:2' schemaLocation='%s/WCO_RES_2_DMS.xsd'/></xs:schema>",
        folder, folder);
    xmlSchemaParserCtxt *parser = xmlSchemaNewMemParserCtxt(both, (int)strlen(both));
    xmlSchema *schema = xmlSchemaParse(parser);
    xmlSchemaFreeParserCtxt(parser);
    cr_assert(schema != NULL, "the published schemas cannot be read");
    return schema;
}

/* 0: valid. */
static inline int response_wrong(xmlSchema *schema, xmlDoc *doc)
{
    xmlSchemaValidCtxt *context = xmlSchemaNewValidCtxt(schema);
    int wrong = xmlSchemaValidateDoc(context, doc);
    xmlSchemaFreeValidCtxt(context);
    return wrong;
}

#endif
