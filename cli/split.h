/* Splitting a large file into messages that ingest takes in one call, at boundaries of declarations. */
#ifndef GL_CLI_SPLIT_H
#define GL_CLI_SPLIT_H

#include "base/str.h"
#include "ingest/formats/reader.h"

typedef struct gl_split {
    gl_format format;
    gl_str source;
    gl_str header; /* CSV: the header row with its line end, sent before each part */
    size_t at;
    int64_t position; /* of the next declaration or row, from 1 */
} gl_split;

typedef struct gl_part {
    gl_str bytes; /* without the header */
    int64_t position, count;
} gl_part;

void gl_split_begin(gl_split *split, gl_format format, gl_str source);
/* The next part of at most `limit` rows or lines; formats that cannot be split are one part. false at the end. */
bool gl_split_next(gl_split *split, int64_t limit, gl_part *part);

#endif
