/* See precedents.h. A fixed number of chains, so that nobody who looks up ever sees one being moved: at a million texts
 * a chain has sixteen. */
#include "classify/precedents.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"

enum { CHAINS = 1 << 16, REST = 1000000 / (1000000 - GL_PRECEDENT_PPM) };

typedef struct ruling {
    gl_precedent precedent;
    uint8_t key[GL_PRECEDENT_KEY_BYTES];
    struct ruling *older; /* of the same text; the writer's */
} ruling;

typedef struct ruled_text {
    gl_precedent_text text;
    _Atomic(const gl_precedent *) stands; /* NULL: nothing, or a revocation */
    ruling *latest;                       /* the writer's */
    _Atomic(struct ruled_text *) next;
} ruled_text;

struct gl_precedents {
    gl_arena *arena; /* the writer's: texts and rulings */
    _Atomic(ruled_text *) chains[CHAINS];
    atomic_size_t count;
    atomic_bool complete;
    int64_t until_us; /* monotonic: answers are given from then on */
};

gl_precedents *gl_precedents_new(int64_t wait_ms)
{
    gl_precedents *precedents = calloc(1, sizeof *precedents);

    if (precedents == NULL)
        abort();
    precedents->arena = gl_arena_new(0);
    precedents->until_us = gl_mono_us() + wait_ms * 1000;
    return precedents;
}

void gl_precedents_destroy(gl_precedents *precedents)
{
    if (precedents == NULL)
        return;
    gl_arena_destroy(precedents->arena);
    free(precedents);
}

/* ---- looking up ---- */

static size_t chain_of(const gl_precedent_text *text)
{
    return (size_t)(text->bytes[0] | text->bytes[1] << 8) % CHAINS;
}

static ruled_text *find(const gl_precedents *precedents, const gl_precedent_text *text)
{
    ruled_text *at = atomic_load_explicit(&precedents->chains[chain_of(text)], memory_order_acquire);
    while (at != NULL && memcmp(at->text.bytes, text->bytes, sizeof text->bytes) != 0)
        at = atomic_load_explicit(&at->next, memory_order_acquire);
    return at;
}

size_t gl_precedents_count(const gl_precedents *precedents)
{
    return atomic_load_explicit(&precedents->count, memory_order_relaxed);
}

const gl_precedent *gl_precedents_find(const gl_precedents *precedents, gl_str normal)
{
    if (gl_precedents_count(precedents) == 0)
        return NULL;
    gl_precedent_text text = gl_precedent_text_of_normal(normal);
    const ruled_text *found = find(precedents, &text);
    return found == NULL ? NULL : atomic_load_explicit(&found->stands, memory_order_acquire);
}

bool gl_precedents_is_complete(const gl_precedents *precedents)
{
    return atomic_load_explicit(&precedents->complete, memory_order_acquire);
}

bool gl_precedents_may_answer(const gl_precedents *precedents)
{
    return gl_precedents_is_complete(precedents) || gl_mono_us() >= precedents->until_us;
}

void gl_precedents_each(const gl_precedents *precedents, void (*each)(void *context, const gl_precedent *precedent),
                        void *context)
{
    for (size_t i = 0; i < CHAINS; i++) {
        const ruled_text *at = atomic_load_explicit(&precedents->chains[i], memory_order_acquire);
        for (; at != NULL; at = atomic_load_explicit(&at->next, memory_order_acquire)) {
            const gl_precedent *stands = atomic_load_explicit(&at->stands, memory_order_acquire);
            if (stands != NULL)
                each(context, stands);
        }
    }
}

/* ---- putting ---- */

void gl_precedents_complete(gl_precedents *precedents)
{
    atomic_store_explicit(&precedents->complete, true, memory_order_release);
}

static gl_str keep(gl_precedents *precedents, gl_str text)
{
    return (gl_str){gl_arena_strndup(precedents->arena, text.len == 0 ? "" : text.ptr, text.len), text.len};
}

