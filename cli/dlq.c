/* greenlane dlq: what could not be processed: lists it, shows it, sends it again, or marks it as dealt with.
 *
 * Always holds: a record is sent again and marked in one transaction, by one run at a time (a run that begins fences
 * the one before it, then reads the marks), so it is sent again once; without --yes nothing is written; a run handles
 * what was there when it began, so that records which fail again do not keep it going. See letters.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/letters.h"
#include "customs/ids.h"
#include "gen/topics.h"

enum {
    GROUPS_LIMIT = 512,
    CODE_BYTES = 64,
    CHUNK_RECORDS = 500,
    CHUNK_BYTES = 4 << 20,
    CALL_MS = 30000,
    TRIES = 5,
    SHOWN_BYTES = 256,
    REFUSALS_SHOWN = 5,
    FILE_LIMIT_BYTES = 1 << 30
};

typedef enum dlq_action { LIST, SHOW, REDRIVE, DROP } dlq_action;

typedef struct request {
    dlq_action action;
    gl_letter_filter filter;
    const char *replace, *reason;
    int64_t limit; /* 0: none */
    bool yes, again, all, json;
} request;

typedef struct group {
    int stage;
    char code[CODE_BYTES];
    int64_t open, handled;
    int64_t first_ms, last_ms;
} group;

/* One call of the command. */
typedef struct desk {
    const request *request;
    gl_cluster *cluster;
    gl_arena *arena;      /* of one letter */
    gl_arena *file_arena; /* of the replacements */
    gl_replacements replacements;
    gl_letter_marks marks;
    int stage; /* whose letters are walked */
    group groups[GROUPS_LIMIT];
    size_t group_count;
    int64_t passed, chosen, done, refused;
    gl_progress progress;
    rd_kafka_t *producer;         /* NULL: dry run */
    rd_kafka_t *origin;           /* consumer for records that are only referred to */
    size_t in_chunk, chunk_bytes; /* of the open transaction: records, of which ... */
    size_t letters_in_chunk;      /* ... are letters */
    gl_err err;                   /* why it stopped */
} desk;

/* ---- groups ---- */

static group *group_of(desk *d, const gl_letter *letter)
{
    char code[CODE_BYTES];
    snprintf(code, sizeof code, "%.*s", GL_STR_ARG(letter->code));
    if (code[0] == '\0')
        snprintf(code, sizeof code, "(none)");
    for (size_t i = 0; i < d->group_count; i++)
        if (d->groups[i].stage == letter->stage && strcmp(d->groups[i].code, code) == 0)
            return &d->groups[i];
    if (d->group_count == GROUPS_LIMIT) /* codes are ours: more than a handful are somebody else's records */
        return &d->groups[GROUPS_LIMIT - 1];
    group *g = &d->groups[d->group_count++];
    *g = (group){.stage = letter->stage, .first_ms = letter->timestamp_ms, .last_ms = letter->timestamp_ms};
    memcpy(g->code, code, sizeof code);
    return g;
}

static void count_letter(desk *d, const gl_letter *letter, bool handled)
{
    group *g = group_of(d, letter);
    if (handled)
        g->handled++;
    else
        g->open++;
    g->first_ms = letter->timestamp_ms < g->first_ms ? letter->timestamp_ms : g->first_ms;
    g->last_ms = letter->timestamp_ms > g->last_ms ? letter->timestamp_ms : g->last_ms;
}

static void print_groups_json(const desk *d, gl_buf *out)
{
    char at[GL_TIME_TEXT_BYTES];
    gl_buf_byte(out, '[');
    for (size_t i = 0; i < d->group_count; i++) {
        const group *g = &d->groups[i];
        gl_buf_printf(out, "%s{\"stage\":\"%s\",\"code\":", i == 0 ? "" : ",", gl_letter_stages[g->stage]);
        gl_buf_json(out, gl_str_of(g->code));
        gl_buf_printf(out, ",\"open\":%" PRId64 ",\"handled\":%" PRId64 ",\"first\":", g->open, g->handled);
        gl_buf_json(out, gl_time_format(g->first_ms * 1000, at));
        gl_buf_text(out, ",\"last\":");
        gl_buf_json(out, gl_time_format(g->last_ms * 1000, at));
        gl_buf_byte(out, '}');
    }
    gl_buf_byte(out, ']');
}

