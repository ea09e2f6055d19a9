/* See calibration_feed.h. */
#include "classify/calibration_feed.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/topics.h"
#include "io/follower.h"

enum { PPM = 1000000 };

struct gl_calibration_feed {
    gl_calibration *calibration;
    gl_calibration_series series;
    gl_follower_def def;
    gl_follower *follower;
};

/* ---- Thread: the follower's ---- */

static void set(gl_series *series, double value)
{
    if (series != NULL)
        gl_series_set(series, value);
}

static void show(const gl_calibration_feed *feed)
{
    bool all = gl_calibration_goes_by(feed->calibration) == GL_CALIBRATION_ALL;

    for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++) {
        gl_calibration_cell cell = gl_calibration_total(feed->calibration, k);
        const gl_calibration_counts *counts = all ? &cell.all : &cell.drawn;
        double count = counts->count > 0 ? counts->count : 1;
        set(feed->series.kinds[k].findings, counts->count);
        set(feed->series.kinds[k].claimed, (double)counts->claimed_ppm / count / PPM);
        set(feed->series.kinds[k].right, counts->right / count);
        set(feed->series.kinds[k].factor, cell.factor_ppm / (double)PPM);
        set(feed->series.kinds[k].submitters, (double)gl_calibration_tightened(feed->calibration, k));
    }
}

static void turn(void *context)
{
    const gl_calibration_feed *feed = context;
    if (gl_calibration_settle(feed->calibration, gl_wall_us()))
        show(feed);
}

static void complete(void *context)
{
    const gl_calibration_feed *feed = context;
    gl_calibration_complete(feed->calibration);
    show(feed);
    set(feed->series.complete, 1);
    gl_log(GL_LOG_INFO, "findings-read", "%zu findings of this model are within the window",
           gl_calibration_count(feed->calibration));
}

static bool take(void *context, gl_str key, gl_str value, gl_arena *arena, gl_err *err)
{
    const gl_calibration_feed *feed = context;
    gl_finding_envelope envelope;

    if (!gl_finding_envelope_decode(&envelope, (const uint8_t *)value.ptr, value.len, arena, err) ||
        !gl_calibration_put(feed->calibration, key, &envelope.finding, err))
        return false;
    if (gl_calibration_is_complete(feed->calibration) && feed->series.delay != NULL)
        gl_series_observe(feed->series.delay, (double)(gl_wall_us() - envelope.finding.decided_at) / 1e6);
    return true;
}

static void take_away(void *context, gl_str key)
{
    const gl_calibration_feed *feed = context;
    gl_calibration_remove(feed->calibration, key);
}

static void clear(void *context)
{
    const gl_calibration_feed *feed = context;
    gl_calibration_clear(feed->calibration);
}

/* ---- life cycle ---- */

gl_calibration_feed *gl_calibration_feed_start(const gl_kafka_conf *conf, gl_calibration *calibration,
                                               const gl_calibration_series *series)
{
    gl_calibration_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL)
        abort();
    feed->calibration = calibration;
    feed->series = *series;
    feed->def = (gl_follower_def){.topic = GL_FINDING_TOPIC,
                                  .client = "findings",
                                  .group = "gl.classify.findings",
                                  .schema = GL_SCHEMA_FINDING_ENVELOPE,
                                  .take = take,
                                  .remove = take_away,
                                  .clear = clear,
                                  .complete = complete,
                                  .turn = turn,
                                  .unreadable = series->unreadable};
    feed->follower = gl_follower_start(conf, &feed->def, feed);
    return feed;
}

bool gl_calibration_feed_wait(const gl_calibration_feed *feed, int64_t wait_ms)
{
    if (gl_follower_wait(feed->follower, wait_ms))
        return true;
    gl_log(GL_LOG_WARN, "findings-unread",
           "%s could not be read to its end within %lld ms: no confidence is tightened by it until it is",
           GL_FINDING_TOPIC, (long long)wait_ms);
    return false;
}

void gl_calibration_feed_stop(gl_calibration_feed *feed)
{
    if (feed == NULL)
        return;
    gl_follower_stop(feed->follower);
    free(feed);
}
