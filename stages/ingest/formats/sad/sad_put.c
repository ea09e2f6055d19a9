/* What the customs of the tables are written by. See sad_map.h; sad_custom.c reads it. */
#include <stdio.h>

#include "base/clock.h"
#include "customs/money.h"
#include "ingest/formats/sad/sad_map.h"

#define NO_UNIT NULL, GL_STR("")

static void put_text(gl_cds_writer *w, const char *element, gl_str text)
{
    gl_cds_text(w, element, text, NO_UNIT);
}

static void put_number(gl_cds_writer *w, const char *element, int64_t unscaled, int32_t scale)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    put_text(w, element, gl_decimal_format((gl_decimal){unscaled, scale}, text));
}

/* What was kept of this element. */
static bool put_kept(gl_cds_writer *w, const char *element)
{
    gl_str kept;
    bool found = gl_cds_take_attribute(
        w, gl_cds_kept_type(w->arena, gl_str_of(w->open[w->depth]), gl_str_of(element)).ptr, &kept);
    if (found)
        put_text(w, element, kept);
    return found;
}

static bool put_attribute(gl_cds_writer *w, const char *element, const char *type)
{
    gl_str text;
    bool found = gl_cds_take_attribute(w, type, &text);
    if (found)
        put_text(w, element, text);
    return found;
}

static bool is_export(const gl_cds_writer *w)
{
    return w->declaration->family == GL_DECLARATION_FAMILY_EXPORT;
}

/* --- general --- */

static bool has_kept_number(const gl_declaration_attribute *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        gl_str type = at[i].type;
        const char *dot = type.len == 0 ? NULL : memchr(type.ptr, '.', type.len);
        if (dot != NULL && gl_sad_is_number((gl_str){dot + 1, type.len - (size_t)(dot + 1 - type.ptr)}))
            return true;
    }
    return false;
}

/* Numbers that nothing decided must not be decided by a zero. */
static const char *zero_of(const gl_declaration *declaration)
{
    bool kept = has_kept_number(declaration->attributes.at, declaration->attributes.count);
    for (size_t i = 0; i < declaration->items.count && !kept; i++)
        kept = has_kept_number(declaration->items.at[i].attributes.at, declaration->items.at[i].attributes.count);
    return kept ? "0" : GL_CDS_ZERO;
}

/* The first of the elements that are written by a custom. */
void gl_sad_put_flow(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    w->zero = zero_of(w->declaration);
    if (w->declaration->family != GL_DECLARATION_FAMILY_ENTRY_SUMMARY && !put_kept(w, rule->element))
        put_text(w, rule->element, is_export(w) ? GL_STR("E") : GL_STR("I"));
}

void gl_sad_put_date(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    char text[48];
    int year, month, day;
    if (!gl_cds_take(w, frame, "declared_date"))
        return;
    gl_date_civil(w->declaration->declared_date.value, &year, &month, &day);
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
    put_text(w, rule->element, gl_str_of(text));
}

/* A type that was none is told from the flow when it is read again. */
void gl_sad_put_type(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    if (!put_kept(w, rule->element) && gl_cds_take(w, frame, "type_code"))
        put_text(w, rule->element, w->declaration->type_code);
}

void gl_sad_put_flat(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    bool notice = strcmp(rule->element, "Item_tax_total") == 0;
    while (put_attribute(w, rule->element, notice ? "assessment_item_tax" : "global_tax"))
        continue;
}

void gl_sad_put_number(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    if (gl_cds_take(w, w->top, "functional_reference_id"))
        put_text(w, rule->element, w->declaration->functional_reference_id);
}

void gl_sad_put_flag(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    gl_str code = w->declaration->container_code;
    if ((gl_str_eqz(code, "1") || gl_str_eqz(code, "0")) && gl_cds_take(w, frame, "container_code"))
        put_text(w, rule->element, gl_str_eqz(code, "1") ? GL_STR("true") : GL_STR("false"));
}

void gl_sad_put_border_office(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    if (!is_export(w))
        put_attribute(w, rule->element, "border_office");
    else if (gl_cds_take(w, frame, "exit_office_id"))
        put_text(w, rule->element, w->declaration->exit_office_id);
}

void gl_sad_put_location(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_goods_location *location = w->declaration->goods_location;
    if (location != NULL && location->id.len > 0 && gl_cds_take(w, frame, "goods_location"))
        put_text(w, rule->element, location->id);
}

