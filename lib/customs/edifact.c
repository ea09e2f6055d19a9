/* See edifact.h. */
#include "customs/edifact.h"

#include <stdio.h>

#include "base/clock.h"

enum { US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400, TIME_CHARS = 15, LATIN1_LAST = 0xFF, ELLIPSIS = 0x2026 };

/* --- characters --- */

gl_str gl_edifact_cut(gl_str text, size_t limit)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
        if (count > limit)
            return (gl_str){text.ptr, i};
    }
    return text;
}

/* The character at the beginning of UTF-8, and how many bytes it has; bytes that are none are 0xFFFD. */
static uint32_t next_character(gl_str text, size_t *bytes)
{
    unsigned char c = (unsigned char)text.ptr[0];
    size_t len = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    *bytes = 1;
    if (len > text.len || !gl_str_is_utf8((gl_str){text.ptr, len}, NULL))
        return 0xFFFD;
    uint32_t character = len == 1 ? c : c & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        character = character << 6 | ((unsigned char)text.ptr[i] & 0x3F);
    *bytes = len;
    return character;
}

static void put_ascii(gl_edifact *out, char c)
{
    if (strchr("?+:'*", c) != NULL)
        gl_buf_byte(out->buf, '?');
    gl_buf_byte(out->buf, (uint8_t)c);
}

static void put_text(gl_edifact *out, gl_str text)
{
    size_t bytes = 0;
    for (; text.len > 0; text.ptr += bytes, text.len -= bytes) {
        uint32_t c = next_character(text, &bytes);
        if (c < 0x20 || c == 0x7F)
            gl_buf_byte(out->buf, ' ');
        else if (c < 0x80)
            put_ascii(out, (char)c);
        else if (c == 0xFFFD)
            put_ascii(out, '?');
        else if (out->utf8)
            gl_buf_bytes(out->buf, text.ptr, bytes);
        else if (c == ELLIPSIS)
            gl_buf_text(out->buf, "...");
        else if (c > LATIN1_LAST || c < 0xA0)
            put_ascii(out, '?');
        else
            gl_buf_byte(out->buf, (uint8_t)c);
    }
}

/* --- segments --- */

void gl_edifact_segment(gl_edifact *out, const char *tag)
{
    gl_buf_text(out->buf, tag);
    out->elements = out->components = 0;
    out->segments++;
}

static void put_value(gl_edifact *out, gl_str text)
{
    if (text.len == 0)
        return;
    for (; out->elements > 0; out->elements--)
        gl_buf_byte(out->buf, '+');
    for (; out->components > 0; out->components--)
        gl_buf_byte(out->buf, ':');
    put_text(out, text);
}

void gl_edifact_element(gl_edifact *out, gl_str text)
{
    out->elements++;
    out->components = 0;
    put_value(out, text);
}

void gl_edifact_component(gl_edifact *out, gl_str text)
{
    out->components++;
    put_value(out, text);
}

void gl_edifact_number(gl_edifact *out, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    gl_edifact_element(out, gl_str_of(text));
}

void gl_edifact_end(gl_edifact *out)
{
    gl_buf_text(out->buf, "'\n");
}

/* YYYYMMDDhhmmss, 14 characters and a NUL. */
static void time_text(int64_t wall_us, char text[TIME_CHARS])
{
    int64_t seconds = wall_us / US_PER_SECOND;
    int year, month, day, rest = (int)(seconds % SECONDS_PER_DAY);
    gl_date_civil((int32_t)(seconds / SECONDS_PER_DAY), &year, &month, &day);
    const int parts[] = {year / 100 % 100, year % 100, month, day, rest / 3600, rest / 60 % 60, rest % 60};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        text[2 * i] = (char)('0' + parts[i] / 10 % 10);
        text[2 * i + 1] = (char)('0' + parts[i] % 10);
    }
    text[TIME_CHARS - 1] = 0;
}

