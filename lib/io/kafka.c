/* See kafka.h. Written for librdkafka 2.0.2 and later; where a setting works around one of its faults the comment says
 * so. */
#include "io/kafka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/topics.h"

static const char *const securities[] = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl", NULL};
static const char *const mechanisms[] = {"SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", NULL};
static const char *const compressions[] = {"none", "lz4", "zstd", "gzip", "snappy", NULL};

#define NAMED(name_, field, kind, text, low, high, words)                                                              \
    {                                                                                                                  \
        .name = (name_), .type = (kind), .offset = offsetof(gl_kafka_conf, field), .initial = (text), .min = (low),    \
        .max = (high), .help = (words)                                                                                 \
    }
#define ENTRY(field, kind, text, low, high, words) NAMED(#field, field, kind, text, low, high, words)
#define TEXT(name_, field, text, flags_, words)                                                                        \
    {                                                                                                                  \
        .name = (name_), .type = GL_CONF_STRING, .offset = offsetof(gl_kafka_conf, field), .initial = (text),          \
        .flags = (flags_), .help = (words)                                                                             \
    }
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define MIB    INT64_C(1048576)

static const gl_conf_entry entries[] = {
    ENTRY(brokers, GL_CONF_STRING, "${KAFKA_BROKERS:-127.0.0.1:9092}", 0, 0,
          "Brokers to start from: host:port, separated by commas."),
    ENTRY(client_id, GL_CONF_STRING, "greenlane", 0, 0, "Start of the client ids that brokers log and count by."),
    {.name = "security",
     .type = GL_CONF_ENUM,
     .offset = offsetof(gl_kafka_conf, security),
     .initial = "${KAFKA_SECURITY:-plaintext}",
     .names = securities,
     .help = "How brokers are spoken to: ssl is TLS, with tls_certificate also for this side (mTLS); sasl_ssl is TLS "
             "with user name and password."},
    {.name = "sasl_mechanism",
     .type = GL_CONF_ENUM,
     .offset = offsetof(gl_kafka_conf, mechanism),
     .initial = "SCRAM-SHA-512",
     .names = mechanisms,
     .help = "Of sasl_ssl and sasl_plaintext. Others by properties."},
    TEXT("username", username, "${KAFKA_USERNAME:-}", 0, "Of SASL."),
    TEXT("password", password, "${KAFKA_PASSWORD:-}", GL_CONF_SECRET, "Of SASL."),
    TEXT("tls_ca", tls_ca, "${KAFKA_CA:-}", GL_CONF_FILE,
         "Certificates (PEM) that the brokers' are checked against, their host names too. Empty: the system's."),
    TEXT("tls_certificate", tls_certificate, "${KAFKA_CERTIFICATE:-}", GL_CONF_FILE,
         "This client's certificate (PEM), for brokers that ask for one."),
    TEXT("tls_key", tls_key, "${KAFKA_KEY:-}", GL_CONF_FILE, "The key (PEM) of tls_certificate."),
    TEXT("tls_key_password", tls_key_password, "${KAFKA_KEY_PASSWORD:-}", GL_CONF_SECRET, "Of an encrypted tls_key."),
    ENTRY(
        properties, GL_CONF_STRINGS, NULL, 0, 0,
        "Further librdkafka properties as key=value, for example statistics.interval.ms=1000. They come last and win; "
        "those that the guarantees rest on are refused, and so are passwords, which would be printed."),
    {.name = "secret_properties",
     .type = GL_CONF_STRINGS,
     .offset = offsetof(gl_kafka_conf, secret_properties),
     .flags = GL_CONF_SECRET,
     .help = "The same for what must not be printed, for example ssl.key.pem=${file:client.key}."},
    NAMED("transaction_timeout", transaction_timeout_ms, GL_CONF_DURATION, "10s", SECOND, 15 * MINUTE,
          "How long a transaction may stay open before the broker aborts it: what a dead worker can hold up its "
          "readers."),
    NAMED("session_timeout", session_timeout_ms, GL_CONF_DURATION, "10s", SECOND, 30 * MINUTE,
          "A worker that is silent for this long loses its partitions."),
    NAMED("max_poll_interval", max_poll_interval_ms, GL_CONF_DURATION, "10m", 10 * SECOND, 1440 * MINUTE,
          "A worker that takes no batch for this long loses its partitions; restoring state counts."),
    NAMED("fetch_wait", fetch_wait_ms, GL_CONF_DURATION, "500ms", 1, MINUTE,
          "How long a broker waits for fetch_min_bytes before it answers."),
    ENTRY(fetch_min_bytes, GL_CONF_BYTES, "1", 1, 100 * MIB, "A broker answers a fetch when it has this much."),
    ENTRY(fetch_partition_bytes, GL_CONF_BYTES, "1m", 1024, 100 * MIB,
          "Most that is fetched of a partition at once; a larger record still comes."),
    ENTRY(prefetch_bytes, GL_CONF_BYTES, "16m", 1 * MIB, 1024 * MIB,
          "Most that is held of records fetched ahead, for a worker."),
    ENTRY(prefetch_records, GL_CONF_INT, "20000", 1, 10000000,
          "Records fetched ahead for a partition before fetching stops."),
    NAMED("linger", linger_ms, GL_CONF_DURATION, "5ms", 0, SECOND,
          "How long the producer waits to fill a request within a transaction; the commit does not wait."),
    ENTRY(batch_bytes, GL_CONF_BYTES, "1m", 1024, 100 * MIB, "Largest batch of one request and partition."),
    {.name = "compression",
     .type = GL_CONF_ENUM,
     .offset = offsetof(gl_kafka_conf, compression),
     .initial = "lz4",
     .names = compressions,
     .help = "Of what is produced."},
    ENTRY(queue_records, GL_CONF_INT, "1000000", 1000, 10000000,
          "Records a producer holds; must hold what one batch produces."),
    ENTRY(create_topics, GL_CONF_BOOL, "true", 0, 0,
          "Make missing topics at start. Where operators make them (greenlane topics create), false."),
    ENTRY(partitions, GL_CONF_INT, "${PARTITIONS:-4}", 1, 10000,
          "Partitions of each topic keyed by declaration. Fixed when the topics are made: keys would go elsewhere, so "
          "a difference is fatal."),
    ENTRY(replication, GL_CONF_INT, "1", 1, 10, "Replicas of topics made; 3 in a cluster."),
    ENTRY(min_insync, GL_CONF_INT, "1", 1, 10, "min.insync.replicas of topics made; 2 in a cluster of three."),
    NAMED("message_limit", message_limit_bytes, GL_CONF_BYTES, "4m", MIB / 16, 64 * MIB,
          "Largest record on a topic. Intake takes a quarter of it, so that later stages have room to add."),
    NAMED("dead_letter_limit", dlq_message_limit_bytes, GL_CONF_BYTES, "8m", MIB / 8, 128 * MIB,
          "Largest record on the dead-letter topics: above message_limit. What still does not fit goes there as a "
          "reference."),
    NAMED("retention", retention_ms, GL_CONF_DURATION, "7d", MINUTE, 0x7fffffffffff,
          "How long topics made keep records that are not compacted."),
    ENTRY(retention_bytes, GL_CONF_BYTES, "0", 0, 0x7fffffffffff, "Most that a partition keeps; 0: no limit."),
    NAMED("dead_letter_retention", dlq_retention_ms, GL_CONF_DURATION, "30d", MINUTE, 0x7fffffffffff,
          "How long dead letters are kept."),
    NAMED("originals_retention", originals_retention_ms, GL_CONF_DURATION, "90d", MINUTE, 0x7fffffffffff,
          "How long the declarations' own bytes are kept (gl.intake.originals), where ingest keeps them."),
    NAMED("findings_retention", findings_retention_ms, GL_CONF_DURATION, "365d", MINUTE, 0x7fffffffffff,
          "How long what officers found of items' codes is kept (gl.findings): at least classify.findings_window."),
};

