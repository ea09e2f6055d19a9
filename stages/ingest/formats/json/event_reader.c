/* Events about declarations, as JSON (docs/FORMATS.md): inspection results, officers' actions, signals, arrivals,
 * documents, cancellations; and rulings on goods descriptions, which are about no declaration.
 *
 * One table says what each type of event needs. Always holds: what is accepted here has an id, a type, an instant, and
 * names one declaration, by MRN or by LRN and family, or is a ruling with a text that has a word; who may send it is
 * the stage's matter, which knows the account.
 */
#include "base/clock.h"
#include "base/yaml.h"
#include "customs/finding.h"
#include "customs/ids.h"
#include "customs/precedent.h"
#include "ingest/formats/json/elements.h"

/* Most characters; and of a message's details the number. */
enum { ID = 140, CODE = 35, TEXT = 2048, DETAIL_NAME = 64, DETAIL_COUNT = 64 };

static const char *const members[] = {"event_id",       "mrn",   "lrn",  "family", "submitter", "type",
                                      "occurred_at",    "actor", "code", "text",   "details",   "description",
                                      "commodity_code", NULL};
static const char *const of_declarations[] = {"mrn", "lrn", "family", "submitter", "details", NULL};
static const char *const of_rulings[] = {"description", "commodity_code", NULL};
static const char *const families[] = {"IMPORT", "EXPORT", "ENTRY_SUMMARY", NULL};
static const char *const lanes[] = {"RED", "YELLOW", "BLUE", "GREEN", NULL};
static const char *const inspection_codes[] = {"A1", "A2", "B1", NULL};
static const char *const officer_codes[] = {"release", "refuse", "hold", "reroute", NULL};
static const char *const ruling_codes[] = {"correct", "revoke", NULL};

static const struct event_kind {
    const char *name;
    const char *const *codes; /* NULL: any */
    const char *codes_text;
    gl_event_event_type type; /* not of a ruling, which does not go to gl.events */
    bool needs_code, needs_actor, is_ruling;
} kinds[] = {
    {"INSPECTION_RESULT", inspection_codes, "A1 (satisfactory), A2 (considered satisfactory), B1 (not satisfactory)",
     GL_EVENT_EVENT_TYPE_INSPECTION_RESULT, true, false, false},
    {"OFFICER_ACTION", officer_codes, "release, refuse, hold, reroute", GL_EVENT_EVENT_TYPE_OFFICER_ACTION, true, true,
     false},
    {"SIGNAL", NULL, NULL, GL_EVENT_EVENT_TYPE_SIGNAL, true, false, false},
    {"ARRIVAL", NULL, NULL, GL_EVENT_EVENT_TYPE_ARRIVAL, false, false, false},
    {"CANCELLATION", NULL, NULL, GL_EVENT_EVENT_TYPE_CANCELLATION, false, false, false},
    {"DOCUMENT", NULL, NULL, GL_EVENT_EVENT_TYPE_DOCUMENT, true, false, false},
    {.name = "CLASSIFICATION",
     .codes = ruling_codes,
     .codes_text = "correct, revoke",
     .needs_code = true,
     .needs_actor = true,
     .is_ruling = true},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };
static const char types_text[] = "INSPECTION_RESULT, OFFICER_ACTION, SIGNAL, ARRIVAL, CANCELLATION, DOCUMENT, "
                                 "CLASSIFICATION";

static size_t characters(gl_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

static bool has_control(gl_str text, bool lines)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool allowed = lines && (c == '\t' || c == '\n' || c == '\r');
        if ((c < 0x20 && !allowed) || c == 0x7F)
            return true;
    }
    return false;
}

/* Length and characters of a text at `json`. */
static bool check_text(gl_report *report, const gl_json *json, const gl_path *path, gl_str text, size_t limit)
{
    if (characters(text) > limit) {
        const char *allowed = gl_arena_printf(report->arena, "at most %zu characters", limit);
        gl_report_at(report, json, path, &(gl_problem){.code = "too-long", .allowed = allowed}, "%s has %zu characters",
                     path->name, characters(text));
        return false;
    }
    if (!has_control(text, limit == TEXT))
        return true;
    gl_report_at(report, json, path, &(gl_problem){.code = "control-character"}, "%s holds a control character",
                 path->name);
    return false;
}

