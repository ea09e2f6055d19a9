/* Parked events and timers, as entries beside the clearances (schemas/state/parked_event.avsc, timer.avsc).
 *
 * Keys: "park:", declaration id, offset on gl.events; "timer:", deadline, declaration id; numbers are big endian, so
 * the order of keys is the order of arrival and of deadlines. None is 16 bytes long as a clearance's is. Always holds:
 * a timer is removed when it fires, whatever it finds; one whose clearance has moved on finds nothing to do. */
#include "base/clock.h"
#include "customs/ids.h"
#include "decide/clearance.h"
#include "decide/decide.h"
#include "decide/pass.h"
#include "io/envelope.h"

static const char PARK[] = "park:", TIMER[] = "timer:";

enum {
    PARK_BYTES = sizeof PARK - 1,
    TIMER_BYTES = sizeof TIMER - 1,
    PARK_KEY_BYTES = PARK_BYTES + GL_DECLARATION_ID_BYTES + 8,
    TIMER_KEY_BYTES = TIMER_BYTES + 8 + GL_DECLARATION_ID_BYTES
};

typedef struct gl_parked_mark {
    int32_t partition;
    bool any;
} parked_mark;

void gl_pass_put_deadline(gl_pass *p, const gl_record *cause, gl_str key, int64_t deadline_us)
{
    char *text = gl_arena_alloc(p->arena, TIMER_KEY_BYTES);
    memcpy(text, TIMER, TIMER_BYTES);
    gl_pass_put_big_endian(text + TIMER_BYTES, (uint64_t)deadline_us);
    memcpy(text + TIMER_BYTES + 8, key.ptr, GL_DECLARATION_ID_BYTES);
    gl_timer timer = {.deadline = deadline_us};
    gl_buf buf = gl_buf_in(p->arena);
    gl_buf_reserve(&buf, 16);
    gl_schema_begin(&buf, GL_SCHEMA_TIMER_STATE);
    gl_timer_encode(&buf, &timer);
    gl_outbox_state(p->outbox, cause, (gl_str){text, TIMER_KEY_BYTES}, gl_buf_view(&buf));
}

void gl_pass_put_timer(gl_pass *p, const gl_record *cause, gl_str key, const gl_clearance *prior,
                       const gl_decision *decision)
{
    const gl_decision_hold *hold = decision->hold;
    if (decision->outcome != GL_DECISION_OUTCOME_HELD || hold == NULL || !hold->until.set ||
        decision->cause == GL_DECISION_CAUSE_TIMER)
        return;
    bool there = prior != NULL && prior->version > 0 && prior->hold != NULL && prior->hold->until.set &&
                 prior->hold->until.value == hold->until.value;
    if (!there)
        gl_pass_put_deadline(p, cause, key, hold->until.value);
}

/* -- Parking
 * ------------------------------------------------------------------------------------------------------------------ */

static gl_str park_prefix(gl_pass *p, const uint8_t *id)
{
    char *text = gl_arena_alloc(p->arena, PARK_KEY_BYTES);
    memcpy(text, PARK, PARK_BYTES);
    memcpy(text + PARK_BYTES, id, GL_DECLARATION_ID_BYTES);
    return (gl_str){text, PARK_BYTES + GL_DECLARATION_ID_BYTES};
}

static parked_mark *mark_of(gl_pass *p, int32_t partition, gl_err *err)
{
    for (size_t i = 0; i < p->parked_count; i++)
        if (p->parked[i].partition == partition)
            return &p->parked[i];
    gl_str key, value;
    if (!gl_state_first(p->state, partition, (gl_str){PARK, PARK_BYTES}, &key, &value, err))
        return NULL;
    if (p->parked_count == p->parked_room) {
        p->parked_room += 32;
        parked_mark *grown = GL_NEW_N(p->arena, parked_mark, p->parked_room);
        if (p->parked_count > 0)
            memcpy(grown, p->parked, p->parked_count * sizeof *grown);
        p->parked = grown;
    }
    p->parked[p->parked_count] = (parked_mark){partition, key.ptr != NULL};
    return &p->parked[p->parked_count++];
}

