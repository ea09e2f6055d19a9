/* A workbook (XLSX, ECMA-376): from the archive to the rows of its sheets (sheet.h).
 *
 * What is read: names and order of the sheets, shared strings, number formats, and the cells' values, for a formula the
 * one that was stored. Nothing else of it is opened, and its XML is not kept. Limits: those of unpack.h, for rows as
 * what is kept and for XML as what is passed through; sheets, rows, columns, styles; the depth of xml_walk.h. Thread:
 * any.
 */
#ifndef GL_INGEST_FORMATS_XLSX_WORKBOOK_H
#define GL_INGEST_FORMATS_XLSX_WORKBOOK_H

#include "io/unpack.h"

enum { GL_WORKBOOK_LIMIT_SHEETS = 256, GL_WORKBOOK_LIMIT_ROWS = 1048576, GL_WORKBOOK_LIMIT_COLUMNS = 16384 };

/* Does the archive hold [Content_Types].xml and xl/workbook.xml? */
bool gl_is_workbook(gl_str bytes);
/* Appends the rows of all sheets. Errors (GL_DEAD_LETTER): as gl_zip_read; intake-damaged too for a workbook that is
 * not what it should be. */
bool gl_workbook_read(gl_str bytes, gl_unpack_room *room, gl_buf *out, gl_err *err);

#endif
