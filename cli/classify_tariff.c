/* See classify_tariff.h. */
#include "cli/classify_tariff.h"

static bool usage(gl_err *err, const char *what)
{
    return gl_fail(err, GL_DEAD_LETTER, "usage", "%s", what);
}

static bool read_value(const char *text, gl_ask *ask, gl_err *err)
{
    const char *space = strchr(text, ' ');
    gl_str amount = {text, space == NULL ? strlen(text) : (size_t)(space - text)},
           currency = gl_str_trim(gl_str_of(space));

    if (!gl_duty_base_read(&ask->base, amount, currency))
        return usage(err, "--value is an amount and a currency, for example \"100.00 GBP\"");
    ask->has_value = true;
    return true;
}

static bool read_format(gl_str text, gl_tariff_format *format)
{
    for (int i = 0; i < GL_TARIFF_FORMATS; i++)
        if (gl_str_eqz(text, gl_tariff_format_names[i])) {
            *format = (gl_tariff_format)i;
            return true;
        }
    return false;
}

bool gl_tariff_options_read(const gl_tariff_options *options, gl_ask *ask, gl_national **national, gl_err *err)
{
    const char *colon = strchr(options->file, ':');
    gl_tariff_format format;

    *national = NULL;
    if (options->value[0] != '\0' && !read_value(options->value, ask, err))
        return false;
    if (options->net_mass[0] != '\0' && !gl_duty_base_weigh(&ask->base, gl_str_of(options->net_mass)))
        return usage(err, "--net-mass is a number of kilograms, for example 2.5");
    if (options->file[0] == '\0')
        return (!ask->has_value && !ask->base.has_mass) || usage(err, "--value and --net-mass go with --tariff-file");
    if (colon == NULL || !read_format((gl_str){options->file, (size_t)(colon - options->file)}, &format))
        return usage(err, "--tariff-file is FORMAT:FILE; formats: csv, uk-global-tariff, uk-global-tariff-cet, us-hts");
    gl_tariff *tariff = gl_tariff_open(gl_tariff_format_names[format], format, colon + 1, err);
    if (tariff == NULL)
        return false;
    *national = gl_national_new(tariff);
    ask->national = *national;
    return true;
}

/* ---- for people ---- */

static void put_duty(gl_buf *out, const char *before, bool has, gl_decimal duty, const char *currency)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    if (has)
        gl_buf_printf(out, "%s%.*s %s", before, GL_STR_ARG(gl_decimal_format(duty, text)), currency);
}

static void put_rate(gl_buf *out, const char *what, const gl_code_rate *rate, const gl_ask *ask)
{
    if (rate->code[0] == '\0')
        return;
    gl_buf_printf(out, "  %s %s: %.*s", what, rate->code,
                  GL_STR_ARG(rate->same ? rate->rate : GL_STR("several rates")));
    put_duty(out, ", duty ", rate->has_duty, rate->duty, ask->base.currency);
    gl_buf_byte(out, '\n');
}

void gl_tariff_put_text(gl_buf *out, int32_t sure_ppm, const gl_ask *ask, const gl_reply *reply)
{
    size_t limit = ask->limit > GL_NATIONAL_USUAL_CANDIDATES ? ask->limit : GL_NATIONAL_USUAL_CANDIDATES;
    gl_arena *arena = gl_arena_new(0);
    gl_national_reply national;

    gl_national_reply_make(&national, arena, sure_ppm, ask, reply);
    gl_buf_printf(out, "tariff %s\n", gl_tariff_version(national.tariff));
    if (national.answer != NULL)
        gl_buf_printf(out, "  answer %s  %5.1f %%\n", national.answer->code, national.answer->confidence_ppm / 1e4);
    for (size_t i = 0; i < national.lines.count && i < limit; i++) {
        const gl_national_candidate *line = &national.lines.at[i];
        gl_buf_printf(out, "  %-10s  %5.1f %%  %.*s  %.*s\n", line->code, line->confidence_ppm / 1e4,
                      GL_STR_ARG(line->line->rate), GL_STR_ARG(line->line->text));
    }
    if (national.lines.count > limit)
        gl_buf_printf(out, "  and %zu more\n", national.lines.count - limit);
    if (national.has_answer)
        put_rate(out, "answer", &national.answer_rate, ask);
    if (national.has_declared)
        put_rate(out, "declared", &national.declared_rate, ask);
    put_duty(out, "  duty at stake ", national.has_stake, national.stake, ask->base.currency);
    put_duty(out, "  expected ", national.has_expected, national.expected, ask->base.currency);
    if (national.has_stake || national.has_expected)
        gl_buf_byte(out, '\n');
    gl_arena_destroy(arena);
}
