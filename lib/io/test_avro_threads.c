/* The fallback's cache of resolvers, used by several threads at once: a plain program, so that ThreadSanitizer can run
 * it. */
#include "io/avro.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 3000, SCHEMAS = 40, FIRST_ID = 3000 };

static atomic_int failures;

/* An audit head with its fields the other way round, or with one too few in every fourth schema. */
static bool find_schema(void *context, uint32_t schema_id, gl_str *json, gl_err *err)
{
    (void)context;
    (void)err;
    if (schema_id % 4 == 0) {
        *json = GL_STR("{\"type\":\"record\",\"name\":\"AuditHeadState\",\"fields\":[]}");
        return true;
    }
    *json = GL_STR("{\"type\":\"record\",\"name\":\"AuditHeadState\",\"fields\":[{\"name\":\"audit_head\",\"type\":{"
                   "\"type\":\"record\","
                   "\"name\":\"AuditHead\",\"fields\":[{\"name\":\"hash\",\"type\":{\"type\":\"fixed\",\"name\":"
                   "\"Sha256\",\"size\":32}},"
                   "{\"name\":\"sequence\",\"type\":\"int\"}]}}]}");
    return true;
}

static void check(bool expected, const char *what)
{
    if (expected)
        return;
    fprintf(stderr, "not so: %s\n", what);
    atomic_fetch_add(&failures, 1);
}

static void *reader_main(void *argument)
{
    gl_arena *arena = gl_arena_new(0);
    uint8_t value[5 + 32 + 1] = {0};
    value[sizeof value - 1] = 14;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        gl_err err = {0};
        gl_audit_head_state out;
        uint32_t id = FIRST_ID + (i * 7 + (uint32_t)(size_t)argument) % SCHEMAS;
        value[3] = (uint8_t)(id >> 8);
        value[4] = (uint8_t)id;
        gl_arena_reset(arena);
        bool read = gl_audit_head_state_decode(&out, value, sizeof value, arena, &err);
        check(read == (id % 4 != 0), "it is read if, and only if, its schema is compatible");
        if (read)
            check(out.audit_head.sequence == 7, "the sequence is 7");
        else
            check(gl_str_eqz(gl_str_of(err.code), "avro-incompatible"), "the error is avro-incompatible");
    }
    gl_arena_destroy(arena);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    gl_avro_fallback_install(find_schema, NULL, NULL);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, reader_main, (void *)i) != 0)
            return 1;
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    gl_avro_fallback_install(NULL, NULL, NULL);
    return atomic_load(&failures) != 0;
}
