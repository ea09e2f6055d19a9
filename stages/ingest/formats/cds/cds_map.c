/* See cds_map.h. Elements are those of WCO_DEC_2_DMS as the UK's CDS takes it; what the EU's form has beyond them is in
 * eucdm_map.c. */
#include "base/clock.h"
#include "ingest/formats/cds/cds_rules.h"

/* Sets a field of `record` from a child element, with an error where the child stands. */
static void set(gl_cds *cds, const gl_shape *shape, const char *name, void *record, gl_str text, const gl_xml *node,
                const gl_path *path)
{
    const gl_field *field = gl_shape_field(shape, gl_str_of(name));
    gl_path member = {path, name, (char *)record + field->offset};
    gl_field_set_text(cds->report, field, record, gl_str_trim(text), node, &member);
}

static gl_cds_rule origin_rules[] = {PART("CountryCode", "origin_country_id, preferential_origin_id"),
                                     PART("TypeCode", "which of the two"), SKIP("RegionID")};
TABLE(origin, gl_shape_item, origin_rules);

/* Origin: type 2 is the preferential one (DE 5/16), 1 or none the country of origin (DE 5/15). */
static void read_origin(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_xml *country = gl_xml_child(node, "CountryCode"), *type = gl_xml_child(node, "TypeCode");
    gl_declaration_goods_item *item = record;
    bool preferential = type != NULL && gl_str_eqz(gl_str_trim(type->text), "2");
    gl_cds_check(cds, &origin, node);
    if (type != NULL && !preferential && !gl_str_eqz(gl_str_trim(type->text), "1"))
        gl_report_at(cds->report, type, path, &(gl_problem){.code = "invalid-code", .warning = true, .allowed = "1, 2"},
                     "not a type of origin; read as country of origin");
    if (country == NULL)
        return;
    if ((preferential ? item->preferential_origin_id : item->origin_country_id).ptr != NULL)
        gl_report_at(cds->report, country, path, &(gl_problem){.code = "duplicate-element"},
                     "an item has one origin of each type");
    else
        set(cds, &gl_shape_item, preferential ? "preferential_origin_id" : "origin_country_id", item, country->text,
            country, path);
}

static gl_cds_rule procedure_rules[] = {PART("CurrentCode", "procedure_current_code, additional_procedures"),
                                        PART("PreviousCode", "procedure_previous_code"), IN_ORDER("SequenceNumeric")};
TABLE(procedure, gl_shape_item, procedure_rules);

/* Sets one of the item's two procedure codes; the same again says nothing new. */
static void set_procedure(gl_cds *cds, const char *field, gl_str *code, const gl_xml *node, const gl_path *path)
{
    gl_str text = node == NULL ? GL_STR("") : gl_str_trim(node->text);
    if (text.len == 0 || (code->ptr != NULL && gl_str_eq(*code, text)))
        return;
    gl_path member = {path, field, code};
    if (code->ptr != NULL)
        gl_report_at(cds->report, node, &member, &(gl_problem){.code = "duplicate-element"},
                     "an item has one requested and previous procedure");
    else
        set(cds, &gl_shape_item, field, cds->item, text, node, path);
}

/* Requested and previous procedure (DE 1/10, 11 09) are two characters each, the additional ones (DE 1/11, 11 10)
 * three. */
static void read_procedure(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_xml *current = gl_xml_child(node, "CurrentCode"), *previous = gl_xml_child(node, "PreviousCode");
    gl_declaration_goods_item *item = record;
    gl_str code = current == NULL ? GL_STR("") : gl_str_trim(current->text);
    gl_cds_check(cds, &procedure, node);
    if (code.len > 0 && code.len != 2 && (previous == NULL || code.len == 3))
        set(cds, &gl_shape_item, "additional_procedures", item, code, current, path);
    else
        set_procedure(cds, "procedure_current_code", &item->procedure_current_code, current, path);
    set_procedure(cds, "procedure_previous_code", &item->procedure_previous_code, previous, path);
}

