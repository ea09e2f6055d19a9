/* See position.h. The bytes: version 1, each offset as a LEB128 number, and the first SEAL_BYTES of their HMAC. */
#include "ingest/push/position.h"

enum { VERSION = 1, SEAL_BYTES = 12, NUMBER_BYTES = 9 };

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void gl_position_seal(gl_hmac_key *seal, gl_arena *arena, gl_str secret, gl_str cluster, gl_str account)
{
    gl_hmac_key key;
    uint8_t mac[GL_SHA256_BYTES];
    gl_buf text = gl_buf_in(arena);
    gl_buf_text(&text, "gl.notifications\n");
    gl_buf_str(&text, cluster);
    gl_buf_byte(&text, '\n');
    gl_buf_str(&text, account);
    gl_hmac_key_init(&key, secret);
    gl_hmac(&key, arena, gl_buf_view(&text), mac);
    gl_hmac_key_init(seal, (gl_str){(const char *)mac, sizeof mac});
}

/* ---- base64url ---- */

static void put_digits(gl_buf *text, const uint8_t *bytes, size_t size)
{
    uint32_t bits = 0;
    int left = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        for (left += 8; left >= 6; left -= 6)
            gl_buf_byte(text, (uint8_t)DIGITS[bits >> (left - 6) & 63]);
    }
    if (left > 0)
        gl_buf_byte(text, (uint8_t)DIGITS[bits << (6 - left) & 63]);
}

/* One text for the same bytes only: a digit too many, or bits that are left over, are refused. */
static bool take_digits(gl_str text, gl_buf *bytes)
{
    uint32_t bits = 0;
    int left = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.ptr[i] == '\0' ? NULL : strchr(DIGITS, text.ptr[i]);
        if (digit == NULL)
            return false;
        bits = bits << 6 | (uint32_t)(digit - DIGITS);
        left += 6;
        if (left >= 8) {
            left -= 8;
            gl_buf_byte(bytes, (uint8_t)(bits >> left));
        }
    }
    return left < 6 && (bits & ((1U << left) - 1)) == 0;
}

/* ---- numbers ---- */

static void put_number(gl_buf *bytes, int64_t value)
{
    uint64_t rest = (uint64_t)value;
    for (; rest > 0x7F; rest >>= 7)
        gl_buf_byte(bytes, (uint8_t)(rest | 0x80));
    gl_buf_byte(bytes, (uint8_t)rest);
}

static bool take_number(const gl_buf *bytes, size_t *at, size_t end, int64_t *value)
{
    uint64_t sum = 0;
    for (int i = 0; i < NUMBER_BYTES && *at < end; i++) {
        uint8_t byte = bytes->data[(*at)++];
        sum |= (uint64_t)(byte & 0x7F) << (7 * i);
        if ((byte & 0x80) == 0) {
            *value = (int64_t)sum;
            return i == 0 || byte != 0; /* no longer than needed */
        }
    }
    return false;
}

static void seal_bytes(const gl_hmac_key *seal, gl_arena *arena, const gl_buf *bytes, size_t size,
                       uint8_t mac[GL_SHA256_BYTES])
{
    gl_hmac(seal, arena, (gl_str){(const char *)bytes->data, size}, mac);
}

void gl_position_write(gl_buf *text, const gl_hmac_key *seal, gl_arena *arena, const int64_t *next, size_t count)
{
    uint8_t mac[GL_SHA256_BYTES];
    gl_buf bytes = gl_buf_in(arena);
    gl_buf_byte(&bytes, VERSION);
    for (size_t i = 0; i < count; i++)
        put_number(&bytes, next[i]);
    seal_bytes(seal, arena, &bytes, bytes.len, mac);
    gl_buf_bytes(&bytes, mac, SEAL_BYTES);
    put_digits(text, bytes.data, bytes.len);
}

/* Takes the same time wherever they differ. */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t size)
{
    uint8_t differs = 0;
    for (size_t i = 0; i < size; i++)
        differs |= a[i] ^ b[i];
    return differs == 0;
}

static bool read_bytes(const gl_buf *bytes, const gl_hmac_key *seal, gl_arena *arena, int64_t *next, size_t count)
{
    uint8_t mac[GL_SHA256_BYTES];
    if (bytes->len < 1 + SEAL_BYTES || bytes->data[0] != VERSION)
        return false;
    size_t end = bytes->len - SEAL_BYTES, at = 1;
    seal_bytes(seal, arena, bytes, end, mac);
    if (!is_same(mac, bytes->data + end, SEAL_BYTES))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!take_number(bytes, &at, end, &next[i]))
            return false;
    return at == end;
}

bool gl_position_read(gl_str text, const gl_hmac_key *seal, gl_arena *arena, int64_t *next, size_t count, gl_err *err)
{
    gl_buf bytes = gl_buf_in(arena);
    if (text.len <= GL_POSITION_TEXT_BYTES && take_digits(text, &bytes) && read_bytes(&bytes, seal, arena, next, count))
        return true;
    return gl_fail(err, GL_DEAD_LETTER, "event-id-invalid",
                   "this id was not given out here, or not to this account: begin without Last-Event-ID");
}
