/* A daemon's life: ready, paused, reloaded, drained; and the starts that are refused, with the cure in the message. */
#include <signal.h>

#include "broker.h"

enum { RECORDS = 2000, PARTITIONS = 4 };

static void feed(scenario *s, const char *topic, int from, int to)
{
    for (int i = from; i < to; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        send_record(s, topic, i % PARTITIONS, key, "x");
    }
    send_flush(s);
}

static void wait_log(const scenario *s, const echo_process *process, const char *text, int seconds)
{
    double end = seconds_now() + seconds;
    while (!log_contains(s, process, text)) {
        EXPECT(seconds_now() < end, "the log of process %d does not say '%s'", process->number, text);
        look_again_soon();
    }
}

static void wait_metric(const echo_process *process, const char *series, double wanted, int seconds)
{
    double end = seconds_now() + seconds;
    while (metric_of(process, series) != wanted) {
        EXPECT(seconds_now() < end, "%s is %g, not %g", series, metric_of(process, series), wanted);
        look_again_soon();
    }
}

static void signals_are_obeyed(void)
{
    scenario s = {0};
    char body[256], lag[128];
    scenario_begin(&s, "life", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process process = start_echo(&s, "", "state", NULL, NULL);
    wait_ready(&process, 40);
    EXPECT(get_admin(&process, "/healthz", body, sizeof body) == 200, "%s", body);
    feed(&s, topic_name(&s, "in"), 0, RECORDS);
    wait_metric(&process, "gl_records_consumed_total", RECORDS, 30);
    snprintf(lag, sizeof lag, "gl_consumer_lag_records{topic=\"%s\",partition=\"1\"}", topic_name(&s, "in"));
    wait_metric(&process, lag, 0, 10);

    send_signal(&process, SIGUSR1);
    wait_log(&s, &process, "\"code\":\"paused\"", 10);
    feed(&s, topic_name(&s, "in"), RECORDS, 2 * RECORDS);
    wait_metric(&process, lag, RECORDS * 0.25, 20); /* it sees them and takes none */
    EXPECT(metric_of(&process, "gl_records_consumed_total") == RECORDS, "nothing is taken while paused");
    send_signal(&process, SIGUSR2);
    wait_metric(&process, "gl_records_consumed_total", 2 * RECORDS, 30);
    wait_records(&s, topic_name(&s, "out"), (size_t)2 * RECORDS,
                 10); /* a commit's markers come a little after its answer */
    EXPECT(count_topic(&s, topic_name(&s, "out")) == (size_t)2 * RECORDS, "each record once after a pause");

    send_signal(&process, SIGHUP);
    wait_metric(&process, "gl_config_reload_success_total", 1, 10);
    wait_log(&s, &process, "greeting off", 10);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    wait_log(&s, &process, "drained", 1);
    scenario_end(&s);
}

/* The daemon is not ready any more, but finishes what it has. */
static void a_drain_finishes_an_intake(void)
{
    scenario s = {0};
    const char *const sets[] = {"echo.intake_records=20000", "stage.max_batch_records=1000", NULL};
    scenario_begin(&s, "intake", PARTITIONS);
    echo_process process = start_echo(&s, "--intake", "state", sets, NULL);
    wait_ready(&process, 40);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    EXPECT(log_contains(&s, &process, "settled 20000, given up 0"), "each record was settled once");
    wait_records(&s, topic_name(&s, "out"), 20000, 10);
    EXPECT(count_topic(&s, topic_name(&s, "out")) == 20000, "each record is there once");
    scenario_end(&s);
}

static void send_one(scenario *s, const char *key, const char *value)
{
    send_record(s, topic_name(s, "in"), 0, key, value);
    send_flush(s);
}

static void wait_status(const echo_process *process, const char *path, int wanted, const char *said, int seconds)
{
    char body[256];
    double end = seconds_now() + seconds;
    while (get_admin(process, path, body, sizeof body) != wanted || strstr(body, said) == NULL) {
        EXPECT(seconds_now() < end, "%s says '%s'", path, body);
        look_again_soon();
    }
}

/* A daemon whose batch in hand waits for what is away, until the gate opens. */
static echo_process start_waiting(scenario *s, const char *const *sets)
{
    make_topic(s, topic_name(s, "in"), PARTITIONS, false);
    echo_process process = start_echo(s, "", "state", sets, NULL);
    wait_ready(&process, 40);
    shut_gate(s);
    send_one(s, "1", "away");
    wait_log(s, &process, "echo-unavailable", 30);
    return process;
}

/* The batch in hand waits for what is away: it gets stage.drain_deadline, and is aborted then. */
static void a_drain_keeps_its_deadline(void)
{
    scenario s = {0};
    const char *const sets[] = {"stage.drain_deadline=2s", NULL};
    scenario_begin(&s, "deadline", PARTITIONS);
    echo_process process = start_waiting(&s, sets);
    double from = seconds_now();
    send_signal(&process, SIGTERM);
    wait_status(&process, "/readyz", 503, "draining", 2);
    int code = wait_end(&process, 40);
    double took = seconds_now() - from;
    EXPECT(code == 0 && log_contains(&s, &process, "drain-deadline"), "ended with %d", code);
    EXPECT(took >= 2 && took < 12, "it took %.1f s", took);
    EXPECT(count_topic(&s, topic_name(&s, "out")) == 0, "nothing is committed of an aborted batch");
    open_gate(&s);
    process = start_echo(&s, "", "state", NULL, NULL);
    wait_records(&s, topic_name(&s, "out"), 1, 60);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    EXPECT(count_topic(&s, topic_name(&s, "out")) == 1, "the next start takes it up, once");
    scenario_end(&s);
}

static void a_second_signal_aborts(void)
{
    scenario s = {0};
    const char *const sets[] = {"stage.drain_deadline=10m", NULL};
    scenario_begin(&s, "second", PARTITIONS);
    echo_process process = start_waiting(&s, sets);
    send_signal(&process, SIGTERM);
    wait_status(&process, "/readyz", 503, "draining", 5);
    send_signal(&process, SIGTERM);
    int code = wait_end(&process, 15);
    EXPECT(code == 0 && log_contains(&s, &process, "aborting now"), "ended with %d", code);
    EXPECT(!log_contains(&s, &process, "drain-deadline"), "it is the signal that ends it");
    EXPECT(count_topic(&s, topic_name(&s, "out")) == 0, "nothing is committed of an aborted batch");
    scenario_end(&s);
}

/* /healthz names the worker and its step; after stage.stuck_exit the process ends, and the next one goes on. */
static void a_stuck_worker_is_seen(void)
{
    scenario s = {0};
    const char *const patient[] = {"stage.stuck_after=1s", NULL};
    const char *const strict[] = {"stage.stuck_after=1s", "stage.stuck_exit=2s", NULL};
    scenario_begin(&s, "stuck", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process process = start_echo(&s, "", "state", patient, NULL);
    wait_ready(&process, 40);
    shut_gate(&s);
    send_one(&s, "1", "stall");
    wait_status(&process, "/healthz", 503, "worker 0 has been at 'process' for", 30);
    open_gate(&s);
    wait_status(&process, "/healthz", 200, "alive", 30);
    wait_records(&s, topic_name(&s, "out"), 1, 30);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    process = start_echo(&s, "", "state", strict, NULL);
    wait_ready(&process, 40);
    shut_gate(&s);
    send_one(&s, "1", "stall");
    int code = wait_end(&process, 40);
    EXPECT(code == 1 && log_contains(&s, &process, "worker-stuck"), "ended with %d", code);
    open_gate(&s);
    process = start_echo(&s, "", "state", NULL, NULL);
    wait_records(&s, topic_name(&s, "out"), 2, 60);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    EXPECT(count_topic(&s, topic_name(&s, "out")) == 2, "each record once");
    scenario_end(&s);
}

static void write_config(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    EXPECT(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "cannot write %s", path);
}

static void a_refused_reload_keeps_the_old(void)
{
    scenario s = {0};
    char path[256];
    scenario_begin(&s, "reload", PARTITIONS);
    snprintf(path, sizeof path, "%s/echo.yaml", s.directory);
    s.config = path;
    write_config(path, "echo:\n  greeting: false\n");
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process process = start_echo(&s, "", "state", NULL, NULL);
    wait_ready(&process, 40);
    const char *const wrong[] = {"echo:\n  greting: true\n", "echo:\n  greeting: perhaps\n", "echo: [\n"};
    for (int i = 0; i < 3; i++) {
        write_config(path, wrong[i]);
        send_signal(&process, SIGHUP);
        wait_metric(&process, "gl_config_reload_failed_total", i + 1, 20);
    }
    EXPECT(log_contains(&s, &process, "the old configuration stays"), "it says so");
    EXPECT(!log_contains(&s, &process, "echo-reloaded"), "the stage has not seen any of them");
    send_one(&s, "1", "x");
    wait_records(&s, topic_name(&s, "out"), 1, 30);
    write_config(path, "echo:\n  greeting: true\n");
    send_signal(&process, SIGHUP);
    wait_metric(&process, "gl_config_reload_success_total", 1, 20);
    wait_log(&s, &process, "greeting on", 10);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    scenario_end(&s);
}

static void unequal_counts_are_refused(void)
{
    scenario s = {0};
    scenario_begin(&s, "unequal", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    make_topic(&s, topic_name(&s, "in2"), PARTITIONS + 2, false);
    echo_process process = start_echo(&s, "--two", "state", NULL, NULL);
    EXPECT(wait_end(&process, 40) == 1, "refused");
    EXPECT(log_contains(&s, &process, "topic-mismatch"), "named");
    EXPECT(log_contains(&s, &process, "has 6 partitions, kafka.partitions is 4"), "what differs");
    EXPECT(log_contains(&s, &process, "delete this topic and make it again"), "the cure");
    scenario_end(&s);
}

static void altered_counts_are_refused(void)
{
    scenario s = {0};
    const char *const more[] = {"kafka.partitions=2", NULL};
    scenario_begin(&s, "altered", PARTITIONS);
    echo_process process = start_echo(&s, "--stateless", "state", NULL, NULL);
    wait_ready(&process, 40);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    snprintf(s.name + strlen(s.name), 4, "x"); /* new topics, old state directory of another name: not refused */
    s.partitions = 2;
    process = start_echo(&s, "--stateless", "state", more, NULL);
    wait_ready(&process, 40);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    s.name[strlen(s.name) - 1] = '\0';
    char path[256];
    snprintf(path, sizeof path, "sed -i s/4/3/ '%s/state/%s/0/partitions'", s.directory, s.name);
    EXPECT(system(path) == 0, "%s", path);
    s.partitions = 4;
    process = start_echo(&s, "--stateless", "state", NULL, NULL);
    EXPECT(wait_end(&process, 40) == 1, "refused");
    EXPECT(log_contains(&s, &process, "had 3 before"), "what differs");
    scenario_end(&s);
}

/* Two installations with one name fence each other: one of them has to say so and end, instead of fighting for ever. */
static void one_name_twice_is_refused(void)
{
    scenario s = {0};
    const char *const same[] = {"stage.instance=same", NULL};
    int code = -1;
    scenario_begin(&s, "same", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process first = start_echo(&s, "", "one", same, NULL);
    wait_ready(&first, 40);
    echo_process second = start_echo(&s, "", "two", same, NULL);
    double end = seconds_now() + 90;
    for (int i = 0; !has_ended(&first, 100, &code) && !has_ended(&second, 100, &code); i++) {
        EXPECT(seconds_now() < end, "nobody gave up");
        feed(&s, topic_name(&s, "in"), i * 20, i * 20 + 20);
    }
    EXPECT(code == 1, "ended with %d", code);
    char id[160];
    snprintf(id, sizeof id, "gl.%s.same.0.0", s.name);
    EXPECT(log_contains(&s, &first, id) || log_contains(&s, &second, id), "the transactional id is named");
    scenario_end(&s);
}

static void a_wrong_configuration_ends_with_two(void)
{
    scenario s = {0};
    const char *const wrong[] = {"stage.wrkers=2", NULL};
    scenario_begin(&s, "wrong", PARTITIONS);
    echo_process process = start_echo(&s, "", "state", wrong, NULL);
    EXPECT(wait_end(&process, 20) == 2, "refused");
    EXPECT(log_contains(&s, &process, "workers"), "the nearest key is named");
    scenario_end(&s);
}

int main(void)
{
    signals_are_obeyed();
    a_drain_finishes_an_intake();
    a_drain_keeps_its_deadline();
    a_second_signal_aborts();
    a_stuck_worker_is_seen();
    a_refused_reload_keeps_the_old();
    unequal_counts_are_refused();
    altered_counts_are_refused();
    one_name_twice_is_refused();
    a_wrong_configuration_ends_with_two();
    return 0;
}
