/* See outbox.h and stage.h. */
#include "stage/outbox.h"

#include <stdlib.h>

struct gl_outbox {
    gl_arena *arena;
    bool on_heap; /* the entries; else in the arena */
    gl_outbox_entry *entries;
    size_t count, capacity; /* count <= capacity */
    gl_state *state;
    int32_t state_partition;
    gl_err failure;
};

gl_outbox *gl_outbox_new(gl_arena *arena)
{
    gl_outbox *outbox = GL_NEW(arena, gl_outbox);
    outbox->arena = arena;
    outbox->state = gl_state_new_memory(arena);
    outbox->state_partition = -1;
    return outbox;
}

gl_outbox *gl_outbox_new_worker(gl_arena *arena, gl_state *state, int32_t state_partition)
{
    gl_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL)
        abort();
    outbox->arena = arena;
    outbox->on_heap = true;
    outbox->state = state;
    outbox->state_partition = state_partition;
    return outbox;
}

void gl_outbox_destroy_worker(gl_outbox *outbox)
{
    if (outbox == NULL)
        return;
    free(outbox->entries);
    free(outbox);
}

static void grow(gl_outbox *outbox)
{
    size_t capacity = outbox->capacity == 0 ? 64 : outbox->capacity * 2;
    gl_outbox_entry *grown;
    if (outbox->on_heap) {
        grown = realloc(outbox->entries, capacity * sizeof *grown);
        if (grown == NULL)
            abort();
    } else {
        grown = gl_arena_alloc(outbox->arena, capacity * sizeof *grown);
        if (outbox->count > 0)
            memcpy(grown, outbox->entries, outbox->count * sizeof *grown);
    }
    outbox->entries = grown;
    outbox->capacity = capacity;
}

/* `err` is left as it is: most of an entry is the message that only dead letters have. */
static gl_outbox_entry *add(gl_outbox *outbox, char kind, const gl_record *cause, gl_str key, gl_str value)
{
    if (outbox->count == outbox->capacity)
        grow(outbox);
    gl_outbox_entry *entry = &outbox->entries[outbox->count++];
    entry->kind = kind;
    entry->output = 0;
    entry->note = 0;
    entry->partition = cause == NULL ? 0 : cause->partition;
    entry->cause = cause;
    entry->key = key;
    entry->value = value;
    entry->err.code = NULL;
    entry->err.action = GL_NONE;
    entry->err.message[0] = '\0';
    return entry;
}

void gl_outbox_put(gl_outbox *outbox, const gl_record *cause, int output, gl_str key, gl_str value)
{
    add(outbox, 'o', cause, key, value)->output = output;
}

void gl_outbox_put_to(gl_outbox *outbox, const gl_record *cause, int output, int32_t partition, gl_str key,
                      gl_str value)
{
    gl_outbox_entry *entry = add(outbox, 'o', cause, key, value);
    entry->output = output;
    entry->partition = partition;
}

void gl_outbox_state(gl_outbox *outbox, const gl_record *cause, gl_str key, gl_str value)
{
    if ((key.len == 0 || key.len > GL_STORE_KEY_LIMIT_BYTES) && outbox->failure.action == GL_NONE)
        gl_fail(&outbox->failure, GL_FATAL, "state-key", "a state key has %zu bytes, allowed are 1 to %d", key.len,
                GL_STORE_KEY_LIMIT_BYTES);
    gl_outbox_entry *entry = add(outbox, 's', cause, key, value);
    if (outbox->state_partition >= 0)
        entry->partition = outbox->state_partition;
    if (entry->partition < 0)
        entry->partition = 0;
    gl_state_put(outbox->state, entry->partition, key, value);
}

void gl_outbox_note(gl_outbox *outbox, unsigned note)
{
    outbox->entries[outbox->count - 1].note = note;
}

void gl_outbox_dead_letter(gl_outbox *outbox, const gl_record *record, const gl_err *err)
{
    add(outbox, 'd', record, record->key, record->value)->err = *err;
}

gl_state *gl_outbox_state_view(gl_outbox *outbox)
{
    return outbox->state;
}

const gl_outbox_entry *gl_outbox_entries(const gl_outbox *outbox, size_t *count)
{
    *count = outbox->count;
    return outbox->entries;
}

void gl_outbox_clear(gl_outbox *outbox)
{
    outbox->count = 0;
    outbox->failure = (gl_err){0};
}

gl_outbox_savepoint gl_outbox_save(const gl_outbox *outbox)
{
    return (gl_outbox_savepoint){outbox->count, gl_state_save(outbox->state)};
}

void gl_outbox_rollback(gl_outbox *outbox, gl_outbox_savepoint savepoint)
{
    outbox->count = savepoint.count;
    outbox->failure = (gl_err){0};
#if GL_MUTANT != 12 /* what a failed attempt wrote stays in the state */
    gl_state_rollback(outbox->state, savepoint.state);
#endif
}

bool gl_outbox_check(const gl_outbox *outbox, gl_err *err)
{
    if (outbox->failure.action == GL_NONE)
        return true;
    *err = outbox->failure;
    return false;
}
