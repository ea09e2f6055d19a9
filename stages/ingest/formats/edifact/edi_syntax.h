/* The syntax of UN/EDIFACT (ISO 9735, versions 1 to 4): from bytes to segments and their values.
 *
 * A segment's values are slices of the source, or of the arena where a release character stood in them or where they
 * were not UTF-8. Values that are empty are not there; white space at their ends is not part of them. Always holds: a
 * segment has at most GL_EDI_VALUES values; each value knows its segment. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_SYNTAX_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_SYNTAX_H

#include "base/arena.h"
#include "ingest/formats/edifact/edi_directory.h"

enum { GL_EDI_VALUES = 250 };

/* What the service string advice (UNA) says; repetition 0: there is none. */
typedef struct gl_edi_marks {
    char component, element, decimal, release, repetition, terminator;
} gl_edi_marks;
extern const gl_edi_marks gl_edi_default_marks;

/* How bytes become characters. */
typedef struct gl_edi_charset {
    const char *name;     /* 0001: "UNOC" */
    const char *encoding; /* "ISO-8859-1"; NULL: ASCII; "UTF-8" needs no change */
    const char *allowed;  /* of ASCII, beyond letters and digits; NULL: all */
    bool lower;           /* small letters are in it */
} gl_edi_charset;

/* NULL: not one that is read. */
const gl_edi_charset *gl_edi_charset_of(gl_str syntax_identifier);
/* "UNOA, UNOB, ..." */
extern const char gl_edi_charset_names[];

typedef struct gl_edi_segment gl_edi_segment;

/* A node of the source: a segment (element 0: its tag), or one value of it. */
typedef struct gl_edi_value {
    gl_str text;
    const gl_edi_segment *segment;
    uint16_t element, component; /* from 1 */
    bool repeated;               /* not the first of its element */
    bool foreign;                /* a character that the set does not have */
    bool undecoded;              /* bytes that are no character in the set */
} gl_edi_value;

struct gl_edi_segment {
    uint32_t code;    /* of its tag; 0: that is none */
    uint32_t number;  /* in its message, from 1; outside messages in its interchange */
    uint32_t message; /* the message's number, from 1; 0: outside of messages */
    uint16_t count;
    bool too_many;        /* values */
    bool unterminated;    /* the source ends in it */
    uint8_t depth;        /* of the group it is in, 0: none */
    bool starts;          /* it begins that group */
    bool placed;          /* the message's structure has it there */
    gl_edi_value *values; /* the first is the tag */
    const gl_edi_spec *spec;
    size_t begin, end; /* in the source; the end is behind the terminator */
};

typedef struct gl_edi_scanner {
    gl_str bytes;
    gl_edi_marks marks;
    const gl_edi_charset *charset;
    uint8_t classes[256];
} gl_edi_scanner;

void gl_edi_scanner_init(gl_edi_scanner *scanner, gl_str bytes, gl_edi_marks marks, const gl_edi_charset *charset);
/* Behind white space between segments. */
size_t gl_edi_skip_space(gl_str bytes, size_t at);
/* The offset behind the segment that begins at `at`: its terminator, or the end of the bytes. */
size_t gl_edi_segment_end(const gl_edi_scanner *scanner, size_t at);
/* The tag's three characters there, 0 when there are none. */
uint32_t gl_edi_tag_at(const gl_edi_scanner *scanner, size_t at);
/* Reads the segment that begins at `at`; its values go to `values`, which has room for GL_EDI_VALUES. Returns the
 * offset behind it. */
size_t gl_edi_read_segment(const gl_edi_scanner *scanner, gl_arena *arena, size_t at, gl_edi_value *values,
                           gl_edi_segment *segment);

/* The value at a position that gl_edi_find gave; NULL: it is not there. */
static inline const gl_edi_value *gl_edi_value_at(const gl_edi_segment *segment, unsigned element, unsigned component)
{
    for (size_t i = 1; i < segment->count; i++)
        if (segment->values[i].element == element && segment->values[i].component == component)
            return &segment->values[i];
    return NULL;
}

/* Its text, or empty. */
gl_str gl_edi_text_at(const gl_edi_segment *segment, unsigned element, unsigned component);

#endif
