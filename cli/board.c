/* See board.h. Three parts under one another: the stages, what is noteworthy ("!" now, "-" since a process started),
 * the instances. */
#include "cli/board.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/command.h"

const char *const gl_board_stages[GL_BOARD_STAGES + 1] = {"ingest", "classify", "risk", "decide", NULL};

enum { CELL_BYTES = 48, WIDE = 100, WIDEST = 119, STUCK_SECONDS = 10 };

typedef enum style { PLAIN, BOLD, ALARM } style;

typedef struct board {
    gl_buf *out;
    gl_buf line; /* being written */
    const gl_board_instance *instances;
    size_t count;
    const gl_board_look *look;
    int lines, left_out;
} board;

int gl_board_stage(gl_str name)
{
    for (int i = 0; i < GL_BOARD_STAGES; i++)
        if (gl_str_eqz(name, gl_board_stages[i]))
            return i;
    return -1;
}

/* -- Lines and cells
 * ------------------------------------------------------------------------------------------------------ */

/* Ends the line: cut to the width, without what a terminal might take for a command. */
static void flush_line(board *b, style how)
{
    static const char *const on[] = {"", "\033[1m", "\033[1;31m"};
    const gl_board_look *look = b->look;
    size_t width = (size_t)look->width, len = b->line.len < width ? b->line.len : width;
    while (len > 0 && b->line.data[len - 1] == ' ')
        len--;
    if (look->height > 0 && b->lines >= look->height - 1) {
        b->left_out++;
        b->line.len = 0;
        return;
    }
    bool coloured = look->colour && how != PLAIN;
    if (coloured)
        gl_buf_text(b->out, on[how]);
    for (size_t i = 0; i < len; i++) {
        uint8_t c = b->line.data[i];
        gl_buf_byte(b->out, c >= 0x20 && c < 0x7f ? c : '?');
    }
    gl_buf_text(b->out, coloured ? "\033[0m\n" : "\n");
    b->line.len = 0;
    b->lines++;
}

static void left(board *b, int width, gl_str text)
{
    size_t start = b->line.len;
    gl_buf_str(&b->line, text);
    while (b->line.len < start + (size_t)width)
        gl_buf_byte(&b->line, ' ');
    if (b->line.len > start + (size_t)width) {
        b->line.len = start + (size_t)width;
        b->line.data[b->line.len - 1] = ' ';
    }
}

static void right(board *b, int width, const char *text)
{
    gl_buf_printf(&b->line, "%*s", width, text);
}

/* 1,204 or 1.2; "-" for what is not known (negative). */
static const char *number(double value, char text[CELL_BYTES])
{
    if (!(value >= 0) || value > 1e15)
        return "-";
    if (value > 0 && value < 9.95)
        snprintf(text, CELL_BYTES, "%.1f", value);
    else
        gl_thousands((int64_t)(value + 0.5), text);
    return text;
}

static void right_number(board *b, int width, double value)
{
    char text[CELL_BYTES];
    right(b, width, number(value, text));
}

static void right_whole(board *b, int width, double value)
{
    char text[CELL_BYTES];
    right(b, width, value < 0 || value > 1e15 ? "-" : gl_thousands((int64_t)(value + 0.5), text));
}

static const char *duration(double seconds, char text[CELL_BYTES])
{
    int64_t s = (int64_t)seconds;
    if (s < 0)
        return "-";
    if (s < 120)
        snprintf(text, CELL_BYTES, "%d s", (int)s);
    else if (s < 7200)
        snprintf(text, CELL_BYTES, "%d m", (int)(s / 60));
    else if (s < 172800)
        snprintf(text, CELL_BYTES, "%d h", (int)(s / 3600));
    else
        snprintf(text, CELL_BYTES, "%d d", (int)(s / 86400 < 99999 ? s / 86400 : 99999));
    return text;
}

/* 8.5 ms, 350 ms, 3.8 s, 12 m. */
static const char *span(double seconds, char text[CELL_BYTES])
{
    if (seconds < 0 || seconds >= 99.5)
        return duration(seconds, text);
    if (seconds < 0.9995)
        snprintf(text, CELL_BYTES, "%.*f ms", seconds < 0.00995, seconds * 1000);
    else
        snprintf(text, CELL_BYTES, "%.1f s", seconds);
    return text;
}

