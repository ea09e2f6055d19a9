/* Watched directories: one per account, without inotify, so that network shares work.
 *
 * A file is taken when its size and time have stood still for `settle`; names that begin with a dot or end in .tmp or
 * .part are left alone. It goes in by chunks; each chunk's progress (account and SHA-256 -> byte offset) is committed
 * in the chunk's own transaction, so a file is taken in exactly once however often the daemon dies. Its answers are
 * written beside it, one JSON object a line: out/<name>.<8 hex>.answers.ndjson, complete when it appears (made again
 * from the start after a crash). Then it moves to done/. Always holds: one daemon owns a directory (a lock file); an
 * unreadable file is left in place and reported, others go on. Thread: worker 0. Locks: none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "customs/ids.h"
#include "gen/topics.h"
#include "ingest/ingest.h"
#include "io/envelope.h"

enum { WATCH_PATH_BYTES = 4096, WATCH_NAME_BYTES = 256, WATCH_SEEN_LIMIT = 4096 };

/* A file that was seen, and since when it has stood still. */
typedef struct seen {
    char name[WATCH_NAME_BYTES];
    off_t size;
    int64_t changed_ns;
    int64_t still_since_us;
    bool failed; /* set aside until it changes */
    bool present;
} seen;

typedef struct watched_dir {
    const gl_account *account;
    int lock_fd; /* -1: another daemon has it */
    seen *seen;
    size_t seen_count;
} watched_dir;

struct gl_watched_file {
    watched_dir *dir;
    char name[WATCH_NAME_BYTES];
    char *bytes; /* mapped */
    size_t size;
    char digest[2 * GL_SHA256_BYTES + 1];
    gl_str key; /* account, line feed, digest */
    bool started;
    size_t offset; /* of the next chunk */
    int64_t position;
    size_t committed; /* up to here an earlier run has committed */
    int64_t committed_us;
    int64_t accepted, rejected;
    FILE *answers;
    char answers_path[WATCH_PATH_BYTES];
    bool busy; /* a chunk of it is with the worker */
};

struct gl_watch {
    const gl_ingest *ingest;
    watched_dir *dirs;
    size_t dir_count;
    gl_watched_file *file; /* the one being taken in, or NULL */
    int64_t next_scan_us;
};

static bool make_path(char path[WATCH_PATH_BYTES], const char *directory, const char *sub, const char *name)
{
    int len = snprintf(path, WATCH_PATH_BYTES, "%s/%s%s", directory, sub, name);
    return len > 0 && len < WATCH_PATH_BYTES;
}

static void own_directory(watched_dir *dir)
{
    char path[WATCH_PATH_BYTES];
    const char *directory = dir->account->directory;
    if (dir->lock_fd >= 0)
        return;
    for (int i = 0; i < 2; i++)
        if (make_path(path, directory, i == 0 ? "out" : "done", "") && mkdir(path, 0777) != 0 && errno != EEXIST)
            gl_log(GL_LOG_ERROR, "watch-directory", "cannot make %s: %s", path, strerror(errno));
    if (!make_path(path, directory, ".greenlane.lock", ""))
        return;
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        gl_log(GL_LOG_ERROR, "watch-directory", "cannot open %s: %s", path, strerror(errno));
        return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return;
    }
    dir->lock_fd = fd;
    gl_log(GL_LOG_INFO, "watching", "%s for account %s", directory, dir->account->name);
}

gl_watch *gl_watch_new(const gl_ingest *ingest)
{
    gl_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        abort();
    watch->ingest = ingest;
    watch->dirs = calloc(ingest->account_count, sizeof *watch->dirs);
    if (watch->dirs == NULL)
        abort();
    for (size_t i = 0; i < ingest->account_count; i++) {
        if (ingest->accounts[i].directory[0] == '\0')
            continue;
        watched_dir *dir = &watch->dirs[watch->dir_count++];
        dir->account = &ingest->accounts[i];
        dir->lock_fd = -1;
    }
    return watch;
}

static void file_close(gl_watched_file *file)
{
    if (file == NULL)
        return;
    if (file->bytes != NULL)
        munmap(file->bytes, file->size);
    if (file->answers != NULL)
        fclose(file->answers);
    free((void *)(uintptr_t)file->key.ptr);
    free(file);
}

