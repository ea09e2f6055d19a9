/* See registry.h. An entry is a question and what is known of its answer; the thread answers those that are wanted. */
#include "io/registry.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/avro.h"

enum {
    BUCKETS = 256,
    WATCH_LIMIT = 32,
    PAUSE_FIRST_MS = 100, /* after a failure; doubled for each more in a row */
    PAUSE_LAST_MS = 5000,
    SEEN_LIMIT = 64, /* versions of a watched subject that are fetched before they are needed */
    KEPT_LIMIT_BYTES = GL_AVRO_LIMIT_SCHEMA_BYTES + 1024 /* of a file: a schema, with an id and its subject */
};

const gl_metric_def gl_registry_metrics[GL_REGISTRY_METRIC_COUNT] = {
    {"gl_registry_up", GL_GAUGE, "1 while the schema registry answers; 0: what is known of it is used.", {NULL}, {0}},
    {"gl_registry_requests_total", GL_COUNTER, "Requests to the schema registry.", {"result"}, {0}},
    {"gl_registry_request_seconds",
     GL_HISTOGRAM,
     "Time of a request to the schema registry.",
     {NULL},
     {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 0}},
    {"gl_registry_answers", GL_GAUGE, "Answers of the schema registry that are kept, by where from.", {"source"}, {0}},
    {"gl_registry_changed",
     GL_GAUGE,
     "1 when the schema registry does not say any more what it once said: it lost or renumbered schemas.",
     {NULL},
     {0}},
};

typedef enum entry_state { WANTED, HERE, ABSENT } entry_state;

typedef struct entry {
    struct entry *next, *next_wanted;
    char *subject; /* NULL: the schema of `id` is asked for; else the id of `json` */
    uint32_t id;
    gl_buf json;
    entry_state state;
    bool was_absent; /* WANTED again: goes on as ABSENT until it is answered */
    bool tried_disk; /* WANTED: the disk does not have it */
    bool from_disk;  /* HERE: to be checked when the registry answers */
    bool checked;    /* HERE: is being checked again */
    bool wrong;      /* HERE: the registry says something else now */
    bool queued;
    int64_t wanted_us; /* monotonic: since when it is asked for */
    int64_t until_us;  /* ABSENT: how long that holds */
} entry;

typedef struct watched {
    char *subject;
    int64_t due_us; /* when it is looked through */
    int64_t seen[SEEN_LIMIT];
    size_t seen_count;
} watched;

struct gl_registry {
    const gl_registry_conf *conf;
    gl_registry_client *client; /* the thread's */
    char *directory;            /* of the disk cache, or NULL */
    pthread_t thread;
    pthread_mutex_t lock; /* of everything below but the atomics */
    pthread_cond_t news, work;
    entry *buckets[BUCKETS];
    entry *first_wanted, **last_wanted;
    size_t count, bytes, wanted_count, here_count, disk_count, wrong_count;
    bool renumbered; /* what an earlier run was told is not what this one was */
    watched watched[WATCH_LIMIT];
    size_t watched_count;
    int64_t pause_until_us;
    int failures;          /* in a row */
    int64_t down_since_us; /* 0: it answers */
    gl_err failure;        /* of the last request that was not answered */
    uint64_t answers;      /* counts */
    bool stopping;
    atomic_bool up;
    gl_series *up_series, *ok, *unknown, *failed, *seconds, *kept, *kept_disk, *changed;
};

const char *gl_registry_subject(const gl_topic_schema *schema, char subject[GL_REGISTRY_SUBJECT_BYTES])
{
    if (schema->secondary)
        snprintf(subject, GL_REGISTRY_SUBJECT_BYTES, "%s-org.greenlane.%s", schema->topic, schema->record);
    else
        snprintf(subject, GL_REGISTRY_SUBJECT_BYTES, "%s-value", schema->topic);
    return subject;
}

/* ---- entries: all with the lock held ---- */

