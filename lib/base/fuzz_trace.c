/* Any bytes as trace headers: dropped, or exactly what came, short and printable. */
#include "base/trace.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(gl_str out, gl_str in)
{
    if (out.len == 0)
        return;
    if (out.ptr != in.ptr || out.len != in.len || out.len > GL_TRACE_LIMIT_BYTES)
        abort();
    for (size_t i = 0; i < out.len; i++)
        if (out.ptr[i] != '\t' && (out.ptr[i] < 0x20 || out.ptr[i] > 0x7e))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str in = {(const char *)data, size};
    gl_str parent = gl_traceparent(in);
    if (parent.len > 0 && (parent.len < GL_TRACEPARENT_BYTES || parent.ptr[2] != '-'))
        abort();
    check(parent, in);
    check(gl_tracestate(in), in);
    return 0;
}
