/* National codes in `greenlane classify`: a tariff from a file, and its part of an answer for people. */
#ifndef GL_CLI_CLASSIFY_TARIFF_H
#define GL_CLI_CLASSIFY_TARIFF_H

#include "classify/national_reply.h"

/* As the options have them; "" where one is not given. */
typedef struct gl_tariff_options {
    const char *file;     /* "FORMAT:FILE" */
    const char *value;    /* "100.00 GBP" */
    const char *net_mass; /* kilograms */
} gl_tariff_options;

/* Puts value and mass into `ask`, and the tariff, which is the caller's to destroy (NULL: none is asked for). Errors:
 * usage (GL_DEAD_LETTER), those of gl_tariff_open. */
bool gl_tariff_options_read(const gl_tariff_options *options, gl_ask *ask, gl_national **national, gl_err *err);
/* Lines of text; `ask` has a tariff. */
void gl_tariff_put_text(gl_buf *out, int32_t sure_ppm, const gl_ask *ask, const gl_reply *reply);

#endif
