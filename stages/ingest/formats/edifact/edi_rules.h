/* How the mapping tables are written, what their customs are, and the tables that both messages use.
 *
 * Nothing outside this folder includes it.
 */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_RULES_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_RULES_H

#include "ingest/formats/edifact/edi_map.h"

#define PART_(k, e, f)                                                                                                 \
    {                                                                                                                  \
        .element = (e), .field = (f), .kind = (k)                                                                      \
    }
#define PART(e, f)     PART_(GL_EDI_TEXT, e, f)
#define JOIN(e, f)     PART_(GL_EDI_JOIN, e, f)
#define UNIT(e, f)     PART_(GL_EDI_UNIT, e, f)
#define QUANTITY(e, f) PART_(GL_EDI_QUANTITY, e, f)
#define CODE(e, f)     PART_(GL_EDI_CODE, e, f)
#define LEFT(e, why)   PART_(GL_EDI_LEFT, e, why)
/* The parts of a rule. */
#define PARTS(...)                                                                                                     \
    .parts = (gl_edi_part[])                                                                                           \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            .element = NULL                                                                                            \
        }                                                                                                              \
    }
#define BRACED(...)                                                                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define RULE_(t, q, a) .tag = (t), .qualifiers = (q), .action = (a), .key = -1

#define FIELDS(t, q, ...)       BRACED(RULE_(t, q, GL_EDI_FIELDS), __VA_ARGS__)
#define RECORD(t, q, f, ...)    BRACED(RULE_(t, q, GL_EDI_RECORD), .field = (f), __VA_ARGS__)
#define LIST(t, q, f, ...)      BRACED(RULE_(t, q, GL_EDI_LIST), .field = (f), __VA_ARGS__)
#define ATTRIBUTE(t, q, f, ...) BRACED(RULE_(t, q, GL_EDI_ATTRIBUTE), .field = (f), __VA_ARGS__)
#define CUSTOM(t, q, f, c, ...) BRACED(RULE_(t, q, GL_EDI_CUSTOM), .field = (f), .custom = (c), __VA_ARGS__)
#define SKIP(t, q, why)         BRACED(RULE_(t, q, GL_EDI_SKIP), .note = (why))
#define KEYED(t, q, f, k, ...)                                                                                         \
    {                                                                                                                  \
        .tag = (t), .qualifiers = (q), .action = GL_EDI_LIST, .field = (f), .key = (k), __VA_ARGS__                    \
    }
#define PARTY(q, r, ...)                                                                                               \
    KEYED("NAD", q, "parties", GL_DECLARATION_PARTY_ROLE_##r, .custom = gl_edi_read_party, .read_only = true,          \
          .inside = &gl_edi_table_party, __VA_ARGS__)
#define DOCUMENT(t, q, k, ...) KEYED(t, q, "documents", GL_DECLARATION_DOCUMENT_KIND_##k, __VA_ARGS__)

#define TABLE(name, s, r)                                                                                              \
    static const gl_edi_table name = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r)}
#define SHARED_TABLE(name, s, r)                                                                                       \
    const gl_edi_table gl_edi_table_##name = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r)}

/* What a party's segment has, whatever its role. */
#define PARTY_PARTS                                                                                                    \
    PARTS(PART("C082.3039", "id"), JOIN("C080.3036", "name"), JOIN("C059.3042", "street"), PART("3164", "city"),       \
          PART("3251", "postcode"), PART("3207", "country_code"),                                                      \
          LEFT("C082.1131", "whose number it is; `FISCAL.FR5` gives role and role code, `FIS` with 3055 `FR5` too"),   \
          LEFT("C058.3124", "lines without structure: the first is the name, the others the street, where those are "  \
                            "not given"))

/* What customs read (edi_custom.c). */
gl_edi_custom gl_edi_read_bgm, gl_edi_read_cst, gl_edi_read_item_cst, gl_edi_read_dtm, gl_edi_read_effective,
    gl_edi_read_party, gl_edi_read_reference, gl_edi_read_document, gl_edi_read_free_attribute, gl_edi_read_preference,
    gl_edi_read_manifest_bgm, gl_edi_read_cni, gl_edi_read_gid, gl_edi_read_gid_cst, gl_edi_read_equipment,
    gl_edi_read_carrier, gl_edi_read_loading, gl_edi_read_nothing, gl_edi_read_marks, gl_edi_read_house;
