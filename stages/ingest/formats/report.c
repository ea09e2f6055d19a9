/* See report.h. */
#include "ingest/formats/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "customs/money.h"

void gl_report_begin(gl_report *report, gl_arena *arena, const gl_locator *locator, const void *source,
                     const void *root)
{
    report->arena = arena;
    report->locator = locator;
    report->source = source;
    report->root = root;
    report->errors = NULL;
    report->error_count = report->error_capacity = report->origin_count = 0;
    report->rejected = false;
}

void gl_report_origin_grow(gl_report *report)
{
    size_t capacity = report->origin_capacity == 0 ? 128 : report->origin_capacity * 2;
    gl_origin *origins = gl_arena_alloc(report->keep, capacity * sizeof *origins);
    if (report->origin_count > 0)
        memcpy(origins, report->origins, report->origin_count * sizeof *origins);
    report->origins = origins;
    report->origin_capacity = capacity;
}

static const void *origin_of(const gl_report *report, const void *slot)
{
    for (size_t i = report->origin_count; i-- > 0;)
        if (report->origins[i].slot == slot)
            return report->origins[i].node;
    return NULL;
}

bool gl_report_given(const gl_report *report, const void *slot)
{
    for (size_t i = 0; i < report->origin_count; i++)
        if (report->origins[i].slot == slot)
            return true;
    return false;
}

gl_str gl_path_text(gl_arena *arena, const gl_path *path)
{
    const char *names[GL_REPORT_LIMIT];
    size_t depth = 0;
    for (const gl_path *p = path; p != NULL && depth < GL_REPORT_LIMIT; p = p->parent)
        if (p->name != NULL)
            names[depth++] = p->name;
    gl_buf text = gl_buf_in(arena);
    while (depth > 0) {
        gl_buf_text(&text, names[--depth]);
        if (depth > 0)
            gl_buf_byte(&text, '.');
    }
    return text.len == 0 ? GL_STR("") : gl_buf_view(&text);
}

/* Cut at a character boundary, so that what is left is what the source begins with. */
static gl_str shortened(gl_str value)
{
    if (value.len <= GL_REPORT_VALUE_BYTES)
        return value;
    size_t len = GL_REPORT_VALUE_BYTES;
    while (len > 0 && ((unsigned char)value.ptr[len] & 0xC0) == 0x80)
        len--;
    return (gl_str){value.ptr, len};
}

/* An Avro string is UTF-8: what is not becomes U+FFFD. */
static gl_str as_utf8(gl_arena *arena, gl_str value)
{
    size_t bad = 0;
    if (value.ptr == NULL || gl_str_is_utf8(value, &bad))
        return value;
    gl_buf out = gl_buf_in(arena);
    while (value.len > 0 && !gl_str_is_utf8(value, &bad)) {
        gl_buf_bytes(&out, value.ptr, bad);
        gl_buf_text(&out, "\xEF\xBF\xBD");
        value.ptr += bad + 1;
        value.len -= bad + 1;
    }
    gl_buf_str(&out, value);
    return gl_buf_view(&out);
}

/* Of a party everything but its codes and its number: names, addresses, communications, and what nobody knows. */
static bool is_personal(const gl_path *path)
{
    static const char *const open_fields[] = {"role", "role_code", "id", "country_code", NULL};
    const char *leaf = NULL;
    for (const gl_path *p = path; p != NULL; p = p->parent) {
        if (p->name != NULL && strcmp(p->name, "parties") == 0)
            return p != path && (leaf == NULL || gl_names_index(open_fields, gl_str_of(leaf)) < 0);
        leaf = p->name != NULL ? p->name : leaf;
    }
    return false;
}

gl_str gl_report_masked(gl_arena *arena, gl_str value)
{
    size_t first = 0, count = 0;
    for (size_t i = 0; i < value.len; i++) {
        bool begins = ((unsigned char)value.ptr[i] & 0xC0) != 0x80;
        count += begins;
        first += count == 1;
    }
    return gl_str_of(gl_arena_printf(arena, "%.*s… (%zu characters)", (int)first, value.ptr, count));
}

static gl_rejection_validation_error *next_error(gl_report *report)
{
    if (report->error_count == report->error_capacity) {
        size_t capacity = report->error_capacity == 0 ? 4 : report->error_capacity * 2;
        gl_rejection_validation_error *errors = GL_NEW_N(report->arena, gl_rejection_validation_error, capacity);
        if (report->error_count > 0)
            memcpy(errors, report->errors, report->error_count * sizeof *errors);
        report->errors = errors;
        report->error_capacity = capacity;
    }
    gl_rejection_validation_error *error = &report->errors[report->error_count++];
    *error = (gl_rejection_validation_error){0};
    return error;
}

