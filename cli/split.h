/* Splitting a large file into messages that ingest takes in one call, at boundaries of declarations.
 *
 * Always holds: head + part + tail is a message of its own; the parts together are the file; rows that make one
 * declaration stay together. What cannot be split for certain is one part.
 */
#ifndef GL_CLI_SPLIT_H
#define GL_CLI_SPLIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "ingest/formats/reader.h"

enum { GL_SPLIT_LIMIT_BYTES = 8 * 1024 * 1024, GL_SPLIT_LRN_COLUMNS = 8 };

/* How a CSV profile makes declarations of rows (ingest's /v1/profiles/NAME). */
typedef struct gl_split_rule {
    char delimiter;
    bool group; /* adjacent rows with the same LRN are one declaration */
    gl_str lrn[GL_SPLIT_LRN_COLUMNS];
    size_t lrn_count;
} gl_split_rule;

typedef struct gl_split {
    gl_format format;
    gl_str source;
    gl_str head, tail;  /* around each part: a CSV's header row, a JSON array's brackets */
    gl_split_rule rule; /* CSV */
    size_t lrn_at[GL_SPLIT_LRN_COLUMNS];
    bool whole; /* one part */
    size_t at;
    int64_t position;        /* of the next declaration, from 1 */
    int64_t row, header_row; /* CSV: rows before `at`, and the header's number */
    gl_arena *scratch;       /* CSV */
} gl_split;

typedef struct gl_part {
    gl_str bytes; /* without head and tail */
    int64_t position, count;
    int64_t rows_before; /* CSV: how many more rows are before it in the file than in its message */
} gl_part;

/* `rule`: NULL when it is not known (a CSV is then one part). Slices of the rule and the source are borrowed. */
void gl_split_begin(gl_split *split, gl_format format, gl_str source, const gl_split_rule *rule);
void gl_split_end(gl_split *split);
/* The next part of at most `limit` declarations and about GL_SPLIT_LIMIT_BYTES. false at the end. */
bool gl_split_next(gl_split *split, int64_t limit, gl_part *part);
/* Makes the pointers of an answer (JSON) to a part point into the file. */
void gl_split_rebase(const gl_split *split, const gl_part *part, gl_str answer, gl_buf *out);

#endif