static uint64_t hash(uint64_t seed, gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        seed = (seed ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
    return seed;
}

static uint64_t hash_of(const char *subject, uint32_t id, gl_str json)
{
    uint64_t h = UINT64_C(1469598103934665603);
    return subject == NULL ? (h ^ id) * UINT64_C(1099511628211) : hash(hash(h, gl_str_of(subject)), json);
}

static entry **bucket_of(gl_registry *r, const char *subject, uint32_t id, gl_str json)
{
    uint64_t h = hash_of(subject, id, json);
    return &r->buckets[(h ^ h >> 32) % BUCKETS];
}

static entry *find(gl_registry *r, const char *subject, uint32_t id, gl_str json)
{
    for (entry *e = *bucket_of(r, subject, id, json); e != NULL; e = e->next) {
        if (subject == NULL
                ? e->subject == NULL && e->id == id
                : e->subject != NULL && strcmp(e->subject, subject) == 0 && gl_str_eq(gl_buf_view(&e->json), json))
            return e;
    }
    return NULL;
}

static void entry_free(entry *e)
{
    gl_buf_free(&e->json);
    free(e->subject);
    free(e);
}

/* Ids that were not there make room: anybody can send values with as many as there are numbers. */
static void drop_absent(gl_registry *r)
{
    for (size_t b = 0; b < BUCKETS; b++) {
        for (entry **at = &r->buckets[b]; *at != NULL;) {
            entry *e = *at;
            if (e->state != ABSENT || e->queued) {
                at = &e->next;
                continue;
            }
            *at = e->next;
            r->count--;
            entry_free(e);
        }
    }
}

static void enqueue(gl_registry *r, entry *e)
{
    if (e->queued)
        return;
    e->queued = true;
    e->next_wanted = NULL;
    *r->last_wanted = e;
    r->last_wanted = &e->next_wanted;
    pthread_cond_signal(&r->work);
}

static entry *add(gl_registry *r, const char *subject, uint32_t id, gl_str json)
{
    if (r->count >= GL_REGISTRY_LIMIT_ENTRIES)
        drop_absent(r);
    if (r->count >= GL_REGISTRY_LIMIT_ENTRIES || r->bytes > GL_REGISTRY_LIMIT_CACHE_BYTES)
        return NULL;
    entry *e = calloc(1, sizeof *e);
    if (e == NULL || (subject != NULL && (e->subject = strdup(subject)) == NULL))
        abort();
    e->id = id;
    gl_buf_str(&e->json, json);
    entry **bucket = bucket_of(r, subject, id, json);
    e->next = *bucket;
    *bucket = e;
    r->count++;
    r->bytes += json.len;
    return e;
}

static void want(gl_registry *r, entry *e)
{
    e->was_absent = e->state == ABSENT;
    e->state = WANTED;
    e->tried_disk = false;
    e->wanted_us = gl_mono_us();
    r->wanted_count++;
    enqueue(r, e);
}

/* ---- asking ---- */

static bool unknown(const entry *e, gl_err *err)
{
    return gl_fail(err, GL_DEAD_LETTER, "envelope-schema-unknown", "the registry has no schema with the id %u",
                   (unsigned)e->id);
}

/* What an entry says now. */
static bool answer(gl_registry *r, const entry *e, gl_err *err)
{
    int64_t now = gl_mono_us(), wait_us = r->conf->wait_ms * 1000;
    if (e->state == HERE)
        return true;
    if (e->state == ABSENT || e->was_absent)
        return e->subject != NULL || unknown(e, err);
    if (now - e->wanted_us > wait_us || (r->down_since_us != 0 && now - r->down_since_us > wait_us))
        return gl_fail(err, GL_DEAD_LETTER, "schema-unavailable",
                       "the schema is not in the cache, and the registry does not answer: %s",
                       r->failure.code == NULL ? "not yet" : r->failure.message);
    return gl_fail(err, GL_RETRY, "registry-waiting", "waiting for the registry to answer%s%s",
                   r->failure.code == NULL ? "" : ": ", r->failure.message);
}

static entry *ask(gl_registry *r, const char *subject, uint32_t id, gl_str json, gl_err *err)
{
    entry *e = find(r, subject, id, json);
    bool fresh = e == NULL;
    if (fresh)
        e = add(r, subject, id, json);
    if (e == NULL) {
        gl_fail(err, GL_DEAD_LETTER, "envelope-schema-unknown", "%d schemas are in use or looked for already",
                GL_REGISTRY_LIMIT_ENTRIES);
        return NULL;
    }
    if (fresh || (e->state == ABSENT && gl_mono_us() > e->until_us))
        want(r, e);
    return e;
}

bool gl_registry_schema(gl_registry *r, uint32_t id, gl_str *json, gl_err *err)
{
    if (id == 0 || id > INT32_MAX) /* what a registry can give */
        return gl_fail(err, GL_DEAD_LETTER, "envelope-schema-unknown", "no registry has a schema with the id %u",
                       (unsigned)id);
    pthread_mutex_lock(&r->lock);
    entry *e = ask(r, NULL, id, (gl_str){NULL, 0}, err);
    bool good = e != NULL && answer(r, e, err);
    if (good)
        *json = gl_buf_view(&e->json);
    pthread_mutex_unlock(&r->lock);
    return good;
}

bool gl_registry_id(gl_registry *r, const char *subject, gl_str json, uint32_t *id, gl_err *err)
{
    pthread_mutex_lock(&r->lock);
    entry *e = ask(r, subject, 0, json, err);
    bool good = e != NULL && answer(r, e, err);
    if (good)
        *id = e->id;
    pthread_mutex_unlock(&r->lock);
    return good;
}

void gl_registry_watch(gl_registry *r, const char *subject)
{
    pthread_mutex_lock(&r->lock);
    if (r->watched_count < WATCH_LIMIT) {
        r->watched[r->watched_count].subject = strdup(subject);
        if (r->watched[r->watched_count++].subject == NULL)
            abort();
        pthread_cond_signal(&r->work);
    }
    pthread_mutex_unlock(&r->lock);
}

void gl_registry_ask_again(gl_registry *r)
{
    pthread_mutex_lock(&r->lock);
    for (size_t b = 0; b < BUCKETS; b++)
        for (entry *e = r->buckets[b]; e != NULL; e = e->next)
            if (e->state == ABSENT)
                e->until_us = 0;
    pthread_mutex_unlock(&r->lock);
}

static struct timespec in_ms(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

void gl_registry_wait(gl_registry *r, int timeout_ms)
{
    struct timespec end = in_ms(timeout_ms);
    pthread_mutex_lock(&r->lock);
    uint64_t before = r->answers;
    while (r->answers == before && r->wanted_count > 0 && pthread_cond_timedwait(&r->news, &r->lock, &end) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&r->lock);
}

bool gl_registry_is_up(const gl_registry *r)
{
    return atomic_load(&r->up);
}

/* ---- the disk cache: one file an answer, written aside and renamed ---- */

static void make_directories(char *path)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        mkdir(path, 0750);
        *at = '/';
    }
    mkdir(path, 0750);
}

