/* When a miss proves something: by time, by the marker, and by a probe that went through the pipeline. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "ingest/doubt.h"

#define SECOND_US INT64_C(1000000)
enum { SETTLE_MS = 30000, WALL_MS = 1795500000 };

static const char PROBE[] = "0000000000P1", OTHER[] = "0000000000P2";

static gl_str marker_of(char text[32], int64_t since_ms)
{
    snprintf(text, 32, "%lld", (long long)since_ms);
    return gl_str_of(text);
}

static bool look(gl_doubt *doubt, int64_t seconds, int64_t marker_ms)
{
    char text[32];
    return gl_doubt_look(doubt, 0, marker_of(text, marker_ms), seconds * SECOND_US, WALL_MS + seconds * 1000);
}

static gl_doubt *open_doubt(void)
{
    return gl_doubt_new(2, SETTLE_MS, 0);
}

Test(doubt, a_miss_proves_nothing_before_the_view_has_settled)
{
    gl_doubt *doubt = open_doubt();
    cr_assert_not(look(doubt, 0, WALL_MS - 600000), "the process before may have lost an entry");
    cr_assert_not(look(doubt, 29, WALL_MS - 600000));
    cr_assert(look(doubt, 30, WALL_MS - 600000));
    cr_assert_not(gl_doubt_look(doubt, 0, (gl_str){NULL, 0}, 31 * SECOND_US, WALL_MS));
    cr_assert_not(look(doubt, 32, WALL_MS - 600000), "the marker was gone meanwhile");
    cr_assert_not(gl_doubt_look(doubt, 0, GL_STR("soon"), 99 * SECOND_US, WALL_MS));
    cr_assert_not(gl_doubt_look(doubt, 7, GL_STR("1"), 99 * SECOND_US, WALL_MS), "there is no such partition");
    gl_doubt_destroy(doubt);
}

Test(doubt, a_view_that_was_built_anew_has_to_settle_whatever_the_clocks_say)
{
    gl_doubt *doubt = open_doubt();
    cr_assert(look(doubt, 30, WALL_MS - 600000));
    cr_assert_not(look(doubt, 40, WALL_MS - 3600000), "decide's clock is an hour behind");
    cr_assert_not(look(doubt, 69, WALL_MS - 3600000));
    cr_assert(look(doubt, 70, WALL_MS - 3600000));
    gl_doubt_destroy(doubt);
    doubt = open_doubt();
    cr_assert_not(look(doubt, 100, WALL_MS + 90000), "a first look: it is young by the wall clock");
    cr_assert(look(doubt, 130, WALL_MS + 90000));
    gl_doubt_destroy(doubt);
}

Test(doubt, time_alone_calls_no_lrn_free)
{
    char stem[GL_MRN_STEM_CHARS + 1];
    gl_doubt *doubt = open_doubt();
    cr_assert(look(doubt, 600, WALL_MS - 600000));
    cr_assert_not(gl_doubt_is_over(doubt, 0), "the pipeline may have stood still");
    cr_assert_not(gl_doubt_probe(doubt, 0, stem));
    gl_doubt_offer(doubt, 0, PROBE, 601 * SECOND_US);
    gl_doubt_offer(doubt, 0, OTHER, 602 * SECOND_US);
    cr_assert(gl_doubt_probe(doubt, 0, stem));
    cr_assert_str_eq(stem, PROBE);
    cr_assert_not(gl_doubt_is_over(doubt, 0));
    gl_doubt_decided(doubt, 0, PROBE);
    cr_assert(gl_doubt_is_over(doubt, 0));
    cr_assert_not(gl_doubt_is_over(doubt, 1), "of this partition only");
    cr_assert_not(gl_doubt_probe(doubt, 0, stem));
    gl_doubt_destroy(doubt);
}

Test(doubt, a_loss_begins_it_anew_and_what_was_accepted_before_proves_nothing)
{
    char stem[GL_MRN_STEM_CHARS + 1];
    gl_doubt *doubt = open_doubt();
    look(doubt, 600, WALL_MS - 600000);
    gl_doubt_offer(doubt, 0, PROBE, 601 * SECOND_US);
    gl_doubt_begin(doubt, 602 * SECOND_US);
    gl_doubt_decided(doubt, 0, PROBE);
    cr_assert_not(gl_doubt_is_over(doubt, 0), "it may be before what was lost");
    gl_doubt_offer(doubt, 0, PROBE, 601 * SECOND_US);
    gl_doubt_offer(doubt, 0, PROBE, 602 * SECOND_US);
    cr_assert_not(gl_doubt_probe(doubt, 0, stem), "its batch was begun before");
    gl_doubt_offer(doubt, 0, OTHER, 603 * SECOND_US);
    gl_doubt_decided(doubt, 0, OTHER);
    cr_assert(gl_doubt_is_over(doubt, 0));
    cr_assert_not(look(doubt, 610, WALL_MS - 600000));
    cr_assert(look(doubt, 632, WALL_MS - 600000));
    cr_assert(gl_doubt_is_over(doubt, 0));
    cr_assert_not(look(doubt, 700, WALL_MS + 1000));
    cr_assert_not(gl_doubt_is_over(doubt, 0), "a new marker begins it too");
    gl_doubt_destroy(doubt);
}
