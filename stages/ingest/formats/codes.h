/* The codes of errors and warnings that the readers and validation report: stable names, for scripts and statistics.
 * A test holds the sources and this table against each other; docs/FORMATS.md has its text.
 */
#ifndef GL_INGEST_FORMATS_CODES_H
#define GL_INGEST_FORMATS_CODES_H

#include "base/buf.h"

typedef struct gl_report_code {
    const char *code, *help;
} gl_report_code;

extern const gl_report_code gl_report_codes[];
extern const size_t gl_report_code_count;
/* Of messages that are refused before a declaration is read. */
extern const gl_report_code gl_message_codes[];
extern const size_t gl_message_code_count;

/* What a WCO response says of a code in its ValidationCode, at most 8 characters; "GL-OTHER": it has none of its own.
 */
const char *gl_validation_code(gl_str code);

/* One Markdown row a code, then one a rule of validation: the tables of docs/FORMATS.md. */
void gl_codes_document(gl_buf *buf);

#endif
