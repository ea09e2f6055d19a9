/* See mapping.h. */
#include "ingest/formats/csv/mapping.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/yaml.h"
#include "customs/money.h"
#include "io/rfc4180.h"

struct gl_mappings {
    gl_arena *arena;
    gl_mapping **at;
    size_t count;
};

typedef struct loader {
    gl_arena *arena;
    const char *name; /* of the file */
    gl_mapping *mapping;
    gl_err *err;
} loader;

static bool refuse(loader *l, const gl_yaml *node, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool refuse(loader *l, const gl_yaml *node, const char *code, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return gl_fail(l->err, GL_FATAL, code, "%s: line %d: %s", l->name, node->line, text);
}

static bool scalar(loader *l, const gl_yaml *node, const char *what, gl_str *out)
{
    if (node->type != GL_YAML_SCALAR)
        return refuse(l, node, "mapping-type", "%s: one value was expected", what);
    *out = node->text;
    return true;
}

static bool boolean(loader *l, const gl_yaml *map, const char *key, bool *out)
{
    const gl_yaml *node = gl_yaml_get(map, key);
    if (node == NULL)
        return true;
    if (node->type != GL_YAML_SCALAR || !(gl_str_eqz(node->text, "true") || gl_str_eqz(node->text, "false")))
        return refuse(l, node, "mapping-type", "%s: true or false was expected", key);
    *out = gl_str_eqz(node->text, "true");
    return true;
}

/* Takes the part before `separator` off `rest`. */
static gl_str take(gl_str *rest, char separator)
{
    const char *dot = rest->len == 0 ? NULL : memchr(rest->ptr, separator, rest->len);
    gl_str part = {rest->ptr, dot == NULL ? rest->len : (size_t)(dot - rest->ptr)};
    size_t used = part.len + (dot != NULL);
    *rest = (gl_str){rest->ptr + used, rest->len - used};
    return part;
}

static bool unknown_name(loader *l, const gl_yaml *node, const gl_shape *shape, gl_str name)
{
    const char *near = gl_shape_nearest(shape, name);
    return refuse(l, node, "mapping-unknown-field", "%s has no field \"%.*s\"%s%s%s", shape->name, GL_STR_ARG(name),
                  near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near, near == NULL ? "" : "\"?");
}

/* "parties.IMPORTER", "parties.FISCAL_REFERENCE:FR5", "documents.TRANSPORT", "packaging", "packaging.2". */
static bool parse_list_step(loader *l, const gl_yaml *node, const gl_field *field, gl_str *rest, gl_step *step)
{
    const gl_field *key = field->shape->fields;
    *step = (gl_step){.field = field, .key = -1};
    gl_str before = *rest, part = take(rest, '.');
    uint64_t number = 0;
    if (key->kind != GL_FIELD_ENUM) {
        if (!gl_str_to_u64(part, 16, &number))
            *rest = before;
        else if (number == 0)
            return refuse(l, node, "mapping-field", "elements are counted from 1");
        step->index = number == 0 ? 0 : (size_t)number - 1;
        return true;
    }
    gl_str name = take(&part, ':');
    step->key = gl_names_index(key->names, name);
    if (step->key < 0) {
        const char *near = gl_nearest_name(name, key->names);
        return refuse(l, node, "mapping-unknown-field", "%s: no %s \"%.*s\"%s%s%s", field->name, key->name,
                      GL_STR_ARG(name), near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                      near == NULL ? "" : "\"?");
    }
    if (part.len > 0)
        step->code = part;
    return true;
}

/* "attributes.process_type": the attribute of that type, its code. */
static bool parse_attribute(loader *l, const gl_yaml *node, const gl_field *field, gl_str *rest, gl_target *target)
{
    gl_str type = take(rest, '.');
    if (type.len == 0 || rest->len > 0)
        return refuse(l, node, "mapping-field", "an attribute is \"attributes.<its type>\"");
    target->steps[target->step_count++] = (gl_step){.field = field, .key = -1, .code = type};
    target->field = &gl_shape_attribute.fields[1];
    return true;
}

static bool parse_last(loader *l, const gl_yaml *node, const gl_field *field, gl_str rest, gl_target *target)
{
    target->field = field;
    target->part = field->kind == GL_FIELD_AMOUNT ? gl_str_eqz(rest, "currency")
                                                  : field->kind == GL_FIELD_MEASURE && gl_str_eqz(rest, "unit");
    if (rest.len > 0 && !target->part)
        return refuse(l, node, "mapping-field", "\"%s\" has no part \"%.*s\"", field->name, GL_STR_ARG(rest));
    if (field->kind == GL_FIELD_BOOL)
        return refuse(l, node, "mapping-field", "\"%s\" cannot be set by a column", field->name);
    return true;
}

static bool parse_target(loader *l, const gl_yaml *node, gl_str name, gl_target *target)
{
    const gl_shape *shape = &gl_shape_declaration;
    gl_str rest = name, path = {NULL, 0};
    gl_buf path_text = gl_buf_in(l->arena);
    *target = (gl_target){.name = name};
    for (;;) {
        gl_str part = take(&rest, '.');
        const gl_field *field = gl_shape_field(shape, part);
        if (field == NULL)
            return unknown_name(l, node, shape, part);
        gl_buf_printf(&path_text, "%s%s", path_text.len > 0 ? "." : "", field->name);
        path = gl_buf_view(&path_text);
        target->field_path = path;
        if (field->shape == &gl_shape_item && !target->item) {
            target->item = true;
            shape = field->shape;
            continue;
        }
        if (field->kind != GL_FIELD_LIST && field->kind != GL_FIELD_RECORD)
            return parse_last(l, node, field, rest, target);
        if (target->step_count == GL_MAPPING_LIMIT_STEPS)
            return refuse(l, node, "mapping-field", "\"%.*s\" goes too deep", GL_STR_ARG(name));
        if (field->shape == &gl_shape_attribute)
            return parse_attribute(l, node, field, &rest, target);
        gl_step *step = &target->steps[target->step_count++];
        *step = (gl_step){.field = field, .key = -1};
        if (field->kind == GL_FIELD_LIST && !parse_list_step(l, node, field, &rest, step))
            return false;
        if (rest.len == 0)
            return refuse(l, node, "mapping-field", "\"%.*s\" names no field: one of %s is missing", GL_STR_ARG(name),
                          field->shape->name);
        shape = field->shape;
    }
}

static bool add_target(loader *l, const gl_yaml *node, gl_column *column)
{
    gl_str name;
    if (!scalar(l, node, "field", &name))
        return false;
    if (column->target_count == GL_MAPPING_LIMIT_TARGETS)
        return refuse(l, node, "mapping-field", "a column sets at most %d fields", GL_MAPPING_LIMIT_TARGETS);
    return parse_target(l, node, name, &column->targets[column->target_count++]);
}

static bool add_targets(loader *l, const gl_yaml *node, gl_column *column)
{
    column->targets = GL_NEW_N(l->arena, gl_target, GL_MAPPING_LIMIT_TARGETS);
    if (node->type == GL_YAML_MAP)
        return refuse(l, node, "mapping-type", "a field or a list of fields was expected");
    if (node->type == GL_YAML_SCALAR)
        return add_target(l, node, column);
    for (size_t i = 0; i < node->count; i++)
        if (!add_target(l, node->items[i], column))
            return false;
    return column->target_count > 0 || refuse(l, node, "mapping-field", "the list of fields is empty");
}

static bool optional_text(loader *l, const gl_yaml *map, const char *key, gl_str *out)
{
    const gl_yaml *node = gl_yaml_get(map, key);
    return node == NULL || scalar(l, node, key, out);
}

static bool parse_values(loader *l, const gl_yaml *node, gl_column *column)
{
    if (node == NULL)
        return true;
    if (node->type != GL_YAML_MAP)
        return refuse(l, node, "mapping-type", "values: a map of cell value to field value was expected");
    column->from = node->keys;
    column->to = GL_NEW_N(l->arena, gl_str, node->count);
    for (size_t i = 0; i < node->count; i++)
        if (!scalar(l, node->items[i], "values", &column->to[i]))
            return false;
    column->value_count = node->count;
    return true;
}

/* Is there a target of these kinds? */
static bool sets_kind(const gl_column *column, gl_field_kind a, gl_field_kind b)
{
    for (size_t i = 0; i < column->target_count; i++)
        if (!column->targets[i].part && (column->targets[i].field->kind == a || column->targets[i].field->kind == b))
            return true;
    return false;
}

static bool date_format_good(gl_str format)
{
    int year = 0, month = 0, day = 0;
    for (size_t i = 0; i < format.len; i++) {
        year += format.ptr[i] == 'Y';
        month += format.ptr[i] == 'M';
        day += format.ptr[i] == 'D';
    }
    return year == 4 && month == 2 && day == 2 && format.len <= 16;
}

/* What an option is about must be there. */
static bool check_options(loader *l, const gl_yaml *node, const gl_column *column, gl_str currency, gl_str unit,
                          gl_str split)
{
    if (currency.ptr != NULL && (!sets_kind(column, GL_FIELD_AMOUNT, GL_FIELD_AMOUNT) || !gl_currency_known(currency)))
        return refuse(l, node, "mapping-option", "currency: a known currency, and a field that is an amount");
    if (unit.ptr != NULL && !sets_kind(column, GL_FIELD_MEASURE, GL_FIELD_MEASURE))
        return refuse(l, node, "mapping-option", "unit: the field must be a measure");
    if (currency.ptr != NULL && unit.ptr != NULL)
        return refuse(l, node, "mapping-option", "currency and unit cannot both be given");
    if (split.ptr != NULL && (split.len != 1 || !sets_kind(column, GL_FIELD_TEXTS, GL_FIELD_TEXTS)))
        return refuse(l, node, "mapping-option", "split: one character, and a field that is a list of texts");
    if (column->date_format.ptr != NULL &&
        (!sets_kind(column, GL_FIELD_DATE, GL_FIELD_DATE) || !date_format_good(column->date_format)))
        return refuse(l, node, "mapping-option",
                      "date: YYYY, MM and DD in any order (DD.MM.YYYY), and a field that is a date");
    if (column->required && column->optional)
        return refuse(l, node, "mapping-option", "required and optional contradict each other");
    return true;
}

static bool parse_column_map(loader *l, const gl_yaml *node, gl_column *column)
{
    static const char *const keys[] = {"field", "fields",  "required", "optional", "upper",  "default", "currency",
                                       "unit",  "decimal", "date",     "split",    "values", NULL};
    gl_str decimal = {NULL, 0}, currency = {NULL, 0}, unit = {NULL, 0}, split = {NULL, 0};
    if (!gl_yaml_only(node, l->name, keys, l->err))
        return false;
    const gl_yaml *field = gl_yaml_get(node, "field"), *fields = gl_yaml_get(node, "fields");
    if ((field == NULL) == (fields == NULL))
        return refuse(l, node, "mapping-field", "a column needs field or fields");
    if (!add_targets(l, field != NULL ? field : fields, column) || !boolean(l, node, "required", &column->required) ||
        !boolean(l, node, "optional", &column->optional) || !boolean(l, node, "upper", &column->upper) ||
        !optional_text(l, node, "default", &column->fallback) || !optional_text(l, node, "currency", &currency) ||
        !optional_text(l, node, "unit", &unit) || !optional_text(l, node, "decimal", &decimal) ||
        !optional_text(l, node, "date", &column->date_format) || !optional_text(l, node, "split", &split) ||
        !parse_values(l, gl_yaml_get(node, "values"), column) || !check_options(l, node, column, currency, unit, split))
        return false;
    if (decimal.ptr != NULL && !gl_str_eqz(decimal, ",") && !gl_str_eqz(decimal, "."))
        return refuse(l, node, "mapping-option", "decimal: \",\" or \".\"");
    column->decimal_comma = gl_str_eqz(decimal, ",");
    column->unit = currency.ptr != NULL ? currency : unit;
    column->split = split.ptr == NULL ? 0 : split.ptr[0];
    return true;
}

static bool parse_columns(loader *l, const gl_yaml *node)
{
    gl_mapping *m = l->mapping;
    if (node->type != GL_YAML_MAP || node->count == 0)
        return refuse(l, node, "mapping-type", "columns: a map of column to field was expected");
    if (node->count > GL_MAPPING_LIMIT_COLUMNS - 8)
        return refuse(l, node, "mapping-columns", "a mapping has at most %d columns", GL_MAPPING_LIMIT_COLUMNS - 8);
    m->columns = GL_NEW_N(l->arena, gl_column, node->count + 8);
    for (size_t i = 0; i < node->count; i++) {
        gl_column *column = &m->columns[m->column_count++];
        column->name = node->keys[i];
        const gl_yaml *spec = node->items[i];
        if (!(spec->type == GL_YAML_MAP ? parse_column_map(l, spec, column) : add_targets(l, spec, column)))
            return false;
    }
    return true;
}

static gl_column *find_column(const gl_mapping *mapping, gl_str name)
{
    for (size_t i = 0; i < mapping->column_count; i++)
        if (gl_str_eq(mapping->columns[i].name, name))
            return &mapping->columns[i];
    return NULL;
}

static bool add_lrn_column(loader *l, const gl_yaml *node)
{
    gl_mapping *m = l->mapping;
    gl_str name;
    if (!scalar(l, node, "lrn", &name))
        return false;
    if (m->lrn_count == sizeof m->lrn / sizeof *m->lrn)
        return refuse(l, node, "mapping-lrn", "an LRN is made of at most 8 columns");
    m->lrn[m->lrn_count++] = name;
    if (find_column(m, name) == NULL)
        m->columns[m->column_count++] = (gl_column){.name = name};
    find_column(m, name)->required = true;
    return true;
}

/* lrn: Column, [Column, Column], or {columns: [...], separator: "-"}. */
static bool parse_lrn(loader *l, const gl_yaml *root, const gl_yaml *node)
{
    static const char *const keys[] = {"columns", "separator", NULL};
    if (node == NULL)
        return refuse(l, root, "mapping-lrn", "lrn is missing: the columns that make a declaration's reference");
    l->mapping->lrn_separator = GL_STR("-");
    if (node->type == GL_YAML_MAP) {
        if (!gl_yaml_only(node, l->name, keys, l->err) ||
            !optional_text(l, node, "separator", &l->mapping->lrn_separator))
            return false;
        const gl_yaml *columns = gl_yaml_get(node, "columns");
        if (columns == NULL)
            return refuse(l, node, "mapping-lrn", "lrn: columns is missing");
        node = columns;
    }
    if (node->type == GL_YAML_SCALAR)
        return add_lrn_column(l, node);
    for (size_t i = 0; i < node->count; i++)
        if (node->type != GL_YAML_LIST || !add_lrn_column(l, node->items[i]))
            return false;
    return l->mapping->lrn_count > 0 || refuse(l, node, "mapping-lrn", "lrn names no column");
}

/* A constant that could not be set would make every row an error. */
static bool constant_good(const gl_field *field, gl_str value)
{
    gl_decimal decimal;
    int32_t days;
    int64_t instant;
    uint64_t number;
    switch (field->kind) {
    case GL_FIELD_ENUM:
        return gl_names_index(field->names, value) >= 0;
    case GL_FIELD_INT:
    case GL_FIELD_OPT_INT:
        return gl_str_to_u64(value, INT32_MAX, &number);
    case GL_FIELD_DATE:
        return gl_date_parse(value, &days);
    case GL_FIELD_INSTANT:
        return gl_time_parse(value, &instant);
    case GL_FIELD_DECIMAL:
        return gl_decimal_parse(value, &decimal);
    case GL_FIELD_TEXT:
    case GL_FIELD_TEXTS:
        return value.len > 0;
    case GL_FIELD_BOOL:
    case GL_FIELD_AMOUNT:
    case GL_FIELD_MEASURE:
    case GL_FIELD_RECORD:
    case GL_FIELD_LIST:
        break;
    }
    return false;
}

static bool parse_constants(loader *l, const gl_yaml *node)
{
    gl_mapping *m = l->mapping;
    if (node == NULL)
        return true;
    if (node->type != GL_YAML_MAP)
        return refuse(l, node, "mapping-type", "constants: a map of field to value was expected");
    m->constants = GL_NEW_N(l->arena, gl_constant, node->count);
    for (size_t i = 0; i < node->count; i++) {
        gl_constant *constant = &m->constants[m->constant_count++];
        if (!parse_target(l, node->items[i], node->keys[i], &constant->target) ||
            !scalar(l, node->items[i], "constants", &constant->value))
            return false;
        if (constant->target.part || !constant_good(constant->target.field, constant->value))
            return refuse(l, node->items[i], "mapping-constant", "\"%.*s\" cannot be \"%.*s\"",
                          GL_STR_ARG(node->keys[i]), GL_STR_ARG(constant->value));
    }
    return true;
}

static bool parse_ignored(loader *l, const gl_yaml *node)
{
    gl_mapping *m = l->mapping;
    if (node == NULL)
        return true;
    if (node->type != GL_YAML_LIST)
        return refuse(l, node, "mapping-type", "ignore: a list of columns was expected");
    m->ignored = GL_NEW_N(l->arena, gl_str, node->count);
    for (size_t i = 0; i < node->count; i++) {
        if (!scalar(l, node->items[i], "ignore", &m->ignored[m->ignored_count++]))
            return false;
        if (find_column(m, m->ignored[i]) != NULL)
            return refuse(l, node->items[i], "mapping-columns", "\"%.*s\" is both mapped and ignored",
                          GL_STR_ARG(m->ignored[i]));
    }
    return true;
}

static bool parse_format(loader *l, const gl_yaml *root)
{
    gl_mapping *m = l->mapping;
    gl_str delimiter = GL_STR(","), encoding = GL_STR("utf-8"), version = {NULL, 0}, description = {NULL, 0};
    if (!optional_text(l, root, "delimiter", &delimiter) || !optional_text(l, root, "encoding", &encoding) ||
        !optional_text(l, root, "version", &version) || !optional_text(l, root, "sheet", &m->sheet) ||
        !optional_text(l, root, "description", &description) || !boolean(l, root, "group", &m->group))
        return false;
    if (delimiter.len != 1 || strchr(",;|\t:", delimiter.ptr[0]) == NULL)
        return refuse(l, root, "mapping-format", "delimiter: one of , ; | : or a tab");
    if (!gl_str_eqz(encoding, "utf-8") && !gl_str_eqz(encoding, "latin1"))
        return refuse(l, root, "mapping-format", "encoding: utf-8 or latin1");
    uint64_t number = 0;
    if (!gl_str_to_u64(version, 1000000, &number) || number == 0)
        return refuse(l, root, "mapping-format", "version: a number from 1 was expected; raise it with every change");
    m->delimiter = delimiter.ptr[0];
    m->latin1 = gl_str_eqz(encoding, "latin1");
    m->profile = gl_str_of(gl_arena_printf(l->arena, "%.*s@%u", GL_STR_ARG(m->name), (unsigned)number));
    return true;
}

/* "mappings/kcs.yaml" is "kcs". */
static gl_str profile_name(gl_arena *arena, const char *name)
{
    const char *slash = strrchr(name, '/');
    name = slash == NULL ? name : slash + 1;
    size_t len = strlen(name);
    if (len > 5 && strcmp(name + len - 5, ".yaml") == 0)
        len -= 5;
    return (gl_str){gl_arena_strndup(arena, name, len), len};
}

gl_mapping *gl_mapping_parse(gl_arena *arena, const char *name, gl_str text, gl_err *err)
{
    static const char *const keys[] = {"version", "description", "delimiter", "encoding", "sheet", "group",
                                       "lrn",     "constants",   "columns",   "ignore",   NULL};
    const gl_yaml *root = gl_yaml_parse(arena, name, text, err);
    if (root == NULL)
        return NULL;
    loader l = {arena, name, GL_NEW(arena, gl_mapping), err};
    l.mapping->name = profile_name(arena, name);
    if (!gl_yaml_only(root, name, keys, err) || !parse_format(&l, root))
        return NULL;
    const gl_yaml *columns = gl_yaml_get(root, "columns");
    if (columns == NULL) {
        refuse(&l, root, "mapping-columns", "columns is missing");
        return NULL;
    }
    if (!parse_columns(&l, columns) || !parse_lrn(&l, root, gl_yaml_get(root, "lrn")) ||
        !parse_constants(&l, gl_yaml_get(root, "constants")) || !parse_ignored(&l, gl_yaml_get(root, "ignore")))
        return NULL;
    return l.mapping;
}

static bool load_file(gl_mappings *mappings, const char *path, gl_err *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return gl_fail(err, GL_FATAL, "mapping-unreadable", "%s: %s", path, strerror(errno));
    char *text = gl_arena_alloc(mappings->arena, GL_YAML_LIMIT_BYTES);
    size_t size = fread(text, 1, GL_YAML_LIMIT_BYTES, file);
    bool whole = !ferror(file) && feof(file);
    fclose(file);
    if (!whole)
        return gl_fail(err, GL_FATAL, "mapping-unreadable", "%s: cannot be read, or has more than 4 MiB", path);
    gl_mapping *mapping = gl_mapping_parse(mappings->arena, path, (gl_str){text, size}, err);
    if (mapping == NULL)
        return false;
    gl_mapping **at = GL_NEW_N(mappings->arena, gl_mapping *, mappings->count + 1);
    if (mappings->count > 0)
        memcpy(at, mappings->at, mappings->count * sizeof *at);
    at[mappings->count++] = mapping;
    mappings->at = at;
    return true;
}

static bool is_mapping_file(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".yaml") == 0;
}