static bool digits(gl_str text, size_t at, size_t count)
{
    for (size_t i = at; i < at + count; i++)
        if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return true;
}

/* WCO times to RFC 3339: 102 "20201001", 304 "20201001080000+01" or "...Z"; anything else is left as it is. */
static gl_str rfc3339(gl_arena *arena, gl_str text, bool date_only)
{
    if (!digits(text, 0, 8) || (text.len > 8 && !digits(text, 8, 6)))
        return date_only && text.len >= 10 && text.ptr[4] == '-' ? (gl_str){text.ptr, 10} : text;
    const char *t = text.ptr;
    if (date_only)
        return gl_str_of(gl_arena_printf(arena, "%.4s-%.2s-%.2s", t, t + 4, t + 6));
    if (text.len < 15)
        return text;
    gl_str zone = {t + 14, text.len - 14};
    bool sign = zone.ptr[0] == '+' || zone.ptr[0] == '-';
    if (sign && zone.len == 3)
        zone = gl_str_of(gl_arena_printf(arena, "%.3s:00", zone.ptr));
    else if (sign && zone.len == 5)
        zone = gl_str_of(gl_arena_printf(arena, "%.3s:%.2s", zone.ptr, zone.ptr + 3));
    return gl_str_of(gl_arena_printf(arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%.*s", t, t + 4, t + 6, t + 8, t + 10, t + 12,
                                     GL_STR_ARG(zone)));
}

static void read_time(gl_cds *cds, const gl_xml *node, const char *field, bool date_only, const gl_path *path)
{
    const gl_xml *string = gl_xml_child(node, "DateTimeString");
    string = string == NULL ? node : string;
    gl_str text = gl_str_trim(string->text);
    set(cds, &gl_shape_declaration, field, cds->declaration, rfc3339(cds->report->arena, text, date_only), string,
        path);
}

static void read_acceptance(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    read_time(cds, node, "declared_date", true, path);
}

static void read_issue(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    read_time(cds, node, "issue_date_time", false, path);
}

static void read_effective(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    const gl_xml *string = gl_xml_child(node, "DateTimeString");
    string = string == NULL ? node : string;
    set(cds, &gl_shape_document, "effective_date", record, string->text, string, path);
}

static void read_quota(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    if (cds->item != NULL && cds->item->quota_id.ptr == NULL)
        set(cds, &gl_shape_item, "quota_id", cds->item, node->text, node, path);
    else if (cds->item != NULL && !gl_str_eq(cds->item->quota_id, gl_str_trim(node->text)))
        gl_report_at(cds->report, node, path, &(gl_problem){.code = "duplicate-element"}, "an item has one quota");
}

static const gl_xml *attribute_of(const gl_xml *node, const char *name)
{
    for (const gl_xml *a = node->attributes; a != NULL; a = a->next)
        if (gl_str_eqz(a->name, name))
            return a;
    return NULL;
}

/* A tax base is an amount or a quantity; with both, the quantity (what specific duty is levied on) is kept. */
static void read_tax_base(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_duty_tax_fee *duty = record;
    bool amount = gl_str_eqz(node->name, "AdValoremTaxBaseAmount");
    const gl_xml *unit = attribute_of(node, amount ? "currencyID" : "unitCode");
    if (amount && gl_xml_child(node->parent, "SpecificTaxBaseQuantity") != NULL)
        return;
    set(cds, &gl_shape_duty_tax_fee, "tax_base", duty, node->text, node, path);
    if (duty->tax_base == NULL)
        return;
    duty->tax_base->unit_code = unit == NULL ? GL_STR("") : gl_str_trim(unit->text);
    if (unit != NULL)
        gl_report_origin(cds->report, &duty->tax_base->unit_code, unit);
}

