/* A status view as its submitter sees it. */
#include <criterion/criterion.h>

#include "ingest/ingest.h"

static const char VIEW[] =
    "{\"mrn\":\"26BE00\",\"declaration_id\":\"00ff\",\"lrn\":\"L "
    "\\\"1\\\"\",\"submitter\":\"hub-1\",\"outcome\":\"HELD\","
    "\"lane\":\"RED\",\"version\":2,\"office\":\"BE1\",\"intended_outcome\":\"RELEASED\",\"test\":false,\"shadow\":"
    "true,"
    "\"score_ppm\":912345,\"reasons\":[{\"code\":\"score\",\"id\":\"red\",\"text\":\"Score 91 %\"},"
    "{\"code\":\"eligibility\",\"id\":\"C07\",\"text\":\"above 150 "
    "EUR\"},{\"code\":\"criterion\",\"id\":\"watch\",\"text\":\"W\"},"
    "{\"code\":\"random\",\"id\":\"r\",\"text\":\"R\"},{\"code\":\"overdue\",\"id\":\"o\",\"text\":\"O\"},"
    "{\"code\":\"officer\",\"id\":\"x\",\"text\":\"X\"}],\"hold\":{\"reason\":\"examination\",\"text\":\"T\",\"place\":"
    "\"P\","
    "\"until\":null,\"required\":[\"a\",\"b\"]},\"timeline\":[{\"event\":\"accepted\",\"at\":\"2026\"}],\"new_member\":"
    "1,"
    "\"duplicates\":0}";

static const char SEEN[] = "{\"mrn\":\"26BE00\",\"declaration_id\":\"00ff\",\"lrn\":\"L "
                           "\\\"1\\\"\",\"submitter\":\"hub-1\",\"outcome\":\"HELD\","
                           "\"lane\":\"RED\",\"version\":2,\"office\":\"BE1\",\"test\":false,"
                           "\"reasons\":[{\"code\":\"eligibility\",\"id\":\"C07\",\"text\":\"above 150 EUR\"},"
                           "{\"code\":\"overdue\",\"id\":\"o\",\"text\":\"O\"}],\"hold\":{\"reason\":\"examination\","
                           "\"text\":\"T\",\"place\":\"P\","
                           "\"until\":null,\"required\":[\"a\",\"b\"]},\"timeline\":[{\"event\":\"accepted\",\"at\":"
                           "\"2026\"}],\"duplicates\":0}";

static bool seen(const char *view, gl_buf *buf)
{
    gl_arena *arena = gl_arena_new(0);
    buf->len = 0;
    bool good = gl_answer_view(buf, arena, gl_str_of(view));
    gl_buf_byte(buf, '\0');
    gl_arena_destroy(arena);
    return good;
}

Test(answer, a_submitter_sees_no_score_and_no_risk)
{
    gl_buf buf = {0};
    cr_assert(seen(VIEW, &buf));
    cr_assert_str_eq((char *)buf.data, SEEN);
    cr_assert(seen("{\"lrn\":\"early\",\"outcome\":\"OPEN\"}", &buf));
    cr_assert_str_eq((char *)buf.data, "{\"lrn\":\"early\",\"outcome\":\"OPEN\"}");
    cr_assert(seen("{\"score_ppm\":1,\"reasons\":null}", &buf)); /* of a later version: not known, not shown */
    cr_assert_str_eq((char *)buf.data, "{}");
    cr_assert(!seen("[1]", &buf) && !seen("{", &buf));
    gl_buf_free(&buf);
}
