/* The mapping of ASYCUDA World's SAD: which element becomes which canonical field.
 *
 * The tables are read and written by the engine of cds/cds_map.h, in the order in which ASYCUDA has its elements. What
 * the canonical declaration has no field for becomes an attribute. Absent values are `<null/>` or nothing; amounts of
 * zero are absent, but for an item's price; what a field cannot be set from (a number or a date that could be two, a
 * country in words) is kept as an attribute "Parent.Element". Always holds: each rule's field exists in its table's
 * shape. Thread: any, after gl_sad_prepare.
 */
#ifndef GL_INGEST_FORMATS_SAD_SAD_MAP_H
#define GL_INGEST_FORMATS_SAD_SAD_MAP_H

#include "ingest/formats/cds/cds_put.h"
#include "ingest/formats/sad/sad_text.h"

/* The sums of money that a declaration and its items have side by side. */
typedef enum gl_sad_money {
    GL_SAD_INVOICE,
    GL_SAD_EXTERNAL_FREIGHT,
    GL_SAD_INTERNAL_FREIGHT,
    GL_SAD_INSURANCE,
    GL_SAD_OTHER_COST,
    GL_SAD_DEDUCTION,
    GL_SAD_MONEYS
} gl_sad_money;

typedef struct gl_sad_money_kind {
    const char *header, *item; /* elements */
    const char *name;          /* of its adjustment and of its attributes */
    /* "insurance_national", ..: what stands beside the amount */
    const char *national, *rate, *currency_name;
} gl_sad_money_kind;
extern const gl_sad_money_kind gl_sad_moneys[GL_SAD_MONEYS];

/* A currency of the declaration, said once. */
typedef struct gl_sad_currency {
    gl_str code, rate, name;
    size_t kind; /* gl_sad_money: the first sum in it */
} gl_sad_currency;

/* A party that stands within something else. */
typedef struct gl_sad_within {
    const char *around, *code, *name; /* elements; `code` may be empty */
    gl_declaration_party_role role;
    const char *role_code; /* empty: none */
} gl_sad_within;
extern const gl_sad_within gl_sad_withins[];
extern const size_t gl_sad_within_count;

/* What the reader carries; `cds` is what the engine is given. */
typedef struct gl_sad {
    gl_cds cds;
    gl_sad_locale locale;
    gl_sad_currency known[GL_SAD_MONEYS];
    size_t known_count;
    const gl_xml *national; /* the Currency_code of the country's own currency; NULL: it is not said */
} gl_sad;

extern const gl_cds_form gl_sad_form;
extern const gl_cds_table gl_sad_declaration, gl_sad_item;

void gl_sad_prepare(void);
/* One Markdown row an element, for docs/FORMATS.md. */
void gl_sad_document(gl_buf *buf);

/* What the document tells about itself: its locale, its currencies with their rates and names, and the national one. */
void gl_sad_learn(gl_sad *sad, const gl_xml *root);
/* The attribute, without its number, that an element of a Container becomes, or NULL. */
const char *gl_sad_container_type(gl_str element);
/* NULL: not known. */
const gl_sad_currency *gl_sad_currency_of(const gl_sad_currency *known, size_t count, gl_str code);
/* Are both numbers, and the same one? */
bool gl_sad_same_number(gl_str a, gl_str b);
/* Is it an element that holds a number with decimals? */
bool gl_sad_is_number(gl_str element);
/* Reads a number by the document's locale; {NULL, 0}: it is kept as an attribute, with a warning. */
gl_str gl_sad_read_number(gl_cds *cds, const gl_xml *node, const gl_path *path);
/* Keeps the text of an element as an attribute of its own, with a warning that says what is wrong with it. */
void gl_sad_keep(gl_cds *cds, const gl_xml *node, const gl_path *path, const char *code, const char *text,
                 const char *allowed);
/* What is read after the whole: prices, preference, parties that stand within others. */
void gl_sad_finish(gl_sad *sad, const gl_xml *root);

/* Hooks of the form (sad_custom.c). */
gl_str gl_sad_text(gl_cds *cds, const gl_field *field, const gl_xml *node, const gl_path *path);
bool gl_sad_nothing(gl_cds *cds, const gl_xml *node);
/* What customs read (sad_custom.c) and are written by (sad_put.c). */
gl_cds_custom gl_sad_read_later, gl_sad_read_flat, gl_sad_read_date, gl_sad_read_type, gl_sad_read_manifest,
    gl_sad_read_name, gl_sad_read_flag, gl_sad_read_border_office, gl_sad_read_location, gl_sad_read_deferred,
    gl_sad_read_total, gl_sad_read_money, gl_sad_read_item, gl_sad_read_licence, gl_sad_read_procedure,
    gl_sad_read_price, gl_sad_read_code, gl_sad_read_unit, gl_sad_read_previous, gl_sad_read_calculation,
    gl_sad_read_container;
gl_cds_put gl_sad_put_flow, gl_sad_put_date, gl_sad_put_type, gl_sad_put_manifest, gl_sad_put_name, gl_sad_put_agent,
    gl_sad_put_number, gl_sad_put_flag, gl_sad_put_border_office, gl_sad_put_location, gl_sad_put_deferred,
    gl_sad_put_total, gl_sad_put_party, gl_sad_put_money, gl_sad_put_items, gl_sad_put_licence, gl_sad_put_licence_part,
    gl_sad_put_procedure, gl_sad_put_price, gl_sad_put_code, gl_sad_put_preference, gl_sad_put_units,
    gl_sad_put_description, gl_sad_put_previous, gl_sad_put_calculation, gl_sad_put_containers, gl_sad_put_flat;
gl_cds_when gl_sad_has_tax, gl_sad_general_scan, gl_sad_item_scan;

#endif
