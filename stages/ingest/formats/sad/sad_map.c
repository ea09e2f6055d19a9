/* See sad_map.h. Elements are those of ASYCUDA World's export, in its order and its spelling. */
#include "ingest/formats/sad/sad_map.h"

#include <pthread.h>

#include "ingest/formats/cds/cds_rules.h"

#define NULL_INSIDE       .absent = "<null/>"
#define NULLED(...)       BRACED(__VA_ARGS__, NULL_INSIDE)
#define KEPT_(e, t)       .element = (e), .action = GL_CDS_ATTRIBUTE, .field = (t), .key = -1, .once = true
#define KEPT(e, t)        BRACED(KEPT_(e, t))
#define NULL_KEPT(e, t)   NULLED(KEPT_(e, t))
#define SUM(e, t)         BRACED(KEPT_(e, t), .absent = GL_CDS_ZERO)
#define ONE(e, f, k, t)   BRACED(LIST_(e, f, k, t), .once = true)
#define ROLE(r)           GL_DECLARATION_PARTY_ROLE_##r
#define KIND(k)           GL_DECLARATION_DOCUMENT_KIND_##k
#define LATER(e, f, p, n) CUSTOM(e, f, gl_sad_read_later, p, n)

/* --- general --- */

static gl_cds_rule release_rules[] = {KEPT("Date_of_exit", "exit_date"),
                                      KEPT("Time_of_exit", "exit_time"),
                                      NULL_KEPT("Actual_office_of_exit_code", "actual_exit_office"),
                                      NULL_KEPT("Actual_office_of_exit_name", "actual_exit_office_name"),
                                      NULL_KEPT("Exit_reference", "exit_reference"),
                                      NULL_KEPT("Comments", "exit_comments")};
TABLE(release, gl_shape_declaration, release_rules);

static gl_cds_rule notice_rules[] = {CUSTOM("Item_tax_total", "attribute `assessment_item_tax`", gl_sad_read_flat,
                                            gl_sad_put_flat, "its elements, if it has any, are one text")};
TABLE(notice, gl_shape_declaration, notice_rules);

static gl_cds_rule global_rules[] = {CUSTOM("Global_tax_item", "attribute `global_tax`", gl_sad_read_flat,
                                            gl_sad_put_flat, "its elements, if it has any, are one text")};
TABLE(global_taxes, gl_shape_declaration, global_rules);

static gl_cds_rule form_rules[] = {KEPT("Number_of_the_form", "form_number"),
                                   KEPT("Total_number_of_forms", "form_count")};
TABLE(forms, gl_shape_declaration, form_rules);

static gl_cds_rule number_rules[] = {KEPT("Number_of_loading_lists", "loading_list_count"),
                                     FIELD("Total_number_of_items", "goods_item_quantity"),
                                     FIELD("Total_number_of_packages", "total_package_quantity")};
TABLE(numbers, gl_shape_declaration, number_rules);

static gl_cds_rule property_rules[] = {
    LATER("Sad_flow", "family", gl_sad_put_flow, "I imports, E exports; without it the type of declaration says it"),
    CUSTOM("Date_of_declaration", "declared_date", gl_sad_read_date, gl_sad_put_date, NULL),
    KEPT("Selected_page", "selected_page"),
    ENTER("Forms", forms),
    ENTER("Nbers", numbers),
    NULL_KEPT("Place_of_declaration", "declaration_place")};
TABLE(property, gl_shape_declaration, property_rules);

static gl_cds_rule office_rules[] = {FIELD("Customs_clearance_office_code", "declaration_office_id"),
                                     KEPT("Customs_Clearance_office_name", "declaration_office_name")};
TABLE(office, gl_shape_declaration, office_rules);

static gl_cds_rule type_rules[] = {CUSTOM("Type_of_declaration", "type_code", gl_sad_read_type, gl_sad_put_type,
                                          "without it IM or EX, as the flow says"),
                                   KEPT("Declaration_gen_procedure_code", "general_procedure"),
                                   NULL_KEPT("Type_of_transit_document", "transit_document_type")};
TABLE(type, gl_shape_declaration, type_rules);

