/* See cache.h. The in-process cache is a chained hash table over an array of nodes that are also a list by last use. */
#include "classify/cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "customs/ids.h"

gl_text_key gl_text_key_of(gl_str normal)
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_text_key key;

    gl_sha256(normal, digest);
    memcpy(key.bytes, digest, sizeof key.bytes);
    return key;
}

/* ---- Redis ---- */

/* 1 format byte, 8 bytes of the key, 1 count, then 6 digits and 4 bytes of ppm (little-endian) a candidate. */
enum { VALUE_FORMAT = 1, VALUE_HEAD_BYTES = 10, VALUE_CANDIDATE_BYTES = GL_HS_CODE_DIGITS + 4, KEY_HALF_BYTES = 8 };

gl_str gl_cache_kv_key(gl_arena *arena, const char *model_version, const gl_text_key *key)
{
    char hex[2 * KEY_HALF_BYTES + 1];

    gl_hex(key->bytes, KEY_HALF_BYTES, hex);
    return gl_str_of(gl_arena_printf(arena, "gl:cls:%s:%s", model_version, hex));
}

gl_str gl_cache_kv_value(gl_arena *arena, const gl_text_key *key, const gl_hs_result *result)
{
    size_t size = VALUE_HEAD_BYTES + result->count * VALUE_CANDIDATE_BYTES;
    uint8_t *value = gl_arena_alloc(arena, size), *p = value;

    *p++ = VALUE_FORMAT;
    memcpy(p, key->bytes + KEY_HALF_BYTES, KEY_HALF_BYTES);
    p += KEY_HALF_BYTES;
    *p++ = (uint8_t)result->count;
    for (size_t i = 0; i < result->count; i++) {
        uint32_t ppm = (uint32_t)result->top[i].confidence_ppm;
        memcpy(p, result->top[i].hs6, GL_HS_CODE_DIGITS);
        p += GL_HS_CODE_DIGITS;
        for (int shift = 0; shift < 32; shift += 8)
            *p++ = (uint8_t)(ppm >> shift);
    }
    return (gl_str){(const char *)value, size};
}

bool gl_cache_kv_parse(gl_str value, const gl_hs_model *model, const gl_text_key *key, gl_hs_result *result)
{
    const uint8_t *p = (const uint8_t *)value.ptr;

    *result = (gl_hs_result){0};
    if (value.len < VALUE_HEAD_BYTES || p[0] != VALUE_FORMAT ||
        memcmp(p + 1, key->bytes + KEY_HALF_BYTES, KEY_HALF_BYTES) != 0)
        return false;
    size_t count = p[VALUE_HEAD_BYTES - 1];
    if ((count != 0 && count != GL_HS_TOP) || value.len != VALUE_HEAD_BYTES + count * VALUE_CANDIDATE_BYTES)
        return false;
    p += VALUE_HEAD_BYTES;
    for (size_t i = 0; i < count; i++, p += VALUE_CANDIDATE_BYTES) {
        gl_hs_candidate *candidate = &result->top[i];
        uint32_t ppm = (uint32_t)p[6] | (uint32_t)p[7] << 8 | (uint32_t)p[8] << 16 | (uint32_t)p[9] << 24;
        if (ppm > 1000000 || !gl_hs_model_knows_code(model, (gl_str){(const char *)p, GL_HS_CODE_DIGITS}))
            return false;
        memcpy(candidate->hs6, p, GL_HS_CODE_DIGITS);
        candidate->confidence_ppm = (int32_t)ppm;
    }
    result->count = count;
    return true;
}

/* ---- in process ---- */

enum { NONE = -1 };

typedef struct node {
    gl_text_key key;
    int32_t next_in_bucket;
    int32_t newer, older;
    struct {
        char hs6[GL_HS_CODE_DIGITS];
        int32_t ppm;
    } top[GL_HS_TOP];
    uint32_t count;
} node;

struct gl_text_cache {
    node *nodes;
    int32_t *buckets;
    size_t capacity, count, mask;
    int32_t newest, oldest;
};

