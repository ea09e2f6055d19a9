/* See trace.h. */
#include "base/trace.h"

static const gl_str NONE = {NULL, 0};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* `len` hexadecimal digits, not all of them 0. */
static bool is_id(const char *at, size_t len)
{
    bool any = false;
    for (size_t i = 0; i < len; i++) {
        if (!is_hex(at[i]))
            return false;
        any = any || at[i] != '0';
    }
    return any;
}

gl_str gl_traceparent(gl_str text)
{
    enum { TRACE = 3, PARENT = 36, FLAGS = 53 };
    const char *at = text.ptr;
    if (text.len < GL_TRACEPARENT_BYTES || text.len > GL_TRACE_LIMIT_BYTES)
        return NONE;
    bool first_version = at[0] == '0' && at[1] == '0', no_version = at[0] == 'f' && at[1] == 'f';
    if (!is_hex(at[0]) || !is_hex(at[1]) || no_version || (first_version && text.len > GL_TRACEPARENT_BYTES))
        return NONE;
    if (text.len > GL_TRACEPARENT_BYTES && at[GL_TRACEPARENT_BYTES] != '-')
        return NONE;
    if (at[TRACE - 1] != '-' || at[PARENT - 1] != '-' || at[FLAGS - 1] != '-')
        return NONE;
    if (!is_id(at + TRACE, 32) || !is_id(at + PARENT, 16) || !is_hex(at[FLAGS]) || !is_hex(at[FLAGS + 1]))
        return NONE;
    return gl_tracestate(text); /* what a later version appends is text, too */
}

gl_str gl_tracestate(gl_str text)
{
    if (text.len == 0 || text.len > GL_TRACE_LIMIT_BYTES)
        return NONE;
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < 0x20 || text.ptr[i] > 0x7e) && text.ptr[i] != '\t')
            return NONE;
    return text;
}
