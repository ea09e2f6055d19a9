/* The walk over the tables that writes. See edi_write.h. */
#include "ingest/formats/edifact/edi_write.h"

#include <stdio.h>

#include "base/clock.h"
#include "customs/money.h"

enum { SECTIONS = 2, US_PER_S = 1000000 };

/* --- segments --- */

void gl_edi_begin(gl_edi_out *out, const char *tag)
{
    out->spec = gl_edi_spec_of(out->directory, gl_edi_code(gl_str_of(tag)));
    out->count = 0;
}

static bool is_plain_number(gl_str text)
{
    size_t points = 0, from = text.len > 0 && text.ptr[0] == '-';
    for (size_t i = from; i < text.len; i++) {
        points += text.ptr[i] == '.';
        if (text.ptr[i] != '.' && (text.ptr[i] < '0' || text.ptr[i] > '9'))
            return false;
    }
    return text.len > from && points <= 1 && text.ptr[from] != '.' && text.ptr[text.len - 1] != '.';
}

static bool fits(const gl_edi_component *form, gl_str text)
{
    if (text.len == 0 || gl_str_trim(text).len != text.len)
        return false;
    if (form->kind != 'n')
        return gl_edi_characters(text) <= form->most && (!form->exact || gl_edi_characters(text) == form->most);
    size_t others = memchr(text.ptr, '.', text.len) != NULL ? 1 : 0;
    others += text.ptr[0] == '-';
    return is_plain_number(text) && text.len - others <= form->most;
}

static bool add_at(gl_edi_out *out, gl_edi_position at, gl_str text)
{
    const gl_edi_component *form = &out->spec->elements[at.element - 1].components[at.component - 1];
    if (out->count == sizeof out->values / sizeof *out->values || !fits(form, text))
        return false;
    size_t i = out->count++;
    for (; i > 0 && (out->values[i - 1].at.element > at.element ||
                     (out->values[i - 1].at.element == at.element && out->values[i - 1].at.component > at.component));
         i--)
        out->values[i] = out->values[i - 1];
    out->values[i].text = text;
    out->values[i].at = at;
    return true;
}

bool gl_edi_add(gl_edi_out *out, const char *path, gl_str text)
{
    gl_edi_position at;
    return gl_edi_find(out->spec, path, &at.element, &at.component) && add_at(out, at, text);
}

/* Where a text is broken so that at most `most` characters stand before: at a single space. 0: nowhere. */
static size_t break_of(gl_str text, size_t most)
{
    size_t count = 0, found = 0;
    for (size_t i = 0; i + 1 < text.len && count <= most; i++) {
        if (i > 0 && text.ptr[i] == ' ' && !strchr(" \t\r\n", text.ptr[i - 1]) && !strchr(" \t\r\n", text.ptr[i + 1]))
            found = i;
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    }
    return found;
}

bool gl_edi_add_joined(gl_edi_out *out, const char *path, gl_str text)
{
    gl_edi_position at;
    size_t before = out->count;
    if (!gl_edi_find(out->spec, path, &at.element, &at.component))
        return false;
    const gl_edi_element *element = &out->spec->elements[at.element - 1];
    const char *id = element->components[at.component - 1].id;
    for (; at.component <= element->count && strcmp(element->components[at.component - 1].id, id) == 0;
         at.component++) {
        size_t most = element->components[at.component - 1].most;
        if (gl_edi_characters(text) <= most) {
            if (add_at(out, at, text))
                return true;
            break;
        }
        size_t end = break_of(text, most);
        if (end == 0 || !add_at(out, at, (gl_str){text.ptr, end}))
            break;
        text = (gl_str){text.ptr + end + 1, text.len - end - 1};
    }
    out->count = before;
    return false;
}

static void put_escaped(gl_buf *buf, gl_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != 0 && strchr("?+:'*", text.ptr[i]) != NULL)
            gl_buf_byte(buf, '?');
        gl_buf_byte(buf, (uint8_t)text.ptr[i]);
    }
}

/* The text of the segment; its place was found. */
static void put_segment(gl_edi_out *out)
{
    gl_edi_position at = {0, 1};
    gl_buf_text(out->buf, out->spec->tag);
    for (size_t i = 0; i < out->count; i++) {
        for (; at.element < out->values[i].at.element; at.element++, at.component = 1)
            gl_buf_byte(out->buf, '+');
        for (; at.component < out->values[i].at.component; at.component++)
            gl_buf_byte(out->buf, ':');
        put_escaped(out->buf, out->values[i].text);
    }
    gl_buf_text(out->buf, "'\n");
    out->segments++;
}

