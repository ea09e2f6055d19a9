/* The EU's H7: its structure against the rules and the full sample, every canonical field of that sample, pointers, and
 * which form a document is. */
#include "customs/money.h"
#include "ingest/formats/cds/cds_map.h"
#include "ingest/formats/cds/test_xml.h"
#include "ingest/formats/impl.h"

#define NAMESPACE "urn:wco:datamodel:WCO:DEC-DMS:2"
#define H7(content)                                                                                                    \
    "<Declaration xmlns=\"" NAMESPACE "\"><FunctionCode>9</FunctionCode>"                                              \
    "<FunctionalReferenceID>L-1</FunctionalReferenceID><TypeCode>IMA</TypeCode>" content "</Declaration>"
#define H7_ITEM(content)                                                                                               \
    H7("<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric>" content                        \
       "</GovernmentAgencyGoodsItem></GoodsShipment>")

/* --- the structure --- */

Test(eucdm, every_element_has_a_rule_or_a_reason)
{
    gl_cds_prepare();
    cr_assert_gt(gl_eu_structure_count, 140);
    for (size_t i = 0; i < gl_eu_structure_count; i++) {
        const char *path = gl_eu_structure[i].path;
        const gl_cds_rule *rule = gl_cds_find(&gl_cds_form_eu, path);
        cr_assert(rule != NULL, "%s: no rule", path);
        bool left = rule->action == GL_CDS_SKIP;
        cr_assert(!left || (rule->note != NULL && *rule->note != 0), "%s: left without a reason", path);
    }
    cr_assert_null(gl_cds_find(&gl_cds_form_eu, "GoodsShipment/TransportContractDocumet"));
    cr_assert_null(gl_cds_find(&gl_cds_form_eu, "FunctionCode/ID"));
    cr_assert_null(gl_cds_find(&gl_cds_form_uk, "ProcedureCategory"));
}

static size_t structure_index(const char *path)
{
    size_t i = 0;
    while (i < gl_eu_structure_count && strcmp(gl_eu_structure[i].path, path) != 0)
        i++;
    return i;
}

/* Marks the elements below `node` in `seen`; each must be in the structure. */
static void mark(const gl_xml *node, const char *prefix, bool *seen)
{
    for (const gl_xml *child = node->first; child != NULL; child = child->next) {
        char path[256];
        snprintf(path, sizeof path, "%s%s%.*s", prefix, *prefix == 0 ? "" : "/", GL_STR_ARG(child->name));
        size_t i = structure_index(path);
        cr_assert_lt(i, gl_eu_structure_count, "%s is not in the structure", path);
        seen[i] = true;
        mark(child, path, seen);
    }
}

Test(eucdm, the_full_sample_has_every_element_and_all_are_read)
{
    gl_str bytes;
    gl_xml_problem problem;
    test_read *r = read_corpus("eucdm_full.xml", &bytes);
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].error_count, 0);
    const gl_xml *root = gl_xml_parse(r->arena, bytes, &problem);
    cr_assert(root != NULL, "%s", problem.text);
    bool *seen = gl_arena_calloc(r->arena, gl_eu_structure_count, sizeof *seen);
    mark(root, "", seen);
    for (size_t i = 0; i < gl_eu_structure_count; i++)
        cr_assert(seen[i], "the sample lacks %s", gl_eu_structure[i].path);
    test_read_free(r);
}

/* --- what it becomes --- */

static void expect_json(const char *part, const char *whole)
{
    cr_assert(strstr(whole, part) != NULL, "%s is not in %s", part, whole);
}

