/* The local state is a copy: deleted, it comes back from the changelog before the first record is processed. */
#include <signal.h>

#include "broker.h"

enum { KEYS = 50000, PARTITIONS = 4 };

static void feed(scenario *s)
{
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        send_record(s, topic_name(s, "in"), i % PARTITIONS, key, "x");
    }
    send_flush(s);
}

typedef struct counts {
    unsigned char at[KEYS];
    size_t records;
} counts;

static bool latest(void *context, const rd_kafka_message_t *message)
{
    counts *c = context;
    c->at[number_in(message->key, message->key_len)] = (unsigned char)number_in(message->payload, message->len);
    c->records++;
    return true;
}

static void expect_counts(scenario *s, int wanted)
{
    static counts c;
    memset(&c, 0, sizeof c);
    read_topic(s, topic_name(s, "state"), latest, &c);
    for (int i = 0; i < KEYS; i++)
        EXPECT(c.at[i] == wanted, "key %d was counted %d times, not %d", i, c.at[i], wanted);
}

static void run_until(scenario *s, size_t records, bool expect_restore, int end_with)
{
    echo_process process = start_echo(s, "", "state", NULL, NULL);
    wait_records(s, topic_name(s, "out"), records, 120);
    double restored = metric_of(&process, "gl_state_restored_records_total");
    EXPECT(expect_restore ? restored >= KEYS : restored < KEYS * 0.5, "%g records restored", restored);
    double end = seconds_now() + 20;
    while (metric_of(&process, "gl_records_consumed_total") < KEYS && seconds_now() < end)
        look_again_soon();
    send_signal(&process, end_with);
    int code = wait_end(&process, 40);
    EXPECT(code == (end_with == SIGKILL ? 128 + SIGKILL : 0), "ended with %d", code);
}

int main(void)
{
    scenario s = {0};
    char command[256];
    scenario_begin(&s, "restore", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    feed(&s);
    run_until(&s, KEYS, false, SIGTERM);
    expect_counts(&s, 1);

    snprintf(command, sizeof command, "rm -rf '%s/state'", s.directory);
    EXPECT(system(command) == 0, "%s", command);
    feed(&s);
    run_until(&s, (size_t)2 * KEYS, true,
              SIGKILL); /* the session of a killed member has to expire before the next gets its partitions */
    expect_counts(&s, 2);

    feed(&s); /* after SIGKILL the local copy is good, and only what it lacks is read */
    run_until(&s, (size_t)3 * KEYS, false, SIGTERM);
    expect_counts(&s, 3);
    scenario_end(&s);
    return 0;
}
