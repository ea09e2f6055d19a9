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
    const gl_tariff_conf confs[] = {{"UK", GL_TARIFF_CSV, path, "2026-01-01", {NULL, 0}},
                                    {"UK", GL_TARIFF_CSV, path, "2027-01-01", {NULL, 0}},
                                    {"EU", GL_TARIFF_CSV, path, "", {NULL, 0}},
                                    {"UK", GL_TARIFF_CSV, path, "2026-07-01", {NULL, 0}}};
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
    } cases[] = {
        {{{"", GL_TARIFF_CSV, path, "", {NULL, 0}}, {"UK", GL_TARIFF_CSV, path, "", {NULL, 0}}}, "conf-value"},
        {{{"UK", GL_TARIFF_CSV, path, "soon", {NULL, 0}}, {"EU", GL_TARIFF_CSV, path, "", {NULL, 0}}}, "conf-value"},
        {{{"UK", GL_TARIFF_CSV, path, "", {NULL, 0}}, {"UK", GL_TARIFF_CSV, path, "", {NULL, 0}}}, "conf-value"},
        {{{"UK", GL_TARIFF_CSV, path, "", {NULL, 0}}, {"US", GL_TARIFF_US_HTS, path, "", {NULL, 0}}}, "tariff-invalid"},
        {{{"UK", GL_TARIFF_CSV, path, "", {NULL, 0}}, {"US", GL_TARIFF_CSV, "/nothing", "", {NULL, 0}}},
         "tariff-unreadable"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        cr_expect_null(gl_tariffs_load(cases[i].confs, 2, &err));
        cr_expect_str_eq(err.code, cases[i].code, "%s", err.message);
        cr_expect_eq(err.action, GL_FATAL);
    }
    gl_err err = {0};
    gl_tariffs *none = gl_tariffs_load(NULL, 0, &err);
    cr_expect(!gl_tariffs_any_country(none) && gl_tariffs_of_country(none, GL_STR("GB"), 0) == NULL);
    gl_buf names = {0};
    cr_assert_not_null(none);
    cr_expect_null(gl_tariffs_find(none, GL_STR(""), 0));
    gl_tariffs_names(none, 0, &names);
    cr_expect(gl_str_eqz(gl_buf_view(&names), "there is none"));
    gl_buf_free(&names);
    gl_tariffs_release(none);
}

static const char *uk[] = {"GB", "GB", "IM"}, *be[] = {"BE"}, *small[] = {"gb"}, *three[] = {"GBR"};

Test(tariffs, of_a_country_the_latest_that_holds)
{
    const gl_tariff_conf confs[] = {{"UK", GL_TARIFF_CSV, path, "2026-01-01", {uk, 3}},
                                    {"UK", GL_TARIFF_CSV, path, "2027-01-01", {NULL, 0}},
                                    {"HTTP", GL_TARIFF_CSV, path, "", {NULL, 0}},
                                    {"EU", GL_TARIFF_CSV, path, "", {be, 1}},
                                    {"Isle", GL_TARIFF_CSV, path, "2028-01-01", {uk + 2, 1}}};
    gl_err err = {0};
    gl_tariffs *tariffs = gl_tariffs_load(confs, 5, &err);
    int32_t spring = gl_date_days(2026, 3, 1), later = gl_date_days(2028, 3, 1);

    cr_assert_not_null(tariffs, "%s", err.message);
    cr_expect(gl_tariffs_any_country(tariffs));
    cr_expect_eq(gl_tariffs_of_country(tariffs, GL_STR("GB"), spring), gl_tariffs_find(tariffs, GL_STR("UK"), spring));
    cr_expect_eq(gl_tariffs_of_country(tariffs, GL_STR("IM"), spring), gl_tariffs_find(tariffs, GL_STR("UK"), spring));
    cr_expect_eq(gl_tariffs_of_country(tariffs, GL_STR("GB"), later), gl_tariffs_find(tariffs, GL_STR("UK"), later));
    cr_expect_eq(gl_tariffs_of_country(tariffs, GL_STR("IM"), later), gl_tariffs_find(tariffs, GL_STR("Isle"), later));
    cr_expect_eq(gl_tariffs_of_country(tariffs, GL_STR("BE"), 0), gl_tariffs_find(tariffs, GL_STR("EU"), 0));
    cr_expect_null(gl_tariffs_of_country(tariffs, GL_STR("GB"), gl_date_days(2025, 12, 31)));
    cr_expect_null(gl_tariffs_of_country(tariffs, GL_STR("FR"), spring));
    cr_expect_null(gl_tariffs_of_country(tariffs, GL_STR(""), spring));
    cr_expect_null(gl_tariffs_of_country(tariffs, GL_STR("be"), spring));
    gl_tariffs_release(tariffs);
}

