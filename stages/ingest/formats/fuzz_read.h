/* What every reader must hold for any bytes: shared by the fuzz targets of the formats.
 *
 * Each entry lies inside the message and behind the one before; a rejected one says why; errors are UTF-8; what is
 * accepted can be encoded, decoded, and written as our JSON, which reads back to the same content.
 */
#ifndef GL_INGEST_FORMATS_FUZZ_READ_H
#define GL_INGEST_FORMATS_FUZZ_READ_H

#include <stdio.h>
#include <stdlib.h>

#include "customs/ids.h"
#include "customs/precedent.h"
#include "ingest/formats/canonical.h"
#include "ingest/formats/reader.h"

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static inline void must_be_errors(const gl_intake *intake)
{
    bool error = false;
    for (size_t i = 0; i < intake->error_count; i++) {
        const gl_rejection_validation_error *e = &intake->errors[i];
        error = error || e->severity == GL_REJECTION_SEVERITY_ERROR;
        MUST(e->code.len > 0 && e->text.len > 0 && e->pointer.ptr != NULL);
        MUST(gl_str_is_utf8(e->pointer, NULL) && gl_str_is_utf8(e->text, NULL));
        MUST(e->value.ptr == NULL || gl_str_is_utf8(e->value, NULL));
        MUST(e->hint.ptr == NULL || gl_str_is_utf8(e->hint, NULL));
    }
    MUST(error == intake->rejected);
}

static inline void must_encode(gl_arena *arena, const gl_declaration *declaration)
{
    gl_buf bytes = gl_buf_in(arena);
    gl_err err = {0};
    gl_declaration back;
    size_t used = 0;
    gl_declaration_encode(&bytes, declaration);
    MUST(gl_declaration_decode(&back, bytes.data, bytes.len, &used, arena, &err) && used == bytes.len);
}

static inline void must_be_ruling(const gl_event_request *request)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_str code = request->ruling->commodity_code;
    MUST(request->mrn.len == 0 && request->lrn.len == 0 && request->event.text.len > 0);
    MUST(gl_str_eqz(request->event.code, "revoke") ? code.len == 0 : gl_precedent_is_code(code));
    MUST(gl_precedent_is_text(gl_text_normalise(request->ruling->description, normal)));
}

/* It names one declaration, and can be encoded and decoded. */
static inline void must_be_event(gl_arena *arena, const gl_event_request *request)
{
    gl_buf bytes = gl_buf_in(arena);
    gl_err err = {0};
    gl_event back;
    size_t used = 0;
    MUST((request->mrn.len > 0) != (request->lrn.len > 0) || request->event.event_id.len == 0);
    MUST(request->mrn.len > 0 ? gl_mrn_valid(request->mrn, NULL) : request->lrn.len > 0);
    gl_event_encode(&bytes, &request->event);
    MUST(gl_event_decode(&back, bytes.data, bytes.len, &used, arena, &err) && used == bytes.len);
    MUST(gl_str_eq(back.event_id, request->event.event_id) && back.type == request->event.type);
}

static inline void must_read_back(gl_arena *arena, const gl_declaration *declaration)
{
    gl_buf first = gl_buf_in(arena), second = gl_buf_in(arena);
    gl_err err = {0};
    gl_intake intake;
    gl_canonical_json(&first, declaration);
    if (first.len > GL_INTAKE_LIMIT_BYTES)
        return; /* escapes may make it longer than its source */
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_JSON, GL_STR(""), gl_buf_view(&first), 0, 0, &err);
    MUST(reader != NULL && gl_reader_next(reader, arena, &intake));
    if (intake.rejected)
        fprintf(stderr, "%.*s: %.*s\n%.*s\n", GL_STR_ARG(intake.errors[0].code), GL_STR_ARG(intake.errors[0].text),
                GL_STR_ARG(gl_buf_view(&first)));
    MUST(!intake.rejected);
    gl_canonical_json(&second, &intake.declaration);
    MUST(gl_str_eq(gl_buf_view(&first), gl_buf_view(&second)));
    gl_reader_close(reader);
}

/* Reads all of `bytes`; closes the reader, which may be NULL. */
static inline void must_read(gl_reader *reader, gl_str bytes, const gl_err *err)
{
    gl_arena *each = gl_arena_new(0);
    MUST(reader != NULL || (err->code != NULL && err->action == GL_DEAD_LETTER));
    size_t before = 0;
    int64_t position = 0;
    gl_intake intake;
    while (reader != NULL && gl_reader_next(reader, each, &intake)) {
        MUST(intake.position == ++position);
        MUST(intake.source.ptr >= bytes.ptr && intake.source.ptr + intake.source.len <= bytes.ptr + bytes.len);
        MUST(intake.next_offset >= before && intake.next_offset <= bytes.len);
        before = intake.next_offset;
        must_be_errors(&intake);
        if (!intake.rejected && intake.event != NULL && intake.event->ruling != NULL) {
            must_be_ruling(intake.event);
        } else if (!intake.rejected && intake.event != NULL) {
            must_be_event(each, intake.event);
        } else if (!intake.rejected) {
            MUST(intake.lrn.len > 0);
            must_encode(each, &intake.declaration);
            must_read_back(each, &intake.declaration);
        }
        gl_arena_reset(each);
    }
    gl_reader_close(reader);
    gl_arena_destroy(each);
}

static inline void fuzz_read(const gl_mappings *mappings, gl_format format, const char *profile, const uint8_t *data,
                             size_t size)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_str bytes = {(const char *)data, size};
    must_read(gl_reader_open(arena, mappings, format, gl_str_of(profile), bytes, 0, 0, &err), bytes, &err);
    gl_arena_destroy(arena);
}

#endif
