/* The check of the form against the messages' schema itself, by libxml2 ($GREENLANE_DATA): both refuse the same
 * documents. Of each message of the reference data, and of each with one element changed in one of several ways. Exit
 * code 77: skipped.
 */
#include <dirent.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ingest/formats/ens/ens_schema.h"
#include "ingest/formats/xml/xml_document.h"

enum { PATH_LIMIT = 2048 };

static int failures;
static size_t documents, refused;

static void silent(void *context, const char *format, ...)
{
    (void)context, (void)format;
}

static xmlSchema *schema_of(const char *root, const char *message)
{
    char path[PATH_LIMIT];
    snprintf(path, sizeof path, "%s/messages/ens/conf/xsds/%s-v11-2.xsd", root, message);
    xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt(path);
    xmlSchemaSetParserErrors(parser, silent, silent, NULL);
    xmlSchema *schema = xmlSchemaParse(parser);
    xmlSchemaFreeParserCtxt(parser);
    return schema;
}

static bool is_valid(xmlSchema *schema, xmlDoc *doc)
{
    xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidErrors(valid, silent, silent, NULL);
    bool good = xmlSchemaValidateDoc(valid, doc) == 0;
    xmlSchemaFreeValidCtxt(valid);
    return good;
}

static bool is_well_formed(gl_arena *arena, gl_str bytes, gl_ens_message message, char code[64])
{
    gl_xml_problem problem = {0};
    gl_xml *root = gl_xml_parse(arena, bytes, &problem);
    gl_report report = {.keep = arena};
    gl_report_begin(&report, arena, &gl_xml_locator, NULL, root);
    if (root == NULL)
        return false;
    gl_ens_check_form(&report, message, root);
    if (report.error_count > 0)
        snprintf(code, 64, "%.*s: %.40s", GL_STR_ARG(report.errors[0].code), report.errors[0].text.ptr);
    return !report.rejected;
}

/* The one thing that differs on purpose: MesTypMES20 must name the message itself. */
static bool names_another(xmlDoc *doc, const char *message)
{
    for (xmlNode *node = xmlDocGetRootElement(doc)->children; node != NULL; node = node->next)
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, "MesTypMES20") == 0) {
            xmlChar *text = xmlNodeGetContent(node);
            bool other = strcmp((const char *)text, message) != 0;
            xmlFree(text);
            return other;
        }
    return false;
}

static void compare(const char *name, const char *what, xmlSchema *schema, xmlDoc *doc, const char *message)
{
    gl_arena *arena = gl_arena_new(0);
    xmlChar *text = NULL;
    char code[64] = "";
    int len = 0;
    xmlDocDumpMemoryEnc(doc, &text, &len, "UTF-8");
    bool theirs = is_valid(schema, doc);
    bool ours = is_well_formed(arena, (gl_str){(const char *)text, (size_t)len},
                               strcmp(message, "CC313A") == 0 ? GL_ENS_313 : GL_ENS_315, code);
    documents++;
    refused += !theirs;
    if (theirs != ours && !(theirs && names_another(doc, message)) && failures++ < 20)
        fprintf(stderr, "FAILED: %s, %s: the schema %s it, we %s it (%s)\n", name, what, theirs ? "takes" : "refuses",
                ours ? "take" : "refuse", code);
    xmlFree(text);
    gl_arena_destroy(arena);
}

static const char *const VALUES[] = {"",         " ",
                                     "0",        "1",
                                     "12",       "-1",
                                     "+1",       "1.5",
                                     "00",       "a",
                                     "A",        "AB",
                                     "ab",       " GB1",
                                     "GB",       "GB1\n",
                                     "GB1 ",     "AB12CD34",
                                     "\xC3\xA9", "X  Y",
                                     "12345678", "202602290101",
                                     "260230",   "2359",
                                     "261301",   "1234567890123456789012345678901234567890"};
enum { VALUE_COUNT = sizeof VALUES / sizeof *VALUES };

