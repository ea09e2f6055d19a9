/* See status.h. */
#include "decide/status.h"

#include "base/clock.h"
#include "customs/ids.h"
#include "customs/view.h"
#include "decide/clearance.h"
#include "io/envelope.h"

/* The last member of every view, so that a duplicate only rewrites the end. */
static const char DUPLICATES[] = ",\"duplicates\":";
static const char REASONS[] = ",\"reasons\":[", HOLD[] = "],\"hold\":", TIMELINE[] = ",\"timeline\":[",
                  TIMELINE_END[] = "],\"duplicates\":";

enum { REASONS_LIMIT = 20, TIMELINE_LIMIT = 32, TIMELINE_FIRST = 8 }; /* the records have them all */

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
    for (size_t i = 0; i < decision->reasons.count && i < REASONS_LIMIT; i++) {
        const gl_decision_reason *reason = &decision->reasons.at[i];
        add_member(buf, i == 0 ? "{\"code\":" : ",{\"code\":", reason->code);
        add_member(buf, ",\"id\":", reason->id);
        add_member(buf, ",\"text\":", reason->text);
        gl_buf_byte(buf, '}');
    }
}

/* -- Parts of the view before: its text is our own, and a quote inside a text is escaped, so a member's name with its
 * quotes is found only where it is a member
 * -------------------------------------------------------------------------------------------------------------------
 */

static size_t find(gl_str text, size_t from, const char *part, size_t part_len)
{
    const char *at = from > text.len ? NULL : memmem(text.ptr + from, text.len - from, part, part_len);
    return at == NULL ? text.len : (size_t)(at - text.ptr);
}

/* What is between `begin` and the next `end`; empty when there is none. */
static gl_str between(gl_str view, const char *begin, const char *end)
{
    size_t from = find(view, 0, begin, strlen(begin)) + strlen(begin);
    size_t to = find(view, from, end, strlen(end));
    return from >= view.len || to >= view.len ? GL_STR("") : (gl_str){view.ptr + from, to - from};
}

/* Elements between separators ("},{"code":""): their count, and where element `wanted` begins. */
static size_t count_elements(gl_str list, const char *separator, size_t wanted, size_t *begin)
{
    size_t len = strlen(separator), count = list.len > 0;
    *begin = wanted == 0 ? 0 : list.len;
    for (size_t at = 0; (at = find(list, at, separator, len)) < list.len; count++) {
        at += 2;
        if (count == wanted)
            *begin = at;
    }
    return count;
}

/* The reasons of the decisions before, after the new ones. */
static void add_earlier_reasons(gl_buf *buf, gl_str view, size_t new_count)
{
    gl_str earlier = between(view, REASONS, HOLD);
    if (earlier.len == 0 || new_count >= REASONS_LIMIT)
        return;
    size_t end;
    size_t count = count_elements(earlier, "},{\"code\":\"", REASONS_LIMIT - new_count, &end);
    if (new_count > 0)
        gl_buf_byte(buf, ',');
    gl_buf_bytes(buf, earlier.ptr, count > REASONS_LIMIT - new_count ? end - 1 : earlier.len);
}

/* The first ones and the last ones, with room for two more. */
static void add_earlier_timeline(gl_buf *buf, gl_str view)
{
    gl_str earlier = between(view, TIMELINE, TIMELINE_END);
    size_t first_end, last_begin;
    size_t count = count_elements(earlier, "},{\"event\":\"", TIMELINE_FIRST, &first_end);
    if (count + 2 <= TIMELINE_LIMIT) {
        gl_buf_str(buf, earlier);
        return;
    }
    count_elements(earlier, "},{\"event\":\"", count + 2 - TIMELINE_LIMIT + TIMELINE_FIRST, &last_begin);
    gl_buf_bytes(buf, earlier.ptr, first_end);
    gl_buf_bytes(buf, earlier.ptr + last_begin, earlier.len - last_begin);
}

