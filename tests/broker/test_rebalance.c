/* Instances come and go while records flow: partitions are shared, state goes along, and each record is processed once.
 */
#include <signal.h>

#include "broker.h"

enum { KEYS = 400, ROUNDS = 40, PARTITIONS = 4, RECORDS = KEYS * ROUNDS };

static void feed_some(scenario *s, const char *end, int from, int to)
{
    for (int i = from; i < to; i++) {
        char key[16], value[24];
        snprintf(key, sizeof key, "%d", i % KEYS);
        snprintf(value, sizeof value, "%d", i);
        send_record(s, topic_name(s, end), i % KEYS % PARTITIONS, key, value);
    }
    send_flush(s);
}

static bool count_once(void *context, const rd_kafka_message_t *message)
{
    unsigned char *seen = context;
    long number = number_in(message->payload, message->len);
    EXPECT(number >= 0 && number < (long)2 * RECORDS, "value %ld", number);
    seen[number]++;
    return true;
}

static bool latest(void *context, const rd_kafka_message_t *message)
{
    int *counts = context;
    counts[number_in(message->key, message->key_len)] = (int)number_in(message->payload, message->len);
    return true;
}

static void check(scenario *s, int records, int per_key)
{
    static unsigned char seen[2 * RECORDS];
    static int counts[KEYS];
    memset(seen, 0, sizeof seen);
    read_topic(s, topic_name(s, "out"), count_once, seen);
    for (int i = 0; i < records; i++)
        EXPECT(seen[i] == 1, "record %d came %d times", i, seen[i]);
    read_topic(s, topic_name(s, "state"), latest, counts);
    for (int key = 0; key < KEYS; key++)
        EXPECT(counts[key] == per_key, "key %d was counted %d times, not %d", key, counts[key], per_key);
}

static double assigned(const echo_process *process)
{
    return metric_of(process, "gl_assigned_partitions{worker=\"0\"}");
}

static void wait_assigned(const echo_process *process, int wanted, int seconds)
{
    double end = seconds_now() + seconds;
    while (assigned(process) != wanted) {
        EXPECT(seconds_now() < end, "process %d has %g partitions, not %d", process->number, assigned(process), wanted);
        look_again_soon();
    }
}

static const char *const small_batches[] = {"stage.max_batch_records=50", NULL};

