/* Bytes out of gzip and zip, within limits that hold while they are inflated.
 *
 * Always holds: nothing is written anywhere but to the buffer given, and never more than the limit and one block; the
 * checksums of all that was inflated are right, or it is an error. Thread: any.
 */
#ifndef GL_IO_UNPACK_H
#define GL_IO_UNPACK_H

#include "base/buf.h"
#include "base/err.h"

/* The ratio counts from GL_UNPACK_RATIO_FROM_BYTES on: a little of nothing may be dense. What is only passed through
 * has GL_UNPACK_LIMIT_PASSED times the room of what is kept. */
enum { GL_UNPACK_LIMIT_RATIO = 200, GL_UNPACK_RATIO_FROM_BYTES = 1 << 20, GL_UNPACK_LIMIT_ENTRIES = 1000 };
enum { GL_UNPACK_LIMIT_PASSED = 4 };

/* What a message may become. */
typedef struct gl_unpack_room {
    size_t packed_bytes; /* it has */
    size_t limit_bytes;  /* all that is inflated of it and kept */
    size_t used_bytes;   /* kept */
    size_t passed_bytes; /* not kept */
} gl_unpack_room;

/* `more` bytes have come out. Errors (GL_DEAD_LETTER): intake-too-large, intake-ratio. */
bool gl_unpack_take(gl_unpack_room *room, size_t more, gl_err *err);

bool gl_is_gzip(gl_str bytes);
bool gl_is_zip(gl_str bytes);

/* Appends what is in all members of a gzip file. Errors (GL_DEAD_LETTER): intake-damaged, intake-too-large,
 * intake-ratio. */
bool gl_gzip_read(gl_str bytes, gl_unpack_room *room, gl_buf *out, gl_err *err);

/* A zip archive in memory, libzip's. */
typedef struct zip gl_zip;

/* `bytes` must outlive it. NULL: intake-damaged, intake-too-many-entries. */
gl_zip *gl_zip_open(gl_str bytes, gl_err *err);
void gl_zip_close(gl_zip *zip);
size_t gl_zip_count(gl_zip *zip);
/* The entry's name in UTF-8, valid until the archive is closed; {NULL, 0}: it has none that can be read. */
gl_str gl_zip_name(gl_zip *zip, size_t index);
/* SIZE_MAX: there is none of this name. */
size_t gl_zip_find(gl_zip *zip, const char *name);
/* Appends an entry. Errors (GL_DEAD_LETTER): intake-damaged, intake-encrypted, intake-compression, intake-too-large,
 * intake-ratio. */
bool gl_zip_read(gl_zip *zip, size_t index, gl_unpack_room *room, gl_buf *out, gl_err *err);
/* Hands an entry to `take`, piece by piece, and keeps nothing. Errors as gl_zip_read; false without one: `take`
 * returned false. */
bool gl_zip_pass(gl_zip *zip, size_t index, gl_unpack_room *room, bool (*take)(void *context, gl_str piece),
                 void *context, gl_err *err);

#endif
