/* See letters.h. */
#include "cli/letters.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "customs/ids.h"
#include "io/json.h"

enum { QUESTION_MS = 15000, STALL_MS = 30000, FILE_LIMIT_NODES = 64, LINE_LIMIT_BYTES = 64 << 20 };

const char *const gl_letter_stages[GL_LETTER_STAGES + 1] = {"ingest", "classify", "risk", "decide", NULL};

/* ---- headers ---- */

static gl_str header_of(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    if (headers == NULL || rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        value == NULL)
        return GL_STR("");
    return (gl_str){value, size};
}

static int64_t number_of(const rd_kafka_headers_t *headers, const char *name, int64_t missing)
{
    uint64_t number;
    return gl_str_to_u64(header_of(headers, name), INT64_MAX, &number) ? (int64_t)number : missing;
}

void gl_letter_read(const rd_kafka_message_t *message, int stage, gl_letter *letter)
{
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_timestamp_type_t type;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        headers = NULL;
    *letter = (gl_letter){.stage = stage,
                          .partition = message->partition,
                          .offset = message->offset,
                          .timestamp_ms = rd_kafka_message_timestamp(message, &type),
                          .key = {message->key, message->key_len},
                          .value = {message->payload, message->len},
                          .headers = headers,
                          .code = header_of(headers, "gl.dlq.code"),
                          .message = header_of(headers, "gl.dlq.message"),
                          .first_seen = header_of(headers, "gl.dlq.first_seen"),
                          .topic = header_of(headers, "gl.dlq.topic"),
                          .origin_partition = number_of(headers, "gl.dlq.partition", -1),
                          .origin_offset = number_of(headers, "gl.dlq.offset", -1),
                          .attempts = number_of(headers, "gl.dlq.attempts", -1),
                          .redriven = number_of(headers, "gl.redriven", 0),
                          .reference_bytes = number_of(headers, "gl.dlq.reference", -1)};
}

/* Of the error's headers only the history stays: the next failure writes its own. */
static bool is_kept(const char *name)
{
    if (strcmp(name, "gl.dlq.first_seen") == 0 || strcmp(name, "gl.dlq.attempts") == 0)
        return true;
    return strncmp(name, "gl.dlq.", 7) != 0 && strncmp(name, "__connect.errors.", 17) != 0 &&
           strcmp(name, "gl.redriven") != 0;
}

static void add(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    rd_kafka_header_add(headers, name, -1, value, (ssize_t)strlen(value));
}

rd_kafka_headers_t *gl_letter_headers(const gl_letter *letter, bool replaced)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(8);
    const char *name;
    const void *value;
    size_t size;
    for (size_t i = 0; letter->headers != NULL &&
                       rd_kafka_header_get_all(letter->headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++)
        if (is_kept(name))
            rd_kafka_header_add(headers, name, -1, value, value == NULL ? 0 : (ssize_t)size);
    char text[160];
    snprintf(text, sizeof text, "%" PRId64, letter->redriven < INT32_MAX ? letter->redriven + 1 : letter->redriven);
    add(headers, "gl.redriven", text);
    snprintf(text, sizeof text, "gl.%s.dlq/%" PRId32 "/%" PRId64 " %.*s", gl_letter_stages[letter->stage],
             letter->partition, letter->offset, letter->code.len > 64 ? 64 : (int)letter->code.len, letter->code.ptr);
    add(headers, "gl.redriven_from", text);
    if (replaced) {
        uint8_t digest[GL_SHA256_BYTES];
        char hex[2 * GL_SHA256_BYTES + 1];
        gl_sha256(letter->value, digest);
        gl_hex(digest, sizeof digest, hex);
        add(headers, "gl.redriven_replaced", hex);
    }
    return headers;
}

void gl_buf_hex(gl_buf *buf, gl_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        gl_buf_byte(buf, (uint8_t)digits[(uint8_t)bytes.ptr[i] >> 4]);
        gl_buf_byte(buf, (uint8_t)digits[(uint8_t)bytes.ptr[i] & 15]);
    }
}

/* ---- which are meant ---- */

static int stage_index(gl_str name)
{
    for (int i = 0; i < GL_LETTER_STAGES; i++)
        if (gl_str_eqz(name, gl_letter_stages[i]))
            return i;
    return -1;
}

