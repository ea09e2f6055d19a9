/* The picture of `greenlane top`: what it says, that it keeps to the width, and that nothing from a daemon controls the
 * terminal. */
#include "cli/board.h"

#include <criterion/criterion.h>

static gl_arena *arena;

static void begin(void)
{
    arena = gl_arena_new(0);
}

static void end(void)
{
    gl_arena_destroy(arena);
}

TestSuite(board, .init = begin, .fini = end);

static gl_exposition samples(const char *text)
{
    gl_exposition all;
    gl_err err = {0};
    cr_assert(gl_exposition_parse(arena, gl_str_of(text), &all, &err), "%s", err.message);
    return all;
}

static gl_board_instance instance(const char *address, const char *before, const char *now)
{
    gl_board_instance made = {.address = address, .stage = -1, .now_us = 3000000};
    made.now = samples(now);
    if (before != NULL) {
        made.before = samples(before);
        made.before_us = 1000000;
    }
    gl_board_note(&made);
    return made;
}

static const char *drawn(const gl_board_instance *instances, size_t count, int width, int height)
{
    gl_board_look look = {.width = width, .height = height, .wall_us = INT64_C(1795902145000000), .interval_ms = 2000};
    gl_buf out = gl_buf_in(arena);
    gl_board_draw(&out, instances, count, &look);
    gl_buf_byte(&out, '\0');
    return (const char *)out.data;
}

static bool says(const char *picture, const char *text)
{
    bool there = strstr(picture, text) != NULL;
    if (!there)
        cr_log_error("\"%s\" is not in:\n%s", text, picture);
    return there;
}

#define DECIDE(consumed, dead, lag)                                                                                    \
    "gl_build_info{stage=\"decide\",version=\"0.1.0\"} 1\ngl_ready 1\nprocess_start_time_seconds 1795900000\n"         \
    "gl_records_consumed_total " consumed "\ngl_consumer_lag_records{topic=\"a\",partition=\"0\"} " lag                \
    "\ngl_consumer_lag_seconds{worker=\"0\"} 2.5\ngl_records_dead_lettered_total{code=\"envelope-magic\"} " dead       \
    "\ngl_assigned_partitions{worker=\"0\"} 8\n"

Test(board, rates_and_lag_of_a_stage_are_those_of_its_instances)
{
    gl_board_instance all[] = {instance("127.0.0.1:1", DECIDE("100", "0", "7"), DECIDE("2508", "0", "1000")),
                               instance("127.0.0.1:2", DECIDE("0", "0", "0"), DECIDE("2", "0", "234"))};
    const char *picture = drawn(all, 2, 80, 0);
    cr_assert(says(picture, "2 of 2 answer"));
    cr_assert(says(picture, "decide     2/2     1,205      1,234     2.5"));
    cr_assert(says(picture, "! ingest: no instance is known"));
}

Test(board, what_happens_now_and_what_happened_since_the_start)
{
    gl_board_instance all[] = {instance("127.0.0.1:1", DECIDE("1", "3", "0"), DECIDE("1", "5", "0")),
                               instance("127.0.0.1:2", DECIDE("1", "4", "0"), DECIDE("1", "4", "0"))};
    const char *picture = drawn(all, 2, 100, 0);
    cr_assert(says(picture, "! decide 127.0.0.1:1: 2 dead letters in 2.0 s: envelope-magic 2"));
    cr_assert(says(picture, "- decide 127.0.0.1:2: 4 dead letters since it started: envelope-magic 4"));
}

Test(board, a_daemon_that_is_down_says_why)
{
    gl_board_instance down = {.address = "127.0.0.1:9", .stage = 2, .failure = "Connection refused"};
    const char *picture = drawn(&down, 1, 80, 0);
    cr_assert(says(picture, "! risk 127.0.0.1:9: does not answer: Connection refused"));
    cr_assert(says(picture, "risk       0/1         -          -       -"));
    cr_assert(says(picture, "risk     127.0.0.1:9                down"));
}

Test(board, states_are_named)
{
    static const char now[] =
        "gl_build_info{stage=\"risk\",version=\"1\"} 1\ngl_ready 0\ngl_paused 1\n"
        "gl_config_last_reload_successful 0\ngl_worker_silent_seconds{step=\"commit\"} 75\ngl_risk_lists 6\n"
        "gl_risk_lists_in_force 4\ngl_timers_suspended{worker=\"0\"} 0\n";
    gl_board_instance all[] = {instance("h:1", NULL, now)};
    const char *picture = drawn(all, 1, 120, 0);
    cr_assert(says(picture, "! risk h:1: is not ready"));
    cr_assert(says(picture, "! risk h:1: is paused"));
    cr_assert(says(picture, "old configuration: the last reload was refused"));
    cr_assert(says(picture, "does not get on: 75 s at \"commit\""));
    cr_assert(says(picture, "2 of 6 lists are outside their validity"));
    cr_assert(strstr(picture, "wall clock") == NULL);
}

Test(board, instances_of_a_stage_that_differ_are_named)
{
    gl_board_instance all[] = {
        instance("h:1", NULL, "gl_build_info{stage=\"classify\",version=\"1.0\"} 1\ngl_model_info{version=\"m1\"} 1\n"),
        instance("h:2", NULL,
                 "gl_build_info{stage=\"classify\",version=\"1.1\"} 1\ngl_model_info{version=\"m2\"} 1\n")};
    const char *picture = drawn(all, 2, 120, 0);
    cr_assert(says(picture, "! classify h:2: version 1.1, but h:1 has 1.0"));
    cr_assert(says(picture, "! classify h:2: model m2, but h:1 has m1"));
}

Test(board, a_process_that_started_again_has_no_rate)
{
    gl_board_instance one = instance("h:1",
                                     "gl_build_info{stage=\"decide\"} 1\nprocess_start_time_seconds 100\n"
                                     "gl_records_consumed_total 900\n",
                                     "gl_build_info{stage=\"decide\"} 1\nprocess_start_time_seconds 200\n"
                                     "gl_records_consumed_total 20\n");
    cr_assert_eq(one.before_us, 0);
    cr_assert(says(drawn(&one, 1, 80, 0), "decide     1/1         -"));
}

Test(board, keeps_to_width_and_height_whatever_a_daemon_says)
{
    static const char evil[] = "gl_build_info{stage=\"decide\",version=\"\033]0;x\007\033[2J\xff\"} 1\ngl_ready 1\n"
                               "gl_records_dead_lettered_total{code=\"\033[31mred\"} 5\n"
                               "gl_consumer_lag_records 1e300\ngl_records_consumed_total NaN\n"
                               "gl_consumer_lag_seconds +Inf\n";
    gl_board_instance all[] = {instance("h:1", evil, evil)};
    static const int widths[] = {60, 80, 100, 120, 250};
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        int column = 0, lines = 0;
        for (const char *p = drawn(all, 1, widths[w], 12); *p != '\0'; p++) {
            cr_assert(*p == '\n' || (*p >= 0x20 && *p < 0x7f), "byte %d", *p);
            column = *p == '\n' ? 0 : column + 1;
            lines += *p == '\n';
            cr_assert(column <= widths[w]);
        }
        cr_assert(lines <= 12, "%d lines", lines);
    }
}
