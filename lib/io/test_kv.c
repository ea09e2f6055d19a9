/* gl_kv against a real redis-server, which the test starts on a free port and kills, stops and restarts; and against
 * servers that answer nonsense or too slowly. Skipped (77) when redis-server is not installed.
 * With the argument "bench" it measures instead. */
#include "io/kv.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/test_check.h"
#if GL_HIREDIS_TLS
#include "io/test_certificates.h"
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct server {
    pid_t pid;
    int port;
    char directory[64];
} server;

static int bound_socket(int *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("socket");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static gl_kv *connect_to(int port, const char *user, const char *rest, int64_t timeout_ms, int64_t retry_ms,
                         gl_metrics *metrics)
{
    char url[128];
    snprintf(url, sizeof url, "redis://%s127.0.0.1:%d%s", user, port, rest);
    gl_kv_conf conf = {.url = url, .timeout_ms = timeout_ms, .retry_ms = retry_ms};
    return gl_kv_new(&conf, metrics);
}

static void spawn(server *s, const char *password)
{
    char port[16];
    snprintf(port, sizeof port, "%d", s->port);
    s->pid = fork();
    if (s->pid != 0)
        return;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", s->directory,
           "--requirepass", password, (char *)NULL);
    _exit(127);
}

static bool answers(int port, const char *user)
{
    gl_kv *kv = connect_to(port, user, "", 2000, 1, NULL);
    bool ok = gl_kv_ping(kv, NULL);
    gl_kv_destroy(kv);
    return ok;
}

static void start(server *s, const char *password, const char *user)
{
    if (s->port == 0) {
        close(bound_socket(&s->port));
        snprintf(s->directory, sizeof s->directory, "/tmp/greenlane-test-kv-XXXXXX");
        if (mkdtemp(s->directory) == NULL)
            perror("mkdtemp");
    }
    spawn(s, password);
    CHECK_WITHIN(20, answers(s->port, user));
}

