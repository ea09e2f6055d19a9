/* See questions.h. */
#include "classify/questions.h"

#include <stdio.h>

#include "base/yaml.h"
#include "customs/tariff.h"
#include "io/json.h"

enum { LIMIT_NODES = 8 + 8 * GL_QUESTIONS_LIMIT, SHOWN_BYTES = 60, POINTER_BYTES = 64 };

static const char *const whole_members[] = {"description", "declared", "value",   "net_mass_kg", "items",
                                            "limit",       "tariff",   "explain", NULL};
static const char *const item_members[] = {"description", "declared", "value", "net_mass_kg", NULL};
static const char *const value_members[] = {"amount", "currency", NULL};

typedef struct reader {
    gl_arena *arena;
    gl_str body;
    gl_questions *out;
} reader;

/* Cut between characters; the text is UTF-8. */
static gl_str shown(gl_str text)
{
    size_t end = text.len;
    if (end > SHOWN_BYTES)
        for (end = SHOWN_BYTES; end > 0 && ((unsigned char)text.ptr[end] & 0xC0) == 0x80; end--)
            ;
    return (gl_str){text.ptr, end};
}

/* `node` NULL: there is nothing. */
static void wrong(reader *r, const char *code, gl_str pointer, const gl_json *node, const char *allowed)
{
    gl_questions *out = r->out;
    size_t at = out->error_count++;

    if (at < GL_QUESTIONS_LIMIT_ERRORS)
        out->errors[at] = (gl_question_error){
            .code = code,
            .pointer = pointer,
            .value =
                node == NULL ? (gl_str){NULL, 0} : shown((gl_str){r->body.ptr + node->begin, node->end - node->begin}),
            .allowed = allowed};
}

static gl_str pointer_of(const reader *r, const char *base, const char *member)
{
    return gl_str_of(gl_arena_printf(r->arena, "%s/%s", base, member));
}

/* The member's name with ~ and / escaped (RFC 6901), cut where it is longer than any name of ours. */
static gl_str pointer_to(const reader *r, const char *base, gl_str name)
{
    gl_buf pointer = gl_buf_in(r->arena);

    gl_buf_printf(&pointer, "%s/", base);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~')
            gl_buf_text(&pointer, "~0");
        else if (name.ptr[i] == '/')
            gl_buf_text(&pointer, "~1");
        else
            gl_buf_byte(&pointer, (uint8_t)name.ptr[i]);
    }
    return gl_buf_view(&pointer);
}

static void know_members(reader *r, const gl_json *object, const char *base, const char *const *names)
{
    for (size_t i = 0; i < object->count; i++) {
        const char *const *name = names;
        while (*name != NULL && !gl_str_eqz(object->keys[i], *name))
            name++;
        if (*name != NULL)
            continue;
        const char *near = gl_nearest_name(object->keys[i], names);
        wrong(r, "unknown-field", pointer_to(r, base, object->keys[i]), object->items[i],
              near == NULL ? "no field of this name"
                           : gl_arena_printf(r->arena, "no field of this name; did you mean \"%s\"?", near));
    }
}

static bool is_null(const gl_json *node)
{
    return node == NULL || node->type == GL_JSON_NULL;
}

static void read_description(reader *r, const gl_json *object, const char *base, gl_ask *ask)
{
    const gl_json *node = gl_json_get(object, "description");
    static const char allowed[] = "a text of at most 8192 bytes";
    _Static_assert(GL_DESK_LIMIT_DESCRIPTION_BYTES == 8192, "as the text says");

    if (node == NULL)
        wrong(r, "missing", pointer_of(r, base, "description"), NULL, allowed);
    else if (node->type != GL_JSON_STRING)
        wrong(r, "wrong-type", pointer_of(r, base, "description"), node, allowed);
    else
        ask->description = node->text;
}

