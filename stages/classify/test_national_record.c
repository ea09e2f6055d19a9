/* What a tariff adds to the stream's record: which one it is, what is to be paid for, and the same figures as over
 * HTTP.
 */
#include "classify/national_record.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "classify/national_reply.h"

#define LONG_RATE                                                                                                      \
    "What is to be paid depends on the season, the entry price, the content of sugar and of flour, and the "

static const char tariff_text[] =
    "code,description,rate\n"
    "61091000,T-shirts of cotton,12.0%\n"
    "62052000,Shirts of cotton,8%\n"
    "69111000,\"Tableware of porcelain\",10% + 2 GBP/kg\n"
    "95030041,Puzzles of wood,Free\n"
    "95030061,Puzzles of cardboard,2.5%\n"
    "95030069,\"Puzzles (excl. of wood)\",4.7%\n"
    "96170000,Vacuum flasks,\"" LONG_RATE
    "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\"\n";

static char path[] = "/tmp/gl-record-XXXXXX";
static gl_tariffs *tariffs;
static gl_classifier *classifier;
static gl_hs_scratch *words;
static gl_arena *arena, *scratch;

static const char *country[] = {"GB"};

static void set_up(void)
{
    const gl_tariff_conf confs[] = {{"UK", GL_TARIFF_CSV, path, "2026-01-01", {country, 1}},
                                    {"UK", GL_TARIFF_CSV, path, "2027-01-01", {NULL, 0}}};
    gl_err err = {0};
    FILE *file = fdopen(mkstemp(path), "w");
    cr_assert(file != NULL && fputs(tariff_text, file) >= 0 && fclose(file) == 0);
    tariffs = gl_tariffs_load(confs, 2, &err);
    cr_assert_not_null(tariffs, "%s", err.message);
    classifier = gl_classifier_open(GL_SOURCE_DIR "/models/classify/hs6.glm",
                                    GL_SOURCE_DIR "/models/classify/vague.txt", 0, &err);
    cr_assert_not_null(classifier, "%s", err.message);
    words = gl_hs_scratch_new(gl_classifier_model(classifier));
    arena = gl_arena_new(0);
    scratch = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_tariffs_release(tariffs);
    gl_hs_scratch_destroy(words);
    gl_classifier_destroy(classifier);
    gl_arena_destroy(arena);
    gl_arena_destroy(scratch);
    unlink(path);
}

TestSuite(national_record, .init = set_up, .fini = tear_down);

static int64_t day_us(int year, int month, int day)
{
    return gl_date_days(year, month, day) * INT64_C(86400000000);
}

