/* What lib/stage knows of a gl_state beyond stage.h: how the stores of the partitions come and go, batches and
 * savepoints.
 *
 * Always holds: a read looks at the batch's own writes first, then at the partition's store (none in memory mode).
 * Thread: worker. Locks: none.
 */
#ifndef GL_STAGE_STATE_H
#define GL_STAGE_STATE_H

#include "stage/overlay.h"
#include "stage/stage.h"
#include "stage/store.h"

typedef gl_overlay_version *gl_state_savepoint;

/* In memory only, everything in `arena`, for tests and the command line. */
gl_state *gl_state_new_memory(gl_arena *arena);
/* `arena` holds a batch's writes; the gl_state itself is on the heap. */
gl_state *gl_state_new(gl_arena *arena);
void gl_state_destroy(gl_state *state);

/* The store is borrowed; NULL takes it away. */
void gl_state_set_store(gl_state *state, int32_t partition, gl_store *store);
gl_store *gl_state_store(const gl_state *state, int32_t partition);

void gl_state_put(gl_state *state, int32_t partition, gl_str key, gl_str value);
gl_state_savepoint gl_state_save(const gl_state *state);
void gl_state_rollback(gl_state *state, gl_state_savepoint savepoint);
/* Forgets the batch's writes and ends the stores' read views. Before the arena's reset. */
void gl_state_end_batch(gl_state *state);

#endif
