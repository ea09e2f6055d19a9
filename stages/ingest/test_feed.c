/* The feed between a topic's consumer and a worker: order, limits, what may be committed, and rebalances.
 * Has its own main(), so that ThreadSanitizer can run it.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/test_check.h"
#include "ingest/topics.h"

enum { RECORD_LIMIT = 8, BYTE_LIMIT = 800, RECORD_BYTES = 10, MANY = 20000 };

typedef struct test_job {
    gl_job job;
    struct gl_topic_record record;
} test_job;

static int dropped; /* atomic */

static void drop(gl_job *job)
{
    __atomic_add_fetch(&dropped, 1, __ATOMIC_RELAXED);
    free(job);
}

static gl_job *make(int64_t offset, size_t bytes)
{
    test_job *made = calloc(1, sizeof *made);
    if (made == NULL)
        abort();
    made->record.place = (gl_place){.offset = offset, .timestamp_ms = offset};
    made->job = (gl_job){.bytes = {"", bytes}, .topic = &made->record};
    return &made->job;
}

static bool put(gl_feed *feed, size_t slot, int64_t offset)
{
    bool first;
    gl_job *job = make(offset, RECORD_BYTES);
    bool taken = gl_feed_put(feed, slot, job, &first);
    if (!taken)
        free(job);
    return taken;
}

static int64_t take_offset(gl_feed *feed, gl_job **job)
{
    *job = gl_feed_take(feed);
    return *job == NULL ? -1 : (*job)->topic->place.offset;
}

static gl_feed *open_feed(void)
{
    dropped = 0;
    return gl_feed_new(RECORD_LIMIT, BYTE_LIMIT, drop);
}

static void test_records_come_in_the_order_of_their_offsets(void)
{
    gl_feed *feed = open_feed();
    gl_job *first = NULL, *second = NULL;
    int64_t last_ms;
    size_t slot = gl_feed_assign(feed, 0, 3);
    CHECK(gl_feed_slot(feed, 0, 3) == slot && gl_feed_slot(feed, 0, 4) == SIZE_MAX && gl_feed_next(feed, slot) == -1);
    CHECK(put(feed, slot, 7) && put(feed, slot, 9)); /* 8: a control record */
    CHECK(!put(feed, slot, 9));                      /* given twice by the client */
    CHECK(take_offset(feed, &first) == 7 && take_offset(feed, &second) == 9 && gl_feed_take(feed) == NULL);
    CHECK(gl_feed_is_ours(feed, &first->topic->place) && gl_feed_held(feed, slot, &last_ms) == 2 && last_ms == 0);
    gl_feed_settle(feed, first, true);
    CHECK(gl_feed_held(feed, slot, &last_ms) == 1 && last_ms == 7);
    gl_feed_settle(feed, second, true);
    CHECK(gl_feed_held(feed, slot, &last_ms) == 0 && gl_feed_next(feed, slot) == 10 && dropped == 2);
    gl_feed_destroy(feed);
}

static void test_nothing_is_left_of_what_was_cleared(void)
{
    gl_feed *feed = open_feed();
    gl_job *job;
    size_t slot = gl_feed_assign(feed, 0, 0);
    gl_feed_assign(feed, 0, 1);
    CHECK(put(feed, slot, 1) && put(feed, slot, 2) && put(feed, 1, 5));
    CHECK(take_offset(feed, &job) == 1);
    const gl_place before = job->topic->place;
    gl_feed_settle(feed, job, false); /* whether it was committed nobody knows */
    gl_feed_clear(feed);
    CHECK(dropped == 3 && gl_feed_take(feed) == NULL && gl_feed_has_room(feed) && !gl_feed_is_ours(feed, &before));
    CHECK(gl_feed_slot(feed, 0, 0) == SIZE_MAX && !put(feed, slot, 3));
    CHECK(gl_feed_assign(feed, 0, 0) == slot && put(feed, slot, 2) && !gl_feed_is_ours(feed, &before));
    gl_feed_destroy(feed);
}

static void test_what_was_given_up_comes_first(void)
{
    gl_feed *feed = open_feed();
    gl_job *jobs[4];
    size_t slot = gl_feed_assign(feed, 0, 0), other = gl_feed_assign(feed, 1, 0);
    for (int64_t offset = 0; offset < 3; offset++)
        CHECK(put(feed, slot, offset) && put(feed, other, 100 + offset));
    for (size_t i = 0; i < 4; i++)
        jobs[i] = gl_feed_take(feed);
    for (size_t i = 0; i < 4; i++)
        gl_feed_settle(feed, jobs[i], false);
    CHECK(dropped == 0 && gl_feed_take(feed) == jobs[0] && gl_feed_take(feed) == jobs[1]);
    gl_feed_settle(feed, jobs[0], true);
    gl_feed_settle(feed, jobs[1], false); /* again */
    const int64_t expected[] = {100, 1, 101, 2, 102};
    for (size_t i = 0; i < 5; i++) {
        gl_job *job;
        CHECK(take_offset(feed, &job) == expected[i]);
        gl_feed_settle(feed, job, true);
    }
    CHECK(gl_feed_next(feed, slot) == 3 && gl_feed_next(feed, other) == 103 && dropped == 6);
    gl_feed_destroy(feed);
}