static void print_groups(const desk *d, FILE *out)
{
    char open[32], handled[32], first[GL_TIME_TEXT_BYTES], last[GL_TIME_TEXT_BYTES];
    if (d->group_count == 0) {
        fputs("no dead letters\n", out);
        return;
    }
    fprintf(out, "%-10s%-28s%10s%10s  %-21s%s\n", "stage", "code", "open", "handled", "first", "last");
    for (size_t i = 0; i < d->group_count; i++) {
        const group *g = &d->groups[i];
        gl_time_format(g->first_ms * 1000, first);
        gl_time_format(g->last_ms * 1000, last);
        fprintf(out, "%-10s%-28s%10s%10s  %.19sZ %.19sZ\n", gl_letter_stages[g->stage], g->code,
                gl_thousands(g->open, open), gl_thousands(g->handled, handled), first, last);
    }
}

/* ---- show ---- */

static bool decode(desk *d, const gl_letter *letter, gl_buf *json)
{
    char topic[256];
    snprintf(topic, sizeof topic, "%.*s", GL_STR_ARG(letter->topic));
    const gl_topic_schema *schema = gl_topic_schema_find(topic);
    gl_err ignored;
    *json = gl_buf_in(d->arena);
    return schema != NULL && letter->value.ptr != NULL &&
           schema->value_json(json, (const uint8_t *)letter->value.ptr, letter->value.len, d->arena, &ignored);
}

/* Of what cannot be decoded as a whole, the declaration that it begins with. */
static bool decode_declaration(desk *d, const gl_letter *letter, gl_buf *json)
{
    size_t used;
    gl_err ignored;
    gl_declaration *declaration = GL_NEW(d->arena, gl_declaration);
    *json = gl_buf_in(d->arena);
    if (letter->value.len < 6 || !gl_declaration_decode(declaration, (const uint8_t *)letter->value.ptr + 5,
                                                        letter->value.len - 5, &used, d->arena, &ignored))
        return false;
    if (letter->key.len != GL_DECLARATION_ID_BYTES ||
        memcmp(letter->key.ptr, declaration->declaration_id, GL_DECLARATION_ID_BYTES) != 0)
        return false;
    gl_declaration_json(json, declaration);
    return true;
}

