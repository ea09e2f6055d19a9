/* Interchanges read: what is taken, what is refused for its syntax, and where each error points. */
#include "ingest/formats/edifact/edi_map.h"
#include "ingest/formats/edifact/edi_write.h"
#include "ingest/formats/edifact/test_edi.h"

#define CORPUS "stages/ingest/formats/edifact/corpus/"

static test_read *read_edi(const char *text)
{
    return read_text(GL_FORMAT_EDIFACT, "", text);
}

static test_read *read_file(const char *relative, gl_str *bytes)
{
    *bytes = edi_load(relative);
    return read_from(GL_FORMAT_EDIFACT, "", *bytes, 0, 0);
}

static void expect_part(test_read *r, size_t i, const char *part)
{
    cr_assert(strstr(canonical_text(r, i), part) != NULL, "%s is not in %s", part, canonical_text(r, i));
}

static void expect_clean(test_read *r, size_t i)
{
    expect_accepted(&r->at[i]);
    cr_assert_eq(r->at[i].error_count, 0);
}

/* --- what is read --- */

Test(edifact, a_declaration_of_imports_has_everything)
{
    gl_str bytes;
    test_read *r = read_file("samples/cusdec.edi", &bytes);
    cr_assert_eq(r->count, 1);
    expect_clean(r, 0);
    cr_assert_str_eq(r->at[0].format, "edifact-cusdec");
    cr_assert(gl_str_eqz(r->at[0].declaration.message.profile, "CUSDEC D:96B:UN:ZZZ01"));
    static const char *const parts[] = {
        "\"functional_reference_id\":\"TZ-2026-000017\",\"family\":\"IMPORT\",\"function_code\":\"9\",\"type_code\":"
        "\"IMA\","
        "\"data_set\":\"H1\",\"test_indicator\":true,\"issue_date_time\":\"2026-11-24T06:35:00.000000Z\","
        "\"declared_date\":\"2026-11-24\",\"declaration_office_id\":\"NL000510\",\"goods_item_quantity\":1",
        "\"trade_terms\":{\"condition_code\":\"FOB\",\"location_id\":\"CNSHA\",\"location_name\":\"Shanghai\"}",
        "{\"role\":\"IMPORTER\",\"id\":\"NL987654321\",\"name\":\"Tulp & Zoon Bloemen en thee\",\"street\":\"Kade "
        "1\",\"city\":"
        "\"Rotterdam\",\"postcode\":\"3011\",\"country_code\":\"NL\",\"communications\":[\"+31 10 555 0100\","
        "\"in@example.org\"]}",
        "\"border_transport\":{\"mode_code\":\"1\",\"id\":\"9074729\",\"identification_type_code\":\"146\","
        "\"nationality_code\":\"PA\"},\"inland_mode_code\":\"3\"",
        "{\"kind\":\"TRANSPORT\",\"type_code\":\"N705\",\"id\":\"MSCUSH123456\",\"effective_date\":\"2026-11-01\"},{"
        "\"kind\":"
        "\"PREVIOUS\",\"type_code\":\"355\",\"id\":\"26NL00051012345678\"}",
        "\"description\":\"Men's shirts, 100 % cotton, woven long sleeves\",\"commodity_code\":\"6205200000\"",
        "\"procedure_current_code\":\"40\",\"procedure_previous_code\":\"00\",\"additional_procedures\":[\"000\"]",
        "\"packaging\":[{\"type_code\":\"CT\",\"quantity\":12,\"marks\":\"TULP 1-12\"}]",
        "{\"type_code\":\"A00\",\"tax_rate_percent\":\"12.0\",\"assessed_amount\":{\"amount\":\"154.80\",\"currency\":"
        "\"EUR\"}}"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        expect_part(r, 0, parts[i]);
    test_read_free(r);
}

Test(edifact, a_manifest_is_a_declaration_a_consignment)
{
    gl_str bytes;
    test_read *r = read_file("samples/cuscar.edi", &bytes);
    cr_assert_eq(r->count, 2);
    for (size_t i = 0; i < 2; i++) {
        expect_clean(r, i);
        cr_assert_str_eq(r->at[i].format, "edifact-cuscar");
        cr_assert(gl_str_starts(r->at[i].source, GL_STR("CNI+")));
        expect_part(r, i, "{\"kind\":\"TRANSPORT\",\"type_code\":\"N741\",\"id\":\"157-12345675\"}");
        expect_part(r, i, "{\"kind\":\"REFERENCE\",\"type_code\":\"785\",\"id\":\"FA4711-20261124\"}");
        expect_part(r, i, "\"border_transport\":{\"mode_code\":\"4\",\"id\":\"OO-FAC\"");
        expect_part(r, i, "\"data_set\":\"PARCEL\"");
    }
    cr_assert(gl_str_eqz(r->at[1].lrn, "FA00000002BE"));
    expect_part(r, 0, "Zo\xC3\xAB Peeters");
    expect_part(r, 0, "\"items\":[{\"sequence_numeric\":1,\"description\":\"Wooden puzzle for children, 48 pieces\"");
    test_read_free(r);
}

/* --- segment groups --- */

static void mark_groups(const gl_edi_node *node, bool *groups)
{
    for (size_t i = 0; i < node->count; i++)
        if (node->children[i].group) {
            groups[node->children[i].number] = true;
            mark_groups(&node->children[i], groups);
        }
}

/* Which groups the segments of a message begin. */
static void mark_begun(gl_str bytes, const gl_edi_directory *directory, const gl_edi_node *tree, bool *groups)
{
    gl_edi_scanner scanner;
    gl_edi_cursor cursor;
    gl_edi_value values[GL_EDI_VALUES];
    gl_edi_segment segment;
    gl_arena *arena = gl_arena_new(0);
    gl_edi_scanner_init(&scanner, bytes, gl_edi_default_marks, gl_edi_charset_of(GL_STR("UNOC")));
    gl_edi_cursor_init(&cursor, directory, tree, 2);
    const char *from = memmem(bytes.ptr, bytes.len, "UNH+", 4);
    for (size_t at = (size_t)(from - bytes.ptr); at < bytes.len; at = gl_edi_skip_space(bytes, segment.end)) {
        gl_edi_read_segment(&scanner, arena, at, values, &segment);
        gl_edi_cursor_take(&cursor, &segment, NULL);
        if (segment.starts)
            groups[cursor.frames[cursor.depth].node->number] = true;
        if (segment.code == GL_EDI_TAG('U', 'N', 'T'))
            break;
    }
    gl_arena_destroy(arena);
}

Test(edifact, every_segment_group_is_read)
{
    static const char *const files[][3] = {{"groups_cusdec_96b.edi", "CUSDEC", "96B"},
                                           {"groups_cusdec_16b.edi", "CUSDEC", "16B"},
                                           {"groups_cuscar_96b.edi", "CUSCAR", "96B"},
                                           {"groups_cuscar_16b.edi", "CUSCAR", "16B"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        gl_str bytes;
        bool wanted[100] = {false}, begun[100] = {false};
        snprintf(path, sizeof path, "stages/ingest/formats/edifact/corpus/%s", files[i][0]);
        test_read *r = read_file(path, &bytes);
        cr_log_info("%s", files[i][0]);
        cr_assert_eq(r->count, 1);
        expect_clean(r, 0);
        const gl_edi_directory *directory = gl_edi_directory_of(GL_STR("D"), gl_str_of(files[i][2]));
        const gl_edi_node *tree = gl_edi_message_of(directory, gl_str_of(files[i][1]));
        mark_groups(tree, wanted);
        mark_begun(bytes, directory, tree, begun);
        for (int g = 1; g < 100; g++)
            cr_assert_eq(wanted[g], begun[g], "%s: group %d", files[i][0], g);
        test_read_free(r);
    }
}

static bool has_rule(const gl_edi_table *table, const gl_edi_node *node, const gl_edi_table **inside, bool *skipped)
{
    bool found = false;
    for (size_t i = 0; i < table->count; i++) {
        const gl_edi_rule *rule = &table->rules[i];
        bool place = rule->place == GL_EDI_ANYWHERE || (rule->place == GL_EDI_GROUP) == node->group;
        if (rule->code != node->code || !place)
            continue;
        found = true;
        *skipped = *skipped || rule->action == GL_EDI_SKIP;
        if (rule->inside != NULL)
            *inside = rule->inside;
    }
    return found;
}

static void expect_rules(const gl_edi_table *table, const gl_edi_node *node, int from)
{
    for (int i = from; i < node->count; i++) {
        const gl_edi_node *child = &node->children[i];
        const gl_edi_table *inside = NULL;
        bool skipped = false;
        const char *tag = child->group ? child->children[0].spec->tag : child->spec->tag;
        cr_assert(has_rule(table, child, &inside, &skipped), "no rule for %s of group %u", tag, node->number);
        cr_assert(!child->group || child->count == 1 || inside != NULL || skipped, "nothing inside %s is read", tag);
        if (child->group && inside != NULL && inside != table)
            expect_rules(inside, child, 1);
    }
}

/* Every segment that a directory has anywhere in a message has a rule there, if only one that says why it is left. */
Test(edifact, no_segment_is_without_a_rule)
{
    gl_edi_prepare();
    const gl_edi_directory *directory;
    for (size_t e = 0; (directory = gl_edi_directory_at(e)) != NULL; e++) {
        expect_rules(&gl_edi_cusdec, gl_edi_message_of(directory, GL_STR("CUSDEC")), 0);
        const gl_edi_node *manifest = gl_edi_message_of(directory, GL_STR("CUSCAR"));
        for (size_t i = 0; i < manifest->count; i++) {
            gl_edi_node one = *manifest;
            bool consignment = manifest->children[i].number == 7, behind = i > 0 && manifest->children[i].number == 17;
            one.children = &manifest->children[i];
            one.count = 1;
            if (!behind && manifest->children[i].code != GL_EDI_TAG('U', 'N', 'T'))
                expect_rules(consignment ? &gl_edi_cuscar_consignment : &gl_edi_cuscar_header, &one, 0);
        }
    }
}

/* --- directories --- */

Test(edifact, releases_from_95b_to_16b_are_known)
{
    static const char *const known[] = {"95B", "96A", "96B", "97A", "97B", "98A", "98B", "99A",
                                        "99B", "00A", "00B", "01A", "01B", "01C", "02A", "02B",
                                        "03A", "05B", "07A", "10A", "15B", "16A", "16B"};
    static const char *const unknown[] = {"95A", "17A", "93A", "9B", "", "96C", "ABC"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const gl_edi_directory *directory = gl_edi_directory_of(GL_STR("D"), gl_str_of(known[i]));
        cr_assert(directory != NULL, "%s", known[i]);
        cr_assert_not_null(gl_edi_message_of(directory, GL_STR("CUSDEC")), "%s", known[i]);
        cr_assert_not_null(gl_edi_message_of(directory, GL_STR("CUSCAR")), "%s", known[i]);
        cr_assert_not_null(gl_edi_message_of(directory, GL_STR("CUSRES")), "%s", known[i]);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_assert_null(gl_edi_directory_of(GL_STR("D"), gl_str_of(unknown[i])), "%s", unknown[i]);
    cr_assert_null(gl_edi_directory_of(GL_STR("S"), GL_STR("96B")));
}

Test(edifact, an_element_is_found_by_its_number)
{
    uint8_t e = 0, c = 0;
    const gl_edi_directory *old = gl_edi_directory_of(GL_STR("D"), GL_STR("95B")),
                           *late = gl_edi_directory_of(GL_STR("D"), GL_STR("16B"));
    const gl_edi_spec *tdt = gl_edi_spec_of(old, GL_EDI_TAG('T', 'D', 'T'));
    cr_assert(gl_edi_find(tdt, "8178", &e, &c) && e == 4 && c == 2);
    tdt = gl_edi_spec_of(late, GL_EDI_TAG('T', 'D', 'T'));
    cr_assert(gl_edi_find(tdt, "8178", &e, &c) && e == 4 && c == 4);
    cr_assert(gl_edi_find(tdt, "C222.1131", &e, &c) && e == 8 && c == 2);
    const gl_edi_spec *cst = gl_edi_spec_of(late, GL_EDI_TAG('C', 'S', 'T'));
    cr_assert(gl_edi_find(cst, "C246/3.7361", &e, &c) && e == 4 && c == 1);
    cr_assert_not(gl_edi_find(cst, "C246/6.7361", &e, &c));
}

/* --- faults of syntax --- */

typedef struct fault {
    const char *text, *code, *pointer, *value; /* code NULL: accepted */
} fault;

static void expect_fault(const fault *f)
{
    test_read *r = read_edi(f->text);
    cr_log_info("%s", f->text);
    cr_assert_eq(r->count, 1);
    if (f->code == NULL) {
        expect_accepted(&r->at[0]);
    } else {
        expect_error(&r->at[0], f->code, f->pointer, f->value);
        cr_assert(r->at[0].rejected || gl_str_eqz(r->at[0].errors[0].code, f->code));
        for (size_t i = 0; i < r->at[0].error_count; i++)
            edi_expect_resolves(gl_str_of(f->text), &r->at[0].errors[i]);
    }
    test_read_free(r);
}

Test(edifact, faults_in_a_message_are_named)
{
    static const struct {
        const char *header, *item, *code, *pointer, *value;
    } faults[] = {
        {"LOC+22+NL000510'", "", NULL, NULL, NULL},
        {"LOC+22'DTM+137'LOC+35+CN'", "", "segment-misplaced", "message=1;segment=5,LOC", NULL},
        {"XYZ+1'", "", "segment-unknown", "message=1;segment=3,XYZ", NULL},
        {"LIN+1'", "", "segment-misplaced", "message=1;segment=3,LIN", NULL},
        {"lOC+22+NL000510'", "", "segment-unknown", "message=1;segment=3,lOC", NULL},
        {"LOC++NL000510'", "", "element-missing", "message=1;segment=3,LOC;element=1", NULL},
        {"LOC+2222+NL000510'", "", "element-too-long", "message=1;segment=3,LOC;element=1", "2222"},
        {"LOC+22+NL:1:2:3:4:5'", "", "element-unexpected", "message=1;segment=3,LOC;element=2.5", "4"},
        {"LOC+22+NL+++++++1'", "", "element-unexpected", "message=1;segment=3,LOC;element=9", "1"},
        {"FII+PB'FII+PB'", "", "segment-repeated", "message=1;segment=4,FII", NULL},
        {"TOD+3'TOD+3'", "", "group-repeated", "message=1;segment=4,TOD", NULL},
        {"", "PAC+12.5.1'", "element-characters", "message=1;segment=5,PAC;element=1", "12.5.1"},
        {"", "PAC+.5'", "decimal-notation", "message=1;segment=5,PAC;element=1", ".5"},
        {"", "PAC+123456789'", "element-too-long", "message=1;segment=5,PAC;element=1", "123456789"},
        {"", "RFF'", "element-missing", "message=1;segment=5,RFF;element=1.1", NULL},
        {"", "RFF+:X'", "element-missing", "message=1;segment=5,RFF;element=1.1", NULL},
        {"NAD+CN+:1'", "", "element-missing", "message=1;segment=3,NAD;element=2.1", NULL},
        {"LOC+22*23+NL'", "", "element-unexpected", "message=1;segment=3,LOC;element=1", "23"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        expect_fault(
            &(fault){edi_cusdec(faults[i].header, faults[i].item), faults[i].code, faults[i].pointer, faults[i].value});
}

Test(edifact, faults_around_a_message_are_named)
{
    static const fault faults[] = {
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'UNS+D'UNS+S'UNT+4+1'UNZ+1+I'", "segment-missing",
         "message=1;segment=1,UNH", NULL},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929+A'UNS+D'UNS+S'UNT+9+1'UNZ+1+I'", "control-count",
         "message=1;segment=5,UNT;element=1", "9"},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929+A'UNS+D'UNS+S'UNT+5+2'UNZ+1+I'",
         "control-reference", "message=1;segment=5,UNT;element=2", "2"},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929+A'UNS+D'UNS+S'UNZ+1+I'", "segment-missing",
         "message=1;segment=4,UNS", NULL},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929+A'UNS+D'UNS+S'UNT+5+1'UNZ+2+I'", "control-count",
         "segment=7,UNZ;element=1", "2"},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929+A'UNS+D'UNS+S'UNT+5+1'UNZ+1+J'",
         "control-reference", "segment=7,UNZ;element=2", "J"},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929+A'UNS+D'UNS+S'UNT+5+1'", "segment-missing",
         "segment=6,UNT", NULL},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNZ+0+I'", "interchange-empty", "segment=2,UNZ", NULL},
        {"UNB+UNOA:1+S+R+261124:0635+I'BGM+929+A'UNZ+0+I'", "segment-outside-message", "segment=2,BGM", NULL},
        {"UNB+UNOZ:1+S+R+261124:0635+I'UNZ+0+I'", "syntax-unknown", "segment=1,UNB;element=1.1", "UNOZ"},
        {"UNB+UNOA:7+S+R+261124:0635+I'UNZ+0+I'", "syntax-unknown", "segment=1,UNB;element=1.2", "7"},
        {"UNB+UNOA:1++R+261124:0635+I'UNZ+0+I'", "element-missing", "segment=1,UNB;element=2.1", NULL},
        {"UNA::.? 'UNB+UNOA:1+S+R+261124:0635+I'UNZ+0+I'", "service-characters", "segment=0,UNA", "UNA::.? '"},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEC:D:17A:UN'UNT+2+1'UNZ+1+I'", "message-unknown",
         "message=1;segment=1,UNH;element=2.3", "17A"},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CUSDEK:D:96A:UN'UNT+2+1'UNZ+1+I'", "message-unknown",
         "message=1;segment=1,UNH;element=2.1", "CUSDEK"},
        {"UNB+UNOA:1+S+R+261124:0635+I'UNH+1+CONTRL:D:3:UN'UNT+2+1'UNZ+1+I'", "not-a-declaration",
         "message=1;segment=1,UNH;element=2.1", "CONTRL"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        expect_fault(&faults[i]);
}

