/* See conf.h. Values go through three layers, each over the one before: the table's defaults, the file, --set.
 *
 * Always holds: every value in a struct came through parse_value(), also the defaults; memory of a configuration is in
 * its own arena; a section's `given` array has one flag an entry for each of its structs.
 */
#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct section {
    const gl_conf_table *table;
    unsigned char *structs; /* `count` of table->struct_bytes */
    size_t count;           /* 1 when the section is not repeated */
    bool *given;            /* [count * entry_count] */
    int *lines;             /* [count]: of the map in the file, 0: not there */
} section;

struct gl_conf {
    gl_arena *arena;
    section *sections;
    size_t count;
    const char *path; /* NULL: no file */
};

/* Where a value stands, for messages, and what its paths are relative to. */
typedef struct place {
    gl_conf *conf;
    const gl_conf_entry *entry;
    const char *where; /* "/etc/x.yaml: line 3: kafka.brokers" */
    const char *directory;
    gl_err *err;
} place;

enum { VALUE_LIMIT_BYTES = 64 * 1024, LIST_LIMIT = 10000, NAMES_LIMIT = 256 };
static const char SECRET_TEXT[] = "(secret)";

static bool wrong_value(const place *at, const gl_conf_entry *entry, gl_str text, const char *expected)
{
    if (entry->flags & GL_CONF_SECRET)
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: expected %s", at->where, expected);
    return gl_fail(at->err, GL_FATAL, "conf-value", "%s: \"%.*s\" is not %s", at->where,
                   text.len > 60 ? 60 : (int)text.len, text.ptr, expected);
}

/* -- ${NAME}, ${NAME:-default}, ${file:PATH}, $${ for a literal ${ ------------------------------------------------ */

static bool is_env_name(gl_str name)
{
    if (name.len == 0 || isdigit((unsigned char)name.ptr[0]))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
            return false;
    return true;
}

/* `inside`: what stands between the braces. */
static bool expand_one(const place *at, gl_str inside, gl_buf *out)
{
    const char *mark = memmem(inside.ptr, inside.len, ":-", 2);
    gl_str name = {inside.ptr, mark == NULL ? inside.len : (size_t)(mark - inside.ptr)};
    if (!is_env_name(name))
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: \"${%.*s}\" names no environment variable", at->where,
                       GL_STR_ARG(inside));
    const char *value = getenv(gl_arena_strndup(at->conf->arena, name.ptr, name.len));
    if (value != NULL && (value[0] != '\0' || mark == NULL)) {
        gl_buf_text(out, value);
        return true;
    }
    if (mark == NULL)
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: the environment variable %.*s is not set", at->where,
                       GL_STR_ARG(name));
    gl_buf_str(out, (gl_str){mark + 2, inside.len - name.len - 2});
    return true;
}

static bool expand(const place *at, gl_str text, gl_str *out);
static const char *absolute(const place *at, gl_str path);

/* The first VALUE_LIMIT_BYTES + 1 bytes of a file, so that one that is too long is noticed; SIZE_MAX: errno says why
 * not. */
static size_t read_secret(const char *path, char *text)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return SIZE_MAX;
    errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL; /* a pipe or a device would be waited for */
    FILE *file = S_ISREG(status.st_mode) ? fopen(path, "re") : NULL;
    if (file == NULL)
        return SIZE_MAX;
    size_t len = fread(text, 1, VALUE_LIMIT_BYTES + 1, file);
    int problem = ferror(file) ? errno : 0;
    fclose(file);
    errno = problem;
    return problem == 0 ? len : SIZE_MAX;
}

/* What a file holds, without its last line break. Only where it is never printed: it is a secret. */
static bool expand_file(const place *at, gl_str path, gl_buf *out)
{
    gl_str name;
    if (!(at->entry->flags & GL_CONF_SECRET))
        return gl_fail(at->err, GL_FATAL, "conf-value",
                       "%s: ${file:...} is for secrets, and this key's value is printed", at->where);
    if (!expand(at, path, &name))
        return false;
    const char *full = absolute(at, name);
    char *text = gl_arena_alloc(at->conf->arena, VALUE_LIMIT_BYTES + 1);
    size_t len = read_secret(full, text);
    if (len == SIZE_MAX)
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: cannot read %s: %s", at->where, full, strerror(errno));
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0)
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: %s is empty", at->where, full);
    gl_buf_bytes(out, text, len);
    return true;
}

/* The brace that closes "${...": in a file's path there may be variables, in a default there are none. NULL: none. */
static const char *closing_brace(gl_str rest, bool nested)
{
    int depth = 0;
    for (size_t i = 0; i < rest.len; i++) {
        if (i + 1 < rest.len && rest.ptr[i] == '$' && rest.ptr[i + 1] == '{')
            depth += nested || i == 0;
        else if (rest.ptr[i] == '}' && --depth == 0)
            return rest.ptr + i;
    }
    return NULL;
}

