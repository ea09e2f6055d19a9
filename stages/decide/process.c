/* See process.h. Deterministic for the same records, state and policy. */
#include "decide/process.h"

#include <inttypes.h>

#include "base/clock.h"
#include "customs/failure.h"
#include "customs/ids.h"
#include "decide/audit.h"
#include "decide/decide.h"
#include "decide/notification.h"
#include "decide/rules.h"
#include "decide/status.h"
#include "io/envelope.h"

static const char AUDIT_HEAD_KEY[] = "audit-head";

/* One call of process(). */
typedef struct pass {
    const gl_decide_policy *policy;
    const gl_batch *batch;
    gl_outbox *outbox;
    gl_state *state;
    gl_arena *arena;
    gl_audit_audit_entry *audit; /* [batch->count] */
    const gl_record **audit_cause;
    size_t audit_count;
} pass;

/* -- The clearance's state
 * ---------------------------------------------------------------------------------------------- */

typedef struct found_state {
    gl_clearance *clearance; /* NULL: none */
    gl_str collides_with;    /* MRN of another declaration in the same place, or {NULL, 0} */
} found_state;

/* NULL and `err` when it cannot be decoded. */
static gl_clearance *decode_clearance(pass *p, gl_str value, gl_err *err)
{
    gl_clearance_state *state = GL_NEW(p->arena, gl_clearance_state);
    if (!gl_clearance_state_decode(state, (const uint8_t *)value.ptr, value.len, p->arena, err)) {
        err->action = GL_FATAL; /* our own state: no record is to blame */
        gl_fail_context(err, "the state of a clearance");
        return NULL;
    }
    return &state->clearance;
}

/* Ids with the same top 62 bits have one of four 8-byte beginnings. Only called when the id itself has no state. */
static bool find_collision(pass *p, const gl_record *record, gl_str *collides_with, gl_err *err)
{
    uint8_t prefix[8];
    memcpy(prefix, record->key.ptr, sizeof prefix);
    for (int low = 0; low < 4; low++) {
        prefix[7] = (uint8_t)((prefix[7] & 0xFC) | low);
        gl_str key, value;
        if (!gl_state_first(p->state, record->partition, (gl_str){(const char *)prefix, sizeof prefix}, &key, &value,
                            err))
            return false;
        if (key.len != GL_DECLARATION_ID_BYTES)
            continue;
        const gl_clearance *other = decode_clearance(p, value, err);
        if (other == NULL)
            return false;
        *collides_with = other->mrn.ptr == NULL ? GL_STR("") : other->mrn;
        return true;
    }
    return true;
}

/* One seek finds out the common case: nothing begins with these 7 bytes, so there is neither a state nor a collision.
 */
static bool find_state(pass *p, const gl_record *record, found_state *found, gl_err *err)
{
    *found = (found_state){0};
    gl_str key, value;
    if (!gl_state_first(p->state, record->partition, (gl_str){record->key.ptr, 7}, &key, &value, err))
        return false;
    if (key.ptr == NULL)
        return true;
    if (!gl_state_get(p->state, record->partition, record->key, &value, err))
        return false;
    if (value.ptr != NULL) {
        found->clearance = decode_clearance(p, value, err);
        return found->clearance != NULL;
    }
    return find_collision(p, record, &found->collides_with, err);
}

static void put_state(pass *p, const gl_record *record, const gl_clearance *clearance)
{
    gl_outbox_state(p->outbox, record, record->key, gl_status_value(p->arena, clearance));
}

static void put_message(pass *p, const gl_record *record, const gl_message *message)
{
    gl_outbox_put(p->outbox, record, GL_DECIDE_OUT_NOTIFICATIONS, record->key, gl_message_value(p->arena, message));
}

/* -- Decisions
 * ------------------------------------------------------------------------------------------------------------ */

static gl_str decided_value(gl_arena *arena, gl_str upstream_body, const gl_decision *decision)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, upstream_body.len + 512);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_DECIDED);
    gl_buf_str(&buf, upstream_body);
    gl_decision_encode(&buf, decision);
    return gl_buf_view(&buf);
}

static void note_audit(pass *p, const gl_record *record, const gl_decision *decision, gl_str value)
{
    gl_audit_audit_entry *entry = &p->audit[p->audit_count];
    p->audit_cause[p->audit_count++] = record;
    memcpy(entry->declaration_id, decision->declaration_id, sizeof entry->declaration_id);
    entry->version = decision->version;
    gl_sha256(value, entry->digest);
}

