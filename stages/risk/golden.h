/* Golden vectors of the risk model (models/risk/golden.tsv), for the tests: items as declarations, and what Python
 * computed for them.
 *
 * Always holds: a case's slices live in the arena that it was read into.
 */
#ifndef GL_RISK_GOLDEN_H
#define GL_RISK_GOLDEN_H

#include "base/arena.h"
#include "gen/declaration.h"

enum { GL_GOLDEN_LIMIT = 256, GL_GOLDEN_FEATURES = 64 };

typedef struct gl_golden_case {
    gl_str name;
    gl_declaration decl; /* with one item */
    uint32_t bits[GL_GOLDEN_FEATURES];
    size_t feature_count;
    float probability;
    int32_t score_ppm;
} gl_golden_case;

/* Aborts when the file is not as training/risk/train.py writes it. */
size_t gl_golden_load(gl_arena *arena, const char *path, gl_golden_case *cases);
/* An amount, a measure, in the arena. */
gl_declaration_amount *gl_golden_amount(gl_arena *arena, const char *digits, const char *currency);
gl_declaration_measure *gl_golden_measure(gl_arena *arena, const char *digits, const char *unit);

#endif
