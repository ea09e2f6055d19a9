/* How vague a description is: a trained gate behind the list of words (gate.h), which finds brands, cut-off titles,
 * colours and codes that say nothing of the goods. models/classify/vague.glv has its weights, written by
 * training/classify/vague.py.
 *
 * A logistic regression over the hashed words of the normalised text, their character n-grams, and numbers of its shape
 * (raw bytes and words). Always holds: a file that opened has been checked to the last byte (sizes, digest, ranges,
 * finite numbers); the answer depends on file and text only; the time is bounded whatever the text is. Thread: any
 * number share one gl_vague. Locks: none.
 */
#ifndef GL_CLASSIFY_VAGUE_H
#define GL_CLASSIFY_VAGUE_H

#include "base/err.h"
#include "base/str.h"

enum { GL_VAGUE_FILE_LIMIT_BYTES = 4 * 1024 * 1024, GL_VAGUE_VERSION_BYTES = 32 };

typedef struct gl_vague gl_vague;

/* NULL with GL_FATAL: vague-unreadable, vague-invalid. */
gl_vague *gl_vague_open(const char *path, gl_err *err);
/* A copy of the bytes is kept. */
gl_vague *gl_vague_parse(gl_str bytes, gl_err *err);
void gl_vague_destroy(gl_vague *vague);
/* Name and digest, for example "vague-1.0c3f9a12". */
const char *gl_vague_version(const gl_vague *vague);
/* Above it a text is vague, as fitted in training (ppm). */
int32_t gl_vague_threshold_ppm(const gl_vague *vague);

/* 0 (says what the goods are) to 1,000,000. `raw` is the description, of which the first GL_TEXT_INPUT_MAX bytes count,
 * `normal` what gl_text_normalise makes of it. */
int32_t gl_vague_ppm(const gl_vague *vague, gl_str raw, gl_str normal);

#endif