static bool has_value(const gl_edi_out *out, size_t element, size_t component)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->values[i].at.element == element && (component == 0 || out->values[i].at.component == component))
            return true;
    return false;
}

/* Does it have what its directory wants of it? */
static bool is_complete(const gl_edi_out *out)
{
    for (size_t e = 1; e <= out->spec->count; e++) {
        const gl_edi_element *element = &out->spec->elements[e - 1];
        bool there = has_value(out, e, 0);
        if (element->mandatory && !there)
            return false;
        for (size_t c = 1; there && c <= element->count; c++)
            if (element->components[c - 1].mandatory && !has_value(out, e, c))
                return false;
    }
    return true;
}

bool gl_edi_end(gl_edi_out *out)
{
    gl_edi_cursor before = out->cursor;
    gl_edi_segment segment = {.code = out->spec->code, .values = &out->tag, .count = 1};
    if (!is_complete(out))
        return false;
    gl_edi_cursor_take(&out->cursor, &segment, NULL);
    if (!segment.placed) {
        out->cursor = before;
        return false;
    }
    put_segment(out);
    return true;
}

/* --- values --- */

static gl_str decimal_text(gl_edi_out *out, int64_t unscaled, int32_t scale)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    gl_str made = gl_decimal_format((gl_decimal){unscaled, scale}, text);
    return (gl_str){gl_arena_strndup(out->arena, made.ptr, made.len), made.len};
}

/* Of one element of a TEXTS field its `index`th. */
static gl_str text_of(gl_edi_out *out, const gl_field *field, const void *slot, size_t index)
{
    const void *record = NULL;
    switch (field->kind) {
    case GL_FIELD_TEXT:
        return *(const gl_str *)slot;
    case GL_FIELD_TEXTS:
        return index < ((const gl_list *)slot)->count ? ((const gl_str *)((const gl_list *)slot)->at)[index]
                                                      : GL_STR("");
    case GL_FIELD_INT:
        return *(const int32_t *)slot == 0 ? GL_STR("")
                                           : gl_str_of(gl_arena_printf(out->arena, "%d", *(const int32_t *)slot));
    case GL_FIELD_OPT_INT:
        return !((const gl_opt_i32 *)slot)->set
                   ? GL_STR("")
                   : gl_str_of(gl_arena_printf(out->arena, "%d", ((const gl_opt_i32 *)slot)->value));
    case GL_FIELD_DECIMAL:
    case GL_FIELD_AMOUNT:
    case GL_FIELD_MEASURE: /* the three begin alike */
        record = *(const gl_record_pointer *)slot;
        return record == NULL ? GL_STR("")
                              : decimal_text(out, ((const gl_declaration_decimal *)record)->unscaled,
                                             ((const gl_declaration_decimal *)record)->scale);
    case GL_FIELD_BOOL:
    case GL_FIELD_DATE:
    case GL_FIELD_INSTANT:
    case GL_FIELD_ENUM:
    case GL_FIELD_RECORD:
    case GL_FIELD_LIST:
        break;
    }
    return GL_STR("");
}

static gl_str unit_of(const gl_field *field, const void *slot)
{
    const void *record = *(const gl_record_pointer *)slot;
    if (record == NULL)
        return GL_STR("");
    return field->kind == GL_FIELD_AMOUNT ? ((const gl_declaration_amount *)record)->currency_code
                                          : ((const gl_declaration_measure *)record)->unit_code;
}

/* The attribute of this name that is not written yet; NULL: none. */
static const gl_declaration_attribute *next_attribute(gl_edi_out *out, const char *type, bool **done)
{
    const gl_list *list = out->item != NULL ? (const gl_list *)(const void *)&out->item->attributes
                                            : (const gl_list *)(const void *)&out->declaration->attributes;
    const gl_declaration_attribute *all = list->at;
    for (size_t i = 0; i < list->count; i++)
        if (!out->attribute_done[i] && gl_str_eqz(all[i].type, type)) {
            *done = &out->attribute_done[i];
            return &all[i];
        }
    return NULL;
}

