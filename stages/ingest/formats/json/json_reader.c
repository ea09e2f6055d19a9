/* Our own JSON: the canonical declaration in its own names (docs/FORMATS.md).
 *
 * A message is one object, an array of them, {"declarations": [...]}, or NDJSON (an object a line). Its declarations
 * are cut out one by one (split.h) and parsed alone. The canonical table says what each field must be; what it does not
 * know is an error with the nearest known name. Pointers are RFC 6901 pointers into the whole message; in NDJSON, into
 * the line.
 */
#include "base/yaml.h"
#include "ingest/formats/impl.h"
#include "ingest/formats/json/split.h"
#include "io/json.h"

enum { NODE_LIMIT = GL_INTAKE_LIMIT_BYTES / 2 };

typedef enum form {
    FORM_ONE,     /* one object */
    FORM_ARRAY,   /* [...] */
    FORM_WRAPPED, /* {"declarations": [...]} */
    FORM_LINES,
} form;

typedef struct json_state {
    form form;
    bool first;          /* the next element is the first one of its array */
    gl_str text;         /* of the declaration being read */
    const gl_json *tree; /* NULL: it was not well-formed */
    int64_t index;       /* of the element, from 0 */
} json_state;

static void append_token(gl_buf *pointer, gl_str key)
{
    gl_buf_byte(pointer, '/');
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] == '~')
            gl_buf_text(pointer, "~0");
        else if (key.ptr[i] == '/')
            gl_buf_text(pointer, "~1");
        else
            gl_buf_byte(pointer, (uint8_t)key.ptr[i]);
}

/* Appends the tokens that lead from `from` to `node`. */
static bool find_node(gl_buf *pointer, const gl_json *from, const gl_json *node)
{
    if (from == node)
        return true;
    if (from == NULL || (from->type != GL_JSON_ARRAY && from->type != GL_JSON_OBJECT))
        return false;
    for (size_t i = 0; i < from->count; i++) {
        size_t len = pointer->len;
        if (from->type == GL_JSON_OBJECT)
            append_token(pointer, from->keys[i]);
        else
            gl_buf_printf(pointer, "/%zu", i);
        if (find_node(pointer, from->items[i], node))
            return true;
        pointer->len = len;
    }
    return false;
}

static void pointer_base(gl_buf *pointer, const json_state *state)
{
    if (state->form == FORM_WRAPPED)
        gl_buf_text(pointer, "/declarations");
    if (state->form == FORM_WRAPPED || state->form == FORM_ARRAY)
        gl_buf_printf(pointer, "/%lld", (long long)state->index);
}

static gl_str json_pointer(const void *source, gl_arena *arena, const void *node)
{
    const json_state *state = source;
    gl_buf pointer = gl_buf_in(arena);
    pointer_base(&pointer, state);
    find_node(&pointer, state->tree, node);
    return pointer.len == 0 ? GL_STR("") : gl_buf_view(&pointer);
}

/* A text as it reads, a number, true, false as they are written; objects and lists have no value. */
static gl_str json_value(const void *source, gl_arena *arena, const void *node)
{
    (void)source;
    (void)arena;
    const gl_json *json = node;
    switch (json->type) {
    case GL_JSON_STRING:
        return json->text.ptr == NULL ? GL_STR("") : json->text;
    case GL_JSON_NUMBER:
        return json->text;
    case GL_JSON_TRUE:
        return GL_STR("true");
    case GL_JSON_FALSE:
        return GL_STR("false");
    case GL_JSON_NULL:
    case GL_JSON_ARRAY:
    case GL_JSON_OBJECT:
        break;
    }
    return (gl_str){NULL, 0};
}

static const gl_locator json_locator = {json_pointer, json_value, NULL};

static const char *type_text(gl_json_type type)
{
    static const char *const texts[] = {
        [GL_JSON_NULL] = "null",       [GL_JSON_TRUE] = "true",     [GL_JSON_FALSE] = "false",
        [GL_JSON_NUMBER] = "a number", [GL_JSON_STRING] = "a text", [GL_JSON_ARRAY] = "a list",
        [GL_JSON_OBJECT] = "an object"};
    return texts[type];
}