/* What they are written by (edi_put.c). */
gl_edi_put gl_edi_put_bgm, gl_edi_put_cst, gl_edi_put_item_cst, gl_edi_put_dtm, gl_edi_put_effective,
    gl_edi_put_parties, gl_edi_put_references, gl_edi_put_documents, gl_edi_put_statements, gl_edi_put_free_attributes,
    gl_edi_put_com, gl_edi_put_invoice, gl_edi_put_procedures, gl_edi_put_tax, gl_edi_put_section,
    gl_edi_put_description;

extern const gl_edi_table gl_edi_table_party, gl_edi_table_reference, gl_edi_table_ignored, gl_edi_table_packaging,
    gl_edi_table_house;

/* The type of a transport document by the qualifier of its reference; ends with NULL. */
typedef struct gl_edi_reference_type {
    const char *qualifier, *type;
} gl_edi_reference_type;
extern const gl_edi_reference_type gl_edi_reference_types[];
/* Kinds of documents and roles of parties, as 1131 names them; in the order of their enums. */
extern const char *const gl_edi_document_lists[], *const gl_edi_role_lists[];
/* Fields that an element of CST's C246 is, by its code list (1131); ends with NULL. */
typedef struct gl_edi_cst_list {
    const char *list, *field;
} gl_edi_cst_list;
extern const gl_edi_cst_list gl_edi_cst_lists[], gl_edi_item_cst_lists[];

/* --- rules that both messages have --- */

#define DOCUMENT_PARTS                                                                                                 \
    PARTS(PART("C002.1001", "type_code"), PART("C002.1000", "name"), PART("C503.1004", "id"),                          \
          PART("C503.1373", "status_code"), PART("C503.1366", "issuer_name"),                                          \
          LEFT("C002.1131",                                                                                            \
               "the kind of document: PREVIOUS (PRE), TRANSPORT, ...; `PREVIOUS.N` gives its category too, "           \
               "`PREVIOUS-N` the letter before its type"))
#define REFERENCES                                                                                                     \
    FIELDS("RFF", "UCN", PARTS(PART("1154", "ucr")), .inside = &gl_edi_table_ignored),                                 \
        DOCUMENT("RFF", "AWB|MWB|HWB|BM|MB|BH|AAM|AAS", TRANSPORT, PARTS(PART("1154", "id")),                          \
                 .custom = gl_edi_read_reference, .inside = &gl_edi_table_reference, .put = gl_edi_put_references,     \
                 .note = "type N740, N741, N703, N705, N704, N714; of AAM and AAS the qualifier")

#define OTHER_REFERENCES                                                                                               \
    DOCUMENT("RFF", "*", REFERENCE,                                                                                    \
             PARTS(PART("1153", "type_code"), PART("1154", "id"), PART("1156", "line_numeric")),                       \
             .inside = &gl_edi_table_reference, .read_only = true)
#define DOCUMENTS                                                                                                      \
    DOCUMENT("DOC", NULL, SUPPORTING, DOCUMENT_PARTS, .custom = gl_edi_read_document,                                  \
             .inside = &gl_edi_table_reference, .put = gl_edi_put_documents)

#define PARTIES                                                                                                        \
    PARTY("DT", DECLARANT, PARTY_PARTS), PARTY("AE", AGENT, PARTY_PARTS), PARTY("MS", SUBMITTER, PARTY_PARTS),         \
        PARTY("IM", IMPORTER, PARTY_PARTS), PARTY("EX", EXPORTER, PARTY_PARTS), PARTY("CN", CONSIGNEE, PARTY_PARTS),   \
        PARTY("CZ", CONSIGNOR, PARTY_PARTS), PARTY("BY", BUYER, PARTY_PARTS), PARTY("SE", SELLER, PARTY_PARTS),        \
        PARTY("CA", CARRIER, PARTY_PARTS), PARTY("NI", NOTIFY, PARTY_PARTS), PARTY("PR|PE", PAYER, PARTY_PARTS),       \
        KEYED("NAD", "*", "parties", GL_DECLARATION_PARTY_ROLE_OTHER, PARTY_PARTS, .custom = gl_edi_read_party,        \
              .inside = &gl_edi_table_party, .put = gl_edi_put_parties,                                                \
              .note = "role code: the qualifier; of ZZZ the role is told by C082.1131")

