/* See edi_leaves.h. */
#include "ingest/formats/edifact/edi_leaves.h"

#include <string.h>

#include "ingest/formats/edifact/edi_map.h"

typedef struct leaves {
    size_t epoch;
    gl_leaves all;
} leaves;

static bool is_at(gl_edi_position at, const gl_edi_value *value)
{
    return at.element == value->element && at.component == value->component;
}

/* The part of a rule that the value is; of a text that goes on, its first. NULL: none. */
static const gl_edi_part *part_of(const leaves *l, const gl_edi_rule *rule, const gl_edi_value *value)
{
    const gl_edi_element *element = &value->segment->spec->elements[value->element - 1];
    for (const gl_edi_part *part = rule->parts; part != NULL && part->element != NULL; part++) {
        gl_edi_position at = part->at[l->epoch];
        if (is_at(at, value) ||
            (part->kind == GL_EDI_JOIN && at.element == value->element && at.component < value->component &&
             strcmp(element->components[at.component - 1].id, element->components[value->component - 1].id) == 0))
            return part;
    }
    return NULL;
}

/* Values that say how another one is to be read, by element and its segment's tag (NULL: any): why they are taken
 * (NULL), or left. A rule that names the element comes first. */
static const struct {
    const char *id, *tag, *why;
} known[] = {
    {"1131", "LOC", "whose code of a place it is; codes are taken as they are"},
    {"3055", "LOC", "whose code of a place it is; codes are taken as they are"},
    {"1131", "TOD", "whose code of the terms it is: they are Incoterms"},
    {"1131", NULL, NULL}, /* code lists: custom readers ask for them */
    {"1153", NULL, NULL},
    {"2005", NULL, NULL},
    {"2379", NULL, NULL},
    {"3035", NULL, NULL},
    {"3055", NULL, NULL},
    {"4451", NULL, NULL},
    {"4055", "TOD", NULL}, /* what another value of the segment says again */
    {"5283", "TAX", NULL},
    {"6311", "MEA", NULL},
    {"9649", "GEI", NULL},
    {"0051", NULL, NULL}, /* the message's header and trailer: kept in message.profile, or compared */
    {"0052", NULL, NULL},
    {"0054", NULL, NULL},
    {"0057", NULL, NULL},
    {"0062", NULL, NULL},
    {"0065", NULL, NULL},
    {"0074", NULL, NULL},
    {"0081", NULL, NULL}, /* where a section begins: places in the message follow from it */
    {"1490", "CNI", "the order is kept, not the numbers that do not follow it"},
    {"2380", "DTM", "a time that is not of the declaration"},
    {"3225", "LOC", "the consignment says it itself"},
    {"3139", "CTA", "the canonical party has no person, only how to reach it"},
    {"4233", "PCI", "how it is marked, not with what"},
    {"6345", "CUX", "amounts have their currency"},
    {"6347", "CUX", "amounts have their currency"},
    {"8053", "EQD", "a consignment's equipment is what its SGP name"},
    {"8260", "EQD", "a consignment's equipment is what its SGP name"},
    {"8273", "DGS", "the UN number says which goods they are"},
    {"8351", "DGS", "the UN number says which goods they are"},
};

static gl_leaf_fate fate_by_name(const char *tag, const char *id, const char **why)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].id, id) == 0 && (known[i].tag == NULL || strcmp(known[i].tag, tag) == 0)) {
            *why = known[i].why;
            return known[i].why == NULL ? GL_LEAF_TAKEN : GL_LEAF_LEFT;
        }
    return GL_LEAF_NEITHER;
}

/* Segments that are there for the message itself. */
static bool is_service(const gl_edi_segment *segment)
{
    return segment->code == GL_EDI_TAG('U', 'N', 'H') || segment->code == GL_EDI_TAG('U', 'N', 'S') ||
           segment->code == GL_EDI_TAG('U', 'N', 'T');
}

static gl_leaf_fate fate_of(const leaves *l, const gl_edi_rule *rule, const gl_edi_value *value, const char *id,
                            const char **why)
{
    gl_edi_position by = rule->by == NULL ? (gl_edi_position){1, 1} : rule->by_at[l->epoch];
    if (gl_leaves_origin(&l->all, value))
        return GL_LEAF_TAKEN;
    if (rule->action == GL_EDI_SKIP && !is_service(value->segment)) {
        *why = rule->note;
        return GL_LEAF_LEFT;
    }
    const gl_edi_part *part = part_of(l, rule, value);
    if (part != NULL && part->kind == GL_EDI_LEFT) {
        *why = part->field;
        return GL_LEAF_LEFT;
    }
    if (part != NULL || (rule->qualifiers != NULL && is_at(by, value)))
        return GL_LEAF_TAKEN;
    return fate_by_name(value->segment->spec->tag, id, why);
}

static void visit_segment(leaves *l, const gl_edi_rule *rule, const gl_edi_segment *segment)
{
    for (size_t i = 1; i < segment->count; i++) {
        const gl_edi_value *value = &segment->values[i];
        const gl_edi_element *element = &segment->spec->elements[value->element - 1];
        const char *id = element->components[value->component - 1].id, *why = NULL;
        size_t len = gl_leaves_enter(&l->all, "", gl_str_of(segment->spec->tag));
        gl_leaves_enter(&l->all, "", gl_str_of(id));
        gl_leaf_fate fate = rule == NULL ? GL_LEAF_NEITHER : fate_of(l, rule, value, id, &why);
        gl_leaves_visit(&l->all, fate, why);
        l->all.path.len = len;
    }
}

/* `rule` of a group that is left as a whole: all in it is left for that reason. */
static void walk(leaves *l, const gl_edi_table *table, const gl_edi_unit *unit, size_t from, size_t to, unsigned depth)
{
    for (size_t i = from, end; i < to; i = end) {
        const gl_edi_segment *segment = &unit->segments[i];
        bool group;
        end = gl_edi_group_end(unit, i, to, depth, &group);
        const gl_edi_rule *rule = gl_edi_rule_of(l->epoch, table, segment, group);
        visit_segment(l, rule, segment);
        if (rule != NULL && rule->inside != NULL) {
            walk(l, rule->inside, unit, i + 1, end, segment->depth);
            continue;
        }
        const gl_edi_rule *around = rule != NULL && rule->action == GL_EDI_SKIP ? rule : NULL;
        for (size_t k = i + 1; k < end; k++)
            visit_segment(l, around, &unit->segments[k]);
    }
}

void gl_edi_leaves(const gl_reader *reader, gl_arena *arena, gl_leaf_visit *visit, void *context)
{
    const gl_edi *edi = reader->state;
    leaves l = {gl_edi_epoch(edi->message.directory), gl_leaves_begin(&reader->report, arena, visit, context)};
    if (edi->manifest) {
        walk(&l, &gl_edi_cuscar_header, &edi->header, 0, edi->header.count, 0);
        walk(&l, &gl_edi_cuscar_consignment, &edi->unit, 0, edi->unit.count, 0);
    } else {
        walk(&l, &gl_edi_cusdec, &edi->unit, 0, edi->unit.count, 0);
    }
}
