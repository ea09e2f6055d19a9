/* What customs are written by. See edi_rules.h. */
#include "base/clock.h"
#include "customs/edifact.h"
#include "ingest/formats/edifact/edi_rules.h"
#include "ingest/formats/edifact/edi_write.h"

enum { US_PER_S = 1000000, SECONDS_PER_DAY = 86400 };
enum { INDICATOR_CHARS = 3 }; /* of 7365; what is longer is a code of CST */

static gl_str joined(gl_edi_out *out, gl_str a, gl_str b)
{
    return gl_edi_concat(out->arena, a, "", b);
}

void gl_edi_put_bgm(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration *declaration = record;
    (void)rule;
    gl_edi_begin(out, "BGM");
    gl_edi_add(out, "1001", declaration->family == GL_DECLARATION_FAMILY_EXPORT ? GL_STR("830") : GL_STR("929"));
    gl_edi_add(out, "1000", declaration->type_code);
    gl_edi_add(out, "1004", declaration->functional_reference_id);
    gl_edi_add(out, "1225", declaration->function_code);
    gl_edi_end(out);
}

void gl_edi_put_section(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    (void)record;
    gl_edi_begin(out, "UNS");
    gl_edi_add(out, "0081", rule->qualifiers == NULL ? GL_STR("D") : GL_STR("S"));
    gl_edi_end(out);
}

/* --- CST --- */

/* The next code of a CST; `e` counts its C246. */
static void add_code(gl_edi_out *out, int *e, gl_str code, gl_str list)
{
    static const char *const codes[] = {"C246.7361", "C246/2.7361", "C246/3.7361", "C246/4.7361", "C246/5.7361"};
    static const char *const code_lists[] = {"C246.1131", "C246/2.1131", "C246/3.1131", "C246/4.1131", "C246/5.1131"};
    if (*e == 5 || code.len == 0 || !gl_edi_add(out, codes[*e], code))
        return;
    gl_edi_add(out, code_lists[*e], list);
    ++*e;
}

static gl_str field_text(const gl_shape *shape, const char *name, const void *record)
{
    const gl_field *field = gl_shape_field(shape, gl_str_of(name));
    return *(const gl_str *)(const void *)((const char *)record + field->offset);
}

/* What of the attributes a CST holds: those of the name "customs_status_...". */
static void add_status(gl_edi_out *out, int *e)
{
    const gl_declaration *declaration = out->declaration;
    for (size_t i = 0; i < declaration->attributes.count; i++) {
        gl_str type = declaration->attributes.at[i].type, prefix = GL_STR("customs_status_");
        int before = *e;
        if (!gl_str_starts(type, prefix))
            continue;
        add_code(out, e, declaration->attributes.at[i].code, (gl_str){type.ptr + prefix.len, type.len - prefix.len});
        out->attribute_done[i] = *e > before;
    }
}

void gl_edi_put_cst(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    int e = 0;
    (void)rule;
    gl_edi_begin(out, "CST");
    for (const gl_edi_cst_list *list = &gl_edi_cst_lists[1]; list->list != NULL; list++)
        add_code(out, &e, field_text(&gl_shape_declaration, list->field, record), gl_str_of(list->list));
    add_status(out, &e);
    if (e > 0)
        gl_edi_end(out);
}

void gl_edi_put_item_cst(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration *declaration = record;
    bool *around = out->attribute_done;
    for (size_t i = 0; i < declaration->items.count; i++) {
        const gl_declaration_goods_item *item = &declaration->items.at[i];
        gl_str current = item->procedure_current_code, previous = item->procedure_previous_code;
        int e = 0;
        out->item = item;
        out->attribute_done = gl_arena_calloc(out->arena, item->attributes.count + 1, sizeof *out->attribute_done);
        gl_edi_begin(out, "CST");
        gl_edi_add_parts(out, rule, item);
        add_code(out, &e, item->commodity_code, GL_STR("122"));
        if (current.len == 2 && (previous.len == 2 || previous.len == 0))
            add_code(out, &e, joined(out, current, previous), GL_STR("117"));
        add_code(out, &e, item->quota_id, GL_STR("QUOTA"));
        if (gl_edi_characters(item->valuation_method_code) > INDICATOR_CHARS)
            add_code(out, &e, item->valuation_method_code, GL_STR("127"));
        if (gl_edi_characters(item->transaction_nature_code) > INDICATOR_CHARS)
            add_code(out, &e, item->transaction_nature_code, GL_STR("112"));
        for (size_t k = 0; k < item->classifications.count; k++)
            add_code(out, &e, item->classifications.at[k].id, item->classifications.at[k].identification_type_code);
        if (gl_edi_end(out))
            gl_edi_put_table(out, rule->inside, item);
    }
    out->item = NULL;
    out->attribute_done = around;
}

