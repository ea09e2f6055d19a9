/* The courier against a server of our own: what it sends, which answers count as taken, what it does not follow, wait
 * for or read, and where it does not go. Has its own main(), so that ThreadSanitizer can run it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/test_check.h"
#include "ingest/push/courier.h"
#include "io/http.h"

#define SECRET "0123456789abcdef"
static const char BODY[] = "[{\"id\":\"1\"}]\n";

/* -- The server --------------------------------------------------------------------------------------------------- */

typedef struct seen {
    pthread_mutex_t mutex;
    int count;
    char signature[200], delivery[100], type[100], body[100];
    gl_http_request *held;
} seen;

static seen last = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void keep(char *text, size_t size, gl_str value)
{
    snprintf(text, size, "%.*s", GL_STR_ARG(value));
}

static void note(gl_http_request *request)
{
    pthread_mutex_lock(&last.mutex);
    last.count++;
    keep(last.signature, sizeof last.signature, gl_http_header(request, "Greenlane-Signature"));
    keep(last.delivery, sizeof last.delivery, gl_http_header(request, "Greenlane-Delivery"));
    keep(last.type, sizeof last.type, gl_http_header(request, "Content-Type"));
    keep(last.body, sizeof last.body, gl_http_body(request));
    pthread_mutex_unlock(&last.mutex);
}

static int seen_count(void)
{
    pthread_mutex_lock(&last.mutex);
    int count = last.count;
    pthread_mutex_unlock(&last.mutex);
    return count;
}

static void take(void *context, gl_http_request *request)
{
    (void)context;
    note(request);
    gl_http_respond(request, 204, NULL, GL_STR(""), NULL);
}

static void fail(void *context, gl_http_request *request)
{
    (void)context;
    note(request);
    gl_http_respond(request, 500, "text/plain", GL_STR("broken"), NULL);
}

static void send_on(void *context, gl_http_request *request)
{
    (void)context;
    note(request);
    gl_http_respond(request, 307, "text/plain", GL_STR(""), (const char *const[]){"Location: /take", NULL});
}

static void say_much(void *context, gl_http_request *request)
{
    static char much[1 << 20];
    (void)context;
    note(request);
    gl_http_respond(request, 200, "text/plain", (gl_str){much, sizeof much}, NULL);
}

static void hold(void *context, gl_http_request *request)
{
    (void)context;
    note(request);
    pthread_mutex_lock(&last.mutex);
    last.held = request;
    pthread_mutex_unlock(&last.mutex);
}

static void let_go(void)
{
    pthread_mutex_lock(&last.mutex);
    gl_http_request *request = last.held;
    last.held = NULL;
    pthread_mutex_unlock(&last.mutex);
    if (CHECK(request != NULL))
        gl_http_respond(request, 200, NULL, GL_STR(""), NULL);
}

static const gl_http_route ROUTES[] = {{"POST", "/take", take, NULL},
                                       {"POST", "/fail", fail, NULL},
                                       {"POST", "/moved", send_on, NULL},
                                       {"POST", "/much", say_much, NULL},
                                       {"POST", "/hold", hold, NULL}};

/* -- Calls -------------------------------------------------------------------------------------------------------- */

static bool stop; /* atomic */

/* The code of its error, or "taken". */
static const char *bring(int port, const char *path, bool to_private)
{
    char url[100];
    gl_push_conf conf = {.webhook_timeout_ms = 400, .webhook_ca = "", .webhook_private = to_private};
    gl_account account = {.name = "hub-1", .webhook_url = url, .webhook_secret = SECRET};
    gl_err err = {0};
    snprintf(url, sizeof url, "http://localhost:%d%s", port, path);
    gl_courier *courier = gl_courier_new(&conf, &account, &stop);
    bool taken = gl_courier_bring(courier, "d-1", gl_str_of(BODY), &err);
    gl_courier_destroy(courier);
    if (taken)
        return "taken";
    CHECK(err.action == GL_RETRY && strstr(err.message, "hub-1") != NULL && strstr(err.message, SECRET) == NULL);
    return err.code;
}

