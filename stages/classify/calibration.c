/* See calibration.h. A fixed number of chains of submitters, so that nobody who looks up ever sees one being moved; the
 * findings themselves are the writer's alone. */
#include "classify/calibration.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "classify/fnv.h"

enum { CHAINS = 4096, FIRST_BUCKETS = 1024, SWEEP_US = 60000000, FACTOR_BITS = 20, PPM = 1000000 };
#define NONE UINT32_MAX

/* One side of 99 %: with the many submitters and kinds that are looked at again and again, one in twenty would be
 * tightened by chance all the time. */
static const double QUANTILE = 2.326;

const char *const gl_calibration_by_names[] = {"off", "drawn", "all", NULL};
const char *const gl_calibration_kind_names[GL_CALIBRATION_KINDS] = {"1",    "2",     "3-4",   "5-8",
                                                                     "9-16", "17-32", "33-64", "65-"};

typedef struct kept {
    uint8_t key[GL_FINDING_KEY_BYTES];
    uint32_t next; /* of its bucket, or of the free ones */
    struct submitter *submitter;
    int64_t found_us;
    int32_t claimed_ppm;
    uint8_t kind;
    bool right, drawn, of_model, counted;
} kept;

typedef struct submitter {
    gl_str name;
    gl_calibration_cell cells[GL_CALIBRATION_KINDS]; /* the writer's */
    atomic_uint_fast64_t published[GL_CALIBRATION_KINDS];
    _Atomic(struct submitter *) next;
} submitter;

struct gl_calibration {
    gl_calibration_conf conf;
    gl_str model;
    gl_arena *arena; /* the writer's: submitters */
    _Atomic(submitter *) chains[CHAINS];
    submitter everybody;
    atomic_size_t tightened; /* cells that are published with a factor below 1 */
    atomic_bool complete;
    int64_t until_us; /* monotonic: answers are given from then on */
    kept *findings;   /* count <= room; those of a bucket are linked */
    uint32_t count, room, unused;
    uint32_t *buckets, bucket_mask;
    int64_t now_us, swept_us;
    bool changed[GL_CALIBRATION_KINDS];
};

static gl_str before_plus(const char *version)
{
    return (gl_str){version, strcspn(version, "+")};
}

static void make_buckets(gl_calibration *calibration, uint32_t count)
{
    free(calibration->buckets);
    if ((calibration->buckets = malloc(count * sizeof *calibration->buckets)) == NULL)
        abort();
    memset(calibration->buckets, 0xFF, count * sizeof *calibration->buckets); /* NONE */
    calibration->bucket_mask = count - 1;
}

gl_calibration *gl_calibration_new(const gl_calibration_conf *conf, const char *model_version, int64_t now_us,
                                   int64_t wait_ms)
{
    gl_calibration *calibration = calloc(1, sizeof *calibration);

    if (calibration == NULL)
        abort();
    calibration->conf = *conf;
    calibration->arena = gl_arena_new(0);
    gl_str model = before_plus(model_version);
    calibration->model = (gl_str){gl_arena_strndup(calibration->arena, model.ptr, model.len), model.len};
    calibration->everybody.name = GL_STR("");
    for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++)
        calibration->everybody.cells[k].factor_ppm = GL_CALIBRATION_ONE_PPM;
    calibration->unused = NONE;
    calibration->now_us = calibration->swept_us = now_us;
    calibration->until_us = gl_mono_us() + wait_ms * 1000;
    make_buckets(calibration, FIRST_BUCKETS);
    return calibration;
}

void gl_calibration_destroy(gl_calibration *calibration)
{
    if (calibration == NULL)
        return;
    gl_arena_destroy(calibration->arena);
    free(calibration->findings);
    free(calibration->buckets);
    free(calibration);
}

/* ---- factors ---- */

/* Wilson's bound of a share: `side` 1 the upper one, -1 the lower one. */
static double bound(double share, double count, double side)
{
    double z = QUANTILE * QUANTILE / count;
    return (share + z / 2 + side * sqrt(z * share * (1 - share) + z * z / 4)) / (1 + z);
}

int32_t gl_calibration_factor(const gl_calibration_counts *counts, int64_t least, int32_t base_ppm)
{
    if (counts->count == 0 || counts->count < least || counts->claimed_ppm <= 0)
        return base_ppm;
    double count = counts->count, share = counts->right / count, claimed = (double)counts->claimed_ppm / count / PPM;
    double expected = claimed * base_ppm / PPM;

    if (bound(share, count, 1) >= expected && bound(share, count, -1) <= expected)
        return base_ppm;
    double factor = share / claimed * PPM;
    return factor >= GL_CALIBRATION_ONE_PPM     ? GL_CALIBRATION_ONE_PPM
           : factor <= GL_CALIBRATION_LEAST_PPM ? GL_CALIBRATION_LEAST_PPM
                                                : (int32_t)(factor + 0.5);
}

