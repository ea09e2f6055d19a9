/* The consumer's side of a worker: which partitions it owns, what it has taken from them, and rebalances.
 *
 * A stage with one input uses cooperative-sticky (partitions come and go one by one), one with several uses range,
 * which gives partition p of each input to the same worker as long as the counts are equal. Offsets are our own
 * bookkeeping: librdkafka's position moves when a record is handed over, and in 2.0.2 not always rightly. What the
 * group gives is taken over at once where that is quick; a partition whose former owner left a transaction open, or
 * whose state is far behind, is given meanwhile and owned later, while the others go on. Always holds: every record in
 * the batch is of an owned partition; next_take is one more than the last record taken of a partition; rebalance
 * callbacks run only inside gl_group_take, gl_group_serve and gl_group_close, never with a transaction open. Thread:
 * worker. Locks: none.
 */
#include "stage/internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/trace.h"

enum {
    WAIT_MS = 100,
    CLOSE_MS = 10000,
    LAG_QUESTION_MS = 1000,
    AT_ONCE_MS = 500, /* in a rebalance: each of offsets and state; then the partition waits */
    ADOPT_MS = 300,   /* afterwards, in between batches; longer when the broker is slow */
    ADOPT_LONGEST_MS = 800,
    RESTORE_LONGEST_MS = 2000, /* a reader that has just connected has to come to something */
    RESTORE_ALONE_MS = 5000,   /* while nothing is owned that could go on */
    ADOPT_EVERY_MS = 100,      /* at least, and as long as the last try took: the others have half of the time */
    EACH_PART = 5              /* asking for one partition's offset takes at most this part of a try */
};

static gl_partition *partition_of(gl_worker *worker, int input, int32_t partition)
{
    if (input < 0 || partition < 0 || partition >= worker->runtime->partitions)
        return NULL;
    return &worker->partitions[(size_t)input * (size_t)worker->runtime->partitions + (size_t)partition];
}

static int input_of(const gl_worker *worker, const char *topic)
{
    for (size_t i = 0; i < worker->runtime->input_count; i++)
        if (strcmp(worker->runtime->def->inputs[i], topic) == 0)
            return (int)i;
    return -1;
}

static bool is_held(const gl_partition *at)
{
    return at->given || at->owned;
}

static bool holds_any_input(const gl_worker *worker, int32_t partition)
{
    const gl_runtime *runtime = worker->runtime;
    for (size_t input = 0; input < runtime->input_count; input++)
        if (is_held(&worker->partitions[input * (size_t)runtime->partitions + (size_t)partition]))
            return true;
    return false;
}

/* ---- the batch's messages ---- */

static void forget(gl_worker *worker, size_t index)
{
    if (worker->messages[index] != NULL)
        rd_kafka_message_destroy(worker->messages[index]);
    free(worker->poison[index]);
    worker->messages[index] = NULL;
    worker->poison[index] = NULL;
}

void gl_group_drop_all(gl_worker *worker)
{
    for (size_t i = 0; i < worker->count; i++)
        forget(worker, i);
    worker->count = 0;
    worker->batch_bytes = 0;
    atomic_store_explicit(&worker->batch_since_ms, 0, memory_order_relaxed);
}

/* What was taken of a partition that is no longer ours is the next owner's. */
static void drop_unowned(gl_worker *worker)
{
    size_t kept = 0;
    for (size_t i = 0; i < worker->count; i++) {
        const rd_kafka_message_t *message = worker->messages[i];
        const gl_partition *at =
            partition_of(worker, input_of(worker, rd_kafka_topic_name(message->rkt)), message->partition);
        if (at == NULL || !at->owned) {
            forget(worker, i);
            continue;
        }
        worker->messages[kept] = worker->messages[i];
        worker->poison[kept] = worker->poison[i];
        if (kept != i) {
            worker->messages[i] = NULL;
            worker->poison[i] = NULL;
        }
        kept++;
    }
    worker->count = kept;
}

/* ---- assignment ---- */

static gl_series *lag_series(const gl_worker *worker, int input, int32_t partition)
{
    char number[16];
    snprintf(number, sizeof number, "%d", partition);
    return gl_runtime_series2(worker->runtime, "gl_consumer_lag_records", worker->runtime->def->inputs[input], number);
}

