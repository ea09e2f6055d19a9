/* Any bytes as a SAD; what is accepted is written, read again and compared. Numbers and dates are read alone, too. */
#include "ingest/formats/fuzz_write.h"
#include "ingest/formats/sad/sad_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read once is a number, or a date, by any locale, and the same one. */
static void must_be_plain(gl_arena *arena, gl_str text)
{
    gl_sad_locale locale = {0}, none = {0};
    gl_str first, again;
    gl_sad_learn_number(&locale, text);
    gl_sad_learn_date(&locale, text);
    if (gl_sad_number(arena, &locale, text, &first) == GL_SAD_READ) {
        locale.point = true;
        locale.comma = false;
        MUST(gl_sad_number(arena, &locale, first, &again) == GL_SAD_READ && gl_str_eq(first, again));
    }
    if (gl_sad_date(arena, &locale, text, &first) == GL_SAD_READ)
        MUST(gl_sad_date(arena, &none, first, &again) == GL_SAD_READ && gl_str_eq(first, again));
}

/* A number that nothing decided, because the others disagree, is decided when all of them are written alike. */
static bool has_undecided(const gl_intake *intake)
{
    for (size_t i = 0; i < intake->error_count; i++)
        if (gl_str_eqz(intake->errors[i].code, "invalid-number"))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str bytes = {(const char *)data, size};
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    if (size <= 64)
        must_be_plain(arena, bytes);
    fuzz_read(NULL, GL_FORMAT_XML, "", data, size);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    if (reader != NULL && gl_reader_next(reader, arena, &intake) && !intake.rejected &&
        strcmp(intake.format, "asycuda-xml") == 0 && !gl_str_eqz(intake.declaration.function_code, "1"))
        must_write(arena, "sad-xml", &intake.declaration, has_undecided(&intake));
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    return 0;
}
