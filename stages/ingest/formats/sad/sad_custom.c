/* What the customs of the tables read, and how texts are read whose form is ASYCUDA's own. See sad_map.h; sad_put.c
 * writes it. */
#include "customs/money.h"
#include "ingest/formats/sad/sad_map.h"

static gl_sad *sad_of(gl_cds *cds)
{
    return (gl_sad *)cds; /* its first member */
}

static gl_str text_of(const gl_xml *node)
{
    return node == NULL ? GL_STR("") : gl_str_trim(node->text);
}

/* It says nothing that is not said elsewhere, or nothing at all. */
static void note(gl_cds *cds, const gl_xml *node)
{
    if (node != NULL)
        gl_report_origin(cds->report, NULL, node);
}

static bool blank_or_zero(const gl_xml *node)
{
    gl_str text = text_of(node);
    return text.len == 0 || gl_sad_zero(text);
}

/* The element at "Valuation/Gs_Invoice/Currency_code" below the root, or NULL. */
static const gl_xml *find(const gl_xml *node, const char *path)
{
    while (node != NULL && *path != 0) {
        char name[64];
        size_t len = strcspn(path, "/");
        if (len >= sizeof name)
            return NULL;
        memcpy(name, path, len);
        name[len] = 0;
        node = gl_xml_child(node, name);
        path += len + (path[len] == '/');
    }
    return node;
}

/* --- texts --- */

static void keep_silently(gl_cds *cds, const gl_xml *node)
{
    if (node == NULL || text_of(node).len == 0)
        return;
    gl_str type = gl_cds_kept_type(cds->report->arena, node->parent->name, node->name);
    gl_cds_set_attribute(cds, type.ptr, text_of(node), node);
}

void gl_sad_keep(gl_cds *cds, const gl_xml *node, const gl_path *path, const char *code, const char *text,
                 const char *allowed)
{
    gl_report_at(cds->report, node, path, &(gl_problem){.code = code, .warning = true, .allowed = allowed},
                 "%s: it is kept as the attribute %.*s.%.*s", text, GL_STR_ARG(node->parent->name),
                 GL_STR_ARG(node->name));
    keep_silently(cds, node);
}

gl_str gl_sad_read_number(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    gl_str number = {NULL, 0};
    switch (gl_sad_number(cds->report->arena, &sad_of(cds)->locale, text_of(node), &number)) {
    case GL_SAD_READ:
        return number;
    case GL_SAD_AMBIGUOUS:
        gl_sad_keep(cds, node, path, "invalid-number",
                    "it could be thousands or thousandths, and nothing in the document tells which",
                    "1234.5 or 1,234.50");
        break;
    case GL_SAD_UNREADABLE:
        gl_sad_keep(cds, node, path, "invalid-number", "not a number that can be read", "1234.5 or 1,234.50");
        break;
    }
    return (gl_str){NULL, 0};
}

/* Of a sum or a quantity, which is never below zero. */
static gl_str not_negative(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    gl_str number = gl_sad_read_number(cds, node, path);
    if (number.len == 0 || number.ptr[0] != '-' || gl_sad_zero(number))
        return number.len > 0 && number.ptr[0] == '-' ? (gl_str){number.ptr + 1, number.len - 1} : number;
    gl_sad_keep(cds, node, path, "negative", "the number is below zero", "0 or more");
    return (gl_str){NULL, 0};
}

/* A text that its field takes. */
static gl_str fitting(gl_cds *cds, const gl_field *field, const gl_xml *node, const gl_path *path)
{
    gl_str text = text_of(node);
    size_t characters = 0;
    for (size_t i = 0; i < text.len; i++)
        characters += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    if (characters <= (size_t)field->limit)
        return text;
    gl_sad_keep(cds, node, path, "too-long", "the text is longer than its field",
                gl_arena_printf(cds->report->arena, "at most %d characters", field->limit));
    return (gl_str){NULL, 0};
}

/* Without decimals of zero. */
static gl_str whole_number(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    gl_str number = gl_sad_read_number(cds, node, path);
    uint64_t value = 0;
    const char *point = number.len == 0 ? NULL : memchr(number.ptr, '.', number.len);
    gl_str whole = point == NULL ? number : (gl_str){number.ptr, (size_t)(point - number.ptr)};
    bool zeros = true;
    for (size_t i = whole.len + 1; point != NULL && i < number.len; i++)
        zeros = zeros && number.ptr[i] == '0';
    if (number.len == 0 || (zeros && gl_str_to_u64(whole, INT32_MAX, &value)))
        return whole;
    gl_sad_keep(cds, node, path, "invalid-number", "not a whole number of at most 2147483647", NULL);
    return (gl_str){NULL, 0};
}

static gl_str country(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    gl_str text = text_of(node);
    if (text.len == 2 && text.ptr[0] >= 'A' && text.ptr[0] <= 'Z' && text.ptr[1] >= 'A' && text.ptr[1] <= 'Z')
        return text;
    gl_sad_keep(cds, node, path, "invalid-code", "not a country code", "two capital letters, ISO 3166");
    return (gl_str){NULL, 0};
}

