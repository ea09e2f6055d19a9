/* greenlane submit: files to ingest, answers to people or scripts.
 *
 * Large files go in parts, several at a time, and so do many small files; answers are shown in the order of the files.
 * What is packed is unpacked here, so that it can go in parts as well; what cannot be goes as it is, and ingest says
 * why. Threads: `--parallel` senders take parts; the main thread shows answers. Locks: one, `submission.lock`. Always
 * holds: a source is freed when all of its parts have been shown; at most IN_FLIGHT_LIMIT parts wait to be shown.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/split.h"
#include "ingest/formats/pack/message.h"
#include "io/json.h"

enum { UNPACKED_LIMIT_BYTES = 1 << 30 };
enum { SENDERS_LIMIT = 16, IN_FLIGHT_LIMIT = 2 * SENDERS_LIMIT, SHOWN_REJECTIONS = 20, SHOWN_ACCEPTED = 5 };

/* A file that was read, and which of its parts is next. */
typedef struct package {
    const char *path;
    gl_buf bytes;
    gl_message message;
    size_t next;
} package;

/* A file, or one in an archive. */
typedef struct source {
    char *path;
    gl_buf bytes;
    gl_format format;
    gl_split split;
    int64_t unshown; /* parts */
    bool all_taken;
    bool refused; /* as a whole: the rest of it is not sent */
} source;

typedef struct sent {
    source *source;
    gl_part part;
    int status; /* HTTP; 0: not there */
    gl_buf reply;
    gl_err err;
    bool ready;
    struct sent *next;
} sent;

typedef struct submission {
    const char *url, *account, *profile, *format;
    char **files;
    int file_count, next_file;
    int64_t patience_ms, part_limit;
    bool json;
    gl_split_rule rule;
    bool has_rule;
    pthread_mutex_t lock;
    pthread_cond_t ready;
    package package;
    source *source;     /* whose parts are taken now, or NULL */
    sent *first, *last; /* in file order, not yet shown */
    bool all_taken, stop;
    int64_t in_flight;
    /* Main thread. */
    int64_t accepted, rejected, duplicates, pending, shown, refused;
    gl_progress progress;
    bool failed; /* under lock as well: senders set it for files that cannot be read */
} submission;

static const char *content_type(gl_format format)
{
    switch (format) {
    case GL_FORMAT_JSON:
        return "application/json";
    case GL_FORMAT_NDJSON:
        return "application/x-ndjson";
    case GL_FORMAT_CSV:
        return "text/csv";
    case GL_FORMAT_XML:
        return "application/xml";
    case GL_FORMAT_XLSX:
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    case GL_FORMAT_EDIFACT:
        return "application/EDIFACT";
    case GL_FORMAT_GZIP:
        return "application/gzip";
    case GL_FORMAT_ZIP:
        return "application/zip";
    case GL_FORMAT_UNKNOWN:
        break;
    }
    return "application/octet-stream";
}

/* ---- files ---- */

static bool read_all(const char *path, gl_buf *bytes)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL)
        return false;
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        gl_buf_bytes(bytes, chunk, n);
    int problem = ferror(file) != 0 ? errno : 0;
    if (file != stdin)
        fclose(file);
    errno = problem;
    return problem == 0;
}

static const struct {
    const char *name;
    gl_format format;
} FORMATS[] = {{"json", GL_FORMAT_JSON}, {"ndjson", GL_FORMAT_NDJSON}, {"csv", GL_FORMAT_CSV},
               {"xml", GL_FORMAT_XML},   {"xlsx", GL_FORMAT_XLSX},     {"edifact", GL_FORMAT_EDIFACT}};

static gl_format format_of_option(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (strcmp(name, FORMATS[i].name) == 0)
            return FORMATS[i].format;
    return GL_FORMAT_UNKNOWN;
}

static gl_str view(const gl_buf *bytes)
{
    return bytes->len == 0 ? GL_STR("") : gl_buf_view(bytes);
}

static void package_close(package *p)
{
    gl_message_close(&p->message);
    gl_buf_free(&p->bytes);
    *p = (package){.path = ""};
}

