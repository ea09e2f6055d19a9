/* greenlane reconcile: does the day balance? Reads the topics as an outside read_committed client and draws up the
 * ledger (ledger.h); --overdue is the sweeper.
 *
 * Always holds: what was accepted after the reading began is left out, so that it can run while declarations flow.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/ledger.h"
#include "cli/letters.h"
#include "gen/topics.h"
#include "io/json.h"

enum { OVERDUE_SHOWN = 50, WINDOW_DAYS = 30 };
#define DAY_US ((int64_t)86400 * 1000 * 1000)

typedef struct reading {
    gl_cluster *cluster;
    gl_ledger *ledger;
    gl_arena *arena; /* of a record */
    gl_progress progress;
    int64_t read, undecodable;
    int64_t day_from_ms, day_to_ms, dead_letters[GL_LETTER_STAGES];
    int stage;          /* whose dead letters are read */
    int64_t *first_at;  /* gl.decisions: first offset of each partition, -1: none yet */
    int32_t partitions; /* room in first_at */
} reading;

typedef struct overdue_list {
    bool json;
    int64_t count;
} overdue_list;

static bool is_redriven(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value;
    size_t size;
    return rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_header_get_last(headers, "gl.redriven", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void begin(reading *r)
{
    gl_arena_reset(r->arena);
    gl_progress_update(&r->progress, ++r->read);
}

/* Never an end: one record that cannot be read does not hide the others. */
static bool skip(reading *r, const rd_kafka_message_t *message, const gl_err *err)
{
    r->undecodable++;
    gl_progress_hide(&r->progress);
    gl_complain(0, "%s, partition %d, offset %lld: %s", rd_kafka_topic_name(message->rkt), message->partition,
                (long long)message->offset, err->message);
    return true;
}

static bool each_accepted(void *context, const rd_kafka_message_t *m)
{
    reading *r = context;
    gl_accepted record;
    gl_err err = {0};
    begin(r);
    if (!gl_accepted_decode(&record, m->payload, m->len, r->arena, &err))
        return skip(r, m, &err);
    const gl_declaration *d = &record.declaration;
    gl_ledger_accepted what = {.key = gl_ledger_key(d->declaration_id),
                               .submitter = d->submitter,
                               .mrn = d->mrn,
                               .accepted_us = d->accepted_at,
                               .partition = m->partition,
                               .offset = m->offset,
                               .amends = gl_str_eqz(d->function_code, "4"),
                               .redriven = is_redriven(m)};
    memcpy(&what.digest, d->content_digest, sizeof what.digest);
    gl_ledger_accept(r->ledger, &what);
    return true;
}

static bool each_rejected(void *context, const rd_kafka_message_t *m)
{
    reading *r = context;
    gl_rejected record;
    gl_err err = {0};
    begin(r);
    if (!gl_rejected_decode(&record, m->payload, m->len, r->arena, &err))
        return skip(r, m, &err);
    gl_ledger_reject(r->ledger, record.rejection.submitter, record.rejection.rejected_at,
                     gl_str_eqz(record.rejection.format, "greenlane-events"));
    return true;
}

/* Technical failures are the stages' own and have no decision. */
static bool each_event(void *context, const rd_kafka_message_t *m)
{
    reading *r = context;
    gl_event_envelope record;
    gl_err err = {0};
    begin(r);
    if (!gl_event_envelope_decode(&record, m->payload, m->len, r->arena, &err))
        return skip(r, m, &err);
    const gl_event *event = &record.event;
    if (event->type != GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE)
        gl_ledger_event_in(r->ledger, &(gl_ledger_event){.key = gl_ledger_key(event->declaration_id),
                                                         .event_id = event->event_id,
                                                         .source = event->source,
                                                         .received_us = event->received_at,
                                                         .partition = m->partition,
                                                         .offset = m->offset,
                                                         .redriven = is_redriven(m)});
    return true;
}

static bool each_dead_letter(void *context, const rd_kafka_message_t *m)
{
    reading *r = context;
    gl_event_envelope record;
    gl_err err = {0};
    int64_t at_ms = rd_kafka_message_timestamp(m, NULL);
    begin(r);
    r->dead_letters[r->stage] += at_ms >= r->day_from_ms && at_ms < r->day_to_ms;
    if (m->payload != NULL && gl_event_envelope_decode(&record, m->payload, m->len, r->arena, &err))
        gl_ledger_event_dead(r->ledger, gl_ledger_key(record.event.declaration_id), record.event.source,
                             record.event.event_id);
    return true;
}

static gl_ledger_outcome outcome_of(int outcome)
{
    return outcome == GL_DECISION_OUTCOME_RELEASED ? GL_LEDGER_RELEASED
           : outcome == GL_DECISION_OUTCOME_HELD   ? GL_LEDGER_HELD
                                                   : GL_LEDGER_REFUSED;
}

/* Was an earlier part of the partition deleted? */
static bool begins_late(reading *r, const rd_kafka_message_t *m)
{
    if (m->partition >= r->partitions) {
        int32_t more = m->partition + 1;
        r->first_at = realloc(r->first_at, (size_t)more * sizeof *r->first_at);
        if (r->first_at == NULL)
            abort();
        while (r->partitions < more)
            r->first_at[r->partitions++] = -1;
    }
    if (r->first_at[m->partition] < 0)
        r->first_at[m->partition] = m->offset;
    return r->first_at[m->partition] > 0;
}

static bool each_decision(void *context, const rd_kafka_message_t *m)
{
    reading *r = context;
    gl_decided record;
    gl_err err = {0};
    begin(r);
    if (!gl_decided_decode(&record, m->payload, m->len, r->arena, &err))
        return skip(r, m, &err);
    const gl_decision *d = &record.decision;
    bool until = d->hold != NULL && d->hold->until.set;
    gl_ledger_decide(r->ledger, &(gl_ledger_decision){.key = gl_ledger_key(d->declaration_id),
                                                      .decided_us = d->decided_at,
                                                      .accepted_us = record.declaration.accepted_at,
                                                      .version = d->version,
                                                      .outcome = outcome_of((int)d->outcome),
                                                      .by_declaration = d->cause == GL_DECISION_CAUSE_ACCEPTANCE ||
                                                                        d->cause == GL_DECISION_CAUSE_AMENDMENT,
                                                      .event_source = d->event == NULL ? GL_STR("") : d->event->source,
                                                      .event_id = d->causing_event_id,
                                                      .mrn = record.declaration.mrn,
                                                      .submitter = record.declaration.submitter,
                                                      .until_us = until ? d->hold->until.value : 0,
                                                      .first_of_partition_is_gone = begins_late(r, m)});
    return true;
}

/* A technical hold's deadline is in the view. */
static int64_t until_of(reading *r, gl_str view)
{
    gl_err err = {0};
    int64_t until_us = 0;
    const gl_json *json = gl_json_parse(r->arena, view, 1 << 20, 1 << 16, &err);
    const gl_json *hold = json == NULL ? NULL : gl_json_get(json, "hold");
    if (hold != NULL && hold->type == GL_JSON_OBJECT)
        gl_time_parse(gl_json_text(hold, "until"), &until_us);
    return until_us;
}

static bool read_parked(reading *r, const rd_kafka_message_t *m)
{
    gl_parked_event_state record;
    gl_event_envelope event;
    gl_err err = {0};
    if (m->payload == NULL)
        return true; /* decided by now, or dead-lettered */
    if (!gl_parked_event_state_decode(&record, m->payload, m->len, r->arena, &err))
        return skip(r, m, &err);
    gl_str value = record.parked_event.value;
    if (!gl_event_envelope_decode(&event, (const uint8_t *)value.ptr, value.len, r->arena, &err))
        return skip(r, m, &err);
    gl_ledger_event_parked(r->ledger, gl_ledger_key(event.event.declaration_id), event.event.source,
                           event.event.event_id);
    return true;
}

static bool each_clearance(void *context, const rd_kafka_message_t *m)
{
    static const char park[] = "park:";
    reading *r = context;
    gl_clearance_state record;
    gl_err err = {0};
    begin(r);
    if (gl_str_starts((gl_str){m->key, m->key_len}, (gl_str){park, sizeof park - 1}))
        return read_parked(r, m);
    if (m->key_len != GL_DECLARATION_ID_BYTES)
        return true; /* the audit chain's head, timers */
    uint64_t key = gl_ledger_key(m->key);
    if (m->payload == NULL) {
        gl_ledger_state(r->ledger, key, 0, 0, GL_LEDGER_OPEN, 0, true);
        return true;
    }
    if (!gl_clearance_state_decode(&record, m->payload, m->len, r->arena, &err))
        return skip(r, m, &err);
    const gl_clearance *c = &record.clearance;
    gl_ledger_state(r->ledger, key, c->decided_at, c->version, outcome_of((int)c->outcome),
                    c->version == 0 ? until_of(r, c->view) : 0, false);
    return true;
}

typedef struct source {
    char topic[64];
    bool (*each)(void *context, const rd_kafka_message_t *message);
    int stage;
} source;

/* In the order that ledger.h asks for. */
static size_t sources_of(source *sources)
{
    size_t n = 0;
    sources[n++] = (source){"gl.declarations.accepted", each_accepted, 0};
    sources[n++] = (source){"gl.declarations.rejected", each_rejected, 0};
    sources[n++] = (source){"gl.events", each_event, 0};
    for (int i = 0; i < GL_LETTER_STAGES; i++) {
        sources[n] = (source){"", each_dead_letter, i};
        snprintf(sources[n].topic, sizeof sources[n].topic, "gl.%s.dlq", gl_letter_stages[i]);
        n++;
    }
    sources[n++] = (source){"gl.decisions", each_decision, 0};
    sources[n++] = (source){"gl.clearances", each_clearance, 0};
    return n;
}

static bool read_topics(reading *r, gl_err *err)
{
    source sources[GL_LETTER_STAGES + 5];
    size_t count = sources_of(sources);
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t records = 0;
        if (!gl_letters_count(r->cluster->admin, sources[i].topic, &records, err))
            return false;
        total += records;
    }
    gl_progress_start(&r->progress, "records", total);
    for (size_t i = 0; i < count; i++) {
        r->stage = sources[i].stage;
        if (!gl_letters_walk(r->cluster->kafka, r->cluster->admin, sources[i].topic, sources[i].each, r, err))
            return false;
    }
    gl_progress_end(&r->progress);
    return true;
}

/* --- what is shown --- */

static const struct column {
    const char *name, *title;
    size_t offset;
} columns[] =
    {
        {"accepted", "accepted", offsetof(gl_ledger_line, accepted)},
        {"released", "released", offsetof(gl_ledger_line, outcomes[GL_LEDGER_RELEASED])},
        {"held", "held", offsetof(gl_ledger_line, outcomes[GL_LEDGER_HELD])},
        {"refused", "refused", offsetof(gl_ledger_line, outcomes[GL_LEDGER_REFUSED])},
        {"open", "open", offsetof(gl_ledger_line, outcomes[GL_LEDGER_OPEN])},
        {"superseded", "superseded", offsetof(gl_ledger_line, superseded)},
        {"duplicate", "duplicate", offsetof(gl_ledger_line, duplicate)},
        {"difference", "difference", offsetof(gl_ledger_line, missing)},
        {"rejected", "rejected", offsetof(gl_ledger_line, rejected)},
},
  event_columns[] = {
      {"events", "events", offsetof(gl_ledger_line, events)},
      {"decided", "decided", offsetof(gl_ledger_line, events_decided)},
      {"parked", "parked", offsetof(gl_ledger_line, events_parked)},
      {"dead_lettered", "dead-lettered", offsetof(gl_ledger_line, events_dead)},
      {"repeated", "repeated", offsetof(gl_ledger_line, events_repeated)},
      {"open", "open", offsetof(gl_ledger_line, events_open)},
      {"rejected", "rejected", offsetof(gl_ledger_line, rejected_events)},
};
enum { COLUMNS = sizeof columns / sizeof *columns, EVENT_COLUMNS = sizeof event_columns / sizeof *event_columns };

static int64_t cell(const gl_ledger_line *line, const struct column *column)
{
    int64_t value;
    memcpy(&value, (const char *)line + column->offset, sizeof value);
    return value;
}

static bool any(const gl_ledger_line *line, const struct column *column, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cell(line, &column[i]) != 0)
            return true;
    return false;
}