/* A registry's answers are of no use with another one. */
static char *directory_for(const gl_registry_conf *conf)
{
    char *path = NULL;
    if (conf->cache_dir[0] == '\0')
        return NULL;
    if (asprintf(&path, "%s/%016" PRIx64, conf->cache_dir, hash_of(conf->url, 0, (gl_str){NULL, 0})) < 0)
        abort();
    make_directories(path);
    return path;
}

static char *file_of(const gl_registry *r, const entry *e)
{
    char *path = NULL;
    int len = e->subject == NULL ? asprintf(&path, "%s/%" PRIu32 ".avsc", r->directory, e->id)
                                 : asprintf(&path, "%s/%016" PRIx64 ".id", r->directory,
                                            hash_of(e->subject, 0, gl_buf_view(&e->json)));
    if (len < 0)
        abort();
    return path;
}

static bool put_text(FILE *file, gl_str text)
{
    return text.len == 0 || fwrite(text.ptr, 1, text.len, file) == text.len; /* what is empty may be NULL */
}

static bool write_file(const char *path, gl_str head, gl_str text)
{
    char *fresh = NULL;
    if (asprintf(&fresh, "%s.%d.new", path, (int)getpid()) < 0)
        abort();
    FILE *file = fopen(fresh, "we");
    bool good = file != NULL && put_text(file, head) && put_text(file, text);
    if (file != NULL && fclose(file) != 0)
        good = false;
    good = good && rename(fresh, path) == 0;
    if (!good)
        unlink(fresh);
    free(fresh);
    return good;
}