/* Lines of an address, joined. */
static void read_line(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    gl_declaration_party *party = record;
    gl_str line = gl_str_trim(node->text), before = party->street;
    if (before.ptr != NULL && line.len > 0)
        party->street =
            gl_str_of(gl_arena_printf(cds->report->arena, "%.*s, %.*s", GL_STR_ARG(before), GL_STR_ARG(line)));
    else
        set(cds, &gl_shape_party, "street", party, line, node, path);
}

/* A guarantee's own number, else the number of another reference to it. */
static void read_guarantee_reference(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    bool other = gl_xml_child(node->parent, "ID") != NULL;
    set(cds, &gl_shape_document, other ? "name" : "id", record, node->text, node, path);
}

/* DE 2/6 stands where the declaration's documents do: deferment account numbers. */
static void read_header_document(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path);

static gl_cds_rule address_rules[] = {FIELD("CityName", "city"),
                                      FIELD("CountryCode", "country_code"),
                                      CUSTOM("Line", "street", read_line, "several lines are joined"),
                                      FIELD("PostcodeID", "postcode"),
                                      SKIP("CountrySubDivisionCode"),
                                      SKIP("CountrySubDivisionName"),
                                      SKIP("TypeCode")};
TABLE(address, gl_shape_party, address_rules);

static gl_cds_rule communication_rules[] = {FIELD("ID", "communications"),
                                            LEFT("TypeCode", "number and address tell themselves apart"),
                                            IN_ORDER("SequenceNumeric")};
TABLE(communication, gl_shape_party, communication_rules);

static gl_cds_rule contact_rules[] = {LEFT("Name", GL_CDS_NO_PERSON), IN_ORDER("SequenceNumeric"),
                                      ENTER("Communication", communication)};
SHARED_TABLE(contact, gl_shape_party, contact_rules);

static gl_cds_rule party_rules[] = {FIELD("ID", "id"),
                                    FIELD("Name", "name"),
                                    FIELD("RoleCode", "role_code"),
                                    FIELD("FunctionCode", "role_code"),
                                    FIELD("CategoryCode", "role_code"),
                                    ENTER("Address", address),
                                    ENTER("Contact", gl_cds_table_contact),
                                    ENTER("Communication", communication),
                                    IN_ORDER("SequenceNumeric")};
SHARED_TABLE(party, gl_shape_party, party_rules);

static gl_cds_rule transport_rules[] = {FIELD("ID", "id"),
                                        FIELD("IdentificationTypeCode", "identification_type_code"),
                                        FIELD("RegistrationNationalityCode", "nationality_code"),
                                        FIELD("ModeCode", "mode_code"),
                                        SKIP("Name"),
                                        SKIP("TypeCode")};
TABLE(transport, gl_shape_transport_means, transport_rules);

/* The second mode of transport of CDS, DE 7/5, stands with the means; the canonical one stands alone. */
static void read_inland_mode(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    set(cds, &gl_shape_transport_means, "mode_code", record, node->text, node, path);
    if (cds->declaration->inland_mode_code.ptr == NULL)
        set(cds, &gl_shape_declaration, "inland_mode_code", cds->declaration, node->text, node, NULL);
}

static gl_cds_rule inland_rules[] = {
    FIELD("ID", "id"),
    FIELD("IdentificationTypeCode", "identification_type_code"),
    FIELD("RegistrationNationalityCode", "nationality_code"),
    CUSTOM("ModeCode", "mode_code, and the declaration's inland_mode_code", read_inland_mode, NULL),
    SKIP("Name"),
    SKIP("TypeCode")};
TABLE(inland, gl_shape_transport_means, inland_rules);

static gl_cds_rule location_address_rules[] = {FIELD("TypeCode", "qualifier_code"),
                                               FIELD("CountryCode", "country_code"), SKIP("CityName"), SKIP("Line"),
                                               SKIP("PostcodeID")};
SHARED_TABLE(location_address, gl_shape_goods_location, location_address_rules);

static gl_cds_rule location_rules[] = {FIELD("Name", "name"), FIELD("ID", "id"), FIELD("TypeCode", "type_code"),
                                       ENTER("Address", gl_cds_table_location_address)};
