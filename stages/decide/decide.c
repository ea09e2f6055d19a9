/* See decide.h. Metrics are counted after the commit, from what was put, so that a batch that runs again counts once.
 */
#include "decide/decide.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "customs/finding.h"
#include "customs/ids.h"
#include "decide/notification.h"
#include "decide/policy.h"
#include "decide/process.h"
#include "decide/status.h"
#include "decide/views.h"

enum {
    METRIC_DECISIONS,
    METRIC_DUPLICATES,
    METRIC_REUSED,
    METRIC_HOLDS,
    METRIC_LATER,
    METRIC_PARKED,
    METRIC_SUPERSEDED,
    METRIC_DEGRADED,
    METRIC_LATENCY,
    METRIC_RULES,
    METRIC_EXPIRED,
    METRIC_FINDINGS,
    METRIC_UNUSED_FINDINGS,
    OWN_METRICS
};

static const gl_metric_def METRICS[OWN_METRICS + GL_VIEWS_METRICS] = {
    {.name = "gl_decisions_total",
     .type = GL_COUNTER,
     .help = "Decisions by lane and outcome.",
     .labels = {"lane", "outcome"}},
    {.name = "gl_duplicates_total", .type = GL_COUNTER, .help = "Declarations closed as duplicates of an earlier one."},
    {.name = "gl_lrn_reused_total",
     .type = GL_COUNTER,
     .help = "Declarations refused because their LRN was used before with other content."},
    {.name = "gl_technical_holds_total",
     .type = GL_COUNTER,
     .help = "Accepted declarations held because they could not be processed."},
    {.name = "gl_later_decisions_total",
     .type = GL_COUNTER,
     .help = "Decisions beside those of first acceptances, by cause (amendment, event, time limit).",
     .labels = {"cause"}},
    {.name = "gl_events_parked_total",
     .type = GL_COUNTER,
     .help = "Events that came before their declaration, or to a technical hold, and wait for it."},
    {.name = "gl_superseded_total",
     .type = GL_COUNTER,
     .help = "Older versions of a declaration that came after a newer one."},
    {.name = "gl_decisions_degraded_total",
     .type = GL_COUNTER,
     .help = "Decisions made without all that they should rest on; the record says degraded."},
    {.name = "gl_decision_latency_seconds",
     .type = GL_HISTOGRAM,
     .help = "From a declaration's acceptance to its first decision, committed.",
     .buckets = {0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 86400}},
    {.name = "gl_rules_info",
     .type = GL_GAUGE,
     .help = "Always 1; the labels say which rules are in use: policy (of the office \"*\"), rates (of exchange), seed "
             "(its epoch).",
     .labels = {"rules", "version"}},
    {.name = "gl_clearances_expired_total",
     .type = GL_COUNTER,
     .help = "Closed clearances removed from the state after decide.idempotency_window."},
    {.name = "gl_findings_total",
     .type = GL_COUNTER,
     .help =
         "Items whose code an officer found, by what that makes of the model's likeliest subheading: right, wrong; or "
         "withdrawn.",
     .labels = {"result"}},
    {.name = "gl_findings_unused_total",
     .type = GL_COUNTER,
     .help = "Findings of officers that say nothing of the model: of no item of the declaration, of a text that it "
             "claimed nothing of, of a test declaration."},
    GL_VIEWS_METRIC_ROWS,
};

typedef struct stage {
    pthread_mutex_t lock; /* of `policy`, the pointer */
    gl_decide_policy *policy;
    gl_series *decisions[GL_DECISION_LANE_COUNT][GL_DECISION_OUTCOME_COUNT];
    gl_series *duplicates, *reused, *holds, *parked, *superseded, *expired;
    gl_series *found_right, *found_wrong, *found_withdrawn, *unused_findings;
    gl_series *later[GL_DECISION_CAUSE_COUNT];
    gl_series *degraded, *latency;
    gl_metrics *registry;
    gl_series *policy_info, *rates_info, *seed_info; /* Thread: main */
} stage;

typedef struct worker {
    gl_views *views; /* NULL: works without Redis */
} worker;

static gl_decide_policy *policy_of(stage *self)
{
    pthread_mutex_lock(&self->lock);
    gl_decide_policy *policy = gl_decide_policy_ref(self->policy);
    pthread_mutex_unlock(&self->lock);
    return policy;
}

static bool decide_process(void *opened, void *at, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    (void)at;
    gl_decide_policy *policy = policy_of(opened);
    bool done = gl_decide_process(policy, batch, outbox, err);
    gl_decide_policy_unref(policy);
    return done;
}

