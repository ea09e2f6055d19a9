/* The HTTP service over real sockets, with the stage's own poll, process and settle on a thread that stands for the
 * worker, and a redis-server of its own for the view. No Kafka: the test says whether a batch was committed.
 * Has its own main(), so that ThreadSanitizer can run it. Without redis-server what needs the view is skipped (77).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/test_check.h"
#include "customs/ids.h"
#include "customs/view.h"
#include "ingest/doubt.h"
#include "ingest/ingest.h"
#include "ingest/push/streams.h"
#include "io/kafka.h"
#include "io/test_pack.h"

enum { PARTITIONS = 4, BATCH_RECORDS = 16, ACCOUNT_COUNT = 3 };

#define DECLARATION(lrn, value) "{" DECLARATION_REST(lrn, value)
#define DECLARATION_REST(lrn, value)                                                                                   \
    "\"functional_reference_id\":\"" lrn                                                                               \
    "\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[{\"sequence_numeric\":1,"                               \
    "\"description\":\"Cotton T-shirt\",\"commodity_code\":\"610910\",\"item_charge_amount\":{\"amount\":\"" value     \
    "\",\"currency\":\"EUR\"}}]}"

/* -- A client ----------------------------------------------------------------------------------------------------- */

static int dial(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static int send_bytes(int port, const char *method, const char *path, const char *headers, gl_str body)
{
    int fd = dial(port);
    gl_buf text = {0};
    gl_buf_printf(&text, "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n", method,
                  path, headers, body.len);
    gl_buf_str(&text, body);
    for (size_t at = 0; fd >= 0 && at < text.len;) {
        ssize_t done = send(fd, text.data + at, text.len - at, MSG_NOSIGNAL);
        if (done <= 0)
            break;
        at += (size_t)done;
    }
    gl_buf_free(&text);
    return fd;
}

static int send_request(int port, const char *method, const char *path, const char *headers, const char *body)
{
    return send_bytes(port, method, path, headers, gl_str_of(body));
}

/* The whole answer, NUL-terminated; closes. */
static gl_buf hear(int fd)
{
    gl_buf answer = {0};
    char chunk[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (fd >= 0 && poll(&p, 1, 20000) == 1) {
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got <= 0)
            break;
        gl_buf_bytes(&answer, chunk, (size_t)got);
    }
    gl_buf_byte(&answer, 0);
    if (fd >= 0)
        close(fd);
    return answer;
}

/* Is the status `status`, and does the answer hold `text`? */
static bool heard(gl_buf answer, int status, const char *text)
{
    const char *data = (const char *)answer.data;
    bool ok = answer.len > 12 && strtol(data + 9, NULL, 10) == status && strstr(data, text) != NULL;
    if (!ok)
        fprintf(stderr, "expected %d with %s, got: %s\n", status, text, data);
    gl_buf_free(&answer);
    return ok;
}

static bool ask(int port, const char *method, const char *path, const char *headers, const char *body, int status,
                const char *text)
{
    return heard(hear(send_request(port, method, path, headers, body)), status, text);
}

/* -- The stage with a worker that the test commands --------------------------------------------------------------- */

typedef struct bench {
    gl_metrics *metrics;
    gl_conf *conf;
    gl_ingest *ingest;
    void *worker;
    pthread_t thread;
    bool stop, hold, refuse; /* atomic */
    int batches, taken;      /* atomic */
    int port;
} bench;

#define OFFICER                                                                                                        \
    {                                                                                                                  \
        "customs", "", "", false, true, 0, "", ""                                                                      \
    }
static const gl_account ACCOUNTS[ACCOUNT_COUNT] = {
    {"default", "", "", false, false, 0, "", ""}, {"hub-1", "", "", false, false, 0, "", ""}, OFFICER};

static bool get(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(bool *flag, bool value)
{
    __atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

static void run_batch(bench *b, gl_batch *batch)
{
    gl_err err = {0};
    gl_outbox *outbox = gl_outbox_new(batch->arena);
    for (int attempt = 0; attempt < 2; attempt++) { /* as after an abort: the same records again */
        outbox = gl_outbox_new(batch->arena);
        CHECK(gl_ingest_stage.process(b->ingest, b->worker, batch, outbox, &err));
    }
    while (get(&b->hold))
        check_pause();
    if (get(&b->refuse)) {
        gl_fail(&err, GL_FATAL, "kafka-unavailable", "no broker answers");
        gl_ingest_stage.settle(b->ingest, b->worker, batch, outbox, false, &err);
    } else {
        gl_ingest_stage.applied(b->ingest, b->worker, batch, outbox);
        gl_ingest_stage.settle(b->ingest, b->worker, batch, outbox, true, NULL);
    }
    __atomic_add_fetch(&b->batches, 1, __ATOMIC_ACQ_REL);
}

static void *worker_main(void *context)
{
    bench *b = context;
    gl_arena *arena = gl_arena_new(0);
    gl_record records[BATCH_RECORDS];
    for (;;) {
        gl_batch batch = {.records = records, .arena = arena};
        bool last = get(&b->stop);
        size_t count = gl_ingest_stage.poll(b->ingest, b->worker, &batch, BATCH_RECORDS, last ? 0 : 20);
        __atomic_add_fetch(&b->taken, (int)count, __ATOMIC_ACQ_REL);
        if (count > 0)
            run_batch(b, &batch);
        else if (last)
            break;
        gl_arena_reset(arena);
    }
    gl_arena_destroy(arena);
    return NULL;
}

static bool bench_open_for(bench *b, const char *redis_url, bool with_worker, const gl_account *accounts)
{
    char redis[160];
    gl_err err = {0};
    memset(b, 0, sizeof *b);
    snprintf(redis, sizeof redis, "redis.url=%s", redis_url);
    const char *const sets[] = {("ingest.mappings=" GL_SOURCE_DIR "/config/mappings"),
                                "ingest.listen=127.0.0.1:0",
                                "ingest.chunk=2",
                                "ingest.settle=0ms",
                                "ingest.scan_interval=10ms",
                                "redis.timeout=5s",
                                "redis.retry=1ms",
                                redis,
                                NULL};
    b->metrics = gl_metrics_new();
    b->conf = gl_conf_load(NULL, gl_ingest_stage.conf_tables, 5, sets, &err);
    gl_stage_env env = {.conf = b->conf, .metrics = b->metrics, .partition_count = PARTITIONS};
    void *stage = NULL;
    if (!CHECK(b->conf != NULL && gl_ingest_stage.open(&env, &stage, &err)))
        return false;
    b->ingest = stage;
    b->ingest->accounts = accounts;
    b->ingest->account_count = ACCOUNT_COUNT;
    if (!CHECK(gl_ingest_stage.worker_open(stage, &env, &b->worker, &err)) ||
        !CHECK(gl_ingest_stage.intake_start(stage, &env, &err)))
        return false;
    b->port = gl_http_port(b->ingest->http);
    return !with_worker || CHECK(pthread_create(&b->thread, NULL, worker_main, b) == 0);
}

static bool bench_open(bench *b, const char *redis_url, bool with_worker)
{
    return bench_open_for(b, redis_url, with_worker, ACCOUNTS);
}

static void bench_drain(bench *b)
{
    gl_ingest_stage.intake_stop(b->ingest);
    set(&b->stop, true);
    pthread_join(b->thread, NULL);
}

static void bench_close(bench *b)
{
    gl_ingest_stage.worker_close(b->worker);
    gl_ingest_stage.close(b->ingest);
    gl_conf_destroy(b->conf);
    gl_metrics_destroy(b->metrics);
}

/* -- Only looked at ----------------------------------------------------------------------------------------------- */

static void test_validation_keeps_nothing(void)
{
    bench b;
    if (!bench_open(&b, "", true))
        return;
    set(&b.hold, true); /* no commit is waited for */
    CHECK(ask(b.port, "POST", "/v1/validate", "", DECLARATION("V-1", "1"), 200,
              "{\"results\":[{\"position\":1,\"lrn\":\"V-1\",\"status\":\"valid\",\"errors\":[]}],\"valid\":1,"
              "\"invalid\":0}"));
    CHECK(ask(b.port, "POST", "/v1/validate", "", DECLARATION("V-2", "1") "\n{\"no\":1}\n" DECLARATION("V-3", "1"), 200,
              "\"position\":2,\"status\":\"invalid\",\"errors\":[{\"code\":"));
    CHECK(ask(b.port, "POST", "/v1/validate", "", DECLARATION("V-2", "1") "\n{\"no\":1}\n" DECLARATION("V-3", "1"), 200,
              "\"valid\":2,\"invalid\":1}"));
    CHECK(ask(b.port, "POST", "/v1/validate?profile=parcels", "Content-Type: text/csv\r\n", "a,b\n1,2\n", 200,
              "\"code\":\"unknown-column\""));
    CHECK(ask(b.port, "POST", "/v1/validate", "Content-Type: text/csv\r\n", "a,b\n1,2\n", 400,
              "intake-profile-required"));
    CHECK(ask(b.port, "POST", "/v1/validate", "", "", 400, "intake-empty"));
    CHECK(ask(b.port, "POST", "/v1/validate", "",
              "\x7F"
              "ELF",
              415, "intake-format-unknown"));
    CHECK(ask(b.port, "POST", "/v1/validate", "Greenlane-Account: nobody\r\n", "{}", 403, "account-unknown"));
    CHECK(ask(b.port, "GET", "/v1/validate", "", "", 405, "POST"));
    CHECK(__atomic_load_n(&b.taken, __ATOMIC_ACQUIRE) == 0);
    set(&b.hold, false);
    bench_drain(&b);
    bench_close(&b);
}

/* -- Packed ------------------------------------------------------------------------------------------------------- */

static bool post_packed(const bench *b, const char *path, const char *headers, const gl_buf *body, int status,
                        const char *text)
{
    return heard(hear(send_bytes(b->port, "POST", path, headers, gl_buf_view(body))), status, text);
}

static void test_packed_bodies(void)
{
    const test_entry entries[] = {
        {"a.json", DECLARATION("P-2", "1")}, {"b.ndjson", "{\"no\":1}\n" DECLARATION("P-3", "1")}, {NULL, NULL}};
    static char spaces[40 << 20];
    bench b;
    if (!bench_open(&b, "", true))
        return;
    memset(spaces, ' ', sizeof spaces);
    gl_buf gzip = test_gzip(gl_str_of(DECLARATION("P-1", "1"))), zip = test_zip(entries);
    gl_buf bomb = test_gzip((gl_str){spaces, sizeof spaces});
    CHECK(post_packed(&b, "/v1/declarations", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", &gzip,
                      202, "\"accepted\":1,\"rejected\":0"));
    CHECK(post_packed(&b, "/v1/declarations", "", &gzip, 202, "\"accepted\":1"));
    CHECK(post_packed(&b, "/v1/declarations", "Content-Type: application/zip\r\n", &zip, 202,
                      "\"pointer\":\"entry=b.ndjson;/no\""));
    CHECK(post_packed(&b, "/v1/validate", "", &zip, 200, "\"valid\":2,\"invalid\":1}"));
    CHECK(post_packed(&b, "/v1/declarations", "", &bomb, 413, "intake-"));
    CHECK(post_packed(&b, "/v1/validate", "", &bomb, 413, "intake-"));
    CHECK(post_packed(&b, "/v1/declarations", "Content-Encoding: br\r\n", &gzip, 415, "Accept-Encoding: gzip"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "Content-Encoding: gzip\r\n", "{}", 400, "intake-damaged"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "Content-Type: application/zip\r\n", "{}", 400, "intake-damaged"));
    gzip.len -= 4;
    CHECK(post_packed(&b, "/v1/declarations", "", &gzip, 400, "intake-damaged"));
    CHECK(post_packed(&b, "/v1/events", "", &gzip, 400, "intake-damaged"));
    gl_buf_free(&gzip);
    gl_buf_free(&zip);
    gl_buf_free(&bomb);
    bench_drain(&b);
    bench_close(&b);
}

/* -- In the sender's language ------------------------------------------------------------------------------------- */

#define ACCEPT(type) "Accept: " type "\r\n"

static void test_answers_as_asked_for(void)
{
    static const char both[] = DECLARATION("N-1", "1") "\n{\"no\":1}\n";
    bench b;
    if (!bench_open(&b, "", true))
        return;
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("*/*"), both, 202, "Content-Type: application/json\r\n"));
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("application/xml"), both, 202,
              "Content-Type: application/xml\r\n"));
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("application/xml"), both, 202,
              "<ValidationCode>GL-UFLD</ValidationCode>"));
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("text/csv"), both, 202, ",accepted,,,,,,,,,,1,\r\n"));
    CHECK(ask(b.port, "POST", "/v1/declarations?answers=rejected", ACCEPT("text/csv"), both, 202,
              "pointer\r\n,,rejected,,,,unknown-field,error,"));
    CHECK(ask(b.port, "POST", "/v1/declarations?answers=rejected", "", both, 202,
              "{\"results\":[{\"position\":2,\"status\":\"rejected\""));
    CHECK(ask(b.port, "POST", "/v1/declarations?answers=some", "", both, 400, "query-invalid"));
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("image/png") ACCEPT("text/csv;q=0.1"), both, 202, "lrn,mrn"));
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("text/csv"), "{\"no\":1}", 422, "unknown-field,error"));
    CHECK(ask(b.port, "POST", "/v1/validate", ACCEPT("text/csv"), both, 200, "\r\nN-1,,valid,,"));
    CHECK(
        ask(b.port, "POST", "/v1/validate", ACCEPT("text/xml"), both, 200, "<StatementCode>validated</StatementCode>"));
    CHECK(ask(b.port, "POST", "/v1/validate?profile=parcels", ACCEPT("text/csv") "Content-Type: text/csv\r\n",
              "Strange,b\n1,2\n", 200, ",invalid,1,1,Strange,unknown-column,error,Strange,"));
    const test_entry entries[] = {{"a.json", DECLARATION("N-2", "1")}, {"b.csv", "Strange,b\n1,2\n"}, {NULL, NULL}};
    gl_buf zip = test_zip(entries);
    CHECK(post_packed(&b, "/v1/validate?profile=parcels", ACCEPT("text/csv"), &zip, 200,
                      ",invalid,1,1,Strange,unknown-column,error,Strange,"));
    gl_buf_free(&zip);
    /* What is refused as a whole is a problem document, whatever was asked for. */
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("text/csv"), "", 400, "application/problem+json"));
    int taken = __atomic_load_n(&b.taken, __ATOMIC_ACQUIRE);
    CHECK(ask(b.port, "POST", "/v1/declarations", ACCEPT("image/png"), both, 406, "\"code\":\"not-acceptable\""));
    CHECK(ask(b.port, "POST", "/v1/validate", ACCEPT("*/*;q=0"), both, 406, "application/problem+json"));
    CHECK(__atomic_load_n(&b.taken, __ATOMIC_ACQUIRE) == taken);
    bench_drain(&b);
    bench_close(&b);
}

