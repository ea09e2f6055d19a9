/* Criteria: what is refused, what hits, where the hit points. */
#include "risk/criteria.h"
#include "risk/golden.h"

#include <criterion/criterion.h>

typedef struct fixture {
    gl_arena *arena;
    gl_lists *lists;
    gl_declaration decl;
    gl_classification classification;
    gl_assessment_criterion_hit *hits;
    size_t hit_count;
} fixture;

static fixture f;

static void add_list(const char *yaml)
{
    gl_err err = {0};
    cr_assert(gl_lists_add(f.lists, "list.yaml", gl_str_of(yaml), &err), "%s", err.message);
}

static void set_up(void)
{
    f = (fixture){.arena = gl_arena_new(0), .lists = gl_lists_new()};
    add_list("{name: countries, kind: exact, entries: [KP]}");
    add_list("{name: names, kind: exact, entries: [Phantom Cargo GmbH]}");
    add_list("{name: codes, kind: prefix, entries: ['93']}");
    add_list("{name: brands, kind: words, entries: [louis vuitton]}");
    add_list("{name: old, kind: exact, valid_until: 2020-01-01, entries: [CN]}");
    f.decl.items.at = GL_NEW_N(f.arena, gl_declaration_goods_item, 8);
    f.decl.items.count = 2;
    for (int i = 0; i < 8; i++)
        f.decl.items.at[i].sequence_numeric = i + 1;
}

static void tear_down(void)
{
    gl_lists_destroy(f.lists);
    gl_arena_destroy(f.arena);
}

TestSuite(criteria, .init = set_up, .fini = tear_down);

/* A file of one criterion with this condition. */
static gl_criteria *parse(const char *when, gl_err *err)
{
    char *text =
        gl_arena_printf(f.arena,
                        "name: test\ncriteria:\n- {id: one, version: 3, text: Told, lane: YELLOW, rate: 12.5%%, "
                        "severity: 5, when: %s}\n",
                        when);
    return gl_criteria_parse("test.yaml", gl_str_of(text), f.lists, err);
}

static size_t evaluate(const gl_criteria *criteria)
{
    gl_subject subject = {&f.decl, &f.classification, INT64_C(1790000000000000)};
    f.hit_count = gl_criteria_evaluate(criteria, &subject, f.arena, &f.hits);
    return f.hit_count;
}

/* How many hits the condition gives. */
static size_t hits(const char *when)
{
    gl_err err = {0};
    gl_criteria *criteria = parse(when, &err);
    cr_assert_not_null(criteria, "%s: %s", when, err.message);
    size_t count = evaluate(criteria);
    /* A hit's slices may point into the criteria. */
    for (size_t i = 0; i < count; i++) {
        f.hits[i].criterion_id =
            gl_str_of(gl_arena_strndup(f.arena, f.hits[i].criterion_id.ptr, f.hits[i].criterion_id.len));
    }
    gl_criteria_destroy(criteria);
    return count;
}

static void expect_first(const char *pointer, const char *text)
{
    cr_assert_gt(f.hit_count, 0);
    cr_assert(gl_str_eqz(f.hits[0].pointer, pointer), "%.*s", GL_STR_ARG(f.hits[0].pointer));
    cr_assert(gl_str_eqz(f.hits[0].text, text), "%.*s", GL_STR_ARG(f.hits[0].text));
}

Test(criteria, a_hit_carries_what_the_criterion_says)
{
    f.decl.items.at[1].commodity_code = GL_STR("930100");
    cr_assert_eq(hits("{field: item.commodity_code, in: codes}"), 1);
    cr_assert(gl_str_eqz(f.hits[0].criterion_id, "one"));
    cr_assert_eq(f.hits[0].version, 3);
    cr_assert_eq(f.hits[0].lane, GL_ASSESSMENT_LANE_HINT_YELLOW);
    cr_assert_eq(f.hits[0].rate_ppm, 125000);
    cr_assert(f.hits[0].item.set);
    cr_assert_eq(f.hits[0].item.value, 2);
    expect_first("/items/1/commodity_code", "Told (930100; \"93\" in list codes)");
}

