/* See lists.h. Entries are in an open-addressing hash table at most half full; prefixes are looked up by each length
 * there is, words by each run of at most as many words as the longest entry has. */
#include "risk/lists.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/yaml.h"
#include "customs/text.h"
#include "risk/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PREFIX_LIMIT = 32, WORDS_LIMIT = 8, NAME_LIMIT_BYTES = 64, PATH_BYTES = 4096 };
#define DAY_US INT64_C(86400000000)

typedef struct slot {
    gl_str key;   /* normalised */
    gl_str entry; /* as written */
} slot;

struct gl_list {
    const char *name;
    char version[17];
    gl_list_kind kind;
    int64_t valid_from_us, valid_until_us; /* from <= now < until */
    slot *slots;                           /* 2 * count <= mask + 1 */
    size_t mask, count;
    bool lengths[PREFIX_LIMIT + 1];
    size_t longest_words;
};

struct gl_lists {
    gl_arena *arena;
    gl_list *at[GL_LISTS_LIMIT];
    size_t count;
};

static const char *const kind_names[] = {"exact", "prefix", "words", NULL};

static uint64_t hash_of(gl_str key)
{
    uint64_t state = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key.len; i++)
        state = (state ^ (uint8_t)key.ptr[i]) * UINT64_C(0x100000001b3);
    return state ^ state >> 32;
}

static slot *find_slot(const gl_list *list, gl_str key)
{
    size_t at = (size_t)hash_of(key) & list->mask;
    while (list->slots[at].key.ptr != NULL && !gl_str_eq(list->slots[at].key, key))
        at = (at + 1) & list->mask;
    return &list->slots[at];
}

/* Letters and digits, ASCII upper case; other ASCII is left out. At most `limit` bytes; `cut` says that there were
 * more. */
static gl_str fold(gl_str value, char *out, size_t limit, bool *cut)
{
    size_t len = 0;
    *cut = false;
    for (size_t i = 0; i < value.len && !*cut; i++) {
        char c = value.ptr[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) != 0))
            continue;
        if (len == limit)
            *cut = true;
        else
            out[len++] = c;
    }
    return (gl_str){out, len};
}

static size_t word_count(gl_str text)
{
    size_t count = 0;
    while (gl_text_word(&text).len > 0)
        count++;
    return count;
}

static bool add_entry(gl_list *list, gl_arena *arena, const char *name, const gl_yaml *node, gl_err *err)
{
    char room[GL_TEXT_OUTPUT_MAX];
    gl_str key = {0};
    size_t words = 1;
    bool cut = false;
    if (node->type == GL_YAML_SCALAR && node->text.len <= GL_LIST_ENTRY_BYTES) {
        key = list->kind == GL_LIST_WORDS ? gl_text_normalise(node->text, room)
                                          : fold(node->text, room, GL_LIST_ENTRY_BYTES, &cut);
        words = list->kind == GL_LIST_WORDS ? word_count(key) : 1;
    }
    if (key.len == 0 || words > WORDS_LIMIT || (list->kind == GL_LIST_PREFIX && key.len > PREFIX_LIMIT))
        return gl_fail(
            err, GL_FATAL, "list-invalid",
            "%s: line %d: an entry is a text with letters or digits, at most %d bytes (prefix: %d), %d words", name,
            node->line, GL_LIST_ENTRY_BYTES, PREFIX_LIMIT, WORDS_LIMIT);
    slot *s = find_slot(list, key);
    if (s->key.ptr != NULL)
        return true;
    s->key = (gl_str){gl_arena_strndup(arena, key.ptr, key.len), key.len};
    s->entry = (gl_str){gl_arena_strndup(arena, node->text.ptr, node->text.len), node->text.len};
    list->count++;
    list->lengths[key.len <= PREFIX_LIMIT ? key.len : 0] = true;
    list->longest_words = words > list->longest_words ? words : list->longest_words;
    return true;
}

static bool read_entries(gl_list *list, gl_arena *arena, const char *name, const gl_yaml *root, gl_err *err)
{
    const gl_yaml *entries = gl_yaml_get(root, "entries");
    if (entries == NULL || entries->type != GL_YAML_LIST)
        return gl_fail(err, GL_FATAL, "list-invalid", "%s: \"entries\" must be a list", name);
    size_t capacity = 4;
    while (capacity < entries->count * 2)
        capacity *= 2;
    list->slots = GL_NEW_N(arena, slot, capacity);
    list->mask = capacity - 1;
    for (size_t i = 0; i < entries->count; i++)
        if (!add_entry(list, arena, name, entries->items[i], err))
            return false;
    return true;
}