/* -- What an instance says
 * ------------------------------------------------------------------------------------------------ */

static bool is_up(const gl_board_instance *i)
{
    return i->failure == NULL;
}

static bool has_earlier(const gl_board_instance *i)
{
    return is_up(i) && i->before_us > 0 && i->now_us > i->before_us;
}

static double seconds_between(const gl_board_instance *i)
{
    return (double)(i->now_us - i->before_us) / 1e6;
}

/* How much a counter grew between the readings; -1: not known. */
static double growth(const gl_board_instance *i, const char *counter, const char *label, const char *value)
{
    if (!has_earlier(i))
        return -1;
    double grown =
        gl_exposition_sum(&i->now, counter, label, value) - gl_exposition_sum(&i->before, counter, label, value);
    return grown > 0 ? grown : 0;
}

static double rate(const gl_board_instance *i, const char *counter)
{
    double grown = growth(i, counter, NULL, NULL);
    return grown < 0 ? -1 : grown / seconds_between(i);
}

/* Declarations and events that an intake answered, or records that a stage took in, a second. */
static double work_rate(const gl_board_instance *i)
{
    if (i->stage != 0)
        return rate(i, "gl_records_consumed_total");
    double declarations = rate(i, "gl_intake_declarations_total");
    return declarations < 0 ? -1 : declarations + rate(i, "gl_intake_events_total");
}

static double gauge(const gl_board_instance *i, const char *name)
{
    return gl_exposition_sum(&i->now, name, NULL, NULL);
}

/* -1 where the daemon has no such series. */
static double gauge_or_none(const gl_board_instance *i, const char *name)
{
    for (size_t s = 0; s < i->now.count; s++)
        if (gl_str_eqz(i->now.at[s].name, name))
            return gauge(i, name);
    return -1;
}

void gl_board_note(gl_board_instance *instance)
{
    if (instance->failure != NULL)
        return;
    int stage = gl_board_stage(gl_exposition_text(&instance->now, "gl_build_info", "stage"));
    if (stage >= 0)
        instance->stage = stage;
    static const char started[] = "process_start_time_seconds";
    double change = gl_exposition_sum(&instance->now, started, NULL, NULL) -
                    gl_exposition_sum(&instance->before, started, NULL, NULL);
    if (fabs(change) > 0.5)
        instance->before_us = 0;
}

/* -- The stages
 * ----------------------------------------------------------------------------------------------------------- */

typedef struct stage_sum {
    int known, up;
    bool earlier, has_lag; /* of one instance at least */
    double rate, cpu, memory, lag, lag_seconds, dead, retries, aborts;
    gl_histogram seconds;
} stage_sum;

static void add_growth(gl_histogram *h, const gl_board_instance *i, const char *name, const char *label,
                       const char *value)
{
    if (!has_earlier(i))
        return;
    gl_histogram_add(h, &i->now, name, label, value, 1);
    gl_histogram_add(h, &i->before, name, label, value, -1);
}

static void add_instance(stage_sum *sum, const gl_board_instance *i)
{
    sum->known++;
    if (!is_up(i))
        return;
    sum->up++;
    sum->memory += gauge(i, "process_resident_memory_bytes");
    double lag = gauge_or_none(i, "gl_consumer_lag_records");
    sum->has_lag = sum->has_lag || lag >= 0;
    sum->lag += lag > 0 ? lag : 0;
    double lag_seconds = gl_exposition_max(&i->now, "gl_consumer_lag_seconds");
    sum->lag_seconds = lag_seconds > sum->lag_seconds ? lag_seconds : sum->lag_seconds;
    sum->dead += gauge(i, "gl_records_dead_lettered_total");
    sum->retries += gauge(i, "gl_batch_retries_total");
    sum->aborts += gauge(i, "gl_txn_aborts_total");
    if (!has_earlier(i))
        return;
    sum->earlier = true;
    sum->rate += work_rate(i);
    sum->cpu += rate(i, "process_cpu_seconds_total") * 100;
    add_growth(&sum->seconds, i, "gl_batch_seconds", NULL, NULL);
}

