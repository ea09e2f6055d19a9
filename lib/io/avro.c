/* See avro.h. A schema is compiled to nodes, a pair of schemas to steps; both live in an arena of their own.
 *
 * Reading uses the checked readers of the generated codecs (gen/rt.h): NULL stands for an error that was noted.
 */
#include "io/avro.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/json.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

typedef enum kind {
    KIND_NULL,
    KIND_BOOLEAN,
    KIND_INT,
    KIND_LONG,
    KIND_FLOAT,
    KIND_DOUBLE,
    KIND_BYTES,
    KIND_STRING,
    KIND_FIXED,
    KIND_ENUM,
    KIND_ARRAY,
    KIND_MAP,
    KIND_RECORD,
    KIND_UNION,
} kind;

static const char *const KIND_NAMES[] = {"null",   "boolean", "int",  "long",  "float", "double", "bytes",
                                         "string", "fixed",   "enum", "array", "map",   "record", "union"};

typedef struct node node;

typedef struct field {
    const char *name;
    node *type;
    const gl_json *value;   /* the default, or NULL */
    const gl_json *aliases; /* or NULL */
} field;

struct node {
    kind kind;
    gl_str fullname;        /* of a named type */
    const gl_json *aliases; /* of a named type, or NULL */
    size_t size;            /* FIXED */
    gl_str *symbols;        /* ENUM */
    gl_str fallback;        /* ENUM: its default symbol, or empty */
    field *fields;          /* RECORD */
    node **branches;        /* UNION; ARRAY, MAP: one */
    size_t count;           /* of symbols, fields or branches */
    size_t least;           /* fewest bytes of an encoding */
    int measured;           /* RECORD: whether `least` is known: 0 no, 1 under way, 2 yes */
};

struct gl_avro_schema {
    gl_arena *arena;
    node *top;
};

/* ---- Compiling a schema ---- */

typedef struct named {
    struct named *next;
    node *type;
} named;

typedef struct compiler {
    gl_arena *arena;
    named *names;
    gl_err *err;
} compiler;

static node *bad_schema(compiler *c, const char *what, gl_str name)
{
    gl_fail(c->err, GL_DEAD_LETTER, "avro-schema", "%s: %.*s", what, GL_STR_ARG(name));
    return NULL;
}

/* Of a record the sum of its fields' is added later, of a fixed its size. */
static const size_t LEAST_OF[] = {
    [KIND_NULL] = 0,   [KIND_BOOLEAN] = 1, [KIND_INT] = 1,    [KIND_LONG] = 1,  [KIND_FLOAT] = 4,
    [KIND_DOUBLE] = 8, [KIND_BYTES] = 1,   [KIND_STRING] = 1, [KIND_FIXED] = 0, [KIND_ENUM] = 1,
    [KIND_ARRAY] = 1,  [KIND_MAP] = 1,     [KIND_RECORD] = 0, [KIND_UNION] = 1};

static node *node_new(compiler *c, kind of)
{
    node *n = GL_NEW(c->arena, node);
    n->kind = of;
    n->least = LEAST_OF[of];
    return n;
}

static bool primitive_of(gl_str name, kind *of)
{
    for (int k = KIND_NULL; k <= KIND_STRING; k++) {
        if (gl_str_eqz(name, KIND_NAMES[k])) {
            *of = (kind)k;
            return true;
        }
    }
    return false;
}

static bool has_dot(gl_str name)
{
    return name.len > 0 && memchr(name.ptr, '.', name.len) != NULL;
}

static gl_str qualify(gl_arena *arena, gl_str name, gl_str space)
{
    if (has_dot(name) || space.len == 0)
        return name;
    return gl_str_of(gl_arena_printf(arena, "%.*s.%.*s", GL_STR_ARG(space), GL_STR_ARG(name)));
}

/* "a.b.C" -> "a.b" */
static gl_str space_of(gl_str fullname)
{
    size_t len = fullname.len;
    while (len > 0 && fullname.ptr[len - 1] != '.')
        len--;
    return (gl_str){fullname.ptr, len == 0 ? 0 : len - 1};
}

static gl_str simple_name(gl_str fullname)
{
    gl_str space = space_of(fullname);
    size_t skip = space.len == 0 && !has_dot(fullname) ? 0 : space.len + 1;
    return (gl_str){fullname.ptr + skip, fullname.len - skip};
}

static node *find_named(const compiler *c, gl_str fullname)
{
    for (const named *n = c->names; n != NULL; n = n->next)
        if (gl_str_eq(n->type->fullname, fullname))
            return n->type;
    return NULL;
}

static node *compile(compiler *c, const gl_json *json, gl_str space);

static node *compile_name(compiler *c, gl_str name, gl_str space)
{
    kind of;
    if (primitive_of(name, &of))
        return node_new(c, of);
    node *found = find_named(c, qualify(c->arena, name, space));
    return found != NULL ? found : bad_schema(c, "a type that is not defined", name);
}

/* Gives the node its name and makes it known, so that its own parts may refer to it. */
static bool define(compiler *c, node *n, const gl_json *json, gl_str space)
{
    gl_str name = gl_json_text(json, "name");
    if (name.len == 0)
        return bad_schema(c, "a named type without a name", GL_STR("?")) != NULL;
    const gl_json *own_space = gl_json_get(json, "namespace");
    n->fullname = qualify(c->arena, name, own_space != NULL ? own_space->text : space);
    n->aliases = gl_json_get(json, "aliases");
    if (find_named(c, n->fullname) != NULL)
        return bad_schema(c, "a type that is defined twice", n->fullname) != NULL;
    named *entry = GL_NEW(c->arena, named);
    entry->type = n;
    entry->next = c->names;
    c->names = entry;
    return true;
}

static node *compile_record(compiler *c, const gl_json *json, gl_str space)
{
    node *n = node_new(c, KIND_RECORD);
    if (!define(c, n, json, space))
        return NULL;
    const gl_json *fields = gl_json_get(json, "fields");
    if (fields == NULL || fields->type != GL_JSON_ARRAY)
        return bad_schema(c, "a record without fields", n->fullname);
    n->fields = GL_NEW_N(c->arena, field, fields->count);
    for (n->count = 0; n->count < fields->count; n->count++) {
        const gl_json *from = fields->items[n->count];
        field *f = &n->fields[n->count];
        gl_str name = from->type == GL_JSON_OBJECT ? gl_json_text(from, "name") : (gl_str){0};
        if (name.len == 0 || gl_json_get(from, "type") == NULL)
            return bad_schema(c, "a field without name or type", n->fullname);
        f->name = gl_arena_strndup(c->arena, name.ptr, name.len);
        f->value = gl_json_get(from, "default");
        f->aliases = gl_json_get(from, "aliases");
        f->type = compile(c, gl_json_get(from, "type"), space_of(n->fullname));
        if (f->type == NULL)
            return NULL;
    }
    return n;
}