/* The text of a member; empty when it is not there, null, or wrong (then reported). */
static gl_str member_text(gl_report *report, const gl_json *tree, const char *name, size_t limit, bool required)
{
    const gl_json *json = gl_json_get(tree, name);
    gl_path path = {NULL, name, NULL};
    if (json != NULL && json->type != GL_JSON_NULL && json->type != GL_JSON_STRING) {
        const char *hint = json->type == GL_JSON_NUMBER ? "write it in quotes: codes keep their leading zeros" : NULL;
        gl_json_wrong_type(report, json, &path, "text", hint);
    } else if (json != NULL && json->type == GL_JSON_STRING && json->text.len > 0) {
        return check_text(report, json, &path, json->text, limit) ? json->text : GL_STR("");
    } else if (required) {
        gl_report_at(report, json == NULL ? tree : json, &path, &(gl_problem){.code = "missing"}, "%s is missing",
                     name);
    }
    return GL_STR("");
}

static bool is_given(const gl_json *tree, const char *name)
{
    const gl_json *json = gl_json_get(tree, name);
    return json != NULL && json->type != GL_JSON_NULL;
}

static void check_members(gl_report *report, const gl_json *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (gl_names_index(members, tree->keys[i]) >= 0)
            continue;
        const char *near = gl_report_wants_hint(report) ? gl_nearest_name(tree->keys[i], members) : NULL;
        const char *hint = near == NULL ? NULL : gl_arena_printf(report->arena, "did you mean \"%s\"?", near);
        gl_report_at(report, tree->items[i], NULL, &(gl_problem){.code = "unknown-field", .hint = hint},
                     "an event has no field \"%.*s\"", GL_STR_ARG(tree->keys[i]));
    }
}

/* Members that belong to the other sort of event: a ruling, or one about a declaration. */
static void check_foreign(gl_report *report, const gl_json *tree, const char *const *foreign, const char *hint)
{
    for (size_t i = 0; foreign[i] != NULL; i++) {
        gl_path path = {NULL, foreign[i], NULL};
        if (is_given(tree, foreign[i]))
            gl_report_at(report, gl_json_get(tree, foreign[i]), &path,
                         &(gl_problem){.code = "conflicting-fields", .hint = hint}, "an event of this type has no %s",
                         foreign[i]);
    }
}

static void read_ruled_text(gl_report *report, const gl_json *tree, gl_ruling *ruling)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_path path = {NULL, "description", NULL};
    ruling->description = member_text(report, tree, "description", TEXT, true);
    if (ruling->description.len > 0 && !gl_precedent_is_text(gl_text_normalise(ruling->description, normal)))
        gl_report_at(report, gl_json_get(tree, "description"), &path, &(gl_problem){.code = "not-text"},
                     "the description has no word that could be ruled on");
}

/* A ruling on a description: the code from now on, or none any more. */
static void read_ruling(gl_report *report, const gl_json *tree, gl_event_request *request)
{
    gl_ruling *ruling = GL_NEW(report->arena, gl_ruling);
    gl_path path = {NULL, "commodity_code", NULL};
    bool revokes = gl_str_eqz(request->event.code, "revoke"), corrects = gl_str_eqz(request->event.code, "correct");
    request->ruling = ruling;
    request->mrn = request->lrn = request->submitter = GL_STR("");
    check_foreign(report, tree, of_declarations, "a ruling is about a description, and about no declaration");
    read_ruled_text(report, tree, ruling);
    ruling->commodity_code = member_text(report, tree, "commodity_code", CODE, corrects);
    if (ruling->commodity_code.len > 0 && revokes)
        gl_report_at(report, gl_json_get(tree, "commodity_code"), &path,
                     &(gl_problem){.code = "conflicting-fields", .hint = "leave it out, or send a correction"},
                     "a revocation has no code");
    else if (ruling->commodity_code.len > 0 && !gl_precedent_is_code(ruling->commodity_code))
        gl_report_at(report, gl_json_get(tree, "commodity_code"), &path,
                     &(gl_problem){.code = "invalid-code", .allowed = "6 to 10 digits"}, "not a commodity code");
}

