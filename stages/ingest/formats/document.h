/* The generated parts of docs/FORMATS.md: between "<!-- begin NAME -->" and "<!-- end NAME -->". */
#ifndef GL_INGEST_FORMATS_DOCUMENT_H
#define GL_INGEST_FORMATS_DOCUMENT_H

#include "base/buf.h"

/* "canonical", "cds", "eucdm", "ens", "ens-rules", "edifact", "codes", "rules"; NULL-terminated. */
extern const char *const gl_document_parts[];
struct gl_checks;
/* Appends a part; false: no such part. `checks`: those of config/. */
bool gl_document_part(const char *name, const struct gl_checks *checks, gl_buf *buf);
/* docs/declaration.schema.json: JSON Schema 2020-12 of one declaration in our JSON. */
void gl_document_schema(gl_buf *buf);
/* Where a part's text is in `page`, without the markers; {NULL, 0}: the page has no such part. */
gl_str gl_document_find(gl_str page, const char *name);

#endif
