/* The generated codecs against avro-c, record by record, and against damaged bytes.
 *
 * avro-c is the oracle: what it writes we must read and write again byte by byte, and it must read what we write. The
 * names of the fields are compared through the JSON dumps, since bytes alone would not show two fields swapped.
 */
#include "gen/codecs_all.h"
#include "gen/codecs_test.h"
#include "gen/topics.h"
#include "io/avro.h"
#include "io/envelope.h"
#include "io/json.h"
#include "random_value.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

enum {
    RECORDS = 10000,
    VALUES = 3000, /* of an envelope: its sections have had their records */
    FLIPPED = 1000,
    BUDGET_VALUES = 400,
    BUFFER_BYTES = 8 * 1024 * 1024,
};

typedef struct bench {
    const gl_codec *codec;
    avro_schema_t schema;
    avro_value_iface_t *iface;
    avro_value_t made; /* the random one */
    avro_value_t read; /* what avro-c reads of ours */
    gl_avro_schema *walked;
    gl_random random;
    gl_arena *arena;
    void *record; /* decoded */
    gl_buf ours;  /* encoded again */
    uint8_t *exact;
    size_t size; /* of `exact`, what avro-c wrote */
    char *buffer;
} bench;

static const gl_codec *codec_at(size_t i)
{
    return i < gl_codecs_all_count ? &gl_codecs_all[i] : &gl_codecs_test[i - gl_codecs_all_count];
}

static uint32_t schema_id_of(const char *record)
{
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (strcmp(gl_topic_schemas[i].record, record) == 0)
            return gl_topic_schemas[i].schema_id;
    cr_assert_fail("no topic has %s", record);
    return 0;
}

static void bench_open(bench *b, size_t which)
{
    gl_err err = {0};
    *b = (bench){.codec = codec_at(which), .random = {.state = 20250131 + which}};
    cr_assert_eq(avro_schema_from_json_length(b->codec->json, strlen(b->codec->json), &b->schema), 0, "%s",
                 avro_strerror());
    b->iface = avro_generic_class_from_schema(b->schema);
    cr_assert_not_null(b->iface);
    avro_generic_value_new(b->iface, &b->made);
    avro_generic_value_new(b->iface, &b->read);
    b->walked = gl_avro_schema_new(gl_str_of(b->codec->json), &err);
    cr_assert_not_null(b->walked, "%s", err.message);
    b->arena = gl_arena_new(0);
    b->record = malloc(b->codec->struct_bytes);
    b->buffer = malloc(BUFFER_BYTES);
}

static void bench_close(bench *b)
{
    avro_value_decref(&b->made);
    avro_value_decref(&b->read);
    avro_value_iface_decref(b->iface);
    avro_schema_decref(b->schema);
    gl_avro_schema_destroy(b->walked);
    gl_arena_destroy(b->arena);
    free(b->record);
    gl_buf_free(&b->ours);
    free(b->exact);
    free(b->buffer);
}

/* Puts bytes where AddressSanitizer sees each read past their end. */
static void set_exact(bench *b, const void *bytes, size_t size)
{
    free(b->exact);
    b->exact = malloc(size == 0 ? 1 : size);
    if (size > 0)
        memcpy(b->exact, bytes, size);
    b->size = size;
}

static void put_header(bench *b)
{
    if (b->codec->header_bytes == 0)
        return;
    uint32_t id = schema_id_of(b->codec->name);
    const uint8_t header[] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    memcpy(b->buffer, header, sizeof header);
}

static void make_value(bench *b, size_t budget)
{
    b->random.budget = budget;
    b->random.made_nan = false;
    avro_value_reset(&b->made);
    gl_random_fill(&b->random, &b->made);
}

/* Random value -> the canonical bytes in `exact`. */
static void make_bytes(bench *b, size_t budget)
{
    make_value(b, budget);
    size_t header = b->codec->header_bytes;
    avro_writer_t writer = avro_writer_memory(b->buffer + header, (int64_t)(BUFFER_BYTES - header));
    cr_assert_eq(avro_value_write(writer, &b->made), 0, "%s", avro_strerror());
    put_header(b);
    set_exact(b, b->buffer, header + (size_t)avro_writer_tell(writer));
    avro_writer_free(writer);
}

static bool decode(bench *b, gl_err *err)
{
    size_t used = 0;
    gl_arena_reset(b->arena);
    return b->codec->decode(b->record, b->exact, b->size, &used, b->arena, err) && used == b->size;
}

