/* The tables of CUSCAR: what stands before the consignments counts for each of them, where it says nothing itself. See
 * edi_map.h. */
#include "ingest/formats/edifact/edi_rules.h"

#define NO_VEHICLE "the manifest's own: nothing of one consignment"

static gl_edi_rule transport_rules[] = {
    CUSTOM("LOC", "9", "loading_location_id", gl_edi_read_loading, .note = "of the manifest's means of transport"),
    ATTRIBUTE("LOC", "*", "location_", PARTS(PART("3225", ""))),
    ATTRIBUTE("DTM", "*", "date_", PARTS(PART("2380", ""), PART("2379", ""))), SKIP("MEA", NULL, NO_VEHICLE),
    SKIP("RFF", NULL, NO_VEHICLE)};
TABLE(transport, gl_shape_transport_means, transport_rules);

static gl_edi_rule equipment_rules[] = {
    SKIP("TSR", NULL, NO_VEHICLE), SKIP("MEA", NULL, NO_VEHICLE), SKIP("DIM", NULL, NO_VEHICLE),
    SKIP("SEL", NULL, NO_VEHICLE), SKIP("NAD", NULL, NO_VEHICLE), SKIP("GIS", NULL, NO_VEHICLE),
    SKIP("GEI", NULL, NO_VEHICLE), SKIP("LOC", NULL, NO_VEHICLE), SKIP("TMP", NULL, NO_VEHICLE)};
TABLE(equipment, gl_shape_declaration, equipment_rules);

#define PLACES                                                                                                         \
    FIELDS("LOC", "22", PARTS(PART("3225", "declaration_office_id"))),                                                 \
        FIELDS("LOC", "41", PARTS(PART("3225", "presentation_office_id"))),                                            \
        FIELDS("LOC", "9", PARTS(PART("3225", "loading_location_id"))),                                                \
        FIELDS("LOC", "35", PARTS(PART("3225", "export_country_id"))),                                                 \
        FIELDS("LOC", "36|28", PARTS(PART("3225", "destination_country_id"))),                                         \
        RECORD("LOC", "14", "goods_location", PARTS(PART("3225", "id"), PART("3224", "name"))),                        \
        ATTRIBUTE("LOC", "*", "location_", PARTS(PART("3225", "")))
#define STATEMENTS                                                                                                     \
    LIST("FTX", "*", "additional_information",                                                                         \
         PARTS(PART("4451", "statement_type_code"), PART("C107.4441", "statement_code"),                               \
               JOIN("C108.4440", "statement_description")))
#define INDICATORS                                                                                                     \
    ATTRIBUTE("GIS", "*", "indicator_", PARTS(PART("7365", ""), LEFT("7187", "the indicator says it")), .by = "1131",  \
              .inside = &gl_edi_table_ignored),                                                                        \
        ATTRIBUTE("GEI", "*", "indicator_", PARTS(PART("7365", ""), LEFT("7187", "the indicator says it")),            \
                  .by = "C012.1131", .inside = &gl_edi_table_ignored)

static gl_edi_rule header_rules[] = {
    SKIP("UNH", NULL, "message.profile; the test indicator is UNB's"),
    CUSTOM("BGM", NULL,
           "function_code (1225), family (1001), type_code, data_set PARCEL; documents, REFERENCE of type 785 (1004)",
           gl_edi_read_manifest_bgm,
           .note = "1001: 833 exports, others imports; 1225: 9 or 2; 4 or 5 (amendments); 1 or 3 (cancellations)"),
    CUSTOM("DTM", "137|148", "declared_date, issue_date_time", gl_edi_read_dtm, .note = "as in CUSDEC"),
    ATTRIBUTE("DTM", "*", "date_", PARTS(PART("2380", ""), PART("2379", ""))),
    PLACES,
    SKIP("QTY", NULL, NO_VEHICLE),
    DOCUMENT("RFF", "AWB|MWB|HWB|BM|MB|BH|AAM|AAS", TRANSPORT, PARTS(PART("1154", "id")),
             .custom = gl_edi_read_reference, .inside = &gl_edi_table_reference,
             .note = "the master's, of each consignment"),
    OTHER_REFERENCES,
    PARTIES,
    STATEMENTS,
    RECORD("TDT", "20|11|10|30", "border_transport", TRANSPORT_PARTS, .custom = gl_edi_read_carrier,
           .again = "transport_", .inside = &transport),
    ATTRIBUTE("TDT", "*", "transport_", PARTS(PART("8213", "")), .inside = &transport),
    INDICATORS,
    BRACED(RULE_("EQD", NULL, GL_EDI_CUSTOM), .field = "", .custom = gl_edi_read_nothing, .inside = &equipment,
           .note = "a consignment's equipment is what its SGP name"),
    SKIP("CNT", NULL, NO_VEHICLE)};
