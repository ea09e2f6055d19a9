/* For tests with a main() of their own (threaded ones, which ThreadSanitizer must be able to run): CHECK counts, says
 * where, and goes on; main() returns check_result(). */
#ifndef GL_BASE_TEST_CHECK_H
#define GL_BASE_TEST_CHECK_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum { CHECK_SKIPPED = 77 };

static int check_passed, check_failed;

static inline bool check_that(bool ok, const char *what, const char *file, int line)
{
    __atomic_fetch_add(ok ? &check_passed : &check_failed, 1, __ATOMIC_RELAXED);
    if (!ok)
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    return ok;
}

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)

static inline int check_result(void)
{
    printf("%d checks passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0 || check_passed == 0;
}

/* Between two looks at a condition that is waited for. */
static inline void check_pause(void)
{
    struct timespec ms = {0, 2000000};
    nanosleep(&ms, NULL);
}

/* Waits until `condition` is true, at most `seconds`; says whether it became true. */
#define CHECK_WITHIN(seconds, condition)                                                                               \
    do {                                                                                                               \
        int64_t until_us = gl_mono_us() + (int64_t)((seconds)*1000000);                                                \
        bool became = (condition);                                                                                     \
        while (!became && gl_mono_us() < until_us) {                                                                   \
            check_pause();                                                                                             \
            became = (condition);                                                                                      \
        }                                                                                                              \
        check_that(became, "within " #seconds " s: " #condition, __FILE__, __LINE__);                                  \
    } while (0)

#endif
