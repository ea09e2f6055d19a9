/* Prometheus's text format (exposition 0.0.4), as far as a daemon's /metrics uses it.
 *
 * It comes from outside: what is not well-formed, or too much, is an error with the line it is in. Slices live in the
 * text or in the arena. Thread: any. Locks: none.
 */
#ifndef GL_CLI_EXPOSITION_H
#define GL_CLI_EXPOSITION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum {
    GL_EXPOSITION_LIMIT_BYTES = 4 << 20,
    GL_EXPOSITION_SAMPLES = 20000,
    GL_EXPOSITION_LABELS = 8,
    GL_EXPOSITION_BUCKETS = 32
};

typedef struct gl_sample_label {
    gl_str name, value;
} gl_sample_label;

typedef struct gl_sample {
    gl_str name;
    gl_sample_label labels[GL_EXPOSITION_LABELS];
    size_t label_count;
    double value;
} gl_sample;

/* Zero-initialised: no samples. */
typedef struct gl_exposition {
    gl_sample *at;
    size_t count;
} gl_exposition;

/* Errors (GL_FATAL): exposition-syntax, exposition-limit. */
bool gl_exposition_parse(gl_arena *arena, gl_str text, gl_exposition *out, gl_err *err);

/* Empty when the sample does not have it. */
gl_str gl_sample_label_of(const gl_sample *sample, const char *label);
/* Sum, and the greatest, of the series of `name` whose `label` is `value` (`label` NULL: of all); 0 without any. */
double gl_exposition_sum(const gl_exposition *all, const char *name, const char *label, const char *value);
double gl_exposition_max(const gl_exposition *all, const char *name);
/* The value of a label of the first series of `name`; empty without one. */
gl_str gl_exposition_text(const gl_exposition *all, const char *name, const char *label);

/* A histogram's buckets, cumulative as they are exposed, added up over series and processes. Zero-initialised: empty.
 * Always holds: bounds rise, the last one is +Inf once there is any. */
typedef struct gl_histogram {
    double bounds[GL_EXPOSITION_BUCKETS], counts[GL_EXPOSITION_BUCKETS];
    size_t count;
} gl_histogram;

/* Adds `share` (1, or -1 for what was before) of every series of `name`_bucket whose `label` is `value` (NULL: all). */
void gl_histogram_add(gl_histogram *histogram, const gl_exposition *all, const char *name, const char *label,
                      const char *value, double share);
/* How many observations. */
double gl_histogram_total(const gl_histogram *histogram);
/* As Prometheus's histogram_quantile: linear in the bucket; the highest finite bound for what is above it. -1: no
 * observations. */
double gl_histogram_quantile(const gl_histogram *histogram, double quantile);

#endif
