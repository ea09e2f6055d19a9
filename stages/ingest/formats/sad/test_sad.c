/* ASYCUDA's SAD: what its elements become, what is kept where it cannot be read, and what is written. */
#include "ingest/checks/checks.h"
#include "ingest/formats/cds/cds_leaves.h"
#include "ingest/formats/cds/test_xml.h"
#include "ingest/formats/impl.h"
#include "ingest/formats/sad/sad_map.h"
#include "ingest/formats/sad/sad_write.h"

#define SAD(content) "<ASYCUDA><Property><Sad_flow>I</Sad_flow></Property>" content "</ASYCUDA>"
#define REFERENCE    "<Declarant><Reference><Number>R-1</Number></Reference></Declarant>"

static test_read *read_sad(const char *text)
{
    test_read *r = read_text(GL_FORMAT_XML, "", text);
    cr_assert_eq(r->count, 1);
    return r;
}

static const char *attribute(const test_read *r, const gl_declaration_goods_item *item, const char *type)
{
    size_t count = item != NULL ? item->attributes.count : r->at[0].declaration.attributes.count;
    const gl_declaration_attribute *at = item != NULL ? item->attributes.at : r->at[0].declaration.attributes.at;
    for (size_t i = 0; i < count; i++)
        if (gl_str_eqz(at[i].type, type))
            return gl_arena_strndup(r->arena, at[i].code.ptr, at[i].code.len);
    return "";
}

Test(sad, one_item)
{
    gl_str bytes;
    test_read *r = read_corpus_of("sad", "one.xml", &bytes);
    const gl_declaration *d = &r->at[0].declaration;
    const gl_declaration_goods_item *item = &d->items.at[0];
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].error_count, 0);
    cr_assert(gl_str_eqz(d->message.format, "asycuda-xml") && gl_str_eqz(d->data_set, "SAD"));
    cr_assert(gl_str_eqz(r->at[0].lrn, "QB 15-0099") && gl_str_eqz(d->type_code, "IM"));
    cr_assert_eq(d->family, GL_DECLARATION_FAMILY_IMPORT);
    cr_assert(d->declared_date.set && d->declared_date.value == 16569); /* 2015-05-14: 5/14 and 5/15 tell */
    cr_assert(gl_str_eqz(d->parties.at[1].name, "BLUE RIVER TEXTILES"));
    cr_assert(gl_str_eqz(d->parties.at[1].street, "KADE 12, 3011 ROTTERDAM"));
    cr_assert(gl_str_eqz(item->commodity_code, "6205200000"));
    cr_assert(gl_str_eqz(item->procedure_current_code, "40") && gl_str_eqz(item->procedure_previous_code, "00"));
    cr_assert(gl_str_eqz(item->description, "Mens cotton shirts, long sleeve"));
    cr_assert(gl_str_eqz(item->customs_value_amount->currency_code, "JMD")); /* of the sum whose rate is 1 */
    cr_assert(gl_str_eqz(item->item_charge_amount->currency_code, "EUR"));
    cr_assert_eq(item->duty_tax_fees.count, 2);
    cr_assert_eq(item->documents.count, 3);
    cr_assert(d->total_gross_mass != NULL && d->total_gross_mass->unscaled == 4100);
    cr_assert_str_eq(attribute(r, item, "tariff_description"), "Men's or boys' shirts of cotton");
    cr_assert_str_eq(attribute(r, item, "duty_calculation.1"), "A");
    cr_assert_str_eq(attribute(r, NULL, "insurance"), "10.0 EUR");
    test_read_free(r);
}

