/* The tables of CUSDEC. See edi_map.h. */
#include "ingest/formats/edifact/edi_rules.h"

/* Why segments are left that several tables have. */
#define NO_LINES    "lines of commercial documents: the customs items are in the groups of CST"
#define NO_SUMS     "what is due is computed again"
#define NO_PERSON   "the canonical party has no person, only how to reach it"
#define NO_AUTH     "who sends is told by the account"
#define NO_BANK     "who pays how is an agreement of its own"
#define NO_PACKAGES "packages are of the items"
#define NO_TERMS    "terms of delivery are of the whole declaration"
#define NO_DATE     "a reference has no date of its own"

static gl_edi_rule ignored_rules[] = {SKIP("DTM", NULL, NO_DATE),
                                      SKIP("TPL", NULL, "goods are on the means of transport that is given"),
                                      SKIP("PAC", NULL, NO_PACKAGES),
                                      SKIP("LOC", NULL, "a document has no place of its own"),
                                      SKIP("NAD", NULL, "a document has no party of its own"),
                                      SKIP("GIN", NULL, "goods are told by their description"),
                                      SKIP("MOA", NULL, "a reference has no amount"),
                                      SKIP("IMD", NULL, "goods are told by their description"),
                                      SKIP("CUX", NULL, "the rate is of the invoice's currency"),
                                      SKIP("PCD", NULL, "an indicator has no percentage"),
                                      SKIP("RFF", NULL, "an indicator has no reference"),
                                      SKIP("DOC", NULL, "an indicator has no document"),
                                      SKIP("MEA", NULL, "an indicator has no measure"),
                                      SKIP("FTX", NULL, "what it explains is not carried"),
                                      SKIP("GIS", NULL, NO_SUMS),
                                      SKIP("GEI", NULL, NO_SUMS)};
SHARED_TABLE(ignored, gl_shape_declaration, ignored_rules);

/* --- parties, documents --- */

static gl_edi_rule party_rules[] = {
    ATTRIBUTE("RFF", "*", "party_reference_", PARTS(PART("1154", "")), .read_only = true),
    FIELDS("CTA", NULL, PARTS(LEFT("C056.3412", NO_PERSON)), .inside = &gl_edi_table_party, .read_only = true),
    FIELDS("COM", NULL,
           PARTS(PART("C076.3148", "communications"), PART("C076/2.3148", "communications"),
                 PART("C076/3.3148", "communications"), LEFT("C076.3155", "number and address tell themselves apart")),
           .put = gl_edi_put_com),
    SKIP("DTM", NULL, "a party has no date")};
SHARED_TABLE(party, gl_shape_party, party_rules);

static gl_edi_rule reference_rules[] = {
    CUSTOM("DTM", "171", "effective_date", gl_edi_read_effective, .put = gl_edi_put_effective),
    SKIP("DTM", NULL, "another date than its own"),
    SKIP("PAC", NULL, NO_PACKAGES),
    SKIP("GIN", NULL, "goods are told by their description"),
    SKIP("MOA", NULL, "a reference has no amount"),
    SKIP("IMD", NULL, "goods are told by their description"),
    SKIP("LOC", NULL, "a document has no place of its own"),
    SKIP("NAD", NULL, "a document has no party of its own")};
SHARED_TABLE(reference, gl_shape_document, reference_rules);

/* --- items --- */

static gl_edi_rule marks_rules[] = {SKIP("FTX", NULL, "marks are in PCI"), SKIP("RFF", NULL, "marks are in PCI")};
TABLE(marks, gl_shape_packaging, marks_rules);
static gl_edi_rule packaging_rules[] = {
    FIELDS("PCI", NULL, PARTS(JOIN("C210.7102", "marks")), .inside = &marks, .note = "those of several are joined")};
SHARED_TABLE(packaging, gl_shape_packaging, packaging_rules);

static gl_edi_rule tax_rules[] = {
    FIELDS("MOA", "161|55|124", PARTS(PART("5004", "assessed_amount"), UNIT("6345", "assessed_amount"))),
    FIELDS("MOA", "9", PARTS(PART("5004", "payment_amount"), UNIT("6345", "payment_amount"))),
    FIELDS("MOA", "125|56", PARTS(PART("5004", "tax_base"), UNIT("6345", "tax_base")), .read_only = true),
    SKIP("MOA", NULL, NO_SUMS),
    FIELDS("GIS", "134", PARTS(PART("7365", "payment_method_code")), .by = "1131", .read_only = true),
    SKIP("GIS", NULL, NO_SUMS),
    FIELDS("GEI", "134", PARTS(PART("7365", "payment_method_code")), .by = "C012.1131"),
    SKIP("GEI", NULL, NO_SUMS)};
TABLE(tax, gl_shape_duty_tax_fee, tax_rules);

