/* See clearance.h. */
#include "decide/clearance.h"

#include "base/clock.h"
#include "customs/ids.h"
#include "io/envelope.h"
#include "io/json.h"
#include "stage/stage.h"

enum { VIEW_LIMIT_BYTES = 1 << 20, VIEW_LIMIT_NODES = 20000, HEADER_BYTES = 5 };

/* -- What an earlier version of decide did not keep
 * ----------------------------------------------------------------------------------------- */

static gl_json *view_of(gl_arena *arena, const gl_clearance *clearance)
{
    gl_err ignored;
    return clearance->view.len == 0
               ? NULL
               : gl_json_parse(arena, clearance->view, VIEW_LIMIT_BYTES, VIEW_LIMIT_NODES, &ignored);
}

static gl_str text_of(const gl_json *json, const char *name)
{
    gl_str text = json == NULL ? (gl_str){NULL, 0} : gl_json_text(json, name);
    return text.ptr == NULL ? GL_STR("") : text;
}

static gl_decision_hold *hold_of_view(gl_arena *arena, const gl_json *view)
{
    const gl_json *json = view == NULL ? NULL : gl_json_get(view, "hold");
    gl_decision_hold *hold = GL_NEW(arena, gl_decision_hold);
    bool known = json != NULL && json->type == GL_JSON_OBJECT;
    *hold = (gl_decision_hold){.reason_code = known ? text_of(json, "reason") : GL_STR("documents"),
                               .text = known ? text_of(json, "text") : GL_STR("Held"),
                               .place = known ? text_of(json, "place") : GL_STR("customs office of presentation")};
    if (!known)
        return hold;
    int64_t until_us;
    if (gl_time_parse(text_of(json, "until"), &until_us))
        hold->until = GL_SOME_I64(until_us);
    const gl_json *required = gl_json_get(json, "required");
    if (required == NULL || required->type != GL_JSON_ARRAY)
        return hold;
    hold->required.at = GL_NEW_N(arena, gl_str, required->count);
    for (size_t i = 0; i < required->count; i++)
        if (required->items[i]->type == GL_JSON_STRING)
            hold->required.at[hold->required.count++] = required->items[i]->text;
    return hold;
}

/* -- What was before
 * ------------------------------------------------------------------------------------------------------------------ */

static gl_decision_hold *decision_hold(gl_arena *arena, const gl_clearance_hold *hold)
{
    gl_decision_hold *made = GL_NEW(arena, gl_decision_hold);
    *made = (gl_decision_hold){
        .reason_code = hold->reason_code, .text = hold->text, .place = hold->place, .until = hold->until};
    made->required.at = hold->required.at;
    made->required.count = hold->required.count;
    return made;
}

gl_clearance_hold *gl_clearance_hold_of(gl_arena *arena, const gl_decision_hold *hold)
{
    if (hold == NULL)
        return NULL;
    gl_clearance_hold *made = GL_NEW(arena, gl_clearance_hold);
    *made = (gl_clearance_hold){
        .reason_code = hold->reason_code, .text = hold->text, .place = hold->place, .until = hold->until};
    made->required.at = hold->required.at;
    made->required.count = hold->required.count;
    return made;
}

gl_decision_prior *gl_clearance_prior(gl_arena *arena, const gl_clearance *clearance)
{
    gl_decision_prior *prior = GL_NEW(arena, gl_decision_prior);
    *prior =
        (gl_decision_prior){.lane = (gl_decision_lane)clearance->lane,
                            .outcome = (gl_decision_outcome)clearance->outcome,
                            .refused_for = clearance->refused_for.ptr == NULL ? GL_STR("") : clearance->refused_for};
    if (clearance->intended_outcome.set) {
        prior->intended_outcome = (gl_decision_outcome)clearance->intended_outcome.value;
        prior->hold = clearance->hold == NULL ? NULL : decision_hold(arena, clearance->hold);
        return prior;
    }
    gl_json *view = view_of(arena, clearance);
    if (!gl_decision_outcome_find(text_of(view, "intended_outcome"), &prior->intended_outcome))
        prior->intended_outcome = prior->outcome;
    if (prior->outcome == GL_DECISION_OUTCOME_HELD)
        prior->hold = hold_of_view(arena, view);
    if (prior->outcome == GL_DECISION_OUTCOME_REFUSED)
        prior->refused_for = GL_STR("mrn-collision"); /* the only one there was */
    return prior;
}

