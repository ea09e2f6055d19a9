/* Configuration of what is pushed: section "push". */
#ifndef GL_INGEST_PUSH_CONF_H
#define GL_INGEST_PUSH_CONF_H

#include "base/conf.h"

typedef struct gl_push_conf {
    int64_t streams;             /* of this process at once */
    int64_t streams_per_account; /* the same of one account */
    int64_t heartbeat_ms;
    const char *event_id_key; /* "": ids are sealed without a secret */
} gl_push_conf;
extern const gl_conf_table gl_push_conf_table;

#endif