/* Registered, assessed, paid: a number, its day and its series. */
#define STEP_RULES(name)                                                                                               \
    {                                                                                                                  \
        KEPT("Number", name "_number"), KEPT("Date", name "_date"), NULL_KEPT("Serial_number", name "_serial")         \
    }
static gl_cds_rule registration_rules[] = STEP_RULES("registration"), assessment_rules[] = STEP_RULES("assessment"),
                   receipt_rules[] = STEP_RULES("receipt");
TABLE(registration, gl_shape_declaration, registration_rules);
TABLE(assessment, gl_shape_declaration, assessment_rules);
TABLE(receipt, gl_shape_declaration, receipt_rules);

static gl_cds_rule identification_rules[] = {
    ENTER("Office_segment", office),
    ENTER("Type", type),
    NULLED(CUSTOM_("Manifest_reference_number", "`documents`, REFERENCE of type 785", gl_sad_read_manifest,
                   gl_sad_put_manifest, "785: cargo manifest (UN/EDIFACT 1001)")),
    ENTER("Registration", registration),
    ENTER("Assessment", assessment),
    ENTER("receipt", receipt)};
TABLE(identification, gl_shape_declaration, identification_rules);

/* --- parties --- */

#define FIRST_LINE "its first line; the others are the street"
static gl_cds_rule exporter_rules[] = {
    FIELD("Exporter_code", "id"),
    CUSTOM("Exporter_name", "`name`, `street`", gl_sad_read_name, gl_sad_put_name, FIRST_LINE)};
TABLE(exporter, gl_shape_party, exporter_rules);
static gl_cds_rule consignee_rules[] = {
    FIELD("Consignee_code", "id"),
    CUSTOM("Consignee_name", "`name`, `street`", gl_sad_read_name, gl_sad_put_name, FIRST_LINE)};
TABLE(consignee, gl_shape_party, consignee_rules);
static gl_cds_rule payer_rules[] = {
    FIELD("Financial_code", "id"),
    CUSTOM("Financial_name", "`name`, `street`", gl_sad_read_name, gl_sad_put_name, FIRST_LINE)};
TABLE(payer, gl_shape_party, payer_rules);

static gl_cds_rule trader_rules[] = {ONE("Exporter", "parties", ROLE(EXPORTER), exporter),
                                     ONE("Consignee", "parties", ROLE(CONSIGNEE), consignee),
                                     ONE("Financial", "parties", ROLE(PAYER), payer)};
TABLE(traders, gl_shape_declaration, trader_rules);

static gl_cds_rule reference_rules[] = {
    NULLED(CUSTOM_("Number", "functional_reference_id", gl_sad_read_later, gl_sad_put_number,
                   "the LRN; without it office, year, series and number of the registration are"))};
TABLE(reference, gl_shape_party, reference_rules);

static gl_cds_rule declarant_rules[] = {
    FIELD("Declarant_code", "id"),
    CUSTOM("Declarant_name", "`name`, `street`", gl_sad_read_name, gl_sad_put_name, FIRST_LINE),
    NULLED(CUSTOM_("Declarant_representative", "`parties`, AGENT: `name`", gl_sad_read_later, gl_sad_put_party, NULL)),
    ENTER("Reference", reference)};
TABLE(declarant, gl_shape_party, declarant_rules);

/* --- general information and transport --- */

static gl_cds_rule export_rules[] = {FIELD("Export_country_code", "export_country_id"),
                                     KEPT("Export_country_name", "export_country_name"),
                                     KEPT("Export_country_region", "export_country_region")};
TABLE(export_country, gl_shape_declaration, export_rules);

static gl_cds_rule destination_rules[] = {NULLED(FIELD_("Destination_country_code", "destination_country_id")),
                                          NULL_KEPT("Destination_country_name", "destination_country_name"),
                                          NULL_KEPT("Destination_country_region", "destination_country_region")};
TABLE(destination, gl_shape_declaration, destination_rules);

