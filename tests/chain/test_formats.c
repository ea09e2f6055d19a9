/* Documents of each intake format go through all stages: what is accepted gets a decision, what is not says why.
 *
 * The tree's own samples, and the traceability documents of the reference data ($GREENLANE_DATA) where that is there.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "chain/stations.h"
#include "gen/topics.h"

enum { PATH_LIMIT = 4096, FILE_LIMIT = 1 << 21, RECORDS = 64 };

/* What a document of the tree must come to. */
typedef struct expected {
    const char *path;
    size_t accepted, refused;
} expected;

static const expected documents[] = {
    {"samples/sad.xml", 1, 0},
    {"samples/full.xml", 1, 0},
    {"samples/type86.json", 1, 0},
    {"samples/postal.json", 2, 0},
    {"samples/manifest.json", 3, 0},
    {"stages/ingest/formats/sad/corpus/one.xml", 1, 0},
    {"stages/ingest/formats/sad/corpus/every.xml", 1, 0},
    {"stages/ingest/formats/sad/corpus/locale.xml", 1, 0},
    {"stages/ingest/formats/sad/corpus/nothing.xml", 0, 1},
    {"stages/ingest/formats/trade/corpus/mixed.json", 6, 3}, /* and what is no declaration */
};

static gl_record records[STATIONS][RECORDS];
static size_t failures, all_accepted, all_decided;

static void fail(const char *name, const char *what)
{
    fprintf(stderr, "%s: %s\n", name, what);
    failures++;
}

static void run(int which, size_t count)
{
    station *at = &stations[which];
    gl_err err = {0};
    gl_batch batch = {.records = records[which],
                      .count = count,
                      .now_us = STATION_NOW_US,
                      .arena = at->arena,
                      .partition_count = STATION_PARTITIONS};
    station_check(at->def->process(at->stage, at->worker, &batch, at->outbox, &err), at->def->name, &err);
}

/* What a stage put to an output, as the next one's records. */
static size_t pass_on(int from, int output, int to, int input)
{
    size_t count, taken = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(stations[from].outbox, &count);
    for (size_t i = 0; i < count && taken < RECORDS; i++)
        if (entries[i].kind == 'o' && entries[i].output == output)
            records[to][taken++] = (gl_record){.input = input,
                                               .partition = entries[i].partition,
                                               .offset = (int64_t)i,
                                               .key = entries[i].key,
                                               .value = entries[i].value};
    return taken;
}

/* Each decision that decide made says what becomes of the goods. */
static size_t count_decided(const char *name)
{
    size_t count, decided = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(stations[DECIDE].outbox, &count);
    for (size_t i = 0; i < count; i++) {
        gl_err err = {0};
        gl_decided d;
        if (entries[i].kind != 'o' || entries[i].output != GL_DECIDE_OUT_DECISIONS)
            continue;
        station_check(gl_decided_decode(&d, (const uint8_t *)entries[i].value.ptr, entries[i].value.len,
                                        stations[DECIDE].arena, &err),
                      name, &err);
        printf("  %s: %.*s (%.*s) %s, %s\n", name, GL_STR_ARG(d.declaration.functional_reference_id),
               GL_STR_ARG(d.declaration.data_set), gl_decision_lane_name(d.decision.lane),
               gl_decision_outcome_name(d.decision.outcome));
        decided++;
    }
    return decided;
}

static void answers_of(const gl_job *job, size_t *accepted, size_t *refused)
{
    *accepted = *refused = 0;
    for (size_t i = 0; i < job->answer_count; i++) {
        *accepted += job->answers[i].taken;
        *refused += !job->answers[i].taken;
    }
}

/* `want`: NULL: whatever it is, what is accepted is decided. */
static void through_all(const char *path, const char *name, const expected *want)
{
    static char bytes[FILE_LIMIT];
    size_t accepted, refused, taken;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(path, "cannot be read");
        return;
    }
    gl_str text = {bytes, fread(bytes, 1, sizeof bytes, file)};
    fclose(file);
    gl_job job = {.account = &((gl_ingest *)stations[INGEST].stage)->accounts[0],
                  .format = gl_format_detect(text),
                  .profile = GL_STR(""),
                  .bytes = text,
                  .received_us = STATION_NOW_US};
    for (int i = 0; i < STATIONS; i++)
        station_begin(&stations[i]);
    records[INGEST][0] = (gl_record){.token = &job, .value = text};
    run(INGEST, 1);
    answers_of(&job, &accepted, &refused);
    taken = pass_on(INGEST, GL_INGEST_OUT_ACCEPTED, CLASSIFY, 0);
    run(CLASSIFY, taken);
    taken = pass_on(CLASSIFY, 0, RISK, 0);
    run(RISK, taken);
    taken = pass_on(RISK, 0, DECIDE, GL_DECIDE_IN_ASSESSED);
    run(DECIDE, taken);
    size_t decided = count_decided(name);
    if (decided != accepted)
        fail(name, "not everything that was accepted is decided");
    if (want != NULL && (accepted != want->accepted || refused != want->refused)) {
        fprintf(stderr, "%zu accepted, %zu refused\n", accepted, refused);
        fail(name, "more or less was accepted than should be");
    }
    all_accepted += accepted;
    all_decided += decided;
}

static void reference_documents(void)
{
    const char *data = getenv("GREENLANE_DATA");
    char folder[PATH_LIMIT / 2], path[PATH_LIMIT];
    struct dirent **entries = NULL;
    struct stat st;
    snprintf(folder, sizeof folder, "%s/messages/traceability",
             data == NULL || *data == 0 ? GL_SOURCE_DIR "/../shared/data" : data);
    if (stat(folder, &st) != 0) {
        printf("without the reference data's documents: there are none at %s (GREENLANE_DATA)\n", folder);
        return;
    }
    size_t before = all_accepted;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name, *ending = strrchr(name, '.');
        snprintf(path, sizeof path, "%s/%s", folder, name);
        if (ending != NULL && strcmp(ending, ".json") == 0)
            through_all(path, name, NULL);
        free(entries[i]);
    }
    free(entries);
    if (all_accepted - before != 8)
        fail(folder, "eight of its documents are declarations");
}

int main(void)
{
    gl_log_init("chain", GL_LOG_ERROR);
    stations_open();
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        char path[PATH_LIMIT];
        snprintf(path, sizeof path, "%s/%s", GL_SOURCE_DIR, documents[i].path);
        through_all(path, documents[i].path, &documents[i]);
    }
    reference_documents();
    printf("%zu declarations accepted, %zu decided\n", all_accepted, all_decided);
    stations_close();
    return failures != 0;
}
