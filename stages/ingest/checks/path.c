/* See path.h. */
#include "ingest/checks/path.h"

#include "base/clock.h"

enum { STEPS_LIMIT = 6, WHERE_LIMIT = 8, TEXTS_LIMIT = 32, EURO_SCALE = 6 };

static const int64_t DAY_US = INT64_C(86400) * 1000000;

typedef enum computed { AS_IT_IS, SUM, COUNT } computed;

typedef struct condition {
    const gl_field *field; /* a text or an enum */
    size_t count;
    gl_str texts[TEXTS_LIMIT];
} condition;

struct gl_field_path {
    gl_str name;
    computed computed;
    bool of_item;
    bool beside; /* the currency or unit of the last step */
    size_t count;
    const gl_field *steps[STEPS_LIMIT];
    const gl_shape *last_list; /* NULL: no list is walked */
    size_t last_list_step;
    size_t where_count;
    condition where[WHERE_LIMIT];
};

/* -- Reading
 * --------------------------------------------------------------------------------------------------------------------------
 */

typedef struct reading {
    gl_arena *arena;
    const char *name;
    gl_field_path *path;
    gl_err *err;
} reading;

static bool refuse(const reading *r, int line, const char *what, gl_str detail, const char *near)
{
    return gl_fail(r->err, GL_FATAL, "rules-invalid", "%s: line %d: %s\"%.*s\"%s%s%s", r->name, line, what,
                   GL_STR_ARG(detail), near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                   near == NULL ? "" : "\"?");
}

static gl_str kept(const reading *r, gl_str text)
{
    return (gl_str){gl_arena_strndup(r->arena, text.ptr, text.len), text.len};
}

static bool take_call(gl_str *text, const char *call)
{
    size_t len = strlen(call);
    if (!gl_str_starts(*text, gl_str_of(call)) || text->ptr[text->len - 1] != ')')
        return false;
    *text = (gl_str){text->ptr + len, text->len - len - 1};
    return true;
}

static gl_str segment_of(gl_str *rest)
{
    const char *dot = rest->len == 0 ? NULL : memchr(rest->ptr, '.', rest->len);
    gl_str segment = {rest->ptr, dot == NULL ? rest->len : (size_t)(dot - rest->ptr)};
    size_t used = segment.len + (dot != NULL);
    *rest = (gl_str){rest->ptr + used, rest->len - used};
    return segment;
}

static bool is_number_with_unit(const gl_field *field, gl_str segment)
{
    return (field->kind == GL_FIELD_AMOUNT && gl_str_eqz(segment, "currency")) ||
           (field->kind == GL_FIELD_MEASURE && gl_str_eqz(segment, "unit"));
}

static bool read_steps(reading *r, int line, gl_str text)
{
    gl_field_path *path = r->path;
    const gl_shape *shape = &gl_shape_declaration;
    gl_str rest = text;
    if (gl_str_starts(text, GL_STR("item."))) {
        segment_of(&rest);
        path->of_item = true;
        shape = &gl_shape_item;
    }
    while (rest.len > 0) {
        gl_str segment = segment_of(&rest);
        if (path->count > 0 && is_number_with_unit(path->steps[path->count - 1], segment)) {
            path->beside = true;
            return rest.len == 0 || refuse(r, line, "nothing is below ", segment, NULL);
        }
        const gl_field *field = shape == NULL ? NULL : gl_shape_field(shape, segment);
        if (field == NULL || path->count == STEPS_LIMIT)
            return refuse(r, line, "no field of a declaration is named ", text,
                          shape == NULL ? NULL : gl_shape_nearest(shape, segment));
        if (field->kind == GL_FIELD_LIST) {
            path->last_list = field->shape;
            path->last_list_step = path->count;
        }
        path->steps[path->count++] = field;
        shape = field->shape;
    }
    return path->count > 0 || refuse(r, line, "no field of a declaration is named ", text, NULL);
}

