/* See broker.h. */
#include "broker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { PROCESS_LIMIT = 64, QUESTION_MS = 10000 };

static pid_t started[PROCESS_LIMIT];
static int started_count;
static const scenario *current;

static void kill_started(void)
{
    for (int i = 0; i < started_count; i++)
        if (started[i] > 0) {
            kill(started[i], SIGKILL);
            waitpid(started[i], NULL, 0);
            started[i] = 0;
        }
}

static void end_everything(void)
{
    kill_started();
    if (current != NULL)
        fprintf(stderr, "kept for a look: %s\n", current->directory);
}

long number_in(const void *bytes, size_t len)
{
    char text[32], *end;
    snprintf(text, sizeof text, "%.*s", (int)len, (const char *)bytes);
    long number = strtol(text, &end, 10);
    EXPECT(end != text, "'%s' is no number", text);
    return number;
}

double seconds_now(void)
{
    return (double)gl_mono_us() / 1e6;
}

void look_again_soon(void)
{
    struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
}

/* ---- scenario ---- */

void scenario_begin(scenario *s, const char *name, int partitions)
{
    if (getenv("KAFKA_BROKERS") == NULL) {
        printf("skipped: KAFKA_BROKERS is not set\n");
        exit(77);
    }
    gl_err err = {0};
    const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    s->parsed = gl_conf_load(NULL, tables, 1, NULL, &err);
    EXPECT(s->parsed != NULL, "%s", err.message);
    s->conf = *(const gl_kafka_conf *)gl_conf_section(s->parsed, "kafka");
    s->partitions = partitions;
    snprintf(s->name, sizeof s->name, "%s-%ld", name, (long)getpid());
    snprintf(s->directory, sizeof s->directory, "/tmp/gl-broker-%s-XXXXXX", name);
    EXPECT(mkdtemp(s->directory) != NULL, "%s", s->directory);
    gl_kafka_client client = {.name = "test"};
    s->admin = gl_kafka_admin_new(&s->conf, "test", &err);
    EXPECT(s->admin != NULL, "%s", err.message);
    s->producer = gl_kafka_producer_new(&s->conf, &client, &err);
    EXPECT(s->producer != NULL, "%s", err.message);
    current = s;
    atexit(end_everything);
}

void scenario_end(scenario *s)
{
    char command[256];
    current = NULL;
    kill_started(); /* a process left over would still write where we remove */
    snprintf(command, sizeof command, "rm -rf '%s'", s->directory);
    EXPECT(system(command) == 0, "%s", command);
    rd_kafka_destroy(s->producer);
    gl_kafka_admin_destroy(s->admin);
    gl_conf_destroy(s->parsed);
}

const char *topic_name(const scenario *s, const char *end)
{
    static char names[8][128];
    static int next;
    char *name = names[next++ % 8];
    snprintf(name, sizeof names[0], "%s.%s", s->name, end);
    return name;
}

void make_topic(scenario *s, const char *topic, int partitions, bool compacted)
{
    gl_err err = {0};
    gl_kafka_topic wanted = gl_kafka_topic_of(&s->conf, topic, compacted);
    wanted.partitions = partitions;
    EXPECT(gl_kafka_topics_create(s->admin, &wanted, 1, NULL, QUESTION_MS, &err), "%s", err.message);
    double end = seconds_now() + 20;
    int count = 0;
    while (count != partitions) {
        EXPECT(seconds_now() < end, "%s has %d partitions", topic, count);
        EXPECT(gl_kafka_partition_count(s->admin, topic, &count, QUESTION_MS, &err), "%s", err.message);
        look_again_soon();
    }
}

/* ---- records ---- */

void send_with_header(scenario *s, const char *topic, int partition, const char *key, const char *value,
                      const char *header, const char *text)
{
    size_t len = value == NULL ? 0 : strlen(value);
    for (;;) {
        rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
        if (header != NULL)
            rd_kafka_header_add(headers, header, -1, text, -1);
        rd_kafka_resp_err_t code = rd_kafka_producev(
            s->producer, RD_KAFKA_VTYPE_TOPIC, topic, RD_KAFKA_VTYPE_PARTITION, partition, RD_KAFKA_VTYPE_KEY, key,
            strlen(key), RD_KAFKA_VTYPE_VALUE, (void *)value, len, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY,
            RD_KAFKA_VTYPE_HEADERS, headers, RD_KAFKA_VTYPE_END);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_headers_destroy(headers);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            EXPECT(code == RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_err2str(code));
            break;
        }
        rd_kafka_poll(s->producer, 10);
    }
    rd_kafka_poll(s->producer, 0);
}

void send_record(scenario *s, const char *topic, int partition, const char *key, const char *value)
{
    send_with_header(s, topic, partition, key, value, NULL, NULL);
}

void send_flush(scenario *s)
{
    EXPECT(rd_kafka_flush(s->producer, 60000) == RD_KAFKA_RESP_ERR_NO_ERROR, "records were not delivered");
}

