/* See ens_schema.h. A table's rows are a sequence: its elements come in the order of the rows, each as often as it
 * may. What comes too late is out of order and nothing else; an element that did not come when one behind it did is
 * missing. */
#include "ingest/formats/ens/ens_schema.h"

#include "base/yaml.h"
#include "ingest/formats/ens/ens_form.h"

enum { ROWS = 32 };

typedef struct form_check {
    gl_report *report;
    gl_ens_message message;
    const char *name; /* of the message */
    bool in_item;
} form_check;

/* The canonical field that an element becomes, as a path: names of people are masked by it. */
typedef struct place {
    gl_path items, item, parties, party, field;
} place;

static const gl_path *place_of(const form_check *c, const gl_ens_table *table, const gl_ens_row *row, place *p)
{
    const gl_path *around = NULL;
    if (row->action != GL_ENS_FIELD)
        return NULL;
    if (c->in_item) {
        p->items = (gl_path){NULL, "items", NULL};
        p->item = (gl_path){&p->items, NULL, NULL};
        around = &p->item;
    }
    if (table->shape == &gl_shape_party) {
        p->parties = (gl_path){around, "parties", NULL};
        p->party = (gl_path){&p->parties, NULL, NULL};
        around = &p->party;
    }
    p->field = (gl_path){around, row->field, NULL};
    return &p->field;
}

static void refuse(form_check *c, gl_xml *node, const gl_ens_table *table, const gl_ens_row *row, const char *code,
                   const char *text)
{
    place p;
    gl_problem problem = {.code = code, .allowed = gl_ens_form_allowed(c->report->arena, row, c->name)};
    node->refused = true;
    gl_report_at(c->report, node, place_of(c, table, row, &p), &problem, "%s (%s) %s", row->element, row->words, text);
}

static void check_text(form_check *c, gl_xml *node, const gl_ens_table *table, const gl_ens_row *row)
{
    static const char *const texts[][2] = {{"missing", "is empty"},
                                           {"too-long", "is too long"},
                                           {"invalid-number", "is not a number of the form that is expected"},
                                           {"out-of-range", "has too many digits"},
                                           {"invalid-date", "is not a date or time that exists"},
                                           {"invalid-code", "does not have its form"}};
    if (node->first != NULL) {
        refuse(c, node, table, row, "wrong-type", "holds elements where text was expected");
        return;
    }
    const char *code = gl_ens_form_problem(row, gl_ens_text(c->report->arena, row->form, node), c->name);
    for (size_t i = 0; code != NULL && i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i][0], code) == 0)
            refuse(c, node, table, row, texts[i][0], texts[i][1]);
}

static void check_attributes(form_check *c, const gl_xml *node)
{
    for (const gl_xml *a = node->attributes; a != NULL; a = a->next)
        if (a->uri.len == 0)
            gl_report_at(c->report, a, NULL, &(gl_problem){.code = "unknown-attribute"},
                         "%.*s has no attribute %.*s: nothing has", GL_STR_ARG(node->name), GL_STR_ARG(a->name));
}

static void unknown(form_check *c, const gl_ens_table *table, gl_xml *node)
{
    const char *names[ROWS + 1] = {NULL};
    for (size_t i = 0; i < table->count && i < ROWS; i++)
        names[i] = table->rows[i].element;
    const char *near = gl_report_wants_hint(c->report) ? gl_nearest_name(node->name, names) : NULL;
    gl_problem problem = {.code = "unknown-element",
                          .hint = near == NULL ? NULL : gl_arena_printf(c->report->arena, "did you mean %s?", near)};
    gl_str text = gl_str_trim(node->text);
    if (text.len > 0)
        problem.value = gl_report_masked(c->report->arena, text);
    node->refused = true;
    gl_report_at(c->report, node, NULL, &problem, "%.*s is not known inside %.*s", GL_STR_ARG(node->name),
                 GL_STR_ARG(node->parent->name));
}

/* --- a sequence --- */

static void missing(form_check *c, const gl_xml *node, const gl_ens_row *row)
{
    gl_problem problem = {.code = "missing", .allowed = gl_ens_form_allowed(c->report->arena, row, c->name)};
    gl_report_at(c->report, node, NULL, &problem, "%s (%s) is missing", row->element, row->words);
}

/* How often the element of each row came; what comes again behind a later one counts too. */
static void check_child(form_check *c, const gl_ens_table *table, gl_xml *child, size_t *at, size_t counts[ROWS])
{
    const gl_ens_row *row = gl_ens_row_from(table, c->message, child->name, *at);
    if (row == NULL) {
        unknown(c, table, child);
        return;
    }
    size_t index = (size_t)(row - table->rows);
    counts[index]++;
    if (index < *at) {
        child->refused = counts[index] > 1;
        gl_report_at(c->report, child, NULL, &(gl_problem){.code = "element-order"},
                     "%s (%s) comes too late: it belongs before %s", row->element, row->words,
                     table->rows[*at].element);
        return;
    }
    *at = index;
    if (row->most > 0 && counts[index] > row->most) {
        child->refused = true;
        gl_report_at(c->report, child, NULL,
                     &(gl_problem){.code = "duplicate-element",
                                   .allowed = gl_arena_printf(c->report->arena, "at most %d", row->most)},
                     "%s (%s) is there too often", row->element, row->words);
    }
}

static void check_group(form_check *c, const gl_ens_table *table, gl_xml *node);

static void check_inside(form_check *c, const gl_ens_table *table, gl_xml *child, size_t *at)
{
    const gl_ens_row *row = gl_ens_row_from(table, c->message, child->name, *at);
    if (row == NULL || child->refused)
        return;
    *at = (size_t)(row - table->rows);
    check_attributes(c, child);
    bool outside = !c->in_item;
    if (row->inside != NULL && row->inside->shape == &gl_shape_item)
        c->in_item = true;
    if (row->form == GL_ENS_GROUP)
        check_group(c, row->inside, child);
    else
        check_text(c, child, table, row);
    c->in_item = c->in_item && !outside;
}

static void check_group(form_check *c, const gl_ens_table *table, gl_xml *node)
{
    size_t counts[ROWS] = {0}, at = 0;
    if (gl_str_trim(node->text).len > 0)
        gl_report_at(c->report, node, NULL, &(gl_problem){.code = "unexpected-text"},
                     "%.*s holds text where elements were expected", GL_STR_ARG(node->name));
    for (gl_xml *child = node->first; child != NULL; child = child->next)
        check_child(c, table, child, &at, counts);
    for (size_t i = 0; i < table->count; i++)
        if (counts[i] < table->rows[i].least && gl_ens_is_in(&table->rows[i], c->message))
            missing(c, node, &table->rows[i]);
    at = 0;
    for (gl_xml *child = node->first; child != NULL; child = child->next)
        check_inside(c, table, child, &at);
}

void gl_ens_check_form(gl_report *report, gl_ens_message message, gl_xml *root)
{
    form_check c = {report, message, message == GL_ENS_313 ? "CC313A" : "CC315A", false};
    check_attributes(&c, root);
    check_group(&c, &gl_ens_root, root);
}
