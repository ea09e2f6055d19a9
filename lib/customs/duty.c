/* See duty.h. An expression is terms with a plus between them; a term is "Free", a percentage, or an amount of a
 * currency for a number of units. */
#include "customs/duty.h"

enum { PPM_OF_PERCENT_SCALE = 4, PPM_SCALE = 6, KG_OF_TONNE = 1000, NUMBER_CHARS = 18 };

static gl_str rest_of(gl_str s, size_t from)
{
    return (gl_str){s.ptr + from, s.len - from};
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_currency(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 'A' || text.ptr[i] > 'Z')
            return false;
    return text.len == GL_DUTY_CURRENCY_CHARS;
}

/* Cuts an unsigned number off the front. */
static bool take_number(gl_str *text, gl_decimal *number)
{
    size_t len = 0;

    while (len < text->len && len <= NUMBER_CHARS && (is_digit(text->ptr[len]) || text->ptr[len] == '.'))
        len++;
    if (len == 0 || !is_digit(text->ptr[len - 1]) || !gl_decimal_parse((gl_str){text->ptr, len}, number))
        return false;
    *text = rest_of(*text, len);
    return true;
}

static bool take(gl_str *text, gl_str what)
{
    if (!gl_str_starts(*text, what))
        return false;
    *text = rest_of(*text, what.len);
    return true;
}

/* A unit is words of letters, with percent, dots, slashes and "m2", "m3" in it; MIN, MAX and less are no units. */
static bool is_unit(gl_str unit)
{
    static const char *const not_units[] = {"MIN", "MAX", "less", "but", NULL};

    if (unit.len == 0)
        return false;
    for (size_t i = 0; i < unit.len; i++) {
        char c = unit.ptr[i];
        bool power = (c == '2' || c == '3') && i > 0 && unit.ptr[i - 1] == 'm';
        if (!is_letter(c) && !power && strchr(" ./%", c) == NULL)
            return false;
        if (i > 0 && is_letter(unit.ptr[i - 1]))
            continue;
        for (const char *const *word = not_units; *word != NULL; word++)
            if (gl_str_starts(rest_of(unit, i), gl_str_of(*word)))
                return false;
    }
    return true;
}

/* "77.00 GBP/100kg", "1¢/kg", "$1.5 each": `text` is one term. */
static bool read_amount(gl_str text, gl_duty_term *term)
{
    bool dollars = take(&text, GL_STR("$"));

    if (!take_number(&text, &term->amount))
        return false;
    text = gl_str_trim(text);
    if (dollars) {
        memcpy(term->currency, "USD", GL_DUTY_CURRENCY_CHARS);
    } else if (take(&text, GL_STR("\xC2\xA2"))) {
        memcpy(term->currency, "USD", GL_DUTY_CURRENCY_CHARS);
        term->amount.scale += 2;
    } else {
        if (text.len < GL_DUTY_CURRENCY_CHARS || !is_currency((gl_str){text.ptr, GL_DUTY_CURRENCY_CHARS}))
            return false;
        memcpy(term->currency, text.ptr, GL_DUTY_CURRENCY_CHARS);
        text = rest_of(text, GL_DUTY_CURRENCY_CHARS);
    }
    text = gl_str_trim(text);
    if (!take(&text, GL_STR("/")) && !gl_str_eqz(text, "each"))
        return false;
    text = gl_str_trim(text);
    term->per = (gl_decimal){1, 0};
    if (text.len > 0 && is_digit(text.ptr[0]) && !take_number(&text, &term->per))
        return false;
    term->unit = gl_str_trim(text);
    return term->per.unscaled > 0 && term->amount.scale <= NUMBER_CHARS && is_unit(term->unit);
}

/* "12.0%" to 120000. */
static bool read_percent(gl_str text, int32_t *ppm)
{
    gl_decimal percent;
    int64_t value;

    if (!take_number(&text, &percent) || !gl_str_eqz(gl_str_trim(text), "%") || percent.scale > PPM_OF_PERCENT_SCALE)
        return false;
    value = percent.unscaled;
    for (int32_t i = percent.scale; i < PPM_OF_PERCENT_SCALE && value <= GL_DUTY_LIMIT_PPM; i++)
        value *= 10;
    *ppm = (int32_t)(value <= GL_DUTY_LIMIT_PPM ? value : 0);
    return value <= GL_DUTY_LIMIT_PPM;
}

static bool read_term(gl_str term, bool *percent, gl_duty *duty)
{
    int32_t ppm;

    if (read_percent(term, &ppm)) {
        if (*percent)
            return false;
        *percent = true;
        duty->ad_valorem_ppm = ppm;
        return true;
    }
    return duty->term_count < GL_DUTY_LIMIT_TERMS && read_amount(term, &duty->terms[duty->term_count++]);
}

