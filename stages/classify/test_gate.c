/* The gate: the shipped list on hand-written descriptions, the rules one by one, and lists that are wrong. */
#include "classify/gate.h"

#include <criterion/criterion.h>

#include "customs/text.h"

static gl_gate *open_shipped(void)
{
    gl_err err = {0};
    gl_gate *gate = gl_gate_open(GL_SOURCE_DIR "/models/classify/vague.txt", &err);
    cr_assert_not_null(gate, "%s", err.message);
    return gate;
}

static gl_gate_answer check(const gl_gate *gate, const char *text)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    return gl_gate_check(gate, gl_text_normalise(gl_str_of(text), normal));
}

Test(classify_gate, vague_descriptions_are_found)
{
    static const char *const vague[] = {"Goods",
                                        "spare parts",
                                        "GIFT",
                                        "Said to contain: parts",
                                        "Black, size 8-10, UK",
                                        "electronic equipment",
                                        "Plastic parts",
                                        "various items",
                                        "10 pcs",
                                        "household goods",
                                        "Iron",
                                        "Tools",
                                        "new clothing",
                                        "Samples - no commercial value"};
    gl_gate *gate = open_shipped();
    for (size_t i = 0; i + 1 < sizeof vague / sizeof vague[0]; i++)
        cr_expect_eq(check(gate, vague[i]), GL_GATE_VAGUE, "\"%s\"", vague[i]);
    gl_gate_destroy(gate);
}

Test(classify_gate, descriptions_of_goods_pass)
{
    static const char *const good[] = {"mens cotton t-shirt",
                                       "spare parts for bicycle brakes",
                                       "black leather shoes",
                                       "plastic pipes",
                                       "steel plates",
                                       "cotton wool",
                                       "gift box chocolate",
                                       "electronic cigarettes",
                                       "wool",
                                       "glass tiles",
                                       "tool box",
                                       "mask",
                                       "samples of sunflower oil",
                                       "Schuhe"};
    gl_gate *gate = open_shipped();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect_eq(check(gate, good[i]), GL_GATE_PASS, "\"%s\"", good[i]);
    gl_gate_destroy(gate);
}

Test(classify_gate, what_has_no_letter_is_not_text)
{
    static const char *const none[] = {"", "12345", "?!", "10 / 20", "\xf0\x9f\x91\x9f", "\xff\xfe"};
    gl_gate *gate = open_shipped();
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        cr_expect_eq(check(gate, none[i]), GL_GATE_NOT_TEXT, "%zu", i);
    gl_gate_destroy(gate);
}

Test(classify_gate, rules_one_by_one)
{
    gl_err err = {0};
    gl_gate *gate = gl_gate_parse(
        GL_STR("# words\n[fillers]\nblack x1y\n[hollow]\nparts\n[alone]\ntools\n[materials]\nplastic\n[goods]\nplastic "
               "tools set\nplastic\n"),
        &err);
    cr_assert_not_null(gate, "%s", err.message);
    cr_expect_eq(check(gate, "black"), GL_GATE_VAGUE, "fillers only");
    cr_expect_eq(check(gate, "x5y"), GL_GATE_VAGUE, "the list is normalised word by word");
    cr_expect_eq(check(gate, "black parts"), GL_GATE_VAGUE, "hollow");
    cr_expect_eq(check(gate, "plastic parts"), GL_GATE_VAGUE, "hollow with a material");
    cr_expect_eq(check(gate, "tools, parts"), GL_GATE_VAGUE, "hollow with alone");
    cr_expect_eq(check(gate, "plastic tools"), GL_GATE_PASS, "alone with a material");
    cr_expect_eq(check(gate, "black plastic 3"), GL_GATE_PASS, "goods, without fillers and numbers");
    cr_expect_eq(check(gate, "hammer parts"), GL_GATE_PASS, "any other word");
    gl_gate_destroy(gate);
}

Test(classify_gate, wrong_lists_are_refused_with_their_line)
{
    static const struct {
        const char *text, *in_message;
    } wrong[] = {
        {"word\n", "line 1"},
        {"[fillers]\na\n[nothing]\n", "line 3"},
        {"[fillers\n", "line 1"},
        {"[fillers]\na b\n[hollow]\nA\n", "line 4"},
        {"[goods]\ncotton wool\nCotton  Wool\n", "line 3"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        cr_assert_null(gl_gate_parse(gl_str_of(wrong[i].text), &err), "%zu", i);
        cr_expect_str_eq(err.code, "gate-invalid");
        cr_expect(strstr(err.message, wrong[i].in_message) != NULL, "%s", err.message);
    }
    gl_err err = {0};
    cr_expect_null(gl_gate_open("/nonexistent/vague.txt", &err));
    cr_expect_str_eq(err.code, "gate-unreadable");
}
