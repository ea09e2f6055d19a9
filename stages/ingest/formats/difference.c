/* See difference.h. */
#include "ingest/formats/difference.h"

#include <stdlib.h>

typedef struct finding {
    gl_arena *arena;
    gl_difference *found;
    size_t count, limit;
} finding;

/* A field, or an element of a list: its group and place. */
typedef struct step {
    const struct step *parent; /* NULL: a field of the declaration */
    gl_str name;
    size_t place; /* from 1; 0: a field */
} step;

static void put_step(gl_buf *path, const step *at)
{
    if (at == NULL)
        return;
    put_step(path, at->parent);
    if (at->name.len > 0)
        gl_buf_printf(path, "%s%.*s", path->len > 0 ? "." : "", GL_STR_ARG(at->name));
    if (at->place > 0)
        gl_buf_printf(path, ".%zu", at->place);
}

static void note(finding *f, const step *at, bool added)
{
    gl_buf path = gl_buf_in(f->arena);
    if (f->count == f->limit)
        return;
    put_step(&path, at);
    f->found[f->count++] = (gl_difference){gl_buf_view(&path), added};
}

/* An element, what it is among its like, and where it stood. */
typedef struct member {
    gl_str group;
    size_t index;
    const void *record;
} member;

static gl_str group_of(const gl_shape *shape, const void *record)
{
    int key = 0;
    if (shape->fields[0].kind == GL_FIELD_ENUM) {
        memcpy(&key, (const char *)record + shape->fields[0].offset, sizeof key);
        return gl_str_of(shape->fields[0].names[key]);
    }
    if (shape == &gl_shape_attribute)
        return ((const gl_declaration_attribute *)record)->type;
    if (shape == &gl_shape_valuation_adjustment &&
        ((const gl_declaration_valuation_adjustment *)record)->amount == NULL)
        return GL_STR("code");
    return GL_STR("");
}

static int compare_text(gl_str a, gl_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    return order != 0 || a.len == b.len ? order : a.len < b.len ? -1 : 1;
}

static int by_group(const void *first, const void *second)
{
    const member *a = first, *b = second;
    int order = compare_text(a->group, b->group);
    return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

static member *members_of(gl_arena *arena, const gl_field *field, const gl_list *list)
{
    bool texts = field->kind == GL_FIELD_TEXTS;
    size_t bytes = texts ? sizeof(gl_str) : field->shape->bytes;
    member *members = GL_NEW_N(arena, member, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const void *record = (const char *)list->at + i * bytes;
        members[i] = (member){texts ? GL_STR("") : group_of(field->shape, record), i, record};
    }
    qsort(members, list->count, sizeof *members, by_group);
    return members;
}

static void compare_records(finding *f, const gl_shape *shape, const void *first, const void *second,
                            const step *parent);

static bool same_text(const member *a, const member *b)
{
    return gl_str_eq(*(const gl_str *)a->record, *(const gl_str *)b->record);
}

/* `a`, `b`: NULL where the list has no such element. */
static void compare_members(finding *f, const gl_field *field, const member *a, const member *b, const step *at)
{
    if (a == NULL || b == NULL || (field->kind == GL_FIELD_TEXTS && !same_text(a, b)))
        note(f, at, a == NULL);
    else if (field->kind == GL_FIELD_LIST)
        compare_records(f, field->shape, a->record, b->record, at);
}

/* Both in the order of their groups: element by element within each. */
static void compare_lists(finding *f, const gl_field *field, const gl_list *first, const gl_list *second,
                          const step *at)
{
    const member *a = members_of(f->arena, field, first), *b = members_of(f->arena, field, second);
    gl_str group = {NULL, 0};
    for (size_t i = 0, k = 0, place = 0; i < first->count || k < second->count;) {
        int order = i == first->count ? 1 : k == second->count ? -1 : compare_text(a[i].group, b[k].group);
        const member *left = order <= 0 ? &a[i++] : NULL, *right = order >= 0 ? &b[k++] : NULL;
        gl_str own = left != NULL ? left->group : right->group;
        place = place > 0 && gl_str_eq(own, group) ? place + 1 : 1;
        group = own;
        compare_members(f, field, left, right, &(step){at, own, place});
    }
}

/* Numbers, times and the like are the same when they are written the same. */
static bool same_value(finding *f, const gl_field *field, const void *first, const void *second)
{
    if (field->kind == GL_FIELD_TEXT)
        return gl_str_eq(*(const gl_str *)first, *(const gl_str *)second);
    gl_buf a = gl_buf_in(f->arena), b = gl_buf_in(f->arena);
    gl_canonical_value(&a, field, first);
    gl_canonical_value(&b, field, second);
    return gl_str_eq(gl_buf_view(&a), gl_buf_view(&b));
}

static void compare_fields(finding *f, const gl_field *field, const void *first, const void *second, const step *at)
{
    bool a = !gl_field_blank(field, first), b = !gl_field_blank(field, second);
    if (field->kind == GL_FIELD_LIST || field->kind == GL_FIELD_TEXTS)
        compare_lists(f, field, first, second, at);
    else if (a != b)
        note(f, at, b);
    else if (a && field->kind == GL_FIELD_RECORD)
        compare_records(f, field->shape, *(const gl_record_pointer *)first, *(const gl_record_pointer *)second, at);
    else if (a && !same_value(f, field, first, second))
        note(f, at, false);
}

static void compare_records(finding *f, const gl_shape *shape, const void *first, const void *second,
                            const step *parent)
{
    for (size_t i = 0; i < shape->count && f->count < f->limit; i++) {
        const gl_field *field = &shape->fields[i];
        compare_fields(f, field, (const char *)first + field->offset, (const char *)second + field->offset,
                       &(step){parent, {field->name, field->name_len}, 0});
    }
}

size_t gl_canonical_differences(gl_arena *arena, const gl_declaration *first, const gl_declaration *second,
                                gl_difference *found, size_t limit)
{
    finding f = {.arena = arena, .found = found, .limit = limit};
    compare_records(&f, &gl_shape_declaration, first, second, NULL);
    return f.count;
}
