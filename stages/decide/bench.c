/* Microseconds a decision and bytes of state: bench_decide [ROUNDS]. Prints first decisions by batches of 500, then
 * events about what was decided, then a digest of all output; in memory, without the store, brokers and Redis.
 * Instructions a decision: docs/BENCHMARKS.md. */
#include "base/clock.h"
#include "decide/decide.h"
#include "decide/process.h"
#include "decide/test_fixture.h"
#include "support/outbox_digest.h"

enum { BATCH = 500, EVENT_BYTES = 512 };

typedef struct sums {
    size_t decisions, decision_bytes, states, state_bytes, timers, timer_bytes;
} sums;

static void add(sums *s, const gl_outbox *outbox, size_t from)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = from; i < count; i++) {
        const gl_outbox_entry *entry = &entries[i];
        size_t bytes = entry->key.len + entry->value.len;
        if (entry->kind == 'o' && entry->output == GL_DECIDE_OUT_DECISIONS) {
            s->decisions++;
            s->decision_bytes += bytes;
        } else if (entry->kind == 's' && entry->key.len == GL_DECLARATION_ID_BYTES) {
            s->states++;
            s->state_bytes += bytes;
        } else if (entry->kind == 's' && entry->key.len > 20) {
            s->timers++;
            s->timer_bytes += bytes;
        }
    }
}

static gl_record event_record(gl_arena *arena, const gl_record *about, int64_t offset)
{
    gl_event event = {.event_id = gl_str_of(gl_arena_printf(arena, "e-%lld", (long long)offset)),
                      .type = GL_EVENT_EVENT_TYPE_ARRIVAL,
                      .occurred_at = FIXTURE_NOW_US,
                      .received_at = FIXTURE_NOW_US,
                      .source = GL_STR("port"),
                      .code = GL_STR("gate"),
                      .text = GL_STR("")};
    memcpy(event.declaration_id, about->key.ptr, sizeof event.declaration_id);
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_EVENT_ENVELOPE);
    gl_event_encode(&buf, &event);
    return (gl_record){.input = GL_DECIDE_IN_EVENTS, .offset = offset, .key = about->key, .value = gl_buf_view(&buf)};
}

static void make(gl_arena *arena, gl_record *records, size_t round)
{
    for (size_t i = 0; i < BATCH; i++) {
        gl_assessed assessed;
        fixture_assessed(arena, gl_arena_printf(arena, "LRN-%zu-%zu", round, i), &assessed);
        if (i % 10 == 0) /* one in ten is held */
            assessed.assessment.score_ppm = GL_SOME_I32(950000);
        records[i] =
            (gl_record){.input = GL_DECIDE_IN_ASSESSED,
                        .offset = (int64_t)i,
                        .key = {gl_arena_dup(arena, assessed.declaration.declaration_id, GL_DECLARATION_ID_BYTES),
                                GL_DECLARATION_ID_BYTES},
                        .value = fixture_assessed_value(arena, &assessed)};
    }
}

static int64_t run(const gl_decide_policy *policy, gl_arena *arena, gl_record *records, gl_outbox *outbox, sums *s)
{
    gl_batch batch = {.records = records, .count = BATCH, .now_us = FIXTURE_NOW_US, .arena = arena};
    gl_err err = {0};
    size_t before;
    gl_outbox_entries(outbox, &before);
    int64_t from = gl_thread_cpu_us();
    if (!gl_decide_process(policy, &batch, outbox, &err)) {
        fprintf(stderr, "%s: %s\n", err.code, err.message);
        exit(1);
    }
    int64_t spent = gl_thread_cpu_us() - from;
    add(s, outbox, before);
    return spent;
}

static void print(const char *what, const sums *s, int64_t spent_us)
{
    printf("%s: %.2f us a decision; bytes: decision %.0f, state of a clearance %.0f, timers %.1f a decision of %.0f\n",
           what, (double)spent_us / (double)s->decisions, (double)s->decision_bytes / (double)s->decisions,
           (double)s->state_bytes / (double)s->states, (double)s->timers / (double)s->decisions,
           s->timers == 0 ? 0.0 : (double)s->timer_bytes / (double)s->timers);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
    gl_err err = {0};
    gl_decide_policy *policy = fixture_policy("", FIXTURE_OFFICE FIXTURE_SEED, &err);
    if (policy == NULL || rounds == 0) {
        fprintf(stderr, "bench_decide [ROUNDS]: %s\n", err.message);
        return 2;
    }
    gl_arena *arena = gl_arena_new(1 << 20);
    uint8_t digest[GL_SHA256_BYTES] = {0};
    sums first = {0}, later = {0};
    int64_t first_us = 0, later_us = 0;
    for (size_t round = 0; round < rounds; round++) {
        gl_record records[BATCH], events[BATCH];
        gl_outbox *outbox = gl_outbox_new(arena);
        make(arena, records, round);
        for (size_t i = 0; i < BATCH; i++)
            events[i] = event_record(arena, &records[i], (int64_t)i);
        first_us += run(policy, arena, records, outbox, &first);
        later_us += run(policy, arena, events, outbox, &later);
        outbox_digest(digest, outbox, 0);
        gl_arena_reset(arena);
    }
    print("first decisions", &first, first_us);
    if (later.decisions > 0)
        print("events", &later, later_us);
    outbox_digest_print(digest);
    gl_arena_destroy(arena);
    gl_decide_policy_unref(policy);
    return 0;
}
