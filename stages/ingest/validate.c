/* See validate.h. */
#include "ingest/validate.h"

#include "customs/money.h"
#include "ingest/formats/reader.h"

static bool all_in(gl_str text, const char *low_high)
{
    for (size_t i = 0; i < text.len; i++) {
        bool in = false;
        for (const char *range = low_high; *range != 0; range += 2)
            in = in || (text.ptr[i] >= range[0] && text.ptr[i] <= range[1]);
        if (!in)
            return false;
    }
    return true;
}

static bool form_lrn(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F)
            return false;
    return true;
}

static bool form_type_code(gl_str text)
{
    return (text.len == 2 || text.len == 3) && all_in(text, "AZ");
}

static bool form_country(gl_str text)
{
    return text.len == 2 && all_in(text, "AZ");
}

static bool form_commodity(gl_str text)
{
    return text.len >= 6 && text.len <= 10 && all_in(text, "09");
}

static const struct form {
    bool (*holds)(gl_str text);
    const char *allowed, *text;
} forms[GL_FORM_FORMS] = {
    [GL_FORM_LRN] = {form_lrn, "1 to 35 printable characters", "the LRN holds a control character"},
    [GL_FORM_TYPE_CODE] = {form_type_code, "two or three capital letters: IMA, EXD, COA", "not a declaration type"},
    [GL_FORM_COUNTRY] = {form_country, "two capital letters, ISO 3166", "not a country code"},
    [GL_FORM_COMMODITY] = {form_commodity, "6 to 10 digits", "not a commodity code"},
};

