/* See http.h. Every request is a small state machine: its body is received, then it is held by a handler until somebody
 * answers, then libmicrohttpd (the server) sends the answer. While it is held its connection is suspended, and so it is
 * while a stream has nothing to send; a stream stays in the list of held requests until it ends.
 *
 * Always holds:
 * - a request has up to two owners, the server and the handler; the last one to let go frees it, so a client that goes
 *   away, or a server that stops, leaves the handler's pointer valid;
 * - `answer`, `suspended`, the owners and the list of held requests change under gl_http.mutex only;
 * - what a handler may read (body, headers, query, tail) is the request's own copy, never libmicrohttpd's memory;
 * - pending_bytes is the sum of `charged` over all requests.
 */
#include "io/http.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/http_tls.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    REQUEST_ARENA_BYTES = 2048,
    LISTEN_BACKLOG = 1024,
    STOP_WAIT_SECONDS = 3,
    PAIR_LIMIT = 100, /* headers and query parameters of a request */
    LINE_BYTES = 512,
    STREAM_PART_BYTES = 16 * 1024, /* sent at once */
};

static const char TLS_PRIORITIES[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

const gl_metric_def gl_http_metrics[GL_HTTP_METRIC_COUNT] = {
    {.name = "gl_http_requests_total",
     .type = GL_COUNTER,
     .help = "Requests answered, by route (its pattern; \"none\" for unknown paths) and status.",
     .labels = {"route", "status"}},
    {.name = "gl_http_seconds",
     .type = GL_HISTOGRAM,
     .help = "From the last byte of a request to its answer, by route.",
     .labels = {"route"},
     .buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}},
};

typedef struct pair {
    struct pair *next;
    gl_str name, value;
} pair;

/* Of an answer that is written in parts; all of it under http->mutex. */
typedef struct stream {
    gl_buf waiting; /* from `sent` on */
    size_t sent, limit;
    bool attached; /* the server has the answer: it has not lost the client before, or stopped */
    bool ended;
    pthread_cond_t moved; /* CLOCK_MONOTONIC: something was sent, or the client is gone */
} stream;

struct gl_http_request {
    gl_http *http;
    struct MHD_Connection *connection;
    const gl_http_route *route; /* NULL: none */
    gl_arena *arena;            /* headers, query, tail */
    pair *headers, *query;
    gl_str tail;
    gl_buf body;
    gl_str peer;          /* subject of the client's certificate */
    const char *peer_why; /* what is wrong with it */
    void *principal;
    int64_t body_limit;
    int64_t charged;                 /* bytes of the body that count as pending */
    int64_t paid;                    /* bytes of the body that were announced, or that conf.part has let in */
    int64_t started_us, complete_us; /* monotonic: first and last byte */
    int64_t received_us;             /* wall clock: last byte */
    /* Refused before it was complete: answered when the rest has been read and thrown away. 0: not refused. */
    int refused_status;
    const char *refused_code, *refused_detail;
    int retry_after_s;   /* of a refusal, 0: none */
    int64_t thrown_away; /* bytes */
    bool dispatched;     /* the handler was called; the server's thread only */
    bool head;           /* HEAD: no body */
    /* Under http->mutex: */
    gl_http_request *previous, *next; /* list of held requests */
    bool held;
    bool suspended;
    struct MHD_Response *answer; /* NULL: not answered */
    int status;
    bool server_owns, handler_owns;
    stream *stream; /* NULL: the answer is whole */
};

struct gl_http {
    struct MHD_Daemon *daemon;
    const gl_http_route *routes;
    size_t route_count;
    gl_metrics *metrics; /* may be NULL */
    int64_t body_limit, pending_limit, slow_body_us;
    gl_http_admit admit; /* may be NULL */
    gl_http_part part;   /* may be NULL */
    void *admit_context;
    void (*forget)(void *principal); /* may be NULL */
    gl_http_tls *tls;                /* of new connections, under mutex; NULL: no TLS, also later */
    int port;
    int64_t pending_bytes; /* atomic access */
    int owners;            /* atomic access: gl_http_start's caller and every request */
    pthread_mutex_t mutex;
    pthread_cond_t answered_sent; /* CLOCK_MONOTONIC */
    gl_http_request *held;        /* under mutex */
    size_t unsent;                /* under mutex: answered, but the server still has them */
    bool stopping;                /* under mutex */
};

/* -- Percent-decoding --------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool gl_http_decode(gl_buf *out, gl_str text)
{
    size_t start = out->len;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = text.len - i > 2 ? hex_digit(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0')
            return false;
        gl_buf_byte(out, (uint8_t)c);
    }
    return out->len == start || gl_str_is_utf8((gl_str){(const char *)out->data + start, out->len - start}, NULL);
}

/* -- Owners ------------------------------------------------------------------------------------------------------- */

