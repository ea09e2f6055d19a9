/* Our own JSON: every kind of field, every kind of error, and messages of several declarations. */
#include "ingest/formats/test_read.h"

#define LEAST "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[{}]}"
#define WITH(more)                                                                                                     \
    "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\"," more ",\"items\":[{}]}"
#define WITH_ITEM(item)                                                                                                \
    "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[" item "]}"

static char *load(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    char *text = calloc(1, 1 << 16);
    *size = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    return text;
}

/* A part of a larger message: its position is in that, its pointers are in what came. */
Test(json, pointers_of_a_part_resolve_in_the_part)
{
    test_read *r = read_from(GL_FORMAT_JSON, "", GL_STR("[{\"no\":1},{\"no\":2}]"), 0, 2001);
    cr_assert_eq(r->count, 2);
    cr_assert_eq(r->at[1].position, 2002);
    expect_error(&r->at[1], "unknown-field", "/1/no", "2");
    test_read_free(r);
}

Test(json, reads_every_kind_of_field)
{
    size_t size = 0;
    char *text = load(GL_SOURCE_DIR "/stages/ingest/formats/json/corpus/full.json", &size);
    test_read *r = read_from(GL_FORMAT_JSON, "", (gl_str){text, size}, 0, 0);
    cr_assert_eq(r->count, 1);
    expect_accepted(&r->at[0]);
    const gl_declaration *d = &r->at[0].declaration;
    cr_assert(gl_str_eqz(r->at[0].lrn, "EX-2026-000017"));
    cr_assert_eq(d->family, GL_DECLARATION_FAMILY_IMPORT);
    cr_assert(d->test_indicator);
    cr_assert(d->issue_date_time.set && d->issue_date_time.value == 1795498501250000);
    cr_assert(d->declared_date.set && d->declared_date.value == 20781);
    cr_assert(d->invoice_amount->unscaled == 125000 && d->invoice_amount->scale == 2);
    cr_assert(gl_str_eqz(d->freight->currency_code, "EUR") && d->freight->unscaled == 40);
    cr_assert(d->exchange_rate->unscaled == 10837 && d->exchange_rate->scale == 4);
    cr_assert_eq(d->parties.count, 3);
    cr_assert_eq(d->parties.at[2].role, GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE);
    cr_assert_eq(d->parties.at[1].communications.count, 2);
    cr_assert(gl_str_eqz(d->border_transport->id, "9074729"));
    cr_assert_eq(d->documents.at[0].kind, GL_DECLARATION_DOCUMENT_KIND_PREVIOUS);
    cr_assert(d->documents.at[0].line_numeric.set && d->documents.at[0].line_numeric.value == 1);
    const gl_declaration_goods_item *item = &d->items.at[0];
    cr_assert(gl_str_eqz(item->commodity_code, "6205200000"));
    cr_assert(item->gross_mass->unscaled == 1205 && gl_str_eqz(item->gross_mass->unit_code, "KGM"));
    cr_assert(item->net_mass->unscaled == 110 && gl_str_eqz(item->net_mass->unit_code, "KGM"));
    cr_assert(gl_str_eqz(item->tariff_quantity->unit_code, "NAR"));
    cr_assert(item->item_charge_amount->unscaled == 125000 && item->item_charge_amount->scale == 2);
    cr_assert(gl_str_eqz(item->duty_tax_fees.at[0].tax_base->unit_code, "EUR"));
    cr_assert(gl_str_eqz(d->message.format, "greenlane-json"));
    /* Written and read again it is the same. */
    const char *once = canonical_text(r, 0);
    test_read *again = read_text(GL_FORMAT_JSON, "", once);
    expect_accepted(&again->at[0]);
    cr_assert_str_eq(canonical_text(again, 0), once);
    test_read_free(again);
    test_read_free(r);
    free(text);
}

Test(json, an_item_without_number_gets_its_place)
{
    test_read *r = read_text(GL_FORMAT_JSON, "", WITH_ITEM("{},{},{}"));
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].declaration.items.at[2].sequence_numeric, 3);
    test_read_free(r);
}