void gl_sad_put_total(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    const gl_declaration_amount *amount = w->declaration->invoice_amount;
    const gl_declaration_measure *mass = w->declaration->total_gross_mass;
    bool weight = strcmp(rule->element, "Total_weight") == 0, financial = strcmp(w->open[w->depth], "Financial") == 0;
    if (put_kept(w, rule->element) || put_attribute(w, rule->element,
                                                    weight      ? "total_weight"
                                                    : financial ? "financial_invoice"
                                                                : "total_invoice"))
        return;
    if (weight && mass != NULL)
        put_number(w, rule->element, mass->unscaled, mass->scale);
    else if (!weight && amount != NULL)
        put_number(w, rule->element, amount->unscaled, amount->scale);
    else
        gl_cds_put_absent(w, rule->element, GL_CDS_ZERO);
}

/* --- parties --- */

/* Name, and the address in the next line. */
void gl_sad_put_name(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_party *party = frame->record;
    if (party->name.len > 0 && party->street.len > 0)
        put_text(
            w, rule->element,
            gl_str_of(gl_arena_printf(w->arena, "%.*s\n%.*s", GL_STR_ARG(party->name), GL_STR_ARG(party->street))));
    else if (party->name.len > 0)
        put_text(w, rule->element, party->name);
}

void gl_sad_put_party(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration *declaration = w->declaration;
    (void)frame;
    for (size_t i = 0; i < gl_sad_within_count; i++) {
        const gl_sad_within *within = &gl_sad_withins[i];
        const char *slash = strrchr(within->around, '/');
        bool code = strcmp(rule->element, within->code) == 0;
        if (strcmp(slash == NULL ? within->around : slash + 1, w->open[w->depth]) != 0 ||
            (!code && strcmp(rule->element, within->name) != 0))
            continue;
        for (size_t k = 0; k < declaration->parties.count; k++) {
            const gl_declaration_party *party = &declaration->parties.at[k];
            if (party->role != within->role || !gl_str_eqz(party->role_code, within->role_code))
                continue;
            if ((code ? party->id : party->name).len > 0)
                put_text(w, rule->element, code ? party->id : party->name);
            return;
        }
    }
}

/* --- documents --- */

typedef bool is_document(const gl_declaration_document *document);

/* The first of the item's, or of the declaration's, that it is and that was not written yet, or NULL. */
static const gl_declaration_document *take_document(gl_cds_writer *w, is_document *is, bool take)
{
    gl_cds_frame *frame = w->item != NULL ? w->item : w->top;
    const gl_field *field = gl_shape_field(frame->shape, GL_STR("documents"));
    const gl_list *list = (const void *)((const char *)frame->record + field->offset);
    for (size_t i = 0; i < list->count; i++) {
        const gl_declaration_document *document = (const gl_declaration_document *)list->at + i;
        if (is(document) && (!take || gl_cds_take_element(w, frame, field, i)))
            return document;
    }
    return NULL;
}

static bool is_manifest(const gl_declaration_document *document)
{
    return document->kind == GL_DECLARATION_DOCUMENT_KIND_REFERENCE && gl_str_eqz(document->type_code, "785") &&
           document->id.len > 0 && document->category_code.len == 0 && !document->line_numeric.set;
}

static bool is_deferred(const gl_declaration_document *document)
{
    return document->kind == GL_DECLARATION_DOCUMENT_KIND_DEFERRED_PAYMENT && document->id.len > 0;
}

static bool is_licence(const gl_declaration_document *document)
{
    return document->kind == GL_DECLARATION_DOCUMENT_KIND_AUTHORISATION && document->id.len > 0;
}

static bool is_summary(const gl_declaration_document *document)
{
    return document->kind == GL_DECLARATION_DOCUMENT_KIND_PREVIOUS && gl_str_eqz(document->category_code, "X") &&
           document->id.len > 0;
}

static bool is_earlier(const gl_declaration_document *document)
{
    return document->kind == GL_DECLARATION_DOCUMENT_KIND_PREVIOUS && !gl_str_eqz(document->category_code, "X") &&
           document->id.len > 0;
}

static void put_id(gl_cds_writer *w, const gl_cds_rule *rule, is_document *is)
{
    const gl_declaration_document *document = take_document(w, is, true);
    if (document != NULL)
        put_text(w, rule->element, document->id);
}

void gl_sad_put_manifest(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    put_id(w, rule, is_manifest);
}

void gl_sad_put_deferred(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    put_id(w, rule, is_deferred);
}