static gl_edi_rule item_rules[] = {
    FIELDS("FTX", "AAA", PARTS(JOIN("C108.4440", "description")), .put = gl_edi_put_description),
    CUSTOM("FTX", "ZZZ", "attributes", gl_edi_read_free_attribute, .put = gl_edi_put_free_attributes,
           .note = "the first text is its type, the second its code"),
    LIST("FTX", "*", "additional_information",
         PARTS(PART("4451", "statement_type_code"), PART("C107.4441", "statement_code"),
               JOIN("C108.4440", "statement_description")),
         .put = gl_edi_put_statements),
    ITEM_PLACES,
    ATTRIBUTE("DTM", "*", "date_", PARTS(PART("2380", ""), PART("2379", ""))),
    ITEM_MEASURES,
    PARTIES,
    SKIP("TDT", NULL, "transport is of the whole declaration"),
    LIST("PAC", NULL, "packaging", PARTS(PART("7224", "quantity"), PART("C202.7065", "type_code")),
         .inside = &gl_edi_table_packaging),
    ITEM_AMOUNTS,
    REFERENCES,
    OTHER_REFERENCES,
    DOCUMENTS,
    SKIP("TOD", NULL, NO_TERMS),
    ATTRIBUTE("GDS", NULL, "nature_of_cargo", PARTS(PART("7085", "")), .inside = &gl_edi_table_ignored),
    ITEM_INDICATORS("GIS", "1131", true),
    ITEM_INDICATORS("GEI", "C012.1131", false),
    LIST("TAX", NULL, "duty_tax_fees",
         PARTS(PART("5153", "type_code"), QUANTITY("5286", "tax_base"), PART("5278", "tax_rate_percent"),
               PART("5305", "duty_regime_code")),
         .inside = &tax, .put = gl_edi_put_tax),
    SKIP("QVR", NULL, "a difference in quantity is of an order"),
    SKIP("GIR", NULL, "goods are told by their description")};
TABLE(item, gl_shape_item, item_rules);

/* --- the declaration --- */

static gl_edi_rule terms_rules[] = {
    FIELDS("LOC", "*",
           PARTS(PART("3225", "location_id"), PART("3224", "location_name"), PART("C519.3223", "country_code")),
           .note = "written with qualifier 1"),
    SKIP("FTX", NULL, "the condition's code says it")};
TABLE(terms, gl_shape_trade_terms, terms_rules);

static gl_edi_rule rate_rules[] = {
    FIELDS("CUX", NULL, PARTS(PART("5402", "exchange_rate")), .read_only = true, .inside = &gl_edi_table_ignored)};
TABLE(rate, gl_shape_declaration, rate_rules);