Test(national_record, the_country_is_that_of_the_office_else_of_the_mrn)
{
    static const struct {
        const char *office, *mrn, *country;
    } cases[] = {
        {"GB000060", "26BE00000000000000", "GB"},
        {" GBLBA001 ", "26BE00000000000000", "GB"},
        {NULL, "26GB00000000000000", "GB"},
        {"4701", "26US00000000000000", "US"},
        {"ANRBA", "26SR00000000000000", "SR"},
        {"12345678", "26KR00000000000000", "KR"},
        {"gb000060", "26BE00000000000000", "BE"},
        {NULL, "", ""},
        {NULL, "26", ""},
        {"", "2612", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_declaration declaration = {.declaration_office_id = gl_str_of(cases[i].office),
                                      .mrn = gl_str_of(cases[i].mrn)};
        cr_expect(gl_str_eqz(gl_national_country(&declaration), cases[i].country), "%zu", i);
    }
}

Test(national_record, the_tariff_is_the_one_that_held_at_acceptance)
{
    gl_declaration declaration = {.mrn = GL_STR("26GB00000000000000"), .accepted_at = day_us(2026, 1, 1)};
    const gl_national *old = gl_national_of_declaration(tariffs, &declaration);
    cr_expect_not_null(old);
    declaration.accepted_at = day_us(2026, 12, 31) + INT64_C(86399999999);
    cr_expect_eq(gl_national_of_declaration(tariffs, &declaration), old);
    declaration.accepted_at++;
    cr_expect_neq(gl_national_of_declaration(tariffs, &declaration), old, "it has the countries of the entry before");
    cr_expect_not_null(gl_national_of_declaration(tariffs, &declaration));
    declaration.family = GL_DECLARATION_FAMILY_EXPORT;
    cr_expect_null(gl_national_of_declaration(tariffs, &declaration));
    declaration.family = GL_DECLARATION_FAMILY_ENTRY_SUMMARY;
    cr_expect_null(gl_national_of_declaration(tariffs, &declaration));
    declaration.family = GL_DECLARATION_FAMILY_IMPORT;
    declaration.accepted_at = day_us(2026, 1, 1) - 1;
    cr_expect_null(gl_national_of_declaration(tariffs, &declaration));
    declaration.accepted_at = INT64_MIN;
    cr_expect_null(gl_national_of_declaration(tariffs, &declaration));
    declaration.accepted_at = day_us(2026, 6, 1);
    declaration.declaration_office_id = GL_STR("BE343000");
    cr_expect_null(gl_national_of_declaration(tariffs, &declaration));
}

Test(national_record, what_is_to_be_paid_for)
{
    gl_declaration_amount price = {1050, 2, GL_STR("EUR")}, statistical = {12, 0, GL_STR("GBP")},
                          customs = {115, 1, GL_STR("GBP")}, nameless = {1, 0, GL_STR("")},
                          below = {-1, 0, GL_STR("GBP")}, huge = {1, 40, GL_STR("GBP")};
    gl_declaration_measure mass = {25, 1, GL_STR("KGM")};
    gl_declaration_goods_item item = {.item_charge_amount = &price, .net_mass = &mass};
    gl_duty_base base;
    cr_assert(gl_national_base(&base, &item));
    cr_expect_str_eq(base.currency, "EUR");
    cr_expect(base.value.unscaled == 1050 && base.value.scale == 2 && base.has_mass && base.net_mass_kg.unscaled == 25);
    item.statistical_value_amount = &statistical;
    mass.unit_code = GL_STR("LBR");
    cr_expect(gl_national_base(&base, &item) && base.value.unscaled == 12 && !base.has_mass, "no pounds");
    item.customs_value_amount = &customs;
    mass = (gl_declaration_measure){-25, 1, GL_STR("")};
    cr_expect(gl_national_base(&base, &item) && base.value.unscaled == 115 && !base.has_mass);
    item = (gl_declaration_goods_item){.customs_value_amount = &nameless, .item_charge_amount = &price};
    cr_expect(gl_national_base(&base, &item) && base.value.unscaled == 1050, "an amount of no currency is none");
    item = (gl_declaration_goods_item){.customs_value_amount = &below, .item_charge_amount = &huge};
    cr_expect(!gl_national_base(&base, &item));
}

static gl_text_class classified(const char *description, const char *declared)
{
    gl_text_class text;
    gl_classifier_classify(classifier, words, gl_str_of(description), gl_str_of(declared), &text);
    return text;
}

static gl_classification_item_national made(const char *description, const char *declared, gl_declaration_amount *price,
                                            gl_national_result expected)
{
    gl_declaration_goods_item item = {
        .description = gl_str_of(description), .commodity_code = gl_str_of(declared), .item_charge_amount = price};
    gl_text_class text = classified(description, declared);
    gl_classification_item_national out;
    const gl_national *national = gl_tariffs_find(tariffs, GL_STR("UK"), gl_date_days(2026, 6, 1));
    cr_expect_eq(gl_national_item(&out, national, classifier, &item, &text, scratch, arena), expected, "%s",
                 description);
    return out;
}

Test(national_record, an_item_with_all_of_it)
{
    gl_declaration_amount price = {5000, 2, GL_STR("GBP")};
    gl_classification_item_national out = made("men's cotton t-shirt", "6205200000", &price, GL_NATIONAL_ANSWERED);
    cr_expect(gl_str_eqz(out.answer_code, "61091000") && gl_str_eqz(out.likely_code, "61091000"));
    cr_expect(out.answer_confidence_ppm.set && out.answer_confidence_ppm.value == out.likely_confidence_ppm.value);
    cr_expect(gl_str_eqz(out.answer_rate, "12.0%") && gl_str_eqz(out.declared_rate, "8%"));
    cr_assert(out.duty_at_stake != NULL && out.duty_at_stake->amount != NULL && out.duty_at_stake->expected != NULL);
    cr_expect(gl_str_eqz(out.duty_at_stake->currency_code, "GBP"));
    cr_expect(out.duty_at_stake->amount->unscaled == 200 && out.duty_at_stake->amount->scale == 2, "6.00 less 4.00");
    cr_expect(out.duty_at_stake->expected->unscaled > 0 && out.duty_at_stake->expected->unscaled <= 200);
    cr_expect(out.duty_at_stake->expected_over_ppm >= out.answer_confidence_ppm.value);
}

Test(national_record, what_cannot_be_told_is_not_there)
{
    gl_declaration_amount price = {5000, 2, GL_STR("EUR")};
    gl_classification_item_national out = made("jigsaw puzzle for children", NULL, &price, GL_NATIONAL_OPEN);
    cr_expect(out.answer_code.ptr == NULL && !out.answer_confidence_ppm.set);
    cr_expect(gl_str_starts(out.likely_code, GL_STR("9503")) && out.likely_confidence_ppm.set);
    cr_expect(out.answer_rate.ptr == NULL, "its lines have several");
    cr_expect(out.declared_rate.ptr == NULL && out.duty_at_stake == NULL, "nothing is declared");
    out = made("men's cotton t-shirt", "62052000", NULL, GL_NATIONAL_ANSWERED);
    cr_expect(gl_str_eqz(out.declared_rate, "8%") && out.duty_at_stake == NULL, "nothing is to be paid for");
    out = made("men's cotton t-shirt", "69111000", &price, GL_NATIONAL_ANSWERED);
    cr_expect(gl_str_eqz(out.declared_rate, "10% + 2 GBP/kg") && out.duty_at_stake == NULL, "without a mass");
    out = made("gift", "62052000", &price, GL_NATIONAL_OPEN);
    cr_expect(out.likely_code.ptr == NULL && gl_str_eqz(out.declared_rate, "8%") && out.duty_at_stake == NULL);
    out = made("wireless bluetooth earphones", "62052000", &price, GL_NATIONAL_UNKNOWN_SUBHEADING);
    cr_expect(out.answer_code.ptr == NULL && out.answer_rate.ptr == NULL && gl_str_eqz(out.declared_rate, "8%"));
}

Test(national_record, long_words_are_cut_between_characters)
{
    gl_classification_item_national out = made("gift", "96170000", NULL, GL_NATIONAL_OPEN);
    cr_expect(out.declared_rate.len <= GL_NATIONAL_RECORD_RATE_BYTES &&
              out.declared_rate.len >= GL_NATIONAL_RECORD_RATE_BYTES - 2);
    cr_expect(gl_str_is_utf8(out.declared_rate, NULL));
    cr_expect(gl_str_starts(out.declared_rate, GL_STR(LONG_RATE)));
    cr_expect_eq(memcmp(out.declared_rate.ptr + out.declared_rate.len - 3, "\xE2\x80\xA6", 3), 0);
}

/* As somebody who asks over HTTP with three candidates. */
Test(national_record, the_same_as_over_http)
{
    static const char *const texts[] = {"men's cotton t-shirt",
                                        "jigsaw puzzle for children",
                                        "shirt",
                                        "porcelain coffee mug",
                                        "steel flask",
                                        "gift",
                                        "",
                                        "qqq zzz"};
    static const char *const codes[] = {"6205200000", "95030041", "950300", "691110", "61", ""};
    gl_desk *desk = gl_desk_new(classifier, 0);
    const gl_national *national = gl_tariffs_find(tariffs, GL_STR("UK"), gl_date_days(2026, 6, 1));
    gl_declaration_amount price = {123456, 2, GL_STR("GBP")};
    size_t stakes = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
            gl_declaration_goods_item item = {.description = gl_str_of(texts[i]),
                                              .commodity_code = gl_str_of(codes[k]),
                                              .item_charge_amount = &price};
            gl_ask ask = {.description = item.description, .declared = item.commodity_code, .limit = 3};
            gl_reply reply;
            gl_national_reply over;
            gl_classification_item_national out;
            ask.national = national;
            ask.has_value = gl_national_base(&ask.base, &item);
            gl_desk_answer(desk, &ask, &reply);
            gl_national_reply_make(&over, arena, gl_classifier_abstain_ppm(classifier), &ask, &reply);
            gl_text_class text = classified(texts[i], codes[k]);
            gl_national_item(&out, national, classifier, &item, &text, scratch, arena);
            cr_expect(gl_str_eqz(out.answer_code, over.answer == NULL ? NULL : over.answer->code), "%s", texts[i]);
            cr_expect_eq(out.duty_at_stake != NULL, over.has_stake || over.has_expected);
            if (out.duty_at_stake == NULL)
                continue;
            cr_expect_eq(out.duty_at_stake->amount != NULL ? out.duty_at_stake->amount->unscaled : INT64_MAX,
                         over.has_stake ? over.stake.unscaled : INT64_MAX);
            cr_expect_eq(out.duty_at_stake->expected_over_ppm, over.expected_ppm);
            stakes++;
        }
    cr_expect_geq(stakes, 6u);
    gl_desk_destroy(desk);
}
