/* See trade_map.h. */
#include "ingest/formats/trade/trade_map.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define BRACED(...)                                                                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define IS(n, a)              .names = (n), .action = GL_TRADE_##a, .key = -1
#define FIELD(n, f)           BRACED(IS(n, FIELD), .field = (f))
#define ATTRIBUTE(n, t)       BRACED(IS(n, ATTRIBUTE), .field = (t))
#define ENTER(n, t)           BRACED(IS(n, ENTER), .inside = &(t))
#define RECORD(n, f, t)       BRACED(IS(n, RECORD), .field = (f), .inside = &(t))
#define ITEMS(n)              BRACED(IS(n, ITEMS), .field = "items", .inside = &item)
#define ITEM(n, t)            BRACED(IS(n, ITEM), .field = "items", .inside = &(t))
#define CUSTOM(n, f, c, why)  BRACED(IS(n, CUSTOM), .field = (f), .custom = (c), .note = (why))
#define INTO(n, f, c, t, why) BRACED(IS(n, CUSTOM), .field = (f), .custom = (c), .inside = &(t), .note = (why))
#define PART(n, f)            BRACED(IS(n, PART), .field = (f))
#define KIND                  BRACED(IS("type|@type", KIND))
#define LEFT(n, why)          BRACED(IS(n, LEFT), .note = (why))
#define PARTY_AS(n, r, c)                                                                                              \
    BRACED(.names = (n), .action = GL_TRADE_PARTY, .key = GL_DECLARATION_PARTY_ROLE_##r, .field = "parties",           \
           .code = (c), .inside = &party)
#define PARTY(n, r) PARTY_AS(n, r, NULL)
#define DOCUMENT(n, k, c)                                                                                              \
    BRACED(.names = (n), .action = GL_TRADE_DOCUMENT, .key = GL_DECLARATION_DOCUMENT_KIND_##k, .field = "documents",   \
           .code = (c))
#define TABLE(name, s, r)                                                                                              \
    static const gl_trade_table name = {.shape = &(s), .rules = (r), .count = sizeof(r) / sizeof *(r)}

/* --- parties --- */

#define GEO    LEFT("geo|latitude|longitude", "where exactly a place is: its address says it")
#define REGION "a region stands behind the city"

static gl_trade_rule address_rules[] = {
    KIND,
    CUSTOM("name", "`name`, or the beginning of `street`", gl_trade_read_address_name, NULL),
    CUSTOM("streetAddress|street|addressLine1|line1|addressLine2|line2", "street", gl_trade_read_street,
           "several lines are joined"),
    CUSTOM("addressLocality|city|town", "city", gl_trade_read_city, REGION),
    CUSTOM("addressRegion|region|state", "city", gl_trade_read_city, REGION),
    FIELD("postalCode|postcode|zip", "postcode"),
    CUSTOM("addressCountry|country|countryCode", "country_code", gl_trade_read_country,
           "what is no code stands behind the city, with a warning")};
TABLE(address, gl_shape_party, address_rules);

static gl_trade_rule place_rules[] = {KIND, ENTER("address", address), GEO,
                                      LEFT("unLocode|usPortCode", "of a party the address says where it is")};
TABLE(party_place, gl_shape_party, place_rules);

static gl_trade_rule importer_rules[] = {KIND, FIELD("number", "id"), FIELD("identifierType", "role_code")};
TABLE(importer_of_record, gl_shape_party, importer_rules);

static gl_trade_rule party_rules[] = {
    KIND,
    FIELD("id|taxId|eori|number|customsReference", "id"),
    FIELD("scac", "role_code"),
    CUSTOM("name|fullName|contactName", "name", gl_trade_read_name, NULL),
    CUSTOM("company|organisation|organization", "name", gl_trade_read_name, "before a person's"),
    FIELD("identifierType", "role_code"),
    FIELD("entityType", "role_code"),
    ENTER("location", party_place),
    ENTER("address|deliveryAddress", address),
    CUSTOM("streetAddress|street|addressLine1|line1|addressLine2|line2", "street", gl_trade_read_street,
           "several lines are joined"),
    CUSTOM("addressLocality|city|town", "city", gl_trade_read_city, REGION),
    CUSTOM("addressRegion|region|state", "city", gl_trade_read_city, REGION),
    FIELD("postalCode|postcode|zip", "postcode"),
    CUSTOM("addressCountry|country|countryCode", "country_code", gl_trade_read_country,
           "what is no code stands behind the city, with a warning"),
    FIELD("email", "communications"),
    FIELD("phoneNumber|phone|telephone|faxNumber", "communications"),
    LEFT("description|url", "what a company says of itself")};
TABLE(party, gl_shape_party, party_rules);

/* --- items --- */

