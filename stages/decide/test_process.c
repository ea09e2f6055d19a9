/* What comes out of records, in memory: decisions, duplicates, reuse, collisions, technical holds, dead letters, the
 * audit chain. */
#include <criterion/criterion.h>

#include "customs/failure.h"
#include "decide/audit.h"
#include "decide/decide.h"
#include "decide/notification.h"
#include "decide/process.h"
#include "decide/status.h"
#include "decide/test_fixture.h"
#include "io/json.h"

static gl_arena *arena;
static gl_decide_policy *policy;
static gl_outbox *outbox;

static void set_up(void)
{
    gl_err err = {0};
    arena = gl_arena_new(0);
    policy = fixture_policy("  idempotency_window: 30d\n", FIXTURE_OFFICE FIXTURE_SEED, &err);
    cr_assert(policy != NULL, "%s", err.message);
    outbox = gl_outbox_new(arena);
}

static void tear_down(void)
{
    gl_decide_policy_unref(policy);
    gl_arena_destroy(arena);
}

TestSuite(process, .init = set_up, .fini = tear_down);

/* -- Records and what was put
 * ------------------------------------------------------------------------------------------- */

static int64_t next_offset;

static gl_record record_of(int input, int32_t partition, const uint8_t *id, gl_str value)
{
    return (gl_record){.input = input,
                       .partition = partition,
                       .offset = next_offset++,
                       .key = {gl_arena_dup(arena, id, GL_DECLARATION_ID_BYTES), GL_DECLARATION_ID_BYTES},
                       .value = value};
}

static gl_record assessed_record(const gl_assessed *assessed)
{
    return record_of(GL_DECIDE_IN_ASSESSED, 0, assessed->declaration.declaration_id,
                     fixture_assessed_value(arena, assessed));
}

/* Outbox entries refer to their records, so these live as long as the arena. */
static void run_at(const gl_record *records, size_t count, int64_t now_us)
{
    gl_batch batch = {.records = gl_arena_dup(arena, records, count * sizeof *records),
                      .count = count,
                      .now_us = now_us,
                      .arena = arena};
    gl_err err = {0};
    cr_assert(gl_decide_process(policy, &batch, outbox, &err), "%s: %s", err.code, err.message);
}

static void run(gl_record record)
{
    run_at(&record, 1, FIXTURE_NOW_US);
}

static size_t count_of(char kind, int output)
{
    size_t count, found = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = 0; i < count; i++)
        found += entries[i].kind == kind && (kind != 'o' || entries[i].output == output);
    return found;
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

static gl_decided *last_decision(void)
{
    gl_decided *decided = GL_NEW(arena, gl_decided);
    const gl_outbox_entry *entry = last_of('o', GL_DECIDE_OUT_DECISIONS);
    gl_err err = {0};
    cr_assert(gl_decided_decode(decided, (const uint8_t *)entry->value.ptr, entry->value.len, arena, &err), "%s",
              err.message);
    return decided;
}

static gl_notification *last_message(void)
{
    gl_notification_envelope *message = GL_NEW(arena, gl_notification_envelope);
    const gl_outbox_entry *entry = last_of('o', GL_DECIDE_OUT_NOTIFICATIONS);
    gl_err err = {0};
    cr_assert(
        gl_notification_envelope_decode(message, (const uint8_t *)entry->value.ptr, entry->value.len, arena, &err),
        "%s", err.message);
    return &message->notification;
}

static gl_clearance *state_of(const uint8_t *id)
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

static gl_json *view_of(const gl_clearance *clearance)
{
    gl_err err = {0};
    gl_json *view = gl_json_parse(arena, clearance->view, 65536, 4096, &err);
    cr_assert(view != NULL, "%s: %.*s", err.message, GL_STR_ARG(clearance->view));
    return view;
}

static bool contains(gl_str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* -- Tests
 * ---------------------------------------------------------------------------------------------------------------- */

Test(process, the_first_record_of_a_declaration_is_decided)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    run(assessed_record(&assessed));
    const gl_decided *decided = last_decision();
    const gl_outbox_entry *entry = last_of('o', GL_DECIDE_OUT_DECISIONS);
    cr_assert(entry->key.len == GL_DECLARATION_ID_BYTES && entry->partition == 0);
    cr_assert(decided->decision.version == 1 && decided->decision.prior_version == 0);
    cr_assert_eq(decided->decision.outcome, GL_DECISION_OUTCOME_RELEASED);
    cr_assert(gl_str_eq(decided->declaration.mrn, assessed.declaration.mrn), "the upstream sections are carried");
    gl_str upstream = fixture_assessed_value(arena, &assessed);
    cr_assert(memcmp(entry->value.ptr + 5, upstream.ptr + 5, upstream.len - 5) == 0, "byte for byte");
    const gl_notification *message = last_message();
    cr_assert(gl_str_eqz(message->function_code, "09") && gl_str_eqz(message->message_name, "DMSCLE"));
    cr_assert(message->decision_version == 1 && gl_str_eqz(message->submitter, "hub") &&
              contains(message->payload, "<FunctionCode>09<"));
    const gl_clearance *state = state_of(assessed.declaration.declaration_id);
    cr_assert(state->version == 1 && state->outcome == GL_CLEARANCE_OUTCOME_RELEASED && state->duplicate_count == 0);
    cr_assert(memcmp(state->digest, assessed.declaration.content_digest, GL_SHA256_BYTES) == 0);
    gl_json *view = view_of(state);
    cr_assert(gl_str_eq(gl_json_text(view, "mrn"), assessed.declaration.mrn) &&
              gl_str_eqz(gl_json_text(view, "outcome"), "RELEASED"));
    cr_assert(gl_json_get(view, "timeline")->count == 4 && gl_json_get(view, "reasons")->count == 1);
    cr_assert(gl_str_eqz(gl_json_text(gl_json_get(view, "timeline")->items[3], "at"), "2026-11-24T12:00:00.000000Z"));
}