void gl_sad_put_licence(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    put_id(w, rule, is_licence);
}

void gl_sad_put_licence_part(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    const gl_declaration_document *licence = take_document(w, is_licence, false);
    bool amount = strcmp(rule->element, "Amount_deducted_from_licence") == 0;
    if (licence != NULL && amount && licence->amount != NULL)
        put_number(w, rule->element, licence->amount->unscaled, licence->amount->scale);
    else if (licence != NULL && !amount && licence->quantity != NULL)
        put_number(w, rule->element, licence->quantity->unscaled, licence->quantity->scale);
}

void gl_sad_put_previous(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    if (strcmp(rule->element, "Summary_declaration_sl") == 0) {
        char number[16];
        const gl_declaration_document *summary = take_document(w, is_summary, false);
        if (summary == NULL || !summary->line_numeric.set)
            return;
        snprintf(number, sizeof number, "%d", summary->line_numeric.value);
        put_text(w, rule->element, gl_str_of(number));
    } else {
        put_id(w, rule, strcmp(rule->element, "Summary_declaration") == 0 ? is_summary : is_earlier);
    }
}

bool gl_sad_general_scan(const gl_cds_writer *w, const void *record)
{
    (void)w;
    return !((const gl_declaration_document *)record)->line_numeric.set;
}

bool gl_sad_item_scan(const gl_cds_writer *w, const void *record)
{
    return !gl_sad_general_scan(w, record);
}

/* --- sums of money --- */

/* An attribute of the declaration, which is not taken by this. */
static gl_str header_attribute(const gl_declaration *declaration, const char *type)
{
    for (size_t i = 0; i < declaration->attributes.count; i++)
        if (gl_str_eqz(declaration->attributes.at[i].type, type))
            return declaration->attributes.at[i].code;
    return GL_STR("");
}

typedef struct sum {
    bool given;
    gl_decimal number;
    gl_str code;
} sum;

static sum sum_of(const gl_declaration_amount *amount)
{
    return amount == NULL ? (sum){0} : (sum){true, {amount->unscaled, amount->scale}, amount->currency_code};
}

/* "120.00 USD" */
static sum header_sum(const gl_declaration *declaration, size_t kind)
{
    sum found = {0};
    if (kind == GL_SAD_INVOICE)
        return sum_of(declaration->invoice_amount);
    if (kind == GL_SAD_EXTERNAL_FREIGHT)
        return sum_of(declaration->freight);
    gl_str text = header_attribute(declaration, gl_sad_moneys[kind].name);
    const char *space = text.len == 0 ? NULL : memchr(text.ptr, ' ', text.len);
    gl_str number = space == NULL ? text : (gl_str){text.ptr, (size_t)(space - text.ptr)};
    found.given = gl_decimal_parse(number, &found.number);
    if (space != NULL)
        found.code = (gl_str){space + 1, text.len - number.len - 1};
    return found;
}

static gl_str rate_text(const gl_declaration *declaration, size_t kind, gl_arena *arena)
{
    const gl_declaration_decimal *rate = declaration->exchange_rate;
    if (kind != GL_SAD_INVOICE)
        return header_attribute(declaration, gl_sad_moneys[kind].rate);
    if (rate == NULL)
        return GL_STR("");
    char *text = gl_arena_alloc(arena, GL_DECIMAL_TEXT_BYTES);
    return gl_decimal_format((gl_decimal){rate->unscaled, rate->scale}, text);
}

static size_t known_currencies(const gl_cds_writer *w, gl_sad_currency known[GL_SAD_MONEYS])
{
    size_t count = 0;
    for (size_t kind = 0; kind < GL_SAD_MONEYS; kind++) {
        sum s = header_sum(w->declaration, kind);
        if (!s.given || !gl_currency_known(s.code) || gl_sad_currency_of(known, count, s.code) != NULL ||
            (kind != GL_SAD_INVOICE && s.number.unscaled == 0))
            continue;
        known[count++] = (gl_sad_currency){s.code, rate_text(w->declaration, kind, w->arena),
                                           header_attribute(w->declaration, gl_sad_moneys[kind].currency_name), kind};
    }
    return count;
}

static gl_str currency_of(const gl_declaration_amount *amount)
{
    return amount == NULL ? GL_STR("") : amount->currency_code;
}

