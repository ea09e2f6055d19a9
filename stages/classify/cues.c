/* See cues.h. */
#include "classify/cues.h"

#include <math.h>
#include <stdlib.h>

#include "classify/fnv.h"
#include "customs/text.h"

enum { WORD = 3, BEGINNING = 4, DIRECTORY_BITS = 16, CUES_OF_TEXT = GL_TEXT_OUTPUT_MAX };

struct gl_cue_scratch {
    uint64_t *seen; /* a bit for each cue: clear between texts */
    uint32_t found[CUES_OF_TEXT];
    size_t count;
};

bool gl_cues_ok(const gl_cues *cues, uint32_t class_count)
{
    if (cues->starts[0] != 0 || cues->starts[cues->count] != cues->tie_count)
        return false;
    for (uint32_t i = 0; i < cues->count; i++) {
        if (i > 0 && cues->hashes[i] <= cues->hashes[i - 1])
            return false;
        if (cues->starts[i] > cues->starts[i + 1] || cues->starts[i + 1] > cues->tie_count)
            return false;
        if (!(cues->weights[i] >= 1e-3f && cues->weights[i] <= 1e3f)) /* their squares have a sum */
            return false;
    }
    for (uint32_t i = 0; i < cues->tie_count; i++)
        if (cues->classes[i] >= class_count)
            return false;
    return true;
}

void gl_cues_index(gl_cues *cues)
{
    uint32_t at = 0;

    cues->directory = calloc((1u << DIRECTORY_BITS) + 1, sizeof *cues->directory);
    if (cues->directory == NULL)
        abort();
    for (uint32_t bucket = 0; bucket <= 1u << DIRECTORY_BITS; bucket++) {
        while (at < cues->count && cues->hashes[at] >> (32 - DIRECTORY_BITS) < bucket)
            at++;
        cues->directory[bucket] = at;
    }
}

void gl_cues_free(gl_cues *cues)
{
    free(cues->directory);
}

gl_cue_scratch *gl_cue_scratch_new(const gl_cues *cues)
{
    gl_cue_scratch *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL || (scratch->seen = calloc(cues->count / 64 + 1, sizeof *scratch->seen)) == NULL)
        abort();
    return scratch;
}

void gl_cue_scratch_destroy(gl_cue_scratch *scratch)
{
    if (scratch == NULL)
        return;
    free(scratch->seen);
    free(scratch);
}

static void find(const gl_cues *cues, gl_cue_scratch *scratch, uint32_t hash)
{
    uint32_t bucket = hash >> (32 - DIRECTORY_BITS);
    uint32_t at = cues->directory[bucket], end = cues->directory[bucket + 1];

    while (at < end && cues->hashes[at] < hash)
        at++;
    if (at == end || cues->hashes[at] != hash || scratch->count == CUES_OF_TEXT)
        return;
    uint64_t bit = UINT64_C(1) << at % 64;
    if ((scratch->seen[at / 64] & bit) != 0)
        return;
    scratch->seen[at / 64] |= bit;
    scratch->found[scratch->count++] = at;
}

static bool ends_with(gl_str word, const char *ending, size_t len)
{
    return word.len >= len && memcmp(word.ptr + word.len - len, ending, len) == 0;
}

/* An English plural's singular, roughly; other words as they are. `*y`: it has a y after what is returned. */
static gl_str singular(gl_str word, bool *y)
{
    *y = word.len > 4 && ends_with(word, "ies", 3);
    if (*y)
        return (gl_str){word.ptr, word.len - 3};
    if (word.len > 4 && (ends_with(word, "ches", 4) || ends_with(word, "shes", 4) || ends_with(word, "sses", 4) ||
                         ends_with(word, "xes", 3) || ends_with(word, "zes", 3)))
        return (gl_str){word.ptr, word.len - 2};
    bool plural = word.len > 3 && ends_with(word, "s", 1) && !ends_with(word, "ss", 2);
    return (gl_str){word.ptr, word.len - plural};
}

static void find_word(const gl_cues *cues, gl_cue_scratch *scratch, gl_str word)
{
    bool y;
    gl_str stem = singular(word, &y);
    uint32_t hash = gl_fnv1a_kind(WORD, stem.ptr, stem.len);

    find(cues, scratch, y ? gl_fnv1a(hash, "y", 1) : hash);
    if (stem.len + y <= cues->beginning)
        return;
    unsigned char begins[GL_CUE_BEGINNING_MAX];
    for (size_t i = 0; i < cues->beginning; i++)
        begins[i] = i < stem.len ? (unsigned char)stem.ptr[i] : 'y';
    find(cues, scratch, gl_fnv1a_kind(BEGINNING, begins, cues->beginning));
}

void gl_cues_add(const gl_cues *cues, gl_cue_scratch *scratch, gl_str text, float *logits)
{
    float sum = 0;

    scratch->count = 0;
    for (gl_str word = gl_text_word(&text); word.len > 0; word = gl_text_word(&text))
        find_word(cues, scratch, word);
    for (size_t i = 0; i < scratch->count; i++)
        sum += cues->weights[scratch->found[i]] * cues->weights[scratch->found[i]];
    float unit = scratch->count == 0 ? 0 : cues->scale / (255.0f * sqrtf(sum));
    for (size_t i = 0; i < scratch->count; i++) {
        uint32_t at = scratch->found[i], end = cues->starts[at + 1];
        float weight = cues->weights[at] * unit;
        for (uint32_t tie = cues->starts[at]; tie < end; tie++)
            logits[cues->classes[tie]] += weight * (float)cues->strengths[tie];
        scratch->seen[at / 64] = 0;
    }
}
