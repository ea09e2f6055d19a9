/* See cache.h. The in-process cache is a chained hash table over an array of nodes that are also a list by last use. */
#include "classify/cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "customs/ids.h"
#include "customs/text.h"

gl_text_key gl_text_key_of(gl_str normal, gl_str declared)
{
    char both[GL_TEXT_OUTPUT_MAX + 1 + GL_HS_CODE_DIGITS];
    uint8_t digest[GL_SHA256_BYTES];
    gl_text_key key;

    if (declared.len == GL_HS_CODE_DIGITS && normal.len <= GL_TEXT_OUTPUT_MAX) {
        if (normal.len > 0)
            memcpy(both, normal.ptr, normal.len);
        both[normal.len] = 0; /* no normalised text has one */
        memcpy(both + normal.len + 1, declared.ptr, declared.len);
        normal = (gl_str){both, normal.len + 1 + declared.len};
    }
    gl_sha256(normal, digest);
    memcpy(key.bytes, digest, sizeof key.bytes);
    return key;
}

/* ---- Redis ---- */

/* 1 format byte, 8 bytes of the key, 1 count; then of each candidate and of the best of each coarser level 6 bytes of
 * its code (NUL-padded) and 4 of ppm, and 4 of the declared code's ppm, -1 for none (little-endian). */
enum {
    VALUE_FORMAT = 2,
    VALUE_HEAD_BYTES = 10,
    VALUE_CANDIDATE_BYTES = GL_HS_CODE_DIGITS + 4,
    VALUE_DECLARED_BYTES = 4,
    KEY_HALF_BYTES = 8,
    GROUPS = GL_HS_LEVELS - 1,
    PPM_MAX = 1000000,
};

gl_str gl_cache_kv_key(gl_arena *arena, const char *model_version, const gl_text_key *key)
{
    char hex[2 * KEY_HALF_BYTES + 1];

    gl_hex(key->bytes, KEY_HALF_BYTES, hex);
    return gl_str_of(gl_arena_printf(arena, "gl:cls:%s:%s", model_version, hex));
}

static uint8_t *put_ppm(uint8_t *p, int32_t ppm)
{
    for (int shift = 0; shift < 32; shift += 8)
        *p++ = (uint8_t)((uint32_t)ppm >> shift);
    return p;
}

static uint8_t *put_candidate(uint8_t *p, const gl_hs_candidate *candidate)
{
    memcpy(p, candidate->hs6, GL_HS_CODE_DIGITS);
    return put_ppm(p + GL_HS_CODE_DIGITS, candidate->confidence_ppm);
}

static int32_t declared_of(const gl_hs_result *result)
{
    return result->has_declared ? result->declared_ppm : -1;
}

static size_t value_bytes(size_t count)
{
    return VALUE_HEAD_BYTES + (count == 0 ? 0 : count + GROUPS) * VALUE_CANDIDATE_BYTES + VALUE_DECLARED_BYTES;
}

gl_str gl_cache_kv_value(gl_arena *arena, const gl_text_key *key, const gl_hs_result *result)
{
    size_t size = value_bytes(result->count);
    uint8_t *value = gl_arena_alloc(arena, size), *p = value;

    *p++ = VALUE_FORMAT;
    memcpy(p, key->bytes + KEY_HALF_BYTES, KEY_HALF_BYTES);
    p += KEY_HALF_BYTES;
    *p++ = (uint8_t)result->count;
    for (size_t i = 0; i < result->count; i++)
        p = put_candidate(p, &result->top[i]);
    for (size_t l = 0; l < GROUPS && result->count > 0; l++)
        p = put_candidate(p, &result->group[l]);
    put_ppm(p, declared_of(result));
    return (gl_str){(const char *)value, size};
}

