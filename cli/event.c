/* greenlane event: what happened to a declaration, one event from the command line or many from a file.
 *
 * How they get there: event_send.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/event_json.h"
#include "cli/event_send.h"
#include "ingest/formats/pack/message.h"

enum { FILE_LIMIT_BYTES = 1 << 30 };

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

static void send_message(gl_event_sending *s, gl_format format, gl_str rest, int *code)
{
    if (format == GL_FORMAT_NDJSON)
        gl_event_send_lines(s, rest, code);
    else
        gl_event_send_part(s, "application/json", rest, code);
}

static int send_file(gl_event_sending *s, const char *path)
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

static int send_one(gl_event_sending *s, const gl_event_words *given)
{
    gl_event_stamp stamp;
    gl_event_words words = *given;
    gl_buf body = {0};
    gl_err err = {0};
    int code = GL_EXIT_OK;
    if (!gl_event_complete(&words, &stamp))
        return GL_EXIT_UNAVAILABLE;
    if (gl_event_json_of(&body, &words, &err))
        gl_event_send_part(s, "application/json", gl_buf_view(&body), &code);
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
    gl_event_sending s = {.patience_ms = 5000};
    const gl_option options[] = {
        {"actor", GL_OPTION_TEXT, &words.actor, "Who did it; an officer's action needs it."},
        {"text", GL_OPTION_TEXT, &words.text, "In words."},
        {"detail", GL_OPTION_LIST, &details,
         "name=value; may be given several times. reroute: lane=RED. What was found of a code: found.2=640419, "
         "found=as-declared."},
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
