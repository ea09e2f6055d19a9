/* Identity: declaration id, partition and MRN (DESIGN "Identity and order").
 *
 * Always holds: the id depends on submitter, LRN and family only; the partition and the MRN's 12 characters depend on
 * the id's top 62 bits only, so ids that collide in the MRN are in one partition, next to each other in key order.
 */
#ifndef GL_CUSTOMS_IDS_H
#define GL_CUSTOMS_IDS_H

#include "base/str.h"

enum { GL_DECLARATION_ID_BYTES = 16, GL_MRN_CHARS = 18, GL_MRN_STEM_CHARS = 12, GL_SHA256_BYTES = 32 };

typedef enum gl_family {
    GL_FAMILY_IMPORT = 0,
    GL_FAMILY_EXPORT = 1,
    GL_FAMILY_ENTRY_SUMMARY = 2
} gl_family; /* order of the schema's enum */

typedef struct gl_declaration_id {
    uint8_t bytes[GL_DECLARATION_ID_BYTES];
} gl_declaration_id;

gl_declaration_id gl_declaration_id_of(gl_str submitter, gl_str lrn, gl_family family);
/* Top 62 bits modulo `partition_count`. */
int32_t gl_declaration_partition(const uint8_t id[GL_DECLARATION_ID_BYTES], int32_t partition_count);
/* The 12 characters (base 36 of the top 62 bits, upper case, zero-padded), NUL-terminated. */
void gl_mrn_stem(const uint8_t id[GL_DECLARATION_ID_BYTES], char stem[GL_MRN_STEM_CHARS + 1]);
/* DE 12 01: 2 digits of the year of acceptance (UTC), 2 letters of country, 12 characters, procedure letter (R import,
 * A export, T entry summary), check character (ISO 6346 weights over the 17 characters). NUL-terminated. */
void gl_mrn_make(const uint8_t id[GL_DECLARATION_ID_BYTES], int64_t accepted_us, const char country[2],
                 gl_family family, char mrn[GL_MRN_CHARS + 1]);
/* Form and check character. `stem` (may be NULL) gets its 12 characters. */
bool gl_mrn_valid(gl_str mrn, char stem[GL_MRN_STEM_CHARS + 1]);
/* The top 62 bits that a stem stands for, and the partition they give. */
bool gl_mrn_stem_bits(gl_str stem, uint64_t *bits);
void gl_sha256(gl_str data, uint8_t digest[GL_SHA256_BYTES]);
/* Lower-case hex of `size` bytes into `hex` (2 * size + 1 bytes). */
void gl_hex(const uint8_t *bytes, size_t size, char *hex);
/* `hex.len / 2` bytes from digits of either case; false: that is something else. */
bool gl_unhex(gl_str hex, uint8_t *bytes);

#endif
