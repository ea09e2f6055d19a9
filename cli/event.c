/* greenlane event: what happened to a declaration, one event from the command line or many from a file.
 *
 * A file of lines goes in parts, one after the other, so that events stay in order. The answer is known after the
 * commit; what was sent twice because an answer was lost has no second effect, since an event has its id.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/event_json.h"
#include "customs/ids.h"
#include "ingest/formats/pack/message.h"
#include "io/json.h"

enum { PART_LINES = 2000, PART_BYTES = 8 * 1024 * 1024, SHOWN_REJECTIONS = 20, ID_BYTES = 12, ANSWER_NODES = 1 << 20 };
enum { FILE_LIMIT_BYTES = 1 << 30 };

typedef struct sending {
    gl_client *client;
    int64_t patience_ms;
    bool json, quiet; /* quiet: many events, only what was refused is shown */
    int64_t accepted, rejected, sent;
    gl_progress progress;
} sending;

static void show_result(sending *s, const gl_json *result, int64_t position)
{
    bool taken = gl_str_eqz(gl_json_text(result, "status"), "accepted");
    const gl_json *errors = gl_json_get(result, "errors");
    *(taken ? &s->accepted : &s->rejected) += 1;
    if (s->json || (s->quiet && (taken || s->rejected > SHOWN_REJECTIONS)))
        return;
    gl_progress_hide(&s->progress);
    gl_str mrn = gl_json_text(result, "mrn"), id = gl_json_text(result, "event_id");
    printf("%s  %.*s%s%.*s", taken ? "accepted" : "rejected", GL_STR_ARG(id), mrn.len > 0 ? "  " : "", GL_STR_ARG(mrn));
    if (s->quiet)
        printf("  event %lld", (long long)position);
    putchar('\n');
    for (size_t i = 0; !taken && errors != NULL && i < errors->count; i++) {
        const gl_json *e = errors->items[i];
        gl_str pointer = gl_json_text(e, "pointer"), allowed = gl_json_text(e, "allowed"),
               hint = gl_json_text(e, "hint");
        printf("  %.*s%s%.*s: %.*s", GL_STR_ARG(gl_json_text(e, "code")), pointer.len > 0 ? " at " : "",
               GL_STR_ARG(pointer), GL_STR_ARG(gl_json_text(e, "text")));
        if (allowed.len > 0)
            printf("; allowed: %.*s", GL_STR_ARG(allowed));
        if (hint.len > 0)
            printf("; %.*s", GL_STR_ARG(hint));
        putchar('\n');
    }
}

/* false: the message was refused as a whole, or nobody answers; said already. */
static bool send_part(sending *s, const char *content_type, gl_str body, int *code)
{
    gl_buf reply = {0};
    gl_err err = {0};
    int status = 0;
    bool ok = gl_client_call(s->client, "/v1/events", content_type, body, s->patience_ms, &status, &reply, &err);
    gl_arena *arena = gl_arena_new(0);
    gl_json *answer = ok ? gl_json_parse(arena, gl_buf_view(&reply), GL_CLIENT_LIMIT_BYTES, ANSWER_NODES, &err) : NULL;
    const gl_json *results = answer == NULL ? NULL : gl_json_get(answer, "results");
    if (answer == NULL) {
        *code = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    } else if (results == NULL) {
        *code = gl_complain(status >= 500 ? GL_EXIT_UNAVAILABLE : GL_EXIT_REFUSED, "%.*s (%.*s)",
                            GL_STR_ARG(gl_json_text(answer, "detail")), GL_STR_ARG(gl_json_text(answer, "code")));
    } else {
        for (size_t i = 0; i < results->count; i++)
            show_result(s, results->items[i], s->sent + (int64_t)i + 1);
        s->sent += (int64_t)results->count;
        if (s->json)
            printf("%.*s\n", GL_STR_ARG(gl_str_trim(gl_buf_view(&reply))));
        gl_progress_update(&s->progress, s->sent);
    }
    gl_arena_destroy(arena);
    gl_buf_free(&reply);
    return results != NULL;
}