static gl_trade_rule commodity_rules[] = {
    KIND,
    CUSTOM("commodityCode", "commodity_code, `classifications`", gl_trade_read_code, "dots and spaces are left out"),
    PART("commodityCodeType", "the type of the classification"),
    CUSTOM("description", "description", gl_trade_read_description, "where the item has none of its own")};
TABLE(commodity, gl_shape_item, commodity_rules);

static gl_trade_rule item_party_rules[] = {KIND, PART("role", "the party's role"), ENTER("organization", party),
                                           ENTER("importerOfRecord", importer_of_record)};
TABLE(item_party, gl_shape_party, item_party_rules);

static gl_trade_rule item_rules[] = {
    KIND,
    FIELD("pieceNumber|sequence|lineNumber", "sequence_numeric"),
    CUSTOM("description|productDescription|descriptionOfGoods", "description", gl_trade_read_description, NULL),
    ENTER("commodity", commodity),
    CUSTOM("hsCode|htsCode|tariffNumber|commodityCode|htsusNumber", "commodity_code, `classifications`",
           gl_trade_read_code, "dots and spaces are left out"),
    FIELD("originCountry|countryOfOrigin", "origin_country_id"),
    FIELD("quantity|itemCount|units", "tariff_quantity"),
    FIELD("netWeight|netQuantity", "net_mass"),
    FIELD("grossWeight|weight", "gross_mass"),
    ATTRIBUTE("grossVolume|volume", "gross_volume"),
    FIELD("value|amount|enteredValue", "item_charge_amount"),
    CUSTOM("currency", "the currency of the amounts", gl_trade_read_currency, NULL),
    FIELD("charges", "freight"),
    CUSTOM("marksAndNumbers|marks", "`packaging`: marks", gl_trade_read_marks, NULL),
    CUSTOM("packageQuantity|packages", "`packaging`: quantity", gl_trade_read_packages, NULL),
    ATTRIBUTE("manifestQuantity", "manifest_quantity"),
    INTO("itemParty", "`parties` of the item", gl_trade_read_item_party, item_party, "by its role"),
    PARTY_AS("manufacturer", OTHER, "MANUFACTURER"),
    ATTRIBUTE("freeTradeZoneFilingDate", "free_trade_zone_filing_date"),
    ATTRIBUTE("freeTradeZoneStatus", "free_trade_zone_status"),
    ATTRIBUTE("adCvdNumber", "ad_cvd_number"),
    ATTRIBUTE("categoryNumber", "category_number"),
    ATTRIBUTE("relationship", "relationship"),
    ATTRIBUTE("htsRate", "hts_rate"),
    ATTRIBUTE("visaNumber", "visa_number"),
    ATTRIBUTE("dutyAndIRTax", "duty_and_ir_tax"),
    DOCUMENT("invoiceNumber", SUPPORTING, "N380"),
    DOCUMENT("licenceNumber|licenseNumber", AUTHORISATION, NULL)};
TABLE(item, gl_shape_item, item_rules);

/* --- transport --- */

static gl_trade_rule movement_rules[] = {KIND, FIELD("vesselNumber|vesselName|conveyanceName", "id"),
                                         ATTRIBUTE("voyageNumber|flightNumber", "voyage")};
TABLE(movement, gl_shape_transport_means, movement_rules);

static gl_trade_rule conveyance_rules[] = {FIELD("conveyanceName|vesselName", "id")};
TABLE(conveyance, gl_shape_transport_means, conveyance_rules);

static gl_trade_rule seal_rules[] = {KIND, ATTRIBUTE("sealNumber", "seal_id")};
TABLE(seal, gl_shape_declaration, seal_rules);

static gl_trade_rule equipment_rules[] = {KIND, FIELD("equipmentReference", "transport_equipment_ids"),
                                          ATTRIBUTE("ISOEquipmentCode", "equipment_type"), ENTER("seals", seal)};
TABLE(equipment, gl_shape_declaration, equipment_rules);

static gl_trade_rule charge_rules[] = {
    KIND,
    ATTRIBUTE("chargeCode", "charge_code"),
    ATTRIBUTE("paymentTerm", "charge_payment_term"),
    ATTRIBUTE("chargeText", "charge_text"),
    ATTRIBUTE("rate", "charge_rate"),
    ATTRIBUTE("calculationBasis", "charge_basis"),
    CUSTOM("appliedAmount", "freight", gl_trade_read_charge, "of a second charge attribute `charge_amount`")};
TABLE(charge, gl_shape_declaration, charge_rules);

#define MODE(n)                                                                                                        \
    CUSTOM(n, "`border_transport`: mode_code", gl_trade_read_mode,                                                     \
           "Ocean 1, Rail 2, Truck 3, Air 4, Mail 5, Pipeline 7; another one is attribute `transport_mode`")
