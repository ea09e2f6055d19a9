/* Records of gl.<stage>.dlq: key, value and headers as consumed, and headers that say where it was, what failed and
 * when.
 *
 * The names gl.dlq.* are ours, __connect.errors.* those of Kafka Connect, so that existing tools understand them. A
 * record sent again (redriven) that fails again keeps its history: when it was first seen, how often it was tried in
 * all, and the headers gl.redriven and gl.redriven_from.
 */
#include "stage/internal.h"

#include "base/clock.h"

/* The latest counts: an older header of the same name goes. */
static void put(rd_kafka_headers_t *headers, const char *name, gl_str value)
{
    rd_kafka_header_remove(headers, name);
    rd_kafka_header_add(headers, name, -1, value.ptr == NULL ? "" : value.ptr, (ssize_t)value.len);
}

static void put_number(rd_kafka_headers_t *headers, const char *name, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)value);
    put(headers, name, (gl_str){text, (size_t)len});
}

static int64_t number_of(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    uint64_t number = 0;
    if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR || value == NULL ||
        !gl_str_to_u64((gl_str){value, size}, INT32_MAX, &number))
        return 0;
    return (int64_t)number;
}

static void put_time(rd_kafka_headers_t *headers, const char *name, int64_t wall_us)
{
    char text[GL_TIME_TEXT_BYTES];
    put(headers, name, gl_time_format(wall_us, text));
}

static rd_kafka_headers_t *original_headers(const gl_worker *worker, const gl_record *record)
{
    rd_kafka_headers_t *headers;
    size_t index = worker->runtime->input_count > 0 ? gl_worker_index(worker, record) : SIZE_MAX;
    if (index != SIZE_MAX && rd_kafka_message_headers(worker->messages[index], &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_headers_copy(headers);
    if (record->headers != NULL)
        return rd_kafka_headers_copy(record->headers);
    return rd_kafka_headers_new(24);
}

static size_t bytes_of(const rd_kafka_headers_t *headers)
{
    size_t bytes = 0, size;
    const char *name;
    const void *value;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        bytes += strlen(name) + size + 10;
    return bytes;
}

static void put_error(rd_kafka_headers_t *headers, const gl_worker *worker, const gl_outbox_entry *entry)
{
    const char *stage = worker->runtime->def->name;
    put(headers, "gl.dlq.code", gl_str_of(entry->err.code));
    put(headers, "gl.dlq.message", gl_str_of(entry->err.message));
    put(headers, "gl.dlq.stage", gl_str_of(stage));
    put(headers, "gl.dlq.stage_version", GL_STR(GL_VERSION));
    put_number(headers, "gl.dlq.attempts", number_of(headers, "gl.dlq.attempts") + worker->attempts + 1);
    put(headers, "__connect.errors.stage", gl_str_of(stage));
    put(headers, "__connect.errors.exception.message", gl_str_of(entry->err.message));
}

static void put_place(rd_kafka_headers_t *headers, const gl_worker *worker, const gl_record *record)
{
    if (worker->runtime->input_count == 0 && record->topic == NULL)
        return;
    gl_str topic = gl_str_of(record->topic != NULL ? record->topic : worker->runtime->def->inputs[record->input]);
    put(headers, "gl.dlq.topic", topic);
    put_number(headers, "gl.dlq.partition", record->partition);
    put_number(headers, "gl.dlq.offset", record->offset);
    put_number(headers, "gl.dlq.timestamp", record->timestamp_ms);
    put(headers, "__connect.errors.topic", topic);
    put_number(headers, "__connect.errors.partition", record->partition);
    put_number(headers, "__connect.errors.offset", record->offset);
}

static void put_schema(rd_kafka_headers_t *headers, gl_str value)
{
    const uint8_t *p = (const uint8_t *)value.ptr;
    if (value.len >= 5 && p[0] == 0)
        put_number(headers, "gl.dlq.schema_id", (int64_t)p[1] << 24 | p[2] << 16 | p[3] << 8 | p[4]);
}

rd_kafka_headers_t *gl_dead_letter_headers(const gl_worker *worker, const gl_outbox_entry *entry, gl_str *value)
{
    const gl_record *record = entry->cause;
    rd_kafka_headers_t *headers = original_headers(worker, record);
    const void *seen;
    size_t seen_bytes;
    put_error(headers, worker, entry);
    put_place(headers, worker, record);
    put_schema(headers, *value);
    if (rd_kafka_header_get_last(headers, "gl.dlq.first_seen", &seen, &seen_bytes) != RD_KAFKA_RESP_ERR_NO_ERROR)
        put_time(headers, "gl.dlq.first_seen", worker->batch.now_us);
    size_t bytes = entry->key.len + value->len + bytes_of(headers);
    if ((int64_t)bytes <= gl_txn_limit_bytes(worker, entry))
        return headers;
    put_number(headers, "gl.dlq.reference",
               (int64_t)value->len); /* of how many bytes; topic, partition and offset say where */
    *value = GL_STR("");
    return headers;
}
