/* Canonical declarations as WCO XML: what the reader reads, written by the same tables.
 *
 * Always holds: what is written is well-formed, whatever the texts hold; of several elements that say the same one is
 * written; reading it again gives the same declaration wherever the form has a place for a field, but for the order
 * among parties of different roles, documents of different kinds and attributes of different types. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_CDS_CDS_WRITE_H
#define GL_INGEST_FORMATS_CDS_CDS_WRITE_H

#include "ingest/formats/cds/cds_map.h"
#include "ingest/formats/writer.h"

/* The form a declaration is written in when nobody says which: the one it was read in; of one that was no XML the
 * EU's for an H7 or a parcel, else the UK's. */
const gl_cds_form *gl_cds_form_fitting(const gl_declaration *declaration);
/* The declaration with what the form cannot do without: function code 9, a cancellation's type, and the classifications
 * that its declared code is read from; without the data set PARCEL, which is told from the procedures. In the arena;
 * parts that stay are shared. */
gl_declaration *gl_cds_completed(gl_arena *arena, const gl_cds_form *form, const gl_declaration *declaration);
/* Appends the declaration, which is complete, as a document: in MetaData (the UK's form) or alone (the EU's). */
void gl_cds_write(gl_buf *buf, gl_arena *arena, const gl_cds_form *form, const gl_declaration *declaration);
/* The same of any declaration, and reads it again (writer.h). A test is not written: the format cannot say that it is
 * one. */
bool gl_cds_write_checked(gl_buf *buf, gl_arena *arena, const gl_cds_form *form, const gl_declaration *declaration,
                          gl_written *written);

#endif