bool gl_clearance_may_expire(const gl_clearance *clearance)
{
    return clearance->version > 0 && clearance->outcome != GL_CLEARANCE_OUTCOME_HELD && !clearance->undecided;
}

/* -- Sections
 * -------------------------------------------------------------------------------------------------------------------------
 */

static void least_sections(gl_arena *arena, const uint8_t id[16], const gl_clearance *clearance, gl_assessed *out)
{
    gl_json *view = view_of(arena, clearance);
    const gl_json *test = view == NULL ? NULL : gl_json_get(view, "test");
    *out = (gl_assessed){.schema_id = GL_SCHEMA_ID_ASSESSED};
    gl_declaration *declaration = &out->declaration;
    memcpy(declaration->declaration_id, id, GL_DECLARATION_ID_BYTES);
    memcpy(declaration->content_digest, clearance->digest, sizeof declaration->content_digest);
    declaration->mrn = clearance->mrn;
    declaration->functional_reference_id = clearance->functional_reference_id;
    declaration->submitter = clearance->submitter;
    declaration->accepted_at = clearance->accepted_at;
    declaration->declaration_office_id = text_of(view, "office");
    declaration->test_indicator = test != NULL && test->type == GL_JSON_TRUE;
    out->classification.degraded = true;
    out->assessment.degraded = true;
    bool assessed = clearance->version > 0 && !clearance->undecided;
    out->classification.classified_at = out->assessment.assessed_at = assessed ? clearance->decided_at : 0;
    gl_buf buf = gl_buf_in(arena);
    gl_declaration_encode(&buf, declaration);
    gl_classification_encode(&buf, &out->classification);
    gl_assessment_encode(&buf, &out->assessment);
    out->body = gl_buf_view(&buf);
}

bool gl_clearance_sections(gl_arena *arena, const uint8_t id[16], const gl_clearance *clearance, gl_assessed *out,
                           gl_err *err)
{
    if (clearance->body.len == 0) {
        least_sections(arena, id, clearance, out);
        return true;
    }
    if (gl_assessed_decode(out, (const uint8_t *)clearance->body.ptr, clearance->body.len, arena, err))
        return true;
    if (strcmp(err->code, "envelope-schema-unknown") ==
        0) { /* of a version that was rolled back, for which it is kept */
        *err = (gl_err){0};
        least_sections(arena, id, clearance, out);
        return true;
    }
    return gl_state_unreadable(err, "the body of a clearance");
}

gl_str gl_clearance_body(gl_arena *arena, gl_str value, const gl_assessed *assessed)
{
    const gl_topic_schema *schema = &gl_topic_schemas[GL_SCHEMA_ASSESSED];
    /* As it came, also in an earlier version's schema: what could read the record can read it here, so that decide
     * alone may be rolled back; and with all that a newer one says. */
    if (assessed->origin != NULL || assessed->schema_id == gl_schema_ids[GL_SCHEMA_ASSESSED] ||
        gl_topic_schema_of_id(assessed->schema_id) == schema)
        return value;
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, assessed->body.len + HEADER_BYTES);
    gl_schema_begin(&buf, GL_SCHEMA_ASSESSED);
    gl_buf_str(&buf, assessed->body);
    return gl_buf_view(&buf);
}

/* -- Lists of hashes
 * ------------------------------------------------------------------------------------------------------------------ */

static bool list_has(gl_str list, const uint8_t *hash)
{
    for (size_t at = 0; at + GL_CLEARANCE_HASH_BYTES <= list.len; at += GL_CLEARANCE_HASH_BYTES)
        if (memcmp(list.ptr + at, hash, GL_CLEARANCE_HASH_BYTES) == 0)
            return true;
    return false;
}

