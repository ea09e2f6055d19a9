/* The WCO mapping: which element of a Declaration becomes which canonical field.
 *
 * Tables of rules, one a context; a rule is about one child element. The tables drive the reader, its warnings about
 * elements nobody knows, the writer (cds_write.h) and the element lists of docs/FORMATS.md. A form is who writes the
 * Declaration: the tables are the UK's, the EU's form has rules of its own that stand before those of a table. Rules
 * stand in the order in which the UK's schema has their elements.
 * Always holds: each rule's field exists in its table's shape (checked when the tables are prepared).
 * Thread: any, after gl_cds_prepare.
 */
#ifndef GL_INGEST_FORMATS_CDS_MAP_H
#define GL_INGEST_FORMATS_CDS_MAP_H

#include "ingest/formats/report.h"
#include "ingest/formats/xml/xml_tree.h"

typedef enum gl_cds_action {
    GL_CDS_FIELD,     /* its text is `field`; amounts with currencyID, measures with unitCode */
    GL_CDS_ENTER,     /* its children belong to the same record */
    GL_CDS_EACH,      /* the same; there is one for each text of a list, or attribute, inside it */
    GL_CDS_RECORD,    /* it is the record in `field` */
    GL_CDS_LIST,      /* it is a new element of the list `field`; `key` is the element's enum (role, kind), -1: none */
    GL_CDS_ATTRIBUTE, /* its text is the code of the attribute named `field` */
    GL_CDS_CUSTOM,    /* `custom` reads it; `field` says what it sets */
    GL_CDS_PART,      /* the custom rule around it reads it, or the reader itself; `field` says what it sets */
    GL_CDS_ORDER,     /* the number of its element among its siblings: the order is kept, and says it again */
    GL_CDS_SKIP,      /* known, and without a canonical home */
} gl_cds_action;

typedef struct gl_cds_table gl_cds_table;
typedef struct gl_cds_form gl_cds_form;

/* What the reader carries through a declaration. */
typedef struct gl_cds {
    const gl_cds_form *form;
    gl_report *report;
    gl_declaration *declaration;
    gl_declaration_goods_item *item; /* NULL: outside items */
} gl_cds;

typedef struct gl_cds_rule gl_cds_rule;
typedef struct gl_cds_writer gl_cds_writer;
typedef struct gl_cds_frame gl_cds_frame;
typedef void gl_cds_custom(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path);
/* Writes what the custom reads. */
typedef void gl_cds_put(gl_cds_writer *writer, const gl_cds_rule *rule, gl_cds_frame *frame);
/* Is it the element that this is written as? `record`: the one that the table sets, of a list its element. */
typedef bool gl_cds_when(const gl_cds_writer *writer, const void *record);

struct gl_cds_rule {
    const char *element;
    gl_cds_action action;
    const char *field;
    int key;
    const gl_cds_table *inside; /* ENTER, EACH, RECORD, LIST, and CUSTOM where its elements are rules too */
    gl_cds_custom *custom;
    gl_cds_put *put;        /* CUSTOM, and SKIP where something else tells what stands there */
    gl_cds_when *when;      /* where several elements say the same; NULL: always */
    const char *note;       /* for the documentation; SKIP, and what a custom leaves: the reason */
    bool once;              /* of a list the form takes one, the first */
    const char *absent;     /* where absent values are written: what stands there; NULL: nothing */
#define GL_CDS_ZERO "0.0"   /* the writer's zero */
    size_t element_len;     /* prepared */
    const gl_field *target; /* prepared */
};

struct gl_cds_table {
    const gl_shape *shape; /* of the record its rules set */
    gl_cds_rule *rules;
    size_t count;
};

/* The whole document: a Declaration, alone or in what may be around it. */
extern const gl_cds_table gl_cds_whole, gl_cds_declaration;

/* What the documentation has a list of elements for; ends with a title NULL. */
typedef struct gl_cds_part {
    const char *title;
    const gl_cds_table *table;
} gl_cds_part;
extern const gl_cds_part gl_cds_parts[];

