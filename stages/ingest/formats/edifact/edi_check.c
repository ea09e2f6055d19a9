/* See edi_check.h. */
#include "ingest/formats/edifact/edi_check.h"

#define CODE(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))
enum { SECTION = CODE('U', 'N', 'S') };

bool gl_edi_is_personal(const gl_edi_segment *segment)
{
    return segment->code == CODE('N', 'A', 'D') || segment->code == CODE('C', 'T', 'A') ||
           segment->code == CODE('C', 'O', 'M') || segment->code == CODE('F', 'I', 'I');
}

/* --- places --- */

void gl_edi_cursor_init(gl_edi_cursor *cursor, const gl_edi_directory *directory, const gl_edi_node *message,
                        size_t sections)
{
    *cursor = (gl_edi_cursor){.directory = directory, .sections_left = sections};
    cursor->frames[0].node = message;
}

static const char *tag_of(const gl_edi_node *node)
{
    while (node->group)
        node = &node->children[0];
    return node->spec->tag;
}

static void report_missing(const gl_edi_cursor *cursor, const gl_edi_node *node, gl_report *report)
{
    if (report == NULL)
        return;
    if (node->group)
        gl_report_at(report, cursor->last, NULL, &(gl_problem){.code = "segment-missing", .allowed = tag_of(node)},
                     "segment group %u, which begins with %s, is missing behind this segment", node->number,
                     tag_of(node));
    else
        gl_report_at(report, cursor->last, NULL, &(gl_problem){.code = "segment-missing", .allowed = tag_of(node)},
                     "%s is missing behind this segment", tag_of(node));
}

/* A place that was found: a child of a frame. */
typedef struct place {
    int frame;
    uint16_t child;
} place;

/* Of the children between where the frame is and `end`, those that must be there and are not. false: a section control
 * among them still comes, so this is not the way. */
static bool pass_over(const gl_edi_cursor *cursor, int f, uint16_t end, gl_report *report)
{
    const gl_edi_node *node = cursor->frames[f].node;
    for (uint16_t c = cursor->frames[f].child; c < end; c++) {
        const gl_edi_node *child = &node->children[c];
        if (!child->mandatory || (c == cursor->frames[f].child && cursor->frames[f].count > 0))
            continue;
        if (report != NULL)
            report_missing(cursor, child, report);
        else if (child->code == SECTION && cursor->sections_left > 0)
            return false;
    }
    return true;
}

/* What is reported when the place is taken. */
static void leave_behind(const gl_edi_cursor *cursor, place at, gl_report *report)
{
    for (int f = cursor->depth; f > at.frame; f--)
        pass_over(cursor, f, cursor->frames[f].node->count, report);
    pass_over(cursor, at.frame, at.child, report);
}

typedef enum search { FOUND, NOWHERE, SEGMENT_OFTEN, GROUP_OFTEN } search;

/* The first place for the tag from where the cursor is. */
static search find_place(const gl_edi_cursor *cursor, uint32_t code, place *at)
{
    search often = NOWHERE;
    for (int f = cursor->depth; f >= 0; f--) {
        const gl_edi_node *node = cursor->frames[f].node;
        for (uint16_t c = cursor->frames[f].child; c < node->count; c++) {
            const gl_edi_node *child = &node->children[c];
            bool full = c == cursor->frames[f].child && cursor->frames[f].count >= child->most;
            if (child->code != code)
                continue;
            if (full && (child->group || c > 0 || f == 0))
                often = child->group ? GROUP_OFTEN : often == NOWHERE ? SEGMENT_OFTEN : often;
            if (full)
                continue;
            *at = (place){f, c};
            return pass_over(cursor, f, c, NULL) ? FOUND : often;
        }
        if (!pass_over(cursor, f, node->count, NULL))
            break;
    }
    return often;
}

static void enter(gl_edi_cursor *cursor, place at, gl_edi_segment *segment)
{
    const gl_edi_node *child = &cursor->frames[at.frame].node->children[at.child];
    cursor->frames[at.frame].count =
        at.child == cursor->frames[at.frame].child ? cursor->frames[at.frame].count + 1 : 1;
    cursor->frames[at.frame].child = at.child;
    cursor->depth = at.frame;
    if (child->group) {
        cursor->depth++;
        cursor->frames[cursor->depth].node = child;
        cursor->frames[cursor->depth].child = 0;
        cursor->frames[cursor->depth].count = 1;
        segment->starts = true;
        child = &child->children[0];
    }
    segment->placed = true;
    segment->depth = (uint8_t)cursor->depth;
    segment->spec = child->spec;
    cursor->sections_left -= segment->code == SECTION && cursor->sections_left > 0;
    cursor->last = &segment->values[0];
}

