/* The walk over the tables that writes. See cds_write.h and cds_put.h. */
#include "ingest/formats/cds/cds_write.h"

#include <stdio.h>

#include "customs/money.h"
#include "ingest/formats/cds/cds_put.h"
#include "ingest/formats/reader.h"

/* Where in its table's element a rule is. */
typedef struct turn {
    size_t place; /* of the element among its siblings, from 1 */
    bool one;     /* one text or attribute of each kind, then the next element (GL_CDS_EACH) */
} turn;

/* --- text --- */

static void put_line(gl_cds_writer *w)
{
    gl_buf_byte(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        gl_buf_text(w->out, "  ");
}

/* A reader makes a line break of a carriage return that is not written as a reference. */
static void put_escaped(gl_cds_writer *w, gl_str text, const char *references)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++)
        if (strchr(references, text.ptr[i]) != NULL) {
            gl_buf_xml(w->out, (gl_str){text.ptr + from, i - from});
            gl_buf_printf(w->out, "&#%d;", text.ptr[i]);
            from = i + 1;
        }
    gl_buf_xml(w->out, (gl_str){text.ptr + from, text.len - from});
}

void gl_cds_open(gl_cds_writer *w, const char *element)
{
    put_line(w);
    gl_buf_printf(w->out, "<%s>", element);
    if (++w->depth < GL_XML_LIMIT_DEPTH)
        w->open[w->depth] = element;
}

void gl_cds_close(gl_cds_writer *w, const char *element)
{
    w->depth--;
    put_line(w);
    gl_buf_printf(w->out, "</%s>", element);
}

void gl_cds_text(gl_cds_writer *w, const char *element, gl_str text, const char *attribute, gl_str unit)
{
    put_line(w);
    gl_buf_printf(w->out, "<%s", element);
    if (attribute != NULL && unit.len > 0) {
        gl_buf_printf(w->out, " %s=\"", attribute);
        put_escaped(w, unit, "\t\n\r");
        gl_buf_byte(w->out, '"');
    }
    gl_buf_byte(w->out, '>');
    put_escaped(w, text, "\r");
    gl_buf_printf(w->out, "</%s>", element);
    w->values++;
}

/* --- fields --- */

static size_t elements_of(const gl_field *field, const void *slot)
{
    bool list = field->kind == GL_FIELD_LIST || field->kind == GL_FIELD_TEXTS;
    return list ? ((const gl_list *)slot)->count : 1;
}

bool gl_cds_take_element(gl_cds_writer *w, gl_cds_frame *frame, const gl_field *field, size_t index)
{
    bool **done = &frame->done[field - frame->shape->fields];
    const void *slot = (const char *)frame->record + field->offset;
    if (*done == NULL)
        *done = gl_arena_calloc(w->arena, elements_of(field, slot) + 1, sizeof **done);
    if ((*done)[index])
        return false;
    return (*done)[index] = true;
}

static bool take(gl_cds_writer *w, gl_cds_frame *frame, const gl_field *field)
{
    return !gl_field_blank(field, (const char *)frame->record + field->offset) &&
           gl_cds_take_element(w, frame, field, 0);
}

bool gl_cds_take(gl_cds_writer *w, gl_cds_frame *frame, const char *field)
{
    return take(w, frame, gl_shape_field(frame->shape, gl_str_of(field)));
}

static void put_decimal(gl_cds_writer *w, const char *element, int64_t unscaled, int32_t scale, const char *attribute,
                        gl_str unit)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    gl_cds_text(w, element, gl_decimal_format((gl_decimal){unscaled, scale}, text), attribute, unit);
}

