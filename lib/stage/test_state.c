/* The store on disk and reads that merge it with a batch's writes. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stage/outbox.h"

static char directory[] = "/tmp/gl-test-state-XXXXXX";
static char place[64];
static const gl_store_identity identity = {
    .cluster = "cluster", .topic = "topic", .stale_after_ms = 3600000, .now_ms = 1000};
static gl_arena *scratch;

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(directory));
    scratch = gl_arena_new(0);
    snprintf(place, sizeof place, "%s/0", directory);
}

static void tear_down(void)
{
    gl_arena_destroy(scratch);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(state, .init = set_up, .fini = tear_down);

static gl_store *reopen(const gl_store_identity *as, bool *wiped)
{
    gl_err err = {0};
    gl_store *store = gl_store_open(place, as, wiped, &err);
    cr_assert_not_null(store, "%s", err.message);
    return store;
}

static void put(gl_store *store, const char *key, const char *value, int64_t marker)
{
    gl_err err = {0};
    gl_store_entry entry = {gl_str_of(key), gl_str_of(value)};
    cr_assert(gl_store_apply(store, &entry, 1, marker, 1000, &err), "%s", err.message);
}

static bool has(gl_store *store, const char *key)
{
    gl_str value;
    gl_err err;
    cr_assert(gl_store_get(store, scratch, gl_str_of(key), &value, &err));
    return value.ptr != NULL;
}

Test(state, entries_and_marker_survive_a_clean_close)
{
    bool wiped;
    gl_store *store = reopen(&identity, &wiped);
    cr_assert_not(wiped);
    cr_assert_eq(gl_store_marker(store), 0);
    put(store, "a", "1", 7);
    put(store, "b", NULL, 9);
    gl_store_close(store, 1000);
    store = reopen(&identity, &wiped);
    cr_assert_not(wiped);
    cr_assert_eq(gl_store_marker(store), 9);
    cr_assert(has(store, "a"));
    cr_assert_not(has(store, "b"));
    gl_store_close(store, 1000);
}

Test(state, another_boot_without_a_clean_close_is_wiped)
{
    bool wiped;
    gl_store *store = reopen(&identity, NULL);
    put(store, "a", "1", 7);
    gl_store_close(store, 1000);
    char path[96];
    snprintf(path, sizeof path, "%s/boot", place);
    FILE *file = fopen(path, "w");
    fputs("an-earlier-boot", file);
    fclose(file);
    store = reopen(&identity, &wiped);
    cr_assert(wiped);
    cr_assert_eq(gl_store_marker(store), 0);
    cr_assert_not(has(store, "a"));
    gl_store_close(store, 1000);
}

Test(state, another_cluster_topic_or_time_is_wiped)
{
    const gl_store_identity others[] = {
        {.cluster = "other", .topic = "topic", .stale_after_ms = 3600000, .now_ms = 1000},
        {.cluster = "cluster", .topic = "other", .stale_after_ms = 3600000, .now_ms = 1000},
        {.cluster = "cluster", .topic = "topic", .stale_after_ms = 3600000, .now_ms = 1000 + 3600001}};
    for (size_t i = 0; i < 3; i++) {
        bool wiped;
        gl_store *store = reopen(&identity, NULL);
        put(store, "a", "1", 7);
        gl_store_close(store, 1000);
        store = reopen(&others[i], &wiped);
        cr_assert(wiped, "case %zu", i);
        cr_assert_not(has(store, "a"));
        gl_store_close(store, 1000);
    }
}

Test(state, a_torn_file_is_replaced)
{
    bool wiped;
    gl_store *store = reopen(&identity, NULL);
    put(store, "a", "1", 7);
    gl_store_close(store, 1000);
    char path[96];
    snprintf(path, sizeof path, "%s/data.mdb", place);
    FILE *file = fopen(path, "w");
    fputs("this is no LMDB environment, but it is long enough to be looked at as one, and then some more of it", file);
    fclose(file);
    store = reopen(&identity, &wiped);
    cr_assert(wiped);
    cr_assert_eq(gl_store_marker(store), 0);
    gl_store_close(store, 1000);
}

Test(state, two_workers_never_have_one_partition_open)
{
    gl_store *store = reopen(&identity, NULL);
    gl_err err = {0};
    cr_assert_null(gl_store_open(place, &identity, NULL, &err));
    cr_assert_str_eq(err.code, "state-locked");
    cr_assert_eq(err.action, GL_RETRY);
    gl_store_close(store, 1000);
}

Test(state, the_map_grows_beyond_its_first_size)
{
    enum { VALUE_BYTES = 1 << 20, COUNT = 700 };
    gl_store *store = reopen(&identity, NULL);
    char *big = malloc(VALUE_BYTES);
    memset(big, 'x', VALUE_BYTES);
    gl_err err = {0};
    for (int i = 0; i < COUNT; i += 100) {
        gl_store_entry entries[100];
        char keys[100][16];
        for (int j = 0; j < 100; j++) {
            snprintf(keys[j], sizeof keys[j], "%06d", i + j);
            entries[j] = (gl_store_entry){gl_str_of(keys[j]), {big, VALUE_BYTES}};
        }
        cr_assert(gl_store_apply(store, entries, 100, i + 100, 1000, &err), "%s", err.message);
    }
    size_t count;
    cr_assert(gl_store_count(store, &count, &err));
    cr_assert_eq(count, COUNT);
    cr_assert_gt(gl_store_bytes(store), (int64_t)COUNT * VALUE_BYTES);
    gl_store_close(store, 1000);
    free(big);
}

/* What a timer that is due is deleted by is the key that was read. */
Test(state, what_was_read_can_be_written_while_the_map_moves)
{
    enum { VALUE_BYTES = 100 << 20 }; /* more than the first map holds, with what it takes to write it */
    gl_store *store = reopen(&identity, NULL);
    put(store, "time:1", "due", 1);
    put(store, "value", "kept", 2);
    gl_err err = {0};
    gl_str key, kept, none;
    cr_assert(gl_store_seek(store, GL_STR("time:"), &key, &err), "%s", err.message);
    cr_assert(gl_store_get(store, scratch, GL_STR("value"), &kept, &err), "%s", err.message);
    char *big = calloc(1, VALUE_BYTES);
    const gl_store_entry entries[] = {
        {GL_STR("big"), {big, VALUE_BYTES}}, {key, {NULL, 0}}, {GL_STR("again"), kept}, {GL_STR("empty"), {"", 0}}};
    cr_assert(gl_store_apply(store, entries, 4, 3, 1000, &err), "%s", err.message);
    cr_assert(!has(store, "time:1"));
    cr_assert(gl_store_get(store, scratch, GL_STR("again"), &kept, &err), "%s", err.message);
    cr_assert(gl_str_eqz(kept, "kept"));
    cr_assert(gl_store_get(store, scratch, GL_STR("empty"), &none, &err), "%s", err.message);
    cr_assert(none.ptr != NULL && none.len == 0);
    gl_store_close(store, 1000);
    free(big);
}

