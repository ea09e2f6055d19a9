/* See national_record.h. */
#include "classify/national_record.h"

#include "classify/national_reply.h"

enum { OFFICE_CHARS = 8, MRN_COUNTRY_AT = 2 };

/* ---- which tariff ---- */

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static gl_str letters_at(gl_str text, size_t at)
{
    bool good = text.len >= at + GL_TARIFFS_COUNTRY_CHARS && is_letter(text.ptr[at]) && is_letter(text.ptr[at + 1]);
    return good ? (gl_str){text.ptr + at, GL_TARIFFS_COUNTRY_CHARS} : (gl_str){NULL, 0};
}

/* Other systems number their offices, or call them by letters that say no country. */
gl_str gl_national_country(const gl_declaration *declaration)
{
    gl_str office = gl_str_trim(declaration->declaration_office_id), country = {NULL, 0};

    if (office.len == OFFICE_CHARS)
        country = letters_at(office, 0);
    return country.len > 0 ? country : letters_at(declaration->mrn, MRN_COUNTRY_AT);
}

static int32_t day_of(int64_t us)
{
    const int64_t us_per_day = INT64_C(86400) * 1000000;
    int64_t day = us / us_per_day;
    return (int32_t)(us % us_per_day < 0 ? day - 1 : day);
}

const gl_national *gl_national_of_declaration(const gl_tariffs *tariffs, const gl_declaration *declaration)
{
    if (declaration->family != GL_DECLARATION_FAMILY_IMPORT)
        return NULL;
    return gl_tariffs_of_country(tariffs, gl_national_country(declaration), day_of(declaration->accepted_at));
}

/* ---- what is to be paid for ---- */

static bool put_value(gl_duty_base *base, const gl_declaration_amount *amount)
{
    return amount != NULL &&
           gl_duty_base_put(base, (gl_decimal){amount->unscaled, amount->scale}, amount->currency_code);
}

bool gl_national_base(gl_duty_base *base, const gl_declaration_goods_item *item)
{
    const gl_declaration_measure *mass = item->net_mass;

    *base = (gl_duty_base){.has_mass = false};
    if (mass != NULL && (mass->unit_code.len == 0 || gl_str_eqz(mass->unit_code, "KGM")))
        gl_duty_base_put_mass(base, (gl_decimal){mass->unscaled, mass->scale});
    return put_value(base, item->customs_value_amount) || put_value(base, item->statistical_value_amount) ||
           put_value(base, item->item_charge_amount);
}

/* ---- an item ---- */

static gl_str keep(gl_arena *arena, const char *code)
{
    size_t len = strlen(code);
    return (gl_str){gl_arena_dup(arena, code, len), len};
}

/* A slice of the tariff's; {NULL, 0}: there is none, or there are several. */
static gl_str rate_words(const gl_code_rate *rate, gl_arena *arena)
{
    static const gl_str ellipsis = {"\xE2\x80\xA6", 3};
    size_t len = GL_NATIONAL_RECORD_RATE_BYTES - ellipsis.len;

    if (rate->code[0] == '\0' || !rate->same || rate->rate.len == 0)
        return (gl_str){NULL, 0};
    if (rate->rate.len <= GL_NATIONAL_RECORD_RATE_BYTES)
        return rate->rate;
    while (((uint8_t)rate->rate.ptr[len] & 0xC0) == 0x80) /* within a character */
        len--;
    return gl_str_of(gl_arena_printf(arena, "%.*s%s", (int)len, rate->rate.ptr, ellipsis.ptr));
}

static gl_classification_decimal *put_decimal(gl_arena *arena, bool has, gl_decimal value)
{
    gl_classification_decimal *out = has ? GL_NEW(arena, gl_classification_decimal) : NULL;

    if (has)
        *out = (gl_classification_decimal){value.unscaled, value.scale};
    return out;
}

static gl_classification_duty_at_stake *put_stake(gl_arena *arena, const gl_ask *ask, const gl_national_reply *reply)
{
    gl_classification_duty_at_stake *out = NULL;

    if (!reply->has_stake && !reply->has_expected)
        return NULL;
    out = GL_NEW(arena, gl_classification_duty_at_stake);
    out->currency_code = keep(arena, ask->base.currency);
    out->amount = put_decimal(arena, reply->has_stake, reply->stake);
    out->expected = put_decimal(arena, reply->has_expected, reply->expected);
    out->expected_over_ppm = reply->expected_ppm;
    return out;
}

static gl_national_result result_of(const gl_national_reply *reply, const gl_text_class *text)
{
    const gl_tariff_line *line;

    if (reply->answer != NULL)
        return GL_NATIONAL_ANSWERED;
    return text->result.count > 0 && gl_tariff_under(reply->tariff, gl_str_of(text->result.top[0].hs6), &line) == 0
               ? GL_NATIONAL_UNKNOWN_SUBHEADING
               : GL_NATIONAL_OPEN;
}

gl_national_result gl_national_item(gl_classification_item_national *out, const gl_national *national,
                                    const gl_classifier *classifier, const gl_declaration_goods_item *item,
                                    const gl_text_class *text, gl_arena *scratch, gl_arena *arena)
{
    gl_ask ask = {.description = item->description, .declared = item->commodity_code, .limit = GL_HS_TOP};
    gl_national_reply reply;

    ask.national = national;
    ask.has_value = gl_national_base(&ask.base, item);
    gl_arena_reset(scratch);
    gl_national_make(&reply, scratch, gl_classifier_abstain_ppm(classifier), &ask, text, text->result.top,
                     text->result.count);
    *out = (gl_classification_item_national){.answer_rate = rate_words(&reply.answer_rate, arena),
                                             .declared_rate = rate_words(&reply.declared_rate, arena),
                                             .duty_at_stake = put_stake(arena, &ask, &reply)};
    if (reply.answer != NULL) {
        out->answer_code = keep(arena, reply.answer->code);
        out->answer_confidence_ppm = GL_SOME_I32(reply.answer->confidence_ppm);
    }
    if (reply.lines.count > 0) {
        out->likely_code = keep(arena, reply.lines.at[0].code);
        out->likely_confidence_ppm = GL_SOME_I32(reply.lines.at[0].confidence_ppm);
    }
    return result_of(&reply, text);
}
