/* Fuzz target: any bytes normalise to clean UTF-8 words, and again to themselves; so do these words, each once. */
#include "customs/precedent.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char once[GL_TEXT_OUTPUT_MAX], twice[GL_TEXT_OUTPUT_MAX];
    gl_str a = gl_text_normalise((gl_str){(const char *)data, size}, once);
    gl_str b = gl_text_normalise(a, twice);

    if (!gl_str_is_utf8(a, NULL) || !gl_str_eq(a, b))
        abort();
    gl_str words = gl_precedent_words(a, twice);
    gl_str again = gl_precedent_words(words, once);
    if (!gl_str_eq(words, again))
        abort();
    return 0;
}
