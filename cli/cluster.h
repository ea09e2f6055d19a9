/* What topics and doctor share: the "kafka" section from a daemon's file or the defaults, and an admin client. */
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

/* `config` "": defaults. `brokers` and `partitions` (0: as configured) override. Connects lazily. */
bool gl_cluster_open(gl_cluster *cluster, const char *config, const char *brokers, int64_t partitions,
                     int64_t replication, gl_err *err);
void gl_cluster_close(gl_cluster *cluster);

#endif
