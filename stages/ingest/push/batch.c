/* See batch.h. */
#include "ingest/push/batch.h"

#include "customs/ids.h"

void gl_push_batch_add(gl_push_batch *batch, const gl_outcome *outcome, bool officer)
{
    gl_buf json = gl_buf_in(batch->arena);
    gl_outcome_json(&json, outcome, officer);
    batch->items[batch->count++] = (gl_push_item){.partition = outcome->partition,
                                                  .offset = outcome->offset,
                                                  .issued_us = outcome->told.issued_at,
                                                  .json = gl_buf_view(&json)};
}

void gl_push_batch_drop(gl_push_batch *batch, int32_t partition)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].partition != partition)
            batch->items[kept++] = batch->items[i];
    batch->count = kept;
}

void gl_push_batch_clear(gl_push_batch *batch)
{
    batch->count = 0;
    gl_arena_reset(batch->arena);
}

int64_t gl_push_batch_oldest_us(const gl_push_batch *batch)
{
    int64_t oldest_us = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (i == 0 || batch->items[i].issued_us < oldest_us)
            oldest_us = batch->items[i].issued_us;
    return oldest_us;
}

static void put_big_endian(gl_buf *bytes, uint64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        gl_buf_byte(bytes, (uint8_t)(value >> shift));
}

void gl_push_batch_write(const gl_push_batch *batch, gl_str account, gl_buf *body, char id[GL_PUSH_BATCH_ID_CHARS + 1])
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_buf named = {0};
    gl_buf_str(&named, account);
    gl_buf_byte(&named, '\n');
    for (size_t i = 0; i < batch->count; i++) {
        put_big_endian(&named, (uint64_t)batch->items[i].partition);
        put_big_endian(&named, (uint64_t)batch->items[i].offset);
        gl_buf_text(body, i == 0 ? "[" : ",\n");
        gl_buf_str(body, batch->items[i].json);
    }
    gl_buf_text(body, "]\n");
    gl_sha256(gl_buf_view(&named), digest);
    gl_buf_free(&named);
    gl_hex(digest, GL_PUSH_BATCH_ID_CHARS / 2, id);
}
