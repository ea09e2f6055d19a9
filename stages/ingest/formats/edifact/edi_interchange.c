/* What is around messages: UNA, UNB, UNG, UNE, UNZ, and that each message is where it belongs. See edi_reader.h. */
#include <stdlib.h>

#include "ingest/formats/edifact/edi_reader.h"

enum {
    UNB = GL_EDI_TAG('U', 'N', 'B'),
    UNG = GL_EDI_TAG('U', 'N', 'G'),
    UNE = GL_EDI_TAG('U', 'N', 'E'),
    UNH = GL_EDI_TAG('U', 'N', 'H'),
    UNS = GL_EDI_TAG('U', 'N', 'S'),
    UNT = GL_EDI_TAG('U', 'N', 'T'),
    UNZ = GL_EDI_TAG('U', 'N', 'Z'),
    UNA_BYTES = 9,
    STRAY_LIMIT = 20
};

/* --- pointers --- */

static void put_tag(gl_buf *buf, const gl_edi_segment *segment)
{
    gl_str tag = segment->values[0].text;
    gl_pointer_name(buf, (gl_str){tag.ptr, tag.len < 6 ? tag.len : 6});
}

static void put_element(gl_buf *buf, const gl_edi_value *value)
{
    const gl_edi_spec *spec = value->segment->spec;
    bool composite = value->component > 1 ||
                     (spec != NULL && value->element <= spec->count && spec->elements[value->element - 1].id[0] > '9');
    gl_buf_printf(buf, ";element=%u", value->element);
    if (composite)
        gl_buf_printf(buf, ".%u", value->component);
}

static gl_str edi_pointer(const void *source, gl_arena *arena, const void *node)
{
    const gl_edi *edi = source;
    const gl_edi_value *value = node;
    gl_buf buf = gl_buf_in(arena);
    if (edi->interchange.number > 1)
        gl_buf_printf(&buf, "interchange=%u;", edi->interchange.number);
    if (value->segment->message > 0)
        gl_buf_printf(&buf, "message=%u;", value->segment->message);
    gl_buf_printf(&buf, "segment=%u,", value->segment->number);
    put_tag(&buf, value->segment);
    if (value->element > 0)
        put_element(&buf, value);
    return gl_buf_view(&buf);
}

static gl_str edi_value(const void *source, gl_arena *arena, const void *node)
{
    const gl_edi_value *value = node;
    (void)source, (void)arena;
    return value->element == 0 || value->text.len == 0 ? (gl_str){NULL, 0} : value->text;
}

const gl_locator gl_edi_locator = {edi_pointer, edi_value, NULL};

gl_edi_segment *gl_edi_keep_segment(const gl_edi *edi, gl_arena *arena, size_t at, uint32_t number, uint32_t message)
{
    gl_edi_value values[GL_EDI_VALUES];
    gl_edi_segment *segment = GL_NEW(arena, gl_edi_segment);
    gl_edi_read_segment(&edi->interchange.scanner, arena, at, values, segment);
    segment->values = gl_arena_dup(arena, values, segment->count * sizeof *values);
    for (size_t i = 0; i < segment->count; i++)
        segment->values[i].segment = segment;
    segment->number = number;
    segment->message = message;
    segment->spec = gl_edi_spec_of(gl_edi_directory_at(0), segment->code);
    return segment;
}

/* --- UNA and UNB --- */

static bool are_marks(const gl_edi_marks *marks)
{
    const char all[] = {marks->component, marks->element, marks->decimal, marks->release, marks->terminator};
    for (size_t i = 0; i < sizeof all; i++) {
        bool word = (all[i] >= 'A' && all[i] <= 'Z') || (all[i] >= 'a' && all[i] <= 'z') ||
                    (all[i] >= '0' && all[i] <= '9') || (unsigned char)all[i] >= 0x80;
        if (word || (all[i] == ' ' && i != 3))
            return false;
        for (size_t k = 0; k < i; k++)
            if (all[k] == all[i])
                return false;
    }
    return true;
}

/* Behind the service string advice, when there is one; false: it cannot be one. */
static bool take_advice(gl_str bytes, size_t *at, gl_edi_marks *marks, bool *given)
{
    *given = gl_str_starts((gl_str){bytes.ptr + *at, bytes.len - *at}, GL_STR("UNA"));
    if (!*given)
        return true;
    if (bytes.len - *at < UNA_BYTES)
        return false;
    const char *p = bytes.ptr + *at + 3;
    *marks = (gl_edi_marks){p[0], p[1], p[2], p[3], p[4], p[5]};
    *at = gl_edi_skip_space(bytes, *at + UNA_BYTES);
    return are_marks(marks) && gl_str_starts((gl_str){bytes.ptr + *at, bytes.len - *at}, GL_STR("UNB"));
}

