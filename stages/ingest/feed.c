/* See feed.h. */
#include "ingest/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ingest/topics.h"

typedef struct slot {
    int topic;
    int32_t partition;
    uint64_t assignment; /* 0: not ours */
    bool leaving;
    int64_t next; /* offset after the last record put, -1: none */
    int64_t last_ms;
    size_t held, out; /* not settled; of these with the worker */
} slot;

typedef struct list {
    gl_job *first, *last;
} list;

struct gl_feed {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t record_limit, byte_limit;
    void (*drop)(gl_job *job);
    slot *slots;
    size_t slot_count, slot_capacity;
    uint64_t assignments;
    list waiting, back;    /* back: of a batch that was given up, in order; they go before `waiting` */
    size_t records, bytes; /* not settled */
};

gl_feed *gl_feed_new(size_t record_limit, size_t byte_limit, void (*drop)(gl_job *job))
{
    gl_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        abort();
    feed->record_limit = record_limit;
    feed->byte_limit = byte_limit;
    feed->drop = drop;
    pthread_mutex_init(&feed->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return feed;
}

static void drop_list(gl_feed *feed, gl_job *first)
{
    while (first != NULL) {
        gl_job *next = first->next;
        feed->drop(first);
        first = next;
    }
}

void gl_feed_destroy(gl_feed *feed)
{
    if (feed == NULL)
        return;
    drop_list(feed, feed->back.first);
    drop_list(feed, feed->waiting.first);
    free(feed->slots);
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}

static void append(list *to, gl_job *job)
{
    job->next = NULL;
    if (to->last == NULL)
        to->first = job;
    else
        to->last->next = job;
    to->last = job;
}

static void wait_until(gl_feed *feed, int64_t end_us)
{
    struct timespec at = {.tv_sec = (time_t)(end_us / 1000000), .tv_nsec = (long)(end_us % 1000000) * 1000L};
    pthread_cond_timedwait(&feed->changed, &feed->lock, &at);
}

/* ---- partitions ---- */

static slot *find(gl_feed *feed, int topic, int32_t partition)
{
    for (size_t i = 0; i < feed->slot_count; i++)
        if (feed->slots[i].topic == topic && feed->slots[i].partition == partition)
            return &feed->slots[i];
    return NULL;
}

static slot *add(gl_feed *feed)
{
    if (feed->slot_count == feed->slot_capacity) {
        feed->slot_capacity = feed->slot_capacity == 0 ? 16 : feed->slot_capacity * 2;
        feed->slots = realloc(feed->slots, feed->slot_capacity * sizeof *feed->slots);
        if (feed->slots == NULL)
            abort();
    }
    return &feed->slots[feed->slot_count++];
}

size_t gl_feed_assign(gl_feed *feed, int topic, int32_t partition)
{
    pthread_mutex_lock(&feed->lock);
    slot *s = find(feed, topic, partition);
    if (s == NULL)
        s = add(feed);
    *s = (slot){.topic = topic, .partition = partition, .assignment = ++feed->assignments, .next = -1};
    size_t index = (size_t)(s - feed->slots);
    pthread_mutex_unlock(&feed->lock);
    return index;
}

size_t gl_feed_slot(gl_feed *feed, int topic, int32_t partition)
{
    pthread_mutex_lock(&feed->lock);
    const slot *s = find(feed, topic, partition);
    size_t index = s == NULL || s->assignment == 0 ? SIZE_MAX : (size_t)(s - feed->slots);
    pthread_mutex_unlock(&feed->lock);
    return index;
}

/* Moves the jobs of a slot from `from` to `dropped`. */
static void remove_of(gl_feed *feed, list *from, size_t index, list *dropped)
{
    list kept = {NULL, NULL};
    for (gl_job *job = from->first, *next; job != NULL; job = next) {
        next = job->next;
        bool gone = job->topic->place.slot == index;
        append(gone ? dropped : &kept, job);
        if (!gone)
            continue;
        feed->records--;
        feed->bytes -= job->bytes.len;
        feed->slots[index].held--;
    }
    *from = kept;
}

void gl_feed_leave(gl_feed *feed, size_t index, int64_t end_us)
{
    list dropped = {NULL, NULL};
    pthread_mutex_lock(&feed->lock);
    feed->slots[index].leaving = true;
    remove_of(feed, &feed->waiting, index, &dropped);
    while (feed->slots[index].out > 0 && gl_mono_us() < end_us)
        wait_until(feed, end_us);
    remove_of(feed, &feed->back, index, &dropped);
    remove_of(feed, &feed->waiting, index, &dropped);
    pthread_mutex_unlock(&feed->lock);
    drop_list(feed, dropped.first);
}

void gl_feed_revoke(gl_feed *feed, size_t index)
{
    list dropped = {NULL, NULL};
    pthread_mutex_lock(&feed->lock);
    remove_of(feed, &feed->back, index, &dropped);
    remove_of(feed, &feed->waiting, index, &dropped);
    feed->slots[index].assignment = 0;
    pthread_mutex_unlock(&feed->lock);
    drop_list(feed, dropped.first);
}

/* ---- putting ---- */

bool gl_feed_put(gl_feed *feed, size_t index, gl_job *job, bool *first)
{
    gl_place *place = &job->topic->place;
    pthread_mutex_lock(&feed->lock);
    slot *s = &feed->slots[index];
    bool taken = s->assignment != 0 && !s->leaving && place->offset >= s->next;
    if (taken) {
        *first = feed->waiting.first == NULL && feed->back.first == NULL;
        place->slot = index;
        place->assignment = s->assignment;
        s->next = place->offset + 1;
        s->held++;
        feed->records++;
        feed->bytes += job->bytes.len;
        append(&feed->waiting, job);
    }
    pthread_mutex_unlock(&feed->lock);
    return taken;
}

int64_t gl_feed_next(gl_feed *feed, size_t index)
{
    pthread_mutex_lock(&feed->lock);
    int64_t next = feed->slots[index].next;
    pthread_mutex_unlock(&feed->lock);
    return next;
}

static bool is_full(const gl_feed *feed)
{
    return feed->records >= feed->record_limit || feed->bytes >= feed->byte_limit;
}

bool gl_feed_is_full(gl_feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    bool full = is_full(feed);
    pthread_mutex_unlock(&feed->lock);
    return full;
}

bool gl_feed_has_room(gl_feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    bool room = feed->records <= feed->record_limit / 2 && feed->bytes <= feed->byte_limit / 2;
    pthread_mutex_unlock(&feed->lock);
    return room;
}

void gl_feed_wait(gl_feed *feed, int timeout_ms)
{
    int64_t end_us = gl_mono_us() + (int64_t)timeout_ms * 1000;
    pthread_mutex_lock(&feed->lock);
    while (is_full(feed) && gl_mono_us() < end_us)
        wait_until(feed, end_us);
    pthread_mutex_unlock(&feed->lock);
}

size_t gl_feed_held(gl_feed *feed, size_t index, int64_t *last_ms)
{
    pthread_mutex_lock(&feed->lock);
    size_t held = feed->slots[index].held;
    *last_ms = feed->slots[index].last_ms;
    pthread_mutex_unlock(&feed->lock);
    return held;
}

/* ---- the worker's side ---- */

/* What came back goes first. */
static void join_back(gl_feed *feed)
{
    if (feed->back.first == NULL)
        return;
    feed->back.last->next = feed->waiting.first;
    if (feed->waiting.first == NULL)
        feed->waiting.last = feed->back.last;
    feed->waiting.first = feed->back.first;
    feed->back = (list){NULL, NULL};
}

gl_job *gl_feed_take(gl_feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    join_back(feed);
    gl_job *job = feed->waiting.first;
    if (job != NULL) {
        feed->waiting.first = job->next;
        if (feed->waiting.first == NULL)
            feed->waiting.last = NULL;
        job->next = NULL;
        feed->slots[job->topic->place.slot].out++;
    }
    pthread_mutex_unlock(&feed->lock);
    return job;
}

void gl_feed_settle(gl_feed *feed, gl_job *job, bool committed)
{
    const gl_place *place = &job->topic->place;
    pthread_mutex_lock(&feed->lock);
    slot *s = &feed->slots[place->slot];
    bool ours = s->assignment == place->assignment;
    bool again = ours && !committed && !s->leaving;
    if (ours)
        s->out--;
    if (ours && committed)
        s->last_ms = place->timestamp_ms;
    if (again) {
        append(&feed->back, job);
    } else {
        feed->records--;
        feed->bytes -= job->bytes.len;
        if (ours)
            s->held--;
    }
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
    if (!again)
        feed->drop(job);
}

bool gl_feed_is_ours(gl_feed *feed, const gl_place *place)
{
    pthread_mutex_lock(&feed->lock);
    bool ours = feed->slots[place->slot].assignment == place->assignment;
    pthread_mutex_unlock(&feed->lock);
    return ours;
}

void gl_feed_clear(gl_feed *feed)
{
    for (size_t i = 0;; i++) {
        pthread_mutex_lock(&feed->lock);
        bool more = i < feed->slot_count;
        pthread_mutex_unlock(&feed->lock);
        if (!more)
            return;
        gl_feed_revoke(feed, i);
    }
}
