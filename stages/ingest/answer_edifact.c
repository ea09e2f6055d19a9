/* Answers as UN/EDIFACT: an interchange back for each that came, with a CONTRL for its syntax and a CUSRES for each
 * declaration.
 *
 * CONTRL (ISO 9735-4) says what the interchange and its messages were refused for, by segment, element and component; a
 * message without such a fault is acknowledged by the interchange's own action. What is wrong with content is in the
 * CUSRES of its declaration. Whoever sent something else (JSON, XML ...) gets the CUSRES alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "customs/cusres.h"
#include "customs/ids.h"
#include "customs/response.h"
#include "ingest/answers.h"
#include "ingest/formats/cds/wco_ids.h"
#include "ingest/formats/codes.h"
#include "ingest/formats/edifact/edi_envelope.h"

enum { ERRORS_LIMIT = 99 };

struct gl_edifact_answers {
    gl_buf control, responses;
    gl_edifact control_out, response_out;
    bool controlled;      /* it has a CONTRL */
    uint32_t interchange; /* which one is answered, */
    const char *source;   /* and where its reference stands: archives have several first ones */
    size_t messages;
    gl_edifact_head head; /* its reference only, after UNB was written */
    char reference[GL_EDIFACT_REFERENCE_CHARS + 1];
};

/* --- faults of syntax --- */

/* What CONTRL calls a fault (0085). What is not here is of content. */
static const struct {
    const char *code, *number;
} faults[] = {{"character-set", "21"},
              {"control-count", "29"},
              {"control-reference", "28"},
              {"control-reference-repeated", "26"},
              {"decimal-notation", "38"},
              {"element-characters", "37"},
              {"element-missing", "13"},
              {"element-too-long", "39"},
              {"element-too-short", "40"},
              {"element-unexpected", "16"},
              {"encoding", "21"},
              {"group-repeated", "36"},
              {"interchange-empty", "32"},
              {"message-unknown", "12"},
              {"not-a-declaration", "17"},
              {"segment-joined", "22"},
              {"segment-misplaced", "15"},
              {"segment-missing", "13"},
              {"segment-outside-message", "33"},
              {"segment-repeated", "35"},
              {"segment-unknown", "15"},
              {"service-characters", "22"},
              {"syntax-unknown", "2"},
              {"too-large", "18"},
              {"too-many-errors", "18"}};

/* NULL: it is none. */
static const char *fault_of(const gl_rejection_validation_error *error)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (gl_str_eqz(error->code, faults[i].code))
            return faults[i].number;
    return NULL;
}

static bool is_error(const gl_rejection_validation_error *error)
{
    return error->severity == GL_REJECTION_SEVERITY_ERROR;
}

/* Was the message refused for its syntax? Then nothing of its content was looked at, and the first error is one. */
static bool has_fault(const gl_answer *answer)
{
    if (answer->envelope == NULL || answer->taken)
        return false;
    for (size_t i = 0; i < answer->error_count; i++)
        if (is_error(&answer->errors[i]))
            return fault_of(&answer->errors[i]) != NULL;
    return false;
}

/* Where our pointer points: "entry=a.edi;message=2;segment=14,CST;element=2.1". Numbers of 0 are not said. */
typedef struct place {
    unsigned segment, element, component;
    gl_str tag;
} place;

static unsigned take_number(gl_str *rest)
{
    unsigned number = 0;
    for (; rest->len > 0 && rest->ptr[0] >= '0' && rest->ptr[0] <= '9' && number < 100000000; rest->ptr++, rest->len--)
        number = number * 10 + (unsigned)(rest->ptr[0] - '0');
    return number;
}

/* Behind the last `name` that begins a part; false: there is none. */
static bool find_part(gl_str pointer, const char *name, gl_str *rest)
{
    size_t len = strlen(name);
    for (size_t i = pointer.len; i-- > 0;)
        if (pointer.len - i >= len && memcmp(pointer.ptr + i, name, len) == 0 &&
            (i == 0 || pointer.ptr[i - 1] == ';')) {
            *rest = (gl_str){pointer.ptr + i + len, pointer.len - i - len};
            return true;
        }
    return false;
}

