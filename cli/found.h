/* What officers found (gl.findings), read once from its beginning to its end, as classify has it. */
#ifndef GL_CLI_FOUND_H
#define GL_CLI_FOUND_H

#include "classify/calibration.h"

/* Into a table of the caller's. False: kafka-... (GL_RETRY), or a record that cannot be read (GL_DEAD_LETTER). */
bool gl_found_load(gl_calibration *calibration, const char *brokers, gl_err *err);

#endif
