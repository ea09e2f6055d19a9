/* The goods lexicon's terms that are closest to a text, as the reason that is shown beside an answer: "closest: men's
 * cotton t-shirt, 610910". From models/classify/terms.gz, which training/lexicon/terms.py makes.
 *
 * A term and what decides its code are words; a rare word counts more than a common one (TF-IDF, cosine). Always holds:
 * the index is immutable after it was read; the result depends on file and text only; the work is bounded whatever the
 * text is: candidates come from the text's rarest words, at most GL_TERMS_CANDIDATES. Thread: any number share one
 * gl_terms. Locks: none.
 */
#ifndef GL_CLASSIFY_TERMS_H
#define GL_CLASSIFY_TERMS_H

#include "base/buf.h"
#include "base/err.h"

enum {
    GL_TERMS_FILE_LIMIT_BYTES = 8 << 20, /* packed */
    GL_TERMS_TEXT_LIMIT_BYTES = 32 << 20,
    GL_TERMS_LIMIT = 1000000,
    GL_TERMS_LINE_LIMIT_BYTES = 512,
    GL_TERMS_CANDIDATES = 4000,
    GL_TERMS_SHOWN = 3,
};

typedef struct gl_terms gl_terms;

/* Slices point into the gl_terms. */
typedef struct gl_close_term {
    gl_str code;            /* six digits */
    gl_str term;            /* as it is in the lexicon */
    gl_str decides;         /* "material=cotton;for=men", or empty */
    int32_t similarity_ppm; /* cosine, 0 to 1,000,000 */
} gl_close_term;

/* NULL with GL_FATAL: terms-unreadable, terms-invalid (with the line). */
gl_terms *gl_terms_open(const char *path, gl_err *err);
/* Of unpacked lines; takes `text` (from malloc). */
gl_terms *gl_terms_parse(char *text, size_t len, gl_err *err);
void gl_terms_destroy(gl_terms *terms);
size_t gl_terms_count(const gl_terms *terms);

/* The closest to a normalised text, closest first, of each code one; how many, at most GL_TERMS_SHOWN. None: no term
 * has a third of similarity. */
size_t gl_terms_closest(const gl_terms *terms, gl_str normal, gl_close_term at[GL_TERMS_SHOWN]);

/* [{"term","code","decides","similarity"}] */
void gl_terms_json(gl_buf *buf, const gl_close_term *at, size_t count);

#endif
