/* The ids of events: read as they were written, and refused when they are another's, cut, or made up. */
#include <criterion/criterion.h>

#include "ingest/push/position.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(position, .init = set_up, .fini = tear_down);

static const int64_t NEXT[] = {0, 127, 128, INT64_MAX};
enum { COUNT = sizeof NEXT / sizeof NEXT[0] };

static gl_hmac_key seal_of(const char *secret, const char *cluster, const char *account)
{
    gl_hmac_key seal;
    gl_position_seal(&seal, arena, gl_str_of(secret), gl_str_of(cluster), gl_str_of(account));
    return seal;
}

static gl_str text_of(const gl_hmac_key *seal)
{
    gl_buf text = gl_buf_in(arena);
    gl_position_write(&text, seal, arena, NEXT, COUNT);
    return gl_buf_view(&text);
}

static bool is_read(gl_str text, const gl_hmac_key *seal, size_t count)
{
    int64_t next[COUNT + 1] = {-1, -1, -1, -1, -1};
    gl_err err = {0};
    bool good = gl_position_read(text, seal, arena, next, count, &err);
    if (!good) {
        cr_assert_str_eq(err.code, "event-id-invalid");
        cr_assert_eq(err.action, GL_DEAD_LETTER);
    }
    return good && memcmp(next, NEXT, count * sizeof next[0]) == 0;
}

/* python3 -c 'import base64, hmac; s = lambda k, m: hmac.new(k, m, "sha256").digest(); b =
 * bytes.fromhex("01007f8001ffffffffffffffff7f"); print(base64.urlsafe_b64encode(b + s(s(b"secret",
 * b"gl.notifications\nC\nhub-1"), b)[:12]).decode().rstrip("="))' */
Test(position, as_written_elsewhere)
{
    gl_hmac_key seal = seal_of("secret", "C", "hub-1");
    gl_str text = text_of(&seal);
    cr_assert(gl_str_eqz(text, "AQB_gAH__________3-39ay5qj8n1zZ5O7Q"), "%.*s", GL_STR_ARG(text));
    cr_assert(is_read(text, &seal, COUNT));
}

Test(position, of_another)
{
    static const char *const others[][3] = {
        {"Secret", "C", "hub-1"}, {"secret", "D", "hub-1"}, {"secret", "C", "hub-2"}};
    gl_hmac_key own = seal_of("secret", "C", "hub-1"), open = seal_of("", "C", "hub-1");
    for (size_t i = 0; i < 3; i++) {
        gl_hmac_key other = seal_of(others[i][0], others[i][1], others[i][2]);
        cr_assert(!is_read(text_of(&own), &other, COUNT), "%zu", i);
    }
    cr_assert(!is_read(text_of(&own), &open, COUNT));
    cr_assert(is_read(text_of(&open), &open, COUNT));
    cr_assert(!is_read(text_of(&own), &own, COUNT - 1));
    cr_assert(!is_read(text_of(&own), &own, COUNT + 1));
}

Test(position, any_change_is_refused)
{
    gl_hmac_key seal = seal_of("secret", "C", "hub-1");
    gl_str good = text_of(&seal);
    char changed[200];
    for (size_t i = 0; i < good.len; i++) {
        memcpy(changed, good.ptr, good.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        cr_assert(!is_read((gl_str){changed, good.len}, &seal, COUNT), "digit %zu", i);
        cr_assert(!is_read((gl_str){good.ptr, i}, &seal, COUNT), "%zu digits", i);
    }
    memcpy(changed, good.ptr, good.len);
    changed[good.len] = 'A';
    cr_assert(!is_read((gl_str){changed, good.len + 1}, &seal, COUNT));
    changed[3] = '\0';
    cr_assert(!is_read((gl_str){changed, good.len}, &seal, COUNT));
    cr_assert(!is_read(GL_STR(""), &seal, COUNT));
    cr_assert(!is_read(GL_STR("*"), &seal, COUNT));
}

/* As many partitions as there may be. */
Test(position, the_largest)
{
    int64_t next[GL_POSITION_PARTITIONS], back[GL_POSITION_PARTITIONS];
    gl_hmac_key seal = seal_of("secret", "C", "hub-1");
    gl_err err = {0};
    for (size_t i = 0; i < GL_POSITION_PARTITIONS; i++)
        next[i] = INT64_MAX - (int64_t)i;
    gl_buf text = gl_buf_in(arena);
    gl_position_write(&text, &seal, arena, next, GL_POSITION_PARTITIONS);
    cr_assert_leq(text.len, GL_POSITION_TEXT_BYTES);
    cr_assert(gl_position_read(gl_buf_view(&text), &seal, arena, back, GL_POSITION_PARTITIONS, &err));
    cr_assert_eq(memcmp(next, back, sizeof next), 0);
}
