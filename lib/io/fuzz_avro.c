/* Fuzz target of the walker and the resolver: the first byte chooses a schema, the rest is a value.
 *
 * Checked besides memory errors: what the walker takes of one of our topics' schemas the generated decoder takes too,
 * and the other way round; the resolver of a schema to itself takes the same; what it makes decodes.
 */
#include "io/avro.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOPICS_LIMIT = 32, OTHERS = 3 };

static const char *const OTHER_SCHEMAS[OTHERS] = {
    "{\"type\":\"record\",\"name\":\"Tree\",\"fields\":[{\"name\":\"v\",\"type\":[\"null\",\"int\",\"string\","
    "\"boolean\"]},"
    "{\"name\":\"children\",\"type\":{\"type\":\"array\",\"items\":\"Tree\"}}]}",
    "{\"type\":\"map\",\"values\":[\"null\",\"double\",{\"type\":\"fixed\",\"name\":\"F\",\"size\":3},{\"type\":"
    "\"map\",\"values\":\"bytes\"}]}",
    "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"Nothing\",\"fields\":[{\"name\":\"n\",\"type\":"
    "\"null\"}]}}",
};

static gl_avro_schema *schemas[TOPICS_LIMIT + OTHERS];
static gl_avro_resolver *resolvers[TOPICS_LIMIT + OTHERS];

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void prepare(void)
{
    require(gl_topic_schema_count <= TOPICS_LIMIT);
    for (size_t i = 0; i < gl_topic_schema_count + OTHERS; i++) {
        gl_str json =
            gl_str_of(i < gl_topic_schema_count ? gl_topic_schemas[i].json : OTHER_SCHEMAS[i - gl_topic_schema_count]);
        schemas[i] = gl_avro_schema_new(json, NULL);
        gl_err err = {0};
        resolvers[i] = gl_avro_resolver_new(json, json, &err);
        require(schemas[i] != NULL && resolvers[i] != NULL);
    }
}

static bool generated_takes(const gl_topic_schema *topic, gl_str body)
{
    gl_arena *arena = gl_arena_new(0);
    gl_buf value = gl_buf_in(arena), dump = gl_buf_in(arena);
    uint32_t id = topic->schema_id;
    const uint8_t header[] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    gl_buf_bytes(&value, header, sizeof header);
    gl_buf_str(&value, body);
    bool taken = topic->value_json(&dump, value.data, value.len, arena, NULL);
    gl_arena_destroy(arena);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (schemas[0] == NULL)
        prepare();
    if (size == 0)
        return 0;
    size_t which = data[0] % (gl_topic_schema_count + OTHERS);
    gl_str value = {(const char *)data + 1, size - 1};
    gl_buf resolved = {0};
    bool walked = gl_avro_walk(schemas[which], value, NULL, NULL, NULL);
    bool taken = gl_avro_resolve(resolvers[which], value, &resolved, NULL);
    /* The resolver counts values and depth by its own steps, so it may meet its limits a little earlier. */
    require(walked || !taken);
    if (which < gl_topic_schema_count) {
        require(walked == taken);
        require(walked == generated_takes(&gl_topic_schemas[which], value));
        require(!taken || generated_takes(&gl_topic_schemas[which], gl_buf_view(&resolved)));
    }
    gl_buf_free(&resolved);
    return 0;
}
