/* See notification.h. */
#include "decide/notification.h"

#include <stdio.h>

#include "base/clock.h"
#include "customs/cusres.h"
#include "customs/response.h"
#include "io/envelope.h"

typedef struct dms_function {
    const char *code, *name;
} dms_function;

static const dms_function CONTROL = {GL_RESPONSE_CONTROL, "DMSCTL"}, DOCUMENTS = {GL_RESPONSE_DOCUMENTS, "DMSDOC"},
                          CLEARED = {GL_RESPONSE_CLEARED, "DMSCLE"}, REJECTED = {GL_RESPONSE_REJECTED, "DMSREJ"},
                          INVALIDATED = {GL_RESPONSE_INVALIDATED, "DMSINV"}, REQUEST = {GL_RESPONSE_REQUEST, "DMSREQ"};

/* By the procedure letter of its MRN: what stands of a clearance knows no more. */
static bool is_entry_summary(const gl_message *message)
{
    return message->mrn.len == GL_MRN_CHARS && message->mrn.ptr[GL_MRN_CHARS - 2] == 'T';
}

static bool is_held_for(const gl_message *message, const char *reason)
{
    return message->hold != NULL && gl_str_eqz(message->hold->reason_code, reason);
}

static const dms_function *dms_of(const gl_message *message)
{
    if (message->kind == GL_MESSAGE_LRN_REUSED)
        return &REJECTED;
    if (message->denied)
        return &REQUEST;
    if (message->outcome == GL_DECISION_OUTCOME_REFUSED)
        return gl_str_eqz(message->refused_for, "cancelled") ? &INVALIDATED : &REJECTED;
    if (message->outcome == GL_DECISION_OUTCOME_RELEASED)
        return &CLEARED;
    bool examination = message->hold == NULL
                           ? message->lane == GL_DECISION_LANE_RED
                           : is_held_for(message, "examination") || is_held_for(message, "referral-rfs");
    return examination ? &CONTROL : &DOCUMENTS;
}

/* ICS2's, of an entry summary: assessment complete, referral for information or for screening, do not load. What it is
 * held for besides a referral is told as an assessment that is not complete. */
static const char *name_of(const gl_message *message, const dms_function *dms)
{
    if (!is_entry_summary(message))
        return dms->name;
    if (dms == &CLEARED)
        return "IE3N03";
    if (dms == &INVALIDATED)
        return "IE3R07";
    if (dms == &REQUEST || message->kind == GL_MESSAGE_LRN_REUSED || gl_str_eqz(message->refused_for, "mrn-collision"))
        return "IE3N99";
    if (dms == &REJECTED)
        return "IE3Q01";
    if (message->hold == NULL ? dms == &CONTROL : is_held_for(message, "referral-rfs"))
        return "IE3Q03";
    return message->hold == NULL || is_held_for(message, "referral-rfi") ? "IE3Q02" : "IE3N02";
}

static void add_hold(gl_buf *buf, const gl_decision_hold *hold)
{
    char name[GL_RESPONSE_CODE_CHARS + 1] = {0};
    size_t len = hold->reason_code.len < GL_RESPONSE_CODE_CHARS ? hold->reason_code.len : GL_RESPONSE_CODE_CHARS;
    int64_t until_us = hold->until.set ? hold->until.value : 0;
    if (len > 0)
        memcpy(name, hold->reason_code.ptr, len);
    gl_response_statement(buf, name, hold->text, until_us, NULL);
    if (hold->place.len > 0)
        gl_response_statement(buf, "place", hold->place, 0, NULL);
    for (size_t i = 0; i < hold->required.count; i++)
        gl_response_statement(buf, "required", hold->required.at[i], until_us, NULL);
}

/* ValidationCode is an..8. */
typedef struct refusal {
    const char *refused_for, *code, *text;
} refusal;

static const refusal REUSED =
                         {"", "GL-LRN",
                          "lrn-reused: this LRN was used before for a declaration with other content; a correction "
                          "needs a new LRN, or an amendment"},
                     REFUSALS[] = {{"mrn-collision", "GL-MRN",
                                    "mrn-collision: another declaration has the same MRN characters; submit it again "
                                    "under another LRN"},
                                   {"inspection", "GL-INSP", "inspection: the goods were examined and not released"},
                                   {"officer", "GL-OFF", "officer: refused by a customs officer"},
                                   {"do-not-load", "GL-DNL", "do-not-load: the goods must not be loaded"},
                                   {"", "GL-REF", "refused"}};