void gl_edi_put_procedures(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration_goods_item *item = record;
    for (size_t i = 0; !rule->read_only && i < item->additional_procedures.count; i++) {
        gl_edi_begin(out, "GEI");
        gl_edi_add(out, "9649", GL_STR("ZZZ"));
        gl_edi_add(out, "C012.1131", GL_STR("117"));
        if (gl_edi_add(out, "7365", item->additional_procedures.at[i]))
            gl_edi_end(out);
    }
}

void gl_edi_put_tax(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration_goods_item *item = record;
    for (size_t i = 0; i < item->duty_tax_fees.count; i++) {
        const gl_declaration_duty_tax_fee *duty = &item->duty_tax_fees.at[i];
        bool customs = duty->type_code.len == 0 || duty->type_code.ptr[0] == 'A';
        gl_edi_begin(out, "TAX");
        gl_edi_add(out, "5283", customs ? GL_STR("5") : GL_STR("7"));
        gl_edi_add_parts(out, rule, duty);
        if (gl_edi_end(out))
            gl_edi_put_table(out, rule->inside, duty);
    }
}

/* --- dates --- */

static void put_date(gl_edi_out *out, const char *qualifier, gl_str text, const char *format)
{
    gl_edi_begin(out, "DTM");
    gl_edi_add(out, "2005", gl_str_of(qualifier));
    if (!gl_edi_add(out, "2380", text))
        return;
    gl_edi_add(out, "2379", gl_str_of(format));
    gl_edi_end(out);
}

static gl_str day_text(gl_edi_out *out, int32_t days)
{
    int year, month, day;
    gl_date_civil(days, &year, &month, &day);
    return gl_str_of(gl_arena_printf(out->arena, "%04d%02d%02d", year, month, day));
}

void gl_edi_put_dtm(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration *declaration = record;
    (void)rule;
    if (declaration->issue_date_time.set) {
        int64_t seconds = declaration->issue_date_time.value / US_PER_S;
        int64_t days = seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0),
                rest = seconds - days * SECONDS_PER_DAY;
        put_date(out, "137",
                 gl_str_of(gl_arena_printf(out->arena, "%.*s%02d%02d%02dUTC", GL_STR_ARG(day_text(out, (int32_t)days)),
                                           (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60))),
                 "304");
    }
    if (declaration->declared_date.set)
        put_date(out, "148", day_text(out, declaration->declared_date.value), "102");
}

void gl_edi_put_effective(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration_document *document = record;
    int32_t days = 0;
    (void)rule;
    if (document->effective_date.len == 10 && gl_date_parse(document->effective_date, &days))
        put_date(out, "171", day_text(out, days), "102");
    else
        put_date(out, "171", document->effective_date, "");
}

/* --- texts --- */

void gl_edi_put_description(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    gl_edi_begin(out, "FTX");
    gl_edi_add(out, "4451", GL_STR("AAA"));
    if (gl_edi_add_parts(out, rule, record) > 0)
        gl_edi_end(out);
}

/* Subjects that are read as something else. */
static bool is_reserved(const gl_edi_out *out, gl_str subject)
{
    return gl_str_eqz(subject, "ZZZ") || (out->item != NULL && gl_str_eqz(subject, "AAA"));
}

