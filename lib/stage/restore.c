/* From the changelog to the store: what a worker does before it processes the first record of a partition.
 *
 * The caller has fetched stable committed offsets, so every transaction of a former owner that moved them has ended.
 * Its end marker on the changelog may still be on the way: therefore the target is the high watermark as of now, read
 * with read_committed, which waits for pending transactions below it. Always holds: entries and marker are applied
 * together; when gl_restore_run succeeds, each store has everything below `end`.
 */
#include "stage/internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    QUESTION_MS = 5000,
    POLL_MS = 200,
    CHUNK = 5000,
    SAY_MS = 10000,
    LOCK_WAIT_MS = 30000,
    LOCK_RETRY_MS = 50,
    ASK_EACH_MS = 50
};
static const int64_t STALE_MS = INT64_C(12) * 3600 * 1000; /* half of the changelog's delete.retention.ms */

gl_store *gl_restore_open(gl_runtime *runtime, int32_t partition, gl_err *err)
{
    char directory[896];
    snprintf(directory, sizeof directory, "%s/%d", runtime->slot_directory, partition);
    gl_store_identity identity = {.cluster = runtime->cluster,
                                  .topic = runtime->def->state_topic,
                                  .stale_after_ms = STALE_MS,
                                  .now_ms = gl_wall_us() / 1000};
    if (runtime->def->state_dictionary != NULL)
        identity.dictionary = *runtime->def->state_dictionary;
    int64_t end = gl_mono_us() + (int64_t)LOCK_WAIT_MS * 1000;
    bool wiped = false;
    gl_store *store = gl_store_open(directory, &identity, &wiped, err);
    while (store == NULL && err->action == GL_RETRY && gl_mono_us() < end && !atomic_load(&runtime->stopping)) {
        gl_sleep_ms(LOCK_RETRY_MS); /* another worker of this process has lost the partition and is about to notice */
        store = gl_store_open(directory, &identity, &wiped, err);
    }
    if (wiped) {
        gl_log(GL_LOG_WARN, "state-wiped", "%s could not be trusted and is restored from the beginning of %s",
               directory, runtime->def->state_topic);
        gl_series_add(gl_runtime_series1(runtime, "gl_state_wipes_total", NULL), 1);
    }
    return store;
}

static gl_kafka_extent extent_of(const gl_runtime *runtime, const gl_restore *restore)
{
    return (gl_kafka_extent){.topic = runtime->def->state_topic, .partition = restore->partition};
}

/* All at once at first; then one after the other, since one without a leader holds up the answer for all. An extent
 * that nobody told has end -1 afterwards, and `err` says why; false: asking again is hopeless. */
static bool ask_extents(gl_runtime *runtime, const gl_restore *restores, gl_kafka_extent *extents, size_t count,
                        int wait_ms, gl_err *err)
{
    for (size_t i = 0; i < count; i++)
        extents[i] = extent_of(runtime, &restores[i]);
    if (gl_kafka_extents(runtime->admin, extents, count, false, wait_ms, err))
        return true;
    int each_ms = wait_ms / (int)count < ASK_EACH_MS ? ASK_EACH_MS : wait_ms / (int)count;
    for (size_t i = 0; err->action == GL_RETRY && i < count; i++) {
        extents[i] = extent_of(runtime, &restores[i]);
        if (count == 1 || !gl_kafka_extents(runtime->admin, &extents[i], 1, false, each_ms, err))
            extents[i].end = -1;
    }
    return err->action == GL_RETRY;
}

/* Where to read from and to; a marker outside the topic's range belongs to a topic that was made again. */
static bool place(gl_runtime *runtime, gl_restore *restore, int64_t first, int64_t end, gl_err *err)
{
    restore->end = end;
    restore->next = gl_store_marker(restore->store);
    if (restore->next > restore->end || (restore->next > 0 && restore->next < first)) {
        gl_log(GL_LOG_WARN, "state-wiped", "%s [%d]: the marker %lld is outside of %lld to %lld",
               runtime->def->state_topic, restore->partition, (long long)restore->next, (long long)first,
               (long long)restore->end);
        gl_series_add(gl_runtime_series1(runtime, "gl_state_wipes_total", NULL), 1);
        if (!gl_store_wipe(restore->store, err))
            return false;
        restore->next = 0;
    }
    if (restore->next < first)
        restore->next = first;
#if GL_MUTANT == 5 /* a restore stops early */
    restore->end -= (restore->end - restore->next) / 2;
#endif
    return true;
}

