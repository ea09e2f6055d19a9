/* See cusres.h. */
#include "customs/cusres.h"

#include <stdio.h>

enum { REFERENCE_CHARS = 35, PARTNER_CHARS = 35 };

/* "03A" and later: processing information is GEI, not GIS. */
static bool is_late(const char *release)
{
    return release[0] < '9' && strcmp(release, "03A") >= 0;
}

void gl_cusres_release(gl_str release, char answer[4])
{
    char text[4] = "00A";
    if (release.len == 3)
        memcpy(text, release.ptr, 3);
    memcpy(answer, is_late(text) ? text : "00A", 4);
}

void gl_cusres_begin(gl_edifact *out, const gl_cusres *message)
{
    const char *const identifier[4] = {"CUSRES", "D", message->release, "UN"};
    bool rejected = strcmp(message->status, GL_CUSRES_REJECTED) == 0;
    gl_edifact_begin(out, message->number, identifier);
    gl_edifact_segment(out, "BGM");
    gl_edifact_element(out, rejected ? GL_STR("963") : GL_STR("962"));
    gl_edifact_element(out, gl_edifact_cut(message->reference, REFERENCE_CHARS));
    gl_edifact_element(out, GL_STR("11"));
    gl_edifact_end(out);
    gl_edifact_time(out, "137", message->issued_us);
}

void gl_cusres_status(gl_edifact *out, const gl_cusres *message)
{
    bool late = is_late(message->release);
    gl_edifact_segment(out, late ? "GEI" : "GIS");
    if (late)
        gl_edifact_element(out, GL_STR("ZZZ"));
    gl_edifact_element(out, gl_str_of(message->status));
    gl_edifact_end(out);
}

void gl_cusres_reference(gl_edifact *out, const char *qualifier, gl_str id)
{
    if (id.len == 0)
        return;
    gl_edifact_segment(out, "RFF");
    gl_edifact_element(out, gl_str_of(qualifier));
    gl_edifact_component(out, gl_edifact_cut(id, REFERENCE_CHARS));
    gl_edifact_end(out);
}

void gl_cusres_error(gl_edifact *out, const gl_cusres_place *place, const char *code)
{
    char item[16] = "", position[16] = "";
    if (place->item > 0)
        snprintf(item, sizeof item, "%d", place->item);
    if (place->position > 0)
        snprintf(position, sizeof position, "%u", place->position);
    gl_edifact_segment(out, "ERP");
    gl_edifact_element(out, place->item > 0 ? GL_STR("2") : GL_STR("1"));
    gl_edifact_component(out, gl_str_of(item));
    gl_edifact_element(out, gl_edifact_cut(place->tag, 3));
    gl_edifact_component(out, gl_str_of(position));
    gl_edifact_end(out);
    gl_edifact_segment(out, "ERC");
    gl_edifact_element(out, gl_edifact_cut(gl_str_of(code), 8));
    gl_edifact_end(out);
    out->texts_left = GL_EDIFACT_TEXTS_LIMIT;
}

void gl_cusres_end(gl_edifact *out, const gl_cusres *message)
{
    gl_edifact_finish(out, message->number);
}

/* --- what is held --- */

const char *gl_cusres_held(const gl_cusres_hold *hold)
{
    if (gl_str_eqz(hold->reason, "examination") || gl_str_eqz(hold->reason, "referral-rfs"))
        return GL_CUSRES_EXAMINE;
    return hold->required_count > 0 ? GL_CUSRES_DOCUMENTS : GL_CUSRES_DETAINED;
}

void gl_cusres_put_hold(gl_edifact *out, const gl_cusres_hold *hold)
{
    gl_edifact_text(out, "ACB", "hold", hold->reason);
    gl_edifact_text(out, "ACB", "reason", hold->text);
    gl_edifact_text(out, "ACB", "place", hold->place);
    gl_edifact_text(out, "ACB", "until", hold->until);
    for (size_t i = 0; i < hold->required_count; i++)
        gl_edifact_text(out, "ACB", "required", hold->required[i]);
}

/* --- alone in its interchange --- */

void gl_cusres_open(gl_edifact *out, gl_buf *buf, gl_str account, const gl_cusres *message)
{
    gl_edifact_head head = {
        .sender = {GL_STR("GREENLANE")}, .reference = message->reference, .sent_us = message->issued_us};
    head.recipient[0] = account.len > 0 ? gl_edifact_cut(account, PARTNER_CHARS) : GL_STR("UNK");
    *out = (gl_edifact){.buf = buf, .utf8 = true};
    gl_edifact_open(out, &head);
    gl_cusres_begin(out, message);
}

void gl_cusres_close(gl_edifact *out, const gl_cusres *message)
{
    gl_edifact_head head = {.reference = message->reference};
    gl_cusres_end(out, message);
    gl_edifact_close(out, &head, 1);
}
