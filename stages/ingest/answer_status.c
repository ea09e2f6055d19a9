/* The status of a declaration as UN/EDIFACT: one CUSRES, as its decision was told. */
#include "customs/cusres.h"
#include "customs/response.h"
#include "customs/view.h"
#include "ingest/ingest.h"

static gl_cusres_hold hold_of(gl_arena *arena, const gl_json *json)
{
    const gl_json *list = gl_json_get(json, "required");
    gl_cusres_hold hold = {.reason = gl_json_text(json, "reason"),
                           .text = gl_json_text(json, "text"),
                           .place = gl_json_text(json, "place"),
                           .until = gl_json_text(json, "until")};
    if (list == NULL || list->type != GL_JSON_ARRAY)
        return hold;
    gl_str *required = GL_NEW_N(arena, gl_str, list->count);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i]->type == GL_JSON_STRING)
            required[hold.required_count++] = list->items[i]->text;
    hold.required = required;
    return hold;
}

static const char *status_of(const gl_json *json, const gl_cusres_hold *hold)
{
    gl_str outcome = gl_json_text(json, "outcome");
    if (gl_str_eqz(outcome, "HELD"))
        return gl_cusres_held(hold);
    if (gl_str_eqz(outcome, "RELEASED"))
        return GL_CUSRES_RELEASED;
    return gl_str_eqz(outcome, "REFUSED") ? GL_CUSRES_REJECTED : GL_CUSRES_ACCEPTED;
}

static void put_reasons(gl_edifact *out, const gl_json *reasons)
{
    for (size_t i = 0; reasons != NULL && reasons->type == GL_JSON_ARRAY && i < reasons->count; i++) {
        gl_edifact_text(out, "ACB", "code", gl_json_text(reasons->items[i], "code"));
        gl_edifact_text(out, "ACB", "because", gl_json_text(reasons->items[i], "text"));
    }
}

bool gl_answer_status_edifact(gl_buf *buf, gl_arena *arena, gl_str account, int64_t now_us, gl_str view)
{
    const gl_json *json = gl_view_tree(arena, view);
    if (json == NULL)
        return false;
    char reference[GL_RESPONSE_REFERENCE_CHARS + 1];
    const gl_json *held = gl_json_get(json, "hold");
    gl_cusres_hold hold = {0};
    gl_edifact out;
    if (held != NULL && held->type == GL_JSON_OBJECT)
        hold = hold_of(arena, held);
    gl_response_reference(view, reference);
    gl_cusres message = {
        .number = 1, .reference = gl_str_of(reference), .status = status_of(json, &hold), .issued_us = now_us};
    gl_cusres_release(GL_STR(""), message.release);
    gl_cusres_open(&out, buf, account, &message);
    put_reasons(&out, gl_json_get(json, "reasons"));
    gl_cusres_put_hold(&out, &hold);
    gl_cusres_status(&out, &message);
    gl_cusres_reference(&out, "ABE", gl_json_text(json, "lrn"));
    gl_cusres_reference(&out, "ABT", gl_json_text(json, "mrn"));
    gl_cusres_close(&out, &message);
    return true;
}
