/* See message.h. */
#include "ingest/formats/pack/message.h"

#include "ingest/formats/xlsx/workbook.h"
#include "io/unpack.h"

static bool is_packed(gl_format format)
{
    return format == GL_FORMAT_GZIP || format == GL_FORMAT_ZIP;
}

/* By what the sender says, by the name, by the content; a workbook is one whatever it is called, and nothing else is.
 */
static bool find_format(gl_format said, gl_str name, gl_str bytes, gl_format *format, gl_err *err)
{
    gl_format named = gl_format_of_name(name);
    bool workbook = gl_is_workbook(bytes);
    if (workbook)
        *format = GL_FORMAT_XLSX;
    else if (said != GL_FORMAT_UNKNOWN && !is_packed(said))
        *format = said;
    else
        *format = named != GL_FORMAT_UNKNOWN && !is_packed(named) ? named : gl_format_detect(bytes);
    return workbook || *format != GL_FORMAT_XLSX ||
           gl_fail(err, GL_DEAD_LETTER, "intake-damaged", "it should be an XLSX workbook, and does not look so");
}

/* "x.csv.gz" is "x.csv". */
static gl_str without_ending(gl_str name)
{
    while (name.len > 0 && name.ptr[name.len - 1] != '.')
        name.len--;
    name.len -= name.len > 0;
    return name;
}

static void take_whole(gl_message *message, gl_str bytes, gl_format format)
{
    message->bytes = bytes;
    message->whole = (gl_message_part){.name = GL_STR(""), .format = format, .end = bytes.len};
    message->parts = &message->whole;
    message->part_count = 1;
}

static gl_str view(const gl_buf *buf)
{
    return buf->len == 0 ? GL_STR("") : gl_buf_view(buf);
}

/* What was unpacked from `begin` on is a message now: of a workbook, its rows. */
static bool finish_part(gl_message *message, size_t begin, gl_format said, gl_str name, gl_unpack_room *room,
                        gl_format *format, gl_err *err)
{
    gl_buf *all = &message->unpacked, packed = {0};
    gl_str bytes = all->len == begin ? GL_STR("") : (gl_str){(const char *)all->data + begin, all->len - begin};
    if (gl_is_gzip(bytes) || (gl_is_zip(bytes) && !gl_is_workbook(bytes)))
        return gl_fail(err, GL_DEAD_LETTER, "intake-nested-archive",
                       "it holds another archive: pack the declarations themselves, once");
    if (!find_format(said, name, bytes, format, err))
        return false;
    if (*format != GL_FORMAT_XLSX)
        return true;
    gl_buf_str(&packed, bytes);
    all->len = begin;
    bool good = gl_workbook_read(gl_buf_view(&packed), room, all, err);
    gl_buf_free(&packed);
    return good;
}

static bool open_gzip(gl_message *message, const gl_message_source *source, gl_unpack_room *room, gl_err *err)
{
    gl_format format;
    if (!gl_gzip_read(source->bytes, room, &message->unpacked, err) ||
        !finish_part(message, 0, source->format, without_ending(source->name), room, &format, err))
        return false;
    take_whole(message, view(&message->unpacked), format);
    return true;
}

static bool open_workbook(gl_message *message, const gl_message_source *source, gl_unpack_room *room, gl_err *err)
{
    if (!gl_workbook_read(source->bytes, room, &message->unpacked, err))
        return false;
    take_whole(message, view(&message->unpacked), GL_FORMAT_XLSX);
    return true;
}

/* ---- zip ---- */

/* Folders, and what macOS puts beside files. */
static bool is_left_out(gl_str name)
{
    static const char store[] = ".DS_Store";
    size_t len = sizeof store - 1;
    return (name.len > 0 && name.ptr[name.len - 1] == '/') || gl_str_starts(name, GL_STR("__MACOSX/")) ||
           (name.len >= len && memcmp(name.ptr + name.len - len, store, len) == 0);
}

static bool has_step_up(gl_str name)
{
    for (size_t at = 0; at < name.len;) {
        const char *slash = memchr(name.ptr + at, '/', name.len - at);
        size_t len = slash == NULL ? name.len - at : (size_t)(slash - name.ptr) - at;
        if (len == 2 && memcmp(name.ptr + at, "..", 2) == 0)
            return true;
        at += len + 1;
    }
    return false;
}

