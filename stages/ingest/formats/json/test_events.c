/* Events as JSON: what is taken as it is, and everything that is wrong with the rest. */
#include "customs/ids.h"
#include "ingest/formats/test_read.h"

static test_read *read_events(gl_format format, const char *text)
{
    test_read *r = calloc(1, sizeof *r);
    cr_assert(r != NULL);
    r->arena = gl_arena_new(0);
    gl_reader *reader = gl_event_reader_open(r->arena, format, gl_str_of(text), &r->err);
    while (reader != NULL && r->count < TEST_READ_ENTRIES && gl_reader_next(reader, r->arena, &r->at[r->count]))
        r->count++;
    gl_reader_close(reader);
    return r;
}

#define AT  "\"occurred_at\":\"2026-11-24T06:35:01Z\""
#define WHO "\"lrn\":\"L-1\",\"family\":\"EXPORT\""

Test(events, an_event_is_read_as_it_is)
{
    uint8_t id[16] = {9, 8, 7};
    char mrn[GL_MRN_CHARS + 1], text[1024];
    gl_mrn_make(id, 1795500000000000, "BE", GL_FAMILY_IMPORT, mrn);
    snprintf(text, sizeof text,
             "{\"event_id\":\"E-1\",\"mrn\":\"%s\",\"type\":\"OFFICER_ACTION\"," AT
             ",\"actor\":\"officer 7\",\"code\":\"reroute\",\"text\":\"seals\\nbroken\",\"details\":{\"lane\":\"RED\","
             "\"seals\":2.50,\"photo\":true,\"none\":null}}",
             mrn);
    test_read *r = read_events(GL_FORMAT_JSON, text);
    cr_assert_eq(r->count, 1);
    expect_accepted(&r->at[0]);
    const gl_event *e = &r->at[0].event->event;
    cr_assert(gl_str_eqz(e->event_id, "E-1") && gl_str_eqz(r->at[0].event->mrn, mrn));
    cr_assert_eq(e->type, GL_EVENT_EVENT_TYPE_OFFICER_ACTION);
    cr_assert_eq(e->occurred_at, 1795502101000000);
    cr_assert(gl_str_eqz(e->actor, "officer 7") && gl_str_eqz(e->code, "reroute") &&
              gl_str_eqz(e->text, "seals\nbroken"));
    cr_assert_eq(e->details.count, 3);
    cr_assert(gl_str_eqz(e->details.at[1].name, "seals") && gl_str_eqz(e->details.at[1].value, "2.50"));
    cr_assert(gl_str_eqz(e->details.at[2].value, "true"));
    test_read_free(r);
}

Test(events, lists_and_lines)
{
    static const char one[] = "{\"event_id\":\"E-1\"," WHO ",\"type\":\"ARRIVAL\"," AT "}";
    char text[1024];
    snprintf(text, sizeof text, "{\"events\":[%s,%s]}", one, one);
    test_read *r = read_events(GL_FORMAT_JSON, text);
    cr_assert_eq(r->count, 2);
    expect_accepted(&r->at[1]);
    cr_assert(gl_str_eqz(r->at[1].lrn, "L-1"));
    cr_assert_eq(r->at[1].event->family, GL_DECLARATION_FAMILY_EXPORT);
    test_read_free(r);
    snprintf(text, sizeof text, "%s\n{\"event_id\":\n%s\n", one, one);
    r = read_events(GL_FORMAT_NDJSON, text);
    cr_assert_eq(r->count, 3);
    expect_accepted(&r->at[2]);
    expect_error(&r->at[1], "not-well-formed", "", NULL);
    test_read_free(r);
    r = read_events(GL_FORMAT_XML, "<a/>");
    cr_assert_str_eq(r->err.code, "intake-format-unknown");
    test_read_free(r);
    r = read_events(GL_FORMAT_JSON, " \n");
    cr_assert_str_eq(r->err.code, "intake-empty");
    test_read_free(r);
}

