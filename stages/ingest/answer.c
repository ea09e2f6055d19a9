/* What a sender reads: one result a declaration or event, with everything that is wrong with it. */
#include "customs/view.h"
#include "ingest/answers.h"
#include "ingest/ingest.h"
#include "io/json.h"

static void member(gl_buf *buf, const char *name, gl_str text)
{
    if (text.ptr == NULL)
        return;
    gl_buf_text(buf, ",\"");
    gl_buf_text(buf, name);
    gl_buf_text(buf, "\":");
    gl_buf_json(buf, text);
}

static void error_json(gl_buf *buf, const gl_rejection_validation_error *error)
{
    gl_buf_text(buf, "{\"code\":");
    gl_buf_json(buf, error->code);
    member(buf, "severity", error->severity == GL_REJECTION_SEVERITY_ERROR ? GL_STR("error") : GL_STR("warning"));
    member(buf, "pointer", error->pointer);
    member(buf, "field", error->field);
    member(buf, "value", error->value);
    member(buf, "allowed", error->allowed);
    member(buf, "text", error->text);
    member(buf, "hint", error->hint);
    gl_buf_byte(buf, '}');
}

static void errors_json(gl_buf *buf, const gl_rejection_validation_error *errors, size_t count)
{
    gl_buf_text(buf, ",\"errors\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            gl_buf_byte(buf, ',');
        error_json(buf, &errors[i]);
    }
    gl_buf_text(buf, "]}");
}

void gl_answer_json(gl_buf *buf, const gl_answer *answer)
{
    gl_buf_text(buf, "{\"position\":");
    gl_buf_int(buf, answer->position);
    if (answer->event_id.len > 0)
        member(buf, "event_id", answer->event_id);
    if (answer->lrn.len > 0)
        member(buf, "lrn", answer->lrn);
    if (answer->mrn.len > 0)
        member(buf, "mrn", answer->mrn);
    if (answer->looked_at)
        member(buf, "status", answer->taken ? GL_STR("valid") : GL_STR("invalid"));
    else
        member(buf, "status", answer->taken ? GL_STR("accepted") : GL_STR("rejected"));
    if (answer->taken && !answer->looked_at && answer->event_id.len == 0) {
        if (answer->amendment)
            gl_buf_text(buf, ",\"amendment\":true");
        gl_buf_text(buf, answer->duplicate ? ",\"duplicate\":true" : ",\"duplicate\":false");
        member(buf, "duplicate_check", answer->duplicate_pending ? GL_STR("pending") : GL_STR("done"));
        if (answer->first_status.len > 0)
            member(buf, "first_status", answer->first_status);
    }
    errors_json(buf, answer->errors, answer->error_count);
}

/* ---- a status view as its submitter sees it ---- */

static bool is_one_of(gl_str name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (gl_str_eqz(name, *names))
            return true;
    return false;
}

static void copy_value(gl_buf *buf, gl_str source, const gl_json *value)
{
    gl_buf_bytes(buf, source.ptr + value->begin, value->end - value->begin);
}

/* What he has to know to put it right, or knows already. What was suspected, drawn or scored is not among it. */
static void open_reasons(gl_buf *buf, gl_str source, const gl_json *reasons)
{
    static const char *const told[] = {"eligibility",   "duplicate", "technical-failure",
                                       "mrn-collision", "document",  "cancelled",
                                       "arrival",       "overdue",   NULL};
    gl_buf_byte(buf, '[');
    bool first = true;
    for (size_t i = 0; i < reasons->count; i++) {
        if (!is_one_of(gl_json_text(reasons->items[i], "code"), told))
            continue;
        gl_buf_text(buf, first ? "" : ",");
        copy_value(buf, source, reasons->items[i]);
        first = false;
    }
    gl_buf_byte(buf, ']');
}

bool gl_answer_view(gl_buf *buf, gl_arena *arena, gl_str view)
{
    static const char *const shown[] = {"mrn",  "declaration_id", "lrn",        "submitter", "outcome",
                                        "lane", "version",        "test",       "office",    "references",
                                        "hold", "timeline",       "duplicates", NULL};
    const gl_json *json = gl_view_tree(arena, view);
    if (json == NULL)
        return false;
    char separator = '{';
    for (size_t i = 0; i < json->count; i++) {
        bool reasons = gl_str_eqz(json->keys[i], "reasons") && json->items[i]->type == GL_JSON_ARRAY;
        if (!reasons && !is_one_of(json->keys[i], shown))
            continue;
        gl_buf_byte(buf, (uint8_t)separator);
        gl_buf_json(buf, json->keys[i]);
        gl_buf_byte(buf, ':');
        if (reasons)
            open_reasons(buf, view, json->items[i]);
        else
            copy_value(buf, view, json->items[i]);
        separator = ',';
    }
    gl_buf_text(buf, separator == '{' ? "{}" : "}");
    return true;
}

int gl_answers_status(const gl_job *job)
{
    for (size_t i = 0; i < job->answer_count; i++)
        if (job->answers[i].taken)
            return 202;
    return 422;
}