/* On the heap and of any capacity, so that AddressSanitizer sees a byte for which no room was made. Valid until the
 * next one. */
static const gl_buf *encode(bench *b)
{
    gl_buf_free(&b->ours);
    gl_buf_reserve(&b->ours, 64 + gl_random_below(&b->random, b->size + 1));
    b->codec->encode(&b->ours, b->record);
    return &b->ours;
}

static bool same_bytes(const gl_buf *buf, const uint8_t *bytes, size_t size)
{
    return buf->len == size && memcmp(buf->data, bytes, size) == 0;
}

static void check_skip(bench *b)
{
    size_t used = 0;
    gl_err err = {0};
    if (b->codec->skip != NULL) {
        cr_assert(b->codec->skip(b->exact, b->size, &used, &err), "%s", err.message);
        cr_assert_eq(used, b->size);
    }
    gl_str body = {(const char *)b->exact + b->codec->header_bytes, b->size - b->codec->header_bytes};
    cr_assert(gl_avro_walk(b->walked, body, NULL, NULL, &err), "%s", err.message);
}

/* avro-c reads what we wrote, and finds the same value. */
static void check_oracle(bench *b, const gl_buf *ours)
{
    size_t header = b->codec->header_bytes;
    avro_reader_t reader = avro_reader_memory((const char *)ours->data + header, (int64_t)(ours->len - header));
    cr_assert_eq(avro_value_read(reader, &b->read), 0, "%s", avro_strerror());
    avro_reader_free(reader);
    if (!b->random.made_nan)
        cr_assert(avro_value_equal(&b->made, &b->read));
}

/* ---- JSON dumps ---- */

/* Days from 1970-01-01 by counting the years' leap days; another way than the generator's. */
static int64_t days_of(long long year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    long long past = year - 1;
    long long cycles = past / 400 - (past % 400 < 0);
    long long rest = past - cycles * 400;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return cycles * 146097 + rest * 365 + rest / 4 - rest / 100 + before[month - 1] + day - 1 + (leap && month > 2) -
           719162;
}

static bool is_instant(gl_str text, int64_t value)
{
    char copy[64];
    long long year = 0;
    int month = 0, day = 0, hour = 0, minute = 0, second = 0, digits_at = 0;
    snprintf(copy, sizeof copy, "%.*s", GL_STR_ARG(text));
    int found = sscanf(copy, "%lld-%d-%dT%d:%d:%d.%n", &year, &month, &day, &hour, &minute, &second, &digits_at);
    if (found == 3)
        return days_of(year, month, day) == value;
    size_t digits = strspn(copy + digits_at, "0123456789");
    if (found != 6 || (digits != 3 && digits != 6) || strcmp(copy + digits_at + digits, "Z") != 0)
        return false;
    __int128 seconds = (__int128)days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return seconds * (digits == 3 ? 1000 : 1000000) + atoi(copy + digits_at) == value;
}

static bool is_hex(gl_str text, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    char pair[3];
    if (text.len != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        snprintf(pair, sizeof pair, "%02x", bytes[i]);
        if (memcmp(pair, text.ptr + 2 * i, 2) != 0)
            return false;
    }
    return true;
}

static void check_json(const gl_json *json, avro_value_t *value);

static void check_number(const gl_json *json, avro_value_t *value)
{
    int32_t narrow = 0;
    int64_t wide = 0;
    float single = 0;
    double real = 0;
    char text[64];
    snprintf(text, sizeof text, "%.*s", GL_STR_ARG(json->text));
    switch (avro_value_get_type(value)) {
    case AVRO_INT32:
        avro_value_get_int(value, &narrow);
        wide = narrow;
        cr_assert(json->type == GL_JSON_NUMBER ? strtoll(text, NULL, 10) == wide : is_instant(json->text, wide));
        break;
    case AVRO_INT64:
        avro_value_get_long(value, &wide);
        cr_assert(json->type == GL_JSON_NUMBER ? strtoll(text, NULL, 10) == wide : is_instant(json->text, wide),
                  "%s is not %lld", text, (long long)wide);
        break;
    case AVRO_FLOAT:
        avro_value_get_float(value, &single);
        cr_assert(json->type == GL_JSON_NUMBER ? strtof(text, NULL) == single : single - single != 0);
        break;
    default:
        avro_value_get_double(value, &real);
        cr_assert(json->type == GL_JSON_NUMBER ? strtod(text, NULL) == real : real - real != 0);
        break;
    }
}