static bool expand(const place *at, gl_str text, gl_str *out)
{
    gl_buf buf = gl_buf_in(at->conf->arena);
    for (size_t i = 0; i < text.len;) {
        gl_str rest = {text.ptr + i, text.len - i};
        if (gl_str_starts(rest, GL_STR("$${"))) {
            gl_buf_text(&buf, "${");
            i += 3;
            continue;
        }
        if (!gl_str_starts(rest, GL_STR("${"))) {
            gl_buf_byte(&buf, (uint8_t)rest.ptr[0]);
            i++;
            continue;
        }
        bool file = gl_str_starts(rest, GL_STR("${file:"));
        const char *close = closing_brace(rest, file);
        if (close == NULL)
            return gl_fail(at->err, GL_FATAL, "conf-value", "%s: \"${\" without \"}\"", at->where);
        size_t skip = file ? 7 : 2;
        gl_str inside = {rest.ptr + skip, (size_t)(close - rest.ptr) - skip};
        if (!(file ? expand_file(at, inside, &buf) : expand_one(at, inside, &buf)))
            return false;
        i += (size_t)(close - rest.ptr) + 1;
    }
    *out = buf.len == 0 ? GL_STR("") : gl_buf_view(&buf);
    if (out->len > VALUE_LIMIT_BYTES)
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: longer than %d bytes", at->where, VALUE_LIMIT_BYTES);
    if (out->len > 0 && memchr(out->ptr, '\0', out->len) != NULL)
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: holds a NUL character", at->where);
    if (!gl_str_is_utf8(*out, NULL))
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: is not UTF-8", at->where);
    return true;
}

/* -- Values ------------------------------------------------------------------------------------------------------- */

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

/* Largest first. */
static const unit DURATION_UNITS[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const unit BYTE_UNITS[] = {{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}};

/* A whole number, then one of `units`. `bare_zero`: 0 needs no unit. */
static bool parse_scaled(gl_str text, const unit *units, size_t count, bool bare_zero, int64_t *value)
{
    size_t digits = 0;
    while (digits < text.len && isdigit((unsigned char)text.ptr[digits]))
        digits++;
    uint64_t number = 0;
    if (!gl_str_to_u64((gl_str){text.ptr, digits}, INT64_MAX, &number))
        return false;
    gl_str suffix = {text.ptr + digits, text.len - digits};
    if (bare_zero && number == 0 && suffix.len == 0) {
        *value = 0;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(units[i].name) != suffix.len || strncasecmp(units[i].name, suffix.ptr, suffix.len) != 0)
            continue;
        return !__builtin_mul_overflow((int64_t)number, units[i].factor, value);
    }
    return false;
}

static bool parse_int(gl_str text, int64_t *value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    gl_str digits = negative ? (gl_str){text.ptr + 1, text.len - 1} : text;
    uint64_t magnitude = 0;
    if (!gl_str_to_u64(digits, INT64_MAX, &magnitude))
        return false;
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* "2.5%" exactly, with at most four decimals; or parts per million. */
static bool parse_ppm(gl_str text, int64_t *value)
{
    uint64_t whole = 0;
    if (text.len == 0 || text.ptr[text.len - 1] != '%') {
        if (!gl_str_to_u64(text, 1000000, &whole))
            return false;
        *value = (int64_t)whole;
        return true;
    }
    text.len--;
    const char *point = memchr(text.ptr, '.', text.len);
    gl_str before = {text.ptr, point == NULL ? text.len : (size_t)(point - text.ptr)};
    uint64_t ppm = 0;
    if (!gl_str_to_u64(before, 100, &whole))
        return false;
    if (point != NULL) {
        gl_str after = {point + 1, text.len - before.len - 1};
        if (after.len > 4 || !gl_str_to_u64(after, 9999, &ppm))
            return false;
        for (size_t i = after.len; i < 4; i++)
            ppm *= 10;
    }
    *value = (int64_t)(whole * 10000 + ppm);
    return *value <= 1000000;
}

static const char *absolute(const place *at, gl_str path)
{
    gl_arena *arena = at->conf->arena;
    if (path.len == 0 || path.ptr[0] == '/')
        return gl_arena_strndup(arena, path.ptr, path.len);
    while (gl_str_starts(path, GL_STR("./"))) {
        path.ptr += 2;
        path.len -= 2;
    }
    return gl_arena_printf(arena, "%s/%.*s", at->directory, GL_STR_ARG(path));
}

static const char *keep_text(const place *at, const gl_conf_entry *entry, gl_str text)
{
    if (entry->flags & GL_CONF_FILE)
        return absolute(at, text);
    return gl_arena_strndup(at->conf->arena, text.ptr, text.len);
}

static void put_scaled(gl_buf *buf, int64_t value, const unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (value % units[i].factor != 0 || (value == 0 && i + 1 < count))
            continue;
        gl_buf_printf(buf, "%" PRId64 "%s", value / units[i].factor, units[i].name);
        return;
    }
}