Test(process, the_view_names_what_a_consignment_has_in_common)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    gl_declaration_document documents[] = {
        {.kind = GL_DECLARATION_DOCUMENT_KIND_TRANSPORT, .type_code = GL_STR("N740"), .id = GL_STR("157-40021192")},
        {.kind = GL_DECLARATION_DOCUMENT_KIND_SUPPORTING, .type_code = GL_STR("N380"), .id = GL_STR("INV-1")},
        {.kind = GL_DECLARATION_DOCUMENT_KIND_TRANSPORT, .id = GL_STR("house \"1\"")}};
    gl_declaration_document many[20];
    for (size_t i = 0; i < 20; i++)
        many[i] = documents[0];
    assessed.declaration.ucr = GL_STR("6DE-1");
    assessed.declaration.documents.at = documents;
    assessed.declaration.documents.count = 3;
    run(assessed_record(&assessed));
    const gl_json *references = gl_json_get(view_of(state_of(assessed.declaration.declaration_id)), "references");
    cr_assert_eq(references->count, 3);
    cr_assert(gl_str_eqz(references->items[0]->text, "UCR:6DE-1"));
    cr_assert(gl_str_eqz(references->items[1]->text, "N740:157-40021192"));
    cr_assert(gl_str_eqz(references->items[2]->text, "transport:house \"1\""));
    fixture_assessed(arena, "LRN-2", &assessed);
    assessed.declaration.items.at[0].documents.at = many;
    assessed.declaration.items.at[0].documents.count = 20;
    run(assessed_record(&assessed));
    references = gl_json_get(view_of(state_of(assessed.declaration.declaration_id)), "references");
    cr_assert_eq(references->count, 16, "no more");
}

Test(process, a_hold_is_a_positive_answer)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    assessed.assessment.score_ppm = GL_SOME_I32(950000);
    run(assessed_record(&assessed));
    const gl_notification *message = last_message();
    cr_assert(gl_str_eqz(message->function_code, "05") && gl_str_eqz(message->message_name, "DMSCTL"));
    cr_assert(contains(message->payload, "examination") && contains(message->payload, ">20261127120000Z<"), "%.*s",
              GL_STR_ARG(message->payload));
    cr_assert(!contains(message->payload, "core"), "the trader is not told the score");
    gl_json *hold = gl_json_get(view_of(state_of(assessed.declaration.declaration_id)), "hold");
    cr_assert(gl_str_eqz(gl_json_text(hold, "reason"), "examination") &&
              gl_str_eqz(gl_json_text(hold, "place"), "BE343000"));
    assessed.declaration.content_digest[0] ^= 1;
}

Test(process, the_same_content_again_is_a_duplicate)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    assessed.assessment.score_ppm = GL_SOME_I32(950000);
    run(assessed_record(&assessed));
    const char *first_mrn = gl_arena_strndup(arena, assessed.declaration.mrn.ptr, assessed.declaration.mrn.len);
    assessed.declaration.mrn = GL_STR("27BEPROVISIONALR5"); /* a year later */
    assessed.declaration.mrn_provisional = true;
    assessed.assessment.score_ppm = GL_SOME_I32(1); /* another model by now: the first outcome stands */
    for (int32_t n = 1; n <= 12; n++) {
        run(assessed_record(&assessed));
        cr_assert_eq(count_of('o', GL_DECIDE_OUT_DECISIONS), 1, "a duplicate adds no decision");
        cr_assert_eq(count_of('o', GL_DECIDE_OUT_AUDIT), 1);
        const gl_notification *message = last_message();
        cr_assert(gl_str_eqz(message->mrn, first_mrn) && contains(message->payload, first_mrn) &&
                  contains(message->payload, "duplicate"));
        cr_assert(gl_str_eqz(message->message_name, "DMSCTL"), "the status that stands");
        const gl_clearance *state = state_of(assessed.declaration.declaration_id);
        cr_assert(state->duplicate_count == n && state->version == 1 && state->outcome == GL_CLEARANCE_OUTCOME_HELD);
        cr_assert(gl_str_eqz(state->mrn, first_mrn));
        gl_json *view = view_of(state);
        int64_t duplicates = 0;
        cr_assert(gl_json_int(view, "duplicates", &duplicates) && duplicates == n &&
                  gl_str_eqz(gl_json_text(view, "mrn"), first_mrn));
        cr_assert_eq(gl_status_revision(state), 2 + n);
    }
}

Test(process, messages_of_one_declaration_have_different_references)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    gl_str references[4];
    for (size_t i = 0; i < 4; i++) {
        if (i == 3)
            assessed.declaration.content_digest[0] ^= 1;
        run(assessed_record(&assessed));
        gl_str payload = last_message()->payload;
        const char *at = memmem(payload.ptr, payload.len, "<FunctionalReferenceID>", 23);
        references[i] = (gl_str){at + 23, 32};
        for (size_t k = 0; k < i; k++)
            cr_assert(!gl_str_eq(references[i], references[k]), "%zu and %zu", i, k);
    }
}

