/* See jobs.h. */
#include "ingest/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

void gl_job_open(gl_job *job)
{
    if (job->opened)
        return;
    gl_message_source source = {.bytes = job->bytes,
                                .format = job->format,
                                .name = GL_STR(""),
                                .gzip = job->gzip,
                                .limit_bytes = job->limit_bytes};
    job->opened = true;
    job->unreadable = (gl_err){0};
    job->message = &job->own_message;
    gl_message_open(&job->own_message, &source, &job->unreadable);
}

void gl_job_close(gl_job *job)
{
    if (job->opened && job->message == &job->own_message)
        gl_message_close(&job->own_message);
    job->opened = false;
}

struct gl_job_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    gl_job *first, *last;
    bool closed;
    unsigned wakes;
};

gl_job_queue *gl_job_queue_new(void)
{
    gl_job_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        abort();
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->filled, &attributes);
    pthread_condattr_destroy(&attributes);
    return queue;
}

void gl_job_queue_destroy(gl_job_queue *queue)
{
    if (queue == NULL)
        return;
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

bool gl_job_queue_put(gl_job_queue *queue, gl_job *job)
{
    pthread_mutex_lock(&queue->lock);
    bool open = !queue->closed;
    if (open) {
        job->next = NULL;
        if (queue->last == NULL)
            queue->first = job;
        else
            queue->last->next = job;
        queue->last = job;
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->lock);
    return open;
}

static struct timespec deadline_after(int timeout_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

gl_job *gl_job_queue_take(gl_job_queue *queue, unsigned wakes, int timeout_ms)
{
    struct timespec deadline = timeout_ms > 0 ? deadline_after(timeout_ms) : (struct timespec){0};
    pthread_mutex_lock(&queue->lock);
    int waited = 0;
    while (queue->first == NULL && !queue->closed && timeout_ms > 0 && waited != ETIMEDOUT && wakes == queue->wakes)
        waited = pthread_cond_timedwait(&queue->filled, &queue->lock, &deadline);
    gl_job *job = queue->first;
    if (job != NULL) {
        queue->first = job->next;
        if (queue->first == NULL)
            queue->last = NULL;
        job->next = NULL;
    }
    pthread_mutex_unlock(&queue->lock);
    return job;
}

void gl_job_queue_wake(gl_job_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->wakes++;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

unsigned gl_job_queue_wakes(gl_job_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    unsigned wakes = queue->wakes;
    pthread_mutex_unlock(&queue->lock);
    return wakes;
}

void gl_job_queue_close(gl_job_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}
