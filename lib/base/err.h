/* Errors: what happened, and what the caller is to do about it.
 *
 * Always holds: `code` is a stable lower-case string with hyphens ("kafka-fenced"), the same in logs, metrics,
 * dead-letter headers and answers; `action` alone decides what the caller does. Functions that can fail return
 * bool (true: done) and fill the `gl_err` they are given.
 */
#ifndef GL_BASE_ERR_H
#define GL_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

typedef enum gl_action {
    GL_NONE = 0,    /* no error */
    GL_RETRY,       /* a dependency is unavailable: the same call may succeed later */
    GL_WAIT,        /* the same, and nothing else can be done: for as long as it takes, not ready meanwhile */
    GL_ABORT_TXN,   /* abort the transaction, rewind, go on */
    GL_DEAD_LETTER, /* this record can never succeed */
    GL_FATAL,       /* this process (or this start) cannot go on */
} gl_action;

enum { GL_ERR_MESSAGE_BYTES = 256 };

typedef struct gl_err {
    const char *code; /* static storage */
    gl_action action;
    char message[GL_ERR_MESSAGE_BYTES]; /* for people; NUL-terminated, cut at a UTF-8 boundary */
} gl_err;

/* Fills `err` (may be NULL) and returns false, so that `return gl_fail(...)` reads well. */
bool gl_fail(gl_err *err, gl_action action, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "context: " before the message of `err`; returns false. */
bool gl_fail_context(gl_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what cannot be read of our own state: no record is to blame, so GL_DEAD_LETTER becomes GL_FATAL. */
bool gl_fail_own(gl_err *err, const char *what);

/* "retry", "wait", "abort-txn", "dead-letter", "fatal" or "none". */
const char *gl_action_name(gl_action action);

#endif