typedef struct gl_cds_overlay {
    const gl_cds_table *over;
    gl_cds_table rules; /* before those of `over`, of the same shape */
} gl_cds_overlay;

struct gl_cds_form {
    const char *format;        /* as message.format records it */
    const gl_cds_table *whole; /* from the document's root */
    const gl_cds_table *table; /* of the element that is the declaration */
    const char *element;       /* its name, where absent values are written */
    const char *start, *end;   /* what is written around the declaration's elements; `depth` deep */
    int depth;
    bool units; /* amounts and measures have their currency and unit as an attribute */
    /* Absent values are written too. Texts that are too long for an attribute become additional information with its
     * type as the code; what a field cannot be set from becomes an attribute of the type gl_cds_kept_type. */
    bool absent;
    /* What a field (NULL: an attribute) is set from, where numbers and the like have a form of their own; {NULL, 0}:
     * nothing. NULL: the text as it stands. */
    gl_str (*text)(gl_cds *cds, const gl_field *field, const gl_xml *node, const gl_path *path);
    /* Does a record say nothing, so that there is none? Then its texts were noted. NULL: a record is a record. */
    bool (*nothing)(gl_cds *cds, const gl_xml *node);
    const gl_cds_overlay *overlays;
    size_t overlay_count;
    bool any_classification; /* an item without classification TSP declares the first one it has */
    bool relief_is_h7;       /* C07, C08, F48, F49 make an H7 without a procedure category too */
};
extern const gl_cds_form gl_cds_form_uk, gl_cds_form_eu;

/* The EU's form names its column (ProcedureCategory, its own or in MetaData), or is the document's root in the
 * namespace of WCO declarations; the UK's comes in MetaData. */
const gl_cds_form *gl_cds_form_of(const gl_xml *declaration);

/* An element of the EU's H7: its path below Declaration, the number of its data element (NULL: none), how many. */
typedef struct gl_eu_element {
    const char *path, *number, *times;
} gl_eu_element;
extern const gl_eu_element gl_eu_structure[];
extern const size_t gl_eu_structure_count;

/* Resolves the tables' names; once, from any thread. Aborts when a rule names a field that does not exist. */
void gl_cds_prepare(void);
/* The same of one table and those inside it, by another form's own prepare. */
void gl_cds_prepare_table(const gl_cds_table *table);
/* The rules that the form lays over the table, or NULL. */
const gl_cds_table *gl_cds_over(const gl_cds_form *form, const gl_cds_table *table);
/* The rule about a child element, `over` (may be NULL) first; NULL: nobody knows it there. */
const gl_cds_rule *gl_cds_rule_of(const gl_cds_table *over, const gl_cds_table *table, gl_str element);
/* The rule about "GoodsShipment/UCR/ID", a path below Declaration; NULL: there is none. */
const gl_cds_rule *gl_cds_find(const gl_cds_form *form, const char *path);
/* The table inside that element, a path below the one that `table` is of; NULL: there is none. */
const gl_cds_table *gl_cds_find_inside(const gl_cds_table *table, const char *path);
/* "Parent.Element": the type of the attribute that keeps what a field cannot be set from. */
gl_str gl_cds_kept_type(gl_arena *arena, gl_str parent, gl_str element);
/* Reads the children of `node` into `record` by the table. */
void gl_cds_walk(gl_cds *cds, const gl_cds_table *table, const gl_xml *node, void *record, const gl_path *path);
/* Reports the children of `node` that the table does not know. */
void gl_cds_check(gl_cds *cds, const gl_cds_table *table, const gl_xml *node);
/* Adds an attribute to the item that is being read, else to the declaration; an empty text adds nothing. */
void gl_cds_set_attribute(gl_cds *cds, const char *type, gl_str text, const gl_xml *node);
/* One Markdown row an element, for docs/FORMATS.md: the tables, and the EU's H7. */
void gl_cds_document(gl_buf *buf);
void gl_cds_document_table(gl_buf *buf, const gl_cds_table *table, const char *prefix);
void gl_eu_document(gl_buf *buf);

#endif
