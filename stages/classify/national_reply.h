/* What a national tariff adds to an answered question (desk.h), or to an item of the stream (national_record.h): the
 * national codes to choose by, the one that is sure, and, of a declared code, its rate beside that of the answer and
 * the duty at stake.
 *
 * Duties are those of the tariff's general rate: no preference, quota or other measure is in them. Always holds:
 * amounts are exact decimals of the value's currency, two places; one that is not wholly known is not given. Thread:
 * any. Locks: none.
 */
#ifndef GL_CLASSIFY_NATIONAL_REPLY_H
#define GL_CLASSIFY_NATIONAL_REPLY_H

#include "classify/desk.h"
#include "classify/national.h"

/* Candidates that are shown are as many as asked for, at least the usual ones, and end behind so many bytes of JSON:
 * legal texts are long. */
enum { GL_NATIONAL_USUAL_CANDIDATES = 10, GL_NATIONAL_LIMIT_JSON_BYTES = 32 * 1024 };

/* The rate of a code: of one line, or of several below it. */
typedef struct gl_code_rate {
    char code[GL_TARIFF_CODE_DIGITS + 1]; /* the tariff's, of the line or above all of them; "": it has none */
    int32_t confidence_ppm;               /* of all its lines; 0 for a subheading that the model does not have */
    bool same;                            /* all its lines have the same rate */
    gl_str rate;                          /* as it is written; same */
    gl_duty_kind kind;                    /* same */
    bool has_duty;                        /* of several lines: the mean by their shares, and each of them can be told */
    gl_decimal duty;
} gl_code_rate;

typedef struct gl_national_reply {
    const gl_tariff *tariff;
    gl_national_list lines, groups;      /* below the leading subheadings and the declared one */
    const gl_national_candidate *answer; /* NULL: none is sure */
    bool has_declared, has_answer;
    gl_code_rate declared_rate, answer_rate; /* of the answer, however deep */
    bool has_stake;                          /* the declared code's duty and that of the likeliest line are known */
    gl_decimal stake;                        /* the likeliest line's duty less the declared code's */
    bool has_expected;
    gl_decimal expected;  /* the mean by confidence over all lines whose duty is known, less the declared code's */
    int32_t expected_ppm; /* confidence that they have together */
} gl_national_reply;

/* `ask` has a tariff; `leading`: the likeliest subheadings of the text, GL_HS_LIST_LIMIT at most. A code is sure from
 * `sure_ppm` on: the classifier's threshold. What is made lives in the arena and in the tariff; malloc is not called
 * but through the arena. */
void gl_national_make(gl_national_reply *out, gl_arena *arena, int32_t sure_ppm, const gl_ask *ask,
                      const gl_text_class *text, const gl_hs_candidate *leading, size_t count);
/* The same of an answered question. */
void gl_national_reply_make(gl_national_reply *out, gl_arena *arena, int32_t sure_ppm, const gl_ask *ask,
                            const gl_reply *reply);
/* ,"tariff":{...}: a member of gl_reply_json's object. */
void gl_national_reply_json(gl_buf *buf, int32_t sure_ppm, const gl_ask *ask, const gl_reply *reply);

#endif
