/* WCO Data Model declarations as the UK's CDS and the EU's national systems write them: a Declaration alone, in
 * MetaData, or in the gateway's submitDeclarationRequest (docs/FORMATS.md). One document is one declaration; what is
 * none is refused as what it is. Elements are told by their local names, whatever prefixes and namespace versions are
 * used.
 */
#include "base/yaml.h"
#include "customs/ids.h"
#include "ingest/formats/cds/cds_map.h"
#include "ingest/formats/xml/xml_document.h"

/* --- the walk --- */

/* Inside a party, whichever it is. */
static bool is_of_party(const gl_xml *node)
{
    static const char *const parties[] = {"Address",     "Agent",    "AuthorisationHolder",
                                          "Buyer",       "Carrier",  "Consignee",
                                          "Consignor",   "Contact",  "Declarant",
                                          "Exporter",    "Importer", "Notify",
                                          "NotifyParty", "Payer",    "Seller",
                                          "Submitter",   NULL};
    for (; node != NULL; node = node->parent)
        if (gl_names_index(parties, node->name) >= 0)
            return true;
    return false;
}

static void unknown_element(gl_cds *cds, const gl_cds_table *table, const gl_xml *node)
{
    const char *names[64] = {NULL};
    const gl_cds_table *over = gl_cds_over(cds->form, table);
    size_t count = 0;
    for (size_t i = 0; over != NULL && i < over->count && count < 63; i++)
        names[count++] = over->rules[i].element;
    for (size_t i = 0; i < table->count && count < 63; i++)
        names[count++] = table->rules[i].element;
    const char *near = gl_report_wants_hint(cds->report) ? gl_nearest_name(node->name, names) : NULL;
    const char *hint = near == NULL ? NULL : gl_arena_printf(cds->report->arena, "did you mean %s?", near);
    gl_problem problem = {.code = "unknown-element", .warning = true, .hint = hint};
    gl_str text = gl_str_trim(node->text);
    if (text.len > 0 && is_of_party(node))
        problem.value = gl_report_masked(cds->report->arena, text);
    gl_report_at(cds->report, node, NULL, &problem, "%.*s is not known inside %.*s: it is not read",
                 GL_STR_ARG(node->name), GL_STR_ARG(node->parent->name));
}

/* Currency or unit of what was just set. */
static void read_unit(gl_cds *cds, const gl_field *field, void *slot, const gl_xml *node)
{
    bool amount = field->kind == GL_FIELD_AMOUNT;
    void *number = *(gl_record_pointer *)slot;
    for (const gl_xml *a = node->attributes; a != NULL; a = a->next) {
        gl_str text = gl_str_trim(a->text);
        if (!gl_str_eqz(a->name, amount ? "currencyID" : "unitCode") || text.len == 0)
            continue;
        gl_str *unit =
            amount ? &((gl_declaration_amount *)number)->currency_code : &((gl_declaration_measure *)number)->unit_code;
        *unit = text;
        gl_report_origin(cds->report, unit, a);
    }
}

static void read_field(gl_cds *cds, const gl_cds_rule *rule, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_field *field = rule->target;
    void *slot = (char *)record + field->offset;
    gl_path member = {path, field->name, slot};
    if (node->first != NULL) {
        gl_report_at(cds->report, node, &member, &(gl_problem){.code = "wrong-type", .allowed = "text"},
                     "%.*s holds elements where text was expected", GL_STR_ARG(node->name));
        return;
    }
    if (field->kind != GL_FIELD_TEXTS && !gl_field_blank(field, slot)) {
        gl_report_at(cds->report, node, &member, &(gl_problem){.code = "duplicate-element"}, "%s was given before",
                     field->name);
        return;
    }
    gl_str text = gl_str_trim(node->text);
    if (cds->form->text != NULL && text.len > 0)
        text = cds->form->text(cds, field, node, &member);
    if (gl_field_set_text(cds->report, field, record, text, node, &member) && cds->form->units &&
        (field->kind == GL_FIELD_AMOUNT || field->kind == GL_FIELD_MEASURE) && *(gl_record_pointer *)slot != NULL)
        read_unit(cds, field, slot, node);
}

