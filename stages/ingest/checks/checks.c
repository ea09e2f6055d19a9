/* See checks.h. */
#include "ingest/checks/checks.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "customs/ids.h"
#include "ingest/checks/question.h"

enum { DATA_SETS_LIMIT = 32, REQUIRED_LIMIT = 64, VERSION_DIGITS = 16 };

typedef struct rule {
    const char *code;
    bool warning;
    bool of_item;
    const gl_when *when; /* NULL: always */
    const gl_question *find;
    const gl_field_path *at; /* NULL: where the value was found */
    const char *text, *allowed, *hint;
    gl_str *data_sets; /* of a required field */
    size_t data_set_count;
} rule;

struct gl_checks {
    gl_arena *arena;
    gl_code_lists *lists;
    const gl_rates *rates;
    const char *version;
    rule *rules;
    size_t count;
};

/* -- Reading rules
 * --------------------------------------------------------------------------------------------------------------------
 */

typedef struct reading {
    gl_checks *checks;
    const char *name;
    gl_err *err;
} reading;

static bool refuse(const reading *r, int line, const char *what, gl_str detail)
{
    return gl_fail(r->err, GL_FATAL, "rules-invalid", "%s: line %d: %s%.*s", r->name, line, what, GL_STR_ARG(detail));
}

static bool read_string(const reading *r, const gl_yaml *map, const char *key, bool required, const char **text)
{
    const gl_yaml *node = gl_yaml_get(map, key);
    if (node == NULL)
        return !required || refuse(r, map->line, "missing: ", gl_str_of(key));
    if (node->type != GL_YAML_SCALAR || node->text.len == 0)
        return refuse(r, node->line, "a text was expected: ", gl_str_of(key));
    *text = gl_arena_strndup(r->checks->arena, node->text.ptr, node->text.len);
    return true;
}

static bool read_severity(const reading *r, const gl_yaml *map, bool *warning)
{
    const char *text = "error";
    if (!read_string(r, map, "severity", false, &text))
        return false;
    *warning = strcmp(text, "warning") == 0;
    return *warning || strcmp(text, "error") == 0 ||
           refuse(r, map->line, "severity is error or warning, not ", gl_str_of(text));
}

