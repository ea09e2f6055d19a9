/* WCO declarations: fields, data sets, errors whose XPath leads to the value, and what is refused as what it is. */
#include "customs/ids.h"
#include "ingest/formats/cds/cds_leaves.h"
#include "ingest/formats/cds/test_xml.h"
#include "ingest/formats/impl.h"
#include "ingest/formats/xml/xml_document.h"

#define DECLARATION(content)                                                                                           \
    "<Declaration><FunctionCode>9</FunctionCode><FunctionalReferenceID>L-1</FunctionalReferenceID>"                    \
    "<TypeCode>IMA</TypeCode>" content "</Declaration>"
#define ITEM(content)                                                                                                  \
    DECLARATION("<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric>" content               \
                "</GovernmentAgencyGoodsItem></GoodsShipment>")

Test(cds, import_h1)
{
    gl_str bytes;
    test_read *r = read_corpus("import_h1.xml", &bytes);
    expect_accepted(&r->at[0]);
    cr_assert_str_eq(
        canonical_text(r, 0),
        "{\"functional_reference_id\":\"GL-0001\",\"family\":\"IMPORT\",\"function_code\":\"9\",\"type_code\":\"IMA\","
        "\"data_set\":\"H1\",\"goods_item_quantity\":1,\"invoice_amount\":{\"amount\":\"250.00\",\"currency\":\"GBP\"},"
        "\"trade_terms\":{\"condition_code\":\"CIF\",\"location_id\":\"GBDVR\"},\"export_country_id\":\"NL\","
        "\"destination_country_id\":\"GB\",\"parties\":[{\"role\":\"AGENT\",\"role_code\":\"2\",\"id\":"
        "\"GB000000000001\"},"
        "{\"role\":\"AUTHORISATION_HOLDER\",\"role_code\":\"DPO\",\"id\":\"GB000000000001\"},"
        "{\"role\":\"DECLARANT\",\"id\":\"GB000000000001\"},{\"role\":\"EXPORTER\",\"name\":\"Tulp & Zoon\","
        "\"street\":\"Kade 1\",\"city\":\"Rotterdam\",\"postcode\":\"3011\",\"country_code\":\"NL\"},"
        "{\"role\":\"IMPORTER\",\"id\":\"GB000000000002\"}],\"border_transport\":{\"mode_code\":\"1\","
        "\"nationality_code\":\"NL\"},\"container_code\":\"0\",\"goods_location\":{\"type_code\":\"A\","
        "\"qualifier_code\":\"U\",\"name\":\"DVRDOVDVR\",\"country_code\":\"GB\"},\"documents\":[{\"kind\":"
        "\"PREVIOUS\","
        "\"category_code\":\"Z\",\"type_code\":\"DCR\",\"id\":\"6GB000000000001-1\",\"line_numeric\":1},"
        "{\"kind\":\"GUARANTEE\",\"type_code\":\"0\",\"id\":\"Guaranteenotrequired\"}],\"items\":[{\"sequence_"
        "numeric\":1,"
        "\"description\":\"Tulip bulbs\",\"commodity_code\":\"0601101000\",\"classifications\":[{\"id\":\"06011010\","
        "\"identification_type_code\":\"TSP\"},{\"id\":\"00\",\"identification_type_code\":\"TRC\"}],"
        "\"origin_country_id\":\"NL\",\"gross_mass\":{\"value\":\"20\",\"unit\":\"KGM\"},"
        "\"net_mass\":{\"value\":\"18.5\",\"unit\":\"KGM\"},\"tariff_quantity\":{\"value\":\"400\"},"
        "\"item_charge_amount\":{\"amount\":\"250.00\",\"currency\":\"GBP\"},\"valuation_method_code\":\"1\","
        "\"procedure_current_code\":\"40\",\"procedure_previous_code\":\"00\",\"additional_procedures\":[\"000\"],"
        "\"duty_tax_fees\":[{\"type_code\":\"A00\",\"duty_regime_code\":\"100\",\"tax_rate_percent\":\"4.00\","
        "\"tax_base\":{\"value\":\"250\",\"unit\":\"GBP\"},\"payment_method_code\":\"E\"}],"
        "\"packaging\":[{\"type_code\":\"CT\",\"quantity\":2,\"marks\":\"TZ "
        "1\"}],\"documents\":[{\"kind\":\"SUPPORTING\","
        "\"category_code\":\"N\",\"type_code\":\"935\",\"id\":\"INV-77\",\"status_code\":\"AC\"}]}]}");
    cr_assert(gl_str_eqz(r->at[0].declaration.message.format, "cds-xml"));
    test_read_free(r);
}

