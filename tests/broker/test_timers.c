/* The timers hook: what is due is put in a transaction of its own, once, also when the process dies around its commit,
 * and a worker that lost its partitions cannot commit what it thinks is due. */
#include <signal.h>

#include "broker.h"

enum { KEYS = 300, PARTITIONS = 3 };

/* Keys whose value asks for a timer: the echo fires each once. */
static void feed(scenario *s, int from, int to)
{
    for (int i = from; i < to; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        send_record(s, topic_name(s, "in"), i % PARTITIONS, key, "later");
    }
    send_flush(s);
}

typedef struct fired {
    int at[2 * KEYS];
    size_t echoed, count;
} fired;

static bool look(void *context, const rd_kafka_message_t *message)
{
    fired *f = context;
    if (message->len != 5 || memcmp(message->payload, "fired", 5) != 0) {
        f->echoed++;
        return true;
    }
    f->at[number_in(message->key, message->key_len)]++;
    f->count++;
    return true;
}

static void expect_fired(scenario *s, int keys)
{
    static fired f;
    memset(&f, 0, sizeof f);
    read_topic(s, topic_name(s, "out"), look, &f);
    for (int i = 0; i < keys; i++)
        EXPECT(f.at[i] == 1, "timer %d fired %d times", i, f.at[i]);
    EXPECT(f.echoed == (size_t)keys && f.count == (size_t)keys, "%zu echoed, %zu fired", f.echoed, f.count);
}

static void each_fires_once(scenario *s)
{
    echo_process process = start_echo(s, "--timers", "state", NULL, NULL);
    feed(s, 0, KEYS);
    wait_records(s, topic_name(s, "out"), (size_t)2 * KEYS, 60);
    expect_fired(s, KEYS);
    int code = stop_echo(&process);
    EXPECT(code == 0, "ended with %d", code);
}

/* The point's first time is a batch's transaction, a later one the timers'. */
static void dies_around_the_commit(scenario *s, const char *point, int from)
{
    feed(s, from, from + KEYS / 4);
    echo_process process = start_echo(s, "--timers", "state", NULL, point);
    int code = wait_end(&process, 60);
    EXPECT(code == 128 + SIGKILL, "%s: ended with %d", point, code);
    process = start_echo(s, "--timers", "state", NULL, NULL);
    wait_records(s, topic_name(s, "out"), (size_t)2 * (size_t)(from + KEYS / 4), 90);
    code = stop_echo(&process);
    EXPECT(code == 0, "ended with %d", code);
    expect_fired(s, from + KEYS / 4);
}

static void wait_assigned(echo_process *process, double wanted)
{
    double end = seconds_now() + 60;
    while (metric_of(process, "gl_assigned_partitions{worker=\"0\"}") < wanted && seconds_now() < end)
        look_again_soon();
    EXPECT(metric_of(process, "gl_assigned_partitions{worker=\"0\"}") >= wanted, "no %g partitions", wanted);
}

/* What the first one's own copy of the state calls due when it wakes, the second one fired long ago. */
static void a_zombie_fires_nothing(void)
{
    scenario s = {0};
    scenario_begin(&s, "timers-zombie", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    feed(&s, 0, KEYS);
    /* It stops when it has put what is due, before its transaction begins. */
    echo_process first = start_echo(&s, "--timers", "state", NULL, "timers:1:stop");
    wait_records(&s, topic_name(&s, "out"), KEYS, 60);
    echo_process second = start_echo(&s, "--timers", "state", NULL, NULL);
    wait_records(&s, topic_name(&s, "out"), (size_t)2 * KEYS, 90);
    send_signal(&first, SIGCONT);
    wait_assigned(&first, 1);
    double end = seconds_now() + 3; /* several of its rounds */
    while (seconds_now() < end)
        look_again_soon();
    expect_fired(&s, KEYS);
    EXPECT(stop_echo(&first) == 0 && stop_echo(&second) == 0, "a drain ends with 0");
    scenario_end(&s);
}

int main(void)
{
    scenario s = {0};
    a_zombie_fires_nothing();
    scenario_begin(&s, "timers", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    each_fires_once(&s);
    static const char *const points[] = {"timers:1", "produced:2", "offsets:3", "committed:3"};
    for (int i = 0; i < 4; i++)
        dies_around_the_commit(&s, points[i], KEYS + i * KEYS / 4);
    scenario_end(&s);
    return 0;
}
