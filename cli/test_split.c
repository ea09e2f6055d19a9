/* Splitting: nothing is lost or doubled, and quoted line ends do not end a row. */
#include <criterion/criterion.h>

#include "base/buf.h"
#include "cli/split.h"

static size_t parts_of(gl_format format, const char *text, int64_t limit, gl_buf *joined, int64_t *positions)
{
    gl_split split;
    gl_part part;
    size_t count = 0;
    gl_split_begin(&split, format, gl_str_of(text));
    gl_buf_str(joined, split.header);
    while (gl_split_next(&split, limit, &part)) {
        positions[count++] = part.position;
        gl_buf_str(joined, part.bytes);
    }
    return count;
}

Test(split, csv_rows_with_quoted_line_ends)
{
    const char *text = "a,b\n1,\"x\ny\"\n2,\"he said \"\"no\n\"\"\"\n3,z";
    gl_buf joined = {0};
    int64_t positions[8];
    cr_assert_eq(parts_of(GL_FORMAT_CSV, text, 1, &joined, positions), 3);
    cr_assert_eq(positions[2], 3);
    cr_assert(gl_str_eqz(gl_buf_view(&joined), text));
    gl_buf_free(&joined);
}

Test(split, ndjson_lines_in_parts_of_two)
{
    const char *text = "{\"a\":\"\\\"\"}\n{}\n{}\n";
    gl_buf joined = {0};
    int64_t positions[8];
    cr_assert_eq(parts_of(GL_FORMAT_NDJSON, text, 2, &joined, positions), 2);
    cr_assert_eq(positions[1], 3);
    cr_assert(gl_str_eqz(gl_buf_view(&joined), text));
    gl_buf_free(&joined);
}

Test(split, other_formats_and_empty_files_are_one_part)
{
    gl_buf joined = {0};
    int64_t positions[8];
    cr_assert_eq(parts_of(GL_FORMAT_JSON, "[{},\n{}]\n", 1, &joined, positions), 1);
    joined.len = 0;
    cr_assert_eq(parts_of(GL_FORMAT_NDJSON, "", 1, &joined, positions), 1);
    gl_buf_free(&joined);
}