Test(json, all_errors_of_a_declaration_together)
{
    test_read *r = read_text(GL_FORMAT_JSON, "",
                             "{\"functional_reference_id\":7,\"family\":\"IMPROT\",\"type_code\":\"imax\","
                             "\"declared_date\":\"2026-02-30\",\"goods_item_quantity\":\"3\",\"test_indicator\":\"no\","
                             "\"mrn\":\"26NL\",\"itmes\":[],\"invoice_amount\":{\"amount\":\"1\",\"curency\":\"EUR\"},"
                             "\"freight\":[],\"parties\":{},\"exchange_rate\":1e5,\"documents\":[{\"id\":\"x\"},3],"
                             "\"items\":[{\"commodity_code\":\"62A\",\"origin_country_id\":\"China\","
                             "\"net_mass\":\"-3 KGM\",\"item_charge_amount\":\"5 EURO\",\"sequence_numeric\":0,"
                             "\"attributes\":[{\"type\":\"a/b~c\"}],\"additional_procedures\":[\"C07\",7]},"
                             "{\"sequence_numeric\":4},{\"sequence_numeric\":4}]}");
    cr_assert_eq(r->count, 1);
    const gl_intake *in = &r->at[0];
    cr_assert(in->rejected);
    cr_assert_eq(in->lrn.len, 0);
    expect_error(in, "wrong-type", "/functional_reference_id", "7");
    const gl_rejection_validation_error *e = expect_error(in, "invalid-code", "/family", "IMPROT");
    cr_assert(gl_str_eqz(e->allowed, "IMPORT, EXPORT, ENTRY_SUMMARY"));
    cr_assert(gl_str_eqz(e->field, "family"));
    expect_error(in, "invalid-code", "/type_code", "imax");
    expect_error(in, "invalid-date", "/declared_date", "2026-02-30");
    expect_error(in, "wrong-type", "/goods_item_quantity", "3");
    expect_error(in, "wrong-type", "/test_indicator", "no");
    expect_error(in, "unknown-field", "/mrn", "26NL");
    e = expect_error(in, "unknown-field", "/itmes", NULL);
    cr_assert(gl_str_eqz(e->hint, "did you mean \"items\"?"));
    expect_error(in, "unknown-field", "/invoice_amount/curency", "EUR");
    expect_error(in, "wrong-type", "/freight", NULL);
    expect_error(in, "wrong-type", "/parties", NULL);
    expect_error(in, "invalid-number", "/exchange_rate", "1e5");
    expect_error(in, "missing", "/documents/0", NULL);
    expect_error(in, "wrong-type", "/documents/1", "3");
    expect_error(in, "invalid-code", "/items/0/commodity_code", "62A");
    e = expect_error(in, "invalid-code", "/items/0/origin_country_id", "China");
    cr_assert(gl_str_eqz(e->field, "items.origin_country_id"));
    expect_error(in, "negative", "/items/0/net_mass", "-3 KGM");
    expect_error(in, "invalid-code", "/items/0/item_charge_amount", "5 EURO");
    expect_error(in, "out-of-range", "/items/0/sequence_numeric", "0");
    expect_error(in, "missing", "/items/0/attributes/0", NULL);
    expect_error(in, "wrong-type", "/items/0/additional_procedures/1", "7");
    expect_error(in, "duplicate-sequence", "/items/2/sequence_numeric", "4");
    test_read_free(r);
}

Test(json, what_is_required)
{
    test_read *r = read_text(GL_FORMAT_JSON, "", "{}");
    const gl_intake *in = &r->at[0];
    cr_assert_eq(in->error_count, 4);
    for (size_t i = 0; i < in->error_count; i++)
        cr_assert(gl_str_eqz(in->errors[i].code, "missing") && gl_str_eqz(in->errors[i].pointer, ""));
    test_read_free(r);
}