const gl_conf_table gl_kafka_conf_table = {
    .section = "kafka",
    .help = "Brokers, clients and topics.",
    .struct_bytes = sizeof(gl_kafka_conf),
    .entries = entries,
    .entry_count = sizeof entries / sizeof entries[0],
};

/* ---- errors ---- */

typedef struct code_row {
    rd_kafka_resp_err_t code;
    gl_action action;
    const char *name;
} code_row;

static const code_row code_rows[] = {
    {RD_KAFKA_RESP_ERR__FENCED, GL_FATAL, "kafka-fenced"},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, GL_FATAL, "kafka-fenced"},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, GL_FATAL, "kafka-fenced"},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, GL_RETRY, "kafka-timed-out"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, GL_RETRY, "kafka-timed-out"},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, GL_RETRY, "kafka-timed-out"},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, GL_RETRY, "kafka-timed-out"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, GL_RETRY, "kafka-unreachable"},
    {RD_KAFKA_RESP_ERR__RESOLVE, GL_RETRY, "kafka-unreachable"},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, GL_RETRY, "kafka-unreachable"},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, GL_RETRY, "kafka-unreachable"},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, GL_RETRY, "kafka-coordinator"},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, GL_RETRY, "kafka-coordinator"},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, GL_RETRY, "kafka-coordinator"},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, GL_RETRY, "kafka-coordinator"},
    {RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, GL_RETRY, "kafka-unstable-offset"},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, GL_RETRY, "kafka-no-leader"},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, GL_RETRY, "kafka-no-leader"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, GL_RETRY, "kafka-not-enough-replicas"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, GL_RETRY, "kafka-not-enough-replicas"},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, GL_RETRY, "kafka-queue-full"},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, GL_DEAD_LETTER, "kafka-too-large"},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, GL_DEAD_LETTER, "kafka-too-large"},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, GL_ABORT_TXN, "kafka-stale-generation"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, GL_ABORT_TXN, "kafka-stale-generation"},
    {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, GL_ABORT_TXN, "kafka-stale-generation"},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, GL_ABORT_TXN, "kafka-stale-generation"},
    {RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, GL_ABORT_TXN, "kafka-stale-generation"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, GL_FATAL, "kafka-unknown-partition"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, GL_FATAL, "kafka-unknown-topic"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, GL_RETRY,
     "kafka-unknown-topic"},                         /* a broker that has not heard of it yet */
    {RD_KAFKA_RESP_ERR__SSL, GL_RETRY, "kafka-tls"}, /* a broker that just stops breaks a handshake, too */
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, GL_FATAL, "kafka-authentication"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, GL_FATAL, "kafka-authentication"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, GL_FATAL, "kafka-authorization"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, GL_FATAL, "kafka-authorization"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, GL_FATAL, "kafka-authorization"},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, GL_FATAL, "kafka-authorization"},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, GL_ABORT_TXN, "kafka-purged"},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, GL_ABORT_TXN, "kafka-purged"},
    {RD_KAFKA_RESP_ERR__FATAL, GL_FATAL, "kafka-fatal"},
};

static code_row row_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof code_rows / sizeof code_rows[0]; i++)
        if (code_rows[i].code == code)
            return code_rows[i];
    return (code_row){code, GL_FATAL, "kafka-error"};
}

bool gl_kafka_fail_code(gl_err *err, rd_kafka_resp_err_t code, const char *what)
{
    code_row row = row_of(code);
    return gl_fail(err, row.action, row.name, "%s: %s (%s)", what, rd_kafka_err2str(code), rd_kafka_err2name(code));
}

bool gl_kafka_fail(gl_err *err, rd_kafka_error_t *error, const char *what)
{
    code_row row = row_of(rd_kafka_error_code(error));
    bool fenced = strcmp(row.name, "kafka-fenced") == 0;
    row.action = rd_kafka_error_txn_requires_abort(error) ? GL_ABORT_TXN
                 : rd_kafka_error_is_fatal(error)         ? GL_FATAL
                 : rd_kafka_error_is_retriable(error)     ? GL_RETRY
                                                          : GL_FATAL;
    if (fenced && row.action != GL_FATAL) /* the epoch was bumped under us, but we may go on */
        row.name = "kafka-epoch";
    gl_fail(err, row.action, row.name, "%s: %s (%s)", what, rd_kafka_error_string(error), rd_kafka_error_name(error));
    rd_kafka_error_destroy(error);
    return false;
}

