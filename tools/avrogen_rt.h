/* What every generated codec is made of: reading and writing Avro's binary encoding with all bounds checked.
 *
 * Copied beside the generated files as "gen/rt.h". Always holds: begin <= p <= end while reading; a reader returns NULL
 * after it noted what was wrong in gl_avro_reading; an element count is checked against the bytes left before anything
 * is allocated, so memory and time are bounded by the size of the input. Thread: any; nothing is shared.
 */
#ifndef GL_GEN_RT_H
#define GL_GEN_RT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* The largest input of a decoder; Kafka messages are far smaller. */
enum { GL_AVRO_LIMIT_BYTES = 16 * 1024 * 1024 };

/* A [null, T] union of a plain T. `value` is 0 when it is not set. */
typedef struct gl_opt_i32 {
    bool set;
    int32_t value;
} gl_opt_i32;
typedef struct gl_opt_i64 {
    bool set;
    int64_t value;
} gl_opt_i64;
typedef struct gl_opt_f32 {
    bool set;
    float value;
} gl_opt_f32;
typedef struct gl_opt_f64 {
    bool set;
    double value;
} gl_opt_f64;
typedef struct gl_opt_bool {
    bool set;
    bool value;
} gl_opt_bool;

#define GL_SOME_I32(x)  ((gl_opt_i32){true, (x)})
#define GL_SOME_I64(x)  ((gl_opt_i64){true, (x)})
#define GL_SOME_F32(x)  ((gl_opt_f32){true, (x)})
#define GL_SOME_F64(x)  ((gl_opt_f64){true, (x)})
#define GL_SOME_BOOL(x) ((gl_opt_bool){true, (x)})

/* Everything below is for the generated files and lib/io/avro.c. */

#define GL_RT_LIKELY(x)   __builtin_expect(!!(x), 1)
#define GL_RT_UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef struct gl_avro_reading {
    const uint8_t *begin;
    gl_arena *arena;    /* NULL when skipping */
    const char *code;   /* of the error */
    const char *reason; /* for people */
    size_t offset;      /* where it was noticed */
    int version;        /* of the schema that the top record was written with */
    char path[160];     /* the field, from the outermost inwards; NUL-terminated */
} gl_avro_reading;

/* Notes the error; NULL. */
const uint8_t *gl_avro_refuse(gl_avro_reading *c, const uint8_t *p, const char *code, const char *reason)
    __attribute__((cold, noinline));
/* While unwinding: puts a field or an array index in front of the path; NULL. */
const uint8_t *gl_avro_in_field(gl_avro_reading *c, const char *field) __attribute__((cold, noinline));
const uint8_t *gl_avro_in_element(gl_avro_reading *c, size_t index) __attribute__((cold, noinline));
/* Puts what was noted in `err`; false. */
bool gl_avro_report(const gl_avro_reading *c, const char *record, gl_err *err) __attribute__((cold, noinline));
/* Starts reading; false (with `err`) when there is too much. */
bool gl_avro_start(gl_avro_reading *c, const uint8_t **bytes, size_t size, gl_arena *arena, gl_err *err);

const uint8_t *gl_rd_long_slow(const uint8_t *p, const uint8_t *end, int64_t *value, gl_avro_reading *c);
const uint8_t *gl_rd_block_slow(const uint8_t *p, const uint8_t *end, size_t least, size_t *count, const uint8_t **stop,
                                gl_avro_reading *c);
/* Room for `more` elements after `count`; exact for the first block, doubling for later ones. */
void *gl_rd_grow(gl_avro_reading *c, void *at, size_t count, size_t more, size_t *room, size_t size);

static inline int64_t gl_rt_unzigzag(uint64_t v)
{
    return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

static inline uint64_t gl_rt_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (0 - ((uint64_t)v >> 63));
}

static inline const uint8_t *gl_rd_long(const uint8_t *p, const uint8_t *end, int64_t *value, gl_avro_reading *c)
{
    if (GL_RT_LIKELY(p < end && *p < 0x80)) {
        *value = gl_rt_unzigzag(*p);
        return p + 1;
    }
    return gl_rd_long_slow(p, end, value, c);
}

static inline const uint8_t *gl_rd_int(const uint8_t *p, const uint8_t *end, int32_t *value, gl_avro_reading *c)
{
    int64_t wide = 0;
    const uint8_t *next = gl_rd_long(p, end, &wide, c);
    if (GL_RT_UNLIKELY(next != NULL && (wide < INT32_MIN || wide > INT32_MAX)))
        return gl_avro_refuse(c, p, "avro-invalid", "an int does not fit in 32 bits");
    *value = (int32_t)wide;
    return next;
}

