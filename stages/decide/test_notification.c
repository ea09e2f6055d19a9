/* The messages: valid against the published XSDs when they are there, well-formed whatever the texts hold, and built
 * like the samples. */
#include "customs/test_response.h"
#include "decide/notification.h"
#include "decide/test_fixture.h"
#include <criterion/criterion.h>

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

TestSuite(notification, .init = set_up, .fini = tear_down);

static const uint8_t ID[GL_DECLARATION_ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static gl_decision_hold *hold_of(const char *reason, const char *text, bool until, size_t required)
{
    gl_decision_hold *hold = GL_NEW(arena, gl_decision_hold);
    hold->reason_code = gl_str_of(reason);
    hold->text = gl_str_of(text);
    hold->place = GL_STR("BE343000");
    hold->until = until ? GL_SOME_I64(FIXTURE_NOW_US + 86400000000) : (gl_opt_i64){0};
    hold->required.at = GL_NEW_N(arena, gl_str, required);
    hold->required.count = required;
    for (size_t i = 0; i < required; i++)
        hold->required.at[i] = GL_STR("Invoice");
    return hold;
}

typedef struct message_case {
    gl_message_kind kind;
    gl_decision_lane lane;
    gl_decision_outcome outcome;
    const char *hold; /* reason, NULL: none */
    bool until;
    size_t required;
    const char *code, *name;
} message_case;

static const message_case CASES[] = {
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_GREEN, GL_DECISION_OUTCOME_RELEASED, NULL, false, 0, "09", "DMSCLE"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_BLUE, GL_DECISION_OUTCOME_RELEASED, NULL, false, 0, "09", "DMSCLE"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_RED, GL_DECISION_OUTCOME_HELD, "examination", true, 0, "05", "DMSCTL"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_RED, GL_DECISION_OUTCOME_HELD, "examination", true, 2, "05", "DMSCTL"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_YELLOW, GL_DECISION_OUTCOME_HELD, "documents", true, 1, "06", "DMSDOC"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_YELLOW, GL_DECISION_OUTCOME_HELD, "eligibility", true, 3, "06", "DMSDOC"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_GREEN, GL_DECISION_OUTCOME_HELD, "office-stopped", false, 0, "06", "DMSDOC"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_GREEN, GL_DECISION_OUTCOME_HELD, "shadow", false, 0, "06", "DMSDOC"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_RED, GL_DECISION_OUTCOME_HELD, "test-declaration", true, 0, "06", "DMSDOC"},
    {GL_MESSAGE_DECISION, GL_DECISION_LANE_RED, GL_DECISION_OUTCOME_REFUSED, NULL, false, 0, "03", "DMSREJ"},
    {GL_MESSAGE_LRN_REUSED, GL_DECISION_LANE_RED, GL_DECISION_OUTCOME_REFUSED, NULL, false, 0, "03", "DMSREJ"},
    {GL_MESSAGE_DUPLICATE, GL_DECISION_LANE_GREEN, GL_DECISION_OUTCOME_RELEASED, NULL, false, 0, "09", "DMSCLE"},
    {GL_MESSAGE_DUPLICATE, GL_DECISION_LANE_RED, GL_DECISION_OUTCOME_HELD, NULL, false, 0, "05", "DMSCTL"},
    {GL_MESSAGE_DUPLICATE, GL_DECISION_LANE_YELLOW, GL_DECISION_OUTCOME_HELD, NULL, false, 0, "06", "DMSDOC"},
    {GL_MESSAGE_TECHNICAL_HOLD, GL_DECISION_LANE_YELLOW, GL_DECISION_OUTCOME_HELD, "technical-failure", true, 0, "06",
     "DMSDOC"},
};
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

static gl_message message_of(const message_case *c)
{
    return (gl_message){.kind = c->kind,
                        .declaration_id = ID,
                        .mrn = GL_STR("26BE0123456789ABR4"),
                        .lrn = GL_STR("LRN & <1>"),
                        .submitter = GL_STR("hub"),
                        .version = c->kind == GL_MESSAGE_LRN_REUSED ? 0 : 1,
                        .sequence = 1,
                        .lane = c->lane,
                        .outcome = c->outcome,
                        .hold = c->hold == NULL ? NULL : hold_of(c->hold, "Because", c->until, c->required),
                        .accepted_us = FIXTURE_NOW_US - 1,
                        .now_us = FIXTURE_NOW_US};
}

