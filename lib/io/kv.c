/* See kv.h. hiredis makes the connection and parses replies; sending and waiting are done here on a socket that does
 * not block, so that one deadline covers a whole call whatever the server does.
 *
 * Always holds: a connection on which anything went wrong but a server's error reply is closed, since its next bytes
 * would answer an older call; replies are taken in the order of the requests; while the breaker is open no system call
 * is made.
 */
#include "io/kv.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "io/kv_tls.h"

#include <ctype.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { KEYS_A_MGET = 512, DEFAULT_PORT = 6379, BACKOFF_DOUBLINGS = 3, SCRIPT_ROUNDS = 3, KEPT_REQUEST_BYTES = 1 << 20 };

/* -- Configuration and metrics ------------------------------------------------------------------------------------ */

static const gl_conf_entry CONF_ENTRIES[] = {
    {.name = "url",
     .type = GL_CONF_STRING,
     .offset = offsetof(gl_kv_conf, url),
     .initial = "${REDIS_URL:-redis://127.0.0.1:6379}",
     .flags = GL_CONF_SECRET,
     .help =
         "redis://[[user]:password@]host[:port][/db], or rediss:// for TLS, which needs hiredis 1.0 or later. Empty: "
         "work without Redis."},
    {.name = "timeout",
     .type = GL_CONF_DURATION,
     .offset = offsetof(gl_kv_conf, timeout_ms),
     .initial = "50ms",
     .min = 1,
     .max = 60000,
     .help = "Deadline of one call, connecting included. After it the batch goes on without Redis."},
    {.name = "retry",
     .type = GL_CONF_DURATION,
     .offset = offsetof(gl_kv_conf, retry_ms),
     .initial = "500ms",
     .min = 1,
     .max = 60000,
     .help = "How long no call is tried after a failure; doubled for each more in a row, at most 8 times this."},
    {.name = "username",
     .type = GL_CONF_STRING,
     .offset = offsetof(gl_kv_conf, username),
     .initial = "${REDIS_USERNAME:-}",
     .help = "User of Redis's ACL, instead of the URL's; with password only: the user default."},
    {.name = "password",
     .type = GL_CONF_STRING,
     .offset = offsetof(gl_kv_conf, password),
     .initial = "${REDIS_PASSWORD:-}",
     .flags = GL_CONF_SECRET,
     .help = "Its password, as it is (in the URL it would be percent-encoded)."},
    {.name = "tls_ca",
     .type = GL_CONF_STRING,
     .offset = offsetof(gl_kv_conf, tls_ca),
     .initial = "${REDIS_CA:-}",
     .flags = GL_CONF_FILE,
     .help = "With rediss://: certificates (PEM) that the server's is checked against, its host name too. Empty: the "
             "system's."},
    {.name = "tls_certificate",
     .type = GL_CONF_STRING,
     .offset = offsetof(gl_kv_conf, tls_certificate),
     .initial = "${REDIS_CERTIFICATE:-}",
     .flags = GL_CONF_FILE,
     .help = "With rediss://: this client's certificate (PEM), for servers that ask for one."},
    {.name = "tls_key",
     .type = GL_CONF_STRING,
     .offset = offsetof(gl_kv_conf, tls_key),
     .initial = "${REDIS_KEY:-}",
     .flags = GL_CONF_FILE,
     .help = "The key (PEM) of tls_certificate."},
};

const gl_conf_table gl_kv_conf_table = {
    .section = "redis",
    .help = "The lookup caches and views. Nothing in Redis is the truth; every daemon works without it.",
    .struct_bytes = sizeof(gl_kv_conf),
    .entries = CONF_ENTRIES,
    .entry_count = sizeof CONF_ENTRIES / sizeof CONF_ENTRIES[0],
};

const gl_metric_def gl_kv_metrics[GL_KV_METRIC_COUNT] = {
    {.name = "gl_kv_requests_total",
     .type = GL_COUNTER,
     .help = "Calls to Redis (one a batch), by result: ok, unavailable, timeout, reply, open (not tried).",
     .labels = {"result"}},
    {.name = "gl_kv_seconds",
     .type = GL_HISTOGRAM,
     .help = "Time of a call to Redis that was tried.",
     .buckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1}},
};

