/* See command.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/yaml.h"
#include "cli/command.h"

static void print_help(const gl_command *command, const gl_option *options, size_t count)
{
    static const char *const values[] = {"", " TEXT", " N", " SHARE", " N", " TEXT"};
    printf("usage: greenlane %s %s\n\n%s\n\noptions:\n", command->name, command->synopsis, command->help);
    for (size_t i = 0; i < count; i++)
        printf("  --%s%s%*s%s\n", options[i].name, values[options[i].type],
               (int)(22 - strlen(options[i].name) - strlen(values[options[i].type])), " ", options[i].help);
    printf("  -h, --help%*sThis text.\n", 14, " ");
}

static bool set_int(const char *text, int64_t *target)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0)
        return false;
    *target = value;
    return true;
}

static bool set_share(const char *text, double *target)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text)
        return false;
    if (*end == '%') {
        value /= 100;
        end++;
    }
    if (*end != '\0' || !(value >= 0 && value <= 1))
        return false;
    *target = value;
    return true;
}

static bool set_seconds(const char *text, double *target)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value <= 1e9))
        return false;
    *target = value;
    return true;
}

static bool set_value(const gl_option *option, const char *text)
{
    switch (option->type) {
    case GL_OPTION_FLAG:
        *(bool *)option->target = true;
        return true;
    case GL_OPTION_TEXT:
        *(const char **)option->target = text;
        return true;
    case GL_OPTION_INT:
        return set_int(text, option->target);
    case GL_OPTION_SHARE:
        return set_share(text, option->target);
    case GL_OPTION_SECONDS:
        return set_seconds(text, option->target);
    case GL_OPTION_LIST: {
        gl_option_list *list = option->target;
        if (list->count == GL_OPTION_LIST_LIMIT)
            return false;
        list->at[list->count++] = text;
        return true;
    }
    }
    return false;
}

static const char *wanted(gl_option_type type)
{
    return type == GL_OPTION_INT       ? "a whole number, not negative"
           : type == GL_OPTION_SHARE   ? "a share, as 2% or 0.02"
           : type == GL_OPTION_SECONDS ? "a number of seconds"
           : type == GL_OPTION_LIST    ? "one of at most 64 values"
                                       : "a value";
}

static const gl_option *option_find(const gl_option *options, size_t count, gl_str name)
{
    for (size_t i = 0; i < count; i++)
        if (gl_str_eqz(name, options[i].name))
            return &options[i];
    return NULL;
}

static bool unknown_option(const gl_command *command, const gl_option *options, size_t count, gl_str name)
{
    const char *names[64];
    size_t n = 0;
    for (; n < count && n < 63; n++)
        names[n] = options[n].name;
    names[n] = NULL;
    const char *near = gl_nearest_name(name, names);
    return gl_complain(0, "%s has no option --%.*s%s%s; see greenlane %s --help", command->name, GL_STR_ARG(name),
                       near == NULL ? "" : "; did you mean --", near == NULL ? "" : near, command->name);
}

/* `*i` stands on the option and moves on when its value is the next argument. */
static bool take_option(const gl_command *command, const gl_option *options, size_t count, int *i, int argc,
                        char **argv)
{
    const char *text = argv[*i];
    const char *equals = strchr(text, '=');
    gl_str name = {text + 2, equals == NULL ? strlen(text + 2) : (size_t)(equals - text - 2)};
    const gl_option *option = option_find(options, count, name);
    if (option == NULL)
        return unknown_option(command, options, count, name);
    const char *value = equals == NULL ? NULL : equals + 1;
    if (option->type == GL_OPTION_FLAG && value != NULL)
        return gl_complain(0, "--%s takes no value", option->name);
    if (option->type != GL_OPTION_FLAG && value == NULL && *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0)
        value = argv[++*i];
    if (option->type != GL_OPTION_FLAG && value == NULL)
        return gl_complain(0, "--%s needs %s", option->name, wanted(option->type));
    if (!set_value(option, value))
        return gl_complain(0, "--%s: \"%s\" is not %s", option->name, value, wanted(option->type));
    return true;
}

int gl_options_parse(const gl_command *command, const gl_option *options, size_t count, int argc, char **argv)
{
    int kept = 0;
    bool only_arguments = false;
    for (int i = 1; i < argc; i++) {
        const char *text = argv[i];
        if (only_arguments || text[0] != '-' || text[1] == '\0') { /* "-": standard input */
            argv[++kept] = argv[i];
        } else if (strcmp(text, "--") == 0) {
            only_arguments = true;
        } else if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
            print_help(command, options, count);
            exit(GL_EXIT_OK);
        } else if (text[1] != '-') {
            return gl_complain(-1, "%s has no option %s; options have two dashes, see greenlane %s --help",
                               command->name, text, command->name);
        } else if (!take_option(command, options, count, &i, argc, argv)) {
            return -1;
        }
    }
    return kept;
}

const char *gl_env(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? fallback : value;
}

int gl_complain(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("greenlane: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

int gl_complain_err(int status, const gl_err *err)
{
    return gl_complain(status, "%s (%s)", err->message, err->code);
}

void gl_progress_start(gl_progress *progress, const char *what, int64_t total)
{
    *progress =
        (gl_progress){.what = what, .total = total, .started_us = gl_mono_us(), .shown = isatty(STDERR_FILENO) == 1};
}

static void progress_draw(gl_progress *progress, int64_t done, int64_t now_us)
{
    char count[32], total[32];
    double seconds = (double)(now_us - progress->started_us) / 1e6;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    enum { BAR = 30 };
    if (progress->total > 0) {
        int filled = (int)(done * BAR / progress->total);
        if (filled > BAR)
            filled = BAR;
        fprintf(stderr, "\r%s [", progress->what);
        for (int i = 0; i < BAR; i++)
            fputc(i < filled ? '#' : '.', stderr);
        fprintf(stderr, "] %3d %%, %s of %s, %.0f/s\033[K", (int)(done * 100 / progress->total),
                gl_thousands(done, count), gl_thousands(progress->total, total), rate);
    } else {
        fprintf(stderr, "\r%s %s, %.0f/s\033[K", progress->what, gl_thousands(done, count), rate);
    }
    fflush(stderr);
}

void gl_progress_update(gl_progress *progress, int64_t done)
{
    int64_t now_us = gl_mono_us();
    if (!progress->shown || (now_us - progress->drawn_us < 100000 && done != progress->total))
        return;
    progress->drawn_us = now_us;
    progress_draw(progress, done, now_us);
}

void gl_progress_end(gl_progress *progress)
{
    if (progress->shown && progress->drawn_us > 0)
        fputs("\n", stderr);
}

void gl_progress_hide(gl_progress *progress)
{
    if (!progress->shown || progress->drawn_us == 0)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn_us = 0;
}

const char *gl_thousands(int64_t value, char text[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)(value < 0 ? -value : value));
    char *out = text;
    if (value < 0)
        *out++ = '-';
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}