/* What does not begin as an interchange has no segments: the pointer is its place. */
static void refuse_beginning(gl_edi *edi, gl_reader *reader, size_t at, bool advice)
{
    gl_report *report = &reader->report;
    gl_str found = {reader->bytes.ptr + at, reader->bytes.len - at < UNA_BYTES ? reader->bytes.len - at : UNA_BYTES};
    gl_buf pointer = gl_buf_in(report->arena);
    if (edi->interchange.number > 1)
        gl_buf_printf(&pointer, "interchange=%u;", edi->interchange.number);
    gl_buf_text(&pointer, advice ? "segment=0,UNA" : "segment=1,UNB");
    if (advice)
        gl_report_raw(report, gl_buf_view(&pointer),
                      &(gl_problem){.code = "service-characters", .allowed = "UNA:+.? ' and then UNB", .value = found},
                      "UNA gives six different service characters, and UNB follows it");
    else
        gl_report_raw(report, gl_buf_view(&pointer),
                      &(gl_problem){.code = "segment-missing", .allowed = "UNB", .value = found},
                      "an interchange begins with UNA or UNB");
}

/* The character set and the version of the syntax; false: they are not known. */
static bool know_syntax(gl_edi_interchange *in, gl_report *report, gl_edi_marks *marks, bool advice)
{
    gl_str set = gl_edi_text_at(&in->unb, 1, 1), version = gl_edi_text_at(&in->unb, 1, 2);
    const gl_edi_charset *charset = gl_edi_charset_of(set);
    bool known = version.len == 1 && version.ptr[0] >= '1' && version.ptr[0] <= '4';
    const gl_edi_value *at = gl_edi_value_at(&in->unb, 1, charset == NULL ? 1 : 2);
    if (set.len > 0 && charset == NULL)
        gl_report_at(report, at, NULL, &(gl_problem){.code = "syntax-unknown", .allowed = gl_edi_charset_names},
                     "the syntax identifier is none that is read");
    else if (version.len > 0 && !known)
        gl_report_at(report, at, NULL, &(gl_problem){.code = "syntax-unknown", .allowed = "1 to 4"},
                     "the syntax version is none that is read");
    if (charset == NULL || !known)
        return false;
    if (version.ptr[0] < '4' || (advice && marks->repetition == ' '))
        marks->repetition = 0;
    gl_edi_scanner_init(&in->scanner, in->scanner.bytes, *marks, charset);
    return true;
}

/* --- through the interchange --- */

/* Where a way through an interchange is. */
typedef struct walk {
    gl_edi *edi;
    gl_report *report;
    size_t at;
    uint32_t number; /* of the segment */
    uint32_t messages, groups, in_group;
    size_t strays;
    bool in_message, group_open;
    const gl_edi_segment *group;
    size_t last; /* where the segment before began */
    gl_buf references;
} walk;

typedef struct reference {
    uint64_t hash;
    uint32_t number;
} reference;

