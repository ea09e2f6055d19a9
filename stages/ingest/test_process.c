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
#include "ingest/answers.h"
#include "ingest/batches.h"
#include "ingest/topics.h"
#include "io/test_pack.h"

static const gl_account ACCOUNT = {"hub-1", "", "", false, false, 0, "", ""};

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
    f->conf = gl_conf_load(NULL, gl_ingest_stage.conf_tables, 5, sets, &err);
    cr_assert_not_null(f->conf, "%s", err.message);
    gl_stage_env env = {.conf = f->conf, .metrics = f->metrics, .partition_count = 4};
    cr_assert(gl_ingest_stage.open(&env, &f->stage, &err), "%s", err.message);
    f->batch = (gl_batch){.records = f->records, .arena = f->arena, .now_us = 1795500000000000};
    f->outbox = gl_outbox_new(f->arena);
}

static void fixture_close(fixture *f)
{
    for (size_t i = 0; i < f->batch.count; i++)
        if (f->jobs[i].opened)
            gl_job_close(&f->jobs[i]);
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

/* The same of bytes that may be packed. */
static gl_job *add_packed(fixture *f, const gl_buf *bytes)
{
    gl_job *job = add_job(f, "", GL_FORMAT_UNKNOWN);
    job->bytes = gl_buf_view(bytes);
    job->format = gl_format_detect(job->bytes);
    job->limit_bytes = 1 << 20;
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

#define SETS_MAPPINGS ("ingest.mappings=" GL_SOURCE_DIR "/config/mappings"), ("ingest.keep_originals=false")
static const char *const SETS[] = {SETS_MAPPINGS, NULL};

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

static void write_rules(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* The same message before and after: new rules hold at once, bad ones leave the old. */
Test(process, a_reload_brings_new_rules)
{
    char path[] = "/tmp/gl-rules-XXXXXX", set[64];
    close(mkstemp(path));
    snprintf(set, sizeof set, "ingest.rules=%s", path);
    const char *const sets[] = {SETS_MAPPINGS, set, NULL};
    write_rules(path, "name: first\n");
    fixture f;
    fixture_open(&f, sets);
    gl_job *job = add_job(&f, DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    run(&f);
    cr_assert(job->answers[0].taken);
    gl_err err = {0};
    write_rules(
        path, "name: second\nrules: [{code: dear, text: t, find: {field: item.item_charge_amount, above: 10 EUR}}]\n");
    cr_assert(gl_ingest_stage.reload(f.stage, f.conf, &err), "%s", err.message);
    run(&f);
    cr_assert(!job->answers[0].taken && gl_str_eqz(job->answers[0].errors[0].code, "dear"));
    const gl_tables *before = gl_ingest_tables(f.stage);
    write_rules(path, "name: third\nrulez: []\n");
    cr_assert(!gl_ingest_stage.reload(f.stage, f.conf, &err));
    cr_assert_not_null(strstr(err.message, "rulez"));
    cr_assert_eq(gl_ingest_tables(f.stage), before);
    unlink(path);
    fixture_close(&f);
}

/* Under the declaration's id and the digest that its record names, in the declaration's partition. */
Test(process, the_bytes_of_what_is_accepted_are_kept)
{
    static const char *const keeping[] = {"ingest.mappings=" GL_SOURCE_DIR "/config/mappings", NULL};
    fixture f;
    fixture_open(&f, keeping);
    add_job(&f, "  " DECLARATION("L-1", "12.50") "\n" DECLARATION("L-2", "-1"), GL_FORMAT_NDJSON);
    run(&f);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ORIGINALS), 1);
    size_t count = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(f.outbox, &count);
    const gl_outbox_entry *accepted = &entries[0], *original = &entries[1];
    uint8_t digest[GL_SHA256_BYTES];
    cr_assert(gl_str_eqz(original->value, DECLARATION("L-1", "12.50")), "%.*s", GL_STR_ARG(original->value));
    gl_sha256(original->value, digest);
    cr_assert_eq(original->key.len, GL_DECLARATION_ID_BYTES + GL_SHA256_BYTES);
    cr_assert_eq(memcmp(original->key.ptr, accepted->key.ptr, GL_DECLARATION_ID_BYTES), 0);
    cr_assert_eq(memcmp(original->key.ptr + GL_DECLARATION_ID_BYTES, digest, sizeof digest), 0);
    cr_assert_eq(original->partition, accepted->partition);
    fixture_close(&f);
    fixture_open(&f, SETS);
    add_job(&f, DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    run(&f);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ORIGINALS), 0);
    fixture_close(&f);
}

Test(process, a_message_of_several_is_a_batch)
{
    fixture f;
    fixture_open(&f, SETS);
    f.batch.partition_count = 4;
    gl_job *one = add_job(&f, DECLARATION("L-1", "1"), GL_FORMAT_JSON);
    gl_job *many = add_job(&f, DECLARATION("L-2", "1") "\n" DECLARATION("L-3", "-4") "\n" DECLARATION("L-4", "1"),
                           GL_FORMAT_NDJSON);
    gl_job *none = add_job(&f, DECLARATION("L-5", "-1") "\n" DECLARATION("L-6", "-1"), GL_FORMAT_NDJSON);
    gl_job *file = add_job(&f, DECLARATION("L-7", "1") "\n" DECLARATION("L-8", "1"), GL_FORMAT_NDJSON);
    one->request = many->request = none->request = (gl_http_request *)&f; /* HTTP has batches; nothing looks into it */
    run(&f);
    cr_assert(one->batch[0] == '\0' && none->batch[0] == '\0' && file->batch[0] == '\0');
    cr_assert_eq(strlen(many->batch), 32);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_BATCHES), 1);
    size_t count = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(f.outbox, &count), *at = NULL;
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind == 'o' && entries[i].output == GL_INGEST_OUT_BATCHES)
            at = &entries[i];
    gl_intake_batch_envelope envelope;
    gl_err err = {0};
    cr_assert(gl_intake_batch_envelope_decode(&envelope, (const uint8_t *)at->value.ptr, at->value.len, f.arena, &err));
    const gl_intake_batch *batch = &envelope.intake_batch;
    cr_assert(batch->accepted == 2 && batch->rejected == 1 && gl_str_eqz(batch->account, "hub-1"));
    cr_assert_eq(batch->received_at, f.batch.now_us);
    gl_declaration_id second = gl_declaration_id_of(GL_STR("hub-1"), GL_STR("L-4"), GL_FAMILY_IMPORT);
    cr_assert_eq(batch->declaration_ids.len, 2 * GL_DECLARATION_ID_BYTES);
    cr_assert_eq(memcmp(batch->declaration_ids.ptr + GL_DECLARATION_ID_BYTES, second.bytes, sizeof second.bytes), 0);
    cr_assert_eq(at->partition, gl_batch_partition(batch->batch_id, 4));
    gl_buf body = gl_buf_in(f.arena);
    gl_answers_of_job(&body, many);
    gl_buf_byte(&body, 0);
    cr_assert_not_null(strstr((const char *)body.data, many->batch));
    fixture_close(&f);
}

