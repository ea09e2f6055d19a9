/* Who may send requests, and how much: a file (`ingest.access`, `classify.access`) with a list of submitters, their
 * credentials (hashes of API keys, subjects of client certificates) and limits. It is read again on SIGHUP.
 *
 * Always holds: a credential leads to one submitter, a submitter to one account; nothing here can be turned into a key.
 * Limits are of this process, in buckets that hold a minute's allowance. Thread: any. Locks: one inside, around the
 * buckets.
 */
#ifndef GL_CUSTOMS_ACCESS_H
#define GL_CUSTOMS_ACCESS_H

#include "base/conf.h"
#include "io/http.h"

typedef struct gl_access gl_access;
typedef struct gl_submitter gl_submitter;

extern const gl_conf_table gl_access_conf_table; /* "submitters", repeated: the whole of the file */

/* Of an account's name. */
enum { GL_ACCESS_LIMIT_NAME_BYTES = 100 };

/* What a stage keeps for each submitter: `bytes` of its own, filled in when the file is read. */
typedef struct gl_access_role {
    size_t bytes;
    void (*fill)(void *context, const char *account, void *role);
    void *context;
} gl_access_role;

/* `key`: the configuration's that names the file, for messages. `role` may be NULL. NULL and err: access-invalid, and
 * what gl_conf_load says (GL_FATAL). */
gl_access *gl_access_load(const char *path, const char *key, const gl_access_role *role, gl_err *err);
/* Takes over how much was used of the limits of `old` (may be NULL). */
void gl_access_follow(gl_access *access, gl_access *old);
/* Loaded, it has one owner; the last one that lets it go frees it, with its submitters. NULL is allowed. */
gl_access *gl_access_retain(gl_access *access);
void gl_access_release(gl_access *access);

/* What a request brings. */
typedef struct gl_credentials {
    gl_str authorization;  /* header, or {NULL, 0} */
    gl_str key;            /* an API key as such, or {NULL, 0}: looked at when there is no authorization */
    gl_str subject;        /* of a certificate that is trusted, or {NULL, 0} */
    const char *untrusted; /* what is wrong with the certificate, or "" */
    gl_str account;        /* that the sender names, or {NULL, 0} */
} gl_credentials;

/* NULL and the refusal (401 without a credential that is known, 403 otherwise). Key and certificate, when both are
 * there, must be of the same submitter. */
gl_submitter *gl_access_find(gl_access *access, const gl_credentials *credentials, gl_http_refusal *refusal);
/* Takes one request with a body of `bytes` out of its allowance; false and the refusal (429, when to come again) when
 * there is not as much left. */
bool gl_submitter_admit(gl_submitter *submitter, int64_t now_us, int64_t bytes, gl_http_refusal *refusal);
/* The same for bytes of a body that were not announced. */
bool gl_submitter_take(gl_submitter *submitter, int64_t now_us, int64_t bytes, gl_http_refusal *refusal);
/* Of a request over HTTP, before its body is read: who sends it, and may it? `body_limit_bytes`: of the service (a
 * larger body is refused anyway, and takes nothing out of the allowance); `api_key`: X-Api-Key counts as a key. True:
 * the request has its submitter as principal, and is an owner of `access` until gl_access_forget. False: with the
 * refusal, and `access` is released. */
bool gl_access_admit(gl_access *access, gl_http_request *request, int64_t body_limit_bytes, bool api_key,
                     gl_http_refusal *refusal);
/* gl_http_conf.forget of such a request. */
void gl_access_forget(void *submitter);
gl_access *gl_submitter_access(const gl_submitter *submitter);
const char *gl_submitter_name(const gl_submitter *submitter);
/* What gl_access_role.fill filled in. */
const void *gl_submitter_role(const gl_submitter *submitter);
int64_t gl_submitter_body_limit(const gl_submitter *submitter);

#endif
