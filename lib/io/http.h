/* The HTTP server of a daemon (libmicrohttpd): health and metrics on the admin port, and ingest's service.
 *
 * A request is handed to its handler when the whole body is there (within the limits). The handler answers at once, or
 * keeps the request and answers later from any thread (the connection is suspended meanwhile): ingest answers after the
 * Kafka commit; or in parts, as long as it likes (a stream). Slow clients hold only their own connection; body, header,
 * connection and time limits are in the table.
 * With a certificate it speaks TLS (1.2 or later) only; with `admit`, who sends is asked for before the body is read.
 */
#ifndef GL_IO_HTTP_H
#define GL_IO_HTTP_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/metrics.h"

typedef struct gl_http gl_http;
typedef struct gl_http_request gl_http_request;

/* Why a request is not admitted. */
typedef struct gl_http_refusal {
    int status;
    const char *code;
    char detail[256];
    int retry_after_s; /* 0: no such header */
} gl_http_refusal;

/* Called on a server thread when the headers are there. It may ask for headers and the peer, and set the body's limit
 * and the principal. false: the request is refused as filled in, and its body is thrown away. */
typedef bool (*gl_http_admit)(void *context, gl_http_request *request, gl_http_refusal *refusal);
/* Called on a server thread, before they are kept, with bytes of a body beyond the length that was announced (chunked:
 * all of them). false: as above. Not for requests without a principal. */
typedef bool (*gl_http_part)(void *context, gl_http_request *request, int64_t bytes, gl_http_refusal *refusal);

typedef struct gl_http_conf {
    const char *listen;       /* address:port ("*:80": all addresses, "[::1]:80"); port 0: any free one */
    int64_t body_limit_bytes; /* larger: 413 */
    int64_t connection_limit; /* more: refused */
    int64_t idle_timeout_ms;
    int64_t threads;
    int64_t pending_limit_bytes; /* bodies held at once; more: 503 with Retry-After */
    const char *tls_certificate; /* PEM files, NULL or "": HTTP without TLS */
    const char *tls_key;
    const char *tls_ca;  /* clients' certificates are asked for, and checked against these; NULL or "": not */
    gl_http_admit admit; /* NULL: everybody */
    gl_http_part part;   /* NULL: whatever comes */
    void *admit_context; /* of both */
    void (*forget)(void *principal); /* may be NULL: the request that has it ended. Thread: any */
} gl_http_conf;

/* Called on a server thread with a complete request. It answers through gl_http_respond, now or later, exactly once. */
typedef void (*gl_http_handler)(void *context, gl_http_request *request);

typedef struct gl_http_route {
    const char *method; /* "GET" */
    const char *path;   /* "/v1/declarations", or with a last segment of any text: "/v1/declarations/{}" */
    gl_http_handler handler;
    void *context;
} gl_http_route;

/* Larger headers are answered with 431. A body that takes longer than this many idle timeouts ends its connection. */
enum { GL_HTTP_HEADER_LIMIT_BYTES = 64 * 1024, GL_HTTP_SLOW_BODY_TIMEOUTS = 10 };

enum { GL_HTTP_METRIC_COUNT = 2 };
extern const gl_metric_def gl_http_metrics[GL_HTTP_METRIC_COUNT];

/* Are the files of tls_... there, and do they fit? Error: http-tls (GL_FATAL). */
bool gl_http_check(const gl_http_conf *conf, gl_err *err);

/* `metrics` may be NULL. A GET route also answers HEAD. Errors: http-listen, http-tls (GL_FATAL).
 * `routes` are kept, not copied. Unknown path: 404, known path with another method: 405, as problem JSON (RFC 9457). */
gl_http *gl_http_start(const gl_http_conf *conf, const gl_http_route *routes, size_t route_count, gl_metrics *metrics,
                       gl_err *err);
/* Stops accepting; answers what is held with 503, ends streams; waits for the threads. Who still holds a request may
 * read it, and must answer it as always (the answer goes nowhere). */
void gl_http_stop(gl_http *http);
/* Reads tls_... again, for connections from now on. On an error the old ones stay. Thread: any. */
bool gl_http_renew(gl_http *http, const gl_http_conf *conf, gl_err *err);
/* The port that is listened on. */
int gl_http_port(const gl_http *http);

/* All slices are borrowed until the request is answered. Names of headers ignore case; of several the first counts; a
 * missing one is {NULL, 0}. Query parameters are percent-decoded UTF-8 without NUL ("+" is a space). Thread: any, until
 * the answer. */
gl_str gl_http_body(const gl_http_request *request);
/* The text that matched {} (percent-decoded), or empty. */
gl_str gl_http_tail(const gl_http_request *request);
gl_str gl_http_header(const gl_http_request *request, const char *name);
/* All of that name, as one list ("a, b"; RFC 9110, 5.3). Thread: the handler's, before it has answered. */
gl_str gl_http_header_list(gl_http_request *request, const char *name);
gl_str gl_http_query(const gl_http_request *request, const char *name);
int64_t gl_http_received_us(const gl_http_request *request);

/* Subject of the client's verified certificate (RFC 4514: "CN=hub-1,O=Hub One"), {NULL, 0} when it has none that is
 * trusted; `*why` then says what is wrong with the one that it has, or is "". */
gl_str gl_http_peer(const gl_http_request *request, const char **why);
/* Bytes of its body as the header says, 0 when it does not (chunked, or none); a text that is no number: the largest.
 */
int64_t gl_http_announced(const gl_http_request *request);
/* In admit only: a limit of its own, never above the server's; and who it is, for the handler (NULL: nobody said). */
void gl_http_limit_body(gl_http_request *request, int64_t bytes);
void gl_http_set_principal(gl_http_request *request, void *principal);
void *gl_http_principal(const gl_http_request *request);

/* Copies the body. `headers` (may be NULL): NULL-terminated "Name: value". Takes the request. Thread: any. */
void gl_http_respond(gl_http_request *request, int status, const char *content_type, gl_str body,
                     const char *const *headers);
/* A problem document (RFC 9457): type "about:blank", title of the status, `code` and `detail`. */
void gl_http_problem(gl_http_request *request, int status, const char *code, const char *detail,
                     const char *const *headers);

/* An answer that goes on: status 200, and a body that is written in parts (server-sent events). At most `limit_bytes`
 * wait for the client. The request stays the caller's until gl_http_stream_end. Thread: any, one at a time. */
void gl_http_stream_begin(gl_http_request *request, const char *content_type, const char *const *headers,
                          size_t limit_bytes);
typedef enum gl_http_taken {
    GL_HTTP_TAKEN, /* it will be sent */
    GL_HTTP_FULL,  /* the client is slow: nothing was taken */
    GL_HTTP_GONE,  /* the client went away, or the server stops: end the stream */
} gl_http_taken;
/* All or nothing. More than the limit at once is taken when nothing waits. A client that went away is noticed only when
 * something is sent; one that takes nothing is closed after the idle timeout. */
gl_http_taken gl_http_stream_write(gl_http_request *request, gl_str bytes);
/* Waits until the client has taken something, at most `timeout_ms`; GL_HTTP_FULL: it has not. */
gl_http_taken gl_http_stream_wait(gl_http_request *request, int timeout_ms);
/* What waits is still sent, then the body ends. Takes the request. */
void gl_http_stream_end(gl_http_request *request);

/* Percent-decoding of one path segment or query value. False for a broken escape, for NUL, and when the result is not
 * UTF-8. */
bool gl_http_decode(gl_buf *out, gl_str text);

#endif
