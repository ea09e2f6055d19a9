/* Criteria: what officers write down to select declarations by, in YAML (config/criteria), and the hits of a
 * declaration.
 *
 * Always holds: what does not parse is refused as a whole, with its line and the nearest known name; the same file,
 * lists, record and moment give the same hits in the same order (most severe first, then as in the file); the version
 * names the file's bytes. Thread: any (read-only once parsed). Locks: none.
 */
#ifndef GL_RISK_CRITERIA_H
#define GL_RISK_CRITERIA_H

#include "base/arena.h"
#include "base/err.h"
#include "gen/assessment.h"
#include "risk/fields.h"
#include "risk/lists.h"

typedef struct gl_criteria gl_criteria;

enum {
    GL_CRITERIA_LIMIT = 1000,       /* criteria in a file */
    GL_CRITERIA_LIMIT_DEPTH = 8,    /* conditions within conditions */
    GL_CRITERIA_HITS_LIMIT = 64,    /* hits reported of a declaration */
    GL_CRITERIA_ITEMS_REPORTED = 4, /* items reported of one criterion; the last hit says how many more there are */
    GL_CRITERIA_VALUE_BYTES = 80,   /* of the matching value, in a hit's text */
};

/* `lists` must outlive the criteria. Errors (GL_FATAL): criteria-invalid, yaml-..., file-... NULL with `err`. */
gl_criteria *gl_criteria_parse(const char *name, gl_str text, const gl_lists *lists, gl_err *err);
gl_criteria *gl_criteria_load(const char *path, const gl_lists *lists, gl_err *err);
void gl_criteria_destroy(gl_criteria *criteria);

/* The file's own name, a hyphen and 16 hex digits of its SHA-256. */
const char *gl_criteria_version(const gl_criteria *criteria);
size_t gl_criteria_count(const gl_criteria *criteria);
/* Most severe first. */
const char *gl_criteria_id(const gl_criteria *criteria, size_t at);
/* A condition asks about the classification: when that is degraded, so are the hits. */
bool gl_criteria_use_classification(const gl_criteria *criteria);

/* The hits of a declaration, in `arena`; `*hits` gets the array. Returns how many, at most GL_CRITERIA_HITS_LIMIT. */
size_t gl_criteria_evaluate(const gl_criteria *criteria, const gl_subject *subject, gl_arena *arena,
                            gl_assessment_criterion_hit **hits);

#endif