/* Without a view nobody knows which content was first: perhaps the one that comes second here. */
Test(process, unchanged_again_in_a_batch_is_a_duplicate_and_changed_is_left_to_decide)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *first = add_job(&f, DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    gl_job *same = add_job(&f, "  " DECLARATION("L-1", "12.50") "\n", GL_FORMAT_JSON);
    gl_job *other = add_job(&f, DECLARATION("L-1", "12.60"), GL_FORMAT_JSON);
    run(&f);
    cr_assert(same->answers[0].duplicate && same->answers[0].duplicate_pending);
    cr_assert(gl_str_eq(same->answers[0].mrn, first->answers[0].mrn));
    cr_assert(other->answers[0].taken && other->answers[0].duplicate_pending && !other->answers[0].duplicate);
    cr_assert(gl_str_eq(other->answers[0].mrn, first->answers[0].mrn));
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 2);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 0);
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
    gl_answers_of_job(&text, job);
    gl_buf_byte(&text, '\0');
    cr_assert_not_null(strstr((char *)text.data, "\"status\":\"accepted\""));
    cr_assert_not_null(strstr((char *)text.data, "\"status\":\"rejected\""));
    cr_assert_not_null(strstr((char *)text.data, "\"accepted\":1,\"rejected\":1"));
    cr_assert_eq(gl_answers_status(job), 202);
    fixture_close(&f);
}

Test(process, a_dead_lettered_message_is_not_answered_as_accepted)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *job = add_job(&f, DECLARATION("L-1", "1"), GL_FORMAT_JSON);
    run(&f);
    cr_assert_gt(job->answers[0].mrn.len, 0);
    gl_err err;
    gl_fail(&err, GL_DEAD_LETTER, "output-too-large", "too large");
    gl_ingest_dead_lettered(f.stage, &f.worker, &f.batch, &f.records[0], &err, f.outbox);
    cr_assert_eq(job->answer_count, 0);
    cr_assert_str_eq(job->message_error.code, "output-too-large");
    fixture_close(&f);
}

Test(process, what_a_test_account_sends_is_a_test)
{
    static const gl_account rehearsal = {"rehearsal", "", "", true, false, 0, "", ""};
    fixture f;
    fixture_open(&f, SETS);
    add_job(&f, DECLARATION("L-1", "1"), GL_FORMAT_JSON)->account = &rehearsal;
    run(&f);
    size_t count = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(f.outbox, &count);
    gl_accepted accepted;
    gl_err err = {0};
    cr_assert_eq(count, 1);
    cr_assert(gl_accepted_decode(&accepted, (const uint8_t *)entries[0].value.ptr, entries[0].value.len, f.arena, &err),
              "%s", err.message);
    cr_assert(accepted.declaration.test_indicator);
    cr_assert(gl_str_eqz(accepted.declaration.submitter, "rehearsal"));
    fixture_close(&f);
}

Test(process, a_message_without_declarations_says_so)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *job = add_job(&f, "[]", GL_FORMAT_JSON);
    run(&f);
    cr_assert_str_eq(job->message_error.code, "intake-empty");
    fixture_close(&f);
}

Test(process, what_is_packed_is_taken_as_if_it_had_come_alone)
{
    const test_entry entries[] = {{"a.json", DECLARATION("L-2", "1")},
                                  {"b.ndjson", DECLARATION("L-3", "1") "\n{\"no\":1}\n"},
                                  {"c.csv", "a,b\n1,2\n"},
                                  {NULL, NULL}};
    fixture f;
    fixture_open(&f, SETS);
    gl_buf gzip = test_gzip(gl_str_of(DECLARATION("L-1", "12.50"))), zip = test_zip(entries);
    gl_job *one = add_packed(&f, &gzip), *three = add_packed(&f, &zip);
    gl_job *plain = add_job(&f, DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    for (int attempt = 0; attempt < 2; attempt++) { /* as after an abort */
        f.outbox = gl_outbox_new(f.arena);
        run(&f);
        cr_assert(one->answers[0].taken);
        cr_assert(plain->answers[0].duplicate, "the same content");
        cr_assert_eq(three->answer_count, 4);
        cr_assert(three->answers[0].taken && three->answers[1].taken);
        cr_assert(gl_str_starts(three->answers[2].errors[0].pointer, GL_STR("entry=b.ndjson;/no")));
        cr_assert(gl_str_eqz(three->answers[3].errors[0].code, "intake-profile-required"));
        cr_assert(gl_str_eqz(three->answers[3].errors[0].pointer, "entry=c.csv"));
        cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 3);
        cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 2);
    }
    fixture_close(&f);
    gl_buf_free(&gzip);
    gl_buf_free(&zip);
}

/* A record of an intake topic, as the consumer hands it over. */
static gl_job *add_topic_job(fixture *f, struct gl_topic_record *record, const char *body, gl_format format)
{
    static const gl_intake_topic topic = {.name = "raw", .account = "hub-1", .account_header = "", .profile = ""};
    gl_job *job = add_job(f, body, format);
    *record = (struct gl_topic_record){.topic = &topic, .place = {.offset = 17}};
    job->topic = record;
    f->records[f->batch.count - 1].topic = topic.name;
    return job;
}

static gl_rejection rejection_at(const fixture *f, size_t index)
{
    size_t count = 0;
    gl_err err = {0};
    gl_rejected rejected;
    const gl_outbox_entry *entries = gl_outbox_entries(f->outbox, &count);
    cr_assert_lt(index, count);
    cr_assert_eq(entries[index].output, GL_INGEST_OUT_REJECTED);
    cr_assert(gl_rejected_decode(&rejected, (const uint8_t *)entries[index].value.ptr, entries[index].value.len,
                                 f->arena, &err),
              "%s", err.message);
    return rejected.rejection;
}

