/* Canonical declarations as CUSDEC of D.16B, in an interchange of their own: what the reader reads, written by the same
 * tables.
 *
 * Always holds: a segment is written where the directory has a place for it, a value where it fits its element; what
 * does not is left out, and found missing when what was written is read again. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_WRITE_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_WRITE_H

#include "ingest/formats/edifact/edi_map.h"
#include "ingest/formats/writer.h"

struct gl_edi_out {
    gl_buf *buf;
    gl_arena *arena;
    const gl_declaration *declaration;
    const gl_declaration_goods_item *item; /* NULL: outside items */
    const gl_edi_table *table;             /* whose rules are being written */
    const gl_edi_directory *directory;
    gl_edi_cursor cursor;
    gl_edi_value tag; /* of the last segment that was placed */
    size_t segments;
    bool *attribute_done; /* of the declaration, or of the item */
    /* The segment in the making. */
    const gl_edi_spec *spec;
    struct {
        gl_str text;
        gl_edi_position at;
    } values[64];
    size_t count;
};

/* A segment: its values in any order, then its end. */
void gl_edi_begin(gl_edi_out *out, const char *tag);
/* false: the segment has no such element, or the text does not fit it (empty texts do not). */
bool gl_edi_add(gl_edi_out *out, const char *path, gl_str text);
/* A text over as many elements of that number as it takes, broken at spaces. false: it does not fit. */
bool gl_edi_add_joined(gl_edi_out *out, const char *path, gl_str text);
/* false: the message has no place for it here, and it was not written. */
bool gl_edi_end(gl_edi_out *out);
/* All rules of a table, of the record. */
void gl_edi_put_table(gl_edi_out *out, const gl_edi_table *table, const void *record);
/* Parts of a rule from the record; how many had something. */
size_t gl_edi_add_parts(gl_edi_out *out, const gl_edi_rule *rule, const void *record);
/* Is there a rule, or a part of one, that writes this attribute? */
bool gl_edi_has_place(gl_edi_out *out, const gl_declaration_attribute *attribute);

/* As a writer does (writer.h). */
bool gl_edi_write_checked(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written);

#endif
