/* Entry summary declarations, alone or in a SOAP envelope: the form first, then the rules (ens_rules.h), then the
 * canonical declaration. One document is one declaration. What the form refused is not read; everything that is wrong
 * is told at once.
 */
#include "ingest/formats/ens/ens_form.h"
#include "ingest/formats/ens/ens_rules.h"
#include "ingest/formats/ens/ens_schema.h"
#include "ingest/formats/xml/xml_document.h"

/* --- the walk --- */

static void *slot_of(void *record, const gl_field *field)
{
    return (char *)record + field->offset;
}

/* The record that the row's field is in; `path` gets a step when it is one inside `record`. */
static void *holder_of(gl_ens *ens, const gl_ens_row *row, const gl_xml *node, void *record, gl_path *step)
{
    if (row->holder == NULL)
        return record;
    gl_record_pointer *slot = slot_of(record, row->holder);
    if (*slot == NULL) {
        *slot = gl_arena_calloc(ens->report->arena, 1, row->holder->shape->bytes);
        gl_report_origin(ens->report, slot, node->parent);
    }
    step->name = row->holder->name;
    step->slot = slot;
    return *slot;
}

static gl_str value_of(const gl_ens *ens, const gl_ens_row *row, const gl_xml *node)
{
    gl_str text = gl_ens_text(ens->report->arena, row->form, node);
    if (text.len > 0 && row->form == GL_ENS_MOMENT)
        return gl_ens_instant(ens->report->arena, text);
    if (text.len == 0 || row->form != GL_ENS_MASS)
        return text;
    gl_str mass = gl_ens_decimal(ens->report->arena, text);
    return mass.ptr[0] == '-' ? (gl_str){mass.ptr + 1, mass.len - 1} : mass; /* a sign is a rule's matter */
}

static void read_field(gl_ens *ens, const gl_ens_row *row, const gl_xml *node, void *record, const gl_path *path)
{
    gl_path step = {path, NULL, NULL};
    void *holder = holder_of(ens, row, node, record, &step);
    gl_path member = {row->holder == NULL ? path : &step, row->target->name, slot_of(holder, row->target)};
    gl_field_set_text(ens->report, row->target, holder, value_of(ens, row, node), node, &member);
}

static void add_attribute(gl_ens *ens, const char *type, gl_str code, const gl_xml *node)
{
    gl_list *list = ens->item != NULL ? (gl_list *)&ens->item->attributes : (gl_list *)&ens->declaration->attributes;
    gl_declaration_attribute *attribute = gl_list_append(ens->report, list, sizeof *attribute, node);
    attribute->type = gl_str_of(type);
    attribute->code = code;
    gl_report_origin(ens->report, &attribute->code, node);
}

static void add_to_profile(gl_ens *ens, const gl_ens_row *row, const gl_xml *node)
{
    gl_str text = gl_ens_text(ens->report->arena, row->form, node);
    if (gl_str_has_control(text))
        return;
    if (ens->profile.len > 0)
        gl_buf_byte(&ens->profile, ' ');
    gl_buf_text(&ens->profile, row->field);
    gl_buf_byte(&ens->profile, ' ');
    gl_buf_str(&ens->profile, text);
    gl_report_origin(ens->report, NULL, node);
}

static void read_table(gl_ens *ens, const gl_ens_table *table, const gl_xml *node, void *record, const gl_path *path);

static void read_list(gl_ens *ens, const gl_ens_row *row, const gl_xml *node, void *record, const gl_path *path)
{
    void *slot = slot_of(record, row->target);
    const gl_shape *shape = row->target->shape;
    void *element = gl_list_append(ens->report, slot, shape->bytes, node);
    if (row->key >= 0)
        memcpy((char *)element + shape->fields[0].offset, &row->key, sizeof row->key);
    gl_path list = {path, row->target->name, slot}, inner = {&list, NULL, gl_record_slot(element)};
    read_table(ens, row->inside, node, element, &inner);
}