static const char *const numbers[] = {"Amount_national_currency",
                                      "Amount_foreign_currency",
                                      "Currency_rate",
                                      "Total_cost",
                                      "Total_CIF",
                                      "Gross_weight",
                                      "Total_invoice",
                                      "Total_weight",
                                      "Item_price",
                                      "Suppplementary_unit_quantity",
                                      "Item_taxes_amount",
                                      "Item_taxes_guaranted_amount",
                                      "Counter_of_normal_mode_of_payment",
                                      "Displayed_item_taxes_amount",
                                      "Duty_tax_Base",
                                      "Duty_tax_rate",
                                      "Duty_tax_amount",
                                      "Total_cost_itm",
                                      "Total_CIF_itm",
                                      "Rate_of_adjustement",
                                      "Statistical_value",
                                      "Alpha_coeficient_of_apportionment",
                                      "Gross_weight_itm",
                                      "Net_weight_itm",
                                      "Rate",
                                      "Currency_amount",
                                      "Basis_amount",
                                      "write_off_unit_qty",
                                      "Amount",
                                      "Total_manual_taxes",
                                      "Global_taxes",
                                      "Totals_taxes",
                                      "Amount_deducted_from_licence",
                                      "Quantity_deducted_from_licence",
                                      NULL};

bool gl_sad_is_number(gl_str element)
{
    return gl_names_index(numbers, element) >= 0;
}

/* An attribute that is a number: zero is none, what is no number stays as it is. */
static gl_str attribute_text(gl_cds *cds, const gl_xml *node)
{
    gl_str text = text_of(node), number;
    if (!gl_sad_is_number(node->name))
        return text;
    if (gl_sad_zero(text)) {
        note(cds, node);
        return (gl_str){NULL, 0};
    }
    gl_sad_reading reading = gl_sad_number(cds->report->arena, &sad_of(cds)->locale, text, &number);
    if (reading == GL_SAD_AMBIGUOUS)
        return gl_sad_read_number(cds, node, NULL);
    return reading == GL_SAD_READ ? number : text;
}

gl_str gl_sad_text(gl_cds *cds, const gl_field *field, const gl_xml *node, const gl_path *path)
{
    if (field == NULL)
        return attribute_text(cds, node);
    switch (field->kind) {
    case GL_FIELD_INT:
    case GL_FIELD_OPT_INT:
        return whole_number(cds, node, path);
    case GL_FIELD_DECIMAL:
        return gl_sad_read_number(cds, node, path);
    case GL_FIELD_AMOUNT:
    case GL_FIELD_MEASURE:
        return not_negative(cds, node, path);
    case GL_FIELD_TEXT:
        return field->form == GL_FORM_COUNTRY ? country(cds, node, path) : fitting(cds, field, node, path);
    default:
        return text_of(node);
    }
}

static bool says_nothing(const gl_xml *node)
{
    if (gl_str_eqz(node->name, "Declarant")) /* the declaration's reference stands in it, and is not the party's */
        return text_of(gl_xml_child(node, "Declarant_code")).len == 0 &&
               text_of(gl_xml_child(node, "Declarant_name")).len == 0;
    bool nothing = blank_or_zero(node);
    for (const gl_xml *child = node->first; child != NULL && nothing; child = child->next)
        nothing = says_nothing(child);
    return nothing;
}

static void note_all(gl_cds *cds, const gl_xml *node)
{
    note(cds, node);
    for (const gl_xml *child = node->first; child != NULL; child = child->next)
        note_all(cds, child);
}

bool gl_sad_nothing(gl_cds *cds, const gl_xml *node)
{
    bool nothing = says_nothing(node);
    if (nothing)
        note_all(cds, node);
    return nothing;
}

/* What is wrong with it is said where it stands. */
static void set(gl_cds *cds, const gl_shape *shape, const char *name, void *record, gl_str text, const gl_xml *node,
                const gl_path *path)
{
    const gl_field *field = gl_shape_field(shape, gl_str_of(name));
    gl_path member = {path, name, (char *)record + field->offset};
    gl_field_set_text(cds->report, field, record, text, node, &member);
}

static void set_number(gl_cds *cds, const gl_shape *shape, const char *name, void *record, const gl_xml *node,
                       const gl_path *path)
{
    const gl_field *field = gl_shape_field(shape, gl_str_of(name));
    gl_path member = {path, name, (char *)record + field->offset};
    if (text_of(node).len > 0)
        gl_field_set_text(cds->report, field, record, gl_sad_text(cds, field, node, &member), node, &member);
}

void gl_sad_read_later(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)cds, (void)node, (void)record, (void)path;
}

/* Elements whose insides nobody has described: one text of all of them. */
void gl_sad_read_flat(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record, (void)path;
    gl_buf text = gl_buf_in(cds->report->arena);
    gl_buf_str(&text, text_of(node));
    for (const gl_xml *child = node->first; child != NULL; child = child->next) {
        note(cds, child);
        gl_buf_printf(&text, "%s%.*s %.*s", text.len > 0 ? ", " : "", GL_STR_ARG(child->name),
                      GL_STR_ARG(text_of(child)));
    }
    bool notice = gl_str_eqz(node->name, "Item_tax_total");
    gl_cds_set_attribute(cds, notice ? "assessment_item_tax" : "global_tax",
                         text.len == 0 ? GL_STR("") : gl_buf_view(&text), node);
}

/* --- general --- */

void gl_sad_read_date(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration *declaration = record;
    gl_str date = {NULL, 0};
    gl_path member = {path, "declared_date", &declaration->declared_date};
    if (text_of(node).len == 0)
        return;
    switch (gl_sad_date(cds->report->arena, &sad_of(cds)->locale, text_of(node), &date)) {
    case GL_SAD_READ:
        set(cds, &gl_shape_declaration, "declared_date", declaration, date, node, path);
        return;
    case GL_SAD_AMBIGUOUS:
        gl_sad_keep(cds, node, &member, "invalid-date",
                    "day and month could be either, and no other date of the document tells which", "2015-05-14");
        return;
    case GL_SAD_UNREADABLE:
        gl_sad_keep(cds, node, &member, "invalid-date", "not a date that exists", "2015-05-14");
        return;
    }
}

