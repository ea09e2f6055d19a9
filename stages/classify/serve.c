/* See serve.h. */
#include "classify/serve.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "classify/questions.h"
#include "customs/access.h"

enum { ROUTES = 3, WAYS = GL_REPLY_RULED + 1, ARENA_BYTES = 4096, NICE = 5 };

struct gl_serve {
    gl_serve_conf conf;
    gl_desk *desk;
    gl_facts *facts;
    gl_terms *terms;
    gl_http *http;
    pthread_mutex_t access_lock; /* guards the pointer `access` */
    gl_access *access;           /* NULL: senders are not authenticated */
    gl_metrics *metrics;
    const gl_metric_def *defs;
    gl_series *replies[WAYS]; /* NULL without metrics */
    gl_http_route routes[ROUTES];
};

/* ---- who asks ---- */

/* The caller's own, to be released. */
static gl_access *access_of(gl_serve *serve)
{
    pthread_mutex_lock(&serve->access_lock);
    gl_access *access = gl_access_retain(serve->access);
    pthread_mutex_unlock(&serve->access_lock);
    return access;
}

static void count_refusal(const gl_serve *serve, const char *code)
{
    const char *const labels[GL_METRIC_LABELS] = {code};
    if (serve->metrics != NULL)
        gl_series_add(gl_metrics_series(serve->metrics, &serve->defs[GL_SERVE_REFUSALS], labels), 1);
}

/* The key may come as that classifier's clients send theirs. */
static bool admit(void *context, gl_http_request *request, gl_http_refusal *refusal)
{
    gl_serve *serve = context;
    gl_access *access = access_of(serve);
    if (access == NULL || gl_access_admit(access, request, serve->conf.http.body_limit_bytes, true, refusal))
        return true;
    count_refusal(serve, refusal->code);
    return false;
}

static bool take_part(void *context, gl_http_request *request, int64_t bytes, gl_http_refusal *refusal)
{
    if (gl_submitter_take(gl_http_principal(request), gl_mono_us(), bytes, refusal))
        return true;
    count_refusal(context, refusal->code);
    return false;
}

/* ---- answering ---- */

/* Once a thread: the stream goes first. Without permission nothing changes. */
static void step_back(void)
{
    static _Thread_local bool done;
    if (!done && setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE) != 0)
        gl_log(GL_LOG_WARN, "classify-priority", "the priority of a thread that serves HTTP cannot be lowered");
    done = true;
}

static void answer(gl_serve *serve, const gl_ask *ask, gl_reply *reply)
{
    gl_desk_answer(serve->desk, ask, reply);
    if (serve->metrics != NULL)
        gl_series_add(serve->replies[reply->way], 1);
}

/* At the start, while it is not known yet what was ruled: for some seconds at most. */
static bool may_answer(const gl_serve *serve, gl_http_request *request)
{
    static const char *const soon[] = {"Retry-After: 1", NULL};
    const gl_classifier *classifier = gl_desk_classifier(serve->desk);
    const gl_precedents *precedents = gl_classifier_precedents(classifier);
    const gl_calibration *calibration = gl_classifier_calibration(classifier);
    if ((precedents == NULL || gl_precedents_may_answer(precedents)) &&
        (calibration == NULL || gl_calibration_may_answer(calibration)))
        return true;
    gl_http_problem(request, 503, "starting", "what officers ruled and found is being read; ask again", soon);
    return false;
}

/* The caller's own, to be released; NULL: there are none. */
static gl_tariffs *tariffs_of(gl_serve *serve)
{
    return serve->conf.tariffs == NULL ? NULL : gl_tariffs_slot_get(serve->conf.tariffs);
}