static void put_scalar(gl_cds_writer *w, const char *element, const gl_field *field, const void *slot)
{
    char number[16];
    const void *record = NULL;
    const char *currency = w->form->units ? "currencyID" : NULL, *unit = w->form->units ? "unitCode" : NULL;
    if (field->kind == GL_FIELD_TEXT) {
        gl_cds_text(w, element, *(const gl_str *)slot, NULL, GL_STR(""));
    } else if (field->kind == GL_FIELD_INT || field->kind == GL_FIELD_OPT_INT) {
        int32_t value = field->kind == GL_FIELD_INT ? *(const int32_t *)slot : ((const gl_opt_i32 *)slot)->value;
        snprintf(number, sizeof number, "%d", value);
        gl_cds_text(w, element, gl_str_of(number), NULL, GL_STR(""));
    } else if ((record = *(const gl_record_pointer *)slot) != NULL && field->kind == GL_FIELD_AMOUNT) {
        const gl_declaration_amount *amount = record;
        put_decimal(w, element, amount->unscaled, amount->scale, currency, amount->currency_code);
    } else if (field->kind == GL_FIELD_MEASURE) {
        const gl_declaration_measure *measure = record;
        put_decimal(w, element, measure->unscaled, measure->scale, unit, measure->unit_code);
    } else if (field->kind == GL_FIELD_DECIMAL) {
        const gl_declaration_decimal *decimal = record;
        put_decimal(w, element, decimal->unscaled, decimal->scale, NULL, GL_STR(""));
    }
}

static void put_texts(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame, const turn *at)
{
    const gl_list *list = (const void *)((const char *)frame->record + rule->target->offset);
    for (size_t i = 0; i < list->count; i++)
        if (gl_cds_take_element(w, frame, rule->target, i)) {
            gl_cds_text(w, rule->element, ((const gl_str *)list->at)[i], NULL, GL_STR(""));
            if (at->one || rule->once)
                return;
        }
}

bool gl_cds_take_attribute(gl_cds_writer *w, const char *type, gl_str *text)
{
    gl_cds_frame *frame = w->item != NULL ? w->item : w->top;
    const gl_field *field = gl_shape_field(frame->shape, GL_STR("attributes")),
                   *long_field = gl_shape_field(frame->shape, GL_STR("additional_information"));
    const gl_list *list = (const void *)((const char *)frame->record + field->offset),
                  *longs = (const void *)((const char *)frame->record + long_field->offset);
    for (size_t i = 0; i < list->count; i++) {
        const gl_declaration_attribute *attribute = (const gl_declaration_attribute *)list->at + i;
        *text = attribute->code;
        if (gl_str_eqz(attribute->type, type) && gl_cds_take_element(w, frame, field, i))
            return true;
    }
    for (size_t i = 0; w->form->absent && i < longs->count; i++) {
        const gl_declaration_additional_information *information =
            (const gl_declaration_additional_information *)longs->at + i;
        *text = information->statement_description;
        if (gl_str_eqz(information->statement_code, type) && gl_cds_take_element(w, frame, long_field, i))
            return true;
    }
    return false;
}

static void put_attributes(gl_cds_writer *w, const gl_cds_rule *rule, const turn *at)
{
    gl_str text;
    while (gl_cds_take_attribute(w, rule->field, &text)) {
        gl_cds_text(w, rule->element, text, NULL, GL_STR(""));
        if (at->one || rule->once)
            return;
    }
}

/* --- the walk --- */

static void put_table(gl_cds_writer *w, const gl_cds_table *table, gl_cds_frame *frame, const turn *at);

/* One element for the same record, unless there is nothing to write in it. */
static bool put_inside(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame, const turn *at)
{
    size_t len = w->out->len, values = w->values;
    gl_cds_open(w, rule->element);
    put_table(w, rule->inside, frame, at);
    gl_cds_close(w, rule->element);
    if (w->values == values && !w->form->absent)
        w->out->len = len;
    return w->values > values;
}

void gl_cds_put_record(gl_cds_writer *w, const char *element, const gl_cds_table *table, gl_cds_frame *frame,
                       size_t place)
{
    w->values++;
    gl_cds_open(w, element);
    put_table(w, table, frame, &(turn){.place = place});
    gl_cds_close(w, element);
}

static void put_list(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame)
{
    const gl_field *field = rule->target;
    const gl_shape *shape = field->shape;
    const gl_list *list = (const void *)((const char *)frame->record + field->offset);
    size_t place = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *element = (const char *)list->at + i * shape->bytes;
        int key = -1;
        if (rule->key >= 0)
            memcpy(&key, element + shape->fields[0].offset, sizeof key);
        if (key != rule->key || (rule->when != NULL && !rule->when(w, element)) ||
            !gl_cds_take_element(w, frame, field, i))
            continue;
        gl_cds_frame inner = {.shape = shape, .record = element};
        gl_cds_put_record(w, rule->element, rule->inside, &inner, ++place);
        if (rule->once)
            return;
    }
}

