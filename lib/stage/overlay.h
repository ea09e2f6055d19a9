/* The writes of one batch to one partition's state, in key order, with savepoints.
 *
 * A batch reads its own writes before they are committed anywhere; a bisected half takes its writes back. Keys are
 * ordered as LMDB orders them (bytes, then length), so that a prefix scan can merge both. Always holds: a node with
 * `top` NULL is not there (its writes were taken back); versions of all overlays of one state form one list from the
 * newest to the oldest, and a savepoint is a place in it. Thread: worker. Locks: none. Memory: the batch's arena; keys
 * and values are borrowed until the batch ends.
 */
#ifndef GL_STAGE_OVERLAY_H
#define GL_STAGE_OVERLAY_H

#include "base/arena.h"
#include "base/str.h"

enum { GL_OVERLAY_LEVELS = 16 };

typedef struct gl_overlay_node gl_overlay_node;

typedef struct gl_overlay_version {
    struct gl_overlay_version *previous; /* of the same key */
    struct gl_overlay_version *older;    /* of any key: the way back to a savepoint */
    gl_overlay_node *node;
    gl_str value; /* {NULL, 0}: a tombstone */
} gl_overlay_version;

struct gl_overlay_node {
    gl_str key;
    gl_overlay_version *top;
    int levels; /* next[] has this many */
    gl_overlay_node *next[];
};

typedef struct gl_overlay {
    gl_overlay_node *head[GL_OVERLAY_LEVELS]; /* zero-initialised: empty */
} gl_overlay;

/* Writes `key`; `*newest` is the head of the state's list of versions. */
void gl_overlay_put(gl_overlay *overlay, gl_arena *arena, gl_overlay_version **newest, gl_str key, gl_str value);
/* Takes back every write after `savepoint`. */
void gl_overlay_rollback(gl_overlay_version **newest, gl_overlay_version *savepoint);
/* The first node at or after `key` that is there; NULL: none. */
const gl_overlay_node *gl_overlay_seek(const gl_overlay *overlay, gl_str key);
/* The node of exactly `key`, or NULL. */
const gl_overlay_node *gl_overlay_find(const gl_overlay *overlay, gl_str key);
/* The next node that is there. */
const gl_overlay_node *gl_overlay_next(const gl_overlay_node *node);
/* LMDB's order of keys: <0, 0 or >0. */
int gl_key_compare(gl_str a, gl_str b);

#endif