static const gl_calibration_counts *counted_of(const gl_calibration *calibration, const gl_calibration_cell *cell)
{
    return calibration->conf.by == GL_CALIBRATION_ALL ? &cell->all : &cell->drawn;
}

static void publish(gl_calibration *calibration, submitter *of, size_t kind, uint32_t findings)
{
    const gl_calibration_cell *cell = &of->cells[kind];
    uint64_t before = atomic_load_explicit(&of->published[kind], memory_order_relaxed);
    uint64_t now = cell->factor_ppm == GL_CALIBRATION_ONE_PPM
                       ? 0
                       : (uint64_t)cell->factor_ppm | (uint64_t)cell->own << FACTOR_BITS | (uint64_t)findings << 32;

    atomic_store_explicit(&of->published[kind], now, memory_order_release);
    if (before == 0 && now != 0)
        atomic_fetch_add_explicit(&calibration->tightened, 1, memory_order_release);
    else if (before != 0 && now == 0)
        atomic_fetch_sub_explicit(&calibration->tightened, 1, memory_order_release);
}

/* How much more was claimed than was right. */
static int64_t excess_of(const gl_calibration_counts *counts)
{
    return counts->claimed_ppm - (int64_t)counts->right * PPM;
}

/* Everybody's findings but those of the one submitter whose claims were most too high: one alone lowers nobody else's
 * confidence. */
static gl_calibration_counts counts_but_the_worst(const gl_calibration *calibration, size_t kind)
{
    gl_calibration_counts rest = *counted_of(calibration, &calibration->everybody.cells[kind]), worst = {0};

    for (size_t i = 0; i < CHAINS; i++)
        for (const submitter *at = atomic_load_explicit(&calibration->chains[i], memory_order_relaxed); at != NULL;
             at = atomic_load_explicit(&at->next, memory_order_relaxed)) {
            const gl_calibration_counts *counts = counted_of(calibration, &at->cells[kind]);
            if (excess_of(counts) > excess_of(&worst) ||
                (excess_of(counts) == excess_of(&worst) && counts->count > worst.count))
                worst = *counts;
        }
    rest.count -= worst.count;
    rest.right -= worst.right;
    rest.claimed_ppm -= worst.claimed_ppm;
    return rest;
}

/* Everybody's is what a submitter's own findings are held against: they count where they differ from it. */
static void settle_kind(gl_calibration *calibration, size_t kind)
{
    int64_t least = calibration->conf.least;
    gl_calibration_cell *all = &calibration->everybody.cells[kind];
    gl_calibration_counts rest = counts_but_the_worst(calibration, kind);

    all->factor_ppm = gl_calibration_factor(&rest, least, GL_CALIBRATION_ONE_PPM);
    publish(calibration, &calibration->everybody, kind, rest.count);
    for (size_t i = 0; i < CHAINS; i++)
        for (submitter *at = atomic_load_explicit(&calibration->chains[i], memory_order_relaxed); at != NULL;
             at = atomic_load_explicit(&at->next, memory_order_relaxed)) {
            gl_calibration_cell *cell = &at->cells[kind];
            const gl_calibration_counts *of_own = counted_of(calibration, cell);
            cell->factor_ppm = gl_calibration_factor(of_own, least, all->factor_ppm);
            cell->own = cell->factor_ppm != all->factor_ppm;
            publish(calibration, at, kind, cell->own ? of_own->count : rest.count);
        }
}

/* ---- counting ---- */

static void add(gl_calibration_counts *counts, const kept *of, bool plus)
{
    counts->count += plus ? 1u : UINT32_MAX;
    if (of->right)
        counts->right += plus ? 1u : UINT32_MAX;
    counts->claimed_ppm += plus ? of->claimed_ppm : -of->claimed_ppm;
}

static void add_to(gl_calibration_cell *cell, const kept *of, bool plus)
{
    add(&cell->all, of, plus);
    if (of->drawn)
        add(&cell->drawn, of, plus);
}

/* Counts it, or does so no more, by whether it is of the model and within the window. */
static void count_finding(gl_calibration *calibration, kept *of, bool stands)
{
    bool counts = stands && of->of_model && of->found_us > calibration->now_us - calibration->conf.window_us;

    if (of->counted == counts)
        return;
    of->counted = counts;
    add_to(&of->submitter->cells[of->kind], of, counts);
    add_to(&calibration->everybody.cells[of->kind], of, counts);
    calibration->changed[of->kind] = true;
}

static void sweep(gl_calibration *calibration)
{
    for (uint32_t b = 0; b <= calibration->bucket_mask; b++)
        for (uint32_t i = calibration->buckets[b]; i != NONE; i = calibration->findings[i].next)
            count_finding(calibration, &calibration->findings[i], true);
    calibration->swept_us = calibration->now_us;
}

