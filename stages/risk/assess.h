/* Puts assessments together: features and domain of every item, one scoring of the whole batch, reasons, criteria.
 *
 * Always holds: a declaration's score is its highest item's (the first of equal ones); an item that lacks most of the
 * model's inputs has no score, and a declaration of only such items is OUTSIDE with a null score and the list of what
 * is missing; the same declarations, rules and moment give the same assessments. Thread: any. Locks: none.
 */
#ifndef GL_RISK_ASSESS_H
#define GL_RISK_ASSESS_H

#include "risk/rules.h"

/* One declaration: what it is assessed from, and its assessment (slices live in the arena, the declaration and the
 * rules). */
typedef struct gl_assessing {
    const gl_declaration *decl;
    const gl_classification *classification; /* may be NULL */
    gl_assessment assessment;
} gl_assessing;

/* Fills the assessments of `count` declarations. `top_reasons`: how many reasons a score gets, at most 16.
 * `now_us`: recorded, and what lists' validity is measured by. Errors: score-failed (GL_FATAL). */
bool gl_assess(const gl_risk_rules *rules, gl_assessing *all, size_t count, size_t top_reasons, int64_t now_us,
               gl_arena *arena, gl_err *err);

#endif
