/* Watched directories: one per account, without inotify, so that network shares work.
 *
 * A file is taken when its size and time have stood still for `settle`; names that begin with a dot or end in .tmp or
 * .part are left alone. It goes in by chunks; each chunk's progress (account and SHA-256 -> byte offset) is committed
 * in the chunk's own transaction, so a file is taken in exactly once however often the daemon dies. Its answers are
 * written to out/<name>.<8 hex>.answers.ndjson, one JSON object a line (or .answers.xml, .answers.csv, .answers.edi, as
 * the account wants), complete when it appears (made again from the start after a crash). Then it moves to done/.
 *
 * Always holds: one daemon owns a directory (a lock file); all file I/O is on the watch's own thread, so a slow share
 * holds up nobody else; a file is read whole before its first chunk, so what happens to it later changes nothing but
 * whether it is moved. A daemon that takes over a directory from a running one may take the file in work in again:
 * decide closes what it repeats as duplicates.
 * Thread: as said at each function. Locks: gl_watch.lock guards what is marked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "ingest/answers.h"
#include "ingest/ingest.h"
#include "io/envelope.h"

enum {
    WATCH_PATH_BYTES = 4096,
    WATCH_NAME_BYTES = 224,  /* leaves room for what answers add to a name */
    WATCH_SEEN_LIMIT = 4096, /* the rest of a directory waits until some are done */
    WATCH_LINES_BYTES = 16 * 1024 * 1024,
    WATCH_RETRY_US = 10 * 1000 * 1000
};

/* A file that was seen, and since when it has stood still. */
typedef struct seen {
    char name[WATCH_NAME_BYTES];
    off_t size;
    int64_t changed_ns;
    int64_t still_since_us;
    int64_t not_before_us; /* after a failure; INT64_MAX: not until it changes */
} seen;

/* Thread: watch. */
typedef struct watched_dir {
    const gl_account *account;
    int lock_fd;   /* -1: another daemon has it */
    bool reported; /* that it cannot be read or locked */
    seen *seen;    /* by name */
    size_t seen_count;
    size_t next; /* of `seen`: not yet looked at since the last scan */
    int64_t next_scan_us;
} watched_dir;

struct gl_watched_file {
    /* Fixed before the file is offered. */
    watched_dir *dir;
    char name[WATCH_NAME_BYTES];
    gl_buf bytes;
    gl_message message;
    off_t size;
    int64_t changed_ns;
    char digest[2 * GL_SHA256_BYTES + 1];
    gl_buf key;     /* account, line feed, digest */
    gl_err refused; /* code not NULL: not read or not unpacked, and why */
    /* Worker. */
    bool started;
    size_t offset; /* of the next chunk */
    int64_t position;
    size_t committed; /* up to here an earlier run has committed; SIZE_MAX: all of it */
    int64_t committed_us;
    int64_t accepted, rejected;
    bool opened, alone; /* of gl_answer_writer; the watch thread reads them once `finished` is set */
    /* Under gl_watch.lock. */
    bool busy; /* a chunk of it is with the worker */
    bool finished, closed;
    gl_err broken; /* code not NULL: the worker cannot go on with it */
    gl_buf lines;  /* answers not yet written */
    /* Watch thread. */
    FILE *answers;
};

struct gl_watch {
    const gl_ingest *ingest;
    watched_dir *dirs;
    size_t dir_count, turn; /* turn: whose directory is looked at first */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    gl_watched_file *file; /* under lock: the one being taken in, or NULL */
    bool stop;             /* under lock */
};

static bool make_path(char path[WATCH_PATH_BYTES], const watched_dir *dir, const char *sub, const char *name)
{
    int len = snprintf(path, WATCH_PATH_BYTES, "%s/%s%s", dir->account->directory, sub, name);
    return len > 0 && len < WATCH_PATH_BYTES;
}

/* "<sub>/<before><name>.<8 hex><after>" */
static bool make_named(char path[WATCH_PATH_BYTES], const gl_watched_file *file, const char *sub, const char *after)
{
    int len = snprintf(path, WATCH_PATH_BYTES, "%s/%s%s.%.8s%s", file->dir->account->directory, sub, file->name,
                       file->digest, after);
    return len > 0 && len < WATCH_PATH_BYTES;
}