/* No administration's lists and rules refuse it. */
Test(sad, is_accepted_by_the_shipped_rules)
{
    static const char *const names[] = {"one.xml", "every.xml", "locale.xml", "ambiguous.xml", "latin1.xml", "bom.xml"};
    gl_err err = {0};
    gl_checks *checks = gl_checks_load_folder(GL_SOURCE_DIR "/config", &err);
    cr_assert_not_null(checks, "%s", err.message);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        gl_str bytes;
        test_read_free(read_corpus_of("sad", names[i], &bytes));
        test_read *r = read_checked(GL_FORMAT_XML, "", bytes, 0, 0, checks);
        cr_log_info("%s", names[i]);
        expect_accepted(&r->at[0]);
        pointers_resolve(&r->at[0], bytes);
        test_read_free(r);
    }
    gl_checks_destroy(checks);
}

Test(sad, the_locale_is_the_documents)
{
    gl_str bytes;
    test_read *r = read_corpus_of("sad", "locale.xml", &bytes);
    const gl_declaration *d = &r->at[0].declaration;
    expect_accepted(&r->at[0]);
    pointers_resolve(&r->at[0], bytes);
    cr_assert(gl_str_eqz(r->at[0].lrn, "TGLOM-2024-E88"));
    cr_assert_eq(d->family, GL_DECLARATION_FAMILY_EXPORT);
    cr_assert_eq(d->declared_date.value, 20060); /* 2024-12-03: 25/12 tells */
    cr_assert(d->invoice_amount->unscaled == 1234550 && d->invoice_amount->scale == 2);
    cr_assert(d->exchange_rate->unscaled == 655957 && d->exchange_rate->scale == 3);
    const gl_declaration_goods_item *item = &d->items.at[0];
    cr_assert(gl_str_eqz(item->commodity_code, "18010000")); /* eleven digits are too many */
    cr_assert(item->gross_mass->unscaled == 1234 && item->gross_mass->scale == 0);
    cr_assert(item->net_mass->unscaled == 1200 && item->net_mass->scale == 0);
    cr_assert_str_eq(attribute(r, item, "Goods_description.Country_of_origin_code"), "Togo");
    cr_assert_str_eq(attribute(r, &d->items.at[1], "supplementary_unit.1"), "x y KG");
    cr_assert_str_eq(attribute(r, &d->items.at[1], "supplementary_unit.2"), "0 LTR");
    cr_assert_eq(d->items.at[1].tariff_quantity->unscaled, 7);
    cr_assert_eq(d->items.count, 3);
    cr_assert_str_eq(attribute(r, NULL, "container_item.1"), "1");
    cr_assert_str_eq(attribute(r, NULL, "container_type.0"), "40");
    test_read_free(r);
}

Test(sad, what_could_be_two_is_kept_with_a_warning)
{
    gl_str bytes;
    test_read *r = read_corpus_of("sad", "ambiguous.xml", &bytes);
    const gl_intake *in = &r->at[0];
    const gl_declaration_goods_item *item = &in->declaration.items.at[0];
    expect_accepted(in);
    pointers_resolve(in, bytes);
    expect_error(in, "invalid-date", P("ASYCUDA") P("Property") P("Date_of_declaration"), "05/06/15");
    cr_assert(!in->declaration.declared_date.set);
    cr_assert_str_eq(attribute(r, NULL, "Property.Date_of_declaration"), "05/06/15");
    expect_error(in, "invalid-number", P("ASYCUDA") P("Item") P("Valuation_item") P("Weight_itm") P("Net_weight_itm"),
                 "1.234");
    cr_assert_null(item->net_mass);
    cr_assert_str_eq(attribute(r, item, "Weight_itm.Net_weight_itm"), "1.234");
    cr_assert(item->item_charge_amount != NULL && item->item_charge_amount->unscaled == 0);
    expect_error(in, "unknown-element", P("ASYCUDA") P("Item") P("Unknown_thing"), "1");
    cr_assert_str_eq(attribute(r, NULL, "Gs_insurance.Currency_code"), "USD");
    cr_assert(gl_str_eqz(in->declaration.type_code, "IM"));
    cr_assert_eq(item->documents.count, 0);
    test_read_free(r);
}

