/* See random_value.h. */
#include "random_value.h"

#include <stdlib.h>

/* SplitMix64. */
uint64_t gl_random_next(gl_random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

size_t gl_random_below(gl_random *random, size_t bound)
{
    return (size_t)(gl_random_next(random) % bound);
}

/* Small, large and extreme ones alike: each length of a varint turns up. */
static int64_t random_long(gl_random *random)
{
    switch (gl_random_below(random, 8)) {
    case 0:
        return INT64_MAX;
    case 1:
        return INT64_MIN;
    case 2:
        return (int64_t)gl_random_below(random, 100);
    default:
        break;
    }
    int64_t magnitude = (int64_t)(gl_random_next(random) >> gl_random_below(random, 64) >> 1);
    return gl_random_below(random, 2) == 0 ? magnitude : -magnitude;
}

static int32_t random_int(gl_random *random)
{
    switch (gl_random_below(random, 8)) {
    case 0:
        return INT32_MAX;
    case 1:
        return INT32_MIN;
    default:
        break;
    }
    int32_t magnitude = (int32_t)((uint32_t)gl_random_next(random) >> gl_random_below(random, 32) >> 1);
    return gl_random_below(random, 2) == 0 ? magnitude : -magnitude;
}

static float random_float(gl_random *random)
{
    uint32_t bits = (uint32_t)gl_random_next(random);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (gl_random_below(random, 4) != 0)
        value = (float)random_int(random) / 1024.0f;
    random->made_nan |= value != value;
    return value;
}

static double random_double(gl_random *random)
{
    uint64_t bits = gl_random_next(random);
    double value;
    memcpy(&value, &bits, sizeof value);
    random->made_nan |= value != value;
    return value;
}

enum { TEXT_BYTES_LIMIT = 3000 };

static size_t random_len(gl_random *random)
{
    switch (gl_random_below(random, 40)) {
    case 0:
        return gl_random_below(random, TEXT_BYTES_LIMIT);
    case 1:
    case 2:
        return 60 + gl_random_below(random, 10); /* about where the length takes a second byte */
    default:
        return gl_random_below(random, 24);
    }
}

/* At most `len` bytes of whole characters; returns how many. */
static size_t random_text(gl_random *random, char *text, size_t len)
{
    static const char *const pieces[] = {"a",
                                         "Z",
                                         "0",
                                         " ",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "<",
                                         "&",
                                         "\x01",
                                         "\x7F",
                                         "\xC3\xA4",
                                         "\xD0\x96",
                                         "\xE4\xB8\xAD",
                                         "/*",
                                         "{",
                                         "\xE2\x82\xAC",
                                         "\xF0\x9F\x93\xA6"};
    size_t used = 0;
    while (used < len) {
        const char *piece = pieces[gl_random_below(random, sizeof pieces / sizeof pieces[0])];
        size_t size = strlen(piece);
        if (used + size > len)
            break;
        memcpy(text + used, piece, size);
        used += size;
    }
    return used;
}

static void fill_text(gl_random *random, avro_value_t *value)
{
    char text[TEXT_BYTES_LIMIT + 1];
    size_t len = random_text(random, text, random_len(random));
    text[len] = '\0';
    avro_value_set_string_len(value, text, len + 1);
}

static void fill_bytes(gl_random *random, avro_value_t *value, size_t size, bool is_fixed)
{
    uint8_t bytes[TEXT_BYTES_LIMIT];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)gl_random_next(random);
    if (is_fixed)
        avro_value_set_fixed(value, bytes, size);
    else
        avro_value_set_bytes(value, bytes, size);
}

static void fill_array(gl_random *random, avro_value_t *value)
{
    size_t count = 0;
    if (random->budget > 0 && gl_random_below(random, 3) != 0)
        count = gl_random_below(random, 60) == 0 ? 1 + gl_random_below(random, 200) : 1 + gl_random_below(random, 3);
    for (size_t i = 0; i < count; i++) {
        avro_value_t element;
        avro_value_append(value, &element, NULL);
        gl_random_fill(random, &element);
    }
}

static void fill_map(gl_random *random, avro_value_t *value)
{
    size_t count = random->budget > 0 ? gl_random_below(random, 4) : 0;
    for (size_t i = 0; i < count; i++) {
        char key[32];
        avro_value_t element;
        int is_new = 0;
        snprintf(key, sizeof key, "key %zu", i);
        avro_value_add(value, key, &element, NULL, &is_new);
        gl_random_fill(random, &element);
    }
}

