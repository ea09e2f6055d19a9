/* HTTP to ingest, by libcurl. */
#ifndef GL_CLI_CLIENT_H
#define GL_CLI_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

enum { GL_CLIENT_LIMIT_BYTES = 256 * 1024 * 1024 };

/* GET or POST (body.ptr not NULL). `url_path`: "/v1/declarations?profile=kcs", appended to the base URL. 503 and
 * refused connections are tried again for `patience_ms`. Errors (GL_RETRY): http-unavailable. `reply` gets the body
 * (heap), `*status` the status. */
bool gl_client_call(const char *base_url, const char *url_path, const char *account, const char *content_type,
                    gl_str body, int64_t patience_ms, int *status, gl_buf *reply, gl_err *err);
/* Percent-encodes `text` into `buf`. */
void gl_client_escape(gl_buf *buf, gl_str text);

#endif
