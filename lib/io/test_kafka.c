/* What no broker is needed for: settings of Kafka's clients (credentials that are complete, files that are there, what
 * may not be printed), and questions to librdkafka's mock of a cluster, which can be made slow. */
#include "io/kafka.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

static gl_err err;

/* "" when the settings are fine, else the message. */
static const char *check(const char *const *sets)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    err = (gl_err){0};
    gl_conf *conf = gl_conf_load(NULL, tables, 1, sets, &err);
    cr_assert(conf != NULL, "%s", err.message);
    bool good = gl_kafka_check(gl_conf_section(conf, "kafka"), &err);
    gl_conf_destroy(conf);
    cr_assert(good || (strcmp(err.code, "kafka-config") == 0 && err.action == GL_FATAL), "%s", err.code);
    return good ? "" : err.message;
}

#define CHECK_SETS(...) check((const char *const[]){__VA_ARGS__, NULL})

static void clean_environment(void)
{
    static const char *const names[] = {"KAFKA_SECURITY", "KAFKA_USERNAME", "KAFKA_PASSWORD",    "KAFKA_CA",
                                        "KAFKA_KEY",      "KAFKA_BROKERS",  "KAFKA_CERTIFICATE", "KAFKA_KEY_PASSWORD"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    gl_log_init("test", GL_LOG_ERROR);
}

Test(kafka, credentials_are_complete, .init = clean_environment)
{
    cr_assert_str_eq(CHECK_SETS("kafka.security=plaintext"), "");
    cr_assert_str_eq(CHECK_SETS("kafka.security=sasl_plaintext", "kafka.username=u", "kafka.password=p"), "");
    cr_assert_str_eq(CHECK_SETS("kafka.security=sasl_plaintext", "kafka.properties=sasl.mechanisms=OAUTHBEARER"), "");
    static const char *const wrong[][3] = {
        {"kafka.security=sasl_ssl", "kafka.username=u", "needs kafka.username and kafka.password"},
        {"kafka.security=sasl_ssl", "kafka.password=p", "needs kafka.username and kafka.password"},
        {"kafka.security=ssl", "kafka.password=p", "of no use with kafka.security ssl"},
        {"kafka.security=plaintext", "kafka.tls_ca=ca.pem", "of no use with kafka.security plaintext"},
        {"kafka.security=ssl", "kafka.tls_key=key.pem", "belong together"},
        {"kafka.security=ssl", "kafka.tls_ca=/nowhere/ca.pem", "cannot read /nowhere/ca.pem: No such file"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *said = CHECK_SETS(wrong[i][0], wrong[i][1]);
        cr_assert(strstr(said, wrong[i][2]) != NULL, "%s %s: \"%s\"", wrong[i][0], wrong[i][1], said);
    }
}

Test(kafka, certificates_are_read, .init = clean_environment)
{
    static const char no_pem[] = "kafka.tls_ca=" GL_SOURCE_DIR "/LICENSE";
    cr_assert_str_neq(CHECK_SETS("kafka.security=ssl", no_pem), "");
}

Test(kafka, what_is_printed_holds_no_password, .init = clean_environment)
{
    static const char *const printed[] = {
        "kafka.properties=sasl.password=hunter2", "kafka.properties=ssl.key.password=hunter2",
        "kafka.properties=sasl.oauthbearer.client.secret=hunter2", "kafka.secret_properties=not.a.property=hunter2"};
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        const char *said = CHECK_SETS(printed[i]);
        cr_assert(said[0] != '\0' && strstr(said, "hunter2") == NULL, "%s: \"%s\"", printed[i], said);
    }
    cr_assert_str_eq(CHECK_SETS("kafka.secret_properties=ssl.key.password=hunter2"), "");
    cr_assert(strstr(CHECK_SETS("kafka.secret_properties=group.id=g"), "the guarantees rest on it") != NULL);
    cr_assert(strstr(CHECK_SETS("kafka.properties=nonsense"), "is not key=value") != NULL);
}

/* ---- where partitions begin and end ---- */

enum { MOCK_BROKERS = 2, MOCK_PARTITIONS = 3, IN_FIRST = 5, SLOW_MS = 20000 };

typedef struct mock {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
    gl_conf *conf;
    gl_kafka_admin *admin;
} mock;

static void fill(const char *brokers)
{
    char text[64];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "bootstrap.servers", brokers, text, sizeof text);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, settings, text, sizeof text);
    cr_assert(producer != NULL, "%s", text);
    for (int i = 0; i < IN_FIRST; i++)
        cr_assert_eq(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_VALUE("x", 1), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    cr_assert_eq(rd_kafka_flush(producer, 30000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(producer);
}

static mock open_mock(void)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    char text[256];
    mock m = {0};
    clean_environment();
    m.owner = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, text, sizeof text);
    cr_assert(m.owner != NULL, "%s", text);
    m.cluster = rd_kafka_mock_cluster_new(m.owner, MOCK_BROKERS);
    rd_kafka_mock_topic_create(m.cluster, "t", MOCK_PARTITIONS, MOCK_BROKERS);
    for (int p = 0; p < MOCK_PARTITIONS; p++)
        rd_kafka_mock_partition_set_leader(m.cluster, "t", p, 1 + p % MOCK_BROKERS);
    fill(rd_kafka_mock_cluster_bootstraps(m.cluster));
    snprintf(text, sizeof text, "kafka.brokers=%s", rd_kafka_mock_cluster_bootstraps(m.cluster));
    m.conf = gl_conf_load(NULL, tables, 1, (const char *const[]){text, NULL}, &err);
    cr_assert(m.conf != NULL, "%s", err.message);
    m.admin = gl_kafka_admin_new(gl_conf_section(m.conf, "kafka"), "test", &err);
    cr_assert(m.admin != NULL, "%s", err.message);
    return m;
}

