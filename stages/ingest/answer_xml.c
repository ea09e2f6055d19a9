/* An answer as a WCO response: 01 DMSACC, 02 DMSRCV (a cancellation, whose outcome is a message of its own), 03 DMSREJ.
 *
 * The schema's Error holds a text, a code and a place by numbers; everything else that our answers say of an error is a
 * statement that points at it: Pointer with the section of Error (53A) and which one. Warnings are statements too,
 * those that say more of one point at it (03A and which one of them).
 */
#include "customs/response.h"
#include "ingest/answers.h"
#include "ingest/formats/cds/wco_ids.h"
#include "ingest/formats/codes.h"

static const char *function_of(const gl_answer *answer)
{
    if (!answer->taken)
        return GL_RESPONSE_REJECTED;
    return answer->event_id.len > 0 ? GL_RESPONSE_RECEIVED : GL_RESPONSE_ACCEPTED;
}

static void add_details(gl_buf *buf, const gl_rejection_validation_error *error, const gl_response_pointer *about)
{
    gl_response_statements(buf, "code", error->code, about);
    const struct {
        const char *code;
        gl_str text;
    } details[] = {{"pointer", error->pointer},
                   {"field", error->field},
                   {"value", error->value},
                   {"allowed", error->allowed},
                   {"hint", error->hint}};
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        if (details[i].text.ptr != NULL)
            gl_response_statements(buf, details[i].code, details[i].text, about);
}

/* Of the answer as a whole. */
static void add_remarks(gl_buf *buf, const gl_answer *answer)
{
    gl_buf position = {0};
    gl_buf_int(&position, answer->position);
    gl_response_statement(buf, "position", gl_buf_view(&position), 0, NULL);
    gl_buf_free(&position);
    if (answer->looked_at)
        gl_response_statement(buf, "validated", GL_STR("Only looked at: nothing was taken in"), 0, NULL);
    if (answer->event_id.len > 0)
        gl_response_statements(buf, "event", answer->event_id, NULL);
    if (answer->amendment)
        gl_response_statement(buf, "amendment", GL_STR("An amendment"), 0, NULL);
    if (answer->duplicate)
        gl_response_statement(buf, "duplicate",
                              GL_STR("The same declaration was submitted before: its MRN and status stand"), 0, NULL);
    if (answer->first_status.len > 0)
        gl_response_statements(buf, "first-status", answer->first_status, NULL);
    if (answer->duplicate_pending)
        gl_response_statement(buf, "duplicate-pending",
                              GL_STR("Whether the same LRN was used before is not known yet: the MRN is provisional"),
                              0, NULL);
}

static bool is_error(const gl_rejection_validation_error *error)
{
    return error->severity == GL_REJECTION_SEVERITY_ERROR;
}

static void add_statements(gl_buf *buf, const gl_answer *answer)
{
    int32_t errors = 0, warnings = 0;
    for (size_t i = 0; i < answer->error_count; i++) {
        const gl_rejection_validation_error *error = &answer->errors[i];
        gl_response_pointer about = {.section = is_error(error) ? "53A" : "03A",
                                     .sequence = is_error(error) ? ++errors : ++warnings};
        if (!is_error(error))
            gl_response_statements(buf, "warning", error->text, NULL);
        add_details(buf, error, &about);
    }
}

static void add_errors(gl_buf *buf, const gl_answer *answer)
{
    for (size_t i = 0; i < answer->error_count; i++) {
        const gl_rejection_validation_error *error = &answer->errors[i];
        gl_response_pointer pointers[GL_WCO_POINTERS];
        if (is_error(error))
            gl_response_error(buf, error->text, gl_validation_code(error->code), pointers,
                              gl_wco_pointers(error->pointer, error->field, pointers));
    }
}

/* Of this answer to this message. */
static void reference_of(const gl_answer_writer *writer, const gl_answer *answer,
                         char hex[GL_RESPONSE_REFERENCE_CHARS + 1])
{
    gl_buf what = {0};
    gl_buf_printf(&what, "%s\n%lld\n%lld\n", writer->account, (long long)writer->now_us, (long long)answer->position);
    gl_buf_str(&what, answer->lrn);
    gl_response_reference(gl_buf_view(&what), hex);
    gl_buf_free(&what);
}

void gl_answer_xml(gl_answer_writer *writer, const gl_answer *answer)
{
    char reference[GL_RESPONSE_REFERENCE_CHARS + 1];
    gl_response_subject subject = {.accepted_us = answer->accepted_us,
                                   .rejected_us = answer->taken ? 0 : writer->now_us,
                                   .lrn = answer->lrn,
                                   .mrn = answer->mrn,
                                   .version = -1};
    reference_of(writer, answer, reference);
    gl_buf_byte(writer->buf, '\n');
    gl_response_begin(writer->buf, function_of(answer), reference, writer->now_us);
    add_remarks(writer->buf, answer);
    add_statements(writer->buf, answer);
    add_errors(writer->buf, answer);
    gl_response_end(writer->buf, &subject);
}
