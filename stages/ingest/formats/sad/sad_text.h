/* Numbers and dates as ASYCUDA's exports have them, in the locale of whoever exported.
 *
 * A document is looked through once for what tells its locale; then each text is read by it. Always holds: a text that
 * could be two numbers, or two days, is read as neither unless the document tells which. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_SAD_SAD_TEXT_H
#define GL_INGEST_FORMATS_SAD_SAD_TEXT_H

#include "base/arena.h"
#include "base/str.h"

/* What the texts of a document have told so far; zeroed: nothing. */
typedef struct gl_sad_locale {
    bool point, comma;           /* decimals were seen behind it */
    bool day_first, month_first; /* a date was seen that can only be read so */
} gl_sad_locale;

typedef enum gl_sad_reading { GL_SAD_READ, GL_SAD_AMBIGUOUS, GL_SAD_UNREADABLE } gl_sad_reading;

/* Takes note of a number ("1.234,50": decimals behind a comma) or of a date ("5/14/15": the month first). */
void gl_sad_learn_number(gl_sad_locale *locale, gl_str text);
void gl_sad_learn_date(gl_sad_locale *locale, gl_str text);

/* "1,234.50", "1 234,50", "1.5E7": as digits with at most one '.', in the arena; rounded to 15 decimals. */
gl_sad_reading gl_sad_number(gl_arena *arena, const gl_sad_locale *locale, gl_str text, gl_str *number);
/* "5/14/15", "2015-05-14T00:00:00", "14.05.2015", "14-MAY-2015": as "2015-05-14", in the arena; a time behind it is
 * passed over. Years of two digits are from 1970 to 2069. */
gl_sad_reading gl_sad_date(gl_arena *arena, const gl_sad_locale *locale, gl_str text, gl_str *date);
/* Is it a number, and that number 0? */
bool gl_sad_zero(gl_str text);

#endif