bool gl_pass_park(gl_pass *p, const gl_record *record, gl_err *err)
{
    parked_mark *mark = mark_of(p, record->partition, err);
    if (mark == NULL)
        return false;
    mark->any = true;
    gl_parked_event parked = {.parked_at = p->batch->now_us,
                              .deadline = p->batch->now_us + gl_decide_policy_parking_us(p->policy),
                              .offset = record->offset,
                              .timestamp_ms = record->timestamp_ms,
                              .value = record->value};
    gl_str key = park_prefix(p, (const uint8_t *)record->key.ptr);
    gl_pass_put_big_endian((char *)key.ptr + key.len, (uint64_t)record->offset);
    key.len = PARK_KEY_BYTES;
    gl_buf buf = gl_buf_in(p->arena);
    gl_buf_reserve(&buf, record->value.len + 64);
    gl_schema_begin(&buf, GL_SCHEMA_PARKED_EVENT_STATE);
    gl_parked_event_encode(&buf, &parked);
    gl_outbox_state(p->outbox, record, key, gl_buf_view(&buf));
    gl_pass_put_deadline(p, record, record->key, parked.deadline);
    return true;
}

typedef struct found_parked {
    gl_str key; /* {NULL, 0}: none */
    gl_parked_event_state state;
} found_parked;

static bool first_parked(gl_pass *p, int32_t partition, const uint8_t *id, found_parked *found, gl_err *err)
{
    gl_str value;
    if (!gl_state_first(p->state, partition, park_prefix(p, id), &found->key, &value, err))
        return false;
    if (found->key.ptr == NULL ||
        gl_parked_event_state_decode(&found->state, (const uint8_t *)value.ptr, value.len, p->arena, err))
        return true;
    return gl_state_unreadable(err, "a parked event");
}

/* The record that was consumed when it was parked. */
static gl_record *record_of(gl_pass *p, int32_t partition, const found_parked *found)
{
    gl_record *record = GL_NEW(p->arena, gl_record);
    *record = (gl_record){.input = GL_DECIDE_IN_EVENTS,
                          .partition = partition,
                          .offset = found->state.parked_event.offset,
                          .timestamp_ms = found->state.parked_event.timestamp_ms,
                          .key = {found->key.ptr + PARK_BYTES, GL_DECLARATION_ID_BYTES},
                          .value = found->state.parked_event.value};
    return record;
}

static bool take_parked(gl_pass *p, const gl_record *cause, gl_str key, const found_parked *found, gl_err *err)
{
    gl_record *record = record_of(p, cause->partition, found);
    gl_outbox_state(p->outbox, cause, found->key, (gl_str){NULL, 0});
    gl_event_envelope *envelope = GL_NEW(p->arena, gl_event_envelope);
    if (!gl_event_envelope_decode(envelope, (const uint8_t *)record->value.ptr, record->value.len, p->arena, err))
        return gl_state_unreadable(err, "a parked event"); /* it was read before it was parked */
    gl_str value;
    if (!gl_state_get(p->state, cause->partition, key, &value, err))
        return false;
    const gl_clearance *clearance = gl_pass_clearance(p, value, err);
    return clearance != NULL && gl_pass_decide_event(p, cause, key, clearance, &envelope->event, err);
}

bool gl_pass_unpark(gl_pass *p, const gl_record *record, gl_str key, gl_err *err)
{
    const parked_mark *mark = mark_of(p, record->partition, err);
    if (mark == NULL)
        return false;
    uint8_t stem[GL_DECLARATION_ID_BYTES] = {0}; /* events that know the MRN only */
    memcpy(stem, key.ptr, 8);
    stem[7] &= 0xFC;
    for (bool any = mark->any; any;) {
        found_parked by_id, by_stem;
        if (!first_parked(p, record->partition, (const uint8_t *)key.ptr, &by_id, err) ||
            !first_parked(p, record->partition, stem, &by_stem, err))
            return false;
        any = by_id.key.ptr != NULL || by_stem.key.ptr != NULL;
        bool id_first = by_stem.key.ptr == NULL ||
                        (by_id.key.ptr != NULL && by_id.state.parked_event.offset < by_stem.state.parked_event.offset);
        if (any && !take_parked(p, record, key, id_first ? &by_id : &by_stem, err))
            return false;
    }
    return true;
}

