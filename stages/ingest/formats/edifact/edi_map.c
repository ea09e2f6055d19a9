/* The walk that reads by the tables. See edi_map.h. */
#include "ingest/formats/edifact/edi_map.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "customs/money.h"

/* --- preparing --- */

static void __attribute__((noreturn)) broken(const gl_edi_rule *rule, const char *what)
{
    fprintf(stderr, "edifact mapping: %s %s: %s\n", rule->tag, rule->qualifiers == NULL ? "" : rule->qualifiers, what);
    abort();
}

/* Where an element stands in each set of releases; in one at least. */
static void find_positions(const gl_edi_rule *rule, const char *path, gl_edi_position at[GL_EDI_EPOCHS])
{
    bool any = false;
    const gl_edi_directory *directory;
    for (size_t e = 0; (directory = gl_edi_directory_at(e)) != NULL; e++) {
        const gl_edi_spec *spec = gl_edi_spec_of(directory, rule->code);
        if (spec != NULL && gl_edi_find(spec, path, &at[e].element, &at[e].component))
            any = true;
    }
    if (!any)
        broken(rule, path);
}

static const gl_shape *shape_of(const gl_edi_table *table, const gl_edi_rule *rule)
{
    bool inner = rule->action == GL_EDI_RECORD || rule->action == GL_EDI_LIST;
    return inner && rule->target != NULL ? rule->target->shape : table->shape;
}

static void prepare_part(const gl_edi_table *table, const gl_edi_rule *rule, gl_edi_part *part)
{
    find_positions(rule, part->element, part->at);
    if (part->kind == GL_EDI_CODE || part->kind == GL_EDI_LEFT || rule->action == GL_EDI_ATTRIBUTE)
        return;
    part->target = gl_shape_field(shape_of(table, rule), gl_str_of(part->field));
    if (part->target == NULL)
        broken(rule, part->field);
}

static void prepare_table(const gl_edi_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        gl_edi_rule *rule = &table->rules[i];
        if (rule->code != 0)
            continue;
        rule->code = gl_edi_code(gl_str_of(rule->tag));
        if (rule->action == GL_EDI_RECORD || rule->action == GL_EDI_LIST) {
            rule->target = gl_shape_field(table->shape, gl_str_of(rule->field));
            if (rule->target == NULL)
                broken(rule, rule->field);
        }
        if (rule->by != NULL)
            find_positions(rule, rule->by, rule->by_at);
        for (gl_edi_part *part = rule->parts; part != NULL && part->element != NULL; part++)
            prepare_part(table, rule, part);
        if (rule->inside != NULL)
            prepare_table(rule->inside);
    }
}

static void prepare_all(void)
{
    for (const gl_edi_listed *list = gl_edi_lists; list->title != NULL; list++)
        prepare_table(list->table);
}

void gl_edi_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_all);
}

/* --- values --- */

const gl_edi_value *gl_edi_part_value(const gl_edi_map *map, const gl_edi_part *part, const gl_edi_segment *segment)
{
    gl_edi_position at = part->at[map->epoch];
    return at.element == 0 ? NULL : gl_edi_value_at(segment, at.element, at.component);
}

static bool is_number(const gl_field *field)
{
    return field->kind == GL_FIELD_AMOUNT || field->kind == GL_FIELD_MEASURE || field->kind == GL_FIELD_DECIMAL;
}

/* With "." for its decimal mark, whichever it has. */
static gl_str number_text(gl_arena *arena, gl_str text)
{
    const char *comma = text.len == 0 ? NULL : memchr(text.ptr, ',', text.len);
    if (comma == NULL)
        return text;
    char *copy = gl_arena_strndup(arena, text.ptr, text.len);
    copy[comma - text.ptr] = '.';
    return (gl_str){copy, text.len};
}

/* A total that stands in two segments is one total. */
static bool says_the_same(const gl_edi_map *map, const gl_field *field, const void *slot, gl_str text)
{
    gl_decimal number;
    if (field->kind == GL_FIELD_TEXT)
        return gl_str_eq(*(const gl_str *)slot, text);
    if (field->kind != GL_FIELD_MEASURE || !gl_decimal_parse(number_text(map->report->arena, text), &number))
        return false;
    const gl_declaration_measure *measure = *(const gl_record_pointer *)slot;
    return number.unscaled == measure->unscaled && number.scale == measure->scale;
}