/* ---- directories (thread: watch) ---- */

/* Once until it is good again: a scan is every half second. */
static void report_once(watched_dir *dir, const char *what, const char *path)
{
    if (!dir->reported)
        gl_log(GL_LOG_ERROR, "watch-directory", "cannot %s %s: %s", what, path, strerror(errno));
    dir->reported = true;
}

static bool own_directory(watched_dir *dir)
{
    char path[WATCH_PATH_BYTES];
    if (dir->lock_fd >= 0)
        return true;
    static const char *const subs[] = {"out", "done"};
    for (int i = 0; i < 2; i++) {
        if (!make_path(path, dir, subs[i], "") || (mkdir(path, 0777) != 0 && errno != EEXIST)) {
            report_once(dir, "make", path);
            return false;
        }
    }
    if (!make_path(path, dir, ".greenlane.lock", ""))
        return false;
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        report_once(dir, "open", path);
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return false;
    }
    dir->lock_fd = fd;
    gl_log(GL_LOG_INFO, "watching", "%s for account %s", dir->account->directory, dir->account->name);
    return true;
}

static bool is_candidate(const char *name)
{
    size_t len = strlen(name);
    if (name[0] == '.' || len >= WATCH_NAME_BYTES)
        return false;
    return !(len > 4 && strcmp(name + len - 4, ".tmp") == 0) && !(len > 5 && strcmp(name + len - 5, ".part") == 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const seen *)a)->name, ((const seen *)b)->name);
}

static seen *seen_find(const watched_dir *dir, const char *name)
{
    seen wanted;
    if (dir->seen_count == 0)
        return NULL;
    memcpy(wanted.name, name, strlen(name) + 1);
    return bsearch(&wanted, dir->seen, dir->seen_count, sizeof *dir->seen, by_name);
}

