/* JSON of post, express and trade: what documents become, what is refused as what it is, manifests, and what is
 * written. */
#include "ingest/checks/checks.h"
#include "ingest/formats/test_read.h"
#include "ingest/formats/trade/trade_map.h"
#include "ingest/formats/trade/trade_write.h"

static gl_str load(const char *path)
{
    static char text[65536];
    char full[1024];
    snprintf(full, sizeof full, "%s/%s", GL_SOURCE_DIR, path);
    FILE *file = fopen(full, "rb");
    cr_assert(file != NULL, "%s", full);
    gl_str bytes = {text, fread(text, 1, sizeof text, file)};
    fclose(file);
    return bytes;
}

static test_read *read_shipped(const char *path)
{
    gl_err err = {0};
    gl_checks *checks = gl_checks_load_folder(GL_SOURCE_DIR "/config", &err);
    cr_assert_not_null(checks, "%s", err.message);
    test_read *r = read_checked(GL_FORMAT_JSON, "", load(path), 0, 0, checks);
    gl_checks_destroy(checks);
    return r;
}

static const char *attribute(const test_read *r, size_t at, const char *type)
{
    const gl_declaration *d = &r->at[at].declaration;
    for (size_t i = 0; i < d->attributes.count; i++)
        if (gl_str_eqz(d->attributes.at[i].type, type))
            return gl_arena_strndup(r->arena, d->attributes.at[i].code.ptr, d->attributes.at[i].code.len);
    return "";
}

Test(trade, type_86)
{
    test_read *r = read_shipped("samples/type86.json");
    const gl_declaration *d = &r->at[0].declaration;
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].error_count, 0);
    cr_assert(gl_str_eqz(d->message.format, "us-json") && gl_str_eqz(d->data_set, "US86"));
    cr_assert(gl_str_eqz(r->at[0].lrn, "86-70100049213") && gl_str_eqz(d->declaration_office_id, "4701"));
    cr_assert(gl_str_eqz(d->items.at[0].commodity_code, "9405428440"));
    cr_assert(gl_str_eqz(d->items.at[0].classifications.at[0].id, "9405.42.8440"));
    cr_assert(gl_str_eqz(d->items.at[0].item_charge_amount->currency_code, "USD"));
    cr_assert_eq(d->parties.count, 3);
    cr_assert(gl_str_eqz(d->parties.at[1].city, "Dayton, Ohio"));
    cr_assert(gl_str_eqz(d->documents.at[0].type_code, "N705"));
    cr_assert_str_eq(attribute(r, 0, "entry_number"), "70100049213");
    test_read_free(r);
}

Test(trade, documents_of_several_kinds_in_one_list)
{
    static const char *const lrns[] = {"3461-1", "7501-2", "86-3", "4", "H-5", "RR123456785NL"};
    test_read *r = read_shipped("stages/ingest/formats/trade/corpus/mixed.json");
    cr_assert_eq(r->count, 9);
    for (size_t i = 0; i < 6; i++) {
        expect_accepted(&r->at[i]);
        cr_assert(gl_str_eqz(r->at[i].lrn, lrns[i]), "%.*s", GL_STR_ARG(r->at[i].lrn));
    }
    expect_error(&r->at[0], "unknown-field", "/0/manifestQuantity", "3");
    expect_error(&r->at[0], "unknown-code", "/0/transportMode", "Barge");
    cr_assert(gl_str_eqz(r->at[0].declaration.documents.at[0].type_code, "N714")); /* of a house bill */
    const gl_declaration_goods_item *line = &r->at[0].declaration.items.at[0];
    cr_assert(line->parties.at[0].role == GL_DECLARATION_PARTY_ROLE_OTHER &&
              gl_str_eqz(line->parties.at[0].role_code, "Broker"));
    cr_assert_eq(line->parties.at[1].role, GL_DECLARATION_PARTY_ROLE_CONSIGNEE);
    cr_assert(gl_str_eqz(line->description, "furniture"));
    cr_assert_str_eq(attribute(r, 1, "summary_date"), "2026-03-01T12:54Z");
    cr_assert(r->at[1].declaration.declared_date.set);
    expect_error(&r->at[2], "invalid-code", "/2/countryOfOrigin", "Denmark");
    cr_assert(gl_str_eqz(r->at[3].declaration.parties.at[0].street, "K, S"));
    cr_assert(gl_str_eqz(r->at[3].declaration.parties.at[0].city, "L, R, USA"));
    cr_assert(gl_str_eqz(r->at[4].declaration.items.at[0].net_mass->unit_code, "LBR"));
    cr_assert_str_eq(attribute(r, 4, "charge_amount"), "6 USD");
    cr_assert_str_eq(attribute(r, 5, "postal_category"), "gift");
    test_read_free(r);
}

