/* See store.h. */
#include "stage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stage/overlay.h"
#include "stage/pack.h"

enum { PATH_BYTES = 1024, BOOT_ID_BYTES = 64, ENTRY_BYTES = 64 /* of a page, beside key and value */ };
/* Of what this file lays out, not of the values: a store of another format is wiped and restored, after an upgrade and
 * after a rollback. */
static const int64_t FORMAT = 2 + GL_VERSION_NEXT;

/* Entries of one LMDB transaction. It holds a copy of each page that it changes until its end, and the environment
 * keeps that memory for the next one: without a bound each of a process' environments would come to hold the pages of
 * the largest batch it ever saw. */
enum { STEP = 2048 };

static const size_t FIRST_MAP_BYTES = (size_t)256 << 20;
static const size_t SLACK_BYTES = (size_t)64 << 20; /* kept free beyond what a write is known to need */
static const char CLEAN[] = "clean";

struct gl_store {
    MDB_env *env;
    MDB_dbi entries, meta;
    MDB_txn *view; /* the read view; kept, and renewed when `viewing` is false */
    MDB_cursor *cursor;
    MDB_val at; /* the value where the cursor is */
    gl_pack *pack;
    bool viewing;
    bool cursor_ready; /* the cursor belongs to the current view */
    int64_t marker;
    int lock_fd;
    char directory[PATH_BYTES];
    char cluster[128];
    char topic[256];
};

static bool io_failed(gl_err *err, const gl_store *store, const char *what, int code)
{
    return gl_fail(err, GL_FATAL, "state-io", "%s in %s: %s", what, store->directory, mdb_strerror(code));
}

static bool make_directories(const char *path, gl_err *err)
{
    char part[PATH_BYTES];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return gl_fail(err, GL_FATAL, "state-io", "the path of a state directory has %zu bytes", len);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, 0750) != 0 && errno != EEXIST)
            return gl_fail(err, GL_FATAL, "state-io", "cannot make the state directory %s: %s", part, strerror(errno));
        part[i] = kept;
    }
    return true;
}

static void path_in(const gl_store *store, const char *name, char path[PATH_BYTES + 16])
{
    snprintf(path, PATH_BYTES + 16, "%s/%s", store->directory, name);
}

static bool read_line(const char *path, char *text, size_t capacity)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool good = fgets(text, (int)capacity, file) != NULL;
    fclose(file);
    if (good)
        text[strcspn(text, "\n")] = '\0';
    return good;
}

/* Unreadable (no /proc): a name that no later start has, so that an unclean store is always wiped. */
static void boot_id(char id[BOOT_ID_BYTES])
{
    if (!read_line("/proc/sys/kernel/random/boot_id", id, BOOT_ID_BYTES))
        snprintf(id, BOOT_ID_BYTES, "process-%ld", (long)getpid());
}

/* Durable before anything that relies on it is written. */
static bool write_boot(const gl_store *store, const char *text, gl_err *err)
{
    char path[PATH_BYTES + 16], fresh[PATH_BYTES + 16];
    path_in(store, "boot", path);
    path_in(store, "boot.new", fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    size_t len = strlen(text);
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    if (!good || rename(fresh, path) != 0)
        return gl_fail(err, GL_FATAL, "state-io", "cannot write %s: %s", path, strerror(errno));
    int directory = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        fsync(directory);
        close(directory);
    }
    return true;
}

