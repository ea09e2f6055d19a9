/* greenlane submit: files to ingest, answers to people or scripts.
 *
 * A large CSV or NDJSON file goes in parts, several at a time; answers are shown in the order of the file.
 * Threads: `--parallel` senders take parts from one splitter; the main thread shows answers. Locks: one, `run.lock`.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/split.h"
#include "io/json.h"

enum { SENDERS_LIMIT = 16, SHOWN_REJECTIONS = 20 };

typedef struct sent {
    gl_part part;
    int status; /* HTTP; 0: not there */
    gl_buf reply;
    gl_err err;
    bool ready;
    struct sent *next;
} sent;

typedef struct submission {
    const char *url, *account, *profile;
    const char *file;
    gl_format format;
    int64_t patience_ms, part_limit;
    bool json;
    gl_split split;
    pthread_mutex_t lock;
    pthread_cond_t ready;
    sent *first, *last; /* in file order, not yet shown */
    bool all_taken, stop;
    int64_t in_flight;
    int64_t accepted, rejected, duplicates, shown;
    bool failed;
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
    case GL_FORMAT_UNKNOWN:
        break;
    }
    return "application/octet-stream";
}

/* The next part, entered in file order; NULL when there is none. Bounded: at most two parts a sender wait to be shown.
 */