static ruling *copy(gl_precedents *precedents, const gl_precedent *from, const uint8_t *key)
{
    ruling *made = GL_NEW(precedents->arena, ruling);
    gl_precedent *to = &made->precedent;

    *to = *from;
    to->words = keep(precedents, from->words);
    to->description = keep(precedents, from->description);
    to->code = keep(precedents, from->code);
    to->event_id = keep(precedents, from->event_id);
    to->account = keep(precedents, from->account);
    to->actor = keep(precedents, from->actor);
    to->reason = keep(precedents, from->reason);
    memcpy(made->key, key, sizeof made->key);
    return made;
}

/* What stands now is shown to those who look up. */
static void publish(gl_precedents *precedents, ruled_text *text)
{
    const gl_precedent *latest = text->latest == NULL ? NULL : &text->latest->precedent;
    const gl_precedent *stands = latest != NULL && latest->code.len > 0 ? latest : NULL;
    bool stood = atomic_load_explicit(&text->stands, memory_order_relaxed) != NULL;

    atomic_store_explicit(&text->stands, stands, memory_order_release);
    if (stood && stands == NULL)
        atomic_fetch_sub_explicit(&precedents->count, 1, memory_order_relaxed);
    else if (!stood && stands != NULL)
        atomic_fetch_add_explicit(&precedents->count, 1, memory_order_relaxed);
}

static void drop(ruled_text *text, const uint8_t *key)
{
    for (ruling **at = &text->latest; *at != NULL; at = &(*at)->older)
        if (memcmp((*at)->key, key, GL_PRECEDENT_KEY_BYTES) == 0) {
            *at = (*at)->older;
            return;
        }
}

/* The same record again: the topic is read anew when a consumer broke. */
static bool has(const ruled_text *text, const uint8_t *key, const gl_precedent *precedent)
{
    const ruling *at = text->latest;
    while (at != NULL && memcmp(at->key, key, sizeof at->key) != 0)
        at = at->older;
    return at != NULL && at->precedent.made_at == precedent->made_at &&
           at->precedent.received_at == precedent->received_at && gl_str_eq(at->precedent.code, precedent->code);
}

static void insert(ruled_text *text, ruling *fresh)
{
    ruling **at = &text->latest;
    while (*at != NULL && gl_precedent_before(&fresh->precedent, &(*at)->precedent))
        at = &(*at)->older;
    fresh->older = *at;
    *at = fresh;
}

