/* The stage with a real redis-server on a free port: results written after the commit are found by another worker,
 * values that were damaged are computed again, and a server that is gone changes no byte. Skipped (77) when
 * redis-server is not installed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/test_check.h"
#include "classify/batch.h"
#include "classify/classify.h"
#include "gen/topics.h"

enum { TEXTS = 4 };
static const char *const TEXT[TEXTS] = {"leather shoes for men", "plastic toy car", "ceramic coffee mug",
                                        "steel hex bolts"};

typedef struct server {
    pid_t pid;
    int port;
    char url[64];
} server;

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("socket");
        exit(1);
    }
    close(fd);
    return ntohs(address.sin_port);
}

static bool answers(const server *s)
{
    gl_kv_conf conf = {.url = s->url, .timeout_ms = 2000, .retry_ms = 1};
    gl_kv *kv = gl_kv_new(&conf, NULL);
    bool ok = gl_kv_ping(kv, NULL);
    gl_kv_destroy(kv);
    return ok;
}

/* False when there is no redis-server. */
static bool start(server *s)
{
    char port[16];
    int status = 0;

    s->port = free_port();
    snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%d", s->port);
    snprintf(port, sizeof port, "%d", s->port);
    s->pid = fork();
    if (s->pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly",
               "no", (char *)NULL);
        _exit(127);
    }
    int64_t until_us = gl_mono_us() + 20 * INT64_C(1000000);
    while (!answers(s)) {
        if (waitpid(s->pid, &status, WNOHANG) == s->pid || gl_mono_us() > until_us)
            return false;
        check_pause();
    }
    return true;
}