static void http_release(gl_http *http)
{
    if (__atomic_sub_fetch(&http->owners, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gl_http_tls_release(http->tls);
    pthread_cond_destroy(&http->answered_sent);
    pthread_mutex_destroy(&http->mutex);
    free(http);
}

static void drop_body(gl_http_request *request)
{
    gl_buf_free(&request->body);
    __atomic_sub_fetch(&request->http->pending_bytes, request->charged, __ATOMIC_RELAXED);
    request->charged = 0;
}

static void stream_free(stream *s)
{
    if (s == NULL)
        return;
    gl_buf_free(&s->waiting);
    pthread_cond_destroy(&s->moved);
    free(s);
}

static void request_free(gl_http_request *request)
{
    gl_http *http = request->http;
    drop_body(request);
    stream_free(request->stream);
    if (request->principal != NULL && http->forget != NULL)
        http->forget(request->principal);
    gl_arena_destroy(request->arena);
    free(request);
    http_release(http);
}

/* Locks: mutex. */
static void hold(gl_http *http, gl_http_request *request)
{
    request->held = true;
    request->previous = NULL;
    request->next = http->held;
    if (http->held != NULL)
        http->held->previous = request;
    http->held = request;
}

/* Locks: mutex. */
static void let_go(gl_http *http, gl_http_request *request)
{
    if (!request->held)
        return;
    request->held = false;
    if (request->previous == NULL)
        http->held = request->next;
    else
        request->previous->next = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
}

/* Locks: mutex. */
static void wake(gl_http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
}

/* Gives the server its answer, once; false when it has one, or is gone: the answer is still the caller's. Locks: mutex.
 */
static bool attach_answer(gl_http *http, gl_http_request *request, int status, struct MHD_Response *answer)
{
    let_go(http, request);
    if (!request->server_owns || request->answer != NULL)
        return false;
    request->answer = answer;
    request->status = status;
    http->unsent++;
    wake(request);
    return true;
}

/* -- Answers ------------------------------------------------------------------------------------------------------ */

static void add_header(struct MHD_Response *answer, const char *line)
{
    char name[LINE_BYTES];
    const char *colon = strchr(line, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - line);
    if (len == 0 || len >= sizeof name)
        return;
    memcpy(name, line, len);
    name[len] = '\0';
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    if (MHD_add_response_header(answer, name, value) == MHD_NO)
        gl_log(GL_LOG_WARN, "http-header", "the header %s cannot be sent", name);
}

static void add_headers(struct MHD_Response *answer, const char *content_type, const char *const *headers)
{
    if (content_type != NULL && MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) == MHD_NO)
        gl_log(GL_LOG_WARN, "http-header", "the content type %s cannot be sent", content_type);
    for (; headers != NULL && *headers != NULL; headers++)
        add_header(answer, *headers);
}

static struct MHD_Response *make_answer(const char *content_type, gl_str body, const char *const *headers)
{
    void *copy = malloc(body.len + 1);
    if (copy == NULL)
        abort();
    if (body.len > 0)
        memcpy(copy, body.ptr, body.len);
    struct MHD_Response *answer = MHD_create_response_from_buffer(body.len, copy, MHD_RESPMEM_MUST_FREE);
    if (answer == NULL)
        abort();
    add_headers(answer, content_type, headers);
    return answer;
}

void gl_http_respond(gl_http_request *request, int status, const char *content_type, gl_str body,
                     const char *const *headers)
{
    gl_http *http = request->http;
    struct MHD_Response *answer = make_answer(content_type, body, headers);
    drop_body(request);
    pthread_mutex_lock(&http->mutex);
    bool attached = attach_answer(http, request, status, answer);
    request->handler_owns = false;
    bool last = !request->server_owns;
    pthread_mutex_unlock(&http->mutex);
    /* From here the request may be gone, unless this was its last owner. */
    if (!attached)
        MHD_destroy_response(answer);
    if (last)
        request_free(request);
}

static void problem_body(gl_buf *buf, int status, const char *code, const char *detail)
{
    gl_buf_text(buf, "{\"type\":\"about:blank\",\"title\":");
    gl_buf_json(buf, gl_str_of(MHD_get_reason_phrase_for((unsigned)status)));
    gl_buf_printf(buf, ",\"status\":%d,\"code\":", status);
    gl_buf_json(buf, gl_str_of(code));
    gl_buf_text(buf, ",\"detail\":");
    gl_buf_json(buf, gl_str_of(detail));
    gl_buf_text(buf, "}\n");
}

static const char PROBLEM_TYPE[] = "application/problem+json";

void gl_http_problem(gl_http_request *request, int status, const char *code, const char *detail,
                     const char *const *headers)
{
    gl_buf body = {0};
    problem_body(&body, status, code, detail);
    gl_http_respond(request, status, PROBLEM_TYPE, gl_buf_view(&body), headers);
    gl_buf_free(&body);
}

static struct MHD_Response *stopping_answer(void)
{
    static const char *const headers[] = {"Retry-After: 1", "Connection: close", NULL};
    gl_buf body = {0};
    problem_body(&body, 503, "stopping", "this instance is stopping; send it again");
    struct MHD_Response *answer = make_answer(PROBLEM_TYPE, gl_buf_view(&body), headers);
    gl_buf_free(&body);
    return answer;
}

/* -- Streams ------------------------------------------------------------------------------------------------------ */

static void init_monotonic(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* Locks: mutex. */
static bool is_gone(const gl_http_request *request)
{
    return !request->stream->attached || !request->server_owns || request->http->stopping;
}

/* Locks: mutex. */
static size_t send_waiting(stream *s, char *out, size_t room)
{
    size_t count = s->waiting.len - s->sent < room ? s->waiting.len - s->sent : room;
    memcpy(out, s->waiting.data + s->sent, count);
    s->sent += count;
    if (s->sent == s->waiting.len)
        s->sent = s->waiting.len = 0;
    pthread_cond_broadcast(&s->moved);
    return count;
}

/* The server can send. Suspending under the mutex leaves no moment between the look and the sleep. Thread: server. */
static ssize_t next_part(void *context, uint64_t position, char *out, size_t room)
{
    (void)position;
    gl_http_request *request = context;
    gl_http *http = request->http;
    ssize_t result = 0;
    pthread_mutex_lock(&http->mutex);
    if (request->stream->waiting.len > 0) {
        result = (ssize_t)send_waiting(request->stream, out, room);
    } else if (request->stream->ended || http->stopping) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        request->suspended = true;
        MHD_suspend_connection(request->connection);
    }
    pthread_mutex_unlock(&http->mutex);
    return result;
}

/* libmicrohttpd 0.9.75 ends the body of a HEAD in chunks, which has none. */
static struct MHD_Response *make_stream(gl_http_request *request)
{
    struct MHD_Response *answer = request->head ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
                                                : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PART_BYTES,
                                                                                    next_part, request, NULL);
    if (answer == NULL)
        abort();
    return answer;
}

