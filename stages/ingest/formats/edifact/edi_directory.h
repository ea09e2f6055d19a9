/* The directories of UN/EDIFACT: which data elements a segment has in a release, and which segments and groups a
 * message. They are text (directory.txt, taken in by the build); a further release is lines there, not code.
 *
 * Releases between two changes of that text share one directory. Always holds: what is returned is constant and lives
 * as long as the process; the text's own mistakes abort at the first use, which a test makes. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_DIRECTORY_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_DIRECTORY_H

#include "base/str.h"

/* Sets of releases that are read alike. */
enum { GL_EDI_EPOCHS = 24 };

/* A form of characters: an..35 is {'x', 35}, n4 is {'n', 4, exact}. */
typedef struct gl_edi_component {
    char id[5]; /* of the data element */
    char kind;  /* 'a', 'n', or 'x' for both */
    bool mandatory, exact;
    uint16_t most; /* characters */
} gl_edi_component;

/* A position of a segment: a composite, or a data element alone, whose id it then has. */
typedef struct gl_edi_element {
    char id[5];
    bool mandatory;
    uint8_t count;
    const gl_edi_component *components;
} gl_edi_element;

typedef struct gl_edi_spec {
    uint32_t code; /* gl_edi_code of the tag */
    char tag[4];
    uint8_t count;
    const gl_edi_element *elements;
} gl_edi_spec;

/* A segment of a message, or a group of them. */
typedef struct gl_edi_node {
    uint32_t code; /* of the segment; of a group its first one */
    bool group, mandatory;
    uint8_t number; /* of the group; 0: a segment, or the message itself */
    uint32_t most;
    const gl_edi_spec *spec;            /* segments */
    const struct gl_edi_node *children; /* groups */
    uint16_t count;
} gl_edi_node;

typedef struct gl_edi_directory gl_edi_directory;

/* Three characters in a number; 0: it is no tag. */
static inline uint32_t gl_edi_code(gl_str tag)
{
    for (size_t i = 0; i < tag.len; i++)
        if ((tag.ptr[i] < 'A' || tag.ptr[i] > 'Z') && (tag.ptr[i] < '0' || tag.ptr[i] > '9'))
            return 0;
    return tag.len != 3 ? 0
                        : (uint32_t)(unsigned char)tag.ptr[0] << 16 | (uint32_t)(unsigned char)tag.ptr[1] << 8 |
                              (uint32_t)(unsigned char)tag.ptr[2];
}

/* "D", "96B"; NULL: not one of those that are known. */
const gl_edi_directory *gl_edi_directory_of(gl_str version, gl_str release);
/* The same by number, for tables that are prepared for all; NULL: there are no more. */
const gl_edi_directory *gl_edi_directory_at(size_t epoch);
size_t gl_edi_epoch(const gl_edi_directory *directory);
/* "D.95B to D.16B" */
const char *gl_edi_releases(void);
/* NULL: the directory has no such segment. */
const gl_edi_spec *gl_edi_spec_of(const gl_edi_directory *directory, uint32_t code);
/* The tree of a message type; NULL: there is none. */
const gl_edi_node *gl_edi_message_of(const gl_edi_directory *directory, gl_str type);

/* Where "3225", "C517.3224" or the second of several ("C504/2.6345") stands in the segment; false: it has none. Counts
 * from 1. */
bool gl_edi_find(const gl_edi_spec *spec, const char *path, uint8_t *element, uint8_t *component);

#endif
