/* See condition.h. */
#include "risk/condition.h"

#include "risk/criteria.h"

#include <stdio.h>

enum { BOUNDS_LIMIT = 64, TEXTS_LIMIT = 1000, PARTS_LIMIT = 100 };

static const char *const keys[] = {"all", "any",   "not",   "field",   "is", "starts",
                                   "in",  "above", "below", "missing", NULL};

static gl_condition *refuse(const gl_condition_reader *reader, const gl_yaml *node, gl_err *err, const char *what)
{
    gl_fail(err, GL_FATAL, "criteria-invalid", "%s: line %d: %s", reader->name, node->line, what);
    return NULL;
}

/* `near` may be NULL. */
static bool refuse_name(const gl_condition_reader *reader, const gl_yaml *node, gl_err *err, const char *what,
                        gl_str name, const char *near)
{
    return gl_fail(err, GL_FATAL, "criteria-invalid", "%s: line %d: no %s \"%.*s\"%s%s%s", reader->name, node->line,
                   what, GL_STR_ARG(name), near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                   near == NULL ? "" : "\"?");
}

static bool read_parts(gl_condition_reader *reader, gl_condition *c, const gl_yaml *list, int depth, gl_err *err)
{
    if (list->type != GL_YAML_LIST || list->count == 0 || list->count > PARTS_LIMIT)
        return refuse(reader, list, err, "a list of conditions was expected (1 to 100)") != NULL;
    c->count = list->count;
    c->parts = GL_NEW_N(reader->arena, gl_condition *, list->count);
    for (size_t i = 0; i < list->count; i++)
        if ((c->parts[i] = gl_condition_read(reader, list->items[i], depth + 1, err)) == NULL)
            return false;
    return true;
}

static bool read_not(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, int depth, gl_err *err)
{
    c->count = 1;
    c->parts = GL_NEW_N(reader->arena, gl_condition *, 1);
    c->parts[0] = gl_condition_read(reader, node, depth + 1, err);
    return c->parts[0] != NULL;
}

static bool read_text(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, gl_err *err)
{
    if (node->type != GL_YAML_SCALAR || node->text.len == 0)
        return refuse(reader, node, err, "a text was expected") != NULL;
    c->texts[c->count++] = (gl_str){gl_arena_strndup(reader->arena, node->text.ptr, node->text.len), node->text.len};
    return true;
}

static bool read_texts(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, gl_err *err)
{
    bool many = node->type == GL_YAML_LIST;
    if (gl_field_kind_of(c->field) != GL_FIELD_TEXT)
        return refuse(reader, node, err, "this field is no text: it knows above, below and missing") != NULL;
    if (many && (node->count == 0 || node->count > TEXTS_LIMIT))
        return refuse(reader, node, err, "1 to 1000 texts were expected; longer ones belong in a list") != NULL;
    c->texts = GL_NEW_N(reader->arena, gl_str, many ? node->count : 1);
    for (size_t i = 0; many && i < node->count; i++)
        if (!read_text(reader, c, node->items[i], err))
            return false;
    return many || read_text(reader, c, node, err);
}

static bool read_list(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, gl_err *err)
{
    const char *near = NULL;
    if (gl_field_kind_of(c->field) != GL_FIELD_TEXT)
        return refuse(reader, node, err, "this field is no text: it knows above, below and missing") != NULL;
    if (node->type != GL_YAML_SCALAR)
        return refuse(reader, node, err, "the name of a list was expected") != NULL;
    c->list = gl_lists_find(reader->lists, node->text, &near);
    return c->list != NULL || refuse_name(reader, node, err, "list is named", node->text, near);
}

static bool read_bound(gl_condition_reader *reader, gl_condition *c, gl_str currency, const gl_yaml *node, gl_err *err)
{
    gl_bound *bound = &c->bounds[c->count];
    if (node->type != GL_YAML_SCALAR || !gl_decimal_parse(node->text, &bound->value))
        return refuse(reader, node, err, "a decimal number was expected") != NULL;
    bound->currency = (gl_str){gl_arena_strndup(reader->arena, currency.ptr, currency.len), currency.len};
    if (gl_str_eqz(currency, "none"))
        bound->currency.len = 0;
    c->count++;
    return true;
}

