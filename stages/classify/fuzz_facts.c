/* Fuzz target: a file of facts (the input up to a NUL) and a description (the rest): the file is refused, or what is
 * asked of the candidates that it names is well-formed. */
#include "classify/facts.h"

#include <stdlib.h>

#include "customs/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The codes that stand in the file, each half as likely as the one before. */
static void candidates_of(gl_str text, gl_hs_list *list)
{
    int32_t ppm = 500000;

    list->count = 0;
    for (size_t i = 0; i + GL_HS_CODE_DIGITS <= text.len && list->count < GL_HS_LIST_LIMIT; i++) {
        size_t digits = 0;
        while (digits < GL_HS_CODE_DIGITS && text.ptr[i + digits] >= '0' && text.ptr[i + digits] <= '9')
            digits++;
        if (digits < GL_HS_CODE_DIGITS)
            continue;
        gl_hs_candidate *candidate = &list->at[list->count++];
        *candidate = (gl_hs_candidate){.confidence_ppm = ppm};
        memcpy(candidate->hs6, text.ptr + i, GL_HS_CODE_DIGITS);
        ppm /= 2;
        i += GL_HS_CODE_DIGITS;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, 0, size);
    size_t head = end == NULL ? size : (size_t)(end - data), rest = end == NULL ? size : head + 1;
    gl_str text = {(const char *)data, head}, description = {(const char *)data + rest, size - rest};
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_err err = {0};
    gl_facts *facts = gl_facts_parse(text, &err);

    if (facts != NULL) {
        static gl_hs_list list;
        gl_missing missing;
        gl_buf out = {0};
        candidates_of(text, &list);
        gl_facts_missing(facts, gl_text_normalise(description, normal), list.at, list.count, &missing);
        if (missing.count > GL_FACTS_ASKED)
            abort();
        gl_missing_json(&out, &missing);
        if (!gl_str_is_utf8(gl_buf_view(&out), NULL))
            abort();
        gl_buf_free(&out);
    }
    gl_facts_destroy(facts);
    return 0;
}
