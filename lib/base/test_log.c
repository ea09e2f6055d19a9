/* Log lines: one JSON object each, limited in length and in number, from many threads without mixing. Has its own
 * main(), so that ThreadSanitizer can run it. */
#include "base/log.h"

#include "base/buf.h"
#include "base/test_check.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int saved_stderr, log_pipe[2];

static void *drain(void *context)
{
    gl_buf *into = context;
    for (;;) {
        gl_buf_reserve(into, 65536);
        ssize_t got = read(log_pipe[0], into->data + into->len, 65536);
        if (got <= 0)
            return NULL;
        into->len += (size_t)got;
    }
}

/* What `run` logs, with a NUL at the end. */
static gl_buf captured(void (*run)(void))
{
    gl_buf text = {0};
    pthread_t reader;
    fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    if (pipe(log_pipe) != 0)
        exit(1);
    dup2(log_pipe[1], STDERR_FILENO);
    close(log_pipe[1]);
    pthread_create(&reader, NULL, drain, &text);
    run();
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    pthread_join(reader, NULL);
    close(log_pipe[0]);
    gl_buf_byte(&text, 0);
    return text;
}

static size_t count(const gl_buf *text, const char *what)
{
    size_t n = 0;
    for (const char *p = strstr((char *)text->data, what); p != NULL; p = strstr(p + 1, what))
        n++;
    return n;
}

static void log_some(void)
{
    gl_err err = {0};
    gl_fail(&err, GL_DEAD_LETTER, "json-syntax", "line %d", 3);
    gl_log_init("classify", GL_LOG_INFO);
    gl_log(GL_LOG_DEBUG, "not-wanted", "x");
    gl_log(GL_LOG_INFO, "plain", "said \"%s\" and\n%s", "quote", "\xFF");
    errno = ENOSPC;
    gl_log_err(GL_LOG_ERROR, &err);
    if (errno != ENOSPC)
        gl_log(GL_LOG_ERROR, "errno-changed", "x");
    gl_log_err(GL_LOG_WARN, &(gl_err){0});
}

static void test_lines(void)
{
    gl_buf text = captured(log_some);
    CHECK(count(&text, "\n") == 3);
    CHECK(count(&text, "not-wanted") == 0 && count(&text, "errno-changed") == 0);
    CHECK(strncmp((char *)text.data, "{\"time\":\"20", 11) == 0);
    CHECK(count(&text, "\",\"level\":\"info\",\"stage\":\"classify\",\"code\":\"plain\",\"message\":"
                       "\"said \\\"quote\\\" and\\n\xEF\xBF\xBD\"}\n") == 1);
    CHECK(count(&text, "\"level\":\"error\",\"stage\":\"classify\",\"code\":\"json-syntax\",\"message\":\"line 3\","
                       "\"action\":\"dead-letter\"}\n") == 1);
    CHECK(count(&text, "\"code\":\"none\"") == 1);
    gl_buf_free(&text);
}

static void log_long(void)
{
    static char many[10000];
    memset(many, '\x01', sizeof many - 1);
    gl_log(GL_LOG_INFO, "long-control", "%s", many);
    static const char euro[] = {'\xE2', '\x82', '\xAC'};
    for (size_t i = 0; i + sizeof euro < sizeof many; i += sizeof euro)
        memcpy(many + i, euro, sizeof euro);
    gl_log(GL_LOG_INFO, "long-euro", "%s", many);
    memset(many, 'c', sizeof many - 1);
    gl_log(GL_LOG_INFO, many, "a long code");
}

static void test_long_lines(void)
{
    gl_buf text = captured(log_long);
    CHECK(count(&text, "\n") == 3);
    const char *line = (char *)text.data;
    for (const char *end = strchr(line, '\n'); end != NULL; line = end + 1, end = strchr(line, '\n')) {
        CHECK(end - line < 4096);
        CHECK(end[-1] == '}');
    }
    /* Cut between characters: nothing had to be replaced. */
    CHECK(count(&text, "\xEF\xBF\xBD") == 0);
    CHECK(count(&text, "a long code") == 1);
    gl_buf_free(&text);
}

static void log_often(void)
{
    for (int i = 0; i < 1000; i++)
        gl_log(GL_LOG_INFO, "often", "%d", i);
    for (int i = 0; i < 19; i++)
        gl_log(GL_LOG_INFO, "seldom", "%d", i);
}

static void log_again(void)
{
    gl_log(GL_LOG_INFO, "often", "again");
}

static void test_rate_limit(void)
{
    int64_t from_us = gl_mono_us();
    gl_buf text = captured(log_often);
    size_t written = count(&text, "\"often\"");
    /* On a machine so slow that the loop takes seconds, further windows may begin. */
    size_t windows = 1 + (size_t)((gl_mono_us() - from_us) / 1000000);
    CHECK(written >= 20 && written <= 20 * windows);
    CHECK(count(&text, "\"seldom\"") == 19);
    gl_buf_free(&text);
    bool said = false;
    for (int64_t until_us = gl_mono_us() + 10000000; !said && gl_mono_us() < until_us;) {
        check_pause();
        text = captured(log_again);
        said = count(&text, "\"left_out\":") == 1;
        gl_buf_free(&text);
    }
    CHECK(said);
}

/* More codes than slots: each still gets its line. */
static void log_many_codes(void)
{
    for (int i = 0; i < 1000; i++) {
        char code[16];
        snprintf(code, sizeof code, "code-%d", i);
        gl_log(GL_LOG_INFO, code, "x");
    }
}

static void test_many_codes(void)
{
    gl_buf text = captured(log_many_codes);
    CHECK(count(&text, "\n") == 1000);
    gl_buf_free(&text);
}

enum { THREADS = 4, LINES = 200 };

static void *log_thread(void *context)
{
    for (int i = 0; i < LINES; i++) {
        char code[32];
        snprintf(code, sizeof code, "thread-%d-%d", *(const int *)context, i % 50);
        gl_log(GL_LOG_INFO, code, "%0500d", i);
    }
    return NULL;
}

static void log_from_threads(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, log_thread, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void test_threads(void)
{
    gl_buf text = captured(log_from_threads);
    size_t lines = count(&text, "\n");
    CHECK(lines > 0 && lines <= (size_t)THREADS * LINES);
    CHECK(count(&text, "{\"time\":") == lines && count(&text, "\"}\n") + count(&text, "\"left_out\"") >= lines);
    const char *line = (char *)text.data;
    bool whole = true;
    for (const char *end = strchr(line, '\n'); end != NULL; line = end + 1, end = strchr(line, '\n'))
        whole = whole && line[0] == '{' && end[-1] == '}';
    CHECK(whole);
    gl_buf_free(&text);
}

static void test_levels(void)
{
    gl_log_level level = GL_LOG_INFO;
    CHECK(gl_log_level_parse("debug", &level) && level == GL_LOG_DEBUG);
    CHECK(gl_log_level_parse("warn", &level) && level == GL_LOG_WARN);
    CHECK(gl_log_level_parse("error", &level) && level == GL_LOG_ERROR);
    CHECK(!gl_log_level_parse("Error", &level) && !gl_log_level_parse("", &level));
}

int main(void)
{
    test_levels();
    test_lines();
    test_long_lines();
    test_rate_limit();
    test_many_codes();
    test_threads();
    return check_result();
}
