/* Fuzz target: any bytes as lines of terms are refused with a line, or make an index whose closest terms are within it,
 * whatever is asked. */
#include <stdlib.h>

#include "classify/terms.h"
#include "customs/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void ask(const gl_terms *terms, gl_str raw)
{
    static char normal[GL_TEXT_OUTPUT_MAX];
    gl_close_term at[GL_TERMS_SHOWN];
    gl_buf json = {0};
    size_t count = gl_terms_closest(terms, gl_text_normalise(raw, normal), at);

    must(count <= GL_TERMS_SHOWN && count <= gl_terms_count(terms));
    for (size_t i = 0; i < count; i++) {
        must(at[i].code.len == 6 && at[i].term.len > 0);
        must(at[i].similarity_ppm > 0 && at[i].similarity_ppm <= 1000000);
        must(i == 0 || at[i].similarity_ppm <= at[i - 1].similarity_ppm);
    }
    gl_terms_json(&json, at, count);
    must(gl_str_is_utf8(gl_buf_view(&json), NULL));
    gl_buf_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_err err = {0};
    char *copy = malloc(size + 1);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    gl_terms *terms = gl_terms_parse(copy, size, &err);
    must(terms != NULL || (err.action == GL_FATAL && strcmp(err.code, "terms-invalid") == 0));
    if (terms == NULL)
        return 0;
    ask(terms, (gl_str){(const char *)data, size});
    ask(terms, GL_STR("red cotton shirt for men, size 12, red"));
    gl_terms_destroy(terms);
    return 0;
}