Test(cds, wrappers_prefixes_and_encodings)
{
    static const char *const names[] = {"bare_h7.xml", "export.xml", "gateway.xml",
                                        "latin1.xml",  "utf16.xml",  "cdata.xml"};
    static const char *const lrns[] = {"P-77", "GL-0001", "GL-0001", "L-\xC3\xA9", "U-\xE4\xB8\xAD", "C-<1"};
    static const char *const sets[] = {"H7", "B1", "H1", "H1", "H5", "H1"};
    for (size_t i = 0; i < 6; i++) {
        gl_str bytes;
        test_read *r = read_corpus(names[i], &bytes);
        expect_accepted(&r->at[0]);
        cr_assert(gl_str_eqz(r->at[0].lrn, lrns[i]), "%s", names[i]);
        cr_assert(gl_str_eqz(r->at[0].declaration.data_set, sets[i]), "%s", names[i]);
        cr_assert_eq(r->at[0].declaration.family, i == 1 ? GL_DECLARATION_FAMILY_EXPORT : GL_DECLARATION_FAMILY_IMPORT);
        test_read_free(r);
    }
}

Test(cds, errors_lead_to_their_values)
{
    gl_str bytes;
    test_read *r = read_corpus("wrong.xml", &bytes);
    const gl_intake *in = &r->at[0];
    cr_assert(in->rejected);
    pointers_resolve(in, bytes);
    expect_error(in, "invalid-code", P("MetaData") P("Declaration") P("GoodsShipment") P("ExportCountry") P("ID"),
                 "Holland");
    const char *charge = P("MetaData") P("Declaration") P("GoodsShipment") P("GovernmentAgencyGoodsItem") P("Commodity")
        P("InvoiceLine") P("ItemChargeAmount");
    expect_error(in, "negative", charge, "-250.00");
    char currency[512];
    snprintf(currency, sizeof currency, "%s/@*[local-name()='currencyID']", charge);
    expect_error(in, "invalid-code", currency, "POUND");
    cr_assert(find_error(in, "invalid-number", NULL) != NULL);
    cr_assert(find_error(in, "unexpected-text", NULL) != NULL);
    const gl_rejection_validation_error *e = find_error(in, "unknown-element", NULL);
    cr_assert(e != NULL && e->severity == GL_REJECTION_SEVERITY_WARNING);
    cr_assert(gl_str_eqz(e->hint, "did you mean CustomsValuation?"));
    e = find_error(in, "invalid-code",
                   P("MetaData") P("Declaration") P("GoodsShipment") P("GovernmentAgencyGoodsItem") P("Commodity")
                       P("Classification") "[1]" P("ID"));
    cr_assert(e != NULL && gl_str_eqz(e->value, "0601") && gl_str_eqz(e->field, "items.commodity_code"));
    test_read_free(r);
}

Test(cds, second_of_two_items_is_named)
{
    const char *text = DECLARATION(
        "<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric></GovernmentAgencyGoodsItem>"
        "<GovernmentAgencyGoodsItem><SequenceNumeric> 1\n</SequenceNumeric><Origin><CountryCode>fr</CountryCode>"
        "<TypeCode>1</TypeCode></Origin><Packaging><QuantityQuantity>ten</QuantityQuantity></Packaging>"
        "<ValuationAdjustment/></GovernmentAgencyGoodsItem></GoodsShipment>");
    test_read *r = read_text(GL_FORMAT_XML, "", text);
    const gl_intake *in = &r->at[0];
    pointers_resolve(in, gl_str_of(text));
    const char *second = P("Declaration") P("GoodsShipment") P("GovernmentAgencyGoodsItem") "[2]";
    char path[512];
    snprintf(path, sizeof path, "%s%s", second, P("SequenceNumeric"));
    expect_error(in, "duplicate-sequence", path, " 1\n");
    snprintf(path, sizeof path, "%s%s%s", second, P("Origin"), P("CountryCode"));
    expect_error(in, "invalid-code", path, "fr");
    snprintf(path, sizeof path, "%s%s%s", second, P("Packaging"), P("QuantityQuantity"));
    expect_error(in, "invalid-number", path, "ten");
    snprintf(path, sizeof path, "%s%s", second, P("ValuationAdjustment"));
    cr_assert(find_error(in, "missing", path) != NULL);
    test_read_free(r);
}

