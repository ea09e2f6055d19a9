/* Fuzz target of the generated decoders: a whole value of gl.decisions, the largest envelope.
 *
 * Checked besides memory errors: what decodes has one canonical encoding, which decodes to itself; each section's
 * skipper agrees with its decoder; the dump ends.
 */
#include "gen/topics.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_decoded(const gl_decided *value, gl_arena *arena)
{
    gl_buf once = gl_buf_in(arena), twice = gl_buf_in(arena), dump = gl_buf_in(arena);
    gl_decided again;
    gl_decided_encode(&once, value);
    require(gl_decided_decode(&again, once.data, once.len, arena, NULL));
    gl_decided_encode(&twice, &again);
    require(gl_str_eq(gl_buf_view(&once), gl_buf_view(&twice)));
    gl_decided_json(&dump, value);
    require(dump.len > 0 && dump.data[dump.len - 1] == '}');
}

static void check_sections(const uint8_t *data, size_t size, gl_arena *arena)
{
    gl_declaration declaration;
    gl_decision decision;
    size_t decoded = 0, skipped = 0;
    bool taken = gl_declaration_decode(&declaration, data, size, &decoded, arena, NULL);
    require(taken == gl_declaration_skip(data, size, &skipped, NULL));
    require(!taken || decoded == skipped);
    taken = gl_decision_decode(&decision, data, size, &decoded, arena, NULL);
    require(taken == gl_decision_skip(data, size, &skipped, NULL));
    require(!taken || decoded == skipped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_arena *arena = gl_arena_new(0);
    gl_decided value;
    gl_err err = {0};
    if (gl_decided_decode(&value, data, size, arena, &err))
        check_decoded(&value, arena);
    else
        require(err.code != NULL && err.action == GL_DEAD_LETTER);
    check_sections(data, size, arena);
    /* Memory is a constant times the input. */
    require(gl_arena_reserved_bytes(arena) < 1024 * 1024 + 600 * size);
    gl_arena_destroy(arena);
    return 0;
}
