/* Canonical declarations as a postal item (ITMATT) or a Type 86 entry: what the reader reads.
 *
 * Always holds: what is written is read again; what the shape has no place for is named (writer.h). Thread: any.
 */
#ifndef GL_INGEST_FORMATS_TRADE_TRADE_WRITE_H
#define GL_INGEST_FORMATS_TRADE_TRADE_WRITE_H

#include "ingest/formats/writer.h"

/* Imports only, no amendments, cancellations and tests: the shapes cannot say them. */
bool gl_trade_write_itmatt(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written);
/* Of one item. */
bool gl_trade_write_type86(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written);

#endif