/* The tariff that is wanted, into each question. False: there is none of this name. */
static bool use_tariff(const gl_tariffs *tariffs, gl_arena *arena, gl_questions_form form, gl_questions *questions)
{
    enum { NATIONAL_DIGITS = 8, US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400 };
    bool first = form == GL_QUESTIONS_FPO && questions->digits == NATIONAL_DIGITS;
    int32_t today = (int32_t)(gl_wall_us() / US_PER_SECOND / SECONDS_PER_DAY);
    const gl_national *national = tariffs == NULL || (questions->tariff.len == 0 && !first)
                                      ? NULL
                                      : gl_tariffs_find(tariffs, questions->tariff, today);

    for (size_t i = 0; i < questions->count; i++)
        questions->at[i].national = national;
    if (questions->tariff.len == 0 || national != NULL)
        return true;
    gl_buf allowed = gl_buf_in(arena);
    gl_buf_text(&allowed, "the name of a tariff that holds today: ");
    if (tariffs == NULL)
        gl_buf_text(&allowed, "there is none");
    else
        gl_tariffs_names(tariffs, today, &allowed);
    gl_buf_byte(&allowed, 0);
    gl_questions_refuse_tariff(questions, (const char *)allowed.data);
    return false;
}

/* Whose declarations the sender's are: nobody's in particular where senders are not authenticated. */
static void use_submitter(gl_http_request *request, gl_questions *questions)
{
    const gl_submitter *sender = gl_http_principal(request);
    for (size_t i = 0; sender != NULL && i < questions->count; i++)
        questions->at[i].submitter = gl_str_of(gl_submitter_name(sender));
}

/* False: refused, with what is wrong. `tariffs` are those that the questions then point into. */
static bool read_questions(const gl_serve *serve, const gl_tariffs *tariffs, gl_http_request *request, gl_arena *arena,
                           gl_questions_form form, gl_questions *questions)
{
    static const char *const takes[] = {"Accept-Encoding: identity", NULL};
    gl_str coding = gl_str_trim(gl_http_header(request, "Content-Encoding"));
    gl_buf body = gl_buf_in(arena);
    int status = 0;

    if (coding.len > 0 && !gl_str_eqz(coding, "identity")) {
        gl_http_problem(request, 415, "content-encoding-unknown", "the body must not be packed", takes);
        return false;
    }
    if (!may_answer(serve, request))
        return false;
    if (gl_questions_read(arena, gl_http_body(request), (size_t)serve->conf.http.body_limit_bytes, form, questions) &&
        use_tariff(tariffs, arena, form, questions)) {
        use_submitter(request, questions);
        return true;
    }
    gl_questions_problem(&body, questions, form, &status);
    gl_http_respond(request, status, "application/problem+json", gl_buf_view(&body), NULL);
    return false;
}

static void put_replies(gl_serve *serve, gl_buf *body, const gl_questions *questions)
{
    gl_reply reply;

    if (questions->several)
        gl_buf_text(body, "{\"answers\":[");
    for (size_t i = 0; i < questions->count; i++) {
        if (i > 0)
            gl_buf_byte(body, ',');
        answer(serve, &questions->at[i], &reply);
        gl_reply_json(body, serve->desk, &questions->at[i], &reply);
    }
    gl_buf_text(body, questions->several ? "]}\n" : "\n");
}

static void post_classify(void *context, gl_http_request *request)
{
    gl_serve *serve = context;
    gl_tariffs *tariffs = tariffs_of(serve);
    gl_arena *arena = gl_arena_new(ARENA_BYTES);
    gl_questions questions;
    gl_buf body = {0};

    step_back();
    if (read_questions(serve, tariffs, request, arena, GL_QUESTIONS_CLASSIFY, &questions)) {
        put_replies(serve, &body, &questions);
        gl_http_respond(request, 200, "application/json", gl_buf_view(&body), NULL);
    }
    gl_buf_free(&body);
    gl_arena_destroy(arena);
    gl_tariffs_release(tariffs);
}

static void put_result(gl_buf *body, bool first, const char *code, int32_t ppm)
{
    gl_buf_printf(body, "%s{\"code\":\"%s\",\"score\":%d.%03d}", first ? "" : ",", code, (int)(ppm / 1000),
                  (int)(ppm % 1000));
}