/* All at once. */
Test(edifact, all_faults_of_a_message_come_together)
{
    test_read *r = read_edi(edi_cusdec("LOC+2222+NL'XYZ+1'DTM+137:20261124:102'CST+1'", "PAC+x'"));
    cr_assert_eq(r->at[0].error_count, 4);
    expect_error(&r->at[0], "element-too-long", "message=1;segment=3,LOC;element=1", "2222");
    expect_error(&r->at[0], "segment-unknown", "message=1;segment=4,XYZ", NULL);
    expect_error(&r->at[0], "segment-misplaced", "message=1;segment=6,CST", NULL);
    expect_error(&r->at[0], "element-characters", "message=1;segment=9,PAC;element=1", "x");
    cr_assert(gl_str_eqz(r->at[0].lrn, "A-1"));
    test_read_free(r);
}

/* Who somebody is is not repeated. */
Test(edifact, what_names_a_person_is_masked)
{
    test_read *r = read_edi(edi_cusdec("NAD+CN+++An extraordinarily long name of a person whom nobody would ever write "
                                       "down in seventy characters'",
                                       ""));
    const gl_rejection_validation_error *e = find_error(&r->at[0], "element-too-long", NULL);
    cr_assert(e != NULL && gl_str_starts(e->value, GL_STR("A\xE2\x80\xA6 (")), "%.*s", GL_STR_ARG(e->value));
    test_read_free(r);
}

