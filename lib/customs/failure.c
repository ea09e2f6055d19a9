/* See failure.h. */
#include "customs/failure.h"

#include <inttypes.h>

#include "base/clock.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "io/envelope.h"

enum { DETAILS = 6 };

static bool is_in_its_partition(const gl_failed_record *record, const uint8_t *id)
{
    return record->partition_count <= 0 || gl_declaration_partition(id, record->partition_count) == record->partition;
}

/* What the header says does not matter: 16 bytes that agree with the key, or with a hash, are no chance. */
static bool is_whole(const gl_failed_record *record, const gl_declaration *declaration)
{
    if (record->key.len == GL_DECLARATION_ID_BYTES &&
        memcmp(declaration->declaration_id, record->key.ptr, GL_DECLARATION_ID_BYTES) == 0)
        return true;
    gl_declaration_id made = gl_declaration_id_of(declaration->submitter, declaration->functional_reference_id,
                                                  (gl_family)declaration->family);
    return memcmp(made.bytes, declaration->declaration_id, sizeof made.bytes) == 0 &&
           is_in_its_partition(record, made.bytes);
}

bool gl_failed_owner_of(gl_arena *arena, const gl_failed_record *record, gl_failed_owner *owner)
{
    gl_err ignored;
    gl_str value = record->value;
    gl_declaration *declaration = GL_NEW(arena, gl_declaration);
    if (value.len > GL_ENVELOPE_HEADER_BYTES &&
        gl_declaration_decode(declaration, (const uint8_t *)value.ptr + GL_ENVELOPE_HEADER_BYTES,
                              value.len - GL_ENVELOPE_HEADER_BYTES, NULL, arena, &ignored) &&
        is_whole(record, declaration)) {
        memcpy(owner->id.bytes, declaration->declaration_id, sizeof owner->id.bytes);
        owner->declaration = declaration;
        return true;
    }
    if (record->key.len != GL_DECLARATION_ID_BYTES || !is_in_its_partition(record, (const uint8_t *)record->key.ptr))
        return false;
    memcpy(owner->id.bytes, record->key.ptr, sizeof owner->id.bytes);
    owner->declaration = NULL;
    return true;
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
    if (declaration->entry_summary != NULL && declaration->entry_summary->first_entry_office_id.len > 0)
        return declaration->entry_summary->first_entry_office_id;
    if (declaration->declaration_office_id.len > 0)
        return declaration->declaration_office_id;
    return declaration->presentation_office_id.ptr == NULL ? GL_STR("") : declaration->presentation_office_id;
}

static size_t describe(gl_arena *arena, const gl_declaration *declaration, gl_event_detail *details)
{
    if (declaration == NULL) {
        details[0] = (gl_event_detail){GL_STR("known_by"), GL_STR("key")};
        return 1;
    }
    char *hex = gl_arena_alloc(arena, 2 * GL_SHA256_BYTES + 1), *accepted = gl_arena_alloc(arena, GL_TIME_TEXT_BYTES);
    gl_hex(declaration->content_digest, GL_SHA256_BYTES, hex);
    const gl_event_detail known[DETAILS] = {
        {GL_STR("mrn"), declaration->mrn},
        {GL_STR("functional_reference_id"), declaration->functional_reference_id},
        {GL_STR("submitter"), declaration->submitter},
        {GL_STR("content_digest"), gl_str_of(hex)},
        {GL_STR("accepted_at"), gl_time_format(declaration->accepted_at, accepted)},
        {GL_STR("office"), office_of(declaration)},
    };
    memcpy(details, known, sizeof known);
    return DETAILS;
}

bool gl_failure_event(gl_arena *arena, const char *stage, const gl_failed_record *record, const gl_err *why,
                      int64_t now_us, gl_str *key, gl_str *event)
{
    gl_failed_owner owner;
    if (!gl_failed_owner_of(arena, record, &owner))
        return false;
    gl_event_detail details[DETAILS];
    const char *id = gl_arena_printf(arena, "%s:%" PRId32 ":%" PRId64, stage, record->partition, record->offset);
    gl_event made = {.event_id = gl_str_of(id),
                     .type = GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE,
                     .occurred_at = now_us,
                     .received_at = now_us,
                     .source = gl_str_of(stage),
                     .code = gl_str_of(why->code),
                     .text = gl_str_of(why->message)};
    memcpy(made.declaration_id, owner.id.bytes, sizeof made.declaration_id);
    made.details.at = details;
    made.details.count = describe(arena, owner.declaration, details);
    gl_buf buf = gl_buf_in(arena);
    gl_schema_begin(&buf, GL_SCHEMA_EVENT_ENVELOPE);
    gl_event_encode(&buf, &made);
    *key = (gl_str){gl_arena_dup(arena, owner.id.bytes, sizeof owner.id.bytes), sizeof owner.id.bytes};
    *event = gl_buf_view(&buf);
    return true;
}