static int64_t changed_ns_of(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* What is known of the file from the scan before, or a new sight of it. */
static bool see(const watched_dir *dir, const char *name, int64_t now_us, seen *sight)
{
    char path[WATCH_PATH_BYTES];
    struct stat st;
    if (!is_candidate(name) || !make_path(path, dir, "", name) || lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    const seen *before = seen_find(dir, name);
    if (before != NULL && before->size == st.st_size && before->changed_ns == changed_ns_of(&st)) {
        *sight = *before;
        return true;
    }
    *sight = (seen){.size = st.st_size, .changed_ns = changed_ns_of(&st), .still_since_us = now_us};
    memcpy(sight->name, name, strlen(name) + 1);
    return true;
}

static void scan(watched_dir *dir)
{
    DIR *handle = opendir(dir->account->directory);
    if (handle == NULL) {
        report_once(dir, "read", dir->account->directory);
        return;
    }
    dir->reported = false;
    int64_t now_us = gl_mono_us();
    seen *fresh = malloc(WATCH_SEEN_LIMIT * sizeof *fresh);
    size_t count = 0;
    if (fresh == NULL)
        abort();
    for (struct dirent *entry = readdir(handle); entry != NULL && count < WATCH_SEEN_LIMIT; entry = readdir(handle))
        count += see(dir, entry->d_name, now_us, &fresh[count]);
    closedir(handle);
    qsort(fresh, count, sizeof *fresh, by_name);
    free(dir->seen);
    dir->seen = fresh;
    dir->seen_count = count;
    dir->next = 0;
}

static void set_aside(watched_dir *dir, const char *name, const gl_err *err)
{
    seen *s = seen_find(dir, name);
    gl_log_err(GL_LOG_ERROR, err);
    if (s != NULL)
        s->not_before_us = err->action == GL_RETRY ? gl_mono_us() + WATCH_RETRY_US : INT64_MAX;
}

/* ---- reading a file (thread: watch) ---- */

static void file_close(gl_watched_file *file)
{
    if (file->answers != NULL)
        fclose(file->answers);
    gl_message_close(&file->message);
    gl_buf_free(&file->bytes);
    gl_buf_free(&file->key);
    gl_buf_free(&file->lines);
    free(file);
}

static bool read_bytes(gl_watched_file *file, int fd, const char *path, gl_err *err)
{
    size_t size = (size_t)file->size;
    gl_buf_reserve(&file->bytes, size + 1);
    while (file->bytes.len < size) {
        ssize_t got = read(fd, file->bytes.data + file->bytes.len, size - file->bytes.len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gl_fail(err, GL_RETRY, "watch-file", "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            return gl_fail(err, GL_RETRY, "watch-file", "%s became shorter while it was read", path);
        file->bytes.len += (size_t)got;
    }
    return true;
}

/* The content's digest names the file; one that is too large to be read has that of its name, size and time. */
static void name_by_digest(gl_watched_file *file)
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_buf text = {0};
    gl_buf_printf(&text, "%s\n%lld\n%lld", file->name, (long long)file->size, (long long)file->changed_ns);
    gl_sha256(file->refused.code != NULL ? gl_buf_view(&text) : gl_buf_view(&file->bytes), digest);
    gl_buf_free(&text);
    gl_hex(digest, GL_SHA256_BYTES, file->digest);
    gl_buf_printf(&file->key, "%s\n%s", file->dir->account->name, file->digest);
}

static bool read_file(gl_watched_file *file, int64_t limit_bytes, gl_err *err)
{
    char path[WATCH_PATH_BYTES];
    struct stat st;
    int fd =
        make_path(path, file->dir, "", file->name) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd < 0 || fstat(fd, &st) != 0) {
        gl_fail(err, GL_RETRY, "watch-file", "cannot open %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    file->size = st.st_size;
    file->changed_ns = changed_ns_of(&st);
    bool ok = true;
    if (st.st_size > limit_bytes)
        gl_fail(&file->refused, GL_DEAD_LETTER, "watch-file-too-large",
                "the file has %lld bytes, ingest.message_limit is %lld: send it in parts", (long long)st.st_size,
                (long long)limit_bytes);
    else
        ok = read_bytes(file, fd, path, err);
    close(fd);
    return ok;
}

/* What is in the file; it is that every time it is read, so that the offsets of its chunks hold. */
static void unpack(gl_watched_file *file, int64_t limit_bytes)
{
    gl_message_source source = {.bytes = gl_buf_view(&file->bytes),
                                .format = GL_FORMAT_UNKNOWN,
                                .name = gl_str_of(file->name),
                                .limit_bytes = (size_t)limit_bytes};
    if (source.bytes.ptr == NULL)
        source.bytes = GL_STR("");
    if (file->refused.code == NULL)
        gl_message_open(&file->message, &source, &file->refused);
}

static gl_answer_form form_of(const gl_watched_file *file)
{
    return (gl_answer_form)file->dir->account->answers;
}

static bool put_lines(const gl_watched_file *file, gl_buf *lines)
{
    bool ok = lines->len == 0 || fwrite(lines->data, 1, lines->len, file->answers) == lines->len;
    gl_buf_free(lines);
    return ok;
}

/* What stands before the answers, and behind them. */
static bool put_frame(const gl_watched_file *file, void (*part)(gl_answer_writer *writer))
{
    gl_buf lines = {0};
    gl_answer_writer writer = {
        .buf = &lines, .form = form_of(file), .lines = true, .opened = file->opened, .alone = file->alone};
    part(&writer);
    return put_lines(file, &lines);
}

static gl_watched_file *file_open(const gl_watch *watch, watched_dir *dir, const char *name, gl_err *err)
{
    gl_watched_file *file = calloc(1, sizeof *file);
    char path[WATCH_PATH_BYTES];
    if (file == NULL)
        abort();
    file->dir = dir;
    memcpy(file->name, name, strlen(name) + 1);
    bool ok = read_file(file, watch->ingest->conf.message_limit_bytes, err);
    if (ok) {
        name_by_digest(file);
        unpack(file, watch->ingest->conf.message_limit_bytes);
        file->answers = make_named(path, file, "out/.", ".part") ? fopen(path, "we") : NULL;
        ok = (file->answers != NULL && put_frame(file, gl_answers_begin)) ||
             gl_fail(err, GL_RETRY, "watch-answers", "cannot write %s: %s", path, strerror(errno));
    }
    if (ok)
        return file;
    file_close(file);
    return NULL;
}

/* The next file of the directory that is ready. */
static gl_watched_file *next_of(const gl_watch *watch, watched_dir *dir)
{
    int64_t now_us = gl_mono_us();
    if (!own_directory(dir))
        return NULL;
    if (dir->next == dir->seen_count && now_us >= dir->next_scan_us) {
        scan(dir);
        dir->next_scan_us = now_us + watch->ingest->conf.scan_interval_ms * 1000;
    }
    while (dir->next < dir->seen_count) {
        seen *s = &dir->seen[dir->next++];
        if (now_us - s->still_since_us < watch->ingest->conf.settle_ms * 1000 || now_us < s->not_before_us)
            continue;
        gl_err err = {0};
        gl_watched_file *file = file_open(watch, dir, s->name, &err);
        if (file != NULL)
            return file;
        set_aside(dir, s->name, &err);
    }
    return NULL;
}

/* Directories take turns, so that a full one does not hold up the others. */
static gl_watched_file *next_file(gl_watch *watch)
{
    for (size_t i = 0; i < watch->dir_count; i++) {
        gl_watched_file *file = next_of(watch, &watch->dirs[watch->turn]);
        watch->turn = (watch->turn + 1) % watch->dir_count;
        if (file != NULL)
            return file;
    }
    return NULL;
}

/* ---- the watch's thread ---- */

static bool must_stop(gl_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    bool stop = watch->stop;
    pthread_mutex_unlock(&watch->lock);
    return stop;
}

static void pause_scanning(gl_watch *watch)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + watch->ingest->conf.scan_interval_ms * 1000000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_mutex_lock(&watch->lock);
    int waited = 0;
    while (!watch->stop && waited == 0)
        waited = pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
    pthread_mutex_unlock(&watch->lock);
}

static void offer(gl_watch *watch, gl_watched_file *file)
{
    pthread_mutex_lock(&watch->lock);
    watch->file = file;
    pthread_mutex_unlock(&watch->lock);
    gl_job_queue_wake(watch->ingest->queue);
}

/* Waits for a chunk that is still with the worker. */
static void take_back(gl_watch *watch, gl_watched_file *file)
{
    pthread_mutex_lock(&watch->lock);
    file->closed = true;
    while (file->busy)
        pthread_cond_wait(&watch->changed, &watch->lock);
    watch->file = NULL;
    pthread_mutex_unlock(&watch->lock);
}

/* Writes answers as they come, to the end of the file. false with `err` empty: the watch stops. */
static bool write_answers(gl_watch *watch, gl_watched_file *file, gl_err *err)
{
    for (;;) {
        pthread_mutex_lock(&watch->lock);
        while (file->lines.len == 0 && !file->finished && file->broken.code == NULL && !watch->stop)
            pthread_cond_wait(&watch->changed, &watch->lock);
        gl_buf lines = file->lines;
        file->lines = (gl_buf){0};
        bool finished = file->finished, stop = watch->stop;
        gl_err broken = file->broken;
        pthread_mutex_unlock(&watch->lock);
        if (!put_lines(file, &lines))
            return gl_fail(err, GL_RETRY, "watch-answers", "cannot write the answers of %s: %s", file->name,
                           strerror(errno));
        if (broken.code != NULL) {
            *err = broken;
            return gl_fail_context(err, "%s", file->name);
        }
        if (finished || stop)
            return finished;
    }
}

/* To done/, under another name when there is one of this name already. A file that is no longer what was read stays:
 * it is new. */
static bool move_away(const gl_watched_file *file, gl_err *err)
{
    char from[WATCH_PATH_BYTES], to[WATCH_PATH_BYTES];
    struct stat st;
    bool ok = make_path(from, file->dir, "", file->name) && make_path(to, file->dir, "done/", file->name);
    if (ok && (lstat(from, &st) != 0 || st.st_size != file->size || changed_ns_of(&st) != file->changed_ns)) {
        gl_log(GL_LOG_WARN, "watch-changed", "%s changed while it was taken in: what is there now is another file",
               file->name);
        return true;
    }
    if (ok && lstat(to, &st) == 0)
        ok = make_named(to, file, "done/", "");
    ok = ok && rename(from, to) == 0;
    return ok || gl_fail(err, GL_RETRY, "watch-file", "cannot move %s to done/: %s", file->name, strerror(errno));
}

/* Publishes the answers, then moves the file away: in this order a crash in between only repeats the answers. */
static bool file_finish(gl_watched_file *file, gl_err *err)
{
    char from[WATCH_PATH_BYTES], to[WATCH_PATH_BYTES];
    bool ok = put_frame(file, gl_answers_end) && fflush(file->answers) == 0 && fsync(fileno(file->answers)) == 0;
    ok = fclose(file->answers) == 0 && ok;
    file->answers = NULL;
    ok = ok && make_named(from, file, "out/.", ".part") &&
         make_named(to, file, "out/", gl_answer_ending(form_of(file))) && rename(from, to) == 0;
    if (!ok)
        return gl_fail(err, GL_RETRY, "watch-answers", "cannot write the answers of %s: %s", file->name,
                       strerror(errno));
    return move_away(file, err);
}

static void take_in(gl_watch *watch, gl_watched_file *file)
{
    gl_err err = {0};
    offer(watch, file);
    bool ok = write_answers(watch, file, &err);
    take_back(watch, file);
    ok = ok && file_finish(file, &err);
    if (ok)
        gl_log(GL_LOG_INFO, "file-done", "%s: %lld accepted, %lld rejected", file->name, (long long)file->accepted,
               (long long)file->rejected);
    else if (err.code != NULL)
        set_aside(file->dir, file->name, &err);
    file_close(file);
}

static void *watch_main(void *context)
{
    gl_watch *watch = context;
    while (!must_stop(watch)) {
        gl_watched_file *file = next_file(watch);
        if (file != NULL)
            take_in(watch, file);
        else
            pause_scanning(watch);
    }
    return NULL;
}

/* ---- life (thread: worker 0) ---- */

gl_watch *gl_watch_new(const gl_ingest *ingest)
{
    gl_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        abort();
    watch->ingest = ingest;
    watch->dirs = calloc(ingest->account_count, sizeof *watch->dirs);
    if (watch->dirs == NULL)
        abort();
    for (size_t i = 0; i < ingest->account_count; i++)
        if (ingest->accounts[i].directory[0] != '\0')
            watch->dirs[watch->dir_count++] = (watched_dir){.account = &ingest->accounts[i], .lock_fd = -1};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&watch->lock, NULL);
    if (pthread_create(&watch->thread, NULL, watch_main, watch) != 0)
        abort();
    return watch;
}

void gl_watch_destroy(gl_watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stop = true;
    pthread_cond_broadcast(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    for (size_t i = 0; i < watch->dir_count; i++) {
        if (watch->dirs[i].lock_fd >= 0)
            close(watch->dirs[i].lock_fd);
        free(watch->dirs[i].seen);
    }
    free(watch->dirs);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

/* ---- chunks (thread: worker 0) ---- */

gl_job *gl_watch_take(gl_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    gl_watched_file *file = watch->file;
    bool ready = file != NULL && !file->busy && !file->finished && !file->closed && file->broken.code == NULL &&
                 file->lines.len < WATCH_LINES_BYTES;
    if (ready)
        file->busy = true;
    pthread_mutex_unlock(&watch->lock);
    if (!ready)
        return NULL;
    gl_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        abort();
    job->file = file;
    job->account = file->dir->account;
    job->bytes = gl_buf_view(&file->bytes);
    if (job->bytes.ptr == NULL)
        job->bytes.ptr = "";
    job->format = gl_format_of_name(gl_str_of(file->name));
    if (job->format == GL_FORMAT_UNKNOWN)
        job->format = gl_format_detect(job->bytes);
    job->profile = gl_str_of(job->account->profile);
    job->opened = true;
    job->message = &file->message;
    job->received_us = gl_wall_us();
    return job;
}

/* What an earlier run of this or another daemon has committed of the file. Without this being known nothing of it is
 * taken in: it might be a second time. */
static bool file_resume(gl_watched_file *file, gl_state *state, gl_arena *arena, gl_err *err)
{
    gl_str value = {NULL, 0};
    gl_intake_file_state progress;
    if (!gl_state_get(state, 0, gl_buf_view(&file->key), &value, err))
        return false;
    if (value.ptr != NULL) {
        if (!gl_intake_file_state_decode(&progress, (const uint8_t *)value.ptr, value.len, arena, err)) {
            gl_state_unreadable(err, "progress on gl.intake.files");
            return gl_fail_context(err, "%s", file->name);
        }
        file->committed = progress.intake_file.done ? SIZE_MAX : (size_t)progress.intake_file.next_offset;
        file->committed_us = progress.intake_file.updated_at;
    }
    file->started = true;
    return true;
}

bool gl_watch_chunk(gl_job *job, gl_state *state, gl_arena *arena, gl_chunk *chunk, gl_err *err)
{
    gl_watched_file *file = job->file;
    if (!file->started && !file_resume(file, state, arena, err))
        return false;
    chunk->offset = file->offset;
    chunk->position = file->position;
    chunk->end = SIZE_MAX;
    job->answer_only = file->offset < file->committed;
    if (job->answer_only) {
        chunk->end = file->committed;
        chunk->mrn_us = file->committed_us;
    }
    job->message_error = file->refused;
    return true;
}

void gl_watch_progress(gl_job *job, const gl_record *record, gl_outbox *outbox, const gl_batch *batch, int64_t accepted,
                       int64_t rejected)
{
    const gl_watched_file *file = job->file;
    gl_str name = gl_str_of(file->name);
    if (job->answer_only)
        return;
    gl_intake_file progress = {.account = gl_str_of(job->account->name),
                               .name = gl_str_is_utf8(name, NULL) ? name : GL_STR("(not UTF-8)"),
                               .size_bytes = (int64_t)file->size,
                               .next_offset = (int64_t)job->next_offset,
                               .next_position = job->next_position,
                               .accepted = file->accepted + accepted,
                               .rejected = file->rejected + rejected,
                               .done = job->finished,
                               .updated_at = batch->now_us};
    gl_buf value = gl_buf_in(batch->arena);
    gl_schema_begin(&value, GL_SCHEMA_INTAKE_FILE_STATE);
    gl_intake_file_encode(&value, &progress);
    gl_buf key = gl_buf_in(batch->arena); /* is used after settle, when the file may be gone */
    gl_buf_str(&key, gl_buf_view(&file->key));
    gl_outbox_state(outbox, record, gl_buf_view(&key), gl_buf_view(&value));
}

static void render_answers(const gl_job *job, gl_buf *lines)
{
    gl_watched_file *file = job->file;
    gl_answer_writer writer = {.buf = lines,
                               .form = form_of(file),
                               .lines = true,
                               .account = job->account->name,
                               .now_us = gl_wall_us(),
                               .single = file->message.part_count == 1, /* then XML is one document */
                               .opened = file->opened};
    if (job->message_error.code != NULL) {
        gl_rejection_validation_error error;
        gl_answer refused = gl_answer_of_message(&job->message_error, &error);
        gl_answers_add(&writer, &refused);
    }
    for (size_t i = 0; i < job->answer_count; i++)
        gl_answers_add(&writer, &job->answers[i]);
    gl_answers_pause(&writer);
    file->opened = writer.opened;
    file->alone = file->alone || writer.alone;
}

void gl_watch_settle(gl_watch *watch, gl_job *job, bool committed, const gl_err *err)
{
    gl_watched_file *file = job->file;
    gl_buf lines = {0};
    if (!committed) {
        gl_log(GL_LOG_WARN, "watch-retry", "%s: %s", file->name, err->message);
    } else if (!job->dead_lettered) {
        for (size_t i = 0; i < job->answer_count; i++)
            ++*(job->answers[i].taken ? &file->accepted : &file->rejected);
        file->rejected += job->message_error.code != NULL;
        file->offset = job->next_offset;
        file->position = job->next_position;
        render_answers(job, &lines);
    }
    pthread_mutex_lock(&watch->lock);
    if (lines.len > 0)
        gl_buf_str(&file->lines, gl_buf_view(&lines));
    if (committed && job->dead_lettered)
        file->broken = job->message_error;
    else if (committed)
        file->finished = job->finished;
    file->busy = false;
    pthread_cond_broadcast(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    gl_buf_free(&lines);
    free(job);
}
