/* The queue of a consumer, waited for by the monotonic clock.
 *
 * librdkafka 2.0.2 waits until a time of the wall clock: one that is set back by an hour makes a wait of 100 ms an hour
 * long, unless something comes. Thread: the one that serves the consumer. Locks: none.
 */
#ifndef GL_IO_INBOX_H
#define GL_IO_INBOX_H

#include <librdkafka/rdkafka.h>

typedef struct gl_inbox gl_inbox;

gl_inbox *gl_inbox_new(rd_kafka_t *consumer);
/* Before the consumer is closed. NULL is allowed. */
void gl_inbox_destroy(gl_inbox *inbox);
/* Serves callbacks, and takes at most `limit` messages and events (owned by the caller, rd_kafka_message_destroy);
 * waits for the first at most `wait_ms`. How many came. */
ssize_t gl_inbox_take(gl_inbox *inbox, rd_kafka_message_t **messages, size_t limit, int wait_ms);
/* Serves a client's callbacks and waits a little, where nothing is to be taken. */
void gl_inbox_rest(rd_kafka_t *client, int ms);

#endif
