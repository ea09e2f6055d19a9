/* ASYCUDA World's SAD, root ASYCUDA: one document is one declaration. See sad_map.h.
 *
 * The LRN is the declarant's reference; what was exported without one has its registration, else its assessment:
 * office, year, series and number.
 */
#include "ingest/formats/sad/sad_map.h"
#include "ingest/formats/xml/xml_document.h"

/* Elements of an absent value: <null/>. */
static void remove_nulls(gl_xml *node)
{
    gl_xml **link = &node->first;
    node->last = NULL;
    while (*link != NULL) {
        gl_xml *child = *link;
        bool null = gl_str_eqz(child->name, "null") && child->first == NULL && gl_str_trim(child->text).len == 0;
        if (null) {
            *link = child->next;
            continue;
        }
        remove_nulls(child);
        node->last = child;
        link = &child->next;
    }
}

static const gl_xml *find(const gl_xml *root, const char *section, const char *part, const char *name)
{
    const gl_xml *at = gl_xml_child(root, section);
    if (at != NULL && part != NULL)
        at = gl_xml_child(at, part);
    return at == NULL ? NULL : gl_xml_child(at, name);
}

static gl_str text_of(const gl_xml *node)
{
    return node == NULL ? GL_STR("") : gl_str_trim(node->text);
}

/* --- import or export --- */

typedef enum direction { DIRECTION_UNKNOWN, DIRECTION_IMPORT, DIRECTION_EXPORT } direction;

static direction by_letter(gl_str text)
{
    char first = text.len == 0 ? 0 : (char)(text.ptr[0] & ~0x20);
    return first == 'I' ? DIRECTION_IMPORT : first == 'E' ? DIRECTION_EXPORT : DIRECTION_UNKNOWN;
}

static direction by_type(gl_str text)
{
    if (gl_str_starts(text, GL_STR("IM")))
        return DIRECTION_IMPORT;
    return gl_str_starts(text, GL_STR("EX")) ? DIRECTION_EXPORT : DIRECTION_UNKNOWN;
}

/* The general procedures of ASYCUDA: 1 to 3 leave the country, 4 to 7 enter it. */
static direction by_procedure(gl_str text)
{
    if (text.len != 1 || text.ptr[0] < '1' || text.ptr[0] > '7')
        return DIRECTION_UNKNOWN;
    return text.ptr[0] <= '3' ? DIRECTION_EXPORT : DIRECTION_IMPORT;
}

static void derive_family(gl_sad *sad, const gl_xml *root)
{
    const gl_xml *flow = find(root, "Property", NULL, "Sad_flow"),
                 *type = find(root, "Identification", "Type", "Type_of_declaration"),
                 *procedure = find(root, "Identification", "Type", "Declaration_gen_procedure_code");
    const gl_xml *nodes[] = {flow, type, procedure};
    direction said[] = {by_letter(text_of(flow)), by_type(text_of(type)), by_procedure(text_of(procedure))};
    gl_declaration *declaration = sad->cds.declaration;
    gl_report *report = sad->cds.report;
    gl_path path = {NULL, "family", &declaration->family};
    if (text_of(flow).len > 0 && said[0] == DIRECTION_UNKNOWN)
        gl_sad_keep(&sad->cds, flow, &path, "invalid-code", "neither import nor export", "I, E");
    else if (said[0] != DIRECTION_UNKNOWN && said[1] != DIRECTION_UNKNOWN && said[0] != said[1])
        gl_report_at(report, type, &path, &(gl_problem){.code = "invalid-code", .warning = true},
                     "the flow and the type of the declaration say different things: the flow counts");
    for (size_t i = 0; i < 3; i++)
        if (said[i] != DIRECTION_UNKNOWN) {
            declaration->family =
                said[i] == DIRECTION_EXPORT ? GL_DECLARATION_FAMILY_EXPORT : GL_DECLARATION_FAMILY_IMPORT;
            gl_report_origin(report, &declaration->family, nodes[i]);
            return;
        }
}