/* -- Without a view ----------------------------------------------------------------------------------------------- */

static void test_answer_after_the_commit(void)
{
    bench b;
    if (!bench_open(&b, "", true))
        return;
    set(&b.hold, true);
    int fd = send_request(b.port, "POST", "/v1/declarations", "", DECLARATION("S-1", "1"));
    CHECK_WITHIN(10, __atomic_load_n(&b.taken, __ATOMIC_ACQUIRE) == 1);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK(poll(&p, 1, 50) == 0); /* nothing before the commit */
    set(&b.hold, false);
    CHECK(heard(hear(fd), 202, "\"duplicate_check\":\"pending\""));
    CHECK(ask(b.port, "POST", "/v1/declarations", "", "{\"no\":1}", 422, "\"rejected\":1"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "", "", 400, "intake-empty"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "",
              "\x7F"
              "ELF",
              415, "intake-format-unknown"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "Content-Type: text/csv\r\n", "a,b\n1,2\n", 400,
              "intake-profile-required"));
    CHECK(ask(b.port, "POST", "/v1/declarations?first_position=7", "", DECLARATION("S-2", "1"), 202, "\"position\":7"));
    CHECK(ask(b.port, "POST", "/v1/declarations?first_position=x", "", DECLARATION("S-3", "1"), 400, "first_position"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "Greenlane-Account: nobody\r\n", "{}", 403, "account-unknown"));
    CHECK(ask(b.port, "GET", "/v1/declarations?lrn=x", "Greenlane-Account: nobody\r\n", "", 403, "account-unknown"));
    CHECK(ask(b.port, "GET", "/v1/declarations", "", "", 400, "query-invalid"));
    CHECK(ask(b.port, "GET", "/v1/declarations/ABC", "", "", 400, "mrn-invalid"));
    CHECK(ask(b.port, "GET", "/v1/declarations?lrn=S-1", "", "", 503, "Retry-After"));
    CHECK(ask(b.port, "GET", "/v1/profiles/parcels", "", "", 200, "\"group\":true,\"lrn\":[\"Tracking Number\"]"));
    CHECK(ask(b.port, "GET", "/v1/profiles/none", "", "", 404, "intake-profile-unknown"));
    set(&b.refuse, true);
    CHECK(ask(b.port, "POST", "/v1/declarations", "", DECLARATION("S-4", "1"), 503, "Retry-After"));
    bench_drain(&b);
    CHECK(ask(b.port, "POST", "/v1/declarations", "", DECLARATION("S-5", "1"), 503, "draining"));
    bench_close(&b);
}

