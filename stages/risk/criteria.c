/* See criteria.h. A criterion is read into one struct; its conditions are condition.c's. */
#include "risk/criteria.h"

#include "base/buf.h"
#include "base/yaml.h"
#include "risk/condition.h"
#include "risk/file.h"

#include <stdio.h>
#include <stdlib.h>

enum { ID_LIMIT_BYTES = 64, TEXT_LIMIT_BYTES = 200, VERSION_MAX = 1000000, SEVERITY_MAX = 100, PPM = 1000000 };

typedef struct criterion {
    gl_str id, text;
    int32_t version, rate_ppm;
    int severity, place; /* place: in the file */
    gl_assessment_lane_hint lane;
    bool of_item;
    const gl_condition *when;
} criterion;

struct gl_criteria {
    gl_arena *arena;
    criterion *at; /* most severe first */
    size_t count;
    bool use_classification;
    char version[ID_LIMIT_BYTES + 18];
};

static bool refuse(const char *name, const gl_yaml *node, gl_err *err, const char *what)
{
    return gl_fail(err, GL_FATAL, "criteria-invalid", "%s: line %d: %s", name, node->line, what);
}

/* A text of at most `limit` bytes under `key`. */
static bool read_text(gl_arena *arena, const char *name, const gl_yaml *map, const char *key, size_t limit, gl_str *out,
                      gl_err *err)
{
    const gl_yaml *node = gl_yaml_get(map, key);
    if (node == NULL || node->type != GL_YAML_SCALAR || node->text.len == 0 || node->text.len > limit)
        return gl_fail(err, GL_FATAL, "criteria-invalid", "%s: line %d: \"%s\" must be a text of 1 to %zu bytes", name,
                       node == NULL ? map->line : node->line, key, limit);
    *out = (gl_str){gl_arena_strndup(arena, node->text.ptr, node->text.len), node->text.len};
    return true;
}

/* Ids name draws and metrics: letters, digits, hyphens, dots. */
static bool is_id(gl_str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return true;
}

static bool read_whole(const char *name, const gl_yaml *map, const char *key, int max, int *out, gl_err *err)
{
    const gl_yaml *node = gl_yaml_get(map, key);
    uint64_t value = 0;
    if (node == NULL || node->type != GL_YAML_SCALAR || !gl_str_to_u64(node->text, (uint64_t)max, &value))
        return gl_fail(err, GL_FATAL, "criteria-invalid", "%s: line %d: \"%s\" must be a whole number of at most %d",
                       name, node == NULL ? map->line : node->line, key, max);
    *out = (int)value;
    return true;
}

/* "25%", "0.5%": at most four decimals, so that it is a whole number of parts per million. */
static bool read_rate(const char *name, const gl_yaml *map, int32_t *ppm, gl_err *err)
{
    const gl_yaml *node = gl_yaml_get(map, "rate");
    gl_decimal percent = {0}, scaled = {0};
    gl_str text = node != NULL && node->type == GL_YAML_SCALAR ? node->text : (gl_str){NULL, 0};
    bool ok = text.len > 1 && text.ptr[text.len - 1] == '%' &&
              gl_decimal_parse((gl_str){text.ptr, text.len - 1}, &percent) && percent.scale <= 4 &&
              gl_decimal_multiply(percent, (gl_decimal){10000, 0}, 4, &scaled);
    for (; ok && scaled.scale > 0; scaled.scale--)
        scaled.unscaled /= 10;
    if (!ok || scaled.unscaled < 0 || scaled.unscaled > PPM)
        return refuse(name, node == NULL ? map : node, err,
                      "\"rate\" must be a share from 0% to 100% with at most four decimals: 25%, 0.5%");
    *ppm = (int32_t)scaled.unscaled;
    return true;
}

static bool read_lane(const char *name, const gl_yaml *map, gl_assessment_lane_hint *lane, gl_err *err)
{
    const gl_yaml *node = gl_yaml_get(map, "lane");
    if (node != NULL && node->type == GL_YAML_SCALAR && gl_assessment_lane_hint_find(node->text, lane))
        return true;
    return refuse(name, node == NULL ? map : node, err, "\"lane\" must be RED, YELLOW or BLUE");
}

static bool read_when(gl_criteria *criteria, criterion *c, const char *name, const gl_yaml *map, const gl_lists *lists,
                      gl_err *err)
{
    gl_condition_reader reader = {.name = name, .arena = criteria->arena, .lists = lists};
    const gl_yaml *when = gl_yaml_get(map, "when");
    if (when == NULL)
        return refuse(name, map, err, "\"when\" is missing: the condition");
    c->when = gl_condition_read(&reader, when, 1, err);
    c->of_item = reader.of_item;
    criteria->use_classification |= reader.of_classification;
    return c->when != NULL;
}