gl_duty gl_duty_parse(gl_str text)
{
    gl_duty duty = {.kind = GL_DUTY_NONE};
    gl_str left = gl_str_trim(text);
    bool percent = false;

    if (left.len == 0)
        return duty;
    if (gl_str_eqz(left, "Free") || gl_str_eqz(left, "free")) {
        duty.kind = GL_DUTY_AD_VALOREM;
        return duty;
    }
    for (bool more = true; more;) {
        const char *plus = memchr(left.ptr, '+', left.len);
        size_t len = plus == NULL ? left.len : (size_t)(plus - left.ptr);
        if (!read_term(gl_str_trim((gl_str){left.ptr, len}), &percent, &duty))
            return (gl_duty){.kind = GL_DUTY_TEXT};
        more = plus != NULL;
        left = rest_of(left, len + more);
    }
    duty.kind = duty.term_count > 0 ? GL_DUTY_SPECIFIC : GL_DUTY_AD_VALOREM;
    return duty;
}

const char *gl_duty_kind_name(gl_duty_kind kind)
{
    static const char *const names[GL_DUTY_KINDS] = {[GL_DUTY_NONE] = "none",
                                                     [GL_DUTY_AD_VALOREM] = "ad-valorem",
                                                     [GL_DUTY_SPECIFIC] = "specific",
                                                     [GL_DUTY_TEXT] = "text"};
    return names[kind];
}

/* ---- computing ---- */

static bool is_quantity(gl_decimal number)
{
    return number.unscaled >= 0 && number.scale >= 0 && number.scale <= NUMBER_CHARS;
}

bool gl_duty_base_put(gl_duty_base *base, gl_decimal amount, gl_str currency)
{
    if (!is_quantity(amount) || !is_currency(currency))
        return false;
    base->value = amount;
    memcpy(base->currency, currency.ptr, GL_DUTY_CURRENCY_CHARS);
    base->currency[GL_DUTY_CURRENCY_CHARS] = '\0';
    return true;
}

bool gl_duty_base_put_mass(gl_duty_base *base, gl_decimal net_mass_kg)
{
    base->has_mass = is_quantity(net_mass_kg);
    base->net_mass_kg = net_mass_kg;
    return base->has_mass;
}

bool gl_duty_base_read(gl_duty_base *base, gl_str amount, gl_str currency)
{
    gl_decimal value;
    return gl_decimal_parse(amount, &value) && gl_duty_base_put(base, value, currency);
}

bool gl_duty_base_weigh(gl_duty_base *base, gl_str net_mass_kg)
{
    gl_decimal mass;
    base->has_mass = gl_decimal_parse(net_mass_kg, &mass) && gl_duty_base_put_mass(base, mass);
    return base->has_mass;
}

/* per is a power of ten: a shift of the scale. */
static bool divide_by_power(gl_decimal *number, gl_decimal per)
{
    int64_t unscaled = per.unscaled;
    int32_t shift = -per.scale;

    while (unscaled >= 10 && unscaled % 10 == 0) {
        unscaled /= 10;
        shift++;
    }
    number->scale += shift;
    return unscaled == 1 && number->scale >= 0 && number->scale <= NUMBER_CHARS;
}

static bool compute_term(const gl_duty_term *term, const gl_duty_base *base, int32_t scale, gl_decimal *amount)
{
    bool tonnes = gl_str_eqz(term->unit, "tonne") || gl_str_eqz(term->unit, "t");
    gl_decimal each = term->amount;

    if (!base->has_mass || memcmp(term->currency, base->currency, GL_DUTY_CURRENCY_CHARS) != 0 ||
        !(tonnes || gl_str_eqz(term->unit, "kg")))
        return false;
    if (tonnes && !divide_by_power(&each, (gl_decimal){KG_OF_TONNE, 0}))
        return false;
    return divide_by_power(&each, term->per) && gl_decimal_multiply(each, base->net_mass_kg, scale, amount);
}

bool gl_duty_compute(const gl_duty *duty, const gl_duty_base *base, int32_t scale, gl_decimal *amount)
{
    gl_decimal exact = {0, 0}, part;

    if (duty->kind != GL_DUTY_AD_VALOREM && duty->kind != GL_DUTY_SPECIFIC)
        return false;
    /* Terms are added with more decimals than wanted, and rounded once. */
    if (!gl_decimal_multiply(base->value, (gl_decimal){duty->ad_valorem_ppm, PPM_SCALE}, scale + PPM_SCALE, &exact))
        return false;
    for (size_t i = 0; i < duty->term_count; i++)
        if (!compute_term(&duty->terms[i], base, scale + PPM_SCALE, &part) || !gl_decimal_add(exact, part, &exact))
            return false;
    return gl_decimal_multiply(exact, (gl_decimal){1, 0}, scale, amount);
}
