/* What rules.c and events.c share: one decision in the making. For these two files only.
 *
 * Always holds: `out` points into the policy, the input, `arena` and static storage; what `input->prior` holds is
 * copied by reference, never changed.
 */
#ifndef DECIDE_MAKING_H
#define DECIDE_MAKING_H

#include "decide/rules.h"

typedef struct making {
    const gl_decide_policy *policy;
    const gl_decide_input *input;
    const gl_office *office;
    const gl_hmac_key *key;
    gl_arena *arena;
    gl_decision *out;
    gl_str *required; /* room for the prior hold's and GL_ELIGIBILITY_CODES + 1 more */
    size_t required_count;
    gl_lane lane;    /* the strictest so far */
    bool keeps_hold; /* the prior hold goes on, whatever the lane */
    bool refuses;    /* an entry summary whose goods must not be loaded */
} making;

void gl_making_reason(making *m, const char *code, gl_str id, gl_str text);
/* With the office's place and m->required. */
gl_decision_hold *gl_making_hold(making *m, const char *reason, const char *text);
/* HELD for examination (RED) or documents (YELLOW) of m->lane; of an entry summary the referral that it is. */
void gl_making_hold_by_lane(making *m, gl_lane lane_without_eligibility);
/* The outcome so far is what is intended; a test, a stop and shadow mode keep a release back. A test never is anything
 * but a test; `by_officer`: an officer's explicit release passes the other two. */
void gl_making_keep_back(making *m, bool by_officer);
/* Lane, outcome and hold as they were. */
void gl_making_unchanged(making *m);
/* The same, with the reason "<what>-after-release", -refusal or -cancellation. */
void gl_making_after(making *m, const char *what, const char *text);

/* events.c: the decision for input->event, or for a time limit. */
void gl_decide_by_event(making *m);

#endif
