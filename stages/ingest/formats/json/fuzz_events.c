/* Any bytes as events, in JSON and NDJSON. */
#include "ingest/formats/fuzz_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gl_format formats[] = {GL_FORMAT_JSON, GL_FORMAT_NDJSON, GL_FORMAT_XML};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        gl_arena *arena = gl_arena_new(0);
        gl_err err = {0};
        gl_str bytes = {(const char *)data, size};
        must_read(gl_event_reader_open(arena, formats[i], bytes, &err), bytes, &err);
        gl_arena_destroy(arena);
    }
    return 0;
}
