/* See process.h. Deterministic for the same records, state and policy. */
#include "decide/process.h"

#include <inttypes.h>

#include "base/clock.h"
#include "customs/failure.h"
#include "customs/ids.h"
#include "decide/audit.h"
#include "decide/clearance.h"
#include "decide/decide.h"
#include "decide/findings.h"
#include "decide/pass.h"
#include "decide/status.h"
#include "io/envelope.h"

static const char AUDIT_HEAD_KEY[] = "audit-head";

/* -- The clearance's state
 * ---------------------------------------------------------------------------------------------- */

typedef struct found_state {
    gl_str key;              /* of `clearance` */
    gl_clearance *clearance; /* NULL: none */
    gl_str collides_with;    /* MRN of another declaration in the same place, or {NULL, 0} */
} found_state;

/* NULL and `err` when it cannot be decoded. */
gl_clearance *gl_pass_clearance(gl_pass *p, gl_str value, gl_err *err)
{
    gl_clearance_state *state = GL_NEW(p->arena, gl_clearance_state);
    if (!gl_clearance_state_decode(state, (const uint8_t *)value.ptr, value.len, p->arena, err)) {
        gl_state_unreadable(err, "the state of a clearance");
        return NULL;
    }
    return &state->clearance;
}

/* Ids with the same top 62 bits have one of four 8-byte beginnings; the first clearance among them. */
static bool find_stem(gl_pass *p, const gl_record *record, found_state *found, gl_err *err)
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
        found->key = key;
        found->clearance = gl_pass_clearance(p, value, err);
        return found->clearance != NULL;
    }
    return true;
}

/* One seek finds out the common case: nothing begins with these 7 bytes, so there is neither a state nor a collision.
 */
static bool find_state(gl_pass *p, const gl_record *record, found_state *found, gl_err *err)
{
    *found = (found_state){.key = record->key};
    gl_str key, value;
    if (!gl_state_first(p->state, record->partition, (gl_str){record->key.ptr, 7}, &key, &value, err))
        return false;
    if (key.ptr == NULL)
        return true;
    if (!gl_state_get(p->state, record->partition, record->key, &value, err))
        return false;
    if (value.ptr != NULL) {
        found->clearance = gl_pass_clearance(p, value, err);
        return found->clearance != NULL;
    }
    found_state other = {.clearance = NULL};
    if (!find_stem(p, record, &other, err))
        return false;
    if (other.clearance != NULL)
        found->collides_with = other.clearance->mrn.ptr == NULL ? GL_STR("") : other.clearance->mrn;
    return true;
}

/* An event may know the MRN only: its key is then the MRN's 62 bits and zeros. */
static bool find_for_event(gl_pass *p, const gl_record *record, found_state *found, gl_err *err)
{
    static const char zeros[GL_DECLARATION_ID_BYTES - 8];
    if (!find_state(p, record, found, err))
        return false;
    if (found->collides_with.ptr == NULL || memcmp(record->key.ptr + 8, zeros, sizeof zeros) != 0)
        return true;
    return find_stem(p, record, found, err);
}

static void put_state(gl_pass *p, const gl_record *record, gl_str key, const gl_clearance *clearance)
{
    gl_outbox_state(p->outbox, record, key, gl_status_value(p->arena, clearance));
    gl_pass_note_change(p, record);
}

static void put_message(gl_pass *p, const gl_record *record, gl_str key, const gl_message *message)
{
    gl_outbox_put(p->outbox, record, GL_DECIDE_OUT_NOTIFICATIONS, key, gl_message_value(p->arena, message));
}

/* -- Decisions
 * ------------------------------------------------------------------------------------------------------------ */

static gl_str decided_value(gl_arena *arena, const gl_assessed *assessed, const gl_decision *decision)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, assessed->body.len + 512);
    gl_decided_follow(&buf, assessed);
    gl_decision_encode(&buf, decision);
    return gl_buf_view(&buf);
}

typedef struct gl_audit_note {
    const gl_record *cause; /* NULL: in a block already */
    bool closes;
} audit_note;

