/* See json.h. yajl finds the tokens; this file builds the tree and keeps what yajl does not promise: valid UTF-8, no
 * lone surrogates, no duplicate keys, limits, and the byte range of every value.
 *
 * The range: a callback comes when its token has just been consumed, so the token ends at yajl's offset, and begins at
 * the first byte after the token before it that is no white space, comma or colon. Always holds: depth <=
 * GL_JSON_LIMIT_DEPTH; nodes <= node_limit; yajl allocates in the arena, so nothing is freed here.
 */
#include "io/json.h"

#include "base/buf.h"
#include "io/json_quick.h"

#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

/* A value, or a member, of a container that is still open. */
typedef struct pending {
    gl_json *node;
    gl_str key;
    size_t key_at;
} pending;

typedef struct frame {
    gl_json *node;
    size_t first; /* index of its first child in `pendings` */
    gl_str key;   /* OBJECT: of the member whose value comes next */
    size_t key_at;
} frame;

typedef struct builder {
    gl_arena *arena;
    gl_str source;  /* without byte order mark */
    size_t skipped; /* bytes of the byte order mark */
    size_t node_limit, nodes;
    size_t seen;    /* the end of the last token */
    bool finishing; /* yajl was told that the source ends: its offset is no longer ours */
    yajl_handle yajl;
    frame frames[GL_JSON_LIMIT_DEPTH];
    int depth;       /* frames in use */
    gl_buf pendings; /* of `pending`: children of all open containers, the innermost last */
    gl_json *root;
    gl_err *err;
    bool failed; /* err says why */
} builder;

/* -- yajl's memory, in the arena; the size stands before each block, for realloc ------------------------------------
 */

enum { BLOCK_HEADER_BYTES = 16 };

static void *block_alloc(void *context, size_t size)
{
    gl_arena *arena = context;
    unsigned char *p = gl_arena_alloc(arena, size + BLOCK_HEADER_BYTES);
    memcpy(p, &size, sizeof size);
    return p + BLOCK_HEADER_BYTES;
}

static void block_free(void *context, void *p)
{
    (void)context;
    (void)p;
}

static void *block_realloc(void *context, void *p, size_t size)
{
    void *fresh = block_alloc(context, size);
    if (p == NULL)
        return fresh;
    size_t old = 0;
    memcpy(&old, (unsigned char *)p - BLOCK_HEADER_BYTES, sizeof old);
    memcpy(fresh, p, old < size ? old : size);
    return fresh;
}

/* -- Errors ------------------------------------------------------------------------------------------------------- */

typedef struct position {
    size_t line, column;
} position;

/* Line and column (in characters) of a byte, both from 1. */
static position position_of(gl_str source, size_t at)
{
    position p = {1, 1};
    for (size_t i = 0; i < at && i < source.len; i++) {
        if (source.ptr[i] == '\n')
            p = (position){p.line + 1, 1};
        else if (((unsigned char)source.ptr[i] & 0xC0) != 0x80)
            p.column++;
    }
    return p;
}

static int refuse(builder *b, const char *code, size_t at, const char *what)
{
    if (b->failed)
        return 0;
    position p = position_of(b->source, at);
    gl_fail(b->err, GL_DEAD_LETTER, code, "line %zu, column %zu: %s", p.line, p.column, what);
    b->failed = true;
    return 0;
}

/* -- Tokens ------------------------------------------------------------------------------------------------------- */

typedef struct token {
    size_t begin, end;
} token;

/* The range of the token that yajl has just consumed; false for white space that JSON does not have. */
static bool take_token(builder *b, token *t)
{
    size_t at = b->seen;
    while (at < b->source.len) {
        char c = b->source.ptr[at];
        if (c == '\v' || c == '\f')
            return refuse(b, "json-syntax", at, "white space that JSON does not have");
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != ',' && c != ':')
            break;
        at++;
    }
    t->begin = at;
    t->end = b->finishing ? b->source.len : yajl_get_bytes_consumed(b->yajl);
    b->seen = t->end;
    return true;
}