static gl_edi_rule cusdec_rules[] = {
    SKIP("UNH", NULL, "message.profile; the test indicator is UNB's"),
    CUSTOM("BGM", NULL, "functional_reference_id (1004), function_code (1225), family (1001), type_code (1000)",
           gl_edi_read_bgm, .put = gl_edi_put_bgm,
           .note = "1001: 929 imports, 830 exports, 960 is what its type says; 1225: 9, 4 or 5 (an amendment), 1; "
                   "without 1000 the type is IM or EX"),
    {RULE_("CST", NULL, GL_EDI_CUSTOM), .place = GL_EDI_ALONE, .custom = gl_edi_read_cst, .put = gl_edi_put_cst,
     .field = "type_code (1131 = 105), transaction_nature_code (112), procedure_category (119), data_set (109), "
              "container_code (CONTAINER); others are attributes"},
    FIELDS("LOC", "22", PARTS(PART("3225", "declaration_office_id"))),
    FIELDS("LOC", "41", PARTS(PART("3225", "presentation_office_id"))),
    FIELDS("LOC", "42", PARTS(PART("3225", "exit_office_id"))),
    FIELDS("LOC", "35", PARTS(PART("3225", "export_country_id"))),
    FIELDS("LOC", "36|28", PARTS(PART("3225", "destination_country_id"))),
    FIELDS("LOC", "9", PARTS(PART("3225", "loading_location_id"))),
    RECORD("LOC", "14", "goods_location",
           PARTS(PART("3225", "id"), PART("3224", "name"), PART("C519.3223", "country_code"),
                 PART("C553.3233", "type_code"), PART("C553.1131", "qualifier_code"))),
    FIELDS("LOC", "18", PARTS(PART("3225", "warehouse_id"), PART("C519.3223", "warehouse_type_code"))),
    ATTRIBUTE("LOC", "*", "location_", PARTS(PART("3225", ""))),
    CUSTOM("DTM", "137|148", "declared_date, issue_date_time", gl_edi_read_dtm, .put = gl_edi_put_dtm,
           .note = "137: a day (101, 102) or an instant (203, 204 in UTC, 303, 304); 148: the day"),
    ATTRIBUTE("DTM", "*", "date_", PARTS(PART("2380", ""), PART("2379", ""))),
    ATTRIBUTE("GIS", "*", "indicator_", PARTS(PART("7365", ""), LEFT("7187", "the indicator says it")), .by = "1131",
              .read_only = true),
    ATTRIBUTE("GEI", "*", "indicator_", PARTS(PART("7365", ""), LEFT("7187", "the indicator says it")),
              .by = "C012.1131"),
    SKIP("FII", NULL, NO_BANK),
    FIELDS("MEA", "AAD|G|AAB", PARTS(PART("6314", "total_gross_mass"), UNIT("6411", "total_gross_mass")),
           .by = "C502.6313", .read_only = true),
    ATTRIBUTE("MEA", "*", "measure_", PARTS(PART("6314", ""), PART("6411", "")), .by = "C502.6313"),
    FIELDS("EQD", "CN", PARTS(PART("8260", "transport_equipment_ids"))),
    ATTRIBUTE("EQD", "*", "equipment_", PARTS(PART("8260", ""))),
    ATTRIBUTE("SEL", NULL, "seal_id", PARTS(PART("9308", ""))),
    CUSTOM("FTX", "ZZZ", "attributes", gl_edi_read_free_attribute, .put = gl_edi_put_free_attributes,
           .note = "the first text is its type, the second its code"),
    LIST("FTX", "*", "additional_information",
         PARTS(PART("4451", "statement_type_code"), PART("C107.4441", "statement_code"),
               JOIN("C108.4440", "statement_description")),
         .put = gl_edi_put_statements),
    BRACED(RULE_("RFF", "ABT|AAE", GL_EDI_SKIP),
           .note = "an MRN is given by Greenlane; an amendment is told by its LRN, a cancellation by either"),
    REFERENCES,
    OTHER_REFERENCES,
    RECORD("TDT", "11|20|2", "border_transport", TRANSPORT_PARTS, .custom = gl_edi_read_carrier, .again = "transport_",
           .inside = &gl_edi_table_ignored),
    RECORD("TDT", "13|12", "arrival_transport", TRANSPORT_PARTS, .custom = gl_edi_read_carrier, .again = "transport_",
           .inside = &gl_edi_table_ignored),
    FIELDS("TDT", "1", PARTS(PART("8067", "inland_mode_code")), .inside = &gl_edi_table_ignored),
    ATTRIBUTE("TDT", "*", "transport_", PARTS(PART("8213", "")), .inside = &gl_edi_table_ignored),
    DOCUMENTS,
    PARTIES,
    RECORD("TOD", NULL, "trade_terms", PARTS(PART("4053", "condition_code"), CODE("4215", "freight_payment_method")),
           .inside = &terms),
    FIELDS("MOA", "39|77|86", PARTS(PART("5004", "invoice_amount"), UNIT("6345", "invoice_amount")), .inside = &rate,
           .put = gl_edi_put_invoice, .note = "the rate of its CUX is exchange_rate"),
    FIELDS("MOA", "64|144", PARTS(PART("5004", "freight"), UNIT("6345", "freight")), .inside = &gl_edi_table_ignored),
    ATTRIBUTE("MOA", "*", "amount_", PARTS(PART("5004", ""), PART("6345", "")), .inside = &gl_edi_table_ignored),
    SKIP("EFI", NULL, "files come as documents of a declaration"),
    BRACED(RULE_("UNS", NULL, GL_EDI_SKIP), .put = gl_edi_put_section, .note = "where items begin and end"),
    SKIP("DMS", NULL, NO_LINES),
    {RULE_("CST", NULL, GL_EDI_LIST), .place = GL_EDI_GROUP, .field = "items", .custom = gl_edi_read_item_cst,
     .put = gl_edi_put_item_cst, PARTS(PART("1496", "sequence_numeric")), .inside = &item,
     .note = "C246 by its list (1131): none, 122, 169 commodity_code; 117 procedure_current_code and "
             "procedure_previous_code (4000), additional_procedures (three characters); 112 transaction_nature_code; "
             "116 duty_regime_code; 127 valuation_method_code; QUOTA quota_id; others are classifications"},
    BRACED(RULE_("UNS", "S", GL_EDI_SKIP), .put = gl_edi_put_section, .note = "where items end"),
    FIELDS("CNT", "5", PARTS(PART("6066", "goods_item_quantity"))),
    FIELDS("CNT", "11", PARTS(PART("6066", "total_package_quantity"))),
    FIELDS("CNT", "7", PARTS(PART("6066", "total_gross_mass"), UNIT("6411", "total_gross_mass"))),
    ATTRIBUTE("CNT", "*", "control_", PARTS(PART("6066", ""), PART("6411", ""))),
    SKIP("TAX", NULL, NO_SUMS),
    SKIP("AUT", NULL, NO_AUTH),
    SKIP("UNT", NULL, "counted and compared")};
const gl_edi_table gl_edi_cusdec = {
    .shape = &gl_shape_declaration, .rules = cusdec_rules, .count = sizeof cusdec_rules / sizeof *cusdec_rules};

const gl_edi_listed gl_edi_lists[] = {{"CUSDEC", &gl_edi_cusdec},
                                      {"CUSDEC: an item (the group of CST)", &item},
                                      {"CUSCAR: before the consignments", &gl_edi_cuscar_header},
                                      {"CUSCAR: a consignment (the group of CNI)", &gl_edi_cuscar_consignment},
                                      {"what follows NAD", &gl_edi_table_party},
                                      {"what follows RFF and DOC", &gl_edi_table_reference},
                                      {"what follows PAC", &gl_edi_table_packaging},
                                      {"what follows TAX", &tax},
                                      {"what else follows a segment", &gl_edi_table_ignored},
                                      {NULL, NULL}};
