/* What has to be there before the first worker runs: a slot of its own in the state directory, the topics, an intake's
 * state.
 *
 * A slot is a locked directory: the lowest free number. A restarted process gets the same one again, and with it the
 * transactional id of its predecessor, whose open transaction it thereby ends. Two processes on one state directory get
 * different slots.
 */
#include "stage/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { SLOT_LIMIT = 1000, QUESTION_MS = 5000 };

/* ---- slot ---- */

static bool make_directory(const char *path, gl_err *err)
{
    char part[768];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return gl_fail(err, GL_FATAL, "state-dir", "stage.state_dir has %zu bytes", len);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, 0750) != 0 && errno != EEXIST)
            return gl_fail(err, GL_FATAL, "state-dir", "cannot make %s: %s", part, strerror(errno));
        part[i] = kept;
    }
    return true;
}

/* 1: locked, 0: in use, -1: err. */
static int try_slot(gl_runtime *runtime, int slot, gl_err *err)
{
    char path[sizeof runtime->slot_directory + 8];
    int len = snprintf(runtime->slot_directory, sizeof runtime->slot_directory, "%s/%s/%d",
                       runtime->stage_conf->state_dir, runtime->def->name, slot);
    if (len >= (int)sizeof runtime->slot_directory) {
        gl_fail(err, GL_FATAL, "state-dir", "stage.state_dir is too long");
        return -1;
    }
    if (!make_directory(runtime->slot_directory, err))
        return -1;
    snprintf(path, sizeof path, "%s/lock", runtime->slot_directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        gl_fail(err, GL_FATAL, "state-dir", "cannot open %s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return 0;
    }
    runtime->slot = slot;
    runtime->slot_fd = fd;
    return 1;
}

/* Two state directories on one host are two installations: without the digest they would fence each other. */
static bool name_instance(gl_runtime *runtime, gl_err *err)
{
    if (runtime->stage_conf->instance[0] != '\0') {
        snprintf(runtime->instance, sizeof runtime->instance, "%s", runtime->stage_conf->instance);
        return true;
    }
    char host[65] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        return gl_fail(err, GL_FATAL, "instance", "the host has no name: set stage.instance");
    char *real = realpath(runtime->stage_conf->state_dir, NULL);
    uint64_t digest = 1469598103934665603u;
    for (const char *at = real == NULL ? "" : real; *at != '\0'; at++)
        digest = (digest ^ (unsigned char)*at) * 1099511628211u;
    free(real);
    snprintf(runtime->instance, sizeof runtime->instance, "%s-%04x", host,
             (unsigned)((digest ^ digest >> 32) & 0xffff));
    return true;
}

bool gl_start_slot(gl_runtime *runtime, gl_err *err)
{
    for (int slot = 0; slot < SLOT_LIMIT; slot++) {
        int got = try_slot(runtime, slot, err);
        if (got < 0)
            return false;
        if (got == 0)
            continue;
        snprintf(runtime->identity, sizeof runtime->identity, "%s-%d", runtime->def->name, slot);
        return name_instance(runtime, err);
    }
    return gl_fail(err, GL_FATAL, "state-dir", "%d slots of %s are in use", SLOT_LIMIT, runtime->stage_conf->state_dir);
}

/* ---- topics ---- */

/* 0: none, or not to be read. */
static int read_count(const char *path)
{
    char text[16] = "";
    uint64_t count = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fgets(text, sizeof text, file) == NULL || !gl_str_to_u64(gl_str_trim(gl_str_of(text)), 1000000, &count))
        count = 0;
    fclose(file);
    return (int)count;
}

/* The count that this state directory has worked with: topics that were altered together still differ from it. */
static bool check_recorded_count(gl_runtime *runtime, gl_err *err)
{
    char path[sizeof runtime->slot_directory + 16];
    snprintf(path, sizeof path, "%s/partitions", runtime->slot_directory);
    int recorded = read_count(path);
    if (recorded != 0 && recorded != runtime->partitions)
        return gl_fail(err, GL_FATAL, "partition-count",
                       "the topics have %d partitions, had %d before: keys would go elsewhere. Make them with %d "
                       "again, or, if they "
                       "are new and empty, delete %s",
                       runtime->partitions, recorded, recorded, runtime->slot_directory);
    FILE *file = recorded == 0 ? fopen(path, "we") : NULL;
    bool good = recorded != 0 || (file != NULL && fprintf(file, "%d\n", runtime->partitions) > 0);
    if (file != NULL && fclose(file) != 0)
        good = false;
    return good || gl_fail(err, GL_FATAL, "state-dir", "cannot write %s: %s", path, strerror(errno));
}

