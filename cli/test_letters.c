/* Dead letters: what their headers say, which are meant, which were dealt with, and what is sent instead. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "cli/letters.h"
#include "customs/ids.h"

static void add(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    rd_kafka_header_add(headers, name, -1, value, -1);
}

static const char *last(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    return rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR ? value : NULL;
}

static size_t count_of(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size, count = 0;
    while (rd_kafka_header_get(headers, count, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        count++;
    return count;
}

Test(letters, a_redriven_record_carries_its_history_and_no_error)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(8);
    add(headers, "traceparent", "00-a-b-01");
    add(headers, "gl.dlq.code", "avro-truncated");
    add(headers, "gl.dlq.first_seen", "2026-01-31T12:00:00.000000Z");
    add(headers, "gl.dlq.attempts", "3");
    add(headers, "__connect.errors.topic", "gl.declarations.accepted");
    add(headers, "gl.redriven", "1");
    add(headers, "gl.redriven_from", "gl.risk.dlq/0/1 x");
    gl_letter letter = {.stage = 2,
                        .partition = 2,
                        .offset = 17,
                        .value = GL_STR("abc"),
                        .headers = headers,
                        .code = GL_STR("avro-truncated"),
                        .redriven = 1};
    rd_kafka_headers_t *again = gl_letter_headers(&letter, true);
    cr_assert_str_eq(last(again, "traceparent"), "00-a-b-01");
    cr_assert_null(last(again, "gl.dlq.code"));
    cr_assert_null(last(again, "__connect.errors.topic"));
    cr_assert_str_eq(last(again, "gl.dlq.first_seen"), "2026-01-31T12:00:00.000000Z");
    cr_assert_str_eq(last(again, "gl.dlq.attempts"), "3");
    cr_assert_eq(count_of(again, "gl.redriven"), 1);
    cr_assert_str_eq(last(again, "gl.redriven"), "2");
    cr_assert_eq(count_of(again, "gl.redriven_from"), 2);
    cr_assert_str_eq(last(again, "gl.redriven_from"), "gl.risk.dlq/2/17 avro-truncated");
    cr_assert_str_eq(last(again, "gl.redriven_replaced"),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    rd_kafka_headers_destroy(again);
    rd_kafka_headers_destroy(headers);
}

Test(letters, filters_are_read_and_applied)
{
    gl_letter_filter filter;
    gl_err err = {0};
    const int64_t now_ms = 1000000000;
    uint8_t id[GL_DECLARATION_ID_BYTES] = {0x12, 0x34, 0x56};
    char mrn[GL_MRN_CHARS + 1];
    gl_mrn_make(id, 1767225600000000, "BE", GL_FAMILY_IMPORT, mrn);
    gl_letter letter = {.stage = 1,
                        .code = GL_STR("avro-invalid"),
                        .timestamp_ms = now_ms - 60000,
                        .key = {(const char *)id, sizeof id}};
    cr_assert(gl_letter_filter_parse(&filter, "", "", "", "", "", now_ms, &err));
    cr_assert(gl_letter_matches(&filter, &letter));
    cr_assert(gl_letter_filter_parse(&filter, "classify", "avro-invalid", "2m", "1234", mrn, now_ms, &err));
    cr_assert(gl_letter_matches(&filter, &letter));
    cr_assert(gl_letter_filter_parse(&filter, "risk", "", "", "", "", now_ms, &err));
    cr_assert_not(gl_letter_matches(&filter, &letter));
    cr_assert(gl_letter_filter_parse(&filter, "", "avro", "", "", "", now_ms, &err));
    cr_assert_not(gl_letter_matches(&filter, &letter));
    cr_assert(gl_letter_filter_parse(&filter, "", "", "59s", "", "", now_ms, &err));
    cr_assert_not(gl_letter_matches(&filter, &letter));
    cr_assert(gl_letter_filter_parse(&filter, "", "", "1970-01-12T13:45:00Z", "", "", now_ms, &err));
    cr_assert(gl_letter_matches(&filter, &letter));
    cr_assert(gl_letter_filter_parse(&filter, "", "", "", "1235", "", now_ms, &err));
    cr_assert_not(gl_letter_matches(&filter, &letter));
    id[7] = 4; /* another declaration: the bits that an MRN stands for differ */
    cr_assert(gl_letter_filter_parse(&filter, "", "", "", "", mrn, now_ms, &err));
    cr_assert_not(gl_letter_matches(&filter, &letter));
    letter.key = GL_STR("short");
    cr_assert_not(gl_letter_matches(&filter, &letter));
}

