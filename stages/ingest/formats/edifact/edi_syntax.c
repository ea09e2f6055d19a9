/* See edi_syntax.h. */
#include "ingest/formats/edifact/edi_syntax.h"

#include <iconv.h>
#include <pthread.h>

enum { PLAIN, COMPONENT, ELEMENT, REPETITION, RELEASE, TERMINATOR, HIGH, FOREIGN };

const gl_edi_marks gl_edi_default_marks = {':', '+', '.', '?', '*', '\''};

/* ISO 9735-1, clause 6 and annex A. */
static const char level_a[] = " .,-()/='+:?!\"%&*;<>\r\n", level_b[] = " .,-()/='+:?!\"%&*;<>@#$[]\\^_`{|}~\r\n";
static const gl_edi_charset charsets[] = {
    {"UNOA", NULL, level_a, false},     {"UNOB", NULL, level_b, true},      {"UNOC", "ISO-8859-1", NULL, true},
    {"UNOD", "ISO-8859-2", NULL, true}, {"UNOE", "ISO-8859-5", NULL, true}, {"UNOF", "ISO-8859-7", NULL, true},
    {"UNOG", "ISO-8859-3", NULL, true}, {"UNOH", "ISO-8859-4", NULL, true}, {"UNOI", "ISO-8859-6", NULL, true},
    {"UNOJ", "ISO-8859-8", NULL, true}, {"UNOK", "ISO-8859-9", NULL, true}, {"UNOY", "UTF-8", NULL, true},
    {"UNOW", "UTF-8", NULL, true},
};
enum { CHARSETS = sizeof charsets / sizeof *charsets, HIGH_BYTES = 128 };
const char gl_edi_charset_names[] = "UNOA to UNOK, UNOW, UNOY";

/* --- characters --- */

/* UTF-8 of the upper half of each set; empty: no character. */
static char upper[CHARSETS][HIGH_BYTES][4];

static bool is_utf8(const gl_edi_charset *charset)
{
    return charset->encoding != NULL && strcmp(charset->encoding, "UTF-8") == 0;
}

static void load_upper(size_t set)
{
    iconv_t converter = iconv_open("UTF-8", charsets[set].encoding);
    if (converter == (iconv_t)-1)
        return;
    for (int i = 0; i < HIGH_BYTES; i++) {
        char from = (char)(i + HIGH_BYTES), *in = &from, *out = upper[set][i];
        size_t in_left = 1, out_left = 3;
        if (iconv(converter, &in, &in_left, &out, &out_left) == (size_t)-1)
            upper[set][i][0] = 0;
        iconv(converter, NULL, NULL, NULL, NULL);
    }
    iconv_close(converter);
}

static void load_all(void)
{
    for (size_t i = 0; i < CHARSETS; i++)
        if (charsets[i].encoding != NULL && !is_utf8(&charsets[i]))
            load_upper(i);
}

const gl_edi_charset *gl_edi_charset_of(gl_str syntax_identifier)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_all);
    for (size_t i = 0; i < CHARSETS; i++)
        if (gl_str_eqz(syntax_identifier, charsets[i].name))
            return &charsets[i];
    return NULL;
}

/* A value as UTF-8, and without its release characters. */
static void decode(const gl_edi_scanner *scanner, gl_arena *arena, gl_edi_value *value)
{
    gl_str from = value->text;
    char *to = gl_arena_alloc(arena, from.len * 3);
    size_t len = 0;
    bool utf8 = is_utf8(scanner->charset);
    for (size_t i = 0; i < from.len; i++) {
        i += scanner->classes[(unsigned char)from.ptr[i]] == RELEASE && i + 1 < from.len;
        unsigned char c = (unsigned char)from.ptr[i];
        if (c < HIGH_BYTES || utf8) {
            to[len++] = (char)c;
            continue;
        }
        const char *character = upper[scanner->charset - charsets][c - HIGH_BYTES];
        value->undecoded = value->undecoded || *character == 0;
        for (int k = 0; k < 3 && character[k] != 0; k++)
            to[len++] = character[k];
    }
    value->text = gl_str_trim((gl_str){to, len});
}

/* --- segments --- */

static bool is_allowed(const gl_edi_charset *charset, int c)
{
    if (charset->allowed == NULL)
        return (c >= ' ' && c != 0x7F) || c == '\t' || c == '\r' || c == '\n';
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (charset->lower && c >= 'a' && c <= 'z'))
        return true;
    return c > 0 && strchr(charset->allowed, c) != NULL;
}

void gl_edi_scanner_init(gl_edi_scanner *scanner, gl_str bytes, gl_edi_marks marks, const gl_edi_charset *charset)
{
    *scanner = (gl_edi_scanner){.bytes = bytes, .marks = marks, .charset = charset};
    for (int c = 0; c < 256; c++)
        scanner->classes[c] = c >= HIGH_BYTES ? HIGH : is_allowed(charset, c) ? PLAIN : FOREIGN;
    if (marks.repetition != 0)
        scanner->classes[(unsigned char)marks.repetition] = REPETITION;
    scanner->classes[(unsigned char)marks.component] = COMPONENT;
    scanner->classes[(unsigned char)marks.element] = ELEMENT;
    if (marks.release != ' ')
        scanner->classes[(unsigned char)marks.release] = RELEASE;
    scanner->classes[(unsigned char)marks.terminator] = TERMINATOR;
}