SHARED_TABLE(goods_location, gl_shape_goods_location, location_rules);

static gl_cds_rule write_off_rules[] = {FIELD("QuantityQuantity", "quantity"), FIELD("AmountAmount", "amount")};
TABLE(write_off, gl_shape_document, write_off_rules);

static gl_cds_rule document_submitter_rules[] = {FIELD("Name", "issuer_name"), SKIP("RoleCode")};
TABLE(document_submitter, gl_shape_document, document_submitter_rules);

static gl_cds_rule document_rules[] = {FIELD("CategoryCode", "category_code"),
                                       FIELD("TypeCode", "type_code"),
                                       FIELD("ID", "id"),
                                       FIELD("Name", "name"),
                                       FIELD("LPCOExemptionCode", "status_code"),
                                       FIELD("LineNumeric", "line_numeric"),
                                       CUSTOM("EffectiveDateTime", "effective_date", read_effective, NULL),
                                       ENTER("Submitter", document_submitter),
                                       ENTER("WriteOff", write_off),
                                       IN_ORDER("SequenceNumeric")};
SHARED_TABLE(document, gl_shape_document, document_rules);

static void read_header_document(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    bool deferment = gl_str_eqz(gl_xml_child_text(node, "TypeCode"), "DAN");
    gl_declaration *declaration = record;
    gl_declaration_document *made = gl_list_append(cds->report, (gl_list *)&declaration->documents, sizeof *made, node);
    made->kind = deferment ? GL_DECLARATION_DOCUMENT_KIND_DEFERRED_PAYMENT : GL_DECLARATION_DOCUMENT_KIND_SUPPORTING;
    gl_path list = {path, "documents", &declaration->documents}, element = {&list, NULL, gl_record_slot(made)};
    gl_cds_walk(cds, &gl_cds_table_document, node, made, &element);
}

static gl_cds_rule guarantee_rules[] = {
    FIELD("ID", "id"),
    CUSTOM("ReferenceID", "id, or name when ID is given", read_guarantee_reference, NULL),
    FIELD("SecurityDetailsCode", "type_code"),
    FIELD("AmountAmount", "amount"),
    SKIP("AccessCode"),
    SKIP("GuaranteeOffice")};
TABLE(guarantee, gl_shape_document, guarantee_rules);

static gl_cds_rule information_rules[] = {FIELD("StatementCode", "statement_code"),
                                          FIELD("StatementTypeCode", "statement_type_code"),
                                          FIELD("StatementDescription", "statement_description"),
                                          SKIP("Pointer"),
                                          IN_ORDER("SequenceNumeric"),
                                          SKIP("LimitDateTime")};
TABLE(information, gl_shape_additional_information, information_rules);

static gl_cds_rule ucr_rules[] = {FIELD("TraderAssignedReferenceID", "ucr"), SKIP("ID")};
TABLE(declaration_ucr, gl_shape_declaration, ucr_rules);
static gl_cds_rule item_ucr_rules[] = {FIELD("TraderAssignedReferenceID", "ucr"), SKIP("ID")};
TABLE(item_ucr, gl_shape_item, item_ucr_rules);

/* --- items --- */

static gl_cds_rule classification_rules[] = {
    FIELD("ID", "id"), FIELD("IdentificationTypeCode", "identification_type_code"), IN_ORDER("SequenceNumeric")};
TABLE(classification, gl_shape_classification, classification_rules);

static gl_cds_rule payment_rules[] = {FIELD("MethodCode", "payment_method_code"),
                                      FIELD("TaxAssessedAmount", "assessed_amount"),
                                      FIELD("PaymentAmount", "payment_amount")};
TABLE(payment, gl_shape_duty_tax_fee, payment_rules);