static void draw_stage(board *b, int stage)
{
    stage_sum sum = {0};
    char up[CELL_BYTES];
    for (size_t i = 0; i < b->count; i++)
        if (b->instances[i].stage == stage)
            add_instance(&sum, &b->instances[i]);
    bool any = sum.up > 0;
    double p50 = gl_histogram_quantile(&sum.seconds, 0.5), p99 = gl_histogram_quantile(&sum.seconds, 0.99);
    snprintf(up, sizeof up, "%d/%d", sum.up, sum.known);
    left(b, 9, gl_str_of(gl_board_stages[stage]));
    right(b, 5, up);
    right_number(b, 10, sum.earlier ? sum.rate : -1);
    right_whole(b, 11, sum.has_lag ? sum.lag : -1);
    right_number(b, 8, sum.has_lag ? sum.lag_seconds : -1);
    right_number(b, 8, p50 < 0 ? -1 : p50 * 1000);
    right_number(b, 8, p99 < 0 ? -1 : p99 * 1000);
    right_whole(b, 7, any ? sum.dead : -1);
    right_whole(b, 7, any ? sum.retries : -1);
    right_whole(b, 6, any ? sum.aborts : -1);
    if (b->look->width >= WIDE) {
        right_whole(b, 8, sum.earlier ? sum.cpu : -1);
        right_whole(b, 8, any ? sum.memory / 1e6 : -1);
    }
    flush_line(b, sum.up < sum.known || sum.known == 0 ? ALARM : PLAIN);
}

static void draw_stages(board *b)
{
    gl_buf_text(&b->line, "STAGE       UP    RATE/S        LAG   LAG S  P50 MS  P99 MS   DEAD  RETRY ABORT");
    if (b->look->width >= WIDE)
        gl_buf_text(&b->line, "   CPU %  MEM MB");
    flush_line(b, BOLD);
    for (int stage = 0; stage < GL_BOARD_STAGES; stage++)
        draw_stage(b, stage);
    flush_line(b, PLAIN);
}

/* -- From acceptance to decision
 * ------------------------------------------------------------------------------------------ */

static void draw_quantiles(board *b, const char *what, const char *histogram, const char *label, const char *value)
{
    gl_histogram h = {0};
    char p50[CELL_BYTES], p99[CELL_BYTES], count[CELL_BYTES];
    for (size_t i = 0; i < b->count; i++)
        add_growth(&h, &b->instances[i], histogram, label, value);
    gl_buf_printf(&b->line, "%-22sp50 %-9sp99 %-9s(of %s since the last picture)", what,
                  span(gl_histogram_quantile(&h, 0.5), p50), span(gl_histogram_quantile(&h, 0.99), p99),
                  gl_thousands((int64_t)gl_histogram_total(&h), count));
    flush_line(b, PLAIN);
}

static double grown_of(const board *b, const char *counter, const char *label, const char *value)
{
    double sum = 0;
    for (size_t i = 0; i < b->count; i++) {
        double grown = growth(&b->instances[i], counter, label, value);
        sum += grown > 0 ? grown : 0;
    }
    return sum;
}

/* What there was none of is left out. */
static void draw_shares(board *b, const char *what, const char *counter, const char *label, const char *const *values)
{
    double total = grown_of(b, counter, NULL, NULL);
    if (!(total > 0))
        return;
    gl_buf_printf(&b->line, "%-22s", what);
    for (size_t i = 0; values[i] != NULL; i++) {
        double grown = grown_of(b, counter, label, values[i]);
        if (grown > 0)
            gl_buf_printf(&b->line, "%s %.1f %%   ", values[i], 100 * grown / total);
    }
    flush_line(b, PLAIN);
}

static void draw_flow(board *b)
{
    static const char *const results[] = {"accepted", "pending", "duplicate", "rejected", NULL};
    static const char *const statuses[] = {"CLASSIFIED", "ABSTAINED", "VAGUE", "NO_DESCRIPTION", NULL};
    static const char *const lanes[] = {"GREEN", "BLUE", "YELLOW", "RED", NULL};
    static const char *const outcomes[] = {"RELEASED", "HELD", "REFUSED", NULL};
    draw_quantiles(b, "request to answer", "gl_http_seconds", "route", "/v1/declarations");
    draw_quantiles(b, "accepted to decided", "gl_decision_latency_seconds", NULL, NULL);
    draw_shares(b, "intake", "gl_intake_declarations_total", "result", results);
    draw_shares(b, "items classified", "gl_classify_items_total", "status", statuses);
    draw_shares(b, "lanes", "gl_decisions_total", "lane", lanes);
    draw_shares(b, "outcomes", "gl_decisions_total", "outcome", outcomes);
    flush_line(b, PLAIN);
}

