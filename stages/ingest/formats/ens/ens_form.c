/* See ens_form.h. */
#include "ingest/formats/ens/ens_form.h"

enum { MASS_DIGITS = 11, MASS_DECIMALS = 3, PLACE_CHARS = 35, TIN_LEAST = 3, TIN_MOST = 17, OFFICE_CHARS = 8 };
enum { MRN_CHARS = 18 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
    return is_capital(c) || (c >= 'a' && c <= 'z');
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c);
}

typedef bool test(char c);

/* Are the characters from `from` to `to` of that kind? */
static bool all(gl_str text, size_t from, size_t to, test *holds)
{
    for (size_t i = from; i < to; i++)
        if (i >= text.len || !holds(text.ptr[i]))
            return false;
    return true;
}

static size_t characters(gl_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

/* --- numbers and dates --- */

/* xs:decimal: a sign, digits with one '.', of which leading and trailing zeros do not count. */
static const char *mass_problem(gl_str text)
{
    size_t at = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-') ? 1 : 0, digits = 0, whole = 0, decimals = 0;
    bool point = false;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c))
            return "invalid-number";
        digits++;
        if (!point && (whole > 0 || c != '0'))
            whole++;
    }
    if (digits == 0)
        return "invalid-number";
    const char *dot = memchr(text.ptr, '.', text.len);
    size_t end = text.len;
    while (dot != NULL && text.ptr[end - 1] == '0')
        end--;
    decimals = dot == NULL ? 0 : end - (size_t)(dot + 1 - text.ptr);
    return whole + decimals > MASS_DIGITS || decimals > MASS_DECIMALS ? "out-of-range" : NULL;
}

static int two(gl_str text, size_t at)
{
    return (text.ptr[at] - '0') * 10 + (text.ptr[at + 1] - '0');
}

/* A month and a day that it has in a leap year. */
static bool is_day(gl_str text, size_t at)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int month = two(text, at), day = two(text, at + 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static bool is_time(gl_str text, size_t at)
{
    return two(text, at) < 24 && two(text, at + 2) < 60;
}

static bool is_moment(gl_str text)
{
    return text.len == 12 && all(text, 0, 12, is_digit) && text.ptr[0] != '0' && is_day(text, 4) && is_time(text, 8);
}

/* --- codes --- */

static bool is_mrn(gl_str text)
{
    bool form = text.len == MRN_CHARS && all(text, 0, 2, is_digit) && all(text, 2, 4, is_capital);
    for (size_t i = 4; form && i < MRN_CHARS - 1; i++)
        form = is_capital(text.ptr[i]) || is_digit(text.ptr[i]);
    return form && is_digit(text.ptr[MRN_CHARS - 1]);
}

static bool is_tin(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] > 0x7F || text.ptr[i] == '\n' || text.ptr[i] == '\r')
            return false;
    return text.len >= TIN_LEAST && all(text, 0, 2, is_capital);
}

static const char *unless(bool holds, const char *code)
{
    return holds ? NULL : code;
}

static const char *too_long(gl_str text, size_t limit)
{
    return characters(text) > limit ? "too-long" : NULL;
}

const char *gl_ens_form_problem(const gl_ens_row *row, gl_str text, const char *name)
{
    size_t limit = row->limit;
    if (text.len == 0)
        return "missing";
    switch (row->form) {
    case GL_ENS_TEXT:
        return too_long(text, limit);
    case GL_ENS_EXACT:
        return too_long(text, limit) != NULL ? "too-long" : unless(characters(text) == limit, "invalid-code");
    case GL_ENS_LETTER:
        return unless(text.len == 1 && is_letter(text.ptr[0]), "invalid-code");
    case GL_ENS_CAPITAL:
        return unless(text.len == 1 && is_capital(text.ptr[0]), "invalid-code");
    case GL_ENS_NUMBER:
        return unless(text.len <= limit && all(text, 0, text.len, is_digit), "invalid-number");
    case GL_ENS_DIGITS:
        return unless(text.len == limit && all(text, 0, limit, is_digit), "invalid-code");
    case GL_ENS_CODE:
        return unless(text.len >= 4 && text.len <= limit && all(text, 0, text.len, is_digit), "invalid-code");
    case GL_ENS_MASS:
        return mass_problem(text);
    case GL_ENS_DATE:
        return unless(text.len == 6 && all(text, 0, 6, is_digit) && is_day(text, 2), "invalid-date");
    case GL_ENS_TIME:
        return unless(text.len == 4 && all(text, 0, 4, is_digit) && is_time(text, 0), "invalid-date");
    case GL_ENS_MOMENT:
        return unless(is_moment(text), "invalid-date");
    case GL_ENS_MRN:
        return unless(is_mrn(text), "invalid-code");
    case GL_ENS_COUNTRY:
        return unless(text.len == 2 && all(text, 0, 2, is_capital), "invalid-code");
    case GL_ENS_LANGUAGE:
        return unless(text.len == 2 && all(text, 0, 2, is_letter), "invalid-code");
    case GL_ENS_OFFICE:
        return unless(text.len == OFFICE_CHARS && all(text, 0, 2, is_letter) && all(text, 2, OFFICE_CHARS, is_word),
                      "invalid-code");
    case GL_ENS_PLACE:
        return too_long(text, PLACE_CHARS) != NULL ? "too-long"
                                                   : unless(all(text, 0, 2, is_letter) && text.len > 2, "invalid-code");
    case GL_ENS_TIN:
        return too_long(text, TIN_MOST) != NULL ? "too-long" : unless(is_tin(text), "invalid-code");
    case GL_ENS_NAME:
        return unless(gl_str_eqz(text, name), "invalid-code");
    case GL_ENS_GROUP:
    case GL_ENS_FORMS:
        return NULL;
    }
    return NULL;
}

