/* Cues: words, and beginnings of longer words, each with the subheadings whose training texts have it.
 *
 * A bag of embeddings blurs what a single word says; a cue keeps it. A word counts without its plural. Its strength for
 * a subheading is the largest share that it has of one of its texts (rare words have more of a text than common ones),
 * with how often parcel texts that have it are of the subheading; a text's score for a subheading is the sum over its
 * cues, each by the share that it has of the text (training/classify/cues.py). Always holds: the result does not depend
 * on the order of the words but for rounding; no cue counts twice. Thread: any; the scratch is one thread's.
 */
#ifndef GL_CLASSIFY_CUES_H
#define GL_CLASSIFY_CUES_H

#include "base/str.h"

enum { GL_CUE_LIMIT = 1 << 20, GL_CUE_TIE_LIMIT = 1 << 24, GL_CUE_BEGINNING_MAX = 16 };

/* Sections of the model's file, borrowed, and what is made of them. */
typedef struct gl_cues {
    uint32_t count, tie_count;
    uint32_t beginning;       /* bytes of a beginning; longer words have one */
    float scale;              /* what a score of 1 adds to a subheading's logit */
    const uint32_t *hashes;   /* count, rising: FNV-1a of a kind byte and the word or beginning */
    const float *weights;     /* count: more for rare ones */
    const uint32_t *starts;   /* count + 1: where its ties begin */
    const uint16_t *classes;  /* tie_count */
    const uint8_t *strengths; /* tie_count: 255 for 1 */
    uint32_t *directory;      /* where the hashes with the same top bits begin; gl_cues_index makes it */
} gl_cues;

typedef struct gl_cue_scratch gl_cue_scratch;

/* Is what the sections say within bounds? */
bool gl_cues_ok(const gl_cues *cues, uint32_t class_count);
/* Of sections that are; before anything is looked up. */
void gl_cues_index(gl_cues *cues);
void gl_cues_free(gl_cues *cues);

gl_cue_scratch *gl_cue_scratch_new(const gl_cues *cues);
void gl_cue_scratch_destroy(gl_cue_scratch *scratch);

/* Adds to logits (as many as classes) what the cues of a normalised text say. No allocation. */
void gl_cues_add(const gl_cues *cues, gl_cue_scratch *scratch, gl_str text, float *logits);

#endif
