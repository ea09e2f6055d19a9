/* The same answers as JSON, as WCO responses and as a CSV of errors. */
#include <criterion/criterion.h>

#include "customs/test_response.h"
#include "ingest/answers.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    xmlCleanupParser();
    gl_arena_destroy(arena);
}

TestSuite(answers, .init = set_up, .fini = tear_down);

static const int64_t NOW_US = INT64_C(1795521600) * 1000000; /* 2026-11-24T12:00:00Z */

#define ITEM_2                                                                                                         \
    "/*[local-name()='Declaration']/*[local-name()='GoodsShipment']/*[local-name()='GovernmentAgencyGoodsItem'][2]"

static const gl_rejection_validation_error ERRORS[] = {
    {.code = GL_STR("unknown-code"),
     .severity = GL_REJECTION_SEVERITY_ERROR,
     .pointer = GL_STR("cell=7,2"),
     .field = GL_STR("items.origin_country_id"),
     .value = GL_STR("=HYPERLINK(\"http://x\")"),
     .allowed = GL_STR("a code of countries"),
     .text = GL_STR("no country, at all"),
     .hint = GL_STR("did you mean \"CN\"?")},
    {.code = GL_STR("no-mass"),
     .severity = GL_REJECTION_SEVERITY_WARNING,
     .pointer = GL_STR("row=8"),
     .text = GL_STR("the gross mass is zero")},
    {.code = GL_STR("too-long"),
     .severity = GL_REJECTION_SEVERITY_ERROR,
     .pointer = GL_STR(ITEM_2 "/*[local-name()='Commodity']/*[local-name()='Description']"),
     .value = GL_STR("<b> & \x01 \xff"),
     .text = GL_STR("a text & more")},
};

static const gl_str NAMES[] = {{"Parcel", 6}, {"=Origin", 7}};
#define TABLE                                                                                                          \
    {                                                                                                                  \
        NAMES, 2                                                                                                       \
    }

static const gl_answer ACCEPTED = {.position = 1,
                                   .lrn = GL_STR("A<1>"),
                                   .mrn = GL_STR("26BE0123456789ABR4"),
                                   .taken = true,
                                   .accepted_us = INT64_C(1795521599000000)};
static const gl_answer REJECTED = {
    .position = 2, .lrn = GL_STR("A-2"), .errors = ERRORS, .error_count = 3, .columns = TABLE};
static const gl_answer WARNED = {
    .position = 3, .mrn = GL_STR("26BE0123456789ABR4"), .taken = true, .errors = ERRORS + 1, .error_count = 1};
static const gl_answer CANCELLED = {.position = 4, .event_id = GL_STR("cancel-1"), .taken = true};
static const gl_answer AGAIN = {.position = 5,
                                .lrn = GL_STR("A-5"),
                                .mrn = GL_STR("26BE0123456789ABR4"),
                                .taken = true,
                                .amendment = true,
                                .duplicate = true,
                                .duplicate_pending = true,
                                .first_status = GL_STR("HELD")};

static gl_str written(gl_answer_form form, bool rejected_only, const gl_answer *const *answers)
{
    gl_buf *buf = GL_NEW(arena, gl_buf);
    *buf = gl_buf_in(arena);
    gl_answer_writer writer = {
        .buf = buf, .form = form, .rejected_only = rejected_only, .account = "hub-1", .now_us = NOW_US};
    gl_answers_begin(&writer);
    for (; *answers != NULL; answers++)
        gl_answers_add(&writer, *answers);
    gl_answers_end(&writer);
    return gl_buf_view(buf);
}

static const gl_answer *const ALL[] = {&ACCEPTED, &REJECTED, &WARNED, &CANCELLED, &AGAIN, NULL};

/* -- CSV ---------------------------------------------------------------------------------------------------------- */