static bool is_code(const char *code)
{
    size_t len = strlen(code);
    return len <= 40 && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool read_conditions(const reading *r, const gl_yaml *map, rule *made)
{
    gl_question_reader reader = {r->checks->arena, r->name, r->checks->lists, false};
    const gl_yaml *when = gl_yaml_get(map, "when"), *find = gl_yaml_get(map, "find"), *at = gl_yaml_get(map, "at");
    if (find == NULL)
        return refuse(r, map->line, "missing: find", GL_STR(""));
    if (when != NULL && (made->when = gl_when_read(&reader, when, 0, r->err)) == NULL)
        return false;
    made->find = gl_question_read(&reader, find, r->err);
    if (made->find == NULL)
        return false;
    if (at != NULL && (made->at = gl_field_path_read(r->checks->arena, r->name, at, NULL, r->err)) == NULL)
        return false;
    made->of_item = reader.of_item;
    if (made->at == NULL ? gl_field_path_is_computed(gl_question_path(made->find))
                         : gl_field_path_is_computed(made->at))
        return refuse(r, map->line, "a sum or count has no place: `at` names a field to point at", GL_STR(""));
    return true;
}

static bool read_rule(const reading *r, const gl_yaml *map, rule *made)
{
    static const char *const keys[] = {"code", "severity", "when", "find", "at", "text", "allowed", "hint", NULL};
    return gl_yaml_only(map, r->name, keys, r->err) && read_string(r, map, "code", true, &made->code) &&
           (is_code(made->code) || refuse(r, map->line, "a code has small letters, digits and hyphens, at most 40: ",
                                          gl_str_of(made->code))) &&
           read_severity(r, map, &made->warning) && read_string(r, map, "text", true, &made->text) &&
           read_string(r, map, "allowed", false, &made->allowed) && read_string(r, map, "hint", false, &made->hint) &&
           read_conditions(r, map, made);
}

static rule *new_rule(const reading *r, int line)
{
    if (r->checks->count == GL_CHECKS_LIMIT_RULES) {
        refuse(r, line, "more than 500 rules and required fields", GL_STR(""));
        return NULL;
    }
    return &r->checks->rules[r->checks->count++];
}

static bool read_rules(const reading *r, const gl_yaml *list)
{
    if (list == NULL)
        return true;
    if (list->type != GL_YAML_LIST)
        return refuse(r, list->line, "`rules` is a list", GL_STR(""));
    for (size_t i = 0; i < list->count; i++) {
        rule *made = new_rule(r, list->items[i]->line);
        if (made == NULL)
            return false;
        if (list->items[i]->type != GL_YAML_MAP)
            return refuse(r, list->items[i]->line, "a rule is a map", GL_STR(""));
        if (!read_rule(r, list->items[i], made))
            return false;
    }
    return true;
}

/* -- Reading what a data set needs
 * ---------------------------------------------------------------------------------------------------- */

static bool read_data_sets(const reading *r, const gl_yaml *map, rule *like)
{
    const gl_yaml *node = gl_yaml_get(map, "data_set");
    bool many = node != NULL && node->type == GL_YAML_LIST;
    size_t count = many ? node->count : 1;
    if (node == NULL || node->type == GL_YAML_MAP || count == 0 || count > DATA_SETS_LIMIT)
        return refuse(r, map->line, "`data_set` is a name or a list of at most 32", GL_STR(""));
    like->data_sets = GL_NEW_N(r->checks->arena, gl_str, count);
    for (size_t i = 0; i < count; i++) {
        gl_str text = (many ? node->items[i] : node)->text;
        like->data_sets[like->data_set_count++] =
            (gl_str){gl_arena_strndup(r->checks->arena, text.ptr, text.len), text.len};
    }
    return true;
}

/* {field: F, where: ..} or its name alone. */
static bool read_required_field(const reading *r, const gl_yaml *node, const rule *like)
{
    rule *made = new_rule(r, node->line);
    gl_arena *arena = r->checks->arena;
    if (made == NULL)
        return false;
    *made = *like;
    const gl_yaml *field = node->type == GL_YAML_MAP ? gl_yaml_get(node, "field") : node;
    if (field == NULL || field->type != GL_YAML_SCALAR)
        return refuse(r, node->line, "the name of a field, or {field: F, where: ..}, was expected", GL_STR(""));
    gl_yaml yes = {.type = GL_YAML_SCALAR, .line = node->line, .text = GL_STR("true")};
    gl_yaml *where = gl_yaml_get(node, "where"), *items[3] = {(gl_yaml *)field, &yes, where};
    gl_str names[3] = {GL_STR("field"), GL_STR("missing"), GL_STR("where")};
    int lines[3] = {node->line, node->line, node->line};
    gl_yaml question = {.type = GL_YAML_MAP,
                        .line = node->line,
                        .count = where == NULL ? 2 : 3,
                        .items = items,
                        .keys = names,
                        .key_lines = lines};
    gl_question_reader reader = {arena, r->name, r->checks->lists, false};
    made->find = gl_question_read(&reader, &question, r->err);
    if (made->find == NULL)
        return false;
    made->of_item = reader.of_item;
    if (made->text == NULL)
        made->text = gl_arena_printf(arena, "%.*s is missing", GL_STR_ARG(field->text));
    return true;
}

static bool read_required(const reading *r, const gl_yaml *list)
{
    static const char *const keys[] = {"data_set", "severity", "fields", "text", "hint", "when", NULL};
    if (list != NULL && list->type != GL_YAML_LIST)
        return refuse(r, list->line, "`required` is a list", GL_STR(""));
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const gl_yaml *map = list->items[i], *fields = gl_yaml_get(map, "fields"), *when = gl_yaml_get(map, "when");
        rule like = {.code = "missing"};
        gl_question_reader reader = {r->checks->arena, r->name, r->checks->lists, false};
        if (map->type != GL_YAML_MAP || fields == NULL || fields->type != GL_YAML_LIST)
            return refuse(r, map->line, "a data set and its `fields`, a list, were expected", GL_STR(""));
        if (!gl_yaml_only(map, r->name, keys, r->err) || !read_data_sets(r, map, &like) ||
            !read_severity(r, map, &like.warning) || !read_string(r, map, "text", false, &like.text) ||
            !read_string(r, map, "hint", false, &like.hint))
            return false;
        if (when != NULL && (like.when = gl_when_read(&reader, when, 0, r->err)) == NULL)
            return false;
        for (size_t k = 0; k < fields->count; k++)
            if (!read_required_field(r, fields->items[k], &like))
                return false;
    }
    return true;
}

/* By everything that a declaration is held against. */
static void name_version(gl_checks *checks, const char *name, gl_str rules)
{
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    gl_buf all = gl_buf_in(checks->arena);
    gl_buf_str(&all, rules);
    if (checks->rates != NULL)
        gl_buf_str(&all, gl_rates_version(checks->rates));
    for (size_t i = 0; i < gl_code_lists_count(checks->lists); i++)
        gl_buf_bytes(&all, gl_code_lists_at(checks->lists, i)->digest, GL_SHA256_BYTES);
    gl_sha256(gl_buf_view(&all), digest);
    gl_hex(digest, GL_SHA256_BYTES, hex);
    checks->version = gl_arena_printf(checks->arena, "%s-%.*s", name, VERSION_DIGITS, hex);
}

