/* The HTTP client against a server of the test: 503 and refused connections are tried again, what cannot be mended by
 * waiting is not. Has its own main(), since the server has threads. */
#include <string.h>

#include "base/log.h"
#include "base/test_check.h"
#include "cli/client.h"
#include "io/http.h"

static int busy_left, calls; /* atomic */

static void answer(void *context, gl_http_request *request)
{
    static const char *const soon[] = {"Retry-After: 1", NULL};
    (void)context;
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    if (__atomic_sub_fetch(&busy_left, 1, __ATOMIC_RELAXED) >= 0)
        gl_http_problem(request, 503, "busy", "again", soon);
    else
        gl_http_respond(request, 202, "text/plain", gl_http_body(request), NULL);
}

static gl_http *start(int port, const gl_http_route *route)
{
    char listen[32];
    gl_err err = {0};
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port);
    gl_http_conf conf = {.listen = listen,
                         .body_limit_bytes = 1 << 20,
                         .connection_limit = 100,
                         .idle_timeout_ms = 10000,
                         .threads = 1,
                         .pending_limit_bytes = 1 << 22};
    return gl_http_start(&conf, route, 1, NULL, &err);
}

static bool post(const char *url, int64_t patience_ms, int *status, gl_buf *reply, gl_err *err)
{
    gl_client *client = gl_client_new(url, "hub-1");
    bool ok = gl_client_call(client, "/v1/x", "text/plain", GL_STR("hello"), patience_ms, status, reply, err);
    gl_client_destroy(client);
    return ok;
}

int main(void)
{
    static const gl_http_route route = {"POST", "/v1/x", answer, NULL};
    gl_log_init("test", GL_LOG_ERROR);
    gl_client_init();
    gl_http *http = start(0, &route);
    if (!CHECK(http != NULL))
        return check_result();
    char url[64];
    gl_buf reply = {0};
    gl_err err = {0};
    int status = 0, port = gl_http_port(http);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port); /* with the slash that people leave there */

    __atomic_store_n(&busy_left, 2, __ATOMIC_RELAXED);
    CHECK(post(url, 20000, &status, &reply, &err) && status == 202);
    CHECK(gl_str_eqz(gl_buf_view(&reply), "hello"));
    CHECK(__atomic_load_n(&calls, __ATOMIC_RELAXED) == 3);

    __atomic_store_n(&busy_left, 1000000, __ATOMIC_RELAXED);
    CHECK(post(url, 200, &status, &reply, &err) && status == 503); /* patience ends: the answer is handed on */

    gl_http_stop(http);
    CHECK(!post(url, 100, &status, &reply, &err) && strcmp(err.code, "http-unavailable") == 0 &&
          err.action == GL_RETRY);
    int64_t from_us = gl_mono_us();
    CHECK(!post("nowhere://h", 20000, &status, &reply, &err) && strcmp(err.code, "http-url") == 0);
    CHECK(gl_mono_us() - from_us < 10000000);

    __atomic_store_n(&busy_left, 0, __ATOMIC_RELAXED);
    http = start(port, &route); /* the address is one that was used before: it came back */
    CHECK(http != NULL && post(url, 20000, &status, &reply, &err) && status == 202);
    gl_http_stop(http);

    reply.len = 0;
    gl_client_escape(&reply, GL_STR("a b/\xC3\xA9&c-_.~"));
    CHECK(gl_str_eqz(gl_buf_view(&reply), "a%20b%2F%C3%A9%26c-_.~"));
    gl_buf_free(&reply);
    return check_result();
}
