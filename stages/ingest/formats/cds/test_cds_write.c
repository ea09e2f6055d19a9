/* Declarations as XML: what was read is written, read again and the same; what a form has no place for is named. */
#include "ingest/formats/cds/cds_write.h"
#include "ingest/formats/cds/test_xml.h"

enum { FOUND = 8 };

typedef struct written {
    test_read *source;
    gl_buf xml;
    gl_difference found[FOUND];
    size_t count;
    bool good;
    gl_str why;
} written;

static written *write_in(test_read *source, const gl_cds_form *form)
{
    written *w = gl_arena_calloc(source->arena, 1, sizeof *w);
    expect_accepted(&source->at[0]);
    w->source = source;
    w->xml = gl_buf_in(source->arena);
    gl_written again = {.lost = w->found, .limit = FOUND, .why = GL_STR("")};
    w->good = gl_cds_write_checked(&w->xml, source->arena, form, &source->at[0].declaration, &again);
    w->count = again.count;
    w->why = again.why;
    gl_buf_byte(&w->xml, 0); /* for strstr */
    w->xml.len--;
    return w;
}

static void expect_lost(const written *w, const char *want)
{
    gl_buf text = gl_buf_in(w->source->arena);
    for (size_t i = 0; i < w->count; i++)
        gl_buf_printf(&text, "%s%.*s", i > 0 ? ", " : "", GL_STR_ARG(w->found[i].path));
    cr_assert(w->good, "%.*s\n%s", GL_STR_ARG(w->why), (const char *)w->xml.data);
    cr_assert(gl_str_eqz(gl_buf_view(&text), want), "%.*s, not %s\n%s", GL_STR_ARG(gl_buf_view(&text)), want,
              (const char *)w->xml.data);
}

static void expect_part(const written *w, const char *part)
{
    cr_assert(strstr((const char *)w->xml.data, part) != NULL, "%s is not in %s", part, (const char *)w->xml.data);
}

Test(cds_write, samples_come_back)
{
    static const char *const names[] = {"import_h1.xml",        "export.xml",       "gateway.xml", "bare_h7.xml",
                                        "latin1.xml",           "utf16.xml",        "cdata.xml",   "eucdm_full.xml",
                                        "eucdm_currencies.xml", "eucdm_prefix.xml", "all.xml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        gl_str bytes;
        test_read *r = read_corpus(names[i], &bytes);
        written *w = write_in(r, gl_cds_form_fitting(&r->at[0].declaration));
        cr_log_info("%s", names[i]);
        expect_lost(w, "");
        test_read_free(r);
    }
}

/* Every element that the EU's H7 has, where it has it. */
Test(cds_write, the_eu_form_has_its_own_elements)
{
    static const char *const left[] = {"Agent/Contact/name", "Declarant/Contact/Name", NULL};
    gl_str bytes;
    gl_xml_problem problem;
    test_read *r = read_corpus("eucdm_full.xml", &bytes);
    written *w = write_in(r, &gl_cds_form_eu);
    const gl_xml *root = gl_xml_parse(r->arena, gl_buf_view(&w->xml), &problem);
    cr_assert(root != NULL && root->parent == NULL, "%s", problem.text);
    for (size_t i = 0; i < gl_eu_structure_count; i++) {
        const gl_xml *at = root;
        char path[256];
        snprintf(path, sizeof path, "%s", gl_eu_structure[i].path);
        for (char *step = strtok(path, "/"); step != NULL && at != NULL; step = strtok(NULL, "/"))
            at = gl_xml_child(at, step);
        bool none = gl_names_index(left, gl_str_of(gl_eu_structure[i].path)) >= 0;
        cr_assert((at == NULL) == none, "%s is%s written", gl_eu_structure[i].path, at == NULL ? " not" : "");
    }
    test_read_free(r);
}

Test(cds_write, any_text_is_well_formed)
{
    test_read *r = read_text(GL_FORMAT_JSON, "",
                             "{\"functional_reference_id\":\"<&>\\\"'\",\"family\":\"IMPORT\",\"type_code\":\"IMA\","
                             "\"items\":[{\"description\":\"a ]]> b\\n\\tc \\u00e9 \\ud83d\\ude00\"}]}");
    written *w = write_in(r, &gl_cds_form_uk);
    expect_lost(w, "");
    expect_part(w, "<FunctionalReferenceID>&lt;&amp;&gt;&quot;'</FunctionalReferenceID>");
    test_read_free(r);
}

