/* See notification.h. */
#include "decide/notification.h"

#include "base/clock.h"
#include "io/envelope.h"

enum { REFERENCE_CHARS = 32, DESCRIPTION_LIMIT_BYTES = 512, VERSION_LIMIT = 999999999 };
enum { US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400 };

typedef struct dms_function {
    const char *code, *name;
} dms_function;

static const dms_function CONTROL = {"05", "DMSCTL"}, DOCUMENTS = {"06", "DMSDOC"}, CLEARED = {"09", "DMSCLE"},
                          REJECTED = {"03", "DMSREJ"}, INVALIDATED = {"10", "DMSINV"}, REQUEST = {"11", "DMSREQ"};

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
    bool examination = message->hold == NULL ? message->lane == GL_DECISION_LANE_RED
                                             : gl_str_eqz(message->hold->reason_code, "examination");
    return examination ? &CONTROL : &DOCUMENTS;
}

static void put_number(char *text, int width, int value)
{
    for (int i = width - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Format 304: YYYYMMDDhhmmssZ. */
static void add_time(gl_buf *buf, const char *element, int64_t wall_us)
{
    int64_t seconds = wall_us / US_PER_SECOND;
    int year, month, day;
    gl_date_civil((int32_t)(seconds / SECONDS_PER_DAY), &year, &month, &day);
    int second = (int)(seconds % SECONDS_PER_DAY);
    char text[15];
    put_number(text, 4, year);
    put_number(text + 4, 2, month);
    put_number(text + 6, 2, day);
    put_number(text + 8, 2, second / 3600);
    put_number(text + 10, 2, second / 60 % 60);
    put_number(text + 12, 2, second % 60);
    text[14] = 'Z';
    gl_buf_byte(buf, '<');
    gl_buf_text(buf, element);
    gl_buf_text(buf, "><ds:DateTimeString formatCode=\"304\">");
    gl_buf_bytes(buf, text, sizeof text);
    gl_buf_text(buf, "</ds:DateTimeString></");
    gl_buf_text(buf, element);
    gl_buf_byte(buf, '>');
}

static gl_str cut(gl_str text, size_t limit)
{
    if (text.len <= limit)
        return text;
    while (limit > 0 && ((unsigned char)text.ptr[limit] & 0xC0) == 0x80)
        limit--;
    return (gl_str){text.ptr, limit};
}

static void add_text(gl_buf *buf, const char *element, gl_str text)
{
    gl_buf_byte(buf, '<');
    gl_buf_text(buf, element);
    gl_buf_byte(buf, '>');
    gl_buf_xml(buf, cut(text, DESCRIPTION_LIMIT_BYTES));
    gl_buf_text(buf, "</");
    gl_buf_text(buf, element);
    gl_buf_byte(buf, '>');
}

/* ACA: the statement type of the sample DMSDOC. */
static void add_statement(gl_buf *buf, const char *code, gl_str text, gl_opt_i64 until)
{
    gl_buf_text(buf, "<AdditionalInformation>");
    add_text(buf, "StatementCode", gl_str_of(code));
    add_text(buf, "StatementDescription", text);
    if (until.set)
        add_time(buf, "LimitDateTime", until.value);
    gl_buf_text(buf, "<StatementTypeCode>ACA</StatementTypeCode></AdditionalInformation>");
}

static void add_hold(gl_buf *buf, const gl_decision_hold *hold)
{
    gl_str code = cut(hold->reason_code, 17); /* StatementCode: an..17 */
    char name[18] = {0};
    if (code.len > 0)
        memcpy(name, code.ptr, code.len);
    add_statement(buf, name, hold->text, hold->until);
    if (hold->place.len > 0)
        add_statement(buf, "place", hold->place, (gl_opt_i64){0});
    for (size_t i = 0; i < hold->required.count; i++)
        add_statement(buf, "required", hold->required.at[i], hold->until);
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
    const refusal *why = refusal_of(message);
    gl_buf_text(buf, "<Error>");
    add_text(buf, "Description", gl_str_of(why->text));
    add_text(buf, "ValidationCode", gl_str_of(why->code));
    /* Sections and tag as in the WCO model: Declaration (42A), FunctionalReferenceID (D026). */
    gl_buf_text(buf, "<Pointer><DocumentSectionCode>42A</DocumentSectionCode><TagID>D026</TagID></Pointer></Error>");
}

static void add_declaration(gl_buf *buf, const gl_message *message, const dms_function *dms)
{
    gl_buf_text(buf, "<Declaration>");
    if (message->accepted_us > 0)
        add_time(buf, "AcceptanceDateTime", message->accepted_us);
    if (dms == &INVALIDATED)
        add_time(buf, "CancellationDateTime", message->now_us);
    if (message->lrn.len > 0)
        add_text(buf, "FunctionalReferenceID", message->lrn);
    if (message->mrn.len > 0)
        add_text(buf, "ID", message->mrn);
    if (dms == &REJECTED)
        add_time(buf, "RejectionDateTime", message->now_us);
    gl_buf_text(buf, "<VersionID>");
    gl_buf_int(buf, message->version > VERSION_LIMIT ? VERSION_LIMIT : message->version);
    gl_buf_text(buf, "</VersionID></Declaration>");
}

/* 32 hex digits, as the sample messages have them, and the same when the batch runs again. */
static void reference_of(const gl_message *message, char hex[REFERENCE_CHARS + 1])
{
    uint8_t text[GL_DECLARATION_ID_BYTES + 1 + 8], digest[GL_SHA256_BYTES];
    memcpy(text, message->declaration_id, GL_DECLARATION_ID_BYTES);
    text[GL_DECLARATION_ID_BYTES] = (uint8_t)message->kind;
    for (int i = 0; i < 8; i++)
        text[GL_DECLARATION_ID_BYTES + 1 + i] = (uint8_t)((uint64_t)message->sequence >> (56 - 8 * i));
    gl_sha256((gl_str){(const char *)text, sizeof text}, digest);
    gl_hex(digest, REFERENCE_CHARS / 2, hex);
}

gl_str gl_message_xml(gl_arena *arena, const gl_message *message)
{
    const dms_function *dms = dms_of(message);
    char reference[REFERENCE_CHARS + 1];
    reference_of(message, reference);
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, 1024);
    gl_buf_text(
        &buf,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><MetaData xmlns=\"urn:wco:datamodel:WCO:DocumentMetaData-DMS:2\">"
        "<WCODataModelVersionCode>3.6</WCODataModelVersionCode><WCOTypeName>RES</WCOTypeName>"
        "<Response xmlns=\"urn:wco:datamodel:WCO:RES-DMS:2\" xmlns:ds=\"urn:wco:datamodel:WCO:Response_DS:DMS:2\">");
    add_text(&buf, "FunctionCode", gl_str_of(dms->code));
    add_text(&buf, "FunctionalReferenceID", (gl_str){reference, REFERENCE_CHARS});
    add_time(&buf, "IssueDateTime", message->now_us);
    if (message->kind == GL_MESSAGE_DUPLICATE)
        add_statement(&buf, "duplicate", GL_STR("The same declaration was submitted before: its MRN and status stand"),
                      (gl_opt_i64){0});
    if (message->kind == GL_MESSAGE_SUPERSEDED)
        add_statement(&buf, "superseded",
                      GL_STR("An older version, which a newer one has replaced: what was decided on that stands"),
                      (gl_opt_i64){0});
    if (message->note != NULL)
        add_statement(&buf, message->note, message->note_text, (gl_opt_i64){0});
    if ((dms == &CONTROL || dms == &DOCUMENTS) && message->hold != NULL)
        add_hold(&buf, message->hold);
    if (dms == &REJECTED)
        add_error(&buf, message);
    if (dms == &REQUEST) /* 39 granted, 41 denied */
        gl_buf_text(&buf, "<Status><NameCode>41</NameCode></Status>");
    add_declaration(&buf, message, dms);
    gl_buf_text(&buf, "</Response></MetaData>");
    return gl_buf_view(&buf);
}

gl_str gl_message_value(gl_arena *arena, const gl_message *message)
{
    const dms_function *dms = dms_of(message);
    gl_notification notification = {.mrn = message->mrn,
                                    .functional_reference_id = message->lrn,
                                    .submitter = message->submitter,
                                    .decision_version = message->version,
                                    .function_code = gl_str_of(dms->code),
                                    .message_name = gl_str_of(dms->name),
                                    .issued_at = message->now_us,
                                    .content_type = GL_STR("application/xml"),
                                    .payload = gl_message_xml(arena, message)};
    memcpy(notification.declaration_id, message->declaration_id, sizeof notification.declaration_id);
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, notification.payload.len + 256);
    gl_schema_begin(&buf, GL_SCHEMA_NOTIFICATION_ENVELOPE);
    gl_notification_encode(&buf, &notification);
    return gl_buf_view(&buf);
}
