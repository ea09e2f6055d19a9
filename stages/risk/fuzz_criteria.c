/* Criteria from any bytes: parsed, and when they parse, asked of a declaration. */
#include "risk/criteria.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gl_lists *sample_lists(void)
{
    gl_lists *lists = gl_lists_new();
    gl_err err;
    if (!gl_lists_add(lists, "a", GL_STR("{name: parties, kind: exact, entries: [Phantom]}"), &err) ||
        !gl_lists_add(lists, "b", GL_STR("{name: codes, kind: prefix, entries: ['93']}"), &err) ||
        !gl_lists_add(lists, "c", GL_STR("{name: words, kind: words, entries: [red shoe]}"), &err))
        abort();
    return lists;
}

static void ask(const gl_criteria *criteria, gl_arena *arena)
{
    gl_declaration_amount price = {15001, 2, GL_STR("EUR")};
    gl_declaration_measure mass = {25, 1, GL_STR("KGM")};
    gl_declaration_party party = {.name = GL_STR("phantom"), .id = GL_STR("GB1")};
    gl_str procedure = GL_STR("C07");
    gl_declaration_goods_item items[2] = {{.sequence_numeric = 1,
                                           .description = GL_STR("a red shoe"),
                                           .commodity_code = GL_STR("930100"),
                                           .origin_country_id = GL_STR("CN"),
                                           .net_mass = &mass,
                                           .gross_mass = &mass,
                                           .item_charge_amount = &price,
                                           .additional_procedures = {&procedure, 1}},
                                          {.sequence_numeric = 2}};
    gl_declaration decl = {.type_code = GL_STR("IMA"), .parties = {&party, 1}, .items = {items, 2}};
    gl_subject subject = {&decl, NULL, 0};
    gl_assessment_criterion_hit *hits;
    size_t count = gl_criteria_evaluate(criteria, &subject, arena, &hits);
    for (size_t i = 0; i < count; i++)
        if (hits[i].pointer.len > 0 && hits[i].pointer.ptr[0] != '/')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gl_lists *lists;
    gl_err err = {0};
    if (lists == NULL)
        lists = sample_lists();
    gl_criteria *criteria = gl_criteria_parse("fuzz", (gl_str){(const char *)data, size}, lists, &err);
    if (criteria == NULL && err.code == NULL)
        abort();
    if (criteria != NULL) {
        gl_arena *arena = gl_arena_new(0);
        ask(criteria, arena);
        gl_arena_destroy(arena);
    }
    gl_criteria_destroy(criteria);
    return 0;
}