static bool read_all(const char *path, gl_buf *bytes)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL)
        return gl_complain(0, "%s: %s", path, strerror(errno));
    char chunk[65536];
    for (size_t got = fread(chunk, 1, sizeof chunk, file); got > 0; got = fread(chunk, 1, sizeof chunk, file))
        gl_buf_bytes(bytes, chunk, got);
    bool ok = ferror(file) == 0;
    if (file != stdin)
        fclose(file);
    return ok || gl_complain(0, "%s: %s", path, strerror(errno));
}

/* The next lines, at most PART_LINES and about PART_BYTES. */
static gl_str take_lines(gl_str *rest)
{
    size_t end = 0;
    for (int lines = 0; end < rest->len && lines < PART_LINES && end < PART_BYTES; lines++) {
        const char *newline = memchr(rest->ptr + end, '\n', rest->len - end);
        end = newline == NULL ? rest->len : (size_t)(newline - rest->ptr) + 1;
    }
    gl_str part = {rest->ptr, end};
    *rest = (gl_str){rest->ptr + end, rest->len - end};
    return part;
}

static void send_message(sending *s, gl_format format, gl_str rest, int *code)
{
    bool lines = format == GL_FORMAT_NDJSON;
    if (!lines)
        send_part(s, "application/json", rest, code);
    while (lines && rest.len > 0) {
        gl_str part = take_lines(&rest);
        if (gl_str_trim(part).len > 0 && !send_part(s, "application/x-ndjson", part, code))
            break;
    }
}

static int send_file(sending *s, const char *path)
{
    gl_buf bytes = {0};
    gl_message message = {0};
    gl_err err = {0};
    int code = GL_EXIT_UNAVAILABLE;
    bool read = read_all(path, &bytes);
    gl_message_source source = {.bytes = bytes.len == 0 ? GL_STR("") : gl_buf_view(&bytes),
                                .name = gl_str_of(path),
                                .limit_bytes = FILE_LIMIT_BYTES};
    if (read && !gl_message_open(&message, &source, &err)) {
        code = gl_complain(GL_EXIT_REFUSED, "%s: %s", path, err.message);
    } else if (read) {
        s->quiet = true;
        code = GL_EXIT_OK;
        gl_progress_start(&s->progress, "events", 0);
        for (size_t i = 0; i < message.part_count; i++)
            send_message(s, message.parts[i].format, gl_message_part_bytes(&message, i), &code);
        gl_progress_end(&s->progress);
        if (!s->json)
            printf("%lld accepted, %lld rejected\n", (long long)s->accepted, (long long)s->rejected);
    }
    gl_message_close(&message);
    gl_buf_free(&bytes);
    return code;
}

/* "cli-" and 12 random bytes; nothing else makes the same. */
static bool make_id(char id[64])
{
    uint8_t bytes[ID_BYTES];
    char hex[2 * ID_BYTES + 1];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return gl_complain(0, "no random bytes for the event's id: %s; give --id", strerror(errno));
    gl_hex(bytes, sizeof bytes, hex);
    snprintf(id, 64, "cli-%s", hex);
    return true;
}

static int send_one(sending *s, const gl_event_words *given)
{
    char id[64], at[GL_TIME_TEXT_BYTES + 1];
    gl_event_words words = *given;
    gl_buf body = {0};
    gl_err err = {0};
    int code = GL_EXIT_OK;
    if (words.event_id[0] == '\0' && !make_id(id))
        return GL_EXIT_UNAVAILABLE;
    if (words.event_id[0] == '\0')
        words.event_id = id;
    if (words.occurred_at[0] == '\0') {
        gl_str now = gl_time_format(gl_wall_us(), at);
        at[now.len] = '\0';
        words.occurred_at = at;
    }
    if (gl_event_json_of(&body, &words, &err))
        send_part(s, "application/json", gl_buf_view(&body), &code);
    else
        code = gl_complain(GL_EXIT_USAGE, "%s", err.message);
    gl_buf_free(&body);
    return code;
}

