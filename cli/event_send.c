/* See event_send.h. */
#include "cli/event_send.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "customs/ids.h"
#include "io/json.h"

enum { PART_LINES = 2000, PART_BYTES = 8 * 1024 * 1024, SHOWN_REJECTIONS = 20, ID_BYTES = 12, ANSWER_NODES = 1 << 20 };

static void show_result(gl_event_sending *s, const gl_json *result, int64_t position)
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

bool gl_event_send_part(gl_event_sending *s, const char *content_type, gl_str body, int *code)
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

bool gl_event_send_lines(gl_event_sending *s, gl_str lines, int *code)
{
    while (lines.len > 0) {
        gl_str part = take_lines(&lines);
        if (gl_str_trim(part).len > 0 && !gl_event_send_part(s, "application/x-ndjson", part, code))
            return false;
    }
    return true;
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

bool gl_event_complete(gl_event_words *words, gl_event_stamp *stamp)
{
    if (words->event_id[0] == '\0') {
        if (!make_id(stamp->id))
            return false;
        words->event_id = stamp->id;
    }
    if (words->occurred_at[0] == '\0') {
        gl_str now = gl_time_format(gl_wall_us(), stamp->at);
        stamp->at[now.len] = '\0';
        words->occurred_at = stamp->at;
    }
    return true;
}