static gl_cds_rule country_rules[] = {KEPT("Country_first_destination", "first_destination_country"),
                                      KEPT("Trading_country", "trading_country"),
                                      KEPT("Country_of_origin_name", "origin_country_name"),
                                      ENTER("Export", export_country), ENTER("Destination", destination)};
TABLE(country, gl_shape_declaration, country_rules);

static gl_cds_rule general_rules[] = {KEPT("Value_details", "value_details"), ENTER("Country", country),
                                      NULL_KEPT("CAP", "cap"), NULL_KEPT("Additional_information", "information"),
                                      NULL_KEPT("Comments_free_text", "comments")};
TABLE(general, gl_shape_declaration, general_rules);

static gl_cds_rule arrival_rules[] = {FIELD("Identity", "id"), NULLED(FIELD_("Nationality", "nationality_code"))};
TABLE(arrival, gl_shape_transport_means, arrival_rules);

static gl_cds_rule border_rules[] = {FIELD("Identity", "id"), FIELD("Nationality", "nationality_code"),
                                     FIELD("Mode", "mode_code")};
TABLE(border, gl_shape_transport_means, border_rules);

static gl_cds_rule means_rules[] = {FIELD("Inland_mode_of_transport", "inland_mode_code"),
                                    RECORD("Departure_arrival_information", "arrival_transport", arrival),
                                    RECORD("Border_information", "border_transport", border)};
TABLE(means, gl_shape_declaration, means_rules);

static gl_cds_rule terms_rules[] = {FIELD("Code", "condition_code"), FIELD("Place", "location_name"),
                                    KEPT("Situation", "delivery_situation")};
TABLE(terms, gl_shape_trade_terms, terms_rules);

static gl_cds_rule border_office_rules[] = {CUSTOM("Code",
                                                   "exit_office_id of an export, else attribute `border_office`",
                                                   gl_sad_read_border_office, gl_sad_put_border_office, NULL),
                                            KEPT("Name", "border_office_name")};
TABLE(border_office, gl_shape_declaration, border_office_rules);

static gl_cds_rule loading_rules[] = {NULLED(FIELD_("Code", "loading_location_id")),
                                      NULL_KEPT("Name", "loading_location_name"),
                                      NULL_KEPT("Country", "loading_country")};
TABLE(loading, gl_shape_declaration, loading_rules);

static gl_cds_rule transport_rules[] = {
    CUSTOM("Container_flag", "container_code", gl_sad_read_flag, gl_sad_put_flag, "true is 1, false is 0"),
    ENTER("Means_of_transport", means),
    RECORD("Delivery_terms", "trade_terms", terms),
    ENTER("Border_office", border_office),
    ENTER("Place_of_loading", loading),
    NULLED(CUSTOM_("Location_of_goods", "`goods_location`: `id`", gl_sad_read_location, gl_sad_put_location, NULL))};
TABLE(transport, gl_shape_declaration, transport_rules);

/* --- money --- */

static gl_cds_rule transaction_rules[] = {NULLED(FIELD_("code1", "transaction_nature_code")),
                                          NULL_KEPT("code2", "transaction_nature_2")};
TABLE(transaction, gl_shape_declaration, transaction_rules);

static gl_cds_rule bank_rules[] = {KEPT("Branch", "bank_branch"), NULL_KEPT("Code", "bank_code"),
                                   NULL_KEPT("Name", "bank_name"), NULL_KEPT("Reference", "bank_reference")};
TABLE(bank, gl_shape_declaration, bank_rules);

static gl_cds_rule payment_rules[] = {NULL_KEPT("Code", "payment_terms"),
                                      NULL_KEPT("Description", "payment_terms_description")};
TABLE(payment, gl_shape_declaration, payment_rules);

static gl_cds_rule amount_rules[] = {SUM("Total_manual_taxes", "manual_taxes"), SUM("Global_taxes", "global_taxes"),
                                     SUM("Totals_taxes", "total_taxes")};
TABLE(amounts, gl_shape_declaration, amount_rules);

static gl_cds_rule excluded_rules[] = {NULL_KEPT("Code", "guarantee_excluded_country"),
                                       NULL_KEPT("Name", "guarantee_excluded_country_name")};
