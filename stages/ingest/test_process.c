/* A batch of messages, without Kafka and Redis: identity, duplicates, rejections, files in chunks and their resumption.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "ingest/ingest.h"

static const gl_account ACCOUNT = {"hub-1", "", "", false};

typedef struct fixture {
    gl_arena *arena;
    gl_metrics *metrics;
    gl_conf *conf;
    void *stage;
    gl_ingest_worker worker;
    gl_record records[8];
    gl_job jobs[8];
    gl_batch batch;
    gl_outbox *outbox;
} fixture;

static void fixture_open(fixture *f, const char *const *sets)
{
    gl_err err = {0};
    memset(f, 0, sizeof *f);
    f->arena = gl_arena_new(0);
    f->metrics = gl_metrics_new();
    f->conf = gl_conf_load(NULL, gl_ingest_stage.conf_tables, 3, sets, &err);
    cr_assert_not_null(f->conf, "%s", err.message);
    gl_stage_env env = {.conf = f->conf, .metrics = f->metrics, .partition_count = 4};
    cr_assert(gl_ingest_stage.open(&env, &f->stage, &err), "%s", err.message);
    f->batch = (gl_batch){.records = f->records, .arena = f->arena, .now_us = 1795500000000000};
    f->outbox = gl_outbox_new(f->arena);
}

static void fixture_close(fixture *f)
{
    gl_ingest_stage.close(f->stage);
    gl_conf_destroy(f->conf);
    gl_metrics_destroy(f->metrics);
    gl_arena_destroy(f->arena);
}

static gl_job *add_job(fixture *f, const char *body, gl_format format)
{
    gl_job *job = &f->jobs[f->batch.count];
    *job = (gl_job){.account = &ACCOUNT, .format = format, .bytes = gl_str_of(body), .received_us = f->batch.now_us};
    f->records[f->batch.count++] = (gl_record){.token = job, .value = job->bytes};
    return job;
}

static void run(fixture *f)
{
    gl_err err = {0};
    cr_assert(gl_ingest_process(f->stage, &f->worker, &f->batch, f->outbox, &err), "%s", err.message);
}

static size_t put_count(const fixture *f, int output)
{
    size_t count = 0, found = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(f->outbox, &count);
    for (size_t i = 0; i < count; i++)
        found += entries[i].kind == 'o' && entries[i].output == output;
    return found;
}

#define DECLARATION(lrn, value)                                                                                        \
    "{\"functional_reference_id\":\"" lrn                                                                              \
    "\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[{\"sequence_numeric\":1,"                               \
    "\"description\":\"Cotton T-shirt\",\"commodity_code\":\"610910\",\"item_charge_amount\":{\"amount\":\"" value     \
    "\",\"currency\":\"EUR\"}}]}"

static const char *const SETS[] = {"ingest.mappings=" GL_SOURCE_DIR "/config/mappings", NULL};

Test(process, accepted_declaration_has_identity_partition_and_mrn)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *job = add_job(&f, DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    run(&f);
    cr_assert_eq(job->answer_count, 1);
    char stem[GL_MRN_STEM_CHARS + 1];
    cr_assert(gl_mrn_valid(job->answers[0].mrn, stem));
    size_t count = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(f.outbox, &count);
    cr_assert_eq(count, 1);
    gl_accepted accepted;
    gl_err err = {0};
    cr_assert(gl_accepted_decode(&accepted, (const uint8_t *)entries[0].value.ptr, entries[0].value.len, f.arena, &err),
              "%s", err.message);
    gl_declaration_id id = gl_declaration_id_of(GL_STR("hub-1"), GL_STR("L-1"), GL_FAMILY_IMPORT);
    cr_assert_eq(memcmp(accepted.declaration.declaration_id, id.bytes, sizeof id.bytes), 0);
    cr_assert_eq(entries[0].partition, gl_declaration_partition(id.bytes, 4));
    cr_assert(gl_str_eq(accepted.declaration.mrn, job->answers[0].mrn));
    cr_assert(accepted.declaration.mrn_provisional, "without a view the duplicate check is pending");
    fixture_close(&f);
}

Test(process, unchanged_again_in_a_batch_is_a_duplicate_and_changed_is_refused)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *first = add_job(&f, DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    gl_job *same = add_job(&f, "  " DECLARATION("L-1", "12.50") "\n", GL_FORMAT_JSON);
    gl_job *other = add_job(&f, DECLARATION("L-1", "12.60"), GL_FORMAT_JSON);
    run(&f);
    cr_assert(same->answers[0].duplicate);
    cr_assert(gl_str_eq(same->answers[0].mrn, first->answers[0].mrn));
    cr_assert_eq(other->answers[0].mrn.len, 0);
    cr_assert(gl_str_eqz(other->answers[0].errors[0].code, "lrn-reused"));
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 1);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 1);
    fixture_close(&f);
}

Test(process, every_part_of_a_bad_message_is_answered)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *mixed = add_job(&f, DECLARATION("L-2", "1") "\n{\"no\":\n" DECLARATION("L-3", "-4") "\n", GL_FORMAT_NDJSON);
    gl_job *nothing = add_job(&f, "", GL_FORMAT_JSON);
    gl_job *unknown = add_job(&f,
                              "\x7F"
                              "ELF",
                              GL_FORMAT_UNKNOWN);
    run(&f);
    cr_assert_eq(mixed->answer_count, 3);
    cr_assert_gt(mixed->answers[0].mrn.len, 0);
    cr_assert_eq(mixed->answers[1].mrn.len, 0);
    cr_assert_geq(mixed->answers[1].error_count, 1);
    cr_assert_eq(mixed->answers[2].mrn.len, 0);
    cr_assert_not_null(nothing->message_error.code);
    cr_assert_str_eq(unknown->message_error.code, "intake-format-unknown");
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 4);
    fixture_close(&f);
}

Test(process, answers_are_json_with_each_error)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *job =
        add_job(&f, "[" DECLARATION("L-4", "1") ",{\"functional_reference_id\":\"L-5\",\"wrong\":1}]", GL_FORMAT_JSON);
    run(&f);
    gl_buf text = gl_buf_in(f.arena);
    gl_answers_json(&text, job);
    gl_buf_byte(&text, '\0');
    cr_assert_not_null(strstr((char *)text.data, "\"status\":\"accepted\""));
    cr_assert_not_null(strstr((char *)text.data, "\"status\":\"rejected\""));
    cr_assert_not_null(strstr((char *)text.data, "\"accepted\":1,\"rejected\":1"));
    cr_assert_eq(gl_answers_status(job), 202);
    fixture_close(&f);
}

/* --- watched directories --- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* Takes one chunk through process and settle, as a worker would; false when nothing is ready. */
static bool step_file(fixture *f, gl_watch *watch)
{
    gl_job *job = NULL;
    int64_t deadline_us = gl_mono_us() + 10 * 1000000;
    while (job == NULL && gl_mono_us() < deadline_us) {
        job = gl_watch_take(watch);
        if (job == NULL && gl_watch_has_work(watch))
            return false;
    }
    if (job == NULL)
        return false;
    f->batch.count = 1;
    f->records[0] = (gl_record){.token = job, .value = job->bytes};
    run(f);
    gl_watch_settle(watch, job, true, NULL);
    return true;
}

