/* What became of each leaf of an XML document: an element with text, or an attribute.
 *
 * Always holds: a leaf is taken only when the reader noted it as the origin of a field, or when a rule says that it is
 * part of one; the numbers of elements in their order are taken where they are their places. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_CDS_CDS_LEAVES_H
#define GL_INGEST_FORMATS_CDS_CDS_LEAVES_H

#include "ingest/formats/cds/cds_map.h"

typedef enum gl_leaf_fate {
    GL_LEAF_TAKEN,
    GL_LEAF_LEFT,    /* known, and not taken: `why` */
    GL_LEAF_NEITHER, /* neither taken nor known */
} gl_leaf_fate;

typedef void gl_leaf_visit(void *context, gl_str path, gl_leaf_fate fate, const char *why);

/* Visits each leaf of the document whose Declaration the report is about, in document order. Paths have neither
 * positions nor prefixes: "MetaData/Declaration/InvoiceAmount/@currencyID". They are valid during the visit. */
void gl_cds_leaves(const gl_report *report, const gl_cds_form *form, gl_arena *arena, gl_leaf_visit *visit,
                   void *context);

#endif