static void read_record(gl_cds *cds, const gl_cds_rule *rule, const gl_xml *node, void *record, const gl_path *path)
{
    gl_record_pointer *slot = (gl_record_pointer *)(void *)((char *)record + rule->target->offset);
    gl_path member = {path, rule->target->name, slot};
    if (cds->form->nothing != NULL && cds->form->nothing(cds, node))
        return;
    if (*slot != NULL) {
        gl_report_at(cds->report, node, &member, &(gl_problem){.code = "duplicate-element"}, "%s was given before",
                     rule->target->name);
        return;
    }
    *slot = gl_arena_calloc(cds->report->arena, 1, rule->target->shape->bytes);
    gl_report_origin(cds->report, slot, node);
    gl_cds_walk(cds, rule->inside, node, *slot, &member);
}

static void read_list(gl_cds *cds, const gl_cds_rule *rule, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_field *field = rule->target;
    void *slot = (char *)record + field->offset;
    if (cds->form->nothing != NULL && cds->form->nothing(cds, node))
        return;
    void *element = gl_list_append(cds->report, slot, field->shape->bytes, node);
    if (rule->key >= 0)
        memcpy((char *)element + field->shape->fields[0].offset, &rule->key, sizeof rule->key);
    gl_path list = {path, field->name, slot}, inner = {&list, NULL, gl_record_slot(element)};
    gl_cds_walk(cds, rule->inside, node, element, &inner);
}

/* A text that no attribute can hold. */
static void set_information(gl_cds *cds, const char *code, gl_str text, const gl_xml *node)
{
    gl_list *list = cds->item != NULL ? (gl_list *)&cds->item->additional_information
                                      : (gl_list *)&cds->declaration->additional_information;
    gl_declaration_additional_information *made = gl_list_append(cds->report, list, sizeof *made, node);
    made->statement_code = gl_str_of(code);
    made->statement_description = text;
    gl_report_origin(cds->report, &made->statement_description, node);
}

void gl_cds_set_attribute(gl_cds *cds, const char *type, gl_str text, const gl_xml *node)
{
    const gl_field *code = gl_shape_field(&gl_shape_attribute, GL_STR("code"));
    gl_list *list = cds->item != NULL ? (gl_list *)&cds->item->attributes : (gl_list *)&cds->declaration->attributes;
    if (text.len == 0)
        return;
    if (cds->form->absent && text.len > (size_t)code->limit) {
        set_information(cds, type, text, node);
        return;
    }
    gl_declaration_attribute *attribute = gl_list_append(cds->report, list, sizeof *attribute, node);
    attribute->type = gl_str_of(type);
    attribute->code = text;
    gl_report_origin(cds->report, &attribute->code, node);
}

static void read_attribute(gl_cds *cds, const gl_cds_rule *rule, const gl_xml *node, const gl_path *path)
{
    gl_str text = gl_str_trim(node->text);
    if (cds->form->text != NULL && text.len > 0)
        text = cds->form->text(cds, NULL, node, path);
    gl_cds_set_attribute(cds, rule->field, text, node);
}

static void apply(gl_cds *cds, const gl_cds_rule *rule, const gl_xml *node, void *record, const gl_path *path)
{
    switch (rule->action) {
    case GL_CDS_FIELD:
        read_field(cds, rule, node, record, path);
        return;
    case GL_CDS_ENTER:
    case GL_CDS_EACH:
        gl_cds_walk(cds, rule->inside, node, record, path);
        return;
    case GL_CDS_RECORD:
        read_record(cds, rule, node, record, path);
        return;
    case GL_CDS_LIST:
        read_list(cds, rule, node, record, path);
        return;
    case GL_CDS_ATTRIBUTE:
        read_attribute(cds, rule, node, path);
        return;
    case GL_CDS_CUSTOM:
        rule->custom(cds, node, record, path);
        return;
    case GL_CDS_PART:
    case GL_CDS_ORDER:
    case GL_CDS_SKIP:
        return;
    }
}

