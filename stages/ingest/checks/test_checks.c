/* Rules of YAML: what breaks them and where, what cannot be decided, and what is refused when they are read. */
#include "base/clock.h"
#include "ingest/checks/checks.h"
#include "ingest/formats/test_read.h"

static const char RATES[] = "date: 2026-11-02\nbase: EUR\nrates: {USD: 0.5, GBP: 1.2}\n";

enum { MADE = 8 };
static gl_checks *made[MADE];
static size_t made_count;

static void tear_down(void)
{
    while (made_count > 0)
        gl_checks_destroy(made[--made_count]);
}

TestSuite(rules, .fini = tear_down);

/* Ends with the test. */
static gl_checks *checks_of(const char *rules)
{
    gl_err err = {0};
    gl_checks *checks =
        gl_checks_parse("rules.yaml", gl_str_of(rules), GL_SOURCE_DIR "/config/code_lists", gl_str_of(RATES), &err);
    cr_assert_not_null(checks, "%s", err.message);
    cr_assert_lt(made_count, MADE);
    made[made_count++] = checks;
    return checks;
}

static test_read *ask(const gl_checks *checks, const char *fields, const char *items)
{
    char json[4096];
    snprintf(json, sizeof json,
             "{\"functional_reference_id\":\"A\",\"family\":\"IMPORT\",\"type_code\":\"IMA\"%s,\"items\":[%s]}", fields,
             items);
    test_read *r = read_checked(GL_FORMAT_JSON, "", gl_str_of(json), 0, 0, checks);
    cr_assert_eq(r->count, 1, "%s", json);
    return r;
}

static void clean(const gl_checks *checks, const char *fields, const char *items)
{
    test_read *r = ask(checks, fields, items);
    cr_assert_eq(r->at[0].error_count, 0, "%s", r->at[0].error_count == 0 ? "" : r->at[0].errors[0].text.ptr);
    test_read_free(r);
}

static void broken(const gl_checks *checks, const char *fields, const char *items, const char *code,
                   const char *pointer, const char *value)
{
    test_read *r = ask(checks, fields, items);
    expect_error(&r->at[0], code, pointer, value);
    cr_assert_eq(r->at[0].error_count, 1, "%zu", r->at[0].error_count);
    test_read_free(r);
}

#define RULE(body) "name: t\nrules:\n  - {code: r, text: wrong, " body "}\n"

Test(rules, texts)
{
    gl_checks *checks = checks_of(RULE("find: {field: item.commodity_code, starts: ['22', '24']}"));
    clean(checks, "", "{\"commodity_code\":\"610910\"},{}");
    broken(checks, "", "{\"commodity_code\":\"610910\"},{\"commodity_code\":\"220300\"}", "r",
           "/items/1/commodity_code", "220300");
    checks = checks_of(RULE("find: {field: parties.id, where: {role: [DECLARANT, AGENT]}, not_form: eori}"));
    clean(checks, ",\"parties\":[{\"role\":\"DECLARANT\",\"id\":\"DE12345\"},{\"role\":\"IMPORTER\",\"id\":\"?\"}]",
          "{}");
    broken(checks, ",\"parties\":[{\"role\":\"IMPORTER\",\"id\":\"?\"},{\"role\":\"AGENT\",\"id\":\"D1\"}]", "{}", "r",
           "/parties/1/id", "D1");
    checks = checks_of(RULE("find: {field: item.additional_procedures, is_not: [C07, F48]}"));
    clean(checks, "", "{\"additional_procedures\":[\"C07\",\"F48\"]}");
    broken(checks, "", "{\"additional_procedures\":[\"C07\",\"F49\"]}", "r", "/items/0/additional_procedures/1", "F49");
    checks = checks_of(RULE("find: {field: items.item_charge_amount.currency, in: currencies}"));
    clean(checks, "", "{\"item_charge_amount\":\"5\"}");
    broken(checks, "", "{},{\"item_charge_amount\":{\"amount\":\"5\",\"currency\":\"EUR\"}}", "r",
           "/items/1/item_charge_amount/currency", "EUR");
}