static void expect_done(rd_kafka_error_t *error)
{
    EXPECT(error == NULL, "%s", rd_kafka_error_string(error));
}

void send_aborted(scenario *s, const char *topic, int partition, const char *key, const char *value)
{
    const char *const settings[] = {"transactional.id", topic, NULL};
    const gl_kafka_client client = {.name = "aborting", .settings = settings};
    gl_err err = {0};
    rd_kafka_t *plain = s->producer;
    s->producer = gl_kafka_producer_new(&s->conf, &client, &err);
    EXPECT(s->producer != NULL, "%s", err.message);
    expect_done(rd_kafka_init_transactions(s->producer, 30000));
    expect_done(rd_kafka_begin_transaction(s->producer));
    send_record(s, topic, partition, key, value);
    send_flush(s);
    expect_done(rd_kafka_abort_transaction(s->producer, 30000));
    rd_kafka_destroy(s->producer);
    s->producer = plain;
}

/* Ends of the partitions, and whether all of them are reached. */
typedef struct ends {
    int64_t at[256];
    int64_t read[256];
    int count;
} ends;

static bool all_read(const ends *e)
{
    for (int p = 0; p < e->count; p++)
        if (e->read[p] < e->at[p])
            return false;
    return true;
}

static rd_kafka_t *open_reader(scenario *s, const char *topic, ends *e)
{
    static const char *const settings[] = {
        "group.id", "test-reader", "enable.partition.eof", "true", "fetch.wait.max.ms", "20", NULL};
    gl_err err = {0};
    gl_kafka_client client = {.name = "reader", .settings = settings};
    EXPECT(gl_kafka_partition_count(s->admin, topic, &e->count, QUESTION_MS, &err), "%s", err.message);
    EXPECT(e->count <= 256, "%d partitions", e->count);
    rd_kafka_t *reader = gl_kafka_consumer_new(&s->conf, &client, &err);
    EXPECT(reader != NULL, "%s", err.message);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(e->count);
    for (int p = 0; p < e->count; p++) {
        EXPECT(gl_kafka_end_offset(s->admin, topic, p, true, &e->read[p], &e->at[p], QUESTION_MS, &err), "%s",
               err.message);
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    EXPECT(rd_kafka_assign(reader, list) == RD_KAFKA_RESP_ERR_NO_ERROR, "assign");
    rd_kafka_topic_partition_list_destroy(list);
    return reader;
}

size_t read_topic(scenario *s, const char *topic, bool (*each)(void *context, const rd_kafka_message_t *message),
                  void *context)
{
    ends e = {0};
    rd_kafka_t *reader = open_reader(s, topic, &e);
    size_t count = 0;
    double end = seconds_now() + 60;
    bool more = true;
    while (more && !all_read(&e)) {
        EXPECT(seconds_now() < end, "%s was not read to its end", topic);
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, 100);
        if (message == NULL)
            continue;
        bool is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        EXPECT(is_end || message->err == RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_message_errstr(message));
        e.read[message->partition] = is_end ? message->offset : message->offset + 1;
        if (!is_end) {
            count++;
            more = each == NULL || each(context, message);
        }
        rd_kafka_message_destroy(message);
    }
    gl_kafka_consumer_close(reader, 10000);
    return count;
}

size_t count_topic(scenario *s, const char *topic)
{
    return read_topic(s, topic, NULL, NULL);
}

void wait_records(scenario *s, const char *topic, size_t count, int seconds)
{
    double end = seconds_now() + seconds;
    size_t seen = 0;
    while ((seen = count_topic(s, topic)) < count) {
        EXPECT(seconds_now() < end, "%s has %zu of %zu records", topic, seen, count);
        look_again_soon();
    }
}

void header_text(const rd_kafka_message_t *message, const char *name, char *text, size_t capacity)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    text[0] = '\0';
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        snprintf(text, capacity, "%.*s", (int)size, (const char *)value);
}

/* ---- processes ---- */

static void log_path(const scenario *s, int number, char *path, size_t capacity)
{
    snprintf(path, capacity, "%s/echo-%d.log", s->directory, number);
}

static void gate_path(const scenario *s, char *path, size_t capacity)
{
    snprintf(path, capacity, "%s/gate", s->directory);
}

void shut_gate(scenario *s)
{
    char path[256];
    gate_path(s, path, sizeof path);
    FILE *file = fopen(path, "w");
    EXPECT(file != NULL && fclose(file) == 0, "%s: %s", path, strerror(errno));
}

void open_gate(scenario *s)
{
    char path[256];
    gate_path(s, path, sizeof path);
    EXPECT(unlink(path) == 0, "%s: %s", path, strerror(errno));
}