void gl_cds_check(gl_cds *cds, const gl_cds_table *table, const gl_xml *node)
{
    const gl_cds_table *over = gl_cds_over(cds->form, table);
    for (const gl_xml *child = node->first; child != NULL; child = child->next)
        if (gl_cds_rule_of(over, table, child->name) == NULL)
            unknown_element(cds, table, child);
}

void gl_cds_walk(gl_cds *cds, const gl_cds_table *table, const gl_xml *node, void *record, const gl_path *path)
{
    gl_str text = gl_str_trim(node->text);
    if (text.len > 0)
        gl_report_at(cds->report, node, NULL, &(gl_problem){.code = "unexpected-text", .warning = true},
                     "%.*s holds text where elements were expected", GL_STR_ARG(node->name));
    const gl_cds_table *over = gl_cds_over(cds->form, table);
    for (const gl_xml *child = node->first; child != NULL; child = child->next) {
        const gl_cds_rule *rule = gl_cds_rule_of(over, table, child->name);
        if (rule == NULL)
            unknown_element(cds, table, child);
        else
            apply(cds, rule, child, record, path);
    }
}

/* --- what follows from the whole --- */

static bool one_of(gl_str text, const char *const *names)
{
    return gl_names_index(names, text) >= 0;
}

/* The procedure of the first item that has one. */
static gl_str first_procedure(const gl_declaration *declaration)
{
    for (size_t i = 0; i < declaration->items.count; i++)
        if (declaration->items.at[i].procedure_current_code.ptr != NULL)
            return declaration->items.at[i].procedure_current_code;
    return GL_STR("");
}

/* IM imports, EX exports; CO (special fiscal territories) is either, as the requested procedure says. */
static void derive_family(gl_cds *cds)
{
    static const char *const export_procedures[] = {"10", "11", "21", "22", "23", "31", "76", "77", NULL};
    gl_declaration *declaration = cds->declaration;
    gl_str type = declaration->type_code;
    bool export = gl_str_starts(type, GL_STR("EX"));
    if (gl_str_starts(type, GL_STR("CO")))
        export = one_of(first_procedure(declaration), export_procedures);
    else if (!export && !gl_str_starts(type, GL_STR("IM"))) {
        const gl_xml *root = cds->report->root, *node = gl_xml_child(root, "TypeCode");
        gl_path path = {NULL, "family", &declaration->family};
        gl_report_origin(cds->report, &declaration->family, node == NULL ? root : node);
        if (type.len > 0)
            gl_report_at(cds->report, node, &path,
                         &(gl_problem){.code = "invalid-code", .allowed = "IM, EX or CO, and a letter"},
                         "the declaration type says neither import nor export");
        return;
    }
    declaration->family = export ? GL_DECLARATION_FAMILY_EXPORT : GL_DECLARATION_FAMILY_IMPORT;
    gl_report_origin(cds->report, &declaration->family, gl_xml_child(cds->report->root, "TypeCode"));
}

static bool has_additional(const gl_declaration *declaration, const char *const *codes)
{
    for (size_t i = 0; i < declaration->items.count; i++)
        for (size_t k = 0; k < declaration->items.at[i].additional_procedures.count; k++)
            if (one_of(declaration->items.at[i].additional_procedures.at[k], codes))
                return true;
    return false;
}

/* NI internal market (UKIM) movements declare the reduced data set H8 by these. */
static bool is_h8(const gl_declaration *declaration)
{
    static const char *const codes[] = {"1EN", "1SP", "1NR", "1SG", NULL};
    for (size_t i = 0; i < declaration->parties.count; i++)
        if (declaration->parties.at[i].role == GL_DECLARATION_PARTY_ROLE_AUTHORISATION_HOLDER &&
            gl_str_eqz(declaration->parties.at[i].role_code, "UKIM"))
            return has_additional(declaration, codes);
    return false;
}

