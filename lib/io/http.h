/* The HTTP server of a daemon (libmicrohttpd): health and metrics on the admin port, and ingest's service.
 *
 * A request is handed to its handler when the whole body is there (within the limits). The handler answers at once, or
 * keeps the request and answers later from any thread (the connection is suspended meanwhile): ingest answers after the
 * Kafka commit. Slow clients hold only their own connection; body, header, connection and time limits are in the table.
 */
#ifndef GL_IO_HTTP_H
#define GL_IO_HTTP_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/metrics.h"

typedef struct gl_http_conf {
    const char *listen;       /* address:port; port 0: any free one */
    int64_t body_limit_bytes; /* larger: 413 */
    int64_t connection_limit; /* more: refused */
    int64_t idle_timeout_ms;
    int64_t threads;
    int64_t pending_limit_bytes; /* bodies held at once; more: 503 with Retry-After */
} gl_http_conf;

typedef struct gl_http gl_http;
typedef struct gl_http_request gl_http_request;

/* Called on a server thread with a complete request. It answers through gl_http_respond, now or later, exactly once. */
typedef void (*gl_http_handler)(void *context, gl_http_request *request);

typedef struct gl_http_route {
    const char *method; /* "GET" */
    const char *path;   /* "/v1/declarations", or with a last segment of any text: "/v1/declarations/{}" */
    gl_http_handler handler;
    void *context;
} gl_http_route;

/* `routes` are kept, not copied. Unknown path: 404, known path with another method: 405, as problem JSON (RFC 9457). */
gl_http *gl_http_start(const gl_http_conf *conf, const gl_http_route *routes, size_t route_count, gl_metrics *metrics,
                       gl_err *err);
/* Stops accepting; answers what is held with 503; waits for the threads. */
void gl_http_stop(gl_http *http);
/* The port that is listened on. */
int gl_http_port(const gl_http *http);

/* Borrowed until the request is answered. */
gl_str gl_http_body(const gl_http_request *request);
/* The text that matched {} (percent-decoded), or empty. */
gl_str gl_http_tail(const gl_http_request *request);
gl_str gl_http_header(const gl_http_request *request, const char *name);
gl_str gl_http_query(const gl_http_request *request, const char *name);
int64_t gl_http_received_us(const gl_http_request *request);

/* Copies the body. `headers` (may be NULL): NULL-terminated "Name: value". Takes the request. Thread: any. */
void gl_http_respond(gl_http_request *request, int status, const char *content_type, gl_str body,
                     const char *const *headers);
/* A problem document (RFC 9457): type "about:blank", title of the status, `code` and `detail`. */
void gl_http_problem(gl_http_request *request, int status, const char *code, const char *detail,
                     const char *const *headers);

#endif