static bool read_computed(reading *r, int line)
{
    const gl_field *last = r->path->steps[r->path->count - 1];
    bool counted = last->kind == GL_FIELD_LIST || last->kind == GL_FIELD_TEXTS;
    bool summed = last->kind == GL_FIELD_AMOUNT || last->kind == GL_FIELD_MEASURE || last->kind == GL_FIELD_OPT_INT;
    if (r->path->computed == COUNT ? !counted : r->path->computed == SUM && (!summed || r->path->beside))
        return refuse(r, line,
                      r->path->computed == COUNT ? "count() is of a list, not of " : "this has no sum: ", r->path->name,
                      NULL);
    return r->path->computed != AS_IT_IS || (last->kind != GL_FIELD_RECORD && last->kind != GL_FIELD_LIST) ||
           refuse(r, line, "a field in the record was expected after ", r->path->name, NULL);
}

static bool read_text(reading *r, condition *c, const gl_yaml *node)
{
    if (node->type != GL_YAML_SCALAR || c->count == TEXTS_LIMIT)
        return refuse(r, node->line, "`where` has one text a field, or a list of at most 32: ", node->text, NULL);
    c->texts[c->count++] = kept(r, node->text);
    return true;
}

static bool read_condition(reading *r, gl_str name, const gl_yaml *node)
{
    gl_field_path *path = r->path;
    condition *c = &path->where[path->where_count];
    c->field = gl_shape_field(path->last_list, name);
    if (c->field == NULL || (c->field->kind != GL_FIELD_TEXT && c->field->kind != GL_FIELD_ENUM))
        return refuse(r, node->line, "no text field of the list is named ", name,
                      gl_shape_nearest(path->last_list, name));
    for (size_t i = 0; node->type == GL_YAML_LIST && i < node->count; i++)
        if (!read_text(r, c, node->items[i]))
            return false;
    if (node->type != GL_YAML_LIST && !read_text(r, c, node))
        return false;
    for (size_t i = 0; c->field->kind == GL_FIELD_ENUM && i < c->count; i++)
        if (gl_names_index(c->field->names, c->texts[i]) < 0)
            return refuse(r, node->line, "the field is never ", c->texts[i],
                          gl_nearest_name(c->texts[i], c->field->names));
    path->where_count++;
    return true;
}

static bool read_where(reading *r, const gl_yaml *where)
{
    if (where == NULL)
        return true;
    if (where->type != GL_YAML_MAP || where->count == 0 || where->count > WHERE_LIMIT || r->path->last_list == NULL)
        return refuse(r, where->line, "`where` is a map of fields and texts, for a field in a list: ", r->path->name,
                      NULL);
    for (size_t i = 0; i < where->count; i++)
        if (!read_condition(r, where->keys[i], where->items[i]))
            return false;
    return true;
}

const gl_field_path *gl_field_path_read(gl_arena *arena, const char *name, const gl_yaml *node, const gl_yaml *where,
                                        gl_err *err)
{
    reading r = {arena, name, GL_NEW(arena, gl_field_path), err};
    if (node->type != GL_YAML_SCALAR || node->text.len == 0) {
        refuse(&r, node->line, "the name of a field was expected, not ", node->text, NULL);
        return NULL;
    }
    gl_str text = node->text;
    r.path->name = kept(&r, text);
    r.path->computed = take_call(&text, "sum(") ? SUM : take_call(&text, "count(") ? COUNT : AS_IT_IS;
    return read_steps(&r, node->line, text) && read_computed(&r, node->line) && read_where(&r, where) ? r.path : NULL;
}

bool gl_field_path_of_item(const gl_field_path *path)
{
    return path->of_item;
}

bool gl_field_path_is_computed(const gl_field_path *path)
{
    return path->computed != AS_IT_IS;
}

bool gl_field_path_stops_at_list(const gl_field_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->steps[i]->kind == GL_FIELD_LIST || path->steps[i]->kind == GL_FIELD_TEXTS)
            return true;
    return false;
}

gl_str gl_field_path_name(const gl_field_path *path)
{
    return path->name;
}