/* false when it cannot be read; the others go on. */
static bool package_open(submission *s, const char *path)
{
    package *p = &s->package;
    package_close(p);
    p->path = path;
    if (!read_all(path, &p->bytes)) {
        gl_complain(0, "cannot read %s: %s", path, strerror(errno));
        s->failed = true;
        return false;
    }
    gl_err err;
    gl_message_source what = {.bytes = view(&p->bytes),
                              .format = format_of_option(s->format),
                              .name = gl_str_of(path),
                              .limit_bytes = UNPACKED_LIMIT_BYTES};
    bool whole = !gl_message_open(&p->message, &what, &err);
    for (size_t i = 0; i < p->message.part_count; i++)
        whole = whole || p->message.parts[i].format == GL_FORMAT_XLSX; /* only its rows are left of it */
    if (whole) {
        p->message.parts = NULL; /* as it is */
        p->message.part_count = 1;
    }
    return true;
}

static void source_free(source *from)
{
    gl_split_end(&from->split);
    gl_buf_free(&from->bytes);
    free(from->path);
    free(from);
}

/* Takes the bytes of a file, copies those of an archive's entry. */
static void take_bytes(source *from, package *p)
{
    const gl_message *message = &p->message;
    gl_buf *all = message->unpacked.len > 0 ? &p->message.unpacked : &p->bytes;
    if (message->parts == NULL || message->parts == &message->whole) {
        from->format = message->parts == NULL ? gl_format_detect(view(&p->bytes)) : message->whole.format;
        from->bytes = message->parts == NULL ? p->bytes : *all;
        *(message->parts == NULL ? &p->bytes : all) = (gl_buf){0};
        return;
    }
    from->format = message->parts[p->next].format;
    gl_buf_str(&from->bytes, gl_message_part_bytes(message, p->next));
}

static char *path_of(const package *p)
{
    char *path = NULL;
    gl_str entry = p->message.parts == NULL ? GL_STR("") : p->message.parts[p->next].name;
    if (asprintf(&path, "%s%s%.*s", p->path, entry.len > 0 ? "/" : "", GL_STR_ARG(entry)) < 0)
        abort();
    return path;
}

static bool has_sources(const submission *s)
{
    return s->package.next < s->package.message.part_count || s->next_file < s->file_count;
}

/* The next one there is; NULL when its file cannot be read. */
static source *source_open(submission *s)
{
    package *p = &s->package;
    if (p->next == p->message.part_count && !package_open(s, s->files[s->next_file++]))
        return NULL;
    source *from = calloc(1, sizeof *from);
    if (from == NULL)
        abort();
    from->path = path_of(p);
    take_bytes(from, p);
    p->next++;
    gl_split_begin(&from->split, from->format, view(&from->bytes), s->has_rule ? &s->rule : NULL);
    return from;
}

/* ---- sending ---- */

/* The next part of the files. Locks: lock. */
static source *next_part(submission *s, gl_part *part)
{
    for (;;) {
        if (s->source == NULL && has_sources(s))
            s->source = source_open(s);
        source *from = s->source;
        if (from == NULL && !has_sources(s))
            return NULL;
        if (from == NULL)
            continue;
        if (!from->refused && gl_split_next(&from->split, s->part_limit, part)) {
            from->unshown++;
            return from;
        }
        s->source = NULL;
        from->all_taken = true;
        if (from->unshown == 0)
            source_free(from);
    }
}

/* The next part, entered in file order; NULL when there is none. */
static sent *take_part(submission *s)
{
    sent *one = NULL;
    gl_part part;
    pthread_mutex_lock(&s->lock);
    while (!s->stop && s->in_flight >= IN_FLIGHT_LIMIT)
        pthread_cond_wait(&s->ready, &s->lock);
    source *from = s->stop ? NULL : next_part(s, &part);
    if (from != NULL) {
        one = calloc(1, sizeof *one);
        if (one == NULL)
            abort();
        one->source = from;
        one->part = part;
        if (s->last == NULL)
            s->first = one;
        else
            s->last->next = one;
        s->last = one;
        s->in_flight++;
    } else {
        s->all_taken = true;
        pthread_cond_broadcast(&s->ready);
    }
    pthread_mutex_unlock(&s->lock);
    return one;
}

