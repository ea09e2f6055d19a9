/* See log.h. A line is built in memory and written with one write(2), so that lines of threads and of processes that
 * share a standard error never mix.
 *
 * Always holds: a code has at most LINES_A_SECOND lines in a window of one second; what is left out is counted in its
 * slot and said by the code's next line. errno is kept.
 */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LINE_LIMIT_BYTES = 4096,
    MESSAGE_LIMIT_BYTES = 3400,
    /* Six bytes of JSON for each byte of text still fit into a line. */
    MESSAGE_FALLBACK_BYTES = 560,
    CODE_LIMIT_BYTES = 64,
    LINES_A_SECOND = 20,
    WINDOW_US = 1000000,
    SLOTS = 128,
    PROBES = 8,
};

typedef struct code_slot {
    char code[CODE_LIMIT_BYTES];
    int64_t window_us; /* start of the window, monotonic; 0: the slot is free */
    unsigned lines;    /* in the window; lines <= LINES_A_SECOND */
    uint64_t left_out; /* since the last line */
} code_slot;

static struct {
    const char *stage;
    int least; /* gl_log_level; atomic access */
    pthread_mutex_t mutex;
    code_slot slots[SLOTS]; /* under mutex */
} logger = {.stage = "greenlane", .least = GL_LOG_INFO, .mutex = PTHREAD_MUTEX_INITIALIZER};

static const char *const LEVEL_NAMES[] = {"debug", "info", "warn", "error"};

void gl_log_init(const char *stage, gl_log_level least)
{
    __atomic_store_n(&logger.stage, stage, __ATOMIC_RELEASE);
    __atomic_store_n(&logger.least, (int)least, __ATOMIC_RELAXED);
}

bool gl_log_level_parse(const char *name, gl_log_level *level)
{
    for (size_t i = 0; i < sizeof LEVEL_NAMES / sizeof LEVEL_NAMES[0]; i++) {
        if (strcmp(name, LEVEL_NAMES[i]) == 0) {
            *level = (gl_log_level)i;
            return true;
        }
    }
    return false;
}

static gl_str cut(gl_str s, size_t limit)
{
    if (s.len <= limit)
        return s;
    size_t end = limit;
    while (end > 0 && ((unsigned char)s.ptr[end] & 0xC0) == 0x80)
        end--;
    return (gl_str){s.ptr, end};
}

/* The slot of `code`; a full neighbourhood gives up the one with the oldest window. Locks: mutex. */
static code_slot *find_slot(gl_str code)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < code.len; i++)
        hash = (hash ^ (unsigned char)code.ptr[i]) * 16777619u;
    code_slot *oldest = NULL;
    for (uint32_t i = 0; i < PROBES; i++) {
        code_slot *slot = &logger.slots[(hash + i) % SLOTS];
        if (slot->window_us != 0 && gl_str_eqz(code, slot->code))
            return slot;
        if (oldest == NULL || slot->window_us < oldest->window_us)
            oldest = slot;
    }
    *oldest = (code_slot){0};
    memcpy(oldest->code, code.ptr, code.len);
    return oldest;
}

/* Is there a line left for `code` now? `left_out`: how many lines of it were not written before this one. */
static bool admit(gl_str code, uint64_t *left_out)
{
    int64_t now_us = gl_mono_us();
    pthread_mutex_lock(&logger.mutex);
    code_slot *slot = find_slot(code);
    if (slot->window_us == 0 || now_us - slot->window_us >= WINDOW_US) {
        slot->window_us = now_us;
        slot->lines = 0;
    }
    bool admitted = slot->lines < LINES_A_SECOND;
    *left_out = admitted ? slot->left_out : 0;
    slot->lines += admitted;
    slot->left_out = admitted ? 0 : slot->left_out + 1;
    pthread_mutex_unlock(&logger.mutex);
    return admitted;
}

static void put_pair(gl_buf *buf, const char *key, gl_str value)
{
    gl_buf_printf(buf, "%s\"%s\":", buf->len == 0 ? "{" : ",", key);
    gl_buf_json(buf, value);
}

typedef struct line {
    gl_log_level level;
    gl_str code, message;
    const char *action; /* NULL: no such pair */
    uint64_t left_out;
    int64_t wall_us;
} line;

static void render(gl_buf *buf, const line *l, size_t message_limit)
{
    char text[GL_TIME_TEXT_BYTES];
    buf->len = 0;
    put_pair(buf, "time", gl_time_format(l->wall_us, text));
    put_pair(buf, "level", gl_str_of(LEVEL_NAMES[l->level]));
    put_pair(buf, "stage", cut(gl_str_of(__atomic_load_n(&logger.stage, __ATOMIC_ACQUIRE)), CODE_LIMIT_BYTES - 1));
    put_pair(buf, "code", l->code);
    put_pair(buf, "message", cut(l->message, message_limit));
    if (l->action != NULL)
        put_pair(buf, "action", gl_str_of(l->action));
    if (l->left_out > 0)
        gl_buf_printf(buf, ",\"left_out\":%llu", (unsigned long long)l->left_out);
    gl_buf_text(buf, "}\n");
}

/* Standard error is the last resort: when it is gone there is nobody to tell. */
static void write_line(gl_str s)
{
    while (s.len > 0) {
        ssize_t done = write(STDERR_FILENO, s.ptr, s.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        s.ptr += done;
        s.len -= (size_t)done;
    }
}

static void emit(line *l)
{
    l->code = cut(l->code, CODE_LIMIT_BYTES - 1);
    if (!admit(l->code, &l->left_out))
        return;
    l->wall_us = gl_wall_us();
    gl_buf buf = {0};
    render(&buf, l, MESSAGE_LIMIT_BYTES);
    if (buf.len > LINE_LIMIT_BYTES)
        render(&buf, l, MESSAGE_FALLBACK_BYTES);
    write_line(gl_buf_view(&buf));
    gl_buf_free(&buf);
}

static bool wanted(gl_log_level level)
{
    return (int)level >= __atomic_load_n(&logger.least, __ATOMIC_RELAXED);
}

void gl_log(gl_log_level level, const char *code, const char *format, ...)
{
    if (!wanted(level))
        return;
    int saved = errno;
    char message[LINE_LIMIT_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    size_t kept = (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;
    line l = {.level = level, .code = gl_str_of(code), .message = {message, kept}};
    emit(&l);
    errno = saved;
}

void gl_log_err(gl_log_level level, const gl_err *err)
{
    if (!wanted(level))
        return;
    int saved = errno;
    line l = {.level = level,
              .code = gl_str_of(err->code == NULL ? "none" : err->code),
              .message = gl_str_of(err->message),
              .action = gl_action_name(err->action)};
    emit(&l);
    errno = saved;
}