const char *gl_ens_form_allowed(gl_arena *arena, const gl_ens_row *row, const char *name)
{
    static const char *const texts[GL_ENS_FORMS] = {
        [GL_ENS_TEXT] = "1 to %d characters",
        [GL_ENS_EXACT] = "%d characters",
        [GL_ENS_LETTER] = "one letter",
        [GL_ENS_CAPITAL] = "one capital letter",
        [GL_ENS_NUMBER] = "1 to %d digits",
        [GL_ENS_DIGITS] = "%d digits",
        [GL_ENS_CODE] = "4 to %d digits",
        [GL_ENS_MASS] = "a decimal number with at most 11 digits, 3 of them decimals",
        [GL_ENS_DATE] = "a date as YYMMDD",
        [GL_ENS_TIME] = "a time as hhmm",
        [GL_ENS_MOMENT] = "a moment as YYYYMMDDhhmm",
        [GL_ENS_MRN] = "an MRN, 18 characters",
        [GL_ENS_COUNTRY] = "two capital letters",
        [GL_ENS_LANGUAGE] = "two letters",
        [GL_ENS_OFFICE] = "two letters and six letters or digits",
        [GL_ENS_PLACE] = "two letters, then 1 to 33 characters",
        [GL_ENS_TIN] = "two capital letters, then 1 to 15 characters of ASCII, without white space before them",
    };
    if (row->form == GL_ENS_NAME)
        return name;
    const char *text = texts[row->form], *number = text == NULL ? NULL : strstr(text, "%d");
    if (number == NULL)
        return text;
    return gl_arena_printf(arena, "%.*s%d%s", (int)(number - text), text, row->limit, number + 2);
}

/* --- values --- */

gl_str gl_ens_decimal(gl_arena *arena, gl_str text)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (text.len > 0 && (negative || text.ptr[0] == '+'))
        text = (gl_str){text.ptr + 1, text.len - 1};
    while (text.len > 1 && text.ptr[0] == '0' && is_digit(text.ptr[1]))
        text = (gl_str){text.ptr + 1, text.len - 1};
    while (text.len > 1 && memchr(text.ptr, '.', text.len) != NULL && text.ptr[text.len - 1] == '.')
        text.len--;
    if (!negative && text.len > 0 && text.ptr[0] != '.')
        return text;
    const char *before = negative ? "-" : "", *zero = text.len > 0 && text.ptr[0] == '.' ? "0" : "";
    return gl_str_of(gl_arena_printf(arena, "%s%s%.*s", before, zero, GL_STR_ARG(text)));
}

gl_str gl_ens_instant(gl_arena *arena, gl_str text)
{
    return gl_str_of(gl_arena_printf(arena, "%.4s-%.2s-%.2sT%.2s:%.2s:00Z", text.ptr, text.ptr + 4, text.ptr + 6,
                                     text.ptr + 8, text.ptr + 10));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

gl_str gl_ens_text(gl_arena *arena, gl_ens_form form, const gl_xml *node)
{
    if (node == NULL || node->refused)
        return (gl_str){NULL, 0};
    if (form == GL_ENS_TIN)
        return node->text;
    gl_str text = gl_str_trim(node->text);
    bool plain = true;
    for (size_t i = 0; i < text.len && plain; i++)
        plain = !is_space(text.ptr[i]) || (text.ptr[i] == ' ' && !is_space(text.ptr[i + 1]));
    if (plain)
        return text;
    char *copy = gl_arena_alloc(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (!is_space(text.ptr[i]))
            copy[len++] = text.ptr[i];
        else if (copy[len - 1] != ' ')
            copy[len++] = ' ';
    return (gl_str){copy, len};
}
