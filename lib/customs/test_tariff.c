/* Tariffs: each format as lines in order, what is refused with its row, and look-ups. */
#include "customs/tariff.h"

#include <criterion/criterion.h>

#include "io/test_pack.h"

#define UK_HEAD "commodity,description,cet_duty_rate,ukgt_duty_rate,change\n"

static const char uk[] = UK_HEAD "71131900,\"Jewellery, of gold (excl. watches)\",2.5%,2.0%,Reduced\n"
                                 "0101210000,Horses for breeding,0.0%,Free,No change\n"
                                 "01012910,Horses for riding,11.5%,10.0%,Reduced\n"
                                 "01012990,Horses (excl. for riding),Entry Price,10.0% + 2.00 GBP/100kg,Reduced\n";

static const char hts[] =
    "[{\"htsno\":\"6109\",\"indent\":\"0\",\"description\":\"T-shirts, knitted:\",\"general\":\"\"},"
    "{\"htsno\":\"6109.10.00\",\"indent\":\"1\",\"description\":\"Of cotton\",\"general\":\"16.5%\"},"
    "{\"htsno\":\"\",\"indent\":\"2\",\"description\":\"Men's or boys':\",\"general\":\"\"},"
    "{\"htsno\":\"6109.10.00.12\",\"indent\":\"3\",\"description\":\"Men's (338)\",\"general\":\"\"},"
    "{\"htsno\":\"6109.10.00.40\",\"indent\":\"2\",\"description\":\"Women's (339)\",\"general\":\"\"},"
    "{\"htsno\":\"6109.90.10\",\"indent\":\"1\",\"description\":\"Of man-made fibers\",\"general\":\"32%\"}]";

static gl_tariff *tariff;

static void tear_down(void)
{
    gl_tariff_destroy(tariff);
    tariff = NULL;
}

TestSuite(tariff, .fini = tear_down);

static void read_good(gl_tariff_format format, const char *bytes)
{
    gl_err err = {0};
    tear_down();
    tariff = gl_tariff_parse(GL_STR("T"), format, gl_str_of(bytes), &err);
    cr_assert_not_null(tariff, "%s", err.message);
}

static void expect_refused(gl_tariff_format format, const char *bytes, const char *message)
{
    gl_err err = {0};
    cr_assert_null(gl_tariff_parse(GL_STR("T"), format, gl_str_of(bytes), &err), "%s", bytes);
    cr_expect_str_eq(err.code, "tariff-invalid");
    cr_expect_eq(err.action, GL_FATAL);
    cr_expect_str_eq(err.message, message);
}

Test(tariff, the_uk_file_with_either_rate)
{
    const gl_tariff_line *line;

    read_good(GL_TARIFF_UK_GLOBAL, uk);
    gl_tariff_counts counts = gl_tariff_count(tariff);
    cr_expect(counts.rows == 4 && counts.lines == 4 && counts.headings == 0 && counts.declarable == 4);
    cr_expect(counts.rates[GL_DUTY_AD_VALOREM] == 3 && counts.rates[GL_DUTY_SPECIFIC] == 1);
    cr_assert_eq(gl_tariff_under(tariff, GL_STR("0101"), &line), 3);
    cr_expect_str_eq(line->code, "0101210000");
    cr_assert_eq(gl_tariff_under(tariff, GL_STR("010129"), &line), 2);
    cr_expect(gl_str_eqz(line[1].text, "Horses (excl. for riding)") &&
              gl_str_eqz(line[1].rate, "10.0% + 2.00 GBP/100kg"));
    cr_expect_eq(gl_tariff_under(tariff, GL_STR("0102"), &line), 0);
    cr_expect_eq(gl_tariff_under(tariff, GL_STR("01012990000"), &line), 0);
    cr_expect_str_eq(gl_tariff_find(tariff, GL_STR("7113190000"))->code, "71131900");
    cr_expect_str_eq(gl_tariff_find(tariff, GL_STR("71131900"))->code, "71131900");
    cr_expect_null(gl_tariff_find(tariff, GL_STR("711319")));
    cr_expect_null(gl_tariff_find(tariff, GL_STR("71131910")));
    static const char *const strange[] = {"00000/", "/////0",  "99999999",
                                          "000000", "7113.19", "\xff\xff\xff\xff\xff\xff"};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        cr_expect(gl_tariff_find(tariff, gl_str_of(strange[i])) == NULL &&
                      gl_tariff_under(tariff, gl_str_of(strange[i]), &line) == 0 && line == NULL,
                  "%s", strange[i]);
    read_good(GL_TARIFF_UK_GLOBAL_CET, uk);
    cr_expect_eq(gl_tariff_count(tariff).rates[GL_DUTY_TEXT], 1);
    cr_expect_eq(gl_tariff_find(tariff, GL_STR("71131900"))->duty.ad_valorem_ppm, 25000);
}

Test(tariff, the_us_export_is_read_with_what_rows_stand_under)
{
    read_good(GL_TARIFF_US_HTS, hts);
    gl_tariff_counts counts = gl_tariff_count(tariff);
    cr_expect(counts.rows == 6 && counts.headings == 2 && counts.lines == 4 && counts.declarable == 3);
    const gl_tariff_line *line = gl_tariff_find(tariff, GL_STR("6109100012"));
    cr_expect(gl_str_eqz(line->text, "T-shirts, knitted > Of cotton > Men's or boys' > Men's (338)"));
    cr_expect(gl_str_eqz(line->rate, "16.5%") && line->duty.ad_valorem_ppm == 165000 && line->declarable);
    cr_expect_not(gl_tariff_find(tariff, GL_STR("61091000"))->declarable);
    cr_expect(gl_str_eqz(gl_tariff_find(tariff, GL_STR("6109901000"))->text, "T-shirts, knitted > Of man-made fibers"));
}