static bool add_part(gl_edi_out *out, const gl_edi_part *part, const void *record, size_t index)
{
    const void *slot = part->target == NULL ? NULL : (const char *)record + part->target->offset;
    gl_str text = slot == NULL ? GL_STR("") : text_of(out, part->target, slot, index);
    bool *done = NULL;
    const gl_declaration_attribute *attribute = NULL;
    switch (part->kind) {
    case GL_EDI_TEXT:
        return gl_edi_add(out, part->element, text);
    case GL_EDI_JOIN:
        return text.len > 0 && gl_edi_add_joined(out, part->element, text);
    case GL_EDI_UNIT:
        return gl_edi_add(out, part->element, unit_of(part->target, slot)) && false;
    case GL_EDI_QUANTITY:
        if (text.len > 0 && unit_of(part->target, slot).len > 0)
            text = gl_str_of(
                gl_arena_printf(out->arena, "%.*s %.*s", GL_STR_ARG(text), GL_STR_ARG(unit_of(part->target, slot))));
        return gl_edi_add(out, part->element, text);
    case GL_EDI_CODE:
        attribute = next_attribute(out, part->field, &done);
        return attribute != NULL && (*done = gl_edi_add(out, part->element, attribute->code));
    case GL_EDI_LEFT:
        break;
    }
    return false;
}

static size_t add_parts(gl_edi_out *out, const gl_edi_rule *rule, const void *record, size_t index)
{
    size_t added = 0;
    for (const gl_edi_part *part = rule->parts; part != NULL && part->element != NULL; part++)
        added += add_part(out, part, record, index);
    return added;
}

size_t gl_edi_add_parts(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    return add_parts(out, rule, record, 0);
}

/* --- rules --- */

/* Elements that must be there and say nothing: measurements, mutually agreed indicators. */
static const struct {
    const char *tag, *element, *value;
} fixed[] = {{"MEA", "6311", "AAE"}, {"GEI", "9649", "ZZZ"}};

/* Begins the rule's segment, with its qualifier. */
static void begin_rule(gl_edi_out *out, const gl_edi_rule *rule, gl_str qualifier)
{
    gl_edi_begin(out, rule->tag);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i].tag, rule->tag) == 0)
            gl_edi_add(out, fixed[i].element, gl_str_of(fixed[i].value));
    if (qualifier.len > 0 && rule->by != NULL)
        gl_edi_add(out, rule->by, qualifier);
    else if (qualifier.len > 0)
        add_at(out, (gl_edi_position){1, 1}, qualifier);
}

static gl_str first_qualifier(const gl_edi_rule *rule)
{
    if (rule->qualifiers == NULL || strcmp(rule->qualifiers, "@@") == 0)
        return GL_STR("");
    if (strcmp(rule->qualifiers, "*") == 0)
        return GL_STR("1");
    return (gl_str){rule->qualifiers, strcspn(rule->qualifiers, "|")};
}

static void put_inside(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    if (rule->inside != NULL)
        gl_edi_put_table(out, rule->inside, record);
}

static void put_fields(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    bool several = rule->parts[0].target != NULL && rule->parts[0].target->kind == GL_FIELD_TEXTS;
    size_t count = 1;
    if (several)
        count = ((const gl_list *)(const void *)((const char *)record + rule->parts[0].target->offset))->count;
    for (size_t i = 0; i < count; i++) {
        begin_rule(out, rule, first_qualifier(rule));
        if (add_parts(out, rule, record, i) > 0 && gl_edi_end(out))
            put_inside(out, rule, record);
    }
}

static void put_record(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const void *inner = *(const gl_record_pointer *)(const void *)((const char *)record + rule->target->offset);
    if (inner == NULL)
        return;
    begin_rule(out, rule, first_qualifier(rule));
    add_parts(out, rule, inner, 0);
    if (gl_edi_end(out))
        put_inside(out, rule, inner);
}

static void put_list(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    const gl_list *list = (const void *)((const char *)record + rule->target->offset);
    const gl_shape *shape = rule->target->shape;
    for (size_t i = 0; i < list->count; i++) {
        const char *element = (const char *)list->at + i * shape->bytes;
        int key = -1;
        if (rule->key >= 0)
            memcpy(&key, element + shape->fields[0].offset, sizeof key);
        if (key != rule->key)
            continue;
        begin_rule(out, rule, GL_STR(""));
        add_parts(out, rule, element, 0);
        if (gl_edi_end(out))
            put_inside(out, rule, element);
    }
}