static void show_json(desk *d, const gl_letter *letter, bool handled)
{
    gl_buf out = gl_buf_in(d->arena), json;
    char at[GL_TIME_TEXT_BYTES];
    const char *name;
    const void *value;
    size_t size;
    gl_buf_printf(&out, "{\"stage\":\"%s\",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"at\":",
                  gl_letter_stages[letter->stage], letter->partition, letter->offset);
    gl_buf_json(&out, gl_time_format(letter->timestamp_ms * 1000, at));
    gl_buf_printf(&out, ",\"handled\":%s,\"headers\":[", handled ? "true" : "false");
    for (size_t i = 0; letter->headers != NULL &&
                       rd_kafka_header_get_all(letter->headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        gl_buf_text(&out, i == 0 ? "[" : ",[");
        gl_buf_json(&out, gl_str_of(name));
        gl_buf_byte(&out, ',');
        gl_buf_json(&out, (gl_str){value, value == NULL ? 0 : size});
        gl_buf_byte(&out, ']');
    }
    gl_buf_text(&out, "],\"key_hex\":\"");
    gl_buf_hex(&out, letter->key);
    gl_buf_text(&out, "\",\"value_hex\":\"");
    gl_buf_hex(&out, letter->value);
    gl_buf_text(&out, "\",\"value\":");
    if (decode(d, letter, &json))
        gl_buf_str(&out, gl_buf_view(&json));
    else
        gl_buf_text(&out, "null");
    gl_buf_text(&out, ",\"declaration\":");
    if (decode_declaration(d, letter, &json))
        gl_buf_str(&out, gl_buf_view(&json));
    else
        gl_buf_text(&out, "null");
    gl_buf_text(&out, "}\n");
    fwrite(out.data, 1, out.len, stdout);
}

static void print_bytes(desk *d, const char *label, gl_str bytes)
{
    gl_buf hex = gl_buf_in(d->arena);
    gl_str shown = {bytes.ptr, bytes.len > SHOWN_BYTES ? SHOWN_BYTES : bytes.len};
    gl_buf_hex(&hex, shown);
    printf("  %-8s%zu bytes: %.*s%s\n", label, bytes.len, GL_STR_ARG(gl_buf_view(&hex)),
           shown.len < bytes.len ? "..." : "");
}

/* Header values come from outside: nothing of them may drive the terminal. */
static void print_text(desk *d, const char *name, gl_str value)
{
    gl_buf text = gl_buf_in(d->arena);
    gl_buf_json(&text, value);
    printf("  %-36s %.*s\n", name, GL_STR_ARG(gl_buf_view(&text)));
}

static void show_text(desk *d, const gl_letter *letter, bool handled)
{
    gl_buf json;
    const char *name;
    const void *value;
    size_t size;
    printf("%s/%" PRId32 "/%" PRId64 "%s\n", gl_letter_stages[letter->stage], letter->partition, letter->offset,
           handled ? " (handled)" : "");
    for (size_t i = 0; letter->headers != NULL &&
                       rd_kafka_header_get_all(letter->headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++)
        print_text(d, name, (gl_str){value, value == NULL ? 0 : size});
    print_bytes(d, "key", letter->key);
    if (decode(d, letter, &json))
        printf("  value   %zu bytes: %.*s\n", letter->value.len, GL_STR_ARG(gl_buf_view(&json)));
    else
        print_bytes(d, "value", letter->value);
    if (!decode(d, letter, &json) && decode_declaration(d, letter, &json))
        printf("  declaration (its beginning can be read): %.*s\n", GL_STR_ARG(gl_buf_view(&json)));
}

/* ---- transactions ---- */

static bool settle_error(desk *d, rd_kafka_error_t *error, const char *what, int *tries)
{
    gl_kafka_fail(&d->err, error, what);
    return d->err.action == GL_RETRY && ++*tries < TRIES;
}

static bool open_producer(desk *d)
{
    static const char *const settings[] = {"transactional.id", "gl.dlq", "transaction.timeout.ms", "60000", NULL};
    gl_kafka_client client = {.name = "dlq", .settings = settings};
    d->producer = gl_kafka_producer_new(d->cluster->kafka, &client, &d->err);
    if (d->producer == NULL)
        return false;
    int tries = 0;
    for (rd_kafka_error_t *error; (error = rd_kafka_init_transactions(d->producer, CALL_MS)) != NULL;)
        if (!settle_error(d, error, "taking over the transactional id gl.dlq", &tries))
            return false;
    d->err = (gl_err){0};
    return true;
}

static bool begin_chunk(desk *d)
{
    if (d->in_chunk > 0)
        return true;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(d->producer);
    return error == NULL || gl_kafka_fail(&d->err, error, "beginning a transaction");
}

static bool commit_chunk(desk *d)
{
    int tries = 0;
    if (d->in_chunk == 0)
        return true;
    for (rd_kafka_error_t *error; (error = rd_kafka_commit_transaction(d->producer, -1)) != NULL;)
        if (!settle_error(d, error, "committing", &tries))
            return false;
    d->err = (gl_err){0};
    d->done += (int64_t)d->letters_in_chunk;
    d->in_chunk = d->letters_in_chunk = d->chunk_bytes = 0;
    gl_progress_update(&d->progress, d->passed);
    return true;
}

static void abort_chunk(desk *d)
{
    rd_kafka_error_t *error = rd_kafka_abort_transaction(d->producer, CALL_MS);
    if (error != NULL) /* the broker ends it after its time-out, with the same result */
        rd_kafka_error_destroy(error);
}

/* Takes `headers` (may be NULL). */
static bool produce(desk *d, const char *topic, int32_t partition, gl_str key, gl_str value,
                    rd_kafka_headers_t *headers)
{
    int64_t deadline_us = gl_mono_us() + (int64_t)CALL_MS * 1000;
    rd_kafka_resp_err_t code;
    do { /* a key or value that is NULL stays so */
        code = headers == NULL
                   ? rd_kafka_producev(d->producer, RD_KAFKA_VTYPE_TOPIC, topic, RD_KAFKA_VTYPE_PARTITION, partition,
                                       RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_VALUE,
                                       (void *)value.ptr, value.len, RD_KAFKA_VTYPE_KEY, (void *)key.ptr, key.len,
                                       RD_KAFKA_VTYPE_END)
                   : rd_kafka_producev(d->producer, RD_KAFKA_VTYPE_TOPIC, topic, RD_KAFKA_VTYPE_PARTITION, partition,
                                       RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_VALUE,
                                       (void *)value.ptr, value.len, RD_KAFKA_VTYPE_KEY, (void *)key.ptr, key.len,
                                       RD_KAFKA_VTYPE_HEADERS, headers, RD_KAFKA_VTYPE_END);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(d->producer, 100);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && gl_mono_us() < deadline_us);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    if (headers != NULL)
        rd_kafka_headers_destroy(headers);
    return gl_kafka_fail_code(&d->err, code, topic);
}

static bool put_mark(desk *d, const gl_letter *letter)
{
    const char *action = d->request->action == DROP ? "dropped" : "redriven";
    gl_str key = gl_letter_mark_key(d->arena, letter->stage, letter->partition, letter->offset);
    gl_str value = gl_letter_mark_value(d->arena, letter, action, gl_str_of(d->request->reason), gl_wall_us());
    return produce(d, GL_LETTER_MARKS_TOPIC, letter->partition, key, value, NULL);
}

/* ---- redrive ---- */

static size_t header_bytes(const rd_kafka_headers_t *headers)
{
    size_t bytes = 0, size;
    const char *name;
    const void *value;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        bytes += strlen(name) + size + 10;
    return bytes;
}

/* What is to be sent, and where to. */
typedef struct parcel {
    char topic[256];
    int32_t partition;
    gl_str key, value;
    bool replaced;
} parcel;

static const gl_kafka_topic *known_topic(const desk *d, const char *name)
{
    for (size_t i = 0; i < d->cluster->topic_count; i++)
        if (strcmp(d->cluster->topics[i].name, name) == 0 && !d->cluster->topics[i].dead_letters &&
            !d->cluster->topics[i].compacted)
            return &d->cluster->topics[i];
    return NULL;
}

static bool address_parcel(desk *d, const gl_letter *letter, parcel *p, gl_err *why)
{
    int partitions = 0;
    snprintf(p->topic, sizeof p->topic, "%.*s", GL_STR_ARG(letter->topic));
    if (letter->origin_partition < 0 || known_topic(d, p->topic) == NULL)
        return gl_fail(why, GL_DEAD_LETTER, "letter-origin-unknown",
                       "its headers do not say which of our topics it came from");
    if (!gl_kafka_partition_count(d->cluster->admin, p->topic, &partitions, GL_CLUSTER_TIMEOUT_MS, why))
        return false;
    p->partition = (int32_t)letter->origin_partition;
    if (letter->origin_partition >= partitions)
        return gl_fail(why, GL_DEAD_LETTER, "letter-origin-unknown", "%s has no partition %" PRId64, p->topic,
                       letter->origin_partition);
    const gl_replacement *r = gl_replacements_find(&d->replacements, letter);
    p->key = letter->key;
    p->value = letter->value;
    if (r == NULL)
        return true;
    p->replaced = true;
    if (r->has_value)
        p->value = r->value;
    if (r->has_key) { /* a corrected key leads to its own partition */
        p->key = r->key;
        if (r->key.len == GL_DECLARATION_ID_BYTES)
            p->partition = gl_declaration_partition((const uint8_t *)r->key.ptr, partitions);
    }
    return true;
}

/* The record is only referred to: its bytes are still where it was consumed, or nowhere. `*held` owns them. */
static bool fetch_value(desk *d, const gl_letter *letter, parcel *p, rd_kafka_message_t **held, gl_err *why)
{
    *held = NULL;
    if (letter->reference_bytes < 0 || p->replaced)
        return true;
    *held = gl_letters_fetch(d->cluster->kafka, d->cluster->admin, p->topic, (int32_t)letter->origin_partition,
                             letter->origin_offset, &d->origin, why);
    if (*held == NULL)
        return false;
    p->value = (gl_str){(*held)->payload, (*held)->len};
    return true;
}

static bool refuse(desk *d, const gl_letter *letter, const gl_err *why)
{
    if (d->refused++ < REFUSALS_SHOWN) {
        gl_progress_hide(&d->progress);
        gl_complain(0, "%s/%" PRId32 "/%" PRId64 " stays: %s (%s)", gl_letter_stages[letter->stage], letter->partition,
                    letter->offset, why->message, why->code);
    }
    return true;
}

static bool send_parcel(desk *d, const gl_letter *letter, const parcel *p)
{
    rd_kafka_headers_t *headers = gl_letter_headers(letter, p->replaced);
    size_t bytes = p->key.len + p->value.len + header_bytes(headers) + 128;
    gl_err why;
    if ((int64_t)bytes > d->cluster->kafka->message_limit_bytes) {
        rd_kafka_headers_destroy(headers);
        gl_fail(&why, GL_DEAD_LETTER, "letter-too-large", "%zu bytes with its headers, kafka.message_limit is %" PRId64,
                bytes, d->cluster->kafka->message_limit_bytes);
        return refuse(d, letter, &why);
    }
    if (d->producer == NULL) {
        rd_kafka_headers_destroy(headers);
        d->done++;
        return true;
    }
    if (!begin_chunk(d)) {
        rd_kafka_headers_destroy(headers);
        return false;
    }
    d->in_chunk++;
    d->letters_in_chunk++;
    d->chunk_bytes += bytes;
    return produce(d, p->topic, p->partition, p->key, p->value, headers) && put_mark(d, letter);
}

static bool redrive(desk *d, const gl_letter *letter)
{
    parcel p = {.partition = 0};
    rd_kafka_message_t *held = NULL;
    gl_err why = {0};
    if (!address_parcel(d, letter, &p, &why) || !fetch_value(d, letter, &p, &held, &why)) {
        if (why.action == GL_DEAD_LETTER)
            return refuse(d, letter, &why);
        d->err = why;
        return false;
    }
    bool good = send_parcel(d, letter, &p);
    if (held != NULL)
        rd_kafka_message_destroy(held);
    return good;
}

static bool drop(desk *d, const gl_letter *letter)
{
    if (d->producer == NULL) {
        d->done++;
        return true;
    }
    if (!begin_chunk(d))
        return false;
    d->in_chunk++;
    d->letters_in_chunk++;
    return put_mark(d, letter);
}

/* Marks of letters that retention has deleted: a few bytes each that nobody would ever delete otherwise. */
static bool forget_marks(desk *d)
{
    int64_t first = 0, end;
    for (size_t i = 0; i < d->marks.count; i++) {
        const gl_letter_mark *mark = &d->marks.at[i];
        char topic[64];
        snprintf(topic, sizeof topic, "gl.%s.dlq", gl_letter_stages[mark->stage]);
        bool same =
            i > 0 && mark[-1].stage == mark->stage && mark[-1].partition == mark->partition; /* they are sorted */
        if (!same && !gl_kafka_end_offset(d->cluster->admin, topic, mark->partition, true, &first, &end,
                                          GL_CLUSTER_TIMEOUT_MS, &d->err))
            return false;
        if (mark->offset >= first)
            continue;
        gl_arena_reset(d->arena);
        if (!begin_chunk(d))
            return false;
        d->in_chunk++;
        if (!produce(d, GL_LETTER_MARKS_TOPIC, mark->partition,
                     gl_letter_mark_key(d->arena, mark->stage, mark->partition, mark->offset), (gl_str){NULL, 0},
                     NULL) ||
            (d->in_chunk >= CHUNK_RECORDS && !commit_chunk(d)))
            return false;
    }
    return commit_chunk(d);
}

/* ---- the walk ---- */

/* false: enough, or d->err. */
static bool take(desk *d, const gl_letter *letter, bool handled)
{
    const request *r = d->request;
    if (r->action == LIST) {
        count_letter(d, letter, handled);
        return true;
    }
    if (handled && !(r->action == SHOW ? r->all : r->again))
        return true;
    if (r->replace[0] != '\0' && gl_replacements_find(&d->replacements, letter) == NULL)
        return true;
    if (r->limit > 0 && d->chosen >= r->limit)
        return false;
    d->chosen++;
    if (r->action == SHOW) {
        if (r->json)
            show_json(d, letter, handled);
        else
            show_text(d, letter, handled);
        return ferror(stdout) == 0;
    }
    count_letter(d, letter, handled);
    return (r->action == DROP ? drop(d, letter) : redrive(d, letter)) &&
           ((d->in_chunk < CHUNK_RECORDS && d->chunk_bytes < CHUNK_BYTES) || commit_chunk(d));
}

static bool each_letter(void *context, const rd_kafka_message_t *message)
{
    desk *d = context;
    gl_letter letter;
    gl_arena_reset(d->arena);
    gl_letter_read(message, d->stage, &letter);
    gl_progress_update(&d->progress, ++d->passed);
    return !gl_letter_matches(&d->request->filter, &letter) ||
           take(d, &letter, gl_letter_marks_has(&d->marks, &letter));
}

static bool each_mark(void *context, const rd_kafka_message_t *message)
{
    desk *d = context;
    gl_letter_marks_add(&d->marks, (gl_str){message->key, message->key_len}, (gl_str){message->payload, message->len});
    return true;
}

static bool is_enough(const desk *d)
{
    return d->request->action != LIST && d->request->limit > 0 && d->chosen >= d->request->limit;
}

static bool walk_stages(desk *d)
{
    int64_t total = 0, count;
    char topic[64];
    for (int pass = 0; pass < 2; pass++) {
        for (d->stage = 0; d->stage < GL_LETTER_STAGES; d->stage++) {
            const char *only = d->request->filter.stage;
            if (only != NULL && strcmp(only, gl_letter_stages[d->stage]) != 0)
                continue;
            snprintf(topic, sizeof topic, "gl.%s.dlq", gl_letter_stages[d->stage]);
            if (pass == 0 && !gl_letters_count(d->cluster->admin, topic, &count, &d->err))
                return false;
            total += pass == 0 ? count : 0;
            if (pass == 1 && (!gl_letters_walk(d->cluster->kafka, d->cluster->admin, topic, each_letter, d, &d->err) ||
                              d->err.action != GL_NONE))
                return false;
            if (is_enough(d))
                break;
        }
        if (pass == 0)
            gl_progress_start(&d->progress, "dead letters", d->request->action == SHOW ? 0 : total);
    }
    return true;
}

/* The producer first: whoever wrote marks before is fenced when they are read. */
static bool work(desk *d)
{
    gl_kafka_topic marks = gl_kafka_topic_of(d->cluster->kafka, GL_LETTER_MARKS_TOPIC, true);
    bool writes = d->request->yes && (d->request->action == REDRIVE || d->request->action == DROP);
    if (writes && (!gl_kafka_topics_create(d->cluster->admin, &marks, 1, NULL, GL_CLUSTER_TIMEOUT_MS, &d->err) ||
                   !open_producer(d)))
        return false;
    if (!gl_letters_walk(d->cluster->kafka, d->cluster->admin, GL_LETTER_MARKS_TOPIC, each_mark, d, &d->err))
        return false;
    gl_letter_marks_sort(&d->marks);
    bool good = walk_stages(d) && (!writes || (commit_chunk(d) && forget_marks(d)));
    if (!good && writes)
        abort_chunk(d);
    gl_progress_end(&d->progress);
    return good;
}

/* ---- the command ---- */

static void report_action(const desk *d)
{
    const request *r = d->request;
    const char *verb = r->action == DROP ? "dropped" : "redriven";
    char number[32], stays[32];
    if (r->json) {
        gl_buf out = {0};
        gl_buf_printf(
            &out, "{\"action\":\"%s\",\"dry_run\":%s,\"records\":%" PRId64 ",\"refused\":%" PRId64 ",\"groups\":", verb,
            r->yes ? "false" : "true", d->done, d->refused);
        print_groups_json(d, &out);
        gl_buf_text(&out, "}\n");
        fwrite(out.data, 1, out.len, stdout);
        gl_buf_free(&out);
        return;
    }
    if (d->group_count > 0)
        print_groups(d, stdout);
    printf("%s record%s %s%s", gl_thousands(d->done, number), d->done == 1 ? "" : "s", r->yes ? "" : "would be ", verb);
    if (d->refused > 0)
        printf(", %s cannot be", gl_thousands(d->refused, stays));
    puts(r->yes || d->done == 0 ? "" : "; --yes does it");
}

static void report(const desk *d)
{
    const request *r = d->request;
    if (r->action == LIST && r->json) {
        gl_buf out = {0};
        print_groups_json(d, &out);
        gl_buf_byte(&out, '\n');
        fwrite(out.data, 1, out.len, stdout);
        gl_buf_free(&out);
    } else if (r->action == LIST) {
        print_groups(d, stdout);
    } else if (r->action != SHOW) {
        report_action(d);
    } else if (d->chosen == 0 && !r->json) {
        puts("no dead letters");
    }
}

static bool read_file(const char *path, gl_arena *arena, gl_str *text, gl_err *err)
{
    struct stat info;
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &info) != 0 || info.st_size > FILE_LIMIT_BYTES) {
        if (file != NULL)
            fclose(file);
        return gl_fail(err, GL_FATAL, "replacement-file", "cannot read %s, a file of at most %d bytes", path,
                       FILE_LIMIT_BYTES);
    }
    char *bytes = gl_arena_alloc(arena, (size_t)info.st_size + 1);
    *text = (gl_str){bytes, fread(bytes, 1, (size_t)info.st_size, file)};
    fclose(file);
    return true;
}