/* Offsets to start from: what the group has committed, once no transaction that commits some is pending (KIP-447).
 * false: worker->err. */
static bool ask_offsets(gl_worker *worker, rd_kafka_topic_partition_list_t *partitions, int wait_ms)
{
    gl_worker_step(worker, "committed-offsets");
    rd_kafka_resp_err_t code = rd_kafka_committed(worker->consumer, partitions, wait_ms);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < partitions->cnt; i++)
        code = partitions->elems[i].err;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(&worker->err, code, "asking for committed offsets");
}

/* Retention may have deleted what was never processed: librdkafka would go on from the first record without a word. */
static void report_loss(const gl_worker *worker, const char *topic, int32_t partition, int64_t committed, int64_t first)
{
    if (committed < 0 || committed >= first)
        return;
    gl_log(GL_LOG_ERROR, "records-lost",
           "%s [%d]: offsets %lld to %lld were deleted by retention before they were processed", topic, partition,
           (long long)committed, (long long)first - 1);
    gl_series_add(gl_runtime_series1(worker->runtime, "gl_records_lost_total", topic), (uint64_t)(first - committed));
}

static void note_offset(gl_worker *worker, const rd_kafka_topic_partition_t *found, const gl_kafka_extent *extent)
{
    gl_partition *at = partition_of(worker, input_of(worker, found->topic), found->partition);
    report_loss(worker, found->topic, found->partition, found->offset, extent->first);
    at->next_take = found->offset < extent->first ? extent->first : found->offset;
    at->next_commit = at->seen_read = at->next_take;
    at->seen_end = extent->end;
    if (at->lag == NULL) /* what waits to be taken over lags, too */
        at->lag = lag_series(worker, input_of(worker, found->topic), found->partition);
}

/* Notes where to start in each of `partitions`, or in none: while one has no leader, or our metadata is older than it,
 * there is nothing to do but to wait. `*known` says which; false when asking again is hopeless: worker->err. */
static bool find_places(gl_worker *worker, rd_kafka_topic_partition_list_t *partitions, int offsets_ms, int ends_ms,
                        bool *known)
{
    gl_kafka_extent *extents = calloc((size_t)partitions->cnt + 1, sizeof *extents);
    if (extents == NULL)
        abort();
    for (int i = 0; i < partitions->cnt; i++)
        extents[i] =
            (gl_kafka_extent){.topic = partitions->elems[i].topic, .partition = partitions->elems[i].partition};
    *known = ask_offsets(worker, partitions, offsets_ms);
    if (*known) {
        gl_worker_step(worker, "partition-end");
        *known =
            gl_kafka_extents(worker->runtime->admin, extents, (size_t)partitions->cnt, true, ends_ms, &worker->err);
    }
    for (int i = 0; *known && i < partitions->cnt; i++)
        note_offset(worker, &partitions->elems[i], &extents[i]);
    free(extents);
    return *known || worker->err.action != GL_FATAL;
}

static rd_kafka_topic_partition_list_t *given_without_offset(const gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (size_t input = 0; input < runtime->input_count; input++)
        for (int32_t p = 0; p < runtime->partitions; p++) {
            const gl_partition *at = &worker->partitions[input * (size_t)runtime->partitions + (size_t)p];
            if (at->given && at->next_take == RD_KAFKA_OFFSET_INVALID)
                rd_kafka_topic_partition_list_add(list, runtime->def->inputs[input], p);
        }
    return list;
}

/* One after the other, since one that waits holds up the answer for all; each is asked for first in turn. */
static bool find_offsets_singly(gl_worker *worker, const rd_kafka_topic_partition_list_t *list, int wait_ms)
{
    int64_t until_us = gl_mono_us() + (int64_t)wait_ms * 1000;
    int first = worker->adopt_turn;
    for (int i = 0; i < list->cnt && gl_mono_us() < until_us; i++) {
        const rd_kafka_topic_partition_t *chosen = &list->elems[(first + i) % list->cnt];
        rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(one, chosen->topic, chosen->partition);
        bool known, good = find_places(worker, one, wait_ms / EACH_PART, wait_ms, &known);
        rd_kafka_topic_partition_list_destroy(one);
        if (!good)
            return false;
        worker->adopt_turn = (first + i + 1) % list->cnt;
    }
    return true;
}

