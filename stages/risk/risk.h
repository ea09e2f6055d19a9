/* The risk stage: gl.declarations.classified in, gl.declarations.assessed out, with the assessment appended to the
 * upstream bytes.
 *
 * Always holds: one record out for each record in that can be decoded, in order; the rest are dead letters. Kafka-free:
 * see lib/stage/stage.h.
 */
#ifndef GL_RISK_RISK_H
#define GL_RISK_RISK_H

#include "stage/stage.h"

typedef struct gl_risk_conf {
    const char *model;    /* folder of model.ubj and features.tsv */
    const char *criteria; /* file */
    const char *lists;    /* folder */
    int64_t top_reasons;
} gl_risk_conf;

extern const gl_conf_table gl_risk_conf_table; /* section "risk" */
extern const gl_stage_def gl_risk_stage;

#endif