/* -- What is noteworthy
 * --------------------------------------------------------------------------------------------------- */

typedef enum trigger { WHEN_ZERO, WHEN_SET, WHEN_LONG, COUNTED } trigger;

typedef struct rule {
    const char *metric;
    trigger trigger;
    const char *label;  /* COUNTED: broken down by its values; NULL: none */
    const char *starts; /* COUNTED: only of label values that begin so; "" all */
    const char *unless; /* COUNTED: not of this label value; NULL: none */
    const char *text;
} rule;

static const rule RULES[] = {
    {"gl_ready", WHEN_ZERO, NULL, "", NULL, "is not ready: /readyz says why"},
    {"gl_paused", WHEN_SET, NULL, "", NULL, "is paused; SIGUSR2 lets it go on"},
    {"gl_worker_silent_seconds", WHEN_LONG, NULL, "", NULL, "has a worker that does not get on"},
    {"gl_config_last_reload_successful", WHEN_ZERO, NULL, "", NULL,
     "runs with its old configuration: the last reload was refused"},
    {"gl_timers_suspended", WHEN_SET, NULL, "", NULL, "keeps time limits back: the wall clock jumped"},
    {"gl_registry_up", WHEN_ZERO, NULL, "", NULL, "goes on without the schema registry, which does not answer"},
    {"gl_registry_changed", WHEN_SET, NULL, "", NULL, "finds that the schema registry lost or renumbered schemas"},
    {"gl_intake_refusals_total", COUNTED, "code", "", NULL, "requests not admitted"},
    {"gl_intake_errors_total", COUNTED, "code", "", NULL, "errors in what was rejected"},
    {"gl_records_lost_total", COUNTED, "topic", "", NULL, "records deleted by retention, never processed"},
    {"gl_records_dead_lettered_total", COUNTED, "code", "", NULL, "dead letters"},
    {"gl_technical_holds_total", COUNTED, NULL, "", NULL, "technical holds"},
    {"gl_decisions_degraded_total", COUNTED, NULL, "", NULL, "degraded decisions"},
    {"gl_workers_recreated_total", COUNTED, NULL, "", NULL, "workers started again (fenced, or clients failed)"},
    {"gl_txn_aborts_total", COUNTED, "reason", "", NULL, "transactions aborted"},
    {"gl_batch_retries_total", COUNTED, NULL, "", NULL, "batches tried again"},
    {"gl_rebalances_total", COUNTED, "kind", "", "assign", "rebalances"},
    {"gl_kv_requests_total", COUNTED, "result", "", "ok", "calls to Redis failed"},
    {"gl_schema_dropped_values_total", COUNTED, NULL, "", NULL, "values lost what a newer schema has more"},
    {"gl_view_rebuilt_entries_total", COUNTED, NULL, "", NULL, "status views were lost and written again"},
    {"gl_http_requests_total", COUNTED, "status", "5", NULL, "requests answered with an error of ours"},
};

/* The series' growth; what is counted is broken down into b->line behind ": ". Returns the sum. */
static double count_up(board *b, const gl_board_instance *i, const rule *r, bool since_start)
{
    double sum = 0;
    const char *between = ": ";
    for (size_t s = 0; s < i->now.count; s++) {
        const gl_sample *sample = &i->now.at[s];
        if (!gl_str_eqz(sample->name, r->metric))
            continue;
        gl_str value = r->label == NULL ? GL_STR("") : gl_sample_label_of(sample, r->label);
        char text[CELL_BYTES], name[CELL_BYTES];
        snprintf(name, sizeof name, "%.*s", GL_STR_ARG(value));
        if (!gl_str_starts(value, gl_str_of(r->starts)) || (r->unless != NULL && gl_str_eqz(value, r->unless)))
            continue;
        double amount = since_start ? sample->value : growth(i, r->metric, r->label, r->label == NULL ? NULL : name);
        if (!(amount > 0))
            continue;
        sum += amount;
        if (r->label != NULL) {
            gl_buf_printf(&b->line, "%s%s %s", between, name, gl_thousands((int64_t)amount, text));
            between = ", ";
        }
    }
    return sum;
}