static void report_misplaced(const gl_edi_segment *segment, search why, gl_report *report)
{
    const gl_edi_value *tag = &segment->values[0];
    if (report == NULL)
        return;
    if (segment->spec == NULL)
        gl_report_at(report, tag, NULL, &(gl_problem){.code = "segment-unknown", .allowed = "a tag of the directory"},
                     "the directory has no such segment");
    else if (why == SEGMENT_OFTEN)
        gl_report_at(report, tag, NULL, &(gl_problem){.code = "segment-repeated"},
                     "%s is here more often than the message takes it", segment->spec->tag);
    else if (why == GROUP_OFTEN)
        gl_report_at(report, tag, NULL, &(gl_problem){.code = "group-repeated"},
                     "the segment group that %s begins is here more often than the message takes it",
                     segment->spec->tag);
    else
        gl_report_at(report, tag, NULL, &(gl_problem){.code = "segment-misplaced"},
                     "the message has no %s at this place", segment->spec->tag);
}

void gl_edi_cursor_take(gl_edi_cursor *cursor, gl_edi_segment *segment, gl_report *report)
{
    place at = {0};
    search found = segment->code == 0 ? NOWHERE : find_place(cursor, segment->code, &at);
    if (found == FOUND) {
        if (report != NULL)
            leave_behind(cursor, at, report);
        enter(cursor, at, segment);
        return;
    }
    segment->spec = segment->code == 0 ? NULL : gl_edi_spec_of(cursor->directory, segment->code);
    report_misplaced(segment, found, report);
}

/* --- elements --- */

size_t gl_edi_characters(gl_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

static gl_str shown(gl_report *report, const gl_edi_value *value)
{
    return gl_edi_is_personal(value->segment) && value->text.len > 0 ? gl_report_masked(report->arena, value->text)
                                                                     : (gl_str){NULL, 0};
}

static const char *form_text(gl_report *report, const gl_edi_component *form)
{
    return gl_arena_printf(report->arena, "%s%s%u",
                           form->kind == 'x'   ? "an"
                           : form->kind == 'a' ? "a"
                                               : "n",
                           form->exact ? "" : "..", form->most);
}

/* A number's length without sign and decimal mark; below 0: it is none. */
static int number_length(gl_str text, bool *bare)
{
    int digits = 0, points = 0;
    *bare = false;
    for (size_t i = text.len > 0 && text.ptr[0] == '-'; i < text.len; i++) {
        if (text.ptr[i] == '.' || text.ptr[i] == ',') {
            *bare = *bare || digits == 0 || i + 1 == text.len;
            points++;
        } else if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return -1;
        } else {
            digits++;
        }
    }
    return digits == 0 || points > 1 ? -1 : digits;
}

static void check_length(gl_report *report, const gl_edi_value *value, const gl_edi_component *form, size_t len)
{
    if (len > form->most)
        gl_report_at(report, value, NULL,
                     &(gl_problem){
                         .code = "element-too-long", .allowed = form_text(report, form), .value = shown(report, value)},
                     "data element %s has %zu characters", form->id, len);
    else if (form->exact && len < form->most)
        gl_report_at(report, value, NULL,
                     &(gl_problem){.code = "element-too-short",
                                   .allowed = form_text(report, form),
                                   .value = shown(report, value)},
                     "data element %s has %zu characters", form->id, len);
}

static void check_number(gl_report *report, const gl_edi_value *value, const gl_edi_component *form)
{
    bool bare = false;
    int len = number_length(value->text, &bare);
    gl_problem problem = {.allowed = form_text(report, form), .value = shown(report, value)};
    if (len < 0) {
        problem.code = "element-characters";
        gl_report_at(report, value, NULL, &problem, "data element %s is not a number", form->id);
        return;
    }
    if (bare) {
        problem.code = "decimal-notation";
        problem.hint = "digits stand before and behind a decimal mark";
        gl_report_at(report, value, NULL, &problem, "a digit is missing beside the decimal mark of data element %s",
                     form->id);
    }
    check_length(report, value, form, (size_t)len);
}