TABLE(excluded, gl_shape_document, excluded_rules);

static gl_cds_rule guarantee_rules[] = {FIELD("Amount", "amount"), FIELD("Date", "effective_date"),
                                        NULLED(FIELD_("Name", "name")), ENTER("Excluded_country", excluded)};
TABLE(guarantee, gl_shape_document, guarantee_rules);

static gl_cds_rule financial_rules[] = {
    CUSTOM("Total_invoice", "attribute `financial_invoice`", gl_sad_read_total, gl_sad_put_total,
           "said once when it is the invoice's amount"),
    KEPT("Mode_of_payment", "payment_mode"),
    ENTER("Financial_transaction", transaction),
    ENTER("Bank", bank),
    ENTER("Terms", payment),
    NULLED(CUSTOM_("Deffered_payment_reference", "`documents`, DEFERRED_PAYMENT: `id`", gl_sad_read_deferred,
                   gl_sad_put_deferred, NULL)),
    ENTER("Amounts", amounts),
    ONE("Guarantee", "documents", KIND(GUARANTEE), guarantee)};
TABLE(financial, gl_shape_declaration, financial_rules);

const gl_sad_money_kind gl_sad_moneys[GL_SAD_MONEYS] = {
#define MONEY(header, item, name)                                                                                      \
    {                                                                                                                  \
        header, item, name, name "_national", name "_rate", name "_currency_name"                                      \
    }
    MONEY("Gs_Invoice", "Item_Invoice", "invoice"),
    MONEY("Gs_external_freight", "item_external_freight", "external_freight"),
    MONEY("Gs_internal_freight", "item_internal_freight", "internal_freight"),
    MONEY("Gs_insurance", "item_insurance", "insurance"),
    MONEY("Gs_other_cost", "item_other_cost", "other_cost"),
    MONEY("Gs_deduction", "item_deduction", "deduction")};

static gl_cds_rule money_rules[] = {
    PART("Amount_national_currency", "attribute `.._national`, unless it is the amount by its rate"),
    PART("Amount_foreign_currency", "the amount; zero is none, but for the invoice"),
    PART("Currency_code", "its currency; with a rate of 1 that of all national amounts"),
    PART("Currency_name", "attribute `.._currency_name`, once a currency"),
    PART("Currency_rate", "attribute `.._rate`, once a currency")};
TABLE(money, gl_shape_declaration, money_rules);
static const gl_cds_table item_money = {
    .shape = &gl_shape_item, .rules = money_rules, .count = sizeof money_rules / sizeof *money_rules};

#define MONEY_(e, f, t) CUSTOM_INSIDE(e, f, gl_sad_read_money, gl_sad_put_money, t, NULL)

static gl_cds_rule weight_rules[] = {FIELD("Gross_weight", "total_gross_mass")};
TABLE(weight, gl_shape_declaration, weight_rules);

static gl_cds_rule total_rules[] = {CUSTOM("Total_invoice", "attribute `total_invoice`", gl_sad_read_total,
                                           gl_sad_put_total, "said once when it is the invoice's amount"),
                                    CUSTOM("Total_weight", "attribute `total_weight`", gl_sad_read_total,
                                           gl_sad_put_total, "said once when it is the gross weight")};
TABLE(total, gl_shape_declaration, total_rules);

static gl_cds_rule valuation_rules[] = {KEPT("Calculation_working_mode", "valuation_mode"),
                                        SUM("Total_cost", "total_cost"),
                                        SUM("Total_CIF", "total_cif"),
                                        ENTER("Weight", weight),
                                        MONEY_("Gs_Invoice", "invoice_amount, exchange_rate", money),
                                        MONEY_("Gs_external_freight", "freight", money),
                                        MONEY_("Gs_internal_freight", "attribute `internal_freight`", money),
                                        MONEY_("Gs_insurance", "attribute `insurance`", money),
                                        MONEY_("Gs_other_cost", "attribute `other_cost`", money),
                                        MONEY_("Gs_deduction", "attribute `deduction`", money),
                                        ENTER("Total", total)};
TABLE(valuation, gl_shape_declaration, valuation_rules);