Test(cds, what_may_be_there_once)
{
    test_read *r = read_text(
        GL_FORMAT_XML, "",
        ITEM("<Origin><CountryCode>FR</CountryCode></Origin><Origin><CountryCode>DE</CountryCode></Origin>"
             "<GovernmentProcedure><CurrentCode>40</CurrentCode><PreviousCode>00</PreviousCode></GovernmentProcedure>"
             "<GovernmentProcedure><CurrentCode>71</CurrentCode><PreviousCode>00</PreviousCode></GovernmentProcedure>"
             "<TransactionNatureCode>1</TransactionNatureCode><TransactionNatureCode>2</TransactionNatureCode>"));
    size_t twice = 0;
    for (size_t i = 0; i < r->at[0].error_count; i++)
        twice += gl_str_eqz(r->at[0].errors[i].code, "duplicate-element");
    cr_assert_eq(twice, 3);
    test_read_free(r);
}

Test(cds, times_origins_and_bases)
{
    test_read *r = read_text(
        GL_FORMAT_XML, "",
        DECLARATION("<AcceptanceDateTime><DateTimeString "
                    "formatCode=\"304\">20251111144700+01</DateTimeString></AcceptanceDateTime>"
                    "<IssueDateTime><DateTimeString formatCode=\"304\">20240312102925Z</DateTimeString></IssueDateTime>"
                    "<GoodsShipment><GovernmentAgencyGoodsItem><Commodity><DutyTaxFee>"
                    "<AdValoremTaxBaseAmount currencyID=\"GBP\">9</AdValoremTaxBaseAmount>"
                    "<SpecificTaxBaseQuantity unitCode=\"LPA\">3</SpecificTaxBaseQuantity></DutyTaxFee></Commodity>"
                    "<Origin><CountryCode>ME</CountryCode><TypeCode>2</TypeCode></Origin></GovernmentAgencyGoodsItem></"
                    "GoodsShipment>"));
    expect_accepted(&r->at[0]);
    const gl_declaration *d = &r->at[0].declaration;
    cr_assert_eq(d->declared_date.value, 20403);
    cr_assert_eq(d->issue_date_time.value, 1710239365000000);
    cr_assert(gl_str_eqz(d->items.at[0].preferential_origin_id, "ME") && d->items.at[0].origin_country_id.ptr == NULL);
    cr_assert(gl_str_eqz(d->items.at[0].duty_tax_fees.at[0].tax_base->unit_code, "LPA"));
    test_read_free(r);
    r = read_text(GL_FORMAT_XML, "",
                  DECLARATION("<IssueDateTime><DateTimeString>20241399</DateTimeString></IssueDateTime>"));
    expect_error(&r->at[0], "invalid-date", P("Declaration") P("IssueDateTime") P("DateTimeString"), "20241399");
    test_read_free(r);
}

Test(cds, messages_about_declarations_are_told_apart)
{
    static const char *const parts[][3] = {{"13", "COR", "amendment-not-supported"},
                                           {"5", "IMA", "amendment-not-supported"},
                                           {"13", "GPR", "not-supported"},
                                           {"13", "XXX", "not-supported"},
                                           {"77", "IMA", "invalid-code"},
                                           {"", "IMA", "missing"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "<Declaration><FunctionCode>%s</FunctionCode><FunctionalReferenceID>L-1</FunctionalReferenceID>"
                 "<TypeCode>%s</TypeCode></Declaration>",
                 parts[i][0], parts[i][1]);
        test_read *r = read_text(GL_FORMAT_XML, "", text);
        cr_assert_eq(r->at[0].error_count, 1);
        expect_error(&r->at[0], parts[i][2], P("Declaration") P("FunctionCode"), parts[i][0]);
        cr_assert(gl_str_eqz(r->at[0].lrn, "L-1"));
        test_read_free(r);
    }
}

static test_read *read_part(const char *code, const char *rest)
{
    char text[1024];
    snprintf(text, sizeof text,
             "<Declaration><FunctionCode>%s</FunctionCode><FunctionalReferenceID>L-1</FunctionalReferenceID>%s"
             "</Declaration>",
             code, rest);
    return read_text(GL_FORMAT_XML, "", text);
}

#define ITEMS                                                                                                          \
    "<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric><Commodity><Description>Shoes"      \
    "</Description></Commodity></GovernmentAgencyGoodsItem></GoodsShipment>"

