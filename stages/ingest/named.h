/* Which declaration an MRN names: what the status view says of it, and the id behind it.
 *
 * Events and amendments may know the MRN only. Thread: worker.
 */
#ifndef GL_INGEST_NAMED_H
#define GL_INGEST_NAMED_H

#include "ingest/pass.h"

/* What the view says of the declaration. */
typedef struct gl_named {
    gl_str mrn, lrn, submitter;
} gl_named;

/* The top 62 bits that the MRN's 12 characters stand for, and zeros. */
gl_declaration_id gl_named_stem_id(const char *stem);
/* false: there is no entry, or none that says all three. */
bool gl_named_read(const gl_pass *pass, const gl_entry *e, gl_named *out);
/* The whole id: the procedure letter says the family, the view submitter and LRN. */
bool gl_named_id(const gl_named *view, gl_declaration_id *id);

/* An amendment that names its declaration by the MRN (gl_intake.amends). Before the look-up: stem and partition. */
void gl_amended_identify(const gl_pass *pass, gl_entry *e);
/* After it: the LRN of the account's own declaration; false: it was rejected. */
bool gl_amended_find(gl_pass *pass, gl_entry *e);

#endif
