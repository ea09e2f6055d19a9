/* The HTTP service over real sockets: both requests, errors, credentials, metrics, many clients at once, while the
 * stage works on a batch. Its own main(), so that ThreadSanitizer can run it. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/test_check.h"
#include "classify/classify.h"
#include "classify/desk.h"
#include "classify/test_hostile.h"
#include "customs/ids.h"
#include "io/kafka.h"

#define KEY "gl_classify_key_of_at_least_32_characters"
enum { CLIENTS = 8, ROUNDS = 40, ANSWER_BYTES = 1 << 20, BODY_LIMIT_BYTES = 65536 };

typedef struct instance {
    gl_conf *conf;
    gl_metrics *metrics;
    void *stage;
    int port;
} instance;

static instance open_with(const char *set, bool brokers)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_kv_conf_table, &gl_kafka_conf_table};
    const char *const sets[] = {"classify.model=" GL_SOURCE_DIR "/models/classify/hs6.glm",
                                "classify.vague_words=" GL_SOURCE_DIR "/models/classify/vague.txt",
                                "classify.vague_model=" GL_SOURCE_DIR "/models/classify/vague.glv",
                                "classify.facts=" GL_SOURCE_DIR "/models/classify/facts.txt",
                                "classify.terms=" GL_SOURCE_DIR "/models/classify/terms.gz",
                                "redis.url=",
                                "classify.listen=127.0.0.1:0",
                                "classify.body_limit=64k",
                                set,
                                NULL};
    gl_err err = {0};
    instance in = {.conf = gl_conf_load(NULL, tables, brokers ? 3 : 2, sets, &err), .metrics = gl_metrics_new()};
    if (in.conf == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    gl_stage_env env = {.conf = in.conf, .metrics = in.metrics};
    CHECK(gl_classify_stage.check(in.conf, &err));
    CHECK(gl_classify_stage.open(&env, &in.stage, &err));
    in.port = gl_classify_port(in.stage);
    CHECK(in.port > 0);
    return in;
}

static instance open_instance(const char *set)
{
    return open_with(set, false);
}

static void close_instance(instance *in)
{
    gl_classify_stage.close(in->stage);
    gl_metrics_destroy(in->metrics);
    gl_conf_destroy(in->conf);
}

/* The whole answer of a request on a connection of its own, NUL-terminated; the caller's. */
static char *exchange(int port, const char *head, gl_str body)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {20, 0};
    gl_buf request = {0};
    char *answer = calloc(1, ANSWER_BYTES);
    size_t len = 0;

    if (answer == NULL)
        abort();
    gl_buf_printf(&request, "%sHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", head, body.len);
    gl_buf_bytes(&request, body.ptr, body.len);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    CHECK(send(fd, request.data, request.len, MSG_NOSIGNAL) == (ssize_t)request.len || body.len > BODY_LIMIT_BYTES);
    for (ssize_t got; len + 1 < ANSWER_BYTES && (got = recv(fd, answer + len, ANSWER_BYTES - 1 - len, 0)) > 0;)
        len += (size_t)got;
    close(fd);
    gl_buf_free(&request);
    return answer;
}

static bool answered(int port, const char *head, const char *body, int status, const char *has)
{
    char *answer = exchange(port, head, gl_str_of(body));
    bool good = strtol(answer + 9, NULL, 10) == status && strstr(answer, has) != NULL;
    if (!good)
        fprintf(stderr, "%s%s\n-> %s\nwanted %d %s\n", head, body, answer, status, has);
    free(answer);
    return good;
}

#define FPO      "POST /fpo-code-search HTTP/1.1\r\n"
#define CLASSIFY "POST /v1/classify HTTP/1.1\r\n"

static bool metric_is(const instance *in, const char *line)
{
    gl_buf text = {0};
    gl_metrics_render(in->metrics, &text);
    gl_buf_byte(&text, 0);
    bool found = strstr((const char *)text.data, line) != NULL;
    gl_buf_free(&text);
    return found;
}