/* A unit of eight characters may hold what an attribute would lose. */
Test(cds_write, white_space_in_a_unit_stays)
{
    test_read *r = read_text(
        GL_FORMAT_XML, "",
        "<Declaration><FunctionCode>9</FunctionCode><FunctionalReferenceID>L</FunctionalReferenceID><TypeCode>IMA"
        "</TypeCode><TotalGrossMassMeasure unitCode=\"K&#10;&#9;G\">1</TotalGrossMassMeasure><GoodsShipment>"
        "<GovernmentAgencyGoodsItem><Commodity><Description>a&#13;b</Description></Commodity>"
        "</GovernmentAgencyGoodsItem></GoodsShipment></Declaration>");
    if (!r->at[0].rejected)
        expect_lost(write_in(r, &gl_cds_form_uk), "");
    test_read_free(r);
}

Test(cds_write, what_has_no_place_is_named)
{
    test_read *r =
        read_text(GL_FORMAT_JSON, "",
                  "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\","
                  "\"parties\":[{\"role\":\"OTHER\",\"id\":\"X\"},{\"role\":\"IMPORTER\",\"name\":\"N\"}],"
                  "\"attributes\":[{\"type\":\"process_type\",\"code\":\"B\"},{\"type\":\"seal_id\",\"code\":\"S\"}],"
                  "\"documents\":[{\"kind\":\"TRANSPORT\",\"type_code\":\"N740\",\"id\":\"1\"}],"
                  "\"items\":[{\"commodity_code\":\"6205200000\",\"gross_mass\":{\"value\":\"1\",\"unit\":\"\"},"
                  "\"quota_id\":\"Q\"}]}");
    written *w = write_in(r, &gl_cds_form_uk);
    expect_lost(w, "parties.OTHER.1, documents.TRANSPORT.1, attributes.process_type.1, "
                   "items.1.gross_mass, items.1.quota_id");
    expect_part(w, "<ID>62052000</ID>");
    expect_part(w, "<TransportEquipment>\n          <SequenceNumeric>1</SequenceNumeric>\n          <Seal>");
    w = write_in(r, &gl_cds_form_eu);
    expect_lost(w, "parties.OTHER.1, attributes.process_type.1, items.1.gross_mass, items.1.quota_id");
    expect_part(w, "<TransportContractDocument>");
    expect_part(w, "<ID>6205200000</ID>");
    test_read_free(r);
}

Test(cds_write, what_would_be_refused_is_said)
{
    test_read *r = read_text(GL_FORMAT_JSON, "",
                             "{\"functional_reference_id\":\"A-1\",\"family\":\"ENTRY_SUMMARY\",\"type_code\":\"EN\","
                             "\"items\":[{\"description\":\"tea\"}]}");
    written *w = write_in(r, &gl_cds_form_uk);
    cr_assert(!w->good && gl_str_starts(w->why, GL_STR("invalid-code: the declaration type says neither")), "%.*s",
              GL_STR_ARG(w->why));
    test_read_free(r);
    r = read_text(GL_FORMAT_JSON, "",
                  "{\"functional_reference_id\":\"A-1\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"test_indicator\":"
                  "true,\"items\":[{\"description\":\"tea\"}]}");
    w = write_in(r, &gl_cds_form_uk);
    cr_assert(!w->good && gl_str_starts(w->why, GL_STR("a declaration made for a test")) && w->xml.len == 0);
    test_read_free(r);
}

Test(cds_write, the_form_that_fits)
{
    static const struct {
        const char *format, *category, *set;
        const gl_cds_form *form;
    } cases[] = {{"cds-xml", "", "H7", &gl_cds_form_uk}, {"eucdm-xml", "", "H1", &gl_cds_form_eu},
                 {"csv", "", "PARCEL", &gl_cds_form_eu}, {"csv", "", "H7", &gl_cds_form_eu},
                 {"csv", "H1", "H1", &gl_cds_form_eu},   {"greenlane-json", "", "H1", &gl_cds_form_uk}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gl_declaration d = {.procedure_category = gl_str_of(cases[i].category), .data_set = gl_str_of(cases[i].set)};
        d.message.format = gl_str_of(cases[i].format);
        cr_assert(gl_cds_form_fitting(&d) == cases[i].form, "case %zu", i);
    }
}
