/* Questions about a declaration's fields, and conditions made of them: what intake rules say in YAML.
 *
 * A question names a field (path.h) and one operator. It is true of a value; a condition with it holds when it is true
 * of any value, or (missing) when there is none. Always holds: what cannot be compared (another unit, no rate for a
 * currency) is no reason to refuse anything: the question is not true. Thread: any (read-only once parsed).
 */
#ifndef GL_INGEST_CHECKS_QUESTION_H
#define GL_INGEST_CHECKS_QUESTION_H

#include "ingest/checks/code_list.h"
#include "ingest/checks/path.h"

typedef struct gl_question gl_question;
typedef struct gl_when gl_when;

typedef struct gl_question_reader {
    gl_arena *arena;
    const char *name; /* for messages */
    const gl_code_lists *lists;
    bool of_item; /* set when anything asks about the item in question */
} gl_question_reader;

enum { GL_WHEN_LIMIT_DEPTH = 6 };

/* {field: F, where: {..}, OPERATOR: ..}. Errors (GL_FATAL): rules-invalid with the line. */
const gl_question *gl_question_read(gl_question_reader *reader, const gl_yaml *node, gl_err *err);
const gl_field_path *gl_question_path(const gl_question *question);
bool gl_question_is_missing(const gl_question *question);
/* Is it true of this value? */
bool gl_question_fits(const gl_question *question, const gl_checked *checked, const gl_value *value);
bool gl_question_holds(const gl_question *question, const gl_checked *checked);

/* A question, or {all: [..]}, {any: [..]}, {not: ..}. */
const gl_when *gl_when_read(gl_question_reader *reader, const gl_yaml *node, int depth, gl_err *err);
bool gl_when_holds(const gl_when *when, const gl_checked *checked);

#endif
