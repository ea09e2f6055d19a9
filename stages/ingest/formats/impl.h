/* What the readers of the formats share; nothing outside stages/ingest/formats includes it. */
#ifndef GL_INGEST_FORMATS_IMPL_H
#define GL_INGEST_FORMATS_IMPL_H

#include "ingest/formats/reader.h"
#include "ingest/formats/report.h"

struct gl_reader {
    gl_format format;
    gl_arena *arena;
    gl_str bytes;
    size_t offset;    /* of what is read next */
    int64_t position; /* of what is read next, from 1 */
    int64_t before;   /* how many were read of these bytes before `offset`; -1: not known, `offset` can tell */
    bool finished;
    const char *form; /* what of the format it is, when that is told while reading; NULL: the format's name says it */
    gl_report report;
    const struct gl_mapping *mapping; /* CSV */
    gl_columns columns;               /* CSV, XLSX */
    const struct gl_checks *checks;   /* NULL: none */
    int32_t day;                      /* today, for `checks` */
    void *state;                      /* the format's own */
    bool (*next)(gl_reader *reader, gl_arena *arena, gl_intake *intake);
    void (*close)(gl_reader *reader); /* may be NULL */
};

gl_reader *gl_reader_new(gl_arena *arena, gl_format format, gl_str bytes, size_t offset, int64_t position);
/* The second half of gl_reader_open and gl_event_reader_open. */
bool gl_reader_begin(gl_reader *reader, const gl_mappings *mappings, gl_str profile, gl_err *err);
bool gl_event_reader_begin(gl_reader *reader, gl_err *err);

/* Each prepares `reader->state` and `next`; bytes hold something else than white space. */
bool gl_json_reader_open(gl_reader *reader, gl_err *err);
bool gl_csv_reader_open(gl_reader *reader, gl_err *err);
bool gl_xml_reader_open(gl_reader *reader, gl_err *err);
bool gl_edi_reader_open(gl_reader *reader, gl_err *err);
bool gl_json_events_open(gl_reader *reader, gl_err *err);

/* Validates what was read and takes report and position over into the intake. `source`: its own bytes; reader->offset
 * is already behind it. */
void gl_intake_finish(gl_reader *reader, gl_intake *intake, gl_str source, gl_str profile);
/* The same for a part that could not be read: errors only. */
void gl_intake_refuse(gl_reader *reader, gl_intake *intake, gl_str source);

/* Makes the intake a cancellation of the declaration with this MRN, or with this LRN and family when it is empty. */
void gl_intake_cancel(gl_reader *reader, gl_intake *intake, gl_str mrn, gl_str lrn, gl_declaration_family family);

/* The LRN itself, or empty when nobody could write it down (too long, control characters, not UTF-8). */
gl_str gl_usable_lrn(gl_str lrn);

/* Appends a name in a pointer: '%', ';' and control characters as in a URI. */
void gl_pointer_name(gl_buf *pointer, gl_str name);

/* "line 3, column 7" of a byte offset, both from 1; columns count bytes. */
gl_str gl_line_column(gl_arena *arena, gl_str bytes, size_t offset);

#endif
