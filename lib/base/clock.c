/* See clock.h. Civil dates by the usual era arithmetic (400-year cycles of 146,097 days, the year starting in March),
 * so that no time zone database, locale or 32-bit time_t is involved. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SECONDS_A_DAY = 86400 };
static const int64_t US_A_SECOND = 1000000;

static int64_t read_clock(clockid_t clock)
{
    struct timespec ts;
    if (clock_gettime(clock, &ts) != 0) {
        fputs("greenlane: clock_gettime failed\n", stderr);
        abort();
    }
    return (int64_t)ts.tv_sec * US_A_SECOND + ts.tv_nsec / 1000;
}

int64_t gl_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t gl_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t gl_thread_cpu_us(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void gl_sleep_ms(int ms)
{
    struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&rest, NULL);
}

int32_t gl_date_days(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

/* The arithmetic of gl_date_civil for any day that fits an instant in microseconds. */
static void civil(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

void gl_date_civil(int32_t days, int *year, int *month, int *day)
{
    int64_t y = 0;
    civil(days, &y, month, day);
    *year = (int)y;
}

/* "YYYY-MM-DDThh:mm:ss.uuuuuuZ" of pairs of digits; printf would cost ten times as much. */
static gl_str write_time(const int pairs[10], char text[GL_TIME_TEXT_BYTES])
{
    static const char after[10][2] = {"", "-", "-", "T", ":", ":", ".", "", "", "Z"};
    char *at = text;
    for (int i = 0; i < 10; i++) {
        *at++ = (char)('0' + pairs[i] / 10);
        *at++ = (char)('0' + pairs[i] % 10);
        if (after[i][0] != '\0')
            *at++ = after[i][0];
    }
    *at = '\0';
    return (gl_str){text, (size_t)(at - text)};
}

gl_str gl_time_format(int64_t wall_us, char text[GL_TIME_TEXT_BYTES])
{
    int64_t us = wall_us % US_A_SECOND;
    int64_t seconds = wall_us / US_A_SECOND;
    if (us < 0) {
        us += US_A_SECOND;
        seconds--;
    }
    int64_t of_day = seconds % SECONDS_A_DAY;
    int64_t days = seconds / SECONDS_A_DAY;
    if (of_day < 0) {
        of_day += SECONDS_A_DAY;
        days--;
    }
    int64_t year = 0;
    int month = 0, day = 0;
    civil(days, &year, &month, &day);
    if (year >= 0 && year <= 9999) {
        const int parts[] = {(int)year / 100,
                             (int)year % 100,
                             month,
                             day,
                             (int)(of_day / 3600),
                             (int)(of_day / 60 % 60),
                             (int)(of_day % 60),
                             (int)us / 10000,
                             (int)us / 100 % 100,
                             (int)us % 100};
        return write_time(parts, text);
    }
    /* The longest, year -290308, takes 31 bytes and the NUL. */
    int len = snprintf(text, GL_TIME_TEXT_BYTES, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day,
                       (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60), (int)us);
    return (gl_str){text, (size_t)len};
}

/* `count` digits at the start of `s`, which is moved past them. */
static bool take_digits(gl_str *s, size_t count, int *value)
{
    if (s->len < count)
        return false;
    int v = 0;
    for (size_t i = 0; i < count; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return false;
        v = v * 10 + (s->ptr[i] - '0');
    }
    s->ptr += count;
    s->len -= count;
    *value = v;
    return true;
}

static bool take_char(gl_str *s, const char *one_of)
{
    if (s->len == 0 || s->ptr[0] == '\0' || strchr(one_of, s->ptr[0]) == NULL)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(gl_str *s, int32_t *days)
{
    int year = 0, month = 0, day = 0;
    if (!take_digits(s, 4, &year) || !take_char(s, "-") || !take_digits(s, 2, &month) || !take_char(s, "-") ||
        !take_digits(s, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *days = gl_date_days(year, month, day);
    return true;
}

bool gl_date_parse(gl_str text, int32_t *days)
{
    int32_t value = 0;
    if (!take_date(&text, &value) || text.len != 0)
        return false;
    *days = value;
    return true;
}

/* ".123456789": microseconds, what is finer is cut. */
static bool take_fraction(gl_str *s, int64_t *us)
{
    *us = 0;
    if (!take_char(s, "."))
        return true;
    int64_t scale = US_A_SECOND;
    int digit = 0;
    if (!take_digits(s, 1, &digit))
        return false;
    do {
        scale /= 10;
        *us += digit * scale;
    } while (take_digits(s, 1, &digit));
    return true;
}

/* "Z" or "+hh:mm", as seconds east of UTC. */
static bool take_offset(gl_str *s, int *seconds)
{
    *seconds = 0;
    if (take_char(s, "Zz"))
        return true;
    int sign = s->len > 0 && s->ptr[0] == '-' ? -1 : 1;
    int hours = 0, minutes = 0;
    if (!take_char(s, "+-") || !take_digits(s, 2, &hours) || !take_char(s, ":") || !take_digits(s, 2, &minutes))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
}

bool gl_time_parse(gl_str text, int64_t *wall_us)
{
    int32_t days = 0;
    int hour = 0, minute = 0, second = 0, offset = 0;
    int64_t us = 0;
    if (!take_date(&text, &days) || !take_char(&text, "Tt ") || !take_digits(&text, 2, &hour) ||
        !take_char(&text, ":") || !take_digits(&text, 2, &minute) || !take_char(&text, ":") ||
        !take_digits(&text, 2, &second) || !take_fraction(&text, &us) || !take_offset(&text, &offset) || text.len != 0)
        return false;
    /* 60 is a leap second (RFC 3339, section 5.7): counted as the first second of the next minute. */
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    int64_t seconds = (int64_t)days * SECONDS_A_DAY + (int64_t)hour * 3600 + (int64_t)minute * 60 + second - offset;
    *wall_us = seconds * US_A_SECOND + us;
    return true;
}
