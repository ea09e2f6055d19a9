/* A registry's reply, any bytes: refused, or a result within its limits. */
#include "io/registry_client.h"

#include <stdlib.h>

#include "io/avro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gl_registry_versions versions;
    gl_str reply = {(const char *)data, size};
    gl_err err = {0};
    gl_buf json = {0}, text = {0};
    uint32_t id = 0;
    bool compatible = false;
    if (gl_registry_parse_schema(reply, &id, &json, &err))
        must(id > 0 && json.len > 0 && json.len <= GL_AVRO_LIMIT_SCHEMA_BYTES);
    else
        must(err.action == GL_RETRY && json.len == 0);
    if (gl_registry_parse_id(reply, &id, &err))
        must(id > 0);
    if (gl_registry_parse_verdict(reply, &compatible, &text, &err))
        must(text.len <= 1024);
    if (gl_registry_parse_versions(reply, &versions, &err))
        must(versions.count <= GL_REGISTRY_LIMIT_VERSIONS);
    text.len = 0;
    gl_registry_parse_problem(reply, &text);
    must(text.len <= 256);
    gl_buf_free(&json);
    gl_buf_free(&text);
    return 0;
}
