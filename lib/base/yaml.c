/* See yaml.h. libyaml's events are turned into a tree by recursion, which GL_YAML_LIMIT_DEPTH bounds.
 *
 * Always holds: `nodes` <= GL_YAML_LIMIT_NODES before a node is made; every event that was read is deleted.
 */
#include "base/yaml.h"

#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

typedef struct reader {
    yaml_parser_t parser;
    gl_arena *arena;
    const char *name;
    size_t nodes;
    gl_err *err;
} reader;

/* Children of a node that is still open, in order. */
typedef struct child {
    struct child *next;
    gl_yaml *node;
    gl_str key;
    int key_line;
} child;

typedef struct children {
    child *first, *last;
    size_t count;
} children;

static bool refuse(reader *r, const char *code, size_t line, const char *what)
{
    gl_fail(r->err, GL_FATAL, code, "%s: line %zu: %s", r->name, line, what);
    return false;
}

static bool next_event(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    const yaml_parser_t *p = &r->parser;
    size_t line = p->problem_mark.line + 1;
    const char *problem = p->problem == NULL ? "cannot be read" : p->problem;
    if (p->context == NULL)
        return refuse(r, "yaml-syntax", line, problem);
    gl_fail(r->err, GL_FATAL, "yaml-syntax", "%s: line %zu: %s %s", r->name, line, problem, p->context);
    return false;
}

static bool read_node(reader *r, const yaml_event_t *event, int depth, gl_yaml **out);

static gl_str keep(reader *r, const yaml_event_t *event)
{
    size_t len = event->data.scalar.length;
    return (gl_str){gl_arena_strndup(r->arena, (const char *)event->data.scalar.value, len), len};
}

static void add_child(reader *r, children *list, child item)
{
    child *fresh = gl_arena_dup(r->arena, &item, sizeof item);
    fresh->next = NULL;
    if (list->last == NULL)
        list->first = fresh;
    else
        list->last->next = fresh;
    list->last = fresh;
    list->count++;
}

static void fill_items(reader *r, gl_yaml *node, const children *list)
{
    node->count = list->count;
    node->items = GL_NEW_N(r->arena, gl_yaml *, list->count);
    if (node->type == GL_YAML_MAP) {
        node->keys = GL_NEW_N(r->arena, gl_str, list->count);
        node->key_lines = GL_NEW_N(r->arena, int, list->count);
    }
    size_t i = 0;
    for (const child *c = list->first; c != NULL; c = c->next, i++) {
        node->items[i] = c->node;
        if (node->type == GL_YAML_MAP) {
            node->keys[i] = c->key;
            node->key_lines[i] = c->key_line;
        }
    }
}

typedef struct key_ref {
    gl_str key;
    int line;
} key_ref;

static int compare_keys(const void *left, const void *right)
{
    const key_ref *a = left, *b = right;
    size_t shorter = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = shorter == 0 ? 0 : memcmp(a->key.ptr, b->key.ptr, shorter);
    if (order != 0)
        return order;
    if (a->key.len != b->key.len)
        return a->key.len < b->key.len ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

/* By sorting, so that a hostile map of many keys costs n log n. */
static bool check_duplicates(reader *r, const gl_yaml *map)
{
    if (map->count < 2)
        return true;
    key_ref *refs = GL_NEW_N(r->arena, key_ref, map->count);
    for (size_t i = 0; i < map->count; i++)
        refs[i] = (key_ref){map->keys[i], map->key_lines[i]};
    qsort(refs, map->count, sizeof refs[0], compare_keys);
    for (size_t i = 1; i < map->count; i++)
        if (gl_str_eq(refs[i - 1].key, refs[i].key))
            return gl_fail(r->err, GL_FATAL, "yaml-duplicate-key", "%s: line %d: key \"%.*s\" is also on line %d",
                           r->name, refs[i].line, GL_STR_ARG(refs[i].key), refs[i - 1].line);
    return true;
}

static bool read_list(reader *r, gl_yaml *node, int depth)
{
    children list = {0};
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return false;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        gl_yaml *item = NULL;
        bool ok = end || read_node(r, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (!ok)
            return false;
        if (end)
            break;
        add_child(r, &list, (child){.node = item});
    }
    fill_items(r, node, &list);
    return true;
}

static bool read_key(reader *r, const yaml_event_t *event, int depth, child *item)
{
    size_t line = event->start_mark.line + 1;
    gl_yaml *key = NULL;
    if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT)
        return refuse(r, "yaml-key", line, "a key must be a single value");
    if (!read_node(r, event, depth + 1, &key))
        return false;
    item->key = key->text;
    item->key_line = key->line;
    return true;
}