/* One request for all at first. */
static bool find_offsets(gl_worker *worker, int wait_ms)
{
    rd_kafka_topic_partition_list_t *list = given_without_offset(worker);
    bool known = true, good = list->cnt == 0 || find_places(worker, list, wait_ms, wait_ms, &known);
    if (good && !known && list->cnt > 1)
        good = find_offsets_singly(worker, list, wait_ms);
    rd_kafka_topic_partition_list_destroy(list);
    return good;
}

/* Is the offset of every input's partition p known, and p still to be taken over? What librdkafka has already must
 * stand where it was told to wait: its answer to a seek before that does not end its own look-up of the end, which then
 * moves the partition there, past records (2.0.2). */
static bool may_restore(gl_worker *worker, int32_t partition)
{
    for (size_t input = 0; input < worker->runtime->input_count; input++) {
        const gl_partition *at = partition_of(worker, (int)input, partition);
        if (!at->given || at->next_take == RD_KAFKA_OFFSET_INVALID || (at->told && !at->placed))
            return false;
    }
    return true;
}

static void own(gl_worker *worker, int32_t partition)
{
    for (size_t input = 0; input < worker->runtime->input_count; input++) {
        gl_partition *at = partition_of(worker, (int)input, partition);
        at->given = false;
        at->owned = true;
        at->must_seek = at->told; /* from the end, where it waited */
        at->assigned_call = worker->call;
    }
    if (worker->stores[partition] != NULL)
        gl_state_set_store(worker->state, partition, worker->stores[partition]);
    worker->adopt_tries = 0;
}

/* Brings the state of what is about to be owned up to date, as far as it comes within `wait_ms`. */
static bool restore_given(gl_worker *worker, int wait_ms)
{
    const gl_runtime *runtime = worker->runtime;
    size_t count = 0;
    bool good = true;
    gl_restore *restores = calloc((size_t)runtime->partitions + 1, sizeof *restores);
    if (restores == NULL)
        abort();
    for (int32_t p = 0; good && p < runtime->partitions; p++) {
        if (!may_restore(worker, p))
            continue;
        if (runtime->def->state_topic != NULL && worker->stores[p] == NULL)
            worker->stores[p] = gl_restore_open(worker->runtime, p, &worker->err);
        good = runtime->def->state_topic == NULL || worker->stores[p] != NULL;
        restores[count++] = (gl_restore){.partition = p, .store = worker->stores[p]};
    }
    if (good && count > 0 && runtime->def->state_topic != NULL)
        good =
            gl_restore_run(worker->runtime, worker->name, restores, count, wait_ms, &worker->progress_us, &worker->err);
    for (size_t i = 0; good && i < count; i++)
        if (restores[i].next >= restores[i].end)
            own(worker, restores[i].partition);
    free(restores);
    return good;
}

bool gl_group_is_waiting(const gl_worker *worker)
{
    size_t all = worker->runtime->input_count * (size_t)worker->runtime->partitions;
    for (size_t i = 0; i < all; i++)
        if (worker->partitions[i].given)
            return true;
    return false;
}

/* Several inputs: partition p of each, or none of them. */
static bool sets_are_equal(gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    for (int32_t p = 0; p < runtime->partitions; p++)
        for (size_t input = 1; input < runtime->input_count; input++)
            if (is_held(partition_of(worker, (int)input, p)) != is_held(partition_of(worker, 0, p)))
                return gl_fail(&worker->err, GL_FATAL, "partition-sets",
                               "partition %d of %s and of %s went to different workers: make both topics with equal "
                               "partition counts",
                               p, runtime->def->inputs[0], runtime->def->inputs[input]);
    return true;
}

static void tell_librdkafka(gl_worker *worker, const rd_kafka_topic_partition_list_t *partitions, bool assign)
{
    rd_kafka_error_t *error = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    const char *protocol = rd_kafka_rebalance_protocol(worker->consumer); /* NULL while the consumer is closing */
    bool cooperative = protocol == NULL ? worker->runtime->input_count == 1 : strcmp(protocol, "COOPERATIVE") == 0;
    if (cooperative)
        error = assign ? rd_kafka_incremental_assign(worker->consumer, partitions)
                       : rd_kafka_incremental_unassign(worker->consumer, partitions);
    else
        code = rd_kafka_assign(worker->consumer, assign ? partitions : NULL);
    if (error != NULL)
        gl_kafka_fail(&worker->err, error, "taking over an assignment");
    else if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        gl_kafka_fail_code(&worker->err, code, "taking over an assignment");
}

