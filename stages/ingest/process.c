/* What happens to a batch of messages: read, validate, give identity, look up once, accept or reject; events: events.c.
 *
 * Always holds: nothing here waits for Redis beyond one bounded look-up, and a failed one changes only how sure the
 * answer is
 * (`duplicate_check: pending`): decide is the authority on duplicates. Running it again for the same batch gives the
 * same records.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "customs/ids.h"
#include "customs/view.h"
#include "gen/topics.h"
#include "ingest/answers.h"
#include "ingest/batches.h"
#include "ingest/doubt.h"
#include "ingest/early.h"
#include "ingest/named.h"
#include "io/envelope.h"

/* Of one call to Redis: a usual batch is one call, a large message has several, each within the deadline. */
enum { LOOKUP_KEYS = 4096 };

const gl_account *gl_ingest_account(const gl_ingest *ingest, gl_str name)
{
    for (size_t i = 0; i < ingest->account_count; i++)
        if (gl_str_eqz(name, ingest->accounts[i].name))
            return &ingest->accounts[i];
    return NULL;
}

static gl_entry *entry_add(gl_pass *p)
{
    if (p->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? 256 : p->capacity * 2;
        gl_entry *fresh = GL_NEW_N(p->arena, gl_entry, capacity);
        if (p->count > 0)
            memcpy(fresh, p->entries, p->count * sizeof *fresh);
        p->entries = fresh;
        p->capacity = capacity;
    }
    gl_entry *e = &p->entries[p->count++];
    *e = (gl_entry){.lookup = SIZE_MAX};
    return e;
}

/* Reads entries up to the chunk's end or `limit`; false: there are more. */
static bool read_entries(gl_pass *p, const gl_record *record, gl_reader *reader, const gl_chunk *chunk, size_t limit)
{
    gl_job *job = record->token;
    for (size_t n = 0; job->next_offset < chunk->end; n++) {
        if (n == limit)
            return false;
        gl_intake *intake = GL_NEW(p->arena, gl_intake);
        if (!gl_reader_next(reader, p->arena, intake))
            return true;
        gl_entry *e = entry_add(p);
        e->job = job;
        e->record = record;
        e->intake = intake;
        e->accepted_us = chunk->mrn_us;
        job->next_offset = intake->next_offset;
        job->next_position = intake->position + 1;
    }
    return false;
}

/* The way a message came, for its records. */
static gl_str channel_of(const gl_job *job)
{
    return job->file != NULL ? GL_STR("file") : job->topic != NULL ? GL_STR("topic") : GL_STR("http");
}

static const char *what_of(const gl_job *job)
{
    return job->events ? "events" : "declarations";
}

/* A topic's record that is nobody's, or too large for a message: true, and it is not read. */
static bool is_refused_unread(const gl_pass *p, const gl_record *record)
{
    gl_job *job = record->token;
    if (job->account == NULL) {
        gl_fail(&job->message_error, GL_DEAD_LETTER, "account-unknown",
                "the record of %s names no account that is configured", record->topic);
        gl_outbox_dead_letter(p->outbox, record, &job->message_error);
        job->dead_lettered = true;
    } else if (job->topic != NULL && (int64_t)job->bytes.len > p->ingest->conf.http.body_limit_bytes) {
        gl_fail(&job->message_error, GL_DEAD_LETTER, "intake-too-large",
                "the record has %zu bytes, ingest.body_limit is %lld: send it in parts", job->bytes.len,
                (long long)p->ingest->conf.http.body_limit_bytes);
    }
    return job->message_error.code != NULL;
}

/* NULL: message_error says why. */
static gl_reader *open_reader(const gl_pass *p, gl_job *job, const gl_chunk *chunk)
{
    gl_job_open(job);
    job->message_error = job->unreadable;
    if (job->unreadable.code != NULL)
        return NULL;
    return job->events ? gl_message_event_reader(p->arena, job->message, &job->message_error)
                       : gl_message_reader(p->arena, gl_ingest_tables(p->ingest)->mappings, job->profile, job->message,
                                           chunk->offset, chunk->position, &job->message_error);
}