/* --- warehouse and transit --- */

static gl_cds_rule warehouse_rules[] = {KEPT("Delay", "warehouse_delay"),
                                        NULLED(FIELD_("Identification", "warehouse_id"))};
TABLE(warehouse, gl_shape_declaration, warehouse_rules);

#define WITHIN(e, f) NULLED(CUSTOM_(e, f, gl_sad_read_later, gl_sad_put_party, NULL))
static gl_cds_rule principal_rules[] = {
    WITHIN("Code", "`parties`, OTHER with role code PRINCIPAL: `id`"),
    WITHIN("Name", "`parties`, OTHER with role code PRINCIPAL: `name`"),
    WITHIN("Representative", "`parties`, OTHER with role code PRINCIPAL_REPRESENTATIVE: `name`")};
TABLE(principal, gl_shape_declaration, principal_rules);

static gl_cds_rule signature_rules[] = {KEPT("Date", "transit_signature_date"),
                                        NULL_KEPT("Place", "transit_signature_place")};
TABLE(signature, gl_shape_declaration, signature_rules);

static gl_cds_rule transit_destination_rules[] = {NULL_KEPT("Office", "transit_office"),
                                                  NULL_KEPT("Country", "transit_country")};
TABLE(transit_destination, gl_shape_declaration, transit_destination_rules);

static gl_cds_rule seal_rules[] = {KEPT("Number", "seal_count"), NULL_KEPT("Identity", "seal_id")};
TABLE(seals, gl_shape_declaration, seal_rules);

static gl_cds_rule transit_rules[] = {KEPT("Result_of_control", "transit_control_result"),
                                      KEPT("Time_limit", "transit_time_limit"),
                                      ENTER("Principal", principal),
                                      ENTER("Signature", signature),
                                      ENTER("Destination", transit_destination),
                                      ENTER("Seals", seals),
                                      WITHIN("Officer_name", "`parties`, OTHER with role code OFFICER: `name`")};
TABLE(transit, gl_shape_declaration, transit_rules);

/* --- items --- */

static gl_cds_rule document_rules[] = {
    FIELD("Attached_document_code", "type_code"), FIELD("Attached_document_name", "name"),
    FIELD("Attached_document_reference", "id"), FIELD("Attached_document_date", "effective_date"),
    FIELD("Attached_document_from_rule", "status_code")};
TABLE(document, gl_shape_document, document_rules);

static gl_cds_rule package_rules[] = {
    FIELD("Number_of_packages", "quantity"), FIELD("Kind_of_packages_code", "type_code"),
    KEPT("Kind_of_packages_name", "package_kind_name"), NULLED(FIELD_("Marks1_of_packages", "marks")),
    NULL_KEPT("Marks2_of_packages", "package_marks_2")};
TABLE(packages, gl_shape_packaging, package_rules);

static gl_cds_rule incoterm_rules[] = {KEPT("Code", "incoterm"), KEPT("Place", "incoterm_place")};
TABLE(incoterms, gl_shape_item, incoterm_rules);

#define PRECISION(n)                                                                                                   \
    NULLED(CUSTOM_("Precision_" n, "`classifications` of type PRECISION_" n, gl_sad_read_code, gl_sad_put_code, NULL))
static gl_cds_rule code_rules[] = {
    CUSTOM("Commodity_code", "commodity_code, and `classifications` of type COMMODITY", gl_sad_read_code,
           gl_sad_put_code, "with Precision_1 the declared code, where that has at most 10 digits"),
    CUSTOM("Precision_1", "`classifications` of type PRECISION_1", gl_sad_read_code, gl_sad_put_code, NULL),
    PRECISION("2"), PRECISION("3"), PRECISION("4")};
TABLE(code, gl_shape_item, code_rules);

static gl_cds_rule quota_item_rules[] = {NULL_KEPT("ItmNbr", "quota_item")};
TABLE(quota_item, gl_shape_item, quota_item_rules);

static gl_cds_rule quota_rules[] = {NULL_KEPT("QuotaCode", "quota_code"), NULL_KEPT("QuotaId", "quota_identifier"),
                                    ENTER("QuotaItem", quota_item)};