Test(events, all_that_is_wrong_is_said_at_once)
{
    test_read *r = read_events(GL_FORMAT_JSON, "{\"events\":[{\"event_id\":7,\"mrn\":\"26BE\",\"type\":\"ARRIVALS\","
                                               "\"ocurred_at\":\"x\",\"occurred_at\":\"yesterday\",\"details\":[1]}]}");
    const gl_intake *in = &r->at[0];
    cr_assert(in->rejected);
    expect_error(in, "wrong-type", "/events/0/event_id", "7");
    expect_error(in, "invalid-code", "/events/0/mrn", "26BE");
    cr_assert_not_null(strstr(expect_error(in, "invalid-code", "/events/0/type", "ARRIVALS")->hint.ptr, "ARRIVAL?"));
    cr_assert_not_null(strstr(expect_error(in, "unknown-field", "/events/0/ocurred_at", "x")->hint.ptr, "occurred_at"));
    expect_error(in, "invalid-date", "/events/0/occurred_at", "yesterday");
    expect_error(in, "wrong-type", "/events/0/details", NULL);
    cr_assert_eq(in->error_count, 6);
    test_read_free(r);
}

typedef struct wrong {
    const char *text, *code, *pointer;
} wrong;

Test(events, each_type_needs_its_own)
{
#define E(rest) "{\"event_id\":\"E-1\"," WHO "," AT rest "}"
    static const wrong cases[] = {
        {E(",\"type\":\"INSPECTION_RESULT\""), "missing", ""},
        {E(",\"type\":\"INSPECTION_RESULT\",\"code\":\"C1\""), "invalid-code", "/code"},
        {E(",\"type\":\"OFFICER_ACTION\",\"code\":\"release\""), "missing", ""},
        {E(",\"type\":\"OFFICER_ACTION\",\"code\":\"free\",\"actor\":\"o\""), "invalid-code", "/code"},
        {E(",\"type\":\"OFFICER_ACTION\",\"code\":\"reroute\",\"actor\":\"o\""), "missing", ""},
        {E(",\"type\":\"OFFICER_ACTION\",\"code\":\"reroute\",\"actor\":\"o\",\"details\":{\"lane\":\"PINK\"}"),
         "invalid-code", "/details/lane"},
        {E(",\"type\":\"INSPECTION_RESULT\",\"code\":\"B1\",\"details\":{\"found.1\":\"61.09\"}"), "invalid-code",
         "/details/found.1"},
        {E(",\"type\":\"INSPECTION_RESULT\",\"code\":\"B1\",\"details\":{\"found.0\":\"610910\"}"), "unknown-field",
         "/details/found.0"},
        {E(",\"type\":\"OFFICER_ACTION\",\"code\":\"refuse\",\"actor\":\"o\",\"details\":{\"found\":610910}"),
         "invalid-code", "/details/found"},
        {E(",\"type\":\"SIGNAL\""), "missing", ""},
        {E(",\"type\":\"DOCUMENT\""), "missing", ""},
        {E(",\"type\":\"TECHNICAL_FAILURE\",\"code\":\"x\""), "invalid-code", "/type"},
        {E(",\"type\":\"ARRIVAL\",\"details\":{\"a\":[]}"), "wrong-type", "/details/a"},
        {E(",\"type\":\"ARRIVAL\",\"actor\":\"\\u0007\""), "control-character", "/actor"},
        {"{\"event_id\":\"E-1\",\"type\":\"ARRIVAL\"," AT "}", "missing", ""},
        {"{\"event_id\":\"E-1\",\"lrn\":\"L\",\"type\":\"ARRIVAL\"," AT "}", "missing", ""},
        {"{\"event_id\":\"E-1\",\"lrn\":\"L\",\"family\":\"SEA\",\"type\":\"ARRIVAL\"," AT "}", "invalid-code",
         "/family"},
        {"{" WHO ",\"type\":\"ARRIVAL\"," AT "}", "missing", ""},
        {"{\"event_id\":\"E-1\"," WHO ",\"type\":\"ARRIVAL\"}", "missing", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_read *r = read_events(GL_FORMAT_JSON, cases[i].text);
        cr_assert_eq(r->at[0].error_count, 1, "%s: %zu errors", cases[i].text, r->at[0].error_count);
        cr_assert_not_null(find_error(&r->at[0], cases[i].code, cases[i].pointer), "%s", cases[i].text);
        test_read_free(r);
    }
}

#define RULING(rest) "{\"event_id\":\"E-1\",\"type\":\"CLASSIFICATION\",\"actor\":\"o\",\"text\":\"why\"," AT rest "}"
#define SHIRT        ",\"description\":\"cotton shirt\""

Test(events, a_ruling_is_about_a_description)
{
    test_read *r = read_events(GL_FORMAT_JSON, RULING(",\"code\":\"correct\",\"commodity_code\":\"610910\"" SHIRT));
    expect_accepted(&r->at[0]);
    const gl_event_request *request = r->at[0].event;
    cr_assert_not_null(request->ruling);
    cr_assert(gl_str_eqz(request->ruling->description, "cotton shirt") &&
              gl_str_eqz(request->ruling->commodity_code, "610910"));
    cr_assert(gl_str_eqz(request->event.actor, "o") && gl_str_eqz(request->event.text, "why"));
    test_read_free(r);
    r = read_events(GL_FORMAT_JSON, RULING(",\"code\":\"revoke\"" SHIRT));
    expect_accepted(&r->at[0]);
    cr_assert_eq(r->at[0].event->ruling->commodity_code.len, 0);
    test_read_free(r);
}

Test(events, a_ruling_needs_its_own)
{
    static const wrong cases[] = {
        {RULING(",\"code\":\"correct\"" SHIRT), "missing", ""},
        {RULING(",\"code\":\"correct\",\"commodity_code\":\"6109.10\"" SHIRT), "invalid-code", "/commodity_code"},
        {RULING(",\"code\":\"correct\",\"commodity_code\":\"61091\"" SHIRT), "invalid-code", "/commodity_code"},
        {RULING(",\"code\":\"revoke\",\"commodity_code\":\"610910\"" SHIRT), "conflicting-fields", "/commodity_code"},
        {RULING(",\"code\":\"release\"" SHIRT), "invalid-code", "/code"},
        {RULING(",\"code\":\"revoke\""), "missing", ""},
        {RULING(",\"code\":\"revoke\",\"description\":\"12 - 7\""), "not-text", "/description"},
        {RULING(",\"code\":\"revoke\",\"lrn\":\"L\"" SHIRT), "conflicting-fields", "/lrn"},
        {RULING(",\"code\":\"revoke\",\"details\":{\"a\":1}" SHIRT), "conflicting-fields", "/details"},
        {"{\"event_id\":\"E-1\"," WHO ",\"type\":\"ARRIVAL\"," AT SHIRT "}", "conflicting-fields", "/description"},
        {"{\"event_id\":\"E-1\",\"type\":\"CLASSIFICATION\",\"code\":\"revoke\",\"actor\":\"o\"," AT SHIRT "}",
         "missing", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_read *r = read_events(GL_FORMAT_JSON, cases[i].text);
        cr_assert_eq(r->at[0].error_count, 1, "%s: %zu errors", cases[i].text, r->at[0].error_count);
        cr_assert_not_null(find_error(&r->at[0], cases[i].code, cases[i].pointer), "%s", cases[i].text);
        test_read_free(r);
    }
}

Test(events, a_text_has_its_limit)
{
    char *text = calloc(1, 8192);
    cr_assert(text != NULL);
    snprintf(text, 8192, "{\"event_id\":\"E-1\"," WHO ",\"type\":\"ARRIVAL\"," AT ",\"text\":\"%*s\"}", 2049, "x");
    test_read *r = read_events(GL_FORMAT_JSON, text);
    cr_assert_not_null(find_error(&r->at[0], "too-long", "/text"));
    free(text);
    test_read_free(r);
}

Test(events, an_officer_says_what_was_found)
{
    test_read *r = read_events(GL_FORMAT_JSON,
                               "{\"event_id\":\"E-1\"," WHO "," AT ",\"type\":\"INSPECTION_RESULT\",\"code\":\"B1\","
                               "\"details\":{\"found\":\"as-declared\",\"found.2\":\"6109100010\","
                               "\"found.3\":\"unknown\",\"found.4\":610910,\"founder\":\"x\"}}");
    cr_assert_eq(r->count, 1);
    expect_accepted(&r->at[0]);
    const gl_event *e = &r->at[0].event->event;
    cr_assert(e->details.count == 5 && gl_str_eqz(e->details.at[1].name, "found.2") &&
              gl_str_eqz(e->details.at[1].value, "6109100010"));
    test_read_free(r);
}

Test(events, what_others_say_is_no_finding)
{
    test_read *r = read_events(GL_FORMAT_JSON, "{\"event_id\":\"E-1\"," WHO "," AT
                                               ",\"type\":\"SIGNAL\",\"code\":\"x\",\"details\":{\"found.x\":\"y\"}}");
    expect_accepted(&r->at[0]);
    test_read_free(r);
}
