/* CSV: the shipped profiles, and everything a mapping refuses. */
#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/test_read.h"

#define KCS                                                                                                            \
    "Declaration ID,Date,Office ID,Process Type,Import Type,Import Use,Payment Type,Mode of Transport,Declarant ID,"   \
    "Importer ID,Seller ID,Courier ID,HS6 Code,Country of Departure,Country of Origin,Tax Rate,Tax Type,"              \
    "Country of Origin Indicator,Net Mass,Item Price"
#define KCS_ROW "10000001,2026-01-02,20,B,11,21,11,40,DEC01,IMP01,SEL01,,090240,LK,IN,40.0,A,Y,12.5,40000.0"
#define PARCELS                                                                                                        \
    "Tracking Number,Sender Name,Sender Country,Consignee Name,Consignee Address,IOSS,Description,HS Code,Quantity,"   \
    "Net Mass,Gross Mass,Value,Currency,Origin,Procedures\n"

Test(csv, kcs_row)
{
    test_read *r = read_text(GL_FORMAT_CSV, "kcs", KCS ",Fraud,Critical Fraud\n" KCS_ROW ",1,2\n");
    cr_assert_eq(r->count, 1);
    expect_accepted(&r->at[0]);
    const gl_declaration *d = &r->at[0].declaration;
    cr_assert(gl_str_eqz(r->at[0].lrn, "10000001"));
    cr_assert_eq(d->family, GL_DECLARATION_FAMILY_IMPORT);
    cr_assert(gl_str_eqz(d->type_code, "IMA") && gl_str_eqz(d->data_set, "H1"));
    cr_assert_eq(d->declared_date.value, 20455);
    cr_assert(gl_str_eqz(d->declaration_office_id, "20") && gl_str_eqz(d->export_country_id, "LK"));
    cr_assert(gl_str_eqz(d->border_transport->mode_code, "40"));
    cr_assert_eq(d->parties.count, 3);
    cr_assert_eq(d->parties.at[0].role, GL_DECLARATION_PARTY_ROLE_DECLARANT);
    cr_assert_eq(d->parties.at[1].role, GL_DECLARATION_PARTY_ROLE_IMPORTER);
    cr_assert_eq(d->parties.at[2].role, GL_DECLARATION_PARTY_ROLE_SELLER);
    cr_assert_eq(d->attributes.count, 4);
    cr_assert(gl_str_eqz(d->attributes.at[0].type, "process_type") && gl_str_eqz(d->attributes.at[0].code, "B"));
    const gl_declaration_goods_item *item = &d->items.at[0];
    cr_assert(gl_str_eqz(item->commodity_code, "090240"));
    cr_assert(gl_str_eqz(item->origin_country_id, "IN") && gl_str_eqz(item->dispatch_country_id, "LK"));
    cr_assert(gl_str_eqz(item->duty_tax_fees.at[0].type_code, "A"));
    cr_assert(item->duty_tax_fees.at[0].tax_rate_percent->unscaled == 400);
    cr_assert(item->net_mass->unscaled == 125 && gl_str_eqz(item->net_mass->unit_code, "KGM"));
    cr_assert(item->item_charge_amount->unscaled == 400000 &&
              gl_str_eqz(item->item_charge_amount->currency_code, "KRW"));
    cr_assert(gl_str_eqz(item->attributes.at[0].type, "origin_indicator"));
    cr_assert(gl_str_eqz(d->message.profile, "kcs@1"));
    cr_assert(gl_str_eqz(r->at[0].source, KCS_ROW ",1,2"));
    test_read_free(r);
}