Test(json, an_empty_list_of_items_gives_none)
{
    test_read *r =
        read_text(GL_FORMAT_JSON, "",
                  "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[]}");
    cr_assert(r->count == 1 && r->at[0].rejected && r->at[0].error_count == 1);
    expect_error(&r->at[0], "missing", "", NULL);
    test_read_free(r);
}

Test(json, pointers_escape_their_tokens)
{
    test_read *r = read_text(GL_FORMAT_JSON, "", WITH("\"a/b~c\":1"));
    expect_error(&r->at[0], "unknown-field", "/a~1b~0c", "1");
    test_read_free(r);
}

Test(json, an_array_is_read_one_by_one)
{
    const char *text = "[" LEAST ",\n {\"family\": nonsense}, " LEAST "]";
    test_read *r = read_text(GL_FORMAT_JSON, "", text);
    cr_assert_eq(r->count, 3);
    expect_accepted(&r->at[0]);
    expect_accepted(&r->at[2]);
    expect_error(&r->at[1], "not-well-formed", "/1", NULL);
    cr_assert(gl_str_eqz(r->at[0].source, LEAST));
    cr_assert_eq(r->at[2].position, 3);
    /* Resumed behind the second one, the third is the same. */
    test_read *rest = read_from(GL_FORMAT_JSON, "", gl_str_of(text), r->at[1].next_offset, r->at[1].position + 1);
    cr_assert_eq(rest->count, 1);
    cr_assert_eq(rest->at[0].position, 3);
    expect_accepted(&rest->at[0]);
    test_read *none = read_from(GL_FORMAT_JSON, "", gl_str_of(text), r->at[2].next_offset, 4);
    cr_assert_eq(none->count, 0);
    test_read_free(none);
    test_read_free(rest);
    test_read_free(r);
}

Test(json, a_wrapped_array_has_pointers_into_the_message)
{
    test_read *r = read_text(GL_FORMAT_JSON, "", " { \"declarations\" : [ " LEAST ", {\"family\":\"IMPORT\"} ] } ");
    cr_assert_eq(r->count, 2);
    expect_error(&r->at[1], "missing", "/declarations/1", NULL);
    test_read_free(r);
}

Test(json, lines_are_read_alone)
{
    test_read *r = read_text(GL_FORMAT_NDJSON, "", LEAST "\n\r\n{oops\n" LEAST "\r\n");
    cr_assert_eq(r->count, 3);
    expect_accepted(&r->at[0]);
    expect_error(&r->at[1], "not-well-formed", "", NULL);
    expect_accepted(&r->at[2]);
    test_read_free(r);
}

Test(json, a_message_that_breaks_off_says_where)
{
    static const char *const texts[] = {"[" LEAST ",", "[" LEAST " " LEAST "]", "[" LEAST "] x",
                                        "{\"declarations\":[" LEAST "]", LEAST LEAST};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        test_read *r = read_text(GL_FORMAT_JSON, "", texts[i]);
        const gl_rejection_validation_error *e = find_error(&r->at[r->count - 1], "not-well-formed", NULL);
        cr_assert(e != NULL, "%zu", i);
        cr_assert(gl_str_starts(e->pointer, GL_STR("line ")));
        test_read_free(r);
    }
}

Test(json, limits_are_errors)
{
    size_t size = GL_INTAKE_LIMIT_BYTES + 64;
    char *big = malloc(size + 1);
    memset(big, ' ', size);
    memcpy(big, "[{\"family\":\"", 12);
    memset(big + 12, 'x', size - 15);
    memcpy(big + size - 3, "\"}]", 4);
    test_read *r = read_text(GL_FORMAT_JSON, "", big);
    cr_assert_eq(r->count, 1);
    expect_error(&r->at[0], "too-large", "/0", NULL);
    test_read_free(r);
    free(big);
    char deep[128];
    memset(deep, '[', 64);
    memset(deep + 64, ']', 63);
    deep[127] = 0;
    r = read_text(GL_FORMAT_NDJSON, "", deep);
    expect_error(&r->at[0], "too-deep", "", NULL);
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "", "{\"family\":\"IMPORT\",\"family\":\"EXPORT\"}");
    expect_error(&r->at[0], "duplicate-field", "", NULL);
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "", "{\"family\":\"\xff\"}");
    expect_error(&r->at[0], "encoding", "", NULL);
    test_read_free(r);
}

