/* See streams.h. Thread: as said at each part; a stream's own members belong to its thread once it runs. */
#include "ingest/push/streams.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "ingest/push/position.h"
#include "ingest/push/reader.h"

enum {
    BUFFER_BYTES = 256 * 1024,
    POLL_MS = 200,
    QUESTION_MS = 5000,
    RETRY_MS = 1000,
    FAILED_US = 1000 * 1000,
    NUDGES = 2
};

typedef enum slot_state { SLOT_FREE, SLOT_RUNS, SLOT_ENDED } slot_state;

typedef struct stream {
    gl_streams *streams;
    pthread_t thread;
    slot_state state; /* under the lock */
    char account_name[GL_INGEST_LIMIT_NAME_BYTES + 1];
    unsigned epoch; /* it ends when that of the streams is another */
    /* Until the request is answered, or its stream ended: */
    gl_http_request *request;
    const gl_account *account;
    gl_outcome_reader *reader;
    gl_arena *arena; /* of one event */
    gl_buf text;
    gl_hmac_key seal;
    int64_t *next; /* by partition */
    size_t count;
    int64_t written_us; /* monotonic */
    int nudges;         /* atomic: comments to be sent at once, to see whether the client is still there */
} stream;

struct gl_streams {
    gl_ingest *ingest;
    const gl_push_conf *conf;
    pthread_mutex_t lock; /* of the slots */
    stream *slots;        /* conf->streams of them */
    bool stopping;        /* under the lock */
    unsigned epoch;       /* atomic */
    pthread_mutex_t admin_lock;
    gl_kafka_admin *admin; /* under admin_lock, as what follows; NULL: not asked yet */
    gl_err failed;         /* the last question */
    int64_t failed_us;     /* monotonic; 0: it was answered */
};

static bool must_end(const stream *s)
{
    return gl_streams_epoch(s->streams) != s->epoch;
}

/* ---- where it begins. Thread: the stream's ---- */

/* While brokers do not answer, one question is enough for all that wait. Locks: admin_lock. */
static bool ask_admin(stream *s, gl_kafka_extent *extents, gl_err *err)
{
    gl_streams *streams = s->streams;
    if (must_end(s))
        return gl_fail(err, GL_RETRY, "draining", "this instance is stopping; come again");
    if (streams->failed_us != 0 && gl_mono_us() - streams->failed_us < FAILED_US) {
        *err = streams->failed;
        return false;
    }
    if (streams->admin == NULL)
        streams->admin = gl_kafka_admin_new(streams->ingest->kafka_conf, "outcomes", err);
    bool good = streams->admin != NULL && gl_kafka_extents(streams->admin, extents, s->count, true, QUESTION_MS, err);
    streams->failed_us = good ? 0 : gl_mono_us();
    if (!good)
        streams->failed = *err;
    return good;
}

/* First and end offset of each partition as a reader of committed records sees them, and the cluster. */
static bool ask_extents(stream *s, gl_kafka_extent *extents, gl_str *cluster, gl_err *err)
{
    gl_streams *streams = s->streams;
    for (size_t i = 0; i < s->count; i++)
        extents[i] = (gl_kafka_extent){.topic = gl_outcome_topic, .partition = (int32_t)i};
    pthread_mutex_lock(&streams->admin_lock);
    bool good = ask_admin(s, extents, err);
    if (good)
        *cluster = gl_str_of(gl_arena_printf(s->arena, "%s", gl_kafka_cluster_id(streams->admin, QUESTION_MS)));
    pthread_mutex_unlock(&streams->admin_lock);
    return good;
}

static bool is_known(const stream *s, const gl_kafka_extent *extents, gl_err *err)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->next[i] > extents[i].end)
            return gl_fail(err, GL_DEAD_LETTER, "event-id-invalid",
                           "this id is of a topic that was made again since: begin without Last-Event-ID");
    for (size_t i = 0; i < s->count; i++)
        if (s->next[i] < extents[i].first)
            return gl_fail(err, GL_DEAD_LETTER, "outcomes-gone",
                           "what came after this id is not kept any more: begin without Last-Event-ID, and ask for "
                           "the status of what is open");
    return true;
}

static bool find_place(stream *s, gl_err *err)
{
    gl_streams *streams = s->streams;
    gl_kafka_extent *extents = GL_NEW_N(s->arena, gl_kafka_extent, s->count);
    gl_str cluster, last = gl_http_header(s->request, "Last-Event-ID");
    if (!ask_extents(s, extents, &cluster, err))
        return false;
    gl_position_seal(&s->seal, s->arena, gl_str_of(streams->conf->event_id_key), cluster, gl_str_of(s->account_name));
    if (last.ptr != NULL)
        return gl_position_read(last, &s->seal, s->arena, s->next, s->count, err) && is_known(s, extents, err);
    for (size_t i = 0; i < s->count; i++)
        s->next[i] = extents[i].end;
    return true;
}

static bool open_reader(stream *s, gl_err *err)
{
    char name[32];
    snprintf(name, sizeof name, "outcomes-%d", (int)(s - s->streams->slots));
    s->reader = gl_outcome_reader_at(s->streams->ingest->kafka_conf, name, s->next, s->count, err);
    return s->reader != NULL;
}

