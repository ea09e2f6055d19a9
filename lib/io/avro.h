/* Avro with schemas that are known only at run time: checking foreign bytes, and reading what other versions wrote.
 *
 * The hot path has generated codecs (schemas/CODECS.md). This module is for the rest: a walker that checks bytes
 * against any schema before a library without limits (avro-c) sees them, and a resolver that turns the bytes of a
 * writer's schema into those of ours, so that the generated decoders read them. The resolver is our own and avro-c's is
 * the oracle of its tests: avro-c 1.11 refuses a pair of schemas in which the reader has a field more, default or not,
 * and that is just what an older version's values look like after a section has grown. Always holds: time and memory
 * are bounded by the limits below, whatever the bytes; a compiled schema and a resolver never change. Thread: any,
 * where it says nothing else.
 */
#ifndef GL_IO_AVRO_H
#define GL_IO_AVRO_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "gen/topics.h"

enum {
    GL_AVRO_LIMIT_SCHEMA_BYTES = 1024 * 1024,
    GL_AVRO_LIMIT_SCHEMA_NODES = 20000, /* of its JSON */
    GL_AVRO_LIMIT_SCHEMA_DEPTH = 128,   /* of named types in one another */
    GL_AVRO_LIMIT_VALUES = 2 * 1000 * 1000,
    GL_AVRO_LIMIT_DEPTH = 64,
    GL_AVRO_LIMIT_WRITERS = 256,       /* pairs of schemas that are kept compiled */
    GL_AVRO_LOOK_AGAIN_MS = 30 * 1000, /* for a schema that was not registered */
};

typedef struct gl_avro_schema gl_avro_schema;

/* Compiles a schema of the Avro specification 1.11, with all its types. Errors: avro-schema (GL_DEAD_LETTER). */
gl_avro_schema *gl_avro_schema_new(gl_str json, gl_err *err);
void gl_avro_schema_destroy(gl_avro_schema *schema);

typedef struct gl_avro_limits {
    size_t bytes;  /* of the input */
    size_t values; /* of any type, those without bytes too */
    int depth;     /* of values in one another */
} gl_avro_limits;

/* Reads over one value: lengths, counts, indices, booleans, depth. `limits` NULL: GL_AVRO_LIMIT_*. `used` (may be NULL)
 * gets its bytes; NULL means that nothing may follow. Errors (GL_DEAD_LETTER): avro-truncated, avro-invalid,
 * avro-limit. */
bool gl_avro_walk(const gl_avro_schema *schema, gl_str bytes, const gl_avro_limits *limits, size_t *used, gl_err *err);

typedef struct gl_avro_resolver gl_avro_resolver;

/* From the writer's schema to the reader's, by the specification's rules of schema resolution (defaults, aliases,
 * promotions, unions). Errors (GL_DEAD_LETTER): avro-schema, avro-incompatible (the message names the place). */
gl_avro_resolver *gl_avro_resolver_new(gl_str writer_json, gl_str reader_json, gl_err *err);
void gl_avro_resolver_destroy(gl_avro_resolver *resolver);
/* Appends one value in the reader's schema. Nothing may follow it in `bytes`. On an error `out` is as it was. Errors
 * (GL_DEAD_LETTER): avro-truncated, avro-invalid, avro-limit, avro-incompatible (a union's branch or an enum's symbol
 * that the reader does not have). */
bool gl_avro_resolve(const gl_avro_resolver *resolver, gl_str bytes, gl_buf *out, gl_err *err);

/* Finds a writer's schema: true with `json` (valid until the next call of the same thread), or false with
 * envelope-schema-unknown (GL_DEAD_LETTER), or GL_RETRY while the registry is unavailable. Called by any thread. */
typedef bool gl_avro_lookup_fn(void *context, uint32_t schema_id, gl_str *json, gl_err *err);

/* Finds the id under which `json` is registered for values of `schema`: true with 0 when it is not, or GL_RETRY while
 * it is not known. Called by any thread. */
typedef bool gl_avro_identify_fn(void *context, const gl_topic_schema *schema, gl_str json, uint32_t *schema_id,
                                 gl_err *err);

/* Makes the generated decoders read values of other schema ids (gl_schema_fallback) with what `lookup` finds. Where the
 * writer's schema says more than ours, `identify` (may be NULL) finds the schema that a following stage's value has
 * then. Resolvers are kept, at most GL_AVRO_LIMIT_WRITERS; so is what is known to be incompatible. `lookup` NULL: back
 * to refusing, and everything is freed. Thread: main, while no other decodes. */
void gl_avro_fallback_install(gl_avro_lookup_fn *lookup, gl_avro_identify_fn *identify, void *context);
/* Before a batch is processed: is all known that decoding a value of this id needs, be it that it cannot be decoded?
 * false: GL_RETRY, being found out. Without `fallback_install`, or for an id of our own, true. Thread: any. */
bool gl_avro_fallback_prepare(int schema, gl_str value, gl_err *err);
/* Values whose unknown fields were left out, since no schema with them is registered for the next topic. */
uint64_t gl_avro_fallback_dropped(void);

#endif