/* Values of what only entry summaries have; others have none of them. */
Test(criteria, entry_summaries)
{
    static gl_str countries[] = {{"CN", 2}, {"IR", 2}}, seals[] = {{"S-1", 3}};
    gl_declaration_entry_summary entry = {.specific_circumstance_code = GL_STR("E"),
                                          .first_entry_office_id = GL_STR("GB000060")};
    entry.routing_country_ids.at = countries;
    entry.routing_country_ids.count = 2;
    entry.seal_ids.at = seals;
    entry.seal_ids.count = 1;
    cr_assert_eq(hits("{field: entry_summary.routing_country_ids, missing: false}"), 0);
    cr_assert_eq(hits("{field: entry_summary.specific_circumstance_code, is: E}"), 0);
    f.decl.entry_summary = &entry;
    cr_assert_eq(hits("{field: entry_summary.routing_country_ids, is: IR}"), 1);
    expect_first("/entry_summary/routing_country_ids/1", "Told (IR)");
    cr_assert_eq(hits("{field: entry_summary.routing_country_ids, is: KP}"), 0);
    cr_assert_eq(hits("{field: entry_summary.specific_circumstance_code, is: E}"), 1);
    expect_first("/entry_summary/specific_circumstance_code", "Told (E)");
    cr_assert_eq(hits("{field: entry_summary.seal_ids, starts: S}"), 1);
    cr_assert_eq(hits("{field: entry_summary.conveyance_reference_id, missing: true}"), 1);
    cr_assert_eq(hits("{field: entry_summary.first_entry_office_id, is: GB000060}"), 1);
}

Test(criteria, texts)
{
    f.decl.type_code = GL_STR("IMA");
    f.decl.items.at[0].commodity_code = GL_STR("640399");
    cr_assert_eq(hits("{field: type_code, is: IMA}"), 1);
    cr_assert_not(f.hits[0].item.set);
    expect_first("/type_code", "Told (IMA)");
    cr_assert_eq(hits("{field: type_code, is: [COD, IMA]}"), 1);
    cr_assert_eq(hits("{field: type_code, is: IM}"), 0);
    cr_assert_eq(hits("{field: type_code, starts: IM}"), 1);
    cr_assert_eq(hits("{field: item.commodity_code, starts: ['6403', '6404']}"), 1);
    cr_assert_eq(hits("{field: item.commodity_code, starts: '6404'}"), 0);
}

Test(criteria, parties_of_the_declaration_and_of_items)
{
    gl_declaration_party of_all = {.role = GL_DECLARATION_PARTY_ROLE_IMPORTER, .name = GL_STR("Honest Ltd")};
    gl_declaration_party of_item = {.role = GL_DECLARATION_PARTY_ROLE_CONSIGNEE, .name = GL_STR("PHANTOM CARGO GMBH")};
    f.decl.parties.at = &of_all;
    f.decl.parties.count = 1;
    f.decl.items.at[1].parties.at = &of_item;
    f.decl.items.at[1].parties.count = 1;
    cr_assert_eq(hits("{field: any_party.name, in: names}"), 1);
    expect_first("/items/1/parties/0/name", "Told (PHANTOM CARGO GMBH; \"Phantom Cargo GmbH\" in list names)");
    cr_assert_eq(hits("{field: consignee.name, in: names}"), 1);
    cr_assert_eq(hits("{field: importer.name, in: names}"), 0);
    cr_assert_eq(hits("{field: importer.name, is: Honest Ltd}"), 1);
    expect_first("/parties/0/name", "Told (Honest Ltd)");
}