Test(topics, records_go_the_way_of_messages_and_say_that_they_came_by_a_topic)
{
    fixture f;
    struct gl_topic_record records[4];
    fixture_open(&f, SETS);
    gl_job *good = add_topic_job(&f, &records[0], DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    gl_job *again = add_topic_job(&f, &records[1], DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    add_topic_job(&f, &records[2], "", GL_FORMAT_UNKNOWN);
    add_topic_job(&f, &records[3], "{\"functional_reference_id\":", GL_FORMAT_JSON);
    run(&f);
    cr_assert(good->answers[0].taken);
    cr_assert(again->answers[0].duplicate);
    size_t count = 0;
    gl_accepted accepted;
    gl_err err = {0};
    const gl_outbox_entry *entries = gl_outbox_entries(f.outbox, &count);
    cr_assert_eq(count, 3);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].output == GL_INGEST_OUT_ACCEPTED) {
            cr_assert(gl_accepted_decode(&accepted, (const uint8_t *)entries[i].value.ptr, entries[i].value.len,
                                         f.arena, &err));
            cr_assert(gl_str_eqz(accepted.declaration.message.channel, "topic"));
            continue;
        }
        gl_rejection r = rejection_at(&f, i);
        cr_assert(gl_str_eqz(r.channel, "topic"));
        cr_assert(gl_str_eqz(r.submitter, "hub-1"));
        cr_assert_geq(r.errors.count, 1);
    }
    fixture_close(&f);
}

Test(topics, a_record_that_is_packed_is_unpacked_or_refused_as_it_came)
{
    fixture f;
    struct gl_topic_record records[2];
    uint8_t digest[GL_SHA256_BYTES];
    fixture_open(&f, SETS);
    gl_buf good = test_gzip(gl_str_of(DECLARATION("L-1", "1"))), bad = test_gzip(gl_str_of(DECLARATION("L-2", "1")));
    bad.data[bad.len - 6] ^= 1; /* of the checksum */
    gl_job *taken = add_topic_job(&f, &records[0], "", GL_FORMAT_JSON);
    gl_job *refused = add_topic_job(&f, &records[1], "", GL_FORMAT_JSON);
    taken->bytes = gl_buf_view(&good);
    refused->bytes = gl_buf_view(&bad);
    taken->limit_bytes = refused->limit_bytes = 1 << 20;
    run(&f);
    cr_assert(taken->answers[0].taken);
    cr_assert_str_eq(refused->message_error.code, "intake-damaged");
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 1);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 1);
    gl_sha256(gl_buf_view(&bad), digest);
    gl_rejection r = rejection_at(&f, 1);
    cr_assert_eq(memcmp(r.digest, digest, sizeof digest), 0);
    cr_assert_eq(r.size_bytes, (int64_t)bad.len);
    gl_buf_free(&good);
    gl_buf_free(&bad);
    fixture_close(&f);
}

Test(topics, a_record_of_nobody_is_a_dead_letter_and_the_rest_goes_on)
{
    fixture f;
    struct gl_topic_record records[2];
    fixture_open(&f, SETS);
    gl_job *nobody = add_topic_job(&f, &records[0], DECLARATION("L-1", "1"), GL_FORMAT_JSON);
    nobody->account = NULL;
    gl_job *good = add_topic_job(&f, &records[1], DECLARATION("L-2", "1"), GL_FORMAT_JSON);
    for (int attempt = 0; attempt < 2; attempt++) { /* as after an abort */
        f.outbox = gl_outbox_new(f.arena);
        run(&f);
        size_t count = 0;
        const gl_outbox_entry *entries = gl_outbox_entries(f.outbox, &count);
        cr_assert_eq(count, 2);
        cr_assert_eq(entries[0].kind + entries[1].kind, 'd' + 'o');
        const gl_outbox_entry *dead = entries[0].kind == 'd' ? &entries[0] : &entries[1];
        cr_assert_eq(dead->cause, &f.records[0]);
        cr_assert_str_eq(dead->err.code, "account-unknown");
        cr_assert(good->answers[0].taken);
    }
    gl_ingest_applied(f.stage, &f.worker, &f.batch, f.outbox);
    fixture_close(&f);
}

Test(topics, a_record_that_is_too_large_is_refused)
{
    static const char *const sets[] = {SETS_MAPPINGS, "ingest.body_limit=1k", NULL};
    static char large[2000];
    fixture f;
    struct gl_topic_record record;
    fixture_open(&f, sets);
    memset(large, ' ', sizeof large - 1);
    gl_job *job = add_topic_job(&f, &record, large, GL_FORMAT_JSON);
    run(&f);
    cr_assert_str_eq(job->message_error.code, "intake-too-large");
    cr_assert(gl_str_eqz(rejection_at(&f, 0).errors.at[0].code, "intake-too-large"));
    fixture_close(&f);
}

/* --- amendments, cancellations, events --- */

#define OF_FUNCTION(lrn, value, code)                                                                                  \
    "{\"functional_reference_id\":\"" lrn "\",\"function_code\":\"" code                                               \
    "\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[{\"sequence_numeric\":1,"                               \
    "\"description\":\"Cotton T-shirt\",\"commodity_code\":\"610910\",\"item_charge_amount\":{\"amount\":\"" value     \
    "\",\"currency\":\"EUR\"}}]}"

Test(process, an_amendment_is_a_new_version_unless_it_changes_nothing)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *first = add_job(&f, DECLARATION("L-1", "12.50"), GL_FORMAT_JSON);
    gl_job *changed = add_job(&f, OF_FUNCTION("L-1", "13.00", "4"), GL_FORMAT_JSON);
    gl_job *same = add_job(&f, OF_FUNCTION("L-1", "13.00", "4"), GL_FORMAT_JSON);
    gl_job *back = add_job(&f, OF_FUNCTION("L-1", "12.50", "4"), GL_FORMAT_JSON);
    gl_job *original = add_job(&f, OF_FUNCTION("L-1", "12.50", "9"), GL_FORMAT_JSON);
    gl_job *alone = add_job(&f, OF_FUNCTION("L-2", "1", "4"), GL_FORMAT_JSON);
    run(&f);
    cr_assert(changed->answers[0].amendment && !changed->answers[0].duplicate);
    cr_assert(gl_str_eq(changed->answers[0].mrn, first->answers[0].mrn));
    cr_assert(same->answers[0].amendment && same->answers[0].duplicate);
    cr_assert(back->answers[0].amendment && !back->answers[0].duplicate,
              "it says what the first one said, not the last");
    cr_assert(original->answers[0].duplicate, "without a function code and with 9 it is the same content");
    cr_assert(alone->answers[0].taken, "an amendment may arrive before what it amends");
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 4);
    gl_buf text = gl_buf_in(f.arena);
    gl_answers_of_job(&text, changed);
    gl_buf_byte(&text, '\0');
    cr_assert_not_null(strstr((char *)text.data, "\"amendment\":true,\"duplicate\":false"));
    fixture_close(&f);
}