static void put_number(gl_buf *buf, gl_conf_type type, int64_t value)
{
    if (type == GL_CONF_DURATION)
        put_scaled(buf, value, DURATION_UNITS, sizeof DURATION_UNITS / sizeof DURATION_UNITS[0]);
    else if (type == GL_CONF_BYTES)
        put_scaled(buf, value, BYTE_UNITS, sizeof BYTE_UNITS / sizeof BYTE_UNITS[0]);
    else
        gl_buf_printf(buf, "%" PRId64, value);
}

static bool has_range(const gl_conf_entry *entry)
{
    return (entry->min != 0 || entry->max != 0) && entry->type != GL_CONF_PPM;
}

static bool has_upper(const gl_conf_entry *entry)
{
    return entry->max != 0 || entry->min < 0;
}

/* What a value of `entry` must be, for messages and for the documentation. */
static void put_type(gl_buf *buf, const gl_conf_entry *entry)
{
    switch (entry->type) {
    case GL_CONF_STRING:
        gl_buf_text(buf, entry->flags & GL_CONF_FILE ? "a path" : "text");
        break;
    case GL_CONF_INT:
        gl_buf_text(buf, "a whole number");
        break;
    case GL_CONF_BOOL:
        gl_buf_text(buf, "true or false");
        break;
    case GL_CONF_DURATION:
        gl_buf_text(buf, "a duration (250ms, 10s, 5m, 12h, 30d)");
        break;
    case GL_CONF_BYTES:
        gl_buf_text(buf, "a size (512, 64k, 16m, 1g)");
        break;
    case GL_CONF_PPM:
        gl_buf_text(buf, "a share (2.5% or 25000 parts per million)");
        break;
    case GL_CONF_ENUM:
        gl_buf_text(buf, "one of ");
        for (size_t i = 0; entry->names[i] != NULL; i++)
            gl_buf_printf(buf, "%s%s", i == 0 ? "" : ", ", entry->names[i]);
        break;
    case GL_CONF_STRINGS:
        gl_buf_text(buf, entry->flags & GL_CONF_FILE ? "a list of paths" : "a list of text");
        break;
    }
    if (!has_range(entry))
        return;
    gl_buf_text(buf, has_upper(entry) ? " from " : " of at least ");
    put_number(buf, entry->type, entry->min);
    if (!has_upper(entry))
        return;
    gl_buf_text(buf, " to ");
    put_number(buf, entry->type, entry->max);
}

static bool wrong_type(const place *at, const gl_conf_entry *entry, gl_str text)
{
    gl_buf expected = gl_buf_in(at->conf->arena);
    put_type(&expected, entry);
    gl_buf_byte(&expected, '\0');
    return wrong_value(at, entry, text, (const char *)expected.data);
}

static bool parse_number(const place *at, const gl_conf_entry *entry, gl_str text, int64_t *value)
{
    bool ok = false;
    switch (entry->type) {
    case GL_CONF_INT:
        ok = parse_int(text, value);
        break;
    case GL_CONF_DURATION:
        ok = parse_scaled(text, DURATION_UNITS, sizeof DURATION_UNITS / sizeof DURATION_UNITS[0], true, value);
        break;
    case GL_CONF_BYTES:
        ok = parse_scaled(text, BYTE_UNITS, sizeof BYTE_UNITS / sizeof BYTE_UNITS[0], false, value);
        break;
    default:
        ok = parse_ppm(text, value);
        break;
    }
    if (ok && has_range(entry))
        ok = *value >= entry->min && (!has_upper(entry) || *value <= entry->max);
    return ok || wrong_type(at, entry, text);
}

static bool parse_enum(const place *at, const gl_conf_entry *entry, gl_str text, int *value)
{
    for (int i = 0; entry->names[i] != NULL; i++) {
        if (gl_str_eqz(text, entry->names[i])) {
            *value = i;
            return true;
        }
    }
    return wrong_type(at, entry, text);
}

/* "a, b": how defaults, --set and single values give a list. */
static gl_conf_strings split(const place *at, const gl_conf_entry *entry, gl_str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == ',';
    gl_conf_strings list = {GL_NEW_N(at->conf->arena, const char *, count), 0};
    while (text.len > 0) {
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t len = comma == NULL ? text.len : (size_t)(comma - text.ptr);
        gl_str item = gl_str_trim((gl_str){text.ptr, len});
        if (item.len > 0)
            list.at[list.count++] = keep_text(at, entry, item);
        len += comma != NULL;
        text = (gl_str){text.ptr + len, text.len - len};
    }
    return list;
}