#define PORT_OF_LOADING   FIELD("portOfLoading", "loading_location_id")
#define PORT_OF_DISCHARGE ATTRIBUTE("portOfDischarge|portOfUnlading", "unloading_location")
#define THE_CARRIER       PARTY("carrier", CARRIER)

/* --- an order that a bill's freight is of --- */

static gl_trade_rule product_rules[] = {KIND,
                                        PARTY_AS("manufacturer", OTHER, "MANUFACTURER"),
                                        PARTY("seller", SELLER),
                                        ATTRIBUTE("weight", "product_weight"),
                                        ATTRIBUTE("depth", "product_depth"),
                                        ATTRIBUTE("width", "product_width"),
                                        ATTRIBUTE("height", "product_height"),
                                        ATTRIBUTE("commodity", "product_commodity"),
                                        ATTRIBUTE("description", "product_description")};
TABLE(product, gl_shape_declaration, product_rules);

static gl_trade_rule order_item_rules[] = {
    KIND, PARTY_AS("marketplace", OTHER, "MARKETPLACE"), PARTY_AS("fulfillmentCenter", OTHER, "FULFILMENT"),
    ENTER("orderedItem", product), ATTRIBUTE("orderedQuantity", "ordered_quantity")};
TABLE(order_item, gl_shape_declaration, order_item_rules);

static gl_trade_rule order_rules[] = {KIND, ENTER("orderedItems", order_item),
                                      ATTRIBUTE("orderNumber", "order_number")};
TABLE(order, gl_shape_declaration, order_rules);

static gl_trade_rule delivery_rules[] = {KIND,
                                         PARTY_AS("deliveryAddress", OTHER, "DELIVERY"),
                                         PARTY_AS("originAddress", OTHER, "ORIGIN"),
                                         ENTER("partOfOrder", order),
                                         ATTRIBUTE("deliveryMethod", "delivery_method"),
                                         ATTRIBUTE("trackingNumber", "tracking_number")};
TABLE(delivery, gl_shape_declaration, delivery_rules);

/* --- bills of lading and manifests --- */

static gl_trade_rule bill_rules[] = {
    KIND,
    CUSTOM("billOfLadingNumber|houseBillNumber|houseWaybill|hawb", "the LRN, and `documents`, TRANSPORT: `id`",
           gl_trade_read_number,
           "N714 house bill, N704 master bill, N705 bill, N760 multimodal; by air N703, N741, N740"),
    CUSTOM("masterBillNumber|masterWaybill|mawb", "`documents`, TRANSPORT: `id`", gl_trade_read_master,
           "N704 master bill, by air N741"),
    ATTRIBUTE("bookingNumber", "booking_number"),
    PARTY("shipper|consignor", CONSIGNOR),
    PARTY("consignee", CONSIGNEE),
    PARTY("notifyParty|notify", NOTIFY),
    PARTY_AS("freightForwarder", OTHER, "FORWARDER"),
    PARTY("buyer", BUYER),
    PARTY("seller", SELLER),
    THE_CARRIER,
    ENTER("freight", delivery),
    RECORD("mainCarriageTransportMovement", "border_transport", movement),
    PORT_OF_LOADING,
    PORT_OF_DISCHARGE,
    MODE("transportMode|modeOfTransportation"),
    FIELD("totalNumberOfPackages|pieces", "total_package_quantity"),
    FIELD("totalGrossWeight|grossWeight", "total_gross_mass"),
    ATTRIBUTE("transportEquipmentQuantity", "equipment_count"),
    ENTER("utilizedTransportEquipment", equipment),
    ITEMS("includedConsignmentItems|particulars|items"),
    ITEM("description|descriptionOfGoods|hsCode|commodity|countryOfOrigin|value|netWeight|marksAndNumbers", item),
    CUSTOM("currency", "the currency of the amounts", gl_trade_read_currency, NULL),
    ENTER("freightAndCharges", charge),
    FIELD("declaredValue", "invoice_amount"),
    ATTRIBUTE("shippedOnBoardDate", "shipped_on_board_date"),
    ATTRIBUTE("termsAndConditions", "terms_and_conditions")};
TABLE(bill, gl_shape_declaration, bill_rules);

static gl_trade_rule master_rules[] = {KIND, CUSTOM("billOfLadingNumber|number|masterBillNumber",
                                                    "`documents`, TRANSPORT: `id`", gl_trade_read_master, NULL)};
TABLE(master, gl_shape_declaration, master_rules);

