/* See scrape.h. */
#include "cli/scrape.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"

enum { WAIT_MS = 100 };

typedef struct call {
    CURL *curl;
    gl_buf body;
    char why[CURL_ERROR_SIZE];
} call;

static size_t collect(char *data, size_t size, size_t count, void *context)
{
    gl_buf *body = context;
    if (body->len + size * count > GL_EXPOSITION_LIMIT_BYTES)
        return 0;
    gl_buf_bytes(body, data, size * count);
    return size * count;
}

static void begin(CURLM *all, call *c, const gl_scrape *scrape, int timeout_ms)
{
    c->curl = curl_easy_init();
    if (c->curl == NULL)
        abort();
    curl_easy_setopt(c->curl, CURLOPT_URL, scrape->url);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*"); /* the daemons are near */
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &c->body);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->why);
    curl_easy_setopt(c->curl, CURLOPT_PRIVATE, c);
    curl_multi_add_handle(all, c->curl);
}

static void fail(gl_scrape *scrape, const char *why)
{
    snprintf(scrape->failure, sizeof scrape->failure, "%s", why);
}

/* In words that are the same for every version of libcurl. */
static void fail_call(const call *c, CURLcode code, gl_scrape *scrape)
{
    long number = 0;
    curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &number);
    if (code == CURLE_OPERATION_TIMEDOUT)
        fail(scrape, "no answer in time");
    else if (code == CURLE_COULDNT_CONNECT && number != 0)
        fail(scrape, strerror((int)number));
    else
        fail(scrape, c->why[0] != '\0' ? c->why : curl_easy_strerror(code));
}

static void finish(const call *c, CURLcode code, gl_scrape *scrape, gl_arena *arena)
{
    long status = 0;
    gl_err err = {0};
    scrape->at_us = gl_mono_us();
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    gl_str body = {gl_arena_dup(arena, c->body.data == NULL ? (const uint8_t *)"" : c->body.data, c->body.len),
                   c->body.len};
    if (code != CURLE_OK) {
        fail_call(c, code, scrape);
    } else if (status != 200) {
        snprintf(scrape->failure, sizeof scrape->failure, "/metrics answers %ld", status);
    } else if (!gl_exposition_parse(arena, body, &scrape->samples, &err)) {
        fail(scrape, err.message);
    } else {
        scrape->good = true;
    }
}

static void settle(CURLM *all, const call *calls, gl_scrape *scrapes, gl_arena *arena)
{
    int left;
    for (const CURLMsg *message; (message = curl_multi_info_read(all, &left)) != NULL;) {
        char *mine = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &mine);
        const call *c = (const call *)(void *)mine;
        finish(c, message->data.result, &scrapes[c - calls], arena);
    }
}

void gl_scrape_all(gl_scrape *scrapes, size_t count, int timeout_ms, gl_arena *arena)
{
    CURLM *all = curl_multi_init();
    call *calls = calloc(count + 1, sizeof *calls);
    if (all == NULL || calls == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        scrapes[i].good = false;
        scrapes[i].samples = (gl_exposition){0};
        fail(&scrapes[i], "no answer");
        begin(all, &calls[i], &scrapes[i], timeout_ms);
    }
    int running = (int)count;
    while (running > 0 && curl_multi_perform(all, &running) == CURLM_OK) {
        settle(all, calls, scrapes, arena);
        if (running > 0)
            curl_multi_poll(all, NULL, 0, WAIT_MS, NULL);
    }
    settle(all, calls, scrapes, arena);
    for (size_t i = 0; i < count; i++) {
        curl_multi_remove_handle(all, calls[i].curl);
        curl_easy_cleanup(calls[i].curl);
        gl_buf_free(&calls[i].body);
    }
    curl_multi_cleanup(all);
    free(calls);
}