Test(trade, what_is_no_declaration_is_named)
{
    test_read *r = read_shipped("stages/ingest/formats/trade/corpus/mixed.json");
    static const char *const texts[] = {"this is a packing list (PackingList)", "this is a document of the type Some"};
    for (size_t i = 0; i < 2; i++) {
        char pointer[16];
        snprintf(pointer, sizeof pointer, "/%zu/type", i + 6);
        const gl_rejection_validation_error *e = find_error(&r->at[6 + i], "not-a-declaration", pointer);
        cr_assert(r->at[6 + i].rejected && e != NULL && gl_str_starts(e->text, gl_str_of(texts[i])), "%zu", i);
    }
    expect_error(&r->at[8], "wrong-type", "/8/lineItems", "none");
    cr_assert(find_error(&r->at[8], "missing", "/8") != NULL); /* the LRN; all errors at once */
    cr_assert(find_error(&r->at[8], "wrong-type", "/8/entryValue") != NULL);
    test_read_free(r);
}

Test(trade, a_credential_is_about_its_subject)
{
    test_read *r = read_text(GL_FORMAT_JSON, "",
                             "{\"@context\":[\"x\"],\"type\":[\"VerifiableCredential\",\"BillOfLadingCredential\"],"
                             "\"issuer\":\"did:a\",\"credentialSubject\":{\"billOfLadingNumber\":\"7\",\"particulars\":"
                             "[{\"description\":\"tea\"}]},\"proof\":{\"jws\":\"s\"},\"surprise\":1}");
    expect_accepted(&r->at[0]);
    cr_assert(gl_str_eqz(r->at[0].lrn, "B-7") && gl_str_eqz(r->at[0].declaration.data_set, "BILL"));
    expect_error(&r->at[0], "unknown-field", "/surprise", "1");
    cr_assert_eq(r->at[0].error_count, 1);
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "",
                  "{\"type\":[\"VerifiableCredential\",\"BillOfLadingCredential\"],\"credentialSubject\":[{},{}]}");
    expect_error(&r->at[0], "several-declarations", "/credentialSubject", NULL);
    test_read_free(r);
}

/* Each house bill is a declaration with both transport documents, and what stands around it. */
Test(trade, a_manifest_is_its_house_bills)
{
    test_read *r = read_shipped("samples/manifest.json");
    cr_assert_eq(r->count, 3);
    for (size_t i = 0; i < 3; i++) {
        const gl_declaration *d = &r->at[i].declaration;
        expect_accepted(&r->at[i]);
        cr_assert_eq(r->at[i].error_count, 0);
        cr_assert_eq(d->documents.count, 2);
        cr_assert(gl_str_eqz(d->documents.at[0].type_code, i < 2 ? "N703" : "N750"));
        cr_assert(gl_str_eqz(d->documents.at[1].type_code, "N741") &&
                  gl_str_eqz(d->documents.at[1].id, "157-40021192"));
        cr_assert(gl_str_eqz(d->border_transport->mode_code, "4"));
        cr_assert(gl_str_eqz(d->items.at[0].item_charge_amount->currency_code, "EUR"));
        cr_assert_str_eq(attribute(r, i, "voyage"), "SK101");
    }
    cr_assert(gl_str_eqz(r->at[2].declaration.message.format, "itmatt-json"));
    cr_assert_eq(r->at[0].declaration.items.count, 2);
    test_read_free(r);
}

/* Errors of a house bill, and of what stands around it, lead to their places. */
Test(trade, pointers_into_a_manifest)
{
    test_read *r =
        read_text(GL_FORMAT_JSON, "",
                  "{\"mawb\":\"1\",\"houseBills\":[{\"hawb\":\"a\",\"description\":\"x\",\"value\":\"y\"},3],"
                  "\"modeOfTransportation\":\"Zeppelin\"}");
    cr_assert_eq(r->count, 2);
    expect_error(&r->at[0], "invalid-number", "/houseBills/0/value", "y");
    expect_error(&r->at[0], "unknown-code", "/modeOfTransportation", "Zeppelin");
    expect_error(&r->at[1], "wrong-type", "/houseBills/1", "3");
    test_read_free(r);
    r = read_from(GL_FORMAT_JSON, "", load("stages/ingest/formats/trade/corpus/manifest_truncated.json"), 0, 0);
    cr_assert_eq(r->count, 1);
    cr_assert(r->at[0].rejected);
    test_read_free(r);
}

/* A manifest may be resumed behind any of its house bills. */
Test(trade, a_manifest_goes_on_where_it_was_left)
{
    gl_str bytes = load("samples/manifest.json");
    test_read *whole = read_from(GL_FORMAT_JSON, "", bytes, 0, 0);
    test_read *rest = read_from(GL_FORMAT_JSON, "", bytes, whole->at[0].next_offset, 2);
    cr_assert_eq(rest->count, 2);
    for (size_t i = 0; i < 2; i++)
        cr_assert_str_eq(canonical_text(whole, i + 1), canonical_text(rest, i));
    test_read_free(whole);
    test_read_free(rest);
}

