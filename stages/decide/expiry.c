/* Closed clearances go when the idempotency window is over (schemas/state/closed.avsc).
 *
 * What is closed is listed by the time of the decision that closed it, a few hundred ids an entry, so that the index
 * costs 16 bytes a declaration and next to no records; key: "closed:", that time, the number of the audit block and of
 * the entry in it, all big endian. Always holds: every closed clearance is listed under the time of its last decision;
 * an id that is listed and has been decided since, or is open, is left alone: its last decision has listed it if need
 * be. The window is the one configured now: a longer or a shorter one counts from the next look on. */
#include "customs/ids.h"
#include "decide/clearance.h"
#include "decide/decide.h"
#include "decide/pass.h"
#include "io/envelope.h"

static const char CLOSED[] = "closed:";

enum { CLOSED_BYTES = sizeof CLOSED - 1, CLOSED_KEY_BYTES = CLOSED_BYTES + 16, IDS_AN_ENTRY = 256 };

bool gl_pass_is_expired(const gl_pass *p, const gl_clearance *clearance)
{
    return gl_clearance_may_expire(clearance) &&
           p->batch->now_us - clearance->decided_at > gl_decide_policy_window_us(p->policy);
}

/* -- Listing
 * ------------------------------------------------------------------------------------------------------------------ */

static void put_entry(gl_pass *p, const gl_record *cause, int64_t number, gl_str ids)
{
    char *text = gl_arena_alloc(p->arena, CLOSED_KEY_BYTES);
    memcpy(text, CLOSED, CLOSED_BYTES);
    gl_pass_put_big_endian(text + CLOSED_BYTES, (uint64_t)p->batch->now_us);
    gl_pass_put_big_endian(text + CLOSED_BYTES + 8, (uint64_t)number);
    gl_closed closed = {.closed_at = p->batch->now_us, .ids = ids};
    gl_buf buf = gl_buf_in(p->arena);
    gl_buf_reserve(&buf, ids.len + 32);
    gl_schema_begin(&buf, GL_SCHEMA_CLOSED_STATE);
    gl_closed_encode(&buf, &closed);
    gl_outbox_state(p->outbox, cause, (gl_str){text, CLOSED_KEY_BYTES}, gl_buf_view(&buf));
}

void gl_pass_list_closed(gl_pass *p, const gl_record *cause, int64_t block, gl_str ids)
{
    enum { ENTRY_BYTES = IDS_AN_ENTRY * GL_DECLARATION_ID_BYTES, BLOCK_SHIFT = 16 };
    int64_t number = block << BLOCK_SHIFT;
    for (size_t at = 0; at < ids.len; at += ENTRY_BYTES) {
        size_t left = ids.len - at;
        put_entry(p, cause, number++, (gl_str){ids.ptr + at, left < ENTRY_BYTES ? left : ENTRY_BYTES});
    }
}

/* -- Going
 * --------------------------------------------------------------------------------------------------------------------
 */

/* The cause of a removal carries the value that goes, for its view. */
static bool remove_closed(gl_pass *p, int32_t partition, const char *id, gl_err *err)
{
    gl_str key = {gl_arena_dup(p->arena, id, GL_DECLARATION_ID_BYTES), GL_DECLARATION_ID_BYTES}, value;
    if (!gl_state_get(p->state, partition, key, &value, err))
        return false;
    if (value.ptr == NULL)
        return true;
    const gl_clearance *clearance = gl_pass_clearance(p, value, err);
    if (clearance == NULL || !gl_pass_is_expired(p, clearance))
        return clearance != NULL;
    gl_record *cause = GL_NEW(p->arena, gl_record);
    *cause =
        (gl_record){.input = GL_DECIDE_IN_EVENTS, .partition = partition, .offset = -1, .key = key, .value = value};
    gl_outbox_state(p->outbox, cause, key, (gl_str){NULL, 0});
    gl_pass_note_change(p, cause);
    return true;
}

static bool remove_listed(gl_pass *p, int32_t partition, gl_str value, size_t *removed, gl_err *err)
{
    gl_closed_state listed;
    if (!gl_closed_state_decode(&listed, (const uint8_t *)value.ptr, value.len, p->arena, err))
        return gl_state_unreadable(err, "a list of closed clearances");
    gl_str ids = listed.closed.ids;
    for (size_t at = 0; at + GL_DECLARATION_ID_BYTES <= ids.len; at += GL_DECLARATION_ID_BYTES, ++*removed)
        if (!remove_closed(p, partition, ids.ptr + at, err))
            return false;
    return true;
}

bool gl_pass_expire(gl_pass *p, int32_t partition, size_t *limit, gl_err *err)
{
    int64_t until_us = p->batch->now_us - gl_decide_policy_window_us(p->policy); /* what closed before this goes */
    while (*limit > 0) {
        gl_str key, value;
        if (!gl_state_first(p->state, partition, (gl_str){CLOSED, CLOSED_BYTES}, &key, &value, err))
            return false;
        if (key.len != CLOSED_KEY_BYTES || (int64_t)gl_pass_big_endian(key.ptr + CLOSED_BYTES) >= until_us)
            return true;
        gl_record *cause = GL_NEW(p->arena, gl_record);
        *cause = (gl_record){.input = GL_DECIDE_IN_EVENTS, .partition = partition, .offset = -1, .key = key};
        size_t removed = 1; /* the list itself */
        if (!remove_listed(p, partition, value, &removed, err))
            return false;
        gl_outbox_state(p->outbox, cause, key, (gl_str){NULL, 0});
        *limit -= removed < *limit ? removed : *limit;
    }
    return true;
}