static void close_mock(mock *m)
{
    gl_kafka_admin_destroy(m->admin);
    gl_conf_destroy(m->conf);
    rd_kafka_mock_cluster_destroy(m->cluster);
    rd_kafka_destroy(m->owner);
}

static void ask_all(mock *m, gl_kafka_extent *extents)
{
    for (int p = 0; p < MOCK_PARTITIONS; p++)
        extents[p] = (gl_kafka_extent){.topic = "t", .partition = p, .first = -7, .end = -7};
    cr_assert(gl_kafka_extents(m->admin, extents, MOCK_PARTITIONS, true, 10000, &err), "%s", err.message);
}

Test(kafka, extents_of_several_partitions_at_once)
{
    mock m = open_mock();
    gl_kafka_extent extents[MOCK_PARTITIONS];
    ask_all(&m, extents);
    for (int p = 0; p < MOCK_PARTITIONS; p++) {
        cr_assert_eq(extents[p].first, 0, "[%d] begins at %lld", p, (long long)extents[p].first);
        cr_assert_eq(extents[p].end, p == 0 ? IN_FIRST : 0, "[%d] ends at %lld", p, (long long)extents[p].end);
    }
    int64_t end;
    cr_assert(gl_kafka_end_offset(m.admin, "t", 0, false, NULL, &end, 10000, &err), "%s", err.message);
    cr_assert_eq(end, IN_FIRST);
    close_mock(&m);
}

/* rd_kafka_query_watermark_offsets of librdkafka 2.0.2 waits here until the broker answers. */
Test(kafka, a_leader_that_does_not_answer_is_waited_for_as_long_as_asked)
{
    mock m = open_mock();
    gl_kafka_extent extents[MOCK_PARTITIONS];
    ask_all(&m, extents); /* connected */
    rd_kafka_mock_broker_set_rtt(m.cluster, 1, SLOW_MS);
    rd_kafka_mock_broker_set_rtt(m.cluster, 2, SLOW_MS);
    int64_t begun_us = gl_mono_us();
    cr_assert_not(gl_kafka_extents(m.admin, extents, MOCK_PARTITIONS, true, 500, &err));
    double seconds = (double)(gl_mono_us() - begun_us) / 1e6;
    cr_assert_eq(err.action, GL_RETRY, "%s", err.message);
    cr_assert(seconds >= 0.5 && seconds < 5, "it took %.1f s", seconds);
    rd_kafka_mock_broker_set_rtt(m.cluster, 1, 0);
    rd_kafka_mock_broker_set_rtt(m.cluster, 2, 0);
    close_mock(&m);
}

Test(kafka, a_leader_that_moved_is_found)
{
    mock m = open_mock();
    gl_kafka_extent extents[MOCK_PARTITIONS];
    ask_all(&m, extents);
    for (int p = 0; p < MOCK_PARTITIONS; p++)
        rd_kafka_mock_partition_set_leader(m.cluster, "t", p, 2 - p % MOCK_BROKERS);
    ask_all(&m, extents);
    cr_assert_eq(extents[0].end, IN_FIRST);
    close_mock(&m);
}
