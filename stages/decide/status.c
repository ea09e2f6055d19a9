/* See status.h. */
#include "decide/status.h"

#include "base/clock.h"
#include "io/envelope.h"

/* The last member of every view, so that a duplicate only rewrites the end. */
static const char DUPLICATES[] = ",\"duplicates\":";

static void add_int(gl_buf *buf, int64_t value)
{
    char text[24];
    char *at = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    gl_buf_bytes(buf, at, (size_t)(text + sizeof text - at));
}

static void add_bool(gl_buf *buf, const char *name, bool value)
{
    gl_buf_text(buf, name);
    gl_buf_text(buf, value ? "true" : "false");
}

static void add_member(gl_buf *buf, const char *name, gl_str value)
{
    gl_buf_text(buf, name);
    gl_buf_json(buf, value);
}

static void add_time(gl_buf *buf, const char *name, int64_t wall_us)
{
    char text[GL_TIME_TEXT_BYTES];
    gl_buf_text(buf, name);
    gl_buf_byte(buf, '"');
    gl_buf_str(buf, gl_time_format(wall_us, text));
    gl_buf_byte(buf, '"');
}

static void add_event(gl_buf *buf, const char *event, int64_t wall_us)
{
    gl_buf_text(buf, buf->data[buf->len - 1] == '[' ? "{\"event\":\"" : ",{\"event\":\"");
    gl_buf_text(buf, event);
    add_time(buf, "\",\"at\":", wall_us);
    gl_buf_byte(buf, '}');
}

static void add_hold(gl_buf *buf, const gl_decision_hold *hold)
{
    if (hold == NULL) {
        gl_buf_text(buf, ",\"hold\":null");
        return;
    }
    add_member(buf, ",\"hold\":{\"reason\":", hold->reason_code);
    add_member(buf, ",\"text\":", hold->text);
    add_member(buf, ",\"place\":", hold->place);
    if (hold->until.set)
        add_time(buf, ",\"until\":", hold->until.value);
    else
        gl_buf_text(buf, ",\"until\":null");
    gl_buf_text(buf, ",\"required\":[");
    for (size_t i = 0; i < hold->required.count; i++)
        add_member(buf, i == 0 ? "" : ",", hold->required.at[i]);
    gl_buf_text(buf, "]}");
}

static void add_reasons(gl_buf *buf, const gl_decision *decision)
{
    enum { REASONS_LIMIT = 20 }; /* the record has them all */
    gl_buf_text(buf, ",\"reasons\":[");
    for (size_t i = 0; i < decision->reasons.count && i < REASONS_LIMIT; i++) {
        const gl_decision_reason *reason = &decision->reasons.at[i];
        add_member(buf, i == 0 ? "{\"code\":" : ",{\"code\":", reason->code);
        add_member(buf, ",\"id\":", reason->id);
        add_member(buf, ",\"text\":", reason->text);
        gl_buf_byte(buf, '}');
    }
    gl_buf_byte(buf, ']');
}

static void add_head(gl_buf *buf, gl_str mrn, gl_str lrn, gl_str submitter, const char *outcome, const char *lane,
                     int32_t version, gl_str office)
{
    add_member(buf, "{\"mrn\":", mrn);
    add_member(buf, ",\"lrn\":", lrn);
    add_member(buf, ",\"submitter\":", submitter);
    add_member(buf, ",\"outcome\":", gl_str_of(outcome));
    add_member(buf, ",\"lane\":", gl_str_of(lane));
    gl_buf_text(buf, ",\"version\":");
    add_int(buf, version);
    add_member(buf, ",\"office\":", office);
}

static void add_end(gl_buf *buf, int32_t duplicate_count)
{
    gl_buf_text(buf, DUPLICATES);
    add_int(buf, duplicate_count);
    gl_buf_byte(buf, '}');
}

static gl_str decided_view(gl_arena *arena, const gl_declaration *declaration, const gl_classification *classification,
                           const gl_assessment *assessment, const gl_decision *decision, const gl_clearance *prior,
                           int32_t duplicate_count)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, 1200);
    add_head(&buf, declaration->mrn, declaration->functional_reference_id, declaration->submitter,
             gl_decision_outcome_name(decision->outcome), gl_decision_lane_name(decision->lane), decision->version,
             decision->office);
    add_member(&buf, ",\"intended_outcome\":", gl_str_of(gl_decision_outcome_name(decision->intended_outcome)));
    add_bool(&buf, ",\"test\":", declaration->test_indicator);
    add_bool(&buf, ",\"shadow\":", decision->shadow);
    gl_buf_text(&buf, ",\"score_ppm\":");
    if (assessment->score_ppm.set)
        add_int(&buf, assessment->score_ppm.value);
    else
        gl_buf_text(&buf, "null");
    add_reasons(&buf, decision);
    add_hold(&buf, decision->hold);
    gl_buf_text(&buf, ",\"timeline\":[");
    add_event(&buf, "accepted", declaration->accepted_at);
    if (prior != NULL && prior->version == 0)
        add_event(&buf, "technical-hold", prior->decided_at);
    add_event(&buf, "classified", classification->classified_at);
    add_event(&buf, "assessed", assessment->assessed_at);
    add_event(&buf, "decided", decision->decided_at);
    gl_buf_text(&buf, "]");
    add_end(&buf, duplicate_count);
    return gl_buf_view(&buf);
}