static bool decide_timers(void *opened, void *at, const gl_batch *batch, const int32_t *partitions, size_t count,
                          gl_outbox *outbox, gl_err *err)
{
    (void)at;
    gl_decide_policy *policy = policy_of(opened);
    bool done = gl_decide_timers(policy, batch, partitions, count, outbox, err);
    gl_decide_policy_unref(policy);
    return done;
}

static void decide_dead_lettered(void *opened, void *at, const gl_batch *batch, const gl_record *record,
                                 const gl_err *why, gl_outbox *outbox)
{
    (void)at;
    gl_err err = {0};
    gl_decide_policy *policy = policy_of(opened);
    if (!gl_decide_dead_lettered(policy, batch, record, why, outbox, &err))
        gl_log_err(GL_LOG_ERROR, &err); /* the dead letter stands all the same */
    gl_decide_policy_unref(policy);
}

/* -- After the commit
 * ------------------------------------------------------------------------------------------------------------ */

/* The last of what was put, of each kind. */
typedef struct counting {
    const gl_outbox_entry *decision;
    gl_notification message; /* zeros: none yet */
    const gl_record *told;   /* of the message */
    int64_t now_us;          /* wall clock, after the commit */
} counting;

static void count_message(stage *self, counting *c, const gl_outbox_entry *entry, gl_arena *arena)
{
    gl_notification_envelope envelope;
    gl_err err;
    if (!gl_notification_envelope_decode(&envelope, (const uint8_t *)entry->value.ptr, entry->value.len, arena, &err))
        return;
    c->message = envelope.notification;
    c->told = entry->cause;
    if (gl_str_eqz(c->message.message_name, "DMSREJ") && c->message.decision_version == 0)
        gl_series_add(self->reused, 1);
}

static bool says(const counting *c, const char *statement)
{
    return gl_message_says(c->message.payload, statement);
}

/* 0 where clocks of two machines differ by more than it took. */
static void observe_latency(stage *self, int64_t latency_us)
{
    gl_series_observe(self->latency, latency_us > 0 ? (double)latency_us / 1e6 : 0);
}

/* A state that follows a decision of the same record is that decision's; another tells by its message what it is. */
static void count_state(stage *self, const counting *c, const gl_outbox_entry *entry, gl_arena *arena)
{
    gl_clearance_state state;
    gl_decided decided;
    gl_err err;
    if (!gl_clearance_state_decode(&state, (const uint8_t *)entry->value.ptr, entry->value.len, arena, &err))
        return;
    const gl_outbox_entry *decision = c->decision;
    if (decision != NULL && decision->cause == entry->cause) {
        gl_series_add(self->decisions[state.clearance.lane][state.clearance.outcome], 1);
        if (decision->note & GL_DECIDE_NOTE_DEGRADED)
            gl_series_add(self->degraded, 1);
        gl_series_add(self->unused_findings, decision->note / GL_DECIDE_NOTE_UNUSED);
        if (state.clearance.version == 1 && !state.clearance.undecided)
            observe_latency(self, c->now_us - state.clearance.accepted_at);
        if ((state.clearance.version > 1 || state.clearance.undecided) &&
            gl_decided_decode(&decided, (const uint8_t *)decision->value.ptr, decision->value.len, arena, &err))
            gl_series_add(self->later[decided.decision.cause], 1);
    } else if (state.clearance.version == 0)
        gl_series_add(self->holds, 1);
    else if (c->told == entry->cause && says(c, "superseded"))
        gl_series_add(self->superseded, 1);
    else if (c->told == entry->cause && says(c, "duplicate"))
        gl_series_add(self->duplicates, 1);
}

static void count_finding(stage *self, const gl_outbox_entry *entry, gl_arena *arena)
{
    gl_finding_envelope envelope;
    gl_err err;
    if (entry->value.ptr == NULL)
        gl_series_add(self->found_withdrawn, 1);
    else if (gl_finding_envelope_decode(&envelope, (const uint8_t *)entry->value.ptr, entry->value.len, arena, &err))
        gl_series_add(envelope.finding.right ? self->found_right : self->found_wrong, 1);
}

