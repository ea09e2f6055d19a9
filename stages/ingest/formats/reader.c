/* The formats' common entrance: which format it is, opening, and what ends every declaration. See reader.h. */
#include "ingest/formats/reader.h"

#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/impl.h"
#include "ingest/formats/json/split.h"
#include "ingest/formats/xlsx/workbook.h"
#include "ingest/validate.h"
#include "io/unpack.h"

static bool ends_with(gl_str text, const char *ending)
{
    gl_str end = gl_str_of(ending);
    if (text.len < end.len)
        return false;
    for (size_t i = 0; i < end.len; i++) {
        char c = text.ptr[text.len - end.len + i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != end.ptr[i])
            return false;
    }
    return true;
}

gl_format gl_format_of_content_type(gl_str content_type)
{
    static const struct {
        const char *type;
        gl_format format;
    } types[] = {{"application/json", GL_FORMAT_JSON},
                 {"application/x-ndjson", GL_FORMAT_NDJSON},
                 {"application/ndjson", GL_FORMAT_NDJSON},
                 {"application/jsonl", GL_FORMAT_NDJSON},
                 {"text/csv", GL_FORMAT_CSV},
                 {"application/xml", GL_FORMAT_XML},
                 {"text/xml", GL_FORMAT_XML},
                 {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", GL_FORMAT_XLSX},
                 {"application/edifact", GL_FORMAT_EDIFACT},
                 {"application/gzip", GL_FORMAT_GZIP},
                 {"application/x-gzip", GL_FORMAT_GZIP},
                 {"application/zip", GL_FORMAT_ZIP},
                 {"application/x-zip-compressed", GL_FORMAT_ZIP}};
    const char *parameters = content_type.len == 0 ? NULL : memchr(content_type.ptr, ';', content_type.len);
    if (parameters != NULL)
        content_type.len = (size_t)(parameters - content_type.ptr);
    content_type = gl_str_trim(content_type);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (content_type.len == strlen(types[i].type) && ends_with(content_type, types[i].type))
            return types[i].format;
    return GL_FORMAT_UNKNOWN;
}

gl_format gl_format_of_name(gl_str name)
{
    if (ends_with(name, ".json"))
        return GL_FORMAT_JSON;
    if (ends_with(name, ".ndjson") || ends_with(name, ".jsonl"))
        return GL_FORMAT_NDJSON;
    if (ends_with(name, ".csv"))
        return GL_FORMAT_CSV;
    if (ends_with(name, ".xml"))
        return GL_FORMAT_XML;
    if (ends_with(name, ".xlsx"))
        return GL_FORMAT_XLSX;
    if (ends_with(name, ".edi") || ends_with(name, ".edifact"))
        return GL_FORMAT_EDIFACT;
    if (ends_with(name, ".gz"))
        return GL_FORMAT_GZIP;
    if (ends_with(name, ".zip"))
        return GL_FORMAT_ZIP;
    return GL_FORMAT_UNKNOWN;
}

/* Several JSON objects one after the other are NDJSON. */
static gl_format detect_json(gl_str bytes, size_t at)
{
    size_t end = at;
    if (bytes.ptr[at] == '{' && gl_json_split(bytes, &end)) {
        size_t next = gl_json_space(bytes, end);
        if (next < bytes.len && bytes.ptr[next] == '{')
            return GL_FORMAT_NDJSON;
    }
    return GL_FORMAT_JSON;
}

/* UNA with its six characters and UNB behind it, or UNB with a mark behind it. */
static bool is_interchange(gl_str bytes)
{
    if (bytes.len > 3 && gl_str_starts(bytes, GL_STR("UNB")))
        return bytes.ptr[3] == '+' || bytes.ptr[3] == '\x1D';
    size_t at = 9;
    while (at < bytes.len && (bytes.ptr[at] == '\r' || bytes.ptr[at] == '\n' || bytes.ptr[at] == ' '))
        at++;
    return gl_str_starts(bytes, GL_STR("UNA")) && at < bytes.len &&
           gl_str_starts((gl_str){bytes.ptr + at, bytes.len - at}, GL_STR("UNB"));
}

gl_format gl_format_detect(gl_str bytes)
{
    size_t at = gl_str_starts(bytes, GL_STR("\xEF\xBB\xBF")) ? 3 : 0;
    if (gl_is_gzip(bytes))
        return GL_FORMAT_GZIP;
    if (gl_is_zip(bytes))
        return gl_is_workbook(bytes) ? GL_FORMAT_XLSX : GL_FORMAT_ZIP;
    if (gl_str_starts(bytes, GL_STR("\xFF\xFE<\0")) || gl_str_starts(bytes, GL_STR("\xFE\xFF\0<")))
        return GL_FORMAT_XML;
    at = gl_json_space(bytes, at);
    if (at == bytes.len)
        return GL_FORMAT_UNKNOWN;
    if (bytes.ptr[at] == '<')
        return GL_FORMAT_XML;
    if (is_interchange((gl_str){bytes.ptr + at, bytes.len - at}))
        return GL_FORMAT_EDIFACT;
    if (bytes.ptr[at] == '{' || bytes.ptr[at] == '[')
        return detect_json(bytes, at);
    bool separated = false;
    for (size_t i = at; i < bytes.len && bytes.ptr[i] != '\n'; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F)
            return GL_FORMAT_UNKNOWN;
        separated = separated || c == ',' || c == ';' || c == '\t';
    }
    return separated ? GL_FORMAT_CSV : GL_FORMAT_UNKNOWN;
}