static node *compile_enum(compiler *c, const gl_json *json, gl_str space)
{
    node *n = node_new(c, KIND_ENUM);
    if (!define(c, n, json, space))
        return NULL;
    const gl_json *symbols = gl_json_get(json, "symbols");
    if (symbols == NULL || symbols->type != GL_JSON_ARRAY || symbols->count == 0)
        return bad_schema(c, "an enum without symbols", n->fullname);
    n->symbols = GL_NEW_N(c->arena, gl_str, symbols->count);
    for (size_t i = 0; i < symbols->count; i++) {
        if (symbols->items[i]->type != GL_JSON_STRING)
            return bad_schema(c, "a symbol that is not a string", n->fullname);
        n->symbols[i] = symbols->items[i]->text;
    }
    n->count = symbols->count;
    n->fallback = gl_json_text(json, "default");
    return n;
}

static node *compile_fixed(compiler *c, const gl_json *json, gl_str space)
{
    node *n = node_new(c, KIND_FIXED);
    int64_t size = 0;
    if (!define(c, n, json, space))
        return NULL;
    if (!gl_json_int(json, "size", &size) || size < 0 || size > GL_AVRO_LIMIT_BYTES)
        return bad_schema(c, "a fixed without a usable size", n->fullname);
    n->size = (size_t)size;
    n->least = n->size;
    return n;
}

static node *compile_union(compiler *c, const gl_json *json, gl_str space)
{
    node *n = node_new(c, KIND_UNION);
    if (json->count == 0)
        return bad_schema(c, "a union without branches", GL_STR("[]"));
    n->branches = GL_NEW_N(c->arena, node *, json->count);
    for (n->count = 0; n->count < json->count; n->count++) {
        node *branch = compile(c, json->items[n->count], space);
        if (branch == NULL)
            return NULL;
        if (branch->kind == KIND_UNION)
            return bad_schema(c, "a union in a union", GL_STR("[]"));
        n->branches[n->count] = branch;
    }
    return n;
}

static node *compile_object(compiler *c, const gl_json *json, gl_str space)
{
    const gl_json *type = gl_json_get(json, "type");
    if (type == NULL)
        return bad_schema(c, "a type without \"type\"", GL_STR("{}"));
    if (type->type != GL_JSON_STRING)
        return compile(c, type, space);
    if (gl_str_eqz(type->text, "record") || gl_str_eqz(type->text, "error"))
        return compile_record(c, json, space);
    if (gl_str_eqz(type->text, "enum"))
        return compile_enum(c, json, space);
    if (gl_str_eqz(type->text, "fixed"))
        return compile_fixed(c, json, space);
    bool is_array = gl_str_eqz(type->text, "array");
    if (!is_array && !gl_str_eqz(type->text, "map"))
        return compile_name(c, type->text, space);
    const gl_json *items = gl_json_get(json, is_array ? "items" : "values");
    if (items == NULL)
        return bad_schema(c, "an array without items or a map without values", type->text);
    node *n = node_new(c, is_array ? KIND_ARRAY : KIND_MAP);
    n->branches = GL_NEW(c->arena, node *);
    n->branches[0] = compile(c, items, space);
    n->count = 1;
    return n->branches[0] == NULL ? NULL : n;
}

/* The JSON parser limits the depth of this. */
static node *compile(compiler *c, const gl_json *json, gl_str space)
{
    switch (json->type) {
    case GL_JSON_STRING:
        return compile_name(c, json->text, space);
    case GL_JSON_ARRAY:
        return compile_union(c, json, space);
    case GL_JSON_OBJECT:
        return compile_object(c, json, space);
    default:
        return bad_schema(c, "neither a name, a union nor an object", GL_STR("?"));
    }
}

/* Adds up `least` of a record. What is under way is met again only when a record directly contains itself. */
static bool measure(compiler *c, node *n, int depth)
{
    if (n->kind != KIND_RECORD || n->measured == 2)
        return true;
    if (n->measured == 1)
        return bad_schema(c, "a record that contains itself has no finite value", n->fullname) != NULL;
    if (depth > GL_AVRO_LIMIT_SCHEMA_DEPTH)
        return bad_schema(c, "records are nested too deep", n->fullname) != NULL;
    n->measured = 1;
    for (size_t i = 0; i < n->count; i++) {
        if (!measure(c, n->fields[i].type, depth + 1))
            return false;
        n->least += n->fields[i].type->least;
        if (n->least > GL_AVRO_LIMIT_BYTES)
            n->least = GL_AVRO_LIMIT_BYTES + 1;
    }
    n->measured = 2;
    return true;
}

static node *compile_text(compiler *c, gl_str json)
{
    gl_err inner = {0};
    gl_str source = {gl_arena_dup(c->arena, json.ptr, json.len), json.len};
    const gl_json *tree =
        gl_json_parse(c->arena, source, GL_AVRO_LIMIT_SCHEMA_BYTES, GL_AVRO_LIMIT_SCHEMA_NODES, &inner);
    if (tree == NULL)
        return bad_schema(c, "not JSON", gl_str_of(inner.message));
    node *top = compile(c, tree, (gl_str){0});
    for (const named *n = c->names; top != NULL && n != NULL; n = n->next)
        if (!measure(c, n->type, 0))
            return NULL;
    return top;
}

gl_avro_schema *gl_avro_schema_new(gl_str json, gl_err *err)
{
    compiler c = {.arena = gl_arena_new(0), .err = err};
    node *top = compile_text(&c, json);
    if (top == NULL) {
        gl_arena_destroy(c.arena);
        return NULL;
    }
    gl_avro_schema *schema = GL_NEW(c.arena, gl_avro_schema);
    schema->arena = c.arena;
    schema->top = top;
    return schema;
}

void gl_avro_schema_destroy(gl_avro_schema *schema)
{
    if (schema != NULL)
        gl_arena_destroy(schema->arena);
}

/* ---- Walking ---- */

typedef struct reading {
    gl_avro_reading base;
    const uint8_t *end;
    size_t values_left;
    int depth_left;
} reading;