static void read_row(gl_ens *ens, const gl_ens_row *row, const gl_xml *node, void *record, const gl_path *path)
{
    switch (row->action) {
    case GL_ENS_ENTER:
    case GL_ENS_EACH:
        read_table(ens, row->inside, node, record, path);
        return;
    case GL_ENS_LIST:
        read_list(ens, row, node, record, path);
        return;
    case GL_ENS_FIELD:
        read_field(ens, row, node, record, path);
        return;
    case GL_ENS_ATTRIBUTE:
        add_attribute(ens, row->field, gl_ens_text(ens->report->arena, row->form, node), node);
        return;
    case GL_ENS_PROFILE:
        add_to_profile(ens, row, node);
        return;
    case GL_ENS_CUSTOM:
        row->read(ens, node, record, path);
        return;
    case GL_ENS_PART:
    case GL_ENS_LEFT:
        return;
    }
}

static void read_table(gl_ens *ens, const gl_ens_table *table, const gl_xml *node, void *record, const gl_path *path)
{
    size_t at = 0;
    for (const gl_xml *child = node->first; child != NULL; child = child->next) {
        const gl_ens_row *row = child->refused ? NULL : gl_ens_row_from(table, ens->message, child->name, at);
        if (row == NULL)
            continue;
        at = (size_t)(row - table->rows);
        read_row(ens, row, child, record, path);
    }
}

/* --- customs --- */

/* The LRN's place is the MRN's until the declaration is found that it names. */
void gl_ens_read_amended(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record, (void)path;
    ens->amends = gl_ens_text(ens->report->arena, GL_ENS_MRN, node);
    ens->declaration->functional_reference_id = ens->amends;
    gl_report_origin(ens->report, &ens->declaration->functional_reference_id, node);
}

void gl_ens_read_item(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_goods_item *item =
        gl_list_append(ens->report, (gl_list *)&ens->declaration->items, sizeof *item, node);
    gl_path list = {path, "items", &ens->declaration->items}, element = {&list, NULL, gl_record_slot(item)};
    const gl_ens_row *row = gl_ens_row_of(&gl_ens_root, ens->message, node->name);
    (void)record;
    ens->item = item;
    read_table(ens, row->inside, node, item, &element);
    ens->item = NULL;
}

/* 0 is a rule's matter: the item is then numbered by its place. */
void gl_ens_read_number(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    uint64_t number = 0;
    (void)path;
    if (gl_str_to_u64(gl_ens_text(ens->report->arena, GL_ENS_NUMBER, node), INT32_MAX, &number))
        item->sequence_numeric = (int32_t)number;
    gl_report_origin(ens->report, &item->sequence_numeric, node);
}

enum { COMMODITY_LEAST = 6 };

/* HS headings and chapters are no declared code of the other declarations, but are kept. */
void gl_ens_read_commodity(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    gl_declaration_commodity_classification *made =
        gl_list_append(ens->report, (gl_list *)&item->classifications, sizeof *made, node);
    (void)path;
    made->id = gl_ens_text(ens->report->arena, GL_ENS_CODE, node);
    made->identification_type_code = GL_STR("CN");
    if (made->id.len < COMMODITY_LEAST)
        return;
    item->commodity_code = made->id;
    gl_report_origin(ens->report, &item->commodity_code, node);
}

static const gl_xml *part(const gl_xml *node, const char *name)
{
    const gl_xml *child = gl_xml_child(node, name);
    return child == NULL || child->refused ? NULL : child;
}

void gl_ens_read_means(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path)
{
    gl_arena *arena = ens->report->arena;
    const gl_xml *id = part(node, "IdeMeaTraGIMEATRA971"), *nation = part(node, "NatIDEMEATRAGI973");
    gl_str country = gl_ens_text(arena, GL_ENS_COUNTRY, nation);
    (void)record, (void)path;
    if (id == NULL)
        return;
    const char *code =
        gl_arena_printf(arena, "%.*s %.*s", country.len == 0 ? 2 : (int)country.len,
                        country.len == 0 ? "--" : country.ptr, GL_STR_ARG(gl_ens_text(arena, GL_ENS_TEXT, id)));
    add_attribute(ens, "means_of_transport", gl_str_of(code), id);
}