/* Messages of decisions for events and amendments. */
typedef struct message_variant {
    size_t like; /* of CASES */
    const char *refused_for, *note;
    bool denied;
    const char *code, *name, *error;
} message_variant;

static const message_variant VARIANTS[] = {
    {0, NULL, "inspection", false, "09", "DMSCLE", ""},
    {0, NULL, "cancellation", true, "11", "DMSREQ", ""},
    {0, "cancelled", "cancellation", false, "10", "DMSINV", ""},
    {0, "cancelled", "amendment", true, "11", "DMSREQ", ""},
    {0, "inspection", "inspection", false, "03", "DMSREJ", "GL-INSP"},
    {0, "officer", "officer", false, "03", "DMSREJ", "GL-OFF"},
    {0, "mrn-collision", NULL, false, "03", "DMSREJ", "GL-MRN"},
    {0, "", "overdue", false, "03", "DMSREJ", "GL-REF"},
    {2, NULL, "overdue", false, "05", "DMSCTL", ""},
};
enum { VARIANT_COUNT = sizeof VARIANTS / sizeof *VARIANTS };

static gl_message variant_of(size_t i)
{
    gl_message message = message_of(&CASES[VARIANTS[i].like]);
    message.refused_for = VARIANTS[i].refused_for == NULL ? (gl_str){NULL, 0} : gl_str_of(VARIANTS[i].refused_for);
    if (VARIANTS[i].refused_for != NULL) {
        message.outcome = GL_DECISION_OUTCOME_REFUSED;
        message.hold = NULL;
    }
    message.note = VARIANTS[i].note;
    message.note_text = GL_STR("What happened");
    message.denied = VARIANTS[i].denied;
    return message;
}

Test(notification, function_names_and_fields)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        gl_message message = message_of(&CASES[i]);
        gl_str value = gl_message_value(arena, &message);
        gl_notification_envelope decoded;
        gl_err err = {0};
        cr_assert(gl_notification_envelope_decode(&decoded, (const uint8_t *)value.ptr, value.len, arena, &err));
        cr_assert(gl_str_eqz(decoded.notification.function_code, CASES[i].code), "case %zu", i);
        cr_assert(gl_str_eqz(decoded.notification.message_name, CASES[i].name), "case %zu", i);
        xmlDoc *doc = response_parse(decoded.notification.payload);
        cr_assert_str_eq(response_text(arena, doc, "//r:Response/r:FunctionCode"), CASES[i].code);
        cr_assert_str_eq(response_text(arena, doc, "//r:Response/r:IssueDateTime/ds:DateTimeString"),
                         "20261124120000Z");
        cr_assert_str_eq(response_text(arena, doc, "//r:Declaration/r:ID"), "26BE0123456789ABR4");
        cr_assert_str_eq(response_text(arena, doc, "//r:Declaration/r:FunctionalReferenceID"), "LRN & <1>");
        cr_assert_eq(strlen(response_text(arena, doc, "//r:Response/r:FunctionalReferenceID")), 32);
        if (CASES[i].hold != NULL)
            cr_assert_str_eq(response_text(arena, doc, "//r:AdditionalInformation/r:StatementCode"), CASES[i].hold);
        cr_assert_str_eq(
            response_text(arena, doc, "//r:AdditionalInformation[r:StatementCode != 'required']/r:LimitDateTime"),
            CASES[i].until ? "20261125120000Z" : "");
        cr_assert_str_eq(response_text(arena, doc, "count(//r:AdditionalInformation[r:StatementCode = 'required'])"),
                         gl_arena_printf(arena, "%zu", CASES[i].required));
        cr_assert_str_eq(response_text(arena, doc, "count(//r:Error)"), strcmp(CASES[i].code, "03") == 0 ? "1" : "0");
        xmlFreeDoc(doc);
    }
}

