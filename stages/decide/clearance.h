/* The state of a clearance (state/clearance.avsc) as the rules and the records see it.
 *
 * Always holds: a clearance that an earlier version of decide wrote can be decided on: what it does not keep is taken
 * from its view, and the sections of its decision say no more than is known (the assessment is `degraded`).
 */
#ifndef DECIDE_CLEARANCE_H
#define DECIDE_CLEARANCE_H

#include "decide/status.h"

/* Slices point into the clearance and `arena`. Thread: any. */
gl_decision_prior *gl_clearance_prior(gl_arena *arena, const gl_clearance *clearance);
/* What a decision's hold is in the state, or NULL for NULL. */
gl_clearance_hold *gl_clearance_hold_of(gl_arena *arena, const gl_decision_hold *hold);
/* The sections of the content that stands; `out->body` is what follows the header. Errors (GL_FATAL): a body of our own
 * that cannot be decoded. */
bool gl_clearance_sections(gl_arena *arena, const uint8_t id[16], const gl_clearance *clearance, gl_assessed *out,
                           gl_err *err);
/* Does it end decide.idempotency_window after its last decision? Not while it is open. Nor when the declaration itself
 * was never decided (a technical hold that was refused or cancelled): sent again from the dead letters, it would be
 * decided as if nobody had refused it. */
bool gl_clearance_may_expire(const gl_clearance *clearance);
/* The value to keep as `body`. */
gl_str gl_clearance_body(gl_arena *arena, gl_str value, const gl_assessed *assessed);

/* Lists of 8-byte hashes, the oldest first. */
enum { GL_CLEARANCE_EVENTS = 64, GL_CLEARANCE_DIGESTS = 16, GL_CLEARANCE_HASH_BYTES = 8 };
/* An event is its source (the account that sent it, or the stage) and its id there: the same id of another source is
 * another event. `arena`: scratch. */
bool gl_clearance_has_event(gl_arena *arena, const gl_clearance *clearance, gl_str source, gl_str event_id);
void gl_clearance_add_event(gl_arena *arena, gl_clearance *clearance, gl_str source, gl_str event_id);
bool gl_clearance_had_content(const gl_clearance *clearance, const uint8_t digest[32]);
/* An amendment was decided: what stood before, and what failed before it, are earlier contents now. */
void gl_clearance_replace_content(gl_arena *arena, gl_clearance *clearance, const gl_clearance *prior,
                                  const gl_declaration *amendment);
/* Another version than the one that stands could not be processed. */
void gl_clearance_note_failed(gl_arena *arena, gl_clearance *clearance, const gl_technical_hold *hold);

#endif