void gl_cds_put_absent(gl_cds_writer *w, const char *element, const char *content)
{
    gl_str kept;
    if (gl_cds_take_attribute(w, gl_cds_kept_type(w->arena, gl_str_of(w->open[w->depth]), gl_str_of(element)).ptr,
                              &kept)) {
        gl_cds_text(w, element, kept, NULL, GL_STR(""));
        return;
    }
    if (content != NULL && strcmp(content, GL_CDS_ZERO) == 0)
        content = w->zero;
    put_line(w);
    gl_buf_printf(w->out, "<%s>%s</%s>", element, content == NULL ? "" : content, element);
}

/* A record that is not there, with what could be in it. */
static void put_absent_record(gl_cds_writer *w, const gl_cds_rule *rule)
{
    const gl_shape *shape = rule->target->shape;
    size_t values = w->values;
    gl_cds_frame inner = {.shape = shape, .record = gl_arena_calloc(w->arena, 1, shape->bytes)};
    gl_cds_put_record(w, rule->element, rule->inside, &inner, 1);
    w->values = values;
}

/* Nothing was written of it. */
static void put_absent(gl_cds_writer *w, const gl_cds_rule *rule)
{
    if (rule->action == GL_CDS_RECORD || (rule->action == GL_CDS_LIST && rule->once))
        put_absent_record(w, rule);
    else if (rule->action == GL_CDS_FIELD || rule->action == GL_CDS_SKIP ||
             (rule->action == GL_CDS_CUSTOM && rule->inside == NULL) ||
             (rule->action == GL_CDS_ATTRIBUTE && rule->once))
        gl_cds_put_absent(w, rule->element, rule->absent);
}

static void put_present(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame, const turn *at)
{
    char number[24];
    if (rule->when != NULL && rule->action != GL_CDS_LIST && !rule->when(w, frame->record))
        return;
    switch (rule->action) {
    case GL_CDS_FIELD:
        if (rule->target->kind == GL_FIELD_TEXTS)
            put_texts(w, rule, frame, at);
        else if (take(w, frame, rule->target))
            put_scalar(w, rule->element, rule->target, (const char *)frame->record + rule->target->offset);
        return;
    case GL_CDS_ENTER:
        put_inside(w, rule, frame, &(turn){.place = 1});
        return;
    case GL_CDS_EACH:
        for (size_t place = 1; put_inside(w, rule, frame, &(turn){.place = place, .one = true}); place++)
            continue;
        return;
    case GL_CDS_RECORD:
        if (take(w, frame, rule->target)) {
            gl_cds_frame inner = {.shape = rule->target->shape,
                                  .record = *(const gl_record_pointer *)(const void *)((const char *)frame->record +
                                                                                       rule->target->offset)};
            gl_cds_put_record(w, rule->element, rule->inside, &inner, 1);
        }
        return;
    case GL_CDS_LIST:
        put_list(w, rule, frame);
        return;
    case GL_CDS_ATTRIBUTE:
        put_attributes(w, rule, at);
        return;
    case GL_CDS_CUSTOM:
    case GL_CDS_SKIP:
        if (rule->put != NULL)
            rule->put(w, rule, frame);
        return;
    case GL_CDS_ORDER:
        snprintf(number, sizeof number, "%zu", at->place);
        gl_cds_text(w, rule->element, gl_str_of(number), NULL, GL_STR(""));
        w->values--; /* the order alone says nothing */
        return;
    case GL_CDS_PART:
        return;
    }
}

static void put_rule(gl_cds_writer *w, const gl_cds_rule *rule, gl_cds_frame *frame, const turn *at)
{
    size_t len = w->out->len;
    put_present(w, rule, frame, at);
    if (w->form->absent && w->out->len == len)
        put_absent(w, rule);
}

static void put_table(gl_cds_writer *w, const gl_cds_table *table, gl_cds_frame *frame, const turn *at)
{
    const gl_cds_table *over = gl_cds_over(w->form, table);
    for (size_t i = 0; over != NULL && i < over->count; i++)
        put_rule(w, &over->rules[i], frame, at);
    for (size_t i = 0; i < table->count; i++) {
        const gl_cds_rule *rule = &table->rules[i];
        if (gl_cds_rule_of(over, table, gl_str_of(rule->element)) == rule)
            put_rule(w, rule, frame, at);
    }
}

