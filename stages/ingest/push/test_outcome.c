/* What is told of a record of gl.notifications, to whom, and in which form. */
#include <criterion/criterion.h>

#include "ingest/push/outcome.h"
#include "io/json.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(outcome, .init = set_up, .fini = tear_down);

static const gl_account HUB = {.name = "hub-1", .directory = "", .profile = ""},
                        OTHER = {.name = "hub", .directory = "", .profile = ""},
                        CUSTOMS = {.name = "customs", .directory = "", .profile = "", .officer = true};

static gl_outcome outcome_of(const char *name, int32_t version)
{
    gl_outcome outcome = {.partition = 2, .offset = 7};
    outcome.told = (gl_notification){.mrn = GL_STR("26BE0123456789ABR4"),
                                     .functional_reference_id = GL_STR("A \"1\"\n<b>"),
                                     .submitter = GL_STR("hub-1"),
                                     .decision_version = version,
                                     .function_code = GL_STR("09"),
                                     .message_name = gl_str_of(name),
                                     .issued_at = 1764000000123456,
                                     .content_type = GL_STR("application/xml"),
                                     .payload = GL_STR("<secret/>")};
    for (uint8_t i = 0; i < sizeof outcome.told.declaration_id; i++)
        outcome.told.declaration_id[i] = i;
    return outcome;
}

static gl_str json_of(const gl_outcome *outcome, bool officer)
{
    gl_buf buf = gl_buf_in(arena);
    gl_outcome_json(&buf, outcome, officer);
    return gl_buf_view(&buf);
}

/* The id: python3 -c 'import hashlib; print(hashlib.sha256(bytes(range(16)) + (2).to_bytes(4, "big") + (7).to_bytes(8,
 * "big")).hexdigest()[:16])' */
Test(outcome, json_of_a_release)
{
    gl_outcome outcome = outcome_of("DMSCLE", 1);
    gl_str json = json_of(&outcome, false);
    cr_assert(gl_str_eqz(json,
                         "{\"id\":\"6ced3a52ea7e9006\",\"mrn\":\"26BE0123456789ABR4\",\"lrn\":\"A \\\"1\\\"\\n<b>\","
                         "\"declaration_id\":\"000102030405060708090a0b0c0d0e0f\",\"version\":1,"
                         "\"message_name\":\"DMSCLE\",\"function_code\":\"09\","
                         "\"issued_at\":\"2025-11-24T16:00:00.123456Z\",\"outcome\":\"RELEASED\"}"),
              "%.*s", GL_STR_ARG(json));
    cr_assert(memmem(json.ptr, json.len, "submitter", 9) == NULL);
    json = json_of(&outcome, true);
    cr_assert(memmem(json.ptr, json.len, "\"submitter\":\"hub-1\"", 19) != NULL);
}

typedef struct result_case {
    const char *name;
    int32_t version;
    const char *outcome; /* NULL: not told */
} result_case;

Test(outcome, what_the_message_says)
{
    static const result_case cases[] = {{"DMSCLE", 3, "RELEASED"}, {"DMSCTL", 1, "HELD"},    {"DMSDOC", 1, "HELD"},
                                        {"DMSDOC", 0, "HELD"},     {"DMSREJ", 2, "REFUSED"}, {"DMSREJ", 0, NULL},
                                        {"DMSINV", 2, "REFUSED"},  {"DMSREQ", 2, NULL},      {"DMSNEW", 1, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_outcome outcome = outcome_of(cases[i].name, cases[i].version);
        const gl_json *json = gl_json_parse(arena, json_of(&outcome, false), 10000, 100, NULL);
        int64_t version = 0;
        cr_assert(json != NULL && json->type == GL_JSON_OBJECT);
        gl_str said = gl_json_text(json, "outcome");
        cr_assert(gl_str_eq(said, gl_str_of(cases[i].outcome)), "%zu: %.*s", i, GL_STR_ARG(said));
        cr_assert_eq(gl_json_int(json, "version", &version), cases[i].version > 0);
        cr_assert_eq(version, cases[i].version);
    }
}

/* A hold by the key alone: nobody knows whose it is. */
Test(outcome, what_is_not_known_is_left_out)
{
    gl_outcome outcome = outcome_of("DMSDOC", 0);
    outcome.told.mrn = outcome.told.functional_reference_id = outcome.told.submitter = GL_STR("");
    const gl_json *json = gl_json_parse(arena, json_of(&outcome, true), 10000, 100, NULL);
    cr_assert(json != NULL && gl_json_get(json, "mrn") == NULL && gl_json_get(json, "lrn") == NULL &&
              gl_json_get(json, "submitter") == NULL);
    cr_assert(!gl_outcome_is_for(&outcome, &HUB));
    cr_assert(!gl_outcome_is_for(&outcome, &(gl_account){.name = ""}));
    cr_assert(gl_outcome_is_for(&outcome, &CUSTOMS));
}

Test(outcome, of_its_submitter_only)
{
    gl_outcome outcome = outcome_of("DMSCLE", 1);
    cr_assert(gl_outcome_is_for(&outcome, &HUB));
    cr_assert(gl_outcome_is_for(&outcome, &CUSTOMS));
    cr_assert(!gl_outcome_is_for(&outcome, &OTHER));
}

/* Each record has an id of its own, the same whoever reads it. */
Test(outcome, ids)
{
    gl_outcome one = outcome_of("DMSCLE", 1), next = one, beside = one;
    next.offset++;
    beside.partition++;
    const size_t part = sizeof "{\"id\":\"0123456789abcdef\"" - 1;
    cr_assert_eq(memcmp(json_of(&one, false).ptr, json_of(&one, true).ptr, part), 0);
    cr_assert_neq(memcmp(json_of(&one, false).ptr, json_of(&next, false).ptr, part), 0);
    cr_assert_neq(memcmp(json_of(&one, false).ptr, json_of(&beside, false).ptr, part), 0);
}

Test(outcome, event)
{
    gl_outcome outcome = outcome_of("DMSCLE", 1);
    gl_buf event = gl_buf_in(arena), wanted = gl_buf_in(arena);
    gl_outcome_event(&event, &outcome, false, GL_STR("AQ-_"));
    gl_buf_text(&wanted, "id: AQ-_\nevent: DMSCLE\ndata: ");
    gl_outcome_json(&wanted, &outcome, false);
    gl_buf_text(&wanted, "\n\n");
    cr_assert(gl_str_eq(gl_buf_view(&event), gl_buf_view(&wanted)));
}

/* What would begin a line of its own is no name of an event. */
Test(outcome, event_without_a_name)
{
    static const char *const names[] = {"", "A\ndata: x", "dmscle", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        gl_outcome outcome = outcome_of(names[i], 1);
        gl_buf event = gl_buf_in(arena);
        gl_outcome_event(&event, &outcome, false, GL_STR("A"));
        gl_str text = gl_buf_view(&event);
        size_t lines = 0;
        for (size_t j = 0; j < text.len; j++)
            lines += text.ptr[j] == '\n';
        cr_assert_eq(lines, 3, "%zu", i);
        cr_assert(gl_str_starts(text, GL_STR("id: A\ndata: {")), "%zu", i);
    }
}
