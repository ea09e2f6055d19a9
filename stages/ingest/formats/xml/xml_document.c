/* See xml_document.h. */
#include "ingest/formats/xml/xml_document.h"

static gl_str xml_pointer(const void *source, gl_arena *arena, const void *node)
{
    (void)source;
    return gl_xml_path(arena, node);
}

/* The text as it stands there; elements with elements inside have none. */
static gl_str xml_value(const void *source, gl_arena *arena, const void *node)
{
    (void)source;
    (void)arena;
    const gl_xml *xml = node;
    return xml->first == NULL ? xml->text : (gl_str){NULL, 0};
}

const gl_locator gl_xml_locator = {xml_pointer, xml_value, NULL};

/* By the root's local name; the last row takes what no other does, and says what is wrong with it. */
static const struct {
    const char *root;
    gl_xml_read *read;
} forms[] = {{"ASYCUDA", gl_sad_read_document},
             {"CC315A", gl_ens_read_document},
             {"CC313A", gl_ens_read_document},
             {"Envelope", gl_ens_read_envelope},
             {NULL, gl_cds_read_document}};

static gl_xml_read *form_of(const gl_xml *root)
{
    size_t i = 0;
    while (forms[i].root != NULL && !gl_str_eqz(root->name, forms[i].root))
        i++;
    return forms[i].read;
}

static const gl_xml *parse(gl_reader *reader)
{
    gl_report *report = &reader->report;
    gl_xml_problem problem = {0};
    if (reader->bytes.len > GL_XML_LIMIT_BYTES) {
        gl_report_raw(report, GL_STR(""), &(gl_problem){.code = "too-large", .allowed = "2 MiB"},
                      "the document has %zu bytes", reader->bytes.len);
        return NULL;
    }
    const gl_xml *root = gl_xml_parse(report->arena, reader->bytes, &problem);
    if (root == NULL) {
        const char *where =
            problem.line > 0 ? gl_arena_printf(report->arena, "line %d, column %d", problem.line, problem.column) : "";
        gl_report_raw(report, gl_str_of(where), &(gl_problem){.code = problem.code}, "%s", problem.text);
    }
    return root;
}

static bool next_document(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    reader->finished = true;
    if (reader->offset >= reader->bytes.len)
        return false;
    reader->offset = reader->bytes.len;
    gl_report_begin(&reader->report, arena, &gl_xml_locator, NULL, NULL);
    const gl_xml *root = parse(reader);
    reader->report.root = root;
    if (root == NULL)
        gl_intake_refuse(reader, intake, reader->bytes);
    else
        form_of(root)(reader, intake, root);
    return true;
}

bool gl_xml_reader_open(gl_reader *reader, gl_err *err)
{
    (void)err;
    reader->next = next_document;
    return true;
}