static size_t owned_count(const gl_worker *worker)
{
    size_t count = 0, all = worker->runtime->input_count * (size_t)worker->runtime->partitions;
    for (size_t i = 0; i < all; i++)
        count += worker->partitions[i].owned;
    return count;
}

static void lose_partitions(gl_worker *worker, const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        gl_partition *at =
            partition_of(worker, input_of(worker, partitions->elems[i].topic), partitions->elems[i].partition);
        if (at == NULL || !is_held(at))
            continue;
        if (at->lag != NULL)
            gl_series_remove(at->lag);
        *at = (gl_partition){0};
    }
    drop_unowned(worker);
    for (int32_t p = 0; p < worker->runtime->partitions; p++)
        if (worker->stores[p] != NULL && !holds_any_input(worker, p)) {
            gl_state_set_store(worker->state, p, NULL);
            gl_store_close(worker->stores[p], gl_wall_us() / 1000);
            worker->stores[p] = NULL;
        }
}

static bool give(gl_worker *worker, const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *given = &partitions->elems[i];
        gl_partition *at = partition_of(worker, input_of(worker, given->topic), given->partition);
        if (at == NULL)
            return gl_fail(
                &worker->err, GL_FATAL, "partition-count",
                "%s has more partitions than the %d it had at start: its count is fixed when it is made; delete "
                "it and make it again",
                given->topic, worker->runtime->partitions);
        *at = (gl_partition){.given = true,
                             .next_take = RD_KAFKA_OFFSET_INVALID,
                             .given_us = gl_mono_us(),
                             .assigned_call = worker->call};
    }
    worker->adopt_tries = 0;
    return sets_are_equal(worker);
}

/* What is owned is read from its offset on; what waits has nothing to read yet. */
static void place(gl_worker *worker, rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        rd_kafka_topic_partition_t *given = &partitions->elems[i];
        gl_partition *at = partition_of(worker, input_of(worker, given->topic), given->partition);
        given->offset = at != NULL && at->owned ? at->next_take : RD_KAFKA_OFFSET_END;
        if (at != NULL)
            at->told = true;
    }
}

static void take_partitions(gl_worker *worker, rd_kafka_topic_partition_list_t *partitions)
{
    gl_err before = worker->err;
    bool good = give(worker, partitions) && find_offsets(worker, AT_ONCE_MS) && restore_given(worker, AT_ONCE_MS);
    if (good) /* what passed when it was tried again is no failure */
        worker->err = before;
    place(worker, partitions);
    tell_librdkafka(worker, partitions, true); /* also when it failed: the consumer has to be able to close */
    if (worker->paused)
        rd_kafka_pause_partitions(worker->consumer, partitions);
    worker->in_group = good;
}

/* For an offset, which a transaction that hangs may hold back until its time-out, or for librdkafka (which says nothing
 * while it is paused). State takes as long as it takes. */
static bool waits_too_long(const gl_worker *worker)
{
    size_t all = worker->runtime->input_count * (size_t)worker->runtime->partitions;
    int64_t limit_ms = worker->runtime->stage_conf->start_deadline_ms,
            hung_ms = 2 * worker->runtime->kafka_conf->transaction_timeout_ms;
    int64_t since_us = gl_mono_us() - (limit_ms > hung_ms ? limit_ms : hung_ms) * 1000;
    for (size_t i = 0; i < all; i++) {
        const gl_partition *at = &worker->partitions[i];
        if (at->given && at->given_us < since_us &&
            (at->next_take == RD_KAFKA_OFFSET_INVALID || (!at->placed && !worker->paused)))
            return true;
    }
    return false;
}

static int at_most(int value, int limit)
{
    return value < limit ? value : limit;
}

