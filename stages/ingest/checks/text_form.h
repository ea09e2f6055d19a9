/* Identifiers that can be checked by themselves: what each must look like, and its check character.
 * Thread: any.
 */
#ifndef GL_INGEST_CHECKS_TEXT_FORM_H
#define GL_INGEST_CHECKS_TEXT_FORM_H

#include "base/str.h"

typedef struct gl_text_form {
    const char *name;
    bool (*holds)(gl_str text);
} gl_text_form;

extern const gl_text_form gl_text_form_table[];
/* Their names, NULL-terminated. */
extern const char *const gl_text_forms[];
extern const size_t gl_text_form_count;

#endif