#define KEY(name) "gl_the_key_of_" name "_with_32_characters_or_more"

/* Submitters of ACCOUNTS with their keys: from now on the service asks for credentials. */
static void authenticate(bench *b)
{
    char path[] = "/tmp/greenlane-access-XXXXXX", text[1000];
    static const char *const keys[] = {KEY("default"), KEY("hub-1"), KEY("customs"), KEY("bulk")};
    char hex[4][2 * GL_SHA256_BYTES + 1];
    for (int i = 0; i < 4; i++) {
        uint8_t digest[GL_SHA256_BYTES];
        gl_sha256(gl_str_of(keys[i]), digest);
        gl_hex(digest, sizeof digest, hex[i]);
    }
    int len = snprintf(text, sizeof text,
                       "submitters:\n"
                       "  - {account: default, keys: [sha256:%s], body_limit: 1k}\n"
                       "  - {account: hub-1, keys: [sha256:%s], requests_per_minute: 3}\n"
                       "  - {account: customs, keys: [sha256:%s]}\n"
                       "  - {account: bulk, keys: [sha256:%s], bytes_per_minute: 4k, body_limit: 4k}\n",
                       hex[0], hex[1], hex[2], hex[3]);
    gl_err err = {0};
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, (size_t)len) == len && close(fd) == 0);
    gl_access *access = gl_senders_load(path, ACCOUNTS, ACCOUNT_COUNT, &err);
    CHECK(access != NULL);
    pthread_mutex_lock(&b->ingest->access_lock);
    gl_access_release(b->ingest->access);
    b->ingest->access = access;
    pthread_mutex_unlock(&b->ingest->access_lock);
    unlink(path);
}