Test(rules, every_value_that_breaks_one_is_reported)
{
    gl_checks *checks = checks_of(RULE("find: {field: transport_equipment_ids, not_form: container}"));
    test_read *r = ask(
        checks, ",\"transport_equipment_ids\":[\"CSQU3054383\",\"CSQU3054384\",\"TRAILER-1\",\"MSCU1234567\"]", "{}");
    cr_assert_eq(r->at[0].error_count, 2);
    expect_error(&r->at[0], "r", "/transport_equipment_ids/1", "CSQU3054384");
    expect_error(&r->at[0], "r", "/transport_equipment_ids/3", "MSCU1234567");
    test_read_free(r);
}

Test(rules, numbers_and_fields)
{
    gl_checks *checks = checks_of(RULE("find: {field: item.net_mass, above: {field: item.gross_mass}}"));
    clean(checks, "", "{\"net_mass\":\"2\",\"gross_mass\":\"2.000\"},{\"net_mass\":\"2\"}");
    clean(checks, "",
          "{\"net_mass\":{\"value\":\"3\",\"unit\":\"KGM\"},\"gross_mass\":{\"value\":\"2\",\"unit\":\"GRM\"}}");
    broken(checks, "", "{\"net_mass\":\"1\",\"gross_mass\":\"2\"},{\"net_mass\":\"2.1\",\"gross_mass\":\"2\"}", "r",
           "/items/1/net_mass", "2.1");
    checks = checks_of(RULE("find: {field: total_gross_mass, below: {field: sum(items.gross_mass), by: 0.5}}"));
    clean(checks, ",\"total_gross_mass\":\"3.5\"", "{\"gross_mass\":\"2\"},{\"gross_mass\":\"2\"}");
    clean(checks, ",\"total_gross_mass\":\"3\"", "{}");
    broken(checks, ",\"total_gross_mass\":\"3.49\"", "{\"gross_mass\":\"2\"},{\"gross_mass\":\"2\"}", "r",
           "/total_gross_mass", "3.49");
    checks = checks_of(RULE("find: {field: count(items), above: 2}, at: goods_item_quantity"));
    clean(checks, "", "{},{}");
    broken(checks, ",\"goods_item_quantity\":3", "{},{},{}", "r", "/goods_item_quantity", "3");
}

#define RELIEF                                                                                                         \
    RULE("when: {field: items.additional_procedures, is: C07}, "                                                       \
         "find: {field: sum(items.item_charge_amount), above: [150 EUR, 135 GBP]}, at: items.item_charge_amount")

Test(rules, amounts_are_compared_by_the_rates)
{
    gl_checks *checks = checks_of(RELIEF);
    clean(checks, "", "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"150.00 EUR\"}");
    clean(checks, "", "{\"item_charge_amount\":\"900 EUR\"}");
    clean(checks, "", "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"300 USD\"}");
    clean(checks, "", "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"135 GBP\"}");
    clean(checks, "", "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"100000 JPY\"}");
    clean(checks, "", "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"151\"}");
    broken(checks, "", "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"300.01 USD\"}", "r",
           "/items/0/item_charge_amount", "300.01 USD");
    broken(checks, "", "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"135.01 GBP\"}", "r", NULL,
           "135.01 GBP");
    broken(checks, "",
           "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"100 USD\"},{\"item_charge_amount\":\"100.01 "
           "EUR\"}",
           "r", "/items/0/item_charge_amount", "100 USD");
    test_read *r = ask(
        checks, "",
        "{\"additional_procedures\":[\"C07\"],\"item_charge_amount\":\"80 EUR\"},{\"item_charge_amount\":\"80 EUR\"}");
    cr_assert(gl_str_eqz(find_error(&r->at[0], "r", NULL)->text, "wrong (160 EUR)"));
    test_read_free(r);
}

