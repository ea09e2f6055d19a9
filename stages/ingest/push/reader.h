/* gl.notifications, one record after the other.
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
/* Ends within some seconds. NULL is allowed. */
void gl_outcome_reader_close(gl_outcome_reader *reader);

typedef enum gl_reading {
    GL_READING_NOTHING,
    GL_READING_RECORD,
    GL_READING_UNREADABLE, /* only partition and offset are known; `err` says why */
    GL_READING_LOST,       /* what is next is not there any more */
    GL_READING_BROKEN,     /* nothing more comes: to be made anew; `err` says why */
} gl_reading;
/* Waits at most `wait_ms`. What `outcome` refers to is valid until the next call. A schema that the registry has not
 * told yet is waited for: GL_READING_NOTHING meanwhile. */
gl_reading gl_outcome_reader_take(gl_outcome_reader *reader, gl_outcome *outcome, int wait_ms, gl_err *err);

#endif