/* `text` has been expanded. `target`: the section's struct. */
static bool parse_value(const place *at, const gl_conf_entry *entry, gl_str text, void *target)
{
    void *field = (unsigned char *)target + entry->offset;
    switch (entry->type) {
    case GL_CONF_STRING:
        *(const char **)field = keep_text(at, entry, text);
        return true;
    case GL_CONF_BOOL:
        if (!gl_str_eqz(text, "true") && !gl_str_eqz(text, "false"))
            return wrong_type(at, entry, text);
        *(bool *)field = text.ptr[0] == 't';
        return true;
    case GL_CONF_ENUM:
        return parse_enum(at, entry, text, (int *)field);
    case GL_CONF_STRINGS:
        *(gl_conf_strings *)field = split(at, entry, text);
        return true;
    default:
        return parse_number(at, entry, text, (int64_t *)field);
    }
}

/* -- The file ----------------------------------------------------------------------------------------------------- */

static bool read_strings(place *at, const gl_conf_entry *entry, const gl_yaml *node, void *target)
{
    if (node->count > LIST_LIMIT)
        return gl_fail(at->err, GL_FATAL, "conf-value", "%s: more than %d items", at->where, LIST_LIMIT);
    gl_conf_strings list = {GL_NEW_N(at->conf->arena, const char *, node->count), 0};
    for (size_t i = 0; i < node->count; i++) {
        gl_str text;
        if (node->items[i]->type != GL_YAML_SCALAR)
            return gl_fail(at->err, GL_FATAL, "conf-value", "%s: item %zu is not a single value", at->where, i + 1);
        if (!expand(at, node->items[i]->text, &text))
            return false;
        list.at[list.count++] = keep_text(at, entry, text);
    }
    *(gl_conf_strings *)(void *)((unsigned char *)target + entry->offset) = list;
    return true;
}

/* "key:" without a value, "~" and "null" leave the default. */
static bool is_nothing(const gl_yaml *node)
{
    return node->type == GL_YAML_SCALAR && !node->quoted &&
           (node->text.len == 0 || gl_str_eqz(node->text, "~") || gl_str_eqz(node->text, "null"));
}

static bool read_entry(place *at, const gl_conf_entry *entry, const gl_yaml *node, void *target, bool *given)
{
    if (is_nothing(node))
        return true;
    *given = true;
    if (entry->type == GL_CONF_STRINGS && node->type == GL_YAML_LIST)
        return read_strings(at, entry, node, target);
    if (node->type != GL_YAML_SCALAR)
        return wrong_type(at, entry, GL_STR("a list or map"));
    gl_str text;
    return expand(at, node->text, &text) && parse_value(at, entry, text, target);
}

static const gl_conf_entry *find_entry(const gl_conf_table *table, gl_str name)
{
    for (size_t i = 0; i < table->entry_count; i++)
        if (gl_str_eqz(name, table->entries[i].name))
            return &table->entries[i];
    return NULL;
}

static bool unknown(gl_err *err, const char *code, const char *where, const char *kind, gl_str name,
                    const char *const *names)
{
    const char *near = gl_nearest_name(name, names);
    if (near != NULL)
        return gl_fail(err, GL_FATAL, code, "%s: unknown %s \"%.*s\"; did you mean \"%s\"?", where, kind,
                       GL_STR_ARG(name), near);
    return gl_fail(err, GL_FATAL, code, "%s: unknown %s \"%.*s\"", where, kind, GL_STR_ARG(name));
}

static bool unknown_key(const gl_conf_table *table, gl_str key, const char *where, gl_err *err)
{
    const char *names[NAMES_LIMIT + 1] = {NULL};
    for (size_t i = 0; i < table->entry_count && i < NAMES_LIMIT; i++)
        names[i] = table->entries[i].name;
    char kind[80];
    snprintf(kind, sizeof kind, "key in section \"%s\":", table->section);
    return unknown(err, "conf-unknown-key", where, kind, key, names);
}

static bool unknown_section(const gl_conf *conf, gl_str name, const char *where, gl_err *err)
{
    const char *names[NAMES_LIMIT + 1] = {NULL};
    for (size_t i = 0; i < conf->count && i < NAMES_LIMIT; i++)
        names[i] = conf->sections[i].table->section;
    return unknown(err, "conf-unknown-section", where, "section", name, names);
}

