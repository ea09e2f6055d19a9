/* Interchanges in tests: made of segments, and the pointers into them resolved by other means than the reader's. */
#ifndef GL_INGEST_FORMATS_EDIFACT_TEST_EDI_H
#define GL_INGEST_FORMATS_EDIFACT_TEST_EDI_H

#include "ingest/formats/test_read.h"

enum { EDI_TEXT_BYTES = 1 << 16 };

static inline gl_str edi_load(const char *relative)
{
    static char text[4][EDI_TEXT_BYTES];
    static int next;
    char path[1024];
    char *to = text[next++ % 4];
    snprintf(path, sizeof path, "%s/%s", GL_SOURCE_DIR, relative);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    size_t len = fread(to, 1, EDI_TEXT_BYTES - 1, file);
    fclose(file);
    return (gl_str){to, len};
}

/* An interchange of one CUSDEC of D.16B: what stands between BGM and UNS, the item's segments behind its CST; counted.
 */
static inline const char *edi_cusdec(const char *header, const char *item)
{
    static char text[EDI_TEXT_BYTES];
    char body[EDI_TEXT_BYTES / 2];
    int segments = 1;
    snprintf(body, sizeof body, "UNH+1+CUSDEC:D:16B:UN'BGM+929:::IMA+A-1+9'%sUNS+D'CST+1+090240:122'%sUNS+S'", header,
             item);
    for (const char *at = body; *at != 0; at++)
        segments += *at == '\'' && (at == body || at[-1] != '?');
    snprintf(text, sizeof text, "UNA:+.?*'UNB+UNOY:4+S+R+20261124:0635+I1'%sUNT+%d+1'UNZ+1+I1'", body, segments);
    return text;
}

/* --- pointers --- */

/* "message=2;segment=14,CST;element=2.1" */
typedef struct edi_pointer {
    unsigned interchange, message, segment, element, component; /* 0: not said */
    char tag[8];
} edi_pointer;

static inline edi_pointer edi_parse_pointer(gl_str pointer)
{
    edi_pointer p = {.interchange = 1};
    char text[256];
    snprintf(text, sizeof text, "%.*s", GL_STR_ARG(pointer));
    for (char *part = strtok(text, ";"); part != NULL; part = strtok(NULL, ";")) {
        bool known = sscanf(part, "interchange=%u", &p.interchange) == 1 ||
                     sscanf(part, "message=%u", &p.message) == 1 ||
                     sscanf(part, "segment=%u,%7s", &p.segment, p.tag) >= 1 ||
                     sscanf(part, "element=%u.%u", &p.element, &p.component) >= 1;
        cr_assert(known, "%s in %.*s", part, GL_STR_ARG(pointer));
    }
    return p;
}

/* The next segment of bytes with "'" as terminator and "?" as release, without white space before it. */
static inline bool edi_next_segment(gl_str *rest, gl_str *segment)
{
    size_t end = 0;
    while (rest->len > 0 && strchr(" \r\n", rest->ptr[0]) != NULL)
        *rest = (gl_str){rest->ptr + 1, rest->len - 1};
    for (; end < rest->len && rest->ptr[end] != '\''; end++)
        end += rest->ptr[end] == '?' && end + 1 < rest->len;
    *segment = (gl_str){rest->ptr, end < rest->len ? end : rest->len};
    end = end < rest->len ? end + 1 : rest->len;
    *rest = (gl_str){rest->ptr + end, rest->len - end};
    return segment->len > 0;
}

static inline bool edi_has_tag(gl_str segment, const char *tag)
{
    return gl_str_starts(segment, gl_str_of(tag));
}

/* The segment that the pointer names; {NULL, 0}: none. */
static inline gl_str edi_find_segment(gl_str bytes, const edi_pointer *p)
{
    gl_str segment;
    unsigned interchange = 0, message = 0, in_message = 0, in_interchange = 0;
    while (edi_next_segment(&bytes, &segment)) {
        if (edi_has_tag(segment, "UNA"))
            continue;
        if (edi_has_tag(segment, "UNB")) {
            interchange++;
            message = in_message = in_interchange = 0;
        }
        in_interchange++;
        if (edi_has_tag(segment, "UNH")) {
            message++;
            in_message = 0;
        }
        in_message++;
        bool here = p->message > 0 ? message == p->message && in_message == p->segment : in_interchange == p->segment;
        if (interchange == p->interchange && here)
            return segment;
    }
    return (gl_str){NULL, 0};
}

/* The text of an element's component, released characters without their mark; {NULL, 0}: it is not there. */
static inline gl_str edi_component(gl_str segment, unsigned element, unsigned component, char text[256])
{
    unsigned e = 0, c = 1;
    size_t len = 0;
    for (size_t i = 0; i < segment.len; i++) {
        char ch = segment.ptr[i];
        if (ch == '+') {
            e++;
            c = 1;
        } else if (ch == ':') {
            c++;
        } else if (e == element && c == (component == 0 ? 1 : component)) {
            i += ch == '?' && i + 1 < segment.len;
            text[len++] = segment.ptr[i];
            cr_assert(len < 256);
        }
    }
    return len == 0 ? (gl_str){NULL, 0} : (gl_str){text, len};
}

/* The pointer names a segment of its tag, and the value is what stands there. */
static inline void edi_expect_resolves(gl_str bytes, const gl_rejection_validation_error *e)
{
    char text[256];
    edi_pointer p = edi_parse_pointer(e->pointer);
    gl_str segment = edi_find_segment(bytes, &p);
    if (gl_str_eqz(e->code, "service-characters"))
        return;
    cr_assert(segment.ptr != NULL, "%.*s", GL_STR_ARG(e->pointer));
    cr_assert(gl_str_starts(segment, gl_str_of(p.tag)), "%.*s is %.*s", GL_STR_ARG(e->pointer), GL_STR_ARG(segment));
    bool repeated = memchr(segment.ptr, '*', segment.len) != NULL;
    if (e->value.len > 0 && p.element > 0 && !repeated && memchr(e->value.ptr, '(', e->value.len) == NULL)
        cr_assert(gl_str_eq(gl_str_trim(edi_component(segment, p.element, p.component, text)), e->value),
                  "%.*s is not %.*s", GL_STR_ARG(e->pointer), GL_STR_ARG(e->value));
}

#endif
