/* See views.h. */
#include "decide/views.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "customs/ids.h"
#include "customs/view.h"
#include "decide/clearance.h"
#include "decide/status.h"

enum {
    CALLS_A_PIPELINE = 256,
    STEP_LIMIT_US = 40000,
    CHECK_EVERY_US = 1000000,
    ARGS = 3,
    REFERENCES = CALLS_A_PIPELINE + GL_VIEW_REFERENCES
};
/* A closed clearance's entry that was not deleted goes by itself, this long after the window. */
enum { LEFT_MS = 600000 };

/* UNCHECKED -> COMPLETE | LOST; COMPLETE -> LOST; LOST -> REBUILDING (its marker is gone) -> COMPLETE. A partition that
 * is not owned any more goes back to UNCHECKED from anywhere. */
typedef enum view_phase { VIEW_UNCHECKED, VIEW_COMPLETE, VIEW_LOST, VIEW_REBUILDING } view_phase;

typedef struct partition_view {
    view_phase phase;
    bool owned;
    uint8_t cursor[GL_DECLARATION_ID_BYTES]; /* REBUILDING: the last key written */
    bool has_cursor;
    int64_t failed_us; /* monotonic: when a step failed, 0: it did not; the next one waits a second */
    uint64_t rebuilt_count;
} partition_view;

struct gl_views {
    gl_kv *kv;
    gl_arena *arena;
    partition_view *partitions;
    size_t partition_count;
    int64_t checked_us; /* monotonic */
    gl_views_terms terms;
    gl_series *written, *stale, *failed, *rebuilds, *rebuilt;
};

const gl_metric_def gl_views_metrics[GL_VIEWS_METRICS] = {GL_VIEWS_METRIC_ROWS};

static gl_series *series(gl_metrics *metrics, int which, const char *result)
{
    const char *labels[GL_METRIC_LABELS] = {result};
    return metrics == NULL ? NULL : gl_metrics_series(metrics, &gl_views_metrics[which], labels);
}

static void count(gl_series *counter, uint64_t amount)
{
    if (counter != NULL && amount > 0)
        gl_series_add(counter, amount);
}

gl_views *gl_views_new(const gl_kv_conf *conf, gl_metrics *metrics)
{
    gl_views *views = calloc(1, sizeof *views);
    if (views == NULL)
        abort();
    views->kv = gl_kv_new(conf, metrics);
    views->arena = gl_arena_new(1 << 20);
    views->written = series(metrics, 0, "applied");
    views->stale = series(metrics, 0, "stale");
    views->failed = series(metrics, 0, "failed");
    views->rebuilds = series(metrics, 1, NULL);
    views->rebuilt = series(metrics, 2, NULL);
    return views;
}

void gl_views_destroy(gl_views *views)
{
    if (views == NULL)
        return;
    gl_kv_destroy(views->kv);
    gl_arena_destroy(views->arena);
    free(views->partitions);
    free(views);
}

static partition_view *partition_at(gl_views *views, int32_t partition)
{
    size_t index = partition < 0 ? 0 : (size_t)partition;
    if (index >= views->partition_count) {
        size_t wanted = index + 16;
        partition_view *grown = realloc(views->partitions, wanted * sizeof *grown);
        if (grown == NULL)
            abort();
        memset(grown + views->partition_count, 0, (wanted - views->partition_count) * sizeof *grown);
        views->partitions = grown;
        views->partition_count = wanted;
    }
    return &views->partitions[index];
}

bool gl_views_complete(const gl_views *views, int32_t partition)
{
    return partition >= 0 && (size_t)partition < views->partition_count &&
           views->partitions[partition].phase == VIEW_COMPLETE;
}

