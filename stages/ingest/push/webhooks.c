/* See webhooks.h. A webhook's thread: collects a batch, brings it, commits; when it was not taken, it pauses its
 * partitions and waits, still serving its group, and brings the same batch again. Thread: as said at each part. */
#include "ingest/push/webhooks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "ingest/push/backoff.h"
#include "ingest/push/batch.h"
#include "ingest/push/courier.h"
#include "ingest/push/group.h"

enum {
    POLL_MS = 200,
    LINGER_US = 100 * 1000, /* how long a batch that has something waits for more */
    COMMIT_US = 5 * 1000 * 1000,
    REJOIN_MS = 2000
};

typedef struct webhook {
    gl_webhooks *webhooks;
    const gl_account *account;
    pthread_t thread;
    gl_outcome_group *group; /* NULL: to be joined */
    gl_courier *courier;
    gl_push_batch batch;
    gl_buf body;
    int failures;         /* in a row, of the batch in hand */
    int64_t due_us;       /* monotonic: the next attempt */
    int64_t committed_us; /* monotonic: the last commit */
    unsigned seed;        /* of the jitter */
    int64_t oldest_us;    /* atomic, wall clock: of what was refused; 0: all is well */
    bool from_start;      /* it has joined so that partitions without an offset begin where the topic does */
} webhook;

struct gl_webhooks {
    gl_ingest *ingest;
    webhook *all;
    size_t count;
    bool stop;            /* atomic */
    pthread_mutex_t lock; /* of what is shown */
};

bool gl_webhooks_check(const gl_push_conf *conf, const gl_account *accounts, size_t count, gl_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!gl_courier_check(conf, &accounts[i], err))
            return false;
    return true;
}

/* ---- what is shown ---- */

/* How many fail now, and how old the oldest is that one of them did not take. */
static void show(gl_webhooks *webhooks)
{
    int64_t oldest_us = 0, failing = 0, now_us = gl_wall_us();
    pthread_mutex_lock(&webhooks->lock);
    for (size_t i = 0; i < webhooks->count; i++) {
        int64_t at_us = __atomic_load_n(&webhooks->all[i].oldest_us, __ATOMIC_RELAXED);
        failing += at_us != 0;
        if (at_us != 0 && (oldest_us == 0 || at_us < oldest_us))
            oldest_us = at_us;
    }
    gl_series_set(webhooks->ingest->metrics.webhooks_failing, (double)failing);
    gl_series_set(webhooks->ingest->metrics.webhook_oldest,
                  oldest_us == 0 || oldest_us > now_us ? 0 : (double)(now_us - oldest_us) / 1e6);
    pthread_mutex_unlock(&webhooks->lock);
}

static void note_state(webhook *w)
{
    __atomic_store_n(&w->oldest_us, w->failures == 0 ? 0 : gl_push_batch_oldest_us(&w->batch), __ATOMIC_RELAXED);
    show(w->webhooks);
}

static bool must_stop(const webhook *w)
{
    return __atomic_load_n(&w->webhooks->stop, __ATOMIC_ACQUIRE);
}

/* ---- membership ---- */

/* It is another instance's now, which brings it. Thread: the webhook's, while it takes. */
static void on_left(void *context, int32_t partition)
{
    webhook *w = context;
    gl_push_batch_drop(&w->batch, partition);
}

static void leave(webhook *w)
{
    gl_outcome_group_leave(w->group);
    w->group = NULL;
    gl_push_batch_clear(&w->batch);
    w->failures = 0;
    note_state(w);
}

static void join(webhook *w)
{
    const gl_ingest *ingest = w->webhooks->ingest;
    char name[32];
    gl_err err = {0};
    snprintf(name, sizeof name, "webhook-%zu", (size_t)(w - w->webhooks->all));
    w->group = gl_outcome_group_join(ingest->kafka_conf, name, w->account->name, (size_t)ingest->partition_count,
                                     w->from_start, on_left, w, &err);
    if (w->group == NULL)
        gl_log_err(GL_LOG_WARN, &err);
}

