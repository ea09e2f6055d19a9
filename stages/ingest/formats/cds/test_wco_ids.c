/* Places by the numbers of the WCO Data Model, made of our pointers. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "ingest/formats/cds/wco_ids.h"
#include "ingest/formats/codes.h"

#define P(name)    "/*[local-name()='" name "']"
#define N(name, n) P(name) "[" n "]"

/* "42A 67A 68A:2/105" */
static const char *places(const char *pointer, const char *field)
{
    static char text[400];
    gl_response_pointer at[GL_WCO_POINTERS];
    size_t count = gl_wco_pointers(gl_str_of(pointer), gl_str_of(field), at), len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? " " : "", at[i].section);
        if (at[i].sequence > 0)
            len += (size_t)snprintf(text + len, sizeof text - len, ":%d", at[i].sequence);
        if (at[i].tag != NULL)
            len += (size_t)snprintf(text + len, sizeof text - len, "/%s", at[i].tag);
    }
    return text;
}

#define ITEM P("MetaData") P("Declaration") P("GoodsShipment") N("GovernmentAgencyGoodsItem", "2")

Test(wco_ids, of_an_xpath)
{
    cr_assert_str_eq(places(P("MetaData") P("Declaration"), ""), "42A");
    cr_assert_str_eq(places(P("Declaration") P("FunctionalReferenceID"), ""), "42A/D026");
    cr_assert_str_eq(places(P("Declaration") P("AcceptanceDateTime") P("DateTimeString"), ""), "42A/023");
    cr_assert_str_eq(places(ITEM P("Commodity") N("Classification", "3") P("ID"), "items.commodity_code"),
                     "42A 67A 68A:2 23A 21A:3/145");
    cr_assert_str_eq(
        places(ITEM P("Commodity") P("InvoiceLine") P("ItemChargeAmount") "/@*[local-name()='currencyID']", ""),
        "42A 67A 68A:2 23A 79A/112");
    cr_assert_str_eq(places(P("Declaration") P("Declarant") P("ID"), ""), "42A 57B/R123");
    cr_assert_str_eq(places(P("Declaration") P("Agent") P("ID"), ""), "42A 05A/R004");
    /* The same name means something else elsewhere; where nobody knows the class it means nothing. */
    cr_assert_str_eq(places(P("Declaration") P("Strange") P("ID"), ""), "42A");
    cr_assert_str_eq(places(P("Declaration") P("Agent") P("Strange") P("ID"), ""), "42A 05A");
    cr_assert_str_eq(places(P("Declaration") P("Name"), ""), "42A");
}

/* Names are from outside, and a pointer is a text that anybody may have made longer. */
Test(wco_ids, of_a_broken_one)
{
    cr_assert_str_eq(places("/*[local-name()='", ""), "42A");
    cr_assert_str_eq(places("/*[local-name()='Agent'", ""), "42A");
    cr_assert_str_eq(places(P("Agent") "[", ""), "42A");
    cr_assert_str_eq(places(N("Agent", "99999999999999999999"), ""), "42A");
    cr_assert_str_eq(places(N("Agent", "x"), ""), "42A");
    cr_assert_str_eq(places(P("") P("Agent"), ""), "42A 05A");
    char deep[4000] = "";
    for (int i = 0; i < 60; i++)
        strcat(deep, P("GoodsShipment"));
    gl_response_pointer at[GL_WCO_POINTERS];
    cr_assert_eq(gl_wco_pointers(gl_str_of(deep), GL_STR(""), at), GL_WCO_POINTERS);
}

Test(wco_ids, of_other_pointers)
{
    cr_assert_str_eq(places("", ""), "42A");
    cr_assert_str_eq(places("/declarations/3/items/0/net_mass", "items.net_mass"), "42A 67A 68A:1");
    cr_assert_str_eq(places("/items/9998", "items"), "42A 67A 68A:9999");
    cr_assert_str_eq(places("/items/x", "items"), "42A");
    cr_assert_str_eq(places("/items/99999", "items"), "42A");
    cr_assert_str_eq(places("cell=5,13", "items.net_mass"), "42A 67A 68A");
    cr_assert_str_eq(places("cell=5,1", "functional_reference_id"), "42A");
    cr_assert_str_eq(places("line 3, column 7", ""), "42A");
    cr_assert_str_eq(places("entry=a.xml;" P("Declaration") P("FunctionalReferenceID"), ""), "42A/D026");
    cr_assert_str_eq(places("entry=a.json;/0/items/1/net_mass", "items.net_mass"), "42A 67A 68A:2");
    cr_assert_str_eq(places("entry=a.xml", ""), "42A");
}

/* ValidationCode has 8 characters: each code that has one has one of its own. */
Test(wco_ids, validation_codes_fit_and_differ)
{
    for (size_t i = 0; i < gl_report_code_count; i++) {
        const char *code = gl_validation_code(gl_str_of(gl_report_codes[i].code));
        cr_assert_leq(strlen(code), 8, "%s", code);
        for (size_t k = 0; k < i; k++)
            cr_assert(strcmp(code, "GL-OTHER") == 0 ||
                          strcmp(code, gl_validation_code(gl_str_of(gl_report_codes[k].code))) != 0,
                      "%s and %s", gl_report_codes[i].code, gl_report_codes[k].code);
    }
    cr_assert_str_eq(gl_validation_code(GL_STR("missing")), "GL-MISS");
    cr_assert_str_eq(gl_validation_code(GL_STR("a-rule-of-the-office")), "GL-OTHER");
}