gl_text_cache *gl_text_cache_new(size_t capacity)
{
    gl_text_cache *cache = calloc(1, sizeof *cache);
    size_t buckets = 1;

    while (buckets < capacity)
        buckets *= 2;
    if (cache == NULL || capacity > INT32_MAX || (cache->nodes = calloc(capacity + 1, sizeof(node))) == NULL ||
        (cache->buckets = malloc(buckets * sizeof(int32_t))) == NULL)
        abort();
    for (size_t i = 0; i < buckets; i++)
        cache->buckets[i] = NONE;
    cache->mask = buckets - 1;
    cache->capacity = capacity;
    cache->newest = cache->oldest = NONE;
    return cache;
}

void gl_text_cache_destroy(gl_text_cache *cache)
{
    if (cache == NULL)
        return;
    free(cache->nodes);
    free(cache->buckets);
    free(cache);
}

size_t gl_text_cache_count(const gl_text_cache *cache)
{
    return cache->count;
}

static int32_t *bucket_of(gl_text_cache *cache, const gl_text_key *key)
{
    uint64_t bits;
    memcpy(&bits, key->bytes, sizeof bits);
    return &cache->buckets[bits & cache->mask];
}

static int32_t find(gl_text_cache *cache, const gl_text_key *key)
{
    int32_t at = *bucket_of(cache, key);
    while (at != NONE && memcmp(cache->nodes[at].key.bytes, key->bytes, GL_TEXT_KEY_BYTES) != 0)
        at = cache->nodes[at].next_in_bucket;
    return at;
}

static void unlink_use(gl_text_cache *cache, int32_t at)
{
    node *n = &cache->nodes[at];
    *(n->newer == NONE ? &cache->newest : &cache->nodes[n->newer].older) = n->older;
    *(n->older == NONE ? &cache->oldest : &cache->nodes[n->older].newer) = n->newer;
}

static void link_newest(gl_text_cache *cache, int32_t at)
{
    node *n = &cache->nodes[at];
    n->newer = NONE;
    n->older = cache->newest;
    *(cache->newest == NONE ? &cache->oldest : &cache->nodes[cache->newest].newer) = at;
    cache->newest = at;
}

static void unlink_bucket(gl_text_cache *cache, int32_t at)
{
    int32_t *from = bucket_of(cache, &cache->nodes[at].key);
    while (*from != at)
        from = &cache->nodes[*from].next_in_bucket;
    *from = cache->nodes[at].next_in_bucket;
}

bool gl_text_cache_get(gl_text_cache *cache, const gl_text_key *key, gl_hs_result *result)
{
    int32_t at = find(cache, key);

    if (at == NONE)
        return false;
    unlink_use(cache, at);
    link_newest(cache, at);
    const node *n = &cache->nodes[at];
    *result = (gl_hs_result){.count = n->count};
    for (size_t i = 0; i < n->count; i++) {
        memcpy(result->top[i].hs6, n->top[i].hs6, GL_HS_CODE_DIGITS);
        result->top[i].confidence_ppm = n->top[i].ppm;
    }
    return true;
}

/* A free node, or the least recently used one. */
static int32_t take_node(gl_text_cache *cache)
{
    if (cache->count < cache->capacity)
        return (int32_t)cache->count++;
    int32_t at = cache->oldest;
    unlink_use(cache, at);
    unlink_bucket(cache, at);
    return at;
}

void gl_text_cache_put(gl_text_cache *cache, const gl_text_key *key, const gl_hs_result *result)
{
    if (cache->capacity == 0 || find(cache, key) != NONE)
        return;
    int32_t at = take_node(cache), *bucket = bucket_of(cache, key);
    node *n = &cache->nodes[at];
    n->key = *key;
    n->count = (uint32_t)result->count;
    for (size_t i = 0; i < result->count; i++) {
        memcpy(n->top[i].hs6, result->top[i].hs6, GL_HS_CODE_DIGITS);
        n->top[i].ppm = result->top[i].confidence_ppm;
    }
    n->next_in_bucket = *bucket;
    *bucket = at;
    link_newest(cache, at);
}
