/* See backoff.h. */
#include "ingest/push/backoff.h"

int64_t gl_backoff_ms(int failures, int64_t first_ms, int64_t most_ms, uint32_t random)
{
    int64_t wait_ms = first_ms;
    for (int i = 1; i < failures && wait_ms < most_ms; i++)
        wait_ms *= 2;
    if (wait_ms > most_ms)
        wait_ms = most_ms;
    int64_t half_ms = wait_ms / 2;
    return wait_ms - half_ms + (int64_t)((uint64_t)half_ms * random >> 32);
}
