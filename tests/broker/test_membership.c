/* A consumer that was thrown out of its group and was not told yet has no membership to send offsets with, though it
 * still has its partitions.
 */
#include "broker.h"

static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *partitions,
                      void *opaque)
{
    (void)opaque;
    rd_kafka_assign(rk, code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? partitions : NULL);
}

static bool is_member(rd_kafka_t *consumer)
{
    rd_kafka_consumer_group_metadata_t *membership = gl_kafka_membership(consumer);
    if (membership != NULL)
        rd_kafka_consumer_group_metadata_destroy(membership);
    return membership != NULL;
}

static int assigned_count(rd_kafka_t *consumer)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    EXPECT(rd_kafka_assignment(consumer, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, "no assignment");
    int count = list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

static void serve(rd_kafka_t *consumer)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 50);
    if (message != NULL)
        rd_kafka_message_destroy(message);
}

static void wait_assigned(rd_kafka_t *consumer)
{
    for (double end = seconds_now() + 40; assigned_count(consumer) == 0; serve(consumer))
        EXPECT(seconds_now() < end, "no partitions");
}

int main(void)
{
    static const char *const settings[] = {"group.id",
                                           "gl.membership",
                                           "session.timeout.ms",
                                           "6000",
                                           "max.poll.interval.ms",
                                           "6000",
                                           "heartbeat.interval.ms",
                                           "500",
                                           NULL};
    scenario s = {0};
    scenario_begin(&s, "membership", 2);
    make_topic(&s, topic_name(&s, "in"), 2, false);
    gl_err err;
    gl_kafka_client client = {.name = "membership", .settings = settings, .rebalance = rebalance};
    rd_kafka_t *consumer = gl_kafka_consumer_new(&s.conf, &client, &err);
    EXPECT(consumer != NULL, "%s", err.message);
    EXPECT(!is_member(consumer), "a member without a group");
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic_name(&s, "in"), RD_KAFKA_PARTITION_UA);
    EXPECT(rd_kafka_subscribe(consumer, topics) == RD_KAFKA_RESP_ERR_NO_ERROR, "cannot subscribe");
    rd_kafka_topic_partition_list_destroy(topics);
    wait_assigned(consumer);
    EXPECT(is_member(consumer), "no member with partitions");
    for (double end = seconds_now() + 40; is_member(consumer); look_again_soon()) /* nobody serves the consumer */
        EXPECT(seconds_now() < end, "a consumer that is not served stays in its group");
    EXPECT(assigned_count(consumer) == 2, "it was told already");
    for (double end = seconds_now() + 40; !is_member(consumer) || assigned_count(consumer) == 0; serve(consumer))
        EXPECT(seconds_now() < end, "it does not come back");
    EXPECT(gl_kafka_consumer_close(consumer, 10000), "it does not close");
    scenario_end(&s);
    return 0;
}