static const char *import_set(const gl_cds *cds, gl_str procedure)
{
    static const char *const h7[] = {"1H7", "C07", "C08", "F48", "F49", NULL}, *const uk[] = {"1H7", NULL};
    const gl_declaration *declaration = cds->declaration;
    if (is_h8(declaration))
        return "H8";
    if (has_additional(declaration, uk) || (cds->form->relief_is_h7 && has_additional(declaration, h7)))
        return "H7";
    if (gl_str_eqz(procedure, "71"))
        return "H2";
    if (gl_str_eqz(procedure, "53"))
        return "H3";
    if (gl_str_eqz(procedure, "51"))
        return "H4";
    return gl_str_starts(declaration->type_code, GL_STR("CO")) ? "H5" : "H1";
}

static const char *export_set(const gl_declaration *declaration, gl_str procedure)
{
    if (gl_str_starts(declaration->type_code, GL_STR("CO")))
        return "B4";
    if (gl_str_eqz(procedure, "21") || gl_str_eqz(procedure, "22"))
        return "B2";
    return gl_str_eqz(procedure, "76") || gl_str_eqz(procedure, "77") ? "B3" : "B1";
}

/* Which data set it was read as: a procedure category that says so, else from type and procedure. */
static void derive_data_set(gl_cds *cds)
{
    gl_declaration *declaration = cds->declaration;
    gl_str type = declaration->type_code, procedure = first_procedure(declaration);
    bool export = declaration->family == GL_DECLARATION_FAMILY_EXPORT;
    char letter = type.len == 3 ? type.ptr[2] : 0;
    static const char *const named[] = {"H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8",
                                        "I1", "B1", "B2", "B3", "B4", "C1", NULL};
    if (declaration->procedure_category.ptr != NULL && one_of(declaration->procedure_category, named))
        declaration->data_set = declaration->procedure_category;
    else if (letter == 'J' || letter == 'K')
        declaration->data_set = GL_STR("C21");
    else if (letter != 0 && strchr("BCEF", letter) != NULL)
        declaration->data_set = export ? GL_STR("C1") : GL_STR("I1");
    else if (letter != 0)
        declaration->data_set = gl_str_of(export ? export_set(declaration, procedure) : import_set(cds, procedure));
}

/* --- what is no declaration --- */

static const char *const notifications[][2] = {{"01", "DMSACC, declaration accepted"},
                                               {"02", "DMSRCV, declaration received"},
                                               {"03", "DMSREJ, declaration rejected"},
                                               {"05", "DMSCTL, goods under control"},
                                               {"06", "DMSDOC, documents required"},
                                               {"07", "DMSRES, amended by customs"},
                                               {"08", "DMSROG, released with obligation"},
                                               {"09", "DMSCLE, cleared"},
                                               {"10", "DMSINV, invalidated"},
                                               {"11", "DMSREQ, answer to a request"},
                                               {"13", "DMSTAX, tax liability"},
                                               {"14", "DMSCPI, insufficient funds"},
                                               {"15", "DMSCPR, insufficient funds, reminder"},
                                               {"16", "DMSEOG, exit of goods"},
                                               {"17", "DMSEXT, exit"},
                                               {"18", "DMSGER, goods exit result"},
                                               {"50", "DMSALV, alive"},
                                               {"51", "DMSQRY, query"},
                                               {"52", "DMSDET, detained"}};

static const char *const messages[][2] = {
    {"inventoryLinkingMovementRequest", "an inventory-linking movement request (arrival or departure of an export)"},
    {"InventoryLinkingExportsInboundRequest",
     "an inventory-linking movement request (arrival or departure of an export)"},
    {"inventoryLinkingConsolidationRequest", "an inventory-linking consolidation request"},
    {"inventoryLinkingQueryRequest", "an inventory-linking query"},
    {"InventoryLinkingImportsValidateMovementResponse", "an inventory-linking answer about an import movement"},
    {"inventoryLinkingImportsGoodsArrival", "an inventory-linking notice of goods arrival"},
    {"DeclarationStatusResponse", "the status of a declaration"},
    {"DeclarationFullResponse", "a retrieved declaration (all data)"},
    {"DeclarationVersionResponse", "the versions of a declaration"},
    {"FileUploadRequest", "a request to upload files"},
    {"FileUploadResponse", "an answer to a request to upload files"}};

