/* The operator's tariffs: by name and day, all or none. */
#include "classify/tariffs.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

static char path[] = "/tmp/gl-tariff-XXXXXX";

static void set_up(void)
{
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    cr_assert(file != NULL && fputs("code,description,rate\n61091000,T-shirts of cotton,12%\n", file) >= 0 &&
              fclose(file) == 0);
}

static void tear_down(void)
{
    unlink(path);
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
}

TestSuite(tariffs, .init = set_up, .fini = tear_down);

Test(tariffs, of_one_name_the_latest_that_holds)
{
    const gl_tariff_conf confs[] = {{"UK", GL_TARIFF_CSV, path, "2026-01-01"},
                                    {"UK", GL_TARIFF_CSV, path, "2027-01-01"},
                                    {"EU", GL_TARIFF_CSV, path, ""},
                                    {"UK", GL_TARIFF_CSV, path, "2026-07-01"}};
    gl_err err = {0};
    gl_tariffs *tariffs = gl_tariffs_load(confs, 4, &err);
    gl_buf names = {0};

    cr_assert_not_null(tariffs, "%s", err.message);
    cr_expect_null(gl_tariffs_find(tariffs, GL_STR("UK"), gl_date_days(2025, 12, 31)));
    const gl_national *spring = gl_tariffs_find(tariffs, GL_STR("UK"), gl_date_days(2026, 3, 1)),
                      *autumn = gl_tariffs_find(tariffs, GL_STR("UK"), gl_date_days(2026, 12, 31)),
                      *next = gl_tariffs_find(tariffs, GL_STR("UK"), gl_date_days(2027, 1, 1));
    cr_expect(spring != NULL && autumn != NULL && next != NULL && spring != autumn && autumn != next);
    cr_expect_not_null(gl_tariffs_find(tariffs, GL_STR("EU"), 0));
    cr_expect_null(gl_tariffs_find(tariffs, GL_STR("uk"), gl_date_days(2027, 1, 1)));
    cr_expect_eq(gl_tariffs_find(tariffs, GL_STR(""), gl_date_days(2026, 3, 1)), spring, "the first of the list");
    gl_tariffs_names(tariffs, gl_date_days(2026, 8, 1), &names);
    cr_expect(gl_str_eqz(gl_buf_view(&names), "UK, EU"));
    names.len = 0;
    gl_tariffs_names(tariffs, gl_date_days(2025, 8, 1), &names);
    cr_expect(gl_str_eqz(gl_buf_view(&names), "EU"));
    gl_buf_free(&names);
    gl_tariffs_release(gl_tariffs_retain(tariffs));
    gl_tariffs_release(tariffs);
}

Test(tariffs, what_does_not_fit_is_refused)
{
    const struct {
        gl_tariff_conf confs[2];
        const char *code;
    } cases[] = {{{{"", GL_TARIFF_CSV, path, ""}, {"UK", GL_TARIFF_CSV, path, ""}}, "conf-value"},
                 {{{"UK", GL_TARIFF_CSV, path, "soon"}, {"EU", GL_TARIFF_CSV, path, ""}}, "conf-value"},
                 {{{"UK", GL_TARIFF_CSV, path, ""}, {"UK", GL_TARIFF_CSV, path, ""}}, "conf-value"},
                 {{{"UK", GL_TARIFF_CSV, path, ""}, {"US", GL_TARIFF_US_HTS, path, ""}}, "tariff-invalid"},
                 {{{"UK", GL_TARIFF_CSV, path, ""}, {"US", GL_TARIFF_CSV, "/nothing", ""}}, "tariff-unreadable"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        cr_expect_null(gl_tariffs_load(cases[i].confs, 2, &err));
        cr_expect_str_eq(err.code, cases[i].code, "%s", err.message);
        cr_expect_eq(err.action, GL_FATAL);
    }
    gl_err err = {0};
    gl_tariffs *none = gl_tariffs_load(NULL, 0, &err);
    gl_buf names = {0};
    cr_assert_not_null(none);
    cr_expect_null(gl_tariffs_find(none, GL_STR(""), 0));
    gl_tariffs_names(none, 0, &names);
    cr_expect(gl_str_eqz(gl_buf_view(&names), "there is none"));
    gl_buf_free(&names);
    gl_tariffs_release(none);
}
