/* How large a clearance is in the local state. */
#include "decide/test_events.h"

#include "decide/decide.h"
#include "stage/pack.h"

TestSuite(clearance, .init = set_up, .fini = tear_down);

/* The value that stands. */
static gl_str written(const uint8_t *id)
{
    gl_str value;
    gl_err err;
    cr_assert(gl_state_get(gl_outbox_state_view(outbox), 0, (gl_str){(const char *)id, GL_DECLARATION_ID_BYTES}, &value,
                           &err));
    return value;
}

static void is_made_small(gl_pack *pack, gl_str value)
{
    gl_str packed;
    uint8_t how;
    cr_assert_gt(value.len, 1000);
    gl_pack_value(pack, value, &how, &packed);
    cr_assert_lt(packed.len, value.len / 2, "%zu of %zu bytes", packed.len, value.len);
}

/* When this fails, what a clearance says has changed: training/decide makes a new dictionary. */
Test(clearance, the_dictionary_makes_less_than_half_of_it)
{
    gl_pack *pack = gl_pack_new(gl_decide_dictionary);
    cr_assert_neq(gl_pack_id(pack), 0);
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    assessed.assessment.score_ppm = GL_SOME_I32(950000);
    run(assessed_record(&assessed));
    const uint8_t *id = assessed.declaration.declaration_id;
    cr_assert_eq(last_decision()->decision.outcome, GL_DECISION_OUTCOME_HELD);
    is_made_small(pack, written(id));
    run(event_of(id, GL_EVENT_EVENT_TYPE_INSPECTION_RESULT, "e-1", "A1", NULL));
    cr_assert_eq(decision_count(), 2);
    is_made_small(pack, written(id));
    gl_pack_free(pack);
}