typedef enum result { RESULT_OK, RESULT_UNAVAILABLE, RESULT_TIMEOUT, RESULT_REPLY, RESULT_OPEN, RESULT_COUNT } result;
static const char *const RESULT_NAMES[RESULT_COUNT] = {"ok", "unavailable", "timeout", "reply", "open"};
static const char UNAVAILABLE[] = "kv-unavailable", TIMEOUT[] = "kv-timeout", REPLY[] = "kv-reply";

typedef struct address {
    char *host;
    int port;
    char *user, *password; /* password NULL: no AUTH; user NULL: the default one */
    int db;
    bool tls;
} address;

struct gl_kv {
    address address;
    gl_kv_tls *tls;   /* rediss:// only */
    gl_err url_error; /* code NULL: the URL is fine */
    int64_t timeout_us, retry_us;
    redisContext *redis;             /* NULL: not connected */
    int64_t open_until_us;           /* the breaker: no call before this (monotonic) */
    int failures;                    /* in a row */
    int64_t started_us, deadline_us; /* of the call */
    gl_buf request;                  /* of the call, RESP */
    gl_buf greeting;                 /* AUTH and SELECT */
    size_t greeting_count;
    gl_series *results[RESULT_COUNT]; /* NULL: no metrics */
    gl_series *seconds;
};

/* -- The URL ------------------------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* Percent-decoded, on the heap; NULL when it is not well-formed or holds a NUL. */
static char *decode(gl_str s)
{
    char *text = malloc(s.len + 1);
    if (text == NULL)
        abort();
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
            int low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                free(text);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            free(text);
            return NULL;
        }
        text[n++] = c;
    }
    text[n] = '\0';
    return text;
}

static bool url_error(gl_err *err, const char *what)
{
    /* Without the URL: it may hold a password. */
    return gl_fail(err, GL_FATAL, "kv-url", "the URL of Redis %s", what);
}

static bool parse_user(gl_str user, address *to, gl_err *err)
{
    const char *colon = memchr(user.ptr, ':', user.len);
    if (colon == NULL)
        return url_error(err, "has a user but no password: redis://user:password@host");
    gl_str name = {user.ptr, (size_t)(colon - user.ptr)};
    to->password = decode((gl_str){colon + 1, user.len - name.len - 1});
    if (name.len > 0)
        to->user = decode(name);
    if (to->password == NULL || (name.len > 0 && to->user == NULL))
        return url_error(err, "has a wrong percent escape in its user or password");
    return true;
}

static bool parse_host(gl_str host, address *to, gl_err *err)
{
    gl_str port = {NULL, 0};
    const char *end = host.len > 0 && host.ptr[0] == '[' ? memchr(host.ptr, ']', host.len) : NULL;
    const char *colon = end != NULL ? (end + 1 < host.ptr + host.len && end[1] == ':' ? end + 1 : NULL)
                                    : memchr(host.ptr, ':', host.len);
    if (colon != NULL) {
        port = (gl_str){colon + 1, host.len - (size_t)(colon - host.ptr) - 1};
        host.len = (size_t)(colon - host.ptr);
    }
    if (end != NULL) {
        if (end + 1 != host.ptr + host.len)
            return url_error(err, "has text after the ] of its host");
        host = (gl_str){host.ptr + 1, host.len - 2};
    }
    uint64_t number = DEFAULT_PORT;
    if (host.len == 0)
        return url_error(err, "names no host");
    if (colon != NULL && (!gl_str_to_u64(port, 65535, &number) || number == 0))
        return url_error(err, "has a port that is not a number from 1 to 65535");
    to->host = strndup(host.ptr, host.len);
    if (to->host == NULL)
        abort();
    to->port = (int)number;
    return true;
}