static void read_declared(reader *r, const gl_json *object, const char *base, gl_ask *ask)
{
    const gl_json *node = gl_json_get(object, "declared");
    static const char allowed[] = "a code as a text of 2 to 14 digits, or null";
    _Static_assert(GL_DESK_LIMIT_DECLARED_DIGITS == 14, "as the text says");

    if (is_null(node))
        return;
    if (node->type != GL_JSON_STRING)
        wrong(r, "wrong-type", pointer_of(r, base, "declared"), node, allowed);
    else if (!gl_desk_is_code(node->text))
        wrong(r, "invalid-code", pointer_of(r, base, "declared"), node, allowed);
    else
        ask->declared = node->text;
}

/* A JSON number, or the same as a text. */
static gl_str number_text(const gl_json *node)
{
    return node != NULL && (node->type == GL_JSON_NUMBER || node->type == GL_JSON_STRING) ? node->text
                                                                                          : (gl_str){NULL, 0};
}

/* Customs value and net mass, for duties. */
static void read_base(reader *r, const gl_json *object, const char *base, gl_ask *ask)
{
    const gl_json *value = gl_json_get(object, "value"), *mass = gl_json_get(object, "net_mass_kg");
    static const char allowed_value[] = "an object with amount (a decimal that is not negative) and currency (three "
                                        "capital letters), or null";

    if (!is_null(value) && value->type != GL_JSON_OBJECT) {
        wrong(r, "wrong-type", pointer_of(r, base, "value"), value, allowed_value);
    } else if (!is_null(value)) {
        know_members(r, value, gl_arena_printf(r->arena, "%s/value", base), value_members);
        ask->has_value =
            gl_duty_base_read(&ask->base, number_text(gl_json_get(value, "amount")), gl_json_text(value, "currency"));
        if (!ask->has_value)
            wrong(r, "invalid-value", pointer_of(r, base, "value"), value, allowed_value);
    }
    if (!is_null(mass) && !gl_duty_base_weigh(&ask->base, number_text(mass)))
        wrong(r, "invalid-value", pointer_of(r, base, "net_mass_kg"), mass,
              "kilograms: a decimal that is not negative");
}

static void read_tariff(reader *r, const gl_json *root)
{
    const gl_json *node = gl_json_get(root, "tariff");
    static const char allowed[] = "the name of a tariff, or null";

    if (is_null(node))
        return;
    if (node->type != GL_JSON_STRING) {
        wrong(r, "wrong-type", GL_STR("/tariff"), node, allowed);
    } else if (!gl_tariff_is_name(node->text)) {
        wrong(r, "unknown-tariff", GL_STR("/tariff"), node, allowed);
    } else {
        r->out->tariff = node->text;
        r->out->tariff_source = (gl_str){r->body.ptr + node->begin, node->end - node->begin};
    }
}

void gl_questions_refuse_tariff(gl_questions *questions, const char *allowed)
{
    questions->errors[0] = (gl_question_error){"unknown-tariff", GL_STR("/tariff"), questions->tariff_source, allowed};
    questions->error_count = 1;
}

static size_t read_limit(reader *r, const gl_json *object)
{
    const gl_json *node = gl_json_get(object, "limit");
    static const char allowed[] = "a whole number from 1 to 100";
    _Static_assert(GL_HS_LIST_LIMIT == 100, "as the text says");
    int64_t limit = 0;

    if (node == NULL)
        return GL_DESK_USUAL_CANDIDATES;
    if (node->type != GL_JSON_NUMBER)
        wrong(r, "wrong-type", GL_STR("/limit"), node, allowed);
    else if (!gl_json_int(object, "limit", &limit) || limit < 1 || limit > GL_HS_LIST_LIMIT)
        wrong(r, "out-of-range", GL_STR("/limit"), node, allowed);
    return (size_t)limit;
}

static bool read_explain(reader *r, const gl_json *object)
{
    const gl_json *node = gl_json_get(object, "explain");

    if (node != NULL && node->type != GL_JSON_TRUE && node->type != GL_JSON_FALSE)
        wrong(r, "wrong-type", GL_STR("/explain"), node, "true or false");
    return node != NULL && node->type == GL_JSON_TRUE;
}