Test(answers, a_line_an_error)
{
    static const gl_answer *const some[] = {&ACCEPTED, &REJECTED, NULL};
    gl_str csv = written(GL_ANSWER_CSV, false, some);
    static const char want[] =
        "lrn,mrn,status,row,column,column_name,code,severity,value,allowed,text,hint,position,pointer\r\n"
        "A<1>,26BE0123456789ABR4,accepted,,,,,,,,,,1,\r\n"
        "A-2,,rejected,7,2,'=Origin,unknown-code,error,\"'=HYPERLINK(\"\"http://x\"\")\",a code of countries,"
        "\"no country, at all\",\"did you mean \"\"CN\"\"?\",2,\"cell=7,2\"\r\n"
        "A-2,,rejected,8,,,no-mass,warning,,,the gross mass is zero,,2,row=8\r\n"
        "A-2,,rejected,,,,too-long,error,<b> & \x01 \xff,,a text & more,,2," ITEM_2
        "/*[local-name()='Commodity']/*[local-name()='Description']\r\n";
    cr_assert(gl_str_eqz(csv, want), "%.*s", GL_STR_ARG(csv));
}

Test(answers, only_the_rejected_ones)
{
    gl_str csv = written(GL_ANSWER_CSV, true, ALL);
    cr_assert_eq(memmem(csv.ptr, csv.len, "accepted", 8), NULL);
    size_t lines = 0;
    for (size_t i = 0; i < csv.len; i++)
        lines += csv.ptr[i] == '\n';
    cr_assert_eq(lines, 4, "the header and three errors");
    gl_str json = written(GL_ANSWER_JSON, true, ALL);
    static const char end[] = "],\"accepted\":4,\"rejected\":1}\n";
    cr_assert(json.len > sizeof end && memcmp(json.ptr + json.len - (sizeof end - 1), end, sizeof end - 1) == 0);
    xmlDoc *doc = response_parse(written(GL_ANSWER_XML, true, ALL));
    cr_assert_str_eq(response_text(arena, doc, "count(//r:Response)"), "1");
    xmlFreeDoc(doc);
}

/* {what a sender wrote, the cell} */
static const char *const FORMULAS[][2] = {
    {"=1+1", "'=1+1"},
    {"+49 10", "'+49 10"},
    {"-5.0", "'-5.0"},
    {"@SUM(A1)", "'@SUM(A1)"},
    {"a=b", "a=b"},
    {"", ""},
    {" =1", "\" '=1\""},
    {"\t=1", "\"\t'=1\""},
    {"\r\n@x", "\"\r\n'@x\""},
    {"a;=cmd|' /C calc'!A0", "\"a;'=cmd|' /C calc'!A0\""},
    {"a; \t-1", "\"a; \t'-1\""},
    {"a\n=1", "\"a\n'=1\""},
    {"a,=1", "\"a,=1\""}, /* within quotes a comma ends no cell */
    {"\"=1", "\"\"\"=1\""},
    {"\xEF\xBC\x9D"
     "1",
     "'\xEF\xBC\x9D"
     "1"},
    {"\xEF\xBC\xA0x", "'\xEF\xBC\xA0x"},
    {"\xEF\xBC", "\xEF\xBC"},
    {"'=1", "'=1"},
};

Test(answers, no_cell_begins_a_formula)
{
    for (size_t i = 0; i < sizeof FORMULAS / sizeof *FORMULAS; i++) {
        gl_rejection_validation_error error = {.code = GL_STR("c"), .value = gl_str_of(FORMULAS[i][0])};
        const gl_answer answer = {.position = 1, .errors = &error, .error_count = 1}, *const one[] = {&answer, NULL};
        gl_str csv = written(GL_ANSWER_CSV, false, one);
        const char *want = gl_arena_printf(arena, "\r\n,,rejected,,,,c,error,%s,,,,1,\r\n", FORMULAS[i][1]);
        cr_expect(memmem(csv.ptr, csv.len, want, strlen(want)) != NULL, "%s in %.*s", want, GL_STR_ARG(csv));
    }
}

