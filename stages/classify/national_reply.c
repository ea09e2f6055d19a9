/* See national_reply.h. */
#include "classify/national_reply.h"

enum { MONEY_SCALE = 2, SHARE_SCALE = 6, PPM = 1000000, NATIONAL_DIGITS = 8, ARENA_BYTES = 16 * 1024 };

/* ---- which subheadings ---- */

/* The leading ones, and the declared one behind them when it is not among them. */
static size_t put_subheadings(const gl_ask *ask, const gl_text_class *text, const gl_hs_candidate *leading,
                              size_t count, gl_hs_candidate out[GL_HS_LIST_LIMIT + 1])
{
    gl_str declared = {ask->declared.ptr, GL_HS_CODE_DIGITS};

    memcpy(out, leading, count * sizeof *out);
    if (!text->result.has_declared || ask->declared.len < GL_HS_CODE_DIGITS)
        return count;
    for (size_t i = 0; i < count; i++)
        if (gl_str_eqz(declared, out[i].hs6))
            return count;
    out[count] = (gl_hs_candidate){.confidence_ppm = text->result.declared_ppm};
    memcpy(out[count].hs6, declared.ptr, declared.len);
    return count + 1;
}

/* ---- rates and duties ---- */

typedef struct making {
    gl_arena *arena;
    const gl_ask *ask;
    gl_national_question question; /* the same words for all that is asked */
} making;

static bool duty_of(const gl_ask *ask, const gl_tariff_line *line, gl_decimal *duty)
{
    return ask->has_value && gl_duty_compute(&line->duty, &ask->base, MONEY_SCALE, duty);
}

/* Adds amount * share to `sum`. */
static bool add_share(gl_decimal *sum, gl_decimal amount, int32_t share_ppm)
{
    gl_decimal part;
    return gl_decimal_multiply(amount, (gl_decimal){share_ppm, SHARE_SCALE}, MONEY_SCALE + SHARE_SCALE, &part) &&
           gl_decimal_add(*sum, part, sum);
}

static bool round_money(gl_decimal exact, gl_decimal *out)
{
    return gl_decimal_multiply(exact, (gl_decimal){1, 0}, MONEY_SCALE, out);
}

/* The mean of their duties, by their shares. */
static bool mean_duty(making *m, const gl_tariff_line *lines, size_t count, gl_decimal *mean)
{
    double *shares = gl_arena_alloc(m->arena, count * sizeof *shares);
    gl_decimal sum = {0, 0}, duty;

    gl_national_shares(m->ask->national, &m->question, lines, count, shares);
    for (size_t i = 0; i < count; i++)
        if (lines[i].declarable &&
            !(duty_of(m->ask, &lines[i], &duty) && add_share(&sum, duty, (int32_t)(shares[i] * PPM + 0.5))))
            return false;
    return round_money(sum, mean);
}

static void rate_of_lines(making *m, gl_code_rate *out, const gl_tariff_line *lines, size_t count)
{
    const gl_tariff_line *first = NULL;

    out->same = true;
    for (size_t i = 0; i < count; i++) {
        if (!lines[i].declarable)
            continue;
        first = first == NULL ? &lines[i] : first;
        out->same = out->same && gl_str_eq(first->rate, lines[i].rate);
    }
    if (out->same && first != NULL) {
        out->rate = first->rate;
        out->kind = first->duty.kind;
        out->has_duty = duty_of(m->ask, first, &out->duty);
    } else {
        out->has_duty = m->ask->has_value && mean_duty(m, lines, count, &out->duty);
    }
}

/* `code`: digits, as deep as it is. */
static void rate_of(making *m, gl_code_rate *out, const gl_national_list *ranked, gl_str code)
{
    const gl_ask *ask = m->ask;
    const gl_tariff *tariff = gl_national_tariff(ask->national);
    const gl_tariff_line *line = gl_tariff_find(tariff, code), *lines;
    gl_str known = line == NULL ? code : (gl_str){line->code, line->digits};
    size_t count = gl_tariff_under(tariff, known, &lines);

    *out = (gl_code_rate){.code = ""};
    if (count == 0 || known.len < GL_HS_CODE_DIGITS)
        return;
    memcpy(out->code, known.ptr, known.len);
    for (size_t i = 0; i < ranked->count; i++)
        if (gl_str_starts(gl_str_of(ranked->at[i].code), known))
            out->confidence_ppm += ranked->at[i].confidence_ppm;
    rate_of_lines(m, out, lines, count);
}

/* ---- at stake ---- */

/* Half away from zero. */
static int64_t divide(int64_t number, int64_t by)
{
    return (number >= 0 ? number + by / 2 : number - by / 2) / by;
}

