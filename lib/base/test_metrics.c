/* Metrics: the exposition text to the letter, and that no count is lost between threads while it is rendered. Has its
 * own main(), so that ThreadSanitizer can run it. */
#include "base/metrics.h"

#include "base/log.h"
#include "base/test_check.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const gl_metric_def REQUESTS = {.name = "gl_test_requests_total",
                                       .type = GL_COUNTER,
                                       .help = "Requests, by\nresult \\ code.",
                                       .labels = {"result", "code"}};
static const gl_metric_def LAG = {.name = "gl_test_lag_seconds", .type = GL_GAUGE, .help = "Lag."};
static const gl_metric_def SECONDS = {
    .name = "gl_test_seconds", .type = GL_HISTOGRAM, .help = "Time.", .labels = {"step"}, .buckets = {0.1, 0.5, 2.5}};

static gl_buf rendered(gl_metrics *metrics)
{
    gl_buf text = {0};
    gl_metrics_render(metrics, &text);
    gl_buf_byte(&text, 0);
    return text;
}

static bool holds(gl_metrics *metrics, const char *what)
{
    gl_buf text = rendered(metrics);
    bool found = strstr((char *)text.data, what) != NULL;
    if (!found)
        fprintf(stderr, "not there: %s\nin: %s\n", what, (char *)text.data);
    gl_buf_free(&text);
    return found;
}

static void test_text(void)
{
    gl_metrics *metrics = gl_metrics_new();
    gl_buf text = rendered(metrics);
    CHECK(text.len == 1);
    gl_buf_free(&text);
    gl_series *odd = gl_metrics_series(metrics, &REQUESTS, (const char *const[4]){"a\"b\\c\nd\xFF", "1"});
    gl_series *lag = gl_metrics_series(metrics, &LAG, NULL);
    gl_series *step = gl_metrics_series(metrics, &SECONDS, (const char *const[4]){"read"});
    gl_series *ok = gl_metrics_series(metrics, &REQUESTS, (const char *const[4]){"ok", NULL});
    gl_series_add(odd, 3);
    gl_series_add(ok, UINT64_MAX - 1);
    gl_series_set(lag, -1.25);
    static const double observed[] = {0.05, 0.1, 0.3, 2.5, 100, NAN};
    for (size_t i = 0; i < sizeof observed / sizeof observed[0]; i++)
        gl_series_observe(step, observed[i]);
    static const char wanted[] = "# HELP gl_test_requests_total Requests, by\\nresult \\\\ code.\n"
                                 "# TYPE gl_test_requests_total counter\n"
                                 "gl_test_requests_total{result=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\",code=\"1\"} 3\n"
                                 "gl_test_requests_total{result=\"ok\",code=\"\"} 18446744073709551614\n"
                                 "# HELP gl_test_lag_seconds Lag.\n"
                                 "# TYPE gl_test_lag_seconds gauge\n"
                                 "gl_test_lag_seconds -1.25\n"
                                 "# HELP gl_test_seconds Time.\n"
                                 "# TYPE gl_test_seconds histogram\n"
                                 "gl_test_seconds_bucket{step=\"read\",le=\"0.1\"} 2\n"
                                 "gl_test_seconds_bucket{step=\"read\",le=\"0.5\"} 3\n"
                                 "gl_test_seconds_bucket{step=\"read\",le=\"2.5\"} 4\n"
                                 "gl_test_seconds_bucket{step=\"read\",le=\"+Inf\"} 5\n"
                                 "gl_test_seconds_sum{step=\"read\"} 102.95\n"
                                 "gl_test_seconds_count{step=\"read\"} 5\n";
    text = rendered(metrics);
    CHECK(strcmp((char *)text.data, wanted) == 0);
    gl_buf_free(&text);
    CHECK(gl_series_count(odd) == 3 && gl_series_count(step) == 5);
    CHECK(fabs(gl_series_value(step) - 102.95) < 1e-9 && gl_series_value(lag) == -1.25);
    gl_metrics_destroy(metrics);
}

