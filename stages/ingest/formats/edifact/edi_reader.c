/* Interchanges of UN/EDIFACT: CUSDEC, a declaration a message, and CUSCAR, a declaration a consignment of it.
 *
 * An entry is refused for its syntax (CONTRL would say it) before anything of it is mapped; what is wrong with its
 * content is found by the mapping and by validation, as in every other format.
 */
#include "ingest/formats/edifact/edi_reader.h"
#include "customs/ids.h"

enum {
    AUT = GL_EDI_TAG('A', 'U', 'T'),
    BGM = GL_EDI_TAG('B', 'G', 'M'),
    CNI = GL_EDI_TAG('C', 'N', 'I'),
    UNH = GL_EDI_TAG('U', 'N', 'H'),
    UNT = GL_EDI_TAG('U', 'N', 'T'),
    UNZ = GL_EDI_TAG('U', 'N', 'Z'),
    HEADER_LIMIT_BYTES = GL_INTAKE_LIMIT_BYTES
};

static bool is_manifest(const gl_edi_message *message)
{
    return gl_str_eqz(gl_edi_text_at(&message->unh, 2, 1), "CUSCAR");
}

/* --- a message's syntax --- */

static const gl_edi_value *node_of(const gl_edi_segment *segment, unsigned element)
{
    const gl_edi_value *value = gl_edi_value_at(segment, element, 1);
    return value == NULL ? &segment->values[0] : value;
}

/* true: it says that there are more segments than there are. */
static bool check_trailer(gl_report *report, const gl_edi_segment *unt, const gl_edi_segment *unh)
{
    uint64_t said = 0;
    gl_str count = gl_edi_text_at(unt, 1, 1), own = gl_edi_text_at(unt, 2, 1), ours = gl_edi_text_at(unh, 1, 1);
    if (count.len > 0 && gl_str_to_u64(count, UINT32_MAX, &said) && said != unt->number)
        gl_report_at(
            report, node_of(unt, 1), NULL,
            &(gl_problem){.code = "control-count", .allowed = gl_arena_printf(report->arena, "%u", unt->number)},
            "the message has %u segments, UNH and UNT among them", unt->number);
    if (own.len > 0 && !gl_str_eq(own, ours))
        gl_report_at(report, node_of(unt, 2), NULL,
                     &(gl_problem){.code = "control-reference",
                                   .allowed = gl_arena_printf(report->arena, "%.*s", GL_STR_ARG(ours))},
                     "not the reference of UNH");
    return said > unt->number;
}

/* Does a value end with a segment's tag, and an element follow it? */
static bool ends_with_tag(const gl_edi_scanner *scanner, const gl_edi_directory *directory, const gl_edi_value *value)
{
    gl_str text = value->text;
    const char *end = text.ptr + text.len;
    bool source = text.ptr >= scanner->bytes.ptr && end < scanner->bytes.ptr + scanner->bytes.len;
    uint32_t code = text.len >= 3 ? gl_edi_code((gl_str){end - 3, 3}) : 0;
    return value->element > 0 && source && code != 0 && *end == scanner->marks.element &&
           gl_edi_spec_of(directory, code) != NULL;
}

/* There are fewer segments than UNT says: one may have lost its terminator, so that the next one's tag stands in a
 * value.
 */
static void find_joined(gl_edi *edi, gl_report *report)
{
    const gl_edi_message *message = &edi->message;
    const gl_edi_scanner *scanner = &edi->interchange.scanner;
    gl_edi_segment segment;
    uint32_t number = 0;
    for (size_t at = message->begin; at < message->end; at = gl_edi_skip_space(scanner->bytes, segment.end)) {
        gl_edi_read_segment(scanner, report->arena, at, edi->scratch, &segment);
        segment.number = ++number;
        segment.message = message->number;
        segment.spec = gl_edi_spec_of(message->directory, segment.code);
        for (size_t i = 1; i < segment.count; i++)
            if (ends_with_tag(scanner, message->directory, &segment.values[i]))
                gl_report_at(report, &segment.values[i], NULL, &(gl_problem){.code = "segment-joined"},
                             "this value ends with the tag of a segment: the terminator before it may be missing");
        if (segment.end >= message->end)
            break;
    }
}

static bool is_repeated(const gl_edi *edi)
{
    for (size_t i = 0; i < edi->interchange.repeated_count; i++)
        if (edi->interchange.repeated[i] == edi->message.number)
            return true;
    return false;
}

