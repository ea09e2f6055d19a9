/* How the mapping tables are written, and the tables that another form of the same messages lays its own rules over.
 *
 * Nothing outside this folder includes it.
 */
#ifndef GL_INGEST_FORMATS_CDS_CDS_RULES_H
#define GL_INGEST_FORMATS_CDS_CDS_RULES_H

#include "ingest/formats/cds/cds_map.h"

/* Why a contact's name is left. */
#define GL_CDS_NO_PERSON "the canonical party has no person, only how to reach it"

#define FIELD(e, f)                                                                                                    \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_FIELD, .field = (f), .key = -1                                                \
    }
#define ENTER(e, t)                                                                                                    \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_ENTER, .key = -1, .inside = &(t)                                              \
    }
#define RECORD(e, f, t)                                                                                                \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_RECORD, .field = (f), .key = -1, .inside = &(t)                               \
    }
#define LIST(e, f, t)                                                                                                  \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_LIST, .field = (f), .key = -1, .inside = &(t)                                 \
    }
#define PARTY(e, r)                                                                                                    \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_LIST, .field = "parties", .key = GL_DECLARATION_PARTY_ROLE_##r,               \
        .inside = &gl_cds_table_party                                                                                  \
    }
#define DOCUMENT(e, k, t)                                                                                              \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_LIST, .field = "documents", .key = GL_DECLARATION_DOCUMENT_KIND_##k,          \
        .inside = &(t)                                                                                                 \
    }
#define ATTRIBUTE(e, f)                                                                                                \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_ATTRIBUTE, .field = (f), .key = -1                                            \
    }
#define CUSTOM(e, f, c, n)                                                                                             \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_CUSTOM, .field = (f), .key = -1, .custom = (c), .note = (n)                   \
    }
#define CUSTOM_INSIDE(e, f, c, t, n)                                                                                   \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_CUSTOM, .field = (f), .key = -1, .custom = (c), .inside = &(t), .note = (n)   \
    }
#define PART(e, f)                                                                                                     \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_PART, .field = (f), .key = -1                                                 \
    }
#define LEFT(e, why)                                                                                                   \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_SKIP, .key = -1, .note = (why)                                                \
    }
#define IN_ORDER(e) LEFT(e, "the order is kept")
#define SKIP(e)                                                                                                        \
    {                                                                                                                  \
        .element = (e), .action = GL_CDS_SKIP, .key = -1                                                               \
    }
#define TABLE(name, s, r)                                                                                              \
    static const gl_cds_table name = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r)}
#define SHARED_TABLE(name, s, r)                                                                                       \
    const gl_cds_table gl_cds_table_##name = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r)}

extern const gl_cds_table gl_cds_table_party, gl_cds_table_contact, gl_cds_table_document, gl_cds_table_goods_location,
    gl_cds_table_location_address, gl_cds_table_item, gl_cds_table_freight, gl_cds_table_shipment_consignment,
    gl_cds_table_shipment;

#endif