static void rest(const webhook *w, int ms)
{
    for (int64_t end_us = gl_mono_us() + (int64_t)ms * 1000; gl_mono_us() < end_us && !must_stop(w);)
        gl_sleep_ms(POLL_MS);
}

/* ---- delivery ---- */

/* Of what was delivered, and of what was nobody's business. */
static void commit(webhook *w)
{
    gl_err err = {0};
    w->committed_us = gl_mono_us();
    if (gl_outcome_group_has_moved(w->group) && !gl_outcome_group_commit(w->group, &err))
        gl_log_err(GL_LOG_WARN, &err); /* with the next commit, or it comes again */
}

static void go_on(webhook *w)
{
    gl_err err = {0};
    bool paused = w->failures > 0;
    w->failures = 0;
    gl_push_batch_clear(&w->batch);
    note_state(w);
    if (paused && w->from_start) { /* it has a place now, and may have stood there beyond retention: that is a loss */
        w->from_start = false;
        leave(w);
        return;
    }
    if (!paused || gl_outcome_group_resume(w->group, &err))
        return;
    gl_log_err(GL_LOG_WARN, &err);
    leave(w);
}

static void stand_still(webhook *w)
{
    gl_err err = {0};
    gl_outcome_group_pause(w->group);
    if (!gl_outcome_group_mark(w->group, &err))
        gl_log_err(GL_LOG_WARN, &err);
}

static void take_failure(webhook *w, const gl_err *err)
{
    const gl_push_conf *conf = w->webhooks->ingest->push_conf;
    w->failures++;
    int64_t wait_ms = gl_backoff_ms(w->failures, conf->webhook_retry_ms, conf->webhook_retry_limit_ms,
                                    (uint32_t)rand_r(&w->seed) * 2U);
    w->due_us = gl_mono_us() + wait_ms * 1000;
    gl_log(GL_LOG_WARN, err->code, "%s; %zu outcomes wait, attempt %d in %lld s", err->message, w->batch.count,
           w->failures + 1, (long long)((wait_ms + 999) / 1000));
    if (w->failures == 1)
        stand_still(w);
    note_state(w);
}

static void bring(webhook *w)
{
    char id[GL_PUSH_BATCH_ID_CHARS + 1];
    gl_err err = {0};
    w->body.len = 0;
    gl_push_batch_write(&w->batch, gl_str_of(w->account->name), &w->body, id);
    bool taken = gl_courier_bring(w->courier, id, gl_buf_view(&w->body), &err);
    if (!taken && must_stop(w))
        return; /* cut off by us */
    gl_ingest_count_webhook(w->webhooks->ingest, taken ? "taken" : err.code, taken ? w->batch.count : 0);
    if (!taken) {
        take_failure(w, &err);
        return;
    }
    commit(w);
    go_on(w);
}

/* ---- collecting ---- */

/* A new webhook begins with what the topic still has. One that had a place finds that gone: what was deleted between is
 * lost to it. */
static void note_loss(webhook *w)
{
    size_t gaps = gl_outcome_group_count_gaps(w->group);
    w->from_start = true;
    if (gaps == 0)
        return;
    gl_log(GL_LOG_ERROR, "webhook-gap",
           "%s: retention deleted outcomes of %zu partitions that its webhook had not taken", w->account->name, gaps);
    gl_series_add(w->webhooks->ingest->metrics.webhook_gaps, gaps);
}

/* false: the group is to be joined anew. */
static bool take(webhook *w, int wait_ms)
{
    gl_outcome outcome;
    gl_err err = {0};
    switch (gl_outcome_group_take(w->group, &outcome, wait_ms, &err)) {
    case GL_READING_RECORD:
        if (gl_outcome_is_for(&outcome, w->account))
            gl_push_batch_add(&w->batch, &outcome, w->account->officer);
        return true;
    case GL_READING_UNREADABLE:
        gl_ingest_note_unreadable(w->webhooks->ingest, outcome.partition, outcome.offset, &err);
        return true;
    case GL_READING_LOST:
        note_loss(w);
        return false;
    case GL_READING_BROKEN:
        gl_log_err(GL_LOG_WARN, &err);
        return false;
    case GL_READING_NOTHING:
    case GL_READING_END:
        break;
    }
    return true;
}