Test(rules, dates)
{
    gl_checks *checks = checks_of(RULE("find: {field: declared_date, above: today+1}"));
    clean(checks, ",\"declared_date\":\"2026-11-25\"", "{}");
    broken(checks, ",\"declared_date\":\"2026-11-26\"", "{}", "r", "/declared_date", "2026-11-26");
    checks = checks_of(RULE("find: {field: issue_date_time, below: today-30}"));
    clean(checks, ",\"issue_date_time\":\"2026-10-25T00:00:00Z\"", "{}");
    broken(checks, ",\"issue_date_time\":\"2026-10-24T23:59:59Z\"", "{}", "r", "/issue_date_time",
           "2026-10-24T23:59:59Z");
    checks = checks_of(RULE("find: {field: declared_date, below: 2026-01-01}"));
    broken(checks, ",\"declared_date\":\"2025-12-31\"", "{}", "r", NULL, "2025-12-31");
}

Test(rules, what_is_missing_is_reported_where_it_should_be)
{
    gl_checks *checks = checks_of(RULE("find: {field: parties.id, where: {role_code: FR5}, missing: true}, "
                                       "when: {field: items.additional_procedures, is: F48}"));
    clean(checks, "", "{}");
    clean(checks, ",\"parties\":[{\"role\":\"FISCAL_REFERENCE\",\"role_code\":\"FR5\",\"id\":\"IM0560000001\"}]",
          "{\"additional_procedures\":[\"F48\"]}");
    broken(checks, "", "{\"additional_procedures\":[\"F48\"]}", "r", "", NULL);
    broken(checks, ",\"parties\":[{\"role\":\"IMPORTER\",\"id\":\"DE1\"}]", "{\"additional_procedures\":[\"F48\"]}",
           "r", "/parties", NULL);
    checks = checks_of("name: t\nrequired:\n  - data_set: [H7, H6]\n    severity: warning\n    fields:\n"
                       "      - item.description\n      - {field: parties.role, where: {role: IMPORTER}}\n");
    clean(checks, ",\"data_set\":\"H1\"", "{}");
    test_read *r = ask(checks, ",\"data_set\":\"H7\"", "{\"description\":\"x\"},{\"commodity_code\":\"610910\"}");
    cr_assert_eq(r->at[0].error_count, 2);
    cr_assert_not(r->at[0].rejected);
    expect_error(&r->at[0], "missing", "/items/1", NULL);
    test_read_free(r);
}

Test(rules, an_empty_list_is_missing_and_very_many_are_not_looked_for)
{
    gl_checks *checks =
        checks_of("name: t\nrequired:\n  - {data_set: H7, fields: [item.additional_procedures, item.description]}\n");
    broken(checks, ",\"data_set\":\"H7\"", "{\"description\":\"x\",\"additional_procedures\":[]}", "missing",
           "/items/0/additional_procedures", NULL);
    gl_buf json = {0};
    gl_buf_text(&json, "{\"functional_reference_id\":\"A\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"data_set\":"
                       "\"H7\",\"items\":[{}");
    for (int i = 1; i < 9999; i++)
        gl_buf_text(&json, ",{}");
    gl_buf_text(&json, "]}");
    int64_t from_us = gl_thread_cpu_us();
    test_read *r = read_checked(GL_FORMAT_JSON, "", gl_buf_view(&json), 0, 0, checks);
    cr_assert_eq(r->at[0].error_count, 100);
    cr_assert_lt(gl_thread_cpu_us() - from_us, 1000000, "quadratic");
    test_read_free(r);
    gl_buf_free(&json);
}

Test(rules, what_could_not_be_read_is_not_missing_too)
{
    gl_checks *checks = checks_of("name: t\nrequired:\n  - {data_set: H7, fields: [item.gross_mass]}\n");
    broken(checks, ",\"data_set\":\"H7\"", "{\"gross_mass\":\"half a kilo\"}", "invalid-number", "/items/0/gross_mass",
           "half a kilo");
}