static void stop(server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

static void stop_for_good(server *s)
{
    stop(s);
    rmdir(s->directory);
}

static bool check_url(const char *url, gl_err *err)
{
    return gl_kv_check(&(gl_kv_conf){.url = url}, err);
}

static void test_urls(void)
{
    static const char *const good[] = {
        "",
        "redis://localhost",
        "redis://127.0.0.1:6380/3",
        "redis://[::1]:6379/0",
        "redis://:secret@h",
        "redis://user:p%40ss%2f@host:1/",
    };
    static const char *const bad[] = {
        "http://h",      "redis://",       "redis://h:0",      "redis://h:65536", "redis://h:x",   "redis://user@h",
        "redis://:%4@h", "redis://:%00@h", "redis://[::1]x:1", "redis://h/a",     "redis://h:1:2",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK(check_url(good[i], NULL));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gl_err err = {0};
        CHECK(!check_url(bad[i], &err) && strcmp(err.code, "kv-url") == 0 && err.action == GL_FATAL);
    }
}

/* User and password beside the URL, and what belongs together. */
static void test_credentials(void)
{
    static const gl_kv_conf good[] = {
        {.url = "redis://h", .username = "u", .password = "a/b@c:d"},
        {.url = "redis://:old@h", .password = "new"},
        {.url = "redis://h", .username = "", .password = "", .tls_ca = ""},
    };
    static const gl_kv_conf bad[] = {
        {.url = "redis://h", .username = "u"},
        {.url = "redis://h", .tls_ca = "ca.pem"},
        {.url = "redis://h", .tls_certificate = "c.pem", .tls_key = "k.pem"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK(gl_kv_check(&good[i], NULL));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gl_err err = {0};
        CHECK(!gl_kv_check(&bad[i], &err) && strcmp(err.code, "kv-url") == 0 && err.action == GL_FATAL);
    }
}

#if GL_HIREDIS_TLS
static void spawn_tls(server *s, const certificates *made)
{
    char port[16], file[3][256];
    static const char *const names[] = {"a/ca.pem", "a/server.pem", "a/server.key"};
    snprintf(port, sizeof port, "%d", s->port);
    for (int i = 0; i < 3; i++)
        certificates_path(made, names[i], file[i]);
    s->pid = fork();
    if (s->pid != 0)
        return;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--tls-port", port, "--bind", "127.0.0.1", "--save", "",
           "--dir", made->dir, "--tls-ca-cert-file", file[0], "--tls-cert-file", file[1], "--tls-key-file", file[2],
           "--requirepass", "hush", (char *)NULL);
    _exit(127);
}

typedef struct tls_case {
    const char *ca, *certificate, *key, *host, *password;
    const char *said; /* NULL: it works */
} tls_case;

static void check_tls(const server *s, const certificates *made, const tls_case *c)
{
    char url[64], ca[256], certificate[256], key[256];
    snprintf(url, sizeof url, "rediss://%s:%d", c->host, s->port);
    certificates_path(made, c->ca, ca);
    certificates_path(made, c->certificate, certificate);
    certificates_path(made, c->key, key);
    gl_kv_conf conf = {.url = url,
                       .timeout_ms = 5000,
                       .retry_ms = 1,
                       .password = c->password,
                       .tls_ca = ca,
                       .tls_certificate = c->certificate[0] == '\0' ? "" : certificate,
                       .tls_key = c->certificate[0] == '\0' ? "" : key};
    gl_err err = {0};
    CHECK(gl_kv_check(&conf, &err));
    gl_kv *kv = gl_kv_new(&conf, NULL);
    bool good = gl_kv_ping(kv, &err);
    if (good != (c->said == NULL) || (c->said != NULL && strstr(err.message, c->said) == NULL)) {
        fprintf(stderr, "expected %s, got %s\n", c->said == NULL ? "a pong" : c->said, good ? "a pong" : err.message);
        CHECK(false);
    }
    static char large[300000]; /* many TLS records each way */
    memset(large, 'x', sizeof large);
    gl_str name = GL_STR("large"), value = {large, sizeof large}, got;
    gl_arena *arena = gl_arena_new(0);
    CHECK(!good || (gl_kv_set(kv, &name, &value, 1, 0, &err) && gl_kv_get(kv, arena, &name, 1, &got, &err) &&
                    gl_str_eq(got, value)));
    gl_arena_destroy(arena);
    gl_kv_destroy(kv);
}

static void test_tls(void)
{
    certificates made = {""};
    CHECK(certificates_make(&made, "server client", "other"));
    server s = {0};
    close(bound_socket(&s.port));
    spawn_tls(&s, &made);
    static const tls_case cases[] = {
        {"a/ca.pem", "a/client.pem", "a/client.key", "127.0.0.1", "hush", NULL},
        {"a/ca.pem", "a/client.pem", "a/client.key", "localhost", "hush", NULL},
        {"a/ca.pem", "a/client.pem", "a/client.key", "127.0.0.2", "hush", ""}, /* nothing listens there */
        {"b/ca.pem", "a/client.pem", "a/client.key", "127.0.0.1", "hush", "certificate"},
        {"a/ca.pem", "b/other.pem", "b/other.key", "127.0.0.1", "hush", ""},
        {"a/ca.pem", "", "", "127.0.0.1", "hush", ""},
        {"a/ca.pem", "a/client.pem", "a/client.key", "127.0.0.1", "wrong", "AUTH"},
        {"a/ca.pem", "a/client.pem", "a/client.key", "127.0.0.1", "", "NOAUTH"},
    };
    for (int i = 0; i < 200; i++) { /* until it listens */
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in to = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)s.port)};
        bool up = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
        close(fd);
        if (up)
            break;
        check_pause();
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_tls(&s, &made, &cases[i]);
    kill(s.pid, SIGKILL);
    waitpid(s.pid, NULL, 0);
    certificates_remove(&made);
    gl_err err = {0};
    CHECK(!gl_kv_check(&(gl_kv_conf){.url = "rediss://h", .tls_ca = "/nowhere"}, &err) &&
          strcmp(err.code, "kv-tls") == 0);
}
#else
static void test_tls(void)
{
    gl_err err = {0};
    CHECK(!check_url("rediss://:hidden@h", &err) && strcmp(err.code, "kv-url") == 0 &&
          strstr(err.message, "hiredis 0.") != NULL && strstr(err.message, "hidden") == NULL);
    gl_kv_conf conf = {.url = "rediss://h", .timeout_ms = 50, .retry_ms = 50};
    gl_kv *kv = gl_kv_new(&conf, NULL);
    CHECK(!gl_kv_ping(kv, &err) && strcmp(err.code, "kv-unavailable") == 0 && err.action == GL_RETRY);
    gl_kv_destroy(kv);
}
#endif