/* --- content --- */

Test(edifact, errors_of_content_point_into_the_message)
{
    static const struct {
        const char *header, *item, *code, *pointer, *value;
    } faults[] = {
        {"LOC+35+china'", "", "invalid-code", "message=1;segment=3,LOC;element=2.1", "china"},
        {"DTM+137:20261324:102'", "", "invalid-date", "message=1;segment=3,DTM;element=1.2", "20261324"},
        {"DTM+137:20261124:718'", "", "invalid-date", "message=1;segment=3,DTM;element=1.2", "20261124"},
        {"MOA+39:12:XYZ'", "", "invalid-code", "message=1;segment=3,MOA;element=1.3", "XYZ"},
        {"MOA+39:12:EUR'MOA+77:13:EUR'", "", "duplicate-element", "message=1;segment=4,MOA;element=1.2", "13"},
        {"", "MEA+AAE+AAB+KGM:heavy'", "invalid-number", "message=1;segment=5,MEA;element=3.2", "heavy"},
        {"", "LOC+27+c'", "invalid-code", "message=1;segment=5,LOC;element=2.1", "c"},
        {"FTX+ZZZ+++alone'", "", "missing", "message=1;segment=3,FTX;element=4.1", "alone"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const char *text = edi_cusdec(faults[i].header, faults[i].item);
        test_read *r = read_edi(text);
        const gl_rejection_validation_error *e =
            expect_error(&r->at[0], faults[i].code, faults[i].pointer, faults[i].value);
        edi_expect_resolves(gl_str_of(text), e);
        test_read_free(r);
    }
}

Test(edifact, dates_are_read_by_their_format)
{
    static const char *const dates[][2] = {
        {"DTM+137:261124:101'", "\"declared_date\":\"2026-11-24\""},
        {"DTM+137:202611240635:203'", "\"issue_date_time\":\"2026-11-24T06:35:00.000000Z\""},
        {"DTM+137:20261124063501:204'", "\"issue_date_time\":\"2026-11-24T06:35:01.000000Z\""},
        {"DTM+137:20261124063501CET:304'", "\"issue_date_time\":\"2026-11-24T05:35:01.000000Z\""},
        {"DTM+137:202611240635-05:303'", "\"issue_date_time\":\"2026-11-24T11:35:00.000000Z\""},
        {"DTM+148:202611240635:203'", "\"declared_date\":\"2026-11-24\""},
        {"DTM+36:20261231:102'", "{\"type\":\"date_36\",\"code\":\"20261231 102\"}"}};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        test_read *r = read_edi(edi_cusdec(dates[i][0], ""));
        expect_accepted(&r->at[0]);
        expect_part(r, 0, dates[i][1]);
        test_read_free(r);
    }
}