/* One segment behind another; `before` has the tag of the one before. */
static void check_segment(gl_edi *edi, gl_report *report, gl_edi_cursor *cursor, gl_edi_segment *segment)
{
    gl_edi_cursor_take(cursor, segment, report);
    if (segment->spec != NULL)
        gl_edi_check_elements(report, segment);
    if (segment->code == UNT && segment->placed)
        edi->message.joined = check_trailer(report, segment, &edi->message.unh);
    if (segment->code == BGM && edi->message.lrn.len == 0 && !is_manifest(&edi->message))
        edi->message.lrn = gl_edi_text_at(segment, 2, 1);
}

/* What outlives the scratch. */
static void remember(gl_edi_segment *kept, gl_edi_value *tag, const gl_edi_segment *segment)
{
    *kept = *segment;
    *tag = segment->values[0];
    tag->segment = kept;
    kept->values = tag;
    kept->count = 1;
}

void gl_edi_check_message(gl_edi *edi, gl_report *report)
{
    gl_edi_message *message = &edi->message;
    const gl_edi_scanner *scanner = &edi->interchange.scanner;
    gl_edi_cursor cursor;
    gl_edi_segment segment, last;
    gl_edi_value last_tag;
    uint32_t number = 0;
    gl_edi_cursor_init(&cursor, message->directory, message->tree, message->sections);
    cursor.last = &message->unh.values[0];
    for (size_t at = message->begin; at < message->end; at = gl_edi_skip_space(scanner->bytes, segment.end)) {
        gl_edi_read_segment(scanner, report->arena, at, edi->scratch, &segment);
        segment.number = ++number;
        segment.message = message->number;
        check_segment(edi, report, &cursor, &segment);
        if (segment.placed) {
            remember(&last, &last_tag, &segment);
            cursor.last = &last_tag;
        }
        if (segment.end >= message->end)
            break;
    }
    if (!message->closed)
        gl_report_at(report, cursor.last, NULL, &(gl_problem){.code = "segment-missing", .allowed = "UNT"},
                     "the message has no end: UNT is missing behind this segment");
    if (message->joined)
        find_joined(edi, report);
    if (is_repeated(edi))
        gl_report_at(report, node_of(&message->unh, 1), NULL, &(gl_problem){.code = "control-reference-repeated"},
                     "a message before in this interchange has the same reference");
}

/* --- which message it is --- */

static const char *const others[][2] = {{"APERAK", "an application error and acknowledgement"},
                                        {"CONTRL", "a syntax and service report"},
                                        {"CUSEXP", "an express consignment declaration"},
                                        {"CUSPED", "a periodic customs declaration"},
                                        {"CUSREP", "a conveyance report"},
                                        {"CUSRES", "a customs response"},
                                        {"GOVCBR", "a cross-border regulatory message"},
                                        {"IFCSUM", "a forwarding and consolidation summary"},
                                        {"IFTMCS", "an instruction contract status"},
                                        {"IFTMIN", "a transport instruction"},
                                        {"INVOIC", "an invoice"}};

static void refuse_type(gl_report *report, const gl_edi_segment *unh, gl_str type)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (gl_str_eqz(type, others[i][0])) {
            gl_report_at(report, gl_edi_value_at(unh, 2, 1), NULL,
                         &(gl_problem){.code = "not-a-declaration",
                                       .allowed = "CUSDEC, CUSCAR",
                                       .hint = "nothing was declared: send declarations only"},
                         "this is %s, not a declaration", others[i][1]);
            return;
        }
    gl_report_at(report, gl_edi_value_at(unh, 2, 1), NULL,
                 &(gl_problem){.code = "message-unknown", .allowed = "CUSDEC, CUSCAR"},
                 "not a type of message that is read");
}

/* Finds its directory; false: it was refused. */
static bool know_message(gl_edi_message *message, gl_report *report)
{
    const gl_edi_segment *unh = &message->unh;
    gl_str type = gl_edi_text_at(unh, 2, 1);
    gl_edi_check_elements(report, unh);
    if (report->rejected)
        return false;
    if (!gl_str_eqz(type, "CUSDEC") && !gl_str_eqz(type, "CUSCAR")) {
        refuse_type(report, unh, type);
        return false;
    }
    message->directory = gl_edi_directory_of(gl_edi_text_at(unh, 2, 2), gl_edi_text_at(unh, 2, 3));
    message->tree = message->directory == NULL ? NULL : gl_edi_message_of(message->directory, type);
    if (message->tree == NULL)
        gl_report_at(report, gl_edi_value_at(unh, 2, 3), NULL,
                     &(gl_problem){.code = "message-unknown", .allowed = gl_edi_releases()},
                     "the directory of this version and release is not one that is read");
    return message->tree != NULL;
}