static bool read_all(gl_checks *checks, const char *name, gl_str text, gl_err *err)
{
    static const char *const keys[] = {"name", "rules", "required", NULL};
    gl_arena *scratch = gl_arena_new(0);
    reading r = {checks, name, err};
    const char *own = "";
    const gl_yaml *root = gl_yaml_parse(scratch, name, text, err);
    checks->rules = GL_NEW_N(checks->arena, rule, GL_CHECKS_LIMIT_RULES);
    bool good = root != NULL && gl_yaml_only(root, name, keys, err) && read_string(&r, root, "name", true, &own) &&
                read_rules(&r, gl_yaml_get(root, "rules")) && read_required(&r, gl_yaml_get(root, "required"));
    gl_arena_destroy(scratch);
    if (!good)
        return false;
    name_version(checks, own, text);
    return true;
}

/* -- Coming and going
 * ----------------------------------------------------------------------------------------------------------------- */

static gl_checks *new_checks(void)
{
    gl_arena *arena = gl_arena_new(0);
    gl_checks *checks = GL_NEW(arena, gl_checks);
    checks->arena = arena;
    checks->version = "";
    return checks;
}

static bool load_lists(gl_checks *checks, const char *directory, gl_err *err)
{
    checks->lists =
        directory[0] == '\0' ? gl_code_lists_new(checks->arena) : gl_code_lists_load(checks->arena, directory, err);
    return checks->lists != NULL;
}

static bool load_rules(gl_checks *checks, const char *path, gl_err *err)
{
    if (path[0] == '\0') {
        if (gl_code_lists_count(checks->lists) > 0)
            name_version(checks, "lists", GL_STR(""));
        return true;
    }
    gl_buf text = {0};
    bool good = gl_buf_read_file(&text, path, GL_YAML_LIMIT_BYTES);
    if (!good)
        gl_fail(err, GL_FATAL, "file-unreadable", "%s: %s", path, strerror(errno));
    good = good && read_all(checks, path, gl_buf_view(&text), err);
    gl_buf_free(&text);
    return good;
}

static gl_checks *finished(gl_checks *checks, bool good)
{
    if (good)
        return checks;
    gl_checks_destroy(checks);
    return NULL;
}

gl_checks *gl_checks_load(const char *code_lists, const char *rules, const char *rates, gl_err *err)
{
    gl_checks *checks = new_checks();
    bool good = load_lists(checks, code_lists, err);
    if (good && rates[0] != '\0') {
        checks->rates = gl_rates_load(checks->arena, rates, err);
        good = checks->rates != NULL;
    }
    return finished(checks, good && load_rules(checks, rules, err));
}

gl_checks *gl_checks_load_folder(const char *folder, gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    gl_checks *checks = gl_checks_load(gl_arena_printf(arena, "%s/code_lists", folder),
                                       gl_arena_printf(arena, "%s/intake_rules.yaml", folder),
                                       gl_arena_printf(arena, "%s/exchange_rates.yaml", folder), err);
    gl_arena_destroy(arena);
    return checks;
}

gl_checks *gl_checks_parse(const char *name, gl_str rules, const char *code_lists, gl_str rates, gl_err *err)
{
    gl_checks *checks = new_checks();
    bool good = load_lists(checks, code_lists, err);
    if (good && rates.len > 0) {
        checks->rates = gl_rates_parse(checks->arena, "rates", rates, err);
        good = checks->rates != NULL;
    }
    return finished(checks, good && read_all(checks, name, rules, err));
}

void gl_checks_destroy(gl_checks *checks)
{
    if (checks != NULL)
        gl_arena_destroy(checks->arena);
}

const gl_code_lists *gl_checks_lists(const gl_checks *checks)
{
    return checks->lists;
}

const char *gl_checks_version(const gl_checks *checks)
{
    return checks->version;
}

size_t gl_checks_rule_count(const gl_checks *checks)
{
    return checks->count;
}

/* -- Checking
 * -------------------------------------------------------------------------------------------------------------------------
 */

static const char *day_text(gl_arena *arena, int32_t day)
{
    return gl_value_text(arena, &(gl_value){.kind = GL_VALUE_DAY, .day = day});
}

