/* The smallest stage with state, which the broker tests run: copies each record, and counts how often it saw its key.
 *
 * What a value starts with decides: "poison" fails the whole batch (the runtime has to bisect), "bad" is dead-lettered
 * by the stage, "huge" makes an output above the message limit, "slow" is unavailable for the first two attempts,
 * "away" as long as the file ECHO_GATE is there, "stall" does not come back as long as it is; anything else is echoed.
 * As `--two` it reads two inputs (range assignor), as `--intake` it makes its own records, as
 * `--stateless` it keeps no state. As `--timers` the value "later" leaves a timer, which puts "fired" under the same
 * key a second later.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "stage/stage.h"

typedef struct echo_conf {
    int64_t intake_records;
    bool copy;
} echo_conf;

static const gl_conf_entry conf_entries[] = {
    {.name = "intake_records",
     .type = GL_CONF_INT,
     .offset = offsetof(echo_conf, intake_records),
     .initial = "0",
     .help = "How many records the intake makes."},
    {.name = "greeting",
     .type = GL_CONF_BOOL,
     .offset = offsetof(echo_conf, copy),
     .initial = "false",
     .flags = GL_CONF_RELOADABLE,
     .help = "Logged by a reload."},
};
static const gl_conf_table conf_table = {"echo", "The test stage.", sizeof(echo_conf),
                                         false,  conf_entries,      sizeof conf_entries / sizeof conf_entries[0]};
static const gl_conf_table *const conf_tables[] = {&conf_table, NULL};

typedef struct echo {
    const echo_conf *conf;
    bool stateful;
    atomic_int slow_attempts;
    atomic_llong made, settled, given_up;
} echo;

static bool stateless, timed;

static const char TIMER[] = "timer:";
enum { TIMER_BYTES = sizeof TIMER - 1, DELAY_US = 1000 * 1000, FIRED_LIMIT = 40 };

static bool echo_open(const gl_stage_env *env, void **stage, gl_err *err)
{
    (void)err;
    echo *e = calloc(1, sizeof *e);
    if (e == NULL)
        abort();
    e->conf = gl_conf_section(env->conf, "echo");
    e->stateful = !stateless;
    *stage = e;
    return true;
}

static void echo_close(void *stage)
{
    echo *e = stage;
    gl_log(GL_LOG_INFO, "echo-closed", "settled %lld, given up %lld", (long long)e->settled, (long long)e->given_up);
    free(e);
}

static bool echo_reload(void *stage, const gl_conf *conf, gl_err *err)
{
    (void)stage;
    (void)err;
    const echo_conf *fresh = gl_conf_section(conf, "echo");
    gl_log(GL_LOG_INFO, "echo-reloaded", "greeting %s", fresh->copy ? "on" : "off");
    return true;
}

static bool count_key(gl_outbox *outbox, const gl_batch *batch, const gl_record *record, gl_err *err)
{
    gl_str seen;
    if (!gl_state_get(gl_outbox_state_view(outbox), record->partition, record->key, &seen, err))
        return false;
    uint64_t count = 0;
    gl_str_to_u64(seen, UINT64_MAX - 1, &count);
    char *text = gl_arena_printf(batch->arena, "%llu", (unsigned long long)count + 1);
    gl_outbox_state(outbox, record, record->key, gl_str_of(text));
    return true;
}

static bool gate_is_shut(void)
{
    const char *path = getenv("ECHO_GATE");
    return path != NULL && access(path, F_OK) == 0;
}

static void stall(void)
{
    struct timespec pause = {.tv_nsec = 10000000};
    while (gate_is_shut())
        nanosleep(&pause, NULL);
}

/* Key "timer:<due, 20 digits>:<key>". */
static void put_timer(gl_outbox *outbox, const gl_batch *batch, const gl_record *record)
{
    char *key = gl_arena_printf(batch->arena, "%s%020lld:%.*s", TIMER, (long long)batch->now_us + DELAY_US,
                                GL_STR_ARG(record->key));
    gl_outbox_state(outbox, record, gl_str_of(key), GL_STR("1"));
}

static bool fire_partition(const gl_batch *batch, int32_t partition, size_t *left, gl_outbox *outbox, gl_err *err)
{
    gl_record *cause = GL_NEW(batch->arena, gl_record);
    cause->partition = partition;
    for (; *left > 0; --*left) {
        gl_str key, value;
        uint64_t due;
        if (!gl_state_first(gl_outbox_state_view(outbox), partition, GL_STR("timer:"), &key, &value, err))
            return false;
        if (key.ptr == NULL || !gl_str_to_u64((gl_str){key.ptr + TIMER_BYTES, 20}, INT64_MAX, &due) ||
            (int64_t)due > batch->now_us)
            return true;
        gl_outbox_put(outbox, cause, 0, (gl_str){key.ptr + TIMER_BYTES + 21, key.len - TIMER_BYTES - 21},
                      GL_STR("fired"));
        gl_outbox_state(outbox, cause, key, (gl_str){NULL, 0});
    }
    return true;
}

