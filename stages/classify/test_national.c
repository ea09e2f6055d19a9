/* National codes: how lines are ranked by their words, which code is sure, and what is at stake for a declared one. */
#include "classify/national_reply.h"

#include <criterion/criterion.h>

static const char tariff_text[] = "code,description,rate\n"
                                  "01012100,Horses for breeding,Free\n"
                                  "01012910,Horses for riding,11.5%\n"
                                  "01012920,Ponies for a child or children,6%\n"
                                  "01012990,\"Horses (excl. ponies, for racing)\",10.0%\n"
                                  "610910,\"T-shirts > Of cotton\",16.5%\n"
                                  "61091000,\"T-shirts > Of cotton\",\n"
                                  "6109100012,\"T-shirts > Of cotton > Men's (338)\",\n"
                                  "6109100040,\"T-shirts > Of cotton > Women's (339)\",\n"
                                  "6109100070,\"T-shirts > Of cotton > Other (339)\",\n"
                                  "61099010,T-shirts > Of wool,10% + 2 GBP/kg\n"
                                  "61099090,T-shirts > Other,Entry Price\n"
                                  "711319,Jewellery of gold,2.5%\n";

static gl_national *national;
static gl_arena *arena;

static void set_up(void)
{
    gl_err err = {0};
    gl_tariff *tariff = gl_tariff_parse(GL_STR("UK"), GL_TARIFF_CSV, gl_str_of(tariff_text), &err);
    cr_assert_not_null(tariff, "%s", err.message);
    national = gl_national_new(tariff);
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_national_destroy(national);
    gl_arena_destroy(arena);
}

TestSuite(national, .init = set_up, .fini = tear_down);

static gl_national_list ranked(const char *description, const char *subheading, size_t digits)
{
    gl_hs_candidate candidate = {.confidence_ppm = 800000};
    gl_national_list lines, groups;
    gl_national_question question;

    memcpy(candidate.hs6, subheading, GL_HS_CODE_DIGITS);
    gl_national_ask(&question, gl_str_of(description));
    gl_national_rank(national, arena, &question, (gl_str){NULL, 0}, &candidate, 1, &lines, &groups);
    gl_national_list list = digits == 8 ? groups : lines;
    int64_t shares = 0;
    for (size_t i = 0; i < list.count; i++) {
        shares += list.at[i].share_ppm;
        cr_expect(i == 0 || list.at[i].confidence_ppm <= list.at[i - 1].confidence_ppm);
    }
    cr_expect(list.count == 0 || (shares > 999990 && shares < 1000010), "shares sum to 1");
    return list;
}

static void expect_first(const char *description, const char *subheading, const char *code)
{
    gl_national_list list = ranked(description, subheading, 10);
    cr_assert_gt(list.count, 0);
    cr_expect_str_eq(list.at[0].code, code, "%s: %s", description, list.at[0].code);
}

Test(national, the_words_of_a_line_decide_and_what_it_excludes_counts_against_it)
{
    expect_first("riding horse", "010129", "01012910");
    expect_first("PONY for a child", "010129", "01012920");
    expect_first("an old horse", "010129", "01012990");
    expect_first("pony", "010129", "01012920");
    expect_first("t-shirts for men", "610910", "6109100012");
    expect_first("woollen or wool t-shirt", "610990", "61099010");
    expect_first("shirt", "610990", "61099090");
}

Test(national, lines_and_their_first_eight_digits)
{
    gl_national_list lines = ranked("cotton shirt for women", "610910", 10), groups = ranked("x", "610910", 8);

    cr_assert_eq(lines.count, 3);
    cr_expect_str_eq(lines.at[0].code, "6109100040");
    cr_expect(lines.at[0].line != NULL && lines.at[0].confidence_ppm < 800000);
    cr_assert_eq(groups.count, 1);
    cr_expect_str_eq(groups.at[0].code, "61091000");
    cr_expect(groups.at[0].line != NULL && groups.at[0].share_ppm == 1000000 && groups.at[0].confidence_ppm == 800000);
    groups = ranked("riding", "010129", 8);
    cr_expect_eq(groups.count, 3);
    groups = ranked("ring", "711319", 8);
    cr_assert_eq(groups.count, 1);
    cr_expect_str_eq(groups.at[0].code, "711319", "nothing is padded");
    lines = ranked("x", "999999", 10);
    cr_expect(lines.count == 0 && lines.unknown_count == 1);
}