static bool start_reading(reading *r, gl_str bytes, const gl_avro_limits *limits, const uint8_t **begin, gl_err *err)
{
    static const gl_avro_limits usual = {GL_AVRO_LIMIT_BYTES, GL_AVRO_LIMIT_VALUES, GL_AVRO_LIMIT_DEPTH};
    if (limits == NULL)
        limits = &usual;
    if (bytes.len > limits->bytes)
        return gl_fail(err, GL_DEAD_LETTER, "avro-limit", "%zu bytes are more than the limit of %zu", bytes.len,
                       limits->bytes);
    *begin = (const uint8_t *)bytes.ptr;
    if (!gl_avro_start(&r->base, begin, bytes.len, NULL, err))
        return false;
    r->end = *begin + bytes.len;
    r->values_left = limits->values;
    r->depth_left = limits->depth;
    return true;
}

/* Counts a value, and its depth until leave(). */
static bool enter(reading *r, const uint8_t *p)
{
    if (r->values_left == 0)
        return gl_avro_refuse(&r->base, p, "avro-limit", "more values than the limit") != NULL;
    if (r->depth_left == 0)
        return gl_avro_refuse(&r->base, p, "avro-limit", "values are nested deeper than the limit") != NULL;
    r->values_left--;
    r->depth_left--;
    return true;
}

static void leave(reading *r)
{
    r->depth_left++;
}

/* The head of a block of `items` (and of keys, in a map). */
static const uint8_t *read_block(reading *r, const node *n, const uint8_t *p, size_t *count, const uint8_t **stop)
{
    size_t least = n->branches[0]->least + (n->kind == KIND_MAP);
    const uint8_t *next = gl_rd_block(p, r->end, least, count, stop, &r->base);
    /* Elements without bytes are bounded by this alone. */
    if (next != NULL && *count > r->values_left)
        return gl_avro_refuse(&r->base, p, "avro-limit", "more values than the limit");
    return next;
}

static const uint8_t *end_block(reading *r, const uint8_t *p, const uint8_t *stop)
{
    if (stop != NULL && p != stop)
        return gl_avro_refuse(&r->base, p, "avro-invalid", "a block has another size than it says");
    return p;
}

static const uint8_t *walk(reading *r, const node *n, const uint8_t *p);

static const uint8_t *walk_blocks(reading *r, const node *n, const uint8_t *p)
{
    for (size_t index = 0;;) {
        size_t count = 0;
        const uint8_t *stop = NULL;
        gl_str key = {0};
        p = read_block(r, n, p, &count, &stop);
        if (p == NULL || count == 0)
            return p;
        for (size_t i = 0; i < count; i++, index++) {
            if (n->kind == KIND_MAP)
                p = gl_rd_str(p, r->end, &key, &r->base);
            if (p != NULL)
                p = walk(r, n->branches[0], p);
            if (p == NULL)
                return gl_avro_in_element(&r->base, index);
        }
        p = end_block(r, p, stop);
        if (p == NULL)
            return NULL;
    }
}

static const uint8_t *walk_fixed(reading *r, const uint8_t *p, size_t size)
{
    if ((size_t)(r->end - p) < size)
        return gl_avro_refuse(&r->base, p, "avro-truncated", "it ends in a value of fixed size");
    return p + size;
}

static const uint8_t *walk_value(reading *r, const node *n, const uint8_t *p)
{
    union {
        bool boolean;
        int32_t narrow;
        int64_t wide;
        gl_str text;
    } v;
    switch (n->kind) {
    case KIND_NULL:
        return p;
    case KIND_BOOLEAN:
        return gl_rd_bool(p, r->end, &v.boolean, &r->base);
    case KIND_INT:
        return gl_rd_int(p, r->end, &v.narrow, &r->base);
    case KIND_LONG:
        return gl_rd_long(p, r->end, &v.wide, &r->base);
    case KIND_FLOAT:
        return walk_fixed(r, p, 4);
    case KIND_DOUBLE:
        return walk_fixed(r, p, 8);
    case KIND_BYTES:
    case KIND_STRING:
        return gl_rd_str(p, r->end, &v.text, &r->base);
    case KIND_FIXED:
        return walk_fixed(r, p, n->size);
    case KIND_ENUM:
        return gl_rd_index(p, r->end, (int64_t)n->count, &v.wide, &r->base);
    case KIND_ARRAY:
    case KIND_MAP:
        return walk_blocks(r, n, p);
    case KIND_RECORD:
        for (size_t i = 0; i < n->count; i++) {
            p = walk(r, n->fields[i].type, p);
            if (p == NULL)
                return gl_avro_in_field(&r->base, n->fields[i].name);
        }
        return p;
    case KIND_UNION:
        p = gl_rd_index(p, r->end, (int64_t)n->count, &v.wide, &r->base);
        return p == NULL ? NULL : walk(r, n->branches[v.wide], p);
    }
    return NULL;
}

static const uint8_t *walk(reading *r, const node *n, const uint8_t *p)
{
    if (!enter(r, p))
        return NULL;
    p = walk_value(r, n, p);
    leave(r);
    return p;
}

static bool refuse_rest(const reading *r, const uint8_t *p, gl_err *err)
{
    return gl_fail(err, GL_DEAD_LETTER, "avro-invalid", "%zu bytes are left over after byte %zu", (size_t)(r->end - p),
                   (size_t)(p - r->base.begin));
}

bool gl_avro_walk(const gl_avro_schema *schema, gl_str bytes, const gl_avro_limits *limits, size_t *used, gl_err *err)
{
    reading r = {0};
    const uint8_t *begin = NULL;
    if (!start_reading(&r, bytes, limits, &begin, err))
        return false;
    const uint8_t *p = walk(&r, schema->top, begin);
    if (p == NULL)
        return gl_avro_report(&r.base, "value", err);
    if (used == NULL && p != r.end)
        return refuse_rest(&r, p, err);
    if (used != NULL)
        *used = (size_t)(p - begin);
    return true;
}

/* ---- Resolving: compiling a pair of schemas ---- */

typedef enum op {
    OP_COPY,     /* the bytes are the same in both: everything but what follows */
    OP_TO_FLOAT, /* int, long -> float */
    OP_TO_DOUBLE,
    OP_ENUM,
    OP_BLOCKS, /* array, map */
    OP_RECORD,
    OP_CHOICE, /* the writer has a union */
    OP_BRANCH, /* the reader has one, and this is the branch that fits */
    OP_NEVER,  /* a branch or symbol that the reader does not have */
} op;

typedef struct step step;

