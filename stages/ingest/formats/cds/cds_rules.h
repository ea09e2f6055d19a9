/* How the mapping tables are written, and the tables that another form of the same messages lays its own rules over.
 *
 * Forms of XML that are read and written by such tables include it, nothing else does.
 */
#ifndef GL_INGEST_FORMATS_CDS_CDS_RULES_H
#define GL_INGEST_FORMATS_CDS_CDS_RULES_H

#include "ingest/formats/cds/cds_map.h"

/* Why a contact's name is left. */
#define GL_CDS_NO_PERSON "the canonical party has no person, only how to reach it"

/* Rules without their braces, for WHEN. */
#define FIELD_(e, f)       .element = (e), .action = GL_CDS_FIELD, .field = (f), .key = -1
#define ENTER_(e, t)       .element = (e), .action = GL_CDS_ENTER, .key = -1, .inside = &(t)
#define RECORD_(e, f, t)   .element = (e), .action = GL_CDS_RECORD, .field = (f), .key = -1, .inside = &(t)
#define LIST_(e, f, k, t)  .element = (e), .action = GL_CDS_LIST, .field = (f), .key = (k), .inside = &(t)
#define PARTY_(e, r)       LIST_(e, "parties", GL_DECLARATION_PARTY_ROLE_##r, gl_cds_table_party)
#define DOCUMENT_(e, k, t) LIST_(e, "documents", GL_DECLARATION_DOCUMENT_KIND_##k, t)
#define LEFT_(e, a, why)   .element = (e), .action = (a), .key = -1, .note = (why)
#define CUSTOM_(e, f, c, p, n)                                                                                         \
    .element = (e), .action = GL_CDS_CUSTOM, .field = (f), .key = -1, .custom = (c), .put = (p), .note = (n)
#define BRACED(...)                                                                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

#define FIELD(e, f)                     BRACED(FIELD_(e, f))
#define ENTER(e, t)                     BRACED(ENTER_(e, t))
#define EACH(e, t)                      BRACED(.element = (e), .action = GL_CDS_EACH, .key = -1, .inside = &(t))
#define RECORD(e, f, t)                 BRACED(RECORD_(e, f, t))
#define LIST(e, f, t)                   BRACED(LIST_(e, f, -1, t))
#define PARTY(e, r)                     BRACED(PARTY_(e, r))
#define DOCUMENT(e, k, t)               BRACED(DOCUMENT_(e, k, t))
#define ATTRIBUTE(e, f)                 BRACED(.element = (e), .action = GL_CDS_ATTRIBUTE, .field = (f), .key = -1)
#define CUSTOM(e, f, c, p, n)           BRACED(CUSTOM_(e, f, c, p, n))
#define CUSTOM_INSIDE(e, f, c, p, t, n) BRACED(CUSTOM_(e, f, c, p, n), .inside = &(t))
#define PART(e, f)                      BRACED(.element = (e), .action = GL_CDS_PART, .field = (f), .key = -1)
#define TOLD(e, why, p)                 BRACED(LEFT_(e, GL_CDS_SKIP, why), .put = (p))
#define LEFT(e, why)                    BRACED(LEFT_(e, GL_CDS_SKIP, why))
#define IN_ORDER(e)                     BRACED(LEFT_(e, GL_CDS_ORDER, "the order is kept"))
/* Written only when it holds: one of several elements that say the same. */
#define WHEN(holds, ...) BRACED(__VA_ARGS__, .when = (holds))
/* Read, never written. */
#define READ_ONLY(...) WHEN(gl_cds_never, __VA_ARGS__)

#define TABLE(name, s, r)                                                                                              \
    static const gl_cds_table name = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r)}
#define SHARED_TABLE(name, s, r)                                                                                       \
    const gl_cds_table gl_cds_table_##name = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r)}

/* What customs read (cds_custom.c). */
gl_cds_custom gl_cds_read_origin, gl_cds_read_procedure, gl_cds_read_acceptance, gl_cds_read_issue,
    gl_cds_read_effective, gl_cds_read_quota, gl_cds_read_tax_base, gl_cds_read_line, gl_cds_read_guarantee_reference,
    gl_cds_read_header_document, gl_cds_read_inland_mode, gl_cds_read_item;
/* Conditions of writing (cds_put.c). */
gl_cds_when gl_cds_never, gl_cds_in_uk, gl_cds_in_eu, gl_cds_in_uk_export, gl_cds_not_in_uk_export, gl_cds_export,
    gl_cds_not_export, gl_cds_agent, gl_cds_holder, gl_cds_other_role, gl_cds_fiscal_in_eu, gl_cds_transport_document,
    gl_cds_with_amount, gl_cds_without_amount;
/* What customs are written by (cds_put.c). */
gl_cds_put gl_cds_put_origin, gl_cds_put_procedure, gl_cds_put_acceptance, gl_cds_put_issue, gl_cds_put_effective,
    gl_cds_put_quota, gl_cds_put_tax_base, gl_cds_put_line, gl_cds_put_guarantee_reference, gl_cds_put_header_document,
    gl_cds_put_inland_mode, gl_cds_put_items, gl_cds_put_communication_type;

extern const gl_cds_table gl_cds_table_party, gl_cds_table_contact, gl_cds_table_document, gl_cds_table_goods_location,
    gl_cds_table_location_address, gl_cds_table_item, gl_cds_table_freight, gl_cds_table_metadata, gl_cds_table_request,
    gl_cds_table_origin, gl_cds_table_procedure, gl_cds_table_time_string, gl_cds_table_shipment_consignment,
    gl_cds_table_shipment;

#endif