gl_clearance gl_status_decided(gl_arena *arena, const gl_declaration *declaration,
                               const gl_classification *classification, const gl_assessment *assessment,
                               const gl_decision *decision, const gl_clearance *prior, bool with_view)
{
    gl_clearance clearance = {.mrn = declaration->mrn,
                              .functional_reference_id = declaration->functional_reference_id,
                              .submitter = declaration->submitter,
                              .accepted_at = declaration->accepted_at,
                              .decided_at = decision->decided_at,
                              .version = decision->version,
                              .lane = (gl_clearance_lane)decision->lane,
                              .outcome = (gl_clearance_outcome)decision->outcome,
                              .duplicate_count = prior == NULL ? 0 : prior->duplicate_count,
                              .last_event_id = prior == NULL ? (gl_str){NULL, 0} : prior->last_event_id,
                              .view = GL_STR("")};
    memcpy(clearance.digest, declaration->content_digest, sizeof clearance.digest);
    if (with_view)
        clearance.view =
            decided_view(arena, declaration, classification, assessment, decision, prior, clearance.duplicate_count);
    return clearance;
}

gl_clearance gl_status_duplicate(gl_arena *arena, const gl_clearance *prior)
{
    gl_clearance clearance = *prior;
    clearance.duplicate_count++;
    if (prior->view.len == 0)
        return clearance;
    size_t keep = prior->view.len;
    for (const char *at = prior->view.ptr; at != NULL;) {
        size_t left = prior->view.len - (size_t)(at - prior->view.ptr);
        at = memmem(at, left, DUPLICATES, sizeof DUPLICATES - 1);
        if (at != NULL)
            keep =
                (size_t)(at++ - prior->view.ptr); /* the last one: a text cannot hold it, its quotes would be escaped */
    }
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, keep + 32);
    gl_buf_bytes(&buf, prior->view.ptr, keep);
    add_end(&buf, clearance.duplicate_count);
    clearance.view = gl_buf_view(&buf);
    return clearance;
}

static gl_str technical_view(gl_arena *arena, const gl_technical_hold *hold)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, 768);
    add_head(&buf, hold->mrn, hold->lrn, hold->submitter, gl_decision_outcome_name(GL_DECISION_OUTCOME_HELD),
             gl_decision_lane_name(hold->lane), 0, hold->office);
    gl_buf_text(&buf, ",\"intended_outcome\":\"HELD\",\"test\":false,\"shadow\":false,\"score_ppm\":null,\"reasons\":[{"
                      "\"code\":\"technical-failure\"");
    add_member(&buf, ",\"id\":", hold->code);
    gl_buf source = gl_buf_in(arena);
    gl_buf_text(&source, "It was accepted, but could not be processed: ");
    gl_buf_str(&source, hold->source);
    add_member(&buf, ",\"text\":", gl_buf_view(&source));
    gl_buf_text(&buf, "}]");
    add_hold(&buf, hold->hold);
    gl_buf_text(&buf, ",\"timeline\":[");
    add_event(&buf, "accepted", hold->accepted_us);
    add_event(&buf, "technical-hold", hold->now_us);
    gl_buf_byte(&buf, ']');
    add_end(&buf, 0);
    return gl_buf_view(&buf);
}

gl_clearance gl_status_technical_hold(gl_arena *arena, const gl_technical_hold *hold)
{
    gl_clearance clearance = {.mrn = hold->mrn,
                              .functional_reference_id = hold->lrn,
                              .submitter = hold->submitter,
                              .accepted_at = hold->accepted_us,
                              .decided_at = hold->now_us,
                              .lane = (gl_clearance_lane)hold->lane,
                              .outcome = GL_CLEARANCE_OUTCOME_HELD,
                              .last_event_id = hold->event_id};
    memcpy(clearance.digest, hold->digest, sizeof clearance.digest);
    clearance.view = technical_view(arena, hold);
    return clearance;
}

gl_str gl_status_value(gl_arena *arena, const gl_clearance *clearance)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, clearance->view.len + 256);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_CLEARANCE_STATE);
    gl_clearance_encode(&buf, clearance);
    return gl_buf_view(&buf);
}

int64_t gl_status_revision(const gl_clearance *clearance)
{
    return 1 + (int64_t)clearance->version + clearance->duplicate_count;
}