Test(process, who_declared_in_edifact_is_told_in_edifact)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    assessed.declaration.message.format = GL_STR("edifact-cusdec");
    assessed.declaration.message.profile = GL_STR("CUSDEC D:10A:UN");
    run(assessed_record(&assessed));
    const gl_notification *message = last_message();
    cr_assert(gl_str_eqz(message->content_type, "application/EDIFACT") && gl_str_eqz(message->message_name, "DMSCLE"));
    cr_assert(contains(message->payload, "CUSRES:D:10A:UN'") && contains(message->payload, "\nGEI+ZZZ+4'\n"));
    run(assessed_record(&assessed));
    cr_assert(contains(last_message()->payload, "\nFTX+ACB++duplicate+") &&
              contains(last_message()->payload, "\nGEI+ZZZ+4'\n"));
    assessed.declaration.content_digest[5] ^= 1;
    run(assessed_record(&assessed));
    cr_assert(contains(last_message()->payload, "\nGEI+ZZZ+2'\n") &&
              contains(last_message()->payload, "\nERC+GL-LRN'\n"));
    assessed.declaration.message.format = GL_STR("greenlane-json"); /* its copy from elsewhere */
    assessed.declaration.content_digest[5] ^= 1;
    run(assessed_record(&assessed));
    cr_assert(gl_str_eqz(last_message()->content_type, "application/xml"));
}

Test(process, a_duplicate_in_the_same_batch)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    gl_record records[2] = {assessed_record(&assessed), assessed_record(&assessed)};
    run_at(records, 2, FIXTURE_NOW_US);
    cr_assert(count_of('o', GL_DECIDE_OUT_DECISIONS) == 1 && count_of('o', GL_DECIDE_OUT_NOTIFICATIONS) == 2);
    cr_assert_eq(state_of(assessed.declaration.declaration_id)->duplicate_count, 1);
}

Test(process, the_same_lrn_with_other_content_is_refused)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    run(assessed_record(&assessed));
    const gl_clearance before = *state_of(assessed.declaration.declaration_id);
    assessed.declaration.content_digest[5] ^= 1;
    run(assessed_record(&assessed));
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_DECISIONS), 1);
    const gl_notification *message = last_message();
    cr_assert(gl_str_eqz(message->function_code, "03") && gl_str_eqz(message->message_name, "DMSREJ") &&
              message->decision_version == 0);
    cr_assert(contains(message->payload, "GL-LRN") && contains(message->payload, "lrn-reused"));
    const gl_clearance *after = state_of(assessed.declaration.declaration_id);
    cr_assert(after->version == before.version && after->duplicate_count == 0 && gl_str_eq(after->view, before.view));
}

Test(process, after_the_window_an_lrn_is_free_and_versions_go_on)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    gl_record first = assessed_record(&assessed), again = assessed_record(&assessed), late = assessed_record(&assessed);
    int64_t window_us = INT64_C(30) * 86400 * 1000000;
    run_at(&first, 1, FIXTURE_NOW_US);
    run_at(&again, 1, FIXTURE_NOW_US + window_us);
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_DECISIONS), 1, "the last moment of the window");
    run_at(&late, 1, FIXTURE_NOW_US + window_us + 1);
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_DECISIONS), 2);
    cr_assert(last_decision()->decision.version == 2 && last_decision()->decision.prior_version == 1);
    const gl_clearance *state = state_of(assessed.declaration.declaration_id);
    cr_assert(state->version == 2 && state->duplicate_count == 1 && gl_status_revision(state) == 4,
              "the view's number keeps growing");
}

/* An id with the same top 62 bits as another. */
static void collide(gl_declaration *declaration, const uint8_t *other, uint8_t low)
{
    memcpy(declaration->declaration_id, other, GL_DECLARATION_ID_BYTES);
    declaration->declaration_id[7] = (uint8_t)((other[7] & 0xFC) | low);
    declaration->declaration_id[12] ^= 0x40;
}

Test(process, a_collision_of_mrn_characters_is_refused_and_never_merged)
{
    for (uint8_t low = 0; low < 4; low++) {
        outbox = gl_outbox_new(arena);
        gl_assessed first, second;
        fixture_assessed(arena, "LRN-1", &first);
        fixture_assessed(arena, "LRN-2", &second);
        collide(&second.declaration, first.declaration.declaration_id, low);
        run(assessed_record(&first));
        run(assessed_record(&second));
        const gl_decided *decided = last_decision();
        cr_assert(decided->decision.outcome == GL_DECISION_OUTCOME_REFUSED && decided->decision.version == 1,
                  "low bits %d", low);
        cr_assert(gl_str_eqz(decided->decision.reasons.at[0].code, "mrn-collision") &&
                  gl_str_eq(decided->decision.first_mrn, first.declaration.mrn));
        cr_assert(gl_str_eqz(last_message()->message_name, "DMSREJ") && contains(last_message()->payload, "GL-MRN"));
        const gl_clearance *kept = state_of(first.declaration.declaration_id),
                           *refused = state_of(second.declaration.declaration_id);
        cr_assert(kept->outcome == GL_CLEARANCE_OUTCOME_RELEASED && kept->duplicate_count == 0);
        cr_assert(refused->outcome == GL_CLEARANCE_OUTCOME_REFUSED && refused->view.len == 0,
                  "it has no place in the view");
        run(assessed_record(&second));
        cr_assert(state_of(second.declaration.declaration_id)->duplicate_count == 1,
                  "sent again, it is a duplicate of the refused one");
        run(assessed_record(&first));
        cr_assert(state_of(first.declaration.declaration_id)->duplicate_count == 1);
        cr_assert_eq(count_of('o', GL_DECIDE_OUT_DECISIONS), 2);
    }
}