/* --- attributes --- */

static bool lists(const char *qualifiers, gl_str text)
{
    for (size_t len; *qualifiers != 0; qualifiers += len + (qualifiers[len] == '|')) {
        len = strcspn(qualifiers, "|");
        if (len == text.len && memcmp(qualifiers, text.ptr, len) == 0)
            return true;
    }
    return false;
}

static bool are_letters(gl_str text)
{
    return text.len == 2 && text.ptr[0] >= 'A' && text.ptr[0] <= 'Z' && text.ptr[1] >= 'A' && text.ptr[1] <= 'Z';
}

/* Does a rule before this one read segments of this qualifier? */
static bool is_taken(const gl_edi_out *out, const gl_edi_rule *rule, gl_str qualifier)
{
    for (const gl_edi_rule *other = out->table->rules; other < rule; other++) {
        if (other->code != rule->code || other->qualifiers == NULL)
            continue;
        if (strcmp(other->qualifiers, "@@") == 0 ? are_letters(qualifier) : lists(other->qualifiers, qualifier))
            return true;
    }
    return false;
}

/* The segment with the code in its parts: split at a space where there are two. */
static bool add_code(gl_edi_out *out, const gl_edi_rule *rule, gl_str code)
{
    const gl_edi_part *first = &rule->parts[0], *second = &rule->parts[1];
    size_t before = out->count;
    for (size_t i = code.len; second->element != NULL && second->kind != GL_EDI_LEFT && i-- > 1;) {
        if (code.ptr[i] != ' ' || i + 1 == code.len || code.ptr[i - 1] == ' ' || code.ptr[i + 1] == ' ')
            continue;
        if (gl_edi_add(out, first->element, (gl_str){code.ptr, i}) &&
            gl_edi_add(out, second->element, (gl_str){code.ptr + i + 1, code.len - i - 1}))
            return true;
        out->count = before;
    }
    return gl_edi_add(out, first->element, code);
}

/* Makes the attribute's segment, which is not ended; false: the rule is not about it, or it does not fit. */
static bool make_attribute(gl_edi_out *out, const gl_edi_rule *rule, const gl_declaration_attribute *attribute)
{
    size_t len = strlen(rule->field);
    bool open = rule->field[len - 1] == '_';
    gl_str type = attribute->type, suffix = GL_STR("");
    if (rule->read_only || !gl_str_starts(type, gl_str_of(rule->field)) || (!open && type.len != len))
        return false;
    suffix = (gl_str){type.ptr + len, type.len - len};
    if (open && (is_taken(out, rule, suffix) || (suffix.len == 0 && rule->by == NULL)))
        return false;
    begin_rule(out, rule, GL_STR(""));
    bool qualified = suffix.len == 0 || (rule->by != NULL ? gl_edi_add(out, rule->by, suffix)
                                                          : add_at(out, (gl_edi_position){1, 1}, suffix));
    return qualified && add_code(out, rule, attribute->code) && is_complete(out);
}

static const gl_list *attributes_of(const gl_edi_out *out)
{
    return out->item != NULL ? (const gl_list *)(const void *)&out->item->attributes
                             : (const gl_list *)(const void *)&out->declaration->attributes;
}

static void put_attributes(gl_edi_out *out, const gl_edi_rule *rule)
{
    const gl_list *list = attributes_of(out);
    for (size_t i = 0; i < list->count; i++)
        if (!out->attribute_done[i] && make_attribute(out, rule, (const gl_declaration_attribute *)list->at + i))
            out->attribute_done[i] = gl_edi_end(out);
}

/* A part that takes it, of a record that is there. */
static bool has_part(const gl_edi_out *out, const gl_edi_rule *rule, const gl_declaration_attribute *attribute)
{
    if (rule->action != GL_EDI_RECORD || rule->read_only || out->item != NULL)
        return false;
    const char *record = (const char *)out->declaration;
    for (const gl_edi_part *part = rule->parts; part != NULL && part->element != NULL; part++)
        if (part->kind == GL_EDI_CODE && gl_str_eqz(attribute->type, part->field))
            return *(const gl_record_pointer *)(const void *)(record + rule->target->offset) != NULL;
    return false;
}