/* Reads one message: as many declarations as fit into this transaction. */
static bool read_job(gl_pass *p, const gl_record *record, gl_err *err)
{
    gl_job *job = record->token;
    gl_chunk chunk = {.end = SIZE_MAX, .position = job->first_position, .mrn_us = p->batch->now_us};
    job->answers = NULL;
    job->answer_count = 0;
    job->message_error = (gl_err){0};
    job->finished = true;
    job->dead_lettered = false;
    if (is_refused_unread(p, record))
        return true;
    if (job->file != NULL && !gl_watch_chunk(job, gl_outbox_state_view(p->outbox), p->arena, &chunk, err))
        return false;
    job->next_offset = chunk.offset;
    job->next_position = chunk.position;
    if (job->message_error.code != NULL)
        return true;
    gl_reader *reader = open_reader(p, job, &chunk);
    if (reader == NULL)
        return true;
    gl_reader_check(reader, gl_ingest_tables(p->ingest)->checks, p->batch->now_us);
    size_t limit = job->file != NULL ? (size_t)p->ingest->conf.chunk_declarations : GL_INGEST_LIMIT_DECLARATIONS;
    size_t first = p->count;
    job->finished = read_entries(p, record, reader, &chunk, limit);
    gl_reader_close(reader);
    if (!job->finished && job->file == NULL) {
        p->count = first;
        gl_fail(&job->message_error, GL_DEAD_LETTER, "too-many-declarations",
                "a message holds at most %d %s: send it in parts", GL_INGEST_LIMIT_DECLARATIONS, what_of(job));
        return true;
    }
    if (p->count == first && chunk.offset == 0)
        gl_fail(&job->message_error, GL_DEAD_LETTER, "intake-empty", "the message holds no %s", what_of(job));
    job->answer_count = p->count - first;
    job->answers = GL_NEW_N(p->arena, gl_answer, job->answer_count + 1);
    return true;
}

static bool amends(const gl_entry *e)
{
    return gl_str_eqz(e->intake->declaration.function_code, "4");
}

/* The canonical content: what the sender said, without identity, instants and the way it came. An amendment that
 * changes nothing has its original's. */
static void content_digest(gl_pass *p, gl_declaration *d)
{
    gl_declaration content = *d;
    memset(content.declaration_id, 0, sizeof content.declaration_id);
    memset(content.content_digest, 0, sizeof content.content_digest);
    content.function_code = (gl_str){NULL, 0};
    content.mrn = GL_STR("");
    content.mrn_provisional = false;
    content.submitter = GL_STR("");
    content.accepted_at = 0;
    memset(&content.message, 0, sizeof content.message);
    content.message.format = GL_STR("");
    content.message.channel = GL_STR("");
    gl_buf bytes = gl_buf_in(p->arena);
    gl_buf_reserve(&bytes, 1024);
    gl_declaration_encode_least(&bytes, &content); /* also in a later version of the schema: the same digest */
    gl_sha256(gl_buf_view(&bytes), d->content_digest);
}

/* Identity of what can be accepted. */
static void identify(gl_pass *p, gl_entry *e)
{
    gl_intake *intake = e->intake;
    gl_declaration *d = &intake->declaration;
    const gl_job *job = e->job;
    d->submitter = gl_str_of(job->account->name);
    d->accepted_at = e->accepted_us;
    d->test_indicator = d->test_indicator || job->account->test;
    d->message.channel = channel_of(job);
    d->message.received_at = job->received_us;
    gl_sha256(intake->source, d->message.digest);
    content_digest(p, d);
    e->id = gl_declaration_id_of(d->submitter, intake->lrn, (gl_family)d->family);
    memcpy(d->declaration_id, e->id.bytes, sizeof e->id.bytes);
    e->partition = gl_declaration_partition(e->id.bytes, p->ingest->partition_count);
    gl_mrn_stem(e->id.bytes, e->stem);
    char *mrn = gl_arena_alloc(p->arena, GL_MRN_CHARS + 1);
    gl_mrn_make(e->id.bytes, e->accepted_us, p->ingest->conf.country, (gl_family)d->family, mrn);
    d->mrn = gl_str_of(mrn);
}

/* About no declaration: nothing is looked up for it. */
static bool is_ruling(const gl_entry *e)
{
    return e->intake->event != NULL && e->intake->event->ruling != NULL;
}

