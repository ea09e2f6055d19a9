/* See cds_map.h. Elements are those of WCO_DEC_2_DMS as the UK's CDS takes it; what the EU's form has beyond them is in
 * eucdm_map.c. */
#include "ingest/formats/cds/cds_rules.h"

/* Why elements are left that several tables have. */
#define NO_REGION "countries are not divided further"
#define NO_NAME   "what it is is told by its identification"

static gl_cds_rule origin_rules[] = {PART("CountryCode", "origin_country_id, preferential_origin_id"),
                                     PART("TypeCode", "which of the two"), LEFT("RegionID", NO_REGION)};
SHARED_TABLE(origin, gl_shape_item, origin_rules);

static gl_cds_rule procedure_rules[] = {PART("CurrentCode", "procedure_current_code, additional_procedures"),
                                        PART("PreviousCode", "procedure_previous_code"), IN_ORDER("SequenceNumeric")};
SHARED_TABLE(procedure, gl_shape_item, procedure_rules);

static gl_cds_rule time_rules[] = {PART("DateTimeString", "the time itself")};
SHARED_TABLE(time_string, gl_shape_declaration, time_rules);

static gl_cds_rule address_rules[] = {
    FIELD("CityName", "city"),
    FIELD("CountryCode", "country_code"),
    LEFT("CountrySubDivisionCode", NO_REGION),
    LEFT("CountrySubDivisionName", NO_REGION),
    CUSTOM("Line", "street", gl_cds_read_line, gl_cds_put_line, "several lines are joined"),
    FIELD("PostcodeID", "postcode"),
    LEFT("TypeCode", "an address is an address")};
TABLE(address, gl_shape_party, address_rules);

static gl_cds_rule communication_rules[] = {
    IN_ORDER("SequenceNumeric"), FIELD("ID", "communications"),
    TOLD("TypeCode", "number and address tell themselves apart", gl_cds_put_communication_type)};
TABLE(communication, gl_shape_party, communication_rules);

static gl_cds_rule contact_rules[] = {IN_ORDER("SequenceNumeric"), LEFT("Name", GL_CDS_NO_PERSON),
                                      EACH("Communication", communication)};
SHARED_TABLE(contact, gl_shape_party, contact_rules);

static gl_cds_rule party_rules[] = {
    WHEN(gl_cds_fiscal_in_eu, LEFT_("SequenceNumeric", GL_CDS_ORDER, "the order is kept")),
    FIELD("Name", "name"),
    FIELD("ID", "id"),
    WHEN(gl_cds_other_role, FIELD_("RoleCode", "role_code")),
    WHEN(gl_cds_agent, FIELD_("FunctionCode", "role_code")),
    WHEN(gl_cds_holder, FIELD_("CategoryCode", "role_code")),
    ENTER("Address", address),
    WHEN(gl_cds_in_eu, ENTER_("Contact", gl_cds_table_contact)),
    EACH("Communication", communication)};
SHARED_TABLE(party, gl_shape_party, party_rules);

static gl_cds_rule transport_rules[] = {LEFT("Name", NO_NAME),
                                        FIELD("ID", "id"),
                                        FIELD("IdentificationTypeCode", "identification_type_code"),
                                        LEFT("TypeCode", NO_NAME),
                                        FIELD("RegistrationNationalityCode", "nationality_code"),
                                        FIELD("ModeCode", "mode_code")};
TABLE(transport, gl_shape_transport_means, transport_rules);

static gl_cds_rule inland_rules[] = {LEFT("Name", NO_NAME),
                                     FIELD("ID", "id"),
                                     FIELD("IdentificationTypeCode", "identification_type_code"),
                                     LEFT("TypeCode", NO_NAME),
                                     FIELD("RegistrationNationalityCode", "nationality_code"),
                                     CUSTOM("ModeCode", "mode_code, and the declaration's inland_mode_code",
                                            gl_cds_read_inland_mode, gl_cds_put_inland_mode, NULL)};
TABLE(inland, gl_shape_transport_means, inland_rules);

#define NO_ADDRESS "the place is told by its identification"
static gl_cds_rule location_address_rules[] = {FIELD("TypeCode", "qualifier_code"), LEFT("CityName", NO_ADDRESS),
                                               FIELD("CountryCode", "country_code"), LEFT("Line", NO_ADDRESS),
                                               LEFT("PostcodeID", NO_ADDRESS)};