static void who(board *b, const gl_board_instance *i, bool now)
{
    gl_buf_printf(&b->line, "%s %s %s: ", now ? "!" : "-", i->stage < 0 ? "?" : gl_board_stages[i->stage], i->address);
}

static void draw_counted(board *b, const gl_board_instance *i, const rule *r)
{
    char text[CELL_BYTES];
    bool now = true;
    double sum = count_up(b, i, r, false);
    if (!(sum > 0)) {
        now = false;
        b->line.len = 0;
        sum = count_up(b, i, r, true);
    }
    if (!(sum > 0))
        return;
    gl_buf detail = b->line;
    b->line = (gl_buf){0};
    who(b, i, now);
    gl_buf_printf(&b->line, "%s %s", gl_thousands((int64_t)sum, text), r->text);
    gl_buf_printf(&b->line, now ? " in %.1f s" : " since it started", seconds_between(i));
    gl_buf_str(&b->line, gl_buf_view(&detail));
    gl_buf_free(&detail);
    flush_line(b, now ? ALARM : PLAIN);
}

static void draw_state(board *b, const gl_board_instance *i, const rule *r)
{
    double value = gauge_or_none(i, r->metric);
    bool set = value > (r->trigger == WHEN_LONG ? STUCK_SECONDS : 0);
    if (value < 0 || set == (r->trigger == WHEN_ZERO))
        return;
    who(b, i, true);
    gl_buf_text(&b->line, r->text);
    if (r->trigger == WHEN_LONG)
        gl_buf_printf(&b->line, ": %.0f s at \"%.*s\"", value,
                      GL_STR_ARG(gl_exposition_text(&i->now, r->metric, "step")));
    flush_line(b, ALARM);
}

static void draw_lists(board *b, const gl_board_instance *i)
{
    double loaded = gauge(i, "gl_risk_lists"), in_force = gauge(i, "gl_risk_lists_in_force");
    if (!(loaded > in_force))
        return;
    who(b, i, true);
    gl_buf_printf(&b->line, "%.0f of %.0f lists are outside their validity and match nothing", loaded - in_force,
                  loaded);
    flush_line(b, ALARM);
}

static void draw_instance_notes(board *b, const gl_board_instance *i)
{
    if (!is_up(i)) {
        who(b, i, true);
        gl_buf_printf(&b->line, "does not answer: %s", i->failure);
        flush_line(b, ALARM);
        return;
    }
    for (size_t r = 0; r < sizeof RULES / sizeof RULES[0]; r++)
        if (RULES[r].trigger == COUNTED)
            draw_counted(b, i, &RULES[r]);
        else
            draw_state(b, i, &RULES[r]);
    draw_lists(b, i);
}

/* Instances of a stage that differ in a label of an info metric: a deployment that stopped half-way. */
static void draw_differences(board *b, int stage, const char *metric, const char *label, const char *what)
{
    const gl_board_instance *first = NULL;
    for (size_t i = 0; i < b->count; i++) {
        const gl_board_instance *at = &b->instances[i];
        if (at->stage != stage || !is_up(at))
            continue;
        first = first == NULL ? at : first;
        gl_str one = gl_exposition_text(&first->now, metric, label),
               other = gl_exposition_text(&at->now, metric, label);
        if (gl_str_eq(one, other))
            continue;
        who(b, at, true);
        gl_buf_printf(&b->line, "%s %.*s, but %s has %.*s", what, GL_STR_ARG(other), first->address, GL_STR_ARG(one));
        flush_line(b, ALARM);
    }
}

