/* Our own JSON: the canonical declaration in its own names (docs/FORMATS.md).
 *
 * The canonical table says what each field must be; what it does not know is an error with the nearest known name.
 */
#include "base/yaml.h"
#include "ingest/formats/json/elements.h"
#include "ingest/formats/trade/trade_map.h"

/* The parts of an amount or measure: {"amount": "12.50", "currency": "EUR"}, {"value": "1.2", "unit": "KGM"}. */
typedef struct parts {
    const gl_json *number_node, *unit_node;
    gl_str number, unit;
} parts;

static void parts_of_text(const gl_json *json, parts *out)
{
    const char *space = memchr(json->text.ptr, ' ', json->text.len);
    out->number_node = json;
    out->number = json->text;
    if (space == NULL)
        return;
    out->unit_node = json;
    out->number.len = (size_t)(space - json->text.ptr);
    out->unit = (gl_str){space + 1, json->text.len - out->number.len - 1};
}

static bool parts_of_object(gl_report *report, const gl_json *json, const gl_path *path, const char *const names[3],
                            parts *out)
{
    for (size_t i = 0; i < json->count; i++) {
        const gl_json *member = json->items[i];
        bool number = gl_str_eqz(json->keys[i], names[0]);
        if (!number && !gl_str_eqz(json->keys[i], names[1])) {
            const char *allowed = gl_arena_printf(report->arena, "%s, %s", names[0], names[1]);
            gl_report_at(
                report, member, path,
                &(gl_problem){.code = "unknown-field",
                              .allowed = allowed,
                              .hint = gl_report_wants_hint(report) ? gl_nearest_name(json->keys[i], names) : NULL},
                "unknown field \"%.*s\"", GL_STR_ARG(json->keys[i]));
            return false;
        }
        if (member->type == GL_JSON_NULL)
            continue;
        if (member->type != GL_JSON_STRING && !(number && member->type == GL_JSON_NUMBER)) {
            gl_json_wrong_type(report, member, path, number ? "a decimal number" : "text", NULL);
            return false;
        }
        *(number ? &out->number : &out->unit) = member->text;
        *(number ? &out->number_node : &out->unit_node) = member;
    }
    if (out->number_node == NULL)
        gl_report_at(report, json, path, &(gl_problem){.code = "missing", .allowed = names[0]}, "\"%s\" is missing",
                     names[0]);
    return out->number_node != NULL;
}

static void read_quantity(gl_report *report, const gl_field *field, void *record, const gl_json *json,
                          const gl_path *path)
{
    static const char *const amount_names[] = {"amount", "currency", NULL}, *const measure_names[] = {"value", "unit",
                                                                                                      NULL};
    bool amount = field->kind == GL_FIELD_AMOUNT;
    parts found = {0};
    if (json->type == GL_JSON_STRING) {
        parts_of_text(json, &found);
    } else if (json->type == GL_JSON_NUMBER) {
        found.number = json->text;
        found.number_node = json;
    } else if (json->type != GL_JSON_OBJECT) {
        gl_json_wrong_type(report, json, path,
                           amount ? "{\"amount\": \"12.50\", \"currency\": \"EUR\"} or \"12.50 EUR\""
                                  : "{\"value\": \"1.2\", \"unit\": \"KGM\"} or \"1.2 KGM\"",
                           NULL);
        return;
    } else if (!parts_of_object(report, json, path, amount ? amount_names : measure_names, &found)) {
        return;
    }
    if (found.number.len == 0) {
        gl_report_at(report, found.number_node, path, &(gl_problem){.code = "invalid-number"}, "the number is empty");
        return;
    }
    if (!gl_field_set_text(report, field, record, found.number, found.number_node, path) || found.unit_node == NULL)
        return;
    void *target = *(gl_record_pointer *)((char *)record + field->offset);
    gl_str *unit =
        amount ? &((gl_declaration_amount *)target)->currency_code : &((gl_declaration_measure *)target)->unit_code;
    *unit = found.unit;
    gl_report_origin(report, unit, found.unit_node);
}

static void read_record(gl_report *report, const gl_shape *shape, void *record, const gl_json *json,
                        const gl_path *path);