static const refusal *refusal_of(const gl_message *message)
{
    if (message->kind == GL_MESSAGE_LRN_REUSED)
        return &REUSED;
    const refusal *at = REFUSALS;
    while (at->refused_for[0] != '\0' && !gl_str_eqz(message->refused_for, at->refused_for))
        at++;
    return at;
}

static void add_error(gl_buf *buf, const gl_message *message)
{
    /* Section and tag as in the WCO model: Declaration (42A), FunctionalReferenceID (D026). */
    static const gl_response_pointer lrn = {.section = "42A", .tag = "D026"};
    const refusal *why = refusal_of(message);
    gl_response_error(buf, gl_str_of(why->text), why->code, &lrn, 1);
}

static gl_response_subject subject_of(const gl_message *message, const dms_function *dms)
{
    return (gl_response_subject){.accepted_us = message->accepted_us,
                                 .cancelled_us = dms == &INVALIDATED ? message->now_us : 0,
                                 .rejected_us = dms == &REJECTED ? message->now_us : 0,
                                 .lrn = message->lrn,
                                 .mrn = message->mrn,
                                 .version = message->version};
}

/* The same when the batch runs again. */
static void reference_of(const gl_message *message, char hex[GL_RESPONSE_REFERENCE_CHARS + 1])
{
    uint8_t text[GL_DECLARATION_ID_BYTES + 1 + 8];
    memcpy(text, message->declaration_id, GL_DECLARATION_ID_BYTES);
    text[GL_DECLARATION_ID_BYTES] = (uint8_t)message->kind;
    for (int i = 0; i < 8; i++)
        text[GL_DECLARATION_ID_BYTES + 1 + i] = (uint8_t)((uint64_t)message->sequence >> (56 - 8 * i));
    gl_response_reference((gl_str){(const char *)text, sizeof text}, hex);
}

static const char DUPLICATE[] = "The same declaration was submitted before: its MRN and status stand",
                  SUPERSEDED[] = "An older version, which a newer one has replaced: what was decided on that stands";

static void add_statements(gl_buf *buf, const gl_message *message, const dms_function *dms)
{
    if (message->kind == GL_MESSAGE_DUPLICATE)
        gl_response_statement(buf, "duplicate", gl_str_of(DUPLICATE), 0, NULL);
    if (message->kind == GL_MESSAGE_SUPERSEDED)
        gl_response_statement(buf, "superseded", gl_str_of(SUPERSEDED), 0, NULL);
    if (message->note != NULL)
        gl_response_statement(buf, message->note, message->note_text, 0, NULL);
    if ((dms == &CONTROL || dms == &DOCUMENTS) && message->hold != NULL)
        add_hold(buf, message->hold);
}

gl_str gl_message_xml(gl_arena *arena, const gl_message *message)
{
    const dms_function *dms = dms_of(message);
    char reference[GL_RESPONSE_REFERENCE_CHARS + 1];
    gl_response_subject subject = subject_of(message, dms);
    reference_of(message, reference);
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, 1024);
    gl_response_open(&buf);
    gl_response_begin(&buf, dms->code, reference, message->now_us);
    add_statements(&buf, message, dms);
    if (dms == &REJECTED)
        add_error(&buf, message);
    if (dms == &REQUEST)
        gl_response_status(&buf, "41");
    gl_response_end(&buf, &subject);
    gl_response_close(&buf);
    return gl_buf_view(&buf);
}

/* -- As UN/EDIFACT
 * ---------------------------------------------------------------------------------------------------------- */

gl_str gl_message_edifact_of(gl_str format, gl_str profile)
{
    static const char prefix[] = "edifact-";
    size_t len = sizeof prefix - 1, colons = 0, at = 0;
    if (format.len <= len || memcmp(format.ptr, prefix, len) != 0)
        return GL_STR("");
    /* "CUSDEC D:96B:UN" */
    while (at < profile.len && colons < 1)
        colons += profile.ptr[at++] == ':';
    return at + 3 <= profile.len ? (gl_str){profile.ptr + at, 3} : GL_STR("96B");
}

