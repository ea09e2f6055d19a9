/* Decisions for events and time limits (see rules.h): what each kind of event does to a clearance.
 *
 * Always holds: exactly one decision comes out of each event, with a reason that says what it did, also when nothing
 * changes; a closed clearance keeps its outcome, but for an officer's release of a refused one.
 */
#include "base/clock.h"
#include "decide/eligibility.h"
#include "decide/making.h"

static const gl_decision_cause CAUSES[GL_EVENT_EVENT_TYPE_COUNT] = {
    [GL_EVENT_EVENT_TYPE_TECHNICAL_FAILURE] = GL_DECISION_CAUSE_TECHNICAL_FAILURE,
    [GL_EVENT_EVENT_TYPE_INSPECTION_RESULT] = GL_DECISION_CAUSE_INSPECTION,
    [GL_EVENT_EVENT_TYPE_OFFICER_ACTION] = GL_DECISION_CAUSE_OVERRIDE,
    [GL_EVENT_EVENT_TYPE_SIGNAL] = GL_DECISION_CAUSE_SIGNAL,
    [GL_EVENT_EVENT_TYPE_ARRIVAL] = GL_DECISION_CAUSE_ARRIVAL,
    [GL_EVENT_EVENT_TYPE_CANCELLATION] = GL_DECISION_CAUSE_CANCELLATION,
    [GL_EVENT_EVENT_TYPE_DOCUMENT] = GL_DECISION_CAUSE_DOCUMENT,
};

gl_decision_cause gl_decide_cause_of(gl_event_event_type type)
{
    return CAUSES[type];
}

static gl_str detail(const making *m, const char *name)
{
    const gl_decision_causing_event *event = m->input->event;
    for (size_t i = 0; i < event->details.count; i++)
        if (gl_str_eqz(event->details.at[i].name, name))
            return event->details.at[i].value;
    return GL_STR("");
}

static gl_str code_of(const making *m)
{
    return m->input->event->code;
}

/* The declaration was never assessed: what it is, a test for instance, is not known. */
static bool is_unassessed(const making *m)
{
    return m->input->assessment->assessed_at == 0;
}

static void release(making *m, bool by_officer)
{
    m->out->lane = m->input->prior->lane;
    m->out->outcome = GL_DECISION_OUTCOME_RELEASED;
    gl_making_keep_back(m, by_officer);
}

static void refuse(making *m)
{
    m->out->lane = m->input->prior->lane;
    m->out->outcome = m->out->intended_outcome = GL_DECISION_OUTCOME_REFUSED;
}

/* What the sender was asked for before, and still is. */
static void carry_required(making *m)
{
    const gl_decision_hold *hold = m->input->prior->hold;
    for (size_t i = 0; hold != NULL && i < hold->required.count; i++)
        m->required[m->required_count++] = hold->required.at[i];
}

static void stays(making *m, const char *code, gl_str id, const char *text)
{
    gl_making_unchanged(m);
    gl_making_reason(m, code, id, gl_str_of(text));
}

static void inspect(making *m)
{
    bool satisfactory = gl_str_eqz(code_of(m), "A1") || gl_str_eqz(code_of(m), "A2");
    if (gl_decide_is_closed(m->input->prior))
        gl_making_after(m, "inspection", "Inspected after the clearance ended: noted, its outcome stays");
    else if (gl_str_eqz(code_of(m), "B1")) {
        refuse(m);
        gl_making_reason(m, "inspection", code_of(m), GL_STR("The inspection did not find the goods satisfactory"));
    } else if (!satisfactory)
        stays(m, "inspection", code_of(m), "The inspection's result is not one that ends a clearance");
    else if (is_unassessed(m))
        stays(m, "inspection", code_of(m), "Satisfactory; it waits until the declaration itself can be processed");
    else {
        gl_making_reason(m, "inspection", code_of(m), GL_STR("The inspection found the goods satisfactory"));
        release(m, false);
    }
}

static bool may_still_release(const gl_decision_prior *prior)
{
    return prior->outcome == GL_DECISION_OUTCOME_HELD ||
           (prior->outcome == GL_DECISION_OUTCOME_REFUSED &&
            (gl_str_eqz(prior->refused_for, "inspection") || gl_str_eqz(prior->refused_for, "officer")));
}

static void officer_holds(making *m)
{
    gl_decision *out = m->out;
    int64_t until_us = m->input->now_us + m->office->examination_within_us;
    gl_time_parse(detail(m, "until"), &until_us);
    carry_required(m);
    out->lane = m->input->prior->lane;
    out->outcome = out->intended_outcome = GL_DECISION_OUTCOME_HELD;
    out->hold = gl_making_hold(m, "officer-hold", "Held by an officer");
    out->hold->until = GL_SOME_I64(until_us);
    gl_making_reason(m, "officer", code_of(m), GL_STR("Held by an officer"));
}