static void not_a_declaration(gl_report *report, const gl_xml *node, const char *what)
{
    gl_report_at(report, node, NULL,
                 &(gl_problem){.code = "not-a-declaration",
                               .allowed = "Declaration, alone or in MetaData",
                               .hint = "nothing was declared: send declarations only"},
                 "this is %s, not a declaration", what);
}

static void refuse_notification(gl_report *report, const gl_xml *response)
{
    gl_str code = gl_xml_child_text(response, "FunctionCode");
    const char *name = "a notification";
    for (size_t i = 0; i < sizeof notifications / sizeof *notifications; i++)
        if (gl_str_eqz(code, notifications[i][0]))
            name = gl_arena_printf(report->arena, "a notification (%s)", notifications[i][1]);
    not_a_declaration(report, response, name);
}

/* Says what the document is. */
static void refuse_root(gl_report *report, const gl_xml *root)
{
    static const char *const known[] = {"Declaration", "MetaData", "submitDeclarationRequest", NULL};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (gl_str_eqz(root->name, messages[i][0])) {
            not_a_declaration(report, root, messages[i][1]);
            return;
        }
    const gl_xml *response = gl_xml_child(root, "Response");
    const char *near = gl_nearest_name(root->name, known);
    const char *hint = near == NULL ? NULL : gl_arena_printf(report->arena, "did you mean %s?", near);
    if (response != NULL)
        refuse_notification(report, response);
    else
        gl_report_at(
            report, root, NULL,
            &(gl_problem){.code = "not-a-declaration", .allowed = "Declaration, alone or in MetaData", .hint = hint},
            "the document's root element is %.*s, and no Declaration is where it should be", GL_STR_ARG(root->name));
}

/* The Declaration of the document, or NULL after it was refused. */
static const gl_xml *find_declaration(gl_report *report, const gl_xml *root)
{
    const gl_xml *at = root;
    if (gl_str_eqz(at->name, "submitDeclarationRequest")) {
        const gl_xml *detail = gl_xml_child(at, "requestDetail");
        const gl_xml *meta = detail == NULL ? NULL : gl_xml_child(detail, "MetaData");
        at = meta != NULL ? meta : detail != NULL ? detail : at;
    }
    if (gl_str_eqz(at->name, "Declaration"))
        return at;
    const gl_xml *found = gl_str_eqz(at->name, "MetaData") || at != root ? gl_xml_child(at, "Declaration") : NULL;
    if (found == NULL) {
        refuse_root(report, at);
        return NULL;
    }
    for (const gl_xml *next = found->next; next != NULL; next = next->next)
        if (gl_str_eqz(next->name, "Declaration")) {
            gl_report_at(report, next, NULL, &(gl_problem){.code = "several-declarations"},
                         "one document holds one declaration");
            return NULL;
        }
    return found;
}

typedef enum message_kind { MESSAGE_DECLARATION, MESSAGE_CANCELLATION, MESSAGE_REFUSED } message_kind;

/* Does it name single changes by pointers, instead of being the whole declaration? */
static bool amends_by_pointers(const gl_xml *declaration, gl_str code)
{
    return !gl_str_eqz(code, "4") || gl_xml_child(declaration, "Amendment") != NULL;
}

/* Originals (9), whole declarations that amend (4), cancellations (1, and 13 with type INV); other messages about a
 * declaration made before are told apart. */