static gl_trade_rule around_rules[] = {
    KIND,
    ATTRIBUTE("manifestNumber|id", "manifest_number"),
    CUSTOM("billOfLadingNumber|masterBillNumber|masterWaybill|mawb", "`documents`, TRANSPORT: `id`",
           gl_trade_read_master, "N704 master bill, by air N741"),
    ENTER("masterBill", master),
    ATTRIBUTE("bookingNumber", "booking_number"),
    THE_CARRIER,
    RECORD("mainCarriageTransportMovement", "border_transport", movement),
    ENTER("utilizedTransportEquipment", equipment),
    PORT_OF_LOADING,
    PORT_OF_DISCHARGE,
    MODE("transportMode|modeOfTransportation"),
    ATTRIBUTE("voyageFlightTrip|flightNumber|voyageNumber", "voyage"),
    ATTRIBUTE("arrivalDate", "arrival_date"),
    FIELD("portOfEntry|customsOffice", "declaration_office_id"),
    CUSTOM("currency", "the currency of the amounts", gl_trade_read_currency, NULL),
    ATTRIBUTE("shippedOnBoardDate", "shipped_on_board_date"),
    PART("houseBills", "each is a declaration"),
    LEFT("shipper|consignor|consignee|notifyParty|notify", "of the consolidation: each house bill has its own"),
    LEFT("totalNumberOfPackages|transportEquipmentQuantity|includedConsignmentItems|particulars|declaredValue|"
         "freightAndCharges|termsAndConditions",
         "of the consolidation: each house bill has its own")};
const gl_trade_table gl_trade_table_around = {
    .shape = &gl_shape_declaration, .rules = around_rules, .count = sizeof around_rules / sizeof *around_rules};

/* --- entries of the United States --- */

#define ENTRY_NUMBER                                                                                                   \
    CUSTOM("entryNumber", "the LRN, and attribute `entry_number`", gl_trade_read_number,                               \
           "3461-, 7501- or 86- stands before it: they are filings of their own about one entry")
#define BILL_NUMBER(n)                                                                                                 \
    CUSTOM(n, "`documents`, TRANSPORT: `id`", gl_trade_read_bill, "N704 of a master, N714 of a house bill, else N705")

static gl_trade_rule type86_item_rules[] = {FIELD("countryOfOrigin", "origin_country_id"),
                                            FIELD("fairRetailValue", "item_charge_amount")};
TABLE(type86_origin, gl_shape_item, type86_item_rules);

static gl_trade_rule type86_rules[] = {KIND,
                                       ENTRY_NUMBER,
                                       BILL_NUMBER("bolNumber"),
                                       FIELD("portOfEntry", "declaration_office_id"),
                                       PARTY("shipper", CONSIGNOR),
                                       PARTY("consignee", CONSIGNEE),
                                       PARTY("seller", SELLER),
                                       PARTY("importerOfRecord", IMPORTER),
                                       ITEM("countryOfOrigin", type86_origin),
                                       FIELD("quantity", "total_package_quantity"),
                                       ITEM("fairRetailValue", type86_origin),
                                       ITEM("htsusNumber", item),
                                       ITEM("description|productDescription", item),
                                       ITEM("grossWeight|netWeight", item)};
TABLE(type86, gl_shape_declaration, type86_rules);

static gl_trade_rule entry_rules[] = {KIND,
                                      ENTRY_NUMBER,
                                      FIELD("portOfEntry", "declaration_office_id"),
                                      ATTRIBUTE("bondType", "bond_type"),
                                      ATTRIBUTE("bondValue", "bond_value"),
                                      ATTRIBUTE("suretyCode", "surety_code"),
                                      PARTY("importer", IMPORTER),
                                      PARTY("importerOfRecord", IMPORTER),
                                      FIELD("entryValue", "invoice_amount"),
                                      ATTRIBUTE("centralizedExaminationSite", "examination_site"),
                                      ATTRIBUTE("entryType", "entry_type"),
                                      ATTRIBUTE("originatingWarehouseEntryNumber", "warehouse_entry_number"),
                                      ATTRIBUTE("portOfUnlading", "unloading_location"),
                                      MODE("transportMode"),
                                      CUSTOM("locationOfGoods", "`goods_location`: `id`", gl_trade_read_place, NULL),
                                      ATTRIBUTE("generalOrderNumber", "general_order_number"),
                                      ATTRIBUTE("conveyanceNameOrFreeTradeZoneID", "conveyance_or_zone"),
                                      ATTRIBUTE("referenceIDCode", "reference_code"),
                                      ATTRIBUTE("referenceIDNumber", "reference_number"),
                                      ITEMS("lineItems"),
                                      ATTRIBUTE("nonAMS", "non_ams"),
                                      ATTRIBUTE("splitBill", "split_bill"),
                                      PART("bolType", "the type of the transport document"),
                                      PARTY("scac", CARRIER),
                                      ATTRIBUTE("inBondNumber", "in_bond_number"),
                                      BILL_NUMBER("bolNumber"),
                                      FIELD("quantity", "total_package_quantity"),
                                      ATTRIBUTE("voyageFlightTrip", "voyage"),
                                      BRACED(IS("conveyanceName", CUSTOM), .field = "`border_transport`: `id`",
                                             .custom = gl_trade_read_place, .inside = &conveyance),
                                      ATTRIBUTE("arrivalDate", "arrival_date")};
