/* Random values of any schema, as avro-c's generic values: what the codecs and the resolver are tested against.
 *
 * Always holds: the same seed gives the same values; strings are UTF-8; the number of values is bounded by the budget,
 * so that a nested schema does not explode. Thread: any; a generator belongs to one thread.
 */
#ifndef GL_SCHEMAS_TESTS_RANDOM_VALUE_H
#define GL_SCHEMAS_TESTS_RANDOM_VALUE_H

#include "base/buf.h"

#include <avro.h>

typedef struct gl_random {
    uint64_t state;
    size_t budget; /* values that may still be made; beyond it arrays are empty and unions null */
    bool made_nan; /* since it was last cleared: such a value does not equal itself */
} gl_random;

uint64_t gl_random_next(gl_random *random);
/* From 0 to bound - 1. */
size_t gl_random_below(gl_random *random, size_t bound);
/* Fills `value` (of a generic class, reset) all over. */
void gl_random_fill(gl_random *random, avro_value_t *value);
/* Appends an encoding that is valid but not the canonical one: arrays in several blocks, some with their size. */
void gl_random_encode(gl_random *random, avro_value_t *value, gl_buf *buf);

/* Which branches, symbols, and empty and other arrays were made, by place in the schema. */
typedef struct gl_coverage gl_coverage;
gl_coverage *gl_coverage_new(avro_schema_t schema);
void gl_coverage_destroy(gl_coverage *coverage);
void gl_coverage_add(gl_coverage *coverage, avro_value_t *value);
/* How many places there are, and how many alternatives of them were never seen. */
size_t gl_coverage_places(const gl_coverage *coverage);
size_t gl_coverage_missing(const gl_coverage *coverage);

#endif
