/* greenlane decisions: what was decided, as an outside client reads it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/topic_reader.h"
#include "customs/money.h"
#include "gen/topics.h"

enum { LATENCIES_LIMIT = 4 * 1000 * 1000, LANES = 4, OUTCOMES = 5, REASONS_LIMIT = 64, SCALE_LIMIT = 18 };

typedef struct tally {
    int64_t count, scored, undecodable;
    int64_t lanes[LANES], outcomes[OUTCOMES];
    double *latencies_ms; /* acceptance to decision */
    size_t latency_count, latency_capacity;
    int64_t first_us, last_us;
    struct {
        char id[64];
        int64_t count;
    } reasons[REASONS_LIMIT];
    size_t reason_count;
} tally;

static void tally_reason(tally *t, const gl_decision_reason *reason)
{
    char id[64];
    snprintf(id, sizeof id, "%.*s %.*s", GL_STR_ARG(reason->code), GL_STR_ARG(reason->id));
    for (size_t i = 0; i < t->reason_count; i++) {
        if (strcmp(t->reasons[i].id, id) == 0) {
            t->reasons[i].count++;
            return;
        }
    }
    if (t->reason_count == REASONS_LIMIT)
        return;
    memcpy(t->reasons[t->reason_count].id, id, sizeof id);
    t->reasons[t->reason_count++].count = 1;
}

static void tally_add(tally *t, const gl_decided *d)
{
    t->count++;
    t->scored += d->assessment.score_ppm.set;
    t->lanes[d->decision.lane]++;
    t->outcomes[d->decision.outcome]++;
    if (t->count == 1 || d->declaration.accepted_at < t->first_us)
        t->first_us = d->declaration.accepted_at;
    if (d->decision.decided_at > t->last_us)
        t->last_us = d->decision.decided_at;
    for (size_t i = 0; i < d->decision.reasons.count; i++)
        tally_reason(t, &d->decision.reasons.at[i]);
    if (t->latency_count == LATENCIES_LIMIT)
        return;
    if (t->latency_count == t->latency_capacity) {
        t->latency_capacity = t->latency_capacity == 0 ? 4096 : t->latency_capacity * 2;
        double *more = realloc(t->latencies_ms, t->latency_capacity * sizeof *more);
        if (more == NULL)
            abort();
        t->latencies_ms = more;
    }
    t->latencies_ms[t->latency_count++] = (double)(d->decision.decided_at - d->declaration.accepted_at) / 1000;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const tally *t, double share)
{
    if (t->latency_count == 0)
        return 0;
    return t->latencies_ms[(size_t)(share * (double)(t->latency_count - 1))];
}

static void print_summary(tally *t)
{
    char number[32];
    if (t->latency_count > 0)
        qsort(t->latencies_ms, t->latency_count, sizeof *t->latencies_ms, by_value);
    printf("%s decisions, %s with a score", gl_thousands(t->count, number), gl_thousands(t->scored, (char[32]){0}));
    double seconds = (double)(t->last_us - t->first_us) / 1e6;
    if (seconds > 0)
        printf(", %.0f a second from the first acceptance to the last decision", (double)t->count / seconds);
    puts("");
    puts("\nlanes");
    for (int i = 0; i < LANES; i++)
        printf("  %-12s%10s  %5.1f %%\n", gl_decision_lane_name((gl_decision_lane)i), gl_thousands(t->lanes[i], number),
               t->count == 0 ? 0 : 100.0 * (double)t->lanes[i] / (double)t->count);
    puts("\noutcomes");
    for (int i = 0; i < OUTCOMES; i++)
        if (t->outcomes[i] > 0)
            printf("  %-12s%10s\n", gl_decision_outcome_name((gl_decision_outcome)i),
                   gl_thousands(t->outcomes[i], number));
    if (t->reason_count > 0)
        puts("\nreasons");
    for (size_t shown = 0; shown < 12; shown++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < t->reason_count; i++)
            if (t->reasons[i].count > 0 && (best == SIZE_MAX || t->reasons[i].count > t->reasons[best].count))
                best = i;
        if (best == SIZE_MAX)
            break;
        printf("  %-44s%10s\n", t->reasons[best].id, gl_thousands(t->reasons[best].count, number));
        t->reasons[best].count = 0;
    }
    if (t->latency_count > 0)
        printf("\nacceptance to decision: median %.0f ms, 95 %% within %.0f ms, 99 %% within %.0f ms, all within %.0f "
               "ms\n",
               percentile(t, 0.5), percentile(t, 0.95), percentile(t, 0.99), percentile(t, 1));
}