/* An index below `count`: of an enum's symbol or a union's branch. */
static inline const uint8_t *gl_rd_index(const uint8_t *p, const uint8_t *end, int64_t count, int64_t *value,
                                         gl_avro_reading *c)
{
    const uint8_t *next = gl_rd_long(p, end, value, c);
    if (GL_RT_UNLIKELY(next != NULL && (*value < 0 || *value >= count)))
        return gl_avro_refuse(c, p, "avro-invalid", "an enum or union index is out of range");
    return next;
}

static inline const uint8_t *gl_rd_branch(const uint8_t *p, const uint8_t *end, bool *some, gl_avro_reading *c)
{
    if (GL_RT_LIKELY(p < end && (*p == 0 || *p == 2))) {
        *some = *p != 0;
        return p + 1;
    }
    int64_t index = 0;
    const uint8_t *next = gl_rd_index(p, end, 2, &index, c);
    *some = index != 0;
    return next;
}

static inline const uint8_t *gl_rd_bool(const uint8_t *p, const uint8_t *end, bool *value, gl_avro_reading *c)
{
    if (GL_RT_UNLIKELY(p >= end))
        return gl_avro_refuse(c, p, "avro-truncated", "it ends before a boolean");
    if (GL_RT_UNLIKELY(*p > 1))
        return gl_avro_refuse(c, p, "avro-invalid", "a boolean is neither 0 nor 1");
    *value = *p != 0;
    return p + 1;
}

static inline const uint8_t *gl_rd_fixed(const uint8_t *p, const uint8_t *end, void *value, size_t size,
                                         gl_avro_reading *c)
{
    if (GL_RT_UNLIKELY((size_t)(end - p) < size))
        return gl_avro_refuse(c, p, "avro-truncated", "it ends in a value of fixed size");
    memcpy(value, p, size);
    return p + size;
}

