/* What a webhook is brought, how it is signed, when it is tried again, and which addresses and settings are refused. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "ingest/push/backoff.h"
#include "ingest/push/batch.h"
#include "ingest/push/courier.h"
#include "ingest/push/webhooks.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(webhook, .init = set_up, .fini = tear_down);

/* python3 -c 'import hmac; print(hmac.new(b"0123456789abcdef", b"1764000000.[{}]\n", "sha256").hexdigest())' */
Test(webhook, signature)
{
    gl_hmac_key key;
    gl_buf header = gl_buf_in(arena);
    gl_hmac_key_init(&key, GL_STR("0123456789abcdef"));
    gl_courier_signature(&header, &key, arena, 1764000000, GL_STR("[{}]\n"));
    cr_assert(gl_str_eqz(gl_buf_view(&header),
                         "t=1764000000,v1=f5c5349ad17b8de7dc7c1d7ee777f56fde2823b9a1d4fccbd798931214d7cbf6"));
}

Test(webhook, backoff)
{
    static const int64_t whole_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (int i = 0; i < 8; i++) {
        cr_assert_eq(gl_backoff_ms(i + 1, 1000, 60000, 0), whole_ms[i] / 2, "%d", i);
        cr_assert_eq(gl_backoff_ms(i + 1, 1000, 60000, UINT32_MAX), whole_ms[i] - 1, "%d", i);
    }
    cr_assert_eq(gl_backoff_ms(1000000, 1000, 3600000, 0), 1800000);
    cr_assert_eq(gl_backoff_ms(1, 5000, 1000, 0), 500);
}

/* ---- batches ---- */

static gl_outcome outcome_of(int32_t partition, int64_t offset, int64_t issued_us)
{
    gl_outcome outcome = {.partition = partition, .offset = offset};
    outcome.told = (gl_notification){.mrn = GL_STR("26BE0123456789ABR4"),
                                     .submitter = GL_STR("hub-1"),
                                     .decision_version = 1,
                                     .message_name = GL_STR("DMSCLE"),
                                     .issued_at = issued_us};
    return outcome;
}

static gl_str written(const gl_push_batch *batch, const char *account, char id[GL_PUSH_BATCH_ID_CHARS + 1])
{
    gl_buf body = gl_buf_in(batch->arena);
    gl_push_batch_write(batch, gl_str_of(account), &body, id);
    return gl_buf_view(&body);
}

Test(webhook, batch)
{
    gl_push_batch batch = {.arena = arena};
    char id[GL_PUSH_BATCH_ID_CHARS + 1], again[GL_PUSH_BATCH_ID_CHARS + 1];
    gl_outcome one = outcome_of(0, 7, 2000), two = outcome_of(1, 3, 1000);
    gl_buf wanted = gl_buf_in(arena);
    cr_assert_eq(gl_push_batch_oldest_us(&batch), 0);
    gl_push_batch_add(&batch, &one, false);
    gl_push_batch_add(&batch, &two, false);
    gl_buf_byte(&wanted, '[');
    gl_outcome_json(&wanted, &one, false);
    gl_buf_text(&wanted, ",\n");
    gl_outcome_json(&wanted, &two, false);
    gl_buf_text(&wanted, "]\n");
    cr_assert(gl_str_eq(written(&batch, "hub-1", id), gl_buf_view(&wanted)));
    cr_assert_eq(strlen(id), GL_PUSH_BATCH_ID_CHARS);
    cr_assert_eq(gl_push_batch_oldest_us(&batch), 1000);
    written(&batch, "hub-1", again);
    cr_assert_str_eq(id, again);
    written(&batch, "hub-2", again);
    cr_assert_str_neq(id, again);
}

/* What is another's now is left out, and the rest is another delivery. */
Test(webhook, batch_without_a_partition)
{
    gl_push_batch batch = {.arena = arena}, other = {.arena = arena};
    char id[GL_PUSH_BATCH_ID_CHARS + 1], of_other[GL_PUSH_BATCH_ID_CHARS + 1];
    gl_outcome kept = outcome_of(1, 3, 1000);
    for (int64_t i = 0; i < 4; i++)
        gl_push_batch_add(&batch, &(gl_outcome){.partition = (int32_t)(i % 2) * 2, .offset = i}, false);
    gl_push_batch_add(&batch, &kept, false);
    gl_push_batch_drop(&batch, 0);
    gl_push_batch_drop(&batch, 2);
    gl_push_batch_add(&other, &kept, false);
    cr_assert(gl_str_eq(written(&batch, "hub-1", id), written(&other, "hub-1", of_other)));
    cr_assert_str_eq(id, of_other);
    gl_push_batch_drop(&batch, 1);
    cr_assert_eq(batch.count, 0);
}