void gl_edi_set(gl_edi_map *map, const gl_field *field, void *record, gl_str text, const gl_edi_value *node,
                const gl_path *path)
{
    void *slot = (char *)record + field->offset;
    gl_path member = {path, field->name, slot};
    bool again = field->kind != GL_FIELD_TEXTS && !gl_field_blank(field, slot);
    if (again && map->fill)
        return;
    if (again && says_the_same(map, field, slot, text))
        return;
    if (again) {
        gl_report_at(map->report, node, &member, &(gl_problem){.code = "duplicate-element"}, "%s was given before",
                     field->name);
        return;
    }
    if (is_number(field))
        text = number_text(map->report->arena, text);
    gl_field_set_text(map->report, field, record, text, node, &member);
}

void gl_edi_set_named(gl_edi_map *map, const gl_shape *shape, const char *field, void *record, gl_str text,
                      const gl_edi_value *node, const gl_path *path)
{
    gl_edi_set(map, gl_shape_field(shape, gl_str_of(field)), record, text, node, path);
}

static void set_unit(gl_edi_map *map, const gl_field *field, void *record, const gl_edi_value *value)
{
    void *number = *(gl_record_pointer *)(void *)((char *)record + field->offset);
    if (number == NULL)
        return;
    gl_str *unit = field->kind == GL_FIELD_AMOUNT ? &((gl_declaration_amount *)number)->currency_code
                                                  : &((gl_declaration_measure *)number)->unit_code;
    if (gl_report_given(map->report, unit))
        return; /* of what was there before */
    *unit = value->text;
    gl_report_origin(map->report, unit, value);
}

/* "12.5 KGM" */
static void set_quantity(gl_edi_map *map, const gl_edi_part *part, void *record, const gl_edi_value *value,
                         const gl_path *path)
{
    gl_str text = value->text;
    const char *space = memchr(text.ptr, ' ', text.len);
    gl_str number = {text.ptr, space == NULL ? text.len : (size_t)(space - text.ptr)};
    gl_edi_set(map, part->target, record, number, value, path);
    gl_declaration_measure *measure = *(gl_record_pointer *)(void *)((char *)record + part->target->offset);
    if (space == NULL || measure == NULL || measure->unit_code.len > 0)
        return;
    measure->unit_code = gl_str_trim((gl_str){space, text.len - number.len});
    gl_report_origin(map->report, &measure->unit_code, value);
}

gl_str gl_edi_concat(gl_arena *arena, gl_str a, const char *between, gl_str b)
{
    size_t len = strlen(between);
    char *text = gl_arena_alloc(arena, a.len + len + b.len + 1);
    if (a.len > 0)
        memcpy(text, a.ptr, a.len);
    memcpy(text + a.len, between, len);
    if (b.len > 0)
        memcpy(text + a.len + len, b.ptr, b.len);
    text[a.len + len + b.len] = 0;
    return (gl_str){text, a.len + len + b.len};
}

/* Those of the same number from the part's position on. */
static gl_str joined(const gl_edi_map *map, const gl_edi_part *part, const gl_edi_segment *segment,
                     const gl_edi_value **first)
{
    gl_edi_position at = part->at[map->epoch];
    const gl_edi_element *element = &segment->spec->elements[at.element - 1];
    const char *id = element->components[at.component - 1].id;
    gl_str text = GL_STR("");
    *first = NULL;
    for (size_t i = 1; i < segment->count; i++) {
        const gl_edi_value *value = &segment->values[i];
        if (value->element != at.element || value->component < at.component || value->component > element->count ||
            strcmp(element->components[value->component - 1].id, id) != 0)
            continue;
        text = *first == NULL ? value->text : gl_edi_concat(map->report->arena, text, " ", value->text);
        *first = *first == NULL ? value : *first;
    }
    return text;
}

/* More of a text that may go on in the next segment. */
static void append(gl_edi_map *map, const gl_field *field, void *record, gl_str text, const gl_edi_value *node,
                   const gl_path *path)
{
    gl_str *slot = (gl_str *)(void *)((char *)record + field->offset);
    if (slot->ptr == NULL || field->kind != GL_FIELD_TEXT)
        gl_edi_set(map, field, record, text, node, path);
    else if (!map->fill)
        *slot = gl_edi_concat(map->report->arena, *slot, " ", text);
}

