/* The answer to an entry summary declaration as ICS has it: accepted CC328A (IE328) and its amendment CC304A (IE304),
 * rejected CC316A (IE316) and CC305A (IE305), whose functional errors have a type of the common list (12 wrong value,
 * 13 missing, 15 not allowed here ...), the place as XPath, the condition or rule, and the value.
 *
 * What else our answers say of an error is not in it: who wants the texts asks for JSON.
 */
#include "base/clock.h"
#include "customs/response.h"
#include "ingest/answers.h"
#include "ingest/formats/ens/ens_rules.h"

enum { ID_CHARS = 14, POINTER_CHARS = 210, REASON_CHARS = 350, CONDITION_CHARS = 6, VALUE_CHARS = 140 };

typedef struct message_kind {
    const char *name, *lrn, *time, *reason; /* elements of the header; NULL: none */
} message_kind;

static const message_kind kinds[2][2] = {
    {{"CC316A", "RefNumHEA4", "DecRejDatTimHEA116", "DecRejReaHEA252"},
     {"CC305A", NULL, "DatTimAmeHEA113", "AmeRejMotTexHEA605"}},
    {{"CC328A", "RefNumHEA4", "DecRegDatTimHEA115", NULL}, {"CC304A", NULL, "DatTimAmeHEA113", NULL}},
};

/* At most so many characters. */
static gl_str cut(gl_str text, size_t limit)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool begins = ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
        if (begins && count++ == limit)
            return (gl_str){text.ptr, i};
    }
    return text;
}

static void put(gl_buf *buf, const char *element, gl_str text)
{
    if (text.len == 0 || element == NULL)
        return;
    gl_buf_printf(buf, "<%s>", element);
    gl_buf_xml(buf, text);
    gl_buf_printf(buf, "</%s>", element);
}

/* "20261124120000" of now, from which each element takes its part. */
static void digits_of(int64_t now_us, char digits[15])
{
    char text[GL_TIME_TEXT_BYTES];
    gl_str time = gl_time_format(now_us, text);
    size_t n = 0;
    for (size_t i = 0; i < time.len && n < 14; i++)
        if (time.ptr[i] >= '0' && time.ptr[i] <= '9')
            digits[n++] = time.ptr[i];
    digits[n] = 0;
}

static void add_head(const gl_answer_writer *writer, const gl_answer *answer, const message_kind *kind)
{
    char digits[15], reference[GL_RESPONSE_REFERENCE_CHARS + 1];
    gl_buf what = {0};
    digits_of(writer->now_us, digits);
    gl_buf_printf(&what, "%s\n%lld\n%s\n", writer->account, (long long)writer->now_us, kind->name);
    gl_buf_str(&what, answer->lrn);
    gl_response_reference(gl_buf_view(&what), reference);
    gl_buf_free(&what);
    gl_buf *buf = writer->buf;
    put(buf, "MesSenMES3", GL_STR("greenlane"));
    put(buf, "MesRecMES6", answer->sender.len > 0 ? answer->sender : gl_str_of(writer->account));
    put(buf, "DatOfPreMES9", (gl_str){digits + 2, 6});
    put(buf, "TimOfPreMES10", (gl_str){digits + 8, 4});
    put(buf, "MesIdeMES19", (gl_str){reference, ID_CHARS});
    put(buf, "MesTypMES20", gl_str_of(kind->name));
    put(buf, "CorIdeMES25", answer->message_id);
}

/* "/CC315A/GOOITEGDS[2]/PACGS2" of our XPath, whose steps name elements without their namespaces. */
static gl_str short_pointer(gl_buf *out, gl_str pointer)
{
    gl_str begins = GL_STR("*[local-name()='"), ends = GL_STR("']");
    for (size_t i = 0; i < pointer.len;) {
        gl_str rest = {pointer.ptr + i, pointer.len - i};
        if (gl_str_starts(rest, begins))
            i += begins.len;
        else if (gl_str_starts(rest, ends))
            i += ends.len;
        else
            gl_buf_byte(out, (uint8_t)pointer.ptr[i++]);
    }
    return out->len == 0 ? GL_STR("/") : gl_buf_view(out);
}

/* Of the common list of functional errors. */
static int type_of(gl_str code)
{
    static const struct {
        const char *code;
        int type;
    } types[] = {{"missing", 13},        {"unknown-element", 15},    {"unknown-attribute", 15}, {"element-order", 15},
                 {"wrong-type", 15},     {"unexpected-text", 15},    {"duplicate-element", 35}, {"too-long", 39},
                 {"invalid-number", 19}, {"duplicate-sequence", 26}, {"lrn-reused", 26},        {"mrn-unknown", 90}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (gl_str_eqz(code, types[i].code))
            return types[i].type;
    return GL_ENS_FAULT_VALUE;
}

static void add_error(gl_buf *buf, const gl_rejection_validation_error *error)
{
    const char *number = "", *condition = "";
    gl_ens_fault fault = GL_ENS_FAULT_VALUE;
    bool rule = gl_ens_rule_of(error->code, &number, &condition, &fault);
    gl_buf pointer = {0};
    gl_buf_printf(buf, "<FUNERRER1><ErrTypER11>%d</ErrTypER11>", rule ? (int)fault : type_of(error->code));
    put(buf, "ErrPoiER12", cut(short_pointer(&pointer, error->pointer), POINTER_CHARS));
    put(buf, "ErrReaER13", cut(gl_str_of(condition[0] != 0 ? condition : number), CONDITION_CHARS));
    put(buf, "OriAttValER14", cut(error->value, VALUE_CHARS));
    gl_buf_text(buf, "</FUNERRER1>");
    gl_buf_free(&pointer);
}

static bool is_error(const gl_rejection_validation_error *error)
{
    return error->severity == GL_REJECTION_SEVERITY_ERROR;
}

/* How many there are, and the first of them. */
static void add_reason(gl_buf *buf, const char *element, const gl_answer *answer)
{
    size_t count = 0;
    gl_str first = GL_STR("");
    gl_buf text = {0};
    for (size_t i = 0; i < answer->error_count; i++)
        if (is_error(&answer->errors[i]) && count++ == 0)
            first = answer->errors[i].text;
    gl_buf_printf(&text, "%zu error%s: %.*s", count, count == 1 ? "" : "s", GL_STR_ARG(first));
    put(buf, element, cut(gl_buf_view(&text), REASON_CHARS));
    gl_buf_free(&text);
}

void gl_answer_ics(const gl_answer_writer *writer, const gl_answer *answer)
{
    const message_kind *kind = &kinds[answer->taken][answer->ics == GL_ICS_313];
    gl_buf *buf = writer->buf;
    char digits[15];
    digits_of(answer->taken && answer->accepted_us > 0 ? answer->accepted_us : writer->now_us, digits);
    gl_buf_printf(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ie:%s xmlns:ie=\"http://ics.dgtaxud.ec/%s\">",
                  kind->name, kind->name);
    add_head(writer, answer, kind);
    gl_buf_text(buf, "<HEAHEA>");
    put(buf, kind->lrn, answer->lrn);
    put(buf, "DocNumHEA5", answer->mrn);
    if (kind->reason != NULL)
        add_reason(buf, kind->reason, answer);
    put(buf, kind->time, (gl_str){digits, 12});
    gl_buf_text(buf, "</HEAHEA>");
    for (size_t i = 0; !answer->taken && i < answer->error_count; i++)
        if (is_error(&answer->errors[i]))
            add_error(buf, &answer->errors[i]);
    gl_buf_printf(buf, "</ie:%s>\n", kind->name);
}
