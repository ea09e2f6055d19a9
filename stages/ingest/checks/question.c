/* See question.h. */
#include "ingest/checks/question.h"

#include <stdlib.h>

#include "base/clock.h"
#include "ingest/checks/text_form.h"

enum { TEXTS_LIMIT = 1000, PARTS_LIMIT = 50, DAYS_LIMIT = 40000, UNITS_LIMIT = 16 };

typedef enum op { IS, IS_NOT, STARTS, STARTS_NOT, IN, NOT_IN, FORM, NOT_FORM, ABOVE, BELOW, MISSING } op;

/* What a value is compared with. */
typedef struct bound {
    const gl_field_path *path; /* its first value; NULL: `value` */
    gl_value value;
    gl_value *others; /* the same bound in other currencies or units */
    size_t other_count;
    bool from_today; /* `value.day` counts from today */
    gl_decimal by;   /* what may be between them */
} bound;

struct gl_question {
    const gl_field_path *path;
    op op;
    gl_str *texts;
    size_t text_count;
    const gl_code_list *list;
    const gl_text_form *form;
    bound bound;
    bool wanted; /* MISSING: true; false: it is there */
};

typedef enum when_kind { QUESTION, ALL, ANY, NOT } when_kind;

struct gl_when {
    when_kind kind;
    const gl_question *question;
    const gl_when **parts;
    size_t count;
};

/* -- Reading
 * --------------------------------------------------------------------------------------------------------------------------
 */

static bool refuse(const gl_question_reader *reader, int line, gl_err *err, const char *what, gl_str detail,
                   const char *near)
{
    return gl_fail(err, GL_FATAL, "rules-invalid", "%s: line %d: %s%.*s%s%s%s", reader->name, line, what,
                   GL_STR_ARG(detail), near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                   near == NULL ? "" : "\"?");
}

static gl_str kept(const gl_question_reader *reader, gl_str text)
{
    return (gl_str){gl_arena_strndup(reader->arena, text.ptr, text.len), text.len};
}

static bool read_texts(gl_question_reader *reader, gl_question *q, const gl_yaml *node, gl_err *err)
{
    bool many = node->type == GL_YAML_LIST;
    size_t count = many ? node->count : 1;
    if (node->type == GL_YAML_MAP || count == 0 || count > TEXTS_LIMIT)
        return refuse(reader, node->line, err, "one text or a list of at most 1000 was expected", GL_STR(""), NULL);
    q->texts = GL_NEW_N(reader->arena, gl_str, count);
    for (size_t i = 0; i < count; i++) {
        const gl_yaml *text = many ? node->items[i] : node;
        if (text->type != GL_YAML_SCALAR)
            return refuse(reader, text->line, err, "a text was expected", GL_STR(""), NULL);
        q->texts[q->text_count++] = kept(reader, text->text);
    }
    return true;
}

static bool read_list(gl_question_reader *reader, gl_question *q, const gl_yaml *node, gl_err *err)
{
    const char *near = NULL;
    q->list = reader->lists == NULL ? NULL : gl_code_lists_find(reader->lists, node->text, &near);
    return q->list != NULL || refuse(reader, node->line, err, "no code list is named ", node->text, near);
}

static bool read_form(gl_question_reader *reader, gl_question *q, const gl_yaml *node, gl_err *err)
{
    for (size_t i = 0; i < gl_text_form_count; i++)
        if (gl_str_eqz(node->text, gl_text_form_table[i].name))
            q->form = &gl_text_form_table[i];
    return q->form != NULL ||
           refuse(reader, node->line, err, "no form is named ", node->text, gl_nearest_name(node->text, gl_text_forms));
}

/* "today", "today+30", "today-365" (days), or a date. */
static bool read_day(gl_str text, bound *b)
{
    b->value.kind = GL_VALUE_DAY;
    if (!gl_str_starts(text, GL_STR("today")))
        return gl_date_parse(text, &b->value.day);
    uint64_t days = 0;
    gl_str rest = {text.ptr + 5, text.len - 5};
    b->from_today = true;
    if (rest.len == 0)
        return true;
    if ((rest.ptr[0] != '+' && rest.ptr[0] != '-') ||
        !gl_str_to_u64((gl_str){rest.ptr + 1, rest.len - 1}, DAYS_LIMIT, &days))
        return false;
    b->value.day = rest.ptr[0] == '-' ? -(int32_t)days : (int32_t)days;
    return true;
}

