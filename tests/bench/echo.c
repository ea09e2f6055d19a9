/* The shape echo: one hop of a chain that moves records as the pipeline does, and decides nothing.
 *
 * `./dev bench` runs four of these beside the pipeline, on the same broker: same number of topics, partitions, records,
 * bytes (recorded values of the real topics), transactions and librdkafka settings. What the pipeline costs more is the
 * cost of what it does with the records. A hop is one thread with one consumer and one transactional producer, as a
 * stage's worker is; partition out = partition in; consume, produce and offsets are one transaction per batch. The
 * first hop has no input: it makes keys.
 *
 * librdkafka directly, but for the making of the clients: lib/io makes them, so that the settings are those of the
 * stages by construction. --print-settings shows them.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#include "io/kafka.h"

enum {
    OUTPUTS_LIMIT = 8,
    INPUTS_LIMIT = 4,
    SETTINGS_LIMIT = 64,
    KEY_BYTES = 16,
    BATCH_LIMIT = 100000,
    TAKE_CHUNK = 512,
    WAIT_MS = 100
};

/* Values of one topic, as recorded: each is a 4-byte big-endian length and its bytes; they are sent in turn. */
typedef struct sample {
    uint8_t *bytes;
    size_t *starts, *lengths;
    size_t count, next;
} sample;

typedef struct output {
    const char *topic;
    double ratio; /* records for each record that comes in */
    double owed;
    sample sample;
    rd_kafka_topic_t *handle;
} output;

typedef struct hop {
    const char *name, *group, *transactional_id;
    const char *inputs[INPUTS_LIMIT];
    size_t input_count;
    output outputs[OUTPUTS_LIMIT];
    size_t output_count;
    const char *settings[SETTINGS_LIMIT + 1]; /* kafka.NAME=VALUE, NULL-terminated */
    size_t setting_count;
    int64_t batch, batch_ms, count, rate;
    int32_t partitions;
    bool print_settings;
    rd_kafka_t *producer, *consumer;
    rd_kafka_queue_t *queue;
    int64_t records, transactions;
    int64_t first_us, last_us; /* begin of the first transaction and end of the last, wall clock */
} hop;

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
    (void)signal;
    stopping = 1;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "echo: %s: %s\n", what, why);
    exit(1);
}

static void must(rd_kafka_error_t *error, const char *what)
{
    if (error != NULL)
        fail(what, rd_kafka_error_string(error));
}

static int64_t now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sample_load(sample *s, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail(path, strerror(errno));
    long size = ftell(file);
    rewind(file);
    s->bytes = malloc((size_t)size + 1);
    s->starts = malloc(((size_t)size / 4 + 1) * sizeof *s->starts);
    s->lengths = malloc(((size_t)size / 4 + 1) * sizeof *s->lengths);
    if (s->bytes == NULL || s->starts == NULL || s->lengths == NULL)
        abort();
    if (fread(s->bytes, 1, (size_t)size, file) != (size_t)size)
        fail(path, "cannot be read");
    fclose(file);
    for (size_t at = 0; at + 4 <= (size_t)size;) {
        size_t len = (size_t)s->bytes[at] << 24 | (size_t)s->bytes[at + 1] << 16 | (size_t)s->bytes[at + 2] << 8 |
                     s->bytes[at + 3];
        if (len > (size_t)size - at - 4)
            fail(path, "is cut off");
        s->starts[s->count] = at + 4;
        s->lengths[s->count++] = len;
        at += 4 + len;
    }
    if (s->count == 0)
        fail(path, "has no values");
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE)
        fail("delivery", rd_kafka_err2str(message->err));
}

static const gl_kafka_conf *settings_of(const hop *h)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    gl_err err = {0};
    gl_conf *conf = gl_conf_load(NULL, tables, 1, h->settings, &err);
    if (conf == NULL)
        fail("settings", err.message);
    return gl_conf_section(conf, "kafka"); /* as long as the process */
}

static rd_kafka_t *made(rd_kafka_t *rk, const gl_err *err)
{
    if (rk == NULL)
        fail("client", err->message);
    return rk;
}