static void make_audit_room(gl_pass *p)
{
    size_t room = p->audit_room * 2 + 16;
    gl_audit_audit_entry *entries = GL_NEW_N(p->arena, gl_audit_audit_entry, room);
    audit_note *notes = GL_NEW_N(p->arena, audit_note, room);
    if (p->audit_count > 0) {
        memcpy(entries, p->audit, p->audit_count * sizeof *entries);
        memcpy(notes, p->audit_notes, p->audit_count * sizeof *notes);
    }
    p->audit = entries;
    p->audit_notes = notes;
    p->audit_room = room;
}

static void note_audit(gl_pass *p, const gl_record *record, const gl_decision *decision, gl_str value)
{
    if (p->audit_count == p->audit_room)
        make_audit_room(p);
    gl_audit_audit_entry *entry = &p->audit[p->audit_count];
    p->audit_notes[p->audit_count++] = (audit_note){record, decision->outcome != GL_DECISION_OUTCOME_HELD};
    memcpy(entry->declaration_id, decision->declaration_id, sizeof entry->declaration_id);
    entry->version = decision->version;
    gl_sha256(value, entry->digest);
}

typedef struct note {
    const char *code; /* at most 17 characters */
    gl_str text;
} note;

/* What the sender is told of the cause; of a signal nothing. */
static note note_of(const gl_decision *decision, bool denied)
{
    static const note notes[GL_DECISION_CAUSE_COUNT] = {
        [GL_DECISION_CAUSE_AMENDMENT] = {"amendment", {"The amendment was taken in", 26}},
        [GL_DECISION_CAUSE_INSPECTION] = {"inspection", {"The goods were inspected", 24}},
        [GL_DECISION_CAUSE_OVERRIDE] = {"officer", {"A customs officer decided", 25}},
        [GL_DECISION_CAUSE_TIMER] = {"overdue", {"What it waits for did not come in time", 38}},
        [GL_DECISION_CAUSE_CANCELLATION] = {"cancellation", {"Cancelled at the sender's request", 33}},
        [GL_DECISION_CAUSE_ARRIVAL] = {"arrival", {"The goods arrived", 17}},
        [GL_DECISION_CAUSE_DOCUMENT] = {"document", {"A document was received", 23}}};
    note chosen = notes[decision->cause];
    if (denied)
        chosen.text = GL_STR("It came after the clearance ended: what was decided stands");
    return chosen;
}

static gl_str edifact_of(const gl_declaration *declaration)
{
    return gl_message_edifact_of(declaration->message.format, declaration->message.profile);
}

static void put_decided_message(gl_pass *p, const gl_deciding *d, const gl_decision *decision,
                                const gl_clearance *clearance)
{
    bool denied = gl_decide_is_closed(decision->prior) &&
                  (decision->cause == GL_DECISION_CAUSE_AMENDMENT || decision->cause == GL_DECISION_CAUSE_CANCELLATION);
    note told = note_of(decision, denied);
    gl_message message = {.kind = GL_MESSAGE_DECISION,
                          .declaration_id = (const uint8_t *)d->key.ptr,
                          .mrn = clearance->mrn,
                          .lrn = clearance->functional_reference_id,
                          .submitter = clearance->submitter,
                          .version = decision->version,
                          .sequence = decision->version,
                          .lane = decision->lane,
                          .outcome = decision->outcome,
                          .refused_for = clearance->refused_for,
                          .denied = denied,
                          .note = told.code,
                          .note_text = told.text,
                          .hold = decision->hold,
                          .accepted_us = clearance->accepted_at,
                          .now_us = p->batch->now_us,
                          .edifact = edifact_of(&d->assessed->declaration)};
    if (GL_MUTANT != 10) /* 10: decisions are not notified */
        gl_outbox_put(p->outbox, d->cause, GL_DECIDE_OUT_NOTIFICATIONS, d->key, gl_message_value(p->arena, &message));
}