/* What to do for a field of the reader, in the reader's order. */
typedef struct move {
    size_t from;  /* field of the writer, or SIZE_MAX: its default */
    step *step;   /* NULL for a default */
    gl_str value; /* encoded default */
} move;

struct step {
    op op;
    const node *writer;
    const node *reader;
    step **steps;     /* CHOICE: one per branch of the writer; BLOCKS, BRANCH: one */
    size_t branch;    /* BRANCH */
    int32_t *symbols; /* ENUM: the reader's index for each of the writer, or -1 */
    move *moves;      /* RECORD: one per field of the reader */
    bool in_order;    /* RECORD: `from` only grows */
    bool failed;      /* while compiling */
};

struct gl_avro_resolver {
    gl_arena *arena;
    gl_avro_schema *writer;
    gl_avro_schema *reader;
    const step *top;
    bool loses; /* the writer says what the reader has no place for */
};

typedef struct pair {
    struct pair *next;
    step *step;
} pair;

typedef struct matcher {
    gl_arena *arena;
    pair *pairs;
    gl_err *err;
    int depth;
    bool loses;
    size_t default_values; /* encoded so far */
} matcher;

enum { LIMIT_DEFAULT_BYTES = 64 * 1024, LIMIT_DEFAULT_VALUES = 100 * 1000 };

static bool incompatible(matcher *m, const char *what, const char *name)
{
    return gl_fail(m->err, GL_DEAD_LETTER, "avro-incompatible", "%s: %s", what, name);
}

static bool encode_default(matcher *m, const node *n, const gl_json *json, int depth, gl_buf *out);

static void put_long(gl_buf *out, int64_t value)
{
    uint8_t bytes[GL_RT_VARINT_BYTES];
    gl_buf_bytes(out, bytes, (size_t)(gl_wr_long(bytes, value) - bytes));
}

static void put_text(gl_buf *out, gl_str text)
{
    put_long(out, (int64_t)text.len);
    gl_buf_str(out, text);
}

static bool default_number(matcher *m, const node *n, const gl_json *json, gl_buf *out)
{
    if (json->type != GL_JSON_NUMBER)
        return incompatible(m, "a default is not a number", KIND_NAMES[n->kind]);
    const char *text = gl_arena_strndup(m->arena, json->text.ptr, json->text.len);
    char *rest = NULL;
    errno = 0;
    if (n->kind == KIND_INT || n->kind == KIND_LONG) {
        long long value = strtoll(text, &rest, 10);
        if (errno != 0 || *rest != '\0' || (n->kind == KIND_INT && (value < INT32_MIN || value > INT32_MAX)))
            return incompatible(m, "a default is not an integer of its type", text);
        put_long(out, value);
        return true;
    }
    double value = strtod(text, &rest);
    float narrow = (float)value;
    if (*rest != '\0')
        return incompatible(m, "a default is not a number", text);
    gl_buf_bytes(out, n->kind == KIND_FLOAT ? (const void *)&narrow : (const void *)&value,
                 n->kind == KIND_FLOAT ? 4 : 8);
    return true;
}

/* JSON holds bytes as the code points 0 to 255 of a string. */
static bool default_bytes(matcher *m, const node *n, gl_str text, gl_buf *out)
{
    gl_buf bytes = gl_buf_in(m->arena);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (c < 0x80) {
            gl_buf_byte(&bytes, c);
        } else if ((c == 0xC2 || c == 0xC3) && i + 1 < text.len) {
            i++;
            gl_buf_byte(&bytes, (uint8_t)((c & 3) << 6 | ((uint8_t)text.ptr[i] & 0x3F)));
        } else {
            return incompatible(m, "a default has a character beyond a byte", KIND_NAMES[n->kind]);
        }
    }
    if (n->kind == KIND_FIXED && bytes.len != n->size)
        return incompatible(m, "a default of a fixed has another size", KIND_NAMES[n->kind]);
    if (n->kind == KIND_BYTES)
        put_long(out, (int64_t)bytes.len);
    gl_buf_bytes(out, bytes.data, bytes.len);
    return true;
}

static bool find_symbol(const node *n, gl_str symbol, size_t *index)
{
    for (*index = 0; *index < n->count; (*index)++)
        if (gl_str_eq(n->symbols[*index], symbol))
            return true;
    return false;
}

static bool default_text(matcher *m, const node *n, const gl_json *json, gl_buf *out)
{
    size_t index = 0;
    if (json->type != GL_JSON_STRING)
        return incompatible(m, "a default is not a string", KIND_NAMES[n->kind]);
    if (n->kind == KIND_STRING) {
        put_text(out, json->text);
        return true;
    }
    if (n->kind != KIND_ENUM)
        return default_bytes(m, n, json->text, out);
    if (!find_symbol(n, json->text, &index))
        return incompatible(m, "a default is no symbol of its enum", KIND_NAMES[n->kind]);
    put_long(out, (int64_t)index);
    return true;
}

static bool default_blocks(matcher *m, const node *n, const gl_json *json, int depth, gl_buf *out)
{
    if (json->type != (n->kind == KIND_MAP ? GL_JSON_OBJECT : GL_JSON_ARRAY))
        return incompatible(m, "a default is of another type", KIND_NAMES[n->kind]);
    if (json->count > 0)
        put_long(out, (int64_t)json->count);
    for (size_t i = 0; i < json->count; i++) {
        if (n->kind == KIND_MAP)
            put_text(out, json->keys[i]);
        if (!encode_default(m, n->branches[0], json->items[i], depth, out))
            return false;
    }
    gl_buf_byte(out, 0);
    return true;
}

static bool default_record(matcher *m, const node *n, const gl_json *json, int depth, gl_buf *out)
{
    if (json->type != GL_JSON_OBJECT)
        return incompatible(m, "a default is not an object", KIND_NAMES[n->kind]);
    for (size_t i = 0; i < n->count; i++) {
        const gl_json *value = gl_json_get(json, n->fields[i].name);
        if (value == NULL)
            value = n->fields[i].value;
        if (value == NULL)
            return incompatible(m, "a default lacks a field", n->fields[i].name);
        if (!encode_default(m, n->fields[i].type, value, depth, out))
            return false;
    }
    return true;
}

/* Of the first branch by the specification up to 1.11, of any since 1.12. */
static bool default_union(matcher *m, const node *n, const gl_json *json, int depth, gl_buf *out)
{
    size_t begin = out->len;
    for (size_t i = 0; i < n->count; i++) {
        put_long(out, (int64_t)i);
        if (encode_default(m, n->branches[i], json, depth, out))
            return true;
        out->len = begin;
    }
    return false;
}