static void answer_refused(gl_http_request *request, const gl_err *err)
{
    static const char *const later[] = {"Retry-After: 2", NULL};
    bool gone = strcmp(err->code, "outcomes-gone") == 0;
    if (err->action == GL_DEAD_LETTER)
        gl_http_problem(request, gone ? 410 : 400, err->code, err->message, NULL);
    else
        gl_http_problem(request, 503, err->code, err->message, later);
}

/* ---- sending. Thread: the stream's ---- */

/* What is in `text`. false: the stream is over. */
static bool send_text(stream *s)
{
    gl_http_taken taken;
    while ((taken = gl_http_stream_write(s->request, gl_buf_view(&s->text))) == GL_HTTP_FULL && !must_end(s))
        taken = gl_http_stream_wait(s->request, POLL_MS);
    s->text.len = 0;
    s->written_us = gl_mono_us();
    return taken == GL_HTTP_TAKEN;
}

static gl_str here(stream *s)
{
    gl_buf id = gl_buf_in(s->arena);
    gl_position_write(&id, &s->seal, s->arena, s->next, s->count);
    return gl_buf_view(&id);
}

/* An id without data tells where the stream stands, and is no event. */
static void put_beat(stream *s)
{
    gl_arena_reset(s->arena);
    gl_buf_text(&s->text, ": on\nid: ");
    gl_buf_str(&s->text, here(s));
    gl_buf_text(&s->text, "\n\n");
}

static bool send_outcome(stream *s, const gl_outcome *outcome)
{
    s->next[outcome->partition] = outcome->offset + 1;
    if (!gl_outcome_is_for(outcome, s->account))
        return true;
    gl_arena_reset(s->arena);
    gl_outcome_event(&s->text, outcome, s->account->officer, here(s));
    if (!send_text(s))
        return false;
    gl_series_add(s->streams->ingest->metrics.stream_events, 1);
    return true;
}

static bool send_next(stream *s)
{
    gl_outcome outcome;
    gl_err err = {0};
    switch (gl_outcome_reader_take(s->reader, &outcome, POLL_MS, &err)) {
    case GL_READING_RECORD:
        return send_outcome(s, &outcome);
    case GL_READING_UNREADABLE:
        gl_ingest_note_unreadable(s->streams->ingest, outcome.partition, outcome.offset, &err);
        s->next[outcome.partition] = outcome.offset + 1;
        return true;
    case GL_READING_LOST:
    case GL_READING_BROKEN:
        gl_log_err(GL_LOG_WARN, &err);
        return false;
    case GL_READING_END: /* beyond the transactions' own records: where retention may move the beginning to */
        s->next[outcome.partition] = outcome.offset;
        break;
    case GL_READING_NOTHING:
        break;
    }
    return true;
}

static bool is_nudged(stream *s)
{
    if (__atomic_load_n(&s->nudges, __ATOMIC_RELAXED) == 0)
        return false;
    __atomic_sub_fetch(&s->nudges, 1, __ATOMIC_RELAXED);
    return true;
}

static void run(stream *s)
{
    static const char *const headers[] = {"Cache-Control: no-store", "X-Accel-Buffering: no", NULL};
    int64_t beat_us = s->streams->conf->heartbeat_ms * 1000;
    gl_http_stream_begin(s->request, "text/event-stream", headers, BUFFER_BYTES);
    gl_buf_printf(&s->text, "retry: %d\n", RETRY_MS);
    put_beat(s);
    bool going = send_text(s);
    while (going && !must_end(s)) {
        going = send_next(s);
        if (going && (is_nudged(s) || gl_mono_us() - s->written_us >= beat_us)) {
            put_beat(s);
            going = send_text(s);
        }
    }
    gl_http_stream_end(s->request);
}

/* ---- life ---- */

/* Locks: lock. */
static void show_count(gl_streams *streams)
{
    int64_t count = 0;
    for (int64_t i = 0; i < streams->conf->streams; i++)
        count += streams->slots[i].state == SLOT_RUNS;
    gl_series_set(streams->ingest->metrics.streams, (double)count);
}

static void *stream_main(void *context)
{
    stream *s = context;
    gl_streams *streams = s->streams;
    gl_err err = {0};
    s->arena = gl_arena_new(0);
    s->next = calloc(s->count, sizeof *s->next);
    if (s->next == NULL)
        abort();
    if (find_place(s, &err) && open_reader(s, &err))
        run(s);
    else
        answer_refused(s->request, &err);
    s->request = NULL;
    s->account = NULL;
    gl_outcome_reader_close(s->reader);
    gl_arena_destroy(s->arena);
    gl_buf_free(&s->text);
    free(s->next);
    pthread_mutex_lock(&streams->lock);
    s->state = SLOT_ENDED;
    show_count(streams);
    pthread_mutex_unlock(&streams->lock);
    return NULL;
}