bool gl_message_says(gl_str payload, const char *statement)
{
    static const char *const around[][2] = {{"<StatementCode>", "<"}, {"FTX+ACB++", "+"}};
    char text[64];
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        int len = snprintf(text, sizeof text, "%s%s%s", around[i][0], statement, around[i][1]);
        if (memmem(payload.ptr, payload.len, text, (size_t)len) != NULL)
            return true;
    }
    return false;
}

static gl_cusres_hold cusres_hold(const gl_decision_hold *hold, char until[GL_TIME_TEXT_BYTES])
{
    gl_cusres_hold told = {.reason = hold->reason_code,
                           .text = hold->text,
                           .place = hold->place,
                           .required = hold->required.at,
                           .required_count = hold->required.count};
    if (hold->until.set)
        told.until = gl_time_format(hold->until.value, until);
    return told;
}

static const char *cusres_status(const gl_message *message, const dms_function *dms, const gl_cusres_hold *hold)
{
    if (dms == &CLEARED)
        return GL_CUSRES_RELEASED;
    if (dms == &CONTROL)
        return GL_CUSRES_EXAMINE;
    if (dms == &DOCUMENTS)
        return message->hold == NULL ? GL_CUSRES_DOCUMENTS : gl_cusres_held(hold);
    return GL_CUSRES_REJECTED;
}

static void put_statements(gl_edifact *out, const gl_message *message, const gl_cusres_hold *hold)
{
    if (message->kind == GL_MESSAGE_DUPLICATE)
        gl_edifact_text(out, "ACB", "duplicate", gl_str_of(DUPLICATE));
    if (message->kind == GL_MESSAGE_SUPERSEDED)
        gl_edifact_text(out, "ACB", "superseded", gl_str_of(SUPERSEDED));
    if (message->note != NULL)
        gl_edifact_text(out, "ACB", message->note, message->note_text);
    gl_cusres_put_hold(out, hold);
}

gl_str gl_message_cusres(gl_arena *arena, const gl_message *message)
{
    const dms_function *dms = dms_of(message);
    char reference[GL_RESPONSE_REFERENCE_CHARS + 1], until[GL_TIME_TEXT_BYTES];
    bool held = message->hold != NULL && (dms == &CONTROL || dms == &DOCUMENTS);
    gl_cusres_hold hold = held ? cusres_hold(message->hold, until) : (gl_cusres_hold){0};
    gl_buf buf = gl_buf_in(arena);
    gl_edifact out;
    gl_buf_reserve(&buf, 1024);
    reference_of(message, reference);
    gl_cusres response = {.number = 1,
                          .reference = gl_str_of(reference),
                          .status = cusres_status(message, dms, &hold),
                          .issued_us = message->now_us};
    gl_cusres_release(message->edifact, response.release);
    gl_cusres_open(&out, &buf, message->submitter, &response);
    put_statements(&out, message, &hold);
    gl_cusres_status(&out, &response);
    gl_cusres_reference(&out, "ABE", message->lrn);
    gl_cusres_reference(&out, "ABT", message->mrn);
    if (dms == &REJECTED) {
        const refusal *why = refusal_of(message);
        gl_cusres_error(&out, &(gl_cusres_place){.tag = GL_STR("")}, why->code);
        gl_edifact_text(&out, "AAO", NULL, gl_str_of(why->text));
    }
    gl_cusres_close(&out, &response);
    return gl_buf_view(&buf);
}

/* -- As it is sent
 * ---------------------------------------------------------------------------------------------------------- */

gl_str gl_message_value(gl_arena *arena, const gl_message *message)
{
    const dms_function *dms = dms_of(message);
    gl_notification notification = {.mrn = message->mrn,
                                    .functional_reference_id = message->lrn,
                                    .submitter = message->submitter,
                                    .decision_version = message->version,
                                    .function_code = gl_str_of(dms->code),
                                    .message_name = gl_str_of(name_of(message, dms)),
                                    .issued_at = message->now_us,
                                    .content_type = GL_STR("application/xml")};
    if (message->edifact.len > 0)
        notification.content_type = GL_STR("application/EDIFACT");
    notification.payload =
        message->edifact.len > 0 ? gl_message_cusres(arena, message) : gl_message_xml(arena, message);
    memcpy(notification.declaration_id, message->declaration_id, sizeof notification.declaration_id);
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, notification.payload.len + 256);
    gl_schema_begin(&buf, GL_SCHEMA_NOTIFICATION_ENVELOPE);
    gl_notification_encode(&buf, &notification);
    return gl_buf_view(&buf);
}