static void lose(gl_views *views, int32_t partition, const char *why)
{
    partition_view *view = partition_at(views, partition);
    if (view->phase != VIEW_LOST) /* a partition's first check commonly finds nothing: nobody lost it */
        gl_log(view->phase == VIEW_UNCHECKED ? GL_LOG_INFO : GL_LOG_WARN, "view-lost",
               "the status views of partition %" PRId32 " are to be rebuilt: %s", partition, why);
    view->phase = VIEW_LOST;
}

/* What is there for a closed clearance was written for the window as it was: it is written again. */
static void take_terms(gl_views *views, const gl_views_terms *terms)
{
    bool changed = views->terms.window_us != 0 && views->terms.window_us != terms->window_us;
    views->terms = *terms;
    for (size_t i = 0; changed && i < views->partition_count; i++)
        if (views->partitions[i].phase != VIEW_UNCHECKED)
            lose(views, (int32_t)i, "the idempotency window was changed");
}

/* -- Entries ----------------------------------------------------------------------------------------------------------
 */

/* Calls of the view script, gathered and sent in pipelines that are short enough for Redis's deadline. */
typedef struct gathering {
    gl_views *views;
    gl_str keys[CALLS_A_PIPELINE], args[CALLS_A_PIPELINE * ARGS];
    int64_t replies[CALLS_A_PIPELINE];
    int32_t partitions[CALLS_A_PIPELINE];
    size_t count;
    gl_str reference_keys[REFERENCES], reference_args[REFERENCES * ARGS];
    size_t reference_count;
    uint64_t sent;
    bool waits; /* a value's schema is being looked up: from that entry on it is tried again */
    gl_err err; /* of the first failure */
} gathering;

static gathering *gathering_new(gl_views *views)
{
    gl_arena_reset(views->arena);
    gathering *g = gl_arena_alloc(views->arena, sizeof *g);
    g->views = views;
    g->count = g->reference_count = 0;
    g->sent = 0;
    g->waits = false;
    g->err = (gl_err){0};
    return g;
}

static bool flush(gathering *g)
{
    gl_views *views = g->views;
    if (g->count == 0)
        return true;
    gl_err err = {0};
    bool done = gl_kv_eval(views->kv, &gl_view_script, g->count, g->keys, 1, g->args, ARGS, g->replies, &err) &&
                gl_kv_eval(views->kv, &gl_view_refer_script, g->reference_count, g->reference_keys, 1,
                           g->reference_args, ARGS, NULL, &err);
    if (done) {
        uint64_t applied = 0;
        for (size_t i = 0; i < g->count; i++)
            applied += g->replies[i] == 1;
        count(views->written, applied);
        count(views->stale, g->count - applied);
        g->sent += g->count;
    } else {
        count(views->failed, g->count);
        if (g->err.action == GL_NONE)
            g->err = err;
        for (size_t i = 0; i < g->count; i++)
            lose(views, g->partitions[i], err.message);
    }
    g->count = g->reference_count = 0;
    return done;
}

static gl_str number_text(gl_arena *arena, int64_t number)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, 24);
    gl_buf_int(&buf, number);
    return gl_buf_view(&buf);
}

/* A call of the script; the texts must live until it is sent. */
static bool gather(gathering *g, int32_t partition, gl_str key, int64_t version, gl_str value, gl_str ttl)
{
    size_t i = g->count++;
    g->partitions[i] = partition;
    g->keys[i] = key;
    g->args[i * ARGS] = number_text(g->views->arena, version);
    g->args[i * ARGS + 1] = value;
    g->args[i * ARGS + 2] = ttl;
    return (g->count < CALLS_A_PIPELINE && g->reference_count < CALLS_A_PIPELINE) || flush(g);
}

