/* See gen/rt.h: the parts that are too large, or too rare, to be inlined. */
#include "gen/rt.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

const uint8_t *gl_avro_refuse(gl_avro_reading *c, const uint8_t *p, const char *code, const char *reason)
{
    c->code = code;
    c->reason = reason;
    c->offset = (size_t)(p - c->begin);
    return NULL;
}

/* Cuts at the inner end when the path is too long: the outer names say more. */
static void prepend(gl_avro_reading *c, const char *text, const char *separator)
{
    char longer[sizeof c->path * 2];
    snprintf(longer, sizeof longer, "%s%s%s", text, c->path[0] == '\0' || c->path[0] == '[' ? "" : separator, c->path);
    memcpy(c->path, longer, sizeof c->path);
    c->path[sizeof c->path - 1] = '\0';
}

const uint8_t *gl_avro_in_field(gl_avro_reading *c, const char *field)
{
    prepend(c, field, ".");
    return NULL;
}

const uint8_t *gl_avro_in_element(gl_avro_reading *c, size_t index)
{
    char text[32];
    snprintf(text, sizeof text, "[%zu]", index);
    prepend(c, text, ".");
    return NULL;
}

bool gl_avro_report(const gl_avro_reading *c, const char *record, gl_err *err)
{
    return gl_fail(err, GL_DEAD_LETTER, c->code, "%s: %s at byte %zu, field %s", record, c->reason, c->offset, c->path);
}

bool gl_avro_start(gl_avro_reading *c, const uint8_t **bytes, size_t size, gl_arena *arena, gl_err *err)
{
    static const uint8_t nothing[1];
    if (size > GL_AVRO_LIMIT_BYTES)
        return gl_fail(err, GL_DEAD_LETTER, "avro-limit", "%zu bytes are more than the limit of %d", size,
                       GL_AVRO_LIMIT_BYTES);
    if (*bytes == NULL)
        *bytes = nothing; /* NULL stands for an error while reading */
    c->begin = *bytes;
    c->arena = arena;
    c->version = INT_MAX;
    c->path[0] = '\0';
    return true;
}

const uint8_t *gl_rd_long_slow(const uint8_t *p, const uint8_t *end, int64_t *value, gl_avro_reading *c)
{
    const uint8_t *start = p;
    uint64_t v = 0;
    for (unsigned shift = 0; p < end; shift += 7) {
        uint8_t byte = *p++;
        /* The tenth byte has room for one bit more. */
        if (shift == 63 && byte > 1)
            return gl_avro_refuse(c, start, "avro-invalid", "a number does not fit in 64 bits");
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = gl_rt_unzigzag(v);
            return p;
        }
    }
    return gl_avro_refuse(c, start, "avro-truncated", "it ends in a number");
}

const uint8_t *gl_rd_block_slow(const uint8_t *p, const uint8_t *end, size_t least, size_t *count, const uint8_t **stop,
                                gl_avro_reading *c)
{
    const uint8_t *start = p;
    int64_t n = 0;
    *count = 0;
    *stop = NULL;
    p = gl_rd_long(p, end, &n, c);
    if (p == NULL)
        return NULL;
    uint64_t elements = (uint64_t)n;
    if (n < 0) {
        int64_t size = 0;
        elements = 0 - elements;
        p = gl_rd_long(p, end, &size, c);
        if (p == NULL)
            return NULL;
        if (size < 0)
            return gl_avro_refuse(c, start, "avro-invalid", "the size of a block is negative");
        if ((uint64_t)size > (uint64_t)(end - p))
            return gl_avro_refuse(c, start, "avro-truncated", "it ends in a block of an array");
        *stop = p + size;
    }
    /* The division keeps the product from overflowing. */
    if (least > 0 && elements > (uint64_t)((*stop == NULL ? end : *stop) - p) / least)
        return gl_avro_refuse(c, start, "avro-truncated",
                              "it ends in an array: too few bytes for the count of elements");
    *count = (size_t)elements;
    return p;
}

void *gl_rd_grow(gl_avro_reading *c, void *at, size_t count, size_t more, size_t *room, size_t size)
{
    if (*room - count >= more)
        return at;
    size_t wanted = count + more;
    /* Many small blocks must not cost a copy each. */
    if (count > 0 && wanted < *room * 2)
        wanted = *room * 2;
    void *fresh = gl_arena_alloc(c->arena, wanted * size);
    if (count > 0)
        memcpy(fresh, at, count * size);
    *room = wanted;
    return fresh;
}

uint8_t *gl_wr_grow(uint8_t *w, gl_avro_writing *o, size_t more)
{
    gl_buf *buf = o->buf;
    buf->len = (size_t)(w - buf->data);
    gl_buf_reserve(buf, more);
    o->end = buf->data + buf->cap;
    return buf->data + buf->len;
}

uint8_t *gl_wr_varint_slow(uint8_t *w, uint64_t v)
{
    while (v >= 0x80) {
        *w++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *w++ = (uint8_t)v;
    return w;
}

void gl_js_int(gl_buf *buf, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    gl_buf_text(buf, text);
}

void gl_js_float(gl_buf *buf, float value)
{
    if (isfinite(value))
        gl_buf_printf(buf, "%.9g", (double)value);
    else
        gl_buf_text(buf, "null");
}

void gl_js_double(gl_buf *buf, double value)
{
    if (isfinite(value))
        gl_buf_printf(buf, "%.17g", value);
    else
        gl_buf_text(buf, "null");
}

void gl_js_bool(gl_buf *buf, bool value)
{
    gl_buf_text(buf, value ? "true" : "false");
}

void gl_js_hex(gl_buf *buf, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;
    gl_buf_byte(buf, '"');
    for (size_t i = 0; i < size; i++) {
        gl_buf_byte(buf, (uint8_t)digits[p[i] >> 4]);
        gl_buf_byte(buf, (uint8_t)digits[p[i] & 15]);
    }
    gl_buf_byte(buf, '"');
}

/* The proleptic Gregorian date of a day counted from 1970-01-01, for the whole range of the types: eras of 400 years
 * that start on 1 March, so that the leap day is a year's last. */
static void civil_date(int64_t day, int64_t *year, int *month, int *month_day)
{
    int64_t shifted = day + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * of_year + 2) / 153;
    *month_day = (int)(of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static void js_instant(gl_buf *buf, int64_t value, int64_t per_second, int digits)
{
    int64_t second = value / per_second - (value % per_second < 0);
    int64_t fraction = value % per_second + (value % per_second < 0 ? per_second : 0);
    int64_t day = second / 86400 - (second % 86400 < 0);
    int64_t of_day = second - day * 86400;
    int64_t year = 0;
    int month = 0, month_day = 0;
    civil_date(day, &year, &month, &month_day);
    gl_buf_printf(buf, "\"%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%0*" PRId64 "Z\"", year, month, month_day,
                  (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60), digits, fraction);
}

void gl_js_micros(gl_buf *buf, int64_t value)
{
    js_instant(buf, value, 1000000, 6);
}

void gl_js_millis(gl_buf *buf, int64_t value)
{
    js_instant(buf, value, 1000, 3);
}

void gl_js_date(gl_buf *buf, int32_t value)
{
    int64_t year = 0;
    int month = 0, month_day = 0;
    civil_date(value, &year, &month, &month_day);
    gl_buf_printf(buf, "\"%04" PRId64 "-%02d-%02d\"", year, month, month_day);
}