static bool encode_default(matcher *m, const node *n, const gl_json *json, int depth, gl_buf *out)
{
    if (depth > GL_AVRO_LIMIT_DEPTH || ++m->default_values > LIMIT_DEFAULT_VALUES || out->len > LIMIT_DEFAULT_BYTES)
        return incompatible(m, "a default is too large", KIND_NAMES[n->kind]);
    switch (n->kind) {
    case KIND_NULL:
        return json->type == GL_JSON_NULL || incompatible(m, "a default is not null", KIND_NAMES[n->kind]);
    case KIND_BOOLEAN:
        if (json->type != GL_JSON_TRUE && json->type != GL_JSON_FALSE)
            return incompatible(m, "a default is not a boolean", KIND_NAMES[n->kind]);
        gl_buf_byte(out, json->type == GL_JSON_TRUE);
        return true;
    case KIND_INT:
    case KIND_LONG:
    case KIND_FLOAT:
    case KIND_DOUBLE:
        return default_number(m, n, json, out);
    case KIND_BYTES:
    case KIND_STRING:
    case KIND_FIXED:
    case KIND_ENUM:
        return default_text(m, n, json, out);
    case KIND_ARRAY:
    case KIND_MAP:
        return default_blocks(m, n, json, depth + 1, out);
    case KIND_RECORD:
        return default_record(m, n, json, depth + 1, out);
    case KIND_UNION:
        return default_union(m, n, json, depth + 1, out);
    }
    return false;
}

static bool is_alias(const gl_json *aliases, gl_str name)
{
    if (aliases == NULL || aliases->type != GL_JSON_ARRAY)
        return false;
    for (size_t i = 0; i < aliases->count; i++)
        if (aliases->items[i]->type == GL_JSON_STRING && gl_str_eq(simple_name(aliases->items[i]->text), name))
            return true;
    return false;
}

/* The specification compares unqualified names. */
static bool same_name(const node *writer, const node *reader)
{
    gl_str name = simple_name(writer->fullname);
    return gl_str_eq(name, simple_name(reader->fullname)) || is_alias(reader->aliases, name);
}

static bool is_number(kind of)
{
    return of == KIND_INT || of == KIND_LONG || of == KIND_FLOAT || of == KIND_DOUBLE;
}

/* Whether the reader's type may be read from the writer's, going by the outermost type only. `exact`: without
 * promotion. */
static bool fits(const node *writer, const node *reader, bool exact)
{
    if (writer->kind != reader->kind) {
        bool text = (writer->kind == KIND_STRING && reader->kind == KIND_BYTES) ||
                    (writer->kind == KIND_BYTES && reader->kind == KIND_STRING);
        bool number = is_number(writer->kind) && is_number(reader->kind) && writer->kind < reader->kind;
        return !exact && (text || number);
    }
    if (writer->kind == KIND_FIXED)
        return writer->size == reader->size && same_name(writer, reader);
    if (writer->kind == KIND_ENUM || writer->kind == KIND_RECORD)
        return same_name(writer, reader);
    return true;
}

static step *match(matcher *m, const node *writer, const node *reader);

static bool match_enum(matcher *m, step *s)
{
    size_t index = 0;
    size_t other = 0;
    bool has_fallback = s->reader->fallback.len > 0 && find_symbol(s->reader, s->reader->fallback, &other);
    s->op = OP_ENUM;
    s->symbols = GL_NEW_N(m->arena, int32_t, s->writer->count);
    for (size_t i = 0; i < s->writer->count; i++) {
        bool found = find_symbol(s->reader, s->writer->symbols[i], &index);
        s->symbols[i] = found ? (int32_t)index : has_fallback ? (int32_t)other : -1;
        m->loses = m->loses || (!found && has_fallback);
    }
    return true;
}

static bool find_field(const node *writer, const field *wanted, size_t *index)
{
    for (*index = 0; *index < writer->count; (*index)++)
        if (strcmp(writer->fields[*index].name, wanted->name) == 0)
            return true;
    for (*index = 0; *index < writer->count; (*index)++)
        if (is_alias(wanted->aliases, gl_str_of(writer->fields[*index].name)))
            return true;
    return false;
}

static bool match_field(matcher *m, step *s, size_t i)
{
    const field *wanted = &s->reader->fields[i];
    move *to = &s->moves[i];
    if (find_field(s->writer, wanted, &to->from)) {
        to->step = match(m, s->writer->fields[to->from].type, wanted->type);
        return to->step != NULL || gl_fail_context(m->err, "%s", wanted->name);
    }
    to->from = SIZE_MAX;
    if (wanted->value == NULL)
        return incompatible(m, "the writer lacks a field that has no default", wanted->name);
    gl_buf out = gl_buf_in(m->arena);
    if (!encode_default(m, wanted->type, wanted->value, 0, &out))
        return gl_fail_context(m->err, "%s", wanted->name);
    to->value = gl_buf_view(&out);
    return true;
}

static bool match_record(matcher *m, step *s)
{
    s->op = OP_RECORD;
    s->moves = GL_NEW_N(m->arena, move, s->reader->count);
    s->in_order = true;
    size_t next = 0, taken = 0;
    for (size_t i = 0; i < s->reader->count; i++) {
        if (!match_field(m, s, i))
            return false;
        if (s->moves[i].from == SIZE_MAX)
            continue;
        s->in_order = s->in_order && s->moves[i].from >= next;
        next = s->moves[i].from + 1;
        taken++;
    }
    m->loses = m->loses || taken < s->writer->count;
    return true;
}

static bool match_parts(matcher *m, step *s, op of, const node *writer, const node *reader)
{
    s->op = of;
    s->steps = GL_NEW(m->arena, step *);
    s->steps[0] = match(m, writer, reader);
    return s->steps[0] != NULL;
}

/* Whether a branch can be read shows only in a value that has it. */
static bool match_choice(matcher *m, step *s)
{
    bool any = false;
    s->op = OP_CHOICE;
    s->steps = GL_NEW_N(m->arena, step *, s->writer->count);
    for (size_t i = 0; i < s->writer->count; i++) {
        s->steps[i] = match(m, s->writer->branches[i], s->reader);
        any = any || s->steps[i] != NULL;
        if (s->steps[i] == NULL) {
            s->steps[i] = GL_NEW(m->arena, step);
            s->steps[i]->op = OP_NEVER;
        }
    }
    return any;
}

