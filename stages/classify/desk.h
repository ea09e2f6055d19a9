/* Descriptions that somebody asks about, answered with as many candidates as wanted: what the command line and the HTTP
 * service share, so that they agree. The stream has its own way (batch.h) with three candidates.
 *
 * Always holds: the answer depends on the classifier, its rulings, its findings and the question only, not on the cache
 * or the thread; the time is bounded whatever the text is. Thread: any number. Locks: one a part of the cache, one
 * around the list of scratches; none while the model is evaluated.
 */
#ifndef GL_CLASSIFY_DESK_H
#define GL_CLASSIFY_DESK_H

#include "base/buf.h"
#include "classify/classifier.h"
#include "classify/facts.h"
#include "classify/terms.h"
#include "classify/weigh.h"
#include "customs/duty.h"

enum {
    /* A longer description is refused: no byte of one that is answered was left unread. */
    GL_DESK_LIMIT_DESCRIPTION_BYTES = GL_TEXT_INPUT_MAX,
    GL_DESK_LIMIT_DECLARED_DIGITS = 14,
    GL_DESK_KEEPS_CANDIDATES = 10, /* in the cache; a longer list is made anew */
    GL_DESK_USUAL_CANDIDATES = 3,
};

typedef struct gl_ask {
    gl_str description;
    gl_str declared;  /* digits, or empty */
    gl_str submitter; /* whose findings its confidence is tightened by; empty: everybody's */
    size_t limit;     /* of candidates, 1 to GL_HS_LIST_LIMIT */
    bool explain;     /* with the words that it rests on, and the lexicon's closest terms */
    /* The tariff whose codes are wanted too; NULL: none. What follows is for it alone. */
    const struct gl_national *national;
    bool has_value;
    gl_duty_base base; /* what is to be paid for; has_value */
} gl_ask;

typedef enum gl_reply_way {
    GL_REPLY_REFUSED,  /* no model was asked: vague, no text, too long */
    GL_REPLY_CACHED,   /* from memory */
    GL_REPLY_COMPUTED, /* by the model */
    GL_REPLY_RULED,    /* by an officer, see text.precedent; the rest as above */
} gl_reply_way;

typedef struct gl_reply {
    gl_text_class text; /* of a description that is too long: VAGUE, reason too-long */
    bool too_long;
    gl_reply_way way;
    gl_hs_list list; /* of subheadings, at most ask.limit */
    size_t known;    /* of list.at are filled: more than list.count, where ask.limit cut it */
} gl_reply;

typedef struct gl_desk gl_desk;

/* `cache_entries` 0: nothing is kept. The classifier stays the caller's. */
gl_desk *gl_desk_new(const gl_classifier *classifier, size_t cache_entries);
/* Before it answers: what it asks back by; stays the caller's. Without it nothing is asked back. */
void gl_desk_use_facts(gl_desk *desk, const gl_facts *facts);
/* Before it answers: the lexicon that ask.explain shows terms of; stays the caller's. */
void gl_desk_use_terms(gl_desk *desk, const gl_terms *terms);
/* Before it answers: answers say of a ruling also who made it, and why. For operators, not for traders. */
void gl_desk_explain(gl_desk *desk);
/* Bytes of one entry of the cache. */
size_t gl_desk_entry_bytes(void);
void gl_desk_destroy(gl_desk *desk);
const gl_classifier *gl_desk_classifier(const gl_desk *desk);

void gl_desk_answer(gl_desk *desk, const gl_ask *ask, gl_reply *reply);
/* What to ask back: what would decide between the leading candidates; nothing where one of them leads alone. */
void gl_desk_missing(const gl_desk *desk, const gl_ask *ask, const gl_reply *reply, gl_missing *missing);

/* The lexicon's terms that are closest to the description; how many. None without a lexicon. */
size_t gl_desk_closest(const gl_desk *desk, const gl_ask *ask, gl_close_term at[GL_TERMS_SHOWN]);

/* The words that the likeliest subheading rests on; how many. They are slices of `normal`, which is filled. None of a
 * text that was ruled on, or refused. */
size_t gl_desk_weigh(gl_desk *desk, const gl_ask *ask, const gl_reply *reply, char normal[GL_TEXT_OUTPUT_MAX],
                     gl_weighed at[GL_WEIGH_SHOWN]);

/* Is it a code: 2 to GL_DESK_LIMIT_DECLARED_DIGITS digits? */
bool gl_desk_is_code(gl_str text);

/* One object, without a line feed: description, abstained, answer, roll_up, candidates, status, reason, model_version,
 * missing, of a declared code what the answer says of it, the ruling if there is one, why
 * if it is asked for, and with a tariff what it adds
 * (national_reply.h). */
void gl_reply_json(gl_buf *buf, gl_desk *desk, const gl_ask *ask, const gl_reply *reply);
/* A share of 1, with six decimals. */
void gl_reply_share_json(gl_buf *buf, int32_t ppm);
/* {"code":...,"confidence":...} */
void gl_reply_candidate_json(gl_buf *buf, const gl_hs_candidate *candidate);
/* CLASSIFIED, ABSTAINED, VAGUE, NO_DESCRIPTION, and REFUSED for one that is too long. */
const char *gl_reply_status(const gl_reply *reply);

#endif
