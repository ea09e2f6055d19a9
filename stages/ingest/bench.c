/* Microseconds of CPU a declaration, by step: bench_ingest FILE [ROUNDS [REDIS_URL]]. The file (JSON, NDJSON, XML) is
 * one message, or with NDJSON messages of 2,000 lines; each round begins with a fresh arena, as a batch does. Without a
 * Redis look-ups and early entries are left out; LRNs are the same in every round, so with one all but the first round
 * are duplicates unless the server is flushed. No broker. The digest of all output is the same at any time of day.
 * Instructions a declaration: docs/BENCHMARKS.md. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ingest/answers.h"
#include "ingest/ingest.h"
#include "support/outbox_digest.h"

enum { LINES_A_MESSAGE = 2000, MESSAGE_LIMIT = 4096, FILE_LIMIT_BYTES = 1 << 30 };
static const int64_t NOW_US = INT64_C(1795953600) * 1000000; /* 2026-11-29T12:00:00Z */

typedef struct steps {
    int64_t process_us, applied_us, answer_us;
    size_t declarations, accepted, record_bytes;
    uint8_t digest[GL_SHA256_BYTES];
} steps;

/* Messages of at most LINES_A_MESSAGE lines; another format is one message. */
static size_t split(gl_str bytes, gl_format format, gl_str *messages)
{
    size_t count = 0, begin = 0, lines = 0;
    for (size_t i = 0; format == GL_FORMAT_NDJSON && i < bytes.len && count + 1 < MESSAGE_LIMIT; i++) {
        if (bytes.ptr[i] != '\n' || ++lines < LINES_A_MESSAGE)
            continue;
        messages[count++] = (gl_str){bytes.ptr + begin, i + 1 - begin};
        begin = i + 1;
        lines = 0;
    }
    if (begin < bytes.len)
        messages[count++] = (gl_str){bytes.ptr + begin, bytes.len - begin};
    return count;
}

static void add(int64_t *to, int64_t *from_us)
{
    int64_t now_us = gl_thread_cpu_us();
    *to += now_us - *from_us;
    *from_us = now_us;
}

static void run_message(void *stage, void *worker, gl_arena *arena, gl_str bytes, gl_format format, steps *s)
{
    gl_job job = {
        .account = &((gl_ingest *)stage)->accounts[0], .format = format, .bytes = bytes, .received_us = NOW_US};
    gl_record record = {.token = &job, .value = bytes};
    gl_batch batch = {.records = &record, .count = 1, .now_us = NOW_US, .arena = arena};
    gl_outbox *outbox = gl_outbox_new(arena);
    gl_err err = {0};
    size_t count;
    int64_t at_us = gl_thread_cpu_us();
    if (!gl_ingest_process(stage, worker, &batch, outbox, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    add(&s->process_us, &at_us);
    gl_ingest_applied(stage, worker, &batch, outbox);
    add(&s->applied_us, &at_us);
    gl_buf answers = {0};
    gl_answers_of_job(&answers, &job);
    gl_buf_free(&answers);
    add(&s->answer_us, &at_us);
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    s->declarations += job.answer_count;
    s->accepted += count;
    for (size_t i = 0; i < count; i++)
        s->record_bytes += entries[i].value.len;
    outbox_digest(s->digest, outbox, 0);
    gl_arena_reset(arena);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: bench_ingest FILE [ROUNDS [REDIS_URL]]\n", stderr);
        return 2;
    }
    char redis[200];
    snprintf(redis, sizeof redis, "redis.url=%s", argc > 3 ? argv[3] : "");
    const char *const sets[] = {"ingest.mappings=" GL_SOURCE_DIR "/config/mappings", redis, "redis.timeout=5s", NULL};
    gl_err err = {0};
    gl_metrics *metrics = gl_metrics_new();
    gl_conf *conf = gl_conf_load(NULL, gl_ingest_stage.conf_tables, 5, sets, &err);
    gl_stage_env env = {.conf = conf, .metrics = metrics, .partition_count = 4};
    void *stage = NULL, *worker = NULL;
    if (conf == NULL || !gl_ingest_stage.open(&env, &stage, &err) ||
        !gl_ingest_stage.worker_open(stage, &env, &worker, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    gl_buf bytes = {0};
    if (!gl_buf_read_file(&bytes, argv[1], FILE_LIMIT_BYTES)) {
        perror(argv[1]);
        return 1;
    }
    gl_format format = gl_format_of_name(gl_str_of(argv[1]));
    static gl_str messages[MESSAGE_LIMIT];
    size_t message_count = split(gl_buf_view(&bytes), format, messages);
    gl_arena *arena = gl_arena_new(1 << 20);
    steps s = {0};
    for (int round = 0, rounds = argc > 2 ? atoi(argv[2]) : 1; round < rounds; round++)
        for (size_t i = 0; i < message_count; i++)
            run_message(stage, worker, arena, messages[i], format, &s);
    double n = s.declarations > 0 ? (double)s.declarations : 1;
    printf("%zu declarations, %zu records of %.0f bytes: process %.2f us, applied %.2f us, answers %.2f us; arena grew "
           "%llu "
           "times\n",
           s.declarations, s.accepted, s.accepted > 0 ? (double)s.record_bytes / (double)s.accepted : 0,
           (double)s.process_us / n, (double)s.applied_us / n, (double)s.answer_us / n,
           (unsigned long long)gl_arena_grow_count(arena));
    outbox_digest_print(s.digest);
    gl_arena_destroy(arena);
    gl_ingest_stage.worker_close(worker);
    gl_ingest_stage.close(stage);
    gl_conf_destroy(conf);
    gl_metrics_destroy(metrics);
    gl_buf_free(&bytes);
    return 0;
}