/* A schema is the file; an id is a line of it, then the subject, then the schema it is for. */
static void save(const gl_registry *r, const entry *e)
{
    if (r->directory == NULL)
        return;
    char *path = file_of(r, e);
    gl_buf head = {0};
    if (e->subject != NULL)
        gl_buf_printf(&head, "%" PRIu32 "\n%s\n", e->id, e->subject);
    if (!write_file(path, gl_buf_view(&head), gl_buf_view(&e->json)))
        gl_log(GL_LOG_WARN, "registry-cache", "cannot write %s: %s; a start without the registry will miss it", path,
               strerror(errno));
    gl_buf_free(&head);
    free(path);
}

static bool parse_id_file(gl_str text, const entry *e, uint32_t *id)
{
    uint64_t number = 0;
    const char *end = text.len == 0 ? NULL : memchr(text.ptr, '\n', text.len);
    if (end == NULL || !gl_str_to_u64((gl_str){text.ptr, (size_t)(end - text.ptr)}, INT32_MAX, &number) || number == 0)
        return false;
    gl_str rest = {end + 1, text.len - (size_t)(end + 1 - text.ptr)};
    gl_str subject = gl_str_of(e->subject);
    *id = (uint32_t)number;
    return rest.len > subject.len && gl_str_starts(rest, subject) && rest.ptr[subject.len] == '\n' &&
           gl_str_eq((gl_str){rest.ptr + subject.len + 1, rest.len - subject.len - 1}, gl_buf_view(&e->json));
}

static bool is_schema(gl_str json)
{
    gl_avro_schema *schema = gl_avro_schema_new(json, NULL);
    gl_avro_schema_destroy(schema);
    return schema != NULL;
}

/* What an earlier run was told. The question of `e` only; `*id` or `json` gets the answer. */
static bool load(const gl_registry *r, const entry *e, uint32_t *id, gl_buf *json)
{
    gl_buf text = {0};
    if (r->directory == NULL)
        return false;
    char *path = file_of(r, e);
    bool good = gl_buf_read_file(&text, path, KEPT_LIMIT_BYTES) && text.len <= KEPT_LIMIT_BYTES &&
                (e->subject == NULL ? is_schema(gl_buf_view(&text)) : parse_id_file(gl_buf_view(&text), e, id));
    if (good && e->subject == NULL)
        gl_buf_str(json, gl_buf_view(&text));
    gl_buf_free(&text);
    free(path);
    return good;
}

/* ---- the thread ---- */

static void count_request(gl_registry *r, const gl_err *err, bool good, int64_t from_us)
{
    if (r->ok == NULL)
        return;
    bool unknown_id = !good && err->action == GL_DEAD_LETTER;
    gl_series_observe(r->seconds, (double)(gl_mono_us() - from_us) / 1e6);
    gl_series_add(good ? r->ok : unknown_id ? r->unknown : r->failed, 1);
}

/* An answer that it does not have it is an answer. Locks: held. */
static void note_health(gl_registry *r, bool answered, const gl_err *err)
{
    bool was_up = r->down_since_us == 0;
    if (answered) {
        if (!was_up)
            gl_log(GL_LOG_INFO, "registry-up", "the schema registry answers again");
        r->failures = 0;
        r->down_since_us = 0;
        r->failure = (gl_err){0};
    } else {
        r->failure = *err;
        int shift = r->failures < 6 ? r->failures : 6;
        int64_t pause_ms = (int64_t)PAUSE_FIRST_MS << shift;
        r->failures++;
        r->pause_until_us = gl_mono_us() + (pause_ms < PAUSE_LAST_MS ? pause_ms : PAUSE_LAST_MS) * 1000;
        if (was_up) {
            r->down_since_us = gl_mono_us();
            gl_log(GL_LOG_WARN, "registry-down", "%s: %s; going on with what is known", err->code, err->message);
        }
    }
    atomic_store(&r->up, answered);
    if (r->up_series != NULL)
        gl_series_set(r->up_series, answered);
}

static void report_kept(gl_registry *r)
{
    if (r->kept == NULL)
        return;
    gl_series_set(r->kept, (double)(r->here_count - r->disk_count));
    gl_series_set(r->kept_disk, (double)r->disk_count);
}

static void tell_changed(const entry *e, uint32_t id, const char *how)
{
    if (e->subject != NULL)
        gl_log(GL_LOG_ERROR, "registry-changed", "%s: its schema had the id %u, and the registry %s", e->subject,
               (unsigned)id, how);
    else
        gl_log(GL_LOG_ERROR, "registry-changed", "the schema with the id %u: the registry %s", (unsigned)id, how);
}

