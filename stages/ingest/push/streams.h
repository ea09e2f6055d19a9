/* Streams of outcomes: GET /v1/outcomes as server-sent events.
 *
 * A stream has a thread and a reader of gl.notifications of its own, from now on or from where its Last-Event-ID
 * stands. Always holds: an event is sent before the position behind it is; so a client that comes back with the last id
 * it got, to any instance, misses nothing. A slow client is not waited for: while its buffer is full nothing more is
 * read for it. No stream outlives the credentials it was opened with: a reload ends all, and clients come back.
 * Thread: any. Locks: one inside.
 */
#ifndef GL_INGEST_PUSH_STREAMS_H
#define GL_INGEST_PUSH_STREAMS_H

#include "ingest/ingest.h"
#include "ingest/push/conf.h"

typedef struct gl_streams gl_streams;

/* `ingest` is borrowed; without its kafka_conf (tests) every request is answered with 503. */
gl_streams *gl_streams_new(gl_ingest *ingest, const gl_push_conf *conf);
/* Streams of an earlier epoch end. Read it before looking whether a request's credentials still hold. */
unsigned gl_streams_epoch(const gl_streams *streams);
/* Takes the request. */
void gl_streams_open(gl_streams *streams, gl_http_request *request, const gl_account *account, unsigned epoch);
/* Begins a new epoch; with `for_good` no stream is opened any more. */
void gl_streams_end(gl_streams *streams, bool for_good);
/* Ends all and waits for their threads: while the HTTP server still runs. NULL is allowed. */
void gl_streams_stop(gl_streams *streams);
/* After the HTTP server. NULL is allowed. */
void gl_streams_destroy(gl_streams *streams);

#endif
