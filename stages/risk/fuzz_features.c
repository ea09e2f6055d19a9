/* A feature table from any bytes: parsed, and when it parses, computed and described for an item. */
#include "risk/features.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_err err = {0};
    gl_feature_table *table = gl_feature_table_parse("fuzz", (gl_str){(const char *)data, size}, &err);
    gl_declaration_amount price = {15001, 2, GL_STR("KRW")};
    gl_declaration_goods_item item = {.commodity_code = GL_STR("930100"), .item_charge_amount = &price};
    gl_declaration decl = {.items = {&item, 1}};
    gl_risk_inputs inputs;
    float row[GL_FEATURE_LIMIT];
    char text[16];
    if (table == NULL && err.code == NULL)
        abort();
    if (table != NULL) {
        gl_risk_inputs_of(&decl, &item, &inputs);
        gl_features_compute(table, &inputs, row);
        for (size_t i = 0; i < gl_feature_count(table); i++)
            gl_feature_describe(table, i, &inputs, text, sizeof text);
    }
    gl_feature_table_destroy(table);
    return 0;
}