/* One map of the file into the struct number `index`. */
static bool read_map(gl_conf *conf, section *s, size_t index, const gl_yaml *map, const char *directory, gl_err *err)
{
    s->lines[index] = map->line;
    if (map->type != GL_YAML_MAP)
        return gl_fail(err, GL_FATAL, "conf-value", "%s: line %d: section \"%s\" must be %s", conf->path, map->line,
                       s->table->section, s->table->repeated ? "a list of maps" : "a map of keys and values");
    void *target = s->structs + index * s->table->struct_bytes;
    for (size_t i = 0; i < map->count; i++) {
        const gl_conf_entry *entry = find_entry(s->table, map->keys[i]);
        const char *line = gl_arena_printf(conf->arena, "%s: line %d", conf->path, map->key_lines[i]);
        if (entry == NULL)
            return unknown_key(s->table, map->keys[i], line, err);
        place at = {conf, entry, gl_arena_printf(conf->arena, "%s: %s.%s", line, s->table->section, entry->name),
                    directory, err};
        bool *given = &s->given[index * s->table->entry_count + (size_t)(entry - s->table->entries)];
        if (!read_entry(&at, entry, map->items[i], target, given))
            return false;
    }
    return true;
}

static bool fill_defaults(gl_conf *conf, section *s, size_t index, const char *directory, gl_err *err)
{
    void *target = s->structs + index * s->table->struct_bytes;
    for (size_t i = 0; i < s->table->entry_count; i++) {
        const gl_conf_entry *entry = &s->table->entries[i];
        bool text = entry->type == GL_CONF_STRING || entry->type == GL_CONF_STRINGS;
        if (entry->initial == NULL && !text)
            continue;
        place at = {conf, entry, gl_arena_printf(conf->arena, "default of %s.%s", s->table->section, entry->name),
                    directory, err};
        gl_str value;
        if (!expand(&at, gl_str_of(entry->initial), &value) || !parse_value(&at, entry, value, target))
            return false;
    }
    return true;
}

static bool make_structs(gl_conf *conf, section *s, size_t count, const char *directory, gl_err *err)
{
    s->count = count;
    s->structs = gl_arena_calloc(conf->arena, count, s->table->struct_bytes);
    s->given = GL_NEW_N(conf->arena, bool, count * s->table->entry_count);
    s->lines = GL_NEW_N(conf->arena, int, count);
    for (size_t i = 0; i < count; i++)
        if (!fill_defaults(conf, s, i, directory, err))
            return false;
    return true;
}

static section *find_section(const gl_conf *conf, gl_str name)
{
    for (size_t i = 0; i < conf->count; i++)
        if (gl_str_eqz(name, conf->sections[i].table->section))
            return &conf->sections[i];
    return NULL;
}

static bool read_section(gl_conf *conf, section *s, const gl_yaml *node, const char *directory, gl_err *err)
{
    if (is_nothing(node))
        return true;
    if (!s->table->repeated)
        return read_map(conf, s, 0, node, directory, err);
    if (node->type != GL_YAML_LIST || node->count > LIST_LIMIT)
        return gl_fail(err, GL_FATAL, "conf-value", "%s: line %d: section \"%s\" must be a list of at most %d maps",
                       conf->path, node->line, s->table->section, LIST_LIMIT);
    if (!make_structs(conf, s, node->count, directory, err))
        return false;
    for (size_t i = 0; i < node->count; i++)
        if (!read_map(conf, s, i, node->items[i], directory, err))
            return false;
    return true;
}

/* The directory of `path`, absolute. */
static const char *directory_of(gl_conf *conf, const char *path, const char *cwd)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return cwd;
    size_t len = slash == path ? 1 : (size_t)(slash - path);
    if (path[0] == '/')
        return gl_arena_strndup(conf->arena, path, len);
    return gl_arena_printf(conf->arena, "%s/%.*s", cwd, (int)len, path);
}

static bool read_file(gl_conf *conf, const char *directory, gl_err *err)
{
    const gl_yaml *root = gl_yaml_load(conf->arena, conf->path, err);
    if (root == NULL) {
        if (err != NULL && strcmp(err->code, "yaml-unreadable") == 0)
            err->code = "conf-unreadable";
        return false;
    }
    if (root->type != GL_YAML_MAP)
        return gl_fail(err, GL_FATAL, "conf-value", "%s: must be a map of sections", conf->path);
    for (size_t i = 0; i < root->count; i++) {
        section *s = find_section(conf, root->keys[i]);
        if (s == NULL)
            return unknown_section(conf, root->keys[i],
                                   gl_arena_printf(conf->arena, "%s: line %d", conf->path, root->key_lines[i]), err);
        if (!read_section(conf, s, root->items[i], directory, err))
            return false;
    }
    return true;
}

/* -- --set and what must be given --------------------------------------------------------------------------------- */

