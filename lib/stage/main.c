/* gl_stage_main: a daemon from its options to its exit code. The main thread starts everything, then waits for signals.
 *
 * SIGTERM, SIGINT: drain (not ready any more, intake stops, batches finish), exit 0; a second one: abort now. SIGHUP:
 * reload, keeping the old configuration when the new one is refused. SIGUSR1: pause, SIGUSR2: resume. All through a
 * signalfd, never in a handler. Exit codes: 0 drained, 1 failed, 2 wrong options or configuration.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "stage/internal.h"

enum {
    EXIT_FAILED = 1,
    EXIT_CONFIGURATION = 2,
    SETS_LIMIT = 128,
    TABLES_LIMIT = 64,
    ABORT_GRACE_MS = 15000,
    LOOK_MS = 500
};

typedef struct options {
    const char *config;
    const char *sets[SETS_LIMIT + 1];
    size_t set_count;
    bool check, print;
} options;

/* The process's own; gl_runtime is what its threads share. */
typedef struct daemon_ {
    gl_runtime runtime;
    options options;
    const gl_conf_table *tables[TABLES_LIMIT];
    size_t table_count;
    gl_conf **confs; /* all that were loaded: a stage may hold on to an older one */
    size_t conf_count;
    int signal_fd;
    int signals_to_stop; /* how many came */
    bool opened, intake_started;
    size_t threads;
    gl_series *reloaded, *reload_failed;
} daemon_;

/* ---- options ---- */

static void usage(FILE *to, const char *stage)
{
    fprintf(to,
            "usage: greenlane-%s [--config FILE] [--set SECTION.KEY=VALUE]... [--check-config | --print-config]\n\n"
            "  --config FILE    YAML; without it the defaults hold (docs/CONFIGURATION.md)\n"
            "  --set S.K=V      overrides one value; may be repeated\n"
            "  --check-config   say whether the configuration is valid, and exit\n"
            "  --print-config   print it with all defaults filled in, secrets left out, and exit\n"
            "  --help, --version\n\n"
            "SIGTERM drains (a second one aborts), SIGHUP reloads, SIGUSR1 pauses, SIGUSR2 resumes.\n"
            "Health and metrics: admin.listen, /healthz /readyz /metrics.\n",
            stage);
}

/* -1: go on; else the exit code. */
static int parse_options(options *o, const char *stage, int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"set", required_argument, NULL, 's'},
                                          {"check-config", no_argument, NULL, 'k'},
                                          {"print-config", no_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
        if (option == 'c')
            o->config = optarg;
        else if (option == 's' && o->set_count < SETS_LIMIT)
            o->sets[o->set_count++] = optarg;
        else if (option == 'k')
            o->check = true;
        else if (option == 'p')
            o->print = true;
        else if (option == 'h')
            return usage(stdout, stage), 0;
        else if (option == 'v')
            return printf("greenlane-%s %s (librdkafka %s)\n", stage, GL_VERSION, rd_kafka_version_str()), 0;
        else
            return usage(stderr, stage), EXIT_CONFIGURATION;
    }
    if (optind < argc)
        return fprintf(stderr, "greenlane-%s: %s: no arguments are expected\n", stage, argv[optind]),
               EXIT_CONFIGURATION;
    return -1;
}

/* ---- configuration ---- */

static void collect_tables(daemon_ *d)
{
    const gl_conf_table *const *lists[] = {gl_runtime_conf_tables, d->runtime.def->conf_tables};
    for (size_t l = 0; l < 2; l++)
        for (const gl_conf_table *const *at = lists[l]; at != NULL && *at != NULL && d->table_count < TABLES_LIMIT;
             at++)
            d->tables[d->table_count++] = *at;
}

/* What the tables cannot see: files that are named, settings that must fit each other. */
static bool check(const daemon_ *d, const gl_conf *conf, gl_err *err)
{
    const gl_stage_def *def = d->runtime.def;
    const gl_kv_conf *kv = gl_conf_section(conf, "redis");
    return gl_kafka_check(gl_conf_section(conf, "kafka"), err) && (kv == NULL || gl_kv_check(kv, err)) &&
           (def->check == NULL || def->check(conf, err));
}