Test(edifact, parties_and_documents_say_what_they_are)
{
    test_read *r = read_edi(edi_cusdec("DOC+955:PREVIOUS.N+P1'DOC+355:PREVIOUS-N+P2'DOC+C600:AUTHORISATION'", ""));
    expect_error(&r->at[0], "element-too-long", "message=1;segment=5,DOC;element=1.1", "C600");
    test_read_free(r);
    r = read_edi(edi_cusdec("DOC+955:PREVIOUS.N+P1'DOC+355:PREVIOUS-N+P2'NAD+ZZZ+IM5280000012:FISCAL.FR5'"
                            "NAD+WH+W1'NAD+CN++Jan Janssens:Markt 3:3000 Leuven'",
                            ""));
    expect_clean(r, 0);
    expect_part(
        r, 0,
        "{\"kind\":\"PREVIOUS\",\"category_code\":\"N\",\"type_code\":\"955\",\"id\":\"P1\"},{\"kind\":\"PREVIOUS\","
        "\"type_code\":\"N355\",\"id\":\"P2\"}");
    expect_part(
        r, 0,
        "{\"role\":\"FISCAL_REFERENCE\",\"role_code\":\"FR5\",\"id\":\"IM5280000012\"},{\"role\":\"OTHER\","
        "\"role_code\":\"WH\",\"id\":\"W1\"},{\"role\":\"CONSIGNEE\",\"name\":\"Jan Janssens\",\"street\":\"Markt 3 "
        "3000 Leuven\"}");
    test_read_free(r);
}

