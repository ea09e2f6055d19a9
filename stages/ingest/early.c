/* See early.h. */
#include "ingest/early.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "ingest/doubt.h"

/* Of one call to Redis: each has the whole deadline, so that a large message does not look like a slow Redis. */
enum { VIEW_CALLS = 512, KEPT_LIMIT = 50000, ARGS = 3 };

static const char PROVISIONAL[] = "\"provisional\":true";

typedef struct kept {
    struct kept *next;
    char stem[GL_MRN_STEM_CHARS + 1];
    size_t len;
    char value[];
} kept;

struct gl_early {
    gl_ingest *ingest;
    gl_kv *kv;
    kept *first, *last;
    size_t count;
    char ttl[24];
};

gl_early *gl_early_new(gl_ingest *ingest, gl_kv *kv)
{
    gl_early *early = calloc(1, sizeof *early);
    if (early == NULL)
        abort();
    early->ingest = ingest;
    early->kv = kv;
    snprintf(early->ttl, sizeof early->ttl, "%lld", (long long)ingest->conf.view_ttl_ms);
    return early;
}

static void drop_first(gl_early *early)
{
    kept *first = early->first;
    early->first = first->next;
    if (early->first == NULL)
        early->last = NULL;
    early->count--;
    free(first);
}

void gl_early_destroy(gl_early *early)
{
    if (early == NULL)
        return;
    while (early->first != NULL)
        drop_first(early);
    free(early);
}

bool gl_early_is_provisional(const gl_view_entry *view)
{
    return view->version == 0 && memmem(view->json.ptr, view->json.len, PROVISIONAL, sizeof PROVISIONAL - 1) != NULL;
}

/* Version 0, which any decision replaces. */
static gl_str entry_of(gl_arena *arena, const gl_declaration *d)
{
    char at[GL_TIME_TEXT_BYTES];
    gl_buf json = gl_buf_in(arena);
    gl_buf_reserve(&json, 384);
    gl_buf_text(&json, "{\"mrn\":");
    gl_buf_json(&json, d->mrn);
    gl_buf_text(&json, ",\"lrn\":");
    gl_buf_json(&json, d->functional_reference_id);
    gl_buf_text(&json, ",\"submitter\":");
    gl_buf_json(&json, d->submitter);
    gl_buf_text(&json, ",\"outcome\":\"OPEN\",\"version\":0");
    if (d->mrn_provisional) {
        gl_buf_byte(&json, ',');
        gl_buf_text(&json, PROVISIONAL);
    }
    gl_buf_text(&json, ",\"timeline\":[{\"event\":\"accepted\",\"at\":");
    gl_buf_json(&json, gl_time_format(d->accepted_at, at));
    gl_buf_text(&json, "}]}");
    return gl_view_value(arena, 0, d->content_digest, gl_buf_view(&json));
}

static void keep(gl_early *early, gl_str key, gl_str value)
{
    gl_str prefix = GL_STR("gl:v:");
    if (early->count >= KEPT_LIMIT)
        return;
    kept *k = malloc(sizeof *k + value.len);
    if (k == NULL)
        abort();
    k->next = NULL;
    memcpy(k->stem, key.ptr + prefix.len, GL_MRN_STEM_CHARS);
    k->stem[GL_MRN_STEM_CHARS] = '\0';
    k->len = value.len;
    memcpy(k->value, value.ptr, value.len);
    if (early->last == NULL)
        early->first = k;
    else
        early->last->next = k;
    early->last = k;
    early->count++;
}

/* Entries may be missing from now on, those too that were not tried. */
static void lose(gl_early *early, const gl_str *keys, const gl_str *args, size_t count)
{
    gl_doubt_begin(early->ingest->doubt, gl_mono_us());
    gl_series_add(early->ingest->metrics.view_lost, count);
    for (size_t i = 0; i < count; i++)
        keep(early, keys[i], args[ARGS * i + 1]);
}

/* One call: senders of the batch in hand wait meanwhile. */
bool gl_early_retry(gl_early *early)
{
    if (early->first == NULL || gl_kv_is_open(early->kv))
        return false;
    gl_arena *arena = gl_arena_new(0);
    gl_str *keys = GL_NEW_N(arena, gl_str, VIEW_CALLS), *args = GL_NEW_N(arena, gl_str, VIEW_CALLS * ARGS);
    size_t n = 0;
    for (const kept *k = early->first; k != NULL && n < VIEW_CALLS; k = k->next, n++) {
        keys[n] = gl_view_key(arena, k->stem);
        args[ARGS * n] = GL_STR("0");
        args[ARGS * n + 1] = (gl_str){k->value, k->len};
        args[ARGS * n + 2] = gl_str_of(early->ttl);
    }
    gl_err err = {0};
    bool written = gl_kv_eval(early->kv, &gl_view_script, n, keys, 1, args, ARGS, NULL, &err);
    gl_arena_destroy(arena);
    if (!written)
        return false;
    for (size_t i = 0; i < n; i++)
        drop_first(early);
    if (early->first == NULL)
        gl_log(GL_LOG_INFO, "early-views", "the early status entries that were missing are written");
    return early->first != NULL;
}

/* What may be a probe (doubt.h): a declaration whose entry is its first one. An amendment never is: its original's
 * decision would be taken for its own. */
typedef struct candidate {
    int32_t partition; /* -1: an amendment */
    char stem[GL_MRN_STEM_CHARS + 1];
} candidate;

static void offer(gl_early *early, const candidate *candidates, const int64_t *replies, size_t count, int64_t begun_us)
{
    for (size_t i = 0; i < count; i++)
        if (replies[i] == 1 && candidates[i].partition >= 0)
            gl_doubt_offer(early->ingest->doubt, candidates[i].partition, candidates[i].stem, begun_us);
}

void gl_early_write(gl_early *early, const gl_batch *batch, const gl_outbox_entry *entries, size_t count,
                    int64_t begun_us)
{
    gl_arena *arena = batch->arena;
    gl_str *keys = GL_NEW_N(arena, gl_str, count);
    gl_str *args = GL_NEW_N(arena, gl_str, count * ARGS);
    candidate *candidates = GL_NEW_N(arena, candidate, count);
    int64_t *replies = GL_NEW_N(arena, int64_t, count);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind != 'o' || entries[i].output != GL_INGEST_OUT_ACCEPTED)
            continue;
        gl_accepted accepted;
        gl_err err = {0};
        if (!gl_accepted_decode(&accepted, (const uint8_t *)entries[i].value.ptr, entries[i].value.len, arena, &err))
            continue; /* our own encoding a moment ago; only its early entry is left out */
        const gl_declaration *d = &accepted.declaration;
        candidates[n].partition = gl_str_eqz(d->function_code, "4") ? -1 : entries[i].partition;
        gl_mrn_stem(d->declaration_id, candidates[n].stem);
        keys[n] = gl_view_key(arena, candidates[n].stem);
        args[ARGS * n] = GL_STR("0");
        args[ARGS * n + 1] = entry_of(arena, d);
        args[ARGS * n + 2] = gl_str_of(early->ttl);
        n++;
    }
    gl_early_retry(early);
    for (size_t at = 0; at < n; at += VIEW_CALLS) {
        size_t part = n - at < VIEW_CALLS ? n - at : VIEW_CALLS;
        gl_err err = {0};
        if (!gl_kv_eval(early->kv, &gl_view_script, part, keys + at, 1, args + ARGS * at, ARGS, replies + at, &err)) {
            lose(early, keys + at, args + ARGS * at, n - at);
            return;
        }
        offer(early, candidates + at, replies + at, part, begun_us);
    }
}
