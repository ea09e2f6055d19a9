/* Messages to traders as the WCO Data Model has them (RES, 3.6), in the form of the UK's DMS: the parts that decide's
 * notifications and ingest's answers are made of.
 *
 * MetaData holds one or many Response. Within one the order is the schema's (WCO_RES_2_DMS.xsd): gl_response_begin,
 * statements, errors, status, gl_response_end. Always holds: what is written is well-formed whatever the texts hold,
 * and within the schema's lengths. Thread: any.
 */
#ifndef GL_CUSTOMS_RESPONSE_H
#define GL_CUSTOMS_RESPONSE_H

#include "base/buf.h"

/* Function codes. */
#define GL_RESPONSE_ACCEPTED    "01"
#define GL_RESPONSE_RECEIVED    "02"
#define GL_RESPONSE_REJECTED    "03"
#define GL_RESPONSE_CONTROL     "05"
#define GL_RESPONSE_DOCUMENTS   "06"
#define GL_RESPONSE_CLEARED     "09"
#define GL_RESPONSE_INVALIDATED "10"
#define GL_RESPONSE_REQUEST     "11"

/* Of statements and errors: bytes, never in the middle of a character. */
enum { GL_RESPONSE_TEXT_BYTES = 512, GL_RESPONSE_REFERENCE_CHARS = 32, GL_RESPONSE_CODE_CHARS = 17 };

/* A place in a declaration: a class of the WCO Data Model ("68A"), which one of several, and an element of it. */
typedef struct gl_response_pointer {
    int32_t sequence;    /* from 1; 0: not said */
    const char *section; /* DocumentSectionCode, at most 3 characters */
    const char *tag;     /* TagID, at most 4 characters; NULL: the class itself */
} gl_response_pointer;

/* What a response is about. Empty texts and times of 0 are left out. */
typedef struct gl_response_subject {
    int64_t accepted_us, cancelled_us, rejected_us;
    gl_str lrn, mrn;
    int32_t version; /* below 0: left out */
} gl_response_subject;

/* The document around the responses. */
void gl_response_open(gl_buf *buf);
void gl_response_close(gl_buf *buf);

/* 32 lower-case hexadecimal digits of what makes the message the one it is: the same for the same bytes. */
void gl_response_reference(gl_str what, char hex[GL_RESPONSE_REFERENCE_CHARS + 1]);
void gl_response_begin(gl_buf *buf, const char *function_code, const char *reference, int64_t issued_us);
/* AdditionalInformation of type ACA. `code`: at most 17 characters. `until_us` 0: no limit. `about` (may be NULL): what
 * of the response it says more of. */
void gl_response_statement(gl_buf *buf, const char *code, gl_str text, int64_t until_us,
                           const gl_response_pointer *about);
/* The same for a text that may be longer than one statement: as many as it takes, in its order. */
void gl_response_statements(gl_buf *buf, const char *code, gl_str text, const gl_response_pointer *about);
/* `validation_code`: at most 8 characters. */
void gl_response_error(gl_buf *buf, gl_str text, const char *validation_code, const gl_response_pointer *pointers,
                       size_t pointer_count);
/* Status: 39 granted, 41 denied. */
void gl_response_status(gl_buf *buf, const char *code);
void gl_response_end(gl_buf *buf, const gl_response_subject *subject);

#endif
