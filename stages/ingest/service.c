/* The HTTP service: declarations and events in, status out.
 *
 * A POST becomes a job for the workers; its connection is suspended until the commit (settle); one that only asks what
 * is wrong, a job for the checker. A GET is answered from
 * the view in Redis: a miss is 404 only when the view is known to be complete, else 503: never a false 404. Thread:
 * HTTP threads, and gl_service_settle on a worker. Locks: ingest->view_lock around the view's connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "customs/ids.h"
#include "customs/view.h"
#include "ingest/answers.h"
#include "ingest/batches.h"
#include "ingest/checker.h"
#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/document.h"
#include "ingest/ingest.h"
#include "ingest/push/streams.h"
#include "ingest/push/webhooks.h"
#include "io/accept.h"

static const char *const RETRY_SOON[] = {"Retry-After: 1", NULL};

static gl_format request_format(const gl_http_request *request)
{
    gl_format format = gl_format_of_content_type(gl_http_header(request, "Content-Type"));
    return format != GL_FORMAT_UNKNOWN ? format : gl_format_detect(gl_http_body(request));
}

/* The caller's own, to be released; NULL: senders are not authenticated. */
static gl_access *access_of(gl_ingest *ingest)
{
    pthread_mutex_lock(&ingest->access_lock);
    gl_access *access = gl_access_retain(ingest->access);
    pthread_mutex_unlock(&ingest->access_lock);
    return access;
}

/* Who sends is found before the body is read. The request is an owner of its submitter's table until it ends. */
static bool admit(void *context, gl_http_request *request, gl_http_refusal *refusal)
{
    gl_ingest *ingest = context;
    gl_access *access = access_of(ingest);
    if (access == NULL || gl_access_admit(access, request, ingest->conf.http.body_limit_bytes, false, refusal))
        return true;
    gl_ingest_count_refusal(ingest, refusal->code);
    return false;
}

static bool take_part(void *context, gl_http_request *request, int64_t bytes, gl_http_refusal *refusal)
{
    if (gl_submitter_take(gl_http_principal(request), gl_mono_us(), bytes, refusal))
        return true;
    gl_ingest_count_refusal(context, refusal->code);
    return false;
}

static const gl_account *request_account(const gl_ingest *ingest, const gl_http_request *request)
{
    const gl_submitter *submitter = gl_http_principal(request);
    if (submitter != NULL)
        return gl_senders_account(submitter);
    gl_str name = gl_http_header(request, "Greenlane-Account");
    return gl_ingest_account(ingest, name.len > 0 ? name : gl_str_of(ingest->conf.http_account));
}

const gl_account *gl_service_account(const gl_ingest *ingest, gl_http_request *request)
{
    const gl_account *account = request_account(ingest, request);
    if (account == NULL)
        gl_http_problem(request, 403, "account-unknown", "no account of this name is configured", NULL);
    return account;
}

/* What it may unpack to: as much as it might have had unpacked. */
static size_t unpacked_limit(const gl_ingest *ingest, const gl_http_request *request)
{
    const gl_submitter *submitter = gl_http_principal(request);
    int64_t limit = ingest->conf.http.body_limit_bytes;
    if (submitter != NULL && gl_submitter_body_limit(submitter) < limit)
        limit = gl_submitter_body_limit(submitter);
    return (size_t)limit;
}

/* False: refused, with what would be taken. */
static bool know_coding(gl_http_request *request, bool *gzip)
{
    static const char *const takes[] = {"Accept-Encoding: gzip", NULL};
    gl_str coding = gl_str_trim(gl_http_header(request, "Content-Encoding"));
    *gzip = gl_str_eqz(coding, "gzip") || gl_str_eqz(coding, "x-gzip");
    if (*gzip || coding.len == 0 || gl_str_eqz(coding, "identity"))
        return true;
    gl_http_problem(request, 415, "content-encoding-unknown", "the Content-Encoding is not gzip", takes);
    return false;
}

