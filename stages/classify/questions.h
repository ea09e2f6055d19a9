/* What an HTTP client asks: bodies of POST /v1/classify and of POST /fpo-code-search, the request of the UK's parcel
 * classifier. Knows no HTTP.
 *
 * Always holds: of a body that can be read every error is found, and of the first GL_QUESTIONS_LIMIT_ERRORS is kept
 * where it is (a JSON pointer that resolves in the body), what is there and what is allowed; without errors the
 * questions are within their limits. Slices point into the arena and the body. Thread: any. Locks: none.
 */
#ifndef GL_CLASSIFY_QUESTIONS_H
#define GL_CLASSIFY_QUESTIONS_H

#include "base/arena.h"
#include "classify/desk.h"

enum {
    GL_QUESTIONS_LIMIT = 500, /* descriptions of one request */
    GL_QUESTIONS_LIMIT_ERRORS = 20,
    GL_QUESTIONS_FPO_LIMIT = 10, /* as that classifier has them */
    GL_QUESTIONS_FPO_USUAL = 5,
};

typedef enum gl_questions_form {
    GL_QUESTIONS_CLASSIFY, /* {"description", "declared", "value", "net_mass_kg", "limit", "tariff", "explain"}, or the
                            * same but for the last three in a list of "items" */
    GL_QUESTIONS_FPO,      /* {"description", "digits", "limit"}; other members are ignored */
} gl_questions_form;

typedef struct gl_question_error {
    const char *code; /* missing, wrong-type, out-of-range, invalid-code, unknown-field, conflicting-fields, too-long,
                         too-large, unknown-tariff, invalid-value */
    gl_str pointer;
    gl_str value; /* what is there, as it stands in the body, cut; {NULL, 0}: nothing */
    const char *allowed;
} gl_question_error;

typedef struct gl_questions {
    gl_ask *at;
    size_t count;
    bool several;         /* a list was asked for */
    gl_str tariff;        /* name of the one that is wanted; empty: none */
    gl_str tariff_source; /* the same as it stands in the body */
    uint64_t digits;      /* that are wanted; GL_QUESTIONS_FPO */
    gl_question_error errors[GL_QUESTIONS_LIMIT_ERRORS];
    size_t error_count; /* all of them */
    gl_err unreadable;  /* code NULL: the body is JSON; else not-well-formed, too-large */
} gl_questions;

/* True: `out` has questions and no error. `limit_bytes`: largest body. */
bool gl_questions_read(gl_arena *arena, gl_str body, size_t limit_bytes, gl_questions_form form, gl_questions *out);
/* One more error: there is no tariff of this name; `allowed` (in the arena) says which are. */
void gl_questions_refuse_tariff(gl_questions *questions, const char *allowed);
/* As a problem document (RFC 9457), with the errors; for GL_QUESTIONS_FPO also with that classifier's `message`. Its
 * status is `*status`. */
void gl_questions_problem(gl_buf *buf, const gl_questions *questions, gl_questions_form form, int *status);

#endif