/* The mean difference, by confidence: where all duties are the same it is nothing, to the cent. */
static void put_expected(gl_national_reply *out, const gl_ask *ask, gl_decimal less)
{
    gl_decimal sum = {0, MONEY_SCALE + SHARE_SCALE}, duty, more;
    bool good = true;

    for (size_t i = 0; i < out->lines.count && good; i++) {
        const gl_national_candidate *line = &out->lines.at[i];
        if (!duty_of(ask, line->line, &duty))
            continue;
        out->expected_ppm += line->confidence_ppm;
        good = gl_decimal_add(duty, less, &more) && add_share(&sum, more, line->confidence_ppm);
    }
    out->has_expected = good && out->expected_ppm > 0;
    if (out->has_expected)
        out->expected = (gl_decimal){divide(sum.unscaled, out->expected_ppm), MONEY_SCALE};
}

static void put_stake(gl_national_reply *out, const gl_ask *ask)
{
    gl_decimal less = out->declared_rate.duty, duty;

    if (!out->declared_rate.has_duty || out->lines.count == 0)
        return;
    less.unscaled = -less.unscaled;
    out->has_stake = duty_of(ask, out->lines.at[0].line, &duty) && gl_decimal_add(duty, less, &out->stake);
    put_expected(out, ask, less);
}

void gl_national_make(gl_national_reply *out, gl_arena *arena, int32_t sure_ppm, const gl_ask *ask,
                      const gl_text_class *text, const gl_hs_candidate *leading, size_t leading_count)
{
    const gl_hs_candidate *answer = gl_text_class_answer(text);
    gl_hs_candidate subheadings[GL_HS_LIST_LIMIT + 1];
    size_t count = put_subheadings(ask, text, leading, leading_count, subheadings);
    making m;

    m.arena = arena;
    m.ask = ask;
    gl_national_ask(&m.question, ask->description);
    *out = (gl_national_reply){.tariff = gl_national_tariff(ask->national)};
    gl_national_rank(ask->national, arena, &m.question, gl_text_class_ruled(text), subheadings, count, &out->lines,
                     &out->groups);
    if (answer != NULL && text->answer_digits == GL_HS_CODE_DIGITS)
        out->answer = gl_national_answer(&out->groups, &out->lines, (gl_str){answer->hs6, GL_HS_CODE_DIGITS}, sure_ppm);
    out->has_declared = ask->declared.len > 0;
    if (out->has_declared)
        rate_of(&m, &out->declared_rate, &out->lines, ask->declared);
    out->has_answer = out->answer != NULL || (answer != NULL && text->answer_digits == GL_HS_CODE_DIGITS);
    if (out->has_answer)
        rate_of(&m, &out->answer_rate, &out->lines,
                out->answer != NULL ? gl_str_of(out->answer->code) : (gl_str){answer->hs6, GL_HS_CODE_DIGITS});
    put_stake(out, ask);
}

void gl_national_reply_make(gl_national_reply *out, gl_arena *arena, int32_t sure_ppm, const gl_ask *ask,
                            const gl_reply *reply)
{
    gl_national_make(out, arena, sure_ppm, ask, &reply->text, reply->list.at, reply->list.count);
}

/* ---- as JSON ---- */

static void put_decimal(gl_buf *buf, const char *name, bool has, gl_decimal value)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    gl_buf_printf(buf, ",\"%s\":", name);
    gl_buf_str(buf, has ? gl_decimal_format(value, text) : GL_STR("null"));
}

static void put_rate(gl_buf *buf, gl_str rate, gl_duty_kind kind)
{
    gl_buf_text(buf, ",\"rate\":");
    if (rate.len > 0)
        gl_buf_json(buf, rate);
    else
        gl_buf_text(buf, "null");
    gl_buf_printf(buf, ",\"rate_kind\":\"%s\"", gl_duty_kind_name(kind));
}

/* {"code","confidence","share","text"}, to be closed. */
static void put_candidate(gl_buf *buf, const gl_national_candidate *candidate)
{
    gl_buf_printf(buf, "{\"code\":\"%s\",\"confidence\":", candidate->code);
    gl_reply_share_json(buf, candidate->confidence_ppm);
    gl_buf_text(buf, ",\"share\":");
    gl_reply_share_json(buf, candidate->share_ppm);
    gl_buf_text(buf, ",\"text\":");
    if (candidate->line != NULL)
        gl_buf_json(buf, candidate->line->text);
    else
        gl_buf_text(buf, "null");
}