/* The request goes to the workers or to the checker, or is refused because they are stopping. */
static void queue_job(gl_ingest *ingest, gl_http_request *request, const gl_job *what, bool check_only)
{
    bool gzip;
    if (!know_coding(request, &gzip))
        return;
    gl_job *job = malloc(sizeof *job);
    if (job == NULL)
        abort();
    *job = *what;
    job->gzip = gzip;
    job->limit_bytes = unpacked_limit(ingest, request);
    job->bytes = gl_http_body(request);
    job->received_us = gl_http_received_us(request);
    job->request = request;
    if (check_only ? !gl_checker_put(ingest->checker, job) : !gl_job_queue_put(ingest->queue, job)) {
        free(job);
        gl_http_problem(request, 503, "draining", "this instance is stopping; send it again", RETRY_SOON);
    }
}

/* One event, an array, or NDJSON. */
static void post_events(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    const gl_account *account = gl_service_account(ingest, request);
    if (account != NULL)
        queue_job(ingest, request, &(gl_job){.account = account, .format = request_format(request), .events = true},
                  false);
}

/* How the sender wants the answers; false: refused, before anything was taken in. */
static bool answers_wanted(gl_http_request *request, gl_job *job)
{
    gl_str only = gl_http_query(request, "answers");
    job->rejected_only = gl_str_eqz(only, "rejected");
    if (only.ptr != NULL && !job->rejected_only && !gl_str_eqz(only, "all"))
        gl_http_problem(request, 400, "query-invalid", "answers is all (default) or rejected", NULL);
    else if (!gl_answer_form_of(gl_http_header_list(request, "Accept"), &job->form, &job->answer_type))
        gl_http_problem(request, 406, "not-acceptable",
                        "answers are application/json, application/xml (or text/xml), text/csv or application/edifact; "
                        "Accept allows none",
                        NULL);
    else
        return true;
    return false;
}

static void post_declarations(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    const gl_account *account = gl_service_account(ingest, request);
    gl_job what = {.account = account};
    if (account == NULL || !answers_wanted(request, &what))
        return;
    uint64_t first_position = 0;
    gl_str position = gl_http_query(request, "first_position");
    if (position.ptr != NULL && (!gl_str_to_u64(position, INT32_MAX, &first_position) || first_position == 0)) {
        gl_http_problem(request, 400, "query-invalid", "first_position is a whole number from 1", NULL);
        return;
    }
    what.format = request_format(request);
    what.profile = gl_http_query(request, "profile");
    what.first_position = (int64_t)first_position;
    queue_job(ingest, request, &what, false);
}

/* What is wrong with it, and nothing else happens. */
static void post_validate(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    const gl_account *account = gl_service_account(ingest, request);
    gl_job what = {.account = account};
    if (account == NULL || !answers_wanted(request, &what))
        return;
    what.format = request_format(request);
    what.profile = gl_http_query(request, "profile");
    queue_job(ingest, request, &what, true);
}

static int message_status(const gl_err *err)
{
    static const char *const too_large[] = {"too-many-declarations", "output-too-large", "intake-too-large",
                                            "intake-ratio", "intake-too-many-entries"};
    if (strcmp(err->code, "intake-format-unknown") == 0)
        return 415;
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++)
        if (strcmp(err->code, too_large[i]) == 0)
            return 413;
    return strncmp(err->code, "intake-", 7) == 0 ? 400 : 422;
}

/* The message as a whole was refused. */
static void answer_refused(const gl_job *job)
{
    const gl_err *why = &job->message_error;
    gl_http_problem(job->request, message_status(why), why->code, why->message, NULL);
}

static const char *answer_type(const gl_job *job)
{
    return job->answer_type == NULL ? "application/json" : job->answer_type;
}

void gl_service_settle(gl_job *job, bool committed, const gl_err *err)
{
    if (!committed) {
        gl_http_problem(job->request, 503, err->code == NULL ? "not-committed" : err->code, err->message, RETRY_SOON);
    } else if (job->message_error.code != NULL) {
        answer_refused(job);
    } else {
        gl_buf body = {0};
        char location[64];
        const char *const headers[] = {location, NULL};
        snprintf(location, sizeof location, "Location: /v1/batches/%s", job->batch);
        gl_answers_of_job(&body, job);
        gl_http_respond(job->request, gl_answers_status(job), answer_type(job), gl_buf_view(&body),
                        job->batch[0] == '\0' ? NULL : headers);
        gl_buf_free(&body);
    }
    gl_job_close(job);
    free(job);
}

