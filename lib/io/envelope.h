/* The wire format of topic values: Confluent's header (magic 0, 4-byte big-endian schema id), then the Avro body. */
#ifndef GL_IO_ENVELOPE_H
#define GL_IO_ENVELOPE_H

#include "base/buf.h"
#include "base/err.h"

enum { GL_ENVELOPE_HEADER_BYTES = 5, GL_ENVELOPE_MAGIC = 0 };

static inline void gl_envelope_begin(gl_buf *buf, uint32_t schema_id)
{
    uint8_t header[GL_ENVELOPE_HEADER_BYTES] = {GL_ENVELOPE_MAGIC, (uint8_t)(schema_id >> 24),
                                                (uint8_t)(schema_id >> 16), (uint8_t)(schema_id >> 8),
                                                (uint8_t)schema_id};
    gl_buf_bytes(buf, header, sizeof header);
}

/* Errors: envelope-magic (GL_DEAD_LETTER), also when it is shorter than a header. */
static inline bool gl_envelope_open(gl_str value, uint32_t *schema_id, gl_str *body, gl_err *err)
{
    const uint8_t *p = (const uint8_t *)value.ptr;
    if (value.len < GL_ENVELOPE_HEADER_BYTES)
        return gl_fail(err, GL_DEAD_LETTER, "envelope-magic", "a value of %zu bytes has no Confluent header",
                       value.len);
    if (p[0] != GL_ENVELOPE_MAGIC)
        return gl_fail(err, GL_DEAD_LETTER, "envelope-magic", "first byte is 0x%02x, not the magic 0", p[0]);
    *schema_id = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
    *body = (gl_str){value.ptr + GL_ENVELOPE_HEADER_BYTES, value.len - GL_ENVELOPE_HEADER_BYTES};
    return true;
}

#endif