static void read_item(reader *r, const gl_json *node, size_t index, gl_ask *ask)
{
    char base[POINTER_BYTES];

    snprintf(base, sizeof base, "/items/%zu", index);
    if (node->type != GL_JSON_OBJECT) {
        wrong(r, "wrong-type", gl_str_of(gl_arena_strndup(r->arena, base, strlen(base))), node,
              "an object with description, declared, value and net_mass_kg");
        return;
    }
    know_members(r, node, base, item_members);
    read_description(r, node, base, ask);
    read_declared(r, node, base, ask);
    read_base(r, node, base, ask);
}

static void read_items(reader *r, const gl_json *root, const gl_json *items)
{
    static const char allowed[] = "a list of 1 to 500 objects";
    _Static_assert(GL_QUESTIONS_LIMIT == 500, "as the text says");

    r->out->several = true;
    for (size_t i = 0; item_members[i] != NULL; i++)
        if (gl_json_get(root, item_members[i]) != NULL) {
            wrong(r, "conflicting-fields", GL_STR("/items"), NULL,
                  "either description, declared, value and net_mass_kg, or items that have them");
            break;
        }
    if (items->type != GL_JSON_ARRAY) {
        wrong(r, "wrong-type", GL_STR("/items"), items, allowed);
    } else if (items->count == 0 || items->count > GL_QUESTIONS_LIMIT) {
        wrong(r, items->count == 0 ? "missing" : "too-large", GL_STR("/items"), NULL, allowed);
    } else {
        r->out->count = items->count;
        r->out->at = gl_arena_calloc(r->arena, items->count, sizeof *r->out->at);
        for (size_t i = 0; i < items->count; i++)
            read_item(r, items->items[i], i, &r->out->at[i]);
    }
}

/* Does any of them have a value or a mass? */
static bool any_base(const gl_questions *questions)
{
    for (size_t i = 0; i < questions->count; i++)
        if (questions->at[i].has_value || questions->at[i].base.has_mass)
            return true;
    return false;
}

static void read_classify(reader *r, const gl_json *root)
{
    const gl_json *items = gl_json_get(root, "items");
    size_t limit = read_limit(r, root);
    bool explain = read_explain(r, root);

    know_members(r, root, "", whole_members);
    if (items != NULL) {
        read_items(r, root, items);
    } else {
        r->out->count = 1;
        r->out->at = gl_arena_calloc(r->arena, 1, sizeof *r->out->at);
        read_description(r, root, "", r->out->at);
        read_declared(r, root, "", r->out->at);
        read_base(r, root, "", r->out->at);
    }
    read_tariff(r, root);
    if (is_null(gl_json_get(root, "tariff")) && any_base(r->out))
        wrong(r, "missing", GL_STR("/tariff"), NULL, "the name of a tariff, where there is a value or a net mass");
    for (size_t i = 0; i < r->out->count; i++) {
        r->out->at[i].limit = limit;
        r->out->at[i].explain = explain;
    }
}

/* A number or a text of digits, as that classifier takes it; `usual` when it is not there. */
static uint64_t fpo_number(const gl_json *root, const char *name, uint64_t usual)
{
    const gl_json *node = gl_json_get(root, name);
    uint64_t value = 0;

    if (node == NULL)
        return usual;
    bool good =
        (node->type == GL_JSON_NUMBER || node->type == GL_JSON_STRING) && gl_str_to_u64(node->text, 1000, &value);
    return good ? value : 0;
}

static void read_fpo(reader *r, const gl_json *root)
{
    const gl_json *description = gl_json_get(root, "description");
    uint64_t digits = fpo_number(root, "digits", GL_HS_CODE_DIGITS),
             limit = fpo_number(root, "limit", GL_QUESTIONS_FPO_USUAL);
    gl_ask *ask = gl_arena_calloc(r->arena, 1, sizeof *ask);

    if (is_null(description))
        wrong(r, "missing", GL_STR("/description"), NULL, "a text");
    else
        read_description(r, root, "", ask);
    if (ask->description.ptr != NULL && gl_str_trim(ask->description).len == 0)
        wrong(r, "missing", GL_STR("/description"), description, "a text that is not empty");
    if (ask->description.len > GL_DESK_LIMIT_DESCRIPTION_BYTES)
        wrong(r, "too-long", GL_STR("/description"), description, "at most 8192 bytes");
    if (digits != 6 && digits != 8)
        wrong(r, "out-of-range", GL_STR("/digits"), gl_json_get(root, "digits"), "6 or 8");
    if (limit < 1 || limit > GL_QUESTIONS_FPO_LIMIT)
        wrong(r, "out-of-range", GL_STR("/limit"), gl_json_get(root, "limit"), "a whole number from 1 to 10");
    ask->limit = (size_t)limit;
    r->out->digits = digits;
    r->out->at = ask;
    r->out->count = 1;
}

