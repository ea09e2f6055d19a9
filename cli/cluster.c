/* See cluster.h. */
#include "cli/cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "classify/classify.h"
#include "decide/decide.h"
#include "ingest/ingest.h"
#include "io/http.h"
#include "risk/risk.h"
#include "stage/runtime.h"

enum { TABLES_LIMIT = 64 };

/* Whose file it is: the stage that has a section of its own name in it; NULL when none has. */
static const gl_stage_def *stage_of_file(const char *path)
{
    const gl_stage_def *const stages[] = {&gl_ingest_stage, &gl_classify_stage, &gl_risk_stage, &gl_decide_stage};
    const gl_stage_def *found = NULL;
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_yaml *file = gl_yaml_load(arena, path, &err);
    for (size_t i = 0; file != NULL && i < sizeof stages / sizeof stages[0]; i++)
        if (gl_yaml_get(file, stages[i]->name) != NULL)
            found = stages[i];
    gl_arena_destroy(arena);
    return found;
}

/* The sections of every daemon and of the one whose file it is; without a file, Redis's as well. */
static size_t tables_for(const char *config, const gl_conf_table **tables)
{
    const gl_stage_def *stage = config[0] == '\0' ? NULL : stage_of_file(config);
    size_t count = 0;
    for (const gl_conf_table *const *t = gl_runtime_conf_tables; *t != NULL; t++)
        tables[count++] = *t;
    if (stage == NULL)
        tables[count++] = &gl_kv_conf_table;
    for (const gl_conf_table *const *t = stage == NULL ? NULL : stage->conf_tables;
         t != NULL && *t != NULL && count < TABLES_LIMIT; t++)
        tables[count++] = *t;
    return count;
}

gl_conf *gl_cluster_conf(const char *config, const char **stage, gl_err *err)
{
    const gl_conf_table *tables[TABLES_LIMIT];
    const gl_stage_def *found = config[0] == '\0' ? NULL : stage_of_file(config);
    *stage = found == NULL ? NULL : found->name;
    return gl_conf_load(config[0] == '\0' ? NULL : config, tables, tables_for(config, tables), NULL, err);
}

/* The section begins with the server's own part. */
const char *gl_cluster_admin_listen(const gl_conf *conf)
{
    return ((const gl_http_conf *)gl_conf_section(conf, "admin"))->listen;
}

bool gl_cluster_open(gl_cluster *cluster, const char *config, const char *brokers, int64_t partitions,
                     int64_t replication, gl_err *err)
{
    const gl_conf_table *tables[TABLES_LIMIT];
    char broker_set[1024], partition_set[64], replication_set[64];
    const char *sets[4] = {NULL};
    size_t n = 0;
    memset(cluster, 0, sizeof *cluster);
    if (brokers[0] != '\0') {
        snprintf(broker_set, sizeof broker_set, "kafka.brokers=%s", brokers);
        sets[n++] = broker_set;
    }
    if (partitions > 0) {
        snprintf(partition_set, sizeof partition_set, "kafka.partitions=%lld", (long long)partitions);
        sets[n++] = partition_set;
    }
    if (replication > 0) {
        snprintf(replication_set, sizeof replication_set, "kafka.replication=%lld", (long long)replication);
        sets[n++] = replication_set;
    }
    cluster->conf = gl_conf_load(config[0] == '\0' ? NULL : config, tables, tables_for(config, tables), sets, err);
    if (cluster->conf == NULL)
        return false;
    cluster->kafka = gl_conf_section(cluster->conf, "kafka");
    if (!gl_kafka_check(cluster->kafka, err))
        return false;
    cluster->topics = gl_kafka_topology(cluster->kafka, &cluster->topic_count);
    cluster->admin = gl_kafka_admin_new(cluster->kafka, "cli", err);
    return cluster->admin != NULL;
}

void gl_cluster_close(gl_cluster *cluster)
{
    if (cluster->admin != NULL)
        gl_kafka_admin_destroy(cluster->admin);
    free(cluster->topics);
    if (cluster->conf != NULL)
        gl_conf_destroy(cluster->conf);
    memset(cluster, 0, sizeof *cluster);
}