Test(cds, a_whole_declaration_amends_and_pointers_do_not)
{
    test_read *whole = read_part("4", "<TypeCode>IMA</TypeCode>" ITEMS);
    expect_accepted(&whole->at[0]);
    cr_assert(gl_str_eqz(whole->at[0].declaration.function_code, "4"));
    cr_assert_null(whole->at[0].event);
    test_read *part = read_part("4", "<TypeCode>IMA</TypeCode><Amendment><ChangeReasonCode>32</ChangeReasonCode>"
                                     "</Amendment>" ITEMS);
    const gl_rejection_validation_error *error =
        expect_error(&part->at[0], "amendment-not-supported", P("Declaration") P("FunctionCode"), "4");
    cr_assert(error->hint.len > 0);
    test_read_free(whole);
    test_read_free(part);
}

Test(cds, a_cancellation_is_an_event_by_mrn_or_lrn)
{
    uint8_t id[16] = {1, 2, 3};
    char mrn[GL_MRN_CHARS + 1], rest[512];
    gl_mrn_make(id, 1795500000000000, "BE", GL_FAMILY_IMPORT, mrn);
    snprintf(rest, sizeof rest,
             "<ID>%s</ID><TypeCode>INV</TypeCode><AdditionalInformation><StatementDescription>sent twice"
             "</StatementDescription></AdditionalInformation>",
             mrn);
    test_read *r = read_part("13", rest);
    expect_accepted(&r->at[0]);
    cr_assert(r->at[0].event != NULL && gl_str_eqz(r->at[0].event->mrn, mrn));
    cr_assert_eq(r->at[0].event->event.type, GL_EVENT_EVENT_TYPE_CANCELLATION);
    cr_assert(gl_str_eqz(r->at[0].event->event.text, "sent twice"));
    test_read_free(r);
    r = read_part("1", "<TypeCode>EXA</TypeCode>");
    expect_accepted(&r->at[0]);
    cr_assert(r->at[0].event != NULL && r->at[0].event->mrn.len == 0 && gl_str_eqz(r->at[0].event->lrn, "L-1"));
    cr_assert_eq(r->at[0].event->family, GL_DECLARATION_FAMILY_EXPORT);
    test_read_free(r);
    r = read_part("13", "<TypeCode>INV</TypeCode>");
    expect_error(&r->at[0], "missing", P("Declaration"), NULL);
    test_read_free(r);
    r = read_part("13", "<ID>26BE</ID><TypeCode>INV</TypeCode>");
    expect_error(&r->at[0], "invalid-code", P("Declaration") P("ID"), "26BE");
    test_read_free(r);
    r = read_part("1", "<TypeCode>COA</TypeCode>");
    expect_error(&r->at[0], "invalid-code", P("Declaration") P("TypeCode"), "COA");
    test_read_free(r);
}

