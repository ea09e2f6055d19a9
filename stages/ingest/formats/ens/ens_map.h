/* Entry summary declarations of ICS, IE315 (CC315A) and its amendment IE313 (CC313A): which elements there are, in
 * which order and how often, what each may hold, and which canonical field it becomes.
 *
 * One row an element, one table a group, in the order of the messages' schema. The tables drive the check of a
 * document's form (ens_schema.c), the reader, the writer, what became of each leaf, and the list of docs/FORMATS.md.
 * Always holds: each row's field exists in its table's shape (checked when the tables are prepared). Thread: any,
 * after gl_ens_prepare.
 */
#ifndef GL_INGEST_FORMATS_ENS_ENS_MAP_H
#define GL_INGEST_FORMATS_ENS_ENS_MAP_H

#include "ingest/formats/report.h"
#include "ingest/formats/xml/xml_tree.h"

extern const char gl_ens_format[]; /* as message.format records it */

typedef enum gl_ens_message { GL_ENS_BOTH, GL_ENS_315, GL_ENS_313 } gl_ens_message;

/* What the text of an element must look like. White space around it and runs of it inside do not count, but for TIN. */
typedef enum gl_ens_form {
    GL_ENS_GROUP,    /* elements */
    GL_ENS_TEXT,     /* 1 to `limit` characters */
    GL_ENS_EXACT,    /* `limit` characters */
    GL_ENS_LETTER,   /* one letter */
    GL_ENS_CAPITAL,  /* one capital letter */
    GL_ENS_NUMBER,   /* 1 to `limit` digits */
    GL_ENS_DIGITS,   /* `limit` digits */
    GL_ENS_CODE,     /* 4 to `limit` digits */
    GL_ENS_MASS,     /* a decimal number, at most 11 digits, 3 of them decimals */
    GL_ENS_DATE,     /* YYMMDD */
    GL_ENS_TIME,     /* hhmm */
    GL_ENS_MOMENT,   /* YYYYMMDDhhmm */
    GL_ENS_MRN,      /* 2 digits, 2 letters, 13 letters or digits, a digit */
    GL_ENS_COUNTRY,  /* two capital letters */
    GL_ENS_LANGUAGE, /* two letters */
    GL_ENS_OFFICE,   /* two letters and six letters or digits */
    GL_ENS_PLACE,    /* two letters, and at most 33 characters more */
    GL_ENS_TIN,      /* two capital letters, and at most 15 characters of ASCII more */
    GL_ENS_NAME,     /* the message's own name */
    GL_ENS_FORMS
} gl_ens_form;

typedef enum gl_ens_action {
    GL_ENS_ENTER,     /* its children belong to the same record */
    GL_ENS_EACH,      /* the same; there is one for each text of a list, or attribute, inside it */
    GL_ENS_LIST,      /* it is a new element of the list `field`; `key` is the element's enum (role, kind), -1: none */
    GL_ENS_FIELD,     /* its text is `field`, "entry_summary.seal_ids" of a record inside */
    GL_ENS_ATTRIBUTE, /* its text is the code of the attribute named `field` */
    GL_ENS_PROFILE,   /* of the message, not of the declaration: message.profile has it, after the word `field` */
    GL_ENS_CUSTOM,    /* `read` reads it; `field` says what it sets */
    GL_ENS_PART,      /* the custom row around it reads it */
    GL_ENS_LEFT,      /* `note` says why */
} gl_ens_action;

typedef struct gl_ens_table gl_ens_table;
typedef struct gl_ens_row gl_ens_row;
typedef struct gl_ens gl_ens;
typedef struct gl_ens_writer gl_ens_writer;
typedef void gl_ens_custom(gl_ens *ens, const gl_xml *node, void *record, const gl_path *path);
typedef void gl_ens_put(gl_ens_writer *writer, const gl_ens_row *row, const void *record);

struct gl_ens_row {
    const char *element;
    const char *words;    /* what it is called */
    gl_ens_message only;  /* of which message; BOTH */
    uint16_t least, most; /* how often; 0: any number */
    gl_ens_form form;
    uint16_t limit;
    gl_ens_action action;
    const char *field;
    int key;
    const gl_ens_table *inside;
    gl_ens_custom *read;
    gl_ens_put *put;
    const char *note;
    /* Prepared. */
    gl_str name;                     /* `element` */
    const gl_field *holder, *target; /* holder: the record that `target` is in, NULL: the table's own */
};

struct gl_ens_table {
    const gl_shape *shape; /* of the record its rows set */
    gl_ens_row *rows;
    size_t count;
};

/* What the reader carries through a declaration. */
struct gl_ens {
    gl_report *report;
    gl_declaration *declaration;
    gl_declaration_goods_item *item; /* NULL: outside items */
    gl_ens_message message;
    gl_str amends; /* MRN; {NULL, 0}: none */
    gl_buf profile;
};

/* The children of the root. */
extern const gl_ens_table gl_ens_root;

/* Resolves the tables' names; once, from any thread. Aborts when a row names a field that does not exist. */
void gl_ens_prepare(void);
/* Is it in this message? */
bool gl_ens_is_in(const gl_ens_row *row, gl_ens_message message);
/* NULL: the table has no such element in this message. */
const gl_ens_row *gl_ens_row_of(const gl_ens_table *table, gl_ens_message message, gl_str element);
/* The same, sooner found when it is row `from` or one behind it. */
const gl_ens_row *gl_ens_row_from(const gl_ens_table *table, gl_ens_message message, gl_str element, size_t from);
/* The text as it counts: without white space around it, runs of it one space; a TIN as it stands. Empty for what the
 * check of its form refused. */
gl_str gl_ens_text(gl_arena *arena, gl_ens_form form, const gl_xml *node);
/* What a profile (message.profile of this format) says after the word; {NULL, 0}: nothing. */
gl_str gl_ens_profile_part(gl_str profile, const char *word);
/* One Markdown row an element, for docs/FORMATS.md. */
void gl_ens_document(gl_buf *buf);

/* Customs of the tables (ens_reader.c, ens_write.c). */
gl_ens_custom gl_ens_read_amended, gl_ens_read_item, gl_ens_read_number, gl_ens_read_commodity, gl_ens_read_means,
    gl_ens_read_produced, gl_ens_read_quantity;
gl_ens_put gl_ens_put_items, gl_ens_put_number, gl_ens_put_commodity, gl_ens_put_means, gl_ens_put_documents,
    gl_ens_put_packages, gl_ens_put_pieces, gl_ens_put_sender, gl_ens_put_prepared, gl_ens_put_name,
    gl_ens_put_item_count, gl_ens_put_place;

#endif