static bool match_branch(matcher *m, step *s)
{
    for (int promoted = 0; promoted < 2; promoted++) {
        for (size_t i = 0; i < s->reader->count; i++) {
            if (!fits(s->writer, s->reader->branches[i], promoted == 0))
                continue;
            s->branch = i;
            if (match_parts(m, s, OP_BRANCH, s->writer, s->reader->branches[i]))
                return true;
        }
    }
    return incompatible(m, "no branch of the reader's union takes", KIND_NAMES[s->writer->kind]);
}

static bool match_same(matcher *m, step *s)
{
    switch (s->writer->kind) {
    case KIND_ENUM:
        return match_enum(m, s);
    case KIND_ARRAY:
    case KIND_MAP:
        return match_parts(m, s, OP_BLOCKS, s->writer->branches[0], s->reader->branches[0]);
    case KIND_RECORD:
        return match_record(m, s);
    default:
        s->op = OP_COPY;
        return true;
    }
}

static bool match_into(matcher *m, step *s)
{
    if (s->writer->kind == KIND_UNION)
        return match_choice(m, s);
    if (s->reader->kind == KIND_UNION)
        return match_branch(m, s);
    if (!fits(s->writer, s->reader, false))
        return gl_fail(m->err, GL_DEAD_LETTER, "avro-incompatible", "%s %.*s cannot be read as %s %.*s",
                       KIND_NAMES[s->writer->kind], GL_STR_ARG(s->writer->fullname), KIND_NAMES[s->reader->kind],
                       GL_STR_ARG(s->reader->fullname));
    if (s->writer->kind == s->reader->kind)
        return match_same(m, s);
    s->op = OP_COPY;
    if (s->reader->kind == KIND_FLOAT)
        s->op = OP_TO_FLOAT;
    else if (s->reader->kind == KIND_DOUBLE)
        s->op = OP_TO_DOUBLE;
    return true;
}

/* A pair that is being matched, further out, gives its step: records may contain themselves. */
static step *match(matcher *m, const node *writer, const node *reader)
{
    for (const pair *p = m->pairs; p != NULL; p = p->next)
        if (p->step->writer == writer && p->step->reader == reader)
            return p->step->failed ? NULL : p->step;
    if (m->depth > GL_AVRO_LIMIT_SCHEMA_DEPTH) {
        incompatible(m, "types are nested too deep", KIND_NAMES[writer->kind]);
        return NULL;
    }
    step *s = GL_NEW(m->arena, step);
    s->writer = writer;
    s->reader = reader;
    pair *entry = GL_NEW(m->arena, pair);
    entry->step = s;
    entry->next = m->pairs;
    m->pairs = entry;
    m->depth++;
    s->failed = !match_into(m, s);
    m->depth--;
    return s->failed ? NULL : s;
}

gl_avro_resolver *gl_avro_resolver_new(gl_str writer_json, gl_str reader_json, gl_err *err)
{
    gl_err inner = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_avro_resolver *resolver = GL_NEW(arena, gl_avro_resolver);
    resolver->arena = arena;
    resolver->writer = gl_avro_schema_new(writer_json, &inner);
    if (resolver->writer == NULL)
        gl_fail_context(&inner, "the writer's schema");
    else if ((resolver->reader = gl_avro_schema_new(reader_json, &inner)) == NULL)
        gl_fail_context(&inner, "the reader's schema");
    else {
        matcher m = {.arena = arena, .err = &inner};
        resolver->top = match(&m, resolver->writer->top, resolver->reader->top);
        resolver->loses = m.loses;
    }
    if (resolver->top != NULL)
        return resolver;
    gl_fail(err, inner.action, inner.code, "%s", inner.message);
    gl_avro_resolver_destroy(resolver);
    return NULL;
}

void gl_avro_resolver_destroy(gl_avro_resolver *resolver)
{
    if (resolver == NULL)
        return;
    gl_avro_schema_destroy(resolver->writer);
    gl_avro_schema_destroy(resolver->reader);
    gl_arena_destroy(resolver->arena);
}

/* ---- Resolving: values ---- */

static const uint8_t *run(reading *r, const step *s, const uint8_t *p, gl_buf *out);

static const uint8_t *run_copy(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    const uint8_t *next = walk_value(r, s->writer, p);
    if (next != NULL)
        gl_buf_bytes(out, p, (size_t)(next - p));
    return next;
}

static const uint8_t *run_number(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    int32_t narrow = 0;
    int64_t wide = 0;
    float single = 0;
    double value = 0;
    if (s->writer->kind == KIND_FLOAT) {
        p = gl_rd_float(p, r->end, &single, &r->base);
        value = (double)single;
    } else if (s->writer->kind == KIND_INT) {
        p = gl_rd_int(p, r->end, &narrow, &r->base);
        wide = narrow;
        value = (double)narrow;
    } else {
        p = gl_rd_long(p, r->end, &wide, &r->base);
        value = (double)wide;
    }
    /* Not through a double: that would round twice. */
    single = (float)wide;
    gl_buf_bytes(out, s->op == OP_TO_FLOAT ? (const void *)&single : (const void *)&value,
                 s->op == OP_TO_FLOAT ? 4 : 8);
    return p;
}

static const uint8_t *run_enum(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    int64_t index = 0;
    const uint8_t *next = gl_rd_index(p, r->end, (int64_t)s->writer->count, &index, &r->base);
    if (next == NULL)
        return NULL;
    if (s->symbols[index] < 0)
        return gl_avro_refuse(&r->base, p, "avro-incompatible",
                              "a symbol of the writer's enum that ours does not have");
    put_long(out, s->symbols[index]);
    return next;
}

static const uint8_t *run_blocks(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    for (size_t index = 0;;) {
        size_t count = 0;
        const uint8_t *stop = NULL;
        gl_str key = {0};
        p = read_block(r, s->writer, p, &count, &stop);
        if (p == NULL)
            return NULL;
        put_long(out, (int64_t)count);
        if (count == 0)
            return p;
        for (size_t i = 0; i < count; i++, index++) {
            if (s->writer->kind == KIND_MAP) {
                p = gl_rd_str(p, r->end, &key, &r->base);
                if (p != NULL)
                    put_text(out, key);
            }
            if (p != NULL)
                p = run(r, s->steps[0], p, out);
            if (p == NULL)
                return gl_avro_in_element(&r->base, index);
        }
        p = end_block(r, p, stop);
        if (p == NULL)
            return NULL;
    }
}

