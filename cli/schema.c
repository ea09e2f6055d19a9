/* greenlane schema: the Avro schema that a topic's values are written with. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
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

static int run_schema(int argc, char **argv)
{
    bool json = false;
    const gl_option options[] = {
        {"json", GL_OPTION_FLAG, &json, "With the topic, record name and schema id around it."}};
    int count = gl_options_parse(&gl_command_schema, options, 1, argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count > 1)
        return gl_complain(GL_EXIT_USAGE, "schema of what? Give one topic or record");
    if (count == 0) {
        for (size_t i = 0; i < gl_topic_schema_count; i++)
            printf("%-28s %-22s id %u%s\n", gl_topic_schemas[i].topic, gl_topic_schemas[i].record,
                   gl_topic_schemas[i].schema_id, gl_topic_schemas[i].compacted ? ", compacted" : "");
        return GL_EXIT_OK;
    }
    size_t more = 0;
    const gl_topic_schema *schema = find(argv[1], &more);
    if (more > 0)
        gl_complain(0, "%s has %zu more kind%s of values, told apart by the schema id: give the record's name", argv[1],
                    more, more == 1 ? "" : "s");
    if (schema == NULL)
        return gl_complain(GL_EXIT_USAGE, "no topic or record \"%s\"; greenlane schema lists them", argv[1]);
    if (json)
        printf("{\"topic\":\"%s\",\"record\":\"%s\",\"schema_id\":%u,\"schema\":%s}\n", schema->topic, schema->record,
               schema->schema_id, schema->json);
    else
        puts(schema->json);
    return GL_EXIT_OK;
}

const gl_command gl_command_schema = {"schema", "print a topic's Avro schema", "[TOPIC | RECORD]",
                                      "Prints the full schema of a topic's values, or the list of topics. A value is "
                                      "Confluent's header (a zero byte and a 4-byte\n"
                                      "big-endian schema id) and the Avro body, so any Avro client can read it.\n\n  "
                                      "greenlane schema gl.decisions > decisions.avsc",
                                      run_schema};
