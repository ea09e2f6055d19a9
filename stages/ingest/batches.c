/* See batches.h. */
#include "ingest/batches.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gen/intake_batch.h"
#include "gen/topics.h"
#include "io/envelope.h"
#include "io/kafka.h"

enum {
    WAITING_LIMIT = 256,
    QUESTION_MS = 5000,
    SEARCH_MS = 10000,
    POLL_MS = 100,
    EARLIER_MS = 1000,  /* a broker's clock may be behind ours */
    LATER_MS = 3600000, /* a commit may take long, but not that long */
    VIEWS_AT_ONCE = 1000,
    KEPT = 64, /* batches that were read lately */
    CLOSE_MS = 5000,
    AGAIN_MS = 2000,     /* a commit is seen a moment after it was answered: so long is a batch looked for again */
    PAUSE_MS = 20,       /* before the next look */
    OPEN_MS = 120000,    /* another worker's transaction may hide a batch for as long as it is open */
    EXPIRED_MS = 3600000 /* what is not in a complete view by then was decided, and is no longer shown */
};

static const char TOPIC[] = "gl.intake.batches";
static const char *const RETRY_SOON[] = {"Retry-After: 1", NULL};

/* -- Writing
 * --------------------------------------------------------------------------------------------------------------------------
 */

int32_t gl_batch_partition(const uint8_t id[GL_BATCH_ID_BYTES], int32_t partition_count)
{
    uint64_t bits = 0;
    for (size_t i = GL_BATCH_ID_BYTES - 8; i < GL_BATCH_ID_BYTES; i++)
        bits = bits << 8 | id[i];
    return partition_count <= 0 ? 0 : (int32_t)(bits % (uint64_t)partition_count);
}