/* --- interchanges --- */

#define CUSDEC(ref, lrn, function)                                                                                     \
    "UNH+" ref "+CUSDEC:D:96B:UN'BGM+929:::IMA+" lrn "+" function "'UNS+D'CST+1+090240:122'UNS+S'UNT+6+" ref "'"
#define CANCEL(ref, lrn, rff) "UNH+" ref "+CUSDEC:D:96B:UN'BGM+830:::EXA+" lrn "+1'" rff "UNS+D'UNS+S'"

Test(edifact, an_interchange_has_many_messages_of_mixed_types)
{
    test_read *r = read_edi("UNB+UNOC:3+S+R+261124:0635+I1'\r\n" CUSDEC(
        "1", "A-1",
        "9") "\r\n"
             "UNH+2+CUSRES:D:96B:UN'BGM+962'UNT+3+2'" CUSDEC(
                 "3", "A-3",
                 "5") "UNH+4+CUSCAR:D:96B:UN'BGM+785+M1+9'CNI+1+H1'RFF+HWB:H1'GID+1'CNI+2+H2'RFF+HWB:H2'GID+1'"
                      "UNT+9+4'UNZ+4+I1'\nUNB+UNOC:3+S+R+261124:0635+I2'" CUSDEC("1", "B-1", "9") "UNZ+1+I2'");
    cr_assert_eq(r->count, 6);
    expect_accepted(&r->at[0]);
    expect_error(&r->at[1], "not-a-declaration", "message=2;segment=1,UNH;element=2.1", "CUSRES");
    expect_accepted(&r->at[2]);
    expect_part(r, 2, "\"function_code\":\"4\"");
    expect_accepted(&r->at[3]);
    expect_accepted(&r->at[4]);
    cr_assert(gl_str_eqz(r->at[4].lrn, "H2"));
    expect_accepted(&r->at[5]);
    cr_assert_eq(r->at[5].envelope->interchange, 2);
    cr_assert(gl_str_eqz(r->at[5].envelope->reference, "I2"));
    cr_assert(gl_str_eqz(r->at[2].envelope->message_reference, "3"));
    for (size_t i = 0; i < r->count; i++)
        cr_assert_eq(r->at[i].position, (int64_t)i + 1);
    test_read_free(r);
}

/* One bad message does not hold up the others. */
Test(edifact, a_message_with_faults_is_refused_alone)
{
    test_read *r = read_edi("UNB+UNOC:3+S+R+261124:0635+I1'" CUSDEC(
        "1", "A-1", "9") "UNH+2+CUSDEC:D:96B:UN'BGM+929:::IMA+A-2+9'CST+1+090240:122'UNT+4+2'" CUSDEC("3", "A-3",
                                                                                                      "9") "UNZ+3+I1'");
    cr_assert_eq(r->count, 3);
    expect_accepted(&r->at[0]);
    expect_accepted(&r->at[2]);
    cr_assert(r->at[1].rejected);
    expect_error(&r->at[1], "segment-missing", "message=2;segment=3,CST", NULL);
    cr_assert(gl_str_eqz(r->at[1].lrn, "A-2"));
    test_read_free(r);
}