static const gl_event *put_event(fixture *f, size_t which, gl_str *key, int32_t *partition)
{
    size_t count = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(f->outbox, &count);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind != 'o' || entries[i].output != GL_INGEST_OUT_EVENTS || which-- > 0)
            continue;
        gl_event_envelope *envelope = GL_NEW(f->arena, gl_event_envelope);
        gl_err err = {0};
        cr_assert(gl_event_envelope_decode(envelope, (const uint8_t *)entries[i].value.ptr, entries[i].value.len,
                                           f->arena, &err),
                  "%s", err.message);
        *key = entries[i].key;
        *partition = entries[i].partition;
        return &envelope->event;
    }
    return NULL;
}

Test(process, a_cancellation_becomes_an_event)
{
    fixture f;
    gl_str key;
    int32_t partition;
    fixture_open(&f, SETS);
    static const char text[] = "{\"functional_reference_id\":\"L-1\",\"family\":\"EXPORT\",\"function_code\":\"1\"}";
    gl_job *job = add_job(&f, text, GL_FORMAT_JSON);
    gl_job *again = add_job(&f, text, GL_FORMAT_JSON);
    run(&f);
    const gl_event *event = put_event(&f, 0, &key, &partition);
    cr_assert_not_null(event);
    gl_declaration_id id = gl_declaration_id_of(GL_STR("hub-1"), GL_STR("L-1"), GL_FAMILY_EXPORT);
    cr_assert(gl_str_eq(key, (gl_str){(const char *)id.bytes, sizeof id.bytes}));
    cr_assert_eq(memcmp(event->declaration_id, id.bytes, sizeof id.bytes), 0);
    cr_assert_eq(partition, gl_declaration_partition(id.bytes, 4));
    cr_assert_eq(event->type, GL_EVENT_EVENT_TYPE_CANCELLATION);
    cr_assert_eq(event->occurred_at, f.batch.now_us);
    cr_assert(gl_str_eqz(event->source, "hub-1"));
    cr_assert(gl_str_eq(event->event_id, again->answers[0].event_id), "the same message again is the same event");
    cr_assert(job->answers[0].taken && !job->answers[0].amendment);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_ACCEPTED), 0);
    fixture_close(&f);
}

#define EVENT(type, more)                                                                                              \
    "{\"event_id\":\"E-1\",\"type\":\"" type "\",\"occurred_at\":\"2026-11-24T06:35:01Z\"," more "}"
#define BY_LRN "\"lrn\":\"L-1\",\"family\":\"IMPORT\""

static gl_job *add_events(fixture *f, const gl_account *account, const char *body)
{
    gl_job *job = add_job(f, body, GL_FORMAT_JSON);
    job->events = true;
    job->account = account;
    return job;
}

static bool refused_for(const gl_job *job, const char *code)
{
    return !job->answers[0].taken && job->answers[0].error_count == 1 &&
           gl_str_eqz(job->answers[0].errors[0].code, code);
}

static const gl_account OFFICER = {"customs", "", "", false, true, 0, "", ""};

Test(process, who_may_send_an_event)
{
    fixture f;
    gl_str key;
    int32_t partition;
    fixture_open(&f, SETS);
    gl_job *own = add_events(&f, &ACCOUNT, EVENT("ARRIVAL", BY_LRN));
    gl_job *inspection = add_events(&f, &ACCOUNT, EVENT("INSPECTION_RESULT", "\"code\":\"A1\"," BY_LRN));
    gl_job *another = add_events(&f, &ACCOUNT, EVENT("ARRIVAL", "\"submitter\":\"hub-2\"," BY_LRN));
    gl_job *officer = add_events(
        &f, &OFFICER, EVENT("OFFICER_ACTION", "\"code\":\"release\",\"actor\":\"o\",\"submitter\":\"hub-1\"," BY_LRN));
    run(&f);
    cr_assert(own->answers[0].taken);
    cr_assert(refused_for(inspection, "officer-required"));
    cr_assert(refused_for(another, "not-owner"));
    cr_assert(officer->answers[0].taken);
    gl_declaration_id id = gl_declaration_id_of(GL_STR("hub-1"), GL_STR("L-1"), GL_FAMILY_IMPORT);
    const gl_event *event = put_event(&f, 1, &key, &partition);
    cr_assert(event != NULL && gl_str_eqz(event->source, "customs"));
    cr_assert_eq(memcmp(key.ptr, id.bytes, sizeof id.bytes), 0);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_EVENTS), 2);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 2);
    cr_assert_eq(gl_answers_status(own), 202);
    cr_assert_eq(gl_answers_status(another), 422);
    gl_buf text = gl_buf_in(f.arena);
    gl_answers_of_job(&text, own);
    gl_buf_byte(&text, '\0');
    cr_assert_str_eq((char *)text.data, "{\"results\":[{\"position\":1,\"event_id\":\"E-1\",\"lrn\":\"L-1\",\"status\":"
                                        "\"accepted\",\"errors\":[]}],\"accepted\":1,\"rejected\":0}\n");
    fixture_close(&f);
}

static const gl_precedent *put_precedent(fixture *f, size_t which, gl_str *key)
{
    size_t count = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(f->outbox, &count);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind != 'o' || entries[i].output != GL_INGEST_OUT_PRECEDENTS || which-- > 0)
            continue;
        gl_precedent_envelope *envelope = GL_NEW(f->arena, gl_precedent_envelope);
        gl_err err = {0};
        cr_assert(gl_precedent_envelope_decode(envelope, (const uint8_t *)entries[i].value.ptr, entries[i].value.len,
                                               f->arena, &err),
                  "%s", err.message);
        cr_assert_eq(entries[i].partition, 0, "one partition, so that one order");
        *key = entries[i].key;
        return &envelope->precedent;
    }
    return NULL;
}

#define RULING(id, more)                                                                                               \
    "{\"event_id\":\"" id "\",\"type\":\"CLASSIFICATION\",\"actor\":\"officer 7\",\"text\":\"ruling 12\"," more "}"