/* Sent with the entry that is gathered next. */
static void gather_references(gathering *g, gl_str id, const gl_clearance *clearance, gl_str ttl)
{
    gl_arena *arena = g->views->arena;
    size_t at = 0;
    for (int n = 0; n < GL_VIEW_REFERENCES; n++) {
        gl_str reference = gl_view_next_reference(clearance->view, &at);
        if (reference.ptr == NULL)
            return;
        size_t i = g->reference_count++;
        char *stem = gl_arena_alloc(arena, GL_MRN_STEM_CHARS + 1);
        gl_mrn_stem((const uint8_t *)id.ptr, stem);
        g->reference_keys[i] = gl_view_reference_key(arena, clearance->submitter, reference);
        g->reference_args[i * ARGS] = number_text(arena, clearance->accepted_at / 1000);
        g->reference_args[i * ARGS + 1] = (gl_str){stem, GL_MRN_STEM_CHARS};
        g->reference_args[i * ARGS + 2] = ttl;
    }
}

/* `*waits` (may be NULL): its schema is being looked up. */
static bool decode(gl_arena *arena, gl_str value, gl_clearance *clearance, bool *waits)
{
    gl_clearance_state state;
    gl_err err;
    if (!gl_clearance_state_decode(&state, (const uint8_t *)value.ptr, value.len, arena, &err)) {
        gl_state_unreadable(&err, "the state of a clearance");
        if (waits != NULL)
            *waits = err.action == GL_RETRY || err.action == GL_WAIT;
        if (waits == NULL || !*waits)
            gl_log_err(GL_LOG_ERROR, &err); /* decide wrote it: nothing that a retry would change */
        return false;
    }
    *clearance = state.clearance;
    return true;
}

/* How long the references of an open clearance stay: its next change writes them again. */
static const int64_t OPEN_MS = INT64_C(90) * 86400 * 1000;

/* {NULL, 0}: nothing of it is in the view. */
static gl_str view_value(gl_arena *arena, const gl_clearance *clearance)
{
    return clearance->view.len == 0
               ? (gl_str){NULL, 0}
               : gl_view_value(arena, gl_status_revision(clearance), clearance->digest, clearance->view);
}

/* 0: as long as Redis has it. What the state keeps without a limit, the view does, too: a miss means that there is
 * nothing. */
static int64_t ttl_ms_of(const gl_views_terms *terms, const gl_clearance *clearance)
{
    if (!gl_clearance_may_expire(clearance))
        return 0;
    int64_t left_ms = (clearance->decided_at + terms->window_us - terms->now_us) / 1000;
    left_ms = (left_ms > 0 ? left_ms : 0) + LEFT_MS;
    return terms->ttl_ms > 0 && terms->ttl_ms < left_ms ? terms->ttl_ms : left_ms;
}

static gl_str key_of(gl_arena *arena, gl_str id)
{
    char stem[GL_MRN_STEM_CHARS + 1];
    gl_mrn_stem((const uint8_t *)id.ptr, stem);
    return gl_view_key(arena, stem);
}

static bool gather_clearance(gathering *g, int32_t partition, gl_str key, gl_str value)
{
    gl_arena *arena = g->views->arena;
    gl_clearance clearance;
    gl_str entry = decode(arena, value, &clearance, &g->waits) ? view_value(arena, &clearance) : (gl_str){NULL, 0};
    if (entry.ptr == NULL)
        return !g->waits;
    int64_t ttl_ms = ttl_ms_of(&g->views->terms, &clearance);
    gl_str ttl = number_text(arena, ttl_ms);
    gather_references(g, key, &clearance, ttl_ms > 0 ? ttl : number_text(arena, OPEN_MS));
    return gather(g, partition, key_of(arena, key), gl_status_revision(&clearance), entry, ttl);
}

/* -- What expired
 * --------------------------------------------------------------------------------------------------------- */

/* What is there instead is newer, of a worker that has the partition now: it stays. A failure leaves entries that
 * Redis drops by itself, LEFT_MS after the window. */
