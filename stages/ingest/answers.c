/* See answers.h. */
#include "ingest/answers.h"

#include "base/clock.h"
#include "customs/response.h"
#include "ingest/formats/ens/ens_map.h"
#include "io/accept.h"

bool gl_answer_form_of(gl_str accept, gl_answer_form *form, const char **content_type)
{
    static const char *const offers[] = {"application/json", "application/xml",     "text/csv",
                                         "text/xml",         "application/edifact", NULL};
    static const gl_answer_form forms[] = {GL_ANSWER_JSON, GL_ANSWER_XML, GL_ANSWER_CSV, GL_ANSWER_XML,
                                           GL_ANSWER_EDIFACT};
    int chosen = gl_accept_choose(accept, offers);
    if (chosen < 0)
        return false;
    *form = forms[chosen];
    *content_type = offers[chosen];
    if (*form == GL_ANSWER_CSV)
        *content_type = "text/csv; charset=utf-8; header=present";
    else if (*form == GL_ANSWER_EDIFACT)
        *content_type = "application/EDIFACT"; /* as RFC 1767 writes it */
    return true;
}

const char *gl_answer_ending(gl_answer_form form)
{
    static const char *const endings[] = {".answers.ndjson", ".answers.xml", ".answers.csv", ".answers.edi"};
    return endings[form];
}

void gl_answer_describe(gl_answer *answer, const gl_intake *intake)
{
    const gl_declaration *declaration = &intake->declaration;
    answer->position = intake->position;
    answer->lrn = intake->lrn;
    answer->columns = intake->columns;
    answer->envelope = intake->envelope;
    if (intake->format == NULL || strcmp(intake->format, gl_ens_format) != 0)
        return;
    answer->ics = gl_str_eqz(declaration->function_code, "4") ? GL_ICS_313 : GL_ICS_315;
    answer->mrn = intake->amends;
    answer->message_id = gl_ens_profile_part(declaration->message.profile, "id");
    for (size_t i = 0; i < declaration->attributes.count; i++)
        if (gl_str_eqz(declaration->attributes.at[i].type, "message_sender"))
            answer->sender = declaration->attributes.at[i].code;
}

gl_answer gl_answer_of_intake(const gl_intake *intake)
{
    gl_answer answer = {
        .taken = !intake->rejected, .looked_at = true, .errors = intake->errors, .error_count = intake->error_count};
    gl_answer_describe(&answer, intake);
    return answer;
}

gl_answer gl_answer_of_message(const gl_err *why, gl_rejection_validation_error *error)
{
    *error = (gl_rejection_validation_error){
        .code = gl_str_of(why->code), .severity = GL_REJECTION_SEVERITY_ERROR, .text = gl_str_of(why->message)};
    return (gl_answer){.position = 1, .errors = error, .error_count = 1};
}

void gl_answers_begin(gl_answer_writer *writer)
{
    if (writer->form == GL_ANSWER_CSV)
        gl_answer_csv_header(writer->buf);
    else if (writer->form == GL_ANSWER_JSON && !writer->lines)
        gl_buf_text(writer->buf, "{\"results\":[");
}

static void add_json(gl_answer_writer *writer, const gl_answer *answer)
{
    if (!writer->lines && writer->written > 0)
        gl_buf_text(writer->buf, ",\n");
    gl_answer_json(writer->buf, answer);
    if (writer->lines)
        gl_buf_byte(writer->buf, '\n');
}

/* What stands around the answers is written with the first of them: it may be a document of its own. */
static void add_xml(gl_answer_writer *writer, const gl_answer *answer)
{
    bool registered = !answer->looked_at || !answer->taken; /* there is no message of ICS that says "valid" */
    if (writer->single && answer->ics != GL_ICS_NONE && registered) {
        writer->alone = true;
        gl_answer_ics(writer, answer);
        return;
    }
    if (!writer->opened)
        gl_response_open(writer->buf);
    writer->opened = true;
    gl_answer_xml(writer, answer);
}

void gl_answers_add(gl_answer_writer *writer, const gl_answer *answer)
{
    *(answer->taken ? &writer->accepted : &writer->rejected) += 1;
    if (writer->rejected_only && answer->taken && writer->form != GL_ANSWER_EDIFACT)
        return;
    if (writer->form == GL_ANSWER_XML)
        add_xml(writer, answer);
    else if (writer->form == GL_ANSWER_CSV)
        gl_answer_csv(writer, answer);
    else if (writer->form == GL_ANSWER_EDIFACT)
        gl_answer_edifact(writer, answer);
    else
        add_json(writer, answer);
    writer->written++;
}

void gl_answers_pause(gl_answer_writer *writer)
{
    gl_answer_edifact_flush(writer);
}

void gl_answers_end(gl_answer_writer *writer)
{
    gl_answers_pause(writer);
    if (writer->form == GL_ANSWER_XML && !writer->alone) {
        if (!writer->opened)
            gl_response_open(writer->buf);
        gl_response_close(writer->buf);
        gl_buf_byte(writer->buf, '\n');
    } else if (writer->form == GL_ANSWER_JSON && !writer->lines) {
        gl_buf_printf(writer->buf, "],\"%s\":%zu,\"%s\":%zu", writer->looked_at ? "valid" : "accepted",
                      writer->accepted, writer->looked_at ? "invalid" : "rejected", writer->rejected);
        if (writer->batch != NULL && writer->batch[0] != '\0')
            gl_buf_printf(writer->buf, ",\"batch\":\"%s\"", writer->batch);
        gl_buf_text(writer->buf, "}\n");
    }
}

void gl_answers_of_job(gl_buf *buf, const gl_job *job)
{
    gl_answer_writer writer = {.buf = buf,
                               .form = job->form,
                               .rejected_only = job->rejected_only,
                               .account = job->account->name,
                               .now_us = gl_wall_us(),
                               .batch = job->batch,
                               .single = job->answer_count == 1};
    gl_answers_begin(&writer);
    for (size_t i = 0; i < job->answer_count; i++)
        gl_answers_add(&writer, &job->answers[i]);
    gl_answers_end(&writer);
}