/* On failure `to` may hold parts; address_free is due either way. */
static bool parse_url(const char *url, address *to, gl_err *err)
{
    gl_str s = gl_str_of(url);
    to->tls = gl_str_starts(s, GL_STR("rediss://"));
    if (to->tls && gl_kv_tls_missing() != NULL)
        return url_error(err, gl_kv_tls_missing());
    if (!to->tls && !gl_str_starts(s, GL_STR("redis://")))
        return url_error(err, "must start with redis:// or rediss://");
    size_t scheme = to->tls ? 9 : 8;
    s = (gl_str){s.ptr + scheme, s.len - scheme};
    const char *at = memrchr(s.ptr, '@', s.len);
    if (at != NULL) {
        gl_str user = {s.ptr, (size_t)(at - s.ptr)};
        if (!parse_user(user, to, err))
            return false;
        s = (gl_str){at + 1, s.len - user.len - 1};
    }
    const char *slash = memchr(s.ptr, '/', s.len);
    if (slash != NULL) {
        gl_str db = {slash + 1, s.len - (size_t)(slash - s.ptr) - 1};
        uint64_t number = 0;
        if (db.len > 0 && !gl_str_to_u64(db, 9999, &number))
            return url_error(err, "has a database that is not a number");
        to->db = (int)number;
        s.len = (size_t)(slash - s.ptr);
    }
    return parse_host(s, to, err);
}

static void address_free(address *a)
{
    free(a->host);
    free(a->user);
    free(a->password);
    *a = (address){0};
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (made == NULL)
        abort();
    return made;
}

/* The URL, with what the configuration says beside it. */
static bool parse_conf(const gl_kv_conf *conf, address *to, gl_err *err)
{
    if (!parse_url(conf->url, to, err))
        return false;
    if (is_given(conf->username) || is_given(conf->password)) {
        free(to->user);
        free(to->password);
        to->user = is_given(conf->username) ? copy(conf->username) : NULL;
        to->password = is_given(conf->password) ? copy(conf->password) : NULL;
    }
    if (to->user != NULL && to->password == NULL)
        return gl_fail(err, GL_FATAL, "kv-url", "redis.username needs redis.password");
    if (!to->tls && (is_given(conf->tls_ca) || is_given(conf->tls_certificate)))
        return gl_fail(err, GL_FATAL, "kv-url",
                       "redis.tls_ca and tls_certificate are of no use with redis://: use rediss://");
    if (is_given(conf->tls_certificate) != is_given(conf->tls_key))
        return gl_fail(err, GL_FATAL, "kv-url", "redis.tls_certificate and redis.tls_key belong together");
    return true;
}

bool gl_kv_check(const gl_kv_conf *conf, gl_err *err)
{
    if (!is_given(conf->url))
        return true;
    address a = {0};
    bool ok = parse_conf(conf, &a, err);
    gl_kv_tls *tls = ok && a.tls ? gl_kv_tls_new(conf, a.host, err) : NULL;
    ok = ok && (!a.tls || tls != NULL);
    gl_kv_tls_destroy(tls);
    address_free(&a);
    return ok;
}

/* -- Requests ----------------------------------------------------------------------------------------------------- */

static void put_command(gl_buf *buf, size_t parts)
{
    gl_buf_printf(buf, "*%zu\r\n", parts);
}

static void put_part(gl_buf *buf, gl_str s)
{
    gl_buf_printf(buf, "$%zu\r\n", s.len);
    gl_buf_str(buf, s);
    gl_buf_text(buf, "\r\n");
}

static void put_number(gl_buf *buf, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    put_part(buf, gl_str_of(text));
}

static void make_greeting(gl_kv *kv)
{
    const address *a = &kv->address;
    if (a->password != NULL) {
        put_command(&kv->greeting, a->user == NULL ? 2 : 3);
        put_part(&kv->greeting, GL_STR("AUTH"));
        if (a->user != NULL)
            put_part(&kv->greeting, gl_str_of(a->user));
        put_part(&kv->greeting, gl_str_of(a->password));
        kv->greeting_count++;
    }
    if (a->db != 0) {
        put_command(&kv->greeting, 2);
        put_part(&kv->greeting, GL_STR("SELECT"));
        put_number(&kv->greeting, a->db);
        kv->greeting_count++;
    }
}