static gl_str list_with(gl_arena *arena, gl_str list, const uint8_t *hash, size_t limit)
{
    size_t most = (limit - 1) * GL_CLEARANCE_HASH_BYTES, from = list.len > most ? list.len - most : 0;
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, list.len - from + GL_CLEARANCE_HASH_BYTES);
    if (list.len > from)
        gl_buf_bytes(&buf, list.ptr + from, list.len - from);
    gl_buf_bytes(&buf, hash, GL_CLEARANCE_HASH_BYTES);
    return gl_buf_view(&buf);
}

/* The source's length frames it, so that no two pairs give the same bytes to hash. */
static void hash_event(gl_arena *arena, gl_str source, gl_str event_id, uint8_t hash[GL_SHA256_BYTES])
{
    uint8_t size[4] = {(uint8_t)(source.len >> 24), (uint8_t)(source.len >> 16), (uint8_t)(source.len >> 8),
                       (uint8_t)source.len};
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, sizeof size + source.len + event_id.len);
    gl_buf_bytes(&buf, size, sizeof size);
    gl_buf_str(&buf, source);
    gl_buf_str(&buf, event_id);
    gl_sha256(gl_buf_view(&buf), hash);
}

bool gl_clearance_has_event(gl_arena *arena, const gl_clearance *clearance, gl_str source, gl_str event_id)
{
    uint8_t hash[GL_SHA256_BYTES];
    if (clearance->event_hashes.len == 0)
        return false;
    hash_event(arena, source, event_id, hash);
    if (list_has(clearance->event_hashes, hash))
        return true;
    gl_sha256(event_id, hash); /* as an earlier version kept it: of the id alone */
    return list_has(clearance->event_hashes, hash);
}

void gl_clearance_add_event(gl_arena *arena, gl_clearance *clearance, gl_str source, gl_str event_id)
{
    uint8_t hash[GL_SHA256_BYTES];
    hash_event(arena, source, event_id, hash);
    clearance->event_hashes = list_with(arena, clearance->event_hashes, hash, GL_CLEARANCE_EVENTS);
    clearance->last_event_id = event_id;
}

bool gl_clearance_had_content(const gl_clearance *clearance, const uint8_t digest[32])
{
    return list_has(clearance->earlier_digests, digest);
}

static void add_earlier(gl_arena *arena, gl_clearance *clearance, const uint8_t *hash)
{
    if (!list_has(clearance->earlier_digests, hash))
        clearance->earlier_digests = list_with(arena, clearance->earlier_digests, hash, GL_CLEARANCE_DIGESTS);
}

void gl_clearance_replace_content(gl_arena *arena, gl_clearance *clearance, const gl_clearance *prior,
                                  const gl_declaration *amendment)
{
    static const uint8_t unknown[GL_SHA256_BYTES];
    for (size_t at = 0; at + GL_CLEARANCE_HASH_BYTES <= prior->failed_digests.len; at += GL_CLEARANCE_HASH_BYTES)
        if (memcmp(prior->failed_digests.ptr + at, amendment->content_digest, GL_CLEARANCE_HASH_BYTES) != 0)
            add_earlier(arena, clearance, (const uint8_t *)prior->failed_digests.ptr + at);
    clearance->failed_digests = GL_STR("");
    if (memcmp(prior->digest, unknown, GL_SHA256_BYTES) != 0 &&
        memcmp(prior->digest, amendment->content_digest, GL_CLEARANCE_HASH_BYTES) != 0)
        add_earlier(arena, clearance, prior->digest);
    clearance->content_at = GL_SOME_I64(amendment->accepted_at);
}

void gl_clearance_note_failed(gl_arena *arena, gl_clearance *clearance, const gl_technical_hold *hold)
{
    int64_t stands_since_us = clearance->content_at.set ? clearance->content_at.value : clearance->accepted_at;
    gl_clearance_add_event(arena, clearance, hold->source, hold->event_id);
    if (hold->by_key)
        return; /* which content it was is not known */
    if (hold->accepted_us <= stands_since_us)
        add_earlier(arena, clearance, hold->digest);
    else
        clearance->failed_digests = list_with(arena, clearance->failed_digests, hold->digest, GL_CLEARANCE_DIGESTS);
}
