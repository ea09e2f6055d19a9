/* What is brought to a webhook at once: outcomes in their order, as a JSON array, and its id.
 *
 * Always holds: the id is the same for the same outcomes of the same account. Thread: one. Locks: none.
 */
#ifndef GL_INGEST_PUSH_BATCH_H
#define GL_INGEST_PUSH_BATCH_H

#include "ingest/push/outcome.h"

enum { GL_PUSH_BATCH_OUTCOMES = 100, GL_PUSH_BATCH_ID_CHARS = 32 };

typedef struct gl_push_item {
    int32_t partition;
    int64_t offset, issued_us;
    gl_str json; /* in the batch's arena */
} gl_push_item;

typedef struct gl_push_batch {
    gl_push_item items[GL_PUSH_BATCH_OUTCOMES];
    size_t count;
    gl_arena *arena; /* the owner's; reset by gl_push_batch_clear */
} gl_push_batch;

/* Not when it is full. */
void gl_push_batch_add(gl_push_batch *batch, const gl_outcome *outcome, bool officer);
/* Leaves out what is of a partition. */
void gl_push_batch_drop(gl_push_batch *batch, int32_t partition);
void gl_push_batch_clear(gl_push_batch *batch);
/* When the oldest was issued (wall clock); 0: it is empty. */
int64_t gl_push_batch_oldest_us(const gl_push_batch *batch);
/* Appends the array; `id` gets hex digits and a NUL. */
void gl_push_batch_write(const gl_push_batch *batch, gl_str account, gl_buf *body, char id[GL_PUSH_BATCH_ID_CHARS + 1]);

#endif
