/* greenlane precedents: officers' rulings on goods descriptions: which stand, a new one, a revocation, and those of a
 * file. Rulings go to ingest as events; which stand is read from gl.precedents.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/event_json.h"
#include "cli/event_send.h"
#include "cli/rulings.h"
#include "customs/ids.h"
#include "io/rfc4180.h"

enum { FILE_LIMIT_BYTES = 256 << 20, IMPORT_ID_BYTES = 12 };

typedef struct options {
    const char *brokers, *url, *account, *actor, *reason, *id, *at;
    bool json;
    int64_t patience_ms;
} options;

/* ---- list ---- */

typedef struct listing {
    const gl_precedent **at;
    size_t count, capacity;
} listing;

static void collect(void *context, const gl_precedent *precedent)
{
    listing *l = context;
    if (l->count == l->capacity) {
        l->capacity = l->capacity == 0 ? 256 : 2 * l->capacity;
        if ((l->at = realloc(l->at, l->capacity * sizeof *l->at)) == NULL)
            abort();
    }
    l->at[l->count++] = precedent;
}

static int by_age(const void *a, const void *b)
{
    const gl_precedent *left = *(const gl_precedent *const *)a, *right = *(const gl_precedent *const *)b;
    return gl_precedent_before(left, right) ? -1 : gl_precedent_before(right, left);
}

static int list(const options *o)
{
    gl_err err = {0};
    listing l = {0};
    if (o->brokers[0] == '\0')
        return gl_complain(GL_EXIT_USAGE, "which brokers? Give --brokers, or set KAFKA_BROKERS");
    gl_precedents *precedents = gl_precedents_new(0);
    if (!gl_rulings_load(precedents, o->brokers, &err)) {
        gl_precedents_destroy(precedents);
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    }
    gl_precedents_each(precedents, collect, &l);
    if (l.count > 0)
        qsort(l.at, l.count, sizeof *l.at, by_age);
    for (size_t i = 0; i < l.count; i++) {
        gl_buf out = {0};
        if (o->json)
            gl_precedent_tell(&out, l.at[i], true);
        else
            gl_ruling_show(&out, l.at[i], "");
        printf("%.*s%s", GL_STR_ARG(gl_buf_view(&out)), o->json ? "\n" : "");
        gl_buf_free(&out);
    }
    free(l.at);
    gl_precedents_destroy(precedents);
    return GL_EXIT_OK;
}

/* ---- one ruling ---- */

/* `code` "": a revocation. */
static int rule(const options *o, const char *description, const char *code)
{
    gl_event_stamp stamp;
    gl_event_words words = {.event_id = o->id,
                            .occurred_at = o->at,
                            .mrn = "",
                            .lrn = "",
                            .submitter = "",
                            .type = "CLASSIFICATION",
                            .code = code[0] == '\0' ? "revoke" : "correct",
                            .actor = o->actor,
                            .text = o->reason,
                            .description = description,
                            .commodity_code = code};
    if (!gl_event_complete(&words, &stamp))
        return GL_EXIT_UNAVAILABLE;
    gl_event_sending s = {.client = gl_client_new(o->url, o->account), .patience_ms = o->patience_ms, .json = o->json};
    gl_buf body = {0};
    gl_err err = {0};
    int status = GL_EXIT_OK;
    if (gl_event_json_of(&body, &words, &err))
        gl_event_send_part(&s, "application/json", gl_buf_view(&body), &status);
    else
        status = gl_complain_err(GL_EXIT_USAGE, &err);
    gl_buf_free(&body);
    gl_client_destroy(s.client);
    return status == GL_EXIT_OK && s.rejected > 0 ? GL_EXIT_REFUSED : status;
}

/* ---- those of a file ---- */

enum { DESCRIPTION, COMMODITY_CODE, REFERENCE, MADE_AT, COLUMNS };
static const char *const columns[COLUMNS] = {"description", "commodity_code", "reference", "made_at"};