/* The currency of the values that are always in the country's own. */
static gl_str national_currency(const gl_declaration *declaration)
{
    for (size_t i = 0; i < declaration->items.count; i++) {
        const gl_declaration_goods_item *item = &declaration->items.at[i];
        const gl_str found[] = {currency_of(item->customs_value_amount), currency_of(item->statistical_value_amount)};
        for (size_t k = 0; k < 2; k++)
            if (found[k].len > 0)
                return found[k];
        for (size_t k = 0; k < item->duty_tax_fees.count; k++)
            if (currency_of(item->duty_tax_fees.at[k].assessed_amount).len > 0)
                return item->duty_tax_fees.at[k].assessed_amount->currency_code;
    }
    for (size_t i = 0; i < declaration->documents.count; i++)
        if (declaration->documents.at[i].kind == GL_DECLARATION_DOCUMENT_KIND_GUARANTEE &&
            currency_of(declaration->documents.at[i].amount).len > 0)
            return declaration->documents.at[i].amount->currency_code;
    return GL_STR("");
}

/* Is nothing kept of a sum that could not be read? */
static bool keeps_nothing(const gl_declaration *declaration, size_t kind)
{
    gl_str name = gl_str_of(gl_sad_moneys[kind].header);
    for (size_t i = 0; i < declaration->attributes.count; i++) {
        gl_str type = declaration->attributes.at[i].type;
        if (gl_str_starts(type, name) && type.len > name.len && type.ptr[name.len] == '.')
            return false;
    }
    return true;
}

/* The sum in whose place the national currency is said: the first that has none, where no other says it. */
static bool says_national(const gl_cds_writer *w, size_t kind, gl_str national)
{
    static const size_t order[] = {GL_SAD_INTERNAL_FREIGHT, GL_SAD_INSURANCE, GL_SAD_OTHER_COST, GL_SAD_DEDUCTION,
                                   GL_SAD_EXTERNAL_FREIGHT};
    gl_sad_currency known[GL_SAD_MONEYS];
    size_t count = known_currencies(w, known);
    for (size_t i = 0; i < count; i++)
        if (gl_sad_same_number(known[i].rate, GL_STR("1")))
            return false;
    for (size_t i = 0; national.len > 0 && i < sizeof order / sizeof *order; i++) {
        sum s = header_sum(w->declaration, order[i]);
        if ((!s.given || s.number.unscaled == 0) && keeps_nothing(w->declaration, order[i]))
            return order[i] == kind;
    }
    return false;
}

static void put_or_absent(gl_cds_writer *w, const char *element, gl_str text, const char *absent)
{
    if (put_kept(w, element))
        return;
    if (text.len > 0)
        put_text(w, element, text);
    else
        gl_cds_put_absent(w, element, absent);
}

/* The amount by its rate. */
static gl_str national_text(const gl_cds_writer *w, const sum *s, gl_str rate)
{
    char *text = gl_arena_alloc(w->arena, GL_DECIMAL_TEXT_BYTES);
    gl_decimal factor, product;
    if (!gl_decimal_parse(rate, &factor) || !gl_decimal_multiply(s->number, factor, 2, &product))
        return GL_STR("");
    return gl_decimal_format(product, text);
}

static sum item_sum(gl_cds_writer *w, size_t kind)
{
    const gl_declaration_goods_item *item = w->item->record;
    const gl_field *field = gl_shape_field(&gl_shape_item, GL_STR("valuation_adjustments"));
    if (kind == GL_SAD_INVOICE)
        return sum_of(item->item_charge_amount);
    if (kind == GL_SAD_EXTERNAL_FREIGHT)
        return sum_of(item->freight);
    for (size_t i = 0; i < item->valuation_adjustments.count; i++) {
        const gl_declaration_valuation_adjustment *adjustment = &item->valuation_adjustments.at[i];
        if (gl_str_eqz(adjustment->addition_code, gl_sad_moneys[kind].name) && adjustment->amount != NULL &&
            gl_cds_take_element(w, w->item, field, i))
            return sum_of(adjustment->amount);
    }
    return (sum){0};
}

/* What stands beside the amount: an attribute of its own, else what is said once of its currency. */
static gl_str beside(gl_cds_writer *w, const char *type, gl_str once)
{
    gl_str own;
    return gl_cds_take_attribute(w, type, &own) ? own : once;
}