#define AS(name) "Authorization: Bearer " KEY(name) "\r\n"

static int send_text(int port, const char *text)
{
    int fd = dial(port);
    size_t len = strlen(text);
    CHECK(fd >= 0 && send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len);
    return fd;
}

/* What is announced counts at once, also when it never comes; what is not announced counts as it comes. */
static void check_bytes(const bench *b)
{
    static const char head[] = "POST /v1/declarations HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" AS("bulk");
    char text[3000], go[16] = "";
    snprintf(text, sizeof text, "%sContent-Length: 4000\r\nExpect: 100-continue\r\n\r\n", head);
    int fd = send_text(b->port, text);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK(poll(&p, 1, 20000) == 1 && recv(fd, go, 12, 0) == 12 && strcmp(go, "HTTP/1.1 100") == 0);
    close(fd);
    CHECK(heard(hear(send_text(b->port, text)), 429, "too-many-bytes"));
    int len = snprintf(text, sizeof text, "%sTransfer-Encoding: chunked\r\n\r\n7d0\r\n", head);
    memset(text + len, ' ', 2000);
    strcpy(text + len + 2000, "\r\n0\r\n\r\n");
    CHECK(heard(hear(send_text(b->port, text)), 429, "too-many-bytes"));
    CHECK(ask(b->port, "GET", "/v1/profiles/parcels", AS("bulk"), "", 200, "parcels"));
}

/* The submitters are replaced while a request of theirs waits. */
static void check_replaced(bench *b)
{
    set(&b->hold, true);
    int taken = __atomic_load_n(&b->taken, __ATOMIC_ACQUIRE);
    int fd = send_request(b->port, "POST", "/v1/declarations", AS("customs"), DECLARATION("C-9", "1"));
    CHECK_WITHIN(10, __atomic_load_n(&b->taken, __ATOMIC_ACQUIRE) == taken + 1);
    authenticate(b);
    set(&b->hold, false);
    CHECK(heard(hear(fd), 202, "\"accepted\":1"));
}

static void test_credentials(void)
{
    static const char inspection[] = "{\"event_id\":\"E-1\",\"occurred_at\":\"2026-11-24T06:35:01Z\",\"type\":"
                                     "\"INSPECTION_RESULT\",\"code\":\"A1\",\"lrn\":\"C-1\",\"family\":\"IMPORT\","
                                     "\"submitter\":\"default\"}";
    bench b;
    char large[2000];
    memset(large, ' ', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    if (!bench_open(&b, "", true))
        return;
    authenticate(&b);
    CHECK(ask(b.port, "POST", "/v1/declarations", "", DECLARATION("C-1", "1"), 401, "credential-missing"));
    CHECK(ask(b.port, "GET", "/v1/declarations?lrn=C-1", "", "", 401, "WWW-Authenticate: Bearer"));
    CHECK(ask(b.port, "GET", "/v1/profiles/parcels", "", "", 401, "credential-missing"));
    CHECK(ask(b.port, "POST", "/v1/events", AS("nobody"), inspection, 401, "key-unknown"));
    CHECK(ask(b.port, "POST", "/v1/declarations", AS("default"), DECLARATION("C-1", "1"), 202, "\"accepted\":1"));
    CHECK(ask(b.port, "POST", "/v1/declarations", AS("default") "Greenlane-Account: hub-1\r\n", DECLARATION("C-1", "1"),
              403, "account-mismatch"));
    CHECK(ask(b.port, "POST", "/v1/declarations", AS("default"), large, 413, "body-too-large"));
    CHECK(ask(b.port, "POST", "/v1/events", AS("default"), inspection, 422, "officer-required"));
    CHECK(ask(b.port, "POST", "/v1/events", AS("customs"), inspection, 202, "\"accepted\":1"));
    for (int i = 0; i < 3; i++)
        CHECK(ask(b.port, "GET", "/v1/profiles/parcels", AS("hub-1"), "", 200, "parcels"));
    CHECK(ask(b.port, "GET", "/v1/profiles/parcels", AS("hub-1"), "", 429, "Retry-After: "));
    CHECK(ask(b.port, "POST", "/v1/declarations", AS("hub-1"), DECLARATION("C-2", "1"), 429, "too-many-requests"));
    check_bytes(&b);
    check_replaced(&b);
    gl_buf text = {0};
    gl_metrics_render(b.metrics, &text);
    gl_buf_byte(&text, '\0');
    CHECK(strstr((char *)text.data, "gl_intake_refusals_total{code=\"too-many-requests\"} 2\n") != NULL);
    CHECK(strstr((char *)text.data, "gl_intake_refusals_total{code=\"credential-missing\"} 3\n") != NULL);
    gl_buf_free(&text);
    bench_drain(&b);
    bench_close(&b);
}

#define AS_OFFICER "Greenlane-Account: customs\r\n"

/* -- Outcomes: what is answered before a stream begins; push.py has the rest --------------------------------------- */

static int ask_outcomes(int port, const char *headers)
{
    return send_request(port, "GET", "/v1/outcomes", headers, "");
}

/* Brokers that do not answer: requests wait in their slots, until the stage stops. */
static void test_outcomes(void)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    gl_err err = {0};
    bench b;
    gl_conf *kafka = gl_conf_load(NULL, tables, 1, (const char *const[]){"kafka.brokers=127.0.0.1:1", NULL}, &err);
    if (!CHECK(kafka != NULL) || !bench_open(&b, "", true))
        return;
    CHECK(ask(b.port, "GET", "/v1/outcomes", "", "", 503, "outcomes-unavailable"));
    CHECK(ask(b.port, "GET", "/v1/outcomes", "Greenlane-Account: nobody\r\n", "", 403, "account-unknown"));
    CHECK(ask(b.port, "POST", "/v1/outcomes", "", "", 405, "Allow: GET, HEAD"));
    gl_push_conf push = *b.ingest->push_conf;
    push.streams = 3;
    push.streams_per_account = 2;
    gl_streams_destroy(b.ingest->streams);
    b.ingest->streams = gl_streams_new(b.ingest, &push);
    b.ingest->kafka_conf = gl_conf_section(kafka, "kafka");
    int fds[] = {ask_outcomes(b.port, ""), ask_outcomes(b.port, ""),
                 ask_outcomes(b.port, "Greenlane-Account: hub-1\r\n")};
    CHECK_WITHIN(10, gl_series_value(b.ingest->metrics.streams) == 3);
    CHECK(ask(b.port, "GET", "/v1/outcomes", "", "", 429, "too-many-streams"));
    CHECK(ask(b.port, "GET", "/v1/outcomes", AS_OFFICER, "", 503, "Retry-After: 2"));
    bench_drain(&b);
    CHECK(ask(b.port, "GET", "/v1/outcomes", "", "", 503, "draining"));
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        CHECK(heard(hear(fds[i]), 503, "Retry-After: 2"));
    CHECK_WITHIN(10, gl_series_value(b.ingest->metrics.streams) == 0);
    bench_close(&b);
    gl_conf_destroy(kafka);
}