static bool attach(builder *b, gl_json *node)
{
    if (b->depth == 0) {
        b->root = node;
        return true;
    }
    frame *f = &b->frames[b->depth - 1];
    pending item = {node, f->key, f->key_at};
    gl_buf_bytes(&b->pendings, &item, sizeof item);
    return true;
}

static gl_json *add_node(builder *b, gl_json_type type)
{
    token t;
    if (!take_token(b, &t))
        return NULL;
    if (b->nodes >= b->node_limit) {
        refuse(b, "json-size", t.begin, "too many values");
        return NULL;
    }
    b->nodes++;
    gl_json *node = GL_NEW(b->arena, gl_json);
    node->type = type;
    node->begin = t.begin + b->skipped;
    node->end = t.end + b->skipped;
    node->offset = node->end == 0 ? 0 : node->end - 1;
    attach(b, node);
    return node;
}

static int on_null(void *context)
{
    return add_node(context, GL_JSON_NULL) != NULL;
}

static int on_boolean(void *context, int value)
{
    return add_node(context, value ? GL_JSON_TRUE : GL_JSON_FALSE) != NULL;
}

/* Text that yajl gives is a slice of the source, or of its own buffer, which lives until the next token only. */
static gl_str keep(const builder *b, const char *text, size_t len)
{
    uintptr_t at = (uintptr_t)text, from = (uintptr_t)b->source.ptr;
    if (at >= from && at < from + b->source.len)
        return (gl_str){text, len};
    return (gl_str){gl_arena_strndup(b->arena, text, len), len};
}

static int on_number(void *context, const char *text, size_t len)
{
    builder *b = context;
    gl_json *node = add_node(b, GL_JSON_NUMBER);
    if (node == NULL)
        return 0;
    /* At the very end of the source yajl gives its own copy, and no offset. */
    if (b->finishing)
        node->end = node->begin + len;
    node->text = (gl_str){b->source.ptr + (node->begin - b->skipped), len};
    (void)text;
    return 1;
}

static int hex4(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c - 'A' + 10;
        value = value << 4 | digit;
    }
    return value;
}

/* Are the surrogates in \u escapes in pairs? `t` is a string token that yajl has accepted: its escapes are whole. */
static bool check_surrogates(builder *b, token t)
{
    for (size_t i = t.begin + 1; i + 1 < t.end; i++) {
        if (b->source.ptr[i] != '\\')
            continue;
        size_t at = i++;
        if (b->source.ptr[i] != 'u')
            continue;
        int unit = hex4(b->source.ptr + i + 1);
        i += 4;
        if (unit < 0xD800 || unit > 0xDFFF)
            continue;
        const char *next = b->source.ptr + i + 1;
        bool paired = unit < 0xDC00 && i + 6 < t.end && next[0] == '\\' && next[1] == 'u' && hex4(next + 2) >= 0xDC00 &&
                      hex4(next + 2) <= 0xDFFF;
        if (!paired)
            return refuse(b, "json-encoding", at, "half of a surrogate pair");
        i += 6;
    }
    return true;
}

static int on_string(void *context, const unsigned char *text, size_t len)
{
    builder *b = context;
    gl_json *node = add_node(b, GL_JSON_STRING);
    if (node == NULL)
        return 0;
    token t = {node->begin - b->skipped, node->end - b->skipped};
    node->text = keep(b, (const char *)text, len);
    return t.end - t.begin == len + 2 || check_surrogates(b, t);
}

static int on_key(void *context, const unsigned char *text, size_t len)
{
    builder *b = context;
    token t;
    if (!take_token(b, &t))
        return 0;
    frame *f = &b->frames[b->depth - 1];
    f->key = keep(b, (const char *)text, len);
    f->key_at = t.begin;
    return t.end - t.begin == len + 2 || check_surrogates(b, t);
}

/* -- Containers --------------------------------------------------------------------------------------------------- */

