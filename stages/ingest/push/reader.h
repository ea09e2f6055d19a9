/* gl.notifications, one record after the other, for a stream or a webhook.
 *
 * Always holds: records of a partition come in their order, committed ones only; what is lost to retention is said, not
 * passed over. The queue is small: a reader that nobody takes from fetches no more than about 1 MiB.
 * Thread: one at a time. Locks: none.
 */
#ifndef GL_INGEST_PUSH_READER_H
#define GL_INGEST_PUSH_READER_H

#include "ingest/push/outcome.h"
#include "io/kafka.h"

extern const char gl_outcome_topic[]; /* gl.notifications */

typedef struct gl_outcome_reader gl_outcome_reader;

/* Of the partitions 0 to `count` - 1 from `next` on, in no group. `name`: of the client. Errors: kafka-... */
gl_outcome_reader *gl_outcome_reader_at(const gl_kafka_conf *conf, const char *name, const int64_t *next, size_t count,
                                        gl_err *err);
/* The same as a member of a group, from its offsets on. A partition without one, or whose offset is not there any more,
 * is GL_READING_LOST, or with `from_start` begins where the topic does. Partitions come and go with
 * `client->rebalance`, which is called while it is taken from. */
gl_outcome_reader *gl_outcome_reader_join(const gl_kafka_conf *conf, const gl_kafka_client *client, const char *group,
                                          bool from_start, gl_err *err);
rd_kafka_t *gl_outcome_reader_consumer(gl_outcome_reader *reader);
/* Ends within some seconds. NULL is allowed. */
void gl_outcome_reader_close(gl_outcome_reader *reader);

typedef enum gl_reading {
    GL_READING_NOTHING,
    GL_READING_RECORD,
    GL_READING_UNREADABLE, /* only partition and offset are known; `err` says why */
    GL_READING_END,        /* of a partition, for now: members of a group only; partition and offset are known */
    GL_READING_LOST,       /* what is next is not there any more; the partition is known */
    GL_READING_BROKEN,     /* nothing more comes: to be made anew; `err` says why */
} gl_reading;
/* Waits at most `wait_ms`. What `outcome` refers to is valid until the next call. A schema that the registry has not
 * told yet is waited for, however long that is away: GL_READING_NOTHING meanwhile. */
gl_reading gl_outcome_reader_take(gl_outcome_reader *reader, gl_outcome *outcome, int wait_ms, gl_err *err);

#endif