#define IN_TIME ",\"occurred_at\":\"2025-01-31T10:00:00.5Z\""

Test(process, an_officer_rules_on_a_description)
{
    fixture f;
    gl_str first_key, key;
    fixture_open(&f, SETS);
    gl_job *ruled = add_events(&f, &OFFICER,
                               RULING("R-1", "\"code\":\"correct\",\"commodity_code\":\"6109100010\","
                                             "\"description\":\"T-shirt, men's; COTTON\"" IN_TIME));
    gl_job *revoked =
        add_events(&f, &OFFICER, RULING("R-2", "\"code\":\"revoke\",\"description\":\"men's cotton T-shirt\"" IN_TIME));
    gl_job *other =
        add_events(&f, &ACCOUNT, RULING("R-3", "\"code\":\"revoke\",\"description\":\"men's cotton T-shirt\"" IN_TIME));
    gl_job *early = add_events(&f, &OFFICER,
                               RULING("R-4", "\"code\":\"revoke\",\"description\":\"men's cotton T-shirt\","
                                             "\"occurred_at\":\"2999-01-01T00:00:00Z\""));
    run(&f);
    cr_assert(ruled->answers[0].taken && gl_str_eqz(ruled->answers[0].event_id, "R-1"));
    cr_assert(revoked->answers[0].taken);
    cr_assert(refused_for(other, "officer-required"));
    cr_assert(refused_for(early, "date-in-future"));
    const gl_precedent *p = put_precedent(&f, 0, &first_key);
    cr_assert(p != NULL && gl_str_eqz(p->words, "cotton mens shirt t") && gl_str_eqz(p->code, "6109100010"));
    cr_assert(gl_str_eqz(p->account, "customs") && gl_str_eqz(p->actor, "officer 7") &&
              gl_str_eqz(p->reason, "ruling 12") && gl_str_eqz(p->description, "T-shirt, men's; COTTON"));
    cr_assert_eq(p->made_at, 1738317600500000);
    p = put_precedent(&f, 1, &key);
    cr_assert(p != NULL && p->code.len == 0 && gl_str_eqz(p->words, "cotton mens shirt t"));
    cr_assert(key.len == 32 && memcmp(key.ptr, first_key.ptr, 16) == 0 && !gl_str_eq(key, first_key));
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_PRECEDENTS), 2);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_EVENTS), 0);
    cr_assert_eq(put_count(&f, GL_INGEST_OUT_REJECTED), 2);
    fixture_close(&f);
}

Test(process, an_event_by_mrn_without_the_view_is_an_officers_only)
{
    fixture f;
    gl_str key;
    int32_t partition;
    char mrn[GL_MRN_CHARS + 1], body[512];
    fixture_open(&f, SETS);
    gl_declaration_id id = gl_declaration_id_of(GL_STR("hub-1"), GL_STR("L-1"), GL_FAMILY_IMPORT);
    gl_mrn_make(id.bytes, f.batch.now_us, "BE", GL_FAMILY_IMPORT, mrn);
    snprintf(body, sizeof body, EVENT("SIGNAL", "\"code\":\"scan\",\"mrn\":\"%s\""), mrn);
    gl_job *own = add_events(&f, &ACCOUNT, body);
    gl_job *officer = add_events(&f, &OFFICER, body);
    run(&f);
    cr_assert(refused_for(own, "view-rebuilding"));
    cr_assert(officer->answers[0].taken && gl_str_eqz(officer->answers[0].mrn, mrn));
    const gl_event *event = put_event(&f, 0, &key, &partition);
    cr_assert_not_null(event);
    cr_assert_eq(key.len, GL_DECLARATION_ID_BYTES);
    cr_assert_eq(memcmp(key.ptr, id.bytes, 7), 0, "the key begins as the id does");
    cr_assert_eq((uint8_t)key.ptr[7], id.bytes[7] & 0xFC);
    cr_assert_eq(memcmp(key.ptr + 8, "\0\0\0\0\0\0\0\0", 8), 0);
    cr_assert_eq(memcmp(key.ptr, event->declaration_id, GL_DECLARATION_ID_BYTES), 0);
    cr_assert_eq(partition, gl_declaration_partition(id.bytes, 4));
    fixture_close(&f);
}

Test(process, each_event_of_a_message_is_answered)
{
    fixture f;
    fixture_open(&f, SETS);
    gl_job *job = add_events(&f, &ACCOUNT, "[" EVENT("ARRIVAL", BY_LRN) "," EVENT("ARRIVL", BY_LRN) ",7]");
    gl_job *none = add_events(&f, &ACCOUNT, "[]");
    run(&f);
    cr_assert_eq(job->answer_count, 3);
    cr_assert(job->answers[0].taken && !job->answers[1].taken && !job->answers[2].taken);
    cr_assert(gl_str_eqz(job->answers[1].event_id, "E-1"));
    cr_assert_str_eq(none->message_error.code, "intake-empty");
    fixture_close(&f);
}

/* --- accounts --- */

/* What the stage says of this configuration, or "". */
static const char *refusal_of(const char *yaml, char text[GL_ERR_MESSAGE_BYTES])
{
    char path[] = "/tmp/greenlane-accounts-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    cr_assert_not_null(file);
    fputs(yaml, file);
    fclose(file);
    const char *const sets[] = {SETS_MAPPINGS, "ingest.http_account=a", NULL};
    gl_err err = {0};
    gl_conf *conf = gl_conf_load(path, gl_ingest_stage.conf_tables, 5, sets, &err);
    cr_assert_not_null(conf, "%s", err.message);
    gl_metrics *metrics = gl_metrics_new();
    gl_stage_env env = {.conf = conf, .metrics = metrics, .partition_count = 4};
    void *stage = NULL;
    text[0] = '\0';
    if (gl_ingest_stage.open(&env, &stage, &err))
        gl_ingest_stage.close(stage);
    else
        memcpy(text, err.message, GL_ERR_MESSAGE_BYTES);
    gl_metrics_destroy(metrics);
    gl_conf_destroy(conf);
    unlink(path);
    return text;
}

static const char *refused_account(gl_account first, gl_account second, char text[GL_ERR_MESSAGE_BYTES])
{
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "accounts:\n  - {name: \"%s\", directory: \"%s\", profile: \"%s\"}\n"
             "  - {name: \"%s\", directory: \"%s\", profile: \"%s\"}\n",
             first.name, first.directory, first.profile, second.name, second.directory, second.profile);
    return refusal_of(yaml, text);
}

