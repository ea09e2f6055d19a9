/* A message held against its directory: the order and number of its segments and groups, and each segment's elements.
 *
 * Faults are reported as they are found, all of them; each has a code that CONTRL has a number for (edi_errors.h).
 * Always holds: a segment that is placed has the depth of its group, and starts it or not. Thread: as the report's.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_CHECK_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_CHECK_H

#include "ingest/formats/edifact/edi_syntax.h"
#include "ingest/formats/report.h"

enum { GL_EDI_DEPTH = 8 };

/* How far a message has come in its tree. */
typedef struct gl_edi_cursor {
    const gl_edi_directory *directory;
    struct {
        const gl_edi_node *node; /* a group, or the message */
        uint16_t child;          /* where in it */
        uint32_t count;          /* of that child, so far */
    } frames[GL_EDI_DEPTH + 1];
    int depth;
    size_t sections_left;     /* UNS segments that still come: nothing behind one is taken before it */
    const gl_edi_value *last; /* tag of the last segment that had its place: what is missing is missing behind it */
} gl_edi_cursor;

void gl_edi_cursor_init(gl_edi_cursor *cursor, const gl_edi_directory *directory, const gl_edi_node *message,
                        size_t sections);
/* Finds the segment's place, and fills in spec, depth, starts and placed. `report` NULL: says nothing. */
void gl_edi_cursor_take(gl_edi_cursor *cursor, gl_edi_segment *segment, gl_report *report);
size_t gl_edi_characters(gl_str text);
/* Reports what is missing, too long or of wrong characters in the segment, which has its spec. */
void gl_edi_check_elements(gl_report *report, const gl_edi_segment *segment);

/* The segment tells who somebody is: what is reported of it is masked. */
bool gl_edi_is_personal(const gl_edi_segment *segment);

#endif