void gl_sad_read_type(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_str text = text_of(node);
    bool good = text.len == 2 || text.len == 3;
    for (size_t i = 0; i < text.len; i++)
        good = good && text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
    if (good || text.len == 0)
        set(cds, &gl_shape_declaration, "type_code", record, text, node, path);
    else
        gl_sad_keep(cds, node, path, "invalid-code", "not a declaration type of letters",
                    "two or three capital letters");
}

static gl_declaration_document *add_document(gl_cds *cds, gl_declaration_document_kind kind, gl_str id,
                                             const gl_xml *node)
{
    gl_list *list = cds->item != NULL ? (gl_list *)&cds->item->documents : (gl_list *)&cds->declaration->documents;
    gl_declaration_document *made = gl_list_append(cds->report, list, sizeof *made, node);
    made->kind = kind;
    made->id = id;
    gl_report_origin(cds->report, &made->id, node);
    return made;
}

void gl_sad_read_manifest(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record, (void)path;
    if (text_of(node).len > 0)
        add_document(cds, GL_DECLARATION_DOCUMENT_KIND_REFERENCE, text_of(node), node)->type_code = GL_STR("785");
}

void gl_sad_read_deferred(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record, (void)path;
    if (text_of(node).len > 0)
        add_document(cds, GL_DECLARATION_DOCUMENT_KIND_DEFERRED_PAYMENT, text_of(node), node);
}

/* The company's line, and those of its address. */
void gl_sad_read_name(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_str text = text_of(node);
    size_t end = 0;
    while (end < text.len && text.ptr[end] != '\n' && text.ptr[end] != '\r')
        end++;
    set(cds, &gl_shape_party, "name", record, gl_str_trim((gl_str){text.ptr, end}), node, path);
    gl_buf street = gl_buf_in(cds->report->arena);
    while (end < text.len) {
        size_t from = end;
        while (end < text.len && text.ptr[end] != '\n' && text.ptr[end] != '\r')
            end++;
        gl_str line = gl_str_trim((gl_str){text.ptr + from, end - from});
        if (line.len > 0)
            gl_buf_printf(&street, "%s%.*s", street.len > 0 ? ", " : "", GL_STR_ARG(line));
        end += end < text.len;
    }
    if (street.len > 0)
        set(cds, &gl_shape_party, "street", record, gl_buf_view(&street), node, path);
}

void gl_sad_read_flag(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    static const char *const yes[] = {"true", "True", "TRUE", "1", NULL}, *const no[] = {"false", "False", "FALSE", "0",
                                                                                         NULL};
    gl_str text = text_of(node);
    if (gl_names_index(yes, text) >= 0)
        set(cds, &gl_shape_declaration, "container_code", record, GL_STR("1"), node, path);
    else if (gl_names_index(no, text) >= 0)
        set(cds, &gl_shape_declaration, "container_code", record, GL_STR("0"), node, path);
    else if (text.len > 0)
        gl_sad_keep(cds, node, path, "invalid-code", "neither true nor false", "true, false");
}

void gl_sad_read_border_office(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    if (cds->declaration->family == GL_DECLARATION_FAMILY_EXPORT)
        set(cds, &gl_shape_declaration, "exit_office_id", record, text_of(node), node, path);
    else
        gl_cds_set_attribute(cds, "border_office", text_of(node), node);
}

void gl_sad_read_location(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration *declaration = record;
    gl_path member = {path, "goods_location", &declaration->goods_location};
    if (text_of(node).len == 0 || declaration->goods_location != NULL)
        return;
    declaration->goods_location = GL_NEW(cds->report->arena, gl_declaration_goods_location);
    gl_report_origin(cds->report, &declaration->goods_location, node);
    set(cds, &gl_shape_goods_location, "id", declaration->goods_location, text_of(node), node, &member);
}

bool gl_sad_same_number(gl_str a, gl_str b)
{
    gl_decimal first, second;
    return gl_decimal_parse(a, &first) && gl_decimal_parse(b, &second) && gl_decimal_compare(first, second) == 0;
}

/* The number at a node, without a warning when it is none. */
static gl_str number_at(const gl_sad *sad, const gl_xml *node)
{
    gl_str number = GL_STR("");
    if (node == NULL || gl_sad_number(sad->cds.report->arena, &sad->locale, text_of(node), &number) != GL_SAD_READ)
        return GL_STR("");
    return number;
}

/* Totals that repeat what stands elsewhere. */
void gl_sad_read_total(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    bool weight = gl_str_eqz(node->name, "Total_weight"), financial = gl_str_eqz(node->parent->name, "Financial");
    const gl_xml *other = find(cds->report->root, weight ? "Valuation/Weight/Gross_weight"
                                                         : "Valuation/Gs_Invoice/Amount_foreign_currency");
    const gl_sad *sad = sad_of(cds);
    if (blank_or_zero(node) || gl_sad_same_number(number_at(sad, node), number_at(sad, other))) {
        note(cds, node);
        return;
    }
    if (weight && text_of(other).len == 0 && number_at(sad, node).len > 0) {
        set_number(cds, &gl_shape_declaration, "total_gross_mass", record, node, path);
        return;
    }
    gl_cds_set_attribute(cds,
                         weight      ? "total_weight"
                         : financial ? "financial_invoice"
                                     : "total_invoice",
                         attribute_text(cds, node), node);
}

