/* See registry_client.h. */
#include "io/registry_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/avro.h"
#include "io/json.h"

enum { REPLY_NODES = 20000, SECRET_BYTES = 64 * 1024, PROBLEM_BYTES = 200 };

/* ---- configuration ---- */

#define ROW(field_, kind, text, low, high, flags_, words)                                                              \
    {                                                                                                                  \
        .name = #field_, .type = (kind), .offset = offsetof(gl_registry_conf, field_), .initial = (text),              \
        .flags = (flags_), .min = (low), .max = (high), .help = (words)                                                \
    }
#define TIME(field_, name_, text, low, high, words)                                                                    \
    {                                                                                                                  \
        .name = (name_), .type = GL_CONF_DURATION, .offset = offsetof(gl_registry_conf, field_), .initial = (text),    \
        .min = (low), .max = (high), .help = (words)                                                                   \
    }

static const gl_conf_entry entries[] = {
    ROW(url, GL_CONF_STRING, "${SCHEMA_REGISTRY_URL:-builtin}", 0, 0, 0,
        "Base address of Confluent's API (https://registry:8081, or https://apicurio/apis/ccompat/v7), or `builtin`: "
        "no "
        "registry, and ids that are part of the program. Register the schemas first: `greenlane schema register`."),
    ROW(ca_file, GL_CONF_STRING, "${SCHEMA_REGISTRY_CA_FILE:-}", 0, 0, GL_CONF_FILE,
        "Certificates (PEM) that the registry's own is checked with; empty: the system's."),
    ROW(certificate_file, GL_CONF_STRING, "${SCHEMA_REGISTRY_CERTIFICATE_FILE:-}", 0, 0, GL_CONF_FILE,
        "Client certificate (PEM) to show the registry."),
    ROW(key_file, GL_CONF_STRING, "${SCHEMA_REGISTRY_KEY_FILE:-}", 0, 0, GL_CONF_FILE, "Its private key (PEM)."),
    ROW(key_password, GL_CONF_STRING, "${SCHEMA_REGISTRY_KEY_PASSWORD:-}", 0, 0, GL_CONF_SECRET,
        "What the private key is encrypted with."),
    ROW(user, GL_CONF_STRING, "${SCHEMA_REGISTRY_USER:-}", 0, 0, 0, "User name for basic authentication."),
    ROW(password, GL_CONF_STRING, "${SCHEMA_REGISTRY_PASSWORD:-}", 0, 0, GL_CONF_SECRET, "Its password."),
    ROW(password_file, GL_CONF_STRING, "${SCHEMA_REGISTRY_PASSWORD_FILE:-}", 0, 0, GL_CONF_FILE,
        "A file that holds the password instead; read at each request."),
    ROW(token, GL_CONF_STRING, "${SCHEMA_REGISTRY_TOKEN:-}", 0, 0, GL_CONF_SECRET,
        "Bearer token, instead of user and password."),
    ROW(token_file, GL_CONF_STRING, "${SCHEMA_REGISTRY_TOKEN_FILE:-}", 0, 0, GL_CONF_FILE,
        "A file that holds the token instead; read at each request."),
    TIME(timeout_ms, "timeout", "3s", 50, 60000, "Longest time of one request."),
    TIME(wait_ms, "wait", "15s", 0, 60000,
         "How long a record waits for its schema while the registry does not answer. Then it is a dead letter "
         "(schema-unavailable), and while the registry stays away so is each later one of an unknown schema, at once."),
    TIME(negative_ttl_ms, "negative_ttl", "1m", 0, 86400000,
         "How long the registry's answer that it does not have a schema holds."),
    TIME(
        refresh_ms, "refresh", "1m", 100, 86400000,
        "How often the subjects of the daemon's topics are looked through for new versions, which are fetched before a "
        "record needs them."),
    ROW(cache_dir, GL_CONF_STRING, "${GREENLANE_STATE:-run/state}/schemas", 0, 0, 0,
        "Where what the registry said is kept, for a start without it. Daemons may share it; empty: nowhere."),
    ROW(builtin_ids, GL_CONF_BOOL, "true", 0, 0, 0,
        "Read values with built-in ids too: what was written before there was a registry."),
};
const gl_conf_table gl_registry_conf_table = {
    "registry", "The schema registry.", sizeof(gl_registry_conf), false, entries, sizeof entries / sizeof entries[0]};

