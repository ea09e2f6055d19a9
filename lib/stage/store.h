/* The state of one partition on disk: an LMDB environment that is a copy of a compacted changelog topic up to a marker.
 *
 * Kafka is the truth, the store a copy that saves reading the changelog from its beginning. Writes are not synced
 * (MDB_NOSYNC): a killed process leaves a whole environment in the page cache, a crashed operating system may leave a
 * torn one, and then the boot id recorded beside it differs and the store is wiped and restored. Always holds:
 * everything before the marker, a changelog offset, is in the store; what a killed process left behind it is read
 * again, which changes nothing; one process has a partition's directory open (flock). Thread: one at a time. Locks:
 * none.
 */
#ifndef GL_STAGE_STORE_H
#define GL_STAGE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct gl_store gl_store;

/* What the copy is a copy of: a store made from another cluster or topic, or by a version of another format, is wiped.
 */
typedef struct gl_store_identity {
    const char *cluster;
    const char *topic;
    int64_t
        stale_after_ms; /* a marker older than this is wiped too: tombstones behind it may have been compacted away */
    int64_t now_ms;     /* wall clock */
    gl_str dictionary;  /* what values are packed with (pack.h), {NULL, 0}: nothing; another one is another format */
} gl_store_identity;

typedef struct gl_store_entry {
    gl_str key;
    gl_str value; /* {NULL, 0}: deleted */
} gl_store_entry;

/* Opens or makes the environment in `directory` (made with its parents). `wiped` (may be NULL) says that what was there
 * could not be used. Errors: state-io (GL_FATAL), state-locked (GL_RETRY: another worker still has it). */
gl_store *gl_store_open(const char *directory, const gl_store_identity *identity, bool *wiped, gl_err *err);
/* Syncs, and marks the environment clean. NULL is allowed. */
void gl_store_close(gl_store *store, int64_t now_ms);
/* The changelog offset to read next, 0 for an empty store. */
int64_t gl_store_marker(const gl_store *store);
/* Empties the store; the marker is 0 again. */
bool gl_store_wipe(gl_store *store, gl_err *err);

/* Applies (of one key in their order), some 2,000 entries an LMDB transaction, and sets the marker (-1: leaves it)
 * with the last. The entries may hold what was read from the store since the last apply; after this one nothing that
 * was read may be used: the map may have moved. */
bool gl_store_apply(gl_store *store, const gl_store_entry *entries, size_t count, int64_t marker, int64_t now_ms,
                    gl_err *err);
/* {NULL, 0} when there is none. In `arena` or in the store: valid as long as the arena and until gl_store_release. */
bool gl_store_get(gl_store *store, gl_arena *arena, gl_str key, gl_str *value, gl_err *err);
/* The key of the first entry at or after `from` ({NULL, 0}: the first of all); {NULL, 0} when there is none. Valid
 * until gl_store_release. */
bool gl_store_seek(gl_store *store, gl_str from, gl_str *key, gl_err *err);
/* The key of the entry after the last one that gl_store_seek or gl_store_next gave. */
bool gl_store_next(gl_store *store, gl_str *key, gl_err *err);
/* The value of the entry that gl_store_seek or gl_store_next gave last; as gl_store_get. */
bool gl_store_value(gl_store *store, gl_arena *arena, gl_str *value, gl_err *err);
/* Ends the read view: later reads see what was applied since. */
void gl_store_release(gl_store *store);
bool gl_store_count(gl_store *store, size_t *count, gl_err *err);
/* Bytes of the pages in use. */
int64_t gl_store_bytes(const gl_store *store);

enum { GL_STORE_KEY_LIMIT_BYTES = 511 };

#endif
