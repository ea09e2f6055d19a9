/* Intake topics: any Kafka topic, in any of the formats, whose records are messages as HTTP bodies are.
 *
 * Each worker has a consumer of its own in the group gl.ingest, on a thread of its own; what it reads goes through a
 * feed to the worker and the usual way: read, validated, given identity, accepted or rejected, in the batch's
 * transaction, which carries their offsets too. Always holds: an offset is committed with what its record caused, or
 * neither is; a transaction carries offsets only of partitions that were this worker's when it took the membership that
 * they are sent with, so the group refuses them once the partitions are another's. Nothing is lost, and nothing is
 * taken in twice.
 */
#ifndef GL_INGEST_TOPICS_H
#define GL_INGEST_TOPICS_H

#include "ingest/feed.h"
#include "ingest/ingest.h"

/* A record on its way; with its job in one allocation. */
struct gl_topic_record {
    const gl_intake_topic *topic;
    gl_place place;
    int32_t partition;
    gl_str key, traceparent, tracestate;
    void *message;       /* owned: rd_kafka_message_t */
    const void *headers; /* of it: rd_kafka_headers_t, or NULL */
};

typedef struct gl_topics gl_topics;

/* Checks the section against the accounts and mappings. */
bool gl_topics_check(const gl_ingest *ingest, gl_err *err);
/* Starts the consumer; NULL when no topic is configured. `joined`: the metric that says so. Thread: worker. */
gl_topics *gl_topics_new(const gl_ingest *ingest, int worker, const gl_metric_def *joined);
/* Nothing that was taken may be unsettled. */
void gl_topics_destroy(gl_topics *topics);
gl_job *gl_topics_take(gl_topics *topics);
void gl_topics_settle(gl_topics *topics, gl_job *job, bool committed, const gl_err *err);
/* As gl_stage_def's offsets and reread; give_back is for what `keeps` does not keep. */
bool gl_topics_offsets(gl_topics *topics, const gl_batch *batch, gl_intake_offsets *offsets, gl_err *err);
void gl_topics_give_back(gl_topics *topics, gl_job *job);
void gl_topics_reread(gl_topics *topics);

#endif
