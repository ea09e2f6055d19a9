/* A worker: one thread, one consumer (or intake), one transactional producer, one arena. worker_run is its loop.
 *
 * A batch is taken, processed, and committed in one transaction; only then is it applied. What fails is tried again
 * with the same records: they are still here, so nothing is read twice. A batch ends committed, or the process ends.
 * Always holds: a transaction is open only inside attempt() and recover(); what poll took is settled exactly once.
 * Thread: worker. Locks: none.
 */
#include "stage/internal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    POLL_MS = 100,
    TICK_US = 1000 * 1000,
    IDLE_SHARE_US = 250 * 1000, /* between two steps of 50 ms while records wait */
    BACKOFF_FIRST_MS = 50,
    BACKOFF_LAST_MS = 2000,
    SAY_US = 10 * 1000 * 1000, /* between log lines of what is waited for */
    RECREATE_MS = 300,         /* before clients are made again */
    INTAKE_ATTEMPTS = 5,
    KEPT_ROOM = 256, /* records that may come in while a batch is kept for another attempt */
    FENCED_LIMIT = 2,
    WITHIN_US = 60 * 1000 * 1000
};

typedef enum verdict { GO_ON, GIVE_UP, ENDED, RECREATE, FAILED } verdict;

static bool is_intake(const gl_worker *worker)
{
    return worker->runtime->def->poll != NULL;
}

void gl_worker_step(gl_worker *worker, const char *step)
{
    atomic_store_explicit(&worker->step, step, memory_order_relaxed);
    atomic_store_explicit(&worker->progress_us, gl_mono_us(), memory_order_relaxed);
}

static void observe_since(gl_series *series, int64_t *from_us)
{
    int64_t now = gl_mono_us();
    gl_series_observe(series, (double)(now - *from_us) / 1e6);
    *from_us = now;
}

/* ---- between batches ---- */

static size_t owned_partitions(const gl_worker *worker, int32_t *partitions)
{
    const gl_runtime *runtime = worker->runtime;
    size_t count = 0;
    if (is_intake(worker)) {
        partitions[0] = 0;
        return runtime->shared_store != NULL;
    }
    for (int32_t p = 0; p < runtime->partitions; p++)
        if (worker->partitions[p].owned) /* and so is the same one of every other input, and its state */
            partitions[count++] = p;
    return count;
}

static int64_t state_bytes(const gl_worker *worker)
{
    int64_t bytes = worker->runtime->shared_store == NULL ? 0 : gl_store_bytes(worker->runtime->shared_store);
    for (int32_t p = 0; p < worker->runtime->partitions; p++)
        if (worker->stores[p] != NULL)
            bytes += gl_store_bytes(worker->stores[p]);
    return bytes;
}

static void idle(gl_worker *worker)
{
    const gl_stage_def *def = worker->runtime->def;
    int64_t now = gl_mono_us(), every = !worker->idle_has_more ? TICK_US : worker->caught_up ? 0 : IDLE_SHARE_US;
    if (def->idle == NULL || now - worker->last_idle_us < every)
        return;
    worker->last_idle_us = now;
    int32_t *partitions = gl_arena_alloc(worker->arena, (size_t)worker->runtime->partitions * sizeof *partitions + 1);
    size_t count = owned_partitions(worker, partitions);
    gl_worker_step(worker, "idle");
    worker->idle_has_more =
        count > 0 && def->idle(worker->runtime->stage, worker->context, worker->state, partitions, count, gl_wall_us());
    gl_state_end_batch(worker->state);
    gl_arena_reset(worker->arena);
}

static void tick(gl_worker *worker)
{
    gl_worker_step(worker, "take");
    atomic_store(&worker->ready,
                 worker->producer != NULL && (is_intake(worker) || (worker->in_group && !gl_group_is_waiting(worker))));
    idle(worker);
    int64_t now = gl_mono_us();
    if (now - worker->last_tick_us < TICK_US)
        return;
    worker->last_tick_us = now;
    rd_kafka_poll(worker->producer, 0); /* errors and logs, where no transaction polls */
    if (!is_intake(worker)) {
        gl_group_set_paused(worker, atomic_load(&worker->runtime->paused));
        gl_group_report_lag(worker);
    }
    if (worker->runtime->def->state_topic != NULL)
        gl_series_set(worker->state_series, (double)state_bytes(worker));
}