Test(criteria, no_place_is_beyond_reach)
{
    enum { MANY = 500 };
    gl_declaration_party *parties = GL_NEW_N(f.arena, gl_declaration_party, MANY);
    for (size_t i = 0; i < MANY; i++)
        parties[i].name = GL_STR("Honest Ltd");
    parties[MANY - 1].name = GL_STR("Phantom Cargo GmbH");
    f.decl.parties.at = parties;
    f.decl.parties.count = MANY;
    cr_assert_eq(hits("{field: any_party.name, in: names}"), 1);
    cr_assert(gl_str_eqz(f.hits[0].pointer, "/parties/499/name"));
}

Test(criteria, amounts_are_compared_in_their_own_currency_exactly)
{
    f.decl.items.count = 1;
    f.decl.items.at[0].item_charge_amount = gl_golden_amount(f.arena, "150.01", "EUR");
    cr_assert_eq(hits("{field: item.item_charge_amount, above: {EUR: 150, GBP: 10}}"), 1);
    expect_first("/items/0/item_charge_amount", "Told (150.01 EUR)");
    cr_assert_eq(hits("{field: item.item_charge_amount, above: {EUR: 150.01}}"), 0);
    cr_assert_eq(hits("{field: item.item_charge_amount, above: {GBP: 1}}"), 0);
    cr_assert_eq(hits("{field: item.item_charge_amount, below: {EUR: 150.010001}}"), 1);
    f.decl.items.at[0].item_charge_amount = gl_golden_amount(f.arena, "7", "");
    cr_assert_eq(hits("{field: item.item_charge_amount, above: {EUR: 1}}"), 0);
    cr_assert_eq(hits("{field: item.item_charge_amount, above: {none: 1}}"), 1);
}

Test(criteria, the_total_of_items_needs_one_currency)
{
    f.decl.items.at[0].item_charge_amount = gl_golden_amount(f.arena, "100", "EUR");
    cr_assert_eq(hits("{field: total_item_charge_amount, above: {EUR: 1}}"), 0, "an item without a price");
    f.decl.items.at[1].item_charge_amount = gl_golden_amount(f.arena, "50.50", "EUR");
    cr_assert_eq(hits("{field: total_item_charge_amount, above: {EUR: 150}}"), 1);
    expect_first("/items", "Told (150.50 EUR)");
    f.decl.items.at[1].item_charge_amount = gl_golden_amount(f.arena, "50.50", "GBP");
    cr_assert_eq(hits("{field: total_item_charge_amount, above: {EUR: 1, GBP: 1}}"), 0);
    f.decl.items.count = 0;
    cr_assert_eq(hits("{field: total_item_charge_amount, above: {EUR: 1}}"), 0);
}

Test(criteria, price_per_kilogram_without_division)
{
    f.decl.items.count = 1;
    f.decl.items.at[0].item_charge_amount = gl_golden_amount(f.arena, "10", "EUR");
    f.decl.items.at[0].net_mass = gl_golden_measure(f.arena, "3", "KGM");
    cr_assert_eq(hits("{field: item.price_per_kg, below: {EUR: 3.34}}"), 1);
    expect_first("/items/0/item_charge_amount", "Told (10 EUR for 3 kg)");
    cr_assert_eq(hits("{field: item.price_per_kg, below: {EUR: 3.33}}"), 0);
    cr_assert_eq(hits("{field: item.price_per_kg, above: {EUR: 3.33}}"), 1);
    f.decl.items.at[0].net_mass = gl_golden_measure(f.arena, "0", "KGM");
    cr_assert_eq(hits("{field: item.price_per_kg, above: {EUR: 0}}"), 0);
    f.decl.items.at[0].net_mass = gl_golden_measure(f.arena, "0.00000000000000001", "KGM");
    cr_assert_eq(hits("{field: item.price_per_kg, above: {EUR: 0.001}}"), 1);
}