void gl_service_answer_check(gl_job *job, gl_str body)
{
    if (job->message_error.code != NULL)
        answer_refused(job);
    else
        gl_http_respond(job->request, 200, answer_type(job), body, NULL);
    gl_job_close(job);
    free(job);
}

static bool owned_by(gl_str json, const char *account)
{
    gl_buf pattern = {0};
    gl_buf_text(&pattern, "\"submitter\":");
    gl_buf_json(&pattern, gl_str_of(account));
    bool found = memmem(json.ptr, json.len, pattern.data, pattern.len) != NULL;
    gl_buf_free(&pattern);
    return found;
}

/* JSON, unless EDIFACT is asked for. */
static void respond_status(gl_http_request *request, const gl_account *account, gl_arena *arena, gl_str json)
{
    static const char *const offers[] = {"application/json", "application/edifact", NULL};
    gl_buf buf = gl_buf_in(arena);
    bool edifact = gl_accept_choose(gl_http_header_list(request, "Accept"), offers) == 1;
    if (edifact && gl_answer_status_edifact(&buf, arena, gl_str_of(account->name), gl_wall_us(), json))
        gl_http_respond(request, 200, "application/EDIFACT", gl_buf_view(&buf), NULL);
    else
        gl_http_respond(request, 200, "application/json", json, NULL);
}

/* An officer sees all of any declaration, a submitter of his own what concerns him. Of one that cannot be read nothing
 * is known but its id, and nothing is told but that it is held: whoever has its MRN may know, its sender above all. */
static void answer_with(gl_http_request *request, const gl_account *account, gl_arena *arena, const gl_view_entry *view)
{
    gl_buf own = gl_buf_in(arena);
    bool may_see = owned_by(view->json, account->name) || (gl_view_is_unreadable(view) && owned_by(view->json, ""));
    if (account->officer)
        respond_status(request, account, arena, view->json);
    else if (!may_see || !gl_answer_view(&own, arena, view->json))
        gl_http_problem(request, 404, "mrn-unknown", "this account has no such declaration", NULL);
    else
        respond_status(request, account, arena, gl_buf_view(&own));
}

/* Answers with the view of `stem`. */
static void answer_view(gl_ingest *ingest, gl_http_request *request, const gl_account *account, const char *stem,
                        uint64_t bits)
{
    gl_arena *arena = gl_arena_new(4096);
    int32_t partition = (int32_t)(bits % (uint64_t)ingest->partition_count);
    gl_str keys[2] = {gl_view_key(arena, stem), gl_view_marker_key(arena, partition)};
    gl_str values[2] = {{NULL, 0}, {NULL, 0}};
    gl_err err = {0};
    pthread_mutex_lock(&ingest->view_lock);
    bool ok = gl_kv_get(ingest->view_kv, arena, keys, 2, values, &err);
    pthread_mutex_unlock(&ingest->view_lock);
    gl_view_entry view;
    if (ok && values[0].ptr != NULL && gl_view_parse(values[0], &view)) {
        answer_with(request, account, arena, &view);
    } else if (ok && gl_ingest_view_complete(ingest, partition, values[1])) {
        gl_http_problem(request, 404, "mrn-unknown", "this account has no such declaration", NULL);
    } else {
        gl_http_problem(request, 503, "view-rebuilding", "the status view is being rebuilt; ask again", RETRY_SOON);
    }
    gl_arena_destroy(arena);
}

static void get_by_mrn(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    char stem[GL_MRN_STEM_CHARS + 1];
    uint64_t bits = 0;
    if (!gl_mrn_valid(gl_http_tail(request), stem) || !gl_mrn_stem_bits(gl_str_of(stem), &bits)) {
        gl_http_problem(request, 400, "mrn-invalid", "not an MRN: 18 characters with a check character are expected",
                        NULL);
        return;
    }
    const gl_account *account = gl_service_account(ingest, request);
    if (account != NULL)
        answer_view(ingest, request, account, stem, bits);
}

