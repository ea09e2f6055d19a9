/* What topics, doctor and top share: sections from a daemon's file or the defaults, and an admin client of Kafka. */
#ifndef GL_CLI_CLUSTER_H
#define GL_CLI_CLUSTER_H

#include "base/conf.h"
#include "io/kafka.h"

enum { GL_CLUSTER_TIMEOUT_MS = 15000 };

typedef struct gl_cluster {
    gl_conf *conf;
    const gl_kafka_conf *kafka;
    gl_kafka_admin *admin;
    gl_kafka_topic *topics; /* as they should be */
    size_t topic_count;
} gl_cluster;

/* A daemon's file, or "" for the defaults; `*stage` whose it is, or NULL. NULL with `err` when it is wrong. */
gl_conf *gl_cluster_conf(const char *config, const char **stage, gl_err *err);
/* Where that daemon's metrics are served: address:port. */
const char *gl_cluster_admin_listen(const gl_conf *conf);
/* `config` "": defaults. `brokers` and `partitions` (0: as configured) override. Connects lazily. */
bool gl_cluster_open(gl_cluster *cluster, const char *config, const char *brokers, int64_t partitions,
                     int64_t replication, gl_err *err);
void gl_cluster_close(gl_cluster *cluster);

#endif