static void identify_entry(gl_pass *p, gl_entry *e)
{
    if (e->intake->rejected || is_ruling(e))
        return;
    if (e->intake->event != NULL)
        gl_event_identify(p, e);
    else if (e->intake->amends.len == 0)
        identify(p, e);
    else
        gl_amended_identify(p, e);
}

/* What else is looked up: one marker a partition, and the probes of those in doubt. */
typedef struct extra_keys {
    size_t markers, probes; /* where they begin among the keys */
    int32_t *partitions;    /* of the probes */
    char (*stems)[GL_MRN_STEM_CHARS + 1];
    size_t probe_count;
} extra_keys;

static size_t add_extra_keys(const gl_pass *p, gl_str *keys, size_t n, extra_keys *extra)
{
    int32_t count = p->ingest->partition_count;
    extra->markers = n;
    for (int32_t i = 0; i < count; i++)
        keys[n++] = gl_view_marker_key(p->arena, i);
    extra->probes = n;
    extra->partitions = GL_NEW_N(p->arena, int32_t, (size_t)count);
    extra->stems = gl_arena_alloc(p->arena, (size_t)count * sizeof *extra->stems);
    for (int32_t i = 0; i < count; i++) {
        size_t at = extra->probe_count;
        if (!gl_doubt_probe(p->ingest->doubt, i, extra->stems[at]))
            continue;
        keys[n++] = gl_view_key(p->arena, extra->stems[at]);
        extra->partitions[at] = i;
        extra->probe_count++;
    }
    return n;
}

/* What markers and probes say of each partition. */
static void read_extra(gl_pass *p, const extra_keys *extra)
{
    int32_t count = p->ingest->partition_count;
    int64_t now_us = gl_mono_us(), wall_ms = gl_wall_us() / 1000;
    p->complete = GL_NEW_N(p->arena, bool, (size_t)count);
    p->sure = GL_NEW_N(p->arena, bool, (size_t)count);
    for (int32_t i = 0; i < count; i++)
        p->complete[i] = gl_doubt_look(p->ingest->doubt, i, p->values[extra->markers + (size_t)i], now_us, wall_ms);
    for (size_t i = 0; i < extra->probe_count; i++) {
        gl_view_entry view;
        if (gl_view_parse(p->values[extra->probes + i], &view) && view.version > 0)
            gl_doubt_decided(p->ingest->doubt, extra->partitions[i], extra->stems[i]);
    }
    for (int32_t i = 0; i < count; i++)
        p->sure[i] = p->complete[i] && gl_doubt_is_over(p->ingest->doubt, i);
}

static bool get_all(gl_pass *p, const gl_str *keys, gl_str *values, size_t count)
{
    for (size_t at = 0; at < count; at += LOOKUP_KEYS) {
        gl_err err = {0};
        size_t part = count - at < LOOKUP_KEYS ? count - at : LOOKUP_KEYS;
        if (p->worker->kv == NULL || !gl_kv_get(p->worker->kv, p->arena, keys + at, part, values + at, &err))
            return false;
    }
    return true;
}

/* One pipelined look-up for the whole batch. */
static void look_up(gl_pass *p)
{
    gl_str *keys = GL_NEW_N(p->arena, gl_str, p->count + 2 * (size_t)p->ingest->partition_count);
    extra_keys extra = {0};
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++) {
        gl_entry *e = &p->entries[i];
        if (e->intake->rejected || is_ruling(e))
            continue;
        e->lookup = n;
        keys[n++] = gl_view_key(p->arena, e->stem);
    }
    if (n == 0)
        return;
    n = add_extra_keys(p, keys, n, &extra);
    gl_str *values = GL_NEW_N(p->arena, gl_str, n);
    if (!get_all(p, keys, values, n))
        return;
    p->values = values;
    read_extra(p, &extra);
}

/* The latest version of this declaration that this batch accepted, or NULL. */
static gl_entry *latest_in_batch(const gl_pass *p, const gl_entry *e)
{
    size_t slot;
    memcpy(&slot, e->id.bytes + 8, sizeof slot);
    for (gl_entry *other = p->slots[slot & p->slot_mask]; other != NULL; other = other->same_slot)
        if (memcmp(other->id.bytes, e->id.bytes, sizeof e->id.bytes) == 0)
            return other;
    return NULL;
}