Test(topics, what_cannot_work_is_refused_at_the_start)
{
    static const struct {
        const char *topics, *refusal;
    } cases[] = {
        {"{name: raw, account: a, format: csv, profile: kcs}, {name: raw2, account_header: who}", ""},
        {"{name: raw, account: a}, {name: raw, account: a}", "there twice"},
        {"{name: raw}", "neither account nor account_header"},
        {"{name: raw, account: b}", "no account \"b\""},
        {"{name: raw, account: a, holds: events, format: csv}", "events are json or ndjson"},
        {"{name: raw, account: a, profile: kcz}", "kcs"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[GL_ERR_MESSAGE_BYTES], yaml[256];
        snprintf(yaml, sizeof yaml, "accounts: [{name: a}]\nintake_topics: [%s]\n", cases[i].topics);
        refusal_of(yaml, text);
        cr_assert(cases[i].refusal[0] == '\0' ? text[0] == '\0' : strstr(text, cases[i].refusal) != NULL, "%s: \"%s\"",
                  cases[i].topics, text);
    }
}

Test(accounts, what_cannot_work_is_refused_at_the_start)
{
    char text[GL_ERR_MESSAGE_BYTES];
    gl_account plain = {"a", "", "", false, false, 0, "", ""}, other = {"b", "", "", false, false, 0, "", ""};
    cr_assert_str_empty(refused_account(plain, other, text));
    cr_assert_not_null(strstr(refused_account(plain, plain, text), "there twice"), "%s", text);
    cr_assert_not_null(
        strstr(refused_account(plain, (gl_account){"b", "", "kcz", false, false, 0, "", ""}, text), "kcs"), "%s", text);
    cr_assert_not_null(strstr(refused_account((gl_account){"a", "/tmp/x", "", false, false, 0, "", ""},
                                              (gl_account){"b", "/tmp/x", "", false, false, 0, "", ""}, text),
                              "same directory"),
                       "%s", text);
}

/* --- watched directories --- */

static const char *const WATCH_SETS[] = {
    SETS_MAPPINGS, "ingest.chunk=2", "ingest.settle=0ms", "ingest.scan_interval=10ms", "ingest.message_limit=4k", NULL};

typedef struct inbox {
    fixture f;
    char directory[64];
    gl_account account;
    gl_watch *watch;
} inbox;

static void inbox_open(inbox *box)
{
    strcpy(box->directory, "/tmp/greenlane-watch-XXXXXX");
    cr_assert_not_null(mkdtemp(box->directory));
    fixture_open(&box->f, WATCH_SETS);
    gl_ingest *ingest = box->f.stage;
    box->account = (gl_account){"hub-1", box->directory, "kcs", false, false, 0, "", ""};
    ingest->accounts = &box->account;
    ingest->account_count = 1;
    box->watch = gl_watch_new(ingest);
}

/* As a crash would: the state in the outbox is what is left. */
static void inbox_restart(inbox *box, int64_t chunk)
{
    gl_ingest *ingest = box->f.stage;
    gl_watch_destroy(box->watch);
    ingest->conf.chunk_declarations = chunk;
    box->watch = gl_watch_new(ingest);
}

static void inbox_close(inbox *box)
{
    char command[128];
    gl_watch_destroy(box->watch);
    fixture_close(&box->f);
    snprintf(command, sizeof command, "rm -rf '%s'", box->directory);
    cr_assert_eq(system(command), 0);
}

static const char *inbox_path(const inbox *box, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", box->directory, name);
    return path;
}

static void drop_bytes(const inbox *box, const char *name, const gl_buf *bytes)
{
    char partial[600];
    snprintf(partial, sizeof partial, "%s/.%s", box->directory, name);
    FILE *file = fopen(partial, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes->data, 1, bytes->len, file), bytes->len);
    fclose(file);
    cr_assert_eq(rename(partial, inbox_path(box, name)), 0);
}

static void drop(const inbox *box, const char *name, const char *text, const char *mode)
{
    char partial[600];
    if (mode[0] == 'a') {
        FILE *file = fopen(inbox_path(box, name), "a");
        cr_assert_not_null(file);
        fputs(text, file);
        fclose(file);
        return;
    }
    snprintf(partial, sizeof partial, "%s/.%s", box->directory, name);
    FILE *file = fopen(partial, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(rename(partial, inbox_path(box, name)), 0);
}

static gl_job *next_chunk(inbox *box)
{
    gl_job *job = NULL;
    for (int64_t until_us = gl_mono_us() + 10000000; job == NULL && gl_mono_us() < until_us; usleep(1000))
        job = gl_watch_take(box->watch);
    cr_assert_not_null(job, "no chunk within 10 s");
    box->f.batch.count = 1;
    box->f.records[0] = (gl_record){.token = job, .value = job->bytes};
    return job;
}

/* Takes chunks through process and settle, as a worker would; returns how many declarations were answered. */
static size_t step(inbox *box, int chunks)
{
    size_t answered = 0;
    for (int i = 0; i < chunks; i++) {
        gl_job *job = next_chunk(box);
        run(&box->f);
        answered += job->answer_count;
        gl_watch_settle(box->watch, job, true, NULL);
    }
    return answered;
}

/* Lines of the answers that are there, and how many files of them. */
static int answer_lines(const inbox *box, int *files)
{
    int lines = 0;
    *files = 0;
    DIR *out = opendir(inbox_path(box, "out"));
    for (struct dirent *entry = out == NULL ? NULL : readdir(out); entry != NULL; entry = readdir(out)) {
        char path[512];
        snprintf(path, sizeof path, "%s/out/%.200s", box->directory, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        *files += file != NULL;
        for (int c = file == NULL ? EOF : fgetc(file); c != EOF; c = fgetc(file))
            lines += c == '\n';
        if (file != NULL)
            fclose(file);
    }
    if (out != NULL)
        closedir(out);
    return lines;
}

#define WAIT_UNTIL(condition)                                                                                          \
    do {                                                                                                               \
        int64_t until_us_ = gl_mono_us() + 10000000;                                                                   \
        while (!(condition) && gl_mono_us() < until_us_)                                                               \
            usleep(1000);                                                                                              \
        cr_assert(condition, "not within 10 s: " #condition);                                                          \
    } while (0)

#define FIVE                                                                                                           \
    DECLARATION("W-1", "1")                                                                                            \
    "\n" DECLARATION("W-2", "1") "\n" DECLARATION("W-3", "1") "\n" DECLARATION("W-4", "-1") "\n" DECLARATION("W-5",    \
                                                                                                             "1") "\n"

Test(watch, a_file_goes_in_by_chunks_once_and_its_answers_are_complete)
{
    inbox box;
    int files;
    inbox_open(&box);
    drop(&box, "five.ndjson", FIVE, "w");
    step(&box, 1);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_ACCEPTED), 2);
    inbox_restart(&box, 2);
    step(&box, 3);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_ACCEPTED), 4, "the first chunk is not taken in again");
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_REJECTED), 1);
    WAIT_UNTIL(access(inbox_path(&box, "done/five.ndjson"), F_OK) == 0);
    cr_assert_eq(answer_lines(&box, &files), 5);
    cr_assert_eq(files, 1);
    inbox_close(&box);
}