static void count_entries(stage *self, const gl_outbox *outbox, gl_arena *arena)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    counting c = {.now_us = gl_wall_us()};
    for (size_t i = 0; i < count; i++) {
        const gl_outbox_entry *entry = &entries[i];
        if (entry->kind == 'o' && entry->output == GL_DECIDE_OUT_DECISIONS)
            c.decision = entry;
        else if (entry->kind == 'o' && entry->output == GL_DECIDE_OUT_FINDINGS)
            count_finding(self, entry, arena);
        else if (entry->kind == 'o' && entry->output == GL_DECIDE_OUT_NOTIFICATIONS &&
                 (c.decision == NULL || c.decision->cause != entry->cause))
            count_message(self, &c, entry, arena);
        else if (entry->kind == 's' && entry->key.len == GL_DECLARATION_ID_BYTES && entry->value.ptr == NULL)
            gl_series_add(self->expired, 1);
        else if (entry->kind == 's' && entry->key.len == GL_DECLARATION_ID_BYTES)
            count_state(self, &c, entry, arena);
        else if (entry->kind == 's' && entry->value.ptr != NULL && gl_str_starts(entry->key, GL_STR("park:")))
            gl_series_add(self->parked, 1);
    }
}

static gl_views_terms terms_of(const gl_decide_policy *policy, int64_t now_us)
{
    return (gl_views_terms){.ttl_ms = gl_decide_policy_view_ttl_ms(policy),
                            .window_us = gl_decide_policy_window_us(policy),
                            .now_us = now_us};
}

static void decide_applied(void *opened, void *at, const gl_batch *batch, const gl_outbox *outbox)
{
    stage *self = opened;
    worker *own = at;
    count_entries(self, outbox, batch->arena);
    if (own->views == NULL)
        return;
    gl_decide_policy *policy = policy_of(self);
    gl_views_terms terms = terms_of(policy, batch->now_us);
    gl_views_write(own->views, outbox, &terms);
    gl_decide_policy_unref(policy);
}

static bool decide_idle(void *opened, void *at, gl_state *state, const int32_t *partitions, size_t count,
                        int64_t now_us)
{
    worker *own = at;
    if (own->views == NULL)
        return false;
    gl_decide_policy *policy = policy_of(opened);
    gl_views_terms terms = terms_of(policy, now_us);
    bool more = gl_views_idle(own->views, state, partitions, count, &terms);
    gl_decide_policy_unref(policy);
    return more;
}

/* -- Opening and closing
 * ------------------------------------------------------------------------------------------------------------ */

static gl_series *rules_info(const stage *self, const char *rules, const char *version, gl_series *before)
{
    const char *const labels[GL_METRIC_LABELS] = {rules, version};
    return gl_metrics_info(self->registry, &METRICS[METRIC_RULES], labels, before);
}

/* Thread: main. */
static void report_policy(stage *self, const gl_decide_policy *policy)
{
    gl_str rates = gl_rates_version(gl_decide_policy_rates(policy)), epoch = gl_decide_policy_seed_epoch(policy);
    const gl_office *any = gl_decide_policy_office(policy, GL_STR("*"));
    gl_log(GL_LOG_INFO, "policy", "policy of \"*\" %s, exchange rates %.*s, seed epoch %.*s%s%s", any->version,
           GL_STR_ARG(rates), GL_STR_ARG(epoch), any->shadow ? ", shadow mode" : "", any->stopped ? ", stopped" : "");
    char text[256];
    self->policy_info = rules_info(self, "policy", any->version, self->policy_info);
    snprintf(text, sizeof text, "%.*s", GL_STR_ARG(rates));
    self->rates_info = rules_info(self, "rates", text, self->rates_info);
    snprintf(text, sizeof text, "%.*s", GL_STR_ARG(epoch));
    self->seed_info = rules_info(self, "seed", text, self->seed_info);
    if (gl_decide_policy_has_development_key(policy))
        gl_log(GL_LOG_WARN, "policy-development-key",
               "the draws use a key that everybody knows, so that everybody can foresee them: configure `seeds`");
}

