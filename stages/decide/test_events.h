/* What the tests of events share: records in memory, and what was put for them. */
#ifndef DECIDE_TEST_EVENTS_H
#define DECIDE_TEST_EVENTS_H

#include <criterion/criterion.h>

#include "base/clock.h"
#include "decide/decide.h"
#include "decide/process.h"
#include "decide/status.h"
#include "decide/test_fixture.h"
#include "io/json.h"

static gl_arena *arena;
static gl_decide_policy *policy;
static gl_outbox *outbox;
static int64_t next_offset, now_us;

static void set_up_with(const char *decide, const char *rest)
{
    gl_err err = {0};
    arena = gl_arena_new(0);
    policy = fixture_policy(decide, rest, &err);
    cr_assert(policy != NULL, "%s", err.message);
    outbox = gl_outbox_new(arena);
    now_us = FIXTURE_NOW_US;
}

static inline void set_up(void)
{
    set_up_with("  idempotency_window: 30d\n", FIXTURE_OFFICE FIXTURE_SEED);
}

static void tear_down(void)
{
    gl_decide_policy_unref(policy);
    gl_arena_destroy(arena);
}

static gl_record record_of(int input, const uint8_t *id, gl_str value)
{
    return (gl_record){.input = input,
                       .offset = next_offset++,
                       .key = {gl_arena_dup(arena, id, GL_DECLARATION_ID_BYTES), GL_DECLARATION_ID_BYTES},
                       .value = value};
}

static gl_record assessed_record(const gl_assessed *assessed)
{
    return record_of(GL_DECIDE_IN_ASSESSED, assessed->declaration.declaration_id,
                     fixture_assessed_value(arena, assessed));
}

static void run_all(const gl_record *records, size_t count)
{
    gl_batch batch = {.records = gl_arena_dup(arena, records, count * sizeof *records),
                      .count = count,
                      .now_us = now_us,
                      .arena = arena};
    gl_err err = {0};
    cr_assert(gl_decide_process(policy, &batch, outbox, &err), "%s: %s", err.code, err.message);
}

static inline void run(gl_record record)
{
    run_all(&record, 1);
}

static inline void fire(void)
{
    gl_batch batch = {.now_us = now_us, .arena = arena};
    gl_err err = {0};
    cr_assert(gl_decide_timers(policy, &batch, (const int32_t[]){0}, 1, outbox, &err), "%s: %s", err.code, err.message);
}

/* `details`: name, value, ..., NULL. */
static gl_record event_from(const char *source, const uint8_t *id, gl_event_event_type type, const char *event_id,
                            const char *code, const char *const *details)
{
    gl_event event = {.event_id = gl_str_of(event_id),
                      .type = type,
                      .occurred_at = now_us - 60000000,
                      .received_at = now_us,
                      .source = gl_str_of(source),
                      .actor = GL_STR("officer-7"),
                      .code = gl_str_of(code),
                      .text = GL_STR("")};
    memcpy(event.declaration_id, id, sizeof event.declaration_id);
    event.details.at = GL_NEW_N(arena, gl_event_detail, 8);
    for (; details != NULL && *details != NULL; details += 2)
        event.details.at[event.details.count++] = (gl_event_detail){gl_str_of(details[0]), gl_str_of(details[1])};
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_EVENT_ENVELOPE);
    gl_event_encode(&buf, &event);
    return record_of(GL_DECIDE_IN_EVENTS, id, gl_buf_view(&buf));
}

static gl_record event_of(const uint8_t *id, gl_event_event_type type, const char *event_id, const char *code,
                          const char *const *details)
{
    return event_from("customs", id, type, event_id, code, details);
}

static size_t count_of(char kind, int output)
{
    size_t count, found = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = 0; i < count; i++)
        found += entries[i].kind == kind && (kind != 'o' || entries[i].output == output);
    return found;
}

static inline size_t decision_count(void)
{
    return count_of('o', GL_DECIDE_OUT_DECISIONS);
}

static const gl_outbox_entry *last_of(char kind, int output)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    while (count-- > 0)
        if (entries[count].kind == kind && (kind != 'o' || entries[count].output == output))
            return &entries[count];
    cr_assert(false, "nothing of kind %c was put", kind);
    return NULL;
}

static inline gl_decided *last_decision(void)
{
    gl_decided *decided = GL_NEW(arena, gl_decided);
    const gl_outbox_entry *entry = last_of('o', GL_DECIDE_OUT_DECISIONS);
    gl_err err = {0};
    cr_assert(gl_decided_decode(decided, (const uint8_t *)entry->value.ptr, entry->value.len, arena, &err), "%s",
              err.message);
    return decided;
}

static inline gl_notification *last_message(void)
{
    gl_notification_envelope *message = GL_NEW(arena, gl_notification_envelope);
    const gl_outbox_entry *entry = last_of('o', GL_DECIDE_OUT_NOTIFICATIONS);
    gl_err err = {0};
    cr_assert(
        gl_notification_envelope_decode(message, (const uint8_t *)entry->value.ptr, entry->value.len, arena, &err),
        "%s", err.message);
    return &message->notification;
}

static inline gl_clearance *state_of(const uint8_t *id)
{
    gl_str value;
    gl_err err = {0};
    gl_clearance_state *state = GL_NEW(arena, gl_clearance_state);
    cr_assert(gl_state_get(gl_outbox_state_view(outbox), 0, (gl_str){(const char *)id, GL_DECLARATION_ID_BYTES}, &value,
                           &err));
    if (value.ptr == NULL)
        return NULL;
    cr_assert(gl_clearance_state_decode(state, (const uint8_t *)value.ptr, value.len, arena, &err), "%s", err.message);
    return &state->clearance;
}

static inline gl_json *view_of(const gl_clearance *clearance)
{
    gl_err err = {0};
    gl_json *view = gl_json_parse(arena, clearance->view, 65536, 4096, &err);
    cr_assert(view != NULL, "%s: %.*s", err.message, GL_STR_ARG(clearance->view));
    return view;
}

static inline bool contains(gl_str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* The last decision replays byte for byte from its record. */
static inline void check_replay(void)
{
    gl_decide_replay_result result;
    gl_err err = {0};
    cr_assert(gl_decide_replay(policy, last_of('o', GL_DECIDE_OUT_DECISIONS)->value, arena, &result, &err), "%s",
              err.message);
    cr_assert(result.same, "%s", result.difference_count > 0 ? result.differences[0].field : "?");
}

/* Decisions have consecutive versions, and as many notifications and audit entries. */
static inline void check_versions(void)
{
    size_t count, decisions = 0, audited = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = 0; i < count; i++) {
        gl_decided decided;
        gl_audit_envelope block;
        gl_err err;
        if (entries[i].kind != 'o')
            continue;
        const uint8_t *bytes = (const uint8_t *)entries[i].value.ptr;
        if (entries[i].output == GL_DECIDE_OUT_DECISIONS) {
            cr_assert(gl_decided_decode(&decided, bytes, entries[i].value.len, arena, &err));
            cr_assert_eq(decided.decision.prior_version, (int32_t)decisions);
            cr_assert_eq(decided.decision.version, (int32_t)++decisions);
        } else if (entries[i].output == GL_DECIDE_OUT_AUDIT) {
            cr_assert(gl_audit_envelope_decode(&block, bytes, entries[i].value.len, arena, &err));
            audited += block.audit.entries.count;
        }
    }
    cr_assert_eq(audited, decisions);
}

#endif
