/* See batch.h. */
#include "classify/batch.h"

void gl_text_batch_begin(gl_text_batch *batch, const gl_classifier *classifier, gl_text_cache *cache, gl_arena *arena,
                         size_t limit)
{
    size_t slots = 16;

    while (slots < 2 * limit)
        slots *= 2;
    *batch = (gl_text_batch){.classifier = classifier, .cache = cache, .arena = arena, .limit = limit};
    batch->texts = gl_arena_alloc(arena, limit * sizeof *batch->texts);
    batch->declared = gl_arena_alloc(arena, limit * sizeof *batch->declared);
    batch->submitters = gl_arena_alloc(arena, limit * sizeof *batch->submitters);
    batch->miss_of = gl_arena_alloc(arena, limit * sizeof *batch->miss_of);
    batch->misses = gl_arena_alloc(arena, limit * sizeof *batch->misses);
    batch->slots = gl_arena_calloc(arena, slots, sizeof *batch->slots);
    batch->slot_mask = slots - 1;
}

/* The miss of this key, a new one when the batch has none; its index + 1. */
static uint32_t miss_of(gl_text_batch *batch, const gl_text_key *key, gl_str normal, gl_str declared)
{
    uint64_t bits;
    memcpy(&bits, key->bytes, sizeof bits);
    size_t at = bits & batch->slot_mask;

    for (; batch->slots[at] != 0; at = (at + 1) & batch->slot_mask)
        if (memcmp(batch->misses[batch->slots[at] - 1].key.bytes, key->bytes, GL_TEXT_KEY_BYTES) == 0)
            return batch->slots[at];
    batch->misses[batch->miss_count] = (gl_text_miss){
        .key = *key, .normal = {gl_arena_dup(batch->arena, normal.ptr, normal.len), normal.len}, .declared = declared};
    batch->slots[at] = (uint32_t)++batch->miss_count;
    return batch->slots[at];
}

void gl_text_batch_add(gl_text_batch *batch, gl_str submitter, gl_str description, gl_str declared)
{
    char buffer[GL_TEXT_OUTPUT_MAX];
    gl_str normal;
    gl_text_class *text = &batch->texts[batch->count];
    uint32_t *miss = &batch->miss_of[batch->count];

    batch->submitters[batch->count] = submitter;
    batch->declared[batch->count++] = declared;
    *miss = 0;
    if (!gl_classifier_admit(batch->classifier, description, buffer, &normal, text))
        return;
    declared = gl_classifier_declared(batch->classifier, declared);
    gl_text_key key = gl_text_key_of(normal, declared);
    if (gl_text_cache_get(batch->cache, &key, &text->result, NULL)) {
        gl_classifier_judge(batch->classifier, submitter, text, NULL);
        batch->cache_hits++;
        return;
    }
    *miss = miss_of(batch, &key, normal, declared);
}

static bool look_up(gl_text_batch *batch, gl_kv *kv, gl_err *err)
{
    const gl_hs_model *model = gl_classifier_model(batch->classifier);
    gl_str *keys = gl_arena_alloc(batch->arena, batch->miss_count * sizeof *keys);
    gl_str *values = gl_arena_alloc(batch->arena, batch->miss_count * sizeof *values);

    for (size_t i = 0; i < batch->miss_count; i++)
        keys[i] = gl_cache_kv_key(batch->arena, gl_hs_model_version(model), &batch->misses[i].key);
    if (!gl_kv_get(kv, batch->arena, keys, batch->miss_count, values, err))
        return false;
    for (size_t i = 0; i < batch->miss_count; i++) {
        gl_text_miss *miss = &batch->misses[i];
        miss->known = gl_cache_kv_parse(values[i], model, &miss->key, &miss->result);
    }
    return true;
}

bool gl_text_batch_resolve(gl_text_batch *batch, gl_kv *kv, gl_hs_scratch *scratch, gl_err *err)
{
    bool good = kv == NULL || batch->miss_count == 0 || look_up(batch, kv, err);

    for (size_t i = 0; i < batch->miss_count; i++) {
        gl_text_miss *miss = &batch->misses[i];
        if (!miss->known) {
            gl_classifier_compute(batch->classifier, scratch, miss->normal, miss->declared, &miss->result);
            batch->computed++;
        }
        gl_text_cache_put(batch->cache, &miss->key, &miss->result, NULL);
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->miss_of[i] == 0)
            continue;
        const gl_text_miss *miss = &batch->misses[batch->miss_of[i] - 1];
        batch->texts[i].result = miss->result;
        batch->kv_hits += miss->known;
        gl_classifier_judge(batch->classifier, batch->submitters[i], &batch->texts[i], NULL);
    }
    for (size_t i = 0; i < batch->count; i++) {
        batch->ruled += batch->texts[i].precedent != NULL;
        batch->tightened += gl_text_class_is_tightened(&batch->texts[i]);
        gl_classifier_lead(batch->declared[i], &batch->texts[i], NULL);
    }
    return good;
}

void gl_text_batch_news(const gl_text_batch *batch, gl_str **keys, gl_str **values, size_t *count)
{
    const char *version = gl_hs_model_version(gl_classifier_model(batch->classifier));

    *count = 0;
    *keys = gl_arena_alloc(batch->arena, batch->computed * sizeof **keys);
    *values = gl_arena_alloc(batch->arena, batch->computed * sizeof **values);
    for (size_t i = 0; i < batch->miss_count; i++) {
        const gl_text_miss *miss = &batch->misses[i];
        if (miss->known)
            continue;
        (*keys)[*count] = gl_cache_kv_key(batch->arena, version, &miss->key);
        (*values)[(*count)++] = gl_cache_kv_value(batch->arena, &miss->key, &miss->result);
    }
}