static void make_id(gl_arena *arena, const gl_intake_batch *batch, uint8_t id[GL_BATCH_ID_BYTES])
{
    uint8_t digest[GL_SHA256_BYTES];
    uint64_t ms = (uint64_t)(batch->received_at / 1000);
    gl_buf buf = gl_buf_in(arena);
    gl_buf_printf(&buf, "%" PRId64 " %.*s ", batch->received_at, GL_STR_ARG(batch->account));
    gl_buf_str(&buf, batch->declaration_ids);
    gl_sha256(gl_buf_view(&buf), digest);
    for (int i = 0; i < 6; i++)
        id[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(id + 6, digest, GL_BATCH_ID_BYTES - 6);
}

/* Of the entries from `first` on, which are all of one message. */
static void note(gl_pass *pass, size_t first, size_t count)
{
    gl_job *job = pass->entries[first].job;
    gl_buf ids = gl_buf_in(pass->arena), value = gl_buf_in(pass->arena);
    gl_intake_batch batch = {.account = gl_str_of(job->account->name), .received_at = job->received_us};
    for (size_t i = first; i < first + count; i++) {
        const gl_entry *e = &pass->entries[i];
        batch.accepted += e->answer->taken;
        batch.rejected += !e->answer->taken;
        if (e->answer->taken && e->intake->event == NULL)
            gl_buf_bytes(&ids, e->id.bytes, sizeof e->id.bytes);
    }
    if (ids.len == 0)
        return;
    batch.declaration_ids = gl_buf_view(&ids);
    make_id(pass->arena, &batch, batch.batch_id);
    gl_schema_begin(&value, GL_SCHEMA_INTAKE_BATCH_ENVELOPE);
    gl_intake_batch_encode(&value, &batch);
    gl_str key = {gl_arena_dup(pass->arena, batch.batch_id, GL_BATCH_ID_BYTES), GL_BATCH_ID_BYTES};
    gl_outbox_put_to(pass->outbox, pass->entries[first].record, GL_INGEST_OUT_BATCHES,
                     gl_batch_partition(batch.batch_id, pass->batch->partition_count), key, gl_buf_view(&value));
    gl_hex(batch.batch_id, GL_BATCH_ID_BYTES, job->batch);
}

void gl_batches_note(gl_pass *pass)
{
    for (size_t first = 0, count; first < pass->count; first += count) {
        gl_job *job = pass->entries[first].job;
        for (count = 1; first + count < pass->count && pass->entries[first + count].job == job;)
            count++;
        job->batch[0] = '\0';
        if (job->request != NULL && !job->events && count > 1)
            note(pass, first, count);
    }
}

/* -- Finding
 * --------------------------------------------------------------------------------------------------------------------------
 */

typedef struct waiting {
    struct waiting *next;
    gl_http_request *request;
    const gl_account *account;
    uint8_t id[GL_BATCH_ID_BYTES];
    int64_t until_us; /* monotonic: looked for again until then */
} waiting;

typedef struct kept {
    uint8_t id[GL_BATCH_ID_BYTES];
    gl_buf value; /* on the heap; without the header. Empty: free */
} kept;

struct gl_batches {
    gl_ingest *ingest;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, up to `stopping` */
    pthread_cond_t wake;
    waiting *first, **last;
    size_t count;
    bool stopping;
    rd_kafka_t *consumer; /* NULL until the first question */
    gl_kv *kv;
    kept kept[KEPT];
    size_t next_kept;
};

static const kept *find_kept(const gl_batches *batches, const uint8_t *id)
{
    for (size_t i = 0; i < KEPT; i++)
        if (batches->kept[i].value.len > 0 && memcmp(batches->kept[i].id, id, GL_BATCH_ID_BYTES) == 0)
            return &batches->kept[i];
    return NULL;
}

static const kept *keep(gl_batches *batches, const uint8_t *id, const rd_kafka_message_t *message)
{
    kept *to = &batches->kept[batches->next_kept++ % KEPT];
    memcpy(to->id, id, GL_BATCH_ID_BYTES);
    to->value.len = 0;
    gl_buf_bytes(&to->value, message->payload, message->len);
    return to;
}

static bool open_consumer(gl_batches *batches, gl_err *err)
{
    static const char *const settings[] = {"group.id",
                                           "gl.ingest.batches", /* never committed to */
                                           "enable.partition.eof",
                                           "true",
                                           "fetch.wait.max.ms",
                                           "50",
                                           NULL};
    gl_kafka_client client = {.name = "batches", .settings = settings};
    if (batches->consumer == NULL)
        batches->consumer = gl_kafka_consumer_new(batches->ingest->kafka_conf, &client, err);
    return batches->consumer != NULL;
}

/* The first offset at or after that time; -1: nothing is. */
static bool offset_at(gl_batches *batches, int32_t partition, int64_t ms, int64_t *offset, gl_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, TOPIC, partition)->offset = ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(batches->consumer, list, QUESTION_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = list->elems[0].err;
    *offset = list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, "finding the time of a batch");
}

static bool start_at(gl_batches *batches, int32_t partition, int64_t offset, gl_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, TOPIC, partition)->offset = offset;
    rd_kafka_resp_err_t code = rd_kafka_assign(batches->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, "reading gl.intake.batches");
}

typedef enum looked { LOOK_ON, FOUND, NOT_THERE, FAILED } looked;

static looked look_at(const waiting *w, int64_t until_ms, const rd_kafka_message_t *message, gl_err *err)
{
    rd_kafka_timestamp_type_t type;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return NOT_THERE;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        gl_kafka_fail_code(err, message->err, "reading gl.intake.batches");
        return err->action == GL_RETRY ? LOOK_ON : FAILED;
    }
    if (message->key_len == GL_BATCH_ID_BYTES && memcmp(message->key, w->id, GL_BATCH_ID_BYTES) == 0)
        return FOUND;
    return rd_kafka_message_timestamp(message, &type) > until_ms ? NOT_THERE : LOOK_ON;
}

