/* Fuzz target: a file of weights as it is, and one that begins with the input and has a right length and digest: it is
 * refused, or says a share of a million of a description (the input). */
#include "classify/vague.h"

#include <stdlib.h>

#include "customs/ids.h"
#include "customs/text.h"

/* Header and shape numbers; the weights of 2^8 buckets are the input once more. */
enum { HEAD_BYTES = 56 + 18 * 4, BUCKETS = 256, FILE_BYTES = HEAD_BYTES + BUCKETS + GL_SHA256_BYTES };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(gl_str bytes, gl_str description)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_err err = {0};
    gl_vague *vague = gl_vague_parse(bytes, &err);

    if (vague == NULL)
        return;
    int32_t ppm = gl_vague_ppm(vague, description, gl_text_normalise(description, normal));
    if (ppm < 0 || ppm > 1000000 || gl_vague_threshold_ppm(vague) > 1000000)
        abort();
    gl_vague_destroy(vague);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t file[FILE_BYTES] = {0};
    gl_str whole = {(const char *)data, size};

    ask(whole, whole);
    for (size_t i = 0; i < FILE_BYTES - GL_SHA256_BYTES && size > 0; i++)
        file[i] = i < HEAD_BYTES && i >= size ? 0 : data[i % size];
    gl_sha256((gl_str){(const char *)file, FILE_BYTES - GL_SHA256_BYTES}, file + FILE_BYTES - GL_SHA256_BYTES);
    ask((gl_str){(const char *)file, FILE_BYTES}, whole);
    return 0;
}
