/* What the custom rules of the tables are written by, and which of several elements that say the same is written. See
 * cds_put.h. */
#include "ingest/formats/cds/cds_put.h"

#include <stdio.h>

#include "base/clock.h"
#include "customs/money.h"

/* --- conditions --- */

bool gl_cds_never(const gl_cds_writer *w, const void *record)
{
    (void)w, (void)record;
    return false;
}

bool gl_cds_in_eu(const gl_cds_writer *w, const void *record)
{
    (void)record;
    return w->form == &gl_cds_form_eu;
}

bool gl_cds_in_uk(const gl_cds_writer *w, const void *record)
{
    return !gl_cds_in_eu(w, record);
}

bool gl_cds_export(const gl_cds_writer *w, const void *record)
{
    (void)record;
    return w->declaration->family == GL_DECLARATION_FAMILY_EXPORT;
}

bool gl_cds_not_export(const gl_cds_writer *w, const void *record)
{
    return !gl_cds_export(w, record);
}

bool gl_cds_in_uk_export(const gl_cds_writer *w, const void *record)
{
    return gl_cds_in_uk(w, record) && gl_cds_export(w, record);
}

bool gl_cds_not_in_uk_export(const gl_cds_writer *w, const void *record)
{
    return !gl_cds_in_uk_export(w, record);
}

static gl_declaration_party_role role_of(const void *record)
{
    return ((const gl_declaration_party *)record)->role;
}

bool gl_cds_agent(const gl_cds_writer *w, const void *record)
{
    (void)w;
    return role_of(record) == GL_DECLARATION_PARTY_ROLE_AGENT;
}

bool gl_cds_holder(const gl_cds_writer *w, const void *record)
{
    (void)w;
    return role_of(record) == GL_DECLARATION_PARTY_ROLE_AUTHORISATION_HOLDER;
}

bool gl_cds_other_role(const gl_cds_writer *w, const void *record)
{
    return !gl_cds_agent(w, record) && !gl_cds_holder(w, record);
}

bool gl_cds_fiscal_in_eu(const gl_cds_writer *w, const void *record)
{
    return gl_cds_in_eu(w, record) && role_of(record) == GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE;
}

bool gl_cds_transport_document(const gl_cds_writer *w, const void *record)
{
    (void)w;
    return ((const gl_declaration_document *)record)->kind == GL_DECLARATION_DOCUMENT_KIND_TRANSPORT;
}

bool gl_cds_with_amount(const gl_cds_writer *w, const void *record)
{
    (void)w;
    return ((const gl_declaration_valuation_adjustment *)record)->amount != NULL;
}

bool gl_cds_without_amount(const gl_cds_writer *w, const void *record)
{
    return !gl_cds_with_amount(w, record);
}

/* --- times --- */

static bool all_digits(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return true;
}

/* Formats of UN/EDIFACT 2379: 102 is CCYYMMDD, 304 CCYYMMDDHHMMSSZZZ. The UK's schema has it in a namespace of its own.
 */
static void put_time(gl_cds_writer *w, const char *element, gl_str text)
{
    bool date = text.len == 8 && all_digits(text);
    bool instant = text.len > 14 && all_digits((gl_str){text.ptr, 14});
    gl_cds_open(w, element);
    gl_cds_text(w, gl_cds_in_uk(w, NULL) ? "ds:DateTimeString" : "DateTimeString", text, "formatCode",
                gl_str_of(date      ? "102"
                          : instant ? "304"
                                    : ""));
    gl_cds_close(w, element);
}

void gl_cds_put_acceptance(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    char text[48];
    int year, month, day;
    if (!gl_cds_take(w, frame, "declared_date"))
        return;
    gl_date_civil(w->declaration->declared_date.value, &year, &month, &day);
    snprintf(text, sizeof text, "%04d%02d%02d", year, month, day);
    put_time(w, rule->element, gl_str_of(text));
}

/* 304 has no fraction of a second; an instant with one stays as RFC 3339 has it. */
void gl_cds_put_issue(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    char text[GL_TIME_TEXT_BYTES], short_text[16];
    if (!gl_cds_take(w, frame, "issue_date_time"))
        return;
    gl_str time = gl_time_format(w->declaration->issue_date_time.value, text);
    if (time.len == 27 && memcmp(time.ptr + 19, ".000000Z", 8) == 0) {
        const char *t = time.ptr;
        snprintf(short_text, sizeof short_text, "%.4s%.2s%.2s%.2s%.2s%.2sZ", t, t + 5, t + 8, t + 11, t + 14, t + 17);
        time = gl_str_of(short_text);
    }
    put_time(w, rule->element, time);
}

void gl_cds_put_effective(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    if (gl_cds_take(w, frame, "effective_date"))
        put_time(w, rule->element, ((const gl_declaration_document *)frame->record)->effective_date);
}

/* --- parties and documents --- */

void gl_cds_put_line(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    if (gl_cds_take(w, frame, "street"))
        gl_cds_text(w, rule->element, ((const gl_declaration_party *)frame->record)->street, NULL, GL_STR(""));
}

/* EM for an e-mail address, TE for a telephone number: of the communication that was written last. */
void gl_cds_put_communication_type(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_party *party = frame->record;
    const gl_field *field = gl_shape_field(frame->shape, GL_STR("communications"));
    const bool *done = frame->done[field - frame->shape->fields];
    size_t last = 0;
    for (size_t i = 0; done != NULL && i < party->communications.count; i++)
        last = done[i] ? i + 1 : last;
    if (last == 0)
        return;
    gl_str text = party->communications.at[last - 1];
    bool mail = memchr(text.ptr, '@', text.len) != NULL;
    gl_cds_text(w, rule->element, gl_str_of(mail ? "EM" : "TE"), NULL, GL_STR(""));
    w->values--; /* it says nothing alone */
}