static bool family_of(gl_str text, gl_family *family)
{
    static const char *const names[] = {"import", "export", "entry-summary"};
    for (int i = 0; i < 3; i++) {
        if (gl_str_eqz(text, names[i])) {
            *family = (gl_family)i;
            return true;
        }
    }
    *family = GL_FAMILY_IMPORT;
    return text.len == 0;
}

/* By LRN: ?lrn=...&family=import */
static void get_by_lrn(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    gl_str lrn = gl_http_query(request, "lrn");
    gl_family family;
    const gl_account *account = gl_service_account(ingest, request);
    if (account == NULL)
        return;
    if (lrn.len == 0 || !family_of(gl_http_query(request, "family"), &family)) {
        gl_http_problem(request, 400, "query-invalid",
                        "give lrn=..., and family=import (default), export or entry-summary", NULL);
        return;
    }
    gl_declaration_id id = gl_declaration_id_of(gl_str_of(account->name), lrn, family);
    char stem[GL_MRN_STEM_CHARS + 1];
    uint64_t bits = 0;
    gl_mrn_stem(id.bytes, stem);
    gl_mrn_stem_bits(gl_str_of(stem), &bits);
    answer_view(ingest, request, account, stem, bits);
}

/* Were its credentials looked for in the table that is in use now? */
static bool is_current(gl_ingest *ingest, const gl_http_request *request)
{
    const gl_submitter *submitter = gl_http_principal(request);
    gl_access *access = access_of(ingest);
    bool current = submitter == NULL ? access == NULL : gl_submitter_access(submitter) == access;
    gl_access_release(access);
    return current;
}

/* A stream ends with the epoch that its credentials were looked at in. */
static void get_outcomes(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    unsigned epoch = gl_streams_epoch(ingest->streams);
    const gl_account *account = gl_service_account(ingest, request);
    if (account == NULL)
        return;
    if (is_current(ingest, request))
        gl_streams_open(ingest->streams, request, account, epoch);
    else
        gl_http_problem(request, 503, "reloading", "who may send was read again meanwhile; come again", RETRY_SOON);
}

/* How a CSV profile makes declarations of rows: who splits a file needs it. */
static void get_profile(void *context, gl_http_request *request)
{
    const gl_ingest *ingest = context;
    gl_err err = {0};
    const gl_mapping *mapping = gl_mappings_find(gl_ingest_tables(ingest)->mappings, gl_http_tail(request), &err);
    if (mapping == NULL) {
        gl_http_problem(request, 404, err.code, err.message, NULL);
        return;
    }
    gl_buf body = {0};
    gl_buf_text(&body, "{\"profile\":");
    gl_buf_json(&body, mapping->profile);
    gl_buf_text(&body, ",\"delimiter\":");
    gl_buf_json(&body, (gl_str){&mapping->delimiter, 1});
    gl_buf_printf(&body, ",\"group\":%s,\"lrn\":[", mapping->group ? "true" : "false");
    for (size_t i = 0; i < mapping->lrn_count; i++) {
        if (i > 0)
            gl_buf_byte(&body, ',');
        gl_buf_json(&body, mapping->lrn[i]);
    }
    gl_buf_text(&body, "]}\n");
    gl_http_respond(request, 200, "application/json", gl_buf_view(&body), NULL);
    gl_buf_free(&body);
}

/* How far the declarations of a message are. */
static void get_batch(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    const gl_account *account = gl_service_account(ingest, request);
    if (account != NULL)
        gl_batches_ask(ingest->batches, request, account, gl_http_tail(request));
}

static void get_openapi(void *context, gl_http_request *request)
{
    (void)context;
    gl_http_respond(request, 200, "application/json", gl_service_openapi, NULL);
}

static void get_schema(void *context, gl_http_request *request)
{
    gl_buf body = {0};
    (void)context;
    gl_document_schema(&body);
    gl_http_respond(request, 200, "application/json", gl_buf_view(&body), NULL);
    gl_buf_free(&body);
}