static void check_text(const gl_json *json, avro_value_t *value)
{
    const char *text = NULL;
    const void *bytes = NULL;
    size_t size = 0;
    int index = 0;
    cr_assert_eq(json->type, GL_JSON_STRING);
    switch (avro_value_get_type(value)) {
    case AVRO_STRING:
        avro_value_get_string(value, &text, &size);
        cr_assert(gl_str_eq(json->text, (gl_str){text, size - 1}));
        break;
    case AVRO_BYTES:
        avro_value_get_bytes(value, &bytes, &size);
        cr_assert(is_hex(json->text, bytes, size));
        break;
    case AVRO_FIXED:
        avro_value_get_fixed(value, &bytes, &size);
        cr_assert(is_hex(json->text, bytes, size));
        break;
    default:
        avro_value_get_enum(value, &index);
        cr_assert(gl_str_eqz(json->text, avro_schema_enum_get(avro_value_get_schema(value), index)));
        break;
    }
}

static void check_parts(const gl_json *json, avro_value_t *value, bool is_record)
{
    size_t count = 0;
    avro_value_get_size(value, &count);
    cr_assert_eq(json->type, is_record ? GL_JSON_OBJECT : GL_JSON_ARRAY);
    cr_assert_eq(json->count, count);
    for (size_t i = 0; i < count; i++) {
        avro_value_t part;
        const char *name = NULL;
        avro_value_get_by_index(value, i, &part, &name);
        if (is_record)
            cr_assert(gl_str_eqz(json->keys[i], name));
        check_json(json->items[i], &part);
    }
}

static void check_json(const gl_json *json, avro_value_t *value)
{
    avro_value_t branch;
    int truth = 0;
    switch (avro_value_get_type(value)) {
    case AVRO_UNION:
        avro_value_get_current_branch(value, &branch);
        check_json(json, &branch);
        break;
    case AVRO_NULL:
        cr_assert_eq(json->type, GL_JSON_NULL);
        break;
    case AVRO_BOOLEAN:
        avro_value_get_boolean(value, &truth);
        cr_assert_eq(json->type, truth ? GL_JSON_TRUE : GL_JSON_FALSE);
        break;
    case AVRO_INT32:
    case AVRO_INT64:
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        check_number(json, value);
        break;
    case AVRO_ARRAY:
    case AVRO_RECORD:
        check_parts(json, value, avro_value_get_type(value) == AVRO_RECORD);
        break;
    default:
        check_text(json, value);
        break;
    }
}

static void check_dump(bench *b)
{
    gl_err err = {0};
    gl_buf dump = gl_buf_in(b->arena);
    b->codec->json_dump(&dump, b->record);
    const gl_json *json = gl_json_parse(b->arena, gl_buf_view(&dump), BUFFER_BYTES, 1000 * 1000, &err);
    cr_assert_not_null(json, "%s", err.message);
    check_json(json, &b->made);
}

/* ---- The tests, for each codec ---- */

/* A number for each codec. */
static struct criterion_test_params all_codecs(void)
{
    static size_t which[64];
    size_t count = gl_codecs_all_count + gl_codecs_test_count;
    if (count > sizeof which / sizeof which[0])
        abort();
    for (size_t i = 0; i < count; i++)
        which[i] = i;
    return cr_make_param_array(size_t, which, count);
}

ParameterizedTestParameters(codecs, each)
{
    return all_codecs();
}

static void check_canonical(bench *b, int number)
{
    gl_err err = {0};
    cr_assert(decode(b, &err), "%s, record %d: %s", b->codec->name, number, err.message);
    const gl_buf *ours = encode(b);
    cr_assert(same_bytes(ours, b->exact, b->size), "%s, record %d: other bytes", b->codec->name, number);
    check_skip(b);
    check_oracle(b, ours);
    if (number % 10 == 0)
        check_dump(b);
}

/* Another encoding of the same value decodes to the same. */
static void check_blocks(bench *b, int number)
{
    gl_err err = {0};
    gl_buf canonical = {0}, odd = {0};
    gl_buf_bytes(&canonical, b->exact, b->size);
    gl_buf_bytes(&odd, b->exact, b->codec->header_bytes);
    gl_random_encode(&b->random, &b->made, &odd);
    set_exact(b, odd.data, odd.len);
    cr_assert(decode(b, &err), "%s, record %d in blocks: %s", b->codec->name, number, err.message);
    const gl_buf *ours = encode(b);
    cr_assert(same_bytes(ours, canonical.data, canonical.len), "%s, record %d in blocks", b->codec->name, number);
    check_skip(b);
    gl_buf_free(&canonical);
    gl_buf_free(&odd);
}