enum { MANY = 2000 };

static void test_values(const server *s)
{
    static char names[MANY][16];
    gl_arena *arena = gl_arena_new(0);
    gl_str *keys = GL_NEW_N(arena, gl_str, MANY), *values = GL_NEW_N(arena, gl_str, MANY),
           *got = GL_NEW_N(arena, gl_str, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "k%d", i);
        keys[i] = gl_str_of(names[i]);
        values[i] = gl_str_of(names[i]);
    }
    values[1] = GL_STR("");
    values[2] = GL_STR("a\0b\r\n$5");
    gl_err err = {0};
    gl_kv *kv = connect_to(s->port, "", "", 5000, 1, NULL);
    CHECK(gl_kv_set(kv, keys, values, MANY - 1, 0, &err));
    CHECK(gl_kv_get(kv, arena, keys, MANY, got, &err));
    bool same = true;
    for (int i = 0; i < MANY - 1; i++)
        same = same && got[i].ptr != NULL && gl_str_eq(got[i], values[i]);
    CHECK(same);
    CHECK(got[MANY - 1].ptr == NULL && got[MANY - 1].len == 0);
    CHECK(gl_kv_delete(kv, keys, MANY, &err));
    CHECK(gl_kv_get(kv, arena, keys, MANY, got, &err) && got[0].ptr == NULL && got[1000].ptr == NULL);
    CHECK(gl_kv_get(kv, arena, keys, 0, got, &err) && gl_kv_set(kv, keys, values, 0, 0, &err));
    CHECK(gl_kv_set(kv, keys, values, 3, 50, &err));
    CHECK_WITHIN(5, gl_kv_get(kv, arena, keys, 3, got, &err) && got[0].ptr == NULL);
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
}

/* A large value does not fit into the socket's buffers: sending and reading go in steps. */
static gl_kv_script rank_script = {.text = "return redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])"};

static void test_ranked(const server *s)
{
    gl_kv *kv = connect_to(s->port, "", "", 5000, 1, NULL);
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_str keys[] = {GL_STR("ranked"), GL_STR("ranked"), GL_STR("ranked")};
    gl_str args[] = {GL_STR("30"), GL_STR("c"), GL_STR("10"), GL_STR("a"), GL_STR("20"), GL_STR("b")};
    gl_str members[2];
    size_t count;
    int64_t total;
    CHECK(gl_kv_eval(kv, &rank_script, 3, keys, 1, args, 2, NULL, &err));
    CHECK(gl_kv_ranked(kv, arena, keys[0], 0, 2, members, &count, &total, &err) && count == 2 && total == 3);
    CHECK(gl_str_eqz(members[0], "a") && gl_str_eqz(members[1], "b"));
    CHECK(gl_kv_ranked(kv, arena, keys[0], 2, 2, members, &count, &total, &err) && count == 1 && total == 3);
    CHECK(gl_str_eqz(members[0], "c"));
    CHECK(gl_kv_ranked(kv, arena, GL_STR("nothing"), 0, 2, members, &count, &total, &err) && count == 0 && total == 0);
    CHECK(gl_kv_delete(kv, keys, 1, &err));
    gl_arena_destroy(arena);
    gl_kv_destroy(kv);
}

static void test_large_value(const server *s)
{
    gl_arena *arena = gl_arena_new(0);
    size_t size = (size_t)32 << 20;
    char *bytes = gl_arena_alloc(arena, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31 >> 3);
    gl_str key = GL_STR("large"), value = {bytes, size}, got;
    gl_kv *kv = connect_to(s->port, "", "", 20000, 1, NULL);
    CHECK(gl_kv_set(kv, &key, &value, 1, 0, NULL));
    CHECK(gl_kv_get(kv, arena, &key, 1, &got, NULL) && gl_str_eq(got, value));
    CHECK(gl_kv_delete(kv, &key, 1, NULL));
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
}