/* "150 EUR", "0.5 KGM", "12". */
static bool read_number(gl_question_reader *reader, gl_value_kind kind, gl_str text, gl_value *value)
{
    const char *space = text.len == 0 ? NULL : memchr(text.ptr, ' ', text.len);
    gl_str number = {text.ptr, space == NULL ? text.len : (size_t)(space - text.ptr)};
    *value = (gl_value){.kind = kind};
    if (space != NULL)
        value->unit = kept(reader, gl_str_trim((gl_str){space, text.len - number.len}));
    bool needs_unit = kind == GL_VALUE_AMOUNT || kind == GL_VALUE_MEASURE;
    return gl_decimal_parse(number, &value->number) && (value->unit.len > 0) == needs_unit;
}

/* [150 EUR, 135 GBP]: the one in the value's own currency counts, else the first. */
static bool read_numbers(gl_question_reader *reader, gl_question *q, const gl_yaml *list, gl_err *err)
{
    gl_value_kind kind = gl_field_path_kind(q->path);
    bool good = (kind == GL_VALUE_AMOUNT || kind == GL_VALUE_MEASURE) && list->count > 0 && list->count <= UNITS_LIMIT;
    q->bound.others = GL_NEW_N(reader->arena, gl_value, UNITS_LIMIT);
    for (size_t i = 0; good && i < list->count; i++)
        good = list->items[i]->type == GL_YAML_SCALAR &&
               read_number(reader, kind, list->items[i]->text, &q->bound.others[i]);
    if (!good)
        return refuse(reader, list->line, err, "a list of at most 16 amounts as 150 EUR was expected, for an amount",
                      GL_STR(""), NULL);
    q->bound.value = q->bound.others[0];
    q->bound.other_count = list->count;
    return true;
}

static bool read_other(gl_question_reader *reader, gl_question *q, const gl_yaml *node, gl_err *err)
{
    static const char *const keys[] = {"field", "where", "by", NULL};
    const gl_yaml *field = gl_yaml_get(node, "field"), *by = gl_yaml_get(node, "by");
    if (!gl_yaml_only(node, reader->name, keys, err))
        return false;
    if (field == NULL)
        return refuse(reader, node->line, err, "the field to compare with is missing", GL_STR(""), NULL);
    q->bound.path = gl_field_path_read(reader->arena, reader->name, field, gl_yaml_get(node, "where"), err);
    if (q->bound.path == NULL)
        return false;
    reader->of_item |= gl_field_path_of_item(q->bound.path);
    if (gl_field_path_kind(q->bound.path) != gl_field_path_kind(q->path))
        return refuse(reader, node->line, err, "the two fields cannot be compared: ", field->text, NULL);
    return by == NULL || (gl_decimal_parse(by->text, &q->bound.by) && q->bound.by.unscaled >= 0) ||
           refuse(reader, by->line, err, "a number of 0 or more was expected, not ", by->text, NULL);
}

static bool read_bound(gl_question_reader *reader, gl_question *q, const gl_yaml *node, gl_err *err)
{
    gl_value_kind kind = gl_field_path_kind(q->path);
    if (node->type == GL_YAML_MAP)
        return read_other(reader, q, node, err);
    if (node->type == GL_YAML_LIST)
        return read_numbers(reader, q, node, err);
    if (kind == GL_VALUE_DAY)
        return read_day(node->text, &q->bound) ||
               refuse(reader, node->line, err, "a date, today, today+30 or today-365 was expected, not ", node->text,
                      NULL);
    return (kind != GL_VALUE_TEXT && read_number(reader, kind, node->text, &q->bound.value)) ||
           refuse(reader, node->line, err,
                  "a bound as 12, \"150 EUR\" or \"2 KGM\" was expected, by what the field is, not ", node->text, NULL);
}

static bool read_missing(gl_question_reader *reader, gl_question *q, const gl_yaml *node, gl_err *err)
{
    q->wanted = gl_str_eqz(node->text, "true");
    return q->wanted || gl_str_eqz(node->text, "false") ||
           refuse(reader, node->line, err, "true or false was expected, not ", node->text, NULL);
}

typedef struct op_row {
    const char *key;
    op op;
    bool of_text;
    bool (*read)(gl_question_reader *, gl_question *, const gl_yaml *, gl_err *);
} op_row;

