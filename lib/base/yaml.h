/* YAML as a tree in an arena, with the line of every node, for configuration, mappings, criteria and lists.
 *
 * Always holds: aliases, tags and several documents are refused; size, depth and node count are limited (a hostile file
 * gets an error, never memory); duplicate keys are refused; keys keep their order.
 */
#ifndef GL_BASE_YAML_H
#define GL_BASE_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef enum gl_yaml_type { GL_YAML_SCALAR, GL_YAML_LIST, GL_YAML_MAP } gl_yaml_type;

typedef struct gl_yaml {
    gl_yaml_type type;
    int line;               /* from 1 */
    bool quoted;            /* scalar: it was quoted, so "null", "true" and "" are text */
    gl_str text;            /* scalar: NUL-terminated in the arena */
    size_t count;           /* list, map */
    struct gl_yaml **items; /* list: elements; map: values */
    gl_str *keys;           /* map */
    int *key_lines;         /* map: the line of each key */
} gl_yaml;

enum { GL_YAML_LIMIT_BYTES = 4 * 1024 * 1024, GL_YAML_LIMIT_DEPTH = 16, GL_YAML_LIMIT_NODES = 200000 };

/* `name` is put into messages. NULL and `err` (code "yaml-...", GL_FATAL) when it cannot be read. An empty document is
 * an empty map. */
gl_yaml *gl_yaml_parse(gl_arena *arena, const char *name, gl_str text, gl_err *err);
gl_yaml *gl_yaml_load(gl_arena *arena, const char *path, gl_err *err);
/* NULL when `map` is no map or has no such key. */
gl_yaml *gl_yaml_get(const gl_yaml *map, const char *key);
/* Refuses keys that are not in `allowed` (NULL-terminated), naming the line and the nearest allowed one. */
bool gl_yaml_only(const gl_yaml *map, const char *name, const char *const *allowed, gl_err *err);
/* The nearest of `names` (NULL-terminated) by edit distance, or NULL when none is near. */
const char *gl_nearest_name(gl_str wanted, const char *const *names);

#endif
