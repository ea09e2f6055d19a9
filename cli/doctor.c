/* greenlane doctor: looks at everything that a working installation needs, and says what to do. */
#include <stdio.h>

#include "classify/model.h"
#include "cli/client.h"
#include "cli/cluster.h"
#include "cli/command.h"
#include "io/kv.h"
#include "io/registry.h"
#include "risk/scorer.h"

typedef struct doctor {
    bool json;
    int checks, failures;
} doctor;

static void verdict(doctor *d, bool good, const char *what, const char *found, const char *cure)
{
    d->checks++;
    d->failures += !good;
    if (d->json) {
        gl_buf line = {0};
        gl_buf_text(&line, "{\"check\":");
        gl_buf_json(&line, gl_str_of(what));
        gl_buf_printf(&line, ",\"good\":%s,\"found\":", good ? "true" : "false");
        gl_buf_json(&line, gl_str_of(found));
        gl_buf_text(&line, ",\"cure\":");
        gl_buf_json(&line, gl_str_of(good ? "" : cure));
        gl_buf_text(&line, "}\n");
        fwrite(line.data, 1, line.len, stdout);
        gl_buf_free(&line);
        return;
    }
    printf("%-5s %-28s %s\n", good ? "good" : "BAD", what, found);
    if (!good)
        printf("      %-28s -> %s\n", "", cure);
}

static void check_topics(doctor *d, gl_cluster *cluster)
{
    for (size_t i = 0; i < cluster->topic_count; i++) {
        const gl_kafka_topic *wanted = &cluster->topics[i];
        gl_kafka_topic found;
        bool exists = false;
        gl_err err = {0};
        if (!gl_kafka_topic_describe(cluster->admin, wanted->name, &found, &exists, GL_CLUSTER_TIMEOUT_MS, &err)) {
            verdict(d, false, wanted->name, err.message, "see that this client may describe topics");
            continue;
        }
        if (!exists) {
            verdict(d, false, wanted->name, "missing", "greenlane topics create");
            continue;
        }
        gl_buf differences = {0};
        gl_kafka_topic_compare(wanted, &found, &differences);
        char summary[160];
        snprintf(summary, sizeof summary, "%d partition%s, %d replica%s, min.insync %lld, %s, messages to %lld bytes",
                 found.partitions, found.partitions == 1 ? "" : "s", found.replication,
                 found.replication == 1 ? "" : "s", (long long)found.min_insync,
                 found.compacted ? "compacted" : "retained", (long long)found.message_limit_bytes);
        bool good = differences.len == 0;
        gl_buf_byte(&differences, '\0');
        verdict(d, good, wanted->name, summary, (const char *)differences.data);
        gl_buf_free(&differences);
    }
}

static void check_kafka(doctor *d, gl_cluster *cluster)
{
    int brokers = 0;
    gl_err err = {0};
    char text[80];
    if (!gl_kafka_reach(cluster->admin, GL_CLUSTER_TIMEOUT_MS, &brokers, &err)) {
        verdict(d, false, "Kafka", err.message, "start the brokers, or set KAFKA_BROKERS to where they are");
        return;
    }
    snprintf(text, sizeof text, "%d broker%s at %.50s", brokers, brokers == 1 ? "" : "s", cluster->kafka->brokers);
    verdict(d, true, "Kafka", text, "");
    check_topics(d, cluster);
}

static void check_redis(doctor *d, const gl_conf *conf, const char *url)
{
    gl_kv_conf kv_conf = *(const gl_kv_conf *)gl_conf_section(conf, "redis");
    if (url[0] != '\0')
        kv_conf.url = url;
    gl_kv *kv = gl_kv_new(&kv_conf, NULL);
    gl_err err = {0};
    bool good = gl_kv_ping(kv, &err);
    verdict(d, good, "Redis", good ? "answers" : err.message,
            "start it, or set REDIS_URL; until then decisions go on and status answers 503");
    gl_kv_destroy(kv);
}

/* How many of this program's schemas it does not have. Errors: as gl_registry_find. */
static bool count_unregistered(const gl_registry_conf *conf, size_t *missing, gl_err *err)
{
    char subject[GL_REGISTRY_SUBJECT_BYTES];
    gl_registry_client *client = gl_registry_client_new(conf, err);
    bool good = client != NULL;
    *missing = 0;
    for (size_t i = 0; good && i < gl_topic_schema_count; i++) {
        const gl_topic_schema *schema = &gl_topic_schemas[i];
        uint32_t id = 0;
        good = gl_registry_find(client, gl_registry_subject(schema, subject), (gl_str){schema->json, schema->json_len},
                                &id, err);
        if (!good && err->action == GL_DEAD_LETTER) {
            good = true;
            ++*missing;
        }
    }
    gl_registry_client_destroy(client);
    return good;
}