static void report_changed(const gl_registry *r)
{
    if (r->changed != NULL)
        gl_series_set(r->changed, r->wrong_count > 0 || r->renumbered);
}

static const char LOST[] = "does not have it any more: restore it, or register the schemas again",
                  OTHERWISE[] = "says something else now: was it set up anew? Restore it";

/* The registry's answer to what it, or the disk, had answered before. What is in use stays: values were written with
 * it. */
static void compare(gl_registry *r, entry *e, bool found, uint32_t id, gl_str json)
{
    bool same = found && (e->subject != NULL ? id == e->id : gl_str_eq(json, gl_buf_view(&e->json)));
    r->disk_count -= e->from_disk;
    e->from_disk = false;
    if (same && e->wrong)
        gl_log(GL_LOG_INFO, "registry-restored", "id %u: the registry says again what it said", (unsigned)e->id);
    else if (!same && !e->wrong)
        tell_changed(e, e->id, found ? OTHERWISE : LOST);
    r->wrong_count = r->wrong_count - e->wrong + !same;
    e->wrong = !same;
    report_changed(r);
}

static void keep(gl_registry *r, entry *e, uint32_t id, gl_str json, bool from_disk)
{
    if (e->subject == NULL)
        gl_buf_str(&e->json, json);
    else
        e->id = id;
    r->bytes += json.len;
    e->state = HERE;
    e->was_absent = false;
    e->from_disk = from_disk;
    r->here_count++;
    r->disk_count += from_disk;
}

/* `e` is out of the queue. Returns whether it is to be put back. Locks: held. */
static bool settle(gl_registry *r, entry *e, bool good, uint32_t id, gl_str json, bool from_disk, const gl_err *err)
{
    bool absent = !good && err->action == GL_DEAD_LETTER, was_wanted = e->state == WANTED;
    if (e->state == HERE) {
        if ((e->from_disk || e->checked) && (good || absent) && !from_disk)
            compare(r, e, good, id, json);
        e->checked = false;
    } else if (good) {
        keep(r, e, id, json, from_disk);
    } else if (absent) {
        e->state = ABSENT;
        e->was_absent = false;
        e->until_us = gl_mono_us() + r->conf->negative_ttl_ms * 1000;
    }
    r->wanted_count -= was_wanted && e->state != WANTED;
    report_kept(r);
    r->answers++;
    pthread_cond_broadcast(&r->news);
    return e->state == WANTED || e->from_disk;
}

static bool request(gl_registry *r, const entry *e, uint32_t *id, gl_buf *json, gl_err *err)
{
    if (e->subject != NULL)
        return gl_registry_find(r->client, e->subject, gl_buf_view(&e->json), id, err);
    return gl_registry_get(r->client, e->id, json, err);
}

/* `*earlier_id`: what an earlier run was told in place of this answer; 0: the same, or nothing. */
static void look_back(const gl_registry *r, const entry *e, uint32_t id, gl_str json, uint32_t *earlier_id)
{
    uint32_t kept_id = 0;
    gl_buf kept = {0};
    *earlier_id = 0;
    if (load(r, e, &kept_id, &kept) && (e->subject != NULL ? kept_id != id : !gl_str_eq(gl_buf_view(&kept), json)))
        *earlier_id = e->subject != NULL ? kept_id : e->id;
    gl_buf_free(&kept);
}

/* The question of an entry does not change while it is queued, nor does a WANTED entry go away. Locks: held; released
 * meanwhile. */
