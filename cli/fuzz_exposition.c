/* Any bytes as a daemon's /metrics: samples whose slices are readable, or an error with a code. */
#include "cli/exposition.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned touch(gl_str s)
{
    unsigned sum = 0;
    for (size_t i = 0; i < s.len; i++)
        sum += (unsigned char)s.ptr[i];
    return sum;
}

static volatile unsigned sum; /* so that every byte is read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_arena *arena = gl_arena_new(0);
    gl_exposition all;
    gl_err err = {0};
    if (!gl_exposition_parse(arena, (gl_str){(const char *)data, size}, &all, &err) &&
        (err.code == NULL || err.action != GL_FATAL || all.count != 0))
        abort();
    gl_histogram histogram = {0};
    for (size_t i = 0; i < all.count; i++) {
        const gl_sample *sample = &all.at[i];
        if (sample->name.len == 0 || sample->label_count > GL_EXPOSITION_LABELS)
            abort();
        sum += touch(sample->name);
        for (size_t l = 0; l < sample->label_count; l++)
            sum += touch(sample->labels[l].name) + touch(sample->labels[l].value);
    }
    gl_histogram_add(&histogram, &all, "h", NULL, NULL, 1);
    for (size_t i = 1; i < histogram.count; i++)
        if (!(histogram.bounds[i] > histogram.bounds[i - 1]))
            abort();
    gl_histogram_quantile(&histogram, 0.5);
    gl_exposition_sum(&all, "h", "le", "1");
    gl_arena_destroy(arena);
    return 0;
}
