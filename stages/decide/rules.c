/* See rules.h. */
#include "decide/rules.h"

#include <inttypes.h>

#include "decide/eligibility.h"
#include "decide/making.h"

_Static_assert((int)GL_LANE_RED == (int)GL_DECISION_LANE_RED && (int)GL_LANE_GREEN == (int)GL_DECISION_LANE_GREEN,
               "a policy's lane is the record's");
_Static_assert((int)GL_ASSESSMENT_LANE_HINT_RED == (int)GL_LANE_RED &&
                   (int)GL_ASSESSMENT_LANE_HINT_BLUE == (int)GL_LANE_BLUE,
               "a criterion's lane is the record's");

/* score, random, degraded, eligibility, what keeps it back, audit after clearance, an examination that goes on, do not
 * load */
enum { FIXED_REASONS = 9 };

static const char RANDOM[] = "random";

/* An entry summary is assessed where the goods enter first. */
gl_str gl_decide_office_of(const gl_declaration *declaration)
{
    if (declaration->entry_summary != NULL && declaration->entry_summary->first_entry_office_id.len > 0)
        return declaration->entry_summary->first_entry_office_id;
    if (declaration->declaration_office_id.len > 0)
        return declaration->declaration_office_id;
    if (declaration->presentation_office_id.len > 0)
        return declaration->presentation_office_id;
    if (declaration->supervising_office_id.len > 0)
        return declaration->supervising_office_id;
    return GL_STR("");
}

void gl_making_reason(making *m, const char *code, gl_str id, gl_str text)
{
    m->out->reasons.at[m->out->reasons.count++] = (gl_decision_reason){.code = gl_str_of(code), .id = id, .text = text};
}

static void at_least(making *m, gl_lane lane)
{
    if (lane < m->lane)
        m->lane = lane;
}

/* "0.931" of 931,234 parts per million. */
static gl_str share_text(gl_arena *arena, int32_t ppm)
{
    int32_t thousandths = ppm / 1000;
    char *text = gl_arena_alloc(arena, 5);
    text[0] = (char)('0' + thousandths / 1000);
    text[1] = '.';
    text[2] = (char)('0' + thousandths / 100 % 10);
    text[3] = (char)('0' + thousandths / 10 % 10);
    text[4] = (char)('0' + thousandths % 10);
    return (gl_str){text, 5};
}

