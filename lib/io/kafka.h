/* Kafka as Greenlane uses it: the configuration section "kafka", clients with the settings that our guarantees need,
 * the topology of the topics, and the few questions asked of a cluster.
 *
 * Always holds: consumers read committed records only and never commit by themselves; producers are idempotent; the
 * partitioner is Java's murmur2; errors say what to do (gl_action), never only what happened. Thread: a client belongs
 * to one thread; librdkafka's own threads only log. Locks: none.
 */
#ifndef GL_IO_KAFKA_H
#define GL_IO_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

typedef struct gl_kafka_conf {
    const char *brokers;
    const char *client_id;
    int security;  /* index: plaintext, ssl, sasl_plaintext, sasl_ssl */
    int mechanism; /* of SASL; index: SCRAM-SHA-512, SCRAM-SHA-256, PLAIN */
    const char *username, *password;
    const char *tls_ca, *tls_certificate, *tls_key, *tls_key_password;
    gl_conf_strings properties;        /* "key=value" for librdkafka: what has no option of its own */
    gl_conf_strings secret_properties; /* the same, never printed */
    int64_t transaction_timeout_ms;
    int64_t session_timeout_ms;
    int64_t max_poll_interval_ms;
    int64_t fetch_wait_ms;
    int64_t fetch_min_bytes;
    int64_t fetch_partition_bytes;
    int64_t prefetch_bytes; /* queued.max.messages.kbytes */
    int64_t prefetch_records;
    int64_t linger_ms;
    int64_t batch_bytes;
    int compression; /* index: none, lz4, zstd, gzip, snappy */
    int64_t queue_records;
    /* topics */
    bool create_topics;
    int64_t partitions;
    int64_t replication;
    int64_t min_insync;
    int64_t message_limit_bytes;
    int64_t dlq_message_limit_bytes;
    int64_t retention_ms;
    int64_t retention_bytes; /* of a partition; 0: no limit */
    int64_t dlq_retention_ms;
    int64_t originals_retention_ms;
    int64_t findings_retention_ms;
} gl_kafka_conf;
extern const gl_conf_table gl_kafka_conf_table; /* section "kafka" */

/* Are credentials and properties complete, and does librdkafka take them? Reads certificates and keys, asks no broker.
 * Error: kafka-config (GL_FATAL). */
bool gl_kafka_check(const gl_kafka_conf *conf, gl_err *err);

/* ---- errors ---- */

/* From librdkafka's error object, which it destroys. requires_abort: GL_ABORT_TXN; retriable: GL_RETRY (the same call
 * again); else GL_FATAL. Codes: kafka-fenced for a fenced client, else "kafka-" and a stable name ("kafka-timed-out").
 * Returns false. */
bool gl_kafka_fail(gl_err *err, rd_kafka_error_t *error, const char *what);
/* From a response code: what is known to pass (transport, time-outs, leader changes) GL_RETRY; a message's own fault
 * (too large) GL_DEAD_LETTER; else GL_FATAL. */
bool gl_kafka_fail_code(gl_err *err, rd_kafka_resp_err_t code, const char *what);
/* Was this client replaced by another with the same transactional id? */
bool gl_kafka_is_fenced(const gl_err *err);

/* ---- clients ---- */

/* What a client adds to the common settings: pairs of librdkafka's names and values, NULL-terminated; may be NULL. */
typedef struct gl_kafka_client {
    const char *name; /* appended to the client id, unique within the process: "classify-0" */
    const char *const *settings;
    void *opaque; /* of the callbacks */
    void (*rebalance)(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions,
                      void *opaque);
    void (*delivered)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
    void (*failed)(rd_kafka_t *rk, int code, const char *reason, void *opaque); /* client-wide errors; NULL: logged */
} gl_kafka_client;

/* Both return NULL and `err` (kafka-config, GL_FATAL) for settings that librdkafka refuses. Neither waits for a broker.
 * Destroy with rd_kafka_destroy. */
rd_kafka_t *gl_kafka_consumer_new(const gl_kafka_conf *conf, const gl_kafka_client *client, gl_err *err);
rd_kafka_t *gl_kafka_producer_new(const gl_kafka_conf *conf, const gl_kafka_client *client, gl_err *err);
/* Leaves the group and closes, within `deadline_ms`; then destroys. false: it hung and was left behind (librdkafka
 * issue 4528). */