static bool parse_since(const char *text, int64_t now_ms, int64_t *since_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    gl_str all = gl_str_of(text);
    int64_t at_us;
    uint64_t number;
    if (gl_time_parse(all, &at_us)) {
        *since_ms = at_us / 1000;
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (all.len > 1 && all.ptr[all.len - 1] == units[i].unit &&
            gl_str_to_u64((gl_str){all.ptr, all.len - 1}, 1000000, &number)) {
            *since_ms = now_ms - (int64_t)number * units[i].ms;
            return true;
        }
    return false;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool parse_key(gl_letter_filter *filter, const char *key, gl_err *err)
{
    gl_str hex = gl_str_of(key);
    if (hex.len / 2 > sizeof filter->key || !gl_unhex(hex, filter->key))
        return gl_fail(err, GL_FATAL, "filter-key",
                       "--key: \"%s\" is not the beginning of a key in hex, two digits a byte", key);
    filter->key_bytes = hex.len / 2;
    return true;
}

static bool parse_mrn(gl_letter_filter *filter, const char *mrn, gl_err *err)
{
    char stem[GL_MRN_STEM_CHARS + 1];
    filter->has_mrn =
        gl_mrn_valid(gl_str_of(mrn), stem) && gl_mrn_stem_bits((gl_str){stem, GL_MRN_STEM_CHARS}, &filter->mrn_bits);
    return filter->has_mrn || gl_fail(err, GL_FATAL, "filter-mrn", "--mrn: \"%s\" is no MRN of ours", mrn);
}

bool gl_letter_filter_parse(gl_letter_filter *filter, const char *stage, const char *code, const char *since,
                            const char *key, const char *mrn, int64_t now_ms, gl_err *err)
{
    *filter = (gl_letter_filter){.since_ms = INT64_MIN};
    if (is_given(stage)) {
        if (stage_index(gl_str_of(stage)) < 0)
            return gl_fail(err, GL_FATAL, "filter-stage", "--stage: \"%s\" is none of ingest, classify, risk, decide",
                           stage);
        filter->stage = stage;
    }
    if (is_given(code))
        filter->code = code;
    if (is_given(since) && !parse_since(since, now_ms, &filter->since_ms))
        return gl_fail(err, GL_FATAL, "filter-since",
                       "--since: \"%s\" is neither a time (2026-01-31T12:00:00Z) nor an age (90s, 15m, 6h, 2d)", since);
    return (!is_given(key) || parse_key(filter, key, err)) && (!is_given(mrn) || parse_mrn(filter, mrn, err));
}

static uint64_t top_bits(gl_str key)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < 8; i++)
        bits = bits << 8 | (uint8_t)key.ptr[i];
    return bits >> 2;
}

bool gl_letter_matches(const gl_letter_filter *filter, const gl_letter *letter)
{
    if (filter->stage != NULL && strcmp(filter->stage, gl_letter_stages[letter->stage]) != 0)
        return false;
    if (filter->code != NULL && !gl_str_eqz(letter->code, filter->code))
        return false;
    if (letter->timestamp_ms < filter->since_ms)
        return false;
    if (!gl_str_starts(letter->key, (gl_str){(const char *)filter->key, filter->key_bytes}))
        return false;
    return !filter->has_mrn ||
           (letter->key.len == GL_DECLARATION_ID_BYTES && top_bits(letter->key) == filter->mrn_bits);
}

/* ---- what was dealt with ---- */

gl_str gl_letter_mark_key(gl_arena *arena, int stage, int32_t partition, int64_t offset)
{
    return gl_str_of(gl_arena_printf(arena, "%s/%" PRId32 "/%" PRId64, gl_letter_stages[stage], partition, offset));
}

gl_str gl_letter_mark_value(gl_arena *arena, const gl_letter *letter, const char *action, gl_str reason, int64_t now_us)
{
    char at[GL_TIME_TEXT_BYTES];
    gl_buf buf = gl_buf_in(arena);
    gl_buf_printf(&buf, "{\"action\":\"%s\",\"at\":", action);
    gl_buf_json(&buf, gl_time_format(now_us, at));
    gl_buf_printf(&buf, ",\"timestamp_ms\":%" PRId64 ",\"reason\":", letter->timestamp_ms);
    gl_buf_json(&buf, reason);
    gl_buf_byte(&buf, '}');
    return gl_buf_view(&buf);
}