/* ---- taking ---- */

static bool take_intake(gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    worker->count = 0;
    if (atomic_load(&runtime->paused) && !atomic_load(&runtime->stopping)) {
        gl_inbox_rest(worker->producer, POLL_MS);
        return true;
    }
    for (int64_t now; (now = gl_mono_us()) < worker->next_batch_us && !atomic_load(&runtime->stopping);)
        gl_inbox_rest(worker->producer, (int)((worker->next_batch_us - now + 999) / 1000));
    worker->batch = (gl_batch){.records = worker->records,
                               .arena = worker->arena,
                               .now_us = gl_wall_us(),
                               .partition_count = worker->runtime->partitions};
    worker->count = runtime->def->poll(runtime->stage, worker->context, &worker->batch,
                                       (size_t)runtime->stage_conf->max_batch_records,
                                       atomic_load(&runtime->stopping) ? 0 : POLL_MS);
    worker->batch_started_us = gl_mono_us();
    worker->caught_up = worker->count == 0;
    return true;
}

static bool take(gl_worker *worker)
{
    worker->attempts = 0;
    worker->first_failure_us = 0;
    worker->offsets_refused = false;
    worker->err = (gl_err){0};
    if (is_intake(worker))
        return take_intake(worker);
    if (!gl_group_take(worker))
        return false;
    worker->batch.now_us = gl_wall_us();
    return true;
}

/* A consumer's records stay where they are in Kafka; what an intake took has to be settled first. */
static bool is_over(const gl_worker *worker)
{
    if (atomic_load(&worker->runtime->aborting))
        return true;
    return atomic_load(&worker->runtime->stopping) && (!is_intake(worker) || worker->caught_up);
}

/* ---- an attempt ---- */

bool gl_batch_has_offsets(const gl_worker *worker)
{
    if (!is_intake(worker) || worker->runtime->def->offsets == NULL)
        return false;
    for (size_t i = 0; i < worker->count; i++)
        if (worker->records[i].topic != NULL)
            return true;
    return false;
}

/* Offsets that were refused: the records of topics go back to where they came from, the others are tried without. */
static void leave_out_refused(gl_worker *worker)
{
    const gl_stage_def *def = worker->runtime->def;
    if (!worker->offsets_refused || def->keeps == NULL)
        return;
    worker->offsets_refused = false;
    size_t kept = 0;
    for (size_t i = 0; i < worker->count; i++) {
        gl_err *poison = worker->poison[i];
        worker->poison[i] = NULL;
        if (!def->keeps(worker->runtime->stage, worker->context, &worker->records[i])) {
            free(poison);
            continue;
        }
        worker->records[kept] = worker->records[i];
        worker->poison[kept++] = poison;
    }
    worker->count = kept;
}

static void begin_attempt(gl_worker *worker)
{
    gl_outbox_clear(worker->outbox);
    gl_state_end_batch(worker->state);
    memset(worker->markers, 0, (size_t)worker->runtime->partitions * sizeof *worker->markers);
    if (is_intake(worker)) {
        leave_out_refused(worker);
        worker->batch.count = worker->count;
        return; /* its records may be in the arena */
    }
    gl_arena_reset(worker->arena);
    gl_group_records(worker);
    worker->batch.records = worker->records;
    worker->batch.count = worker->count;
    worker->batch.arena = worker->arena;
    worker->batch.partition_count = worker->runtime->partitions;
    if (worker->group_metadata != NULL)
        rd_kafka_consumer_group_metadata_destroy(worker->group_metadata);
    worker->group_metadata = gl_kafka_membership(worker->consumer);
}

size_t gl_worker_index(const gl_worker *worker, const gl_record *record)
{
    bool in_batch = record != NULL && record >= worker->records && record < worker->records + worker->count;
    return in_batch ? (size_t)(record - worker->records) : SIZE_MAX;
}

/* Where the batch keeps what is wrong with the record that caused this; NULL: it is not of the batch. */
static gl_err **poison_of(const gl_worker *worker, const gl_outbox_entry *entry)
{
    size_t index = gl_worker_index(worker, entry->cause);
    return index == SIZE_MAX ? NULL : &worker->poison[index];
}