/* The sum's own parts. */
static void put_sum(gl_cds_writer *w, size_t kind, const sum *s)
{
    const gl_sad_money_kind *names = &gl_sad_moneys[kind];
    char number[GL_DECIMAL_TEXT_BYTES];
    gl_sad_currency known[GL_SAD_MONEYS];
    size_t count = known_currencies(w, known);
    const gl_sad_currency *currency = gl_sad_currency_of(known, count, s->code);
    bool said = currency != NULL && (w->item != NULL || currency->kind < kind);
    bool header_invoice = kind == GL_SAD_INVOICE && w->item == NULL;
    gl_str rate = header_invoice ? rate_text(w->declaration, kind, w->arena) : GL_STR("");
    rate = beside(w, names->rate, rate.len > 0 ? rate : said ? currency->rate : GL_STR(""));
    gl_str national = beside(w, names->national, national_text(w, s, rate));
    put_or_absent(w, "Amount_national_currency", national, GL_CDS_ZERO);
    put_text(w, "Amount_foreign_currency", gl_decimal_format(s->number, number));
    put_or_absent(w, "Currency_code", s->code, "<null/>");
    put_or_absent(w, "Currency_name", beside(w, names->currency_name, said ? currency->name : GL_STR("")), NULL);
    put_or_absent(w, "Currency_rate", rate, GL_CDS_ZERO);
}

/* No sum, or what was kept of one. */
static void put_no_sum(gl_cds_writer *w, size_t kind, gl_str national)
{
    gl_str say = w->item == NULL && says_national(w, kind, national) ? national : GL_STR("");
    gl_cds_put_absent(w, "Amount_national_currency", GL_CDS_ZERO);
    gl_cds_put_absent(w, "Amount_foreign_currency", kind == GL_SAD_INVOICE ? NULL : GL_CDS_ZERO);
    put_or_absent(w, "Currency_code", say, "<null/>");
    gl_cds_put_absent(w, "Currency_name", NULL);
    put_or_absent(w, "Currency_rate", say.len > 0 ? GL_STR("1") : GL_STR(""), GL_CDS_ZERO);
}

void gl_sad_put_money(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    size_t kind = 0;
    while (strcmp(rule->element, gl_sad_moneys[kind].header) != 0 &&
           strcmp(rule->element, gl_sad_moneys[kind].item) != 0)
        kind++;
    sum s = w->item != NULL ? item_sum(w, kind) : header_sum(w->declaration, kind);
    gl_str text;
    if (w->item == NULL && kind > GL_SAD_EXTERNAL_FREIGHT && s.given)
        gl_cds_take_attribute(w, gl_sad_moneys[kind].name, &text);
    gl_cds_open(w, rule->element);
    if (s.given)
        put_sum(w, kind, &s);
    else
        put_no_sum(w, kind, national_currency(w->declaration));
    gl_cds_close(w, rule->element);
}

/* --- items --- */