bool gl_pass_decide(gl_pass *p, const gl_deciding *d, gl_err *err)
{
    gl_decide_input input = d->input;
    input.declaration = &d->assessed->declaration;
    input.classification = &d->assessed->classification;
    input.assessment = &d->assessed->assessment;
    input.prior_version = d->prior == NULL ? 0 : d->prior->version;
    input.now_us = p->batch->now_us;
    gl_decision *decision = GL_NEW(p->arena, gl_decision);
    if (!gl_decide_compute(p->policy, &input, p->arena, decision, err))
        return false;
    gl_str value = decided_value(p->arena, d->assessed, decision);
    gl_outbox_put(p->outbox, d->cause, GL_DECIDE_OUT_DECISIONS, d->key, value);
    gl_outbox_note(p->outbox, (decision->degraded ? GL_DECIDE_NOTE_DEGRADED : 0) +
                                  (unsigned)d->unused_findings * GL_DECIDE_NOTE_UNUSED);
    note_audit(p, d->cause, decision, value);
    gl_clearance clearance = gl_status_decided(p->arena, d->assessed, decision, d->prior, d->body, d->with_view);
    if (d->event_id.ptr != NULL)
        gl_clearance_add_event(p->arena, &clearance, d->event_source, d->event_id);
    if (d->amends)
        gl_clearance_replace_content(p->arena, &clearance, d->prior, &d->assessed->declaration);
    bool content = decision->event == NULL && decision->cause != GL_DECISION_CAUSE_TIMER;
    clearance.undecided = d->prior != NULL && !content && (d->prior->version == 0 || d->prior->undecided);
    put_decided_message(p, d, decision, &clearance);
    gl_outbox_state(p->outbox, d->cause, d->key, gl_status_value(p->arena, &clearance));
    gl_pass_put_timer(p, d->cause, d->key, d->prior, decision);
    return true;
}

/* -- Declarations
 * ---------------------------------------------------------------------------------------------------------- */

/* What was decided last and stands, told to who sent `declaration`. */
static gl_message standing_message(gl_pass *p, const gl_record *record, const gl_declaration *declaration,
                                   const gl_clearance *prior)
{
    const gl_decision_prior *standing = gl_clearance_prior(p->arena, prior);
    return (gl_message){.declaration_id = (const uint8_t *)record->key.ptr,
                        .mrn = prior->mrn,
                        .lrn = prior->functional_reference_id,
                        .submitter = prior->submitter,
                        .version = prior->version,
                        .lane = standing->lane,
                        .outcome = standing->outcome,
                        .refused_for = standing->refused_for,
                        .hold = standing->hold,
                        .accepted_us = prior->accepted_at,
                        .now_us = p->batch->now_us,
                        .edifact = edifact_of(declaration)};
}

static bool is_amendment(const gl_declaration *declaration)
{
    return gl_str_eqz(declaration->function_code, "4") || gl_str_eqz(declaration->function_code, "13");
}

static bool decide(gl_pass *p, const gl_record *record, const gl_assessed *assessed, const found_state *found,
                   gl_err *err)
{
    const gl_clearance *prior = found->clearance;
    bool amendment = is_amendment(&assessed->declaration), counts = prior != NULL && !gl_pass_is_expired(p, prior);
    gl_deciding deciding = {.cause = record,
                            .key = record->key,
                            .assessed = assessed,
                            .prior = prior,
                            .body = gl_clearance_body(p->arena, record->value, assessed),
                            .amends = amendment && counts,
                            .with_view = prior == NULL ? found->collides_with.ptr == NULL : prior->view.len > 0,
                            .input = {.cause = amendment ? GL_DECISION_CAUSE_AMENDMENT : GL_DECISION_CAUSE_ACCEPTANCE,
                                      .prior = counts ? gl_clearance_prior(p->arena, prior) : NULL,
                                      .collides_with = found->collides_with}};
    return gl_pass_decide(p, &deciding, err) && gl_pass_unpark(p, record, record->key, err);
}

static void supersede(gl_pass *p, const gl_record *record, const gl_declaration *declaration, const gl_clearance *prior)
{
    gl_clearance clearance = gl_status_superseded(prior);
    gl_message message = standing_message(p, record, declaration, prior);
    message.kind = GL_MESSAGE_SUPERSEDED;
    message.sequence = clearance.superseded_count;
    put_message(p, record, record->key, &message);
    put_state(p, record, record->key, &clearance);
}