static place place_of(gl_str pointer)
{
    place at = {.tag = GL_STR("")};
    gl_str rest;
    if (find_part(pointer, "segment=", &rest)) {
        at.segment = take_number(&rest);
        size_t len = 0;
        for (rest = rest.len > 0 ? (gl_str){rest.ptr + 1, rest.len - 1} : rest; len < rest.len && rest.ptr[len] != ';';)
            len++;
        at.tag = (gl_str){rest.ptr, len};
    }
    if (at.segment > 0 && find_part(pointer, "element=", &rest)) {
        at.element = take_number(&rest);
        if (rest.len > 0 && rest.ptr[0] == '.') {
            rest = (gl_str){rest.ptr + 1, rest.len - 1};
            at.component = take_number(&rest);
        }
    }
    return at;
}

/* --- CONTRL --- */

/* What must be said and is not known. */
static gl_str said(gl_str text)
{
    return text.len > 0 ? text : GL_STR("UNK");
}

static void put_element_place(gl_edifact *out, const place *at)
{
    char element[16], component[16] = "";
    if (at->element == 0)
        return;
    snprintf(element, sizeof element, "%u", at->element + 1); /* the tag is the first */
    if (at->component > 0)
        snprintf(component, sizeof component, "%u", at->component);
    gl_edifact_element(out, gl_str_of(element));
    gl_edifact_component(out, gl_str_of(component));
}

static const char *service_tag(const place *at, const char *const *tags, const char *otherwise)
{
    for (size_t i = 0; tags[i] != NULL; i++)
        if (gl_str_eqz(at->tag, tags[i]))
            return tags[i];
    return otherwise;
}

static void put_partner(gl_edifact *out, const gl_str partner[4])
{
    gl_edifact_element(out, said(partner[0]));
    for (int i = 1; i < 4; i++)
        gl_edifact_component(out, partner[i]);
}

static const gl_rejection_validation_error *first_fault(const gl_answer *answer)
{
    for (size_t i = 0; i < answer->error_count; i++)
        if (is_error(&answer->errors[i]))
            return &answer->errors[i];
    return NULL;
}

/* UCI: the interchange. One that is refused has its first fault there, for it has room for one. */
static void put_interchange(gl_edifact *out, const gl_answer *answer)
{
    static const char *const tags[] = {"UNA", "UNB", "UNZ", "UNG", "UNE", NULL};
    const gl_edi_envelope *envelope = answer->envelope;
    const gl_rejection_validation_error *error = envelope->message == 0 ? first_fault(answer) : NULL;
    gl_edifact_segment(out, "UCI");
    gl_edifact_element(out, said(envelope->reference));
    put_partner(out, envelope->sender);
    put_partner(out, envelope->recipient);
    gl_edifact_element(out, error != NULL ? GL_STR("4") : GL_STR("7"));
    if (error != NULL) {
        place at = place_of(error->pointer);
        bool end = gl_str_eqz(error->code, "segment-missing") && gl_str_eqz(error->allowed, "UNZ");
        const char *number = fault_of(error);
        at.element = gl_str_eqz(error->code, "segment-missing") ? 0 : at.element;
        gl_edifact_element(out, number == NULL ? GL_STR("18") : gl_str_of(number));
        gl_edifact_element(out, gl_str_of(end ? "UNZ" : service_tag(&at, tags, "UNH")));
        if (service_tag(&at, tags, NULL) != NULL && !end)
            put_element_place(out, &at);
    }
    gl_edifact_end(out);
}

/* Is it a fault of UNH or UNT? What is missing behind UNH is one of the place behind it, but for UNT. */
static bool is_of_envelope(const gl_rejection_validation_error *error, const place *at)
{
    if (gl_str_eqz(error->code, "segment-missing"))
        return gl_str_eqz(error->allowed, "UNT");
    return gl_str_eqz(at->tag, "UNH") || gl_str_eqz(at->tag, "UNT");
}