static void draw_notes(board *b)
{
    int before = b->lines + b->left_out;
    for (int stage = 0; stage < GL_BOARD_STAGES; stage++) {
        int known = 0;
        for (size_t i = 0; i < b->count; i++)
            known += b->instances[i].stage == stage;
        if (known == 0) {
            gl_buf_printf(&b->line, "! %s: no instance is known", gl_board_stages[stage]);
            flush_line(b, ALARM);
        }
        draw_differences(b, stage, "gl_build_info", "version", "version");
        draw_differences(b, stage, "gl_model_info", "version", "model");
        draw_differences(b, stage, "gl_rules_info", "version", "rules");
    }
    for (size_t i = 0; i < b->count; i++)
        draw_instance_notes(b, &b->instances[i]);
    if (b->lines + b->left_out > before)
        flush_line(b, PLAIN);
}

/* -- The instances
 * -------------------------------------------------------------------------------------------------------- */

static const char *state_of(const gl_board_instance *i)
{
    return !is_up(i) ? "down" : gauge(i, "gl_paused") > 0 ? "paused" : gauge(i, "gl_ready") > 0 ? "ready" : "not ready";
}

static void draw_instance(board *b, const gl_board_instance *i)
{
    char up_for[CELL_BYTES];
    bool up = is_up(i);
    double started = gauge(i, "process_start_time_seconds"), cpu = rate(i, "process_cpu_seconds_total");
    left(b, 9, gl_str_of(i->stage < 0 ? "?" : gl_board_stages[i->stage]));
    left(b, 27, gl_str_of(i->address));
    left(b, 10, gl_str_of(state_of(i)));
    right_number(b, 9, work_rate(i));
    right_whole(b, 9, gauge_or_none(i, "gl_consumer_lag_records"));
    right_whole(b, 6, gauge_or_none(i, "gl_assigned_partitions"));
    right(b, 8, up && started > 0 ? duration((double)b->look->wall_us / 1e6 - started, up_for) : "-");
    if (b->look->width >= WIDE) {
        right_whole(b, 7, cpu < 0 ? -1 : cpu * 100);
        right_whole(b, 8, up ? gauge(i, "process_resident_memory_bytes") / 1e6 : -1);
    }
    if (b->look->width >= WIDEST) {
        gl_buf_text(&b->line, "  ");
        left(b, 9, up ? gl_exposition_text(&i->now, "gl_build_info", "version") : GL_STR("-"));
        left(b, 15, up ? gl_exposition_text(&i->now, "gl_model_info", "version") : GL_STR("-"));
    }
    flush_line(b, up ? PLAIN : ALARM);
}

static void draw_instances(board *b)
{
    gl_buf_text(&b->line, "STAGE    ADDRESS                    STATE        RATE/S      LAG PARTS  UP FOR");
    if (b->look->width >= WIDE)
        gl_buf_text(&b->line, "  CPU %  MEM MB");
    if (b->look->width >= WIDEST)
        gl_buf_text(&b->line, "  VERSION  MODEL");
    flush_line(b, BOLD);
    for (int stage = 0; stage < GL_BOARD_STAGES; stage++)
        for (size_t i = 0; i < b->count; i++)
            if (b->instances[i].stage == stage)
                draw_instance(b, &b->instances[i]);
    for (size_t i = 0; i < b->count; i++)
        if (b->instances[i].stage < 0)
            draw_instance(b, &b->instances[i]);
}

static void draw_title(board *b)
{
    char time[GL_TIME_TEXT_BYTES];
    size_t up = 0;
    for (size_t i = 0; i < b->count; i++)
        up += is_up(&b->instances[i]);
    gl_time_format(b->look->wall_us, time);
    gl_buf_printf(&b->line, "greenlane top   %.10s %.8s UTC   %zu of %zu answer", time, time + 11, up, b->count);
    if (b->look->interval_ms > 0)
        gl_buf_printf(&b->line, "   every %g s, q quits", (double)b->look->interval_ms / 1000);
    flush_line(b, BOLD);
    flush_line(b, PLAIN);
}

void gl_board_draw(gl_buf *out, const gl_board_instance *instances, size_t count, const gl_board_look *look)
{
    board b = {.out = out, .instances = instances, .count = count, .look = look};
    draw_title(&b);
    draw_stages(&b);
    draw_flow(&b);
    draw_notes(&b);
    draw_instances(&b);
    if (b.left_out > 0)
        gl_buf_printf(out, "%d more lines do not fit\n", b.left_out);
    gl_buf_free(&b.line);
}