void gl_http_stream_begin(gl_http_request *request, const char *content_type, const char *const *headers,
                          size_t limit_bytes)
{
    gl_http *http = request->http;
    stream *s = calloc(1, sizeof *s);
    struct MHD_Response *answer = make_stream(request);
    if (s == NULL)
        abort();
    s->limit = limit_bytes;
    init_monotonic(&s->moved);
    add_headers(answer, content_type, headers);
    drop_body(request);
    pthread_mutex_lock(&http->mutex);
    request->stream = s;
    s->attached = attach_answer(http, request, 200, answer);
    bool attached = s->attached;
    if (attached)
        hold(http, request);
    pthread_mutex_unlock(&http->mutex);
    if (!attached)
        MHD_destroy_response(answer);
}

/* Locks: mutex. */
static gl_http_taken take_part(gl_http_request *request, gl_str bytes)
{
    stream *s = request->stream;
    size_t left = s->waiting.len - s->sent;
    if (left > 0 && left + bytes.len > s->limit)
        return GL_HTTP_FULL;
    if (s->sent > 0)
        memmove(s->waiting.data, s->waiting.data + s->sent, left);
    s->waiting.len = left;
    s->sent = 0;
    gl_buf_str(&s->waiting, bytes);
    wake(request);
    return GL_HTTP_TAKEN;
}

gl_http_taken gl_http_stream_write(gl_http_request *request, gl_str bytes)
{
    gl_http *http = request->http;
    pthread_mutex_lock(&http->mutex);
    gl_http_taken taken = is_gone(request) ? GL_HTTP_GONE : take_part(request, bytes);
    pthread_mutex_unlock(&http->mutex);
    return taken;
}

static struct timespec after_ms(int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    return until;
}

gl_http_taken gl_http_stream_wait(gl_http_request *request, int timeout_ms)
{
    gl_http *http = request->http;
    const stream *s = request->stream;
    struct timespec until = after_ms(timeout_ms);
    pthread_mutex_lock(&http->mutex);
    size_t before = s->waiting.len - s->sent;
    int waited = 0;
    while (!is_gone(request) && before > 0 && s->waiting.len - s->sent == before && waited == 0)
        waited = pthread_cond_timedwait(&request->stream->moved, &http->mutex, &until);
    gl_http_taken taken = is_gone(request) ? GL_HTTP_GONE : waited != 0 ? GL_HTTP_FULL : GL_HTTP_TAKEN;
    pthread_mutex_unlock(&http->mutex);
    return taken;
}

void gl_http_stream_end(gl_http_request *request)
{
    gl_http *http = request->http;
    pthread_mutex_lock(&http->mutex);
    request->stream->ended = true;
    let_go(http, request);
    if (request->server_owns)
        wake(request);
    request->handler_owns = false;
    bool last = !request->server_owns;
    pthread_mutex_unlock(&http->mutex);
    if (last)
        request_free(request);
}

/* Locks: mutex. */
static void stop_stream(gl_http *http, gl_http_request *request)
{
    let_go(http, request);
    wake(request);
    pthread_cond_broadcast(&request->stream->moved);
}