Test(trade, postal_items)
{
    test_read *r = read_shipped("samples/postal.json");
    const gl_declaration *d = &r->at[0].declaration;
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].error_count, 0);
    cr_assert(gl_str_eqz(d->data_set, "POST") && gl_str_eqz(r->at[0].lrn, "CP482913073SG"));
    cr_assert_str_eq(attribute(r, 0, "postal_form"), "CN23");
    cr_assert(gl_str_eqz(d->items.at[1].item_charge_amount->currency_code, "SGD"));
    cr_assert(gl_str_eqz(r->at[1].declaration.items.at[0].net_mass->unit_code, "GRM"));
    test_read_free(r);
    char text[256];
    static const char *const ids[] = {"CP482913074SG", "RR12", "cp482913073SG"};
    gl_err err = {0};
    gl_checks *checks = gl_checks_load_folder(GL_SOURCE_DIR "/config", &err);
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "{\"itemId\":\"%s\",\"contentPieces\":[{\"description\":\"tea\"}]}", ids[i]);
        test_read *wrong = read_checked(GL_FORMAT_JSON, "", gl_str_of(text), 0, 0, checks);
        cr_assert(wrong->at[0].rejected);
        expect_error(&wrong->at[0], "postal-item", "/itemId", ids[i]);
        test_read_free(wrong);
    }
    gl_checks_destroy(checks);
}

Test(trade, de_minimis_has_a_limit)
{
    gl_err err = {0};
    gl_checks *checks = gl_checks_load_folder(GL_SOURCE_DIR "/config", &err);
    static const char *const values[] = {"800", "800.01"};
    for (size_t i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{\"type\":\"CBPEntryType86\",\"entryNumber\":\"1\",\"fairRetailValue\":{\"value\":%s}}", values[i]);
        test_read *r = read_checked(GL_FORMAT_JSON, "", gl_str_of(text), 0, 0, checks);
        cr_assert_eq(r->at[0].rejected, i == 1);
        if (i == 1)
            expect_error(&r->at[0], "us-de-minimis-value", "/fairRetailValue/value", "800.01");
        test_read_free(r);
    }
    gl_checks_destroy(checks);
}

/* --- leaves --- */

static void expect_known(void *context, gl_str path, gl_leaf_fate fate, const char *why)
{
    size_t *counts = context;
    cr_assert(fate != GL_LEAF_NEITHER, "%.*s", GL_STR_ARG(path));
    cr_assert((fate == GL_LEAF_LEFT) == (why != NULL));
    counts[fate]++;
}

Test(trade, leaves_are_taken_or_left_with_a_reason)
{
    static const char *const paths[] = {"samples/type86.json", "samples/postal.json"};
    for (size_t i = 0; i < 2; i++) {
        size_t counts[3] = {0};
        gl_arena *arena = gl_arena_new(0);
        gl_err err = {0};
        gl_intake intake;
        gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_JSON, GL_STR(""), load(paths[i]), 0, 0, &err);
        while (gl_reader_next(reader, arena, &intake))
            gl_trade_leaves(&reader->report, arena, expect_known, counts);
        cr_assert_gt(counts[GL_LEAF_TAKEN], 20);
        cr_assert_eq(counts[GL_LEAF_LEFT], 0);
        gl_arena_destroy(arena);
    }
}

/* --- writing --- */

enum { FOUND = 16 };
typedef bool trade_writer(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written);

static void write_again(test_read *r, size_t at, trade_writer *writer, const char *want)
{
    gl_difference found[FOUND];
    gl_written written = {.lost = found, .limit = FOUND, .why = GL_STR("")};
    gl_buf text = gl_buf_in(r->arena), lost = gl_buf_in(r->arena);
    bool good = writer(&text, r->arena, &r->at[at].declaration, &written);
    gl_buf_byte(&text, 0);
    cr_assert(good, "%.*s\n%s", GL_STR_ARG(written.why), (const char *)text.data);
    for (size_t i = 0; i < written.count; i++)
        gl_buf_printf(&lost, "%s%.*s", i > 0 ? ", " : "", GL_STR_ARG(found[i].path));
    gl_buf_byte(&lost, 0);
    cr_assert_str_eq((const char *)lost.data, want, "%s", (const char *)text.data);
}

Test(trade, what_was_read_comes_back)
{
    test_read *r = read_shipped("samples/postal.json");
    write_again(r, 0, gl_trade_write_itmatt, "");
    write_again(r, 1, gl_trade_write_itmatt, "");
    test_read_free(r);
    r = read_shipped("samples/type86.json");
    write_again(r, 0, gl_trade_write_type86, "");
    test_read_free(r);
}

Test(trade, other_declarations_lose_what_has_no_place)
{
    test_read *r =
        read_text(GL_FORMAT_JSON, "",
                  "{\"functional_reference_id\":\"RR123456785NL\",\"family\":\"IMPORT\",\"type_code\":\"IMA\","
                  "\"data_set\":\"H7\",\"parties\":[{\"role\":\"EXPORTER\",\"name\":\"A\"},{\"role\":\"IMPORTER\","
                  "\"name\":\"B\"}],\"items\":[{\"description\":\"tea\",\"additional_procedures\":[\"C07\"],"
                  "\"item_charge_amount\":\"5 EUR\"}]}");
    expect_accepted(&r->at[0]);
    write_again(r, 0, gl_trade_write_itmatt, "items.1.additional_procedures.1");
    write_again(r, 0, gl_trade_write_type86, "items.1.additional_procedures.1");
    test_read_free(r);
}
