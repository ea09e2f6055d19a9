/* When the wall clock is trusted. What the hook commits is tested against a broker (tests/broker/test_timers.c). */
#include <criterion/criterion.h>

#include "stage/internal.h"

enum { SECOND = 1000000 };

static const int64_t WALL = INT64_C(1795521600) * SECOND;

Test(timers, a_steady_clock_and_slow_corrections)
{
    gl_clock_guard guard = {0};
    int64_t drift = 0;
    for (int64_t second = 0; second < 7200; second++) {
        cr_assert(gl_clock_guard_steady(&guard, WALL + second * SECOND + drift, second * SECOND), "%d", (int)second);
        drift += 500; /* 500 ppm: an hour and more of slewing adds up to seconds */
    }
    cr_assert(gl_clock_guard_steady(&guard, WALL + 7300 * (int64_t)SECOND + drift, 7300 * (int64_t)SECOND),
              "a pause of both clocks");
}

Test(timers, a_jump_suspends_until_the_clock_is_back)
{
    gl_clock_guard guard = {0};
    for (int sign = -1; sign <= 1; sign += 2) {
        int64_t mono = 50 * SECOND;
        cr_assert(gl_clock_guard_steady(&guard, WALL + mono, mono));
        for (int i = 1; i <= 100; i++)
            cr_assert(!gl_clock_guard_steady(&guard, WALL + mono + i * SECOND + sign * INT64_C(86400) * SECOND,
                                             mono + i * SECOND));
        cr_assert(gl_clock_guard_steady(&guard, WALL + mono + 101 * SECOND, mono + 101 * SECOND));
    }
}

Test(timers, a_clock_that_stays_is_believed_after_a_while)
{
    gl_clock_guard guard = {0};
    int64_t jump = INT64_C(3600) * SECOND, mono = 0;
    cr_assert(gl_clock_guard_steady(&guard, WALL, mono));
    for (mono = SECOND; mono < GL_CLOCK_SETTLE_US; mono += SECOND)
        cr_assert(!gl_clock_guard_steady(&guard, WALL + mono + jump, mono));
    cr_assert(!gl_clock_guard_steady(&guard, WALL + mono + 2 * jump, mono), "it jumped again");
    int64_t again = mono;
    for (; mono < again + GL_CLOCK_SETTLE_US; mono += SECOND)
        cr_assert(!gl_clock_guard_steady(&guard, WALL + mono + 2 * jump, mono));
    cr_assert(gl_clock_guard_steady(&guard, WALL + mono + 2 * jump, mono));
}
