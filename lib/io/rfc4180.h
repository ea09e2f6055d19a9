/* CSV as RFC 4180 describes it, and as people write it: quoted cells with doubled quotes and line breaks inside, CRLF,
 * LF or CR, a byte order mark, another delimiter, UTF-8 or Latin-1.
 *
 * Always holds: one row at a time; cells are slices of the source unless they had to be changed (doubled quotes,
 * Latin-1), then of the arena; a row that breaks a rule is an error of that row only, and reading goes on behind it.
 * Thread: any; a reader belongs to one thread.
 */
#ifndef GL_IO_RFC4180_H
#define GL_IO_RFC4180_H

#include "base/arena.h"
#include "base/str.h"

enum { GL_CSV_LIMIT_COLUMNS = 512, GL_CSV_LIMIT_CELL_BYTES = 64 * 1024, GL_CSV_LIMIT_ROW_BYTES = 256 * 1024 };

/* What a cell is; a CSV file has texts only. */
typedef enum gl_cell_kind {
    GL_CELL_TEXT,
    GL_CELL_NUMBER,
    GL_CELL_DATE, /* ISO 8601 */
    GL_CELL_BOOLEAN,
    GL_CELL_ERROR,  /* "#N/A" */
    GL_CELL_FORMULA /* without its value */
} gl_cell_kind;

typedef struct gl_csv {
    gl_str bytes;
    size_t offset; /* of the next row */
    int64_t row;   /* number of the last row read, from 1 (RFC 7111: the header counts); blank lines count */
    char delimiter;
    bool latin1;
} gl_csv;

typedef struct gl_csv_row {
    gl_str cells[GL_CSV_LIMIT_COLUMNS];
    uint8_t kinds[GL_CSV_LIMIT_COLUMNS]; /* gl_cell_kind; gl_csv_next leaves them as they are */
    size_t count;
    int64_t row;
    gl_str source;      /* the row as it is in the file, without its line end */
    const char *error;  /* NULL, or a stable code: not-well-formed, encoding, too-large */
    const char *reason; /* static text */
    size_t error_cell;  /* from 0 */
} gl_csv_row;

/* Skips a byte order mark. */
void gl_csv_begin(gl_csv *csv, gl_str bytes, char delimiter, bool latin1);
/* false at the end. Blank lines are skipped. Changed cells are allocated in `arena`. */
bool gl_csv_next(gl_csv *csv, gl_arena *arena, gl_csv_row *row);

#endif