/* Between batches: another try at what waits. false: worker->err. */
static bool adopt(gl_worker *worker)
{
    if (!gl_group_is_waiting(worker) || gl_mono_us() < worker->next_adopt_us)
        return true;
    int wait_ms = ADOPT_MS * (1 + worker->adopt_tries);
    int64_t from_us = gl_mono_us();
    size_t before = owned_count(worker);
    worker->err = (gl_err){0};
    bool first_try = worker->adopt_tries == 0;
    worker->adopt_tries += wait_ms < RESTORE_LONGEST_MS;
    int restore_ms = before == 0 ? RESTORE_ALONE_MS : at_most(wait_ms, RESTORE_LONGEST_MS);
    if (!find_offsets(worker, at_most(wait_ms, ADOPT_LONGEST_MS)) || !restore_given(worker, restore_ms))
        return false;
    if (worker->err.action != GL_NONE && first_try)
        gl_log_err(GL_LOG_WARN, &worker->err);
    size_t after = owned_count(worker);
    gl_series_set(worker->assigned, (double)after);
    if (after > before)
        gl_log(GL_LOG_INFO, "partitions-adopted", "%s: %zu partitions, owns %zu", worker->name, after - before, after);
    int64_t now_us = gl_mono_us(), rest_us = before == 0 ? 0 : now_us - from_us;
    worker->next_adopt_us = now_us + (rest_us > ADOPT_EVERY_MS * 1000 ? rest_us : ADOPT_EVERY_MS * 1000);
    if (!waits_too_long(worker))
        return true;
    if (worker->err.action == GL_NONE)
        gl_fail(&worker->err, GL_RETRY, "partition-waits", "partitions given to %s could not be taken over in time",
                worker->name);
    return false;
}

static void report_rebalance(gl_worker *worker, const char *kind, int changed)
{
    size_t owned = owned_count(worker);
    gl_series_add(gl_runtime_series1(worker->runtime, "gl_rebalances_total", kind), 1);
    gl_series_set(worker->assigned, (double)owned);
    gl_log(GL_LOG_INFO, "rebalance", "%s: %s %d partitions, owns %zu", worker->name, kind, changed, owned);
}

static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *partitions,
                      void *opaque)
{
    gl_worker *worker = opaque;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        take_partitions(worker, partitions);
        report_rebalance(worker, "assign", partitions->cnt);
    } else {
        bool lost = rd_kafka_assignment_lost(rk) != 0;
        lose_partitions(worker, partitions);
        tell_librdkafka(worker, partitions, false);
        worker->in_group = worker->in_group && !lost;
        report_rebalance(worker, lost ? "lost" : "revoke", partitions->cnt);
        if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
            gl_kafka_fail_code(&worker->err, code, "rebalance");
    }
    if (worker->err.action != GL_NONE && !atomic_load(&worker->runtime->stopping))
        gl_log_err(GL_LOG_ERROR, &worker->err);
}

/* ---- taking records ---- */

/* Something came from this partition; what came together with the call that gave it may be of a former assignment. */
static void note_placed(const gl_worker *worker, gl_partition *at, bool alone)
{
    if (at->told && (alone || at->assigned_call != worker->call))
        at->placed = true;
}

static void note_end(gl_worker *worker, const rd_kafka_message_t *message, bool alone)
{
    gl_partition *at = partition_of(worker, input_of(worker, rd_kafka_topic_name(message->rkt)), message->partition);
    if (at == NULL)
        return;
    note_placed(worker, at, alone);
    if (!at->owned || at->must_seek)
        return;
    at->seen_read = message->offset;
    at->seen_end = message->offset;
}