#define EVENT(more) "{\"event_id\":\"E-1\",\"occurred_at\":\"2026-11-24T06:35:01Z\"," more "}"

/* Events are answered after the commit as declarations are. */
static void test_events(void)
{
    static const char arrival[] = EVENT("\"type\":\"ARRIVAL\",\"lrn\":\"S-1\",\"family\":\"IMPORT\""),
                      inspection[] = EVENT("\"type\":\"INSPECTION_RESULT\",\"code\":\"A1\",\"lrn\":\"S-1\",\"family\":"
                                           "\"IMPORT\",\"submitter\":\"default\"");
    bench b;
    if (!bench_open(&b, "", true))
        return;
    CHECK(ask(b.port, "POST", "/v1/events", "", arrival, 202,
              "{\"position\":1,\"event_id\":\"E-1\",\"lrn\":\"S-1\",\"status\":\"accepted\",\"errors\":[]}"));
    CHECK(ask(b.port, "POST", "/v1/events", "Content-Type: application/x-ndjson\r\n", EVENT("\"type\":\"x\"") "\n{\n",
              422, "\"accepted\":0,\"rejected\":2"));
    CHECK(ask(b.port, "POST", "/v1/events", "", inspection, 422, "officer-required"));
    CHECK(ask(b.port, "POST", "/v1/events", AS_OFFICER, inspection, 202, "\"status\":\"accepted\""));
    CHECK(ask(b.port, "POST", "/v1/events", "", "<a/>", 415, "intake-format-unknown"));
    CHECK(ask(b.port, "POST", "/v1/events", "", "", 400, "intake-empty"));
    CHECK(ask(b.port, "POST", "/v1/events", "Greenlane-Account: nobody\r\n", arrival, 403, "account-unknown"));
    set(&b.refuse, true);
    CHECK(ask(b.port, "POST", "/v1/events", "", arrival, 503, "Retry-After"));
    bench_drain(&b);
    CHECK(ask(b.port, "POST", "/v1/events", "", arrival, 503, "draining"));
    bench_close(&b);
}

/* What is taken or queued when the drain begins is committed and answered. */
static void test_drain(void)
{
    enum { REQUESTS = 12 };
    bench b;
    int fds[REQUESTS];
    if (!bench_open(&b, "", true))
        return;
    set(&b.hold, true);
    for (int i = 0; i < REQUESTS; i++) {
        char body[512];
        snprintf(body, sizeof body, DECLARATION("D-%d", "1"), i);
        fds[i] = send_request(b.port, "POST", "/v1/declarations", "", body);
        if (i == 0)
            CHECK_WITHIN(10, __atomic_load_n(&b.taken, __ATOMIC_ACQUIRE) == 1);
    }
    CHECK(ask(b.port, "GET", "/v1/profiles/kcs", "", "", 200, "kcs")); /* behind the posts, on the same thread */
    gl_ingest_stage.intake_stop(b.ingest);
    set(&b.hold, false);
    bench_drain(&b);
    for (int i = 0; i < REQUESTS; i++) {
        gl_buf answer = hear(fds[i]);
        bool either = strstr((char *)answer.data, "\"mrn\"") != NULL || strstr((char *)answer.data, "draining") != NULL;
        CHECK(either);
        gl_buf_free(&answer);
    }
    bench_close(&b);
}