static bool read_criterion(gl_criteria *criteria, const char *name, const gl_yaml *map, const gl_lists *lists,
                           gl_err *err)
{
    static const char *const keys[] = {"id", "version", "text", "lane", "rate", "severity", "when", NULL};
    criterion *c = &criteria->at[criteria->count];
    *c = (criterion){.place = (int)criteria->count};
    if (!gl_yaml_only(map, name, keys, err) ||
        !read_text(criteria->arena, name, map, "id", ID_LIMIT_BYTES, &c->id, err) ||
        !read_text(criteria->arena, name, map, "text", TEXT_LIMIT_BYTES, &c->text, err) ||
        !read_whole(name, map, "version", VERSION_MAX, &c->version, err) ||
        !read_whole(name, map, "severity", SEVERITY_MAX, &c->severity, err) ||
        !read_rate(name, map, &c->rate_ppm, err) || !read_lane(name, map, &c->lane, err) ||
        !read_when(criteria, c, name, map, lists, err))
        return false;
    if (!is_id(c->id))
        return refuse(name, map, err, "an id has letters, digits, hyphens and dots only");
    for (size_t i = 0; i < criteria->count; i++)
        if (gl_str_eq(criteria->at[i].id, c->id))
            return refuse(name, map, err, "another criterion has this id");
    criteria->count++;
    return true;
}

static int compare_severity(const void *left, const void *right)
{
    const criterion *a = left, *b = right;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    return a->place - b->place;
}

static bool read_file(gl_criteria *criteria, const char *name, const gl_yaml *root, gl_str text, const gl_lists *lists,
                      gl_err *err)
{
    static const char *const keys[] = {"name", "criteria", NULL};
    gl_str own = {0};
    const gl_yaml *list = gl_yaml_get(root, "criteria");
    if (!gl_yaml_only(root, name, keys, err) ||
        !read_text(criteria->arena, name, root, "name", ID_LIMIT_BYTES, &own, err))
        return false;
    if (!is_id(own))
        return refuse(name, root, err, "a name has letters, digits, hyphens and dots only");
    if (list == NULL || list->type != GL_YAML_LIST || list->count > GL_CRITERIA_LIMIT)
        return refuse(name, list == NULL ? root : list, err, "\"criteria\" must be a list of at most 1000");
    criteria->at = GL_NEW_N(criteria->arena, criterion, list->count);
    for (size_t i = 0; i < list->count; i++)
        if (!read_criterion(criteria, name, list->items[i], lists, err))
            return false;
    if (criteria->count > 1)
        qsort(criteria->at, criteria->count, sizeof criteria->at[0], compare_severity);
    char prefix[ID_LIMIT_BYTES + 2];
    snprintf(prefix, sizeof prefix, "%.*s-", GL_STR_ARG(own));
    gl_risk_name_version(prefix, text, criteria->version, sizeof criteria->version);
    return true;
}

gl_criteria *gl_criteria_parse(const char *name, gl_str text, const gl_lists *lists, gl_err *err)
{
    gl_criteria *criteria = calloc(1, sizeof *criteria);
    if (criteria == NULL)
        abort();
    criteria->arena = gl_arena_new(0);
    gl_arena *scratch = gl_arena_new(0);
    const gl_yaml *root = gl_yaml_parse(scratch, name, text, err);
    bool ok = root != NULL && read_file(criteria, name, root, text, lists, err);
    gl_arena_destroy(scratch);
    if (ok)
        return criteria;
    gl_criteria_destroy(criteria);
    return NULL;
}

gl_criteria *gl_criteria_load(const char *path, const gl_lists *lists, gl_err *err)
{
    gl_buf content = {0};
    gl_criteria *criteria = NULL;
    if (gl_risk_read_file(path, GL_YAML_LIMIT_BYTES, &content, err))
        criteria = gl_criteria_parse(path, gl_buf_view(&content), lists, err);
    gl_buf_free(&content);
    return criteria;
}

void gl_criteria_destroy(gl_criteria *criteria)
{
    if (criteria == NULL)
        return;
    gl_arena_destroy(criteria->arena);
    free(criteria);
}

const char *gl_criteria_version(const gl_criteria *criteria)
{
    return criteria->version;
}

size_t gl_criteria_count(const gl_criteria *criteria)
{
    return criteria->count;
}

const char *gl_criteria_id(const gl_criteria *criteria, size_t at)
{
    return criteria->at[at].id.ptr; /* a copy with its NUL */
}

bool gl_criteria_use_classification(const gl_criteria *criteria)
{
    return criteria->use_classification;
}

/* The front of a value, cut between characters. */
static gl_str excerpt(gl_str text)
{
    if (text.len <= GL_CRITERIA_VALUE_BYTES)
        return text;
    size_t len = GL_CRITERIA_VALUE_BYTES;
    while (len > 0 && (text.ptr[len] & 0xC0) == 0x80)
        len--;
    return (gl_str){text.ptr, len};
}