Test(watch, a_file_goes_in_by_chunks_once_and_its_answers_are_complete)
{
    char directory[] = "/tmp/greenlane-watch-XXXXXX", path[512], set[600];
    cr_assert_not_null(mkdtemp(directory));
    snprintf(set, sizeof set, "ingest.mappings=%s/config/mappings", GL_SOURCE_DIR);
    const char *const sets[] = {set, "ingest.chunk=2", "ingest.settle=0ms", "ingest.scan_interval=10ms", NULL};
    fixture f;
    fixture_open(&f, sets);
    gl_ingest *ingest = f.stage;
    gl_account account = {"hub-1", directory, "", false};
    ingest->accounts = &account;
    ingest->account_count = 1;
    snprintf(path, sizeof path, "%s/five.ndjson", directory);
    write_file(path, DECLARATION("W-1", "1") "\n" DECLARATION("W-2", "1") "\n" DECLARATION("W-3", "1") "\n" DECLARATION(
                         "W-4", "-1") "\n" DECLARATION("W-5", "1") "\n");
    gl_watch *watch = gl_watch_new(ingest);
    cr_assert(step_file(&f, watch));
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 2);
    gl_watch_destroy(watch); /* as a crash would: the state in the outbox is what is left */

    watch = gl_watch_new(ingest);
    for (int i = 0; i < 3; i++)
        cr_assert(step_file(&f, watch));
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 4, "the first chunk is not taken in again");
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 1);
    gl_watch_destroy(watch);

    snprintf(path, sizeof path, "%s/done/five.ndjson", directory);
    cr_assert_eq(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/out", directory);
    DIR *out = opendir(path);
    int lines = 0, files = 0;
    for (struct dirent *entry = readdir(out); entry != NULL; entry = readdir(out)) {
        if (entry->d_name[0] == '.')
            continue;
        files++;
        snprintf(path, sizeof path, "%s/out/%.200s", directory, entry->d_name);
        FILE *file = fopen(path, "r");
        for (int c = fgetc(file); c != EOF; c = fgetc(file))
            lines += c == '\n';
        fclose(file);
    }
    closedir(out);
    cr_assert_eq(files, 1);
    cr_assert_eq(lines, 5);
    snprintf(path, sizeof path, "rm -rf '%s'", directory);
    cr_assert_eq(system(path), 0);
    fixture_close(&f);
}