Test(tariffs, a_country_has_one_tariff_a_day)
{
    const gl_tariff_conf cases[][2] = {
        {{"UK", GL_TARIFF_CSV, path, "", {uk, 3}}, {"EU", GL_TARIFF_CSV, path, "", {uk + 2, 1}}},
        {{"UK", GL_TARIFF_CSV, path, "", {small, 1}}, {"EU", GL_TARIFF_CSV, path, "", {NULL, 0}}},
        {{"UK", GL_TARIFF_CSV, path, "", {NULL, 0}}, {"EU", GL_TARIFF_CSV, path, "", {three, 1}}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        cr_expect_null(gl_tariffs_load(cases[i], 2, &err));
        cr_expect_str_eq(err.code, "conf-value", "%s", err.message);
    }
}

static const gl_metric_def defs[GL_TARIFFS_METRIC_COUNT] = {
    [GL_TARIFFS_INFO] = {"t_info", GL_GAUGE, "Info.", {"tariff", "version", "valid_from"}, {0}},
    [GL_TARIFFS_LINES] = {"t_lines", GL_GAUGE, "Lines.", {"tariff", "valid_from"}, {0}},
};

static gl_tariffs *loaded(const gl_tariff_conf *confs, size_t count)
{
    gl_err err = {0};
    gl_tariffs *tariffs = gl_tariffs_load(confs, count, &err);
    cr_assert_not_null(tariffs, "%s", err.message);
    return tariffs;
}

static void expect_shown(gl_metrics *metrics, const char *line, bool there)
{
    gl_buf text = {0};
    gl_metrics_render(metrics, &text);
    gl_buf_byte(&text, 0);
    cr_expect_eq(strstr((const char *)text.data, line) != NULL, there, "%s in\n%s", line, (const char *)text.data);
    gl_buf_free(&text);
}

Test(tariffs, what_is_used_is_swapped_whole_and_shown)
{
    const gl_tariff_conf first[] = {{"UK", GL_TARIFF_CSV, path, "", {NULL, 0}},
                                    {"EU", GL_TARIFF_CSV, path, "2027-01-01", {NULL, 0}}},
                         second[] = {{"EU", GL_TARIFF_CSV, path, "2027-01-01", {NULL, 0}},
                                     {"US", GL_TARIFF_CSV, path, "", {NULL, 0}}};
    gl_metrics *metrics = gl_metrics_new();
    gl_tariffs_slot *slot = gl_tariffs_slot_new(loaded(first, 2), metrics, defs);
    gl_tariffs *held = gl_tariffs_slot_get(slot);

    expect_shown(metrics, "t_lines{tariff=\"UK\",valid_from=\"\"} 1\n", true);
    expect_shown(metrics, "t_lines{tariff=\"EU\",valid_from=\"2027-01-01\"} 1\n", true);
    expect_shown(metrics, "t_info{tariff=\"UK\",version=\"UK/", true);
    gl_tariffs_slot_put(slot, loaded(second, 2));
    expect_shown(metrics, "tariff=\"UK\"", false);
    expect_shown(metrics, "t_lines{tariff=\"EU\",valid_from=\"2027-01-01\"} 1\n", true);
    expect_shown(metrics, "t_info{tariff=\"US\",version=\"US/", true);
    cr_expect_not_null(gl_tariffs_find(held, GL_STR("UK"), 0), "who has the old ones keeps them");
    gl_tariffs *now = gl_tariffs_slot_get(slot);
    cr_expect(gl_tariffs_find(now, GL_STR("UK"), 0) == NULL && gl_tariffs_find(now, GL_STR("US"), 0) != NULL);
    gl_tariffs_release(now);
    gl_tariffs_release(held);
    gl_tariffs_slot_put(slot, loaded(NULL, 0));
    expect_shown(metrics, "t_info{", false);
    gl_tariffs_slot_destroy(slot);
    gl_metrics_destroy(metrics);
}