static bool decide(pass *p, const gl_record *record, const gl_assessed *assessed, const found_state *found, gl_err *err)
{
    const gl_declaration *declaration = &assessed->declaration;
    gl_decide_input input = {.declaration = declaration,
                             .classification = &assessed->classification,
                             .assessment = &assessed->assessment,
                             .prior_version = found->clearance == NULL ? 0 : found->clearance->version,
                             .cause = GL_DECISION_CAUSE_ACCEPTANCE,
                             .now_us = p->batch->now_us,
                             .collides_with = found->collides_with};
    gl_decision *decision = GL_NEW(p->arena, gl_decision);
    if (!gl_decide_compute(p->policy, &input, p->arena, decision, err))
        return false;
    gl_str value = decided_value(p->arena, assessed->body, decision);
    gl_outbox_put(p->outbox, record, GL_DECIDE_OUT_DECISIONS, record->key, value);
    note_audit(p, record, decision, value);
    gl_message message = {.kind = GL_MESSAGE_DECISION,
                          .declaration_id = declaration->declaration_id,
                          .mrn = declaration->mrn,
                          .lrn = declaration->functional_reference_id,
                          .submitter = declaration->submitter,
                          .version = decision->version,
                          .sequence = decision->version,
                          .lane = decision->lane,
                          .outcome = decision->outcome,
                          .hold = decision->hold,
                          .accepted_us = declaration->accepted_at,
                          .now_us = p->batch->now_us};
    put_message(p, record, &message);
    gl_clearance clearance = gl_status_decided(p->arena, declaration, &assessed->classification, &assessed->assessment,
                                               decision, found->clearance, found->collides_with.ptr == NULL);
    put_state(p, record, &clearance);
    return true;
}

static void close_duplicate(pass *p, const gl_record *record, const gl_clearance *prior)
{
    gl_clearance clearance = gl_status_duplicate(p->arena, prior);
    gl_message message = {.kind = GL_MESSAGE_DUPLICATE,
                          .declaration_id = (const uint8_t *)record->key.ptr,
                          .mrn = prior->mrn,
                          .lrn = prior->functional_reference_id,
                          .submitter = prior->submitter,
                          .version = prior->version,
                          .sequence = clearance.duplicate_count,
                          .lane = (gl_decision_lane)prior->lane,
                          .outcome = (gl_decision_outcome)prior->outcome,
                          .accepted_us = prior->accepted_at,
                          .now_us = p->batch->now_us};
    put_message(p, record, &message);
    put_state(p, record, &clearance);
}

static void refuse_reused(pass *p, const gl_record *record, const gl_declaration *declaration)
{
    gl_message message = {.kind = GL_MESSAGE_LRN_REUSED,
                          .declaration_id = declaration->declaration_id,
                          .mrn = declaration->mrn,
                          .lrn = declaration->functional_reference_id,
                          .submitter = declaration->submitter,
                          .sequence = record->offset,
                          .outcome = GL_DECISION_OUTCOME_REFUSED,
                          .accepted_us = declaration->accepted_at,
                          .now_us = p->batch->now_us};
    put_message(p, record, &message);
}

/* -- Technical holds
 * -------------------------------------------------------------------------------------------------------- */

static void hold_technically(pass *p, const gl_record *record, gl_technical_hold *hold)
{
    gl_decision_hold *why = GL_NEW(p->arena, gl_decision_hold);
    why->reason_code = GL_STR("technical-failure");
    why->text =
        GL_STR("It was accepted, but could not be processed; nothing is to be sent, it will be processed again");
    why->place = hold->office.len > 0 ? hold->office : GL_STR("customs office of declaration");
    why->until = GL_SOME_I64(p->batch->now_us + gl_decide_policy_technical_within_us(p->policy));
    hold->hold = why;
    hold->now_us = p->batch->now_us;
    hold->lane = (gl_decision_lane)gl_decide_policy_technical_lane(p->policy);
    gl_message message = {.kind = GL_MESSAGE_TECHNICAL_HOLD,
                          .declaration_id = (const uint8_t *)record->key.ptr,
                          .mrn = hold->mrn,
                          .lrn = hold->lrn,
                          .submitter = hold->submitter,
                          .lane = hold->lane,
                          .outcome = GL_DECISION_OUTCOME_HELD,
                          .hold = why,
                          .accepted_us = hold->accepted_us,
                          .now_us = hold->now_us};
    put_message(p, record, &message);
    gl_clearance clearance = gl_status_technical_hold(p->arena, hold);
    put_state(p, record, &clearance);
}

