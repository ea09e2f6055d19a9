/* Prints each topic's schema with random values of it, encoded by us: what interop.py and the fuzz corpora start from.
 *
 * dump_values                       a line for each topic: record, schema, values as hex, with tabs between them
 * dump_values RECORD NUMBER BUDGET  one whole value of that record, header and all, as bytes
 */
#include "gen/codecs_all.h"
#include "gen/topics.h"
#include "random_value.h"

#include <stdio.h>
#include <stdlib.h>

enum { VALUES = 50, BUFFER_BYTES = 4 * 1024 * 1024 };

/* Through avro-c's value, our decoder and our encoder. */
static bool make_value(const gl_codec *codec, const gl_topic_schema *topic, uint64_t seed, size_t budget, gl_buf *out)
{
    avro_schema_t schema;
    avro_value_t value;
    if (avro_schema_from_json_length(topic->json, topic->json_len, &schema) != 0)
        return false;
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    avro_generic_value_new(class, &value);
    gl_random random = {.state = seed};
    do { /* not every client keeps the bits of a NaN */
        random.budget = budget;
        random.made_nan = false;
        avro_value_reset(&value);
        gl_random_fill(&random, &value);
    } while (random.made_nan);
    gl_arena *arena = gl_arena_new(0);
    uint8_t *bytes = gl_arena_alloc(arena, BUFFER_BYTES);
    uint32_t id = topic->schema_id;
    const uint8_t header[] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    memcpy(bytes, header, sizeof header);
    avro_writer_t writer = avro_writer_memory((char *)bytes + sizeof header, BUFFER_BYTES - (int64_t)sizeof header);
    void *record = gl_arena_alloc(arena, codec->struct_bytes);
    size_t used = 0;
    bool made = avro_value_write(writer, &value) == 0 &&
                codec->decode(record, bytes, sizeof header + (size_t)avro_writer_tell(writer), &used, arena, NULL);
    if (made)
        codec->encode(out, record);
    avro_writer_free(writer);
    gl_arena_destroy(arena);
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    return made;
}

static const gl_codec *codec_of(const char *record)
{
    for (size_t i = 0; i < gl_codecs_all_count; i++)
        if (strcmp(gl_codecs_all[i].name, record) == 0 && gl_codecs_all[i].header_bytes > 0)
            return &gl_codecs_all[i];
    return NULL;
}

static bool print_topic(const gl_topic_schema *topic)
{
    printf("%s\t%s", topic->record, topic->json);
    for (uint64_t i = 0; i < VALUES; i++) {
        gl_buf out = {0};
        if (!make_value(codec_of(topic->record), topic, i, 20 + 8 * i, &out))
            return false;
        putchar('\t');
        for (size_t k = 5; k < out.len; k++)
            printf("%02x", out.data[k]);
        gl_buf_free(&out);
    }
    putchar('\n');
    return true;
}

static bool print_value(const char *record, uint64_t seed, size_t budget)
{
    gl_buf out = {0};
    const gl_codec *codec = codec_of(record);
    bool made = false;
    for (size_t i = 0; codec != NULL && i < gl_topic_schema_count; i++)
        if (strcmp(gl_topic_schemas[i].record, record) == 0)
            made = make_value(codec, &gl_topic_schemas[i], seed, budget, &out);
    made = made && fwrite(out.data, 1, out.len, stdout) == out.len;
    gl_buf_free(&out);
    return made;
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return print_value(argv[1], strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)) ? 0 : 1;
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (!print_topic(&gl_topic_schemas[i]))
            return 1;
    return 0;
}