static void stop(server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

typedef struct instance {
    gl_conf *conf;
    gl_metrics *metrics;
    void *stage, *worker;
} instance;

static instance open_instance(const char *url)
{
    static const gl_conf_table *const tables[] = {&gl_classify_conf_table, &gl_kv_conf_table};
    char set_url[96];
    gl_err err = {0};
    instance in = {.metrics = gl_metrics_new()};

    snprintf(set_url, sizeof set_url, "redis.url=%s", url);
    const char *const sets[] = {"classify.model=" GL_SOURCE_DIR "/models/classify/hs6.glm",
                                "classify.vague_words=" GL_SOURCE_DIR "/models/classify/vague.txt",
                                "classify.vague_model=" GL_SOURCE_DIR "/models/classify/vague.glv",
                                set_url,
                                "redis.timeout=2s",
                                NULL};
    in.conf = gl_conf_load(NULL, tables, 2, sets, &err);
    gl_stage_env env = {.conf = in.conf, .metrics = in.metrics};
    if (in.conf == NULL || !gl_classify_stage.open(&env, &in.stage, &err) ||
        !gl_classify_stage.worker_open(in.stage, &env, &in.worker, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return in;
}

static void close_instance(instance *in)
{
    gl_classify_stage.worker_close(in->worker);
    gl_classify_stage.close(in->stage);
    gl_metrics_destroy(in->metrics);
    gl_conf_destroy(in->conf);
}

/* One declaration with all texts. */
static gl_record record_of(gl_arena *arena)
{
    gl_accepted accepted = {0};
    gl_declaration *d = &accepted.declaration;
    d->functional_reference_id = d->submitter = d->mrn = d->type_code = GL_STR("x");
    d->message.format = d->message.channel = GL_STR("x");
    d->items.at = GL_NEW_N(arena, gl_declaration_goods_item, TEXTS);
    d->items.count = TEXTS;
    for (size_t i = 0; i < TEXTS; i++)
        d->items.at[i].description = gl_str_of(TEXT[i]);
    gl_buf value = gl_buf_in(arena);
    memcpy(d->declaration_id, "0123456789abcdef", sizeof d->declaration_id);
    gl_accepted_encode(&value, &accepted);
    return (gl_record){.key = GL_STR("0123456789abcdef"), .value = gl_buf_view(&value)};
}

/* The first attempt is aborted; in the second nothing is left but a record that is poison. */
static void lose_all_but_poison(instance *in)
{
    enum { USED_BYTES = 1 << 16 };
    gl_arena *arena = gl_arena_new(2 * USED_BYTES);
    gl_err err = {0};
    gl_record record = record_of(arena);
    gl_batch batch = {&record, 1, INT64_C(1795521600) * 1000000, arena, 0};
    CHECK(gl_classify_stage.process(in->stage, in->worker, &batch, gl_outbox_new(arena), &err));
    gl_arena_reset(arena);
    memset(gl_arena_alloc(arena, USED_BYTES), 0x7F, USED_BYTES);
    record = (gl_record){.key = GL_STR("0123456789abcdef"), .value = GL_STR("poison")};
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_fail(&err, GL_DEAD_LETTER, "output-too-large", "for a test");
    gl_classify_stage.dead_lettered(in->stage, in->worker, &batch, &record, &err, outbox);
    gl_classify_stage.applied(in->stage, in->worker, &batch, outbox);
    gl_arena_destroy(arena);
}

/* The output's value in `arena`. */
static gl_str run(instance *in, gl_arena *arena)
{
    gl_err err = {0};
    size_t count = 0;
    gl_record record = record_of(arena);
    gl_batch batch = {&record, 1, INT64_C(1795521600) * 1000000, arena, 0};
    gl_outbox *outbox = gl_outbox_new(arena);
    CHECK(gl_classify_stage.process(in->stage, in->worker, &batch, outbox, &err));
    gl_classify_stage.applied(in->stage, in->worker, &batch, outbox);
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    CHECK(count == 1 && entries[0].kind == 'o');
    return entries[0].value;
}

static bool metric_is(const instance *in, const char *line)
{
    gl_buf text = {0};
    gl_metrics_render(in->metrics, &text);
    gl_buf_byte(&text, 0);
    bool found = strstr((const char *)text.data, line) != NULL;
    gl_buf_free(&text);
    return found;
}

static void overwrite(const server *s, gl_arena *arena, const char *model_version, gl_str value)
{
    gl_kv_conf conf = {.url = s->url, .timeout_ms = 2000, .retry_ms = 1};
    gl_kv *kv = gl_kv_new(&conf, NULL);
    gl_str keys[TEXTS], values[TEXTS];

    for (size_t i = 0; i < TEXTS; i++) {
        char buffer[GL_TEXT_OUTPUT_MAX];
        gl_text_key key = gl_text_key_of(gl_text_normalise(gl_str_of(TEXT[i]), buffer), (gl_str){NULL, 0});
        keys[i] = gl_cache_kv_key(arena, model_version, &key);
        values[i] = value;
    }
    gl_str got[TEXTS];
    CHECK(gl_kv_get(kv, arena, keys, TEXTS, got, NULL));
    for (size_t i = 0; i < TEXTS; i++)
        CHECK(got[i].len > 0); /* the names are those that the stage wrote */
    CHECK(gl_kv_set(kv, keys, values, TEXTS, 0, NULL));
    gl_kv_destroy(kv);
}

int main(void)
{
    server s = {0};
    gl_log_init("test", GL_LOG_ERROR);
    if (!start(&s)) {
        printf("redis-server does not start (is it installed?): skipped\n");
        return CHECK_SKIPPED;
    }
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_hs_model *model = gl_hs_model_open(GL_SOURCE_DIR "/models/classify/hs6.glm", &err);
    instance first = open_instance(s.url), second = open_instance(s.url), third = open_instance(s.url);

    instance poisoned = open_instance(s.url);
    lose_all_but_poison(&poisoned);
    close_instance(&poisoned);
    gl_str computed = run(&first, arena);
    CHECK(metric_is(&first, "gl_classify_cache_misses_total 4"));
    CHECK(gl_str_eq(computed, run(&second, arena)));
    CHECK(metric_is(&second, "gl_classify_cache_hits_total{cache=\"redis\"} 4"));
    CHECK(metric_is(&second, "gl_classify_cache_misses_total 0"));
    CHECK(gl_str_eq(computed, run(&second, arena)));
    CHECK(metric_is(&second, "gl_classify_cache_hits_total{cache=\"worker\"} 4"));

    overwrite(&s, arena, gl_hs_model_version(model), GL_STR("\x01 not a result of this text"));
    CHECK(gl_str_eq(computed, run(&third, arena)));
    CHECK(metric_is(&third, "gl_classify_cache_misses_total 4"));
    close_instance(&third);

    stop(&s);
    third = open_instance(s.url);
    CHECK(gl_str_eq(computed, run(&third, arena)));
    close_instance(&third);
    close_instance(&second);
    close_instance(&first);
    gl_hs_model_destroy(model);
    gl_arena_destroy(arena);
    return check_result();
}
