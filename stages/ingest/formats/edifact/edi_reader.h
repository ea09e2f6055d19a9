/* What the parts of the EDIFACT reader share: an interchange, a message of it, and what of that is being read.
 *
 * Always holds: an interchange with a fault in what is around its messages is refused whole, a message with a fault in
 * its structure or elements too; a manifest's consignments are read one after the other. Thread: as the reader's.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_READER_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_READER_H

#include "ingest/formats/edifact/edi_check.h"
#include "ingest/formats/edifact/edi_envelope.h"
#include "ingest/formats/impl.h"

#define GL_EDI_TAG(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* Segments that belong together, in the arena: a message, a manifest's header, a consignment. */
typedef struct gl_edi_unit {
    gl_edi_segment *segments;
    size_t count;
} gl_edi_unit;

typedef struct gl_edi_interchange {
    uint32_t number;
    size_t begin, body, end; /* body: behind UNB */
    gl_edi_scanner scanner;
    gl_edi_segment unb;
    bool test;
    uint32_t *repeated; /* numbers of messages whose reference was there before, in their order */
    size_t repeated_count;
} gl_edi_interchange;

typedef struct gl_edi_message {
    uint32_t number;
    size_t begin, end;
    size_t sections; /* UNS */
    bool closed;     /* it has its UNT, */
    bool joined;     /* which counts more segments than there are */
    gl_edi_segment unh;
    gl_edi_value unh_values[GL_EDI_VALUES];
    const gl_edi_directory *directory;
    const gl_edi_node *tree;
    gl_str lrn; /* of its BGM */
} gl_edi_message;

typedef struct gl_edi {
    gl_edi_interchange interchange;
    gl_edi_message message;
    bool inside;   /* of an interchange */
    bool manifest; /* consignments of `message` are being read */
    gl_edi_unit header;
    gl_edi_unit unit;     /* of the last entry, in its arena: its message, or its consignment */
    gl_edi_cursor cursor; /* behind the header */
    gl_arena *keep;       /* of the header */
    size_t consignments;
    gl_edi_value scratch[GL_EDI_VALUES];
} gl_edi;

extern const gl_locator gl_edi_locator;

/* Reads UNA and UNB at `at` and goes through the interchange: its messages, its UNZ. Faults go to the report. */
void gl_edi_open_interchange(gl_edi *edi, gl_reader *reader, size_t at);
/* Reads UNH at `at` and finds the message's end. */
void gl_edi_open_message(gl_edi *edi, gl_reader *reader, size_t at);
/* A segment in the arena, with everything in it. `message` 0: it is outside of messages. */
gl_edi_segment *gl_edi_keep_segment(const gl_edi *edi, gl_arena *arena, size_t at, uint32_t number, uint32_t message);
/* The message against its directory: all faults. */
void gl_edi_check_message(gl_edi *edi, gl_report *report);
/* What an answer repeats, in the arena. `message` false: of the interchange only. */
const gl_edi_envelope *gl_edi_envelope_of(const gl_edi *edi, gl_arena *arena, bool message);

/* From segments to the declaration (edi_map.c). */
void gl_edi_map_cusdec(gl_reader *reader, gl_intake *intake, const gl_edi_unit *unit);
/* The number that a cancellation names the declaration by, when it has one. */
const gl_edi_value *gl_edi_cancelled_mrn(const gl_edi_unit *unit);
void gl_edi_map_cuscar(gl_reader *reader, gl_intake *intake, const gl_edi_unit *header, const gl_edi_unit *consignment);

#endif