static void fill_record(gl_random *random, avro_value_t *value)
{
    size_t count = 0;
    avro_value_get_size(value, &count);
    for (size_t i = 0; i < count; i++) {
        avro_value_t field;
        avro_value_get_by_index(value, i, &field, NULL);
        gl_random_fill(random, &field);
    }
}

static void fill_union(gl_random *random, avro_value_t *value)
{
    size_t count = avro_schema_union_size(avro_value_get_schema(value));
    avro_value_t branch;
    avro_value_set_branch(value, random->budget == 0 ? 0 : (int)gl_random_below(random, count), &branch);
    gl_random_fill(random, &branch);
}

void gl_random_fill(gl_random *random, avro_value_t *value)
{
    if (random->budget > 0)
        random->budget--;
    switch (avro_value_get_type(value)) {
    case AVRO_BOOLEAN:
        avro_value_set_boolean(value, gl_random_below(random, 2) == 0);
        break;
    case AVRO_INT32:
        avro_value_set_int(value, random_int(random));
        break;
    case AVRO_INT64:
        avro_value_set_long(value, random_long(random));
        break;
    case AVRO_FLOAT:
        avro_value_set_float(value, random_float(random));
        break;
    case AVRO_DOUBLE:
        avro_value_set_double(value, random_double(random));
        break;
    case AVRO_STRING:
        fill_text(random, value);
        break;
    case AVRO_BYTES:
        fill_bytes(random, value, random_len(random), false);
        break;
    case AVRO_FIXED:
        fill_bytes(random, value, (size_t)avro_schema_fixed_size(avro_value_get_schema(value)), true);
        break;
    case AVRO_ENUM:
        avro_value_set_enum(value, (int)gl_random_below(random, (size_t)avro_schema_enum_number_of_symbols(
                                                                    avro_value_get_schema(value))));
        break;
    case AVRO_ARRAY:
        fill_array(random, value);
        break;
    case AVRO_MAP:
        fill_map(random, value);
        break;
    case AVRO_RECORD:
        fill_record(random, value);
        break;
    case AVRO_UNION:
        fill_union(random, value);
        break;
    default:
        avro_value_set_null(value);
        break;
    }
}

static void put_long(gl_buf *buf, int64_t value)
{
    uint64_t v = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    for (; v >= 0x80; v >>= 7)
        gl_buf_byte(buf, (uint8_t)(v | 0x80));
    gl_buf_byte(buf, (uint8_t)v);
}

/* Elements [from, to) and, in a map, their keys. */
static void put_elements(gl_random *random, avro_value_t *value, size_t from, size_t to, gl_buf *buf)
{
    for (size_t i = from; i < to; i++) {
        avro_value_t element;
        const char *key = NULL;
        avro_value_get_by_index(value, i, &element, &key);
        if (avro_value_get_type(value) == AVRO_MAP) {
            put_long(buf, (int64_t)strlen(key));
            gl_buf_text(buf, key);
        }
        gl_random_encode(random, &element, buf);
    }
}

static void put_blocks(gl_random *random, avro_value_t *value, gl_buf *buf)
{
    size_t count = 0;
    avro_value_get_size(value, &count);
    for (size_t at = 0; at < count;) {
        size_t block = 1 + gl_random_below(random, count - at);
        if (gl_random_below(random, 2) == 0) {
            put_long(buf, (int64_t)block);
            put_elements(random, value, at, at + block, buf);
        } else {
            gl_buf elements = {0};
            put_elements(random, value, at, at + block, &elements);
            put_long(buf, -(int64_t)block);
            put_long(buf, (int64_t)elements.len);
            gl_buf_bytes(buf, elements.data, elements.len);
            gl_buf_free(&elements);
        }
        at += block;
    }
    gl_buf_byte(buf, 0);
}

static void put_scalar(avro_value_t *value, gl_buf *buf)
{
    char bytes[2 * TEXT_BYTES_LIMIT] = {0};
    avro_writer_t writer = avro_writer_memory(bytes, sizeof bytes);
    if (avro_value_write(writer, value) != 0)
        abort();
    gl_buf_bytes(buf, bytes, (size_t)avro_writer_tell(writer));
    avro_writer_free(writer);
}

void gl_random_encode(gl_random *random, avro_value_t *value, gl_buf *buf)
{
    avro_value_t part;
    size_t count = 0;
    int branch = 0;
    switch (avro_value_get_type(value)) {
    case AVRO_ARRAY:
    case AVRO_MAP:
        put_blocks(random, value, buf);
        break;
    case AVRO_RECORD:
        avro_value_get_size(value, &count);
        for (size_t i = 0; i < count; i++) {
            avro_value_get_by_index(value, i, &part, NULL);
            gl_random_encode(random, &part, buf);
        }
        break;
    case AVRO_UNION:
        avro_value_get_discriminant(value, &branch);
        avro_value_get_current_branch(value, &part);
        put_long(buf, branch);
        gl_random_encode(random, &part, buf);
        break;
    default:
        put_scalar(value, buf);
        break;
    }
}

