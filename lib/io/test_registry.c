/* gl_registry against a server that answers as told: one request for many askers, answers that hold, a registry that is
 * away, slow or talks nonsense, the disk cache, credentials. Has its own main(), so that ThreadSanitizer can run it. */
#include "io/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/test_check.h"
#include "io/http.h"

#define SCHEMA "{\"type\":\"record\",\"name\":\"A\",\"fields\":[]}"
#define OTHER  "{\"type\":\"record\",\"name\":\"B\",\"fields\":[]}"

enum { PATIENCE_MS = 90000, LATE_ID = 8, NEW_ID = 21 };

/* ---- the server ---- */

typedef enum mood { WELL, BROKEN, NONSENSE, LOST, SLOW } mood;

static atomic_int mood_now, requests, late_is_there, subject_id = 7;
static _Atomic(const char *) authorization; /* required, or NULL */
static gl_http *server;
static gl_http_request *kept; /* SLOW */
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static int server_port;

static void reply(gl_http_request *request, int status, const char *json)
{
    gl_http_respond(request, status, "application/json", gl_str_of(json), NULL);
}

/* Answers the request that was kept, if any, and keeps this one. */
static void keep_request(gl_http_request *request)
{
    pthread_mutex_lock(&kept_lock);
    gl_http_request *before = kept;
    kept = request;
    pthread_mutex_unlock(&kept_lock);
    if (before != NULL)
        reply(before, 200, "{}");
}

static bool is_served(gl_http_request *request)
{
    atomic_fetch_add(&requests, 1);
    gl_str shown = gl_http_header(request, "Authorization");
    const char *required = authorization;
    if (required != NULL && !gl_str_eqz(shown, required))
        reply(request, 401, "{\"error_code\":401,\"message\":\"who are you\"}");
    else if (mood_now == BROKEN)
        reply(request, 500, "{\"error_code\":50001,\"message\":\"store\"}");
    else if (mood_now == NONSENSE)
        reply(request, 200, "<html>welcome</html>");
    else if (mood_now == LOST)
        reply(request, 404, "{\"error_code\":40403,\"message\":\"no such schema\"}");
    else if (mood_now == SLOW)
        keep_request(request);
    else
        return true;
    return false;
}

static void serve_schema(void *context, gl_http_request *request)
{
    (void)context;
    gl_str id = gl_http_tail(request);
    if (!is_served(request))
        return;
    bool is_late = gl_str_eqz(id, "8");
    if (gl_str_eqz(id, "7") || gl_str_eqz(id, "21") || (is_late && late_is_there))
        reply(request, 200, "{\"schema\":\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"A\\\",\\\"fields\\\":[]}\"}");
    else
        reply(request, 404, "{\"error_code\":40403,\"message\":\"Schema not found\"}");
}

static void serve_find(void *context, gl_http_request *request)
{
    (void)context;
    char text[64];
    if (!is_served(request))
        return;
    snprintf(text, sizeof text, "{\"subject\":\"t-value\",\"version\":1,\"id\":%d}", atomic_load(&subject_id));
    if (gl_str_eqz(gl_http_tail(request), "t-value") &&
        memmem(gl_http_body(request).ptr, gl_http_body(request).len, "\\\"A\\\"", 5) != NULL)
        reply(request, 200, text);
    else
        reply(request, 404, "{\"error_code\":40403,\"message\":\"no\"}");
}

static void serve_versions(void *context, gl_http_request *request)
{
    (void)context;
    if (is_served(request))
        reply(request, 200, "[3]");
}

static void serve_version(void *context, gl_http_request *request)
{
    (void)context;
    if (is_served(request))
        reply(request, 200, "{\"id\":21,\"version\":3,\"schema\":\"\\\"string\\\"\"}");
}

static const gl_http_route routes[] = {{"GET", "/schemas/ids/{}", serve_schema, NULL},
                                       {"POST", "/subjects/{}", serve_find, NULL},
                                       {"GET", "/subjects/w-value/versions", serve_versions, NULL},
                                       {"GET", "/subjects/t-value/versions", serve_versions, NULL},
                                       {"GET", "/subjects/t-value/versions/{}", serve_version, NULL},
                                       {"GET", "/subjects/w-value/versions/{}", serve_version, NULL}};

static void start_server(void)
{
    char listen[32];
    gl_err err = {0};
    snprintf(listen, sizeof listen, "127.0.0.1:%d", server_port);
    const gl_http_conf conf = {.listen = listen,
                               .body_limit_bytes = 1 << 20,
                               .connection_limit = 100,
                               .idle_timeout_ms = 60000,
                               .threads = 1,
                               .pending_limit_bytes = 1 << 20};
    server = gl_http_start(&conf, routes, sizeof routes / sizeof routes[0], NULL, &err);
    CHECK(server != NULL);
    server_port = gl_http_port(server);
    mood_now = WELL;
    requests = 0;
}

