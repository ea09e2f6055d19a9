/* TLS of the HTTP server: certificate and key, and the authorities that clients' certificates are checked against.
 * libmicrohttpd starts the sessions; each connection is bound to what was current when it began, and keeps it until it
 * ends, so that a renewed certificate needs no restart. Internal to http.c. Thread: any. Locks: none; references are
 * counted atomically.
 */
#ifndef GL_IO_HTTP_TLS_H
#define GL_IO_HTTP_TLS_H

#include "base/err.h"
#include "base/str.h"

typedef struct gl_http_tls gl_http_tls;

/* Reads PEM files; `ca` NULL or "": clients are not asked for certificates. NULL and http-tls (GL_FATAL) when they
 * cannot be used, also when key and certificate do not belong together. The caller has one reference. */
gl_http_tls *gl_http_tls_new(const char *certificate, const char *key, const char *ca, gl_err *err);
gl_http_tls *gl_http_tls_retain(gl_http_tls *tls);
void gl_http_tls_release(gl_http_tls *tls); /* NULL: nothing */
/* PEM texts, for libmicrohttpd's start. */
const char *gl_http_tls_certificate(const gl_http_tls *tls);
const char *gl_http_tls_key(const gl_http_tls *tls);

/* A connection's side of it. */
typedef struct gl_http_peer_state gl_http_peer_state;
/* `session`: a gnutls_session_t before its handshake. Takes a reference. */
gl_http_peer_state *gl_http_peer_begin(gl_http_tls *tls, void *session);
void gl_http_peer_end(gl_http_peer_state *peer);
/* After the handshake: the subject of the client's certificate (RFC 4514: "CN=hub-1,O=Hub One"), verified; {NULL, 0}
 * without one, or when it is not to be trusted: then `*why` says why, else it is "". Checked once a connection. Valid
 * as long as `peer`. Thread: the connection's. */
gl_str gl_http_peer_subject(gl_http_peer_state *peer, void *session, const char **why);

#endif