Test(cds, what_is_no_declaration_is_named)
{
    static const char *const parts[][2] = {
        {"<MetaData><Response><FunctionCode>09</FunctionCode></Response></MetaData>", "DMSCLE"},
        {"<inventoryLinkingMovementRequest/>", "movement request"},
        {"<FileUploadRequest/>", "upload"},
        {"<mdMetaData><Declaration/></mdMetaData>", "mdMetaData"},
        {"<MetaData/>", "no Declaration"},
        {"<html><body/></html>", "html"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        test_read *r = read_text(GL_FORMAT_XML, "", parts[i][0]);
        const gl_rejection_validation_error *e = find_error(&r->at[0], "not-a-declaration", NULL);
        cr_assert(e != NULL && memmem(e->text.ptr, e->text.len, parts[i][1], strlen(parts[i][1])) != NULL, "%s",
                  parts[i][0]);
        pointers_resolve(&r->at[0], gl_str_of(parts[i][0]));
        test_read_free(r);
    }
    test_read *r = read_text(GL_FORMAT_XML, "", "<MetaData><Declaration/><Declaration/></MetaData>");
    cr_assert(find_error(&r->at[0], "several-declarations", NULL) != NULL);
    test_read_free(r);
}

Test(cds, hostile_documents)
{
    static const char *const names[][2] = {
        {"xxe.xml", "dtd-refused"}, {"laughs.xml", "dtd-refused"},        {"undeclared.xml", "not-well-formed"},
        {"deep.xml", "too-deep"},   {"truncated.xml", "not-well-formed"}, {"not_utf8.xml", "encoding"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        gl_str bytes;
        test_read *r = read_corpus(names[i][0], &bytes);
        cr_assert_eq(r->at[0].error_count, 1);
        const gl_rejection_validation_error *e = find_error(&r->at[0], names[i][1], NULL);
        cr_assert(e != NULL, "%s: %.*s", names[i][0], GL_STR_ARG(r->at[0].errors[0].code));
        cr_assert(gl_str_starts(e->pointer, GL_STR("line ")));
        test_read_free(r);
    }
}

Test(cds, size_limits)
{
    gl_buf text = {0};
    gl_buf_text(&text, "<Declaration>");
    while (text.len < GL_XML_LIMIT_BYTES)
        gl_buf_text(&text, "<!-- padding padding padding -->");
    gl_buf_text(&text, "</Declaration>");
    test_read *r = read_from(GL_FORMAT_XML, "", gl_buf_view(&text), 0, 0);
    expect_error(&r->at[0], "too-large", "", NULL);
    test_read_free(r);
    gl_buf_free(&text);
    gl_buf_text(&text, "<Declaration>");
    for (int i = 0; i < 65000; i++)
        gl_buf_text(&text, "<a/>");
    test_read *many = read_from(GL_FORMAT_XML, "", gl_buf_view(&text), 0, 0);
    cr_assert(many->at[0].rejected);
    test_read_free(many);
    gl_buf_free(&text);
}

Test(cds, customs_may_not_be_there_twice)
{
    test_read *r = read_text(
        GL_FORMAT_XML, "",
        DECLARATION(
            "<AcceptanceDateTime>20261120</AcceptanceDateTime><AcceptanceDateTime>20261121</AcceptanceDateTime>"
            "<GoodsShipment><Consignment><ArrivalTransportMeans><ModeCode>1</ModeCode><ModeCode>3</ModeCode>"
            "</ArrivalTransportMeans></Consignment></GoodsShipment>"
            "<ObligationGuarantee><ReferenceID>A</ReferenceID><ReferenceID>B</ReferenceID></ObligationGuarantee>"));
    size_t twice = 0;
    for (size_t i = 0; i < r->at[0].error_count; i++)
        twice += gl_str_eqz(r->at[0].errors[i].code, "duplicate-element");
    cr_assert_eq(twice, 3);
    test_read_free(r);
}

Test(cds, metadata_is_the_profile)
{
    gl_str bytes;
    test_read *r = read_corpus("all.xml", &bytes);
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].error_count, 0);
    cr_assert(gl_str_eqz(r->at[0].declaration.message.profile, "DEC 3.6 GB Some agency v2.1 all.xsd"));
    test_read_free(r);
}

Test(cds, a_profile_that_is_too_long_is_said)
{
    char text[1024], name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    snprintf(text, sizeof text,
             "<MetaData><ResponsibleAgencyName>%s</ResponsibleAgencyName><Declaration><FunctionCode>9</FunctionCode>"
             "</Declaration></MetaData>",
             name);
    test_read *r = read_text(GL_FORMAT_XML, "", text);
    const gl_rejection_validation_error *e = find_error(&r->at[0], "too-long", P("MetaData"));
    cr_assert(e != NULL && e->severity == GL_REJECTION_SEVERITY_WARNING);
    cr_assert_null(r->at[0].declaration.message.profile.ptr);
    test_read_free(r);
}

/* --- leaves --- */

static void list_leaf(void *context, gl_str path, gl_leaf_fate fate, const char *why)
{
    static const char *const names[] = {"taken", "left", "neither"};
    gl_buf_printf(context, "%.*s: %s%s%s\n", GL_STR_ARG(path), names[fate], why == NULL ? "" : ", ",
                  why == NULL ? "" : why);
}

static gl_str leaves_of(gl_arena *arena, gl_str bytes)
{
    gl_buf list = gl_buf_in(arena);
    gl_err err = {0};
    gl_intake intake;
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    cr_assert(reader != NULL && gl_reader_next(reader, arena, &intake), "%s", err.message);
    gl_cds_leaves(&reader->report, &gl_cds_form_uk, arena, list_leaf, &list);
    gl_reader_close(reader);
    gl_buf_byte(&list, 0);
    return gl_buf_view(&list);
}