Test(csv, labels_change_nothing)
{
    test_read *with = read_text(GL_FORMAT_CSV, "kcs", KCS ",Fraud,Critical Fraud\n" KCS_ROW ",1,2\n");
    test_read *blank = read_text(GL_FORMAT_CSV, "kcs", KCS ",Fraud,Critical Fraud\n" KCS_ROW ",,\n");
    test_read *without = read_text(GL_FORMAT_CSV, "kcs", KCS "\n" KCS_ROW "\n");
    cr_assert_str_eq(canonical_text(with, 0), canonical_text(blank, 0));
    cr_assert_str_eq(canonical_text(with, 0), canonical_text(without, 0));
    test_read_free(with);
    test_read_free(blank);
    test_read_free(without);
}

Test(csv, errors_name_their_cells)
{
    test_read *r =
        read_text(GL_FORMAT_CSV, "kcs",
                  KCS "\n,2026-13-02,20,B,11,21,11,40,D,I,,,90240,Ceylon,LK,forty,A,Y,-1,1\nshort\n" KCS_ROW "\n");
    cr_assert_eq(r->count, 3);
    const gl_intake *in = &r->at[0];
    expect_error(in, "missing", "cell=2,1", "");
    expect_error(in, "invalid-date", "cell=2,2", "2026-13-02");
    expect_error(in, "invalid-code", "cell=2,13", "90240");
    const gl_rejection_validation_error *e = expect_error(in, "invalid-code", "cell=2,14", "Ceylon");
    cr_assert(gl_str_eqz(e->field, "export_country_id"));
    expect_error(in, "invalid-number", "cell=2,16", "forty");
    expect_error(in, "negative", "cell=2,19", "-1");
    expect_error(&r->at[1], "wrong-cell-count", "row=3", NULL);
    expect_accepted(&r->at[2]);
    cr_assert_eq(r->at[2].position, 3);
    test_read_free(r);
}

Test(csv, a_file_is_resumed_with_right_rows)
{
    const char *text = KCS "\n" KCS_ROW "\n\n" KCS_ROW "\nbad\n";
    test_read *all = read_text(GL_FORMAT_CSV, "kcs", text);
    cr_assert_eq(all->count, 3);
    test_read *rest = read_from(GL_FORMAT_CSV, "kcs", gl_str_of(text), all->at[0].next_offset, 2);
    cr_assert_eq(rest->count, 2);
    cr_assert_eq(rest->at[0].position, 2);
    expect_error(&all->at[2], "wrong-cell-count", "row=5", NULL);
    expect_error(&rest->at[1], "wrong-cell-count", "row=5", NULL);
    test_read_free(all);
    test_read_free(rest);
}

Test(csv, a_wrong_header_refuses_the_file_once)
{
    test_read *r = read_text(GL_FORMAT_CSV, "kcs", "Declaration ID,Dat,Date,Date\n1,2,3,4\n5,6,7,8\n");
    cr_assert_eq(r->count, 1);
    const gl_rejection_validation_error *e = expect_error(&r->at[0], "unknown-column", "cell=1,2", "Dat");
    cr_assert(gl_str_eqz(e->hint, "did you mean \"Date\"?"));
    expect_error(&r->at[0], "duplicate-column", "cell=1,4", "Date");
    expect_error(&r->at[0], "missing-column", "row=1", NULL);
    test_read_free(r);
}

Test(csv, profiles_are_required_and_known)
{
    test_read *r = read_text(GL_FORMAT_CSV, "", "a\n1");
    cr_assert_str_eq(r->err.code, "intake-profile-required");
    cr_assert(strstr(r->err.message, "kcs, parcels") != NULL);
    test_read_free(r);
    r = read_text(GL_FORMAT_CSV, "nobody", "a\n1");
    cr_assert_str_eq(r->err.code, "intake-profile-unknown");
    test_read_free(r);
}