/* --- units --- */

static size_t count_segments(const gl_edi_scanner *scanner, size_t from, size_t to)
{
    size_t count = 0;
    for (size_t at = gl_edi_skip_space(scanner->bytes, from); at < to; count++)
        at = gl_edi_skip_space(scanner->bytes, gl_edi_segment_end(scanner, at));
    return count;
}

/* The segments of bytes that were checked, with their places; the first has number `number`. */
static gl_edi_unit read_unit(gl_edi *edi, gl_arena *arena, gl_edi_cursor *cursor, size_t from, size_t to,
                             uint32_t number)
{
    const gl_edi_scanner *scanner = &edi->interchange.scanner;
    gl_edi_unit unit = {.count = count_segments(scanner, from, to)};
    unit.segments = gl_arena_alloc(arena, (unit.count + 1) * sizeof *unit.segments);
    size_t at = gl_edi_skip_space(scanner->bytes, from);
    for (size_t i = 0; i < unit.count; i++) {
        gl_edi_segment *segment = &unit.segments[i];
        gl_edi_read_segment(scanner, arena, at, edi->scratch, segment);
        segment->values = gl_arena_dup(arena, edi->scratch, segment->count * sizeof *segment->values);
        segment->number = number + (uint32_t)i;
        segment->message = edi->message.number;
        gl_edi_cursor_take(cursor, segment, NULL);
        at = gl_edi_skip_space(scanner->bytes, segment->end);
    }
    return unit;
}

/* The offset of the next consignment behind `at`, or of what ends them. */
static size_t next_consignment(const gl_edi *edi, size_t at)
{
    const gl_edi_scanner *scanner = &edi->interchange.scanner;
    while (at < edi->message.end) {
        at = gl_edi_skip_space(scanner->bytes, gl_edi_segment_end(scanner, at));
        uint32_t tag = at < edi->message.end ? gl_edi_tag_at(scanner, at) : UNT;
        if (tag == CNI || tag == UNT || tag == AUT)
            return at;
    }
    return edi->message.end;
}

static gl_str bytes_between(const gl_reader *reader, size_t from, size_t to)
{
    return (gl_str){reader->bytes.ptr + from, to - from};
}

/* "CUSDEC D:96B:UN:ZZZ01" */
static gl_str profile_of(gl_arena *arena, const gl_edi_segment *unh)
{
    gl_buf profile = gl_buf_in(arena);
    for (unsigned i = 1; i <= 5; i++) {
        gl_str part = gl_edi_text_at(unh, 2, i);
        if (part.len > 0 && i > 1)
            gl_buf_byte(&profile, i == 2 ? ' ' : ':');
        gl_buf_str(&profile, part);
    }
    return gl_buf_view(&profile);
}

static void refuse_large(gl_report *report, const gl_edi_value *at, size_t bytes)
{
    gl_report_at(report, at, NULL, &(gl_problem){.code = "too-large", .allowed = "256 KiB"},
                 "the declaration has %zu bytes", bytes);
}

/* --- entries --- */

static void begin_report(gl_reader *reader, gl_arena *arena)
{
    gl_report_begin(&reader->report, arena, &gl_edi_locator, reader->state, NULL);
}

/* All that is left of the message, or of the interchange, as one refused entry. */
static bool refuse(gl_reader *reader, gl_arena *arena, gl_intake *intake, size_t from, size_t to, bool message)
{
    gl_edi *edi = reader->state;
    reader->offset = to;
    intake->envelope = gl_edi_envelope_of(edi, arena, message);
    if (message)
        intake->lrn = gl_usable_lrn(edi->message.lrn);
    gl_intake_refuse(reader, intake, bytes_between(reader, from, to));
    return true;
}

static bool finish(gl_reader *reader, gl_arena *arena, gl_intake *intake, size_t from, size_t to)
{
    gl_edi *edi = reader->state;
    reader->offset = to;
    intake->envelope = gl_edi_envelope_of(edi, arena, true);
    gl_intake_finish(reader, intake, bytes_between(reader, from, to), profile_of(arena, &edi->message.unh));
    return true;
}

