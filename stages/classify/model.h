/* The HS6 model: a description's words and character n-grams, each with an embedding; their weighted sum against one
 * row a subheading; the best three with confidence, calibrated by the length of the text, and the sums of their groups.
 * training/classify writes the file, models/classify/README.md describes it.
 *
 * Always holds: a model that opened has been checked to the last byte (sizes, digest, ranges, finite numbers), so
 * classifying cannot read outside it; the result depends on model and text only, bit for bit: not on batch, machine or
 * compiler (integers in the head, floats added in a fixed order, no contraction). Thread: any number share one model; a
 * gl_hs_scratch belongs to one. Locks: none.
 */
#ifndef GL_CLASSIFY_MODEL_H
#define GL_CLASSIFY_MODEL_H

#include "base/err.h"
#include "base/str.h"

enum {
    GL_HS_CODE_DIGITS = 6,
    GL_HS_TOP = 3,
    GL_HS_LEVELS = 3,  /* chapter, heading, subheading; the last is the model's classes */
    GL_HS_LENGTHS = 8, /* of texts: 1 word, 2, 3 to 4, 5 to 8, ..., more than 64 */
    GL_HS_LIST_LIMIT = 100,
    GL_HS_VERSION_BYTES = 48,
    GL_HS_MODEL_LIMIT_BYTES = 64 * 1024 * 1024,
};

typedef struct gl_hs_model gl_hs_model;
typedef struct gl_hs_scratch gl_hs_scratch;

/* Digits of each level's codes, coarse first. Classes of more digits (national codes) would be a level at the end. */
extern const size_t gl_hs_level_digits[GL_HS_LEVELS];

typedef struct gl_hs_candidate {
    char hs6[GL_HS_CODE_DIGITS + 1]; /* NUL-terminated; a group's code is shorter */
    int32_t confidence_ppm;          /* 0 to 1,000,000, calibrated */
    float confidence;                /* the same before rounding; 0 in what comes from a cache */
} gl_hs_candidate;

typedef struct gl_hs_result {
    size_t count; /* GL_HS_TOP, or 0: the model knows nothing of this text */
    gl_hs_candidate top[GL_HS_TOP];
    gl_hs_candidate group[GL_HS_LEVELS - 1]; /* the likeliest chapter and heading: sums over their subheadings */
    bool has_declared;                       /* somebody asked about a code that the model has */
    int32_t declared_ppm;                    /* its confidence */
} gl_hs_result;

typedef struct gl_hs_list {
    size_t count;
    gl_hs_candidate at[GL_HS_LIST_LIMIT]; /* likeliest first */
} gl_hs_list;

/* Maps the file and checks it. NULL with GL_FATAL: model-unreadable, model-invalid. */
gl_hs_model *gl_hs_model_open(const char *path, gl_err *err);
/* Over bytes that stay the caller's and must outlive the model; 64-byte aligned. */
gl_hs_model *gl_hs_model_over(const uint8_t *bytes, size_t size, gl_err *err);
void gl_hs_model_destroy(gl_hs_model *model);

/* Which of GL_HS_LENGTHS: each has texts of up to twice as many words as the one before. */
size_t gl_hs_length(size_t words);

/* Name and digest, for example "hs6-1.0c3f9a12": part of every cache key and record. */
const char *gl_hs_model_version(const gl_hs_model *model);
/* The threshold below which a result is no answer, as fitted in training. */
int32_t gl_hs_model_abstain_ppm(const gl_hs_model *model);
/* The chapters that the model has, and of each its code and its share of the labelled rows that it learnt from. */
size_t gl_hs_model_chapters(const gl_hs_model *model);
float gl_hs_model_chapter(const gl_hs_model *model, size_t index, char code[3]);
bool gl_hs_model_knows_code(const gl_hs_model *model, gl_str hs6);
/* The same for a code of any level: is it one of the model's classes, or the beginning of one? */
bool gl_hs_model_knows(const gl_hs_model *model, gl_str code);

gl_hs_scratch *gl_hs_scratch_new(const gl_hs_model *model);
void gl_hs_scratch_destroy(gl_hs_scratch *scratch);

/* `text` is normalised (gl_text_normalise). No allocation. */
void gl_hs_model_classify(const gl_hs_model *model, gl_hs_scratch *scratch, gl_str text, gl_hs_result *result);

/* Of the text that was classified last with this scratch. */
/* The likeliest codes of a level (an index into gl_hs_level_digits), at most `limit` (cut at GL_HS_LIST_LIMIT) and
 * never more than the model has; none when it knows nothing of the text. */
void gl_hs_model_list(const gl_hs_model *model, const gl_hs_scratch *scratch, size_t level, size_t limit,
                      gl_hs_list *list);
/* Calibrated confidence of a code of any level, -1 when the model has no such code, or knows nothing of the text. */
int32_t gl_hs_model_confidence_ppm(const gl_hs_model *model, const gl_hs_scratch *scratch, gl_str code);

#endif