const gl_edi_table gl_edi_cuscar_header = {
    .shape = &gl_shape_declaration, .rules = header_rules, .count = sizeof header_rules / sizeof *header_rules};

/* --- a consignment --- */

static gl_edi_rule item_rules[] = {
    SKIP("HAN", NULL, "how goods are handled is the carrier's"),
    LIST("PAC", NULL, "packaging", PARTS(PART("7224", "quantity"), PART("C202.7065", "type_code"))),
    FIELDS("FTX", "AAA", PARTS(JOIN("C108.4440", "description"))),
    STATEMENTS,
    ITEM_MEASURES,
    ITEM_AMOUNTS,
    CUSTOM("SGP", NULL, "transport_equipment_ids of the declaration", gl_edi_read_equipment,
           .note = "one for each container"),
    ATTRIBUTE("DGS", NULL, "dangerous_goods", PARTS(PART("7124", ""))),
    CUSTOM("PCI", NULL, "packaging, marks", gl_edi_read_marks, .note = "of the last packaging"),
    CUSTOM("CST", NULL, "commodity_code and others", gl_edi_read_gid_cst, .note = "as in CUSDEC"),
    ITEM_PLACES,
    SKIP("TMD", NULL, "how goods are moved is the carrier's"),
    INDICATORS,
    ATTRIBUTE("QTY", "*", "quantity_", PARTS(PART("6060", ""), PART("6411", "")), .inside = &gl_edi_table_ignored)};
TABLE(item, gl_shape_item, item_rules);

static gl_edi_rule house_rules[] = {
    FIELDS("CNT", "7", PARTS(PART("6066", "total_gross_mass"), UNIT("6411", "total_gross_mass"))),
    FIELDS("CNT", "11", PARTS(PART("6066", "total_package_quantity"))),
    FIELDS("CNT", "5|10", PARTS(PART("6066", "goods_item_quantity"))),
    ATTRIBUTE("CNT", "*", "control_", PARTS(PART("6066", ""), PART("6411", ""))),
    CUSTOM("RFF", NULL, "documents, TRANSPORT or REFERENCE; ucr (UCN)", gl_edi_read_house,
           .inside = &gl_edi_table_house, .note = "without a number in CNI the first one is functional_reference_id"),
    FIELDS("MOA", "44|43|39|77|86", PARTS(PART("5004", "invoice_amount"), UNIT("6345", "invoice_amount"))),
    FIELDS("MOA", "64|144", PARTS(PART("5004", "freight"), UNIT("6345", "freight"))),
    ATTRIBUTE("MOA", "*", "amount_", PARTS(PART("5004", ""), PART("6345", ""))),
    PLACES,
    INDICATORS,
    SKIP("CUX", NULL, "amounts have their currency"),
    SKIP("CPI", NULL, "who pays the carrier"),
    RECORD("TDT", "20|11|10|30", "border_transport", TRANSPORT_PARTS, .custom = gl_edi_read_carrier,
           .again = "transport_", .inside = &transport),
    ATTRIBUTE("TDT", "*", "transport_", PARTS(PART("8213", "")), .inside = &transport),
    PARTIES,
    ATTRIBUTE("QTY", "*", "quantity_", PARTS(PART("6060", ""), PART("6411", "")), .inside = &gl_edi_table_ignored),
    LIST("GID", NULL, "items", PARTS(PART("1496", "sequence_numeric")), .custom = gl_edi_read_gid, .inside = &item,
         .note = "each C213 is a packaging")};
SHARED_TABLE(house, gl_shape_declaration, house_rules);

static gl_edi_rule consignment_rules[] = {CUSTOM("CNI", NULL, "functional_reference_id (1004)", gl_edi_read_cni,
                                                 .inside = &gl_edi_table_house,
                                                 .note = "what follows it, and its RFF:")};
const gl_edi_table gl_edi_cuscar_consignment = {.shape = &gl_shape_declaration,
                                                .rules = consignment_rules,
                                                .count = sizeof consignment_rules / sizeof *consignment_rules};