static void add_head(gl_buf *buf, const uint8_t *id, gl_str mrn, gl_str lrn, gl_str submitter, const char *outcome,
                     const char *lane, int32_t version, gl_str office)
{
    char hex[2 * GL_DECLARATION_ID_BYTES + 1];
    gl_hex(id, GL_DECLARATION_ID_BYTES, hex);
    add_member(buf, "{\"mrn\":", mrn);
    add_member(buf, ",\"declaration_id\":", (gl_str){hex, sizeof hex - 1});
    add_member(buf, ",\"lrn\":", lrn);
    add_member(buf, ",\"submitter\":", submitter);
    add_member(buf, ",\"outcome\":", gl_str_of(outcome));
    add_member(buf, ",\"lane\":", gl_str_of(lane));
    gl_buf_text(buf, ",\"version\":");
    gl_buf_int(buf, version);
    add_member(buf, ",\"office\":", office);
}

static void add_reference(gl_arena *arena, gl_buf *buf, size_t *count, gl_str kind, gl_str id)
{
    if (id.len == 0 || *count == GL_VIEW_REFERENCES)
        return;
    gl_buf text = gl_buf_in(arena);
    gl_buf_reserve(&text, kind.len + 1 + id.len);
    gl_buf_str(&text, kind.len == 0 ? GL_STR("transport") : kind);
    gl_buf_byte(&text, ':');
    gl_buf_str(&text, id);
    add_member(buf, (*count)++ == 0 ? ",\"references\":[" : ",", gl_buf_view(&text));
}

static void add_documents(gl_arena *arena, gl_buf *buf, size_t *count, const gl_declaration_document *documents,
                          size_t document_count)
{
    for (size_t i = 0; i < document_count; i++)
        if (documents[i].kind == GL_DECLARATION_DOCUMENT_KIND_TRANSPORT)
            add_reference(arena, buf, count, documents[i].type_code, documents[i].id);
}

/* What the parcels of a consignment have in common. */
static void add_references(gl_arena *arena, gl_buf *buf, const gl_declaration *declaration)
{
    size_t count = 0;
    add_reference(arena, buf, &count, GL_STR("UCR"), declaration->ucr);
    add_documents(arena, buf, &count, declaration->documents.at, declaration->documents.count);
    for (size_t i = 0; i < declaration->items.count && count < GL_VIEW_REFERENCES; i++) {
        const gl_declaration_goods_item *item = &declaration->items.at[i];
        add_reference(arena, buf, &count, GL_STR("UCR"), item->ucr);
        add_documents(arena, buf, &count, item->documents.at, item->documents.count);
    }
    if (count > 0)
        gl_buf_byte(buf, ']');
}

static void add_end(gl_buf *buf, int32_t duplicate_count)
{
    gl_buf_text(buf, DUPLICATES);
    gl_buf_int(buf, duplicate_count);
    gl_buf_byte(buf, '}');
}

static const char *const EVENT_NAMES[GL_DECISION_CAUSE_COUNT] = {
    [GL_DECISION_CAUSE_ACCEPTANCE] = "accepted",       [GL_DECISION_CAUSE_DUPLICATE] = "duplicate",
    [GL_DECISION_CAUSE_AMENDMENT] = "amended",         [GL_DECISION_CAUSE_INSPECTION] = "inspection-result",
    [GL_DECISION_CAUSE_OVERRIDE] = "officer-action",   [GL_DECISION_CAUSE_TIMER] = "overdue",
    [GL_DECISION_CAUSE_TECHNICAL_FAILURE] = "failure", [GL_DECISION_CAUSE_CANCELLATION] = "cancellation",
    [GL_DECISION_CAUSE_ARRIVAL] = "arrival",           [GL_DECISION_CAUSE_SIGNAL] = "signal",
    [GL_DECISION_CAUSE_DOCUMENT] = "document"};

