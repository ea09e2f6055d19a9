/* Fuzz target: any bytes, given a right digest, are refused as a model or classify without reading outside. */
#include <stdlib.h>

#include "classify/model.h"
#include "customs/ids.h"

enum { ALIGN = 64, INPUT_LIMIT_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_LIMIT_BYTES)
        return 0;
    size_t signed_size = size + GL_SHA256_BYTES;
    uint8_t *bytes = aligned_alloc(ALIGN, (signed_size + ALIGN - 1) / ALIGN * ALIGN);
    gl_err err = {0};

    if (bytes == NULL)
        abort();
    if (size > 0)
        memcpy(bytes, data, size);
    gl_sha256((gl_str){(const char *)bytes, size}, bytes + size);
    gl_hs_model *model = gl_hs_model_over(bytes, signed_size, &err);
    if (model != NULL) {
        gl_hs_scratch *scratch = gl_hs_scratch_new(model);
        gl_hs_result result;
        gl_hs_model_classify(model, scratch, GL_STR("shoe leather shoe 0 a"), &result);
        if (result.count != 0 && result.count != GL_HS_TOP)
            abort();
        for (size_t l = 0; l < GL_HS_LEVELS; l++) {
            gl_hs_list list;
            gl_hs_model_list(model, scratch, l, GL_HS_LIST_LIMIT, &list);
            for (size_t i = 0; i < list.count; i++)
                if (gl_hs_model_confidence_ppm(model, scratch, gl_str_of(list.at[i].hs6)) != list.at[i].confidence_ppm)
                    abort();
        }
        gl_hs_scratch_destroy(scratch);
    }
    gl_hs_model_destroy(model);
    free(bytes);
    return 0;
}