static bool read_replacements(desk *d)
{
    gl_str text;
    return d->request->replace[0] == '\0' || (read_file(d->request->replace, d->file_arena, &text, &d->err) &&
                                              gl_replacements_parse(d->file_arena, text, &d->replacements, &d->err));
}

static int run_request(const request *r, gl_cluster *cluster)
{
    desk *d = calloc(1, sizeof *d);
    if (d == NULL)
        abort();
    d->request = r;
    d->cluster = cluster;
    d->arena = gl_arena_new(1 << 16);
    d->file_arena = gl_arena_new(1 << 16);
    int code = GL_EXIT_OK;
    if (!read_replacements(d)) {
        code = gl_complain_err(GL_EXIT_USAGE, &d->err);
    } else if (!gl_kafka_reach(cluster->admin, GL_CLUSTER_TIMEOUT_MS, NULL, &d->err) || !work(d)) {
        code = gl_complain_err(GL_EXIT_UNAVAILABLE, &d->err);
        if (r->yes && d->done > 0)
            gl_complain(0, "%" PRId64 " were done before that; a new run goes on from there", d->done);
    } else {
        report(d);
        code = d->refused > 0 ? GL_EXIT_REFUSED : GL_EXIT_OK;
    }
    if (d->producer != NULL)
        rd_kafka_destroy(d->producer);
    if (d->origin != NULL)
        gl_kafka_consumer_close(d->origin, GL_CLUSTER_TIMEOUT_MS);
    gl_letter_marks_free(&d->marks);
    gl_arena_destroy(d->arena);
    gl_arena_destroy(d->file_arena);
    free(d);
    return code;
}