/* From now on the latest. */
static void remember(gl_pass *p, gl_entry *e)
{
    size_t slot;
    memcpy(&slot, e->id.bytes + 8, sizeof slot);
    e->same_slot = p->slots[slot & p->slot_mask];
    p->slots[slot & p->slot_mask] = e;
}

void gl_pass_reject(gl_pass *p, gl_entry *e)
{
    const gl_intake *intake = e->intake;
    gl_rejection r = {0};
    r.submitter = gl_str_of(e->job->account->name);
    if (intake->lrn.len > 0)
        r.functional_reference_id = intake->lrn;
    r.rejected_at = p->batch->now_us;
    r.format = e->job->events ? GL_STR("greenlane-events") : gl_str_of(intake->format);
    if (e->job->profile.len > 0 && intake->by_mapping)
        r.profile = e->job->profile;
    r.channel = channel_of(e->job);
    gl_sha256(intake->source, r.digest);
    r.position = intake->position;
    r.size_bytes = (int64_t)intake->source.len;
    r.errors.at = intake->errors;
    r.errors.count = intake->error_count;
    gl_buf value = gl_buf_in(p->arena);
    gl_schema_begin(&value, GL_SCHEMA_REJECTED);
    gl_rejection_encode(&value, &r);
    gl_buf key = gl_buf_in(p->arena);
    gl_buf_str(&key, r.submitter);
    gl_buf_byte(&key, '\n');
    gl_buf_str(&key, intake->lrn);
    if (!e->job->answer_only)
        gl_outbox_put_to(p->outbox, e->record, GL_INGEST_OUT_REJECTED, -1, gl_buf_view(&key), gl_buf_view(&value));
    if (intake->event != NULL)
        e->answer->event_id = intake->event->event.event_id;
    e->answer->errors = intake->errors;
    e->answer->error_count = intake->error_count;
}

void gl_pass_reject_for(gl_pass *p, gl_entry *e, gl_rejection_validation_error *error)
{
    error->severity = GL_REJECTION_SEVERITY_ERROR;
    error->pointer = GL_STR("");
    e->intake->errors = error;
    e->intake->error_count = 1;
    e->intake->rejected = true;
    gl_pass_reject(p, e);
}

/* "Same LRN, other content": refused, never merged. */
static void reject_reused(gl_entry *e, gl_pass *p, gl_str first_mrn)
{
    gl_rejection_validation_error *error = GL_NEW(p->arena, gl_rejection_validation_error);
    error->code = GL_STR("lrn-reused");
    error->field = GL_STR("functional_reference_id");
    error->value = e->intake->lrn;
    error->text = gl_str_of(
        gl_arena_printf(p->arena, "this LRN was used before for another declaration, %.*s", GL_STR_ARG(first_mrn)));
    error->hint = GL_STR("give each declaration an LRN of its own; an unchanged one may be sent again");
    gl_pass_reject_for(p, e, error);
}

static void reject_large(gl_entry *e, gl_pass *p, size_t bytes)
{
    gl_rejection_validation_error *error = GL_NEW(p->arena, gl_rejection_validation_error);
    error->code = GL_STR("declaration-too-large");
    error->text = gl_str_of(gl_arena_printf(p->arena, "the declaration has %zu bytes as a record, at most %d are taken",
                                            bytes, GL_INGEST_LIMIT_RECORD_BYTES));
    gl_pass_reject_for(p, e, error);
}

/* Where its record is, so that who has an MRN knows the partition. */
static void keep_original(gl_pass *p, const gl_entry *e)
{
    const gl_declaration *d = &e->intake->declaration;
    char *key = gl_arena_alloc(p->arena, sizeof d->declaration_id + sizeof d->message.digest);
    memcpy(key, d->declaration_id, sizeof d->declaration_id);
    memcpy(key + sizeof d->declaration_id, d->message.digest, sizeof d->message.digest);
    gl_outbox_put_to(p->outbox, e->record, GL_INGEST_OUT_ORIGINALS, e->partition,
                     (gl_str){key, sizeof d->declaration_id + sizeof d->message.digest}, e->intake->source);
}