ParameterizedTest(const size_t *which, codecs, each, .timeout = 110)
{
    bench b;
    bench_open(&b, *which);
    gl_coverage *coverage = gl_coverage_new(b.schema);
    int count = b.codec->header_bytes > 0 ? VALUES : RECORDS;
    for (int i = 0; i < count; i++) {
        make_bytes(&b, 20 + gl_random_below(&b.random, BUDGET_VALUES));
        check_canonical(&b, i);
        if (i % 8 == 0)
            check_blocks(&b, i);
        if (i % 64 == 0 || gl_coverage_missing(coverage) > 0)
            gl_coverage_add(coverage, &b.made);
    }
    cr_assert_eq(gl_coverage_missing(coverage), 0, "%s: %zu alternatives of %zu places were never made", b.codec->name,
                 gl_coverage_missing(coverage), gl_coverage_places(coverage));
    gl_coverage_destroy(coverage);
    bench_close(&b);
}

ParameterizedTestParameters(codecs, zero_record_is_valid)
{
    return all_codecs();
}

ParameterizedTest(const size_t *which, codecs, zero_record_is_valid)
{
    gl_err err = {0};
    bench b;
    bench_open(&b, *which);
    memset(b.record, 0, b.codec->struct_bytes);
    const gl_buf *zero = encode(&b);
    set_exact(&b, zero->data, zero->len);
    cr_assert(decode(&b, &err), "%s", err.message);
    const gl_buf *again = encode(&b);
    cr_assert(same_bytes(again, b.exact, b.size));
    b.random.made_nan = true; /* nothing was made to compare with */
    check_oracle(&b, again);
    bench_close(&b);
}

/* A prefix of a value is never a value, and nothing is read beyond it. */
static void check_truncation(bench *b)
{
    gl_buf whole = {0};
    gl_buf_bytes(&whole, b->exact, b->size);
    for (size_t size = 0; size < whole.len; size++) {
        gl_err err = {0};
        set_exact(b, whole.data, size);
        cr_assert_not(decode(b, &err), "%s: %zu of %zu bytes", b->codec->name, size, whole.len);
        cr_assert_str_eq(err.code, size < b->codec->header_bytes ? "envelope-magic" : "avro-truncated");
        cr_assert_eq(err.action, GL_DEAD_LETTER);
        cr_assert(b->codec->skip == NULL || !b->codec->skip(b->exact, b->size, NULL, &err));
    }
    gl_buf_free(&whole);
}

ParameterizedTestParameters(codecs, truncated_at_every_byte)
{
    return all_codecs();
}

ParameterizedTest(const size_t *which, codecs, truncated_at_every_byte, .timeout = 110)
{
    bench b;
    bench_open(&b, *which);
    for (int i = 0; i < 8; i++) {
        do
            make_bytes(&b, 10 + 15 * (size_t)i);
        while (b.size > 4000);
        check_truncation(&b);
    }
    bench_close(&b);
}

/* Damaged bytes: decoder, skipper and walker agree; what they accept has one canonical form, and avro-c reads it alike.
 */
static void check_damaged(bench *b)
{
    gl_err err = {0};
    size_t header = b->codec->header_bytes;
    gl_str body = {(const char *)b->exact + header, b->size - header};
    bool walked = gl_avro_walk(b->walked, body, NULL, NULL, NULL);
    bool decoded = decode(b, &err);
    cr_assert_eq(walked, decoded, "%s: walker and decoder differ: %s", b->codec->name, err.message);
    if (!decoded)
        return;
    const gl_buf *ours = encode(b);
    b->random.made_nan = true; /* no longer the value that was made */
    check_oracle(b, ours);
    avro_reader_t reader = avro_reader_memory((const char *)b->exact + header, (int64_t)(b->size - header));
    cr_assert_eq(avro_value_read(reader, &b->read), 0, "%s", avro_strerror());
    avro_reader_free(reader);
    avro_writer_t writer = avro_writer_memory(b->buffer + header, (int64_t)(BUFFER_BYTES - header));
    cr_assert_eq(avro_value_write(writer, &b->read), 0, "%s", avro_strerror());
    put_header(b);
    cr_assert(same_bytes(ours, (const uint8_t *)b->buffer, header + (size_t)avro_writer_tell(writer)));
    avro_writer_free(writer);
}