/* `day_count` days after the date that `key` names; `otherwise` when there is none. */
static bool read_date(const char *name, const gl_yaml *root, const char *key, int day_count, int64_t *out, gl_err *err)
{
    const gl_yaml *node = gl_yaml_get(root, key);
    int32_t days = 0;
    if (node == NULL)
        return true;
    if (node->type != GL_YAML_SCALAR || !gl_date_parse(node->text, &days))
        return gl_fail(err, GL_FATAL, "list-invalid", "%s: line %d: \"%s\" must be a date like 2026-12-31", name,
                       node->line, key);
    *out = ((int64_t)days + day_count) * DAY_US;
    return true;
}

static bool read_kind(gl_list *list, const char *name, const gl_yaml *root, gl_err *err)
{
    const gl_yaml *kind = gl_yaml_get(root, "kind");
    for (int i = 0; kind != NULL && kind_names[i] != NULL; i++)
        if (kind->type == GL_YAML_SCALAR && gl_str_eqz(kind->text, kind_names[i])) {
            list->kind = (gl_list_kind)i;
            return true;
        }
    return gl_fail(err, GL_FATAL, "list-invalid", "%s: \"kind\" must be exact, prefix or words", name);
}

static bool read_name(gl_lists *lists, gl_list *list, const char *name, const gl_yaml *root, gl_err *err)
{
    const gl_yaml *node = gl_yaml_get(root, "name");
    if (node == NULL || node->type != GL_YAML_SCALAR || node->text.len == 0 || node->text.len > NAME_LIMIT_BYTES)
        return gl_fail(err, GL_FATAL, "list-invalid", "%s: \"name\" must be a text of at most %d bytes", name,
                       NAME_LIMIT_BYTES);
    if (gl_lists_find(lists, node->text, NULL) != NULL)
        return gl_fail(err, GL_FATAL, "list-invalid", "%s: another list is named \"%s\"", name, node->text.ptr);
    list->name = gl_arena_strndup(lists->arena, node->text.ptr, node->text.len);
    return true;
}

static bool read_list(gl_lists *lists, gl_list *list, const char *name, const gl_yaml *root, gl_err *err)
{
    static const char *const keys[] = {"name", "kind", "source", "valid_from", "valid_until", "entries", NULL};
    const gl_yaml *source = gl_yaml_get(root, "source");
    list->valid_from_us = INT64_MIN;
    list->valid_until_us = INT64_MAX;
    if (!gl_yaml_only(root, name, keys, err) || !read_name(lists, list, name, root, err) ||
        !read_kind(list, name, root, err) || !read_date(name, root, "valid_from", 0, &list->valid_from_us, err) ||
        !read_date(name, root, "valid_until", 1, &list->valid_until_us, err))
        return false;
    if (source != NULL && source->type != GL_YAML_SCALAR)
        return gl_fail(err, GL_FATAL, "list-invalid", "%s: line %d: \"source\" must be a text", name, source->line);
    if (list->valid_from_us >= list->valid_until_us)
        return gl_fail(err, GL_FATAL, "list-invalid", "%s: valid_until is before valid_from", name);
    return read_entries(list, lists->arena, name, root, err);
}

gl_lists *gl_lists_new(void)
{
    gl_lists *lists = calloc(1, sizeof *lists);
    if (lists == NULL)
        abort();
    lists->arena = gl_arena_new(0);
    return lists;
}

void gl_lists_destroy(gl_lists *lists)
{
    if (lists == NULL)
        return;
    gl_arena_destroy(lists->arena);
    free(lists);
}

bool gl_lists_add(gl_lists *lists, const char *name, gl_str yaml, gl_err *err)
{
    if (lists->count == GL_LISTS_LIMIT)
        return gl_fail(err, GL_FATAL, "list-invalid", "%s: more than %d lists", name, GL_LISTS_LIMIT);
    gl_arena *scratch = gl_arena_new(0);
    const gl_yaml *root = gl_yaml_parse(scratch, name, yaml, err);
    gl_list *list = GL_NEW(lists->arena, gl_list);
    bool ok = root != NULL && read_list(lists, list, name, root, err);
    if (ok) {
        gl_risk_name_version("", yaml, list->version, sizeof list->version);
        lists->at[lists->count++] = list;
    }
    gl_arena_destroy(scratch);
    return ok;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Names of the directory's *.yaml, sorted, in `arena`; SIZE_MAX with `err`. */
static size_t yaml_names(const char *directory, gl_arena *arena, char *names[GL_LISTS_LIMIT], gl_err *err)
{
    size_t count = 0;
    DIR *dir = opendir(directory);
    if (dir == NULL) {
        gl_fail(err, GL_FATAL, "file-unreadable", "%s: %s", directory, strerror(errno));
        return SIZE_MAX;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL && count != SIZE_MAX; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || len < 6 || strcmp(entry->d_name + len - 5, ".yaml") != 0)
            continue;
        if (count == GL_LISTS_LIMIT) {
            gl_fail(err, GL_FATAL, "list-invalid", "%s: more than %d lists", directory, GL_LISTS_LIMIT);
            count = SIZE_MAX;
        } else {
            names[count++] = gl_arena_strndup(arena, entry->d_name, len);
        }
    }
    closedir(dir);
    if (count != SIZE_MAX)
        qsort(names, count, sizeof names[0], compare_names);
    return count;
}

