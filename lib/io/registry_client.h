/* Requests to a schema registry: Confluent's API, over HTTP or HTTPS (libcurl), with its replies parsed under limits.
 *
 * Section "registry" of a daemon's file; `url: builtin` means that there is none. Always holds: a call ends within the
 * configured time; a reply larger than GL_REGISTRY_LIMIT_BYTES is refused; no secret is in a message, a log line or a
 * printed configuration; redirects are not followed (they would carry credentials elsewhere). Errors of the calls:
 * registry-unavailable and registry-reply (GL_RETRY: not reached, too slow, 5xx, 429; no such reply is known),
 * registry-refused (GL_FATAL: 401, 403, other 4xx, a certificate, a file of the configuration), registry-unknown
 * (GL_DEAD_LETTER: 404).
 */
#ifndef GL_IO_REGISTRY_CLIENT_H
#define GL_IO_REGISTRY_CLIENT_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/str.h"

enum { GL_REGISTRY_LIMIT_BYTES = 4 * 1024 * 1024, GL_REGISTRY_LIMIT_VERSIONS = 1000 };

typedef struct gl_registry_conf {
    const char *url; /* "builtin", or the base of Confluent's API */
    const char *ca_file, *certificate_file, *key_file, *key_password;
    const char *user, *password, *password_file, *token, *token_file;
    int64_t timeout_ms;      /* of one request */
    int64_t wait_ms;         /* how long a record waits for its schema */
    int64_t negative_ttl_ms; /* how long an answer that there is no such schema holds */
    int64_t refresh_ms;
    const char *cache_dir;
    bool builtin_ids;
} gl_registry_conf;
extern const gl_conf_table gl_registry_conf_table;

bool gl_registry_is_builtin(const gl_registry_conf *conf);
/* Errors (GL_FATAL): registry-conf. */
bool gl_registry_check_conf(const gl_registry_conf *conf, gl_err *err);

/* One connection, kept from call to call. Thread: one at a time. */
typedef struct gl_registry_client gl_registry_client;
/* `conf` is borrowed. Files with secrets are read at each request: they may be rotated. */
gl_registry_client *gl_registry_client_new(const gl_registry_conf *conf, gl_err *err);
void gl_registry_client_destroy(gl_registry_client *client);

/* Appends the schema of an id. */
bool gl_registry_get(gl_registry_client *client, uint32_t id, gl_buf *json, gl_err *err);
/* The id under which exactly this schema is registered for the subject. */
bool gl_registry_find(gl_registry_client *client, const char *subject, gl_str json, uint32_t *id, gl_err *err);
bool gl_registry_register(gl_registry_client *client, const char *subject, gl_str json, uint32_t *id, gl_err *err);
/* Would it be taken as the subject's next version? `why` gets what is against it. registry-unknown: no version yet. */
bool gl_registry_check(gl_registry_client *client, const char *subject, gl_str json, bool *compatible, gl_buf *why,
                       gl_err *err);
bool gl_registry_set_compatibility(gl_registry_client *client, const char *subject, const char *level, gl_err *err);

typedef struct gl_registry_versions {
    int64_t at[GL_REGISTRY_LIMIT_VERSIONS];
    size_t count;
} gl_registry_versions;
bool gl_registry_list(gl_registry_client *client, const char *subject, gl_registry_versions *versions, gl_err *err);
/* `version` 0: the latest. */
bool gl_registry_version(gl_registry_client *client, const char *subject, int64_t version, uint32_t *id, gl_buf *json,
                         gl_err *err);

/* ---- Replies, for the calls above and their fuzz target. Errors: registry-reply (GL_RETRY). ---- */

/* {"schema": "..."}, `id` (may be NULL) from {"id": 7}. Other types than AVRO and references are refused. */
bool gl_registry_parse_schema(gl_str reply, uint32_t *id, gl_buf *json, gl_err *err);
bool gl_registry_parse_id(gl_str reply, uint32_t *id, gl_err *err);
bool gl_registry_parse_verdict(gl_str reply, bool *compatible, gl_buf *why, gl_err *err);
bool gl_registry_parse_versions(gl_str reply, gl_registry_versions *versions, gl_err *err);
/* The message of a refusal, or what is there of the reply: printable, at most 200 bytes. */
void gl_registry_parse_problem(gl_str reply, gl_buf *message);

#endif