static void read_texts(gl_report *report, const gl_field *field, void *slot, const gl_json *json, const gl_path *path)
{
    if (json->type != GL_JSON_ARRAY) {
        gl_json_wrong_type(report, json, path, "a list of texts", NULL);
        return;
    }
    gl_str *texts = GL_NEW_N(report->arena, gl_str, json->count);
    gl_list *list = slot;
    for (size_t i = 0; i < json->count; i++) {
        if (json->items[i]->type != GL_JSON_STRING) {
            gl_json_wrong_type(report, json->items[i], path, gl_field_kind_text(GL_FIELD_TEXT), NULL);
            continue;
        }
        texts[list->count] = json->items[i]->text;
        gl_report_origin(report, gl_record_slot(&texts[list->count++]), json->items[i]);
    }
    list->at = texts;
    (void)field;
}

static void read_list(gl_report *report, const gl_field *field, void *slot, const gl_json *json, const gl_path *path)
{
    if (json->type != GL_JSON_ARRAY) {
        gl_json_wrong_type(report, json, path, gl_field_kind_text(GL_FIELD_LIST), NULL);
        return;
    }
    gl_list *list = slot;
    size_t bytes = field->shape->bytes;
    list->at = gl_arena_calloc(report->arena, json->count, bytes);
    for (size_t i = 0; i < json->count; i++) {
        void *element = (char *)list->at + i * bytes;
        gl_path inner = {path, NULL, gl_record_slot(element)};
        if (json->items[i]->type != GL_JSON_OBJECT)
            gl_json_wrong_type(report, json->items[i], path, "an object", NULL);
        else
            read_record(report, field->shape, element, json->items[i], &inner);
    }
    list->count = json->count;
}

static void read_text(gl_report *report, const gl_field *field, void *record, const gl_json *json, const gl_path *path)
{
    bool number = field->kind == GL_FIELD_INT || field->kind == GL_FIELD_OPT_INT || field->kind == GL_FIELD_DECIMAL;
    bool both = field->kind == GL_FIELD_DECIMAL;
    if (json->type != (number ? GL_JSON_NUMBER : GL_JSON_STRING) && !(both && json->type == GL_JSON_STRING)) {
        const char *hint =
            !number && json->type == GL_JSON_NUMBER ? "write it in quotes: codes keep their leading zeros" : NULL;
        gl_json_wrong_type(report, json, path, gl_field_kind_text(field->kind), hint);
        return;
    }
    if (json->text.len == 0 && field->kind != GL_FIELD_TEXT)
        gl_report_at(report, json, path,
                     &(gl_problem){.code = "wrong-type", .allowed = gl_field_kind_text(field->kind)}, "%s is empty",
                     field->name);
    else
        gl_field_set_text(report, field, record, json->text, json, path);
}

static void read_value(gl_report *report, const gl_field *field, void *record, const gl_json *json, const gl_path *path)
{
    char *slot = (char *)record + field->offset;
    switch (field->kind) {
    case GL_FIELD_AMOUNT:
    case GL_FIELD_MEASURE:
        read_quantity(report, field, record, json, path);
        return;
    case GL_FIELD_BOOL:
        if (json->type != GL_JSON_TRUE && json->type != GL_JSON_FALSE)
            gl_json_wrong_type(report, json, path, gl_field_kind_text(field->kind), NULL);
        *(bool *)slot = json->type == GL_JSON_TRUE;
        return;
    case GL_FIELD_RECORD:
        if (json->type != GL_JSON_OBJECT) {
            gl_json_wrong_type(report, json, path, gl_field_kind_text(field->kind), NULL);
            return;
        }
        *(gl_record_pointer *)(void *)slot = gl_arena_calloc(report->arena, 1, field->shape->bytes);
        read_record(report, field->shape, *(gl_record_pointer *)(void *)slot, json, path);
        return;
    case GL_FIELD_TEXTS:
        gl_report_origin(report, slot, json);
        read_texts(report, field, slot, json, path);
        return;
    case GL_FIELD_LIST:
        if (json->type != GL_JSON_ARRAY || json->count > 0) /* an empty list gives nothing */
            gl_report_origin(report, slot, json);
        read_list(report, field, slot, json, path);
        return;
    case GL_FIELD_TEXT:
    case GL_FIELD_INT:
    case GL_FIELD_OPT_INT:
    case GL_FIELD_DATE:
    case GL_FIELD_INSTANT:
    case GL_FIELD_ENUM:
    case GL_FIELD_DECIMAL:
        read_text(report, field, record, json, path);
        return;
    }
}

