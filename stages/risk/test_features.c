/* Features in C against Python's, bit for bit, and what the inputs are taken from. */
#include "risk/features.h"
#include "risk/golden.h"

#include <criterion/criterion.h>
#include <math.h>

static const char table_path[] = GL_SOURCE_DIR "/models/risk/features.tsv";
static const char golden_path[] = GL_SOURCE_DIR "/models/risk/golden.tsv";

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return isnan(value) ? 0x7fc00000 : bits;
}

Test(features, equal_training_bit_for_bit)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    static gl_golden_case cases[GL_GOLDEN_LIMIT];
    gl_feature_table *table = gl_feature_table_load(table_path, &err);
    cr_assert_not_null(table, "%s", err.message);
    size_t count = gl_golden_load(arena, golden_path, cases);
    cr_assert_gt(count, 30);
    for (size_t i = 0; i < count; i++) {
        float row[GL_FEATURE_LIMIT];
        gl_risk_inputs inputs;
        gl_risk_inputs_of(&cases[i].decl, &cases[i].decl.items.at[0], &inputs);
        gl_features_compute(table, &inputs, row);
        cr_assert_eq(cases[i].feature_count, gl_feature_count(table));
        for (size_t f = 0; f < gl_feature_count(table); f++)
            cr_assert_eq(bits_of(row[f]), cases[i].bits[f], "%.*s: %s is %08x, not %08x", GL_STR_ARG(cases[i].name),
                         gl_feature_name(table, f), bits_of(row[f]), cases[i].bits[f]);
    }
    gl_feature_table_destroy(table);
    gl_arena_destroy(arena);
}

static gl_risk_inputs inputs_of(const gl_declaration_goods_item *item, gl_str export_country)
{
    gl_declaration decl = {.export_country_id = export_country};
    gl_risk_inputs inputs;
    gl_risk_inputs_of(&decl, item, &inputs);
    return inputs;
}

Test(features, countries_fall_back_to_the_declaration_and_the_preference)
{
    gl_declaration_goods_item item = {.preferential_origin_id = GL_STR("VN")};
    gl_risk_inputs inputs = inputs_of(&item, GL_STR("CN"));
    cr_assert(gl_str_eqz(inputs.text[GL_RISK_DISPATCH_COUNTRY], "CN"));
    cr_assert(gl_str_eqz(inputs.text[GL_RISK_ORIGIN_COUNTRY], "VN"));
    item.dispatch_country_id = GL_STR("JP");
    item.origin_country_id = GL_STR("KH");
    inputs = inputs_of(&item, GL_STR("CN"));
    cr_assert(gl_str_eqz(inputs.text[GL_RISK_DISPATCH_COUNTRY], "JP"));
    cr_assert(gl_str_eqz(inputs.text[GL_RISK_ORIGIN_COUNTRY], "KH"));
}

Test(features, another_currency_or_unit_is_missing)
{
    gl_arena *arena = gl_arena_new(0);
    gl_declaration_goods_item item = {.item_charge_amount = gl_golden_amount(arena, "10.50", "EUR"),
                                      .net_mass = gl_golden_measure(arena, "2", "TNE")};
    gl_risk_inputs inputs = inputs_of(&item, GL_STR(""));
    cr_assert(gl_risk_input_missing(&inputs, GL_RISK_ITEM_PRICE));
    cr_assert(gl_risk_input_missing(&inputs, GL_RISK_NET_MASS));
    item.item_charge_amount = gl_golden_amount(arena, "10.50", "");
    item.net_mass = gl_golden_measure(arena, "2", "");
    inputs = inputs_of(&item, GL_STR(""));
    cr_assert_eq(inputs.number[GL_RISK_ITEM_PRICE], 10.5);
    cr_assert_eq(inputs.number[GL_RISK_NET_MASS], 2.0);
    gl_arena_destroy(arena);
}

Test(features, a_scale_out_of_range_is_missing)
{
    gl_declaration_amount price = {1, 19, GL_STR("KRW")};
    gl_declaration_goods_item item = {.item_charge_amount = &price};
    gl_risk_inputs inputs = inputs_of(&item, GL_STR(""));
    cr_assert(gl_risk_input_missing(&inputs, GL_RISK_ITEM_PRICE));
    price.scale = -1;
    inputs = inputs_of(&item, GL_STR(""));
    cr_assert(gl_risk_input_missing(&inputs, GL_RISK_ITEM_PRICE));
}

