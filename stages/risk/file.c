/* See file.h. */
#include "risk/file.h"

#include "customs/ids.h"

#include <errno.h>
#include <stdio.h>

enum { VERSION_HEX_DIGITS = 16 };

bool gl_risk_read_file(const char *path, size_t limit_bytes, gl_buf *out, gl_err *err)
{
    if (!gl_buf_read_file(out, path, limit_bytes))
        return gl_fail(err, GL_FATAL, "file-unreadable", "%s: %s", path, strerror(errno));
    return out->len <= limit_bytes ||
           gl_fail(err, GL_FATAL, "file-size", "%s: larger than %zu bytes", path, limit_bytes);
}

void gl_risk_name_version(const char *prefix, gl_str content, char *out, size_t size)
{
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    gl_sha256(content, digest);
    gl_hex(digest, GL_SHA256_BYTES, hex);
    snprintf(out, size, "%s%.*s", prefix, VERSION_HEX_DIGITS, hex);
}