/* --- sums of money --- */

typedef struct money {
    size_t kind;
    const gl_xml *national, *foreign, *code, *name, *rate;
} money;

static money money_of(const gl_xml *node)
{
    money m = {.national = gl_xml_child(node, "Amount_national_currency"),
               .foreign = gl_xml_child(node, "Amount_foreign_currency"),
               .code = gl_xml_child(node, "Currency_code"),
               .name = gl_xml_child(node, "Currency_name"),
               .rate = gl_xml_child(node, "Currency_rate")};
    while (m.kind < GL_SAD_MONEYS && !gl_str_eqz(node->name, gl_sad_moneys[m.kind].header) &&
           !gl_str_eqz(node->name, gl_sad_moneys[m.kind].item))
        m.kind++;
    return m;
}

/* Is there an amount that is set? Of the invoice zero is one: something free of charge. */
static bool is_given(const gl_sad *sad, const money *m)
{
    gl_str number = number_at(sad, m->foreign);
    return number.len > 0 && number.ptr[0] != '-' && (m->kind == GL_SAD_INVOICE || !gl_sad_zero(text_of(m->foreign)));
}

const gl_sad_currency *gl_sad_currency_of(const gl_sad_currency *known, size_t count, gl_str code)
{
    for (size_t i = 0; code.len > 0 && i < count; i++)
        if (gl_str_eq(known[i].code, code))
            return &known[i];
    return NULL;
}

static void learn_currencies(gl_sad *sad, const gl_xml *valuation)
{
    for (size_t kind = 0; valuation != NULL && kind < GL_SAD_MONEYS; kind++) {
        const gl_xml *node = gl_xml_child(valuation, gl_sad_moneys[kind].header);
        if (node == NULL)
            continue;
        money m = money_of(node);
        gl_str code = text_of(m.code), rate = number_at(sad, m.rate);
        if (!gl_currency_known(code))
            continue;
        if (sad->national == NULL && gl_sad_same_number(rate, GL_STR("1")))
            sad->national = m.code;
        if (is_given(sad, &m) && gl_sad_currency_of(sad->known, sad->known_count, code) == NULL)
            sad->known[sad->known_count++] = (gl_sad_currency){code, rate, text_of(m.name), kind};
    }
}

static void set_currency(gl_cds *cds, gl_declaration_amount *amount, const money *m)
{
    if (amount == NULL || text_of(m->code).len == 0)
        return;
    if (!gl_currency_known(text_of(m->code))) {
        gl_path path = {NULL, "currency", &amount->currency_code};
        gl_sad_keep(cds, m->code, &path, "invalid-code", "not a currency",
                    "a currency of ISO 4217, three capital letters");
        return;
    }
    amount->currency_code = text_of(m->code);
    gl_report_origin(cds->report, &amount->currency_code, m->code);
}

/* An amount of the declaration that has no field: "120.00 USD". */
static void set_header_attribute(gl_cds *cds, const money *m, gl_str number)
{
    gl_str code = text_of(m->code);
    bool known = gl_currency_known(code);
    const char *text =
        gl_arena_printf(cds->report->arena, known ? "%.*s %.*s" : "%.*s", GL_STR_ARG(number), GL_STR_ARG(code));
    gl_cds_set_attribute(cds, gl_sad_moneys[m->kind].name, gl_str_of(text), m->foreign);
    if (known)
        note(cds, m->code);
    else if (code.len > 0)
        gl_sad_keep(cds, m->code, NULL, "invalid-code", "not a currency",
                    "a currency of ISO 4217, three capital letters");
}

static void set_adjustment(gl_cds *cds, const money *m, const gl_xml *node, const gl_path *path)
{
    gl_declaration_goods_item *item = cds->item;
    gl_declaration_valuation_adjustment *made =
        gl_list_append(cds->report, (gl_list *)&item->valuation_adjustments, sizeof *made, node);
    gl_path list = {path, "valuation_adjustments", &item->valuation_adjustments},
            element = {&list, NULL, gl_record_slot(made)};
    made->addition_code = gl_str_of(gl_sad_moneys[m->kind].name);
    set_number(cds, &gl_shape_valuation_adjustment, "amount", made, m->foreign, &element);
    set_currency(cds, made->amount, m);
}

static void set_amount(gl_cds *cds, const money *m, const gl_xml *node, const gl_path *path)
{
    gl_declaration *declaration = cds->declaration;
    gl_declaration_goods_item *item = cds->item;
    if (m->kind == GL_SAD_INVOICE && item == NULL) {
        set_number(cds, &gl_shape_declaration, "invoice_amount", declaration, m->foreign, path);
        set_currency(cds, declaration->invoice_amount, m);
    } else if (m->kind == GL_SAD_EXTERNAL_FREIGHT && item == NULL) {
        set_number(cds, &gl_shape_declaration, "freight", declaration, m->foreign, path);
        set_currency(cds, declaration->freight, m);
    } else if (item == NULL) {
        set_header_attribute(cds, m, number_at(sad_of(cds), m->foreign));
    } else if (m->kind == GL_SAD_INVOICE) {
        set_number(cds, &gl_shape_item, "item_charge_amount", item, m->foreign, path);
        set_currency(cds, item->item_charge_amount, m);
    } else if (m->kind == GL_SAD_EXTERNAL_FREIGHT) {
        set_number(cds, &gl_shape_item, "freight", item, m->foreign, path);
        set_currency(cds, item->freight, m);
    } else {
        set_adjustment(cds, m, node, path);
    }
}