TABLE(entry, gl_shape_declaration, entry_rules);

static gl_trade_rule summary_rules[] = {KIND,
                                        ENTRY_NUMBER,
                                        ATTRIBUTE("entryType", "entry_type"),
                                        CUSTOM("summaryDate", "declared_date", gl_trade_read_day, "the day of it"),
                                        ATTRIBUTE("suretyCode", "surety_code"),
                                        ATTRIBUTE("bondType", "bond_type"),
                                        FIELD("portCode", "declaration_office_id"),
                                        ATTRIBUTE("entryDate", "entry_date"),
                                        PARTY("importingCarrier", CARRIER),
                                        MODE("transportMode"),
                                        ATTRIBUTE("countryOfOrigin", "origin_country"),
                                        ATTRIBUTE("importDate", "import_date"),
                                        BILL_NUMBER("billOfLadingNumber"),
                                        PARTY_AS("manufacturerId", OTHER, "MANUFACTURER"),
                                        FIELD("exportingCountry", "export_country_id"),
                                        ATTRIBUTE("exportDate", "export_date"),
                                        ATTRIBUTE("immediateTransportationNumber", "immediate_transportation_number"),
                                        ATTRIBUTE("immediateTransportationDate", "immediate_transportation_date"),
                                        ATTRIBUTE("missingDocuments", "missing_document"),
                                        PORT_OF_LOADING,
                                        ATTRIBUTE("portOfUnlading", "unloading_location"),
                                        CUSTOM("locationOfGoods", "`goods_location`: `id`", gl_trade_read_place, NULL),
                                        PARTY("consigneeNumber", CONSIGNEE),
                                        PARTY("importerNumber", IMPORTER),
                                        ATTRIBUTE("referenceNumber", "reference_number"),
                                        PARTY("ultimateConsignee", CONSIGNEE),
                                        PARTY("importerOfRecord", IMPORTER),
                                        ITEMS("descriptionOfMerchandise"),
                                        ATTRIBUTE("otherFeeSummary", "other_fee_summary"),
                                        FIELD("totalEnteredValue", "invoice_amount"),
                                        ATTRIBUTE("declarationOfImporter", "declaration_of_importer"),
                                        ATTRIBUTE("duty", "duty"),
                                        ATTRIBUTE("tax", "tax"),
                                        ATTRIBUTE("total", "total")};
TABLE(summary, gl_shape_declaration, summary_rules);

static gl_trade_rule listed_rules[] = {FIELD("listedPriceOnMarketplace", "item_charge_amount"),
                                       FIELD("enhancedProductDescription", "description")};
TABLE(listed, gl_shape_item, listed_rules);

static gl_trade_rule de_minimis_rules[] = {
    KIND,
    ATTRIBUTE("originatorCode", "originator_code"),
    ATTRIBUTE("participantFilerType", "filer_type"),
    CUSTOM("shipmentTrackingNumber", "the LRN, and attribute `tracking_number`", gl_trade_read_number, NULL),
    BILL_NUMBER("houseBillOfLadingNumber|bolNumber"),
    MODE("modeOfTransportation"),
    PARTY_AS("shipmentInitiator", OTHER, "INITIATOR"),
    PARTY("seller", SELLER),
    PARTY("buyer", BUYER),
    PARTY("finalDeliverTo", CONSIGNEE),
    ITEM("enhancedProductDescription", listed),
    ATTRIBUTE("shipmentSecurityScan", "security_scan"),
    ATTRIBUTE("knownCarrierCustomerFlag", "known_carrier_customer"),
    ATTRIBUTE("knownMarketplaceSellerFlag", "known_marketplace_seller"),
    ATTRIBUTE("marketplaceSellerAccountNumber", "marketplace_seller_account"),
    ATTRIBUTE("productPicture", "product_picture"),
    ITEM("listedPriceOnMarketplace", listed),
    ITEM("htsusNumber|hsCode|countryOfOrigin|grossWeight|netWeight", item)};
TABLE(de_minimis, gl_shape_declaration, de_minimis_rules);

/* --- postal items --- */