void gl_edifact_time(gl_edifact *out, const char *qualifier, int64_t wall_us)
{
    char text[TIME_CHARS + 3];
    time_text(wall_us, text);
    memcpy(text + TIME_CHARS - 1, "UTC", 4);
    gl_edifact_segment(out, "DTM");
    gl_edifact_element(out, gl_str_of(qualifier));
    gl_edifact_component(out, gl_str_of(text));
    gl_edifact_component(out, GL_STR("304"));
    gl_edifact_end(out);
}

void gl_edifact_text(gl_edifact *out, const char *subject, const char *code, gl_str text)
{
    text = gl_str_trim(text);
    for (; text.len > 0 && out->texts_left > 0; out->texts_left--) {
        gl_edifact_segment(out, "FTX");
        gl_edifact_element(out, gl_str_of(subject));
        gl_edifact_element(out, GL_STR(""));
        gl_edifact_element(out, gl_str_of(code));
        for (int i = 0; i < GL_EDIFACT_TEXTS && text.len > 0; i++) {
            gl_str part = gl_edifact_cut(text, GL_EDIFACT_TEXT_CHARS);
            if (i == 0)
                gl_edifact_element(out, part);
            else
                gl_edifact_component(out, part);
            text = gl_str_trim((gl_str){text.ptr + part.len, text.len - part.len});
        }
        gl_edifact_end(out);
    }
}

/* --- the interchange --- */

static void put_partner(gl_edifact *out, const gl_str partner[4])
{
    gl_edifact_element(out, partner[0]);
    for (int i = 1; i < 4; i++)
        gl_edifact_component(out, partner[i]);
}

void gl_edifact_open(gl_edifact *out, const gl_edifact_head *head)
{
    char text[TIME_CHARS];
    time_text(head->sent_us, text);
    gl_buf_text(out->buf, out->utf8 ? "UNA:+.?*'\n" : "UNA:+.? '\n");
    gl_edifact_segment(out, "UNB");
    gl_edifact_element(out, out->utf8 ? GL_STR("UNOY") : GL_STR("UNOC"));
    gl_edifact_component(out, out->utf8 ? GL_STR("4") : GL_STR("3"));
    put_partner(out, head->sender);
    put_partner(out, head->recipient);
    gl_edifact_element(out, out->utf8 ? (gl_str){text, 8} : (gl_str){text + 2, 6});
    gl_edifact_component(out, (gl_str){text + 8, 4});
    gl_edifact_element(out, gl_edifact_cut(head->reference, GL_EDIFACT_REFERENCE_CHARS));
    for (int i = 0; i < 5; i++)
        gl_edifact_element(out, GL_STR(""));
    gl_edifact_element(out, head->test ? GL_STR("1") : GL_STR(""));
    gl_edifact_end(out);
}

void gl_edifact_close(gl_edifact *out, const gl_edifact_head *head, size_t messages)
{
    gl_edifact_segment(out, "UNZ");
    gl_edifact_number(out, messages);
    gl_edifact_element(out, gl_edifact_cut(head->reference, GL_EDIFACT_REFERENCE_CHARS));
    gl_edifact_end(out);
}

void gl_edifact_begin(gl_edifact *out, size_t number, const char *const identifier[4])
{
    out->segments = 0;
    out->texts_left = GL_EDIFACT_TEXTS_LIMIT;
    gl_edifact_segment(out, "UNH");
    gl_edifact_number(out, number);
    gl_edifact_element(out, gl_str_of(identifier[0]));
    for (int i = 1; i < 4; i++)
        gl_edifact_component(out, gl_str_of(identifier[i]));
    gl_edifact_end(out);
}

void gl_edifact_finish(gl_edifact *out, size_t number)
{
    gl_edifact_segment(out, "UNT");
    gl_edifact_number(out, out->segments);
    gl_edifact_number(out, number);
    gl_edifact_end(out);
}