ParameterizedTestParameters(codecs, bits_flipped)
{
    return all_codecs();
}

ParameterizedTest(const size_t *which, codecs, bits_flipped, .timeout = 110)
{
    bench b;
    size_t accepted_before_damage = 0;
    bench_open(&b, *which);
    for (int i = 0; i < FLIPPED; i++) {
        make_bytes(&b, 60);
        accepted_before_damage += decode(&b, NULL);
        for (int k = 0; k < 6; k++) {
            size_t header = b.codec->header_bytes;
            size_t at = header + gl_random_below(&b.random, b.size - header);
            b.exact[at] = (uint8_t)(b.exact[at] ^ 1u << gl_random_below(&b.random, 8));
            check_damaged(&b);
        }
    }
    cr_assert_eq(accepted_before_damage, FLIPPED);
    bench_close(&b);
}

/* ---- Envelopes and schemas ---- */

Test(topics, table_finds_and_fingerprints)
{
    const gl_topic_schema *classified = gl_topic_schema_find("gl.declarations.classified");
    cr_assert_not_null(classified);
    cr_assert_eq(classified->schema_id, (uint32_t)GL_SCHEMA_ID_CLASSIFIED);
    cr_assert_eq(gl_topic_schema_of_id(GL_SCHEMA_ID_CLASSIFIED), classified);
    cr_assert_null(gl_topic_schema_find("gl.nothing"));
    cr_assert_null(gl_topic_schema_of_id(7));
    cr_assert_null(gl_topic_schemas[gl_topic_schema_count].topic);
    cr_assert(gl_topic_schema_find("gl.clearances")->compacted);
    cr_assert_not(gl_topic_schema_find("gl.clearances")->secondary);
    for (size_t i = 0; i < gl_topic_schema_count; i++) {
        cr_assert_eq(strlen(gl_topic_schemas[i].json), gl_topic_schemas[i].json_len);
        cr_assert_eq(strlen(gl_topic_schemas[i].fingerprint), 16);
    }
}

/* A value of this version as an earlier id has it: without the last bytes of declaration, classification and decision,
 * where what came later is empty. */
static void put_earlier(gl_buf *out, uint32_t id, const gl_decided *made, const gl_buf *now, size_t declaration_less,
                        size_t classification_less, size_t decision_less)
{
    gl_buf declaration = {0}, classification = {0};
    gl_declaration_encode(&declaration, &made->declaration);
    gl_classification_encode(&classification, &made->classification);
    size_t rest = 5 + declaration.len + classification.len;
    gl_envelope_begin(out, id);
    gl_buf_bytes(out, declaration.data, declaration.len - declaration_less);
    gl_buf_bytes(out, classification.data, classification.len - classification_less);
    gl_buf_bytes(out, now->data + rest, now->len - rest - decision_less);
    gl_buf_free(&declaration);
    gl_buf_free(&classification);
}

