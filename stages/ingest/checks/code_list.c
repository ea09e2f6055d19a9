/* See code_list.h. */
#include "ingest/checks/code_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/yaml.h"
#include "customs/ids.h"

enum { CODES_LIMIT = 100000, FIELD_SLOTS = 512, FIELDS_LIMIT = 200 };

typedef struct gl_code_slot {
    gl_str code; /* {NULL, 0}: free */
    gl_str instead;
    int32_t from, until;
    bool known; /* false: only said to be another's mistake */
} slot;

typedef struct governed {
    const gl_field *field; /* NULL: free */
    const gl_code_list *list;
} governed;

struct gl_code_lists {
    gl_arena *arena;
    gl_code_list *at[GL_CODE_LISTS_LIMIT];
    size_t count, field_count;
    governed fields[FIELD_SLOTS];
    const gl_code_list *currencies, *units;
};

/* -- Looking up
 * -----------------------------------------------------------------------------------------------------------------------
 */

static uint32_t hash(gl_str code)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < code.len; i++)
        h = (h ^ (unsigned char)code.ptr[i]) * 16777619u;
    return h ^ (h >> 15);
}

/* The code's slot, or the free one where it belongs. */
static slot *find_slot(const gl_code_list *list, gl_str code)
{
    size_t at = hash(code) & (list->slot_count - 1);
    while (list->slots[at].code.ptr != NULL && !gl_str_eq(list->slots[at].code, code))
        at = (at + 1) & (list->slot_count - 1);
    return &list->slots[at];
}

gl_code_answer gl_code_list_look(const gl_code_list *list, gl_str code, int32_t day)
{
    const slot *found = find_slot(list, code);
    gl_code_answer answer = {.standing = GL_CODE_UNKNOWN, .instead = found->instead};
    if (!found->known)
        return answer;
    answer.from = found->from;
    answer.until = found->until;
    answer.standing = day < found->from ? GL_CODE_NOT_YET : day > found->until ? GL_CODE_NO_LONGER : GL_CODE_VALID;
    return answer;
}

static governed *field_slot(gl_code_lists *lists, const gl_field *field)
{
    size_t at = ((uintptr_t)field / sizeof *field) & (FIELD_SLOTS - 1);
    while (lists->fields[at].field != NULL && lists->fields[at].field != field)
        at = (at + 1) & (FIELD_SLOTS - 1);
    return &lists->fields[at];
}

const gl_code_list *gl_code_lists_of(const gl_code_lists *lists, const gl_field *field)
{
    return field_slot((gl_code_lists *)lists, field)->list;
}

const gl_code_list *gl_code_lists_of_currencies(const gl_code_lists *lists)
{
    return lists->currencies;
}

const gl_code_list *gl_code_lists_of_units(const gl_code_lists *lists)
{
    return lists->units;
}

size_t gl_code_lists_count(const gl_code_lists *lists)
{
    return lists->count;
}

const gl_code_list *gl_code_lists_at(const gl_code_lists *lists, size_t at)
{
    return lists->at[at];
}

const gl_code_list *gl_code_lists_find(const gl_code_lists *lists, gl_str name, const char **nearest)
{
    const char *names[GL_CODE_LISTS_LIMIT + 1] = {0};
    for (size_t i = 0; i < lists->count; i++) {
        if (gl_str_eq(lists->at[i]->name, name))
            return lists->at[i];
        names[i] = lists->at[i]->name.ptr;
    }
    if (nearest != NULL)
        *nearest = gl_nearest_name(name, names);
    return NULL;
}

/* -- Reading
 * --------------------------------------------------------------------------------------------------------------------------
 */

typedef struct reading {
    gl_code_lists *lists;
    gl_code_list *list;
    const char *name;
    gl_err *err;
} reading;

static bool refuse(const reading *r, int line, const char *what, gl_str detail)
{
    return gl_fail(r->err, GL_FATAL, "code-list-invalid", "%s: line %d: %s%.*s", r->name, line, what,
                   GL_STR_ARG(detail));
}