Test(rules, conditions)
{
    gl_checks *checks = checks_of(RULE("when: {all: [{field: data_set, is: H7}, {not: {field: ucr, missing: true}}, "
                                       "{any: [{field: family, is: EXPORT}, {field: family, is: IMPORT}]}]}, "
                                       "find: {field: ucr, starts_not: UCR}"));
    clean(checks, ",\"data_set\":\"H7\"", "{}");
    clean(checks, ",\"data_set\":\"H1\",\"ucr\":\"X\"", "{}");
    clean(checks, ",\"data_set\":\"H7\",\"ucr\":\"UCR-1\"", "{}");
    broken(checks, ",\"data_set\":\"H7\",\"ucr\":\"X-1\"", "{}", "r", "/ucr", "X-1");
}

Test(rules, codes_are_looked_up)
{
    gl_checks *checks = checks_of("name: t\n");
    test_read *r = ask(checks, ",\"destination_country_id\":\"UK\"", "{\"item_charge_amount\":\"5 RMB\"}");
    cr_assert(gl_str_eqz(expect_error(&r->at[0], "unknown-code", "/destination_country_id", "UK")->hint, "GB"));
    cr_assert(r->at[0].rejected);
    expect_error(&r->at[0], "invalid-code", "/items/0/item_charge_amount", "5 RMB");
    test_read_free(r);
    r = ask(checks, "",
            "{\"tariff_quantity\":{\"value\":\"5\",\"unit\":\"TNE#G\"}},{\"tariff_quantity\":{\"value\":\"5\",\"unit\":"
            "\"KGS\"}}");
    cr_assert_eq(r->at[0].error_count, 1);
    cr_assert(gl_str_eqz(expect_error(&r->at[0], "unknown-code", "/items/1/tariff_quantity/unit", "KGS")->hint, "KGM"));
    cr_assert_not(r->at[0].rejected);
    test_read_free(r);
}

Test(rules, a_cancellation_is_held_against_nothing)
{
    gl_checks *checks = checks_of("name: t\nrequired:\n  - {data_set: H7, fields: [item.description, ucr]}\n");
    test_read *r = ask(checks, ",\"data_set\":\"H7\",\"function_code\":\"1\",\"destination_country_id\":\"UK\"", "{}");
    cr_assert_eq(r->at[0].error_count, 0);
    test_read_free(r);
}

static void refused(const char *rules, const char *part)
{
    gl_err err = {0};
    cr_assert_null(gl_checks_parse("rules.yaml", gl_str_of(rules), "", GL_STR(""), &err), "%s", rules);
    cr_assert_not_null(strstr(err.message, part), "%s: %s", rules, err.message);
}

Test(rules, mistakes_are_named)
{
    refused("rules: []", "missing: name");
    refused(RULE("find: {field: item.colour, is: red}"), "item.colour");
    refused(RULE("find: {field: item.gross_mas, missing: true}"), "did you mean \"gross_mass\"?");
    refused(RULE("find: {field: item.gross_mass, is: red}"), "no text");
    refused(RULE("find: {field: ucr, above: 3}"), "a bound");
    refused(RULE("find: {field: item.gross_mass, above: 3}"), "\"2 KGM\"");
    refused(RULE("find: {field: item.gross_mass, above: {field: declared_date}}"), "cannot be compared");
    refused(RULE("find: {field: declared_date, above: tomorrow}"), "tomorrow");
    refused(RULE("find: {field: sum(items.gross_mass), above: 3 KGM}"), "`at` names a field");
    refused(RULE("find: {field: sum(items.description), above: 3}, at: ucr"), "no sum");
    refused(RULE("find: {field: count(ucr), above: 3}, at: ucr"), "count() is of a list");
    refused(RULE("find: {field: items, missing: true}"), "a field in the record");
    refused(RULE("find: {field: ucr, where: {role: IMPORTER}, missing: true}"), "in a list");
    refused(RULE("find: {field: parties.id, where: {role: IMPORTED}, missing: true}"), "did you mean \"IMPORTER\"?");
    refused(RULE("find: {field: ucr, form: iban}"), "no form is named iban");
    refused(RULE("find: {field: ucr, in: countries}"), "no code list");
    refused(RULE("find: {field: ucr}"), "one of is, is_not");
    refused(RULE("find: {field: ucr, is: a, starts: b}"), "one of is, is_not");
    refused(RULE("severity: fatal, find: {field: ucr, is: a}"), "fatal");
    refused("name: t\nrules:\n  - {code: 'A B', text: t, find: {field: ucr, is: a}}\n", "A B");
    refused("name: t\nrules:\n  - {code: a, find: {field: ucr, is: a}}\n", "missing: text");
    refused("name: t\nrequired:\n  - {fields: [ucr]}\n", "`data_set`");
    refused("name: t\nrequired:\n  - {data_set: H7, fields: [color]}\n", "color");
    refused("name: t\ncolour: red\n", "colour");
}