static void run_echo(const scenario *s, const echo_process *process, const char *mode, const char *state,
                     const char *const *sets, const char *test_point)
{
    char program[512], path[256], state_set[256], port_set[300], partitions_set[64];
    const char *arguments[64];
    int count = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test is killed */
    log_path(s, process->number, path, sizeof path);
    int log = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(log, 2);
    setenv("ECHO_NAME", s->name, 1);
    gate_path(s, path, sizeof path);
    setenv("ECHO_GATE", path, 1);
    if (test_point != NULL)
        setenv("GL_TEST_POINT", test_point, 1);
    snprintf(program, sizeof program, "%s/bin/greenlane-test-echo", GL_BINARY_DIR);
    snprintf(state_set, sizeof state_set, "stage.state_dir=%s/%s", s->directory, state);
    snprintf(port_set, sizeof port_set, "admin.port_file=%s", process->port_file);
    snprintf(partitions_set, sizeof partitions_set, "kafka.partitions=%d", s->partitions);
    arguments[count++] = program;
    if (mode[0] != '\0')
        arguments[count++] = mode;
    if (s->config != NULL) {
        arguments[count++] = "--config";
        arguments[count++] = s->config;
    }
    const char *const always[] = {state_set, port_set, partitions_set, "kafka.fetch_wait=50ms",
                                  "kafka.session_timeout=6s"};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        arguments[count++] = "--set";
        arguments[count++] = always[i];
    }
    for (; sets != NULL && *sets != NULL && count < 60; sets++) {
        arguments[count++] = "--set";
        arguments[count++] = *sets;
    }
    arguments[count] = NULL;
    execv(program, (char *const *)arguments);
    dprintf(2, "cannot run %s: %s\n", program, strerror(errno));
    _exit(126);
}

echo_process start_echo(scenario *s, const char *mode, const char *state, const char *const *sets,
                        const char *test_point)
{
    EXPECT(started_count < PROCESS_LIMIT, "%d processes", started_count);
    echo_process process = {.number = started_count};
    snprintf(process.port_file, sizeof process.port_file, "%s/port-%d", s->directory, process.number);
    process.pid = fork();
    EXPECT(process.pid >= 0, "fork: %s", strerror(errno));
    if (process.pid == 0)
        run_echo(s, &process, mode, state, sets, test_point);
    started[started_count++] = process.pid;
    return process;
}

bool has_ended(echo_process *process, int milliseconds, int *code)
{
    double end = seconds_now() + milliseconds / 1000.0;
    for (;;) {
        int status;
        pid_t got = waitpid(process->pid, &status, WNOHANG);
        if (got == process->pid) {
            started[process->number] = 0;
            *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            return true;
        }
        if (seconds_now() >= end)
            return false;
        look_again_soon();
    }
}

int wait_end(echo_process *process, int seconds)
{
    int code = -1;
    EXPECT(has_ended(process, seconds * 1000, &code), "process %d still runs after %d s", process->number, seconds);
    return code;
}

void send_signal(const echo_process *process, int signal)
{
    kill(process->pid, signal);
}

int stop_echo(echo_process *process)
{
    send_signal(process, SIGTERM);
    return wait_end(process, 40);
}

static int read_port(const echo_process *process)
{
    char text[16] = "";
    FILE *file = fopen(process->port_file, "r");
    if (file == NULL)
        return 0;
    bool good = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return good ? (int)number_in(text, strlen(text)) : 0;
}

int get_admin(const echo_process *process, const char *path, char *body, size_t capacity)
{
    char text[65536], request[256];
    size_t used = 0;
    ssize_t got = 0;
    int status = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 5};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)read_port(process)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    body[0] = '\0';
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    if (to.sin_port != 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        send(fd, request, (size_t)len, MSG_NOSIGNAL) == len)
        while (used < sizeof text - 1 && (got = recv(fd, text + used, sizeof text - 1 - used, 0)) > 0)
            used += (size_t)got;
    close(fd);
    text[used] = '\0';
    char *blank = strstr(text, "\r\n\r\n");
    if (blank == NULL || strncmp(text, "HTTP/1.1 ", 9) != 0)
        return 0;
    status = (int)number_in(text + 9, 3);
    snprintf(body, capacity, "%s", blank + 4);
    return status;
}

void wait_ready(const echo_process *process, int seconds)
{
    char body[256];
    double end = seconds_now() + seconds;
    while (get_admin(process, "/readyz", body, sizeof body) != 200) {
        EXPECT(seconds_now() < end, "process %d is not ready: %s", process->number, body);
        look_again_soon();
    }
}

double metric_of(const echo_process *process, const char *series)
{
    static char body[65536];
    if (get_admin(process, "/metrics", body, sizeof body) != 200)
        return -1;
    size_t len = strlen(series);
    for (char *line = body; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, series, len) == 0 && line[len] == ' ')
            return strtod(line + len, NULL);
    }
    return -1;
}

bool log_contains(const scenario *s, const echo_process *process, const char *text)
{
    char path[256], line[8192];
    bool found = false;
    log_path(s, process->number, path, sizeof path);
    FILE *file = fopen(path, "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = strstr(line, text) != NULL;
    if (file != NULL)
        fclose(file);
    return found;
}
