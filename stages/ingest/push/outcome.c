/* See outcome.h. */
#include "ingest/push/outcome.h"

#include "base/clock.h"
#include "customs/ids.h"

enum { ID_BYTES = 8, NAME_LIMIT_BYTES = 32 };

bool gl_outcome_is_for(const gl_outcome *outcome, const gl_account *account)
{
    return account->officer || (account->name[0] != '\0' && gl_str_eqz(outcome->told.submitter, account->name));
}

/* The same for this record whoever sends it and however often, and no position that would tell how much others send. */
static void put_id(gl_buf *buf, const gl_outcome *outcome)
{
    uint8_t text[GL_DECLARATION_ID_BYTES + 12], digest[GL_SHA256_BYTES];
    char hex[2 * ID_BYTES + 1];
    memcpy(text, outcome->told.declaration_id, GL_DECLARATION_ID_BYTES);
    for (int i = 0; i < 4; i++)
        text[GL_DECLARATION_ID_BYTES + i] = (uint8_t)((uint32_t)outcome->partition >> (24 - 8 * i));
    for (int i = 0; i < 8; i++)
        text[GL_DECLARATION_ID_BYTES + 4 + i] = (uint8_t)((uint64_t)outcome->offset >> (56 - 8 * i));
    gl_sha256((gl_str){(const char *)text, sizeof text}, digest);
    gl_hex(digest, ID_BYTES, hex);
    gl_buf_text(buf, hex);
}

static void put_member(gl_buf *buf, const char *name, gl_str text)
{
    if (text.len == 0)
        return;
    gl_buf_text(buf, ",\"");
    gl_buf_text(buf, name);
    gl_buf_text(buf, "\":");
    gl_buf_json(buf, text);
}

/* What the message says of the declaration. A refused request (DMSREQ) leaves what stood; a refusal without a version
 * is of a message whose LRN is another's, and what became of that one is not told by it. */
static gl_str result_of(const gl_notification *told)
{
    static const struct {
        const char *name, *outcome;
    } rows[] = {{"DMSCLE", "RELEASED"}, {"DMSCTL", "HELD"},    {"DMSDOC", "HELD"},
                {"DMSREJ", "REFUSED"},  {"DMSINV", "REFUSED"}, {"IE3N03", "RELEASED"}, /* ICS2's */
                {"IE3Q02", "HELD"},     {"IE3Q03", "HELD"},    {"IE3N02", "HELD"},
                {"IE3Q01", "REFUSED"},  {"IE3R07", "REFUSED"}, {NULL, NULL}};
    for (size_t i = 0; rows[i].name != NULL; i++)
        if (gl_str_eqz(told->message_name, rows[i].name) &&
            (told->decision_version > 0 || strcmp(rows[i].outcome, "REFUSED") != 0))
            return gl_str_of(rows[i].outcome);
    return (gl_str){NULL, 0};
}

void gl_outcome_json(gl_buf *buf, const gl_outcome *outcome, bool officer)
{
    const gl_notification *told = &outcome->told;
    char id[2 * GL_DECLARATION_ID_BYTES + 1], at[GL_TIME_TEXT_BYTES];
    gl_hex(told->declaration_id, GL_DECLARATION_ID_BYTES, id);
    gl_buf_text(buf, "{\"id\":\"");
    put_id(buf, outcome);
    gl_buf_byte(buf, '"');
    put_member(buf, "mrn", told->mrn);
    put_member(buf, "lrn", told->functional_reference_id);
    put_member(buf, "declaration_id", gl_str_of(id));
    if (officer)
        put_member(buf, "submitter", told->submitter);
    if (told->decision_version > 0) {
        gl_buf_text(buf, ",\"version\":");
        gl_buf_int(buf, told->decision_version);
    }
    put_member(buf, "message_name", told->message_name);
    put_member(buf, "function_code", told->function_code);
    put_member(buf, "issued_at", gl_time_format(told->issued_at, at));
    put_member(buf, "outcome", result_of(told));
    gl_buf_byte(buf, '}');
}

/* An event's name stands on a line of its own. */
static bool is_name(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 'A' || text.ptr[i] > 'Z')
            return false;
    return text.len > 0 && text.len <= NAME_LIMIT_BYTES;
}

void gl_outcome_event(gl_buf *buf, const gl_outcome *outcome, bool officer, gl_str id)
{
    gl_buf_text(buf, "id: ");
    gl_buf_str(buf, id);
    if (is_name(outcome->told.message_name)) {
        gl_buf_text(buf, "\nevent: ");
        gl_buf_str(buf, outcome->told.message_name);
    }
    gl_buf_text(buf, "\ndata: ");
    gl_outcome_json(buf, outcome, officer);
    gl_buf_text(buf, "\n\n");
}
