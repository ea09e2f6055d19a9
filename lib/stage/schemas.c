/* The schema registry in a daemon: the ids of what it writes, known before the first worker runs, and what it has to
 * know of others' schemas before a batch is processed.
 *
 * Always holds: with `registry.url: builtin` nothing of this runs. A worker never waits for the registry: a batch with
 * a value of a schema that is not known yet is tried again, as with any dependency that is away.
 */
#include "stage/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/avro.h"

enum { LOOK_MS = 100, SAY_US = 10 * 1000 * 1000, ASK_AGAIN_US = 2 * 1000 * 1000 };

static bool is_listed(const char *const *names, const char *topic)
{
    for (; names != NULL && *names != NULL; names++)
        if (strcmp(*names, topic) == 0)
            return true;
    return false;
}

static bool is_written(const gl_stage_def *def, const char *topic)
{
    return is_listed(def->outputs, topic) || (def->state_topic != NULL && strcmp(def->state_topic, topic) == 0);
}

static bool lookup(void *context, uint32_t schema_id, gl_str *json, gl_err *err)
{
    const gl_runtime *runtime = context;
    return gl_registry_schema(runtime->registry, schema_id, json, err);
}

/* Only what this daemon writes itself: what follows further down is the next ones' business. */
static bool identify(void *context, const gl_topic_schema *schema, gl_str json, uint32_t *schema_id, gl_err *err)
{
    const gl_runtime *runtime = context;
    char subject[GL_REGISTRY_SUBJECT_BYTES];
    *schema_id = 0;
    return !is_written(runtime->def, schema->topic) ||
           gl_registry_id(runtime->registry, gl_registry_subject(schema, subject), json, schema_id, err);
}

/* Ids of a registry that are also built in say two things at once. */
static bool check_id(const gl_runtime *runtime, const gl_topic_schema *schema, uint32_t id, gl_err *err)
{
    const gl_topic_schema *other = gl_topic_schema_of_id(id);
    if (!runtime->registry_conf->builtin_ids || other == NULL)
        return true;
    return gl_fail(err, GL_FATAL, "registry-ids",
                   "the registry gave %s the id %u, which is also the built-in id of %s: set registry.builtin_ids: "
                   "false, once no value with a built-in id is left",
                   schema->record, (unsigned)id, other->record);
}

/* GL_RETRY: not known yet, or not registered yet. What is only read needs no id of its own: each writer's schema is
 * told by the registry. */
static bool find_own(gl_runtime *runtime, size_t index, gl_err *err)
{
    char subject[GL_REGISTRY_SUBJECT_BYTES];
    const gl_topic_schema *schema = &gl_topic_schemas[index];
    uint32_t id = 0;
    gl_registry_subject(schema, subject);
    if (!gl_registry_id(runtime->registry, subject, (gl_str){schema->json, schema->json_len}, &id, err)) {
        err->action = GL_RETRY;
        return gl_fail_context(err, "%s", subject);
    }
    if (id == 0 && !is_written(runtime->def, schema->topic))
        return true;
    if (id == 0)
        return gl_fail(err, GL_RETRY, "schema-unregistered",
                       "the registry does not have this version of %s: register it with `greenlane schema register`",
                       subject);
    gl_schema_ids[index] = id;
    return check_id(runtime, schema, id, err);
}

static bool find_all(gl_runtime *runtime, gl_err *err)
{
    const gl_stage_def *def = runtime->def;
    gl_err first = {0};
    for (size_t i = 0; i < gl_topic_schema_count; i++) {
        gl_err why = {0};
        const char *topic = gl_topic_schemas[i].topic;
        if ((is_written(def, topic) || is_listed(def->inputs, topic)) && !find_own(runtime, i, &why) &&
            (first.action == GL_NONE || why.action == GL_FATAL))
            first = why;
    }
    if (first.action == GL_NONE)
        return true;
    *err = first;
    return false;
}

static void watch_all(gl_runtime *runtime)
{
    char subject[GL_REGISTRY_SUBJECT_BYTES];
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (is_listed(runtime->def->inputs, gl_topic_schemas[i].topic) ||
            is_written(runtime->def, gl_topic_schemas[i].topic))
            gl_registry_watch(runtime->registry, gl_registry_subject(&gl_topic_schemas[i], subject));
}

static void find_inputs(gl_runtime *runtime)
{
    for (size_t i = 0; i < GL_INPUT_LIMIT; i++) {
        const gl_topic_schema *schema = i < runtime->input_count ? gl_topic_schema_find(runtime->def->inputs[i]) : NULL;
        runtime->input_schemas[i] = schema == NULL ? -1 : (int)(schema - gl_topic_schemas);
    }
}

bool gl_schemas_start(gl_runtime *runtime, bool (*interrupted)(gl_runtime *runtime), gl_err *err)
{
    if (gl_registry_is_builtin(runtime->registry_conf)) {
        gl_registry_expose(runtime->metrics);
        return true;
    }
    runtime->registry = gl_registry_start(runtime->registry_conf, runtime->metrics, err);
    if (runtime->registry == NULL)
        return false;
    atomic_store(&runtime->asks_registry, true);
    gl_schema_builtin_ids = runtime->registry_conf->builtin_ids;
    find_inputs(runtime);
    int64_t end = gl_mono_us() + runtime->stage_conf->start_deadline_ms * 1000, say_us = gl_mono_us() + SAY_US / 10,
            again_us = gl_mono_us() + ASK_AGAIN_US;
    bool good;
    while (!(good = find_all(runtime, err)) && err->action == GL_RETRY && gl_mono_us() < end) {
        if (gl_mono_us() > say_us) {
            gl_log_err(GL_LOG_WARN, err);
            say_us = gl_mono_us() + SAY_US;
        }
        if (gl_mono_us() > again_us) { /* somebody may have registered them */
            gl_registry_ask_again(runtime->registry);
            again_us = gl_mono_us() + ASK_AGAIN_US;
        }
        gl_registry_wait(runtime->registry, LOOK_MS);
        if (interrupted(runtime))
            return gl_fail(err, GL_RETRY, "stopping", "stopped while waiting for the schema registry");
    }
    if (!good)
        return false;
    atomic_store(&runtime->asks_registry, false);
    gl_avro_fallback_install(lookup, identify, runtime);
    watch_all(runtime);
    return true;
}

void gl_schemas_stop(gl_runtime *runtime)
{
    gl_avro_fallback_install(NULL, NULL, NULL);
    gl_registry_stop(runtime->registry);
    runtime->registry = NULL;
}

/* All records are looked at, so that what several need is asked for at once. */
bool gl_schemas_ready(const gl_runtime *runtime, const gl_record *records, size_t count, gl_err *err)
{
    bool ready = true;
    if (runtime->registry == NULL)
        return true;
    for (size_t i = 0; i < count; i++)
        if (runtime->input_schemas[records[i].input] >= 0 &&
            !gl_avro_fallback_prepare(runtime->input_schemas[records[i].input], records[i].value, err))
            ready = false;
    return ready;
}

void gl_schemas_report(gl_runtime *runtime)
{
    uint64_t dropped = gl_avro_fallback_dropped(), before = atomic_exchange(&runtime->dropped_reported, dropped);
    if (dropped > before)
        gl_series_add(runtime->series.dropped, dropped - before);
}