static void say_value(gl_buf *out, const gl_match *match)
{
    char digits[GL_DECIMAL_TEXT_BYTES], divisor[GL_DECIMAL_TEXT_BYTES];
    const gl_fact *fact = &match->fact;
    gl_str number = gl_decimal_format(fact->number, digits);
    switch (match->kind) {
    case GL_FIELD_TEXT:
        gl_buf_str(out, excerpt(fact->text));
        break;
    case GL_FIELD_AMOUNT:
        gl_buf_printf(out, "%.*s %.*s", GL_STR_ARG(number), GL_STR_ARG(fact->currency));
        break;
    case GL_FIELD_PRICE:
        gl_buf_printf(out, "%.*s %.*s for %.*s kg", GL_STR_ARG(number), GL_STR_ARG(fact->currency),
                      GL_STR_ARG(gl_decimal_format(fact->divisor, divisor)));
        break;
    case GL_FIELD_MASS:
        gl_buf_printf(out, "%.*s kg", GL_STR_ARG(number));
        break;
    case GL_FIELD_NUMBER:
        gl_buf_str(out, number);
        break;
    }
    if (match->list != NULL) {
        gl_str entry = gl_list_match(match->list, fact->text);
        gl_buf_printf(out, "; \"%.*s\" in list %s", GL_STR_ARG(entry), gl_list_name(match->list));
    }
}

/* "Text of the criterion (value)", and with `more` items than are reported: "; 3 more items". */
static gl_str say(gl_arena *arena, const criterion *c, const gl_match *match, size_t more)
{
    gl_buf out = gl_buf_in(arena);
    gl_buf_reserve(&out, c->text.len + (size_t)2 * GL_CRITERIA_VALUE_BYTES);
    gl_buf_str(&out, c->text);
    if (match->found) {
        gl_buf_text(&out, " (");
        say_value(&out, match);
        gl_buf_byte(&out, ')');
    }
    if (more > 0)
        gl_buf_printf(&out, "; %zu more item%s", more, more == 1 ? "" : "s");
    return gl_buf_view(&out);
}

typedef struct hits {
    gl_assessment_criterion_hit at[GL_CRITERIA_HITS_LIMIT];
    size_t count;
} hits;

static void add_hit(hits *found, const criterion *c, const gl_subject *subject, gl_arena *arena, int item,
                    const gl_match *match, size_t more)
{
    gl_place fallback = {item, NULL, 0, NULL};
    gl_assessment_criterion_hit *hit = &found->at[found->count++];
    *hit =
        (gl_assessment_criterion_hit){.criterion_id = c->id,
                                      .version = c->version,
                                      .lane = c->lane,
                                      .rate_ppm = c->rate_ppm,
                                      .pointer = gl_place_pointer(arena, match->found ? &match->fact.place : &fallback),
                                      .text = say(arena, c, match, more)};
    if (item >= 0)
        hit->item = GL_SOME_I32(subject->decl->items.at[item].sequence_numeric);
}

/* The first few items that match are reported; the rest are counted in the last one's text. */
static void evaluate_items(hits *found, const criterion *c, const gl_subject *subject, gl_arena *arena)
{
    int items[GL_CRITERIA_ITEMS_REPORTED] = {0};
    gl_match matches[GL_CRITERIA_ITEMS_REPORTED] = {0};
    size_t count = 0, room = GL_CRITERIA_HITS_LIMIT - found->count;
    size_t limit = room < GL_CRITERIA_ITEMS_REPORTED ? room : GL_CRITERIA_ITEMS_REPORTED;
    for (size_t i = 0; i < subject->decl->items.count; i++) {
        gl_match match = {0};
        if (!gl_condition_holds(c->when, subject, i, &match))
            continue;
        if (count < limit) {
            items[count] = (int)i;
            matches[count] = match;
        }
        count++;
    }
    for (size_t i = 0; i < count && i < limit; i++)
        add_hit(found, c, subject, arena, items[i], &matches[i], i + 1 == limit ? count - limit : 0);
}

size_t gl_criteria_evaluate(const gl_criteria *criteria, const gl_subject *subject, gl_arena *arena,
                            gl_assessment_criterion_hit **out)
{
    hits found;
    found.count = 0;
    for (size_t i = 0; i < criteria->count && found.count < GL_CRITERIA_HITS_LIMIT; i++) {
        const criterion *c = &criteria->at[i];
        gl_match match = {0};
        if (c->of_item)
            evaluate_items(&found, c, subject, arena);
        else if (gl_condition_holds(c->when, subject, 0, &match))
            add_hit(&found, c, subject, arena, -1, &match, 0);
    }
    *out = gl_arena_dup(arena, found.at, found.count * sizeof found.at[0]);
    return found.count;
}
