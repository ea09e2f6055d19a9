/* Follows a topic of one partition: a thread with a consumer of its own, in no group, reads it from the beginning to
 * the end and on, and hands each record to a table that is kept in memory.
 *
 * Always holds: what is handed over is committed, in the topic's order; a topic that is not there yet is an empty one,
 * and is looked for again; a record that cannot be read is said and passed over; brokers that are away are waited for;
 * of a topic that was made anew what was read before is cleared. Thread: one of its own, which calls the functions of
 * the definition; start, wait and stop from any one at a time. Locks: none.
 */
#ifndef GL_IO_FOLLOWER_H
#define GL_IO_FOLLOWER_H

#include "base/arena.h"
#include "base/metrics.h"
#include "io/kafka.h"

typedef struct gl_follower gl_follower;

typedef struct gl_follower_def {
    const char *topic;
    const char *client; /* its name, for logs */
    const char *group;  /* never joined or committed to; librdkafka wants its name */
    int schema;         /* of its values: an index into gl_topic_schemas */
    /* Of `context`. A record's value; slices are valid during the call, `arena` is reset after it. False with GL_RETRY:
     * its schema is not known yet, and it is handed over again; with another action: it cannot be read. */
    bool (*take)(void *context, gl_str key, gl_str value, gl_arena *arena, gl_err *err);
    void (*remove)(void *context, gl_str key); /* a tombstone */
    void (*clear)(void *context);              /* the topic was made anew */
    void (*complete)(void *context);           /* once: read to its end, or not there */
    void (*turn)(void *context);               /* after what came together, and several times a second */
    gl_series *unreadable;                     /* COUNTER; may be NULL */
} gl_follower_def;

/* Starts the thread. `conf`, `def` and `context` are borrowed. */
gl_follower *gl_follower_start(const gl_kafka_conf *conf, const gl_follower_def *def, void *context);
/* Until the topic was read to its end, `wait_ms` at most. False: it was not. */
bool gl_follower_wait(const gl_follower *follower, int64_t wait_ms);
/* NULL is allowed. */
void gl_follower_stop(gl_follower *follower);

#endif
