/* One bad record costs itself only: it goes to gl.<stage>.dlq as it came, with what failed in its headers. */
#include <signal.h>

#include "broker.h"

enum { RECORDS = 1000, PARTITIONS = 2 };
static const char TRACEPARENT[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

typedef struct expected {
    const char *value_start, *code;
    size_t count;
} expected;

static expected letters[] = {{"bad", "echo-bad", 0}, {"poison", "echo-poison", 0}, {"huge", "output-too-large", 0}};

static void expect_header(const rd_kafka_message_t *message, const char *name, const char *wanted)
{
    char text[512];
    header_text(message, name, text, sizeof text);
    EXPECT(strcmp(text, wanted) == 0, "header %s is '%s', not '%s'", name, text, wanted);
}

static bool check_letter(void *context, const rd_kafka_message_t *message)
{
    scenario *s = context;
    char text[64], number[24];
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(letters[i].value_start);
        if (message->len < len || memcmp(message->payload, letters[i].value_start, len) != 0)
            continue;
        letters[i].count++;
        expect_header(message, "gl.dlq.code", letters[i].code);
        expect_header(message, "gl.dlq.topic", topic_name(s, "in"));
        expect_header(message, "gl.dlq.stage", s->name);
        snprintf(number, sizeof number, "%d", message->partition);
        expect_header(message, "gl.dlq.partition", number);
        expect_header(message, "__connect.errors.partition", number);
        expect_header(message, "__connect.errors.topic", topic_name(s, "in"));
        header_text(message, "gl.dlq.offset", text, sizeof text);
        EXPECT(text[0] != '\0', "no offset");
        expect_header(message, "__connect.errors.offset", text);
        expect_header(message, "own", "header");
        header_text(message, "gl.dlq.first_seen", text, sizeof text);
        EXPECT(strlen(text) > 20, "first seen '%s'", text);
        return true;
    }
    EXPECT(false, "an unexpected dead letter: %.*s", (int)message->len, (const char *)message->payload);
    return false;
}

static bool check_output(void *context, const rd_kafka_message_t *message)
{
    size_t *traced = context;
    char text[64];
    EXPECT(message->len >= 4 && memcmp(message->payload, "good", 4) == 0, "an output of a bad record: %zu bytes",
           message->len);
    header_text(message, "traceparent", text, sizeof text);
    *traced += strcmp(text, TRACEPARENT) == 0;
    return true;
}

/* Below the dead-letter limit of 8 MiB with its key, above it with the headers. */
static void send_oversized(scenario *s)
{
    enum { BYTES = (8 << 20) - 600 };
    char *value = malloc(BYTES + 1);
    memset(value, 'b', BYTES);
    memcpy(value, "bad", 3);
    value[BYTES] = '\0';
    send_record(s, topic_name(s, "big.in"), 0, "k", value);
    send_flush(s);
    free(value);
}

static bool check_reference(void *context, const rd_kafka_message_t *message)
{
    (void)context;
    EXPECT(message->len == 0 && message->payload != NULL, "%zu bytes", message->len);
    expect_header(message, "gl.dlq.reference", "8388008");
    expect_header(message, "gl.dlq.offset", "0");
    return true;
}

static void too_large_becomes_a_reference(void)
{
    scenario s = {0};
    scenario_begin(&s, "reference", 1);
    snprintf(s.name + strlen(s.name), 8, ".big");
    gl_err err = {0};
    gl_kafka_topic wanted = gl_kafka_topic_of(&s.conf, topic_name(&s, "in"), false);
    wanted.partitions = 1;
    wanted.message_limit_bytes = 16 << 20;
    EXPECT(gl_kafka_topics_create(s.admin, &wanted, 1, NULL, 10000, &err), "%s", err.message);
    char *dot = strstr(s.name, ".big");
    *dot = '\0';
    send_oversized(&s);
    *dot = '.';
    echo_process process = start_echo(&s, "--stateless", "state", NULL, NULL);
    wait_ready(&process, 40);
    char dlq[128];
    snprintf(dlq, sizeof dlq, "gl.%s.dlq", s.name);
    wait_records(&s, dlq, 1, 60);
    read_topic(&s, dlq, check_reference, NULL);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    scenario_end(&s);
}

