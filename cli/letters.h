/* Dead letters as the command line sees them: what their headers say, which of them are meant, and which were dealt
 * with.
 *
 * A letter stays in gl.<stage>.dlq until retention deletes it. That it was dealt with is a mark on the compacted topic
 * gl.dlq.handled, keyed "<stage>/<partition>/<offset>" and written in the transaction that republishes the record: so
 * a record is sent again once, whatever dies between two runs. Always holds: a mark counts only for the letter whose
 * timestamp it names, so that a dead-letter topic that was made again starts without marks.
 */
#ifndef GL_CLI_LETTERS_H
#define GL_CLI_LETTERS_H

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "io/kafka.h"

#define GL_LETTER_MARKS_TOPIC "gl.dlq.handled"

enum { GL_LETTER_STAGES = 4 };
extern const char *const gl_letter_stages[GL_LETTER_STAGES + 1]; /* NULL-terminated */

/* Slices are the message's. Texts that are missing are empty, numbers -1. */
typedef struct gl_letter {
    int stage; /* index into gl_letter_stages */
    int32_t partition;
    int64_t offset, timestamp_ms;
    gl_str key, value;
    const rd_kafka_headers_t *headers; /* NULL: none */
    gl_str code, message, first_seen;
    gl_str topic; /* where it was consumed */
    int64_t origin_partition, origin_offset;
    int64_t attempts, redriven; /* redriven: how often so far, 0 without a header */
    int64_t reference_bytes;    /* >= 0: the record did not fit, its value has so many bytes and is at its origin */
} gl_letter;

void gl_letter_read(const rd_kafka_message_t *message, int stage, gl_letter *letter);
/* The headers with which it is sent again: its own, when it was first seen and how often it was tried, gl.redriven
 * counted up, a gl.redriven_from added ("gl.risk.dlq/2/17 avro-truncated"). `replaced`: the value is not the original
 * one, whose SHA-256 is noted in gl.redriven_replaced. Owned by the caller. */
rd_kafka_headers_t *gl_letter_headers(const gl_letter *letter, bool replaced);

/* Which letters are meant. Zeroed: all. */
typedef struct gl_letter_filter {
    const char *stage, *code; /* NULL: any */
    int64_t since_ms;         /* dead-lettered then or later */
    uint8_t key[64];          /* the key begins with these bytes */
    size_t key_bytes;
    bool has_mrn;
    uint64_t mrn_bits; /* top 62 bits of the declaration id */
} gl_letter_filter;

/* Option texts ("" or NULL: not given). `since`: RFC 3339, or 90s, 15m, 6h, 2d before `now_ms`. `key`: hex. false:
 * `err` says which is wrong. */
bool gl_letter_filter_parse(gl_letter_filter *filter, const char *stage, const char *code, const char *since,
                            const char *key, const char *mrn, int64_t now_ms, gl_err *err);
bool gl_letter_matches(const gl_letter_filter *filter, const gl_letter *letter);

/* What was dealt with. */
typedef struct gl_letter_mark {
    int stage;
    int32_t partition;
    int64_t offset, timestamp_ms; /* of the letter; timestamp_ms -1: the mark was taken away */
    size_t order;
} gl_letter_mark;
typedef struct gl_letter_marks {
    gl_letter_mark *at;
    size_t count, capacity; /* count <= capacity */
} gl_letter_marks;

/* A record of gl.dlq.handled; what cannot be read is skipped. */
void gl_letter_marks_add(gl_letter_marks *marks, gl_str key, gl_str value);
/* After the last add, before the first has: the latest mark of a letter counts. */
void gl_letter_marks_sort(gl_letter_marks *marks);
bool gl_letter_marks_has(const gl_letter_marks *marks, const gl_letter *letter);
void gl_letter_marks_free(gl_letter_marks *marks);
/* The record to write: its key, and its value {"action", "at", "timestamp_ms", "reason"}. */
gl_str gl_letter_mark_key(gl_arena *arena, int stage, int32_t partition, int64_t offset);
gl_str gl_letter_mark_value(gl_arena *arena, const gl_letter *letter, const char *action, gl_str reason,
                            int64_t now_us);

/* Corrected records: NDJSON, an object a line with stage, partition, offset, and value_hex and key_hex, of which one
 * may be missing (then the original is kept). */
typedef struct gl_replacement {
    int stage;
    int32_t partition;
    int64_t offset;
    bool has_key, has_value;
    gl_str key, value;
} gl_replacement;
typedef struct gl_replacements {
    gl_replacement *at; /* sorted */
    size_t count;
} gl_replacements;

/* In `arena`. Errors: json-..., replacement-invalid (the message names the line). */
bool gl_replacements_parse(gl_arena *arena, gl_str text, gl_replacements *replacements, gl_err *err);
/* NULL: none. */
const gl_replacement *gl_replacements_find(const gl_replacements *replacements, const gl_letter *letter);

void gl_buf_hex(gl_buf *buf, gl_str bytes);

/* Hands over every record of `topic` that is committed now, each partition in order. `each` returns false to end. A
 * topic that is not there has none. */
bool gl_letters_walk(const gl_kafka_conf *conf, gl_kafka_admin *admin, const char *topic,
                     bool (*each)(void *context, const rd_kafka_message_t *message), void *context, gl_err *err);
/* How many offsets that walk will pass; 0 without the topic. */
bool gl_letters_count(gl_kafka_admin *admin, const char *topic, int64_t *count, gl_err *err);
/* One record of a topic; NULL and letter-origin-gone (GL_DEAD_LETTER) when it is not there any more. Owned by the
 * caller. `*consumer` is made when it is NULL. */
rd_kafka_message_t *gl_letters_fetch(const gl_kafka_conf *conf, gl_kafka_admin *admin, const char *topic,
                                     int32_t partition, int64_t offset, rd_kafka_t **consumer, gl_err *err);

#endif