static bool apply_set(gl_conf *conf, const char *set, const char *cwd, gl_err *err)
{
    gl_str all = gl_str_of(set);
    const char *equals = memchr(all.ptr, '=', all.len);
    const char *dot = equals == NULL ? NULL : memchr(all.ptr, '.', (size_t)(equals - all.ptr));
    if (dot == NULL)
        return gl_fail(err, GL_FATAL, "conf-value", "--set: \"%s\" is not section.key=value", set);
    gl_str name = {all.ptr, (size_t)(dot - all.ptr)};
    gl_str key = {dot + 1, (size_t)(equals - dot) - 1};
    section *s = find_section(conf, name);
    if (s == NULL)
        return unknown_section(conf, name, "--set", err);
    if (s->table->repeated)
        return gl_fail(err, GL_FATAL, "conf-value", "--set: section \"%s\" is a list; change it in the file",
                       s->table->section);
    const gl_conf_entry *entry = find_entry(s->table, key);
    if (entry == NULL)
        return unknown_key(s->table, key, "--set", err);
    place at = {conf, entry, gl_arena_printf(conf->arena, "--set: %s.%s", s->table->section, entry->name), cwd, err};
    gl_str text;
    s->given[entry - s->table->entries] = true;
    return expand(&at, gl_str_of(equals + 1), &text) && parse_value(&at, entry, text, s->structs);
}

static bool is_empty(const gl_conf_entry *entry, const void *target)
{
    const void *field = (const unsigned char *)target + entry->offset;
    if (entry->type == GL_CONF_STRING)
        return (*(const char *const *)field)[0] == '\0';
    return entry->type == GL_CONF_STRINGS && ((const gl_conf_strings *)field)->count == 0;
}

static bool check_required(const gl_conf *conf, const section *s, gl_err *err)
{
    for (size_t i = 0; i < s->count; i++) {
        const void *target = s->structs + i * s->table->struct_bytes;
        for (size_t j = 0; j < s->table->entry_count; j++) {
            const gl_conf_entry *entry = &s->table->entries[j];
            if (!(entry->flags & GL_CONF_REQUIRED) ||
                (s->given[i * s->table->entry_count + j] && !is_empty(entry, target)))
                continue;
            if (s->lines[i] > 0)
                return gl_fail(err, GL_FATAL, "conf-required", "%s: line %d: %s.%s must be given", conf->path,
                               s->lines[i], s->table->section, entry->name);
            return gl_fail(err, GL_FATAL, "conf-required", "%s%s%s.%s must be given",
                           conf->path == NULL ? "" : conf->path, conf->path == NULL ? "" : ": ", s->table->section,
                           entry->name);
        }
    }
    return true;
}

static bool load(gl_conf *conf, const char *const *sets, gl_err *err)
{
    char cwd[PATH_MAX];
    if (getcwd(cwd, sizeof cwd) == NULL)
        return gl_fail(err, GL_FATAL, "conf-unreadable", "the working directory cannot be read");
    const char *directory = conf->path == NULL ? cwd : directory_of(conf, conf->path, cwd);
    for (size_t i = 0; i < conf->count; i++)
        if (!make_structs(conf, &conf->sections[i], conf->sections[i].table->repeated ? 0 : 1, directory, err))
            return false;
    if (conf->path != NULL && !read_file(conf, directory, err))
        return false;
    for (; sets != NULL && *sets != NULL; sets++)
        if (!apply_set(conf, *sets, cwd, err))
            return false;
    for (size_t i = 0; i < conf->count; i++)
        if (!check_required(conf, &conf->sections[i], err))
            return false;
    return true;
}

gl_conf *gl_conf_load(const char *path, const gl_conf_table *const *tables, size_t table_count, const char *const *sets,
                      gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    gl_conf *conf = GL_NEW(arena, gl_conf);
    conf->arena = arena;
    conf->count = table_count;
    conf->sections = GL_NEW_N(arena, section, table_count);
    conf->path = path == NULL ? NULL : gl_arena_strndup(arena, path, strlen(path));
    for (size_t i = 0; i < table_count; i++)
        conf->sections[i].table = tables[i];
    if (load(conf, sets, err))
        return conf;
    gl_conf_destroy(conf);
    return NULL;
}

void gl_conf_destroy(gl_conf *conf)
{
    if (conf != NULL)
        gl_arena_destroy(conf->arena);
}

const void *gl_conf_section(const gl_conf *conf, const char *name)
{
    const section *s = find_section(conf, gl_str_of(name));
    return s == NULL || s->table->repeated ? NULL : s->structs;
}

const void *gl_conf_list(const gl_conf *conf, const char *name, size_t *count)
{
    const section *s = find_section(conf, gl_str_of(name));
    *count = s == NULL || !s->table->repeated ? 0 : s->count;
    return *count == 0 ? NULL : s->structs;
}

/* -- Printing ----------------------------------------------------------------------------------------------------- */

static uint32_t decode(const unsigned char *p, size_t *len)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    *len = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t c = p[0] & masks[*len];
    for (size_t i = 1; i < *len; i++)
        c = c << 6 | (p[i] & 0x3F);
    return c;
}

/* A double-quoted YAML scalar. YAML takes some characters as line breaks and others not at all: those are escaped, and
 * "${" is written so that reading it again does not expand it. */