static void close_duplicate(gl_pass *p, const gl_record *record, const gl_declaration *declaration,
                            const gl_clearance *prior)
{
    gl_clearance clearance = gl_status_duplicate(p->arena, prior);
    gl_message message = standing_message(p, record, declaration, prior);
    message.kind = GL_MESSAGE_DUPLICATE;
    message.sequence = clearance.duplicate_count;
    put_message(p, record, record->key, &message);
    put_state(p, record, record->key, &clearance);
}

static void refuse_reused(gl_pass *p, const gl_record *record, const gl_declaration *declaration)
{
    gl_message message = {.kind = GL_MESSAGE_LRN_REUSED,
                          .declaration_id = declaration->declaration_id,
                          .mrn = declaration->mrn,
                          .lrn = declaration->functional_reference_id,
                          .submitter = declaration->submitter,
                          .sequence = record->offset,
                          .outcome = GL_DECISION_OUTCOME_REFUSED,
                          .accepted_us = declaration->accepted_at,
                          .now_us = p->batch->now_us,
                          .edifact = edifact_of(declaration)};
    put_message(p, record, record->key, &message);
}

/* -- Technical holds
 * -------------------------------------------------------------------------------------------------------- */

static gl_decision_hold *technical_reason(gl_pass *p, const gl_technical_hold *hold)
{
    gl_decision_hold *why = GL_NEW(p->arena, gl_decision_hold);
    why->reason_code = GL_STR("technical-failure");
    why->text = hold->by_key
                    ? GL_STR("It was accepted, but cannot be read: only its id is known, from the key of its record; "
                             "nothing is to be sent, it will be processed again")
                    : GL_STR("It was accepted, but could not be processed; nothing is to be sent, it will be processed "
                             "again");
    why->place = hold->office.len > 0 ? hold->office : GL_STR("customs office of declaration");
    why->until = GL_SOME_I64(p->batch->now_us + gl_decide_policy_technical_within_us(p->policy));
    return why;
}

/* `key`: the declaration's id, which is not the key of a damaged record. `prior`: a clearance that has its answer, and
 * goes on; another version of it could not be processed. */
static void hold_technically(gl_pass *p, const gl_record *record, gl_str key, gl_technical_hold *hold,
                             const gl_clearance *prior)
{
    hold->declaration_id = (const uint8_t *)key.ptr;
    hold->hold = technical_reason(p, hold);
    hold->now_us = p->batch->now_us;
    hold->lane = (gl_decision_lane)gl_decide_policy_technical_lane(p->policy);
    bool known = prior != NULL && hold->by_key;
    gl_message message = {.kind = GL_MESSAGE_TECHNICAL_HOLD,
                          .declaration_id = hold->declaration_id,
                          .mrn = known ? prior->mrn : hold->mrn,
                          .lrn = known ? prior->functional_reference_id : hold->lrn,
                          .submitter = known ? prior->submitter : hold->submitter,
                          .lane = hold->lane,
                          .outcome = GL_DECISION_OUTCOME_HELD,
                          .hold = hold->hold,
                          .accepted_us = known ? prior->accepted_at : hold->accepted_us,
                          .now_us = hold->now_us};
    if (prior != NULL)
        message.sequence = 1 + record->offset;
    put_message(p, record, key, &message);
    gl_clearance clearance = prior == NULL ? gl_status_technical_hold(p->arena, hold) : *prior;
    if (prior != NULL)
        gl_clearance_note_failed(p->arena, &clearance, hold);
    else
        gl_pass_put_deadline(p, record, key, hold->hold->until.value);
    put_state(p, record, key, &clearance);
}

/* The failed record is neither what stands nor a version that is known already. */
static bool is_other_version(const gl_clearance *prior, const uint8_t digest[GL_SHA256_BYTES])
{
    static const uint8_t unknown[GL_SHA256_BYTES];
    return memcmp(digest, unknown, GL_SHA256_BYTES) != 0 && memcmp(digest, prior->digest, GL_SHA256_BYTES) != 0 &&
           !gl_clearance_had_content(prior, digest);
}

