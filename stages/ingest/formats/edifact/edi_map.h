/* The mapping of CUSDEC and CUSCAR: which element of which segment becomes which canonical field.
 *
 * Tables of rules, one a segment group; a rule is about segments of one tag, by the value of their qualifier, and its
 * parts are about their elements, which are named by their numbers in the directory: where they stand follows from the
 * release. The tables drive the reader, the writer (edi_write.h) and the lists of docs/FORMATS.md. Rules stand in the
 * order in which CUSDEC of D.16B has their segments.
 * Always holds: each field exists in its table's shape (checked when the tables are prepared). Thread: any, after
 * gl_edi_prepare.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_MAP_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_MAP_H

#include "ingest/formats/edifact/edi_reader.h"

typedef enum gl_edi_action {
    GL_EDI_FIELDS,    /* its parts are fields of the record */
    GL_EDI_RECORD,    /* its parts are fields of the record in `field` */
    GL_EDI_LIST,      /* it is a new element of the list `field`; `key` is the element's enum, -1: none */
    GL_EDI_ATTRIBUTE, /* its parts, with spaces between, are the code of an attribute: `field`, and behind "_" the
                         qualifier */
    GL_EDI_CUSTOM,    /* `custom` reads it; `field` says what it sets */
    GL_EDI_SKIP,      /* known, and without a canonical home */
} gl_edi_action;

typedef enum gl_edi_kind {
    GL_EDI_TEXT,     /* its text is the field */
    GL_EDI_JOIN,     /* all of that number that follow in the composite, with spaces between */
    GL_EDI_UNIT,     /* unit or currency of the field */
    GL_EDI_QUANTITY, /* "12.5 KGM" */
    GL_EDI_CODE,     /* of the attribute `field` */
    GL_EDI_LEFT,     /* not carried; `field` says why */
} gl_edi_kind;

typedef struct gl_edi_position {
    uint8_t element, component; /* 0: the release has no such element */
} gl_edi_position;

typedef struct gl_edi_part {
    const char *element; /* "C517.3224", "3225" */
    const char *field;
    gl_edi_kind kind;
    const gl_field *target;            /* prepared */
    gl_edi_position at[GL_EDI_EPOCHS]; /* prepared */
} gl_edi_part;

typedef struct gl_edi_table gl_edi_table;
typedef struct gl_edi_rule gl_edi_rule;
typedef struct gl_edi_out gl_edi_out;

/* What the mapping carries through a declaration. */
typedef struct gl_edi_map {
    const gl_edi *edi;
    gl_report *report;
    gl_declaration *declaration;
    gl_declaration_goods_item *item; /* NULL: outside items */
    size_t epoch;
    bool fill;             /* what is set already stays: a manifest's header behind its consignment */
    size_t own_attributes; /* with `fill`: how many the consignment has */
} gl_edi_map;

typedef void gl_edi_custom(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                           const gl_path *path);
/* Writes what the rule reads, of the record. */
typedef void gl_edi_put(gl_edi_out *out, const gl_edi_rule *rule, const void *record);

struct gl_edi_rule {
    const char *tag;
    const char *qualifiers; /* "35|36", the first is written; "*": any other; "@@": two letters; NULL: it has none */
    const char *by;         /* element of the qualifier; NULL: the segment's first */
    gl_edi_action action;
    const char *field;
    int key;
    enum { GL_EDI_ANYWHERE, GL_EDI_ALONE, GL_EDI_GROUP } place; /* where a table has the tag alone and as a group */
    gl_edi_part *parts;                                         /* ends with an element NULL */
    const gl_edi_table *inside;                                 /* of its group; NULL: nothing of it is read */
    gl_edi_custom *custom; /* CUSTOM; of a LIST or RECORD it goes on with what is new */
    const char *again;     /* RECORD: when there is one already, an attribute of this name and the qualifier */
    gl_edi_put *put;       /* instead of what the action writes */
    bool read_only;
    const char *note; /* for the documentation; SKIP: the reason */
    /* Prepared. */
    uint32_t code;
    const gl_field *target;
    gl_edi_position by_at[GL_EDI_EPOCHS];
};

struct gl_edi_table {
    const gl_shape *shape; /* of the record its rules set */
    gl_edi_rule *rules;
    size_t count;
};

extern const gl_edi_table gl_edi_cusdec, gl_edi_cuscar_header, gl_edi_cuscar_consignment;

/* What the documentation has a list for; ends with a title NULL. */
typedef struct gl_edi_listed {
    const char *title;
    const gl_edi_table *table;
} gl_edi_listed;
extern const gl_edi_listed gl_edi_lists[];

/* Resolves the tables' names; once, from any thread. Aborts when a rule names what does not exist. */
void gl_edi_prepare(void);
/* Reads segments `from` to `to` of the unit, which are in groups of `depth`, into the record. */
void gl_edi_walk(gl_edi_map *map, const gl_edi_table *table, const gl_edi_unit *unit, size_t from, size_t to,
                 unsigned depth, void *record, const gl_path *path);
/* The rule of a table for a segment; `group`: it begins one. NULL: none. */
const gl_edi_rule *gl_edi_rule_of(size_t epoch, const gl_edi_table *table, const gl_edi_segment *segment, bool group);
/* Behind segment `at`, or behind the group that it begins (`*group`), within groups of `depth`. */
size_t gl_edi_group_end(const gl_edi_unit *unit, size_t at, size_t to, unsigned depth, bool *group);
/* The parts of a rule into a record of the shape. */
void gl_edi_read_parts(gl_edi_map *map, const gl_edi_part *parts, const gl_edi_segment *segment, void *record,
                       const gl_path *path);
/* The value of a part; NULL: it is not there. */
const gl_edi_value *gl_edi_part_value(const gl_edi_map *map, const gl_edi_part *part, const gl_edi_segment *segment);
/* Two texts with something between them, in the arena. */
gl_str gl_edi_concat(gl_arena *arena, gl_str a, const char *between, gl_str b);
/* Sets one field, unless it is given. */
void gl_edi_set(gl_edi_map *map, const gl_field *field, void *record, gl_str text, const gl_edi_value *node,
                const gl_path *path);
void gl_edi_set_named(gl_edi_map *map, const gl_shape *shape, const char *field, void *record, gl_str text,
                      const gl_edi_value *node, const gl_path *path);
void gl_edi_add_attribute(gl_edi_map *map, const char *type, gl_str suffix, gl_str code, const gl_edi_value *node);
/* One Markdown row a rule. */
void gl_edi_document(gl_buf *buf);

#endif