static bool lock_directory(gl_store *store, gl_err *err)
{
    char path[PATH_BYTES + 16];
    path_in(store, "owner", path);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (store->lock_fd < 0)
        return gl_fail(err, GL_FATAL, "state-io", "cannot open %s: %s", path, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return gl_fail(err, GL_RETRY, "state-locked", "%s is in use by another worker", store->directory);
    return true;
}

static void remove_files(const gl_store *store)
{
    char path[PATH_BYTES + 16];
    path_in(store, "data.mdb", path);
    unlink(path);
    path_in(store, "lock.mdb", path);
    unlink(path);
}

/* A file whose last user did not close it is whole only while the operating system is the same. */
static bool is_trusted(const gl_store *store, const char *current_boot)
{
    char path[PATH_BYTES + 16], boot[BOOT_ID_BYTES];
    path_in(store, "boot", path);
    return read_line(path, boot, sizeof boot) && (strcmp(boot, CLEAN) == 0 || strcmp(boot, current_boot) == 0);
}

static void close_environment(gl_store *store)
{
    if (store->cursor != NULL)
        mdb_cursor_close(store->cursor);
    store->cursor = NULL;
    if (store->view != NULL)
        mdb_txn_abort(store->view);
    store->view = NULL;
    if (store->env != NULL)
        mdb_env_close(store->env);
    store->env = NULL;
    store->viewing = false;
}

static int open_databases(gl_store *store)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code != 0)
        return code;
    code = mdb_dbi_open(txn, "entries", MDB_CREATE, &store->entries);
    if (code == 0)
        code = mdb_dbi_open(txn, "meta", MDB_CREATE, &store->meta);
    if (code != 0) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

static size_t used_bytes(const gl_store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &stat);
    return (info.me_last_pgno + 1) * stat.ms_psize;
}

static size_t map_bytes(const gl_store *store)
{
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    return info.me_mapsize;
}

/* Moves the map when it grows: what was read from it is gone. */
static int grow_to(gl_store *store, size_t need)
{
    size_t before = map_bytes(store), bytes = before;
    while (bytes < need)
        bytes *= 2;
    return bytes == before ? 0 : mdb_env_set_mapsize(store->env, bytes);
}

static int open_environment(gl_store *store)
{
    int code = mdb_env_create(&store->env);
    if (code == 0)
        code = mdb_env_set_maxdbs(store->env, 2);
    if (code == 0)
        code = mdb_env_set_mapsize(store->env, FIRST_MAP_BYTES);
    if (code == 0)
        code = mdb_env_open(store->env, store->directory, MDB_NOSYNC | MDB_NOTLS | MDB_NOMEMINIT, 0640);
    if (code == 0) { /* slots of readers that were killed would keep old pages from being used again */
        int dead;
        code = mdb_reader_check(store->env, &dead);
    }
    if (code == 0)
        code = grow_to(store, 2 * (used_bytes(store) + SLACK_BYTES));
    return code == 0 ? open_databases(store) : code;
}

static int put_meta(gl_store *store, MDB_txn *txn, const char *name, const void *data, size_t size)
{
    MDB_val key = {strlen(name), (void *)name}, value = {size, (void *)data};
    return mdb_put(txn, store->meta, &key, &value, 0);
}

static bool get_meta(gl_store *store, MDB_txn *txn, const char *name, MDB_val *value)
{
    MDB_val key = {strlen(name), (void *)name};
    return mdb_get(txn, store->meta, &key, value) == 0;
}

static bool meta_is(gl_store *store, MDB_txn *txn, const char *name, const char *wanted)
{
    MDB_val value;
    return get_meta(store, txn, name, &value) && value.mv_size == strlen(wanted) &&
           memcmp(value.mv_data, wanted, value.mv_size) == 0;
}

static bool meta_number(gl_store *store, MDB_txn *txn, const char *name, int64_t *number)
{
    MDB_val value;
    if (!get_meta(store, txn, name, &value) || value.mv_size != sizeof *number)
        return false;
    memcpy(number, value.mv_data, sizeof *number);
    return true;
}

/* Is the copy one of this topic, and fresh enough? `*empty`: there was none yet. */
static bool is_usable(gl_store *store, const gl_store_identity *identity, bool *usable, bool *empty, gl_err *err)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (code != 0)
        return io_failed(err, store, "cannot read", code);
    int64_t at_ms = 0, format = 1, dictionary = 0; /* the first one did not say so */
    meta_number(store, txn, "format", &format);
    meta_number(store, txn, "dictionary", &dictionary);
    *empty = !meta_number(store, txn, "marker", &store->marker);
    *usable = !*empty && format == FORMAT && dictionary == gl_pack_id(store->pack) &&
              meta_is(store, txn, "cluster", identity->cluster) && meta_is(store, txn, "topic", identity->topic) &&
              meta_number(store, txn, "at", &at_ms) && identity->now_ms - at_ms <= identity->stale_after_ms;
    mdb_txn_abort(txn);
    return true;
}