Test(process, a_near_miss_is_no_collision)
{
    gl_assessed first, second;
    fixture_assessed(arena, "LRN-1", &first);
    fixture_assessed(arena, "LRN-2", &second);
    memcpy(second.declaration.declaration_id, first.declaration.declaration_id, GL_DECLARATION_ID_BYTES);
    second.declaration.declaration_id[7] ^= 4; /* the lowest of the 62 bits; the first 7 bytes agree */
    run(assessed_record(&first));
    run(assessed_record(&second));
    cr_assert_eq(last_decision()->decision.outcome, GL_DECISION_OUTCOME_RELEASED);
    cr_assert(state_of(second.declaration.declaration_id)->view.len > 0);
}

/* -- Events and dead letters
 * ------------------------------------------------------------------------------------------------ */

static gl_record failure_record(const gl_assessed *assessed)
{
    gl_record failed = assessed_record(assessed);
    gl_failed_record record = {failed.key, failed.value, 0, 4711, 0};
    gl_err why;
    gl_str key, event;
    gl_fail(&why, GL_DEAD_LETTER, "model-refused", "the model cannot read it");
    cr_assert(gl_failure_event(arena, "risk", &record, &why, FIXTURE_NOW_US, &key, &event));
    return record_of(GL_DECIDE_IN_EVENTS, 0, assessed->declaration.declaration_id, event);
}

Test(process, a_technical_failure_is_a_hold_and_a_redriven_record_decides)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    run(failure_record(&assessed));
    cr_assert(count_of('o', GL_DECIDE_OUT_DECISIONS) == 0 && count_of('d', 0) == 0);
    const gl_notification *message = last_message();
    cr_assert(gl_str_eqz(message->message_name, "DMSDOC") && contains(message->payload, "technical-failure"));
    cr_assert(gl_str_eq(message->mrn, assessed.declaration.mrn) && gl_str_eqz(message->submitter, "hub"));
    const gl_clearance *state = state_of(assessed.declaration.declaration_id);
    cr_assert(state->version == 0 && state->outcome == GL_CLEARANCE_OUTCOME_HELD && gl_status_revision(state) == 1);
    cr_assert(gl_str_eqz(state->last_event_id, "risk:0:4711") &&
              state->accepted_at == assessed.declaration.accepted_at);
    cr_assert(memcmp(state->digest, assessed.declaration.content_digest, GL_SHA256_BYTES) == 0);
    gl_json *view = view_of(state);
    cr_assert(gl_str_eqz(gl_json_text(view, "outcome"), "HELD") && gl_json_get(view, "timeline")->count == 2);
    run(failure_record(&assessed));
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_NOTIFICATIONS), 1, "a repeated event has no second effect");
    assessed.declaration.content_digest[0] ^= 1;
    run(assessed_record(&assessed));
    cr_assert(count_of('o', GL_DECIDE_OUT_DECISIONS) == 0 && gl_str_eqz(last_message()->message_name, "DMSREJ"),
              "not what the hold waits for");
    assessed.declaration.content_digest[0] ^= 1;
    run(assessed_record(&assessed));
    cr_assert(last_decision()->decision.version == 1 && last_decision()->decision.prior_version == 0);
    state = state_of(assessed.declaration.declaration_id);
    cr_assert(state->version == 1 && gl_status_revision(state) == 2 &&
              gl_json_get(view_of(state), "timeline")->count == 5);
    run(failure_record(&assessed));
    cr_assert_eq(state_of(assessed.declaration.declaration_id)->version, 1, "a decided one is not held again");
}

/* Damage behind the declaration section or in the header: it is held by what can be read, and decided when it comes
 * right. */
Test(process, a_damaged_record_whose_declaration_can_be_read_is_held_until_it_is_repaired)
{
    for (int kind = 0; kind < 5; kind++) {
        outbox = gl_outbox_new(arena);
        gl_assessed assessed;
        fixture_assessed(arena, "LRN-1", &assessed);
        gl_record whole = assessed_record(&assessed), damaged = whole;
        char *bytes = gl_arena_alloc(arena, whole.value.len + 1);
        memcpy(bytes, whole.value.ptr, whole.value.len);
        bytes[whole.value.len] = 0;
        damaged.value.ptr = bytes;
        damaged.value.len = whole.value.len + (kind == 0) - (kind == 1);
        if (kind == 2)
            bytes[0] = 1; /* magic */
        if (kind == 3)
            bytes[1] = 0x7f; /* schema id */
        if (kind == 4)
            damaged.value.len = whole.value.len - 10;
        run(damaged);
        cr_assert(count_of('d', 0) == 1 && count_of('o', GL_DECIDE_OUT_DECISIONS) == 0, "kind %d", kind);
        const gl_clearance *state = state_of(assessed.declaration.declaration_id);
        cr_assert(state != NULL && state->version == 0 && state->outcome == GL_CLEARANCE_OUTCOME_HELD, "kind %d", kind);
        cr_assert(gl_str_eqz(last_message()->message_name, "DMSDOC"));
        run(whole);
        cr_assert_eq(last_decision()->decision.version, 1, "kind %d: replaced by a decision", kind);
    }
}