static void print_table(const gl_ledger_line *lines, size_t count, const struct column *column, size_t columns_shown,
                        const char *first)
{
    bool titled = false;
    char number[32];
    for (size_t i = 0; i < count; i++) {
        if (!any(&lines[i], column, columns_shown))
            continue;
        if (!titled) {
            printf("%-20s", first);
            for (size_t c = 0; c < columns_shown; c++)
                printf(" %13s", column[c].title);
            putchar('\n');
            titled = true;
        }
        printf("%-20.*s", GL_STR_ARG(lines[i].submitter));
        for (size_t c = 0; c < columns_shown; c++)
            printf(" %13s", gl_thousands(cell(&lines[i], &column[c]), number));
        putchar('\n');
    }
    if (titled)
        putchar('\n');
}

static void print_differences(const gl_ledger_line *line)
{
    char number[32];
    for (int d = 0; d < GL_LEDGER_DIFFERENCES; d++) {
        if (line->differences[d] == 0)
            continue;
        printf("%.*s: %s %s: %s\n", GL_STR_ARG(line->submitter), gl_thousands(line->differences[d], number),
               gl_ledger_difference_name((gl_ledger_difference)d), gl_ledger_difference_text((gl_ledger_difference)d));
        for (size_t i = 0; i < line->example_count; i++)
            if (line->examples[i].difference == (gl_ledger_difference)d)
                printf("  %s\n", line->examples[i].mrn[0] == '\0' ? "(no such declaration)" : line->examples[i].mrn);
    }
}