bool gl_kafka_is_fenced(const gl_err *err)
{
    return err->action == GL_FATAL && strcmp(err->code, "kafka-fenced") == 0;
}

/* ---- clients ---- */

/* May be called by librdkafka's threads, which gl_log allows; so what it says while a worker waits in a commit is not
 * held back. */
static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    gl_log_level as = level <= 3 ? GL_LOG_ERROR : level == 4 ? GL_LOG_WARN : level <= 6 ? GL_LOG_INFO : GL_LOG_DEBUG;
    gl_log(as, "kafka-client", "%s: %s: %s", rd_kafka_name(rk), facility, text);
}

static bool set(rd_kafka_conf_t *settings, const char *name, const char *value, gl_err *err)
{
    char why[200];
    if (rd_kafka_conf_set(settings, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        return gl_fail(err, GL_FATAL, "kafka-config", "librdkafka refuses %s: %s", name, why);
    return true;
}

static bool set_number(rd_kafka_conf_t *settings, const char *name, int64_t value, gl_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return set(settings, name, text, err);
}

/* Exactly-once and order rest on these. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {"enable.auto.commit",
                                       "enable.auto.offset.store",
                                       "enable.idempotence",
                                       "transactional.id",
                                       "isolation.level",
                                       "partitioner",
                                       "group.id",
                                       "partition.assignment.strategy",
                                       "bootstrap.servers",
                                       "metadata.broker.list",
                                       "acks",
                                       "request.required.acks",
                                       "auto.offset.reset",
                                       "enable.partition.eof",
                                       NULL};
    for (const char *const *at = ours; *at != NULL; at++)
        if (strcmp(*at, name) == 0)
            return true;
    return false;
}

static bool is_secret(const char *name)
{
    return strstr(name, "password") != NULL || strstr(name, "secret") != NULL || strcmp(name, "ssl.key.pem") == 0 ||
           strcmp(name, "sasl.oauthbearer.config") == 0;
}

/* `key`: of the configuration, for messages. `secret`: values are not told. */
static bool set_property(rd_kafka_conf_t *settings, const char *key, size_t index, const char *text, bool secret,
                         gl_err *err)
{
    char name[128];
    const char *equals = strchr(text, '=');
    size_t len = equals == NULL ? 0 : (size_t)(equals - text);
    if (len == 0 || len >= sizeof name)
        return gl_fail(err, GL_FATAL, "kafka-config", "kafka.%s[%zu] is not key=value", key, index);
    memcpy(name, text, len);
    name[len] = '\0';
    if (is_ours(name))
        return gl_fail(err, GL_FATAL, "kafka-config", "kafka.%s may not set %s: the guarantees rest on it", key, name);
    if (!secret && is_secret(name))
        return gl_fail(err, GL_FATAL, "kafka-config",
                       "kafka.%s is printed: %s belongs into kafka.password, kafka.tls_key_password or "
                       "kafka.secret_properties",
                       key, name);
    if (set(settings, name, equals + 1, err))
        return true;
    return !secret ? false : gl_fail(err, GL_FATAL, "kafka-config", "librdkafka refuses kafka.%s[%zu]", key, index);
}

static bool set_properties(rd_kafka_conf_t *settings, const gl_kafka_conf *conf, gl_err *err)
{
    const gl_conf_strings *open = &conf->properties, *secret = &conf->secret_properties;
    for (size_t i = 0; i < open->count; i++)
        if (!set_property(settings, "properties", i, open->at[i], false, err))
            return false;
    for (size_t i = 0; i < secret->count; i++)
        if (!set_property(settings, "secret_properties", i, secret->at[i], true, err))
            return false;
    return true;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool uses_tls(const gl_kafka_conf *conf)
{
    return strstr(securities[conf->security], "ssl") != NULL;
}

static bool uses_sasl(const gl_kafka_conf *conf)
{
    return strncmp(securities[conf->security], "sasl", 4) == 0;
}

static bool set_given(rd_kafka_conf_t *settings, const char *name, const char *value, gl_err *err)
{
    return !is_given(value) || set(settings, name, value, err);
}

static bool set_security(rd_kafka_conf_t *settings, const gl_kafka_conf *conf, gl_err *err)
{
    if (!set(settings, "security.protocol", securities[conf->security], err))
        return false;
    if (uses_sasl(conf) && !(set(settings, "sasl.mechanism", mechanisms[conf->mechanism], err) &&
                             set_given(settings, "sasl.username", conf->username, err) &&
                             set_given(settings, "sasl.password", conf->password, err)))
        return false;
    return !uses_tls(conf) || (set(settings, "ssl.endpoint.identification.algorithm", "https", err) &&
                               set_given(settings, "ssl.ca.location", conf->tls_ca, err) &&
                               set_given(settings, "ssl.certificate.location", conf->tls_certificate, err) &&
                               set_given(settings, "ssl.key.location", conf->tls_key, err) &&
                               set_given(settings, "ssl.key.password", conf->tls_key_password, err));
}

static bool set_common(rd_kafka_conf_t *settings, const gl_kafka_conf *conf, const gl_kafka_client *client, gl_err *err)
{
    char id[256];
    snprintf(id, sizeof id, "%s-%s-%ld", conf->client_id, client->name, (long)getpid());
    rd_kafka_conf_set_opaque(settings, client->opaque);
    rd_kafka_conf_set_log_cb(settings, log_line);
    if (client->failed != NULL) /* without one librdkafka logs; with one, events pile up where nobody polls */
        rd_kafka_conf_set_error_cb(settings, client->failed);
    return set(settings, "bootstrap.servers", conf->brokers, err) && set(settings, "client.id", id, err) &&
           set(settings, "socket.nagle.disable", "true", err) &&
           set(settings, "socket.keepalive.enable", "true", err) &&
           set(settings, "reconnect.backoff.max.ms", "2000", err) &&
           set(settings, "topic.metadata.refresh.interval.ms", "10000",
               err) && /* how long a leader that hangs is kept */
           set_security(settings, conf, err);
}

static bool set_client(rd_kafka_conf_t *settings, const gl_kafka_conf *conf, const gl_kafka_client *client, gl_err *err)
{
    for (const char *const *pair = client->settings; pair != NULL && *pair != NULL; pair += 2)
        if (!set(settings, pair[0], pair[1], err))
            return false;
    return set_properties(settings, conf, err);
}

static rd_kafka_t *create(rd_kafka_type_t type, rd_kafka_conf_t *settings, bool good, gl_err *err)
{
    char why[256];
    rd_kafka_t *rk = good ? rd_kafka_new(type, settings, why, sizeof why) : NULL;
    if (rk != NULL)
        return rk;
    if (good)
        gl_fail(err, GL_FATAL, "kafka-config", "cannot make a Kafka client: %s", why);
    rd_kafka_conf_destroy(settings);
    return NULL;
}

rd_kafka_t *gl_kafka_consumer_new(const gl_kafka_conf *conf, const gl_kafka_client *client, gl_err *err)
{
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    if (client->rebalance != NULL)
        rd_kafka_conf_set_rebalance_cb(settings, client->rebalance);
    /* How soon a member hears of a rebalance: where all stop for it (range assignor), how long they do. */
    int64_t heartbeat_ms = conf->session_timeout_ms / 4 < 1000 ? conf->session_timeout_ms / 4 : 1000;
    /* A broker that hangs is given up as soon as it would give us up; librdkafka waits a minute for what it does not
     * answer. More than a fetch waits, as librdkafka requires. */
    int64_t socket_ms = conf->session_timeout_ms < 60000 ? conf->session_timeout_ms : 60000;
    if (socket_ms < conf->fetch_wait_ms + 1000)
        socket_ms = conf->fetch_wait_ms + 1000;
    bool good = set_common(settings, conf, client, err) && set(settings, "enable.auto.commit", "false", err) &&
                set(settings, "enable.auto.offset.store", "false", err) &&
                set(settings, "isolation.level", GL_MUTANT == 13 ? "read_uncommitted" : "read_committed", err) &&
                set(settings, "auto.offset.reset", "earliest", err) &&
                set_number(settings, "session.timeout.ms", conf->session_timeout_ms, err) &&
                set_number(settings, "socket.timeout.ms", socket_ms, err) &&
                set_number(settings, "heartbeat.interval.ms", heartbeat_ms, err) &&
                set_number(settings, "max.poll.interval.ms",
                           conf->max_poll_interval_ms > conf->session_timeout_ms ? conf->max_poll_interval_ms
                                                                                 : conf->session_timeout_ms,
                           err) &&
                set_number(settings, "fetch.wait.max.ms", conf->fetch_wait_ms, err) &&
                set_number(settings, "fetch.min.bytes", conf->fetch_min_bytes, err) &&
                set_number(settings, "fetch.message.max.bytes", conf->fetch_partition_bytes, err) &&
                set_number(settings, "queued.max.messages.kbytes", conf->prefetch_bytes / 1024, err) &&
                set_number(settings, "queued.min.messages", conf->prefetch_records, err) &&
                set(settings, "fetch.error.backoff.ms", "100", err) && set_client(settings, conf, client, err);
    rd_kafka_t *rk = create(RD_KAFKA_CONSUMER, settings, good, err);
    if (rk != NULL)
        rd_kafka_poll_set_consumer(rk);
    return rk;
}

rd_kafka_t *gl_kafka_producer_new(const gl_kafka_conf *conf, const gl_kafka_client *client, gl_err *err)
{
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    if (client->delivered != NULL)
        rd_kafka_conf_set_dr_msg_cb(settings, client->delivered);
    bool good = set_common(settings, conf, client, err) && set(settings, "enable.idempotence", "true", err) &&
                set(settings, "partitioner", "murmur2_random", err) &&
                set_number(settings, "message.max.bytes", conf->dlq_message_limit_bytes, err) &&
                set_number(settings, "queue.buffering.max.messages", conf->queue_records, err) &&
                set(settings, "queue.buffering.max.kbytes", "1048576", err) &&
                set_number(settings, "linger.ms", conf->linger_ms, err) &&
                set_number(settings, "batch.size", conf->batch_bytes, err) &&
                set(settings, "compression.codec", compressions[conf->compression], err) &&
                set(settings, "retry.backoff.ms", "20", err) && set_client(settings, conf, client, err);
    return create(RD_KAFKA_PRODUCER, settings, good, err);
}

/* A mechanism of its own (OAUTHBEARER, GSSAPI) has other credentials. */
static bool has_own_mechanism(const gl_conf_strings *properties)
{
    for (size_t i = 0; i < properties->count; i++)
        if (strncmp(properties->at[i], "sasl.mechanism", 14) == 0)
            return true;
    return false;
}

static bool check_credentials(const gl_kafka_conf *conf, gl_err *err)
{
    bool own = has_own_mechanism(&conf->properties) || has_own_mechanism(&conf->secret_properties);
    if (uses_sasl(conf) && !own && !(is_given(conf->username) && is_given(conf->password)))
        return gl_fail(err, GL_FATAL, "kafka-config", "kafka.security %s needs kafka.username and kafka.password",
                       securities[conf->security]);
    if (!uses_sasl(conf) && is_given(conf->password))
        return gl_fail(err, GL_FATAL, "kafka-config",
                       "kafka.password is of no use with kafka.security %s: use sasl_ssl", securities[conf->security]);
    if (!uses_tls(conf) && (is_given(conf->tls_ca) || is_given(conf->tls_certificate)))
        return gl_fail(err, GL_FATAL, "kafka-config",
                       "kafka.tls_ca and tls_certificate are of no use with kafka.security %s: use ssl or sasl_ssl",
                       securities[conf->security]);
    if (is_given(conf->tls_certificate) != is_given(conf->tls_key))
        return gl_fail(err, GL_FATAL, "kafka-config", "kafka.tls_certificate and kafka.tls_key belong together");
    return true;
}

static bool check_file(const char *key, const char *path, gl_err *err)
{
    FILE *file = is_given(path) ? fopen(path, "re") : NULL;
    if (is_given(path) && file == NULL)
        return gl_fail(err, GL_FATAL, "kafka-config", "kafka.%s: cannot read %s: %s", key, path, strerror(errno));
    if (file != NULL)
        fclose(file);
    return true;
}

static bool check_files(const gl_kafka_conf *conf, gl_err *err)
{
    return check_file("tls_ca", conf->tls_ca, err) && check_file("tls_certificate", conf->tls_certificate, err) &&
           check_file("tls_key", conf->tls_key, err);
}

/* Certificates and keys are parsed when a client is made: one is, for TLS, and says nothing. */
bool gl_kafka_check(const gl_kafka_conf *conf, gl_err *err)
{
    static const char *const quiet[] = {"log_level", "0", NULL};
    const gl_kafka_client client = {.name = "check", .settings = quiet};
    if (!check_credentials(conf, err) || !check_files(conf, err))
        return false;
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    bool good = set_common(settings, conf, &client, err) && set_client(settings, conf, &client, err);
    if (!good || !uses_tls(conf)) {
        rd_kafka_conf_destroy(settings);
        return good;
    }
    rd_kafka_t *rk = create(RD_KAFKA_CONSUMER, settings, true, err);
    if (rk != NULL)
        rd_kafka_destroy(rk);
    return rk != NULL;
}

/* Serves callbacks and throws records away: rd_kafka_queue_poll_callback aborts the process when it meets a record. */
static void serve_and_drop(rd_kafka_queue_t *queue)
{
    rd_kafka_message_t *dropped[64];
    ssize_t count = rd_kafka_consume_batch_queue(queue, 50, dropped, 64);
    for (ssize_t i = 0; i < count; i++)
        rd_kafka_message_destroy(dropped[i]);
}

bool gl_kafka_consumer_close(rd_kafka_t *consumer, int deadline_ms)
{
    int64_t end = gl_mono_us() + (int64_t)deadline_ms * 1000;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer, queue);
    bool refused = error != NULL;
    if (refused)
        rd_kafka_error_destroy(error);
    while (!refused && !rd_kafka_consumer_closed(consumer) && gl_mono_us() < end)
        serve_and_drop(queue);
    bool closed = refused || rd_kafka_consumer_closed(consumer);
    rd_kafka_queue_destroy(queue);
    if (closed)
        rd_kafka_destroy(consumer);
    return closed;
}

/* The question for the member id comes second: whoever is a member then was one before. A consumer that was thrown out
 * while it joined may have a new id already, with the partitions of before: with an id the group compares the
 * generation, and refuses. */
rd_kafka_consumer_group_metadata_t *gl_kafka_membership(rd_kafka_t *consumer)
{
    rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata(consumer);
    char *member = rd_kafka_memberid(consumer);
    bool is_member = member != NULL && member[0] != '\0';
    if (member != NULL)
        rd_kafka_mem_free(consumer, member);
    if (is_member || metadata == NULL)
        return metadata;
    rd_kafka_consumer_group_metadata_destroy(metadata);
    return NULL;
}

/* ---- topology ---- */

static const char *const stages[] = {"ingest", "classify", "risk", "decide"};
static const char DLQ_SUFFIX[] = ".dlq";
enum { REFUSAL_MS = 10000, REFUSAL_STEP_MS = 100, NO_LEADER_MS = 50 };

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

gl_kafka_topic gl_kafka_topic_of(const gl_kafka_conf *conf, const char *name, bool compacted)
{
    const gl_topic_schema *schema = gl_topic_schema_find(name);
    bool dead_letters = ends_with(name, DLQ_SUFFIX), originals = strcmp(name, GL_KAFKA_ORIGINALS) == 0,
         findings = strcmp(name, GL_KAFKA_FINDINGS) == 0;
    bool is_compacted = schema != NULL ? schema->compacted : compacted;
    gl_kafka_topic topic = {
        .partitions = schema != NULL && schema->partitions > 0 ? schema->partitions : (int)conf->partitions,
        .compacted = is_compacted,
        .dead_letters = dead_letters,
        .replication = (int)conf->replication,
        .min_insync = conf->min_insync,
        .message_limit_bytes = dead_letters ? conf->dlq_message_limit_bytes : conf->message_limit_bytes,
        .retention_ms = dead_letters   ? conf->dlq_retention_ms
                        : originals    ? conf->originals_retention_ms
                        : findings     ? conf->findings_retention_ms
                        : is_compacted ? -1
                                       : conf->retention_ms,
        .retention_bytes = conf->retention_bytes == 0 || dead_letters ? -1 : conf->retention_bytes,
    };
    snprintf(topic.name, sizeof topic.name, "%s", name);
    return topic;
}

gl_kafka_topic *gl_kafka_topology(const gl_kafka_conf *conf, size_t *count)
{
    size_t stage_count = sizeof stages / sizeof stages[0];
    gl_kafka_topic *topics = calloc(gl_topic_schema_count + stage_count + 2, sizeof *topics);
    if (topics == NULL)
        abort();
    *count = 0;
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (!gl_topic_schemas[i].secondary)
            topics[(*count)++] = gl_kafka_topic_of(conf, gl_topic_schemas[i].topic, false);
    for (size_t i = 0; i < stage_count; i++) {
        char name[64];
        snprintf(name, sizeof name, "gl.%s%s", stages[i], DLQ_SUFFIX);
        topics[(*count)++] = gl_kafka_topic_of(conf, name, false);
    }
    topics[(*count)++] = gl_kafka_topic_of(conf, GL_KAFKA_ORIGINALS, false);
    topics[(*count)++] = gl_kafka_topic_of(conf, "gl.dlq.handled", true); /* the marks of `greenlane dlq` */
    return topics;
}

/* ---- questions to the cluster ---- */

/* Two handles, since an isolation level is a property of a client: both ends of a partition are asked for. */
struct gl_kafka_admin {
    const gl_kafka_conf *conf;
    rd_kafka_t *committed;
    rd_kafka_t *uncommitted;
    char *cluster;
};

gl_kafka_admin *gl_kafka_admin_new(const gl_kafka_conf *conf, const char *name, gl_err *err)
{
    /* A question to a broker that is gone is given up soon and asked of its successor: librdkafka waits a minute. */
    static const char *const committed[] = {"socket.timeout.ms", "3000", NULL};
    static const char *const uncommitted[] = {"socket.timeout.ms", "3000", "isolation.level", "read_uncommitted", NULL};
    gl_kafka_admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        abort();
    gl_kafka_client client = {.name = name, .settings = committed};
    admin->conf = conf;
    admin->committed = gl_kafka_consumer_new(conf, &client, err);
    client.settings = uncommitted;
    admin->uncommitted = admin->committed == NULL ? NULL : gl_kafka_consumer_new(conf, &client, err);
    if (admin->uncommitted != NULL)
        return admin;
    gl_kafka_admin_destroy(admin);
    return NULL;
}

void gl_kafka_admin_destroy(gl_kafka_admin *admin)
{
    if (admin == NULL)
        return;
    if (admin->cluster != NULL)
        rd_kafka_mem_free(admin->committed, admin->cluster);
    if (admin->committed != NULL)
        rd_kafka_destroy(admin->committed);
    if (admin->uncommitted != NULL)
        rd_kafka_destroy(admin->uncommitted);
    free(admin);
}

/* What librdkafka says about its connections, of which a request that waits for one only times out. */
typedef struct refusal {
    rd_kafka_resp_err_t code;
    bool nobody; /* listens there */
    char text[GL_ERR_MESSAGE_BYTES];
} refusal;

static void note_refusal(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    refusal *said = opaque;
    (void)rk;
    /* A connection that breaks in the midst of SASL's handshake also has this code: nobody refused anything. */
    bool broke = strstr(reason, "transport failure") != NULL || strcasestr(reason, "timed out") != NULL;
    bool refused = (code == RD_KAFKA_RESP_ERR__AUTHENTICATION && !broke) || code == RD_KAFKA_RESP_ERR__SSL;
    /* A broker that wants TLS, a password or a certificate just hangs up on who has none; librdkafka guesses why. */
    bool guessed = code == RD_KAFKA_RESP_ERR__TRANSPORT &&
                   (strstr(reason, "security.protocol") != NULL || strcasestr(reason, "ssl") != NULL);
    said->nobody = said->nobody || strstr(reason, "Connection refused") != NULL;
    if (said->code != RD_KAFKA_RESP_ERR_NO_ERROR || !(refused || guessed))
        return;
    said->code = (rd_kafka_resp_err_t)code;
    snprintf(said->text, sizeof said->text, "%s", reason);
}

/* Asks again with a client of its own that listens: one that listens all the time gathers what nobody polls. */
bool gl_kafka_is_refused(const gl_kafka_conf *conf, gl_err *err)
{
    refusal said = {.code = RD_KAFKA_RESP_ERR_NO_ERROR};
    const gl_kafka_client client = {.name = "why", .opaque = &said, .failed = note_refusal};
    gl_err ignored;
    rd_kafka_t *rk = gl_kafka_consumer_new(conf, &client, &ignored);
    if (rk == NULL)
        return false;
    int64_t end = gl_mono_us() + REFUSAL_MS * INT64_C(1000);
    while (said.code == RD_KAFKA_RESP_ERR_NO_ERROR && !said.nobody && gl_mono_us() < end) {
        const struct rd_kafka_metadata *metadata;
        if (rd_kafka_metadata(rk, 0, NULL, &metadata, REFUSAL_STEP_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
            break;
        }
        rd_kafka_poll(rk, 0);
    }
    rd_kafka_destroy(rk);
    if (said.code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    code_row row = row_of(said.code == RD_KAFKA_RESP_ERR__TRANSPORT ? RD_KAFKA_RESP_ERR__SSL : said.code);
    gl_fail(err, row.action, row.name, "%s", said.text);
    return true;
}

bool gl_kafka_reach(gl_kafka_admin *admin, int timeout_ms, int *brokers, gl_err *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(admin->committed, 0, NULL, &metadata, timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return gl_kafka_is_refused(admin->conf, err) ? false : gl_kafka_fail_code(err, code, "no broker answers");
    if (brokers != NULL)
        *brokers = metadata->broker_cnt;
    rd_kafka_metadata_destroy(metadata);
    return true;
}

const char *gl_kafka_cluster_id(gl_kafka_admin *admin, int timeout_ms)
{
    if (admin->cluster == NULL)
        admin->cluster = rd_kafka_clusterid(admin->committed, timeout_ms);
    return admin->cluster == NULL ? "" : admin->cluster;
}

static rd_kafka_NewTopic_t *new_topic(const gl_kafka_topic *topic, char *why, size_t why_bytes)
{
    rd_kafka_NewTopic_t *fresh =
        rd_kafka_NewTopic_new(topic->name, topic->partitions, topic->replication, why, why_bytes);
    if (fresh == NULL)
        return NULL;
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)topic->message_limit_bytes);
    rd_kafka_NewTopic_set_config(fresh, "max.message.bytes", number);
    snprintf(number, sizeof number, "%lld", (long long)topic->min_insync);
    rd_kafka_NewTopic_set_config(fresh, "min.insync.replicas", number);
    bool deleted = !topic->compacted || topic->retention_ms >= 0;
    rd_kafka_NewTopic_set_config(fresh, "cleanup.policy",
                                 !topic->compacted ? "delete"
                                 : deleted         ? "compact,delete"
                                                   : "compact");
    if (topic->compacted) { /* a restore reads what is left: keep the dirty part small */
        rd_kafka_NewTopic_set_config(fresh, "min.cleanable.dirty.ratio", "0.2");
        rd_kafka_NewTopic_set_config(fresh, "segment.bytes", "67108864");
        rd_kafka_NewTopic_set_config(fresh, "delete.retention.ms", "86400000");
    }
    if (!deleted)
        return fresh;
    snprintf(number, sizeof number, "%lld", (long long)topic->retention_ms);
    rd_kafka_NewTopic_set_config(fresh, "retention.ms", number);
    if (topic->compacted)
        return fresh;
    snprintf(number, sizeof number, "%lld", (long long)topic->retention_bytes);
    rd_kafka_NewTopic_set_config(fresh, "retention.bytes", number);
    return fresh;
}

/* Waits for the one answer of an admin request; the caller destroys it. NULL and `err` for a request that failed as a
 * whole. */
static rd_kafka_event_t *answer(rd_kafka_queue_t *queue, int timeout_ms, const char *what, gl_err *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    if (event == NULL) {
        gl_fail(err, GL_RETRY, "kafka-timed-out", "%s: no answer within %d ms", what, timeout_ms);
        return NULL;
    }
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        gl_kafka_fail_code(err, rd_kafka_event_error(event), what);
        rd_kafka_event_destroy(event);
        return NULL;
    }
    return event;
}

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op, int timeout_ms)
{
    char why[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, sizeof why);
    if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS)
        rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, why, sizeof why);
    return options;
}