static void stop_server(void)
{
    gl_http_stop(server);
    pthread_mutex_lock(&kept_lock);
    if (kept != NULL)
        reply(kept, 200, "{}");
    kept = NULL;
    pthread_mutex_unlock(&kept_lock);
    server = NULL;
}

/* ---- the client ---- */

static char cache[] = "/tmp/gl-registry-XXXXXX";
static char url[64];

static gl_registry_conf conf_of(void)
{
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server_port);
    return (gl_registry_conf){.url = url,
                              .ca_file = "",
                              .certificate_file = "",
                              .key_file = "",
                              .key_password = "",
                              .user = "",
                              .password = "",
                              .password_file = "",
                              .token = "",
                              .token_file = "",
                              .timeout_ms = 30000,
                              .wait_ms = 60000,
                              .negative_ttl_ms = 60000,
                              .refresh_ms = 60000,
                              .cache_dir = "",
                              .builtin_ids = true};
}

static gl_registry *open_registry(const gl_registry_conf *conf, gl_metrics *metrics)
{
    gl_err err = {0};
    gl_registry *registry = gl_registry_start(conf, metrics, &err);
    CHECK(registry != NULL);
    return registry;
}

/* The code of the answer once there is one; "" for an answer without error. */
static const char *schema_code(gl_registry *registry, uint32_t id, gl_str *json)
{
    int64_t end = gl_mono_us() + PATIENCE_MS * INT64_C(1000);
    gl_err err = {0};
    while (!gl_registry_schema(registry, id, json, &err)) {
        if (err.action != GL_RETRY || gl_mono_us() > end)
            return err.code;
        gl_registry_wait(registry, 50);
    }
    return "";
}

static const char *id_code(gl_registry *registry, const char *subject, const char *json, uint32_t *id)
{
    int64_t end = gl_mono_us() + PATIENCE_MS * INT64_C(1000);
    gl_err err = {0};
    while (!gl_registry_id(registry, subject, gl_str_of(json), id, &err)) {
        if (err.action != GL_RETRY || gl_mono_us() > end)
            return err.code;
        gl_registry_wait(registry, 50);
    }
    return "";
}

static bool is(const char *code, const char *wanted)
{
    if (strcmp(code, wanted) != 0)
        fprintf(stderr, "the code is \"%s\", not \"%s\"\n", code, wanted);
    return strcmp(code, wanted) == 0;
}

/* ---- tests ---- */

static void *ask_for_7(void *registry)
{
    gl_str json;
    CHECK(is(schema_code(registry, 7, &json), "") && gl_str_eqz(json, SCHEMA));
    return NULL;
}

static void test_many_ask_once(void)
{
    pthread_t threads[8];
    gl_registry_conf conf = conf_of();
    gl_registry *registry = open_registry(&conf, NULL);
    gl_str json;
    gl_err err = {0};
    requests = 0;
    CHECK(!gl_registry_schema(registry, 7, &json, &err) && err.action == GL_RETRY && is(err.code, "registry-waiting"));
    for (size_t i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, ask_for_7, registry) == 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    CHECK(requests == 1);
    CHECK(gl_registry_is_up(registry));
    gl_registry_stop(registry);
}

static void test_what_is_not_there(void)
{
    gl_registry_conf conf = conf_of();
    conf.negative_ttl_ms = 0;
    gl_registry *registry = open_registry(&conf, NULL);
    gl_str json;
    uint32_t id = 99;
    requests = 0;
    late_is_there = 0;
    CHECK(is(schema_code(registry, 0, &json), "envelope-schema-unknown"));
    CHECK(is(schema_code(registry, 1u << 31, &json), "envelope-schema-unknown") && requests == 0);
    CHECK(is(schema_code(registry, LATE_ID, &json), "envelope-schema-unknown"));
    CHECK(is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 7);
    CHECK(is(id_code(registry, "t-value", OTHER, &id), "") && id == 0);
    CHECK(is(id_code(registry, "x-value", SCHEMA, &id), "") && id == 0);
    late_is_there = 1; /* the negative answer is over: it is asked again, and goes on as absent until it is answered */
    CHECK_WITHIN(60, schema_code(registry, LATE_ID, &json)[0] == '\0');
    CHECK(gl_str_eqz(json, SCHEMA));
    gl_registry_stop(registry);
    conf.negative_ttl_ms = 60000;
    late_is_there = 0;
    registry = open_registry(&conf, NULL);
    requests = 0;
    for (int i = 0; i < 3; i++)
        CHECK(is(schema_code(registry, LATE_ID, &json), "envelope-schema-unknown"));
    CHECK(requests == 1);
    gl_registry_stop(registry);
}

