/* greenlane schema: the Avro schemas that values are written with. */
#include <stdio.h>
#include <string.h>

#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/registry.h"
#include "gen/topics.h"

/* By topic (the first of its records) or by record; `*more`: how many other records the topic has. */
static const gl_topic_schema *find(const char *name, size_t *more)
{
    const gl_topic_schema *found = gl_topic_schema_find(name);
    *more = 0;
    for (size_t i = 0; i < gl_topic_schema_count; i++) {
        const gl_topic_schema *other = &gl_topic_schemas[i];
        if (found == NULL && strcmp(other->record, name) == 0)
            return other;
        *more += found != NULL && other != found && strcmp(other->topic, found->topic) == 0;
    }
    return found;
}

/* ---- show ID ---- */

static const gl_registry_conf *registry_of(const gl_conf *conf)
{
    return gl_conf_section(conf, "registry");
}

static int show_registered(const gl_conf *conf, uint32_t id)
{
    gl_err err = {0};
    gl_buf json = {0};
    if (gl_registry_is_builtin(registry_of(conf)))
        return gl_complain(GL_EXIT_REFUSED, "%u is no built-in id, and no registry is configured (SCHEMA_REGISTRY_URL)",
                           (unsigned)id);
    gl_registry_client *client = gl_registry_client_new(registry_of(conf), &err);
    bool good = client != NULL && gl_registry_get(client, id, &json, &err);
    if (good)
        printf("%.*s\n", GL_STR_ARG(gl_buf_view(&json)));
    gl_registry_client_destroy(client);
    gl_buf_free(&json);
    if (good)
        return GL_EXIT_OK;
    return gl_complain_err(err.action == GL_DEAD_LETTER ? GL_EXIT_REFUSED : GL_EXIT_UNAVAILABLE, &err);
}

static int show(const gl_conf *conf, const char *text)
{
    uint64_t id = 0;
    if (!gl_str_to_u64(gl_str_of(text), UINT32_MAX, &id))
        return gl_complain(GL_EXIT_USAGE, "\"%s\" is no schema id", text);
    const char *json = gl_topic_schema_json_of((uint32_t)id);
    if (json == NULL)
        return show_registered(conf, (uint32_t)id);
    puts(json);
    return GL_EXIT_OK;
}

/* ---- the command ---- */

static void print_list(void)
{
    for (size_t i = 0; i < gl_topic_schema_count; i++) {
        const gl_topic_schema *schema = &gl_topic_schemas[i];
        printf("%-28s %-22s id %u", schema->topic, schema->record, schema->schema_id);
        for (const uint32_t *earlier = schema->earlier; *earlier != 0; earlier++)
            printf(", earlier %u", *earlier);
        puts(schema->compacted ? ", compacted" : "");
    }
}

static int print_one(const char *name, bool json)
{
    size_t more = 0;
    const gl_topic_schema *schema = find(name, &more);
    if (more > 0)
        gl_complain(0, "%s has %zu more kind%s of values, told apart by the schema id: give the record's name", name,
                    more, more == 1 ? "" : "s");
    if (schema == NULL)
        return gl_complain(GL_EXIT_USAGE, "no topic or record \"%s\"; greenlane schema lists them", name);
    if (json)
        printf("{\"topic\":\"%s\",\"record\":\"%s\",\"schema_id\":%u,\"schema\":%s}\n", schema->topic, schema->record,
               schema->schema_id, schema->json);
    else
        puts(schema->json);
    return GL_EXIT_OK;
}

static int with_registry(const char *config, int count, char **argv, const gl_schema_request *request)
{
    const char *stage = NULL;
    gl_err err = {0};
    int code;
    gl_conf *conf = gl_cluster_conf(config, &stage, &err); /* Kafka is not asked: its credentials may be missing */
    if (conf == NULL)
        return gl_complain_err(GL_EXIT_USAGE, &err);
    if (strcmp(argv[1], "show") == 0)
        code = count == 2 ? show(conf, argv[2]) : gl_complain(GL_EXIT_USAGE, "schema show takes one schema id");
    else
        code = count == 1 ? gl_schema_register(registry_of(conf), request)
                          : gl_complain(GL_EXIT_USAGE, "schema %s takes no arguments", argv[1]);
    gl_conf_destroy(conf);
    return code;
}

static int run_schema(int argc, char **argv)
{
    bool json = false;
    const char *config = "", *level = "";
    gl_option_list sections = {.count = 0};
    const gl_option options[] = {
        {"json", GL_OPTION_FLAG, &json,
         "With the topic, record name and schema id around it; check and register: a JSON object a line."},
        {"config", GL_OPTION_TEXT, &config, "A daemon's configuration, for its registry section."},
        {"section", GL_OPTION_LIST, &sections,
         "check, register: NAME=FILE, another version of a section (declaration=FILE.avsc) in every topic that has "
         "it."},
        {"compatibility", GL_OPTION_TEXT, &level,
         "register: what the registry is to allow for these subjects from now on, for example BACKWARD."}};
    int count = gl_options_parse(&gl_command_schema, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count == 0) {
        print_list();
        return GL_EXIT_OK;
    }
    bool registers = strcmp(argv[1], "register") == 0;
    const gl_schema_request request = {registers, json, level, sections.at, sections.count};
    if (registers || strcmp(argv[1], "check") == 0 || strcmp(argv[1], "show") == 0)
        return with_registry(config, count, argv, &request);
    if (count > 1)
        return gl_complain(GL_EXIT_USAGE, "schema of what? Give one topic or record");
    return print_one(argv[1], json);
}

const gl_command gl_command_schema = {
    "schema", "print the Avro schemas, check and register them", "[TOPIC | RECORD | show ID | check | register]",
    "Prints the full schema of a topic's values, or the list of topics; `show` that of an id, also of an earlier "
    "version "
    "or of the registry. A value is\n"
    "Confluent's header (a zero byte and a 4-byte big-endian schema id) and the Avro body, so any Avro client can read "
    "it.\n\n"
    "`check` asks the registry whether the schemas of this version may follow those it has, `register` puts them there "
    "(all or none): before\n"
    "a new version's daemons start. The registry is SCHEMA_REGISTRY_URL's, or that of --config.\n\n"
    "  greenlane schema gl.decisions > decisions.avsc\n  greenlane schema show 1006\n  greenlane schema register "
    "--compatibility BACKWARD\n"
    "  greenlane schema register --section declaration=declaration-with-our-field.avsc",
    run_schema};
