/* What stands around a message of UN/EDIFACT: whose it is and what it calls itself. An answer repeats it.
 *
 * Slices of the message, or of the arenas of its reader and its declaration.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_ENVELOPE_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_ENVELOPE_H

#include "base/str.h"

typedef struct gl_edi_envelope {
    /* UNB; empty where it could not be read. */
    uint32_t interchange;           /* which of several, from 1 */
    gl_str syntax, syntax_version;  /* 0001, 0002 */
    gl_str sender[4], recipient[4]; /* identification, qualifier, and two more */
    gl_str reference;               /* 0020 */
    bool test;                      /* 0035 */
    /* UNH; message 0: the entry is the interchange itself, which was refused. */
    uint32_t message;         /* which of several, from 1 */
    gl_str message_reference; /* 0062 */
    gl_str message_id[5];     /* type, version, release, agency, association's code */
} gl_edi_envelope;

#endif
