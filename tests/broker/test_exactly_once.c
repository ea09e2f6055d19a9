/* Every record once, however often the process is killed: at random moments, and exactly between the steps of a commit.
 */
#include <signal.h>

#include "broker.h"

enum { RECORDS = 20000, PARTITIONS = 4 };

typedef struct tally {
    unsigned char seen[RECORDS];
    size_t records, twice;
    int64_t last[PARTITIONS];
    size_t out_of_order;
} tally;

static bool add(void *context, const rd_kafka_message_t *message)
{
    tally *t = context;
    long number = number_in(message->payload, message->len);
    EXPECT(number >= 0 && number < RECORDS, "value %ld", number);
    t->twice += t->seen[number] != 0;
    t->seen[number] = 1;
    t->records++;
    t->out_of_order += number <= t->last[message->partition];
    t->last[message->partition] = number;
    return true;
}

static void check(scenario *s)
{
    static tally t;
    memset(&t, 0, sizeof t);
    for (int p = 0; p < PARTITIONS; p++)
        t.last[p] = -1;
    read_topic(s, topic_name(s, "out"), add, &t);
    EXPECT(t.twice == 0, "%zu records came twice", t.twice);
    EXPECT(t.out_of_order == 0, "%zu records are out of order", t.out_of_order);
    EXPECT(t.records == RECORDS, "%zu of %d records", t.records, RECORDS);
}

/* What was counted in the state is what was seen, too: 10 records a key. */
static bool check_count(void *context, const rd_kafka_message_t *message)
{
    int *counts = context;
    counts[number_in(message->key, message->key_len)] = (int)number_in(message->payload, message->len);
    return true;
}

static void check_state(scenario *s)
{
    static int counts[RECORDS / 10];
    memset(counts, 0, sizeof counts);
    read_topic(s, topic_name(s, "state"), check_count, counts);
    for (int key = 0; key < RECORDS / 10; key++)
        EXPECT(counts[key] == 10, "key %d was counted %d times", key, counts[key]);
}

/* Keys come ten times, always in the same partition. */
static void feed(scenario *s)
{
    for (int i = 0; i < RECORDS; i++) {
        char key[16], value[16];
        int number = i % (RECORDS / 10);
        snprintf(key, sizeof key, "%d", number);
        snprintf(value, sizeof value, "%d", i);
        send_record(s, topic_name(s, "in"), number % PARTITIONS, key, value);
    }
    send_flush(s);
}

static const char *const small_batches[] = {"stage.max_batch_records=500", "stage.static_membership=true", NULL};

static void kill_at_random(void)
{
    scenario s = {0};
    scenario_begin(&s, "once", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    feed(&s);
    for (int round = 0; round < 2; round++) {
        echo_process process = start_echo(&s, "", "state", small_batches, NULL);
        wait_ready(&process, 40);
        double end = seconds_now() + 30;
        while (metric_of(&process, "gl_records_consumed_total") < 2000 && seconds_now() < end)
            look_again_soon();
        send_signal(&process, SIGKILL);
        EXPECT(wait_end(&process, 10) == 128 + SIGKILL, "it was to be killed");
    }
    echo_process process = start_echo(&s, "", "state", small_batches, NULL);
    wait_records(&s, topic_name(&s, "out"), RECORDS, 90);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    check(&s);
    check_state(&s);
    scenario_end(&s);
}

static void kill_at_points(void)
{
    scenario s = {0};
    scenario_begin(&s, "points", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    feed(&s);
    static const char *const points[] = {"produced:3", "offsets:3", "committed:3", "applied:3"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        echo_process process = start_echo(&s, "", "state", small_batches, points[i]);
        int code = wait_end(&process, 60);
        EXPECT(code == 128 + SIGKILL, "%s: ended with %d", points[i], code);
    }
    echo_process process = start_echo(&s, "", "state", small_batches, NULL);
    wait_records(&s, topic_name(&s, "out"), RECORDS, 90);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    check(&s);
    check_state(&s);
    scenario_end(&s);
}

/* Views are written and senders answered after the commit: a process that dies before has told nobody anything. */
static void nobody_is_told_before_the_commit(void)
{
    static const struct {
        const char *point;
        bool told;
    } cases[] = {{"offsets:1", false}, {"applied:1", true}};
    scenario s = {0};
    scenario_begin(&s, "told", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    send_record(&s, topic_name(&s, "in"), 0, "1", "1");
    send_flush(&s);
    for (size_t i = 0; i < 2; i++) {
        echo_process process = start_echo(&s, "", "state", small_batches, cases[i].point);
        EXPECT(wait_end(&process, 60) == 128 + SIGKILL, "%s", cases[i].point);
        EXPECT(log_contains(&s, &process, "echo-applied") == cases[i].told, "%s", cases[i].point);
    }
    scenario_end(&s);
}

static void no_sender_is_answered_before_the_commit(void)
{
    static const char *const one[] = {"echo.intake_records=1", NULL};
    static const struct {
        const char *point;
        bool told;
    } cases[] = {{"produced:1", false}, {"applied:1", true}};
    scenario s = {0};
    scenario_begin(&s, "answered", PARTITIONS);
    for (size_t i = 0; i < 2; i++) {
        echo_process process = start_echo(&s, "--intake", "state", one, cases[i].point);
        EXPECT(wait_end(&process, 60) == 128 + SIGKILL, "%s", cases[i].point);
        EXPECT(log_contains(&s, &process, "echo-settled") == cases[i].told, "%s", cases[i].point);
    }
    scenario_end(&s);
}

static void what_was_aborted_is_not_read(void)
{
    scenario s = {0};
    scenario_begin(&s, "aborted", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    send_aborted(&s, topic_name(&s, "in"), 0, "1", "1");
    send_record(&s, topic_name(&s, "in"), 0, "2", "2"); /* behind it: once this is through, so would be the other */
    send_flush(&s);
    echo_process process = start_echo(&s, "", "state", small_batches, NULL);
    wait_records(&s, topic_name(&s, "out"), 1, 60);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    size_t count = count_topic(&s, topic_name(&s, "out"));
    EXPECT(count == 1, "%zu records came out, one was aborted", count);
    scenario_end(&s);
}

int main(void)
{
    what_was_aborted_is_not_read();
    nobody_is_told_before_the_commit();
    no_sender_is_answered_before_the_commit();
    kill_at_random();
    kill_at_points();
    return 0;
}