bool gl_registry_is_builtin(const gl_registry_conf *conf)
{
    return strcmp(conf->url, "builtin") == 0;
}

static bool bad_conf(gl_err *err, const char *what)
{
    return gl_fail(err, GL_FATAL, "registry-conf", "registry.%s", what);
}

bool gl_registry_check_conf(const gl_registry_conf *conf, gl_err *err)
{
    gl_str url = gl_str_of(conf->url);
    bool secret = conf->password[0] != '\0' || conf->password_file[0] != '\0';
    bool token = conf->token[0] != '\0' || conf->token_file[0] != '\0';
    if (gl_registry_is_builtin(conf))
        return true;
    if (!gl_str_starts(url, GL_STR("http://")) && !gl_str_starts(url, GL_STR("https://")))
        return bad_conf(err, "url: neither `builtin` nor an http:// or https:// address");
    if (memchr(url.ptr, '@', url.len) != NULL)
        return bad_conf(err, "url: user and password do not belong into the address: give them by their own keys");
    if (secret != (conf->user[0] != '\0'))
        return bad_conf(err, "user: it takes both a user and a password (or password_file)");
    if (secret && token)
        return bad_conf(err, "token: give either a user with a password, or a token");
    if ((conf->password[0] != '\0' && conf->password_file[0] != '\0') ||
        (conf->token[0] != '\0' && conf->token_file[0] != '\0'))
        return bad_conf(err, "password_file, token_file: give the secret or its file, not both");
    if ((conf->certificate_file[0] != '\0') != (conf->key_file[0] != '\0'))
        return bad_conf(err, "certificate_file: it takes both the certificate and its key_file");
    return true;
}

/* ---- replies ---- */

static bool bad_reply(gl_err *err, const char *what)
{
    return gl_fail(err, GL_RETRY, "registry-reply", "the registry's reply is not what it should be: %s", what);
}

static const gl_json *parse(gl_arena *arena, gl_str reply)
{
    return gl_json_parse(arena, reply, GL_REGISTRY_LIMIT_BYTES, REPLY_NODES, NULL);
}

static bool take_id(const gl_json *top, uint32_t *id)
{
    int64_t value = 0;
    if (top == NULL || top->type != GL_JSON_OBJECT || !gl_json_int(top, "id", &value) || value <= 0 ||
        value > UINT32_MAX)
        return false;
    *id = (uint32_t)value;
    return true;
}

static bool take_schema(const gl_json *top, gl_buf *json, gl_err *err)
{
    if (top == NULL || top->type != GL_JSON_OBJECT)
        return bad_reply(err, "no JSON object");
    gl_str type = gl_json_text(top, "schemaType"), text = gl_json_text(top, "schema");
    const gl_json *references = gl_json_get(top, "references");
    if (type.ptr != NULL && !gl_str_eqz(type, "AVRO"))
        return bad_reply(err, "the schema is not Avro");
    if (references != NULL && references->type == GL_JSON_ARRAY && references->count > 0)
        return bad_reply(err, "the schema refers to others, which is not supported");
    if (text.len == 0 || text.len > GL_AVRO_LIMIT_SCHEMA_BYTES)
        return bad_reply(err, text.len == 0 ? "no schema in it" : "the schema is too large");
    gl_buf_str(json, text);
    return true;
}

bool gl_registry_parse_schema(gl_str reply, uint32_t *id, gl_buf *json, gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    const gl_json *top = parse(arena, reply);
    bool good = id == NULL || take_id(top, id) || bad_reply(err, "no id in it");
    good = good && take_schema(top, json, err);
    gl_arena_destroy(arena);
    return good;
}

bool gl_registry_parse_id(gl_str reply, uint32_t *id, gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    bool good = take_id(parse(arena, reply), id);
    gl_arena_destroy(arena);
    return good || bad_reply(err, "no id in it");
}

