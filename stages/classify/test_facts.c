/* What is asked back: the shipped facts on hand-written candidates, the choice by information, and files that are
 * wrong. */
#include "classify/facts.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "customs/text.h"

#define HEAD                                                                                                           \
    "[ask]\nmaterial\t*\tOf what\nmaterial\t64\tUpper of what\nconstruction\t*\tHow made\ngoods\t*\tWhat is it\n"      \
    "[same]\nknitted knit jersey\nsynthetic polyester pu\n[silent]\nother than\n[facts]\n"

static gl_facts *open_shipped(void)
{
    gl_err err = {0};
    gl_facts *facts = gl_facts_open(GL_SOURCE_DIR "/models/classify/facts.txt", &err);
    cr_assert_not_null(facts, "%s", err.message);
    return facts;
}

static gl_facts *parse(const char *text)
{
    gl_err err = {0};
    gl_facts *facts = gl_facts_parse(gl_str_of(text), &err);
    cr_assert_not_null(facts, "%s", err.message);
    return facts;
}

/* `codes`: "610910 40, 610990 30": percent. */
static gl_missing ask(const gl_facts *facts, const char *text, const char *codes)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_hs_list list = {0};
    gl_missing missing;
    int percent, used;

    for (char code[7]; sscanf(codes, "%6s %d%n", code, &percent, &used) == 2; list.count++) {
        gl_hs_candidate *candidate = &list.at[list.count];
        memcpy(candidate->hs6, code, sizeof code);
        candidate->confidence_ppm = percent * 10000;
        codes += used;
        codes += strspn(codes, ", ");
    }
    gl_facts_missing(facts, gl_text_normalise(gl_str_of(text), normal), list.at, list.count, &missing);
    return missing;
}

static void expect_json(const gl_missing *missing, const char *expected)
{
    gl_buf out = {0};
    gl_missing_json(&out, missing);
    gl_buf_byte(&out, 0);
    cr_expect_str_eq((const char *)out.data, expected);
    gl_buf_free(&out);
}

Test(classify_facts, the_shipped_ones_ask_what_decides)
{
    static const struct {
        const char *text, *codes, *first, *second; /* NULL: not asked */
    } cases[] = {
        {"t-shirt", "610910 50, 610990 30, 611120 10", "material", "for"},
        {"shirt", "620520 35, 610510 10, 620530 35, 610520 10", "material", "construction"},
        {"cotton shirt", "620520 40, 610510 10, 620630 20, 610610 20", "for", "construction"},
        {"men's cotton shirt", "620520 60, 610510 35", "construction", NULL},
        {"men's cotton jersey shirt", "620520 60, 610510 35", NULL, NULL},
        {"shoes", "640299 30, 640399 30, 640419 30", "material", NULL},
        {"men's", "610510 50, 610610 45", NULL, NULL},
        {"rice", "100620 30, 100630 60", "kind", NULL},
        {"salmon", "030214 50, 030313 45", "state", NULL},
        {"frozen salmon", "030214 50, 030313 45", NULL, NULL},
    };
    gl_facts *facts = open_shipped();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_missing missing = ask(facts, cases[i].text, cases[i].codes);
        const char *const wanted[GL_FACTS_ASKED] = {cases[i].first, cases[i].second};
        for (size_t q = 0; q < GL_FACTS_ASKED; q++) {
            gl_str asked = q < missing.count ? missing.asked[q].attribute : (gl_str){NULL, 0};
            cr_expect(gl_str_eq(asked, gl_str_of(wanted[q])), "\"%s\" %zu: %.*s", cases[i].text, q, GL_STR_ARG(asked));
        }
    }
    gl_facts_destroy(facts);
}

Test(classify_facts, as_json_with_the_codes_of_each_value)
{
    gl_facts *facts = parse(HEAD "610910\tmaterial=cotton\n610990\tmaterial=other than cotton|silk or linen\n");
    gl_missing missing = ask(facts, "t-shirt", "610910 50, 610990 40");
    expect_json(&missing, "[{\"attribute\":\"material\",\"question\":\"Of what: cotton, other than cotton, or silk or "
                          "linen?\",\"values\":[{\"value\":\"cotton\",\"codes\":[\"610910\"]},{\"value\":\"other than "
                          "cotton\",\"codes\":[\"610990\"]},{\"value\":\"silk or linen\",\"codes\":[\"610990\"]}]}]");
    gl_facts_ask_all(facts, &missing);
    expect_json(&missing, "[{\"attribute\":\"goods\",\"question\":\"What is it?\",\"values\":[]}]");
    gl_facts_destroy(facts);
}

