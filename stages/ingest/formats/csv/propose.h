/* A mapping proposed for somebody's CSV, from the names of its columns and the values below them.
 *
 * Always holds: what is proposed is a mapping that loads and that the file's header fits; a column is mapped only where
 * both its name and its values say so, every other one is ignored, and the comment beside it says why. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_CSV_PROPOSE_H
#define GL_INGEST_FORMATS_CSV_PROPOSE_H

#include "base/buf.h"
#include "base/err.h"
#include "ingest/formats/reader.h"

typedef struct gl_proposal {
    gl_str yaml;
    size_t columns, mapped; /* of the file; of them understood */
} gl_proposal;

/* `csv`: the file, or its first megabytes up to the end of a line; GL_FORMAT_XLSX: a workbook's rows, and the first
 * sheet counts. Errors (GL_DEAD_LETTER): mapping-sample. */
bool gl_mapping_propose(gl_arena *arena, gl_format format, gl_str csv, gl_proposal *proposal, gl_err *err);

#endif
