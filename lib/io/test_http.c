/* gl_http over real sockets: routing, limits, answers given later from other threads, clients that go away, stopping.
 * Has its own main(), so that ThreadSanitizer can run it. With the argument "bench" it measures instead. */
#include "io/http.h"

#include "base/log.h"
#include "base/test_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* -- A client ----------------------------------------------------------------------------------------------------- */

typedef struct reply {
    int status;  /* 0: the connection was closed or nothing came in time */
    gl_buf head; /* NUL-terminated */
    gl_buf body; /* NUL-terminated, which len does not count */
} reply;

static void reply_free(reply *r)
{
    gl_buf_free(&r->head);
    gl_buf_free(&r->body);
    *r = (reply){0};
}

static int dial(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool say(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = send(fd, data, size, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        data += done;
        size -= (size_t)done;
    }
    return true;
}

static bool say_text(int fd, const char *text)
{
    return say(fd, text, strlen(text));
}

static bool readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) == 1;
}

/* A byte at a time up to the empty line: simple, and never takes from the next reply. */
static bool read_head(int fd, gl_buf *head)
{
    while (head->len < 65536) {
        char c;
        if (!readable(fd, 20000) || recv(fd, &c, 1, 0) != 1)
            return false;
        gl_buf_byte(head, (uint8_t)c);
        if (head->len >= 4 && memcmp(head->data + head->len - 4, "\r\n\r\n", 4) == 0) {
            gl_buf_byte(head, 0);
            return true;
        }
    }
    return false;
}

static reply hear(int fd, bool head_only)
{
    reply r = {0};
    if (!read_head(fd, &r.head))
        return r;
    const char *length = strcasestr((char *)r.head.data, "\r\ncontent-length:");
    size_t left = length == NULL || head_only ? 0 : (size_t)strtoul(length + 17, NULL, 10);
    gl_buf_reserve(&r.body, left + 1);
    while (left > 0 && readable(fd, 20000)) {
        ssize_t got = recv(fd, r.body.data + r.body.len, left, 0);
        if (got <= 0)
            return r;
        r.body.len += (size_t)got;
        left -= (size_t)got;
    }
    r.body.data[r.body.len] = 0;
    r.status = (int)strtol((char *)r.head.data + 9, NULL, 10);
    return r;
}

static bool has(const gl_buf *buf, const char *text)
{
    return buf->len > 0 && strcasestr((char *)buf->data, text) != NULL;
}

/* One request on its own connection; is the answer's status `status`, and does it hold `text`? */
static bool ask(int port, const char *request, int status, const char *text)
{
    int fd = dial(port);
    bool sent = fd >= 0 && say_text(fd, request);
    reply r = hear(fd, strncmp(request, "HEAD", 4) == 0);
    bool ok = sent && r.status == status && (has(&r.head, text) || has(&r.body, text));
    if (!ok)
        fprintf(stderr, "%s-> %d %s %s\n", request, r.status, r.head.len > 0 ? (char *)r.head.data : "",
                r.body.len > 0 ? (char *)r.body.data : "");
    reply_free(&r);
    close(fd);
    return ok;
}

/* -- Handlers ----------------------------------------------------------------------------------------------------- */

static void hello(void *context, gl_http_request *request)
{
    (void)context;
    gl_http_respond(request, 200, "text/plain", GL_STR("hello"), NULL);
}

/* Says what it got. */
static void echo(void *context, gl_http_request *request)
{
    (void)context;
    gl_buf text = {0};
    gl_buf_printf(&text, "tail=<%.*s> q=<%.*s> x=<%.*s> body=<%.*s>", GL_STR_ARG(gl_http_tail(request)),
                  GL_STR_ARG(gl_http_query(request, "q")), GL_STR_ARG(gl_http_header(request, "x-TEST")),
                  GL_STR_ARG(gl_http_body(request)));
    static const char *const headers[] = {"X-One: 1", "X-Two:  two words", NULL};
    gl_http_respond(request, 200, "text/plain", gl_buf_view(&text), headers);
    gl_buf_free(&text);
}

