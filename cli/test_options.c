/* Options: values, mistakes and what is said about them. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

#include "base/arena.h"
#include "cli/command.h"

static const gl_command COMMAND = {"fly", "flies", "[--to PLACE] WHAT...", "Flies.", NULL};

typedef struct values {
    bool fast;
    const char *to;
    int64_t count;
    double share;
} values;

/* `line`: arguments separated by a space; argv[0] is the command. Returns what gl_options_parse does. */
static int parse(const char *line, values *v, char *argv[16], char text[256])
{
    const gl_option options[] = {{"fast", GL_OPTION_FLAG, &v->fast, "Fast."},
                                 {"to", GL_OPTION_TEXT, &v->to, "Where."},
                                 {"count", GL_OPTION_INT, &v->count, "How many."},
                                 {"share", GL_OPTION_SHARE, &v->share, "Of all."}};
    int argc = 1;
    snprintf(text, 256, "fly %s", line);
    argv[0] = text;
    for (char *at = strchr(text, ' '); at != NULL && argc < 16; at = strchr(at, ' ')) {
        *at++ = '\0';
        if (*at != '\0')
            argv[argc++] = at;
    }
    return gl_options_parse(&COMMAND, options, 4, argc, argv);
}

Test(options, values_and_arguments_in_any_order)
{
    values v = {0};
    char *argv[16], text[256];
    cr_assert_eq(parse("a --fast --to=b --count 12 c --share 2% - -- --d", &v, argv, text), 4);
    cr_assert(v.fast);
    cr_assert_str_eq(v.to, "b");
    cr_assert_eq(v.count, 12);
    cr_assert_float_eq(v.share, 0.02, 1e-12);
    cr_assert_str_eq(argv[1], "a");
    cr_assert_str_eq(argv[2], "c");
    cr_assert_str_eq(argv[3], "-");
    cr_assert_str_eq(argv[4], "--d");
}

static void redirect(void)
{
    cr_redirect_stderr();
    cr_redirect_stdout();
}

static void refused(const char *line)
{
    values v = {0};
    char *argv[16], text[256];
    cr_assert_eq(parse(line, &v, argv, text), -1);
    fflush(stderr);
}

Test(options, an_unknown_one_suggests_the_nearest, .init = redirect)
{
    refused("--cuont 3");
    cr_assert_stderr_eq_str("greenlane: fly has no option --cuont; did you mean --count; see greenlane fly --help\n");
}

Test(options, one_dash_is_explained, .init = redirect)
{
    refused("-x");
    cr_assert_stderr_eq_str("greenlane: fly has no option -x; options have two dashes, see greenlane fly --help\n");
}

Test(options, a_missing_value, .init = redirect)
{
    refused("--to");
    cr_assert_stderr_eq_str("greenlane: --to needs a value\n");
}

Test(options, another_option_is_no_value, .init = redirect)
{
    refused("--to --fast");
    cr_assert_stderr_eq_str("greenlane: --to needs a value\n");
}

Test(options, a_flag_takes_none, .init = redirect)
{
    refused("--fast=yes");
    cr_assert_stderr_eq_str("greenlane: --fast takes no value\n");
}

Test(options, a_wrong_number, .init = redirect)
{
    refused("--count -3");
    cr_assert_stderr_eq_str("greenlane: --count: \"-3\" is not a whole number, not negative\n");
}

Test(options, a_wrong_share, .init = redirect)
{
    refused("--share 120%");
    cr_assert_stderr_eq_str("greenlane: --share: \"120%\" is not a share, as 2% or 0.02\n");
}

Test(options, help_is_printed_and_ends, .init = redirect, .exit_code = 0)
{
    values v = {0};
    char *argv[16], text[256];
    parse("-h", &v, argv, text);
    cr_assert_fail("it goes on");
}

Test(options, thousands)
{
    char text[32];
    cr_assert_str_eq(gl_thousands(0, text), "0");
    cr_assert_str_eq(gl_thousands(999, text), "999");
    cr_assert_str_eq(gl_thousands(1234567, text), "1,234,567");
    cr_assert_str_eq(gl_thousands(-8134, text), "-8,134");
}

Test(options, a_list_takes_its_option_several_times)
{
    gl_option_list list = {0};
    const gl_option options[] = {{"detail", GL_OPTION_LIST, &list, "name=value"}};
    char fly[] = "fly", first[] = "--detail", a[] = "a=1", second[] = "--detail=b=2";
    char *argv[] = {fly, first, a, second};
    cr_assert_eq(gl_options_parse(&COMMAND, options, 1, 4, argv), 0);
    cr_assert_eq(list.count, 2);
    cr_assert_str_eq(list.at[0], "a=1");
    cr_assert_str_eq(list.at[1], "b=2");
}