static gl_cds_rule duty_rules[] = {FIELD("TypeCode", "type_code"),
                                   FIELD("DutyRegimeCode", "duty_regime_code"),
                                   FIELD("TaxRateNumeric", "tax_rate_percent"),
                                   CUSTOM("AdValoremTaxBaseAmount", "tax_base", read_tax_base,
                                          "its unit is the currency; left out when there is a quantity"),
                                   CUSTOM("SpecificTaxBaseQuantity", "tax_base", read_tax_base, NULL),
                                   CUSTOM("QuotaOrderID", "quota_id of the item", read_quota, NULL),
                                   ENTER("Payment", payment),
                                   SKIP("DeductAmount")};
TABLE(duty, gl_shape_duty_tax_fee, duty_rules);

static gl_cds_rule measure_rules[] = {FIELD("GrossMassMeasure", "gross_mass"), FIELD("NetNetWeightMeasure", "net_mass"),
                                      FIELD("TariffQuantity", "tariff_quantity")};
TABLE(measure, gl_shape_item, measure_rules);

static gl_cds_rule invoice_line_rules[] = {FIELD("ItemChargeAmount", "item_charge_amount")};
TABLE(invoice_line, gl_shape_item, invoice_line_rules);

static gl_cds_rule dangerous_rules[] = {ATTRIBUTE("UNDGID", "undg_id")};
TABLE(dangerous, gl_shape_item, dangerous_rules);

static gl_cds_rule item_equipment_rules[] = {ATTRIBUTE("ID", "transport_equipment_id"), SKIP("SequenceNumeric")};
TABLE(item_equipment, gl_shape_item, item_equipment_rules);

static gl_cds_rule commodity_rules[] = {FIELD("Description", "description"),
                                        LIST("Classification", "classifications", classification),
                                        ENTER("DangerousGoods", dangerous),
                                        LIST("DutyTaxFee", "duty_tax_fees", duty),
                                        ENTER("GoodsMeasure", measure),
                                        ENTER("InvoiceLine", invoice_line),
                                        ENTER("TransportEquipment", item_equipment),
                                        SKIP("SequenceNumeric")};
TABLE(commodity, gl_shape_item, commodity_rules);

static gl_cds_rule charge_rules[] = {FIELD("ChargesTypeCode", "addition_code"),
                                     FIELD("OtherChargeDeductionAmount", "amount")};
TABLE(charge, gl_shape_valuation_adjustment, charge_rules);

static gl_cds_rule valuation_rules[] = {FIELD("MethodCode", "valuation_method_code"),
                                        FIELD("FreightChargeAmount", "freight"),
                                        LIST("ChargeDeduction", "valuation_adjustments", charge)};
TABLE(valuation, gl_shape_item, valuation_rules);

static gl_cds_rule adjustment_rules[] = {FIELD("AdditionCode", "addition_code")};
TABLE(adjustment, gl_shape_valuation_adjustment, adjustment_rules);

static gl_cds_rule packaging_rules[] = {FIELD("MarksNumbersID", "marks"),
                                        FIELD("QuantityQuantity", "quantity"),
                                        FIELD("TypeCode", "type_code"),
                                        IN_ORDER("SequenceNumeric"),
                                        SKIP("PackingMaterialDescription"),
                                        SKIP("LengthMeasure"),
                                        SKIP("WidthMeasure"),
                                        SKIP("HeightMeasure"),
                                        SKIP("VolumeMeasure")};
TABLE(packaging, gl_shape_packaging, packaging_rules);

static gl_cds_rule item_destination_rules[] = {FIELD("CountryCode", "destination_country_id"), SKIP("RegionID")};
TABLE(item_destination, gl_shape_item, item_destination_rules);

static gl_cds_rule item_export_rules[] = {FIELD("ID", "dispatch_country_id")};
TABLE(item_export, gl_shape_item, item_export_rules);