Test(csv, rows_of_a_parcel_are_one_declaration)
{
    test_read *r = read_text(
        GL_FORMAT_CSV, "parcels",
        PARCELS "RB1,Shen,cn,Eva,\"Kade 1\nRotterdam\",IM5280000012,shirt,610910,2,0.3,0.35,12.50,eur,CN,C07+F48\n"
                "RB1,Shen,cn,Eva,\"Kade 1\nRotterdam\",IM5280000012,case,392690,1,0.1,0.1,3.99,EUR,CN,C07+F48\n"
                "RB2,Shen,cn,Jan,Weg 2,,toy,950300,1,0.2,0.2,160,EUR,CN,\n");
    cr_assert_eq(r->count, 2);
    expect_accepted(&r->at[0]);
    expect_accepted(&r->at[1]);
    const gl_declaration *d = &r->at[0].declaration;
    cr_assert_eq(d->items.count, 2);
    cr_assert_eq(d->items.at[1].sequence_numeric, 2);
    cr_assert_eq(d->items.at[0].additional_procedures.count, 2);
    cr_assert(gl_str_eqz(d->items.at[0].item_charge_amount->currency_code, "EUR"));
    cr_assert_eq(d->parties.count, 3);
    cr_assert(gl_str_eqz(d->parties.at[2].role_code, "FR5"));
    cr_assert(gl_str_eqz(d->parties.at[0].country_code, "CN"));
    cr_assert_eq(r->at[1].declaration.parties.count, 2);
    cr_assert_eq(r->at[1].declaration.items.count, 1);
    test_read_free(r);
}

Test(csv, rows_of_a_parcel_must_agree)
{
    test_read *r = read_text(GL_FORMAT_CSV, "parcels",
                             PARCELS "RB1,Shen,CN,Eva,Kade 1,,shirt,610910,2,,,12.50,EUR,CN,\n"
                                     "RB1,Shen,CN,Adam,Kade 1,,case,392690,1,,,3.99,XXY,CN,\n");
    cr_assert_eq(r->count, 1);
    expect_error(&r->at[0], "conflicting-rows", "cell=3,4", "Adam");
    expect_error(&r->at[0], "invalid-code", "cell=3,13", "XXY");
    test_read_free(r);
}

static void refused(const char *text, const char *code, const char *message)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    cr_assert(gl_mapping_parse(arena, "m.yaml", gl_str_of(text), &err) == NULL, "%s", text);
    cr_assert_str_eq(err.code, code, "%s: %s", err.code, err.message);
    cr_assert(strstr(err.message, message) != NULL, "%s", err.message);
    cr_assert_eq(err.action, GL_FATAL);
    gl_arena_destroy(arena);
}

#define START "version: 1\nlrn: Ref\n"

Test(mapping, what_is_refused)
{
    refused(START "colums: {A: ucr}\n", "yaml-unknown-key", "columns");
    refused(START, "mapping-columns", "columns is missing");
    refused("lrn: Ref\ncolumns: {A: ucr}\n", "mapping-format", "version");
    refused("version: 1\ncolumns: {A: ucr}\n", "mapping-lrn", "lrn is missing");
    refused(START "columns: {A: items.comodity_code}\n", "mapping-unknown-field", "commodity_code");
    refused(START "columns: {A: parties.IMPRTER.id}\n", "mapping-unknown-field", "IMPORTER");
    refused(START "columns: {A: parties}\n", "mapping-unknown-field", "\"\"");
    refused(START "columns: {A: test_indicator}\n", "mapping-field", "test_indicator");
    refused(START "columns: {A: items.packaging.0.marks}\n", "mapping-field", "from 1");
    refused(START "columns: {A: attributes.x.y}\n", "mapping-field", "attributes.");
    refused(START "columns: {A: {field: ucr, currency: EUR}}\n", "mapping-option", "amount");
    refused(START "columns: {A: {field: items.item_charge_amount, currency: EURO}}\n", "mapping-option", "currency");
    refused(START "columns: {A: {field: ucr, unit: KGM}}\n", "mapping-option", "measure");
    refused(START "columns: {A: {field: ucr, split: \"+\"}}\n", "mapping-option", "split");
    refused(START "columns: {A: {field: declared_date, date: DD.MM.YY}}\n", "mapping-option", "YYYY");
    refused(START "columns: {A: {field: ucr, required: true, optional: true}}\n", "mapping-option", "contradict");
    refused(START "columns: {A: {field: ucr, fiels: x}}\n", "yaml-unknown-key", "field");
    refused(START "columns: {A: ucr}\nignore: [A]\n", "mapping-columns", "both");
    refused(START "columns: {A: ucr}\nconstants: {family: IMPROT}\n", "mapping-constant", "IMPROT");
    refused(START "columns: {A: ucr}\ndelimiter: xx\n", "mapping-format", "delimiter");
    refused(START "columns: {A: ucr}\nencoding: ebcdic\n", "mapping-format", "encoding");
}

