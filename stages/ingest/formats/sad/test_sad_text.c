/* Numbers and dates in the locale of whoever exported: what is read, and what is not because it could be two. */
#include <criterion/criterion.h>

#include "ingest/formats/sad/sad_text.h"

typedef struct number_case {
    const char *learned; /* parted by ';' */
    const char *text, *number;
} number_case;

static gl_sad_locale learn(const char *texts, void (*one)(gl_sad_locale *, gl_str))
{
    gl_sad_locale locale = {0};
    while (*texts != 0) {
        size_t len = strcspn(texts, ";");
        one(&locale, (gl_str){texts, len});
        texts += len + (texts[len] == ';');
    }
    return locale;
}

static const number_case numbers[] = {
    {"", "1234.5", "1234.5"},
    {"", "1,234.50", "1234.50"},
    {"", "1 234,50", "1234.50"},
    {"",
     "1\xC2\xA0"
     "234,5",
     "1234.5"},
    {"", "1'234'567.25", "1234567.25"},
    {"", "1.234.567,89", "1234567.89"},
    {"", "1,234,567", "1234567"},
    {"", "0.125", "0.125"},
    {"", "1234,5", "1234.5"},
    {"", "12345.678", "12345.678"},
    {"", "1.5E7", "15000000"},
    {"", "1.0E-4", "0.00010"},
    {"", "-2.50", "-2.50"},
    {"", "007", "7"},
    {"", ".5", "0.5"},
    {"", "0.1234567890123456789", "0.123456789012346"},
    {"", "0.9999999999999999", "1.000000000000000"},
    {"", "0999.9999999999999999", "1000.00000000000000"},
    {"0.0", "1.234", "1.234"},
    {"0.0", "1,234", "1234"},
    {"0,5", "1.234", "1234"},
    {"0,5", "1,234", "1.234"},
    {"1,234,567", "1.234", "1.234"},
    {"", "1.234", "?"},
    {"0,5;0.5", "1,234", "?"},
    {"", "1,23,4", "!"},
    {"", "1.234,5.6", "!"},
    {"", "12 %", "!"},
    {"", "1. 234", "!"},
    {"", "1 23", "!"},
    {"", "1234 567", "!"},
    {"", "1 23,5", "!"},
    {"", "12 345 678,9", "12345678.9"},
    {"", "", "!"},
    {"", "-", "!"},
    {"", "E5", "!"},
    {"", "1E", "!"},
    {"", "1E99", "!"},
    {"", "123456789012345678", "!"},
};

Test(sad_text, numbers)
{
    gl_arena *arena = gl_arena_new(0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const number_case *c = &numbers[i];
        gl_sad_locale locale = learn(c->learned, gl_sad_learn_number);
        gl_str number = GL_STR("");
        gl_sad_reading reading = gl_sad_number(arena, &locale, gl_str_of(c->text), &number);
        gl_str got = reading == GL_SAD_READ ? number : reading == GL_SAD_AMBIGUOUS ? GL_STR("?") : GL_STR("!");
        cr_expect(gl_str_eqz(got, c->number), "\"%s\" after \"%s\": %.*s, not %s", c->text, c->learned, GL_STR_ARG(got),
                  c->number);
    }
    gl_arena_destroy(arena);
}

static const number_case dates[] = {
    {"", "2015-05-14", "2015-05-14"},
    {"", "2015-05-14T10:00:00+06:00", "2015-05-14"},
    {"", "5/14/15", "2015-05-14"},
    {"", "14/05/2015", "2015-05-14"},
    {"", "14.05.2015 10:30", "2015-05-14"},
    {"", "14-MAY-2015", "2015-05-14"},
    {"", "3-Oct-98", "1998-10-03"},
    {"", "5/5/15", "2015-05-05"},
    {"", "5/6/15", "?"},
    {"5/14/15", "5/6/15", "2015-05-06"},
    {"25/12/2014", "5/6/15", "2015-06-05"},
    {"25/12/2014;12/25/2014", "5/6/15", "?"},
    {"2015-12-25", "5/6/15", "?"},
    {"", "31/04/2015", "!"},
    {"", "29/02/2015", "!"},
    {"", "29/02/2016", "2016-02-29"},
    {"", "14/05/215", "!"},
    {"", "14/05", "!"},
    {"", "14/05-2015", "!"},
    {"", "today", "!"},
    {"", "20150514", "!"},
    {"", "2015-05-14x", "!"},
};

Test(sad_text, dates)
{
    gl_arena *arena = gl_arena_new(0);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        const number_case *c = &dates[i];
        gl_sad_locale locale = learn(c->learned, gl_sad_learn_date);
        gl_str date = GL_STR("");
        gl_sad_reading reading = gl_sad_date(arena, &locale, gl_str_of(c->text), &date);
        gl_str got = reading == GL_SAD_READ ? date : reading == GL_SAD_AMBIGUOUS ? GL_STR("?") : GL_STR("!");
        cr_expect(gl_str_eqz(got, c->number), "\"%s\" after \"%s\": %.*s, not %s", c->text, c->learned, GL_STR_ARG(got),
                  c->number);
    }
    gl_arena_destroy(arena);
}

Test(sad_text, zero)
{
    static const char *const zeros[] = {"0", "0.0", "0,00", "0.000", "-0.0"}, *const others[] = {"", "0.1", "1", "0x",
                                                                                                 "-"};
    for (size_t i = 0; i < 5; i++) {
        cr_expect(gl_sad_zero(gl_str_of(zeros[i])), "%s", zeros[i]);
        cr_expect_not(gl_sad_zero(gl_str_of(others[i])), "%s", others[i]);
    }
}
