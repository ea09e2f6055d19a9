/* An open-loop HTTP sender: one declaration a request, at a fixed rate, whether or not earlier ones were answered.
 *
 * Reads NDJSON, sends line after line over kept connections, and prints for each answered declaration its MRN and the
 * wall-clock time at which the request's last byte was handed to the kernel, in microseconds. A request that finds no
 * free connection waits for one and counts from the time at which it was due: a slow server cannot make the sender look
 * better. Thread: one. Nothing of Greenlane is linked.
 *
 * usage: load HOST PORT FILE RATE COUNT [CONNECTIONS]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_LIMIT = 4096, REPLY_BYTES = 65536, REQUEST_BYTES = 262144, DRAIN_SECONDS = 60 };

/* sent < request_len while it is being written; a connection is free when `busy` is false. */
typedef struct connection {
    int fd;
    bool busy;
    size_t request_len, sent, reply_len;
    int64_t due_us, last_byte_us;
    char *request, *reply;
} connection;

typedef struct load {
    struct sockaddr_in address;
    char *text;
    size_t text_len, at;
    int64_t rate, count, issued, answered, refused, late;
    connection *connections;
    int connection_count, epoll;
} load;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void open_connection(load *l, connection *c)
{
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&l->address, sizeof l->address) != 0)
        fail("connect");
    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        fail("TCP_NODELAY");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        fail("epoll_ctl");
    c->busy = false;
}

static void write_some(connection *c)
{
    while (c->busy && c->sent < c->request_len) {
        ssize_t n = send(c->fd, c->request + c->sent, c->request_len - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            fail("send");
        c->sent += (size_t)n;
        if (c->sent == c->request_len)
            c->last_byte_us = clock_us(CLOCK_REALTIME);
    }
}

/* The next line of the file, from the beginning again after the end. */
static void begin_request(load *l, connection *c, int64_t due_us)
{
    if (l->at >= l->text_len)
        l->at = 0;
    const char *line = l->text + l->at, *end = memchr(line, '\n', l->text_len - l->at);
    size_t len = end == NULL ? l->text_len - l->at : (size_t)(end - line);
    l->at += len + 1;
    int head = snprintf(c->request, REQUEST_BYTES,
                        "POST /v1/declarations HTTP/1.1\r\nHost: ingest\r\nContent-Type: "
                        "application/x-ndjson\r\nContent-Length: %zu\r\n\r\n",
                        len);
    if ((size_t)head + len > REQUEST_BYTES) {
        errno = EMSGSIZE;
        fail("a declaration");
    }
    memcpy(c->request + head, line, len);
    c->request_len = (size_t)head + len;
    c->sent = c->reply_len = 0;
    c->busy = true;
    c->due_us = due_us;
    l->issued++;
    write_some(c);
}

/* Length of the whole reply once its header is there, else 0. */
static size_t reply_expected(const connection *c)
{
    const char *end = memmem(c->reply, c->reply_len, "\r\n\r\n", 4);
    const char *length = memmem(c->reply, c->reply_len, "Content-Length: ", 16);
    if (end == NULL || length == NULL || length > end)
        return 0;
    return (size_t)(end + 4 - c->reply) + strtoul(length + 16, NULL, 10);
}

static void finish_reply(load *l, connection *c)
{
    const char *mrn = memmem(c->reply, c->reply_len, "\"mrn\":\"", 7);
    const char *end = mrn == NULL ? NULL : memchr(mrn + 7, '"', c->reply_len - (size_t)(mrn + 7 - c->reply));
    l->answered++;
    if (end == NULL) {
        if (l->refused++ == 0)
            fprintf(stderr, "load: first refusal: %.300s\n", c->reply);
    } else {
        printf("%.*s %lld\n", (int)(end - mrn - 7), mrn + 7, (long long)c->last_byte_us);
    }
    c->busy = false;
}

static void read_some(load *l, connection *c)
{
    for (;;) {
        ssize_t n = recv(c->fd, c->reply + c->reply_len, REPLY_BYTES - 1 - c->reply_len, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0 && c->busy)
            fail("the server closed a connection");
        if (n <= 0) { /* it was idle for too long */
            close(c->fd);
            open_connection(l, c);
            return;
        }
        c->reply_len += (size_t)n;
        c->reply[c->reply_len] = '\0';
        size_t expected = reply_expected(c);
        if (c->busy && expected > 0 && c->reply_len >= expected) {
            finish_reply(l, c);
            c->reply_len = 0;
        }
    }
}

static connection *free_connection(load *l)
{
    for (int i = 0; i < l->connection_count; i++)
        if (!l->connections[i].busy)
            return &l->connections[i];
    return NULL;
}

/* Issues what is due by now. A request that had to wait longer than 5 ms for a connection is late: its clock is put
 * back by that wait. */
static void issue_due(load *l, int64_t started_us)
{
    int64_t now = clock_us(CLOCK_MONOTONIC);
    while (l->issued < l->count && started_us + l->issued * 1000000 / l->rate <= now) {
        connection *c = free_connection(l);
        if (c == NULL)
            return;
        int64_t due = started_us + l->issued * 1000000 / l->rate;
        begin_request(l, c, due);
        if (now - due > 5000) {
            l->late++;
            c->last_byte_us -= now - due;
        }
    }
}

static void run(load *l)
{
    struct epoll_event events[256];
    int64_t started_us = clock_us(CLOCK_MONOTONIC);
    int64_t end_us = started_us + l->count * 1000000 / l->rate + (int64_t)DRAIN_SECONDS * 1000000;
    while (l->answered < l->count) {
        issue_due(l, started_us);
        int n = epoll_wait(l->epoll, events, 256, 1);
        for (int i = 0; i < n; i++) {
            connection *c = events[i].data.ptr;
            write_some(c);
            read_some(l, c);
        }
        if (clock_us(CLOCK_MONOTONIC) > end_us) {
            errno = ETIMEDOUT;
            fail("answers");
        }
    }
}

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size)
        fail(path);
    fclose(file);
    *len = (size_t)size;
    return text;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: load HOST PORT FILE RATE COUNT [CONNECTIONS]\n");
        return 2;
    }
    load l = {
        .rate = strtoll(argv[4], NULL, 10), .count = strtoll(argv[5], NULL, 10), .epoll = epoll_create1(EPOLL_CLOEXEC)};
    l.connection_count = argc > 6 ? (int)strtol(argv[6], NULL, 10) : 256;
    l.address.sin_family = AF_INET;
    l.address.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    if (inet_pton(AF_INET, argv[1], &l.address.sin_addr) != 1 || l.rate < 1 || l.connection_count < 1 ||
        l.connection_count > CONNECTIONS_LIMIT)
        fail("arguments");
    l.text = read_file(argv[3], &l.text_len);
    l.connections = calloc((size_t)l.connection_count, sizeof *l.connections);
    for (int i = 0; i < l.connection_count; i++) {
        l.connections[i].request = malloc(REQUEST_BYTES);
        l.connections[i].reply = malloc(REPLY_BYTES);
        if (l.connections[i].request == NULL || l.connections[i].reply == NULL)
            abort();
        open_connection(&l, &l.connections[i]);
    }
    run(&l);
    fprintf(stderr, "{\"sent\": %lld, \"refused\": %lld, \"late\": %lld}\n", (long long)l.issued, (long long)l.refused,
            (long long)l.late);
    for (int i = 0; i < l.connection_count; i++) {
        close(l.connections[i].fd);
        free(l.connections[i].request);
        free(l.connections[i].reply);
    }
    free(l.connections);
    free(l.text);
    return l.refused > 0;
}