static gl_kafka_topic *stage_topics(const gl_runtime *runtime, size_t *count)
{
    const gl_stage_def *def = runtime->def;
    gl_kafka_topic *topics = calloc(runtime->input_count + runtime->output_count + 2, sizeof *topics);
    if (topics == NULL)
        abort();
    char dlq[128];
    snprintf(dlq, sizeof dlq, "gl.%s.dlq", def->name);
    *count = 0;
    for (size_t i = 0; i < runtime->input_count; i++)
        topics[(*count)++] = gl_kafka_topic_of(runtime->kafka_conf, def->inputs[i], false);
    for (size_t i = 0; i < runtime->output_count; i++)
        topics[(*count)++] = gl_kafka_topic_of(runtime->kafka_conf, def->outputs[i], false);
    if (def->state_topic != NULL)
        topics[(*count)++] = gl_kafka_topic_of(runtime->kafka_conf, def->state_topic, true);
    topics[(*count)++] = gl_kafka_topic_of(runtime->kafka_conf, dlq, false);
    return topics;
}

/* GL_RETRY (kafka-unknown-topic) while it is not there. */
static bool check_topic(gl_runtime *runtime, const gl_kafka_topic *wanted, gl_err *err)
{
    gl_kafka_topic found;
    bool exists;
    if (!gl_kafka_topic_describe(runtime->admin, wanted->name, &found, &exists, QUESTION_MS, err))
        return false;
    if (!exists)
        return gl_fail(err, GL_RETRY, "kafka-unknown-topic",
                       "there is no topic %s: make it with `greenlane topics create`, or set kafka.create_topics: true",
                       wanted->name);
    gl_buf lines = {0};
    bool good = gl_kafka_topic_compare(wanted, &found, &lines);
    gl_str text = gl_str_trim(gl_buf_view(&lines));
    if (text.len > 0)
        gl_log(good ? GL_LOG_WARN : GL_LOG_ERROR, "topic-mismatch", "%.*s", GL_STR_ARG(text));
    if (!good)
        gl_fail(err, GL_FATAL, "topic-mismatch", "%.*s", GL_STR_ARG(text));
    gl_buf_free(&lines);
    return good;
}

static bool prepare_topics(gl_runtime *runtime, const gl_kafka_topic *topics, size_t count, gl_err *err)
{
    size_t created = 0;
    if (!gl_kafka_reach(runtime->admin, QUESTION_MS, NULL, err))
        return false;
    if (runtime->kafka_conf->create_topics &&
        !gl_kafka_topics_create(runtime->admin, topics, count, &created, QUESTION_MS, err))
        return false;
    if (created > 0)
        gl_log(GL_LOG_INFO, "topics-created", "%zu topics were made", created);
    for (size_t i = 0; i < count; i++)
        if (!check_topic(runtime, &topics[i], err))
            return false;
    runtime->cluster = gl_kafka_cluster_id(runtime->admin, QUESTION_MS);
    return true;
}

bool gl_start_topics(gl_runtime *runtime, bool (*interrupted)(gl_runtime *runtime), gl_err *err)
{
    size_t count;
    gl_kafka_topic *topics = stage_topics(runtime, &count);
    int64_t end = gl_mono_us() + runtime->stage_conf->start_deadline_ms * 1000, say_us = 0;
    bool good;
    while (!(good = prepare_topics(runtime, topics, count, err)) && err->action == GL_RETRY && gl_mono_us() < end) {
        if (gl_mono_us() > say_us) {
            gl_log_err(GL_LOG_WARN, err);
            say_us = gl_mono_us() + 10000000;
        }
        if (interrupted(runtime)) {
            gl_fail(err, GL_RETRY, "stopping", "stopped while waiting for brokers and topics");
            break;
        }
    }
    free(topics);
    return good && check_recorded_count(runtime, err);
}

/* ---- an intake's state ---- */

bool gl_start_shared_state(gl_runtime *runtime, gl_err *err)
{
    if (runtime->def->poll == NULL || runtime->def->state_topic == NULL)
        return true;
    if (runtime->stage_conf->workers != 1)
        return gl_fail(err, GL_FATAL, "conf-value",
                       "stage.workers: %s keeps state that its workers would share: run more processes instead",
                       runtime->def->name);
    runtime->shared_store = gl_restore_open(runtime, 0, err);
    if (runtime->shared_store == NULL)
        return false;
    gl_restore restore = {.partition = 0, .store = runtime->shared_store};
    return gl_restore_run(runtime, runtime->identity, &restore, 1, 0, NULL, err);
}
