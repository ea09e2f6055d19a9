/* See unpack.h. */
#include "io/unpack.h"

#include <zip.h>
#include <zlib.h>

enum { BLOCK_BYTES = 64 * 1024 };

bool gl_is_gzip(gl_str bytes)
{
    return gl_str_starts(bytes, GL_STR("\x1F\x8B"));
}

/* A first entry, or the end of an archive without any. */
bool gl_is_zip(gl_str bytes)
{
    return gl_str_starts(bytes, GL_STR("PK\3\4")) || gl_str_starts(bytes, GL_STR("PK\5\6"));
}

typedef struct gl_unpack_sink {
    bool (*count)(gl_unpack_room *room, size_t more, gl_err *err);
    bool (*take)(void *context, gl_str piece);
    void *context;
} gl_unpack_sink;

static bool too_large(size_t limit_bytes, gl_err *err)
{
    return gl_fail(err, GL_DEAD_LETTER, "intake-too-large",
                   "it unpacks to more than %zu bytes, the limit: send it in parts", limit_bytes);
}

static bool check_ratio(const gl_unpack_room *room, gl_err *err)
{
    size_t all = room->used_bytes + room->passed_bytes;
    if (all > GL_UNPACK_RATIO_FROM_BYTES && all / GL_UNPACK_LIMIT_RATIO > room->packed_bytes)
        return gl_fail(err, GL_DEAD_LETTER, "intake-ratio",
                       "it unpacks to more than %d times its %zu bytes: send it unpacked", GL_UNPACK_LIMIT_RATIO,
                       room->packed_bytes);
    return true;
}

bool gl_unpack_take(gl_unpack_room *room, size_t more, gl_err *err)
{
    room->used_bytes += more;
    return room->used_bytes > room->limit_bytes ? too_large(room->limit_bytes, err) : check_ratio(room, err);
}

/* The same of what is not kept. */
static bool pass(gl_unpack_room *room, size_t more, gl_err *err)
{
    size_t limit = room->limit_bytes * GL_UNPACK_LIMIT_PASSED;
    room->passed_bytes += more;
    return room->passed_bytes > limit ? too_large(limit, err) : check_ratio(room, err);
}

/* ---- gzip ---- */

static bool damaged_gzip(gl_err *err, const char *what)
{
    return gl_fail(err, GL_DEAD_LETTER, "intake-damaged", "the gzip data is damaged: %s", what);
}

/* One block out of the stream; Z_OK, Z_STREAM_END, or Z_DATA_ERROR with `err`. */
static int inflate_block(z_stream *stream, gl_unpack_room *room, gl_buf *out, gl_err *err)
{
    gl_buf_reserve(out, BLOCK_BYTES);
    stream->next_out = out->data + out->len;
    stream->avail_out = BLOCK_BYTES;
    int code = inflate(stream, Z_NO_FLUSH);
    size_t more = BLOCK_BYTES - stream->avail_out;
    out->len += more;
    if (!gl_unpack_take(room, more, err))
        return Z_DATA_ERROR;
    if (code == Z_OK || code == Z_STREAM_END)
        return code;
    damaged_gzip(err, code == Z_BUF_ERROR   ? "it ends too early"
                      : stream->msg == NULL ? "it cannot be inflated"
                                            : stream->msg);
    return Z_DATA_ERROR;
}

static bool all_zero(const z_stream *stream)
{
    for (uInt i = 0; i < stream->avail_in; i++)
        if (stream->next_in[i] != 0)
            return false;
    return true;
}

/* After a member: another one, or nothing but the zeros that tapes pad with. */
static bool next_member(z_stream *stream, bool *more, gl_err *err)
{
    *more = !all_zero(stream);
    if (*more && !gl_is_gzip((gl_str){(const char *)stream->next_in, stream->avail_in}))
        return damaged_gzip(err, "it goes on behind its end");
    return !*more || inflateReset(stream) == Z_OK || damaged_gzip(err, "it cannot be inflated");
}

bool gl_gzip_read(gl_str bytes, gl_unpack_room *room, gl_buf *out, gl_err *err)
{
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes.ptr, .avail_in = (uInt)bytes.len};
    bool good = true;
    if (bytes.len > UINT32_MAX)
        return gl_fail(err, GL_DEAD_LETTER, "intake-too-large", "gzip data of more than 4 GiB");
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
        return damaged_gzip(err, "zlib does not start");
    for (bool more = true; good && more;) {
        int code = inflate_block(&stream, room, out, err);
        good = code != Z_DATA_ERROR;
        if (code == Z_STREAM_END)
            good = next_member(&stream, &more, err);
    }
    inflateEnd(&stream);
    return good;
}

