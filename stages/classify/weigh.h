/* Which words of a text an answer rests on: the confidence of its code without each of them.
 *
 * Always holds: the work is bounded, the model is asked GL_WEIGH_WORDS + 1 times at most; the result depends on model,
 * text and code only. Thread: any; the scratch belongs to one. Locks: none.
 */
#ifndef GL_CLASSIFY_WEIGH_H
#define GL_CLASSIFY_WEIGH_H

#include "base/buf.h"
#include "classify/model.h"

enum {
    GL_WEIGH_WORDS = 24, /* of a text, the first ones */
    GL_WEIGH_SHOWN = 3,
};

typedef struct gl_weighed {
    gl_str word;         /* a slice of the text */
    int32_t without_ppm; /* the code's confidence without it, wherever it stands in the text */
} gl_weighed;

/* The words of a normalised text without which `hs6` has least confidence, least first; how many. Words that do not
 * speak for the code are left out. */
size_t gl_weigh(const gl_hs_model *model, gl_hs_scratch *scratch, gl_str normal, const char *hs6,
                gl_weighed at[GL_WEIGH_SHOWN]);

/* [{"word","without"}] */
void gl_weighed_json(gl_buf *buf, const gl_weighed *at, size_t count);

#endif
