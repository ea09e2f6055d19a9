/* Webhooks: the outcomes of an account are brought to its URL, in batches, at least once.
 *
 * Each account with a webhook has a thread, a consumer in a group of its own (gl.push.<account>) and a courier; nothing
 * of another account can hold it up. Always holds: an offset is committed after what it stands for was delivered; a
 * batch is tried again until it is, with the same id, and nothing overtakes it. Thread: any. Locks: one inside.
 */
#ifndef GL_INGEST_PUSH_WEBHOOKS_H
#define GL_INGEST_PUSH_WEBHOOKS_H

#include "ingest/ingest.h"

typedef struct gl_webhooks gl_webhooks;

/* The webhooks of all accounts. Error: conf-value (GL_FATAL). */
bool gl_webhooks_check(const gl_push_conf *conf, const gl_account *accounts, size_t count, gl_err *err);
/* Starts the threads; `ingest` is borrowed. Without accounts that have one, or without its kafka_conf (tests), none. */
gl_webhooks *gl_webhooks_start(gl_ingest *ingest);
/* Ends what is on its way and waits for the threads: some seconds. NULL is allowed. */
void gl_webhooks_stop(gl_webhooks *webhooks);

#endif