#define ITEM_INDICATORS(t, l, only)                                                                                    \
    FIELDS(t, "117", PARTS(PART("7365", "additional_procedures")), .by = (l), .inside = &gl_edi_table_ignored,         \
           .read_only = (only), .put = gl_edi_put_procedures),                                                         \
        FIELDS(t, "127", PARTS(PART("7365", "valuation_method_code")), .by = (l), .inside = &gl_edi_table_ignored,     \
               .read_only = (only)),                                                                                   \
        FIELDS(t, "112", PARTS(PART("7365", "transaction_nature_code")), .by = (l), .inside = &gl_edi_table_ignored,   \
               .read_only = (only)),                                                                                   \
        CUSTOM(t, "116", "duty_tax_fees, duty_regime_code", gl_edi_read_preference, .by = (l),                         \
               .inside = &gl_edi_table_ignored, .read_only = true),                                                    \
        ATTRIBUTE(t, "*", "indicator_", PARTS(PART("7365", ""), LEFT("7187", "the indicator says it")), .by = (l),     \
                  .inside = &gl_edi_table_ignored, .read_only = (only))

#define TRANSPORT_PARTS                                                                                                \
    PARTS(PART("8213", "id"), PART("8067", "mode_code"), PART("C222.1131", "identification_type_code"),                \
          PART("8453", "nationality_code"), CODE("8028", "conveyance_reference"),                                      \
          LEFT("8212", "taken for the identification where 8213 is not given"),                                        \
          LEFT("C040.3127", "the carrier: a party"))

#define ITEM_PLACES                                                                                                    \
    FIELDS("LOC", "27", PARTS(PART("3225", "origin_country_id"))),                                                     \
        FIELDS("LOC", "30", PARTS(PART("3225", "preferential_origin_id"))),                                            \
        FIELDS("LOC", "35", PARTS(PART("3225", "dispatch_country_id"))),                                               \
        FIELDS("LOC", "36|28", PARTS(PART("3225", "destination_country_id"))),                                         \
        ATTRIBUTE("LOC", "*", "location_", PARTS(PART("3225", "")))

#define ITEM_MEASURES                                                                                                  \
    FIELDS("MEA", "AAB|G|AAD", PARTS(PART("6314", "gross_mass"), UNIT("6411", "gross_mass")), .by = "C502.6313"),      \
        FIELDS("MEA", "AAF|N|AAL|AAA", PARTS(PART("6314", "net_mass"), UNIT("6411", "net_mass")), .by = "C502.6313"),  \
        FIELDS("MEA", "AAS", PARTS(PART("6314", "tariff_quantity"), UNIT("6411", "tariff_quantity")),                  \
               .by = "C502.6313", .note = "supplementary units"),                                                      \
        ATTRIBUTE("MEA", "*", "measure_", PARTS(PART("6314", ""), PART("6411", "")), .by = "C502.6313")

#define ITEM_AMOUNTS                                                                                                   \
    FIELDS("MOA", "38|203|66", PARTS(PART("5004", "item_charge_amount"), UNIT("6345", "item_charge_amount")),          \
           .inside = &gl_edi_table_ignored),                                                                           \
        FIELDS("MOA", "40|43", PARTS(PART("5004", "customs_value_amount"), UNIT("6345", "customs_value_amount")),      \
               .inside = &gl_edi_table_ignored),                                                                       \
        FIELDS("MOA", "123",                                                                                           \
               PARTS(PART("5004", "statistical_value_amount"), UNIT("6345", "statistical_value_amount")),              \
               .inside = &gl_edi_table_ignored),                                                                       \
        FIELDS("MOA", "64|144", PARTS(PART("5004", "freight"), UNIT("6345", "freight")),                               \
               .inside = &gl_edi_table_ignored),                                                                       \
        LIST("MOA", "@@", "valuation_adjustments",                                                                     \
             PARTS(PART("5025", "addition_code"), PART("5004", "amount"), UNIT("6345", "amount")),                     \
             .inside = &gl_edi_table_ignored),                                                                         \
        ATTRIBUTE("MOA", "*", "amount_", PARTS(PART("5004", ""), PART("6345", "")), .inside = &gl_edi_table_ignored)

#endif