static bool collect(webhook *w)
{
    int64_t until_us = 0;
    while (w->batch.count < GL_PUSH_BATCH_OUTCOMES && !must_stop(w)) {
        int64_t now_us = gl_mono_us();
        if (w->batch.count > 0 && until_us == 0)
            until_us = now_us + LINGER_US;
        if (until_us != 0 && now_us >= until_us)
            break;
        if (!take(w, until_us == 0 ? POLL_MS : (int)((until_us - now_us) / 1000) + 1))
            return false;
        if (w->batch.count == 0 && gl_mono_us() - w->committed_us >= COMMIT_US)
            commit(w);
        if (w->batch.count == 0 && w->from_start && gl_outcome_group_is_placed(w->group)) {
            w->from_start = false; /* from now on what is gone is a loss */
            return false;
        }
    }
    return true;
}

/* The batch in hand was not taken: until its time has come, or nothing is left of it. */
static bool wait_for_attempt(webhook *w)
{
    while (gl_mono_us() < w->due_us && w->batch.count > 0 && !must_stop(w)) {
        if (!take(w, POLL_MS))
            return false;
        note_state(w);
    }
    if (w->batch.count == 0 && w->failures > 0)
        go_on(w);
    return w->group != NULL;
}

static void work(webhook *w)
{
    bool good = w->failures > 0 ? wait_for_attempt(w) : collect(w);
    if (!good && w->group != NULL)
        leave(w);
    if (good && w->batch.count > 0 && !must_stop(w))
        bring(w);
}

/* ---- life ---- */

static void *webhook_main(void *context)
{
    webhook *w = context;
    const gl_push_conf *conf = w->webhooks->ingest->push_conf;
    w->batch.arena = gl_arena_new(0);
    w->courier = gl_courier_new(conf, w->account, &w->webhooks->stop);
    w->seed = (unsigned)gl_mono_us();
    while (!must_stop(w)) {
        if (w->group == NULL)
            join(w);
        if (w->group == NULL) {
            rest(w, REJOIN_MS);
            continue;
        }
        work(w);
        if (w->group == NULL)
            rest(w, REJOIN_MS);
    }
    leave(w);
    gl_courier_destroy(w->courier);
    gl_arena_destroy(w->batch.arena);
    gl_buf_free(&w->body);
    return NULL;
}

static size_t count_hooks(const gl_ingest *ingest)
{
    size_t count = 0;
    for (size_t i = 0; i < ingest->account_count; i++)
        count += ingest->accounts[i].webhook_url[0] != '\0';
    return count;
}

gl_webhooks *gl_webhooks_start(gl_ingest *ingest)
{
    size_t count = count_hooks(ingest);
    if (count == 0 || ingest->kafka_conf == NULL)
        return NULL;
    gl_webhooks *webhooks = calloc(1, sizeof *webhooks);
    if (webhooks == NULL || (webhooks->all = calloc(count, sizeof *webhooks->all)) == NULL)
        abort();
    webhooks->ingest = ingest;
    pthread_mutex_init(&webhooks->lock, NULL);
    for (size_t i = 0; i < ingest->account_count; i++)
        if (ingest->accounts[i].webhook_url[0] != '\0')
            webhooks->all[webhooks->count++] = (webhook){.webhooks = webhooks, .account = &ingest->accounts[i]};
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&webhooks->all[i].thread, NULL, webhook_main, &webhooks->all[i]) != 0)
            abort();
    gl_log(GL_LOG_INFO, "webhooks", "outcomes of %zu accounts are brought to their webhooks", count);
    return webhooks;
}

void gl_webhooks_stop(gl_webhooks *webhooks)
{
    if (webhooks == NULL)
        return;
    __atomic_store_n(&webhooks->stop, true, __ATOMIC_RELEASE);
    for (size_t i = 0; i < webhooks->count; i++)
        pthread_join(webhooks->all[i].thread, NULL);
    pthread_mutex_destroy(&webhooks->lock);
    free(webhooks->all);
    free(webhooks);
}