static gl_mappings *new_mappings(void)
{
    gl_mappings *mappings = calloc(1, sizeof *mappings);
    if (mappings == NULL)
        abort();
    mappings->arena = gl_arena_new(0);
    return mappings;
}

gl_mappings *gl_mappings_load_file(const char *path, gl_err *err)
{
    gl_mappings *mappings = new_mappings();
    if (load_file(mappings, path, err))
        return mappings;
    gl_mappings_destroy(mappings);
    return NULL;
}

gl_mappings *gl_mappings_load(const char *directory, gl_err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, NULL, alphasort);
    if (count < 0) {
        gl_fail(err, GL_FATAL, "mapping-unreadable", "%s: %s", directory, strerror(errno));
        return NULL;
    }
    gl_mappings *mappings = new_mappings();
    bool good = true;
    for (int i = 0; i < count; i++) {
        if (good && is_mapping_file(entries[i]->d_name))
            good = load_file(mappings, gl_arena_printf(mappings->arena, "%s/%s", directory, entries[i]->d_name), err);
        free(entries[i]);
    }
    free(entries);
    if (good)
        return mappings;
    gl_mappings_destroy(mappings);
    return NULL;
}

void gl_mappings_destroy(gl_mappings *mappings)
{
    if (mappings == NULL)
        return;
    gl_arena_destroy(mappings->arena);
    free(mappings);
}