Test(answers, places_of_a_table)
{
    static const char *const cases[][2] = {{"cell=1,1", ",1,1,Parcel,"},
                                           {"cell=7,3", ",7,3,,"}, /* beyond the header */
                                           {"row=9223372036854775807", ",9223372036854775807,,,"},
                                           {"row=9223372036854775808", ",,,,"},
                                           {"row=", ",,,,"},
                                           {"cell=x,1", ",,,,"},
                                           {"cell=1,x", ",,,,"},
                                           {"cell=1", ",,,,"},
                                           {"sheet=a b;cell=B5", ",5,2,'=Origin,"},
                                           {"sheet=a%3Bb;cell=AA10", ",10,27,,"},
                                           {"sheet=x;row=5", ",5,,,"},
                                           {"entry=day 1/p.csv;cell=5,1", ",5,1,Parcel,"},
                                           {"entry=w.xlsx;sheet=S;cell=A3", ",3,1,Parcel,"},
                                           {"entry=a.json;/2", ",,,,"},
                                           {"cell=ZZZZZZZZZZZZZZZZ1", ",,,,"},
                                           {"cell=5,1x", ",,,,"},
                                           {"/items/0", ",,,,"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gl_rejection_validation_error error = {.code = GL_STR("c"), .pointer = gl_str_of(cases[i][0])};
        const gl_answer answer = {.position = 1, .errors = &error, .error_count = 1, .columns = TABLE}, *const one[] = {
                                                                                                            &answer,
                                                                                                            NULL};
        gl_str csv = written(GL_ANSWER_CSV, false, one);
        const char *want = gl_arena_printf(arena, ",rejected%sc,", cases[i][1]);
        cr_expect(memmem(csv.ptr, csv.len, want, strlen(want)) != NULL, "%s in %.*s", want, GL_STR_ARG(csv));
    }
}

/* -- XML ---------------------------------------------------------------------------------------------------------- */

#define RESPONSE(n) "//r:Response[" n "]"
/* Of the second response's statements about its error `n`. */
#define SAID(code, n)                                                                                                  \
    RESPONSE("2")                                                                                                      \
    "/r:AdditionalInformation[r:StatementCode='" code "'][r:Pointer/r:DocumentSectionCode='53A'][r:Pointer/"           \
    "r:SequenceNumeric=" n "]/r:StatementDescription"

Test(answers, responses_of_the_data_model)
{
    xmlDoc *doc = response_parse(written(GL_ANSWER_XML, false, ALL));
    static const char *const cases[][2] = {
        {"count(//r:Response)", "5"},
        {RESPONSE("1") "/r:FunctionCode", "01"},
        {RESPONSE("1") "/r:IssueDateTime/ds:DateTimeString", "20261124120000Z"},
        {RESPONSE("1") "/r:Declaration/r:FunctionalReferenceID", "A<1>"},
        {RESPONSE("1") "/r:Declaration/r:ID", "26BE0123456789ABR4"},
        {"count(" RESPONSE("1") "/r:Declaration/r:AcceptanceDateTime)", "1"},
        {"count(" RESPONSE("1") "/r:Error)", "0"},
        {RESPONSE("2") "/r:FunctionCode", "03"},
        {RESPONSE("2") "/r:AdditionalInformation[r:StatementCode='position']/r:StatementDescription", "2"},
        {"count(" RESPONSE("2") "/r:Error)", "2"}, /* a warning is none */
        {"count(" RESPONSE("2") "/r:Declaration/r:ID)", "0"},
        {"count(" RESPONSE("2") "/r:Declaration/r:RejectionDateTime)", "1"},
        {RESPONSE("2") "/r:Error[1]/r:ValidationCode", "GL-UCODE"},
        {RESPONSE("2") "/r:Error[1]/r:Description", "no country, at all"},
        {RESPONSE("2") "/r:Error[1]/r:Pointer[3]/r:DocumentSectionCode", "68A"},
        {RESPONSE("2") "/r:Error[2]/r:ValidationCode", "GL-LONG"},
        {"count(" RESPONSE("2") "/r:Error[2]/r:Pointer)", "4"},
        {RESPONSE("2") "/r:Error[2]/r:Pointer[1]/r:DocumentSectionCode", "42A"},
        {RESPONSE("2") "/r:Error[2]/r:Pointer[3]/r:SequenceNumeric", "2"},
        {RESPONSE("2") "/r:Error[2]/r:Pointer[4]/r:DocumentSectionCode", "23A"},
        {RESPONSE("2") "/r:Error[2]/r:Pointer[4]/r:TagID", "137"},
        {SAID("code", "1"), "unknown-code"},
        {SAID("pointer", "1"), "cell=7,2"},
        {SAID("field", "1"), "items.origin_country_id"},
        {SAID("value", "1"), "=HYPERLINK(\"http://x\")"},
        {SAID("allowed", "1"), "a code of countries"},
        {SAID("hint", "1"), "did you mean \"CN\"?"},
        {SAID("pointer", "2"), ITEM_2 "/*[local-name()='Commodity']/*[local-name()='Description']"},
        {SAID("value", "2"), "<b> & \xEF\xBF\xBD \xEF\xBF\xBD"},
        {"count(" SAID("hint", "2") ")", "0"},
        {RESPONSE("3") "/r:FunctionCode", "01"},
        {RESPONSE("3") "/r:AdditionalInformation[r:StatementCode='warning']/r:StatementDescription",
         "the gross mass is zero"},
        {RESPONSE(
             "3") "/r:AdditionalInformation[r:StatementCode='code'][r:Pointer/r:DocumentSectionCode='03A'][r:Pointer/"
                  "r:SequenceNumeric=1]/r:StatementDescription",
         "no-mass"},
        {"count(" RESPONSE("3") "/r:Declaration/r:FunctionalReferenceID)", "0"},
        {RESPONSE("4") "/r:FunctionCode", "02"},
        {RESPONSE("4") "/r:AdditionalInformation[r:StatementCode='event']/r:StatementDescription", "cancel-1"},
        {RESPONSE("5") "/r:FunctionCode", "01"},
        {"count(" RESPONSE(
             "5") "/r:AdditionalInformation[r:StatementCode='amendment' or r:StatementCode='duplicate' or "
                  "r:StatementCode='duplicate-pending'])",
         "3"},
        {RESPONSE("5") "/r:AdditionalInformation[r:StatementCode='first-status']/r:StatementDescription", "HELD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(response_text(arena, doc, cases[i][0]), cases[i][1], "%s: %s", cases[i][0],
                         response_text(arena, doc, cases[i][0]));
    xmlFreeDoc(doc);
}

/* A statement has 512 characters: a longer pointer or value goes on in the next one, and nothing of it is lost. */
Test(answers, long_texts_go_on)
{
    gl_buf value = gl_buf_in(arena);
    gl_buf_text(&value, "x");
    while (value.len < 1023)
        gl_buf_text(&value, "\xC3\xA9"); /* two bytes: one is cut at neither 512 nor 1024 */
    gl_rejection_validation_error error = {.code = GL_STR("too-long"),
                                           .severity = GL_REJECTION_SEVERITY_ERROR,
                                           .value = gl_buf_view(&value),
                                           .text = gl_buf_view(&value)};
    const gl_answer answer = {.position = 1, .errors = &error, .error_count = 1}, *const one[] = {&answer, NULL};
    xmlDoc *doc = response_parse(written(GL_ANSWER_XML, false, one));
    gl_buf read = gl_buf_in(arena);
    for (int i = 1; i <= 4; i++)
        gl_buf_text(&read, response_text(arena, doc,
                                         gl_arena_printf(arena,
                                                         "//r:AdditionalInformation[r:StatementCode='value'][%d]/"
                                                         "r:StatementDescription",
                                                         i)));
    cr_assert(gl_str_eq(gl_buf_view(&read), gl_buf_view(&value)));
    cr_assert_str_eq(response_text(arena, doc, "string-length(//r:Error/r:Description)"), "256");
    xmlFreeDoc(doc);
}

Test(answers, responses_are_valid_against_the_published_schemas)
{
    xmlSchema *schema = response_schema(arena);
    if (schema == NULL)
        cr_skip_test("skipped: the published schemas are not there (GREENLANE_DATA)");
    xmlDoc *doc = response_parse(written(GL_ANSWER_XML, false, ALL));
    cr_assert_eq(response_wrong(schema, doc), 0);
    xmlFreeDoc(doc);
    /* The check itself can fail. */
    gl_str xml = written(GL_ANSWER_XML, false, ALL);
    char *changed = gl_arena_strndup(arena, xml.ptr, xml.len);
    memcpy(strstr(changed, "<FunctionCode>01"), "<FunctionCode>xx", 16);
    doc = response_parse(gl_str_of(changed));
    cr_assert_neq(response_wrong(schema, doc), 0);
    xmlFreeDoc(doc);
    xmlSchemaFree(schema);
}

/* -- ICS ---------------------------------------------------------------------------------------------------------- */

static const gl_rejection_validation_error ICS_ERRORS[] = {
    {.code = GL_STR("ens-8107"),
     .severity = GL_REJECTION_SEVERITY_ERROR,
     .pointer = GL_STR("/*[local-name()='CC315A']/*[local-name()='HEAHEA']"),
     .text = GL_STR("Transport by ship names the ship")},
    {.code = GL_STR("item-count"), .severity = GL_REJECTION_SEVERITY_WARNING, .pointer = GL_STR("/")},
    {.code = GL_STR("invalid-number"),
     .severity = GL_REJECTION_SEVERITY_ERROR,
     .pointer = GL_STR("/*[local-name()='CC315A']/*[local-name()='GOOITEGDS'][2]/*[local-name()='GroMasGDS46']"),
     .value = GL_STR("<1")},
    {.code = GL_STR("ens-8206"), .severity = GL_REJECTION_SEVERITY_ERROR, .pointer = GL_STR("")},
};

static gl_str written_single(const gl_answer *answer)
{
    gl_buf *buf = GL_NEW(arena, gl_buf);
    *buf = gl_buf_in(arena);
    gl_answer_writer writer = {.buf = buf, .form = GL_ANSWER_XML, .account = "hub-1", .now_us = NOW_US, .single = true};
    gl_answers_begin(&writer);
    gl_answers_add(&writer, answer);
    gl_answers_end(&writer);
    return gl_buf_view(buf);
}

static void expect_texts(xmlDoc *doc, const char *const (*cases)[2])
{
    for (; (*cases)[0] != NULL; cases++)
        cr_expect_str_eq(response_text(arena, doc, (*cases)[0]), (*cases)[1], "%s: %s", (*cases)[0],
                         response_text(arena, doc, (*cases)[0]));
    xmlFreeDoc(doc);
}

Test(answers, a_rejected_entry_summary_is_told_as_ics_tells_it)
{
    static const char *const cases[][2] = {{"local-name(/*)", "CC316A"},
                                           {"namespace-uri(/*)", "http://ics.dgtaxud.ec/CC316A"},
                                           {"/*/MesRecMES6", "GB1/0000000001"},
                                           {"/*/DatOfPreMES9", "261124"},
                                           {"/*/TimOfPreMES10", "1200"},
                                           {"string-length(/*/MesIdeMES19)", "14"},
                                           {"/*/CorIdeMES25", "M-1"},
                                           {"/*/HEAHEA/RefNumHEA4", "E-1"},
                                           {"/*/HEAHEA/DecRejDatTimHEA116", "202611241200"},
                                           {"/*/HEAHEA/DecRejReaHEA252", "3 errors: Transport by ship names the ship"},
                                           {"count(//FUNERRER1)", "3"},
                                           {"//FUNERRER1[1]/ErrTypER11", "13"},
                                           {"//FUNERRER1[1]/ErrPoiER12", "/CC315A/HEAHEA"},
                                           {"//FUNERRER1[1]/ErrReaER13", "C017"},
                                           {"count(//FUNERRER1[1]/OriAttValER14)", "0"},
                                           {"//FUNERRER1[2]/ErrTypER11", "19"},
                                           {"//FUNERRER1[2]/ErrPoiER12", "/CC315A/GOOITEGDS[2]/GroMasGDS46"},
                                           {"//FUNERRER1[2]/OriAttValER14", "<1"},
                                           {"//FUNERRER1[3]/ErrReaER13", "TR0811"},
                                           {NULL, NULL}};
    const gl_answer answer = {.position = 1,
                              .lrn = GL_STR("E-1"),
                              .errors = ICS_ERRORS,
                              .error_count = 4,
                              .ics = GL_ICS_315,
                              .sender = GL_STR("GB1/0000000001"),
                              .message_id = GL_STR("M-1")};
    expect_texts(response_parse(written_single(&answer)), cases);
    gl_answer amendment = answer;
    amendment.ics = GL_ICS_313;
    amendment.mrn = GL_STR("26BE0123456789ABT4");
    static const char *const amended[][2] = {{"local-name(/*)", "CC305A"},
                                             {"/*/HEAHEA/DocNumHEA5", "26BE0123456789ABT4"},
                                             {"count(/*/HEAHEA/RefNumHEA4)", "0"},
                                             {NULL, NULL}};
    expect_texts(response_parse(written_single(&amendment)), amended);
}

Test(answers, an_accepted_entry_summary_has_its_mrn)
{
    static const char *const cases[][2] = {{"local-name(/*)", "CC328A"},
                                           {"/*/HEAHEA/RefNumHEA4", "E-1"},
                                           {"/*/HEAHEA/DocNumHEA5", "26BE0123456789ABT4"},
                                           {"/*/HEAHEA/DecRegDatTimHEA115", "202611241159"},
                                           {"/*/MesRecMES6", "hub-1"},
                                           {"count(//FUNERRER1)", "0"},
                                           {NULL, NULL}};
    static const char *const amended[][2] = {{"local-name(/*)", "CC304A"}, {NULL, NULL}};
    gl_answer answer = {.position = 1,
                        .lrn = GL_STR("E-1"),
                        .mrn = GL_STR("26BE0123456789ABT4"),
                        .taken = true,
                        .accepted_us = INT64_C(1795521599000000),
                        .ics = GL_ICS_315};
    expect_texts(response_parse(written_single(&answer)), cases);
    answer.ics = GL_ICS_313;
    expect_texts(response_parse(written_single(&answer)), amended);
}

/* One of several, and one that is only valid, is told as the others are. */
Test(answers, ics_answers_stand_alone)
{
    gl_answer answer = {.position = 1, .lrn = GL_STR("E-1"), .taken = true, .ics = GL_ICS_315};
    const gl_answer *const two[] = {&answer, &ACCEPTED, NULL};
    static const char *const responses[][2] = {{"count(//r:Response)", "2"}, {NULL, NULL}};
    expect_texts(response_parse(written(GL_ANSWER_XML, false, two)), responses);
    answer.looked_at = true;
    static const char *const valid[][2] = {{"//r:Response/r:FunctionCode", "01"}, {NULL, NULL}};
    expect_texts(response_parse(written_single(&answer)), valid);
    static const gl_answer *const none[] = {NULL};
    xmlFreeDoc(response_parse(written(GL_ANSWER_XML, false, none)));
}

/* -- Which form --------------------------------------------------------------------------------------------------- */

Test(answers, the_form_that_is_asked_for)
{
    gl_answer_form form;
    const char *type;
    cr_assert(gl_answer_form_of((gl_str){NULL, 0}, &form, &type) && form == GL_ANSWER_JSON);
    cr_assert_str_eq(type, "application/json");
    cr_assert(gl_answer_form_of(GL_STR("text/xml"), &form, &type) && form == GL_ANSWER_XML);
    cr_assert_str_eq(type, "text/xml");
    cr_assert(gl_answer_form_of(GL_STR("text/csv, */*;q=0.1"), &form, &type) && form == GL_ANSWER_CSV);
    cr_assert_str_eq(type, "text/csv; charset=utf-8; header=present");
    cr_assert(gl_answer_form_of(GL_STR("application/EDIFACT"), &form, &type) && form == GL_ANSWER_EDIFACT);
    cr_assert_str_eq(type, "application/EDIFACT");
    cr_assert_not(gl_answer_form_of(GL_STR("image/png"), &form, &type));
}

/* A message that was refused as a whole, in a file of answers. */
Test(answers, a_refused_message)
{
    gl_err why = {0};
    gl_rejection_validation_error error;
    gl_fail(&why, GL_DEAD_LETTER, "intake-empty", "the message is empty");
    gl_answer answer = gl_answer_of_message(&why, &error);
    gl_buf line = gl_buf_in(arena);
    gl_answer_json(&line, &answer);
    cr_assert(gl_str_eqz(gl_buf_view(&line),
                         "{\"position\":1,\"status\":\"rejected\",\"errors\":[{\"code\":\"intake-empty\","
                         "\"severity\":\"error\",\"text\":\"the message is empty\"}]}"),
              "%.*s", GL_STR_ARG(gl_buf_view(&line)));
    const gl_answer *const one[] = {&answer, NULL};
    xmlDoc *doc = response_parse(written(GL_ANSWER_XML, false, one));
    cr_assert_str_eq(response_text(arena, doc, "//r:Error/r:ValidationCode"), "GL-EMPTY");
    xmlFreeDoc(doc);
}