static void print_line(const gl_decided *d)
{
    char at[GL_TIME_TEXT_BYTES], score[16] = "-";
    if (d->assessment.score_ppm.set)
        snprintf(score, sizeof score, "%d", d->assessment.score_ppm.value);
    gl_str time = gl_time_format(d->decision.decided_at, at);
    printf("%.*s  %.*s  v%d  %-6s  %-8s  score %-7s  %.*s", GL_STR_ARG(time), GL_STR_ARG(d->declaration.mrn),
           d->decision.version, gl_decision_lane_name(d->decision.lane), gl_decision_outcome_name(d->decision.outcome),
           score, GL_STR_ARG(d->declaration.functional_reference_id));
    if (d->decision.reasons.count > 0)
        printf("  %.*s", GL_STR_ARG(d->decision.reasons.at[0].text));
    putchar('\n');
}

/* What the tariff says of an item: the code to choose, and what it would bring. */
static void print_national(const gl_classification *c, size_t item)
{
    const gl_classification_item_national *n = &c->national.at[item];
    const gl_classification_duty_at_stake *stake = n->duty_at_stake;
    char amount[GL_DECIMAL_TEXT_BYTES];

    if (n->likely_code.len == 0)
        return;
    printf("      %.*s: likeliest %.*s (%.0f %%)", GL_STR_ARG(c->tariff), GL_STR_ARG(n->likely_code),
           n->likely_confidence_ppm.value / 1e4);
    if (stake != NULL && stake->amount != NULL && stake->amount->scale >= 0 && stake->amount->scale <= SCALE_LIMIT)
        printf(", duty at stake %.*s %.*s",
               GL_STR_ARG(gl_decimal_format((gl_decimal){stake->amount->unscaled, stake->amount->scale}, amount)),
               GL_STR_ARG(stake->currency_code));
    putchar('\n');
}

static void print_explained(const gl_decided *d)
{
    print_line(d);
    for (size_t i = 0; i < d->declaration.items.count && i < 3; i++) {
        const gl_declaration_goods_item *item = &d->declaration.items.at[i];
        printf("    item %d: %.*s", item->sequence_numeric, GL_STR_ARG(item->description));
        if (item->commodity_code.ptr != NULL)
            printf(", declared %.*s", GL_STR_ARG(item->commodity_code));
        if (i < d->classification.items.count) {
            const gl_classification_item_classification *c = &d->classification.items.at[i];
            if (c->candidates.count > 0)
                printf(", read as %.*s (%.0f %%)", GL_STR_ARG(c->candidates.at[0].hs6),
                       c->candidates.at[0].confidence_ppm / 1e4);
            else
                printf(", not classified: %.*s", GL_STR_ARG(c->reason));
        }
        putchar('\n');
        if (i < d->classification.national.count)
            print_national(&d->classification, i);
    }
    for (size_t i = 0; i < d->assessment.reasons.count && i < 3; i++)
        printf("    score: %.*s\n", GL_STR_ARG(d->assessment.reasons.at[i].text));
    for (size_t i = 0; i < d->decision.reasons.count; i++)
        printf("    why: %.*s\n", GL_STR_ARG(d->decision.reasons.at[i].text));
    if (d->decision.hold != NULL)
        printf("    held: %.*s, at %.*s\n", GL_STR_ARG(d->decision.hold->text), GL_STR_ARG(d->decision.hold->place));
}

typedef struct request {
    const char *mrn;
    bool json, summary, explain;
    int64_t wait_count, timeout_ms, examples;
} request;

static void show(const request *r, const gl_decided *d, tally *t, int64_t *examples_of_lane)
{
    tally_add(t, d);
    if (r->json) {
        gl_buf line = {0};
        gl_decided_json(&line, d);
        gl_buf_byte(&line, '\n');
        fwrite(line.data, 1, line.len, stdout);
        gl_buf_free(&line);
    } else if (r->examples > 0) {
        if (examples_of_lane[d->decision.lane]++ < r->examples)
            print_explained(d);
    } else if (r->explain) {
        print_explained(d);
    } else if (!r->summary) {
        print_line(d);
    }
}