gl_kv *gl_kv_new(const gl_kv_conf *conf, gl_metrics *metrics)
{
    gl_kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL)
        abort();
    kv->timeout_us = conf->timeout_ms * 1000;
    kv->retry_us = conf->retry_ms * 1000;
    if (conf->url == NULL || conf->url[0] == '\0') {
        gl_fail(&kv->url_error, GL_RETRY, UNAVAILABLE, "no Redis is configured");
    } else if (!parse_conf(conf, &kv->address, &kv->url_error) ||
               (kv->address.tls && (kv->tls = gl_kv_tls_new(conf, kv->address.host, &kv->url_error)) == NULL)) {
        gl_log_err(GL_LOG_ERROR, &kv->url_error);
        kv->url_error.code = UNAVAILABLE;
        kv->url_error.action = GL_RETRY;
    }
    make_greeting(kv);
    for (int i = 0; metrics != NULL && i < RESULT_COUNT; i++)
        kv->results[i] = gl_metrics_series(metrics, &gl_kv_metrics[0], (const char *const[4]){RESULT_NAMES[i]});
    if (metrics != NULL)
        kv->seconds = gl_metrics_series(metrics, &gl_kv_metrics[1], NULL);
    return kv;
}

static void disconnect(gl_kv *kv)
{
    if (kv->redis != NULL)
        redisFree(kv->redis);
    kv->redis = NULL;
    if (kv->tls != NULL)
        gl_kv_tls_end(kv->tls);
}

void gl_kv_destroy(gl_kv *kv)
{
    if (kv == NULL)
        return;
    disconnect(kv);
    gl_kv_tls_destroy(kv->tls);
    address_free(&kv->address);
    gl_buf_free(&kv->request);
    gl_buf_free(&kv->greeting);
    free(kv);
}

/* -- The connection ----------------------------------------------------------------------------------------------- */

/* Waits for `events` until the deadline. Error: kv-timeout. */
static bool wait_for(gl_kv *kv, short events, short *ready, gl_err *err)
{
    if (kv->tls != NULL && (events & POLLIN) && gl_kv_tls_pending(kv->tls)) {
        *ready = POLLIN;
        return true;
    }
    for (;;) {
        int64_t left_us = kv->deadline_us - gl_mono_us();
        if (left_us <= 0)
            return gl_fail(err, GL_RETRY, TIMEOUT, "no answer from %s:%d within %" PRId64 " ms", kv->address.host,
                           kv->address.port, kv->timeout_us / 1000);
        struct pollfd fd = {.fd = kv->redis->fd, .events = events};
        struct timespec left = {left_us / 1000000, left_us % 1000000 * 1000};
        int n = ppoll(&fd, 1, &left, NULL);
        if (n > 0) {
            *ready = fd.revents;
            return true;
        }
        if (n < 0 && errno != EINTR)
            return gl_fail(err, GL_RETRY, UNAVAILABLE, "poll: %s", strerror(errno));
    }
}

static bool lost(const gl_kv *kv, const char *why, gl_err *err)
{
    return gl_fail(err, GL_RETRY, UNAVAILABLE, "%s:%d: %s", kv->address.host, kv->address.port, why);
}

/* What a call does with the reply number `index`. false: not what was expected. */
typedef bool (*taker)(void *context, size_t index, const redisReply *reply);

typedef struct exchange {
    gl_str request; /* what is not sent yet */
    size_t want;    /* replies */
    size_t got;
    taker take;
    void *context;
    gl_err refused; /* the first reply that was an error or not expected; code NULL: none */
} exchange;

