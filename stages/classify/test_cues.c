/* Cues: what counts as one, what it adds, and what is refused. */
#include "classify/cues.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "classify/fnv.h"

enum { CLASSES = 4, CUES = 3, TIES = 4, WORD = 3, BEGINNING = 4 };

/* "shoe" (class 0 wholly, class 1 a little), "battery" (class 2), and what begins with "leath" (class 3). */
typedef struct table {
    uint32_t hashes[CUES], starts[CUES + 1];
    float weights[CUES];
    uint16_t classes[TIES];
    uint8_t strengths[TIES];
    gl_cues cues;
} table;

static uint32_t hash_of(unsigned char kind, const char *text)
{
    return gl_fnv1a_kind(kind, text, strlen(text));
}

static void add(table *t, size_t at, uint32_t hash, float weight)
{
    for (; at > 0 && t->hashes[at - 1] > hash; at--) {
        t->hashes[at] = t->hashes[at - 1];
        t->weights[at] = t->weights[at - 1];
    }
    t->hashes[at] = hash;
    t->weights[at] = weight;
}

static void tie(table *t, uint32_t hash, size_t count, const uint16_t *classes, const uint8_t *strengths)
{
    size_t at = 0, begin = 0;
    while (t->hashes[at] != hash)
        at++;
    begin = t->starts[at];
    memmove(t->classes + begin + count, t->classes + begin, (TIES - begin - count) * sizeof *t->classes);
    memmove(t->strengths + begin + count, t->strengths + begin, TIES - begin - count);
    memcpy(t->classes + begin, classes, count * sizeof *classes);
    memcpy(t->strengths + begin, strengths, count);
    for (size_t i = at + 1; i <= CUES; i++)
        t->starts[i] += (uint32_t)count;
}

static void make(table *t)
{
    uint32_t shoe = hash_of(WORD, "shoe"), battery = hash_of(WORD, "battery"), leath = hash_of(BEGINNING, "leath");

    *t = (table){.cues = {CUES, TIES, 5, 10.0f, t->hashes, t->weights, t->starts, t->classes, t->strengths, NULL}};
    add(t, 0, shoe, 3);
    add(t, 1, battery, 3);
    add(t, 2, leath, 4);
    tie(t, shoe, 2, (const uint16_t[]){0, 1}, (const uint8_t[]){255, 51});
    tie(t, battery, 1, (const uint16_t[]){2}, (const uint8_t[]){255});
    tie(t, leath, 1, (const uint16_t[]){3}, (const uint8_t[]){255});
}

static void score(const table *t, gl_cue_scratch *scratch, const char *text, float logits[CLASSES])
{
    memset(logits, 0, CLASSES * sizeof *logits);
    gl_cues_add(&t->cues, scratch, gl_str_of(text), logits);
}

static void expect(const table *t, gl_cue_scratch *scratch, const char *text, const float wanted[CLASSES])
{
    float logits[CLASSES];
    score(t, scratch, text, logits);
    for (size_t c = 0; c < CLASSES; c++)
        cr_expect(fabsf(logits[c] - wanted[c]) < 1e-5f, "\"%s\", class %zu: %f", text, c, (double)logits[c]);
}

Test(classify_cues, a_word_counts_once_without_its_plural)
{
    table t;
    make(&t);
    cr_assert(gl_cues_ok(&t.cues, CLASSES));
    gl_cues_index(&t.cues);
    gl_cue_scratch *scratch = gl_cue_scratch_new(&t.cues);
    const float shoe[] = {10, 2, 0, 0}, battery[] = {0, 0, 10, 0}, none[CLASSES] = {0};

    for (int again = 0; again < 2; again++) {
        expect(&t, scratch, "shoe", shoe);
        expect(&t, scratch, "shoes", shoe);
        expect(&t, scratch, "shoes shoe unknown shoe", shoe);
        expect(&t, scratch, "batteries", battery);
        expect(&t, scratch, "batteri", none);
        expect(&t, scratch, "shoess", none);
        expect(&t, scratch, "", none);
    }
    gl_cue_scratch_destroy(scratch);
    gl_cues_free(&t.cues);
}

Test(classify_cues, longer_words_have_a_beginning_and_each_cue_its_share)
{
    table t;
    make(&t);
    gl_cues_index(&t.cues);
    gl_cue_scratch *scratch = gl_cue_scratch_new(&t.cues);
    const float leather[] = {0, 0, 0, 10}, both[] = {6, 1.2f, 0, 8}, none[CLASSES] = {0};

    expect(&t, scratch, "leather", leather);
    expect(&t, scratch, "leathrette", leather);
    expect(&t, scratch, "leath", none); /* no longer than a beginning */
    expect(&t, scratch, "leather shoe", both);
    expect(&t, scratch, "shoes of leatherette", both);
    gl_cue_scratch_destroy(scratch);
    gl_cues_free(&t.cues);
}

Test(classify_cues, what_is_out_of_bounds_is_refused)
{
    table t;
    make(&t);
    cr_expect(!gl_cues_ok(&t.cues, CLASSES - 1), "a class that is not there");
    t.hashes[1] = t.hashes[0];
    cr_expect(!gl_cues_ok(&t.cues, CLASSES), "hashes that do not rise");
    make(&t);
    t.starts[1] = TIES + 1;
    cr_expect(!gl_cues_ok(&t.cues, CLASSES), "ties beyond the end");
    make(&t);
    t.starts[CUES]--;
    cr_expect(!gl_cues_ok(&t.cues, CLASSES), "ties of no cue");
    make(&t);
    t.weights[2] = NAN;
    cr_expect(!gl_cues_ok(&t.cues, CLASSES), "no number");
    t.weights[2] = 1e-30f;
    cr_expect(!gl_cues_ok(&t.cues, CLASSES), "a weight whose square is nothing");
}