/* Without control characters, cut to what a message holds. */
static void put_plain(gl_buf *message, gl_str text)
{
    for (size_t i = 0; i < text.len && i < PROBLEM_BYTES; i++)
        gl_buf_byte(message, (unsigned char)text.ptr[i] < ' ' ? ' ' : (uint8_t)text.ptr[i]);
}

bool gl_registry_parse_verdict(gl_str reply, bool *compatible, gl_buf *why, gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    const gl_json *top = parse(arena, reply);
    const gl_json *verdict = top == NULL || top->type != GL_JSON_OBJECT ? NULL : gl_json_get(top, "is_compatible");
    bool good = verdict != NULL && (verdict->type == GL_JSON_TRUE || verdict->type == GL_JSON_FALSE);
    if (good) {
        const gl_json *messages = gl_json_get(top, "messages");
        *compatible = verdict->type == GL_JSON_TRUE;
        put_plain(why, gl_json_text(top, "reason"));
        for (size_t i = 0; messages != NULL && messages->type == GL_JSON_ARRAY && i < messages->count && i < 3; i++) {
            gl_buf_text(why, why->len > 0 ? "; " : "");
            put_plain(why, messages->items[i]->text);
        }
    }
    gl_arena_destroy(arena);
    return good || bad_reply(err, "no verdict in it");
}

bool gl_registry_parse_versions(gl_str reply, gl_registry_versions *versions, gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    const gl_json *top = parse(arena, reply);
    bool good = top != NULL && top->type == GL_JSON_ARRAY && top->count <= GL_REGISTRY_LIMIT_VERSIONS;
    versions->count = 0;
    for (size_t i = 0; good && i < top->count; i++) {
        uint64_t number = 0;
        good = top->items[i]->type == GL_JSON_NUMBER && gl_str_to_u64(top->items[i]->text, INT32_MAX, &number);
        versions->at[versions->count++] = (int64_t)number;
    }
    gl_arena_destroy(arena);
    return good || bad_reply(err, "no list of versions");
}

void gl_registry_parse_problem(gl_str reply, gl_buf *message)
{
    gl_arena *arena = gl_arena_new(0);
    const gl_json *top = parse(arena, reply);
    gl_str text = top == NULL || top->type != GL_JSON_OBJECT ? (gl_str){NULL, 0} : gl_json_text(top, "message");
    put_plain(message, text.ptr != NULL ? text : reply);
    gl_arena_destroy(arena);
}

/* ---- requests ---- */

struct gl_registry_client {
    const gl_registry_conf *conf;
    CURL *curl;
    gl_buf url, reply;
    char error[CURL_ERROR_SIZE];
};

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

gl_registry_client *gl_registry_client_new(const gl_registry_conf *conf, gl_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    if (!gl_registry_check_conf(conf, err))
        return NULL;
    gl_registry_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        abort();
    client->conf = conf;
    client->curl = curl_easy_init();
    if (client->curl != NULL)
        return client;
    gl_fail(err, GL_FATAL, "registry-conf", "libcurl cannot start");
    gl_registry_client_destroy(client);
    return NULL;
}

void gl_registry_client_destroy(gl_registry_client *client)
{
    if (client == NULL)
        return;
    if (client->curl != NULL)
        curl_easy_cleanup(client->curl);
    gl_buf_free(&client->url);
    gl_buf_free(&client->reply);
    free(client);
}

static size_t collect(char *data, size_t size, size_t count, void *context)
{
    gl_buf *reply = context;
    if (reply->len + size * count > GL_REGISTRY_LIMIT_BYTES)
        return 0;
    gl_buf_bytes(reply, data, size * count);
    return size * count;
}

