/* The draw against one made with another implementation. */
#include <criterion/criterion.h>

#include "decide/draw.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(draw, .init = set_up, .fini = tear_down);

/* python3 -c 'import hmac;print(hmac.new(b"0123456789abcdef", bytes(range(16))+b"C1", "sha256").hexdigest()[:16])' */
Test(draw, value_of_an_id_and_a_criterion)
{
    gl_hmac_key key;
    gl_hmac_key_init(&key, GL_STR("0123456789abcdef"));
    uint8_t id[GL_DECLARATION_ID_BYTES];
    for (uint8_t i = 0; i < sizeof id; i++)
        id[i] = i;
    cr_assert_eq(gl_draw_value(&key, arena, id, GL_STR("C1")), UINT64_C(0xfc3d02d3c5001cd4));
    char many[1000];
    memset(many, 'c', sizeof many);
    cr_assert_eq(gl_draw_value(&key, arena, id, (gl_str){many, sizeof many}), UINT64_C(0x34b24bec89b17b4c));
}

Test(draw, share)
{
    cr_assert_eq(gl_draw_ppm(0), 0);
    cr_assert_eq(gl_draw_ppm(UINT64_MAX), 999999);
    cr_assert_eq(gl_draw_ppm(UINT64_C(1) << 63), 500000);
    cr_assert_eq(gl_draw_ppm((UINT64_C(1) << 63) - 1), 499999);
    /* "value_ppm < rate" is the same as "value / 2^64 < rate / 10^6": 10^6 does not divide 2^64, so look beside the
     * limit. */
    uint64_t limit = UINT64_C(4611686018427387904); /* 2^62: exactly a quarter */
    cr_assert(gl_draw_ppm(limit - 1) < 250000 && gl_draw_ppm(limit) >= 250000);
}
