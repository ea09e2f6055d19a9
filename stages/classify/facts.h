/* What is missing in a description: the one or two facts that would decide between the leading candidates, as questions
 * to the trader ("knitted or woven?"). What decides between subheadings is in models/classify/facts.txt, made from the
 * goods lexicon by training/lexicon/facts.py.
 *
 * Always holds: facts are immutable after they were read; what is asked depends on file, text and candidates only; a
 * fact that the text states is not asked for; the work is bounded whatever the text is. Thread: any number share one
 * gl_facts. Locks: none.
 */
#ifndef GL_CLASSIFY_FACTS_H
#define GL_CLASSIFY_FACTS_H

#include "base/buf.h"
#include "base/err.h"
#include "classify/model.h"

enum {
    GL_FACTS_FILE_LIMIT_BYTES = 1024 * 1024,
    GL_FACTS_CANDIDATES = 10,      /* the leading ones, between which is decided ... */
    GL_FACTS_LEADING_PPM = 900000, /* ... that have so much confidence together */
    GL_FACTS_VALUES = 10,          /* of one question */
    GL_FACTS_ASKED = 2,            /* questions at once */
};

typedef struct gl_facts gl_facts;

typedef struct gl_fact_value {
    gl_str value;
    uint32_t of; /* bit i: gl_missing.codes[i] has this value */
} gl_fact_value;

typedef struct gl_fact_question {
    gl_str attribute; /* of the lexicon: material, construction, for ...; goods: the question is what it is */
    gl_str wording;   /* what stands in front of the values */
    size_t count;     /* of values, likeliest first; 0 for goods */
    gl_fact_value values[GL_FACTS_VALUES];
} gl_fact_question;

/* Slices point into the gl_facts. A candidate without a value of an attribute may have any. */
typedef struct gl_missing {
    size_t count;
    gl_fact_question asked[GL_FACTS_ASKED]; /* the one that decides most first */
    char codes[GL_FACTS_CANDIDATES][GL_HS_CODE_DIGITS + 1];
} gl_missing;

/* NULL with GL_FATAL: facts-unreadable, facts-invalid (with the line). */
gl_facts *gl_facts_open(const char *path, gl_err *err);
gl_facts *gl_facts_parse(gl_str text, gl_err *err);
void gl_facts_destroy(gl_facts *facts);

/* `normal`: a normalised text, `at` its candidates, likeliest first. No question: no attribute decides. */
void gl_facts_missing(const gl_facts *facts, gl_str normal, const gl_hs_candidate *at, size_t count,
                      gl_missing *missing);
/* The question what the goods are: of a text that does not say it, or whose candidates no attribute tells apart. */
void gl_facts_ask_all(const gl_facts *facts, gl_missing *missing);

/* "What is it mostly made of: cotton, wool or silk?" */
void gl_fact_question_text(gl_buf *buf, const gl_fact_question *question);
/* [{"attribute","question","values":[{"value","codes":[...]}]}] */
void gl_missing_json(gl_buf *buf, const gl_missing *missing);

#endif
