/* Fuzz target: the words of a rate. What is computed is not negative and needs no more than is known. */
#include "customs/duty.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str text = {(const char *)data, size};
    gl_duty_base base = {{123456, 2}, "EUR", true, {17, 1}};
    gl_decimal amount;
    gl_duty duty = gl_duty_parse(text);

    if ((duty.kind == GL_DUTY_SPECIFIC) != (duty.term_count > 0) || duty.ad_valorem_ppm < 0)
        abort();
    if (gl_duty_compute(&duty, &base, 2, &amount) && amount.unscaled < 0)
        abort();
    return 0;
}