Test(edifact, an_interchange_with_faults_is_refused_whole)
{
    test_read *r = read_edi("UNB+UNOC:3+S+R+261124:0635+I1'" CUSDEC("1", "A-1", "9") CUSDEC(
        "2", "A-2", "9") "UNZ+3+I1'UNB+UNOC:3+S+R+261124:0635+I2'" CUSDEC("1", "B-1", "9") "UNZ+1+I2'");
    cr_assert_eq(r->count, 2);
    cr_assert_eq(r->at[0].envelope->message, 0);
    expect_error(&r->at[0], "control-count", "segment=14,UNZ;element=1", "3");
    expect_accepted(&r->at[1]);
    test_read_free(r);
}

Test(edifact, groups_of_messages_are_counted)
{
    static const char *const head = "UNB+UNOC:3+S+R+261124:0635+I1'UNG+CUSDEC+S+R+261124:0635+G1+UN+D:96B'";
    char text[4096];
    snprintf(text, sizeof text, "%s%sUNE+1+G1'UNZ+1+I1'", head, CUSDEC("1", "A-1", "9"));
    test_read *r = read_edi(text);
    cr_assert_eq(r->count, 1);
    expect_accepted(&r->at[0]);
    test_read_free(r);
    snprintf(text, sizeof text, "%s%sUNE+2+G2'UNZ+1+I1'", head, CUSDEC("1", "A-1", "9"));
    r = read_edi(text);
    expect_error(&r->at[0], "control-count", "segment=9,UNE;element=1", "2");
    expect_error(&r->at[0], "control-reference", "segment=9,UNE;element=2", "G2");
    test_read_free(r);
}

Test(edifact, a_reference_is_used_once)
{
    test_read *r = read_edi("UNB+UNOC:3+S+R+261124:0635+I1'" CUSDEC("1", "A-1", "9") CUSDEC("2", "A-2", "9")
                                CUSDEC("1", "A-3", "9") "UNZ+3+I1'");
    cr_assert_eq(r->count, 3);
    expect_accepted(&r->at[0]);
    expect_accepted(&r->at[1]);
    expect_error(&r->at[2], "control-reference-repeated", "message=3;segment=1,UNH;element=1", "1");
    test_read_free(r);
}

Test(edifact, cancellations_name_the_declaration)
{
    test_read *r = read_edi("UNB+UNOC:3+S+R+261124:0635+I1'" CANCEL("1", "A-1", "") "UNT+5+1'" CANCEL(
        "2", "A-2", "RFF+ABT:26NL00051012345678'") "UNT+6+2'"
                                                   "UNH+3+CUSCAR:D:96B:UN'BGM+785+M1+3'CNI+1+H1'RFF+HWB:H1'GID+1'UNT+6+"
                                                   "3'UNZ+3+I1'");
    cr_assert_eq(r->count, 3);
    expect_accepted(&r->at[0]);
    cr_assert(r->at[0].event != NULL && gl_str_eqz(r->at[0].event->lrn, "A-1") && r->at[0].event->mrn.len == 0);
    cr_assert_eq(r->at[0].event->family, GL_DECLARATION_FAMILY_EXPORT);
    expect_error(&r->at[1], "invalid-code", "message=2;segment=3,RFF;element=1.2", "26NL00051012345678");
    expect_accepted(&r->at[2]);
    cr_assert(r->at[2].event != NULL && gl_str_eqz(r->at[2].event->lrn, "H1"));
    test_read_free(r);
}

Test(edifact, what_is_no_original_amendment_or_cancellation_is_refused)
{
    test_read *r =
        read_edi("UNB+UNOC:3+S+R+261124:0635+I1'" CUSDEC("1", "A-1", "36") CUSDEC("2", "A-2", "31") "UNZ+2+I1'");
    expect_error(&r->at[0], "amendment-not-supported", "message=1;segment=2,BGM;element=3", "36");
    expect_error(&r->at[1], "invalid-code", "message=2;segment=2,BGM;element=3", "31");
    test_read_free(r);
}

/* --- characters --- */

Test(edifact, character_sets_become_utf8)
{
    static const struct {
        const char *set, *bytes, *want;
    } sets[] = {{"UNOC", "Z\xFCrich", "Z\xC3\xBCrich"},
                {"UNOD",
                 "\xC8"
                 "esko",
                 "\xC4\x8C"
                 "esko"},
                {"UNOE", "\xBC\xDE\xE1\xDA\xD2\xD0", "\xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0"},
                {"UNOF", "\xC1\xE8\xDE\xED\xE1", "\xCE\x91\xCE\xB8\xCE\xAE\xCE\xBD\xCE\xB1"},
                {"UNOY", "Z\xC3\xBCrich", "Z\xC3\xBCrich"},
                {"UNOC", "A??B?'C?:D?+E", "A?B'C:D+E"}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "UNB+%s:3+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929:::IMA+A-1+9'NAD+CN+++%s'UNS+D'"
                 "CST+1+090240:122'UNS+S'UNT+7+1'UNZ+1+I'",
                 sets[i].set, sets[i].bytes);
        test_read *r = read_edi(text);
        expect_clean(r, 0);
        cr_assert(gl_str_eqz(r->at[0].declaration.parties.at[0].name, sets[i].want), "%s", sets[i].set);
        test_read_free(r);
    }
}