TABLE(quota, gl_shape_item, quota_rules);

static gl_cds_rule unit_rules[] = {PART("Suppplementary_unit_quantity", "tariff_quantity"),
                                   PART("Suppplementary_unit_code", "the unit of tariff_quantity"),
                                   PART("Suppplementary_unit_name", "attribute `supplementary_unit_name`")};
TABLE(unit, gl_shape_item, unit_rules);

static gl_cds_rule tarification_rules[] = {
    CUSTOM("Extended_customs_procedure", "procedure_current_code, procedure_previous_code", gl_sad_read_procedure,
           gl_sad_put_procedure, "of four characters two each"),
    BRACED(FIELD_("National_customs_procedure", "additional_procedures"), .once = true),
    LATER("Item_price", "item_charge_amount", gl_sad_put_price, "where there is no Item_Invoice"),
    KEPT("Value_item", "value_item"),
    NULL_KEPT("Tarification_data", "tarification_data"),
    ENTER("HScode", code),
    NULLED(CUSTOM_("Preference_code", "`duty_tax_fees`, the first one's duty_regime_code", gl_sad_read_later,
                   gl_sad_put_preference, NULL)),
    NULLED(FIELD_("Quota_code", "quota_id")),
    ENTER("Quota", quota),
    CUSTOM_INSIDE("Supplementary_unit", "tariff_quantity", gl_sad_read_unit, gl_sad_put_units, unit,
                  "more than one: attributes `supplementary_unit.1`, ..2"),
    NULLED(FIELD_("Valuation_method_code", "valuation_method_code")),
    NULL_KEPT("Attached_doc_item", "attached_documents"),
    NULL_KEPT("A.I._code", "a_i_code"),
    NULL_KEPT("AI_code", "ai_code")};
TABLE(tarification, gl_shape_item, tarification_rules);

static gl_cds_rule goods_rules[] = {FIELD("Country_of_origin_code", "origin_country_id"),
                                    LATER("Description_of_goods", "attribute `tariff_description`",
                                          gl_sad_put_description, "without a commercial description it is description"),
                                    LATER("Commercial_Description", "description", gl_sad_put_description, NULL),
                                    NULL_KEPT("Country_of_origin_region", "origin_region")};
TABLE(goods, gl_shape_item, goods_rules);

static gl_cds_rule previous_rules[] = {
    NULLED(CUSTOM_("Summary_declaration", "`documents`, PREVIOUS of category X: `id`", gl_sad_read_previous,
                   gl_sad_put_previous, NULL)),
    NULLED(CUSTOM_("Summary_declaration_sl", "line_numeric of that document", gl_sad_read_later, gl_sad_put_previous,
                   NULL)),
    NULLED(CUSTOM_("Previous_document_reference", "`documents`, PREVIOUS of category Z: `id`", gl_sad_read_previous,
                   gl_sad_put_previous, NULL)),
    NULL_KEPT("Previous_warehouse_code", "previous_warehouse")};
TABLE(previous, gl_shape_item, previous_rules);

static gl_cds_rule tax_rules[] = {
    FIELD("Duty_tax_Base", "tax_base"),
    FIELD("Duty_tax_rate", "tax_rate_percent"),
    FIELD("Duty_tax_amount", "assessed_amount"),
    NULLED(FIELD_("Duty_tax_code", "type_code")),
    NULLED(FIELD_("Duty_tax_MP", "payment_method_code")),
    NULLED(CUSTOM_("Duty_tax_Type_of_calculation", "attribute `duty_calculation.1`, ..2", gl_sad_read_calculation,
                   gl_sad_put_calculation, "the number is the line's"))};
TABLE(tax, gl_shape_duty_tax_fee, tax_rules);

static gl_cds_rule taxation_rules[] = {SUM("Item_taxes_amount", "item_taxes"),
                                       SUM("Item_taxes_guaranted_amount", "item_taxes_guaranteed"),
                                       SUM("Counter_of_normal_mode_of_payment", "item_payment_counter"),
                                       SUM("Displayed_item_taxes_amount", "item_taxes_displayed"),
                                       NULL_KEPT("Item_taxes_mode_of_payment", "item_taxes_payment_mode"),
                                       WHEN(gl_sad_has_tax, LIST_("Taxation_line", "duty_tax_fees", -1, tax))};