/* ---- addresses ---- */

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return gl_courier_is_public((const struct sockaddr *)&v4);
    cr_assert_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1, "%s", text);
    return gl_courier_is_public((const struct sockaddr *)&v6);
}

Test(webhook, addresses)
{
    static const char *const closed[] = {"0.0.0.0",
                                         "10.0.0.1",
                                         "10.255.255.255",
                                         "100.64.0.1",
                                         "100.127.255.255",
                                         "127.0.0.1",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.0.0.1",
                                         "192.0.2.1",
                                         "192.168.1.1",
                                         "198.18.0.1",
                                         "198.19.0.1",
                                         "198.51.100.7",
                                         "203.0.113.9",
                                         "224.0.0.1",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "fe80::1",
                                         "fc00::1",
                                         "fd12:3456::1",
                                         "ff02::1",
                                         "2001:db8::1",
                                         "2001::1",
                                         "::ffff:10.0.0.1",
                                         "::ffff:127.0.0.1",
                                         "64:ff9b::a00:1",
                                         "2002:7f00:1::",
                                         "3fff::1",
                                         "::10.0.0.1",
                                         "fec0::1",
                                         "100::1"};
    static const char *const open[] = {"1.1.1.1",        "9.255.255.255",    "11.0.0.0",    "100.63.255.255",
                                       "100.128.0.0",    "172.15.0.1",       "172.32.0.1",  "192.0.1.1",
                                       "198.17.0.1",     "198.20.0.1",       "223.255.0.1", "2606:4700::1111",
                                       "::ffff:1.1.1.1", "64:ff9b::101:101", "2a00:1450::1"};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        cr_assert(!is_public(closed[i]), "%s", closed[i]);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        cr_assert(is_public(open[i]), "%s", open[i]);
    cr_assert(!gl_courier_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

/* ---- settings ---- */

typedef struct setting {
    const char *url, *secret;
    bool http;
    const char *says; /* NULL: it is good */
} setting;

Test(webhook, settings)
{
    static const char good[] = "0123456789abcdef";
    static const setting settings[] = {
        {"", "", false, NULL},
        {"https://hub.example/outcomes?x=1", good, false, NULL},
        {"https://hub.example:8443/", good, false, NULL},
        {"http://127.0.0.1:8000/", good, false, NULL},
        {"http://[::1]:8000/", good, false, NULL},
        {"http://localhost/", good, false, NULL},
        {"http://hub.example/", good, true, NULL},
        {"http://hub.example/", good, false, "push.webhook_http"},
        {"http://localhost.example/", good, false, "push.webhook_http"},
        {"https://hub.example/", "0123456789abcde", false, "at least 16 bytes"},
        {"https://hub.example/", "", false, "needs a webhook_secret"},
        {"", good, false, "without webhook_url"},
        {"https://me:it@hub.example/", good, false, "a user does not belong"},
        {"ftp://hub.example/", good, true, "not an https:// address"},
        {"file:///etc/passwd", good, true, ""},
        {"hub.example", good, false, "not a URL"},
        {"https://hub example/", good, false, "not a URL"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const setting *s = &settings[i];
        gl_push_conf conf = {.webhook_http = s->http};
        gl_account account = {.name = "hub-1", .webhook_url = s->url, .webhook_secret = s->secret};
        gl_err err = {0};
        bool taken = gl_webhooks_check(&conf, &account, 1, &err);
        cr_assert_eq(taken, s->says == NULL, "%zu: %s", i, err.message);
        if (taken)
            continue;
        cr_assert(err.action == GL_FATAL && strcmp(err.code, "conf-value") == 0);
        cr_assert(strstr(err.message, "hub-1") != NULL && strstr(err.message, s->says) != NULL, "%zu: %s", i,
                  err.message);
        cr_assert(s->secret[0] == '\0' || strstr(err.message, s->secret) == NULL);
    }
}
