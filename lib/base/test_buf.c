/* Buffers on the heap and in arenas, and the escaping that keeps JSON and XML well-formed whatever the text is. */
#include "base/buf.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static bool is(const gl_buf *buf, const char *text)
{
    return gl_str_eqz(gl_buf_view(buf), text);
}

Test(buf, grows_on_the_heap_and_in_an_arena)
{
    gl_arena *arena = gl_arena_new(0);
    gl_buf heap = {0}, owned = gl_buf_in(arena);
    for (int i = 0; i < 10000; i++) {
        gl_buf_printf(&heap, "%d,", i);
        gl_buf_printf(&owned, "%d,", i);
        cr_assert_leq(heap.len, heap.cap);
    }
    cr_assert(gl_str_eq(gl_buf_view(&heap), gl_buf_view(&owned)));
    cr_assert(gl_str_starts(gl_buf_view(&heap), GL_STR("0,1,2,")));
    gl_buf_free(&heap);
    cr_assert_eq(heap.cap, 0u);
    gl_buf_free(&owned);
    cr_assert(owned.arena == arena);
    gl_arena_destroy(arena);
}

Test(buf, takes_bytes_text_and_nothing)
{
    gl_buf buf = {0};
    gl_buf_bytes(&buf, NULL, 0);
    gl_buf_str(&buf, (gl_str){NULL, 0});
    cr_assert_eq(gl_buf_view(&buf).len, 0u);
    gl_buf_byte(&buf, 'a');
    gl_buf_text(&buf, "bc");
    gl_buf_bytes(&buf, "d\0", 2);
    gl_buf_printf(&buf, "%s", "");
    cr_assert(gl_str_eq(gl_buf_view(&buf), GL_STR("abcd\0")));
    gl_buf_free(&buf);
}

Test(buf, writes_numbers_as_printf_does)
{
    static const int64_t values[] = {0, 7, 10, -1, 999999999, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        gl_buf made = {0}, printed = {0};
        gl_buf_int(&made, values[i]);
        gl_buf_printf(&printed, "%" PRId64, values[i]);
        cr_assert(gl_str_eq(gl_buf_view(&made), gl_buf_view(&printed)), "%" PRId64, values[i]);
        gl_buf_free(&made);
        gl_buf_free(&printed);
    }
}

Test(buf, json_escapes_what_must_be)
{
    gl_buf buf = {0};
    gl_buf_json(&buf, GL_STR("a\"b\\c\n\r\t\x01\x7f/\xC3\xA9\xF0\x9F\x98\x80"));
    cr_assert(is(&buf, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f/\xC3\xA9\xF0\x9F\x98\x80\""));
    buf.len = 0;
    gl_buf_json(&buf, GL_STR("nul\0!"));
    cr_assert(is(&buf, "\"nul\\u0000!\""));
    buf.len = 0;
    gl_buf_json(&buf, GL_STR("\xFFx\xC3"));
    cr_assert(is(&buf, "\"\xEF\xBF\xBDx\xEF\xBF\xBD\""));
    buf.len = 0;
    gl_buf_json(&buf, (gl_str){NULL, 0});
    cr_assert(is(&buf, "\"\""));
    gl_buf_free(&buf);
}

Test(buf, xml_escapes_what_must_be)
{
    gl_buf buf = {0};
    gl_buf_xml(&buf, GL_STR("<a & \"b\">\t\n\x01\xFF\xC3\xA9"));
    cr_assert(is(&buf, "&lt;a &amp; &quot;b&quot;&gt;\t\n\xEF\xBF\xBD\xEF\xBF\xBD\xC3\xA9"));
    buf.len = 0;
    gl_buf_xml(&buf, GL_STR("\xEF\xBF\xBEx\xEF\xBF\xBD\xEF\xBF\xBF"));
    cr_assert(is(&buf, "\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD"));
    buf.len = 0;
    gl_buf_xml(&buf, GL_STR("<<\xC3<\"\x7F"));
    cr_assert(is(&buf, "&lt;&lt;\xEF\xBF\xBD&lt;&quot;\x7F"));
    gl_buf_free(&buf);
}