/* Answers do not overlap: "moulded plastic" is plastic, and "plastic or textile" is two of them. */
Test(classify_facts, answers_are_told_apart)
{
    gl_facts *facts = parse(HEAD "392690\tmaterial=plastic|moulded plastic\n420222\tmaterial=plastic or textile\n"
                                 "420229\tmaterial=other than plastic, or leather|silk or linen\n");
    gl_missing missing = ask(facts, "case", "392690 40, 420222 30, 420229 25");
    expect_json(&missing, "[{\"attribute\":\"material\",\"question\":\"Of what: plastic, other than plastic, or "
                          "leather, silk or linen, or textile?\",\"values\":[{\"value\":\"plastic\",\"codes\":["
                          "\"392690\",\"420222\"]},{\"value\":\"other than plastic, or leather\",\"codes\":["
                          "\"420229\"]},{\"value\":\"silk or linen\",\"codes\":[\"420229\"]},{\"value\":\"textile\","
                          "\"codes\":[\"420222\"]}]}]");
    gl_facts_destroy(facts);
    facts = parse(HEAD "392490\tmaterial=moulded plastic\n392690\tmaterial=plastic|moulded plastic\n");
    missing = ask(facts, "case", "392690 40, 392490 50");
    cr_expect_eq(missing.count, 0, "one answer is no question");
    gl_facts_destroy(facts);
}

Test(classify_facts, what_is_asked_is_what_tells_most)
{
    gl_facts *facts = parse(HEAD "640101\tmaterial=leather\tconstruction=woven\n640102\tmaterial=silk\tconstruction="
                                 "woven\n640103\tmaterial=silk\tconstruction=knitted\n650101\tconstruction=woven\n"
                                 "650102\tconstruction=knitted\n");
    gl_missing missing = ask(facts, "thing", "640101 45, 640102 25, 640103 20");
    cr_expect_eq(missing.count, 2, "both together decide");
    cr_expect(gl_str_eqz(missing.asked[0].attribute, "material"));
    cr_expect(gl_str_eqz(missing.asked[0].wording, "Upper of what"), "all of them are of this chapter");
    missing = ask(facts, "thing", "640101 30, 640103 30, 650101 30");
    cr_expect_eq(missing.count, 2);
    cr_expect(gl_str_eqz(missing.asked[0].wording, "How made"), "of different chapters");
    missing = ask(facts, "a knit thing", "640101 45, 640103 45");
    cr_expect(missing.count == 1 && gl_str_eqz(missing.asked[0].attribute, "material"), "stated by another word");
    missing = ask(facts, "thing", "640101 91, 640103 9");
    cr_expect_eq(missing.count, 0, "what is behind 90 %% is not decided between");
    missing = ask(facts, "thing", "777777 50, 888888 40");
    cr_expect_eq(missing.count, 0, "nothing is known of them");
    missing = ask(facts, "thing", "");
    cr_expect_eq(missing.count, 0, "no candidates");
    gl_facts_destroy(facts);
}

Test(classify_facts, wrong_files_are_refused_with_their_line)
{
    static const struct {
        const char *text, *in_message;
    } wrong[] = {
        {"material\t*\tx\n", "line 1: before [ask]"},
        {"[ask]\nmaterial x\n", "line 2: not an attribute"},
        {"[ask]\nmaterial\t123\tx\n", "line 2: not an attribute"},
        {"[ask]\nmaterial\t64\tx\ngoods\t*\ty\n", "\"material\" has no question for all chapters"},
        {"[ask]\nmaterial\t*\tx\n", "no question \"goods\""},
        {HEAD "61091\tmaterial=a\n", "not a code"},
        {HEAD "61091a\tmaterial=a\n", "not a code"},
        {HEAD "610910\tmaterial=a\n610910\tmaterial=b\n", "codes do not rise"},
        {HEAD "610910\tsize=a\n", "an attribute that has no question"},
        {HEAD "610910\tmaterial=\n", "an attribute without a value"},
        {HEAD "610910\tmaterial=a||b\n", "not attribute=value"},
        {HEAD "610910\tmaterial=a|b|c|d|e\n", "at most four values"},
        {HEAD "610910\tmaterial=a\tmaterial=b\n", "an attribute twice"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        cr_expect_null(gl_facts_parse(gl_str_of(wrong[i].text), &err), "%zu", i);
        cr_expect_str_eq(err.code, "facts-invalid");
        cr_expect(strstr(err.message, wrong[i].in_message) != NULL, "%zu: %s", i, err.message);
    }
    gl_err err = {0};
    cr_expect_null(gl_facts_open("/nonexistent/facts.txt", &err));
    cr_expect_str_eq(err.code, "facts-unreadable");
}