/* Nothing is ever written under these names; but whoever packs such ones means no good, or does not know it. */
static bool check_name(const gl_message *message, gl_str name, gl_err *err)
{
    const char *what = NULL;
    if (name.len == 0 || !gl_str_is_utf8(name, NULL) || gl_str_has_control(name))
        what = "has a name that cannot be read";
    else if (name.ptr[0] == '/' || memchr(name.ptr, '\\', name.len) != NULL || (name.len > 1 && name.ptr[1] == ':'))
        what = "has an absolute path, or one with backslashes";
    else if (has_step_up(name))
        what = "has a path with \"..\"";
    for (size_t i = 0; what == NULL && i < message->part_count; i++)
        if (gl_str_eq(message->parts[i].name, name))
            what = "is there twice";
    return what == NULL || gl_fail(err, GL_DEAD_LETTER, "intake-entry-name", "an entry of the zip archive %s", what);
}

/* A line end behind each part keeps the end of one apart from the beginning of the next. */
static bool add_part(gl_message *message, gl_zip *zip, size_t index, gl_unpack_room *room, gl_err *err)
{
    gl_str name = gl_zip_name(zip, index);
    if (is_left_out(name))
        return true;
    if (!check_name(message, name, err))
        return false;
    size_t begin = message->unpacked.len;
    gl_format format;
    if (!gl_zip_read(zip, index, room, &message->unpacked, err) ||
        !finish_part(message, begin, GL_FORMAT_UNKNOWN, name, room, &format, err))
        return false;
    message->parts[message->part_count++] =
        (gl_message_part){.name = {gl_arena_strndup(message->arena, name.ptr, name.len), name.len},
                          .format = format,
                          .begin = begin,
                          .end = message->unpacked.len};
    gl_buf_byte(&message->unpacked, '\n');
    return true;
}

static bool open_zip(gl_message *message, const gl_message_source *source, gl_unpack_room *room, gl_err *err)
{
    gl_zip *zip = gl_zip_open(source->bytes, err);
    if (zip == NULL)
        return false;
    size_t count = gl_zip_count(zip);
    message->arena = gl_arena_new(0);
    message->parts = GL_NEW_N(message->arena, gl_message_part, count + 1);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        good = add_part(message, zip, i, room, err);
        if (!good)
            gl_fail_context(err, "%.*s", GL_STR_ARG(gl_zip_name(zip, i)));
    }
    gl_zip_close(zip);
    message->bytes = view(&message->unpacked);
    if (good && message->part_count == 0)
        return gl_fail(err, GL_DEAD_LETTER, "intake-empty", "the zip archive holds no file");
    return good;
}

/* ---- all ---- */

static bool open_any(gl_message *message, const gl_message_source *source, gl_err *err)
{
    gl_format named = source->format == GL_FORMAT_UNKNOWN ? gl_format_of_name(source->name) : source->format;
    gl_unpack_room room = {.packed_bytes = source->bytes.len, .limit_bytes = source->limit_bytes};
    if (gl_is_gzip(source->bytes))
        return open_gzip(message, source, &room, err);
    if (source->gzip || named == GL_FORMAT_GZIP)
        return gl_fail(err, GL_DEAD_LETTER, "intake-damaged", "it should be gzip data, and does not begin as such");
    if (gl_is_workbook(source->bytes))
        return open_workbook(message, source, &room, err);
    if (gl_is_zip(source->bytes))
        return open_zip(message, source, &room, err);
    if (named == GL_FORMAT_ZIP)
        return gl_fail(err, GL_DEAD_LETTER, "intake-damaged", "it should be a zip archive, and does not begin as one");
    gl_format format;
    if (!find_format(source->format, source->name, source->bytes, &format, err))
        return false;
    take_whole(message, source->bytes, format);
    return true;
}

bool gl_message_open(gl_message *message, const gl_message_source *source, gl_err *err)
{
    *message = (gl_message){.bytes = GL_STR("")};
    if (open_any(message, source, err))
        return true;
    message->parts = NULL;
    message->part_count = 0;
    return false;
}

void gl_message_close(gl_message *message)
{
    gl_arena_destroy(message->arena);
    gl_buf_free(&message->unpacked);
    *message = (gl_message){.bytes = GL_STR("")};
}

gl_str gl_message_part_bytes(const gl_message *message, size_t index)
{
    const gl_message_part *part = &message->parts[index];
    return (gl_str){message->bytes.ptr + part->begin, part->end - part->begin};
}
