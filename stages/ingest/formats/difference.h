/* In which fields two canonical declarations differ.
 *
 * Lists are compared by what their elements are: parties of each role, documents of each kind, attributes of each type
 * and adjustments with and without amount have an order of their own, and none among each other. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_DIFFERENCE_H
#define GL_INGEST_FORMATS_DIFFERENCE_H

#include "ingest/formats/canonical.h"

typedef struct gl_difference {
    gl_str path; /* "items.2.net_mass", "parties.IMPORTER.1.name", in the arena; elements count from 1 */
    bool added;  /* not given in the first, given in the second */
} gl_difference;

/* Returns how many were found, at most `limit`. What no message sets (identity, message) is not compared. */
size_t gl_canonical_differences(gl_arena *arena, const gl_declaration *first, const gl_declaration *second,
                                gl_difference *found, size_t limit);

#endif
