/* See conf.h. */
#include "ingest/push/conf.h"

#include <stddef.h>

static const gl_conf_entry entries[] = {
    {"streams", GL_CONF_INT, offsetof(gl_push_conf, streams), "64", 0, 0, 1024, NULL,
     "Streams of outcomes (GET /v1/outcomes) that are open at once; more are answered with 503. Each has a Kafka "
     "consumer: two threads and one for each broker, and about 2 MiB. 0: none."},
    {"streams_per_account", GL_CONF_INT, offsetof(gl_push_conf, streams_per_account), "4", 0, 1, 1024, NULL,
     "The same of one account; more are answered with 429."},
    {"heartbeat", GL_CONF_DURATION, offsetof(gl_push_conf, heartbeat_ms), "15s", 0, 100, 3600000, NULL,
     "A stream on which nothing was sent for this long gets a comment, and with it a client that is gone is noticed. "
     "Shorter than ingest.idle_timeout, and than what stands between closes connections after."},
    {"event_id_key", GL_CONF_STRING, offsetof(gl_push_conf, event_id_key), NULL, GL_CONF_SECRET, 0, 0, NULL,
     "Seals the ids of events (Last-Event-ID): the same for all instances, and kept, or clients have to begin anew. "
     "Empty: ids of others are told from own ones, but who knows how can make one up; it shows its own outcomes only."},
};

const gl_conf_table gl_push_conf_table = {"push",
                                          "Outcomes for those who want them pushed: server-sent events.",
                                          sizeof(gl_push_conf),
                                          false,
                                          entries,
                                          sizeof entries / sizeof entries[0]};
