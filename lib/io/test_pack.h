/* gzip data and zip archives for tests, made in memory. */
#ifndef GL_IO_TEST_PACK_H
#define GL_IO_TEST_PACK_H

#include <stdlib.h>
#include <zip.h>
#include <zlib.h>

#include "base/buf.h"

typedef struct test_entry {
    const char *name, *text;
} test_entry;

/* To be freed by gl_buf_free, as what the next one gives. */
static inline gl_buf test_gzip(gl_str text)
{
    gl_buf out = {0};
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)text.ptr, .avail_in = (uInt)text.len};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    gl_buf_reserve(&out, deflateBound(&stream, text.len) + 32);
    stream.next_out = out.data;
    stream.avail_out = (uInt)out.cap;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    out.len = stream.total_out;
    deflateEnd(&stream);
    return out;
}

/* `entries` ends with a name that is NULL. */
static inline gl_buf test_zip(const test_entry *entries)
{
    gl_buf out = {0};
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, &why);
    zip_t *zip = target == NULL ? NULL : zip_open_from_source(target, ZIP_TRUNCATE, &why);
    if (zip == NULL)
        abort();
    zip_source_keep(target);
    for (; entries->name != NULL; entries++) {
        zip_source_t *from = zip_source_buffer(zip, entries->text, strlen(entries->text), 0);
        if (from == NULL || zip_file_add(zip, entries->name, from, ZIP_FL_ENC_UTF_8) < 0)
            abort();
    }
    zip_stat_t st;
    if (zip_close(zip) != 0 || zip_source_stat(target, &st) != 0 || zip_source_open(target) != 0)
        abort();
    gl_buf_reserve(&out, st.size);
    if (zip_source_read(target, out.data, st.size) != (zip_int64_t)st.size)
        abort();
    out.len = st.size;
    zip_source_close(target);
    zip_source_free(target);
    zip_error_fini(&why);
    return out;
}

#endif