/* The worker has failed: nobody will take what is queued. */
static void test_close_answers_what_is_queued(void)
{
    bench b;
    if (!bench_open(&b, "", false))
        return;
    int fd = send_request(b.port, "POST", "/v1/declarations", "", DECLARATION("Q-1", "1"));
    CHECK(ask(b.port, "GET", "/v1/profiles/kcs", "", "", 200, "kcs")); /* then it is in the queue */
    bench_close(&b);
    CHECK(heard(hear(fd), 503, "stopping"));
}

/* A file and requests at once: the watch's thread, the HTTP threads and the worker. */
static void test_watched_directory(void)
{
    char directory[] = "/tmp/greenlane-service-XXXXXX", from[64], to[64], done[64], command[64];
    if (!CHECK(mkdtemp(directory) != NULL))
        return;
    gl_account accounts[ACCOUNT_COUNT] = {
        {"default", "", "", false, false, 0, "", ""}, {"hub-1", directory, "", false, false, 0, "", ""}, OFFICER};
    snprintf(from, sizeof from, "%s/.f.ndjson", directory);
    snprintf(to, sizeof to, "%s/f.ndjson", directory);
    snprintf(done, sizeof done, "%s/done/f.ndjson", directory);
    FILE *file = fopen(from, "w");
    for (int i = 0; file != NULL && i < 25; i++)
        fprintf(file, DECLARATION("F-%d", "1") "\n", i);
    CHECK(file != NULL && fclose(file) == 0 && rename(from, to) == 0);
    bench b;
    if (!bench_open_for(&b, "", true, accounts))
        return;
    for (int i = 0; i < 5; i++)
        CHECK(ask(b.port, "POST", "/v1/declarations", "", DECLARATION("S-1", "1"), 202, "mrn"));
    CHECK_WITHIN(20, access(done, F_OK) == 0);
    bench_drain(&b);
    bench_close(&b);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    CHECK(system(command) == 0);
}

/* -- With a view -------------------------------------------------------------------------------------------------- */

typedef struct server {
    pid_t pid;
    char url[64], directory[64];
} server;

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        perror("bind");
    close(fd);
    return ntohs(address.sin_port);
}

static bool redis_start(server *s)
{
    char port[16];
    snprintf(port, sizeof port, "%d", free_port());
    snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%s", port);
    strcpy(s->directory, "/tmp/greenlane-service-XXXXXX");
    if (mkdtemp(s->directory) == NULL)
        return false;
    s->pid = fork();
    if (s->pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir",
               s->directory, (char *)NULL);
        _exit(127);
    }
    return s->pid > 0;
}

static void redis_kill(server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    rmdir(s->directory);
}

static gl_kv *kv_of(const server *s)
{
    gl_kv_conf conf = {.url = s->url, .timeout_ms = 5000, .retry_ms = 1};
    return gl_kv_new(&conf, NULL);
}

static void set_markers(const server *s, int64_t since_ms)
{
    gl_arena *arena = gl_arena_new(0);
    gl_kv *kv = kv_of(s);
    gl_str keys[PARTITIONS], values[PARTITIONS];
    for (int p = 0; p < PARTITIONS; p++) {
        keys[p] = gl_view_marker_key(arena, p);
        values[p] = gl_str_of(gl_arena_printf(arena, "%lld", (long long)since_ms));
    }
    gl_err err = {0};
    CHECK(gl_kv_set(kv, keys, values, PARTITIONS, 0, &err));
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
}

static void path_of(char path[128], const char *account, const char *lrn)
{
    char mrn[GL_MRN_CHARS + 1];
    gl_declaration_id id = gl_declaration_id_of(gl_str_of(account), gl_str_of(lrn), GL_FAMILY_IMPORT);
    gl_mrn_make(id.bytes, gl_wall_us(), "BE", GL_FAMILY_IMPORT, mrn);
    snprintf(path, 128, "/v1/declarations/%s", mrn);
}

static bool send_signal(const bench *b, const char *account, const char *path, int status, const char *text)
{
    char body[512], header[64];
    snprintf(body, sizeof body, EVENT("\"type\":\"SIGNAL\",\"code\":\"scan\",\"mrn\":\"%s\""), strrchr(path, '/') + 1);
    snprintf(header, sizeof header, "Greenlane-Account: %s\r\n", account);
    return ask(b->port, "POST", "/v1/events", header, body, status, text);
}

/* Amendments and events by MRN, with V-1 of "default" in a view that is complete. */
static void check_changes(const bench *b, const char *path, const char *unknown)
{
    char amendment[512];
    snprintf(amendment, sizeof amendment, "{\"function_code\":\"4\",%s", &DECLARATION("V-1", "1")[1]);
    CHECK(ask(b->port, "POST", "/v1/declarations", "", amendment, 202, "\"amendment\":true,\"duplicate\":true"));
    snprintf(amendment, sizeof amendment, "{\"function_code\":\"4\",%s", &DECLARATION("V-1", "9")[1]);
    CHECK(ask(b->port, "POST", "/v1/declarations", "", amendment, 202, strrchr(path, '/') + 1));
    CHECK(ask(b->port, "POST", "/v1/declarations", "", amendment, 202, "\"amendment\":true,\"duplicate\":false"));
    CHECK(send_signal(b, "default", path, 202, "\"status\":\"accepted\""));
    CHECK(send_signal(b, "hub-1", path, 422, "mrn-unknown"));
    CHECK(send_signal(b, "customs", path, 202, "\"status\":\"accepted\""));
    CHECK(send_signal(b, "customs", unknown, 422, "mrn-unknown"));
}

/* An LRN "<name>-<i>" of "default" in the partition that "V-0" is in. */
static void lrn_beside(char lrn[32], const char *name, int number)
{
    gl_declaration_id anchor = gl_declaration_id_of(GL_STR("default"), GL_STR("V-0"), GL_FAMILY_IMPORT), id;
    do {
        snprintf(lrn, 32, "%s-%d", name, number++);
        id = gl_declaration_id_of(GL_STR("default"), gl_str_of(lrn), GL_FAMILY_IMPORT);
    } while (gl_declaration_partition(id.bytes, PARTITIONS) != gl_declaration_partition(anchor.bytes, PARTITIONS));
}

