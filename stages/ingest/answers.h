/* Answers to a message in the form its sender asked for: JSON, WCO responses (XML), a CSV of errors or EDIFACT.
 *
 * A writer appends to a buffer: what stands before, one answer after the other, what stands behind. Always holds: the
 * same answers are in every form (docs/FORMATS.md, "Answers"); no cell of the CSV begins a formula. Thread: any; a
 * writer belongs to one.
 */
#ifndef GL_INGEST_ANSWERS_H
#define GL_INGEST_ANSWERS_H

#include "ingest/jobs.h"

typedef struct gl_answer_writer {
    gl_buf *buf;
    gl_answer_form form;
    bool lines;          /* JSON: an object a line, and nothing around them */
    bool rejected_only;  /* accepted ones are counted, not written */
    bool looked_at;      /* JSON: the words of a validation */
    const char *account; /* XML: whose message it is */
    int64_t now_us;      /* XML */
    const char *batch;   /* JSON: id of the batch; NULL or "": none */
    bool single;         /* XML: there is one answer; to an ICS message it is a message of ICS */
    bool opened, alone;  /* XML: what stands before was written; nothing stands around it */
    size_t accepted, rejected, written;
    struct gl_edifact_answers *edifact; /* the interchange in the making, until it is flushed */
} gl_answer_writer;

void gl_answers_begin(gl_answer_writer *writer);
void gl_answers_add(gl_answer_writer *writer, const gl_answer *answer);
void gl_answers_end(gl_answer_writer *writer);
/* More answers may come, from another writer: what cannot wait for them is written. */
void gl_answers_pause(gl_answer_writer *writer);

/* All answers of a job that was committed. */
void gl_answers_of_job(gl_buf *buf, const gl_job *job);
/* What the intake says of itself: position, LRN, columns, and whose message it is. */
void gl_answer_describe(gl_answer *answer, const gl_intake *intake);
/* Of one that was only looked at. `intake` must outlive it. */
gl_answer gl_answer_of_intake(const gl_intake *intake);
/* Of a message that was refused as a whole; `error` must outlive it, and is filled. */
gl_answer gl_answer_of_message(const gl_err *why, gl_rejection_validation_error *error);

/* What an Accept header asks for, with the Content-Type of the answer; false: nothing that there is. */
bool gl_answer_form_of(gl_str accept, gl_answer_form *form, const char **content_type);
/* ".answers.ndjson": of an answers file. */
const char *gl_answer_ending(gl_answer_form form);

/* The forms; answer.c, answer_xml.c, answer_ics.c, answer_csv.c, answer_edifact.c. */
void gl_answer_json(gl_buf *buf, const gl_answer *answer);
void gl_answer_xml(gl_answer_writer *writer, const gl_answer *answer);
void gl_answer_ics(const gl_answer_writer *writer, const gl_answer *answer);
void gl_answer_csv_header(gl_buf *buf);
void gl_answer_csv(gl_answer_writer *writer, const gl_answer *answer);
void gl_answer_edifact(gl_answer_writer *writer, const gl_answer *answer);
void gl_answer_edifact_flush(gl_answer_writer *writer);

#endif