static void instances_share_partitions(const char *mode, int inputs)
{
    scenario s = {0};
    scenario_begin(&s, inputs == 1 ? "share" : "range", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    make_topic(&s, topic_name(&s, "in2"), PARTITIONS, false);
    echo_process first = start_echo(&s, mode, "state", small_batches, NULL);
    wait_ready(&first, 40);
    wait_assigned(&first, PARTITIONS * inputs, 30);
    feed_some(&s, "in", 0, RECORDS / 4);
    echo_process second = start_echo(&s, mode, "state", small_batches, NULL);
    feed_some(&s, "in", RECORDS / 4, RECORDS / 2);
    wait_assigned(&second, PARTITIONS / 2 * inputs, 40);
    wait_assigned(&first, PARTITIONS / 2 * inputs, 40);
    feed_some(&s, "in", RECORDS / 2, RECORDS * 3 / 4);
    EXPECT(stop_echo(&first) == 0, "a drain ends with 0");
    feed_some(&s, "in", RECORDS * 3 / 4, RECORDS);
    wait_assigned(&second, PARTITIONS * inputs, 40);
    int records = RECORDS;
    if (inputs == 2) {
        feed_some(&s, "in2", RECORDS, 2 * RECORDS);
        records = 2 * RECORDS;
    }
    wait_records(&s, topic_name(&s, "out"), (size_t)records, 90);
    check(&s, records, records / KEYS);
    EXPECT(stop_echo(&second) == 0, "a drain ends with 0");
    scenario_end(&s);
}

/* A stopped process (a long pause of a virtual machine) loses its partitions; what it does when it wakes does not
 * count. */
static void a_zombie_adds_nothing(void)
{
    scenario s = {0};
    scenario_begin(&s, "zombie", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process first = start_echo(&s, "", "state", small_batches, NULL);
    wait_ready(&first, 40);
    wait_assigned(&first, PARTITIONS, 30);
    feed_some(&s, "in", 0, RECORDS / 2);
    send_signal(&first, SIGSTOP);
    echo_process second = start_echo(&s, "", "state", small_batches, NULL);
    wait_assigned(&second, PARTITIONS, 40);
    feed_some(&s, "in", RECORDS / 2, RECORDS);
    send_signal(&first, SIGCONT);
    wait_records(&s, topic_name(&s, "out"), RECORDS, 90);
    wait_assigned(&first, PARTITIONS / 2, 60);
    check(&s, RECORDS, ROUNDS);
    EXPECT(stop_echo(&first) == 0 && stop_echo(&second) == 0, "a drain ends with 0");
    scenario_end(&s);
}

static int first_owned(const scenario *s, const echo_process *process)
{
    for (int p = 0; p < PARTITIONS; p++) {
        char series[160];
        snprintf(series, sizeof series, "gl_consumer_lag_records{topic=\"%s\",partition=\"%d\"}", topic_name(s, "in"),
                 p);
        if (metric_of(process, series) >= 0)
            return p;
    }
    return -1;
}

static void wait_status(const echo_process *process, int wanted, int seconds)
{
    char body[256];
    double end = seconds_now() + seconds;
    while (get_admin(process, "/readyz", body, sizeof body) != wanted) {
        EXPECT(seconds_now() < end, "process %d says '%s'", process->number, body);
        look_again_soon();
    }
}

/* The dead one's partitions wait until its transaction has ended, those of the living one do not wait with them. */
static void those_that_stay_go_on(void)
{
    scenario s = {0};
    static const char *const patient[] = {"stage.max_batch_records=50", "kafka.transaction_timeout=2m", NULL};
    scenario_begin(&s, "stay", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process first = start_echo(&s, "", "state", patient, NULL);
    wait_assigned(&first, PARTITIONS, 40);
    echo_process second = start_echo(&s, "", "state", patient, "offsets:1");
    wait_assigned(&second, PARTITIONS / 2, 40);
    wait_assigned(&first, PARTITIONS / 2, 40);
    int stays = first_owned(&s, &first);
    EXPECT(stays >= 0, "the first has none");
    feed_some(&s, "in", 0, KEYS);
    EXPECT(wait_end(&second, 60) == 128 + SIGKILL, "it dies with its transaction open");
    wait_records(&s, topic_name(&s, "out"), KEYS / 2, 60);
    wait_status(&first, 503, 60); /* given the others, and waiting for them */
    size_t records = KEYS / 2;
    for (int round = 0; round < 5; round++) {
        char key[16];
        snprintf(key, sizeof key, "%d", round * PARTITIONS + stays);
        send_record(&s, topic_name(&s, "in"), stays, key, "0");
        send_flush(&s);
        wait_records(&s, topic_name(&s, "out"), ++records, 20);
        wait_status(&first, 503, 1);
    }
    second = start_echo(&s, "", "state", patient, NULL); /* in its slot: ends what is open */
    wait_records(&s, topic_name(&s, "out"), KEYS + 5, 90);
    wait_status(&first, 200, 60);
    EXPECT(stop_echo(&first) == 0 && stop_echo(&second) == 0, "a drain ends with 0");
    EXPECT(count_topic(&s, topic_name(&s, "out")) == KEYS + 5, "each record once");
    scenario_end(&s);
}

/* Workers of one process share its slot, and hand partitions and their stores to each other. */
static void workers_share_partitions(void)
{
    scenario s = {0};
    static const char *const three[] = {"stage.max_batch_records=50", "stage.workers=3", NULL};
    scenario_begin(&s, "workers", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process first = start_echo(&s, "", "state", three, NULL);
    feed_some(&s, "in", 0, RECORDS / 2);
    echo_process second = start_echo(&s, "", "state", small_batches, NULL);
    wait_assigned(&second, 1, 40);
    feed_some(&s, "in", RECORDS / 2, RECORDS);
    EXPECT(stop_echo(&second) == 0, "a drain ends with 0");
    wait_records(&s, topic_name(&s, "out"), RECORDS, 90);
    check(&s, RECORDS, ROUNDS);
    EXPECT(stop_echo(&first) == 0, "a drain ends with 0");
    scenario_end(&s);
}

int main(void)
{
    workers_share_partitions();
    instances_share_partitions("", 1);
    instances_share_partitions("--two", 2);
    a_zombie_adds_nothing();
    those_that_stay_go_on();
    return 0;
}