void gl_watch_destroy(gl_watch *watch)
{
    if (watch == NULL)
        return;
    file_close(watch->file);
    watch->file = NULL;
    for (size_t i = 0; i < watch->dir_count; i++) {
        if (watch->dirs[i].lock_fd >= 0)
            close(watch->dirs[i].lock_fd);
        free(watch->dirs[i].seen);
    }
    free(watch->dirs);
    free(watch);
}

bool gl_watch_has_work(const gl_watch *watch)
{
    return watch->file != NULL;
}

static bool is_candidate(const char *name)
{
    size_t len = strlen(name);
    if (name[0] == '.' || len >= WATCH_NAME_BYTES)
        return false;
    return !(len > 4 && strcmp(name + len - 4, ".tmp") == 0) && !(len > 5 && strcmp(name + len - 5, ".part") == 0);
}

static seen *seen_find(watched_dir *dir, const char *name)
{
    for (size_t i = 0; i < dir->seen_count; i++)
        if (strcmp(dir->seen[i].name, name) == 0)
            return &dir->seen[i];
    if (dir->seen_count == WATCH_SEEN_LIMIT)
        return NULL; /* the rest waits until some are done */
    seen *more = realloc(dir->seen, (dir->seen_count + 1) * sizeof *more);
    if (more == NULL)
        abort();
    dir->seen = more;
    seen *s = &dir->seen[dir->seen_count++];
    memset(s, 0, sizeof *s);
    memcpy(s->name, name, strlen(name) + 1);
    s->size = -1;
    return s;
}

static void forget_absent(watched_dir *dir)
{
    size_t kept = 0;
    for (size_t i = 0; i < dir->seen_count; i++)
        if (dir->seen[i].present)
            dir->seen[kept++] = dir->seen[i];
    dir->seen_count = kept;
}

/* Looks once; returns the name of a file that is ready, or NULL. */
static seen *scan_directory(watched_dir *dir, int64_t settle_ms)
{
    DIR *handle = opendir(dir->account->directory);
    if (handle == NULL) {
        gl_log(GL_LOG_ERROR, "watch-directory", "cannot read %s: %s", dir->account->directory, strerror(errno));
        return NULL;
    }
    int64_t now_us = gl_mono_us();
    for (size_t i = 0; i < dir->seen_count; i++)
        dir->seen[i].present = false;
    for (struct dirent *entry = readdir(handle); entry != NULL; entry = readdir(handle)) {
        char path[WATCH_PATH_BYTES];
        struct stat st;
        if (!is_candidate(entry->d_name) || !make_path(path, dir->account->directory, "", entry->d_name) ||
            lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        seen *s = seen_find(dir, entry->d_name);
        if (s == NULL)
            continue;
        int64_t changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        if (s->size != st.st_size || s->changed_ns != changed_ns) {
            s->size = st.st_size;
            s->changed_ns = changed_ns;
            s->still_since_us = now_us;
            s->failed = false;
        }
        s->present = true;
    }
    closedir(handle);
    forget_absent(dir);
    seen *ready = NULL;
    for (size_t i = 0; i < dir->seen_count; i++) {
        seen *s = &dir->seen[i];
        bool still = now_us - s->still_since_us >= settle_ms * 1000;
        if (still && !s->failed && (ready == NULL || strcmp(s->name, ready->name) < 0))
            ready = s;
    }
    return ready;
}

static bool map_file(gl_watched_file *file, const char *path, int64_t limit_bytes, gl_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (fd >= 0)
            close(fd);
        return gl_fail(err, GL_RETRY, "watch-file", "cannot open %s: %s", path, strerror(errno));
    }
    file->size = (size_t)st.st_size;
    bool ok = st.st_size <= limit_bytes;
    if (!ok)
        gl_fail(err, GL_DEAD_LETTER, "watch-file-too-large", "%s has %lld bytes, more than message_limit", path,
                (long long)st.st_size);
    if (ok && st.st_size > 0) {
        void *bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
        ok = bytes != MAP_FAILED;
        if (ok)
            file->bytes = bytes;
        else
            gl_fail(err, GL_RETRY, "watch-file", "cannot map %s: %s", path, strerror(errno));
    }
    close(fd);
    return ok;
}

