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

/* ---- escaping ---- */

/* Of valid UTF-8. */
typedef struct escaping {
    size_t (*plain)(gl_str text);               /* the bytes before the first character that is escaped */
    size_t (*escape)(gl_buf *buf, gl_str text); /* appends what stands for the first character; its bytes */
} escaping;

static gl_str after(gl_str s, size_t bytes)
{
    return (gl_str){s.ptr + bytes, s.len - bytes};
}

static void put_valid(gl_buf *buf, gl_str text, const escaping *how)
{
    for (;;) {
        size_t plain = how->plain(text);
        gl_buf_bytes(buf, text.ptr, plain);
        if (plain == text.len)
            return;
        text = after(text, plain);
        text = after(text, how->escape(buf, text));
    }
}

/* The bytes up to the first that is not well-formed UTF-8. */
static size_t valid_prefix(gl_str s)
{
    size_t bad_at = 0;
    return gl_str_is_utf8(s, &bad_at) ? s.len : bad_at;
}

/* Each byte that is not UTF-8 becomes a replacement character. */
static void put_escaped(gl_buf *buf, gl_str s, const escaping *how)
{
    while (s.len > 0) {
        size_t valid = valid_prefix(s);
        put_valid(buf, (gl_str){s.ptr, valid}, how);
        s = after(s, valid);
        if (s.len > 0) {
            gl_buf_text(buf, REPLACEMENT);
            s = after(s, 1);
        }
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

static size_t json_escape(gl_buf *buf, gl_str s)
{
    unsigned char c = (unsigned char)s.ptr[0];
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
    return 1;
}

void gl_buf_json(gl_buf *buf, gl_str s)
{
    static const escaping json = {json_plain, json_escape};
    gl_buf_byte(buf, '"');
    put_escaped(buf, s, &json);
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

static size_t xml_escape(gl_buf *buf, gl_str s)
{
    switch (s.ptr[0]) {
    case '&':
        gl_buf_text(buf, "&amp;");
        break;
    case '<':
        gl_buf_text(buf, "&lt;");
        break;
    case '>':
        gl_buf_text(buf, "&gt;");
        break;
    case '"':
        gl_buf_text(buf, "&quot;");
        break;
    default:
        gl_buf_text(buf, REPLACEMENT);
    }
    return is_noncharacter(s) ? 3 : 1;
}

void gl_buf_xml(gl_buf *buf, gl_str s)
{
    static const escaping xml = {xml_plain, xml_escape};
    put_escaped(buf, s, &xml);
}