/* -- Routes ------------------------------------------------------------------------------------------------------- */

static bool is_pattern(const char *path)
{
    size_t len = strlen(path);
    return len >= 3 && strcmp(path + len - 3, "/{}") == 0;
}

/* `tail`: what matched {}, still encoded. */
static bool path_matches(const char *path, gl_str url, gl_str *tail)
{
    *tail = (gl_str){NULL, 0};
    if (!is_pattern(path))
        return gl_str_eqz(url, path);
    gl_str prefix = {path, strlen(path) - 2};
    if (url.ptr == NULL || !gl_str_starts(url, prefix) || url.len == prefix.len)
        return false;
    *tail = (gl_str){url.ptr + prefix.len, url.len - prefix.len};
    return memchr(tail->ptr, '/', tail->len) == NULL;
}

static bool method_matches(const char *wanted, const char *method)
{
    return strcmp(wanted, method) == 0 || (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void refuse(gl_http_request *request, int status, const char *code, const char *detail)
{
    if (request->refused_status != 0)
        return;
    request->refused_status = status;
    request->refused_code = code;
    request->refused_detail = detail;
    drop_body(request);
}

/* A literal path goes before a pattern, whatever their order. */
static void find_route(gl_http_request *request, gl_str url, const char *method)
{
    const gl_http *http = request->http;
    bool known = false;
    gl_str tail;
    for (int patterns = 0; patterns <= 1 && !known; patterns++) {
        for (size_t i = 0; i < http->route_count && request->route == NULL; i++) {
            const gl_http_route *route = &http->routes[i];
            if (is_pattern(route->path) != (patterns == 1) || !path_matches(route->path, url, &tail))
                continue;
            known = true;
            if (!method_matches(route->method, method))
                continue;
            request->route = route;
            gl_buf decoded = gl_buf_in(request->arena);
            if (!gl_http_decode(&decoded, tail))
                refuse(request, 400, "path-encoding", "the path is not percent-encoded UTF-8");
            request->tail = gl_buf_view(&decoded);
        }
    }
    if (!known)
        refuse(request, 404, "path-unknown", "there is nothing at this path");
    else if (request->route == NULL)
        refuse(request, 405, "method-not-allowed", "this path does not have this method");
}

/* "Allow: GET, POST" for the path of the request. */
static void put_allowed(gl_http_request *request, gl_str url, char line[LINE_BYTES])
{
    const gl_http *http = request->http;
    gl_str tail;
    int used = snprintf(line, LINE_BYTES, "Allow: ");
    const char *separator = "";
    for (size_t i = 0; i < http->route_count; i++) {
        const gl_http_route *route = &http->routes[i];
        if (!path_matches(route->path, url, &tail) || used < 0 || used >= LINE_BYTES - 32)
            continue;
        bool get = strcmp(route->method, "GET") == 0;
        used += snprintf(line + used, (size_t)(LINE_BYTES - used), "%s%.16s%s", separator, route->method,
                         get ? ", HEAD" : "");
        separator = ", ";
    }
}

/* -- Receiving ---------------------------------------------------------------------------------------------------- */

static gl_str keep(gl_arena *arena, const char *text, size_t len)
{
    return (gl_str){gl_arena_strndup(arena, text == NULL ? "" : text, text == NULL ? 0 : len), text == NULL ? 0 : len};
}

typedef struct collector {
    gl_http_request *request;
    pair **end;
    size_t count;
    bool query;
} collector;

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                               const char *value, size_t value_len)
{
    (void)kind;
    collector *c = context;
    gl_http_request *request = c->request;
    if (c->count++ == PAIR_LIMIT) {
        refuse(request, 400, "too-many-fields", "more than 100 headers or query parameters");
        return MHD_NO;
    }
    pair *p = GL_NEW(request->arena, pair);
    p->name = keep(request->arena, name, name_len);
    p->value = keep(request->arena, value, value_len);
    if (c->query) {
        gl_buf decoded_name = gl_buf_in(request->arena), decoded_value = gl_buf_in(request->arena);
        if (!gl_http_decode(&decoded_name, p->name) || !gl_http_decode(&decoded_value, p->value)) {
            refuse(request, 400, "query-encoding", "the query is not percent-encoded UTF-8");
            return MHD_NO;
        }
        p->name = gl_buf_view(&decoded_name);
        p->value = p->value.len == 0 ? p->value : gl_buf_view(&decoded_value);
    }
    *c->end = p;
    c->end = &p->next;
    return MHD_YES;
}

static void collect_pairs(gl_http_request *request)
{
    collector headers = {.request = request, .end = &request->headers};
    collector query = {.request = request, .end = &request->query, .query = true};
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, collect, &headers);
    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, collect, &query);
}

static bool over_pending(const gl_http *http, int64_t more)
{
    return __atomic_load_n(&http->pending_bytes, __ATOMIC_RELAXED) + more > http->pending_limit;
}

