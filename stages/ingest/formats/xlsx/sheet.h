/* Rows of a workbook's sheets as text, which a workbook becomes when it is unpacked: so that a row has its bytes and
 * its place, as one of a CSV file has.
 *
 * A line a sheet, 'S' (or 'H': it is hidden) and its name; then a line each row that is not blank: 'R' and its number,
 * and for each cell that is not blank a tab, a letter of gl_cell_kind, the number of its column, ':' and its text.
 * Backslash, tab and line ends of texts are escaped. Always holds: numbers are those of the sheet, from 1, and rise.
 * Thread: any.
 */
#ifndef GL_INGEST_FORMATS_XLSX_SHEET_H
#define GL_INGEST_FORMATS_XLSX_SHEET_H

#include "base/buf.h"
#include "io/rfc4180.h"

void gl_sheet_put_name(gl_buf *out, gl_str name, bool hidden);
void gl_sheet_put_row(gl_buf *out, int64_t row);
void gl_sheet_put_cell(gl_buf *out, gl_cell_kind kind, size_t column, gl_str text);
void gl_sheet_put_end(gl_buf *out);

/* The sheet of this name, or the first one that is not hidden ({NULL, 0}): where its rows begin, and its name (in the
 * arena). False: there is none. */
bool gl_sheet_find(gl_arena *arena, gl_str sheets, gl_str wanted, size_t *at, gl_str *name);
/* "Sheet1, Sheet2", cut where it becomes long. */
gl_str gl_sheet_names(gl_arena *arena, gl_str sheets);
/* As gl_csv_next: the next row at `rows`, which is the sheet's rows and has no delimiter. */
bool gl_sheet_next(gl_csv *rows, gl_arena *arena, gl_csv_row *row);
/* Appends "BC" for column 55. */
void gl_sheet_put_column(gl_buf *out, size_t column);

#endif