bool gl_calibration_settle(gl_calibration *calibration, int64_t now_us)
{
    bool any = false;
    calibration->now_us = now_us;
    int64_t passed_us = now_us - calibration->swept_us;
    if (passed_us >= SWEEP_US || passed_us < 0)
        sweep(calibration);
    if (!gl_calibration_is_complete(calibration))
        return false;
    for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++)
        if (calibration->changed[k]) {
            calibration->changed[k] = false;
            settle_kind(calibration, k);
            any = true;
        }
    return any;
}

void gl_calibration_complete(gl_calibration *calibration)
{
    for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++) {
        calibration->changed[k] = false;
        settle_kind(calibration, k);
    }
    atomic_store_explicit(&calibration->complete, true, memory_order_release);
}

/* ---- putting ---- */

static uint32_t *bucket_of(const gl_calibration *calibration, const uint8_t *key)
{
    uint32_t hash = gl_fnv1a(GL_FNV1A_BASIS, key, GL_FINDING_KEY_BYTES);
    return &calibration->buckets[hash & calibration->bucket_mask];
}

/* Where the index of a key's finding stands, or the end of its bucket. */
static uint32_t *place_of(const gl_calibration *calibration, const uint8_t *key)
{
    uint32_t *at = bucket_of(calibration, key);
    while (*at != NONE && memcmp(calibration->findings[*at].key, key, GL_FINDING_KEY_BYTES) != 0)
        at = &calibration->findings[*at].next;
    return at;
}

static void grow(gl_calibration *calibration)
{
    uint32_t room = calibration->room == 0 ? FIRST_BUCKETS : 2 * calibration->room;
    uint32_t old_count = calibration->bucket_mask + 1, *old = calibration->buckets;

    if ((calibration->findings = realloc(calibration->findings, room * sizeof *calibration->findings)) == NULL)
        abort();
    calibration->room = room;
    calibration->buckets = NULL;
    make_buckets(calibration, room);
    for (uint32_t b = 0; b < old_count; b++)
        for (uint32_t next, i = old[b]; i != NONE; i = next) {
            kept *moved = &calibration->findings[i];
            uint32_t *bucket = bucket_of(calibration, moved->key);
            next = moved->next;
            moved->next = *bucket;
            *bucket = i;
        }
    free(old);
}

/* A place for a finding that is not linked yet. */
static uint32_t take_place(gl_calibration *calibration)
{
    uint32_t taken = calibration->unused;
    if (taken != NONE) {
        calibration->unused = calibration->findings[taken].next;
        return taken;
    }
    if (calibration->count == calibration->room)
        grow(calibration);
    return calibration->count++;
}

static _Atomic(submitter *) *chain_of(gl_calibration *calibration, gl_str name)
{
    uint32_t hash = gl_fnv1a(GL_FNV1A_BASIS, name.ptr, name.len);
    return &calibration->chains[hash % CHAINS];
}

static submitter *find(const gl_calibration *calibration, gl_str name)
{
    submitter *at =
        atomic_load_explicit(chain_of((gl_calibration *)(uintptr_t)calibration, name), memory_order_acquire);
    while (at != NULL && !gl_str_eq(at->name, name))
        at = atomic_load_explicit(&at->next, memory_order_acquire);
    return at;
}