Test(national, an_answer_is_as_deep_as_it_is_sure)
{
    gl_national_list groups = ranked("shirt", "610910", 8), lines = ranked("shirt", "610910", 10);
    gl_str subheading = GL_STR("610910");

    cr_expect_str_eq(gl_national_answer(&groups, &lines, subheading, 700000)->code, "61091000");
    cr_expect_null(gl_national_answer(&groups, &lines, subheading, 800001));
    lines = ranked("shirt for women", "610910", 10);
    cr_expect(lines.at[0].confidence_ppm > 400000 && lines.at[0].share_ppm < GL_NATIONAL_SURE_SHARE_PPM);
    cr_expect_str_eq(gl_national_answer(&groups, &lines, subheading, 400000)->code, "61091000");
    lines.at[0].share_ppm = GL_NATIONAL_SURE_SHARE_PPM;
    cr_expect_str_eq(gl_national_answer(&groups, &lines, subheading, 400000)->code, "6109100040");
    groups = ranked("ring", "711319", 8);
    cr_expect_null(gl_national_answer(&groups, &groups, GL_STR("711319"), 1), "there is none of more digits");
}

static gl_national_list ruled(const char *code)
{
    gl_hs_candidate candidate = {.hs6 = "610910", .confidence_ppm = 990000};
    gl_national_list list;
    gl_national_question question;
    gl_national_ask(&question, GL_STR("t-shirt for women"));
    gl_national_rank(national, arena, &question, gl_str_of(code), &candidate, 1, &list, NULL);
    return list;
}

Test(national, a_ruled_code_goes_before_the_words)
{
    cr_expect_str_eq(ruled("6109100012").at[0].code, "6109100012");
    cr_expect_eq(ruled("6109100012").at[0].share_ppm, 1000000);
    cr_expect_str_eq(ruled("61091000").at[0].code, "6109100040", "the words decide below it");
    cr_expect_str_eq(ruled("6109109999").at[0].code, "6109100040", "another tariff's code");
    cr_expect_str_eq(ruled("610910").at[0].code, "6109100040");
}

/* A reply whose text is of one subheading, and of another a little. */
static gl_reply reply_of(const char *subheading, int32_t ppm, const char *other, int32_t other_ppm)
{
    gl_reply reply = {.text = {.status = GL_CLASSIFICATION_STATUS_CLASSIFIED, .answer_digits = GL_HS_CODE_DIGITS}};

    reply.list.count = 2;
    memcpy(reply.list.at[0].hs6, subheading, GL_HS_CODE_DIGITS);
    memcpy(reply.list.at[1].hs6, other, GL_HS_CODE_DIGITS);
    reply.list.at[0].confidence_ppm = ppm;
    reply.list.at[1].confidence_ppm = other_ppm;
    reply.text.result.count = 2;
    memcpy(reply.text.result.group[0].hs6, subheading, 2);
    memcpy(reply.text.result.group[1].hs6, subheading, 4);
    reply.text.result.top[0] = reply.list.at[0];
    reply.text.result.top[1] = reply.list.at[1];
    return reply;
}

static const char *json_of(gl_ask *ask, const gl_reply *reply)
{
    gl_buf buf = gl_buf_in(arena);
    gl_national_reply_json(&buf, 500000, ask, reply);
    gl_buf_byte(&buf, 0);
    return (const char *)buf.data;
}

Test(national, duty_at_stake)
{
    gl_ask ask = {.description = GL_STR("children's pony"), .declared = GL_STR("01012100"), .limit = 3};
    gl_reply reply = reply_of("010129", 900000, "010121", 100000);
    gl_national_reply out;
    char text[GL_DECIMAL_TEXT_BYTES];

    ask.national = national;
    cr_assert(gl_duty_base_read(&ask.base, GL_STR("1000"), GL_STR("GBP")));
    ask.has_value = true;
    gl_national_reply_make(&out, arena, 500000, &ask, &reply);
    cr_assert_eq(out.lines.count, 4);
    cr_expect_str_eq(out.answer->code, "01012920");
    cr_expect(gl_str_eqz(out.answer_rate.rate, "6%") && gl_str_eqz(out.declared_rate.rate, "Free"));
    cr_assert(out.has_stake && out.has_expected);
    cr_expect(gl_str_eqz(gl_decimal_format(out.stake, text), "60.00"));
    cr_expect(gl_decimal_compare(out.expected, (gl_decimal){54, 0}) > 0 &&
                  gl_decimal_compare(out.expected, (gl_decimal){1035, 1}) < 0,
              "between nine tenths of 6 and of 11.5 percent");
    cr_expect_geq(out.expected_ppm, 999990);
    cr_expect_not_null(strstr(json_of(&ask, &reply), "\"duty_at_stake\":{\"currency\":\"GBP\",\"amount\":60.00,"));
    ask.declared = GL_STR("0101299000");
    gl_national_reply_make(&out, arena, 500000, &ask, &reply);
    cr_expect_str_eq(out.declared_rate.code, "01012990", "the nearest line above");
    cr_expect(out.declared_rate.confidence_ppm > 0 &&
              out.declared_rate.confidence_ppm < out.answer_rate.confidence_ppm);
    cr_expect(gl_str_eqz(gl_decimal_format(out.stake, text), "-40.00"));
}