gl_value_kind gl_field_path_kind(const gl_field_path *path)
{
    if (path->computed == COUNT)
        return GL_VALUE_NUMBER;
    if (path->beside)
        return GL_VALUE_TEXT;
    switch (path->steps[path->count - 1]->kind) {
    case GL_FIELD_AMOUNT:
        return GL_VALUE_AMOUNT;
    case GL_FIELD_MEASURE:
        return GL_VALUE_MEASURE;
    case GL_FIELD_DATE:
    case GL_FIELD_INSTANT:
        return GL_VALUE_DAY;
    case GL_FIELD_INT:
    case GL_FIELD_OPT_INT:
    case GL_FIELD_DECIMAL:
        return GL_VALUE_NUMBER;
    default:
        return GL_VALUE_TEXT;
    }
}

/* -- Walking
 * --------------------------------------------------------------------------------------------------------------------------
 */

typedef struct walk {
    const gl_field_path *path;
    gl_value_fn *each;
    void *context;
} walk;

static int32_t day_of(int64_t wall_us)
{
    return (int32_t)(wall_us >= 0 ? wall_us / DAY_US : -((DAY_US - 1 - wall_us) / DAY_US));
}

static gl_str enum_text(const gl_field *field, const void *slot)
{
    int index;
    memcpy(&index, slot, sizeof index);
    return gl_str_of(field->names[index]);
}

/* The value of a field that is given and no list. */
static gl_value value_of(const gl_field *field, const void *slot)
{
    const void *inner =
        field->kind == GL_FIELD_AMOUNT || field->kind == GL_FIELD_MEASURE || field->kind == GL_FIELD_DECIMAL
            ? *(const gl_record_pointer *)slot
            : NULL;
    switch (field->kind) {
    case GL_FIELD_AMOUNT: {
        const gl_declaration_amount *amount = inner;
        return (gl_value){
            .kind = GL_VALUE_AMOUNT, .number = {amount->unscaled, amount->scale}, .unit = amount->currency_code};
    }
    case GL_FIELD_MEASURE: {
        const gl_declaration_measure *measure = inner;
        return (gl_value){
            .kind = GL_VALUE_MEASURE, .number = {measure->unscaled, measure->scale}, .unit = measure->unit_code};
    }
    case GL_FIELD_DECIMAL: {
        const gl_declaration_decimal *decimal = inner;
        return (gl_value){.kind = GL_VALUE_NUMBER, .number = {decimal->unscaled, decimal->scale}};
    }
    case GL_FIELD_INT:
        return (gl_value){.kind = GL_VALUE_NUMBER, .number = {*(const int32_t *)slot, 0}};
    case GL_FIELD_OPT_INT:
        return (gl_value){.kind = GL_VALUE_NUMBER, .number = {((const gl_opt_i32 *)slot)->value, 0}};
    case GL_FIELD_DATE:
        return (gl_value){.kind = GL_VALUE_DAY, .day = ((const gl_opt_i32 *)slot)->value};
    case GL_FIELD_INSTANT:
        return (gl_value){.kind = GL_VALUE_DAY, .day = day_of(((const gl_opt_i64 *)slot)->value)};
    case GL_FIELD_ENUM:
        return (gl_value){.kind = GL_VALUE_TEXT, .text = enum_text(field, slot)};
    case GL_FIELD_BOOL:
        return (gl_value){.kind = GL_VALUE_TEXT, .text = *(const bool *)slot ? GL_STR("true") : GL_STR("false")};
    default:
        return (gl_value){.kind = GL_VALUE_TEXT, .text = *(const gl_str *)slot};
    }
}

static bool give(const walk *w, const gl_field *field, const void *slot, const gl_path *place)
{
    if (field->kind == GL_FIELD_INT && *(const int32_t *)slot == GL_FIELD_INT_BAD)
        return true; /* reported already */
    if (gl_field_blank(field, slot))
        return true;
    gl_value value = value_of(field, slot);
    if (!w->path->beside)
        return w->each(w->context, &value, place);
    const void *inner = *(const gl_record_pointer *)slot;
    bool amount = field->kind == GL_FIELD_AMOUNT;
    gl_path beside = {place, amount ? "currency" : "unit",
                      amount ? (const void *)&((const gl_declaration_amount *)inner)->currency_code
                             : (const void *)&((const gl_declaration_measure *)inner)->unit_code};
    gl_value text = {.kind = GL_VALUE_TEXT, .text = value.unit};
    return value.unit.len == 0 || w->each(w->context, &text, &beside);
}

