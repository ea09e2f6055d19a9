/* What the stage's timers hook needs besides a transaction: a wall clock that can be trusted.
 *
 * Deadlines are wall-clock times, and a wall clock that jumps makes days pass at once. Always holds: what is due fires
 * only while the wall clock runs with the monotonic one; after a jump it waits until the clock is back, or has stayed
 * where it is for GL_CLOCK_SETTLE_US. Slow corrections are followed. */
#include "stage/internal.h"

#include <stdlib.h>

#include "base/log.h"

enum { CLOCK_JUMP_US = 2 * 1000 * 1000 };

static bool is_near(int64_t a, int64_t b)
{
    return llabs((long long)(a - b)) < CLOCK_JUMP_US;
}

bool gl_clock_guard_steady(gl_clock_guard *guard, int64_t wall_us, int64_t mono_us)
{
    int64_t offset = wall_us - mono_us;
    if (guard->known && !is_near(offset, guard->offset_us)) {
        if (!guard->suspended || !is_near(offset, guard->jumped_to_us)) {
            gl_log(GL_LOG_WARN, "clock-jump",
                   "the wall clock is %.3f s from where the monotonic one puts it: timers wait until it is back, or "
                   "has stayed there for %d minutes",
                   (double)(offset - guard->offset_us) / 1e6, (int)(GL_CLOCK_SETTLE_US / 60000000));
            guard->jumped_at_us = mono_us;
        }
        guard->suspended = true;
        guard->jumped_to_us = offset;
        if (mono_us - guard->jumped_at_us < GL_CLOCK_SETTLE_US)
            return false;
    }
    if (guard->suspended)
        gl_log(GL_LOG_INFO, "clock-steady", "timers go on");
    *guard = (gl_clock_guard){.known = true, .offset_us = offset};
    return true;
}

/* The offsets that stand: committed again with the timers' transaction, so that the group refuses it from a worker
 * whose partitions are another's by now. Nothing that stands: the partitions are new, and there is nothing to fire. */
rd_kafka_topic_partition_list_t *gl_standing_offsets(const gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(8);
    for (size_t input = 0; input < runtime->input_count; input++)
        for (int32_t p = 0; p < runtime->partitions; p++) {
            const gl_partition *at = &worker->partitions[input * (size_t)runtime->partitions + (size_t)p];
            if (at->owned && at->next_commit >= 0)
                rd_kafka_topic_partition_list_add(offsets, runtime->def->inputs[input], p)->offset = at->next_commit;
        }
    return offsets;
}