/* Has somebody to be told? What a record holds that cannot be read is not known: it may be a version of what is open;
 * what is closed, or waits for a technical reason, has its answer. */
static bool is_news(gl_pass *p, const gl_technical_hold *hold, const gl_clearance *prior)
{
    if (prior == NULL)
        return true;
    if (gl_clearance_has_event(p->arena, prior, hold->source, hold->event_id))
        return false;
    return hold->by_key ? prior->version > 0 && !prior->undecided && prior->outcome == GL_CLEARANCE_OUTCOME_HELD
                        : is_other_version(prior, hold->digest);
}

static gl_technical_hold hold_of(const gl_declaration *declaration)
{
    if (declaration == NULL)
        return (gl_technical_hold){
            .mrn = GL_STR(""), .lrn = GL_STR(""), .submitter = GL_STR(""), .office = GL_STR(""), .by_key = true};
    gl_technical_hold hold = {.mrn = declaration->mrn,
                              .lrn = declaration->functional_reference_id,
                              .submitter = declaration->submitter,
                              .office = gl_decide_office_of(declaration),
                              .accepted_us = declaration->accepted_at};
    memcpy(hold.digest, declaration->content_digest, sizeof hold.digest);
    return hold;
}

/* A record that names its declaration: that one gets its hold at once. */
static bool hold_undecodable(gl_pass *p, const gl_record *record, const gl_err *why, gl_err *err)
{
    gl_failed_record failed = {record->key, record->value, record->partition, record->offset,
                               p->batch->partition_count};
    gl_failed_owner owner;
    if (!gl_failed_owner_of(p->arena, &failed, &owner))
        return true;
    gl_str key = {gl_arena_dup(p->arena, owner.id.bytes, sizeof owner.id.bytes), sizeof owner.id.bytes};
    gl_record named = *record; /* under its own key, whatever came; no cause of anything: that is the record itself */
    named.key = key;
    found_state found;
    if (!find_state(p, &named, &found, err))
        return false;
    gl_technical_hold hold = hold_of(owner.declaration);
    hold.event_id =
        gl_str_of(gl_arena_printf(p->arena, "decide:%" PRId32 ":%" PRId64, record->partition, record->offset));
    hold.source = GL_STR("decide");
    hold.code = gl_str_of(why->code);
    if (found.collides_with.ptr == NULL && is_news(p, &hold, found.clearance))
        hold_technically(p, record, key, &hold, found.clearance);
    return true;
}

static gl_str detail(const gl_event *event, const char *name)
{
    for (size_t i = 0; i < event->details.count; i++)
        if (gl_str_eqz(event->details.at[i].name, name))
            return event->details.at[i].value;
    return GL_STR("");
}

/* Anything but 64 hex digits leaves zeros: not known. */
static void read_digest(gl_str hex, uint8_t digest[GL_SHA256_BYTES])
{
    uint8_t read[GL_SHA256_BYTES];
    bool good = hex.len == 2 * sizeof read && gl_unhex(hex, read);
    memset(digest, 0, GL_SHA256_BYTES);
    if (good)
        memcpy(digest, read, sizeof read);
}

static void hold_by_event(gl_pass *p, const gl_record *record, const gl_event *event, const gl_clearance *prior)
{
    gl_technical_hold hold = {.mrn = detail(event, "mrn"),
                              .lrn = detail(event, "functional_reference_id"),
                              .submitter = detail(event, "submitter"),
                              .office = detail(event, "office"),
                              .accepted_us = event->received_at,
                              .event_id = event->event_id,
                              .source = event->source,
                              .code = event->code};
    hold.by_key = gl_str_eqz(detail(event, "known_by"), "key");
    if (hold.by_key)
        hold.accepted_us = 0; /* not known */
    gl_time_parse(detail(event, "accepted_at"), &hold.accepted_us);
    read_digest(detail(event, "content_digest"), hold.digest);
    if (is_news(p, &hold, prior))
        hold_technically(p, record, record->key, &hold, prior);
}

