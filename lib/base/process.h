/* What this process takes of the machine, under the names that every Prometheus client library uses (process_...).
 *
 * Thread: any. Locks: none held by the caller.
 */
#ifndef GL_BASE_PROCESS_H
#define GL_BASE_PROCESS_H

#include "base/metrics.h"

enum { GL_PROCESS_METRIC_COUNT = 6 };
extern const gl_metric_def gl_process_metrics[GL_PROCESS_METRIC_COUNT];

/* Reads /proc/self and sets the series; what cannot be read keeps its last value. Before each rendering. */
void gl_process_report(gl_metrics *metrics);

#endif