void gl_sad_put_items(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
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

void gl_sad_put_procedure(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_goods_item *item = frame->record;
    gl_str current = item->procedure_current_code, previous = item->procedure_previous_code;
    if (current.len != 2 || (previous.len != 2 && previous.len != 0))
        return;
    put_text(w, rule->element,
             gl_str_of(gl_arena_printf(w->arena, "%.*s%.*s", GL_STR_ARG(current), GL_STR_ARG(previous))));
}

void gl_sad_put_price(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_amount *price = ((const gl_declaration_goods_item *)frame->record)->item_charge_amount;
    if (put_kept(w, rule->element) || put_attribute(w, rule->element, "item_price"))
        return;
    if (price != NULL)
        put_number(w, rule->element, price->unscaled, price->scale);
}

/* "COMMODITY" of "Commodity_code", "PRECISION_1" of "Precision_1". */
static gl_str classification(gl_cds_writer *w, const char *type)
{
    const gl_declaration_goods_item *item = w->item->record;
    const gl_field *field = gl_shape_field(&gl_shape_item, GL_STR("classifications"));
    for (size_t i = 0; i < item->classifications.count; i++)
        if (gl_str_eqz(item->classifications.at[i].identification_type_code, type) &&
            gl_cds_take_element(w, w->item, field, i))
            return item->classifications.at[i].id;
    return GL_STR("");
}

void gl_sad_put_code(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    (void)frame;
    char type[16] = "COMMODITY";
    if (strcmp(rule->element, "Commodity_code") != 0)
        snprintf(type, sizeof type, "PRECISION_%.1s", rule->element + strlen("Precision_"));
    gl_str code = classification(w, type);
    if (code.len > 0)
        put_text(w, rule->element, code);
}

void gl_sad_put_preference(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_goods_item *item = frame->record;
    for (size_t i = 0; i < item->duty_tax_fees.count; i++)
        if (item->duty_tax_fees.at[i].duty_regime_code.len > 0) {
            put_text(w, rule->element, item->duty_tax_fees.at[i].duty_regime_code);
            return;
        }
}

static void put_unit(gl_cds_writer *w, const gl_cds_rule *rule, gl_str quantity, gl_str code, gl_str name)
{
    gl_cds_open(w, rule->element);
    put_text(w, "Suppplementary_unit_quantity", quantity);
    put_or_absent(w, "Suppplementary_unit_code", code, "<null/>");
    put_or_absent(w, "Suppplementary_unit_name", name, "<null/>");
    gl_cds_close(w, rule->element);
}

void gl_sad_put_units(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_measure *measure = ((const gl_declaration_goods_item *)frame->record)->tariff_quantity;
    char number[GL_DECIMAL_TEXT_BYTES], type[48], name_type[48];
    gl_str text, name;
    if (measure != NULL && gl_cds_take(w, frame, "tariff_quantity"))
        put_unit(w, rule, gl_decimal_format((gl_decimal){measure->unscaled, measure->scale}, number),
                 measure->unit_code, beside(w, "supplementary_unit_name", GL_STR("")));
    for (size_t i = 1;; i++) {
        snprintf(type, sizeof type, "supplementary_unit.%zu", i);
        snprintf(name_type, sizeof name_type, "supplementary_unit_name.%zu", i);
        if (!gl_cds_take_attribute(w, type, &text))
            return;
        name = beside(w, name_type, GL_STR(""));
        const char *space = memchr(text.ptr, ' ', text.len);
        gl_str quantity = {text.ptr, space == NULL ? text.len : (size_t)(space - text.ptr)};
        put_unit(w, rule, quantity, space == NULL ? GL_STR("") : (gl_str){space + 1, text.len - quantity.len - 1},
                 name);
    }
}

void gl_sad_put_description(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    if (strcmp(rule->element, "Description_of_goods") == 0)
        put_attribute(w, rule->element, "tariff_description");
    else if (gl_cds_take(w, frame, "description"))
        put_text(w, rule->element, ((const gl_declaration_goods_item *)frame->record)->description);
}

/* More than a preference, which stands elsewhere. */
bool gl_sad_has_tax(const gl_cds_writer *w, const void *record)
{
    const gl_declaration_duty_tax_fee *duty = record;
    (void)w;
    return duty->type_code.len > 0 || duty->tax_rate_percent != NULL || duty->tax_base != NULL ||
           duty->assessed_amount != NULL || duty->payment_method_code.len > 0;
}

void gl_sad_put_calculation(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration_goods_item *item = w->item->record;
    const gl_declaration_duty_tax_fee *last = frame->record;
    size_t number = 0;
    for (const gl_declaration_duty_tax_fee *duty = item->duty_tax_fees.at; duty <= last; duty++)
        number += gl_sad_has_tax(w, duty);
    put_attribute(w, rule->element, gl_arena_printf(w->arena, "duty_calculation.%zu", number));
}

/* --- containers --- */

static void put_container(gl_cds_writer *w, const gl_cds_rule *rule, gl_str identity, size_t number)
{
    size_t len = w->out->len, values = w->values;
    gl_cds_open(w, rule->element);
    for (size_t i = 0; i < rule->inside->count; i++) {
        const char *element = rule->inside->rules[i].element, *type = gl_sad_container_type(gl_str_of(element));
        if (type == NULL)
            put_or_absent(w, element, identity, NULL);
        else if (!put_attribute(w, element, gl_arena_printf(w->arena, "%s.%zu", type, number)))
            gl_cds_put_absent(w, element, NULL);
    }
    gl_cds_close(w, rule->element);
    if (w->values == values) /* there is no such container */
        w->out->len = len;
}

void gl_sad_put_containers(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_declaration *declaration = w->declaration;
    const gl_field *field = gl_shape_field(&gl_shape_declaration, GL_STR("transport_equipment_ids"));
    for (size_t i = 0; i < declaration->transport_equipment_ids.count; i++)
        if (gl_cds_take_element(w, frame, field, i))
            put_container(w, rule, declaration->transport_equipment_ids.at[i], i + 1);
    size_t values;
    do {
        values = w->values;
        put_container(w, rule, GL_STR(""), 0);
    } while (w->values > values);
}