size_t gl_edi_skip_space(gl_str bytes, size_t at)
{
    while (at < bytes.len &&
           (bytes.ptr[at] == '\r' || bytes.ptr[at] == '\n' || bytes.ptr[at] == ' ' || bytes.ptr[at] == '\t'))
        at++;
    return at;
}

size_t gl_edi_segment_end(const gl_edi_scanner *scanner, size_t at)
{
    gl_str bytes = scanner->bytes;
    char release = scanner->marks.release == ' ' ? '\0' : scanner->marks.release;
    for (size_t from = at; from < bytes.len;) {
        const char *end = memchr(bytes.ptr + from, scanner->marks.terminator, bytes.len - from);
        if (end == NULL)
            break;
        size_t stop = (size_t)(end - bytes.ptr), released = 0;
        while (release != '\0' && stop - released > at && bytes.ptr[stop - released - 1] == release)
            released++;
        if (released % 2 == 0)
            return stop + 1;
        from = stop + 1;
    }
    return bytes.len;
}

uint32_t gl_edi_tag_at(const gl_edi_scanner *scanner, size_t at)
{
    gl_str bytes = scanner->bytes;
    if (bytes.len - at < 3)
        return 0;
    uint8_t behind = bytes.len - at == 3 ? TERMINATOR : scanner->classes[(unsigned char)bytes.ptr[at + 3]];
    bool alone = behind == ELEMENT || behind == COMPONENT || behind == TERMINATOR;
    return alone ? gl_edi_code((gl_str){bytes.ptr + at, 3}) : 0;
}

/* What of a segment is being read. */
typedef struct reading {
    const gl_edi_scanner *scanner;
    gl_arena *arena;
    gl_edi_segment *segment;
    uint16_t element, component;
    bool repeated, released, high, foreign;
} reading;

static void put_value(reading *r, size_t from, size_t to)
{
    gl_edi_segment *segment = r->segment;
    gl_str text = gl_str_trim((gl_str){r->scanner->bytes.ptr + from, to - from});
    const gl_edi_charset *charset = r->scanner->charset;
    bool wrong = r->high && (charset->encoding == NULL || (is_utf8(charset) && !gl_str_is_utf8(text, NULL)));
    wrong = wrong || ((r->foreign || r->released) && memchr(text.ptr, 0, text.len) != NULL); /* no set has it */
    bool decoded = r->released || (r->high && charset->encoding != NULL && !is_utf8(charset));
    if (text.len > 0 || segment->count == 0) {
        if (segment->count == GL_EDI_VALUES) {
            segment->too_many = true;
        } else {
            gl_edi_value *value = &segment->values[segment->count++];
            *value = (gl_edi_value){.text = text,
                                    .segment = segment,
                                    .element = r->element,
                                    .component = r->component,
                                    .repeated = r->repeated,
                                    .foreign = r->foreign,
                                    .undecoded = wrong};
            if (decoded)
                decode(r->scanner, r->arena, value);
        }
    }
    r->released = r->high = r->foreign = false;
}

/* Behind a separator. */
static void advance(reading *r, uint8_t class)
{
    if (class == COMPONENT) {
        r->component = (uint16_t)(r->component + (r->component < UINT16_MAX));
        return;
    }
    r->repeated = class == REPETITION;
    r->element = (uint16_t)(r->element + (class == ELEMENT && r->element < UINT16_MAX));
    r->component = 1;
}

size_t gl_edi_read_segment(const gl_edi_scanner *scanner, gl_arena *arena, size_t at, gl_edi_value *values,
                           gl_edi_segment *segment)
{
    gl_str bytes = scanner->bytes;
    reading r = {.scanner = scanner, .arena = arena, .segment = segment};
    *segment = (gl_edi_segment){.values = values, .begin = at};
    size_t from = at, i = at;
    uint8_t class = PLAIN;
    for (; i < bytes.len && class != TERMINATOR; i++) {
        class = scanner->classes[(unsigned char)bytes.ptr[i]];
        if (class == PLAIN)
            continue;
        if (class == RELEASE) {
            r.released = true;
            i += i + 1 < bytes.len;
            r.high = r.high || (unsigned char)bytes.ptr[i] >= HIGH_BYTES;
        } else if (class >= HIGH) {
            r.high = r.high || class == HIGH;
            r.foreign = r.foreign || class == FOREIGN;
        } else {
            put_value(&r, from, i);
            advance(&r, class);
            from = i + 1;
        }
    }
    segment->unterminated = class != TERMINATOR;
    if (segment->unterminated)
        put_value(&r, from, i);
    segment->code = gl_edi_code(values[0].text);
    segment->end = i;
    return i;
}

gl_str gl_edi_text_at(const gl_edi_segment *segment, unsigned element, unsigned component)
{
    const gl_edi_value *value = gl_edi_value_at(segment, element, component);
    return value == NULL ? GL_STR("") : value->text;
}