static gl_trade_rule postal_rules[] = {
    KIND,
    CUSTOM("itemId|s10|itemIdentifier", "the LRN, and `documents`, TRANSPORT of type N750: `id`", gl_trade_read_number,
           "an identifier of UPU standard S10"),
    ATTRIBUTE("form", "postal_form"),
    CUSTOM("category|categoryOfItem|natureOfTransaction", "attribute `postal_category`", gl_trade_read_category,
           "sale (11), returned (21), gift (31), sample (32), documents (91), other (99)"),
    ATTRIBUTE("mailClass", "mail_class"),
    ATTRIBUTE("handlingClass", "handling_class"),
    CUSTOM("postingDate|dateOfPosting", "declared_date", gl_trade_read_day, "the day of it"),
    FIELD("originOffice|officeOfOrigin", "loading_location_id"),
    FIELD("destinationOffice|officeOfExchange", "declaration_office_id"),
    FIELD("originCountry", "export_country_id"),
    FIELD("destinationCountry", "destination_country_id"),
    PARTY("sender", CONSIGNOR),
    PARTY("addressee|recipient", CONSIGNEE),
    CUSTOM("ioss|iossNumber", "`parties`, FISCAL_REFERENCE FR5: `id`", gl_trade_read_ioss, NULL),
    FIELD("grossWeight|weight", "total_gross_mass"),
    FIELD("pieces|numberOfPieces", "total_package_quantity"),
    CUSTOM("currency", "the currency of the amounts", gl_trade_read_currency, NULL),
    FIELD("postage|postagePaid", "freight"),
    FIELD("totalValue|declaredValue", "invoice_amount"),
    ATTRIBUTE("insuredValue", "insured_value"),
    DOCUMENT("licences|licenses", AUTHORISATION, NULL),
    DOCUMENT("certificates", SUPPORTING, NULL),
    DOCUMENT("invoices|invoiceNumber", SUPPORTING, "N380"),
    ATTRIBUTE("comments|explanation", "comments"),
    ITEMS("contentPieces|contents|articles")};
TABLE(postal, gl_shape_declaration, postal_rules);

/* --- credentials --- */

#define OF_CREDENTIAL "of the credential, not of the goods: who sends is told by the account"
static gl_trade_rule credential_rules[] = {
    KIND, PART("credentialSubject", "the document"),
    LEFT("@context|id|name|description|issuer|issuanceDate|issued|validFrom|expirationDate|validUntil|proof|"
         "credentialStatus|credentialSchema|relatedLink|refreshService|termsOfUse|evidence",
         OF_CREDENTIAL)};
const gl_trade_table gl_trade_table_credential = {.shape = &gl_shape_declaration,
                                                  .rules = credential_rules,
                                                  .count = sizeof credential_rules / sizeof *credential_rules};

/* --- kinds of documents --- */

#define US    "us-json"
#define BILLS "bill-json"
#define OTHER(t, w)                                                                                                    \
    {                                                                                                                  \
        .type = (t), .what = (w)                                                                                       \
    }

const gl_trade_form gl_trade_forms[] = {
    {"CBPEntryType86", NULL, US, "a de minimis entry of the United States (Type 86)", &type86, "US86", "86-", "USD",
     "N705", "N740"},
    {"CBPEntry", NULL, US, "an entry of the United States (CBP form 3461)", &entry, "US3461", "3461-", "USD", "N705",
     "N740"},
    {"CBPEntrySummary", NULL, US, "an entry summary of the United States (CBP form 7501)", &summary, "US7501", "7501-",
     "USD", "N705", "N740"},
    {"DeMinimisShipment", NULL, US, "a de minimis shipment (Section 321 data)", &de_minimis, "US321", "", "USD", "N705",
     "N740"},
    {"HouseBillOfLading", "houseBillNumber|houseWaybill|hawb", BILLS, "a house bill of lading", &bill, "BILL", "H-",
     NULL, "N714", "N703"},
    {"MasterBillOfLading", NULL, BILLS, "a master bill of lading", &bill, "BILL", "M-", NULL, "N704", "N741"},
    {"BillOfLading", NULL, BILLS, "a bill of lading", &bill, "BILL", "B-", NULL, "N705", "N740"},
    {"MultiModalBillOfLading", NULL, BILLS, "a multimodal bill of lading", &bill, "BILL", "T-", NULL, "N760", "N760"},
    {"PostalItem", "contentPieces|s10|itemIdentifier", "itmatt-json", "a postal item (ITMATT, CN22, CN23)", &postal,
     "POST", "", NULL, "N750", "N750"},
    OTHER("CBPImporterOfRecord", "a number of an importer of record"),
    OTHER("IntentToImport", "an intent to import"),
    OTHER("PackingList", "a packing list"),
    OTHER("ParcelDelivery", "a delivery of a parcel"),
    OTHER("ShippingInstructions", "shipping instructions"),
    OTHER("SIMASteelImportLicense", "a licence to import steel"),
    OTHER("Manifest", "a manifest without house bills"),
    OTHER("CommercialInvoice", "a commercial invoice"),
    OTHER("PurchaseOrder", "a purchase order"),
    OTHER("CertificateOfOrigin", "a certificate of origin"),
    OTHER("PhytosanitaryCertificate", "a phytosanitary certificate"),
    OTHER("Organization", "an organisation"),
    OTHER("Person", "a person"),
    OTHER("Product", "a product"),
    OTHER("TransportEvent", "an event of a transport"),
};
const size_t gl_trade_form_count = sizeof gl_trade_forms / sizeof *gl_trade_forms;

