/* The risk model: scores in batches through libxgboost, and why.
 *
 * A model folder holds model.ubj and features.tsv (models/risk). Always holds: a score is score_ppm = floor(p * 10^6 +
 * 0.5) of the model's probability p in double, the only rounding there is; the same bits of features give the same
 * score on the same evaluator, in any batch. Thread: any (libxgboost's predictions are thread-safe; everything else is
 * read-only once loaded). Locks: none.
 */
#ifndef GL_RISK_SCORER_H
#define GL_RISK_SCORER_H

#include "base/err.h"
#include "risk/features.h"

typedef struct gl_scorer gl_scorer;

enum { GL_SCORE_MAX_PPM = 1000000 };

/* Errors (GL_FATAL): file-unreadable, file-size, features-invalid, model-invalid (not a model, or made for other
 * features). */
gl_scorer *gl_scorer_load(const char *directory, gl_err *err);
void gl_scorer_destroy(gl_scorer *scorer);

const gl_feature_table *gl_scorer_features(const gl_scorer *scorer);
/* "risk-" and 16 hex digits of the model file's SHA-256. */
const char *gl_scorer_version(const gl_scorer *scorer);
/* Library and build that compute the scores: "xgboost 1.7.4, greenlane 0.1.0". */
const char *gl_scorer_evaluator(const gl_scorer *scorer);

/* Scores `count` rows of gl_feature_count() floats, one after the other. `score_ppm` gets 0 to 1,000,000 each;
 * `probability` (may be NULL) the model's own value. Batches of 64 and more are several times cheaper a row than single
 * rows. Errors: score-failed (GL_FATAL). */
bool gl_scorer_score(const gl_scorer *scorer, const float *rows, size_t count, int32_t *score_ppm, float *probability,
                     gl_err *err);

/* Why: what one thing that people know (a label) added to the log odds. */
typedef struct gl_risk_reason {
    size_t feature; /* the first feature of that label */
    float contribution;
} gl_risk_reason;

/* The largest contributions by magnitude, approximate (path attribution); returns how many, at most `limit`. */
size_t gl_scorer_reasons(const gl_scorer *scorer, const float *row, gl_risk_reason *reasons, size_t limit);
/* Exact contributions (TreeSHAP), milliseconds: for `greenlane replay`. Errors: score-failed (GL_FATAL). */
bool gl_scorer_reasons_exact(const gl_scorer *scorer, const float *row, gl_risk_reason *reasons, size_t limit,
                             size_t *count, gl_err *err);
/* Approximate contribution of each feature and, last, the bias: gl_feature_count() + 1 values that add up to the log
 * odds. */
void gl_scorer_contributions(const gl_scorer *scorer, const float *row, float *contributions);
/* The same, exact. Errors: score-failed (GL_FATAL). */
bool gl_scorer_contributions_exact(const gl_scorer *scorer, const float *row, float *contributions, gl_err *err);

/* Recomputes a score from a record: `features` as in the assessment. Errors: replay-features (GL_DEAD_LETTER: not as
 * many as this model's; compare gl_scorer_version with the record first), score-failed. */
bool gl_risk_replay_score(const gl_scorer *scorer, const float *features, size_t count, int32_t *score_ppm,
                          gl_err *err);

#endif