static bool is_stopping(gl_batches *batches)
{
    pthread_mutex_lock(&batches->lock);
    bool stopping = batches->stopping;
    pthread_mutex_unlock(&batches->lock);
    return stopping;
}

static looked search(gl_batches *batches, const waiting *w, int64_t until_ms, const kept **found, gl_err *err)
{
    int64_t end_us = gl_mono_us() + (int64_t)SEARCH_MS * 1000;
    looked seen = LOOK_ON;
    while (seen == LOOK_ON && gl_mono_us() < end_us && !is_stopping(batches)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(batches->consumer, POLL_MS);
        if (message == NULL)
            continue;
        seen = look_at(w, until_ms, message, err);
        if (seen == FOUND)
            *found = keep(batches, w->id, message);
        rd_kafka_message_destroy(message);
    }
    if (seen == LOOK_ON)
        gl_fail(err, GL_RETRY, "kafka-timed-out", "%s could not be read within %d s", TOPIC, SEARCH_MS / 1000);
    return seen == LOOK_ON ? FAILED : seen;
}

static int64_t time_of(const uint8_t id[GL_BATCH_ID_BYTES])
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id[i];
    return ms;
}

/* `*found` NULL: there is no such batch. */
static bool find(gl_batches *batches, const waiting *w, const kept **found, gl_err *err)
{
    int64_t ms = time_of(w->id), offset;
    int32_t partition = gl_batch_partition(w->id, batches->ingest->partition_count);
    *found = find_kept(batches, w->id);
    if (*found != NULL)
        return true;
    if (!open_consumer(batches, err) ||
        !offset_at(batches, partition, ms < EARLIER_MS ? 0 : ms - EARLIER_MS, &offset, err))
        return false;
    if (offset < 0)
        return true;
    bool good = start_at(batches, partition, offset, err) && search(batches, w, ms + LATER_MS, found, err) != FAILED;
    rd_kafka_assign(batches->consumer, NULL);
    return good;
}

/* -- Answering
 * ------------------------------------------------------------------------------------------------------------------------
 */

typedef struct progress {
    size_t open, released, held, refused, unknown, expired;
    bool complete; /* a declaration that is not in the view is not decided */
} progress;

static void count_view(progress *p, gl_arena *arena, gl_str value)
{
    gl_view_entry view;
    const gl_json *json = gl_view_read(arena, value, &view);
    gl_str outcome = json == NULL ? GL_STR("") : gl_json_text(json, "outcome");
    p->unknown += json == NULL;
    p->released += gl_str_eqz(outcome, "RELEASED");
    p->held += gl_str_eqz(outcome, "HELD");
    p->refused += gl_str_eqz(outcome, "REFUSED");
    p->open += gl_str_eqz(outcome, "OPEN");
}

static bool count_some(gl_batches *batches, const uint8_t *ids, size_t count, progress *p, gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    int32_t partitions = batches->ingest->partition_count;
    gl_str *keys = GL_NEW_N(arena, gl_str, 2 * count), *values = GL_NEW_N(arena, gl_str, 2 * count);
    for (size_t i = 0; i < count; i++) {
        char stem[GL_MRN_STEM_CHARS + 1];
        gl_mrn_stem(ids + i * GL_DECLARATION_ID_BYTES, stem);
        keys[2 * i] = gl_view_key(arena, stem);
        keys[2 * i + 1] =
            gl_view_marker_key(arena, gl_declaration_partition(ids + i * GL_DECLARATION_ID_BYTES, partitions));
    }
    bool good = gl_kv_get(batches->kv, arena, keys, 2 * count, values, err);
    for (size_t i = 0; good && i < count; i++) {
        size_t unknown = p->unknown;
        count_view(p, arena, values[2 * i]);
        int32_t partition = gl_declaration_partition(ids + i * GL_DECLARATION_ID_BYTES, partitions);
        if (p->unknown > unknown)
            p->complete = p->complete && gl_ingest_view_complete(batches->ingest, partition, values[2 * i + 1]);
    }
    gl_arena_destroy(arena);
    return good;
}