bool gl_store_wipe(gl_store *store, gl_err *err)
{
    gl_store_release(store);
    MDB_txn *txn;
    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code != 0)
        return io_failed(err, store, "cannot wipe", code);
    code = mdb_drop(txn, store->entries, 0);
    if (code == 0)
        code = mdb_drop(txn, store->meta, 0);
    if (code != 0) {
        mdb_txn_abort(txn);
        return io_failed(err, store, "cannot wipe", code);
    }
    code = mdb_txn_commit(txn);
    store->marker = 0;
    return code == 0 || io_failed(err, store, "cannot wipe", code);
}

/* Files that LMDB refuses are thrown away: the changelog has everything. */
static bool open_or_replace(gl_store *store, bool *wiped, gl_err *err)
{
    int code = open_environment(store);
    if (code == 0)
        return true;
    close_environment(store);
    if (code == ENOSPC || code == EACCES || code == ENOMEM)
        return io_failed(err, store, "cannot open", code);
    remove_files(store);
    *wiped = true;
    code = open_environment(store);
    return code == 0 || io_failed(err, store, "cannot open", code);
}

static bool open_store(gl_store *store, const gl_store_identity *identity, bool *wiped, gl_err *err)
{
    char boot[BOOT_ID_BYTES], path[PATH_BYTES + 16];
    if (!make_directories(store->directory, err) || !lock_directory(store, err))
        return false;
    boot_id(boot);
    path_in(store, "data.mdb", path);
    if (access(path, F_OK) == 0 && !is_trusted(store, boot)) {
        remove_files(store);
        *wiped = true;
    }
    bool usable = false, empty = true;
    if (!write_boot(store, boot, err) || !open_or_replace(store, wiped, err) ||
        !is_usable(store, identity, &usable, &empty, err))
        return false;
    if (usable)
        return true;
    *wiped = *wiped || !empty;
    return gl_store_wipe(store, err);
}

gl_store *gl_store_open(const char *directory, const gl_store_identity *identity, bool *wiped, gl_err *err)
{
    bool dropped = false;
    gl_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    store->lock_fd = -1;
    snprintf(store->directory, sizeof store->directory, "%s", directory);
    snprintf(store->cluster, sizeof store->cluster, "%s", identity->cluster);
    snprintf(store->topic, sizeof store->topic, "%s", identity->topic);
    store->pack = gl_pack_new(identity->dictionary);
    if (!open_store(store, identity, &dropped, err)) {
        close_environment(store);
        gl_pack_free(store->pack);
        if (store->lock_fd >= 0)
            close(store->lock_fd);
        free(store);
        store = NULL;
    }
    if (wiped != NULL)
        *wiped = dropped;
    return store;
}

/* Failing here costs a restore at the next start, no data: the boot file then still names this boot. */
void gl_store_close(gl_store *store, int64_t now_ms)
{
    if (store == NULL)
        return;
    gl_store_release(store);
    gl_err ignored;
    bool synced = gl_store_apply(store, NULL, 0, store->marker, now_ms, &ignored) && mdb_env_sync(store->env, 1) == 0;
    close_environment(store);
    if (synced)
        write_boot(store, CLEAN, &ignored);
    close(store->lock_fd);
    gl_pack_free(store->pack);
    free(store);
}

int64_t gl_store_marker(const gl_store *store)
{
    return store->marker;
}

static int put_value(gl_store *store, MDB_txn *txn, MDB_val *key, gl_str value)
{
    uint8_t how;
    gl_str packed;
    gl_pack_value(store->pack, value, &how, &packed);
    MDB_val room = {packed.len + 1, NULL};
    int code = mdb_put(txn, store->entries, key, &room, MDB_RESERVE);
    if (code != 0)
        return code;
    uint8_t *bytes = room.mv_data;
    bytes[0] = how;
    memcpy(bytes + 1, packed.ptr, packed.len);
    return 0;
}