bool gl_questions_read(gl_arena *arena, gl_str body, size_t limit_bytes, gl_questions_form form, gl_questions *out)
{
    reader r = {arena, body, out};
    gl_err err = {0};

    memset(out, 0, sizeof *out);
    const gl_json *root = gl_json_parse(arena, body, limit_bytes, LIMIT_NODES, &err);
    if (root == NULL) {
        bool large = strcmp(err.code, "json-size") == 0;
        gl_fail(&out->unreadable, GL_DEAD_LETTER, large ? "too-large" : "not-well-formed", "%s", err.message);
        return false;
    }
    if (root->type != GL_JSON_OBJECT)
        wrong(&r, "wrong-type", (gl_str){"", 0}, root, "an object");
    else if (form == GL_QUESTIONS_FPO)
        read_fpo(&r, root);
    else
        read_classify(&r, root);
    return out->error_count == 0;
}

/* ---- what is wrong, told ---- */

static void put_errors(gl_buf *buf, const gl_questions *questions)
{
    size_t shown_count =
        questions->error_count < GL_QUESTIONS_LIMIT_ERRORS ? questions->error_count : GL_QUESTIONS_LIMIT_ERRORS;
    for (size_t i = 0; i < shown_count; i++) {
        const gl_question_error *error = &questions->errors[i];
        gl_buf_printf(buf, "%s{\"code\":\"%s\",\"pointer\":", i == 0 ? "" : ",", error->code);
        gl_buf_json(buf, error->pointer);
        if (error->value.ptr != NULL) {
            gl_buf_text(buf, ",\"value\":");
            gl_buf_json(buf, error->value);
        }
        gl_buf_text(buf, ",\"allowed\":");
        gl_buf_json(buf, gl_str_of(error->allowed));
        gl_buf_byte(buf, '}');
    }
}

/* "Invalid value for digits": of the first error, as that classifier says it. */
static void put_message(gl_buf *buf, const gl_questions *questions)
{
    gl_str pointer = questions->errors[0].pointer;

    if (questions->unreadable.code != NULL || pointer.len == 0)
        gl_buf_text(buf, ",\"message\":\"Invalid JSON in request body\"");
    else
        gl_buf_printf(buf, ",\"message\":\"Invalid value for %.*s\"", (int)pointer.len - 1, pointer.ptr + 1);
}

void gl_questions_problem(gl_buf *buf, const gl_questions *questions, gl_questions_form form, int *status)
{
    const gl_err *unreadable = &questions->unreadable;
    bool syntax = unreadable->code != NULL;
    bool large = syntax && strcmp(unreadable->code, "too-large") == 0;

    *status = large ? 413 : syntax || form == GL_QUESTIONS_FPO ? 400 : 422;
    gl_buf_printf(buf, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",\"detail\":",
                  *status == 413   ? "Content Too Large"
                  : *status == 400 ? "Bad Request"
                                   : "Unprocessable Content",
                  *status, syntax ? unreadable->code : "question-invalid");
    if (syntax) {
        gl_buf_json(buf, gl_str_of(unreadable->message));
    } else {
        gl_buf_printf(buf, "\"%zu %s\",\"errors\":[", questions->error_count,
                      questions->error_count == 1 ? "error" : "errors");
        put_errors(buf, questions);
        gl_buf_byte(buf, ']');
    }
    if (form == GL_QUESTIONS_FPO)
        put_message(buf, questions);
    gl_buf_text(buf, "}\n");
}