static void add(gl_report *report, gl_str pointer, gl_str value, const gl_path *path, const gl_problem *problem,
                const char *format, va_list args)
{
    report->rejected = report->rejected || !problem->warning;
    if (report->error_count == GL_REPORT_LIMIT)
        return;
    gl_rejection_validation_error *error = next_error(report);
    if (report->error_count == GL_REPORT_LIMIT) {
        error->code = GL_STR("too-many-errors");
        error->severity = report->rejected ? GL_REJECTION_SEVERITY_ERROR : GL_REJECTION_SEVERITY_WARNING;
        error->pointer = GL_STR("");
        error->text = GL_STR("there are more errors than are listed here");
        return;
    }
    char text[512];
    int len = vsnprintf(text, sizeof text, format, args);
    size_t used = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    error->code = gl_str_of(problem->code);
    error->severity = problem->warning ? GL_REJECTION_SEVERITY_WARNING : GL_REJECTION_SEVERITY_ERROR;
    error->pointer = as_utf8(report->arena, pointer);
    if (path != NULL)
        error->field = gl_path_text(report->arena, path);
    error->value = as_utf8(report->arena, shortened(problem->value.ptr != NULL ? problem->value : value));
    if (error->value.len > 0 && is_personal(path))
        error->value = gl_report_masked(report->arena, error->value);
    if (problem->allowed != NULL)
        error->allowed = gl_str_of(gl_arena_strndup(report->arena, problem->allowed, strlen(problem->allowed)));
    error->text = as_utf8(report->arena, (gl_str){gl_arena_strndup(report->arena, text, used), used});
    if (problem->hint != NULL)
        error->hint = gl_str_of(gl_arena_strndup(report->arena, problem->hint, strlen(problem->hint)));
}

static void add_at(gl_report *report, const void *node, bool with_value, const gl_path *path, const gl_problem *problem,
                   const char *format, va_list args)
{
    report->rejected = report->rejected || !problem->warning;
    if (report->error_count == GL_REPORT_LIMIT)
        return;
    if (node == NULL)
        node = report->root;
    gl_str pointer = GL_STR(""), value = {NULL, 0};
    if (node != NULL) {
        pointer = report->locator->pointer(report->source, report->arena, node);
        if (with_value)
            value = report->locator->value(report->source, report->arena, node);
    }
    add(report, pointer, value, path, problem, format, args);
}

void gl_report_at(gl_report *report, const void *node, const gl_path *path, const gl_problem *problem,
                  const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_at(report, node, node != NULL, path, problem, format, args);
    va_end(args);
}

void gl_report_field(gl_report *report, const gl_path *path, const gl_problem *problem, const char *format, ...)
{
    report->rejected = report->rejected || !problem->warning;
    if (report->error_count == GL_REPORT_LIMIT)
        return;
    const void *node = NULL;
    bool own = true;
    for (const gl_path *p = path; p != NULL && node == NULL; p = p->parent) {
        if (p->slot != NULL)
            node = origin_of(report, p->slot);
        own = node != NULL && p == path;
    }
    if (!own && report->locator->place != NULL) {
        const void *place = report->locator->place(report->source, gl_path_text(report->arena, path));
        node = place != NULL ? place : node;
        own = place != NULL;
    }
    va_list args;
    va_start(args, format);
    add_at(report, node, own, path, problem, format, args);
    va_end(args);
}

void gl_report_raw(gl_report *report, gl_str pointer, const gl_problem *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(report, pointer, (gl_str){NULL, 0}, NULL, problem, format, args);
    va_end(args);
}

/* The elements at `old` are now at `fresh`. What was noted about them came after the first one was appended. */
static void move_origins(gl_report *report, const char *old, size_t bytes, const char *fresh)
{
    uintptr_t base = (uintptr_t)old;
    for (size_t i = report->origin_count; i-- > 0;) {
        uintptr_t slot = (uintptr_t)report->origins[i].slot;
        if (slot >= base && slot < base + bytes)
            report->origins[i].slot = fresh + (slot - base);
        if (slot == (uintptr_t)gl_record_slot(old))
            return;
    }
}