static int apply_all(gl_store *store, MDB_txn *txn, const gl_store_entry *const *entries, size_t count, int64_t marker,
                     int64_t now_ms)
{
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        MDB_val key = {entries[i]->key.len, (void *)entries[i]->key.ptr};
        if (entries[i]->value.ptr != NULL)
            code = put_value(store, txn, &key, entries[i]->value);
        else if ((code = mdb_del(txn, store->entries, &key, NULL)) == MDB_NOTFOUND)
            code = 0;
    }
    if (code == 0)
        code = put_meta(store, txn, "marker", &marker, sizeof marker);
    if (code == 0)
        code = put_meta(store, txn, "at", &now_ms, sizeof now_ms);
    if (code == 0)
        code = put_meta(store, txn, "format", &FORMAT, sizeof FORMAT);
    int64_t dictionary = gl_pack_id(store->pack);
    if (code == 0)
        code = put_meta(store, txn, "dictionary", &dictionary, sizeof dictionary);
    if (code == 0)
        code = put_meta(store, txn, "cluster", store->cluster, strlen(store->cluster));
    if (code == 0)
        code = put_meta(store, txn, "topic", store->topic, strlen(store->topic));
    return code;
}

static int apply_once(gl_store *store, const gl_store_entry *const *entries, size_t count, int64_t marker,
                      int64_t now_ms)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code != 0)
        return code;
    code = apply_all(store, txn, entries, count, marker, now_ms);
    if (code != 0) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

typedef struct changes {
    const gl_store_entry *entries;
    size_t count;
    gl_store_entry *copies;       /* NULL: the entries are where they came from. One block with their bytes */
    const gl_store_entry **order; /* by key; NULL: not yet */
} changes;

static size_t bytes_of(const changes *c)
{
    size_t bytes = 0;
    for (size_t i = 0; i < c->count; i++)
        bytes += c->entries[i].key.len + c->entries[i].value.len;
    return bytes;
}

static gl_str copy_to(char **at, gl_str s)
{
    if (s.ptr == NULL)
        return s;
    gl_str copy = {*at, s.len};
    memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return copy;
}

/* Keys and values may be slices of the map, which is about to move. */
static void copy_out(changes *c)
{
    size_t head = c->count * sizeof *c->copies;
    c->copies = malloc(head + bytes_of(c) + 1);
    if (c->copies == NULL)
        abort();
    char *at = (char *)c->copies + head;
    for (size_t i = 0; i < c->count; i++)
        c->copies[i] = (gl_store_entry){copy_to(&at, c->entries[i].key), copy_to(&at, c->entries[i].value)};
    c->entries = c->copies;
    free(c->order); /* it points to where they were */
    c->order = NULL;
}

static int make_room(gl_store *store, changes *c, size_t need)
{
    if (need <= map_bytes(store))
        return 0;
    if (c->copies == NULL)
        copy_out(c);
    return grow_to(store, need);
}

/* Of one key in the order in which they were given. */
static int compare_places(const void *left, const void *right)
{
    const gl_store_entry *a = *(const gl_store_entry *const *)left, *b = *(const gl_store_entry *const *)right;
    int order = gl_key_compare(a->key, b->key);
    return order != 0 ? order : (a > b) - (a < b);
}

/* In the order of their keys, in which a page of the tree is changed once and a step stays in its own part of it. */
static const gl_store_entry **in_order(changes *c)
{
    if (c->order != NULL)
        return c->order;
    c->order = malloc((c->count + 1) * sizeof *c->order);
    if (c->order == NULL)
        abort();
    for (size_t i = 0; i < c->count; i++)
        c->order[i] = &c->entries[i];
    qsort(c->order, c->count, sizeof *c->order, compare_places);
    return c->order;
}

static int apply_step(gl_store *store, changes *c, size_t from, size_t count, int64_t marker, int64_t now_ms)
{
    int code = apply_once(store, in_order(c) + from, count, marker, now_ms);
    for (int tries = 0; code == MDB_MAP_FULL && tries < 8; tries++) {
        code = make_room(store, c, map_bytes(store) * 2);
        if (code == 0)
            code = apply_once(store, in_order(c) + from, count, marker, now_ms);
    }
    return code;
}

