/* The lexicon's closest terms: what is found, what is not, and files that are not ours. */
#include "classify/terms.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "customs/text.h"

static gl_close_term at[GL_TERMS_SHOWN];

static gl_terms *terms_of(const char *text, gl_err *err)
{
    char *copy = strdup(text);
    cr_assert_not_null(copy);
    return gl_terms_parse(copy, strlen(text), err);
}

static size_t closest(const gl_terms *terms, const char *text)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    return gl_terms_closest(terms, gl_text_normalise(gl_str_of(text), normal), at);
}

static const char SHIRTS[] = "610910\tt-shirt\tmaterial=cotton\n"
                             "610990\tt-shirt\tmaterial=textile other than cotton\n"
                             "610510\tpolo shirt\tfor=men;material=cotton\n"
                             "620520\tmen's dress shirt\tfor=men;material=cotton\n"
                             "640399\tleather shoe\t\n"
                             "640399\tshoe\tmaterial=leather\n";

Test(terms, the_closest_comes_first)
{
    gl_terms *terms = terms_of(SHIRTS, NULL);
    cr_assert_eq(gl_terms_count(terms), 6);
    cr_assert_geq(closest(terms, "T-Shirts of COTTON"), 2);
    cr_assert(gl_str_eqz(at[0].code, "610910") && gl_str_eqz(at[0].term, "t-shirt") &&
              gl_str_eqz(at[0].decides, "material=cotton"));
    cr_assert_geq(at[0].similarity_ppm, at[1].similarity_ppm);
    cr_assert_geq(closest(terms, "polo shirt"), 1);
    cr_assert(gl_str_eqz(at[0].code, "610510"));
    cr_assert_eq(closest(terms, "leather shoes"), 1, "of a code the closest term");
    cr_assert(gl_str_eqz(at[0].term, "leather shoe"));
    cr_assert_eq(at[0].similarity_ppm, 1000000);
    gl_terms_destroy(terms);
}

Test(terms, what_is_far_is_not_shown)
{
    gl_terms *terms = terms_of(SHIRTS, NULL);
    cr_assert_eq(closest(terms, "garden hose"), 0);
    cr_assert_eq(closest(terms, ""), 0);
    cr_assert_eq(closest(terms, "shirt in a long text about hoses, lamps, bicycles, ovens and other things"), 0);
    gl_terms_destroy(terms);
    terms = terms_of("", NULL);
    cr_assert(terms != NULL && gl_terms_count(terms) == 0 && closest(terms, "shirt") == 0);
    gl_terms_destroy(terms);
}

Test(terms, as_json)
{
    gl_terms *terms = terms_of("610910\tt-shirt \"V\"\tmaterial=cotton\n", NULL);
    gl_buf json = {0};
    size_t count = closest(terms, "t shirt v cotton");
    gl_terms_json(&json, at, count);
    gl_terms_json(&json, at, 0);
    gl_buf_byte(&json, 0);
    cr_assert_not_null(strstr((char *)json.data, "[{\"term\":\"t-shirt \\\"V\\\"\",\"code\":\"610910\",\"decides\":"
                                                 "\"material=cotton\",\"similarity\":"),
                       "%s", (char *)json.data);
    cr_assert_not_null(strstr((char *)json.data, "}][]"));
    gl_buf_free(&json);
    gl_terms_destroy(terms);
}

Test(terms, lines_that_are_none)
{
    static const char *const wrong[] = {
        "61091\tt-shirt\t\n", "610910\t\t\n", "610910", "t-shirt\t610910\t\n", "610910\tt-shirt\t\n610910\t\x01\t\n",
        "610910\t\xff\t\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        cr_assert_null(terms_of(wrong[i], &err), "%s", wrong[i]);
        cr_assert_str_eq(err.code, "terms-invalid");
        cr_assert_not_null(strstr(err.message, "line "), "%s", err.message);
    }
    char *longest = malloc(1024);
    cr_assert_not_null(longest);
    memset(longest, 'a', 1024);
    memcpy(longest, "610910\t", 7);
    gl_err err = {0};
    cr_assert_null(gl_terms_parse(longest, 1024, &err));
}

Test(terms, files_that_are_none)
{
    char path[] = "/tmp/gl-terms-XXXXXX";
    gl_err err = {0};
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, "610910\tt-shirt\t\n", 16) == 16);
    close(fd);
    cr_assert_null(gl_terms_open(path, &err));
    cr_assert_str_eq(err.code, "terms-invalid");
    unlink(path);
    cr_assert_null(gl_terms_open(path, &err));
    cr_assert_str_eq(err.code, "terms-unreadable");
}

Test(terms, those_of_the_lexicon)
{
    gl_err err = {0};
    gl_terms *terms = gl_terms_open(GL_SOURCE_DIR "/models/classify/terms.gz", &err);
    cr_assert_not_null(terms, "%s", err.message);
    cr_assert_gt(gl_terms_count(terms), 50000);
    cr_assert_geq(closest(terms, "men's cotton t-shirt"), 1);
    cr_assert(gl_str_eqz(at[0].code, "610910"), "%.*s", GL_STR_ARG(at[0].code));
    cr_assert_geq(closest(terms, "jigsaw puzzle"), 1);
    cr_assert(gl_str_eqz(at[0].code, "950300"));
    char hostile[GL_TEXT_OUTPUT_MAX];
    for (size_t i = 0; i < sizeof hostile; i++)
        hostile[i] = "for men cotton of women and plastic with steel "[i % 47];
    int64_t began_us = gl_thread_cpu_us();
    for (int i = 0; i < 10; i++)
        gl_terms_closest(terms, (gl_str){hostile, sizeof hostile}, at);
    cr_assert_lt(gl_thread_cpu_us() - began_us, 500000, "the work is bounded");
    gl_terms_destroy(terms);
}