static void send_part(const submission *s, gl_client *client, sent *one)
{
    const gl_split *split = &one->source->split;
    gl_buf path = {0}, body = {0}, reply = {0};
    gl_buf_printf(&path, "/v1/declarations?first_position=%lld", (long long)one->part.position);
    if (s->profile[0] != '\0') {
        gl_buf_text(&path, "&profile=");
        gl_client_escape(&path, gl_str_of(s->profile));
    }
    gl_buf_byte(&path, '\0');
    gl_str bytes = one->part.bytes;
    if (split->head.len > 0) {
        gl_buf_str(&body, split->head);
        gl_buf_str(&body, bytes);
        gl_buf_str(&body, split->tail);
        bytes = gl_buf_view(&body);
    }
    gl_client_call(client, (const char *)path.data, content_type(one->source->format), bytes, s->patience_ms,
                   &one->status, &reply, &one->err);
    gl_split_rebase(split, &one->part, gl_buf_view(&reply), &one->reply);
    gl_buf_free(&path);
    gl_buf_free(&body);
    gl_buf_free(&reply);
}

static void *sender_main(void *context)
{
    submission *s = context;
    gl_client *client = gl_client_new(s->url, s->account);
    for (sent *one = take_part(s); one != NULL; one = take_part(s)) {
        send_part(s, client, one);
        pthread_mutex_lock(&s->lock);
        one->ready = true;
        pthread_cond_broadcast(&s->ready);
        pthread_mutex_unlock(&s->lock);
    }
    gl_client_destroy(client);
    return NULL;
}

/* ---- showing (thread: main) ---- */

/* Without control characters, which a terminal would obey, and with an XPath's local names alone. */
static void print_text(gl_str text)
{
    static const char local[] = "*[local-name()='";
    for (size_t i = 0; i < text.len; i++) {
        gl_str rest = {text.ptr + i, text.len - i};
        const char *end = gl_str_starts(rest, gl_str_of(local)) ? memmem(rest.ptr, rest.len, "']", 2) : NULL;
        if (end != NULL) {
            printf("%.*s", (int)(end - rest.ptr - (long)(sizeof local - 1)), rest.ptr + sizeof local - 1);
            i += (size_t)(end - rest.ptr) + 1;
            continue;
        }
        putchar((unsigned char)rest.ptr[0] < 0x20 || rest.ptr[0] == 0x7F ? '?' : rest.ptr[0]);
    }
}

static void show_json(const source *from, gl_str answer, const gl_json *result)
{
    gl_buf line = {0};
    gl_buf_text(&line, "{\"file\":");
    gl_buf_json(&line, gl_str_of(from->path));
    gl_buf_byte(&line, ',');
    gl_buf_bytes(&line, answer.ptr + result->begin + 1, result->end - result->begin - 1);
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '\n')
            line.data[i] = ' ';
    gl_buf_byte(&line, '\n');
    fwrite(line.data, 1, line.len, stdout);
    gl_buf_free(&line);
}

static void show_rejection(submission *s, const source *from, const gl_json *result)
{
    if (s->shown++ >= SHOWN_REJECTIONS)
        return;
    gl_progress_hide(&s->progress);
    gl_str lrn = gl_json_text(result, "lrn");
    int64_t position = 0;
    gl_json_int(result, "position", &position);
    printf("rejected: %s, declaration %lld%s", from->path, (long long)position, lrn.len > 0 ? ", LRN " : "");
    print_text(lrn);
    putchar('\n');
    const gl_json *errors = gl_json_get(result, "errors");
    for (size_t i = 0; errors != NULL && i < errors->count; i++) {
        const gl_json *e = errors->items[i];
        gl_str pointer = gl_json_text(e, "pointer"), value = gl_json_text(e, "value"), hint = gl_json_text(e, "hint");
        printf("  %.*s%s", GL_STR_ARG(gl_json_text(e, "code")), pointer.len > 0 ? " at " : "");
        print_text(pointer);
        fputs(": ", stdout);
        print_text(gl_json_text(e, "text"));
        if (value.ptr != NULL) {
            fputs(" (found \"", stdout);
            print_text(value);
            fputs("\")", stdout);
        }
        if (hint.len > 0)
            fputs("; ", stdout);
        print_text(hint);
        putchar('\n');
    }
}

/* The first few, so that whoever tries one knows its MRN. */
static void show_accepted(submission *s, const gl_json *result)
{
    if (s->accepted > SHOWN_ACCEPTED)
        return;
    gl_progress_hide(&s->progress);
    gl_str status = gl_json_text(result, "first_status");
    printf("accepted: MRN %.*s, LRN ", GL_STR_ARG(gl_json_text(result, "mrn")));
    print_text(gl_json_text(result, "lrn"));
    const gl_json *duplicate = gl_json_get(result, "duplicate");
    if (duplicate != NULL && duplicate->type == GL_JSON_TRUE)
        printf(" (sent before%s%.*s)", status.len > 0 ? ", " : "", GL_STR_ARG(status));
    putchar('\n');
}

