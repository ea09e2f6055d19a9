/* greenlane schema: the Avro schema that a topic's values are written with. */
#include <stdio.h>

#include "cli/command.h"
#include "gen/topics.h"

static int run_schema(int argc, char **argv)
{
    bool json = false;
    const gl_option options[] = {
        {"json", GL_OPTION_FLAG, &json, "With the topic, record name and schema id around it."}};
    int count = gl_options_parse(&gl_command_schema, options, 1, argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count > 1)
        return gl_complain(GL_EXIT_USAGE, "schema of what? Give one topic");
    if (count == 0) {
        for (size_t i = 0; i < gl_topic_schema_count; i++)
            printf("%-28s %-22s id %u%s\n", gl_topic_schemas[i].topic, gl_topic_schemas[i].record,
                   gl_topic_schemas[i].schema_id, gl_topic_schemas[i].compacted ? ", compacted" : "");
        return GL_EXIT_OK;
    }
    const gl_topic_schema *schema = gl_topic_schema_find(argv[1]);
    if (schema == NULL)
        return gl_complain(GL_EXIT_USAGE, "no topic \"%s\"; greenlane schema lists them", argv[1]);
    if (json)
        printf("{\"topic\":\"%s\",\"record\":\"%s\",\"schema_id\":%u,\"schema\":%s}\n", schema->topic, schema->record,
               schema->schema_id, schema->json);
    else
        puts(schema->json);
    return GL_EXIT_OK;
}

const gl_command gl_command_schema = {"schema", "print a topic's Avro schema", "[TOPIC]",
                                      "Prints the full schema of a topic's values, or the list of topics. A value is "
                                      "Confluent's header (a zero byte and a 4-byte\n"
                                      "big-endian schema id) and the Avro body, so any Avro client can read it.\n\n  "
                                      "greenlane schema gl.decisions > decisions.avsc",
                                      run_schema};
