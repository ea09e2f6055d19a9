/* What became of each leaf of an EDIFACT message: a value of a segment. A rule's qualifier, a code list, a unit and
 * what is joined to a text are part of a field. See leaves.h. */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_LEAVES_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_LEAVES_H

#include "ingest/formats/impl.h"
#include "ingest/formats/leaves.h"

/* Of the message, or the consignment and what stands before all of them, that the reader's report is about. Paths are
 * tags and the directory's numbers: "LOC/C517/3225". */
void gl_edi_leaves(const gl_reader *reader, gl_arena *arena, gl_leaf_visit *visit, void *context);

#endif