const char *gl_format_name(gl_format format)
{
    switch (format) {
    case GL_FORMAT_JSON:
        return "greenlane-json";
    case GL_FORMAT_NDJSON:
        return "greenlane-ndjson";
    case GL_FORMAT_CSV:
        return "csv";
    case GL_FORMAT_XML:
        return "cds-xml";
    case GL_FORMAT_XLSX:
        return "xlsx";
    case GL_FORMAT_EDIFACT:
        return "edifact";
    case GL_FORMAT_GZIP:
        return "gzip";
    case GL_FORMAT_ZIP:
        return "zip";
    case GL_FORMAT_UNKNOWN:
        break;
    }
    return "unknown";
}

bool gl_format_has_profile(gl_format format)
{
    return format == GL_FORMAT_CSV || format == GL_FORMAT_XLSX;
}

static bool is_blank(gl_str bytes)
{
    size_t mark = gl_str_starts(bytes, GL_STR("\xEF\xBB\xBF")) ? 3 : 0;
    return bytes.len == 0 || gl_str_trim((gl_str){bytes.ptr + mark, bytes.len - mark}).len == 0;
}

bool gl_reader_begin(gl_reader *reader, const gl_mappings *mappings, gl_str profile, gl_err *err)
{
    if (is_blank(reader->bytes))
        return gl_fail(err, GL_DEAD_LETTER, "intake-empty", "the message is empty");
    switch (reader->format) {
    case GL_FORMAT_JSON:
    case GL_FORMAT_NDJSON:
        return gl_json_reader_open(reader, err);
    case GL_FORMAT_CSV:
    case GL_FORMAT_XLSX:
        reader->mapping = gl_mappings_find(mappings, profile, err);
        return reader->mapping != NULL && gl_csv_reader_open(reader, err);
    case GL_FORMAT_XML:
        return gl_xml_reader_open(reader, err);
    case GL_FORMAT_EDIFACT:
        return gl_edi_reader_open(reader, err);
    case GL_FORMAT_GZIP:
    case GL_FORMAT_ZIP:
    case GL_FORMAT_UNKNOWN:
        break;
    }
    return gl_fail(
        err, GL_DEAD_LETTER, "intake-format-unknown",
        "neither JSON, NDJSON, CSV, XLSX, XML nor EDIFACT: give a Content-Type (application/json, "
        "application/x-ndjson, text/csv, application/xml, application/edifact) or a file name with that ending");
}

gl_reader *gl_reader_new(gl_arena *arena, gl_format format, gl_str bytes, size_t offset, int64_t position)
{
    gl_reader *reader = GL_NEW(arena, gl_reader);
    reader->format = format;
    reader->arena = reader->report.keep = arena;
    reader->bytes = bytes;
    reader->offset = offset;
    reader->position = position < 1 ? 1 : position;
    reader->before = offset == 0 ? 0 : reader->position - 1;
    return reader;
}

bool gl_event_reader_begin(gl_reader *reader, gl_err *err)
{
    if (is_blank(reader->bytes))
        return gl_fail(err, GL_DEAD_LETTER, "intake-empty", "the message is empty");
    if (reader->format != GL_FORMAT_JSON && reader->format != GL_FORMAT_NDJSON)
        return gl_fail(err, GL_DEAD_LETTER, "intake-format-unknown",
                       "events are JSON or NDJSON: give a Content-Type (application/json, application/x-ndjson)");
    return gl_json_events_open(reader, err);
}