/* A client that went away counts until something is sent to it: twice, for it is the second that fails. Locks: lock. */
static void nudge_all(gl_streams *streams)
{
    for (int64_t i = 0; i < streams->conf->streams; i++)
        if (streams->slots[i].state == SLOT_RUNS)
            __atomic_store_n(&streams->slots[i].nudges, NUDGES, __ATOMIC_RELAXED);
}

/* A slot for the account, or NULL and why not. Locks: lock. */
static stream *find_slot(gl_streams *streams, const char *account_name, gl_http_refusal *refusal)
{
    int64_t own = 0;
    stream *found = NULL;
    for (int64_t i = 0; i < streams->conf->streams; i++) {
        stream *s = &streams->slots[i];
        if (s->state != SLOT_RUNS)
            found = s;
        else if (strcmp(s->account_name, account_name) == 0)
            own++;
    }
    if (own >= streams->conf->streams_per_account)
        *refusal = (gl_http_refusal){429, "too-many-streams", "this account has as many streams as it may", 0};
    else if (found == NULL)
        *refusal = (gl_http_refusal){503, "too-many-streams", "this instance has as many streams as it may", 0};
    if (refusal->status == 0)
        return found;
    nudge_all(streams);
    return NULL;
}

/* Locks: lock. */
static bool start_slot(stream *s, gl_streams *streams, gl_http_request *request, const gl_account *account,
                       unsigned epoch)
{
    if (s->state == SLOT_ENDED)
        pthread_join(s->thread, NULL);
    *s = (stream){.streams = streams,
                  .epoch = epoch,
                  .request = request,
                  .account = account,
                  .count = (size_t)streams->ingest->partition_count};
    snprintf(s->account_name, sizeof s->account_name, "%s", account->name);
    if (pthread_create(&s->thread, NULL, stream_main, s) != 0)
        return false;
    s->state = SLOT_RUNS;
    return true;
}

/* Locks: lock. */
static bool can_open(const gl_streams *streams, gl_http_refusal *refusal)
{
    if (streams->stopping)
        *refusal = (gl_http_refusal){503, "draining", "this instance is stopping; come again", 0};
    else if (streams->ingest->kafka_conf == NULL || streams->ingest->partition_count > GL_POSITION_PARTITIONS)
        *refusal = (gl_http_refusal){503, "outcomes-unavailable", "outcomes cannot be streamed here", 0};
    return refusal->status == 0;
}

static bool open_slot(gl_streams *streams, gl_http_request *request, const gl_account *account, unsigned epoch,
                      gl_http_refusal *refusal)
{
    pthread_mutex_lock(&streams->lock);
    stream *s = can_open(streams, refusal) ? find_slot(streams, account->name, refusal) : NULL;
    bool opened = s != NULL && start_slot(s, streams, request, account, epoch);
    if (s != NULL && !opened)
        *refusal = (gl_http_refusal){503, "too-many-streams", "there are no threads left", 0};
    show_count(streams);
    pthread_mutex_unlock(&streams->lock);
    return opened;
}

void gl_streams_open(gl_streams *streams, gl_http_request *request, const gl_account *account, unsigned epoch)
{
    static const char *const later[] = {"Retry-After: 2", NULL};
    gl_http_refusal refusal = {0};
    if (open_slot(streams, request, account, epoch, &refusal))
        return;
    gl_ingest_count_refusal(streams->ingest, refusal.code);
    gl_http_problem(request, refusal.status, refusal.code, refusal.detail, later);
}

gl_streams *gl_streams_new(gl_ingest *ingest, const gl_push_conf *conf)
{
    gl_streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL)
        abort();
    streams->ingest = ingest;
    streams->conf = conf;
    streams->slots = calloc((size_t)conf->streams + 1, sizeof *streams->slots);
    if (streams->slots == NULL)
        abort();
    pthread_mutex_init(&streams->lock, NULL);
    pthread_mutex_init(&streams->admin_lock, NULL);
    return streams;
}

unsigned gl_streams_epoch(const gl_streams *streams)
{
    return __atomic_load_n(&streams->epoch, __ATOMIC_ACQUIRE);
}

void gl_streams_end(gl_streams *streams, bool for_good)
{
    pthread_mutex_lock(&streams->lock);
    streams->stopping |= for_good;
    pthread_mutex_unlock(&streams->lock);
    __atomic_add_fetch(&streams->epoch, 1, __ATOMIC_ACQ_REL);
}

/* Once it is stopping no slot is taken any more. */
void gl_streams_stop(gl_streams *streams)
{
    if (streams == NULL)
        return;
    gl_streams_end(streams, true);
    for (int64_t i = 0; i < streams->conf->streams; i++) {
        stream *s = &streams->slots[i];
        pthread_mutex_lock(&streams->lock);
        bool used = s->state != SLOT_FREE;
        pthread_mutex_unlock(&streams->lock);
        if (used)
            pthread_join(s->thread, NULL);
        s->state = SLOT_FREE;
    }
}

void gl_streams_destroy(gl_streams *streams)
{
    if (streams == NULL)
        return;
    gl_streams_stop(streams);
    gl_kafka_admin_destroy(streams->admin);
    pthread_mutex_destroy(&streams->admin_lock);
    pthread_mutex_destroy(&streams->lock);
    free(streams->slots);
    free(streams);
}