/* More than one LMDB transaction takes: the pages that hold what was read are used again by the later ones. */
Test(state, what_was_read_can_be_written_with_many_others)
{
    enum { COUNT = 20000, ROUNDS = 3 };
    static char keys[COUNT][24];
    static gl_store_entry entries[COUNT + 1];
    gl_store *store = reopen(&identity, NULL);
    gl_err err = {0};
    put(store, "read", "what was read", 1);
    for (int round = 0; round < ROUNDS; round++) {
        gl_str read;
        cr_assert(gl_store_get(store, scratch, GL_STR("read"), &read, &err), "%s", err.message);
        for (int i = 0; i < COUNT; i++) {
            snprintf(keys[i], sizeof keys[i], "%05d", (i * 7919 + round) % COUNT);
            entries[i] = (gl_store_entry){gl_str_of(keys[i]), gl_str_of(keys[i])};
        }
        entries[COUNT] = (gl_store_entry){GL_STR("copy"), read};
        cr_assert(gl_store_apply(store, entries, COUNT + 1, 2 + round, 1000, &err), "%s", err.message);
        cr_assert(gl_store_get(store, scratch, GL_STR("copy"), &read, &err), "%s", err.message);
        cr_assert(gl_str_eqz(read, "what was read"));
        put(store, "read", "what was read", 2 + round);
    }
    for (int i = 0; i < COUNT; i++) { /* the same few keys, deleted and written again and again: the last one counts */
        snprintf(keys[i], sizeof keys[i], "r%d", i % 7);
        entries[i] = (gl_store_entry){{keys[i], 2},
                                      i % 5 == 0 ? (gl_str){NULL, 0} : gl_str_of(i >= COUNT - 7 ? "last" : "early")};
    }
    cr_assert(gl_store_apply(store, entries, COUNT, 1 + ROUNDS, 1000, &err), "%s", err.message);
    size_t count, gone = 0;
    for (int i = COUNT - 7; i < COUNT; i++) {
        gl_str value;
        cr_assert(gl_store_get(store, scratch, entries[i].key, &value, &err));
        cr_assert(i % 5 == 0 ? value.ptr == NULL : gl_str_eqz(value, "last"), "%.*s", GL_STR_ARG(entries[i].key));
        gone += i % 5 == 0;
    }
    cr_assert(gl_store_count(store, &count, &err));
    cr_assert_eq(count, COUNT + 2 + 7 - gone);
    cr_assert_eq(gl_store_marker(store), 1 + ROUNDS);
    gl_store_close(store, 1000);
}