/* The 8 digits of the tariff, and the subheadings that it does not have as they are, in one ranking. */
static void put_national_results(gl_buf *body, gl_arena *arena, const gl_ask *ask, const gl_reply *reply)
{
    const gl_tariff *tariff = gl_national_tariff(ask->national);
    const gl_tariff_line *line;
    gl_national_list lines, groups;
    gl_national_question question;
    size_t group = 0, hs6 = 0;

    gl_national_ask(&question, ask->description);
    gl_national_rank(ask->national, arena, &question, gl_text_class_ruled(&reply->text), reply->list.at,
                     reply->list.count, &lines, &groups);
    for (size_t i = 0; i < ask->limit; i++) {
        while (hs6 < reply->list.count && gl_tariff_under(tariff, gl_str_of(reply->list.at[hs6].hs6), &line) > 0)
            hs6++;
        bool has_group = group < groups.count, has_hs6 = hs6 < reply->list.count;
        if (has_group && (!has_hs6 || groups.at[group].confidence_ppm >= reply->list.at[hs6].confidence_ppm)) {
            put_result(body, i == 0, groups.at[group].code, groups.at[group].confidence_ppm);
            group++;
        } else if (has_hs6) {
            put_result(body, i == 0, reply->list.at[hs6].hs6, reply->list.at[hs6].confidence_ppm);
            hs6++;
        }
    }
}

/* Scores to 1,000. A vague text has no results, one that is not sure has its ranking, as there. Codes have the digits
 * that are known, also where 8 are asked for and there is no tariff: none is made up. */
static void post_fpo(void *context, gl_http_request *request)
{
    gl_serve *serve = context;
    gl_tariffs *tariffs = tariffs_of(serve);
    gl_arena *arena = gl_arena_new(ARENA_BYTES);
    gl_buf body = gl_buf_in(arena);
    gl_questions questions;
    gl_reply reply;

    step_back();
    if (read_questions(serve, tariffs, request, arena, GL_QUESTIONS_FPO, &questions)) {
        answer(serve, questions.at, &reply);
        gl_buf_text(&body, "{\"results\":[");
        bool vague = reply.text.status == GL_CLASSIFICATION_STATUS_VAGUE;
        if (questions.at->national != NULL && !vague)
            put_national_results(&body, arena, questions.at, &reply);
        for (size_t i = 0; questions.at->national == NULL && !vague && i < reply.list.count; i++)
            put_result(&body, i == 0, reply.list.at[i].hs6, reply.list.at[i].confidence_ppm);
        gl_buf_text(&body, "]}\n");
        gl_http_respond(request, 200, "application/json", gl_buf_view(&body), NULL);
    }
    gl_arena_destroy(arena);
    gl_tariffs_release(tariffs);
}

static void get_openapi(void *context, gl_http_request *request)
{
    (void)context;
    gl_http_respond(request, 200, "application/json", gl_serve_openapi, NULL);
}

/* ---- life cycle ---- */

static bool load_access(const gl_serve_conf *conf, gl_access **access, gl_err *err)
{
    *access = conf->access[0] == '\0' ? NULL : gl_access_load(conf->access, "classify.access", NULL, err);
    return conf->access[0] == '\0' || *access != NULL;
}

bool gl_serve_check(const gl_serve_conf *conf, gl_err *err)
{
    gl_access *access;

    if (conf->http.tls_ca[0] != '\0' && conf->access[0] == '\0')
        return gl_fail(err, GL_FATAL, "conf-value",
                       "classify.tls_ca needs classify.access: without it no certificate is required");
    if (!gl_http_check(&conf->http, err))
        return gl_fail_context(err, "classify");
    if (!load_access(conf, &access, err))
        return false;
    gl_access_release(access);
    gl_facts *facts = gl_facts_open(conf->facts, err);
    gl_terms *terms = facts == NULL ? NULL : gl_terms_open(conf->terms, err);
    gl_facts_destroy(facts);
    gl_terms_destroy(terms);
    return terms != NULL;
}

static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]", 5) == 0 ||
           strncmp(listen, "localhost:", 10) == 0;
}

