/* What the broker tests share: a scenario with topics of its own, records in and out, and echo processes that are
 * started, killed and asked.
 *
 * Always holds: every wait has a deadline; processes that a test started are killed when it ends, whichever way;
 * without KAFKA_BROKERS a test exits with 77.
 */
#ifndef TESTS_BROKER_H
#define TESTS_BROKER_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/str.h"
#include "io/kafka.h"

typedef struct scenario {
    char name[64];       /* also the stage's: topics <name>.in, .in2, .out, .state and gl.<name>.dlq */
    char directory[128]; /* of states, port files and logs; removed when the test passes */
    int partitions;
    const char *config; /* a YAML file that processes are started with; NULL: none */
    gl_conf *parsed;
    gl_kafka_conf conf; /* its strings are parsed's */
    gl_kafka_admin *admin;
    rd_kafka_t *producer;
} scenario;

typedef struct echo_process {
    pid_t pid;
    int number;
    char port_file[256];
} echo_process;

#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: expected %s: ", __FILE__, __LINE__, #condition);                                   \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fputc('\n', stderr);                                                                                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

void scenario_begin(scenario *s, const char *name, int partitions);
void scenario_end(scenario *s);

/* "<name>.<end>". */
const char *topic_name(const scenario *s, const char *end);
void make_topic(scenario *s, const char *topic, int partitions, bool compacted);
/* NULL value: a tombstone. Delivered when send_flush returns. */
void send_record(scenario *s, const char *topic, int partition, const char *key, const char *value);
void send_with_header(scenario *s, const char *topic, int partition, const char *key, const char *value,
                      const char *header, const char *text);
void send_flush(scenario *s);
/* Stored by the broker, then aborted: only who reads what is not committed sees it. */
void send_aborted(scenario *s, const char *topic, int partition, const char *key, const char *value);
/* Reads all that is committed now, from the beginning; false from `each` stops. Returns how many records. */
size_t read_topic(scenario *s, const char *topic, bool (*each)(void *context, const rd_kafka_message_t *message),
                  void *context);
size_t count_topic(scenario *s, const char *topic);
/* Waits until the topic has at least `count` committed records. */
void wait_records(scenario *s, const char *topic, size_t count, int seconds);
/* The header's value as text, "" when there is none. */
void header_text(const rd_kafka_message_t *message, const char *name, char *text, size_t capacity);

/* `mode`: "", "--two", ...; `sets`: NULL-terminated section.key=value (may be NULL). `state`: name of the state
 * directory. */
echo_process start_echo(scenario *s, const char *mode, const char *state, const char *const *sets,
                        const char *test_point);
/* Waits for its end; the exit code, or 128 + signal. */
int wait_end(echo_process *process, int seconds);
void send_signal(const echo_process *process, int signal);
int stop_echo(echo_process *process);
/* true: ended within that time. */
bool has_ended(echo_process *process, int milliseconds, int *code);
/* GET from the admin server; the status, 0 when nobody answers. */
int get_admin(const echo_process *process, const char *path, char *body, size_t capacity);
void wait_ready(const echo_process *process, int seconds);
/* A metric's value from /metrics; `series` with its labels; -1 when there is none. */
double metric_of(const echo_process *process, const char *series);
/* The gate that the echo's values "away" and "stall" wait at; open when a scenario begins. */
void shut_gate(scenario *s);
void open_gate(scenario *s);
/* Does the log of the process contain this? */
bool log_contains(const scenario *s, const echo_process *process, const char *text);

/* A whole number at the start of some bytes; anything else fails the test. */
long number_in(const void *bytes, size_t len);
double seconds_now(void);
/* Between two looks at a condition. */
void look_again_soon(void);

#endif