/* What grew: values of an earlier version are read, what came later is empty; the body is this version's. */
Test(topics, values_of_an_earlier_version_are_read)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_decided made = {.declaration = {.mrn = GL_STR("25NL0000000000000R5")},
                       .decision = {.version = 3, .office = GL_STR("NL000432"), .evaluator = GL_STR("rules-1")}};
    gl_buf now = gl_buf_in(arena), before = gl_buf_in(arena);
    gl_decided_encode(&now, &made);
    gl_buf middle = gl_buf_in(arena), late = gl_buf_in(arena);
    gl_buf last = gl_buf_in(arena), latest = gl_buf_in(arena), tightened = gl_buf_in(arena);
    gl_decided read;
    put_earlier(&tightened, 6006, &made, &now, 0, 2, 0); /* without `tariff` and `national` */
    cr_assert(gl_decided_decode(&read, tightened.data, tightened.len, arena, &err), "%s", err.message);
    cr_assert(read.schema_id == 6006 && read.classification.tariff.ptr == NULL &&
              read.classification.national.count == 0 && read.decision.version == 3);
    put_earlier(&latest, 5006, &made, &now, 0, 3, 0); /* without `tightened` */
    cr_assert(gl_decided_decode(&read, latest.data, latest.len, arena, &err), "%s", err.message);
    cr_assert(read.schema_id == 5006 && read.classification.tightened.count == 0 && read.decision.version == 3);
    put_earlier(&last, 4006, &made, &now, 0, 4, 0); /* without `precedents` */
    cr_assert(gl_decided_decode(&read, last.data, last.len, arena, &err), "%s", err.message);
    cr_assert(read.schema_id == 4006 && read.classification.precedents.count == 0 && read.decision.version == 3);
    put_earlier(&late, 3006, &made, &now, 0, 5, 0); /* without `answers` */
    cr_assert(gl_decided_decode(&read, late.data, late.len, arena, &err), "%s", err.message);
    cr_assert(read.schema_id == 3006 && read.classification.answers.count == 0 && read.decision.version == 3);
    put_earlier(&middle, 2006, &made, &now, 1, 5, 0); /* without `entry_summary` */
    cr_assert(gl_decided_decode(&read, middle.data, middle.len, arena, &err), "%s", err.message);
    cr_assert(read.schema_id == 2006 && read.declaration.entry_summary == NULL && read.decision.version == 3);
    put_earlier(&before, 1006, &made, &now, 1, 5, 2); /* without `event` and `prior` */
    cr_assert(gl_decided_decode(&read, before.data, before.len, arena, &err), "%s", err.message);
    cr_assert(read.schema_id == 1006 && read.decision.version == 3 && read.decision.event == NULL &&
              read.decision.prior == NULL && gl_str_eqz(read.declaration.mrn, "25NL0000000000000R5"));
    cr_assert(read.body.len == now.len - 5 && memcmp(read.body.ptr, now.data + 5, read.body.len) == 0);
    cr_assert_eq(gl_topic_schema_of_id(1006), gl_topic_schema_find("gl.decisions"));
    before.len--;
    cr_assert(!gl_decided_decode(&read, before.data, before.len, arena, &err));
    cr_assert_str_eq(err.code, "avro-truncated");
    now.data[3] = 1006 >> 8; /* a value of this version that says it is the earlier one */
    now.data[4] = 1006 & 0xFF;
    cr_assert(!gl_decided_decode(&read, now.data, now.len, arena, &err));
    cr_assert_eq(err.action, GL_DEAD_LETTER, "read as what it is not, it ends too early or too late");
    gl_arena_destroy(arena);
}

/* For a digest of content: what is empty of what came later leaves no bytes, as before it came. */
Test(topics, the_least_encoding_is_an_earlier_versions)
{
    gl_arena *arena = gl_arena_new(0);
    gl_decision decision = {.version = 3, .office = GL_STR("NL000432"), .evaluator = GL_STR("rules-1")};
    gl_buf all = gl_buf_in(arena), least = gl_buf_in(arena), more = gl_buf_in(arena);
    gl_decision_encode(&all, &decision);
    gl_decision_encode_least(&least, &decision);
    cr_assert(least.len == all.len - 2 && memcmp(least.data, all.data, least.len) == 0, "without `event` and `prior`");
    gl_decision_causing_event event = {.type = GL_STR("ARRIVAL")};
    decision.event = &event;
    gl_decision_encode_least(&more, &decision);
    cr_assert_gt(more.len, least.len + 7);
    gl_audit_head head = {.sequence = 0}; /* ends with zeros, and nothing came later */
    gl_buf whole = gl_buf_in(arena);
    gl_audit_head_encode_least(&whole, &head);
    cr_assert_eq(whole.len, 33);
    gl_arena_destroy(arena);
}

Test(topics, schema_of_an_earlier_id)
{
    const char *now = gl_topic_schema_json_of(GL_SCHEMA_ID_DECIDED), *before = gl_topic_schema_json_of(1006);
    cr_assert_eq(now, gl_topic_schemas[GL_SCHEMA_DECIDED].json);
    cr_assert_not_null(before);
    cr_assert_not_null(strstr(now, "\"since\":2"));
    cr_assert_null(strstr(before, "\"since\":2"));
    cr_assert_null(gl_topic_schema_json_of(7));
}

