/* Reads a topic as any outside client would: read_committed, without a group, from an offset to the end or on and on.
 */
#ifndef GL_CLI_TOPIC_READER_H
#define GL_CLI_TOPIC_READER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct gl_topic_reader gl_topic_reader;

typedef struct gl_topic_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    gl_str key, value;
} gl_topic_record;

/* `partition` -1: all. `follow`: goes on after the end. Errors: kafka-... (GL_RETRY). */
gl_topic_reader *gl_topic_reader_open(const char *brokers, const char *topic, int32_t partition, bool follow,
                                      gl_err *err);
/* The next record; slices are valid until the next call. false with err->code NULL: the end, or nothing within
 * `timeout_ms` when following. */
bool gl_topic_reader_next(gl_topic_reader *reader, int timeout_ms, gl_topic_record *record, gl_err *err);
bool gl_topic_reader_at_end(const gl_topic_reader *reader);
int32_t gl_topic_reader_partitions(const gl_topic_reader *reader);
void gl_topic_reader_close(gl_topic_reader *reader);

/* Every record of a topic of one partition, to its end; `arena` is reset before each. False from `take` ends it.
 * Errors: kafka-... (GL_RETRY), those of `take` with the record's offset. */
bool gl_topic_read_all(const char *brokers, const char *topic,
                       bool (*take)(void *context, const gl_topic_record *record, gl_arena *arena, gl_err *err),
                       void *context, gl_err *err);

#endif