/* --- documents --- */

void gl_cds_write(gl_buf *buf, gl_arena *arena, const gl_cds_form *form, const gl_declaration *declaration)
{
    gl_cds_frame top = {.shape = &gl_shape_declaration, .record = declaration};
    gl_cds_writer w = {.out = buf,
                       .arena = arena,
                       .form = form,
                       .declaration = declaration,
                       .top = &top,
                       .zero = GL_CDS_ZERO,
                       .depth = form->depth};
    w.open[form->depth] = form->element;
    gl_cds_prepare();
    gl_buf_text(buf, form->start);
    put_table(&w, form->table, &top, &(turn){.place = 1});
    gl_buf_text(buf, form->end);
}

/* A row of a manifest, which says no data set. */
static bool is_parcel(const gl_declaration *declaration)
{
    return gl_str_eqz(declaration->data_set, "PARCEL");
}

const gl_cds_form *gl_cds_form_fitting(const gl_declaration *declaration)
{
    gl_str format = declaration->message.format;
    bool xml = gl_str_eqz(format, gl_cds_form_eu.format) || gl_str_eqz(format, gl_cds_form_uk.format);
    bool eu = xml ? gl_str_eqz(format, gl_cds_form_eu.format)
                  : declaration->procedure_category.len > 0 || gl_str_eqz(declaration->data_set, "H7") ||
                        is_parcel(declaration);
    return eu ? &gl_cds_form_eu : &gl_cds_form_uk;
}

/* The UK's form has eight digits of the CN and two of TARIC in two classifications. */
static void complete_item(gl_arena *arena, const gl_cds_form *form, gl_declaration_goods_item *item)
{
    gl_str code = item->commodity_code;
    if (code.len == 0 || item->classifications.count > 0)
        return;
    bool split = code.len == 10 && form == &gl_cds_form_uk;
    gl_declaration_commodity_classification *made = GL_NEW_N(arena, gl_declaration_commodity_classification, 2);
    made[0].id = split ? (gl_str){code.ptr, 8} : code;
    made[0].identification_type_code = GL_STR("TSP");
    made[1].id = (gl_str){code.ptr + 8, 2};
    made[1].identification_type_code = GL_STR("TRC");
    item->classifications.at = made;
    item->classifications.count = split ? 2 : 1;
}

gl_declaration *gl_cds_completed(gl_arena *arena, const gl_cds_form *form, const gl_declaration *declaration)
{
    gl_declaration *complete = GL_NEW(arena, gl_declaration);
    *complete = *declaration;
    if (complete->function_code.len == 0)
        complete->function_code = GL_STR("9");
    if (complete->type_code.len == 0 && gl_str_eqz(complete->function_code, "1"))
        complete->type_code = complete->family == GL_DECLARATION_FAMILY_EXPORT ? GL_STR("EX") : GL_STR("IM");
    if (is_parcel(declaration))
        complete->data_set = (gl_str){NULL, 0};
    complete->items.at = GL_NEW_N(arena, gl_declaration_goods_item, declaration->items.count + 1);
    for (size_t i = 0; i < declaration->items.count; i++) {
        complete->items.at[i] = declaration->items.at[i];
        complete_item(arena, form, &complete->items.at[i]);
    }
    return complete;
}

bool gl_cds_write_checked(gl_buf *buf, gl_arena *arena, const gl_cds_form *form, const gl_declaration *declaration,
                          gl_written *written)
{
    size_t from = buf->len;
    written->count = 0;
    if (declaration->test_indicator) {
        written->why =
            GL_STR("a declaration made for a test: the format has no test indicator, it would be a real one");
        return false;
    }
    const gl_declaration *complete = gl_cds_completed(arena, form, declaration);
    gl_cds_write(buf, arena, form, complete);
    gl_str bytes = {(const char *)buf->data + from, buf->len - from};
    return gl_writer_check(arena, GL_FORMAT_XML, form->format, bytes, complete, written);
}