/* Every element once: without it, twice, before the one in front of it, under another name, with each of the texts. */
static void vary(const char *name, xmlSchema *schema, xmlDoc *doc, const char *message, xmlNode *element)
{
    char what[256];
    bool leaf = xmlFirstElementChild(element) == NULL;
    xmlNode *copy = xmlCopyNode(element, 1), *before = xmlPreviousElementSibling(element), *next = element->next;
    xmlNode *parent = element->parent;
    snprintf(what, sizeof what, "%s twice", (const char *)element->name);
    xmlAddNextSibling(element, copy);
    compare(name, what, schema, doc, message);
    xmlUnlinkNode(copy);
    xmlFreeNode(copy);
    if (before != NULL) {
        snprintf(what, sizeof what, "%s before %s", (const char *)element->name, (const char *)before->name);
        xmlAddPrevSibling(before, element);
        compare(name, what, schema, doc, message);
    }
    snprintf(what, sizeof what, "without %s", (const char *)element->name);
    xmlUnlinkNode(element);
    compare(name, what, schema, doc, message);
    if (next != NULL)
        xmlAddPrevSibling(next, element);
    else
        xmlAddChild(parent, element);
    xmlChar *old = leaf ? xmlNodeGetContent(element) : NULL;
    for (size_t i = 0; leaf && i < VALUE_COUNT; i++) {
        snprintf(what, sizeof what, "%s '%s'", (const char *)element->name, VALUES[i]);
        xmlNodeSetContent(element, (const xmlChar *)VALUES[i]);
        compare(name, what, schema, doc, message);
    }
    if (leaf) {
        xmlChar *escaped = xmlEncodeEntitiesReentrant(doc, old);
        xmlNodeSetContent(element, escaped);
        xmlFree(escaped);
        xmlFree(old);
    }
}

static void vary_all(const char *name, xmlSchema *schema, xmlDoc *doc, const char *message, xmlNode *node)
{
    for (xmlNode *child = xmlFirstElementChild(node); child != NULL; child = xmlNextElementSibling(child)) {
        vary(name, schema, doc, message, child);
        vary_all(name, schema, doc, message, child);
    }
}

static void one_file(xmlSchema *const schemas[2], const char *path, bool varied)
{
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *root = doc == NULL ? NULL : xmlDocGetRootElement(doc);
    bool amends = root != NULL && strcmp((const char *)root->name, "CC313A") == 0;
    if (amends || (root != NULL && strcmp((const char *)root->name, "CC315A") == 0)) {
        const char *message = amends ? "CC313A" : "CC315A", *name = strrchr(path, '/') + 1;
        compare(name, "as it is", schemas[amends], doc, message);
        if (varied)
            vary_all(name, schemas[amends], doc, message, root);
    }
    xmlFreeDoc(doc);
}

/* Names of cases stand in folders of their own; those are not varied. */
static void folder(xmlSchema *const schemas[2], const char *path, bool varied)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char inner[PATH_LIMIT + 512];
        size_t len = strlen(entry->d_name);
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".xml") == 0)
            one_file(schemas, inner, varied);
        else if (strstr(entry->d_name, "TestCases") != NULL)
            folder(schemas, inner, false);
    }
    if (dir != NULL)
        closedir(dir);
}

int main(void)
{
    const char *root = getenv("GREENLANE_DATA");
    char own[PATH_LIMIT / 2], path[PATH_LIMIT + 64];
    snprintf(own, sizeof own, "%s/../shared/data", GL_SOURCE_DIR);
    root = root == NULL || root[0] == '\0' ? own : root;
    snprintf(path, sizeof path, "%s/messages/ens/conf/xsds/CC315A-v11-2.xsd", root);
    struct stat st;
    if (stat(path, &st) != 0) {
        printf("skipped: no reference data at $GREENLANE_DATA/messages/ens\n");
        return 77;
    }
    gl_ens_prepare();
    xmlSchema *schemas[2] = {schema_of(root, "CC315A"), schema_of(root, "CC313A")};
    if (schemas[0] == NULL || schemas[1] == NULL) {
        fprintf(stderr, "FAILED: the schemas cannot be read\n");
        return 1;
    }
    snprintf(path, sizeof path, "%s/messages/ens/test/resources/xmls", root);
    folder(schemas, path, true);
    snprintf(path, sizeof path, "%s/messages/ens/public/api/conf/1.0/examples", root);
    folder(schemas, path, true);
    snprintf(path, sizeof path, "%s/stages/ingest/formats/ens/corpus", GL_SOURCE_DIR);
    folder(schemas, path, true);
    printf("%zu documents, %zu of them refused by the schema: we say the same of all but %d\n", documents, refused,
           failures);
    xmlSchemaFree(schemas[0]);
    xmlSchemaFree(schemas[1]);
    xmlCleanupParser();
    return failures > 0 || documents < 1000 || refused == 0 || refused == documents;
}