Test(sad, encodings_and_absent_values)
{
    gl_str bytes;
    test_read *r = read_corpus_of("sad", "latin1.xml", &bytes);
    expect_accepted(&r->at[0]);
    cr_assert(gl_str_eqz(r->at[0].lrn, "R\xC3\xA9"
                                       "1"));
    test_read_free(r);
    r = read_corpus_of("sad", "bom.xml", &bytes);
    const gl_declaration *d = &r->at[0].declaration;
    expect_accepted(&r->at[0]);
    cr_assert_eq(d->parties.count, 3);
    cr_assert(gl_str_eqz(d->parties.at[0].name, "J. Doe") && d->parties.at[0].role == GL_DECLARATION_PARTY_ROLE_AGENT);
    cr_assert_str_eq(attribute(r, NULL, "global_tax"), "Code CSF, Amount 250.0");
    cr_assert_eq(d->additional_information.count, 1); /* too long for an attribute */
    cr_assert(gl_str_eqz(d->additional_information.at[0].statement_code, "exit_comments"));
    cr_assert(gl_str_eqz(d->items.at[0].duty_tax_fees.at[0].duty_regime_code, "GSP"));
    test_read_free(r);
}

Test(sad, what_is_missing_is_said)
{
    test_read *r = read_sad("<ASYCUDA><Property><Sad_flow>X</Sad_flow></Property><Declarant><Reference><Number><null/>"
                            "</Number></Reference></Declarant></ASYCUDA>");
    const gl_intake *in = &r->at[0];
    cr_assert(in->rejected);
    const gl_rejection_validation_error *e =
        find_error(in, "missing", P("ASYCUDA") P("Declarant") P("Reference") P("Number"));
    cr_assert(e != NULL && gl_str_eqz(e->field, "functional_reference_id"));
    expect_error(in, "invalid-code", P("ASYCUDA") P("Property") P("Sad_flow"), "X");
    size_t missing = 0;
    for (size_t i = 0; i < in->error_count; i++)
        missing += gl_str_eqz(in->errors[i].code, "missing");
    cr_assert_eq(missing, 4); /* LRN, family, type, items */
    test_read_free(r);
}

Test(sad, a_registration_without_a_day_has_the_declarations)
{
    test_read *r =
        read_sad("<ASYCUDA><Property><Sad_flow>E</Sad_flow><Date_of_declaration>05/06/19</Date_of_declaration>"
                 "</Property><Identification><Office_segment><Customs_clearance_office_code>KGN"
                 "</Customs_clearance_office_code></Office_segment><Registration><Number>12</Number><Date/>"
                 "</Registration></Identification><Item/></ASYCUDA>");
    expect_accepted(&r->at[0]);
    cr_assert(gl_str_eqz(r->at[0].lrn, "KGN-2019-12"), "%.*s", GL_STR_ARG(r->at[0].lrn));
    test_read_free(r);
}

Test(sad, flow_counts_before_type)
{
    test_read *r = read_sad(SAD("<Identification><Type><Type_of_declaration>EX</Type_of_declaration></Type>"
                                "</Identification>" REFERENCE "<Item/>"));
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].declaration.family, GL_DECLARATION_FAMILY_IMPORT);
    cr_assert(find_error(&r->at[0], "invalid-code",
                         P("ASYCUDA") P("Identification") P("Type") P("Type_of_declaration")) != NULL);
    test_read_free(r);
}