/* Which declaration: the MRN, or LRN and family. */
static void read_identity(gl_report *report, const gl_json *tree, gl_event_request *request)
{
    gl_path mrn = {NULL, "mrn", NULL}, family = {NULL, "family", NULL};
    bool by_mrn = is_given(tree, "mrn"), by_lrn = is_given(tree, "lrn");
    request->mrn = member_text(report, tree, "mrn", GL_MRN_CHARS, false);
    request->lrn = member_text(report, tree, "lrn", CODE, false);
    request->submitter = member_text(report, tree, "submitter", ID, false);
    gl_str name = member_text(report, tree, "family", CODE, by_lrn);
    int index = name.len == 0 ? 0 : gl_names_index(families, name);
    request->family = (gl_declaration_family)(index < 0 ? 0 : index);
    if (index < 0)
        gl_report_at(report, gl_json_get(tree, "family"), &family,
                     &(gl_problem){.code = "invalid-code", .allowed = "IMPORT, EXPORT, ENTRY_SUMMARY"}, "not a family");
    if (by_mrn && by_lrn)
        gl_report_at(report, gl_json_get(tree, "lrn"), &mrn,
                     &(gl_problem){.code = "conflicting-fields", .hint = "leave one of them out"},
                     "mrn and lrn are both given");
    else if (!by_mrn && !by_lrn)
        gl_report_at(report, tree, &mrn, &(gl_problem){.code = "missing", .allowed = "mrn, or lrn and family"},
                     "it does not say which declaration it is about");
    else if (by_mrn && request->mrn.len > 0 && !gl_mrn_valid(request->mrn, NULL))
        gl_report_at(report, gl_json_get(tree, "mrn"), &mrn,
                     &(gl_problem){.code = "invalid-code", .allowed = "an MRN, 18 characters with a check character"},
                     "not an MRN");
}

static const struct event_kind *read_type(gl_report *report, const gl_json *tree)
{
    static const char *names[KINDS + 1];
    gl_path path = {NULL, "type", NULL};
    gl_str name = member_text(report, tree, "type", CODE, true);
    if (name.len == 0)
        return NULL;
    for (size_t i = 0; i < KINDS; i++)
        if (gl_str_eqz(name, kinds[i].name))
            return &kinds[i];
    for (size_t i = 0; i < KINDS; i++)
        names[i] = kinds[i].name;
    const char *near = gl_nearest_name(name, names);
    const char *hint = near == NULL ? NULL : gl_arena_printf(report->arena, "did you mean %s?", near);
    gl_report_at(report, gl_json_get(tree, "type"), &path,
                 &(gl_problem){.code = "invalid-code", .allowed = types_text, .hint = hint},
                 "not a type of event that can be sent");
    return NULL;
}

static void read_instant(gl_report *report, const gl_json *tree, gl_event *event)
{
    gl_path path = {NULL, "occurred_at", NULL};
    gl_str text = member_text(report, tree, "occurred_at", CODE, true);
    if (text.len > 0 && !gl_time_parse(text, &event->occurred_at))
        gl_report_at(report, gl_json_get(tree, "occurred_at"), &path,
                     &(gl_problem){.code = "invalid-date", .allowed = "an instant, as 2026-11-24T06:35:01Z"},
                     "not an instant of RFC 3339");
}

/* A detail's value as text: texts, numbers, true and false. */
static bool detail_value(gl_report *report, const gl_json *json, const gl_path *path, gl_str *value)
{
    if (json->type == GL_JSON_STRING || json->type == GL_JSON_NUMBER)
        *value = json->text.ptr == NULL ? GL_STR("") : json->text;
    else if (json->type == GL_JSON_TRUE || json->type == GL_JSON_FALSE)
        *value = json->type == GL_JSON_TRUE ? GL_STR("true") : GL_STR("false");
    else {
        gl_json_wrong_type(report, json, path, "a text, a number, true or false", NULL);
        return false;
    }
    return check_text(report, json, path, *value, TEXT);
}

static void read_details(gl_report *report, const gl_json *tree, gl_event *event)
{
    const gl_json *json = gl_json_get(tree, "details");
    gl_path path = {NULL, "details", NULL};
    if (json == NULL || json->type == GL_JSON_NULL)
        return;
    if (json->type != GL_JSON_OBJECT) {
        gl_json_wrong_type(report, json, &path, "an object", NULL);
        return;
    }
    if (json->count > DETAIL_COUNT) {
        gl_report_at(report, json, &path, &(gl_problem){.code = "too-large", .allowed = "at most 64 details"},
                     "the event has %zu details", json->count);
        return;
    }
    event->details.at = GL_NEW_N(report->arena, gl_event_detail, json->count + 1);
    for (size_t i = 0; i < json->count; i++) {
        const gl_json *item = json->items[i];
        const char *name = gl_arena_strndup(report->arena, json->keys[i].ptr, json->keys[i].len);
        gl_path inner = {&path, name, NULL};
        gl_event_detail *detail = &event->details.at[event->details.count];
        detail->name = json->keys[i];
        if (item->type == GL_JSON_NULL)
            continue;
        if (json->keys[i].len == 0 || json->keys[i].len > DETAIL_NAME || has_control(json->keys[i], false))
            gl_report_at(report, item, &path, &(gl_problem){.code = "unknown-field", .allowed = "1 to 64 bytes"},
                         "a detail's name is too long, empty, or holds a control character");
        else if (detail_value(report, item, &inner, &detail->value))
            event->details.count++;
    }
}

