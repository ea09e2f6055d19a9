/* Dates against the C library's own arithmetic over 2,800 years, instants in RFC 3339's forms. */
#include "base/clock.h"

#include <criterion/criterion.h>
#include <time.h>

Test(clock, civil_dates_agree_with_the_c_library)
{
    for (int32_t days = -500000; days <= 500000; days += 7) {
        time_t seconds = (time_t)days * 86400;
        struct tm tm;
        cr_assert(gmtime_r(&seconds, &tm) != NULL);
        int year = 0, month = 0, day = 0;
        gl_date_civil(days, &year, &month, &day);
        cr_assert(year == tm.tm_year + 1900 && month == tm.tm_mon + 1 && day == tm.tm_mday, "day %d", days);
        cr_assert_eq(gl_date_days(year, month, day), days);
    }
}

Test(clock, parses_dates_and_refuses_those_that_do_not_exist)
{
    int32_t days = 1;
    cr_assert(gl_date_parse(GL_STR("1970-01-01"), &days) && days == 0);
    cr_assert(gl_date_parse(GL_STR("2024-02-29"), &days) && days == 19782);
    cr_assert(gl_date_parse(GL_STR("2000-02-29"), &days));
    cr_assert(gl_date_parse(GL_STR("0000-01-01"), &days) && days == -719528);
    cr_assert(gl_date_parse(GL_STR("9999-12-31"), &days));
    static const char *const bad[] = {"",           "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01",
                                      "2024-01-00", "2024-04-31", "2024-1-01",  "24-01-01",   "2024-01-01 ",
                                      "2024/01/01", "20240101",   "+024-01-01", "2024-01-0x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(gl_date_parse(gl_str_of(bad[i]), &days), "%s", bad[i]);
}

Test(clock, parses_instants)
{
    int64_t us = 0;
    cr_assert(gl_time_parse(GL_STR("1970-01-01T00:00:00Z"), &us) && us == 0);
    cr_assert(gl_time_parse(GL_STR("2026-11-24T06:35:01.123456Z"), &us) && us == 1795502101123456);
    cr_assert(gl_time_parse(GL_STR("2026-11-24t07:35:01.1234569+01:00"), &us) && us == 1795502101123456);
    cr_assert(gl_time_parse(GL_STR("2026-11-24 01:05:01-05:30"), &us) && us == 1795502101000000);
    cr_assert(gl_time_parse(GL_STR("1969-12-31T23:59:59.5z"), &us) && us == -500000);
    cr_assert(gl_time_parse(GL_STR("2016-12-31T23:59:60Z"), &us) && us == 1483228800000000);
    static const char *const bad[] = {
        "2026-11-24",           "2026-11-24T06:35Z",     "2026-11-24T06:35:01",       "2026-11-24T24:00:00Z",
        "2026-11-24T06:60:00Z", "2026-11-24T06:35:61Z",  "2026-11-24T06:35:01.Z",     "2026-11-24T06:35:01+1:00",
        "2026-02-30T00:00:00Z", "2026-11-24T06:35:01ZZ", "2026-11-24T06:35:01+24:00", "2026-11-24T06:35:01+01:60",
        "2026-11-24T06:35:01 Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(gl_time_parse(gl_str_of(bad[i]), &us), "%s", bad[i]);
}

Test(clock, formats_what_it_parses)
{
    static const int64_t instants[] = {0, -1, 1, 1795502101123456, -62167219200000000, 253402300799999999};
    char text[GL_TIME_TEXT_BYTES];
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        int64_t back = 0;
        gl_str s = gl_time_format(instants[i], text);
        cr_assert(gl_time_parse(s, &back) && back == instants[i], "%.*s", GL_STR_ARG(s));
    }
    cr_assert_str_eq(gl_time_format(1795502101123456, text).ptr, "2026-11-24T06:35:01.123456Z");
    cr_assert_lt(gl_time_format(INT64_MIN, text).len, (size_t)GL_TIME_TEXT_BYTES);
    cr_assert_lt(gl_time_format(INT64_MAX, text).len, (size_t)GL_TIME_TEXT_BYTES);
}

Test(clock, clocks_go_forward)
{
    int64_t mono = gl_mono_us(), cpu = gl_thread_cpu_us();
    cr_assert_gt(gl_wall_us(), 1700000000000000);
    while (gl_thread_cpu_us() - cpu < 1000)
        continue;
    cr_assert_geq(gl_mono_us() - mono, 900);
}