/* "<stage>/<partition>/<offset>" */
static bool parse_place(gl_str key, gl_letter_mark *mark)
{
    const char *first = key.len == 0 ? NULL : memchr(key.ptr, '/', key.len);
    if (first == NULL)
        return false;
    const char *end = key.ptr + key.len, *second = memchr(first + 1, '/', (size_t)(end - first - 1));
    uint64_t partition, offset;
    if (second == NULL || !gl_str_to_u64((gl_str){first + 1, (size_t)(second - first - 1)}, INT32_MAX, &partition) ||
        !gl_str_to_u64((gl_str){second + 1, (size_t)(end - second - 1)}, INT64_MAX, &offset))
        return false;
    mark->stage = stage_index((gl_str){key.ptr, (size_t)(first - key.ptr)});
    mark->partition = (int32_t)partition;
    mark->offset = (int64_t)offset;
    return mark->stage >= 0;
}

static bool parse_timestamp(gl_str value, int64_t *timestamp_ms)
{
    *timestamp_ms = -1;
    if (value.ptr == NULL)
        return true;
    gl_arena *arena = gl_arena_new(4096);
    gl_err ignored;
    const gl_json *json = gl_json_parse(arena, value, 1 << 16, FILE_LIMIT_NODES, &ignored);
    bool good = json != NULL && gl_json_int(json, "timestamp_ms", timestamp_ms);
    gl_arena_destroy(arena);
    return good;
}

void gl_letter_marks_add(gl_letter_marks *marks, gl_str key, gl_str value)
{
    gl_letter_mark mark = {.order = marks->count};
    if (!parse_place(key, &mark) || !parse_timestamp(value, &mark.timestamp_ms))
        return;
    if (marks->count == marks->capacity) {
        marks->capacity = marks->capacity == 0 ? 1024 : marks->capacity * 2;
        gl_letter_mark *grown = realloc(marks->at, marks->capacity * sizeof *grown);
        if (grown == NULL)
            abort();
        marks->at = grown;
    }
    marks->at[marks->count++] = mark;
}

static int compare_place(int stage, int32_t partition, int64_t offset, const gl_letter_mark *b)
{
    if (stage != b->stage)
        return stage < b->stage ? -1 : 1;
    if (partition != b->partition)
        return partition < b->partition ? -1 : 1;
    return offset < b->offset ? -1 : offset > b->offset;
}