static void show_result(submission *s, const source *from, gl_str answer, const gl_json *result)
{
    bool accepted = gl_str_eqz(gl_json_text(result, "status"), "accepted");
    const gl_json *duplicate = gl_json_get(result, "duplicate");
    s->accepted += accepted;
    s->rejected += !accepted;
    s->duplicates += duplicate != NULL && duplicate->type == GL_JSON_TRUE;
    s->pending += gl_str_eqz(gl_json_text(result, "duplicate_check"), "pending");
    if (s->json)
        show_json(from, answer, result);
    else if (accepted)
        show_accepted(s, result);
    else
        show_rejection(s, from, result);
}

static void refused_json(const sent *one, gl_str code, gl_str detail)
{
    gl_buf line = {0};
    gl_buf_text(&line, "{\"file\":");
    gl_buf_json(&line, gl_str_of(one->source->path));
    gl_buf_printf(&line, ",\"position\":%lld,\"status\":\"rejected\",\"http_status\":%d,\"errors\":[{\"code\":",
                  (long long)one->part.position, one->status);
    gl_buf_json(&line, code);
    gl_buf_text(&line, ",\"text\":");
    gl_buf_json(&line, detail);
    gl_buf_text(&line, "}]}\n");
    fwrite(line.data, 1, line.len, stdout);
    gl_buf_free(&line);
}

/* The whole part was refused, for a reason that holds for the rest of the file too: said once. */
static void show_refused(submission *s, const sent *one)
{
    if (one->source->refused)
        return;
    s->refused++;
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_json *problem = gl_json_parse(arena, gl_buf_view(&one->reply), GL_CLIENT_LIMIT_BYTES, 1000, &err);
    gl_str code = problem == NULL ? GL_STR("http-status") : gl_json_text(problem, "code");
    gl_str detail = problem == NULL ? GL_STR("") : gl_json_text(problem, "detail");
    if (s->json)
        refused_json(one, code, detail);
    else
        printf("refused: %s: %.*s (%.*s, HTTP %d)\n", one->source->path, GL_STR_ARG(detail), GL_STR_ARG(code),
               one->status);
    gl_arena_destroy(arena);
    pthread_mutex_lock(&s->lock);
    one->source->refused = true;
    s->stop = s->stop || one->status == 403; /* the account: no file will do */
    pthread_mutex_unlock(&s->lock);
}

/* Ingest is not there, or in trouble: said once, and nothing more is sent. */
static void show_unavailable(submission *s, const sent *one)
{
    if (!s->stop && one->err.code != NULL)
        gl_complain_err(0, &one->err);
    else if (!s->stop)
        gl_complain(0, "%s: ingest answers %d: %.*s", one->source->path, one->status,
                    GL_STR_ARG(gl_str_trim(gl_buf_view(&one->reply))));
    pthread_mutex_lock(&s->lock);
    s->stop = s->failed = true;
    pthread_mutex_unlock(&s->lock);
}

static void show_part(submission *s, const sent *one)
{
    gl_arena *arena = gl_arena_new(1 << 20);
    gl_err err = {0};
    gl_str answer = gl_buf_view(&one->reply);
    gl_json *reply = one->err.code == NULL && (one->status == 202 || one->status == 422)
                         ? gl_json_parse(arena, answer, GL_CLIENT_LIMIT_BYTES, 10000000, &err)
                         : NULL;
    const gl_json *results = reply == NULL ? NULL : gl_json_get(reply, "results");
    for (size_t i = 0; results != NULL && i < results->count; i++)
        show_result(s, one->source, answer, results->items[i]);
    if (results == NULL)
        gl_progress_hide(&s->progress);
    if (results == NULL && (one->err.code != NULL || one->status >= 500))
        show_unavailable(s, one);
    else if (results == NULL)
        show_refused(s, one);
    gl_arena_destroy(arena);
}

/* Locks: lock. */
static void drop_part(sent *one)
{
    source *from = one->source;
    if (--from->unshown == 0 && from->all_taken)
        source_free(from);
    gl_buf_free(&one->reply);
    free(one);
}