static bool is_currency(gl_str key)
{
    if (gl_str_eqz(key, "none"))
        return true;
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] < 'A' || key.ptr[i] > 'Z')
            return false;
    return key.len == 3;
}

/* Bounds are given for each currency and nothing is converted: the law's own limits differ by currency, and no rate can
 * be out of date. */
static bool read_bounds(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, gl_err *err)
{
    gl_field_kind kind = gl_field_kind_of(c->field);
    bool money = kind == GL_FIELD_AMOUNT || kind == GL_FIELD_PRICE;
    if (kind == GL_FIELD_TEXT)
        return refuse(reader, node, err, "this field is a text: it knows is, starts, in and missing") != NULL;
    if (!money) {
        c->bounds = GL_NEW(reader->arena, gl_bound);
        return read_bound(reader, c, GL_STR(""), node, err);
    }
    if (node->type != GL_YAML_MAP || node->count == 0 || node->count > BOUNDS_LIMIT)
        return refuse(reader, node, err, "a map of currencies and amounts was expected: {EUR: 150, GBP: 135}") != NULL;
    c->bounds = GL_NEW_N(reader->arena, gl_bound, node->count);
    for (size_t i = 0; i < node->count; i++) {
        if (!is_currency(node->keys[i]))
            return refuse(reader, node, err, "a currency is three capital letters (ISO 4217), or none") != NULL;
        if (!read_bound(reader, c, node->keys[i], node->items[i], err))
            return false;
    }
    return true;
}

static bool read_missing(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, gl_err *err)
{
    c->missing = node->type == GL_YAML_SCALAR && gl_str_eqz(node->text, "true");
    if (!c->missing && !(node->type == GL_YAML_SCALAR && gl_str_eqz(node->text, "false")))
        return refuse(reader, node, err, "true or false was expected") != NULL;
    return true;
}

static bool read_field(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, gl_err *err)
{
    const char *near = NULL;
    if (node->type != GL_YAML_SCALAR)
        return refuse(reader, node, err, "the name of a field was expected") != NULL;
    c->field = gl_field_find(reader->arena, node->text, &near);
    if (c->field == NULL)
        return refuse_name(reader, node, err, "field is named", node->text, near);
    reader->of_item |= gl_field_of_item(c->field);
    reader->of_classification |= gl_field_of_classification(c->field);
    return true;
}

/* {field: F, OPERATOR: ...}, in either order. */
static bool read_question(gl_condition_reader *reader, gl_condition *c, const gl_yaml *node, gl_err *err)
{
    static const struct {
        const char *key;
        gl_condition_op op;
        bool (*read)(gl_condition_reader *, gl_condition *, const gl_yaml *, gl_err *);
    } operators[] = {{"is", GL_OP_IS, read_texts},        {"starts", GL_OP_STARTS, read_texts},
                     {"in", GL_OP_IN, read_list},         {"above", GL_OP_ABOVE, read_bounds},
                     {"below", GL_OP_BELOW, read_bounds}, {"missing", GL_OP_MISSING, read_missing}};
    if (!read_field(reader, c, gl_yaml_get(node, "field"), err))
        return false;
    for (size_t i = 0; node->count == 2 && i < sizeof operators / sizeof operators[0]; i++) {
        const gl_yaml *value = gl_yaml_get(node, operators[i].key);
        if (value == NULL)
            continue;
        c->op = operators[i].op;
        return operators[i].read(reader, c, value, err);
    }
    return refuse(reader, node, err, "a field and one of is, starts, in, above, below, missing were expected") != NULL;
}