/* Four partitions; the record is in that of `id`. */
static void run_damaged(const uint8_t *id, gl_str key, gl_str value)
{
    gl_record record = {.input = GL_DECIDE_IN_ASSESSED,
                        .partition = gl_declaration_partition(id, 4),
                        .offset = next_offset++,
                        .key = key,
                        .value = value};
    gl_batch batch = {.records = gl_arena_dup(arena, &record, sizeof record),
                      .count = 1,
                      .now_us = FIXTURE_NOW_US,
                      .arena = arena,
                      .partition_count = 4};
    gl_err err = {0};
    cr_assert(gl_decide_process(policy, &batch, outbox, &err), "%s: %s", err.code, err.message);
}

/* The fixture's state is looked up in partition 0: an LRN that belongs there. */
static gl_assessed of_first_partition(void)
{
    gl_assessed assessed;
    for (int i = 0;; i++) {
        fixture_assessed(arena, gl_arena_printf(arena, "LRN-%d", i), &assessed);
        if (gl_declaration_partition(assessed.declaration.declaration_id, 4) == 0)
            return assessed;
    }
}

Test(process, a_record_that_has_nothing_but_its_key_is_held_until_it_is_repaired)
{
    gl_assessed assessed = of_first_partition();
    const uint8_t *id = assessed.declaration.declaration_id;
    gl_record whole = assessed_record(&assessed);
    for (int round = 0; round < 2; round++) { /* the second is it sent again as it was */
        run_damaged(id, whole.key, (gl_str){NULL, 0});
        cr_assert_eq(count_of('d', 0), (size_t)round + 1);
        cr_assert_eq(count_of('o', GL_DECIDE_OUT_NOTIFICATIONS), 1, "once");
    }
    const gl_clearance *state = state_of(id);
    cr_assert(state->version == 0 && state->outcome == GL_CLEARANCE_OUTCOME_HELD && state->mrn.len == 0);
    cr_assert(contains(last_message()->payload, "only its id is known") && last_message()->submitter.len == 0);
    gl_json *view = view_of(state);
    cr_assert(gl_str_eqz(gl_json_text(gl_json_get(view, "hold"), "reason"), "technical-failure"));
    cr_assert_eq(gl_json_get(view, "timeline")->count, 1, "when it was accepted is not known");
    run(whole);
    state = state_of(id);
    cr_assert(last_decision()->decision.version == 1 && gl_str_eq(state->mrn, assessed.declaration.mrn));
    cr_assert(state->accepted_at == assessed.declaration.accepted_at && !state->undecided);
    run_damaged(id, whole.key, (gl_str){NULL, 0});
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_NOTIFICATIONS), 2, "a closed one has its answer");
}

Test(process, what_was_decided_before_the_repair_gets_its_mrn_with_it)
{
    gl_assessed assessed = of_first_partition();
    gl_record whole = assessed_record(&assessed);
    run_damaged(assessed.declaration.declaration_id, whole.key, GL_STR("x"));
    gl_event event = {.event_id = GL_STR("e-1"),
                      .type = GL_EVENT_EVENT_TYPE_OFFICER_ACTION,
                      .source = GL_STR("customs"),
                      .actor = GL_STR("officer-7"),
                      .code = GL_STR("hold"),
                      .text = GL_STR("")};
    memcpy(event.declaration_id, assessed.declaration.declaration_id, GL_DECLARATION_ID_BYTES);
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_EVENT_ENVELOPE);
    gl_event_encode(&buf, &event);
    run(record_of(GL_DECIDE_IN_EVENTS, 0, event.declaration_id, gl_buf_view(&buf)));
    cr_assert(last_decision()->decision.version == 1 && last_decision()->declaration.mrn.len == 0);
    run(whole);
    const gl_clearance *state = state_of(event.declaration_id);
    cr_assert(state->version == 2 && gl_str_eq(state->mrn, assessed.declaration.mrn) &&
              state->accepted_at == assessed.declaration.accepted_at);
    cr_assert(gl_str_eq(gl_json_text(view_of(state), "mrn"), state->mrn));
}

Test(process, an_open_clearance_is_told_of_a_record_that_cannot_be_read)
{
    gl_assessed assessed = of_first_partition();
    assessed.assessment.score_ppm = GL_SOME_I32(950000);
    gl_record whole = assessed_record(&assessed);
    run(whole);
    run_damaged(assessed.declaration.declaration_id, whole.key, GL_STR("x"));
    cr_assert(count_of('o', GL_DECIDE_OUT_DECISIONS) == 1 && count_of('o', GL_DECIDE_OUT_NOTIFICATIONS) == 2);
    cr_assert(gl_str_eq(last_message()->mrn, assessed.declaration.mrn) &&
              contains(last_message()->payload, "technical-failure"));
    const gl_clearance *state = state_of(assessed.declaration.declaration_id);
    cr_assert(state->version == 1 && state->failed_digests.len == 0 && state->earlier_digests.len == 0);
    run(whole);
    cr_assert_eq(state_of(assessed.declaration.declaration_id)->duplicate_count, 1);
}