/* Code points of well-formed UTF-8. */
static size_t characters(gl_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

/* What a walk is over, and against. */
typedef struct walking {
    gl_report *report;
    const gl_code_lists *lists; /* NULL: none */
    gl_str data_set;
    int32_t day;
} walking;

static void check_text(const walking *w, const gl_field *field, gl_str text, const gl_path *path)
{
    gl_report *report = w->report;
    size_t bad = 0;
    if (!gl_str_is_utf8(text, &bad)) {
        gl_report_field(report, path, &(gl_problem){.code = "encoding", .allowed = "UTF-8"},
                        "byte %zu of %s is not UTF-8", bad, field->name);
        return;
    }
    if (text.len > (size_t)field->limit && characters(text) > (size_t)field->limit) {
        const char *allowed = gl_arena_printf(report->arena, "at most %d characters", field->limit);
        gl_report_field(report, path, &(gl_problem){.code = "too-long", .allowed = allowed}, "%s has %zu characters",
                        field->name, characters(text));
    }
    const struct form *form = &forms[field->form];
    if (form->holds == NULL && gl_str_has_control(text))
        gl_report_field(report, path, &(gl_problem){.code = "control-character"}, "%s holds a control character",
                        field->name);
    const gl_code_list *list = w->lists == NULL ? NULL : gl_code_lists_of(w->lists, field);
    if (form->holds != NULL && !form->holds(text))
        gl_report_field(report, path, &(gl_problem){.code = "invalid-code", .allowed = form->allowed}, "%s",
                        form->text);
    else if (list != NULL)
        gl_check_code(report, list, text, w->data_set, w->day, path);
}

static void check_amount(const walking *w, const gl_declaration_amount *amount, const gl_path *path)
{
    gl_report *report = w->report;
    const gl_code_list *list = w->lists == NULL ? NULL : gl_code_lists_of_currencies(w->lists);
    if (amount->unscaled < 0)
        gl_report_field(report, path, &(gl_problem){.code = "negative", .allowed = "0 or more"},
                        "the amount is negative");
    gl_path code = {path, "currency", &amount->currency_code};
    if (amount->currency_code.len > 0 && !gl_currency_known(amount->currency_code))
        gl_report_field(
            report, &code,
            &(gl_problem){.code = "invalid-code", .allowed = "a currency of ISO 4217, three capital letters"},
            "not a currency");
    else if (amount->currency_code.len > 0 && list != NULL)
        gl_check_code(report, list, amount->currency_code, w->data_set, w->day, &code);
}

/* "KGM#G" is kilograms, gross: the EU's qualifiers are not in the list of units. */
static gl_str without_qualifier(gl_str unit)
{
    const char *mark = memchr(unit.ptr, '#', unit.len);
    return mark == NULL ? unit : (gl_str){unit.ptr, (size_t)(mark - unit.ptr)};
}

static void check_measure(const walking *w, const gl_declaration_measure *measure, const gl_path *path)
{
    gl_report *report = w->report;
    const gl_code_list *list = w->lists == NULL ? NULL : gl_code_lists_of_units(w->lists);
    if (measure->unscaled < 0)
        gl_report_field(report, path, &(gl_problem){.code = "negative", .allowed = "0 or more"},
                        "the quantity is negative");
    gl_path unit = {path, "unit", &measure->unit_code};
    size_t bad = 0;
    if (!gl_str_is_utf8(measure->unit_code, &bad) || measure->unit_code.len > 8)
        gl_report_field(report, &unit,
                        &(gl_problem){.code = "invalid-code",
                                      .allowed = "a unit of UN/ECE Recommendation 20, at most 8 characters"},
                        "not a unit");
    else if (measure->unit_code.len > 0 && list != NULL)
        gl_check_code(report, list, without_qualifier(measure->unit_code), w->data_set, w->day, &unit);
}

static void walk(const walking *w, const gl_shape *shape, const void *record, const gl_path *parent);

static void walk_list(const walking *w, const gl_field *field, const gl_list *list, const gl_path *path)
{
    for (size_t i = 0; i < list->count; i++) {
        if (field->kind == GL_FIELD_TEXTS) {
            const gl_str *text = (const gl_str *)list->at + i;
            gl_path element = {path, NULL, gl_record_slot(text)};
            check_text(w, field, *text, &element);
        } else {
            const void *record = (const char *)list->at + i * field->shape->bytes;
            gl_path element = {path, NULL, gl_record_slot(record)};
            walk(w, field->shape, record, &element);
        }
    }
}

static void walk(const walking *w, const gl_shape *shape, const void *record, const gl_path *parent)
{
    for (size_t i = 0; i < shape->count; i++) {
        const gl_field *field = &shape->fields[i];
        const void *slot = (const char *)record + field->offset;
        gl_path path = {parent, field->name, slot};
        if (field->kind == GL_FIELD_TEXT) {
            const gl_str *text = slot;
            if (text->ptr != NULL && text->len > 0)
                check_text(w, field, *text, &path);
            else if (field->required && shape != &gl_shape_declaration)
                gl_report_field(w->report, &path, &(gl_problem){.code = "missing"}, "%s: %s is missing", shape->name,
                                field->name);
        } else if (field->kind == GL_FIELD_LIST || field->kind == GL_FIELD_TEXTS) {
            walk_list(w, field, slot, &path);
        } else if (field->kind == GL_FIELD_AMOUNT || field->kind == GL_FIELD_MEASURE ||
                   field->kind == GL_FIELD_RECORD) {
            const void *inner = *(const gl_record_pointer *)slot;
            if (inner != NULL && field->kind == GL_FIELD_AMOUNT)
                check_amount(w, inner, &path);
            else if (inner != NULL && field->kind == GL_FIELD_MEASURE)
                check_measure(w, inner, &path);
            else if (inner != NULL)
                walk(w, field->shape, inner, &path);
        }
    }
}

#define RULE_ARGUMENTS const gl_rule *rule, gl_report *report, const gl_declaration *declaration

static void rule_required(RULE_ARGUMENTS)
{
    gl_problem problem = {.code = rule->code};
    gl_path lrn = {NULL, "functional_reference_id", &declaration->functional_reference_id};
    gl_path type = {NULL, "type_code", &declaration->type_code};
    gl_path family = {NULL, "family", &declaration->family};
    gl_path items = {NULL, "items", &declaration->items};
    bool cancels = gl_str_eqz(declaration->function_code, "1");
    if (!gl_report_given(report, lrn.slot))
        gl_report_field(report, &lrn, &problem, "the LRN is missing");
    if (!cancels && !gl_report_given(report, type.slot))
        gl_report_field(report, &type, &problem, "the declaration type is missing");
    if (!gl_report_given(report, family.slot))
        gl_report_field(report, &family, &problem, "the family is missing: import, export or entry summary");
    if (!cancels && declaration->items.count == 0 && !gl_report_given(report, items.slot))
        gl_report_field(report, &items, &problem, "the declaration has no item");
}

static void rule_function(RULE_ARGUMENTS)
{
    gl_str code = declaration->function_code;
    gl_path function = {NULL, "function_code", &declaration->function_code};
    if (code.len == 0 || gl_str_eqz(code, "9") || gl_str_eqz(code, "4") || gl_str_eqz(code, "1"))
        return;
    gl_report_field(report, &function, &(gl_problem){.code = rule->code, .allowed = "9, 4, 1"},
                    "not a function code of a declaration");
}

static void rule_item_limit(RULE_ARGUMENTS)
{
    gl_path items = {NULL, "items", &declaration->items};
    if (declaration->items.count > GL_INTAKE_LIMIT_ITEMS)
        gl_report_field(report, &items, &(gl_problem){.code = rule->code, .allowed = "at most 9999 items"},
                        "the declaration has %zu items", declaration->items.count);
}

static void rule_item_count(RULE_ARGUMENTS)
{
    gl_path count = {NULL, "goods_item_quantity", &declaration->goods_item_quantity};
    if (declaration->goods_item_quantity.set && declaration->goods_item_quantity.value >= 0 &&
        (size_t)declaration->goods_item_quantity.value != declaration->items.count)
        gl_report_field(report, &count, &(gl_problem){.code = rule->code, .warning = rule->warning},
                        "the declaration says %d items and holds %zu", declaration->goods_item_quantity.value,
                        declaration->items.count);
}

static void rule_sequence(RULE_ARGUMENTS)
{
    uint8_t seen[(GL_INTAKE_LIMIT_ITEMS + 8) / 8] = {0};
    gl_path items = {NULL, "items", &declaration->items};
    for (size_t i = 0; i < declaration->items.count; i++) {
        const gl_declaration_goods_item *it = &declaration->items.at[i];
        gl_path element = {&items, NULL, gl_record_slot(it)},
                sequence = {&element, "sequence_numeric", &it->sequence_numeric};
        int32_t n = it->sequence_numeric;
        if (n == GL_FIELD_INT_BAD)
            continue;
        if (n < 1 || n > GL_INTAKE_LIMIT_ITEMS) {
            gl_report_field(report, &sequence, &(gl_problem){.code = "out-of-range", .allowed = "1 to 9999"},
                            "an item's number is from 1 to 9999");
            continue;
        }
        if (seen[n / 8] & (1u << (n % 8)))
            gl_report_field(report, &sequence, &(gl_problem){.code = rule->code}, "item number %d is used twice", n);
        seen[n / 8] = (uint8_t)(seen[n / 8] | (1u << (n % 8)));
    }
}

const gl_rule gl_rules[] = {
    {"missing", false,
     "LRN, declaration type, family and at least one item are given; a cancellation needs LRN and family only",
     rule_required},
    {"invalid-code", false,
     "the function code is 9 (an original; also when none is given), 4 (an amendment: the whole declaration as it is "
     "now) or 1 (a cancellation)",
     rule_function},
    {"too-many-items", false, "a declaration has at most 9,999 items", rule_item_limit},
    {"duplicate-sequence", false, "item numbers are from 1 to 9,999 and no two are the same", rule_sequence},
    {"item-count", true, "the declared number of items is the number of items", rule_item_count},
};
const size_t gl_rule_count = sizeof gl_rules / sizeof *gl_rules;

void gl_validate(gl_report *report, const gl_declaration *declaration, const gl_checks *checks, int32_t day)
{
    bool cancels = gl_str_eqz(declaration->function_code, "1");
    walking w = {report, checks == NULL || cancels ? NULL : gl_checks_lists(checks), declaration->data_set, day};
    walk(&w, &gl_shape_declaration, declaration, NULL);
    for (size_t r = 0; r < gl_rule_count; r++)
        gl_rules[r].check(&gl_rules[r], report, declaration);
    if (checks != NULL && !cancels)
        gl_check_rules(checks, report, declaration, day);
}
