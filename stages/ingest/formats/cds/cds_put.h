/* What the writer lends to those that write what a custom rule reads. The forms that are written by such tables include
 * it.
 *
 * Always holds: a frame's flags say which fields of its record, of lists which elements, were written; nothing is
 * written twice.
 */
#ifndef GL_INGEST_FORMATS_CDS_CDS_PUT_H
#define GL_INGEST_FORMATS_CDS_CDS_PUT_H

#include "ingest/formats/cds/cds_rules.h"

enum { GL_CDS_FIELDS = 64 };

/* A record that is being written. */
struct gl_cds_frame {
    const gl_shape *shape;
    const void *record;
    bool *done[GL_CDS_FIELDS]; /* by field: a flag, of lists one an element; NULL: nothing was written yet */
};

struct gl_cds_writer {
    gl_buf *out;
    gl_arena *arena;
    const gl_cds_form *form;
    const gl_declaration *declaration;
    gl_cds_frame *top, *item; /* of the declaration, and of the item or NULL */
    const char *zero;         /* for sums that are not given */
    int depth;
    const char *open[GL_XML_LIMIT_DEPTH]; /* the element at each depth, from the declaration's own */
    size_t values;                        /* texts, records and elements of lists that were written */
};

/* Takes a field that is given and was not written yet; false: it is not. */
bool gl_cds_take(gl_cds_writer *writer, gl_cds_frame *frame, const char *field);
/* The same for element `index` of a list. */
bool gl_cds_take_element(gl_cds_writer *writer, gl_cds_frame *frame, const gl_field *field, size_t index);

/* Takes the next attribute of that type, of the item that is being written or else of the declaration. */
bool gl_cds_take_attribute(gl_cds_writer *writer, const char *type, gl_str *text);
/* An element whose value is not given: what was kept of it, else `content` (NULL: nothing; GL_CDS_ZERO). */
void gl_cds_put_absent(gl_cds_writer *writer, const char *element, const char *content);

void gl_cds_open(gl_cds_writer *writer, const char *element);
void gl_cds_close(gl_cds_writer *writer, const char *element);
/* An element with a text; `attribute` (may be NULL) has the value `unit`, unless that is empty. */
void gl_cds_text(gl_cds_writer *writer, const char *element, gl_str text, const char *attribute, gl_str unit);
/* The record at `place` among its siblings (from 1) as an element with what the table says. */
void gl_cds_put_record(gl_cds_writer *writer, const char *element, const gl_cds_table *table, gl_cds_frame *frame,
                       size_t place);

#endif