static message_kind kind_of(gl_report *report, const gl_xml *declaration)
{
    static const char *const changes[] = {"4", "5", "33", "36", NULL}, *const taken = "9, 4, 1, 13 with type INV";
    const gl_xml *node = gl_xml_child(declaration, "FunctionCode");
    gl_str code = node == NULL ? GL_STR("") : gl_str_trim(node->text),
           type = gl_xml_child_text(declaration, "TypeCode");
    bool request = gl_str_eqz(code, "13"), amends = one_of(code, changes) || (request && gl_str_eqz(type, "COR"));
    gl_path path = {NULL, "function_code", NULL};
    const gl_xml *at = node == NULL ? declaration : node;
    if (gl_str_eqz(code, "9") || (amends && !amends_by_pointers(declaration, code)))
        return MESSAGE_DECLARATION;
    if (gl_str_eqz(code, "1") || (request && gl_str_eqz(type, "INV")))
        return MESSAGE_CANCELLATION;
    if (code.len == 0)
        gl_report_at(report, at, &path, &(gl_problem){.code = "missing", .allowed = taken},
                     "the function code is missing");
    else if (amends)
        gl_report_at(
            report, at, &path,
            &(gl_problem){.code = "amendment-not-supported",
                          .allowed = taken,
                          .hint = "send the whole declaration as it is now, with function code 4 and no Amendment"},
            "this amends a declaration by pointers to what changes; only a whole declaration can amend");
    else if (request && gl_str_eqz(type, "GPR"))
        gl_report_at(report, at, &path, &(gl_problem){.code = "not-supported", .allowed = taken},
                     "this is a goods presentation notice; those are not supported yet");
    else if (request)
        gl_report_at(report, at, &path, &(gl_problem){.code = "not-supported", .allowed = taken},
                     "this is a request about a declaration; those are not supported yet");
    else
        gl_report_at(report, at, &path, &(gl_problem){.code = "invalid-code", .allowed = taken},
                     "not a function code of a declaration");
    return MESSAGE_REFUSED;
}

/* The reason in words, of statement type AES; empty when none is given. */
static gl_str cancellation_reason(const gl_xml *declaration)
{
    for (const gl_xml *child = declaration->first; child != NULL; child = child->next) {
        if (!gl_str_eqz(child->name, "AdditionalInformation"))
            continue;
        gl_str text = gl_xml_child_text(child, "StatementDescription");
        if (text.len > 0)
            return text;
    }
    return GL_STR("");
}

/* By the MRN in ID: in a request (13) the LRN is the message's own, not the declaration's. Without ID a function code 1
 * names the declaration by its LRN and the type that says import or export. */
static void read_cancellation(gl_reader *reader, gl_intake *intake, const gl_xml *node)
{
    gl_report *report = &reader->report;
    const gl_xml *id = gl_xml_child(node, "ID"), *code = gl_xml_child(node, "FunctionCode"),
                 *type_node = gl_xml_child(node, "TypeCode");
    gl_str mrn = id == NULL ? GL_STR("") : gl_str_trim(id->text), type = gl_xml_child_text(node, "TypeCode");
    gl_path mrn_path = {NULL, "mrn", NULL}, family_path = {NULL, "family", NULL},
            lrn_path = {NULL, "functional_reference_id", NULL};
    bool export = gl_str_starts(type, GL_STR("EX"));
    intake->lrn = gl_usable_lrn(gl_xml_child_text(node, "FunctionalReferenceID"));
    if (mrn.len > 0 && !gl_mrn_valid(mrn, NULL))
        gl_report_at(report, id, &mrn_path,
                     &(gl_problem){.code = "invalid-code", .allowed = "an MRN, 18 characters with a check character"},
                     "not an MRN");
    else if (mrn.len == 0 && gl_str_eqz(gl_str_trim(code->text), "13"))
        gl_report_at(report, node, &mrn_path, &(gl_problem){.code = "missing"},
                     "the MRN (ID) of the declaration to cancel is missing");
    else if (mrn.len == 0 && intake->lrn.len == 0)
        gl_report_at(report, node, &lrn_path, &(gl_problem){.code = "missing"},
                     "neither the MRN (ID) nor the LRN of the declaration to cancel is given");
    else if (mrn.len == 0 && !export && !gl_str_starts(type, GL_STR("IM")))
        gl_report_at(report, type_node == NULL ? node : type_node, &family_path,
                     &(gl_problem){.code = "invalid-code", .allowed = "IM or EX, and a letter; or give the MRN (ID)"},
                     "the declaration type says neither import nor export");
    gl_intake_cancel(reader, intake, mrn, intake->lrn,
                     export ? GL_DECLARATION_FAMILY_EXPORT : GL_DECLARATION_FAMILY_IMPORT);
    intake->event->event.text = cancellation_reason(node);
    gl_intake_refuse(reader, intake, reader->bytes);
}

