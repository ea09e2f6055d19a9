/* A daemon's metrics as the command reads them: the format's own examples, what is wrong in it, and quantiles. */
#include "cli/exposition.h"

#include <criterion/criterion.h>
#include <math.h>

static gl_arena *arena;

static void begin(void)
{
    arena = gl_arena_new(0);
}

static void end(void)
{
    gl_arena_destroy(arena);
}

TestSuite(exposition, .init = begin, .fini = end);

static gl_exposition parsed(const char *text)
{
    gl_exposition all;
    gl_err err = {0};
    cr_assert(gl_exposition_parse(arena, gl_str_of(text), &all, &err), "%s", err.message);
    return all;
}

Test(exposition, samples_comments_and_escapes)
{
    gl_exposition all = parsed("# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n"
                               "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
                               "http_requests_total{method=\"post\",code=\"400\",}    3\r\n\n"
                               "odd{path=\"C:\\\\DIR\\\"x\\n\"} 1.5e3\nmetric_without_labels 12.47\nup +Inf\ndown NaN");
    cr_assert_eq(all.count, 6u);
    cr_assert_eq(gl_exposition_sum(&all, "http_requests_total", NULL, NULL), 1030);
    cr_assert_eq(gl_exposition_sum(&all, "http_requests_total", "code", "400"), 3);
    cr_assert_eq(gl_exposition_sum(&all, "missing", NULL, NULL), 0);
    cr_assert_eq(gl_exposition_max(&all, "http_requests_total"), 1027);
    cr_assert(gl_str_eqz(gl_exposition_text(&all, "odd", "path"), "C:\\DIR\"x\n"));
    cr_assert_eq(gl_exposition_text(&all, "odd", "other").len, 0u);
    cr_assert(isinf(gl_exposition_sum(&all, "up", NULL, NULL)));
    cr_assert_eq(gl_exposition_sum(&all, "down", NULL, NULL), 0, "what is no number is left out of a sum");
}

Test(exposition, what_is_wrong_is_named_with_its_line)
{
    static const char *const bad[] = {
        "a 1\n{x=\"y\"} 1", "a 1\nb{x=\"y} 1", "a 1\nb{x=y} 1",      "a 1\nb{x=\"y\" 1", "a 1\nb",
        "a 1\nb x",         "a 1\nb 1x",       "a 1\n<html></html>", "a 1\nb{x=\"y\\",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gl_exposition all;
        gl_err err = {0};
        cr_assert_not(gl_exposition_parse(arena, gl_str_of(bad[i]), &all, &err), "%s", bad[i]);
        cr_assert_str_eq(err.code, "exposition-syntax");
        cr_assert(strstr(err.message, "line 2") != NULL, "%s: %s", bad[i], err.message);
        cr_assert_eq(all.count, 0u);
    }
}

Test(exposition, too_much_is_refused)
{
    char *text = gl_arena_alloc(arena, GL_EXPOSITION_LIMIT_BYTES + 1);
    memset(text, '\n', GL_EXPOSITION_LIMIT_BYTES + 1);
    gl_exposition all;
    gl_err err = {0};
    cr_assert_not(gl_exposition_parse(arena, (gl_str){text, GL_EXPOSITION_LIMIT_BYTES + 1}, &all, &err));
    cr_assert_str_eq(err.code, "exposition-limit");
    for (size_t i = 0; i < GL_EXPOSITION_LIMIT_BYTES; i += 4)
        memcpy(text + i, "a 1\n", 4);
    cr_assert_not(gl_exposition_parse(arena, (gl_str){text, GL_EXPOSITION_LIMIT_BYTES}, &all, &err));
    cr_assert_str_eq(err.code, "exposition-limit");
    cr_assert(gl_exposition_parse(arena, (gl_str){text, (size_t)4 * GL_EXPOSITION_SAMPLES}, &all, &err));
    cr_assert_eq(all.count, (size_t)GL_EXPOSITION_SAMPLES);
}

static const char BEFORE[] = "h_bucket{le=\"0.1\"} 10\nh_bucket{le=\"1\"} 10\nh_bucket{le=\"+Inf\"} 10\n";
static const char NOW[] = "h_bucket{le=\"0.1\"} 60\nh_bucket{le=\"1\"} 100\nh_bucket{le=\"+Inf\"} 110\n"
                          "other_bucket{le=\"0.1\"} 7\nh_bucket_size 9\n";

Test(exposition, quantiles_of_what_came_between)
{
    gl_exposition before = parsed(BEFORE), now = parsed(NOW);
    gl_histogram h = {0};
    gl_histogram_add(&h, &now, "h", NULL, NULL, 1);
    gl_histogram_add(&h, &before, "h", NULL, NULL, -1);
    cr_assert_eq(gl_histogram_total(&h), 100);
    cr_assert(fabs(gl_histogram_quantile(&h, 0.5) - 0.1) < 1e-9);
    cr_assert(fabs(gl_histogram_quantile(&h, 0.25) - 0.05) < 1e-9);
    cr_assert(fabs(gl_histogram_quantile(&h, 0.7) - 0.55) < 1e-9);
    cr_assert_eq(gl_histogram_quantile(&h, 0.99), 1, "above the highest bound it says that bound");
    gl_histogram none = {0};
    cr_assert_eq(gl_histogram_quantile(&none, 0.5), -1);
}

Test(exposition, a_label_chooses_the_series)
{
    gl_exposition all = parsed("h_bucket{route=\"a\",le=\"1\"} 2\nh_bucket{route=\"a\",le=\"+Inf\"} 4\n"
                               "h_bucket{route=\"b\",le=\"1\"} 100\nh_bucket{route=\"b\",le=\"+Inf\"} 100\n");
    gl_histogram h = {0};
    gl_histogram_add(&h, &all, "h", "route", "a", 1);
    cr_assert_eq(gl_histogram_total(&h), 4);
}