void gl_edi_put_statements(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_list *list = (const void *)((const char *)record + rule->target->offset);
    const gl_declaration_additional_information *all = list->at;
    for (size_t i = 0; i < list->count; i++) {
        if (is_reserved(out, all[i].statement_type_code))
            continue;
        gl_edi_begin(out, "FTX");
        if (all[i].statement_type_code.len == 0)
            gl_edi_add(out, "4451", GL_STR("AAI"));
        gl_edi_add_parts(out, rule, &all[i]);
        gl_edi_end(out);
    }
}

void gl_edi_put_free_attributes(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_list *list = out->item != NULL ? (const gl_list *)(const void *)&out->item->attributes
                                            : (const gl_list *)(const void *)&out->declaration->attributes;
    const gl_declaration_attribute *all = list->at;
    (void)rule, (void)record;
    for (size_t i = 0; i < list->count; i++) {
        if (out->attribute_done[i] || gl_edi_has_place(out, &all[i]))
            continue;
        gl_edi_begin(out, "FTX");
        gl_edi_add(out, "4451", GL_STR("ZZZ"));
        if (gl_edi_add(out, "C108.4440", all[i].type) && gl_edi_add(out, "C108.4440/2", all[i].code))
            out->attribute_done[i] = gl_edi_end(out);
    }
}

/* --- parties --- */

/* In the order of the roles; empty: it has no qualifier of its own. */
static const char *const role_qualifiers[] = {"DT", "AE", "MS", "IM", "EX", "CN", "CZ", "BY", "SE",
                                              "CA", "NI", "",   "PR", "",   "",   "",   ""};

static bool is_own_qualifier(gl_str text)
{
    for (size_t i = 0; i < sizeof role_qualifiers / sizeof *role_qualifiers; i++)
        if (gl_str_eqz(text, role_qualifiers[i]))
            return true;
    return gl_str_eqz(text, "ZZZ") || gl_str_eqz(text, "PE");
}

static void put_party(gl_edi_out *out, const gl_edi_rule *rule, const gl_declaration_party *party)
{
    gl_str qualifier = gl_str_of(role_qualifiers[party->role]), list = GL_STR("");
    bool other = party->role == GL_DECLARATION_PARTY_ROLE_OTHER;
    if (other && party->role_code.len > 0 && gl_edi_characters(party->role_code) <= 3 &&
        !is_own_qualifier(party->role_code))
        qualifier = party->role_code;
    else if (qualifier.len == 0 || party->role_code.len > 0)
        list = gl_str_of(gl_arena_printf(out->arena, "%s%s%.*s", gl_edi_role_lists[party->role],
                                         party->role_code.len > 0 ? "." : "", GL_STR_ARG(party->role_code)));
    gl_edi_begin(out, "NAD");
    gl_edi_add(out, "3035", qualifier.len > 0 ? qualifier : GL_STR("ZZZ"));
    gl_edi_add_parts(out, rule, party);
    if (party->id.len > 0 && list.len > 0)
        gl_edi_add(out, "C082.1131", list);
    if (gl_edi_end(out))
        gl_edi_put_table(out, rule->inside, party);
}

void gl_edi_put_parties(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_list *list = (const void *)((const char *)record + rule->target->offset);
    for (size_t i = 0; i < list->count; i++)
        put_party(out, rule, (const gl_declaration_party *)list->at + i);
}

void gl_edi_put_com(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration_party *party = record;
    (void)rule;
    for (size_t i = 0; i < party->communications.count; i++) {
        gl_str address = party->communications.at[i];
        bool mail = address.len > 0 && memchr(address.ptr, '@', address.len) != NULL;
        gl_edi_begin(out, "COM");
        if (!gl_edi_add(out, "C076.3148", address))
            continue;
        gl_edi_add(out, "C076.3155", mail ? GL_STR("EM") : GL_STR("TE"));
        gl_edi_end(out);
    }
}

/* --- documents --- */