Test(process, a_record_under_a_wrong_key_is_held_by_its_value)
{
    gl_assessed assessed = of_first_partition(), other;
    fixture_assessed(arena, "LRN-x", &other);
    const uint8_t *id = assessed.declaration.declaration_id;
    gl_record whole = assessed_record(&assessed);
    gl_str wrong_key = {(const char *)other.declaration.declaration_id, GL_DECLARATION_ID_BYTES};
    run_damaged(id, wrong_key, whole.value);
    cr_assert(count_of('d', 0) == 1 && strcmp(last_of('d', 0)->err.code, "declaration-key") == 0);
    cr_assert(state_of(id)->version == 0 && gl_str_eq(state_of(id)->mrn, assessed.declaration.mrn));
    cr_assert_null(state_of(other.declaration.declaration_id));
    cr_assert(memcmp(last_of('o', GL_DECIDE_OUT_NOTIFICATIONS)->key.ptr, id, GL_DECLARATION_ID_BYTES) == 0);
    run(whole);
    cr_assert_eq(last_decision()->decision.version, 1);
}

Test(process, what_names_nobody_is_a_dead_letter_alone)
{
    gl_assessed assessed = of_first_partition();
    const uint8_t *id = assessed.declaration.declaration_id;
    uint8_t elsewhere[GL_DECLARATION_ID_BYTES];
    memcpy(elsewhere, id, sizeof elsewhere);
    elsewhere[7] ^= 4; /* the next id, of another partition */
    run_damaged(id, (gl_str){(const char *)elsewhere, sizeof elsewhere}, GL_STR("x"));
    run_damaged(id, (gl_str){(const char *)id, GL_DECLARATION_ID_BYTES - 1}, GL_STR("x"));
    run_damaged(id, (gl_str){NULL, 0}, GL_STR("x"));
    assessed.declaration.declaration_id[15] ^= 1; /* not the hash of what it says */
    run_damaged(id, (gl_str){NULL, 0}, fixture_assessed_value(arena, &assessed));
    cr_assert(count_of('d', 0) == 4 && count_of('o', GL_DECIDE_OUT_NOTIFICATIONS) == 0);
    cr_assert_eq(count_of('s', 0), 0);
}

Test(process, the_stages_before_tell_of_a_key_as_well)
{
    gl_assessed assessed = of_first_partition();
    const uint8_t *id = assessed.declaration.declaration_id;
    gl_failed_record record = {{(const char *)id, GL_DECLARATION_ID_BYTES}, GL_STR("x"), 0, 7, 4};
    gl_err why;
    gl_str key, event;
    gl_fail(&why, GL_DEAD_LETTER, "envelope-magic", "a test");
    cr_assert(gl_failure_event(arena, "classify", &record, &why, FIXTURE_NOW_US, &key, &event));
    cr_assert(gl_str_eq(key, record.key));
    run(record_of(GL_DECIDE_IN_EVENTS, 0, id, event));
    cr_assert(state_of(id)->version == 0 && contains(last_message()->payload, "only its id is known"));
    gl_record whole = assessed_record(&assessed);
    record.key = GL_STR("damaged");
    record.value = whole.value;
    cr_assert(gl_failure_event(arena, "classify", &record, &why, FIXTURE_NOW_US, &key, &event));
    cr_assert(key.len == GL_DECLARATION_ID_BYTES && memcmp(key.ptr, id, key.len) == 0, "by what it says");
    record.partition = 1;
    cr_assert(!gl_failure_event(arena, "classify", &record, &why, FIXTURE_NOW_US, &key, &event));
    run(whole);
    cr_assert_eq(last_decision()->decision.version, 1);
}

Test(process, what_the_runtime_dead_letters_is_held_too)
{
    gl_assessed assessed;
    fixture_assessed(arena, "LRN-1", &assessed);
    gl_record record = assessed_record(&assessed);
    gl_batch batch = {.records = &record, .count = 1, .now_us = FIXTURE_NOW_US, .arena = arena};
    gl_err why, err = {0};
    gl_fail(&why, GL_DEAD_LETTER, "output-too-large", "a test");
    cr_assert(gl_decide_dead_lettered(policy, &batch, &record, &why, outbox, &err), "%s", err.message);
    const gl_clearance *state = state_of(assessed.declaration.declaration_id);
    cr_assert(state != NULL && state->version == 0 && state->outcome == GL_CLEARANCE_OUTCOME_HELD);
    size_t before = count_of('o', GL_DECIDE_OUT_NOTIFICATIONS);
    cr_assert(gl_decide_dead_lettered(policy, &batch, &record, &why, outbox, &err));
    cr_assert_eq(count_of('o', GL_DECIDE_OUT_NOTIFICATIONS), before, "once");
}

static gl_record event_record(gl_event *event, const uint8_t *key)
{
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_EVENT_ENVELOPE);
    gl_event_encode(&buf, event);
    return record_of(GL_DECIDE_IN_EVENTS, 0, key, gl_buf_view(&buf));
}

Test(process, an_event_without_details_still_holds)
{
    gl_event event = {.event_id = GL_STR("e-1"),
                      .type = GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE,
                      .received_at = FIXTURE_NOW_US,
                      .source = GL_STR("classify"),
                      .code = GL_STR("x"),
                      .text = GL_STR("")};
    event.declaration_id[3] = 9;
    run(event_record(&event, event.declaration_id));
    const gl_clearance *state = state_of(event.declaration_id);
    cr_assert(state->version == 0 && state->outcome == GL_CLEARANCE_OUTCOME_HELD && view_of(state) != NULL);
}

