/* gl_http over TLS, with libcurl as the client: whose certificate is trusted, what is told of it, how certificates are
 * renewed under connections that stay, and who is admitted before a body is read. Certificates are made with openssl
 * (skipped, 77, without it). Has its own main(), so that ThreadSanitizer can run it.
 */
#include "io/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/test_check.h"
#include "io/test_certificates.h"

static certificates made;

/* -- The server --------------------------------------------------------------------------------------------------- */

static void who(void *context, gl_http_request *request)
{
    (void)context;
    const char *why;
    gl_str subject = gl_http_peer(request, &why);
    const char *principal = gl_http_principal(request);
    gl_buf text = {0};
    gl_buf_printf(&text, "peer=<%.*s> why=<%s> principal=<%s> body=%zu", GL_STR_ARG(subject), why,
                  principal == NULL ? "" : principal, gl_http_body(request).len);
    gl_http_respond(request, 200, "text/plain", gl_buf_view(&text), NULL);
    gl_buf_free(&text);
}

static void *answer_later(void *context)
{
    check_pause();
    who(NULL, context);
    return NULL;
}

static void later(void *context, gl_http_request *request)
{
    (void)context;
    pthread_t thread;
    pthread_create(&thread, NULL, answer_later, request);
    pthread_detach(thread);
}

enum { PARTS = 400 };

static void *write_parts(void *context)
{
    char part[1001];
    gl_http_taken taken = GL_HTTP_TAKEN;
    gl_http_stream_begin(context, "text/plain", NULL, 10000);
    for (int i = 0; i < PARTS && taken != GL_HTTP_GONE; i++) {
        snprintf(part, sizeof part, "%0999d\n", i);
        while ((taken = gl_http_stream_write(context, (gl_str){part, 1000})) == GL_HTTP_FULL)
            gl_http_stream_wait(context, 1000);
        if (i % 100 == 0)
            check_pause(); /* nothing to send for a moment */
    }
    gl_http_stream_end(context);
    return NULL;
}

static void stream(void *context, gl_http_request *request)
{
    (void)context;
    pthread_t thread;
    pthread_create(&thread, NULL, write_parts, request);
    pthread_detach(thread);
}

static const gl_http_route ROUTES[] = {{"GET", "/who", who, NULL},
                                       {"POST", "/who", who, NULL},
                                       {"POST", "/later", later, NULL},
                                       {"GET", "/stream", stream, NULL}};

static bool admit(void *context, gl_http_request *request, gl_http_refusal *refusal)
{
    gl_str as = gl_http_header(request, "as");
    if (gl_str_eqz(as, "nobody")) {
        *refusal = (gl_http_refusal){.status = 401, .code = "who", .detail = "say who you are"};
        return false;
    }
    if (gl_str_eqz(as, "hurried")) {
        *refusal = (gl_http_refusal){.status = 429, .code = "too-fast", .detail = "wait", .retry_after_s = 7};
        return false;
    }
    if (gl_str_eqz(as, "small"))
        gl_http_limit_body(request, 10);
    gl_http_set_principal(request, context);
    return true;
}

static gl_http *start(gl_http_conf *conf, const char *server, const char *ca, gl_err *err)
{
    static char paths[3][256], name[2][64];
    snprintf(name[0], sizeof name[0], "%s.pem", server);
    snprintf(name[1], sizeof name[1], "%s.key", server);
    *conf = (gl_http_conf){.listen = "127.0.0.1:0",
                           .body_limit_bytes = 200000,
                           .connection_limit = 50,
                           .idle_timeout_ms = 5000,
                           .threads = 2,
                           .pending_limit_bytes = 1000000,
                           .tls_certificate = certificates_path(&made, name[0], paths[0]),
                           .tls_key = certificates_path(&made, name[1], paths[1]),
                           .tls_ca = ca[0] == '\0' ? "" : certificates_path(&made, ca, paths[2]),
                           .admit = admit,
                           .admit_context = name[0]};
    return gl_http_start(conf, ROUTES, sizeof ROUTES / sizeof ROUTES[0], NULL, err);
}

/* -- The client --------------------------------------------------------------------------------------------------- */

typedef struct call {
    const char *path, *ca, *certificate; /* certificate "": none */
    const char *header;                  /* NULL: none */
    const char *body;                    /* NULL: GET */
    CURL *kept;                          /* NULL: a connection of its own */
} call;