/* A decision after the first: what caused it, and what came of it. */
static void add_later_event(gl_buf *buf, const gl_assessed *assessed, const gl_decision *decision)
{
    int64_t at_us = decision->event != NULL ? decision->event->occurred_at : decision->decided_at;
    if (decision->cause == GL_DECISION_CAUSE_AMENDMENT)
        at_us = assessed->declaration.accepted_at;
    bool processed = decision->cause == GL_DECISION_CAUSE_ACCEPTANCE; /* after events that came to a technical hold */
    add_event(buf, processed ? "assessed" : EVENT_NAMES[decision->cause],
              processed ? assessed->assessment.assessed_at : at_us);
    buf->len--; /* its brace */
    if (decision->event != NULL)
        add_member(buf, ",\"code\":", decision->event->code);
    gl_buf_byte(buf, '}');
    add_event(buf, "decided", decision->decided_at);
    buf->len--;
    gl_buf_text(buf, ",\"version\":");
    gl_buf_int(buf, decision->version);
    add_member(buf, ",\"outcome\":", gl_str_of(gl_decision_outcome_name(decision->outcome)));
    gl_buf_byte(buf, '}');
}

static void add_timeline(gl_buf *buf, const gl_assessed *assessed, const gl_decision *decision,
                         const gl_clearance *prior)
{
    gl_buf_text(buf, TIMELINE);
    bool content = decision->event == NULL && decision->cause != GL_DECISION_CAUSE_TIMER;
    bool first = content && (decision->prior == NULL || prior->version == 0);
    if (!first) {
        add_earlier_timeline(buf, prior == NULL ? GL_STR("") : prior->view);
        add_later_event(buf, assessed, decision);
        return;
    }
    add_event(buf, EVENT_NAMES[decision->cause], assessed->declaration.accepted_at);
    if (prior != NULL && prior->version == 0)
        add_event(buf, "technical-hold", prior->decided_at);
    add_event(buf, "classified", assessed->classification.classified_at);
    add_event(buf, "assessed", assessed->assessment.assessed_at);
    add_event(buf, "decided", decision->decided_at);
}

/* Nothing was decided before that still counts. */
static bool is_first(const gl_decision *decision, const gl_clearance *prior)
{
    return prior == NULL || prior->version == 0 || decision->prior == NULL;
}

static gl_str decided_view(gl_arena *arena, const gl_assessed *assessed, const gl_decision *decision,
                           const gl_clearance *prior, int32_t duplicate_count)
{
    const gl_declaration *declaration = &assessed->declaration;
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, 1200 + (prior == NULL ? 0 : prior->view.len));
    add_head(&buf, declaration->declaration_id,
             is_first(decision, prior) || prior->mrn.len == 0 ? declaration->mrn : prior->mrn,
             declaration->functional_reference_id, declaration->submitter, gl_decision_outcome_name(decision->outcome),
             gl_decision_lane_name(decision->lane), decision->version, decision->office);
    add_references(arena, &buf, declaration);
    add_member(&buf, ",\"intended_outcome\":", gl_str_of(gl_decision_outcome_name(decision->intended_outcome)));
    add_bool(&buf, ",\"test\":", declaration->test_indicator);
    add_bool(&buf, ",\"shadow\":", decision->shadow);
    gl_buf_text(&buf, ",\"score_ppm\":");
    if (assessed->assessment.score_ppm.set)
        gl_buf_int(&buf, assessed->assessment.score_ppm.value);
    else
        gl_buf_text(&buf, "null");
    gl_buf_text(&buf, REASONS);
    add_reasons(&buf, decision);
    if (decision->event != NULL || decision->cause == GL_DECISION_CAUSE_TIMER)
        add_earlier_reasons(&buf, prior->view, decision->reasons.count);
    gl_buf_byte(&buf, ']');
    add_hold(&buf, decision->hold);
    add_timeline(&buf, assessed, decision, prior);
    gl_buf_text(&buf, "]");
    add_end(&buf, duplicate_count);
    return gl_buf_view(&buf);
}

/* Why it is refused: the last reason that refused it. */
static gl_str refused_for(const gl_decision *decision, const gl_clearance *prior)
{
    if (decision->outcome != GL_DECISION_OUTCOME_REFUSED)
        return GL_STR("");
    if (prior != NULL && prior->outcome == GL_CLEARANCE_OUTCOME_REFUSED && decision->prior != NULL)
        return decision->prior->refused_for;
    return decision->reasons.count == 0 ? GL_STR("") : decision->reasons.at[0].code;
}