Test(letters, wrong_filters_say_which)
{
    gl_letter_filter filter;
    gl_err err = {0};
    cr_assert_not(gl_letter_filter_parse(&filter, "decided", "", "", "", "", 0, &err));
    cr_assert_str_eq(err.code, "filter-stage");
    cr_assert_not(gl_letter_filter_parse(&filter, "", "", "yesterday", "", "", 0, &err));
    cr_assert_str_eq(err.code, "filter-since");
    cr_assert_not(gl_letter_filter_parse(&filter, "", "", "", "123", "", 0, &err));
    cr_assert_str_eq(err.code, "filter-key");
    cr_assert_not(gl_letter_filter_parse(&filter, "", "", "", "", "26BE", 0, &err));
    cr_assert_str_eq(err.code, "filter-mrn");
}

Test(letters, the_latest_mark_of_a_letter_counts)
{
    gl_arena *arena = gl_arena_new(0);
    gl_letter_marks marks = {0};
    gl_letter letter = {.stage = 3, .partition = 1, .offset = 5, .timestamp_ms = 77};
    gl_str key = gl_letter_mark_key(arena, 3, 1, 5);
    gl_str value = gl_letter_mark_value(arena, &letter, "dropped", GL_STR("a \"test\""), 0);
    cr_assert(gl_str_eqz(key, "decide/1/5"));
    gl_letter_marks_sort(&marks);
    cr_assert_not(gl_letter_marks_has(&marks, &letter));
    gl_letter_marks_add(&marks, key, value);
    for (int i = 0; i < 2000; i++)
        gl_letter_marks_add(&marks, gl_letter_mark_key(arena, i % 4, i % 7, 1000 + i), value);
    gl_letter_marks_add(&marks, GL_STR("decide/1"), value);
    gl_letter_marks_add(&marks, GL_STR("decided/1/5"), value);
    gl_letter_marks_add(&marks, GL_STR("decide/1/6"), GL_STR("{"));
    gl_letter_marks_sort(&marks);
    cr_assert_eq(marks.count, 2001);
    cr_assert(gl_letter_marks_has(&marks, &letter));
    letter.timestamp_ms = 78; /* the topic was made again */
    cr_assert_not(gl_letter_marks_has(&marks, &letter));
    letter.timestamp_ms = 77;
    letter.offset = 6;
    cr_assert_not(gl_letter_marks_has(&marks, &letter));
    gl_letter_marks_free(&marks);
    gl_letter_marks_add(&marks, key, value);
    gl_letter_marks_add(&marks, key, (gl_str){NULL, 0});
    gl_letter_marks_sort(&marks);
    letter.offset = 5;
    cr_assert_not(gl_letter_marks_has(&marks, &letter), "a tombstone takes it away");
    gl_letter_marks_free(&marks);
    gl_arena_destroy(arena);
}

Test(letters, replacements_are_read)
{
    gl_arena *arena = gl_arena_new(0);
    gl_replacements found;
    gl_err err = {0};
    gl_str text = GL_STR(
        "{\"stage\":\"risk\",\"partition\":1,\"offset\":9,\"value_hex\":\"00ffA0\",\"value\":null}\n\n"
        "{\"stage\":\"classify\",\"partition\":0,\"offset\":3,\"key_hex\":\"01\",\"headers\":[[\"a\",\"b\"]]}\n");
    cr_assert(gl_replacements_parse(arena, text, &found, &err), "%s", err.message);
    cr_assert_eq(found.count, 2);
    gl_letter letter = {.stage = 2, .partition = 1, .offset = 9};
    const gl_replacement *r = gl_replacements_find(&found, &letter);
    cr_assert_not_null(r);
    cr_assert(r->has_value && !r->has_key && r->value.len == 3 && memcmp(r->value.ptr, "\x00\xff\xa0", 3) == 0);
    letter.offset = 8;
    cr_assert_null(gl_replacements_find(&found, &letter));
    gl_arena_destroy(arena);
}

Test(letters, wrong_replacements_are_refused)
{
    static const char *const wrong[] = {
        "{\"stage\":\"risk\",\"partition\":1,\"offset\":9}",
        "{\"stage\":\"none\",\"partition\":1,\"offset\":9,\"value_hex\":\"00\"}",
        "{\"stage\":\"risk\",\"partition\":-1,\"offset\":9,\"value_hex\":\"00\"}",
        "{\"stage\":\"risk\",\"partition\":1,\"offset\":9,\"value_hex\":\"0\"}",
        "{\"stage\":\"risk\",\"partition\":1,\"offset\":9,\"value_hex\":7}",
        "{\"stage\":\"risk\",\"partition\":1,\"offset\":9,\"value_hex\":\"zz\"}",
        ("{\"stage\":\"risk\",\"partition\":1,\"offset\":9,\"value_hex\":\"00\"}\n"
         "{\"stage\":\"risk\",\"partition\":1,\"offset\":9,\"value_hex\":\"01\"}"),
        "no JSON",
    };
    gl_arena *arena = gl_arena_new(0);
    gl_replacements found;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        cr_assert_not(gl_replacements_parse(arena, gl_str_of(wrong[i]), &found, &err), "%s", wrong[i]);
        cr_assert_not_null(err.code);
    }
    gl_arena_destroy(arena);
}