Test(eucdm, full_declaration)
{
    gl_str bytes;
    test_read *r = read_corpus("eucdm_full.xml", &bytes);
    const char *text = canonical_text(r, 0);
    expect_json("{\"functional_reference_id\":\"EU-H7-0001\",\"family\":\"IMPORT\",\"function_code\":\"9\","
                "\"type_code\":\"IMA\",\"data_set\":\"H7\",\"procedure_category\":\"H7\",\"declaration_office_id\":"
                "\"NL000563\",\"total_gross_mass\":{\"value\":\"1.250\",\"unit\":\"KGM\"},"
                "\"freight\":{\"amount\":\"14.50\",\"currency\":\"EUR\"},\"ucr\":\"UCR-ALL-1\",\"parties\":",
                text);
    expect_json("\"parties\":[{\"role\":\"SUBMITTER\",\"id\":\"NL000000011\",\"name\":\"Postal Hub Delta\"},"
                "{\"role\":\"AGENT\",\"role_code\":\"3\",\"id\":\"NL000000022\",\"communications\":"
                "[\"+31 10 555 0101\",\"desk@delta.example\"]},"
                "{\"role\":\"DECLARANT\",\"id\":\"NL000000033\",\"name\":\"Delta Clearance\",\"street\":\"Kade 7\","
                "\"city\":\"Rotterdam\",\"postcode\":\"3011 AA\",\"country_code\":\"NL\",\"communications\":"
                "[\"+31 10 555 0102\",\"anna@delta.example\"]},"
                "{\"role\":\"CONSIGNOR\",\"name\":\"Shenzhen Gadget Works\",\"street\":\"Keji Road 8\","
                "\"city\":\"Shenzhen\",\"postcode\":\"518057\",\"country_code\":\"CN\"},"
                "{\"role\":\"FISCAL_REFERENCE\",\"role_code\":\"FR5\",\"id\":\"IM5280000012\"},"
                "{\"role\":\"IMPORTER\",\"id\":\"NLPERSON77\",\"name\":\"Eva Bakker\",\"street\":\"Gracht 2\","
                "\"city\":\"Utrecht\",\"postcode\":\"3511 AB\",\"country_code\":\"NL\"}],\"goods_location\":",
                text);
    expect_json("\"goods_location\":{\"type_code\":\"B\",\"qualifier_code\":\"Y\",\"id\":\"SHED-4\",\"name\":\"NLRTM\","
                "\"country_code\":\"NL\"},"
                "\"documents\":[{\"kind\":\"SUPPORTING\",\"type_code\":\"N380\",\"id\":\"INV-2026-17\"},"
                "{\"kind\":\"REFERENCE\",\"type_code\":\"Y901\",\"id\":\"PARCEL-REF-1\"},"
                "{\"kind\":\"TRANSPORT\",\"type_code\":\"N703\",\"id\":\"HWB-770001\"},"
                "{\"kind\":\"TRANSPORT\",\"type_code\":\"N741\",\"id\":\"MAWB-057-12345675\"},"
                "{\"kind\":\"PREVIOUS\",\"type_code\":\"N355\",\"id\":\"26NL00056300000000\",\"line_numeric\":1}],"
                "\"additional_information\":[{\"statement_code\":\"00500\",\"statement_description\":"
                "\"importer is the declarant\"}],\"attributes\":",
                text);
    expect_json("\"attributes\":[{\"type\":\"goods_location_city\",\"code\":\"Maasvlakte\"},"
                "{\"type\":\"goods_location_street\",\"code\":\"Pier 12\"},"
                "{\"type\":\"goods_location_postcode\",\"code\":\"3199 LK\"},"
                "{\"type\":\"goods_location_authorisation\",\"code\":\"NLTST563-2026-1\"},"
                "{\"type\":\"goods_location_customs_office\",\"code\":\"NL000511\"},"
                "{\"type\":\"goods_location_latitude\",\"code\":\"51.94780\"},"
                "{\"type\":\"goods_location_longitude\",\"code\":\"4.02430\"},"
                "{\"type\":\"goods_location_economic_operator\",\"code\":\"NL000000044\"}],\"items\":",
                text);
    test_read_free(r);
}

