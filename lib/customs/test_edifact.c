/* Segments and messages of UN/EDIFACT are well-formed whatever is put into them. */
#include <criterion/criterion.h>

#include "customs/cusres.h"

static void expect(gl_edifact *out, const char *want)
{
    cr_assert(gl_str_eqz(gl_buf_view(out->buf), want), "%.*s, not %s", GL_STR_ARG(gl_buf_view(out->buf)), want);
    gl_buf_free(out->buf);
}

static void put(gl_edifact *out, const char *const *elements)
{
    gl_edifact_segment(out, "FTX");
    for (; *elements != NULL; elements++)
        gl_edifact_element(out, gl_str_of(*elements));
    gl_edifact_end(out);
}

Test(edifact, service_characters_are_released)
{
    gl_buf buf = {0};
    gl_edifact out = {.buf = &buf, .utf8 = true};
    put(&out, (const char *const[]){"a+b:c'd?e*f", NULL});
    expect(&out, "FTX+a?+b?:c?'d??e?*f'\n");
}

Test(edifact, separators_that_nothing_follows_are_left_out)
{
    gl_buf buf = {0};
    gl_edifact out = {.buf = &buf, .utf8 = true};
    put(&out, (const char *const[]){"A", "", "B", "", "", NULL});
    gl_edifact_segment(&out, "LOC");
    gl_edifact_element(&out, GL_STR(""));
    gl_edifact_component(&out, GL_STR(""));
    gl_edifact_component(&out, GL_STR("C"));
    gl_edifact_component(&out, GL_STR(""));
    gl_edifact_element(&out, GL_STR("D"));
    gl_edifact_end(&out);
    cr_assert_eq(out.segments, 2);
    expect(&out, "FTX+A++B'\nLOC+::C+D'\n");
}

Test(edifact, characters_are_of_the_set)
{
    static const char text[] = "Z\xC3\xBCrich \xE2\x80\xA6 \xD0\x96 \xFF\x01.";
    gl_buf buf = {0};
    gl_edifact latin = {.buf = &buf}, utf8 = {.buf = &buf, .utf8 = true};
    put(&latin, (const char *const[]){text, NULL});
    expect(&latin, "FTX+Z\xFCrich ... ?? ?? .'\n");
    put(&utf8, (const char *const[]){text, NULL});
    expect(&utf8, "FTX+Z\xC3\xBCrich \xE2\x80\xA6 \xD0\x96 ?? .'\n");
}

Test(edifact, a_long_text_goes_on_in_the_next_segment)
{
    char text[401] = "";
    gl_buf buf = {0};
    gl_edifact out = {.buf = &buf, .texts_left = 2};
    memset(text, 'x', 400);
    gl_edifact_text(&out, "AAO", "value", gl_str_of(text));
    cr_assert_eq(out.segments, 2);
    cr_assert_eq(out.texts_left, 0);
    gl_edifact_text(&out, "AAO", NULL, GL_STR("no room"));
    cr_assert_eq(out.segments, 2);
    gl_buf_free(&buf);
}

Test(edifact, an_interchange_counts_its_messages_and_segments)
{
    gl_buf buf = {0};
    gl_edifact out = {.buf = &buf};
    gl_edifact_head head = {.sender = {GL_STR("A"), GL_STR("14")},
                            .recipient = {GL_STR("B")},
                            .reference = GL_STR("0123456789abcdefg"),
                            .sent_us = INT64_C(1795521600) * 1000000,
                            .test = true};
    gl_cusres message = {.number = 1,
                         .release = "00A",
                         .reference = GL_STR("R"),
                         .status = GL_CUSRES_ACCEPTED,
                         .issued_us = head.sent_us};
    gl_edifact_open(&out, &head);
    gl_cusres_begin(&out, &message);
    gl_cusres_status(&out, &message);
    gl_cusres_reference(&out, "ABE", GL_STR("A-1"));
    gl_cusres_reference(&out, "ABT", GL_STR(""));
    gl_cusres_end(&out, &message);
    gl_edifact_close(&out, &head, 1);
    expect(&out,
           "UNA:+.? '\nUNB+UNOC:3+A:14+B+261124:1200+0123456789abcd++++++1'\nUNH+1+CUSRES:D:00A:UN'\n"
           "BGM+962+R+11'\nDTM+137:20261124120000UTC:304'\nGIS+1'\nRFF+ABE:A-1'\nUNT+6+1'\nUNZ+1+0123456789abcd'\n");
}

Test(edifact, a_response_has_a_release_that_its_receiver_has)
{
    static const char *const releases[][2] = {
        {"95B", "00A"}, {"02B", "00A"}, {"03A", "03A"}, {"16B", "16B"}, {"", "00A"}};
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
        char answer[4];
        gl_cusres_release(gl_str_of(releases[i][0]), answer);
        cr_assert_str_eq(answer, releases[i][1]);
    }
}