Test(edifact, characters_that_the_set_does_not_have_are_named)
{
    static const char *const head = "UNB+UNOA:3+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929:::IMA+A-1+9'";
    static const char *const tail = "UNS+D'CST+1+090240:122'UNS+S'UNT+7+1'UNZ+1+I'";
    char text[1024];
    snprintf(text, sizeof text, "%sLOC+35+cn'%s", head, tail);
    test_read *r = read_edi(text);
    cr_assert(!find_error(&r->at[0], "encoding", NULL));
    snprintf(text, sizeof text, "%sFTX+ACB+++caf\xE9'%s", head, tail);
    test_read_free(r);
    r = read_edi(text);
    cr_assert(r->at[0].rejected);
    cr_assert_not_null(find_error(&r->at[0], "encoding", "message=1;segment=3,FTX;element=4.1"));
    snprintf(text, sizeof text, "%sFTX+ACB+++small'%s", head, tail);
    test_read_free(r);
    r = read_edi(text);
    expect_accepted(&r->at[0]);
    expect_error(&r->at[0], "character-set", "message=1;segment=3,FTX;element=4.1", "small");
    test_read_free(r);
}

Test(edifact, control_characters_are_in_no_set)
{
    static const char text[] = "UNB+UNOC:3+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929:::IMA+A-1+9'"
                               "FTX+ACB+++a?\0b'UNS+D'CST+1+090240:122'UNS+S'UNT+7+1'UNZ+1+I'";
    char with_bell[sizeof text];
    test_read *r = read_from(GL_FORMAT_EDIFACT, "", (gl_str){text, sizeof text - 1}, 0, 0);
    cr_assert(r->at[0].rejected);
    cr_assert_not_null(find_error(&r->at[0], "encoding", "message=1;segment=3,FTX;element=4.1"));
    test_read_free(r);
    memcpy(with_bell, text, sizeof text);
    memcpy(memchr(with_bell, '?', sizeof text), "\a\a", 2);
    r = read_edi(with_bell);
    cr_assert_not_null(find_error(&r->at[0], "character-set", "message=1;segment=3,FTX;element=4.1"));
    cr_assert_not_null(find_error(&r->at[0], "control-character", "message=1;segment=3,FTX;element=4.1"));
    test_read_free(r);
}

Test(edifact, a_procedure_is_not_cut_within_a_character)
{
    test_read *r = read_edi("UNB+UNOC:3+S+R+261124:0635+I'UNH+1+CUSDEC:D:96B:UN'BGM+929:::IMA+A-1+9'UNS+D'"
                            "CST+1+090240:122+4\xE9"
                            "0:117'UNS+S'UNT+6+1'UNZ+1+I'");
    cr_assert(r->at[0].rejected);
    cr_assert_not_null(find_error(&r->at[0], "invalid-code", "message=1;segment=4,CST;element=3.1"));
    test_read_free(r);
}

Test(edifact, una_gives_other_marks)
{
    test_read *r = read_edi("UNA|~,! #\r\nUNB~UNOC|3~S~R~261124|0635~I#\nUNH~1~CUSDEC|D|96B|UN#BGM~929|||IMA~A-1~9#"
                            "FTX~ACB~~~a!~b!#c:d+e'f#MOA~39|12,50|EUR#UNS~D#CST~1~090240|122#UNS~S#UNT~8~1#UNZ~1~I#");
    cr_assert_eq(r->count, 1);
    expect_clean(r, 0);
    expect_part(r, 0, "\"invoice_amount\":{\"amount\":\"12.50\",\"currency\":\"EUR\"}");
    expect_part(r, 0, "a~b#c:d+e'f");
    test_read_free(r);
}

/* --- limits, and going on --- */

Test(edifact, a_declaration_has_a_limit_and_a_manifest_none)
{
    gl_buf text = {0};
    gl_buf_text(&text, "UNB+UNOC:3+S+R+261124:0635+I1'UNH+1+CUSCAR:D:96B:UN'BGM+785+M1+9'");
    for (int i = 1; i <= 9000; i++)
        gl_buf_printf(&text, "CNI+%d+H%d'RFF+HWB:H%d'GID+1+1:CT'FTX+AAA+++green tea'", i, i, i);
    gl_buf_printf(&text, "UNT+%d+1'UNH+2+CUSDEC:D:96B:UN'BGM+929:::IMA+A-1+9'UNS+D'", 3 + 9000 * 4);
    for (int i = 1; i <= 9000; i++)
        gl_buf_printf(&text, "CST+%d+090240:122'FTX+AAA+++green tea'", i);
    gl_buf_printf(&text, "UNS+S'UNT+%d+2'UNZ+2+I1'", 5 + 9000 * 2);
    gl_arena *arena = gl_arena_new(0), *each = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_EDIFACT, GL_STR(""), gl_buf_view(&text), 0, 0, &err);
    for (int i = 0; i < 9000; i++) {
        cr_assert(gl_reader_next(reader, each, &intake));
        expect_accepted(&intake);
        gl_arena_reset(each);
    }
    cr_assert(gl_reader_next(reader, each, &intake) && intake.rejected);
    expect_error(&intake, "too-large", "message=2;segment=1,UNH", NULL);
    cr_assert_not(gl_reader_next(reader, each, &intake));
    cr_assert_lt(gl_arena_reserved_bytes(arena), 1 << 20);
    gl_reader_close(reader);
    gl_arena_destroy(each);
    gl_arena_destroy(arena);
    gl_buf_free(&text);
}

