/* The EU's form: H7 (EUCDM 6) as national systems take it, in the WCO's clothing. See cds_map.h.
 *
 * Here is what it has beyond the tables of cds_map.c, and its structure, which docs/FORMATS.md lists and a test
 * compares with the rules. What the canonical goods location has no field for goes into attributes of the declaration.
 */
#include "ingest/formats/cds/cds_rules.h"

static gl_cds_rule declaration_rules[] = {FIELD("ProcedureCategory", "procedure_category")};

static gl_cds_rule contact_rules[] = {LEFT("name", GL_CDS_NO_PERSON)};

static gl_cds_rule document_rules[] = {WHEN(gl_cds_transport_document, FIELD_("Type", "type_code"))};

/* --- goods location, DE 16 15 --- */

static gl_cds_rule office_rules[] = {ATTRIBUTE("identification", "goods_location_customs_office")};
TABLE(office, gl_shape_goods_location, office_rules);

static gl_cds_rule operator_rules[] = {ATTRIBUTE("identification", "goods_location_economic_operator")};
TABLE(economic_operator, gl_shape_goods_location, operator_rules);

static gl_cds_rule location_rules[] = {FIELD("IdentificationType", "qualifier_code"),
                                       ATTRIBUTE("authorisationReferenceNumber", "goods_location_authorisation"),
                                       ENTER("CustomsOffice", office),
                                       ATTRIBUTE("latitude", "goods_location_latitude"),
                                       ATTRIBUTE("longitude", "goods_location_longitude"),
                                       ENTER("EconomicOperator", economic_operator)};

static gl_cds_rule location_address_rules[] = {ATTRIBUTE("CityName", "goods_location_city"),
                                               ATTRIBUTE("Line", "goods_location_street"),
                                               ATTRIBUTE("PostcodeID", "goods_location_postcode")};

/* --- shipment and items --- */

static gl_cds_rule freight_rules[] = {FIELD("rate", "freight")};

static gl_cds_rule consignment_rules[] = {DOCUMENT("TransportContractDocument", TRANSPORT, gl_cds_table_document)};

static gl_cds_rule measure_rules[] = {FIELD("GrossMassMeasure", "total_gross_mass")};
TABLE(measure, gl_shape_declaration, measure_rules);

static gl_cds_rule shipment_rules[] = {
    ENTER("GoodsMeasure", measure), DOCUMENT("SupportingDocument", SUPPORTING, gl_cds_table_document),
    DOCUMENT("AdditionalReference", REFERENCE, gl_cds_table_document),
    READ_ONLY(DOCUMENT_("TransportContractDocument", TRANSPORT, gl_cds_table_document))};

static gl_cds_rule item_freight_rules[] = {FIELD("rate", "freight"),
                                           ATTRIBUTE("PaymentMethodCode", "freight_payment_method")};
TABLE(item_freight, gl_shape_item, item_freight_rules);

static gl_cds_rule item_rules[] = {DOCUMENT("SupportingDocument", SUPPORTING, gl_cds_table_document),
                                   DOCUMENT("AdditionalReference", REFERENCE, gl_cds_table_document),
                                   DOCUMENT("TransportContractDocument", TRANSPORT, gl_cds_table_document),
                                   ENTER("Freight", item_freight)};

#define OVER(table, s, r)                                                                                              \
    {                                                                                                                  \
        .over = &(table), .rules = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r) }                    \
    }

static const gl_cds_overlay overlays[] = {
    OVER(gl_cds_declaration, gl_shape_declaration, declaration_rules),
    OVER(gl_cds_table_contact, gl_shape_party, contact_rules),
    OVER(gl_cds_table_document, gl_shape_document, document_rules),
    OVER(gl_cds_table_goods_location, gl_shape_goods_location, location_rules),
    OVER(gl_cds_table_location_address, gl_shape_goods_location, location_address_rules),
    OVER(gl_cds_table_freight, gl_shape_declaration, freight_rules),
    OVER(gl_cds_table_shipment_consignment, gl_shape_declaration, consignment_rules),
    OVER(gl_cds_table_shipment, gl_shape_declaration, shipment_rules),
    OVER(gl_cds_table_item, gl_shape_item, item_rules),
};

const gl_cds_form gl_cds_form_eu = {.format = "eucdm-xml",
                                    .whole = &gl_cds_whole,
                                    .table = &gl_cds_declaration,
                                    .start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                             "<Declaration xmlns=\"urn:wco:datamodel:WCO:DEC-DMS:2\">",
                                    .end = "\n</Declaration>\n",
                                    .depth = 1,
                                    .units = true,
                                    .overlays = overlays,
                                    .overlay_count = sizeof overlays / sizeof *overlays,
                                    .any_classification = true,
                                    .relief_is_h7 = true};