void gl_cds_put_guarantee_reference(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_document *guarantee = frame->record;
    if (!gl_cds_take(w, frame, "name"))
        return;
    if (guarantee->id.len == 0) /* else the reference would be read as the number */
        gl_cds_text(w, "ID", GL_STR(""), NULL, GL_STR(""));
    gl_cds_text(w, rule->element, guarantee->name, NULL, GL_STR(""));
}

void gl_cds_put_header_document(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration *declaration = w->declaration;
    const gl_field *field = gl_shape_field(&gl_shape_declaration, GL_STR("documents"));
    bool uk = gl_cds_in_uk(w, NULL);
    for (size_t i = 0, place = 0; i < declaration->documents.count; i++) {
        const gl_declaration_document *document = &declaration->documents.at[i];
        bool deferred = document->kind == GL_DECLARATION_DOCUMENT_KIND_DEFERRED_PAYMENT;
        bool supporting = uk && document->kind == GL_DECLARATION_DOCUMENT_KIND_SUPPORTING;
        if ((!deferred && !supporting) || !gl_cds_take_element(w, frame, field, i))
            continue;
        gl_cds_frame inner = {.shape = &gl_shape_document, .record = document};
        gl_cds_put_record(w, rule->element, rule->inside, &inner, ++place);
    }
}

void gl_cds_put_inland_mode(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    if (!gl_cds_take(w, frame, "mode_code"))
        return;
    gl_cds_text(w, rule->element, ((const gl_declaration_transport_means *)frame->record)->mode_code, NULL, GL_STR(""));
    gl_cds_take(w, w->top, "inland_mode_code");
}

/* --- items --- */

void gl_cds_put_items(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration *declaration = w->declaration;
    (void)frame;
    for (size_t i = 0; i < declaration->items.count; i++) {
        gl_cds_frame inner = {.shape = &gl_shape_item, .record = &declaration->items.at[i]};
        w->item = &inner;
        gl_cds_put_record(w, rule->element, rule->inside, &inner, i + 1);
        w->item = NULL;
    }
}

static void put_one_origin(gl_cds_writer *w, const gl_cds_rule *rule, gl_str country, const char *type)
{
    gl_cds_open(w, rule->element);
    gl_cds_text(w, "CountryCode", country, NULL, GL_STR(""));
    gl_cds_text(w, "TypeCode", gl_str_of(type), NULL, GL_STR(""));
    gl_cds_close(w, rule->element);
}

void gl_cds_put_origin(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_goods_item *item = frame->record;
    if (gl_cds_take(w, frame, "origin_country_id"))
        put_one_origin(w, rule, item->origin_country_id, "1");
    if (gl_cds_take(w, frame, "preferential_origin_id"))
        put_one_origin(w, rule, item->preferential_origin_id, "2");
}

static void put_one_procedure(gl_cds_writer *w, const gl_cds_rule *rule, int *place, const gl_str *current,
                              const gl_str *previous)
{
    char number[16];
    snprintf(number, sizeof number, "%d", ++*place);
    gl_cds_open(w, rule->element);
    if (gl_cds_in_eu(w, NULL))
        gl_cds_text(w, "SequenceNumeric", gl_str_of(number), NULL, GL_STR(""));
    if (current != NULL)
        gl_cds_text(w, "CurrentCode", *current, NULL, GL_STR(""));
    if (previous != NULL)
        gl_cds_text(w, "PreviousCode", *previous, NULL, GL_STR(""));
    gl_cds_close(w, rule->element);
}

void gl_cds_put_procedure(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_goods_item *item = frame->record;
    gl_str current = item->procedure_current_code, previous = item->procedure_previous_code;
    int place = 0;
    bool has_current = gl_cds_take(w, frame, "procedure_current_code");
    bool has_previous = gl_cds_take(w, frame, "procedure_previous_code");
    /* Without a previous code beside it, a code that has not two characters is an additional procedure. */
    if (has_current || has_previous)
        put_one_procedure(w, rule, &place, has_current ? &current : NULL,
                          has_previous || current.len != 2 ? &previous : NULL);
    for (size_t i = 0; i < item->additional_procedures.count; i++)
        put_one_procedure(w, rule, &place, &item->additional_procedures.at[i], NULL);
}

void gl_cds_put_tax_base(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_measure *base = ((const gl_declaration_duty_tax_fee *)frame->record)->tax_base;
    char text[GL_DECIMAL_TEXT_BYTES];
    bool amount = strcmp(rule->element, "AdValoremTaxBaseAmount") == 0;
    if (base == NULL || gl_currency_known(base->unit_code) != amount || !gl_cds_take(w, frame, "tax_base"))
        return;
    gl_cds_text(w, rule->element, gl_decimal_format((gl_decimal){base->unscaled, base->scale}, text),
                amount ? "currencyID" : "unitCode", base->unit_code);
}

/* The item's quota stands with its first duty. */
void gl_cds_put_quota(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    if (gl_cds_take(w, w->item, "quota_id"))
        gl_cds_text(w, rule->element, ((const gl_declaration_goods_item *)w->item->record)->quota_id, NULL, GL_STR(""));
}