/* Opens a file that is ready: maps it, names it by its digest, begins its answers. */
static gl_watched_file *file_open(gl_watch *watch, watched_dir *dir, const char *name, gl_err *err)
{
    gl_watched_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        abort();
    file->dir = dir;
    memcpy(file->name, name, strlen(name) + 1);
    char path[WATCH_PATH_BYTES];
    if (!make_path(path, dir->account->directory, "", name) ||
        !map_file(file, path, watch->ingest->conf.message_limit_bytes, err)) {
        file_close(file);
        return NULL;
    }
    uint8_t digest[GL_SHA256_BYTES];
    gl_sha256((gl_str){file->bytes == NULL ? "" : file->bytes, file->size}, digest);
    gl_hex(digest, GL_SHA256_BYTES, file->digest);
    gl_buf key = {0};
    gl_buf_printf(&key, "%s\n%s", dir->account->name, file->digest);
    file->key = gl_buf_view(&key);
    int len = snprintf(file->answers_path, sizeof file->answers_path, "%s/out/%s.%.8s.answers.ndjson",
                       dir->account->directory, name, file->digest);
    snprintf(path, sizeof path, "%s/out/.%s.%.8s.part", dir->account->directory, name, file->digest);
    if (len > 0 && len < WATCH_PATH_BYTES)
        file->answers = fopen(path, "w");
    if (file->answers == NULL) {
        gl_fail(err, GL_RETRY, "watch-answers", "cannot write %s: %s", path, strerror(errno));
        file_close(file);
        return NULL;
    }
    return file;
}

static void find_file(gl_watch *watch)
{
    for (size_t i = 0; i < watch->dir_count && watch->file == NULL; i++) {
        watched_dir *dir = &watch->dirs[i];
        own_directory(dir);
        if (dir->lock_fd < 0)
            continue;
        seen *ready = scan_directory(dir, watch->ingest->conf.settle_ms);
        if (ready == NULL)
            continue;
        gl_err err = {0};
        watch->file = file_open(watch, dir, ready->name, &err);
        if (watch->file == NULL) {
            ready->failed = true;
            gl_log_err(GL_LOG_ERROR, &err);
        }
    }
}

gl_job *gl_watch_take(gl_watch *watch)
{
    if (watch->file == NULL) {
        int64_t now_us = gl_mono_us();
        if (now_us < watch->next_scan_us)
            return NULL;
        find_file(watch);
        if (watch->file == NULL) {
            watch->next_scan_us = now_us + watch->ingest->conf.scan_interval_ms * 1000;
            return NULL;
        }
    }
    gl_watched_file *file = watch->file;
    if (file->busy)
        return NULL;
    gl_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        abort();
    file->busy = true;
    job->file = file;
    job->account = file->dir->account;
    job->bytes = (gl_str){file->bytes == NULL ? "" : file->bytes, file->size};
    job->format = gl_format_of_name(gl_str_of(file->name));
    if (job->format == GL_FORMAT_UNKNOWN)
        job->format = gl_format_detect(job->bytes);
    if (job->format == GL_FORMAT_CSV)
        job->profile = gl_str_of(job->account->profile);
    job->received_us = gl_wall_us();
    return job;
}

/* What an earlier run of this or another daemon has committed of the file. */
static void file_resume(gl_watched_file *file, gl_state *state, gl_arena *arena)
{
    gl_str value = {NULL, 0};
    gl_err err = {0};
    gl_intake_file_state progress;
    file->started = true;
    if (state == NULL || !gl_state_get(state, 0, file->key, &value, &err) || value.ptr == NULL)
        return;
    if (!gl_intake_file_state_decode(&progress, (const uint8_t *)value.ptr, value.len, arena, &err)) {
        gl_log_err(GL_LOG_ERROR, &err);
        return;
    }
    file->committed = progress.intake_file.done ? SIZE_MAX : (size_t)progress.intake_file.next_offset;
    file->committed_us = progress.intake_file.updated_at;
}

void gl_watch_chunk(gl_job *job, gl_state *state, gl_arena *arena, size_t *offset, int64_t *position, bool *answer_only,
                    int64_t *mrn_us)
{
    gl_watched_file *file = job->file;
    if (!file->started)
        file_resume(file, state, arena);
    *offset = file->offset;
    *position = file->position;
    *answer_only = file->offset < file->committed;
    if (*answer_only)
        *mrn_us = file->committed_us;
}

