/* Writing UN/EDIFACT (ISO 9735): segments, and the interchange around messages.
 *
 * A segment is written element by element; separators that nothing follows are left out. Always holds: what is written
 * is well-formed whatever the texts hold: service characters are released, control characters become spaces, and what
 * the interchange's character set does not have becomes "?". Thread: any; a writer belongs to one.
 */
#ifndef GL_CUSTOMS_EDIFACT_H
#define GL_CUSTOMS_EDIFACT_H

#include "base/buf.h"

enum { GL_EDIFACT_REFERENCE_CHARS = 14, GL_EDIFACT_TEXT_CHARS = 70, GL_EDIFACT_TEXTS = 5, GL_EDIFACT_TEXTS_LIMIT = 99 };

typedef struct gl_edifact {
    gl_buf *buf;
    bool utf8;         /* UNOY, syntax version 4; else UNOC (ISO 8859-1), version 3 */
    size_t segments;   /* of the message so far */
    size_t texts_left; /* FTX that the message takes at this place */
    /* Separators of the segment that nothing has followed yet. */
    size_t elements, components;
} gl_edifact;

/* Who sends what to whom. Of sender and recipient: identification, qualifier, and two more; empty ones are left out. */
typedef struct gl_edifact_head {
    gl_str sender[4], recipient[4];
    gl_str reference; /* at most 14 characters */
    int64_t sent_us;
    bool test;
} gl_edifact_head;

/* The longest beginning of at most `limit` characters. */
gl_str gl_edifact_cut(gl_str text, size_t limit);

void gl_edifact_segment(gl_edifact *out, const char *tag);
/* The next element, and the next component of it; an empty text leaves it out. */
void gl_edifact_element(gl_edifact *out, gl_str text);
void gl_edifact_component(gl_edifact *out, gl_str text);
void gl_edifact_number(gl_edifact *out, uint64_t number); /* an element */
void gl_edifact_end(gl_edifact *out);
/* DTM with qualifier, in UTC to the second (format 304). */
void gl_edifact_time(gl_edifact *out, const char *qualifier, int64_t wall_us);
/* As many FTX of `subject` as the text takes, and the message at this place. `code` (may be NULL): 4441. */
void gl_edifact_text(gl_edifact *out, const char *subject, const char *code, gl_str text);

/* UNA and UNB, and UNZ with how many messages there are. */
void gl_edifact_open(gl_edifact *out, const gl_edifact_head *head);
void gl_edifact_close(gl_edifact *out, const gl_edifact_head *head, size_t messages);
/* UNH ("CUSRES", "D", "96B", "UN") and UNT. */
void gl_edifact_begin(gl_edifact *out, size_t number, const char *const identifier[4]);
void gl_edifact_finish(gl_edifact *out, size_t number);

#endif
