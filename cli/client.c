/* See client.h. */
#include "cli/client.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"

enum { CONNECT_MS = 5000, ANSWER_MS = 60000, PAUSE_FIRST_MS = 50, PAUSE_LAST_MS = 1000 };

struct gl_client {
    CURL *curl; /* NULL: libcurl cannot start */
    gl_str base_url;
    const char *account;
};

void gl_client_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

gl_client *gl_client_new(const char *base_url, const char *account)
{
    gl_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        abort();
    client->curl = curl_easy_init();
    client->base_url = gl_str_of(base_url);
    while (client->base_url.len > 0 && base_url[client->base_url.len - 1] == '/')
        client->base_url.len--;
    client->account = account;
    return client;
}

void gl_client_destroy(gl_client *client)
{
    if (client->curl != NULL)
        curl_easy_cleanup(client->curl);
    free(client);
}

void gl_client_escape(gl_buf *buf, gl_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '_' || c == '.' || c == '~';
        if (plain)
            gl_buf_byte(buf, c);
        else
            gl_buf_printf(buf, "%%%02X", c);
    }
}

static size_t collect(char *data, size_t size, size_t count, void *context)
{
    gl_buf *reply = context;
    if (reply->len + size * count > GL_CLIENT_LIMIT_BYTES)
        return 0;
    gl_buf_bytes(reply, data, size * count);
    return size * count;
}

static const char *from_env(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static struct curl_slist *headers_for(const char *account, const char *content_type)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    gl_buf line = {0};
    if (content_type != NULL) {
        gl_buf_printf(&line, "Content-Type: %s", content_type);
        gl_buf_byte(&line, '\0');
        list = curl_slist_append(list, (const char *)line.data);
    }
    line.len = 0;
    if (account != NULL && account[0] != '\0') {
        gl_buf_printf(&line, "Greenlane-Account: %s", account);
        gl_buf_byte(&line, '\0');
        list = curl_slist_append(list, (const char *)line.data);
    }
    if (from_env("INGEST_API_KEY") != NULL) {
        line.len = 0;
        gl_buf_printf(&line, "Authorization: Bearer %s", from_env("INGEST_API_KEY"));
        gl_buf_byte(&line, '\0');
        list = curl_slist_append(list, (const char *)line.data);
    }
    gl_buf_free(&line);
    return list;
}

static CURLcode call_once(CURL *curl, int *status, gl_buf *reply)
{
    reply->len = 0;
    CURLcode code = curl_easy_perform(curl);
    long response = 0;
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response);
    *status = (int)response;
    return code;
}

static void set_tls(CURL *curl)
{
    if (from_env("INGEST_CA") != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, from_env("INGEST_CA"));
    if (from_env("INGEST_CERTIFICATE") != NULL)
        curl_easy_setopt(curl, CURLOPT_SSLCERT, from_env("INGEST_CERTIFICATE"));
    if (from_env("INGEST_KEY") != NULL)
        curl_easy_setopt(curl, CURLOPT_SSLKEY, from_env("INGEST_KEY"));
}

static void set_up(CURL *curl, const char *url, struct curl_slist *headers, gl_str body, gl_buf *reply)
{
    curl_easy_reset(curl); /* the connection stays */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    set_tls(curl);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    if (body.ptr != NULL) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    }
}

/* Waiting does not mend these. */
static bool is_tls(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CIPHER;
}

static bool is_hopeless(CURLcode code)
{
    return is_tls(code) || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
           code == CURLE_WRITE_ERROR;
}

/* How long until it is worth trying again, -1: never. */
static int64_t next_pause_ms(CURL *curl, CURLcode code, int status, int64_t pause_ms)
{
    curl_off_t seconds = 0;
    if (code == CURLE_OK && status == 429) {
        curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
        return seconds > 0 && seconds < 3600 ? (int64_t)seconds * 1000 : pause_ms;
    }
    return (code != CURLE_OK && !is_hopeless(code)) || status == 503 ? pause_ms : -1;
}

bool gl_client_call(gl_client *client, const char *url_path, const char *content_type, gl_str body, int64_t patience_ms,
                    int *status, gl_buf *reply, gl_err *err)
{
    if (client->curl == NULL)
        return gl_fail(err, GL_FATAL, "http-client", "libcurl cannot start");
    gl_buf url = {0};
    gl_buf_printf(&url, "%.*s%s", GL_STR_ARG(client->base_url), url_path);
    gl_buf_byte(&url, '\0');
    struct curl_slist *headers = headers_for(client->account, content_type);
    set_up(client->curl, (const char *)url.data, headers, body, reply);
    int64_t deadline_us = gl_mono_us() + patience_ms * 1000;
    CURLcode code;
    for (int pause_ms = PAUSE_FIRST_MS;; pause_ms = pause_ms < PAUSE_LAST_MS ? pause_ms * 2 : PAUSE_LAST_MS) {
        code = call_once(client->curl, status, reply);
        int64_t wait_ms = next_pause_ms(client->curl, code, *status, pause_ms);
        if (wait_ms < 0 || gl_mono_us() + wait_ms * 1000 > deadline_us)
            break;
        poll(NULL, 0, (int)wait_ms);
    }
    curl_slist_free_all(headers);
    gl_buf_free(&url);
    if (code == CURLE_OK)
        return true;
    gl_action action = is_hopeless(code) ? GL_FATAL : GL_RETRY;
    return gl_fail(err, action,
                   is_tls(code)         ? "http-tls"
                   : action == GL_FATAL ? "http-url"
                                        : "http-unavailable",
                   "%.*s: %s", GL_STR_ARG(client->base_url), curl_easy_strerror(code));
}