static void poison(gl_err **place, const gl_err *why)
{
    *place = malloc(sizeof *why);
    if (*place == NULL)
        abort();
    **place = *why;
}

/* Records whose outputs do not fit into their topic are dead-lettered as a whole: half of what a record causes is never
 * produced. */
static bool find_too_large(gl_worker *worker)
{
    size_t count;
    bool found = false;
    const gl_outbox_entry *entries = gl_outbox_entries(worker->outbox, &count);
    for (size_t i = 0; i < count; i++) {
        const gl_outbox_entry *entry = &entries[i];
        size_t bytes = entry->key.len + entry->value.len;
        if (entry->cause != NULL)
            bytes += entry->cause->traceparent.len + entry->cause->tracestate.len;
        gl_err **place = poison_of(worker, entry);
        if (entry->kind == 'd' || (int64_t)bytes <= gl_txn_limit_bytes(worker, entry) || place == NULL ||
            *place != NULL)
            continue;
        gl_err why;
        gl_fail(&why, GL_DEAD_LETTER, "output-too-large", "a record of %zu bytes for %s, kafka.message_limit is %lld",
                bytes,
                entry->kind == 's' ? worker->runtime->def->state_topic : worker->runtime->def->outputs[entry->output],
                (long long)worker->runtime->kafka_conf->message_limit_bytes);
        poison(place, &why);
        found = true;
    }
    return found;
}

static bool process(gl_worker *worker)
{
    const gl_stage_def *def = worker->runtime->def;
    gl_process_call call = {def->process, def->dead_lettered, worker->runtime->stage, worker->context, 0};
    bool good;
    do {
        gl_worker_step(worker, "process");
        gl_outbox_clear(worker->outbox);
        gl_state_end_batch(worker->state);
        good = gl_process_bisect(&call, &worker->batch, worker->poison, worker->outbox, &worker->err);
    } while (good && find_too_large(worker));
    gl_series_add(worker->runtime->series.bisects, call.splits);
    return good;
}

static bool has_nothing(const gl_worker *worker)
{
    size_t count;
    gl_outbox_entries(worker->outbox, &count);
    return count == 0 && is_intake(worker) && !gl_batch_has_offsets(worker);
}

#if GL_MUTANT == 2
static bool apply_partition(gl_worker *worker, gl_store *store, int32_t partition, int64_t marker);
#endif

static bool attempt(gl_worker *worker)
{
    const gl_runtime_series *series = &worker->runtime->series;
    int64_t at = gl_mono_us();
    begin_attempt(worker);
    if (worker->count == 0)
        return true;
    if (!gl_schemas_ready(worker->runtime, worker->records, worker->count, &worker->err) || !process(worker))
        return false;
    observe_since(series->step_process, &at);
    if (has_nothing(worker))
        return true;
#if GL_MUTANT == 15 /* senders are answered before the commit */
    if (worker->runtime->def->settle != NULL)
        worker->runtime->def->settle(worker->runtime->stage, worker->context, &worker->batch, worker->outbox, true,
                                     NULL);
#endif
    gl_worker_step(worker, "produce");
    if (!gl_txn_produce(worker))
        return false;
    observe_since(series->step_produce, &at);
#if GL_MUTANT == 2 /* state is applied before the commit */
    for (int32_t p = 0; p < worker->runtime->partitions; p++)
        if (worker->stores[p] != NULL && !apply_partition(worker, worker->stores[p], p, -1))
            return false;
#elif GL_MUTANT == 3 /* views are written before the commit */
    if (worker->runtime->def->applied != NULL)
        worker->runtime->def->applied(worker->runtime->stage, worker->context, &worker->batch, worker->outbox);
#endif
    gl_worker_step(worker, "commit");
    int64_t commit_from = at;
    if (!gl_txn_commit(worker))
        return false;
    observe_since(series->step_commit, &at);
    observe_since(series->commit_seconds, &commit_from);
    gl_series_add(series->commits, 1);
    return true;
}

/* ---- after the commit ---- */