static void questions_are_answered(void)
{
    instance in = open_instance(NULL);

    CHECK(answered(in.port, FPO, "{\"description\":\"jigsaw puzzle for children\",\"digits\":6,\"limit\":5}", 200,
                   "{\"results\":[{\"code\":\"950300\",\"score\":"));
    CHECK(answered(in.port, FPO, "{\"description\":\"Jigsaw  puzzle for children!\",\"digits\":8}", 200,
                   "{\"results\":[{\"code\":\"950300\",\"score\":"));
    CHECK(answered(in.port, FPO, "{\"description\":\"gift\"}", 200, "{\"results\":[]}"));
    CHECK(answered(in.port, FPO, "{\"description\":\"gift\",\"limit\":99}", 400,
                   "\"message\":\"Invalid value for limit\""));
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"jigsaw puzzle for children\",\"declared\":\"610910\"}", 200,
                   "\"verdict\":\"CONTRADICTORY\""));
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"jigsaw puzzle\",\"explain\":true}", 200,
                   "\"closest\":[{\"term\":\"jigsaw puzzle\",\"code\":\"950300\","));
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"jigsaw puzzle\",\"explain\":true}", 200,
                   "\"words\":[{\"word\":\""));
    CHECK(answered(in.port, CLASSIFY, "{\"items\":[{\"description\":\"gift\"},{\"description\":\"ceramic mug\"}]}", 200,
                   "{\"answers\":[{\"description\":\"gift\",\"abstained\":true,"));
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"footwear\"}", 200,
                   "\"missing\":[{\"attribute\":\"material\","));
    CHECK(answered(in.port, CLASSIFY, "{\"descriptions\":[]}", 422, "did you mean \\\"description\\\"?"));
    CHECK(answered(in.port, CLASSIFY, "{", 400, "\"code\":\"not-well-formed\""));
    CHECK(answered(in.port, CLASSIFY "Content-Encoding: gzip\r\n", "{}", 415, "content-encoding-unknown"));
    CHECK(answered(in.port, "GET /v1/classify HTTP/1.1\r\n", "", 405, "Allow: POST"));
    CHECK(answered(in.port, "GET /v1/openapi.json HTTP/1.1\r\n", "", 200, "\"Greenlane classify\""));
    CHECK(answered(in.port, "GET /nothing HTTP/1.1\r\n", "", 404, "problem+json"));
    CHECK(metric_is(&in, "gl_classify_replies_total{result=\"cached\"} 2"));
    CHECK(metric_is(&in, "gl_classify_replies_total{result=\"computed\"} 5"));
    CHECK(metric_is(&in, "gl_classify_replies_total{result=\"refused\"} 2"));
    close_instance(&in);
}

static void large_and_strange_bodies(void)
{
    enum { LARGE = 1 << 20, LONG = 50000 };
    instance in = open_instance(NULL);
    char *bytes = malloc(LARGE + 32);

    if (bytes == NULL)
        abort();
    memset(bytes, 'a', LARGE);
    char *answer = exchange(in.port, CLASSIFY, (gl_str){bytes, LARGE});
    CHECK(strstr(answer, " 413 ") != NULL || answer[0] == 0); /* the rest of it is not waited for */
    free(answer);
    memcpy(bytes, "{\"description\":\"", 16);
    memcpy(bytes + LONG, "\"}", 2);
    answer = exchange(in.port, CLASSIFY, (gl_str){bytes, LONG + 2});
    CHECK(strstr(answer, " 200 ") != NULL && strstr(answer, "\"status\":\"REFUSED\",\"reason\":\"too-long\"") != NULL);
    free(answer);
    answer = exchange(in.port, FPO, (gl_str){bytes, LONG + 2});
    CHECK(strstr(answer, " 400 ") != NULL && strstr(answer, "Invalid value for description") != NULL);
    free(answer);
    free(bytes);
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"a\\u0000b \\ud83d\\ude00 <script>\"}", 200, "\"status\":"));
    CHECK(answered(in.port, FPO, "{\"description\":\"\\ud83d\\ude00\"}", 200, "{\"results\":[]}"));
    close_instance(&in);
}

