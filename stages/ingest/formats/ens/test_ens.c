/* Entry summary declarations: what is read, what is told of what is wrong, what is written. */
#include "ingest/formats/cds/test_xml.h"
#include "ingest/formats/codes.h"
#include "ingest/formats/ens/ens_leaves.h"
#include "ingest/formats/ens/ens_rules.h"
#include "ingest/formats/ens/ens_write.h"

static char text[65536];

static test_read *read_ens(const char *name, gl_str *bytes)
{
    char path[512];
    snprintf(path, sizeof path, "%s/stages/ingest/formats/ens/corpus/%s", GL_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    *bytes = (gl_str){text, fread(text, 1, sizeof text, file)};
    fclose(file);
    test_read *r = read_from(GL_FORMAT_XML, "", *bytes, 0, 0);
    cr_assert_eq(r->count, 1);
    return r;
}

static void has(test_read *r, const char *part)
{
    cr_assert(strstr(canonical_text(r, 0), part) != NULL, "no %s in %s", part, canonical_text(r, 0));
}

/* Is there an error of the code at the place, "HEAHEA/TraModAtBorHEA76" below the root? */
static void expect(const gl_intake *intake, const char *code, const char *place)
{
    char pointer[512] = "/*[local-name()='CC315A']";
    for (const char *step = place; *step != 0; step += strcspn(step, "/") + (strchr(step, '/') != NULL)) {
        int len = (int)strcspn(step, "/["), index = (int)strcspn(step, "/") - len;
        size_t at = strlen(pointer);
        snprintf(pointer + at, sizeof pointer - at, "/*[local-name()='%.*s']%.*s", len, step, index, step + len);
    }
    cr_assert(find_error(intake, code, pointer) != NULL, "no %s at %s", code, pointer);
}

Test(ens, everything_of_a_declaration_has_its_place)
{
    gl_str bytes;
    test_read *r = read_ens("full.xml", &bytes);
    cr_assert(!r->at[0].rejected, "%.*s", GL_STR_ARG(r->at[0].errors[0].text));
    cr_assert_eq(r->at[0].error_count, 0);
    cr_assert_str_eq(r->at[0].format, "ens-xml");
    has(r, "\"functional_reference_id\":\"ENS-2611-0001\",\"family\":\"ENTRY_SUMMARY\"");
    has(r, "\"type_code\":\"ENS\",\"data_set\":\"ENS\"");
    has(r, "\"issue_date_time\":\"2026-11-29T06:10:00.000000Z\"");
    has(r, "{\"role\":\"CONSIGNEE\",\"id\":\"GB331245671000\"}");
    has(r, "{\"role\":\"CARRIER\",\"id\":\"NO998877665\",\"name\":\"Nordmeer Line AS\",\"street\":\"Kaiveien 4\"");
    has(r, "\"border_transport\":{\"mode_code\":\"1\",\"id\":\"9321483\"}");
    has(r, "{\"type\":\"message_sender\",\"code\":\"GB417203998000/0000000017\"}");
    has(r, "\"commodity_code\":\"69072100\",\"classifications\":[{\"id\":\"69072100\",\"identification_type_code\":"
           "\"CN\"}]");
    has(r, "{\"kind\":\"TRANSPORT\",\"type_code\":\"N705\",\"id\":\"BL-SHK-7701\"},{\"kind\":\"SUPPORTING\"");
    has(r, "{\"type\":\"container\",\"code\":\"MSKU6012440\"},{\"type\":\"container\",\"code\":\"MSKU6012456\"}");
    has(r, "{\"type\":\"un_dangerous_goods\",\"code\":\"1133\"}");
    has(r, "\"packaging\":[{\"type_code\":\"NE\",\"quantity\":21}]");
    has(r, "\"entry_summary\":{\"specific_circumstance_code\":\"E\",\"conveyance_reference_id\":\"XFER71:88A\","
           "\"transport_charges_code\":\"D\",\"first_entry_office_id\":\"GB000060\","
           "\"expected_arrival_at\":\"2026-12-02T04:30:00.000000Z\",\"subsequent_office_ids\":[\"GB000067\"],"
           "\"routing_country_ids\":[\"CN\",\"SG\",\"GB\"],\"seal_ids\":[\"SEAL-90011\",\"SEAL-90012\"]}");
    cr_assert_eq(r->at[0].declaration.items.at[1].commodity_code.len, 0, "a heading is no declared code");
    cr_assert_eq(r->at[0].amends.len, 0);
    test_read_free(r);
}

Test(ens, what_is_of_the_message_does_not_count_as_content)
{
    gl_str bytes;
    test_read *r = read_ens("parcels.xml", &bytes);
    cr_assert(!r->at[0].rejected, "%.*s", GL_STR_ARG(r->at[0].errors[0].text));
    cr_assert(gl_str_eqz(r->at[0].declaration.message.profile, "prepared 261129 at 2140 id AIR-77 type CC315A"));
    has(r, "\"description\":\"Cotton T-shirts, printed\"");
    test_read_free(r);
}

Test(ens, an_amendment_names_the_mrn)
{
    gl_str bytes;
    for (int i = 0; i < 2; i++) {
        test_read *r = read_ens(i == 0 ? "amendment.xml" : "envelope.xml", &bytes);
        cr_assert(!r->at[0].rejected, "%.*s", GL_STR_ARG(r->at[0].errors[0].text));
        cr_assert(gl_str_eqz(r->at[0].amends, "26GB00000000ABCDT4"));
        cr_assert(gl_str_eqz(r->at[0].declaration.function_code, "4"));
        cr_assert_null(r->at[0].event);
        test_read_free(r);
    }
}

Test(ens, an_envelope_without_a_declaration_is_refused)
{
    gl_str bytes;
    test_read *r = read_ens("empty_envelope.xml", &bytes);
    cr_assert(r->at[0].rejected);
    cr_assert(find_error(&r->at[0], "not-a-declaration", "/*[local-name()='Envelope']") != NULL);
    test_read_free(r);
}

Test(ens, all_that_is_wrong_with_the_form_is_told)
{
    static const char *const wrong[][2] = {{"unknown-attribute", NULL},
                                           {"element-order", "MesSenMES3"},
                                           {"invalid-code", "MesTypMES20"},
                                           {"invalid-date", "DatOfPreMES9"},
                                           {"invalid-date", "TimOfPreMES10"},
                                           {"invalid-code", "PriMES15"},
                                           {"too-long", "MesIdeMES19"},
                                           {"unexpected-text", "HEAHEA"},
                                           {"duplicate-element", "HEAHEA/RefNumHEA4[2]"},
                                           {"wrong-type", "HEAHEA/TraModAtBorHEA76"},
                                           {"invalid-code", "HEAHEA/NatOfMeaOfTraCroHEA87"},
                                           {"invalid-number", "HEAHEA/TotNumOfIteHEA305"},
                                           {"out-of-range", "HEAHEA/TotGroMasHEA307"},
                                           {"invalid-code", "HEAHEA/SpeCirIndHEA1"},
                                           {"invalid-code", "HEAHEA/PlaLoaGOOITE334"},
                                           {"unknown-element", "HEAHEA/PlaUnload"},
                                           {"invalid-date", "HEAHEA/DecDatTimHEA114"},
                                           {"too-long", "TRACONCO1/NamCO17"},
                                           {"invalid-code", "TRACONCO1/TINCO159"},
                                           {"missing", "GOOITEGDS"},
                                           {"missing", "GOOITEGDS/GooDesGDS23"},
                                           {"invalid-code", "GOOITEGDS/UNDanGooCodGDI1"},
                                           {"invalid-code", "GOOITEGDS/COMCODGODITM/ComNomCMD1"},
                                           {"invalid-code", "GOOITEGDS/PACGS2/KinOfPacGS23"},
                                           {"missing", "PERLODSUMDEC"},
                                           {"invalid-code", "CUSOFFFENT730/RefNumCUSOFFFENT731"},
                                           {"invalid-date", "CUSOFFFENT730/ExpDatOfArrFIRENT733"}};
    gl_str bytes;
    test_read *r = read_ens("form.xml", &bytes);
    cr_assert(r->at[0].rejected);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (wrong[i][1] != NULL)
            expect(&r->at[0], wrong[i][0], wrong[i][1]);
        else
            cr_assert(find_error(&r->at[0], wrong[i][0], NULL) != NULL, "%s", wrong[i][0]);
    const gl_rejection_validation_error *name =
        find_error(&r->at[0], "too-long", P("CC315A") P("TRACONCO1") P("NamCO17"));
    cr_assert(gl_str_eqz(name->value, "A… (60 characters)"), "%.*s", GL_STR_ARG(name->value));
    cr_assert(gl_str_eqz(name->field, "parties.name"));
    test_read_free(r);
}

Test(ens, all_rules_that_are_broken_are_told)
{
    static const char *const wrong[][2] = {{"ens-4065", "MesSenMES3"},
                                           {"ens-8102", ""},
                                           {"ens-8112", "HEAHEA"},
                                           {"ens-8114", "HEAHEA"},
                                           {"ens-8115", "HEAHEA"},
                                           {"ens-8117", "HEAHEA"},
                                           {"ens-8131", "NOTPAR670"},
                                           {"ens-8136", "GOOITEGDS/PlaLoaGOOITE333"},
                                           {"ens-8147", "GOOITEGDS/IDEMEATRAGI970"},
                                           {"ens-8149", "GOOITEGDS/PACGS2[1]"},
                                           {"ens-8150", "GOOITEGDS/PACGS2[2]"},
                                           {"ens-8151", "GOOITEGDS/PACGS2[3]"},
                                           {"ens-8153", "GOOITEGDS/PACGS2[1]"},
                                           {"ens-8170", "GOOITEGDS"},
                                           {"ens-8171", "GOOITEGDS/PlaUnlGOOITE333"},
                                           {"ens-8193", ""},
                                           {"ens-8198", "GOOITEGDS/IDEMEATRAGI970"},
                                           {"ens-8206", "HEAHEA"},
                                           {"ens-8226", "TRACONCE1"},
                                           {"ens-8616", "CUSOFFLON/RefNumCOL1"},
                                           {"ens-8619", "NOTPAR670"},
                                           {"ens-8620", "GOOITEGDS/PRTNOT640"},
                                           {"ens-8625", "GOOITEGDS/TRACONCE2"},
                                           {"ens-8641", "GOOITEGDS/TRACONCO2/NamCO27"},
                                           {"ens-8661", "PERLODSUMDEC/NamPLD1"},
                                           {"ens-8672", "HEAHEA"},
                                           {"ens-8673", "HEAHEA"},
                                           {"ens-8678", "GOOITEGDS/IteNumGDS7"},
                                           {"ens-8679", "GOOITEGDS/GroMasGDS46"},
                                           {"ens-8680", "GOOITEGDS/PACGS2[1]/NumOfPacGS24"},
                                           {"ens-8681", "GOOITEGDS/PACGS2[1]/NumOfPieGS25"},
                                           {"ens-8685", "HEAHEA"},
                                           {"ens-8690", "HEAHEA"},
                                           {"ens-8692", "PERLODSUMDEC/TINPLD1"}};
    gl_str bytes;
    test_read *r = read_ens("rules.xml", &bytes);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect(&r->at[0], wrong[i][0], wrong[i][1]);
    cr_assert_null(find_error(&r->at[0], "ens-8107", NULL));
    const gl_rejection_validation_error *name = find_error(&r->at[0], "ens-8641", NULL);
    cr_assert(gl_str_eqz(name->value, "F… (9 characters)"), "%.*s", GL_STR_ARG(name->value));
    cr_assert(gl_str_eqz(name->field, "items.parties.name"));
    cr_assert_null(find_error(&r->at[0], "negative", NULL), "a sign is told once");
    test_read_free(r);
}

Test(ens, pointers_lead_to_what_is_wrong)
{
    static const char *const names[] = {"rules.xml", "form.xml"};
    gl_str bytes;
    for (size_t n = 0; n < 2; n++) {
        test_read *r = read_ens(names[n], &bytes);
        xmlXPathContextPtr context = xpath_open(bytes);
        for (size_t i = 0; i < r->at[0].error_count; i++)
            resolves(context, r->at[0].errors[i].pointer, (gl_str){NULL, 0});
        xpath_close(context);
        test_read_free(r);
    }
}

Test(ens, a_rule_is_known_by_its_code)
{
    const char *number, *condition;
    gl_ens_fault fault;
    cr_assert(gl_ens_rule_of(GL_STR("ens-8228"), &number, &condition, &fault));
    cr_assert_str_eq(number, "8228");
    cr_assert_str_eq(condition, "C501");
    cr_assert_eq(fault, GL_ENS_FAULT_MISSING);
    cr_assert(!gl_ens_rule_of(GL_STR("ens-0001"), &number, &condition, &fault));
    cr_assert_str_eq(gl_validation_code(GL_STR("ens-8107")), "8107");
    cr_assert_str_eq(gl_validation_code(GL_STR("element-order")), "GL-ORDER");
}

/* Writes what was read from `name`; the text of what was lost. */
static size_t written_again(test_read *r, gl_buf *out, gl_written *written)
{
    static gl_difference lost[8];
    *written = (gl_written){.lost = lost, .limit = 8, .why = GL_STR("")};
    cr_assert(gl_ens_write_checked(out, r->arena, &r->at[0].declaration, written), "%.*s", GL_STR_ARG(written->why));
    return written->count;
}

Test(ens, what_is_written_is_the_same_again)
{
    static const char *const names[] = {"full.xml", "parcels.xml", "road.xml"};
    gl_str bytes;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        test_read *r = read_ens(names[n], &bytes);
        gl_buf out = gl_buf_in(r->arena);
        gl_written written;
        cr_assert_eq(written_again(r, &out, &written), 0, "%s: %.*s", names[n], GL_STR_ARG(written.lost[0].path));
        test_read_free(r);
    }
}

