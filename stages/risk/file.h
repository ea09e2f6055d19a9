/* Whole files and the names that records give to what was in them.
 *
 * Always holds: a file larger than its limit is refused before it is all read; the same bytes get the same name.
 */
#ifndef GL_RISK_FILE_H
#define GL_RISK_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the file to `out` (heap). Errors (GL_FATAL): file-unreadable, file-size. */
bool gl_risk_read_file(const char *path, size_t limit_bytes, gl_buf *out, gl_err *err);
/* `prefix` and the first 16 hex digits of the SHA-256 of `content`, NUL-terminated. */
void gl_risk_name_version(const char *prefix, gl_str content, char *out, size_t size);

#endif