static int open_container(builder *b, gl_json_type type)
{
    gl_json *node = add_node(b, type);
    if (node == NULL)
        return 0;
    if (b->depth == GL_JSON_LIMIT_DEPTH)
        return refuse(b, "json-depth", node->begin - b->skipped, "nested too deeply");
    b->frames[b->depth++] = (frame){.node = node, .first = b->pendings.len / sizeof(pending)};
    return 1;
}

static int on_start_map(void *context)
{
    return open_container(context, GL_JSON_OBJECT);
}

static int on_start_array(void *context)
{
    return open_container(context, GL_JSON_ARRAY);
}

static int compare_members(const void *left, const void *right)
{
    const pending *a = left, *b = right;
    if (a->key.len != b->key.len)
        return a->key.len < b->key.len ? -1 : 1;
    int order = a->key.len == 0 ? 0 : memcmp(a->key.ptr, b->key.ptr, a->key.len);
    return order != 0 ? order : (a->key_at > b->key_at) - (a->key_at < b->key_at);
}

static int refuse_key(builder *b, const pending *member)
{
    gl_str key = member->key;
    char what[120];
    snprintf(what, sizeof what, "the key \"%.*s\" is there twice", key.len > 60 ? 60 : (int)key.len, key.ptr);
    return refuse(b, "json-duplicate-key", member->key_at, what);
}

enum { FEW_MEMBERS = 16 };

/* Few members are compared with each other; many are sorted, so that a hostile object costs n log n. */
static int check_keys(builder *b, const pending *members, size_t count)
{
    if (count <= FEW_MEMBERS) {
        for (size_t i = 1; i < count; i++)
            for (size_t j = 0; j < i; j++)
                if (gl_str_eq(members[i].key, members[j].key))
                    return refuse_key(b, &members[i]);
        return 1;
    }
    pending *sorted = gl_arena_dup(b->arena, members, count * sizeof *members);
    qsort(sorted, count, sizeof *sorted, compare_members);
    for (size_t i = 1; i < count; i++)
        if (gl_str_eq(sorted[i].key, sorted[i - 1].key))
            return refuse_key(b, &sorted[i]);
    return 1;
}

static int close_container(builder *b)
{
    token t;
    if (!take_token(b, &t))
        return 0;
    frame *f = &b->frames[--b->depth];
    size_t count = b->pendings.len / sizeof(pending) - f->first;
    gl_json *node = f->node;
    node->count = count;
    node->end = t.end + b->skipped;
    node->offset = node->end - 1;
    if (count == 0)
        return 1;
    const pending *children = (const pending *)(const void *)b->pendings.data + f->first;
    node->items = gl_arena_alloc(b->arena, count * sizeof(gl_json *));
    for (size_t i = 0; i < count; i++)
        node->items[i] = children[i].node;
    b->pendings.len = f->first * sizeof(pending);
    if (node->type == GL_JSON_ARRAY)
        return 1;
    node->keys = gl_arena_alloc(b->arena, count * sizeof(gl_str));
    for (size_t i = 0; i < count; i++)
        node->keys[i] = children[i].key;
    return check_keys(b, children, count);
}

static int on_end(void *context)
{
    return close_container(context);
}

static const yajl_callbacks CALLBACKS = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

/* -- The whole ---------------------------------------------------------------------------------------------------- */

/* Where yajl stopped. Told that the source ends it no longer knows: then it is the end, or what follows a whole value.
 */
static size_t error_offset(const builder *b)
{
    if (!b->finishing) {
        size_t at = yajl_get_bytes_consumed(b->yajl);
        return at == 0 ? 0 : at - 1;
    }
    if (b->root == NULL || b->depth > 0)
        return b->source.len;
    size_t at = b->seen;
    while (at < b->source.len && strchr(" \t\r\n", b->source.ptr[at]) != NULL)
        at++;
    return at;
}

static void report_syntax(builder *b)
{
    char *text = (char *)yajl_get_error(b->yajl, 0, (const unsigned char *)b->source.ptr, b->source.len);
    refuse(b, "json-syntax", error_offset(b), gl_arena_strndup(b->arena, text, strcspn(text, "\n")));
}