Test(ens, what_came_as_json_is_written_with_what_the_message_needs)
{
    static const char json[] =
        "{\"functional_reference_id\":\"E-1\",\"family\":\"ENTRY_SUMMARY\",\"type_code\":\"ENS\",\"data_set\":\"ENS\","
        "\"issue_date_time\":\"2026-11-29T06:10:00Z\",\"ucr\":\"U\",\"total_package_quantity\":1,"
        "\"total_gross_mass\":\"5\",\"border_transport\":{\"mode_code\":\"3\"},"
        "\"parties\":[{\"role\":\"DECLARANT\",\"id\":\"GB205512345000\"},{\"role\":\"CONSIGNEE\",\"id\":\"GB1\"}],"
        "\"items\":[{\"description\":\"Sand\",\"packaging\":[{\"type_code\":\"VR\"}]}],"
        "\"entry_summary\":{\"first_entry_office_id\":\"GB000060\",\"expected_arrival_at\":\"2026-12-02T04:30:00Z\"}}";
    test_read *r = read_text(GL_FORMAT_JSON, "", json);
    cr_assert(r->count == 1 && !r->at[0].rejected, "%.*s", GL_STR_ARG(r->at[0].errors[0].text));
    gl_buf out = gl_buf_in(r->arena);
    gl_written written;
    cr_assert_eq(written_again(r, &out, &written), 0, "%.*s", GL_STR_ARG(written.lost[0].path));
    gl_buf_byte(&out, 0);
    cr_assert(strstr((const char *)out.data, "<MesSenMES3>GB205512345000/0000000000</MesSenMES3>") != NULL);
    cr_assert(strstr((const char *)out.data, "<TotNumOfIteHEA305>1</TotNumOfIteHEA305>") != NULL);
    r->at[0].declaration.function_code = GL_STR("4");
    cr_assert(!gl_ens_write_checked(&out, r->arena, &r->at[0].declaration, &written));
    r->at[0].declaration.function_code = (gl_str){NULL, 0};
    r->at[0].declaration.family = GL_DECLARATION_FAMILY_IMPORT;
    cr_assert(!gl_ens_write_checked(&out, r->arena, &r->at[0].declaration, &written));
    test_read_free(r);
}