static bool echo_timers(void *stage, void *worker, const gl_batch *batch, const int32_t *partitions, size_t count,
                        gl_outbox *outbox, gl_err *err)
{
    (void)stage;
    (void)worker;
    size_t left = FIRED_LIMIT;
    for (size_t i = 0; i < count; i++)
        if (!fire_partition(batch, partitions[i], &left, outbox, err))
            return false;
    return true;
}

static bool echo_one(echo *e, const gl_batch *batch, const gl_record *record, gl_outbox *outbox, gl_err *err)
{
    gl_str value = record->value;
    if (gl_str_starts(value, GL_STR("poison")))
        return gl_fail(err, GL_DEAD_LETTER, "echo-poison", "this record spoils its batch");
    if (gl_str_starts(value, GL_STR("slow")) && atomic_fetch_add(&e->slow_attempts, 1) < 2)
        return gl_fail(err, GL_RETRY, "echo-unavailable", "not yet");
    if (gl_str_starts(value, GL_STR("away")) && gate_is_shut())
        return gl_fail(err, GL_RETRY, "echo-unavailable", "the gate is shut");
    if (gl_str_starts(value, GL_STR("stall")))
        stall();
    if (gl_str_starts(value, GL_STR("bad"))) {
        gl_err why;
        gl_fail(&why, GL_DEAD_LETTER, "echo-bad", "this record cannot be read");
        gl_outbox_dead_letter(outbox, record, &why);
        return true;
    }
    if (gl_str_starts(value, GL_STR("huge")))
        value = (gl_str){gl_arena_calloc(batch->arena, 1, 5 << 20), 5 << 20};
    gl_outbox_put(outbox, record, 0, record->key, value);
    if (timed && gl_str_eqz(value, "later"))
        put_timer(outbox, batch, record);
    return !e->stateful || record->key.len == 0 || count_key(outbox, batch, record, err);
}

static bool echo_process(void *stage, void *worker, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    (void)worker;
    for (size_t i = 0; i < batch->count; i++)
        if (!echo_one(stage, batch, &batch->records[i], outbox, err))
            return false;
    return true;
}

static void echo_applied(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox)
{
    (void)stage;
    (void)worker;
    (void)outbox;
    gl_log(GL_LOG_INFO, "echo-applied", "%zu records", batch->count);
}

static size_t echo_poll(void *stage, void *worker, gl_batch *batch, size_t limit, int timeout_ms)
{
    (void)worker;
    (void)timeout_ms;
    echo *e = stage;
    size_t count = 0;
    while (count < limit && atomic_load(&e->made) < e->conf->intake_records) {
        long long number = atomic_fetch_add(&e->made, 1);
        char *key = gl_arena_printf(batch->arena, "key-%lld", number);
        batch->records[count++] = (gl_record){.key = gl_str_of(key), .value = gl_str_of(key)};
    }
    return count;
}

static void echo_settle(void *stage, void *worker, const gl_batch *batch, const gl_outbox *outbox, bool committed,
                        const gl_err *err)
{
    (void)worker;
    (void)outbox;
    (void)err;
    echo *e = stage;
    gl_log(GL_LOG_INFO, "echo-settled", "%zu records", batch->count);
    atomic_fetch_add(committed ? &e->settled : &e->given_up, (long long)batch->count);
}

/* Topics are <name>.in, .in2, .out and .state, so that tests on one broker do not meet: the name comes from ECHO_NAME.
 */
static char names[4][128];

static const char *name_topics(void)
{
    static const char *const ends[] = {"in", "in2", "out", "state"};
    const char *name = getenv("ECHO_NAME");
    if (name == NULL)
        name = "echo";
    for (int i = 0; i < 4; i++)
        snprintf(names[i], sizeof names[i], "%s.%s", name, ends[i]);
    return name;
}

int main(int argc, char **argv)
{
    const char *name = name_topics();
    const char *const one_input[] = {names[0], NULL}, *const two_inputs[] = {names[0], names[1], NULL};
    const char *const outputs[] = {names[2], NULL};
    gl_stage_def def = {.name = name,
                        .inputs = one_input,
                        .outputs = outputs,
                        .state_topic = names[3],
                        .conf_tables = conf_tables,
                        .open = echo_open,
                        .close = echo_close,
                        .reload = echo_reload,
                        .process = echo_process,
                        .applied = echo_applied};
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "--two") == 0)
        def.inputs = two_inputs;
    if (strcmp(mode, "--timers") == 0) {
        timed = true;
        def.timers = echo_timers;
    }
    if (strcmp(mode, "--intake") == 0) {
        def.inputs = NULL;
        def.state_topic = NULL;
        def.poll = echo_poll;
        def.settle = echo_settle;
    }
    if (strcmp(mode, "--stateless") == 0 || strcmp(mode, "--intake") == 0) {
        stateless = true;
        def.state_topic = NULL;
    }
    bool has_mode = def.inputs != one_input || stateless || timed;
    if (has_mode)
        argv[1] = argv[0];
    return gl_stage_main(&def, argc - has_mode, argv + has_mode);
}