/* Transport documents of the code list (N7xx: bills of lading, consignment notes, air waybills; N820: postal). */
static bool is_transport_document(gl_str type)
{
    return gl_str_starts(type, GL_STR("N7")) || gl_str_eqz(type, "N820") || gl_str_eqz(type, "N821");
}

void gl_ens_read_produced(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path)
{
    gl_list *documents = (gl_list *)&((gl_declaration_goods_item *)record)->documents;
    gl_declaration_document *document = gl_list_append(ens->report, documents, sizeof *document, node);
    const gl_ens_row *item = gl_ens_row_of(&gl_ens_root, ens->message, GL_STR("GOOITEGDS"));
    gl_path list = {path, "documents", documents}, element = {&list, NULL, gl_record_slot(document)};
    read_table(ens, gl_ens_row_of(item->inside, ens->message, node->name)->inside, node, document, &element);
    document->kind = is_transport_document(document->type_code) ? GL_DECLARATION_DOCUMENT_KIND_TRANSPORT
                                                                : GL_DECLARATION_DOCUMENT_KIND_SUPPORTING;
}

/* Both at once are a rule's matter. */
void gl_ens_read_quantity(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_packaging *packaging = record;
    uint64_t number = 0;
    (void)path;
    gl_report_origin(ens->report, &packaging->quantity, node);
    if (gl_str_to_u64(gl_ens_text(ens->report->arena, GL_ENS_NUMBER, node), INT32_MAX, &number))
        packaging->quantity = GL_SOME_I32((int32_t)number);
}

/* --- documents --- */

/* Each has one place in the message; so nothing that follows says that it is missing. */
static void note_origins(gl_report *report, const gl_declaration *declaration, const gl_xml *root)
{
    const gl_xml *header = gl_xml_child(root, "HEAHEA"), *type = gl_xml_child(root, "MesTypMES20");
    const void *node = header == NULL ? root : header, *message = type == NULL ? root : type;
    gl_report_origin(report, gl_record_slot(declaration), root);
    gl_report_origin(report, &declaration->functional_reference_id, node);
    gl_report_origin(report, &declaration->function_code, message);
    gl_report_origin(report, &declaration->type_code, message);
    gl_report_origin(report, &declaration->family, message);
    gl_report_origin(report, &declaration->items, root);
}

void gl_ens_read_document(gl_reader *reader, gl_intake *intake, const gl_xml *root)
{
    gl_report *report = &reader->report;
    gl_declaration *declaration = &intake->declaration;
    gl_ens ens = {.report = report,
                  .declaration = declaration,
                  .message = gl_str_eqz(root->name, "CC313A") ? GL_ENS_313 : GL_ENS_315,
                  .profile = gl_buf_in(report->arena)};
    gl_ens_prepare();
    report->root = root;
    reader->form = gl_ens_format;
    note_origins(report, declaration, root);
    gl_ens_check_form(report, ens.message, (gl_xml *)(uintptr_t)root); /* the tree is this document's own */
    gl_ens_check_rules(report, root);
    declaration->family = GL_DECLARATION_FAMILY_ENTRY_SUMMARY;
    declaration->type_code = declaration->data_set = GL_STR("ENS");
    if (ens.message == GL_ENS_313)
        declaration->function_code = GL_STR("4");
    read_table(&ens, &gl_ens_root, root, declaration, NULL);
    gl_intake_finish(reader, intake, reader->bytes, gl_buf_view(&ens.profile));
    intake->amends = ens.amends;
}

void gl_ens_read_envelope(gl_reader *reader, gl_intake *intake, const gl_xml *root)
{
    const gl_xml *body = gl_xml_child(root, "Body"), *inside = body == NULL ? NULL : body->first;
    if (inside != NULL && (gl_str_eqz(inside->name, "CC315A") || gl_str_eqz(inside->name, "CC313A"))) {
        gl_ens_read_document(reader, intake, inside);
        return;
    }
    gl_report_at(&reader->report, inside == NULL ? root : inside, NULL,
                 &(gl_problem){.code = "not-a-declaration", .allowed = "CC315A or CC313A in the envelope's Body"},
                 "the envelope holds no entry summary declaration");
    gl_intake_refuse(reader, intake, reader->bytes);
}