typedef struct heard {
    CURLcode code;
    long status;
    char text[4096]; /* headers and body */
    size_t len;
} heard;

static size_t take(char *data, size_t size, size_t count, void *context)
{
    heard *h = context;
    size_t room = sizeof h->text - 1 - h->len, len = size * count < room ? size * count : room;
    memcpy(h->text + h->len, data, len);
    h->len += len;
    return size * count;
}

static heard ask(int port, const call *c)
{
    char url[128], path[3][256], key[64];
    heard h = {.code = CURLE_OK};
    CURL *curl = c->kept == NULL ? curl_easy_init() : c->kept;
    struct curl_slist *headers = curl_slist_append(NULL, c->header == NULL ? "Expect:" : c->header);
    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", port, c->path);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
    curl_easy_setopt(curl, CURLOPT_CAINFO, certificates_path(&made, c->ca, path[0]));
    if (c->certificate[0] != '\0') {
        snprintf(key, sizeof key, "%.*s.key", (int)strlen(c->certificate) - 4, c->certificate);
        curl_easy_setopt(curl, CURLOPT_SSLCERT, certificates_path(&made, c->certificate, path[1]));
        curl_easy_setopt(curl, CURLOPT_SSLKEY, certificates_path(&made, key, path[2]));
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &h);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &h);
    if (c->body != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, c->body);
    h.code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &h.status);
    curl_slist_free_all(headers);
    if (c->kept == NULL)
        curl_easy_cleanup(curl);
    return h;
}

static bool says(int port, const call *c, long status, const char *text)
{
    heard h = ask(port, c);
    bool good = h.code == CURLE_OK && h.status == status && strstr(h.text, text) != NULL;
    if (!good)
        fprintf(stderr, "%s as %s: wanted %ld %s, got %ld (%s): %s\n", c->path, c->certificate, status, text, h.status,
                curl_easy_strerror(h.code), h.text);
    return good;
}

/* -- Tests -------------------------------------------------------------------------------------------------------- */

static void test_peers(int port)
{
    CHECK(says(port, &(call){"/who", "a/ca.pem", "a/hub.pem", .body = NULL}, 200, "peer=<CN=hub,O=Greenlane> why=<>"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "", .body = NULL}, 200, "peer=<> why=<>"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "b/hub.pem", .body = NULL}, 200,
               "peer=<> why=<The certificate is NOT trusted"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "b/hub.pem", .body = NULL}, 200, "issuer is unknown"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "a/expired.pem", .body = NULL}, 200, "expired"));
    /* The client does not trust the server: nothing is sent. */
    heard h = ask(port, &(call){"/who", "b/ca.pem", "a/hub.pem", .body = NULL});
    CHECK(h.code == CURLE_PEER_FAILED_VERIFICATION && h.len == 0);
}

static void test_answers_later(int port)
{
    static char large[150001];
    memset(large, 'x', sizeof large - 1);
    CHECK(says(port, &(call){"/later", "a/ca.pem", "a/hub.pem", .body = large}, 200,
               "peer=<CN=hub,O=Greenlane> why=<> principal=<a/server.pem> body=150000"));
}

typedef struct counted {
    char line[1001];
    size_t at;
    int lines;
} counted;

/* Counts lines that say how many came before them. */
static size_t count_lines(char *data, size_t size, size_t count, void *context)
{
    counted *c = context;
    for (size_t i = 0; i < size * count; i++) {
        if (c->at == 1000)
            return 0;
        c->line[c->at++] = data[i];
        if (data[i] != '\n')
            continue;
        if (c->at != 1000 || strtol(c->line, NULL, 10) != c->lines++)
            return 0;
        c->at = 0;
    }
    return size * count;
}

static void test_stream(int port)
{
    char url[64], path[256];
    counted c = {.at = 0};
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof url, "https://127.0.0.1:%d/stream", port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
    curl_easy_setopt(curl, CURLOPT_CAINFO, certificates_path(&made, "a/ca.pem", path));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_lines);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &c);
    CHECK(curl_easy_perform(curl) == CURLE_OK && c.lines == PARTS && c.at == 0);
    curl_easy_cleanup(curl);
}