static bool count_created(const rd_kafka_event_t *event, size_t *created, gl_err *err)
{
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            ++*created;
        } else if (code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            gl_kafka_fail_code(err, code, rd_kafka_topic_result_error_string(results[i]));
            return gl_fail_context(err, "cannot make topic %s", rd_kafka_topic_result_name(results[i]));
        }
    }
    return true;
}

bool gl_kafka_topics_create(gl_kafka_admin *admin, const gl_kafka_topic *topics, size_t count, size_t *created,
                            int timeout_ms, gl_err *err)
{
    char why[256] = "";
    size_t made = 0, ready = 0;
    rd_kafka_event_t *event = NULL;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin->committed);
    rd_kafka_AdminOptions_t *options = admin_options(admin->committed, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
    rd_kafka_NewTopic_t **fresh = calloc(count + 1, sizeof(rd_kafka_NewTopic_t *));
    if (fresh == NULL)
        abort();
    bool good = true;
    for (; good && ready < count; ready += good)
        good = (fresh[ready] = new_topic(&topics[ready], why, sizeof why)) != NULL ||
               gl_fail(err, GL_FATAL, "kafka-config", "topic %s: %s", topics[ready].name, why);
    if (good && count > 0) {
        rd_kafka_CreateTopics(admin->committed, fresh, count, options, queue);
        event = answer(queue, timeout_ms, "making topics", err);
        good = event != NULL && count_created(event, &made, err);
    }
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy_array(fresh, ready);
    free(fresh);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    if (created != NULL)
        *created = made;
    return good;
}