/* `text` with a NUL at its end: the secret itself, or what its file holds, without white space at the end. */
static bool read_secret(const char *value, const char *path, gl_buf *text, gl_err *err)
{
    char part[1024];
    size_t got;
    if (path[0] == '\0') {
        gl_buf_bytes(text, value, strlen(value) + 1);
        return true;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return gl_fail(err, GL_FATAL, "registry-refused", "cannot read the credentials in %s: %s", path,
                       strerror(errno));
    while ((got = fread(part, 1, sizeof part, file)) > 0 && text->len < SECRET_BYTES)
        gl_buf_bytes(text, part, got);
    fclose(file);
    text->len = gl_str_trim(gl_buf_view(text)).len;
    gl_buf_byte(text, '\0');
    explicit_bzero(part, sizeof part);
    return text->len > 1 || gl_fail(err, GL_FATAL, "registry-refused", "there are no credentials in %s", path);
}

static void forget_secret(gl_buf *text)
{
    if (text->data != NULL)
        explicit_bzero(text->data, text->cap);
    gl_buf_free(text);
}

static bool set_credentials(gl_registry_client *client, struct curl_slist **headers, gl_err *err)
{
    const gl_registry_conf *conf = client->conf;
    gl_buf secret = {0};
    bool good = true;
    if (conf->user[0] != '\0') {
        good = read_secret(conf->password, conf->password_file, &secret, err);
        curl_easy_setopt(client->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(client->curl, CURLOPT_USERNAME, conf->user);
        curl_easy_setopt(client->curl, CURLOPT_PASSWORD, good ? (const char *)secret.data : "");
    } else if (conf->token[0] != '\0' || conf->token_file[0] != '\0') {
        good = read_secret(conf->token, conf->token_file, &secret, err);
        gl_buf line = {0};
        gl_buf_printf(&line, "Authorization: Bearer %s", good ? (const char *)secret.data : "");
        gl_buf_byte(&line, '\0');
        *headers = curl_slist_append(*headers, (const char *)line.data);
        forget_secret(&line);
    }
    forget_secret(&secret);
    return good;
}

static void set_tls(CURL *curl, const gl_registry_conf *conf)
{
    if (conf->ca_file[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
    if (conf->certificate_file[0] == '\0')
        return;
    curl_easy_setopt(curl, CURLOPT_SSLCERT, conf->certificate_file);
    curl_easy_setopt(curl, CURLOPT_SSLKEY, conf->key_file);
    if (conf->key_password[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_KEYPASSWD, conf->key_password);
}

static void set_up(gl_registry_client *client, const char *method, gl_str body)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl); /* the connection stays */
    client->error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, (const char *)client->url.data);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->conf->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)client->conf->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &client->reply);
    if (body.ptr != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    set_tls(curl, client->conf);
}

static bool judge(gl_registry_client *client, long status, gl_err *err)
{
    if (status >= 200 && status < 300)
        return true;
    gl_buf message = {0};
    gl_registry_parse_problem(gl_buf_view(&client->reply), &message);
    gl_str said = gl_buf_view(&message);
    if (status == 404)
        gl_fail(err, GL_DEAD_LETTER, "registry-unknown", "the registry does not have it: %.*s", GL_STR_ARG(said));
    else if (status >= 500 || status == 429 || status == 408)
        gl_fail(err, GL_RETRY, "registry-unavailable", "%s: status %ld: %.*s", client->conf->url, status,
                GL_STR_ARG(said));
    else
        gl_fail(err, GL_FATAL, "registry-refused", "%s: status %ld%s: %.*s", client->conf->url, status,
                status == 401 || status == 403 ? " (credentials)" : "", GL_STR_ARG(said));
    gl_buf_free(&message);
    return false;
}

/* Who is not trusted, or cannot be, will not be in a minute either. */
static bool is_distrust(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR;
}

/* client->url is set; client->reply gets the body. */
static bool call(gl_registry_client *client, const char *method, gl_str body, gl_err *err)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/vnd.schemaregistry.v1+json");
    headers = curl_slist_append(headers, "Expect:");
    if (body.ptr != NULL)
        headers = curl_slist_append(headers, "Content-Type: application/vnd.schemaregistry.v1+json");
    client->reply.len = 0;
    set_up(client, method, body);
    bool good = set_credentials(client, &headers, err);
    if (good) {
        long status = 0;
        curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
        CURLcode code = curl_easy_perform(client->curl);
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK)
            good = judge(client, status, err);
        else
            good = gl_fail(err, is_distrust(code) ? GL_FATAL : GL_RETRY,
                           is_distrust(code) ? "registry-refused" : "registry-unavailable", "%s: %s", client->conf->url,
                           client->error[0] != '\0' ? client->error : curl_easy_strerror(code));
    }
    curl_easy_reset(client->curl); /* it keeps no secret, and no pointer to ours */
    curl_slist_free_all(headers);
    return good;
}

