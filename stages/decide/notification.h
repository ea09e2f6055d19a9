/* Outgoing messages: DMS-style WCO responses (RES, Data Model 3.6), one for each decision, duplicate, refusal and
 * technical hold; to who declared in UN/EDIFACT a CUSRES that says the same.
 *
 * 09 DMSCLE cleared, 05 DMSCTL control (RED), 06 DMSDOC documents (YELLOW, a failed claim, and every other hold: what
 * keeps it and until when), 03 DMSREJ refused, 10 DMSINV cancelled, 11 DMSREQ (status 41) for an amendment or a
 * cancellation that came after the end. A duplicate gets the message of the decision that stands, with the first
 * MRN and a remark. Of an entry summary the message's name is ICS2's (IE3N03, IE3Q01, IE3Q02, IE3Q03), and what it
 * holds the same. The trader reads what is held and what to send, never scores or criteria. Always holds: the XML is
 * well-formed whatever the texts hold, valid against WCO_RES_2_DMS.xsd, and the same for the same input.
 */
#ifndef DECIDE_NOTIFICATION_H
#define DECIDE_NOTIFICATION_H

#include "base/buf.h"
#include "customs/ids.h"
#include "gen/topics.h"

typedef enum gl_message_kind {
    GL_MESSAGE_DECISION,
    GL_MESSAGE_DUPLICATE,
    GL_MESSAGE_LRN_REUSED,
    GL_MESSAGE_TECHNICAL_HOLD,
    GL_MESSAGE_SUPERSEDED
} gl_message_kind;

typedef struct gl_message {
    gl_message_kind kind;
    const uint8_t *declaration_id; /* 16 bytes */
    gl_str mrn, lrn, submitter;
    int32_t version; /* of the decision it tells of; 0: none */
    int64_t
        sequence; /* tells messages of one kind for one declaration apart: version, duplicate count, record offset */
    gl_decision_lane lane;
    gl_decision_outcome outcome;
    gl_str refused_for; /* of a refused one: see gl_clearance */
    bool denied;        /* a request (amendment, cancellation) that came too late: DMSREQ */
    const char *note;   /* statement code (at most 17 characters) of what caused it, or NULL */
    gl_str note_text;
    const gl_decision_hold *hold; /* NULL: none, or not known any more (a duplicate) */
    int64_t accepted_us;          /* 0: not known */
    int64_t now_us;
    gl_str edifact; /* release ("96B") of a declaration that came as UN/EDIFACT; empty: another format */
} gl_message;

/* The value for gl.notifications, with its header. */
gl_str gl_message_value(gl_arena *arena, const gl_message *message);
/* How the message is told (gl_message.edifact) of what a declaration came as. */
gl_str gl_message_edifact_of(gl_str format, gl_str profile);
/* Does a payload have a statement of this code? Both forms have. */
bool gl_message_says(gl_str payload, const char *statement);
/* The XML alone. */
gl_str gl_message_xml(gl_arena *arena, const gl_message *message);
/* The interchange alone. */
gl_str gl_message_cusres(gl_arena *arena, const gl_message *message);

#endif