static gl_str detail_of(const gl_event *event, const char *name)
{
    for (size_t i = 0; i < event->details.count; i++)
        if (gl_str_eqz(event->details.at[i].name, name))
            return event->details.at[i].value;
    return GL_STR("");
}

/* A re-routing says where to. */
static void check_lane(gl_report *report, const gl_json *tree, const gl_event *event)
{
    const gl_json *details = gl_json_get(tree, "details");
    const gl_json *json = details == NULL ? NULL : gl_json_get(details, "lane");
    gl_path path = {NULL, "details", NULL}, lane = {&path, "lane", NULL};
    gl_str name = detail_of(event, "lane");
    if (json == NULL)
        gl_report_at(report, details == NULL ? tree : details, &lane,
                     &(gl_problem){.code = "missing", .allowed = "RED, YELLOW, BLUE, GREEN"},
                     "reroute needs the lane in its details");
    else if (gl_names_index(lanes, name) < 0)
        gl_report_at(report, json, &lane, &(gl_problem){.code = "invalid-code", .allowed = "RED, YELLOW, BLUE, GREEN"},
                     "not a lane");
}

/* What was found of items: only officers' events say it, and only what is read here counts. */
static void check_found(gl_report *report, const gl_json *tree, const gl_event *event)
{
    const gl_json *details = gl_json_get(tree, "details");
    gl_path path = {NULL, "details", NULL};
    for (size_t i = 0; i < event->details.count; i++) {
        const gl_event_detail *detail = &event->details.at[i];
        gl_found found;
        bool of_name = false;
        const char *allowed =
            gl_found_is(detail->name) ? gl_found_read(detail->name, detail->value, &found, &of_name) : NULL;
        if (allowed == NULL)
            continue;
        const char *name = gl_arena_strndup(report->arena, detail->name.ptr, detail->name.len);
        gl_path inner = {&path, name, NULL};
        gl_report_at(report, gl_json_get(details, name), &inner,
                     &(gl_problem){.code = of_name ? "unknown-field" : "invalid-code", .allowed = allowed},
                     of_name ? "no detail says so what was found" : "not a code that was found");
    }
}

static void check_code(gl_report *report, const gl_json *tree, const struct event_kind *kind, const gl_event *event)
{
    gl_path path = {NULL, "code", NULL};
    if (event->code.len == 0 || kind->codes == NULL || gl_names_index(kind->codes, event->code) >= 0)
        return;
    gl_report_at(report, gl_json_get(tree, "code"), &path,
                 &(gl_problem){.code = "invalid-code", .allowed = kind->codes_text}, "not a code of %s", kind->name);
}

static void read_event(gl_reader *reader, gl_intake *intake, const gl_json *tree, gl_str text)
{
    gl_report *report = &reader->report;
    gl_event_request *request = GL_NEW(report->arena, gl_event_request);
    gl_event *event = &request->event;
    intake->event = request;
    check_members(report, tree);
    event->event_id = member_text(report, tree, "event_id", ID, true);
    const struct event_kind *kind = read_type(report, tree);
    bool is_ruling = kind != NULL && kind->is_ruling;
    if (!is_ruling)
        read_identity(report, tree, request);
    read_instant(report, tree, event);
    gl_str actor = member_text(report, tree, "actor", ID, kind != NULL && kind->needs_actor);
    if (actor.len > 0)
        event->actor = actor;
    event->code = member_text(report, tree, "code", CODE, kind != NULL && kind->needs_code);
    event->text = member_text(report, tree, "text", TEXT, is_ruling);
    event->source = GL_STR("");
    if (is_ruling) {
        check_code(report, tree, kind, event);
        read_ruling(report, tree, request);
    } else {
        check_foreign(report, tree, of_rulings, "only an event of the type CLASSIFICATION rules on a description");
        read_details(report, tree, event);
    }
    if (kind != NULL && !is_ruling) {
        event->type = kind->type;
        check_code(report, tree, kind, event);
        if (kind->codes == officer_codes && gl_str_eqz(event->code, "reroute"))
            check_lane(report, tree, event);
        if (kind->codes != NULL)
            check_found(report, tree, event);
    }
    intake->lrn = gl_usable_lrn(request->lrn);
    gl_intake_refuse(reader, intake, text);
}

bool gl_json_events_open(gl_reader *reader, gl_err *err)
{
    static const gl_json_kind event = {"an", "event", "events", NULL, read_event};
    (void)err;
    gl_json_elements_open(reader, &event);
    return true;
}
