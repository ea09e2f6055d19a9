/* greenlane top: the stages live in the terminal, from the daemons' own metrics. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "cli/board.h"
#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/scrape.h"
#include "cli/screen.h"
#include "io/http.h"

enum { ANSWER_MS = 1000, SECOND_MS = 1000 };

typedef struct top {
    gl_arena *names;     /* addresses and URLs */
    gl_arena *arenas[2]; /* of the readings, in turns */
    int turn;
    gl_board_instance instances[GL_BOARD_INSTANCES];
    gl_scrape scrapes[GL_BOARD_INSTANCES];
    size_t count;
} top;

/* -- Whom to ask
 * ---------------------------------------------------------------------------------------------------------- */

/* "127.0.0.1:9101", with "decide=" before it where the daemon may be down, with or without http:// and a path. */
static bool add_address(top *t, gl_str text, int stage, gl_err *err)
{
    text = gl_str_trim(text);
    const char *equals = text.len == 0 ? NULL : memchr(text.ptr, '=', text.len);
    if (equals != NULL) {
        gl_str name = {text.ptr, (size_t)(equals - text.ptr)};
        stage = gl_board_stage(name);
        if (stage < 0)
            return gl_fail(err, GL_FATAL, "address", "\"%.*s\" is no stage", GL_STR_ARG(name));
        text = (gl_str){equals + 1, text.len - name.len - 1};
    }
    while (text.len > 0 && text.ptr[text.len - 1] == '/')
        text.len--;
    if (text.len == 0)
        return gl_fail(err, GL_FATAL, "address", "an address is empty");
    if (t->count == GL_BOARD_INSTANCES)
        return gl_fail(err, GL_FATAL, "address", "more than %d addresses", GL_BOARD_INSTANCES);
    bool https = gl_str_starts(text, GL_STR("https://"));
    gl_str scheme = https ? GL_STR("https://") : GL_STR("http://");
    if (gl_str_starts(text, scheme))
        text = (gl_str){text.ptr + scheme.len, text.len - scheme.len};
    const char *address = gl_arena_strndup(t->names, text.ptr, text.len);
    t->instances[t->count] = (gl_board_instance){.address = address, .stage = stage, .failure = "not asked yet"};
    t->scrapes[t->count].url = gl_arena_printf(t->names, "%.*s%s/metrics", GL_STR_ARG(scheme), address);
    t->count++;
    return true;
}

/* Several, with commas or spaces between them. */
static bool add_addresses(top *t, const char *list, int stage, gl_err *err)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ", ");
        if (len > 0 && !add_address(t, (gl_str){list, len}, stage, err))
            return false;
        list += len;
        list += strspn(list, ", ");
    }
    return true;
}

/* Where the daemon of this file listens; on all addresses means here, too. */
static bool add_config(top *t, const char *path, gl_err *err)
{
    const char *name = NULL;
    gl_conf *conf = gl_cluster_conf(path, &name, err);
    if (conf == NULL)
        return false;
    const char *listen = gl_cluster_admin_listen(conf), *colon = strrchr(listen, ':');
    char address[256];
    bool everywhere =
        strncmp(listen, "*:", 2) == 0 || strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;
    snprintf(address, sizeof address, "%s%s", everywhere ? "127.0.0.1" : "", everywhere ? colon : listen);
    bool free_port = colon == NULL || strcmp(colon, ":0") == 0;
    gl_conf_destroy(conf);
    if (free_port)
        return gl_fail(err, GL_FATAL, "address", "%s: admin.listen has no port of its own; say where with --admin",
                       path);
    return add_address(t, gl_str_of(address), name == NULL ? -1 : gl_board_stage(gl_str_of(name)), err);
}

/* What is said by option counts; else the environment. */
static bool find_addresses(top *t, const gl_option_list *admin, const gl_option_list *configs, gl_err *err)
{
    static const char *const variables[GL_BOARD_STAGES] = {"INGEST_ADMIN_URL", "CLASSIFY_ADMIN_URL", "RISK_ADMIN_URL",
                                                           "DECIDE_ADMIN_URL"};
    for (size_t i = 0; i < admin->count; i++)
        if (!add_addresses(t, admin->at[i], -1, err))
            return false;
    for (size_t i = 0; i < configs->count; i++)
        if (!add_config(t, configs->at[i], err))
            return false;
    for (int stage = 0; stage < GL_BOARD_STAGES && admin->count + configs->count == 0; stage++)
        if (!add_addresses(t, gl_env(variables[stage], ""), stage, err))
            return false;
    return t->count > 0 ||
           gl_fail(err, GL_FATAL, "address",
                   "where do the daemons listen? --admin HOST:PORT, --config FILE, or INGEST_ADMIN_URL, "
                   "CLASSIFY_ADMIN_URL, RISK_ADMIN_URL, DECIDE_ADMIN_URL");
}

/* -- Pictures
 * ------------------------------------------------------------------------------------------------------------- */

