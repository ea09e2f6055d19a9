/* See buf.h. */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_STEP_BYTES = 64 * 1024 };

static const char REPLACEMENT[] = "\xEF\xBF\xBD";

void gl_buf_reserve(gl_buf *buf, size_t more)
{
    if (buf->cap - buf->len >= more)
        return;
    if (more > SIZE_MAX / 4 || buf->cap > SIZE_MAX / 4)
        abort();
    size_t cap = buf->cap < 64 ? 64 : buf->cap * 2;
    if (cap < buf->len + more)
        cap = buf->len + more;
    if (buf->arena != NULL) {
        uint8_t *fresh = gl_arena_alloc(buf->arena, cap);
        if (buf->len > 0)
            memcpy(fresh, buf->data, buf->len);
        buf->data = fresh;
    } else {
        uint8_t *fresh = realloc(buf->data, cap);
        if (fresh == NULL)
            abort();
        buf->data = fresh;
    }
    buf->cap = cap;
}

void gl_buf_free(gl_buf *buf)
{
    if (buf->arena == NULL)
        free(buf->data);
    *buf = (gl_buf){.arena = buf->arena};
}

void gl_buf_printf(gl_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0) {
        gl_buf_reserve(buf, (size_t)len + 1);
        vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

bool gl_buf_read_file(gl_buf *buf, const char *path, size_t limit_bytes)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool failed = false;
    size_t before = buf->len;
    for (size_t got = 1; got > 0 && !failed && buf->len - before <= limit_bytes;) {
        gl_buf_reserve(buf, FILE_STEP_BYTES);
        errno = 0;
        got = fread(buf->data + buf->len, 1, FILE_STEP_BYTES, file);
        failed = ferror(file) != 0;
        buf->len += got;
    }
    int reason = errno;
    fclose(file);
    errno = reason;
    return !failed;
}

/* The slice up to the first byte that is not well-formed UTF-8. */
static size_t valid_prefix(gl_str s)
{
    size_t bad_at = 0;
    return gl_str_is_utf8(s, &bad_at) ? s.len : bad_at;
}

void gl_buf_int(gl_buf *buf, int64_t value)
{
    char text[20];
    char *at = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    gl_buf_bytes(buf, at, (size_t)(text + sizeof text - at));
}

/* Runs of valid UTF-8 go to `text`; each byte between them becomes a replacement character. */
static void put_valid(gl_buf *buf, gl_str s, void (*text)(gl_buf *buf, gl_str valid))
{
    while (s.len > 0) {
        size_t good = valid_prefix(s);
        text(buf, (gl_str){s.ptr, good});
        s.ptr += good;
        s.len -= good;
        if (s.len > 0) {
            gl_buf_text(buf, REPLACEMENT);
            s.ptr++;
            s.len--;
        }
    }
}

static void json_escape(gl_buf *buf, unsigned char c)
{
    switch (c) {
    case '"':
        gl_buf_text(buf, "\\\"");
        break;
    case '\\':
        gl_buf_text(buf, "\\\\");
        break;
    case '\n':
        gl_buf_text(buf, "\\n");
        break;
    case '\r':
        gl_buf_text(buf, "\\r");
        break;
    case '\t':
        gl_buf_text(buf, "\\t");
        break;
    default:
        gl_buf_printf(buf, "\\u%04x", c);
    }
}

/* What comes before the first character that JSON escapes: nearly always the whole text. */
static size_t json_plain(gl_str s)
{
    size_t i = 0;
    while (i < s.len) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F)
            break;
        i++;
    }
    return i;
}

static void json_text(gl_buf *buf, gl_str s)
{
    for (;;) {
        size_t plain = json_plain(s);
        gl_buf_bytes(buf, s.ptr, plain);
        if (plain == s.len)
            return;
        json_escape(buf, (unsigned char)s.ptr[plain]);
        s = (gl_str){s.ptr + plain + 1, s.len - plain - 1};
    }
}

void gl_buf_json(gl_buf *buf, gl_str s)
{
    gl_buf_byte(buf, '"');
    put_valid(buf, s, json_text);
    gl_buf_byte(buf, '"');
}

/* U+FFFE and U+FFFF, the only characters of valid UTF-8 above U+001F that XML 1.0 forbids. */
static bool is_noncharacter(gl_str s)
{
    return s.len >= 3 && (unsigned char)s.ptr[0] == 0xEF && (unsigned char)s.ptr[1] == 0xBF &&
           (unsigned char)s.ptr[2] >= 0xBE;
}

/* What comes before the first character that XML escapes or forbids: nearly always the whole text. */
static size_t xml_plain(gl_str s)
{
    size_t i = 0;
    for (; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '&' || c == '<' || c == '>' || c == '"' || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
            (c == 0xEF && is_noncharacter((gl_str){s.ptr + i, s.len - i})))
            break;
    }
    return i;
}

static const char *xml_escape(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return REPLACEMENT;
    }
}

static void xml_text(gl_buf *buf, gl_str s)
{
    for (;;) {
        size_t plain = xml_plain(s);
        gl_buf_bytes(buf, s.ptr, plain);
        if (plain == s.len)
            return;
        size_t taken = plain + (is_noncharacter((gl_str){s.ptr + plain, s.len - plain}) ? 3 : 1);
        gl_buf_text(buf, xml_escape(s.ptr[plain]));
        s = (gl_str){s.ptr + taken, s.len - taken};
    }
}

void gl_buf_xml(gl_buf *buf, gl_str s)
{
    put_valid(buf, s, xml_text);
}
