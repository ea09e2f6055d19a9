/* Fuzz target of the schema compiler: the input is two schemas with a zero byte between them, the writer's and the
 * reader's. What compiles is walked and resolved over a few values, which must end soon whatever the schemas are.
 */
#include "io/avro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const VALUES[] = {"", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\0",
                                     "\1\4\2\0\0\0\0\0\0\0\0\0\0\0\0\0"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, 0, size);
    size_t first = end == NULL ? size : (size_t)(end - data);
    gl_str writer = {(const char *)data, first};
    gl_str reader = end == NULL ? writer : (gl_str){(const char *)end + 1, size - first - 1};
    gl_err err = {0};
    const gl_avro_limits limits = {.bytes = 64, .values = 1000, .depth = 32};
    gl_avro_schema *schema = gl_avro_schema_new(writer, &err);
    gl_avro_resolver *resolver = gl_avro_resolver_new(writer, reader, &err);
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        gl_str value = {VALUES[i], i == 0 ? 0 : 16};
        gl_buf out = {0};
        size_t used = 0;
        if (schema != NULL)
            gl_avro_walk(schema, value, &limits, &used, &err);
        if (resolver != NULL)
            gl_avro_resolve(resolver, value, &out, &err);
        gl_buf_free(&out);
    }
    gl_avro_resolver_destroy(resolver);
    gl_avro_schema_destroy(schema);
    return 0;
}