static void set_url(gl_registry_client *client, const char *before, const char *subject, const char *after)
{
    gl_str base = gl_str_of(client->conf->url);
    while (base.len > 0 && base.ptr[base.len - 1] == '/')
        base.len--;
    char *escaped = curl_easy_escape(client->curl, subject, (int)strlen(subject));
    if (escaped == NULL)
        abort();
    client->url.len = 0;
    gl_buf_printf(&client->url, "%.*s%s%s%s", GL_STR_ARG(base), before, escaped, after);
    gl_buf_byte(&client->url, '\0');
    curl_free(escaped);
}

static bool post_schema(gl_registry_client *client, gl_str json, gl_err *err)
{
    gl_buf body = {0};
    gl_buf_text(&body, "{\"schema\":");
    gl_buf_json(&body, json);
    gl_buf_byte(&body, '}');
    bool good = call(client, "POST", gl_buf_view(&body), err);
    gl_buf_free(&body);
    return good;
}

static const gl_str NO_BODY = {NULL, 0};

bool gl_registry_get(gl_registry_client *client, uint32_t id, gl_buf *json, gl_err *err)
{
    char number[16];
    snprintf(number, sizeof number, "%" PRIu32, id);
    set_url(client, "/schemas/ids/", number, "");
    return call(client, "GET", NO_BODY, err) && gl_registry_parse_schema(gl_buf_view(&client->reply), NULL, json, err);
}

bool gl_registry_find(gl_registry_client *client, const char *subject, gl_str json, uint32_t *id, gl_err *err)
{
    set_url(client, "/subjects/", subject, "");
    return post_schema(client, json, err) && gl_registry_parse_id(gl_buf_view(&client->reply), id, err);
}

bool gl_registry_register(gl_registry_client *client, const char *subject, gl_str json, uint32_t *id, gl_err *err)
{
    set_url(client, "/subjects/", subject, "/versions");
    return post_schema(client, json, err) && gl_registry_parse_id(gl_buf_view(&client->reply), id, err);
}

bool gl_registry_check(gl_registry_client *client, const char *subject, gl_str json, bool *compatible, gl_buf *why,
                       gl_err *err)
{
    set_url(client, "/compatibility/subjects/", subject, "/versions/latest?verbose=true");
    return post_schema(client, json, err) &&
           gl_registry_parse_verdict(gl_buf_view(&client->reply), compatible, why, err);
}

bool gl_registry_set_compatibility(gl_registry_client *client, const char *subject, const char *level, gl_err *err)
{
    gl_buf body = {0};
    set_url(client, "/config/", subject, "");
    gl_buf_text(&body, "{\"compatibility\":");
    gl_buf_json(&body, gl_str_of(level));
    gl_buf_byte(&body, '}');
    bool good = call(client, "PUT", gl_buf_view(&body), err);
    gl_buf_free(&body);
    return good;
}

bool gl_registry_list(gl_registry_client *client, const char *subject, gl_registry_versions *versions, gl_err *err)
{
    set_url(client, "/subjects/", subject, "/versions");
    return call(client, "GET", NO_BODY, err) && gl_registry_parse_versions(gl_buf_view(&client->reply), versions, err);
}

bool gl_registry_version(gl_registry_client *client, const char *subject, int64_t version, uint32_t *id, gl_buf *json,
                         gl_err *err)
{
    char after[40] = "/versions/latest";
    if (version > 0)
        snprintf(after, sizeof after, "/versions/%" PRId64, version);
    set_url(client, "/subjects/", subject, after);
    return call(client, "GET", NO_BODY, err) && gl_registry_parse_schema(gl_buf_view(&client->reply), id, json, err);
}