static void bad_records_are_isolated(void)
{
    scenario s = {0};
    size_t traced = 0;
    scenario_begin(&s, "letters", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    for (int i = 0; i < RECORDS; i++) {
        const char *value = i % 250 == 17    ? "bad"
                            : i % 250 == 100 ? "poison"
                            : i == 555       ? "huge"
                            : i == 700       ? "good slow"
                                             : "good";
        bool good = value[0] == 'g';
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        send_with_header(&s, topic_name(&s, "in"), i % PARTITIONS, key, value, good ? "traceparent" : "own",
                         good ? TRACEPARENT : "header");
    }
    send_record(&s, topic_name(&s, "in"), 0, "slow", "good");
    send_flush(&s);
    echo_process process = start_echo(&s, "", "state", NULL, NULL);
    wait_records(&s, topic_name(&s, "out"), RECORDS + 1 - 9, 60);
    char dlq[128];
    snprintf(dlq, sizeof dlq, "gl.%s.dlq", s.name);
    EXPECT(read_topic(&s, dlq, check_letter, &s) == 9, "nine dead letters");
    EXPECT(letters[0].count == 4 && letters[1].count == 4 && letters[2].count == 1, "%zu bad, %zu poison, %zu huge",
           letters[0].count, letters[1].count, letters[2].count);
    EXPECT(read_topic(&s, topic_name(&s, "out"), check_output, &traced) == RECORDS + 1 - 9, "all others were echoed");
    EXPECT(traced == RECORDS - 9, "%zu outputs carry the trace", traced);
    EXPECT(metric_of(&process, "gl_records_dead_lettered_total{code=\"echo-poison\"}") == 4, "the metric counts them");
    EXPECT(metric_of(&process, "gl_batch_bisects_total") > 0, "batches were bisected");
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    scenario_end(&s);
}

/* The topic takes less than kafka.message_limit says: the broker refuses, and only the record that is too large is
 * dead-lettered. */
static void what_the_broker_refuses_is_isolated(void)
{
    scenario s = {0};
    gl_err err = {0};
    scenario_begin(&s, "refused", 1);
    make_topic(&s, topic_name(&s, "in"), 1, false);
    gl_kafka_topic small = gl_kafka_topic_of(&s.conf, topic_name(&s, "out"), false);
    small.partitions = 1;
    small.message_limit_bytes = 65536;
    EXPECT(gl_kafka_topics_create(s.admin, &small, 1, NULL, 10000, &err), "%s", err.message);
    enum { LARGE = 100000 };
    char *large = malloc(LARGE + 1);
    uint32_t seed = 1;
    for (int i = 0; i < LARGE; i++) { /* what does not compress */
        seed = seed * 1664525u + 1013904223u;
        large[i] = (char)('!' + (seed >> 24) % 90);
    }
    large[LARGE] = '\0';
    for (int i = 0; i < 20; i++)
        send_record(&s, topic_name(&s, "in"), 0, "k", i == 11 ? large : "good");
    send_flush(&s);
    free(large);
    echo_process process = start_echo(&s, "", "state", NULL, NULL);
    wait_records(&s, topic_name(&s, "out"), 19, 60);
    char dlq[128];
    snprintf(dlq, sizeof dlq, "gl.%s.dlq", s.name);
    EXPECT(count_topic(&s, dlq) == 1 && count_topic(&s, topic_name(&s, "out")) == 19, "one dead letter");
    EXPECT(metric_of(&process, "gl_records_dead_lettered_total{code=\"kafka-too-large\"}") == 1, "named");
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    scenario_end(&s);
}

int main(void)
{
    what_the_broker_refuses_is_isolated();
    bad_records_are_isolated();
    too_large_becomes_a_reference();
    return 0;
}
