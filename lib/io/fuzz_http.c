/* Any bytes as a percent-encoded segment: refused, or UTF-8 without NUL that is the same after encoding it again. */
#include "io/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_buf decoded = {0}, encoded = {0}, again = {0};
    gl_buf_byte(&decoded, 'x');
    if (gl_http_decode(&decoded, (gl_str){(const char *)data, size})) {
        gl_str text = {(const char *)decoded.data + 1, decoded.len - 1};
        if (!gl_str_is_utf8(text, NULL) || text.len > size || (text.len > 0 && memchr(text.ptr, 0, text.len) != NULL))
            abort();
        for (size_t i = 0; i < text.len; i++)
            gl_buf_printf(&encoded, "%%%02x", (unsigned char)text.ptr[i]);
        if (!gl_http_decode(&again, gl_buf_view(&encoded)) || !gl_str_eq(gl_buf_view(&again), text))
            abort();
    }
    gl_buf_free(&decoded);
    gl_buf_free(&encoded);
    gl_buf_free(&again);
    return 0;
}