static gl_cds_rule item_rules[] = {
    FIELD("SequenceNumeric", "sequence_numeric"),
    FIELD("CustomsValueAmount", "customs_value_amount"),
    FIELD("StatisticalValueAmount", "statistical_value_amount"),
    FIELD("TransactionNatureCode", "transaction_nature_code"),
    DOCUMENT("AdditionalDocument", SUPPORTING, gl_cds_table_document),
    DOCUMENT("PreviousDocument", PREVIOUS, gl_cds_table_document),
    LIST("AdditionalInformation", "additional_information", information),
    ENTER("Commodity", commodity),
    ENTER("CustomsValuation", valuation),
    ENTER("Destination", item_destination),
    ENTER("ExportCountry", item_export),
    CUSTOM_INSIDE("GovernmentProcedure", "procedure_current_code, procedure_previous_code, additional_procedures",
                  read_procedure, procedure, "two characters: the procedure; three: an additional one"),
    CUSTOM_INSIDE("Origin", "origin_country_id, preferential_origin_id", read_origin, origin,
                  "type 2 is the preferential origin"),
    LIST("Packaging", "packaging", packaging),
    ENTER("UCR", item_ucr),
    LIST("ValuationAdjustment", "valuation_adjustments", adjustment),
    PARTY("AEOMutualRecognitionParty", SUPPLY_CHAIN_ACTOR),
    PARTY("Buyer", BUYER),
    PARTY("Consignee", CONSIGNEE),
    PARTY("Consignor", CONSIGNOR),
    PARTY("DomesticDutyTaxParty", FISCAL_REFERENCE),
    PARTY("Seller", SELLER)};
SHARED_TABLE(item, gl_shape_item, item_rules);

/* The ID of the commodity's first classification of this type (TSP: or without one; NULL: of any), or NULL. */
static const gl_xml *classification_id(const gl_xml *commodity_node, const char *type)
{
    for (const gl_xml *c = commodity_node == NULL ? NULL : commodity_node->first; c != NULL; c = c->next) {
        const gl_xml *id = gl_str_eqz(c->name, "Classification") ? gl_xml_child(c, "ID") : NULL;
        gl_str is = gl_xml_child_text(c, "IdentificationTypeCode");
        if (id != NULL && gl_str_trim(id->text).len > 0 &&
            (type == NULL || gl_str_eqz(is, type) || (is.len == 0 && strcmp(type, "TSP") == 0)))
            return id;
    }
    return NULL;
}

/* DE 6/14 and 6/15 together are the declared code: eight digits of the CN and two of TARIC. An H7 has one code, of six
 * digits, whatever its type is called. */
static void declared_code(gl_cds *cds, gl_declaration_goods_item *it, const gl_xml *commodity_node)
{
    const gl_xml *first = classification_id(commodity_node, "TSP"), *taric = classification_id(commodity_node, "TRC");
    if (first == NULL && cds->form->any_classification)
        first = classification_id(commodity_node, NULL);
    if (first == NULL)
        return;
    gl_str code = gl_str_trim(first->text), more = taric == NULL ? GL_STR("") : gl_str_trim(taric->text);
    it->commodity_code = code;
    if (code.len == 8 && digits(code, 0, 8) && more.len == 2 && digits(more, 0, 2))
        it->commodity_code = gl_str_of(gl_arena_printf(cds->report->arena, "%.8s%.2s", code.ptr, more.ptr));
    gl_report_origin(cds->report, &it->commodity_code, first);
}

static void read_item(gl_cds *cds, const gl_xml *node, void *record, const gl_path *path)
{
    (void)record;
    gl_declaration *declaration = cds->declaration;
    gl_declaration_goods_item *made = gl_list_append(cds->report, (gl_list *)&declaration->items, sizeof *made, node);
    gl_path list = {path, "items", &declaration->items}, element = {&list, NULL, gl_record_slot(made)};
    cds->item = made;
    gl_cds_walk(cds, &gl_cds_table_item, node, made, &element);
    declared_code(cds, made, gl_xml_child(node, "Commodity"));
    cds->item = NULL;
}

/* --- the declaration --- */