static inline const uint8_t *gl_rd_float(const uint8_t *p, const uint8_t *end, float *value, gl_avro_reading *c)
{
    _Static_assert(sizeof(float) == 4 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Avro's floats are little endian");
    return gl_rd_fixed(p, end, value, 4, c);
}

static inline const uint8_t *gl_rd_double(const uint8_t *p, const uint8_t *end, double *value, gl_avro_reading *c)
{
    return gl_rd_fixed(p, end, value, 8, c);
}

static inline const uint8_t *gl_rd_str(const uint8_t *p, const uint8_t *end, gl_str *value, gl_avro_reading *c)
{
    int64_t len = 0;
    p = gl_rd_long(p, end, &len, c);
    if (GL_RT_UNLIKELY(p == NULL))
        return NULL;
    /* A negative length is a huge one here. */
    if (GL_RT_UNLIKELY((uint64_t)len > (uint64_t)(end - p)))
        return len < 0 ? gl_avro_refuse(c, p, "avro-invalid", "a length is negative")
                       : gl_avro_refuse(c, p, "avro-truncated", "it ends in a string");
    *value = (gl_str){(const char *)p, (size_t)len};
    return p + len;
}

static inline const uint8_t *gl_rd_opt_str(const uint8_t *p, const uint8_t *end, gl_str *value, gl_avro_reading *c)
{
    if (GL_RT_LIKELY(p < end && *p == 0)) {
        *value = (gl_str){NULL, 0};
        return p + 1;
    }
    bool some = false;
    p = gl_rd_branch(p, end, &some, c);
    if (GL_RT_UNLIKELY(p == NULL))
        return NULL;
    if (some)
        return gl_rd_str(p, end, value, c);
    *value = (gl_str){NULL, 0};
    return p;
}

/* The head of an array's block. `least`: bytes that an element has at least (0 in lib/io/avro.c
 * only, which has a limit of its own then). `stop`: where the block must end, or NULL.
 */
static inline const uint8_t *gl_rd_block(const uint8_t *p, const uint8_t *end, size_t least, size_t *count,
                                         const uint8_t **stop, gl_avro_reading *c)
{
    if (GL_RT_LIKELY(p < end && *p == 0)) {
        *count = 0;
        *stop = NULL;
        return p + 1;
    }
    return gl_rd_block_slow(p, end, least, count, stop, c);
}

typedef struct gl_avro_writing {
    gl_buf *buf;
    uint8_t *end; /* of the room in buf */
    size_t later; /* where the fields begin that came after version 1; SIZE_MAX: there are none */
} gl_avro_writing;

uint8_t *gl_wr_grow(uint8_t *w, gl_avro_writing *o, size_t more);
uint8_t *gl_wr_varint_slow(uint8_t *w, uint64_t v);

enum { GL_RT_VARINT_BYTES = 10 };

static inline uint8_t *gl_wr_start(gl_avro_writing *o, gl_buf *buf)
{
    gl_buf_reserve(buf, 64);
    o->buf = buf;
    o->end = buf->data + buf->cap;
    o->later = SIZE_MAX;
    return buf->data + buf->len;
}

static inline void gl_wr_finish(uint8_t *w, gl_avro_writing *o)
{
    o->buf->len = (size_t)(w - o->buf->data);
}

/* What is empty is zero bytes, of every type that a later field may have. */
static inline void gl_wr_finish_least(uint8_t *w, gl_avro_writing *o)
{
    gl_wr_finish(w, o);
    while (o->buf->len > o->later && o->buf->data[o->buf->len - 1] == 0)
        o->buf->len--;
}

static inline uint8_t *gl_wr_room(uint8_t *w, gl_avro_writing *o, size_t more)
{
    return GL_RT_LIKELY((size_t)(o->end - w) >= more) ? w : gl_wr_grow(w, o, more);
}

/* The next ones write into room that was made. */
static inline uint8_t *gl_wr_long(uint8_t *w, int64_t value)
{
    uint64_t v = gl_rt_zigzag(value);
    if (GL_RT_LIKELY(v < 0x80)) {
        *w = (uint8_t)v;
        return w + 1;
    }
    return gl_wr_varint_slow(w, v);
}

static inline uint8_t *gl_wr_byte(uint8_t *w, uint8_t byte)
{
    *w = byte;
    return w + 1;
}

static inline uint8_t *gl_wr_fixed(uint8_t *w, const void *value, size_t size)
{
    memcpy(w, value, size);
    return w + size;
}

/* Codes and names are short: a call of memcpy would cost more than the copy. */
static inline uint8_t *gl_wr_copy(uint8_t *w, const void *data, size_t size)
{
    const uint8_t *from = data;
    if (GL_RT_UNLIKELY(size > 16)) {
        memcpy(w, from, size);
    } else if (size >= 8) {
        uint64_t head, tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + size - 8, 8);
        memcpy(w, &head, 8);
        memcpy(w + size - 8, &tail, 8);
    } else if (size >= 4) {
        uint32_t head, tail;
        memcpy(&head, from, 4);
        memcpy(&tail, from + size - 4, 4);
        memcpy(w, &head, 4);
        memcpy(w + size - 4, &tail, 4);
    } else if (size > 0) {
        w[0] = from[0];
        w[size / 2] = from[size / 2];
        w[size - 1] = from[size - 1];
    }
    return w + size;
}

/* Makes its own room. */
static inline uint8_t *gl_wr_str(uint8_t *w, gl_avro_writing *o, gl_str s)
{
    w = gl_wr_room(w, o, GL_RT_VARINT_BYTES + s.len);
    w = gl_wr_long(w, (int64_t)s.len);
    return gl_wr_copy(w, s.ptr, s.len);
}

static inline uint8_t *gl_wr_opt_str(uint8_t *w, gl_avro_writing *o, gl_str s)
{
    w = gl_wr_room(w, o, 1 + GL_RT_VARINT_BYTES + s.len);
    if (s.ptr == NULL)
        return gl_wr_byte(w, 0);
    w = gl_wr_byte(w, 2);
    w = gl_wr_long(w, (int64_t)s.len);
    return gl_wr_copy(w, s.ptr, s.len);
}

/* Text dumps. Instants as "2025-01-31T23:59:59.000001Z", dates as "2025-01-31"; a float that JSON cannot hold as null.
 */
void gl_js_int(gl_buf *buf, int64_t value);
void gl_js_float(gl_buf *buf, float value);
void gl_js_double(gl_buf *buf, double value);
void gl_js_bool(gl_buf *buf, bool value);
void gl_js_hex(gl_buf *buf, const void *data, size_t size);
void gl_js_micros(gl_buf *buf, int64_t value);
void gl_js_millis(gl_buf *buf, int64_t value);
void gl_js_date(gl_buf *buf, int32_t value);

#endif