bool gl_edi_has_place(gl_edi_out *out, const gl_declaration_attribute *attribute)
{
    for (size_t i = 0; i < out->table->count; i++) {
        const gl_edi_rule *rule = &out->table->rules[i];
        if ((rule->action == GL_EDI_ATTRIBUTE && make_attribute(out, rule, attribute)) ||
            has_part(out, rule, attribute))
            return true;
    }
    return false;
}

/* --- the walk --- */

static void put_rule(gl_edi_out *out, const gl_edi_rule *rule, const void *record)
{
    if (rule->put != NULL) {
        rule->put(out, rule, record);
        return;
    }
    if (rule->read_only)
        return;
    switch (rule->action) {
    case GL_EDI_FIELDS:
        put_fields(out, rule, record);
        return;
    case GL_EDI_RECORD:
        put_record(out, rule, record);
        return;
    case GL_EDI_LIST:
        put_list(out, rule, record);
        return;
    case GL_EDI_ATTRIBUTE:
        put_attributes(out, rule);
        return;
    case GL_EDI_CUSTOM:
    case GL_EDI_SKIP:
        return;
    }
}

void gl_edi_put_table(gl_edi_out *out, const gl_edi_table *table, const void *record)
{
    const gl_edi_table *around = out->table;
    out->table = table;
    for (size_t i = 0; i < table->count; i++)
        put_rule(out, &table->rules[i], record);
    out->table = around;
}

/* --- the interchange --- */

static void put_prologue(gl_edi_out *out)
{
    const gl_declaration *declaration = out->declaration;
    int year, month, day;
    int64_t seconds = gl_wall_us() / US_PER_S;
    gl_date_civil((int32_t)(seconds / 86400), &year, &month, &day);
    gl_buf_text(out->buf, "UNA:+.?*'\nUNB+UNOY:4+");
    put_escaped(out->buf, declaration->submitter.len > 0 && gl_edi_characters(declaration->submitter) <= 35
                              ? declaration->submitter
                              : GL_STR("GREENLANE"));
    gl_buf_printf(out->buf, "+CUSTOMS+%04d%02d%02d:%02d%02d+1", year, month, day, (int)(seconds % 86400 / 3600),
                  (int)(seconds / 60 % 60));
    gl_buf_text(out->buf, declaration->test_indicator ? "++++++1'\n" : "'\n");
}

static void write_message(gl_edi_out *out)
{
    out->cursor.last = &out->tag;
    gl_edi_begin(out, "UNH");
    gl_edi_add(out, "0062", GL_STR("1"));
    gl_edi_add(out, "0065", GL_STR("CUSDEC"));
    gl_edi_add(out, "0052", GL_STR("D"));
    gl_edi_add(out, "0054", GL_STR("16B"));
    gl_edi_add(out, "0051", GL_STR("UN"));
    gl_edi_end(out);
    gl_edi_put_table(out, &gl_edi_cusdec, out->declaration);
    gl_edi_begin(out, "UNT");
    gl_edi_add(out, "0074", gl_str_of(gl_arena_printf(out->arena, "%zu", out->segments + 1)));
    gl_edi_add(out, "0062", GL_STR("1"));
    gl_edi_end(out);
}

bool gl_edi_write_checked(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    size_t from = buf->len;
    gl_edi_out out = {.buf = buf, .arena = arena, .declaration = declaration};
    written->count = 0;
    if (declaration->family == GL_DECLARATION_FAMILY_ENTRY_SUMMARY) {
        written->why = GL_STR("an entry summary: CUSDEC declares imports and exports");
        return false;
    }
    gl_edi_prepare();
    out.directory = gl_edi_directory_of(GL_STR("D"), GL_STR("16B"));
    gl_edi_cursor_init(&out.cursor, out.directory, gl_edi_message_of(out.directory, GL_STR("CUSDEC")), SECTIONS);
    out.attribute_done = gl_arena_calloc(arena, declaration->attributes.count + 1, sizeof *out.attribute_done);
    put_prologue(&out);
    write_message(&out);
    gl_buf_text(buf, "UNZ+1+1'\n");
    gl_str bytes = {(const char *)buf->data + from, buf->len - from};
    return gl_writer_check(arena, GL_FORMAT_EDIFACT, "edifact-cusdec", bytes, declaration, written);
}