static gl_kv_script newer_script = {
    .text = "local old = tonumber(redis.call('GET', KEYS[1]) or '-1')\n"
            "if tonumber(ARGV[1]) <= old then return 0 end\n"
            "redis.call('SET', KEYS[1], ARGV[1])\nreturn 1",
    .sha1 = "",
};

static bool run_newer(gl_kv *kv, int version, gl_err *err)
{
    enum { CALLS = 300 };
    static const gl_str prefix = {"v", 1};
    gl_arena *arena = gl_arena_new(0);
    gl_str keys[CALLS], args[CALLS];
    int64_t replies[CALLS];
    for (int i = 0; i < CALLS; i++) {
        keys[i] = gl_str_of(gl_arena_printf(arena, "%s%d", prefix.ptr, i));
        args[i] = gl_str_of(gl_arena_printf(arena, "%d", version + i));
    }
    bool ok = gl_kv_eval(kv, &newer_script, CALLS, keys, 1, args, 1, replies, err);
    for (int i = 0; ok && i < CALLS; i++)
        ok = replies[i] == 1;
    ok = ok && gl_kv_eval(kv, &newer_script, CALLS, keys, 1, args, 1, replies, err);
    for (int i = 0; ok && i < CALLS; i++)
        ok = replies[i] == 0;
    gl_arena_destroy(arena);
    return ok;
}

static gl_kv_script flush_script = {.text = "redis.call('FLUSHALL') return 1", .sha1 = ""};
static gl_kv_script text_script = {.text = "return 'text'", .sha1 = ""};
static gl_kv_script error_script = {.text = "return redis.error_reply('no such thing')", .sha1 = ""};