/* A body with the text as JSON has it (`raw`: as it is) is answered, or refused for what it is; never left alone. */
static void is_answered_or_refused(int port, const char *head, gl_str text, bool raw)
{
    int64_t began_ms = hostile_cpu_ms();
    gl_buf body = {0};

    gl_buf_text(&body, raw ? "{\"description\":\"" : "{\"description\":");
    if (raw)
        gl_buf_str(&body, text);
    else
        gl_buf_json(&body, text);
    gl_buf_text(&body, raw ? "\"}" : "}");
    char *answer = exchange(port, head, gl_buf_view(&body));
    long status = answer[0] == 0 ? 413 : strtol(answer + 9, NULL, 10); /* closed: the rest was not waited for */
    CHECK(hostile_cpu_ms() - began_ms < HOSTILE_CPU_LIMIT_MS);
    if (!CHECK(status == 200 || status == 400 || status == 413 || status == 422))
        fprintf(stderr, "%ld to %zu bytes that begin \"%.20s\"\n", status, text.len, text.ptr);
    CHECK(body.len <= BODY_LIMIT_BYTES || status == 413);
    free(answer);
    gl_buf_free(&body);
}

static void hostile_ones(void)
{
    instance in = open_instance(NULL);
    static const char *const heads[] = {CLASSIFY, FPO};

    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        char *text = hostile_repeat(hostile_texts[i], HOSTILE_LARGE_BYTES);
        for (int raw = 0; raw < 2; raw++)
            for (int h = 0; h < 2; h++) {
                is_answered_or_refused(in.port, heads[h], hostile_texts[i], raw != 0);
                is_answered_or_refused(in.port, heads[h], (gl_str){text, GL_DESK_LIMIT_DESCRIPTION_BYTES}, raw != 0);
                is_answered_or_refused(in.port, heads[h], (gl_str){text, HOSTILE_LARGE_BYTES}, raw != 0);
            }
        free(text);
    }
    CHECK(
        answered(in.port, CLASSIFY, "{\"description\":\"ceramic mug\"}", 200, "\"candidates\"")); /* it still serves */
    close_instance(&in);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

#define COTTON "{\"description\":\"men's cotton t-shirt\",\"tariff\":\"UK\""

