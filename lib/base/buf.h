/* A growing byte buffer: on the heap, or in an arena where the batch owns it.
 *
 * Always holds: len <= cap; with an arena, growing leaves the old bytes behind until the reset. Never fails (see
 * arena.h).
 */
#ifndef GL_BASE_BUF_H
#define GL_BASE_BUF_H

#include "base/arena.h"
#include "base/str.h"

typedef struct gl_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    gl_arena *arena; /* NULL: heap, and gl_buf_free is due */
} gl_buf;

static inline gl_buf gl_buf_in(gl_arena *arena)
{
    return (gl_buf){.arena = arena};
}

void gl_buf_reserve(gl_buf *buf, size_t more);
/* Heap buffers only; leaves an empty buffer. */
void gl_buf_free(gl_buf *buf);

static inline void gl_buf_byte(gl_buf *buf, uint8_t byte)
{
    if (buf->cap == buf->len)
        gl_buf_reserve(buf, 1);
    buf->data[buf->len++] = byte;
}

static inline void gl_buf_bytes(gl_buf *buf, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (buf->cap - buf->len < size)
        gl_buf_reserve(buf, size);
    memcpy(buf->data + buf->len, data, size);
    buf->len += size;
}

static inline void gl_buf_str(gl_buf *buf, gl_str s)
{
    gl_buf_bytes(buf, s.ptr, s.len);
}

static inline void gl_buf_text(gl_buf *buf, const char *text)
{
    gl_buf_bytes(buf, text, strlen(text));
}

void gl_buf_printf(gl_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends a decimal number; gl_buf_printf would cost ten times as much. */
void gl_buf_int(gl_buf *buf, int64_t value);

static inline gl_str gl_buf_view(const gl_buf *buf)
{
    return (gl_str){(const char *)buf->data, buf->len};
}

/* Appends a file, and of one that has more than `limit_bytes` at least a byte too many, which tells. false: it cannot
 * be read; errno says why. */
bool gl_buf_read_file(gl_buf *buf, const char *path, size_t limit_bytes);
/* Appends a JSON string with its quotes (RFC 8259): escapes what must be; bytes that are not UTF-8 become U+FFFD. */
void gl_buf_json(gl_buf *buf, gl_str s);
/* Appends XML character data: & < > " escaped; characters that XML 1.0 forbids become U+FFFD. */
void gl_buf_xml(gl_buf *buf, gl_str s);

#endif
