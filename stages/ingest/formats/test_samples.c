/* The reference data, when it is there ($GREENLANE_DATA, default ../shared/data beside the project): how many
 * declarations are accepted, and that the table of refused samples in docs/FORMATS.md is exactly what the code refuses.
 * Exit code 77: skipped.
 */
#include <dirent.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "ingest/formats/canonical.h"
#include "ingest/formats/cds/cds_write.h"
#include "ingest/formats/document.h"
#include "ingest/formats/reader.h"

enum { FILE_LIMIT = 32 << 20, PATH_LIMIT = 2048 };

static char bytes[FILE_LIMIT];
static int failures;
static size_t accepted, cancellations, refused, others;
static gl_buf refusals; /* rows of the table, unsorted */
static char *rows[1024];
static size_t row_count;

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "FAILED: %s: %s\n", what, detail);
    failures++;
}

static size_t load(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size = file == NULL ? 0 : fread(bytes, 1, sizeof bytes, file);
    if (file != NULL)
        fclose(file);
    return size;
}

/* Each XPath names one node, and the value reported is its text. */
static void check_pointers(const char *name, const gl_intake *intake)
{
    xmlDocPtr doc =
        xmlReadMemory(intake->source.ptr, (int)intake->source.len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
    xmlXPathContextPtr context = doc == NULL ? NULL : xmlXPathNewContext(doc);
    for (size_t i = 0; i < intake->error_count; i++) {
        const gl_rejection_validation_error *e = &intake->errors[i];
        char path[PATH_LIMIT];
        if (!gl_str_starts(e->pointer, GL_STR("/"))) {
            if (doc != NULL)
                fail(name, "an error of a readable document without XPath");
            continue;
        }
        snprintf(path, sizeof path, "%.*s", GL_STR_ARG(e->pointer));
        xmlXPathObjectPtr found = context == NULL ? NULL : xmlXPathEvalExpression((const xmlChar *)path, context);
        if (found == NULL || found->nodesetval == NULL || found->nodesetval->nodeNr != 1) {
            fail(name, path);
        } else if (e->value.ptr != NULL) {
            xmlChar *text = xmlNodeGetContent(found->nodesetval->nodeTab[0]);
            if (!gl_str_eqz(e->value, (const char *)text))
                fail(name, (const char *)text);
            xmlFree(text);
        }
        xmlXPathFreeObject(found);
    }
    xmlXPathFreeContext(context);
    xmlFreeDoc(doc);
}

static const gl_rejection_validation_error *first_error(const gl_intake *intake)
{
    for (size_t i = 0; i < intake->error_count; i++)
        if (intake->errors[i].severity == GL_REJECTION_SEVERITY_ERROR)
            return &intake->errors[i];
    return NULL;
}

/* Messages that are plainly something else need no row of their own: the error names them. */
static bool named_as_other(const gl_rejection_validation_error *e)
{
    return gl_str_eqz(e->code, "not-a-declaration") && gl_str_starts(e->text, GL_STR("this is "));
}

/* Of the UK's messages; what is written is valid by it. */
static xmlSchemaPtr schema;

static void load_schema(const char *data)
{
    char path[PATH_LIMIT];
    snprintf(path, sizeof path, "%s/messages/cds/schemas/wco/declaration/WCO_DEC_2_DMS.xsd", data);
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    schema = parser == NULL ? NULL : xmlSchemaParse(parser);
    xmlSchemaFreeParserCtxt(parser);
    if (schema == NULL)
        fail(path, "cannot be read");
}

static void check_valid(const char *name, const gl_buf *xml)
{
    xmlDocPtr doc = xmlReadMemory((const char *)xml->data, (int)xml->len, NULL, NULL, XML_PARSE_NONET);
    xmlNodePtr declaration = doc == NULL ? NULL : xmlFirstElementChild(xmlDocGetRootElement(doc));
    while (declaration != NULL && strcmp((const char *)declaration->name, "Declaration") != 0)
        declaration = xmlNextElementSibling(declaration);
    xmlSchemaValidCtxtPtr context = schema == NULL ? NULL : xmlSchemaNewValidCtxt(schema);
    if (declaration == NULL || context == NULL || xmlSchemaValidateOneElement(context, declaration) != 0)
        fail(name, "what is written is not valid by the schema");
    xmlSchemaFreeValidCtxt(context);
    xmlFreeDoc(doc);
}

/* What was accepted is written in its form, read again and the same. */
static void check_again(const char *name, const gl_declaration *declaration, gl_arena *arena)
{
    gl_buf xml = gl_buf_in(arena);
    gl_difference lost[8];
    gl_written written = {.lost = lost, .limit = 8, .why = GL_STR("")};
    char text[PATH_LIMIT];
    if (!gl_cds_write_checked(&xml, arena, gl_cds_form_fitting(declaration), declaration, &written)) {
        snprintf(text, sizeof text, "written again it would be refused: %.*s", GL_STR_ARG(written.why));
        fail(name, text);
    }
    if (gl_cds_form_fitting(declaration) == &gl_cds_form_uk)
        check_valid(name, &xml);
    for (size_t i = 0; i < written.count; i++) {
        snprintf(text, sizeof text, "written and read again, %.*s differs", GL_STR_ARG(lost[i].path));
        fail(name, text);
    }
}

static void read_sample(const char *path, const char *name)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    size_t size = load(path);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), (gl_str){bytes, size}, 0, 0, &err);
    if (reader == NULL || !gl_reader_next(reader, arena, &intake)) {
        fail(name, err.message);
        return;
    }
    check_pointers(name, &intake);
    if (!intake.rejected) {
        *(intake.event != NULL ? &cancellations : &accepted) += 1;
        if (intake.event == NULL)
            check_again(name, &intake.declaration, arena);
    } else {
        const gl_rejection_validation_error *e = first_error(&intake);
        bool other = named_as_other(e);
        others += other;
        refused += !other;
        if (!other && row_count < sizeof rows / sizeof *rows) {
            gl_buf row = {0};
            gl_buf_printf(&row, "| %s | `%.*s` | %.*s |\n", name, GL_STR_ARG(e->code), GL_STR_ARG(e->text));
            gl_buf_byte(&row, 0);
            rows[row_count++] = (char *)row.data;
        }
    }
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

