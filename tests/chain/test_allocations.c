/* The hot path does not ask malloc for memory: what a batch asks for does not grow with its records. Every stage's
 * process runs over declarations, and ingest's and decide's over events about them, in batches of 100 and of 1,000,
 * after the arenas have grown. Not counted: librdkafka, LMDB and Redis, which are around process, not in it, and what
 * libxgboost asks for in its predictions, which is its version's matter. */
#include <stdio.h>
#include <stdlib.h>
#include <xgboost/c_api.h>

#include "base/log.h"
#include "chain/stations.h"
#include "cli/synth.h"
#include "gen/topics.h"
#include "support/alloc_count.h"

enum { SMALL = 100, LARGE = 1000 };

/* What is counted: process of a stage over one kind of input. */
enum { DECLARATIONS, CLASSIFYING, ASSESSING, DECIDING, EVENTS, DECIDING_EVENTS, STEPS };
static const char *const steps[STEPS] = {
    "ingest, declarations", "classify", "risk", "decide, declarations", "ingest, events", "decide, events",
};
/* What a batch may ask for, whatever its size. */
enum { BATCH_LIMIT = 8 };

typedef struct counts {
    unsigned long asked[STEPS];
    size_t put[STEPS]; /* records that came out */
    size_t scored;
    size_t at_stake; /* items with a duty at stake */
} counts;

typedef struct source {
    const char *name;
    gl_format format;
    const char *profile;
    void (*header)(gl_buf *buf);
    void (*one)(const gl_synth *synth, gl_buf *buf);
    bool scored;   /* what the model of risk asks for is there */
    bool at_stake; /* so are descriptions and values */
} source;

static const source sources[] = {
    {"parcels as NDJSON", GL_FORMAT_NDJSON, "", NULL, gl_synth_json, false, true},
    {"declarations as CSV, scored", GL_FORMAT_CSV, "kcs", gl_synth_kcs_header, gl_synth_kcs, true, false}};

/* The linker leads risk's calls to here (--wrap). */
int __real_XGBoosterPredictFromDense(BoosterHandle booster, char const *values, char const *config, DMatrixHandle m,
                                     bst_ulong const **shape, bst_ulong *dimensions, float const **result);
int __wrap_XGBoosterPredictFromDense(BoosterHandle booster, char const *values, char const *config, DMatrixHandle m,
                                     bst_ulong const **shape, bst_ulong *dimensions, float const **result);
static unsigned long predictions;

int __wrap_XGBoosterPredictFromDense(BoosterHandle booster, char const *values, char const *config, DMatrixHandle m,
                                     bst_ulong const **shape, bst_ulong *dimensions, float const **result)
{
    predictions++;
    alloc_count_look_away(true);
    int code = __real_XGBoosterPredictFromDense(booster, values, config, m, shape, dimensions, result);
    alloc_count_look_away(false);
    return code;
}

static bool tell[STEPS];               /* who asked last */
static gl_record inputs[STEPS][LARGE]; /* of a step; they live as long as what is made of them */

static void run(int step, station *at, size_t count, counts *to)
{
    gl_err err = {0};
    gl_batch batch = {.records = inputs[step],
                      .count = count,
                      .now_us = STATION_NOW_US,
                      .arena = at->arena,
                      .partition_count = STATION_PARTITIONS};
    size_t before, after;
    gl_outbox_entries(at->outbox, &before);
    alloc_count_start(tell[step]);
    bool good = at->def->process(at->stage, at->worker, &batch, at->outbox, &err);
    to->asked[step] = alloc_count_stop();
    gl_outbox_entries(at->outbox, &after);
    to->put[step] = after - before;
    station_check(good, steps[step], &err);
    if (tell[step] && to->asked[step] > 0) {
        fprintf(stderr, "%s: the latest asked for by:\n", steps[step]);
        alloc_count_print_latest();
    }
}

/* What `from` put to `output`, as records of a step's input. */
static size_t take(const station *from, int output, int step, int input)
{
    size_t count, taken = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(from->outbox, &count);
    for (size_t i = 0; i < count && taken < LARGE; i++)
        if (entries[i].kind == 'o' && entries[i].output == output) {
            inputs[step][taken] = (gl_record){.input = input,
                                              .partition = entries[i].partition,
                                              .offset = (int64_t)taken,
                                              .key = entries[i].key,
                                              .value = entries[i].value};
            taken++;
        }
    return taken;
}

/* How many of the assessed records have a score. */
static size_t count_scored(const gl_record *records, size_t count, gl_arena *arena)
{
    size_t scored = 0;
    for (size_t i = 0; i < count; i++) {
        gl_err err = {0};
        gl_assessed assessed;
        station_check(
            gl_assessed_decode(&assessed, (const uint8_t *)records[i].value.ptr, records[i].value.len, arena, &err),
            "risk", &err);
        scored += assessed.assessment.score_ppm.set;
    }
    return scored;
}

/* How many items of the classified records have a duty at stake. */
static size_t count_at_stake(const gl_record *records, size_t count, gl_arena *arena)
{
    size_t at_stake = 0;
    for (size_t i = 0; i < count; i++) {
        gl_err err = {0};
        gl_classified classified;
        station_check(
            gl_classified_decode(&classified, (const uint8_t *)records[i].value.ptr, records[i].value.len, arena, &err),
            "classify", &err);
        for (size_t k = 0; k < classified.classification.national.count; k++)
            at_stake += classified.classification.national.at[k].duty_at_stake != NULL;
    }
    return at_stake;
}

