/* W3C trace context: the examples of the standard pass, everything else is dropped. */
#include "base/trace.h"

#include <criterion/criterion.h>

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Test(trace, well_formed_parents_are_carried_as_they_are)
{
    static const char *const good[] = {
        GOOD,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(gl_str_eqz(gl_traceparent(gl_str_of(good[i])), good[i]), "%s", good[i]);
}

Test(trace, what_is_not_well_formed_is_dropped)
{
    static const char *const bad[] = {
        "",
        "00-trace-span-01",
        GOOD "-more",
        GOOD " ",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\x01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(gl_traceparent(gl_str_of(bad[i])).len, 0u, "%s", bad[i]);
    cr_assert_eq(gl_traceparent((gl_str){NULL, 0}).len, 0u);
}

Test(trace, what_is_long_is_dropped)
{
    char text[GL_TRACE_LIMIT_BYTES + 1] = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-";
    size_t start = strlen(text);
    memset(text + start, 'x', sizeof text - start);
    cr_assert_eq(gl_traceparent((gl_str){text, GL_TRACE_LIMIT_BYTES}).len, (size_t)GL_TRACE_LIMIT_BYTES);
    cr_assert_eq(gl_traceparent((gl_str){text, GL_TRACE_LIMIT_BYTES + 1}).len, 0u);
    cr_assert_eq(gl_tracestate((gl_str){text, GL_TRACE_LIMIT_BYTES}).len, (size_t)GL_TRACE_LIMIT_BYTES);
    cr_assert_eq(gl_tracestate((gl_str){text, GL_TRACE_LIMIT_BYTES + 1}).len, 0u);
}

Test(trace, a_state_is_text)
{
    cr_assert(gl_str_eqz(gl_tracestate(GL_STR("rojo=00f067aa0ba902b7,\tcongo=t61rcWkgMzE")),
                         "rojo=00f067aa0ba902b7,\tcongo=t61rcWkgMzE"));
    cr_assert_eq(gl_tracestate(GL_STR("a=b\nc")).len, 0u);
    cr_assert_eq(gl_tracestate(GL_STR("a=\xC3\xA9")).len, 0u);
    cr_assert_eq(gl_tracestate(GL_STR("")).len, 0u);
}
