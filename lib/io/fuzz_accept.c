/* Any bytes as an Accept header: an offer or none; with everything welcome behind it, always one. */
#include "io/accept.h"

#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const offers[] = {"application/json", "application/xml", "text/csv", NULL},
                             *const other[] = {"x-never/asked-for-by-name", NULL};
    gl_str header = {(const char *)data, size};
    int chosen = gl_accept_choose(header, offers);
    if (chosen < -1 || chosen > 2 || gl_accept_choose(header, offers) != chosen)
        abort();
    gl_buf open = {0};
    gl_buf_text(&open, "x-never/asked-for-by-name, ");
    gl_buf_str(&open, header);
    if (gl_accept_choose(gl_buf_view(&open), other) != 0)
        abort();
    gl_buf_free(&open);
    return 0;
}
