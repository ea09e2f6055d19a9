/* Records of intake topics on their way from a consumer to a worker and back.
 *
 * One thread puts what it consumed, one worker takes and settles; partitions come and go between them. Always holds:
 * records of a partition are taken in the order of their offsets, also when a batch is given up and its records come
 * back; a record counts against the limits until it is settled, so what is held never grows beyond them by more than
 * one record; a record of a partition that was taken away is nobody's business here any more. Thread: as said at each
 * function. Locks: one inside.
 */
#ifndef GL_INGEST_FEED_H
#define GL_INGEST_FEED_H

#include "ingest/jobs.h"

typedef struct gl_feed gl_feed;

/* Where a record is in its topic. */
typedef struct gl_place {
    size_t slot;         /* of its partition in the feed */
    uint64_t assignment; /* which time the partition was given to us: a later one begins anew */
    int64_t offset;
    int64_t timestamp_ms;
} gl_place;

/* `drop` frees a job. */
gl_feed *gl_feed_new(size_t record_limit, size_t byte_limit, void (*drop)(gl_job *job));
/* Drops what is left. Nothing may be with the worker. */
void gl_feed_destroy(gl_feed *feed);

/* -- Thread: consumer -- */

/* The partition is ours from now on; its slot. */
size_t gl_feed_assign(gl_feed *feed, int topic, int32_t partition);
/* SIZE_MAX: not ours. */
size_t gl_feed_slot(gl_feed *feed, int topic, int32_t partition);
/* It is taken away: drops what waits, waits until the worker has settled the rest, but no longer than until `end_us`
 * (monotonic). What it settles later counts for nothing. */
void gl_feed_leave(gl_feed *feed, size_t slot, int64_t end_us);
/* After gl_feed_leave: nothing of it counts any more. */
void gl_feed_revoke(gl_feed *feed, size_t slot);
/* Takes the job, whose place gets slot and assignment; false: an earlier offset than the last one (the job stays the
 * caller's). `*first`: there was nothing to take before. */
bool gl_feed_put(gl_feed *feed, size_t slot, gl_job *job, bool *first);
/* The offset after the last record put; -1: none yet. */
int64_t gl_feed_next(gl_feed *feed, size_t slot);
bool gl_feed_is_full(gl_feed *feed);
/* Half of the limits at most. */
bool gl_feed_has_room(gl_feed *feed);
/* Until there is room for a record, at most `timeout_ms`. */
void gl_feed_wait(gl_feed *feed, int timeout_ms);
/* Records of the partition that are not settled, and when the last settled one was written (0: none was). */
size_t gl_feed_held(gl_feed *feed, size_t slot, int64_t *last_ms);

/* -- Thread: worker -- */

gl_job *gl_feed_take(gl_feed *feed);
/* Takes the job back. Not committed: it is taken again, before what came after it. */
void gl_feed_settle(gl_feed *feed, gl_job *job, bool committed);
/* Is the partition still ours, from that time on? */
bool gl_feed_is_ours(gl_feed *feed, const gl_place *place);
/* No partition is ours any more, and nothing waits; nothing may be with the worker. */
void gl_feed_clear(gl_feed *feed);

#endif