static void respond(gl_http_request *request, const gl_intake_batch *batch, const progress *p)
{
    char at[GL_TIME_TEXT_BYTES], hex[GL_BATCH_ID_CHARS + 1];
    gl_buf body = {0};
    size_t decided = p->released + p->held + p->refused + p->expired;
    gl_hex(batch->batch_id, GL_BATCH_ID_BYTES, hex);
    gl_buf_printf(&body, "{\"batch\":\"%s\",\"received_at\":\"%.*s\",\"accepted\":%d,\"rejected\":%d", hex,
                  GL_STR_ARG(gl_time_format(batch->received_at, at)), (int)batch->accepted, (int)batch->rejected);
    gl_buf_printf(
        &body,
        ",\"open\":%zu,\"decided\":%zu,\"released\":%zu,\"held\":%zu,\"refused\":%zu,\"expired\":%zu,\"done\":%s}\n",
        p->open + p->unknown, decided, p->released, p->held, p->refused, p->expired,
        p->open + p->unknown == 0 ? "true" : "false");
    gl_http_respond(request, 200, "application/json", gl_buf_view(&body), NULL);
    gl_buf_free(&body);
}

static void not_there(gl_http_request *request)
{
    gl_http_problem(request, 404, "batch-unknown", "this account has no such batch, or it is no longer kept", NULL);
}

static void answer_of(gl_batches *batches, const waiting *w, gl_arena *arena, const kept *found)
{
    gl_err err = {0};
    gl_intake_batch_envelope envelope;
    progress p = {.complete = true};
    if (!gl_intake_batch_envelope_decode(&envelope, found->value.data, found->value.len, arena, &err)) {
        gl_http_problem(w->request, 500, err.code, err.message, NULL);
        return;
    }
    const gl_intake_batch *batch = &envelope.intake_batch;
    if (!gl_str_eqz(batch->account, w->account->name) && !w->account->officer) {
        not_there(w->request);
        return;
    }
    size_t count = batch->declaration_ids.len / GL_DECLARATION_ID_BYTES;
    bool good = true;
    for (size_t from = 0; good && from < count; from += VIEWS_AT_ONCE)
        good = count_some(batches, (const uint8_t *)batch->declaration_ids.ptr + from * GL_DECLARATION_ID_BYTES,
                          count - from < VIEWS_AT_ONCE ? count - from : VIEWS_AT_ONCE, &p, &err);
    if (gl_wall_us() - batch->received_at > (int64_t)EXPIRED_MS * 1000) {
        p.expired = p.unknown;
        p.unknown = 0;
    }
    if (!good)
        gl_http_problem(w->request, 503, "view-unavailable", err.message, RETRY_SOON);
    else if (!p.complete)
        gl_http_problem(w->request, 503, "view-rebuilding", "the status view is being rebuilt; ask again", RETRY_SOON);
    else
        respond(w->request, batch, &p);
}

/* Not for ever: a transaction that is open hides what was committed after it began. */
static bool may_come(const waiting *w)
{
    int64_t age_ms = gl_wall_us() / 1000 - time_of(w->id);
    return age_ms >= 0 && age_ms < OPEN_MS;
}

/* false: it was not found, and is to be looked for again. */
static bool answer(gl_batches *batches, const waiting *w)
{
    gl_err err = {0};
    bool answered = true;
    const kept *found = NULL;
    gl_arena *arena = gl_arena_new(0);
    if (is_stopping(batches))
        gl_http_problem(w->request, 503, "draining", "this instance is stopping; ask again", RETRY_SOON);
    else if (!find(batches, w, &found, &err))
        gl_http_problem(w->request, 503, err.code, err.message, RETRY_SOON);
    else if (found == NULL && may_come(w) && gl_mono_us() < w->until_us)
        answered = false;
    else if (found == NULL && may_come(w))
        gl_http_problem(w->request, 503, "batch-not-yet", "the batch cannot be seen yet; ask again", RETRY_SOON);
    else if (found == NULL)
        not_there(w->request);
    else
        answer_of(batches, w, arena, found);
    gl_arena_destroy(arena);
    return answered;
}