/* Steps over the writer's fields [from, to). */
static const uint8_t *pass_fields(reading *r, const node *writer, size_t from, size_t to, const uint8_t *p)
{
    for (size_t i = from; i < to; i++) {
        p = walk(r, writer->fields[i].type, p);
        if (p == NULL)
            return gl_avro_in_field(&r->base, writer->fields[i].name);
    }
    return p;
}

static const uint8_t *run_record(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    const node *writer = s->writer;
    const uint8_t *begin = p;
    const uint8_t *end = NULL;
    size_t next = 0; /* the writer's field at p */
    if (!s->in_order) {
        end = pass_fields(r, writer, 0, writer->count, p);
        if (end == NULL)
            return NULL;
    }
    for (size_t i = 0; i < s->reader->count; i++) {
        const move *to = &s->moves[i];
        if (to->from == SIZE_MAX) {
            gl_buf_str(out, to->value);
            continue;
        }
        if (to->from < next) {
            p = begin;
            next = 0;
        }
        p = pass_fields(r, writer, next, to->from, p);
        if (p == NULL)
            return NULL;
        p = run(r, to->step, p, out);
        if (p == NULL)
            return gl_avro_in_field(&r->base, writer->fields[to->from].name);
        next = to->from + 1;
    }
    return s->in_order ? pass_fields(r, writer, next, writer->count, p) : end;
}

static const uint8_t *run_choice(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    int64_t index = 0;
    p = gl_rd_index(p, r->end, (int64_t)s->writer->count, &index, &r->base);
    return p == NULL ? NULL : run(r, s->steps[index], p, out);
}

static const uint8_t *run_step(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    switch (s->op) {
    case OP_COPY:
        return run_copy(r, s, p, out);
    case OP_TO_FLOAT:
    case OP_TO_DOUBLE:
        return run_number(r, s, p, out);
    case OP_ENUM:
        return run_enum(r, s, p, out);
    case OP_BLOCKS:
        return run_blocks(r, s, p, out);
    case OP_RECORD:
        return run_record(r, s, p, out);
    case OP_CHOICE:
        return run_choice(r, s, p, out);
    case OP_BRANCH:
        put_long(out, (int64_t)s->branch);
        return run(r, s->steps[0], p, out);
    case OP_NEVER:
        return gl_avro_refuse(&r->base, p, "avro-incompatible",
                              "a branch of the writer's union that ours does not have");
    }
    return NULL;
}

static const uint8_t *run(reading *r, const step *s, const uint8_t *p, gl_buf *out)
{
    if (!enter(r, p))
        return NULL;
    p = run_step(r, s, p, out);
    leave(r);
    /* Defaults may make more of a value than there was. */
    if (p != NULL && out->len > GL_AVRO_LIMIT_BYTES)
        return gl_avro_refuse(&r->base, p, "avro-limit", "more bytes than the limit in our schema");
    return p;
}

bool gl_avro_resolve(const gl_avro_resolver *resolver, gl_str bytes, gl_buf *out, gl_err *err)
{
    reading r = {0};
    const uint8_t *begin = NULL;
    size_t before = out->len;
    if (!start_reading(&r, bytes, NULL, &begin, err))
        return false;
    const uint8_t *p = run(&r, resolver->top, begin, out);
    if (p != NULL && p == r.end)
        return true;
    out->len = before;
    return p == NULL ? gl_avro_report(&r.base, "value", err) : refuse_rest(&r, p, err);
}

/* ---- What follows a value that says more than ours ---- */

static const gl_json *fields_of(gl_arena *arena, gl_str json)
{
    const gl_json *top = gl_json_parse(arena, json, GL_AVRO_LIMIT_SCHEMA_BYTES, GL_AVRO_LIMIT_SCHEMA_NODES, NULL);
    const gl_json *fields = top == NULL || top->type != GL_JSON_OBJECT ? NULL : gl_json_get(top, "fields");
    return fields != NULL && fields->type == GL_JSON_ARRAY ? fields : NULL;
}

static bool begins_with(const gl_json *fields, const gl_json *first)
{
    if (fields->count <= first->count)
        return false;
    for (size_t i = 0; i < first->count; i++)
        if (!gl_str_eq(gl_json_text(fields->items[i], "name"), gl_json_text(first->items[i], "name")))
            return false;
    return true;
}

static void put_fields(gl_buf *out, gl_str json, const gl_json *fields, size_t from)
{
    for (size_t i = from; i < fields->count; i++) {
        if (out->data[out->len - 1] != '[')
            gl_buf_byte(out, ',');
        gl_buf_bytes(out, json.ptr + fields->items[i]->begin, fields->items[i]->end - fields->items[i]->begin);
    }
}

/* The schema of `next`, with the writer's sections, letter by letter, in place of the reader's. {NULL, 0} when its
 * values do not begin with a value of the reader's. */
static gl_str compose(gl_arena *arena, gl_str writer, const gl_topic_schema *reader, const gl_topic_schema *next)
{
    gl_str ours = {next->json, next->json_len};
    const gl_json *written = fields_of(arena, writer), *following = fields_of(arena, ours),
                  *read = fields_of(arena, (gl_str){reader->json, reader->json_len});
    if (written == NULL || following == NULL || read == NULL || !begins_with(following, read))
        return (gl_str){NULL, 0};
    gl_buf out = gl_buf_in(arena);
    gl_buf_bytes(&out, ours.ptr, following->begin);
    gl_buf_byte(&out, '[');
    put_fields(&out, writer, written, 0);
    put_fields(&out, ours, following, read->count);
    gl_buf_bytes(&out, ours.ptr + following->end - 1, ours.len - following->end + 1);
    return gl_buf_view(&out);
}

/* ---- The fallback of the generated decoders ---- */

typedef struct known {
    uint32_t schema_id;
    const gl_topic_schema *reader;
    gl_avro_resolver *resolver; /* NULL: incompatible, as `err` says */
    gl_schema_origin *origin;   /* in the resolver's arena; NULL: nothing is lost */
    _Atomic int64_t again_us;   /* monotonic: when to look again for what was not registered; 0: never */
    gl_err err;
} known;

static struct {
    pthread_mutex_t lock; /* of adding; an entry that is there does not change, but for its atomics */
    known *known[GL_AVRO_LIMIT_WRITERS];
    _Atomic size_t count; /* entries before it are there for every thread */
    gl_avro_lookup_fn *lookup;
    gl_avro_identify_fn *identify;
    void *context;
} fallback = {.lock = PTHREAD_MUTEX_INITIALIZER};

