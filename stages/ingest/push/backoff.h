/* How long to wait before the next attempt. Thread: any. Locks: none. */
#ifndef GL_INGEST_PUSH_BACKOFF_H
#define GL_INGEST_PUSH_BACKOFF_H

#include <stdint.h>

/* After `failures` in a row (1: the first): doubles from `first_ms` up to `most_ms`, of which the second half is drawn
 * from `random` (any 32 bits), so that those who failed together do not come back together. */
int64_t gl_backoff_ms(int failures, int64_t first_ms, int64_t most_ms, uint32_t random);

#endif