static gl_cds_rule itinerary_rules[] = {ATTRIBUTE("RoutingCountryCode", "routing_country"), SKIP("SequenceNumeric")};
TABLE(itinerary, gl_shape_declaration, itinerary_rules);

static gl_cds_rule freight_rules[] = {ATTRIBUTE("PaymentMethodCode", "freight_payment_method")};
SHARED_TABLE(freight, gl_shape_declaration, freight_rules);

static gl_cds_rule consignment_rules[] = {PARTY("Carrier", CARRIER), PARTY("Consignor", CONSIGNOR),
                                          ENTER("Freight", gl_cds_table_freight), ENTER("Itinerary", itinerary),
                                          SKIP("ConsignmentItem")};
TABLE(consignment, gl_shape_declaration, consignment_rules);

static gl_cds_rule seal_rules[] = {ATTRIBUTE("ID", "seal_id"), SKIP("SequenceNumeric")};
TABLE(seal, gl_shape_declaration, seal_rules);

static gl_cds_rule equipment_rules[] = {FIELD("ID", "transport_equipment_ids"), SKIP("SequenceNumeric"),
                                        ENTER("Seal", seal)};
TABLE(equipment, gl_shape_declaration, equipment_rules);

static gl_cds_rule loading_rules[] = {FIELD("ID", "loading_location_id"), SKIP("Name")};
TABLE(loading, gl_shape_declaration, loading_rules);

static gl_cds_rule shipment_consignment_rules[] = {
    FIELD("ContainerCode", "container_code"),
    RECORD("ArrivalTransportMeans", "arrival_transport", inland),
    RECORD("DepartureTransportMeans", "arrival_transport", inland),
    RECORD("GoodsLocation", "goods_location", gl_cds_table_goods_location),
    ENTER("LoadingLocation", loading),
    ENTER("TransportEquipment", equipment),
    ENTER("Freight", gl_cds_table_freight)};
SHARED_TABLE(shipment_consignment, gl_shape_declaration, shipment_consignment_rules);

static gl_cds_rule shipment_valuation_rules[] = {FIELD("FreightChargeAmount", "freight"), SKIP("ChargeDeduction")};
TABLE(shipment_valuation, gl_shape_declaration, shipment_valuation_rules);

static gl_cds_rule destination_rules[] = {FIELD("CountryCode", "destination_country_id"), SKIP("RegionID")};
TABLE(destination, gl_shape_declaration, destination_rules);

static gl_cds_rule export_rules[] = {FIELD("ID", "export_country_id")};
TABLE(export_country, gl_shape_declaration, export_rules);

static gl_cds_rule terms_rules[] = {FIELD("ConditionCode", "condition_code"), FIELD("LocationID", "location_id"),
                                    FIELD("LocationName", "location_name"),
                                    FIELD("CountryRelationshipCode", "country_code"), SKIP("Description")};
TABLE(terms, gl_shape_trade_terms, terms_rules);

static gl_cds_rule warehouse_rules[] = {FIELD("ID", "warehouse_id"), FIELD("TypeCode", "warehouse_type_code")};
TABLE(warehouse, gl_shape_declaration, warehouse_rules);

static gl_cds_rule shipment_rules[] = {
    FIELD("TransactionNatureCode", "transaction_nature_code"),
    SKIP("ExitDateTime"),
    SKIP("Invoice"),
    PARTY("AEOMutualRecognitionParty", SUPPLY_CHAIN_ACTOR),
    PARTY("Buyer", BUYER),
    PARTY("Consignee", CONSIGNEE),
    PARTY("Consignor", CONSIGNOR),
    PARTY("DomesticDutyTaxParty", FISCAL_REFERENCE),
    PARTY("Importer", IMPORTER),
    PARTY("Payer", PAYER),
    PARTY("Seller", SELLER),
    PARTY("Surety", GUARANTOR),
    PARTY("NotifyParty", NOTIFY),
    ENTER("Consignment", gl_cds_table_shipment_consignment),
    ENTER("CustomsValuation", shipment_valuation),
    ENTER("Destination", destination),
    ENTER("ExportCountry", export_country),
    CUSTOM_INSIDE("GovernmentAgencyGoodsItem", "items", read_item, gl_cds_table_item, "its elements are listed below"),
    DOCUMENT("PreviousDocument", PREVIOUS, gl_cds_table_document),
    LIST("AdditionalInformation", "additional_information", information),
    RECORD("TradeTerms", "trade_terms", terms),
    ENTER("UCR", declaration_ucr),
    ENTER("Warehouse", warehouse)};