void *gl_list_append(gl_report *report, gl_list *list, size_t bytes, const void *node)
{
    /* Room for 1, 2, 4, 8 ...: the count alone tells when it is full. */
    if ((list->count & (list->count - 1)) == 0) {
        char *old = list->at, *fresh = gl_arena_alloc(report->arena, (list->count == 0 ? 1 : list->count * 2) * bytes);
        if (list->count > 0) {
            memcpy(fresh, old, list->count * bytes);
            move_origins(report, old, list->count * bytes, fresh);
        }
        list->at = fresh;
    }
    void *element = (char *)list->at + list->count++ * bytes;
    memset(element, 0, bytes);
    gl_report_origin(report, gl_record_slot(element), node);
    return element;
}

typedef struct sorted {
    gl_str key;
    size_t index;
} sorted;

static int by_key(const void *first, const void *second)
{
    const sorted *a = first, *b = second;
    size_t common = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = common == 0 ? 0 : memcmp(a->key.ptr, b->key.ptr, common);
    if (order == 0 && a->key.len != b->key.len)
        order = a->key.len < b->key.len ? -1 : 1;
    return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

void gl_list_sort(gl_report *report, gl_list *list, size_t bytes, gl_list_key *key, const void *first)
{
    sorted *order = GL_NEW_N(report->arena, sorted, list->count + 1);
    size_t *place = GL_NEW_N(report->arena, size_t, list->count + 1);
    uintptr_t base = (uintptr_t)list->at;
    for (size_t i = 0; i < list->count; i++)
        order[i] = (sorted){key((const char *)list->at + i * bytes), i};
    if (list->count > 1)
        qsort(order, list->count, sizeof *order, by_key);
    size_t room = 1; /* as gl_list_append keeps it */
    while (room < list->count)
        room *= 2;
    char *fresh = gl_arena_alloc(report->arena, room * bytes);
    for (size_t i = 0; i < list->count; i++) {
        memcpy(fresh + i * bytes, (const char *)list->at + order[i].index * bytes, bytes);
        place[order[i].index] = i;
    }
    for (size_t i = report->origin_count; i-- > 0 && list->count > 0;) {
        uintptr_t slot = (uintptr_t)report->origins[i].slot;
        if (slot >= base && slot < base + list->count * bytes)
            report->origins[i].slot = fresh + place[(slot - base) / bytes] * bytes + (slot - base) % bytes;
        if (first != NULL && slot == (uintptr_t)first)
            break;
    }
    list->at = fresh;
}

bool gl_report_decimal(gl_report *report, gl_str text, const void *node, const gl_path *path, int64_t *unscaled,
                       int32_t *scale)
{
    gl_decimal decimal;
    /* With 18 decimals "0." would make a 19th digit when it is written again. */
    if (gl_decimal_parse(text, &decimal) && decimal.scale < 18) {
        *unscaled = decimal.unscaled;
        *scale = decimal.scale;
        return true;
    }
    size_t digits = 0, others = 0;
    for (size_t i = 0; i < text.len; i++) {
        digits += text.ptr[i] >= '0' && text.ptr[i] <= '9';
        others += (text.ptr[i] < '0' || text.ptr[i] > '9') && text.ptr[i] != '.' && (i > 0 || text.ptr[i] != '-');
    }
    if (others == 0 && digits >= 18)
        gl_report_at(report, node, path,
                     &(gl_problem){.code = "out-of-range", .allowed = "at most 18 digits, 17 of them decimals"},
                     "the number has %zu digits", digits);
    else
        gl_report_at(report, node, path,
                     &(gl_problem){.code = "invalid-number", .allowed = "digits with at most one \".\""},
                     "not a decimal number");
    return false;
}

static bool set_int(gl_report *report, gl_str text, const void *node, const gl_path *path, int32_t *value)
{
    uint64_t number = 0;
    if (!gl_str_to_u64(text, INT32_MAX, &number)) {
        *value = GL_FIELD_INT_BAD;
        gl_report_at(report, node, path,
                     &(gl_problem){.code = "invalid-number", .allowed = "a whole number of at most 2147483647"},
                     "not a whole number");
        return false;
    }
    *value = (int32_t)number;
    return true;
}

/* An INT is 0 when it is not given, so 0 cannot be given. */
static bool set_positive(gl_report *report, gl_str text, const void *node, const gl_path *path, int32_t *value)
{
    if (!set_int(report, text, node, path, value))
        return false;
    if (*value > 0)
        return true;
    *value = GL_FIELD_INT_BAD;
    gl_report_at(report, node, path, &(gl_problem){.code = "out-of-range", .allowed = "1 or more"}, "the number is 0");
    return false;
}

static bool set_time(gl_report *report, const gl_field *field, void *slot, gl_str text, const void *node,
                     const gl_path *path)
{
    bool date = field->kind == GL_FIELD_DATE;
    gl_opt_i32 *days = slot;
    gl_opt_i64 *instant = slot;
    if (date ? gl_date_parse(text, &days->value) : gl_time_parse(text, &instant->value)) {
        *(date ? &days->set : &instant->set) = true;
        return true;
    }
    gl_report_at(report, node, path,
                 &(gl_problem){.code = "invalid-date", .allowed = date ? "2026-11-24" : "2026-11-24T06:35:01Z"},
                 date ? "not a date that exists" : "not an instant with a time zone");
    return false;
}

/* "A, B, C" in the arena. */
static const char *name_list(gl_arena *arena, const char *const *names)
{
    gl_buf text = gl_buf_in(arena);
    for (size_t i = 0; names[i] != NULL; i++)
        gl_buf_printf(&text, "%s%s", i > 0 ? ", " : "", names[i]);
    gl_buf_byte(&text, 0);
    return (const char *)text.data;
}

static bool set_enum(gl_report *report, const gl_field *field, void *slot, gl_str text, const void *node,
                     const gl_path *path)
{
    int index = gl_names_index(field->names, text);
    if (index >= 0) {
        memcpy(slot, &index, sizeof index);
        return true;
    }
    gl_report_at(report, node, path,
                 &(gl_problem){.code = "invalid-code", .allowed = name_list(report->arena, field->names)},
                 "not a known %s", field->name);
    return false;
}

static bool set_number(gl_report *report, const gl_field *field, void *slot, gl_str text, const void *node,
                       const gl_path *path)
{
    int64_t unscaled = 0;
    int32_t scale = 0;
    if (!gl_report_decimal(report, text, node, path, &unscaled, &scale))
        return false;
    if (field->kind == GL_FIELD_AMOUNT) {
        gl_declaration_amount *amount = GL_NEW(report->arena, gl_declaration_amount);
        *amount = (gl_declaration_amount){unscaled, scale, GL_STR("")};
        *(gl_declaration_amount **)slot = amount;
    } else if (field->kind == GL_FIELD_MEASURE) {
        gl_declaration_measure *measure = GL_NEW(report->arena, gl_declaration_measure);
        *measure = (gl_declaration_measure){unscaled, scale, field->unit == NULL ? GL_STR("") : gl_str_of(field->unit)};
        *(gl_declaration_measure **)slot = measure;
    } else {
        gl_declaration_decimal *decimal = GL_NEW(report->arena, gl_declaration_decimal);
        *decimal = (gl_declaration_decimal){unscaled, scale};
        *(gl_declaration_decimal **)slot = decimal;
    }
    return true;
}

bool gl_field_set_text(gl_report *report, const gl_field *field, void *record, gl_str text, const void *node,
                       const gl_path *path)
{
    if (text.len == 0)
        return true;
    char *slot = (char *)record + field->offset;
    gl_report_origin(report, slot, node);
    switch (field->kind) {
    case GL_FIELD_TEXT:
        *(gl_str *)(void *)slot = text;
        return true;
    case GL_FIELD_TEXTS: {
        gl_str *element = gl_list_append(report, (gl_list *)(void *)slot, sizeof *element, node);
        *element = text;
        return true;
    }
    case GL_FIELD_INT:
        return set_positive(report, text, node, path, (int32_t *)(void *)slot);
    case GL_FIELD_OPT_INT: {
        gl_opt_i32 *value = (void *)slot;
        value->set = set_int(report, text, node, path, &value->value);
        return value->set;
    }
    case GL_FIELD_DATE:
    case GL_FIELD_INSTANT:
        return set_time(report, field, slot, text, node, path);
    case GL_FIELD_ENUM:
        return set_enum(report, field, slot, text, node, path);
    case GL_FIELD_DECIMAL:
    case GL_FIELD_AMOUNT:
    case GL_FIELD_MEASURE:
        return set_number(report, field, slot, text, node, path);
    case GL_FIELD_BOOL:
    case GL_FIELD_RECORD:
    case GL_FIELD_LIST:
        break;
    }
    gl_report_at(report, node, path, &(gl_problem){.code = "wrong-type"}, "%s cannot be set from text", field->name);
    return false;
}