/* Shows parts in file order as they become ready. */
static void show_all(submission *s)
{
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!(s->first != NULL && s->first->ready) && !(s->all_taken && s->first == NULL))
            pthread_cond_wait(&s->ready, &s->lock);
        sent *one = s->first;
        if (one == NULL)
            break;
        s->first = one->next;
        if (s->first == NULL)
            s->last = NULL;
        s->in_flight--;
        pthread_cond_broadcast(&s->ready);
        pthread_mutex_unlock(&s->lock);
        show_part(s, one);
        gl_progress_update(&s->progress, s->accepted + s->rejected);
        pthread_mutex_lock(&s->lock);
        drop_part(one);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- the command ---- */

/* Declarations of the only file, for the bar; 0: not known. */
static int64_t count_of(const submission *s)
{
    const source *from = s->source;
    if (s->file_count != 1 || s->package.message.part_count > 1 || from == NULL || from->split.whole)
        return 0;
    gl_split split = {0};
    gl_part part;
    int64_t count = 0;
    gl_split_begin(&split, from->format, gl_buf_view(&from->bytes), s->has_rule ? &s->rule : NULL);
    while (gl_split_next(&split, INT64_MAX, &part))
        count += part.count;
    gl_split_end(&split);
    return count;
}

static bool read_rule(submission *s, const gl_json *profile)
{
    const gl_json *group = gl_json_get(profile, "group"), *lrn = gl_json_get(profile, "lrn");
    gl_str delimiter = gl_json_text(profile, "delimiter");
    if (delimiter.len != 1 || group == NULL || lrn == NULL || lrn->type != GL_JSON_ARRAY ||
        lrn->count > GL_SPLIT_LRN_COLUMNS)
        return false;
    s->rule = (gl_split_rule){.delimiter = delimiter.ptr[0], .group = group->type == GL_JSON_TRUE};
    for (size_t i = 0; i < lrn->count; i++)
        s->rule.lrn[s->rule.lrn_count++] = lrn->items[i]->text;
    return true;
}

/* How ingest reads this profile's rows, in `arena`. An exit code when it has none of this name, or is not there. */
static int ask_profile(submission *s, gl_arena *arena)
{
    gl_client *client = gl_client_new(s->url, s->account);
    gl_buf path = {0}, reply = {0};
    gl_err err = {0};
    int status = 0, code = GL_EXIT_OK;
    gl_buf_text(&path, "/v1/profiles/");
    gl_client_escape(&path, gl_str_of(s->profile));
    gl_buf_byte(&path, '\0');
    bool ok =
        gl_client_call(client, (const char *)path.data, NULL, (gl_str){NULL, 0}, s->patience_ms, &status, &reply, &err);
    gl_str answer = {gl_arena_strndup(arena, (const char *)reply.data, reply.len), reply.len};
    const gl_json *profile = ok ? gl_json_parse(arena, answer, GL_CLIENT_LIMIT_BYTES, 1000, &err) : NULL;
    if (profile == NULL)
        code = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    else if (status == 200)
        s->has_rule = read_rule(s, profile);
    else
        code = gl_complain(status >= 500 ? GL_EXIT_UNAVAILABLE : GL_EXIT_USAGE, "--profile: %.*s",
                           GL_STR_ARG(gl_json_text(profile, "detail")));
    gl_client_destroy(client);
    gl_buf_free(&path);
    gl_buf_free(&reply);
    return code;
}

static void summary(const submission *s, int64_t started_us)
{
    char number[32];
    double seconds = (double)(gl_mono_us() - started_us) / 1e6;
    if (s->accepted > SHOWN_ACCEPTED)
        printf("... and %s more accepted; --json lists all\n", gl_thousands(s->accepted - SHOWN_ACCEPTED, number));
    if (s->shown > SHOWN_REJECTIONS)
        printf("... and %lld more rejections; --json lists all\n", (long long)(s->shown - SHOWN_REJECTIONS));
    printf("%s accepted", gl_thousands(s->accepted, number));
    if (s->duplicates > 0)
        printf(" (%s of them sent before)", gl_thousands(s->duplicates, number));
    printf(", %s rejected", gl_thousands(s->rejected, number));
    if (s->refused > 0)
        printf(", %lld file%s refused", (long long)s->refused, s->refused == 1 ? "" : "s");
    printf(", in %.2f s\n", seconds);
    if (s->pending > 0)
        printf("%s not compared with earlier ones (the status view is not complete): repeated ones are closed as "
               "duplicates when decided\n",
               gl_thousands(s->pending, number));
    if (s->failed)
        printf("not everything was submitted; submit it again: what was accepted keeps its MRN\n");
}

