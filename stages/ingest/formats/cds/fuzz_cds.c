/* Any bytes as a WCO declaration; what is accepted is written, read again and compared. */
#include "ingest/formats/fuzz_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str bytes = {(const char *)data, size};
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    gl_format_detect(bytes);
    fuzz_read(NULL, GL_FORMAT_XML, "", data, size);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    if (reader != NULL && gl_reader_next(reader, arena, &intake) && !intake.rejected && intake.event == NULL)
        must_write(arena, "xml", &intake.declaration, false);
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    return 0;
}
