/* Entry summary declarations as IE315 (CC315A): what the reader reads, written by the same tables.
 *
 * Always holds: what is written is well-formed, whatever the texts hold, and in the order of the message's schema.
 * Thread: any.
 */
#ifndef GL_INGEST_FORMATS_ENS_ENS_WRITE_H
#define GL_INGEST_FORMATS_ENS_ENS_WRITE_H

#include "ingest/formats/ens/ens_map.h"
#include "ingest/formats/writer.h"

/* Appends the declaration, reads it again and compares (gl_writer_check). */
bool gl_ens_write_checked(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written);

#endif
