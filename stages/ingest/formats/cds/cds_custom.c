/* What the custom rules of the tables read. See cds_map.h; cds_put.c writes it. */
#include "base/clock.h"
#include "ingest/formats/cds/cds_rules.h"

/* Sets a field of `record` from a child element, with an error where the child stands. */
static void set(gl_cds *cds, const gl_shape *shape, const char *name, void *record, gl_str text, const gl_xml *node,
                const gl_path *path)
{
    const gl_field *field = gl_shape_field(shape, gl_str_of(name));
    gl_path member = {path, name, (char *)record + field->offset};
    if (field->kind != GL_FIELD_TEXTS && !gl_field_blank(field, member.slot) && gl_str_trim(text).len > 0)
        gl_report_at(cds->report, node, &member, &(gl_problem){.code = "duplicate-element"}, "%s was given before",
                     name);
    else
        gl_field_set_text(cds->report, field, record, gl_str_trim(text), node, &member);
}

/* Origin: type 2 is the preferential one (DE 5/16), 1 or none the country of origin (DE 5/15). */
void gl_cds_read_origin(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_xml *country = gl_xml_child(node, "CountryCode"), *type = gl_xml_child(node, "TypeCode");
    gl_declaration_goods_item *item = record;
    bool preferential = type != NULL && gl_str_eqz(gl_str_trim(type->text), "2");
    gl_cds_check(cds, &gl_cds_table_origin, node);
    if (type != NULL && !preferential && !gl_str_eqz(gl_str_trim(type->text), "1"))
        gl_report_at(cds->report, type, path, &(gl_problem){.code = "invalid-code", .warning = true, .allowed = "1, 2"},
                     "not a type of origin; read as country of origin");
    if (country == NULL)
        return;
    if ((preferential ? item->preferential_origin_id : item->origin_country_id).ptr != NULL)
        gl_report_at(cds->report, country, path, &(gl_problem){.code = "duplicate-element"},
                     "an item has one origin of each type");
    else
        set(cds, &gl_shape_item, preferential ? "preferential_origin_id" : "origin_country_id", item, country->text,
            country, path);
}

/* Sets one of the item's two procedure codes; the same again says nothing new. */
static void set_procedure(gl_cds *cds, const char *field, gl_str *code, const gl_xml *node, const gl_path *path)
{
    gl_str text = node == NULL ? GL_STR("") : gl_str_trim(node->text);
    if (text.len == 0 || (code->ptr != NULL && gl_str_eq(*code, text)))
        return;
    gl_path member = {path, field, code};
    if (code->ptr != NULL)
        gl_report_at(cds->report, node, &member, &(gl_problem){.code = "duplicate-element"},
                     "an item has one requested and previous procedure");
    else
        set(cds, &gl_shape_item, field, cds->item, text, node, path);
}

/* Requested and previous procedure (DE 1/10, 11 09) are two characters each, the additional ones (DE 1/11, 11 10)
 * three. */
void gl_cds_read_procedure(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_xml *current = gl_xml_child(node, "CurrentCode"), *previous = gl_xml_child(node, "PreviousCode");
    gl_declaration_goods_item *item = record;
    gl_str code = current == NULL ? GL_STR("") : gl_str_trim(current->text);
    gl_cds_check(cds, &gl_cds_table_procedure, node);
    if (code.len > 0 && code.len != 2 && (previous == NULL || code.len == 3))
        set(cds, &gl_shape_item, "additional_procedures", item, code, current, path);
    else
        set_procedure(cds, "procedure_current_code", &item->procedure_current_code, current, path);
    set_procedure(cds, "procedure_previous_code", &item->procedure_previous_code, previous, path);
}

static bool digits(gl_str text, size_t at, size_t count)
{
    for (size_t i = at; i < at + count; i++)
        if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return true;
}

