/* Fuzz target: a list of words (the input up to a NUL) and a description (the rest): the list is refused or the check
 * answers. */
#include "classify/gate.h"
#include "customs/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, 0, size);
    size_t list = end == NULL ? size : (size_t)(end - data), rest = end == NULL ? size : list + 1;
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_err err = {0};
    gl_gate *gate = gl_gate_parse((gl_str){(const char *)data, list}, &err);

    if (gate != NULL)
        gl_gate_check(gate, gl_text_normalise((gl_str){(const char *)data + rest, size - rest}, normal));
    gl_gate_destroy(gate);
    return 0;
}
