/* The formats that declarations are written in (`greenlane convert`).
 *
 * A format is a row of the table in writer.c. Always holds: what is written is read again before it counts, by the
 * reader of its format; a field that comes back otherwise, or not at all, is named. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_WRITER_H
#define GL_INGEST_FORMATS_WRITER_H

#include "ingest/formats/difference.h"
#include "ingest/formats/reader.h"

/* What became of a declaration. `lost` has room for `limit`. */
typedef struct gl_written {
    gl_difference *lost; /* fields that the format has no place for */
    size_t limit, count;
    gl_str why; /* why it was not written: what is written would be refused; in the arena */
} gl_written;

typedef struct gl_writer gl_writer;
struct gl_writer {
    const char *name; /* of --to */
    const char *what; /* for its help */
    /* How several come together: an object a line, a list, or a document (a file) each. */
    enum { GL_WRITER_LINES, GL_WRITER_LIST, GL_WRITER_DOCUMENTS } several;
    const char *ending; /* of a document's file: ".xml" */
    /* Appends the declaration; false: `written->why`. */
    bool (*write)(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written);
};

/* Ends with NULL. */
extern const gl_writer *const gl_writers[];
/* NULL: there is none of that name. */
const gl_writer *gl_writer_find(gl_str name);

/* The last part of a writer: reads `bytes`, the document that was written, and compares what is read with the
 * declaration, which has what the format cannot do without. `form`: gl_intake.format that it must be read as. Fields
 * that were added count only where the declaration came in this form. */
bool gl_writer_check(gl_arena *arena, gl_format format, const char *form, gl_str bytes,
                     const gl_declaration *declaration, gl_written *written);

#endif