static void put_lines(gl_buf *buf, const gl_ask *ask, const gl_national_list *lines)
{
    size_t limit = ask->limit > GL_NATIONAL_USUAL_CANDIDATES ? ask->limit : GL_NATIONAL_USUAL_CANDIDATES;
    gl_decimal duty = {0, 0};
    size_t begin = buf->len;

    gl_buf_text(buf, ",\"candidates\":[");
    for (size_t i = 0; i < lines->count && i < limit && buf->len - begin < GL_NATIONAL_LIMIT_JSON_BYTES; i++) {
        const gl_tariff_line *line = lines->at[i].line;
        if (i > 0)
            gl_buf_byte(buf, ',');
        put_candidate(buf, &lines->at[i]);
        put_rate(buf, line->rate, line->duty.kind);
        if (ask->has_value)
            put_decimal(buf, "duty", duty_of(ask, line, &duty), duty);
        gl_buf_byte(buf, '}');
    }
    gl_buf_printf(buf, "],\"candidate_count\":%zu,\"unknown_subheadings\":%zu", lines->count, lines->unknown_count);
}

static void put_level(gl_buf *buf, bool *first, const char *code, int32_t ppm)
{
    gl_buf_printf(buf, "%s{\"code\":\"%s\",\"confidence\":", *first ? "" : ",", code);
    gl_reply_share_json(buf, ppm);
    gl_buf_byte(buf, '}');
    *first = false;
}

/* The likeliest of each level, coarse first. */
static void put_roll_up(gl_buf *buf, const gl_national_reply *national, const gl_reply *reply)
{
    const gl_hs_result *result = &reply->text.result;
    bool first = true;

    gl_buf_text(buf, ",\"roll_up\":[");
    for (size_t i = 0; result->count > 0 && i < GL_HS_LEVELS - 1; i++)
        put_level(buf, &first, result->group[i].hs6, result->group[i].confidence_ppm);
    if (result->count > 0)
        put_level(buf, &first, result->top[0].hs6, result->top[0].confidence_ppm);
    if (national->groups.count > 0 && strlen(national->groups.at[0].code) == NATIONAL_DIGITS)
        put_level(buf, &first, national->groups.at[0].code, national->groups.at[0].confidence_ppm);
    for (size_t i = 0; i < national->lines.count; i++)
        if (strlen(national->lines.at[i].code) == GL_TARIFF_CODE_DIGITS) {
            put_level(buf, &first, national->lines.at[i].code, national->lines.at[i].confidence_ppm);
            break;
        }
    gl_buf_byte(buf, ']');
}

static void put_code_rate(gl_buf *buf, const char *name, bool has, const gl_code_rate *rate, const gl_ask *ask)
{
    gl_buf_printf(buf, ",\"%s\":", name);
    if (!has || rate->code[0] == '\0') {
        gl_buf_text(buf, "null");
        return;
    }
    gl_buf_printf(buf, "{\"code\":\"%s\",\"confidence\":", rate->code);
    gl_reply_share_json(buf, rate->confidence_ppm);
    put_rate(buf, rate->rate, rate->kind);
    gl_buf_printf(buf, ",\"same\":%s", rate->same ? "true" : "false");
    if (ask->has_value)
        put_decimal(buf, "duty", rate->has_duty, rate->duty);
    gl_buf_byte(buf, '}');
}

static void put_stake_json(gl_buf *buf, const gl_national_reply *national, const gl_ask *ask)
{
    gl_buf_printf(buf, ",\"duty_at_stake\":{\"currency\":\"%s\"", ask->base.currency);
    put_decimal(buf, "amount", national->has_stake, national->stake);
    put_decimal(buf, "expected", national->has_expected, national->expected);
    gl_buf_text(buf, ",\"expected_over\":");
    gl_reply_share_json(buf, national->expected_ppm);
    gl_buf_byte(buf, '}');
}

void gl_national_reply_json(gl_buf *buf, int32_t sure_ppm, const gl_ask *ask, const gl_reply *reply)
{
    gl_arena *arena = gl_arena_new(ARENA_BYTES);
    gl_national_reply national;

    gl_national_reply_make(&national, arena, sure_ppm, ask, reply);
    gl_buf_printf(buf, ",\"tariff\":{\"name\":\"%s\",\"version\":\"%s\",\"answer\":", gl_tariff_name(national.tariff),
                  gl_tariff_version(national.tariff));
    if (national.answer != NULL) {
        put_candidate(buf, national.answer);
        gl_buf_byte(buf, '}');
    } else {
        gl_buf_text(buf, "null");
    }
    put_roll_up(buf, &national, reply);
    put_lines(buf, ask, &national.lines);
    put_code_rate(buf, "answer_rate", national.has_answer, &national.answer_rate, ask);
    if (national.has_declared)
        put_code_rate(buf, "declared_rate", true, &national.declared_rate, ask);
    if (national.has_declared && ask->has_value)
        put_stake_json(buf, &national, ask);
    gl_buf_byte(buf, '}');
    gl_arena_destroy(arena);
}
