/* greenlane status: one declaration's timeline and reasons. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/client.h"
#include "cli/command.h"
#include "io/json.h"

static void show_text(const char *label, gl_str text)
{
    if (text.len > 0)
        printf("%-12s%.*s\n", label, GL_STR_ARG(text));
}

static void show_hold(const gl_json *hold)
{
    if (hold == NULL || hold->type != GL_JSON_OBJECT)
        return;
    printf("\nHeld: %.*s\n", GL_STR_ARG(gl_json_text(hold, "text")));
    show_text("  where", gl_json_text(hold, "place"));
    show_text("  until", gl_json_text(hold, "until"));
    const gl_json *required = gl_json_get(hold, "required");
    for (size_t i = 0; required != NULL && i < required->count; i++)
        printf("  send        %.*s\n", GL_STR_ARG(required->items[i]->text));
}

static void show_lists(const gl_json *view)
{
    const gl_json *reasons = gl_json_get(view, "reasons");
    if (reasons != NULL && reasons->count > 0)
        puts("\nWhy");
    for (size_t i = 0; reasons != NULL && i < reasons->count; i++)
        printf("  - %.*s (%.*s)\n", GL_STR_ARG(gl_json_text(reasons->items[i], "text")),
               GL_STR_ARG(gl_json_text(reasons->items[i], "code")));
    const gl_json *timeline = gl_json_get(view, "timeline");
    if (timeline != NULL && timeline->count > 0)
        puts("\nTimeline");
    for (size_t i = 0; timeline != NULL && i < timeline->count; i++)
        printf("  %.*s  %.*s\n", GL_STR_ARG(gl_json_text(timeline->items[i], "at")),
               GL_STR_ARG(gl_json_text(timeline->items[i], "event")));
}

static void show_view(const gl_json *view)
{
    int64_t version = 0;
    gl_json_int(view, "version", &version);
    show_text("MRN", gl_json_text(view, "mrn"));
    show_text("LRN", gl_json_text(view, "lrn"));
    show_text("account", gl_json_text(view, "submitter"));
    show_text("outcome", gl_json_text(view, "outcome"));
    show_text("lane", gl_json_text(view, "lane"));
    if (version > 0)
        printf("%-12s%lld\n", "decision", (long long)version);
    show_hold(gl_json_get(view, "hold"));
    show_lists(view);
}

static int show_answer(const gl_buf *reply, int status, bool json)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    int code = GL_EXIT_OK;
    gl_json *answer = gl_json_parse(arena, gl_buf_view(reply), GL_CLIENT_LIMIT_BYTES, 10000, &err);
    if (answer == NULL)
        code = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    else if (status == 200 && json)
        printf("%.*s\n", GL_STR_ARG(gl_str_trim(gl_buf_view(reply))));
    else if (status == 200)
        show_view(answer);
    else
        code = gl_complain(status >= 500 ? GL_EXIT_UNAVAILABLE : GL_EXIT_REFUSED, "%.*s (%.*s)",
                           GL_STR_ARG(gl_json_text(answer, "detail")), GL_STR_ARG(gl_json_text(answer, "code")));
    gl_arena_destroy(arena);
    return code;
}

static int run_status(int argc, char **argv)
{
    const char *url = gl_env("INGEST_URL", "http://127.0.0.1:8080"), *account = "", *lrn = "", *family = "import";
    int64_t patience_ms = 5000;
    bool json = false;
    const gl_option options[] = {
        {"lrn", GL_OPTION_TEXT, &lrn, "Ask by LRN instead of MRN."},
        {"family", GL_OPTION_TEXT, &family, "With --lrn: import (default), export or entry-summary."},
        {"account", GL_OPTION_TEXT, &account, "Ask as this account."},
        {"url", GL_OPTION_TEXT, &url, "Where ingest listens (default $INGEST_URL)."},
        {"patience", GL_OPTION_INT, &patience_ms, "How long to wait while the view is rebuilt, in ms (default 5000)."},
        {"json", GL_OPTION_FLAG, &json, "The view as JSON."},
    };
    int count = gl_options_parse(&gl_command_status, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if ((count == 1) == (lrn[0] != '\0'))
        return gl_complain(GL_EXIT_USAGE, "status of what? Give one MRN, or --lrn");
    if (strcmp(family, "import") != 0 && strcmp(family, "export") != 0 && strcmp(family, "entry-summary") != 0)
        return gl_complain(GL_EXIT_USAGE, "--family: \"%s\" is not import, export or entry-summary", family);
    gl_buf path = {0}, reply = {0};
    if (count == 1) {
        gl_buf_text(&path, "/v1/declarations/");
        gl_client_escape(&path, gl_str_of(argv[1]));
    } else {
        gl_buf_text(&path, "/v1/declarations?lrn=");
        gl_client_escape(&path, gl_str_of(lrn));
        gl_buf_text(&path, "&family=");
        gl_client_escape(&path, gl_str_of(family));
    }
    gl_buf_byte(&path, '\0');
    int status = 0;
    gl_err err = {0};
    int code;
    gl_client *client = gl_client_new(url, account);
    if (gl_client_call(client, (const char *)path.data, NULL, (gl_str){NULL, 0}, patience_ms, &status, &reply, &err))
        code = show_answer(&reply, status, json);
    else
        code = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_client_destroy(client);
    gl_buf_free(&path);
    gl_buf_free(&reply);
    return code;
}

const gl_command gl_command_status = {
    "status", "show where a declaration stands", "MRN | --lrn LRN",
    "Shows a declaration's outcome, lane, what is held and until when, and its timeline. Why it was selected, and the\n"
    "score, are shown to officers only (--account of one).\n\n"
    "  greenlane status 26BE000S7R4WUZABR6\n  greenlane status --lrn GL00001-0000000042",
    run_status};
