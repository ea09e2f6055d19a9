/* Follows gl.findings into the table of what was found (io/follower.h): a topic that is not there yet is one without
 * findings. Thread: one of its own; start, wait and stop from any one at a time. Locks: none.
 */
#ifndef GL_CLASSIFY_CALIBRATION_FEED_H
#define GL_CLASSIFY_CALIBRATION_FEED_H

#include "base/metrics.h"
#include "classify/calibration.h"
#include "io/kafka.h"

typedef struct gl_calibration_feed gl_calibration_feed;

/* Of gl_calibration_feed_start; any may be NULL. */
typedef struct gl_calibration_series {
    struct {
        gl_series *findings;        /* GAUGE: that count */
        gl_series *claimed, *right; /* GAUGE: the mean claim, and the share that was right */
        gl_series *factor;          /* GAUGE: of everybody */
        gl_series *submitters;      /* GAUGE: that are tightened */
    } kinds[GL_CALIBRATION_KINDS];
    gl_series *complete;   /* GAUGE: 1 once the topic was read to its end */
    gl_series *delay;      /* HISTOGRAM: from decide to here, of what came after that */
    gl_series *unreadable; /* COUNTER */
} gl_calibration_series;

/* Starts the thread. `conf` and `calibration` are borrowed. */
gl_calibration_feed *gl_calibration_feed_start(const gl_kafka_conf *conf, gl_calibration *calibration,
                                               const gl_calibration_series *series);
/* Until the topic was read to its end, `wait_ms` at most; false: it was not, and the log says so. */
bool gl_calibration_feed_wait(const gl_calibration_feed *feed, int64_t wait_ms);
/* NULL is allowed. */
void gl_calibration_feed_stop(gl_calibration_feed *feed);

#endif