/* Rates need two readings in a row. */
static void read_all(top *t)
{
    gl_arena *fresh = t->arenas[t->turn];
    t->turn = 1 - t->turn;
    gl_arena_reset(fresh);
    gl_scrape_all(t->scrapes, t->count, ANSWER_MS, fresh);
    for (size_t i = 0; i < t->count; i++) {
        gl_board_instance *at = &t->instances[i];
        const gl_scrape *scrape = &t->scrapes[i];
        at->before = at->now;
        at->before_us = at->failure == NULL && scrape->good ? at->now_us : 0;
        at->now = scrape->samples;
        at->now_us = scrape->at_us;
        at->failure = scrape->good ? NULL : scrape->failure;
        gl_board_note(at);
    }
}

static void show(const top *t, int64_t interval_ms)
{
    gl_screen_size size = gl_screen_size_now();
    gl_board_look look = {.width = size.width,
                          .height = size.height,
                          .colour = gl_screen_has_colour(),
                          .wall_us = gl_wall_us(),
                          .interval_ms = interval_ms};
    gl_buf picture = {0};
    gl_board_draw(&picture, t->instances, t->count, &look);
    gl_screen_show(&picture);
    gl_buf_free(&picture);
}

static int answering(const top *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->instances[i].failure == NULL)
            return GL_EXIT_OK;
    return GL_EXIT_UNAVAILABLE;
}

static int once(top *t, int64_t interval_ms)
{
    read_all(t);
    if (answering(t) == GL_EXIT_OK && gl_screen_wait(interval_ms))
        read_all(t);
    show(t, 0);
    return answering(t);
}

static int live(top *t, int64_t interval_ms)
{
    bool over = gl_screen_open();
    read_all(t);
    for (int64_t next_us = gl_mono_us() + interval_ms * 1000;; next_us += interval_ms * 1000) {
        show(t, interval_ms);
        for (int64_t left_us; (left_us = next_us - gl_mono_us()) > 0;) {
            if (!gl_screen_wait((left_us + 999) / 1000)) {
                gl_screen_close();
                return GL_EXIT_OK;
            }
            if (over && next_us > gl_mono_us()) /* another size */
                show(t, interval_ms);
        }
        next_us = next_us + interval_ms * 1000 < gl_mono_us() ? gl_mono_us() : next_us; /* it was stopped for a while */
        read_all(t);
    }
}

static int run_top(int argc, char **argv)
{
    gl_option_list admin = {.count = 0}, configs = {.count = 0};
    bool only_once = false;
    double seconds = 2;
    const gl_option options[] = {
        {"admin", GL_OPTION_LIST, &admin,
         "Where daemons listen (admin.listen), as [STAGE=]HOST:PORT; several times, or with commas."},
        {"config", GL_OPTION_LIST, &configs, "A daemon's file, for its admin.listen; several times."},
        {"interval", GL_OPTION_SECONDS, &seconds, "Seconds between pictures; default 2."},
        {"once", GL_OPTION_FLAG, &only_once, "One picture, of what happens in one interval from now."}};
    int count = gl_options_parse(&gl_command_top, options, sizeof options / sizeof options[0], argc, argv);
    if (count != 0)
        return count < 0 ? GL_EXIT_USAGE : gl_complain(GL_EXIT_USAGE, "top takes no arguments, only options");
    int64_t interval_ms = (int64_t)(seconds * SECOND_MS);
    if (interval_ms < 100 || interval_ms > 3600 * SECOND_MS)
        return gl_complain(GL_EXIT_USAGE, "--interval: from 0.1 to 3600 seconds");
    top t = {.names = gl_arena_new(0), .arenas = {gl_arena_new(0), gl_arena_new(0)}};
    gl_err err = {0};
    int code = !find_addresses(&t, &admin, &configs, &err) ? gl_complain(GL_EXIT_USAGE, "%s", err.message)
               : only_once                                 ? once(&t, interval_ms)
                                                           : live(&t, interval_ms);
    gl_arena_destroy(t.names);
    gl_arena_destroy(t.arenas[0]);
    gl_arena_destroy(t.arenas[1]);
    return code;
}

const gl_command gl_command_top = {
    "top", "the stages live: rate, lag, latency, errors", "[--admin HOST:PORT]... [--config FILE]... [--once]",
    "Shows what the stages do, read from each daemon's /metrics every few seconds: instances that answer, records a\n"
    "second, how far behind, time of a batch, dead letters, batches tried again and transactions aborted since the\n"
    "start, how long a declaration takes from acceptance to decision; below that what is noteworthy, ! where it "
    "happens\n"
    "now, - where it happened since the daemon started; then each instance. q quits.\n\n"
    "  greenlane top                                     # after `. run/env`\n"
    "  greenlane top --admin decide=10.0.0.4:9100,decide=10.0.0.5:9100 --once",
    run_top};