Test(eucdm, full_item)
{
    gl_str bytes;
    test_read *r = read_corpus("eucdm_full.xml", &bytes);
    expect_json("\"items\":[{\"sequence_numeric\":1,\"description\":\"wireless earphones with charging case\","
                "\"commodity_code\":\"851830\",\"classifications\":[{\"id\":\"851830\",\"identification_type_code\":"
                "\"HS\"}],\"gross_mass\":{\"value\":\"0.750\",\"unit\":\"KGM\"},"
                "\"tariff_quantity\":{\"value\":\"3\",\"unit\":\"NAR\"},"
                "\"item_charge_amount\":{\"amount\":\"89.90\",\"currency\":\"EUR\"},"
                "\"freight\":{\"amount\":\"3.20\",\"currency\":\"USD\"},\"procedure_current_code\":\"40\","
                "\"procedure_previous_code\":\"00\",\"additional_procedures\":[\"C07\",\"F48\"],"
                "\"packaging\":[{\"quantity\":2}],"
                "\"documents\":[{\"kind\":\"PREVIOUS\",\"type_code\":\"N337\",\"id\":\"26NL00056300000001\","
                "\"line_numeric\":4},{\"kind\":\"SUPPORTING\",\"type_code\":\"C672\",\"id\":\"CE-5512\"},"
                "{\"kind\":\"REFERENCE\",\"type_code\":\"Y929\",\"id\":\"SHOP-ORDER-9\"},"
                "{\"kind\":\"TRANSPORT\",\"type_code\":\"N820\",\"id\":\"RB000000001NL\"}],"
                "\"additional_information\":[{\"statement_code\":\"00700\",\"statement_description\":\"with "
                "batteries\"}],"
                "\"parties\":[{\"role\":\"CONSIGNOR\",\"name\":\"Gadget Outlet HK\",\"street\":\"Canton Road 3\","
                "\"city\":\"Hong Kong\",\"postcode\":\"999077\",\"country_code\":\"HK\"}],\"ucr\":\"UCR-ITEM-1\"}]}",
                canonical_text(r, 0));
    cr_assert(gl_str_eqz(r->at[0].declaration.message.format, "eucdm-xml"));
    test_read_free(r);
}

Test(eucdm, items_keep_their_currencies)
{
    static const char *const want[][2] = {{"12.40", "USD"}, {"1800", "JPY"}, {"2.375", "KWD"}, {"1.20", ""}};
    gl_str bytes;
    test_read *r = read_corpus("eucdm_currencies.xml", &bytes);
    expect_accepted(&r->at[0]);
    const gl_declaration *d = &r->at[0].declaration;
    cr_assert_eq(d->items.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const gl_declaration_amount *amount = d->items.at[i].item_charge_amount;
        char text[GL_DECIMAL_TEXT_BYTES];
        gl_str number = gl_decimal_format((gl_decimal){amount->unscaled, amount->scale}, text);
        cr_assert(gl_str_eqz(number, want[i][0]), "item %zu: %.*s", i + 1, GL_STR_ARG(number));
        cr_assert(gl_str_eqz(amount->currency_code, want[i][1]), "item %zu", i + 1);
    }
    cr_assert(gl_str_eqz(d->items.at[1].freight->currency_code, "HKD"));
    test_read_free(r);
}

Test(eucdm, prefixes_change_nothing)
{
    gl_str bytes;
    test_read *least = read_corpus("eucdm_least.xml", &bytes), *prefix = read_corpus("eucdm_prefix.xml", &bytes);
    expect_accepted(&least->at[0]);
    cr_assert_eq(least->at[0].error_count + prefix->at[0].error_count, 0);
    cr_assert_str_eq(canonical_text(least, 0), canonical_text(prefix, 0));
    cr_assert(gl_str_eqz(prefix->at[0].declaration.message.format, "eucdm-xml"));
    test_read_free(least);
    test_read_free(prefix);
}

Test(eucdm, additional_procedures_have_three_characters)
{
    test_read *r = read_text(
        GL_FORMAT_XML, "",
        H7_ITEM(
            "<GovernmentProcedure><CurrentCode>C08</CurrentCode><PreviousCode>00</PreviousCode>"
            "</GovernmentProcedure><GovernmentProcedure><CurrentCode>F49</CurrentCode><PreviousCode>00</PreviousCode>"
            "</GovernmentProcedure><GovernmentProcedure><CurrentCode>40</CurrentCode></GovernmentProcedure>"));
    expect_accepted(&r->at[0]);
    const gl_declaration_goods_item *item = &r->at[0].declaration.items.at[0];
    cr_assert(gl_str_eqz(item->procedure_current_code, "40") && gl_str_eqz(item->procedure_previous_code, "00"));
    cr_assert_eq(item->additional_procedures.count, 2);
    cr_assert(gl_str_eqz(item->additional_procedures.at[0], "C08"));
    cr_assert(gl_str_eqz(item->additional_procedures.at[1], "F49"));
    cr_assert(gl_str_eqz(r->at[0].declaration.data_set, "H7"), "by its procedures, without a category");
    test_read_free(r);
}