/* -- What is due
 * -------------------------------------------------------------------------------------------------------------- */

static bool orphan_parked(gl_pass *p, const gl_record *cause, const uint8_t *id, gl_err *err)
{
    for (;;) {
        found_parked found;
        if (!first_parked(p, cause->partition, id, &found, err))
            return false;
        if (found.key.ptr == NULL || found.state.parked_event.deadline > p->batch->now_us)
            return true;
        char since[GL_TIME_TEXT_BYTES];
        gl_str text = gl_time_format(found.state.parked_event.parked_at, since);
        gl_err why;
        gl_fail(
            &why, GL_DEAD_LETTER, "event-orphaned",
            "no declaration came for the event, which waited since %.*s; send it again once there is one. One whose "
            "clearance ended longer ago than decide.idempotency_window is not kept",
            GL_STR_ARG(text));
        const gl_record *record = record_of(p, cause->partition, &found);
        gl_outbox_dead_letter(p->outbox, record, &why);
        gl_outbox_state(p->outbox, cause, found.key, (gl_str){NULL, 0});
    }
}

static bool is_overdue(const gl_clearance *clearance, int64_t deadline_us)
{
    return clearance->outcome == GL_CLEARANCE_OUTCOME_HELD && clearance->hold != NULL && clearance->hold->until.set &&
           clearance->hold->until.value == deadline_us;
}

static bool decide_overdue(gl_pass *p, const gl_record *cause, gl_str key, int64_t deadline_us, gl_err *err)
{
    gl_str value;
    if (!gl_state_get(p->state, cause->partition, key, &value, err))
        return false;
    if (value.ptr == NULL)
        return true;
    const gl_clearance *clearance = gl_pass_clearance(p, value, err);
    if (clearance == NULL || !is_overdue(clearance, deadline_us))
        return clearance != NULL;
    gl_assessed *assessed = GL_NEW(p->arena, gl_assessed);
    if (!gl_clearance_sections(p->arena, (const uint8_t *)key.ptr, clearance, assessed, err))
        return false;
    gl_deciding deciding = {
        .cause = cause,
        .key = key,
        .assessed = assessed,
        .prior = clearance,
        .body = clearance->body,
        .with_view = clearance->view.len > 0,
        .input = {.cause = GL_DECISION_CAUSE_TIMER, .prior = gl_clearance_prior(p->arena, clearance)}};
    return gl_pass_decide(p, &deciding, err);
}

bool gl_pass_fire(gl_pass *p, int32_t partition, size_t *limit, gl_err *err)
{
    gl_record *cause = GL_NEW(p->arena, gl_record);
    *cause = (gl_record){.input = GL_DECIDE_IN_EVENTS, .partition = partition, .offset = -1};
    for (; *limit > 0; --*limit) {
        gl_str key, value;
        if (!gl_state_first(p->state, partition, (gl_str){TIMER, TIMER_BYTES}, &key, &value, err))
            return false;
        int64_t deadline_us =
            key.len == TIMER_KEY_BYTES ? (int64_t)gl_pass_big_endian(key.ptr + TIMER_BYTES) : INT64_MAX;
        if (deadline_us > p->batch->now_us)
            return true;
        gl_str id = {gl_arena_dup(p->arena, key.ptr + TIMER_BYTES + 8, GL_DECLARATION_ID_BYTES),
                     GL_DECLARATION_ID_BYTES};
        cause->key = id;
        gl_outbox_state(p->outbox, cause, key, (gl_str){NULL, 0});
        if (!orphan_parked(p, cause, (const uint8_t *)id.ptr, err) || !decide_overdue(p, cause, id, deadline_us, err))
            return false;
    }
    return true;
}