static bool is_meant(const gl_field_path *path, const void *record)
{
    for (size_t i = 0; i < path->where_count; i++) {
        const condition *c = &path->where[i];
        const void *slot = (const char *)record + c->field->offset;
        gl_str text = c->field->kind == GL_FIELD_ENUM ? enum_text(c->field, slot) : *(const gl_str *)slot;
        bool found = false;
        for (size_t k = 0; k < c->count && !found; k++)
            found = gl_str_eq(text, c->texts[k]);
        if (!found)
            return false;
    }
    return true;
}

static bool walk_from(const walk *w, size_t step, const void *record, const gl_path *parent);

static bool walk_list(const walk *w, size_t step, const gl_list *list, const gl_path *place)
{
    const gl_field *field = w->path->steps[step];
    for (size_t i = 0; i < list->count; i++) {
        const void *element =
            (const char *)list->at + i * (field->kind == GL_FIELD_TEXTS ? sizeof(gl_str) : field->shape->bytes);
        gl_path at = {place, NULL, gl_record_slot(element)};
        if (field->kind == GL_FIELD_TEXTS) {
            gl_value text = {.kind = GL_VALUE_TEXT, .text = *(const gl_str *)element};
            if (!w->each(w->context, &text, &at))
                return false;
            continue;
        }
        if (step == w->path->last_list_step && !is_meant(w->path, element))
            continue;
        if (step + 1 < w->path->count) {
            if (!walk_from(w, step + 1, element, &at))
                return false;
        } else {
            gl_value there = {.kind = GL_VALUE_NUMBER, .number = {1, 0}};
            if (!w->each(w->context, &there, &at))
                return false;
        }
    }
    return true;
}

static bool walk_from(const walk *w, size_t step, const void *record, const gl_path *parent)
{
    const gl_field *field = w->path->steps[step];
    const void *slot = (const char *)record + field->offset;
    gl_path place = {parent, field->name, slot};
    if (field->kind == GL_FIELD_LIST || field->kind == GL_FIELD_TEXTS)
        return walk_list(w, step, slot, &place);
    if (field->kind != GL_FIELD_RECORD)
        return give(w, field, slot, &place);
    const void *inner = *(const gl_record_pointer *)slot;
    return inner == NULL || walk_from(w, step + 1, inner, &place);
}

static bool walk_all(const walk *w, const gl_checked *checked)
{
    if (!w->path->of_item)
        return walk_from(w, 0, checked->declaration, NULL);
    if (checked->item == NULL)
        return true;
    gl_path items = {NULL, "items", &checked->declaration->items};
    gl_path item = {&items, NULL, gl_record_slot(checked->item)};
    return walk_from(w, 0, checked->item, &item);
}

void gl_field_path_place(const gl_field_path *path, const gl_checked *checked,
                         void (*each)(void *context, const gl_path *place), void *context)
{
    gl_path items = {NULL, "items", &checked->declaration->items};
    gl_path item = {&items, NULL, checked->item == NULL ? NULL : gl_record_slot(checked->item)};
    gl_path places[STEPS_LIMIT];
    const gl_path *parent = path->of_item && checked->item != NULL ? &item : NULL;
    const void *record = path->of_item ? (const void *)checked->item : checked->declaration;
    for (size_t i = 0; i < path->count; i++) {
        const gl_field *field = path->steps[i];
        const void *slot = record == NULL ? NULL : (const char *)record + field->offset;
        places[i] = (gl_path){parent, field->name, slot};
        parent = &places[i];
        if (field->kind == GL_FIELD_LIST)
            break;
        record = field->kind == GL_FIELD_RECORD && slot != NULL ? *(const gl_record_pointer *)slot : NULL;
    }
    each(context, parent);
}

/* -- Sums, counts and comparisons
 * ----------------------------------------------------------------------------------------------------- */