/* Those that come first are the ones to read: their number; the others have to be asked for again. */
static bool plan(gl_runtime *runtime, gl_restore *restores, size_t count, int wait_ms, size_t *planned, gl_err *err)
{
    gl_kafka_extent *extents = calloc(count, sizeof *extents);
    if (extents == NULL)
        abort();
    bool good = ask_extents(runtime, restores, extents, count, wait_ms, err);
    *planned = 0;
    for (size_t i = 0; good && i < count; i++) {
        if (extents[i].end < 0)
            continue;
        good = place(runtime, &restores[i], extents[i].first, extents[i].end, err);
        gl_restore earlier = restores[*planned];
        restores[*planned] = restores[i];
        restores[i] = earlier;
        (*planned)++;
    }
    free(extents);
    return good;
}

static bool is_done(const gl_restore *restore)
{
    return restore->next >= restore->end;
}

static bool all_done(const gl_restore *restores, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_done(&restores[i]))
            return false;
    return true;
}

typedef struct reader {
    gl_runtime *runtime;
    rd_kafka_t *consumer;
    gl_inbox *inbox;
    rd_kafka_message_t **messages;
    gl_store_entry *entries;
    uint64_t records;
} reader;

static void close_reader(reader *r)
{
    gl_inbox_destroy(r->inbox);
    if (r->consumer != NULL)
        gl_kafka_consumer_close(r->consumer, QUESTION_MS);
    free(r->messages);
    free(r->entries);
}

static bool open_reader(reader *r, const char *name, const gl_restore *restores, size_t count, gl_err *err)
{
    char group[128];
    snprintf(group, sizeof group, "gl.%s.restore", r->runtime->def->name); /* never committed to */
    const char *const settings[] = {"group.id", group, "enable.partition.eof", "true", "fetch.wait.max.ms", "50", NULL};
    gl_kafka_client client = {.name = name, .settings = settings};
    r->messages = calloc(CHUNK, sizeof(rd_kafka_message_t *));
    r->entries = calloc(CHUNK, sizeof *r->entries);
    if (r->messages == NULL || r->entries == NULL)
        abort();
    r->consumer = gl_kafka_consumer_new(r->runtime->kafka_conf, &client, err);
    if (r->consumer == NULL)
        return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        if (!is_done(&restores[i]))
            rd_kafka_topic_partition_list_add(list, r->runtime->def->state_topic, restores[i].partition)->offset =
                restores[i].next;
    rd_kafka_resp_err_t code = rd_kafka_assign(r->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return gl_kafka_fail_code(err, code, "reading the changelog");
    r->inbox = gl_inbox_new(r->consumer);
    return true;
}

/* The messages of one partition, in order, with the place they end at. */
static bool apply_partition(reader *r, gl_restore *restore, size_t message_count, gl_err *err)
{
    size_t count = 0;
    int64_t next = restore->next;
    for (size_t i = 0; i < message_count; i++) {
        const rd_kafka_message_t *message = r->messages[i];
        if (message->partition != restore->partition)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            next = message->offset > next ? message->offset : next;
            continue;
        }
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || message->key_len == 0 ||
            message->key_len > GL_STORE_KEY_LIMIT_BYTES)
            continue;
        next = message->offset + 1;
        r->entries[count++] = (gl_store_entry){{message->key, message->key_len}, {message->payload, message->len}};
    }
    if (next == restore->next)
        return true;
    restore->next = next;
    r->records += count;
    return gl_store_apply(restore->store, r->entries, count, next, gl_wall_us() / 1000, err);
}

