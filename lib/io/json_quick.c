/* See json_quick.h. */
#include "io/json_quick.h"

#include "base/buf.h"

enum { MEMBERS_LIMIT = 64, FIRST_CHILDREN = 64 };

typedef struct child {
    gl_json *node;
    gl_str key;
} child;

typedef struct frame {
    gl_json *node;
    size_t first; /* index of its first child */
    gl_str key;   /* OBJECT: of the member whose value comes next */
} frame;

typedef struct quick {
    gl_arena *arena;
    const char *source, *end;
    size_t skipped, nodes_left;
    frame frames[GL_JSON_LIMIT_DEPTH];
    int depth;
    gl_buf children; /* of `child`: of all open containers, the innermost last */
    gl_json *root;
} quick;

static const char *skip_space(const quick *q, const char *p)
{
    while (p < q->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

static gl_json *add_node(quick *q, gl_json_type type, const char *begin, const char *end)
{
    if (q->nodes_left == 0)
        return NULL;
    q->nodes_left--;
    gl_json *node = gl_arena_alloc(q->arena, sizeof *node);
    size_t at = (size_t)(end - q->source) + q->skipped;
    *node = (gl_json){.type = type, .offset = at - 1, .begin = (size_t)(begin - q->source) + q->skipped, .end = at};
    if (q->depth == 0) {
        q->root = node;
        return node;
    }
    child item = {node, q->frames[q->depth - 1].key};
    gl_buf_bytes(&q->children, &item, sizeof item);
    return node;
}

/* ---- texts ---- */

static int hex4(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (char)(0xE0 | code >> 12);
        } else {
            *to++ = (char)(0xF0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (code & 0x3F));
    return to;
}

/* The character of \uXXXX, `p` behind the u; 0: none that is taken here (NUL, half a pair, no digits). */
static unsigned unicode_escape(const char **p, const char *end)
{
    int unit = end - *p < 4 ? -1 : hex4(*p);
    if (unit <= 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    *p += 4;
    if (unit < 0xD800 || unit > 0xDFFF)
        return (unsigned)unit;
    int low = end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' ? -1 : hex4(*p + 2);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *p += 6;
    return 0x10000 + ((unsigned)(unit - 0xD800) << 10) + (unsigned)(low - 0xDC00);
}

/* `from` up to `end` (the closing quote), with at least one escape. */
static bool unescape(const quick *q, const char *from, const char *end, gl_str *text)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char *made = gl_arena_alloc(q->arena, (size_t)(end - from) + 1), *to = made;
    while (from < end) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        from++;
        if (*from == 'u') {
            from++;
            unsigned code = unicode_escape(&from, end);
            if (code == 0)
                return false;
            to = put_utf8(to, code);
            continue;
        }
        const char *name = memchr(names, *from, sizeof names - 1);
        if (name == NULL)
            return false;
        *to++ = values[name - names];
        from++;
    }
    *to = '\0';
    *text = (gl_str){made, (size_t)(to - made)};
    return true;
}

/* 1: ends a run of plain characters. */
static const unsigned char special[256] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,         1,
                                           1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['"'] = 1, ['\\'] = 1};

/* `p` at the opening quote; behind the closing one, or NULL. */
static const char *take_text(const quick *q, const char *p, gl_str *text)
{
    const char *begin = ++p;
    bool escapes = false;
    for (;;) {
        while (p < q->end && special[(unsigned char)*p] == 0)
            p++;
        if (p >= q->end || (unsigned char)*p < 0x20)
            return NULL;
        if (*p == '"')
            break;
        if (q->end - p < 2)
            return NULL;
        escapes = true;
        p += 2;
    }
    *text = (gl_str){begin, (size_t)(p - begin)};
    return escapes && !unescape(q, begin, p, text) ? NULL : p + 1;
}

/* ---- numbers and words ---- */

static const char *take_digits(const quick *q, const char *p)
{
    const char *begin = p;
    while (p < q->end && *p >= '0' && *p <= '9')
        p++;
    return p == begin ? NULL : p;
}

static const char *take_number(const quick *q, const char *p)
{
    if (*p == '-')
        p++;
    const char *whole = p;
    p = take_digits(q, p);
    if (p == NULL || (*whole == '0' && p - whole > 1))
        return NULL;
    if (p < q->end && *p == '.' && (p = take_digits(q, p + 1)) == NULL)
        return NULL;
    if (p < q->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < q->end && (*p == '+' || *p == '-'))
            p++;
        p = take_digits(q, p);
    }
    return p;
}

