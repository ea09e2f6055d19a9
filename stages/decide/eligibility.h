/* Eligibility: may the declaration use the procedures that it claims (DE 11 10)?
 *
 * C07: intrinsic value of the consignment at most 150 euro (Regulation 1186/2009 article 23). C08: at most 45 euro and
 * from one private individual to another (article 25). F48: the special scheme for distance sales, which needs the IOSS
 * number of the seller. Values are converted with the dated exchange rates; a value that cannot be converted is not
 * eligible, and the reason says so.
 */
#ifndef DECIDE_ELIGIBILITY_H
#define DECIDE_ELIGIBILITY_H

#include "base/arena.h"
#include "decide/policy.h"
#include "gen/decision.h"
#include "gen/declaration.h"

enum { GL_ELIGIBILITY_CODES = 3 };

/* Fills `out` with one entry for each code that an item claims, in the order C07, C08, F48; returns how many.
 * `required` gets what the sender is to send for each that is not eligible, `*required_count` of them. */
size_t gl_eligibility_check(const gl_decide_policy *policy, const gl_declaration *declaration, gl_arena *arena,
                            gl_decision_eligibility out[GL_ELIGIBILITY_CODES], gl_str required[GL_ELIGIBILITY_CODES],
                            size_t *required_count);

#endif