static void refuse_pending(gl_http_request *request)
{
    refuse(request, 503, "too-much-pending", "too many bytes wait for their answer; send it again later");
}

/* The announced length, -1 when there is none (chunked, or no body). */
static int64_t content_length(const gl_http_request *request)
{
    uint64_t length = 0;
    gl_str text = gl_http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (text.ptr == NULL)
        return -1;
    return gl_str_to_u64(text, INT64_MAX, &length) ? (int64_t)length : INT64_MAX;
}

static gl_http_request *request_new(gl_http *http, struct MHD_Connection *connection)
{
    gl_http_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        abort();
    __atomic_add_fetch(&http->owners, 1, __ATOMIC_RELAXED);
    request->http = http;
    request->connection = connection;
    request->arena = gl_arena_new(REQUEST_ARENA_BYTES);
    request->started_us = gl_mono_us();
    request->server_owns = true;
    request->body_limit = http->body_limit;
    request->peer_why = "";
    return request;
}

/* -- TLS and who it is -------------------------------------------------------------------------------------------- */

/* A connection begins or ends; `slot` is its own. Thread: server. */
static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    gl_http *http = context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        gl_http_peer_end(*slot);
        *slot = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    pthread_mutex_lock(&http->mutex);
    gl_http_tls *tls = http->tls == NULL ? NULL : gl_http_tls_retain(http->tls);
    pthread_mutex_unlock(&http->mutex);
    if (tls != NULL && info != NULL)
        *slot = gl_http_peer_begin(tls, info->tls_session);
    gl_http_tls_release(tls);
}

static void look_at_peer(gl_http_request *request)
{
    const union MHD_ConnectionInfo *slot =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    gl_http_peer_state *peer = slot == NULL ? NULL : slot->socket_context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (peer == NULL || info == NULL)
        return;
    const char *why;
    gl_str subject = gl_http_peer_subject(peer, info->tls_session, &why);
    /* Copies: a handler may ask after the connection has gone. */
    if (subject.len > 0)
        request->peer = keep(request->arena, subject.ptr, subject.len);
    request->peer_why = gl_arena_strndup(request->arena, why, strlen(why));
}

static void refuse_as(gl_http_request *request, const gl_http_refusal *refusal)
{
    refuse(request, refusal->status, refusal->code,
           gl_arena_strndup(request->arena, refusal->detail, strlen(refusal->detail)));
    request->retry_after_s = refusal->retry_after_s;
}

static void ask_admit(gl_http_request *request)
{
    const gl_http *http = request->http;
    gl_http_refusal refusal = {.status = 403, .code = "refused"};
    if (http->admit != NULL && request->refused_status == 0 && !http->admit(http->admit_context, request, &refusal))
        refuse_as(request, &refusal);
    request->paid = gl_http_announced(request);
}

/* May the body grow by `more`? */
static void ask_part(gl_http_request *request, int64_t more)
{
    const gl_http *http = request->http;
    gl_http_refusal refusal = {.status = 403, .code = "refused"};
    int64_t unpaid = request->charged + more - request->paid;
    if (unpaid <= 0 || http->part == NULL || request->principal == NULL)
        return;
    if (http->part(http->admit_context, request, unpaid, &refusal))
        request->paid += unpaid;
    else
        refuse_as(request, &refusal);
}

static enum MHD_Result settle(gl_http_request *request);
static void dispatch(gl_http_request *request, const char *url);

/* The headers are there. What need not be read is answered at once: libmicrohttpd then closes the connection. */
static enum MHD_Result begin(gl_http_request *request, const char *url, const char *method)
{
    const gl_http *http = request->http;
    request->head = strcmp(method, "HEAD") == 0;
    collect_pairs(request);
    find_route(request, gl_str_of(url), method);
    look_at_peer(request);
    ask_admit(request);
    int64_t length = content_length(request);
    if (length > request->body_limit)
        refuse(request, 413, "body-too-large", "the body is larger than allowed");
    else if (length > 0 && over_pending(http, length))
        refuse_pending(request);
    bool waits = gl_http_header(request, MHD_HTTP_HEADER_EXPECT).ptr != NULL;
    if (request->refused_status == 0 || (length <= http->body_limit && !waits))
        return MHD_YES;
    dispatch(request, url);
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the server owns it until on_completed
    return settle(request);
}

static enum MHD_Result receive(gl_http_request *request, const char *data, size_t size)
{
    gl_http *http = request->http;
    if (gl_mono_us() - request->started_us > http->slow_body_us)
        return MHD_NO;
    int64_t more = (int64_t)size;
    if (request->refused_status == 0 && request->charged + more > request->body_limit)
        refuse(request, 413, "body-too-large", "the body is larger than allowed");
    else if (request->refused_status == 0 && over_pending(http, more))
        refuse_pending(request);
    else if (request->refused_status == 0)
        ask_part(request, more);
    if (request->refused_status != 0) {
        /* Read on for the sake of the answer, but not for ever. */
        request->thrown_away += more;
        return request->thrown_away <= http->body_limit ? MHD_YES : MHD_NO;
    }
    __atomic_add_fetch(&http->pending_bytes, more, __ATOMIC_RELAXED);
    request->charged += more;
    gl_buf_bytes(&request->body, data, size);
    return MHD_YES;
}