Test(cds, every_leaf_has_a_fate)
{
    static const char *const want[] = {
        "MetaData/@schemaLocation: left, of XML Schema",
        "MetaData/WCOTypeName: taken\n",
        "MetaData/Declaration/AcceptanceDateTime/DateTimeString: taken\n",
        "MetaData/Declaration/AcceptanceDateTime/DateTimeString/@formatCode: taken\n",
        "MetaData/Declaration/GoodsItemQuantity/@unitCode: neither\n",
        "MetaData/Declaration/LoadingListQuantity: left, loading lists are paper\n",
        "MetaData/Declaration/InvoiceAmount/@currencyID: taken\n",
        "MetaData/Declaration/Exporter/Address/Line: taken\nMetaData/Declaration/Exporter/Address/Line: taken\n",
        "MetaData/Declaration/Consignment/Itinerary/SequenceNumeric: taken\n",
        "MetaData/Declaration/Consignment/Itinerary/SequenceNumeric: left, the order is kept, not the numbers",
        "GovernmentAgencyGoodsItem/Origin/TypeCode: taken\n",
        "DutyTaxFee/AdValoremTaxBaseAmount: left, its unit is the currency; left out when there is a quantity\n",
        "DutyTaxFee/AdValoremTaxBaseAmount/@currencyID: left, its unit is",
        "DutyTaxFee/SpecificTaxBaseQuantity: taken\n",
        "DutyTaxFee/Payment/Colour: neither\n"};
    const char *text =
        "<MetaData xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" x:schemaLocation=\"a b\"><WCOTypeName>DEC"
        "</WCOTypeName><Declaration><AcceptanceDateTime><DateTimeString formatCode=\"304\">20261120090000Z"
        "</DateTimeString></AcceptanceDateTime><FunctionCode>9</FunctionCode><FunctionalReferenceID>L"
        "</FunctionalReferenceID><TypeCode>IMA</TypeCode><GoodsItemQuantity unitCode=\"NAR\">1</GoodsItemQuantity>"
        "<LoadingListQuantity>1</LoadingListQuantity><InvoiceAmount currencyID=\"GBP\">1</InvoiceAmount><Exporter>"
        "<Address><Line>A</Line><Line>B</Line></Address></Exporter><Consignment><Itinerary><SequenceNumeric>1"
        "</SequenceNumeric></Itinerary><Itinerary><SequenceNumeric>1</SequenceNumeric></Itinerary></Consignment>"
        "<GoodsShipment><GovernmentAgencyGoodsItem><Commodity><DutyTaxFee><AdValoremTaxBaseAmount currencyID=\"GBP\">9"
        "</AdValoremTaxBaseAmount><SpecificTaxBaseQuantity unitCode=\"LPA\">3</SpecificTaxBaseQuantity><Payment>"
        "<Colour>red</Colour></Payment></DutyTaxFee></Commodity><Origin><CountryCode>ME</CountryCode><TypeCode>1"
        "</TypeCode></Origin></GovernmentAgencyGoodsItem></GoodsShipment></Declaration></MetaData>";
    gl_arena *arena = gl_arena_new(0);
    gl_str list = leaves_of(arena, gl_str_of(text));
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        cr_assert(strstr(list.ptr, want[i]) != NULL, "%s is not in\n%s", want[i], list.ptr);
    gl_arena_destroy(arena);
}

/* Of a document with every element that a declaration may have, only what follows from others is left. */
Test(cds, nothing_of_the_full_sample_is_left)
{
    static const char *const left[] = {
        "MetaData/@schemaLocation: ", "MetaData/Declaration/Consignment/Carrier/Communication/TypeCode: ",
        "MetaData/Declaration/Declarant/Communication/TypeCode: ", NULL};
    gl_str bytes;
    test_read_free(read_corpus("all.xml", &bytes));
    gl_arena *arena = gl_arena_new(0);
    gl_str list = leaves_of(arena, bytes);
    size_t found = 0;
    for (const char *line = list.ptr; *line != 0; line = strchr(line, '\n') + 1) {
        gl_str text = {line, strcspn(line, "\n")}, is = {strstr(line, ": "), 0};
        is.len = (size_t)(text.ptr + text.len - is.ptr);
        if (gl_str_eqz(is, ": taken"))
            continue;
        cr_assert(left[found] != NULL && gl_str_starts(text, gl_str_of(left[found])), "%.*s", GL_STR_ARG(text));
        found++;
    }
    cr_assert_null(left[found]);
    gl_arena_destroy(arena);
}
