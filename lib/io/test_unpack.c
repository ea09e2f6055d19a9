/* What is inflated stays within limits; how whole messages are unpacked is tested with them. */
#include "io/unpack.h"

#include <criterion/criterion.h>

#include "io/test_pack.h"

Test(unpack, all_members_of_gzip_data)
{
    gl_buf bytes = test_gzip(GL_STR("one ")), more = test_gzip(GL_STR("two")), out = {0};
    gl_str packed = gl_buf_view(&more);
    gl_buf_str(&bytes, packed);
    gl_unpack_room room = {.packed_bytes = bytes.len, .limit_bytes = 7};
    gl_err err = {0};
    cr_assert(gl_is_gzip(gl_buf_view(&bytes)));
    cr_assert(gl_gzip_read(gl_buf_view(&bytes), &room, &out, &err), "%s", err.message);
    cr_assert(gl_str_eqz(gl_buf_view(&out), "one two"));
    room = (gl_unpack_room){.packed_bytes = bytes.len, .limit_bytes = 6};
    cr_assert_not(gl_gzip_read(gl_buf_view(&bytes), &room, &out, &err));
    cr_assert_str_eq(err.code, "intake-too-large");
    gl_buf_free(&bytes);
    gl_buf_free(&more);
    gl_buf_free(&out);
}

Test(unpack, what_is_far_too_dense_is_refused_before_the_limit)
{
    static char spaces[4 << 20];
    memset(spaces, ' ', sizeof spaces);
    gl_buf bytes = test_gzip((gl_str){spaces, sizeof spaces}), out = {0};
    gl_unpack_room room = {.packed_bytes = bytes.len, .limit_bytes = sizeof spaces};
    gl_err err = {0};
    cr_assert_not(gl_gzip_read(gl_buf_view(&bytes), &room, &out, &err));
    cr_assert_str_eq(err.code, "intake-ratio");
    cr_assert_lt(out.len, sizeof spaces, "it stopped before the end");
    gl_buf_free(&bytes);
    gl_buf_free(&out);
}