/* The whole of the answers to the file. */
static const char *answers_to(const inbox *box, const char *name, const char *ending)
{
    static char text[16384];
    text[0] = '\0';
    DIR *out = opendir(inbox_path(box, "out"));
    for (struct dirent *entry = out == NULL ? NULL : readdir(out); entry != NULL; entry = readdir(out)) {
        char path[512];
        snprintf(path, sizeof path, "%s/out/%.200s", box->directory, entry->d_name);
        bool wanted = strncmp(entry->d_name, name, strlen(name)) == 0 &&
                      strcmp(path + strlen(path) - strlen(ending), ending) == 0;
        FILE *file = wanted ? fopen(path, "r") : NULL;
        if (file == NULL)
            continue;
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
    }
    if (out != NULL)
        closedir(out);
    return text;
}

static size_t occurrences(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

/* A file of the tree, with one text in the place of another. */
static const char *tree_file(const char *name, const char *from, const char *to)
{
    static char text[2][32768];
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", GL_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    text[0][fread(text[0], 1, sizeof text[0] - 1, file)] = '\0';
    fclose(file);
    const char *at = from == NULL ? NULL : strstr(text[0], from);
    cr_assert(from == NULL || at != NULL, "no %s in %s", from, path);
    if (at == NULL)
        return text[0];
    snprintf(text[1], sizeof text[1], "%.*s%s%s", (int)(at - text[0]), text[0], to, at + strlen(from));
    return text[1];
}

/* An entry summary has an answer of its own, which nothing stands around. */
Test(watch, an_entry_summary_is_answered_as_ics_does)
{
    inbox box;
    inbox_open(&box);
    box.account.answers = GL_ANSWER_XML;
    drop(&box, "good.xml", tree_file("samples/ens.xml", NULL, NULL), "w");
    step(&box, 1);
    drop(&box, "bad.xml", tree_file("samples/ens.xml", "<TotNumOfIteHEA305>2<", "<TotNumOfIteHEA305>3<"), "w");
    step(&box, 1);
    WAIT_UNTIL(access(inbox_path(&box, "done/bad.xml"), F_OK) == 0 &&
               access(inbox_path(&box, "done/good.xml"), F_OK) == 0);
    const char *text = answers_to(&box, "good.xml.", ".answers.xml");
    cr_assert(occurrences(text, "<?xml") == 1 && occurrences(text, "</ie:CC328A>") == 1, "%s", text);
    cr_assert_eq(occurrences(text, "MetaData"), 0, "%s", text);
    text = answers_to(&box, "bad.xml.", ".answers.xml");
    cr_assert(occurrences(text, "<ie:CC316A") == 1 && occurrences(text, "<ErrReaER13>TR0811<") == 1, "%s", text);
    inbox_close(&box);
}

/* In parts, over a restart: one document, with its frame once. */
Test(watch, answers_in_the_form_of_the_account)
{
    for (int form = GL_ANSWER_XML; form <= GL_ANSWER_CSV; form++) {
        inbox box;
        inbox_open(&box);
        box.account.answers = form;
        drop(&box, "five.ndjson", FIVE, "w");
        step(&box, 1);
        inbox_restart(&box, 2);
        step(&box, 3);
        drop(&box, "none.json", " ", "w");
        step(&box, 1);
        WAIT_UNTIL(access(inbox_path(&box, "done/none.json"), F_OK) == 0);
        bool xml = form == GL_ANSWER_XML;
        const char *ending = xml ? ".answers.xml" : ".answers.csv";
        const char *text = answers_to(&box, "five.ndjson.", ending);
        cr_assert_eq(occurrences(text, xml ? "<?xml" : "lrn,mrn,"), 1, "%s", text);
        cr_assert_eq(occurrences(text, xml ? "</MetaData>" : "lrn,mrn,"), 1, "%s", text);
        cr_assert_eq(occurrences(text, xml ? "<Response" : "\r\n"), xml ? 5 : 6, "%s", text);
        text = answers_to(&box, "none.json.", ending);
        cr_assert_eq(occurrences(text, "intake-empty"), 1, "%s", text);
        cr_assert_eq(occurrences(text, xml ? "<Response" : "\r\n"), xml ? 1 : 2, "%s", text);
        inbox_close(&box);
    }
}

Test(watch, a_smaller_chunk_after_a_restart_loses_nothing)
{
    inbox box;
    int files;
    inbox_open(&box);
    inbox_restart(&box, 3);
    drop(&box, "five.ndjson", FIVE, "w");
    step(&box, 1);
    inbox_restart(&box, 2);
    while (access(inbox_path(&box, "done/five.ndjson"), F_OK) != 0) {
        gl_job *job = gl_watch_take(box.watch);
        if (job == NULL)
            continue;
        box.f.batch.count = 1;
        box.f.records[0] = (gl_record){.token = job, .value = job->bytes};
        run(&box.f);
        gl_watch_settle(box.watch, job, true, NULL);
    }
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_ACCEPTED), 4);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_REJECTED), 1);
    cr_assert_eq(answer_lines(&box, &files), 5);
    inbox_close(&box);
}

