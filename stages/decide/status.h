/* The state of a clearance and its status view (lib/customs/view.h says what the JSON holds).
 *
 * Always holds: a clearance's view is complete by itself, so that a lost view in Redis is rebuilt from the state alone;
 * its number there, gl_status_revision(), grows with every change of the clearance. A clearance of version 0 is a
 * technical hold: accepted, not decided yet.
 */
#ifndef DECIDE_STATUS_H
#define DECIDE_STATUS_H

#include "gen/topics.h"

/* What a technical hold is made from; texts may be empty when the event does not say them. */
typedef struct gl_technical_hold {
    const uint8_t *declaration_id;
    gl_str mrn, lrn, submitter, office;
    uint8_t digest[32];  /* zeros: not known */
    bool by_key;         /* nothing but the id is known, from the record's key */
    int64_t accepted_us; /* 0: not known */
    int64_t now_us;
    gl_decision_lane lane;
    const gl_decision_hold *hold;
    gl_str event_id;
    gl_str source, code; /* which stage, and why */
} gl_technical_hold;

/* `prior`: the clearance before, or NULL. `with_view` false: the MRN's place in the view belongs to another
 * declaration. `body`: the content that stands (see the schema). The lists of events and contents are the prior's. */
gl_clearance gl_status_decided(gl_arena *arena, const gl_assessed *assessed, const gl_decision *decision,
                               const gl_clearance *prior, gl_str body, bool with_view);
gl_clearance gl_status_duplicate(gl_arena *arena, const gl_clearance *prior);
/* An older version came after a newer one. */
gl_clearance gl_status_superseded(const gl_clearance *prior);
gl_clearance gl_status_technical_hold(gl_arena *arena, const gl_technical_hold *hold);
/* The value for gl.clearances, with its header. */
gl_str gl_status_value(gl_arena *arena, const gl_clearance *clearance);
/* From 1; 0 is ingest's early entry. */
int64_t gl_status_revision(const gl_clearance *clearance);

#endif