/* -- Records
 * ---------------------------------------------------------------------------------------------------------------- */

/* What a technical hold waits for: the declaration itself, as far as its content is known. */
static bool is_awaited(const gl_clearance *prior, const gl_declaration *declaration)
{
    static const uint8_t unknown[GL_SHA256_BYTES];
    return (prior->version == 0 || prior->undecided) &&
           (memcmp(prior->digest, unknown, GL_SHA256_BYTES) == 0 ||
            memcmp(prior->digest, declaration->content_digest, GL_SHA256_BYTES) == 0);
}

/* An older version that a newer one has replaced: sent again from the dead letters, or by its sender. The same content
 * accepted later than what stands is an amendment back to it. */
static bool is_superseded(const gl_clearance *prior, const gl_declaration *declaration)
{
    if (!gl_clearance_had_content(prior, declaration->content_digest))
        return false;
    int64_t stands_since_us = prior->content_at.set ? prior->content_at.value : prior->accepted_at;
    return !is_amendment(declaration) || declaration->accepted_at <= stands_since_us;
}

static bool take_assessed(gl_pass *p, const gl_record *record, gl_err *err)
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
        return hold_undecodable(p, record, &wrong, err);
    }
    found_state found;
    if (!find_state(p, record, &found, err))
        return false;
#if GL_MUTANT == 7 /* duplicates that the view does not catch are let through */
    found.clearance = NULL;
#endif
    const gl_clearance *prior = found.clearance;
    if (prior == NULL || is_awaited(prior, declaration) || gl_pass_is_expired(p, prior))
        return decide(p, record, assessed, &found, err);
    if (memcmp(prior->digest, declaration->content_digest, GL_SHA256_BYTES) == 0)
        close_duplicate(p, record, declaration, prior);
    else if (is_superseded(prior, declaration))
        supersede(p, record, declaration, prior);
    else if (is_amendment(declaration))
        return decide(p, record, assessed, &found, err);
    else
        refuse_reused(p, record, declaration);
    return true;
}

/* -- Events
 * ---------------------------------------------------------------------------------------------------------------- */

static gl_decision_causing_event *causing_event(gl_pass *p, const gl_event *event)
{
    gl_decision_causing_event *made = GL_NEW(p->arena, gl_decision_causing_event);
    *made = (gl_decision_causing_event){.type = gl_str_of(gl_event_event_type_name(event->type)),
                                        .occurred_at = event->occurred_at,
                                        .source = event->source,
                                        .actor = event->actor,
                                        .code = event->code,
                                        .text = event->text};
    made->details.at = GL_NEW_N(p->arena, gl_decision_event_detail, event->details.count);
    made->details.count = event->details.count;
    for (size_t i = 0; i < event->details.count; i++)
        made->details.at[i] = (gl_decision_event_detail){event->details.at[i].name, event->details.at[i].value};
    return made;
}

bool gl_pass_decide_event(gl_pass *p, const gl_record *record, gl_str key, const gl_clearance *prior,
                          const gl_event *event, gl_err *err)
{
    if (gl_clearance_has_event(p->arena, prior, event->source, event->event_id))
        return true;
    gl_assessed *assessed = GL_NEW(p->arena, gl_assessed);
    if (!gl_clearance_sections(p->arena, (const uint8_t *)key.ptr, prior, assessed, err))
        return false;
    gl_findings findings = gl_findings_of(p->arena, event, assessed, prior->drawn);
    gl_deciding deciding = {.cause = record,
                            .key = key,
                            .assessed = assessed,
                            .prior = prior,
                            .unused_findings = findings.unused,
                            .body = prior->body,
                            .event_source = event->source,
                            .event_id = event->event_id,
                            .with_view = prior->view.len > 0,
                            .input = {.cause = gl_decide_cause_of(event->type),
                                      .causing_event_id = event->event_id,
                                      .prior = gl_clearance_prior(p->arena, prior),
                                      .event = causing_event(p, event)}};
    if (!gl_pass_decide(p, &deciding, err))
        return false;
    gl_findings_put(p, record, key, prior->version + 1, &findings);
    return true;
}

