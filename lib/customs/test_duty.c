/* Rates in the words of tariffs: what is computed, and what stays words. */
#include "customs/duty.h"

#include <criterion/criterion.h>

static void expect_share(const char *text, int32_t ppm)
{
    gl_duty duty = gl_duty_parse(gl_str_of(text));
    cr_expect_eq(duty.kind, GL_DUTY_AD_VALOREM, "%s", text);
    cr_expect_eq(duty.ad_valorem_ppm, ppm, "%s: %d", text, (int)duty.ad_valorem_ppm);
}

Test(duty, shares_of_the_value_are_exact)
{
    expect_share("Free", 0);
    expect_share("0.0%", 0);
    expect_share("12.0%", 120000);
    expect_share(" 16.5 % ", 165000);
    expect_share("0.0001%", 1);
    expect_share("2000%", GL_DUTY_LIMIT_PPM);
    cr_expect_eq(gl_duty_parse(GL_STR("")).kind, GL_DUTY_NONE);
    cr_expect_str_eq(gl_duty_kind_name(GL_DUTY_AD_VALOREM), "ad-valorem");
}

Test(duty, amounts_by_quantity)
{
    gl_str text = GL_STR("10.00% + 77.00 GBP/100kg");
    gl_duty duty = gl_duty_parse(text);
    char amount[GL_DECIMAL_TEXT_BYTES];

    cr_assert_eq(duty.kind, GL_DUTY_SPECIFIC);
    cr_expect(duty.ad_valorem_ppm == 100000 && duty.term_count == 1);
    cr_expect_str_eq(duty.terms[0].currency, "GBP");
    cr_expect_eq(gl_decimal_compare(duty.terms[0].per, (gl_decimal){100, 0}), 0);
    cr_expect(gl_str_eqz(duty.terms[0].unit, "kg"));
    duty = gl_duty_parse(GL_STR("1.5\xC2\xA2/kg +2%"));
    cr_assert(duty.kind == GL_DUTY_SPECIFIC && duty.ad_valorem_ppm == 20000);
    cr_expect_str_eq(duty.terms[0].currency, "USD");
    cr_expect(gl_str_eqz(gl_decimal_format(duty.terms[0].amount, amount), "0.015"));
    duty = gl_duty_parse(GL_STR("$1.61 each + 4.4%"));
    cr_expect(duty.kind == GL_DUTY_SPECIFIC && gl_str_eqz(duty.terms[0].unit, "each"));
    duty = gl_duty_parse(GL_STR("0.9 EUR / % vol / hl + 6.4 EUR / hl"));
    cr_expect(duty.kind == GL_DUTY_SPECIFIC && duty.term_count == 2 && gl_str_eqz(duty.terms[0].unit, "% vol / hl"));
    cr_expect_eq(gl_duty_parse(GL_STR("4\xC2\xA2/m2 + 5%")).kind, GL_DUTY_SPECIFIC);
}

Test(duty, what_says_more_stays_words)
{
    static const char *const texts[] = {
        "Entry Price",
        "6.0% MIN 0.25 EUR / item",
        "5.5 EUR / item MIN 2% MAX 5%",
        "10% + 20 EUR / 100 kg MAX 30%",
        "8.3% +  EA MAX 18.7%  + ADSZ",
        "10.0% (1 JUL - 31 JAN), 8.0% (1 FEB - 30 JUN)",
        "3.6606\xC2\xA2/kg less 0.020668\xC2\xA2/kg for each degree under 100 degrees but not less than 3.1\xC2\xA2/kg",
        "The duty provided in the applicable subheading + 25%",
        "6% on the case",
        "5% + 6%",
        "1 EUR",
        "1 EUR/kg + 1 EUR/kg + 1 EUR/kg + 1 EUR/kg",
        "3000%",
        "0.00001%",
        "12%%",
        "12% +",
        "+",
        "$",
        "1.2",
        "1..2%",
        "1 EUR/0 kg",
        "5\xC2\xA2/5",
        "Free, under bond, as prescribed in U.S. note 1 to this subchapter",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        gl_duty duty = gl_duty_parse(gl_str_of(texts[i]));
        cr_expect(duty.kind == GL_DUTY_TEXT && duty.ad_valorem_ppm == 0 && duty.term_count == 0, "%s", texts[i]);
    }
}

static void expect_amount(const char *rate, const gl_duty_base *base, const char *wanted)
{
    gl_duty duty = gl_duty_parse(gl_str_of(rate));
    char text[GL_DECIMAL_TEXT_BYTES];
    gl_decimal amount;
    bool good = gl_duty_compute(&duty, base, 2, &amount);

    cr_assert_eq(good, wanted != NULL, "%s", rate);
    if (good)
        cr_expect(gl_str_eqz(gl_decimal_format(amount, text), wanted), "%s", rate);
}

Test(duty, computed_only_when_all_of_it_is_known)
{
    gl_duty_base pounds = {.value = {10005, 2}, .currency = "GBP"}, weighed = pounds,
                 dollars = {{100, 0}, "USD", true, {2500, 1}};

    weighed.has_mass = true;
    weighed.net_mass_kg = (gl_decimal){25, 1};
    expect_amount("12.0%", &pounds, "12.01");
    expect_amount("Free", &pounds, "0.00");
    expect_amount("10.00% + 77.00 GBP/100kg", &pounds, NULL);
    expect_amount("10.00% + 77.00 GBP/100kg", &weighed, "11.93");
    expect_amount("10.00% + 77.00 EUR/100kg", &weighed, NULL);
    expect_amount("8.00 GBP / tonne", &weighed, "0.02");
    expect_amount("8.00 GBP / hl", &weighed, NULL);
    expect_amount("1\xC2\xA2/kg + 2%", &dollars, "4.50");
    expect_amount("Entry Price", &weighed, NULL);
    expect_amount("", &weighed, NULL);
    expect_amount("7 GBP/3 kg", &weighed, NULL);
}

Test(duty, what_somebody_declared_is_checked)
{
    gl_duty_base base = {.currency = "XXX"};
    cr_expect(gl_duty_base_put(&base, (gl_decimal){1050, 2}, GL_STR("EUR")));
    cr_expect(base.value.unscaled == 1050 && base.value.scale == 2 && strcmp(base.currency, "EUR") == 0);
    cr_expect(!gl_duty_base_put(&base, (gl_decimal){-1, 2}, GL_STR("GBP")));
    cr_expect(!gl_duty_base_put(&base, (gl_decimal){1, -1}, GL_STR("GBP")));
    cr_expect(!gl_duty_base_put(&base, (gl_decimal){1, 19}, GL_STR("GBP")));
    cr_expect(!gl_duty_base_put(&base, (gl_decimal){1, 0}, GL_STR("")));
    cr_expect(!gl_duty_base_put(&base, (gl_decimal){1, 0}, (gl_str){NULL, 0}));
    cr_expect(!gl_duty_base_put(&base, (gl_decimal){1, 0}, GL_STR("GBPX")));
    cr_expect(strcmp(base.currency, "EUR") == 0, "what is refused changes nothing");
    cr_expect(gl_duty_base_put_mass(&base, (gl_decimal){25, 1}) && base.has_mass);
    cr_expect(!gl_duty_base_put_mass(&base, (gl_decimal){-25, 1}) && !base.has_mass);
    cr_expect(!gl_duty_base_put_mass(&base, (gl_decimal){25, 99}) && !base.has_mass);
}
