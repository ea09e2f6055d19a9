/* Results by description: the key of a text, its value in Redis, and the worker's own cache in front.
 *
 * A key is the first 16 bytes of the SHA-256 of the normalised text. In Redis an entry is `gl:cls:<model version>:<16
 * hex of the key>` and its value repeats the other half of the key, so that neither a chance nor a made collision of 64
 * bits gives one text another's result. Always holds: the in-process cache has at most `capacity` entries, allocated
 * once; the least recently used one goes. Thread: one cache belongs to one worker. Locks: none.
 */
#ifndef GL_CLASSIFY_CACHE_H
#define GL_CLASSIFY_CACHE_H

#include "base/arena.h"
#include "classify/model.h"

enum { GL_TEXT_KEY_BYTES = 16 };

typedef struct gl_text_key {
    uint8_t bytes[GL_TEXT_KEY_BYTES];
} gl_text_key;

/* Of a normalised text. */
gl_text_key gl_text_key_of(gl_str normal);

/* The entry's name in Redis, and its value; in `arena`. */
gl_str gl_cache_kv_key(gl_arena *arena, const char *model_version, const gl_text_key *key);
gl_str gl_cache_kv_value(gl_arena *arena, const gl_text_key *key, const gl_hs_result *result);
/* False when the bytes are not an entry of this key with codes that the model has: then it is computed as if it were
 * not there. */
bool gl_cache_kv_parse(gl_str value, const gl_hs_model *model, const gl_text_key *key, gl_hs_result *result);

typedef struct gl_text_cache gl_text_cache;

/* `capacity` 0: a cache that keeps nothing. */
gl_text_cache *gl_text_cache_new(size_t capacity);
void gl_text_cache_destroy(gl_text_cache *cache);
bool gl_text_cache_get(gl_text_cache *cache, const gl_text_key *key, gl_hs_result *result);
void gl_text_cache_put(gl_text_cache *cache, const gl_text_key *key, const gl_hs_result *result);
size_t gl_text_cache_count(const gl_text_cache *cache);

#endif