static const op_row ops[] = {
    {"is", IS, true, read_texts},
    {"is_not", IS_NOT, true, read_texts},
    {"starts", STARTS, true, read_texts},
    {"starts_not", STARTS_NOT, true, read_texts},
    {"in", IN, true, read_list},
    {"not_in", NOT_IN, true, read_list},
    {"form", FORM, true, read_form},
    {"not_form", NOT_FORM, true, read_form},
    {"above", ABOVE, false, read_bound},
    {"below", BELOW, false, read_bound},
    {"missing", MISSING, false, read_missing},
};

static bool read_op(gl_question_reader *reader, gl_question *q, const gl_yaml *node, gl_err *err)
{
    size_t expected = 2 + (gl_yaml_get(node, "where") != NULL);
    for (size_t i = 0; node->count == expected && i < sizeof ops / sizeof *ops; i++) {
        const gl_yaml *value = gl_yaml_get(node, ops[i].key);
        if (value == NULL)
            continue;
        q->op = ops[i].op;
        if (ops[i].of_text && gl_field_path_kind(q->path) != GL_VALUE_TEXT)
            return refuse(reader, value->line, err, "the field is no text: ", gl_field_path_name(q->path), NULL);
        if (value->type == GL_YAML_LIST && ops[i].read != read_texts && ops[i].read != read_bound)
            return refuse(reader, value->line, err, "no list was expected here", GL_STR(""), NULL);
        return ops[i].read(reader, q, value, err);
    }
    return refuse(
        reader, node->line, err,
        "a field and one of is, is_not, starts, starts_not, in, not_in, form, not_form, above, below, missing "
        "were expected",
        GL_STR(""), NULL);
}

static const char *const question_keys[] = {"field",   "where",  "is",   "is_not",   "starts", "starts_not",
                                            "in",      "not_in", "form", "not_form", "above",  "below",
                                            "missing", "all",    "any",  "not",      NULL};

const gl_question *gl_question_read(gl_question_reader *reader, const gl_yaml *node, gl_err *err)
{
    gl_question *q = GL_NEW(reader->arena, gl_question);
    const gl_yaml *field = gl_yaml_get(node, "field");
    if (node->type != GL_YAML_MAP || field == NULL) {
        refuse(reader, node->line, err, "a question was expected: {field: F, OPERATOR: ..}", GL_STR(""), NULL);
        return NULL;
    }
    if (!gl_yaml_only(node, reader->name, question_keys, err))
        return NULL;
    q->path = gl_field_path_read(reader->arena, reader->name, field, gl_yaml_get(node, "where"), err);
    if (q->path == NULL)
        return NULL;
    reader->of_item |= gl_field_path_of_item(q->path);
    return read_op(reader, q, node, err) ? q : NULL;
}

static bool read_parts(gl_question_reader *reader, gl_when *when, const gl_yaml *list, int depth, gl_err *err)
{
    if (list->type != GL_YAML_LIST || list->count == 0 || list->count > PARTS_LIMIT)
        return refuse(reader, list->line, err, "a list of 1 to 50 conditions was expected", GL_STR(""), NULL);
    when->parts = GL_NEW_N(reader->arena, const gl_when *, list->count);
    for (size_t i = 0; i < list->count; i++)
        if ((when->parts[when->count++] = gl_when_read(reader, list->items[i], depth + 1, err)) == NULL)
            return false;
    return true;
}

const gl_when *gl_when_read(gl_question_reader *reader, const gl_yaml *node, int depth, gl_err *err)
{
    if (depth > GL_WHEN_LIMIT_DEPTH) {
        refuse(reader, node->line, err, "conditions are nested too deeply", GL_STR(""), NULL);
        return NULL;
    }
    gl_when *when = GL_NEW(reader->arena, gl_when);
    const gl_yaml *all = gl_yaml_get(node, "all"), *any = gl_yaml_get(node, "any"), *negated = gl_yaml_get(node, "not");
    if (gl_yaml_get(node, "field") != NULL || (all == NULL && any == NULL && negated == NULL)) {
        when->question = gl_question_read(reader, node, err);
        return when->question != NULL ? when : NULL;
    }
    if (node->count != 1) {
        refuse(reader, node->line, err, "all, any and not stand alone", GL_STR(""), NULL);
        return NULL;
    }
    when->kind = all != NULL ? ALL : any != NULL ? ANY : NOT;
    if (negated == NULL)
        return read_parts(reader, when, all != NULL ? all : any, depth, err) ? when : NULL;
    when->parts = GL_NEW(reader->arena, const gl_when *);
    when->count = 1;
    when->parts[0] = gl_when_read(reader, negated, depth + 1, err);
    return when->parts[0] != NULL ? when : NULL;
}