/* --- looking up --- */

static bool has_name(const char *names, gl_str name)
{
    while (*names != 0) {
        size_t len = strcspn(names, "|");
        if (gl_str_eq((gl_str){names, len}, name))
            return true;
        names += len + (names[len] == '|');
    }
    return false;
}

const gl_trade_rule *gl_trade_rule_of(const gl_trade_table *table, gl_str name)
{
    for (size_t i = 0; i < table->count; i++)
        if (has_name(table->rules[i].names, name))
            return &table->rules[i];
    return NULL;
}

static void prepare_table(const gl_trade_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        gl_trade_rule *rule = &table->rules[i];
        bool named = rule->action == GL_TRADE_FIELD || rule->action == GL_TRADE_RECORD;
        if (rule->target != NULL)
            continue;
        rule->target = named ? gl_shape_field(table->shape, gl_str_of(rule->field)) : NULL;
        if (named && rule->target == NULL) {
            fprintf(stderr, "trade mapping: %s has no field %s\n", table->shape->name, rule->field);
            abort();
        }
        if (rule->inside != NULL && rule->inside != table)
            prepare_table(rule->inside);
    }
}

static void prepare_all(void)
{
    prepare_table(&gl_trade_table_around);
    prepare_table(&gl_trade_table_credential);
    for (size_t i = 0; i < gl_trade_form_count; i++)
        if (gl_trade_forms[i].table != NULL)
            prepare_table(gl_trade_forms[i].table);
}

void gl_trade_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_all);
}

/* --- which document it is --- */

/* The `type` of an object: a text, or the last of a list that some form has. */
static const gl_trade_form *form_of_type(const gl_json *tree)
{
    const gl_json *type = gl_json_get(tree, "type");
    type = type == NULL ? gl_json_get(tree, "@type") : type;
    size_t count = type == NULL ? 0 : type->type == GL_JSON_ARRAY ? type->count : 1;
    for (size_t i = count; i-- > 0;) {
        const gl_json *one = type->type == GL_JSON_ARRAY ? type->items[i] : type;
        for (size_t k = 0; one->type == GL_JSON_STRING && k < gl_trade_form_count; k++) {
            gl_str name = gl_str_of(gl_trade_forms[k].type), text = one->text;
            bool whole = gl_str_starts(text, name);
            gl_str rest = {text.ptr + name.len, whole ? text.len - name.len : 0};
            if (whole && (rest.len == 0 || gl_str_eqz(rest, "Credential") || gl_str_eqz(rest, "Certificate")))
                return &gl_trade_forms[k];
        }
    }
    return NULL;
}

static const gl_trade_form *form_of_members(const gl_json *tree)
{
    for (size_t k = 0; k < gl_trade_form_count; k++)
        for (size_t i = 0; gl_trade_forms[k].told_by != NULL && i < tree->count; i++)
            if (has_name(gl_trade_forms[k].told_by, tree->keys[i]))
                return &gl_trade_forms[k];
    return NULL;
}

/* A document of a kind that nobody here has heard of. */
static const gl_trade_form *other_form(const gl_json *tree)
{
    static const gl_trade_form other = {.what = "something else"};
    const gl_json *type = gl_json_get(tree, "type");
    type = type == NULL ? gl_json_get(tree, "@type") : type;
    return type != NULL && (type->type == GL_JSON_ARRAY || type->type == GL_JSON_STRING) ? &other : NULL;
}

bool gl_trade_is_credential(const gl_json *tree)
{
    return gl_json_get(tree, "credentialSubject") != NULL;
}

const gl_trade_form *gl_trade_form_of(const gl_json *tree, const gl_json **document)
{
    *document = tree;
    if (gl_json_get(tree, "functional_reference_id") != NULL || gl_json_get(tree, "family") != NULL)
        return NULL;
    const gl_json *subject = gl_json_get(tree, "credentialSubject");
    if (subject != NULL && subject->type == GL_JSON_ARRAY && subject->count == 1)
        subject = subject->items[0];
    if (subject != NULL && subject->type == GL_JSON_OBJECT)
        *document = subject;
    const gl_trade_form *form = form_of_type(*document);
    if (form == NULL)
        form = form_of_members(*document);
    if (form == NULL && *document != tree)
        form = form_of_type(tree);
    return form != NULL ? form : other_form(tree);
}