static int by_place(const void *left, const void *right)
{
    const gl_letter_mark *a = left, *b = right;
    int order = compare_place(a->stage, a->partition, a->offset, b);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

void gl_letter_marks_sort(gl_letter_marks *marks)
{
    size_t kept = 0;
    if (marks->count > 0)
        qsort(marks->at, marks->count, sizeof *marks->at, by_place);
    for (size_t i = 0; i < marks->count; i++) {
        const gl_letter_mark *next = i + 1 < marks->count ? &marks->at[i + 1] : NULL;
        bool is_latest =
            next == NULL || compare_place(marks->at[i].stage, marks->at[i].partition, marks->at[i].offset, next) != 0;
        if (is_latest && marks->at[i].timestamp_ms >= 0)
            marks->at[kept++] = marks->at[i];
    }
    marks->count = kept;
}

static int letter_to_mark(const void *left, const void *right)
{
    const gl_letter *letter = left;
    return compare_place(letter->stage, letter->partition, letter->offset, right);
}

bool gl_letter_marks_has(const gl_letter_marks *marks, const gl_letter *letter)
{
    const gl_letter_mark *found =
        marks->count == 0 ? NULL : bsearch(letter, marks->at, marks->count, sizeof *marks->at, letter_to_mark);
    return found != NULL && found->timestamp_ms == letter->timestamp_ms;
}

void gl_letter_marks_free(gl_letter_marks *marks)
{
    free(marks->at);
    *marks = (gl_letter_marks){0};
}

/* ---- corrected records ---- */

static bool read_hex(gl_arena *arena, const gl_json *line, const char *name, bool *has, gl_str *bytes)
{
    const gl_json *member = gl_json_get(line, name);
    *has = member != NULL;
    if (member == NULL)
        return true;
    if (member->type != GL_JSON_STRING)
        return false;
    uint8_t *to = gl_arena_alloc(arena, member->text.len / 2 + 1);
    *bytes = (gl_str){(const char *)to, member->text.len / 2};
    return gl_unhex(member->text, to);
}

static bool read_replacement(gl_arena *arena, const gl_json *line, gl_replacement *r)
{
    int64_t partition;
    *r = (gl_replacement){.stage = stage_index(gl_json_text(line, "stage"))};
    if (r->stage < 0 || !gl_json_int(line, "partition", &partition) || partition < 0 || partition > INT32_MAX ||
        !gl_json_int(line, "offset", &r->offset) || r->offset < 0)
        return false;
    r->partition = (int32_t)partition;
    return read_hex(arena, line, "key_hex", &r->has_key, &r->key) &&
           read_hex(arena, line, "value_hex", &r->has_value, &r->value) && (r->has_key || r->has_value);
}

static int replacement_order(const void *left, const void *right)
{
    const gl_replacement *a = left, *b = right;
    gl_letter_mark place = {.stage = b->stage, .partition = b->partition, .offset = b->offset};
    return compare_place(a->stage, a->partition, a->offset, &place);
}

static size_t count_lines(gl_str text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

static gl_str next_line(gl_str *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    gl_str line = {rest->ptr, len};
    size_t used = end == NULL ? len : len + 1;
    *rest = (gl_str){rest->ptr + used, rest->len - used};
    return gl_str_trim(line);
}

bool gl_replacements_parse(gl_arena *arena, gl_str text, gl_replacements *replacements, gl_err *err)
{
    *replacements = (gl_replacements){.at = GL_NEW_N(arena, gl_replacement, count_lines(text))};
    for (size_t number = 1; text.len > 0; number++) {
        gl_str line = next_line(&text);
        if (line.len == 0)
            continue;
        const gl_json *json = gl_json_parse(arena, line, LINE_LIMIT_BYTES, FILE_LIMIT_NODES, err);
        if (json == NULL)
            return gl_fail_context(err, "line %zu", number);
        if (!read_replacement(arena, json, &replacements->at[replacements->count++]))
            return gl_fail(err, GL_FATAL, "replacement-invalid",
                           "line %zu: stage, partition, offset, and value_hex or key_hex (or both) in hex are needed",
                           number);
    }
    if (replacements->count > 0)
        qsort(replacements->at, replacements->count, sizeof *replacements->at, replacement_order);
    for (size_t i = 1; i < replacements->count; i++)
        if (replacement_order(&replacements->at[i - 1], &replacements->at[i]) == 0)
            return gl_fail(err, GL_FATAL, "replacement-invalid", "two lines are for %s/%" PRId32 "/%" PRId64,
                           gl_letter_stages[replacements->at[i].stage], replacements->at[i].partition,
                           replacements->at[i].offset);
    return true;
}

const gl_replacement *gl_replacements_find(const gl_replacements *replacements, const gl_letter *letter)
{
    gl_replacement wanted = {.stage = letter->stage, .partition = letter->partition, .offset = letter->offset};
    return replacements->count == 0
               ? NULL
               : bsearch(&wanted, replacements->at, replacements->count, sizeof *replacements->at, replacement_order);
}

/* ---- reading ---- */

static rd_kafka_t *make_consumer(const gl_kafka_conf *conf, gl_err *err)
{
    static const char *const settings[] = {
        "group.id", "greenlane-cli", "enable.partition.eof", "true", "fetch.wait.max.ms", "50", NULL};
    gl_kafka_client client = {.name = "dlq", .settings = settings};
    return gl_kafka_consumer_new(conf, &client, err);
}

typedef struct walk {
    rd_kafka_t *consumer;
    int64_t *ends; /* by partition */
    bool *done;
    int partitions, left;
} walk;

/* The partitions that hold something; a later record is not part of the walk, so that it ends. */
static bool plan_walk(walk *w, gl_kafka_admin *admin, const char *topic, rd_kafka_topic_partition_list_t *list,
                      gl_err *err)
{
    for (int p = 0; p < w->partitions; p++) {
        int64_t first;
        if (!gl_kafka_end_offset(admin, topic, p, true, &first, &w->ends[p], QUESTION_MS, err))
            return false;
        w->done[p] = first >= w->ends[p];
        if (w->done[p])
            continue;
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = first;
        w->left++;
    }
    return true;
}

static void pass(walk *w, int32_t partition, int64_t next)
{
    if (w->done[partition] || next < w->ends[partition])
        return;
    w->done[partition] = true;
    w->left--;
}

static bool walk_on(walk *w, const char *topic, bool (*each)(void *, const rd_kafka_message_t *), void *context,
                    gl_err *err)
{
    int64_t deadline_us = gl_mono_us() + (int64_t)STALL_MS * 1000;
    for (bool go_on = true; go_on && w->left > 0;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(w->consumer, 100);
        if (message == NULL) {
            if (gl_mono_us() > deadline_us)
                return gl_fail(err, GL_RETRY, "kafka-timeout", "%s: nothing was read for %d s before its end", topic,
                               STALL_MS / 1000);
            continue;
        }
        deadline_us = gl_mono_us() + (int64_t)STALL_MS * 1000;
        rd_kafka_resp_err_t code = message->err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (!w->done[message->partition] && message->offset < w->ends[message->partition])
                go_on = each(context, message);
            pass(w, message->partition, message->offset + 1);
        } else if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            pass(w, message->partition, message->offset);
        }
        rd_kafka_message_destroy(message);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            gl_kafka_fail_code(err, code, topic);
            if (err->action == GL_FATAL)
                return false;
        }
    }
    return true;
}