static void test_values(void)
{
    gl_metrics *metrics = gl_metrics_new();
    gl_series *lag = gl_metrics_series(metrics, &LAG, NULL);
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "lag_seconds 0\n"},
                 {0.1, "lag_seconds 0.1\n"},
                 {1.0 / 3, "lag_seconds 0.3333333333333333"},
                 {1e300, "lag_seconds 1e+300\n"},
                 {NAN, "lag_seconds NaN\n"},
                 {INFINITY, "lag_seconds +Inf\n"},
                 {-INFINITY, "lag_seconds -Inf\n"},
                 {1795502101.123456, "lag_seconds 1795502101.123456\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_series_set(lag, cases[i].value);
        CHECK(holds(metrics, cases[i].text));
    }
    gl_metrics_destroy(metrics);
}

static void test_series(void)
{
    gl_metrics *metrics = gl_metrics_new();
    const char *const values[4] = {"ok", "1"};
    gl_series *first = gl_metrics_series(metrics, &REQUESTS, values);
    CHECK(gl_metrics_series(metrics, &REQUESTS, values) == first);
    gl_series_add(first, 5);
    gl_series_remove(first);
    gl_buf text = rendered(metrics);
    CHECK(text.len == 1);
    gl_buf_free(&text);
    /* A removed series may still be touched, and comes back with its count. */
    gl_series_add(first, 1);
    CHECK(gl_metrics_series(metrics, &REQUESTS, values) == first);
    CHECK(holds(metrics, "{result=\"ok\",code=\"1\"} 6\n"));
    /* The same definition in another place is the same metric. */
    gl_metric_def copy = REQUESTS;
    CHECK(gl_metrics_series(metrics, &copy, values) == first);
    gl_metrics_destroy(metrics);
    gl_metrics_destroy(NULL);
}

static void test_series_limit(void)
{
    gl_metrics *metrics = gl_metrics_new();
    gl_series *last = NULL;
    for (int i = 0; i < GL_METRIC_SERIES_LIMIT + 100; i++) {
        char code[16];
        snprintf(code, sizeof code, "%d", i);
        last = gl_metrics_series(metrics, &REQUESTS, (const char *const[4]){"x", code});
        gl_series_add(last, 1);
    }
    CHECK(gl_series_count(last) == 100);
    CHECK(holds(metrics, "{result=\"other\",code=\"other\"} 100\n"));
    gl_metrics_destroy(metrics);
}

static void test_document(void)
{
    static const gl_metric_def defs[] = {
        {.name = "a_total", .type = GL_COUNTER, .help = "A | b.", .labels = {"x", "y"}},
        {.name = "b", .type = GL_GAUGE, .help = "B."}};
    gl_buf text = {0};
    gl_metrics_document(defs, 2, &text);
    CHECK(gl_str_eqz(gl_buf_view(&text), "| `a_total` | counter | `x`, `y` | A \\| b. |\n| `b` | gauge | | B. |\n"));
    gl_buf_free(&text);
}

/* Does this definition abort, as a programming error must? */
static void test_totals_kept_elsewhere(void)
{
    gl_metrics *metrics = gl_metrics_new();
    gl_series *total = gl_metrics_series(metrics, &REQUESTS, (const char *const[4]){"ok", "1"});
    CHECK(holds(metrics, "gl_test_requests_total{result=\"ok\",code=\"1\"} 0\n"));
    gl_series_set_total(total, 12.5);
    CHECK(holds(metrics, "gl_test_requests_total{result=\"ok\",code=\"1\"} 12.5\n"));
    gl_metrics_destroy(metrics);
}

static void test_info_shows_what_is_in_use_now(void)
{
    static const gl_metric_def info = {.name = "gl_test_info", .type = GL_GAUGE, .help = "Version.", .labels = {"v"}};
    gl_metrics *metrics = gl_metrics_new();
    gl_series *first = gl_metrics_info(metrics, &info, (const char *const[4]){"1"}, NULL);
    CHECK(holds(metrics, "gl_test_info{v=\"1\"} 1\n"));
    CHECK(gl_metrics_info(metrics, &info, (const char *const[4]){"1"}, first) == first);
    CHECK(holds(metrics, "gl_test_info{v=\"1\"} 1\n"));
    gl_series *second = gl_metrics_info(metrics, &info, (const char *const[4]){"2"}, first);
    gl_buf text = rendered(metrics);
    CHECK(strstr((char *)text.data, "{v=\"1\"}") == NULL && strstr((char *)text.data, "{v=\"2\"} 1\n") != NULL);
    gl_buf_free(&text);
    CHECK(gl_metrics_info(metrics, &info, (const char *const[4]){"1"}, second) == first);
    CHECK(holds(metrics, "gl_test_info{v=\"1\"} 1\n"));
    gl_metrics_destroy(metrics);
}