static void put_message(gl_edifact *out, const gl_answer *answer)
{
    const gl_edi_envelope *envelope = answer->envelope;
    gl_edifact_segment(out, "UCM");
    gl_edifact_element(out, said(envelope->message_reference));
    for (int i = 0; i < 5; i++) {
        gl_str part = i < 4 ? said(envelope->message_id[i]) : envelope->message_id[i];
        if (i == 0)
            gl_edifact_element(out, part);
        else
            gl_edifact_component(out, part);
    }
    gl_edifact_element(out, GL_STR("4"));
    for (size_t i = 0; i < answer->error_count; i++) {
        const gl_rejection_validation_error *error = &answer->errors[i];
        place at = place_of(error->pointer);
        if (!is_error(error) || fault_of(error) == NULL || !is_of_envelope(error, &at))
            continue;
        bool missing = gl_str_eqz(error->code, "segment-missing");
        gl_edifact_element(out, gl_str_of(fault_of(error)));
        gl_edifact_element(out, missing ? GL_STR("UNT") : at.tag);
        if (!missing)
            put_element_place(out, &at);
        break;
    }
    gl_edifact_end(out);
}

/* UCS and UCD: the segments of a message. A fault of an element stands behind its segment. */
static void put_segments(gl_edifact *out, const gl_answer *answer)
{
    unsigned segment = 0;
    bool envelope_said = false;
    for (size_t i = 0; i < answer->error_count; i++) {
        const gl_rejection_validation_error *error = &answer->errors[i];
        const char *number = fault_of(error);
        place at = place_of(error->pointer);
        if (!is_error(error) || number == NULL || at.segment == 0)
            continue;
        if (!envelope_said && is_of_envelope(error, &at)) {
            envelope_said = true;
            continue;
        }
        bool whole = at.element == 0 || gl_str_eqz(error->code, "segment-missing");
        if (whole || at.segment != segment) {
            gl_edifact_segment(out, "UCS");
            gl_edifact_number(out, at.segment);
            gl_edifact_element(out, whole ? gl_str_of(number) : GL_STR(""));
            gl_edifact_end(out);
        }
        segment = whole ? 0 : at.segment;
        if (whole)
            continue;
        gl_edifact_segment(out, "UCD");
        gl_edifact_element(out, gl_str_of(number));
        put_element_place(out, &at);
        gl_edifact_end(out);
    }
}

/* --- CUSRES --- */

static int32_t item_of(const gl_rejection_validation_error *error)
{
    gl_response_pointer pointers[GL_WCO_POINTERS];
    size_t count = gl_wco_pointers(error->pointer, error->field, pointers);
    for (size_t i = 0; i < count; i++)
        if (strcmp(pointers[i].section, "68A") == 0)
            return pointers[i].sequence;
    return 0;
}

static void put_details(gl_edifact *out, const gl_rejection_validation_error *error)
{
    const struct {
        const char *name;
        gl_str text;
    } details[] = {{"code", error->code},   {"pointer", error->pointer}, {"field", error->field},
                   {"value", error->value}, {"allowed", error->allowed}, {"hint", error->hint}};
    gl_edifact_text(out, "AAO", NULL, error->text);
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        gl_edifact_text(out, "AAO", details[i].name, details[i].text);
}

static void put_error(gl_edifact *out, const gl_answer *answer, const gl_rejection_validation_error *error)
{
    place at = answer->envelope != NULL ? place_of(error->pointer) : (place){.tag = GL_STR("")};
    gl_cusres_place where = {
        .item = answer->envelope == NULL ? item_of(error) : 0, .tag = at.tag, .position = at.segment};
    gl_cusres_error(out, &where, gl_validation_code(error->code));
    put_details(out, error);
}