/* ---- Coverage ---- */

enum { PLACES_LIMIT = 1024, ALTERNATIVES_LIMIT = 32 };

typedef struct place {
    avro_schema_t schema;
    size_t alternatives;
    bool seen[ALTERNATIVES_LIMIT];
} place;

struct gl_coverage {
    place places[PLACES_LIMIT];
    size_t count;
    avro_schema_t records[PLACES_LIMIT]; /* that were visited */
    size_t record_count;
};

static void visit(gl_coverage *coverage, avro_schema_t schema);

static void add_place(gl_coverage *coverage, avro_schema_t schema, size_t alternatives)
{
    if (coverage->count == PLACES_LIMIT || alternatives > ALTERNATIVES_LIMIT)
        abort();
    coverage->places[coverage->count++] = (place){.schema = schema, .alternatives = alternatives};
}

static void visit_record(gl_coverage *coverage, avro_schema_t schema)
{
    for (size_t i = 0; i < coverage->record_count; i++)
        if (coverage->records[i] == schema)
            return;
    if (coverage->record_count == PLACES_LIMIT)
        abort();
    coverage->records[coverage->record_count++] = schema;
    for (size_t i = 0; i < avro_schema_record_size(schema); i++)
        visit(coverage, avro_schema_record_field_get_by_index(schema, (int)i));
}

static void visit(gl_coverage *coverage, avro_schema_t schema)
{
    switch (avro_typeof(schema)) {
    case AVRO_LINK:
        visit(coverage, avro_schema_link_target(schema));
        break;
    case AVRO_RECORD:
        visit_record(coverage, schema);
        break;
    case AVRO_ARRAY:
        add_place(coverage, schema, 2);
        visit(coverage, avro_schema_array_items(schema));
        break;
    case AVRO_UNION:
        add_place(coverage, schema, avro_schema_union_size(schema));
        for (size_t i = 0; i < avro_schema_union_size(schema); i++)
            visit(coverage, avro_schema_union_branch(schema, (int)i));
        break;
    case AVRO_ENUM:
        for (size_t i = 0; i < coverage->count; i++)
            if (coverage->places[i].schema == schema)
                return;
        add_place(coverage, schema, (size_t)avro_schema_enum_number_of_symbols(schema));
        break;
    default:
        break;
    }
}

gl_coverage *gl_coverage_new(avro_schema_t schema)
{
    gl_coverage *coverage = calloc(1, sizeof *coverage);
    if (coverage == NULL)
        abort();
    visit(coverage, schema);
    return coverage;
}

void gl_coverage_destroy(gl_coverage *coverage)
{
    free(coverage);
}

static void see(gl_coverage *coverage, avro_schema_t schema, size_t alternative)
{
    for (size_t i = 0; i < coverage->count; i++)
        if (coverage->places[i].schema == schema)
            coverage->places[i].seen[alternative] = true;
}

void gl_coverage_add(gl_coverage *coverage, avro_value_t *value)
{
    avro_value_t part;
    size_t count = 0;
    int which = 0;
    avro_type_t type = avro_value_get_type(value);
    switch (type) {
    case AVRO_ARRAY:
    case AVRO_RECORD:
        avro_value_get_size(value, &count);
        if (type == AVRO_ARRAY)
            see(coverage, avro_value_get_schema(value), count > 0);
        for (size_t i = 0; i < count; i++) {
            avro_value_get_by_index(value, i, &part, NULL);
            gl_coverage_add(coverage, &part);
        }
        break;
    case AVRO_UNION:
        avro_value_get_discriminant(value, &which);
        see(coverage, avro_value_get_schema(value), (size_t)which);
        avro_value_get_current_branch(value, &part);
        gl_coverage_add(coverage, &part);
        break;
    case AVRO_ENUM:
        avro_value_get_enum(value, &which);
        see(coverage, avro_value_get_schema(value), (size_t)which);
        break;
    default:
        break;
    }
}

size_t gl_coverage_places(const gl_coverage *coverage)
{
    return coverage->count;
}

size_t gl_coverage_missing(const gl_coverage *coverage)
{
    size_t missing = 0;
    for (size_t i = 0; i < coverage->count; i++)
        for (size_t k = 0; k < coverage->places[i].alternatives; k++)
            missing += !coverage->places[i].seen[k];
    return missing;
}
