/* Waiting for a consumer's queue while the wall clock is set back. timespec_get is librdkafka's wall clock for waits;
 * here it is two hours ahead, which is what a wait knows that began before the clock went back by them. The broker
 * accepts connections and says nothing. */
#include "io/inbox.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/kafka.h"

enum { WAIT_MS = 200, LIMIT_MS = 10000, AHEAD_S = 7200 };

static atomic_int ahead_s;

int timespec_get(struct timespec *at, int base)
{
    clock_gettime(CLOCK_REALTIME, at);
    at->tv_sec += atomic_load(&ahead_s);
    return base;
}

static int listen_quietly(char address[32])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 16) == 0);
    cr_assert(getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    snprintf(address, 32, "127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

static rd_kafka_t *client_of(const char *address, bool producer)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    static const char *const settings[] = {"group.id", "gl.test", NULL};
    const gl_kafka_client client = {.name = "inbox", .settings = producer ? NULL : settings};
    char brokers[64];
    snprintf(brokers, sizeof brokers, "kafka.brokers=%s", address);
    const char *const sets[] = {brokers, NULL};
    gl_err err = {0};
    gl_conf *conf = gl_conf_load(NULL, tables, 1, sets, &err);
    cr_assert(conf != NULL, "%s", err.message);
    const gl_kafka_conf *kafka = gl_conf_section(conf, "kafka");
    rd_kafka_t *rk =
        producer ? gl_kafka_producer_new(kafka, &client, &err) : gl_kafka_consumer_new(kafka, &client, &err);
    cr_assert(rk != NULL, "%s", err.message);
    gl_conf_destroy(conf);
    return rk;
}

static int64_t ms_since(int64_t begun_us)
{
    return (gl_mono_us() - begun_us) / 1000;
}

Test(inbox, a_wall_clock_that_is_set_back_makes_no_wait_longer, .timeout = 60)
{
    char address[32];
    int fd = listen_quietly(address);
    rd_kafka_t *consumer = client_of(address, false), *producer = client_of(address, true);
    gl_inbox *inbox = gl_inbox_new(consumer);
    atomic_store(&ahead_s, AHEAD_S);
    rd_kafka_message_t *message;
    int64_t begun_us = gl_mono_us();
    cr_assert_eq(gl_inbox_take(inbox, &message, 1, WAIT_MS), 0);
    cr_assert_geq(ms_since(begun_us), WAIT_MS);
    cr_assert_lt(ms_since(begun_us), LIMIT_MS);
    begun_us = gl_mono_us();
    gl_inbox_rest(producer, WAIT_MS);
    cr_assert_geq(ms_since(begun_us), WAIT_MS);
    cr_assert_lt(ms_since(begun_us), LIMIT_MS);
    begun_us = gl_mono_us();
    cr_assert_eq(gl_inbox_take(inbox, &message, 1, 0), 0);
    cr_assert_lt(ms_since(begun_us), WAIT_MS);
    atomic_store(&ahead_s, 0);
    gl_inbox_destroy(inbox);
    rd_kafka_destroy(producer);
    rd_kafka_destroy(consumer);
    close(fd);
}