static bool write_port(const char *path, int port, gl_err *err)
{
    gl_buf partial = {0};
    gl_buf_printf(&partial, "%s.new", path);
    gl_buf_byte(&partial, '\0');
    FILE *file = fopen((const char *)partial.data, "w");
    bool ok = file != NULL && fprintf(file, "%d\n", port) > 0;
    if (file != NULL)
        ok = fclose(file) == 0 && ok;
    ok = ok && rename((const char *)partial.data, path) == 0;
    gl_buf_free(&partial);
    return ok || gl_fail(err, GL_FATAL, "port-file", "cannot write %s: %s", path, strerror(errno));
}

static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]", 5) == 0 ||
           strncmp(listen, "localhost:", 10) == 0;
}

static void warn_if_open(const gl_ingest *ingest)
{
    const gl_http_conf *http = &ingest->conf.http;
    if (is_loopback(http->listen))
        return;
    if (ingest->access == NULL) /* before the first reload */
        gl_log(GL_LOG_WARN, "intake-open",
               "%s is not loopback, and senders are not authenticated (ingest.access): whoever reaches it may submit "
               "and read as any account",
               http->listen);
    else if (http->tls_certificate[0] == '\0')
        gl_log(GL_LOG_WARN, "intake-clear",
               "%s is not loopback and has no TLS (ingest.tls_certificate): unless something before it has, keys "
               "travel in the clear",
               http->listen);
}

bool gl_service_start(gl_ingest *ingest, gl_err *err)
{
    gl_http_route *routes = ingest->routes;
    routes[0] = (gl_http_route){"POST", "/v1/declarations", post_declarations, ingest};
    routes[1] = (gl_http_route){"GET", "/v1/declarations", get_by_lrn, ingest};
    routes[2] = (gl_http_route){"GET", "/v1/declarations/{}", get_by_mrn, ingest};
    routes[3] = (gl_http_route){"GET", "/v1/profiles/{}", get_profile, ingest};
    routes[4] = (gl_http_route){"POST", "/v1/events", post_events, ingest};
    routes[5] = (gl_http_route){"POST", "/v1/validate", post_validate, ingest};
    routes[6] = (gl_http_route){"GET", "/v1/openapi.json", get_openapi, ingest};
    routes[7] = (gl_http_route){"GET", "/v1/declaration.schema.json", get_schema, ingest};
    routes[8] = (gl_http_route){"GET", "/v1/batches/{}", get_batch, ingest};
    routes[9] = (gl_http_route){"GET", "/v1/consignments", gl_consignments_get, ingest};
    ingest->batches = gl_batches_start(ingest);
    routes[10] = (gl_http_route){"GET", "/v1/outcomes", get_outcomes, ingest};
    ingest->streams = gl_streams_new(ingest, ingest->push_conf);
    ingest->checker = gl_checker_start(ingest);
    ingest->view_kv = gl_kv_new(ingest->kv_conf, ingest->registry);
    ingest->conf.http.admit = admit;
    ingest->conf.http.part = take_part;
    ingest->conf.http.forget = gl_access_forget;
    ingest->conf.http.admit_context = ingest;
    ingest->http = gl_http_start(&ingest->conf.http, routes, GL_INGEST_ROUTES, ingest->registry, err);
    if (ingest->http == NULL)
        return gl_fail_context(err, "intake");
    gl_log(GL_LOG_INFO, "intake-listening", "port %d", gl_http_port(ingest->http));
    warn_if_open(ingest);
    ingest->webhooks = gl_webhooks_start(ingest);
    return ingest->conf.port_file[0] == '\0' || write_port(ingest->conf.port_file, gl_http_port(ingest->http), err);
}

void gl_service_stop(gl_ingest *ingest)
{
    gl_checker_stop(ingest->checker); /* what they hold is answered while the server still can */
    gl_batches_stop(ingest->batches);
    ingest->batches = NULL;
    gl_webhooks_stop(ingest->webhooks);
    ingest->webhooks = NULL;
    gl_streams_stop(ingest->streams);
    if (ingest->http != NULL)
        gl_http_stop(ingest->http);
    ingest->http = NULL;
    gl_streams_destroy(ingest->streams);
    ingest->streams = NULL;
    gl_checker_destroy(ingest->checker);
    ingest->checker = NULL;
}
