/* Any bytes as a WCO declaration. */
#include "ingest/formats/fuzz_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_format_detect((gl_str){(const char *)data, size});
    fuzz_read(NULL, GL_FORMAT_XML, "", data, size);
    return 0;
}
