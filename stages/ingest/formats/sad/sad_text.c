/* See sad_text.h. */
#include "ingest/formats/sad/sad_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

/* --- numbers --- */

enum { DIGITS_LIMIT = 40, DECIMALS_LIMIT = 15, WHOLE_LIMIT = 17, EXPONENT_LIMIT = 30 };

/* What a text of digits and separators is made of. */
typedef struct parts {
    bool negative, good;
    char text[DIGITS_LIMIT + 1]; /* digits, '.' and ',' in their order; spaces and apostrophes group and are gone */
    size_t len;
    bool grouped_by_space;
    long exponent;
} parts;

/* White space, an apostrophe, U+00A0, U+202F and U+2019, which only ever group; 0: none of them. */
static size_t grouping_at(gl_str text, size_t at)
{
    static const char *const marks[] = {" ", "'", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x99"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (gl_str_starts((gl_str){text.ptr + at, text.len - at}, gl_str_of(marks[i])))
            return strlen(marks[i]);
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "E7", "e-04" to the end of the text. */
static bool read_exponent(gl_str text, long *exponent)
{
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    uint64_t value = 0;
    if (!gl_str_to_u64((gl_str){text.ptr + at, text.len - at}, EXPONENT_LIMIT, &value))
        return false;
    *exponent = text.ptr[0] == '-' ? -(long)value : (long)value;
    return true;
}

static parts take_apart(gl_str text)
{
    parts p = {0};
    text = gl_str_trim(text);
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    p.negative = at == 1 && text.ptr[0] == '-';
    bool digits = false, marked = false;
    size_t run = 0; /* since the last space */
    while (at < text.len) {
        char c = text.ptr[at];
        size_t group = grouping_at(text, at);
        if ((c == 'E' || c == 'e') && digits) {
            p.good = read_exponent((gl_str){text.ptr + at + 1, text.len - at - 1}, &p.exponent);
            return p;
        }
        if (group > 0 && digits) {
            if (marked || (p.grouped_by_space ? run != 3 : run > 3))
                return p;
            p.grouped_by_space = true;
            run = 0;
            at += group;
            continue;
        }
        if (!is_digit(c) && p.grouped_by_space && !marked && run != 3)
            return p;
        marked = marked || c == '.' || c == ',';
        run++;
        if ((!is_digit(c) && c != '.' && c != ',') || p.len == DIGITS_LIMIT)
            return p;
        digits = digits || is_digit(c);
        p.text[p.len++] = c;
        at++;
    }
    p.good = digits && (!p.grouped_by_space || marked || run == 3);
    return p;
}

/* Groups of three behind the first one, of one to three digits that do not begin with 0; `count` separators. */
static bool fits_grouping(const parts *p, char mark, size_t count, size_t end)
{
    size_t run = 0, seen = 0;
    for (size_t i = 0; i < end; i++) {
        if (p->text[i] != mark) {
            run++;
            continue;
        }
        if (seen == 0 ? run < 1 || run > 3 || p->text[0] == '0' : run != 3)
            return false;
        seen++;
        run = 0;
    }
    return seen == count && (count == 0 || run == 3);
}

static size_t count_of(const parts *p, char mark, size_t *last)
{
    size_t count = 0;
    for (size_t i = 0; i < p->len; i++)
        if (p->text[i] == mark) {
            *last = i;
            count++;
        }
    return count;
}

/* Which mark its decimals are behind: '.', ',', 0 (it has none), '?' (it may group or not), '!' (it is no number). */
static char decimal_mark(const parts *p)
{
    size_t point = 0, comma = 0, points = count_of(p, '.', &point), commas = count_of(p, ',', &comma);
    if (points == 0 && commas == 0)
        return 0;
    if (points > 0 && commas > 0) {
        bool by_point = point > comma;
        size_t before = by_point ? point : comma;
        bool once = by_point ? points == 1 : commas == 1;
        if (!once || p->grouped_by_space || !fits_grouping(p, by_point ? ',' : '.', by_point ? commas : points, before))
            return '!';
        return by_point ? '.' : ',';
    }
    char mark = points > 0 ? '.' : ',';
    size_t count = points + commas;
    bool groups = !p->grouped_by_space && fits_grouping(p, mark, count, p->len);
    if (count > 1)
        return groups ? 0 : '!';
    return groups && p->exponent == 0 ? '?' : mark;
}

void gl_sad_learn_number(gl_sad_locale *locale, gl_str text)
{
    parts p = take_apart(text);
    char mark = p.good ? decimal_mark(&p) : '!';
    size_t last = 0;
    locale->point = locale->point || mark == '.';
    locale->comma = locale->comma || mark == ',';
    if (mark == 0 && count_of(&p, ',', &last) > 1)
        locale->point = true;
    if (mark == 0 && count_of(&p, '.', &last) > 1)
        locale->comma = true;
}

/* Digits before and behind the decimal mark (0: none) as text, with the exponent in it and too many decimals rounded
 * away; NULL: more than can be held. */
static const char *plain_text(gl_arena *arena, const parts *p, char mark)
{
    char digits[DIGITS_LIMIT + 2 * EXPONENT_LIMIT + 2];
    size_t count = 0;
    long whole = -1;
    for (size_t i = 0; i < p->len; i++)
        if (is_digit(p->text[i]))
            digits[count++] = p->text[i];
        else if (p->text[i] == mark)
            whole = (long)count;
    whole = (whole < 0 ? (long)count : whole) + p->exponent;
    while (whole < 1) { /* a zero before the mark */
        memmove(digits + 1, digits, count++);
        digits[0] = '0';
        whole++;
    }
    while ((long)count < whole)
        digits[count++] = '0';
    size_t skip = 0;
    while (skip + 1 < (size_t)whole && digits[skip] == '0')
        skip++;
    if (whole - (long)skip > WHOLE_LIMIT)
        return NULL;
    size_t decimals = count - (size_t)whole, room = (size_t)(WHOLE_LIMIT - (whole - (long)skip));
    size_t most = room < DECIMALS_LIMIT ? room : DECIMALS_LIMIT;
    bool up = decimals > most && digits[(size_t)whole + most] >= '5';
    count = decimals > most ? (size_t)whole + most : count;
    for (size_t i = count; up && i-- > skip;) {
        up = digits[i] == '9';
        digits[i] = up ? '0' : (char)(digits[i] + 1);
    }
    return gl_arena_printf(arena, "%s%s%.*s%s%.*s", p->negative ? "-" : "", up ? "1" : "", (int)(whole - (long)skip),
                           digits + skip, count > (size_t)whole ? "." : "", (int)(count - (size_t)whole),
                           digits + whole);
}

gl_sad_reading gl_sad_number(gl_arena *arena, const gl_sad_locale *locale, gl_str text, gl_str *number)
{
    parts p = take_apart(text);
    char mark = p.good ? decimal_mark(&p) : '!';
    if (mark == '?') {
        if (locale->point == locale->comma)
            return GL_SAD_AMBIGUOUS;
        char decimals = locale->point ? '.' : ',';
        mark = memchr(p.text, decimals, p.len) != NULL ? decimals : 0;
    }
    const char *plain = mark == '!' ? NULL : plain_text(arena, &p, mark);
    if (plain == NULL)
        return GL_SAD_UNREADABLE;
    *number = gl_str_of(plain);
    return GL_SAD_READ;
}

bool gl_sad_zero(gl_str text)
{
    parts p = take_apart(text);
    for (size_t i = 0; i < p.len; i++)
        if (is_digit(p.text[i]) && p.text[i] != '0')
            return false;
    return p.good && decimal_mark(&p) != '!';
}

/* --- dates --- */

typedef struct fields {
    long at[3];
    size_t width[3];
    bool named; /* the second one is a month by its name */
    bool good;
} fields;

static long month_of(gl_str text)
{
    static const char names[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    for (long month = 0; text.len == 3 && month < 12; month++) {
        bool same = true;
        for (size_t i = 0; i < 3; i++)
            same = same && (text.ptr[i] & ~0x20) == names[3 * month + (long)i];
        if (same)
            return month + 1;
    }
    return 0;
}

/* Digits with digits, letters with letters. */
static bool is_alike(char first, char next)
{
    char low = (char)(next | 0x20);
    return is_digit(first) ? is_digit(next) : low >= 'a' && low <= 'z';
}

/* Three fields parted by one of '/', '-', '.', and perhaps a time behind them. */
static fields split_date(gl_str text)
{
    fields f = {0};
    size_t at = 0;
    char mark = 0;
    text = gl_str_trim(text);
    for (size_t i = 0; i < 3; i++) {
        size_t from = at;
        while (at < text.len && at - from < 5 && is_alike(text.ptr[from], text.ptr[at]))
            at++;
        gl_str field = {text.ptr + from, at - from};
        uint64_t value = 0;
        f.width[i] = field.len;
        if (i == 1 && month_of(field) > 0) {
            f.named = true;
            f.at[i] = month_of(field);
        } else if (gl_str_to_u64(field, 9999, &value)) {
            f.at[i] = (long)value;
        } else {
            return f;
        }
        if (i == 2)
            break;
        if (at == text.len || (text.ptr[at] != '/' && text.ptr[at] != '-' && text.ptr[at] != '.') ||
            (i == 1 && text.ptr[at] != mark))
            return f;
        mark = text.ptr[at++];
    }
    f.good = at == text.len || text.ptr[at] == ' ' || text.ptr[at] == 'T';
    return f;
}

/* Both could be the month, and which of them it is matters. */
static bool is_ambiguous(const fields *f)
{
    return f->good && !f->named && f->width[0] <= 2 && f->at[0] <= 12 && f->at[1] <= 12 && f->at[0] != f->at[1];
}

void gl_sad_learn_date(gl_sad_locale *locale, gl_str text)
{
    fields f = split_date(text);
    if (!f.good || f.named || f.width[0] > 2 || f.width[1] > 2)
        return;
    locale->day_first = locale->day_first || (f.at[0] > 12 && f.at[1] <= 12);
    locale->month_first = locale->month_first || (f.at[1] > 12 && f.at[0] <= 12);
}

gl_sad_reading gl_sad_date(gl_arena *arena, const gl_sad_locale *locale, gl_str text, gl_str *date)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    fields f = split_date(text);
    bool year_first = f.width[0] == 4, ambiguous = is_ambiguous(&f);
    if (!f.good || (!year_first && f.width[2] != 2 && f.width[2] != 4) || (year_first && f.width[2] > 2))
        return GL_SAD_UNREADABLE;
    if (ambiguous && locale->day_first == locale->month_first)
        return GL_SAD_AMBIGUOUS;
    bool day_first = ambiguous ? locale->day_first : f.named || f.at[0] > 12 || f.at[0] == f.at[1];
    long year = year_first ? f.at[0] : f.at[2], month = year_first || day_first ? f.at[1] : f.at[0],
         day = year_first  ? f.at[2]
               : day_first ? f.at[0]
                           : f.at[1];
    if (!year_first && f.width[2] == 2)
        year += year < 70 ? 2000 : 1900;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1900 || month < 1 || month > 12 || day < 1 || day > days[month - 1] ||
        (month == 2 && day == 29 && !leap))
        return GL_SAD_UNREADABLE;
    *date = gl_str_of(gl_arena_printf(arena, "%04ld-%02ld-%02ld", year, month, day));
    return GL_SAD_READ;
}