Test(notification, events_and_requests_have_names_of_their_own)
{
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        gl_message message = variant_of(i);
        gl_str value = gl_message_value(arena, &message);
        gl_notification_envelope decoded;
        gl_err err = {0};
        cr_assert(gl_notification_envelope_decode(&decoded, (const uint8_t *)value.ptr, value.len, arena, &err));
        cr_assert(gl_str_eqz(decoded.notification.function_code, VARIANTS[i].code) &&
                      gl_str_eqz(decoded.notification.message_name, VARIANTS[i].name),
                  "variant %zu: %.*s", i, GL_STR_ARG(decoded.notification.message_name));
        xmlDoc *doc = response_parse(decoded.notification.payload);
        cr_assert_str_eq(response_text(arena, doc, "//r:Error/r:ValidationCode"), VARIANTS[i].error);
        cr_assert_str_eq(response_text(arena, doc, "//r:Status/r:NameCode"), VARIANTS[i].denied ? "41" : "");
        cr_assert_str_eq(response_text(arena, doc, "//r:Declaration/r:CancellationDateTime/ds:DateTimeString"),
                         strcmp(VARIANTS[i].code, "10") == 0 ? "20261124120000Z" : "");
        if (VARIANTS[i].note != NULL)
            cr_assert_str_eq(response_text(arena, doc, "//r:AdditionalInformation[1]/r:StatementCode"),
                             VARIANTS[i].note);
        xmlFreeDoc(doc);
    }
    gl_message message = message_of(&CASES[1]);
    message.kind = GL_MESSAGE_SUPERSEDED;
    cr_assert(memmem(gl_message_xml(arena, &message).ptr, gl_message_xml(arena, &message).len, "superseded", 10) !=
              NULL);
}

Test(notification, any_text_is_well_formed)
{
    static const char *const texts[] = {
        "]]>",          "<!--",       "&amp;",           "\"'", "\x01\x02", "\xff\xfe bytes", "\xef\xbf\xbf",
        "\xed\xa0\x80", "Zo\xc3\xab", "\xf0\x9f\x93\xa6"};
    char big[700];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i % 2 == 0 ? 0xc3 : 0xa9); /* é, cut in the middle by a limit of an odd number of bytes */
    big[0] = 'x';
    memmove(big + 1, big + 2, sizeof big - 2);
    big[sizeof big - 1] = '\0';
    for (size_t i = 0; i <= sizeof texts / sizeof *texts; i++) {
        gl_message message = message_of(&CASES[5]);
        const char *text = i < sizeof texts / sizeof *texts ? texts[i] : big;
        gl_decision_hold *hold = hold_of("documents", text, true, 1);
        hold->place = hold->required.at[0] = message.lrn = message.mrn = gl_str_of(text);
        message.hold = hold;
        xmlFreeDoc(response_parse(gl_message_xml(arena, &message)));
    }
}

Test(notification, missing_texts_leave_their_elements_out)
{
    gl_message message = message_of(&CASES[14]);
    message.mrn = message.lrn = (gl_str){NULL, 0};
    message.accepted_us = 0;
    gl_str xml = gl_message_xml(arena, &message);
    xmlDoc *doc = response_parse(xml);
    cr_assert_str_eq(response_text(arena, doc, "count(//r:Declaration/*)"), "1", "VersionID");
    xmlFreeDoc(doc);
}

/* -- As UN/EDIFACT
 * ---------------------------------------------------------------------------------------------------------- */

