/* Numbers of a spreadsheet as the sender sees them: a cell holds a binary number, and its format says what that is.
 *
 * Always holds: what comes out is a decimal number without an exponent, an ISO 8601 date, instant without a zone or
 * time, or the number as it was written; nothing is guessed. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_XLSX_NUMBER_H
#define GL_INGEST_FORMATS_XLSX_NUMBER_H

#include "base/buf.h"

typedef enum gl_number_kind {
    GL_NUMBER_PLAIN,
    GL_NUMBER_PADDED, /* with leading zeros, as codes are shown: "0000000000" */
    GL_NUMBER_DATE,
    GL_NUMBER_DATE_TIME,
    GL_NUMBER_TIME
} gl_number_kind;

typedef struct gl_number_style {
    gl_number_kind kind;
    size_t digits; /* PADDED */
} gl_number_style;

/* Of a format that every workbook has without saying so (ECMA-376 part 1, 18.8.30). */
gl_number_style gl_number_style_built_in(unsigned id);
/* Of a format's code: "dd/mm/yyyy;@", "0000000000". */
gl_number_style gl_number_style_of(gl_str code);

/* Appends the number `text` ("45620.5", "1.1E-2"). True: as a date or time; false: as a number, also one that is no
 * date of the calendar. `since_1904`: the workbook counts days from 1904. */
bool gl_number_put(gl_buf *out, gl_str text, gl_number_style style, bool since_1904);

#endif
