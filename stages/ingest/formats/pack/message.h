/* A message as it came, and what is read of it: the message itself, what was packed in it (gzip, zip), or a workbook's
 * rows (XLSX).
 *
 * It is unpacked once, whole, when it arrives. Always holds: offsets count in `bytes`, which the same message always
 * gives again; each part is a message of its own; a message that cannot be unpacked to its end has no parts at all.
 * Limits: what it unpacks to (the caller's), the ratio, the number of entries (unpack.h). Thread: any.
 */
#ifndef GL_INGEST_FORMATS_PACK_MESSAGE_H
#define GL_INGEST_FORMATS_PACK_MESSAGE_H

#include "ingest/formats/reader.h"

typedef struct gl_message_source {
    gl_str bytes;
    gl_format format;   /* what its sender says it is, GL_FORMAT_UNKNOWN: nothing. Of what is packed in it, unless it
                           is gzip or zip */
    gl_str name;        /* of the file, which says the format where the sender does not; or empty */
    bool gzip;          /* its sender says that it is (Content-Encoding) */
    size_t limit_bytes; /* of what it unpacks to */
} gl_message_source;

/* begin <= end, and in front of the next part's begin. */
typedef struct gl_message_part {
    gl_str name; /* of the archive's entry; empty: it is all of the message */
    gl_format format;
    size_t begin, end; /* byte offsets in the message */
} gl_message_part;

typedef struct gl_message {
    gl_str bytes;
    gl_message_part *parts;
    size_t part_count;
    gl_message_part whole; /* the only part of what is no archive */
    gl_arena *arena;       /* of an archive's parts and their names, or NULL */
    gl_buf unpacked;
} gl_message;

/* The source's bytes must outlive the message, which stays where it is and is to be closed in any case. Errors
 * (GL_DEAD_LETTER): intake-damaged, intake-encrypted, intake-compression, intake-nested-archive, intake-entry-name,
 * intake-empty, intake-too-many-entries, intake-too-large, intake-ratio. */
bool gl_message_open(gl_message *message, const gl_message_source *source, gl_err *err);
void gl_message_close(gl_message *message);
gl_str gl_message_part_bytes(const gl_message *message, size_t index);

/* As gl_reader_open and gl_event_reader_open, of all parts one after the other; both the message and the profile must
 * outlive the reader. A part of an archive that cannot be opened is an entry with that error, and the others go on; the
 * pointers of its errors begin with "entry=NAME;". */
gl_reader *gl_message_reader(gl_arena *arena, const gl_mappings *mappings, gl_str profile, const gl_message *message,
                             size_t offset, int64_t position, gl_err *err);
gl_reader *gl_message_event_reader(gl_arena *arena, const gl_message *message, gl_err *err);

#endif
