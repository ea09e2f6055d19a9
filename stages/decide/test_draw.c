/* The draw against published vectors (RFC 4231), and against one made with another implementation. */
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

static void check_mac(gl_str secret, gl_str message, const char *expected)
{
    gl_draw_key key;
    uint8_t mac[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    gl_draw_key_init(&key, secret);
    gl_draw_hmac(&key, arena, message, mac);
    gl_hex(mac, sizeof mac, hex);
    cr_assert_str_eq(hex, expected);
}

Test(draw, rfc_4231)
{
    char key1[20], key6[131], data3[50], key3[20];
    memset(key1, 0x0b, sizeof key1);
    memset(key3, 0xaa, sizeof key3);
    memset(key6, 0xaa, sizeof key6);
    memset(data3, 0xdd, sizeof data3);
    check_mac((gl_str){key1, sizeof key1}, GL_STR("Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_mac(GL_STR("Jefe"), GL_STR("what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_mac((gl_str){key3, sizeof key3}, (gl_str){data3, sizeof data3},
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    check_mac((gl_str){key6, sizeof key6}, GL_STR("Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* python3 -c 'import hmac;print(hmac.new(b"0123456789abcdef", bytes(range(16))+b"C1", "sha256").hexdigest()[:16])' */
Test(draw, value_of_an_id_and_a_criterion)
{
    gl_draw_key key;
    gl_draw_key_init(&key, GL_STR("0123456789abcdef"));
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
