/* greenlane topics: makes and shows the topics. */
#include <stdio.h>

#include "cli/cluster.h"
#include "cli/command.h"

static int create(gl_cluster *cluster)
{
    gl_err err = {0};
    size_t created = 0;
    if (!gl_kafka_topics_create(cluster->admin, cluster->topics, cluster->topic_count, &created, GL_CLUSTER_TIMEOUT_MS,
                                &err))
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    printf("%zu topics made, %zu were there\n", created, cluster->topic_count - created);
    return GL_EXIT_OK;
}

/* Records that a read_committed client can see now, over all partitions; -1 when unknown. */
static int64_t count_records(gl_cluster *cluster, const gl_kafka_topic *topic)
{
    int64_t total = 0;
    for (int32_t p = 0; p < topic->partitions; p++) {
        int64_t first = 0, end = 0;
        gl_err err = {0};
        if (!gl_kafka_end_offset(cluster->admin, topic->name, p, true, &first, &end, GL_CLUSTER_TIMEOUT_MS, &err))
            return -1;
        total += end - first;
    }
    return total;
}

static void show_topic(const gl_kafka_topic *found, bool exists, int64_t records, bool json, bool first)
{
    char number[32];
    if (json)
        printf("%s{\"topic\":\"%s\",\"exists\":%s,\"partitions\":%d,\"replication\":%d,\"compacted\":%s,\"message_"
               "limit_bytes\":%lld,\"offsets\":%lld}",
               first ? "[" : ",\n", found->name, exists ? "true" : "false", found->partitions, found->replication,
               found->compacted ? "true" : "false", (long long)found->message_limit_bytes, (long long)records);
    else if (exists)
        printf("%-28s %10d  %8d  %-9s  %14s\n", found->name, found->partitions, found->replication,
               found->compacted ? "compacted" : "retained", records < 0 ? "?" : gl_thousands(records, number));
    else
        printf("%-28s missing: greenlane topics create\n", found->name);
}

static int list(gl_cluster *cluster, bool json)
{
    int code = GL_EXIT_OK;
    if (!json) /* offsets: records, and the markers of transactions */
        printf("%-28s %10s  %8s  %-9s  %14s\n", "topic", "partitions", "replicas", "kept", "offsets");
    for (size_t i = 0; i < cluster->topic_count; i++) {
        gl_kafka_topic found = cluster->topics[i];
        bool exists = false;
        gl_err err = {0};
        if (!gl_kafka_topic_describe(cluster->admin, cluster->topics[i].name, &found, &exists, GL_CLUSTER_TIMEOUT_MS,
                                     &err))
            return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
        if (!exists)
            code = GL_EXIT_REFUSED;
        show_topic(exists ? &found : &cluster->topics[i], exists, exists ? count_records(cluster, &found) : 0, json,
                   i == 0);
    }
    if (json)
        puts("]");
    return code;
}

static int run_topics(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", ""), *config = "";
    int64_t partitions = 0, replication = 0;
    bool json = false;
    const gl_option options[] = {
        {"partitions", GL_OPTION_INT, &partitions, "create: partitions of each topic. Fixed from then on."},
        {"replication", GL_OPTION_INT, &replication, "create: replicas of each partition."},
        {"config", GL_OPTION_TEXT, &config, "A daemon's configuration, for its kafka section (security, limits)."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka (default $KAFKA_BROKERS)."},
        {"json", GL_OPTION_FLAG, &json, "list: as a JSON array."},
    };
    int count = gl_options_parse(&gl_command_topics, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    const char *action = count == 0 ? "list" : argv[1];
    if (count > 1 || (strcmp(action, "list") != 0 && strcmp(action, "create") != 0))
        return gl_complain(GL_EXIT_USAGE, "topics list, or topics create");
    gl_cluster cluster;
    gl_err err = {0};
    int code = GL_EXIT_UNAVAILABLE;
    if (!gl_cluster_open(&cluster, config, brokers, partitions, replication, &err) ||
        !gl_kafka_reach(cluster.admin, GL_CLUSTER_TIMEOUT_MS, NULL, &err))
        gl_complain_err(code, &err);
    else
        code = strcmp(action, "create") == 0 ? create(&cluster) : list(&cluster, json);
    gl_cluster_close(&cluster);
    return code;
}

const gl_command gl_command_topics = {"topics", "list or create the topics", "[list | create]",
                                      "Lists Greenlane's topics with partitions and size, or makes those that are "
                                      "missing. The partition count is fixed when the topics\n"
                                      "are made: a declaration's partition follows from its id.\n\n  greenlane topics "
                                      "create --partitions 8 --replication 3",
                                      run_topics};