static sent *take_part(submission *s)
{
    sent *one = NULL;
    pthread_mutex_lock(&s->lock);
    while (!s->stop && s->in_flight >= 2 * SENDERS_LIMIT)
        pthread_cond_wait(&s->ready, &s->lock);
    gl_part part;
    if (!s->stop && gl_split_next(&s->split, s->part_limit, &part)) {
        one = calloc(1, sizeof *one);
        if (one == NULL)
            abort();
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

static void send_part(submission *s, sent *one)
{
    gl_buf path = {0}, body = {0};
    gl_buf_printf(&path, "/v1/declarations?first_position=%lld", (long long)one->part.position);
    if (s->profile[0] != '\0') {
        gl_buf_text(&path, "&profile=");
        gl_client_escape(&path, gl_str_of(s->profile));
    }
    gl_buf_byte(&path, '\0');
    gl_str bytes = one->part.bytes;
    if (s->split.header.len > 0) {
        gl_buf_str(&body, s->split.header);
        gl_buf_str(&body, bytes);
        bytes = gl_buf_view(&body);
    }
    if (bytes.ptr == NULL)
        bytes.ptr = "";
    gl_client_call(s->url, (const char *)path.data, s->account, content_type(s->format), bytes, s->patience_ms,
                   &one->status, &one->reply, &one->err);
    gl_buf_free(&path);
    gl_buf_free(&body);
}

static void *sender_main(void *context)
{
    submission *s = context;
    for (sent *one = take_part(s); one != NULL; one = take_part(s)) {
        send_part(s, one);
        pthread_mutex_lock(&s->lock);
        one->ready = true;
        pthread_cond_broadcast(&s->ready);
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

static void show_json(const submission *s, gl_str source, const gl_json *result)
{
    gl_buf line = {0};
    gl_buf_text(&line, "{\"file\":");
    gl_buf_json(&line, gl_str_of(s->file));
    gl_buf_byte(&line, ',');
    gl_buf_bytes(&line, source.ptr + result->begin + 1, result->end - result->begin - 1);
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '\n')
            line.data[i] = ' ';
    gl_buf_byte(&line, '\n');
    fwrite(line.data, 1, line.len, stdout);
    gl_buf_free(&line);
}

static void show_rejection(submission *s, const gl_json *result)
{
    if (s->shown++ >= SHOWN_REJECTIONS)
        return;
    gl_str lrn = gl_json_text(result, "lrn");
    int64_t position = 0;
    gl_json_int(result, "position", &position);
    printf("rejected: %s, declaration %lld%s%.*s\n", s->file, (long long)position, lrn.len > 0 ? ", LRN " : "",
           GL_STR_ARG(lrn));
    const gl_json *errors = gl_json_get(result, "errors");
    for (size_t i = 0; errors != NULL && i < errors->count; i++) {
        const gl_json *e = errors->items[i];
        gl_str pointer = gl_json_text(e, "pointer"), value = gl_json_text(e, "value"), hint = gl_json_text(e, "hint");
        printf("  %.*s%s%.*s: %.*s", GL_STR_ARG(gl_json_text(e, "code")), pointer.len > 0 ? " at " : "",
               GL_STR_ARG(pointer), GL_STR_ARG(gl_json_text(e, "text")));
        if (value.ptr != NULL)
            printf(" (found \"%.*s\")", GL_STR_ARG(value));
        if (hint.len > 0)
            printf("; %.*s", GL_STR_ARG(hint));
        putchar('\n');
    }
}

static void show_result(submission *s, gl_str source, const gl_json *result)
{
    bool accepted = gl_str_eqz(gl_json_text(result, "status"), "accepted");
    const gl_json *duplicate = gl_json_get(result, "duplicate");
    s->accepted += accepted;
    s->rejected += !accepted;
    s->duplicates += duplicate != NULL && duplicate->type == GL_JSON_TRUE;
    if (s->json)
        show_json(s, source, result);
    else if (!accepted)
        show_rejection(s, result);
}

/* A part that was not answered declaration by declaration: the whole of it was refused, or ingest is not there. */
static void show_refused_part(submission *s, const sent *one)
{
    if (one->err.code != NULL) {
        gl_complain_err(0, &one->err);
        s->failed = true;
        return;
    }
    if (one->status == 503 || one->status >= 500) {
        gl_complain(0, "%s: ingest answers %d: %.*s", s->file, one->status, (int)one->reply.len,
                    (const char *)one->reply.data);
        s->failed = true;
        return;
    }
    s->rejected += one->part.count;
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_json *problem = gl_json_parse(arena, gl_buf_view(&one->reply), GL_CLIENT_LIMIT_BYTES, 1000, &err);
    gl_str code = problem == NULL ? GL_STR("http-status") : gl_json_text(problem, "code");
    gl_str detail = problem == NULL ? GL_STR("") : gl_json_text(problem, "detail");
    if (s->json) {
        gl_buf line = {0};
        gl_buf_text(&line, "{\"file\":");
        gl_buf_json(&line, gl_str_of(s->file));
        gl_buf_printf(&line, ",\"position\":%lld,\"status\":\"rejected\",\"http_status\":%d,\"errors\":[{\"code\":",
                      (long long)one->part.position, one->status);
        gl_buf_json(&line, code);
        gl_buf_text(&line, ",\"text\":");
        gl_buf_json(&line, detail);
        gl_buf_text(&line, "}]}\n");
        fwrite(line.data, 1, line.len, stdout);
        gl_buf_free(&line);
    } else {
        printf("refused: %s: %.*s (%.*s, HTTP %d)\n", s->file, GL_STR_ARG(detail), GL_STR_ARG(code), one->status);
    }
    gl_arena_destroy(arena);
}

static void show_part(submission *s, const sent *one)
{
    gl_arena *arena = gl_arena_new(1 << 20);
    gl_err err = {0};
    gl_json *reply = one->status == 202 || one->status == 422
                         ? gl_json_parse(arena, gl_buf_view(&one->reply), GL_CLIENT_LIMIT_BYTES, 10000000, &err)
                         : NULL;
    const gl_json *results = reply == NULL ? NULL : gl_json_get(reply, "results");
    if (results == NULL)
        show_refused_part(s, one);
    for (size_t i = 0; results != NULL && i < results->count; i++)
        show_result(s, gl_buf_view(&one->reply), results->items[i]);
    gl_arena_destroy(arena);
}

/* Shows parts in file order as they become ready. */
static void show_all(submission *s, gl_progress *progress)
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
        gl_buf_free(&one->reply);
        free(one);
        gl_progress_update(progress, s->accepted + s->rejected);
        pthread_mutex_lock(&s->lock);
        s->stop = s->stop || s->failed;
    }
    pthread_mutex_unlock(&s->lock);
}

static bool read_all(const char *path, gl_buf *bytes)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL)
        return false;
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        gl_buf_bytes(bytes, chunk, n);
    bool ok = ferror(file) == 0;
    if (file != stdin)
        fclose(file);
    return ok;
}

static int64_t count_rows(gl_format format, gl_str source)
{
    int64_t count = 0;
    if (format != GL_FORMAT_CSV && format != GL_FORMAT_NDJSON)
        return 0;
    for (size_t i = 0; i < source.len; i++)
        count += source.ptr[i] == '\n';
    return format == GL_FORMAT_CSV && count > 0 ? count - 1 : count;
}

static gl_format choose_format(const char *name, const char *path, gl_str bytes)
{
    static const struct {
        const char *name;
        gl_format format;
    } names[] = {
        {"json", GL_FORMAT_JSON}, {"ndjson", GL_FORMAT_NDJSON}, {"csv", GL_FORMAT_CSV}, {"xml", GL_FORMAT_XML}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].format;
    gl_format format = gl_format_of_name(gl_str_of(path));
    return format == GL_FORMAT_UNKNOWN ? gl_format_detect(bytes) : format;
}