Test(tariff, a_level_that_no_row_is_of_is_left_out)
{
    read_good(GL_TARIFF_US_HTS, "[{\"htsno\":\"6109\",\"indent\":0,\"description\":\"T-shirts\"},"
                                "{\"htsno\":\"6109.10.00\",\"indent\":2,\"description\":\"Of cotton\"}]");
    cr_expect(gl_str_eqz(gl_tariff_find(tariff, GL_STR("61091000"))->text, "T-shirts > Of cotton"));
}

Test(tariff, the_us_schedule_as_lines_by_code)
{
    read_good(GL_TARIFF_US_HTS,
              "{\"6109\":{\"code\":\"6109\",\"description\":\"T-shirts\",\"general_raw\":\"\"},"
              "\"61091000\":{\"code\":\"6109.10.00\",\"description\":\"T-shirts \xE2\x80\x94 Of cotton\","
              "\"general_raw\":\"16.5%\"}}");
    cr_expect(gl_str_eqz(gl_tariff_find(tariff, GL_STR("61091000"))->text, "T-shirts > Of cotton"));
    cr_expect_eq(gl_tariff_count(tariff).headings, 1);
}

Test(tariff, plain_csv_packed_or_not_and_its_version)
{
    gl_err err = {0};
    char version[32];
    const char *text = "rate,code,description\n4%,6109.10.00,\"T-shirts, of cotton\"\n";

    read_good(GL_TARIFF_CSV, text);
    snprintf(version, sizeof version, "%s", gl_tariff_version(tariff));
    cr_expect(strncmp(version, "T/", 2) == 0 && strlen(version) == 10);
    gl_buf packed = test_gzip(gl_str_of(text));
    tear_down();
    tariff = gl_tariff_parse(GL_STR("T"), GL_TARIFF_CSV, gl_buf_view(&packed), &err);
    cr_assert_not_null(tariff, "%s", err.message);
    cr_expect_str_eq(gl_tariff_version(tariff), version);
    cr_assert_null(gl_tariff_parse(GL_STR("T"), GL_TARIFF_CSV, (gl_str){(char *)packed.data, 20}, &err));
    cr_expect_str_eq(err.code, "tariff-packed");
    gl_buf_free(&packed);
    read_good(GL_TARIFF_CSV, "code,description\n610910,\"T-shirts\"\n");
    cr_expect_eq(gl_tariff_find(tariff, GL_STR("61091000"))->duty.kind, GL_DUTY_NONE);
}

Test(tariff, what_cannot_be_read_is_said_with_its_row)
{
    expect_refused(GL_TARIFF_UK_GLOBAL, "code,description\n", "row 1: there is no column \"commodity\"");
    expect_refused(GL_TARIFF_UK_GLOBAL, "commodity,description,cet_duty_rate\n",
                   "row 1: there is no column \"ukgt_duty_rate\"");
    expect_refused(GL_TARIFF_UK_GLOBAL, UK_HEAD "0101210,x,1%,1%,x\n",
                   "row 2: the code is not one of 2 to 10 digits, two by two");
    expect_refused(GL_TARIFF_UK_GLOBAL, UK_HEAD "\n01012100, ,1%,1%,x\n", "row 3: there is no description");
    expect_refused(GL_TARIFF_UK_GLOBAL, UK_HEAD "01012100,\"a\"b,1%,1%,x\n",
                   "row 2: text follows the closing quote of a cell");
    expect_refused(GL_TARIFF_CSV, "code,description\n01012100,a\n0101.21.00,b\n", "the code 01012100 is there twice");
    expect_refused(GL_TARIFF_CSV, "code,description\n0101,a\n", "there is no line of six digits or more");
    expect_refused(GL_TARIFF_CSV, "", "there is no line of six digits or more");
    expect_refused(GL_TARIFF_US_HTS, "[7]", "row 1: \"indent\" is not a number from 0 to 15");
    expect_refused(GL_TARIFF_US_HTS, "[{\"indent\":\"1\",\"htsno\":\"0101.21.00\"}]", "row 1: there is no description");
    expect_refused(GL_TARIFF_US_HTS, "{\"0101\":7}", "\"0101\": a line is an object");
    expect_refused(GL_TARIFF_US_HTS, "\"0101\"", "neither a list of rows nor an object of lines");
}

Test(tariff, names_and_files)
{
    gl_err err = {0};

    cr_expect_null(gl_tariff_open("T", GL_TARIFF_CSV, "/nonexistent/tariff.csv", &err));
    cr_expect_str_eq(err.code, "tariff-unreadable");
    cr_expect_null(gl_tariff_parse(GL_STR("a b"), GL_TARIFF_CSV, GL_STR(""), &err));
    cr_expect_str_eq(err.code, "tariff-name");
    cr_expect(gl_tariff_is_name(GL_STR("UK-2026")) && !gl_tariff_is_name(GL_STR("")) &&
              !gl_tariff_is_name(GL_STR("1234567890123456789012345")));
}