Test(criteria, masses_in_kilograms)
{
    f.decl.items.count = 1;
    f.decl.items.at[0].net_mass = gl_golden_measure(f.arena, "2.5", "KGM");
    f.decl.items.at[0].gross_mass = gl_golden_measure(f.arena, "2.40", "KGM");
    cr_assert_eq(hits("{field: item.net_mass, above: 2.4}"), 1);
    cr_assert_eq(hits("{field: item.net_mass, below: 2.5}"), 0);
    cr_assert_eq(hits("{field: item.net_mass_over_gross, above: 0}"), 1);
    expect_first("/items/0/net_mass", "Told (0.10 kg)");
    f.decl.items.at[0].gross_mass = gl_golden_measure(f.arena, "2.40", "TNE");
    cr_assert_eq(hits("{field: item.net_mass_over_gross, above: 0}"), 0);
    f.decl.items.at[0].gross_mass->unscaled = INT64_MIN;
    f.decl.items.at[0].gross_mass->unit_code = GL_STR("KGM");
    cr_assert_eq(hits("{field: item.net_mass_over_gross, above: 0}"), 0);
}

Test(criteria, countries_fall_back_to_the_declaration)
{
    f.decl.export_country_id = GL_STR("KP");
    cr_assert_eq(hits("{field: item.dispatch_country_id, in: countries}"), 2);
    expect_first("/export_country_id", "Told (KP; \"KP\" in list countries)");
    f.decl.items.at[0].dispatch_country_id = GL_STR("CN");
    f.decl.items.at[1].dispatch_country_id = GL_STR("KP");
    cr_assert_eq(hits("{field: item.dispatch_country_id, in: countries}"), 1);
    expect_first("/items/1/dispatch_country_id", "Told (KP; \"KP\" in list countries)");
}

Test(criteria, a_list_outside_its_validity_matches_nothing)
{
    f.decl.items.at[0].origin_country_id = GL_STR("CN");
    cr_assert_eq(hits("{field: item.origin_country_id, in: old}"), 0);
    cr_assert_eq(hits("{not: {field: item.origin_country_id, in: old}}"), 2);
}

Test(criteria, missing_and_not)
{
    f.decl.items.count = 1;
    cr_assert_eq(hits("{field: item.origin_country_id, missing: true}"), 1);
    expect_first("/items/0", "Told");
    cr_assert_eq(hits("{field: item.origin_country_id, missing: false}"), 0);
    cr_assert_eq(hits("{not: {field: item.origin_country_id, is: CN}}"), 1);
    f.decl.items.at[0].origin_country_id = GL_STR("  ");
    cr_assert_eq(hits("{field: item.origin_country_id, missing: true}"), 1, "white space is nothing");
    f.decl.items.at[0].origin_country_id = GL_STR("CN");
    cr_assert_eq(hits("{field: item.origin_country_id, missing: false}"), 1);
    expect_first("/items/0/origin_country_id", "Told (CN)");
}

Test(criteria, all_and_any)
{
    f.decl.items.count = 1;
    f.decl.type_code = GL_STR("IMA");
    f.decl.items.at[0].origin_country_id = GL_STR("CN");
    cr_assert_eq(hits("{all: [{field: type_code, is: IMA}, {field: item.origin_country_id, is: CN}]}"), 1);
    expect_first("/type_code", "Told (IMA)");
    cr_assert_eq(hits("{all: [{field: type_code, is: IMA}, {field: item.origin_country_id, is: JP}]}"), 0);
    cr_assert_eq(hits("{any: [{all: [{field: type_code, is: IMA}, {field: item.origin_country_id, is: JP}]}, "
                      "{field: item.origin_country_id, is: CN}]}"),
                 1);
    expect_first("/items/0/origin_country_id", "Told (CN)"); /* not the half of what was false */
}

