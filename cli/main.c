/* greenlane: the table of commands, and how one is found. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/yaml.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/registry.h"

static const gl_command *const commands[] = {
    &gl_command_submit,      &gl_command_status, &gl_command_decisions, &gl_command_replay,    &gl_command_original,
    &gl_command_classify,    &gl_command_topics, &gl_command_schema,    &gl_command_doctor,    &gl_command_generate,
    &gl_command_docs,        &gl_command_dlq,    &gl_command_event,     &gl_command_reconcile, &gl_command_top,
    &gl_command_key,         &gl_command_detect, &gl_command_mapping,   &gl_command_convert,   &gl_command_precedents,
    &gl_command_calibration,
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_commands(FILE *out)
{
    fputs("usage: greenlane COMMAND [OPTIONS] [ARGUMENTS]\n\n"
          "Clears customs declarations: submits them, shows what was decided and why, and looks after the "
          "stages.\n\ncommands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\ngreenlane COMMAND --help tells more, with examples.\n\n"
        "KAFKA_BROKERS, REDIS_URL and INGEST_URL say where the services are: `./dev up` starts them and writes these\n"
        "to run/env, so `. run/env` sets them. Credentials: INGEST_API_KEY, or INGEST_CERTIFICATE and INGEST_KEY, "
        "with\n"
        "INGEST_CA; KAFKA_SECURITY, _USERNAME, _PASSWORD, _CA, _CERTIFICATE, _KEY; REDIS_USERNAME, _PASSWORD, _CA.\n\n"
        "exit codes: 0 done; 1 done, but something was refused or differs; 2 wrong usage; 3 a service or file is\n"
        "unavailable\n",
        out);
}

/* A result that could not be written is none; a reader that has seen enough (a closed pipe) is no failure. */
static int finish(int code)
{
    errno = 0;
    bool bad = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (bad && errno != EPIPE && errno != 0 && code == GL_EXIT_OK)
        return gl_complain(GL_EXIT_UNAVAILABLE, "cannot write the output: %s", strerror(errno));
    return code;
}

/* Commands say themselves what went wrong; the libraries' log lines are for GREENLANE_LOG=debug, info, warn or error.
 */
static void init_log(void)
{
    gl_log_level least;
    if (!gl_log_level_parse(gl_env("GREENLANE_LOG", ""), &least))
        least = (gl_log_level)(GL_LOG_ERROR + 1);
    gl_log_init("cli", least);
}

static int run(const gl_command *command, int argc, char **argv)
{
    gl_err err = {0};
    if (!gl_cli_registry_install(&err))
        return gl_complain_err(GL_EXIT_USAGE, &err);
    return finish(command->run(argc, argv));
}

int main(int argc, char **argv)
{
    static char help[] = "--help";
    signal(SIGPIPE, SIG_IGN);
    init_log();
    gl_client_init();
    if (argc == 3 && strcmp(argv[1], "help") == 0) { /* help COMMAND: COMMAND --help */
        argv[1] = argv[2];
        argv[2] = help;
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(argc < 2 ? stderr : stdout);
        return argc < 2 ? GL_EXIT_USAGE : GL_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("greenlane " GL_VERSION);
        return GL_EXIT_OK;
    }
    const char *names[COMMAND_COUNT + 1];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0)
            return run(commands[i], argc - 1, argv + 1);
        names[i] = commands[i]->name;
    }
    names[COMMAND_COUNT] = NULL;
    const char *near = gl_nearest_name(gl_str_of(argv[1]), names);
    return gl_complain(GL_EXIT_USAGE, "no command \"%s\"%s%s; greenlane --help lists them", argv[1],
                       near == NULL ? "" : "; did you mean ", near == NULL ? "" : near);
}