static void test_admission(int port)
{
    CHECK(says(port, &(call){"/who", "a/ca.pem", "", .header = "as: nobody", .body = "x"}, 401, "\"code\":\"who\""));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "", .header = "as: nobody"}, 401, "WWW-Authenticate: Bearer"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "", .header = "as: hurried"}, 429, "Retry-After: 7"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "", .header = "as: small", .body = "12345678901"}, 413, "too-large"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "", .header = "as: small", .body = "1234567890"}, 200, "body=10"));
    CHECK(says(port, &(call){"/nowhere", "a/ca.pem", "", .header = "as: nobody"}, 404, "path-unknown"));
}

/* A connection keeps what it began with; new ones get the new certificate and authority. */
static void test_renewal(void)
{
    gl_http_conf conf;
    gl_err err = {0};
    char path[4][256];
    gl_http *http = start(&conf, "a/server", "a/ca.pem", &err);
    CHECK(http != NULL);
    if (http == NULL)
        return;
    int port = gl_http_port(http);
    CURL *kept = curl_easy_init();
    CHECK(says(port, &(call){"/who", "a/ca.pem", "a/hub.pem", .kept = kept}, 200, "CN=hub"));
    gl_http_conf wrong = conf;
    wrong.tls_key = certificates_path(&made, "b/server.key", path[3]);
    CHECK(!gl_http_check(&wrong, &err) && strcmp(err.code, "http-tls") == 0);
    CHECK(!gl_http_renew(http, &wrong, &err) && strcmp(err.code, "http-tls") == 0);
    CHECK(says(port, &(call){"/who", "a/ca.pem", "a/hub.pem", .body = NULL}, 200, "CN=hub"));
    conf.tls_certificate = certificates_path(&made, "b/server.pem", path[0]);
    conf.tls_key = certificates_path(&made, "b/server.key", path[1]);
    conf.tls_ca = certificates_path(&made, "b/ca.pem", path[2]);
    CHECK(gl_http_check(&conf, &err) && gl_http_renew(http, &conf, &err));
    CHECK(ask(port, &(call){"/who", "a/ca.pem", "a/hub.pem", .body = NULL}).code == CURLE_PEER_FAILED_VERIFICATION);
    CHECK(says(port, &(call){"/who", "b/ca.pem", "b/hub.pem", .body = NULL}, 200, "CN=hub"));
    CHECK(says(port, &(call){"/who", "b/ca.pem", "a/hub.pem", .body = NULL}, 200, "NOT trusted"));
    CHECK(says(port, &(call){"/who", "a/ca.pem", "a/hub.pem", .kept = kept}, 200, "CN=hub"));
    curl_easy_cleanup(kept);
    gl_http_stop(http);
}

static void test_wrong_files(void)
{
    gl_http_conf conf;
    gl_err err = {0};
    CHECK(start(&conf, "a/nothing", "", &err) == NULL && strstr(err.message, "No such file") != NULL);
    CHECK(start(&conf, "a/server", "a/server.key", &err) == NULL && strstr(err.message, "tls_ca") != NULL);
    CHECK(!gl_http_check(&(gl_http_conf){.tls_ca = "ca.pem"}, &err) && strcmp(err.code, "http-tls") == 0);
    CHECK(!gl_http_check(&(gl_http_conf){.tls_certificate = "c.pem"}, &err) && strcmp(err.code, "http-tls") == 0);
    CHECK(gl_http_check(&(gl_http_conf){.tls_ca = ""}, &err));
}

/* Neither HTTP without TLS, nor an old version of it, gets an answer. */
static void test_old_protocols(int port)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/who", port);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
    CHECK(curl_easy_perform(curl) != CURLE_OK);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/who", port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST, "DEFAULT@SECLEVEL=0");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1);
    CHECK(curl_easy_perform(curl) == CURLE_SSL_CONNECT_ERROR);
    curl_easy_cleanup(curl);
}

int main(void)
{
    gl_log_init("test", GL_LOG_WARN);
    if (!certificates_make(&made, "server hub expired", "server hub")) {
        printf("skipped: no openssl here\n");
        return CHECK_SKIPPED;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    gl_http_conf conf;
    gl_err err = {0};
    gl_http *http = start(&conf, "a/server", "a/ca.pem", &err);
    CHECK(http != NULL);
    if (http != NULL) {
        test_peers(gl_http_port(http));
        test_answers_later(gl_http_port(http));
        test_stream(gl_http_port(http));
        test_admission(gl_http_port(http));
        test_old_protocols(gl_http_port(http));
        gl_http_stop(http);
        test_renewal();
    }
    test_wrong_files();
    certificates_remove(&made);
    curl_global_cleanup();
    return check_result();
}
