/* Results by description: the key of a text, its value in Redis, and a cache in memory in front.
 *
 * A key is the first 16 bytes of the SHA-256 of the normalised text, with the code that was asked about: its confidence
 * is part of the result. In Redis an entry is `gl:cls:<model version>:<16
 * hex of the key>` and its value repeats the other half of the key, so that neither a chance nor a made collision of 64
 * bits gives one text another's result. Always holds: the in-process cache has at most `capacity` entries, allocated
 * once; the least recently used one goes. Thread: one at a time. Locks: none.
 */
#ifndef GL_CLASSIFY_CACHE_H
#define GL_CLASSIFY_CACHE_H

#include "base/arena.h"
#include "classify/model.h"

enum { GL_TEXT_KEY_BYTES = 16 };

typedef struct gl_text_key {
    uint8_t bytes[GL_TEXT_KEY_BYTES];
} gl_text_key;

/* Of a normalised text and the declared subheading whose confidence is wanted (empty: none). */
gl_text_key gl_text_key_of(gl_str normal, gl_str declared);

/* The entry's name in Redis, and its value; in `arena`. */
gl_str gl_cache_kv_key(gl_arena *arena, const char *model_version, const gl_text_key *key);
gl_str gl_cache_kv_value(gl_arena *arena, const gl_text_key *key, const gl_hs_result *result);
/* False when the bytes are not an entry of this key with codes that the model has: then it is computed as if it were
 * not there. */
bool gl_cache_kv_parse(gl_str value, const gl_hs_model *model, const gl_text_key *key, gl_hs_result *result);

typedef struct gl_text_cache gl_text_cache;

/* `capacity` 0: a cache that keeps nothing. `list_limit`: how much of each result's list is kept, 0 for the stream. An
 * entry is gl_text_cache_entry_bytes(list_limit). */
gl_text_cache *gl_text_cache_new(size_t capacity, size_t list_limit);
size_t gl_text_cache_entry_bytes(size_t list_limit);
void gl_text_cache_destroy(gl_text_cache *cache);
/* `list` may be NULL; it is what was put, up to list_limit. */
bool gl_text_cache_get(gl_text_cache *cache, const gl_text_key *key, gl_hs_result *result, gl_hs_list *list);
void gl_text_cache_put(gl_text_cache *cache, const gl_text_key *key, const gl_hs_result *result,
                       const gl_hs_list *list);
size_t gl_text_cache_count(const gl_text_cache *cache);

#endif
