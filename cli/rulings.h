/* The rulings of gl.precedents, read once from its beginning to its end, as classify has them. */
#ifndef GL_CLI_RULINGS_H
#define GL_CLI_RULINGS_H

#include "classify/precedents.h"

/* Into a table of the caller's. False: kafka-... (GL_RETRY), or a record that cannot be read (GL_DEAD_LETTER). */
bool gl_rulings_load(gl_precedents *precedents, const char *brokers, gl_err *err);
/* For people: one ruling with who made it, when and why; lines begin with `indent`. */
void gl_ruling_show(gl_buf *out, const gl_precedent *precedent, const char *indent);

#endif