size_t gl_mappings_count(const gl_mappings *mappings)
{
    return mappings->count;
}

gl_str gl_mappings_profile(const gl_mappings *mappings, size_t index)
{
    return mappings->at[index]->name;
}

const gl_mapping *gl_mappings_find(const gl_mappings *mappings, gl_str profile, gl_err *err)
{
    char known[160] = "";
    size_t len = 0;
    for (size_t i = 0; mappings != NULL && i < mappings->count; i++) {
        if (profile.len > 0 && gl_str_eq(mappings->at[i]->name, profile))
            return mappings->at[i];
        int more =
            snprintf(known + len, sizeof known - len, "%s%.*s", i > 0 ? ", " : "", GL_STR_ARG(mappings->at[i]->name));
        len += more > 0 && len + (size_t)more < sizeof known ? (size_t)more : 0;
    }
    if (profile.len == 0)
        gl_fail(err, GL_DEAD_LETTER, "intake-profile-required",
                "CSV and XLSX need a profile, the name of their mapping: %s", known);
    else
        gl_fail(err, GL_DEAD_LETTER, "intake-profile-unknown",
                "no mapping \"%.*s\"; there are: %s (a new one is read when the intake starts and on SIGHUP)",
                GL_STR_ARG(profile), known);
    return NULL;
}
