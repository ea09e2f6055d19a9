/* What became of each leaf of an entry summary declaration: as leaves.h has it. */
#ifndef GL_INGEST_FORMATS_ENS_ENS_LEAVES_H
#define GL_INGEST_FORMATS_ENS_ENS_LEAVES_H

#include "ingest/formats/leaves.h"

/* Of the document that the report was read from. */
void gl_ens_leaves(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context);

#endif