static void officer_reroutes(making *m)
{
    gl_decision_lane lane;
    if (!gl_decision_lane_find(detail(m, "lane"), &lane)) {
        stays(m, "officer", code_of(m), "The lane is not one: nothing changed");
        return;
    }
    gl_making_reason(m, "officer", code_of(m), GL_STR("Given another lane by an officer"));
    m->lane = (gl_lane)lane;
    m->out->lane = lane;
    if (m->lane <= GL_LANE_YELLOW)
        gl_making_hold_by_lane(m, m->lane);
    else
        m->out->outcome = GL_DECISION_OUTCOME_RELEASED;
    gl_making_keep_back(m, false);
}

static void officer_acts(making *m)
{
    const gl_decision_prior *prior = m->input->prior;
    bool releases = gl_str_eqz(code_of(m), "release"), refuses = gl_str_eqz(code_of(m), "refuse"),
         reroutes = gl_str_eqz(code_of(m), "reroute");
    if (m->input->event->actor.len == 0)
        stays(m, "officer", code_of(m), "An officer's action without the officer: nothing changed");
    else if (gl_decide_is_closed(prior) && !(releases && may_still_release(prior)))
        gl_making_after(m, "officer-action", "An officer acted after the clearance ended: noted, its outcome stays");
    else if ((releases || reroutes) && is_unassessed(m))
        stays(m, "officer", code_of(m), "It waits until the declaration itself can be processed: nothing changed");
    else if (releases) {
        gl_making_reason(m, "officer", code_of(m), GL_STR("Released by an officer"));
        release(m, true);
    } else if (refuses) {
        refuse(m);
        gl_making_reason(m, "officer", code_of(m), GL_STR("Refused by an officer"));
    } else if (gl_str_eqz(code_of(m), "hold"))
        officer_holds(m);
    else if (reroutes)
        officer_reroutes(m);
    else
        stays(m, "officer", code_of(m), "Not an action of an officer: nothing changed");
}

static void cancel(making *m)
{
    if (gl_decide_is_closed(m->input->prior)) {
        gl_making_after(m, "cancellation", "Cancelled after the clearance ended: noted, its outcome stays");
        return;
    }
    refuse(m);
    gl_making_reason(m, "cancelled", GL_STR("cancelled"), GL_STR("Cancelled at the sender's request"));
}

static bool is_named(const making *m, gl_str required)
{
    const gl_decision_causing_event *event = m->input->event;
    for (size_t i = 0; i < event->details.count; i++)
        if (gl_str_eqz(event->details.at[i].name, "document") &&
            (gl_str_eqz(event->details.at[i].value, "all") || gl_str_eq(event->details.at[i].value, required)))
            return true;
    return false;
}

/* What is asked for shrinks with each document, until nothing is left. */
static void take_document(making *m)
{
    const gl_decision_prior *prior = m->input->prior;
    const gl_decision_hold *hold = prior->hold;
    if (gl_decide_is_closed(prior)) {
        gl_making_after(m, "document", "A document came after the clearance ended: noted, its outcome stays");
        return;
    }
    bool waits = prior->lane == GL_DECISION_LANE_YELLOW && hold != NULL && hold->required.count > 0;
    for (size_t i = 0; waits && i < hold->required.count; i++)
        if (!is_named(m, hold->required.at[i]))
            m->required[m->required_count++] = hold->required.at[i];
    if (!waits || m->required_count == hold->required.count) {
        stays(m, "document", code_of(m), "A document came that nothing waits for");
        return;
    }
    gl_making_reason(m, "document", code_of(m),
                     m->required_count == 0 ? GL_STR("The documents asked for are there")
                                            : GL_STR("A document asked for is there; others are still to be sent"));
    if (m->required_count == 0 && !gl_str_eqz(hold->reason_code, "officer-hold")) {
        release(m, false);
        return;
    }
    gl_making_unchanged(m);
    gl_decision_hold *left = gl_arena_dup(m->arena, hold, sizeof *hold);
    left->required.at = m->required;
    left->required.count = m->required_count;
    m->out->hold = left;
}

void gl_decide_by_event(making *m)
{
    m->out->degraded = m->input->classification->degraded || m->input->assessment->degraded;
    if (m->input->event == NULL) {
        const gl_decision_hold *hold = m->input->prior->hold;
        stays(m, "overdue", hold == NULL ? GL_STR("") : hold->reason_code, "What it waits for did not come in time");
        return;
    }
    switch (m->input->cause) {
    case GL_DECISION_CAUSE_INSPECTION:
        inspect(m);
        return;
    case GL_DECISION_CAUSE_OVERRIDE:
        officer_acts(m);
        return;
    case GL_DECISION_CAUSE_CANCELLATION:
        cancel(m);
        return;
    case GL_DECISION_CAUSE_DOCUMENT:
        take_document(m);
        return;
    case GL_DECISION_CAUSE_ARRIVAL:
        stays(m, "arrival", code_of(m), "The goods arrived");
        return;
    default:
        stays(m, "signal", code_of(m), "A signal about the consignment was noted");
        return;
    }
}