Test(sad, what_no_field_takes_is_kept)
{
    char text[4096], code[64];
    memset(code, 'x', sizeof code - 1);
    code[sizeof code - 1] = 0;
    snprintf(text, sizeof text,
             SAD("<Identification><Assessment><Number>7</Number><Date>2024-01-02</Date></Assessment><Office_segment>"
                 "<Customs_clearance_office_code>OF</Customs_clearance_office_code></Office_segment></Identification>"
                 "<Item><Valuation_item><Statistical_value>-5.5</Statistical_value><Weight_itm><Net_weight_itm>-0.0"
                 "</Net_weight_itm></Weight_itm></Valuation_item><Packages><Kind_of_packages_code>%s"
                 "</Kind_of_packages_code></Packages></Item>"),
             code);
    test_read *r = read_sad(text);
    const gl_declaration_goods_item *item = &r->at[0].declaration.items.at[0];
    expect_accepted(&r->at[0]);
    cr_assert(gl_str_eqz(r->at[0].lrn, "OF-2024-7"));
    cr_assert(find_error(&r->at[0], "negative", NULL) != NULL && find_error(&r->at[0], "too-long", NULL) != NULL);
    cr_assert_str_eq(attribute(r, item, "Valuation_item.Statistical_value"), "-5.5");
    cr_assert_str_eq(attribute(r, item, "Packages.Kind_of_packages_code"), code);
    cr_assert(item->net_mass != NULL && item->statistical_value_amount == NULL);
    test_read_free(r);
}

/* --- leaves --- */

static void expect_taken(void *context, gl_str path, gl_leaf_fate fate, const char *why)
{
    size_t *count = context;
    cr_assert_eq(fate, GL_LEAF_TAKEN, "%.*s: %s", GL_STR_ARG(path), why == NULL ? "" : why);
    ++*count;
}

/* Every element of the format, twice where it may be there more than once. */
Test(sad, every_leaf_is_taken)
{
    gl_str bytes;
    gl_err err = {0};
    gl_intake intake;
    size_t count = 0;
    gl_arena *arena = gl_arena_new(0);
    test_read_free(read_corpus_of("sad", "every.xml", &bytes));
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_XML, GL_STR(""), bytes, 0, 0, &err);
    cr_assert(gl_reader_next(reader, arena, &intake));
    cr_assert_null(find_error(&intake, "unknown-element", NULL));
    gl_cds_leaves(&reader->report, &gl_sad_form, arena, expect_taken, &count);
    cr_assert_eq(count, 403);
    gl_arena_destroy(arena);
}

/* --- writing --- */

enum { FOUND = 16 };

/* What was written, and the fields that were lost. */
static const char *write_again(test_read *r, const char *want)
{
    gl_difference found[FOUND];
    gl_written written = {.lost = found, .limit = FOUND, .why = GL_STR("")};
    gl_buf xml = gl_buf_in(r->arena), lost = gl_buf_in(r->arena);
    expect_accepted(&r->at[0]);
    bool good = gl_sad_write_checked(&xml, r->arena, &r->at[0].declaration, &written);
    gl_buf_byte(&xml, 0);
    cr_assert(good, "%.*s\n%s", GL_STR_ARG(written.why), (const char *)xml.data);
    for (size_t i = 0; i < written.count; i++)
        gl_buf_printf(&lost, "%s%.*s", i > 0 ? ", " : "", GL_STR_ARG(found[i].path));
    gl_buf_byte(&lost, 0);
    cr_assert_str_eq((const char *)lost.data, want, "%s", (const char *)xml.data);
    return (const char *)xml.data;
}

Test(sad, what_was_read_comes_back)
{
    static const char *const names[] = {"one.xml", "every.xml", "locale.xml", "ambiguous.xml", "latin1.xml", "bom.xml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        gl_str bytes;
        test_read *r = read_corpus_of("sad", names[i], &bytes);
        cr_log_info("%s", names[i]);
        const char *first = write_again(r, "");
        test_read *again = read_sad(first);
        cr_assert_str_eq(canonical_text(r, 0), canonical_text(again, 0));
        cr_assert_str_eq(first, write_again(again, ""));
        test_read_free(again);
        test_read_free(r);
    }
}

