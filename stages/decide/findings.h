/* What officers found of items' codes, for gl.findings: classify holds its confidence against it.
 *
 * Always holds: a finding that makes no record is counted (`unused`): its detail cannot be read, the item is not there,
 * or the model had claimed nothing of it (an abstention has candidates and counts; a vague text, a ruling and a test
 * declaration do not). Thread: worker.
 */
#ifndef DECIDE_FINDINGS_H
#define DECIDE_FINDINGS_H

#include "decide/pass.h"

typedef struct gl_findings {
    gl_finding *at;
    int32_t *items;  /* sequence numbers; count */
    bool *withdrawn; /* there is none any more: a tombstone */
    size_t count, unused;
} gl_findings;

/* Of an event that a decision is made for. `drawn`: the clearance was. Slices point into the sections. */
gl_findings gl_findings_of(gl_arena *arena, const gl_event *event, const gl_assessed *assessed, bool drawn);
/* After the decision `version`: puts them, under the declaration's id. */
void gl_findings_put(gl_pass *p, const gl_record *cause, gl_str id, int32_t version, const gl_findings *findings);

#endif
