/* JSON as a tree in an arena (what is well-formed by json_quick.h, the rest by yajl), with numbers kept as their source
 * text: money never becomes a double.
 *
 * Always holds: size, depth and node count are limited; text is valid UTF-8; duplicate keys are refused; each node
 * knows its byte offset in the source.
 */
#ifndef GL_IO_JSON_H
#define GL_IO_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef enum gl_json_type {
    GL_JSON_NULL,
    GL_JSON_TRUE,
    GL_JSON_FALSE,
    GL_JSON_NUMBER,
    GL_JSON_STRING,
    GL_JSON_ARRAY,
    GL_JSON_OBJECT
} gl_json_type;

typedef struct gl_json {
    gl_json_type type;
    size_t offset;          /* of its last byte read, or near: for messages */
    size_t begin, end;      /* byte range in the source: the value is source[begin..end) */
    gl_str text;            /* STRING: unescaped; NUMBER: as in the source */
    size_t count;           /* ARRAY, OBJECT */
    struct gl_json **items; /* elements, or members' values */
    gl_str *keys;           /* OBJECT */
} gl_json;

enum { GL_JSON_LIMIT_DEPTH = 32 };

/* NULL when it cannot be read. A byte order mark at the start is skipped; numbers that are too large for any type are
 * fine here. Errors (GL_DEAD_LETTER): json-syntax, json-encoding, json-depth, json-size, json-duplicate-key; the
 * message says line and column. `limit_bytes`: largest source; `limit_nodes`: most nodes. */
gl_json *gl_json_parse(gl_arena *arena, gl_str source, size_t limit_bytes, size_t limit_nodes, gl_err *err);
/* The same without the quick way: for tests. */
gl_json *gl_json_parse_by_yajl(gl_arena *arena, gl_str source, size_t limit_bytes, size_t limit_nodes, gl_err *err);
gl_json *gl_json_get(const gl_json *object, const char *key);
/* Text of a STRING member, {NULL, 0} when it is missing or of another type. */
gl_str gl_json_text(const gl_json *object, const char *key);
/* A NUMBER member without fraction and exponent that fits. */
bool gl_json_int(const gl_json *object, const char *key, int64_t *value);

#endif