void gl_edi_add_attribute(gl_edi_map *map, const char *type, gl_str suffix, gl_str code, const gl_edi_value *node)
{
    gl_list *list = map->item != NULL ? (gl_list *)&map->item->attributes : (gl_list *)&map->declaration->attributes;
    if (code.len == 0)
        return;
    gl_str name = suffix.len == 0 ? gl_str_of(type) : gl_edi_concat(map->report->arena, gl_str_of(type), "", suffix);
    for (size_t i = 0; map->fill && i < map->own_attributes; i++)
        if (gl_str_eq(((const gl_declaration_attribute *)list->at)[i].type, name))
            return;
    gl_declaration_attribute *attribute = gl_list_append(map->report, list, sizeof *attribute, node);
    attribute->type = name;
    attribute->code = code;
    gl_report_origin(map->report, &attribute->type, node);
    gl_report_origin(map->report, &attribute->code, node);
}

void gl_edi_read_parts(gl_edi_map *map, const gl_edi_part *parts, const gl_edi_segment *segment, void *record,
                       const gl_path *path)
{
    for (const gl_edi_part *part = parts; part != NULL && part->element != NULL; part++) {
        const gl_edi_value *value = part->kind == GL_EDI_LEFT ? NULL : gl_edi_part_value(map, part, segment);
        if (part->kind == GL_EDI_JOIN && part->at[map->epoch].element > 0) {
            gl_str text = joined(map, part, segment, &value);
            if (value != NULL)
                append(map, part->target, record, text, value, path);
        } else if (value == NULL) {
            continue;
        } else if (part->kind == GL_EDI_TEXT) {
            gl_edi_set(map, part->target, record, value->text, value, path);
        } else if (part->kind == GL_EDI_UNIT) {
            set_unit(map, part->target, record, value);
        } else if (part->kind == GL_EDI_QUANTITY) {
            set_quantity(map, part, record, value, path);
        } else if (part->kind == GL_EDI_CODE) {
            gl_edi_add_attribute(map, part->field, GL_STR(""), value->text, value);
        }
    }
}

/* --- rules --- */

/* Is `text` one of "35|36"? */
static bool is_listed(const char *list, gl_str text)
{
    for (;; list++) {
        size_t at = 0;
        while (at < text.len && list[at] == text.ptr[at] && list[at] != '|' && list[at] != 0)
            at++;
        if (at == text.len && at > 0 && (list[at] == '|' || list[at] == 0))
            return true;
        while (*list != '|' && *list != 0)
            list++;
        if (*list == 0)
            return false;
    }
}

static bool are_letters(gl_str text)
{
    return text.len == 2 && text.ptr[0] >= 'A' && text.ptr[0] <= 'Z' && text.ptr[1] >= 'A' && text.ptr[1] <= 'Z';
}

static gl_str qualifier_of(size_t epoch, const gl_edi_rule *rule, const gl_edi_segment *segment)
{
    gl_edi_position at = rule->by == NULL ? (gl_edi_position){1, 1} : rule->by_at[epoch];
    return at.element == 0 ? GL_STR("") : gl_edi_text_at(segment, at.element, at.component);
}

static bool applies(size_t epoch, const gl_edi_rule *rule, const gl_edi_segment *segment, bool group)
{
    if (rule->code != segment->code || (rule->place == GL_EDI_ALONE && group) ||
        (rule->place == GL_EDI_GROUP && !group))
        return false;
    if (rule->qualifiers == NULL || rule->qualifiers[0] == '*')
        return true;
    gl_str text = qualifier_of(epoch, rule, segment);
    return rule->qualifiers[0] == '@' ? are_letters(text) : is_listed(rule->qualifiers, text);
}

const gl_edi_rule *gl_edi_rule_of(size_t epoch, const gl_edi_table *table, const gl_edi_segment *segment, bool group)
{
    for (size_t i = 0; i < table->count; i++)
        if (applies(epoch, &table->rules[i], segment, group))
            return &table->rules[i];
    return NULL;
}

static void read_attribute(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment)
{
    gl_str code = GL_STR("");
    const gl_edi_value *node = NULL;
    size_t len = strlen(rule->field);
    for (const gl_edi_part *part = rule->parts; part->element != NULL; part++) {
        const gl_edi_value *value = gl_edi_part_value(map, part, segment);
        if (value == NULL)
            continue;
        code = node == NULL ? value->text : gl_edi_concat(map->report->arena, code, " ", value->text);
        node = node == NULL ? value : node;
    }
    gl_str suffix = rule->field[len - 1] == '_' ? qualifier_of(map->epoch, rule, segment) : GL_STR("");
    if (node != NULL)
        gl_edi_add_attribute(map, rule->field, suffix, code, node);
}

/* What of a unit a rule is about: its segment, and the rest of that one's group. */
typedef struct span {
    const gl_edi_unit *unit;
    size_t from, to;
} span;