static void print_text(const reading *r, const char *day, bool balances)
{
    size_t count = 0;
    char number[32];
    const gl_ledger_line *lines = gl_ledger_lines(r->ledger, &count);
    printf("%s, by the time of acceptance (UTC)\n\n", day);
    print_table(lines, count, columns, COLUMNS, "submitter");
    print_table(lines, count, event_columns, EVENT_COLUMNS, "sender of events");
    for (int i = 0; i < GL_LETTER_STAGES; i++)
        if (r->dead_letters[i] > 0)
            printf("%s dead letters of %s\n", gl_thousands(r->dead_letters[i], number), gl_letter_stages[i]);
    for (size_t i = 0; i < count; i++)
        print_differences(&lines[i]);
    puts(balances ? "It balances." : "It does not balance.");
}

static void json_cells(gl_buf *buf, const gl_ledger_line *line, const struct column *column, size_t count)
{
    for (size_t c = 0; c < count; c++)
        gl_buf_printf(buf, "%s\"%s\":%lld", c == 0 ? "" : ",", column[c].name, (long long)cell(line, &column[c]));
}

static void json_line(gl_buf *buf, const gl_ledger_line *line)
{
    gl_buf_text(buf, "{\"submitter\":");
    gl_buf_json(buf, line->submitter);
    gl_buf_byte(buf, ',');
    json_cells(buf, line, columns, COLUMNS);
    gl_buf_text(buf, ",\"events\":{");
    json_cells(buf, line, event_columns, EVENT_COLUMNS);
    gl_buf_text(buf, "},\"differences\":{");
    for (int d = 0; d < GL_LEDGER_DIFFERENCES; d++)
        gl_buf_printf(buf, "%s\"%s\":%lld", d == 0 ? "" : ",", gl_ledger_difference_name((gl_ledger_difference)d),
                      (long long)line->differences[d]);
    gl_buf_text(buf, "},\"examples\":[");
    for (size_t i = 0; i < line->example_count; i++)
        gl_buf_printf(buf, "%s{\"difference\":\"%s\",\"mrn\":\"%s\"}", i == 0 ? "" : ",",
                      gl_ledger_difference_name(line->examples[i].difference), line->examples[i].mrn);
    gl_buf_text(buf, "]}");
}

