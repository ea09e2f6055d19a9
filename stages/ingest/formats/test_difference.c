/* Which fields differ, and that order between groups of a list does not. */
#include "ingest/formats/difference.h"
#include "ingest/formats/test_read.h"

#define HEAD "\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\""
#define ITEM "{\"description\":\"tea\",\"net_mass\":\"2.5 KGM\",\"additional_procedures\":[\"C07\",\"F48\"]}"

/* "path, path +" of the differences between two declarations in our JSON, at most four. */
static void expect_differences(const char *first, const char *second, const char *want)
{
    test_read *a = read_text(GL_FORMAT_JSON, "", first), *b = read_text(GL_FORMAT_JSON, "", second);
    expect_accepted(&a->at[0]);
    expect_accepted(&b->at[0]);
    gl_difference found[4];
    size_t count = gl_canonical_differences(a->arena, &a->at[0].declaration, &b->at[0].declaration, found, 4);
    gl_buf text = gl_buf_in(a->arena);
    for (size_t i = 0; i < count; i++)
        gl_buf_printf(&text, "%s%.*s%s", i > 0 ? ", " : "", GL_STR_ARG(found[i].path), found[i].added ? " +" : "");
    cr_assert(gl_str_eqz(gl_buf_view(&text), want), "%.*s, not %s", GL_STR_ARG(gl_buf_view(&text)), want);
    test_read_free(a);
    test_read_free(b);
}

Test(difference, none)
{
    expect_differences("{" HEAD ",\"items\":[" ITEM "]}", "{" HEAD ",\"items\":[" ITEM "]}", "");
}

Test(difference, fields_and_elements_are_named)
{
    expect_differences("{" HEAD ",\"items\":[" ITEM "," ITEM "]}",
                       "{" HEAD ",\"ucr\":\"U\",\"items\":[" ITEM ",{\"description\":\"tea\",\"net_mass\":\"2.50 KGM\","
                       "\"additional_procedures\":[\"C07\"]}]}",
                       "ucr +, items.2.net_mass, items.2.additional_procedures.2");
}

Test(difference, the_order_of_roles_says_nothing)
{
    expect_differences("{" HEAD ",\"parties\":[{\"role\":\"IMPORTER\",\"id\":\"I\"},{\"role\":\"BUYER\",\"id\":\"1\"},"
                       "{\"role\":\"BUYER\",\"id\":\"2\"}],\"items\":[" ITEM "]}",
                       "{" HEAD ",\"parties\":[{\"role\":\"BUYER\",\"id\":\"1\"},{\"role\":\"BUYER\",\"id\":\"2\"},"
                       "{\"role\":\"IMPORTER\",\"id\":\"I\"}],\"items\":[" ITEM "]}",
                       "");
    expect_differences("{" HEAD ",\"parties\":[{\"role\":\"BUYER\",\"id\":\"1\"},{\"role\":\"BUYER\",\"id\":\"2\"}],"
                       "\"items\":[" ITEM "]}",
                       "{" HEAD ",\"parties\":[{\"role\":\"BUYER\",\"id\":\"2\"},{\"role\":\"BUYER\",\"id\":\"1\"},"
                       "{\"role\":\"SELLER\",\"id\":\"3\"}],\"items\":[" ITEM "]}",
                       "parties.BUYER.1.id, parties.BUYER.2.id, parties.SELLER.1 +");
}

Test(difference, at_most_as_many_as_are_asked_for)
{
    expect_differences("{" HEAD ",\"items\":[" ITEM "]}",
                       "{" HEAD
                       ",\"ucr\":\"U\",\"freight\":\"1 EUR\",\"exchange_rate\":\"1.1\",\"container_code\":\"0\","
                       "\"warehouse_id\":\"W\",\"items\":[" ITEM "]}",
                       "exchange_rate +, freight +, ucr +, container_code +");
}