gl_reader *gl_event_reader_open(gl_arena *arena, gl_format format, gl_str bytes, gl_err *err)
{
    gl_reader *reader = gl_reader_new(arena, format, bytes, 0, 0);
    return gl_event_reader_begin(reader, err) ? reader : NULL;
}

gl_reader *gl_reader_open(gl_arena *arena, const gl_mappings *mappings, gl_format format, gl_str profile, gl_str bytes,
                          size_t offset, int64_t position, gl_err *err)
{
    gl_reader *reader = gl_reader_new(arena, format, bytes, offset, position);
    return gl_reader_begin(reader, mappings, profile, err) ? reader : NULL;
}

void gl_reader_check(gl_reader *reader, const gl_checks *checks, int64_t now_us)
{
    reader->checks = checks;
    reader->day = (int32_t)(now_us / (INT64_C(86400) * 1000000));
}

bool gl_reader_next(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    if (reader->finished)
        return false;
    *intake = (gl_intake){.lrn = GL_STR("")};
    return reader->next(reader, arena, intake);
}

void gl_reader_close(gl_reader *reader)
{
    if (reader != NULL && reader->close != NULL)
        reader->close(reader);
}

void gl_intake_refuse(gl_reader *reader, gl_intake *intake, gl_str source)
{
    intake->source = source;
    intake->position = reader->position++;
    intake->next_offset = reader->offset;
    intake->columns = reader->columns;
    intake->format = reader->form != NULL ? reader->form : gl_format_name(reader->format);
    intake->by_mapping = reader->mapping != NULL;
    intake->errors = reader->report.errors;
    intake->error_count = reader->report.error_count;
    intake->rejected = reader->report.rejected;
}

gl_str gl_usable_lrn(gl_str lrn)
{
    if (lrn.len == 0 || lrn.len > (size_t)4 * 35 || !gl_str_is_utf8(lrn, NULL))
        return GL_STR("");
    for (size_t i = 0; i < lrn.len; i++)
        if ((unsigned char)lrn.ptr[i] < 0x20 || lrn.ptr[i] == 0x7F)
            return GL_STR("");
    return lrn;
}

static void number_items(gl_declaration *declaration)
{
    for (size_t i = 0; i < declaration->items.count; i++)
        if (declaration->items.at[i].sequence_numeric == 0)
            declaration->items.at[i].sequence_numeric = (int32_t)i + 1;
}

void gl_intake_cancel(gl_reader *reader, gl_intake *intake, gl_str mrn, gl_str lrn, gl_declaration_family family)
{
    gl_event_request *request = GL_NEW(reader->report.arena, gl_event_request);
    request->event.type = GL_EVENT_EVENT_TYPE_CANCELLATION;
    request->event.event_id = request->event.source = request->event.code = request->event.text = GL_STR("");
    request->mrn = mrn;
    request->lrn = lrn;
    request->family = family;
    request->submitter = GL_STR("");
    intake->event = request;
}

void gl_intake_finish(gl_reader *reader, gl_intake *intake, gl_str source, gl_str profile)
{
    gl_declaration *declaration = &intake->declaration;
    number_items(declaration);
    gl_validate(&reader->report, declaration, reader->checks, reader->day);
    intake->lrn = gl_usable_lrn(declaration->functional_reference_id);
    declaration->message.profile = profile;
    declaration->message.position = reader->position;
    declaration->message.size_bytes = (int64_t)source.len;
    if (gl_str_eqz(declaration->function_code, "1"))
        gl_intake_cancel(reader, intake, GL_STR(""), intake->lrn, declaration->family);
    gl_intake_refuse(reader, intake, source);
    declaration->message.format = gl_str_of(intake->format);
}

void gl_pointer_name(gl_buf *pointer, gl_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < 0x20 || c == 0x7F || c == '%' || c == ';')
            gl_buf_printf(pointer, "%%%02X", c);
        else
            gl_buf_byte(pointer, c);
    }
}

gl_str gl_line_column(gl_arena *arena, gl_str bytes, size_t offset)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; i < offset && i < bytes.len; i++)
        if (bytes.ptr[i] == '\n') {
            line++;
            start = i + 1;
        }
    return gl_str_of(gl_arena_printf(arena, "line %zu, column %zu", line, offset - start + 1));
}
