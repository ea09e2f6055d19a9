/* Replay (see rules.h): the inputs come from the record, the rules from a policy, and every field is compared.
 *
 * A field is compared through its JSON text, made by encoding a decision in which only that field is set: what differs
 * in the text is what a person reads. Equality of the whole section is equality of bytes.
 */
#include <stddef.h>

#include "decide/rules.h"

typedef struct field_place {
    const char *name;
    size_t offset, size; /* of the member in gl_decision */
} field_place;

#define FIELD(name)                                                                                                    \
    {                                                                                                                  \
#name, offsetof(gl_decision, name), sizeof(((gl_decision *)NULL)->name)                                        \
    }

/* The size of the member itself is meant, also of a pointer. NOLINTBEGIN(bugprone-sizeof-expression) */
static const field_place FIELDS[] = {
    FIELD(declaration_id),
    FIELD(version),
    FIELD(prior_version),
    FIELD(cause),
    FIELD(causing_event_id),
    FIELD(decided_at),
    FIELD(lane),
    FIELD(outcome),
    FIELD(intended_outcome),
    FIELD(hold),
    FIELD(reasons),
    FIELD(eligibility),
    FIELD(office),
    FIELD(policy_version),
    FIELD(red_threshold_ppm),
    FIELD(yellow_threshold_ppm),
    FIELD(blue_threshold_ppm),
    FIELD(seed_epoch),
    FIELD(draws),
    FIELD(exchange_rate_version),
    FIELD(first_mrn),
    FIELD(shadow),
    FIELD(office_stopped),
    FIELD(degraded),
    FIELD(evaluator),
    FIELD(event),
    FIELD(prior),
};
/* NOLINTEND(bugprone-sizeof-expression) */
_Static_assert(sizeof FIELDS / sizeof *FIELDS == GL_DECIDE_FIELDS, "every field of the schema is compared");

/* The member's own JSON, cut out of a decision that has nothing else. */
static gl_str field_json(const gl_decision *decision, const field_place *field, gl_arena *arena)
{
    gl_decision only = {0};
    memcpy((char *)&only + field->offset, (const char *)decision + field->offset, field->size);
    gl_buf buf = gl_buf_in(arena);
    gl_decision_json(&buf, &only);
    const char *name = gl_arena_printf(arena, "\"%s\":", field->name);
    gl_str text = gl_buf_view(&buf);
    const char *at = memmem(text.ptr, text.len, name, strlen(name));
    if (at == NULL)
        return GL_STR("");
    at += strlen(name);
    /* The next member's name ends the value; the last member ends with the object. */
    gl_str rest = {at, text.len - (size_t)(at - text.ptr)};
    const field_place *next = field + 1;
    if (next == FIELDS + GL_DECIDE_FIELDS)
        return (gl_str){rest.ptr, rest.len - 1};
    const char *next_name = gl_arena_printf(arena, ",\"%s\":", next->name);
    const char *end = memmem(rest.ptr, rest.len, next_name, strlen(next_name));
    return end == NULL ? rest : (gl_str){rest.ptr, (size_t)(end - rest.ptr)};
}

static bool same_bytes(const gl_decision *a, const gl_decision *b, gl_arena *arena)
{
    gl_buf left = gl_buf_in(arena), right = gl_buf_in(arena);
    gl_decision_encode(&left, a);
    gl_decision_encode(&right, b);
    return gl_str_eq(gl_buf_view(&left), gl_buf_view(&right));
}

bool gl_decide_replay(const gl_decide_policy *policy, gl_str value, gl_arena *arena, gl_decide_replay_result *result,
                      gl_err *err)
{
    *result = (gl_decide_replay_result){0};
    if (!gl_decided_decode(&result->decided, (const uint8_t *)value.ptr, value.len, arena, err))
        return false;
    const gl_decided *decided = &result->decided;
    const gl_decision *recorded = &decided->decision;
    gl_decide_input input = {.declaration = &decided->declaration,
                             .classification = &decided->classification,
                             .assessment = &decided->assessment,
                             .prior_version = recorded->prior_version,
                             .cause = recorded->cause,
                             .causing_event_id = recorded->causing_event_id,
                             .now_us = recorded->decided_at,
                             .collides_with = recorded->first_mrn,
                             .seed_epoch = recorded->seed_epoch,
                             .prior = recorded->prior,
                             .event = recorded->event};
    if (!gl_decide_compute(policy, &input, arena, &result->computed, err))
        return false;
    result->same = same_bytes(recorded, &result->computed, arena);
    for (size_t i = 0; i < GL_DECIDE_FIELDS && !result->same; i++) {
        gl_str left = field_json(recorded, &FIELDS[i], arena), right = field_json(&result->computed, &FIELDS[i], arena);
        if (!gl_str_eq(left, right))
            result->differences[result->difference_count++] = (gl_decide_difference){FIELDS[i].name, left, right};
    }
    return true;
}
