/* JSON of post, express and trade: which member of which document becomes which canonical field.
 *
 * US entries (3461, 7501, Type 86) and de minimis shipments, bills of lading, as the W3C's traceability vocabulary has
 * them, postal items (ITMATT, CN22, CN23) and manifests. A document is told by its `type`, or by the members that only
 * it has. Tables of rules, one an object; a rule may know several names for one member ("itemId|s10"). They drive the
 * reader, its warnings about members nobody knows, the leaves and the lists of docs/FORMATS.md. Always holds: each
 * rule's field exists in its table's shape. Thread: any, after gl_trade_prepare.
 */
#ifndef GL_INGEST_FORMATS_TRADE_TRADE_MAP_H
#define GL_INGEST_FORMATS_TRADE_TRADE_MAP_H

#include "ingest/formats/impl.h"
#include "ingest/formats/leaves.h"
#include "io/json.h"

typedef enum gl_trade_action {
    GL_TRADE_FIELD,     /* a text, number, amount, measure or place: `field` */
    GL_TRADE_ENTER,     /* an object, or each of a list, whose members belong to the same record */
    GL_TRADE_RECORD,    /* an object that is the record in `field`; one that is there already is completed */
    GL_TRADE_PARTY,     /* an object, or each of a list: a party with the role `key` and the role code `code` */
    GL_TRADE_DOCUMENT,  /* a text, or each of a list: the id of a document of the kind `key` and the type `code` */
    GL_TRADE_ITEMS,     /* each of a list is an item */
    GL_TRADE_ITEM,      /* its members belong to the only item */
    GL_TRADE_ATTRIBUTE, /* a text, number or amount, or each of a list: an attribute of the type `field` */
    GL_TRADE_CUSTOM,    /* `custom` reads it; `field` says what it sets */
    GL_TRADE_PART,      /* what is around it reads it; `field` says what it sets */
    GL_TRADE_KIND,      /* says what kind of object it is in */
    GL_TRADE_LEFT,      /* known, and without a canonical home: `note` says why */
} gl_trade_action;

typedef struct gl_trade_table gl_trade_table;
typedef struct gl_trade_rule gl_trade_rule;
typedef struct gl_trade_form gl_trade_form;

/* What the reader carries through a document. */
typedef struct gl_trade {
    const gl_trade_form *form;
    gl_report *report;
    gl_declaration *declaration;
    gl_declaration_goods_item *item; /* NULL: outside items */
    gl_str currency;                 /* of amounts that name none; empty: they have none */
    const gl_json *currency_node;    /* which member says it; NULL: the form does */
    const gl_json *object;           /* whose members are being read */
    bool around;                     /* reading what stands around a consignment: what it says itself counts */
    bool air;
} gl_trade;

typedef void gl_trade_custom(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                             const gl_path *path);

struct gl_trade_rule {
    const char *names; /* of the member, parted by '|'; the first is the one that is written */
    gl_trade_action action;
    const char *field;
    int key;
    const char *code;
    const gl_trade_table *inside;
    gl_trade_custom *custom;
    const char *note;
    const gl_field *target; /* prepared */
};

struct gl_trade_table {
    const gl_shape *shape; /* of the record its rules set */
    gl_trade_rule *rules;
    size_t count;
};

/* A kind of document. */
struct gl_trade_form {
    const char *type;    /* as its `type` calls it; NULL: it is told by `told_by` alone */
    const char *told_by; /* members, parted by '|', of which one is enough and that nothing else has; NULL: by type */
    const char *format;  /* as message.format records it; NULL: it is no declaration */
    const char *what;    /* "a packing list": for the refusal, and the documentation */
    const gl_trade_table *table;
    const char *data_set;
    const char *lrn_prefix; /* before the document's own number in the LRN */
    const char *currency;   /* of amounts that name none; NULL: none */
    const char *sea, *air;  /* type of its transport document; NULL: it is none */
};
extern const gl_trade_form gl_trade_forms[];
extern const size_t gl_trade_form_count;

extern const gl_trade_table gl_trade_table_around, gl_trade_table_credential;

void gl_trade_prepare(void);
/* One part a kind of document, for docs/FORMATS.md. */
void gl_trade_document(gl_buf *buf);
/* NULL: nobody knows that member. */
const gl_trade_rule *gl_trade_rule_of(const gl_trade_table *table, gl_str name);
/* The form of a document, NULL: it is none of these (our own JSON). `*document`: of a credential, its subject. */
const gl_trade_form *gl_trade_form_of(const gl_json *tree, const gl_json **document);
/* Is it a credential, with its subject inside? */
bool gl_trade_is_credential(const gl_json *tree);

/* Reads the members of `node` into `record` by the table. */
void gl_trade_walk(gl_trade *trade, const gl_trade_table *table, const gl_json *node, void *record,
                   const gl_path *path);
/* The text of a text, number, true or false, of a place its code; of a list of one, that one's. `*from`: where it
 * stands. {NULL, 0}: it has none. */
gl_str gl_trade_text(const gl_json *node, const gl_json **from);
void gl_trade_set_attribute(gl_trade *trade, const char *type, gl_str text, const gl_json *node);
/* Of a number, an object with a number and its unit, a list: an attribute each. */
void gl_trade_add_attributes(gl_trade *trade, const char *type, const gl_json *node);
/* Sets an amount or a measure, with its currency or unit. */
void gl_trade_set_quantity(gl_trade *trade, const gl_shape *shape, const char *field, void *record, const gl_json *node,
                           const gl_path *path);
/* Sets a field; what is given already is left, with an error unless it stands around. */
void gl_trade_set(gl_trade *trade, const gl_shape *shape, const char *field, void *record, gl_str text,
                  const gl_json *node, const gl_path *path);

/* Reads one element of a message, or refuses it as what it is. `around`: what stands around it in a manifest, or NULL.
 */
void gl_trade_read(gl_reader *reader, gl_intake *intake, const gl_json *tree, const gl_json *around, gl_str text);
/* What became of each leaf (a text, a number, true or false) of the document the report is about. */
void gl_trade_leaves(const gl_report *report, gl_arena *arena, gl_leaf_visit *visit, void *context);

/* Customs (trade_custom.c). */
gl_trade_custom gl_trade_read_name, gl_trade_read_street, gl_trade_read_city, gl_trade_read_country,
    gl_trade_read_place, gl_trade_read_address_name, gl_trade_read_mode, gl_trade_read_code, gl_trade_read_marks,
    gl_trade_read_packages, gl_trade_read_number, gl_trade_read_day, gl_trade_read_bill, gl_trade_read_master,
    gl_trade_read_currency, gl_trade_read_category, gl_trade_read_item_party, gl_trade_read_charge,
    gl_trade_read_description, gl_trade_read_ioss;

#endif