/* A number whose form is one, or letters. */
static bool fits_quickly(const gl_edi_value *value, const gl_edi_component *form)
{
    return form->kind == 'x' && !form->exact && value->text.len <= form->most;
}

static void check_value(gl_report *report, const gl_edi_value *value, const gl_edi_component *form)
{
    if (value->undecoded)
        gl_report_at(report, value, NULL, &(gl_problem){.code = "encoding", .value = shown(report, value)},
                     "data element %s has bytes that are no character of the interchange's set", form->id);
    else if (value->foreign)
        gl_report_at(report, value, NULL,
                     &(gl_problem){.code = "character-set",
                                   .warning = true,
                                   .hint = "UNOC (ISO 8859-1) and UNOY (UTF-8) have more",
                                   .value = shown(report, value)},
                     "data element %s has a character that the interchange's set does not have", form->id);
    if (fits_quickly(value, form))
        return;
    if (form->kind == 'n') {
        check_number(report, value, form);
        return;
    }
    for (size_t i = 0; form->kind == 'a' && i < value->text.len; i++)
        if (value->text.ptr[i] >= '0' && value->text.ptr[i] <= '9') {
            gl_report_at(report, value, NULL,
                         &(gl_problem){.code = "element-characters", .allowed = form_text(report, form)},
                         "data element %s has a digit", form->id);
            break;
        }
    check_length(report, value, form, gl_edi_characters(value->text));
}

/* Where something should be. */
static const gl_edi_value *nowhere(gl_report *report, const gl_edi_segment *segment, size_t element, size_t component)
{
    gl_edi_value *value = GL_NEW(report->arena, gl_edi_value);
    *value = (gl_edi_value){
        .text = GL_STR(""), .segment = segment, .element = (uint16_t)element, .component = (uint16_t)component};
    return value;
}

static void report_absent(gl_report *report, const gl_edi_segment *segment, size_t element, size_t component,
                          const char *id)
{
    gl_report_at(report, nowhere(report, segment, element, component), NULL, &(gl_problem){.code = "element-missing"},
                 "%s of %s is missing", id, segment->spec->tag);
}

/* One position: values from `from` that are of it. Returns the index behind them. */
static size_t check_element(gl_report *report, const gl_edi_segment *segment, size_t e, size_t from)
{
    const gl_edi_element *element = &segment->spec->elements[e];
    size_t at = from;
    if (at == segment->count || segment->values[at].element != e + 1) {
        if (element->mandatory)
            report_absent(report, segment, e + 1, 1, element->id);
        return at;
    }
    for (size_t c = 0; c < element->count; c++) {
        const gl_edi_component *form = &element->components[c];
        const gl_edi_value *value = &segment->values[at];
        if (at < segment->count && value->element == e + 1 && value->component == c + 1 && !value->repeated) {
            check_value(report, value, form);
            at++;
        } else if (form->mandatory) {
            report_absent(report, segment, e + 1, c + 1, form->id);
        }
    }
    for (; at < segment->count && segment->values[at].element == e + 1; at++)
        gl_report_at(report, &segment->values[at], NULL,
                     &(gl_problem){.code = "element-unexpected", .value = shown(report, &segment->values[at])},
                     "%s has no such component, or is not repeated", element->id);
    return at;
}

void gl_edi_check_elements(gl_report *report, const gl_edi_segment *segment)
{
    size_t at = 1;
    for (size_t e = 0; e < segment->spec->count; e++)
        at = check_element(report, segment, e, at);
    if (at < segment->count)
        gl_report_at(report, &segment->values[at], NULL,
                     &(gl_problem){.code = "element-unexpected", .value = shown(report, &segment->values[at])},
                     "%s has %u elements at most", segment->spec->tag, segment->spec->count);
    if (segment->values[0].element == 0 && segment->count > 0 && segment->too_many)
        gl_report_at(report, &segment->values[0], NULL, &(gl_problem){.code = "element-unexpected"},
                     "the segment has more than %d values", GL_EDI_VALUES);
}
