/* See courier.h. */
#include "ingest/push/courier.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { BODY_LIMIT_BYTES = 64 * 1024, URL_LIMIT_BYTES = 2048, SECRET_LEAST_BYTES = 16, LINE_BYTES = 256 };

struct gl_courier {
    const gl_push_conf *conf;
    const gl_account *account;
    const bool *stop;
    CURL *curl;
    gl_hmac_key key;
    size_t received;
    bool forbidden; /* of this call: the address was not public */
    char error[CURL_ERROR_SIZE];
};

/* ---- configuration ---- */

static bool wrong(gl_err *err, const gl_account *account, const char *what)
{
    return gl_fail(err, GL_FATAL, "conf-value", "accounts: %s: %s", account->name, what);
}

static bool is_loopback(const char *host)
{
    struct in_addr address;
    bool numbers = inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
    return numbers || strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0;
}

/* The parts of the URL that matter, to be freed by curl_free. */
static bool split(const char *text, char **scheme, char **host, char **user)
{
    CURLU *url = curl_url();
    bool good = url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, scheme, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_HOST, host, 0) == CURLUE_OK;
    if (good && curl_url_get(url, CURLUPART_USER, user, 0) != CURLUE_OK)
        *user = NULL;
    curl_url_cleanup(url);
    return good;
}

static bool check_url(const gl_push_conf *conf, const gl_account *account, gl_err *err)
{
    char *scheme = NULL, *host = NULL, *user = NULL;
    const char *why = NULL;
    if (strlen(account->webhook_url) > URL_LIMIT_BYTES || !split(account->webhook_url, &scheme, &host, &user))
        why = "webhook_url is not a URL";
    else if (user != NULL)
        why = "webhook_url: a user does not belong into the address: the signature says who sends";
    else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
        why = "webhook_url is not an https:// address";
    else if (strcmp(scheme, "http") == 0 && !is_loopback(host) && !conf->webhook_http)
        why = "webhook_url: http:// only to this machine, or where push.webhook_http allows it";
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    return why == NULL || wrong(err, account, why);
}

bool gl_courier_check(const gl_push_conf *conf, const gl_account *account, gl_err *err)
{
    if (account->webhook_url[0] == '\0')
        return account->webhook_secret[0] == '\0' || wrong(err, account, "webhook_secret without webhook_url");
    if (strlen(account->webhook_secret) < SECRET_LEAST_BYTES)
        return wrong(err, account, "webhook_url needs a webhook_secret of at least 16 bytes");
    return check_url(conf, account, err);
}

/* ---- addresses ---- */

typedef struct range {
    uint32_t from;
    int bits;
} range;

static bool is_public_v4(uint32_t address)
{
    static const range special[] = {
        {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
        {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16},
        {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4},
    };
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if ((address ^ special[i].from) >> (32 - special[i].bits) == 0)
            return false;
    return true;
}

static uint32_t v4_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Global unicast is 2000::/3; in it are 2001::/23 (protocols), 2001:db8::/32 and 3fff::/20 (documents), and 2002::/16,
 * which leads to an IPv4 address, as 64:ff9b::/96 and mapped ones do. */
static bool is_public_v6(const uint8_t *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, nat64[12] = {0, 0x64, 0xFF, 0x9B};
    if (memcmp(a, mapped, sizeof mapped) == 0 || memcmp(a, nat64, sizeof nat64) == 0)
        return is_public_v4(v4_at(a + 12));
    if (a[0] == 0x20 && a[1] == 0x02)
        return is_public_v4(v4_at(a + 2));
    if (a[0] == 0x20 && a[1] == 0x01 && (a[2] < 2 || (a[2] == 0x0D && a[3] == 0xB8)))
        return false;
    if (a[0] == 0x3F && a[1] == 0xFF && a[2] < 0x10)
        return false;
    return (a[0] & 0xE0) == 0x20;
}

bool gl_courier_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    }
    struct sockaddr_in6 v6;
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&v6, address, sizeof v6);
    return is_public_v6(v6.sin6_addr.s6_addr);
}

/* The name has been resolved: this is where the connection would go. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    gl_courier *courier = context;
    (void)purpose;
    if (!courier->conf->webhook_private && !gl_courier_is_public(&address->addr)) {
        courier->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- a call ---- */

