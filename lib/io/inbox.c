/* See inbox.h. librdkafka writes to an eventfd when the queue stops being empty; poll(2) waits for that. */
#include "io/inbox.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

struct gl_inbox {
    rd_kafka_queue_t *queue;
    int bell; /* -1: there is no descriptor left, and what comes is seen when the wait is over */
};

gl_inbox *gl_inbox_new(rd_kafka_t *consumer)
{
    static const uint64_t one = 1;
    gl_inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL)
        abort();
    inbox->queue = rd_kafka_queue_get_consumer(consumer);
    inbox->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (inbox->bell >= 0)
        rd_kafka_queue_io_event_enable(inbox->queue, inbox->bell, &one, sizeof one);
    return inbox;
}

void gl_inbox_destroy(gl_inbox *inbox)
{
    if (inbox == NULL)
        return;
    rd_kafka_queue_io_event_enable(inbox->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(inbox->queue);
    if (inbox->bell >= 0)
        close(inbox->bell);
    free(inbox);
}

/* It may have rung for what was taken since: then there is nothing yet. */
static void wait_for_bell(const gl_inbox *inbox, int64_t until_us)
{
    struct pollfd bell = {.fd = inbox->bell, .events = POLLIN};
    int64_t left_us = until_us - gl_mono_us();
    if (left_us <= 0 || poll(&bell, 1, (int)((left_us + 999) / 1000)) != 1)
        return;
    uint64_t rung;
    ssize_t silenced = read(bell.fd, &rung, sizeof rung);
    (void)silenced;
}

ssize_t gl_inbox_take(gl_inbox *inbox, rd_kafka_message_t **messages, size_t limit, int wait_ms)
{
    int64_t until_us = wait_ms == 0 ? 0 : gl_mono_us() + (int64_t)wait_ms * 1000;
    ssize_t got = rd_kafka_consume_batch_queue(inbox->queue, 0, messages, limit);
    while (got == 0 && wait_ms > 0 && gl_mono_us() < until_us) {
        wait_for_bell(inbox, until_us);
        got = rd_kafka_consume_batch_queue(inbox->queue, 0, messages, limit);
    }
    return got;
}

void gl_inbox_rest(rd_kafka_t *client, int ms)
{
    rd_kafka_poll(client, 0);
    gl_sleep_ms(ms);
}
