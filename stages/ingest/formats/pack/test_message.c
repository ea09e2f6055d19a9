/* Messages that are packed: what is in them is read as if it had come alone, or none of it. */
#include "ingest/formats/pack/message.h"

#include "ingest/checks/checks.h"
#include "ingest/formats/test_read.h"
#include "io/test_pack.h"
#include "io/unpack.h"

enum { LIMIT_BYTES = 1 << 20 };

#define DECLARATION(lrn)                                                                                               \
    "{\"functional_reference_id\":\"" lrn                                                                              \
    "\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[{\"description\":\"Cotton T-shirt\"}]}"
#define WRONG(lrn) "{\"functional_reference_id\":\"" lrn "\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":7}"

static void open_message(gl_message *message, gl_str bytes, gl_format format, const char *name)
{
    gl_message_source source = {.bytes = bytes, .format = format, .name = gl_str_of(name), .limit_bytes = LIMIT_BYTES};
    gl_err err = {0};
    cr_assert(gl_message_open(message, &source, &err), "%s", err.message);
}

static void expect_refused(gl_str bytes, gl_format format, const char *name, const char *code)
{
    gl_message_source source = {.bytes = bytes, .format = format, .name = gl_str_of(name), .limit_bytes = LIMIT_BYTES};
    gl_message message;
    gl_err err = {0};
    cr_assert_not(gl_message_open(&message, &source, &err), "%s was expected", code);
    cr_assert_str_eq(err.code, code, "%s: %s", err.code, err.message);
    cr_assert_eq(err.action, GL_DEAD_LETTER);
    cr_assert_eq(message.part_count, 0);
    gl_message_close(&message);
}

static gl_buf corpus_file(const char *name)
{
    char path[512];
    gl_buf bytes = {0};
    snprintf(path, sizeof path, "%s/stages/ingest/formats/pack/corpus/%s", GL_SOURCE_DIR, name);
    cr_assert(gl_buf_read_file(&bytes, path, LIMIT_BYTES), "%s", path);
    return bytes;
}