/* Is it the amount by its rate, to the cent? */
static bool is_product(gl_str national, gl_str foreign, gl_str rate)
{
    gl_decimal amount, factor, product, stated;
    return gl_decimal_parse(national, &stated) && gl_decimal_parse(foreign, &amount) &&
           gl_decimal_parse(rate, &factor) && gl_decimal_multiply(amount, factor, 2, &product) &&
           gl_decimal_multiply(stated, (gl_decimal){1, 0}, 2, &stated) && gl_decimal_compare(product, stated) == 0;
}

/* What stands beside an amount: once for each currency of the declaration, else as attributes. */
static void set_beside(gl_cds *cds, const money *m, const gl_path *path)
{
    gl_sad *sad = sad_of(cds);
    const gl_sad_money_kind *kind = &gl_sad_moneys[m->kind];
    const gl_sad_currency *known = gl_sad_currency_of(sad->known, sad->known_count, text_of(m->code));
    gl_str rate = number_at(sad, m->rate), national = number_at(sad, m->national);
    bool said = known != NULL && (cds->item != NULL || known->kind < m->kind);
    if (blank_or_zero(m->rate) || (said && gl_sad_same_number(rate, known->rate)))
        note(cds, m->rate);
    else if (m->kind == GL_SAD_INVOICE && cds->item == NULL)
        set_number(cds, &gl_shape_declaration, "exchange_rate", cds->declaration, m->rate, path);
    else
        gl_cds_set_attribute(cds, kind->rate, attribute_text(cds, m->rate), m->rate);
    if (said && gl_str_eq(text_of(m->name), known->name))
        note(cds, m->name);
    else
        gl_cds_set_attribute(cds, kind->currency_name, text_of(m->name), m->name);
    if (blank_or_zero(m->national) || is_product(national, number_at(sad, m->foreign), rate))
        note(cds, m->national);
    else
        gl_cds_set_attribute(cds, kind->national, attribute_text(cds, m->national), m->national);
}

void gl_sad_read_money(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    money m = money_of(node);
    const gl_xml *all[] = {m.national, m.foreign, m.code, m.name, m.rate};
    bool invoice = m.kind == GL_SAD_INVOICE, zero = blank_or_zero(m.foreign) && blank_or_zero(m.national);
    gl_cds_check(cds,
                 cds->item == NULL ? gl_cds_find_inside(&gl_sad_declaration, "Valuation/Gs_Invoice")
                                   : gl_cds_find_inside(&gl_sad_item, "Valuation_item/Item_Invoice"),
                 node);
    if (is_given(sad_of(cds), &m)) {
        set_amount(cds, &m, node, path);
        set_beside(cds, &m, path);
        return;
    }
    if (m.foreign != NULL && !blank_or_zero(m.foreign))
        not_negative(cds, m.foreign, path); /* says why not, and keeps it */
    else
        note(cds, m.foreign);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (blank_or_zero(all[i]) || (zero && !invoice))
            note(cds, all[i]);
        else if (all[i] != m.foreign)
            keep_silently(cds, all[i]);
}

/* --- items --- */

void gl_sad_read_licence(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    static const char *const parts[][2] = {{"Amount_deducted_from_licence", "amount"},
                                           {"Quantity_deducted_from_licence", "quantity"}};
    (void)record;
    if (text_of(node).len == 0)
        return;
    gl_declaration_document *made = add_document(cds, GL_DECLARATION_DOCUMENT_KIND_AUTHORISATION, text_of(node), node);
    for (size_t i = 0; i < 2; i++) {
        const gl_xml *part = gl_xml_child(node->parent, parts[i][0]);
        if (part != NULL && !blank_or_zero(part))
            set_number(cds, &gl_shape_document, parts[i][1], made, part, path);
    }
}