bool gl_kafka_consumer_close(rd_kafka_t *consumer, int deadline_ms);
/* What offsets in a transaction are sent with, so that the group refuses those of a consumer whose partitions went to
 * others; owned by the caller (rd_kafka_consumer_group_metadata_destroy). NULL: the consumer is in no group now.
 * Brokers take offsets without a member id and generation from anybody (KIP-447, older clients), and librdkafka hands
 * out such metadata once the consumer was thrown out, before the application is told. Call it where no rebalance of
 * partitions in hand can end meanwhile: on the thread that serves the consumer. */
rd_kafka_consumer_group_metadata_t *gl_kafka_membership(rd_kafka_t *consumer);

/* ---- topology ---- */

typedef struct gl_kafka_topic {
    char name[250];
    int partitions;
    bool compacted;
    bool dead_letters;
    int replication;
    int64_t min_insync;
    int64_t message_limit_bytes;
    int64_t retention_ms;    /* -1: for ever, as compacted topics are, but for findings */
    int64_t retention_bytes; /* -1: no limit */
} gl_kafka_topic;

/* The bytes of accepted declarations as they came; key: declaration id, SHA-256 of the bytes. */
#define GL_KAFKA_ORIGINALS "gl.intake.originals"
/* What officers found: compacted, and deleted when it is old. */
#define GL_KAFKA_FINDINGS "gl.findings"
/* Every topic of Greenlane: those of the schemas, originals, the dead letters of the four stages and the marks of those
 * that were dealt with. Owned by the caller (free). */
gl_kafka_topic *gl_kafka_topology(const gl_kafka_conf *conf, size_t *count);
/* The same for one topic; a name outside the topology (tests, raw topics) gets the defaults, compacted as given. */
gl_kafka_topic gl_kafka_topic_of(const gl_kafka_conf *conf, const char *name, bool compacted);

/* ---- questions to the cluster ---- */

typedef struct gl_kafka_admin gl_kafka_admin;
/* `conf` is borrowed as long as the admin. */
gl_kafka_admin *gl_kafka_admin_new(const gl_kafka_conf *conf, const char *name, gl_err *err);
void gl_kafka_admin_destroy(gl_kafka_admin *admin);

/* GL_RETRY (kafka-unreachable) when no broker answers within `timeout_ms`; when brokers refuse this client, what they
 * say: kafka-authentication (GL_FATAL: name or password), kafka-tls (GL_RETRY: certificates, or no TLS there).
 * `brokers` (may be NULL): how many there are. */
bool gl_kafka_reach(gl_kafka_admin *admin, int timeout_ms, int *brokers, gl_err *err);
/* After a question that nobody answered: do brokers refuse this client? Then as above; asks them again, for 10 s at
 * most.
 */
bool gl_kafka_is_refused(const gl_kafka_conf *conf, gl_err *err);
/* The cluster's id, "" when unknown. Valid as long as the admin. */
const char *gl_kafka_cluster_id(gl_kafka_admin *admin, int timeout_ms);
/* Makes those that are missing; those that exist are left as they are. `created` (may be NULL): how many were made. */
bool gl_kafka_topics_create(gl_kafka_admin *admin, const gl_kafka_topic *topics, size_t count, size_t *created,
                            int timeout_ms, gl_err *err);
/* 0: there is no such topic. */
bool gl_kafka_partition_count(gl_kafka_admin *admin, const char *topic, int *count, int timeout_ms, gl_err *err);
/* What the cluster has under this name; `*exists` false when there is none. */
bool gl_kafka_topic_describe(gl_kafka_admin *admin, const char *name, gl_kafka_topic *topic, bool *exists,
                             int timeout_ms, gl_err *err);
/* Appends a line for each difference that matters, with what to do about it; false when there is one that is fatal
 * (partition count, cleanup policy). */
bool gl_kafka_topic_compare(const gl_kafka_topic *wanted, const gl_kafka_topic *found, gl_buf *differences);
/* Where a partition begins and ends: its first offset, and the offset of the record that will come next. */
typedef struct gl_kafka_extent {
    const char *topic;
    int32_t partition;
    int64_t first, end;
} gl_kafka_extent;
/* Asks for all at once; all or nothing. `committed`: the end of what a read_committed consumer can see now (the last
 * stable offset); otherwise the high watermark, which open transactions are below. GL_RETRY when a partition's leader
 * does not answer within `timeout_ms`. Group those of a topic together. */
bool gl_kafka_extents(gl_kafka_admin *admin, gl_kafka_extent *extents, size_t count, bool committed, int timeout_ms,
                      gl_err *err);
/* The same for one partition; `first` may be NULL. */
bool gl_kafka_end_offset(gl_kafka_admin *admin, const char *topic, int32_t partition, bool committed, int64_t *first,
                         int64_t *end, int timeout_ms, gl_err *err);

#endif