SHARED_TABLE(location_address, gl_shape_goods_location, location_address_rules);

static gl_cds_rule location_rules[] = {FIELD("Name", "name"), FIELD("ID", "id"), FIELD("TypeCode", "type_code"),
                                       ENTER("Address", gl_cds_table_location_address)};
SHARED_TABLE(goods_location, gl_shape_goods_location, location_rules);

static gl_cds_rule write_off_rules[] = {FIELD("QuantityQuantity", "quantity"), FIELD("AmountAmount", "amount")};
TABLE(write_off, gl_shape_document, write_off_rules);

static gl_cds_rule document_submitter_rules[] = {FIELD("Name", "issuer_name"),
                                                 LEFT("RoleCode", "who issued a document has one role")};
TABLE(document_submitter, gl_shape_document, document_submitter_rules);

static gl_cds_rule document_rules[] = {WHEN(gl_cds_in_eu, LEFT_("SequenceNumeric", GL_CDS_ORDER, "the order is kept")),
                                       FIELD("CategoryCode", "category_code"),
                                       CUSTOM_INSIDE("EffectiveDateTime", "effective_date", gl_cds_read_effective,
                                                     gl_cds_put_effective, gl_cds_table_time_string, NULL),
                                       FIELD("ID", "id"),
                                       FIELD("Name", "name"),
                                       FIELD("TypeCode", "type_code"),
                                       FIELD("LPCOExemptionCode", "status_code"),
                                       FIELD("LineNumeric", "line_numeric"),
                                       ENTER("Submitter", document_submitter),
                                       ENTER("WriteOff", write_off)};
SHARED_TABLE(document, gl_shape_document, document_rules);

static gl_cds_rule guarantee_rules[] = {FIELD("AmountAmount", "amount"),
                                        FIELD("ID", "id"),
                                        CUSTOM("ReferenceID", "id, or name when ID is given",
                                               gl_cds_read_guarantee_reference, gl_cds_put_guarantee_reference, NULL),
                                        FIELD("SecurityDetailsCode", "type_code"),
                                        LEFT("AccessCode", "a secret of the guarantor, which no stage asks for"),
                                        LEFT("GuaranteeOffice", "the guarantee's number says where it is")};
TABLE(guarantee, gl_shape_document, guarantee_rules);

static gl_cds_rule information_rules[] = {
    WHEN(gl_cds_in_eu, LEFT_("SequenceNumeric", GL_CDS_ORDER, "the order is kept")),
    FIELD("StatementCode", "statement_code"),
    FIELD("StatementDescription", "statement_description"),
    FIELD("StatementTypeCode", "statement_type_code"),
    LEFT("Pointer", "a pointer into the message: the statement is about the declaration or the item it stands in"),
    LEFT("LimitDateTime", "the statement is of the day of the declaration")};
TABLE(information, gl_shape_additional_information, information_rules);

#define NO_UCR_ID "of the two numbers of a consignment the trader's is kept"
static gl_cds_rule ucr_rules[] = {LEFT("ID", NO_UCR_ID), FIELD("TraderAssignedReferenceID", "ucr")};
TABLE(declaration_ucr, gl_shape_declaration, ucr_rules);
static gl_cds_rule item_ucr_rules[] = {LEFT("ID", NO_UCR_ID), FIELD("TraderAssignedReferenceID", "ucr")};
TABLE(item_ucr, gl_shape_item, item_ucr_rules);

/* --- items --- */

static gl_cds_rule classification_rules[] = {
    WHEN(gl_cds_in_eu, LEFT_("SequenceNumeric", GL_CDS_ORDER, "the order is kept")), FIELD("ID", "id"),
    FIELD("IdentificationTypeCode", "identification_type_code")};
TABLE(classification, gl_shape_classification, classification_rules);

static gl_cds_rule payment_rules[] = {FIELD("MethodCode", "payment_method_code"),
                                      FIELD("TaxAssessedAmount", "assessed_amount"),
                                      FIELD("PaymentAmount", "payment_amount")};
TABLE(payment, gl_shape_duty_tax_fee, payment_rules);

