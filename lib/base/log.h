/* Structured log lines on standard error, one JSON object a line: time, level, stage, code, message, then pairs.
 *
 * Always holds: one write(2) a line, so lines of threads never mix; a line is at most 4 KiB; a repeated code is
 * limited to 20 lines a second, and the next line says how many were left out.
 * Thread: any. Locks: none held by the caller.
 */
#ifndef GL_BASE_LOG_H
#define GL_BASE_LOG_H

#include "base/err.h"

typedef enum gl_log_level { GL_LOG_DEBUG, GL_LOG_INFO, GL_LOG_WARN, GL_LOG_ERROR } gl_log_level;

/* `stage`: "classify", or "cli"; kept, not copied. */
void gl_log_init(const char *stage, gl_log_level least);
bool gl_log_level_parse(const char *name, gl_log_level *level);

/* `code`: a stable string like "txn-aborted". */
void gl_log(gl_log_level level, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Logs an error with its code and action. */
void gl_log_err(gl_log_level level, const gl_err *err);

#endif