static bool run(builder *b)
{
    yajl_status status = yajl_parse(b->yajl, (const unsigned char *)b->source.ptr, b->source.len);
    if (status == yajl_status_ok) {
        b->finishing = true;
        status = yajl_complete_parse(b->yajl);
    }
    if (status == yajl_status_error)
        report_syntax(b);
    if (!b->failed && memchr(b->source.ptr + b->seen, '\v', b->source.len - b->seen) != NULL)
        refuse(b, "json-syntax", b->seen, "white space that JSON does not have");
    if (!b->failed && memchr(b->source.ptr + b->seen, '\f', b->source.len - b->seen) != NULL)
        refuse(b, "json-syntax", b->seen, "white space that JSON does not have");
    return !b->failed && b->root != NULL;
}

static gl_json *parse(gl_arena *arena, gl_str source, size_t limit_bytes, size_t limit_nodes, bool by_yajl, gl_err *err)
{
    builder b = {.arena = arena, .source = source, .node_limit = limit_nodes, .pendings = gl_buf_in(arena), .err = err};
    if (source.len > limit_bytes) {
        gl_fail(err, GL_DEAD_LETTER, "json-size", "larger than %zu bytes", limit_bytes);
        return NULL;
    }
    if (gl_str_starts(source, GL_STR("\xEF\xBB\xBF"))) {
        b.skipped = 3;
        b.source = (gl_str){source.ptr + 3, source.len - 3};
    }
    size_t bad_at = 0;
    if (!gl_str_is_utf8(b.source, &bad_at)) {
        refuse(&b, "json-encoding", bad_at, "not UTF-8");
        return NULL;
    }
    if (gl_str_trim(b.source).len == 0) {
        refuse(&b, "json-syntax", b.source.len, "there is no value");
        return NULL;
    }
    gl_json *quick = by_yajl ? NULL : gl_json_quick(arena, b.source, b.skipped, limit_nodes);
    if (quick != NULL)
        return quick;
    yajl_alloc_funcs memory = {block_alloc, block_realloc, block_free, arena};
    b.yajl = yajl_alloc(&CALLBACKS, &memory, &b);
    /* The whole source was checked above. */
    yajl_config(b.yajl, yajl_dont_validate_strings, 1);
    bool ok = run(&b);
    yajl_free(b.yajl);
    return ok ? b.root : NULL;
}

gl_json *gl_json_parse(gl_arena *arena, gl_str source, size_t limit_bytes, size_t limit_nodes, gl_err *err)
{
    return parse(arena, source, limit_bytes, limit_nodes, false, err);
}

gl_json *gl_json_parse_by_yajl(gl_arena *arena, gl_str source, size_t limit_bytes, size_t limit_nodes, gl_err *err)
{
    return parse(arena, source, limit_bytes, limit_nodes, true, err);
}

gl_json *gl_json_get(const gl_json *object, const char *key)
{
    if (object == NULL || object->type != GL_JSON_OBJECT)
        return NULL;
    gl_str wanted = gl_str_of(key);
    for (size_t i = 0; i < object->count; i++)
        if (gl_str_eq(object->keys[i], wanted))
            return object->items[i];
    return NULL;
}

gl_str gl_json_text(const gl_json *object, const char *key)
{
    const gl_json *node = gl_json_get(object, key);
    return node == NULL || node->type != GL_JSON_STRING ? (gl_str){NULL, 0} : node->text;
}

bool gl_json_int(const gl_json *object, const char *key, int64_t *value)
{
    const gl_json *node = gl_json_get(object, key);
    if (node == NULL || node->type != GL_JSON_NUMBER)
        return false;
    bool negative = node->text.len > 0 && node->text.ptr[0] == '-';
    gl_str digits = {node->text.ptr + negative, node->text.len - negative};
    uint64_t magnitude = 0;
    if (!gl_str_to_u64(digits, (uint64_t)INT64_MAX + negative, &magnitude))
        return false;
    *value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}