static void count_outbox(gl_worker *worker)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(worker->outbox, &count);
    size_t output_count = worker->runtime->output_count;
    uint64_t *produced = gl_arena_calloc(worker->arena, output_count + 1, sizeof *produced);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind == 'd')
            gl_series_add(gl_runtime_series1(worker->runtime, "gl_records_dead_lettered_total", entries[i].err.code),
                          1);
        else
            produced[entries[i].kind == 's' ? output_count : (size_t)entries[i].output]++;
    }
    for (size_t i = 0; i <= output_count; i++)
        if (produced[i] > 0)
            gl_series_add(worker->produced_series[i], produced[i]);
}

/* One LMDB transaction for each partition that changed. */
static bool apply_partition(gl_worker *worker, gl_store *store, int32_t partition, int64_t marker)
{
    size_t count, used = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(worker->outbox, &count);
    gl_store_entry *changes = gl_arena_alloc(worker->arena, count * sizeof *changes);
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind == 's' && entries[i].partition == partition)
            changes[used++] = (gl_store_entry){entries[i].key, entries[i].value};
    return used == 0 || gl_store_apply(store, changes, used, marker, worker->batch.now_us / 1000, &worker->err);
}

static bool apply_state(gl_worker *worker)
{
    gl_runtime *runtime = worker->runtime;
    if (runtime->def->state_topic == NULL)
        return true;
    if (runtime->shared_store != NULL) /* others write this topic too: only reading it moves the marker */
        return apply_partition(worker, runtime->shared_store, 0, -1);
    for (int32_t p = 0; p < runtime->partitions; p++)
        if (worker->markers[p] > 0 && worker->stores[p] != NULL &&
            !apply_partition(worker, worker->stores[p], p, worker->markers[p]))
            return false;
    return true;
}

static void end_batch(gl_worker *worker)
{
    gl_state_end_batch(worker->state);
    gl_outbox_clear(worker->outbox);
    if (is_intake(worker)) {
        for (size_t i = 0; i < worker->count; i++) {
            free(worker->poison[i]);
            worker->poison[i] = NULL;
        }
        worker->count = 0;
    } else {
        gl_group_drop_all(worker);
    }
    gl_arena_reset(worker->arena);
}

/* Views and answers first, since people wait for them; then the local copy of the state, once nobody holds a value of
 * it. */
static bool finish(gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    const gl_stage_def *def = runtime->def;
    int64_t at = gl_mono_us();
    if (worker->count == 0) { /* a rebalance took every record */
        end_batch(worker);
        return true;
    }
    gl_worker_step(worker, "apply");
    gl_series_add(runtime->series.consumed, worker->count);
    gl_series_add(runtime->series.batches, 1);
    gl_series_observe(runtime->series.batch_records, (double)worker->count);
    gl_series_observe(runtime->series.batch_seconds, (double)(at - worker->batch_started_us) / 1e6);
    count_outbox(worker);
    if (def->applied != NULL)
        def->applied(runtime->stage, worker->context, &worker->batch, worker->outbox);
    if (def->settle != NULL && GL_MUTANT != 15)
        def->settle(runtime->stage, worker->context, &worker->batch, worker->outbox, true, NULL);
    gl_state_end_batch(worker->state);
    bool good = apply_state(worker);
    if (!is_intake(worker))
        gl_group_committed(worker);
    end_batch(worker);
    observe_since(runtime->series.step_apply, &at);
    gl_point_reached(GL_POINT_APPLIED);
    return good;
}

/* ---- timers ---- */

static bool has_standing_offsets(const gl_worker *worker)
{
    rd_kafka_topic_partition_list_t *offsets = gl_standing_offsets(worker);
    bool any = offsets->cnt > 0;
    rd_kafka_topic_partition_list_destroy(offsets);
    return any;
}