static bool read_all(const char *path, gl_buf *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return gl_complain(0, "%s: %s", path, strerror(errno));
    char chunk[65536];
    for (size_t got = fread(chunk, 1, sizeof chunk, file); got > 0 && bytes->len <= FILE_LIMIT_BYTES;
         got = fread(chunk, 1, sizeof chunk, file))
        gl_buf_bytes(bytes, chunk, got);
    bool good = ferror(file) == 0;
    fclose(file);
    if (bytes->len > FILE_LIMIT_BYTES)
        return gl_complain(0, "%s: more than %d MiB", path, FILE_LIMIT_BYTES >> 20);
    return good || gl_complain(0, "%s: %s", path, strerror(errno));
}

/* The columns' places; said when one is missing. */
static bool read_header(const char *path, const gl_csv_row *row, size_t place[COLUMNS])
{
    for (size_t c = 0; c < COLUMNS; c++) {
        place[c] = SIZE_MAX;
        for (size_t i = 0; i < row->count; i++)
            if (gl_str_eqz(gl_str_trim(row->cells[i]), columns[c]))
                place[c] = i;
        if (place[c] == SIZE_MAX)
            return gl_complain(0, "%s: no column %s; description, commodity_code, reference and made_at are needed",
                               path, columns[c]);
    }
    return true;
}

static void member(gl_buf *out, const char *before, gl_str value)
{
    gl_buf_text(out, before);
    gl_buf_json(out, value);
}

/* The same row has the same id, whenever it is imported. */
static void put_event(gl_buf *out, const options *o, const gl_csv_row *row, const size_t place[COLUMNS])
{
    gl_str cells[COLUMNS];
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * IMPORT_ID_BYTES + 1], id[sizeof hex + 8];
    gl_buf all = {0};

    for (size_t c = 0; c < COLUMNS; c++) {
        cells[c] = place[c] < row->count ? gl_str_trim(row->cells[place[c]]) : GL_STR("");
        gl_buf_str(&all, cells[c]);
        gl_buf_byte(&all, '\n');
    }
    gl_sha256(gl_buf_view(&all), digest);
    gl_buf_free(&all);
    gl_hex(digest, IMPORT_ID_BYTES, hex);
    snprintf(id, sizeof id, "import-%s", hex);
    member(out, "{\"event_id\":", gl_str_of(id));
    member(out, ",\"type\":\"CLASSIFICATION\",\"code\":\"correct\",\"actor\":", gl_str_of(o->actor));
    member(out, ",\"occurred_at\":", cells[MADE_AT]);
    member(out, ",\"text\":", cells[REFERENCE]);
    member(out, ",\"description\":", cells[DESCRIPTION]);
    member(out, ",\"commodity_code\":", cells[COMMODITY_CODE]);
    gl_buf_text(out, "}\n");
}

/* False: said why; nothing is sent of a file that cannot be read to its end. */
static bool read_file(const options *o, const char *path, gl_str bytes, gl_buf *events)
{
    static gl_csv_row row;
    gl_arena *arena = gl_arena_new(0);
    size_t place[COLUMNS], len = strlen(path);
    bool good = true, header = false, tabs = len > 4 && strcmp(path + len - 4, ".tsv") == 0;
    gl_csv csv;

    gl_csv_begin(&csv, bytes, tabs ? '\t' : ',', false);
    while (good && gl_csv_next(&csv, arena, &row)) {
        if (row.error != NULL)
            good = gl_complain(0, "%s: row %lld: %s (%s)", path, (long long)row.row, row.reason, row.error);
        else if (!header)
            good = header = read_header(path, &row, place);
        else
            put_event(events, o, &row, place);
    }
    gl_arena_destroy(arena);
    return good && (header || gl_complain(0, "%s: it has no header", path));
}