/* A declaration without a usable type is an import or an export. */
static void derive_type(gl_sad *sad, const gl_xml *root)
{
    gl_declaration *declaration = sad->cds.declaration;
    const gl_xml *flow = find(root, "Property", NULL, "Sad_flow"),
                 *type = find(root, "Identification", "Type", "Type_of_declaration");
    if (declaration->type_code.len > 0 || !gl_report_given(sad->cds.report, &declaration->family))
        return;
    declaration->type_code = gl_str_of(declaration->family == GL_DECLARATION_FAMILY_EXPORT ? "EX" : "IM");
    gl_report_origin(sad->cds.report, &declaration->type_code, type != NULL ? type : flow != NULL ? flow : root);
}

/* --- LRN --- */

/* The year of a date that is understood, or four digits in one that is not. */
static gl_str year_of(const gl_sad *sad, gl_str text)
{
    gl_str date = GL_STR("");
    if (gl_sad_date(sad->cds.report->arena, &sad->locale, text, &date) == GL_SAD_READ)
        return (gl_str){date.ptr, 4};
    for (size_t at = 0, run = 0; at < text.len; at++) {
        run = text.ptr[at] >= '0' && text.ptr[at] <= '9' ? run + 1 : 0;
        if (run == 4)
            return (gl_str){text.ptr + at - 3, 4};
    }
    /* of "05/06/15" it is the last part, whatever the order of the others */
    return text.len >= 6 ? gl_str_of(gl_arena_printf(sad->cds.report->arena, "20%.2s", text.ptr + text.len - 2))
                         : GL_STR("");
}

static void derive_lrn(gl_sad *sad, const gl_xml *root)
{
    gl_report *report = sad->cds.report;
    gl_declaration *declaration = sad->cds.declaration;
    const char *step =
        text_of(find(root, "Identification", "Registration", "Number")).len > 0 ? "Registration" : "Assessment";
    const gl_xml *number = find(root, "Declarant", "Reference", "Number"),
                 *registered = find(root, "Identification", step, "Number");
    gl_path path = {NULL, "functional_reference_id", &declaration->functional_reference_id};
    gl_str own = text_of(registered), series = text_of(find(root, "Identification", step, "Serial_number")),
           office = text_of(find(root, "Identification", "Office_segment", "Customs_clearance_office_code")),
           year = year_of(sad, text_of(find(root, "Identification", step, "Date")));
    if (year.len == 0) /* a registration without a day of its own */
        year = year_of(sad, text_of(find(root, "Property", NULL, "Date_of_declaration")));
    if (text_of(number).len > 0) {
        declaration->functional_reference_id = text_of(number);
        gl_report_origin(report, path.slot, number);
    } else if (own.len > 0 && office.len > 0 && year.len > 0) {
        declaration->functional_reference_id =
            gl_str_of(gl_arena_printf(report->arena, "%.*s-%.*s-%.*s%.*s", GL_STR_ARG(office), GL_STR_ARG(year),
                                      GL_STR_ARG(series), GL_STR_ARG(own)));
        gl_report_origin(report, path.slot, registered);
    } else {
        gl_report_origin(report, path.slot, root);
        gl_report_at(report, number != NULL ? number : root, &path,
                     &(gl_problem){.code = "missing",
                                   .allowed = "Declarant/Reference/Number, or Number and Date of the Registration with "
                                              "the office's code"},
                     "nothing says what the declaration is called: the declarant's reference has no Number, and of the "
                     "%s is missing:%s%s%s",
                     step, own.len == 0 ? " Number" : "", year.len == 0 ? " Date" : "",
                     office.len == 0 ? " the office's code" : "");
    }
}

void gl_sad_read_document(gl_reader *reader, gl_intake *intake, const gl_xml *root)
{
    gl_sad sad = {.cds = {.form = &gl_sad_form, .report = &reader->report, .declaration = &intake->declaration}};
    gl_declaration *declaration = &intake->declaration;
    gl_sad_prepare();
    reader->form = gl_sad_form.format;
    remove_nulls((gl_xml *)(uintptr_t)root); /* the tree is this message's own */
    gl_sad_learn(&sad, root);
    gl_report_origin(sad.cds.report, gl_record_slot(declaration), root);
    derive_family(&sad, root);
    gl_cds_walk(&sad.cds, &gl_sad_declaration, root, declaration, NULL);
    gl_sad_finish(&sad, root);
    derive_type(&sad, root);
    derive_lrn(&sad, root);
    declaration->data_set = GL_STR("SAD");
    gl_intake_finish(reader, intake, reader->bytes, (gl_str){NULL, 0});
}