static void accept(gl_entry *e, gl_pass *p, bool pending)
{
    gl_declaration *d = &e->intake->declaration;
    d->mrn_provisional = pending;
    gl_buf value = gl_buf_in(p->arena);
    gl_buf_reserve(&value, 1024);
    gl_schema_begin(&value, GL_SCHEMA_ACCEPTED);
    gl_declaration_encode(&value, d);
    if (value.len > GL_INGEST_LIMIT_RECORD_BYTES) {
        reject_large(e, p, value.len); /* and is not remembered: a rejection never claims an LRN */
        return;
    }
    gl_str key = {(const char *)d->declaration_id, sizeof d->declaration_id};
    if (!e->job->answer_only) {
        gl_outbox_put_to(p->outbox, e->record, GL_INGEST_OUT_ACCEPTED, e->partition, key, gl_buf_view(&value));
        if (p->ingest->conf.keep_originals)
            keep_original(p, e);
    }
    e->answer->mrn = d->mrn;
    e->answer->taken = true;
    e->answer->accepted_us = d->accepted_at;
    e->answer->duplicate_pending = pending;
    remember(p, e);
}

/* The text of a member of a view's JSON that is a plain string ("mrn":"..."), or empty. */
static gl_str view_text(gl_str json, const char *name)
{
    char pattern[32];
    int len = snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    const char *at = len > 0 ? memmem(json.ptr, json.len, pattern, (size_t)len) : NULL;
    if (at == NULL)
        return (gl_str){"", 0};
    at += len;
    size_t left = json.len - (size_t)(at - json.ptr);
    const char *end = memchr(at, '"', left);
    return end == NULL ? (gl_str){"", 0} : (gl_str){at, (size_t)(end - at)};
}

/* What was accepted is there already; `pending`: perhaps something else was before it. */
static void answer_duplicate(gl_entry *e, gl_str mrn, gl_str status, bool again, bool pending)
{
    e->answer->mrn = mrn;
    e->answer->taken = true;
    e->answer->duplicate = again;
    e->answer->duplicate_pending = pending;
    e->answer->first_status = status;
}

bool gl_pass_view(const gl_pass *p, const gl_entry *e, gl_view_entry *view)
{
    return p->values != NULL && e->lookup != SIZE_MAX && p->values[e->lookup].ptr != NULL &&
           gl_view_parse(p->values[e->lookup], view);
}

bool gl_pass_complete(const gl_pass *p, int32_t partition)
{
    return p->complete != NULL && p->complete[partition];
}

/* Does a miss leave open whether the LRN was used? */
static bool is_pending(const gl_pass *p, const gl_entry *e)
{
    return p->sure == NULL || !p->sure[e->partition];
}

static bool same_content(const uint8_t digest[GL_SHA256_BYTES], gl_str hex)
{
    char own[2 * GL_SHA256_BYTES + 1];
    gl_hex(digest, GL_SHA256_BYTES, own);
    return gl_str_eqz(hex, own);
}

/* Another content may stand than the one that the entry shows, or it shows none. */
static bool claims_nothing(const gl_view_entry *view)
{
    return gl_early_is_provisional(view) || gl_view_is_unreadable(view);
}

static bool has_content_of(const gl_entry *other, const gl_declaration *d)
{
    return memcmp(other->intake->declaration.content_digest, d->content_digest, GL_SHA256_BYTES) == 0;
}

/* A new version: it is taken unless it says what the latest one says, and has the first one's MRN where that is known.
 */
static void settle_amendment(gl_pass *p, gl_entry *e)
{
    gl_view_entry view;
    gl_declaration *d = &e->intake->declaration;
    const gl_entry *latest = latest_in_batch(p, e);
    bool seen = gl_pass_view(p, e, &view), provisional = seen && claims_nothing(&view);
    e->answer->amendment = true;
    if (latest != NULL) {
        bool pending = latest->intake->declaration.mrn_provisional;
        d->mrn = latest->answer->mrn;
        if (has_content_of(latest, d))
            answer_duplicate(e, d->mrn, latest->answer->first_status, true, pending);
        else
            accept(e, p, pending);
        return;
    }
    if (seen && view_text(view.json, "mrn").len > 0)
        d->mrn = view_text(view.json, "mrn");
    if (seen && same_content(d->content_digest, view.digest_hex))
        answer_duplicate(e, d->mrn, view_text(view.json, "outcome"), !e->job->answer_only, provisional);
    else
        accept(e, p, provisional || (!seen && is_pending(p, e)));
}

