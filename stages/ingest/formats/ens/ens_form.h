/* What the text of an element must look like (gl_ens_form). */
#ifndef GL_INGEST_FORMATS_ENS_ENS_FORM_H
#define GL_INGEST_FORMATS_ENS_ENS_FORM_H

#include "ingest/formats/ens/ens_map.h"

/* What is wrong with a text that counts (gl_ens_text): an error's code, or NULL. `name`: of the message. */
const char *gl_ens_form_problem(const gl_ens_row *row, gl_str text, const char *name);
/* "1 to 35 characters" */
const char *gl_ens_form_allowed(gl_arena *arena, const gl_ens_row *row, const char *name);
/* A decimal without sign, leading and trailing zeros as our readers take it: "+.5" is "0.5"; a part of the
 * text, or in the arena. */
gl_str gl_ens_decimal(gl_arena *arena, gl_str text);
/* An instant of YYYYMMDDhhmm, "2026-11-24T06:35:00Z"; in the arena. The messages name no time zone. */
gl_str gl_ens_instant(gl_arena *arena, gl_str text);

#endif