/* What does not wait until a technical hold ends. */
static bool is_urgent(const gl_event *event)
{
    return event->type == GL_EVENT_EVENT_TYPE_CANCELLATION ||
           (event->type == GL_EVENT_EVENT_TYPE_OFFICER_ACTION &&
            (gl_str_eqz(event->code, "refuse") || gl_str_eqz(event->code, "hold"))) ||
           (event->type == GL_EVENT_EVENT_TYPE_INSPECTION_RESULT && gl_str_eqz(event->code, "B1"));
}

static bool take_event(gl_pass *p, const gl_record *record, gl_err *err)
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
    if (!good) {
        gl_outbox_dead_letter(p->outbox, record, &wrong);
        return true;
    }
    found_state found;
    if (!find_for_event(p, record, &found, err))
        return false;
    if (event->type == GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE) {
        if (found.collides_with.ptr == NULL)
            hold_by_event(p, record, event, found.clearance);
        return true;
    }
    const gl_clearance *prior = found.clearance;
    bool waits = prior == NULL || prior->version == 0 || prior->undecided;
    if (waits && (prior == NULL || !is_urgent(event)))
        return gl_pass_park(p, record, err);
    return gl_pass_decide_event(p, record, found.key, found.clearance, event, err);
}

/* -- The audit block of each partition
 * --------------------------------------------------------------------------------------- */

typedef struct audit_part {
    const gl_record *cause; /* the first of a partition */
    gl_audit_audit_entry *entries;
    size_t count;
    gl_buf closed; /* ids */
} audit_part;

void gl_pass_note_change(gl_pass *p, const gl_record *cause)
{
    for (size_t i = 0; i < p->changed_count; i++)
        if (p->changed[i]->partition == cause->partition)
            return;
    if (p->changed_count == p->changed_room) {
        size_t room = p->changed_room * 2 + 16;
        const gl_record **grown = gl_arena_calloc(p->arena, room, sizeof *grown);
        if (p->changed_count > 0)
            memcpy(grown, p->changed, p->changed_count * sizeof *grown);
        p->changed = grown;
        p->changed_room = room;
    }
    p->changed[p->changed_count++] = cause;
}

static void forget_change(gl_pass *p, int32_t partition)
{
    for (size_t i = 0; i < p->changed_count; i++)
        if (p->changed[i]->partition == partition) {
            p->changed[i] = p->changed[--p->changed_count];
            return;
        }
}

/* Zeros when there is none. */
static bool get_head(gl_pass *p, int32_t partition, gl_audit_head *head, gl_err *err)
{
    gl_str value;
    gl_audit_head_state state = {0};
    if (!gl_state_get(p->state, partition, (gl_str){AUDIT_HEAD_KEY, sizeof AUDIT_HEAD_KEY - 1}, &value, err))
        return false;
    if (value.ptr != NULL && !gl_audit_head_state_decode(&state, (const uint8_t *)value.ptr, value.len, p->arena, err))
        return gl_state_unreadable(err, "the head of the audit chain");
    *head = state.audit_head;
    return true;
}

static void put_head(gl_pass *p, const gl_record *cause, gl_audit_head *head)
{
    gl_buf buf = gl_buf_in(p->arena);
    head->writes++;
    gl_schema_begin(&buf, GL_SCHEMA_AUDIT_HEAD_STATE);
    gl_audit_head_encode(&buf, head);
    gl_outbox_state(p->outbox, cause, (gl_str){AUDIT_HEAD_KEY, sizeof AUDIT_HEAD_KEY - 1}, gl_buf_view(&buf));
}

/* Of the partitions without a block. */
static bool put_heads(gl_pass *p, gl_err *err)
{
    for (size_t i = 0; i < p->changed_count; i++) {
        gl_audit_head head;
        if (!get_head(p, p->changed[i]->partition, &head, err))
            return false;
        put_head(p, p->changed[i], &head);
    }
    p->changed_count = 0;
    return true;
}

