/* The model's trees as flat arrays: which features moved a score, for the few rows that are explained.
 *
 * libxgboost computes every node's mean anew at each call for approximate contributions: 190 us for a single row, 7 to
 * 8 us a row in large batches. Walking the paths over means computed once costs the same at any count
 * (measured: models/risk/README.md). The scores themselves are libxgboost's. Always holds: contributions and bias add
 * up to the margin. Thread: any (read-only once made). Locks: none.
 */
#ifndef GL_RISK_PATHS_H
#define GL_RISK_PATHS_H

#include "base/err.h"

#include <stddef.h>

typedef struct gl_paths gl_paths;

/* From libxgboost's text dumps with statistics, one a tree, features named by their index. Errors: model-invalid
 * (GL_FATAL). */
gl_paths *gl_paths_new(const char *const *dumps, size_t count, size_t feature_count, gl_err *err);
void gl_paths_destroy(gl_paths *paths);
/* Added to each margin: what the model starts from. */
void gl_paths_set_base(gl_paths *paths, float base);
/* Sum of the leaves and the base: log odds. */
float gl_paths_margin(const gl_paths *paths, const float *row);
/* Fills feature_count + 1 values, the last the bias: at each split, the feature tested gets the change of the expected
 * margin (A. Saabas). */
void gl_paths_contributions(const gl_paths *paths, const float *row, float *contributions);

#endif