static bool overdue_json(void *context, const gl_ledger_overdue *overdue)
{
    gl_buf *buf = context;
    char at[GL_TIME_TEXT_BYTES];
    if (buf->data[buf->len - 1] != '[')
        gl_buf_byte(buf, ',');
    gl_buf_printf(buf, "{\"mrn\":\"%s\",\"submitter\":", overdue->mrn);
    gl_buf_json(buf, overdue->submitter);
    gl_buf_printf(buf, ",\"why\":\"%s\",\"since\":", overdue->held ? "hold-overdue" : "undecided");
    gl_buf_json(buf, gl_time_format(overdue->since_us, at));
    gl_buf_byte(buf, '}');
    return true;
}

static void print_json(const reading *r, const char *day, bool balances, int64_t overdue_s)
{
    size_t count = 0;
    gl_buf buf = {0};
    const gl_ledger_line *lines = gl_ledger_lines(r->ledger, &count);
    gl_buf_printf(&buf, "{\"day\":\"%s\",\"balances\":%s,\"unreadable\":%lld,\"submitters\":[", day,
                  balances ? "true" : "false", (long long)r->undecodable);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            gl_buf_text(&buf, ",\n");
        json_line(&buf, &lines[i]);
    }
    gl_buf_text(&buf, "],\"dead_letters\":{");
    for (int i = 0; i < GL_LETTER_STAGES; i++)
        gl_buf_printf(&buf, "%s\"%s\":%lld", i == 0 ? "" : ",", gl_letter_stages[i], (long long)r->dead_letters[i]);
    gl_buf_text(&buf, "},\"overdue\":[");
    if (overdue_s >= 0)
        gl_ledger_overdues(r->ledger, overdue_s * 1000000, overdue_json, &buf);
    gl_buf_text(&buf, "]}\n");
    fwrite(buf.data, 1, buf.len, stdout);
    gl_buf_free(&buf);
}

