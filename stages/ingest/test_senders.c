/* Submitters' file: what it may hold, whom a credential is, and when there is nothing left of an allowance. */
#include "ingest/senders.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customs/ids.h"
#include "ingest/ingest.h"

#define KEY_1 "gl_hub1_key_of_at_least_32_characters_0001"
#define KEY_2 "gl_hub1_key_of_at_least_32_characters_0002"

static const gl_account ACCOUNTS[] = {{"hub-1", "", "", true, false, 0, "", ""},
                                      {"customs", "", "", false, true, 0, "", ""}};
static gl_err err;
static gl_http_refusal refusal;

static const char *hash_of(const char *key, char text[80])
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_sha256(gl_str_of(key), digest);
    memcpy(text, "sha256:", 7);
    gl_hex(digest, sizeof digest, text + 7);
    return text;
}

static gl_access *load(const char *text)
{
    char path[] = "/tmp/gl-access-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    err = (gl_err){0};
    gl_access *access = gl_senders_load(path, ACCOUNTS, 2, &err);
    unlink(path);
    return access;
}

static gl_access *load_hub(const char *limits)
{
    char text[1024], one[80], two[80];
    snprintf(text, sizeof text,
             "submitters:\n"
             "  - account: hub-1\n    keys: ['%s', '%s']\n    certificates: ['CN=hub-1,O=Hub One']\n%s"
             "  - account: newcomer\n    certificates: [CN=newcomer]\n"
             "  - account: customs\n    certificates: [CN=customs]\n",
             hash_of(KEY_1, one), hash_of(KEY_2, two), limits);
    gl_access *access = load(text);
    cr_assert(access != NULL, "%s", err.message);
    return access;
}

static const char *found(gl_access *access, const char *authorization, const char *subject, const char *account)
{
    refusal = (gl_http_refusal){0};
    const gl_credentials credentials = {.authorization =
                                            authorization == NULL ? (gl_str){NULL, 0} : gl_str_of(authorization),
                                        .subject = subject == NULL ? (gl_str){NULL, 0} : gl_str_of(subject),
                                        .untrusted = "",
                                        .account = account == NULL ? (gl_str){NULL, 0} : gl_str_of(account)};
    const gl_submitter *submitter = gl_access_find(access, &credentials, &refusal);
    return submitter == NULL ? refusal.code : gl_senders_account(submitter)->name;
}

Test(access, credentials_lead_to_accounts)
{
    gl_access *access = load_hub("");
    cr_assert_str_eq(found(access, "Bearer " KEY_1, NULL, NULL), "hub-1");
    cr_assert_str_eq(found(access, "Bearer " KEY_2, NULL, "hub-1"), "hub-1");
    cr_assert_str_eq(found(access, NULL, "CN=hub-1,O=Hub One", NULL), "hub-1");
    cr_assert_str_eq(found(access, "Bearer " KEY_1, "CN=hub-1,O=Hub One", NULL), "hub-1");
    cr_assert_str_eq(found(access, NULL, "CN=newcomer", NULL), "newcomer");
    gl_credentials officer = {.subject = GL_STR("CN=customs"), .untrusted = ""};
    const gl_account *customs = gl_senders_account(gl_access_find(access, &officer, &refusal));
    cr_assert(customs->officer && customs == &ACCOUNTS[1]);
    gl_access_release(access);
}

Test(access, anything_else_is_refused_with_a_reason)
{
    gl_access *access = load_hub("");
    cr_assert_str_eq(found(access, NULL, NULL, NULL), "credential-missing");
    cr_assert_eq(refusal.status, 401);
    cr_assert_str_eq(found(access, "Bearer gl_a_key_of_32_characters_that_nobody_has", NULL, NULL), "key-unknown");
    cr_assert_eq(refusal.status, 401);
    cr_assert_str_eq(found(access, "Bearer short", NULL, NULL), "key-malformed");
    cr_assert_str_eq(found(access, "Basic aHViLTE6c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", NULL, NULL), "key-malformed");
    cr_assert_str_eq(found(access, KEY_1, NULL, NULL), "key-malformed");
    /* A key that is wrong is not made good by a certificate. */
    cr_assert_str_eq(found(access, "Bearer gl_a_key_of_32_characters_that_nobody_has", "CN=newcomer", NULL),
                     "key-unknown");
    cr_assert_str_eq(found(access, NULL, "CN=hub-1,O=Hub Two", NULL), "certificate-unknown");
    cr_assert_eq(refusal.status, 403);
    cr_assert_str_eq(found(access, "Bearer " KEY_1, "CN=newcomer", NULL), "credentials-differ");
    cr_assert_str_eq(found(access, "Bearer " KEY_1, NULL, "customs"), "account-mismatch");
    gl_credentials untrusted = {.untrusted = "The certificate is NOT trusted."};
    cr_assert(gl_access_find(access, &untrusted, &refusal) == NULL);
    cr_assert_str_eq(refusal.code, "certificate-untrusted");
    cr_assert(strstr(refusal.detail, "NOT trusted") != NULL);
    gl_access_release(access);
}

/* As some clients send it: in a header of its own. */
Test(access, a_key_without_authorization)
{
    gl_access *access = load_hub("");
    gl_credentials bare = {.key = GL_STR(KEY_1), .untrusted = ""};
    cr_assert_str_eq(gl_submitter_name(gl_access_find(access, &bare, &refusal)), "hub-1");
    bare.authorization = GL_STR("Basic x");
    cr_assert(gl_access_find(access, &bare, &refusal) == NULL, "the authorization counts");
    bare = (gl_credentials){.key = GL_STR("short"), .untrusted = ""};
    cr_assert(gl_access_find(access, &bare, &refusal) == NULL);
    cr_assert_str_eq(refusal.code, "key-malformed");
    gl_access_release(access);
}

