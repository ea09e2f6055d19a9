/* Text normalisation: held to training's golden vectors, and to what always holds for any bytes. */
#include "customs/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "customs/test_unescape.h"

enum { LINE_BYTES = 65536 };

Test(text, golden_vectors_of_training)
{
    FILE *file = fopen(GL_SOURCE_DIR "/lib/customs/golden_text.tsv", "r");
    static char line[LINE_BYTES], raw[LINE_BYTES], out[GL_TEXT_OUTPUT_MAX];
    size_t seen = 0;

    cr_assert(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#')
            continue;
        line[strcspn(line, "\n")] = 0;
        char *text = strchr(line, '\t'), *expected = text == NULL ? NULL : strchr(text + 1, '\t');
        cr_assert(expected != NULL, "line %zu", seen);
        size_t repeat = (size_t)strtoul(line, NULL, 10), size = 0;
        *expected++ = 0;
        size_t len = test_unescape(++text);
        for (; repeat > 0; repeat--, size += len) {
            cr_assert(size + len <= sizeof raw);
            memcpy(raw + size, text, len);
        }
        gl_str expect = {expected, test_unescape(expected)};
        gl_str got = gl_text_normalise((gl_str){raw, size}, out);
        cr_expect(gl_str_eq(got, expect), "text \"%s\": got \"%.*s\"", text, GL_STR_ARG(got));
        seen++;
    }
    fclose(file);
    cr_assert(seen >= 50, "%zu vectors", seen);
}

Test(text, any_bytes_give_clean_words_and_a_second_pass_changes_nothing)
{
    static char raw[3000], once[GL_TEXT_OUTPUT_MAX], twice[GL_TEXT_OUTPUT_MAX];
    uint32_t state = 12345;

    for (int round = 0; round < 2000; round++) {
        size_t size = (size_t)round;
        for (size_t i = 0; i < size; i++) {
            state = state * 1664525u + 1013904223u;
            /* bytes of all kinds, lead and continuation bytes more often than chance would have them */
            raw[i] = (char)(round % 3 == 0 ? state >> 24 : round % 3 == 1 ? 0x80 | state >> 25 : (state >> 25));
        }
        gl_str a = gl_text_normalise((gl_str){raw, size}, once);
        gl_str b = gl_text_normalise(a, twice);
        cr_assert(gl_str_is_utf8(a, NULL));
        cr_assert(a.len <= GL_TEXT_OUTPUT_MAX);
        cr_assert(a.len == 0 || (a.ptr[0] != ' ' && a.ptr[a.len - 1] != ' '));
        cr_assert(memmem(a.ptr, a.len, "  ", 2) == NULL);
        cr_assert(gl_str_eq(a, b), "round %d", round);
    }
}

Test(text, words)
{
    gl_str rest = GL_STR("one 0 two");
    cr_expect(gl_str_eqz(gl_text_word(&rest), "one"));
    cr_expect(gl_str_eqz(gl_text_word(&rest), "0"));
    cr_expect(gl_str_eqz(gl_text_word(&rest), "two"));
    cr_expect_eq(gl_text_word(&rest).len, 0);
    cr_expect_eq(gl_text_word(&rest).len, 0);
}

Test(text, words_are_counted)
{
    cr_assert_eq(gl_text_words(GL_STR("")), 0);
    cr_assert_eq(gl_text_words(GL_STR("lamp")), 1);
    cr_assert_eq(gl_text_words(GL_STR("glass table lamp 0 w")), 5);
}