static gl_str kept(const reading *r, gl_str text)
{
    return (gl_str){gl_arena_strndup(r->lists->arena, text.ptr, text.len), text.len};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The next word of `rest`; empty at its end. */
static gl_str word_of(gl_str *rest)
{
    while (rest->len > 0 && is_space(*rest->ptr)) {
        rest->ptr++;
        rest->len--;
    }
    gl_str word = {rest->ptr, 0};
    while (word.len < rest->len && !is_space(word.ptr[word.len]))
        word.len++;
    rest->ptr += word.len;
    rest->len -= word.len;
    return word;
}

static size_t words_in(gl_str text)
{
    size_t count = 0;
    while (word_of(&text).len > 0)
        count++;
    return count;
}

static bool add_code(reading *r, int line, gl_str code, int32_t from, int32_t until)
{
    if (code.len == 0 || code.len > GL_CODE_BYTES)
        return refuse(r, line, "a code has 1 to 64 bytes: ", code);
    slot *at = find_slot(r->list, code);
    if (at->code.ptr != NULL)
        return refuse(r, line, "twice in the list: ", code);
    *at = (slot){.code = kept(r, code), .from = from, .until = until, .known = true};
    r->list->code_count++;
    return true;
}

static bool read_day(const reading *r, const gl_yaml *entry, const char *key, int32_t open, int32_t *day)
{
    const gl_yaml *node = gl_yaml_get(entry, key);
    *day = open;
    return node == NULL || (node->type == GL_YAML_SCALAR && gl_date_parse(node->text, day)) ||
           refuse(r, node->line, "not a date (2026-11-24): ", node->text);
}

static bool read_dated(reading *r, const gl_yaml *node)
{
    static const char *const keys[] = {"code", "from", "until", NULL};
    for (size_t i = 0; node != NULL && i < node->count; i++) {
        const gl_yaml *entry = node->items[i];
        if (entry->type != GL_YAML_MAP)
            return refuse(r, entry->line, "{code, from, until} was expected", GL_STR(""));
        const gl_yaml *code = gl_yaml_get(entry, "code");
        int32_t from, until;
        if (!gl_yaml_only(entry, r->name, keys, r->err) || !read_day(r, entry, "from", INT32_MIN, &from) ||
            !read_day(r, entry, "until", INT32_MAX, &until))
            return false;
        if (code == NULL || code->type != GL_YAML_SCALAR || from > until)
            return refuse(r, entry->line, "a code, and a `from` that is not after `until`, were expected", GL_STR(""));
        if (!add_code(r, entry->line, code->text, from, until))
            return false;
    }
    return true;
}

static bool read_codes(reading *r, const gl_yaml *node)
{
    gl_str rest = node == NULL ? GL_STR("") : node->text;
    for (gl_str word = word_of(&rest); word.len > 0; word = word_of(&rest))
        if (!add_code(r, node->line, word, INT32_MIN, INT32_MAX))
            return false;
    return true;
}

static bool read_instead(reading *r, const gl_yaml *node)
{
    for (size_t i = 0; node != NULL && i < node->count; i++) {
        slot *right = find_slot(r->list, node->items[i]->text);
        if (node->items[i]->type != GL_YAML_SCALAR || !right->known)
            return refuse(r, node->items[i]->line,
                          "the code to take instead is not in the list: ", node->items[i]->text);
        gl_str code = right->code;
        slot *wrong = find_slot(r->list, node->keys[i]);
        if (wrong->code.ptr == NULL)
            *wrong = (slot){.code = kept(r, node->keys[i])};
        wrong->instead = code;
    }
    return true;
}

static const gl_field *find_field(gl_str name)
{
    const char *dot = memchr(name.ptr, '.', name.len);
    if (dot == NULL)
        return NULL;
    gl_str record = {name.ptr, (size_t)(dot - name.ptr)}, rest = {dot + 1, name.len - record.len - 1};
    for (size_t i = 0; gl_canonical_shapes[i] != NULL; i++)
        if (gl_str_eqz(record, gl_canonical_shapes[i]->name))
            return gl_shape_field(gl_canonical_shapes[i], rest);
    return NULL;
}

static bool govern(reading *r, const gl_yaml *node)
{
    const gl_code_list **all = gl_str_eqz(node->text, "amount.currency") ? &r->lists->currencies
                               : gl_str_eqz(node->text, "measure.unit")  ? &r->lists->units
                                                                         : NULL;
    if (all != NULL) {
        if (*all != NULL)
            return refuse(r, node->line, "another list is about this field: ", node->text);
        *all = r->list;
        return true;
    }
    const gl_field *field = find_field(node->text);
    if (field == NULL || (field->kind != GL_FIELD_TEXT && field->kind != GL_FIELD_TEXTS))
        return refuse(r, node->line, "not a text field of the declaration (docs/FORMATS.md): ", node->text);
    governed *at = field_slot(r->lists, field);
    if (at->field != NULL)
        return refuse(r, node->line, "another list is about this field: ", node->text);
    if (++r->lists->field_count > FIELDS_LIMIT)
        return refuse(r, node->line, "too many fields", GL_STR(""));
    *at = (governed){field, r->list};
    return true;
}

static bool read_fields(reading *r, const gl_yaml *node)
{
    for (size_t i = 0; node != NULL && i < node->count; i++) {
        if (node->items[i]->type != GL_YAML_SCALAR)
            return refuse(r, node->items[i]->line, "the name of a field was expected", GL_STR(""));
        if (!govern(r, node->items[i]))
            return false;
    }
    return true;
}

/* A text of words, which are kept as they are. */
static bool read_words(reading *r, const gl_yaml *root, const char *key, gl_str *words)
{
    const gl_yaml *node = gl_yaml_get(root, key);
    *words = GL_STR("");
    if (node == NULL)
        return true;
    if (node->type != GL_YAML_SCALAR || node->text.len == 0)
        return refuse(r, node->line, "data sets, parted by spaces, were expected: ", gl_str_of(key));
    *words = kept(r, node->text);
    return true;
}

static bool read_head(reading *r, const gl_yaml *root)
{
    gl_str *const texts[] = {&r->list->name, &r->list->source, &r->list->version};
    static const char *const names[] = {"name", "source", "version"};
    for (size_t i = 0; i < 3; i++) {
        const gl_yaml *node = gl_yaml_get(root, names[i]);
        if (node == NULL || node->type != GL_YAML_SCALAR || node->text.len == 0)
            return refuse(r, root->line, "missing: ", gl_str_of(names[i]));
        *texts[i] = kept(r, node->text);
    }
    const gl_yaml *severity = gl_yaml_get(root, "severity");
    r->list->warning = severity != NULL && gl_str_eqz(severity->text, "warning");
    if (severity != NULL && !r->list->warning && !gl_str_eqz(severity->text, "error"))
        return refuse(r, severity->line, "severity is error or warning, not ", severity->text);
    if (!read_words(r, root, "not_for", &r->list->not_for) ||
        !read_words(r, root, "warning_for", &r->list->warning_for))
        return false;
    if (gl_code_lists_find(r->lists, r->list->name, NULL) != NULL)
        return refuse(r, root->line, "there is another list of this name: ", r->list->name);
    return true;
}

static bool read_list(reading *r, const gl_yaml *root)
{
    static const char *const keys[] = {"name",  "source",  "version", "severity",    "fields", "codes",
                                       "dated", "instead", "not_for", "warning_for", NULL};
    if (!gl_yaml_only(root, r->name, keys, r->err) || !read_head(r, root))
        return false;
    const gl_yaml *codes = gl_yaml_get(root, "codes"), *dated = gl_yaml_get(root, "dated"),
                  *instead = gl_yaml_get(root, "instead"), *fields = gl_yaml_get(root, "fields");
    if ((codes != NULL && codes->type != GL_YAML_SCALAR) || (dated != NULL && dated->type != GL_YAML_LIST) ||
        (instead != NULL && instead->type != GL_YAML_MAP) || (fields != NULL && fields->type != GL_YAML_LIST))
        return refuse(r, root->line, "`codes` is a text, `dated` and `fields` are lists, `instead` is a map",
                      GL_STR(""));
    size_t count = (codes == NULL ? 0 : words_in(codes->text)) + (dated == NULL ? 0 : dated->count);
    if (count == 0 || count > CODES_LIMIT)
        return refuse(r, root->line, "a list has 1 to 100,000 codes", GL_STR(""));
    count += instead == NULL ? 0 : instead->count;
    r->list->slot_count = 16;
    while (r->list->slot_count < 2 * count)
        r->list->slot_count *= 2;
    r->list->slots = GL_NEW_N(r->lists->arena, slot, r->list->slot_count);
    return read_codes(r, codes) && read_dated(r, dated) && read_instead(r, instead) && read_fields(r, fields);
}

gl_code_lists *gl_code_lists_new(gl_arena *arena)
{
    gl_code_lists *lists = GL_NEW(arena, gl_code_lists);
    lists->arena = arena;
    return lists;
}

bool gl_code_lists_add(gl_code_lists *lists, const char *name, gl_str yaml, gl_err *err)
{
    if (lists->count == GL_CODE_LISTS_LIMIT)
        return gl_fail(err, GL_FATAL, "code-list-invalid", "%s: more than %d lists", name, GL_CODE_LISTS_LIMIT);
    gl_arena *scratch = gl_arena_new(0);
    const gl_yaml *root = gl_yaml_parse(scratch, name, yaml, err);
    reading r = {.lists = lists, .list = GL_NEW(lists->arena, gl_code_list), .name = name, .err = err};
    bool good = root != NULL && read_list(&r, root);
    gl_sha256(yaml, r.list->digest);
    if (good)
        lists->at[lists->count++] = r.list;
    gl_arena_destroy(scratch);
    return good;
}

static bool load_file(gl_code_lists *lists, const char *path, gl_err *err)
{
    gl_buf bytes = {0};
    bool good = gl_buf_read_file(&bytes, path, GL_YAML_LIMIT_BYTES);
    if (!good)
        gl_fail(err, GL_FATAL, "file-unreadable", "%s: %s", path, strerror(errno));
    good = good && gl_code_lists_add(lists, path, gl_buf_view(&bytes), err);
    gl_buf_free(&bytes);
    return good;
}

static bool is_yaml(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && name[0] != '.' && strcmp(name + len - 5, ".yaml") == 0;
}

gl_code_lists *gl_code_lists_load(gl_arena *arena, const char *directory, gl_err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, NULL, alphasort);
    if (count < 0) {
        gl_fail(err, GL_FATAL, "file-unreadable", "%s: %s", directory, strerror(errno));
        return NULL;
    }
    gl_code_lists *lists = gl_code_lists_new(arena);
    bool good = true;
    for (int i = 0; i < count; i++) {
        if (good && is_yaml(entries[i]->d_name))
            good = load_file(lists, gl_arena_printf(arena, "%s/%s", directory, entries[i]->d_name), err);
        free(entries[i]);
    }
    free(entries);
    return good ? lists : NULL;
}

static bool has_word(gl_str words, gl_str wanted)
{
    for (gl_str word = word_of(&words); word.len > 0; word = word_of(&words))
        if (gl_str_eq(word, wanted))
            return true;
    return false;
}

bool gl_code_list_is_for(const gl_code_list *list, gl_str data_set)
{
    return list->not_for.len == 0 || !has_word(list->not_for, data_set);
}

bool gl_code_list_warns(const gl_code_list *list, gl_str data_set)
{
    return list->warning || (list->warning_for.len > 0 && has_word(list->warning_for, data_set));
}
