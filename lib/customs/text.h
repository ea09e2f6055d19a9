/* Goods descriptions made comparable: one spelling for what traders write in many ways.
 *
 * Lower case, Latin accents folded, every run of digits (with its punctuation) one "0", apostrophes and combining marks
 * left out, other punctuation, symbols, controls and bytes that are not UTF-8 as word separators.
 * training/classify/text.py does the same byte for byte: lib/customs/golden_text.tsv binds the two. Always holds: the
 * result is well-formed UTF-8 of at most GL_TEXT_OUTPUT_MAX bytes, words separated by one space, no space at either
 * end; normalising it again changes nothing; the time is bounded whatever the input's size.
 */
#ifndef GL_CUSTOMS_TEXT_H
#define GL_CUSTOMS_TEXT_H

#include "base/str.h"

enum {
    GL_TEXT_INPUT_MAX = 8192,  /* bytes of the input that are read */
    GL_TEXT_OUTPUT_MAX = 1024, /* bytes */
};

/* Writes the normalised text (no NUL) and returns it as a slice of `out`; empty when there is no letter and no digit.
 */
gl_str gl_text_normalise(gl_str raw, char out[GL_TEXT_OUTPUT_MAX]);

/* The next word of a normalised text, cutting it off the front of `*rest`; empty at the end. */
gl_str gl_text_word(gl_str *rest);
/* How many words a normalised text has. */
size_t gl_text_words(gl_str normal);

#endif