static bool aborts(const gl_metric_def *first, const gl_metric_def *second)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        gl_metrics *metrics = gl_metrics_new();
        gl_metrics_series(metrics, first, NULL);
        if (second != NULL)
            gl_metrics_series(metrics, second, NULL);
        _exit(0);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_wrong_definitions(void)
{
    static const gl_metric_def wrong[] = {
        {.name = "1x", .type = GL_GAUGE, .help = "h"},
        {.name = "", .type = GL_GAUGE, .help = "h"},
        {.name = "a-b", .type = GL_GAUGE, .help = "h"},
        {.name = "a", .type = GL_COUNTER, .help = "h"},
        {.name = "a", .type = GL_GAUGE, .help = ""},
        {.name = "a", .type = GL_GAUGE, .help = "h", .labels = {"b:c"}},
        {.name = "a", .type = GL_GAUGE, .help = "h", .labels = {"__b"}},
        {.name = "a", .type = GL_GAUGE, .help = "h", .labels = {"b", "b"}},
        {.name = "a", .type = GL_HISTOGRAM, .help = "h"},
        {.name = "a", .type = GL_HISTOGRAM, .help = "h", .labels = {"le"}, .buckets = {1}},
        {.name = "a", .type = GL_HISTOGRAM, .help = "h", .buckets = {1, 1}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(aborts(&wrong[i], NULL));
    static const gl_metric_def one = {.name = "a", .type = GL_GAUGE, .help = "h"};
    static const gl_metric_def other = {.name = "a", .type = GL_GAUGE, .help = "h", .labels = {"b"}};
    CHECK(!aborts(&one, NULL) && !aborts(&other, NULL));
    CHECK(aborts(&one, &other));
}

enum { THREADS = 4, ROUNDS = 20000 };

static gl_metrics *shared;

static void *count_thread(void *context)
{
    gl_series *counter = gl_metrics_series(shared, &REQUESTS, (const char *const[4]){"ok", "1"});
    gl_series *step = gl_metrics_series(shared, &SECONDS, (const char *const[4]){"read"});
    gl_series *lag = gl_metrics_series(shared, &LAG, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        gl_series_add(counter, 1);
        gl_series_observe(step, (double)(i % 4));
        gl_series_set(lag, i);
        if (i % 1000 == 0)
            gl_series_remove(gl_metrics_series(shared, &REQUESTS, (const char *const[4]){"gone", context}));
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    char names[THREADS][4];
    shared = gl_metrics_new();
    for (int i = 0; i < THREADS; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        pthread_create(&threads[i], NULL, count_thread, names[i]);
    }
    for (int i = 0; i < 50; i++) {
        gl_buf text = rendered(shared);
        gl_buf_free(&text);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(holds(shared, "{result=\"ok\",code=\"1\"} 80000\n"));
    CHECK(holds(shared, "gl_test_seconds_count{step=\"read\"} 80000\n"));
    CHECK(holds(shared, "gl_test_seconds_sum{step=\"read\"} 120000\n"));
    CHECK(holds(shared, "gl_test_seconds_bucket{step=\"read\",le=\"2.5\"} 60000\n"));
    gl_buf text = rendered(shared);
    CHECK(strstr((char *)text.data, "gone") == NULL);
    gl_buf_free(&text);
    gl_metrics_destroy(shared);
}

int main(void)
{
    gl_log_init("test", GL_LOG_ERROR);
    test_wrong_definitions();
    test_text();
    test_values();
    test_series();
    test_series_limit();
    test_document();
    test_totals_kept_elsewhere();
    test_info_shows_what_is_in_use_now();
    test_threads();
    return check_result();
}