/* What comes in place of a record: the end of a partition, or an error of the consumer. */
static void take_event(gl_worker *worker, const rd_kafka_message_t *message, bool alone)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_end(worker, message, alone);
        return;
    }
    gl_err err;
    gl_kafka_fail_code(&err, message->err, rd_kafka_message_errstr(message));
    bool broken = rd_kafka_fatal_error(worker->consumer, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (err.action == GL_FATAL && !broken && message->err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED &&
        message->err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        err.action = GL_RETRY; /* the consumer goes on by itself */
    gl_log_err(err.action == GL_FATAL ? GL_LOG_ERROR : GL_LOG_WARN, &err);
    if (err.action == GL_FATAL)
        worker->err = err;
}

/* Does this record follow what was taken of its partition before? `alone`: the call gave nothing else, so the record
 * came after any callback. */
static bool is_next(gl_worker *worker, gl_partition *at, const rd_kafka_message_t *message, bool alone)
{
    if (at == NULL)
        return false;
    note_placed(worker, at, alone);
    if (!at->owned)
        return false;
    if (worker->paused || at->must_seek || (at->assigned_call == worker->call && !alone)) {
        at->must_seek = true;
        return false;
    }
    return message->offset >= at->next_take;
}

static void admit(gl_worker *worker, rd_kafka_message_t *message, bool alone)
{
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_event(worker, message, alone);
        rd_kafka_message_destroy(message);
        return;
    }
    gl_partition *at = partition_of(worker, input_of(worker, rd_kafka_topic_name(message->rkt)), message->partition);
    if (!is_next(worker, at, message, alone)) {
        rd_kafka_message_destroy(message);
        return;
    }
    at->next_take = message->offset + 1;
    if (at->seen_read <= message->offset)
        at->seen_read = message->offset + 1;
    worker->messages[worker->count] = message;
    worker->poison[worker->count] = NULL;
    worker->batch_bytes += message->len + message->key_len;
    worker->count++;
}

static void seek_back(gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    rd_kafka_topic_partition_list_t *back = NULL;
    for (size_t input = 0; input < runtime->input_count; input++)
        for (int32_t p = 0; p < runtime->partitions; p++) {
            gl_partition *at = partition_of(worker, (int)input, p);
            if (!at->must_seek || worker->paused)
                continue;
            at->must_seek = false;
            if (back == NULL)
                back = rd_kafka_topic_partition_list_new(4);
            rd_kafka_topic_partition_list_add(back, runtime->def->inputs[input], p)->offset = at->next_take;
        }
    if (back == NULL)
        return;
    rd_kafka_error_t *error =
        rd_kafka_seek_partitions(worker->consumer, back, -1); /* a time-out is 1000 times too short in 2.0.2 */
    if (error != NULL)
        gl_kafka_fail(&worker->err, error, "seeking");
    for (int i = 0; i < back->cnt && worker->err.action == GL_NONE; i++) {
        const rd_kafka_topic_partition_t *one = &back->elems[i];
        if (one->err == RD_KAFKA_RESP_ERR__STATE) /* it does not fetch yet: the next time */
            partition_of(worker, input_of(worker, one->topic), one->partition)->must_seek = true;
        else if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            gl_kafka_fail_code(&worker->err, one->err, "seeking");
    }
    rd_kafka_topic_partition_list_destroy(back);
}

/* One call to the consumer for at most `limit` records; how many messages and events came. -1: worker->err. */
static ssize_t take_some(gl_worker *worker, size_t limit, int wait_ms)
{
    rd_kafka_message_t *fresh[GL_TAKE_CHUNK];
    worker->call++;
    worker->err = (gl_err){0};
    ssize_t got = gl_inbox_take(worker->inbox, fresh, limit > GL_TAKE_CHUNK ? GL_TAKE_CHUNK : limit, wait_ms);
    for (ssize_t i = 0; i < got; i++)
        admit(worker, fresh[i], got == 1);
    if (worker->err.action == GL_NONE)
        seek_back(worker);
    return worker->err.action == GL_NONE ? got : -1;
}

/* The batch is filled while there is more to take: it is late when the queue is full and at once when it is empty, but
 * for the pace: in librdkafka 2.0.2 a transaction keeps its main thread busy for 1 to 2 ms, waiting for a timer. */
static bool fill(gl_worker *worker)
{
    const gl_stage_conf *conf = worker->runtime->stage_conf;
    size_t limit = (size_t)conf->max_batch_records;
    int64_t full_us = worker->batch_started_us + conf->max_batch_ms * 1000;
    for (;;) {
        int64_t now = gl_mono_us();
        if (worker->count >= limit || worker->batch_bytes >= (size_t)conf->max_batch_bytes || now >= full_us)
            return true;
        ssize_t got = take_some(worker, limit - worker->count, 0);
        if (got == 0 && now < worker->next_batch_us && worker->count > 0)
            got = take_some(worker, 1, (int)((worker->next_batch_us - now + 999) / 1000));
        if (got <= 0)
            return got == 0;
    }
}