static void put_quoted(gl_buf *buf, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    gl_buf_byte(buf, '"');
    while (*p != '\0') {
        size_t len = 0;
        uint32_t c = decode(p, &len);
        bool odd = c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE ||
                   c == 0xFFFF;
        if (c == '"' || c == '\\')
            gl_buf_printf(buf, "\\%c", (int)c);
        else if (c == '$' && p[1] == '{')
            gl_buf_text(buf, "$$");
        else if (odd)
            gl_buf_printf(buf, "\\u%04x", (unsigned)c);
        else
            gl_buf_bytes(buf, p, len);
        p += len;
    }
    gl_buf_byte(buf, '"');
}

static void put_strings(gl_buf *buf, const gl_conf_strings *list)
{
    gl_buf_byte(buf, '[');
    for (size_t i = 0; i < list->count; i++) {
        gl_buf_text(buf, i == 0 ? "" : ", ");
        put_quoted(buf, list->at[i]);
    }
    gl_buf_byte(buf, ']');
}

static void put_value(gl_buf *buf, const gl_conf_entry *entry, const void *target)
{
    const void *field = (const unsigned char *)target + entry->offset;
    switch (entry->type) {
    case GL_CONF_STRING:
        put_quoted(buf, *(const char *const *)field);
        break;
    case GL_CONF_BOOL:
        gl_buf_text(buf, *(const bool *)field ? "true" : "false");
        break;
    case GL_CONF_ENUM:
        put_quoted(buf, entry->names[*(const int *)field]);
        break;
    case GL_CONF_STRINGS:
        put_strings(buf, field);
        break;
    default:
        put_number(buf, entry->type, *(const int64_t *)field);
        break;
    }
}

static void put_masked(gl_buf *buf, const gl_conf_entry *entry, const void *target)
{
    bool numeric = entry->type != GL_CONF_STRING && entry->type != GL_CONF_STRINGS;
    if (!(entry->flags & GL_CONF_SECRET) || (!numeric && is_empty(entry, target)))
        put_value(buf, entry, target);
    else
        put_quoted(buf, SECRET_TEXT);
}

static void print_struct(gl_buf *buf, const gl_conf_table *table, const void *target)
{
    for (size_t i = 0; i < table->entry_count; i++) {
        gl_buf_text(buf, !table->repeated ? "  " : i == 0 ? "  - " : "    ");
        gl_buf_printf(buf, "%s: ", table->entries[i].name);
        put_masked(buf, &table->entries[i], target);
        gl_buf_byte(buf, '\n');
    }
}

void gl_conf_print(const gl_conf *conf, gl_buf *buf)
{
    for (size_t i = 0; i < conf->count; i++) {
        const section *s = &conf->sections[i];
        bool empty = s->count == 0 || s->table->entry_count == 0;
        gl_buf_printf(buf, "%s:%s\n", s->table->section, !empty ? "" : s->table->repeated ? " []" : " {}");
        for (size_t j = 0; j < s->count; j++)
            print_struct(buf, s->table, s->structs + j * s->table->struct_bytes);
    }
}

/* -- Documentation ------------------------------------------------------------------------------------------------ */

/* Text inside a cell of a Markdown table. */
static void put_cell(gl_buf *buf, gl_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '|')
            gl_buf_byte(buf, '\\');
        gl_buf_byte(buf, text.ptr[i] == '\n' ? ' ' : (uint8_t)text.ptr[i]);
    }
}

static void put_initial(gl_buf *buf, const gl_conf_entry *entry)
{
    const char *initial = entry->initial;
    if (initial == NULL && entry->type == GL_CONF_BOOL)
        initial = "false";
    else if (initial == NULL && entry->type == GL_CONF_ENUM)
        initial = entry->names[0];
    else if (initial == NULL && entry->type != GL_CONF_STRING && entry->type != GL_CONF_STRINGS)
        initial = "0";
    if (entry->flags & GL_CONF_REQUIRED) {
        gl_buf_text(buf, "required");
    } else if (initial != NULL && initial[0] != '\0') {
        gl_buf_byte(buf, '`');
        put_cell(buf, gl_str_of(initial));
        gl_buf_byte(buf, '`');
    } else {
        gl_buf_text(buf, "none");
    }
}

static void document_entry(const gl_conf_entry *entry, gl_buf *buf)
{
    gl_buf type = {0};
    gl_buf_printf(buf, "| `%s` | ", entry->name);
    put_type(&type, entry);
    put_cell(buf, gl_buf_view(&type));
    gl_buf_free(&type);
    gl_buf_text(buf, " | ");
    put_initial(buf, entry);
    gl_buf_printf(buf, " | %s | ", entry->flags & GL_CONF_RELOADABLE ? "yes" : "no");
    put_cell(buf, gl_str_of(entry->help));
    gl_buf_text(buf, entry->flags & GL_CONF_SECRET ? " Secret: never printed. |\n" : " |\n");
}

