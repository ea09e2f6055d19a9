/* Findings: what an officer found an item's code to be, as the details of an event say it and as gl.findings carries
 * it.
 *
 * A detail "found.3" is about the item with the sequence number 3, "found" about every item that has none of its own.
 * Always holds: a record's key is of the declaration and the item, so that what was found last replaces what was found
 * before. Thread: any. Locks: none.
 */
#ifndef GL_CUSTOMS_FINDING_H
#define GL_CUSTOMS_FINDING_H

#include "base/str.h"
#include "gen/finding.h"

enum {
    GL_FINDING_KEY_BYTES = 20,
    GL_FINDING_ITEM_MAX = 99999,
};

#define GL_FINDING_TOPIC "gl.findings"

typedef enum gl_found_what {
    GL_FOUND_CODE,        /* another one perhaps than was declared */
    GL_FOUND_AS_DECLARED, /* the declared code is right */
    GL_FOUND_UNKNOWN,     /* nothing is known; what was found before is withdrawn */
} gl_found_what;

/* What a detail says. */
typedef struct gl_found {
    int32_t item; /* sequence number; 0: every item without a finding of its own */
    gl_found_what what;
    gl_str code; /* GL_FOUND_CODE: 6 to 10 digits; a slice of the detail */
} gl_found;

/* Texts for messages: what a name and a value may be. */
extern const char gl_found_names[], gl_found_values[], gl_found_values_of_all[];

/* Is a detail of this name about what was found? */
bool gl_found_is(gl_str name);
/* A detail of which gl_found_is. NULL: it was read; else what its name (`*of_name`) or its value may be. */
const char *gl_found_read(gl_str name, gl_str value, gl_found *found, bool *of_name);

/* The key of an item's record on gl.findings. */
void gl_finding_key(const uint8_t declaration_id[16], int32_t item, uint8_t key[GL_FINDING_KEY_BYTES]);

#endif