/* `*any`: something was put, and is committed. */
static bool attempt_timers(gl_worker *worker, bool *any)
{
    const gl_runtime *runtime = worker->runtime;
    size_t put = 0;
    *any = false;
    begin_attempt(worker);
    if (!has_standing_offsets(worker))
        return true;
    int32_t *partitions = gl_arena_alloc(worker->arena, (size_t)runtime->partitions * sizeof *partitions + 1);
    size_t count = owned_partitions(worker, partitions);
    gl_worker_step(worker, "timers");
    if (!runtime->def->timers(runtime->stage, worker->context, &worker->batch, partitions, count, worker->outbox,
                              &worker->err) ||
        !gl_outbox_check(worker->outbox, &worker->err)) {
        if (worker->err.action == GL_NONE || worker->err.action == GL_DEAD_LETTER)
            worker->err.action = GL_FATAL;
        return false;
    }
    gl_outbox_entries(worker->outbox, &put);
    if (put == 0)
        return true;
    *any = true;
    gl_point_reached(GL_POINT_TIMERS);
    if (!gl_txn_produce(worker) || !gl_txn_commit(worker))
        return false;
    gl_series_add(runtime->series.commits, 1);
    return true;
}

static bool finish_timers(gl_worker *worker, bool any)
{
    const gl_runtime *runtime = worker->runtime;
    bool good = true;
    if (any) {
        count_outbox(worker);
        if (runtime->def->applied != NULL)
            runtime->def->applied(runtime->stage, worker->context, &worker->batch, worker->outbox);
        gl_state_end_batch(worker->state);
        good = apply_state(worker);
    }
    end_batch(worker);
    return good;
}

static bool are_timers_due(gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    int64_t now = gl_mono_us();
    if (runtime->def->timers == NULL || is_intake(worker) || !worker->in_group ||
        now - worker->last_timers_us < TICK_US || atomic_load(&runtime->paused) || atomic_load(&runtime->stopping))
        return false;
    worker->last_timers_us = now;
    bool steady = gl_clock_guard_steady(&worker->clock_guard, gl_wall_us(), now);
    gl_series_set(worker->timers_suspended, steady ? 0 : 1);
    return steady;
}

static verdict fail_or_recreate(gl_worker *worker);

/* What is waited for is said from time to time, not at each attempt. */
static void log_failure(gl_worker *worker)
{
    int64_t now = gl_mono_us();
    if (worker->err.action == GL_WAIT) {
        if (worker->said_us != 0 && now - worker->said_us < SAY_US)
            return;
        worker->said_us = now;
    }
    gl_log_err(worker->err.action == GL_FATAL ? GL_LOG_ERROR : GL_LOG_WARN, &worker->err);
}

/* GO_ON: tried again in a second, from the state as it is then; batches do not wait for it. */
static verdict recover_timers(gl_worker *worker)
{
    gl_series_add(worker->runtime->series.retries, 1);
    log_failure(worker);
    gl_err why = worker->err;
    if (!gl_txn_abort(worker)) {
        if (why.action == GL_FATAL)
            worker->err = why;
        return fail_or_recreate(worker);
    }
    worker->err = why;
    return why.action == GL_FATAL ? fail_or_recreate(worker) : GO_ON;
}

static verdict run_timers(gl_worker *worker)
{
    if (!are_timers_due(worker))
        return GO_ON;
    bool any;
    worker->attempts = 0;
    worker->err = (gl_err){0};
    worker->batch.now_us = gl_wall_us();
    worker->timing = true;
    bool done = attempt_timers(worker, &any);
    verdict what = done ? GO_ON : recover_timers(worker);
    worker->timing = false;
    if (done && any)
        worker->last_timers_us = 0; /* there may be more */
    if (what != GO_ON)
        gl_txn_close(worker); /* before the payloads go that it may still hold */
    bool good = finish_timers(worker, done && any);
    return what == GO_ON && !good ? FAILED : what;
}

/* ---- when an attempt failed ---- */

static void settle_failed(gl_worker *worker)
{
    const gl_stage_def *def = worker->runtime->def;
    if (is_intake(worker) && def->settle != NULL && worker->count > 0)
        def->settle(worker->runtime->stage, worker->context, &worker->batch, worker->outbox, false, &worker->err);
    end_batch(worker);
}

/* A broker that refuses a record for what it is: the record that caused it goes to the dead letters. */
static bool isolate_refused(gl_worker *worker)
{
    const gl_outbox_entry *entry = worker->delivery_failure_entry;
    if (worker->delivery_failure.action != GL_DEAD_LETTER || entry == NULL)
        return false;
    gl_err **place = poison_of(worker, entry);
    if (entry->kind == 'd' || place == NULL || *place != NULL) {
        gl_fail(&worker->err, GL_FATAL, "dead-letter-refused",
                "the broker refuses a dead letter: %s; raise the topic's max.message.bytes",
                worker->delivery_failure.message);
        return false;
    }
    poison(place, &worker->delivery_failure);
    worker->delivery_failure = (gl_err){0};
    return true;
}

