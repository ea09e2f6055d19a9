/* What the beginning of somebody's CSV or sheet looks like: its delimiter, its encoding, and what kind of values each
 * column has.
 *
 * Always holds: only looks; nothing is decided about what a column means. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_CSV_SAMPLE_H
#define GL_INGEST_FORMATS_CSV_SAMPLE_H

#include "base/arena.h"
#include "base/err.h"
#include "ingest/formats/reader.h"
#include "io/rfc4180.h"

enum { GL_SAMPLE_LIMIT_ROWS = 1000, GL_SAMPLE_DATE_FORMATS = 10 };
/* As mappings write them; the first is ISO 8601. */
extern const char *const gl_sample_date_formats[GL_SAMPLE_DATE_FORMATS];

typedef struct gl_sample_column {
    gl_str name;
    gl_str example; /* the first value there is, or empty */
    size_t filled;  /* rows with a value; the counts below are of these */
    size_t points;  /* numbers with a decimal point, or whole ones */
    size_t commas;  /* numbers with a decimal comma, or whole ones */
    size_t letters; /* two letters */
    size_t lower;   /* two letters, and not both capital */
    size_t currencies, commodities;
    size_t dates[GL_SAMPLE_DATE_FORMATS];
    bool repeats; /* a value is there again in the next row */
    bool returns; /* a value is there again, with another one between */
} gl_sample_column;

typedef struct gl_sample {
    char delimiter; /* 0: a sheet */
    bool latin1;
    size_t rows; /* looked at, without the header */
    size_t count;
    gl_sample_column *columns;
} gl_sample;

/* Errors (GL_DEAD_LETTER): mapping-sample, saying what keeps the file from being read by a mapping at all: no rows,
 * no delimiter, a column without a name or with the name of another. */
bool gl_sample_take(gl_arena *arena, gl_format format, gl_str csv, gl_sample *sample, gl_err *err);

#endif