static known *find_known(uint32_t schema_id, const gl_topic_schema *reader)
{
    size_t count = atomic_load_explicit(&fallback.count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        if (fallback.known[i]->schema_id == schema_id && fallback.known[i]->reader == reader)
            return fallback.known[i];
    return NULL;
}

static void known_free(known *k)
{
    gl_avro_resolver_destroy(k->resolver);
    free(k);
}

/* Keeps `fresh`, or what another thread kept in the meantime. */
static known *keep_known(known *fresh, gl_err *err)
{
    pthread_mutex_lock(&fallback.lock);
    uint32_t schema_id = fresh->schema_id;
    known *found = find_known(schema_id, fresh->reader);
    size_t count = atomic_load_explicit(&fallback.count, memory_order_relaxed);
    if (found == NULL && count < GL_AVRO_LIMIT_WRITERS) {
        fallback.known[count] = found = fresh;
        atomic_store_explicit(&fallback.count, count + 1, memory_order_release);
    } else {
        known_free(fresh);
    }
    pthread_mutex_unlock(&fallback.lock);
    if (found == NULL)
        gl_fail(err, GL_DEAD_LETTER, "envelope-schema-unknown", "schema id %u: %d other schemas are in use already",
                (unsigned)schema_id, GL_AVRO_LIMIT_WRITERS);
    return found;
}

/* false (GL_RETRY): something is not known yet. */
static bool find_following(known *k, gl_str json, gl_err *err)
{
    bool all = true, good = true;
    gl_arena *arena = gl_arena_new(0);
    for (size_t i = 0; good && i < gl_topic_schema_count; i++) {
        uint32_t id = 0;
        gl_str composed = compose(arena, json, k->reader, &gl_topic_schemas[i]);
        if (composed.ptr == NULL)
            continue;
        good = fallback.identify(fallback.context, &gl_topic_schemas[i], composed, &id, err);
        atomic_store_explicit(&k->origin->ids[i], id, memory_order_relaxed);
        all = all && (id != 0 || !good);
    }
    gl_arena_destroy(arena);
    atomic_store(&k->again_us, good && all ? 0 : gl_mono_us() + (int64_t)GL_AVRO_LOOK_AGAIN_MS * 1000);
    return good;
}

static void tell_news(const known *k)
{
    if (k->resolver == NULL)
        gl_log(GL_LOG_WARN, k->err.code, "schema id %u cannot be read as %s: %s", (unsigned)k->schema_id,
               k->reader->record, k->err.message);
    else
        gl_log(GL_LOG_INFO, "schema-learned", "schema id %u is read as %s%s", (unsigned)k->schema_id, k->reader->record,
               k->origin == NULL                ? ""
               : atomic_load(&k->again_us) == 0 ? "; what it has more is passed on"
                                                : "; what it has more is left out: no schema with it is registered for "
                                                  "the next topic (greenlane schema register)");
}

static known *learn(uint32_t schema_id, const gl_topic_schema *reader, gl_err *err)
{
    gl_str json = {0};
    if (!fallback.lookup(fallback.context, schema_id, &json, err))
        return NULL;
    known *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        abort();
    fresh->schema_id = schema_id;
    fresh->reader = reader;
    fresh->resolver = gl_avro_resolver_new(json, (gl_str){reader->json, reader->json_len}, &fresh->err);
    if (fresh->resolver != NULL && fresh->resolver->loses && fallback.identify != NULL) {
        fresh->origin = GL_NEW(fresh->resolver->arena, gl_schema_origin);
        fresh->origin->schema_id = schema_id;
        if (!find_following(fresh, json, err)) {
            known_free(fresh);
            return NULL;
        }
    }
    tell_news(fresh);
    return keep_known(fresh, err);
}

static bool translate(uint32_t schema_id, const gl_topic_schema *reader, gl_str body, gl_arena *arena,
                      gl_str *translated, gl_schema_origin **origin, gl_err *err)
{
    known *found = find_known(schema_id, reader);
    if (found == NULL)
        found = learn(schema_id, reader, err);
    if (found == NULL)
        return false;
    if (found->resolver == NULL)
        return gl_fail(err, found->err.action, found->err.code, "schema id %u: %s", (unsigned)schema_id,
                       found->err.message);
    gl_buf out = gl_buf_in(arena);
    gl_buf_reserve(&out, body.len + body.len / 4 + 64);
    if (!gl_avro_resolve(found->resolver, body, &out, err))
        return gl_fail_context(err, "schema id %u", (unsigned)schema_id);
    *translated = gl_buf_view(&out);
    *origin = found->origin;
    return true;
}

/* What could not be found the last time may be registered now; what was found stays. */
static void look_again(known *found)
{
    int64_t again_us = atomic_load_explicit(&found->again_us, memory_order_relaxed);
    gl_str json = {0};
    gl_err ignored;
    if (again_us == 0 || gl_mono_us() < again_us ||
        !fallback.lookup(fallback.context, found->schema_id, &json, &ignored))
        return;
    if (find_following(found, json, &ignored) && atomic_load(&found->again_us) == 0)
        tell_news(found);
}

bool gl_avro_fallback_prepare(int schema, gl_str value, gl_err *err)
{
    gl_err why = {0};
    const gl_topic_schema *reader = &gl_topic_schemas[schema];
    if (gl_schema_fallback == NULL || value.len < 5 || value.ptr[0] != 0)
        return true;
    const uint8_t *p = (const uint8_t *)value.ptr;
    uint32_t id = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
    if (id == gl_schema_ids[schema] || (gl_schema_builtin_ids && gl_topic_schema_of_id(id) == reader))
        return true;
    known *found = find_known(id, reader);
    if (found != NULL)
        look_again(found);
    else if (learn(id, reader, &why) == NULL && why.action == GL_RETRY)
        return gl_fail(err, why.action, why.code, "%s", why.message);
    return true;
}

uint64_t gl_avro_fallback_dropped(void)
{
    uint64_t sum = 0;
    size_t count = atomic_load_explicit(&fallback.count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        if (fallback.known[i]->origin != NULL)
            sum += atomic_load_explicit(&fallback.known[i]->origin->dropped, memory_order_relaxed);
    return sum;
}

void gl_avro_fallback_install(gl_avro_lookup_fn *lookup, gl_avro_identify_fn *identify, void *context)
{
    gl_schema_fallback = lookup == NULL ? NULL : translate;
    for (size_t i = 0; i < fallback.count; i++)
        known_free(fallback.known[i]);
    fallback.count = 0;
    fallback.lookup = lookup;
    fallback.identify = identify;
    fallback.context = context;
}
