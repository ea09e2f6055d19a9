/* The event that the command line makes is one that ingest takes. */
#include <criterion/criterion.h>

#include "cli/event_json.h"
#include "ingest/formats/reader.h"

Test(event, what_is_made_is_taken)
{
    gl_option_list details = {{"lane=RED", "note=a=b \"c\""}, 2};
    gl_event_words words = {.event_id = "E-1",
                            .occurred_at = "2026-11-24T06:35:01Z",
                            .mrn = "",
                            .lrn = "L-1",
                            .family = "entry-summary",
                            .submitter = "hub-1",
                            .type = "officer-action",
                            .code = "reroute",
                            .actor = "officer 7",
                            .text = "seals \"broken\"",
                            .details = &details};
    gl_buf body = {0};
    gl_err err = {0};
    cr_assert(gl_event_json_of(&body, &words, &err));
    gl_arena *arena = gl_arena_new(0);
    gl_intake intake;
    gl_reader *reader = gl_event_reader_open(arena, GL_FORMAT_JSON, gl_buf_view(&body), &err);
    cr_assert(reader != NULL && gl_reader_next(reader, arena, &intake));
    cr_assert(!intake.rejected, "%.*s", GL_STR_ARG(intake.errors[0].text));
    const gl_event_request *request = intake.event;
    cr_assert_eq(request->event.type, GL_EVENT_EVENT_TYPE_OFFICER_ACTION);
    cr_assert_eq(request->family, GL_DECLARATION_FAMILY_ENTRY_SUMMARY);
    cr_assert(gl_str_eqz(request->submitter, "hub-1") && gl_str_eqz(request->event.text, "seals \"broken\""));
    cr_assert_eq(request->event.details.count, 2);
    cr_assert(gl_str_eqz(request->event.details.at[1].name, "note") &&
              gl_str_eqz(request->event.details.at[1].value, "a=b \"c\""));
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    gl_buf_free(&body);
}

Test(event, a_detail_is_name_and_value)
{
    gl_option_list details = {{"lane"}, 1};
    gl_event_words words = {.event_id = "E", .lrn = "L", .family = "import", .type = "arrival", .details = &details};
    gl_buf body = {0};
    gl_err err = {0};
    cr_assert_not(gl_event_json_of(&body, &words, &err));
    cr_assert_str_eq(err.code, "usage");
    gl_buf_free(&body);
}

Test(event, a_ruling_is_read_as_it_was_said)
{
    gl_event_words words = {.event_id = "R-1",
                            .occurred_at = "2026-11-24T06:35:01Z",
                            .lrn = "",
                            .type = "classification",
                            .code = "correct",
                            .actor = "officer 7",
                            .text = "ruling 12",
                            .description = "men's \"cotton\" t-shirt",
                            .commodity_code = "6109100010"};
    gl_buf body = {0};
    gl_err err = {0};
    cr_assert(gl_event_json_of(&body, &words, &err));
    gl_arena *arena = gl_arena_new(0);
    gl_intake intake;
    gl_reader *reader = gl_event_reader_open(arena, GL_FORMAT_JSON, gl_buf_view(&body), &err);
    cr_assert(reader != NULL && gl_reader_next(reader, arena, &intake));
    cr_assert(!intake.rejected && intake.event->ruling != NULL);
    cr_assert(gl_str_eqz(intake.event->ruling->description, words.description) &&
              gl_str_eqz(intake.event->ruling->commodity_code, "6109100010"));
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    gl_buf_free(&body);
}