/* Against an entry of the view. One that is provisional claims nothing: another content may have been there before it,
 * and be this one. */
static void settle_seen(gl_pass *p, gl_entry *e, const gl_view_entry *view)
{
    bool provisional = claims_nothing(view);
    if (same_content(e->intake->declaration.content_digest, view->digest_hex))
        answer_duplicate(e, view_text(view->json, "mrn"), view_text(view->json, "outcome"), !e->job->answer_only,
                         provisional);
    else if (provisional)
        accept(e, p, true);
    else
        reject_reused(e, p, view_text(view->json, "mrn"));
}

/* Against one of this batch: as against the view. */
static void settle_against(gl_pass *p, gl_entry *e, const gl_entry *earlier)
{
    bool provisional = earlier->intake->declaration.mrn_provisional;
    if (has_content_of(earlier, &e->intake->declaration))
        answer_duplicate(e, earlier->answer->mrn, earlier->answer->first_status, true, provisional);
    else if (provisional)
        accept(e, p, true);
    else
        reject_reused(e, p, earlier->answer->mrn);
}

/* The view goes first: it is the same for every entry of an id, so what is remembered as an earlier one was accepted.
 */
static void settle_declaration(gl_pass *p, gl_entry *e)
{
    gl_view_entry view;
    const gl_entry *earlier = latest_in_batch(p, e);
    bool seen = gl_pass_view(p, e, &view);
    if (earlier != NULL && (!seen || claims_nothing(&view)))
        settle_against(p, e, earlier);
    else if (seen)
        settle_seen(p, e, &view);
    else
        accept(e, p, is_pending(p, e));
}

/* It has its LRN, and with that its identity, only now. */
static void settle_named(gl_pass *p, gl_entry *e)
{
    if (!gl_amended_find(p, e))
        return;
    identify(p, e);
    settle_amendment(p, e);
}

static void settle_entry(gl_pass *p, gl_entry *e)
{
    gl_answer_describe(e->answer, e->intake);
    if (e->intake->rejected)
        gl_pass_reject(p, e);
    else if (is_ruling(e))
        gl_ruling_settle(p, e);
    else if (e->intake->event != NULL)
        gl_event_settle(p, e);
    else if (e->intake->amends.len > 0)
        settle_named(p, e);
    else if (amends(e))
        settle_amendment(p, e);
    else
        settle_declaration(p, e);
}

/* A message that could not be read at all is a rejection of its own. */
static void reject_message(gl_pass *p, const gl_record *record)
{
    gl_job *job = record->token;
    gl_rejection_validation_error *error = GL_NEW(p->arena, gl_rejection_validation_error);
    error->code = gl_str_of(job->message_error.code);
    error->severity = GL_REJECTION_SEVERITY_ERROR;
    error->pointer = GL_STR("");
    error->text = gl_str_of(gl_arena_strndup(p->arena, job->message_error.message, strlen(job->message_error.message)));
    gl_intake *intake = GL_NEW(p->arena, gl_intake);
    intake->errors = error;
    intake->error_count = 1;
    intake->source = job->bytes;
    intake->by_mapping = gl_format_has_profile(job->format);
    intake->position = job->first_position > 0 ? job->first_position : 1;
    intake->rejected = true;
    intake->lrn = GL_STR("");
    intake->format = gl_format_name(job->format);
    gl_answer answer = {0};
    gl_entry e = {.job = job, .record = record, .intake = intake, .answer = &answer};
    gl_pass_reject(p, &e);
}

static void count_job(const gl_job *job, int64_t *accepted, int64_t *rejected)
{
    for (size_t i = 0; i < job->answer_count; i++)
        if (job->answers[i].taken)
            ++*accepted;
        else
            ++*rejected;
}