static void national_codes(void)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_tariff_conf_table, &gl_kv_conf_table};
    char path[] = "/tmp/gl-classify-conf-XXXXXX", tariff[64], text[1024];
    gl_err err = {0};

    close(mkstemp(path));
    snprintf(tariff, sizeof tariff, "%s.csv", path);
    snprintf(text, sizeof text,
             "classify:\n  model: " GL_SOURCE_DIR "/models/classify/hs6.glm\n"
             "  vague_words: " GL_SOURCE_DIR "/models/classify/vague.txt\n"
             "  vague_model: " GL_SOURCE_DIR "/models/classify/vague.glv\n"
             "  facts: " GL_SOURCE_DIR "/models/classify/facts.txt\n  terms: " GL_SOURCE_DIR
             "/models/classify/terms.gz\n  listen: 127.0.0.1:0\n"
             "tariffs:\n  - name: UK\n    file: %s\n",
             tariff);
    write_file(path, text);
    write_file(tariff, "code,description,rate\n61091000,T-shirts of cotton,12.0%\n62052000,Shirts of cotton,8%\n");
    instance in = {.conf = gl_conf_load(path, tables, 3, NULL, &err), .metrics = gl_metrics_new()};
    gl_stage_env env = {.conf = in.conf, .metrics = in.metrics};
    CHECK(in.conf != NULL && gl_classify_stage.check(in.conf, &err) && gl_classify_stage.open(&env, &in.stage, &err));
    in.port = gl_classify_port(in.stage);
    CHECK(answered(in.port, CLASSIFY, COTTON "}", 200, "\"tariff\":{\"name\":\"UK\",\"version\":\"UK/"));
    CHECK(answered(in.port, CLASSIFY,
                   COTTON ",\"declared\":\"6205200000\",\"value\":{\"amount\":\"50\","
                          "\"currency\":\"GBP\"}}",
                   200, "\"duty_at_stake\":{\"currency\":\"GBP\",\"amount\":2.00,"));
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"mug\",\"tariff\":\"US\"}", 422,
                   "\"allowed\":\"the name of a tariff that holds today: UK\""));
    CHECK(answered(in.port, FPO, "{\"description\":\"men's cotton t-shirt\",\"digits\":8}", 200,
                   "{\"code\":\"61091000\","));
    CHECK(answered(in.port, FPO, "{\"description\":\"men's cotton t-shirt\",\"digits\":8}", 200,
                   "{\"code\":\"610510\",")); /* not in this tariff */
    CHECK(answered(in.port, FPO, "{\"description\":\"men's cotton t-shirt\"}", 200, "{\"code\":\"610910\","));
    write_file(tariff, "code,description,rate\n6109100010,T-shirts of cotton,10.0%\n");
    CHECK(gl_classify_stage.reload(in.stage, in.conf, &err));
    CHECK(answered(in.port, CLASSIFY, COTTON "}", 200, "{\"code\":\"6109100010\""));
    write_file(tariff, "code,description\n61091,T-shirts of cotton\n");
    CHECK(!gl_classify_stage.reload(in.stage, in.conf, &err) && !gl_classify_stage.check(in.conf, &err));
    CHECK(answered(in.port, CLASSIFY, COTTON "}", 200, "{\"code\":\"6109100010\""));
    unlink(tariff);
    unlink(path);
    close_instance(&in);
}

static void write_access(const char *path, const char *key)
{
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    FILE *file = fopen(path, "w");
    gl_sha256(gl_str_of(key), digest);
    gl_hex(digest, sizeof digest, hex);
    CHECK(file != NULL &&
          fprintf(file, "submitters:\n  - account: hub\n    keys: ['sha256:%s']\n    requests_per_minute: 5\n", hex) >
              0 &&
          fclose(file) == 0);
}

static void who_may_ask(void)
{
    char path[] = "/tmp/gl-classify-access-XXXXXX", set[128];
    int fd = mkstemp(path);
    close(fd);
    write_access(path, KEY);
    snprintf(set, sizeof set, "classify.access=%s", path);
    instance in = open_instance(set);
    const char *body = "{\"description\":\"ceramic mug\"}";

    CHECK(answered(in.port, FPO, body, 401, "credential-missing"));
    CHECK(answered(in.port, FPO "Authorization: Bearer gl_another_key_of_at_least_32_characters\r\n", body, 401,
                   "key-unknown"));
    CHECK(answered(in.port, FPO "X-Api-Key: short\r\n", body, 401, "key-malformed"));
    CHECK(answered(in.port, FPO "X-Api-Key: " KEY "\r\n", body, 200, "\"results\""));
    CHECK(answered(in.port, CLASSIFY "Authorization: Bearer " KEY "\r\n", body, 200, "\"candidates\""));
    CHECK(answered(in.port, CLASSIFY "Authorization: Bearer " KEY "\r\nGreenlane-Account: other\r\n", body, 403,
                   "account-mismatch"));
    write_access(path, KEY "_new");
    gl_err err = {0};
    CHECK(gl_classify_stage.reload(in.stage, in.conf, &err));
    CHECK(answered(in.port, FPO "X-Api-Key: " KEY "\r\n", body, 401, "key-unknown"));
    for (int i = 0; i < 3; i++)
        CHECK(answered(in.port, FPO "X-Api-Key: " KEY "_new\r\n", body, 200, "\"results\""));
    CHECK(answered(in.port, FPO "X-Api-Key: " KEY "_new\r\n", body, 429, "Retry-After"));
    CHECK(metric_is(&in, "gl_classify_refusals_total{code=\"key-unknown\"} 2"));
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs("submitters: []\n", file) >= 0 && fclose(file) == 0);
    CHECK(!gl_classify_stage.reload(in.stage, in.conf, &err));
    CHECK(answered(in.port, FPO "X-Api-Key: " KEY "\r\n", body, 401, "key-unknown"));
    unlink(path);
    close_instance(&in);
}