/* The qualifier of a document that is a reference; empty: it is written as a document. */
static gl_str reference_of(const gl_declaration_document *document)
{
    gl_str type = document->type_code;
    if (document->category_code.len > 0 || document->name.len > 0 || document->status_code.len > 0 ||
        document->issuer_name.len > 0)
        return GL_STR("");
    for (const gl_edi_reference_type *t = gl_edi_reference_types; t->qualifier != NULL; t++) {
        if (document->kind == GL_DECLARATION_DOCUMENT_KIND_TRANSPORT && !document->line_numeric.set &&
            gl_str_eqz(type, t->type))
            return gl_str_of(t->qualifier);
        if (gl_str_eqz(type, t->qualifier))
            type = GL_STR("");
    }
    bool reserved =
        gl_str_eqz(type, "UCN") || gl_str_eqz(type, "ABT") || gl_str_eqz(type, "AAE") || gl_edi_characters(type) > 3;
    return document->kind == GL_DECLARATION_DOCUMENT_KIND_REFERENCE && !reserved ? type : GL_STR("");
}

static const gl_declaration_document *documents_of(const gl_edi_rule *rule, const void *record, size_t *count)
{
    const gl_list *list = (const void *)((const char *)record + rule->target->offset);
    *count = list->count;
    return list->at;
}

void gl_edi_put_references(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    size_t count = 0;
    const gl_declaration_document *all = documents_of(rule, record, &count);
    for (size_t i = 0; i < count; i++) {
        gl_str qualifier = reference_of(&all[i]);
        if (qualifier.len == 0)
            continue;
        gl_edi_begin(out, "RFF");
        gl_edi_add(out, "1153", qualifier);
        gl_edi_add(out, "1154", all[i].id);
        if (all[i].line_numeric.set)
            gl_edi_add(out, "1156", gl_str_of(gl_arena_printf(out->arena, "%d", all[i].line_numeric.value)));
        if (gl_edi_end(out))
            gl_edi_put_table(out, rule->inside, &all[i]);
    }
}

/* "PREVIOUS.N", "PREVIOUS-N": the kind, the category, or the letters before the type's last three characters. */
static void add_type(gl_edi_out *out, const gl_declaration_document *document)
{
    gl_str type = document->type_code, kind = gl_str_of(gl_edi_document_lists[document->kind]), mark = GL_STR("");
    size_t characters = gl_edi_characters(type);
    if (characters > 3 && document->category_code.len == 0) {
        gl_str before = gl_edifact_cut(type, characters - 3);
        mark = joined(out, GL_STR("-"), before);
        type = (gl_str){type.ptr + before.len, type.len - before.len};
    } else if (document->category_code.len > 0) {
        mark = joined(out, GL_STR("."), document->category_code);
    }
    bool listed = mark.len > 0 || document->kind != GL_DECLARATION_DOCUMENT_KIND_SUPPORTING || type.len == 0;
    if (listed && !gl_edi_add(out, "C002.1131", joined(out, kind, mark)))
        gl_edi_add(out, "C002.1131", kind);
    gl_edi_add(out, "C002.1001", type);
}

void gl_edi_put_documents(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    size_t count = 0;
    const gl_declaration_document *all = documents_of(rule, record, &count);
    for (size_t i = 0; i < count; i++) {
        if (reference_of(&all[i]).len > 0)
            continue;
        gl_edi_begin(out, "DOC");
        add_type(out, &all[i]);
        for (const gl_edi_part *part = rule->parts; part->element != NULL; part++)
            if (part->kind == GL_EDI_TEXT && strcmp(part->field, "type_code") != 0)
                gl_edi_add(out, part->element,
                           *(const gl_str *)(const void *)((const char *)&all[i] + part->target->offset));
        if (gl_edi_end(out))
            gl_edi_put_table(out, rule->inside, &all[i]);
    }
}

/* --- amounts --- */

void gl_edi_put_invoice(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_declaration *declaration = record;
    if (declaration->invoice_amount == NULL && declaration->exchange_rate == NULL)
        return;
    gl_edi_begin(out, "MOA");
    gl_edi_add(out, "5025", GL_STR("39"));
    gl_edi_add_parts(out, rule, record);
    if (!gl_edi_end(out) || declaration->exchange_rate == NULL)
        return;
    gl_edi_begin(out, "CUX");
    gl_edi_add(out, "6347", GL_STR("2"));
    if (declaration->invoice_amount != NULL)
        gl_edi_add(out, "6345", declaration->invoice_amount->currency_code);
    if (gl_edi_add_parts(out, &rule->inside->rules[0], record) > 0)
        gl_edi_end(out);
}
