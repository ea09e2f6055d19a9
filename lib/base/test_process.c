/* What the process says of itself agrees with what the system says of it. */
#include "base/process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double value_of(gl_metrics *metrics, const char *name)
{
    gl_buf text = {0};
    gl_process_report(metrics);
    gl_metrics_render(metrics, &text);
    gl_buf_byte(&text, '\0');
    char start[128];
    snprintf(start, sizeof start, "\n%s ", name);
    const char *at = strstr((const char *)text.data, start);
    cr_assert(at != NULL, "%s is not there", name);
    double value = strtod(at + strlen(start), NULL);
    gl_buf_free(&text);
    return value;
}

Test(process, says_when_it_started_and_what_it_uses)
{
    gl_metrics *metrics = gl_metrics_new();
    double now = (double)time(NULL), started = value_of(metrics, "process_start_time_seconds");
    cr_assert(started > now - 300 && started < now + 2, "%f, now %f", started, now);
    double resident = value_of(metrics, "process_resident_memory_bytes");
    double anonymous = value_of(metrics, "process_anonymous_memory_bytes");
    cr_assert(anonymous > 0 && anonymous < resident);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    double open_now = value_of(metrics, "process_open_fds");
    close(fd);
    cr_assert_eq(value_of(metrics, "process_open_fds"), open_now - 1);
    cr_assert(value_of(metrics, "process_max_fds") > open_now);
    gl_metrics_destroy(metrics);
}

Test(process, counts_cpu_time_with_its_fractions)
{
    gl_metrics *metrics = gl_metrics_new();
    double before = value_of(metrics, "process_cpu_seconds_total"), now = before;
    while (now < before + 0.02) /* until this loop itself has used it */
        now = value_of(metrics, "process_cpu_seconds_total");
    cr_assert(now < before + 60);
    gl_metrics_destroy(metrics);
}