static bool read_map(reader *r, gl_yaml *node, int depth)
{
    children list = {0};
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return false;
        bool end = event.type == YAML_MAPPING_END_EVENT;
        child item = {0};
        bool ok = end || read_key(r, &event, depth, &item);
        yaml_event_delete(&event);
        if (!ok)
            return false;
        if (end)
            break;
        if (!next_event(r, &event))
            return false;
        ok = read_node(r, &event, depth + 1, &item.node);
        yaml_event_delete(&event);
        if (!ok)
            return false;
        add_child(r, &list, item);
    }
    fill_items(r, node, &list);
    return check_duplicates(r, node);
}

/* Anchors and tags of the three kinds of node. */
static bool check_plain(reader *r, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    size_t line = event->start_mark.line + 1;
    if (anchor != NULL || event->type == YAML_ALIAS_EVENT)
        return refuse(r, "yaml-alias", line, "anchors and aliases are not allowed");
    if (tag != NULL)
        return refuse(r, "yaml-tag", line, "tags are not allowed");
    return true;
}

static bool read_node(reader *r, const yaml_event_t *event, int depth, gl_yaml **out)
{
    size_t line = event->start_mark.line + 1;
    if (!check_plain(r, event))
        return false;
    if (depth > GL_YAML_LIMIT_DEPTH)
        return refuse(r, "yaml-depth", line, "nested too deeply");
    if (r->nodes >= GL_YAML_LIMIT_NODES)
        return refuse(r, "yaml-nodes", line, "too many values");
    r->nodes++;
    gl_yaml *node = GL_NEW(r->arena, gl_yaml);
    node->line = (int)line;
    *out = node;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        node->type = GL_YAML_SCALAR;
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        node->text = keep(r, event);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        node->type = GL_YAML_LIST;
        return read_list(r, node, depth);
    case YAML_MAPPING_START_EVENT:
        node->type = GL_YAML_MAP;
        return read_map(r, node, depth);
    default:
        return refuse(r, "yaml-syntax", line, "a value was expected");
    }
}

/* Reads an event that must be of `type`. */
static bool expect(reader *r, yaml_event_type_t type, const char *code, const char *otherwise)
{
    yaml_event_t event;
    if (!next_event(r, &event))
        return false;
    bool ok = event.type == type;
    size_t line = event.start_mark.line + 1;
    yaml_event_delete(&event);
    return ok || refuse(r, code, line, otherwise);
}

static gl_yaml *empty_map(reader *r)
{
    gl_yaml *map = GL_NEW(r->arena, gl_yaml);
    map->type = GL_YAML_MAP;
    map->line = 1;
    return map;
}

static bool is_empty_scalar(const gl_yaml *node)
{
    return node->type == GL_YAML_SCALAR && !node->quoted && node->text.len == 0;
}

static bool read_document(reader *r, gl_yaml **out)
{
    yaml_event_t event;
    if (!expect(r, YAML_STREAM_START_EVENT, "yaml-syntax", "no start of the stream") || !next_event(r, &event))
        return false;
    bool empty = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    if (empty) {
        *out = empty_map(r);
        return true;
    }
    if (!next_event(r, &event))
        return false;
    bool ok = read_node(r, &event, 1, out);
    yaml_event_delete(&event);
    if (!ok || !expect(r, YAML_DOCUMENT_END_EVENT, "yaml-syntax", "the document does not end"))
        return false;
    if (is_empty_scalar(*out))
        *out = empty_map(r);
    return expect(r, YAML_STREAM_END_EVENT, "yaml-documents", "only one document is allowed");
}

/* A wrong byte would be reported by libyaml without its line. */
static bool check_text(const char *name, gl_str text, gl_err *err)
{
    if (text.len > GL_YAML_LIMIT_BYTES)
        return gl_fail(err, GL_FATAL, "yaml-size", "%s: larger than %d bytes", name, GL_YAML_LIMIT_BYTES);
    size_t bad_at = 0;
    if (gl_str_is_utf8(text, &bad_at))
        return true;
    size_t line = 1;
    for (size_t i = 0; i < bad_at; i++)
        line += text.ptr[i] == '\n';
    return gl_fail(err, GL_FATAL, "yaml-encoding", "%s: line %zu: not UTF-8", name, line);
}

gl_yaml *gl_yaml_parse(gl_arena *arena, const char *name, gl_str text, gl_err *err)
{
    if (!check_text(name, text, err))
        return NULL;
    reader r = {.arena = arena, .name = name, .err = err};
    if (!yaml_parser_initialize(&r.parser)) {
        gl_fail(err, GL_FATAL, "yaml-memory", "%s: out of memory", name);
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.len == 0 ? "" : text.ptr), text.len);
    gl_yaml *root = NULL;
    bool ok = read_document(&r, &root);
    yaml_parser_delete(&r.parser);
    return ok ? root : NULL;
}

