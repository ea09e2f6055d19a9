/* Rows as RFC 4180 has them, and as people write them. */
#include "io/rfc4180.h"

#include <criterion/criterion.h>

#include "base/buf.h"

static gl_csv_row row;

static bool next(gl_csv *csv, gl_arena *arena)
{
    return gl_csv_next(csv, arena, &row);
}

Test(rfc4180, quotes_line_ends_and_byte_order_mark)
{
    gl_arena *arena = gl_arena_new(0);
    gl_csv csv;
    gl_csv_begin(&csv,
                 gl_str_of("\xEF\xBB\xBF"
                           "a,\"b \"\"c\"\"\",\"d\r\ne\"\r\n\r\n,,\rlast,\"\","),
                 ',', false);
    cr_assert(next(&csv, arena));
    cr_assert_eq(row.count, 3);
    cr_assert(gl_str_eqz(row.cells[0], "a") && gl_str_eqz(row.cells[1], "b \"c\"") &&
              gl_str_eqz(row.cells[2], "d\r\ne"));
    cr_assert_eq(row.row, 1);
    cr_assert(next(&csv, arena));
    cr_assert_eq(row.count, 3);
    cr_assert_eq(row.row, 3);
    cr_assert(next(&csv, arena));
    cr_assert_eq(row.count, 3);
    cr_assert(gl_str_eqz(row.cells[0], "last") && row.cells[1].len == 0 && row.cells[2].len == 0);
    cr_assert(row.error == NULL);
    cr_assert(!next(&csv, arena));
    gl_arena_destroy(arena);
}

Test(rfc4180, a_broken_row_ends_with_its_line)
{
    gl_arena *arena = gl_arena_new(0);
    gl_csv csv;
    gl_csv_begin(&csv, gl_str_of("a,\"open\nb\"x,2\nc,d\"e\nfine,1"), ',', false);
    for (int i = 0; i < 3; i++) {
        cr_assert(next(&csv, arena));
        cr_assert_str_eq(row.error, "not-well-formed");
    }
    cr_assert(next(&csv, arena));
    cr_assert(row.error == NULL && row.count == 2);
    gl_arena_destroy(arena);
}

Test(rfc4180, latin1_and_limits)
{
    gl_arena *arena = gl_arena_new(0);
    gl_csv csv;
    gl_csv_begin(&csv,
                 gl_str_of("Stra\xDF"
                           "e;x"),
                 ';', true);
    cr_assert(next(&csv, arena));
    cr_assert(gl_str_eqz(row.cells[0], "Stra\xC3\x9F"
                                       "e"));
    gl_csv_begin(&csv, gl_str_of("ok,\xDF"), ',', false);
    cr_assert(next(&csv, arena));
    cr_assert_str_eq(row.error, "encoding");
    cr_assert_eq(row.error_cell, 1);
    gl_buf wide = {0};
    for (int i = 0; i < 600; i++)
        gl_buf_text(&wide, ",");
    gl_csv_begin(&csv, gl_buf_view(&wide), ',', false);
    cr_assert(next(&csv, arena));
    cr_assert_str_eq(row.error, "too-large");
    gl_buf_free(&wide);
    gl_buf_text(&wide, "a,\"");
    for (int i = 0; i < 70000; i++)
        gl_buf_text(&wide, "xxxx");
    gl_buf_text(&wide, "\nb,2");
    gl_csv_begin(&csv, gl_buf_view(&wide), ',', false);
    cr_assert(next(&csv, arena));
    cr_assert_str_eq(row.error, "not-well-formed");
    cr_assert(next(&csv, arena));
    cr_assert(gl_str_eqz(row.cells[0], "b"));
    gl_buf_free(&wide);
    gl_arena_destroy(arena);
}