static int32_t get_ppm(const uint8_t *p)
{
    return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* A code of `digits` that the model has. */
static bool get_candidate(const uint8_t *p, const gl_hs_model *model, size_t digits, gl_hs_candidate *candidate)
{
    *candidate = (gl_hs_candidate){.confidence_ppm = get_ppm(p + GL_HS_CODE_DIGITS)};
    memcpy(candidate->hs6, p, digits);
    for (size_t i = digits; i < GL_HS_CODE_DIGITS; i++)
        if (p[i] != 0)
            return false;
    return candidate->confidence_ppm >= 0 && candidate->confidence_ppm <= PPM_MAX &&
           gl_hs_model_knows(model, (gl_str){candidate->hs6, digits});
}

bool gl_cache_kv_parse(gl_str value, const gl_hs_model *model, const gl_text_key *key, gl_hs_result *result)
{
    const uint8_t *p = (const uint8_t *)value.ptr;

    *result = (gl_hs_result){0};
    if (value.len < VALUE_HEAD_BYTES || p[0] != VALUE_FORMAT ||
        memcmp(p + 1, key->bytes + KEY_HALF_BYTES, KEY_HALF_BYTES) != 0)
        return false;
    size_t count = p[VALUE_HEAD_BYTES - 1];
    if ((count != 0 && count != GL_HS_TOP) || value.len != value_bytes(count))
        return false;
    p += VALUE_HEAD_BYTES;
    for (size_t i = 0; i < count; i++, p += VALUE_CANDIDATE_BYTES)
        if (!get_candidate(p, model, GL_HS_CODE_DIGITS, &result->top[i]))
            return false;
    for (size_t l = 0; l < GROUPS && count > 0; l++, p += VALUE_CANDIDATE_BYTES)
        if (!get_candidate(p, model, gl_hs_level_digits[l], &result->group[l]))
            return false;
    int32_t declared = get_ppm(p);
    if (declared < -1 || declared > PPM_MAX || (count == 0 && declared != -1))
        return false;
    result->has_declared = declared >= 0;
    result->declared_ppm = declared >= 0 ? declared : 0;
    result->count = count;
    return true;
}

/* ---- in process ---- */

enum { NONE = -1 };

/* A candidate without what its confidence was before rounding. */
typedef struct packed {
    char code[GL_HS_CODE_DIGITS]; /* NUL-padded */
    int32_t ppm;
} packed;

/* Behind it: the list's candidates, if any are kept. */
typedef struct node {
    gl_text_key key;
    int32_t next_in_bucket;
    int32_t newer, older;
    int32_t declared_ppm; /* -1: none */
    uint16_t count, list_count;
    packed top[GL_HS_TOP], group[GROUPS];
    packed list[];
} node;

struct gl_text_cache {
    char *nodes; /* `stride` bytes each */
    int32_t *buckets;
    size_t capacity, count, mask, stride, list_limit;
    int32_t newest, oldest;
};

static node *at_index(const gl_text_cache *cache, int32_t at)
{
    return (node *)(void *)(cache->nodes + (size_t)at * cache->stride);
}

size_t gl_text_cache_entry_bytes(size_t list_limit)
{
    return sizeof(node) + list_limit * sizeof(packed);
}

gl_text_cache *gl_text_cache_new(size_t capacity, size_t list_limit)
{
    gl_text_cache *cache = calloc(1, sizeof *cache);
    size_t buckets = 1, stride = gl_text_cache_entry_bytes(list_limit);

    while (buckets < capacity)
        buckets *= 2;
    if (cache == NULL || capacity > INT32_MAX || list_limit > GL_HS_LIST_LIMIT ||
        (cache->nodes = calloc(capacity + 1, stride)) == NULL ||
        (cache->buckets = malloc(buckets * sizeof(int32_t))) == NULL)
        abort();
    for (size_t i = 0; i < buckets; i++)
        cache->buckets[i] = NONE;
    cache->mask = buckets - 1;
    cache->capacity = capacity;
    cache->stride = stride;
    cache->list_limit = list_limit;
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
    while (at != NONE && memcmp(at_index(cache, at)->key.bytes, key->bytes, GL_TEXT_KEY_BYTES) != 0)
        at = at_index(cache, at)->next_in_bucket;
    return at;
}

static void unlink_use(gl_text_cache *cache, int32_t at)
{
    node *n = at_index(cache, at);
    *(n->newer == NONE ? &cache->newest : &at_index(cache, n->newer)->older) = n->older;
    *(n->older == NONE ? &cache->oldest : &at_index(cache, n->older)->newer) = n->newer;
}

static void link_newest(gl_text_cache *cache, int32_t at)
{
    node *n = at_index(cache, at);
    n->newer = NONE;
    n->older = cache->newest;
    *(cache->newest == NONE ? &cache->oldest : &at_index(cache, cache->newest)->newer) = at;
    cache->newest = at;
}

static void unlink_bucket(gl_text_cache *cache, int32_t at)
{
    int32_t *from = bucket_of(cache, &at_index(cache, at)->key);
    while (*from != at)
        from = &at_index(cache, *from)->next_in_bucket;
    *from = at_index(cache, at)->next_in_bucket;
}

static packed pack(const gl_hs_candidate *candidate)
{
    packed out = {.ppm = candidate->confidence_ppm};
    memcpy(out.code, candidate->hs6, GL_HS_CODE_DIGITS);
    return out;
}

static gl_hs_candidate unpack(const packed *in)
{
    gl_hs_candidate out = {.confidence_ppm = in->ppm};
    memcpy(out.hs6, in->code, GL_HS_CODE_DIGITS);
    return out;
}

bool gl_text_cache_get(gl_text_cache *cache, const gl_text_key *key, gl_hs_result *result, gl_hs_list *list)
{
    int32_t at = find(cache, key);

    if (at == NONE)
        return false;
    unlink_use(cache, at);
    link_newest(cache, at);
    const node *n = at_index(cache, at);
    *result = (gl_hs_result){.count = n->count,
                             .has_declared = n->declared_ppm >= 0,
                             .declared_ppm = n->declared_ppm >= 0 ? n->declared_ppm : 0};
    for (size_t i = 0; i < n->count; i++)
        result->top[i] = unpack(&n->top[i]);
    for (size_t l = 0; l < GROUPS && n->count > 0; l++)
        result->group[l] = unpack(&n->group[l]);
    if (list == NULL)
        return true;
    list->count = n->list_count;
    for (size_t i = 0; i < n->list_count; i++)
        list->at[i] = unpack(&n->list[i]);
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

void gl_text_cache_put(gl_text_cache *cache, const gl_text_key *key, const gl_hs_result *result, const gl_hs_list *list)
{
    if (cache->capacity == 0 || find(cache, key) != NONE)
        return;
    int32_t at = take_node(cache), *bucket = bucket_of(cache, key);
    node *n = at_index(cache, at);
    size_t listed = list == NULL ? 0 : list->count;
    n->key = *key;
    n->count = (uint16_t)result->count;
    n->declared_ppm = declared_of(result);
    n->list_count = (uint16_t)(listed < cache->list_limit ? listed : cache->list_limit);
    for (size_t i = 0; i < result->count; i++)
        n->top[i] = pack(&result->top[i]);
    for (size_t l = 0; l < GROUPS; l++)
        n->group[l] = pack(&result->group[l]);
    for (size_t i = 0; i < n->list_count; i++)
        n->list[i] = pack(&list->at[i]);
    n->next_in_bucket = *bucket;
    *bucket = at;
    link_newest(cache, at);
}