gl_yaml *gl_yaml_load(gl_arena *arena, const char *path, gl_err *err)
{
    gl_buf buf = {0};
    gl_yaml *root = NULL;
    if (!gl_buf_read_file(&buf, path, GL_YAML_LIMIT_BYTES))
        gl_fail(err, GL_FATAL, "yaml-unreadable", "%s: %s", path, strerror(errno));
    else
        root = gl_yaml_parse(arena, path, gl_buf_view(&buf), err);
    gl_buf_free(&buf);
    return root;
}

gl_yaml *gl_yaml_get(const gl_yaml *map, const char *key)
{
    if (map == NULL || map->type != GL_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (gl_str_eqz(map->keys[i], key))
            return map->items[i];
    return NULL;
}

bool gl_yaml_only(const gl_yaml *map, const char *name, const char *const *allowed, gl_err *err)
{
    if (map->type != GL_YAML_MAP)
        return gl_fail(err, GL_FATAL, "yaml-type", "%s: line %d: a map of keys and values was expected", name,
                       map->line);
    for (size_t i = 0; i < map->count; i++) {
        bool known = false;
        for (const char *const *a = allowed; *a != NULL && !known; a++)
            known = gl_str_eqz(map->keys[i], *a);
        if (known)
            continue;
        const char *near = gl_nearest_name(map->keys[i], allowed);
        return gl_fail(err, GL_FATAL, "yaml-unknown-key", "%s: line %d: unknown key \"%.*s\"%s%s%s", name,
                       map->key_lines[i], GL_STR_ARG(map->keys[i]), near == NULL ? "" : "; did you mean \"",
                       near == NULL ? "" : near, near == NULL ? "" : "\"?");
    }
    return true;
}

enum { NAME_LIMIT_BYTES = 64 };

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Edit distance with swapped neighbours as one step; case and - against _ do not count. Both at most NAME_LIMIT_BYTES.
 * What is more than `limit` is any number above it.
 */
static size_t edit_distance(gl_str a, gl_str b, size_t limit)
{
    size_t rows[3][NAME_LIMIT_BYTES + 1];
    size_t *before = rows[0], *previous = rows[1], *current = rows[2];
    size_t least_before = 0; /* of the row before: a later one comes from it or from the one behind it */
    if ((a.len > b.len ? a.len - b.len : b.len - a.len) > limit)
        return limit + 1;
    for (size_t j = 0; j <= b.len; j++)
        previous[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t least = current[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = folded(a.ptr[i - 1]), y = folded(b.ptr[j - 1]);
            current[j] = min3(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == folded(b.ptr[j - 2]) && y == folded(a.ptr[i - 2]) &&
                before[j - 2] + 1 < current[j])
                current[j] = before[j - 2] + 1;
            if (current[j] < least)
                least = current[j];
        }
        if (least > limit && least_before > limit)
            return limit + 1;
        least_before = least;
        size_t *oldest = before;
        before = previous;
        previous = current;
        current = oldest;
    }
    return previous[b.len];
}

/* A unit that was left out ("timeout" for "timeout_ms") counts as one step. */
static size_t name_distance(gl_str wanted, gl_str name, size_t limit)
{
    size_t distance = edit_distance(wanted, name, limit);
    const char *unit = memrchr(name.ptr, '_', name.len);
    size_t stem = unit == NULL ? 0 : (size_t)(unit - name.ptr);
    if (stem < 3 || limit == 0)
        return distance;
    size_t without = edit_distance(wanted, (gl_str){name.ptr, stem}, limit - 1) + 1;
    return without < distance ? without : distance;
}

const char *gl_nearest_name(gl_str wanted, const char *const *names)
{
    const char *best = NULL;
    size_t best_distance = 0;
    if (wanted.len == 0 || wanted.len > NAME_LIMIT_BYTES)
        return NULL;
    for (; *names != NULL; names++) {
        gl_str name = gl_str_of(*names);
        if (name.len == 0 || name.len > NAME_LIMIT_BYTES)
            continue;
        size_t longer = name.len > wanted.len ? name.len : wanted.len, limit = (longer + 1) / 3;
        if (best != NULL && best_distance <= limit && best_distance > 0)
            limit = best_distance - 1;
        size_t distance = name_distance(wanted, name, limit);
        if (distance <= limit && (best == NULL || distance < best_distance)) {
            best = *names;
            best_distance = distance;
        }
    }
    return best;
}
