/* See audit.h. */
#include "decide/audit.h"

#include "customs/ids.h"

static void put_big_endian(gl_buf *buf, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        gl_buf_byte(buf, (uint8_t)(value >> (8 * i)));
}

static void hash_of(const gl_audit *block, gl_arena *arena, uint8_t hash[GL_SHA256_BYTES])
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, GL_SHA256_BYTES + 8 + block->entries.count * (GL_DECLARATION_ID_BYTES + 4 + GL_SHA256_BYTES));
    gl_buf_bytes(&buf, block->previous_hash, GL_SHA256_BYTES);
    put_big_endian(&buf, (uint64_t)block->sequence, 8);
    for (size_t i = 0; i < block->entries.count; i++) {
        const gl_audit_audit_entry *entry = &block->entries.at[i];
        gl_buf_bytes(&buf, entry->declaration_id, GL_DECLARATION_ID_BYTES);
        put_big_endian(&buf, (uint32_t)entry->version, 4);
        gl_buf_bytes(&buf, entry->digest, GL_SHA256_BYTES);
    }
    gl_sha256(gl_buf_view(&buf), hash);
}

void gl_audit_link(gl_audit *block, const gl_audit_head *head, gl_arena *arena, gl_audit_head *next)
{
    block->sequence = head == NULL ? 1 : head->sequence + 1;
    if (head == NULL || GL_MUTANT == 9) /* 9: the blocks are not chained */
        memset(block->previous_hash, 0, sizeof block->previous_hash);
    else
        memcpy(block->previous_hash, head->hash, sizeof block->previous_hash);
    hash_of(block, arena, block->hash);
    next->sequence = block->sequence;
    memcpy(next->hash, block->hash, sizeof next->hash);
}

bool gl_audit_verify(gl_audit_verifier *verifier, const gl_audit *block, gl_arena *arena, gl_err *err)
{
    long long sequence = block->sequence;
    if (block->sequence != verifier->head.sequence + 1)
        return gl_fail(err, GL_DEAD_LETTER, "audit-sequence", "block %lld comes after block %lld", sequence,
                       (long long)verifier->head.sequence);
    if (memcmp(block->previous_hash, verifier->head.hash, GL_SHA256_BYTES) != 0)
        return gl_fail(err, GL_DEAD_LETTER, "audit-link", "block %lld does not carry the hash of the block before it",
                       sequence);
    uint8_t hash[GL_SHA256_BYTES];
    hash_of(block, arena, hash);
    if (memcmp(block->hash, hash, sizeof hash) != 0)
        return gl_fail(err, GL_DEAD_LETTER, "audit-hash", "block %lld does not have the hash of its content", sequence);
    verifier->head.sequence = block->sequence;
    memcpy(verifier->head.hash, hash, sizeof hash);
    verifier->entry_count += block->entries.count;
    return true;
}

bool gl_audit_matches(const gl_audit_audit_entry *entry, gl_str decided_value)
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_sha256(decided_value, digest);
    return memcmp(digest, entry->digest, sizeof digest) == 0;
}
