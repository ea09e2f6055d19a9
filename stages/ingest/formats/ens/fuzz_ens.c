/* Any bytes as an entry summary declaration; what is accepted is written as IE315, read again and compared. */
#include "ingest/formats/ens/ens_write.h"
#include "ingest/formats/fuzz_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An original that came as IE315 loses nothing; escapes may make it larger than the limits. */
static void must_write(gl_arena *arena, const gl_declaration *declaration)
{
    gl_buf written = gl_buf_in(arena);
    gl_difference lost[1];
    gl_written w = {.lost = lost, .limit = 1, .why = GL_STR("")};
    if (!gl_str_eqz(declaration->message.format, gl_ens_format) || gl_str_eqz(declaration->function_code, "4"))
        return;
    bool good = gl_ens_write_checked(&written, arena, declaration, &w);
    if (!good && (written.len > GL_INTAKE_LIMIT_BYTES || gl_str_starts(w.why, GL_STR("too-large"))))
        return;
    if (!good || w.count > 0)
        fprintf(stderr, "%.*s differs, %.*s\n%.*s\n", GL_STR_ARG(w.count > 0 ? lost[0].path : GL_STR("nothing")),
                GL_STR_ARG(w.why), GL_STR_ARG(gl_buf_view(&written)));
    MUST(good && w.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str bytes = {(const char *)data, size};
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    fuzz_read(NULL, GL_FORMAT_XML, "", data, size);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    if (reader != NULL && gl_reader_next(reader, arena, &intake) && !intake.rejected && intake.event == NULL)
        must_write(arena, &intake.declaration);
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    return 0;
}