static int import(const options *o, const char *path)
{
    gl_buf bytes = {0}, events = {0};
    int status = GL_EXIT_UNAVAILABLE;

    if (read_all(path, &bytes) && read_file(o, path, bytes.len == 0 ? GL_STR("") : gl_buf_view(&bytes), &events)) {
        gl_event_sending s = {
            .client = gl_client_new(o->url, o->account), .patience_ms = o->patience_ms, .json = o->json, .quiet = true};
        status = GL_EXIT_OK;
        gl_progress_start(&s.progress, "rulings", 0);
        if (events.len > 0)
            gl_event_send_lines(&s, gl_buf_view(&events), &status);
        gl_progress_end(&s.progress);
        if (!s.json)
            printf("%lld accepted, %lld rejected\n", (long long)s.accepted, (long long)s.rejected);
        gl_client_destroy(s.client);
        status = status == GL_EXIT_OK && s.rejected > 0 ? GL_EXIT_REFUSED : status;
    }
    gl_buf_free(&events);
    gl_buf_free(&bytes);
    return status;
}

static int run_precedents(int argc, char **argv)
{
    options o = {.brokers = gl_env("KAFKA_BROKERS", ""),
                 .url = gl_env("INGEST_URL", "http://127.0.0.1:8080"),
                 .account = "",
                 .actor = "",
                 .reason = "",
                 .id = "",
                 .at = "",
                 .patience_ms = 5000};
    const gl_option table[] = {
        {"actor", GL_OPTION_TEXT, &o.actor, "Who rules."},
        {"reason", GL_OPTION_TEXT, &o.reason, "Why; of an import the column reference says it."},
        {"account", GL_OPTION_TEXT, &o.account, "Send as this account, an officer's."},
        {"at", GL_OPTION_TEXT, &o.at, "When it was ruled, RFC 3339 (default: now); the latest stands."},
        {"id", GL_OPTION_TEXT, &o.id, "The event's id (default: a new one)."},
        {"brokers", GL_OPTION_TEXT, &o.brokers, "list: Kafka's brokers (default $KAFKA_BROKERS)."},
        {"url", GL_OPTION_TEXT, &o.url, "Where ingest listens (default $INGEST_URL)."},
        {"patience", GL_OPTION_INT, &o.patience_ms, "How long to try again while ingest is away, in ms (5000)."},
        {"json", GL_OPTION_FLAG, &o.json, "As JSON: list an object a line, else ingest's answers."},
    };
    int count = gl_options_parse(&gl_command_precedents, table, sizeof table / sizeof table[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    const char *what = count > 0 ? argv[1] : "";
    if (strcmp(what, "list") == 0 && count == 1)
        return list(&o);
    if (strcmp(what, "correct") == 0 && count == 3)
        return rule(&o, argv[2], argv[3]);
    if (strcmp(what, "revoke") == 0 && count == 2)
        return rule(&o, argv[2], "");
    if (strcmp(what, "import") == 0 && count == 2)
        return import(&o, argv[2]);
    return gl_complain(GL_EXIT_USAGE, "give list, correct TEXT CODE, revoke TEXT, or import FILE");
}

const gl_command gl_command_precedents = {
    "precedents", "officers' rulings on descriptions", "list | correct TEXT CODE | revoke TEXT | import FILE",
    "What officers ruled on goods descriptions goes before what the model says, at every instance within seconds. A "
    "ruling is about the words of\n"
    "a text, in any order; the latest stands. It needs an officer's account. `import` reads CSV (tabs in a file named "
    ".tsv) with the columns\n"
    "description, commodity_code, reference and made_at; a row that was imported before has no second effect.\n\n"
    "  greenlane precedents correct \"men's cotton t-shirt\" 6109100010 --actor \"officer 7\" --reason \"ruling 12\" "
    "--account customs\n"
    "  greenlane precedents revoke \"men's cotton t-shirt\" --actor \"officer 7\" --reason \"appeal 3\" --account "
    "customs\n"
    "  greenlane precedents import rulings.csv --actor \"tariff unit\" --account customs\n"
    "  greenlane precedents list",
    run_precedents};