/* Keeps requests until somebody answers them. */
typedef struct shelf {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    gl_http_request *requests[1024];
    size_t count;
    bool closed;
} shelf;

static void keep_request(void *context, gl_http_request *request)
{
    shelf *s = context;
    pthread_mutex_lock(&s->mutex);
    s->requests[s->count++] = request;
    pthread_cond_signal(&s->filled);
    pthread_mutex_unlock(&s->mutex);
}

static size_t shelf_count(shelf *s)
{
    pthread_mutex_lock(&s->mutex);
    size_t count = s->count;
    pthread_mutex_unlock(&s->mutex);
    return count;
}

static gl_http_request *take_request(shelf *s)
{
    pthread_mutex_lock(&s->mutex);
    while (s->count == 0 && !s->closed)
        pthread_cond_wait(&s->filled, &s->mutex);
    gl_http_request *request = s->count == 0 ? NULL : s->requests[--s->count];
    pthread_mutex_unlock(&s->mutex);
    return request;
}

static void *answer_thread(void *context)
{
    for (gl_http_request *request = take_request(context); request != NULL; request = take_request(context)) {
        gl_buf body = {0};
        gl_buf_str(&body, gl_http_body(request));
        gl_http_respond(request, 202, "text/plain", gl_buf_view(&body), NULL);
        gl_buf_free(&body);
    }
    return NULL;
}

static void shelf_close(shelf *s)
{
    pthread_mutex_lock(&s->mutex);
    s->closed = true;
    pthread_cond_broadcast(&s->filled);
    pthread_mutex_unlock(&s->mutex);
}