static gl_cds_rule duty_rules[] = {
    CUSTOM("AdValoremTaxBaseAmount", "tax_base", gl_cds_read_tax_base, gl_cds_put_tax_base,
           "its unit is the currency; left out when there is a quantity"),
    LEFT("DeductAmount", "duty is computed again; what is deducted is in its result"),
    FIELD("DutyRegimeCode", "duty_regime_code"),
    CUSTOM("SpecificTaxBaseQuantity", "tax_base", gl_cds_read_tax_base, gl_cds_put_tax_base, NULL),
    FIELD("TaxRateNumeric", "tax_rate_percent"),
    FIELD("TypeCode", "type_code"),
    CUSTOM("QuotaOrderID", "quota_id of the item", gl_cds_read_quota, gl_cds_put_quota, "an item has one, said once"),
    ENTER("Payment", payment)};
TABLE(duty, gl_shape_duty_tax_fee, duty_rules);

static gl_cds_rule measure_rules[] = {FIELD("GrossMassMeasure", "gross_mass"), FIELD("NetNetWeightMeasure", "net_mass"),
                                      FIELD("TariffQuantity", "tariff_quantity")};
TABLE(measure, gl_shape_item, measure_rules);

static gl_cds_rule invoice_line_rules[] = {FIELD("ItemChargeAmount", "item_charge_amount")};
TABLE(invoice_line, gl_shape_item, invoice_line_rules);

static gl_cds_rule dangerous_rules[] = {ATTRIBUTE("UNDGID", "undg_id")};
TABLE(dangerous, gl_shape_item, dangerous_rules);

static gl_cds_rule item_equipment_rules[] = {IN_ORDER("SequenceNumeric"), ATTRIBUTE("ID", "transport_equipment_id")};
TABLE(item_equipment, gl_shape_item, item_equipment_rules);

static gl_cds_rule commodity_rules[] = {LEFT("SequenceNumeric", "an item has one commodity"),
                                        FIELD("Description", "description"),
                                        LIST("Classification", "classifications", classification),
                                        EACH("DangerousGoods", dangerous),
                                        LIST("DutyTaxFee", "duty_tax_fees", duty),
                                        ENTER("GoodsMeasure", measure),
                                        ENTER("InvoiceLine", invoice_line),
                                        EACH("TransportEquipment", item_equipment)};
TABLE(commodity, gl_shape_item, commodity_rules);

static gl_cds_rule charge_rules[] = {FIELD("ChargesTypeCode", "addition_code"),
                                     FIELD("OtherChargeDeductionAmount", "amount")};
TABLE(charge, gl_shape_valuation_adjustment, charge_rules);

static gl_cds_rule valuation_rules[] = {
    FIELD("MethodCode", "valuation_method_code"), FIELD("FreightChargeAmount", "freight"),
    WHEN(gl_cds_with_amount, LIST_("ChargeDeduction", "valuation_adjustments", -1, charge))};
TABLE(valuation, gl_shape_item, valuation_rules);

static gl_cds_rule adjustment_rules[] = {FIELD("AdditionCode", "addition_code")};
TABLE(adjustment, gl_shape_valuation_adjustment, adjustment_rules);

#define NO_SIZE "packages are counted and named, not measured"
static gl_cds_rule packaging_rules[] = {IN_ORDER("SequenceNumeric"),
                                        FIELD("MarksNumbersID", "marks"),
                                        FIELD("QuantityQuantity", "quantity"),
                                        FIELD("TypeCode", "type_code"),
                                        LEFT("PackingMaterialDescription", NO_SIZE),
                                        LEFT("LengthMeasure", NO_SIZE),
                                        LEFT("WidthMeasure", NO_SIZE),
                                        LEFT("HeightMeasure", NO_SIZE),
                                        LEFT("VolumeMeasure", NO_SIZE)};
TABLE(packaging, gl_shape_packaging, packaging_rules);

static gl_cds_rule item_destination_rules[] = {FIELD("CountryCode", "destination_country_id"),
                                               LEFT("RegionID", NO_REGION)};
TABLE(item_destination, gl_shape_item, item_destination_rules);

static gl_cds_rule item_export_rules[] = {FIELD("ID", "dispatch_country_id")};
TABLE(item_export, gl_shape_item, item_export_rules);