Test(mapping, every_option_works)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    FILE *file = fopen(GL_SOURCE_DIR "/stages/ingest/formats/csv/corpus_mapping/all_options.yaml", "rb");
    cr_assert(file != NULL);
    static char text[8192];
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    char dir[] = "/tmp/gl-mapping-XXXXXX", path[64];
    cr_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/own.yaml", dir);
    file = fopen(path, "wb");
    cr_assert(file != NULL && fwrite(text, 1, size, file) == size);
    fclose(file);
    gl_mappings *mappings = gl_mappings_load(dir, &err);
    cr_assert(mappings != NULL, "%s", err.message);
    const char *csv = "Ref;Line;Date;Mass;Price;Fee 2;Cur;Country;Extra;IOSS;Use;Label\n"
                      "R1;7;24.11.2026;1,5;10;3.00;USD;Germany;C07+ F49 ;IM1;\xFC;1\n"
                      "R1;7;24.11.2026;2;20;;;;;IM1;\xFC;\n"
                      "R2;8;11/24/2026;1.5;;;;fr;;IM1;\xFC;\n";
    gl_reader *reader = gl_reader_open(arena, mappings, GL_FORMAT_CSV, GL_STR("own"), gl_str_of(csv), 0, 0, &err);
    cr_assert(reader != NULL, "%s", err.message);
    gl_intake in;
    cr_assert(gl_reader_next(reader, arena, &in));
    expect_accepted(&in);
    const gl_declaration *d = &in.declaration;
    cr_assert(gl_str_eqz(in.lrn, "R1/7"));
    cr_assert_eq(d->family, GL_DECLARATION_FAMILY_EXPORT);
    cr_assert_eq(d->declared_date.value, 20781);
    cr_assert_eq(d->items.count, 2);
    cr_assert(d->items.at[0].net_mass->unscaled == 15 && d->items.at[0].net_mass->scale == 1);
    cr_assert(gl_str_eqz(d->items.at[0].statistical_value_amount->currency_code, "EUR"));
    cr_assert_eq(d->items.at[0].duty_tax_fees.count, 2);
    cr_assert(gl_str_eqz(d->items.at[0].duty_tax_fees.at[1].payment_amount->currency_code, "USD"));
    cr_assert(gl_str_eqz(d->items.at[0].origin_country_id, "DE") && gl_str_eqz(d->items.at[1].origin_country_id, "DE"));
    cr_assert(gl_str_eqz(d->items.at[0].additional_procedures.at[1], "F49"));
    cr_assert(gl_str_eqz(d->items.at[1].procedure_current_code, "10"));
    cr_assert(gl_str_eqz(d->attributes.at[0].code, "\xC3\xBC"));
    cr_assert(gl_reader_next(reader, arena, &in));
    expect_error(&in, "invalid-date", "cell=4,3", "11/24/2026");
    expect_error(&in, "invalid-number", "cell=4,4", "1.5");
    expect_error(&in, "missing", "cell=4,5", "");
    cr_assert(gl_str_eqz(in.declaration.items.at[0].origin_country_id, "FR"));
    cr_assert(!gl_reader_next(reader, arena, &in));
    gl_reader_close(reader);
    gl_mappings_destroy(mappings);
    gl_arena_destroy(arena);
    remove(path);
    remove(dir);
}