static void tell(const gl_serve *serve)
{
    const char *listen = serve->conf.http.listen;

    gl_log(GL_LOG_INFO, "classify-listening", "port %d", gl_http_port(serve->http));
    if (!is_loopback(listen) && serve->access == NULL)
        gl_log(GL_LOG_WARN, "classify-open",
               "%s is not loopback, and senders are not authenticated (classify.access): whoever reaches it may ask",
               listen);
    else if (!is_loopback(listen) && serve->conf.http.tls_certificate[0] == '\0')
        gl_log(GL_LOG_WARN, "classify-clear",
               "%s is not loopback and has no TLS (classify.tls_certificate): unless something before it has, keys "
               "travel in the clear",
               listen);
}

static void make_series(gl_serve *serve)
{
    static const char *const names[WAYS] = {[GL_REPLY_REFUSED] = "refused",
                                            [GL_REPLY_CACHED] = "cached",
                                            [GL_REPLY_COMPUTED] = "computed",
                                            [GL_REPLY_RULED] = "ruled"};

    for (int i = 0; i < WAYS && serve->metrics != NULL; i++) {
        const char *const labels[GL_METRIC_LABELS] = {names[i]};
        serve->replies[i] = gl_metrics_series(serve->metrics, &serve->defs[GL_SERVE_REPLIES], labels);
    }
}

gl_serve *gl_serve_start(const gl_serve_conf *conf, const gl_classifier *classifier, gl_metrics *metrics,
                         const gl_metric_def *defs, gl_err *err)
{
    gl_serve *serve = calloc(1, sizeof *serve);

    if (serve == NULL)
        abort();
    serve->conf = *conf;
    serve->metrics = metrics;
    serve->defs = defs;
    pthread_mutex_init(&serve->access_lock, NULL);
    serve->desk = gl_desk_new(classifier, (size_t)conf->cache_entries);
    serve->routes[0] = (gl_http_route){"POST", "/v1/classify", post_classify, serve};
    serve->routes[1] = (gl_http_route){"POST", "/fpo-code-search", post_fpo, serve};
    serve->routes[2] = (gl_http_route){"GET", "/v1/openapi.json", get_openapi, serve};
    serve->conf.http.admit = admit;
    serve->conf.http.part = take_part;
    serve->conf.http.forget = gl_access_forget;
    serve->conf.http.admit_context = serve;
    make_series(serve);
    if (load_access(conf, &serve->access, err) && (serve->facts = gl_facts_open(conf->facts, err)) != NULL &&
        (serve->terms = gl_terms_open(conf->terms, err)) != NULL) {
        gl_desk_use_facts(serve->desk, serve->facts);
        gl_desk_use_terms(serve->desk, serve->terms);
        serve->http = gl_http_start(&serve->conf.http, serve->routes, ROUTES, metrics, err);
    }
    if (serve->http == NULL) {
        gl_serve_stop(serve);
        gl_fail_context(err, "classify");
        return NULL;
    }
    tell(serve);
    return serve;
}

bool gl_serve_reload(gl_serve *serve, const gl_serve_conf *conf, gl_err *err)
{
    gl_access *fresh, *old = serve->access; /* this thread alone changes it */

    if (old != NULL && conf->access[0] == '\0')
        return gl_fail(err, GL_FATAL, "conf-value", "classify.access cannot be switched off without a restart");
    if (!load_access(conf, &fresh, err))
        return false;
    if (!gl_http_renew(serve->http, &conf->http, err)) {
        gl_access_release(fresh);
        return gl_fail_context(err, "classify");
    }
    if (fresh != NULL)
        gl_access_follow(fresh, old);
    pthread_mutex_lock(&serve->access_lock);
    serve->access = fresh;
    pthread_mutex_unlock(&serve->access_lock);
    gl_access_release(old);
    return true;
}

void gl_serve_stop(gl_serve *serve)
{
    if (serve == NULL)
        return;
    if (serve->http != NULL)
        gl_http_stop(serve->http);
    gl_desk_destroy(serve->desk);
    gl_facts_destroy(serve->facts);
    gl_terms_destroy(serve->terms);
    gl_access_release(serve->access);
    pthread_mutex_destroy(&serve->access_lock);
    free(serve);
}

int gl_serve_port(const gl_serve *serve)
{
    return gl_http_port(serve->http);
}