static bool is(const char *a, const char *b)
{
    if (strcmp(a, b) != 0)
        fprintf(stderr, "%s, not %s\n", a, b);
    return strcmp(a, b) == 0;
}

/* What the receiver can find out with the secret. */
static void test_what_is_sent(int port)
{
    gl_hmac_key key;
    gl_arena *arena = gl_arena_new(0);
    gl_buf wanted = {0};
    CHECK(is(bring(port, "/take", true), "taken"));
    CHECK(seen_count() == 1);
    CHECK(is(last.body, BODY) && is(last.delivery, "d-1") && is(last.type, "application/json"));
    int64_t now_s = gl_wall_us() / 1000000, at_s = strtoll(last.signature + 2, NULL, 10);
    CHECK(at_s <= now_s && at_s > now_s - 60);
    gl_hmac_key_init(&key, GL_STR(SECRET));
    gl_courier_signature(&wanted, &key, arena, at_s, gl_str_of(last.body));
    gl_buf_byte(&wanted, 0);
    CHECK(is(last.signature, (const char *)wanted.data));
    gl_buf_free(&wanted);
    gl_arena_destroy(arena);
}

static void test_answers(int port)
{
    int before = seen_count();
    CHECK(is(bring(port, "/fail", true), "webhook-refused"));
    CHECK(is(bring(port, "/nowhere", true), "webhook-refused"));
    CHECK(is(bring(port, "/moved", true), "webhook-refused"));
    CHECK(seen_count() == before + 2); /* nobody followed */
    CHECK(is(bring(port, "/much", true), "taken"));
    CHECK(is(bring(1, "/take", true), "webhook-unreachable"));
}

/* Its name leads to this machine. */
static void test_private_address(int port)
{
    int before = seen_count();
    CHECK(is(bring(port, "/take", false), "webhook-forbidden"));
    CHECK(seen_count() == before);
}

static void *stop_when_seen(void *context)
{
    const int *before = context;
    CHECK_WITHIN(20, seen_count() == *before + 1);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    return NULL;
}

static void test_one_that_hangs(int port)
{
    int64_t from_us = gl_mono_us();
    CHECK(is(bring(port, "/hold", true), "webhook-timeout"));
    CHECK(gl_mono_us() - from_us >= 390 * 1000);
    let_go();
}

/* A call that would go on is ended; libcurl looks once a second, or sooner. */
static void test_stop(int port)
{
    char url[100];
    gl_push_conf conf = {.webhook_timeout_ms = 60000, .webhook_ca = "", .webhook_private = true};
    gl_account account = {.name = "hub-1", .webhook_url = url, .webhook_secret = SECRET};
    gl_err err = {0};
    pthread_t thread;
    int before = seen_count();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hold", port);
    gl_courier *courier = gl_courier_new(&conf, &account, &stop);
    pthread_create(&thread, NULL, stop_when_seen, &before);
    int64_t from_us = gl_mono_us();
    CHECK(!gl_courier_bring(courier, "d-1", gl_str_of(BODY), &err));
    CHECK(gl_mono_us() - from_us < 30000000);
    pthread_join(thread, NULL);
    gl_courier_destroy(courier);
    let_go();
    __atomic_store_n(&stop, false, __ATOMIC_RELEASE);
}

int main(void)
{
    gl_log_init("test", GL_LOG_WARN);
    gl_err err = {0};
    gl_http_conf conf = {.listen = "127.0.0.1:0",
                         .body_limit_bytes = 100000,
                         .connection_limit = 50,
                         .idle_timeout_ms = 5000,
                         .threads = 1,
                         .pending_limit_bytes = 1000000};
    gl_http *http = gl_http_start(&conf, ROUTES, sizeof ROUTES / sizeof ROUTES[0], NULL, &err);
    if (!CHECK(http != NULL))
        return check_result();
    test_what_is_sent(gl_http_port(http));
    test_answers(gl_http_port(http));
    test_private_address(gl_http_port(http));
    test_one_that_hangs(gl_http_port(http));
    test_stop(gl_http_port(http));
    gl_http_stop(http);
    return check_result();
}