/* WCO times to RFC 3339: 102 "20201001", 304 "20201001080000+01" or "...Z"; anything else is left as it is. */
static gl_str rfc3339(gl_arena *arena, gl_str text, bool date_only)
{
    if (!digits(text, 0, 8) || (text.len > 8 && !digits(text, 8, 6)))
        return date_only && text.len >= 10 && text.ptr[4] == '-' ? (gl_str){text.ptr, 10} : text;
    const char *t = text.ptr;
    if (date_only)
        return gl_str_of(gl_arena_printf(arena, "%.4s-%.2s-%.2s", t, t + 4, t + 6));
    if (text.len < 15)
        return text;
    gl_str zone = {t + 14, text.len - 14};
    bool sign = zone.ptr[0] == '+' || zone.ptr[0] == '-';
    if (sign && zone.len == 3)
        zone = gl_str_of(gl_arena_printf(arena, "%.3s:00", zone.ptr));
    else if (sign && zone.len == 5)
        zone = gl_str_of(gl_arena_printf(arena, "%.3s:%.2s", zone.ptr, zone.ptr + 3));
    return gl_str_of(gl_arena_printf(arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%.*s", t, t + 4, t + 6, t + 8, t + 10, t + 12,
                                     GL_STR_ARG(zone)));
}

static void read_time(gl_cds *cds, const gl_xml *node, const char *field, bool date_only, const gl_path *path)
{
    const gl_xml *string = gl_xml_child(node, "DateTimeString");
    string = string == NULL ? node : string;
    gl_str text = gl_str_trim(string->text);
    gl_cds_check(cds, &gl_cds_table_time_string, node);
    set(cds, &gl_shape_declaration, field, cds->declaration, rfc3339(cds->report->arena, text, date_only), string,
        path);
}

void gl_cds_read_acceptance(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    read_time(cds, node, "declared_date", true, path);
}

void gl_cds_read_issue(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    read_time(cds, node, "issue_date_time", false, path);
}

void gl_cds_read_effective(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_xml *string = gl_xml_child(node, "DateTimeString");
    string = string == NULL ? node : string;
    gl_cds_check(cds, &gl_cds_table_time_string, node);
    set(cds, &gl_shape_document, "effective_date", record, string->text, string, path);
}

void gl_cds_read_quota(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    if (cds->item != NULL && cds->item->quota_id.ptr == NULL)
        set(cds, &gl_shape_item, "quota_id", cds->item, node->text, node, path);
    else if (cds->item != NULL && !gl_str_eq(cds->item->quota_id, gl_str_trim(node->text)))
        gl_report_at(cds->report, node, path, &(gl_problem){.code = "duplicate-element"}, "an item has one quota");
}

static const gl_xml *attribute_of(const gl_xml *node, const char *name)
{
    for (const gl_xml *a = node->attributes; a != NULL; a = a->next)
        if (gl_str_eqz(a->name, name))
            return a;
    return NULL;
}

/* A tax base is an amount or a quantity; with both, the quantity (what specific duty is levied on) is kept. */
void gl_cds_read_tax_base(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_duty_tax_fee *duty = record;
    bool amount = gl_str_eqz(node->name, "AdValoremTaxBaseAmount");
    const gl_xml *unit = attribute_of(node, amount ? "currencyID" : "unitCode");
    if (amount && gl_xml_child(node->parent, "SpecificTaxBaseQuantity") != NULL)
        return;
    set(cds, &gl_shape_duty_tax_fee, "tax_base", duty, node->text, node, path);
    if (duty->tax_base == NULL)
        return;
    duty->tax_base->unit_code = unit == NULL ? GL_STR("") : gl_str_trim(unit->text);
    if (unit != NULL)
        gl_report_origin(cds->report, &duty->tax_base->unit_code, unit);
}

/* Lines of an address, joined. */
void gl_cds_read_line(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_party *party = record;
    gl_str line = gl_str_trim(node->text), before = party->street;
    if (before.ptr == NULL || line.len == 0) {
        set(cds, &gl_shape_party, "street", party, line, node, path);
        return;
    }
    party->street = gl_str_of(gl_arena_printf(cds->report->arena, "%.*s, %.*s", GL_STR_ARG(before), GL_STR_ARG(line)));
    gl_report_origin(cds->report, NULL, node); /* what is wrong with the street is said of its first line */
}