static void serve(gl_registry *r, entry *e)
{
    uint32_t id = 0;
    gl_buf json = {0};
    gl_err err = {0};
    bool had = e->state == HERE;
    uint32_t earlier_id = 0;
    pthread_mutex_unlock(&r->lock);
    int64_t from_us = gl_mono_us();
    bool good = request(r, e, &id, &json, &err), from_disk = false;
    bool answered = good || err.action == GL_DEAD_LETTER;
    count_request(r, &err, good, from_us);
    /* What it said of an id stays, also when it does not know it any more. */
    if (!good && !had && (!answered || e->subject == NULL))
        good = from_disk = load(r, e, &id, &json);
    bool fresh = good && !from_disk && !had;
    if (fresh)
        look_back(r, e, id, gl_buf_view(&json), &earlier_id);
    pthread_mutex_lock(&r->lock);
    note_health(r, answered, &err);
    e->queued = false;
    bool again = settle(r, e, good, id, gl_buf_view(&json), from_disk, &err);
    if (again && !r->stopping)
        enqueue(r, e);
    gl_buf_free(&json);
    if (!fresh)
        return;
    if (earlier_id != 0) {
        tell_changed(e, earlier_id, OTHERWISE);
        r->renumbered = true;
        report_changed(r);
    }
    pthread_mutex_unlock(&r->lock);
    save(r, e); /* HERE: it does not change any more */
    pthread_mutex_lock(&r->lock);
}

/* While the registry is away nobody waits in turn for what the disk has. Stays in the queue, to be checked. Locks:
 * held; released meanwhile. */
static void serve_offline(gl_registry *r, entry *e)
{
    uint32_t id = 0;
    gl_buf json = {0};
    e->tried_disk = true;
    pthread_mutex_unlock(&r->lock);
    bool good = load(r, e, &id, &json);
    pthread_mutex_lock(&r->lock);
    if (good) {
        keep(r, e, id, gl_buf_view(&json), true);
        r->wanted_count--;
        report_kept(r);
        r->answers++;
        pthread_cond_broadcast(&r->news);
    }
    gl_buf_free(&json);
}

static entry *next_offline(const gl_registry *r)
{
    entry *e = r->directory == NULL ? NULL : r->first_wanted;
    while (e != NULL && (e->state != WANTED || e->tried_disk))
        e = e->next_wanted;
    return e;
}

/* ---- new versions ---- */

static bool seen_before(watched *w, int64_t version)
{
    for (size_t i = 0; i < w->seen_count; i++)
        if (w->seen[i] == version)
            return true;
    if (w->seen_count == SEEN_LIMIT) /* the oldest are forgotten */
        memmove(w->seen, w->seen + 1, --w->seen_count * sizeof w->seen[0]);
    w->seen[w->seen_count++] = version;
    return false;
}

/* Asks for the schema of a version that is new, so that it is here before the first record with it. Locks: released. */
static bool fetch_version(gl_registry *r, const char *subject, int64_t version, gl_err *err)
{
    uint32_t id = 0;
    gl_buf json = {0};
    gl_str ignored;
    gl_err waiting;
    bool good = gl_registry_version(r->client, subject, version, &id, &json, err);
    gl_buf_free(&json);
    if (good)
        gl_registry_schema(r, id, &ignored, &waiting);
    return good || err->action == GL_DEAD_LETTER;
}

/* A registry that was set up anew says something else, or nothing, of what was registered. Locks: held. */
static void check_again(gl_registry *r, const char *subject)
{
    for (size_t b = 0; b < BUCKETS; b++)
        for (entry *e = r->buckets[b]; e != NULL; e = e->next)
            if (e->state == HERE && (e->wrong || (e->subject != NULL && strcmp(e->subject, subject) == 0))) {
                e->checked = true;
                enqueue(r, e);
            }
}

/* Locks: held; released meanwhile. Only this thread touches `w->seen`. */
static void refresh(gl_registry *r, watched *w)
{
    gl_registry_versions *versions = malloc(sizeof *versions);
    gl_err err = {0};
    if (versions == NULL)
        abort();
    w->due_us = gl_mono_us() + r->conf->refresh_ms * 1000;
    pthread_mutex_unlock(&r->lock);
    int64_t from_us = gl_mono_us();
    bool good = gl_registry_list(r->client, w->subject, versions, &err);
    count_request(r, &err, good, from_us);
    bool answered = good || err.action == GL_DEAD_LETTER;
    size_t first = good && versions->count > SEEN_LIMIT / 2 ? versions->count - SEEN_LIMIT / 2 : 0;
    for (size_t i = first; good && answered && i < versions->count; i++)
        if (!seen_before(w, versions->at[i]) && !fetch_version(r, w->subject, versions->at[i], &err)) {
            answered = false;
            w->seen_count--;
        }
    pthread_mutex_lock(&r->lock);
    note_health(r, answered, &err);
    if (!answered)
        w->due_us = 0; /* after the pause: it is also how an end of the outage is noticed */
    else
        check_again(r, w->subject);
    free(versions);
}