static void submit_file(submission *s, const char *path, const char *format_name, int64_t parallel)
{
    gl_buf bytes = {0};
    if (!read_all(path, &bytes)) {
        gl_complain(0, "cannot read %s: %s", path, strerror(errno));
        s->failed = true;
        return;
    }
    gl_progress progress;
    pthread_t senders[SENDERS_LIMIT];
    s->file = path;
    s->format = choose_format(format_name, path, gl_buf_view(&bytes));
    s->all_taken = s->stop = false;
    gl_split_begin(&s->split, s->format, gl_buf_view(&bytes));
    gl_progress_start(&progress, path, s->accepted + s->rejected + count_rows(s->format, gl_buf_view(&bytes)));
    for (int64_t i = 0; i < parallel; i++)
        if (pthread_create(&senders[i], NULL, sender_main, s) != 0)
            abort();
    show_all(s, &progress);
    for (int64_t i = 0; i < parallel; i++)
        pthread_join(senders[i], NULL);
    gl_progress_end(&progress);
    gl_buf_free(&bytes);
}

static void summary(const submission *s, int64_t started_us)
{
    char accepted[32], rejected[32], duplicates[32];
    if (s->shown > SHOWN_REJECTIONS)
        printf("... and %lld more rejections; --json lists all\n", (long long)(s->shown - SHOWN_REJECTIONS));
    printf("%s accepted (of them %s sent before), %s rejected, in %.2f s\n", gl_thousands(s->accepted, accepted),
           gl_thousands(s->duplicates, duplicates), gl_thousands(s->rejected, rejected),
           (double)(gl_mono_us() - started_us) / 1e6);
}

static int run_submit(int argc, char **argv)
{
    submission s = {.url = gl_env("INGEST_URL", "http://127.0.0.1:8080"),
                    .account = "",
                    .profile = "",
                    .patience_ms = 30000,
                    .part_limit = 2000};
    const char *format = "";
    int64_t parallel = 4;
    const gl_option options[] = {
        {"profile", GL_OPTION_TEXT, &s.profile, "CSV mapping: kcs, parcels, or one of your own in config/mappings."},
        {"format", GL_OPTION_TEXT, &format, "json, ndjson, csv or xml; default: by file name, then by content."},
        {"account", GL_OPTION_TEXT, &s.account, "Submit as this account."},
        {"url", GL_OPTION_TEXT, &s.url, "Where ingest listens (default $INGEST_URL)."},
        {"part", GL_OPTION_INT, &s.part_limit, "Declarations in one call (default 2000)."},
        {"parallel", GL_OPTION_INT, &parallel, "Calls at once (default 4)."},
        {"patience", GL_OPTION_INT, &s.patience_ms,
         "How long to try again when ingest is busy or away, in ms (default 30000)."},
        {"json", GL_OPTION_FLAG, &s.json, "One JSON object a declaration: file, position, lrn, mrn, status, errors."},
    };
    int files = gl_options_parse(&gl_command_submit, options, sizeof options / sizeof options[0], argc, argv);
    if (files < 0)
        return GL_EXIT_USAGE;
    if (files == 0)
        return gl_complain(GL_EXIT_USAGE, "submit what? Give files, or - for standard input");
    if (parallel < 1 || parallel > SENDERS_LIMIT || s.part_limit < 1)
        return gl_complain(GL_EXIT_USAGE, "--parallel is 1 to %d, --part at least 1", SENDERS_LIMIT);
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.ready, NULL);
    int64_t started_us = gl_mono_us();
    for (int i = 1; i <= files && !s.failed; i++)
        submit_file(&s, argv[i], format, parallel);
    if (!s.json)
        summary(&s, started_us);
    pthread_cond_destroy(&s.ready);
    pthread_mutex_destroy(&s.lock);
    if (s.failed)
        return GL_EXIT_UNAVAILABLE;
    return s.rejected > 0 ? GL_EXIT_REFUSED : GL_EXIT_OK;
}

const gl_command gl_command_submit = {"submit", "submit declarations from files", "[--profile P] FILE...",
                                      "Sends files to ingest and shows the answer for each declaration: its MRN, or "
                                      "everything that is wrong with it, with the place\n"
                                      "in the file. An answer means that the declaration is committed: it will be "
                                      "decided, exactly once. Sending an unchanged\n"
                                      "declaration again gives its first MRN and no second decision.\n\n"
                                      "  greenlane submit declarations.ndjson h1.xml\n"
                                      "  greenlane submit --profile kcs --json valid.csv > answers.ndjson",
                                      run_submit};