Test(process, what_cannot_be_processed_is_a_dead_letter_and_the_batch_goes_on)
{
    gl_assessed good, wrong_key, cut;
    fixture_assessed(arena, "LRN-1", &good);
    fixture_assessed(arena, "LRN-2", &wrong_key);
    fixture_assessed(arena, "LRN-3", &cut);
    gl_event arrival = {.event_id = GL_STR("e-1"),
                        .type = GL_EVENT_EVENT_TYPE_ARRIVAL,
                        .source = GL_STR("port"),
                        .code = GL_STR(""),
                        .text = GL_STR("")};
    gl_event nameless = {.event_id = GL_STR(""),
                         .type = GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE,
                         .source = GL_STR(""),
                         .code = GL_STR(""),
                         .text = GL_STR("")};
    gl_record records[] = {
        record_of(GL_DECIDE_IN_ASSESSED, 0, good.declaration.declaration_id, GL_STR("not an envelope")),
        record_of(GL_DECIDE_IN_ASSESSED, 0, good.declaration.declaration_id, (gl_str){NULL, 0}),
        record_of(GL_DECIDE_IN_ASSESSED, 0, good.declaration.declaration_id, fixture_assessed_value(arena, &wrong_key)),
        record_of(GL_DECIDE_IN_ASSESSED, 0, cut.declaration.declaration_id, fixture_assessed_value(arena, &cut)),
        record_of(GL_DECIDE_IN_EVENTS, 0, good.declaration.declaration_id, GL_STR("\0\0")),
        event_record(&arrival, arrival.declaration_id),
        event_record(&arrival, good.declaration.declaration_id),
        event_record(&nameless, nameless.declaration_id),
        assessed_record(&good),
    };
    records[0].key = (gl_str){NULL, 0};
    records[3].value.len -= 3;
    static const char *const codes[] = {"envelope-magic", "envelope-magic", "declaration-key", "avro-truncated",
                                        "envelope-magic", "event-key",      "event-id"};
    run_at(records, sizeof records / sizeof *records, FIXTURE_NOW_US);
    size_t count, at = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind == 'd') {
            cr_assert(at < sizeof codes / sizeof *codes);
            cr_assert_str_eq(entries[i].err.code, codes[at], "dead letter %zu: %s", at, entries[i].err.code);
            at++;
        }
    cr_assert_eq(at, sizeof codes / sizeof *codes);
    cr_assert(
        gl_str_eq(last_decision()->declaration.functional_reference_id, good.declaration.functional_reference_id));
    const gl_clearance *held = state_of(cut.declaration.declaration_id);
    cr_assert(held != NULL && held->version == 0 && gl_str_eq(held->mrn, cut.declaration.mrn),
              "its declaration was readable: no silence");
    cr_assert(state_of(wrong_key.declaration.declaration_id)->version == 0, "held by what it says");
}

/* -- The audit chain
 * ---------------------------------------------------------------------------------------------------------- */

Test(process, one_audit_block_a_partition_and_batch_linked_by_hash)
{
    enum { BATCHES = 5, RECORDS = 7, PARTITIONS = 3 };
    for (int batch = 0; batch < BATCHES; batch++) {
        gl_record records[RECORDS];
        for (int i = 0; i < RECORDS; i++) {
            gl_assessed assessed;
            fixture_assessed(arena, gl_arena_printf(arena, "L-%d-%d", batch, i), &assessed);
            records[i] = assessed_record(&assessed);
            records[i].partition = i % PARTITIONS;
        }
        run_at(records, RECORDS, FIXTURE_NOW_US);
    }
    gl_audit_verifier verifiers[PARTITIONS] = {0};
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = 0; i < count; i++) {
        gl_audit_envelope block;
        gl_err err = {0};
        if (entries[i].kind != 'o' || entries[i].output != GL_DECIDE_OUT_AUDIT)
            continue;
        cr_assert(
            gl_audit_envelope_decode(&block, (const uint8_t *)entries[i].value.ptr, entries[i].value.len, arena, &err));
        cr_assert(gl_audit_verify(&verifiers[entries[i].partition], &block.audit, arena, &err), "%s", err.message);
        size_t matched = 0; /* each entry is the digest of a value that was put */
        for (size_t k = 0; k < count; k++)
            for (size_t e = 0; entries[k].kind == 'o' && entries[k].output == GL_DECIDE_OUT_DECISIONS &&
                               e < block.audit.entries.count;
                 e++)
                matched += gl_audit_matches(&block.audit.entries.at[e], entries[k].value);
        cr_assert_eq(matched, block.audit.entries.count);
    }
    uint64_t entries_seen = 0;
    for (int i = 0; i < PARTITIONS; i++) {
        cr_assert_eq(verifiers[i].head.sequence, BATCHES);
        entries_seen += verifiers[i].entry_count;
    }
    cr_assert_eq(entries_seen, BATCHES * RECORDS);
}

static gl_audit chain_block(gl_audit_audit_entry *entries, size_t count, gl_audit_head *head)
{
    gl_audit block = {.written_at = FIXTURE_NOW_US};
    block.entries.at = entries;
    block.entries.count = count;
    gl_audit_head next;
    gl_audit_link(&block, head->sequence == 0 ? NULL : head, arena, &next);
    *head = next;
    return block;
}