/* The subject that is due first; NULL: none is watched. */
static watched *next_due(gl_registry *r)
{
    watched *found = NULL;
    for (size_t i = 0; i < r->watched_count; i++)
        if (found == NULL || r->watched[i].due_us < found->due_us)
            found = &r->watched[i];
    return found;
}

static entry *dequeue(gl_registry *r)
{
    entry *e = r->first_wanted;
    if (e == NULL)
        return NULL;
    r->first_wanted = e->next_wanted;
    if (r->first_wanted == NULL)
        r->last_wanted = &r->first_wanted;
    return e;
}

static void *registry_main(void *argument)
{
    gl_registry *r = argument;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        int64_t now = gl_mono_us();
        bool paused = now < r->pause_until_us;
        entry *offline = paused ? next_offline(r) : NULL, *e = paused ? NULL : dequeue(r);
        watched *due = next_due(r);
        if (offline != NULL) {
            serve_offline(r, offline);
        } else if (e != NULL) {
            serve(r, e);
        } else if (!paused && due != NULL && now >= due->due_us) {
            refresh(r, due);
        } else {
            int64_t until_us = paused ? r->pause_until_us : due != NULL ? due->due_us : now + 1000000;
            struct timespec end = in_ms((until_us - now) / 1000 + 1);
            pthread_cond_timedwait(&r->work, &r->lock, &end);
        }
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- life ---- */

static gl_series *series(gl_metrics *metrics, size_t index, const char *label)
{
    const char *values[GL_METRIC_LABELS] = {label};
    return gl_metrics_series(metrics, &gl_registry_metrics[index], values);
}

void gl_registry_expose(gl_metrics *metrics)
{
    static const char *const results[] = {"ok", "unknown", "failed"};
    gl_series_set(series(metrics, 0, NULL), 1);
    for (size_t i = 0; i < 3; i++)
        series(metrics, 1, results[i]);
    series(metrics, 2, NULL);
    series(metrics, 3, "registry");
    series(metrics, 3, "disk");
    series(metrics, 4, NULL);
}

static void init_series(gl_registry *r, gl_metrics *metrics)
{
    if (metrics == NULL)
        return;
    r->up_series = series(metrics, 0, NULL);
    r->ok = series(metrics, 1, "ok");
    r->unknown = series(metrics, 1, "unknown");
    r->failed = series(metrics, 1, "failed");
    r->seconds = series(metrics, 2, NULL);
    r->kept = series(metrics, 3, "registry");
    r->kept_disk = series(metrics, 3, "disk");
    r->changed = series(metrics, 4, NULL);
    gl_series_set(r->up_series, 1);
    report_kept(r);
}

static void init_locks(gl_registry *r)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->news, &attributes);
    pthread_cond_init(&r->work, &attributes);
    pthread_condattr_destroy(&attributes);
}

gl_registry *gl_registry_start(const gl_registry_conf *conf, gl_metrics *metrics, gl_err *err)
{
    gl_registry_client *client = gl_registry_client_new(conf, err);
    if (client == NULL)
        return NULL;
    gl_registry *r = calloc(1, sizeof *r);
    if (r == NULL)
        abort();
    r->conf = conf;
    r->client = client;
    r->directory = directory_for(conf);
    r->last_wanted = &r->first_wanted;
    atomic_store(&r->up, true);
    init_locks(r);
    init_series(r, metrics);
    if (pthread_create(&r->thread, NULL, registry_main, r) != 0)
        abort();
    return r;
}

static void free_entries(gl_registry *r)
{
    for (size_t b = 0; b < BUCKETS; b++) {
        for (entry *e = r->buckets[b], *next; e != NULL; e = next) {
            next = e->next;
            entry_free(e);
        }
    }
}

void gl_registry_stop(gl_registry *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->work);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    free_entries(r);
    for (size_t i = 0; i < r->watched_count; i++)
        free(r->watched[i].subject);
    pthread_cond_destroy(&r->work);
    pthread_cond_destroy(&r->news);
    pthread_mutex_destroy(&r->lock);
    gl_registry_client_destroy(r->client);
    free(r->directory);
    free(r);
}