static gl_cds_rule item_rules[] = {
    FIELD("CustomsValueAmount", "customs_value_amount"),
    FIELD("SequenceNumeric", "sequence_numeric"),
    FIELD("StatisticalValueAmount", "statistical_value_amount"),
    FIELD("TransactionNatureCode", "transaction_nature_code"),
    DOCUMENT("AdditionalDocument", SUPPORTING, gl_cds_table_document),
    LIST("AdditionalInformation", "additional_information", information),
    PARTY("AEOMutualRecognitionParty", SUPPLY_CHAIN_ACTOR),
    PARTY("Buyer", BUYER),
    ENTER("Commodity", commodity),
    PARTY("Consignee", CONSIGNEE),
    PARTY("Consignor", CONSIGNOR),
    ENTER("CustomsValuation", valuation),
    ENTER("Destination", item_destination),
    PARTY("DomesticDutyTaxParty", FISCAL_REFERENCE),
    ENTER("ExportCountry", item_export),
    CUSTOM_INSIDE("GovernmentProcedure", "procedure_current_code, procedure_previous_code, additional_procedures",
                  gl_cds_read_procedure, gl_cds_put_procedure, gl_cds_table_procedure,
                  "two characters: the procedure; three: an additional one"),
    CUSTOM_INSIDE("Origin", "origin_country_id, preferential_origin_id", gl_cds_read_origin, gl_cds_put_origin,
                  gl_cds_table_origin, "type 2 is the preferential origin"),
    LIST("Packaging", "packaging", packaging),
    DOCUMENT("PreviousDocument", PREVIOUS, gl_cds_table_document),
    PARTY("Seller", SELLER),
    ENTER("UCR", item_ucr),
    WHEN(gl_cds_without_amount, LIST_("ValuationAdjustment", "valuation_adjustments", -1, adjustment))};
SHARED_TABLE(item, gl_shape_item, item_rules);

/* --- the declaration --- */

static gl_cds_rule itinerary_rules[] = {IN_ORDER("SequenceNumeric"),
                                        ATTRIBUTE("RoutingCountryCode", "routing_country")};
TABLE(itinerary, gl_shape_declaration, itinerary_rules);

static gl_cds_rule freight_rules[] = {ATTRIBUTE("PaymentMethodCode", "freight_payment_method")};
SHARED_TABLE(freight, gl_shape_declaration, freight_rules);

static gl_cds_rule consignment_rules[] = {
    PARTY("Carrier", CARRIER),
    LEFT("ConsignmentItem", "an export's safety data by item: consignor and freight are taken of the whole"),
    WHEN(gl_cds_in_uk_export, PARTY_("Consignor", CONSIGNOR)),
    WHEN(gl_cds_in_uk, ENTER_("Freight", gl_cds_table_freight)), EACH("Itinerary", itinerary)};
TABLE(consignment, gl_shape_declaration, consignment_rules);

static gl_cds_rule seal_rules[] = {IN_ORDER("SequenceNumeric"), ATTRIBUTE("ID", "seal_id")};
TABLE(seal, gl_shape_declaration, seal_rules);

static gl_cds_rule equipment_rules[] = {IN_ORDER("SequenceNumeric"), FIELD("ID", "transport_equipment_ids"),
                                        EACH("Seal", seal)};
TABLE(equipment, gl_shape_declaration, equipment_rules);

static gl_cds_rule loading_rules[] = {LEFT("Name", NO_NAME), FIELD("ID", "loading_location_id")};
TABLE(loading, gl_shape_declaration, loading_rules);

static gl_cds_rule shipment_consignment_rules[] = {
    FIELD("ContainerCode", "container_code"),
    WHEN(gl_cds_not_export, RECORD_("ArrivalTransportMeans", "arrival_transport", inland)),
    WHEN(gl_cds_export, RECORD_("DepartureTransportMeans", "arrival_transport", inland)),
    RECORD("GoodsLocation", "goods_location", gl_cds_table_goods_location),
    ENTER("LoadingLocation", loading),
    EACH("TransportEquipment", equipment),
    WHEN(gl_cds_in_eu, ENTER_("Freight", gl_cds_table_freight))};
SHARED_TABLE(shipment_consignment, gl_shape_declaration, shipment_consignment_rules);

static gl_cds_rule shipment_valuation_rules[] = {
    FIELD("FreightChargeAmount", "freight"),
    LEFT("ChargeDeduction", "additions to and deductions from the whole value are not apportioned to items")};
TABLE(shipment_valuation, gl_shape_declaration, shipment_valuation_rules);

