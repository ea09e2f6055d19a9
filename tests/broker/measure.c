/* What the runtime costs: CPU of an echo process per record, from a full topic. Not a test: run it by hand.
 *
 *   greenlane-test-measure [records] [bytes] [batch] [mode] [set] [set]
 *   greenlane-test-measure --rate RECORDS_PER_SECOND [seconds] [set] [set]    a trickle: transactions, their time, CPU
 */
#include <signal.h>
#include <time.h>

#include "broker.h"

enum { PARTITIONS = 4 };

/* utime and stime: fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
static double cpu_seconds(pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    if (file != NULL)
        fclose(file);
    text[len] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 14; field++)
        at = strchr(at + 1, ' ');
    EXPECT(at != NULL, "%s cannot be read", path);
    const char *next = strchr(at + 1, ' ');
    return (double)(number_in(at + 1, 20) + number_in(next + 1, 20)) / 100.0;
}

static void feed(scenario *s, long records, size_t bytes)
{
    char *value = malloc(bytes + 1), key[24];
    for (size_t i = 0; i < bytes; i++)
        value[i] = (char)('a' + (i * 7 + i / 13) % 26);
    value[bytes] = '\0';
    for (long i = 0; i < records; i++) {
        snprintf(key, sizeof key, "%016ld", i);
        memcpy(value, key, bytes < 16 ? bytes : 16);
        send_record(s, topic_name(s, "in"), (int)(i % PARTITIONS), key, value);
    }
    send_flush(s);
    free(value);
}

/* Even arrivals, in steps of 5 ms. */
static void trickle(scenario *s, double rate, double seconds)
{
    char key[24], value[601];
    memset(value, 'v', 600);
    value[600] = '\0';
    double begun = seconds_now();
    long sent = 0;
    while (seconds_now() - begun < seconds) {
        for (long due = (long)((seconds_now() - begun) * rate); sent < due; sent++) {
            snprintf(key, sizeof key, "%016ld", sent);
            send_record(s, topic_name(s, "in"), (int)(sent % PARTITIONS), key, value);
        }
        struct timespec pause = {.tv_nsec = 5000000};
        nanosleep(&pause, NULL);
    }
    send_flush(s);
}

static int measure_trickle(double rate, double seconds, const char *const *sets)
{
    scenario s = {0};
    scenario_begin(&s, "trickle", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    echo_process process = start_echo(&s, "--stateless", "state", sets, NULL);
    wait_ready(&process, 30);
    trickle(&s, rate, 2);
    double cpu = cpu_seconds(process.pid), batches = metric_of(&process, "gl_batches_total");
    double time = metric_of(&process, "gl_batch_seconds_sum"),
           records = metric_of(&process, "gl_records_consumed_total");
    trickle(&s, rate, seconds);
    cpu = cpu_seconds(process.pid) - cpu;
    batches = metric_of(&process, "gl_batches_total") - batches;
    time = metric_of(&process, "gl_batch_seconds_sum") - time;
    records = metric_of(&process, "gl_records_consumed_total") - records;
    printf("%.0f records/s: %.0f transactions/s of %.1f records, %.1f ms from first record to commit, %.0f us CPU a "
           "transaction, %.1f us a record\n",
           records / seconds, batches / seconds, records / batches, time / batches * 1e3, cpu / batches * 1e6,
           cpu / records * 1e6);
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    scenario_end(&s);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--rate") == 0) {
        const char *const more[] = {argc > 4 ? argv[4] : NULL, argc > 5 ? argv[5] : NULL, NULL};
        return measure_trickle(strtod(argv[2], NULL), argc > 3 ? strtod(argv[3], NULL) : 10, more);
    }
    long records = argc > 1 ? strtol(argv[1], NULL, 10) : 500000;
    size_t bytes = argc > 2 ? (size_t)strtol(argv[2], NULL, 10) : 600;
    char batch[64];
    snprintf(batch, sizeof batch, "stage.max_batch_records=%s", argc > 3 ? argv[3] : "10000");
    const char *const sets[] = {batch, argc > 5 ? argv[5] : NULL, argc > 6 ? argv[6] : NULL, NULL};
    scenario s = {0};
    scenario_begin(&s, "measure", PARTITIONS);
    make_topic(&s, topic_name(&s, "in"), PARTITIONS, false);
    feed(&s, records, bytes);
    double begun = seconds_now();
    echo_process process = start_echo(&s, argc > 4 ? argv[4] : "--stateless", "state", sets, NULL);
    wait_ready(&process, 30);
    double first = 0, first_cpu = 0, consumed, warm = (double)records / 10;
    while ((consumed = metric_of(&process, "gl_records_consumed_total")) < (double)records) {
        EXPECT(seconds_now() < begun + 300, "%g of %ld records", consumed, records);
        if (first == 0 && consumed >= warm) {
            first = seconds_now();
            first_cpu = cpu_seconds(process.pid);
            warm = consumed;
        }
        look_again_soon();
    }
    double wall = seconds_now() - first, cpu = cpu_seconds(process.pid) - first_cpu, measured = (double)records - warm;
    double batches = metric_of(&process, "gl_batches_total");
    printf("%.0f records of %zu bytes: %.0f records/s, %.2f us CPU a record, %.0f records a batch\n", measured, bytes,
           measured / wall, cpu / measured * 1e6, (double)records / batches);
    static const char *const steps[] = {"collect", "process", "produce", "commit", "apply"};
    for (size_t i = 0; i < 5; i++) {
        char series[96];
        snprintf(series, sizeof series, "gl_stage_seconds_sum{step=\"%s\"}", steps[i]);
        printf("  %-8s %.2f ms a batch\n", steps[i], metric_of(&process, series) / batches * 1e3);
    }
    EXPECT(stop_echo(&process) == 0, "a drain ends with 0");
    scenario_end(&s);
    return 0;
}
