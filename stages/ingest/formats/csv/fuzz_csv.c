/* Any bytes as CSV by the shipped mappings. */
#include "ingest/formats/fuzz_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gl_mappings *mappings;
    gl_err err = {0};
    if (mappings == NULL)
        mappings = gl_mappings_load(GL_SOURCE_DIR "/config/mappings", &err);
    MUST(mappings != NULL);
    gl_format_detect((gl_str){(const char *)data, size});
    fuzz_read(mappings, GL_FORMAT_CSV, "kcs", data, size);
    fuzz_read(mappings, GL_FORMAT_CSV, "parcels", data, size);
    return 0;
}
