/* Which words an answer rests on. */
#include "classify/weigh.h"

#include <criterion/criterion.h>

#include "customs/text.h"

static gl_hs_model *model;
static gl_hs_scratch *scratch;
static gl_weighed at[GL_WEIGH_SHOWN];

static void set_up(void)
{
    gl_err err = {0};
    model = gl_hs_model_open(GL_SOURCE_DIR "/models/classify/hs6.glm", &err);
    cr_assert_not_null(model, "%s", err.message);
    scratch = gl_hs_scratch_new(model);
}

static void tear_down(void)
{
    gl_hs_scratch_destroy(scratch);
    gl_hs_model_destroy(model);
}

TestSuite(weigh, .init = set_up, .fini = tear_down);

static size_t weigh(const char *normal, const char *hs6)
{
    return gl_weigh(model, scratch, gl_str_of(normal), hs6, at);
}

Test(weigh, the_word_that_says_it_weighs_most)
{
    size_t count = weigh("jigsaw puzzle for children", "950300");
    cr_assert_geq(count, 1);
    cr_assert(gl_str_eqz(at[0].word, "puzzle") || gl_str_eqz(at[0].word, "jigsaw"), "%.*s", GL_STR_ARG(at[0].word));
    for (size_t i = 1; i < count; i++)
        cr_assert_geq(at[i].without_ppm, at[i - 1].without_ppm);
    gl_hs_result result;
    gl_hs_model_classify(model, scratch, GL_STR("jigsaw puzzle for children"), &result);
    cr_assert_lt(at[0].without_ppm, gl_hs_model_confidence_ppm(model, scratch, GL_STR("950300")));
}

Test(weigh, one_word_leaves_nothing)
{
    cr_assert_eq(weigh("puzzle", "950300"), 1);
    cr_assert(gl_str_eqz(at[0].word, "puzzle") && at[0].without_ppm == 0);
    cr_assert_eq(weigh("puzzle puzzle", "950300"), 1, "wherever it stands");
    cr_assert_eq(weigh("", "950300"), 0);
    cr_assert_eq(weigh("puzzle", "999999"), 0, "no word speaks for a code that the model does not have");
}

Test(weigh, the_longest_text)
{
    static char text[GL_TEXT_OUTPUT_MAX];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 == 1 ? ' ' : (char)('a' + i / 2 % 26);
    cr_assert_leq(gl_weigh(model, scratch, (gl_str){text, sizeof text - 1}, "950300", at), GL_WEIGH_SHOWN);
}

Test(weigh, as_json)
{
    gl_weighed words[] = {{GL_STR("red\"shoe"), 1000000}, {GL_STR("b"), 42}};
    gl_buf json = {0};
    gl_weighed_json(&json, words, 2);
    gl_weighed_json(&json, words, 0);
    gl_buf_byte(&json, 0);
    cr_assert_str_eq((char *)json.data,
                     "[{\"word\":\"red\\\"shoe\",\"without\":1.000000},{\"word\":\"b\",\"without\":0.000042}][]");
    gl_buf_free(&json);
}
