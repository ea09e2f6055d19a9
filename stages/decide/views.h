/* The status views in Redis: written after the commit, found lost, and rebuilt from the state.
 *
 * Redis holds nothing but a view (DESIGN, rule 1): a failed write is counted and the partition's view rebuilt later. A
 * partition's view is trusted when its marker is there and `gl:vs:<partition>` names the `writes` of its
 * audit head, which every batch that changes clearances moves: so a flush, a server that came back with an older
 * snapshot, and writes that another worker could not do are all noticed. Always holds: the marker is set only by
 * whoever has written every clearance of the partition since; the number in gl:vs is written only while the partition
 * is complete. Entries of clearances that the state keeps without a limit have none either. Thread: worker. Locks:
 * none.
 */
#ifndef DECIDE_VIEWS_H
#define DECIDE_VIEWS_H

#include "io/kv.h"
#include "stage/stage.h"

enum { GL_VIEWS_METRICS = 3 };
extern const gl_metric_def gl_views_metrics[GL_VIEWS_METRICS];
/* The same rows for the table of the whole stage. */
#define GL_VIEWS_METRIC_ROWS                                                                                           \
    {.name = "gl_view_writes_total",                                                                                   \
     .type = GL_COUNTER,                                                                                               \
     .help = "Status views sent to Redis, by result: applied, stale (a newer one was there), failed.",                 \
     .labels = {"result"}},                                                                                            \
        {.name = "gl_view_rebuilds_total",                                                                             \
         .type = GL_COUNTER,                                                                                           \
         .help = "Partitions whose status views were found lost and rebuilt."},                                        \
    {                                                                                                                  \
        .name = "gl_view_rebuilt_entries_total", .type = GL_COUNTER,                                                   \
        .help = "Status views written again by rebuilding."                                                            \
    }

typedef struct gl_views gl_views;

/* `metrics` may be NULL. */
gl_views *gl_views_new(const gl_kv_conf *conf, gl_metrics *metrics);
void gl_views_destroy(gl_views *views);

/* How long entries stay. */
typedef struct gl_views_terms {
    int64_t ttl_ms;    /* of a closed clearance, 0: until the window is over; never longer */
    int64_t window_us; /* decide.idempotency_window; when it changes, all is written again */
    int64_t now_us;    /* wall clock */
} gl_views_terms;

/* Writes the views of all clearances that the outbox changed, and removes those of what it removed. */
void gl_views_write(gl_views *views, const gl_outbox *outbox, const gl_views_terms *terms);
/* Checks the partitions' markers at most once a second, and rebuilds what is lost, within about 50 ms a call. true: a
 * rebuild is not done; false after a failure, too, which is tried again a second later. */
bool gl_views_idle(gl_views *views, gl_state *state, const int32_t *partitions, size_t count,
                   const gl_views_terms *terms);
/* Is the partition's view known to be complete? For tests. */
bool gl_views_complete(const gl_views *views, int32_t partition);

#endif