static bool in_euro(const gl_value *value, const gl_rates *rates, gl_decimal *euro)
{
    gl_decimal rate;
    return rates != NULL && value->unit.len > 0 && gl_rates_find(rates, value->unit, &rate) &&
           gl_decimal_multiply(value->number, rate, EURO_SCALE, euro);
}

typedef struct adding {
    const gl_rates *rates;
    gl_value sum; /* in the unit of the first */
    gl_decimal euro;
    size_t count;
    bool one_unit, in_euro, counts;
} adding;

static bool add(void *context, const gl_value *value, const gl_path *place)
{
    (void)place;
    adding *a = context;
    gl_decimal euro;
    if (a->counts) {
        a->count++;
        return true;
    }
    if (a->count++ == 0)
        a->sum = (gl_value){.kind = value->kind, .unit = value->unit};
    a->one_unit = a->one_unit && gl_str_eq(a->sum.unit, value->unit) &&
                  gl_decimal_add(a->sum.number, value->number, &a->sum.number);
    a->in_euro = a->in_euro && value->kind == GL_VALUE_AMOUNT && in_euro(value, a->rates, &euro) &&
                 gl_decimal_add(a->euro, euro, &a->euro);
    return a->one_unit || a->in_euro;
}

static bool give_computed(const walk *w, const gl_checked *checked)
{
    adding a = {.rates = checked->rates, .one_unit = true, .in_euro = true, .counts = w->path->computed == COUNT};
    walk inner = {w->path, add, &a};
    walk_all(&inner, checked);
    if (a.counts)
        a.sum = (gl_value){.kind = GL_VALUE_NUMBER, .number = {(int64_t)a.count, 0}};
    else if (a.count == 0 || (!a.one_unit && !a.in_euro))
        return true; /* nothing to add, or it cannot be */
    else if (!a.one_unit)
        a.sum = (gl_value){.kind = GL_VALUE_AMOUNT, .number = a.euro, .unit = GL_STR("EUR")};
    return w->each(w->context, &a.sum, NULL);
}

bool gl_field_path_each(const gl_field_path *path, const gl_checked *checked, gl_value_fn *each, void *context)
{
    walk w = {path, each, context};
    return path->computed == AS_IT_IS ? walk_all(&w, checked) : give_computed(&w, checked);
}

static bool valid_scales(const gl_value *a, const gl_value *b)
{
    return a->number.scale >= 0 && a->number.scale <= 18 && b->number.scale >= 0 && b->number.scale <= 18;
}

bool gl_value_compare(const gl_value *a, const gl_value *b, const gl_rates *rates, int *order)
{
    gl_decimal x, y;
    if (a->kind != b->kind || a->kind == GL_VALUE_TEXT)
        return false;
    if (a->kind == GL_VALUE_DAY) {
        *order = (a->day > b->day) - (a->day < b->day);
        return true;
    }
    if (!valid_scales(a, b))
        return false;
    if (a->kind == GL_VALUE_AMOUNT && !gl_str_eq(a->unit, b->unit)) {
        if (!in_euro(a, rates, &x) || !in_euro(b, rates, &y))
            return false;
        *order = gl_decimal_compare(x, y);
        return true;
    }
    if (!gl_str_eq(a->unit, b->unit))
        return false;
    *order = gl_decimal_compare(a->number, b->number);
    return true;
}

const char *gl_value_text(gl_arena *arena, const gl_value *value)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    if (value->kind == GL_VALUE_TEXT)
        return gl_arena_printf(arena, "%.*s", GL_STR_ARG(value->text));
    if (value->kind == GL_VALUE_DAY) {
        int year, month, day;
        gl_date_civil(value->day, &year, &month, &day);
        return gl_arena_printf(arena, "%04d-%02d-%02d", year, month, day);
    }
    gl_str number = gl_decimal_format(value->number, text);
    return gl_arena_printf(arena, "%.*s%s%.*s", GL_STR_ARG(number), value->unit.len > 0 ? " " : "",
                           GL_STR_ARG(value->unit));
}