static gl_str first(gl_state *state, const char *prefix, gl_str *value)
{
    gl_str key;
    gl_err err = {0};
    cr_assert(gl_state_first(state, 0, gl_str_of(prefix), &key, value, &err), "%s", err.message);
    return key;
}

Test(state, a_batch_reads_its_own_writes_over_the_store)
{
    gl_store *store = reopen(&identity, NULL);
    put(store, "p1", "stored", 1);
    put(store, "p2", "stored", 2);
    put(store, "q", "stored", 3);
    gl_arena *arena = gl_arena_new(0);
    gl_state *state = gl_state_new(arena);
    gl_state_set_store(state, 0, store);
    gl_str value;
    cr_assert(gl_str_eqz(first(state, "p", &value), "p1"));
    gl_state_put(state, 0, GL_STR("p1"), (gl_str){NULL, 0});
    cr_assert(gl_str_eqz(first(state, "p", &value), "p2"));
    gl_state_put(state, 0, GL_STR("p2"), GL_STR("own"));
    cr_assert(gl_str_eqz(first(state, "p", &value), "p2"));
    cr_assert(gl_str_eqz(value, "own"));
    gl_state_savepoint savepoint = gl_state_save(state);
    gl_state_put(state, 0, GL_STR("p2"), (gl_str){NULL, 0});
    gl_state_put(state, 0, GL_STR("p3"), GL_STR("own"));
    cr_assert(gl_str_eqz(first(state, "p", &value), "p3"));
    gl_state_rollback(state, savepoint);
    cr_assert(gl_str_eqz(first(state, "p", &value), "p2"));
    gl_state_end_batch(state);
    cr_assert(gl_str_eqz(first(state, "p", &value), "p1"));
    cr_assert(gl_str_eqz(first(state, "q", &value), "q"));
    cr_assert_null(first(state, "r", &value).ptr);
    gl_err err;
    cr_assert_not(gl_state_get(state, 5, GL_STR("q"), &value, &err));
    cr_assert_str_eq(err.code, "state-io");
    gl_state_end_batch(state);
    gl_store_close(store, 1000);
    gl_state_destroy(state);
    gl_arena_destroy(arena);
}

static bool count_key(void *context, gl_str key, gl_str value)
{
    (void)key;
    (void)value;
    return ++*(int *)context % 3 != 0;
}

Test(state, a_walk_over_the_store_goes_on_where_it_stopped)
{
    gl_store *store = reopen(&identity, NULL);
    for (int i = 0; i < 5; i++) {
        char key[2] = {(char)('a' + i), 0};
        put(store, key, "x", i + 1);
    }
    gl_arena *arena = gl_arena_new(0);
    gl_state *state = gl_state_new(arena);
    gl_state_set_store(state, 0, store);
    gl_err err;
    int seen = 0;
    cr_assert(gl_state_walk(state, arena, 0, (gl_str){NULL, 0}, count_key, &seen, &err));
    cr_assert_eq(seen, 3);
    cr_assert(gl_state_walk(state, arena, 0, GL_STR("c"), count_key, &seen, &err));
    cr_assert_eq(seen, 5);
    gl_state_end_batch(state);
    gl_store_close(store, 1000);
    gl_state_destroy(state);
    gl_arena_destroy(arena);
}