static waiting *take(gl_batches *batches)
{
    pthread_mutex_lock(&batches->lock);
    while (batches->first == NULL && !batches->stopping)
        pthread_cond_wait(&batches->wake, &batches->lock);
    waiting *w = batches->first;
    if (w != NULL) {
        batches->first = w->next;
        batches->count--;
        if (batches->first == NULL)
            batches->last = &batches->first;
    }
    pthread_mutex_unlock(&batches->lock);
    return w;
}

/* Behind all others, whether there is room or not: it had its place already. */
static void put_back(gl_batches *batches, waiting *w)
{
    gl_sleep_ms(PAUSE_MS);
    w->next = NULL;
    pthread_mutex_lock(&batches->lock);
    *batches->last = w;
    batches->last = &w->next;
    batches->count++;
    pthread_mutex_unlock(&batches->lock);
}

static void *run(void *context)
{
    gl_batches *batches = context;
    for (waiting *w; (w = take(batches)) != NULL;) {
        if (answer(batches, w))
            free(w);
        else
            put_back(batches, w);
    }
    return NULL;
}

gl_batches *gl_batches_start(gl_ingest *ingest)
{
    gl_batches *batches = calloc(1, sizeof *batches);
    if (batches == NULL)
        abort();
    batches->ingest = ingest;
    batches->last = &batches->first;
    batches->kv = gl_kv_new(ingest->kv_conf, ingest->registry);
    pthread_mutex_init(&batches->lock, NULL);
    pthread_cond_init(&batches->wake, NULL);
    if (pthread_create(&batches->thread, NULL, run, batches) != 0)
        abort();
    return batches;
}

static bool put(gl_batches *batches, waiting *w)
{
    pthread_mutex_lock(&batches->lock);
    bool taken = !batches->stopping && batches->count < WAITING_LIMIT;
    if (taken) {
        *batches->last = w;
        batches->last = &w->next;
        batches->count++;
        pthread_cond_signal(&batches->wake);
    }
    pthread_mutex_unlock(&batches->lock);
    return taken;
}

void gl_batches_ask(gl_batches *batches, gl_http_request *request, const gl_account *account, gl_str id)
{
    waiting *w = calloc(1, sizeof *w);
    if (w == NULL)
        abort();
    w->request = request;
    w->account = account;
    w->until_us = gl_mono_us() + (int64_t)AGAIN_MS * 1000;
    if (id.len != GL_BATCH_ID_CHARS || !gl_unhex(id, w->id)) {
        gl_http_problem(request, 400, "batch-invalid", "a batch is named by 32 hex digits", NULL);
        free(w);
    } else if (batches->ingest->kafka_conf == NULL || !put(batches, w)) {
        gl_http_problem(request, 503, "busy", "too many ask for batches, or this instance is stopping; ask again",
                        RETRY_SOON);
        free(w);
    }
}

void gl_batches_stop(gl_batches *batches)
{
    if (batches == NULL)
        return;
    pthread_mutex_lock(&batches->lock);
    batches->stopping = true;
    pthread_cond_signal(&batches->wake);
    pthread_mutex_unlock(&batches->lock);
    pthread_join(batches->thread, NULL);
    if (batches->consumer != NULL)
        gl_kafka_consumer_close(batches->consumer, CLOSE_MS);
    gl_kv_destroy(batches->kv);
    for (size_t i = 0; i < KEPT; i++)
        gl_buf_free(&batches->kept[i].value);
    pthread_cond_destroy(&batches->wake);
    pthread_mutex_destroy(&batches->lock);
    free(batches);
}