/* ---- zip ---- */

static bool damaged_zip(gl_err *err, zip_error_t *why)
{
    return gl_fail(err, GL_DEAD_LETTER, "intake-damaged", "the zip archive is damaged: %s", zip_error_strerror(why));
}

gl_zip *gl_zip_open(gl_str bytes, gl_err *err)
{
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source = zip_source_buffer_create(bytes.ptr, bytes.len, 0, &why);
    gl_zip *zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &why);
    if (zip == NULL) {
        zip_source_free(source);
        damaged_zip(err, &why);
    } else if (gl_zip_count(zip) > GL_UNPACK_LIMIT_ENTRIES) {
        gl_fail(err, GL_DEAD_LETTER, "intake-too-many-entries", "the zip archive has %zu entries, the limit is %d",
                gl_zip_count(zip), GL_UNPACK_LIMIT_ENTRIES);
        gl_zip_close(zip);
        zip = NULL;
    }
    zip_error_fini(&why);
    return zip;
}

void gl_zip_close(gl_zip *zip)
{
    zip_discard(zip);
}

size_t gl_zip_count(gl_zip *zip)
{
    zip_int64_t count = zip_get_num_entries(zip, 0);
    return count < 0 ? 0 : (size_t)count;
}

gl_str gl_zip_name(gl_zip *zip, size_t index)
{
    const char *name = zip_get_name(zip, index, ZIP_FL_ENC_GUESS);
    return name == NULL ? (gl_str){NULL, 0} : gl_str_of(name);
}

size_t gl_zip_find(gl_zip *zip, const char *name)
{
    zip_int64_t index = zip_name_locate(zip, name, 0);
    return index < 0 ? SIZE_MAX : (size_t)index;
}

/* What the archive says of the entry: can it be read at all? */
static bool check_entry(gl_zip *zip, size_t index, size_t limit_bytes, gl_err *err)
{
    zip_stat_t st;
    if (zip_stat_index(zip, index, 0, &st) != 0)
        return damaged_zip(err, zip_get_error(zip));
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && st.encryption_method != ZIP_EM_NONE)
        return gl_fail(err, GL_DEAD_LETTER, "intake-encrypted", "it is encrypted: send it without a password");
    if ((st.valid & ZIP_STAT_COMP_METHOD) != 0 && st.comp_method != ZIP_CM_STORE && st.comp_method != ZIP_CM_DEFLATE)
        return gl_fail(err, GL_DEAD_LETTER, "intake-compression",
                       "its compression method %d is not taken: stored or deflate", (int)st.comp_method);
    if ((st.valid & ZIP_STAT_SIZE) != 0 && st.size > limit_bytes)
        return too_large(limit_bytes, err);
    return true;
}

/* Hands the entry on, block by block. */
static bool read_entry(gl_zip *zip, size_t index, gl_unpack_room *room, const gl_unpack_sink *sink, gl_err *err)
{
    char block[BLOCK_BYTES / 4];
    zip_file_t *file = zip_fopen_index(zip, index, 0);
    if (file == NULL)
        return damaged_zip(err, zip_get_error(zip));
    bool good = true;
    for (zip_int64_t got = 1; good && got > 0;) {
        got = zip_fread(file, block, sizeof block);
        good = got >= 0 ? sink->count(room, (size_t)got, err) : damaged_zip(err, zip_file_get_error(file));
        if (good && got > 0)
            good = sink->take(sink->context, (gl_str){block, (size_t)got});
    }
    zip_fclose(file);
    return good;
}

static bool append(void *context, gl_str piece)
{
    gl_buf_str(context, piece);
    return true;
}

bool gl_zip_read(gl_zip *zip, size_t index, gl_unpack_room *room, gl_buf *out, gl_err *err)
{
    return check_entry(zip, index, room->limit_bytes, err) &&
           read_entry(zip, index, room, &(gl_unpack_sink){gl_unpack_take, append, out}, err);
}

bool gl_zip_pass(gl_zip *zip, size_t index, gl_unpack_room *room, bool (*take)(void *context, gl_str piece),
                 void *context, gl_err *err)
{
    return check_entry(zip, index, room->limit_bytes * GL_UNPACK_LIMIT_PASSED, err) &&
           read_entry(zip, index, room, &(gl_unpack_sink){pass, take, context}, err);
}
