/* Any bytes as UN/EDIFACT; what is accepted is written as CUSDEC, and what came as CUSDEC comes back the same. */
#include "ingest/formats/fuzz_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_and_write(gl_str bytes)
{
    gl_arena *arena = gl_arena_new(0), *each = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_EDIFACT, GL_STR(""), bytes, 0, 0, &err);
    while (reader != NULL && gl_reader_next(reader, each, &intake)) {
        if (!intake.rejected && intake.event == NULL)
            must_write(each, "cusdec", &intake.declaration, strcmp(intake.format, "edifact-cusdec") != 0);
        gl_arena_reset(each);
    }
    gl_reader_close(reader);
    gl_arena_destroy(each);
    gl_arena_destroy(arena);
}

/* Whoever goes on behind an entry reads what he would have read anyway. */
static void must_resume(gl_str bytes)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake, again;
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_EDIFACT, GL_STR(""), bytes, 0, 0, &err);
    for (int i = 0; i < 4 && reader != NULL && gl_reader_next(reader, arena, &intake); i++) {
        gl_intake next;
        size_t offset = intake.next_offset;
        int64_t position = intake.position + 1;
        gl_reader *other = gl_reader_open(arena, NULL, GL_FORMAT_EDIFACT, GL_STR(""), bytes, offset, position, &err);
        bool more = gl_reader_next(reader, arena, &next), other_more = gl_reader_next(other, arena, &again);
        bool same = more == other_more &&
                    (!more || (next.source.ptr == again.source.ptr && next.error_count == again.error_count &&
                               next.position == again.position && next.rejected == again.rejected));
        if (!same && more && other_more)
            fprintf(stderr, "entry %d: at %td not %td, %zu errors not %zu\n", i, again.source.ptr - bytes.ptr,
                    next.source.ptr - bytes.ptr, again.error_count, next.error_count);
        MUST(same);
        gl_reader_close(other);
        if (!more)
            break;
    }
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str bytes = {(const char *)data, size};
    gl_format_detect(bytes);
    fuzz_read(NULL, GL_FORMAT_EDIFACT, "", data, size);
    read_and_write(bytes);
    must_resume(bytes);
    return 0;
}
