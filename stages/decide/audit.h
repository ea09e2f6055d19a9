/* The audit chain: for each partition, blocks of digests of decisions, linked by hash. Digests only, no personal data.
 *
 * Always holds: block n carries the hash of block n - 1 (zeros for the first) and hash(n) = SHA-256(previous_hash,
 * sequence as 8 bytes big endian, then for each entry declaration id, version as 4 bytes big endian, digest). A digest
 * is the SHA-256 of the value on gl.decisions.
 */
#ifndef DECIDE_AUDIT_H
#define DECIDE_AUDIT_H

#include "gen/topics.h"

/* Sets sequence, previous_hash and hash of `block` (whose entries are there) after `head` (NULL: the first), and the
 * new head. */
void gl_audit_link(gl_audit *block, const gl_audit_head *head, gl_arena *arena, gl_audit_head *next);

typedef struct gl_audit_verifier {
    gl_audit_head head; /* of what was verified; zeros at the start of a partition */
    uint64_t entry_count;
} gl_audit_verifier;

/* Verifies the next block of a partition and moves the verifier on. To start in the middle (older blocks are gone), set
 * head to that of the block before. Errors (GL_DEAD_LETTER): audit-sequence, audit-link, audit-hash. */
bool gl_audit_verify(gl_audit_verifier *verifier, const gl_audit *block, gl_arena *arena, gl_err *err);
/* Does the value on gl.decisions have the digest of this entry? */
bool gl_audit_matches(const gl_audit_audit_entry *entry, gl_str decided_value);

#endif