Test(access, limits_hold_for_a_minute)
{
    gl_access *access = load_hub("    requests_per_minute: 3\n    bytes_per_minute: 6k\n    body_limit: 4k\n");
    gl_credentials own = {.subject = GL_STR("CN=hub-1,O=Hub One"), .untrusted = ""};
    gl_submitter *hub = gl_access_find(access, &own, &refusal);
    int64_t now_us = 1000000;
    cr_assert_eq(gl_submitter_body_limit(hub), 4096);
    for (int i = 0; i < 3; i++)
        cr_assert(gl_submitter_admit(hub, now_us, 0, &refusal));
    cr_assert(!gl_submitter_admit(hub, now_us, 0, &refusal));
    cr_assert_str_eq(refusal.code, "too-many-requests");
    cr_assert(refusal.status == 429 && refusal.retry_after_s >= 20 && refusal.retry_after_s <= 21);
    cr_assert(strstr(refusal.detail, "3 requests a minute") != NULL, "%s", refusal.detail);
    cr_assert(gl_submitter_admit(hub, now_us + (int64_t)refusal.retry_after_s * 1000000, 0, &refusal));
    /* Another's allowance is his own. */
    own.subject = GL_STR("CN=newcomer");
    cr_assert(gl_submitter_admit(gl_access_find(access, &own, &refusal), now_us, 0, &refusal));

    now_us += 120000000;
    /* Taken when they are announced, so that requests at once do not all have the same ones. */
    cr_assert(gl_submitter_admit(hub, now_us, 4 * 1024, &refusal));
    cr_assert(!gl_submitter_admit(hub, now_us, 4 * 1024, &refusal));
    cr_assert_str_eq(refusal.code, "too-many-bytes");
    cr_assert(refusal.retry_after_s >= 20 && refusal.retry_after_s <= 21);
    cr_assert(gl_submitter_admit(hub, now_us, 0, &refusal), "without a body");
    cr_assert(gl_submitter_take(hub, now_us, 2 * 1024, &refusal));
    cr_assert(!gl_submitter_take(hub, now_us, 1, &refusal));
    now_us += 120000000;
    cr_assert(gl_submitter_admit(hub, now_us, 4 * 1024, &refusal));
    cr_assert(!gl_submitter_admit(hub, now_us, 4 * 1024, &refusal));
    cr_assert(gl_submitter_admit(hub, now_us + 31000000, 4 * 1024, &refusal));
    gl_access_release(access);
}

Test(access, a_reload_gives_nothing_back)
{
    gl_access *old = load_hub("    requests_per_minute: 3\n");
    gl_credentials own = {.subject = GL_STR("CN=hub-1,O=Hub One"), .untrusted = ""};
    gl_submitter *hub = gl_access_find(old, &own, &refusal);
    for (int i = 0; i < 3; i++)
        cr_assert(gl_submitter_admit(hub, 1000, 0, &refusal));
    gl_access *access = load_hub("    requests_per_minute: 4\n");
    gl_access_follow(access, old);
    gl_access_release(old);
    hub = gl_access_find(access, &own, &refusal);
    cr_assert(gl_submitter_admit(hub, 1000, 0, &refusal));
    cr_assert(!gl_submitter_admit(hub, 1000, 0, &refusal));
    gl_access_release(access);
}

Test(access, a_wrong_file_says_what_is_wrong)
{
    static const char *const wrong[][2] = {
        {"", "the list is empty"},
        {"submitters:\n  - keys: [x]\n", "account must be given"},
        {"submitters:\n  - account: a\n", "neither keys nor certificates"},
        {"submitters:\n  - account: a\n    keys: [secret]\n", "sha256:"},
        {"submitters:\n  - account: a\n    key: [secret]\n", "did you mean \"keys\""},
        {"submitters:\n  - account: a\n    certificates: ['']\n", "subject is empty"},
        {"submitters:\n  - account: a\n    certificates: [CN=a]\n  - account: a\n    certificates: [CN=b]\n", "twice"},
        {"submitters:\n  - account: a\n    certificates: [CN=a]\n  - account: b\n    certificates: [CN=a]\n", "twice"},
        {"submitters:\n  - account: a\n    certificates: [CN=a]\n    body_limit: 2m\n    bytes_per_minute: 1m\n",
         "body_limit is above"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(load(wrong[i][0]) == NULL, "%s", wrong[i][0]);
        cr_assert(strstr(err.message, wrong[i][1]) != NULL && err.action == GL_FATAL, "%s", err.message);
    }
    cr_assert(gl_senders_load("/nowhere", NULL, 0, &err) == NULL);
    cr_assert_str_eq(err.code, "conf-unreadable");
}

Test(access, an_authority_without_submitters_is_refused_since_nobody_would_be_asked)
{
    static const char *const sets[] = {"ingest.tls_certificate=/c.pem", "ingest.tls_key=/k.pem", "ingest.tls_ca=/a.pem",
                                       NULL};
    size_t count = 0;
    while (gl_ingest_stage.conf_tables[count] != NULL)
        count++;
    gl_conf *conf = gl_conf_load(NULL, gl_ingest_stage.conf_tables, count, sets, &err);
    cr_assert(conf != NULL, "%s", err.message);
    cr_assert(!gl_ingest_stage.check(conf, &err));
    cr_assert_str_eq(err.code, "conf-value");
    cr_assert(err.action == GL_FATAL && strstr(err.message, "ingest.access") != NULL, "%s", err.message);
    gl_conf_destroy(conf);
}
