/* See access.h. */
#include "customs/access.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "customs/ids.h"

/* Keys are made by `greenlane key`, longer than this. What a person thinks of is shorter, and its hash can be guessed.
 */
enum { KEY_LEAST_BYTES = 32, KEY_MOST_BYTES = 512 };
static const char HASH_PREFIX[] = "sha256:", BEARER[] = "Bearer ";

typedef struct submitter_conf {
    const char *account;
    gl_conf_strings keys, certificates;
    int64_t requests_per_minute, bytes_per_minute, body_limit_bytes;
} submitter_conf;

#define ROW(field, name_, kind, text, flags_, low, high, words)                                                        \
    {                                                                                                                  \
        .name = (name_), .type = (kind), .offset = offsetof(submitter_conf, field), .initial = (text),                 \
        .flags = (flags_), .min = (low), .max = (high), .help = (words)                                                \
    }
static const gl_conf_entry rows[] = {
    ROW(account, "account", GL_CONF_STRING, NULL, GL_CONF_REQUIRED, 0, 0,
        "Whose requests these are. At ingest an account of `accounts` brings its role; another name is an ordinary "
        "account."),
    ROW(keys, "keys", GL_CONF_STRINGS, NULL, 0, 0, 0,
        "Hashes of its API keys, as `greenlane key` prints them: sha256:... Two while a key is replaced."),
    ROW(certificates, "certificates", GL_CONF_STRINGS, NULL, 0, 0, 0,
        "Subjects of its client certificates as RFC 4514 writes them: \"CN=hub-1,O=Hub One,C=BE\". Who signs them: "
        "tls_ca of the stage."),
    ROW(requests_per_minute, "requests_per_minute", GL_CONF_INT, "6000", 0, 1, 100000000,
        "More are answered with 429 and Retry-After; a minute's allowance may be used at once."),
    ROW(bytes_per_minute, "bytes_per_minute", GL_CONF_BYTES, "1g", 0, 1024, 0,
        "The same for bytes of bodies, as they are announced, or come when they are not."),
    ROW(body_limit_bytes, "body_limit", GL_CONF_BYTES, "32m", 0, 1024, 1 << 30,
        "Largest body; a larger one is answered with 413. body_limit of the stage holds for everybody."),
};
const gl_conf_table gl_access_conf_table = {
    .section = "submitters",
    .help = "Who may send over HTTP, and how much: the file that `ingest.access` or `classify.access` names, which may "
            "be the "
            "same. Read again on SIGHUP.",
    .struct_bytes = sizeof(submitter_conf),
    .repeated = true,
    .entries = rows,
    .entry_count = sizeof rows / sizeof rows[0],
};

/* A token bucket: `left` of `most`, which a minute fills. */
typedef struct bucket {
    double left, most;
    int64_t at_us;
} bucket;

struct gl_submitter {
    gl_access *access;
    const submitter_conf *conf;
    void *role;             /* NULL: the stage keeps nothing */
    bucket requests, bytes; /* under access->lock */
};

typedef struct key_row {
    uint8_t hash[GL_SHA256_BYTES];
    gl_submitter *submitter;
} key_row;

typedef struct subject_row {
    const char *subject;
    gl_submitter *submitter;
} subject_row;

struct gl_access {
    gl_conf *conf;
    gl_submitter *submitters; /* by account */
    char *roles;
    size_t submitter_count;
    key_row *keys; /* by hash */
    size_t key_count;
    subject_row *subjects; /* sorted */
    size_t subject_count;
    pthread_mutex_t lock;
    int owners; /* atomic */
};

/* -- Loading ------------------------------------------------------------------------------------------------------ */

static int by_account(const void *a, const void *b)
{
    return strcmp(((const gl_submitter *)a)->conf->account, ((const gl_submitter *)b)->conf->account);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const key_row *)a)->hash, ((const key_row *)b)->hash, GL_SHA256_BYTES);
}

static int by_subject(const void *a, const void *b)
{
    return strcmp(((const subject_row *)a)->subject, ((const subject_row *)b)->subject);
}

