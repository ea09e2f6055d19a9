/* The descriptions of one batch: collected, looked up together, and what is not known computed once a text.
 *
 * Always holds: texts are indexed in the order in which they were added; after gl_text_batch_resolve every one has
 * status and reason; the result of a text does not depend on where it was found; caches hold what the model says, what
 * findings make of its confidence and a ruling come afterwards. Lives in the batch's arena. Thread: worker. Locks:
 * none.
 */
#ifndef GL_CLASSIFY_BATCH_H
#define GL_CLASSIFY_BATCH_H

#include "classify/cache.h"
#include "classify/classifier.h"
#include "io/kv.h"

/* A text that the worker's cache did not have. */
typedef struct gl_text_miss {
    gl_text_key key;
    gl_str normal, declared; /* the subheading asked about, a slice of what was added; or empty */
    gl_hs_result result;
    bool known; /* Redis had it */
} gl_text_miss;

typedef struct gl_text_batch {
    const gl_classifier *classifier;
    gl_text_cache *cache;
    gl_arena *arena;
    gl_text_class *texts;
    gl_str *declared, *submitters; /* of each text, as they were added */
    uint32_t *miss_of;             /* of each text: index into misses + 1, 0: it has its answer */
    size_t count, limit;
    gl_text_miss *misses;
    size_t miss_count;
    uint32_t *slots; /* misses by key: index + 1, open addressing */
    size_t slot_mask;
    size_t cache_hits, kv_hits, computed; /* texts; texts; distinct texts */
    size_t ruled, tightened;              /* texts, wherever the rest came from */
} gl_text_batch;

/* Room for `limit` descriptions. */
void gl_text_batch_begin(gl_text_batch *batch, const gl_classifier *classifier, gl_text_cache *cache, gl_arena *arena,
                         size_t limit);
/* Adds a submitter's description (empty: there is none) with its declared code (or empty), which stay the caller's; the
 * next index is its. */
void gl_text_batch_add(gl_text_batch *batch, gl_str submitter, gl_str description, gl_str declared);
/* `kv` may be NULL. False (with `err`, GL_RETRY) when Redis failed: everything was computed all the same. */
bool gl_text_batch_resolve(gl_text_batch *batch, gl_kv *kv, gl_hs_scratch *scratch, gl_err *err);
/* The entries to write to Redis: what was computed. In the arena; `*count` may be 0. */
void gl_text_batch_news(const gl_text_batch *batch, gl_str **keys, gl_str **values, size_t *count);

#endif