Test(national, nothing_is_at_stake_where_all_duties_are_the_same)
{
    gl_ask ask = {.description = GL_STR("t-shirt"), .declared = GL_STR("6109100070"), .limit = 3};
    gl_reply reply = reply_of("610910", 333333, "999999", 100000);
    gl_national_reply out;

    ask.national = national;
    ask.has_value = gl_duty_base_read(&ask.base, GL_STR("1234567890.12"), GL_STR("USD"));
    gl_national_reply_make(&out, arena, 500000, &ask, &reply);
    cr_assert(out.has_stake && out.has_expected);
    cr_expect(out.stake.unscaled == 0 && out.expected.unscaled == 0 && out.expected.scale == 2);
    ask.has_value = gl_duty_base_read(&ask.base, GL_STR("123456789012345678"), GL_STR("USD"));
    gl_national_reply_make(&out, arena, 500000, &ask, &reply);
    cr_expect(!out.has_stake && !out.has_expected, "too much to be computed");
}

Test(national, what_is_not_known_is_not_computed)
{
    gl_ask ask = {.description = GL_STR("shirt of wool"), .declared = GL_STR("610990"), .limit = 3};
    gl_reply reply = reply_of("610990", 600000, "999999", 100000);
    gl_national_reply out;

    ask.national = national;
    ask.has_value = gl_duty_base_read(&ask.base, GL_STR("1000"), GL_STR("GBP"));
    gl_national_reply_make(&out, arena, 700000, &ask, &reply);
    cr_expect(out.answer == NULL && out.lines.unknown_count == 1);
    cr_expect(!out.declared_rate.same && !out.declared_rate.has_duty && !out.has_stake && !out.has_expected);
    cr_expect_not_null(
        strstr(json_of(&ask, &reply),
               "\"declared_rate\":{\"code\":\"610990\",\"confidence\":0.600000,\"rate\":null,\"rate_kind\":\"none\","
               "\"same\":false,\"duty\":null},\"duty_at_stake\":{\"currency\":\"GBP\",\"amount\":null,"
               "\"expected\":null,\"expected_over\":0.000000}"));
    ask.declared = GL_STR("61099010");
    cr_assert(gl_duty_base_weigh(&ask.base, GL_STR("1.5")));
    gl_national_reply_make(&out, arena, 700000, &ask, &reply);
    cr_expect(out.declared_rate.has_duty && gl_decimal_compare(out.declared_rate.duty, (gl_decimal){103, 0}) == 0);
    cr_expect(out.has_stake && out.stake.unscaled == 0 && out.expected_ppm < 600000);
    ask.declared = GL_STR("99");
    gl_national_reply_make(&out, arena, 700000, &ask, &reply);
    cr_expect(out.declared_rate.code[0] == '\0' && !out.has_stake);
    ask.declared = GL_STR("610910");
    gl_national_reply_make(&out, arena, 700000, &ask, &reply);
    cr_expect(out.declared_rate.same && out.declared_rate.duty.unscaled == 16500, "all its lines have one rate");
}

Test(national, an_answer_as_json)
{
    gl_ask ask = {.description = GL_STR("t-shirts for women"), .limit = 3};
    gl_reply reply = reply_of("610910", 900000, "711319", 50000);

    ask.national = national;
    const char *json = json_of(&ask, &reply);
    cr_expect_eq(strncmp(json, ",\"tariff\":{\"name\":\"UK\",\"version\":\"UK/", 35), 0, "%s", json);
    cr_expect_not_null(strstr(json, "\"text\":\"T-shirts > Of cotton > Women's (339)\""), "%s", json);
    cr_expect_not_null(strstr(json, "{\"code\":\"610910\",\"confidence\":0.900000},{\"code\":\"61091000\","
                                    "\"confidence\":0.900000},{\"code\":\"6109100040\""),
                       "%s", json);
    cr_expect_not_null(strstr(json, "\"candidate_count\":4,\"unknown_subheadings\":0,\"answer_rate\":{"), "%s", json);
    cr_expect_null(strstr(json, "duty"), "%s", json);
}