/* A state that a later version wrote (a rollback, or an upgrade that is half done): what is not known is left out. */
Test(topics, states_of_a_later_version_are_read)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_clearance clearance = {.mrn = GL_STR("25NL0000000000000R5"), .version = 7, .body = GL_STR("body")};
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, 4009);
    gl_clearance_encode(&buf, &clearance);
    size_t known = buf.len - 5;
    gl_buf_text(&buf, "what version 4 added");
    gl_clearance_state read;
    cr_assert(gl_clearance_state_decode(&read, buf.data, buf.len, arena, &err), "%s", err.message);
    cr_assert(read.clearance.version == 7 && gl_str_eqz(read.clearance.body, "body") && read.body.len == known);
    gl_buf other = gl_buf_in(arena);
    gl_envelope_begin(&other, 3010);
    gl_clearance_encode(&other, &clearance);
    cr_assert(!gl_clearance_state_decode(&read, other.data, other.len, arena, &err));
    cr_assert_str_eq(err.code, "envelope-schema-unknown");
    gl_buf decided = gl_buf_in(arena);
    gl_decided made = {.declaration = {.mrn = GL_STR("x")}};
    gl_decided_encode(&decided, &made);
    decided.data[3] = (GL_SCHEMA_ID_DECIDED + 1000) >> 8; /* the next version */
    decided.data[4] = (GL_SCHEMA_ID_DECIDED + 1000) & 0xFF;
    gl_decided several;
    cr_assert(!gl_decided_decode(&several, decided.data, decided.len, arena, &err),
              "several sections: where they grew is not known");
    cr_assert_str_eq(err.code, "envelope-schema-unknown");
    gl_arena_destroy(arena);
}

Test(topics, stage_appends_its_section)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_accepted accepted = {.declaration = {.mrn = GL_STR("25NL0000000000000R5")}};
    gl_buf first = gl_buf_in(arena);
    gl_accepted_encode(&first, &accepted);
    gl_accepted upstream;
    cr_assert(gl_accepted_decode(&upstream, first.data, first.len, arena, &err), "%s", err.message);
    cr_assert_eq(upstream.schema_id, (uint32_t)GL_SCHEMA_ID_ACCEPTED);
    gl_classified made = {.classification = {.model_version = GL_STR("m1"), .classified_at = 5}};
    gl_buf second = gl_buf_in(arena);
    gl_classified_encode(&second, &made); /* for its header only */
    second.len = 5;
    gl_buf_str(&second, upstream.body);
    gl_classification_encode(&second, &made.classification);
    gl_classified read;
    cr_assert(gl_classified_decode(&read, second.data, second.len, arena, &err), "%s", err.message);
    cr_assert(gl_str_eqz(read.declaration.mrn, "25NL0000000000000R5"));
    cr_assert(gl_str_eqz(read.classification.model_version, "m1"));
    gl_buf_byte(&second, 0);
    cr_assert_not(gl_classified_decode(&read, second.data, second.len, arena, &err));
    cr_assert_str_eq(err.code, "avro-invalid");
    gl_arena_destroy(arena);
}

Test(topics, header_is_checked)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_audit_head_state out;
    const uint8_t magic[] = {1, 0, 0, 3, 242, 0}, unknown[] = {0, 0, 0, 0, 9, 0};
    cr_assert_not(gl_audit_head_state_decode(&out, magic, sizeof magic, arena, &err));
    cr_assert_str_eq(err.code, "envelope-magic");
    cr_assert_not(gl_audit_head_state_decode(&out, NULL, 0, arena, &err));
    cr_assert_str_eq(err.code, "envelope-magic");
    cr_assert_not(gl_audit_head_state_decode(&out, unknown, sizeof unknown, arena, &err));
    cr_assert_str_eq(err.code, "envelope-schema-unknown");
    gl_arena_destroy(arena);
}

/* ---- Hostile bytes ---- */

static bool decode_classification(const uint8_t *bytes, size_t size, gl_arena *arena, gl_err *err)
{
    gl_classification out;
    size_t used = 0;
    bool decoded = gl_classification_decode(&out, bytes, size, &used, arena, err);
    cr_assert_eq(decoded, gl_classification_skip(bytes, size, &used, NULL));
    return decoded;
}