/* These say that the server cannot serve now, not that the call was wrong. */
static bool is_unavailable(const char *message)
{
    static const char *const prefixes[] = {"LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN",
                                           "BUSY ",   "NOAUTH",     "READONLY"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(message, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static void take_reply(const gl_kv *kv, exchange *x, const redisReply *reply)
{
    bool ok = x->take(x->context, x->got, reply);
    x->got++;
    if (ok || x->refused.code != NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR)
        gl_fail(&x->refused, GL_RETRY, is_unavailable(reply->str) ? UNAVAILABLE : REPLY, "%s:%d: %s", kv->address.host,
                kv->address.port, reply->str);
    else
        gl_fail(&x->refused, GL_RETRY, REPLY, "%s:%d: a reply of type %d was not expected", kv->address.host,
                kv->address.port, reply->type);
}

/* All replies that have arrived. */
static bool take_replies(gl_kv *kv, exchange *x, gl_err *err)
{
    while (x->got < x->want) {
        void *reply = NULL;
        if (redisReaderGetReply(kv->redis->reader, &reply) != REDIS_OK)
            return lost(kv, "an answer that is not Redis's protocol", err);
        if (reply == NULL)
            return true;
        take_reply(kv, x, reply);
        freeReplyObject(reply);
    }
    return true;
}

static bool send_some(gl_kv *kv, exchange *x, gl_err *err)
{
    /* Not hiredis's write(): a server that has gone must not raise SIGPIPE. */
    ssize_t done = kv->tls != NULL ? gl_kv_tls_send(kv->tls, x->request.ptr, x->request.len)
                                   : send(kv->redis->fd, x->request.ptr, x->request.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done >= 0)
        x->request = (gl_str){x->request.ptr + done, x->request.len - (size_t)done};
    else if (errno != EAGAIN && errno != EINTR)
        return lost(kv, strerror(errno), err);
    return true;
}

static bool run_exchange(gl_kv *kv, exchange *x, gl_err *err)
{
    if (!send_some(kv, x, err))
        return false;
    while (x->got < x->want) {
        short ready = 0;
        if (!wait_for(kv, (short)(POLLIN | (x->request.len > 0 ? POLLOUT : 0)), &ready, err))
            return false;
        if ((ready & POLLOUT) && x->request.len > 0 && !send_some(kv, x, err))
            return false;
        if ((ready & (POLLIN | POLLHUP | POLLERR)) && redisBufferRead(kv->redis) != REDIS_OK)
            return lost(kv, kv->redis->errstr, err);
        if (!take_replies(kv, x, err))
            return false;
    }
    if (x->refused.code == NULL)
        return true;
    if (err != NULL)
        *err = x->refused;
    return false;
}

static bool take_ok(void *context, size_t index, const redisReply *reply)
{
    (void)context;
    (void)index;
    return reply->type == REDIS_REPLY_STATUS;
}

static bool greet(gl_kv *kv, gl_err *err)
{
    exchange x = {.request = gl_buf_view(&kv->greeting), .want = kv->greeting_count, .take = take_ok};
    if (kv->greeting_count == 0 || run_exchange(kv, &x, err))
        return true;
    /* A wrong password is not the caller's mistake: it is Redis that cannot be used. */
    if (err != NULL && strcmp(err->code, TIMEOUT) != 0)
        err->code = UNAVAILABLE;
    return gl_fail_context(err, "AUTH or SELECT");
}

static bool shake_hands(gl_kv *kv, gl_err *err)
{
    char why[200] = "";
    short ready = 0;
    gl_kv_tls_step step = gl_kv_tls_begin(kv->tls, kv->redis, why, sizeof why)
                              ? gl_kv_tls_handshake(kv->tls, why, sizeof why)
                              : GL_KV_TLS_FAILED;
    while (step == GL_KV_TLS_READ || step == GL_KV_TLS_WRITE) {
        if (!wait_for(kv, step == GL_KV_TLS_READ ? POLLIN : POLLOUT, &ready, err))
            return false;
        step = gl_kv_tls_handshake(kv->tls, why, sizeof why);
    }
    return step == GL_KV_TLS_DONE || lost(kv, why, err);
}

static bool connect_redis(gl_kv *kv, gl_err *err)
{
    kv->redis = redisConnectNonBlock(kv->address.host, kv->address.port);
    if (kv->redis == NULL)
        return lost(kv, "out of memory", err);
    if (kv->redis->err != 0)
        return lost(kv, kv->redis->errstr, err);
    short ready = 0;
    if (!wait_for(kv, POLLOUT, &ready, err))
        return false;
    int problem = 0;
    socklen_t len = sizeof problem;
    if (getsockopt(kv->redis->fd, SOL_SOCKET, SO_ERROR, &problem, &len) != 0)
        problem = errno;
    if (problem != 0)
        return lost(kv, strerror(problem), err);
    return (kv->tls == NULL || shake_hands(kv, err)) && greet(kv, err);
}

/* -- Calls -------------------------------------------------------------------------------------------------------- */

bool gl_kv_is_open(const gl_kv *kv)
{
    return kv->open_until_us != 0 && gl_mono_us() < kv->open_until_us;
}

static bool begin_call(gl_kv *kv, gl_err *err)
{
    kv->request.len = 0;
    kv->started_us = gl_mono_us();
    kv->deadline_us = kv->started_us + kv->timeout_us;
    if (kv->url_error.code != NULL) {
        if (err != NULL)
            *err = kv->url_error;
    } else if (gl_kv_is_open(kv)) {
        gl_fail(err, GL_RETRY, UNAVAILABLE, "%s:%d failed lately and is not asked yet", kv->address.host,
                kv->address.port);
    } else {
        return true;
    }
    if (kv->seconds != NULL)
        gl_series_add(kv->results[RESULT_OPEN], 1);
    return false;
}

static void open_breaker(gl_kv *kv, const gl_err *err)
{
    disconnect(kv);
    int doublings = kv->failures < BACKOFF_DOUBLINGS ? kv->failures : BACKOFF_DOUBLINGS;
    kv->open_until_us = gl_mono_us() + (kv->retry_us << doublings);
    if (kv->failures++ == 0)
        gl_log_err(GL_LOG_WARN, err);
}

/* Closes the books of a call; `problem` is its error. */
static bool end_call(gl_kv *kv, bool ok, const gl_err *problem, gl_err *err)
{
    result r = RESULT_OK;
    if (!ok)
        r = strcmp(problem->code, TIMEOUT) == 0 ? RESULT_TIMEOUT
            : strcmp(problem->code, REPLY) == 0 ? RESULT_REPLY
                                                : RESULT_UNAVAILABLE;
    if (r == RESULT_TIMEOUT || r == RESULT_UNAVAILABLE) {
        open_breaker(kv, problem);
    } else if (kv->failures > 0) {
        gl_log(GL_LOG_INFO, "kv-available", "%s:%d answers again", kv->address.host, kv->address.port);
        kv->failures = 0;
    }
    if (kv->seconds != NULL) {
        gl_series_add(kv->results[r], 1);
        gl_series_observe(kv->seconds, (double)(gl_mono_us() - kv->started_us) / 1e6);
    }
    if (kv->request.cap > KEPT_REQUEST_BYTES)
        gl_buf_free(&kv->request);
    if (!ok && err != NULL)
        *err = *problem;
    return ok;
}

/* Sends kv->request and takes `want` replies, connecting when needed; once more when an old connection proves dead. */
static bool run_call(gl_kv *kv, size_t want, taker take, void *context, gl_err *err)
{
    for (;;) {
        bool fresh = kv->redis == NULL;
        if (fresh && !connect_redis(kv, err))
            return false;
        exchange x = {.request = gl_buf_view(&kv->request), .want = want, .take = take, .context = context};
        if (run_exchange(kv, &x, err))
            return true;
        if (fresh || x.got > 0 || strcmp(err->code, UNAVAILABLE) != 0)
            return false;
        disconnect(kv);
    }
}

typedef struct values_out {
    gl_arena *arena;
    gl_str *values;
    size_t count;
} values_out;

static bool take_values(void *context, size_t index, const redisReply *reply)
{
    const values_out *out = context;
    size_t first = index * KEYS_A_MGET;
    size_t count = out->count - first < KEYS_A_MGET ? out->count - first : KEYS_A_MGET;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const redisReply *item = reply->element[i];
        if (item->type == REDIS_REPLY_STRING)
            out->values[first + i] =
                (gl_str){gl_arena_strndup(out->arena, item->str, (size_t)item->len), (size_t)item->len};
    }
    return true;
}

bool gl_kv_get(gl_kv *kv, gl_arena *arena, const gl_str *keys, size_t count, gl_str *values, gl_err *err)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (gl_str){NULL, 0};
    if (count == 0)
        return true;
    if (!begin_call(kv, err))
        return false;
    size_t chunks = 0;
    for (size_t first = 0; first < count; first += KEYS_A_MGET, chunks++) {
        size_t some = count - first < KEYS_A_MGET ? count - first : KEYS_A_MGET;
        put_command(&kv->request, some + 1);
        put_part(&kv->request, GL_STR("MGET"));
        for (size_t i = 0; i < some; i++)
            put_part(&kv->request, keys[first + i]);
    }
    values_out out = {arena, values, count};
    gl_err problem = {0};
    bool ok = run_call(kv, chunks, take_values, &out, &problem);
    for (size_t i = 0; !ok && i < count; i++)
        values[i] = (gl_str){NULL, 0};
    return end_call(kv, ok, &problem, err);
}

typedef struct ranked_out {
    gl_arena *arena;
    gl_str *members;
    size_t limit, *count;
    int64_t *total;
} ranked_out;

/* First the number of all, then some of them. */
static bool take_ranked(void *context, size_t index, const redisReply *reply)
{
    const ranked_out *out = context;
    if (index == 0) {
        *out->total = reply->integer;
        return reply->type == REDIS_REPLY_INTEGER;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements > out->limit)
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *item = reply->element[i];
        if (item->type != REDIS_REPLY_STRING)
            return false;
        out->members[i] = (gl_str){gl_arena_strndup(out->arena, item->str, (size_t)item->len), (size_t)item->len};
    }
    *out->count = reply->elements;
    return true;
}