static void open_producer(hop *h, const gl_kafka_conf *conf)
{
    char timeout[24];
    snprintf(timeout, sizeof timeout, "%lld", (long long)conf->transaction_timeout_ms);
    const char *const settings[] = {"transactional.id", h->transactional_id, "transaction.timeout.ms", timeout, NULL};
    gl_kafka_client client = {.name = h->name, .settings = settings, .delivered = delivered};
    gl_err err = {0};
    h->producer = made(gl_kafka_producer_new(conf, &client, &err), &err);
    /* A topic handle keeps the first record from waiting for metadata. */
    for (size_t i = 0; i < h->output_count; i++)
        h->outputs[i].handle = rd_kafka_topic_new(h->producer, h->outputs[i].topic, NULL);
    must(rd_kafka_init_transactions(h->producer, 30000), "init_transactions");
}

static void open_consumer(hop *h, const gl_kafka_conf *conf)
{
    const char *const settings[] = {"group.id", h->group, "partition.assignment.strategy",
                                    h->input_count > 1 ? "range" : "cooperative-sticky", NULL};
    gl_kafka_client client = {.name = h->name, .settings = settings};
    gl_err err = {0};
    h->consumer = made(gl_kafka_consumer_new(conf, &client, &err), &err);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new((int)h->input_count);
    for (size_t i = 0; i < h->input_count; i++)
        rd_kafka_topic_partition_list_add(topics, h->inputs[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(h->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail("subscribe", rd_kafka_err2str(code));
    h->queue = rd_kafka_queue_get_consumer(h->consumer);
}

/* name=value of every setting that differs from librdkafka's own, but for names and callbacks. */
static void print_settings(const char *kind, rd_kafka_t *rk)
{
    size_t count, initial_count;
    rd_kafka_conf_t *initial = rd_kafka_conf_new();
    const char **initial_dump = rd_kafka_conf_dump(initial, &initial_count);
    const char **dump = rd_kafka_conf_dump((rd_kafka_conf_t *)(uintptr_t)rd_kafka_conf(rk), &count);
    for (size_t i = 0; i + 1 < count; i += 2) {
        bool same = strstr(dump[i], "_cb") != NULL || strcmp(dump[i], "opaque") == 0 ||
                    strcmp(dump[i], "client.id") == 0 || strcmp(dump[i], "metadata.broker.list") == 0 ||
                    strcmp(dump[i], "default_topic_conf") == 0;
        for (size_t j = 0; j + 1 < initial_count && !same; j += 2)
            same = strcmp(dump[i], initial_dump[j]) == 0 && strcmp(dump[i + 1], initial_dump[j + 1]) == 0;
        if (!same)
            printf("%s %s=%s\n", kind, dump[i], dump[i + 1]);
    }
    rd_kafka_conf_dump_free(dump, count);
    rd_kafka_conf_dump_free(initial_dump, initial_count);
    rd_kafka_conf_destroy(initial);
}

/* What is owed to each output after one more record with this key. */
static void produce_for(hop *h, int32_t partition, const void *key, size_t key_len)
{
    for (size_t i = 0; i < h->output_count; i++) {
        output *o = &h->outputs[i];
        o->owed += o->ratio;
        while (o->owed >= 1) {
            size_t at = o->sample.next++ % o->sample.count;
            while (rd_kafka_produce(o->handle, partition, 0, o->sample.bytes + o->sample.starts[at],
                                    o->sample.lengths[at], key, key_len, NULL) != 0) {
                if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
                    fail(o->topic, rd_kafka_err2str(rd_kafka_last_error()));
                rd_kafka_poll(h->producer, 10);
            }
            o->owed -= 1;
        }
    }
}

static void send_offsets(hop *h, rd_kafka_message_t *const *messages, size_t count)
{
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(16);
    for (size_t i = 0; i < count; i++) {
        const char *topic = rd_kafka_topic_name(messages[i]->rkt);
        rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_find(offsets, topic, messages[i]->partition);
        if (entry == NULL)
            entry = rd_kafka_topic_partition_list_add(offsets, topic, messages[i]->partition);
        entry->offset = messages[i]->offset + 1;
    }
    rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata(h->consumer);
    must(rd_kafka_send_offsets_to_transaction(h->producer, offsets, metadata, -1), "send_offsets");
    rd_kafka_consumer_group_metadata_destroy(metadata);
    rd_kafka_topic_partition_list_destroy(offsets);
}

static void begin(hop *h)
{
    if (h->first_us == 0)
        h->first_us = now_us(CLOCK_REALTIME);
    must(rd_kafka_begin_transaction(h->producer), "begin");
}

static void commit(hop *h, size_t count)
{
    must(rd_kafka_commit_transaction(h->producer, -1), "commit");
    h->last_us = now_us(CLOCK_REALTIME);
    h->records += (int64_t)count;
    h->transactions++;
}

static void echo_batch(hop *h, rd_kafka_message_t **messages, size_t count)
{
    begin(h);
    for (size_t i = 0; i < count; i++)
        produce_for(h, messages[i]->partition, messages[i]->key, messages[i]->key_len);
    send_offsets(h, messages, count);
    commit(h, count);
}

/* At most `limit` more records; how many messages and events came. */
static size_t take_some(const hop *h, rd_kafka_message_t **messages, size_t *count, size_t limit, int wait_ms)
{
    rd_kafka_message_t *fresh[TAKE_CHUNK];
    ssize_t got = rd_kafka_consume_batch_queue(h->queue, wait_ms, fresh, limit > TAKE_CHUNK ? TAKE_CHUNK : limit);
    for (ssize_t i = 0; i < got; i++) {
        if (fresh[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR && fresh[i]->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            fail("consume", rd_kafka_message_errstr(fresh[i]));
        if (fresh[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            messages[(*count)++] = fresh[i];
        else
            rd_kafka_message_destroy(fresh[i]);
    }
    return got < 0 ? 0 : (size_t)got;
}

/* As a stage does: waits for a first record, then takes what is there: early when the queue is empty, late when it is
 * full. */
static size_t take(const hop *h, rd_kafka_message_t **messages)
{
    size_t count = 0, limit = (size_t)h->batch;
    take_some(h, messages, &count, 1, WAIT_MS);
    int64_t full_us = now_us(CLOCK_MONOTONIC) + h->batch_ms * 1000;
    while (count > 0 && count < limit && now_us(CLOCK_MONOTONIC) < full_us)
        if (take_some(h, messages, &count, limit - count, 0) == 0)
            break;
    return count;
}

static void run_consuming(hop *h)
{
    rd_kafka_message_t **messages = malloc((size_t)h->batch * sizeof(rd_kafka_message_t *));
    if (messages == NULL)
        abort();
    while (!stopping && (h->count == 0 || h->records < h->count)) {
        size_t count = take(h, messages);
        if (count > 0)
            echo_batch(h, messages, count);
        for (size_t i = 0; i < count; i++)
            rd_kafka_message_destroy(messages[i]);
    }
    free(messages);
}

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

/* The first hop: `count` records, as fast as it goes or at `rate` a second. */
static void run_source(hop *h)
{
    int64_t started = now_us(CLOCK_MONOTONIC);
    for (int64_t sent = 0; sent < h->count && !stopping;) {
        int64_t due = h->rate == 0 ? h->count : (now_us(CLOCK_MONOTONIC) - started) * h->rate / 1000000;
        int64_t ready = due < h->count ? due - sent : h->count - sent;
        if (ready <= 0) {
            nanosleep(&(struct timespec){0, 1000000}, NULL);
            continue;
        }
        size_t count = (size_t)(ready < h->batch ? ready : h->batch);
        begin(h);
        for (size_t i = 0; i < count; i++) {
            uint64_t high = mix((uint64_t)sent + i), key[2] = {high, mix(high)};
            produce_for(h, (int32_t)((high >> 2) % (uint64_t)h->partitions), key, KEY_BYTES);
        }
        commit(h, count);
        sent += (int64_t)count;
    }
}

/* --out TOPIC:RATIO:SAMPLE */
static void add_output(hop *h, char *text)
{
    if (h->output_count == OUTPUTS_LIMIT)
        fail(text, "too many outputs");
    output *o = &h->outputs[h->output_count++];
    char *ratio = strchr(text, ':'), *path = ratio == NULL ? NULL : strchr(ratio + 1, ':');
    if (path == NULL)
        fail(text, "is not TOPIC:RATIO:SAMPLE");
    *ratio = *path = '\0';
    o->topic = text;
    o->ratio = strtod(ratio + 1, NULL);
    sample_load(&o->sample, path + 1);
}

static void read_arguments(hop *h, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i];
        char *value = argv[i + 1];
        if (strcmp(name, "--name") == 0)
            h->name = value;
        else if (strcmp(name, "--group") == 0)
            h->group = value;
        else if (strcmp(name, "--transactional-id") == 0)
            h->transactional_id = value;
        else if (strcmp(name, "--in") == 0 && h->input_count < INPUTS_LIMIT)
            h->inputs[h->input_count++] = value;
        else if (strcmp(name, "--out") == 0)
            add_output(h, value);
        else if (strcmp(name, "--set") == 0 && h->setting_count < SETTINGS_LIMIT)
            h->settings[h->setting_count++] = value;
        else if (strcmp(name, "--print-settings") == 0)
            h->print_settings = strcmp(value, "yes") == 0;
        else if (strcmp(name, "--batch") == 0)
            h->batch = strtoll(value, NULL, 10);
        else if (strcmp(name, "--batch-ms") == 0)
            h->batch_ms = strtoll(value, NULL, 10);
        else if (strcmp(name, "--partitions") == 0)
            h->partitions = (int32_t)strtol(value, NULL, 10);
        else if (strcmp(name, "--count") == 0)
            h->count = strtoll(value, NULL, 10);
        else if (strcmp(name, "--rate") == 0)
            h->rate = strtoll(value, NULL, 10);
        else
            fail(name, "unknown option");
    }
    if (h->transactional_id == NULL || h->output_count == 0 || h->batch < 1 || h->batch > BATCH_LIMIT ||
        (h->input_count > 0) != (h->group != NULL))
        fail("usage",
             "bench_echo --name N --transactional-id ID {--in TOPIC... --group G [--count N] | --count N [--rate R]} "
             "--out "
             "TOPIC:RATIO:SAMPLE... [--batch 5000] [--batch-ms 100] [--partitions 4] [--set kafka.NAME=VALUE]... "
             "[--print-settings yes]");
}

int main(int argc, char **argv)
{
    hop h = {.name = "echo", .batch = 5000, .batch_ms = 100, .partitions = 4};
    read_arguments(&h, argc, argv);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    const gl_kafka_conf *conf = settings_of(&h);
    open_producer(&h, conf);
    if (h.input_count > 0)
        open_consumer(&h, conf);
    if (h.print_settings) {
        print_settings("producer", h.producer);
        if (h.consumer != NULL)
            print_settings("consumer", h.consumer);
    }
    printf("ready\n");
    fflush(stdout);
    if (h.input_count > 0)
        run_consuming(&h);
    else
        run_source(&h);
    printf("{\"name\": \"%s\", \"records\": %lld, \"transactions\": %lld, \"first_us\": %lld, \"last_us\": %lld}\n",
           h.name, (long long)h.records, (long long)h.transactions, (long long)h.first_us, (long long)h.last_us);
    if (h.consumer != NULL) {
        rd_kafka_queue_destroy(h.queue);
        rd_kafka_consumer_close(h.consumer);
        rd_kafka_destroy(h.consumer);
    }
    for (size_t i = 0; i < h.output_count; i++) {
        rd_kafka_topic_destroy(h.outputs[i].handle);
        free(h.outputs[i].sample.bytes);
        free(h.outputs[i].sample.starts);
        free(h.outputs[i].sample.lengths);
    }
    rd_kafka_destroy(h.producer);
    return 0;
}