static bool overdue_text(void *context, const gl_ledger_overdue *overdue)
{
    overdue_list *list = context;
    char at[GL_TIME_TEXT_BYTES];
    if (!list->json && list->count++ < OVERDUE_SHOWN)
        printf("overdue  %s  %-20.*s  %s %.*s\n", overdue->mrn, GL_STR_ARG(overdue->submitter),
               overdue->held ? "held beyond" : "no decision since", GL_STR_ARG(gl_time_format(overdue->since_us, at)));
    else if (list->json)
        list->count++;
    return true;
}

/* Says what came out of it, and whether it is good. */
static int show(const reading *r, const char *day, bool json, int64_t overdue_s)
{
    bool balances = gl_ledger_balances(r->ledger) && r->undecodable == 0;
    overdue_list overdue = {.json = json};
    if (json)
        print_json(r, day, balances, overdue_s);
    if (overdue_s >= 0)
        gl_ledger_overdues(r->ledger, overdue_s * 1000000, overdue_text, &overdue);
    if (overdue.count > OVERDUE_SHOWN && !json)
        printf("... %lld overdue in all\n", (long long)overdue.count);
    if (!json)
        print_text(r, day, balances);
    return balances && overdue.count == 0 ? GL_EXIT_OK : GL_EXIT_REFUSED;
}