Test(eucdm, the_declared_code_is_of_type_tsp_or_the_first)
{
    static const char *const parts[][2] = {
        {"<Classification><ID>950300</ID><IdentificationTypeCode>HS</IdentificationTypeCode></Classification>",
         "950300"},
        {"<Classification><ID>1</ID><IdentificationTypeCode>CV</IdentificationTypeCode></Classification>"
         "<Classification><ID>621410</ID><IdentificationTypeCode>TSP</IdentificationTypeCode></Classification>",
         "621410"},
        {"<Classification><ID/></Classification><Classification><ID>490900</ID></Classification>", "490900"},
        {"<Classification><IdentificationTypeCode>TSP</IdentificationTypeCode></Classification>", ""}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char text[1024];
        snprintf(text, sizeof text, H7_ITEM("<Commodity>%s</Commodity>"), parts[i][0]);
        test_read *r = read_text(GL_FORMAT_XML, "", text);
        cr_assert(gl_str_eqz(r->at[0].declaration.items.at[0].commodity_code, parts[i][1]), "%s", parts[i][0]);
        test_read_free(r);
    }
    test_read *uk = read_text(GL_FORMAT_XML, "",
                              "<Declaration><FunctionCode>9</FunctionCode><TypeCode>IMA</TypeCode><GoodsShipment>"
                              "<GovernmentAgencyGoodsItem><Commodity><Classification><ID>950300</ID>"
                              "<IdentificationTypeCode>CV</IdentificationTypeCode></Classification></Commodity>"
                              "</GovernmentAgencyGoodsItem></GoodsShipment></Declaration>");
    cr_assert_null(uk->at[0].declaration.items.at[0].commodity_code.ptr);
    test_read_free(uk);
}

/* --- pointers --- */