/* Whatever else selected it: the draw goes by the declaration's id alone. */
static bool is_drawn(const gl_decision *decision)
{
    for (size_t i = 0; i < decision->reasons.count; i++)
        if (gl_str_eqz(decision->reasons.at[i].code, "random"))
            return true;
    return false;
}

/* What the schema's growth added, and what goes on from the clearance before. */
static void carry_on(gl_arena *arena, gl_clearance *clearance, const gl_decision *decision, const gl_clearance *prior)
{
    clearance->intended_outcome =
        (gl_clearance_opt_outcome){.set = true, .value = (gl_clearance_outcome)decision->intended_outcome};
    clearance->hold = gl_clearance_hold_of(arena, decision->hold);
    clearance->refused_for = refused_for(decision, prior);
    clearance->drawn = is_drawn(decision) || (decision->prior != NULL && prior != NULL && prior->drawn);
    if (prior == NULL)
        return;
    clearance->duplicate_count = prior->duplicate_count;
    clearance->superseded_count = prior->superseded_count;
    clearance->last_event_id = prior->last_event_id;
    clearance->event_hashes = prior->event_hashes;
    clearance->earlier_digests = prior->earlier_digests;
    clearance->failed_digests = prior->failed_digests;
    clearance->content_at = prior->content_at;
    if (is_first(decision, prior) || prior->mrn.len == 0)
        return;
    clearance->mrn = prior->mrn; /* of the first acceptance */
    clearance->accepted_at = prior->accepted_at;
}

gl_clearance gl_status_decided(gl_arena *arena, const gl_assessed *assessed, const gl_decision *decision,
                               const gl_clearance *prior, gl_str body, bool with_view)
{
    const gl_declaration *declaration = &assessed->declaration;
    gl_clearance clearance = {.mrn = declaration->mrn,
                              .functional_reference_id = declaration->functional_reference_id,
                              .submitter = declaration->submitter,
                              .accepted_at = declaration->accepted_at,
                              .decided_at = decision->decided_at,
                              .version = decision->version,
                              .lane = (gl_clearance_lane)decision->lane,
                              .outcome = (gl_clearance_outcome)decision->outcome,
                              .body = body,
                              .view = GL_STR("")};
#if GL_VERSION_NEXT
    clearance.next_note = GL_STR("next");
#endif
    memcpy(clearance.digest, declaration->content_digest, sizeof clearance.digest);
    carry_on(arena, &clearance, decision, prior);
    if (with_view)
        clearance.view = decided_view(arena, assessed, decision, prior, clearance.duplicate_count);
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

gl_clearance gl_status_superseded(const gl_clearance *prior)
{
    gl_clearance clearance = *prior;
    clearance.superseded_count++;
    return clearance;
}

static gl_str technical_view(gl_arena *arena, const gl_technical_hold *hold)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, 768);
    add_head(&buf, hold->declaration_id, hold->mrn, hold->lrn, hold->submitter,
             gl_decision_outcome_name(GL_DECISION_OUTCOME_HELD), gl_decision_lane_name(hold->lane), 0, hold->office);
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
    if (hold->accepted_us > 0)
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
                              .intended_outcome = {.set = true, .value = GL_CLEARANCE_OUTCOME_HELD},
                              .hold = gl_clearance_hold_of(arena, hold->hold)};
    gl_clearance_add_event(arena, &clearance, hold->source, hold->event_id);
    memcpy(clearance.digest, hold->digest, sizeof clearance.digest);
    clearance.view = technical_view(arena, hold);
    return clearance;
}

gl_str gl_status_value(gl_arena *arena, const gl_clearance *clearance)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_reserve(&buf, clearance->view.len + clearance->body.len + 1024);
    gl_schema_begin(&buf, GL_SCHEMA_CLEARANCE_STATE);
    gl_clearance_encode(&buf, clearance);
    return gl_buf_view(&buf);
}

int64_t gl_status_revision(const gl_clearance *clearance)
{
    return 1 + (int64_t)clearance->version + clearance->duplicate_count + clearance->superseded_count;
}
