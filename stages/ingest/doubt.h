/* When does a miss in the status view prove that there is nothing?
 *
 * The view misses what was accepted and has neither a decision nor an early entry there: an early entry was not written
 * (Redis was away or slow, a commit whose outcome is not known, a process that died), or was lost with Redis and is not
 * in decide's state yet. From such a moment on a partition is in doubt. It stays so for view_settle, and, for what
 * says that nobody has used an LRN, until a declaration that this process accepted after that moment, the probe, is
 * seen to be decided: a partition keeps its order through all stages, so what was accepted before is decided too, and
 * its entry written. Times are monotonic: a clock that jumps ends no doubt. Always holds: a doubt never ends by time
 * alone where an LRN could be called free. Thread: any. Locks: one inside.
 */
#ifndef GL_INGEST_DOUBT_H
#define GL_INGEST_DOUBT_H

#include "base/str.h"
#include "customs/ids.h"

typedef struct gl_doubt gl_doubt;

/* Every partition is in doubt from `now_us` on: the process before may have lost entries. */
gl_doubt *gl_doubt_new(int32_t partition_count, int64_t settle_ms, int64_t now_us);
void gl_doubt_destroy(gl_doubt *doubt);
/* Entries may be missing, in any partition. */
void gl_doubt_begin(gl_doubt *doubt, int64_t now_us);
/* The partition's marker as just read ({NULL, 0}: none): one that changed means that the view was built anew. True: the
 * marker is there, and the doubt older than view_settle. `wall_ms`: the wall clock, for a first look only. */
bool gl_doubt_look(gl_doubt *doubt, int32_t partition, gl_str marker, int64_t now_us, int64_t wall_ms);
/* A declaration of a batch that was begun at `begun_us` is accepted, and is the first of its identity: it may serve as
 * the probe. One whose identity was decided before would end the doubt at once. */
void gl_doubt_offer(gl_doubt *doubt, int32_t partition, const char *stem, int64_t begun_us);
/* The probe to be looked up; false: none. */
bool gl_doubt_probe(gl_doubt *doubt, int32_t partition, char stem[GL_MRN_STEM_CHARS + 1]);
/* This probe is decided. */
void gl_doubt_decided(gl_doubt *doubt, int32_t partition, const char *stem);
/* After gl_doubt_look said true: is a miss also a proof that an LRN was not used? */
bool gl_doubt_is_over(gl_doubt *doubt, int32_t partition);

#endif