/* Reads to the end, or until `wait_count` decisions are there. */
static int read_decisions(gl_topic_reader *reader, const request *r, tally *t)
{
    gl_arena *arena = gl_arena_new(1 << 16);
    gl_err err = {0};
    gl_topic_record record;
    gl_progress progress;
    int64_t examples[LANES] = {0};
    int64_t deadline_us = gl_mono_us() + r->timeout_ms * 1000;
    int code = GL_EXIT_OK;
    gl_progress_start(&progress, "decisions", r->wait_count);
    while (ferror(stdout) == 0) { /* a closed pipe has seen enough */
        if (r->wait_count > 0 && t->count >= r->wait_count && gl_topic_reader_at_end(reader))
            break;
        if (!gl_topic_reader_next(reader, r->wait_count > 0 ? 200 : (int)r->timeout_ms, &record, &err)) {
            if (err.code != NULL) {
                code = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
                break;
            }
            if (r->wait_count == 0 || (t->count >= r->wait_count && gl_topic_reader_at_end(reader)))
                break;
            if (gl_mono_us() > deadline_us) {
                code = gl_complain(GL_EXIT_REFUSED,
                                   "%lld of %lld decisions were there within %lld ms; --timeout waits longer",
                                   (long long)t->count, (long long)r->wait_count, (long long)r->timeout_ms);
                break;
            }
            continue;
        }
        gl_arena_reset(arena);
        gl_decided decided;
        if (!gl_decided_decode(&decided, (const uint8_t *)record.value.ptr, record.value.len, arena, &err)) {
            t->undecodable++;
            code = gl_complain(GL_EXIT_REFUSED, "partition %d offset %lld: %s", record.partition,
                               (long long)record.offset, err.message);
            continue;
        }
        if (r->mrn[0] == '\0' || gl_str_eqz(decided.declaration.mrn, r->mrn))
            show(r, &decided, t, examples);
        if (!r->json && (r->summary || r->wait_count > 0))
            gl_progress_update(&progress, t->count);
    }
    gl_progress_end(&progress);
    gl_arena_destroy(arena);
    return code;
}

static int run_decisions(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", "127.0.0.1:9092");
    request r = {.mrn = "", .timeout_ms = 30000};
    const gl_option options[] = {
        {"mrn", GL_OPTION_TEXT, &r.mrn, "Only those of this declaration."},
        {"summary", GL_OPTION_FLAG, &r.summary, "Lanes, outcomes, reasons and latencies instead of the list."},
        {"explain", GL_OPTION_FLAG, &r.explain, "Each decision with its goods, score and reasons."},
        {"examples", GL_OPTION_INT, &r.examples, "The first N decisions of each lane, explained."},
        {"wait", GL_OPTION_INT, &r.wait_count, "Wait until there are this many."},
        {"timeout", GL_OPTION_INT, &r.timeout_ms, "Longest wait, in ms (default 30000)."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka (default $KAFKA_BROKERS)."},
        {"json", GL_OPTION_FLAG, &r.json, "One JSON object a decision, with all it was made from."},
    };
    int count = gl_options_parse(&gl_command_decisions, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count > 0)
        return gl_complain(GL_EXIT_USAGE, "decisions takes options only; \"%s\" is none", argv[1]);
    gl_err err = {0};
    gl_topic_reader *reader = gl_topic_reader_open(brokers, "gl.decisions", -1, r.wait_count > 0, &err);
    if (reader == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    tally t = {0};
    int code = read_decisions(reader, &r, &t);
    gl_topic_reader_close(reader);
    if (r.summary && !r.json)
        print_summary(&t);
    free(t.latencies_ms);
    if (code == GL_EXIT_OK && r.mrn[0] != '\0' && t.count == 0)
        code = gl_complain(GL_EXIT_REFUSED, "no decision for %s", r.mrn);
    return code;
}

const gl_command gl_command_decisions = {
    "decisions", "show decisions, or sum them up", "[--summary] [--wait N] [--mrn MRN]",
    "Reads gl.decisions from its beginning, as an outside read_committed client does.\n\n"
    "  greenlane decisions --summary\n  greenlane decisions --json > decisions.ndjson\n"
    "  greenlane decisions --wait 8134 --timeout 60000 --summary",
    run_decisions};