/* -- Answering on the server's thread ----------------------------------------------------------------------------- */

static void answer_refusal(gl_http_request *request, const char *url)
{
    char line[LINE_BYTES];
    const char *headers[] = {line, NULL};
    if (request->refused_status == 405)
        put_allowed(request, gl_str_of(url), line);
    else if (request->refused_status == 503 || request->retry_after_s > 0)
        snprintf(line, sizeof line, "Retry-After: %d", request->retry_after_s > 0 ? request->retry_after_s : 1);
    else if (request->refused_status == 401)
        snprintf(line, sizeof line, "WWW-Authenticate: Bearer");
    else
        headers[0] = NULL;
    gl_http_problem(request, request->refused_status, request->refused_code, request->refused_detail, headers);
}

/* The request is complete: hand it over, once. */
static void dispatch(gl_http_request *request, const char *url)
{
    gl_http *http = request->http;
    request->dispatched = true;
    request->complete_us = gl_mono_us();
    request->received_us = gl_wall_us();
    pthread_mutex_lock(&http->mutex);
    request->handler_owns = true;
    bool stopping = http->stopping;
    if (!stopping)
        hold(http, request);
    pthread_mutex_unlock(&http->mutex);
    if (stopping)
        gl_http_problem(request, 503, "stopping", "this instance is stopping; send it again",
                        (const char *const[]){"Retry-After: 1", "Connection: close", NULL});
    else if (request->refused_status != 0)
        answer_refusal(request, url);
    else
        request->route->handler(request->route->context, request);
}

static void count_answer(const gl_http_request *request, int status)
{
    gl_metrics *metrics = request->http->metrics;
    if (metrics == NULL)
        return;
    const char *route = request->route == NULL ? "none" : request->route->path;
    char text[16];
    snprintf(text, sizeof text, "%d", status);
    gl_series_add(gl_metrics_series(metrics, &gl_http_metrics[0], (const char *const[4]){route, text}), 1);
    gl_series_observe(gl_metrics_series(metrics, &gl_http_metrics[1], (const char *const[4]){route}),
                      (double)(gl_mono_us() - request->complete_us) / 1e6);
}

/* Sends the answer, or suspends the connection until there is one. Suspending under the mutex leaves no moment between
 * the look for an answer and the sleep. */
static enum MHD_Result settle(gl_http_request *request)
{
    gl_http *http = request->http;
    pthread_mutex_lock(&http->mutex);
    struct MHD_Response *answer = request->answer;
    int status = request->status;
    if (answer == NULL) {
        request->suspended = true;
        MHD_suspend_connection(request->connection);
    }
    pthread_mutex_unlock(&http->mutex);
    if (answer == NULL)
        return MHD_YES;
    count_answer(request, status);
    return MHD_queue_response(request->connection, (unsigned)status, answer);
}

/* Thread: server. `size` 0: the first call, or the request is complete. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **slot)
{
    (void)version;
    gl_http_request *request = *slot;
    if (request == NULL) {
        request = request_new(context, connection);
        *slot = request;
        return begin(request, url, method);
    }
    if (*size > 0) {
        size_t taken = *size;
        *size = 0;
        return request->dispatched ? MHD_YES : receive(request, data, taken);
    }
    if (!request->dispatched)
        dispatch(request, url);
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the server owns it until on_completed
    return settle(request);
}

/* The server has sent the answer, or lost the client. Thread: server. */
static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how)
{
    (void)connection;
    (void)how;
    gl_http *http = context;
    gl_http_request *request = *slot;
    *slot = NULL;
    if (request == NULL)
        return;
    pthread_mutex_lock(&http->mutex);
    struct MHD_Response *answer = request->answer;
    if (answer != NULL && --http->unsent == 0)
        pthread_cond_broadcast(&http->answered_sent);
    request->answer = NULL;
    request->server_owns = false;
    if (request->stream != NULL)
        pthread_cond_broadcast(&request->stream->moved);
    let_go(http, request);
    bool last = !request->handler_owns;
    pthread_mutex_unlock(&http->mutex);
    if (answer != NULL)
        MHD_destroy_response(answer);
    if (last)
        request_free(request);
}

/* -- Start and stop ----------------------------------------------------------------------------------------------- */

