/* The job queue under threads: each job is taken once, and closing wakes those who wait. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingest/jobs.h"

enum { PUTTERS = 4, TAKERS = 3, JOBS_EACH = 5000 };

static gl_job_queue *queue;
static gl_job jobs[PUTTERS * JOBS_EACH];
static int taken[PUTTERS * JOBS_EACH]; /* atomic */

static void *putter(void *context)
{
    size_t first = (size_t)(uintptr_t)context * JOBS_EACH;
    for (size_t i = 0; i < JOBS_EACH; i++)
        if (!gl_job_queue_put(queue, &jobs[first + i]))
            abort();
    return NULL;
}

static void *taker(void *context)
{
    (void)context;
    for (gl_job *job = gl_job_queue_take(queue, 0, 60000); job != NULL; job = gl_job_queue_take(queue, 0, 60000))
        __atomic_add_fetch(&taken[job - jobs], 1, __ATOMIC_RELAXED);
    return NULL;
}

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition);                                   \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

int main(void)
{
    pthread_t threads[PUTTERS + TAKERS];
    queue = gl_job_queue_new();
    for (size_t i = 0; i < TAKERS; i++)
        CHECK(pthread_create(&threads[PUTTERS + i], NULL, taker, NULL) == 0);
    for (size_t i = 0; i < PUTTERS; i++)
        CHECK(pthread_create(&threads[i], NULL, putter, (void *)(uintptr_t)i) == 0);
    for (size_t i = 0; i < PUTTERS; i++)
        pthread_join(threads[i], NULL);
    gl_job_queue_close(queue); /* what is queued is still taken; then takers end */
    for (size_t i = 0; i < TAKERS; i++)
        pthread_join(threads[PUTTERS + i], NULL);
    for (size_t i = 0; i < PUTTERS * JOBS_EACH; i++)
        CHECK(taken[i] == 1);
    gl_job extra = {0};
    CHECK(!gl_job_queue_put(queue, &extra));
    CHECK(gl_job_queue_take(queue, 0, 0) == NULL);
    gl_job_queue_destroy(queue);
    puts("1 passed, 0 failed");
    return 0;
}
