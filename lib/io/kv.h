/* The lookup caches and views in Redis: one batched call per batch, a deadline, and a circuit breaker.
 *
 * Nothing here is the truth (see DESIGN, rule 1): every call may fail, and the caller goes on. Errors are GL_RETRY:
 * kv-unavailable (not connected, or the breaker is open), kv-timeout, kv-reply.
 * The deadline (timeout_ms) holds for the whole call: connecting, AUTH, sending and all replies; only a name look-up
 * may take longer. A connection that turns out to be dead before the first reply is made again within the call: a
 * request may be carried out twice. A gl_kv is one blocking connection, made again when it broke (with backoff; a call
 * made while the breaker is open fails at once). Thread: one gl_kv belongs to one thread. Locks: none.
 */
#ifndef GL_IO_KV_H
#define GL_IO_KV_H

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/str.h"

typedef struct gl_kv_conf {
    const char
        *url; /* redis[s]://[[user]:password@]host[:port][/db], user and password percent-encoded; "": no Redis */
    int64_t timeout_ms; /* of one call */
    int64_t
        retry_ms; /* how long the breaker stays open after a failure; doubled for each more in a row, up to 8 times */
    const char *username, *password;                /* instead of those of the URL; NULL or "": not given */
    const char *tls_ca, *tls_certificate, *tls_key; /* of rediss:// */
} gl_kv_conf;
extern const gl_conf_table gl_kv_conf_table; /* section "redis" */

enum { GL_KV_METRIC_COUNT = 2 };
extern const gl_metric_def gl_kv_metrics[GL_KV_METRIC_COUNT];

/* Can this be used? Asks no server. Errors (GL_FATAL): kv-url, also for rediss:// where hiredis has no TLS; kv-tls for
 * files. */
bool gl_kv_check(const gl_kv_conf *conf, gl_err *err);

typedef struct gl_kv gl_kv;

/* Does not connect. `metrics` may be NULL. With a URL that cannot be used every call fails with kv-unavailable and says
 * why. */
gl_kv *gl_kv_new(const gl_kv_conf *conf, gl_metrics *metrics);
void gl_kv_destroy(gl_kv *kv);

/* Pipelined MGET in chunks: values[i] is a copy in `arena`, {NULL, 0} for a miss. All or nothing. */
bool gl_kv_get(gl_kv *kv, gl_arena *arena, const gl_str *keys, size_t count, gl_str *values, gl_err *err);
/* Pipelined SET key value PX ttl_ms (0: no expiry). */
bool gl_kv_set(gl_kv *kv, const gl_str *keys, const gl_str *values, size_t count, int64_t ttl_ms, gl_err *err);
/* A Lua script by its text: EVALSHA, loaded when the server does not have it (also after a flush or restart). */
typedef struct gl_kv_script {
    const char *text;
    char sha1[41]; /* filled at the first call; gl_kv's own, several threads may share a script */
} gl_kv_script;
/* Runs the script `call_count` times in one pipeline: call i has keys[i*key_count...] and args[i*arg_count...].
 * `replies` (may be NULL) gets each integer reply. */
bool gl_kv_eval(gl_kv *kv, gl_kv_script *script, size_t call_count, const gl_str *keys, size_t key_count,
                const gl_str *args, size_t arg_count, int64_t *replies, gl_err *err);
/* Of a sorted set: how many members it has, and those from place `from` on (0: the lowest score), at most `limit`,
 * copied into `arena`. A missing set has none. */
bool gl_kv_ranked(gl_kv *kv, gl_arena *arena, gl_str key, int64_t from, size_t limit, gl_str *members, size_t *count,
                  int64_t *total, gl_err *err);
bool gl_kv_delete(gl_kv *kv, const gl_str *keys, size_t count, gl_err *err);
/* PING within the deadline. */
bool gl_kv_ping(gl_kv *kv, gl_err *err);
/* Is the breaker open: would a call fail at once? */
bool gl_kv_is_open(const gl_kv *kv);

#endif