static void wrong_type(gl_report *report, const gl_json *json, const gl_path *path, const char *expected,
                       const char *hint)
{
    if (path != NULL && path->slot != NULL)
        gl_report_origin(report, path->slot, json);
    gl_report_at(report, json, path, &(gl_problem){.code = "wrong-type", .allowed = expected, .hint = hint},
                 "expected %s, found %s", expected, type_text(json->type));
}

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
            wrong_type(report, member, path, number ? "a decimal number" : "text", NULL);
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
        wrong_type(report, json, path,
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
        wrong_type(report, json, path, "a list of texts", NULL);
        return;
    }
    gl_str *texts = GL_NEW_N(report->arena, gl_str, json->count);
    gl_list *list = slot;
    for (size_t i = 0; i < json->count; i++) {
        if (json->items[i]->type != GL_JSON_STRING) {
            wrong_type(report, json->items[i], path, gl_field_kind_text(GL_FIELD_TEXT), NULL);
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
        wrong_type(report, json, path, gl_field_kind_text(GL_FIELD_LIST), NULL);
        return;
    }
    gl_list *list = slot;
    size_t bytes = field->shape->bytes;
    list->at = gl_arena_calloc(report->arena, json->count, bytes);
    for (size_t i = 0; i < json->count; i++) {
        void *element = (char *)list->at + i * bytes;
        gl_path inner = {path, NULL, gl_record_slot(element)};
        if (json->items[i]->type != GL_JSON_OBJECT)
            wrong_type(report, json->items[i], path, "an object", NULL);
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
        wrong_type(report, json, path, gl_field_kind_text(field->kind), hint);
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
            wrong_type(report, json, path, gl_field_kind_text(field->kind), NULL);
        *(bool *)slot = json->type == GL_JSON_TRUE;
        return;
    case GL_FIELD_RECORD:
        if (json->type != GL_JSON_OBJECT) {
            wrong_type(report, json, path, gl_field_kind_text(field->kind), NULL);
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

/* The reports' code of a parser's error. */
static const char *report_code(const char *code)
{
    static const char *const codes[][2] = {{"json-syntax", "not-well-formed"},
                                           {"json-encoding", "encoding"},
                                           {"json-depth", "too-deep"},
                                           {"json-size", "too-large"},
                                           {"json-duplicate-key", "duplicate-field"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i][0]) == 0)
            return codes[i][1];
    return code;
}

static void read_text_of_declaration(gl_reader *reader, gl_arena *arena, gl_intake *intake, gl_str text)
{
    json_state *state = reader->state;
    gl_err err = {0};
    state->text = text;
    state->index = reader->position - 1;
    state->tree = NULL;
    gl_json *tree = gl_json_parse(arena, text, GL_INTAKE_LIMIT_BYTES, NODE_LIMIT, &err);
    state->tree = tree;
    gl_report_begin(&reader->report, arena, &json_locator, state, tree);
    if (tree == NULL) {
        gl_buf pointer = gl_buf_in(arena);
        pointer_base(&pointer, state);
        gl_report_raw(&reader->report, pointer.len == 0 ? GL_STR("") : gl_buf_view(&pointer),
                      &(gl_problem){.code = report_code(err.code)}, "%s", err.message);
        gl_intake_refuse(reader, intake, text);
        return;
    }
    if (tree->type != GL_JSON_OBJECT) {
        wrong_type(&reader->report, tree, NULL, "a declaration (an object)", NULL);
        gl_intake_refuse(reader, intake, text);
        return;
    }
    read_record(&reader->report, &gl_shape_declaration, &intake->declaration, tree, NULL);
    gl_intake_finish(reader, intake, text, (gl_str){NULL, 0});
}

/* The rest of the message cannot be read: one last entry that says so. */
static bool refuse_rest(gl_reader *reader, gl_arena *arena, gl_intake *intake, size_t at, const char *text)
{
    gl_report_begin(&reader->report, arena, &json_locator, reader->state, NULL);
    gl_report_raw(&reader->report, gl_line_column(arena, reader->bytes, at), &(gl_problem){.code = "not-well-formed"},
                  "%s", text);
    size_t left = reader->bytes.len - at;
    reader->finished = true;
    reader->offset = reader->bytes.len;
    gl_intake_refuse(reader, intake,
                     (gl_str){reader->bytes.ptr + at, left < GL_INTAKE_LIMIT_BYTES ? left : GL_INTAKE_LIMIT_BYTES});
    return true;
}

/* Behind the last element: `]`, the wrapper's `}`, and nothing more. */
static bool end_of_array(gl_reader *reader, gl_arena *arena, gl_intake *intake, size_t at)
{
    const json_state *state = reader->state;
    gl_str bytes = reader->bytes;
    at = gl_json_space(bytes, at + 1);
    if (state->form == FORM_WRAPPED) {
        if (at == bytes.len || bytes.ptr[at] != '}')
            return refuse_rest(reader, arena, intake, at, "expected \"}\" behind the list of declarations");
        at = gl_json_space(bytes, at + 1);
    }
    if (at < bytes.len)
        return refuse_rest(reader, arena, intake, at, "the message goes on behind its end");
    reader->finished = true;
    return false;
}

static bool next_element(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    json_state *state = reader->state;
    gl_str bytes = reader->bytes;
    size_t at = gl_json_space(bytes, reader->offset);
    bool comma = !state->first && at < bytes.len && bytes.ptr[at] == ',';
    if (comma)
        at = gl_json_space(bytes, at + 1);
    if (at == bytes.len)
        return refuse_rest(reader, arena, intake, at, "the message ends inside its list of declarations");
    if (bytes.ptr[at] == ']' && !comma)
        return end_of_array(reader, arena, intake, at);
    if (!state->first && !comma)
        return refuse_rest(reader, arena, intake, at, "expected \",\" or \"]\" behind a declaration");
    size_t end = at;
    bool whole = gl_json_split(bytes, &end);
    state->first = false;
    reader->offset = end;
    reader->finished = !whole;
    read_text_of_declaration(reader, arena, intake, (gl_str){bytes.ptr + at, end - at});
    return true;
}

static bool next_line(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    gl_str bytes = reader->bytes;
    for (;;) {
        size_t at = gl_json_space(bytes, reader->offset);
        if (at == bytes.len) {
            reader->finished = true;
            return false;
        }
        const char *newline = memchr(bytes.ptr + at, '\n', bytes.len - at);
        size_t end = newline == NULL ? bytes.len : (size_t)(newline - bytes.ptr);
        gl_str line = gl_str_trim((gl_str){bytes.ptr + at, end - at});
        reader->offset = end < bytes.len ? end + 1 : end;
        if (line.len == 0)
            continue;
        read_text_of_declaration(reader, arena, intake, line);
        return true;
    }
}

static bool next_one(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    size_t at = gl_json_space(reader->bytes, reader->offset), end = at;
    reader->finished = true;
    if (at == reader->bytes.len)
        return false;
    /* What does not begin like an object is for the parser to explain as a whole. */
    if (reader->bytes.ptr[at] == '{')
        gl_json_split(reader->bytes, &end);
    else
        end = reader->bytes.len;
    size_t behind = gl_json_space(reader->bytes, end);
    if (behind < reader->bytes.len)
        return refuse_rest(reader, arena, intake, behind,
                           "the message goes on behind its declaration: several declarations make a list, or NDJSON "
                           "(application/x-ndjson)");
    reader->offset = reader->bytes.len;
    read_text_of_declaration(reader, arena, intake, (gl_str){reader->bytes.ptr + at, end - at});
    return true;
}

/* Is this {"declarations": [ ... ? `*at` is then behind the bracket. */
static bool is_wrapped(gl_str bytes, size_t *at)
{
    static const char key[] = "\"declarations\"";
    size_t i = gl_json_space(bytes, *at + 1);
    if (bytes.len - i < sizeof key - 1 || memcmp(bytes.ptr + i, key, sizeof key - 1) != 0)
        return false;
    i = gl_json_space(bytes, i + sizeof key - 1);
    if (i == bytes.len || bytes.ptr[i] != ':')
        return false;
    i = gl_json_space(bytes, i + 1);
    if (i == bytes.len || bytes.ptr[i] != '[')
        return false;
    *at = i + 1;
    return true;
}

bool gl_json_reader_open(gl_reader *reader, gl_err *err)
{
    (void)err;
    json_state *state = GL_NEW(reader->arena, json_state);
    gl_str bytes = reader->bytes;
    size_t at = gl_json_space(bytes, gl_str_starts(bytes, GL_STR("\xEF\xBB\xBF")) ? 3 : 0);
    reader->state = state;
    if (reader->format == GL_FORMAT_NDJSON) {
        state->form = FORM_LINES;
        reader->next = next_line;
    } else if (at < bytes.len && bytes.ptr[at] == '[') {
        state->form = FORM_ARRAY;
        reader->next = next_element;
        at++;
    } else if (at < bytes.len && bytes.ptr[at] == '{' && is_wrapped(bytes, &at)) {
        state->form = FORM_WRAPPED;
        reader->next = next_element;
    } else {
        reader->next = next_one;
    }
    state->first = reader->offset <= at;
    reader->offset = reader->offset > at ? reader->offset : at;
    return true;
}
