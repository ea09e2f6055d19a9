/* The daemon's own HTTP server: /metrics, /healthz (does every worker make progress?), /readyz (may it get work, has it
 * its partitions?).
 *
 * Thread: the server's; it reads atomics and the metrics only.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "stage/internal.h"

static const char TEXT[] = "text/plain; charset=utf-8";

int64_t gl_admin_oldest_us(const gl_runtime *runtime, const char **step, int *worker)
{
    int64_t now = gl_mono_us(), oldest = 0;
    size_t count = atomic_load(&runtime->worker_count);
    for (size_t i = 0; i < count; i++) {
        const gl_worker *at = &runtime->workers[i];
        int64_t age = now - atomic_load_explicit(&at->progress_us, memory_order_relaxed);
        if (atomic_load(&at->ended) || age <= oldest)
            continue;
        oldest = age;
        *step = atomic_load_explicit(&at->step, memory_order_relaxed);
        *worker = at->number;
    }
    return oldest;
}

bool gl_admin_workers_ready(const gl_runtime *runtime)
{
    size_t count = atomic_load(&runtime->worker_count);
    for (size_t i = 0; i < count; i++)
        if (!atomic_load(&runtime->workers[i].ready))
            return false;
    return count > 0;
}

static bool is_waiting(const gl_runtime *runtime)
{
    size_t count = atomic_load(&runtime->worker_count);
    for (size_t i = 0; i < count; i++)
        if (atomic_load(&runtime->workers[i].waiting))
            return true;
    return false;
}

static bool is_ready(const gl_runtime *runtime)
{
    return atomic_load(&runtime->serving) && !atomic_load(&runtime->stopping) && gl_admin_workers_ready(runtime) &&
           !is_waiting(runtime);
}

static void respond(gl_http_request *request, int status, const char *text)
{
    gl_http_respond(request, status, TEXT, gl_str_of(text), NULL);
}

/* With the message of what it waits for. */
static void respond_waiting(gl_runtime *runtime, gl_http_request *request)
{
    char text[GL_ERR_MESSAGE_BYTES + 80];
    pthread_mutex_lock(&runtime->lock);
    snprintf(text, sizeof text, "waiting (%s): %s\n", runtime->waiting.code, runtime->waiting.message);
    pthread_mutex_unlock(&runtime->lock);
    respond(request, 503, text);
}

static void serve_ready(void *context, gl_http_request *request)
{
    gl_runtime *runtime = context;
    bool ready = is_ready(runtime);
    gl_series_set(runtime->series.ready, ready);
    if (!atomic_load(&runtime->stopping) && is_waiting(runtime)) {
        respond_waiting(runtime, request);
        return;
    }
    const char *why = atomic_load(&runtime->stopping)        ? "draining\n"
                      : atomic_load(&runtime->asks_registry) ? "waiting for the schema registry\n"
                      : !atomic_load(&runtime->serving)      ? "starting\n"
                                                             : "waiting for partitions\n";
    bool alone = ready && runtime->registry != NULL && !gl_registry_is_up(runtime->registry);
    respond(request, ready ? 200 : 503, alone ? "ready, without the schema registry\n" : ready ? "ready\n" : why);
}

static void serve_health(void *context, gl_http_request *request)
{
    const gl_runtime *runtime = context;
    const char *step = "";
    int worker = 0;
    int64_t age_us = gl_admin_oldest_us(runtime, &step, &worker);
    if (age_us <= runtime->stage_conf->stuck_after_ms * 1000) {
        respond(request, 200, "alive\n");
        return;
    }
    char text[160];
    snprintf(text, sizeof text, "worker %d has been at '%s' for %lld s\n", worker, step, (long long)(age_us / 1000000));
    respond(request, 503, text);
}

/* Seconds since the older of the two, which are 0 where there is none; 0 for a moment that is still to come. */
static double age_seconds(int64_t one_ms, int64_t other_ms, int64_t now_ms)
{
    int64_t since_ms = one_ms == 0 || (other_ms != 0 && other_ms < one_ms) ? other_ms : one_ms;
    return since_ms == 0 || since_ms > now_ms ? 0 : (double)(now_ms - since_ms) / 1000.0;
}

/* One step is shown at a time. Two scrapes at once may show two; the next one shows one again. */
static void report_silence(gl_runtime *runtime)
{
    const char *step = "start";
    int number = 0;
    int64_t silent_us = gl_admin_oldest_us(runtime, &step, &number);
    gl_series *series = gl_runtime_series1(runtime, "gl_worker_silent_seconds", step);
    gl_series *before = __atomic_exchange_n(&runtime->series.silent, series, __ATOMIC_RELAXED);
    gl_series_set(series, (double)silent_us / 1e6);
    if (before != NULL && before != series)
        gl_series_remove(before);
}

/* What is true at this moment, also of a worker that waits for something and tells nothing itself. */
static void report(gl_runtime *runtime)
{
    const gl_runtime_series *series = &runtime->series;
    int64_t now_ms = gl_wall_us() / 1000;
    size_t count = atomic_load(&runtime->worker_count);
    for (size_t i = 0; i < count && runtime->input_count > 0; i++) {
        const gl_worker *worker = &runtime->workers[i];
        gl_series_set(worker->lag_seconds,
                      age_seconds(atomic_load_explicit(&worker->lag_since_ms, memory_order_relaxed),
                                  atomic_load_explicit(&worker->batch_since_ms, memory_order_relaxed), now_ms));
    }
    gl_series_set(series->ready, is_ready(runtime));
    gl_series_set(series->paused, atomic_load(&runtime->paused));
    report_silence(runtime);
    gl_process_report(runtime->metrics);
}

static void serve_metrics(void *context, gl_http_request *request)
{
    gl_runtime *runtime = context;
    report(runtime);
    gl_schemas_report(runtime);
    gl_buf text = {0};
    gl_metrics_render(runtime->metrics, &text);
    gl_http_respond(request, 200, "text/plain; version=0.0.4; charset=utf-8", gl_buf_view(&text), NULL);
    gl_buf_free(&text);
}

/* Renamed into place, so that who waits for the file reads a whole number. */
static bool write_port_file(const char *path, int port, gl_err *err)
{
    char fresh[512];
    int len = snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = len < (int)sizeof fresh ? fopen(fresh, "we") : NULL;
    bool good = file != NULL && fprintf(file, "%d\n", port) > 0;
    if (file != NULL && fclose(file) != 0)
        good = false;
    if (!good || rename(fresh, path) != 0)
        return gl_fail(err, GL_FATAL, "admin-port-file", "cannot write %s", path);
    return true;
}

bool gl_admin_start(gl_runtime *runtime, const gl_admin_conf *conf, gl_err *err)
{
    runtime->routes[0] = (gl_http_route){"GET", "/metrics", serve_metrics, runtime};
    runtime->routes[1] = (gl_http_route){"GET", "/healthz", serve_health, runtime};
    runtime->routes[2] = (gl_http_route){"GET", "/readyz", serve_ready, runtime};
    runtime->http = gl_http_start(&conf->http, runtime->routes, 3, NULL, err);
    if (runtime->http == NULL)
        return gl_fail_context(err, "admin.listen");
    int port = gl_http_port(runtime->http);
    gl_log(GL_LOG_INFO, "admin-listening", "metrics and health on port %d", port);
    return conf->port_file[0] == '\0' || write_port_file(conf->port_file, port, err);
}

void gl_admin_stop(gl_runtime *runtime)
{
    if (runtime->http != NULL)
        gl_http_stop(runtime->http);
    runtime->http = NULL;
}