void gl_watch_progress(gl_job *job, const gl_record *record, gl_outbox *outbox, const gl_batch *batch, int64_t accepted,
                       int64_t rejected)
{
    gl_watched_file *file = job->file;
    if (file->offset < file->committed)
        return;
    gl_intake_file progress = {.account = gl_str_of(job->account->name),
                               .name = gl_str_of(file->name),
                               .size_bytes = (int64_t)file->size,
                               .next_offset = (int64_t)job->next_offset,
                               .next_position = job->next_position,
                               .accepted = file->accepted + accepted,
                               .rejected = file->rejected + rejected,
                               .done = job->finished,
                               .updated_at = batch->now_us};
    gl_buf value = gl_buf_in(batch->arena);
    gl_envelope_begin(&value, GL_SCHEMA_ID_INTAKE_FILE_STATE);
    gl_intake_file_encode(&value, &progress);
    gl_buf key = gl_buf_in(batch->arena); /* a copy: the file may be closed before the state is applied */
    gl_buf_str(&key, file->key);
    gl_outbox_state(outbox, record, gl_buf_view(&key), gl_buf_view(&value));
}

static bool write_answers(gl_job *job)
{
    gl_buf lines = {0};
    if (job->message_error.code != NULL) {
        gl_buf_text(&lines, "{\"position\":1,\"status\":\"rejected\",\"errors\":[{\"code\":");
        gl_buf_json(&lines, gl_str_of(job->message_error.code));
        gl_buf_text(&lines, ",\"text\":");
        gl_buf_json(&lines, gl_str_of(job->message_error.message));
        gl_buf_text(&lines, "}]}\n");
    }
    for (size_t i = 0; i < job->answer_count; i++) {
        gl_answer_json(&lines, &job->answers[i]);
        gl_buf_byte(&lines, '\n');
    }
    bool ok = lines.len == 0 || fwrite(lines.data, 1, lines.len, job->file->answers) == lines.len;
    gl_buf_free(&lines);
    return ok;
}

/* Publishes the answers, then moves the file away: in this order a crash in between only repeats the answers. */
static bool file_finish(gl_watched_file *file, gl_err *err)
{
    char from[WATCH_PATH_BYTES], to[WATCH_PATH_BYTES];
    const char *directory = file->dir->account->directory;
    bool ok = fflush(file->answers) == 0 && fsync(fileno(file->answers)) == 0;
    ok = fclose(file->answers) == 0 && ok;
    file->answers = NULL;
    snprintf(from, sizeof from, "%s/out/.%s.%.8s.part", directory, file->name, file->digest);
    ok = ok && rename(from, file->answers_path) == 0;
    ok = ok && make_path(from, directory, "", file->name) && make_path(to, directory, "done/", file->name) &&
         rename(from, to) == 0;
    return ok || gl_fail(err, GL_RETRY, "watch-answers", "cannot finish %s: %s", file->name, strerror(errno));
}

static void file_drop(gl_watch *watch, bool failed)
{
    gl_watched_file *file = watch->file;
    seen *s = failed ? seen_find(file->dir, file->name) : NULL;
    if (s != NULL)
        s->failed = true;
    file_close(file);
    watch->file = NULL;
}

void gl_watch_settle(gl_watch *watch, gl_job *job, bool committed, const gl_err *err)
{
    gl_watched_file *file = job->file;
    file->busy = false;
    if (!committed) {
        gl_log(GL_LOG_WARN, "watch-retry", "%s: %s", file->name, err->message);
        watch->next_scan_us = gl_mono_us() + watch->ingest->conf.scan_interval_ms * 1000;
        free(job);
        return;
    }
    for (size_t i = 0; i < job->answer_count; i++)
        if (job->answers[i].mrn.len > 0)
            file->accepted++;
        else
            file->rejected++;
    bool ok = write_answers(job);
    file->offset = job->next_offset;
    file->position = job->next_position;
    gl_err failure = {0};
    if (!ok)
        gl_fail(&failure, GL_RETRY, "watch-answers", "cannot write the answers of %s: %s", file->name, strerror(errno));
    if (ok && job->finished)
        ok = file_finish(file, &failure);
    if (!ok)
        gl_log_err(GL_LOG_ERROR, &failure);
    if (!ok || job->finished) {
        if (ok)
            gl_log(GL_LOG_INFO, "file-done", "%s: %lld accepted, %lld rejected", file->name, (long long)file->accepted,
                   (long long)file->rejected);
        file_drop(watch, !ok);
    }
    free(job);
}