static const char *take_word(const quick *q, const char *p, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(q->end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

static const char *take_scalar(quick *q, const char *p)
{
    const char *begin = p;
    gl_str text = {NULL, 0};
    gl_json_type type = GL_JSON_NUMBER;
    switch (*p) {
    case '"':
        type = GL_JSON_STRING;
        p = take_text(q, p, &text);
        break;
    case 't':
        type = GL_JSON_TRUE;
        p = take_word(q, p, "true");
        break;
    case 'f':
        type = GL_JSON_FALSE;
        p = take_word(q, p, "false");
        break;
    case 'n':
        type = GL_JSON_NULL;
        p = take_word(q, p, "null");
        break;
    default:
        p = take_number(q, p);
        text = (gl_str){begin, p == NULL ? 0 : (size_t)(p - begin)};
        break;
    }
    gl_json *node = p == NULL ? NULL : add_node(q, type, begin, p);
    if (node == NULL)
        return NULL;
    node->text = text;
    return p;
}

/* ---- containers ---- */

/* A key and its colon. */
static const char *take_key(quick *q, const char *p)
{
    p = skip_space(q, p);
    if (p >= q->end || *p != '"' || (p = take_text(q, p, &q->frames[q->depth - 1].key)) == NULL)
        return NULL;
    p = skip_space(q, p);
    return p < q->end && *p == ':' ? p + 1 : NULL;
}

static bool has_twice(const gl_str *keys, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (keys[i].len == keys[j].len && memcmp(keys[i].ptr, keys[j].ptr, keys[i].len) == 0)
                return true;
    return false;
}

/* `end`: behind the bracket. */
static bool close_container(quick *q, const char *end)
{
    frame *f = &q->frames[--q->depth];
    gl_json *node = f->node;
    const child *children = (const child *)(const void *)q->children.data + f->first;
    size_t count = q->children.len / sizeof(child) - f->first;
    node->end = (size_t)(end - q->source) + q->skipped;
    node->offset = node->end - 1;
    node->count = count;
    q->children.len = f->first * sizeof(child);
    if (count == 0)
        return true;
    node->items = gl_arena_alloc(q->arena, count * sizeof *node->items);
    for (size_t i = 0; i < count; i++)
        node->items[i] = children[i].node;
    if (node->type == GL_JSON_ARRAY)
        return true;
    if (count > MEMBERS_LIMIT)
        return false;
    node->keys = gl_arena_alloc(q->arena, count * sizeof *node->keys);
    for (size_t i = 0; i < count; i++)
        node->keys[i] = children[i].key;
    return !has_twice(node->keys, count);
}

/* `*whole`: the container is closed already. */
static const char *open_container(quick *q, const char *p, bool *whole)
{
    bool object = *p == '{';
    gl_json *node =
        q->depth == GL_JSON_LIMIT_DEPTH ? NULL : add_node(q, object ? GL_JSON_OBJECT : GL_JSON_ARRAY, p, p + 1);
    if (node == NULL)
        return NULL;
    q->frames[q->depth++] = (frame){.node = node, .first = q->children.len / sizeof(child)};
    p = skip_space(q, p + 1);
    *whole = p < q->end && *p == (object ? '}' : ']');
    if (*whole)
        return close_container(q, p + 1) ? p + 1 : NULL;
    return object ? take_key(q, p) : p;
}

/* Behind a value: closes what ends there, up to where the next value begins. `*done`: the root is whole. */
static const char *after_value(quick *q, const char *p, bool *done)
{
    while (q->depth > 0) {
        bool object = q->frames[q->depth - 1].node->type == GL_JSON_OBJECT;
        p = skip_space(q, p);
        if (p >= q->end)
            return NULL;
        if (*p == ',')
            return object ? take_key(q, p + 1) : p + 1;
        if (*p != (object ? '}' : ']') || !close_container(q, p + 1))
            return NULL;
        p++;
    }
    *done = true;
    return p;
}

static const char *take_value(quick *q, const char *p, bool *whole)
{
    p = skip_space(q, p);
    *whole = true;
    if (p >= q->end)
        return NULL;
    return *p == '{' || *p == '[' ? open_container(q, p, whole) : take_scalar(q, p);
}

/* `*behind`: where the value ended. */
static gl_json *take(gl_arena *arena, gl_str source, size_t skipped, size_t limit_nodes, const char **behind)
{
    quick q = {.arena = arena,
               .source = source.ptr,
               .end = source.ptr + source.len,
               .skipped = skipped,
               .nodes_left = limit_nodes,
               .children = gl_buf_in(arena)};
    bool done = false, whole = false;
    const char *p = source.ptr;
    gl_buf_reserve(&q.children, FIRST_CHILDREN * sizeof(child));
    while (p != NULL && !done) {
        p = take_value(&q, p, &whole);
        if (p != NULL && whole)
            p = after_value(&q, p, &done);
    }
    if (p == NULL)
        return NULL;
    *behind = p;
    return q.root;
}

gl_json *gl_json_quick(gl_arena *arena, gl_str source, size_t skipped, size_t limit_nodes)
{
    const char *behind = NULL;
    gl_json *root = take(arena, source, skipped, limit_nodes, &behind);
    const char *end = source.ptr + source.len;
    while (behind != NULL && behind < end && (*behind == ' ' || *behind == '\n' || *behind == '\r' || *behind == '\t'))
        behind++;
    return root != NULL && behind == end ? root : NULL;
}

gl_json *gl_json_quick_part(gl_arena *arena, gl_str source, size_t limit_bytes, size_t limit_nodes, size_t *used)
{
    const char *behind = NULL;
    gl_str part = {source.ptr, source.len < limit_bytes ? source.len : limit_bytes};
    gl_json *root = part.len == 0 || *part.ptr != '{' ? NULL : take(arena, part, 0, limit_nodes, &behind);
    if (root == NULL)
        return NULL;
    *used = (size_t)(behind - source.ptr);
    return gl_str_is_utf8((gl_str){source.ptr, *used}, NULL) ? root : NULL;
}