/* Paths and queries stay encoded: "%2F" is no slash, and what is wrong is refused and not passed on. */
static size_t keep_encoded(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static void on_log(void *context, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void on_log(void *context, const char *format, va_list args)
{
    (void)context;
    char text[256];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    gl_log(GL_LOG_DEBUG, "http-server", "%s", text);
}

/* "address:port" into host and port, both NUL-terminated. */
static bool split_listen(const char *listen, char host[256], char port[8], gl_err *err)
{
    const char *colon = strrchr(listen, ':');
    size_t host_len = colon == NULL ? 0 : (size_t)(colon - listen);
    bool brackets = host_len >= 2 && listen[0] == '[' && listen[host_len - 1] == ']';
    uint64_t number = 0;
    if (colon == NULL || !gl_str_to_u64(gl_str_of(colon + 1), 65535, &number) || host_len >= 256) {
        gl_fail(err, GL_FATAL, "http-listen", "\"%s\" is not address:port", listen);
        return false;
    }
    snprintf(host, 256, "%.*s", (int)(brackets ? host_len - 2 : host_len), brackets ? listen + 1 : listen);
    snprintf(port, 8, "%u", (unsigned)number);
    return true;
}

static int bind_address(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int problem = errno;
    close(fd);
    errno = problem;
    return -1;
}

static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    memset(&address, 0, sizeof address);
    socklen_t len = sizeof address;
    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static bool open_socket(const char *listen, int *fd, bool *ipv6, gl_err *err)
{
    char host[256], port[8];
    if (!split_listen(listen, host, port, err))
        return false;
    bool any = host[0] == '\0' || strcmp(host, "*") == 0;
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE, .ai_family = any ? AF_INET : AF_UNSPEC};
    struct addrinfo *list = NULL;
    int problem = getaddrinfo(any ? NULL : host, port, &hints, &list);
    if (problem != 0)
        return gl_fail(err, GL_FATAL, "http-listen", "%s: %s", listen, gai_strerror(problem));
    *fd = -1;
    for (const struct addrinfo *a = list; a != NULL && *fd < 0; a = a->ai_next) {
        *fd = bind_address(a);
        *ipv6 = a->ai_family == AF_INET6;
    }
    problem = errno;
    freeaddrinfo(list);
    return *fd >= 0 || gl_fail(err, GL_FATAL, "http-listen", "%s: %s", listen, strerror(problem));
}

static unsigned whole_seconds(int64_t ms)
{
    int64_t seconds = (ms + 999) / 1000;
    return seconds < 1 ? 1 : seconds > INT_MAX ? INT_MAX : (unsigned)seconds;
}

static bool wants_tls(const gl_http_conf *conf)
{
    return conf->tls_certificate != NULL && conf->tls_certificate[0] != '\0';
}

static gl_http_tls *read_tls(const gl_http_conf *conf, gl_err *err)
{
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        gl_fail(err, GL_FATAL, "http-tls", "this libmicrohttpd was built without TLS");
        return NULL;
    }
    if (conf->tls_key == NULL || conf->tls_key[0] == '\0') {
        gl_fail(err, GL_FATAL, "http-tls", "tls_certificate needs tls_key");
        return NULL;
    }
    return gl_http_tls_new(conf->tls_certificate, conf->tls_key, conf->tls_ca, err);
}

bool gl_http_check(const gl_http_conf *conf, gl_err *err)
{
    if (!wants_tls(conf))
        return (conf->tls_ca == NULL || conf->tls_ca[0] == '\0') ||
               gl_fail(err, GL_FATAL, "http-tls", "tls_ca needs tls_certificate and tls_key");
    gl_http_tls *tls = read_tls(conf, err);
    gl_http_tls_release(tls);
    return tls != NULL;
}

bool gl_http_renew(gl_http *http, const gl_http_conf *conf, gl_err *err)
{
    if ((http->tls != NULL) != wants_tls(conf))
        return gl_fail(err, GL_FATAL, "http-tls", "tls_certificate: TLS is switched on or off by a restart only");
    if (http->tls == NULL)
        return true;
    gl_http_tls *fresh = read_tls(conf, err);
    if (fresh == NULL)
        return false;
    pthread_mutex_lock(&http->mutex);
    gl_http_tls *old = http->tls;
    http->tls = fresh;
    pthread_mutex_unlock(&http->mutex);
    gl_http_tls_release(old);
    return true;
}

static bool start_daemon(gl_http *http, const gl_http_conf *conf, int fd, bool ipv6)
{
    int64_t threads = conf->threads < 1 ? 1 : conf->threads > 64 ? 64 : conf->threads;
    int64_t connections = conf->connection_limit < threads ? threads : conf->connection_limit;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)(connections > INT_MAX ? INT_MAX : connections), NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)whole_seconds(conf->idle_timeout_ms), NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, GL_HTTP_HEADER_LIMIT_BYTES, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, http},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_encoded, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, http},
        /* One thread needs no pool. */
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (ipv6)
        flags |= MHD_USE_IPv6;
    if (http->tls != NULL) {
        flags |= MHD_USE_TLS;
        tls[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0,
                                         (void *)(uintptr_t)gl_http_tls_certificate(http->tls)};
        tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)gl_http_tls_key(http->tls)};
        tls[2] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES};
    }
    http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
                                    MHD_OPTION_ARRAY, options, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return http->daemon != NULL;
}

