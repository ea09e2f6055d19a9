/* Any bytes as a WCO declaration; what is accepted is written, read again and compared. */
#include "ingest/formats/cds/cds_write.h"
#include "ingest/formats/fuzz_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Escapes and elements of their own may make it larger than the limits. */
static bool too_large(const gl_buf *written, gl_str why)
{
    return written->len > GL_INTAKE_LIMIT_BYTES || gl_str_starts(why, GL_STR("too-large"));
}

static void must_write(gl_arena *arena, const gl_declaration *declaration)
{
    gl_buf written = gl_buf_in(arena);
    gl_difference lost[1];
    gl_written w = {.lost = lost, .limit = 1, .why = GL_STR("")};
    bool good = gl_cds_write_checked(&written, arena, gl_cds_form_fitting(declaration), declaration, &w);
    if (!good && too_large(&written, w.why))
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
    gl_format_detect(bytes);
    fuzz_read(NULL, GL_FORMAT_XML, "", data, size);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    if (reader != NULL && gl_reader_next(reader, arena, &intake) && !intake.rejected && intake.event == NULL)
        must_write(arena, &intake.declaration);
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    return 0;
}