static int by_hash(const void *a, const void *b)
{
    const reference *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* FNV-1a of the message's reference as it stands there; that of a group counts for itself. */
static uint64_t hash_of(const walk *w, size_t at)
{
    gl_str bytes = w->edi->interchange.scanner.bytes;
    uint64_t hash = UINT64_C(14695981039346656037) ^ w->groups;
    for (size_t i = at + 4; i < bytes.len; i++) {
        const gl_edi_marks *m = &w->edi->interchange.scanner.marks;
        if (bytes.ptr[i] == m->element || bytes.ptr[i] == m->component || bytes.ptr[i] == m->terminator)
            break;
        hash = (hash ^ (unsigned char)bytes.ptr[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

static void find_repeated(walk *w, gl_arena *arena)
{
    gl_edi_interchange *in = &w->edi->interchange;
    reference *all = (reference *)(void *)w->references.data;
    size_t count = w->references.len / sizeof *all;
    in->repeated_count = 0;
    if (count == 0)
        return;
    qsort(all, count, sizeof *all, by_hash);
    for (int round = 0; round < 2; round++) {
        size_t found = 0;
        for (size_t i = 1; i < count; i++)
            if (all[i].hash == all[i - 1].hash) {
                if (round == 1)
                    in->repeated[found] = all[i].number;
                found++;
            }
        if (round == 0 && found > 0)
            in->repeated = gl_arena_alloc(arena, found * sizeof *in->repeated);
        in->repeated_count = found;
    }
    if (in->repeated_count > 0)
        qsort(in->repeated, in->repeated_count, sizeof *in->repeated, by_number);
}

static const gl_edi_segment *here(const walk *w)
{
    return gl_edi_keep_segment(w->edi, w->report->arena, w->at, w->number, 0);
}

/* The node of an element, or of the segment where that is not there. */
static const gl_edi_value *node_of(const gl_edi_segment *segment, unsigned element)
{
    const gl_edi_value *value = gl_edi_value_at(segment, element, 1);
    return value == NULL ? &segment->values[0] : value;
}

static void check_control(const walk *w, const gl_edi_segment *end, uint32_t count, const char *what, gl_str ours)
{
    uint64_t said = 0;
    gl_str number = gl_edi_text_at(end, 1, 1), own = gl_edi_text_at(end, 2, 1);
    gl_edi_check_elements(w->report, end);
    if (number.len > 0 && gl_str_to_u64(number, UINT32_MAX, &said) && said != count)
        gl_report_at(w->report, node_of(end, 1), NULL,
                     &(gl_problem){.code = "control-count", .allowed = gl_arena_printf(w->report->arena, "%u", count)},
                     "there are %u %s", count, what);
    if (own.len > 0 && !gl_str_eq(own, ours))
        gl_report_at(w->report, node_of(end, 2), NULL,
                     &(gl_problem){.code = "control-reference",
                                   .allowed = gl_arena_printf(w->report->arena, "%.*s", GL_STR_ARG(ours))},
                     "not the reference that it began with");
}

static void end_interchange(walk *w)
{
    const gl_edi_segment *unz = here(w);
    check_control(w, unz, w->groups > 0 ? w->groups : w->messages, w->groups > 0 ? "groups" : "messages",
                  gl_edi_text_at(&w->edi->interchange.unb, 5, 1));
    if (w->messages == 0)
        gl_report_at(w->report, &unz->values[0], NULL, &(gl_problem){.code = "interchange-empty", .allowed = "UNH"},
                     "the interchange holds no message");
}

static void report_stray(walk *w)
{
    if (w->strays++ < STRAY_LIMIT)
        gl_report_at(w->report, &here(w)->values[0], NULL, &(gl_problem){.code = "segment-outside-message"},
                     "a segment outside of a message");
}

static void begin_message(walk *w)
{
    reference r = {hash_of(w, w->at), ++w->messages};
    w->in_group++;
    w->in_message = true;
    gl_buf_bytes(&w->references, &r, sizeof r);
}

static void group_segment(walk *w, uint32_t tag)
{
    const gl_edi_segment *segment = here(w);
    w->in_message = false;
    if (tag == UNG) {
        gl_edi_check_elements(w->report, segment);
        w->groups++;
        w->in_group = 0;
        w->group = segment;
    } else if (w->group == NULL) {
        report_stray(w);
    } else {
        check_control(w, segment, w->in_group, "messages in the group", gl_edi_text_at(w->group, 5, 1));
        w->group = NULL;
    }
}

static void report_open_end(const walk *w)
{
    gl_report_at(w->report, &gl_edi_keep_segment(w->edi, w->report->arena, w->last, w->number, 0)->values[0], NULL,
                 &(gl_problem){.code = "segment-missing", .allowed = "UNZ"},
                 "the interchange has no end: UNZ is missing behind this segment");
}

/* One segment; false: the interchange ends before or with it. */
static bool step(walk *w)
{
    gl_edi_interchange *in = &w->edi->interchange;
    uint32_t tag = gl_edi_tag_at(&in->scanner, w->at);
    size_t end = gl_edi_segment_end(&in->scanner, w->at);
    gl_str rest = {in->scanner.bytes.ptr + w->at, in->scanner.bytes.len - w->at};
    if (tag == UNB || (!w->in_message && gl_str_starts(rest, GL_STR("UNA")))) {
        report_open_end(w);
        in->end = w->at;
        return false;
    }
    w->number++;
    if (tag == UNZ)
        end_interchange(w);
    else if (tag == UNG || tag == UNE)
        group_segment(w, tag);
    else if (tag == UNH)
        begin_message(w);
    else if (!w->in_message)
        report_stray(w);
    w->in_message = w->in_message && tag != UNT;
    w->last = w->at;
    in->end = w->at = end;
    return tag != UNZ;
}

static void walk_through(gl_edi *edi, gl_reader *reader)
{
    gl_edi_interchange *in = &edi->interchange;
    walk w = {.edi = edi, .report = &reader->report, .number = 1, .last = in->unb.begin};
    bool ended = false;
    for (w.at = gl_edi_skip_space(reader->bytes, in->body); !ended && w.at < reader->bytes.len;
         w.at = ended ? w.at : gl_edi_skip_space(reader->bytes, w.at))
        ended = !step(&w);
    if (!ended)
        report_open_end(&w);
    find_repeated(&w, reader->arena);
    gl_buf_free(&w.references);
}

void gl_edi_open_interchange(gl_edi *edi, gl_reader *reader, size_t at)
{
    gl_edi_interchange *in = &edi->interchange;
    gl_edi_marks marks = gl_edi_default_marks;
    bool advice = false;
    *in = (gl_edi_interchange){.number = in->number + 1, .begin = at, .end = reader->bytes.len};
    bool good = take_advice(reader->bytes, &at, &marks, &advice);
    gl_edi_marks first = marks;
    first.repetition = 0;
    gl_edi_scanner_init(&in->scanner, reader->bytes, first, gl_edi_charset_of(GL_STR("UNOC")));
    if (!good || gl_edi_tag_at(&in->scanner, at) != UNB) {
        refuse_beginning(edi, reader, in->begin, !good);
        return;
    }
    in->unb = *gl_edi_keep_segment(edi, reader->arena, at, 1, 0);
    in->body = in->unb.end;
    gl_edi_check_elements(&reader->report, &in->unb);
    if (know_syntax(in, &reader->report, &marks, advice))
        in->unb = *gl_edi_keep_segment(edi, reader->arena, at, 1, 0);
    in->test = gl_str_eqz(gl_edi_text_at(&in->unb, 11, 1), "1");
    walk_through(edi, reader);
}

/* --- a message --- */

void gl_edi_open_message(gl_edi *edi, gl_reader *reader, size_t at)
{
    gl_edi_message *message = &edi->message;
    const gl_edi_scanner *scanner = &edi->interchange.scanner;
    message->begin = at;
    message->number++;
    message->sections = 0;
    message->closed = message->joined = false;
    message->lrn = GL_STR("");
    gl_edi_read_segment(scanner, reader->arena, at, message->unh_values, &message->unh);
    message->unh.number = 1;
    message->unh.message = message->number;
    message->unh.spec = gl_edi_spec_of(gl_edi_directory_at(0), UNH);
    size_t end = message->unh.end;
    for (uint32_t tag = 0; end < edi->interchange.end && !message->closed;) {
        size_t next = gl_edi_skip_space(reader->bytes, end);
        tag = gl_edi_tag_at(scanner, next);
        if (tag == UNH || tag == UNZ || tag == UNE || tag == UNG || next >= edi->interchange.end)
            break;
        message->sections += tag == UNS;
        message->closed = tag == UNT;
        end = gl_edi_segment_end(scanner, next);
    }
    message->end = end;
}

static void copy_texts(gl_str *to, const gl_edi_segment *segment, unsigned element, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        to[i] = gl_edi_text_at(segment, element, i + 1);
}

const gl_edi_envelope *gl_edi_envelope_of(const gl_edi *edi, gl_arena *arena, bool message)
{
    gl_edi_envelope *envelope = GL_NEW(arena, gl_edi_envelope);
    const gl_edi_segment *unb = &edi->interchange.unb, *unh = &edi->message.unh;
    envelope->interchange = edi->interchange.number;
    envelope->syntax = gl_edi_text_at(unb, 1, 1);
    envelope->syntax_version = gl_edi_text_at(unb, 1, 2);
    copy_texts(envelope->sender, unb, 2, 4);
    copy_texts(envelope->recipient, unb, 3, 4);
    envelope->reference = gl_edi_text_at(unb, 5, 1);
    envelope->test = edi->interchange.test;
    if (!message)
        return envelope;
    envelope->message = edi->message.number;
    envelope->message_reference = gl_edi_text_at(unh, 1, 1);
    copy_texts(envelope->message_id, unh, 2, 5);
    return envelope;
}