bool gl_ingest_process(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    gl_pass p = {.ingest = stage, .worker = worker, .batch = batch, .outbox = outbox, .arena = batch->arena};
    for (size_t i = 0; i < batch->count; i++)
        if (!read_job(&p, &batch->records[i], err))
            return false;
    size_t slots = 64;
    while (slots < p.count * 2)
        slots *= 2;
    p.slots = GL_NEW_N(p.arena, gl_entry *, slots);
    p.slot_mask = slots - 1;
    gl_job *job = NULL;
    size_t next_answer = 0;
    for (size_t i = 0; i < p.count; i++) {
        gl_entry *e = &p.entries[i];
        if (e->job != job) {
            job = e->job;
            next_answer = 0;
        }
        e->answer = &job->answers[next_answer++];
        identify_entry(&p, e);
    }
    look_up(&p);
    for (size_t i = 0; i < p.count; i++)
        settle_entry(&p, &p.entries[i]);
    gl_batches_note(&p);
    for (size_t i = 0; i < batch->count; i++) {
        const gl_record *record = &batch->records[i];
        job = record->token;
        int64_t accepted = 0, rejected = job->message_error.code != NULL;
        if (job->message_error.code != NULL && !job->dead_lettered)
            reject_message(&p, record);
        count_job(job, &accepted, &rejected);
        if (job->file != NULL)
            gl_watch_progress(job, record, outbox, batch, accepted, rejected);
    }
    return true;
}

void gl_ingest_dead_lettered(void *stage, void *worker, const gl_batch *batch, const gl_record *record,
                             const gl_err *err, gl_outbox *outbox)
{
    (void)stage;
    (void)worker;
    (void)batch;
    (void)outbox;
    gl_job *job = record->token;
    job->answers = NULL;
    job->answer_count = 0;
    job->message_error = *err;
    job->finished = true;
    job->dead_lettered = true;
}

bool gl_ingest_view_complete(const gl_ingest *ingest, int32_t partition, gl_str marker)
{
    return gl_doubt_look(ingest->doubt, partition, marker, gl_mono_us(), gl_wall_us() / 1000);
}

static void count_errors(gl_ingest *ingest, const gl_job *job)
{
    if (job->message_error.code != NULL)
        gl_ingest_count_error(ingest, gl_str_of(job->message_error.code));
    for (size_t k = 0; k < job->answer_count; k++) {
        const gl_answer *a = &job->answers[k];
        for (size_t e = 0; !a->taken && e < a->error_count; e++)
            gl_ingest_count_error(ingest, a->errors[e].code);
    }
}

static void count_batch(gl_ingest *ingest, const gl_batch *batch)
{
    uint64_t accepted = 0, rejected = 0, duplicates = 0, pending = 0, events = 0, refused_events = 0, topic_records = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const gl_job *job = batch->records[i].token;
        bool message_refused = job->message_error.code != NULL;
        topic_records += job->topic != NULL;
        if (job->answer_only)
            continue;
        for (size_t k = 0; k < job->answer_count; k++) {
            const gl_answer *a = &job->answers[k];
            bool event = job->events || a->event_id.len > 0;
            uint64_t *taken = event ? &events : a->duplicate_pending ? &pending : &accepted;
            *(a->taken ? taken : event ? &refused_events : &rejected) += !a->duplicate;
            duplicates += a->duplicate;
        }
        *(job->events ? &refused_events : &rejected) += message_refused;
        count_errors(ingest, job);
    }
    gl_series_add(ingest->metrics.messages, batch->count);
    gl_series_add(ingest->metrics.accepted, accepted);
    gl_series_add(ingest->metrics.rejected, rejected);
    gl_series_add(ingest->metrics.duplicates, duplicates);
    gl_series_add(ingest->metrics.pending, pending);
    gl_series_add(ingest->metrics.events, events);
    gl_series_add(ingest->metrics.refused_events, refused_events);
    gl_series_add(ingest->metrics.topic_records, topic_records);
}

void gl_ingest_applied(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox)
{
    gl_ingest *ingest = stage;
    gl_ingest_worker *own = worker;
    size_t count = 0;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    count_batch(ingest, batch);
    if (own->early != NULL)
        gl_early_write(own->early, batch, entries, count, own->begun_us);
}
