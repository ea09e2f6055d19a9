/* What the files behind process.h share: one call of gl_decide_process or gl_decide_timers, and putting a decision.
 *
 * Always holds: what is put for a clearance has its own declaration id as the key, whatever the causing record's key
 * is (an event may know the MRN only); a decision, its notification, its state and its audit entry are put together.
 */
#ifndef DECIDE_PASS_H
#define DECIDE_PASS_H

#include "decide/audit.h"
#include "decide/notification.h"
#include "decide/policy.h"
#include "decide/rules.h"
#include "stage/stage.h"

typedef struct gl_pass {
    const gl_decide_policy *policy;
    const gl_batch *batch;
    gl_outbox *outbox;
    gl_state *state;
    gl_arena *arena;
    gl_audit_audit_entry *audit; /* audit_count <= audit_room */
    struct gl_audit_note *audit_notes;
    size_t audit_count, audit_room;
    const gl_record **changed; /* the first of each partition whose clearances changed without a decision */
    size_t changed_count, changed_room;
    struct gl_parked_mark *parked; /* partitions looked at, and whether anything is parked there */
    size_t parked_count, parked_room;
} gl_pass;

/* A decision to be put. */
typedef struct gl_deciding {
    const gl_record *cause;
    gl_str key; /* declaration id */
    const gl_assessed *assessed;
    const gl_clearance *prior; /* of the state; NULL: none */
    gl_str body;               /* to keep */
    gl_decide_input input;
    gl_str event_source, event_id; /* to remember, or {NULL, 0} */
    bool amends;                   /* the prior content is replaced */
    size_t unused_findings;        /* of the event, to be counted */
    bool with_view;
} gl_deciding;

/* ---- process.c ---- */
/* Computes and puts it all. Errors (GL_FATAL): seed-unknown. */
bool gl_pass_decide(gl_pass *p, const gl_deciding *deciding, gl_err *err);
/* The decision for an event about a clearance; nothing when the event was decided before. */
bool gl_pass_decide_event(gl_pass *p, const gl_record *record, gl_str key, const gl_clearance *prior,
                          const gl_event *event, gl_err *err);
gl_clearance *gl_pass_clearance(gl_pass *p, gl_str value, gl_err *err);
/* A clearance of cause's partition changed without a decision. */
void gl_pass_note_change(gl_pass *p, const gl_record *cause);
/* The audit block of each partition, and its head, which every change of a clearance moves. */
bool gl_pass_put_audit(gl_pass *p, gl_err *err);

/* ---- park.c ---- */
/* Keeps an event whose declaration is not there yet, until decide.parking_deadline. */
bool gl_pass_park(gl_pass *p, const gl_record *record, gl_err *err);
/* Decides what is parked for a declaration, in order of arrival. After its state was put. */
bool gl_pass_unpark(gl_pass *p, const gl_record *record, gl_str key, gl_err *err);
/* A timer for a clearance, whatever it finds then. */
void gl_pass_put_deadline(gl_pass *p, const gl_record *cause, gl_str key, int64_t deadline_us);
/* A timer for the clearance's hold, when the decision made or moved its time limit. */
void gl_pass_put_timer(gl_pass *p, const gl_record *cause, gl_str key, const gl_clearance *prior,
                       const gl_decision *decision);
/* Everything of a partition that is due, `limit` at most (counted down). */
bool gl_pass_fire(gl_pass *p, int32_t partition, size_t *limit, gl_err *err);

/* ---- expiry.c ---- */
/* It ended longer ago than the idempotency window (gl_clearance_may_expire): a new declaration is not its duplicate. */
bool gl_pass_is_expired(const gl_pass *p, const gl_clearance *clearance);
/* Notes what the decisions of audit block `block` have closed, to be removed later. `ids`: 16 bytes each, in the arena.
 */
void gl_pass_list_closed(gl_pass *p, const gl_record *cause, int64_t block, gl_str ids);
/* Removes what is expired of a partition, about `limit` clearances at most (counted down): state and list. */
bool gl_pass_expire(gl_pass *p, int32_t partition, size_t *limit, gl_err *err);

/* Numbers in keys: their order is that of the keys. */
static inline void gl_pass_put_big_endian(char *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (char)(uint8_t)(value >> (56 - 8 * i));
}

static inline uint64_t gl_pass_big_endian(const char *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | (uint8_t)at[i];
    return value;
}

#endif