/* By its MRN: what else it says of the declaration is not looked at, as in the other formats. */
static bool cancel_by_mrn(gl_reader *reader, gl_arena *arena, gl_intake *intake, const gl_edi_value *mrn)
{
    gl_edi *edi = reader->state;
    const gl_declaration *declaration = &intake->declaration;
    gl_path path = {NULL, "mrn", NULL};
    if (!gl_mrn_valid(mrn->text, NULL))
        gl_report_at(&reader->report, mrn, &path,
                     &(gl_problem){.code = "invalid-code", .allowed = "an MRN, 18 characters with a check character"},
                     "not an MRN");
    intake->lrn = gl_usable_lrn(declaration->functional_reference_id);
    gl_intake_cancel(reader, intake, mrn->text, intake->lrn, declaration->family);
    if (declaration->additional_information.count > 0)
        intake->event->event.text = declaration->additional_information.at[0].statement_description;
    if (intake->event->event.text.ptr == NULL)
        intake->event->event.text = GL_STR("");
    intake->envelope = gl_edi_envelope_of(edi, arena, true);
    reader->offset = edi->message.end;
    gl_intake_refuse(reader, intake, bytes_between(reader, edi->message.begin, edi->message.end));
    return true;
}

static bool read_cusdec(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    gl_edi *edi = reader->state;
    gl_edi_message *message = &edi->message;
    gl_edi_cursor cursor;
    gl_edi_cursor_init(&cursor, message->directory, message->tree, message->sections);
    edi->unit = read_unit(edi, arena, &cursor, message->begin, message->end, 1);
    reader->report.root = &edi->unit.segments[0].values[0];
    gl_edi_map_cusdec(reader, intake, &edi->unit);
    const gl_edi_value *mrn = gl_edi_cancelled_mrn(&edi->unit);
    if (mrn != NULL && gl_str_eqz(intake->declaration.function_code, "1"))
        return cancel_by_mrn(reader, arena, intake, mrn);
    return finish(reader, arena, intake, message->begin, message->end);
}

/* Reads what stands before the consignments; false: it was refused. */
static bool begin_manifest(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    gl_edi *edi = reader->state;
    gl_edi_message *message = &edi->message;
    size_t first = next_consignment(edi, message->begin);
    gl_arena_reset(edi->keep);
    gl_edi_cursor_init(&edi->cursor, message->directory, message->tree, 0);
    if (first - message->begin > HEADER_LIMIT_BYTES)
        refuse_large(&reader->report, &message->unh.values[0], first - message->begin);
    else if (gl_edi_tag_at(&edi->interchange.scanner, first) != CNI)
        gl_report_at(&reader->report, &message->unh.values[0], NULL,
                     &(gl_problem){.code = "not-a-declaration", .allowed = "CNI"},
                     "this is a manifest without consignments; nothing was declared");
    if (reader->report.rejected)
        return !refuse(reader, arena, intake, message->begin, message->end, true);
    edi->header = read_unit(edi, edi->keep, &edi->cursor, message->begin, first, 1);
    edi->consignments = edi->header.count;
    reader->offset = first;
    edi->manifest = true;
    return true;
}

static bool read_consignment(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    gl_edi *edi = reader->state;
    size_t from = reader->offset, to = next_consignment(edi, from);
    begin_report(reader, arena);
    if (to - from > GL_INTAKE_LIMIT_BYTES) {
        gl_edi_segment *cni =
            gl_edi_keep_segment(edi, arena, from, (uint32_t)edi->consignments + 1, edi->message.number);
        refuse_large(&reader->report, &cni->values[0], to - from);
        edi->consignments += count_segments(&edi->interchange.scanner, from, to);
        return refuse(reader, arena, intake, from, to, true);
    }
    edi->unit = read_unit(edi, arena, &edi->cursor, from, to, (uint32_t)edi->consignments + 1);
    edi->consignments += edi->unit.count;
    reader->report.root = &edi->unit.segments[0].values[0];
    gl_edi_map_cuscar(reader, intake, &edi->header, &edi->unit);
    return finish(reader, arena, intake, from, to);
}

/* The message at the offset: its entry, or its first one. */
static bool read_message(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    gl_edi *edi = reader->state;
    gl_edi_message *message = &edi->message;
    begin_report(reader, arena);
    gl_edi_open_message(edi, reader, reader->offset);
    reader->form = NULL;
    if (!know_message(message, &reader->report))
        return refuse(reader, arena, intake, message->begin, message->end, true);
    bool manifest = is_manifest(message);
    reader->form = manifest ? "edifact-cuscar" : "edifact-cusdec";
    if (!manifest && message->end - message->begin > GL_INTAKE_LIMIT_BYTES)
        refuse_large(&reader->report, &message->unh.values[0], message->end - message->begin);
    else
        gl_edi_check_message(edi, &reader->report);
    if (reader->report.rejected)
        return refuse(reader, arena, intake, message->begin, message->end, true);
    if (!manifest)
        return read_cusdec(reader, arena, intake);
    return !begin_manifest(reader, arena, intake) || read_consignment(reader, arena, intake);
}

