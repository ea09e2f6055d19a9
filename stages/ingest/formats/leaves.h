/* What became of each leaf of a document: an element with text, an attribute, a member, a segment's value. What the
 * formats' walks over their documents share.
 *
 * Always holds: a leaf is taken only when the reader noted it as the origin of a field, or when a rule says that it is
 * part of one. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_LEAVES_H
#define GL_INGEST_FORMATS_LEAVES_H

#include "base/buf.h"
#include "ingest/formats/report.h"

typedef enum gl_leaf_fate {
    GL_LEAF_TAKEN,
    GL_LEAF_LEFT,    /* known, and not taken: `why` */
    GL_LEAF_NEITHER, /* neither taken nor known */
} gl_leaf_fate;

/* `path`: without positions and prefixes, "MetaData/Declaration/InvoiceAmount/@currencyID"; valid during the visit. */
typedef void gl_leaf_visit(void *context, gl_str path, gl_leaf_fate fate, const char *why);

/* What a walk carries. */
typedef struct gl_leaves {
    const void **origins; /* nodes that a field came from, in order of address */
    size_t origin_count;
    gl_buf path;
    gl_leaf_visit *visit;
    void *context;
} gl_leaves;

gl_leaves gl_leaves_begin(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context);
bool gl_leaves_origin(const gl_leaves *leaves, const void *node);
/* Appends to the path, behind a slash unless it is empty; returns its length before. */
size_t gl_leaves_enter(gl_leaves *leaves, const char *prefix, gl_str name);
/* The leaf that the path names. */
void gl_leaves_visit(gl_leaves *leaves, gl_leaf_fate fate, const char *why);

#endif