/* A guarantee's own number, else the number of another reference to it. */
void gl_cds_read_guarantee_reference(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    bool other = gl_xml_child(node->parent, "ID") != NULL;
    set(cds, &gl_shape_document, other ? "name" : "id", record, node->text, node, path);
}

/* The second mode of transport of CDS, DE 7/5, stands with the means; the canonical one stands alone. */
void gl_cds_read_inland_mode(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    set(cds, &gl_shape_transport_means, "mode_code", record, node->text, node, path);
    if (cds->declaration->inland_mode_code.ptr == NULL)
        set(cds, &gl_shape_declaration, "inland_mode_code", cds->declaration, node->text, node, NULL);
}

/* DE 2/6 stands where the declaration's documents do: deferment account numbers. */
void gl_cds_read_header_document(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration *declaration = record;
    gl_declaration_document *made = gl_list_append(cds->report, (gl_list *)&declaration->documents, sizeof *made, node);
    gl_path list = {path, "documents", &declaration->documents}, element = {&list, NULL, gl_record_slot(made)};
    gl_cds_walk(cds, &gl_cds_table_document, node, made, &element);
    made->kind = gl_str_eqz(made->type_code, "DAN") ? GL_DECLARATION_DOCUMENT_KIND_DEFERRED_PAYMENT
                                                    : GL_DECLARATION_DOCUMENT_KIND_SUPPORTING;
}

/* The ID of the commodity's first classification of this type (TSP: or without one; NULL: of any), or NULL. */
static const gl_xml *classification_id(const gl_xml *commodity_node, const char *type)
{
    for (const gl_xml *c = commodity_node == NULL ? NULL : commodity_node->first; c != NULL; c = c->next) {
        const gl_xml *id = gl_str_eqz(c->name, "Classification") ? gl_xml_child(c, "ID") : NULL;
        gl_str is = gl_xml_child_text(c, "IdentificationTypeCode");
        if (id != NULL && gl_str_trim(id->text).len > 0 &&
            (type == NULL || gl_str_eqz(is, type) || (is.len == 0 && strcmp(type, "TSP") == 0)))
            return id;
    }
    return NULL;
}

/* DE 6/14 and 6/15 together are the declared code: eight digits of the CN and two of TARIC. An H7 has one code, of six
 * digits, whatever its type is called. */
static void declared_code(gl_cds *cds, gl_declaration_goods_item *it, const gl_xml *commodity_node)
{
    const gl_xml *first = classification_id(commodity_node, "TSP"), *taric = classification_id(commodity_node, "TRC");
    if (first == NULL && cds->form->any_classification)
        first = classification_id(commodity_node, NULL);
    if (first == NULL)
        return;
    gl_str code = gl_str_trim(first->text), more = taric == NULL ? GL_STR("") : gl_str_trim(taric->text);
    it->commodity_code = code;
    if (code.len == 8 && digits(code, 0, 8) && more.len == 2 && digits(more, 0, 2))
        it->commodity_code = gl_str_of(gl_arena_printf(cds->report->arena, "%.8s%.2s", code.ptr, more.ptr));
    gl_report_origin(cds->report, &it->commodity_code, first);
}

void gl_cds_read_item(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    gl_declaration *declaration = cds->declaration;
    gl_declaration_goods_item *made = gl_list_append(cds->report, (gl_list *)&declaration->items, sizeof *made, node);
    gl_path list = {path, "items", &declaration->items}, element = {&list, NULL, gl_record_slot(made)};
    cds->item = made;
    gl_cds_walk(cds, &gl_cds_table_item, node, made, &element);
    declared_code(cds, made, gl_xml_child(node, "Commodity"));
    cds->item = NULL;
}