Test(watch, an_archive_goes_in_by_chunks_once_across_a_restart)
{
    const test_entry entries[] = {
        {"a.ndjson", DECLARATION("Z-1", "1") "\n" DECLARATION("Z-2", "-1") "\n" DECLARATION("Z-3", "1") "\n"},
        {"empty.json", ""},
        {"b.json", "[" DECLARATION("Z-4", "1") "," DECLARATION("Z-5", "1") "]"},
        {NULL, NULL}};
    inbox box;
    int files;
    inbox_open(&box);
    gl_buf zip = test_zip(entries);
    drop_bytes(&box, "day.zip", &zip);
    step(&box, 2);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_ACCEPTED), 2);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_REJECTED), 2);
    inbox_restart(&box, 2);
    step(&box, 4);
    WAIT_UNTIL(access(inbox_path(&box, "done/day.zip"), F_OK) == 0);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_ACCEPTED), 4, "what was committed is not taken in again");
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_REJECTED), 2);
    cr_assert_eq(answer_lines(&box, &files), 6);
    gl_buf_free(&zip);
    inbox_close(&box);
}

Test(watch, gzip_that_cannot_be_read_to_its_end_is_set_aside_whole)
{
    inbox box;
    int files;
    inbox_open(&box);
    gl_buf gzip = test_gzip(gl_str_of(FIVE));
    gzip.len -= 3;
    drop_bytes(&box, "five.ndjson.gz", &gzip);
    step(&box, 1);
    WAIT_UNTIL(access(inbox_path(&box, "done/five.ndjson.gz"), F_OK) == 0);
    cr_assert_eq(answer_lines(&box, &files), 1);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_ACCEPTED), 0);
    cr_assert(gl_str_eqz(rejection_at(&box.f, 0).errors.at[0].code, "intake-damaged"));
    gl_buf_free(&gzip);
    inbox_close(&box);
}

Test(watch, nothing_is_taken_in_while_it_is_not_known_what_was)
{
    inbox box;
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1], key[128];
    inbox_open(&box);
    gl_sha256(gl_str_of(FIVE), digest);
    gl_hex(digest, sizeof digest, hex);
    snprintf(key, sizeof key, "hub-1\n%s", hex);
    gl_outbox_state(box.f.outbox, NULL, gl_str_of(key), GL_STR("no record"));
    drop(&box, "five.ndjson", FIVE, "w");
    gl_job *job = next_chunk(&box);
    gl_err err = {0};
    cr_assert_not(gl_ingest_process(box.f.stage, &box.f.worker, &box.f.batch, box.f.outbox, &err));
    cr_assert_eq(err.action, GL_FATAL);
    gl_watch_settle(box.watch, job, false, &err);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_ACCEPTED), 0);
    inbox_close(&box);
}

Test(watch, a_file_that_is_too_large_is_set_aside_with_an_answer)
{
    inbox box;
    int files;
    static char large[8192];
    memset(large, ' ', sizeof large - 1);
    inbox_open(&box);
    drop(&box, "large.json", large, "w");
    step(&box, 1);
    WAIT_UNTIL(access(inbox_path(&box, "done/large.json"), F_OK) == 0);
    cr_assert_eq(answer_lines(&box, &files), 1);
    cr_assert_eq(put_count(&box.f, GL_INGEST_OUT_REJECTED), 1);
    inbox_close(&box);
}

Test(watch, a_second_file_of_a_name_does_not_replace_the_first)
{
    inbox box;
    char path[64];
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    inbox_open(&box);
    drop(&box, "day.json", DECLARATION("D-1", "1"), "w");
    step(&box, 1);
    WAIT_UNTIL(access(inbox_path(&box, "done/day.json"), F_OK) == 0);
    drop(&box, "day.json", DECLARATION("D-2", "1"), "w");
    step(&box, 1);
    gl_sha256(gl_str_of(DECLARATION("D-2", "1")), digest);
    gl_hex(digest, sizeof digest, hex);
    snprintf(path, sizeof path, "done/day.json.%.8s", hex);
    WAIT_UNTIL(access(inbox_path(&box, path), F_OK) == 0);
    cr_assert_eq(access(inbox_path(&box, "done/day.json"), F_OK), 0);
    inbox_close(&box);
}

Test(watch, what_is_added_to_a_file_in_work_is_not_lost)
{
    inbox box;
    inbox_open(&box);
    drop(&box, "grows.ndjson", DECLARATION("G-1", "1") "\n", "w");
    gl_job *job = next_chunk(&box);
    drop(&box, "grows.ndjson", DECLARATION("G-2", "1") "\n", "a");
    run(&box.f);
    cr_assert_eq(job->answer_count, 1);
    gl_watch_settle(box.watch, job, true, NULL);
    cr_assert_eq(step(&box, 1), 2, "the file as it is now is taken in");
    inbox_close(&box);
}

Test(watch, a_csv_file_has_the_profile_of_its_account)
{
    inbox box;
    inbox_open(&box);
    drop(&box, "rows.csv", "Declaration ID,Date\n1,2\n", "w");
    gl_job *job = next_chunk(&box);
    cr_assert(gl_str_eqz(job->profile, "kcs"));
    cr_assert_str_eq(job->account->name, "hub-1");
    run(&box.f);
    gl_watch_settle(box.watch, job, true, NULL);
    inbox_close(&box);
}

/* An amendment by MRN waits for the view, which says the LRN; an MRN that is none is nobody's. */
Test(process, an_amendment_by_mrn_needs_the_view)
{
    static const char *const codes[] = {"view-rebuilding", "mrn-unknown"};
    fixture f;
    fixture_open(&f, SETS);
    char mrn[GL_MRN_CHARS + 1];
    uint8_t id[GL_DECLARATION_ID_BYTES] = {1, 2, 3};
    gl_mrn_make(id, f.batch.now_us, "GB", GL_FAMILY_ENTRY_SUMMARY, mrn);
    const char *good = gl_arena_printf(
        f.arena, "%s", tree_file("stages/ingest/formats/ens/corpus/amendment.xml", "26GB00000000ABCDT4", mrn));
    mrn[GL_MRN_CHARS - 1] = mrn[GL_MRN_CHARS - 1] == '1' ? '2' : '1';
    const char *bad = tree_file("stages/ingest/formats/ens/corpus/amendment.xml", "26GB00000000ABCDT4", mrn);
    add_job(&f, good, GL_FORMAT_XML);
    add_job(&f, bad, GL_FORMAT_XML);
    run(&f);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(f.jobs[i].answer_count, 1);
        cr_assert(!f.jobs[i].answers[0].taken);
        cr_assert(gl_str_eqz(f.jobs[i].answers[0].errors[0].code, codes[i]), "%.*s",
                  GL_STR_ARG(f.jobs[i].answers[0].errors[0].code));
        cr_assert_eq(f.jobs[i].answers[0].ics, GL_ICS_313);
    }
    fixture_close(&f);
}