static gl_conf *load(daemon_ *d, gl_err *err)
{
    gl_conf *conf = gl_conf_load(d->options.config, d->tables, d->table_count, d->options.sets, err);
    if (conf != NULL && !check(d, conf, err)) {
        gl_conf_destroy(conf);
        conf = NULL;
    }
    if (conf == NULL)
        return NULL;
    if (!gl_registry_check_conf(gl_conf_section(conf, "registry"), err)) {
        gl_conf_destroy(conf);
        return NULL;
    }
    gl_conf **grown = realloc(d->confs, (d->conf_count + 1) * sizeof(gl_conf *));
    if (grown == NULL)
        abort();
    d->confs = grown;
    d->confs[d->conf_count++] = conf;
    return conf;
}

static void init_log(const daemon_ *d, const gl_conf *conf)
{
    const gl_log_conf *log = gl_conf_section(conf, "log");
    gl_log_init(d->runtime.def->name, (gl_log_level)log->level);
}

static int print_conf(const gl_conf *conf)
{
    gl_buf text = {0};
    gl_conf_print(conf, &text);
    fwrite(text.data, 1, text.len, stdout);
    gl_buf_free(&text);
    return 0;
}

/* A change that needs a restart is reported, not refused: the rest of the file is wanted now. */
static void reload(daemon_ *d)
{
    gl_runtime *runtime = &d->runtime;
    gl_err err = {0};
    const gl_conf *before = d->confs[d->conf_count - 1];
    gl_conf *conf = load(d, &err);
    bool good = conf != NULL && (runtime->def->reload == NULL || runtime->def->reload(runtime->stage, conf, &err));
    gl_series_add(good ? d->reloaded : d->reload_failed, 1);
    gl_series_set(runtime->series.last_reload, good);
    if (!good) {
        gl_log_err(GL_LOG_ERROR, &err);
        gl_log(GL_LOG_ERROR, "reload-failed", "the old configuration stays");
        return;
    }
    gl_buf fixed = {0};
    gl_conf_fixed_changes(before, conf, &fixed);
    if (fixed.len > 0)
        gl_log(GL_LOG_WARN, "reload-needs-restart", "changed, but needs a restart: %.*s",
               GL_STR_ARG(gl_buf_view(&fixed)));
    gl_buf_free(&fixed);
    init_log(d, conf);
    gl_log(GL_LOG_INFO, "reloaded", "the new configuration is in use");
}

/* ---- signals ---- */

static bool catch_signals(daemon_ *d, gl_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaddset(&set, caught[i]);
    signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) /* before any thread is made: they inherit it */
        return gl_fail(err, GL_FATAL, "signals", "cannot block signals");
    d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    d->runtime.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->signal_fd < 0 || d->runtime.wake_fd < 0)
        return gl_fail(err, GL_FATAL, "signals", "signalfd: %s", strerror(errno));
    return true;
}

static void on_signal(daemon_ *d, uint32_t number)
{
    gl_runtime *runtime = &d->runtime;
    switch (number) {
    case SIGTERM:
    case SIGINT:
        d->signals_to_stop++;
        if (d->signals_to_stop > 1)
            atomic_store(&runtime->aborting, true);
        gl_log(GL_LOG_INFO, "signal", "%s", d->signals_to_stop == 1 ? "draining" : "aborting now");
        break;
    case SIGHUP:
        if (d->opened)
            reload(d);
        break;
    case SIGUSR1:
    case SIGUSR2:
        atomic_store(&runtime->paused, number == SIGUSR1);
        gl_log(GL_LOG_INFO, "signal", "%s", number == SIGUSR1 ? "pausing" : "resuming");
        break;
    default:
        break;
    }
}