/* Every field that was set knows its element or attribute, and its pointer leads there. */
Test(eucdm, every_origin_has_a_pointer_that_resolves)
{
    gl_str bytes;
    gl_err err = {0};
    gl_intake intake;
    test_read_free(read_corpus("eucdm_full.xml", &bytes));
    gl_arena *arena = gl_arena_new(0);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    cr_assert(reader != NULL && gl_reader_next(reader, arena, &intake));
    const gl_report *report = &reader->report;
    cr_assert_gt(report->origin_count, 100);
    xmlXPathContextPtr context = xpath_open(bytes);
    for (size_t i = 0; i < report->origin_count; i++) {
        const void *node = report->origins[i].node;
        resolves(context, report->locator->pointer(report->source, arena, node),
                 report->locator->value(report->source, arena, node));
    }
    xpath_close(context);
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

#define SHIPMENT    P("Declaration") P("GoodsShipment")
#define CONSIGNMENT SHIPMENT P("Consignment")
#define ITEM_1      SHIPMENT P("GovernmentAgencyGoodsItem") "[1]"
#define ITEM_2      SHIPMENT P("GovernmentAgencyGoodsItem") "[2]"

Test(eucdm, errors_lead_to_their_values)
{
    static const char *const want[][3] = {
        {"unexpected-text", SHIPMENT, NULL},
        {"duplicate-element", CONSIGNMENT P("GoodsLocation") "[2]", NULL},
        {"invalid-code", CONSIGNMENT P("GoodsLocation") "[1]" P("Address") P("CountryCode"), "Holland"},
        {"negative", CONSIGNMENT P("Freight") "[1]" P("rate"), "-14.50"},
        {"invalid-code", CONSIGNMENT P("Freight") "[1]" P("rate") "/@*[local-name()='currencyID']", "EURO"},
        {"duplicate-element", CONSIGNMENT P("Freight") "[2]" P("rate"), "1"},
        {"invalid-number", SHIPMENT P("GoodsMeasure") P("GrossMassMeasure"), "light"},
        {"unknown-element", ITEM_1 P("GovernmentProcedure") "[1]" P("NextCode"), "71"},
        {"duplicate-element", ITEM_1 P("GovernmentProcedure") "[2]" P("CurrentCode"), "42"},
        {"invalid-code", ITEM_1 P("Commodity") P("Classification") P("ID"), "9503"},
        {"invalid-code", ITEM_1 P("Commodity") P("InvoiceLine") P("ItemChargeAmount") "/@*[local-name()='currencyID']",
         "ECU"},
        {"wrong-type", ITEM_2 P("Commodity") P("InvoiceLine") P("ItemChargeAmount"), NULL},
        {"invalid-number", ITEM_2 P("PreviousDocument") P("LineNumeric"), "first"},
        {"duplicate-element", ITEM_2 P("UCR") "[2]" P("TraderAssignedReferenceID"), "B"}};
    gl_str bytes;
    test_read *r = read_corpus("eucdm_wrong.xml", &bytes);
    const gl_intake *in = &r->at[0];
    cr_assert(in->rejected);
    cr_assert_str_eq(in->format, "eucdm-xml");
    pointers_resolve(in, bytes);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        expect_error(in, want[i][0], want[i][1], want[i][2]);
    const gl_rejection_validation_error *e =
        find_error(in, "unknown-element", CONSIGNMENT P("TransportContractDocumet"));
    cr_assert(e != NULL && e->severity == GL_REJECTION_SEVERITY_WARNING);
    cr_assert(gl_str_eqz(e->hint, "did you mean TransportContractDocument?"));
    e = find_error(in, "too-long", CONSIGNMENT P("GoodsLocation") "[1]" P("authorisationReferenceNumber"));
    cr_assert(e != NULL && e->value.len == 141 && gl_str_eqz(e->field, "attributes.code"));
    cr_assert_eq(in->error_count, sizeof want / sizeof *want + 3); /* and CustomsOfice */
    test_read_free(r);
}

Test(eucdm, what_breaks_off_is_refused)
{
    gl_str bytes;
    test_read *r = read_corpus("eucdm_truncated.xml", &bytes);
    cr_assert(r->at[0].rejected);
    cr_assert_eq(r->at[0].error_count, 1);
    const gl_rejection_validation_error *e = find_error(&r->at[0], "not-well-formed", NULL);
    cr_assert(e != NULL && gl_str_starts(e->pointer, GL_STR("line ")));
    test_read_free(r);
}

/* --- which form, and what it is to the one before --- */

Test(eucdm, the_form_is_told_by_root_namespace_and_category)
{
    static const char *const parts[][2] = {
        {"<Declaration xmlns=\"" NAMESPACE "\"/>", "eucdm-xml"},
        {"<x:Declaration xmlns:x=\"urn:wco:datamodel:WCO:DEC-DMS:3\"/>", "eucdm-xml"},
        {"<Declaration><ProcedureCategory>H7</ProcedureCategory></Declaration>", "eucdm-xml"},
        {"<MetaData><Declaration xmlns=\"" NAMESPACE "\"><ProcedureCategory>H7</ProcedureCategory></Declaration>"
         "</MetaData>",
         "eucdm-xml"},
        {"<MetaData><ProcedureCategory>H7</ProcedureCategory><Declaration/></MetaData>", "eucdm-xml"},
        {"<MetaData><Declaration xmlns=\"" NAMESPACE "\"/></MetaData>", "cds-xml"},
        {"<Declaration/>", "cds-xml"},
        {"<Declaration xmlns=\"urn:other\"/>", "cds-xml"},
        {"<MetaData xmlns=\"" NAMESPACE "\"/>", "cds-xml"},
        {"<Declaration", "cds-xml"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        test_read *r = read_text(GL_FORMAT_XML, "", parts[i][0]);
        cr_assert_eq(r->count, 1);
        cr_assert_str_eq(r->at[0].format, parts[i][1], "%s", parts[i][0]);
        test_read_free(r);
    }
}

Test(eucdm, amendments_and_cancellations)
{
    gl_str bytes;
    test_read *r = read_corpus("eucdm_amendment.xml", &bytes);
    expect_accepted(&r->at[0]);
    cr_assert(gl_str_eqz(r->at[0].declaration.function_code, "4") && r->at[0].event == NULL);
    cr_assert(gl_str_eqz(r->at[0].declaration.items.at[0].description, "paper kite, large"));
    test_read_free(r);
    r = read_corpus("eucdm_cancellation.xml", &bytes);
    expect_accepted(&r->at[0]);
    const gl_event_request *event = r->at[0].event;
    cr_assert(event != NULL && event->mrn.len == 0 && gl_str_eqz(event->lrn, "EU-H7-0002"));
    cr_assert_eq(event->family, GL_DECLARATION_FAMILY_IMPORT);
    cr_assert_eq(event->event.type, GL_EVENT_EVENT_TYPE_CANCELLATION);
    cr_assert(gl_str_eqz(event->event.text, "the parcel never came"));
    test_read_free(r);
}
