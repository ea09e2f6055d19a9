/* Early entries of the status view: what was just accepted, before decide has it.
 *
 * They are written after the commit, before the sender is answered, so that any instance finds a used LRN at once. What
 * could not be written is kept, within a limit, and written when Redis answers again: until then other instances do not
 * know of it, this one is in doubt (doubt.h). An entry whose own duplicate check was pending says so: it is one of
 * perhaps several that claim the LRN, and decide alone knows which was first. Thread: worker. Locks: none.
 */
#ifndef GL_INGEST_EARLY_H
#define GL_INGEST_EARLY_H

#include "customs/view.h"
#include "ingest/ingest.h"

typedef struct gl_early gl_early;

gl_early *gl_early_new(gl_ingest *ingest, gl_kv *kv);
void gl_early_destroy(gl_early *early);
/* For what the batch accepted, which was begun at `begun_us` (monotonic). */
void gl_early_write(gl_early *early, const gl_batch *batch, const gl_outbox_entry *entries, size_t count,
                    int64_t begun_us);
/* Writes some of what could not be written before, in one call to Redis. True: it was written, and there is more. */
bool gl_early_retry(gl_early *early);
/* Is it the entry of a declaration whose own check was pending? */
bool gl_early_is_provisional(const gl_view_entry *view);

#endif
