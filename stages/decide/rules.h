/* The decision itself, as a pure function: the same policy and the same input give the same decision, byte for byte,
 * anywhere.
 *
 * Order of what decides: refusal (a collision of MRNs); then the strictest lane of score or unscored lane, selected
 * criteria, random draw, degraded lane and eligibility; then what keeps a release back: test indicator, the office's
 * stop, shadow mode. `intended_outcome` keeps what it would be without those three. What the clearance was before
 * counts too: one that is released or refused keeps its outcome whatever its declaration says, and a new version does
 * not end an examination or an officer's hold.
 *
 * An event (events.c) or a time limit decides from what was before and from the event alone: only an officer's explicit
 * release passes a stop or shadow mode, and nothing releases a test declaration or one that was never assessed.
 *
 * Draws: a criterion's hit with a rate of 0 never selects and one of 1,000,000 always does, so neither is drawn; every
 * other criterion is drawn once per declaration and rate, and the random draw ("random") is always made when the office
 * has a rate, also when the lane is RED already: only so do the selections at random stay a fair sample.
 */
#ifndef DECIDE_RULES_H
#define DECIDE_RULES_H

#include "decide/policy.h"
#include "gen/topics.h"

#define GL_DECIDE_EVALUATOR "greenlane-decide/" GL_VERSION "/rules-2"

typedef struct gl_decide_input {
    const gl_declaration *declaration;
    const gl_classification *classification;
    const gl_assessment *assessment;
    int32_t prior_version; /* of the clearance; 0: none yet */
    gl_decision_cause cause;
    gl_str causing_event_id; /* {NULL, 0}: none */
    int64_t now_us;
    gl_str collides_with;                   /* MRN of another declaration with the same MRN characters, or {NULL, 0} */
    gl_str seed_epoch;                      /* {NULL, 0}: the policy's current one */
    const gl_decision_prior *prior;         /* of the clearance as it stands, or NULL: none that counts */
    const gl_decision_causing_event *event; /* of a decision for an event; then and for TIMER, `prior` is there */
} gl_decide_input;

/* Slices of the result point into the policy, the input, `arena` and static storage. Errors (GL_FATAL): seed-unknown,
 * when input->seed_epoch names a key that the policy does not have. Thread: any. */
bool gl_decide_compute(const gl_decide_policy *policy, const gl_decide_input *input, gl_arena *arena,
                       gl_decision *decision, gl_err *err);
/* The office whose policy applies: of declaration, else of presentation, else the supervising one, else empty. */
gl_str gl_decide_office_of(const gl_declaration *declaration);
/* Released or refused; false for NULL. */
bool gl_decide_is_closed(const gl_decision_prior *prior);
/* What a decision for an event of that type says as its cause. */
gl_decision_cause gl_decide_cause_of(gl_event_event_type type);

typedef struct gl_decide_difference {
    const char *field;         /* of the decision section */
    gl_str recorded, computed; /* as JSON */
} gl_decide_difference;

enum { GL_DECIDE_FIELDS = 27 };

typedef struct gl_decide_replay_result {
    bool same;            /* the encoded section is equal byte for byte */
    gl_decided decided;   /* the record */
    gl_decision computed; /* what the policy gives now */
    gl_decide_difference differences[GL_DECIDE_FIELDS];
    size_t difference_count;
} gl_decide_replay_result;

/* Recomputes the decision of a value of gl.decisions from the record alone and `policy`. A different policy shows as a
 * difference in policy_version (and in what it changed). Errors: of the decoder (GL_DEAD_LETTER), seed-unknown
 * (GL_FATAL). */
bool gl_decide_replay(const gl_decide_policy *policy, gl_str value, gl_arena *arena, gl_decide_replay_result *result,
                      gl_err *err);

#endif