static void back_off(gl_worker *worker)
{
    int shift = worker->attempts < 6 ? worker->attempts : 6;
    int64_t wait_ms = (int64_t)BACKOFF_FIRST_MS << shift;
    int64_t end = gl_mono_us() + (wait_ms > BACKOFF_LAST_MS ? BACKOFF_LAST_MS : wait_ms) * 1000;
    while (gl_mono_us() < end && !atomic_load(&worker->runtime->aborting)) {
        gl_worker_step(worker, "backing-off");
        gl_inbox_rest(worker->producer, 20);
    }
}

static bool is_hopeless(const gl_worker *worker)
{
    if (is_intake(worker) && worker->attempts >= INTAKE_ATTEMPTS)
        return true;
    return worker->first_failure_us != 0 &&
           gl_mono_us() - worker->first_failure_us > worker->runtime->stage_conf->retry_deadline_ms * 1000;
}

/* A fatal error of the producer ends the producer, not the process: made again with the same transactional id, it finds
 * out what became of the transaction. librdkafka 2.0.2 is quick to call an error fatal, for example when a broker
 * restarts. */
static verdict fail_or_recreate(gl_worker *worker)
{
    bool broken =
        worker->producer == NULL || rd_kafka_fatal_error(worker->producer, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
    return broken || gl_kafka_is_fenced(&worker->err) ? RECREATE : FAILED;
}

/* What makes the worker wait: /readyz tells it, and the log from time to time. NULL: nothing does any more. Partitions
 * are paused meanwhile: the group is served at each attempt, which would take in more than there is room for. */
static void set_waiting(gl_worker *worker, const gl_err *why)
{
    gl_runtime *runtime = worker->runtime;
    if (!is_intake(worker) && (why != NULL) != atomic_load(&worker->waiting))
        gl_group_set_paused(worker, why != NULL || atomic_load(&runtime->paused));
    if (why != NULL) {
        pthread_mutex_lock(&runtime->lock);
        runtime->waiting = *why;
        pthread_mutex_unlock(&runtime->lock);
    }
    atomic_store(&worker->waiting, why != NULL);
}

/* GO_ON: try the batch again. */
static verdict recover(gl_worker *worker)
{
    worker->attempts++;
    if (worker->first_failure_us == 0)
        worker->first_failure_us = gl_mono_us();
    gl_series_add(worker->runtime->series.retries, 1);
    log_failure(worker);
    gl_err why = worker->err;
    if (why.action == GL_WAIT) {
        worker->first_failure_us = 0; /* what fails after the wait has its own time */
        set_waiting(worker, &why);
    }
    if (!gl_txn_abort(worker)) {
        if (why.action == GL_FATAL)
            worker->err = why;
        return fail_or_recreate(worker);
    }
#if GL_MUTANT == 8 /* after an abort the batch is not tried again */
    gl_group_drop_all(worker);
    return GO_ON;
#endif
    if (isolate_refused(worker))
        return GO_ON;
    if (worker->err.action == GL_FATAL)
        return fail_or_recreate(worker);
    if (atomic_load(&worker->runtime->aborting))
        return ENDED;
    if (is_hopeless(worker)) {
        worker->err.action = GL_FATAL;
        gl_fail_context(&worker->err, "given up after %d attempts", worker->attempts);
        return is_intake(worker) ? GIVE_UP : FAILED;
    }
    back_off(worker);
    if (gl_group_serve(worker))
        return GO_ON;
    return worker->err.action == GL_FATAL ? FAILED : RECREATE;
}

/* An intake that cannot commit tells its senders, and goes on with the next batch. */
static verdict run_batch(gl_worker *worker)
{
    while (!attempt(worker)) {
        verdict what = recover(worker);
        if (what == GO_ON)
            continue;
        set_waiting(worker, NULL);
        if (what != GIVE_UP)
            gl_txn_close(worker); /* before the payloads go that it may still hold */
        settle_failed(worker);
        return what == GIVE_UP ? GO_ON : what;
    }
    if (atomic_load(&worker->waiting)) {
        gl_log(GL_LOG_INFO, "waited", "going on after %d attempts", worker->attempts);
        worker->said_us = 0;
    }
    set_waiting(worker, NULL);
    return finish(worker) ? GO_ON : FAILED;
}

static verdict worker_run(gl_worker *worker)
{
    for (;;) {
        tick(worker);
        if (is_over(worker))
            return ENDED;
        verdict fired = run_timers(worker);
        if (fired != GO_ON)
            return fired;
        int64_t from = gl_mono_us();
        if (!take(worker))
            return worker->err.action == GL_FATAL ? FAILED : RECREATE;
        if (worker->count == 0)
            continue;
        observe_since(worker->runtime->series.step_collect, &from);
        worker->next_batch_us = from + worker->runtime->stage_conf->pace_ms * 1000;
        verdict what = run_batch(worker);
        if (what != GO_ON)
            return what;
    }
}

/* ---- life ---- */

bool gl_worker_init(gl_worker *worker, gl_runtime *runtime, int number)
{
    size_t partitions = (size_t)runtime->partitions,
           records = (size_t)runtime->stage_conf->max_batch_records + KEPT_ROOM;
    char label[16];
    snprintf(label, sizeof label, "%d", number);
    worker->runtime = runtime;
    worker->number = number;
    snprintf(worker->name, sizeof worker->name, "%s-%d", runtime->identity, number);
    snprintf(worker->transactional_id, sizeof worker->transactional_id, "gl.%s.%s.%d.%d", runtime->def->name,
             runtime->instance, runtime->slot, number);
    worker->capacity = records;
    worker->arena = gl_arena_new(1 << 20);
    worker->state = gl_state_new(worker->arena);
    worker->outbox = gl_outbox_new_worker(worker->arena, worker->state, runtime->def->poll != NULL ? 0 : -1);
    worker->records = calloc(records, sizeof *worker->records);
    worker->messages = calloc(records, sizeof(rd_kafka_message_t *));
    worker->poison = calloc(records, sizeof(gl_err *));
    worker->partitions = calloc(runtime->input_count * partitions + 1, sizeof *worker->partitions);
    worker->stores = calloc(partitions, sizeof(gl_store *));
    worker->markers = calloc(partitions, sizeof *worker->markers);
    worker->output_topics = calloc(runtime->output_count + 1, sizeof(rd_kafka_topic_t *));
    worker->produced_series = calloc(runtime->output_count + 1, sizeof(gl_series *));
    if (worker->records == NULL || worker->messages == NULL || worker->poison == NULL || worker->partitions == NULL ||
        worker->stores == NULL || worker->markers == NULL || worker->output_topics == NULL ||
        worker->produced_series == NULL)
        return false;
    for (size_t i = 0; i < runtime->output_count; i++)
        worker->produced_series[i] = gl_runtime_series1(runtime, "gl_records_produced_total", runtime->def->outputs[i]);
    if (runtime->def->state_topic != NULL) {
        worker->produced_series[runtime->output_count] =
            gl_runtime_series1(runtime, "gl_records_produced_total", runtime->def->state_topic);
        worker->state_series = gl_runtime_series1(runtime, "gl_state_bytes", label);
    }
    if (runtime->input_count > 0)
        worker->lag_seconds = gl_runtime_series1(runtime, "gl_consumer_lag_seconds", label);
    if (runtime->def->timers != NULL)
        worker->timers_suspended = gl_runtime_series1(runtime, "gl_timers_suspended", label);
    if (runtime->input_count > 0)
        worker->assigned = gl_runtime_series1(runtime, "gl_assigned_partitions", label);
    if (runtime->shared_store != NULL)
        gl_state_set_store(worker->state, 0, runtime->shared_store);
    gl_worker_step(worker, "start");
    return true;
}

void gl_worker_free(gl_worker *worker)
{
    if (worker->group_metadata != NULL)
        rd_kafka_consumer_group_metadata_destroy(worker->group_metadata);
    worker->group_metadata = NULL;
    gl_outbox_destroy_worker(worker->outbox);
    gl_state_destroy(worker->state);
    gl_arena_destroy(worker->arena);
    free(worker->records);
    free(worker->messages);
    free(worker->poison);
    free(worker->partitions);
    free(worker->stores);
    free(worker->markers);
    free(worker->output_topics);
    free(worker->produced_series);
}

/* Producer first: init_transactions ends what a predecessor left open, before offsets and state are read. */
static bool open_clients(gl_worker *worker)
{
    worker->err = (gl_err){0};
    return gl_txn_open(worker, &worker->err) && gl_group_open(worker, &worker->err);
}

static void close_clients(gl_worker *worker)
{
    atomic_store(&worker->ready, false);
    gl_worker_step(worker, "close");
    gl_group_close(worker);
    gl_txn_close(worker);
}

/* `at`: when the last `limit` times were, the oldest overwritten. */
static bool too_often(int64_t *at, size_t limit)
{
    int64_t now = gl_mono_us();
    bool often = at[limit - 1] != 0 && now - at[limit - 1] < WITHIN_US;
    memmove(at + 1, at, (limit - 1) * sizeof *at);
    at[0] = now;
    return often;
}

/* A transaction that was open for longer than its time-out was ended by the broker (which was away, or we were): no
 * rival. */
static bool was_fenced_by_rival(const gl_worker *worker)
{
    int64_t limit_us = worker->runtime->kafka_conf->transaction_timeout_ms * 1000;
    return gl_kafka_is_fenced(&worker->err) && gl_mono_us() - worker->txn_begun_us < limit_us;
}

/* Fenced once may be a pause of this machine; twice within a minute is another process with the same id. */
static bool may_recreate(gl_worker *worker)
{
    gl_log_err(GL_LOG_WARN, &worker->err);
    gl_series_add(worker->runtime->series.recreated, 1);
    if (was_fenced_by_rival(worker) && too_often(worker->fenced_us, FENCED_LIMIT - 1))
        return gl_fail(&worker->err, GL_FATAL, "kafka-fenced",
                       "fenced twice within a minute: another process uses the transactional id %s; give each "
                       "installation its own "
                       "stage.instance",
                       worker->transactional_id);
    if (!too_often(worker->recreated_us, GL_RECREATED_LIMIT))
        return true;
    return gl_fail_context(&worker->err, "clients made again %d times within a minute", GL_RECREATED_LIMIT);
}

static void reread(gl_worker *worker)
{
    const gl_stage_def *def = worker->runtime->def;
    if (def->reread != NULL)
        def->reread(worker->runtime->stage, worker->context);
}

static bool serve(gl_worker *worker)
{
    for (bool anew = false;; anew = true) {
        verdict what = FAILED;
        bool opened = open_clients(worker);
        if (opened && anew)
            reread(worker);
        if (opened)
            what = worker_run(worker);
        else if (atomic_load(&worker->runtime->stopping))
            what = ENDED;
        else if (worker->producer != NULL)
            what = fail_or_recreate(worker);
        gl_err why = worker->err;
        close_clients(worker);
        worker->err = why;
        if (what == ENDED || (what == RECREATE && atomic_load(&worker->runtime->stopping)))
            return true;
        if (what == FAILED || !may_recreate(worker))
            return false;
        gl_sleep_ms(RECREATE_MS);
    }
}

void *gl_worker_main(void *argument)
{
    gl_worker *worker = argument;
    gl_runtime *runtime = worker->runtime;
    const gl_stage_def *def = runtime->def;
    gl_stage_env env = {.conf = runtime->conf,
                        .metrics = runtime->metrics,
                        .worker = worker->number,
                        .identity = runtime->identity,
                        .partition_count = runtime->partitions,
                        .instance = runtime->instance};
    bool opened = def->worker_open == NULL || def->worker_open(runtime->stage, &env, &worker->context, &worker->err);
    if (!opened || !serve(worker))
        gl_runtime_fail(runtime, &worker->err);
    if (opened && def->worker_close != NULL)
        def->worker_close(worker->context);
    atomic_store(&worker->ended, true);
    uint64_t one = 1;
    if (write(runtime->wake_fd, &one, sizeof one) != (ssize_t)sizeof one)
        gl_log(GL_LOG_DEBUG, "wake", "main looks once a second anyway");
    return NULL;
}