void gl_courier_signature(gl_buf *header, const gl_hmac_key *key, gl_arena *arena, int64_t now_s, gl_str body)
{
    uint8_t mac[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    gl_buf message = gl_buf_in(arena);
    gl_buf_reserve(&message, body.len + 32);
    gl_buf_int(&message, now_s);
    gl_buf_byte(&message, '.');
    gl_buf_str(&message, body);
    gl_hmac(key, arena, gl_buf_view(&message), mac);
    gl_hex(mac, sizeof mac, hex);
    gl_buf_text(header, "t=");
    gl_buf_int(header, now_s);
    gl_buf_text(header, ",v1=");
    gl_buf_text(header, hex);
}

static size_t throw_away(char *data, size_t size, size_t count, void *context)
{
    gl_courier *courier = context;
    (void)data;
    courier->received += size * count;
    return courier->received > BODY_LIMIT_BYTES ? 0 : size * count;
}

static int look_for_stop(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
    const gl_courier *courier = context;
    (void)total;
    (void)now;
    (void)up_total;
    (void)up;
    return __atomic_load_n(courier->stop, __ATOMIC_ACQUIRE);
}

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

gl_courier *gl_courier_new(const gl_push_conf *conf, const gl_account *account, const bool *stop)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    gl_courier *courier = calloc(1, sizeof *courier);
    if (courier == NULL)
        abort();
    courier->conf = conf;
    courier->account = account;
    courier->stop = stop;
    courier->curl = curl_easy_init();
    if (courier->curl == NULL)
        abort();
    gl_hmac_key_init(&courier->key, gl_str_of(account->webhook_secret));
    return courier;
}

void gl_courier_destroy(gl_courier *courier)
{
    if (courier == NULL)
        return;
    curl_easy_cleanup(courier->curl);
    explicit_bzero(&courier->key, sizeof courier->key);
    free(courier);
}

static struct curl_slist *headers_of(const gl_courier *courier, const char *delivery, gl_str body)
{
    gl_arena *arena = gl_arena_new(0);
    gl_buf line = gl_buf_in(arena);
    gl_buf_text(&line, "Greenlane-Signature: ");
    gl_courier_signature(&line, &courier->key, arena, gl_wall_us() / 1000000, body);
    gl_buf_byte(&line, '\0');
    struct curl_slist *headers = curl_slist_append(NULL, (const char *)line.data);
    line.len = 0;
    gl_buf_printf(&line, "Greenlane-Delivery: %s", delivery);
    gl_buf_byte(&line, '\0');
    headers = curl_slist_append(headers, (const char *)line.data);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:"); /* no answer before the body is waited for */
    gl_arena_destroy(arena);
    return headers;
}

static void set_up(gl_courier *courier, gl_str body)
{
    CURL *curl = courier->curl;
    curl_easy_reset(curl); /* the connection stays */
    curl_easy_setopt(curl, CURLOPT_URL, courier->account->webhook_url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "greenlane/" GL_VERSION);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)courier->conf->webhook_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)courier->conf->webhook_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, courier->error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, courier);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, courier);
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* a resolver that hangs is left behind */
#endif
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, courier);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
    if (courier->conf->webhook_ca[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, courier->conf->webhook_ca);
    courier->received = 0;
    courier->forbidden = false;
    courier->error[0] = '\0';
}

/* An answer that began with 2xx is taken, also when its body is too long or ends too early. */
static bool judge(const gl_courier *courier, CURLcode code, gl_err *err)
{
    const char *name = courier->account->name;
    long status = 0;
    curl_easy_getinfo(courier->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300)
        return true;
    if (courier->forbidden)
        return gl_fail(err, GL_RETRY, "webhook-forbidden",
                       "%s: the address of its webhook is not public: push.webhook_private allows it", name);
    if (status != 0)
        return gl_fail(err, GL_RETRY, "webhook-refused", "%s: its webhook answered with %ld", name, status);
    const char *why = courier->error[0] != '\0' ? courier->error : curl_easy_strerror(code);
    return gl_fail(err, GL_RETRY, code == CURLE_OPERATION_TIMEDOUT ? "webhook-timeout" : "webhook-unreachable",
                   "%s: its webhook does not answer: %s", name, why);
}

bool gl_courier_bring(gl_courier *courier, const char *delivery, gl_str body, gl_err *err)
{
    set_up(courier, body);
    struct curl_slist *headers = headers_of(courier, delivery, body);
    curl_easy_setopt(courier->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(courier->curl);
    bool taken = judge(courier, code, err);
    curl_slist_free_all(headers);
    return taken;
}
