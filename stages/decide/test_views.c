/* The status views against a real redis-server on a free port, which the test flushes, winds back, kills and starts
 * again. Skipped (77) when redis-server is not installed.
 */
#include "decide/views.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/test_check.h"
#include "customs/view.h"
#include "decide/decide.h"
#include "decide/process.h"
#include "decide/status.h"
#include "decide/test_fixture.h"

enum { PARTITION = 2, MANY = 3000 };

static const gl_views_terms TERMS = {
    .ttl_ms = 60000, .window_us = INT64_C(30) * 86400 * 1000000, .now_us = INT64_C(1795521600) * 1000000};

typedef struct server {
    pid_t pid;
    int port;
} server;

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
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

static void start(server *s)
{
    char port[16];
    snprintf(port, sizeof port, "%d", s->port);
    s->pid = fork();
    if (s->pid != 0)
        return;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
           (char *)NULL);
    _exit(127);
}

static void stop(server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

typedef struct fixture {
    server server;
    gl_arena *arena;
    gl_decide_policy *policy;
    gl_outbox *all; /* its state is the partition's */
    gl_kv *kv;      /* the test's own eyes */
    gl_views *views;
    gl_metrics *metrics;
    int64_t next_lrn;
} fixture;

static gl_views *new_views(fixture *f)
{
    char *url = gl_arena_printf(f->arena, "redis://127.0.0.1:%d", f->server.port);
    gl_kv_conf conf = {.url = url, .timeout_ms = 1000, .retry_ms = 20};
    return gl_views_new(&conf, f->metrics);
}

static bool ping(fixture *f)
{
    gl_err err;
    return gl_kv_ping(f->kv, &err);
}

static gl_str get(fixture *f, gl_str key)
{
    gl_str value = {NULL, 0};
    gl_err err;
    return gl_kv_get(f->kv, f->arena, &key, 1, &value, &err) ? value : (gl_str){NULL, 0};
}

static gl_str entry_key(fixture *f, const gl_assessed *assessed)
{
    char stem[GL_MRN_STEM_CHARS + 1];
    gl_mrn_stem(assessed->declaration.declaration_id, stem);
    return gl_view_key(f->arena, stem);
}

static bool is_there(fixture *f, const gl_assessed *assessed, int64_t version)
{
    gl_view_entry entry;
    gl_str value = get(f, entry_key(f, assessed));
    return value.ptr != NULL && gl_view_parse(value, &entry) && entry.version == version;
}

static bool idle_until_complete(fixture *f)
{
    static const int32_t owned[] = {PARTITION};
    bool more = gl_views_idle(f->views, gl_outbox_state_view(f->all), owned, 1, &TERMS);
    CHECK(!more || !gl_views_complete(f->views, PARTITION));
    return gl_views_complete(f->views, PARTITION) && get(f, gl_view_marker_key(f->arena, PARTITION)).ptr != NULL;
}

/* One batch; what it put is applied when `write`. */
static void decide(fixture *f, const gl_assessed *assessed, size_t count, bool write)
{
    gl_record *records = GL_NEW_N(f->arena, gl_record, count);
    for (size_t i = 0; i < count; i++)
        records[i] = (gl_record){.input = GL_DECIDE_IN_ASSESSED,
                                 .partition = PARTITION,
                                 .key = {(const char *)assessed[i].declaration.declaration_id, GL_DECLARATION_ID_BYTES},
                                 .value = fixture_assessed_value(f->arena, &assessed[i])};
    gl_batch batch = {records, count, FIXTURE_NOW_US, f->arena, 0};
    gl_err err = {0};
    size_t before, after;
    gl_outbox_entries(f->all, &before);
    CHECK(gl_decide_process(f->policy, &batch, f->all, &err));
    /* The views see only this batch: an outbox of its own with the entries since. */
    gl_outbox *own = gl_outbox_new(f->arena);
    const gl_outbox_entry *entries = gl_outbox_entries(f->all, &after);
    for (size_t i = before; i < after; i++)
        if (entries[i].kind == 's')
            gl_outbox_state(own, entries[i].cause, entries[i].key, entries[i].value);
    if (write)
        gl_views_write(f->views, own, &TERMS);
}

static gl_assessed *new_declarations(fixture *f, size_t count)
{
    gl_assessed *made = GL_NEW_N(f->arena, gl_assessed, count);
    for (size_t i = 0; i < count; i++)
        fixture_assessed(f->arena, gl_arena_printf(f->arena, "V-%lld", (long long)f->next_lrn++), &made[i]);
    return made;
}

static uint64_t rebuilt(fixture *f)
{
    const char *const none[GL_METRIC_LABELS] = {NULL};
    return gl_series_count(gl_metrics_series(f->metrics, &gl_views_metrics[1], none));
}

static void command(fixture *f, const char *script)
{
    gl_kv_script lua = {.text = script};
    gl_str key = GL_STR("x"), arg = GL_STR("y");
    int64_t reply;
    gl_err err = {0};
    if (!CHECK(gl_kv_eval(f->kv, &lua, 1, &key, 1, &arg, 1, &reply, &err)))
        fprintf(stderr, "%s\n", err.message);
}

/* -- The story
 * --------------------------------------------------------------------------------------------------------- */

static void writes_and_versions(fixture *f)
{
    gl_assessed *d = new_declarations(f, 1);
    CHECK_WITHIN(10, idle_until_complete(f)); /* nothing to rebuild: the marker comes at once */
    gl_str key = entry_key(f, d), early = gl_view_value(f->arena, 0, d->declaration.content_digest, GL_STR("{}"));
    gl_err err;
    CHECK(gl_kv_set(f->kv, &key, &early, 1, 0, &err));
    decide(f, d, 1, true);
    CHECK(is_there(f, d, 2)); /* over ingest's early entry */
    decide(f, d, 1, true);
    CHECK(is_there(f, d, 3)); /* the duplicate */
    gl_str newer = gl_view_value(f->arena, 99, d->declaration.content_digest, GL_STR("{}"));
    CHECK(gl_kv_set(f->kv, &key, &newer, 1, 0, &err));
    decide(f, d, 1, true);
    CHECK(is_there(f, d, 99)); /* an older one does not replace a newer one */
    CHECK(gl_str_eqz(get(f, GL_STR("gl:vs:2")), "3 writes, window 2592000 s"));
    CHECK(gl_views_complete(f->views, PARTITION));
}

static void flushed(fixture *f, const gl_assessed *d)
{
    uint64_t before = rebuilt(f);
    command(f, "redis.call('FLUSHALL') return 1");
    CHECK(get(f, gl_view_marker_key(f->arena, PARTITION)).ptr == NULL);
    CHECK_WITHIN(10, idle_until_complete(f) && rebuilt(f) > before);
    for (size_t i = 0; i < MANY; i += 37)
        CHECK(is_there(f, &d[i], 2));
}

static void wound_back(fixture *f, const gl_assessed *d)
{
    uint64_t before = rebuilt(f);
    gl_str key = entry_key(f, &d[7]), sequence = GL_STR("gl:vs:2"), old = GL_STR("1 writes, window 2592000 s");
    gl_err err;
    CHECK(gl_kv_delete(f->kv, &key, 1, &err));
    CHECK(gl_kv_set(f->kv, &sequence, &old, 1, 0, &err)); /* as an older snapshot would have it, marker and all */
    CHECK_WITHIN(10, idle_until_complete(f) && rebuilt(f) > before);
    CHECK(is_there(f, &d[7], 2));
}

static void away(fixture *f)
{
    gl_assessed *d = new_declarations(f, 10);
    stop(&f->server);
    decide(f, d, 10, true); /* the batch does not fail */
    CHECK(!gl_views_complete(f->views, PARTITION));
    start(&f->server);
    CHECK_WITHIN(10, ping(f));
    CHECK_WITHIN(20, idle_until_complete(f));
    for (size_t i = 0; i < 10; i++)
        CHECK(is_there(f, &d[i], 2));
}

static void another_worker(fixture *f)
{
    uint64_t before = rebuilt(f);
    gl_assessed *d = new_declarations(f, 2);
    gl_views_destroy(f->views);
    f->views = new_views(f);
    CHECK_WITHIN(10, idle_until_complete(f)); /* the marker is trusted */
    CHECK(rebuilt(f) == before);
    gl_views_destroy(f->views);
    f->views = new_views(f);
    decide(f, &d[0], 1, true); /* a batch before the first check: the number says that nothing is missing */
    CHECK(gl_views_complete(f->views, PARTITION) && is_there(f, &d[0], 2));
    decide(f, &d[1], 1, false); /* a worker that died between commit and view */
    gl_views_destroy(f->views);
    f->views = new_views(f);
    CHECK_WITHIN(10, idle_until_complete(f));
    CHECK(rebuilt(f) == before + 1 && is_there(f, &d[1], 2));
    decide(f, &d[1], 1, false); /* the same with a duplicate, which adds no decision */
    gl_views_destroy(f->views);
    f->views = new_views(f);
    CHECK_WITHIN(10, idle_until_complete(f));
    CHECK(rebuilt(f) == before + 2 && is_there(f, &d[1], 3));
}

/* Milliseconds, -1: it stays. */
static int64_t ttl_ms(fixture *f, const gl_assessed *assessed)
{
    static const char text[] = "return redis.call('PTTL', KEYS[1])\n";
    gl_kv_script lua = {.text = text};
    gl_str key = entry_key(f, assessed), arg = GL_STR("");
    int64_t reply = -3;
    gl_err err = {0};
    CHECK(gl_kv_eval(f->kv, &lua, 1, &key, 1, &arg, 1, &reply, &err));
    return reply;
}

static bool set_ttl(fixture *f, const gl_assessed *assessed)
{
    gl_kv_script lua = {.text = "return redis.call('PEXPIRE', KEYS[1], 50000)\n"};
    gl_str key = entry_key(f, assessed), arg = GL_STR("");
    int64_t reply;
    gl_err err = {0};
    return gl_kv_eval(f->kv, &lua, 1, &key, 1, &arg, 1, &reply, &err) && reply == 1;
}

/* What is open stays, however long nothing happens; what is closed goes view_ttl after its last change, and if nobody
 * removes it at the end of the window, then by itself soon after. */
static void kept(fixture *f)
{
    static const int64_t window_ms = INT64_C(30) * 86400 * 1000, soon_ms = INT64_C(3600) * 1000;
    gl_assessed *d = new_declarations(f, 3);
    d[0].assessment.score_ppm = GL_SOME_I32(950000);
    decide(f, d, 2, true);
    CHECK(is_there(f, &d[0], 2) && ttl_ms(f, &d[0]) == -1);
    CHECK(ttl_ms(f, &d[1]) > 0 && ttl_ms(f, &d[1]) <= TERMS.ttl_ms);
    CHECK(set_ttl(f, &d[0])); /* as an earlier version had it */
    gl_views_terms terms = TERMS;
    const int32_t owned[] = {PARTITION};
    terms.ttl_ms = 0;
    terms.window_us /= 2; /* all is written again */
    CHECK_WITHIN(10, !gl_views_idle(f->views, gl_outbox_state_view(f->all), owned, 1, &terms) &&
                         gl_views_complete(f->views, PARTITION));
    CHECK(ttl_ms(f, &d[0]) == -1);
    CHECK(ttl_ms(f, &d[1]) > window_ms / 2 - soon_ms && ttl_ms(f, &d[1]) <= window_ms / 2 + soon_ms);
    CHECK_WITHIN(10, idle_until_complete(f));
}

/* A state that cannot be read is not asked for again at once. */
static void broken(fixture *f)
{
    static const int32_t owned[] = {PARTITION};
    gl_assessed *d = new_declarations(f, 1);
    gl_record cause = {.partition = PARTITION};
    gl_outbox *bad = gl_outbox_new(f->arena);
    gl_str id = {(const char *)d->declaration.declaration_id, GL_DECLARATION_ID_BYTES}, value;
    gl_err err = {0};
    uint64_t before = rebuilt(f);
    decide(f, d, 1, true);
    CHECK(gl_state_get(gl_outbox_state_view(f->all), PARTITION, id, &value, &err));
    gl_outbox_state(bad, &cause, id, value);
    gl_outbox_state(bad, &cause, GL_STR("audit-head"), GL_STR("nothing that can be read"));
    stop(&f->server);
    decide(f, d, 1, true); /* the view is lost */
    start(&f->server);
    CHECK_WITHIN(10, ping(f));
    const char *const none[GL_METRIC_LABELS] = {NULL};
    const gl_series *written = gl_metrics_series(f->metrics, &gl_views_metrics[2], none);
    uint64_t entries = gl_series_count(written);
    CHECK_WITHIN(10, !CHECK(!gl_views_idle(f->views, gl_outbox_state_view(bad), owned, 1, &TERMS)) ||
                         gl_series_count(written) > entries);
    entries = gl_series_count(written);
    CHECK(!gl_views_idle(f->views, gl_outbox_state_view(bad), owned, 1, &TERMS));
    CHECK(gl_series_count(written) == entries && !gl_views_complete(f->views, PARTITION));
    CHECK(rebuilt(f) == before);
    CHECK_WITHIN(10, idle_until_complete(f));
}

static void revoked(fixture *f)
{
    CHECK(gl_views_complete(f->views, PARTITION));
    gl_views_idle(f->views, gl_outbox_state_view(f->all), NULL, 0, &TERMS);
    CHECK(!gl_views_complete(f->views, PARTITION));
    CHECK_WITHIN(10, idle_until_complete(f));
}

/* 31 days later the clearances go, and their entries with them; what a newer one has written meanwhile stays. */
static void expired(fixture *f)
{
    enum { COUNT = 300 };
    gl_assessed *old = new_declarations(f, COUNT);
    decide(f, old, COUNT, true);
    gl_str newer = GL_STR("2 another");
    gl_str taken = entry_key(f, &old[1]);
    gl_err err = {0};
    CHECK(gl_kv_set(f->kv, &taken, &newer, 1, 0, &err));
    gl_batch batch = {.now_us = FIXTURE_NOW_US + INT64_C(31) * 86400 * 1000000, .arena = f->arena};
    gl_outbox *own = gl_outbox_new(f->arena);
    size_t before, after, gone = 0;
    gl_outbox_entries(f->all, &before);
    do {
        gone = before;
        CHECK(gl_decide_timers(f->policy, &batch, (const int32_t[]){PARTITION}, 1, f->all, &err));
        gl_outbox_entries(f->all, &before);
    } while (before > gone);
    const gl_outbox_entry *entries = gl_outbox_entries(f->all, &after);
    for (size_t i = 0; i < after; i++)
        if (entries[i].kind == 's' && entries[i].value.ptr == NULL)
            gl_outbox_state(own, entries[i].cause, entries[i].key, entries[i].value);
    CHECK(is_there(f, &old[0], 2));
    gl_views_write(f->views, own, &TERMS);
    CHECK(get(f, entry_key(f, &old[0])).ptr == NULL && get(f, entry_key(f, &old[COUNT - 1])).ptr == NULL);
    CHECK(gl_str_eq(get(f, taken), newer));
    CHECK(gl_views_complete(f->views, PARTITION));
}

int main(void)
{
    if (system("command -v redis-server >/dev/null 2>&1") != 0) {
        puts("skipped: redis-server is not installed");
        return CHECK_SKIPPED;
    }
    gl_log_init("test", GL_LOG_WARN);
    fixture f = {.server.port = free_port(), .arena = gl_arena_new(1 << 20), .metrics = gl_metrics_new()};
    gl_err err = {0};
    f.policy = fixture_policy("", FIXTURE_OFFICE FIXTURE_SEED, &err);
    if (f.policy == NULL) {
        fprintf(stderr, "%s: %s\n", err.code, err.message);
        return 1;
    }
    start(&f.server);
    gl_kv_conf conf = {
        .url = gl_arena_printf(f.arena, "redis://127.0.0.1:%d", f.server.port), .timeout_ms = 2000, .retry_ms = 10};
    f.kv = gl_kv_new(&conf, NULL);
    f.views = new_views(&f);
    f.all = gl_outbox_new(f.arena);
    CHECK_WITHIN(10, ping(&f));
    writes_and_versions(&f);
    gl_assessed *many = new_declarations(&f, MANY);
    decide(&f, many, MANY, true);
    CHECK(is_there(&f, &many[0], 2) && is_there(&f, &many[MANY - 1], 2));
    flushed(&f, many);
    wound_back(&f, many);
    away(&f);
    another_worker(&f);
    revoked(&f);
    kept(&f);
    broken(&f);
    expired(&f);
    stop(&f.server);
    gl_views_destroy(f.views);
    gl_kv_destroy(f.kv);
    gl_metrics_destroy(f.metrics);
    gl_decide_policy_unref(f.policy);
    gl_arena_destroy(f.arena);
    return check_result();
}