static bool invalid(gl_err *err, const submitter_conf *conf, const char *what)
{
    return gl_fail(err, GL_FATAL, "access-invalid", "submitters: %s: %s", conf->account, what);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hash(const char *text, uint8_t hash[GL_SHA256_BYTES])
{
    size_t prefix = sizeof HASH_PREFIX - 1;
    if (strncmp(text, HASH_PREFIX, prefix) != 0 || strlen(text) != prefix + 2 * GL_SHA256_BYTES)
        return false;
    for (size_t i = 0; i < GL_SHA256_BYTES; i++) {
        int high = hex_value(text[prefix + 2 * i]), low = hex_value(text[prefix + 2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool check_submitter(const submitter_conf *conf, gl_err *err)
{
    size_t len = strlen(conf->account);
    if (len == 0 || len > GL_ACCESS_LIMIT_NAME_BYTES || strpbrk(conf->account, "\r\n") != NULL)
        return invalid(err, conf, "the account is not a name of 1 to 100 bytes on one line");
    if (conf->keys.count + conf->certificates.count == 0)
        return invalid(err, conf, "has neither keys nor certificates");
    if (conf->body_limit_bytes > conf->bytes_per_minute)
        return invalid(err, conf, "body_limit is above bytes_per_minute");
    return true;
}

static gl_submitter submitter_of(gl_access *access, const submitter_conf *conf)
{
    return (gl_submitter){
        .access = access,
        .conf = conf,
        .requests = {.left = (double)conf->requests_per_minute, .most = (double)conf->requests_per_minute},
        .bytes = {.left = (double)conf->bytes_per_minute, .most = (double)conf->bytes_per_minute}};
}

static void *array(size_t count, size_t bytes)
{
    void *made = calloc(count + 1, bytes);
    if (made == NULL)
        abort();
    return made;
}

static bool add_credentials(gl_access *access, gl_submitter *submitter, gl_err *err)
{
    const submitter_conf *conf = submitter->conf;
    for (size_t i = 0; i < conf->keys.count; i++) {
        key_row *row = &access->keys[access->key_count++];
        row->submitter = submitter;
        if (!parse_hash(conf->keys.at[i], row->hash))
            return invalid(err, conf, "a key is not sha256: and 64 hexadecimal digits, as `greenlane key` prints it");
    }
    for (size_t i = 0; i < conf->certificates.count; i++) {
        if (conf->certificates.at[i][0] == '\0')
            return invalid(err, conf, "a certificate's subject is empty");
        access->subjects[access->subject_count++] = (subject_row){conf->certificates.at[i], submitter};
    }
    return true;
}

/* Sorted, what is there twice stands side by side. */
static bool check_once(const gl_access *access, gl_err *err)
{
    for (size_t i = 1; i < access->submitter_count; i++)
        if (by_account(&access->submitters[i - 1], &access->submitters[i]) == 0)
            return invalid(err, access->submitters[i].conf, "is there twice");
    for (size_t i = 1; i < access->key_count; i++)
        if (by_hash(&access->keys[i - 1], &access->keys[i]) == 0)
            return invalid(err, access->keys[i].submitter->conf, "a key is there twice, or another submitter's, too");
    for (size_t i = 1; i < access->subject_count; i++)
        if (by_subject(&access->subjects[i - 1], &access->subjects[i]) == 0)
            return invalid(err, access->subjects[i].submitter->conf,
                           "a certificate is there twice, or another submitter's, too");
    return true;
}

/* Multiples of the strictest alignment. */
static void fill_roles(gl_access *access, const gl_access_role *role)
{
    size_t unit = _Alignof(max_align_t), bytes = (role->bytes + unit - 1) / unit * unit;
    access->roles = array(access->submitter_count, bytes);
    for (size_t i = 0; i < access->submitter_count; i++) {
        access->submitters[i].role = access->roles + i * bytes;
        role->fill(role->context, access->submitters[i].conf->account, access->submitters[i].role);
    }
}

static bool fill(gl_access *access, const gl_access_role *role, gl_err *err)
{
    size_t keys = 0, subjects = 0;
    const submitter_conf *confs = gl_conf_list(access->conf, "submitters", &access->submitter_count);
    if (access->submitter_count == 0)
        return gl_fail(err, GL_FATAL, "access-invalid", "submitters: the list is empty, nobody could send anything");
    access->submitters = array(access->submitter_count, sizeof *access->submitters);
    for (size_t i = 0; i < access->submitter_count; i++) {
        if (!check_submitter(&confs[i], err))
            return false;
        keys += confs[i].keys.count;
        subjects += confs[i].certificates.count;
        access->submitters[i] = submitter_of(access, &confs[i]);
    }
    qsort(access->submitters, access->submitter_count, sizeof *access->submitters, by_account);
    if (role != NULL)
        fill_roles(access, role);
    access->keys = array(keys, sizeof *access->keys);
    access->subjects = array(subjects, sizeof *access->subjects);
    for (size_t i = 0; i < access->submitter_count; i++)
        if (!add_credentials(access, &access->submitters[i], err))
            return false;
    qsort(access->keys, access->key_count, sizeof *access->keys, by_hash);
    qsort(access->subjects, access->subject_count, sizeof *access->subjects, by_subject);
    return check_once(access, err);
}

gl_access *gl_access_load(const char *path, const char *key, const gl_access_role *role, gl_err *err)
{
    static const gl_conf_table *const tables[] = {&gl_access_conf_table};
    gl_access *access = array(1, sizeof *access);
    access->owners = 1;
    pthread_mutex_init(&access->lock, NULL);
    access->conf = gl_conf_load(path, tables, 1, NULL, err);
    if (access->conf != NULL && fill(access, role, err))
        return access;
    gl_fail_context(err, "%s", key);
    gl_access_release(access);
    return NULL;
}

gl_access *gl_access_retain(gl_access *access)
{
    if (access != NULL)
        __atomic_add_fetch(&access->owners, 1, __ATOMIC_RELAXED);
    return access;
}

void gl_access_release(gl_access *access)
{
    if (access == NULL || __atomic_sub_fetch(&access->owners, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(access->submitters);
    free(access->roles);
    free(access->keys);
    free(access->subjects);
    gl_conf_destroy(access->conf);
    pthread_mutex_destroy(&access->lock);
    free(access);
}

void gl_access_follow(gl_access *access, gl_access *old)
{
    if (old == NULL)
        return;
    pthread_mutex_lock(&old->lock);
    for (size_t i = 0; i < access->submitter_count; i++) {
        gl_submitter *fresh = &access->submitters[i];
        const gl_submitter *known =
            bsearch(fresh, old->submitters, old->submitter_count, sizeof *old->submitters, by_account);
        if (known == NULL)
            continue;
        /* What is used is used, also of another allowance. */
        fresh->requests.left -= known->requests.most - known->requests.left;
        fresh->requests.at_us = known->requests.at_us;
        fresh->bytes.left -= known->bytes.most - known->bytes.left;
        fresh->bytes.at_us = known->bytes.at_us;
    }
    pthread_mutex_unlock(&old->lock);
}

/* -- Who it is ---------------------------------------------------------------------------------------------------- */

static void *refuse(gl_http_refusal *refusal, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void *refuse(gl_http_refusal *refusal, int status, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *refusal = (gl_http_refusal){.status = status, .code = code};
    vsnprintf(refusal->detail, sizeof refusal->detail, format, args);
    va_end(args);
    return NULL;
}

static gl_str key_of(gl_str authorization)
{
    return gl_str_starts(authorization, (gl_str){BEARER, sizeof BEARER - 1})
               ? gl_str_trim((gl_str){authorization.ptr + sizeof BEARER - 1, authorization.len - sizeof BEARER + 1})
               : (gl_str){NULL, 0};
}

static gl_submitter *find_key(const gl_access *access, const gl_credentials *credentials, gl_http_refusal *refusal)
{
    gl_str key = credentials->authorization.ptr != NULL ? key_of(credentials->authorization) : credentials->key;
    if (key.len < KEY_LEAST_BYTES || key.len > KEY_MOST_BYTES)
        return refuse(refusal, 401, "key-malformed",
                      credentials->authorization.ptr != NULL
                          ? "the Authorization header is not \"Bearer\" and an API key"
                          : "the header's value is not an API key");
    key_row wanted = {.submitter = NULL};
    gl_sha256(key, wanted.hash);
    const key_row *row = bsearch(&wanted, access->keys, access->key_count, sizeof *access->keys, by_hash);
    return row != NULL ? row->submitter : refuse(refusal, 401, "key-unknown", "this API key is not known here");
}

static gl_submitter *find_subject(const gl_access *access, gl_str subject, gl_http_refusal *refusal)
{
    char text[512];
    snprintf(text, sizeof text, "%.*s", GL_STR_ARG(subject));
    const subject_row *row = strlen(text) != subject.len
                                 ? NULL
                                 : bsearch(&(subject_row){text, NULL}, access->subjects, access->subject_count,
                                           sizeof *access->subjects, by_subject);
    return row != NULL
               ? row->submitter
               : refuse(refusal, 403, "certificate-unknown", "no submitter has the certificate \"%.180s\"", text);
}

gl_submitter *gl_access_find(gl_access *access, const gl_credentials *credentials, gl_http_refusal *refusal)
{
    gl_submitter *by_key = NULL, *by_certificate = NULL;
    if (credentials->untrusted[0] != '\0')
        return refuse(refusal, 401, "certificate-untrusted", "%s", credentials->untrusted);
    bool has_key = credentials->authorization.ptr != NULL || credentials->key.ptr != NULL;
    if (!has_key && credentials->subject.ptr == NULL)
        return refuse(refusal, 401, "credential-missing",
                      "send an API key (Authorization: Bearer ...) or a client certificate");
    if (has_key && (by_key = find_key(access, credentials, refusal)) == NULL)
        return NULL;
    if (credentials->subject.ptr != NULL &&
        (by_certificate = find_subject(access, credentials->subject, refusal)) == NULL)
        return NULL;
    gl_submitter *found = by_key != NULL ? by_key : by_certificate;
    if (by_key != NULL && by_certificate != NULL && by_key != by_certificate)
        return refuse(refusal, 403, "credentials-differ",
                      "the API key and the certificate are of different submitters");
    if (credentials->account.len > 0 && !gl_str_eqz(credentials->account, found->conf->account))
        return refuse(refusal, 403, "account-mismatch", "these credentials are those of the account %.100s",
                      found->conf->account);
    return found;
}

/* -- How much ----------------------------------------------------------------------------------------------------- */

/* Locks: access->lock. */
static void refill(bucket *b, int64_t now_us)
{
    double minutes = b->at_us == 0 ? 0 : (double)(now_us - b->at_us) / 60e6;
    b->at_us = now_us;
    if (minutes > 0)
        b->left = b->left + minutes * b->most > b->most ? b->most : b->left + minutes * b->most;
}

/* Whole seconds until there is `wanted`, 0: now. */
static int wait_s(const bucket *b, double wanted)
{
    double seconds = (wanted - b->left) / b->most * 60;
    return wanted <= 0 || b->left >= wanted ? 0 : seconds < 1 ? 1 : seconds > 3600 ? 3600 : (int)seconds + 1;
}

/* All or nothing. Requests that are overdrawn (by a reload) hold up no more bytes of one that is admitted. */
static bool take(gl_submitter *submitter, int64_t now_us, int64_t requests, int64_t bytes, gl_http_refusal *refusal)
{
    pthread_mutex_lock(&submitter->access->lock);
    refill(&submitter->requests, now_us);
    refill(&submitter->bytes, now_us);
    int requests_s = wait_s(&submitter->requests, (double)requests), bytes_s = wait_s(&submitter->bytes, (double)bytes);
    if (requests_s == 0 && bytes_s == 0) {
        submitter->requests.left -= (double)requests;
        submitter->bytes.left -= (double)bytes;
    }
    pthread_mutex_unlock(&submitter->access->lock);
    if (requests_s == 0 && bytes_s == 0)
        return true;
    refuse(refusal, 429, requests_s > 0 ? "too-many-requests" : "too-many-bytes", "%s: at most %lld %s a minute",
           submitter->conf->account,
           (long long)(requests_s > 0 ? submitter->conf->requests_per_minute : submitter->conf->bytes_per_minute),
           requests_s > 0 ? "requests" : "bytes");
    refusal->retry_after_s = requests_s > bytes_s ? requests_s : bytes_s;
    return false;
}

bool gl_submitter_admit(gl_submitter *submitter, int64_t now_us, int64_t bytes, gl_http_refusal *refusal)
{
    return take(submitter, now_us, 1, bytes, refusal);
}

bool gl_submitter_take(gl_submitter *submitter, int64_t now_us, int64_t bytes, gl_http_refusal *refusal)
{
    return take(submitter, now_us, 0, bytes, refusal);
}

bool gl_access_admit(gl_access *access, gl_http_request *request, int64_t body_limit_bytes, bool api_key,
                     gl_http_refusal *refusal)
{
    gl_credentials credentials = {.authorization = gl_http_header(request, "Authorization"),
                                  .account = gl_http_header(request, "Greenlane-Account")};
    int64_t bytes = gl_http_announced(request);

    if (api_key)
        credentials.key = gl_http_header(request, "X-Api-Key");
    credentials.subject = gl_http_peer(request, &credentials.untrusted);
    gl_submitter *submitter = gl_access_find(access, &credentials, refusal);
    if (submitter != NULL && (bytes > gl_submitter_body_limit(submitter) || bytes > body_limit_bytes))
        bytes = 0;
    if (submitter == NULL || !gl_submitter_admit(submitter, gl_mono_us(), bytes, refusal)) {
        gl_access_release(access);
        return false;
    }
    gl_http_limit_body(request, gl_submitter_body_limit(submitter));
    gl_http_set_principal(request, submitter);
    return true;
}

void gl_access_forget(void *submitter)
{
    gl_access_release(gl_submitter_access(submitter));
}

gl_access *gl_submitter_access(const gl_submitter *submitter)
{
    return submitter->access;
}

const char *gl_submitter_name(const gl_submitter *submitter)
{
    return submitter->conf->account;
}

const void *gl_submitter_role(const gl_submitter *submitter)
{
    return submitter->role;
}

int64_t gl_submitter_body_limit(const gl_submitter *submitter)
{
    return submitter->conf->body_limit_bytes;
}
