/* See conf.h. */
#include "ingest/push/conf.h"

#include <stddef.h>

static const gl_conf_entry entries[] = {
    {"streams", GL_CONF_INT, offsetof(gl_push_conf, streams), "64", 0, 0, 1024, NULL,
     "Streams of outcomes (GET /v1/outcomes) that are open at once; more are answered with 503. Each has a Kafka "
     "consumer: four threads and one for each broker, 0.3 MiB when idle and 2 MiB when busy. 0: none."},
    {"streams_per_account", GL_CONF_INT, offsetof(gl_push_conf, streams_per_account), "4", 0, 1, 1024, NULL,
     "The same of one account; more are answered with 429."},
    {"heartbeat", GL_CONF_DURATION, offsetof(gl_push_conf, heartbeat_ms), "15s", 0, 100, 3600000, NULL,
     "A stream on which nothing was sent for this long gets a comment, and with it a client that is gone is noticed. "
     "Shorter than ingest.idle_timeout, and than what stands between closes connections after."},
    {"event_id_key", GL_CONF_STRING, offsetof(gl_push_conf, event_id_key), NULL, GL_CONF_SECRET, 0, 0, NULL,
     "Seals the ids of events (Last-Event-ID): the same for all instances, and kept, or clients have to begin anew. "
     "Empty: ids of others are told from own ones, but who knows how can make one up; it shows its own outcomes only."},
    {"webhook_timeout", GL_CONF_DURATION, offsetof(gl_push_conf, webhook_timeout_ms), "10s", 0, 100, 300000, NULL,
     "Longest time of one request to a webhook, its answer included."},
    {"webhook_retry", GL_CONF_DURATION, offsetof(gl_push_conf, webhook_retry_ms), "1s", 0, 10, 3600000, NULL,
     "What a webhook did not take is tried again after this long, then after twice as long, and so on, each time up to "
     "half of it earlier."},
    {"webhook_retry_limit", GL_CONF_DURATION, offsetof(gl_push_conf, webhook_retry_limit_ms), "1h", 0, 1000, 86400000,
     NULL, "Longest time between two attempts. There is no last one: kafka.retention says how long outcomes are kept."},
    {"webhook_ca", GL_CONF_STRING, offsetof(gl_push_conf, webhook_ca), NULL, GL_CONF_FILE, 0, 0, NULL,
     "Certificates (PEM) that webhooks' are checked against. Empty: the system's."},
    {"webhook_private", GL_CONF_BOOL, offsetof(gl_push_conf, webhook_private), "false", 0, 0, 0, NULL,
     "Webhooks may be at addresses that are not public (loopback, private networks, link-local), whatever name leads "
     "there."},
    {"webhook_http", GL_CONF_BOOL, offsetof(gl_push_conf, webhook_http), "false", 0, 0, 0, NULL,
     "Webhooks of other machines may be http:// addresses: outcomes then travel in the clear."},
};

const gl_conf_table gl_push_conf_table = {"push",
                                          "Outcomes for those who want them pushed: server-sent events and webhooks.",
                                          sizeof(gl_push_conf),
                                          false,
                                          entries,
                                          sizeof entries / sizeof entries[0]};