static void wait_events(daemon_ *d, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = d->signal_fd, .events = POLLIN}, {.fd = d->runtime.wake_fd, .events = POLLIN}};
    if (poll(fds, 2, timeout_ms) <= 0)
        return;
    struct signalfd_siginfo info;
    while (read(d->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        on_signal(d, info.ssi_signo);
    uint64_t count;
    while (read(d->runtime.wake_fd, &count, sizeof count) == (ssize_t)sizeof count)
        ;
}

/* The runtime is the first member of daemon_. */
static bool interrupted(gl_runtime *runtime)
{
    daemon_ *d = (daemon_ *)runtime;
    wait_events(d, LOOK_MS);
    return d->signals_to_stop > 0;
}

/* ---- failure, watchdog ---- */

void gl_runtime_fail(gl_runtime *runtime, const gl_err *err)
{
    pthread_mutex_lock(&runtime->lock);
    if (runtime->failure.action == GL_NONE) {
        runtime->failure = *err;
        if (runtime->failure.action == GL_NONE)
            gl_fail(&runtime->failure, GL_FATAL, "stage-error", "a worker ended without saying why");
    }
    pthread_mutex_unlock(&runtime->lock);
    uint64_t one = 1;
    if (write(runtime->wake_fd, &one, sizeof one) != (ssize_t)sizeof one)
        gl_log(GL_LOG_DEBUG, "wake", "main looks twice a second anyway");
}

static bool has_failed(gl_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    bool failed = runtime->failure.action != GL_NONE;
    pthread_mutex_unlock(&runtime->lock);
    return failed;
}

/* A stuck thread cannot be ended, only the process; nothing that is committed is lost, and another takes over. */
static void look_for_stuck(const gl_runtime *runtime)
{
    const char *step = "";
    int worker = 0;
    int64_t age_us = gl_admin_oldest_us(runtime, &step, &worker);
    if (age_us <= runtime->stage_conf->stuck_exit_ms * 1000)
        return;
    gl_log(GL_LOG_ERROR, "worker-stuck", "worker %d has been at '%s' for %" PRId64 " s: ending the process", worker,
           step, age_us / 1000000);
    _exit(EXIT_FAILED);
}

/* ---- start, run, stop ---- */

static gl_stage_env env_of(const gl_runtime *runtime)
{
    return (gl_stage_env){.conf = runtime->conf,
                          .metrics = runtime->metrics,
                          .identity = runtime->identity,
                          .partition_count = runtime->partitions,
                          .instance = runtime->instance};
}

static bool start_workers(daemon_ *d, gl_err *err)
{
    gl_runtime *runtime = &d->runtime;
    size_t count = (size_t)runtime->stage_conf->workers;
    runtime->workers = calloc(count, sizeof *runtime->workers);
    if (runtime->workers == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        if (!gl_worker_init(&runtime->workers[i], runtime, (int)i))
            abort();
    atomic_store(&runtime->worker_count, count);
    for (; d->threads < count; d->threads++)
        if (pthread_create(&runtime->workers[d->threads].thread, NULL, gl_worker_main, &runtime->workers[d->threads]) !=
            0)
            return gl_fail(err, GL_FATAL, "thread", "cannot make a thread: %s", strerror(errno));
    return true;
}

static bool start_intake(daemon_ *d, gl_err *err)
{
    gl_runtime *runtime = &d->runtime;
    while (!gl_admin_workers_ready(runtime) && d->signals_to_stop == 0 && !has_failed(runtime))
        wait_events(d, 50);
    if (runtime->def->intake_start == NULL || d->signals_to_stop > 0 || has_failed(runtime))
        return true;
    gl_stage_env env = env_of(runtime);
    d->intake_started = runtime->def->intake_start(runtime->stage, &env, err);
    return d->intake_started;
}

static bool start(daemon_ *d, gl_err *err)
{
    gl_runtime *runtime = &d->runtime;
    const gl_stage_def *def = runtime->def;
    if (!gl_points_init(err) || !gl_admin_start(runtime, gl_conf_section(runtime->conf, "admin"), err) ||
        !gl_start_slot(runtime, err))
        return false;
    gl_stage_env env = env_of(runtime);
    if (!def->open(&env, &runtime->stage, err))
        return false;
    d->opened = true;
    runtime->admin = gl_kafka_admin_new(runtime->kafka_conf, runtime->identity, err);
    if (runtime->admin == NULL || !gl_start_topics(runtime, interrupted, err) ||
        !gl_schemas_start(runtime, interrupted, err) || !gl_start_shared_state(runtime, err) ||
        !start_workers(d, err) || !start_intake(d, err))
        return false;
    atomic_store(&runtime->serving, true);
    gl_log(GL_LOG_INFO, "started", "%s of instance %s, %zu workers, %d partitions", runtime->identity,
           runtime->instance, (size_t)runtime->stage_conf->workers, runtime->partitions);
    return true;
}

static bool workers_ended(const gl_runtime *runtime)
{
    size_t count = atomic_load(&runtime->worker_count);
    for (size_t i = 0; i < count; i++)
        if (!atomic_load(&runtime->workers[i].ended))
            return false;
    return true;
}

/* Readiness first, then the intake, then the workers: whoever sends is told before nobody listens. */
static void drain(daemon_ *d)
{
    gl_runtime *runtime = &d->runtime;
    atomic_store(&runtime->serving, false);
    if (d->intake_started && runtime->def->intake_stop != NULL)
        runtime->def->intake_stop(runtime->stage);
    atomic_store(&runtime->stopping, true);
    int64_t abort_us = gl_mono_us() + runtime->stage_conf->drain_deadline_ms * 1000;
    while (d->threads > 0 && !workers_ended(runtime)) {
        int64_t now = gl_mono_us();
        if (now > abort_us && !atomic_exchange(&runtime->aborting, true))
            gl_log(GL_LOG_WARN, "drain-deadline", "batches did not finish within stage.drain_deadline: aborting them");
        if (now > abort_us + (int64_t)ABORT_GRACE_MS * 1000) {
            gl_log(GL_LOG_ERROR, "drain-stuck",
                   "a worker does not end: ending the process; nothing that is committed is lost");
            _exit(EXIT_FAILED);
        }
        wait_events(d, LOOK_MS);
    }
    for (size_t i = 0; i < d->threads; i++)
        pthread_join(runtime->workers[i].thread, NULL);
}

static void close_all(daemon_ *d)
{
    gl_runtime *runtime = &d->runtime;
    gl_admin_stop(runtime);
    size_t count = atomic_load(&runtime->worker_count);
    for (size_t i = 0; i < count; i++)
        gl_worker_free(&runtime->workers[i]);
    free(runtime->workers);
    gl_store_close(runtime->shared_store, gl_wall_us() / 1000);
    if (d->opened && runtime->def->close != NULL)
        runtime->def->close(runtime->stage);
    gl_schemas_stop(runtime);
    gl_kafka_admin_destroy(runtime->admin);
    if (runtime->slot_fd >= 0)
        close(runtime->slot_fd);
    close(d->signal_fd);
    close(runtime->wake_fd);
    gl_metrics_destroy(runtime->metrics);
}

static int run(daemon_ *d)
{
    gl_runtime *runtime = &d->runtime;
    gl_err err = {0};
    bool good = start(d, &err);
    if (!good && !(d->signals_to_stop > 0 && err.action == GL_RETRY))
        gl_runtime_fail(runtime, &err);
    while (good && d->signals_to_stop == 0 && !has_failed(runtime)) {
        wait_events(d, LOOK_MS);
        look_for_stuck(runtime);
    }
    drain(d);
    bool failed = has_failed(runtime);
    if (failed)
        gl_log_err(GL_LOG_ERROR, &runtime->failure);
    gl_log(GL_LOG_INFO, "ended", "%s", failed ? "after a failure" : "drained");
    close_all(d);
    return failed ? EXIT_FAILED : 0;
}

static size_t count_names(const char *const *names)
{
    size_t count = 0;
    while (names != NULL && names[count] != NULL)
        count++;
    return count;
}

static void init_runtime(daemon_ *d, const gl_conf *conf)
{
    gl_runtime *runtime = &d->runtime;
    runtime->conf = conf;
    runtime->stage_conf = gl_conf_section(conf, "stage");
    runtime->kafka_conf = gl_conf_section(conf, "kafka");
    runtime->registry_conf = gl_conf_section(conf, "registry");
    runtime->partitions = (int32_t)runtime->kafka_conf->partitions;
    runtime->input_count = count_names(runtime->def->inputs);
    runtime->output_count = count_names(runtime->def->outputs);
    runtime->slot_fd = -1;
    pthread_mutex_init(&runtime->lock, NULL);
    runtime->metrics = gl_metrics_new();
    gl_runtime_series_init(runtime);
    d->reloaded = gl_runtime_series1(runtime, "gl_config_reload_success_total", NULL);
    d->reload_failed = gl_runtime_series1(runtime, "gl_config_reload_failed_total", NULL);
}

int gl_stage_main(const gl_stage_def *def, int argc, char **argv)
{
    static daemon_ d;
    gl_err err = {0};
    d.runtime.def = def;
    int code = parse_options(&d.options, def->name, argc, argv);
    if (code >= 0)
        return code;
    gl_log_init(def->name, GL_LOG_INFO);
    collect_tables(&d);
    const gl_conf *conf = load(&d, &err);
    if (conf == NULL) {
        gl_log_err(GL_LOG_ERROR, &err);
        return EXIT_CONFIGURATION;
    }
    if (d.options.check) {
        printf("%s: the configuration is valid\n", d.options.config == NULL ? "defaults" : d.options.config);
    } else if (d.options.print) {
        code = print_conf(conf);
    } else {
        init_log(&d, conf);
        init_runtime(&d, conf);
        if (catch_signals(&d, &err)) {
            code = run(&d);
        } else {
            gl_log_err(GL_LOG_ERROR, &err);
            code = EXIT_FAILED;
        }
    }
    for (size_t i = 0; i < d.conf_count; i++)
        gl_conf_destroy(d.confs[i]);
    free(d.confs);
    return code < 0 ? 0 : code;
}