TABLE(taxation, gl_shape_item, taxation_rules);

static gl_cds_rule item_weight_rules[] = {FIELD("Gross_weight_itm", "gross_mass"), FIELD("Net_weight_itm", "net_mass")};
TABLE(item_weight, gl_shape_item, item_weight_rules);

static gl_cds_rule market_rules[] = {
    SUM("Rate", "market_value_rate"), SUM("Currency_amount", "market_value"), SUM("Basis_amount", "market_value_basis"),
    NULL_KEPT("Currency_code", "market_currency"), NULL_KEPT("Basis_description", "market_value_description")};
TABLE(market, gl_shape_item, market_rules);

static gl_cds_rule item_valuation_rules[] = {
    SUM("Total_cost_itm", "item_cost"),
    FIELD("Total_CIF_itm", "customs_value_amount"),
    SUM("Rate_of_adjustement", "adjustment_rate"),
    FIELD("Statistical_value", "statistical_value_amount"),
    SUM("Alpha_coeficient_of_apportionment", "apportionment"),
    ENTER("Weight_itm", item_weight),
    MONEY_("Item_Invoice", "item_charge_amount", item_money),
    MONEY_("item_external_freight", "freight", item_money),
    MONEY_("item_internal_freight", "`valuation_adjustments`, internal_freight", item_money),
    MONEY_("item_insurance", "`valuation_adjustments`, insurance", item_money),
    MONEY_("item_other_cost", "`valuation_adjustments`, other_cost", item_money),
    MONEY_("item_deduction", "`valuation_adjustments`, deduction", item_money),
    ENTER("Market_valuer", market)};
TABLE(item_valuation, gl_shape_item, item_valuation_rules);

static gl_cds_rule write_off_rules[] = {SUM("write_off_unit_qty", "write_off_quantity"),
                                        NULL_KEPT("write_off_unit_code", "write_off_unit")};
TABLE(write_off, gl_shape_item, write_off_rules);

static gl_cds_rule item_rules[] = {
    LATER("Amount_deducted_from_licence", "`documents`, AUTHORISATION: `amount`", gl_sad_put_licence_part, NULL),
    LATER("Quantity_deducted_from_licence", "`documents`, AUTHORISATION: `quantity`", gl_sad_put_licence_part, NULL),
    DOCUMENT("Attached_documents", SUPPORTING, document),
    ONE("Packages", "packaging", -1, packages),
    ENTER("IncoTerms", incoterms),
    ENTER("Tarification", tarification),
    ENTER("Goods_description", goods),
    ENTER("Previous_doc", previous),
    NULLED(
        CUSTOM_("Licence_number", "`documents`, AUTHORISATION: `id`", gl_sad_read_licence, gl_sad_put_licence, NULL)),
    NULL_KEPT("Free_text_1", "free_text_1"),
    NULL_KEPT("Free_text_2", "free_text_2"),
    ENTER("Taxation", taxation),
    ENTER("Valuation_item", item_valuation),
    ENTER("write_off_unit", write_off)};
const gl_cds_table gl_sad_item = {
    .shape = &gl_shape_item, .rules = item_rules, .count = sizeof item_rules / sizeof *item_rules};

/* --- containers, scans and the whole --- */

static gl_cds_rule container_rules[] = {PART("Item_Number", "attribute `container_item.1`, ..2"),
                                        PART("Container_identity", "`transport_equipment_ids`"),
                                        PART("Container_type", "attribute `container_type.1`, ..2"),
                                        PART("Empty_full_indicator", "attribute `container_load.1`, ..2"),
                                        PART("Gross_weight", "attribute `container_gross_weight.1`, ..2"),
                                        PART("Goods_description", "attribute `container_goods.1`, ..2"),
                                        PART("Packages_type", "attribute `container_package_type.1`, ..2"),
                                        PART("Packages_number", "attribute `container_packages.1`, ..2"),
                                        PART("Packages_weight", "attribute `container_packages_weight.1`, ..2")};