static int reconcile(gl_cluster *cluster, int32_t day, const char *day_text, int64_t window_days, int64_t overdue_s,
                     bool json)
{
    int64_t from_us = (int64_t)day * DAY_US;
    reading r = {.cluster = cluster,
                 .ledger = gl_ledger_new(from_us, from_us + DAY_US, window_days * DAY_US, gl_wall_us()),
                 .arena = gl_arena_new(1 << 16),
                 .day_from_ms = from_us / 1000,
                 .day_to_ms = (from_us + DAY_US) / 1000};
    gl_err err = {0};
    int code;
    if (read_topics(&r, &err)) {
        gl_ledger_close(r.ledger);
        code = show(&r, day_text, json, overdue_s);
    } else {
        code = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    }
    gl_arena_destroy(r.arena);
    gl_ledger_destroy(r.ledger);
    free(r.first_at);
    return code;
}

static int run_reconcile(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", "127.0.0.1:9092"), *config = "", *day = "", *overdue = "";
    int64_t window_days = WINDOW_DAYS;
    bool json = false;
    const gl_option options[] = {
        {"day", GL_OPTION_TEXT, &day, "YYYY-MM-DD in UTC (default: today)."},
        {"overdue", GL_OPTION_TEXT, &overdue,
         "Also list, of any day, what has no decision for longer than this many seconds, and holds past their "
         "deadline."},
        {"window", GL_OPTION_INT, &window_days, "decide's idempotency_window, in days (default 30)."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka (default $KAFKA_BROKERS)."},
        {"config", GL_OPTION_TEXT, &config, "A daemon's file, for its \"kafka\" section."},
        {"json", GL_OPTION_FLAG, &json, "As JSON."},
    };
    int count = gl_options_parse(&gl_command_reconcile, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count > 0)
        return gl_complain(GL_EXIT_USAGE, "reconcile takes options only; \"%s\" is none", argv[1]);
    char today[GL_TIME_TEXT_BYTES];
    gl_str now = gl_time_format(gl_wall_us(), today);
    today[now.len < 10 ? now.len : 10] = '\0';
    if (day[0] == '\0')
        day = today;
    int32_t days = 0;
    uint64_t overdue_s = 0;
    if (!gl_date_parse(gl_str_of(day), &days))
        return gl_complain(GL_EXIT_USAGE, "--day: \"%s\" is not a day, as 2026-11-24", day);
    if (overdue[0] != '\0' && !gl_str_to_u64(gl_str_of(overdue), INT32_MAX, &overdue_s))
        return gl_complain(GL_EXIT_USAGE, "--overdue: \"%s\" is not a whole number of seconds", overdue);
    gl_cluster cluster;
    gl_err err = {0};
    int code = gl_cluster_open(&cluster, config, brokers, 0, 0, &err)
                   ? reconcile(&cluster, days, day, window_days, overdue[0] == '\0' ? -1 : (int64_t)overdue_s, json)
                   : gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_cluster_close(&cluster);
    return code;
}

const gl_command gl_command_reconcile = {
    "reconcile", "draw up the balance of a day", "[--day YYYY-MM-DD] [--overdue SECONDS] [--json]",
    "Reads the topics as an outside read_committed client and balances, for each submitter, what was accepted on a "
    "day\n"
    "against what became of it: accepted = released + held + refused + open + superseded + duplicate. Says what is\n"
    "missing, decided twice, or decided without having been accepted, with examples; exit code 1 when there is any, "
    "or\n"
    "anything is overdue.\n\n"
    "  greenlane reconcile --day 2026-11-24\n  greenlane reconcile --overdue 60",
    run_reconcile};