SHARED_TABLE(shipment, gl_shape_declaration, shipment_rules);

static gl_cds_rule exchange_rules[] = {FIELD("RateNumeric", "exchange_rate"), SKIP("CurrencyTypeCode")};
TABLE(exchange, gl_shape_declaration, exchange_rules);

static gl_cds_rule exit_rules[] = {FIELD("ID", "exit_office_id")};
TABLE(exit_office, gl_shape_declaration, exit_rules);
static gl_cds_rule presentation_rules[] = {FIELD("ID", "presentation_office_id")};
TABLE(presentation_office, gl_shape_declaration, presentation_rules);
static gl_cds_rule supervising_rules[] = {FIELD("ID", "supervising_office_id")};
TABLE(supervising_office, gl_shape_declaration, supervising_rules);

static gl_cds_rule declaration_rules[] = {FIELD("FunctionCode", "function_code"),
                                          FIELD("FunctionalReferenceID", "functional_reference_id"),
                                          FIELD("TypeCode", "type_code"),
                                          CUSTOM("AcceptanceDateTime", "declared_date", read_acceptance, NULL),
                                          CUSTOM("IssueDateTime", "issue_date_time", read_issue, NULL),
                                          FIELD("GoodsItemQuantity", "goods_item_quantity"),
                                          FIELD("DeclarationOfficeID", "declaration_office_id"),
                                          FIELD("InvoiceAmount", "invoice_amount"),
                                          FIELD("TotalGrossMassMeasure", "total_gross_mass"),
                                          FIELD("TotalPackageQuantity", "total_package_quantity"),
                                          ATTRIBUTE("SpecificCircumstancesCodeCode", "specific_circumstances"),
                                          SKIP("ID"),
                                          SKIP("VersionID"),
                                          SKIP("IssueLocationID"),
                                          SKIP("LoadingListQuantity"),
                                          SKIP("Authentication"),
                                          SKIP("Amendment"),
                                          PARTY("Submitter", SUBMITTER),
                                          PARTY("Agent", AGENT),
                                          PARTY("AuthorisationHolder", AUTHORISATION_HOLDER),
                                          PARTY("Declarant", DECLARANT),
                                          PARTY("Exporter", EXPORTER),
                                          PARTY("Importer", IMPORTER),
                                          CUSTOM("AdditionalDocument", "documents", read_header_document,
                                                 "kind DEFERRED_PAYMENT for type DAN, else SUPPORTING"),
                                          LIST("AdditionalInformation", "additional_information", information),
                                          RECORD("BorderTransportMeans", "border_transport", transport),
                                          ENTER("Consignment", consignment),
                                          ENTER("CurrencyExchange", exchange),
                                          ENTER("ExitOffice", exit_office),
                                          ENTER("GoodsShipment", gl_cds_table_shipment),
                                          DOCUMENT("ObligationGuarantee", GUARANTEE, guarantee),
                                          ENTER("PresentationOffice", presentation_office),
                                          ENTER("SupervisingOffice", supervising_office)};
const gl_cds_table gl_cds_declaration = {.shape = &gl_shape_declaration,
                                         .rules = declaration_rules,
                                         .count = sizeof declaration_rules / sizeof *declaration_rules};

const gl_cds_part gl_cds_parts[] = {{"Declaration", &gl_cds_declaration},
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