static gl_cds_rule destination_rules[] = {FIELD("CountryCode", "destination_country_id"), LEFT("RegionID", NO_REGION)};
TABLE(destination, gl_shape_declaration, destination_rules);

static gl_cds_rule export_rules[] = {FIELD("ID", "export_country_id")};
TABLE(export_country, gl_shape_declaration, export_rules);

static gl_cds_rule terms_rules[] = {FIELD("ConditionCode", "condition_code"),
                                    FIELD("CountryRelationshipCode", "country_code"),
                                    LEFT("Description", "the condition's code says it"),
                                    FIELD("LocationID", "location_id"), FIELD("LocationName", "location_name")};
TABLE(terms, gl_shape_trade_terms, terms_rules);

static gl_cds_rule warehouse_rules[] = {FIELD("ID", "warehouse_id"), FIELD("TypeCode", "warehouse_type_code")};
TABLE(warehouse, gl_shape_declaration, warehouse_rules);

static gl_cds_rule shipment_rules[] = {
    LEFT("ExitDateTime", "an arrival or an exit is an event"),
    FIELD("TransactionNatureCode", "transaction_nature_code"),
    WHEN(gl_cds_in_eu, LIST_("AdditionalInformation", "additional_information", -1, information)),
    PARTY("AEOMutualRecognitionParty", SUPPLY_CHAIN_ACTOR),
    PARTY("Buyer", BUYER),
    PARTY("Consignee", CONSIGNEE),
    ENTER("Consignment", gl_cds_table_shipment_consignment),
    WHEN(gl_cds_not_in_uk_export, PARTY_("Consignor", CONSIGNOR)),
    ENTER("CustomsValuation", shipment_valuation),
    ENTER("Destination", destination),
    PARTY("DomesticDutyTaxParty", FISCAL_REFERENCE),
    ENTER("ExportCountry", export_country),
    CUSTOM_INSIDE("GovernmentAgencyGoodsItem", "items", gl_cds_read_item, gl_cds_put_items, gl_cds_table_item,
                  "its elements are listed below"),
    PARTY("Importer", IMPORTER),
    LEFT("Invoice", "an invoice is a document of the items; its total is InvoiceAmount"),
    PARTY("Payer", PAYER),
    DOCUMENT("PreviousDocument", PREVIOUS, gl_cds_table_document),
    PARTY("Seller", SELLER),
    PARTY("Surety", GUARANTOR),
    PARTY("NotifyParty", NOTIFY),
    RECORD("TradeTerms", "trade_terms", terms),
    ENTER("UCR", declaration_ucr),
    ENTER("Warehouse", warehouse)};
SHARED_TABLE(shipment, gl_shape_declaration, shipment_rules);

static gl_cds_rule exchange_rules[] = {LEFT("CurrencyTypeCode", "the rate is of the invoice's currency"),
                                       FIELD("RateNumeric", "exchange_rate")};
TABLE(exchange, gl_shape_declaration, exchange_rules);

static gl_cds_rule exit_rules[] = {FIELD("ID", "exit_office_id")};
TABLE(exit_office, gl_shape_declaration, exit_rules);
static gl_cds_rule presentation_rules[] = {FIELD("ID", "presentation_office_id")};
TABLE(presentation_office, gl_shape_declaration, presentation_rules);
static gl_cds_rule supervising_rules[] = {FIELD("ID", "supervising_office_id")};
TABLE(supervising_office, gl_shape_declaration, supervising_rules);