Test(criteria, classification)
{
    gl_classification_candidate best = {GL_STR("640399"), 850000};
    gl_classification_item_classification items[2] = {
        {.sequence_numeric = 2, .status = GL_CLASSIFICATION_STATUS_VAGUE},
        {.sequence_numeric = 1, .candidates = {&best, 1}, .agreement = GL_CLASSIFICATION_AGREEMENT_DIFFERS},
    };
    f.classification.items.at = items;
    f.classification.items.count = 2;
    cr_assert_eq(hits("{all: [{field: item.classification.agreement, is: DIFFERS}, {field: "
                      "item.classification.confidence, above: 80}]}"),
                 1);
    cr_assert_eq(f.hits[0].item.value, 1);
    expect_first("/items/0/commodity_code", "Told (DIFFERS)");
    cr_assert_eq(hits("{field: item.classification.confidence, above: 85}"), 0);
    cr_assert_eq(hits("{field: item.classification.status, is: VAGUE}"), 1);
    cr_assert_eq(f.hits[0].item.value, 2);
    cr_assert_eq(hits("{field: item.classification.hs6, starts: '64'}"), 1);
    cr_assert_eq(hits("{field: item.classification.verdict, is: NOT_COMPARED}"), 0, "a record of before");
    gl_classification_item_answer answers[2] = {
        {.verdict = GL_CLASSIFICATION_VERDICT_NOT_COMPARED},
        {.answer_code = GL_STR("6403"),
         .declared_confidence_ppm = GL_SOME_I32(12345),
         .verdict = GL_CLASSIFICATION_VERDICT_CONTRADICTORY},
    };
    f.classification.answers.at = answers;
    f.classification.answers.count = 2;
    cr_assert_eq(hits("{all: [{field: item.classification.verdict, is: CONTRADICTORY}, {field: "
                      "item.classification.declared_confidence, below: 1.5}]}"),
                 1);
    cr_assert_eq(f.hits[0].item.value, 1);
    expect_first("/items/0/commodity_code", "Told (CONTRADICTORY)");
    cr_assert_eq(hits("{field: item.classification.declared_confidence, below: 1.2}"), 0);
    cr_assert_eq(hits("{field: item.classification.answer, is: '6403'}"), 1);
}

Test(criteria, revenue_at_risk)
{
    gl_classification_item_classification items[2] = {{.sequence_numeric = 2}, {.sequence_numeric = 1}};
    gl_classification_decimal more = {25000, 2}, expected = {-150, 2};
    gl_classification_duty_at_stake stake = {GL_STR("GBP"), &more, &expected, 812345};
    gl_classification_item_national of[2] = {{.likely_code = GL_STR("61091000")},
                                             {.answer_code = GL_STR("6109100010"), .duty_at_stake = &stake}};
    f.classification.items.at = items;
    f.classification.items.count = 2;
    cr_assert_eq(hits("{field: item.classification.tariff, missing: true}"), 2, "a record of before");
    f.classification.tariff = GL_STR("UK/1f3a55bd");
    f.classification.national.at = of;
    f.classification.national.count = 2;
    cr_assert_eq(hits("{field: item.classification.duty_at_stake, above: {GBP: 249.99, EUR: 300}}"), 1);
    cr_assert_eq(f.hits[0].item.value, 1);
    expect_first("/items/0/commodity_code", "Told (250.00 GBP)");
    cr_assert_eq(hits("{field: item.classification.duty_at_stake, above: {GBP: 250}}"), 0);
    cr_assert_eq(hits("{field: item.classification.duty_at_stake, above: {EUR: 1}}"), 0, "nothing is converted");
    cr_assert_eq(hits("{field: item.classification.expected_duty_at_stake, below: {GBP: 0}}"), 1);
    cr_assert_eq(hits("{field: item.classification.expected_over, above: 81.2}"), 1);
    cr_assert_eq(hits("{field: item.classification.expected_over, above: 81.3}"), 0);
    cr_assert_eq(hits("{field: item.classification.national_code, starts: '6109'}"), 1);
    expect_first("/items/0/description", "Told (6109100010)");
    cr_assert_eq(hits("{field: item.classification.national_code, missing: true}"), 1);
    cr_assert_eq(hits("{field: item.classification.tariff, starts: 'UK/'}"), 2);
    stake.amount = NULL;
    cr_assert_eq(hits("{field: item.classification.duty_at_stake, missing: false}"), 0);
    more.scale = 99;
    stake.amount = &more;
    cr_assert_eq(hits("{field: item.classification.duty_at_stake, missing: false}"), 0, "no such decimal");
    f.classification.national.count = 0;
    cr_assert_eq(hits("{field: item.classification.expected_over, missing: false}"), 0);
}