Test(sad, other_forms_are_written_with_what_there_is_a_place_for)
{
    test_read *r = read_text(
        GL_FORMAT_JSON, "",
        "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"invoice_amount\":\"30 "
        "USD\","
        "\"exchange_rate\":\"0.75\",\"parties\":[{\"role\":\"IMPORTER\",\"name\":\"N\",\"street\":\"S "
        "1\",\"city\":\"C\","
        "\"country_code\":\"GB\"},{\"role\":\"BUYER\",\"name\":\"B\"}],\"ucr\":\"U\",\"items\":[{\"commodity_code\":"
        "\"6205200000\",\"classifications\":[{\"id\":\"62052000\",\"identification_type_code\":\"TSP\"},{\"id\":\"00\","
        "\"identification_type_code\":\"TRC\"}],\"item_charge_amount\":\"30 USD\",\"customs_value_amount\":\"22.50 "
        "GBP\","
        "\"procedure_current_code\":\"40\",\"procedure_previous_code\":\"00\"},{\"sequence_numeric\":7}]}");
    const char *xml = write_again(r, "ucr, parties.BUYER.1, items.2.sequence_numeric");
    static const char *const parts[] = {"<Consignee_name>N\nS 1, C, GB</Consignee_name>",
                                        "<Commodity_code>62052000</Commodity_code>",
                                        "<Precision_1>00</Precision_1>",
                                        "<Amount_national_currency>22.50</Amount_national_currency>",
                                        "<Extended_customs_procedure>4000</Extended_customs_procedure>",
                                        "<Currency_code>GBP</Currency_code>",
                                        "<Licence_number><null/></Licence_number>"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_assert(strstr(xml, parts[i]) != NULL, "%s is not in %s", parts[i], xml);
    test_read_free(r);
}

Test(sad, what_it_cannot_say_is_not_written)
{
    static const char *const cases[][2] = {
        {"\"family\":\"IMPORT\",\"test_indicator\":true", "a declaration made for a test"},
        {"\"family\":\"IMPORT\",\"function_code\":\"4\"", "an amendment"},
        {"\"family\":\"ENTRY_SUMMARY\"", "an entry summary"}};
    for (size_t i = 0; i < 3; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"functional_reference_id\":\"A\",%s,\"type_code\":\"IMA\",\"items\":[{}]}",
                 cases[i][0]);
        test_read *r = read_text(GL_FORMAT_JSON, "", text);
        gl_buf xml = gl_buf_in(r->arena);
        gl_written written = {.why = GL_STR("")};
        cr_assert_not(gl_sad_write_checked(&xml, r->arena, &r->at[0].declaration, &written));
        cr_assert(gl_str_starts(written.why, gl_str_of(cases[i][1])) && xml.len == 0);
        test_read_free(r);
    }
}

/* As many items as the largest export that was seen has, each with everything. */
Test(sad, many_items)
{
    gl_str bytes;
    test_read_free(read_corpus_of("sad", "every.xml", &bytes));
    gl_buf text = {0};
    const char *from = memmem(bytes.ptr, bytes.len, "<Item>", 6);
    const char *to = (const char *)memmem(from, bytes.len, "</Item>", 7) + 7;
    gl_buf_bytes(&text, bytes.ptr, (size_t)(from - bytes.ptr));
    for (int i = 0; i < 119; i++)
        gl_buf_bytes(&text, from, (size_t)(to - from));
    gl_buf_bytes(&text, to, (size_t)(bytes.ptr + bytes.len - to));
    cr_assert_gt(text.len, GL_INTAKE_LIMIT_BYTES);
    test_read *r = read_from(GL_FORMAT_XML, "", gl_buf_view(&text), 0, 0);
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].declaration.items.count, 120);
    gl_buf record = gl_buf_in(r->arena);
    gl_declaration_encode(&record, &r->at[0].declaration);
    cr_assert_lt(record.len, 256 * 1024, "%zu", record.len);
    gl_buf_free(&text);
    test_read_free(r);
}