bool gl_kv_ranked(gl_kv *kv, gl_arena *arena, gl_str key, int64_t from, size_t limit, gl_str *members, size_t *count,
                  int64_t *total, gl_err *err)
{
    *count = 0;
    *total = 0;
    if (!begin_call(kv, err))
        return false;
    put_command(&kv->request, 2);
    put_part(&kv->request, GL_STR("ZCARD"));
    put_part(&kv->request, key);
    put_command(&kv->request, 4);
    put_part(&kv->request, GL_STR("ZRANGE"));
    put_part(&kv->request, key);
    put_number(&kv->request, from);
    put_number(&kv->request, from + (int64_t)limit - 1);
    ranked_out out = {arena, members, limit, count, total};
    gl_err problem = {0};
    bool ok = run_call(kv, 2, take_ranked, &out, &problem);
    return end_call(kv, ok, &problem, err);
}

bool gl_kv_set(gl_kv *kv, const gl_str *keys, const gl_str *values, size_t count, int64_t ttl_ms, gl_err *err)
{
    if (count == 0)
        return true;
    if (!begin_call(kv, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        put_command(&kv->request, ttl_ms > 0 ? 5 : 3);
        put_part(&kv->request, GL_STR("SET"));
        put_part(&kv->request, keys[i]);
        put_part(&kv->request, values[i]);
        if (ttl_ms > 0) {
            put_part(&kv->request, GL_STR("PX"));
            put_number(&kv->request, ttl_ms);
        }
    }
    gl_err problem = {0};
    bool ok = run_call(kv, count, take_ok, NULL, &problem);
    return end_call(kv, ok, &problem, err);
}

static bool take_integer(void *context, size_t index, const redisReply *reply)
{
    (void)context;
    (void)index;
    return reply->type == REDIS_REPLY_INTEGER;
}

bool gl_kv_delete(gl_kv *kv, const gl_str *keys, size_t count, gl_err *err)
{
    if (count == 0)
        return true;
    if (!begin_call(kv, err))
        return false;
    size_t chunks = 0;
    for (size_t first = 0; first < count; first += KEYS_A_MGET, chunks++) {
        size_t some = count - first < KEYS_A_MGET ? count - first : KEYS_A_MGET;
        put_command(&kv->request, some + 1);
        put_part(&kv->request, GL_STR("DEL"));
        for (size_t i = 0; i < some; i++)
            put_part(&kv->request, keys[first + i]);
    }
    gl_err problem = {0};
    bool ok = run_call(kv, chunks, take_integer, NULL, &problem);
    return end_call(kv, ok, &problem, err);
}

bool gl_kv_ping(gl_kv *kv, gl_err *err)
{
    if (!begin_call(kv, err))
        return false;
    put_command(&kv->request, 1);
    put_part(&kv->request, GL_STR("PING"));
    gl_err problem = {0};
    bool ok = run_call(kv, 1, take_ok, NULL, &problem);
    return end_call(kv, ok, &problem, err);
}

/* -- Scripts ------------------------------------------------------------------------------------------------------ */

/* Guards every script's sha1: workers share scripts, and fill it at their first calls. */
static pthread_mutex_t script_mutex = PTHREAD_MUTEX_INITIALIZER;

static void read_sha1(const gl_kv_script *script, char sha1[41])
{
    pthread_mutex_lock(&script_mutex);
    memcpy(sha1, script->sha1, 41);
    pthread_mutex_unlock(&script_mutex);
}

static bool take_sha1(void *context, size_t index, const redisReply *reply)
{
    (void)index;
    gl_kv_script *script = context;
    if (reply->type != REDIS_REPLY_STRING || (size_t)reply->len != sizeof script->sha1 - 1)
        return false;
    pthread_mutex_lock(&script_mutex);
    memcpy(script->sha1, reply->str, sizeof script->sha1 - 1);
    pthread_mutex_unlock(&script_mutex);
    return true;
}

static bool load_script(gl_kv *kv, gl_kv_script *script, gl_err *err)
{
    kv->request.len = 0;
    put_command(&kv->request, 3);
    put_part(&kv->request, GL_STR("SCRIPT"));
    put_part(&kv->request, GL_STR("LOAD"));
    put_part(&kv->request, gl_str_of(script->text));
    return run_call(kv, 1, take_sha1, script, err) || gl_fail_context(err, "SCRIPT LOAD");
}

typedef struct eval_call {
    const gl_str *keys, *args;
    size_t key_count, arg_count;
    int64_t *replies; /* may be NULL */
    size_t *waiting;  /* the calls of this round */
    size_t *missing;  /* of those, answered NOSCRIPT; may be the array `waiting`: missing_count <= index */
    size_t missing_count;
} eval_call;

static bool take_eval(void *context, size_t index, const redisReply *reply)
{
    eval_call *e = context;
    if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0) {
        e->missing[e->missing_count++] = e->waiting[index];
        return true;
    }
    if (e->replies != NULL) {
        if (reply->type != REDIS_REPLY_INTEGER)
            return false;
        e->replies[e->waiting[index]] = reply->integer;
    }
    return reply->type != REDIS_REPLY_ERROR;
}

