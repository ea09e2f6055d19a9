/* See elements.h. */
#include "ingest/formats/json/elements.h"

#include "ingest/formats/json/split.h"
#include "io/json_quick.h"

enum { NODE_LIMIT = GL_INTAKE_LIMIT_BYTES / 2 };

typedef enum form {
    FORM_ONE,     /* one object */
    FORM_ARRAY,   /* [...] */
    FORM_WRAPPED, /* {"declarations": [...]} */
    FORM_INNER,   /* {..., "houseBills": [...], ...} */
    FORM_LINES,
} form;

typedef struct elements {
    const gl_json_kind *kind;
    form form;
    bool first;            /* the next element is the first one of its array */
    const gl_json *around; /* FORM_INNER */
    const gl_json *tree;   /* of the element being read; NULL: it was not well-formed */
    int64_t index;         /* of the element, from 0; of those read since the reader was opened */
    int64_t *before;       /* elements that were read before that; -1: not yet counted, only a pointer needs them */
    gl_str source;         /* of which they are counted: from the list's beginning to where the reader was opened */
} elements;

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

static int64_t elements_before(const elements *state)
{
    if (*state->before >= 0)
        return *state->before;
    gl_str bytes = state->source;
    int64_t count = 0;
    for (size_t at = gl_json_space(bytes, 0); at < bytes.len && gl_json_split(bytes, &at); count++) {
        at = gl_json_space(bytes, at);
        at = at < bytes.len && bytes.ptr[at] == ',' ? gl_json_space(bytes, at + 1) : at;
    }
    *state->before = count;
    return count;
}

static void pointer_base(gl_buf *pointer, const elements *state)
{
    if (state->form == FORM_WRAPPED)
        gl_buf_printf(pointer, "/%s", state->kind->plural);
    if (state->form == FORM_INNER)
        gl_buf_printf(pointer, "/%s", state->kind->inner);
    if (state->form != FORM_ONE && state->form != FORM_LINES)
        gl_buf_printf(pointer, "/%lld", (long long)(elements_before(state) + state->index));
}

static gl_str json_pointer(const void *source, gl_arena *arena, const void *node)
{
    const elements *state = source;
    gl_buf pointer = gl_buf_in(arena);
    pointer_base(&pointer, state);
    if (!find_node(&pointer, state->tree, node) && state->around != NULL) {
        size_t len = pointer.len;
        pointer.len = 0;
        pointer.len = find_node(&pointer, state->around, node) ? pointer.len : len;
    }
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

void gl_json_wrong_type(gl_report *report, const gl_json *json, const gl_path *path, const char *expected,
                        const char *hint)
{
    if (path != NULL && path->slot != NULL)
        gl_report_origin(report, path->slot, json);
    gl_report_at(report, json, path, &(gl_problem){.code = "wrong-type", .allowed = expected, .hint = hint},
                 "expected %s, found %s", expected, type_text(json->type));
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

/* `tree`: what was already made of it, or NULL. */
static void read_element(gl_reader *reader, gl_arena *arena, gl_intake *intake, gl_str text, gl_json *tree)
{
    elements *state = reader->state;
    gl_err err = {0};
    state->index++;
    state->tree = NULL;
    if (tree == NULL)
        tree = gl_json_parse(arena, text, GL_INTAKE_LIMIT_BYTES, NODE_LIMIT, &err);
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
        gl_json_wrong_type(&reader->report, tree, NULL,
                           gl_arena_printf(arena, "%s %s (an object)", state->kind->article, state->kind->what), NULL);
        gl_intake_refuse(reader, intake, text);
        return;
    }
    state->kind->read(reader, intake, tree, text);
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
    const elements *state = reader->state;
    gl_str bytes = reader->bytes;
    at = gl_json_space(bytes, at + 1);
    if (state->form == FORM_INNER) /* what follows was read before the list */
        at = bytes.len;
    if (state->form == FORM_WRAPPED) {
        if (at == bytes.len || bytes.ptr[at] != '}')
            return refuse_rest(reader, arena, intake, at,
                               gl_arena_printf(arena, "expected \"}\" behind the list of %s", state->kind->plural));
        at = gl_json_space(bytes, at + 1);
    }
    if (at < bytes.len)
        return refuse_rest(reader, arena, intake, at, "the message goes on behind its end");
    reader->finished = true;
    return false;
}

static bool next_element(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    elements *state = reader->state;
    gl_str bytes = reader->bytes;
    size_t at = gl_json_space(bytes, reader->offset);
    bool comma = !state->first && at < bytes.len && bytes.ptr[at] == ',';
    if (comma)
        at = gl_json_space(bytes, at + 1);
    if (at == bytes.len)
        return refuse_rest(reader, arena, intake, at,
                           gl_arena_printf(arena, "the message ends inside its list of %s", state->kind->plural));
    if (bytes.ptr[at] == ']' && !comma)
        return end_of_array(reader, arena, intake, at);
    if (!state->first && !comma)
        return refuse_rest(
            reader, arena, intake, at,
            gl_arena_printf(arena, "expected \",\" or \"]\" behind %s %s", state->kind->article, state->kind->what));
    /* Nearly always it can be read at once; where it ends otherwise is found without understanding it. */
    size_t end = at, used = 0;
    gl_str rest = {bytes.ptr + at, bytes.len - at};
    gl_json *tree = gl_json_quick_part(arena, rest, GL_INTAKE_LIMIT_BYTES, NODE_LIMIT, &used);
    bool whole = tree != NULL || gl_json_split(bytes, &end);
    end = tree != NULL ? at + used : end;
    state->first = false;
    reader->offset = end;
    reader->finished = !whole;
    read_element(reader, arena, intake, (gl_str){bytes.ptr + at, end - at}, tree);
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
        read_element(reader, arena, intake, line, NULL);
        return true;
    }
}

