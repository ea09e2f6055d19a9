/* Metrics in Prometheus's names and text exposition 0.0.4.
 *
 * A module defines its metrics in a static table, which also makes docs/METRICS.md. A series is one metric with its
 * label values; hot paths keep the pointer and touch one relaxed atomic. Labels never grow with traders or
 * declarations. Always holds: a series' pointer stays valid until gl_metrics_destroy, also after gl_series_remove
 * (which only hides it). Thread: any. Locks: one inside, taken by gl_metrics_series, _remove and _render only.
 */
#ifndef GL_BASE_METRICS_H
#define GL_BASE_METRICS_H

#include "base/buf.h"

typedef enum gl_metric_type { GL_COUNTER, GL_GAUGE, GL_HISTOGRAM } gl_metric_type;

enum { GL_METRIC_LABELS = 4, GL_METRIC_BUCKETS = 20, GL_METRIC_SERIES_LIMIT = 512 };

typedef struct gl_metric_def {
    const char *name; /* "gl_batch_seconds" */
    gl_metric_type type;
    const char *help;
    const char *labels[GL_METRIC_LABELS]; /* NULL-terminated when fewer */
    double buckets[GL_METRIC_BUCKETS];    /* HISTOGRAM: upper bounds, rising, 0-terminated; +Inf is implied */
} gl_metric_def;

typedef struct gl_metrics gl_metrics;
typedef struct gl_series gl_series;

gl_metrics *gl_metrics_new(void);
void gl_metrics_destroy(gl_metrics *metrics);
/* The series of `def` with these label values (`NULL` for labels not used), made at the first call. `def` is kept, not
 * copied. */
gl_series *gl_metrics_series(gl_metrics *metrics, const gl_metric_def *def, const char *const values[GL_METRIC_LABELS]);
void gl_series_remove(gl_series *series);
void gl_series_add(gl_series *series, uint64_t amount); /* COUNTER */
/* COUNTER whose total is kept elsewhere, and has fractions (seconds of CPU): what it is now. Not with gl_series_add. */
void gl_series_set_total(gl_series *series, double total);
void gl_series_set(gl_series *series, double value);     /* GAUGE */
void gl_series_observe(gl_series *series, double value); /* HISTOGRAM */
uint64_t gl_series_count(const gl_series *series);       /* COUNTER: value; HISTOGRAM: observations */
double gl_series_value(const gl_series *series);         /* GAUGE: value; HISTOGRAM: sum */
/* An info metric (a gauge that is always 1, whose labels say what is in use): shows these values instead of those of
 * `before` (NULL: none yet). Returns what to give as `before` the next time. */
gl_series *gl_metrics_info(gl_metrics *metrics, const gl_metric_def *def, const char *const values[GL_METRIC_LABELS],
                           gl_series *before);
void gl_metrics_render(gl_metrics *metrics, gl_buf *buf);
/* One Markdown table row a metric, for docs/METRICS.md. */
void gl_metrics_document(const gl_metric_def *defs, size_t count, gl_buf *buf);

#endif
