/* Any bytes as a mapping; one that loads must be able to read rows of its own columns. */
#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/fuzz_read.h"
#include "ingest/formats/impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_cell(gl_buf *csv, gl_str text, char end)
{
    gl_buf_byte(csv, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            gl_buf_byte(csv, '"');
        gl_buf_byte(csv, (uint8_t)text.ptr[i]);
    }
    gl_buf_byte(csv, '"');
    gl_buf_byte(csv, (uint8_t)end);
}

/* Three rows with the same cells, so that grouping has something to group. */
static void read_rows(gl_arena *arena, const gl_mapping *mapping)
{
    static const char *const cells[] = {"123456", "DE", "1.50", "2026-11-24", "EUR", "a+b", "x"};
    gl_buf csv = gl_buf_in(arena);
    for (size_t row = 0; row < 4; row++)
        for (size_t i = 0; i < mapping->column_count; i++)
            add_cell(&csv, row == 0 ? mapping->columns[i].name : gl_str_of(cells[(i + row / 3) % 7]),
                     i + 1 == mapping->column_count ? '\n' : mapping->delimiter);
    gl_reader reader = {
        .format = GL_FORMAT_CSV, .arena = arena, .bytes = gl_buf_view(&csv), .position = 1, .mapping = mapping};
    reader.report.keep = arena;
    gl_err err = {0};
    MUST(gl_csv_reader_open(&reader, &err));
    gl_intake intake;
    while (gl_reader_next(&reader, arena, &intake)) {
        must_be_errors(&intake);
        if (!intake.rejected) {
            must_encode(arena, &intake.declaration);
            must_read_back(arena, &intake.declaration);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    const gl_mapping *mapping = gl_mapping_parse(arena, "fuzz.yaml", (gl_str){(const char *)data, size}, &err);
    MUST(mapping != NULL || err.code != NULL);
    if (mapping != NULL)
        read_rows(arena, mapping);
    gl_arena_destroy(arena);
    return 0;
}