static bool declare(const bench *b, const char *lrn, const char *value, int status, const char *text)
{
    char body[512];
    snprintf(body, sizeof body, DECLARATION("%s", "%s"), lrn, value);
    return ask(b->port, "POST", "/v1/declarations", "", body, status, text);
}

/* What decide does: the entry of this LRN has a decision. */
static void decide(const server *s, const char *lrn)
{
    gl_arena *arena = gl_arena_new(0);
    gl_kv *kv = kv_of(s);
    gl_declaration_id id = gl_declaration_id_of(GL_STR("default"), gl_str_of(lrn), GL_FAMILY_IMPORT);
    char stem[GL_MRN_STEM_CHARS + 1];
    gl_mrn_stem(id.bytes, stem);
    gl_str key = gl_view_key(arena, stem), value = {NULL, 0};
    gl_view_entry view;
    gl_err err = {0};
    CHECK(gl_kv_get(kv, arena, &key, 1, &value, &err) && value.ptr != NULL && gl_view_parse(value, &view));
    uint8_t digest[32] = {1};
    value = gl_view_value(arena, 1, digest, view.json);
    CHECK(gl_kv_set(kv, &key, &value, 1, 0, &err));
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
}

static void forget(const server *s, const char *lrn)
{
    gl_arena *arena = gl_arena_new(0);
    gl_kv *kv = kv_of(s);
    gl_declaration_id id = gl_declaration_id_of(GL_STR("default"), gl_str_of(lrn), GL_FAMILY_IMPORT);
    char stem[GL_MRN_STEM_CHARS + 1];
    gl_mrn_stem(id.bytes, stem);
    gl_str key = gl_view_key(arena, stem);
    gl_err err = {0};
    CHECK(gl_kv_delete(kv, &key, 1, &err));
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
}

/* As if the process had been there for a long time. */
static void settle_view(const bench *b)
{
    gl_doubt_destroy(b->ingest->doubt);
    b->ingest->doubt = gl_doubt_new(PARTITIONS, b->ingest->conf.view_settle_ms, gl_mono_us() - 600000000);
}

/* The early entry of an LRN is lost, and long after, while the pipeline stands still, other content comes under it:
 * nobody is told that the LRN was free, nor that its first owner is a thief. */
static void test_lost_entry(const bench *b, const server *s)
{
    char lost[32], probe[32], after[32];
    lrn_beside(lost, "L", 0);
    lrn_beside(probe, "P", 0);
    lrn_beside(after, "A", 0);
    settle_view(b);
    CHECK(declare(b, lost, "1", 202, "\"duplicate\":false,\"duplicate_check\":\"pending\""));
    forget(s, lost);
    CHECK(declare(b, lost, "2", 202, "\"duplicate\":false,\"duplicate_check\":\"pending\""));
    CHECK(declare(b, lost, "2", 202, "\"duplicate\":true,\"duplicate_check\":\"pending\""));  /* no answer came */
    CHECK(declare(b, lost, "1", 202, "\"duplicate\":false,\"duplicate_check\":\"pending\"")); /* the first one again */
    CHECK(declare(b, probe, "1", 202, "\"duplicate_check\":\"pending\""));
    CHECK(declare(b, after, "1", 202, "\"duplicate_check\":\"pending\""));
    decide(s, lost); /* it went through first: a declaration accepted after the loss shows that all before are there */
    CHECK(declare(b, lost, "2", 422, "lrn-reused"));
    lrn_beside(after, "B", 0);
    CHECK(declare(b, after, "1", 202, "\"duplicate_check\":\"done\""));
    CHECK(declare(b, after, "1", 202, "\"duplicate\":true,\"duplicate_check\":\"done\""));
    CHECK(declare(b, after, "2", 422, "lrn-reused"));
    char twice[1024], fresh[32];
    lrn_beside(fresh, "C", 0);
    snprintf(twice, sizeof twice, DECLARATION("%s", "1") "\n" DECLARATION("%s", "2"), fresh, fresh);
    CHECK(ask(b->port, "POST", "/v1/declarations", "", twice, 202, "lrn-reused"));
}

/* An amendment of what is decided shows nothing: what was accepted before it, and lost its early entry, may still wait.
 */
static void test_amended_probe(const bench *b, const server *s)
{
    char decided[32], lost[32], amendment[512];
    lrn_beside(decided, "AD", 0);
    lrn_beside(lost, "AL", 0);
    CHECK(declare(b, decided, "1", 202, "\"duplicate\":false"));
    decide(s, decided);
    CHECK(declare(b, lost, "1", 202, "\"duplicate\":false"));
    forget(s, lost);
    settle_view(b);
    snprintf(amendment, sizeof amendment, "{\"function_code\":\"4\"," DECLARATION_REST("%s", "2"), decided);
    CHECK(ask(b->port, "POST", "/v1/declarations", "", amendment, 202, "\"amendment\":true"));
    CHECK(declare(b, lost, "2", 202, "\"duplicate\":false,\"duplicate_check\":\"pending\""));
}

/* A batch that is given up may have been committed after all: what it accepted has no early entry. */
static void test_unknown_outcome(bench *b)
{
    char lrn[32], after[32];
    lrn_beside(lrn, "U", 0);
    lrn_beside(after, "U", 1000);
    CHECK(declare(b, after, "1", 202, "\"duplicate_check\":\"done\""));
    set(&b->refuse, true);
    CHECK(declare(b, lrn, "1", 503, "Retry-After"));
    set(&b->refuse, false);
    CHECK(declare(b, lrn, "2", 202, "\"duplicate_check\":\"pending\""));
}

