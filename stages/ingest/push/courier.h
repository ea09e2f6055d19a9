/* One endpoint of somebody's: a batch of outcomes is brought there by HTTP POST, signed, and the answer's status says
 * whether it was taken.
 *
 * Always holds: a call ends within push.webhook_timeout, or soon after `stop` is set; redirects are not followed, no
 * proxy is used; nothing is sent to an address that is not public unless push.webhook_private allows it, whatever its
 * name resolves to; of the answer's body nothing is kept, and after BODY_LIMIT bytes the connection is closed. Neither
 * secret nor body is in a message. Thread: one at a time. Locks: none.
 */
#ifndef GL_INGEST_PUSH_COURIER_H
#define GL_INGEST_PUSH_COURIER_H

#include "base/buf.h"
#include "base/err.h"
#include "customs/hmac.h"
#include "ingest/conf.h"
#include "ingest/push/conf.h"

struct sockaddr;

/* The account's webhook: is it an address that may be used, and is there a secret? Accounts without one are fine.
 * Error: conf-value (GL_FATAL). */
bool gl_courier_check(const gl_push_conf *conf, const gl_account *account, gl_err *err);

/* Is it an address of the internet, and not of a private network, this machine, or a special purpose (RFC 6890)? */
bool gl_courier_is_public(const struct sockaddr *address);
/* "t=<unix>,v1=<hex>": v1 is HMAC-SHA256 over "<unix>.<body>". */
void gl_courier_signature(gl_buf *header, const gl_hmac_key *key, gl_arena *arena, int64_t now_s, gl_str body);

typedef struct gl_courier gl_courier;

/* All is borrowed. `stop` (atomic) ends a call early. */
gl_courier *gl_courier_new(const gl_push_conf *conf, const gl_account *account, const bool *stop);
void gl_courier_destroy(gl_courier *courier);
/* `delivery` is the batch's id. Errors (GL_RETRY): webhook-refused (another status than 2xx), webhook-timeout,
 * webhook-forbidden (an address that is not public), webhook-unreachable. */
bool gl_courier_bring(gl_courier *courier, const char *delivery, gl_str body, gl_err *err);

#endif