static ruled_text *text_of(gl_precedents *precedents, const gl_precedent_text *text)
{
    ruled_text *found = find(precedents, text);
    _Atomic(ruled_text *) *chain = &precedents->chains[chain_of(text)];

    if (found != NULL)
        return found;
    found = GL_NEW(precedents->arena, ruled_text);
    found->text = *text;
    atomic_store_explicit(&found->next, atomic_load_explicit(chain, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(chain, found, memory_order_release);
    return found;
}

bool gl_precedents_put(gl_precedents *precedents, const gl_precedent *precedent, gl_err *err)
{
    uint8_t key[GL_PRECEDENT_KEY_BYTES];
    gl_precedent_text id;

    if (precedent->words.len == 0 || precedent->words.len > GL_TEXT_OUTPUT_MAX)
        return gl_fail(err, GL_DEAD_LETTER, "precedent-invalid", "a ruling on %zu bytes of words",
                       precedent->words.len);
    if (precedent->code.len > 0 && !gl_precedent_is_code(precedent->code))
        return gl_fail(err, GL_DEAD_LETTER, "precedent-invalid", "a ruling's code is not 6 to 10 digits");
    gl_precedent_key(precedent, key);
    id = gl_precedent_text_of(precedent->words);
    ruled_text *text = text_of(precedents, &id);
    if (has(text, key, precedent))
        return true;
    drop(text, key);
    insert(text, copy(precedents, precedent, key));
    publish(precedents, text);
    return true;
}

void gl_precedents_remove(gl_precedents *precedents, gl_str key)
{
    gl_precedent_text id;

    if (key.len != GL_PRECEDENT_KEY_BYTES)
        return;
    memcpy(id.bytes, key.ptr, sizeof id.bytes);
    ruled_text *text = find(precedents, &id);
    if (text == NULL)
        return;
    drop(text, (const uint8_t *)key.ptr);
    publish(precedents, text);
}

void gl_precedents_clear(gl_precedents *precedents)
{
    for (size_t i = 0; i < CHAINS; i++) {
        ruled_text *at = atomic_load_explicit(&precedents->chains[i], memory_order_relaxed);
        for (; at != NULL; at = atomic_load_explicit(&at->next, memory_order_relaxed)) {
            at->latest = NULL;
            publish(precedents, at);
        }
    }
}

/* ---- answering ---- */

static void put_member(gl_buf *buf, const char *before, gl_str value)
{
    gl_buf_text(buf, before);
    gl_buf_json(buf, value);
}

void gl_precedent_tell(gl_buf *buf, const gl_precedent *precedent, bool whole)
{
    char at[GL_TIME_TEXT_BYTES];

    put_member(buf, "{\"code\":", precedent->code);
    put_member(buf, ",\"made_at\":", gl_time_format(precedent->made_at, at));
    put_member(buf, ",\"account\":", precedent->account);
    put_member(buf, ",\"event_id\":", precedent->event_id);
    if (whole) {
        put_member(buf, ",\"actor\":", precedent->actor);
        put_member(buf, ",\"reason\":", precedent->reason);
        put_member(buf, ",\"description\":", precedent->description);
    }
    gl_buf_byte(buf, '}');
}

static bool is_of(const gl_hs_candidate *candidate, const gl_precedent *precedent)
{
    size_t digits = strlen(candidate->hs6);
    return digits > 0 && memcmp(candidate->hs6, precedent->code.ptr, digits) == 0;
}

static gl_hs_candidate first_of(const gl_precedent *precedent, size_t digits, int32_t more_ppm)
{
    gl_hs_candidate first = {.confidence_ppm = GL_PRECEDENT_PPM + more_ppm};
    memcpy(first.hs6, precedent->code.ptr, digits);
    return first;
}

/* The code, then the others without it, at most `limit`. Returns the share that the code had. */
static int32_t put_first(const gl_precedent *precedent, gl_hs_candidate *at, size_t *count, size_t limit)
{
    gl_hs_candidate carried = first_of(precedent, GL_HS_CODE_DIGITS, 0);
    int32_t had = 0;
    size_t kept = 0, had_count = *count;

    for (size_t i = 0; i < had_count; i++) {
        gl_hs_candidate next = at[i];
        if (is_of(&next, precedent)) {
            had = next.confidence_ppm;
            continue;
        }
        at[kept++] = carried;
        carried = next;
        carried.confidence_ppm /= REST;
        carried.confidence = 0;
    }
    if (kept < limit)
        at[kept++] = carried;
    *count = kept;
    return had;
}

void gl_precedent_lead(const gl_precedent *precedent, gl_str declared, gl_hs_result *result, gl_hs_list *list)
{
    int32_t had = put_first(precedent, result->top, &result->count, GL_HS_TOP);

    for (size_t l = 0; l < GL_HS_LEVELS - 1; l++) {
        int32_t all = is_of(&result->group[l], precedent) ? result->group[l].confidence_ppm - had : 0;
        result->group[l] = first_of(precedent, gl_hs_level_digits[l], all > 0 ? all / REST : 0);
    }
    bool same = declared.len >= GL_HS_CODE_DIGITS && memcmp(declared.ptr, precedent->code.ptr, GL_HS_CODE_DIGITS) == 0;
    result->declared_ppm = same ? GL_PRECEDENT_PPM : result->declared_ppm / REST;
    result->has_declared = same || result->has_declared;
    if (list != NULL)
        put_first(precedent, list->at, &list->count, GL_HS_LIST_LIMIT);
}