static void test_away(mood how)
{
    gl_registry_conf conf = conf_of();
    conf.wait_ms = 300;
    conf.timeout_ms = how == SLOW ? 200 : 30000;
    gl_registry *registry = open_registry(&conf, NULL);
    gl_str json;
    mood_now = (int)how;
    CHECK(is(schema_code(registry, 7, &json), "schema-unavailable"));
    CHECK(!gl_registry_is_up(registry));
    /* what has been away for that long makes nobody wait again: an id that is new is refused at once */
    gl_err err = {0};
    uint32_t id = 1000;
    CHECK_WITHIN(60, !gl_registry_schema(registry, id++, &json, &err) && strcmp(err.code, "schema-unavailable") == 0);
    mood_now = WELL;
    CHECK_WITHIN(60, schema_code(registry, 7, &json)[0] == '\0');
    CHECK(gl_str_eqz(json, SCHEMA) && gl_registry_is_up(registry));
    gl_registry_stop(registry);
}

static double gauge(gl_metrics *metrics, size_t index, const char *label)
{
    const char *values[GL_METRIC_LABELS] = {label};
    return gl_series_value(gl_metrics_series(metrics, &gl_registry_metrics[index], values));
}

static void test_disk(void)
{
    gl_registry_conf conf = conf_of();
    gl_str json;
    uint32_t id = 0;
    conf.cache_dir = cache;
    gl_registry *registry = open_registry(&conf, NULL);
    CHECK(is(schema_code(registry, 7, &json), "") && is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 7);
    gl_registry_stop(registry);
    stop_server();
    gl_metrics *metrics = gl_metrics_new();
    registry = open_registry(&conf, metrics);
    id = 0;
    CHECK(is(schema_code(registry, 7, &json), "") && gl_str_eqz(json, SCHEMA));
    CHECK(is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 7);
    CHECK(!gl_registry_is_up(registry) && (int)gauge(metrics, 3, "disk") == 2 && (int)gauge(metrics, 4, NULL) == 0);
    subject_id = 9; /* another registry at the same address */
    start_server();
    CHECK_WITHIN(60, gauge(metrics, 3, "disk") < 0.5);
    CHECK((int)gauge(metrics, 4, NULL) == 1);
    CHECK(is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 7); /* values were written with it */
    gl_registry_stop(registry);
    gl_metrics_destroy(metrics);
    subject_id = 7;
}

/* It forgets everything, and is restored; then it is set up anew, with other ids. */
static void test_lost(void)
{
    gl_registry_conf conf = conf_of();
    gl_str json;
    uint32_t id = 0;
    gl_metrics *metrics = gl_metrics_new();
    conf.cache_dir = cache;
    conf.refresh_ms = 100;
    gl_registry *registry = open_registry(&conf, metrics);
    gl_registry_watch(registry, "t-value");
    CHECK(is(schema_code(registry, 7, &json), "") && is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 7);
    mood_now = LOST;
    CHECK_WITHIN(60, gauge(metrics, 4, NULL) > 0.5);
    CHECK(gl_registry_is_up(registry));
    CHECK(is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 7); /* values were written with it */
    gl_registry_stop(registry);
    gl_metrics_destroy(metrics);
    metrics = gl_metrics_new();
    registry = open_registry(&conf, metrics);
    CHECK(is(schema_code(registry, 7, &json), "") && gl_str_eqz(json, SCHEMA)); /* from the disk */
    CHECK(is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 0);        /* nothing may be written with it */
    CHECK_WITHIN(60, gauge(metrics, 4, NULL) > 0.5);
    gl_registry_watch(registry, "t-value");
    mood_now = WELL;
    CHECK_WITHIN(60, gauge(metrics, 4, NULL) < 0.5);
    gl_registry_ask_again(registry);
    CHECK_WITHIN(60, id_code(registry, "t-value", SCHEMA, &id)[0] == '\0' && id == 7);
    gl_registry_stop(registry);
    gl_metrics_destroy(metrics);
    metrics = gl_metrics_new();
    subject_id = 9;
    registry = open_registry(&conf, metrics);
    CHECK(is(id_code(registry, "t-value", SCHEMA, &id), "") && id == 9);
    CHECK_WITHIN(60, gauge(metrics, 4, NULL) > 0.5);
    gl_registry_stop(registry);
    gl_metrics_destroy(metrics);
    subject_id = 7;
}