static gl_cds_rule declaration_rules[] = {
    CUSTOM_INSIDE("AcceptanceDateTime", "declared_date", gl_cds_read_acceptance, gl_cds_put_acceptance,
                  gl_cds_table_time_string, "the day of it"),
    FIELD("FunctionCode", "function_code"),
    FIELD("FunctionalReferenceID", "functional_reference_id"),
    LEFT("ID", "an MRN is given by Greenlane; an amendment is told by its LRN"),
    CUSTOM_INSIDE("IssueDateTime", "issue_date_time", gl_cds_read_issue, gl_cds_put_issue, gl_cds_table_time_string,
                  NULL),
    LEFT("IssueLocationID", "where a message was written says nothing of the goods"),
    FIELD("TypeCode", "type_code"),
    FIELD("GoodsItemQuantity", "goods_item_quantity"),
    FIELD("DeclarationOfficeID", "declaration_office_id"),
    FIELD("InvoiceAmount", "invoice_amount"),
    LEFT("LoadingListQuantity", "loading lists are paper"),
    WHEN(gl_cds_in_uk, FIELD_("TotalGrossMassMeasure", "total_gross_mass")),
    FIELD("TotalPackageQuantity", "total_package_quantity"),
    ATTRIBUTE("SpecificCircumstancesCodeCode", "specific_circumstances"),
    LEFT("VersionID", "versions are counted by Greenlane"),
    LEFT("Authentication", "who sends is told by the account"),
    PARTY("Submitter", SUBMITTER),
    CUSTOM_INSIDE("AdditionalDocument", "documents", gl_cds_read_header_document, gl_cds_put_header_document,
                  gl_cds_table_document, "kind DEFERRED_PAYMENT for type DAN, else SUPPORTING"),
    WHEN(gl_cds_in_uk, LIST_("AdditionalInformation", "additional_information", -1, information)),
    PARTY("Agent", AGENT),
    LEFT("Amendment", "what amends by pointers is refused"),
    PARTY("AuthorisationHolder", AUTHORISATION_HOLDER),
    RECORD("BorderTransportMeans", "border_transport", transport),
    ENTER("Consignment", consignment),
    ENTER("CurrencyExchange", exchange),
    PARTY("Declarant", DECLARANT),
    ENTER("ExitOffice", exit_office),
    PARTY("Exporter", EXPORTER),
    ENTER("GoodsShipment", gl_cds_table_shipment),
    READ_ONLY(PARTY_("Importer", IMPORTER)),
    DOCUMENT("ObligationGuarantee", GUARANTEE, guarantee),
    ENTER("PresentationOffice", presentation_office),
    ENTER("SupervisingOffice", supervising_office)};
const gl_cds_table gl_cds_declaration = {.shape = &gl_shape_declaration,
                                         .rules = declaration_rules,
                                         .count = sizeof declaration_rules / sizeof *declaration_rules};

/* --- what is around it --- */

static gl_cds_rule metadata_rules[] = {PART("WCODataModelVersionCode", "message.profile"),
                                       PART("WCOTypeName", "message.profile"),
                                       PART("ResponsibleCountryCode", "message.profile"),
                                       PART("ResponsibleAgencyName", "message.profile"),
                                       PART("AgencyAssignedCustomizationVersionCode", "message.profile"),
                                       PART("ProcedureCategory", "procedure_category"),
                                       ENTER("Declaration", gl_cds_declaration)};
SHARED_TABLE(metadata, gl_shape_declaration, metadata_rules);

static gl_cds_rule detail_rules[] = {ENTER("MetaData", gl_cds_table_metadata),
                                     ENTER("Declaration", gl_cds_declaration)};
TABLE(detail, gl_shape_declaration, detail_rules);

static gl_cds_rule request_rules[] = {
    LEFT("requestCommon", "the gateway's note of who sent it and when; whose it is is told by the account"),
    ENTER("requestDetail", detail)};
SHARED_TABLE(request, gl_shape_declaration, request_rules);

static gl_cds_rule whole_rules[] = {ENTER("submitDeclarationRequest", gl_cds_table_request),
                                    ENTER("MetaData", gl_cds_table_metadata), ENTER("Declaration", gl_cds_declaration)};
const gl_cds_table gl_cds_whole = {
    .shape = &gl_shape_declaration, .rules = whole_rules, .count = sizeof whole_rules / sizeof *whole_rules};

const gl_cds_part gl_cds_parts[] = {{"MetaData", &gl_cds_table_metadata},
                                    {"submitDeclarationRequest", &gl_cds_table_request},
                                    {"Declaration", &gl_cds_declaration},
                                    {"GovernmentAgencyGoodsItem", &gl_cds_table_item},
                                    {"a party", &gl_cds_table_party},
                                    {"a document", &gl_cds_table_document},
                                    {"ObligationGuarantee", &guarantee},
                                    {"AdditionalInformation", &information},
                                    {"DutyTaxFee", &duty},
                                    {"Packaging", &packaging},
                                    {"Classification", &classification},
                                    {"ChargeDeduction", &charge},
                                    {"a means of transport", &transport},
                                    {"GoodsLocation", &gl_cds_table_goods_location},
                                    {"TradeTerms", &terms},
                                    {NULL, NULL}};