Test(features, type_and_rate_come_from_the_first_fee_that_has_one)
{
    gl_declaration_decimal rate = {65, 1};
    gl_declaration_duty_tax_fee fees[3] = {{.type_code = GL_STR(" ")},
                                           {.type_code = GL_STR("A00")},
                                           {.type_code = GL_STR("B00"), .tax_rate_percent = &rate}};
    gl_declaration_goods_item item = {.duty_tax_fees = {fees, 3}};
    gl_risk_inputs inputs = inputs_of(&item, GL_STR(""));
    cr_assert(gl_str_eqz(inputs.text[GL_RISK_TAX_TYPE], "A00"));
    cr_assert_eq(inputs.number[GL_RISK_TAX_RATE], 6.5);
}

Test(features, most_inputs_missing_is_outside_the_domain)
{
    gl_arena *arena = gl_arena_new(0);
    gl_declaration_goods_item item = {
        .commodity_code = GL_STR("392690"), .origin_country_id = GL_STR("CN"), .dispatch_country_id = GL_STR("CN")};
    gl_risk_inputs inputs = inputs_of(&item, GL_STR(""));
    cr_assert_eq(gl_risk_missing_count(&inputs), 4);
    cr_assert_not(gl_risk_inside_domain(&inputs));
    item.net_mass = gl_golden_measure(arena, "2", "KGM");
    inputs = inputs_of(&item, GL_STR(""));
    cr_assert_eq(gl_risk_missing_count(&inputs), 3);
    cr_assert(gl_risk_inside_domain(&inputs));
    gl_arena_destroy(arena);
}

Test(features, values_are_described_for_people)
{
    gl_err err = {0};
    char text[64];
    gl_arena *arena = gl_arena_new(0);
    gl_feature_table *table = gl_feature_table_load(table_path, &err);
    gl_declaration_duty_tax_fee fee = {.type_code = GL_STR("FCN1")};
    gl_declaration_goods_item item = {.commodity_code = GL_STR("9503001234"),
                                      .item_charge_amount = gl_golden_amount(arena, "30", "KRW"),
                                      .net_mass = gl_golden_measure(arena, "4", "KGM"),
                                      .duty_tax_fees = {&fee, 1}};
    gl_risk_inputs inputs = inputs_of(&item, GL_STR(""));
    for (size_t f = 0; f < gl_feature_count(table); f++) {
        gl_feature_describe(table, f, &inputs, text, sizeof text);
        if (strcmp(gl_feature_name(table, f), "goods_tax") == 0)
            cr_assert_str_eq(text, "950300, FCN1");
        if (strcmp(gl_feature_name(table, f), "price_per_kg") == 0)
            cr_assert_str_eq(text, "7.5");
        if (strcmp(gl_feature_name(table, f), "origin_country") == 0)
            cr_assert_str_eq(text, "missing");
        if (strcmp(gl_feature_name(table, f), "net_mass") == 0)
            cr_assert_str_eq(text, "4");
    }
    gl_feature_table_destroy(table);
    gl_arena_destroy(arena);
}

Test(features, tables_that_are_wrong_are_refused)
{
    static const char *const wrong[] = {
        "",
        "# only a comment\n",
        "a\tnumber\tnet_mass\n",                                  /* no label */
        "a\tnumber\tnet_mass\tmass\textra\n",                     /* a column more */
        "a\tsum\tnet_mass\tmass\n",                               /* kind */
        "a\tnumber\tnet_weight\tmass\n",                          /* input */
        "a\tnumber\ttax_type\ttype\n",                            /* a text is no number */
        "a\thash\tnet_mass\tmass\n",                              /* a number is not hashed */
        "a\tratio\tnet_mass\tmass\n",                             /* of two */
        "a\tnumber\tnet_mass,tax_rate\tmass\n",                   /* of one */
        "a\tnumber\tnet_mass\tmass\na\tnumber\ttax_rate\trate\n", /* twice */
        "\tnumber\tnet_mass\tmass\n",
        "a\thash\ttax_type,tax_type,tax_type,tax_type,tax_type,tax_type,tax_type,tax_type\tx\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        gl_err err = {0};
        cr_assert_null(gl_feature_table_parse("t", gl_str_of(wrong[i]), &err), "case %zu", i);
        cr_assert_str_eq(err.code, "features-invalid");
    }
}

Test(features, too_many_or_too_large_is_refused)
{
    gl_err err = {0};
    gl_buf text = {0};
    for (int i = 0; i <= GL_FEATURE_LIMIT; i++)
        gl_buf_printf(&text, "f%d\tnumber\tnet_mass\tmass\n", i);
    cr_assert_null(gl_feature_table_parse("t", gl_buf_view(&text), &err));
    while (text.len <= 64 * 1024)
        gl_buf_text(&text, "# filler\n");
    cr_assert_null(gl_feature_table_parse("t", gl_buf_view(&text), &err));
    gl_buf_free(&text);
}