static void check_registry(doctor *d, const gl_conf *conf)
{
    const gl_registry_conf *registry = gl_conf_section(conf, "registry");
    static const char what[] = "schema registry";
    size_t missing = 0;
    gl_err err = {0};
    char text[160];
    if (gl_registry_is_builtin(registry)) {
        verdict(d, true, what, "none: schema ids are built in", "");
    } else if (!count_unregistered(registry, &missing, &err)) {
        verdict(d, false, what, err.message,
                err.action == GL_FATAL ? "see SCHEMA_REGISTRY_URL, its certificate and credentials"
                                       : "start it; until then daemons go on with the schemas that they know");
    } else {
        snprintf(text, sizeof text, "%zu of %zu schemas are registered at %.80s", gl_topic_schema_count - missing,
                 gl_topic_schema_count, registry->url);
        verdict(d, missing == 0, what, text, "greenlane schema register");
    }
}

static void check_ingest(doctor *d, const char *url)
{
    int status = 0;
    gl_buf reply = {0};
    gl_err err = {0};
    gl_client *client = gl_client_new(url, "");
    bool good = gl_client_call(client, "/v1/declarations/none", NULL, (gl_str){NULL, 0}, 0, &status, &reply, &err) &&
                status == 400;
    gl_client_destroy(client);
    char text[80];
    bool refused = status == 401 || status == 403;
    snprintf(text, sizeof text, "%.60s answers", url);
    verdict(d, good, "ingest",
            good               ? text
            : err.code != NULL ? err.message
            : refused          ? "does not know who asks"
                               : "answers strangely",
            refused ? "set INGEST_API_KEY, or INGEST_CERTIFICATE and INGEST_KEY"
                    : "start greenlane-ingest, or set INGEST_URL (and INGEST_CA for https)");
    gl_buf_free(&reply);
}

static void check_models(doctor *d, const char *directory)
{
    char path[4096];
    gl_err err = {0};
    snprintf(path, sizeof path, "%s/classify/hs6.glm", directory);
    gl_hs_model *model = gl_hs_model_open(path, &err);
    verdict(d, model != NULL, "model: classify", model != NULL ? gl_hs_model_version(model) : err.message,
            "restore models/classify from the release");
    gl_hs_model_destroy(model);
    snprintf(path, sizeof path, "%s/risk", directory);
    err = (gl_err){0};
    gl_scorer *scorer = gl_scorer_load(path, &err);
    verdict(d, scorer != NULL, "model: risk", scorer != NULL ? gl_scorer_version(scorer) : err.message,
            "restore models/risk from the release");
    gl_scorer_destroy(scorer);
}

static int run_doctor(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", ""), *redis = gl_env("REDIS_URL", ""),
               *url = gl_env("INGEST_URL", "http://127.0.0.1:8080"), *config = "",
               *models = gl_env("GREENLANE_MODELS", "models");
    doctor d = {0};
    int64_t partitions = 0;
    const gl_option options[] = {
        {"config", GL_OPTION_TEXT, &config,
         "A daemon's configuration: what the topics should be (default: the built-in values)."},
        {"partitions", GL_OPTION_INT, &partitions, "Partitions that the topics should have."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka (default $KAFKA_BROKERS)."},
        {"redis", GL_OPTION_TEXT, &redis, "Redis (default $REDIS_URL)."},
        {"url", GL_OPTION_TEXT, &url, "Where ingest listens (default $INGEST_URL)."},
        {"models", GL_OPTION_TEXT, &models, "Directory of the models (default $GREENLANE_MODELS or models)."},
        {"json", GL_OPTION_FLAG, &d.json, "One JSON object a check."},
    };
    int count = gl_options_parse(&gl_command_doctor, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count > 0)
        return gl_complain(GL_EXIT_USAGE, "doctor takes options only; \"%s\" is none", argv[1]);
    gl_cluster cluster;
    gl_err err = {0};
    if (!gl_cluster_open(&cluster, config, brokers, partitions, 0, &err)) {
        gl_complain_err(0, &err);
        gl_cluster_close(&cluster);
        return GL_EXIT_UNAVAILABLE;
    }
    check_kafka(&d, &cluster);
    check_redis(&d, cluster.conf, redis);
    check_registry(&d, cluster.conf);
    check_ingest(&d, url);
    check_models(&d, models);
    gl_cluster_close(&cluster);
    if (!d.json)
        printf(d.failures == 0 ? "\n%d checks, all good\n" : "\n%d checks, %d bad\n", d.checks, d.failures);
    return d.failures == 0 ? GL_EXIT_OK : GL_EXIT_REFUSED;
}

const gl_command gl_command_doctor = {"doctor", "check the installation and say what to do", "[--config FILE]",
                                      "Checks brokers, topics (partitions, replicas, min.insync, cleanup policy, "
                                      "message size), Redis, the schema registry, ingest and the\n"
                                      "models, and says for each thing that is wrong what to do about it. "
                                      "Exit code 1: something is wrong.",
                                      run_doctor};