Test(criteria, documents_and_procedures)
{
    gl_str procedures[] = {GL_STR("000"), GL_STR("C07")};
    gl_declaration_document licence = {.type_code = GL_STR("E013")};
    f.decl.items.count = 1;
    f.decl.items.at[0].additional_procedures.at = procedures;
    f.decl.items.at[0].additional_procedures.count = 2;
    cr_assert_eq(hits("{field: item.additional_procedures, is: C07}"), 1);
    expect_first("/items/0/additional_procedures/1", "Told (C07)");
    cr_assert_eq(hits("{field: item.documents.type_code, missing: true}"), 1);
    f.decl.documents.at = &licence;
    f.decl.documents.count = 1;
    cr_assert_eq(hits("{field: item.documents.type_code, missing: true}"), 0);
    cr_assert_eq(hits("{field: item.documents.type_code, is: E013}"), 1);
    expect_first("/documents/0/type_code", "Told (E013)");
}

Test(criteria, attributes)
{
    gl_declaration_attribute of_all = {GL_STR("payment_type"), GL_STR("43")};
    gl_declaration_attribute of_item = {GL_STR("import_use"), GL_STR("21")};
    f.decl.attributes.at = &of_all;
    f.decl.attributes.count = 1;
    f.decl.items.at[1].attributes.at = &of_item;
    f.decl.items.at[1].attributes.count = 1;
    cr_assert_eq(hits("{field: attribute.payment_type, is: '43'}"), 1);
    expect_first("/attributes/0/code", "Told (43)");
    cr_assert_eq(hits("{field: attribute.import_use, is: '21'}"), 1);
    expect_first("/items/1/attributes/0/code", "Told (21)");
    cr_assert_eq(hits("{field: item.attribute.import_use, is: '21'}"), 1);
    cr_assert_eq(hits("{field: item.attribute.payment_type, is: '43'}"), 0);
}

Test(criteria, words_in_descriptions_and_long_values_are_cut_between_characters)
{
    char text[400];
    gl_err err = {0};
    memset(text, 'a', sizeof text);
    memcpy(text, "Louis Vuitton ", 14);
    for (size_t i = 15; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "é", 2);
    f.decl.items.count = 1;
    f.decl.items.at[0].description = (gl_str){text, 399};
    gl_criteria *criteria = parse("{field: item.description, in: brands}", &err);
    cr_assert_eq(evaluate(criteria), 1);
    cr_assert(gl_str_is_utf8(f.hits[0].text, NULL));
    cr_assert_lt(f.hits[0].text.len, 200);
    gl_criteria_destroy(criteria);
}

Test(criteria, a_few_items_are_reported_and_the_rest_counted)
{
    f.decl.items.count = 7;
    for (int i = 0; i < 7; i++)
        f.decl.items.at[i].origin_country_id = GL_STR("KP");
    cr_assert_eq(hits("{field: item.origin_country_id, in: countries}"), GL_CRITERIA_ITEMS_REPORTED);
    cr_assert(gl_str_eqz(f.hits[3].text, "Told (KP; \"KP\" in list countries); 3 more items"), "%.*s",
              GL_STR_ARG(f.hits[3].text));
}

