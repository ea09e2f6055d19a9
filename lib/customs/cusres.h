/* CUSRES: a customs response of UN/EDIFACT, what ingest's answers, decide's notifications and the status are made of
 * for those who declare in EDIFACT.
 *
 * Within one the order is the directory's: gl_cusres_begin (or _open), texts, gl_cusres_status, references, errors,
 * gl_cusres_end (or _close).
 * Always holds: a message that the directory of its release takes (D.00A with GIS, D.03A and later with GEI). Thread:
 * any.
 */
#ifndef GL_CUSTOMS_CUSRES_H
#define GL_CUSTOMS_CUSRES_H

#include "customs/edifact.h"

/* What became of it: data element 7365. */
#define GL_CUSRES_ACCEPTED  "1"
#define GL_CUSRES_REJECTED  "2"
#define GL_CUSRES_RELEASED  "4"
#define GL_CUSRES_EXAMINE   "5"
#define GL_CUSRES_DOCUMENTS "6"
#define GL_CUSRES_DETAINED  "7"
#define GL_CUSRES_ARRIVAL   "9"
#define GL_CUSRES_RECEIVED  "17"

typedef struct gl_cusres {
    size_t number;    /* in its interchange */
    char release[4];  /* "00A" to "16B" */
    gl_str reference; /* its own, at most 35 characters */
    const char *status;
    int64_t issued_us;
} gl_cusres;

/* Where an error is: of a declaration in EDIFACT the segment, else the item. Empty, 0: not known. */
typedef struct gl_cusres_place {
    int32_t item;
    gl_str tag;
    uint32_t position;
} gl_cusres_place;

/* The release of an answer to a message of that release: its own, or D.00A for those before D.03A. */
void gl_cusres_release(gl_str release, char answer[4]);

void gl_cusres_begin(gl_edifact *out, const gl_cusres *message);
void gl_cusres_status(gl_edifact *out, const gl_cusres *message);
/* RFF: ABE the declarant's reference (LRN), ABT the MRN, ACW the message that is answered. Nothing when it is empty. */
void gl_cusres_reference(gl_edifact *out, const char *qualifier, gl_str id);
/* ERP and ERC; what is said of it follows by gl_edifact_text. `code`: at most 8 characters. */
void gl_cusres_error(gl_edifact *out, const gl_cusres_place *place, const char *code);
void gl_cusres_end(gl_edifact *out, const gl_cusres *message);

/* What is held, of a decision or of a status. */
typedef struct gl_cusres_hold {
    gl_str reason, text, place, until;
    const gl_str *required;
    size_t required_count;
} gl_cusres_hold;
/* 7365 of it: examination, documents to be produced, or detained for something else. */
const char *gl_cusres_held(const gl_cusres_hold *hold);
/* FTX: why, where, until when and what is wanted. */
void gl_cusres_put_hold(gl_edifact *out, const gl_cusres_hold *hold);

/* A message that is alone in its interchange, from us to an account, in UTF-8: what it has stands between these. */
void gl_cusres_open(gl_edifact *out, gl_buf *buf, gl_str account, const gl_cusres *message);
void gl_cusres_close(gl_edifact *out, const gl_cusres *message);

#endif
