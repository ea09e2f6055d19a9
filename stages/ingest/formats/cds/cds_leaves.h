/* What became of each leaf of an XML document: an element with text, or an attribute. See leaves.h.
 *
 * Always holds: the numbers of elements in their order are taken where they are their places. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_CDS_CDS_LEAVES_H
#define GL_INGEST_FORMATS_CDS_CDS_LEAVES_H

#include "ingest/formats/cds/cds_map.h"
#include "ingest/formats/leaves.h"

/* Visits each leaf of the document whose Declaration the report is about, in document order. */
void gl_cds_leaves(const gl_report *report, const gl_cds_form *form, gl_arena *arena, gl_leaf_visit *visit,
                   void *context);

#endif