/* Nothing is dropped without a word; the tables have all of what the directory has, a test says so. */
static void report_unread(gl_edi_map *map, const gl_edi_segment *segment)
{
    gl_report_at(map->report, &segment->values[0], NULL, &(gl_problem){.code = "segment-unread", .warning = true},
                 "%s is not read at this place", segment->spec->tag);
}

static void read_inside(gl_edi_map *map, const gl_edi_rule *rule, span s, void *record, const gl_path *path)
{
    if (rule->inside != NULL)
        gl_edi_walk(map, rule->inside, s.unit, s.from + 1, s.to, s.unit->segments[s.from].depth, record, path);
    for (size_t i = s.from + 1; rule->inside == NULL && i < s.to; i++)
        report_unread(map, &s.unit->segments[i]);
}

static void read_record(gl_edi_map *map, const gl_edi_rule *rule, span s, void *record, const gl_path *path)
{
    const gl_edi_segment *segment = &s.unit->segments[s.from];
    gl_record_pointer *slot = (gl_record_pointer *)(void *)((char *)record + rule->target->offset);
    gl_path member = {path, rule->target->name, slot};
    if (*slot != NULL && !map->fill && rule->again != NULL) {
        const gl_edi_value *id = gl_edi_part_value(map, &rule->parts[0], segment);
        gl_edi_add_attribute(map, rule->again, qualifier_of(map->epoch, rule, segment),
                             id == NULL ? GL_STR("") : id->text, id);
        return;
    }
    if (*slot != NULL && !map->fill) {
        gl_report_at(map->report, &segment->values[0], &member, &(gl_problem){.code = "duplicate-element"},
                     "%s was given before", rule->target->name);
        return;
    }
    if (*slot == NULL) {
        *slot = gl_arena_calloc(map->report->arena, 1, rule->target->shape->bytes);
        gl_report_origin(map->report, slot, &segment->values[0]);
    }
    void *inner = *slot;
    gl_edi_read_parts(map, rule->parts, segment, inner, &member);
    if (rule->custom != NULL)
        rule->custom(map, rule, segment, inner, &member);
    read_inside(map, rule, s, inner, &member);
}

static void read_list(gl_edi_map *map, const gl_edi_rule *rule, span s, void *record, const gl_path *path)
{
    const gl_edi_segment *segment = &s.unit->segments[s.from];
    const gl_shape *shape = rule->target->shape;
    void *slot = (char *)record + rule->target->offset;
    void *element = gl_list_append(map->report, slot, shape->bytes, &segment->values[0]);
    gl_path list = {path, rule->target->name, slot}, inner = {&list, NULL, gl_record_slot(element)};
    bool item = shape == &gl_shape_item;
    if (rule->key >= 0)
        memcpy((char *)element + shape->fields[0].offset, &rule->key, sizeof rule->key);
    map->item = item ? element : map->item;
    gl_edi_read_parts(map, rule->parts, segment, element, &inner);
    if (rule->custom != NULL)
        rule->custom(map, rule, segment, element, &inner);
    read_inside(map, rule, s, element, &inner);
    map->item = item ? NULL : map->item;
}

static void apply(gl_edi_map *map, const gl_edi_rule *rule, span s, void *record, const gl_path *path)
{
    const gl_edi_segment *segment = &s.unit->segments[s.from];
    switch (rule->action) {
    case GL_EDI_FIELDS:
        gl_edi_read_parts(map, rule->parts, segment, record, path);
        read_inside(map, rule, s, record, path);
        return;
    case GL_EDI_RECORD:
        read_record(map, rule, s, record, path);
        return;
    case GL_EDI_LIST:
        read_list(map, rule, s, record, path);
        return;
    case GL_EDI_ATTRIBUTE:
        read_attribute(map, rule, segment);
        read_inside(map, rule, s, record, path);
        return;
    case GL_EDI_CUSTOM:
        rule->custom(map, rule, segment, record, path);
        read_inside(map, rule, s, record, path);
        return;
    case GL_EDI_SKIP:
        return;
    }
}

size_t gl_edi_group_end(const gl_edi_unit *unit, size_t at, size_t to, unsigned depth, bool *group)
{
    const gl_edi_segment *segment = &unit->segments[at];
    size_t end = at + 1;
    *group = segment->starts && segment->depth == depth + 1;
    while (*group && end < to && unit->segments[end].depth >= segment->depth &&
           !(unit->segments[end].depth == segment->depth && unit->segments[end].starts))
        end++;
    return end;
}