Test(edifact, a_file_is_gone_on_with_from_any_entry)
{
    static const char *const files[] = {"samples/cuscar.edi", "samples/cusdec.edi"};
    gl_buf text = {0};
    gl_buf_text(&text, "\xEF\xBB\xBF"); /* the place of an interchange is looked for behind it, too */
    for (size_t i = 0; i < 4; i++) {
        gl_buf_str(&text, edi_load(files[i % 2]));
        gl_buf_text(&text, "UNB+UNOC:3+S+R+261124:0635+1'\n"); /* it has no end: refused, not what follows */
    }
    test_read *all = read_from(GL_FORMAT_EDIFACT, "", gl_buf_view(&text), 0, 0);
    cr_assert_eq(all->count, 10);
    for (size_t i = 0; i < all->count; i++) {
        test_read *rest =
            read_from(GL_FORMAT_EDIFACT, "", gl_buf_view(&text), all->at[i].next_offset, all->at[i].position + 1);
        cr_assert_eq(rest->count, all->count - i - 1);
        for (size_t k = 0; k < rest->count; k++) {
            cr_assert(gl_str_eq(rest->at[k].lrn, all->at[i + 1 + k].lrn));
            cr_assert_eq(rest->at[k].position, all->at[i + 1 + k].position);
            cr_assert_str_eq(canonical_text(rest, k), canonical_text(all, i + 1 + k));
        }
        test_read_free(rest);
    }
    test_read_free(all);
    gl_buf_free(&text);
}

/* Each is written as CUSDEC and read again; how many there are. */
static size_t expect_again(test_read *r)
{
    for (size_t i = 0; i < r->count; i++) {
        gl_difference lost[1];
        gl_written w = {.lost = lost, .limit = 1, .why = GL_STR("")};
        gl_buf buf = {0};
        expect_accepted(&r->at[i]);
        cr_assert(gl_edi_write_checked(&buf, r->arena, &r->at[i].declaration, &w), "%.*s", GL_STR_ARG(w.why));
        cr_assert_eq(w.count, 0, "%.*s: %.*s", GL_STR_ARG(r->at[i].lrn), GL_STR_ARG(lost[0].path));
        gl_buf_free(&buf);
    }
    size_t count = r->count;
    test_read_free(r);
    return count;
}

Test(edifact, what_was_read_is_written_and_read_again)
{
    static const char *const files[] = {"samples/cusdec.edi",           "samples/cuscar.edi",
                                        CORPUS "groups_cusdec_96b.edi", CORPUS "groups_cusdec_16b.edi",
                                        CORPUS "groups_cuscar_96b.edi", CORPUS "groups_cuscar_16b.edi"};
    size_t written = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        gl_str bytes;
        written += expect_again(read_file(files[i], &bytes));
    }
    cr_assert_eq(written, 7);
}

/* Lengths are of characters, not of bytes; what is too long for GEI is in CST. */
Test(edifact, long_codes_and_others_than_ascii_are_written_and_read_again)
{
    test_read *r = read_edi("UNB+UNOC:3+S+R+261124:0635+1'UNH+1+CUSDEC:D:16B:UN'BGM+929:::IMA+A-1+9'"
                            "RFF+\xE9\xE6:R1'DOC+\xE9\xE6\xE9+D1'DOC+\xE9:PREVIOUS-\xE6\xE9+D2'NAD+\xFB\xE6+++Name'"
                            "UNS+D'CST+1+090240:122+17110:127+24100:112'UNS+S'UNT+10+1'UNZ+1+1'");
    expect_part(r, 0, "\"role_code\":\"\xC3\xBB\xC3\xA6\"");
    cr_assert_eq(expect_again(r), 1);
}

Test(edifact, it_is_told_from_other_formats)
{
    cr_assert_eq(gl_format_detect(GL_STR("UNA:+.? '\r\nUNB+UNOC:3+S+R'")), GL_FORMAT_EDIFACT);
    cr_assert_eq(gl_format_detect(GL_STR("\r\nUNB+UNOC:3+S+R'")), GL_FORMAT_EDIFACT);
    cr_assert_eq(gl_format_detect(GL_STR("UNB,UNOC\n1,2\n")), GL_FORMAT_CSV);
    cr_assert_eq(gl_format_detect(GL_STR("UNATTENDED,UNOC\n1,2\n")), GL_FORMAT_CSV);
    cr_assert_eq(gl_format_of_content_type(GL_STR("application/EDIFACT; charset=utf-8")), GL_FORMAT_EDIFACT);
    cr_assert_eq(gl_format_of_content_type(GL_STR("application/edifact")), GL_FORMAT_EDIFACT);
    cr_assert_eq(gl_format_of_name(GL_STR("a.EDI")), GL_FORMAT_EDIFACT);
    cr_assert_eq(gl_format_of_name(GL_STR("a.edifact")), GL_FORMAT_EDIFACT);
}