/* One message through ingest, of declarations or events. */
static void take_in(int step, const source *from, gl_str bytes, counts *to)
{
    station *at = &stations[INGEST];
    gl_job job = {.account = &((gl_ingest *)at->stage)->accounts[0],
                  .format = step == EVENTS ? GL_FORMAT_NDJSON : from->format,
                  .profile = step == EVENTS ? GL_STR("") : gl_str_of(from->profile),
                  .events = step == EVENTS,
                  .bytes = bytes,
                  .received_us = STATION_NOW_US};
    inputs[step][0] = (gl_record){.token = &job, .value = bytes};
    run(step, at, 1, to);
}

/* `count` declarations, some wrong, sent twice or amended, and an arrival of each, through all stages. */
static void run_chain(const source *from, int64_t count, counts *to)
{
    const gl_synth_plan plan = {.seed = 7,
                                .bad = 0.03,
                                .duplicates = 0.03,
                                .amendments = 0.03,
                                .mean_items = 1.5,
                                .high_value = 0.05,
                                .prefix = "CHAIN"};
    gl_buf declarations = {0}, events = {0};
    if (from->header != NULL)
        from->header(&declarations);
    for (int64_t i = 0; i < count; i++) {
        gl_synth synth;
        gl_synth_make(&plan, i, &synth);
        from->one(&synth, &declarations);
        gl_buf_printf(&events,
                      "{\"event_id\":\"E-%lld\",\"lrn\":\"%s\",\"family\":\"IMPORT\",\"type\":\"ARRIVAL\","
                      "\"occurred_at\":\"2026-11-29T11:59:59Z\",\"code\":\"gate\"}\n",
                      (long long)i, synth.lrn);
    }
    for (int i = 0; i < STATIONS; i++)
        station_begin(&stations[i]);
    take_in(DECLARATIONS, from, gl_buf_view(&declarations), to);
    size_t taken = take(&stations[INGEST], GL_INGEST_OUT_ACCEPTED, CLASSIFYING, 0);
    run(CLASSIFYING, &stations[CLASSIFY], taken, to);
    taken = take(&stations[CLASSIFY], 0, ASSESSING, 0);
    to->at_stake = count_at_stake(inputs[ASSESSING], taken, stations[CLASSIFY].arena);
    run(ASSESSING, &stations[RISK], taken, to);
    taken = take(&stations[RISK], 0, DECIDING, GL_DECIDE_IN_ASSESSED);
    to->scored = count_scored(inputs[DECIDING], taken, stations[RISK].arena);
    run(DECIDING, &stations[DECIDE], taken, to);
    take_in(EVENTS, from, gl_buf_view(&events), to);
    taken = take(&stations[INGEST], GL_INGEST_OUT_EVENTS, DECIDING_EVENTS, GL_DECIDE_IN_EVENTS);
    run(DECIDING_EVENTS, &stations[DECIDE], taken, to);
    gl_buf_free(&declarations);
    gl_buf_free(&events);
}

/* Prints the figures of a step; false when they are wrong. */
static bool compare(int step, const counts *small, const counts *large)
{
    unsigned long few = small->asked[step], many = large->asked[step];
    printf("  %-20s  %lu allocations in a batch of %d, %lu in one of %d: %.3f a record (%zu records out)\n",
           steps[step], few, SMALL, many, LARGE, ((double)many - (double)few) / (LARGE - SMALL), large->put[step]);
    if (large->put[step] < LARGE * 9 / 10)
        fprintf(stderr, "%s: too few records come out for a test\n", steps[step]);
    else if (many > few || many > BATCH_LIMIT)
        fprintf(stderr, "%s: allocates with its records, or more than %d times a batch\n", steps[step], BATCH_LIMIT);
    else
        return true;
    return false;
}

/* Each size twice: the first lets the arenas grow. */
static bool measure(const source *from)
{
    counts first, small, large;
    bool good = true;
    run_chain(from, LARGE, &first);
    run_chain(from, SMALL, &first);
    run_chain(from, SMALL, &small);
    run_chain(from, LARGE, &first);
    run_chain(from, LARGE, &large);
    printf("%s\n", from->name);
    for (int i = 0; i < STEPS; i++) {
        tell[i] = !compare(i, &small, &large);
        good = good && !tell[i];
    }
    if (from->scored && (large.scored < LARGE * 9 / 10 || predictions == 0)) {
        fprintf(stderr, "only %zu have a score, in %lu predictions\n", large.scored, predictions);
        good = false;
    }
    if (from->at_stake && large.at_stake < LARGE / 5) {
        fprintf(stderr, "only %zu items have a duty at stake\n", large.at_stake);
        good = false;
    }
    if (!good)
        run_chain(from, LARGE, &large);
    memset(tell, 0, sizeof tell);
    return good;
}

int main(void)
{
    if (!alloc_count_possible()) {
        puts("skipped: chain_allocations: malloc is a sanitizer's here, or another C library's, and cannot be counted");
        return 77;
    }
    gl_log_init("chain", GL_LOG_ERROR);
    alloc_count_start(false);
    stations_open();
    bool good = alloc_count_stop() > STATIONS;
    if (!good)
        fputs("what the stages ask for when they open is not counted\n", stderr);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        good = measure(&sources[i]) && good;
    stations_close();
    return !good;
}
