/* The rows of tariff files, in each format, as lines that are not yet in order. For tariff.c alone.
 *
 * Always holds: what is added is within the limits of tariff.h; texts are copied into the arena. Thread: any. Locks:
 * none.
 */
#ifndef GL_CUSTOMS_TARIFF_READ_H
#define GL_CUSTOMS_TARIFF_READ_H

#include "base/arena.h"
#include "customs/tariff.h"

typedef struct gl_tariff_rows {
    gl_arena *arena;    /* of the texts */
    gl_tariff_line *at; /* heap; the owner's to free, also after an error; code, digits, text and rate are set */
    size_t count, cap;
    gl_tariff_counts counts; /* rows and headings */
} gl_tariff_rows;

/* Errors (GL_FATAL): tariff-invalid with the row (CSV: from 1, with the header) or the code, tariff-too-large. */
bool gl_tariff_read(gl_tariff_rows *rows, gl_tariff_format format, gl_str bytes, gl_err *err);

#endif
