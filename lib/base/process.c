/* See process.h. Costs a few system calls a scrape. */
#include "base/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPU, START, RESIDENT, ANONYMOUS, OPEN_FDS, MAX_FDS };

const gl_metric_def gl_process_metrics[GL_PROCESS_METRIC_COUNT] = {
    [CPU] = {.name = "process_cpu_seconds_total",
             .type = GL_COUNTER,
             .help = "CPU time of the process, user and system."},
    [START] = {.name = "process_start_time_seconds",
               .type = GL_GAUGE,
               .help = "When the process started, in seconds since 1970."},
    [RESIDENT] = {.name = "process_resident_memory_bytes",
                  .type = GL_GAUGE,
                  .help = "Resident memory, mapped files (models, local state) included."},
    [ANONYMOUS] = {.name = "process_anonymous_memory_bytes",
                   .type = GL_GAUGE,
                   .help = "Resident memory that is backed by no file: what the process needs for itself."},
    [OPEN_FDS] = {.name = "process_open_fds", .type = GL_GAUGE, .help = "Open file descriptors."},
    [MAX_FDS] = {.name = "process_max_fds", .type = GL_GAUGE, .help = "Most file descriptors that may be open."},
};

static gl_series *series_of(gl_metrics *metrics, int metric)
{
    return gl_metrics_series(metrics, &gl_process_metrics[metric], NULL);
}

static void report_cpu(gl_metrics *metrics)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0)
        return;
    double seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    gl_series_set_total(series_of(metrics, CPU), seconds);
}

/* One number of a "Name:  123 kB" line of a file in /proc; -1: not there. */
static int64_t number_after(const char *path, const char *name)
{
    char line[256];
    int64_t found = -1;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    size_t len = strlen(name);
    while (found < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, len) == 0)
            found = strtoll(line + len, NULL, 10);
    fclose(file);
    return found;
}

static void report_memory(gl_metrics *metrics)
{
    int64_t resident_kb = number_after("/proc/self/status", "VmRSS:");
    int64_t anonymous_kb = number_after("/proc/self/status", "RssAnon:");
    if (resident_kb >= 0)
        gl_series_set(series_of(metrics, RESIDENT), (double)resident_kb * 1024);
    if (anonymous_kb >= 0)
        gl_series_set(series_of(metrics, ANONYMOUS), (double)anonymous_kb * 1024);
}

/* Field 22 of /proc/self/stat, in ticks since the machine started; the name before it may hold anything but ends with
 * the last parenthesis. */
static void report_start(gl_metrics *metrics)
{
    char text[2048];
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL)
        return;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    int64_t booted = number_after("/proc/stat", "btime");
    if (at == NULL || booted < 0)
        return;
    double ticks = (double)strtoll(at, NULL, 10);
    gl_series_set(series_of(metrics, START), (double)booted + ticks / (double)sysconf(_SC_CLK_TCK));
}

static void report_files(gl_metrics *metrics)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        gl_series_set(series_of(metrics, MAX_FDS), (double)limit.rlim_cur);
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return;
    int count = -1; /* the directory's own */
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    closedir(directory);
    gl_series_set(series_of(metrics, OPEN_FDS), count);
}

void gl_process_report(gl_metrics *metrics)
{
    report_cpu(metrics);
    report_start(metrics);
    report_memory(metrics);
    report_files(metrics);
}