/* --- reading --- */

enum { PROFILE_BYTES = 140 };

static void add_to_profile(gl_buf *profile, gl_str text)
{
    if (text.len > 0)
        gl_buf_printf(profile, "%s%.*s", profile->len > 0 ? " " : "", GL_STR_ARG(text));
}

/* The schema that the Declaration names, without the folders before it. */
static gl_str schema_of(gl_report *report, const gl_xml *declaration)
{
    for (const gl_xml *a = declaration->attributes; a != NULL; a = a->next) {
        if (!gl_str_eqz(a->name, "schemaLocation"))
            continue;
        gl_str text = gl_str_trim(a->text);
        const char *slash = text.len == 0 ? NULL : memrchr(text.ptr, '/', text.len);
        gl_report_origin(report, NULL, a);
        return slash == NULL ? text : (gl_str){slash + 1, text.len - (size_t)(slash + 1 - text.ptr)};
    }
    return GL_STR("");
}

/* By what the message was written: "DEC 3.6 GB HMRC v2.1 WCO_DEC_2_DMS.xsd". */
static gl_str profile_of(gl_report *report, const gl_xml *declaration)
{
    static const char *const names[] = {"WCOTypeName", "WCODataModelVersionCode", "ResponsibleCountryCode",
                                        "ResponsibleAgencyName", "AgencyAssignedCustomizationVersionCode"};
    const gl_xml *around = declaration->parent;
    gl_buf profile = gl_buf_in(report->arena);
    for (size_t i = 0; around != NULL && i < sizeof names / sizeof *names; i++)
        add_to_profile(&profile, gl_xml_child_text(around, names[i]));
    add_to_profile(&profile, schema_of(report, declaration));
    if (profile.len <= PROFILE_BYTES && !gl_str_has_control(gl_buf_view(&profile)))
        return profile.len == 0 ? (gl_str){NULL, 0} : gl_buf_view(&profile);
    gl_report_at(report, around == NULL ? declaration : around, NULL,
                 &(gl_problem){.code = "too-long", .warning = true},
                 "model, agency and schema are not kept: more than %d bytes, or control characters", PROFILE_BYTES);
    return (gl_str){NULL, 0};
}

static void read_declaration(gl_reader *reader, gl_intake *intake, const gl_xml *node)
{
    gl_report *report = &reader->report;
    gl_cds cds = {.form = gl_cds_form_of(node), .report = report, .declaration = &intake->declaration};
    report->root = node;
    reader->form = cds.form->format;
    message_kind kind = kind_of(report, node);
    if (kind == MESSAGE_CANCELLATION) {
        read_cancellation(reader, intake, node);
        return;
    }
    if (kind == MESSAGE_REFUSED) {
        intake->lrn = gl_usable_lrn(gl_xml_child_text(node, "FunctionalReferenceID"));
        gl_intake_refuse(reader, intake, reader->bytes);
        return;
    }
    gl_report_origin(report, gl_record_slot(&intake->declaration), node);
    gl_cds_walk(&cds, &gl_cds_declaration, node, &intake->declaration, NULL);
    const gl_xml *category = node->parent == NULL ? NULL : gl_xml_child(node->parent, "ProcedureCategory");
    if (category != NULL && intake->declaration.procedure_category.ptr == NULL && gl_str_trim(category->text).len > 0) {
        intake->declaration.procedure_category = gl_str_trim(category->text);
        gl_report_origin(report, &intake->declaration.procedure_category, category);
    }
    derive_family(&cds);
    derive_data_set(&cds);
    gl_intake_finish(reader, intake, reader->bytes, profile_of(report, node));
}

void gl_cds_read_document(gl_reader *reader, gl_intake *intake, const gl_xml *root)
{
    gl_cds_prepare();
    const gl_xml *declaration = find_declaration(&reader->report, root);
    if (declaration == NULL)
        gl_intake_refuse(reader, intake, reader->bytes);
    else
        read_declaration(reader, intake, declaration);
}
