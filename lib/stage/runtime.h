/* What every daemon has whatever its stage: configuration sections and metrics, for the generated documentation.
 *
 * Always holds: gl_stage_main parses with exactly these tables and the stage's own; every metric it registers is
 * listed.
 */
#ifndef GL_STAGE_RUNTIME_H
#define GL_STAGE_RUNTIME_H

#include "base/conf.h"
#include "base/metrics.h"

/* NULL-terminated: log, admin, stage, kafka, registry. */
extern const gl_conf_table *const gl_runtime_conf_tables[];
extern const gl_metric_def gl_runtime_metric_defs[];
extern const size_t gl_runtime_metric_count;

#endif