static void unknown_field(gl_report *report, const gl_shape *shape, gl_str key, const gl_json *value,
                          const gl_path *path)
{
    static const char *const assigned[] = {"declaration_id", "content_digest", "mrn",     "mrn_provisional",
                                           "submitter",      "accepted_at",    "message", NULL};
    if (shape == &gl_shape_declaration && gl_names_index(assigned, key) >= 0) {
        gl_report_at(report, value, path, &(gl_problem){.code = "unknown-field", .hint = "leave it out"},
                     "\"%.*s\" is given by Greenlane, never by the sender", GL_STR_ARG(key));
        return;
    }
    const char *nearest = gl_report_wants_hint(report) ? gl_shape_nearest(shape, key) : NULL;
    const char *hint = nearest == NULL ? NULL : gl_arena_printf(report->arena, "did you mean \"%s\"?", nearest);
    gl_report_at(report, value, path, &(gl_problem){.code = "unknown-field", .hint = hint}, "%s has no field \"%.*s\"",
                 shape->name, GL_STR_ARG(key));
}

/* Enums have no value that says "not given"; texts are validation's. */
static void check_enums(gl_report *report, const gl_shape *shape, const gl_json *json, const gl_path *path)
{
    for (size_t i = 0; i < shape->count; i++) {
        const gl_field *field = &shape->fields[i];
        const gl_json *value = field->kind == GL_FIELD_ENUM ? gl_json_get(json, field->name) : json;
        if (value != NULL && value->type != GL_JSON_NULL)
            continue;
        gl_path member = {path, field->name, NULL};
        gl_report_at(report, json, &member, &(gl_problem){.code = "missing"}, "%s: %s is missing", shape->name,
                     field->name);
    }
}

static void read_record(gl_report *report, const gl_shape *shape, void *record, const gl_json *json,
                        const gl_path *path)
{
    const gl_field *next = shape->fields, *end = shape->fields + shape->count;
    gl_report_origin(report, gl_record_slot(record), json);
    for (size_t i = 0; i < json->count; i++) {
        gl_str key = json->keys[i];
        /* Most senders keep our order: the field after the last one is the first guess. */
        while (next != end && next->name_len != key.len)
            next++;
        const gl_field *field =
            next != end && memcmp(next->name, key.ptr, key.len) == 0 ? next : gl_shape_field(shape, key);
        if (field == NULL) {
            unknown_field(report, shape, key, json->items[i], path);
            next = shape->fields;
            continue;
        }
        next = field + 1;
        if (json->items[i]->type == GL_JSON_NULL)
            continue;
        gl_path member = {path, field->name, (char *)record + field->offset};
        read_value(report, field, record, json->items[i], &member);
    }
    if (shape != &gl_shape_declaration)
        check_enums(report, shape, json, path);
}

static void read_declaration(gl_reader *reader, gl_intake *intake, const gl_json *tree, gl_str text)
{
    const gl_json *document, *around = gl_json_elements_around(reader);
    reader->form = NULL;
    if (around != NULL || gl_trade_form_of(tree, &document) != NULL) {
        gl_trade_read(reader, intake, tree, around, text);
        return;
    }
    read_record(&reader->report, &gl_shape_declaration, &intake->declaration, tree, NULL);
    gl_intake_finish(reader, intake, text, (gl_str){NULL, 0});
}

bool gl_json_reader_open(gl_reader *reader, gl_err *err)
{
    static const gl_json_kind declaration = {"a", "declaration", "declarations", "houseBills", read_declaration};
    (void)err;
    gl_json_elements_open(reader, &declaration);
    return true;
}
