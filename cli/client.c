/* See client.h. */
#include "cli/client.h"

#include <curl/curl.h>
#include <poll.h>

#include "base/clock.h"

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
    gl_buf_free(&line);
    return list;
}

static CURLcode call_once(CURL *curl, gl_str body, int *status, gl_buf *reply)
{
    reply->len = 0;
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    if (body.ptr != NULL) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    }
    CURLcode code = curl_easy_perform(curl);
    long response = 0;
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response);
    *status = (int)response;
    return code;
}

bool gl_client_call(const char *base_url, const char *url_path, const char *account, const char *content_type,
                    gl_str body, int64_t patience_ms, int *status, gl_buf *reply, gl_err *err)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return gl_fail(err, GL_FATAL, "http-client", "libcurl cannot start");
    gl_buf url = {0};
    gl_buf_printf(&url, "%s%s", base_url, url_path);
    gl_buf_byte(&url, '\0');
    struct curl_slist *headers = headers_for(account, content_type);
    curl_easy_setopt(curl, CURLOPT_URL, (const char *)url.data);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    int64_t deadline_us = gl_mono_us() + patience_ms * 1000;
    CURLcode code;
    int pause_ms = 50;
    for (;;) {
        code = call_once(curl, body, status, reply);
        bool again = (code != CURLE_OK && code != CURLE_WRITE_ERROR) || *status == 503;
        if (!again || gl_mono_us() + pause_ms * 1000 > deadline_us)
            break;
        poll(NULL, 0, pause_ms);
        pause_ms = pause_ms < 1000 ? pause_ms * 2 : 1000;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    gl_buf_free(&url);
    return code == CURLE_OK || gl_fail(err, GL_RETRY, "http-unavailable", "%s: %s", base_url, curl_easy_strerror(code));
}