/* At most as many as the message takes; the last one says that there are more. */
static void put_errors(gl_edifact *out, const gl_answer *answer)
{
    size_t count = 0, put = 0;
    for (size_t i = 0; i < answer->error_count; i++)
        count += is_error(&answer->errors[i]);
    for (size_t i = 0, k = 0; i < answer->error_count; i++) {
        if (!is_error(&answer->errors[i]))
            continue;
        k++;
        if (put + 1 < ERRORS_LIMIT || k == count) {
            put_error(out, answer, &answer->errors[i]);
            put++;
        }
    }
}

static void put_remarks(gl_edifact *out, const gl_answer *answer)
{
    char position[24];
    snprintf(position, sizeof position, "%lld", (long long)answer->position);
    gl_edifact_text(out, "ACB", "position", gl_str_of(position));
    if (answer->looked_at)
        gl_edifact_text(out, "ACB", "validated", GL_STR("Only looked at: nothing was taken in"));
    gl_edifact_text(out, "ACB", "event", answer->event_id);
    if (answer->amendment)
        gl_edifact_text(out, "ACB", "amendment", GL_STR("An amendment"));
    if (answer->duplicate)
        gl_edifact_text(out, "ACB", "duplicate",
                        GL_STR("The same declaration was submitted before: its MRN and status stand"));
    gl_edifact_text(out, "ACB", "first-status", answer->first_status);
    if (answer->duplicate_pending)
        gl_edifact_text(out, "ACB", "duplicate-pending",
                        GL_STR("Whether the same LRN was used before is not known yet: the MRN is provisional"));
    for (size_t i = 0; i < answer->error_count; i++)
        if (!is_error(&answer->errors[i])) {
            gl_edifact_text(out, "ACB", "warning", answer->errors[i].text);
            gl_edifact_text(out, "ACB", "pointer", answer->errors[i].pointer);
        }
}

static const char *status_of(const gl_answer *answer)
{
    if (!answer->taken)
        return GL_CUSRES_REJECTED;
    return answer->event_id.len > 0 ? GL_CUSRES_RECEIVED : GL_CUSRES_ACCEPTED;
}

static void reference_of(const gl_answer_writer *writer, const gl_answer *answer,
                         char hex[GL_RESPONSE_REFERENCE_CHARS + 1])
{
    gl_buf what = {0};
    gl_buf_printf(&what, "%s\n%lld\n%lld\n", writer->account, (long long)writer->now_us, (long long)answer->position);
    gl_buf_str(&what, answer->lrn);
    gl_response_reference(gl_buf_view(&what), hex);
    gl_buf_free(&what);
}

static void put_response(const gl_answer_writer *writer, const gl_answer *answer)
{
    struct gl_edifact_answers *answers = writer->edifact;
    gl_edifact *out = &answers->response_out;
    char reference[GL_RESPONSE_REFERENCE_CHARS + 1];
    reference_of(writer, answer, reference);
    gl_cusres message = {.number = ++answers->messages,
                         .reference = gl_str_of(reference),
                         .status = status_of(answer),
                         .issued_us = writer->now_us};
    gl_cusres_release(answer->envelope == NULL ? GL_STR("") : answer->envelope->message_id[2], message.release);
    gl_cusres_begin(out, &message);
    put_remarks(out, answer);
    gl_cusres_status(out, &message);
    gl_cusres_reference(out, "ABE", answer->lrn);
    gl_cusres_reference(out, "ABT", answer->mrn);
    if (answer->envelope != NULL)
        gl_cusres_reference(out, "ACW", answer->envelope->message_reference);
    put_errors(out, answer);
    gl_cusres_end(out, &message);
}

/* --- the interchange --- */

/* Latin-1 is what most have; who sends UTF-8 can read it. */
static bool wants_utf8(const gl_edi_envelope *envelope)
{
    static const char *const latin[] = {"UNOA", "UNOB", "UNOC"};
    for (size_t i = 0; envelope != NULL && i < sizeof latin / sizeof *latin; i++)
        if (gl_str_eqz(envelope->syntax, latin[i]))
            return false;
    return true;
}