static void submit_all(submission *s, int64_t parallel)
{
    pthread_t senders[SENDERS_LIMIT];
    if (s->file_count == 1) /* read now, so that its declarations can be counted for the bar */
        s->source = source_open(s);
    gl_progress_start(&s->progress, "submitting", count_of(s));
    for (int64_t i = 0; i < parallel; i++)
        if (pthread_create(&senders[i], NULL, sender_main, s) != 0)
            abort();
    show_all(s);
    for (int64_t i = 0; i < parallel; i++)
        pthread_join(senders[i], NULL);
    if (s->source != NULL)
        source_free(s->source);
    package_close(&s->package);
    gl_progress_end(&s->progress);
}

static int run_submit(int argc, char **argv)
{
    submission s = {.url = gl_env("INGEST_URL", "http://127.0.0.1:8080"),
                    .account = "",
                    .profile = "",
                    .format = "",
                    .patience_ms = 30000,
                    .part_limit = 2000};
    int64_t parallel = 4;
    const gl_option options[] = {
        {"profile", GL_OPTION_TEXT, &s.profile, "CSV mapping: kcs, parcels, or one of your own in config/mappings."},
        {"format", GL_OPTION_TEXT, &s.format,
         "json, ndjson, csv, xml or xlsx; default: by file name, then by content."},
        {"account", GL_OPTION_TEXT, &s.account, "Submit as this account (default: ingest's http_account)."},
        {"url", GL_OPTION_TEXT, &s.url, "Where ingest listens (default $INGEST_URL)."},
        {"part", GL_OPTION_INT, &s.part_limit, "Declarations in one call (default 2000)."},
        {"parallel", GL_OPTION_INT, &parallel, "Calls at once (default 4)."},
        {"patience", GL_OPTION_INT, &s.patience_ms,
         "How long to try again when ingest is busy or away, in ms (default 30000)."},
        {"json", GL_OPTION_FLAG, &s.json, "One JSON object a declaration: file, position, lrn, mrn, status, errors."},
    };
    s.file_count = gl_options_parse(&gl_command_submit, options, sizeof options / sizeof options[0], argc, argv);
    if (s.file_count < 0)
        return GL_EXIT_USAGE;
    if (s.file_count == 0)
        return gl_complain(GL_EXIT_USAGE, "submit what? Give files, or - for standard input");
    if (parallel < 1 || parallel > SENDERS_LIMIT || s.part_limit < 1)
        return gl_complain(GL_EXIT_USAGE, "--parallel is 1 to %d, --part at least 1", SENDERS_LIMIT);
    if (s.format[0] != '\0' && format_of_option(s.format) == GL_FORMAT_UNKNOWN)
        return gl_complain(GL_EXIT_USAGE, "--format: \"%s\" is not json, ndjson, csv, xml or xlsx", s.format);
    s.files = argv + 1;
    gl_arena *arena = gl_arena_new(0);
    int code = s.profile[0] == '\0' ? GL_EXIT_OK : ask_profile(&s, arena);
    if (code == GL_EXIT_OK) {
        pthread_mutex_init(&s.lock, NULL);
        pthread_cond_init(&s.ready, NULL);
        int64_t started_us = gl_mono_us();
        submit_all(&s, parallel);
        if (!s.json)
            summary(&s, started_us);
        pthread_cond_destroy(&s.ready);
        pthread_mutex_destroy(&s.lock);
        code = s.failed ? GL_EXIT_UNAVAILABLE : s.rejected + s.refused > 0 ? GL_EXIT_REFUSED : GL_EXIT_OK;
    }
    gl_arena_destroy(arena);
    return code;
}

const gl_command gl_command_submit = {
    "submit", "submit declarations from files", "[--profile P] FILE...",
    "Sends files to ingest and shows the first MRNs, and what is wrong with what was rejected, with the place in the\n"
    "file; --json lists the answer for every declaration. An answer means that the declaration is\n"
    "committed: it will be decided, exactly once. Sending an unchanged declaration again gives its first MRN and no\n"
    "second decision, so a file may be submitted again after a failure. gzip and zip are unpacked first. Exit code 1:\n"
    "something was rejected.\n\n"
    "  greenlane submit declarations.ndjson h1.xml\n"
    "  greenlane submit --profile kcs --json valid.csv > answers.ndjson\n"
    "  greenlane generate | greenlane submit -",
    run_submit};