static bool read_chunk(reader *r, gl_restore *restores, size_t count, gl_err *err)
{
    ssize_t got = gl_inbox_take(r->inbox, r->messages, CHUNK, POLL_MS);
    bool good = true;
    for (ssize_t i = 0; good && i < got; i++) {
        rd_kafka_resp_err_t code = r->messages[i]->err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            continue;
        gl_kafka_fail_code(err, code, "reading the changelog");
        gl_log_err(GL_LOG_WARN, err);
        good = err->action != GL_FATAL;
    }
    for (size_t i = 0; good && i < count; i++)
        if (!is_done(&restores[i]))
            good = apply_partition(r, &restores[i], got > 0 ? (size_t)got : 0, err);
    for (ssize_t i = 0; i < got; i++)
        rd_kafka_message_destroy(r->messages[i]);
    return good;
}

static void say_where(const gl_runtime *runtime, const gl_restore *restores, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_done(&restores[i]))
            gl_log(GL_LOG_INFO, "state-restoring", "%s [%d]: at %lld of %lld", runtime->def->state_topic,
                   restores[i].partition, (long long)restores[i].next, (long long)restores[i].end);
}

static bool read_all(reader *r, gl_restore *restores, size_t count, int64_t until_us, _Atomic int64_t *progress,
                     gl_err *err)
{
    int64_t say_us = gl_mono_us() + (int64_t)SAY_MS * 1000;
    while (!all_done(restores, count) && (until_us == 0 || gl_mono_us() < until_us)) {
        if (atomic_load(&r->runtime->stopping))
            return gl_fail(err, GL_RETRY, "stopping", "stopped while restoring state");
        if (!read_chunk(r, restores, count, err))
            return false;
        int64_t now = gl_mono_us();
        if (progress != NULL)
            atomic_store(progress, now);
        if (now < say_us)
            continue;
        say_where(r->runtime, restores, count);
        say_us = now + (int64_t)SAY_MS * 1000;
    }
    return true;
}

/* Without a limit of time: a start, that can do nothing but wait for a leader until its deadline. */
static bool plan_in_time(gl_runtime *runtime, gl_restore *restores, size_t count, int wait_ms, size_t *planned,
                         _Atomic int64_t *progress, gl_err *err)
{
    int64_t until_us = gl_mono_us() + runtime->stage_conf->start_deadline_ms * 1000;
    int ask_ms = wait_ms == 0 || wait_ms > QUESTION_MS ? QUESTION_MS : wait_ms;
    bool good = plan(runtime, restores, count, ask_ms, planned, err);
    while (good && wait_ms == 0 && *planned < count) {
        gl_log_err(GL_LOG_WARN, err);
        if (gl_mono_us() > until_us || atomic_load(&runtime->stopping))
            return false;
        good = plan(runtime, restores, count, ask_ms, planned, err);
    }
    if (progress != NULL)
        atomic_store(progress, gl_mono_us());
    return good;
}

bool gl_restore_run(gl_runtime *runtime, const char *name, gl_restore *restores, size_t count, int wait_ms,
                    _Atomic int64_t *progress, gl_err *err)
{
    int64_t begun = gl_mono_us();
    size_t planned;
    for (size_t i = 0; i < count; i++)
        restores[i].end = INT64_MAX;
    if (!plan_in_time(runtime, restores, count, wait_ms, &planned, progress, err))
        return false;
    if (all_done(restores, planned))
        return true;
    char reader_name[160];
    snprintf(reader_name, sizeof reader_name, "%s-restore", name);
    reader r = {.runtime = runtime};
    bool good = open_reader(&r, reader_name, restores, planned, err);
    int64_t until_us = wait_ms == 0 ? 0 : gl_mono_us() + (int64_t)wait_ms * 1000;
    good = good && read_all(&r, restores, planned, until_us, progress, err);
    close_reader(&r);
    double seconds = (double)(gl_mono_us() - begun) / 1e6;
    gl_series_add(runtime->series.restored_records, r.records);
    gl_series_observe(runtime->series.restore_seconds, seconds);
    if (good && all_done(restores, planned))
        gl_log(GL_LOG_INFO, "state-restored", "%llu records of %s for %zu partitions in %.3f s",
               (unsigned long long)r.records, runtime->def->state_topic, planned, seconds);
    return good;
}