static void put_head(gl_answer_writer *writer, const gl_answer *answer)
{
    struct gl_edifact_answers *answers = writer->edifact;
    const gl_edi_envelope *envelope = answer->envelope;
    char hex[GL_RESPONSE_REFERENCE_CHARS + 1];
    gl_edifact out = {.buf = writer->buf, .utf8 = wants_utf8(envelope)};
    reference_of(writer, answer, hex);
    memcpy(answers->reference, hex, GL_EDIFACT_REFERENCE_CHARS);
    answers->head = (gl_edifact_head){.reference = gl_str_of(answers->reference),
                                      .sent_us = writer->now_us,
                                      .test = envelope != NULL && envelope->test};
    for (int i = 0; envelope != NULL && i < 4; i++) {
        answers->head.sender[i] = i == 0 ? said(envelope->recipient[0]) : envelope->recipient[i];
        answers->head.recipient[i] = i == 0 ? said(envelope->sender[0]) : envelope->sender[i];
    }
    if (envelope == NULL) {
        answers->head.sender[0] = GL_STR("GREENLANE");
        answers->head.recipient[0] = gl_edifact_cut(gl_str_of(writer->account), 35);
    }
    gl_edifact_open(&out, &answers->head);
}

static void begin_interchange(gl_answer_writer *writer, const gl_answer *answer)
{
    static const char *const versions[2][4] = {{"CONTRL", "D", "3", "UN"}, {"CONTRL", "4", "1", "UN"}};
    struct gl_edifact_answers *answers = calloc(1, sizeof *answers);
    if (answers == NULL)
        abort();
    writer->edifact = answers;
    answers->controlled = answer->envelope != NULL;
    answers->interchange = answer->envelope == NULL ? 0 : answer->envelope->interchange;
    answers->source = answer->envelope == NULL ? NULL : answer->envelope->reference.ptr;
    bool utf8 = wants_utf8(answer->envelope);
    answers->control_out = (gl_edifact){.buf = &answers->control, .utf8 = utf8};
    answers->response_out = (gl_edifact){.buf = &answers->responses, .utf8 = utf8};
    put_head(writer, answer);
    if (answers->controlled) {
        gl_edifact_begin(&answers->control_out, ++answers->messages, versions[utf8]);
        put_interchange(&answers->control_out, answer);
    }
}

void gl_answer_edifact_flush(gl_answer_writer *writer)
{
    struct gl_edifact_answers *answers = writer->edifact;
    if (answers == NULL)
        return;
    gl_edifact out = {.buf = writer->buf, .utf8 = answers->response_out.utf8};
    if (answers->controlled)
        gl_edifact_finish(&answers->control_out, 1);
    gl_buf_str(writer->buf, gl_buf_view(&answers->control));
    gl_buf_str(writer->buf, gl_buf_view(&answers->responses));
    gl_edifact_close(&out, &answers->head, answers->messages);
    gl_buf_free(&answers->control);
    gl_buf_free(&answers->responses);
    free(answers);
    writer->edifact = NULL;
}

static bool answers_the_same(const struct gl_edifact_answers *answers, const gl_edi_envelope *envelope)
{
    return envelope == NULL
               ? !answers->controlled
               : answers->interchange == envelope->interchange && answers->source == envelope->reference.ptr;
}

void gl_answer_edifact(gl_answer_writer *writer, const gl_answer *answer)
{
    bool listed = !writer->rejected_only || !answer->taken;
    if (!listed && answer->envelope == NULL)
        return;
    if (writer->edifact != NULL && !answers_the_same(writer->edifact, answer->envelope))
        gl_answer_edifact_flush(writer);
    if (writer->edifact == NULL)
        begin_interchange(writer, answer);
    if (!has_fault(answer)) {
        if (listed)
            put_response(writer, answer);
    } else if (answer->envelope->message > 0) {
        put_message(&writer->edifact->control_out, answer);
        put_segments(&writer->edifact->control_out, answer);
    }
}