Test(criteria, the_most_severe_come_first_and_hits_are_limited)
{
    gl_err err = {0};
    gl_buf text = {0};
    f.decl.type_code = GL_STR("IMA");
    gl_buf_text(&text, "name: many\ncriteria:\n");
    for (int i = 0; i < 100; i++)
        gl_buf_printf(&text,
                      "- {id: c%d, version: 1, text: T, lane: BLUE, rate: 100%%, severity: %d, when: {field: "
                      "type_code, is: IMA}}\n",
                      i, i % 10);
    gl_criteria *criteria = gl_criteria_parse("many.yaml", gl_buf_view(&text), f.lists, &err);
    cr_assert_not_null(criteria, "%s", err.message);
    cr_assert_eq(gl_criteria_count(criteria), 100);
    cr_assert_str_eq(gl_criteria_id(criteria, 0), "c9");
    cr_assert_str_eq(gl_criteria_id(criteria, 1), "c19");
    cr_assert_str_eq(gl_criteria_id(criteria, 99), "c90");
    cr_assert_eq(evaluate(criteria), GL_CRITERIA_HITS_LIMIT);
    cr_assert_not(gl_criteria_use_classification(criteria));
    gl_criteria_destroy(criteria);
    gl_buf_free(&text);
}

Test(criteria, conditions_that_are_wrong_are_refused)
{
    static const struct {
        const char *when, *says;
    } wrong[] = {
        {"{field: item.comodity_code, is: x}", "item.commodity_code"},
        {"{field: item.commodity_code, iz: x}", "did you mean"},
        {"{field: item.commodity_code}", "one of is"},
        {"{field: item.commodity_code, is: x, in: codes}", "one of is"},
        {"{field: item.commodity_code, above: 1}", "is a text"},
        {"{field: item.net_mass, is: 1}", "no text"},
        {"{field: item.net_mass, in: codes}", "no text"},
        {"{field: item.net_mass, above: {EUR: 1}}", "decimal"},
        {"{field: item.net_mass, above: heavy}", "decimal"},
        {"{field: item.item_charge_amount, above: 150}", "currencies"},
        {"{field: item.item_charge_amount, above: {eur: 150}}", "capital"},
        {"{field: item.item_charge_amount, above: {EUR: 1e3}}", "decimal"},
        {"{field: item.item_charge_amount, above: {}}", "currencies"},
        {"{field: item.commodity_code, in: codez}", "codes"},
        {"{field: item.commodity_code, missing: maybe}", "true or false"},
        {"{field: item.commodity_code, is: []}", "1 to 1000"},
        {"{field: item.commodity_code, is: [[x]]}", "text"},
        {"{field: [x], is: x}", "name of a field"},
        {"{all: []}", "list of conditions"},
        {"{all: {field: type_code, is: x}}", "list of conditions"},
        {"{any: [x]}", "map"},
        {"{all: [{field: type_code, is: x}], any: [{field: type_code, is: x}]}", "one of all"},
        {"{}", "one of all"},
        {"x", "map"},
        {"{field: attribute., is: x}", "no field"},
        {"{not: {not: {not: {not: {not: {not: {not: {not: {field: type_code, is: x}}}}}}}}}", "deeply"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        cr_assert_null(parse(wrong[i].when, &err), "case %zu", i);
        cr_assert_not_null(strstr(err.message, wrong[i].says), "case %zu: %s", i, err.message);
        cr_assert_not_null(strstr(err.message, "line 3"), "case %zu: %s", i, err.message);
    }
}

Test(criteria, files_that_are_wrong_are_refused)
{
    static const char when[] = "when: {field: type_code, is: x}";
    static const char *const wrong[] = {
        "",
        "name: a",
        "criteria: []",
        "name: 'a b'\ncriteria: []",
        "name: a\ncriteria: {}",
        "name: a\ncriterias: []",
        "name: a\ncriteria: [{id: x}]",
        "name: a\ncriteria: [{id: x, version: 1, text: t, lane: GREEN, rate: 1%, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: 101%, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: -1%, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: 0.00001%, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: 0.5, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: 5%, severity: 101, WHEN}]",
        "name: a\ncriteria: [{id: x, version: one, text: t, lane: RED, rate: 5%, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: 'x y', version: 1, text: t, lane: RED, rate: 5%, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: x, version: 1, text: '', lane: RED, rate: 5%, severity: 1, WHEN}]",
        "name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: 5%, severity: 1}]",
        ("name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: 5%, severity: 1, WHEN}, {id: x, version: "
         "1, text: t, lane: RED, rate: 5%, severity: 1, WHEN}]"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        gl_buf text = {0};
        for (const char *at = wrong[i]; *at != '\0';) {
            const char *mark = strstr(at, "WHEN");
            size_t len = mark == NULL ? strlen(at) : (size_t)(mark - at);
            gl_buf_bytes(&text, at, len);
            if (mark != NULL)
                gl_buf_text(&text, when);
            at += len + (mark == NULL ? 0 : 4);
        }
        cr_assert_null(gl_criteria_parse("w.yaml", gl_buf_view(&text), f.lists, &err), "case %zu", i);
        cr_assert_eq(err.action, GL_FATAL, "case %zu", i);
        gl_buf_free(&text);
    }
}

Test(criteria, rates_are_exact)
{
    static const struct {
        const char *rate;
        int32_t ppm;
    } rates[] = {{"0%", 0}, {"100%", 1000000}, {"0.0001%", 1}, {"12.3456%", 123456}, {"2.50%", 25000}};
    f.decl.type_code = GL_STR("x");
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        gl_err err = {0};
        char *text = gl_arena_printf(f.arena,
                                     "name: a\ncriteria: [{id: x, version: 1, text: t, lane: RED, rate: %s, severity: "
                                     "1, when: {field: type_code, is: x}}]",
                                     rates[i].rate);
        gl_criteria *criteria = gl_criteria_parse("r.yaml", gl_str_of(text), f.lists, &err);
        cr_assert_not_null(criteria, "%s", err.message);
        cr_assert_eq(evaluate(criteria), 1);
        cr_assert_eq(f.hits[0].rate_ppm, rates[i].ppm);
        gl_criteria_destroy(criteria);
    }
}

Test(criteria, every_field_can_be_asked_about)
{
    for (size_t i = 0; gl_field_at(i) != NULL; i++) {
        gl_err err = {0};
        char *when = gl_arena_printf(f.arena, "{field: %s, missing: true}", gl_field_name(gl_field_at(i)));
        gl_criteria *criteria = parse(when, &err);
        cr_assert_not_null(criteria, "%s", err.message);
        cr_assert_eq(gl_criteria_use_classification(criteria), gl_field_of_classification(gl_field_at(i)));
        evaluate(criteria);
        cr_assert_gt(strlen(gl_field_help(gl_field_at(i))), 0);
        gl_criteria_destroy(criteria);
    }
}

Test(criteria, the_shipped_ones_load_and_select)
{
    gl_err err = {0};
    gl_str c07 = GL_STR("C07");
    gl_lists *lists = gl_lists_load(GL_SOURCE_DIR "/config/lists", &err);
    cr_assert_not_null(lists, "%s", err.message);
    gl_criteria *criteria = gl_criteria_load(GL_SOURCE_DIR "/config/criteria/default.yaml", lists, &err);
    cr_assert_not_null(criteria, "%s", err.message);
    cr_assert(gl_criteria_use_classification(criteria));
    f.decl.items.count = 1;
    f.decl.items.at[0].additional_procedures.at = &c07;
    f.decl.items.at[0].additional_procedures.count = 1;
    f.decl.items.at[0].commodity_code = GL_STR("6109100010");
    f.decl.items.at[0].item_charge_amount = gl_golden_amount(f.arena, "149.99", "EUR");
    cr_assert_eq(evaluate(criteria), 0);
    f.decl.items.at[0].item_charge_amount = gl_golden_amount(f.arena, "150.01", "EUR");
    cr_assert_eq(evaluate(criteria), 1);
    cr_assert(gl_str_eqz(f.hits[0].criterion_id, "c07-over-limit"));
    f.decl.items.at[0].item_charge_amount = gl_golden_amount(f.arena, "10", "XOF");
    cr_assert_eq(evaluate(criteria), 1);
    cr_assert(gl_str_eqz(f.hits[0].criterion_id, "currency-without-limits"));
    gl_criteria_destroy(criteria);
    gl_lists_destroy(lists);
}
