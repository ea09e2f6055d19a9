/* Follows gl.precedents into the table of rulings (io/follower.h): a topic that is not there yet is one without
 * rulings. Thread: one of its own; start, wait and stop from any one at a time. Locks: none.
 */
#ifndef GL_CLASSIFY_PRECEDENT_FEED_H
#define GL_CLASSIFY_PRECEDENT_FEED_H

#include "base/metrics.h"
#include "classify/precedents.h"
#include "io/kafka.h"

typedef struct gl_precedent_feed gl_precedent_feed;

/* Of gl_precedent_feed_start; any may be NULL. */
typedef struct gl_precedent_series {
    gl_series *texts;      /* GAUGE: that have a ruling */
    gl_series *complete;   /* GAUGE: 1 once the topic was read to its end */
    gl_series *delay;      /* HISTOGRAM: from ingest to here, of what came after that */
    gl_series *unreadable; /* COUNTER */
} gl_precedent_series;

/* Starts the thread. `conf` and `precedents` are borrowed. */
gl_precedent_feed *gl_precedent_feed_start(const gl_kafka_conf *conf, gl_precedents *precedents,
                                           const gl_precedent_series *series);
/* Until the topic was read to its end, `wait_ms` at most; false: it was not, and the log says so. */
bool gl_precedent_feed_wait(const gl_precedent_feed *feed, int64_t wait_ms);
/* NULL is allowed. */
void gl_precedent_feed_stop(gl_precedent_feed *feed);

#endif