void gl_check_code(gl_report *report, const gl_code_list *list, gl_str code, gl_str data_set, int32_t day,
                   const gl_path *path)
{
    if (!gl_code_list_is_for(list, data_set))
        return;
    gl_code_answer answer = gl_code_list_look(list, code, day);
    if (answer.standing == GL_CODE_VALID)
        return;
    gl_arena *arena = report->arena;
    gl_problem problem = {.code = answer.standing == GL_CODE_UNKNOWN ? "unknown-code" : "code-out-of-date",
                          .warning = gl_code_list_warns(list, data_set),
                          .allowed =
                              gl_arena_printf(arena, "a code of the list %.*s (%.*s, %.*s)", GL_STR_ARG(list->name),
                                              GL_STR_ARG(list->source), GL_STR_ARG(list->version))};
    if (answer.instead.len > 0)
        problem.hint = gl_arena_printf(arena, "%.*s", GL_STR_ARG(answer.instead));
    if (answer.standing == GL_CODE_UNKNOWN)
        gl_report_field(report, path, &problem, "the code is not in the list %.*s", GL_STR_ARG(list->name));
    else if (answer.standing == GL_CODE_NOT_YET)
        gl_report_field(report, path, &problem, "the code is valid from %s only", day_text(arena, answer.from));
    else
        gl_report_field(report, path, &problem, "the code was valid until %s", day_text(arena, answer.until));
}

typedef struct checking {
    const rule *rule;
    gl_report *report;
    const gl_checked *checked;
    const gl_value *value; /* computed; else NULL */
} checking;

static void report_at(void *context, const gl_path *place)
{
    const checking *c = context;
    const rule *r = c->rule;
    gl_problem problem = {.code = r->code, .warning = r->warning, .allowed = r->allowed, .hint = r->hint};
    if (c->value != NULL)
        gl_report_field(c->report, place, &problem, "%s (%s)", r->text, gl_value_text(c->report->arena, c->value));
    else
        gl_report_field(c->report, place, &problem, "%s", r->text);
}

static bool report_first(void *context, const gl_value *value, const gl_path *place)
{
    (void)value;
    report_at(context, place);
    return false;
}

/* What was given and could not be read has its error already. */
static void report_missing(void *context, const gl_path *place)
{
    const checking *c = context;
    const gl_report *report = c->report;
    if (report->error_count == GL_REPORT_LIMIT && (c->rule->warning || report->rejected))
        return; /* it would not be listed, and to look for it takes long in a declaration of many items */
    if (gl_field_path_stops_at_list(gl_question_path(c->rule->find)) || place->slot == NULL ||
        !gl_report_given(report, place->slot))
        report_at(context, place);
}

/* At the first value of `at`, or where it should be. */
static void report_there(checking *c)
{
    if (gl_field_path_each(c->rule->at, c->checked, report_first, c))
        gl_field_path_place(c->rule->at, c->checked, report_at, c);
}

static bool report_value(void *context, const gl_value *value, const gl_path *place)
{
    checking *c = context;
    if (!gl_question_fits(c->rule->find, c->checked, value))
        return true;
    if (c->rule->at == NULL) {
        report_at(c, place);
        return true;
    }
    if (place == NULL)
        c->value = value;
    report_there(c);
    return false; /* one error there is enough */
}

static void check_rule(const rule *r, gl_report *report, const gl_checked *checked)
{
    checking c = {.rule = r, .report = report, .checked = checked};
    if (r->when != NULL && !gl_when_holds(r->when, checked))
        return;
    const gl_field_path *path = gl_question_path(r->find);
    if (!gl_question_is_missing(r->find))
        gl_field_path_each(path, checked, report_value, &c);
    else if (gl_question_holds(r->find, checked) && r->at != NULL)
        report_there(&c);
    else if (gl_question_holds(r->find, checked))
        gl_field_path_place(path, checked, report_missing, &c);
}

static bool is_about(const rule *r, gl_str data_set)
{
    for (size_t i = 0; i < r->data_set_count; i++)
        if (gl_str_eq(r->data_sets[i], data_set))
            return true;
    return r->data_set_count == 0;
}

void gl_check_rules(const gl_checks *checks, gl_report *report, const gl_declaration *declaration, int32_t day)
{
    gl_checked checked = {.declaration = declaration, .rates = checks->rates, .day = day};
    for (size_t i = 0; i < checks->count; i++) {
        const rule *r = &checks->rules[i];
        if (!is_about(r, declaration->data_set))
            continue;
        for (size_t k = 0; k < (r->of_item ? declaration->items.count : 1); k++) {
            checked.item = r->of_item ? &declaration->items.at[k] : NULL;
            check_rule(r, report, &checked);
        }
    }
}

void gl_checks_document(const gl_checks *checks, gl_buf *buf)
{
    for (size_t i = 0; i < checks->count; i++) {
        const rule *r = &checks->rules[i];
        gl_buf_printf(buf, "| `%s` | %s | ", r->code, r->warning ? "warning" : "error");
        for (size_t k = 0; k < r->data_set_count; k++)
            gl_buf_printf(buf, "%s%.*s", k > 0 ? ", " : "", GL_STR_ARG(r->data_sets[k]));
        gl_buf_printf(buf, "%s%s |\n", r->data_set_count > 0 ? ": " : "", r->text);
    }
}