static bool next_one(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    const elements *state = reader->state;
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
                           gl_arena_printf(arena,
                                           "the message goes on behind its %s: several %s make a list, or NDJSON "
                                           "(application/x-ndjson)",
                                           state->kind->what, state->kind->plural));
    reader->offset = reader->bytes.len;
    read_element(reader, arena, intake, (gl_str){reader->bytes.ptr + at, end - at}, NULL);
    return true;
}

/* Is this {"declarations": [ ... (in the kind's name)? `*at` is then behind the bracket. */
static bool is_wrapped(gl_str bytes, const char *plural, size_t *at)
{
    gl_str key = gl_str_of(plural);
    size_t i = gl_json_space(bytes, *at + 1);
    if (bytes.len - i < key.len + 2 || bytes.ptr[i] != '"' || memcmp(bytes.ptr + i + 1, key.ptr, key.len) != 0 ||
        bytes.ptr[i + 1 + key.len] != '"')
        return false;
    i = gl_json_space(bytes, i + key.len + 2);
    if (i == bytes.len || bytes.ptr[i] != ':')
        return false;
    i = gl_json_space(bytes, i + 1);
    if (i == bytes.len || bytes.ptr[i] != '[')
        return false;
    *at = i + 1;
    return true;
}

/* The member at `*at` of an object: its name, and where its value begins; `*at` is then behind the value. */
static bool next_member(gl_str bytes, size_t *at, gl_str *name, size_t *value)
{
    size_t begin = gl_json_space(bytes, *at), end = begin;
    if (begin == bytes.len || bytes.ptr[begin] != '"' || !gl_json_split(bytes, &end) || end - begin < 2)
        return false;
    *name = (gl_str){bytes.ptr + begin + 1, end - begin - 2};
    size_t colon = gl_json_space(bytes, end);
    if (colon == bytes.len || bytes.ptr[colon] != ':')
        return false;
    *value = *at = gl_json_space(bytes, colon + 1);
    return *value < bytes.len && gl_json_split(bytes, at);
}

/* Is it an object with that list, well-formed around it? `*at` is then behind the list's bracket. */
static const gl_json *find_inner(gl_arena *arena, gl_str bytes, const char *inner, size_t *at)
{
    size_t next = *at + 1, value = 0, list = 0, list_end = 0;
    gl_str name;
    gl_err err = {0};
    if (memmem(bytes.ptr, bytes.len, inner, strlen(inner)) == NULL)
        return NULL;
    for (;;) {
        if (!next_member(bytes, &next, &name, &value))
            return NULL;
        if (gl_str_eqz(name, inner) && bytes.ptr[value] == '[' && list == 0) {
            list = value;
            list_end = next;
        }
        next = gl_json_space(bytes, next);
        if (next == bytes.len || (bytes.ptr[next] != ',' && bytes.ptr[next] != '}'))
            return NULL;
        if (bytes.ptr[next++] == '}')
            break;
    }
    if (list == 0 || gl_json_space(bytes, next) < bytes.len)
        return NULL;
    gl_buf text = gl_buf_in(arena);
    gl_buf_bytes(&text, bytes.ptr + *at, list - *at);
    gl_buf_text(&text, "[]");
    gl_buf_bytes(&text, bytes.ptr + list_end, next - list_end);
    const gl_json *around = gl_json_parse(arena, gl_buf_view(&text), GL_INTAKE_LIMIT_BYTES, NODE_LIMIT, &err);
    *at = around == NULL ? *at : list + 1;
    return around;
}

const gl_json *gl_json_elements_around(const gl_reader *reader)
{
    return ((const elements *)reader->state)->around;
}

void gl_json_elements_open(gl_reader *reader, const gl_json_kind *kind)
{
    elements *state = GL_NEW(reader->arena, elements);
    gl_str bytes = reader->bytes;
    size_t at = gl_json_space(bytes, gl_str_starts(bytes, GL_STR("\xEF\xBB\xBF")) ? 3 : 0);
    reader->state = state;
    state->kind = kind;
    state->index = -1;
    state->before = GL_NEW(reader->arena, int64_t);
    *state->before = reader->before;
    if (reader->format == GL_FORMAT_NDJSON) {
        state->form = FORM_LINES;
        reader->next = next_line;
    } else if (at < bytes.len && bytes.ptr[at] == '[') {
        state->form = FORM_ARRAY;
        reader->next = next_element;
        at++;
    } else if (at < bytes.len && bytes.ptr[at] == '{' && is_wrapped(bytes, kind->plural, &at)) {
        state->form = FORM_WRAPPED;
        reader->next = next_element;
    } else if (at < bytes.len && bytes.ptr[at] == '{' && kind->inner != NULL &&
               (state->around = find_inner(reader->arena, bytes, kind->inner, &at)) != NULL) {
        state->form = FORM_INNER;
        reader->next = next_element;
    } else {
        reader->next = next_one;
    }
    state->first = reader->offset <= at;
    if (!state->first)
        state->source = (gl_str){bytes.ptr + at, reader->offset - at};
    reader->offset = reader->offset > at ? reader->offset : at;
}