static void command(int port, const char *text)
{
    char reply[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    bool ok = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
              write(fd, text, strlen(text)) == (ssize_t)strlen(text) && read(fd, reply, sizeof reply) > 0 &&
              reply[0] == '+';
    CHECK(ok);
    close(fd);
}

static void test_scripts(const server *s)
{
    gl_err err = {0};
    gl_kv *kv = connect_to(s->port, "", "", 5000, 1, NULL);
    CHECK(run_newer(kv, 1, &err));
    CHECK(strlen(newer_script.sha1) == 40);
    command(s->port, "SCRIPT FLUSH\r\n");
    CHECK(run_newer(kv, 1000, &err));
    CHECK(gl_kv_eval(kv, &flush_script, 1, NULL, 0, NULL, 0, NULL, &err));
    command(s->port, "SCRIPT FLUSH\r\n");
    CHECK(run_newer(kv, 1, &err));
    int64_t reply = 0;
    CHECK(!gl_kv_eval(kv, &text_script, 1, NULL, 0, NULL, 0, &reply, &err) && strcmp(err.code, "kv-reply") == 0);
    CHECK(gl_kv_eval(kv, &text_script, 1, NULL, 0, NULL, 0, NULL, &err));
    CHECK(!gl_kv_eval(kv, &error_script, 2, NULL, 0, NULL, 0, NULL, &err) && strcmp(err.code, "kv-reply") == 0 &&
          strstr(err.message, "no such thing") != NULL);
    /* An error reply is no reason to stop asking. */
    CHECK(!gl_kv_is_open(kv) && gl_kv_ping(kv, &err));
    gl_kv_destroy(kv);
}

static void *script_thread(void *context)
{
    gl_arena *arena = gl_arena_new(0);
    gl_kv *kv = connect_to(*(const int *)context, "", "", 20000, 1, NULL);
    gl_str key = gl_str_of(gl_arena_printf(arena, "thread%lu", (unsigned long)pthread_self())), arg = GL_STR("1");
    for (int i = 0; i < 50; i++)
        CHECK(gl_kv_eval(kv, &newer_script, 1, &key, 1, &arg, 1, NULL, NULL));
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
    return NULL;
}

static void test_threads(const server *s)
{
    pthread_t threads[4];
    int port = s->port;
    memset(newer_script.sha1, 0, sizeof newer_script.sha1);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, script_thread, &port);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void test_stopped_server(const server *s)
{
    gl_metrics *metrics = gl_metrics_new();
    gl_kv *kv = connect_to(s->port, "", "", 100, 200, metrics);
    gl_arena *arena = gl_arena_new(0);
    gl_str key = GL_STR("k"), got = {"x", 1};
    gl_err err = {0};
    CHECK(gl_kv_ping(kv, &err));
    kill(s->pid, SIGSTOP);
    int64_t from_us = gl_mono_us();
    CHECK(!gl_kv_get(kv, arena, &key, 1, &got, &err) && strcmp(err.code, "kv-timeout") == 0 && err.action == GL_RETRY);
    int64_t took_us = gl_mono_us() - from_us;
    CHECK(took_us >= 99000 && took_us < 1000000);
    CHECK(got.ptr == NULL && got.len == 0);
    CHECK(gl_kv_is_open(kv));
    from_us = gl_mono_us();
    CHECK(!gl_kv_ping(kv, &err) && strcmp(err.code, "kv-unavailable") == 0);
    CHECK(gl_mono_us() - from_us < 50000);
    kill(s->pid, SIGCONT);
    CHECK_WITHIN(10, gl_kv_ping(kv, &err));
    gl_buf text = {0};
    gl_metrics_render(metrics, &text);
    gl_buf_byte(&text, 0);
    CHECK(strstr((char *)text.data, "gl_kv_requests_total{result=\"timeout\"} 1\n") != NULL);
    CHECK(strstr((char *)text.data, "gl_kv_requests_total{result=\"ok\"} 2\n") != NULL);
    CHECK(strstr((char *)text.data, "gl_kv_requests_total{result=\"open\"} 0\n") == NULL);
    CHECK(strstr((char *)text.data, "gl_kv_seconds_count 3\n") != NULL);
    gl_buf_free(&text);
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
    gl_metrics_destroy(metrics);
}

static void test_restarted_server(server *s)
{
    gl_err err = {0};
    gl_kv *kv = connect_to(s->port, "", "", 2000, 50, NULL);
    CHECK(run_newer(kv, 5000, &err));
    stop(s);
    start(s, "", "");
    /* The old connection is dead, which is found out and mended within the call; the script is gone too. */
    CHECK(run_newer(kv, 1, &err));
    stop(s);
    CHECK(!gl_kv_ping(kv, &err) && strcmp(err.code, "kv-unavailable") == 0);
    CHECK(gl_kv_is_open(kv));
    CHECK_WITHIN(5, !gl_kv_is_open(kv));
    CHECK(!gl_kv_ping(kv, &err) && strcmp(err.code, "kv-unavailable") == 0);
    start(s, "", "");
    CHECK_WITHIN(10, gl_kv_ping(kv, &err));
    gl_kv_destroy(kv);
}

static void test_password_and_db(void)
{
    server s = {0};
    gl_err err = {0};
    gl_str key = GL_STR("k"), value = GL_STR("three"), got;
    gl_arena *arena = gl_arena_new(0);
    start(&s, "pa/ss", ":pa%2Fss@");
    gl_kv *three = connect_to(s.port, "default:pa%2Fss@", "/3", 2000, 1, NULL);
    gl_kv *zero = connect_to(s.port, ":pa%2Fss@", "", 2000, 1, NULL);
    gl_kv *wrong = connect_to(s.port, ":hidden@", "", 2000, 1, NULL);
    gl_kv *none = connect_to(s.port, "", "", 2000, 1, NULL);
    gl_kv *far = connect_to(s.port, ":pa%2Fss@", "/99", 2000, 1, NULL);
    CHECK(gl_kv_set(three, &key, &value, 1, 0, &err));
    CHECK(gl_kv_get(three, arena, &key, 1, &got, &err) && gl_str_eq(got, value));
    CHECK(gl_kv_get(zero, arena, &key, 1, &got, &err) && got.ptr == NULL);
    CHECK(!gl_kv_ping(wrong, &err) && strcmp(err.code, "kv-unavailable") == 0 && strstr(err.message, "AUTH") != NULL &&
          strstr(err.message, "hidden") == NULL);
    CHECK(!gl_kv_ping(none, &err) && strcmp(err.code, "kv-unavailable") == 0);
    CHECK(!gl_kv_ping(far, &err) && strcmp(err.code, "kv-unavailable") == 0);
    gl_kv_destroy(three);
    gl_kv_destroy(zero);
    gl_kv_destroy(wrong);
    gl_kv_destroy(none);
    gl_kv_destroy(far);
    gl_arena_destroy(arena);
    stop_for_good(&s);
}

typedef struct fake {
    int fd;
    const char *text; /* sent a byte at a time, again and again */
    bool slowly;
} fake;

static void *fake_server(void *context)
{
    const fake *f = context;
    int client = accept(f->fd, NULL, NULL);
    for (size_t i = 0; client >= 0; i = (i + 1) % strlen(f->text)) {
        if (send(client, f->text + i, 1, MSG_NOSIGNAL) != 1)
            break;
        for (int pause = 0; f->slowly && pause < 10; pause++)
            check_pause();
    }
    close(client);
    return NULL;
}

static void check_fake(const char *text, bool slowly, const char *code)
{
    int port = 0;
    gl_err err = {0};
    fake f = {bound_socket(&port), text, slowly};
    pthread_t thread;
    pthread_create(&thread, NULL, fake_server, &f);
    gl_kv *kv = connect_to(port, "", "", 200, 1, NULL);
    int64_t from_us = gl_mono_us();
    CHECK(!gl_kv_ping(kv, &err) && strcmp(err.code, code) == 0);
    CHECK(gl_mono_us() - from_us < 2000000);
    gl_kv_destroy(kv);
    pthread_join(thread, NULL);
    close(f.fd);
}

static void test_nothing_listens(void)
{
    int port = 0;
    gl_err err = {0};
    close(bound_socket(&port));
    gl_kv *kv = connect_to(port, "", "", 2000, 1000, NULL);
    CHECK(!gl_kv_ping(kv, &err) && strcmp(err.code, "kv-unavailable") == 0);
    CHECK(gl_kv_is_open(kv));
    gl_kv_destroy(kv);
}

static void bench(const server *s, size_t count)
{
    gl_arena *arena = gl_arena_new(1 << 20);
    gl_str keys[1024], values[1024], got[1024];
    for (size_t i = 0; i < count; i++) {
        keys[i] = gl_str_of(gl_arena_printf(arena, "gl:c:%016zx", i * 0x9E3779B97F4A7C15u));
        values[i] = gl_str_of(gl_arena_printf(arena, "%0200zu", i));
    }
    gl_kv *kv = connect_to(s->port, "", "", 5000, 1, NULL);
    gl_arena *out = gl_arena_new(1 << 20);
    gl_kv_set(kv, keys, values, count, 0, NULL);
    int64_t from_us = gl_mono_us(), cpu_us = gl_thread_cpu_us();
    int rounds = 2000;
    for (int i = 0; i < rounds; i++) {
        gl_arena_reset(out);
        CHECK(gl_kv_get(kv, out, keys, count, got, NULL));
    }
    printf("get of %zu keys of 200 bytes: %.1f us, of which CPU %.1f us\n", count,
           (double)(gl_mono_us() - from_us) / rounds, (double)(gl_thread_cpu_us() - cpu_us) / rounds);
    gl_kv_destroy(kv);
    gl_arena_destroy(arena);
    gl_arena_destroy(out);
}

static bool have_redis(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execlp("redis-server", "redis-server", "--version", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    gl_log_init("test", GL_LOG_ERROR);
    test_urls();
    test_credentials();
    test_nothing_listens();
    check_fake("HTTP/1.1 400 Bad Request\r\n", false, "kv-unavailable");
    check_fake("+", true, "kv-timeout");
    if (!have_redis()) {
        printf("redis-server is not installed: the rest is skipped\n");
        return check_result() != 0 ? 1 : CHECK_SKIPPED;
    }
    server s = {0};
    start(&s, "", "");
    if (argc > 1 && strcmp(argv[1], "bench") == 0) {
        bench(&s, 1);
        bench(&s, 64);
        bench(&s, 256);
        bench(&s, 1024);
    } else {
        test_values(&s);
        test_ranked(&s);
        test_large_value(&s);
        test_scripts(&s);
        test_threads(&s);
        test_stopped_server(&s);
        test_restarted_server(&s);
        test_password_and_db();
        test_tls();
    }
    stop_for_good(&s);
    return check_result();
}