Test(message, each_archive_that_cannot_be_trusted_is_refused_with_its_code)
{
    static const char *const files[][2] = {{"cut.gz", "intake-damaged"},
                                           {"checksum.gz", "intake-damaged"},
                                           {"trailing.gz", "intake-damaged"},
                                           {"twice.gz", "intake-nested-archive"},
                                           {"bomb.gz", "intake-too-large"},
                                           {"cut.zip", "intake-damaged"},
                                           {"checksum.zip", "intake-damaged"},
                                           {"encrypted.zip", "intake-encrypted"},
                                           {"method.zip", "intake-compression"},
                                           {"absolute.zip", "intake-entry-name"},
                                           {"drive.zip", "intake-entry-name"},
                                           {"backslash.zip", "intake-entry-name"},
                                           {"step_up.zip", "intake-entry-name"},
                                           {"same_name.zip", "intake-entry-name"},
                                           {"nested.zip", "intake-nested-archive"},
                                           {"nested_gzip.zip", "intake-nested-archive"},
                                           {"bomb.zip", "intake-too-large"},
                                           {"only_folders.zip", "intake-empty"},
                                           {"empty.zip", "intake-empty"},
                                           {"cut.xlsx", "intake-damaged"},
                                           {"no_sheet.xlsx", "intake-damaged"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        gl_buf bytes = corpus_file(files[i][0]);
        expect_refused(gl_buf_view(&bytes), GL_FORMAT_UNKNOWN, "", files[i][1]);
        gl_buf_free(&bytes);
    }
}

Test(message, too_many_entries_are_refused)
{
    static char names[GL_UNPACK_LIMIT_ENTRIES + 1][16];
    static test_entry entries[GL_UNPACK_LIMIT_ENTRIES + 2];
    for (size_t i = 0; i <= GL_UNPACK_LIMIT_ENTRIES; i++) {
        snprintf(names[i], sizeof names[i], "%zu.json", i);
        entries[i] = (test_entry){names[i], "{}"};
    }
    gl_buf bytes = test_zip(entries);
    expect_refused(gl_buf_view(&bytes), GL_FORMAT_UNKNOWN, "", "intake-too-many-entries");
    gl_buf_free(&bytes);
}

Test(message, what_says_that_it_is_packed_must_be)
{
    expect_refused(GL_STR("{}"), GL_FORMAT_GZIP, "", "intake-damaged");
    expect_refused(GL_STR("{}"), GL_FORMAT_ZIP, "", "intake-damaged");
    expect_refused(GL_STR("a,b\n1,2\n"), GL_FORMAT_UNKNOWN, "a.csv.gz", "intake-damaged");
    gl_message message;
    gl_err err = {0};
    gl_message_source source = {
        .bytes = GL_STR("{}"), .format = GL_FORMAT_JSON, .name = GL_STR(""), .gzip = true, .limit_bytes = LIMIT_BYTES};
    cr_assert_not(gl_message_open(&message, &source, &err));
    cr_assert_str_eq(err.code, "intake-damaged");
    gl_message_close(&message);
}

Test(message, the_format_of_gzip_data_is_said_or_named_or_seen)
{
    static const struct {
        const char *text, *name;
        gl_format said, want;
    } cases[] = {{"{}", "", GL_FORMAT_UNKNOWN, GL_FORMAT_JSON},
                 {"{}", "", GL_FORMAT_NDJSON, GL_FORMAT_NDJSON},
                 {"{}", "", GL_FORMAT_GZIP, GL_FORMAT_JSON},
                 {"{}", "x.ndjson.gz", GL_FORMAT_UNKNOWN, GL_FORMAT_NDJSON},
                 {"a,b\n1,2\n", "x.gz", GL_FORMAT_UNKNOWN, GL_FORMAT_CSV},
                 {"", "x.csv.GZ", GL_FORMAT_UNKNOWN, GL_FORMAT_CSV}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gl_buf bytes = test_gzip(gl_str_of(cases[i].text));
        gl_message message;
        open_message(&message, gl_buf_view(&bytes), cases[i].said, cases[i].name);
        cr_assert_eq(message.part_count, 1);
        cr_assert_eq(message.whole.format, cases[i].want, "case %zu", i);
        cr_assert(gl_str_eqz(message.bytes, cases[i].text));
        gl_message_close(&message);
        gl_buf_free(&bytes);
    }
}

/* ---- reading ---- */

typedef struct reading {
    gl_arena *arena;
    gl_message message;
    gl_buf bytes;
    size_t count;
    gl_intake at[16];
} reading;

static void read_on(reading *r, size_t offset, int64_t position)
{
    gl_err err = {0};
    gl_reader *reader =
        gl_message_reader(r->arena, test_mappings(), GL_STR("parcels"), &r->message, offset, position, &err);
    cr_assert_not_null(reader, "%s", err.message);
    r->count = 0;
    while (r->count < 16 && gl_reader_next(reader, r->arena, &r->at[r->count]))
        r->count++;
    gl_reader_close(reader);
}

static reading *read_zip(const test_entry *entries)
{
    reading *r = calloc(1, sizeof *r);
    cr_assert_not_null(r);
    r->arena = gl_arena_new(0);
    r->bytes = test_zip(entries);
    open_message(&r->message, gl_buf_view(&r->bytes), GL_FORMAT_UNKNOWN, "");
    read_on(r, 0, 0);
    return r;
}

static void reading_free(reading *r)
{
    gl_message_close(&r->message);
    gl_buf_free(&r->bytes);
    gl_arena_destroy(r->arena);
    free(r);
}

#define CSV_HEAD                                                                                                       \
    "Tracking Number,Sender Name,Sender Country,Consignee Name,Consignee Address,Description,HS Code,Net Mass,"        \
    "Gross Mass,Value,Currency,Origin\n"

static const test_entry MIXED[] = {{"day 1/list.json", "[" DECLARATION("A-1") "," WRONG("A-2") "," WRONG("A-3") "]"},
                                   {"empty.json", ""},
                                   {"parcels.csv",
                                    CSV_HEAD "P-1,Tea House,CN,Ann Lee,Kade 1,Green tea,090210,0.5,0.6,12.50,EUR,CN\n"
                                             "P-2,Tea House,CN,Bo Li,Kade 2,Black tea,090240,0.5,x,9.00,EUR,CN\n"},
                                   {"__MACOSX/._parcels.csv", "\5\7"},
                                   {"read;me%.txt", "hello"},
                                   {"other.csv", "a,b\n1,2\n"},
                                   {"last.ndjson", DECLARATION("A-4") "\n" DECLARATION("A-5") "\n"},
                                   {NULL, NULL}};

Test(parts, entries_are_read_one_after_the_other_and_errors_say_in_which)
{
    reading *r = read_zip(MIXED);
    static const char *const lrns[] = {"A-1", "A-2", "A-3", "", "P-1", "P-2", "", "", "A-4", "A-5"};
    cr_assert_eq(r->count, 10, "%zu", r->count);
    for (size_t i = 0; i < r->count; i++) {
        cr_assert(gl_str_eqz(r->at[i].lrn, lrns[i]), "%zu: %.*s", i, GL_STR_ARG(r->at[i].lrn));
        cr_assert_eq(r->at[i].position, (int64_t)i + 1);
    }
    expect_accepted(&r->at[0]);
    expect_error(&r->at[1], "wrong-type", "entry=day 1/list.json;/1/items", "7");
    expect_error(&r->at[2], "wrong-type", "entry=day 1/list.json;/2/items", "7");
    expect_error(&r->at[3], "intake-empty", "entry=empty.json", NULL);
    expect_accepted(&r->at[4]);
    expect_error(&r->at[5], "invalid-number", "entry=parcels.csv;cell=3,9", "x");
    expect_error(&r->at[6], "intake-format-unknown", "entry=read%3Bme%25.txt", NULL);
    cr_assert_not_null(find_error(&r->at[7], "unknown-column", "entry=other.csv;cell=1,1"));
    cr_assert(gl_str_eqz(r->at[4].declaration.message.profile, "parcels@1"));
    cr_assert_str_eq(r->at[4].format, "csv");
    cr_assert(r->at[4].by_mapping && r->at[7].by_mapping && !r->at[8].by_mapping);
    cr_assert_str_eq(r->at[8].format, "greenlane-ndjson");
    reading_free(r);
}

/* As a watched file is: its chunks may end anywhere. */
Test(parts, workbooks_may_be_entries)
{
    gl_buf bytes = corpus_file("two_books.zip");
    reading r = {.arena = gl_arena_new(0)};
    open_message(&r.message, gl_buf_view(&bytes), GL_FORMAT_UNKNOWN, "");
    read_on(&r, 0, 0);
    cr_assert_eq(r.count, 4, "%zu", r.count);
    expect_accepted(&r.at[0]);
    expect_error(&r.at[1], "invalid-number", "entry=a.xlsx;sheet=Day;cell=I3", "x");
    cr_assert_not_null(find_error(&r.at[2], "unknown-column", "entry=b.xlsx;sheet=Day;cell=A1"));
    expect_accepted(&r.at[3]);
    gl_message_close(&r.message);
    gl_arena_destroy(r.arena);
    gl_buf_free(&bytes);
}

Test(parts, reading_goes_on_behind_any_entry)
{
    reading *r = read_zip(MIXED);
    gl_intake all[16];
    memcpy(all, r->at, sizeof all);
    size_t count = r->count;
    for (size_t from = 1; from <= count; from++) {
        read_on(r, all[from - 1].next_offset, (int64_t)from + 1);
        cr_assert_eq(r->count, count - from, "behind %zu there are %zu", from, r->count);
        for (size_t i = 0; i < r->count; i++) {
            const gl_intake *want = &all[from + i], *have = &r->at[i];
            cr_assert(gl_str_eq(have->lrn, want->lrn));
            cr_assert_eq(have->source.ptr, want->source.ptr);
            cr_assert_eq(have->position, want->position);
            cr_assert_eq(have->error_count, want->error_count);
            for (size_t e = 0; e < have->error_count; e++)
                cr_assert(gl_str_eq(have->errors[e].pointer, want->errors[e].pointer));
        }
    }
    reading_free(r);
}

Test(parts, rules_hold_for_what_is_packed)
{
    static const char heavy[] =
        "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":"
        "[{\"description\":\"tea\",\"gross_mass\":\"1\",\"net_mass\":\"2\"}]}";
    const test_entry entries[] = {{"a.json", heavy}, {"b.json", heavy}, {NULL, NULL}};
    reading *r = read_zip(entries);
    gl_err err = {0};
    gl_intake intake;
    cr_assert_null(find_error(&r->at[0], "net-above-gross", NULL), "without rules there is none");
    gl_checks *checks = gl_checks_load("", GL_SOURCE_DIR "/config/intake_rules.yaml", "", &err);
    cr_assert_not_null(checks, "%s", err.message);
    gl_reader *reader = gl_message_reader(r->arena, test_mappings(), GL_STR(""), &r->message, 0, 0, &err);
    gl_reader_check(reader, checks, 0);
    for (size_t i = 0; i < 2; i++) {
        cr_assert(gl_reader_next(reader, r->arena, &intake));
        cr_assert_not_null(find_error(&intake, "net-above-gross",
                                      i == 0 ? "entry=a.json;/items/0/net_mass" : "entry=b.json;/items/0/net_mass"));
    }
    gl_reader_close(reader);
    gl_checks_destroy(checks);
    reading_free(r);
}

Test(parts, events_may_be_packed_too)
{
    static const char event[] = "{\"event_id\":\"E-1\",\"type\":\"ARRIVAL\",\"lrn\":\"A-1\",\"family\":\"IMPORT\","
                                "\"occurred_at\":\"2026-11-24T06:35:01Z\"}";
    const test_entry entries[] = {{"a.json", event}, {"b.csv", "a,b\n1,2\n"}, {"c.ndjson", event}, {NULL, NULL}};
    gl_buf bytes = test_zip(entries);
    gl_arena *arena = gl_arena_new(0);
    gl_message message;
    gl_err err = {0};
    gl_intake intake;
    open_message(&message, gl_buf_view(&bytes), GL_FORMAT_UNKNOWN, "");
    gl_reader *reader = gl_message_event_reader(arena, &message, &err);
    cr_assert(gl_reader_next(reader, arena, &intake));
    expect_accepted(&intake);
    cr_assert_eq(intake.event->event.type, GL_EVENT_EVENT_TYPE_ARRIVAL);
    cr_assert(gl_reader_next(reader, arena, &intake));
    expect_error(&intake, "intake-format-unknown", "entry=b.csv", NULL);
    cr_assert(gl_reader_next(reader, arena, &intake));
    expect_accepted(&intake);
    cr_assert_not(gl_reader_next(reader, arena, &intake));
    gl_reader_close(reader);
    gl_message_close(&message);
    gl_arena_destroy(arena);
    gl_buf_free(&bytes);
}
