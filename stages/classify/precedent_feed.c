/* See precedent_feed.h. */
#include "classify/precedent_feed.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/topics.h"
#include "io/follower.h"

struct gl_precedent_feed {
    gl_precedents *precedents;
    gl_precedent_series series;
    gl_follower_def def;
    gl_follower *follower;
};

/* ---- Thread: the follower's ---- */

static void show_count(void *context)
{
    const gl_precedent_feed *feed = context;
    if (feed->series.texts != NULL)
        gl_series_set(feed->series.texts, (double)gl_precedents_count(feed->precedents));
}

static void complete(void *context)
{
    const gl_precedent_feed *feed = context;
    gl_precedents_complete(feed->precedents);
    show_count(context);
    if (feed->series.complete != NULL)
        gl_series_set(feed->series.complete, 1);
    gl_log(GL_LOG_INFO, "precedents-read", "%zu texts have a ruling", gl_precedents_count(feed->precedents));
}

static bool take(void *context, gl_str key, gl_str value, gl_arena *arena, gl_err *err)
{
    const gl_precedent_feed *feed = context;
    gl_precedent_envelope envelope;

    (void)key;
    if (!gl_precedent_envelope_decode(&envelope, (const uint8_t *)value.ptr, value.len, arena, err) ||
        !gl_precedents_put(feed->precedents, &envelope.precedent, err))
        return false;
    if (gl_precedents_is_complete(feed->precedents) && feed->series.delay != NULL)
        gl_series_observe(feed->series.delay, (double)(gl_wall_us() - envelope.precedent.received_at) / 1e6);
    return true;
}

static void take_away(void *context, gl_str key)
{
    const gl_precedent_feed *feed = context;
    gl_precedents_remove(feed->precedents, key);
}

static void clear(void *context)
{
    const gl_precedent_feed *feed = context;
    gl_precedents_clear(feed->precedents);
}

/* ---- life cycle ---- */

gl_precedent_feed *gl_precedent_feed_start(const gl_kafka_conf *conf, gl_precedents *precedents,
                                           const gl_precedent_series *series)
{
    gl_precedent_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL)
        abort();
    feed->precedents = precedents;
    feed->series = *series;
    feed->def = (gl_follower_def){.topic = GL_PRECEDENT_TOPIC,
                                  .client = "precedents",
                                  .group = "gl.classify.precedents",
                                  .schema = GL_SCHEMA_PRECEDENT_ENVELOPE,
                                  .take = take,
                                  .remove = take_away,
                                  .clear = clear,
                                  .complete = complete,
                                  .turn = show_count,
                                  .unreadable = series->unreadable};
    feed->follower = gl_follower_start(conf, &feed->def, feed);
    return feed;
}

bool gl_precedent_feed_wait(const gl_precedent_feed *feed, int64_t wait_ms)
{
    if (gl_follower_wait(feed->follower, wait_ms))
        return true;
    gl_log(GL_LOG_WARN, "precedents-unread",
           "%s could not be read to its end within %lld ms: what is classified until it is says that it is degraded",
           GL_PRECEDENT_TOPIC, (long long)wait_ms);
    return false;
}

void gl_precedent_feed_stop(gl_precedent_feed *feed)
{
    if (feed == NULL)
        return;
    gl_follower_stop(feed->follower);
    free(feed);
}