void gl_sad_read_procedure(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_str text = text_of(node);
    bool plain = true;
    for (size_t i = 0; i < text.len; i++)
        plain = plain && ((text.ptr[i] >= '0' && text.ptr[i] <= '9') || (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z'));
    if (text.len == 0)
        return;
    if (!plain || (text.len != 4 && text.len != 2)) {
        gl_sad_keep(cds, node, path, "invalid-code", "not a requested and a previous procedure",
                    "two or four characters");
        return;
    }
    set(cds, &gl_shape_item, "procedure_current_code", record, (gl_str){text.ptr, 2}, node, path);
    if (text.len == 4)
        set(cds, &gl_shape_item, "procedure_previous_code", record, (gl_str){text.ptr + 2, 2}, node, path);
}

void gl_sad_read_code(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    static const char *const types[][2] = {{"Commodity_code", "COMMODITY"},
                                           {"Precision_1", "PRECISION_1"},
                                           {"Precision_2", "PRECISION_2"},
                                           {"Precision_3", "PRECISION_3"},
                                           {"Precision_4", "PRECISION_4"}};
    gl_declaration_goods_item *item = record;
    if (text_of(node).len == 0)
        return;
    gl_declaration_commodity_classification *made =
        gl_list_append(cds->report, (gl_list *)&item->classifications, sizeof *made, node);
    gl_path list = {path, "classifications", &item->classifications}, element = {&list, NULL, gl_record_slot(made)};
    set(cds, &gl_shape_classification, "id", made, text_of(node), node, &element);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (gl_str_eqz(node->name, types[i][0]))
            made->identification_type_code = gl_str_of(types[i][1]);
}

/* A unit beside the first: "12.5 PCE" under its number. */
static void set_further_unit(gl_cds *cds, gl_str quantity, const gl_xml *node, const gl_xml *code, const gl_xml *name)
{
    gl_arena *arena = cds->report->arena;
    size_t count = 1;
    for (size_t i = 0; i < cds->item->attributes.count; i++)
        count += gl_str_starts(cds->item->attributes.at[i].type, GL_STR("supplementary_unit."));
    const char *text = gl_arena_printf(arena, "%.*s %.*s", GL_STR_ARG(quantity), GL_STR_ARG(text_of(code)));
    gl_cds_set_attribute(cds, gl_arena_printf(arena, "supplementary_unit.%zu", count), gl_str_trim(gl_str_of(text)),
                         node);
    note(cds, code);
    gl_cds_set_attribute(cds, gl_arena_printf(arena, "supplementary_unit_name.%zu", count), text_of(name), name);
}

void gl_sad_read_unit(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    const gl_xml *quantity = gl_xml_child(node, "Suppplementary_unit_quantity"),
                 *code = gl_xml_child(node, "Suppplementary_unit_code"),
                 *name = gl_xml_child(node, "Suppplementary_unit_name");
    gl_str number = number_at(sad_of(cds), quantity);
    gl_cds_check(cds, gl_cds_find_inside(&gl_sad_item, "Tarification/Supplementary_unit"), node);
    if (gl_sad_nothing(cds, node) || (text_of(quantity).len == 0 && text_of(code).len == 0 && text_of(name).len == 0))
        return;
    number = text_of(quantity).len == 0 ? GL_STR("0") : number.len > 0 ? number : text_of(quantity);
    if (item->tariff_quantity != NULL || !gl_sad_same_number(number, number) || number.ptr[0] == '-' ||
        text_of(code).len > 8) {
        set_further_unit(cds, number, quantity != NULL ? quantity : node, code, name);
        return;
    }
    set(cds, &gl_shape_item, "tariff_quantity", item, number, quantity != NULL ? quantity : node, path);
    if (item->tariff_quantity != NULL && text_of(code).len > 0) {
        item->tariff_quantity->unit_code = text_of(code);
        gl_report_origin(cds->report, &item->tariff_quantity->unit_code, code);
    }
    gl_cds_set_attribute(cds, "supplementary_unit_name", text_of(name), name);
}

void gl_sad_read_previous(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    bool summary = gl_str_eqz(node->name, "Summary_declaration");
    const gl_xml *line = summary ? gl_xml_child(node->parent, "Summary_declaration_sl") : NULL;
    if (text_of(node).len == 0)
        return;
    gl_declaration_document *made = add_document(cds, GL_DECLARATION_DOCUMENT_KIND_PREVIOUS, text_of(node), node);
    made->category_code = gl_str_of(summary ? "X" : "Z");
    if (line != NULL)
        set_number(cds, &gl_shape_document, "line_numeric", made, line, path);
}

void gl_sad_read_calculation(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record, (void)path;
    gl_cds_set_attribute(cds,
                         gl_arena_printf(cds->report->arena, "duty_calculation.%zu", cds->item->duty_tax_fees.count),
                         text_of(node), node);
}

/* The declared code: the tariff's digits and, where there is room for it, the first of the precisions. */
static void finish_code(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    const gl_xml *code = find(node, "Tarification/HScode/Commodity_code"),
                 *precision = find(node, "Tarification/HScode/Precision_1");
    gl_buf digits = gl_buf_in(cds->report->arena);
    gl_str text = text_of(code), more = text_of(precision);
    gl_path member = {path, "commodity_code", &cds->item->commodity_code};
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '.' && text.ptr[i] != ' ')
            gl_buf_byte(&digits, (uint8_t)text.ptr[i]);
    uint64_t value;
    if (digits.len + more.len <= 10 && more.len > 0 && gl_str_to_u64(more, UINT64_MAX, &value))
        gl_buf_str(&digits, more);
    if (text.len == 0)
        return;
    if (digits.len < 6 || digits.len > 10 || !gl_str_to_u64(gl_buf_view(&digits), UINT64_MAX, &value)) {
        gl_report_at(cds->report, code, &member,
                     &(gl_problem){.code = "invalid-code", .warning = true, .allowed = "6 to 10 digits"},
                     "not a commodity code: the item has none");
        return;
    }
    cds->item->commodity_code = gl_buf_view(&digits);
    gl_report_origin(cds->report, &cds->item->commodity_code, code);
}

/* Box 42, where there is no Item_Invoice: in the currency of the whole invoice. */
static void finish_price(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    const gl_xml *price = find(node, "Tarification/Item_price");
    gl_declaration_goods_item *item = cds->item;
    gl_sad *sad = sad_of(cds);
    money m = {.kind = GL_SAD_INVOICE, .code = find(cds->report->root, "Valuation/Gs_Invoice/Currency_code")};
    if (price == NULL || text_of(price).len == 0)
        return;
    bool given = find(node, "Valuation_item/Item_Invoice/Amount_foreign_currency") != NULL &&
                 text_of(find(node, "Valuation_item/Item_Invoice/Amount_foreign_currency")).len > 0;
    const gl_xml *charge = find(node, "Valuation_item/Item_Invoice/Amount_foreign_currency");
    if (!given && number_at(sad, price).len > 0) {
        set_number(cds, &gl_shape_item, "item_charge_amount", item, price, path);
        if (item->item_charge_amount != NULL && gl_currency_known(text_of(m.code)))
            set_currency(cds, item->item_charge_amount, &m);
    } else if (gl_sad_same_number(number_at(sad, price), number_at(sad, charge)) || gl_sad_zero(text_of(price))) {
        note(cds, price);
    } else {
        gl_cds_set_attribute(cds, "item_price", attribute_text(cds, price), price);
    }
}

static void finish_description(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    const gl_xml *tariff = find(node, "Goods_description/Description_of_goods"),
                 *trade = find(node, "Goods_description/Commercial_Description");
    bool both = text_of(trade).len > 0 && text_of(tariff).len > 0;
    const gl_xml *from = text_of(trade).len > 0 ? trade : tariff;
    if (from != NULL)
        set(cds, &gl_shape_item, "description", cds->item, text_of(from), from, path);
    if (both)
        gl_cds_set_attribute(cds, "tariff_description", text_of(tariff), tariff);
}

/* Preference is the first duty's; without duties one of its own. */
static void finish_preference(gl_cds *cds, const gl_xml *node, const gl_path *path)
{
    const gl_xml *preference = find(node, "Tarification/Preference_code");
    gl_declaration_goods_item *item = cds->item;
    if (text_of(preference).len == 0)
        return;
    if (item->duty_tax_fees.count == 0)
        gl_list_append(cds->report, (gl_list *)&item->duty_tax_fees, sizeof *item->duty_tax_fees.at, preference);
    set(cds, &gl_shape_duty_tax_fee, "duty_regime_code", &item->duty_tax_fees.at[0], text_of(preference), preference,
        path);
}

/* What belongs to a document that is not there. */
static void finish_documents(gl_cds *cds, const gl_xml *node)
{
    static const char *const parts[][2] = {{"Amount_deducted_from_licence", "Licence_number"},
                                           {"Quantity_deducted_from_licence", "Licence_number"},
                                           {"Previous_doc/Summary_declaration_sl", "Previous_doc/Summary_declaration"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const gl_xml *part = find(node, parts[i][0]);
        if (part == NULL || text_of(find(node, parts[i][1])).len > 0)
            continue;
        if (blank_or_zero(part))
            note(cds, part);
        else
            keep_silently(cds, part);
    }
    for (size_t i = 0; i < 2; i++) {
        const gl_xml *part = find(node, parts[i][0]);
        if (part != NULL && blank_or_zero(part))
            note(cds, part);
    }
}

static gl_str attribute_key(const void *record)
{
    return ((const gl_declaration_attribute *)record)->type;
}

static gl_str information_key(const void *record)
{
    return ((const gl_declaration_additional_information *)record)->statement_code;
}

static gl_str adjustment_key(const void *record)
{
    return ((const gl_declaration_valuation_adjustment *)record)->addition_code;
}

static gl_str classification_key(const void *record)
{
    return ((const gl_declaration_commodity_classification *)record)->identification_type_code;
}

static gl_str document_key(const void *record)
{
    static const char keys[] = "0123456789";
    return (gl_str){keys + ((const gl_declaration_document *)record)->kind, 1};
}

typedef struct lists_of {
    void *attributes, *information, *documents, *adjustments, *classifications;
} lists_of;

/* Elements come in any order: the same declaration has its lists in one. */
static void sort_lists(gl_report *report, const lists_of *lists, const void *first)
{
    const struct {
        void *list;
        size_t bytes;
        gl_list_key *key;
    } all[] = {{lists->attributes, sizeof(gl_declaration_attribute), attribute_key},
               {lists->information, sizeof(gl_declaration_additional_information), information_key},
               {lists->documents, sizeof(gl_declaration_document), document_key},
               {lists->adjustments, sizeof(gl_declaration_valuation_adjustment), adjustment_key},
               {lists->classifications, sizeof(gl_declaration_commodity_classification), classification_key}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].list != NULL && ((gl_list *)all[i].list)->count > 1)
            gl_list_sort(report, all[i].list, all[i].bytes, all[i].key, first);
}

void gl_sad_read_item(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration *declaration = cds->declaration;
    (void)record;
    gl_declaration_goods_item *made = gl_list_append(cds->report, (gl_list *)&declaration->items, sizeof *made, node);
    gl_path list = {path, "items", &declaration->items}, element = {&list, NULL, gl_record_slot(made)};
    cds->item = made;
    gl_cds_walk(cds, &gl_sad_item, node, made, &element);
    finish_code(cds, node, &element);
    finish_price(cds, node, &element);
    finish_description(cds, node, &element);
    finish_preference(cds, node, &element);
    finish_documents(cds, node);
    sort_lists(cds->report,
               &(lists_of){&made->attributes, &made->additional_information, &made->documents,
                           &made->valuation_adjustments, &made->classifications},
               gl_record_slot(made));
    cds->item = NULL;
}

/* --- containers --- */

void gl_sad_read_container(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration *declaration = record;
    const gl_xml *identity = gl_xml_child(node, "Container_identity");
    gl_cds_check(cds, gl_cds_find_inside(&gl_sad_declaration, "Container"), node);
    if (gl_sad_nothing(cds, node))
        return;
    set(cds, &gl_shape_declaration, "transport_equipment_ids", declaration, text_of(identity),
        identity != NULL ? identity : node, path);
    size_t number = text_of(identity).len > 0 ? declaration->transport_equipment_ids.count : 0;
    for (const gl_xml *child = node->first; child != NULL; child = child->next) {
        const char *type = gl_sad_container_type(child->name);
        if (type != NULL)
            gl_cds_set_attribute(cds, gl_arena_printf(cds->report->arena, "%s.%zu", type, number), text_of(child),
                                 child);
    }
}

/* --- the whole --- */

const gl_sad_within gl_sad_withins[] = {
    {"Declarant", "", "Declarant_representative", GL_DECLARATION_PARTY_ROLE_AGENT, ""},
    {"Transit/Principal", "Code", "Name", GL_DECLARATION_PARTY_ROLE_OTHER, "PRINCIPAL"},
    {"Transit/Principal", "", "Representative", GL_DECLARATION_PARTY_ROLE_OTHER, "PRINCIPAL_REPRESENTATIVE"},
    {"Transit", "", "Officer_name", GL_DECLARATION_PARTY_ROLE_OTHER, "OFFICER"}};
const size_t gl_sad_within_count = sizeof gl_sad_withins / sizeof *gl_sad_withins;

static void finish_party(gl_sad *sad, const gl_xml *root, const gl_sad_within *within)
{
    gl_declaration *declaration = sad->cds.declaration;
    const gl_xml *around = find(root, within->around), *code = around == NULL ? NULL : find(around, within->code),
                 *name = around == NULL ? NULL : gl_xml_child(around, within->name);
    code = code == around ? NULL : code; /* it has none */
    if (text_of(code).len == 0 && text_of(name).len == 0)
        return;
    gl_declaration_party *made = gl_list_append(sad->cds.report, (gl_list *)&declaration->parties, sizeof *made,
                                                text_of(name).len > 0 ? name : code);
    gl_path list = {NULL, "parties", &declaration->parties}, element = {&list, NULL, gl_record_slot(made)};
    made->role = within->role;
    if (within->role_code[0] != 0)
        made->role_code = gl_str_of(within->role_code);
    if (code != NULL)
        set(&sad->cds, &gl_shape_party, "id", made, text_of(code), code, &element);
    if (name != NULL)
        set(&sad->cds, &gl_shape_party, "name", made, text_of(name), name, &element);
}

static void set_national(gl_sad *sad, gl_declaration_amount *amount)
{
    if (amount == NULL)
        return;
    amount->currency_code = gl_str_trim(sad->national->text);
    gl_report_origin(sad->cds.report, &amount->currency_code, sad->national);
}

static void finish_currencies(gl_sad *sad)
{
    gl_declaration *declaration = sad->cds.declaration;
    for (size_t i = 0; i < declaration->items.count; i++) {
        gl_declaration_goods_item *item = &declaration->items.at[i];
        set_national(sad, item->customs_value_amount);
        set_national(sad, item->statistical_value_amount);
        for (size_t k = 0; k < item->duty_tax_fees.count; k++)
            set_national(sad, item->duty_tax_fees.at[k].assessed_amount);
    }
    for (size_t i = 0; i < declaration->documents.count; i++)
        set_national(sad, declaration->documents.at[i].amount);
}

static gl_str party_key(const void *record)
{
    static const char keys[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    return (gl_str){keys + ((const gl_declaration_party *)record)->role, 1};
}

void gl_sad_finish(gl_sad *sad, const gl_xml *root)
{
    gl_declaration *declaration = sad->cds.declaration;
    for (size_t i = 0; i < gl_sad_within_count; i++)
        finish_party(sad, root, &gl_sad_withins[i]);
    if (sad->national != NULL)
        finish_currencies(sad);
    sort_lists(sad->cds.report,
               &(lists_of){.attributes = &declaration->attributes,
                           .information = &declaration->additional_information,
                           .documents = &declaration->documents},
               NULL);
    gl_list_sort(sad->cds.report, (gl_list *)&declaration->parties, sizeof *declaration->parties.at, party_key, NULL);
}

const char *gl_sad_container_type(gl_str element)
{
    static const char *const types[][2] = {
        {"Item_Number", "container_item"},          {"Container_type", "container_type"},
        {"Empty_full_indicator", "container_load"}, {"Gross_weight", "container_gross_weight"},
        {"Goods_description", "container_goods"},   {"Packages_type", "container_package_type"},
        {"Packages_number", "container_packages"},  {"Packages_weight", "container_packages_weight"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (gl_str_eqz(element, types[i][0]))
            return types[i][1];
    return NULL;
}

static void learn_node(gl_sad *sad, const gl_xml *node)
{
    gl_str name = node->name, text = text_of(node);
    bool date = gl_str_starts(name, GL_STR("Date")) || gl_str_eqz(name, "Time_limit") ||
                (name.len > 5 && memcmp(name.ptr + name.len - 5, "_date", 5) == 0);
    if (text.len > 0 && date)
        gl_sad_learn_date(&sad->locale, text);
    else if (text.len > 0 && gl_sad_is_number(name))
        gl_sad_learn_number(&sad->locale, text);
    for (const gl_xml *child = node->first; child != NULL; child = child->next)
        learn_node(sad, child);
}

void gl_sad_learn(gl_sad *sad, const gl_xml *root)
{
    learn_node(sad, root);
    learn_currencies(sad, gl_xml_child(root, "Valuation"));
}