const gl_field_path *gl_question_path(const gl_question *question)
{
    return question->path;
}

bool gl_question_is_missing(const gl_question *question)
{
    return question->op == MISSING && question->wanted;
}

/* -- Asking
 * ---------------------------------------------------------------------------------------------------------------------------
 */

static bool is_one_of(const gl_question *q, gl_str text)
{
    for (size_t i = 0; i < q->text_count; i++)
        if (gl_str_eq(text, q->texts[i]))
            return true;
    return false;
}

static bool starts_with_one(const gl_question *q, gl_str text)
{
    for (size_t i = 0; i < q->text_count; i++)
        if (gl_str_starts(text, q->texts[i]))
            return true;
    return false;
}

static bool take_first(void *context, const gl_value *value, const gl_path *place)
{
    (void)place;
    *(gl_value *)context = *value;
    return false;
}

/* false: there is nothing to compare with. */
static bool bound_value(const gl_question *q, const gl_checked *checked, gl_str unit, gl_value *value)
{
    const bound *b = &q->bound;
    for (size_t i = 0; i < b->other_count; i++)
        if (gl_str_eq(b->others[i].unit, unit)) {
            *value = b->others[i];
            return true;
        }
    if (b->path != NULL)
        return !gl_field_path_each(b->path, checked, take_first, value);
    *value = b->value;
    if (b->from_today)
        value->day += checked->day;
    return true;
}

static bool is_beyond(const gl_question *q, const gl_checked *checked, const gl_value *value)
{
    gl_value limit;
    int order;
    if (!bound_value(q, checked, value->unit, &limit))
        return false;
    gl_decimal by = q->bound.by;
    if (by.unscaled != 0 && limit.kind != GL_VALUE_DAY) {
        by.unscaled = q->op == ABOVE ? by.unscaled : -by.unscaled;
        if (!gl_decimal_add(limit.number, by, &limit.number))
            return false;
    }
    return gl_value_compare(value, &limit, checked->rates, &order) && (q->op == ABOVE ? order > 0 : order < 0);
}

bool gl_question_fits(const gl_question *q, const gl_checked *checked, const gl_value *value)
{
    switch (q->op) {
    case IS:
        return is_one_of(q, value->text);
    case IS_NOT:
        return !is_one_of(q, value->text);
    case STARTS:
        return starts_with_one(q, value->text);
    case STARTS_NOT:
        return !starts_with_one(q, value->text);
    case IN:
        return gl_code_list_look(q->list, value->text, checked->day).standing == GL_CODE_VALID;
    case NOT_IN:
        return gl_code_list_look(q->list, value->text, checked->day).standing != GL_CODE_VALID;
    case FORM:
        return q->form->holds(value->text);
    case NOT_FORM:
        return !q->form->holds(value->text);
    case ABOVE:
    case BELOW:
        return is_beyond(q, checked, value);
    case MISSING:
        return true;
    }
    return false;
}

typedef struct asking {
    const gl_question *question;
    const gl_checked *checked;
} asking;

static bool goes_on(void *context, const gl_value *value, const gl_path *place)
{
    (void)place;
    const asking *a = context;
    return !gl_question_fits(a->question, a->checked, value);
}

bool gl_question_holds(const gl_question *question, const gl_checked *checked)
{
    asking a = {question, checked};
    bool found = !gl_field_path_each(question->path, checked, goes_on, &a);
    return question->op == MISSING && question->wanted ? !found : found;
}

bool gl_when_holds(const gl_when *when, const gl_checked *checked)
{
    if (when->kind == QUESTION)
        return gl_question_holds(when->question, checked);
    if (when->kind == NOT)
        return !gl_when_holds(when->parts[0], checked);
    for (size_t i = 0; i < when->count; i++)
        if (gl_when_holds(when->parts[i], checked) != (when->kind == ALL))
            return when->kind == ANY;
    return when->kind == ALL;
}