/* What decide writes of a declaration of which only the key of its record is left. */
static void put_unreadable(const server *s, const char *account, const char *lrn)
{
    static const uint8_t unknown[GL_SHA256_BYTES];
    gl_arena *arena = gl_arena_new(0);
    gl_kv *kv = kv_of(s);
    char stem[GL_MRN_STEM_CHARS + 1];
    gl_declaration_id id = gl_declaration_id_of(gl_str_of(account), gl_str_of(lrn), GL_FAMILY_IMPORT);
    gl_mrn_stem(id.bytes, stem);
    gl_str key = gl_view_key(arena, stem),
           value =
               gl_view_value(arena, 1, unknown,
                             GL_STR("{\"mrn\":\"\",\"lrn\":\"\",\"submitter\":\"\",\"outcome\":\"HELD\",\"version\":0,"
                                    "\"timeline\":[]}"));
    gl_err err = {0};
    CHECK(gl_kv_set(kv, &key, &value, 1, 0, &err));
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
}

/* With a view that is complete: its sender learns that it is held, and may send it again. */
static void check_unreadable(const server *s, const bench *b)
{
    char path[128];
    path_of(path, "default", "V-9");
    put_unreadable(s, "default", "V-9");
    CHECK(ask(b->port, "GET", path, "", "", 200, "\"outcome\":\"HELD\""));
    CHECK(send_signal(b, "default", path, 422, "view-rebuilding"));
    CHECK(send_signal(b, "customs", path, 202, "\"status\":\"accepted\""));
    CHECK(
        ask(b->port, "POST", "/v1/declarations", "", DECLARATION("V-9", "1"), 202, "\"duplicate_check\":\"pending\""));
}

static void test_view(server *s)
{
    bench b;
    char path[128], unknown[128];
    int64_t now_ms = gl_wall_us() / 1000;
    if (!bench_open(&b, s->url, true))
        return;
    path_of(path, "default", "V-1");
    path_of(unknown, "default", "V-none");
    CHECK(ask(b.port, "GET", path, "", "", 503, "view-rebuilding"));
    set_markers(s, now_ms - 600000);
    CHECK(ask(b.port, "GET", path, "", "", 503, "view-rebuilding")); /* this process has only begun */
    test_lost_entry(&b, s);
    test_unknown_outcome(&b);
    test_amended_probe(&b, s);
    settle_view(&b);
    CHECK(ask(b.port, "GET", path, "", "", 404, "mrn-unknown"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "", DECLARATION("V-1", "1"), 202, "\"duplicate\":false"));
    CHECK(ask(b.port, "GET", path, "", "", 200, "\"outcome\":\"OPEN\""));
    CHECK(ask(b.port, "GET", "/v1/declarations?lrn=V-1", "", "", 200, "\"lrn\":\"V-1\""));
    CHECK(ask(b.port, "GET", "/v1/declarations?lrn=V-1", ACCEPT("application/EDIFACT"), "", 200, "RFF+ABE:V-1'"));
    CHECK(ask(b.port, "GET", "/v1/declarations?lrn=V-1", ACCEPT("text/csv"), "", 200, "\"lrn\":\"V-1\""));
    CHECK(ask(b.port, "GET", path, "Greenlane-Account: hub-1\r\n", "", 404, "mrn-unknown"));
    CHECK(ask(b.port, "GET", path, AS_OFFICER, "", 200, "\"lrn\":\"V-1\"")); /* an officer: any */
    CHECK(ask(b.port, "GET", "/v1/declarations?lrn=V-1", "Greenlane-Account: hub-1\r\n", "", 404, "mrn-unknown"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "", " " DECLARATION("V-1", "1"), 202, "\"duplicate\":true"));
    check_changes(&b, path, unknown);
    check_unreadable(s, &b);
    set_markers(s, now_ms);
    CHECK(send_signal(&b, "default", unknown, 422, "view-rebuilding"));
    CHECK(send_signal(&b, "customs", unknown, 202, "\"status\":\"accepted\""));
    CHECK(ask(b.port, "GET", unknown, "", "", 503, "view-rebuilding"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "", DECLARATION("V-2", "1"), 202, "\"duplicate_check\":\"pending\""));
    redis_kill(s);
    CHECK(send_signal(&b, "default", path, 422, "view-rebuilding"));
    CHECK(ask(b.port, "GET", path, "", "", 503, "view-rebuilding"));
    CHECK(ask(b.port, "POST", "/v1/declarations", "", DECLARATION("V-3", "1"), 202, "\"duplicate_check\":\"pending\""));
    CHECK(gl_series_count(b.ingest->metrics.view_lost) == 1);
    bench_drain(&b);
    bench_close(&b);
}

static bool redis_answers(const server *s)
{
    gl_kv *kv = kv_of(s);
    bool ok = gl_kv_ping(kv, NULL);
    gl_kv_destroy(kv);
    return ok;
}

/* Is redis-server installed? */
static bool redis_ended(const server *s)
{
    int status = 0;
    return waitpid(s->pid, &status, WNOHANG) == s->pid;
}

/* Whoever may write to an intake topic is its account: the configuration that people start from has none. */
static void test_shipped_configuration(void)
{
    gl_err err = {0};
    size_t count = 0;
    gl_conf *conf = gl_conf_load(GL_SOURCE_DIR "/config/ingest.yaml", gl_ingest_stage.conf_tables, 5, NULL, &err);
    if (!CHECK(conf != NULL))
        return;
    gl_conf_list(conf, "intake_topics", &count);
    CHECK(count == 0);
    gl_conf_destroy(conf);
}

int main(void)
{
    gl_log_init("test", GL_LOG_ERROR);
    test_shipped_configuration();
    test_validation_keeps_nothing();
    test_packed_bodies();
    test_answers_as_asked_for();
    test_answer_after_the_commit();
    test_events();
    test_outcomes();
    test_credentials();
    test_drain();
    test_close_answers_what_is_queued();
    test_watched_directory();
    server s = {0};
    bool ended = false;
    CHECK(redis_start(&s));
    CHECK_WITHIN(20, (ended = redis_ended(&s)) || redis_answers(&s));
    if (ended) {
        rmdir(s.directory);
        puts("redis-server is not installed: the view was not tested");
        return check_result() != 0 ? 1 : CHECK_SKIPPED;
    }
    test_view(&s);
    return check_result();
}