static int apply_growing(gl_store *store, changes *c, int64_t marker, int64_t now_ms)
{
    size_t need = used_bytes(store) + 4 * (bytes_of(c) + c->count * ENTRY_BYTES) + SLACK_BYTES, from = 0;
    int code = make_room(store, c, need);
    if (code == 0 && c->count > STEP && c->copies == NULL)
        copy_out(c); /* slices of the map are good for one transaction: a later one may write where they are */
    for (; code == 0 && c->count - from > STEP; from += STEP)
        code = apply_step(store, c, from, STEP, store->marker, now_ms);
    return code == 0 ? apply_step(store, c, from, c->count - from, marker, now_ms) : code;
}

bool gl_store_apply(gl_store *store, const gl_store_entry *entries, size_t count, int64_t marker, int64_t now_ms,
                    gl_err *err)
{
    gl_store_release(store);
    changes c = {.entries = entries, .count = count};
    int64_t next = marker < 0 ? store->marker : marker;
    int code = apply_growing(store, &c, next, now_ms);
    free(c.copies);
    free(c.order);
    if (code != 0)
        return io_failed(err, store, "cannot write", code);
    store->marker = next;
    return true;
}

static bool begin_view(gl_store *store, gl_err *err)
{
    if (store->viewing)
        return true;
    int code =
        store->view == NULL ? mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->view) : mdb_txn_renew(store->view);
    if (code != 0)
        return io_failed(err, store, "cannot read", code);
    store->viewing = true;
    store->cursor_ready = false;
    return true;
}

static gl_str slice_of(MDB_val value)
{
    return (gl_str){value.mv_data == NULL ? "" : value.mv_data, value.mv_size};
}

bool gl_store_get(gl_store *store, gl_arena *arena, gl_str key, gl_str *value, gl_err *err)
{
    *value = (gl_str){NULL, 0};
    if (key.len == 0 || key.len > GL_STORE_KEY_LIMIT_BYTES)
        return true; /* no such key can have been written */
    if (!begin_view(store, err))
        return false;
    MDB_val wanted = {key.len, (void *)key.ptr}, found;
    int code = mdb_get(store->view, store->entries, &wanted, &found);
    if (code == MDB_NOTFOUND)
        return true;
    if (code != 0)
        return io_failed(err, store, "cannot read", code);
    return gl_unpack_value(store->pack, arena, slice_of(found), value, err);
}

static bool move_cursor(gl_store *store, MDB_val *at, MDB_cursor_op op, gl_str *key, gl_err *err)
{
    *key = (gl_str){NULL, 0};
    int code = mdb_cursor_get(store->cursor, at, &store->at, op);
    if (code == MDB_NOTFOUND)
        return true;
    if (code != 0)
        return io_failed(err, store, "cannot read", code);
    *key = slice_of(*at);
    return true;
}

bool gl_store_seek(gl_store *store, gl_str from, gl_str *key, gl_err *err)
{
    if (!begin_view(store, err))
        return false;
    int code = 0;
    if (store->cursor == NULL)
        code = mdb_cursor_open(store->view, store->entries, &store->cursor);
    else if (!store->cursor_ready)
        code = mdb_cursor_renew(store->view, store->cursor);
    if (code != 0)
        return io_failed(err, store, "cannot read", code);
    store->cursor_ready = true;
    MDB_val at = {from.len, (void *)from.ptr};
    return move_cursor(store, &at, from.len == 0 ? MDB_FIRST : MDB_SET_RANGE, key, err);
}

bool gl_store_next(gl_store *store, gl_str *key, gl_err *err)
{
    MDB_val at = {0, NULL};
    return move_cursor(store, &at, MDB_NEXT, key, err);
}

bool gl_store_value(gl_store *store, gl_arena *arena, gl_str *value, gl_err *err)
{
    return gl_unpack_value(store->pack, arena, slice_of(store->at), value, err);
}

void gl_store_release(gl_store *store)
{
    if (!store->viewing)
        return;
    mdb_txn_reset(store->view);
    store->viewing = false;
    store->cursor_ready = false;
}

bool gl_store_count(gl_store *store, size_t *count, gl_err *err)
{
    if (!begin_view(store, err))
        return false;
    MDB_stat stat;
    int code = mdb_stat(store->view, store->entries, &stat);
    *count = code == 0 ? stat.ms_entries : 0;
    return code == 0 || io_failed(err, store, "cannot read", code);
}

int64_t gl_store_bytes(const gl_store *store)
{
    return (int64_t)used_bytes(store);
}
