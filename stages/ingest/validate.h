/* Validation of a canonical declaration: everything that is wrong with it, not the first thing only.
 *
 * A walk over the canonical table checks each field's form and length; a table of rules checks what needs more than one
 * field and holds always; the code lists and rules of an administration are in checks/. What a real declaration may
 * legitimately leave out is never an error: only what the pipeline cannot work without is required. Thread: as the
 * report's.
 */
#ifndef GL_INGEST_VALIDATE_H
#define GL_INGEST_VALIDATE_H

#include "ingest/checks/checks.h"
#include "ingest/formats/report.h"

/* A check of more than one field, of a whole declaration. */
typedef struct gl_rule {
    const char *code; /* stable, in the errors */
    bool warning;
    const char *what; /* one sentence for docs/FORMATS.md */
    void (*check)(const struct gl_rule *rule, gl_report *report, const gl_declaration *declaration);
} gl_rule;

extern const gl_rule gl_rules[];
extern const size_t gl_rule_count;

/* Adds the errors and warnings of `declaration` to the report, whose origins give their pointers. `checks`: NULL leaves
 * code lists and the rules of YAML out; `day`: today, days since 1970. A cancellation is checked by neither. */
void gl_validate(gl_report *report, const gl_declaration *declaration, const gl_checks *checks, int32_t day);

#endif