/* --- documentation --- */

static void document_rule(gl_buf *buf, const gl_trade_rule *rule)
{
    switch (rule->action) {
    case GL_TRADE_FIELD:
    case GL_TRADE_RECORD:
        gl_buf_printf(buf, "`%s`", rule->field);
        break;
    case GL_TRADE_ATTRIBUTE:
        gl_buf_printf(buf, "attribute `%s`", rule->field);
        break;
    case GL_TRADE_PARTY:
        gl_buf_printf(buf, "`parties`, %s%s%s", gl_shape_party.fields[0].names[rule->key],
                      rule->code == NULL ? "" : " ", rule->code == NULL ? "" : rule->code);
        break;
    case GL_TRADE_DOCUMENT:
        gl_buf_printf(buf, "`documents`, %s%s%s", gl_shape_document.fields[0].names[rule->key],
                      rule->code == NULL ? "" : " of type ", rule->code == NULL ? "" : rule->code);
        break;
    case GL_TRADE_ITEMS:
        gl_buf_text(buf, "`items`");
        break;
    case GL_TRADE_LEFT:
        gl_buf_text(buf, "not carried");
        break;
    case GL_TRADE_KIND:
        gl_buf_text(buf, "what it is");
        break;
    case GL_TRADE_CUSTOM:
    case GL_TRADE_PART:
        gl_buf_text(buf, rule->field);
        break;
    case GL_TRADE_ENTER:
    case GL_TRADE_ITEM:
        break;
    }
    gl_buf_printf(buf, " | %s |\n", rule->note == NULL ? "" : rule->note);
}

/* "`a`, `b`" of "a|b" */
static void document_names(gl_buf *buf, const char *prefix, const char *names)
{
    for (bool first = true; *names != 0; first = false) {
        int len = (int)strcspn(names, "|");
        gl_buf_printf(buf, "%s`%s%.*s`", first ? "" : ", ", prefix, len, names);
        names += len + (names[len] == '|');
    }
}

static void document_table(gl_buf *buf, const gl_trade_table *table, const char *prefix)
{
    for (size_t i = 0; i < table->count; i++) {
        const gl_trade_rule *rule = &table->rules[i];
        char inner[128];
        snprintf(inner, sizeof inner, "%s%.*s.", prefix, (int)strcspn(rule->names, "|"), rule->names);
        if (rule->action == GL_TRADE_KIND && *prefix != 0)
            continue;
        if (rule->action == GL_TRADE_ENTER || rule->action == GL_TRADE_RECORD) {
            document_table(buf, rule->inside, inner);
            continue;
        }
        if (rule->action == GL_TRADE_ITEM) {
            for (const char *name = rule->names; *name != 0;) {
                size_t len = strcspn(name, "|");
                const gl_trade_rule *of = gl_trade_rule_of(rule->inside, (gl_str){name, len});
                gl_buf_printf(buf, "| `%s%.*s` | of the item: ", prefix, (int)len, name);
                document_rule(buf, of);
                name += len + (name[len] == '|');
            }
            continue;
        }
        gl_buf_text(buf, "| ");
        document_names(buf, prefix, rule->names);
        gl_buf_text(buf, " | ");
        document_rule(buf, rule);
    }
}

static void document_part(gl_buf *buf, const char *title, const gl_trade_table *table)
{
    gl_buf_printf(buf, "\n#### In %s\n\n| member | canonical | |\n|---|---|---|\n", title);
    document_table(buf, table, "");
}

void gl_trade_document(gl_buf *buf)
{
    const gl_trade_table *last = NULL;
    gl_trade_prepare();
    gl_buf_text(buf, "| `type` | what it is | data set | LRN begins with |\n|---|---|---|---|\n");
    for (size_t i = 0; i < gl_trade_form_count; i++) {
        const gl_trade_form *form = &gl_trade_forms[i];
        gl_buf_printf(buf, "| `%s` | %s%s | %s | %s |\n", form->type, form->what,
                      form->format == NULL ? ": refused, as what it is" : "",
                      form->data_set == NULL ? "" : form->data_set, form->lrn_prefix == NULL ? "" : form->lrn_prefix);
    }
    for (size_t i = 0; i < gl_trade_form_count; i++) {
        const gl_trade_form *form = &gl_trade_forms[i];
        if (form->table != NULL && form->table != last)
            document_part(buf, form->what, form->table);
        last = form->table != NULL ? form->table : last;
    }
    document_part(buf, "a manifest, around its house bills", &gl_trade_table_around);
    document_part(buf, "an item", &item);
    document_part(buf, "a party", &party);
    document_part(buf, "an importer of record, and who is a number", &importer_of_record);
    document_part(buf, "a credential", &gl_trade_table_credential);
}