/* The interchange at the offset; true: it was refused, which is an entry. */
static bool refuse_interchange(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    gl_edi *edi = reader->state;
    size_t at = reader->offset;
    begin_report(reader, arena);
    gl_edi_open_interchange(edi, reader, at);
    edi->message.number = 0;
    edi->inside = !reader->report.rejected;
    if (edi->inside) {
        reader->offset = edi->interchange.body;
        return false;
    }
    reader->form = NULL;
    return refuse(reader, arena, intake, at, edi->interchange.end, false);
}

static bool next_entry(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    gl_edi *edi = reader->state;
    for (;;) {
        reader->offset = gl_edi_skip_space(reader->bytes, reader->offset);
        uint32_t tag = reader->offset < reader->bytes.len && edi->inside
                           ? gl_edi_tag_at(&edi->interchange.scanner, reader->offset)
                           : 0;
        if (edi->manifest && tag == CNI)
            return read_consignment(reader, arena, intake);
        if (edi->manifest)
            reader->offset = edi->message.end;
        else if (tag == UNH)
            return read_message(reader, arena, intake);
        else if (tag == UNZ)
            reader->offset = edi->interchange.end;
        else if (edi->inside) /* UNG, UNE: they were looked at with the interchange */
            reader->offset = gl_edi_segment_end(&edi->interchange.scanner, reader->offset);
        else if (reader->offset >= reader->bytes.len)
            break;
        else if (refuse_interchange(reader, arena, intake))
            return true;
        edi->manifest = false;
        edi->inside = edi->inside && reader->offset < edi->interchange.end;
    }
    reader->finished = true;
    return false;
}

/* --- going on in a file --- */

/* The message that holds the offset: a consignment is next there. */
static void resume_manifest(gl_reader *reader, size_t at, size_t offset)
{
    gl_edi *edi = reader->state;
    gl_intake none;
    gl_edi_open_message(edi, reader, at);
    if (offset >= edi->message.end || !know_message(&edi->message, &reader->report) || !is_manifest(&edi->message) ||
        !begin_manifest(reader, reader->arena, &none))
        return;
    reader->form = "edifact-cuscar";
    for (gl_edi_segment segment; reader->offset < offset; edi->consignments++) {
        reader->offset = gl_edi_skip_space(reader->bytes, reader->offset);
        reader->offset =
            gl_edi_read_segment(&edi->interchange.scanner, reader->arena, reader->offset, edi->scratch, &segment);
        gl_edi_cursor_take(&edi->cursor, &segment, NULL);
        reader->offset = gl_edi_skip_space(reader->bytes, reader->offset);
    }
}

/* Finds the interchange and the message that the offset is in, which were read before. */
static void resume(gl_reader *reader)
{
    gl_edi *edi = reader->state;
    size_t offset = reader->offset, at = 0;
    do {
        at = gl_edi_skip_space(reader->bytes, edi->interchange.end);
        if (at >= offset)
            return;
        begin_report(reader, reader->arena); /* what was wrong with one is not with the next */
        gl_edi_open_interchange(edi, reader, at);
        edi->message.number = 0;
    } while (edi->interchange.end <= offset);
    const gl_edi_scanner *scanner = &edi->interchange.scanner;
    edi->inside = true;
    size_t message = 0;
    for (at = edi->interchange.body; at < offset;
         at = gl_edi_skip_space(reader->bytes, gl_edi_segment_end(scanner, at))) {
        at = gl_edi_skip_space(reader->bytes, at);
        uint32_t tag = gl_edi_tag_at(scanner, at);
        if (tag == UNH)
            message = at;
        edi->message.number += tag == UNH && at < offset;
    }
    if (message > 0) {
        edi->message.number--;
        resume_manifest(reader, message, offset);
    }
    reader->offset = offset;
}

static void close_edi(gl_reader *reader)
{
    gl_edi *edi = reader->state;
    gl_arena_destroy(edi->keep);
}

bool gl_edi_reader_open(gl_reader *reader, gl_err *err)
{
    gl_edi *edi = GL_NEW(reader->arena, gl_edi);
    (void)err;
    edi->keep = gl_arena_new(4096);
    reader->state = edi;
    reader->next = next_entry;
    reader->close = close_edi;
    size_t first = gl_str_starts(reader->bytes, GL_STR("\xEF\xBB\xBF")) ? 3 : 0; /* behind a byte order mark */
    edi->interchange.end = first;
    if (reader->offset > first)
        resume(reader);
    else
        reader->offset = first;
    return true;
}