static void what_does_not_fit_is_refused(void)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_kv_conf_table};
    static const char *const wrong[] = {"classify.tls_ca=/ca.pem", "classify.tls_certificate=/nothing.pem",
                                        "classify.access=/nothing.yaml"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const sets[] = {"classify.listen=127.0.0.1:0", wrong[i], NULL};
        gl_err err = {0};
        gl_conf *conf = gl_conf_load(NULL, tables, 2, sets, &err);
        CHECK(conf != NULL && !gl_classify_stage.check(conf, &err) && err.action == GL_FATAL);
        gl_conf_destroy(conf);
    }
}

static void *one_client(void *context)
{
    const instance *in = context;
    for (int i = 0; i < ROUNDS; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"description\":\"ceramic mug kind %d\",\"limit\":%d}", i % 7, 1 + i % 10);
        CHECK(answered(in->port, FPO, body, 200, "{\"results\":[{\"code\":\"691"));
    }
    return NULL;
}

/* The worker classifies meanwhile, with the same model. */
static void work_on_a_batch(const instance *in, void *worker)
{
    gl_arena *arena = gl_arena_new(0);
    gl_record record = {.key = GL_STR("0123456789abcdef"), .value = GL_STR("poison")};
    gl_batch batch = {&record, 1, 1, arena, 0};
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_err err = {0};
    CHECK(gl_classify_stage.process(in->stage, worker, &batch, outbox, &err));
    gl_arena_destroy(arena);
}

static void many_clients_at_once(void)
{
    instance in = open_instance(NULL);
    gl_stage_env env = {.conf = in.conf, .metrics = in.metrics};
    pthread_t clients[CLIENTS];
    void *worker = NULL;
    gl_err err = {0};

    CHECK(gl_classify_stage.worker_open(in.stage, &env, &worker, &err));
    for (int i = 0; i < CLIENTS; i++)
        if (pthread_create(&clients[i], NULL, one_client, &in) != 0)
            abort();
    for (int i = 0; i < ROUNDS; i++)
        work_on_a_batch(&in, worker);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    gl_classify_stage.worker_close(worker);
    close_instance(&in);
}

/* The rulings of a stage are read once its first worker runs; here none ever does. */
static void nothing_is_answered_before_the_rulings_are_read(void)
{
    instance in = open_with("classify.precedents_wait=10m", true);
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"jigsaw puzzle\"}", 503, "\"code\":\"starting\""));
    CHECK(answered(in.port, FPO, "{\"description\":\"jigsaw puzzle\"}", 503, "Retry-After: 1"));
    close_instance(&in);
    in = open_with("classify.precedents_wait=0", true);
    CHECK(answered(in.port, CLASSIFY, "{\"description\":\"jigsaw puzzle\"}", 200, "\"answer\""));
    close_instance(&in);
}

int main(void)
{
    gl_log_init("test", GL_LOG_ERROR);
    questions_are_answered();
    large_and_strange_bodies();
    hostile_ones();
    national_codes();
    who_may_ask();
    what_does_not_fit_is_refused();
    many_clients_at_once();
    nothing_is_answered_before_the_rulings_are_read();
    return check_result();
}
