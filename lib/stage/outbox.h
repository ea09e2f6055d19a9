/* What lib/stage knows of a gl_outbox beyond stage.h: the runtime's own outbox, savepoints, and errors of the stage's
 * use.
 *
 * Always holds: entries are in the order they were put; taking back to a savepoint takes the state's writes back too.
 * Thread: worker. Locks: none.
 */
#ifndef GL_STAGE_OUTBOX_H
#define GL_STAGE_OUTBOX_H

#include "stage/stage.h"
#include "stage/state.h"

typedef struct gl_outbox_savepoint {
    size_t count;
    gl_state_savepoint state;
} gl_outbox_savepoint;

/* For a worker: entries on the heap, kept from batch to batch; `state` is borrowed. `state_partition` >= 0: all state
 * is there (intake stages), -1: in the partition of the cause. */
gl_outbox *gl_outbox_new_worker(gl_arena *arena, gl_state *state, int32_t state_partition);
void gl_outbox_destroy_worker(gl_outbox *outbox);
void gl_outbox_clear(gl_outbox *outbox);

gl_outbox_savepoint gl_outbox_save(const gl_outbox *outbox);
void gl_outbox_rollback(gl_outbox *outbox, gl_outbox_savepoint savepoint);
/* false: the stage put something that can never be produced (a state key that is empty or too long); GL_FATAL. */
bool gl_outbox_check(const gl_outbox *outbox, gl_err *err);

#endif
