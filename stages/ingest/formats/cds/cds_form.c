/* Looking rules up, for reading and for the documentation. See cds_map.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingest/formats/cds/cds_map.h"

const gl_cds_form gl_cds_form_uk = {
    .format = "cds-xml",
    .whole = &gl_cds_whole,
    .table = &gl_cds_declaration,
    .start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<md:MetaData xmlns:md=\"urn:wco:datamodel:WCO:DocumentMetaData-DMS:2\" "
             "xmlns=\"urn:wco:datamodel:WCO:DEC-DMS:2\" xmlns:ds=\"urn:wco:datamodel:WCO:Declaration_DS:DMS:2\">\n"
             "  <md:WCODataModelVersionCode>3.6</md:WCODataModelVersionCode>\n"
             "  <md:WCOTypeName>DEC</md:WCOTypeName>\n  <Declaration>",
    .end = "\n  </Declaration>\n</md:MetaData>\n",
    .depth = 2,
    .units = true};

const gl_cds_form *gl_cds_form_of(const gl_xml *declaration)
{
    const gl_xml *around = declaration->parent;
    bool root = around == NULL && gl_str_starts(declaration->uri, GL_STR("urn:wco:datamodel:WCO:DEC-DMS:"));
    bool category = gl_xml_child(declaration, "ProcedureCategory") != NULL ||
                    (around != NULL && gl_xml_child(around, "ProcedureCategory") != NULL);
    return root || category ? &gl_cds_form_eu : &gl_cds_form_uk;
}

void gl_cds_prepare_table(const gl_cds_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        gl_cds_rule *rule = &table->rules[i];
        rule->element_len = strlen(rule->element);
        if (rule->action == GL_CDS_FIELD || rule->action == GL_CDS_RECORD || rule->action == GL_CDS_LIST) {
            rule->target = gl_shape_field(table->shape, gl_str_of(rule->field));
            if (rule->target == NULL) {
                fprintf(stderr, "cds mapping: %s has no field %s\n", table->shape->name, rule->field);
                abort();
            }
        }
        if (rule->inside != NULL)
            gl_cds_prepare_table(rule->inside);
    }
}

static void prepare_all(void)
{
    gl_cds_prepare_table(&gl_cds_whole);
    for (const gl_cds_part *part = gl_cds_parts; part->title != NULL; part++)
        gl_cds_prepare_table(part->table);
    for (size_t i = 0; i < gl_cds_form_eu.overlay_count; i++)
        gl_cds_prepare_table(&gl_cds_form_eu.overlays[i].rules);
}

void gl_cds_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_all);
}

const gl_cds_table *gl_cds_over(const gl_cds_form *form, const gl_cds_table *table)
{
    for (size_t i = 0; i < form->overlay_count; i++)
        if (form->overlays[i].over == table)
            return &form->overlays[i].rules;
    return NULL;
}

static const gl_cds_rule *rule_in(const gl_cds_table *table, gl_str element)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rules[i].element_len == element.len &&
            memcmp(table->rules[i].element, element.ptr, element.len) == 0)
            return &table->rules[i];
    return NULL;
}

const gl_cds_rule *gl_cds_rule_of(const gl_cds_table *over, const gl_cds_table *table, gl_str element)
{
    const gl_cds_rule *own = over == NULL ? NULL : rule_in(over, element);
    return own != NULL ? own : rule_in(table, element);
}

const gl_cds_rule *gl_cds_find(const gl_cds_form *form, const char *path)
{
    const gl_cds_table *table = &gl_cds_declaration;
    const gl_cds_rule *rule = NULL;
    for (const char *step = path; table != NULL; step = strchr(step, '/') + 1) {
        gl_str element = {step, strcspn(step, "/")};
        rule = gl_cds_rule_of(gl_cds_over(form, table), table, element);
        if (rule == NULL || step[element.len] == 0)
            return rule;
        table = rule->inside;
    }
    return NULL;
}

gl_str gl_cds_kept_type(gl_arena *arena, gl_str parent, gl_str element)
{
    return gl_str_of(gl_arena_printf(arena, "%.*s.%.*s", GL_STR_ARG(parent), GL_STR_ARG(element)));
}

const gl_cds_table *gl_cds_find_inside(const gl_cds_table *table, const char *path)
{
    while (table != NULL && *path != 0) {
        gl_str element = {path, strcspn(path, "/")};
        const gl_cds_rule *rule = gl_cds_rule_of(NULL, table, element);
        table = rule == NULL ? NULL : rule->inside;
        path += element.len + (path[element.len] == '/');
    }
    return table;
}

/* --- documentation --- */

/* "`parties`, IMPORTER | note |" */
static void document_rule(gl_buf *buf, const gl_cds_rule *rule)
{
    if (rule->action == GL_CDS_SKIP)
        gl_buf_text(buf, "not carried");
    else if (rule->action == GL_CDS_ORDER)
        gl_buf_text(buf, "its place");
    else if (rule->action == GL_CDS_ATTRIBUTE)
        gl_buf_printf(buf, "attribute `%s`", rule->field);
    else if (rule->action == GL_CDS_LIST && rule->key >= 0)
        gl_buf_printf(buf, "`%s`, %s", rule->field, rule->target->shape->fields[0].names[rule->key]);
    else if (rule->action == GL_CDS_CUSTOM || rule->action == GL_CDS_PART)
        gl_buf_text(buf, rule->field);
    else if (rule->action != GL_CDS_ENTER && rule->action != GL_CDS_EACH)
        gl_buf_printf(buf, "`%s`", rule->field);
    gl_buf_printf(buf, " | %s |\n", rule->note == NULL ? "" : rule->note);
}

void gl_cds_document_table(gl_buf *buf, const gl_cds_table *table, const char *prefix)
{
    gl_buf path = {0};
    for (size_t i = 0; i < table->count; i++) {
        const gl_cds_rule *rule = &table->rules[i];
        path.len = 0;
        gl_buf_printf(&path, "%s%s%s", prefix, *prefix == 0 ? "" : "/", rule->element);
        gl_buf_byte(&path, 0);
        if (rule->inside == &gl_cds_declaration)
            continue;
        if (rule->action == GL_CDS_ENTER || rule->action == GL_CDS_EACH) {
            gl_cds_document_table(buf, rule->inside, (const char *)path.data);
            continue;
        }
        gl_buf_printf(buf, "| `%s` | ", (const char *)path.data);
        document_rule(buf, rule);
    }
    gl_buf_free(&path);
}

void gl_cds_document(gl_buf *buf)
{
    gl_cds_prepare();
    for (const gl_cds_part *part = gl_cds_parts; part->title != NULL; part++) {
        gl_buf_printf(buf, "\n#### In %s\n\n| element | canonical | |\n|---|---|---|\n", part->title);
        gl_cds_document_table(buf, part->table, "");
    }
}

void gl_eu_document(gl_buf *buf)
{
    gl_cds_prepare();
    gl_buf_text(buf, "| element | data element | times | canonical | |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < gl_eu_structure_count; i++) {
        const gl_eu_element *e = &gl_eu_structure[i];
        gl_buf_printf(buf, "| `%s` | %s | %s | ", e->path, e->number == NULL ? "" : e->number, e->times);
        document_rule(buf, gl_cds_find(&gl_cds_form_eu, e->path));
    }
}
