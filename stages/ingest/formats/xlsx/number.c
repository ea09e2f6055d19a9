/* See number.h. */
#include "ingest/formats/xlsx/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* A double has 15 decimal digits that are always its own; spreadsheets show no more. */
enum { DIGITS = 15, TEXT_LIMIT = 64, DAY_SECONDS = 86400, LAST_DAY = 2958465 /* 9999-12-31 */ };

/* ---- formats ---- */

gl_number_style gl_number_style_built_in(unsigned id)
{
    gl_number_kind kind = GL_NUMBER_PLAIN;
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
        kind = GL_NUMBER_DATE;
    else if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id == 45 || id == 47)
        kind = GL_NUMBER_TIME;
    else if (id == 22)
        kind = GL_NUMBER_DATE_TIME;
    return (gl_number_style){kind, 0};
}

/* What stands in brackets: a colour, a locale, a condition; or a time that goes on beyond a day, which is no date. */
static bool is_elapsed(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("hmsHMS", text.ptr[i]) == NULL)
            return false;
    return text.len > 0;
}

/* Behind what is quoted, escaped or in brackets at `at`; `at` itself when it is none of these. */
static size_t skip_literal(gl_str code, size_t at, bool *elapsed)
{
    char c = code.ptr[at];
    if (c == '\\' || c == '_' || c == '*')
        return at + 2;
    if (c != '"' && c != '[')
        return at;
    const char *end = memchr(code.ptr + at + 1, c == '"' ? '"' : ']', code.len - at - 1);
    if (end == NULL)
        return code.len;
    *elapsed = *elapsed || (c == '[' && is_elapsed((gl_str){code.ptr + at + 1, (size_t)(end - code.ptr) - at - 1}));
    return (size_t)(end - code.ptr) + 1;
}

static bool only_zeros(gl_str code)
{
    for (size_t i = 0; i < code.len; i++)
        if (code.ptr[i] != '0')
            return false;
    return code.len > 1 && code.len < TEXT_LIMIT;
}

gl_number_style gl_number_style_of(gl_str code)
{
    bool day = false, month = false, time = false, elapsed = false;
    if (only_zeros(code))
        return (gl_number_style){GL_NUMBER_PADDED, code.len};
    for (size_t i = 0; i < code.len && code.ptr[i] != ';';) {
        size_t next = skip_literal(code, i, &elapsed);
        if (next == i) {
            char c = code.ptr[next++];
            day = day || strchr("yYdD", c) != NULL;
            month = month || c == 'm' || c == 'M';
            time = time || strchr("hHsS", c) != NULL;
        }
        i = next;
    }
    gl_number_kind kind = elapsed        ? GL_NUMBER_PLAIN
                          : day && time  ? GL_NUMBER_DATE_TIME
                          : time         ? GL_NUMBER_TIME
                          : day || month ? GL_NUMBER_DATE
                                         : GL_NUMBER_PLAIN;
    return (gl_number_style){kind, 0};
}

/* ---- numbers ---- */

/* A number of XML Schema's double, but no INF and NaN; `*digits`: significant ones. */
static bool is_number(gl_str text, size_t *digits, bool *exponent)
{
    size_t i = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+') ? 1 : 0, all = 0;
    *digits = 0;
    *exponent = false;
    for (bool point = false; i < text.len && ((text.ptr[i] >= '0' && text.ptr[i] <= '9') || text.ptr[i] == '.'); i++) {
        if (text.ptr[i] == '.' && point)
            return false;
        point = point || text.ptr[i] == '.';
        all += text.ptr[i] != '.';
        *digits += text.ptr[i] != '.' && (*digits > 0 || text.ptr[i] != '0');
    }
    if (all == 0 || i == text.len)
        return all > 0;
    *exponent = text.ptr[i] == 'e' || text.ptr[i] == 'E';
    i += *exponent && i + 1 < text.len && (text.ptr[i + 1] == '-' || text.ptr[i + 1] == '+') ? 2 : 1;
    for (all = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
        all++;
    return *exponent && all > 0 && i == text.len;
}

static void trim_zeros(char *text)
{
    if (strchr(text, '.') == NULL)
        return;
    char *end = text + strlen(text);
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
}

/* Without an exponent, rounded to the digits that count. */
static void put_rounded(gl_buf *out, gl_str text, double value)
{
    char plain[2 * TEXT_LIMIT];
    double size = fabs(value);
    if (size != 0 && (size >= 1e30 || size < 1e-30)) { /* nobody's amount: as it is written */
        gl_buf_str(out, text);
        return;
    }
    int whole = size == 0 ? 1 : (int)floor(log10(size)) + 1, decimals = DIGITS - whole;
    snprintf(plain, sizeof plain, "%.*f", decimals < 0 ? 0 : decimals, value);
    trim_zeros(plain);
    gl_buf_text(out, plain);
}

/* ---- dates ---- */

static void put_date(gl_buf *out, int64_t day, bool since_1904)
{
    int year, month, date;
    if (!since_1904 && day == 60) { /* a day that spreadsheets have and the calendar has not */
        gl_buf_text(out, "1900-02-29");
        return;
    }
    int32_t base = since_1904 ? gl_date_days(1904, 1, 1) : gl_date_days(1899, 12, day < 60 ? 31 : 30);
    gl_date_civil(base + (int32_t)day, &year, &month, &date);
    gl_buf_printf(out, "%04d-%02d-%02d", year, month, date);
}

/* False: it is no date; nothing was put. */
static bool put_moment(gl_buf *out, double value, gl_number_kind kind, bool since_1904)
{
    if (!(value >= 0) || value >= LAST_DAY + 1)
        return false;
    int64_t day = (int64_t)floor(value), second = llround((value - floor(value)) * DAY_SECONDS);
    bool dated = day > 0 || since_1904;
    if (!dated && kind != GL_NUMBER_TIME)
        return false;
    if (kind == GL_NUMBER_DATE)
        second = 0;
    day += second / DAY_SECONDS;
    second %= DAY_SECONDS;
    if (dated && !(kind == GL_NUMBER_TIME && day == 0))
        put_date(out, day, since_1904);
    if (kind != GL_NUMBER_TIME && second == 0)
        return true;
    bool both = dated && !(kind == GL_NUMBER_TIME && day == 0);
    gl_buf_printf(out, "%s%02d:%02d:%02d", both ? "T" : "", (int)(second / 3600), (int)(second / 60 % 60),
                  (int)(second % 60));
    return true;
}

bool gl_number_put(gl_buf *out, gl_str text, gl_number_style style, bool since_1904)
{
    char number[TEXT_LIMIT];
    size_t digits;
    bool exponent;
    if (text.len >= sizeof number || !is_number(text, &digits, &exponent)) {
        gl_buf_str(out, text);
        return false;
    }
    memcpy(number, text.ptr, text.len);
    number[text.len] = '\0';
    double value = strtod(number, NULL);
    if (style.kind >= GL_NUMBER_DATE && put_moment(out, value, style.kind, since_1904))
        return true;
    if (style.kind == GL_NUMBER_PADDED && value >= 0 && value == floor(value) && value < 1e15)
        gl_buf_printf(out, "%0*.0f", (int)style.digits, value);
    else if (!exponent && digits <= DIGITS)
        gl_buf_str(out, text);
    else
        put_rounded(out, text, value);
    return false;
}