static void make_series(stage *self, gl_metrics *metrics)
{
    const char *const none[GL_METRIC_LABELS] = {NULL}, *const right[GL_METRIC_LABELS] = {"right"},
                      *const wrong[GL_METRIC_LABELS] = {"wrong"}, *const withdrawn[GL_METRIC_LABELS] = {"withdrawn"};
    for (int lane = 0; lane < GL_DECISION_LANE_COUNT; lane++)
        for (int outcome = 0; outcome < GL_DECISION_OUTCOME_COUNT; outcome++) {
            const char *labels[GL_METRIC_LABELS] = {gl_decision_lane_name((gl_decision_lane)lane),
                                                    gl_decision_outcome_name((gl_decision_outcome)outcome)};
            self->decisions[lane][outcome] = gl_metrics_series(metrics, &METRICS[METRIC_DECISIONS], labels);
        }
    for (int cause = 0; cause < GL_DECISION_CAUSE_COUNT; cause++) {
        const char *labels[GL_METRIC_LABELS] = {gl_decision_cause_name((gl_decision_cause)cause)};
        self->later[cause] = gl_metrics_series(metrics, &METRICS[METRIC_LATER], labels);
    }
    self->parked = gl_metrics_series(metrics, &METRICS[METRIC_PARKED], none);
    self->superseded = gl_metrics_series(metrics, &METRICS[METRIC_SUPERSEDED], none);
    self->found_right = gl_metrics_series(metrics, &METRICS[METRIC_FINDINGS], right);
    self->found_wrong = gl_metrics_series(metrics, &METRICS[METRIC_FINDINGS], wrong);
    self->found_withdrawn = gl_metrics_series(metrics, &METRICS[METRIC_FINDINGS], withdrawn);
    self->unused_findings = gl_metrics_series(metrics, &METRICS[METRIC_UNUSED_FINDINGS], none);
    self->expired = gl_metrics_series(metrics, &METRICS[METRIC_EXPIRED], none);
    self->duplicates = gl_metrics_series(metrics, &METRICS[METRIC_DUPLICATES], none);
    self->reused = gl_metrics_series(metrics, &METRICS[METRIC_REUSED], none);
    self->holds = gl_metrics_series(metrics, &METRICS[METRIC_HOLDS], none);
    self->degraded = gl_metrics_series(metrics, &METRICS[METRIC_DEGRADED], none);
    self->latency = gl_metrics_series(metrics, &METRICS[METRIC_LATENCY], none);
    self->registry = metrics;
}

static void decide_close(void *opened)
{
    stage *self = opened;
    gl_decide_policy_unref(self->policy);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

static bool decide_open(const gl_stage_env *env, void **opened, gl_err *err)
{
    gl_decide_policy *policy = gl_decide_policy_new(env->conf, err);
    if (policy == NULL)
        return false;
    stage *self = calloc(1, sizeof *self);
    if (self == NULL)
        abort();
    pthread_mutex_init(&self->lock, NULL);
    self->policy = policy;
    make_series(self, env->metrics);
    report_policy(self, policy);
    *opened = self;
    return true;
}

static bool decide_reload(void *opened, const gl_conf *conf, gl_err *err)
{
    stage *self = opened;
    gl_decide_policy *policy = gl_decide_policy_new(conf, err);
    if (policy == NULL)
        return false;
    pthread_mutex_lock(&self->lock);
    gl_decide_policy *old = self->policy;
    self->policy = policy;
    pthread_mutex_unlock(&self->lock);
    gl_decide_policy_unref(old);
    report_policy(self, policy);
    return true;
}

static bool decide_worker_open(void *opened, const gl_stage_env *env, void **at, gl_err *err)
{
    (void)err;
    (void)opened;
    const gl_kv_conf *kv_conf = gl_conf_section(env->conf, gl_kv_conf_table.section);
    worker *own = calloc(1, sizeof *own);
    if (own == NULL)
        abort();
    if (kv_conf->url[0] != '\0')
        own->views = gl_views_new(kv_conf, env->metrics);
    *at = own;
    return true;
}

static void decide_worker_close(void *at)
{
    worker *own = at;
    gl_views_destroy(own->views);
    free(own);
}

static const char *const INPUTS[] = {"gl.declarations.assessed", "gl.events", NULL};
static const char *const OUTPUTS[] = {"gl.decisions", "gl.notifications", "gl.audit", GL_FINDING_TOPIC, NULL};
static const gl_conf_table *const TABLES[] = {&gl_decide_conf_table, &gl_office_conf_table, &gl_seed_conf_table,
                                              &gl_kv_conf_table, NULL};

const gl_stage_def gl_decide_stage = {
    .name = "decide",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .state_topic = "gl.clearances",
    .state_dictionary = &gl_decide_dictionary,
    .conf_tables = TABLES,
    .metrics = METRICS,
    .metric_count = sizeof METRICS / sizeof *METRICS,
    .open = decide_open,
    .close = decide_close,
    .reload = decide_reload,
    .worker_open = decide_worker_open,
    .worker_close = decide_worker_close,
    .process = decide_process,
    .timers = decide_timers,
    .dead_lettered = decide_dead_lettered,
    .applied = decide_applied,
    .idle = decide_idle,
};