static gl_str join(gl_arena *arena, const gl_str *parts, size_t count)
{
    size_t len = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    char *text = gl_arena_alloc(arena, len);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(text + at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    return (gl_str){text, len};
}

static bool is_entry_summary(const making *m)
{
    return m->input->declaration->family == GL_DECLARATION_FAMILY_ENTRY_SUMMARY;
}

static void weigh_score(making *m)
{
    const gl_assessment *assessment = m->input->assessment;
    const gl_office *office = m->office;
    if (is_entry_summary(m)) {
        gl_making_reason(m, "score", GL_STR("unscored"),
                         GL_STR("An entry summary is not scored: criteria and the random draw select"));
        return;
    }
    if (!assessment->score_ppm.set) {
        at_least(m, office->unscored_lane);
        gl_str parts[] = {GL_STR("Outside the model's domain, so not scored: lane "),
                          gl_str_of(gl_decision_lane_name((gl_decision_lane)office->unscored_lane)),
                          GL_STR(" by the office's policy for unscored declarations")};
        gl_making_reason(m, "score", GL_STR("unscored"), join(m->arena, parts, 3));
        return;
    }
    int32_t score = assessment->score_ppm.value;
    gl_str have = share_text(m->arena, score < 0 ? 0 : score > GL_PPM ? GL_PPM : score);
    static const char *const names[] = {"red", "yellow", "blue"};
    const int32_t thresholds[] = {office->red_ppm, office->yellow_ppm, office->blue_ppm};
    for (int lane = GL_LANE_RED; lane <= GL_LANE_BLUE; lane++) {
        if (score < thresholds[lane])
            continue;
        at_least(m, (gl_lane)lane);
        gl_str parts[] = {GL_STR("Score "),
                          have,
                          GL_STR(" reaches the office's threshold "),
                          share_text(m->arena, thresholds[lane]),
                          GL_STR(" for "),
                          gl_str_of(gl_decision_lane_name((gl_decision_lane)lane))};
        gl_making_reason(m, "score", gl_str_of(names[lane]), join(m->arena, parts, 6));
        return;
    }
    gl_str parts[] = {GL_STR("Score "), have, GL_STR(" is below every threshold of the office")};
    gl_making_reason(m, "score", GL_STR("below"), join(m->arena, parts, 3));
}

/* One draw per criterion and rate, however many items it hit. */
static bool drawn(making *m, gl_str criterion, int32_t rate_ppm)
{
    if (rate_ppm <= 0)
        return false;
    if (rate_ppm >= GL_PPM)
        return true;
    for (size_t i = 0; i < m->out->draws.count; i++) {
        const gl_decision_draw *earlier = &m->out->draws.at[i];
        if (earlier->rate_ppm == rate_ppm && gl_str_eq(earlier->criterion_id, criterion))
            return earlier->selected;
    }
    int32_t value = gl_draw_ppm(gl_draw_value(m->key, m->arena, m->input->declaration->declaration_id, criterion));
    gl_decision_draw *draw = &m->out->draws.at[m->out->draws.count++];
    *draw = (gl_decision_draw){
        .criterion_id = criterion, .rate_ppm = rate_ppm, .value_ppm = value, .selected = value < rate_ppm};
    return draw->selected;
}

/* A criterion that hit several items is one reason: the first hit's. `first`: where the criteria's reasons begin. */
static bool has_reason(const making *m, size_t first, gl_str criterion)
{
    for (size_t i = first; i < m->out->reasons.count; i++)
        if (gl_str_eq(m->out->reasons.at[i].id, criterion))
            return true;
    return false;
}

static void weigh_hits(making *m)
{
    const gl_assessment *assessment = m->input->assessment;
    size_t first = m->out->reasons.count;
    for (size_t i = 0; i < assessment->hits.count; i++) {
        const gl_assessment_criterion_hit *hit = &assessment->hits.at[i];
        if (!drawn(m, hit->criterion_id, hit->rate_ppm))
            continue;
        at_least(m, (gl_lane)hit->lane);
        if (!has_reason(m, first, hit->criterion_id))
            gl_making_reason(m, "criterion", hit->criterion_id, hit->text);
    }
}

/* The first reason, so that it is what the declaration was refused for. */
static void weigh_do_not_load(making *m)
{
    const gl_assessment *assessment = m->input->assessment;
    for (size_t i = 0; is_entry_summary(m) && !m->refuses && i < assessment->hits.count; i++) {
        const gl_assessment_criterion_hit *hit = &assessment->hits.at[i];
        if (!gl_decide_policy_do_not_load(m->policy, hit->criterion_id) || !drawn(m, hit->criterion_id, hit->rate_ppm))
            continue;
        m->refuses = true;
        at_least(m, GL_LANE_RED);
        gl_making_reason(m, "do-not-load", hit->criterion_id, hit->text);
    }
}

static void weigh_random(making *m)
{
    if (!drawn(m, gl_str_of(RANDOM), m->office->min_random_rate_ppm))
        return;
    at_least(m, m->office->random_lane);
    gl_making_reason(m, "random", gl_str_of(RANDOM), GL_STR("Selected at random, by the office's minimum random rate"));
}

static void weigh_degraded(making *m)
{
    m->out->degraded = m->input->classification->degraded || m->input->assessment->degraded;
    if (!m->out->degraded || m->office->degraded_lane >= m->lane)
        return;
    at_least(m, m->office->degraded_lane);
    gl_making_reason(m, "policy", GL_STR("degraded"),
                     GL_STR("Classified or assessed while a dependency was missing: the office's degraded lane"));
}

/* Claims are of imports; an entry summary pays no duty. */
static void weigh_eligibility(making *m)
{
    if (is_entry_summary(m))
        return;
    gl_decision_eligibility *results = GL_NEW_N(m->arena, gl_decision_eligibility, GL_ELIGIBILITY_CODES);
    m->out->eligibility.at = results;
    m->out->eligibility.count =
        gl_eligibility_check(m->policy, m->input->declaration, m->arena, results, m->required, &m->required_count);
    if (m->required_count == 0)
        return;
    at_least(m, GL_LANE_YELLOW);
    for (size_t i = 0; i < m->out->eligibility.count; i++)
        if (!results[i].eligible) {
            gl_str parts[] = {results[i].code, GL_STR(" is claimed, but "), results[i].reason};
            gl_making_reason(m, "eligibility", results[i].code, join(m->arena, parts, 3));
        }
}

/* -- The outcome ------------------------------------------------------------------------------------------------------
 */

gl_decision_hold *gl_making_hold(making *m, const char *reason, const char *text)
{
    gl_decision_hold *made = GL_NEW(m->arena, gl_decision_hold);
    made->reason_code = gl_str_of(reason);
    made->text = gl_str_of(text);
    made->place = m->office->examination_place.len > 0 ? m->office->examination_place : m->out->office;
    if (made->place.len == 0)
        made->place = GL_STR("customs office of presentation");
    made->required.at = m->required;
    made->required.count = m->required_count;
    return made;
}

static const char *const PARTICULARS = "Invoice or packing list, and who sends which goods to whom";

/* Before the goods are there, when there is time for that. */
static int64_t before_arrival(const making *m, int64_t within_us)
{
    const gl_declaration_entry_summary *entry = m->input->declaration->entry_summary;
    int64_t now_us = m->input->now_us, until_us = now_us + within_us;
    if (entry == NULL || !entry->expected_arrival_at.set || entry->expected_arrival_at.value <= now_us)
        return until_us;
    return entry->expected_arrival_at.value < until_us ? entry->expected_arrival_at.value : until_us;
}

/* A referral: for screening (RfS), or for information (RfI). */
static void refer(making *m)
{
    const gl_office *office = m->office;
    bool screening = m->lane == GL_LANE_RED;
    if (!screening)
        m->required[m->required_count++] = gl_str_of(PARTICULARS);
    m->out->hold = screening ? gl_making_hold(m, "referral-rfs", "The goods are to be screened before they are loaded")
                             : gl_making_hold(m, "referral-rfi", "Information about the consignment is to be sent");
    m->out->hold->until =
        GL_SOME_I64(before_arrival(m, screening ? office->examination_within_us : office->documents_within_us));
}

void gl_making_hold_by_lane(making *m, gl_lane lane_without_eligibility)
{
    gl_decision *out = m->out;
    int64_t now_us = m->input->now_us;
    out->outcome = GL_DECISION_OUTCOME_HELD;
    if (is_entry_summary(m)) {
        refer(m);
        return;
    }
    if (m->lane == GL_LANE_RED) {
        out->hold = gl_making_hold(m, "examination", "The goods are to be examined");
        out->hold->until = GL_SOME_I64(now_us + m->office->examination_within_us);
        return;
    }
    bool by_claim = lane_without_eligibility > GL_LANE_YELLOW;
    if (!by_claim)
        m->required[m->required_count++] = GL_STR("Invoice, transport document and proof of payment");
    out->hold = by_claim ? gl_making_hold(m, "eligibility",
                                          "A procedure is claimed without what it needs: documents are to be sent")
                         : gl_making_hold(m, "documents", "Documents are to be sent");
    out->hold->until = GL_SOME_I64(now_us + m->office->documents_within_us);
}

void gl_making_keep_back(making *m, bool by_officer)
{
    gl_decision *out = m->out;
    out->intended_outcome = out->outcome;
    const char *reason = NULL, *text = NULL;
    bool releases = out->outcome == GL_DECISION_OUTCOME_RELEASED && !by_officer;
    if (m->input->declaration->test_indicator) {
        reason = "test-declaration";
        text = "A test declaration never releases goods";
    } else if (releases && out->office_stopped) {
        reason = "office-stopped";
        text = "Nothing is released automatically at this office at present";
    } else if (releases && out->shadow) {
        reason = "shadow";
        text = "Decided in shadow mode: an officer releases";
    }
    if (reason == NULL)
        return;
    gl_opt_i64 until = out->hold == NULL ? (gl_opt_i64){0} : out->hold->until;
    out->outcome = GL_DECISION_OUTCOME_HELD;
    out->hold = gl_making_hold(m, reason, text);
    out->hold->until = until;
    gl_making_reason(m, "policy", gl_str_of(reason), gl_str_of(text));
}

static void settle(making *m, gl_lane lane_without_eligibility)
{
    m->out->lane = (gl_decision_lane)m->lane;
    if (m->keeps_hold) {
        gl_making_unchanged(m);
        m->out->lane = (gl_decision_lane)m->lane;
    } else if (m->refuses)
        m->out->outcome = GL_DECISION_OUTCOME_REFUSED;
    else if (m->lane <= GL_LANE_YELLOW)
        gl_making_hold_by_lane(m, lane_without_eligibility);
    else
        m->out->outcome = GL_DECISION_OUTCOME_RELEASED;
    if (m->lane == GL_LANE_BLUE && !m->keeps_hold && !is_entry_summary(m))
        gl_making_reason(m, "policy", GL_STR("post-clearance"), GL_STR("Released, with an audit after clearance"));
    gl_making_keep_back(m, false);
}

void gl_making_unchanged(making *m)
{
    const gl_decision_prior *prior = m->input->prior;
    m->out->lane = prior->lane;
    m->out->outcome = prior->outcome;
    m->out->intended_outcome = prior->intended_outcome;
    m->out->hold = prior->hold;
}

bool gl_decide_is_closed(const gl_decision_prior *prior)
{
    return prior != NULL && prior->outcome != GL_DECISION_OUTCOME_HELD;
}

void gl_making_after(making *m, const char *what, const char *text)
{
    const gl_decision_prior *prior = m->input->prior;
    const char *after = prior->outcome == GL_DECISION_OUTCOME_RELEASED ? "release"
                        : gl_str_eqz(prior->refused_for, "cancelled")  ? "cancellation"
                                                                       : "refusal";
    gl_making_unchanged(m);
    const char *code = gl_arena_printf(m->arena, "%s-after-%s", what, after);
    gl_making_reason(m, code, gl_str_of(code), gl_str_of(text));
}

/* What has its answer keeps it: the goods may be gone. */
static void keep_closed(making *m)
{
    bool amended = m->input->cause == GL_DECISION_CAUSE_AMENDMENT;
    gl_making_after(m, amended ? "amendment" : "declaration",
                    amended ? "Amended after the clearance ended: noted, its outcome stays"
                            : "Processed after the clearance ended: noted, its outcome stays");
}

/* An amendment does not end an examination, nor what an officer holds. */
static void weigh_prior(making *m)
{
    const gl_decision_prior *prior = m->input->prior;
    if (prior == NULL && m->input->cause == GL_DECISION_CAUSE_AMENDMENT)
        gl_making_reason(m, "policy", GL_STR("amendment-without-original"),
                         GL_STR("An amendment of a declaration that is not known: decided as the declaration itself"));
    if (prior == NULL || prior->hold == NULL || gl_str_eqz(prior->hold->reason_code, "technical-failure"))
        return;
    bool officer = gl_str_eqz(prior->hold->reason_code, "officer-hold");
    if (prior->lane != GL_DECISION_LANE_RED && !officer)
        return;
    at_least(m, officer ? (gl_lane)prior->lane : GL_LANE_RED);
    gl_making_reason(m, "policy", GL_STR("examination-goes-on"),
                     GL_STR("Held for an examination or by an officer before this version: that goes on"));
    m->keeps_hold = officer;
}

static void refuse_collision(making *m)
{
    gl_decision *out = m->out;
    out->lane = GL_DECISION_LANE_RED;
    out->outcome = out->intended_outcome = GL_DECISION_OUTCOME_REFUSED;
    out->first_mrn = m->input->collides_with;
    gl_making_reason(m, "mrn-collision", GL_STR("mrn-collision"),
                     GL_STR("Another declaration has the same MRN characters: submit it again under another LRN"));
}

static void fill_inputs(making *m)
{
    gl_decision *out = m->out;
    const gl_decide_input *input = m->input;
    const gl_office *office = m->office;
    memcpy(out->declaration_id, input->declaration->declaration_id, sizeof out->declaration_id);
    out->version = input->prior_version + 1;
    out->prior_version = input->prior_version;
    out->cause = input->cause;
    out->causing_event_id = input->causing_event_id;
    out->decided_at = input->now_us;
    out->policy_version = (gl_str){office->version, sizeof office->version - 1};
    out->red_threshold_ppm = office->red_ppm;
    out->yellow_threshold_ppm = office->yellow_ppm;
    out->blue_threshold_ppm = office->blue_ppm;
    out->exchange_rate_version = gl_rates_version(gl_decide_policy_rates(m->policy));
    out->evaluator = GL_STR(GL_DECIDE_EVALUATOR);
    out->shadow = office->shadow;
    out->office_stopped = office->stopped;
    if (input->prior != NULL)
        out->prior = gl_arena_dup(m->arena, input->prior, sizeof *input->prior);
    if (input->event != NULL)
        out->event = gl_arena_dup(m->arena, input->event, sizeof *input->event);
    out->reasons.at =
        GL_NEW_N(m->arena, gl_decision_reason, FIXED_REASONS + GL_ELIGIBILITY_CODES + input->assessment->hits.count);
    out->draws.at = GL_NEW_N(m->arena, gl_decision_draw, 1 + input->assessment->hits.count);
    size_t required = input->prior == NULL || input->prior->hold == NULL ? 0 : input->prior->hold->required.count;
    m->required = GL_NEW_N(m->arena, gl_str, GL_ELIGIBILITY_CODES + 1 + required);
}

bool gl_decide_compute(const gl_decide_policy *policy, const gl_decide_input *input, gl_arena *arena,
                       gl_decision *decision, gl_err *err)
{
    *decision = (gl_decision){.office = gl_decide_office_of(input->declaration)};
    decision->seed_epoch = input->seed_epoch.ptr != NULL ? input->seed_epoch : gl_decide_policy_seed_epoch(policy);
    making m = {.policy = policy,
                .input = input,
                .office = gl_decide_policy_office(policy, decision->office),
                .key = gl_decide_policy_key(policy, decision->seed_epoch),
                .arena = arena,
                .out = decision,
                .lane = GL_LANE_GREEN};
    if (m.key == NULL)
        return gl_fail(err, GL_FATAL, "seed-unknown", "no key is configured for the seed epoch \"%.*s\"",
                       GL_STR_ARG(decision->seed_epoch));
    fill_inputs(&m);
    if (input->collides_with.ptr != NULL) {
        refuse_collision(&m);
        return true;
    }
    if (input->event != NULL || input->cause == GL_DECISION_CAUSE_TIMER) {
        gl_decide_by_event(&m);
        return true;
    }
    if (gl_decide_is_closed(input->prior)) {
        keep_closed(&m);
        return true;
    }
    weigh_do_not_load(&m);
    weigh_score(&m);
    weigh_hits(&m);
    weigh_random(&m);
    weigh_degraded(&m);
    gl_lane lane_without_eligibility = m.lane;
    weigh_eligibility(&m);
    weigh_prior(&m);
    settle(&m, lane_without_eligibility);
    return true;
}
