/* Canonical declarations as ASYCUDA World's SAD: what the reader reads, written by the same tables.
 *
 * Always holds: every element of the structure is there, in ASYCUDA's order; an absent value is <null/> where ASYCUDA
 * has it so; what is written is read again, and what the form has no place for is named. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_SAD_SAD_WRITE_H
#define GL_INGEST_FORMATS_SAD_SAD_WRITE_H

#include "ingest/formats/writer.h"

/* A test, an amendment and a cancellation are not written: the form cannot say that they are. */
bool gl_sad_write_checked(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written);

#endif