const gl_eu_element gl_eu_structure[] = {
    {"FunctionCode", NULL, "1"},
    {"ProcedureCategory", NULL, "1"},
    {"FunctionalReferenceID", "12 09 001 000", "1"},
    {"TypeCode", "11 01 001 000, 11 02 001 000", "1"},
    {"DeclarationOfficeID", NULL, "1"},
    {"Submitter", NULL, "1"},
    {"Submitter/Name", NULL, "1"},
    {"Submitter/ID", NULL, "1"},
    {"Agent", "13 06", "0..1"},
    {"Agent/ID", "13 06 017 000", "1"},
    {"Agent/FunctionCode", "13 06 030 000", "1"},
    {"Agent/Contact", NULL, "0..9"},
    {"Agent/Contact/SequenceNumeric", NULL, "1"},
    {"Agent/Contact/name", NULL, "1"},
    {"Agent/Contact/Communication", NULL, "2..n"},
    {"Agent/Contact/Communication/SequenceNumeric", NULL, "1"},
    {"Agent/Contact/Communication/ID", NULL, "1"},
    {"Agent/Contact/Communication/TypeCode", NULL, "1"},
    {"Declarant", "13 05", "1"},
    {"Declarant/Name", "13 05 016 000", "0..1"},
    {"Declarant/ID", "13 05 017 000", "1"},
    {"Declarant/Address", "13 05 018", "0..1"},
    {"Declarant/Address/CityName", "13 05 018 022", "1"},
    {"Declarant/Address/CountryCode", "13 05 018 020", "1"},
    {"Declarant/Address/Line", "13 05 018 019", "1"},
    {"Declarant/Address/PostcodeID", "13 05 018 021", "1"},
    {"Declarant/Contact", NULL, "0..9"},
    {"Declarant/Contact/SequenceNumeric", NULL, "1"},
    {"Declarant/Contact/Name", NULL, "1"},
    {"Declarant/Contact/Communication", NULL, "2..n"},
    {"Declarant/Contact/Communication/SequenceNumeric", NULL, "1"},
    {"Declarant/Contact/Communication/ID", NULL, "1"},
    {"Declarant/Contact/Communication/TypeCode", NULL, "1"},
    {"GoodsShipment", NULL, "1"},
    {"GoodsShipment/SupportingDocument", "12 03", "0..99"},
    {"GoodsShipment/SupportingDocument/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/SupportingDocument/ID", "12 03 001 000", "1"},
    {"GoodsShipment/SupportingDocument/TypeCode", "12 03 002 000", "1"},
    {"GoodsShipment/AdditionalReference", "12 04", "0..99"},
    {"GoodsShipment/AdditionalReference/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/AdditionalReference/ID", "12 04 001 000", "1"},
    {"GoodsShipment/AdditionalReference/TypeCode", "12 04 002 000", "1"},
    {"GoodsShipment/AdditionalInformation", "12 02", "0..99"},
    {"GoodsShipment/AdditionalInformation/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/AdditionalInformation/StatementCode", "12 02 008 000", "1"},
    {"GoodsShipment/AdditionalInformation/StatementDescription", "12 02 009 000", "0..1"},
    {"GoodsShipment/Consignment", NULL, "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation", "16 15", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/Name", "16 15 036 000", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/ID", "16 15 053 000", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/TypeCode", "16 15 045 000", "1"},
    {"GoodsShipment/Consignment/GoodsLocation/IdentificationType", "16 15 046 000", "1"},
    {"GoodsShipment/Consignment/GoodsLocation/Address", NULL, "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/Address/CityName", NULL, "1"},
    {"GoodsShipment/Consignment/GoodsLocation/Address/CountryCode", NULL, "1"},
    {"GoodsShipment/Consignment/GoodsLocation/Address/Line", NULL, "1"},
    {"GoodsShipment/Consignment/GoodsLocation/Address/PostcodeID", NULL, "1"},
    {"GoodsShipment/Consignment/GoodsLocation/authorisationReferenceNumber", "16 15 052 000", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/CustomsOffice", "16 15 047", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/CustomsOffice/identification", NULL, "1"},
    {"GoodsShipment/Consignment/GoodsLocation/latitude", "16 15 048 049", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/longitude", "16 15 048 050", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/EconomicOperator", "16 15 051", "0..1"},
    {"GoodsShipment/Consignment/GoodsLocation/EconomicOperator/identification", "16 15 051 017", "1"},
    {"GoodsShipment/Consignment/TransportContractDocument", "12 05", "0..99"},
    {"GoodsShipment/Consignment/TransportContractDocument/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/Consignment/TransportContractDocument/ID", "12 05 001 000", "1"},
    {"GoodsShipment/Consignment/TransportContractDocument/Type", "12 05 002 000", "1"},
    {"GoodsShipment/Consignment/Freight", "14 15", "0..1"},
    {"GoodsShipment/Consignment/Freight/rate", "14 15 014 000", "1"},
    {"GoodsShipment/Consignor", "13 01", "0..1"},
    {"GoodsShipment/Consignor/Name", "13 01 016 000", "1"},
    {"GoodsShipment/Consignor/Address", "13 01 018", "1"},
    {"GoodsShipment/Consignor/Address/CityName", "13 01 018 022", "1"},
    {"GoodsShipment/Consignor/Address/CountryCode", "13 01 018 020", "1"},
    {"GoodsShipment/Consignor/Address/Line", "13 01 018 019", "1"},
    {"GoodsShipment/Consignor/Address/PostcodeID", "13 01 018 021", "1"},
    {"GoodsShipment/DomesticDutyTaxParty", "13 16", "0..99"},
    {"GoodsShipment/DomesticDutyTaxParty/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/DomesticDutyTaxParty/ID", "13 16 034 000", "1"},
    {"GoodsShipment/DomesticDutyTaxParty/RoleCode", "13 16 031 000", "1"},
    {"GoodsShipment/GoodsMeasure", NULL, "0..1"},
    {"GoodsShipment/GoodsMeasure/GrossMassMeasure", "18 04 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem", "11 03", "1..9999"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/SequenceNumeric", "11 03 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalInformation", "12 02", "0..99"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalInformation/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalInformation/StatementCode", "12 02 008 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalInformation/StatementDescription", "12 02 009 000", "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity", "18 05", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/Description", "18 05 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/Classification", "18 09", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/Classification/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/Classification/ID", "18 09 056 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/Classification/IdentificationTypeCode", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/GoodsMeasure", NULL, "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/GoodsMeasure/GrossMassMeasure", "18 04 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/GoodsMeasure/TariffQuantity", "18 02 001 000", "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/InvoiceLine", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Commodity/InvoiceLine/ItemChargeAmount", "14 14 014 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Consignor", "13 01", "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Consignor/Name", "13 01 016 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Consignor/Address", "13 01 018", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Consignor/Address/CityName", "13 01 018 022", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Consignor/Address/CountryCode", "13 01 018 020", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Consignor/Address/Line", "13 01 018 019", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Consignor/Address/PostcodeID", "13 01 018 021", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/GovernmentProcedure", NULL, "1..100"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/GovernmentProcedure/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/GovernmentProcedure/CurrentCode", "11 09 001 000, 11 10 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/GovernmentProcedure/PreviousCode", "11 09 002 000", "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Packaging", "18 06", "1..99"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Packaging/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Packaging/QuantityQuantity", "18 06 004 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/PreviousDocument", "12 01", "0..99"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/PreviousDocument/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/PreviousDocument/ID", "12 01 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/PreviousDocument/TypeCode", "12 01 002 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/PreviousDocument/LineNumeric", NULL, "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/UCR", "12 08", "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/UCR/TraderAssignedReferenceID", "12 08 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/SupportingDocument", "12 03", "0..99"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/SupportingDocument/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/SupportingDocument/ID", "12 03 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/SupportingDocument/TypeCode", "12 03 002 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalReference", "12 04", "0..99"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalReference/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalReference/ID", "12 04 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/AdditionalReference/TypeCode", "12 04 002 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Freight", "14 15", "0..1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/Freight/rate", "14 15 014 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/TransportContractDocument", "12 05", "0..99"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/TransportContractDocument/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/TransportContractDocument/ID", "12 05 001 000", "1"},
    {"GoodsShipment/GovernmentAgencyGoodsItem/TransportContractDocument/Type", "12 05 002 000", "1"},
    {"GoodsShipment/Importer", "13 04", "1"},
    {"GoodsShipment/Importer/Name", "13 04 016 000", "0..1"},
    {"GoodsShipment/Importer/ID", "13 04 017 000", "1"},
    {"GoodsShipment/Importer/Address", "13 04 018", "0..1"},
    {"GoodsShipment/Importer/Address/CityName", "13 04 018 022", "1"},
    {"GoodsShipment/Importer/Address/CountryCode", "13 04 018 020", "1"},
    {"GoodsShipment/Importer/Address/Line", "13 04 018 019", "1"},
    {"GoodsShipment/Importer/Address/PostcodeID", "13 04 018 021", "1"},
    {"GoodsShipment/PreviousDocument", "12 01", "0..99"},
    {"GoodsShipment/PreviousDocument/SequenceNumeric", NULL, "1"},
    {"GoodsShipment/PreviousDocument/ID", "12 01 001 000", "1"},
    {"GoodsShipment/PreviousDocument/TypeCode", "12 01 002 000", "1"},
    {"GoodsShipment/PreviousDocument/LineNumeric", NULL, "0..1"},
    {"GoodsShipment/UCR", "12 08", "0..1"},
    {"GoodsShipment/UCR/TraderAssignedReferenceID", "12 08 001 000", "1"},
};
const size_t gl_eu_structure_count = sizeof gl_eu_structure / sizeof *gl_eu_structure;