static bool load_file(gl_lists *lists, const char *directory, const char *file, gl_err *err)
{
    char path[PATH_BYTES];
    gl_buf content = {0};
    snprintf(path, sizeof path, "%s/%s", directory, file);
    bool ok = gl_risk_read_file(path, GL_LIST_LIMIT_BYTES, &content, err) &&
              gl_lists_add(lists, path, gl_buf_view(&content), err);
    gl_buf_free(&content);
    return ok;
}

gl_lists *gl_lists_load(const char *directory, gl_err *err)
{
    gl_lists *lists = gl_lists_new();
    gl_arena *scratch = gl_arena_new(0);
    char *names[GL_LISTS_LIMIT];
    size_t count = yaml_names(directory, scratch, names, err);
    bool ok = count != SIZE_MAX;
    for (size_t i = 0; ok && i < count; i++)
        ok = load_file(lists, directory, names[i], err);
    gl_arena_destroy(scratch);
    if (ok)
        return lists;
    gl_lists_destroy(lists);
    return NULL;
}

size_t gl_lists_count(const gl_lists *lists)
{
    return lists->count;
}

const gl_list *gl_lists_at(const gl_lists *lists, size_t at)
{
    return lists->at[at];
}

const gl_list *gl_lists_find(const gl_lists *lists, gl_str name, const char **nearest)
{
    const char *names[GL_LISTS_LIMIT + 1] = {0};
    for (size_t i = 0; i < lists->count; i++) {
        if (gl_str_eqz(name, lists->at[i]->name))
            return lists->at[i];
        names[i] = lists->at[i]->name;
    }
    if (nearest != NULL)
        *nearest = gl_nearest_name(name, names);
    return NULL;
}

const char *gl_list_name(const gl_list *list)
{
    return list->name;
}

const char *gl_list_version(const gl_list *list)
{
    return list->version;
}

gl_list_kind gl_list_kind_of(const gl_list *list)
{
    return list->kind;
}

size_t gl_list_entry_count(const gl_list *list)
{
    return list->count;
}

bool gl_list_in_force(const gl_list *list, int64_t now_us)
{
    return list->valid_from_us <= now_us && now_us < list->valid_until_us;
}

static gl_str match_prefix(const gl_list *list, gl_str key)
{
    for (size_t len = 1; len <= PREFIX_LIMIT && len <= key.len; len++) {
        if (!list->lengths[len])
            continue;
        const slot *s = find_slot(list, (gl_str){key.ptr, len});
        if (s->key.ptr != NULL)
            return s->entry;
    }
    return (gl_str){NULL, 0};
}

static gl_str match_words(const gl_list *list, gl_str text)
{
    while (text.len > 0) {
        gl_str rest = text;
        for (size_t words = 1; words <= list->longest_words; words++) {
            gl_str word = gl_text_word(&rest);
            if (word.len == 0)
                break;
            const slot *s = find_slot(list, (gl_str){text.ptr, (size_t)(word.ptr + word.len - text.ptr)});
            if (s->key.ptr != NULL)
                return s->entry;
        }
        gl_text_word(&text);
    }
    return (gl_str){NULL, 0};
}

gl_str gl_list_match(const gl_list *list, gl_str value)
{
    char room[GL_TEXT_OUTPUT_MAX];
    if (list->count == 0)
        return (gl_str){NULL, 0};
    if (list->kind == GL_LIST_WORDS)
        return match_words(list, gl_text_normalise(value, room));
    bool cut = false;
    if (list->kind == GL_LIST_PREFIX)
        return match_prefix(list, fold(value, room, PREFIX_LIMIT, &cut));
    gl_str key = fold(value, room, GL_LIST_ENTRY_BYTES, &cut);
    return cut || key.len == 0 ? (gl_str){NULL, 0} : find_slot(list, key)->entry;
}