TABLE(container, gl_shape_declaration, container_rules);

#define SCAN_RULES                                                                                                     \
    FIELD("Document_reference_date", "effective_date"), FIELD("Document_id", "category_code"),                         \
        NULLED(FIELD_("Document_reference", "id")), NULLED(FIELD_("Document_type_code", "type_code")),                 \
        NULLED(FIELD_("Document_type_name", "name"))
static gl_cds_rule general_scan_rules[] = {SCAN_RULES};
TABLE(general_scan, gl_shape_document, general_scan_rules);
static gl_cds_rule item_scan_rules[] = {FIELD("Item_number", "line_numeric"), SCAN_RULES};
TABLE(item_scan, gl_shape_document, item_scan_rules);

static gl_cds_rule declaration_rules[] = {
    ENTER("Export_release", release),
    ENTER("Assessment_notice", notice),
    ENTER("Global_taxes", global_taxes),
    ENTER("Property", property),
    ENTER("Identification", identification),
    ENTER("Traders", traders),
    ONE("Declarant", "parties", ROLE(DECLARANT), declarant),
    ENTER("General_information", general),
    ENTER("Transport", transport),
    ENTER("Financial", financial),
    ENTER("Warehouse", warehouse),
    ENTER("Transit", transit),
    ENTER("Valuation", valuation),
    CUSTOM_INSIDE("Item", "items", gl_sad_read_item, gl_sad_put_items, gl_sad_item, "its elements are listed below"),
    CUSTOM_INSIDE("Container", "`transport_equipment_ids`", gl_sad_read_container, gl_sad_put_containers, container,
                  NULL),
    WHEN(gl_sad_general_scan, DOCUMENT_("SW_scans_general_segment", REFERENCE, general_scan)),
    WHEN(gl_sad_item_scan, DOCUMENT_("SW_scans_items", REFERENCE, item_scan))};
const gl_cds_table gl_sad_declaration = {.shape = &gl_shape_declaration,
                                         .rules = declaration_rules,
                                         .count = sizeof declaration_rules / sizeof *declaration_rules};

static gl_cds_rule whole_rules[] = {ENTER("ASYCUDA", gl_sad_declaration)};
TABLE(whole, gl_shape_declaration, whole_rules);

const gl_cds_form gl_sad_form = {.format = "asycuda-xml",
                                 .whole = &whole,
                                 .table = &gl_sad_declaration,
                                 .element = "ASYCUDA",
                                 .start = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<ASYCUDA>",
                                 .end = "\n</ASYCUDA>\n",
                                 .depth = 1,
                                 .absent = true,
                                 .text = gl_sad_text,
                                 .nothing = gl_sad_nothing};

static void prepare_all(void)
{
    gl_cds_prepare_table(&whole);
}

void gl_sad_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_all);
}

void gl_sad_document(gl_buf *buf)
{
    static const struct {
        const char *title;
        const gl_cds_table *table;
    } parts[] = {{"ASYCUDA", &gl_sad_declaration},
                 {"Exporter", &exporter},
                 {"Consignee", &consignee},
                 {"Financial, in Traders", &payer},
                 {"Declarant", &declarant},
                 {"Guarantee", &guarantee},
                 {"Departure_arrival_information", &arrival},
                 {"Border_information", &border},
                 {"Delivery_terms", &terms},
                 {"a sum of money (Gs_Invoice, item_insurance, ..)", &money},
                 {"Item", &gl_sad_item},
                 {"Attached_documents", &document},
                 {"Packages", &packages},
                 {"Supplementary_unit", &unit},
                 {"Taxation_line", &tax},
                 {"Container", &container},
                 {"SW_scans_general_segment", &general_scan},
                 {"SW_scans_items", &item_scan}};
    gl_sad_prepare();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        gl_buf_printf(buf, "\n#### In %s\n\n| element | canonical | |\n|---|---|---|\n", parts[i].title);
        gl_cds_document_table(buf, parts[i].table, "");
    }
}