/* Streams that tests write to. */
static shelf streams = {.mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};
static shelf held = {.mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static const gl_http_route ROUTES[] = {
    {"GET", "/hello", hello, NULL},         {"GET", "/v1/things/{}", echo, NULL},
    {"POST", "/v1/things", echo, NULL},     {"GET", "/v1/things/special", hello, NULL},
    {"POST", "/held", keep_request, &held}, {"GET", "/stream", keep_request, &streams},
};
enum { ROUTE_COUNT = sizeof ROUTES / sizeof ROUTES[0] };

static gl_http_conf conf_of(int threads)
{
    return (gl_http_conf){.listen = "127.0.0.1:0",
                          .body_limit_bytes = 100000,
                          .connection_limit = 500,
                          .idle_timeout_ms = 30000,
                          .threads = threads,
                          .pending_limit_bytes = 1000000};
}

static gl_http *start(const gl_http_conf *conf, gl_metrics *metrics)
{
    gl_err err = {0};
    gl_http *http = gl_http_start(conf, ROUTES, ROUTE_COUNT, metrics, &err);
    if (http == NULL) {
        fprintf(stderr, "%s: %s\n", err.code, err.message);
        exit(1);
    }
    return http;
}

/* -- Tests -------------------------------------------------------------------------------------------------------- */

static void test_routes(int port)
{
    CHECK(ask(port, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello"));
    CHECK(ask(port, "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n", 200, "content-length: 5"));
    CHECK(ask(port, "GET /v1/things/a%20%C3%A9%2Fb HTTP/1.1\r\nHost: h\r\n\r\n", 200, "tail=<a \xC3\xA9/b>"));
    CHECK(ask(port, "GET /v1/things/special HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello"));
    CHECK(ask(port, "GET /v1/things/x?a=1&q=one+two%2B&q=3 HTTP/1.1\r\nHost: h\r\nX-Test: yes\r\n\r\n", 200,
              "q=<one two+> x=<yes>"));
    CHECK(ask(port, "GET /v1/things/x?q HTTP/1.1\r\nHost: h\r\n\r\n", 200, "q=<> x=<>"));
    CHECK(ask(port, "GET /v1/things/x HTTP/1.1\r\nHost: h\r\n\r\n", 200, "X-Two: two words\r\n"));
    CHECK(ask(port, "GET /v1/things/ HTTP/1.1\r\nHost: h\r\n\r\n", 404, "\"code\":\"path-unknown\""));
    CHECK(ask(port, "GET /v1/things/a/b HTTP/1.1\r\nHost: h\r\n\r\n", 404, "application/problem+json"));
    CHECK(ask(port, "GET /%2e%2e/hello HTTP/1.1\r\nHost: h\r\n\r\n", 404, "\"status\":404"));
    CHECK(ask(port, "DELETE /hello HTTP/1.1\r\nHost: h\r\n\r\n", 405, "Allow: GET, HEAD\r\n"));
    CHECK(ask(port, "GET /v1/things HTTP/1.1\r\nHost: h\r\n\r\n", 405, "Allow: POST\r\n"));
    CHECK(ask(port, "POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 404, "path-unknown"));
    CHECK(ask(port, "GET /v1/things/%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "path-encoding"));
    CHECK(ask(port, "GET /v1/things/%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "path-encoding"));
    CHECK(ask(port, "GET /v1/things/%ff HTTP/1.1\r\nHost: h\r\n\r\n", 400, "path-encoding"));
    CHECK(ask(port, "GET /v1/things/x?q=%c3 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "query-encoding"));
}

static void test_bodies(int port)
{
    CHECK(ask(port, "POST /v1/things HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\na\nb c", 200, "body=<a\nb c>"));
    CHECK(ask(port, "POST /v1/things HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 200, "body=<>"));
    CHECK(
        ask(port,
            "POST /v1/things HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            200, "body=<abcde>"));
    CHECK(ask(port, "POST /v1/things HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n", 413, "body-too-large"));
    CHECK(ask(port, "POST /v1/things HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413, ""));
}

static bool send_chunks(int fd, size_t size, size_t count)
{
    char head[16];
    gl_buf chunk = {0};
    gl_buf_reserve(&chunk, size);
    memset(chunk.data, 'x', size);
    chunk.len = size;
    snprintf(head, sizeof head, "%zx\r\n", size);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = say_text(fd, head) && say(fd, (char *)chunk.data, size) && say_text(fd, "\r\n");
    gl_buf_free(&chunk);
    return ok;
}

static void test_chunked_limit(int port)
{
    /* A little too much: read to its end, and told. */
    int fd = dial(port);
    CHECK(say_text(fd, "POST /v1/things HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    CHECK(send_chunks(fd, 10000, 11) && say_text(fd, "0\r\n\r\n"));
    reply r = hear(fd, false);
    CHECK(r.status == 413 && has(&r.body, "body-too-large"));
    reply_free(&r);
    /* The connection is still good. */
    CHECK(say_text(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    r = hear(fd, false);
    CHECK(r.status == 200);
    reply_free(&r);
    close(fd);
    /* Without end: cut off. */
    fd = dial(port);
    CHECK(say_text(fd, "POST /v1/things HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    CHECK(!send_chunks(fd, 10000, 5000));
    close(fd);
}

static void test_expect(int port)
{
    int fd = dial(port);
    CHECK(say_text(fd, "POST /v1/things HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
    reply r = hear(fd, true);
    CHECK(r.status == 100);
    reply_free(&r);
    CHECK(say_text(fd, "abc"));
    r = hear(fd, false);
    CHECK(r.status == 200 && has(&r.body, "body=<abc>"));
    reply_free(&r);
    close(fd);
    CHECK(ask(port, "POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", 404, ""));
}

static void test_hostile(int port)
{
    gl_buf large = {0};
    gl_buf_text(&large, "GET /hello HTTP/1.1\r\nHost: h\r\nX: ");
    for (int i = 0; i < 80000; i++)
        gl_buf_byte(&large, 'x');
    gl_buf_text(&large, "\r\n\r\n");
    int fd = dial(port);
    /* The server may answer and close before it has read all: then the rest cannot be sent. */
    say(fd, (char *)large.data, large.len);
    reply r = hear(fd, false);
    CHECK(r.status == 431 || r.status == 413 || r.status == 0);
    reply_free(&r);
    gl_buf_free(&large);
    close(fd);
    fd = dial(port);
    static const char nonsense[] = "\x16\x03\x01\xff nonsense\r\n\r\n\r\n";
    say(fd, nonsense, sizeof nonsense - 1);
    r = hear(fd, false);
    CHECK(r.status == 0 || r.status >= 400);
    reply_free(&r);
    close(fd);
    gl_buf many = {0};
    gl_buf_text(&many, "GET /v1/things/x?");
    for (int i = 0; i < 200; i++)
        gl_buf_printf(&many, "a%d=1&", i);
    gl_buf_text(&many, " HTTP/1.1\r\nHost: h\r\n\r\n");
    gl_buf_byte(&many, 0);
    CHECK(ask(port, (char *)many.data, 400, "too-many-fields"));
    gl_buf_free(&many);
    CHECK(ask(port, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello"));
}

enum { CLIENTS = 100 };

static void test_held(int port)
{
    int fds[CLIENTS];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, answer_thread, &held);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            char text[128];
            if (round == 0)
                fds[i] = dial(port);
            snprintf(text, sizeof text, "POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nbody%04d", i);
            CHECK(say_text(fds[i], text));
        }
        for (int i = 0; i < CLIENTS; i++) {
            char text[16];
            snprintf(text, sizeof text, "body%04d", i);
            reply r = hear(fds[i], false);
            CHECK(r.status == 202 && has(&r.body, text));
            reply_free(&r);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    shelf_close(&held);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    held.closed = false;
}

static int post_held(int port, size_t size)
{
    gl_buf text = {0};
    gl_buf_printf(&text, "POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", size);
    for (size_t i = 0; i < size; i++)
        gl_buf_byte(&text, 'b');
    int fd = dial(port);
    CHECK(say(fd, (char *)text.data, text.len));
    gl_buf_free(&text);
    return fd;
}

static void answer_all(void)
{
    while (shelf_count(&held) > 0) {
        gl_http_request *request = take_request(&held);
        CHECK(gl_http_body(request).len > 0 && gl_http_received_us(request) > 0);
        gl_http_respond(request, 200, "text/plain", gl_http_body(request), NULL);
    }
}

static void test_client_goes_away(int port)
{
    for (int i = 0; i < 20; i++) {
        int fd = post_held(port, 10);
        struct linger reset = {1, 0};
        if (i % 2 == 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        CHECK_WITHIN(10, shelf_count(&held) == 1);
        close(fd);
        answer_all();
    }
    /* In the middle of its body, and of its headers. */
    int fd = dial(port);
    CHECK(say_text(fd, "POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"));
    close(fd);
    fd = dial(port);
    CHECK(say_text(fd, "POST /held HTTP/1.1\r\nHo"));
    close(fd);
    CHECK(ask(port, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello"));
    CHECK(shelf_count(&held) == 0);
}

static void test_pending_limit(int port)
{
    int fds[10];
    for (int i = 0; i < 10; i++)
        fds[i] = post_held(port, 95000);
    CHECK_WITHIN(10, shelf_count(&held) == 10);
    CHECK(ask(port, "POST /v1/things HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\nExpect: 100-continue\r\n\r\n", 503,
              "Retry-After: 1"));
    int fd = dial(port);
    CHECK(say_text(fd, "POST /v1/things HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    CHECK(send_chunks(fd, 10000, 6) && say_text(fd, "0\r\n\r\n"));
    reply r = hear(fd, false);
    CHECK(r.status == 503 && has(&r.body, "too-much-pending"));
    reply_free(&r);
    close(fd);
    /* Without a body nothing is pending. */
    CHECK(ask(port, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello"));
    answer_all();
    for (int i = 0; i < 10; i++) {
        r = hear(fds[i], false);
        CHECK(r.status == 200 && r.body.len == 95000);
        reply_free(&r);
        close(fds[i]);
    }
    fd = post_held(port, 60000);
    CHECK_WITHIN(10, shelf_count(&held) == 1);
    answer_all();
    r = hear(fd, false);
    CHECK(r.status == 200);
    reply_free(&r);
    close(fd);
}

static void test_stop(int threads)
{
    gl_http_conf conf = conf_of(threads);
    gl_http *http = start(&conf, NULL);
    int fds[5], idle = dial(gl_http_port(http)), partial = dial(gl_http_port(http));
    CHECK(say_text(partial, "POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"));
    for (int i = 0; i < 5; i++)
        fds[i] = post_held(gl_http_port(http), 10);
    CHECK_WITHIN(10, shelf_count(&held) == 5);
    int64_t from_us = gl_mono_us();
    gl_http_stop(http);
    CHECK(gl_mono_us() - from_us < 3000000);
    for (int i = 0; i < 5; i++) {
        reply r = hear(fds[i], false);
        CHECK(r.status == 503 && has(&r.head, "Retry-After: 1") && has(&r.body, "stopping"));
        reply_free(&r);
        close(fds[i]);
    }
    /* What the handler still holds stays readable, and takes its answer. */
    answer_all();
    close(idle);
    close(partial);
}

static bool is_closed(int fd, int timeout_ms)
{
    char c;
    return readable(fd, timeout_ms) && recv(fd, &c, 1, 0) <= 0;
}

static void test_idle_timeout(void)
{
    gl_http_conf conf = conf_of(1);
    conf.idle_timeout_ms = 1000;
    gl_http *http = start(&conf, NULL);
    int quiet = dial(gl_http_port(http)), half = dial(gl_http_port(http)), waiting = post_held(gl_http_port(http), 10);
    CHECK(say_text(half, "GET /hel"));
    CHECK_WITHIN(10, shelf_count(&held) == 1);
    CHECK(is_closed(quiet, 10000));
    CHECK(is_closed(half, 10000));
    /* Who waits for an answer is not idle. */
    answer_all();
    reply r = hear(waiting, false);
    CHECK(r.status == 200);
    reply_free(&r);
    close(quiet);
    close(half);
    close(waiting);
    gl_http_stop(http);
}

static void test_connection_limit(void)
{
    gl_http_conf conf = conf_of(1);
    conf.connection_limit = 4;
    gl_http *http = start(&conf, NULL);
    int port = gl_http_port(http), fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = post_held(port, 10);
        CHECK_WITHIN(10, shelf_count(&held) == (size_t)i + 1);
    }
    /* Refused, or left waiting: not served in any case. */
    int extra = post_held(port, 10);
    char c;
    CHECK(!readable(extra, 200) || recv(extra, &c, 1, 0) <= 0);
    CHECK(shelf_count(&held) == 4);
    close(extra);
    answer_all();
    for (int i = 0; i < 4; i++) {
        reply r = hear(fds[i], false);
        CHECK(r.status == 200);
        reply_free(&r);
        close(fds[i]);
    }
    CHECK_WITHIN(10, ask(port, "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200, "hello"));
    /* The left-over request may have been read by now. */
    answer_all();
    gl_http_stop(http);
    answer_all();
}

/* -- Streams ------------------------------------------------------------------------------------------------------ */

enum { STREAM_LIMIT_BYTES = 10000 };

static gl_http_request *begin_stream(int port, const char *protocol, int *fd)
{
    char text[100];
    snprintf(text, sizeof text, "GET /stream %s\r\nHost: h\r\n\r\n", protocol);
    *fd = dial(port);
    CHECK(say_text(*fd, text));
    gl_http_request *request = take_request(&streams);
    gl_http_stream_begin(request, "text/event-stream", (const char *const[]){"Cache-Control: no-store", NULL},
                         STREAM_LIMIT_BYTES);
    return request;
}

static bool hears(int fd, const char *text)
{
    size_t len = strlen(text), got = 0;
    char found[200];
    while (got < len && readable(fd, 20000)) {
        ssize_t more = recv(fd, found + got, len - got, 0);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    return got == len && memcmp(found, text, len) == 0;
}

/* Each part is there before the next is written, over one connection that serves another request afterwards. */
static void test_stream(int port)
{
    int fd;
    gl_http_request *request = begin_stream(port, "HTTP/1.1", &fd);
    reply r = hear(fd, true);
    CHECK(r.status == 200 && has(&r.head, "Content-Type: text/event-stream\r\n") &&
          has(&r.head, "Cache-Control: no-store\r\n") && has(&r.head, "Transfer-Encoding: chunked\r\n"));
    reply_free(&r);
    CHECK(!readable(fd, 20)); /* nothing was written yet */
    for (int i = 0; i < 3; i++) {
        CHECK(gl_http_stream_write(request, GL_STR("part")) == GL_HTTP_TAKEN);
        CHECK(hears(fd, "4\r\npart\r\n"));
    }
    CHECK(gl_http_stream_wait(request, 1000) == GL_HTTP_TAKEN); /* nothing waits */
    CHECK(gl_http_stream_write(request, GL_STR("last")) == GL_HTTP_TAKEN);
    gl_http_stream_end(request);
    CHECK(hears(fd, "4\r\nlast\r\n0\r\n\r\n"));
    CHECK(say_text(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    r = hear(fd, false);
    CHECK(r.status == 200 && has(&r.body, "hello"));
    reply_free(&r);
    close(fd);
}

/* Without chunks the body ends with the connection. HEAD is no stream. */
static void test_stream_to_others(int port)
{
    int fd;
    gl_http_request *request = begin_stream(port, "HTTP/1.0", &fd);
    CHECK(gl_http_stream_write(request, GL_STR("part")) == GL_HTTP_TAKEN);
    gl_http_stream_end(request);
    reply r = hear(fd, true);
    CHECK(r.status == 200 && hears(fd, "part") && is_closed(fd, 10000));
    reply_free(&r);
    close(fd);
    fd = dial(port);
    CHECK(say_text(fd, "HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    request = take_request(&streams);
    gl_http_stream_begin(request, "text/event-stream", NULL, STREAM_LIMIT_BYTES);
    CHECK_WITHIN(10, gl_http_stream_write(request, GL_STR("part")) == GL_HTTP_GONE);
    gl_http_stream_end(request);
    r = hear(fd, true);
    CHECK(r.status == 200 && has(&r.head, "Content-Type: text/event-stream\r\n"));
    reply_free(&r);
    CHECK(say_text(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    r = hear(fd, false);
    CHECK(r.status == 200 && has(&r.body, "hello"));
    reply_free(&r);
    close(fd);
}

/* A number on each line, as long as the client takes none: how many were taken. */
static size_t write_until_full(gl_http_request *request)
{
    char line[1001];
    for (size_t count = 0;; count++) {
        snprintf(line, sizeof line, "%0999zu\n", count);
        gl_http_taken taken;
        while ((taken = gl_http_stream_write(request, (gl_str){line, 1000})) == GL_HTTP_FULL)
            if (gl_http_stream_wait(request, 100) != GL_HTTP_TAKEN)
                return count;
        if (!CHECK(taken == GL_HTTP_TAKEN))
            return count;
    }
}

/* Who reads slowly holds up itself only, and gets all of it, in order. */
static void test_slow_reader(int port)
{
    int fd;
    gl_http_request *request = begin_stream(port, "HTTP/1.0", &fd);
    reply r = hear(fd, true);
    reply_free(&r);
    size_t count = write_until_full(request);
    CHECK(count > STREAM_LIMIT_BYTES / 1000);
    CHECK(ask(port, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello"));
    CHECK(gl_http_stream_write(request, (gl_str){(char[1000]){0}, 1000}) == GL_HTTP_FULL);
    char line[1001], wanted[1001];
    for (size_t i = 0; i < count; i++) {
        size_t got = 0;
        while (got < 1000 && readable(fd, 20000)) {
            ssize_t more = recv(fd, line + got, 1000 - got, 0);
            if (more <= 0)
                break;
            got += (size_t)more;
        }
        snprintf(wanted, sizeof wanted, "%0999zu\n", i);
        if (!CHECK(got == 1000 && memcmp(line, wanted, 1000) == 0))
            break;
    }
    CHECK(gl_http_stream_write(request, GL_STR("end")) == GL_HTTP_TAKEN);
    gl_http_stream_end(request);
    CHECK(hears(fd, "end") && is_closed(fd, 10000));
    close(fd);
}

static void test_stream_client_goes_away(int port)
{
    for (int i = 0; i < 20; i++) {
        int fd;
        gl_http_request *request = begin_stream(port, "HTTP/1.1", &fd);
        struct linger reset = {1, 0};
        if (i % 2 == 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
        CHECK_WITHIN(10, gl_http_stream_write(request, GL_STR("part")) == GL_HTTP_GONE);
        CHECK(gl_http_stream_wait(request, 20000) == GL_HTTP_GONE);
        gl_http_stream_end(request);
    }
}

/* One that waits, one whose client is slow, and one that began when the server had stopped. */
static void test_stop_with_streams(int threads)
{
    gl_http_conf conf = conf_of(threads);
    gl_http *http = start(&conf, NULL);
    int fd, slow, late = dial(gl_http_port(http));
    gl_http_request *request = begin_stream(gl_http_port(http), "HTTP/1.1", &fd),
                    *full = begin_stream(gl_http_port(http), "HTTP/1.1", &slow);
    write_until_full(full);
    CHECK(say_text(late, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    gl_http_request *unanswered = take_request(&streams);
    reply r = hear(fd, true);
    reply_free(&r);
    CHECK(gl_http_stream_write(request, GL_STR("part")) == GL_HTTP_TAKEN && hears(fd, "4\r\npart\r\n"));
    int64_t from_us = gl_mono_us();
    gl_http_stop(http);
    CHECK(gl_mono_us() - from_us < 6000000);
    CHECK(hears(fd, "0\r\n\r\n") && is_closed(fd, 10000));
    gl_http_stream_begin(unanswered, "text/event-stream", NULL, STREAM_LIMIT_BYTES);
    gl_http_request *const all[] = {request, full, unanswered};
    for (size_t i = 0; i < 3; i++) {
        CHECK(gl_http_stream_write(all[i], GL_STR("part")) == GL_HTTP_GONE);
        gl_http_stream_end(all[i]);
    }
    r = hear(late, false);
    CHECK(r.status == 503 && has(&r.body, "stopping"));
    reply_free(&r);
    close(fd);
    close(slow);
    close(late);
}

/* A client that takes nothing is closed after a while, one that has nothing to take is not. */
static void test_stream_timeout(void)
{
    gl_http_conf conf = conf_of(1);
    conf.idle_timeout_ms = 1000;
    gl_http *http = start(&conf, NULL);
    int quiet, slow;
    gl_http_request *waiting = begin_stream(gl_http_port(http), "HTTP/1.1", &quiet),
                    *full = begin_stream(gl_http_port(http), "HTTP/1.1", &slow);
    write_until_full(full);
    CHECK_WITHIN(20, gl_http_stream_wait(full, 100) == GL_HTTP_GONE);
    gl_http_stream_end(full);
    CHECK(gl_http_stream_write(waiting, GL_STR("part")) == GL_HTTP_TAKEN);
    reply r = hear(quiet, true);
    CHECK(r.status == 200 && hears(quiet, "4\r\npart\r\n"));
    reply_free(&r);
    gl_http_stream_end(waiting);
    close(quiet);
    close(slow);
    gl_http_stop(http);
}

static void test_listen_errors(void)
{
    static const char *const wrong[] = {"nonsense", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "256.0.0.1:1"};
    gl_http_conf conf = conf_of(1);
    gl_http *http = start(&conf, NULL);
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%d", gl_http_port(http));
    for (size_t i = 0; i <= sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        conf.listen = i < sizeof wrong / sizeof wrong[0] ? wrong[i] : taken;
        CHECK(gl_http_start(&conf, ROUTES, ROUTE_COUNT, NULL, &err) == NULL);
        CHECK(err.code != NULL && strcmp(err.code, "http-listen") == 0 && err.action == GL_FATAL);
    }
    gl_http_stop(http);
    conf.listen = "*:0";
    http = start(&conf, NULL);
    CHECK(ask(gl_http_port(http), "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello"));
    gl_http_stop(http);
}

static void check_metrics(gl_metrics *metrics)
{
    gl_buf text = {0};
    gl_metrics_render(metrics, &text);
    gl_buf_byte(&text, 0);
    CHECK(has(&text, "gl_http_requests_total{route=\"/v1/things/{}\",status=\"200\"} 4\n"));
    CHECK(has(&text, "gl_http_requests_total{route=\"none\",status=\"404\"}"));
    CHECK(has(&text, "gl_http_requests_total{route=\"/held\",status=\"202\"} 500\n"));
    CHECK(has(&text, "gl_http_seconds_count{route=\"/held\"}"));
    CHECK(!has(&text, "nowhere") && !has(&text, "a%20"));
    gl_buf_free(&text);
}

static void run_all(int threads)
{
    gl_metrics *metrics = gl_metrics_new();
    gl_http_conf conf = conf_of(threads);
    gl_http *http = start(&conf, metrics);
    int port = gl_http_port(http);
    CHECK(port > 0);
    test_routes(port);
    test_bodies(port);
    test_chunked_limit(port);
    test_expect(port);
    test_hostile(port);
    test_held(port);
    check_metrics(metrics);
    test_client_goes_away(port);
    test_pending_limit(port);
    test_stream(port);
    test_stream_to_others(port);
    test_slow_reader(port);
    test_stream_client_goes_away(port);
    gl_http_stop(http);
    gl_metrics_destroy(metrics);
    test_stop(threads);
    test_stop_with_streams(threads);
}

/* -- Bench -------------------------------------------------------------------------------------------------------- */

typedef struct load {
    int port, connections, rounds;
    const char *request;
} load;

static void *load_thread(void *context)
{
    const load *l = context;
    int fds[64];
    char answer[4096];
    for (int i = 0; i < l->connections; i++)
        fds[i] = dial(l->port);
    for (int round = 0; round < l->rounds; round++) {
        for (int i = 0; i < l->connections; i++)
            CHECK(say_text(fds[i], l->request));
        for (int i = 0; i < l->connections; i++)
            CHECK(recv(fds[i], answer, sizeof answer, 0) > 0);
    }
    for (int i = 0; i < l->connections; i++)
        close(fds[i]);
    return NULL;
}

static void bench(const char *name, const char *request, int threads)
{
    gl_metrics *metrics = gl_metrics_new();
    gl_http_conf conf = conf_of(threads);
    gl_http *http = start(&conf, metrics);
    load l = {gl_http_port(http), 16, 5000, request};
    pthread_t clients[2], answerer;
    pthread_create(&answerer, NULL, answer_thread, &held);
    int64_t from_us = gl_mono_us();
    for (int i = 0; i < 2; i++)
        pthread_create(&clients[i], NULL, load_thread, &l);
    for (int i = 0; i < 2; i++)
        pthread_join(clients[i], NULL);
    double seconds = (double)(gl_mono_us() - from_us) / 1e6;
    printf("%s, %d server thread(s): %.0f requests/s over 32 connections\n", name, threads,
           2.0 * l.connections * l.rounds / seconds);
    shelf_close(&held);
    pthread_join(answerer, NULL);
    held.closed = false;
    gl_http_stop(http);
    gl_metrics_destroy(metrics);
}

static void bench_all(void)
{
    static char post[2048];
    int head = snprintf(post, sizeof post, "POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    memset(post + head, 'x', 1000);
    for (int threads = 1; threads <= 2; threads++) {
        bench("GET, answered at once", "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", threads);
        bench("POST of 1,000 bytes, answered by another thread", post, threads);
    }
}

int main(int argc, char **argv)
{
    gl_log_init("test", GL_LOG_WARN);
    if (argc > 1 && strcmp(argv[1], "bench") == 0) {
        bench_all();
        return check_result();
    }
    run_all(1);
    run_all(3);
    test_idle_timeout();
    test_stream_timeout();
    test_connection_limit();
    test_listen_errors();
    gl_http_stop(NULL);
    return check_result();
}
