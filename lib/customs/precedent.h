/* Precedents: an officer's ruling on a goods description, as gl.precedents carries it.
 *
 * A ruling is about the words of the normalised description, whatever their order and however often each is there.
 * Always holds: which ruling stands depends on the rulings alone, not on the order in which they arrive or on how often
 * (gl_precedent_before). Thread: any. Locks: none.
 */
#ifndef GL_CUSTOMS_PRECEDENT_H
#define GL_CUSTOMS_PRECEDENT_H

#include "base/buf.h"
#include "customs/text.h"
#include "gen/precedent.h"

enum {
    GL_PRECEDENT_TEXT_BYTES = 16,
    GL_PRECEDENT_KEY_BYTES = 32, /* of a record: the text's, then the event's */
    GL_PRECEDENT_MIN_DIGITS = 6,
    GL_PRECEDENT_MAX_DIGITS = 10,
};

#define GL_PRECEDENT_TOPIC "gl.precedents"

/* Which text a ruling is about: of SHA-256 over its words. */
typedef struct gl_precedent_text {
    uint8_t bytes[GL_PRECEDENT_TEXT_BYTES];
} gl_precedent_text;

/* The words of a normalised text, each once, sorted by their bytes, one space between; a slice of `out`. */
gl_str gl_precedent_words(gl_str normal, char out[GL_TEXT_OUTPUT_MAX]);
/* Of such words. */
gl_precedent_text gl_precedent_text_of(gl_str words);
/* Of a normalised text. */
gl_precedent_text gl_precedent_text_of_normal(gl_str normal);

/* 6 to 10 digits. */
bool gl_precedent_is_code(gl_str code);
/* Is there a letter in the normalised text? Nothing is ruled of one that has none. */
bool gl_precedent_is_text(gl_str normal);

/* The key of its record on gl.precedents: the same event has the same. */
void gl_precedent_key(const gl_precedent *precedent, uint8_t key[GL_PRECEDENT_KEY_BYTES]);
/* Of two rulings on the same words: does `a` give way to `b`? By made_at; at the same instant a revocation stands, else
 * the greater account and event id. */
bool gl_precedent_before(const gl_precedent *a, const gl_precedent *b);

#endif