static void read_folder(const char *folder, size_t root_len)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_LIMIT];
        struct stat st;
        size_t len = strlen(entries[i]->d_name);
        int used = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && used > 0 && (size_t)used < sizeof path && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                read_folder(path, root_len);
            else if (len > 4 && strcmp(entries[i]->d_name + len - 4, ".xml") == 0)
                read_sample(path, path + root_len + 1);
        }
        free(entries[i]);
    }
    free(entries);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_table(void)
{
    size_t size = load(GL_SOURCE_DIR "/docs/FORMATS.md");
    gl_str table = gl_document_find((gl_str){bytes, size}, "refused");
    qsort(rows, row_count, sizeof *rows, by_text);
    gl_buf_text(&refusals, "| file | code | what is said |\n|---|---|---|\n");
    for (size_t i = 0; i < row_count; i++) {
        gl_buf_text(&refusals, rows[i]);
        free(rows[i]);
    }
    if (!gl_str_eq(table, gl_buf_view(&refusals))) {
        fail("docs/FORMATS.md", "the table of refused samples should be:");
        fprintf(stderr, "%.*s", GL_STR_ARG(gl_buf_view(&refusals)));
    }
    gl_buf_free(&refusals);
}

static void check_cds(const char *data)
{
    char folder[PATH_LIMIT];
    snprintf(folder, sizeof folder, "%s/messages/cds", data);
    read_folder(folder, strlen(folder));
    printf("cds: %zu declarations and %zu cancellations accepted, %zu refused, %zu other messages refused as what they "
           "are\n",
           accepted, cancellations, refused, others);
    if (accepted < 180)
        fail("cds", "fewer than 180 declarations accepted");
    check_table();
}

static void check_kcs(const char *data)
{
    char path[PATH_LIMIT];
    gl_err err = {0};
    gl_mappings *mappings = gl_mappings_load(GL_SOURCE_DIR "/config/mappings", &err);
    snprintf(path, sizeof path, "%s/declarations/kcs/train.csv", data);
    gl_str file = {bytes, load(path)};
    gl_arena *arena = gl_arena_new(0), *each = gl_arena_new(0);
    gl_reader *reader =
        mappings == NULL ? NULL : gl_reader_open(arena, mappings, GL_FORMAT_CSV, GL_STR("kcs"), file, 0, 0, &err);
    size_t good = 0, bad = 0;
    int64_t begun = gl_thread_cpu_us();
    gl_intake intake;
    while (reader != NULL && gl_reader_next(reader, each, &intake)) {
        good += !intake.rejected;
        bad += intake.rejected;
        gl_arena_reset(each);
    }
    printf("kcs: %zu of %zu rows accepted, %.2f us of CPU a row\n", good, good + bad,
           (double)(gl_thread_cpu_us() - begun) / (double)(good + bad + 1));
    if (good != 37385 || bad != 0)
        fail("kcs", reader == NULL ? err.message : "not all rows of train.csv are accepted");
    gl_reader_close(reader);
    gl_mappings_destroy(mappings);
    gl_arena_destroy(arena);
    gl_arena_destroy(each);
}

int main(void)
{
    const char *data = getenv("GREENLANE_DATA");
    struct stat st;
    char path[PATH_LIMIT];
    if (data == NULL || *data == 0)
        data = GL_SOURCE_DIR "/../shared/data";
    snprintf(path, sizeof path, "%s/messages/cds", data);
    if (stat(path, &st) != 0) {
        printf("skipped: no reference data at %s (GREENLANE_DATA)\n", data);
        return 77;
    }
    load_schema(data);
    check_cds(data);
    xmlSchemaFree(schema);
    check_kcs(data);
    xmlCleanupParser();
    return failures == 0 ? 0 : 1;
}