static submitter *submitter_of(gl_calibration *calibration, gl_str name)
{
    submitter *found = find(calibration, name);
    _Atomic(submitter *) *chain = chain_of(calibration, name);

    if (found != NULL)
        return found;
    found = GL_NEW(calibration->arena, submitter);
    found->name = (gl_str){gl_arena_strndup(calibration->arena, name.ptr, name.len), name.len};
    for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++) { /* nothing is known of it: as everybody */
        found->cells[k].factor_ppm = calibration->everybody.cells[k].factor_ppm;
        uint64_t published = atomic_load_explicit(&calibration->everybody.published[k], memory_order_relaxed);
        atomic_store_explicit(&found->published[k], published, memory_order_relaxed);
        if (published != 0)
            atomic_fetch_add_explicit(&calibration->tightened, 1, memory_order_release);
    }
    atomic_store_explicit(&found->next, atomic_load_explicit(chain, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(chain, found, memory_order_release);
    return found;
}

bool gl_calibration_put(gl_calibration *calibration, gl_str key, const gl_finding *finding, gl_err *err)
{
    if (key.len != GL_FINDING_KEY_BYTES)
        return gl_fail(err, GL_DEAD_LETTER, "finding-invalid", "the key of a finding has %zu bytes", key.len);
    if (finding->submitter.len == 0 || finding->words < 0 || finding->claimed_ppm < 0 || finding->claimed_ppm > PPM)
        return gl_fail(err, GL_DEAD_LETTER, "finding-invalid", "a finding of %d words, of which %d ppm were claimed",
                       (int)finding->words, (int)finding->claimed_ppm);
    gl_calibration_remove(calibration, key);
    uint32_t index = take_place(calibration), *bucket = bucket_of(calibration, (const uint8_t *)key.ptr);
    gl_str model = {finding->model_version.ptr, 0};
    while (model.len < finding->model_version.len && finding->model_version.ptr[model.len] != '+')
        model.len++;
    kept *made = &calibration->findings[index];
    *made = (kept){.next = *bucket,
                   .submitter = submitter_of(calibration, finding->submitter),
                   .found_us = finding->found_at < finding->decided_at ? finding->found_at : finding->decided_at,
                   .claimed_ppm = finding->claimed_ppm,
                   .kind = (uint8_t)gl_hs_length((size_t)finding->words),
                   .right = finding->right,
                   .drawn = finding->drawn,
                   .of_model = gl_str_eq(model, calibration->model)};
    memcpy(made->key, key.ptr, sizeof made->key);
    *bucket = index;
    count_finding(calibration, made, true);
    return true;
}

void gl_calibration_remove(gl_calibration *calibration, gl_str key)
{
    if (key.len != GL_FINDING_KEY_BYTES)
        return;
    uint32_t *at = place_of(calibration, (const uint8_t *)key.ptr), index = *at;
    if (index == NONE)
        return;
    kept *gone = &calibration->findings[index];
    count_finding(calibration, gone, false);
    *at = gone->next;
    gone->next = calibration->unused;
    calibration->unused = index;
}

void gl_calibration_clear(gl_calibration *calibration)
{
    for (uint32_t b = 0; b <= calibration->bucket_mask; b++)
        while (calibration->buckets[b] != NONE) {
            uint8_t key[GL_FINDING_KEY_BYTES];
            memcpy(key, calibration->findings[calibration->buckets[b]].key, sizeof key);
            gl_calibration_remove(calibration, (gl_str){(const char *)key, sizeof key});
        }
}

/* ---- telling ---- */

size_t gl_calibration_count(const gl_calibration *calibration)
{
    size_t count = 0;
    for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++)
        count += calibration->everybody.cells[k].all.count;
    return count;
}

gl_calibration_cell gl_calibration_total(const gl_calibration *calibration, size_t kind)
{
    return calibration->everybody.cells[kind];
}

size_t gl_calibration_tightened(const gl_calibration *calibration, size_t kind)
{
    size_t count = 0;
    for (size_t i = 0; i < CHAINS; i++)
        for (const submitter *at = atomic_load_explicit(&calibration->chains[i], memory_order_relaxed); at != NULL;
             at = atomic_load_explicit(&at->next, memory_order_relaxed))
            count += atomic_load_explicit(&at->published[kind], memory_order_relaxed) != 0;
    return count;
}

void gl_calibration_each(const gl_calibration *calibration,
                         void (*each)(void *context, gl_str submitter, size_t kind, const gl_calibration_cell *cell),
                         void *context)
{
    for (size_t i = 0; i < CHAINS; i++)
        for (const submitter *at = atomic_load_explicit(&calibration->chains[i], memory_order_relaxed); at != NULL;
             at = atomic_load_explicit(&at->next, memory_order_relaxed))
            for (size_t k = 0; k < GL_CALIBRATION_KINDS; k++)
                if (at->cells[k].all.count > 0)
                    each(context, at->name, k, &at->cells[k]);
}

/* ---- looking up ---- */

gl_tightening gl_calibration_of(const gl_calibration *calibration, gl_str submitter_name, size_t words)
{
    static const gl_tightening none = {0};

    if (atomic_load_explicit(&calibration->tightened, memory_order_acquire) == 0)
        return none;
    const submitter *of = submitter_name.len == 0 ? NULL : find(calibration, submitter_name);
    if (of == NULL)
        of = &calibration->everybody;
    uint64_t published = atomic_load_explicit(&of->published[gl_hs_length(words)], memory_order_acquire);
    if (published == 0)
        return none;
    return (gl_tightening){(int32_t)(published & ((1u << FACTOR_BITS) - 1)), (published >> FACTOR_BITS & 1) != 0,
                           (int64_t)(published >> 32)};
}

bool gl_calibration_is_complete(const gl_calibration *calibration)
{
    return atomic_load_explicit(&calibration->complete, memory_order_acquire);
}

bool gl_calibration_may_answer(const gl_calibration *calibration)
{
    return gl_calibration_is_complete(calibration) || gl_mono_us() >= calibration->until_us;
}

gl_calibration_by gl_calibration_goes_by(const gl_calibration *calibration)
{
    return calibration->conf.by;
}