bool gl_group_take(gl_worker *worker)
{
    if (!adopt(worker))
        return false;
    ssize_t got = take_some(worker, 1, worker->idle_has_more ? 0 : WAIT_MS);
    if (got < 0)
        return false;
    worker->caught_up = got == 0;
    if (worker->count == 0)
        return true;
    worker->batch_started_us = gl_mono_us();
    return fill(worker);
}

bool gl_group_serve(gl_worker *worker)
{
    if (worker->runtime->input_count == 0 || worker->count + 1 > worker->capacity)
        return true;
    return take_some(worker, 1, 0) >= 0;
}

static gl_str header_of(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR || value == NULL)
        return (gl_str){NULL, 0};
    return (gl_str){value, size};
}

static void take_trace(const rd_kafka_message_t *message, gl_record *record)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    record->traceparent = gl_traceparent(header_of(headers, "traceparent"));
    if (record->traceparent.len > 0)
        record->tracestate = gl_tracestate(header_of(headers, "tracestate"));
}

void gl_group_records(gl_worker *worker)
{
    size_t all = worker->runtime->input_count * (size_t)worker->runtime->partitions;
    for (size_t i = 0; i < all; i++)
        worker->partitions[i].in_batch = false;
    int64_t oldest_ms = 0;
    for (size_t i = 0; i < worker->count; i++) {
        const rd_kafka_message_t *message = worker->messages[i];
        int input = input_of(worker, rd_kafka_topic_name(message->rkt));
        gl_partition *at = partition_of(worker, input, message->partition);
        rd_kafka_timestamp_type_t type;
        gl_record *record = &worker->records[i];
        *record = (gl_record){.input = input,
                              .partition = message->partition,
                              .offset = message->offset,
                              .timestamp_ms = rd_kafka_message_timestamp(message, &type),
                              .key = {message->key, message->key_len},
                              .value = {message->payload, message->len}};
        take_trace(message, record);
        at->in_batch = true;
        at->batch_next = message->offset + 1;
        at->last_timestamp_ms = record->timestamp_ms;
        if (record->timestamp_ms > 0 && (oldest_ms == 0 || record->timestamp_ms < oldest_ms))
            oldest_ms = record->timestamp_ms;
    }
    atomic_store_explicit(&worker->batch_since_ms, oldest_ms, memory_order_relaxed);
}

void gl_group_committed(gl_worker *worker)
{
    size_t all = worker->runtime->input_count * (size_t)worker->runtime->partitions;
    for (size_t i = 0; i < all; i++)
        if (worker->partitions[i].in_batch) {
            worker->partitions[i].next_commit = worker->partitions[i].batch_next;
            worker->partitions[i].in_batch = false;
        }
    gl_group_drop_all(worker);
}

/* ---- lag, pause ---- */

