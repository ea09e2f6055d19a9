/* Intake formats: from a message's bytes to canonical declarations, each with everything that is wrong with it.
 *
 * A message (HTTP body, file) holds one or many declarations. A reader yields them one after the other; a part that
 * cannot be read at all (not well-formed, wrong format) yields an entry with errors only. Every error has a pointer
 * that resolves in the source and, where there is one, the value found there. Nothing is guessed silently. Limits (each
 * an error, never memory): message size by the caller, one declaration GL_INTAKE_LIMIT_BYTES, items, nesting, text
 * lengths. Thread: any; a reader belongs to one thread.
 */
#ifndef GL_INGEST_FORMATS_READER_H
#define GL_INGEST_FORMATS_READER_H

#include "base/arena.h"
#include "base/err.h"
#include "gen/declaration.h"
#include "gen/event.h"
#include "gen/rejection.h"

/* A quarter of the topics' message limit (1 MiB). */
enum { GL_INTAKE_LIMIT_BYTES = 256 * 1024, GL_INTAKE_LIMIT_ITEMS = 9999 };

/* CSV mappings, loaded from a directory of YAML files; profile names are file names without ".yaml". */
typedef struct gl_mappings gl_mappings;
gl_mappings *gl_mappings_load(const char *directory, gl_err *err);
/* One of them, from its file. */
gl_mappings *gl_mappings_load_file(const char *path, gl_err *err);
void gl_mappings_destroy(gl_mappings *mappings);
size_t gl_mappings_count(const gl_mappings *mappings);
gl_str gl_mappings_profile(const gl_mappings *mappings, size_t index);

/* GZIP and ZIP are no formats of declarations: pack/message.h unpacks them. */
typedef enum gl_format {
    GL_FORMAT_UNKNOWN,
    GL_FORMAT_JSON,
    GL_FORMAT_NDJSON,
    GL_FORMAT_CSV,
    GL_FORMAT_XML,
    GL_FORMAT_XLSX, /* its bytes are those of xlsx/sheet.h, which pack/message.h makes */
    GL_FORMAT_EDIFACT,
    GL_FORMAT_GZIP,
    GL_FORMAT_ZIP
} gl_format;
/* From a Content-Type ("application/json", "application/x-ndjson", "text/csv", "application/xml", "text/xml",
 * "application/edifact", "application/gzip", "application/zip", XLSX's; in any case), GL_FORMAT_UNKNOWN for others and
 * none. */
gl_format gl_format_of_content_type(gl_str content_type);
/* From a file name's ending. */
gl_format gl_format_of_name(gl_str name);
/* From the first bytes; GL_FORMAT_UNKNOWN when it is none of ours. */
gl_format gl_format_detect(gl_str bytes);
const char *gl_format_name(gl_format format);
/* Is it read by a mapping? */
bool gl_format_has_profile(gl_format format);

/* A ruling on a goods description (docs/CLASSIFY.md, "Precedents"). */
typedef struct gl_ruling {
    gl_str description;
    gl_str commodity_code; /* 6 to 10 digits; empty: earlier rulings are revoked */
} gl_ruling;

/* An event about a declaration, or a ruling, as its sender wrote it. */
typedef struct gl_event_request {
    gl_event event; /* declaration_id, received_at and source are left blank; a cancellation that came as a declaration
                       has no event_id and no occurred_at either: the ingest stage fills them */
    gl_str mrn;     /* of the declaration, well-formed; empty: `lrn` and `family` name it */
    gl_str lrn;
    gl_declaration_family family;
    gl_str submitter;  /* whose LRN it is; empty: the sender's own */
    gl_ruling *ruling; /* it is about no declaration: mrn, lrn and submitter are empty, event.type means nothing. NULL:
                          it is */
} gl_event_request;

/* Names of a table's columns in their order. */
typedef struct gl_columns {
    const gl_str *names;
    size_t count;
} gl_columns;

typedef struct gl_intake {
    /* Canonical content. Identity (declaration_id, content_digest, mrn, submitter, accepted_at, mrn_provisional) and
     * message.channel, .received_at are left blank: the ingest stage fills them. Strings are slices of the source or of
     * the arena. */
    gl_declaration declaration;
    gl_event_request *event; /* it is no declaration but an event: a message of events, or a cancellation (function
                                code 1); NULL: a declaration */
    gl_str lrn;              /* empty when it could not be read */
    gl_str amends;           /* MRN of the declaration that this one amends, when it names no LRN: `lrn` and
                                functional_reference_id then hold the MRN in its place; empty: by its LRN */
    bool by_mapping;         /* it was read by a profile */
    gl_columns columns;      /* CSV, XLSX: of its file; in the reader's arena */
    gl_str source;           /* its own bytes: row, element or document */
    int64_t position;        /* from 1 */
    size_t next_offset;      /* byte offset in the message just after it: a file may be resumed from here (CSV: with its
                                header read again) */
    gl_rejection_validation_error *errors;  /* those of severity ERROR reject it */
    size_t error_count;                     /* errors and warnings */
    bool rejected;                          /* at least one error of severity ERROR */
    const char *format;                     /* gl_format_name, or the form of it that was read: cds-xml, eucdm-xml */
    const struct gl_edi_envelope *envelope; /* EDIFACT: what stands around it; valid as `declaration` and its reader */
} gl_intake;

typedef struct gl_reader gl_reader;

/* `bytes` must outlive the reader. `profile`: CSV mapping name (empty: required for CSV, else error
 * intake-profile-required). `offset`, `position`: where to go on (0, 0: from the start). Errors (GL_DEAD_LETTER) are
 * about the whole message: intake-format-unknown, intake-profile-unknown, intake-profile-required,
 * intake-sheet-unknown, intake-empty. */
gl_reader *gl_reader_open(gl_arena *arena, const gl_mappings *mappings, gl_format format, gl_str profile, gl_str bytes,
                          size_t offset, int64_t position, gl_err *err);
struct gl_checks;
/* Declarations that come next are also held against code lists and rules (checks/checks.h), of that moment. */
void gl_reader_check(gl_reader *reader, const struct gl_checks *checks, int64_t now_us);
/* Events (POST /v1/events): JSON or NDJSON only; else as gl_reader_open. */
gl_reader *gl_event_reader_open(gl_arena *arena, gl_format format, gl_str bytes, gl_err *err);
/* The next declaration or event, allocated in `arena` (may differ from the reader's); false at the end of the message.
 */
bool gl_reader_next(gl_reader *reader, gl_arena *arena, gl_intake *intake);
void gl_reader_close(gl_reader *reader);
#endif