/* Partitions and replicas; 0 when there is no such topic. */
static bool shape_of(gl_kafka_admin *admin, const char *topic, int *partitions, int *replicas, int timeout_ms,
                     gl_err *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(admin->committed, topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(admin->committed, 0, handle, &metadata, timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return gl_kafka_fail_code(err, code, topic);
    *partitions = 0;
    *replicas = 0;
    if (metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        *partitions = metadata->topics[0].partition_cnt;
        *replicas = *partitions > 0 ? metadata->topics[0].partitions[0].replica_cnt : 0;
    }
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        *partitions = 0;
    else if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return gl_kafka_fail_code(err, code, topic);
    return true;
}

bool gl_kafka_partition_count(gl_kafka_admin *admin, const char *topic, int *count, int timeout_ms, gl_err *err)
{
    int replicas;
    return shape_of(admin, topic, count, &replicas, timeout_ms, err);
}

static void read_config(const rd_kafka_ConfigResource_t *resource, gl_kafka_topic *topic)
{
    size_t count;
    const rd_kafka_ConfigEntry_t **configs = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++) {
        const char *name = rd_kafka_ConfigEntry_name(configs[i]), *value = rd_kafka_ConfigEntry_value(configs[i]);
        if (value == NULL)
            continue;
        if (strcmp(name, "cleanup.policy") == 0)
            topic->compacted = strstr(value, "compact") != NULL;
        else if (strcmp(name, "max.message.bytes") == 0)
            topic->message_limit_bytes = strtoll(value, NULL, 10);
        else if (strcmp(name, "min.insync.replicas") == 0)
            topic->min_insync = strtoll(value, NULL, 10);
        else if (strcmp(name, "retention.ms") == 0)
            topic->retention_ms = strtoll(value, NULL, 10);
        else if (strcmp(name, "retention.bytes") == 0)
            topic->retention_bytes = strtoll(value, NULL, 10);
    }
}

static bool describe_config(gl_kafka_admin *admin, const char *name, gl_kafka_topic *topic, int timeout_ms, gl_err *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin->committed);
    rd_kafka_AdminOptions_t *options = admin_options(admin->committed, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    rd_kafka_DescribeConfigs(admin->committed, &resource, 1, options, queue);
    rd_kafka_event_t *event = answer(queue, timeout_ms, name, err);
    bool good = event != NULL;
    if (good) {
        size_t count;
        const rd_kafka_ConfigResource_t **found =
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
        if (count == 1 && rd_kafka_ConfigResource_error(found[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
            good = gl_kafka_fail_code(err, rd_kafka_ConfigResource_error(found[0]), name);
        else if (count == 1)
            read_config(found[0], topic);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return good;
}

bool gl_kafka_topic_describe(gl_kafka_admin *admin, const char *name, gl_kafka_topic *topic, bool *exists,
                             int timeout_ms, gl_err *err)
{
    *topic = (gl_kafka_topic){.dead_letters = ends_with(name, DLQ_SUFFIX), .retention_bytes = -1};
    snprintf(topic->name, sizeof topic->name, "%s", name);
    if (!shape_of(admin, name, &topic->partitions, &topic->replication, timeout_ms, err))
        return false;
    *exists = topic->partitions > 0;
    return !*exists || describe_config(admin, name, topic, timeout_ms, err);
}

bool gl_kafka_topic_compare(const gl_kafka_topic *wanted, const gl_kafka_topic *found, gl_buf *differences)
{
    bool good = true;
    if (found->partitions != wanted->partitions) {
        gl_buf_printf(
            differences,
            "%s has %d partitions, kafka.partitions is %d; a count is fixed when a topic is made (keys would move). "
            "If every topic has %d, set kafka.partitions: %d; else delete this topic and make it again\n",
            wanted->name, found->partitions, wanted->partitions, found->partitions, found->partitions);
        good = false;
    }
    if (found->compacted != wanted->compacted) {
        gl_buf_printf(
            differences,
            "%s has cleanup.policy %s, must be %s: alter it (kafka-configs --alter --add-config cleanup.policy=%s)\n",
            wanted->name, found->compacted ? "compact" : "delete", wanted->compacted ? "compact" : "delete",
            wanted->compacted ? "compact" : "delete");
        good = false;
    }
    if (found->message_limit_bytes < wanted->message_limit_bytes)
        gl_buf_printf(differences, "%s has max.message.bytes %lld, %lld are configured: raise it, or lower kafka.%s\n",
                      wanted->name, (long long)found->message_limit_bytes, (long long)wanted->message_limit_bytes,
                      wanted->dead_letters ? "dead_letter_limit" : "message_limit");
    if (found->replication < wanted->replication)
        gl_buf_printf(differences, "%s has %d replicas, %d are configured: reassign it with more\n", wanted->name,
                      found->replication, wanted->replication);
    if (found->min_insync < wanted->min_insync)
        gl_buf_printf(differences, "%s has min.insync.replicas %lld, %lld are configured: raise it\n", wanted->name,
                      (long long)found->min_insync, (long long)wanted->min_insync);
    return good;
}

static int left_ms(int64_t deadline_us)
{
    int64_t left = (deadline_us - gl_mono_us()) / 1000;
    return left > 1 ? (int)left : 1;
}

/* librdkafka 2.0.2 asks the leader that it knows of, and after "not leader" it looks for another one only when its
 * metadata is a minute old: it is told to look now. */
static void look_for_leader(rd_kafka_t *rk, const char *topic, int timeout_ms)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    if (handle == NULL)
        return;
    if (rd_kafka_metadata(rk, 0, handle, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
}

/* rd_kafka_query_watermark_offsets would be asked for both at once, but waits longer than its time-out before
 * librdkafka 2.3.0 when the leader is gone (its issue 2588); this ends at it. `which`: RD_KAFKA_OFFSET_BEGINNING or
 * _END, which the protocol's ListOffsets takes for a timestamp. Offsets end in `list`. */
static rd_kafka_resp_err_t list_offsets(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t which,
                                        int64_t deadline_us, const rd_kafka_topic_partition_t **failed)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = which;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, list, left_ms(deadline_us));
    *failed = &list->elems[0];
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
        *failed = &list->elems[i];
        code = list->elems[i].err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[i].offset < 0)
            code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    return code;
}

static rd_kafka_resp_err_t ask_extents(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, gl_kafka_extent *extents,
                                       int64_t deadline_us, const rd_kafka_topic_partition_t **failed)
{
    for (int i = 0; i < list->cnt; i++)
        if (i == 0 || strcmp(list->elems[i].topic, list->elems[i - 1].topic) != 0)
            look_for_leader(rk, list->elems[i].topic, left_ms(deadline_us));
    rd_kafka_resp_err_t code = list_offsets(rk, list, RD_KAFKA_OFFSET_BEGINNING, deadline_us, failed);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        extents[i].first = list->elems[i].offset;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = list_offsets(rk, list, RD_KAFKA_OFFSET_END, deadline_us, failed);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        extents[i].end = list->elems[i].offset;
    return code;
}

bool gl_kafka_extents(gl_kafka_admin *admin, gl_kafka_extent *extents, size_t count, bool committed, int timeout_ms,
                      gl_err *err)
{
    rd_kafka_t *rk = committed ? admin->committed : admin->uncommitted;
    int64_t deadline_us = gl_mono_us() + (int64_t)timeout_ms * 1000;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, extents[i].topic, extents[i].partition);
    bool good = count == 0;
    while (!good) {
        const rd_kafka_topic_partition_t *failed = NULL;
        rd_kafka_resp_err_t code = ask_extents(rk, list, extents, deadline_us, &failed);
        good = code == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (good)
            break;
        gl_err why;
        gl_kafka_fail_code(&why, code, "asking for the end of a partition");
        if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
            why.action = GL_RETRY; /* the caller knows that it is there; this client has not heard of it yet */
        if (why.action != GL_RETRY || gl_mono_us() > deadline_us) {
            gl_fail_context(&why, "%s [%d]%s", failed->topic, failed->partition, count > 1 ? " or another" : "");
            *err = why;
            break;
        }
        gl_sleep_ms(NO_LEADER_MS); /* a partition just made has none yet */
    }
    rd_kafka_topic_partition_list_destroy(list);
    return good;
}

bool gl_kafka_end_offset(gl_kafka_admin *admin, const char *topic, int32_t partition, bool committed, int64_t *first,
                         int64_t *end, int timeout_ms, gl_err *err)
{
    gl_kafka_extent extent = {.topic = topic, .partition = partition};
    if (!gl_kafka_extents(admin, &extent, 1, committed, timeout_ms, err))
        return false;
    if (first != NULL)
        *first = extent.first;
    *end = extent.end;
    return true;
}