/* A record whose first section is readable names its declaration: that one gets its hold at once. */
static bool hold_undecodable(pass *p, const gl_record *record, const gl_err *why, gl_err *err)
{
    gl_declaration *declaration = GL_NEW(p->arena, gl_declaration);
    if (!gl_failed_declaration(p->arena, record->key, record->value, declaration))
        return true;
    found_state found;
    if (!find_state(p, record, &found, err))
        return false;
    if (found.clearance != NULL || found.collides_with.ptr != NULL)
        return true;
    gl_technical_hold hold = {.mrn = declaration->mrn,
                              .lrn = declaration->functional_reference_id,
                              .submitter = declaration->submitter,
                              .office = gl_decide_office_of(declaration),
                              .accepted_us = declaration->accepted_at,
                              .event_id = gl_str_of(gl_arena_printf(p->arena, "decide:%" PRId32 ":%" PRId64,
                                                                    record->partition, record->offset)),
                              .source = GL_STR("decide"),
                              .code = gl_str_of(why->code)};
    memcpy(hold.digest, declaration->content_digest, sizeof hold.digest);
    hold_technically(p, record, &hold);
    return true;
}

static gl_str detail(const gl_event *event, const char *name)
{
    for (size_t i = 0; i < event->details.count; i++)
        if (gl_str_eqz(event->details.at[i].name, name))
            return event->details.at[i].value;
    return GL_STR("");
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Anything but 64 hex digits leaves zeros: not known. */
static void read_digest(gl_str hex, uint8_t digest[GL_SHA256_BYTES])
{
    uint8_t read[GL_SHA256_BYTES];
    memset(digest, 0, GL_SHA256_BYTES);
    if (hex.len != 2 * sizeof read)
        return;
    for (size_t i = 0; i < sizeof read; i++) {
        int high = hex_digit(hex.ptr[2 * i]), low = hex_digit(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return;
        read[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(digest, read, sizeof read);
}

static void hold_by_event(pass *p, const gl_record *record, const gl_event *event)
{
    gl_technical_hold hold = {.mrn = detail(event, "mrn"),
                              .lrn = detail(event, "functional_reference_id"),
                              .submitter = detail(event, "submitter"),
                              .office = detail(event, "office"),
                              .accepted_us = event->received_at,
                              .event_id = event->event_id,
                              .source = event->source,
                              .code = event->code};
    gl_time_parse(detail(event, "accepted_at"), &hold.accepted_us);
    read_digest(detail(event, "content_digest"), hold.digest);
    hold_technically(p, record, &hold);
}

/* -- Records
 * ---------------------------------------------------------------------------------------------------------------- */

/* What a technical hold waits for: the declaration itself, as far as its content is known. */
static bool is_redriven(const gl_clearance *prior, const gl_declaration *declaration)
{
    static const uint8_t unknown[GL_SHA256_BYTES];
    return prior->version == 0 && (memcmp(prior->digest, unknown, GL_SHA256_BYTES) == 0 ||
                                   memcmp(prior->digest, declaration->content_digest, GL_SHA256_BYTES) == 0);
}

static bool take_assessed(pass *p, const gl_record *record, gl_err *err)
{
    gl_assessed *assessed = GL_NEW(p->arena, gl_assessed);
    gl_err wrong;
    if (!gl_assessed_decode(assessed, (const uint8_t *)record->value.ptr, record->value.len, p->arena, &wrong)) {
        gl_outbox_dead_letter(p->outbox, record, &wrong);
        return hold_undecodable(p, record, &wrong, err);
    }
    const gl_declaration *declaration = &assessed->declaration;
    if (record->key.len != GL_DECLARATION_ID_BYTES ||
        memcmp(record->key.ptr, declaration->declaration_id, GL_DECLARATION_ID_BYTES) != 0) {
        gl_fail(&wrong, GL_DEAD_LETTER, "declaration-key", "the record's key is not the id of its declaration");
        gl_outbox_dead_letter(p->outbox, record, &wrong);
        return true;
    }
    found_state found;
    if (!find_state(p, record, &found, err))
        return false;
    const gl_clearance *prior = found.clearance;
    if (prior == NULL || is_redriven(prior, declaration) ||
        (prior->version > 0 && p->batch->now_us - prior->decided_at > gl_decide_policy_window_us(p->policy)))
        return decide(p, record, assessed, &found, err);
    if (memcmp(prior->digest, declaration->content_digest, GL_SHA256_BYTES) == 0)
        close_duplicate(p, record, prior);
    else
        refuse_reused(p, record, declaration);
    return true;
}

static bool take_event(pass *p, const gl_record *record, gl_err *err)
{
    gl_event_envelope *envelope = GL_NEW(p->arena, gl_event_envelope);
    const gl_event *event = &envelope->event;
    gl_err wrong;
    bool good =
        gl_event_envelope_decode(envelope, (const uint8_t *)record->value.ptr, record->value.len, p->arena, &wrong);
    if (good && (record->key.len != GL_DECLARATION_ID_BYTES ||
                 memcmp(record->key.ptr, event->declaration_id, GL_DECLARATION_ID_BYTES) != 0))
        good = gl_fail(&wrong, GL_DEAD_LETTER, "event-key",
                       "the record's key is not the id of the declaration that the event is about");
    else if (good && event->event_id.len == 0)
        good = gl_fail(&wrong, GL_DEAD_LETTER, "event-id", "the event has no id");
    else if (good && event->type != GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE)
        good = gl_fail(&wrong, GL_DEAD_LETTER, "event-unsupported", "events of type %s have no effect in this version",
                       gl_event_event_type_name(event->type));
    if (!good) {
        gl_outbox_dead_letter(p->outbox, record, &wrong);
        return true;
    }
    found_state found;
    if (!find_state(p, record, &found, err))
        return false;
    if (found.clearance == NULL && found.collides_with.ptr == NULL)
        hold_by_event(p, record, event);
    return true;
}

/* -- The audit block of each partition
 * --------------------------------------------------------------------------------------- */

static bool put_block(pass *p, const gl_record *cause, gl_audit_audit_entry *entries, size_t count, gl_err *err)
{
    gl_str key = {AUDIT_HEAD_KEY, sizeof AUDIT_HEAD_KEY - 1}, value;
    gl_audit_head_state prior, next = {0};
    if (!gl_state_get(p->state, cause->partition, key, &value, err))
        return false;
    if (value.ptr != NULL &&
        !gl_audit_head_state_decode(&prior, (const uint8_t *)value.ptr, value.len, p->arena, err)) {
        err->action = GL_FATAL;
        return gl_fail_context(err, "the head of the audit chain");
    }
    gl_audit block = {.written_at = p->batch->now_us};
    block.entries.at = entries;
    block.entries.count = count;
    gl_audit_link(&block, value.ptr == NULL ? NULL : &prior.audit_head, p->arena, &next.audit_head);
    gl_buf buf = gl_buf_in(p->arena), head = gl_buf_in(p->arena);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_AUDIT_ENVELOPE);
    gl_audit_encode(&buf, &block);
    gl_outbox_put(p->outbox, cause, GL_DECIDE_OUT_AUDIT, (gl_str){NULL, 0}, gl_buf_view(&buf));
    gl_envelope_begin(&head, GL_SCHEMA_ID_AUDIT_HEAD_STATE);
    gl_audit_head_encode(&head, &next.audit_head);
    gl_outbox_state(p->outbox, cause, key, gl_buf_view(&head));
    return true;
}

static bool put_blocks(pass *p, gl_err *err)
{
    gl_audit_audit_entry *gathered = GL_NEW_N(p->arena, gl_audit_audit_entry, p->audit_count);
    for (size_t i = 0; i < p->audit_count; i++) {
        const gl_record *cause = p->audit_cause[i];
        if (cause == NULL)
            continue; /* in the block of a partition before */
        size_t count = 0;
        for (size_t k = i; k < p->audit_count; k++)
            if (p->audit_cause[k] != NULL && p->audit_cause[k]->partition == cause->partition) {
                gathered[count++] = p->audit[k];
                p->audit_cause[k] = NULL;
            }
        if (!put_block(p, cause, gathered, count, err))
            return false;
    }
    return true;
}

static bool take_all(pass *p, gl_err *err)
{
    for (size_t i = 0; i < p->batch->count; i++) {
        const gl_record *record = &p->batch->records[i];
        bool done = record->input == GL_DECIDE_IN_ASSESSED ? take_assessed(p, record, err) : take_event(p, record, err);
        if (!done)
            return false;
    }
    return put_blocks(p, err);
}

static pass pass_of(const gl_decide_policy *policy, const gl_batch *batch, gl_outbox *outbox)
{
    return (pass){.policy = policy,
                  .batch = batch,
                  .outbox = outbox,
                  .state = gl_outbox_state_view(outbox),
                  .arena = batch->arena,
                  .audit = GL_NEW_N(batch->arena, gl_audit_audit_entry, batch->count),
                  .audit_cause = GL_NEW_N(batch->arena, const gl_record *, batch->count)};
}

bool gl_decide_process(const gl_decide_policy *policy, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    pass p = pass_of(policy, batch, outbox);
    return take_all(&p, err);
}

bool gl_decide_dead_lettered(const gl_decide_policy *policy, const gl_batch *batch, const gl_record *record,
                             const gl_err *why, gl_outbox *outbox, gl_err *err)
{
    pass p = pass_of(policy, batch, outbox);
    return record->input != GL_DECIDE_IN_ASSESSED || hold_undecodable(&p, record, why, err);
}