void gl_edi_walk(gl_edi_map *map, const gl_edi_table *table, const gl_edi_unit *unit, size_t from, size_t to,
                 unsigned depth, void *record, const gl_path *path)
{
    for (size_t i = from, end; i < to; i = end) {
        const gl_edi_segment *segment = &unit->segments[i];
        bool group;
        end = gl_edi_group_end(unit, i, to, depth, &group);
        const gl_edi_rule *rule = gl_edi_rule_of(map->epoch, table, segment, group);
        if (rule == NULL)
            report_unread(map, segment);
        else
            apply(map, rule, (span){unit, i, end}, record, path);
    }
}

/* --- documentation --- */

static void document_part(gl_buf *buf, const gl_edi_rule *rule, const gl_edi_part *part)
{
    gl_buf_printf(buf, "`%s` ", part->element);
    if (part->kind == GL_EDI_LEFT)
        gl_buf_printf(buf, "not carried: %s", part->field);
    else if (part->kind == GL_EDI_CODE)
        gl_buf_printf(buf, "attribute `%s`", part->field);
    else if (rule->action == GL_EDI_ATTRIBUTE)
        gl_buf_text(buf, "its code");
    else
        gl_buf_printf(buf, "`%s`%s", part->field, part->kind == GL_EDI_UNIT ? " (unit)" : "");
}

static void document_target(gl_buf *buf, const gl_edi_rule *rule)
{
    if (rule->action == GL_EDI_SKIP)
        gl_buf_text(buf, "not carried");
    else if (rule->action == GL_EDI_ATTRIBUTE)
        gl_buf_printf(buf, "attribute `%s%s`", rule->field, rule->field[strlen(rule->field) - 1] == '_' ? "..." : "");
    else if (rule->action == GL_EDI_LIST && rule->key >= 0)
        gl_buf_printf(buf, "`%s`, %s", rule->field, rule->target->shape->fields[0].names[rule->key]);
    else if (rule->field != NULL)
        gl_buf_printf(buf, rule->action == GL_EDI_CUSTOM ? "%s" : "`%s`", rule->field);
}

static void document_qualifiers(gl_buf *buf, const char *qualifiers)
{
    for (size_t len; qualifiers != NULL && *qualifiers != 0; qualifiers += len + (qualifiers[len] == '|')) {
        len = strcspn(qualifiers, "|");
        gl_buf_printf(buf, "%.*s%s", (int)len, qualifiers, qualifiers[len] == '|' ? ", " : "");
    }
}

static void document_table(gl_buf *buf, const gl_edi_table *table, gl_str prefix, int depth)
{
    for (size_t i = 0; i < table->count; i++) {
        const gl_edi_rule *rule = &table->rules[i];
        gl_buf path = {0};
        gl_buf_printf(&path, "%.*s%s%s", GL_STR_ARG(prefix), prefix.len == 0 ? "" : " ", rule->tag);
        gl_buf_printf(buf, "| `%.*s` | ", GL_STR_ARG(gl_buf_view(&path)));
        document_qualifiers(buf, rule->qualifiers);
        gl_buf_text(buf, " | ");
        document_target(buf, rule);
        gl_buf_text(buf, " | ");
        bool again = i + 1 < table->count && rule->custom != NULL && rule[1].custom == rule->custom &&
                     rule[1].code == rule->code;
        for (const gl_edi_part *part = rule->parts; !again && part != NULL && part->element != NULL; part++) {
            document_part(buf, rule, part);
            gl_buf_text(buf, part[1].element != NULL || rule->note != NULL ? "; " : "");
        }
        gl_buf_printf(buf, "%s |\n", again ? "as in the next row" : rule->note == NULL ? "" : rule->note);
        bool listed = false;
        for (const gl_edi_listed *list = gl_edi_lists; list->title != NULL; list++)
            listed = listed || list->table == rule->inside;
        if (rule->inside != NULL && !listed && depth < 4)
            document_table(buf, rule->inside, gl_buf_view(&path), depth + 1);
        gl_buf_free(&path);
    }
}

void gl_edi_document(gl_buf *buf)
{
    gl_edi_prepare();
    for (const gl_edi_listed *list = gl_edi_lists; list->title != NULL; list++) {
        gl_buf_printf(buf, "\n#### %s\n\n| segment | by | canonical | elements |\n|---|---|---|---|\n", list->title);
        document_table(buf, list->table, GL_STR(""), 0);
    }
}
