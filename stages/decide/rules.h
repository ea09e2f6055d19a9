/* The decision itself, as a pure function: the same policy and the same input give the same decision, byte for byte,
 * anywhere.
 *
 * Order of what decides: refusal (a collision of MRNs); then the strictest lane of score or unscored lane, selected
 * criteria, random draw, degraded lane and eligibility; then what keeps a release back: test indicator, the office's
 * stop, shadow mode. `intended_outcome` keeps what it would be without those three.
 *
 * Draws: a criterion's hit with a rate of 0 never selects and one of 1,000,000 always does, so neither is drawn; every
 * other criterion is drawn once per declaration and rate, and the random draw ("random") is always made when the office
 * has a rate, also when the lane is RED already: only so do the selections at random stay a fair sample.
 */
#ifndef DECIDE_RULES_H
#define DECIDE_RULES_H

#include "decide/policy.h"
#include "gen/topics.h"

#define GL_DECIDE_EVALUATOR "greenlane-decide/" GL_VERSION "/rules-1"

typedef struct gl_decide_input {
    const gl_declaration *declaration;
    const gl_classification *classification;
    const gl_assessment *assessment;
    int32_t prior_version; /* of the clearance; 0: none yet */
    gl_decision_cause cause;
    gl_str causing_event_id; /* {NULL, 0}: none */
    int64_t now_us;
    gl_str collides_with; /* MRN of another declaration with the same MRN characters, or {NULL, 0} */
    gl_str seed_epoch;    /* {NULL, 0}: the policy's current one */
} gl_decide_input;

/* Slices of the result point into the policy, the input, `arena` and static storage. Errors (GL_FATAL): seed-unknown,
 * when input->seed_epoch names a key that the policy does not have. Thread: any. */
bool gl_decide_compute(const gl_decide_policy *policy, const gl_decide_input *input, gl_arena *arena,
                       gl_decision *decision, gl_err *err);
/* The office whose policy applies: of declaration, else of presentation, else the supervising one, else empty. */
gl_str gl_decide_office_of(const gl_declaration *declaration);

typedef struct gl_decide_difference {
    const char *field;         /* of the decision section */
    gl_str recorded, computed; /* as JSON */
} gl_decide_difference;

enum { GL_DECIDE_FIELDS = 25 };

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
