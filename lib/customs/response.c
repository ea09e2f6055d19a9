/* See response.h. */
#include "customs/response.h"

#include "base/clock.h"
#include "customs/ids.h"

enum { VERSION_LIMIT = 999999999 };
enum { US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400 };

static void put_number(char *text, int width, int value)
{
    for (int i = width - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Format 304: YYYYMMDDhhmmssZ. */
static void add_time(gl_buf *buf, const char *element, int64_t wall_us)
{
    int64_t seconds = wall_us / US_PER_SECOND;
    int year, month, day;
    gl_date_civil((int32_t)(seconds / SECONDS_PER_DAY), &year, &month, &day);
    int second = (int)(seconds % SECONDS_PER_DAY);
    char text[15];
    put_number(text, 4, year);
    put_number(text + 4, 2, month);
    put_number(text + 6, 2, day);
    put_number(text + 8, 2, second / 3600);
    put_number(text + 10, 2, second / 60 % 60);
    put_number(text + 12, 2, second % 60);
    text[14] = 'Z';
    gl_buf_byte(buf, '<');
    gl_buf_text(buf, element);
    gl_buf_text(buf, "><ds:DateTimeString formatCode=\"304\">");
    gl_buf_bytes(buf, text, sizeof text);
    gl_buf_text(buf, "</ds:DateTimeString></");
    gl_buf_text(buf, element);
    gl_buf_byte(buf, '>');
}

/* The longest beginning of at most `limit` bytes that ends with a character. */
static gl_str cut(gl_str text, size_t limit)
{
    if (text.len <= limit)
        return text;
    size_t len = limit;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return (gl_str){text.ptr, len > 0 ? len : limit}; /* only what is not UTF-8 has no beginning of a character */
}

static void add_text(gl_buf *buf, const char *element, gl_str text)
{
    gl_buf_byte(buf, '<');
    gl_buf_text(buf, element);
    gl_buf_byte(buf, '>');
    gl_buf_xml(buf, cut(text, GL_RESPONSE_TEXT_BYTES));
    gl_buf_text(buf, "</");
    gl_buf_text(buf, element);
    gl_buf_byte(buf, '>');
}

static void add_pointer(gl_buf *buf, const gl_response_pointer *pointer)
{
    gl_buf_text(buf, "<Pointer>");
    if (pointer->sequence > 0) {
        gl_buf_text(buf, "<SequenceNumeric>");
        gl_buf_int(buf, pointer->sequence);
        gl_buf_text(buf, "</SequenceNumeric>");
    }
    add_text(buf, "DocumentSectionCode", gl_str_of(pointer->section));
    if (pointer->tag != NULL)
        add_text(buf, "TagID", gl_str_of(pointer->tag));
    gl_buf_text(buf, "</Pointer>");
}

void gl_response_open(gl_buf *buf)
{
    gl_buf_text(
        buf,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><MetaData xmlns=\"urn:wco:datamodel:WCO:DocumentMetaData-DMS:2\">"
        "<WCODataModelVersionCode>3.6</WCODataModelVersionCode><WCOTypeName>RES</WCOTypeName>");
}

void gl_response_close(gl_buf *buf)
{
    gl_buf_text(buf, "</MetaData>");
}

void gl_response_reference(gl_str what, char hex[GL_RESPONSE_REFERENCE_CHARS + 1])
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_sha256(what, digest);
    gl_hex(digest, GL_RESPONSE_REFERENCE_CHARS / 2, hex);
}

void gl_response_begin(gl_buf *buf, const char *function_code, const char *reference, int64_t issued_us)
{
    gl_buf_text(buf, "<Response xmlns=\"urn:wco:datamodel:WCO:RES-DMS:2\" "
                     "xmlns:ds=\"urn:wco:datamodel:WCO:Response_DS:DMS:2\">");
    add_text(buf, "FunctionCode", gl_str_of(function_code));
    add_text(buf, "FunctionalReferenceID", gl_str_of(reference));
    add_time(buf, "IssueDateTime", issued_us);
}

/* ACA: the statement type of the sample DMSDOC. */
void gl_response_statement(gl_buf *buf, const char *code, gl_str text, int64_t until_us,
                           const gl_response_pointer *about)
{
    gl_buf_text(buf, "<AdditionalInformation>");
    add_text(buf, "StatementCode", cut(gl_str_of(code), GL_RESPONSE_CODE_CHARS));
    add_text(buf, "StatementDescription", text);
    if (until_us != 0)
        add_time(buf, "LimitDateTime", until_us);
    gl_buf_text(buf, "<StatementTypeCode>ACA</StatementTypeCode>");
    if (about != NULL)
        add_pointer(buf, about);
    gl_buf_text(buf, "</AdditionalInformation>");
}

void gl_response_statements(gl_buf *buf, const char *code, gl_str text, const gl_response_pointer *about)
{
    do {
        gl_str part = cut(text, GL_RESPONSE_TEXT_BYTES);
        gl_response_statement(buf, code, part, 0, about);
        text = (gl_str){text.ptr + part.len, text.len - part.len};
    } while (text.len > 0);
}

void gl_response_error(gl_buf *buf, gl_str text, const char *validation_code, const gl_response_pointer *pointers,
                       size_t pointer_count)
{
    gl_buf_text(buf, "<Error>");
    add_text(buf, "Description", text);
    add_text(buf, "ValidationCode", gl_str_of(validation_code));
    for (size_t i = 0; i < pointer_count; i++)
        add_pointer(buf, &pointers[i]);
    gl_buf_text(buf, "</Error>");
}

void gl_response_status(gl_buf *buf, const char *code)
{
    gl_buf_text(buf, "<Status>");
    add_text(buf, "NameCode", gl_str_of(code));
    gl_buf_text(buf, "</Status>");
}

void gl_response_end(gl_buf *buf, const gl_response_subject *subject)
{
    gl_buf_text(buf, "<Declaration>");
    if (subject->accepted_us > 0)
        add_time(buf, "AcceptanceDateTime", subject->accepted_us);
    if (subject->cancelled_us > 0)
        add_time(buf, "CancellationDateTime", subject->cancelled_us);
    if (subject->lrn.len > 0)
        add_text(buf, "FunctionalReferenceID", subject->lrn);
    if (subject->mrn.len > 0)
        add_text(buf, "ID", subject->mrn);
    if (subject->rejected_us > 0)
        add_time(buf, "RejectionDateTime", subject->rejected_us);
    if (subject->version >= 0) {
        gl_buf_text(buf, "<VersionID>");
        gl_buf_int(buf, subject->version > VERSION_LIMIT ? VERSION_LIMIT : subject->version);
        gl_buf_text(buf, "</VersionID>");
    }
    gl_buf_text(buf, "</Declaration></Response>");
}
