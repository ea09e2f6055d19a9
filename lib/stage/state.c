/* See state.h and stage.h: reads that merge a batch's own writes with the stores. */
#include "stage/state.h"

#include <stdlib.h>
#include <string.h>

#include "gen/topics.h"

typedef struct partition_state {
    gl_overlay overlay;
    gl_store *store;
    bool written; /* the overlay holds something */
} partition_state;

struct gl_state {
    gl_arena *arena;
    bool in_memory;
    partition_state *partitions;
    size_t partition_count;
    gl_overlay_version *newest;
};

gl_state *gl_state_new_memory(gl_arena *arena)
{
    gl_state *state = GL_NEW(arena, gl_state);
    state->arena = arena;
    state->in_memory = true;
    return state;
}

gl_state *gl_state_new(gl_arena *arena)
{
    gl_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        abort();
    state->arena = arena;
    return state;
}

void gl_state_destroy(gl_state *state)
{
    if (state == NULL)
        return;
    free(state->partitions);
    free(state);
}

static partition_state *partition_at(gl_state *state, int32_t partition)
{
    size_t index = partition < 0 ? 0 : (size_t)partition;
    if (index < state->partition_count)
        return &state->partitions[index];
    size_t count = state->partition_count == 0 ? 8 : state->partition_count;
    while (count <= index)
        count *= 2;
    partition_state *grown;
    if (state->in_memory) {
        grown = GL_NEW_N(state->arena, partition_state, count);
    } else {
        grown = calloc(count, sizeof *grown);
        if (grown == NULL)
            abort();
    }
    if (state->partition_count > 0)
        memcpy(grown, state->partitions, state->partition_count * sizeof *grown);
    if (!state->in_memory)
        free(state->partitions);
    state->partitions = grown;
    state->partition_count = count;
    return &state->partitions[index];
}

void gl_state_set_store(gl_state *state, int32_t partition, gl_store *store)
{
    partition_at(state, partition)->store = store;
}

gl_store *gl_state_store(const gl_state *state, int32_t partition)
{
    size_t index = partition < 0 ? 0 : (size_t)partition;
    return index < state->partition_count ? state->partitions[index].store : NULL;
}

void gl_state_put(gl_state *state, int32_t partition, gl_str key, gl_str value)
{
    partition_state *at = partition_at(state, partition);
    at->written = true;
    gl_overlay_put(&at->overlay, state->arena, &state->newest, key, value);
}

gl_state_savepoint gl_state_save(const gl_state *state)
{
    return state->newest;
}

void gl_state_rollback(gl_state *state, gl_state_savepoint savepoint)
{
    gl_overlay_rollback(&state->newest, savepoint);
}

void gl_state_end_batch(gl_state *state)
{
    for (size_t i = 0; i < state->partition_count; i++) {
        partition_state *at = &state->partitions[i];
        if (at->written)
            at->overlay = (gl_overlay){0};
        at->written = false;
        if (at->store != NULL)
            gl_store_release(at->store);
    }
    state->newest = NULL;
}

/* Without a store only memory mode is right: a stage that asks for a partition which it does not own would read nothing
 * and decide wrongly. */
static bool check_owned(const gl_state *state, const partition_state *at, int32_t partition, gl_err *err)
{
    if (at->store == NULL && !state->in_memory)
        return gl_fail(err, GL_FATAL, "state-io", "state of partition %d was asked for, which this worker does not own",
                       partition);
    return true;
}

bool gl_state_unreadable(gl_err *err, const char *what)
{
    bool registry_knows = gl_schema_fallback != NULL && (strcmp(err->code, "schema-unavailable") == 0 ||
                                                         strcmp(err->code, "envelope-schema-unknown") == 0);
    if (registry_knows)
        err->action = GL_WAIT;
    return gl_fail_own(err, what);
}

bool gl_state_get(gl_state *state, int32_t partition, gl_str key, gl_str *value, gl_err *err)
{
    *value = (gl_str){NULL, 0};
    partition_state *at = partition_at(state, partition);
    if (!check_owned(state, at, partition, err))
        return false;
    if (at->written && GL_MUTANT != 16) { /* 16: a batch does not see what it wrote itself */
        const gl_overlay_node *node = gl_overlay_find(&at->overlay, key);
        if (node != NULL) {
            *value = node->top->value;
            return true;
        }
    }
    return at->store == NULL || gl_store_get(at->store, state->arena, key, value, err);
}

/* The first entry at or after `from`, the overlay's writes before the store's. */
static bool merged_seek(const gl_state *state, partition_state *at, gl_str from, gl_str *key, gl_str *value,
                        gl_err *err)
{
    const gl_overlay_node *node = at->written ? gl_overlay_seek(&at->overlay, from) : NULL;
    gl_str stored = {NULL, 0};
    if (at->store != NULL && !gl_store_seek(at->store, from, &stored, err))
        return false;
    for (;;) {
        int order = node == NULL ? 1 : stored.ptr == NULL ? -1 : gl_key_compare(node->key, stored);
        if (order > 0) { /* also when both are at their end */
            *key = stored;
            *value = (gl_str){NULL, 0};
            return stored.ptr == NULL || gl_store_value(at->store, state->arena, value, err);
        }
        if (node->top->value.ptr != NULL) {
            *key = node->key;
            *value = node->top->value;
            return true;
        }
        if (order == 0 && !gl_store_next(at->store, &stored, err))
            return false;
        node = gl_overlay_next(node);
    }
}

bool gl_state_first(gl_state *state, int32_t partition, gl_str prefix, gl_str *key, gl_str *value, gl_err *err)
{
    partition_state *at = partition_at(state, partition);
    if (!check_owned(state, at, partition, err) || !merged_seek(state, at, prefix, key, value, err))
        return false;
    if (key->ptr == NULL || !gl_str_starts(*key, prefix)) {
        *key = (gl_str){NULL, 0};
        *value = (gl_str){NULL, 0};
    }
    return true;
}

/* In memory mode the writes are the state; otherwise the walk is over what is committed, and keeps its own place. */
static bool walk_overlay(const partition_state *at, gl_str after, bool (*each)(void *, gl_str, gl_str), void *context)
{
    const gl_overlay_node *node = gl_overlay_seek(&at->overlay, after);
    if (node != NULL && after.ptr != NULL && gl_key_compare(node->key, after) == 0)
        node = gl_overlay_next(node);
    for (; node != NULL; node = gl_overlay_next(node))
        if (node->top->value.ptr != NULL && !each(context, node->key, node->top->value))
            break;
    return true;
}

static bool walk_store(gl_store *store, gl_arena *arena, gl_str after, bool (*each)(void *, gl_str, gl_str),
                       void *context, gl_err *err)
{
    gl_str key, value;
    bool good = gl_store_seek(store, after, &key, err);
    if (good && key.ptr != NULL && after.ptr != NULL && gl_key_compare(key, after) == 0)
        good = gl_store_next(store, &key, err);
    while (good && key.ptr != NULL) {
        good = gl_store_value(store, arena, &value, err);
        if (!good || !each(context, key, value))
            break;
        good = gl_store_next(store, &key, err);
    }
    return good;
}

bool gl_state_walk(gl_state *state, gl_arena *arena, int32_t partition, gl_str after,
                   bool (*each)(void *context, gl_str key, gl_str value), void *context, gl_err *err)
{
    partition_state *at = partition_at(state, partition);
    if (!check_owned(state, at, partition, err))
        return false;
    if (at->store == NULL)
        return walk_overlay(at, after, each, context);
    return walk_store(at->store, arena, after, each, context, err);
}