Test(json, what_is_no_object_is_explained)
{
    test_read *r = read_text(GL_FORMAT_JSON, "", "hello {}");
    expect_error(&r->at[0], "not-well-formed", "", NULL);
    test_read_free(r);
    r = read_from(GL_FORMAT_JSON, "", (gl_str){"\xff\xfe{\0}\0", 6}, 0, 0);
    expect_error(&r->at[0], "encoding", "", NULL);
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "", "\"text\" ");
    expect_error(&r->at[0], "wrong-type", "", "text");
    test_read_free(r);
}

Test(json, many_errors_end_with_a_note)
{
    gl_buf text = {0};
    gl_buf_text(&text, "{\"items\":[");
    for (int i = 0; i < 20000; i++)
        gl_buf_text(&text, i == 0 ? "7" : ",7");
    gl_buf_text(&text, "]}");
    test_read *r = read_from(GL_FORMAT_JSON, "", gl_buf_view(&text), 0, 0);
    cr_assert_eq(r->at[0].error_count, 100);
    cr_assert(gl_str_eqz(r->at[0].errors[99].code, "too-many-errors"));
    test_read_free(r);
    gl_buf_free(&text);
}

Test(json, formats_are_told_apart)
{
    cr_assert_eq(gl_format_detect(gl_str_of(" [")), GL_FORMAT_JSON);
    cr_assert_eq(gl_format_detect(gl_str_of("{}\n{}")), GL_FORMAT_NDJSON);
    cr_assert_eq(gl_format_detect(gl_str_of("\xEF\xBB\xBF<a/>")), GL_FORMAT_XML);
    cr_assert_eq(gl_format_detect(gl_str_of("a,b\n1,2")), GL_FORMAT_CSV);
    cr_assert_eq(gl_format_detect(gl_str_of("hello")), GL_FORMAT_UNKNOWN);
    cr_assert_eq(gl_format_detect(gl_str_of("")), GL_FORMAT_UNKNOWN);
    cr_assert_eq(gl_format_of_content_type(gl_str_of("Text/XML; charset=utf-8")), GL_FORMAT_XML);
    cr_assert_eq(gl_format_of_content_type(gl_str_of("image/png")), GL_FORMAT_UNKNOWN);
    cr_assert_eq(gl_format_of_name(gl_str_of("a/b.JSONL")), GL_FORMAT_NDJSON);
    test_read *r = read_text(GL_FORMAT_JSON, "", " \n");
    cr_assert_str_eq(r->err.code, "intake-empty");
    test_read_free(r);
    r = read_text(GL_FORMAT_UNKNOWN, "", "x");
    cr_assert_str_eq(r->err.code, "intake-format-unknown");
    test_read_free(r);
}

Test(json, amendments_and_cancellations)
{
    test_read *r = read_text(GL_FORMAT_JSON, "", WITH("\"function_code\":\"4\""));
    expect_accepted(&r->at[0]);
    cr_assert_null(r->at[0].event);
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "",
                  "{\"functional_reference_id\":\"A-1\",\"family\":\"EXPORT\",\"function_code\":\"1\"}");
    expect_accepted(&r->at[0]);
    cr_assert_not_null(r->at[0].event);
    cr_assert_eq(r->at[0].event->event.type, GL_EVENT_EVENT_TYPE_CANCELLATION);
    cr_assert(gl_str_eqz(r->at[0].event->lrn, "A-1") && r->at[0].event->family == GL_DECLARATION_FAMILY_EXPORT);
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "", "{\"functional_reference_id\":\"A-1\",\"function_code\":\"1\"}");
    expect_error(&r->at[0], "missing", "", NULL);
    cr_assert_eq(r->at[0].error_count, 1);
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "", WITH("\"function_code\":\"13\""));
    expect_error(&r->at[0], "invalid-code", "/function_code", "13");
    test_read_free(r);
}