static void forget(gl_views *views, const gl_outbox_entry *entries, size_t entry_count)
{
    gl_arena *arena = views->arena;
    gl_str keys[CALLS_A_PIPELINE], values[CALLS_A_PIPELINE];
    size_t found = 0;
    for (size_t i = 0; i < entry_count; i++) {
        const gl_outbox_entry *entry = &entries[i];
        gl_clearance gone;
        gl_err err;
        if (entry->kind == 's' && entry->key.len == GL_DECLARATION_ID_BYTES && entry->value.ptr == NULL &&
            decode(arena, entry->cause->value, &gone, NULL)) {
            values[found] = view_value(arena, &gone);
            keys[found] = key_of(arena, entry->key);
            found += values[found].ptr != NULL;
        }
        if (found > 0 && (found == CALLS_A_PIPELINE || i + 1 == entry_count)) {
            if (!gl_kv_eval(views->kv, &gl_view_forget_script, found, keys, 1, values, 1, NULL, &err))
                count(views->failed, found);
            found = 0;
        }
    }
}

/* -- The partition's marker and number
 * --------------------------------------------------------------------------------- */

static gl_str sequence_key(gl_arena *arena, int32_t partition)
{
    return gl_str_of(gl_arena_printf(arena, "gl:vs:%" PRId32, partition));
}

/* In the form that the view script compares; with the window, which says how long entries stay. */
static gl_str sequence_value(const gl_views *views, int64_t sequence)
{
    return gl_str_of(gl_arena_printf(views->arena, "%" PRId64 " writes, window %" PRId64 " s", sequence,
                                     views->terms.window_us / 1000000));
}

static bool is_trusted(const gl_views *views, gl_str marker, gl_str stored, int64_t sequence)
{
    return marker.ptr != NULL && gl_str_eq(stored, sequence_value(views, sequence));
}

static bool is_audit_head(gl_str key)
{
    return gl_str_eqz(key, "audit-head");
}

static bool head_sequence(gl_str value, gl_arena *arena, int64_t *sequence, gl_err *err)
{
    gl_audit_head_state head;
    *sequence = 0;
    if (value.ptr == NULL)
        return true;
    if (!gl_audit_head_state_decode(&head, (const uint8_t *)value.ptr, value.len, arena, err))
        return false;
    *sequence = head.audit_head.writes;
    return true;
}

/* -- After the commit
 * --------------------------------------------------------------------------------------------------- */

/* A partition that has not been checked since it was assigned: before this batch its number was `before`. */
static void check_before_write(gl_views *views, int32_t partition, int64_t before)
{
    gl_arena *arena = views->arena;
    gl_str keys[2] = {gl_view_marker_key(arena, partition), sequence_key(arena, partition)}, values[2];
    gl_err err;
    if (gl_kv_get(views->kv, arena, keys, 2, values, &err) && is_trusted(views, values[0], values[1], before))
        partition_at(views, partition)->phase = VIEW_COMPLETE;
}

/* The last head of a partition in the batch; one batch may have several when it was bisected. */
static void gather_sequence(gathering *g, int32_t partition, int64_t first, int64_t last)
{
    gl_views *views = g->views;
    if (partition_at(views, partition)->phase == VIEW_UNCHECKED)
        check_before_write(views, partition, first - 1);
    if (partition_at(views, partition)->phase == VIEW_COMPLETE)
        gather(g, partition, sequence_key(views->arena, partition), last, sequence_value(views, last), GL_STR("0"));
}

static void gather_sequences(gathering *g, const gl_outbox_entry *entries, size_t entry_count)
{
    for (size_t i = 0; i < entry_count; i++) {
        int64_t first, last;
        gl_err err;
        if (entries[i].kind != 's' || !is_audit_head(entries[i].key) ||
            !head_sequence(entries[i].value, g->views->arena, &first, &err))
            continue;
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen =
                entries[k].kind == 's' && entries[k].partition == entries[i].partition && is_audit_head(entries[k].key);
        if (seen)
            continue;
        last = first;
        for (size_t k = i + 1; k < entry_count; k++)
            if (entries[k].kind == 's' && entries[k].partition == entries[i].partition && is_audit_head(entries[k].key))
                head_sequence(entries[k].value, g->views->arena, &last, &err);
        gather_sequence(g, entries[i].partition, first, last);
    }
}