Test(hostile, counts_beyond_the_bytes_allocate_nothing)
{
    static const struct {
        uint8_t bytes[32];
        size_t size;
        const char *code;
    } cases[] = {
        /* classified_at, model_version, degraded, then the array of items: 2^40 of them; INT64_MAX; INT64_MIN in a
           block */
        {{0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}, 9, "avro-truncated"},
        {{0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, 13, "avro-truncated"},
        {{0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0}, 14, "avro-truncated"},
        /* one item in a block of size -1; of 100 bytes; of 6 bytes where it has 7 */
        {{0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, 13, "avro-invalid"},
        {{0, 0, 0, 1, 0xC8, 1, 0, 0, 0, 0, 0, 0, 0}, 13, "avro-truncated"},
        {{0, 0, 0, 1, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 14, "avro-invalid"},
        /* a string of 2^35 bytes, of -1 byte */
        {{0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0}, 8, "avro-truncated"},
        {{0, 1, 0, 0}, 4, "avro-invalid"},
        /* a boolean of 2; status 4 of 4; a union's branch 2 */
        {{0, 0, 2, 0}, 4, "avro-invalid"},
        {{0, 0, 0, 2, 0, 8, 0, 0, 0, 0, 0, 0}, 12, "avro-invalid"},
        {{0, 0, 0, 2, 0, 0, 0, 0, 4, 0, 0, 0}, 12, "avro-invalid"},
        /* an int of 2^31; a number of 11 bytes; one whose tenth byte has too many bits */
        {{0, 0, 0, 2, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0, 0, 0, 0, 0}, 16, "avro-invalid"},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 0, 0}, 14, "avro-invalid"},
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0, 0, 0}, 13, "avro-invalid"},
    };
    gl_arena *arena = gl_arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        cr_assert_not(decode_classification(cases[i].bytes, cases[i].size, arena, &err), "case %zu", i);
        cr_assert_str_eq(err.code, cases[i].code, "case %zu: %s", i, err.message);
        cr_assert_eq(gl_arena_grow_count(arena), 1u, "case %zu", i);
    }
    gl_arena_destroy(arena);
}

Test(hostile, many_small_blocks_cost_no_copy_each)
{
    enum { BLOCKS = 200000, ITEM_BYTES = 7 };
    gl_arena *arena = gl_arena_new(0);
    gl_buf bytes = {0};
    gl_classification out;
    gl_err err = {0};
    gl_buf_bytes(&bytes, "\0\0\0", 3);
    for (int i = 0; i < BLOCKS; i++)
        gl_buf_bytes(&bytes, "\2\0\0\0\0\0\0\0", 1 + ITEM_BYTES);
    gl_buf_bytes(&bytes, "\0\0\0\0\0\0", 6); /* the end of items, nothing of what came later */
    cr_assert(gl_classification_decode(&out, bytes.data, bytes.len, NULL, arena, &err), "%s", err.message);
    cr_assert_eq(out.items.count, (size_t)BLOCKS);
    cr_assert_lt(gl_arena_reserved_bytes(arena), sizeof *out.items.at * BLOCKS * 5);
    gl_buf_free(&bytes);
    gl_arena_destroy(arena);
}

Test(hostile, error_names_the_place)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_classification in = {0}, out;
    gl_buf bytes = gl_buf_in(arena);
    in.items.at = GL_NEW_N(arena, gl_classification_item_classification, 3);
    in.items.count = 3;
    in.items.at[2].candidates.at = GL_NEW_N(arena, gl_classification_candidate, 2);
    in.items.at[2].candidates.count = 2;
    gl_classification_encode(&bytes, &in);
    /* the second candidate's hs6: before its confidence, the end of candidates, the last three fields, the end of
     * items, and nothing of what came later */
    bytes.data[bytes.len - 12] = 0x7E;
    cr_assert_not(gl_classification_decode(&out, bytes.data, bytes.len, NULL, arena, &err));
    cr_assert_not_null(strstr(err.message, "items[2].candidates[1].hs6"), "%s", err.message);
    gl_arena_destroy(arena);
}

Test(hostile, too_large)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_audit_head out;
    const uint8_t byte = 0;
    cr_assert_not(gl_audit_head_decode(&out, &byte, (size_t)GL_AVRO_LIMIT_BYTES + 1, NULL, arena, &err));
    cr_assert_str_eq(err.code, "avro-limit");
    gl_arena_destroy(arena);
}

Test(names, enums)
{
    gl_declaration_family family = GL_DECLARATION_FAMILY_IMPORT;
    cr_assert(gl_declaration_family_find(GL_STR("EXPORT"), &family));
    cr_assert_eq(family, GL_DECLARATION_FAMILY_EXPORT);
    cr_assert_str_eq(gl_declaration_family_name(family), "EXPORT");
    cr_assert_not(gl_declaration_family_find(GL_STR("EXPOR"), &family));
    cr_assert_str_eq(gl_declaration_family_name((gl_declaration_family)GL_DECLARATION_FAMILY_COUNT), "?");
}
