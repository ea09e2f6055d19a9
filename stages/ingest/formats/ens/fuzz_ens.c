/* Any bytes as an entry summary declaration; what is accepted is written as IE315, read again and compared. */
#include "ingest/formats/ens/ens_write.h"
#include "ingest/formats/fuzz_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An original that came as IE315 loses nothing. */
static bool is_original(const gl_declaration *declaration)
{
    return gl_str_eqz(declaration->message.format, gl_ens_format) && !gl_str_eqz(declaration->function_code, "4");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str bytes = {(const char *)data, size};
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    fuzz_read(NULL, GL_FORMAT_XML, "", data, size);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    if (reader != NULL && gl_reader_next(reader, arena, &intake) && !intake.rejected && intake.event == NULL &&
        is_original(&intake.declaration))
        must_write(arena, "ie315", &intake.declaration, false);
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    return 0;
}