static void test_what_is_held_is_limited(void)
{
    gl_feed *feed = open_feed();
    gl_job *job;
    size_t slot = gl_feed_assign(feed, 0, 0);
    for (int64_t offset = 0; offset < RECORD_LIMIT; offset++) {
        CHECK(!gl_feed_is_full(feed));
        CHECK(put(feed, slot, offset));
    }
    CHECK(gl_feed_is_full(feed) && !gl_feed_has_room(feed));
    take_offset(feed, &job);
    CHECK(gl_feed_is_full(feed)); /* it is still held */
    int64_t from_us = gl_mono_us();
    gl_feed_wait(feed, 1);
    CHECK(gl_mono_us() - from_us >= 1000);
    gl_feed_settle(feed, job, true);
    CHECK(!gl_feed_is_full(feed) && !gl_feed_has_room(feed));
    for (int i = 0; i < RECORD_LIMIT / 2; i++) {
        take_offset(feed, &job);
        gl_feed_settle(feed, job, true);
    }
    CHECK(gl_feed_has_room(feed));
    bool first;
    CHECK(gl_feed_put(feed, slot, make(50, BYTE_LIMIT), &first) && !first && gl_feed_is_full(feed)); /* by bytes */
    gl_feed_destroy(feed);
    CHECK(dropped == RECORD_LIMIT + 1);
}

/* -- A partition is taken away while the worker has records of it ------------------------------------------------- */

typedef struct late {
    gl_feed *feed;
    gl_job *job;
    bool committed;
} late;

static void *settle_late(void *context)
{
    late *l = context;
    check_pause();
    gl_feed_settle(l->feed, l->job, l->committed);
    return NULL;
}

static void leave_while_settling(bool committed)
{
    gl_feed *feed = open_feed();
    late l = {.feed = feed, .committed = committed};
    pthread_t thread;
    int64_t last_ms;
    size_t slot = gl_feed_assign(feed, 0, 0), kept = gl_feed_assign(feed, 0, 1);
    CHECK(put(feed, slot, 0) && put(feed, slot, 1) && put(feed, kept, 5));
    take_offset(feed, &l.job);
    CHECK(pthread_create(&thread, NULL, settle_late, &l) == 0);
    gl_feed_leave(feed, slot, gl_mono_us() + 20000000);
    CHECK(gl_feed_held(feed, slot, &last_ms) == 0); /* it has waited for the worker */
    pthread_join(thread, NULL);
    CHECK(dropped == 2 && !put(feed, slot, 2));
    gl_feed_revoke(feed, slot);
    CHECK(gl_feed_slot(feed, 0, 0) == SIZE_MAX);
    gl_job *job;
    CHECK(take_offset(feed, &job) == 5 && gl_feed_take(feed) == NULL);
    gl_feed_settle(feed, job, true);
    gl_feed_destroy(feed);
}

static void test_a_rebalance_waits_for_the_worker(void)
{
    leave_while_settling(true);
    leave_while_settling(false); /* given up: the next owner's */
}

static void test_what_is_settled_too_late_does_not_count(void)
{
    gl_feed *feed = open_feed();
    gl_job *old, *fresh;
    size_t slot = gl_feed_assign(feed, 0, 0);
    int64_t last_ms;
    CHECK(put(feed, slot, 7));
    take_offset(feed, &old);
    gl_feed_leave(feed, slot, gl_mono_us()); /* lost: nobody waits */
    gl_feed_revoke(feed, slot);
    CHECK(gl_feed_assign(feed, 0, 0) == slot && gl_feed_next(feed, slot) == -1);
    CHECK(put(feed, slot, 3)); /* from what was committed */
    gl_feed_settle(feed, old, true);
    CHECK(gl_feed_held(feed, slot, &last_ms) == 1 && last_ms == 0);
    CHECK(take_offset(feed, &fresh) == 3);
    gl_feed_settle(feed, fresh, true);
    CHECK(gl_feed_held(feed, slot, &last_ms) == 0 && last_ms == 3);
    gl_feed_destroy(feed);
}

/* -- Two threads --------------------------------------------------------------------------------------------------- */

static void *put_many(void *context)
{
    gl_feed *feed = context;
    size_t slots[2] = {gl_feed_slot(feed, 0, 0), gl_feed_slot(feed, 0, 1)};
    for (int64_t offset = 0; offset < MANY; offset++) {
        gl_feed_wait(feed, 60000);
        CHECK(put(feed, slots[offset % 2], offset));
    }
    return NULL;
}

/* Batches of up to five, every third given up. */
static void test_each_record_is_settled_once_in_order(void)
{
    gl_feed *feed = open_feed();
    pthread_t thread;
    int64_t next[2] = {0, 1}, settled = 0;
    gl_feed_assign(feed, 0, 0);
    gl_feed_assign(feed, 0, 1);
    CHECK(pthread_create(&thread, NULL, put_many, feed) == 0);
    for (int batch = 0; settled < MANY; batch++) {
        gl_job *jobs[5];
        size_t count = 0;
        while (count < 5 && (jobs[count] = gl_feed_take(feed)) != NULL)
            count++;
        for (size_t i = 0; i < count; i++) {
            const gl_place place = jobs[i]->topic->place;
            bool commit = batch % 3 != 0;
            if (commit && !CHECK(place.offset == next[place.offset % 2]))
                exit(1);
            next[place.offset % 2] += commit ? 2 : 0;
            settled += commit;
            gl_feed_settle(feed, jobs[i], commit);
        }
    }
    pthread_join(thread, NULL);
    CHECK(dropped == MANY);
    gl_feed_destroy(feed);
}

int main(void)
{
    test_records_come_in_the_order_of_their_offsets();
    test_nothing_is_left_of_what_was_cleared();
    test_what_was_given_up_comes_first();
    test_what_is_held_is_limited();
    test_a_rebalance_waits_for_the_worker();
    test_what_is_settled_too_late_does_not_count();
    test_each_record_is_settled_once_in_order();
    return check_result();
}
