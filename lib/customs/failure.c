/* See failure.h. */
#include "customs/failure.h"

#include <inttypes.h>

#include "base/clock.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "io/envelope.h"

enum { DETAILS = 6 };

/* What the header says does not matter: 16 bytes that agree with the key are no chance. */
bool gl_failed_declaration(gl_arena *arena, gl_str key, gl_str value, gl_declaration *declaration)
{
    gl_err ignored;
    return key.len == GL_DECLARATION_ID_BYTES && value.len > GL_ENVELOPE_HEADER_BYTES &&
           gl_declaration_decode(declaration, (const uint8_t *)value.ptr + GL_ENVELOPE_HEADER_BYTES,
                                 value.len - GL_ENVELOPE_HEADER_BYTES, NULL, arena, &ignored) &&
           memcmp(declaration->declaration_id, key.ptr, GL_DECLARATION_ID_BYTES) == 0;
}

bool gl_declaration_key_check(gl_str key, const gl_declaration *declaration, gl_err *err)
{
    if (key.len == GL_DECLARATION_ID_BYTES &&
        memcmp(key.ptr, declaration->declaration_id, GL_DECLARATION_ID_BYTES) == 0)
        return true;
    return gl_fail(err, GL_DEAD_LETTER, "declaration-key", "the record's key is not the id of its declaration");
}

static gl_str office_of(const gl_declaration *declaration)
{
    if (declaration->declaration_office_id.len > 0)
        return declaration->declaration_office_id;
    return declaration->presentation_office_id.ptr == NULL ? GL_STR("") : declaration->presentation_office_id;
}

bool gl_failure_event(gl_arena *arena, const char *stage, const gl_failed_record *record, const gl_err *why,
                      int64_t now_us, gl_str *event)
{
    gl_declaration *declaration = GL_NEW(arena, gl_declaration);
    if (!gl_failed_declaration(arena, record->key, record->value, declaration))
        return false;
    char hex[2 * GL_SHA256_BYTES + 1], accepted[GL_TIME_TEXT_BYTES];
    gl_hex(declaration->content_digest, GL_SHA256_BYTES, hex);
    gl_event_detail details[DETAILS] = {
        {GL_STR("mrn"), declaration->mrn},
        {GL_STR("functional_reference_id"), declaration->functional_reference_id},
        {GL_STR("submitter"), declaration->submitter},
        {GL_STR("content_digest"), gl_str_of(hex)},
        {GL_STR("accepted_at"), gl_time_format(declaration->accepted_at, accepted)},
        {GL_STR("office"), office_of(declaration)},
    };
    const char *id = gl_arena_printf(arena, "%s:%" PRId32 ":%" PRId64, stage, record->partition, record->offset);
    gl_event made = {.event_id = gl_str_of(id),
                     .type = GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE,
                     .occurred_at = now_us,
                     .received_at = now_us,
                     .source = gl_str_of(stage),
                     .code = gl_str_of(why->code),
                     .text = gl_str_of(why->message)};
    memcpy(made.declaration_id, declaration->declaration_id, sizeof made.declaration_id);
    made.details.at = details;
    made.details.count = DETAILS;
    gl_buf buf = gl_buf_in(arena);
    gl_schema_begin(&buf, GL_SCHEMA_EVENT_ENVELOPE);
    gl_event_encode(&buf, &made);
    *event = gl_buf_view(&buf);
    return true;
}
