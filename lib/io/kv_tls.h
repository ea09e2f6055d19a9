/* TLS to Redis (rediss://), where hiredis brings it (hiredis_ssl, from 1.0 on); without it nothing here connects, and
 * says why. The certificate and the host's name are always checked. Internal to kv.c. Thread: the gl_kv's. Locks: none.
 */
#ifndef GL_IO_KV_TLS_H
#define GL_IO_KV_TLS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "io/kv.h"

struct redisContext;
typedef struct gl_kv_tls gl_kv_tls;

/* NULL: this build has it; else why not, as the end of a sentence that begins with "the URL of Redis". */
const char *gl_kv_tls_missing(void);
/* Reads the files of `conf` (tls_...); NULL and kv-tls (GL_FATAL) when they cannot be used. */
gl_kv_tls *gl_kv_tls_new(const gl_kv_conf *conf, const char *host, gl_err *err);
void gl_kv_tls_destroy(gl_kv_tls *tls);

typedef enum gl_kv_tls_step { GL_KV_TLS_DONE, GL_KV_TLS_READ, GL_KV_TLS_WRITE, GL_KV_TLS_FAILED } gl_kv_tls_step;

/* Puts TLS over a connection that stands; then gl_kv_tls_handshake is called, waiting in between for what it says,
 * until it is done. FAILED: `why` (of `why_bytes`) says it. The connection owns its part, redisFree frees it. */
bool gl_kv_tls_begin(gl_kv_tls *tls, struct redisContext *redis, char *why, size_t why_bytes);
gl_kv_tls_step gl_kv_tls_handshake(gl_kv_tls *tls, char *why, size_t why_bytes);
/* The connection is gone. */
void gl_kv_tls_end(gl_kv_tls *tls);
/* Like send(): bytes taken, or -1 with errno EAGAIN when it has to wait. */
ssize_t gl_kv_tls_send(gl_kv_tls *tls, const void *data, size_t len);
/* Is there something to read that poll() does not see? */
bool gl_kv_tls_pending(const gl_kv_tls *tls);

#endif
