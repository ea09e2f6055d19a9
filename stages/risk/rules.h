/* What a batch is assessed with: model, lists and criteria, loaded together and swapped together.
 *
 * Always holds: a set that was loaded never changes; a worker keeps the set it took until it gives it back, whatever is
 * swapped meanwhile; a load that fails leaves the old set in place.
 */
#ifndef GL_RISK_RULES_H
#define GL_RISK_RULES_H

#include "risk/criteria.h"
#include "risk/lists.h"
#include "risk/scorer.h"

typedef struct gl_risk_rules {
    gl_scorer *scorer;
    gl_lists *lists;
    gl_criteria *criteria;
} gl_risk_rules;

/* Takes all three; scorer may be NULL where nothing is scored. */
gl_risk_rules *gl_risk_rules_new(gl_scorer *scorer, gl_lists *lists, gl_criteria *criteria);
/* Paths of the model's folder, the lists' folder and the criteria file. Errors: theirs (GL_FATAL); NULL with `err`.
 * Thread: any. */
gl_risk_rules *gl_risk_rules_load(const char *model, const char *lists, const char *criteria, gl_err *err);
void gl_risk_rules_destroy(gl_risk_rules *rules);

/* The set in force, shared by the workers. */
typedef struct gl_risk_rules_slot gl_risk_rules_slot;

/* Takes `rules`. */
gl_risk_rules_slot *gl_risk_rules_slot_new(gl_risk_rules *rules);
/* When no worker holds a set any more. */
void gl_risk_rules_slot_destroy(gl_risk_rules_slot *slot);
/* Takes `rules`; what nobody holds any more is destroyed. Thread: main. Locks: the slot's own. */
void gl_risk_rules_swap(gl_risk_rules_slot *slot, gl_risk_rules *rules);
/* The set in force, until gl_risk_rules_give. Thread: any. Locks: the slot's own. */
const gl_risk_rules *gl_risk_rules_take(gl_risk_rules_slot *slot);
void gl_risk_rules_give(gl_risk_rules_slot *slot, const gl_risk_rules *rules);

#endif