void gl_views_write(gl_views *views, const gl_outbox *outbox, const gl_views_terms *terms)
{
    take_terms(views, terms);
    gathering *g = gathering_new(views);
    size_t entry_count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &entry_count);
    for (size_t i = 0; i < entry_count; i++) {
        const gl_outbox_entry *entry = &entries[i];
        if (entry->kind == 's' && entry->key.len == GL_DECLARATION_ID_BYTES && entry->value.ptr != NULL)
            gather_clearance(g, entry->partition, entry->key, entry->value);
    }
    flush(g);
    /* After the entries: a number that is there says that they are. */
    gather_sequences(g, entries, entry_count);
    flush(g);
    forget(views, entries, entry_count);
}

/* -- Between batches
 * ----------------------------------------------------------------------------------------------------- */

static void note_owned(gl_views *views, const int32_t *partitions, size_t partition_count)
{
    for (size_t i = 0; i < partition_count; i++)
        partition_at(views, partitions[i]);
    for (size_t i = 0; i < views->partition_count; i++)
        views->partitions[i].owned = false;
    for (size_t i = 0; i < partition_count; i++)
        partition_at(views, partitions[i])->owned = true;
    for (size_t i = 0; i < views->partition_count; i++)
        if (!views->partitions[i].owned)
            views->partitions[i] = (partition_view){0};
}

static void check(gl_views *views, gl_state *state, const int32_t *partitions, size_t partition_count)
{
    gl_arena *arena = views->arena;
    gl_arena_reset(arena);
    gl_str *keys = GL_NEW_N(arena, gl_str, 2 * partition_count), *values = GL_NEW_N(arena, gl_str, 2 * partition_count);
    for (size_t i = 0; i < partition_count; i++) {
        keys[2 * i] = gl_view_marker_key(arena, partitions[i]);
        keys[2 * i + 1] = sequence_key(arena, partitions[i]);
    }
    gl_err err;
    if (!gl_kv_get(views->kv, arena, keys, 2 * partition_count, values, &err))
        return; /* what was not written meanwhile is noted where it fails */
    for (size_t i = 0; i < partition_count; i++) {
        partition_view *view = partition_at(views, partitions[i]);
        if (view->phase == VIEW_LOST || view->phase == VIEW_REBUILDING)
            continue;
        gl_str head;
        int64_t sequence;
        if (!gl_state_get(state, partitions[i], GL_STR("audit-head"), &head, &err) ||
            !head_sequence(head, arena, &sequence, &err)) {
            gl_log_err(GL_LOG_ERROR, &err);
            continue;
        }
        if (is_trusted(views, values[2 * i], values[2 * i + 1], sequence))
            view->phase = VIEW_COMPLETE;
        else
            lose(views, partitions[i],
                 values[2 * i].ptr == NULL ? "their marker is not there" : "they are behind the state");
    }
}

typedef struct walking {
    gathering *g;
    partition_view *view;
    int32_t partition;
    int64_t until_us;
    bool stopped; /* there is more */
} walking;

static bool walk_one(void *context, gl_str key, gl_str value)
{
    walking *w = context;
    if (key.len != GL_DECLARATION_ID_BYTES)
        return true;
    /* The value stays until the step ends, where it is: in the store's memory or in the views' arena. */
    bool done = gather_clearance(w->g, w->partition, key, value);
    if (w->g->waits) {
        w->stopped = true;
        return false;
    }
    memcpy(w->view->cursor, key.ptr, sizeof w->view->cursor);
    w->view->has_cursor = true;
    w->stopped = !done || (w->g->count == 0 && gl_mono_us() >= w->until_us);
    return !w->stopped;
}