static void test_damaged_disk(void)
{
    gl_registry_conf conf = conf_of();
    gl_str json;
    char command[256];
    conf.cache_dir = cache;
    conf.wait_ms = 200;
    snprintf(command, sizeof command, "for f in %s/*/*; do echo '{' >$f; done", cache);
    CHECK(system(command) == 0);
    mood_now = BROKEN;
    uint32_t id = 0;
    gl_registry *registry = open_registry(&conf, NULL);
    CHECK(is(schema_code(registry, 7, &json), "schema-unavailable"));
    CHECK(is(id_code(registry, "t-value", SCHEMA, &id), "schema-unavailable"));
    mood_now = WELL;
    gl_registry_stop(registry);
}

/* A version that nobody asked for is here before the first record needs it. */
static void test_watch(void)
{
    gl_registry_conf conf = conf_of();
    gl_metrics *metrics = gl_metrics_new();
    gl_registry *registry = open_registry(&conf, metrics);
    gl_str json;
    gl_err err = {0};
    requests = 0;
    gl_registry_watch(registry, "w-value");
    CHECK_WITHIN(60, gauge(metrics, 3, "registry") > 0.5);
    CHECK(gl_registry_schema(registry, NEW_ID, &json, &err) && gl_str_eqz(json, SCHEMA));
    CHECK(requests == 3); /* versions, the version, the schema: none for the question */
    gl_registry_stop(registry);
    gl_metrics_destroy(metrics);
}

static const char *get_code(const gl_registry_conf *conf)
{
    gl_err err = {0};
    gl_buf json = {0};
    gl_registry_client *client = gl_registry_client_new(conf, &err);
    bool good = client != NULL && gl_registry_get(client, 7, &json, &err);
    CHECK(strstr(err.message, "secret") == NULL);
    gl_registry_client_destroy(client);
    gl_buf_free(&json);
    return good ? "" : err.code;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void test_credentials(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/credentials", cache);
    gl_registry_conf none = conf_of(), basic = conf_of(), token = conf_of();
    basic.user = "gl";
    basic.password = "secret";
    authorization = "Basic Z2w6c2VjcmV0";
    CHECK(is(get_code(&none), "registry-refused") && is(get_code(&basic), ""));
    basic.password = "secrets";
    CHECK(is(get_code(&basic), "registry-refused"));
    basic.password = "";
    basic.password_file = path;
    write_text(path, "secret\n");
    CHECK(is(get_code(&basic), ""));
    authorization = "Bearer secret-2";
    token.token_file = path;
    CHECK(is(get_code(&token), "registry-refused"));
    write_text(path, "secret-2\n"); /* rotated */
    CHECK(is(get_code(&token), ""));
    write_text(path, "");
    CHECK(is(get_code(&token), "registry-refused"));
    unlink(path);
    CHECK(is(get_code(&token), "registry-refused"));
    authorization = NULL;
}

static void test_configuration(void)
{
    gl_registry_conf conf = conf_of();
    gl_err err = {0};
    CHECK(gl_registry_check_conf(&conf, &err));
    conf.url = "builtin";
    CHECK(gl_registry_check_conf(&conf, &err) && gl_registry_is_builtin(&conf));
    conf.url = "registry:8081";
    CHECK(!gl_registry_check_conf(&conf, &err) && is(err.code, "registry-conf"));
    conf.url = "http://gl:secret@registry:8081";
    CHECK(!gl_registry_check_conf(&conf, &err) && strstr(err.message, "secret") == NULL);
    conf.url = "http://registry:8081";
    conf.user = "gl";
    CHECK(!gl_registry_check_conf(&conf, &err));
    conf.password = "secret";
    CHECK(gl_registry_check_conf(&conf, &err));
    conf.token = "t";
    CHECK(!gl_registry_check_conf(&conf, &err));
    conf.token = "";
    conf.certificate_file = "/c.pem";
    CHECK(!gl_registry_check_conf(&conf, &err));
}

int main(void)
{
    char command[128];
    gl_log_init("test", GL_LOG_ERROR);
    CHECK(mkdtemp(cache) != NULL);
    server_port = 0;
    start_server();
    test_many_ask_once();
    test_what_is_not_there();
    test_away(BROKEN);
    test_away(NONSENSE);
    test_away(SLOW);
    test_disk();
    test_lost();
    test_damaged_disk();
    test_watch();
    test_credentials();
    test_configuration();
    stop_server();
    snprintf(command, sizeof command, "rm -rf %s", cache);
    CHECK(system(command) == 0);
    return check_result();
}
