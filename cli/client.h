/* HTTP to ingest, by libcurl. Credentials are the environment's: INGEST_API_KEY, or INGEST_CERTIFICATE with INGEST_KEY;
 * INGEST_CA says whom to trust (the system's authorities without it).
 */
#ifndef GL_CLI_CLIENT_H
#define GL_CLI_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

enum { GL_CLIENT_LIMIT_BYTES = 256 * 1024 * 1024 };

/* A connection that is kept from call to call. Thread: one at a time. */
typedef struct gl_client gl_client;
/* Before any thread makes a client of its own. */
void gl_client_init(void);
/* `base_url`: with or without a slash at its end; borrowed, as `account` is. */
gl_client *gl_client_new(const char *base_url, const char *account);
void gl_client_destroy(gl_client *client);

/* GET or POST (body.ptr not NULL). `url_path`: "/v1/declarations?profile=kcs", appended to the base URL. 503 and lost
 * or refused connections are tried again for `patience_ms`: what ingest takes may be sent again; 429 when its
 * Retry-After says. Errors: http-unavailable (GL_RETRY), http-url, http-tls (GL_FATAL, at once). `reply` gets the body
 * (heap), `*status` the status. */
bool gl_client_call(gl_client *client, const char *url_path, const char *content_type, gl_str body, int64_t patience_ms,
                    int *status, gl_buf *reply, gl_err *err);
/* Percent-encodes `text` into `buf`. */
void gl_client_escape(gl_buf *buf, gl_str text);

#endif