Test(notification, what_came_as_edifact_is_told_in_its_release)
{
    static const struct {
        const char *format, *profile, *release;
    } cases[] = {{"edifact-cusdec", "CUSDEC D:96B:UN:ZZZ01", "96B"},
                 {"edifact-cuscar", "CUSCAR D:16B:UN", "16B"},
                 {"edifact-cusdec", "CUSDEC", "96B"},
                 {"greenlane-json", "CUSDEC D:96B:UN", ""},
                 {"", "", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert(gl_str_eqz(gl_message_edifact_of(gl_str_of(cases[i].format), gl_str_of(cases[i].profile)),
                             cases[i].release),
                  "case %zu", i);
}

static void expect_cusres(const gl_message *message, const char *parts)
{
    gl_str value = gl_message_value(arena, message);
    gl_notification_envelope decoded;
    gl_err err = {0};
    cr_assert(gl_notification_envelope_decode(&decoded, (const uint8_t *)value.ptr, value.len, arena, &err));
    cr_assert(gl_str_eqz(decoded.notification.content_type, "application/EDIFACT"));
    gl_str text = decoded.notification.payload;
    cr_assert(memmem(text.ptr, text.len, parts, strlen(parts)) != NULL, "%s\nis not in\n%.*s", parts, GL_STR_ARG(text));
}

Test(notification, decisions_as_cusres)
{
    static const struct {
        size_t like;
        const char *status;
    } cases[] = {{0, "GIS+4"},  {2, "GIS+5"},  {4, "GIS+6"},  {5, "GIS+6"},  {6, "GIS+7"}, {9, "GIS+2"},
                 {10, "GIS+2"}, {11, "GIS+4"}, {12, "GIS+5"}, {13, "GIS+6"}, {14, "GIS+7"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gl_message message = message_of(&CASES[cases[i].like]);
        message.edifact = GL_STR("96B");
        expect_cusres(&message, gl_arena_printf(arena, "\n%s'\nRFF+ABE:LRN & <1>'\nRFF+ABT:26BE0123456789ABR4'\n",
                                                cases[i].status));
        expect_cusres(&message, "UNB+UNOY:4+GREENLANE+hub+20261124:1200+");
        cr_assert_eq(gl_message_says(gl_message_cusres(arena, &message), "duplicate"),
                     message.kind == GL_MESSAGE_DUPLICATE);
    }
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        gl_message message = variant_of(i);
        message.edifact = GL_STR("16B");
        bool rejected = message.denied || message.outcome == GL_DECISION_OUTCOME_REFUSED;
        expect_cusres(&message, rejected ? "\nGEI+ZZZ+2'\n" : "\nGEI+ZZZ+");
        expect_cusres(&message, rejected ? "CUSRES:D:16B:UN'\nBGM+963+" : "CUSRES:D:16B:UN'\nBGM+962+");
        if (VARIANTS[i].error[0] != '\0')
            expect_cusres(&message, gl_arena_printf(arena, "\nERP+1'\nERC+%s'\nFTX+AAO+++", VARIANTS[i].error));
        if (message.note != NULL)
            expect_cusres(&message, gl_arena_printf(arena, "\nFTX+ACB++%s+What happened'\n", message.note));
    }
}

Test(notification, a_cusres_says_what_is_held_and_until_when)
{
    gl_message message = message_of(&CASES[5]);
    message.edifact = GL_STR("00A");
    message.submitter = (gl_str){NULL, 0};
    expect_cusres(&message, "\nFTX+ACB++hold+eligibility'\nFTX+ACB++reason+Because'\nFTX+ACB++place+BE343000'\n"
                            "FTX+ACB++until+2026-11-25T12?:00?:00.000000Z'\nFTX+ACB++required+Invoice'\n"
                            "FTX+ACB++required+Invoice'\nFTX+ACB++required+Invoice'\nGIS+6'\nRFF+ABE:LRN & <1>'\n"
                            "RFF+ABT:26BE0123456789ABR4'\nUNT+14+1'\nUNZ+1+");
    expect_cusres(&message, "UNB+UNOY:4+GREENLANE+UNK+");
    message.kind = GL_MESSAGE_SUPERSEDED;
    cr_assert(gl_message_says(gl_message_cusres(arena, &message), "superseded"));
    message.edifact = GL_STR("");
    cr_assert(gl_message_says(gl_message_xml(arena, &message), "superseded"));
    cr_assert(!gl_message_says(gl_message_xml(arena, &message), "duplicate"));
}

/* -- Against the published schemas
 * --------------------------------------------------------------------------------------- */

Test(notification, valid_against_the_published_schemas)
{
    xmlSchema *schema = response_schema(arena);
    if (schema == NULL)
        cr_skip_test("skipped: the published schemas are not there (GREENLANE_DATA)");
    for (size_t i = 0; i < CASE_COUNT; i++) {
        gl_message message = message_of(&CASES[i]);
        gl_str xml = gl_message_xml(arena, &message);
        xmlDoc *doc = response_parse(xml);
        cr_assert_eq(response_wrong(schema, doc), 0, "case %zu: %.*s", i, GL_STR_ARG(xml));
        xmlFreeDoc(doc);
    }
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        gl_message varied = variant_of(i);
        gl_str text = gl_message_xml(arena, &varied);
        xmlDoc *read = response_parse(text);
        cr_assert_eq(response_wrong(schema, read), 0, "variant %zu: %.*s", i, GL_STR_ARG(text));
        xmlFreeDoc(read);
    }
    /* The check itself can fail: a wrong order of elements is noticed. */
    gl_message message = message_of(&CASES[0]);
    gl_str xml = gl_message_xml(arena, &message);
    char *swapped = gl_arena_strndup(arena, xml.ptr, xml.len);
    char *code = strstr(swapped, "<FunctionCode>09</FunctionCode>");
    memcpy(code, "<FunctionCode>xx</FunctionCode>", strlen("<FunctionCode>xx</FunctionCode>"));
    xmlDoc *doc = response_parse(gl_str_of(swapped));
    cr_assert_neq(response_wrong(schema, doc), 0);
    xmlFreeDoc(doc);
    xmlSchemaFree(schema);
}
