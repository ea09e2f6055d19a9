/* National codes within subheadings: the lines of a tariff that could be meant, ranked by how well a description fits
 * their legal text.
 *
 * The share of a line among the lines of its subheading is fitted, not learnt: each word of the description that some
 * of them have and others have not counts by how few have it; words that a line excludes ("excl. ...") count against
 * it, and so does what it asks for beyond the description; a line for all others ("Other") is somewhat likelier than
 * its words. docs/CLASSIFY.md says how well the shares hold. A code's confidence is its share of its subheading's.
 *
 * Always holds: shares within a subheading sum to 1 (up to rounding); nothing is padded: each code is one of the
 * tariff's, or the first 8 digits of some. Immutable. Thread: any number share one. Locks: none.
 */
#ifndef GL_CLASSIFY_NATIONAL_H
#define GL_CLASSIFY_NATIONAL_H

#include "base/arena.h"
#include "classify/model.h"
#include "customs/tariff.h"

/* A share from which on the words decide: of those, seven in eight are right. */
enum { GL_NATIONAL_SURE_SHARE_PPM = 700000 };

typedef struct gl_national gl_national;

/* Takes the tariff. */
gl_national *gl_national_new(gl_tariff *tariff);
void gl_national_destroy(gl_national *national);
const gl_tariff *gl_national_tariff(const gl_national *national);

/* A question's description, and the hashes of its words once they are needed: where a subheading has one line alone
 * they never are. Large: on the stack, not in a batch's arena. */
enum { GL_NATIONAL_QUESTION_SLOTS = 2048 };
typedef struct gl_national_question {
    gl_str description; /* as it was sent */
    bool read;
    uint32_t mask;                              /* slots that are in use, less one; below: open addressing, 0: free */
    uint32_t slots[GL_NATIONAL_QUESTION_SLOTS]; /* more than twice the words that a description can have */
} gl_national_question;

/* The description stays the caller's. */
void gl_national_ask(gl_national_question *question, gl_str description);

typedef struct gl_national_candidate {
    char code[GL_TARIFF_CODE_DIGITS + 1];
    const gl_tariff_line *line; /* of this very code; NULL: the tariff only has lines below it */
    int32_t share_ppm;          /* of its subheading */
    int32_t confidence_ppm;
} gl_national_candidate;

typedef struct gl_national_list {
    gl_national_candidate *at; /* in the arena, likeliest first */
    size_t count;
    size_t unknown_count; /* of the subheadings: the tariff has no line of them */
} gl_national_list;

/* The codes below `count` subheadings: declarable `lines`, and their first 8 digits (`groups`; NULL: not wanted). No
 * subheading may be there twice. `ruled`: the code that an officer ruled for the description, or empty: where the
 * tariff has it, it alone is a candidate in its subheading. Does not call malloc but through the arena. */
void gl_national_rank(const gl_national *national, gl_arena *arena, gl_national_question *question, gl_str ruled,
                      const gl_hs_candidate *subheadings, size_t count, gl_national_list *lines,
                      gl_national_list *groups);

/* The share that each declarable line among `count` lines (next to each other, of one subheading, as gl_tariff_under
 * has them) has of them all; 0 for the others. Sums to 1. */
void gl_national_shares(const gl_national *national, gl_national_question *question, const gl_tariff_line *lines,
                        size_t count, double *shares);

/* The code that is sure within a subheading, of the rankings with 8 digits and of lines: as deep as its confidence
 * reaches `sure_ppm` and its share GL_NATIONAL_SURE_SHARE_PPM. NULL: none does. */
const gl_national_candidate *gl_national_answer(const gl_national_list *groups, const gl_national_list *lines,
                                                gl_str subheading, int32_t sure_ppm);

#endif
