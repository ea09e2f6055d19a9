/* Configuration of what is pushed: section "push". */
#ifndef GL_INGEST_PUSH_CONF_H
#define GL_INGEST_PUSH_CONF_H

#include "base/conf.h"

typedef struct gl_push_conf {
    int64_t streams;             /* of this process at once */
    int64_t streams_per_account; /* the same of one account */
    int64_t heartbeat_ms;
    const char *event_id_key; /* "": ids are sealed without a secret */
    int64_t webhook_timeout_ms;
    int64_t webhook_retry_ms, webhook_retry_limit_ms; /* between attempts: the first, the longest */
    const char *webhook_ca;                           /* "": the system's */
    bool webhook_private;                             /* addresses that are not public, too */
    bool webhook_http;                                /* without TLS, also to other machines */
} gl_push_conf;
extern const gl_conf_table gl_push_conf_table;

#endif