static int64_t last_fetched_end(gl_worker *worker, const char *topic, int32_t partition)
{
    int64_t low, high;
    return rd_kafka_get_watermark_offsets(worker->consumer, topic, partition, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR
               ? high
               : -1;
}

/* As the last fetch told them; nothing is fetched while paused, so then the broker is asked. */
static void learn_ends(gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    size_t all = runtime->input_count * (size_t)runtime->partitions, count = 0;
    gl_kafka_extent *extents = calloc(all, sizeof *extents);
    if (extents == NULL)
        abort();
    for (size_t i = 0; i < all; i++)
        if (worker->partitions[i].lag != NULL)
            extents[count++] = (gl_kafka_extent){.topic = runtime->def->inputs[i / (size_t)runtime->partitions],
                                                 .partition = (int32_t)(i % (size_t)runtime->partitions)};
    gl_err unknown;
    bool asked = worker->paused && gl_kafka_extents(runtime->admin, extents, count, true, LAG_QUESTION_MS, &unknown);
    for (size_t i = 0; i < count; i++) {
        gl_partition *at = partition_of(worker, input_of(worker, extents[i].topic), extents[i].partition);
        int64_t end = asked ? extents[i].end : last_fetched_end(worker, extents[i].topic, extents[i].partition);
        at->seen_end = end > at->seen_end ? end : at->seen_end;
    }
    free(extents);
}

void gl_group_report_lag(gl_worker *worker)
{
    const gl_runtime *runtime = worker->runtime;
    int64_t oldest_ms = 0;
    learn_ends(worker);
    for (size_t input = 0; input < runtime->input_count; input++)
        for (int32_t p = 0; p < runtime->partitions; p++) {
            gl_partition *at = partition_of(worker, (int)input, p);
            if (at->lag == NULL)
                continue;
            int64_t lag = at->seen_end - (at->seen_read > at->next_commit ? at->seen_read : at->next_commit);
            gl_series_set(at->lag, lag > 0 ? (double)lag : 0);
            if (lag > 0 && at->last_timestamp_ms == 0) /* nothing was taken of it: known to wait since now */
                at->last_timestamp_ms = gl_wall_us() / 1000;
            if (lag > 0 && (oldest_ms == 0 || at->last_timestamp_ms < oldest_ms))
                oldest_ms = at->last_timestamp_ms;
        }
    atomic_store_explicit(&worker->lag_since_ms, oldest_ms, memory_order_relaxed);
}

/* What was fetched and not taken is dropped by librdkafka on both; after a resume everything is read again from our own
 * bookkeeping. */
void gl_group_set_paused(gl_worker *worker, bool paused)
{
    if (worker->paused == paused || worker->consumer == NULL)
        return;
    rd_kafka_topic_partition_list_t *assigned = NULL;
    if (rd_kafka_assignment(worker->consumer, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR || assigned == NULL)
        return;
    if (paused)
        rd_kafka_pause_partitions(worker->consumer, assigned);
    else
        rd_kafka_resume_partitions(worker->consumer, assigned);
    for (int i = 0; i < assigned->cnt; i++) {
        gl_partition *at =
            partition_of(worker, input_of(worker, assigned->elems[i].topic), assigned->elems[i].partition);
        if (at != NULL && at->owned)
            at->must_seek = true;
    }
    worker->paused = paused;
    rd_kafka_topic_partition_list_destroy(assigned);
    gl_log(GL_LOG_INFO, paused ? "paused" : "resumed", "%s", worker->name);
}

/* ---- open, close ---- */

static bool subscribe(gl_worker *worker, gl_err *err)
{
    const gl_runtime *runtime = worker->runtime;
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new((int)runtime->input_count);
    for (size_t i = 0; i < runtime->input_count; i++)
        rd_kafka_topic_partition_list_add(topics, runtime->def->inputs[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(worker->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, "subscribing");
}

bool gl_group_open(gl_worker *worker, gl_err *err)
{
    const gl_runtime *runtime = worker->runtime;
    if (runtime->input_count == 0)
        return true;
    char group[128];
    snprintf(group, sizeof group, "gl.%s", runtime->def->name);
    const char *settings[12] = {"group.id",
                                group,
                                "partition.assignment.strategy",
                                runtime->input_count > 1 ? "range" : "cooperative-sticky",
                                "enable.partition.eof",
                                "true",
                                NULL};
    if (runtime->stage_conf->static_membership) {
        settings[6] = "group.instance.id";
        settings[7] = worker->transactional_id;
    }
    gl_kafka_client client = {.name = worker->name, .settings = settings, .opaque = worker, .rebalance = rebalance};
    worker->consumer = gl_kafka_consumer_new(runtime->kafka_conf, &client, err);
    if (worker->consumer == NULL)
        return false;
    worker->inbox = gl_inbox_new(worker->consumer);
    return subscribe(worker, err);
}

/* Leaving the group runs the rebalance callback, which closes the stores. */
void gl_group_close(gl_worker *worker)
{
    gl_group_drop_all(worker);
    gl_inbox_destroy(worker->inbox);
    worker->inbox = NULL;
    if (worker->consumer != NULL && !gl_kafka_consumer_close(worker->consumer, CLOSE_MS))
        gl_log(GL_LOG_WARN, "consumer-close", "%s: the consumer did not close in time", worker->name);
    worker->consumer = NULL;
    worker->in_group = false;
    worker->paused = false;
    for (int32_t p = 0; p < worker->runtime->partitions; p++) {
        if (worker->stores[p] == NULL)
            continue;
        gl_state_set_store(worker->state, p, NULL);
        gl_store_close(worker->stores[p], gl_wall_us() / 1000);
        worker->stores[p] = NULL;
    }
    memset(worker->partitions, 0,
           worker->runtime->input_count * (size_t)worker->runtime->partitions * sizeof *worker->partitions);
}