void gl_conf_document(const gl_conf_table *table, gl_buf *buf)
{
    gl_buf_printf(buf, "## `%s`\n\n", table->section);
    if (table->help != NULL)
        gl_buf_printf(buf, "%s\n\n", table->help);
    if (table->repeated)
        gl_buf_text(buf, "A list: each item has these keys.\n\n");
    gl_buf_text(buf, "| key | value | default | reloadable | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < table->entry_count; i++)
        document_entry(&table->entries[i], buf);
    gl_buf_byte(buf, '\n');
}

/* -- Comparing ---------------------------------------------------------------------------------------------------- */

static bool same_value(const gl_conf_entry *entry, const void *a, const void *b)
{
    gl_buf x = {0}, y = {0};
    put_value(&x, entry, a);
    put_value(&y, entry, b);
    bool same = gl_str_eq(gl_buf_view(&x), gl_buf_view(&y));
    gl_buf_free(&x);
    gl_buf_free(&y);
    return same;
}

static void add_name(gl_buf *buf, const char *section_name, const char *key)
{
    gl_buf_printf(buf, "%s%s%s%s", buf->len == 0 ? "" : ", ", section_name, key == NULL ? "" : ".",
                  key == NULL ? "" : key);
}

static bool entry_differs(const section *a, const section *b, const gl_conf_entry *entry)
{
    for (size_t i = 0; i < a->count; i++) {
        size_t at = i * a->table->struct_bytes;
        if (!same_value(entry, a->structs + at, b->structs + at))
            return true;
    }
    return false;
}

static void compare_sections(const section *a, const section *b, gl_buf *buf)
{
    for (size_t i = 0; i < a->table->entry_count; i++) {
        const gl_conf_entry *entry = &a->table->entries[i];
        if (entry->flags & GL_CONF_RELOADABLE)
            continue;
        if (a->count != b->count) {
            add_name(buf, a->table->section, NULL);
            return;
        }
        if (entry_differs(a, b, entry))
            add_name(buf, a->table->section, entry->name);
    }
}

void gl_conf_fixed_changes(const gl_conf *old_conf, const gl_conf *new_conf, gl_buf *buf)
{
    for (size_t i = 0; i < old_conf->count; i++) {
        const section *a = &old_conf->sections[i];
        const section *b = find_section(new_conf, gl_str_of(a->table->section));
        if (b != NULL)
            compare_sections(a, b, buf);
    }
}

static uint64_t digest_bytes(uint64_t hash, gl_str s)
{
    /* FNV-1a over the length and the bytes. */
    for (size_t i = 0; i < sizeof(uint64_t); i++)
        hash = (hash ^ ((uint64_t)s.len >> (8 * i) & 0xFF)) * 1099511628211u;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * 1099511628211u;
    return hash;
}

/* Paths count by their last component, since the same policy is installed in different places. */
static void put_digested(gl_buf *buf, const gl_conf_entry *entry, const void *target)
{
    const void *field = (const unsigned char *)target + entry->offset;
    if (!(entry->flags & GL_CONF_FILE) || (entry->type != GL_CONF_STRING && entry->type != GL_CONF_STRINGS)) {
        put_value(buf, entry, target);
        return;
    }
    const char *path = entry->type == GL_CONF_STRING ? *(const char *const *)field : NULL;
    const gl_conf_strings one = {&path, 1};
    const gl_conf_strings *paths = entry->type == GL_CONF_STRING ? &one : field;
    for (size_t i = 0; i < paths->count; i++) {
        const char *slash = strrchr(paths->at[i], '/');
        put_quoted(buf, slash == NULL ? paths->at[i] : slash + 1);
    }
}

void gl_conf_digest(const gl_conf *conf, const char *name, char hex[17])
{
    const section *s = find_section(conf, gl_str_of(name));
    uint64_t hash = digest_bytes(14695981039346656037u, gl_str_of(name));
    gl_buf value = {0};
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        for (size_t j = 0; j < s->table->entry_count; j++) {
            const gl_conf_entry *entry = &s->table->entries[j];
            /* A digest stands in public records: no secret is guessed from it. */
            if (entry->flags & GL_CONF_SECRET)
                continue;
            value.len = 0;
            put_digested(&value, entry, s->structs + i * s->table->struct_bytes);
            hash = digest_bytes(digest_bytes(hash, gl_str_of(entry->name)), gl_buf_view(&value));
        }
    }
    gl_buf_free(&value);
    /* Murmur3's last step spreads FNV's weak high bits. */
    hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDu;
    hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53u;
    hash ^= hash >> 33;
    snprintf(hex, 17, "%016" PRIx64, hash);
}