static gl_http *http_new(const gl_http_conf *conf, const gl_http_route *routes, size_t route_count, gl_metrics *metrics)
{
    gl_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        abort();
    http->routes = routes;
    http->route_count = route_count;
    http->metrics = metrics;
    http->body_limit = conf->body_limit_bytes;
    http->pending_limit = conf->pending_limit_bytes;
    http->admit = conf->admit;
    http->part = conf->part;
    http->admit_context = conf->admit_context;
    http->forget = conf->forget;
    http->slow_body_us = (int64_t)whole_seconds(conf->idle_timeout_ms) * GL_HTTP_SLOW_BODY_TIMEOUTS * 1000000;
    http->owners = 1;
    init_monotonic(&http->answered_sent);
    pthread_mutex_init(&http->mutex, NULL);
    return http;
}

gl_http *gl_http_start(const gl_http_conf *conf, const gl_http_route *routes, size_t route_count, gl_metrics *metrics,
                       gl_err *err)
{
    int fd = -1;
    bool ipv6 = false;
    gl_http_tls *tls = wants_tls(conf) ? read_tls(conf, err) : NULL;
    if ((wants_tls(conf) && tls == NULL) || !open_socket(conf->listen, &fd, &ipv6, err)) {
        gl_http_tls_release(tls);
        return NULL;
    }
    gl_http *http = http_new(conf, routes, route_count, metrics);
    http->tls = tls;
    http->port = port_of(fd);
    if (start_daemon(http, conf, fd, ipv6))
        return http;
    gl_fail(err, GL_FATAL, "http-listen", "%s: the HTTP server does not start", conf->listen);
    close(fd);
    http_release(http);
    return NULL;
}

/* Answers what is held with 503, and ends streams. Locks: mutex. */
static void answer_held(gl_http *http)
{
    while (http->held != NULL) {
        if (http->held->stream != NULL) {
            stop_stream(http, http->held);
            continue;
        }
        struct MHD_Response *answer = stopping_answer();
        if (!attach_answer(http, http->held, 503, answer))
            MHD_destroy_response(answer);
    }
}

static void wait_until_sent(gl_http *http)
{
    struct timespec until = after_ms(STOP_WAIT_SECONDS * 1000);
    int waited = 0;
    while (http->unsent > 0 && waited == 0)
        waited = pthread_cond_timedwait(&http->answered_sent, &http->mutex, &until);
}

void gl_http_stop(gl_http *http)
{
    if (http == NULL)
        return;
    int fd = MHD_quiesce_daemon(http->daemon);
    pthread_mutex_lock(&http->mutex);
    http->stopping = true;
    answer_held(http);
    wait_until_sent(http);
    pthread_mutex_unlock(&http->mutex);
    MHD_stop_daemon(http->daemon);
    if (fd >= 0)
        close(fd);
    http_release(http);
}

int gl_http_port(const gl_http *http)
{
    return http->port;
}

/* -- Reading ------------------------------------------------------------------------------------------------------ */

gl_str gl_http_body(const gl_http_request *request)
{
    return gl_buf_view(&request->body);
}

gl_str gl_http_tail(const gl_http_request *request)
{
    return request->tail;
}

static bool is_named(const pair *p, const char *name)
{
    return p->name.len == strlen(name) && strncasecmp(p->name.ptr, name, p->name.len) == 0;
}

gl_str gl_http_header(const gl_http_request *request, const char *name)
{
    for (const pair *p = request->headers; p != NULL; p = p->next)
        if (is_named(p, name))
            return p->value;
    return (gl_str){NULL, 0};
}

gl_str gl_http_header_list(gl_http_request *request, const char *name)
{
    gl_buf list = gl_buf_in(request->arena);
    for (const pair *p = request->headers; p != NULL; p = p->next) {
        if (!is_named(p, name))
            continue;
        gl_buf_text(&list, list.len > 0 ? ", " : "");
        gl_buf_str(&list, p->value);
    }
    return gl_buf_view(&list);
}

gl_str gl_http_query(const gl_http_request *request, const char *name)
{
    for (const pair *p = request->query; p != NULL; p = p->next)
        if (gl_str_eqz(p->name, name))
            return p->value;
    return (gl_str){NULL, 0};
}

gl_str gl_http_peer(const gl_http_request *request, const char **why)
{
    *why = request->peer_why;
    return request->peer;
}

int64_t gl_http_announced(const gl_http_request *request)
{
    int64_t length = content_length(request);
    return length > 0 ? length : 0;
}

void gl_http_limit_body(gl_http_request *request, int64_t bytes)
{
    if (bytes < request->body_limit)
        request->body_limit = bytes;
}

void gl_http_set_principal(gl_http_request *request, void *principal)
{
    request->principal = principal;
}

void *gl_http_principal(const gl_http_request *request)
{
    return request->principal;
}

int64_t gl_http_received_us(const gl_http_request *request)
{
    return request->received_us;
}