/* All entries are written: first the number, then the marker that makes both count. */
static bool finish(gl_views *views, gl_state *state, int32_t partition)
{
    gl_arena *arena = views->arena;
    partition_view *view = partition_at(views, partition);
    gl_str head;
    int64_t sequence;
    gl_err err;
    if (!gl_state_get(state, partition, GL_STR("audit-head"), &head, &err) ||
        !head_sequence(head, arena, &sequence, &err)) {
        gl_log_err(GL_LOG_ERROR, &err);
        return false;
    }
    gl_str keys[2] = {sequence_key(arena, partition), gl_view_marker_key(arena, partition)};
    gl_str values[2] = {sequence_value(views, sequence),
                        gl_str_of(gl_arena_printf(arena, "%" PRId64, gl_wall_us() / 1000))};
    if (!gl_kv_set(views->kv, keys, values, 2, 0, &err)) {
        lose(views, partition, err.message);
        return false;
    }
    view->phase = VIEW_COMPLETE;
    count(views->rebuilds, 1);
    gl_log(GL_LOG_INFO, "view-rebuilt",
           "the status views of partition %" PRId32 " are complete: %" PRIu64 " written again", partition,
           view->rebuilt_count);
    return true;
}

/* false: it failed, and is tried again in a second. */
static bool rebuild_step(gl_views *views, gl_state *state, int32_t partition, int64_t until_us)
{
    partition_view *view = partition_at(views, partition);
    gathering *g = gathering_new(views);
    gl_err err;
    if (view->phase == VIEW_LOST) {
        gl_str marker = gl_view_marker_key(views->arena, partition);
        if (!gl_kv_delete(views->kv, &marker, 1, &err))
            return false; /* Redis is away */
        *view = (partition_view){.phase = VIEW_REBUILDING, .owned = true};
    }
    walking w = {.g = g, .view = view, .partition = partition, .until_us = until_us};
    gl_str after =
        view->has_cursor
            ? (gl_str){(const char *)gl_arena_dup(views->arena, view->cursor, sizeof view->cursor), sizeof view->cursor}
            : (gl_str){NULL, 0};
    bool walked = gl_state_walk(state, views->arena, partition, after, walk_one, &w, &err);
    if (!walked)
        gl_log_err(GL_LOG_ERROR, &err);
    bool sent = flush(g);
    view->rebuilt_count += g->sent;
    count(views->rebuilt, g->sent);
    if (!walked || !sent || view->phase != VIEW_REBUILDING)
        return false;
    return w.stopped || finish(views, state, partition);
}

static bool is_to_rebuild(const partition_view *view, int64_t now_us)
{
    return (view->phase == VIEW_LOST || view->phase == VIEW_REBUILDING) &&
           (view->failed_us == 0 || now_us - view->failed_us >= CHECK_EVERY_US);
}

bool gl_views_idle(gl_views *views, gl_state *state, const int32_t *partitions, size_t partition_count,
                   const gl_views_terms *terms)
{
    note_owned(views, partitions, partition_count);
    take_terms(views, terms);
    int64_t now_us = gl_mono_us();
    if (now_us - views->checked_us >= CHECK_EVERY_US && partition_count > 0) {
        views->checked_us = now_us;
        check(views, state, partitions, partition_count);
    }
    for (size_t i = 0; i < partition_count && gl_mono_us() - now_us < STEP_LIMIT_US; i++) {
        if (!is_to_rebuild(partition_at(views, partitions[i]), now_us))
            continue;
        bool done = rebuild_step(views, state, partitions[i], now_us + STEP_LIMIT_US);
        partition_at(views, partitions[i])->failed_us = done ? 0 : now_us;
    }
    bool more = false; /* what failed is not asked for at once */
    for (size_t i = 0; i < partition_count; i++) {
        const partition_view *view = partition_at(views, partitions[i]);
        more = more || (view->phase == VIEW_REBUILDING && is_to_rebuild(view, now_us));
    }
    return more;
}
