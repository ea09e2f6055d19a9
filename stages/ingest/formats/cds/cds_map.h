/* The WCO mapping: which element of a Declaration becomes which canonical field.
 *
 * Tables of rules, one a context; a rule is about one child element. The tables drive the reader, its warnings about
 * elements nobody knows, and the element list of docs/FORMATS.md.
 * Always holds: each rule's field exists in its table's shape (checked when the tables are prepared).
 * Thread: any, after gl_cds_prepare.
 */
#ifndef GL_INGEST_FORMATS_CDS_MAP_H
#define GL_INGEST_FORMATS_CDS_MAP_H

#include "ingest/formats/cds/xml_tree.h"
#include "ingest/formats/report.h"

typedef enum gl_cds_action {
    GL_CDS_FIELD,     /* its text is `field`; amounts with currencyID, measures with unitCode */
    GL_CDS_ENTER,     /* its children belong to the same record */
    GL_CDS_RECORD,    /* it is the record in `field` */
    GL_CDS_LIST,      /* it is a new element of the list `field`; `key` is the element's enum (role, kind), -1: none */
    GL_CDS_ATTRIBUTE, /* its text is the code of the attribute named `field` */
    GL_CDS_CUSTOM,    /* `custom` reads it; `field` says what it sets */
    GL_CDS_SKIP,      /* known, and without a canonical home */
} gl_cds_action;

/* What the reader carries through a declaration. */
typedef struct gl_cds {
    gl_report *report;
    gl_declaration *declaration;
    gl_declaration_goods_item *item; /* NULL: outside items */
} gl_cds;

typedef struct gl_cds_table gl_cds_table;
typedef void gl_cds_custom(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path);

typedef struct gl_cds_rule {
    const char *element;
    gl_cds_action action;
    const char *field;
    int key;
    const gl_cds_table *inside; /* ENTER, RECORD, LIST */
    gl_cds_custom *custom;
    const char *note;       /* for the documentation */
    size_t element_len;     /* prepared */
    const gl_field *target; /* prepared */
} gl_cds_rule;

struct gl_cds_table {
    const gl_shape *shape; /* of the record its rules set */
    gl_cds_rule *rules;
    size_t count;
};

extern const gl_cds_table gl_cds_declaration;

/* Resolves the tables' names; once, from any thread. Aborts when a rule names a field that does not exist. */
void gl_cds_prepare(void);
/* Reads the children of `node` into `record` by the table. */
void gl_cds_walk(gl_cds *cds, const gl_cds_table *table, const gl_xml *node, void *record, const gl_path *path);
/* One Markdown row an element, for docs/FORMATS.md. */
void gl_cds_document(gl_buf *buf);

#endif