/* The shipped rules have nothing to say about the samples. */
Test(rules, the_shipped_ones_are_read)
{
    gl_err err = {0};
    gl_checks *checks = gl_checks_load_folder(GL_SOURCE_DIR "/config", &err);
    cr_assert_not_null(checks, "%s", err.message);
    cr_assert_gt(gl_checks_rule_count(checks), 20);
    cr_assert_eq(strncmp(gl_checks_version(checks), "default-", 8), 0);
    static char json[65536];
    FILE *file = fopen(GL_SOURCE_DIR "/samples/parcel.json", "rb");
    cr_assert_not_null(file);
    gl_str text = {json, fread(json, 1, sizeof json, file)};
    fclose(file);
    test_read *r = read_checked(GL_FORMAT_JSON, "", text, 0, 0, checks);
    cr_assert_gt(r->count, 0);
    for (size_t i = 0; i < r->count; i++)
        cr_assert_eq(r->at[i].error_count, 0, "%s", r->at[i].error_count == 0 ? "" : r->at[i].errors[0].text.ptr);
    test_read_free(r);
    gl_checks_destroy(checks);
}

static void relief(const gl_checks *checks, const char *office, const char *procedure, const char *amount,
                   const char *code)
{
    char fields[256], item[256];
    snprintf(fields, sizeof fields, "%s%s%s", *office == '\0' ? "" : ",\"declaration_office_id\":\"", office,
             *office == '\0' ? "" : "\"");
    snprintf(item, sizeof item,
             "{\"description\":\"tea towel\",\"additional_procedures\":[\"%s\"],\"item_charge_amount\":\"%s\"}",
             procedure, amount);
    test_read *r = ask(checks, fields, item);
    bool found = false;
    for (size_t i = 0; i < r->at[0].error_count; i++)
        found = found || gl_str_eqz(r->at[0].errors[i].code, code);
    cr_assert_eq(found, *code != '\0', "%s at %s: %s", amount, office, found ? "refused" : "accepted");
    cr_assert_eq(r->at[0].rejected, *code != '\0');
    test_read_free(r);
}

/* 135 GBP are more than 150 EUR: only an office of the United Kingdom, or none, takes them. */
Test(rules, relief_is_the_office_s)
{
    gl_err err = {0};
    gl_checks *checks = gl_checks_load_folder(GL_SOURCE_DIR "/config", &err);
    cr_assert_not_null(checks, "%s", err.message);
    relief(checks, "BE212000", "C07", "133.00 GBP", "relief-value");
    relief(checks, "BE212000", "C07", "130.00 GBP", "");
    relief(checks, "BE212000", "C07", "150.00 EUR", "");
    relief(checks, "BE212000", "C07", "150.01 EUR", "relief-value");
    relief(checks, "GB000060", "C07", "135.00 GBP", "");
    relief(checks, "GB000060", "C07", "135.01 GBP", "relief-value");
    relief(checks, "XI000142", "C07", "153.00 EUR", "");
    relief(checks, "XI000142", "C07", "155.00 EUR", "relief-value");
    relief(checks, "", "C07", "135.00 GBP", "");
    relief(checks, "", "C07", "150.01 EUR", "relief-value");
    relief(checks, "BE212000", "C08", "45.01 EUR", "gift-value");
    relief(checks, "GB000060", "C08", "39.00 GBP", "");
    relief(checks, "GB000060", "C08", "39.01 GBP", "gift-value");
    gl_checks_destroy(checks);
}
