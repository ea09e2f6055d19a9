/* HMAC-SHA256 against published vectors (RFC 4231), also of a message that goes through the arena. */
#include <criterion/criterion.h>

#include "customs/hmac.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(hmac, .init = set_up, .fini = tear_down);

static void check_mac(gl_str secret, gl_str message, const char *expected)
{
    gl_hmac_key key;
    uint8_t mac[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    gl_hmac_key_init(&key, secret);
    gl_hmac(&key, arena, message, mac);
    gl_hex(mac, sizeof mac, hex);
    cr_assert_str_eq(hex, expected);
}

Test(hmac, rfc_4231)
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

/* python3 -c 'import hmac; print(hmac.new(b"key", b"m" * 1000, "sha256").hexdigest())' */
Test(hmac, long_message)
{
    char many[1000];
    memset(many, 'm', sizeof many);
    check_mac(GL_STR("key"), (gl_str){many, sizeof many},
              "08f6850b02a5211c47dd3e4e192ba87dbae1b218770695b0e86845a786676932");
}
