/* What the columns of senders' own files are taken for, and that a proposal is a mapping that reads them. */
#include "ingest/formats/csv/header.h"
#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/csv/propose.h"
#include "ingest/formats/test_read.h"

Test(header, names_in_seven_languages)
{
    static const struct {
        const char *name;
        gl_meaning means;
    } cases[] = {
        {"Tracking Number", GL_MEANS_PARCEL},
        {"parcel_id", GL_MEANS_PARCEL},
        {"Declaration ID", GL_MEANS_DECLARATION},
        {"Order No.", GL_MEANS_ORDER},
        {"ShipToPostcode", GL_MEANS_IMPORTER_POSTCODE},
        {"Recipient Address", GL_MEANS_IMPORTER_STREET},
        {"Consignee", GL_MEANS_IMPORTER_NAME},
        {"sender country", GL_MEANS_SELLER_COUNTRY},
        {"Seller EORI", GL_MEANS_SELLER_ID},
        {"Consignee E-Mail", GL_MEANS_IMPORTER_CONTACT},
        {"IOSS number", GL_MEANS_IOSS},
        {"HS6 Code", GL_MEANS_COMMODITY},
        {"Description of goods", GL_MEANS_DESCRIPTION},
        {"Item name", GL_MEANS_DESCRIPTION},
        {"Country of origin", GL_MEANS_ORIGIN},
        {"Net weight (kg)", GL_MEANS_NET_MASS},
        {"gross_weight_g", GL_MEANS_GROSS_MASS},
        {"Weight", GL_MEANS_MASS},
        {"Item Value", GL_MEANS_VALUE},
        {"Unit price", GL_MEANS_UNIT_PRICE},
        {"Total EUR", GL_MEANS_VALUE},
        {"Made in", GL_MEANS_ORIGIN},
        {"Currency code", GL_MEANS_CURRENCY},
        {"Freight amount", GL_MEANS_NOTHING},
        {"Sendungsnummer", GL_MEANS_PARCEL},
        {"Empf\xC3\xA4nger Stra\xC3\x9F"
         "e",
         GL_MEANS_IMPORTER_STREET},
        {"Warenbezeichnung", GL_MEANS_DESCRIPTION},
        {"Ursprungsland", GL_MEANS_ORIGIN},
        {"Num\xC3\xA9ro de suivi", GL_MEANS_PARCEL},
        {"Pays d'origine", GL_MEANS_ORIGIN},
        {"Poids net", GL_MEANS_NET_MASS},
        {"Naam ontvanger", GL_MEANS_IMPORTER_NAME},
        {"Omschrijving", GL_MEANS_DESCRIPTION},
        {"Pa\xC3\xADs de origen", GL_MEANS_ORIGIN},
        {"Descripci\xC3\xB3n", GL_MEANS_DESCRIPTION},
        {"Peso lordo", GL_MEANS_GROSS_MASS},
        {"Waluta", GL_MEANS_CURRENCY},
        {"Remarks", GL_MEANS_NOTHING},
        {"", GL_MEANS_NOTHING},
        {"\xE2\x82\xAC", GL_MEANS_NOTHING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gl_header header = gl_header_read(gl_str_of(cases[i].name));
        cr_assert_eq(header.meaning, cases[i].means, "\"%s\" is taken for %d", cases[i].name, (int)header.meaning);
    }
}

Test(header, units_and_currencies)
{
    cr_assert_str_eq(gl_header_read(gl_str_of("gross_weight_g")).unit, "GRM");
    cr_assert_str_eq(gl_header_read(gl_str_of("Weight (lbs)")).unit, "LBR");
    cr_assert(gl_header_read(gl_str_of("Weight")).unit == NULL);
    cr_assert_str_eq(gl_header_read(gl_str_of("Value (EUR)")).currency, "EUR");
    cr_assert_str_eq(gl_header_read(gl_str_of("Total value usd")).currency, "USD");
    cr_assert_str_eq(gl_header_read(gl_str_of("Value")).currency, "");
}

typedef struct wish {
    gl_arena *arena;
    gl_proposal proposal;
    gl_mapping *mapping;
    gl_err err;
} wish;

static wish propose(const char *csv)
{
    wish w = {.arena = gl_arena_new(0)};
    if (!gl_mapping_propose(w.arena, GL_FORMAT_CSV, gl_str_of(csv), &w.proposal, &w.err))
        return w;
    w.mapping = gl_mapping_parse(w.arena, "proposed.yaml", w.proposal.yaml, &w.err);
    cr_assert(w.mapping != NULL, "%s\n%.*s", w.err.message, GL_STR_ARG(w.proposal.yaml));
    return w;
}

static void assert_says(const wish *w, const char *text)
{
    const char *yaml = gl_arena_strndup(w->arena, w->proposal.yaml.ptr, w->proposal.yaml.len);
    cr_assert(strstr(yaml, text) != NULL, "\"%s\" is not in\n%s", text, yaml);
}

static void assert_refused(const char *csv, const char *text)
{
    wish w = propose(csv);
    cr_assert(w.mapping == NULL);
    cr_assert_str_eq(w.err.code, "mapping-sample");
    cr_assert(strstr(w.err.message, text) != NULL, "%s", w.err.message);
    gl_arena_destroy(w.arena);
}

Test(propose, a_shops_own_columns)
{
    wish w = propose("Order No;Ship To Name;Ship To Address;Ship To Country;Item;HS Code;Qty;Weight (g);Price;Currency;"
                     "Country of Origin;Remarks;Shipped\n"
                     "1001;Eva Bakker;\"Kade 1; Rotterdam\";nl;cotton T-shirt;610910;2;350;12,50;EUR;CN;;24.11.2026\n"
                     "1001;Eva Bakker;\"Kade 1; Rotterdam\";nl;wooden toy;950300;1;200;9,00;EUR;CN;x;24.11.2026\n"
                     "1002;Jan de Vries;Weg 2;nl;phone case;392690;1;60;3,99;EUR;China;;24.11.2026\n");
    assert_says(&w, "delimiter: \";\"\n");
    assert_says(&w, "group: true");
    assert_says(&w, "lrn: Order No\n");
    assert_says(&w, "{field: items.net_mass, unit: GRM}  # \"350\"; net or gross is not said; taken for net\n");
    assert_says(&w, "Price: {field: items.item_charge_amount, decimal: \",\"}  # \"12,50\"\n");
    assert_says(&w, "{fields: [parties.IMPORTER.country_code, destination_country_id], upper: true}  # \"nl\"\n");
    assert_says(&w, "Country of Origin  # \"CN\"; its values are no codes of two letters");
    assert_says(&w, "No column was found for: the seller's name, the country of origin.\n");
    assert_says(&w, "  - Remarks  # \"x\"; not understood\n");
    cr_assert_eq(w.proposal.columns, 13);
    cr_assert_eq(w.proposal.mapped, 10);
    gl_arena_destroy(w.arena);
}

Test(propose, dates_currencies_and_what_is_not_said)
{
    wish w = propose("Tracking;Description;Value;Arrival date\nA;toy;1.50;03/04/2026\nB;cup;2;05/06/2026\n");
    assert_says(&w, "in which currency? No column says it");
    assert_says(&w, "{field: declared_date, date: DD/MM/YYYY}  # \"03/04/2026\"; days and months may be the other way "
                    "round: the sample fits both\n");
    gl_arena_destroy(w.arena);
    w = propose("Tracking,Description,Value EUR,Arrival date\nA,toy,1.50,03/24/2026\nB,cup,2,05/06/2026\n");
    assert_says(&w, "{field: items.item_charge_amount, currency: EUR}");
    assert_says(&w, "{field: declared_date, date: MM/DD/YYYY}");
    gl_arena_destroy(w.arena);
}

Test(propose, the_shipped_example_is_understood)
{
    wish w = propose("Tracking Number,Sender Name,Sender Country,Consignee Name,Consignee Address,Consignee Email,IOSS,"
                     "Description,HS Code,Quantity,Net Mass,Gross Mass,Value,Currency,Origin,Procedures\n"
                     "RB1,Shen Trading,CN,Eva Bakker,Kade 1,eva@example.org,IM5280000012,T-shirt,610910,2,0.3,0.35,"
                     "12.50,EUR,CN,C07+F48\n");
    cr_assert_eq(w.proposal.mapped, w.proposal.columns, "%.*s", GL_STR_ARG(w.proposal.yaml));
    gl_arena_destroy(w.arena);
}

Test(propose, what_cannot_be_read_by_any_mapping)
{
    assert_refused("", "no delimiter");
    assert_refused("one column\n1\n", "no delimiter");
    assert_refused("a,,c\n1,2,3\n", "column 2 has no name");
    assert_refused("a,b, a\n1,2,3\n", "columns 1 and 3 are both named \"a\"");
    assert_refused("a,b\n", "no row below the header");
    assert_refused("a,b\n1,2\n2,2\n1,2\n", "no column numbers the declarations");
}