bool gl_letters_walk(const gl_kafka_conf *conf, gl_kafka_admin *admin, const char *topic,
                     bool (*each)(void *context, const rd_kafka_message_t *message), void *context, gl_err *err)
{
    walk w = {0};
    if (!gl_kafka_partition_count(admin, topic, &w.partitions, QUESTION_MS, err))
        return false;
    if (w.partitions == 0)
        return true;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(w.partitions);
    w.ends = calloc((size_t)w.partitions, sizeof *w.ends);
    w.done = calloc((size_t)w.partitions, sizeof *w.done);
    if (w.ends == NULL || w.done == NULL)
        abort();
    bool good = plan_walk(&w, admin, topic, list, err);
    if (good && w.left > 0) {
        w.consumer = make_consumer(conf, err);
        good = w.consumer != NULL;
        rd_kafka_resp_err_t code = good ? rd_kafka_assign(w.consumer, list) : RD_KAFKA_RESP_ERR_NO_ERROR;
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            good = gl_kafka_fail_code(err, code, topic);
        good = good && walk_on(&w, topic, each, context, err);
        if (w.consumer != NULL)
            gl_kafka_consumer_close(w.consumer, QUESTION_MS);
    }
    rd_kafka_topic_partition_list_destroy(list);
    free(w.ends);
    free(w.done);
    return good;
}

bool gl_letters_count(gl_kafka_admin *admin, const char *topic, int64_t *count, gl_err *err)
{
    int partitions = 0;
    *count = 0;
    if (!gl_kafka_partition_count(admin, topic, &partitions, QUESTION_MS, err))
        return false;
    for (int p = 0; p < partitions; p++) {
        int64_t first, end;
        if (!gl_kafka_end_offset(admin, topic, p, true, &first, &end, QUESTION_MS, err))
            return false;
        *count += end - first;
    }
    return true;
}

static rd_kafka_message_t *gone(gl_err *err, const char *topic, int32_t partition, int64_t offset)
{
    gl_fail(err, GL_DEAD_LETTER, "letter-origin-gone", "%s [%" PRId32 "] has no record at %" PRId64 " any more", topic,
            partition, offset);
    return NULL;
}

rd_kafka_message_t *gl_letters_fetch(const gl_kafka_conf *conf, gl_kafka_admin *admin, const char *topic,
                                     int32_t partition, int64_t offset, rd_kafka_t **consumer, gl_err *err)
{
    if (*consumer == NULL && (*consumer = make_consumer(conf, err)) == NULL)
        return NULL;
    int64_t first, end;
    if (!gl_kafka_end_offset(admin, topic, partition, true, &first, &end, QUESTION_MS, err))
        return NULL;
    if (offset < first || offset >= end)
        return gone(err, topic, partition, offset);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_resp_err_t code = rd_kafka_assign(*consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    int64_t deadline_us = gl_mono_us() + (int64_t)QUESTION_MS * 1000;
    while (code == RD_KAFKA_RESP_ERR_NO_ERROR && gl_mono_us() < deadline_us) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(*consumer, 100);
        if (message == NULL)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset == offset)
            return message;
        bool past = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
                    (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset > offset);
        rd_kafka_message_destroy(message);
        if (past)
            break;
    }
    return gone(err, topic, partition, offset);
}