static bool put_block(gl_pass *p, const audit_part *part, gl_err *err)
{
    gl_audit_head prior;
    if (!get_head(p, part->cause->partition, &prior, err))
        return false;
    gl_audit block = {.written_at = p->batch->now_us};
    gl_audit_head next = {.writes = prior.writes};
    block.entries.at = part->entries;
    block.entries.count = part->count;
    gl_audit_link(&block, prior.sequence == 0 ? NULL : &prior, p->arena, &next);
    gl_buf buf = gl_buf_in(p->arena);
    gl_schema_begin(&buf, GL_SCHEMA_AUDIT_ENVELOPE);
    gl_audit_encode(&buf, &block);
    gl_outbox_put(p->outbox, part->cause, GL_DECIDE_OUT_AUDIT, (gl_str){NULL, 0}, gl_buf_view(&buf));
    put_head(p, part->cause, &next);
    forget_change(p, part->cause->partition);
    gl_pass_list_closed(p, part->cause, next.sequence, gl_buf_view(&part->closed));
    return true;
}

bool gl_pass_put_audit(gl_pass *p, gl_err *err)
{
    audit_part part = {.entries = GL_NEW_N(p->arena, gl_audit_audit_entry, p->audit_count)};
    for (size_t i = 0; i < p->audit_count; i++) {
        part.cause = p->audit_notes[i].cause;
        if (part.cause == NULL)
            continue; /* in the block of a partition before */
        part.count = 0;
        part.closed = gl_buf_in(p->arena);
        gl_buf_reserve(&part.closed, (p->audit_count - i) * GL_DECLARATION_ID_BYTES);
        for (size_t k = i; k < p->audit_count; k++) {
            audit_note *of = &p->audit_notes[k];
            if (of->cause == NULL || of->cause->partition != part.cause->partition)
                continue;
            part.entries[part.count++] = p->audit[k];
            if (of->closes)
                gl_buf_bytes(&part.closed, p->audit[k].declaration_id, GL_DECLARATION_ID_BYTES);
            of->cause = NULL;
        }
        if (!put_block(p, &part, err))
            return false;
    }
    p->audit_count = 0;
    return put_heads(p, err);
}

static bool take_all(gl_pass *p, gl_err *err)
{
    for (size_t i = 0; i < p->batch->count; i++) {
        const gl_record *record = &p->batch->records[i];
        bool done = record->input == GL_DECIDE_IN_ASSESSED ? take_assessed(p, record, err) : take_event(p, record, err);
        if (!done)
            return false;
    }
    return gl_pass_put_audit(p, err);
}

static gl_pass pass_of(const gl_decide_policy *policy, const gl_batch *batch, gl_outbox *outbox)
{
    return (gl_pass){.policy = policy,
                     .batch = batch,
                     .outbox = outbox,
                     .state = gl_outbox_state_view(outbox),
                     .arena = batch->arena};
}

bool gl_decide_process(const gl_decide_policy *policy, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    gl_pass p = pass_of(policy, batch, outbox);
    return take_all(&p, err);
}

bool gl_decide_timers(const gl_decide_policy *policy, const gl_batch *batch, const int32_t *partitions, size_t count,
                      gl_outbox *outbox, gl_err *err)
{
    enum { DUE_A_TRANSACTION = 200, EXPIRED_A_TRANSACTION = 2000 };
    gl_pass p = pass_of(policy, batch, outbox);
    size_t due = DUE_A_TRANSACTION, expired = EXPIRED_A_TRANSACTION;
    for (size_t i = 0; i < count && due > 0; i++)
        if (!gl_pass_fire(&p, partitions[i], &due, err))
            return false;
    for (size_t i = 0; i < count && expired > 0; i++)
        if (!gl_pass_expire(&p, partitions[i], &expired, err))
            return false;
    return gl_pass_put_audit(&p, err);
}

bool gl_decide_dead_lettered(const gl_decide_policy *policy, const gl_batch *batch, const gl_record *record,
                             const gl_err *why, gl_outbox *outbox, gl_err *err)
{
    gl_pass p = pass_of(policy, batch, outbox);
    return record->input != GL_DECIDE_IN_ASSESSED ||
           (hold_undecodable(&p, record, why, err) && gl_pass_put_audit(&p, err));
}