gl_condition *gl_condition_read(gl_condition_reader *reader, const gl_yaml *node, int depth, gl_err *err)
{
    if (depth > GL_CRITERIA_LIMIT_DEPTH)
        return refuse(reader, node, err, "conditions are nested too deeply");
    if (!gl_yaml_only(node, reader->name, keys, err))
        return NULL;
    const gl_yaml *all = gl_yaml_get(node, "all"), *any = gl_yaml_get(node, "any"), *negated = gl_yaml_get(node, "not");
    gl_condition *c = GL_NEW(reader->arena, gl_condition);
    bool ok;
    if (gl_yaml_get(node, "field") != NULL) {
        ok = read_question(reader, c, node, err);
    } else if (node->count != 1 || (all == NULL && any == NULL && negated == NULL)) {
        return refuse(reader, node, err, "a condition is one of all, any, not, or a field and an operator");
    } else {
        c->op = all != NULL ? GL_OP_ALL : any != NULL ? GL_OP_ANY : GL_OP_NOT;
        ok = negated != NULL ? read_not(reader, c, negated, depth, err)
                             : read_parts(reader, c, all != NULL ? all : any, depth, err);
    }
    return ok ? c : NULL;
}

/* price / divisor against bound, as price against bound * divisor: the divisor is above 0. */
static int compare_price(const gl_fact *fact, gl_decimal bound)
{
    gl_decimal least;
    int32_t scale = bound.scale + fact->divisor.scale;
    if (scale <= 18 && gl_decimal_multiply(bound, fact->divisor, scale, &least))
        return gl_decimal_compare(fact->number, least);
    double price = gl_decimal_double(fact->number), limit = gl_decimal_double(bound) * gl_decimal_double(fact->divisor);
    return (price > limit) - (price < limit);
}

static bool beyond(const gl_condition *c, const gl_fact *fact)
{
    gl_field_kind kind = gl_field_kind_of(c->field);
    for (size_t i = 0; i < c->count; i++) {
        const gl_bound *bound = &c->bounds[i];
        if ((kind == GL_FIELD_AMOUNT || kind == GL_FIELD_PRICE) && !gl_str_eq(bound->currency, fact->currency))
            continue;
        int order =
            kind == GL_FIELD_PRICE ? compare_price(fact, bound->value) : gl_decimal_compare(fact->number, bound->value);
        return c->op == GL_OP_ABOVE ? order > 0 : order < 0;
    }
    return false;
}

static bool text_is(const gl_condition *c, gl_str text)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->op == GL_OP_IS ? gl_str_eq(text, c->texts[i]) : gl_str_starts(text, c->texts[i]))
            return true;
    return false;
}

typedef struct asking {
    const gl_condition *condition;
    gl_match *match;
} asking;

static bool answers(void *context, const gl_fact *fact)
{
    asking *a = context;
    const gl_condition *c = a->condition;
    bool yes = false;
    switch (c->op) {
    case GL_OP_IS:
    case GL_OP_STARTS:
        yes = text_is(c, fact->text);
        break;
    case GL_OP_IN:
        yes = gl_list_match(c->list, fact->text).len > 0;
        break;
    case GL_OP_ABOVE:
    case GL_OP_BELOW:
        yes = beyond(c, fact);
        break;
    default: /* MISSING: any value will do */
        yes = true;
        break;
    }
    if (yes && a->match != NULL && !a->match->found)
        *a->match = (gl_match){*fact, c->list, gl_field_kind_of(c->field), true};
    return yes;
}

static bool holds_question(const gl_condition *c, const gl_subject *subject, size_t item, gl_match *match)
{
    asking a = {c, match};
    if (c->op == GL_OP_IN && !gl_list_in_force(c->list, subject->now_us))
        return false;
    if (c->op == GL_OP_MISSING && c->missing)
        a.match = NULL;
    bool found = gl_field_any(c->field, subject, item, answers, &a);
    return c->op == GL_OP_MISSING && c->missing ? !found : found;
}

bool gl_condition_holds(const gl_condition *c, const gl_subject *subject, size_t item, gl_match *match)
{
    gl_match before = match == NULL ? (gl_match){0} : *match;
    bool holds;
    if (c->op == GL_OP_NOT)
        return !gl_condition_holds(c->parts[0], subject, item, NULL);
    if (c->op != GL_OP_ALL && c->op != GL_OP_ANY)
        return holds_question(c, subject, item, match);
    holds = c->op == GL_OP_ALL;
    for (size_t i = 0; i < c->count && holds == (c->op == GL_OP_ALL); i++)
        holds = gl_condition_holds(c->parts[i], subject, item, match);
    /* What made only a part of a false conjunction true explains nothing. */
    if (!holds && match != NULL)
        *match = before;
    return holds;
}