Test(process, a_changed_audit_block_is_noticed)
{
    gl_audit_audit_entry entries[3] = {{.version = 1}, {.version = 2}, {.version = 3}};
    gl_audit_head head = {0};
    gl_audit blocks[3];
    for (size_t i = 0; i < 3; i++)
        blocks[i] = chain_block(entries, i + 1, &head);
    gl_err err = {0};
    gl_audit_verifier verifier = {0};
    for (size_t i = 0; i < 3; i++)
        cr_assert(gl_audit_verify(&verifier, &blocks[i], arena, &err), "%s", err.message);
    gl_audit_verifier skipping = {0};
    cr_assert(gl_audit_verify(&skipping, &blocks[0], arena, &err) &&
              !gl_audit_verify(&skipping, &blocks[2], arena, &err));
    cr_assert_str_eq(err.code, "audit-sequence");
    gl_audit_verifier linking = {0};
    gl_audit other = blocks[1];
    other.previous_hash[0] ^= 1;
    cr_assert(gl_audit_verify(&linking, &blocks[0], arena, &err) && !gl_audit_verify(&linking, &other, arena, &err));
    cr_assert_str_eq(err.code, "audit-link");
    entries[1].digest[31] ^= 1;
    cr_assert(!gl_audit_verify(&linking, &blocks[1], arena, &err));
    cr_assert_str_eq(err.code, "audit-hash");
}

/* -- The stage as the runtime sees it
 * -------------------------------------------------------------------------------------------- */

Test(process, metrics_count_what_was_committed)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "decide:\n  exchange_rates: %s/config/exchange_rates.yaml\n%s%sredis:\n  url: \"\"\n",
             GL_SOURCE_DIR, FIXTURE_OFFICE, FIXTURE_SEED);
    gl_err err = {0};
    gl_conf *conf = fixture_conf(yaml, &err);
    cr_assert(conf != NULL, "%s", err.message);
    gl_metrics *metrics = gl_metrics_new();
    gl_stage_env env = {.conf = conf, .metrics = metrics, .identity = "decide-0", .instance = "test"};
    void *stage, *worker;
    cr_assert(gl_decide_stage.open(&env, &stage, &err) && gl_decide_stage.worker_open(stage, &env, &worker, &err), "%s",
              err.message);
    gl_assessed a, b;
    fixture_assessed(arena, "LRN-1", &a);
    fixture_assessed(arena, "LRN-2", &b);
    b.assessment.score_ppm = GL_SOME_I32(990000);
    gl_record records[9] = {assessed_record(&a), assessed_record(&b), assessed_record(&a), failure_record(&b), {0}};
    a.declaration.content_digest[0] ^= 1;
    records[4] = assessed_record(&a);
    gl_event arrival = {.event_id = GL_STR("e-1"),
                        .type = GL_EVENT_EVENT_TYPE_ARRIVAL,
                        .source = GL_STR("port"),
                        .code = GL_STR(""),
                        .text = GL_STR("")};
    memcpy(arrival.declaration_id, b.declaration.declaration_id, GL_DECLARATION_ID_BYTES);
    records[5] = event_record(&arrival, arrival.declaration_id);
    memset(arrival.declaration_id, 7, GL_DECLARATION_ID_BYTES); /* nobody's */
    records[6] = event_record(&arrival, arrival.declaration_id);
    b.declaration.content_digest[0] ^= 1;
    b.declaration.function_code = GL_STR("4");
    records[7] = assessed_record(&b);
    b.declaration.content_digest[0] ^= 1;
    records[8] = assessed_record(&b);
    gl_batch batch = {records, 9, FIXTURE_NOW_US, arena, 0};
    cr_assert(gl_decide_stage.reload(stage, conf, &err));
    cr_assert(gl_decide_stage.process(stage, worker, &batch, outbox, &err), "%s", err.message);
    gl_decide_stage.applied(stage, worker, &batch, outbox);
    gl_decide_stage.idle(stage, worker, gl_outbox_state_view(outbox), (const int32_t[]){0}, 1, FIXTURE_NOW_US);
    gl_buf text = gl_buf_in(arena);
    gl_metrics_render(metrics, &text);
    gl_str rendered = gl_buf_view(&text);
    cr_assert(contains(rendered, "gl_decisions_total{lane=\"GREEN\",outcome=\"RELEASED\"} 1\n"), "%.*s",
              GL_STR_ARG(rendered));
    cr_assert(contains(rendered, "gl_decisions_total{lane=\"RED\",outcome=\"HELD\"} 3\n"));
    cr_assert(contains(rendered, "gl_duplicates_total 1\n") && contains(rendered, "gl_lrn_reused_total 1\n"));
    cr_assert(contains(rendered, "gl_technical_holds_total 0\n"));
    cr_assert(contains(rendered, "gl_later_decisions_total{cause=\"ARRIVAL\"} 1\n") &&
              contains(rendered, "gl_later_decisions_total{cause=\"AMENDMENT\"} 1\n"));
    cr_assert(contains(rendered, "gl_events_parked_total 1\n") && contains(rendered, "gl_superseded_total 1\n"));
    gl_decide_stage.worker_close(worker);
    gl_decide_stage.close(stage);
    gl_metrics_destroy(metrics);
    gl_conf_destroy(conf);
}