static void put_evals(gl_kv *kv, const eval_call *e, const char *sha1, size_t count)
{
    kv->request.len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t call = e->waiting[i];
        put_command(&kv->request, 3 + e->key_count + e->arg_count);
        put_part(&kv->request, GL_STR("EVALSHA"));
        put_part(&kv->request, gl_str_of(sha1));
        put_number(&kv->request, (int64_t)e->key_count);
        for (size_t k = 0; k < e->key_count; k++)
            put_part(&kv->request, e->keys[call * e->key_count + k]);
        for (size_t a = 0; a < e->arg_count; a++)
            put_part(&kv->request, e->args[call * e->arg_count + a]);
    }
}

/* Rounds: those calls that found no script are made again after loading it. */
static bool run_script(gl_kv *kv, gl_kv_script *script, eval_call *e, size_t count, gl_err *err)
{
    for (int round = 0; round < SCRIPT_ROUNDS; round++) {
        char sha1[41];
        read_sha1(script, sha1);
        if ((round > 0 || sha1[0] == '\0') && !load_script(kv, script, err))
            return false;
        read_sha1(script, sha1);
        put_evals(kv, e, sha1, count);
        e->missing_count = 0;
        if (!run_call(kv, count, take_eval, e, err))
            return false;
        count = e->missing_count;
        if (count == 0)
            return true;
    }
    return gl_fail(err, GL_RETRY, REPLY, "the server forgets the script as often as it is loaded");
}

bool gl_kv_eval(gl_kv *kv, gl_kv_script *script, size_t call_count, const gl_str *keys, size_t key_count,
                const gl_str *args, size_t arg_count, int64_t *replies, gl_err *err)
{
    if (call_count == 0)
        return true;
    if (!begin_call(kv, err))
        return false;
    size_t *waiting = malloc(call_count * sizeof *waiting);
    if (waiting == NULL)
        abort();
    for (size_t i = 0; i < call_count; i++)
        waiting[i] = i;
    eval_call e = {.keys = keys,
                   .args = args,
                   .key_count = key_count,
                   .arg_count = arg_count,
                   .replies = replies,
                   .waiting = waiting,
                   .missing = waiting};
    gl_err problem = {0};
    bool ok = run_script(kv, script, &e, call_count, &problem);
    free(waiting);
    return end_call(kv, ok, &problem, err);
}