static bool parse_action(const char *text, dlq_action *action)
{
    static const char *const names[] = {"list", "show", "redrive", "drop"};
    for (int i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0) {
            *action = (dlq_action)i;
            return true;
        }
    return false;
}

static int check_usage(const request *r)
{
    bool writes = r->action == REDRIVE || r->action == DROP;
    if (!writes && (r->yes || r->again || r->replace[0] != '\0' || r->reason[0] != '\0'))
        return gl_complain(GL_EXIT_USAGE, "--yes, --again, --replace and --reason belong to dlq redrive and dlq drop");
    if (r->action == DROP && r->replace[0] != '\0')
        return gl_complain(GL_EXIT_USAGE, "--replace belongs to dlq redrive");
    if (r->action == DROP && r->reason[0] == '\0')
        return gl_complain(GL_EXIT_USAGE, "dlq drop needs --reason: why nothing is to be done with these records");
    return GL_EXIT_OK;
}

static int run_dlq(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", ""), *config = "", *stage = "", *code = "", *since = "", *key = "",
               *mrn = "";
    request r = {.replace = "", .reason = ""};
    const gl_option options[] = {
        {"stage", GL_OPTION_TEXT, &stage, "Only of this stage: ingest, classify, risk, decide."},
        {"code", GL_OPTION_TEXT, &code, "Only with this error code."},
        {"since", GL_OPTION_TEXT, &since, "Only newer ones: a time (RFC 3339), or an age (15m, 6h, 2d)."},
        {"key", GL_OPTION_TEXT, &key, "Only whose key begins so, in hex."},
        {"mrn", GL_OPTION_TEXT, &mrn, "Only of this declaration."},
        {"limit", GL_OPTION_INT, &r.limit, "show, redrive, drop: at most so many."},
        {"all", GL_OPTION_FLAG, &r.all, "show: also those that were dealt with."},
        {"yes", GL_OPTION_FLAG, &r.yes, "redrive, drop: do it. Without it, only say what would be done."},
        {"again", GL_OPTION_FLAG, &r.again, "redrive, drop: also those that were dealt with before."},
        {"replace", GL_OPTION_TEXT, &r.replace, "redrive: the corrected records of this file, and no others."},
        {"reason", GL_OPTION_TEXT, &r.reason, "drop (needed), redrive: why; kept with the mark."},
        {"config", GL_OPTION_TEXT, &config, "A daemon's configuration, for its kafka section (security, limits)."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka (default $KAFKA_BROKERS)."},
        {"json", GL_OPTION_FLAG, &r.json, "JSON; show: an object a line, with key and value in hex."},
    };
    int count = gl_options_parse(&gl_command_dlq, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count > 1 || !parse_action(count == 0 ? "list" : argv[1], &r.action))
        return gl_complain(GL_EXIT_USAGE, "dlq list, dlq show, dlq redrive or dlq drop");
    int wrong = check_usage(&r);
    if (wrong != GL_EXIT_OK)
        return wrong;
    gl_err err = {0};
    if (!gl_letter_filter_parse(&r.filter, stage, code, since, key, mrn, gl_wall_us() / 1000, &err))
        return gl_complain(GL_EXIT_USAGE, "%s", err.message);
    gl_cluster cluster;
    int result = gl_cluster_open(&cluster, config, brokers, 0, 0, &err) ? run_request(&r, &cluster)
                                                                        : gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_cluster_close(&cluster);
    return result;
}

const gl_command gl_command_dlq = {
    "dlq", "list, show, send again or drop dead letters", "list | show | redrive | drop [FILTERS] [--yes]",
    "Looks after gl.<stage>.dlq, where records are that a stage could not process. list counts them by stage and "
    "error\n"
    "code; show prints them with their headers; redrive sends them again to the topic and partition they came from, "
    "with\n"
    "their history in headers (gl.redriven, gl.redriven_from); drop marks them as dealt with. Nothing is sent or "
    "marked\n"
    "without --yes, and nothing twice without --again. A record that fails again is a new dead letter.\n\n"
    "Corrected records: take lines of `dlq show --json`, change value_hex or key_hex, and give them to --replace.\n\n"
    "  greenlane dlq list\n  greenlane dlq show --stage risk --code avro-truncated --limit 3\n"
    "  greenlane dlq redrive --stage classify --since 2h --yes\n"
    "  greenlane dlq redrive --replace corrected.ndjson --yes\n"
    "  greenlane dlq drop --code envelope-magic --reason \"test records of the new client\" --yes",
    run_dlq};