/* What the arguments are: [MRN] TYPE [CODE]. false: too few or too many. */
static bool take_arguments(gl_event_words *words, int count, char **argv)
{
    int at = 1;
    if (words->lrn[0] == '\0') {
        if (count < 1)
            return false;
        words->mrn = argv[at++];
    }
    if (at > count || count - at > 1)
        return false;
    words->type = argv[at++];
    words->code = at <= count ? argv[at] : "";
    return true;
}

static int run_event(int argc, char **argv)
{
    const char *url = gl_env("INGEST_URL", "http://127.0.0.1:8080"), *account = "", *file = "";
    gl_option_list details = {0};
    gl_event_words words = {.event_id = "",
                            .occurred_at = "",
                            .mrn = "",
                            .lrn = "",
                            .family = "import",
                            .submitter = "",
                            .actor = "",
                            .text = "",
                            .details = &details};
    sending s = {.patience_ms = 5000};
    const gl_option options[] = {
        {"actor", GL_OPTION_TEXT, &words.actor, "Who did it; an officer's action needs it."},
        {"text", GL_OPTION_TEXT, &words.text, "In words."},
        {"detail", GL_OPTION_LIST, &details, "name=value; may be given several times. reroute: lane=RED."},
        {"at", GL_OPTION_TEXT, &words.occurred_at, "When, RFC 3339 (default: now)."},
        {"id", GL_OPTION_TEXT, &words.event_id, "The event's id (default: a new one)."},
        {"lrn", GL_OPTION_TEXT, &words.lrn, "Name the declaration by LRN instead of MRN."},
        {"family", GL_OPTION_TEXT, &words.family, "With --lrn: import (default), export or entry-summary."},
        {"submitter", GL_OPTION_TEXT, &words.submitter, "With --lrn: whose it is; officers only."},
        {"file", GL_OPTION_TEXT, &file, "Send the events of a file: JSON or NDJSON, \"-\" for standard input."},
        {"account", GL_OPTION_TEXT, &account, "Send as this account."},
        {"url", GL_OPTION_TEXT, &url, "Where ingest listens (default $INGEST_URL)."},
        {"patience", GL_OPTION_INT, &s.patience_ms, "How long to try again while ingest is away, in ms (5000)."},
        {"json", GL_OPTION_FLAG, &s.json, "The answers as JSON."},
    };
    int count = gl_options_parse(&gl_command_event, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (file[0] != '\0' ? count > 0 : !take_arguments(&words, count, argv))
        return gl_complain(GL_EXIT_USAGE, "give MRN TYPE [CODE], or --lrn LRN and TYPE [CODE], or --file FILE");
    s.client = gl_client_new(url, account);
    int code = file[0] != '\0' ? send_file(&s, file) : send_one(&s, &words);
    gl_client_destroy(s.client);
    return code == GL_EXIT_OK && s.rejected > 0 ? GL_EXIT_REFUSED : code;
}

const gl_command gl_command_event = {
    "event", "tell what happened to a declaration", "MRN TYPE [CODE] | --lrn LRN TYPE [CODE] | --file FILE",
    "Sends an event: inspection-result (A1, A2, B1), officer-action (release, refuse, hold, reroute), signal, "
    "arrival,\n"
    "document, cancellation. Inspection results and officers' actions need an officer's account.\n\n"
    "  greenlane event 26BE1234567890ABR5 inspection-result A1 --account customs\n"
    "  greenlane event 26BE1234567890ABR5 officer-action reroute --actor \"officer 7\" --detail lane=RED --account "
    "customs\n"
    "  greenlane event --lrn GL00001-0000000042 cancellation --text \"sent twice\"\n"
    "  greenlane event --file events.ndjson",
    run_event};
